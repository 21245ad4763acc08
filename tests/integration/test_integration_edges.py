"""Where a rule of the integration begins and ends: its functions and tables, without Home Assistant or a PBX.

What the rules do together is tested on the simulated PBX; these tests hold each side of every condition, quickly.
"""

import asyncio
import dataclasses
from datetime import UTC, datetime
from functools import partial
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
import voluptuous as vol
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError, ServiceValidationError

from custom_components.pbx import aiopbx, services
from custom_components.pbx.action_targets import able_lines, find_calls, find_lines, find_targets
from custom_components.pbx.aiopbx import (
    AcdCall,
    Action,
    CallChanged,
    CallEnded,
    CallerId,
    CallerIdChoice,
    CallEvent,
    CallSnapshot,
    CallStarted,
    CallState,
    Condition,
    Counters,
    Device,
    DeviceState,
    Direction,
    Feature,
    Forward,
    LineSnapshot,
    LineState,
    Outcome,
    Party,
    Routing,
    Skill,
    Target,
)
from custom_components.pbx.binary_sensor import LINE_BINARY_SENSORS
from custom_components.pbx.button import BUTTONS
from custom_components.pbx.call_actions import call_centre
from custom_components.pbx.calls import (
    call_offering,
    calls_by_engagement,
    describe_call,
    find_call,
    find_target,
    label_of,
    shows_calls,
)
from custom_components.pbx.client import _reach, chosen_lines, dialling
from custom_components.pbx.coordinator import KINDS, PbxCoordinator
from custom_components.pbx.entity import ROUTING
from custom_components.pbx.errors import error_key, invalid, pbx_errors, translated
from custom_components.pbx.event import CALL, ENDS, PbxCallEvent, event_type_of
from custom_components.pbx.forward import CONDITIONS, TARGETS, ForwardDraft
from custom_components.pbx.select import CALLER_ID_CHOICE, FORWARD_SELECTS, PbxCallerIdChoice, PbxForwardSelect
from custom_components.pbx.sensor import LINE_SENSORS, PBX_SENSORS
from custom_components.pbx.switch import SWITCHES, PbxSwitch
from custom_components.pbx.text import CALLER_ID_NUMBER, FORWARD_NUMBER, PbxCallerIdNumber
from custom_components.pbx.trigger import TRIGGERS
from custom_components.pbx.watcher import _KINDS
from tests.integration.helpers import WORDS

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOB = Party(number="1001", name="Bob Keller")
CAROL = Party(number="1002", name="Carol Diaz")


def call(state: CallState = CallState.ACTIVE, ref: str = "1", **fields: Any) -> CallSnapshot:
    """Return a call of the line 1000."""
    return CallSnapshot(**{"id": f"call-{ref}", "ref": ref, "line": "1000", "state": state, **fields})


def line(*calls: CallSnapshot, **fields: Any) -> LineSnapshot:
    """Return a line that shows its calls."""
    features = frozenset({Feature.CALL_EVENTS})
    return LineSnapshot(
        **{"id": "alice", "number": "1000", "name": "Alice", "features": features, **fields}, calls=calls
    )


def handle(snapshot: LineSnapshot) -> Any:
    """Return what stands for the client's handle of a line: it has the newest snapshot, and handles of its calls."""
    return SimpleNamespace(snapshot=snapshot, calls=snapshot.calls)


# -------------------------------------------------------------------------------------------------------------- calls


@pytest.mark.parametrize(("one", "other"), permutations(CallState, 2))
def test_the_call_that_speaks_for_a_line_is_the_one_that_its_state_shows(one: CallState, other: CallState) -> None:
    snapshot = line(call(one, "1"), call(other, "2"))
    first, second = calls_by_engagement(snapshot)
    assert {first.state, second.state} == {one, other}
    shown = CallState.UNKNOWN if snapshot.state is LineState.BUSY else CallState(snapshot.state.value)
    assert first.state is shown


def test_the_call_that_offers_an_action() -> None:
    ringing = call(CallState.RINGING_INCOMING, "1", actions=frozenset({Action.ANSWER, Action.END}))
    active = call(CallState.ACTIVE, "2", actions=frozenset({Action.HANG_UP}))
    snapshot = line(ringing, active)
    assert call_offering(snapshot, Action.ANSWER) is ringing
    assert call_offering(snapshot, Action.HANG_UP) is active
    assert call_offering(snapshot, Action.HANG_UP, Action.END) is active, "the busiest first"
    assert call_offering(line(ringing), Action.HANG_UP, Action.END) is ringing, "any of them will do"
    assert call_offering(snapshot, Action.HOLD) is None
    assert call_offering(line(), Action.ANSWER) is None
    assert find_call(handle(snapshot), Action.ANSWER) is ringing
    assert find_call(handle(snapshot), Action.HANG_UP) is active


@pytest.mark.parametrize(
    ("snapshot", "key", "placeholders"),
    [
        (line(), "no_call", {"line": "Alice"}),
        (line(call()), "no_call_offers", {"line": "Alice", "action": "hold", "offered": "-"}),
        (
            line(
                call(actions=frozenset({Action.RETRIEVE, Action.END})),
                call(ref="2", actions=frozenset({Action.END, Action.ANSWER})),
                name="",
            ),
            "no_call_offers",
            {"line": "1000", "action": "hold", "offered": "answer, end, retrieve"},
        ),
    ],
    ids=["no call", "nothing offered", "other things offered"],
)
def test_an_action_that_no_call_offers(snapshot: LineSnapshot, key: str, placeholders: dict[str, str]) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        find_call(handle(snapshot), Action.HOLD)
    assert refused.value.translation_key == key
    assert refused.value.translation_placeholders == placeholders


def test_the_line_itself_answers_where_its_licence_shows_no_calls() -> None:
    seeing, blind = handle(line(call(actions=frozenset({Action.ANSWER})))), handle(line(features=frozenset()))
    assert shows_calls(seeing.snapshot)
    assert not shows_calls(blind.snapshot)
    assert find_target(seeing, Action.ANSWER) is seeing.calls[0]
    assert find_target(blind, Action.ANSWER) is blind


