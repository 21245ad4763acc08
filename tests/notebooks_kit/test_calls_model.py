"""The calls of a line as data, without a widget."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aiopbx import (
    Action,
    Call,
    CallEnded,
    CallSnapshot,
    CallState,
    Device,
    Direction,
    Feature,
    InvalidInput,
    Leg,
    LineSnapshot,
    Outcome,
    Party,
    Recording,
    Status,
    StatusChanged,
    UnknownCall,
)
from notebooks_kit.models import CallsModel
from notebooks_kit.models.calls import NOT_HERE, OPERATIONS, Needs
from notebooks_kit.models.formatting import duration, listed
from tests.aiopbx.office import office
from tests.notebooks_kit.view_helpers import ringing, sees

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ACTIONS = frozenset(Action)


class _Pbx:
    status = Status.ONLINE


class _Line:
    """As much of a line as the model reads."""

    def __init__(self, *calls: CallSnapshot, features: frozenset[Feature] = frozenset()) -> None:
        self.id = "oxe1000"
        self.pbx = _Pbx()
        self.features = features
        self.calls: tuple[Any, ...] = ()
        self.put(*calls)

    def put(self, *calls: CallSnapshot) -> None:
        devices = (Device(id="1000", kind="DESKPHONE"), Device(id="61000", kind="MOBILE"))
        self.snapshot = LineSnapshot(id=self.id, number="1000", calls=calls, devices=devices, features=self.features)


class _Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def make(key: str = "c1", state: CallState = CallState.ACTIVE, *, party: str = "Bob", **more: Any) -> CallSnapshot:
    values = {
        "id": key,
        "ref": key,
        "line": "oxe1000",
        "state": state,
        "direction": Direction.INCOMING,
        "parties": (Party(id=f"p-{party}", name=party, number="1001"),),
        "started_at": NOW,
        "answered_at": NOW + timedelta(seconds=5) if state is CallState.ACTIVE else None,
        "answered": state is CallState.ACTIVE,
        **more,
    }
    return CallSnapshot(**values)


def model_of(line: _Line, **options: Any) -> CallsModel:
    return CallsModel(line, **{"clock": _Clock(), **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("action", sorted(Action))
def test_every_action_has_a_button_or_a_reason(action: Action) -> None:
    offered = {operation.offered_by for operation in OPERATIONS}
    assert (action in offered) is not (action in NOT_HERE)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_button_does_something_that_calls_can(operation: Any) -> None:
    method = getattr(Call, operation.method or operation.name)
    assert inspect.iscoroutinefunction(inspect.unwrap(method))
    required = [
        one
        for one in inspect.signature(method).parameters.values()
        if one.name != "self" and one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    ]
    gives = operation.needs is not Needs.NOTHING or operation.value is not None
    assert len(required) <= (1 if gives else 0)
    assert operation.help
    assert operation.label.endswith("…") is (operation.needs not in (Needs.NOTHING, Needs.CALL))


@settings(deadline=None)  # a busy machine is no failure
@given(st.sets(st.sampled_from(sorted(Action))), st.sampled_from(CallState))
def test_exactly_what_is_offered_has_a_button(offered: set[Action], state: CallState) -> None:
    legs = (Leg(device="1000", actions=frozenset(offered)),)
    model = model_of(_Line(make(state=state, actions=frozenset(offered), legs=legs)))
    model.take()
    (row,) = model.rows
    by_name = {operation.name: operation for operation in OPERATIONS}
    shown = {by_name[name].offered_by for name in row.buttons}
    assert shown == offered - NOT_HERE.keys()
    assert list(row.buttons) == [operation.name for operation in OPERATIONS if operation.name in row.buttons]


def test_several_ringing_devices_can_be_chosen() -> None:
    legs = tuple(Leg(device=device, actions=frozenset({Action.ANSWER})) for device in ("1000", "61000"))
    model = model_of(_Line(make(state=CallState.RINGING_INCOMING, actions=frozenset({Action.ANSWER}), legs=legs)))
    model.take()
    assert model.rows[0].buttons == ("answer", "answer_on")
    assert model.choices("c1", "answer_on") == [("1000 (deskphone)", "1000"), ("61000 (mobile)", "61000")]


def test_only_parties_that_can_be_dropped_are_offered() -> None:
    parties = (Party(id="p1", name="Bob", number="1001"), Party(id="p2", name="Carol", droppable=False))
    line = _Line(make(parties=parties, actions=frozenset({Action.DROP_PARTICIPANT})))
    model = model_of(line)
    model.take()
    assert model.rows[0].buttons == ("drop_participant",)
    assert model.choices("c1", "drop_participant") == [("Bob (1001)", "p1")]
    line.put(make(parties=parties[1:], actions=frozenset({Action.DROP_PARTICIPANT})))
    model.take()
    assert model.rows[0].buttons == ()


def test_data_goes_with_a_call_where_the_line_can() -> None:
    model = model_of(_Line(make(), features=frozenset({Feature.ASSOCIATED_DATA})))
    model.take()
    assert model.rows[0].buttons == ("attach_data", "send_account_info")
    ringing = model_of(_Line(make(state=CallState.RINGING_INCOMING), features=frozenset({Feature.ASSOCIATED_DATA})))
    ringing.take()
    assert ringing.rows[0].buttons == ()


def test_the_other_call_is_only_asked_for_where_there_are_several() -> None:
    line = _Line(make(), make("c2", CallState.HELD, party="Carol"))
    model = model_of(line)
    assert not model.asks("c1", "transfer")
    line.put(*line.snapshot.calls, make("c3", CallState.HELD, party="Dan"))
    assert model.asks("c1", "transfer")
    assert model.choices("c1", "transfer") == [("Carol (1001), held", "c2"), ("Dan (1001), held", "c3")]
    assert model.asks("c1", "consult")
    assert not model.asks("c1", "hold")
    assert model.choices("gone", "transfer") == []


def test_offline_there_is_nothing_to_be_done() -> None:
    model = model_of(_Line(make(actions=frozenset({Action.HOLD}))))
    model.take()
    assert model.rows[0].buttons == ("hold",)
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    model.handle(StatusChanged(at=NOW, status=Status.OFFLINE, previous=Status.ONLINE))
    assert notified == [1]
    assert model.take() == {"c1"}
    assert model.rows[0].buttons == ()


def test_timers() -> None:
    clock = _Clock()
    line = _Line(make(state=CallState.RINGING_INCOMING))
    model = model_of(line, clock=clock)
    model.take()
    assert model.rows[0].timer(NOW + timedelta(seconds=3)) == "00:03"
    line.put(make())
    model.take()
    assert model.rows[0].timer(NOW + timedelta(seconds=70)) == "01:05"
    line.put(make(answered_at=None))
    model.take()
    assert model.rows[0].timer(NOW + timedelta(seconds=70)) == "", "nobody saw when it was answered"


@settings(deadline=None)  # a busy machine is no failure
@given(st.floats(min_value=-10, max_value=1e6))
def test_durations(seconds: float) -> None:
    text = duration(seconds)
    parts = [int(part) for part in text.split(":")]
    assert all(part < 60 for part in parts[1:])
    total = 0
    for part in parts:
        total = total * 60 + part
    assert total == max(0, int(seconds))


def test_words() -> None:
    assert (duration(None), duration(0), duration(59), duration(61), duration(3725)) == (
        "",
        "00:00",
        "00:59",
        "01:01",
        "1:02:05",
    )
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.ANSWERED, "ended"),
        (Outcome.MISSED, "missed"),
        (Outcome.BUSY, "the other side was busy"),
        (Outcome.UNKNOWN, "ended while disconnected"),
        (Outcome.PICKED_UP, "picked up by someone else"),
    ],
)
def test_calls_that_have_ended_stay_for_a_while(outcome: Outcome, words: str) -> None:
    clock = _Clock()
    line = _Line(make())
    model = model_of(line, clock=clock, linger=30)
    model.take()
    over = make(outcome=outcome, ended_at=NOW + timedelta(seconds=65), end_cause="NORMAL")
    line.put()
    model.handle(CallEnded(at=NOW, line="oxe1000", call=over))
    assert model.take() == {"c1"}
    (row,) = model.rows
    assert (row.ended, row.words, row.buttons) == (True, words, ())
    assert row.timer(NOW + timedelta(hours=1)) == "01:00", "the timer has stopped"
    measured = dataclasses.replace(row, lasted=61.0, end=NOW - timedelta(hours=1))
    assert measured.timer(NOW) == "01:01", "the clock was set back meanwhile, and what was measured counts"
    assert "NORMAL" in row.notes
    clock.now = NOW + timedelta(seconds=29)
    assert not model.tick()
    clock.now = NOW + timedelta(seconds=30)
    assert model.tick()
    assert model.take() == {"c1"}
    assert model.rows == ()


def test_the_latest_end_stands_first_and_old_ones_go() -> None:
    model = model_of(_Line(make("c9")), kept=2)
    for key in ("c1", "c2", "c3"):
        model.handle(CallEnded(at=NOW, line="oxe1000", call=make(key, outcome=Outcome.MISSED)))
    model.handle(CallEnded(at=NOW, line="another", call=make("c4", outcome=Outcome.MISSED)))
    model.take()
    assert [row.call for row in model.rows] == ["c9", "c3", "c2"]


def test_what_else_is_known() -> None:
    call = make(
        parties=(Party(name="Bob", number="1001"), Party(name="Carol", number="1002")),
        recording=Recording.PAUSED,
        called=Party(number="800"),
        queue_wait=75,
        associated_data="order 7",
        account_info="42",
    )
    model = model_of(_Line(call))
    model.take()
    (row,) = model.rows
    assert row.party == "Bob (1001), Carol (1002)"
    assert row.notes == (
        "conference of 3",
        "recording paused",
        "called 800",
        "waited 01:15",
        "data: order 7",
        "code: 42",
    )
    assert row.label == "Call from Bob (1001), Carol (1002): active"


def test_many_events_are_reported_once() -> None:
    line = _Line(make())
    model = model_of(line)
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    for status in (Status.OFFLINE, Status.SYNCING, Status.ONLINE):
        model.handle(StatusChanged(at=NOW, status=status, previous=Status.ONLINE))
    assert notified == [1]
    assert model.take() == {"c1"}
    assert model.take() == set()


async def test_doing_it() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        model = CallsModel(line)
        line.subscribe(model.handle)
        with pytest.raises(UnknownCall):
            await model.do("gone", "hold")
        one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        call = await ringing(line)
        await model.do(call.id, "answer")
        await call.wait_for(CallState.ACTIVE, timeout=30)
        with pytest.raises(InvalidInput, match=r"number: it is missing\. Type it"):
            await model.do(call.id, "blind_transfer", "  ")
        await model.do(call.id, "attach_data", " as it is ")
        await call.wait_for(lambda now: now.associated_data == " as it is ", timeout=30)
        await model.do(call.id, "consult", " 1002 ")
        await sees(lambda: len(line.calls) == 2)
        with pytest.raises(UnknownCall, match="other call"):
            await model.do(call.id, "transfer", "gone")
        enquiry = line.calls[1]
        one.switch.answer("oxe1002", enquiry.ref, "1002")
        await enquiry.wait_for(CallState.ACTIVE, timeout=30)
        await model.do(enquiry.id, "transfer", call.id)
        await call.wait_for(Outcome.TRANSFERRED, timeout=30)
