"""Istra in Home Assistant: which entities each interface has, what they show and do, and what cannot be done there."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from custom_components.pbx.aiopbx import CallerId, CallerIdChoice, Feature, Line, OutcomeUnknown
from custom_components.pbx.aiopbx.istra import crm
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, SwitchError, UserSpec
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.diagnostics import async_get_config_entry_diagnostics
from tests.integration.automations import data as trigger_of, on
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    act,
    attributes_of,
    do,
    istra,
    make_entry,
    ours,
    set_up,
    state_of,
    until,
    until_state,
    user,
)

KINDS = ("myrcc", "mycrm", "myistra")
TERMINAL = "sip_generic_device"
CHOICE, NUMBER = "select.alice_martin_caller_id", "text.alice_martin_caller_id_number"


@pytest.fixture
async def simulator(loopback: None) -> AsyncIterator[Simulator]:
    """An office of four on an Istra: Alice 1000 (+15550100), Bob 1001, Carol 1002, David 1003."""
    people = (("Alice", "Martin"), ("Bob", "Keller"), ("Carol", "Diaz"), ("David", "Okafor"))
    users = tuple(
        UserSpec(
            login=f"oxe{1000 + index}",
            number=str(1000 + index),
            first_name=first,
            last_name=last,
            pstn_numbers=(f"+1555010{index}",),
        )
        for index, (first, last) in enumerate(people)
    )
    async with Simulator(SimulatorSettings(istra=True, users=users, caller_ids=("+1555*",))) as running:
        yield running
        for ref in list(running.switch.calls):
            with suppress(SwitchError):
                running.switch.external_hang_up(ref)
        for login in running.switch.users:
            for call in running.switch.calls_of(login):
                with suppress(SwitchError):
                    running.switch.drop(login, call.ref)


@pytest.fixture
async def office(home: HomeAssistant, simulator: Simulator, all_entities_enabled: None) -> MockConfigEntry:
    """The enterprise, through myRCC."""
    return await set_up(home, make_entry(istra(simulator, "myrcc")))


@pytest.fixture
async def terminal(home: HomeAssistant, simulator: Simulator, all_entities_enabled: None) -> MockConfigEntry:
    """Alice's telephone, through myCrm."""
    return await set_up(home, entry_of(simulator, "mycrm"))


@pytest.fixture
async def messages(home: HomeAssistant, simulator: Simulator, all_entities_enabled: None) -> MockConfigEntry:
    """Alice's messages, through myIstra."""
    return await set_up(home, entry_of(simulator, "myistra"))


def entry_of(simulator: Simulator, kind: str) -> MockConfigEntry:
    """Return an entry beside others."""
    return MockConfigEntry(
        domain=DOMAIN, title=kind, unique_id=kind, data=istra(simulator, kind), options={"all_lines": True}
    )