def test_a_line_is_called_by_the_best_that_is_known() -> None:
    assert label_of(line()) == "Alice"
    assert label_of(line(name="")) == "1000"
    assert label_of(line(name="", number="")) == "alice"


def test_what_is_shown_of_a_call() -> None:
    whole = call(
        direction=Direction.INCOMING,
        parties=(BOB, CAROL),
        called=Party(number="1000"),
        started_at=NOW,
        answered_at=NOW.replace(minute=5),
        actions=frozenset({Action.HOLD, Action.END}),
    )
    assert describe_call(whole) == {
        "call_id": "call-1",
        "call_state": "active",
        "direction": "incoming",
        "party_name": "Bob Keller",
        "party_number": "1001",
        "party_uri": "tel:1001",
        "called_number": "1000",
        "conference": True,
        "started_at": "2026-01-02T03:04:05+00:00",
        "answered_at": "2026-01-02T03:05:05+00:00",
        "actions": ["end", "hold"],
    }
    assert describe_call(call(CallState.RELEASING)) == {
        "call_id": "call-1",
        "call_state": "releasing",
        "direction": "unknown",
        "party_name": None,
        "party_number": None,
        "party_uri": None,
        "called_number": None,
        "conference": False,
        "started_at": None,
        "answered_at": None,
        "actions": [],
    }


# ------------------------------------------------------------------------------------------------------------- events


def started(**fields: Any) -> CallEvent:
    return CallStarted(at=NOW, line="alice", call=call(**fields))


def changed(before: CallSnapshot, after: CallSnapshot) -> CallEvent:
    return CallChanged(at=NOW, line="alice", call=after, previous=before)


def ended(**fields: Any) -> CallEvent:
    return CallEnded(at=NOW, line="alice", call=call(CallState.UNKNOWN, **fields))


ENTERED = {
    CallState.DIALING: "dialing",
    CallState.RINGING_OUTGOING: "ringing_there",
    CallState.RINGING_INCOMING: "ringing",
    CallState.ACTIVE: "answered",
    CallState.HELD: "held",
    CallState.RELEASING: None,
    CallState.UNKNOWN: None,
}


@pytest.mark.parametrize("state", CallState)
def test_the_event_of_a_state(state: CallState) -> None:
    assert event_type_of(started(state=state)) == ENTERED[state]
    other = CallState.DIALING if state is not CallState.DIALING else CallState.HELD
    assert event_type_of(changed(call(other), call(state))) == ENTERED[state]


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_the_event_of_an_end(outcome: Outcome | None) -> None:
    expected = outcome.value if outcome not in (Outcome.ANSWERED, Outcome.UNKNOWN, None) else "ended"
    assert event_type_of(ended(outcome=outcome)) == expected
    assert expected in ENDS
    assert ENDS.count(expected) == 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (call(CallState.HELD, answered=True), call(answered=True), "retrieved"),
        (call(CallState.HELD), call(answered=True), "answered"),
        (call(answered=True), call(CallState.HELD, answered=True), "held"),
        (call(parties=(BOB,)), call(parties=(CAROL,)), "party_changed"),
        (call(parties=(BOB,)), call(parties=(BOB, CAROL)), "party_changed"),
        (call(parties=(BOB,)), call(parties=(Party(number="1001", name="Robert"),)), "party_changed"),
        (call(parties=(BOB,)), call(parties=(Party(number="1009", name="Bob Keller"),)), "party_changed"),
        (call(parties=(BOB,)), call(parties=()), "party_changed"),
        (call(parties=()), call(parties=(BOB,)), None),
        (call(parties=(BOB, CAROL)), call(parties=(CAROL, BOB)), None),
        (call(parties=(BOB,)), call(parties=(Party(number="1001", name="Bob Keller", login="bob"),)), None),
        (call(parties=(BOB,)), call(parties=(BOB,), actions=frozenset({Action.HOLD})), None),
        (call(CallState.HELD, parties=(BOB,), answered=True), call(parties=(CAROL,), answered=True), "retrieved"),
    ],
)
def test_the_event_of_a_change(before: CallSnapshot, after: CallSnapshot, expected: str | None) -> None:
    assert event_type_of(changed(before, after)) == expected


def test_every_event_has_a_type_and_every_trigger_its_events() -> None:
    ends = {outcome.value for outcome in Outcome} - {"answered", "unknown"} | {"ended"}
    assert set(ENDS) == ends
    assert CALL.event_types is not None
    assert sorted(CALL.event_types) == sorted(
        {"dialing", "ringing_there", "ringing", "answered", "held", "retrieved", "party_changed"} | ends
    )
    kinds = {name: {kind for kind, _ in _KINDS[name]} for name in _KINDS}
    assert kinds == {
        "ringing": {"incoming_call"},
        "dialing": {"outgoing_call"},
        "ringing_there": {"outgoing_call"},
        "answered": {"call_answered"},
        **{end: {"call_ended", "call_missed"} if end == "missed" else {"call_ended"} for end in ends},
    }
    assert set().union(*kinds.values()) < set(TRIGGERS)


# ------------------------------------------------------------------------------------------------------------ forward


@pytest.mark.parametrize(
    ("draft", "args", "fields"),
    [
        (ForwardDraft(number="1002"), ("1002",), {"condition": Condition.IMMEDIATE}),
        (ForwardDraft(number="1002", condition=Condition.BUSY), ("1002",), {"condition": Condition.BUSY}),
        (
            ForwardDraft(number="1002", target=Target.VOICEMAIL, condition=Condition.NO_ANSWER),
            (),
            {"target": Target.VOICEMAIL, "condition": Condition.NO_ANSWER},
        ),
    ],
)
def test_a_draft_is_sent(draft: ForwardDraft, args: tuple[str, ...], fields: dict[str, Any]) -> None:
    target = SimpleNamespace(set_forward=AsyncMock())
    asyncio.run(draft.send(target))  # type: ignore[arg-type]
    target.set_forward.assert_awaited_once_with(*args, **fields)


