"""Every entity, from what happens on the switch to what Home Assistant shows, and back."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import slugify
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    mock_restore_cache,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.event import CALL
from tests.integration.helpers import (
    ALICE,
    BOB,
    act,
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


def events_of(hass: HomeAssistant, entity_id: str) -> list[dict[str, Any]]:
    """Return a list that fills with the attributes of every event of an event entity."""
    captured: list[dict[str, Any]] = []

    @callback  # else Home Assistant calls it in another thread, at some time and in any order
    def listen(event: Any) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] == entity_id and new is not None and new.attributes.get("event_type"):
            captured.append(dict(new.attributes))

    hass.bus.async_listen("state_changed", listen)
    return captured


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in events]


async def test_the_entities_of_a_line(
    home: HomeAssistant, simulator: Simulator, snapshot: SnapshotAssertion, all_entities_enabled: None
) -> None:
    """All entities of the PBX and of one line, as the registries and the state machine have them."""
    entry = make_entry(user(simulator))
    object.__setattr__(entry, "entry_id", "01ENTRY")
    await set_up(home, entry)
    await until_state(home, "switch.alice_martin_forward", "off")
    await until(lambda: state_of(home, "sensor.alice_martin_missed_calls") != "unknown")
    await until_state(home, "switch.alice_martin_telephone_lock", "off")
    await until_state(home, "switch.alice_martin_camp_on", "off")
    for item in sorted(ours(home), key=lambda item: item.entity_id):
        assert item == snapshot(name=f"{item.entity_id}-entry")
        assert home.states.get(item.entity_id) == snapshot(name=f"{item.entity_id}-state")


async def test_an_incoming_call(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = events_of(home, "event.alice_martin_call")
    call = simulator.switch.incoming_external("+15550123", "1000", "Northwind Bakery")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    assert state_of(home, "binary_sensor.alice_martin_ringing") == "on"
    assert state_of(home, "binary_sensor.alice_martin_on_a_call") == "off"
    assert state_of(home, "sensor.alice_martin_other_party") == "Northwind Bakery"
    assert state_of(home, "sensor.alice_martin_calls_in_progress") == "1"
    attributes = attributes_of(home, "sensor.alice_martin_call_state")
    assert attributes["direction"] == "incoming"
    assert attributes["party_name"] == "Northwind Bakery"
    assert attributes["party_number"] == "+15550123"
    assert attributes["called_number"] == "1000"
    assert attributes["call_id"]
    assert [item["call_id"] for item in attributes["calls"]] == [attributes["call_id"]]

    await act(home, "button.press", "button.alice_martin_answer")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    assert state_of(home, "binary_sensor.alice_martin_ringing") == "off"
    assert state_of(home, "binary_sensor.alice_martin_on_a_call") == "on"

    await act(home, "button.press", "button.alice_martin_hang_up")
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    assert state_of(home, "binary_sensor.alice_martin_on_a_call") == "off"
    assert state_of(home, "sensor.alice_martin_other_party") == "unknown"
    assert attributes_of(home, "sensor.alice_martin_call_state")["last_outcome"] == "answered"
    assert attributes_of(home, "sensor.alice_martin_call_state")["last_party"] == "Northwind Bakery"
    await until(lambda: types(events) == ["ringing", "answered", "ended"], "the events of the call")
    assert {event["call_id"] for event in events} == {attributes["call_id"]}
    assert events[-1]["outcome"] == "answered"
    assert call.ref


async def test_a_missed_call(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await until(lambda: state_of(home, "sensor.alice_martin_missed_calls") == "0")
    events = events_of(home, "event.alice_martin_call")
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    simulator.switch.external_hang_up(call.ref)
    await until_state(home, "binary_sensor.alice_martin_ringing", "off")
    await until(lambda: types(events) == ["ringing", "missed"], "a missed call")
    assert events[-1]["party_number"] == "+15550123"
    assert events[-1]["answered"] is False
    await until_state(home, "sensor.alice_martin_missed_calls", "1")
    assert attributes_of(home, "sensor.alice_martin_call_state")["last_outcome"] == "missed"


async def test_an_outgoing_call_with_hold(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    events = events_of(home, "event.alice_martin_call")
    switch = simulator.switch
    call = switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    await until_state(home, "sensor.alice_martin_call_state", "ringing_outgoing")
    await until_state(home, "sensor.bob_keller_call_state", "ringing_incoming")
    switch.answer(BOB, call.ref, "1001")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    switch.hold(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "held")
    assert state_of(home, "binary_sensor.alice_martin_on_a_call") == "on"
    switch.retrieve(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    switch.drop(BOB, call.ref)
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    expected = ["ringing_there", "answered", "held", "retrieved", "ended"]
    await until(lambda: [one for one in types(events) if one != "dialing"] == expected, "the events of the call")
    assert all(event["event_type"] in CALL.event_types for event in events)


async def test_a_call_that_is_transferred(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Whom one talks to changes without the state of the call doing so."""
    events = events_of(home, "event.bob_keller_call")
    switch = simulator.switch
    call = switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    switch.answer(BOB, call.ref, "1001")
    await until_state(home, "sensor.bob_keller_call_state", "active")
    second = switch.make_call(ALICE, "1000", "1002", auto_answer=True)
    switch.answer("oxe1002", second.ref, "1002")
    await until_state(home, "sensor.carol_diaz_call_state", "active")
    switch.transfer(ALICE, second.ref, call.ref)
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    await until_state(home, "sensor.bob_keller_other_party", "Carol Diaz")
    await until(lambda: "party_changed" in types(events), "an event for the change of the party")