def device_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the device of an entity."""
    found = next(item.device_id for item in ours(hass) if item.entity_id == entity_id)
    assert found is not None
    return found


# ----------------------------------------------------------------------------------------------- entities and devices


@pytest.mark.parametrize("kind", KINDS)
async def test_the_entities_of_each_interface(
    home: HomeAssistant, simulator: Simulator, kind: str, snapshot: SnapshotAssertion, all_entities_enabled: None
) -> None:
    """All entities of one line as the registries and the state machine have them: what there is, and nothing else."""
    entry = make_entry(istra(simulator, kind))
    object.__setattr__(entry, "entry_id", "01ENTRY")
    await set_up(home, entry)
    mine = [item for item in ours(home) if not any(name in item.entity_id for name in ("bob", "carol", "david"))]
    for item in sorted(mine, key=lambda item: item.entity_id):
        assert item == snapshot(name=f"{item.entity_id}-entry")
        assert home.states.get(item.entity_id) == snapshot(name=f"{item.entity_id}-state")
    switches = {item.translation_key for item in mine if item.domain == "switch"}
    assert switches == ({"recording"} if kind == "myrcc" else set()), "Istra has neither do not disturb nor forwards"


@pytest.mark.parametrize("kind", KINDS)
async def test_entities_follow_the_features(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    """An entity is there exactly where its feature is."""
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    for line in entry.runtime_data.pbx.lines.values():
        identifier = f"{entry.unique_id}_{line.id}_"
        keys = {item.unique_id.removeprefix(identifier) for item in ours(home) if identifier in item.unique_id}
        expected = {
            Feature.CALL_EVENTS: {"call_state", "other_party", "active_calls", "ringing", "on_a_call", "call"},
            Feature.COUNTERS: {"missed_calls", "voicemails", "new_texts"},
            Feature.CALLER_ID: {"caller_id_choice", "caller_id_number"},
            Feature.ANSWER: {"answer"},
            Feature.HANG_UP: {"hang_up"},
            Feature.DEVICE_STATES: {"in_service"},
            Feature.RECORDING: {"recording"},
        }
        assert keys == set().union(*(names for feature, names in expected.items() if feature in line.features))


@pytest.mark.parametrize(
    ("kind", "model", "line_model", "maker"),
    [
        ("myrcc", "Istra myRCC", "Extension 1000", "Centile"),
        ("mycrm", "Istra myCrm", "Terminal", None),
        ("myistra", "Istra myIstra", "User", "Centile"),
    ],
)
async def test_devices(
    home: HomeAssistant, simulator: Simulator, kind: str, model: str, line_model: str, maker: str | None
) -> None:
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    registry = dr.async_get(home)
    pbx = registry.async_get_device_by_identifier((DOMAIN, entry.unique_id), entry.entry_id)
    assert pbx is not None
    assert (pbx.manufacturer, pbx.model) == ("Centile", model)
    lines = [item for item in dr.async_entries_for_config_entry(registry, entry.entry_id) if item.id != pbx.id]
    assert len(lines) == {"myrcc": 4, "mycrm": 1, "myistra": 1}[kind]
    first = min(lines, key=lambda item: item.name or "")
    assert (first.manufacturer, first.model) == (maker, line_model)
    assert all(line.via_device_id == pbx.id for line in lines)
    assert first.name == ("SIP generic device" if kind == "mycrm" else "Alice Martin")


# --------------------------------------------------------------------------------------------------------------- calls


async def test_a_call_of_the_office(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """Dialled by the action, seen in the switch, answered, held, taken back and ended."""
    answer = await do(home, "dial", respond=True, line="1000", number="1001")
    assert answer["call_id"]
    [call] = simulator.switch.calls.values()
    if state_of(home, "sensor.alice_martin_call_state") == "dialing":
        simulator.switch.answer(ALICE, call.ref, "1000")  # the own telephone rings first
    await until_state(home, "sensor.alice_martin_call_state", "ringing_outgoing")
    await until_state(home, "sensor.bob_keller_call_state", "ringing_incoming")
    assert attributes_of(home, "sensor.bob_keller_call_state")["party_name"] == "Alice Martin"
    await act(home, "button.press", "button.bob_keller_answer")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await do(home, "hold", call_id=answer["call_id"])
    await until_state(home, "sensor.alice_martin_call_state", "held")
    await do(home, "retrieve", line="1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await do(home, "send_dtmf", line="1000", digits="42#")
    await do(home, "hang_up", call_id=answer["call_id"])
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    await until_state(home, "sensor.bob_keller_call_state", "idle")
    assert attributes_of(home, "sensor.alice_martin_call_state")["last_outcome"] == "answered"
    await until(lambda: not simulator.switch.calls_of(ALICE))


async def test_add_a_party(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    call = simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    simulator.switch.answer(BOB, call.ref, "1001")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await do(home, "add_party", line="1000", number="1002")
    await until_state(home, "sensor.carol_diaz_call_state", "ringing_incoming")
    await do(home, "answer", line="1002")
    await until_state(home, "sensor.carol_diaz_call_state", "active")
    await do(home, "hang_up", line="1000", everybody=True)
    for name in ("alice_martin", "bob_keller", "carol_diaz"):
        await until_state(home, f"sensor.{name}_call_state", "idle")


async def test_redirect_and_transfer(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    simulator.switch.incoming_external("+15550123", "1000", "Northwind Bakery")
    await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    await do(home, "redirect", line="1000", number="1001")
    await until_state(home, "binary_sensor.bob_keller_ringing", "on")
    await until_state(home, "binary_sensor.alice_martin_ringing", "off")
    await do(home, "answer", line="1001")
    await until_state(home, "sensor.bob_keller_call_state", "active")
    await do(home, "transfer", line="1001", number="1002")
    await until_state(home, "binary_sensor.carol_diaz_ringing", "on")
    await until_state(home, "sensor.bob_keller_call_state", "idle")


async def test_a_call_at_the_terminal(home: HomeAssistant, simulator: Simulator, terminal: MockConfigEntry) -> None:
    """The calls of the telephone are shown, with the times that the server reports at the end; and it dials."""
    assert state_of(home, f"binary_sensor.{TERMINAL}_in_service") == "unknown"
    state, event = f"sensor.{TERMINAL}_call_state", f"event.{TERMINAL}_call"
    call = simulator.switch.incoming_external("+15550123", "1000", "Northwind Bakery")
    await until_state(home, state, "ringing_incoming")
    assert attributes_of(home, state)["direction"] == "incoming"
    assert state_of(home, f"binary_sensor.{TERMINAL}_ringing") == "on"
    # The first report of the terminal is that it rings.
    assert state_of(home, f"binary_sensor.{TERMINAL}_in_service") == "on"
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(home, state, "active")
    simulator.switch.external_hang_up(call.ref)
    await until_state(home, state, "idle")
    assert attributes_of(home, event)["event_type"] == "ended"
    assert attributes_of(home, event)["talk_seconds"] is not None
    assert attributes_of(home, event)["ring_seconds"] is not None

    line = next(iter(terminal.runtime_data.data))
    await do(home, "dial", line=line, number="1001", timeout=0)
    await until(lambda: simulator.switch.calls_of(ALICE), "the own telephone rings first")
    [call] = simulator.switch.calls_of(ALICE)
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(home, state, "ringing_outgoing")
    simulator.switch.drop(ALICE, call.ref)
    await until_state(home, state, "idle")
    assert attributes_of(home, event)["event_type"] == "cancelled"


async def test_a_terminal_out_of_service(home: HomeAssistant, simulator: Simulator, terminal: MockConfigEntry) -> None:
    """Its report when someone dials is shown, and the error has its reason."""
    simulator.switch.set_device_state("1000", "OUT_OF_SERVICE")
    with pytest.raises(HomeAssistantError) as refused:
        await do(home, "dial", line=next(iter(terminal.runtime_data.data)), number="1001")
    assert not isinstance(refused.value, ServiceValidationError)
    assert "out of service" in refused.value.translation_placeholders["reason"]
    await until_state(home, f"binary_sensor.{TERMINAL}_in_service", "off")
    await until_state(home, f"sensor.{TERMINAL}_call_state", "out_of_service")
    assert state_of(home, "binary_sensor.mycrm_connection") == "on"


async def test_a_user_dials(home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry) -> None:
    """MyIstra dials, too, and shows nothing of the call: so there is no id to answer with."""
    answer = await do(home, "dial", respond=True, line=ALICE, number="1001", timeout=0)
    only = {"call_id": None, "line": ALICE, "number": "1001"}
    assert answer == only | {"calls": [only]}
    await until(lambda: simulator.switch.calls_of(ALICE))


@pytest.mark.parametrize(
    ("kind", "action", "data"),
    [
        ("myrcc", "set_forward", {"number": "1001"}),
        ("mycrm", "answer", {}),
        ("mycrm", "hang_up", {}),
        ("mycrm", "hold", {}),
        ("mycrm", "retrieve", {}),
        ("mycrm", "transfer", {"number": "1001"}),
        ("mycrm", "redirect", {"number": "1001"}),
        ("mycrm", "conference", {}),
        ("mycrm", "add_party", {"number": "1001"}),
        ("mycrm", "send_dtmf", {"digits": "1"}),
        ("mycrm", "set_forward", {"number": "1001"}),
        ("myistra", "answer", {}),
        ("myistra", "hang_up", {}),
        ("myistra", "hold", {}),
        ("myistra", "set_forward", {"target": "none"}),
    ],
)
async def test_what_a_system_cannot_do(
    home: HomeAssistant, simulator: Simulator, kind: str, action: str, data: dict[str, Any]
) -> None:
    """The action says so, naming line and system, and nothing is sent."""
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    line = min(entry.runtime_data.data.values(), key=lambda line: line.name)
    simulator.switch.incoming_external("+15550123", "1000")
    if kind == "mycrm":
        await until_state(home, f"sensor.{TERMINAL}_call_state", "ringing_incoming")
    before = simulator.istra.requests
    with pytest.raises(ServiceValidationError) as cannot:
        await do(home, action, line=line.id, **data)
    assert cannot.value.translation_key == "line_cannot"
    assert cannot.value.translation_placeholders == {
        "line": line.name,
        "action": action.replace("_", " "),
        "system": {"myrcc": "Istra myRCC", "mycrm": "Istra myCrm", "myistra": "Istra myIstra"}[kind],
    }
    assert simulator.istra.requests == before


@pytest.mark.parametrize("kind", KINDS)
async def test_what_only_o2g_dials(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    line = next(iter(entry.runtime_data.data))
    for data in ({"pin": "1"}, {"business_code": "1"}, {"associated_data": "x"}):
        with pytest.raises(ServiceValidationError) as cannot:
            await do(home, "dial", line=line, number="1001", **data)
        assert cannot.value.translation_key == "not_supported"
    assert not simulator.switch.calls


async def test_the_dial_policy_holds_here_too(home: HomeAssistant, simulator: Simulator) -> None:
    await set_up(home, make_entry(istra(simulator, "myrcc"), denied=["9*"]))
    with pytest.raises(ServiceValidationError) as forbidden:
        await do(home, "dial", line="1000", number="9001")
    assert forbidden.value.translation_key == "input_policy_denied"
    assert not simulator.switch.calls


async def test_what_the_server_refuses(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    """Its own reason arrives, and the connection lives on."""
    simulator.switch.set_device_state("1000", "OUT_OF_SERVICE")
    with pytest.raises(HomeAssistantError) as refused:
        await do(home, "dial", line="1000", number="1001")
    assert not isinstance(refused.value, ServiceValidationError)
    assert "out of service" in refused.value.translation_placeholders["reason"]
    assert state_of(home, "binary_sensor.office_connection") == "on"


async def test_triggers(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    events = await on(home, "call_missed", target={"entity_id": "sensor.alice_martin_call_state"})
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    simulator.switch.external_hang_up(call.ref)
    await until(lambda: len(events) == 1, "the missed call triggers")


async def test_any_operation(home: HomeAssistant, simulator: Simulator, office: MockConfigEntry) -> None:
    answer = await do(home, "call_operation", respond=True, operation="extension_page", arguments={"length": 2})
    assert answer["operation"] == "extension_page"
    assert answer["status"] == 200
    assert "1000" in str(answer["data"])
    with pytest.raises(ServiceValidationError) as refused:
        await do(home, "call_operation", operation="place_call", arguments={"extension_id": "1000"})
    assert refused.value.translation_key == "input_argument_missing"


async def test_missed_calls_of_a_line_that_shows_none(
    home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry
) -> None:
    """MyIstra shows no calls; its counter says that one was missed, and its log which."""
    events = await on(home, "call_missed")
    await until(lambda: messages.runtime_data.data[ALICE].counters.missed_calls == 0)
    for count, caller in enumerate(("+15550123", "+15550124"), 1):
        call = simulator.switch.incoming_external(caller, "1000")
        simulator.switch.external_hang_up(call.ref)
        await until(lambda count=count: len(events) == count)
        assert trigger_of(events[-1])["call"]["party_number"] == caller


# ------------------------------------------------------------------------------------------------ counters, caller ID


async def test_counters(home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry) -> None:
    """A missed call, a voicemail and a text arrive by themselves, and go again."""
    for key in ("missed_calls", "unread_voicemails", "unread_texts"):
        await until_state(home, f"sensor.alice_martin_{key}", "0")
    switch = simulator.switch
    call = switch.incoming_external("+15550123", "1000")
    switch.external_hang_up(call.ref)
    await until_state(home, "sensor.alice_martin_missed_calls", "1")
    call = switch.make_call(BOB, "1001", "1000", auto_answer=True)
    switch.overflow_to_voicemail(BOB, call.ref)
    switch.drop(BOB, call.ref)
    await until_state(home, "sensor.alice_martin_unread_voicemails", "1")
    switch.send_text(BOB, "1000", "Lunch?")
    await until_state(home, "sensor.alice_martin_unread_texts", "1")

    switch.acknowledge_missed(ALICE)
    await until_state(home, "sensor.alice_martin_missed_calls", "0")
    switch.read_voicemails(ALICE)
    await until_state(home, "sensor.alice_martin_unread_voicemails", "0")
    switch.read_text(ALICE)
    await until_state(home, "sensor.alice_martin_unread_texts", "0")
    assert home.states.get("sensor.alice_martin_call_back_requests") is None


async def test_the_caller_id_there_and_back(
    home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry
) -> None:
    assert (state_of(home, CHOICE), state_of(home, NUMBER)) == ("from_presence", "+15550100")
    # as people write numbers
    await act(home, "text.set_value", NUMBER, value="+1 (555) 01-99")
    assert simulator.switch.users[ALICE].caller_id == "+15550199"
    await until_state(home, NUMBER, "+15550199")
    assert state_of(home, CHOICE) == "manual"
    await act(home, "select.select_option", CHOICE, option="from_presence")
    assert simulator.switch.users[ALICE].caller_id is None
    await until_state(home, CHOICE, "from_presence")
    await until_state(home, NUMBER, "+15550100")
    # the number that was chosen last is taken again
    await act(home, "select.select_option", CHOICE, option="manual")
    assert simulator.switch.users[ALICE].caller_id == "+15550199"
    await until_state(home, NUMBER, "+15550199")


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("my number", "input_caller_id"),
        ("+1555019900000000", "input_caller_id"),
        ("--", "input_caller_id"),
        ("  ", "caller_id_missing"),
    ],
)
async def test_a_caller_id_that_is_no_number(
    home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry, value: str, key: str
) -> None:
    before = simulator.istra.requests
    with pytest.raises(ServiceValidationError) as wrong:
        await act(home, "text.set_value", NUMBER, value=value)
    assert wrong.value.translation_key == key
    if key == "input_caller_id":
        assert wrong.value.translation_placeholders["value"] == value, "it is named as it was typed"
    assert simulator.istra.requests == before
    assert state_of(home, CHOICE) == "from_presence"


async def test_a_caller_id_that_the_platform_does_not_accept(
    home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry
) -> None:
    with pytest.raises(HomeAssistantError) as refused:
        await act(home, "text.set_value", NUMBER, value="+33155501")
    assert refused.value.translation_key == "refused"
    assert state_of(home, NUMBER) == "+15550100"


def report_caller_id(entry: MockConfigEntry, caller_id: CallerId) -> None:
    """Let the line show this caller ID, as if the platform had reported it."""
    coordinator = entry.runtime_data
    coordinator.data[ALICE] = msgspec.structs.replace(coordinator.data[ALICE], caller_id=caller_id)
    coordinator.async_notify(ALICE, frozenset({"caller_id"}))


async def test_a_caller_id_by_hand_without_any_number(
    home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry
) -> None:
    """Nothing is known that could be shown: which number is meant has to be said first."""
    report_caller_id(messages, CallerId(choice=CallerIdChoice.FROM_PRESENCE))
    assert state_of(home, NUMBER) == "unknown"
    before = simulator.istra.requests
    with pytest.raises(ServiceValidationError) as missing:
        await act(home, "select.select_option", CHOICE, option="manual")
    assert missing.value.translation_key == "caller_id_missing"
    assert simulator.istra.requests == before


async def test_a_choice_that_is_unknown(home: HomeAssistant, messages: MockConfigEntry) -> None:
    """A newer platform may have other choices: unknown, not an error; and the number is shown all the same."""
    report_caller_id(messages, CallerId(choice=CallerIdChoice.UNKNOWN, number="+15550177"))
    assert (state_of(home, CHOICE), state_of(home, NUMBER)) == ("unknown", "+15550177")


async def test_a_caller_id_that_was_changed_elsewhere(
    home: HomeAssistant, simulator: Simulator, messages: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The platform does not push it; an update reads it again."""
    assert await async_setup_component(home, "homeassistant", {})
    update = {"entity_id": [CHOICE]}
    simulator.switch.set_caller_id(ALICE, "+15550177")
    await home.services.async_call("homeassistant", "update_entity", update, blocking=True)
    await until_state(home, NUMBER, "+15550177")
    assert state_of(home, CHOICE) == "manual"
    with patch.object(Line, "refresh_caller_id", side_effect=OutcomeUnknown("No answer.")):
        await home.services.async_call("homeassistant", "update_entity", update, blocking=True)
    assert "Cannot read the caller ID of Alice Martin: No answer." in caplog.text
    await simulator.stop(abrupt=True)
    await until_state(home, CHOICE, "unavailable")
    with patch.object(Line, "refresh_caller_id") as asked:
        await home.services.async_call("homeassistant", "update_entity", update, blocking=True)
    assert not asked.called