def test_a_draft_without_a_number_sends_nothing() -> None:
    target = SimpleNamespace(set_forward=AsyncMock())
    with pytest.raises(ServiceValidationError) as missing:
        asyncio.run(ForwardDraft().send(target))  # type: ignore[arg-type]
    assert missing.value.translation_key == "forward_number_missing"
    target.set_forward.assert_not_awaited()


DRAFT = ForwardDraft(condition=Condition.BUSY, target=Target.VOICEMAIL, number="1002")


@pytest.mark.parametrize(
    ("forward", "draft"),
    [
        (
            Forward(condition=Condition.NO_ANSWER, target=Target.NUMBER, number="1003"),
            ForwardDraft(condition=Condition.NO_ANSWER, target=Target.NUMBER, number="1003"),
        ),
        (Forward(condition=Condition.UNKNOWN, target=Target.UNKNOWN), DRAFT),
        (Forward(condition=Condition.UNKNOWN, target=Target.ASSOCIATE, number="1003"), DRAFT),
        (Forward(condition=Condition.UNKNOWN, target=Target.VOICEMAIL, number="1003"), DRAFT),
        (Forward(condition=Condition.UNKNOWN, target=Target.NUMBER), dataclasses.replace(DRAFT, target=Target.NUMBER)),
        (
            Forward(condition=Condition.IMMEDIATE, target=Target.VOICEMAIL),
            dataclasses.replace(DRAFT, condition=Condition.IMMEDIATE),
        ),
    ],
)
def test_a_draft_follows_what_the_pbx_reports(forward: Forward, draft: ForwardDraft) -> None:
    assert DRAFT.following(forward) == draft


def test_what_a_forward_can_be() -> None:
    assert CONDITIONS == ["immediate", "busy", "no_answer", "busy_no_answer"]
    assert TARGETS == ["number", "voicemail"]
    assert ForwardDraft() == ForwardDraft(condition=Condition.IMMEDIATE, target=Target.NUMBER, number="")
    condition, target = FORWARD_SELECTS
    assert (condition.options, target.options) == (CONDITIONS, TARGETS)
    assert (condition.current(DRAFT), target.current(DRAFT)) == ("busy", "voicemail")
    assert condition.changed(DRAFT, "immediate") == dataclasses.replace(DRAFT, condition=Condition.IMMEDIATE)
    assert target.changed(DRAFT, "number") == dataclasses.replace(DRAFT, target=Target.NUMBER)


@pytest.mark.parametrize(
    ("state", "forwarded", "draft"),
    [
        ("busy", False, dataclasses.replace(ForwardDraft(), condition=Condition.BUSY)),
        ("busy", True, ForwardDraft()),
        ("whenever", False, ForwardDraft()),
        (None, False, ForwardDraft()),
    ],
    ids=["as before the restart", "forwarded meanwhile", "no such option", "never chosen"],
)
async def test_what_was_chosen_is_restored(state: str | None, forwarded: bool, draft: ForwardDraft) -> None:
    coordinator: Any = SimpleNamespace(
        memory={"1000": SimpleNamespace(draft=ForwardDraft())},
        identifier=lambda line: ("pbx", line),
        unique_id=lambda line, key: f"{line}_{key}",
        data={"1000": line(routing=Routing(forward=Forward() if forwarded else None))},
        kind=SimpleNamespace(line_manufacturer="", line=""),
        device_id="",
        async_device=lambda line: None,
        async_add_listener=lambda *_: lambda: None,
        async_add_line_listener=lambda *_: lambda: None,
    )
    select = PbxForwardSelect(coordinator, "1000", FORWARD_SELECTS[0])
    select.hass = Mock()
    select.async_get_last_state = AsyncMock(return_value=state and SimpleNamespace(state=state))  # type: ignore[method-assign]
    await select.async_added_to_hass()
    assert coordinator.memory["1000"].draft == draft


# ------------------------------------------------------------------------------------------------------------ entities


def test_a_switch_is_unknown_until_the_routing_is() -> None:
    for description in SWITCHES:
        if description.watch != ROUTING:
            continue
        entity: Any = SimpleNamespace(entity_description=description, snapshot=line(routing=None))
        assert PbxSwitch.is_on.fget(entity) is None  # type: ignore[attr-defined]
        entity.snapshot = line(routing=Routing(do_not_disturb=False, remote_extension=False))
        assert PbxSwitch.is_on.fget(entity) is False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("caller_id", "shown"),
    [
        (None, None),
        (CallerId(choice=CallerIdChoice.MANUAL, number="+15550100"), "manual"),
        (CallerId(choice=CallerIdChoice.UNKNOWN), None),
    ],
)
def test_what_a_caller_id_is(caller_id: CallerId | None, shown: str | None) -> None:
    entity: Any = SimpleNamespace(caller_id=caller_id, options=CALLER_ID_CHOICE.options)
    assert PbxCallerIdNumber.native_value.fget(entity) == (caller_id and caller_id.number)  # type: ignore[attr-defined]
    assert PbxCallerIdChoice.current_option.fget(entity) == shown  # type: ignore[attr-defined]