async def test_do_not_disturb(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    name = "switch.alice_martin_do_not_disturb"
    await until_state(home, name, "off")
    await act(home, "switch.turn_on", name)
    assert simulator.switch.users[ALICE].do_not_disturb is True
    await until_state(home, name, "on")
    await act(home, "switch.turn_off", name)
    assert simulator.switch.users[ALICE].do_not_disturb is False
    await until_state(home, name, "off")
    simulator.switch.set_dnd(ALICE, True)
    await until_state(home, name, "on")


async def test_remote_extension(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Only who has one has the switch."""
    name = "switch.alice_martin_remote_extension"
    assert home.states.get("switch.carol_diaz_remote_extension") is None
    before = state_of(home, name)
    after = "off" if before == "on" else "on"
    await act(home, f"switch.turn_{after}", name)
    await until_state(home, name, after)
    await act(home, f"switch.turn_{before}", name)
    await until_state(home, name, before)


async def test_forward(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """Draft first, then on; changes while it is on take effect at once."""
    number, target, condition, forward = (
        "text.alice_martin_forward_number",
        "select.alice_martin_forward_to",
        "select.alice_martin_forward_when",
        "switch.alice_martin_forward",
    )
    await until_state(home, forward, "off")
    with pytest.raises(ServiceValidationError) as missing:
        await act(home, "switch.turn_on", forward)
    assert missing.value.translation_key == "forward_number_missing"

    await act(home, "text.set_value", number, value="1002")
    await act(home, "select.select_option", condition, option="busy")
    assert simulator.switch.users[ALICE].forward is None
    assert state_of(home, number) == "1002"
    await act(home, "switch.turn_on", forward)
    await until_state(home, forward, "on")
    route = simulator.switch.users[ALICE].forward
    assert (route.condition, route.target, route.number) == ("BUSY", "NUMBER", "1002")

    await act(home, "text.set_value", number, value="1003")
    await until(lambda: simulator.switch.users[ALICE].forward.number == "1003")
    await act(home, "select.select_option", condition, option="immediate")
    await until(lambda: simulator.switch.users[ALICE].forward.condition == "IMMEDIATE")
    with pytest.raises(ServiceValidationError):
        await act(home, "text.set_value", number, value="")
    await act(home, "select.select_option", target, option="voicemail")
    await until(lambda: simulator.switch.users[ALICE].forward.target == "VOICEMAIL")
    await until_state(home, target, "voicemail")

    await act(home, "switch.turn_off", forward)
    await until_state(home, forward, "off")
    assert simulator.switch.users[ALICE].forward is None
    # What was chosen is kept for the next time.
    assert state_of(home, number) == "1003"
    assert state_of(home, target) == "voicemail"

    # The line is forwarded at the telephone: Home Assistant follows.
    simulator.switch.set_forward(ALICE, "1001", condition="NO_ANSWER")
    await until_state(home, forward, "on")
    assert (state_of(home, number), state_of(home, target)) == ("1001", "number")
    assert state_of(home, condition) == "no_answer"


async def test_a_forward_that_is_refused(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """A loop: the server's reason arrives, and nothing changes."""
    simulator.switch.set_forward(BOB, "1000")
    await until_state(home, "switch.bob_keller_forward", "on")
    await act(home, "text.set_value", "text.alice_martin_forward_number", value="1001")
    with pytest.raises(HomeAssistantError) as refused:
        await act(home, "switch.turn_on", "switch.alice_martin_forward")
    assert not isinstance(refused.value, ServiceValidationError)
    assert refused.value.translation_placeholders["reason"]
    assert state_of(home, "switch.alice_martin_forward") == "off"


async def test_the_forward_is_remembered_over_a_restart(
    home: HomeAssistant, simulator: Simulator, all_entities_enabled: None
) -> None:
    mock_restore_cache(
        home,
        [
            State("text.alice_martin_forward_number", "1003"),
            State("select.alice_martin_forward_to", "voicemail"),
            State("select.alice_martin_forward_when", "busy_no_answer"),
            State("text.bob_keller_forward_number", "1003"),
            State("select.bob_keller_forward_when", "busy"),
            State("text.carol_diaz_forward_number", "unavailable"),
        ],
    )
    simulator.switch.set_forward(BOB, "1002", condition="NO_ANSWER")
    await set_up(home, make_entry(administrator(simulator)))
    await until_state(home, "switch.bob_keller_forward", "on")
    assert state_of(home, "text.alice_martin_forward_number") == "1003"
    assert state_of(home, "select.alice_martin_forward_to") == "voicemail"
    assert state_of(home, "select.alice_martin_forward_when") == "busy_no_answer"
    # What the PBX reports wins.
    assert state_of(home, "text.bob_keller_forward_number") == "1002"
    assert state_of(home, "select.bob_keller_forward_when") == "no_answer"
    assert state_of(home, "text.carol_diaz_forward_number") == ""


async def test_in_service(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    name = "binary_sensor.carol_diaz_in_service"
    await until_state(home, name, "on")
    simulator.switch.set_device_state("1002", "OUT_OF_SERVICE")
    await until_state(home, name, "off")
    await until_state(home, "sensor.carol_diaz_call_state", "out_of_service")
    simulator.switch.set_device_state("1002", "IN_SERVICE")
    await until_state(home, name, "on")


async def test_callback_requests(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    await until_state(home, "sensor.alice_martin_call_back_requests", "0")
    simulator.switch.request_callback(BOB, "1000")
    await until_state(home, "sensor.alice_martin_call_back_requests", "1")


async def test_a_button_is_there_always_and_says_what_cannot_be_done(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    assert state_of(home, "button.alice_martin_hang_up") == "unknown"
    button = home.data["entity_components"]["button"].get_entity("button.alice_martin_hang_up")
    with pytest.raises(ServiceValidationError) as late:
        await button.async_press()
    assert late.value.translation_key == "no_call"


async def test_a_line_without_the_licence_for_calls(home: HomeAssistant) -> None:
    """TELEPHONY_BASIC shows no calls; answering and hanging up are there all the same."""
    settings = SimulatorSettings(
        users=(
            UserSpec(login="oxe2000", number="2000", first_name="Basic", licences=frozenset({"TELEPHONY_BASIC"})),
            UserSpec(login="oxe2001", number="2001", first_name="Other"),
        )
    )
    async with Simulator(settings) as simulator:
        entry = await set_up(home, make_entry(user(simulator, "oxe2000")))
        assert home.states.get("sensor.basic_call_state") is None
        assert home.states.get("event.basic_call") is None
        assert state_of(home, "button.basic_answer") != "unavailable"
        call = simulator.switch.make_call("oxe2001", "2001", "2000", auto_answer=True)
        await act(home, "button.press", "button.basic_answer")
        assert call.ref in simulator.switch.calls
        await home.services.async_call("pbx", "hang_up", {"line": "2000"}, blocking=True)
        await until(lambda: call.ref not in simulator.switch.calls or len(simulator.switch.calls[call.ref].members) < 2)
        call = simulator.switch.make_call("oxe2001", "2001", "2000", auto_answer=True)
        await home.services.async_call("pbx", "answer", {"line": "2000"}, blocking=True)
        await act(home, "button.press", "button.basic_hang_up")
        await home.config_entries.async_unload(entry.entry_id)


async def test_a_large_office_is_told_line_by_line(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """What happens on one line writes nothing of another."""
    changes = async_capture_events(home, "state_changed")
    simulator.switch.set_dnd(ALICE, True)
    await until_state(home, "switch.alice_martin_do_not_disturb", "on")
    await home.async_block_till_done()
    assert {event.data["entity_id"] for event in changes} == {"switch.alice_martin_do_not_disturb"}


async def test_ids_and_names(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: home.states.get("sensor.office_licences_end_on") is not None)
    items = ours(home)
    assert len({item.unique_id for item in items}) == len(items)
    assert all(item.has_entity_name and item.translation_key for item in items)
    assert {item.entity_id for item in items if item.disabled and "office" in item.entity_id} == {
        "sensor.office_server",
        "sensor.office_lost_connections",
        *(f"sensor.office_licences_{slugify(one.name)}_in_use" for one in entry.runtime_data.pbx.nodes.licences),
    }


async def test_what_did_not_change_is_not_written_again(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Answering changes the state of the line; how many calls it has stays as it was."""
    call = simulator.switch.incoming_external("+15550123", "1000")
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    before = {state.entity_id: state.last_reported for state in home.states.async_all()}
    simulator.switch.answer(ALICE, call.ref, "1000")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    await until_state(home, "binary_sensor.alice_martin_on_a_call", "on")
    await home.async_block_till_done()
    written = {state.entity_id for state in home.states.async_all() if state.last_reported != before[state.entity_id]}
    assert written == {
        "sensor.alice_martin_call_state",
        "binary_sensor.alice_martin_ringing",
        "binary_sensor.alice_martin_on_a_call",
        "event.alice_martin_call",
    }