# ------------------------------------------------------------------------------------------------- offline and secrets


@pytest.mark.parametrize("kind", KINDS)
async def test_offline_and_back(
    home: HomeAssistant, simulator: Simulator, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything goes unavailable once and comes back right; a call that ended meanwhile is over.

    On myCrm that is not known before it has rung for too long.
    """
    monkeypatch.setattr(crm, "RINGS", 1.0)
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    probe = {
        "myrcc": "sensor.alice_martin_call_state",
        "mycrm": f"sensor.{TERMINAL}_call_state",
        "myistra": "sensor.alice_martin_missed_calls",
    }[kind]
    call = simulator.switch.incoming_external("+15550123", "1000")
    if kind != "myistra":
        await until_state(home, probe, "ringing_incoming")
    changes = async_capture_events(home, "state_changed")
    available = [
        item.entity_id for item in ours(home) if not item.disabled and state_of(home, item.entity_id) != "unavailable"
    ]
    await simulator.stop(abrupt=True)
    await until_state(home, probe, "unavailable")
    still = {name for name in available if state_of(home, name) != "unavailable"}
    assert still == {"binary_sensor.office_connection"}
    gone = [event.data["entity_id"] for event in changes if event.data["new_state"].state == "unavailable"]
    assert len(gone) == len(set(gone)), "each of them once"
    line = next(iter(entry.runtime_data.data))
    with pytest.raises(HomeAssistantError) as offline:
        await do(home, "dial", line=line, number="1001")
    assert offline.value.translation_key == "offline"

    simulator.switch.external_hang_up(call.ref)
    await simulator.start()
    await until_state(home, probe, "1" if kind == "myistra" else "idle", timeout=30)
    assert state_of(home, "binary_sensor.office_connection") == "on"
    if kind != "myistra":
        again = simulator.switch.incoming_external("+15550123", "1000")
        await until_state(home, probe, "ringing_incoming")
        simulator.switch.external_hang_up(again.ref)
        await until_state(home, probe, "idle")


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_left_on_the_server(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    assert entry.state is ConfigEntryState.LOADED
    assert len(simulator.istra.sessions) == 1
    assert await home.config_entries.async_unload(entry.entry_id)
    await until(lambda: not simulator.istra.connections and not len(simulator.istra.sessions), "all is given back")


@pytest.mark.parametrize("kind", KINDS)
async def test_diagnostics(
    home: HomeAssistant, simulator: Simulator, kind: str, snapshot: SnapshotAssertion, all_entities_enabled: None
) -> None:
    entry = await set_up(home, make_entry(istra(simulator, kind)))
    simulator.switch.incoming_external("+15550123", "1000", "Northwind Bakery")
    ringing = {"myrcc": "alice_martin", "mycrm": TERMINAL}
    if kind in ringing:
        await until_state(home, f"binary_sensor.{ringing[kind]}_ringing", "on")
    diagnostics = await async_get_config_entry_diagnostics(home, entry)
    text = json.dumps(diagnostics, default=str)
    secrets = [
        "Alice",
        "Bakery",
        "5550123",
        ALICE,
        '"1000"',
        '"admin"',
        '"secret"',
        '"example"',
        "SESSIONID",
        "5550100",
    ]
    secrets += [f'"{line}"' for line in entry.runtime_data.data]
    for secret in secrets:
        assert secret not in text, secret
    assert diagnostics["client"]["recent_events"]
    volatile = props("url", "statistics", "recent_events", "version")
    assert diagnostics == snapshot(exclude=volatile)


async def test_every_system_at_once(home: HomeAssistant, simulator: Simulator) -> None:
    """One call, seen through O2G, myRCC and myCrm alike; the ids of their entities do not meet."""
    entries = [
        MockConfigEntry(domain=DOMAIN, title=data["kind"], unique_id=data["kind"], data=data, options={})
        for data in (user(simulator), *(istra(simulator, kind) for kind in KINDS))
    ]
    for entry in entries:
        await set_up(home, entry)
    assert all(entry.state is ConfigEntryState.LOADED for entry in entries)
    items = ours(home)
    assert len({item.unique_id for item in items}) == len(items)
    states = [
        item.entity_id
        for item in items
        if item.unique_id.endswith("_call_state")
        and home.states.get(item.entity_id) is not None
        and item.entity_id.startswith((f"sensor.{TERMINAL}", "sensor.alice_martin"))
    ]
    assert len(states) == 3
    call = simulator.switch.make_call(CAROL, "1002", "1000", auto_answer=True)
    for name in states:
        await until_state(home, name, "ringing_incoming")
    simulator.switch.answer(ALICE, call.ref, "1000")
    for name in states:
        await until_state(home, name, "active")
    with pytest.raises(ServiceValidationError) as ambiguous:
        await do(home, "hang_up", line="1000")
    assert ambiguous.value.translation_key == "line_ambiguous"
    await do(home, "hang_up", device_id=device_of(home, states[0]))
    for name in states:
        await until_state(home, name, "idle")


@pytest.mark.parametrize("kind", ["myrcc", "mycrm", "myistra"])
async def test_a_line_has_at_most_eight_entities(home: HomeAssistant, simulator: Simulator, kind: str) -> None:
    """And one that shows no calls has its counters enabled, for it has little else."""
    await set_up(home, entry_of(simulator, kind))

    def enabled() -> Counter[str]:
        return Counter(str(one.device_id) for one in ours(home) if one.disabled_by is None)

    await until(lambda: len(enabled()) > 1)
    assert max(enabled().values()) <= 8
    if kind == "myistra":
        await until_state(home, "sensor.alice_martin_missed_calls", "0")
        await until_state(home, "sensor.alice_martin_unread_texts", "0")