def test_listeners_hear_what_they_watch_until_they_leave() -> None:
    coordinator: Any = SimpleNamespace(_listeners_of={}, memory={"alice": SimpleNamespace(draft=None)})
    coordinator.async_notify = partial(PbxCoordinator.async_notify, coordinator)
    heard: list[str] = []
    watches = {"state": frozenset({"state"}), "draft": FORWARD_SELECTS[0].watch, "both": frozenset({"state", "draft"})}
    leave = {
        name: PbxCoordinator.async_add_line_listener(coordinator, "alice", watch, partial(heard.append, name))
        for name, watch in watches.items()
    }
    coordinator.async_notify("alice", frozenset({"state", "calls"}))
    assert heard == ["state", "both"]
    PbxCoordinator.async_set_draft(coordinator, "alice", ForwardDraft())
    assert heard == ["state", "both", "draft", "both"]
    coordinator.async_notify("bob", frozenset({"state"}))
    leave["both"]()
    coordinator.async_notify("alice", frozenset({"state"}))
    assert heard == ["state", "both", "draft", "both", "state"]


def test_what_a_coordinator_keeps_of_a_call() -> None:
    snapshot, over = line(call()), call(outcome=Outcome.ANSWERED)
    coordinator: Any = SimpleNamespace(
        pbx=SimpleNamespace(lines={"alice": SimpleNamespace(snapshot=snapshot)}),
        data={},
        memory={"alice": SimpleNamespace(last_ended=None)},
        async_notify=Mock(),
        async_report_call=Mock(),
    )
    for event, last in ((started(), None), (changed(call(), call()), None)):
        PbxCoordinator._handle_call(coordinator, event)
        assert coordinator.memory["alice"].last_ended is last
    PbxCoordinator._handle_call(coordinator, CallEnded(at=NOW, line="alice", call=over))
    assert coordinator.memory["alice"].last_ended is over
    assert coordinator.data == {"alice": snapshot}
    PbxCoordinator._handle_call(coordinator, CallEnded(at=NOW, line="gone", call=over))
    assert coordinator.data == {"alice": snapshot}


@pytest.mark.parametrize(
    ("caller_id", "kept"),
    [
        (None, "+15550199"),
        (CallerId(choice=CallerIdChoice.MANUAL), "+15550199"),
        (CallerId(choice=CallerIdChoice.FROM_PRESENCE, number="+15550100"), "+15550199"),
        (CallerId(choice=CallerIdChoice.MANUAL, number="+15550100"), "+15550100"),
    ],
)
def test_the_number_that_is_shown_is_remembered(caller_id: CallerId | None, kept: str) -> None:
    memory = SimpleNamespace(caller_id="+15550199", draft=ForwardDraft())
    coordinator: Any = SimpleNamespace(memory={"alice": memory})
    PbxCoordinator._follow(coordinator, line(caller_id=caller_id))
    assert (memory.caller_id, memory.draft) == (kept, ForwardDraft())
    PbxCoordinator._follow(coordinator, line(routing=Routing(forward=Forward(target=Target.VOICEMAIL))))
    assert memory.draft == ForwardDraft(target=Target.VOICEMAIL)


@pytest.mark.parametrize(
    ("remembered", "caller_id", "asked"),
    [
        ("+15550199", None, "+15550199"),
        (None, None, None),
        (None, CallerId(number="+15550100"), "+15550100"),
        ("+15550199", CallerId(number="+15550100"), "+15550199"),
    ],
)
async def test_a_caller_id_that_is_chosen_by_hand(
    remembered: str | None, caller_id: CallerId | None, asked: str | None
) -> None:
    coordinator = SimpleNamespace(memory={"alice": SimpleNamespace(caller_id=remembered)})
    entity: Any = SimpleNamespace(coordinator=coordinator, caller_id=caller_id, _line="alice", async_show=AsyncMock())
    await PbxCallerIdChoice.async_select_option(entity, "manual")
    entity.async_show.assert_awaited_once_with(asked)


def test_what_an_event_carries() -> None:
    over = call(
        outcome=Outcome.ANSWERED,
        cause="normal",
        new_destination="1002",
        answered=True,
        ring_seconds=3,
        talk_seconds=7,
    )
    fired: list[tuple[str, dict[str, Any]]] = []
    entity: Any = SimpleNamespace(
        coordinator=SimpleNamespace(hides_callers=False),
        snapshot=line(over),
        _trigger_event=lambda *event: fired.append(event),
        async_write_ha_state=lambda: None,
    )
    PbxCallEvent._handle_call(entity, CallEnded(at=NOW, line="1000", call=over))
    ((kind, data),) = fired
    assert kind == event_type_of(CallEnded(at=NOW, line="1000", call=over))
    assert data == describe_call(over) | {
        "line": "alice",
        "line_number": "1000",
        "answered": True,
        "outcome": "answered",
        "cause": "normal",
        "new_destination": "1002",
        "ring_seconds": 3,
        "talk_seconds": 7,
    }
    PbxCallEvent._handle_call(entity, CallEnded(at=NOW, line="1000", call=call()))
    assert fired[1][1]["outcome"] is None


def test_which_lines_have_which_entities_and_what_these_show() -> None:
    calls, counters = {Feature.CALL_EVENTS}, {Feature.COUNTERS}
    expected: dict[str, tuple[set[Feature], set[str]]] = {
        "ringing": (calls, {"calls"}),
        "on_a_call": (calls, {"calls"}),
        "in_service": ({Feature.DEVICE_STATES}, {"devices"}),
        "answer": ({Feature.ANSWER}, set()),
        "hang_up": ({Feature.HANG_UP}, set()),
        "call": (calls, set()),
        "forward_condition": ({Feature.FORWARD}, {"routing", "draft"}),
        "forward_target": ({Feature.FORWARD}, {"routing", "draft"}),
        "forward_number": ({Feature.FORWARD}, {"routing", "draft"}),
        "caller_id_choice": ({Feature.CALLER_ID}, {"caller_id"}),
        "caller_id_number": ({Feature.CALLER_ID}, {"caller_id"}),
        "call_state": (calls, {"calls", "state", "devices", "busy"}),
        "other_party": (calls, {"calls"}),
        "active_calls": (calls, {"calls"}),
        "missed_calls": (counters, {"counters"}),
        "voicemails": (counters, {"counters"}),
        "callback_requests": (counters | {Feature.CALL_BACK}, {"counters"}),
        "new_texts": (counters, {"counters"}),
        "do_not_disturb": ({Feature.DO_NOT_DISTURB}, {"routing"}),
        "forward": ({Feature.FORWARD}, {"routing"}),
        "remote_extension": ({Feature.REMOTE_EXTENSION}, {"routing"}),
        "hunting_group": ({Feature.HUNTING_GROUPS}, {"hunting_group_logged_on"}),
        "recording": (calls | {Feature.RECORDING}, {"calls"}),
        "queue_wait": (calls | {Feature.AGENT}, {"calls"}),
    }
    descriptions = [
        *LINE_BINARY_SENSORS, *BUTTONS, CALL, *FORWARD_SELECTS, CALLER_ID_CHOICE, *LINE_SENSORS, *SWITCHES,
        FORWARD_NUMBER, CALLER_ID_NUMBER,
    ]  # fmt: skip
    assert {item.key: (set(item.features), set(item.watch)) for item in descriptions} == expected
    assert all(item.translation_key == item.key for item in descriptions)


