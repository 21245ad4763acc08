"""What becomes of each thing that the PBX pushes: exactly the entities that show it are written, and none for nothing.

The events come from here instead of the simulated PBX, one by one, so that each of them can be looked at by itself.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import PropertyMock, patch

import msgspec
import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.pbx import async_remove_config_entry_device
from custom_components.pbx.aiopbx import (
    Action,
    AuthenticationFailed,
    CallEnded,
    CallerId,
    CallerIdChoice,
    CallSnapshot,
    CallStarted,
    CallState,
    Condition,
    Counters,
    Device,
    DeviceState,
    Forward,
    Line,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    Outcome,
    Party,
    Pbx,
    Routing,
    Status,
    StatusChanged,
    SystemInfo,
    Target,
)
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.coordinator import KINDS, PbxCoordinator
from custom_components.pbx.diagnostics import async_get_config_entry_diagnostics
from custom_components.pbx.forward import ForwardDraft
from tests.integration.helpers import (
    ALICE,
    BOB,
    administrator,
    attributes_of,
    make_entry,
    ours,
    set_up,
    state_of,
    until,
    until_state,
    user,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOBS, CAROLS = Party(number="1001", name="Bob Keller"), Party(number="1002", name="Carol Diaz")


@pytest.fixture
async def coordinator(home: HomeAssistant, entry: MockConfigEntry) -> PbxCoordinator:
    """The coordinator of the office, once the PBX has reported everything."""
    await until_state(home, "switch.alice_martin_forward", "off")
    await until(lambda: state_of(home, "sensor.alice_martin_missed_calls") == "0")
    found: PbxCoordinator = entry.runtime_data
    return found


def push(coordinator: PbxCoordinator, line: str = ALICE, **changes: Any) -> LineSnapshot:
    """Let fields of a line change, as the client reports it."""
    previous = coordinator.data[line]
    snapshot = msgspec.structs.replace(previous, **changes)
    coordinator._handle_event(
        LineChanged(at=NOW, line=line, snapshot=snapshot, previous=previous, changed=frozenset(changes))
    )
    return snapshot


def call(state: CallState = CallState.ACTIVE, ref: str = "1", **fields: Any) -> CallSnapshot:
    return CallSnapshot(**{"id": f"{ALICE}-{ref}", "ref": ref, "line": ALICE, "state": state, **fields})


@pytest.fixture
def written(home: HomeAssistant) -> Iterator[list[str]]:
    """The entities whose state is written, whether it changes or not."""
    names: list[str] = []

    @callback
    def collect(event: Event[Any]) -> None:
        names.append(event.data["entity_id"])

    @callback
    def any_of_them(_data: Any) -> bool:
        return True

    ends = [
        home.bus.async_listen("state_changed", collect),
        home.bus.async_listen("state_reported", collect, event_filter=any_of_them),
    ]
    yield names
    for end in ends:
        end()


# ------------------------------------------------------------------------------------------------------- line changes


async def test_only_what_shows_a_field_is_written(
    home: HomeAssistant, coordinator: PbxCoordinator, written: list[str]
) -> None:
    def after(**changes: Any) -> set[str]:
        written.clear()
        push(coordinator, **changes)
        assert len(written) == len(set(written)), "each of them once"
        return {name.replace(".alice_martin_", ".") for name in written}

    # After the start each entity is written once more, whatever it shows: it does not know yet what it showed.
    after(**{field: getattr(coordinator.data[ALICE], field) for field in ("calls", "devices", "counters")})
    assert after(counters=Counters(missed_calls=3, voicemails=0, callback_requests=0, new_texts=0)) == {
        "sensor.missed_calls"
    }
    assert after(counters=Counters(missed_calls=3, voicemails=1, callback_requests=2, new_texts=4)) == {
        "sensor.unread_voicemails",
        "sensor.call_back_requests",
        "sensor.unread_texts",
    }
    assert after(devices=(Device(id="1000", state=DeviceState.OUT_OF_SERVICE),)) == {
        "sensor.call_state",
        "binary_sensor.in_service",
    }
    assert after(devices=(Device(id="1000", state=DeviceState.IN_SERVICE),)) == {
        "sensor.call_state",
        "binary_sensor.in_service",
    }
    assert after(busy=True) == {"sensor.call_state"}
    assert state_of(home, "sensor.alice_martin_call_state") == "busy"
    after(busy=False)
    assert after(routing=Routing(do_not_disturb=True, remote_extension=False)) == {
        "switch.do_not_disturb",
        "switch.forward",
        "switch.remote_extension",
        "select.calls_not_taken",
        "select.forward_to",
        "select.forward_when",
        "text.forward_number",
    }
    assert after(calls=(call(actions=frozenset({Action.HANG_UP})),)) == {
        "sensor.call_state",
        "sensor.calls_in_progress",
        "binary_sensor.on_a_call",
    }
    assert after(calls=(call(CallState.RINGING_INCOMING, parties=(BOBS,), actions=frozenset({Action.ANSWER})),)) == {
        "sensor.call_state",
        "sensor.other_party",
        "binary_sensor.ringing",
        "binary_sensor.on_a_call",
    }
    assert after(hunting_group_logged_on=True) == {"switch.hunting_group"}
    assert after(voicemail_number="999", node="1") == set()


async def test_what_shows_the_same_is_not_written_again(
    home: HomeAssistant, coordinator: PbxCoordinator, written: list[str]
) -> None:
    """The attributes change while the state stays: of all entities only the call state has such attributes."""
    push(coordinator, calls=(call(parties=(BOBS,)),))
    written.clear()
    push(coordinator, calls=(call(parties=(BOBS,), actions=frozenset({Action.HOLD})),))
    assert written == ["sensor.alice_martin_call_state"]
    assert attributes_of(home, "sensor.alice_martin_call_state")["calls"][0]["actions"] == ["hold"]
    written.clear()
    push(coordinator, calls=(call(parties=(CAROLS,)),))
    assert sorted(written) == ["sensor.alice_martin_call_state", "sensor.alice_martin_other_party"]
    assert state_of(home, "sensor.alice_martin_call_state") == "active"
    assert attributes_of(home, "sensor.alice_martin_call_state")["party_name"] == "Carol Diaz"
    assert state_of(home, "sensor.alice_martin_other_party") == "Carol Diaz"
    written.clear()
    push(coordinator, calls=(call(CallState.HELD, parties=(CAROLS,)),))
    assert written == ["sensor.alice_martin_call_state"], "held is on a call, too"


async def test_buttons_stay_as_they_are_whatever_calls_there_are(
    home: HomeAssistant, coordinator: PbxCoordinator
) -> None:
    """A button that has nothing to do can be reached: each change of it would be a row in the recorder."""
    buttons = "button.alice_martin_answer", "button.alice_martin_hang_up"
    before = [home.states.get(button) for button in buttons]
    for actions in ((), (Action.ANSWER,), (Action.HANG_UP,), (Action.HOLD, Action.RETRIEVE)):
        push(coordinator, calls=(call(actions=frozenset(actions)),))
    push(coordinator, calls=())
    assert [home.states.get(button) for button in buttons] == before
    assert {state.state for state in before if state} == {"unknown"}


async def test_switches_are_unknown_until_the_pbx_reports_them(
    home: HomeAssistant, coordinator: PbxCoordinator
) -> None:
    switches = [f"switch.alice_martin_{name}" for name in ("do_not_disturb", "forward", "remote_extension")]

    def states(routing: Routing | None) -> list[str]:
        push(coordinator, routing=routing)
        return [state_of(home, name) for name in switches]

    assert states(None) == ["unknown", "unknown", "unknown"]
    assert states(Routing()) == ["unknown", "off", "unknown"]
    assert states(Routing(do_not_disturb=False, remote_extension=True)) == ["off", "off", "on"]
    assert states(Routing(do_not_disturb=True, forward=Forward(number="1"), remote_extension=False)) == [
        "on",
        "on",
        "off",
    ]


async def test_a_forward_of_a_kind_that_cannot_be_chosen(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    """The selects keep an option that they have, whatever a newer PBX reports."""
    push(coordinator, routing=Routing(forward=Forward(condition=Condition.BUSY, target=Target.NUMBER, number="1003")))
    push(coordinator, routing=Routing(forward=Forward(condition=Condition.UNKNOWN, target=Target.ASSOCIATE)))
    assert state_of(home, "switch.alice_martin_forward") == "on"
    assert state_of(home, "select.alice_martin_forward_when") == "busy"
    assert state_of(home, "select.alice_martin_forward_to") == "number"
    assert state_of(home, "text.alice_martin_forward_number") == "1003"


async def test_a_draft_is_shown_by_what_shows_it_alone(
    home: HomeAssistant, coordinator: PbxCoordinator, written: list[str]
) -> None:
    coordinator.async_set_draft(ALICE, ForwardDraft(target=Target.VOICEMAIL))
    assert sorted(written) == [
        "select.alice_martin_forward_to", "select.alice_martin_forward_when", "text.alice_martin_forward_number",
    ]  # fmt: skip
    assert state_of(home, "select.alice_martin_forward_to") == "voicemail"
    assert state_of(home, "select.bob_keller_forward_to") == "number", "each line has its own"


async def test_the_memory_of_a_line(coordinator: PbxCoordinator) -> None:
    memory = coordinator.memory[ALICE]
    push(coordinator, caller_id=CallerId(choice=CallerIdChoice.FROM_PRESENCE, number="+15550100"))
    assert memory.caller_id == ""
    push(coordinator, caller_id=CallerId(choice=CallerIdChoice.MANUAL, number="+15550111"))
    assert memory.caller_id == "+15550111"
    push(coordinator, caller_id=CallerId(choice=CallerIdChoice.MANUAL))
    push(coordinator, caller_id=None)
    assert memory.caller_id == "+15550111", "the last number that was chosen"
    push(coordinator, routing=Routing(forward=Forward(target=Target.NUMBER, number="1003")))
    push(coordinator, routing=Routing())
    push(coordinator, routing=None)
    assert memory.draft.number == "1003"
    other = msgspec.structs.replace(
        coordinator.data[ALICE], routing=Routing(forward=Forward(target=Target.NUMBER, number="1009"))
    )
    coordinator._handle_event(
        LineChanged(at=NOW, line=ALICE, snapshot=other, previous=other, changed=frozenset({"counters"}))
    )
    assert memory.draft.number == "1003", "nothing was said of the forward"


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"name": "Alison"}, "Alison"), ({"name": ""}, "1000"), ({"name": "", "number": ""}, ALICE)],
)
async def test_a_line_gets_another_name(
    home: HomeAssistant, coordinator: PbxCoordinator, changes: dict[str, str], name: str
) -> None:
    def names() -> dict[str, str | None]:
        devices = dr.async_entries_for_config_entry(dr.async_get(home), coordinator.config_entry.entry_id)
        return {next(iter(device.identifiers))[1].partition("_")[2]: device.name for device in devices}

    before = names()
    push(coordinator, number="2000")
    assert names() == before, "the number alone is no name"
    push(coordinator, number="1000")
    push(coordinator, **changes)
    assert names() == before | {ALICE: name}


# -------------------------------------------------------------------------------------------------------------- calls


async def test_the_event_of_a_call_and_the_change_of_its_line_are_one_thing(
    home: HomeAssistant, coordinator: PbxCoordinator
) -> None:
    """The client reports both. Who watches the calls is notified once, who watches something else of it as well."""
    notified: list[str] = []
    events: list[Any] = []
    line = coordinator.pbx.lines[ALICE].snapshot
    ends = [
        coordinator.async_add_line_listener(ALICE, frozenset({"calls"}), lambda: notified.append("calls")),
        coordinator.async_add_line_listener(ALICE, frozenset({"state"}), lambda: notified.append("state")),
        coordinator.async_add_line_listener(ALICE, frozenset({"busy", "node"}), lambda: notified.append("busy")),
        coordinator.async_add_line_listener(BOB, frozenset({"calls", "busy"}), lambda: notified.append("bob")),
        coordinator.async_add_call_listener(ALICE, events.append),
    ]
    event = CallStarted(at=NOW, line=ALICE, call=call())
    coordinator.data[ALICE] = msgspec.structs.replace(line, node="old")
    coordinator._handle_event(event)
    assert coordinator.data[ALICE] is line, "the newest snapshot"
    assert (notified, events) == (["calls", "state"], [event])
    change = LineChanged(
        at=NOW, line=ALICE, snapshot=line, previous=line, changed=frozenset({"calls", "state", "busy"})
    )
    coordinator._handle_event(change)
    assert notified == ["calls", "state", "busy"]
    # without the event of a call before it, the change is all there is
    push(coordinator, calls=(call(),))
    assert notified == ["calls", "state", "busy", "calls"]
    for end in ends:
        end()
    coordinator._handle_event(event)
    push(coordinator, busy=True)
    assert len(notified) == 4
    assert events == [event]


async def test_a_call_of_a_line_that_is_gone(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    events: list[Any] = []
    coordinator.async_add_call_listener("oxe9999", events.append)
    coordinator._handle_event(CallStarted(at=NOW, line="oxe9999", call=call()))
    assert events == []
    assert "oxe9999" not in coordinator.data
    coordinator.async_notify("oxe9999", frozenset({"calls"}))


async def test_how_the_last_call_ended(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    state = "sensor.alice_martin_call_state"
    coordinator._handle_event(CallStarted(at=NOW, line=ALICE, call=call(outcome=None, parties=(CAROLS,))))
    assert attributes_of(home, state)["last_outcome"] is None
    end = CallEnded(
        at=NOW,
        line=ALICE,
        call=call(outcome=Outcome.BUSY, parties=(BOBS,), cause="BUSY", new_destination="1003", ring_seconds=1.5,
                  talk_seconds=2.5, answered=True),
    )  # fmt: skip
    coordinator._handle_event(end)
    attributes = attributes_of(home, state)
    assert (attributes["last_outcome"], attributes["last_party"]) == ("busy", "Bob Keller")
    shown = attributes_of(home, "event.alice_martin_call")
    assert {key: shown[key] for key in (
        "event_type", "line", "line_number", "answered", "outcome", "cause", "new_destination", "ring_seconds",
        "talk_seconds", "party_number", "call_id",
    )} == {
        "event_type": "busy", "line": ALICE, "line_number": "1000", "answered": True, "outcome": "busy",
        "cause": "BUSY", "new_destination": "1003", "ring_seconds": 1.5, "talk_seconds": 2.5, "party_number": "1001",
        "call_id": f"{ALICE}-1",
    }  # fmt: skip
    coordinator._handle_event(CallStarted(at=NOW, line=ALICE, call=call(CallState.DIALING)))
    assert attributes_of(home, state)["last_outcome"] == "busy", "it is kept while the next call goes on"
    assert attributes_of(home, "event.alice_martin_call")["outcome"] is None
    before = home.states.get("event.alice_martin_call")
    coordinator._handle_event(CallStarted(at=NOW, line=ALICE, call=call(CallState.RELEASING)))
    assert home.states.get("event.alice_martin_call") is before, "not a step that anyone waits for"


# --------------------------------------------------------------------------------------------------------- connection


def status(coordinator: PbxCoordinator, now: Status, reason: str | None = None) -> None:
    previous = Status.ONLINE if now is not Status.ONLINE else Status.OFFLINE
    coordinator._handle_event(StatusChanged(at=NOW, status=now, previous=previous, reason=reason))


async def test_lost_and_back_each_once(
    home: HomeAssistant, coordinator: PbxCoordinator, written: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="custom_components.pbx.coordinator")
    enabled = {item.entity_id for item in ours(home) if not item.disabled}
    written.clear()
    status(coordinator, Status.ONLINE)
    assert written == [], "it was online"
    status(coordinator, Status.OFFLINE, "no answer for 30 s")
    assert sorted(written) == sorted(enabled)
    assert "Office is unavailable: no answer for 30 s" in caplog.messages
    written.clear()
    status(coordinator, Status.OFFLINE, "refused")
    status(coordinator, Status.CONNECTING)
    assert written == []
    assert len(caplog.messages) == 1
    coordinator.data[ALICE] = msgspec.structs.replace(coordinator.data[ALICE], busy=True)
    status(coordinator, Status.ONLINE)
    assert sorted(written) == sorted(enabled)
    assert state_of(home, "sensor.alice_martin_call_state") == "idle", "the newest snapshot of every line"
    assert caplog.messages[1:] == ["Office is available again"]
    written.clear()
    push(coordinator, counters=coordinator.data[ALICE].counters)
    assert written == [], "what shows the same as after the reconnect is not written again"
    status(coordinator, Status.OFFLINE)
    assert caplog.messages[2:] == ["Office is unavailable: the connection was lost"]


async def test_closing_is_not_worth_a_line_in_the_log(
    home: HomeAssistant, coordinator: PbxCoordinator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="custom_components.pbx.coordinator")
    status(coordinator, Status.CLOSED)
    assert state_of(home, "sensor.alice_martin_call_state") == "unavailable"
    assert not caplog.messages
    assert not home.config_entries.flow.async_progress(), "nothing is wrong with the account"


async def test_an_account_that_is_no_longer_accepted(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    with patch.object(Pbx, "error", new_callable=PropertyMock, return_value=AuthenticationFailed("Wrong password.")):
        status(coordinator, Status.OFFLINE)
        status(coordinator, Status.CONNECTING)
        await home.async_block_till_done()
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


# ------------------------------------------------------------------------------------------------------ lines and more


async def test_lines_come_and_go(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    registry = dr.async_get(home)

    def device(line: str) -> Any:
        return registry.async_get_device_by_identifier(coordinator.identifier(line), coordinator.config_entry.entry_id)

    updates: list[None] = []
    end = coordinator.async_add_listener(lambda: updates.append(None))
    entities = len(ours(home))
    forward = Routing(forward=Forward(target=Target.NUMBER, number="1003"))
    again = msgspec.structs.replace(coordinator.data[BOB], routing=forward)
    coordinator._handle_event(LineAdded(at=NOW, line=BOB, snapshot=again))
    await home.async_block_till_done()
    assert coordinator.data[BOB] is again
    assert coordinator.memory[BOB].draft.number == "1003"
    assert len(ours(home)) == entities, "its entities are there already"
    assert len(updates) == 1
    assert device(BOB) is not None

    coordinator._handle_event(LineRemoved(at=NOW, line=BOB))
    await home.async_block_till_done()
    assert len(updates) == 2
    assert BOB not in coordinator.data
    assert BOB not in coordinator.memory
    assert device(BOB) is None
    assert device(ALICE) is not None
    assert home.states.get("sensor.bob_keller_call_state") is None
    coordinator._handle_event(LineRemoved(at=NOW, line=BOB))

    coordinator._handle_event(LineAdded(at=NOW, line=BOB, snapshot=again))
    await home.async_block_till_done()
    assert len(ours(home)) == entities
    assert state_of(home, "switch.bob_keller_forward") == "on"
    end()


async def test_an_entity_of_a_line_that_is_gone_is_unavailable(
    home: HomeAssistant, coordinator: PbxCoordinator
) -> None:
    entity = home.data["entity_components"]["sensor"].get_entity("sensor.alice_martin_call_state")
    button = home.data["entity_components"]["button"].get_entity("button.alice_martin_answer")
    assert entity.available
    snapshot = coordinator.data.pop(ALICE)
    assert not entity.available
    assert not button.available
    coordinator.data[ALICE] = snapshot
    coordinator.last_update_success = False
    assert not entity.available


async def test_diagnostics_and_devices_while_the_pbx_is_away(home: HomeAssistant, simulator: Simulator) -> None:
    """An entry that is being retried has no coordinator yet: nothing trips over that."""
    entry = await set_up(home, make_entry(administrator(simulator, url="http://127.0.0.1:1")))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    diagnostics = await async_get_config_entry_diagnostics(home, entry)
    assert diagnostics["available"] is False
    assert diagnostics["reason"] == "cannot_connect"
    assert diagnostics["entry"]["data"]["kind"] == "o2g_administrator"
    assert "password" not in diagnostics["entry"]["data"], "what is not listed is not in it"
    registry = dr.async_get(home)
    line = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "gone")})
    assert await async_remove_config_entry_device(home, entry, line), "the user knows that it is gone"
    own = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, entry.unique_id)})
    assert not await async_remove_config_entry_device(home, entry, own)


async def test_the_pbx_has_no_device_that_can_be_removed(
    home: HomeAssistant, coordinator: PbxCoordinator, entry: MockConfigEntry
) -> None:
    own = dr.async_get(home).async_get(coordinator.device_id)
    assert own is not None
    assert not await async_remove_config_entry_device(home, entry, own)


async def test_a_line_without_calls_answers_by_itself(home: HomeAssistant, simulator: Simulator) -> None:
    """Where the licence shows no calls, the buttons are always there, and the line itself is what answers."""
    await set_up(home, make_entry(user(simulator)))
    coordinator: PbxCoordinator = home.config_entries.async_entries(DOMAIN)[0].runtime_data
    push(coordinator, features=frozenset(), calls=())
    blind = msgspec.structs.replace(coordinator.data[ALICE], features=frozenset())
    with (
        patch.object(Line, "snapshot", new_callable=PropertyMock, return_value=blind),
        patch.object(Line, "answer") as answered,
        patch.object(Line, "hang_up") as hung_up,
    ):
        for name in ("answer", "hang_up"):
            await home.services.async_call(
                "button", "press", {"entity_id": f"button.alice_martin_{name}"}, blocking=True
            )
    answered.assert_awaited_once_with()
    hung_up.assert_awaited_once_with()


async def test_a_refresh_while_offline_says_why(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    changes = async_capture_events(home, "state_changed")
    with patch.object(Pbx, "status", new_callable=PropertyMock, return_value=Status.CONNECTING):
        await coordinator.async_refresh()
    assert not coordinator.last_update_success
    assert coordinator.last_exception is not None
    assert coordinator.last_exception.translation_key == "offline_now"  # type: ignore[attr-defined]
    assert coordinator.last_exception.translation_domain == DOMAIN  # type: ignore[attr-defined]
    assert changes
    before = coordinator.data
    await coordinator.async_refresh()
    assert coordinator.last_update_success
    assert coordinator.data is before


@pytest.mark.parametrize(
    ("kind", "product", "version", "model", "manufacturer"),
    [
        ("o2g_administrator", "OpenTouch O2G", "2.7.5", "OpenTouch O2G", "Alcatel-Lucent Enterprise"),
        ("o2g_administrator", "", "", "O2G", "Alcatel-Lucent Enterprise"),
        ("o2g_user", "OpenTouch O2G", "2.7.5", "OpenTouch O2G", "Alcatel-Lucent Enterprise"),
        ("myrcc", "Istra", "5.2", "Istra myRCC", "Centile"),
        ("demo", "OpenTouch O2G", "2.7.5", "Simulated PBX", None),
    ],
)
async def test_the_device_of_the_pbx(
    home: HomeAssistant,
    coordinator: PbxCoordinator,
    kind: str,
    product: str,
    version: str,
    model: str,
    manufacturer: str | None,
) -> None:
    info = SystemInfo(product=product, version=version)
    with (
        patch.object(Pbx, "info", new_callable=PropertyMock, return_value=info),
        patch.object(PbxCoordinator, "kind", new_callable=PropertyMock, return_value=KINDS[kind]),
    ):
        coordinator._tidy_devices()
    device = dr.async_get(home).async_get(coordinator.device_id)
    assert device is not None
    assert device.identifiers == {(DOMAIN, coordinator.base)}
    assert (device.name, device.model, device.manufacturer) == ("Office", model, manufacturer)
    assert device.sw_version == (version or None)
    assert device.entry_type is dr.DeviceEntryType.SERVICE


async def test_the_device_of_a_line(home: HomeAssistant, coordinator: PbxCoordinator) -> None:
    registry, entry_id = dr.async_get(home), coordinator.config_entry.entry_id
    bare = LineSnapshot(id="t1", features=coordinator.data[ALICE].features)
    named = {**coordinator.pbx.lines, "t1": coordinator.pbx.lines[ALICE]}
    with (
        patch.object(Pbx, "lines", new_callable=PropertyMock, return_value=named),
        patch.object(PbxCoordinator, "kind", new_callable=PropertyMock, return_value=KINDS["myrcc"]),
    ):
        coordinator._handle_event(LineAdded(at=NOW, line="t1", snapshot=bare))
        await home.async_block_till_done()
    device = registry.async_get_device_by_identifier((DOMAIN, f"{coordinator.base}_t1"), entry_id)
    assert device is not None
    assert (device.name, device.model, device.manufacturer) == ("t1", "Extension", "Centile")
    assert device.via_device_id == coordinator.device_id
    alice = registry.async_get_device_by_identifier((DOMAIN, f"{coordinator.base}_{ALICE}"), entry_id)
    assert alice is not None
    assert (alice.name, alice.model, alice.manufacturer) == ("Alice Martin", "Line 1000", None)


async def test_the_demo_ends_with_its_entry(home: HomeAssistant) -> None:
    entry = await set_up(home, make_entry({"kind": "demo"}))
    assert entry.state is ConfigEntryState.LOADED
    pbx, demo = entry.runtime_data.pbx, entry.runtime_data.connection.demo
    with (
        patch.object(demo.player, "stop", side_effect=demo.player.stop) as player,
        patch.object(demo.simulator, "stop", side_effect=demo.simulator.stop) as simulator,
    ):
        assert await home.config_entries.async_unload(entry.entry_id)
    player.assert_called_once_with()
    simulator.assert_called_once_with()
    assert pbx.status is Status.CLOSED