def sensor(key: str) -> Any:
    """Return the description of a sensor or binary sensor of a line."""
    return next(item for item in (*LINE_SENSORS, *LINE_BINARY_SENSORS) if item.key == key)


@pytest.mark.parametrize("state", LineState)
def test_the_call_state_is_one_of_its_options_or_unknown(state: LineState) -> None:
    value = sensor("call_state").value(SimpleNamespace(state=state))
    assert value == (None if state is LineState.UNKNOWN else state.value)
    assert value is None or value in sensor("call_state").options
    assert LineState.UNKNOWN.value not in sensor("call_state").options


def test_the_attributes_of_the_call_state() -> None:
    attributes = sensor("call_state").attributes
    held = call(CallState.HELD, "1", parties=(CAROL,))
    active = call(CallState.ACTIVE, "2", parties=(BOB,), direction=Direction.OUTGOING, started_at=NOW)
    shown = attributes(line(held, active), None)
    assert shown == {
        "line": "alice",
        "number": "1000",
        "call_id": "call-2",
        "direction": "outgoing",
        "party_name": "Bob Keller",
        "party_number": "1001",
        "party_uri": "tel:1001",
        "called_number": None,
        "started_at": "2026-01-02T03:04:05+00:00",
        "answered_at": None,
        "last_outcome": None,
        "last_party": None,
        "calls": [describe_call(active), describe_call(held)],
    }
    idle = attributes(line(), call(outcome=Outcome.MISSED, parties=(Party(number="1001"),)))
    assert idle == dict.fromkeys(shown) | {
        "line": "alice", "number": "1000", "last_outcome": "missed", "last_party": "1001", "calls": [],
    }  # fmt: skip
    bare = attributes(line(), call())
    assert (bare["last_outcome"], bare["last_party"]) == (None, None)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((), None),
        ((call(),), None),
        ((call(parties=(BOB,)),), "Bob Keller"),
        ((call(parties=(BOB, CAROL)),), "Bob Keller, Carol Diaz"),
        ((call(CallState.HELD, parties=(BOB,)), call(ref="2", parties=(CAROL,))), "Carol Diaz"),
        ((call(CallState.HELD, parties=(BOB,)), call(ref="2")), None),
        ((call(parties=(Party(name="x" * 300),)),), "x" * 255),
    ],
)
def test_the_other_party(calls: tuple[CallSnapshot, ...], expected: str | None) -> None:
    assert sensor("other_party").value(line(*calls)) == expected


def test_the_counts() -> None:
    assert sensor("active_calls").value(line()) == 0
    assert sensor("active_calls").value(line(call(ref="1"), call(ref="2"))) == 2
    snapshot = line(counters=Counters(missed_calls=1, voicemails=2, callback_requests=3, new_texts=4, faxes=5))
    keys = ("missed_calls", "voicemails", "callback_requests", "new_texts")
    assert [sensor(key).value(snapshot) for key in keys] == [1, 2, 3, 4]
    assert [sensor(key).value(line()) for key in keys] == [None] * 4


@pytest.mark.parametrize("state", CallState)
def test_ringing_and_on_a_call(state: CallState) -> None:
    for snapshot in (line(call(state)), line(call(CallState.DIALING, "0"), call(state))):
        assert sensor("ringing").is_on(snapshot) is (state is CallState.RINGING_INCOMING)
        assert sensor("on_a_call").is_on(snapshot) is (state in (CallState.ACTIVE, CallState.HELD))
    assert sensor("ringing").is_on(line()) is False
    assert sensor("on_a_call").is_on(line()) is False


def test_in_service() -> None:
    for state, expected in ((DeviceState.IN_SERVICE, True), (DeviceState.OUT_OF_SERVICE, False)):
        assert sensor("in_service").is_on(line(devices=(Device(id="1000", state=state),))) is expected


def test_the_sensors_of_the_pbx() -> None:
    pbx = SimpleNamespace(info=SimpleNamespace(server="secondary"), statistics=SimpleNamespace(losses=3))
    assert {item.key: (item.value(pbx), item.pairs) for item in PBX_SENSORS} == {  # type: ignore[arg-type]
        "server": ("secondary", True),
        "losses": (3, False),
    }
    o2g = ("Alcatel-Lucent Enterprise", "O2G", "Line", None, True)
    assert {kind: dataclasses.astuple(item) for kind, item in KINDS.items()} == {
        "demo": (None, "Simulated PBX", "Line", None, True),
        "bridge": (None, "Telephone system behind a bridge", "Line", None, False),
        "o2g_user": o2g,
        "o2g_administrator": o2g,
        "myrcc": ("Centile", "Istra myRCC", "Extension", "Centile", False),
        "mycrm": ("Centile", "Istra myCrm", "Terminal", None, False),
        "myistra": ("Centile", "Istra myIstra", "User", "Centile", False),
    }


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (" 1.555.0123 ", "1.555.0123"),  # the client reads it, and says of it what is wrong
        ("tel:+15550123", "tel:+15550123"),
        ("my number", "my number"),
    ],
)
async def test_the_number_that_others_see_is_the_clients_to_read(typed: str, sent: str) -> None:
    entity: Any = SimpleNamespace(async_show=AsyncMock())
    await PbxCallerIdNumber.async_set_value(entity, typed)
    entity.async_show.assert_awaited_once_with(sent)


# ------------------------------------------------------------------------------------------------------------- actions


def accepted(action: str, **data: Any) -> dict[str, Any]:
    result: dict[str, Any] = services.ACTIONS[action][1](data)
    return result


@pytest.mark.parametrize(
    ("action", "data", "defaults"),
    [
        ("dial", {}, {"timeout": 10.0}),
        ("answer", {}, {}),
        ("hang_up", {}, {"everybody": False}),
        ("hold", {}, {}),
        ("retrieve", {}, {}),
        ("transfer", {}, {"anonymous": False}),
        ("redirect", {"number": "1002"}, {"anonymous": False}),
        ("conference", {}, {}),
        ("add_party", {"number": "1002"}, {}),
        ("send_dtmf", {"digits": "1"}, {}),
        ("set_forward", {}, {"target": "number", "condition": "immediate"}),
    ],
)
def test_the_defaults_of_every_action(action: str, data: dict[str, str], defaults: dict[str, Any]) -> None:
    assert accepted(action, **data) == data | defaults
    assert accepted(action, line="1000", **data) == {"line": ["1000"]} | data | defaults
    assert accepted(action, device_id="d", **data) == {"device_id": ["d"]} | data | defaults
    both = accepted(action, line=["1000", "tel:1001"], device_id="d", **data)
    assert both == {"line": ["1000", "1001"], "device_id": ["d"]} | data | defaults
    with pytest.raises(vol.Invalid):
        accepted(action, other="1", **data)
    if data:
        with pytest.raises(vol.Invalid):
            accepted(action)


@pytest.mark.parametrize(
    ("action", "field", "given", "taken"),
    [
        ("dial", "number", "tel:1001", "tel:1001"),
        ("dial", "auto_answer", "no", False),
        ("dial", "phone", " tel:1001 ", "1001"),
        ("dial", "calling_number", "tel:1001", "tel:1001"),
        ("dial", "associated_data", 17, "17"),
        ("dial", "inhibit_progress_tone", "yes", True),
        ("dial", "pin", " tel:1234 ", "1234"),
        ("dial", "secret_code", " tel:1234 ", "1234"),
        ("dial", "business_code", " tel:12 ", "12"),
        ("dial", "supervised_transfer", "yes", True),
        ("dial", "call_to_supervisor", "yes", True),
        ("dial", "timeout", "0", 0.0),
        ("dial", "timeout", 60, 60.0),
        ("dial", "skills", {"skill": 3}, [{"skill": 3, "active": True}]),
        ("dial", "skills", [{"skill": 0, "level": 0, "active": "no"}], [{"skill": 0, "level": 0, "active": False}]),
        ("answer", "call_id", 1, "1"),
        ("answer", "phone", " tel:1001 ", "1001"),
        ("hang_up", "call_id", 1, "1"),
        ("hang_up", "everybody", "yes", True),
        ("hold", "phone", " tel:1001 ", "1001"),
        ("retrieve", "phone", " tel:1001 ", "1001"),
        ("transfer", "number", "tel:1001", "tel:1001"),
        ("transfer", "to_call_id", 1, "1"),
        ("transfer", "anonymous", "yes", True),
        ("redirect", "number", "tel:1001", "tel:1001"),
        ("redirect", "anonymous", "yes", True),
        ("conference", "to_call_id", 1, "1"),
        ("add_party", "number", "tel:1001", "tel:1001"),
        ("send_dtmf", "digits", " tel:1 ", "1"),
        ("send_dtmf", "phone", " tel:1001 ", "1001"),
        ("set_forward", "number", "tel:1001", "tel:1001"),
        ("set_forward", "target", "none", "none"),
        ("set_forward", "target", "voicemail", "voicemail"),
        ("set_forward", "condition", "busy_no_answer", "busy_no_answer"),
    ],
)
def test_what_the_fields_of_the_actions_take(action: str, field: str, given: Any, taken: Any) -> None:
    needed = {"redirect": {"number": "1"}, "add_party": {"number": "1"}, "send_dtmf": {"digits": "1"}}
    assert accepted(action, **{**needed.get(action, {}), field: given})[field] == taken


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("dial", {"timeout": -0.1}),
        ("dial", {"timeout": 60.1}),
        ("dial", {"timeout": "soon"}),
        ("dial", {"skills": [{"level": 1}]}),
        ("dial", {"skills": [{"skill": -1}]}),
        ("dial", {"skills": [{"skill": 1, "level": -1}]}),
        ("dial", {"skills": [{"skill": 1, "other": 1}]}),
        ("dial", {"call_id": "1"}),
        ("transfer", {"number": "1", "to_call_id": "1"}),
        ("set_forward", {"target": "associate"}),
        ("set_forward", {"condition": "unknown"}),
        ("set_forward", {"condition": "never"}),
    ],
)
def test_what_the_fields_of_the_actions_refuse(action: str, data: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        accepted(action, **data)


OFFICES = {
    "north": (line(call(), id="alice", number="1000", name="Alice"), line(id="bob", number="", name="Bob")),
    "south": (
        line(call(), id="carol", number="1000", name="Carol"),
        line(call(ref="3"), id="dave", number="1003", name="", features=frozenset()),
    ),
}


def asked(action: str = "hold", offices: tuple[str, ...] = ("north", "south"), **data: str) -> tuple[Any, Any]:
    """Return a Home Assistant with these PBXs, and an action that was asked of it."""
    entries = [
        SimpleNamespace(
            runtime_data=SimpleNamespace(
                data={one.id: one for one in OFFICES[name]},
                pbx=SimpleNamespace(
                    lines={
                        one.id: SimpleNamespace(
                            id=one.id,
                            number=one.number,
                            name=one.name,
                            calls=one.calls,
                            features=one.features,
                            snapshot=one,
                        )
                        for one in OFFICES[name]
                    }
                ),
                kind=SimpleNamespace(model=name),
            )
        )
        for name in offices
    ]
    loaded = SimpleNamespace(async_loaded_entries=lambda domain: entries if domain == "pbx" else [])
    return SimpleNamespace(config_entries=loaded), SimpleNamespace(data=data, service=action)


@pytest.mark.parametrize(
    ("data", "offices", "found"),
    [
        ({"line": "alice"}, ("north", "south"), "alice"),
        ({"line": "bob"}, ("north",), "bob"),
        ({"line": "1003"}, ("north", "south"), "dave"),
        ({"line": "1000"}, ("south",), "carol"),
    ],
)
def test_the_line_of_an_action(data: dict[str, str], offices: tuple[str, ...], found: str) -> None:
    (one,) = find_lines(*asked(offices=offices, **data))
    assert one.line.id == found
    assert found in one.coordinator.data


@pytest.mark.parametrize(
    ("data", "offices", "key", "placeholders"),
    [
        ({}, ("north",), "line_missing", {}),
        ({}, (), "line_missing", {}),
        ({"line": "1000"}, ("north", "south"), "line_ambiguous", {"line": "1000"}),
        ({"line": "1"}, ("north", "south"), "line_not_found", {"line": "1", "known": "1000, 1000, 1003, bob"}),
        ({"line": "1"}, (), "line_not_found", {"line": "1", "known": "-"}),
    ],
)
def test_no_line_for_an_action(
    data: dict[str, str], offices: tuple[str, ...], key: str, placeholders: dict[str, str]
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        find_lines(*asked(offices=offices, **data))
    assert (refused.value.translation_key, refused.value.translation_placeholders) == (key, placeholders)


def test_a_line_that_cannot() -> None:
    (able,) = able_lines(*asked(line="alice"), Feature.CALL_EVENTS)
    assert able.line.id == "alice"
    with pytest.raises(ServiceValidationError) as refused:
        able_lines(*asked("set_forward", line="dave"), Feature.CALL_EVENTS)
    assert refused.value.translation_key == "line_cannot"
    assert refused.value.translation_placeholders == {"line": "1003", "action": "set forward", "system": "south"}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"call_id": "call-3"}, "dave"),
        ({"call_id": "3"}, "dave"),
        ({"call_id": "1", "line": "carol"}, "carol"),
        ({"call_id": "1", "line": "alice"}, "alice"),
        ({"call_id": "1"}, "call_ambiguous"),
        ({"call_id": "2"}, "call_not_found"),
        ({"call_id": "3", "line": "alice"}, "call_not_found"),
    ],
)
def test_a_call_that_is_named(data: dict[str, str], found: str) -> None:
    hass, action = asked(**data)
    for find in (find_calls, find_targets):
        if found.startswith("call_"):
            with pytest.raises(ServiceValidationError) as refused:
                find(hass, action, Feature.CALL_EVENTS, Action.HOLD)
            assert refused.value.translation_key == found
            assert refused.value.translation_placeholders == {"call_id": data["call_id"]}
        else:
            (expected,) = next(one for one in (*OFFICES["north"], *OFFICES["south"]) if one.id == found).calls
            (only,) = find(hass, action, Feature.CALL_EVENTS, Action.HOLD)
            assert only is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, None),
        ({"supervised_transfer": False, "call_to_supervisor": False, "skills": []}, None),
        ({"supervised_transfer": True}, AcdCall(supervised_transfer=True, to_supervisor=False, skills=())),
        ({"call_to_supervisor": True}, AcdCall(supervised_transfer=False, to_supervisor=True, skills=())),
        (
            {"skills": [{"skill": 3, "active": False}, {"skill": 4, "active": True, "level": 2}]},
            AcdCall(
                supervised_transfer=False,
                to_supervisor=False,
                skills=(Skill(number=3, active=False), Skill(number=4, active=True, level=2)),
            ),
        ),
    ],
)
def test_what_makes_a_call_one_of_the_call_centre(data: dict[str, Any], expected: AcdCall | None) -> None:
    assert call_centre(data) == expected


# -------------------------------------------------------------------------------------------------------------- errors

REFUSAL = {"operation": "POST /calls", "status": 500}
ERRORS: list[tuple[aiopbx.PbxError, str, bool]] = [
    (aiopbx.PolicyViolation("number", "x"), "policy_violation", True),
    (aiopbx.InvalidInput("number", "x"), "invalid_input", True),
    (aiopbx.UnknownLine("x"), "unknown_line", True),
    (aiopbx.UnknownCall("x"), "unknown_call", True),
    (aiopbx.NotSupported("x", missing="y"), "not_supported", True),
    (aiopbx.ActionNotAllowed("hold", ()), "action_not_allowed", True),
    (aiopbx.CallOver("x", outcome="busy"), "call_over", False),
    (aiopbx.CertificateFailed("x"), "certificate", False),
    (aiopbx.ConnectionFailed("x"), "cannot_connect", False),
    (aiopbx.AuthenticationFailed("x"), "invalid_auth", False),
    (aiopbx.TwoStepRequired("x"), "invalid_auth", False),
    (aiopbx.Offline("x"), "offline", False),
    (aiopbx.OutcomeUnknown("x"), "outcome_unknown", False),
    (aiopbx.NotReady("x", **REFUSAL), "not_ready", False),  # type: ignore[arg-type]
    (aiopbx.SessionLost("x", **REFUSAL), "session_lost", False),  # type: ignore[arg-type]
    (aiopbx.NotFound("x", **REFUSAL), "not_found", False),  # type: ignore[arg-type]
    (aiopbx.NotAllowed("x", **REFUSAL), "refused", False),  # type: ignore[arg-type]
    (aiopbx.RequestRefused("x", **REFUSAL), "refused", False),  # type: ignore[arg-type]
    (aiopbx.PbxError("x"), "pbx_error", False),
]


@pytest.mark.parametrize(("error", "key", "callers_fault"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_is_translated(error: aiopbx.PbxError, key: str, callers_fault: bool) -> None:
    assert error_key(error) == key
    with pytest.raises(HomeAssistantError) as raised, pbx_errors():
        raise error
    assert isinstance(raised.value, ServiceValidationError) is callers_fault
    assert raised.value.__cause__ is error
    assert raised.value.translation_domain == "pbx"
    assert raised.value.translation_key == key
    assert raised.value.translation_placeholders is not None
    sentence = WORDS["exceptions"][key]["message"].format_map(raised.value.translation_placeholders)
    assert sentence.endswith((".", "x")), "a whole sentence, with every placeholder"
    assert "{" not in sentence
    at_start = translated(error, ConfigEntryError)
    assert type(at_start) is ConfigEntryError
    assert (at_start.translation_domain, at_start.translation_key) == ("pbx", key)
    assert at_start.translation_placeholders == raised.value.translation_placeholders


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), pbx_errors():
        raise KeyError
    with pbx_errors():
        pass
    mine = invalid("line_not_found", line="1", known="2")
    assert (mine.translation_domain, mine.translation_key) == ("pbx", "line_not_found")
    assert mine.translation_placeholders == {"line": "1", "known": "2"}


# ---------------------------------------------------------------------------------------------------------- the client


@pytest.mark.parametrize(
    ("kind", "options", "lines"),
    [
        ("o2g_user", {"all_lines": False, "lines": ["a"]}, "all"),
        ("myistra", {"all_lines": False, "lines": ["a"]}, "all"),
        ("o2g_administrator", {}, "all"),
        ("o2g_administrator", {"all_lines": True, "lines": ["a"]}, "all"),
        ("o2g_administrator", {"all_lines": False, "lines": ["a", "b"]}, ("a", "b")),
        ("myrcc", {"all_lines": False}, ()),
        ("mycrm", {"all_lines": False, "lines": ["a"]}, ("a",)),
        ("demo", {"all_lines": False, "lines": ["a"]}, ("a",)),
    ],
)
def test_the_lines_of_an_entry(kind: str, options: dict[str, Any], lines: Any) -> None:
    assert chosen_lines({"kind": kind}, options) == lines


@pytest.mark.parametrize(
    ("options", "allowed", "denied", "limit"),
    [
        ({}, ("*",), (), None),
        ({"allowed": [], "denied": []}, ("*",), (), None),
        ({"allowed": ["1*"], "denied": ["19*"], "calls_per_minute": 3.0}, ("1*",), ("19*",), 3),
        ({"calls_per_minute": 1}, ("*",), (), 1),
    ],
)
def test_the_dial_policy_of_an_entry(
    options: dict[str, Any], allowed: tuple[str, ...], denied: tuple[str, ...], limit: int | None
) -> None:
    home: Any = SimpleNamespace(config=SimpleNamespace(path=lambda name: f"/config/{name}"))
    policy = dialling(home, options)["dial_policy"]
    assert policy == {"allowed": allowed, "denied": denied, "calls_per_minute": limit}


def test_the_numbers_and_names_of_an_entry() -> None:
    home: Any = SimpleNamespace(config=SimpleNamespace(path=lambda name: f"/config/{name}"))
    options = {
        "country": "DE",
        "outside_prefix": "0",
        "internal_lengths": "3-4",
        "contact_files": ["people.vcf"],
        "contact_directory": True,
    }
    made = dialling(home, options)
    assert made["number_plan"] == {"country": "DE", "outside_prefix": "0", "internal_lengths": "3-4"}
    assert made["contacts"] == {"files": (Path("/config/people.vcf"),), "directory": True}
    assert dialling(home, {})["contacts"] == {"files": (), "directory": False}


ACCOUNT = {"url": "https://pbx.example.com", "username": "u", "password": "p", "tls": "verify"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"kind": "o2g_user"}, {"tls": "verify", "application_name": "Home Assistant"}),
        ({"kind": "o2g_administrator", "tls": "none"}, {"tls": "none", "application_name": "Home Assistant"}),
        (
            {"kind": "o2g_user", "tls": "own_ca", "ca_file": "pbx.pem", "secondary_url": "https://b.example.com"},
            {
                "tls": "verify",
                "application_name": "Home Assistant",
                "secondary_url": "https://b.example.com",
                "ca_file": Path("/config/pbx.pem"),
            },
        ),
        (
            {"kind": "o2g_user", "use_given_address": True, "event_port": 443.0},
            {"tls": "verify", "application_name": "Home Assistant", "use_given_address": True, "event_port": 443},
        ),
        (
            {"kind": "o2g_user", "use_given_address": False},
            {"tls": "verify", "application_name": "Home Assistant"},
        ),
        ({"kind": "o2g_user", "ca_file": "pbx.pem"}, {"tls": "verify", "application_name": "Home Assistant"}),
        ({"kind": "myrcc", "enterprise": "e"}, {"tls": "verify", "system": "myrcc", "enterprise": "e"}),
        ({"kind": "mycrm", "secondary_url": "https://b.example.com"}, {"tls": "verify", "system": "mycrm"}),
        ({"kind": "myistra", "tls": "none"}, {"tls": "none", "system": "myistra"}),
    ],
)
def test_how_a_pbx_is_reached(data: dict[str, Any], expected: dict[str, Any]) -> None:
    hass: Any = SimpleNamespace(config=SimpleNamespace(path=lambda name: f"/config/{name}"))
    account = {key: ACCOUNT[key] for key in ("url", "username", "password")}
    assert _reach(hass, ACCOUNT | data) == account | expected
