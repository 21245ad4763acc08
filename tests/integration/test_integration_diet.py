"""How much the integration puts into a home: entities that are enabled, rows of history, and whose names are in it."""

from collections import Counter

import pytest
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from sqlalchemy import text

from custom_components.pbx.aiopbx.simulator import Simulator
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
)

NAME, NUMBER = "Northwind Bakery", "+15550123"


def enabled(hass: HomeAssistant) -> Counter[str]:
    """Return how many entities each device has that are enabled."""
    return Counter(str(entry.device_id) for entry in ours(hass) if entry.disabled_by is None)


async def test_a_line_has_at_most_eight_entities(home: HomeAssistant, simulator: Simulator) -> None:
    """One that can do everything; the others are there to be enabled."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: home.states.get("switch.alice_martin_forward") is not None)
    registry = er.async_get(home)
    device = registry.async_get("sensor.alice_martin_call_state").device_id  # type: ignore[union-attr]
    line = [one for one in ours(home) if one.device_id == device]
    assert {one.entity_id for one in line if one.disabled_by is None} == {
        "sensor.alice_martin_call_state",
        "binary_sensor.alice_martin_on_a_call",
        "button.alice_martin_answer",
        "button.alice_martin_hang_up",
        "switch.alice_martin_do_not_disturb",
        "switch.alice_martin_forward",
        "text.alice_martin_forward_number",
        "sensor.alice_martin_unread_voicemails",
    }
    assert len(line) > 8
    assert {one.disabled_by for one in line} == {None, er.RegistryEntryDisabler.INTEGRATION}
    assert max(enabled(home).values()) == 8
    await home.config_entries.async_unload(entry.entry_id)


async def test_buttons_with_nothing_to_do_stay_available_and_say_why(home: HomeAssistant, simulator: Simulator) -> None:
    """So they leave no row when a call comes or goes."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    for button in ("button.alice_martin_answer", "button.alice_martin_hang_up"):
        assert state_of(home, button) == "unknown"
        with pytest.raises(ServiceValidationError) as refused:
            await act(home, "button.press", button)
        assert refused.value.translation_key == "no_call"
    await home.config_entries.async_unload(entry.entry_id)


async def test_statistics_are_kept_only_of_what_has_a_sum(
    home: HomeAssistant, simulator: Simulator, all_entities_enabled: None
) -> None:
    """Of counters that someone resets, or of what is waiting, a sum or a mean would say nothing."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: home.states.get("switch.alice_martin_forward") is not None)
    registry = er.async_get(home)
    kept = {
        one.unique_id.rpartition("_")[2]
        for one in registry.entities.values()
        if one.capabilities and "state_class" in one.capabilities
    }
    assert kept == {"losses"}
    await home.config_entries.async_unload(entry.entry_id)


async def everything_recorded(hass: HomeAssistant) -> str:
    """Return all that the recorder's database has, as one text."""
    await hass.async_block_till_done()
    instance = get_instance(hass)
    await instance.async_block_till_done()

    def read() -> str:
        with session_scope(session=instance.get_session(), read_only=True) as session:
            tables = [row[0] for row in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
            rows = [tuple(row) for table in tables for row in session.execute(text(f'SELECT * FROM "{table}"'))]
        return repr(rows)

    return await instance.async_add_executor_job(read)


async def make_calls(hass: HomeAssistant, simulator: Simulator) -> None:
    """Let someone from outside call, talk and hang up, call in vain, and let Alice call outside."""
    switch = simulator.switch
    call = switch.incoming_external(NUMBER, "1000", NAME)
    await until_state(hass, "sensor.alice_martin_call_state", "ringing_incoming")
    await act(hass, "button.press", "button.alice_martin_answer")
    await until_state(hass, "binary_sensor.alice_martin_on_a_call", "on")
    switch.external_hang_up(call.ref)
    await until_state(hass, "sensor.alice_martin_call_state", "idle")
    call = switch.incoming_external(NUMBER, "1000", NAME)
    await until_state(hass, "sensor.alice_martin_call_state", "ringing_incoming")
    switch.external_hang_up(call.ref)
    await until_state(hass, "sensor.alice_martin_call_state", "idle")
    switch.make_call(ALICE, "1000", NUMBER, auto_answer=True)
    await until_state(hass, "sensor.alice_martin_call_state", "ringing_outgoing")
    await act(hass, "button.press", "button.alice_martin_hang_up")
    await until_state(hass, "sensor.alice_martin_call_state", "idle")


async def logbook_of(hass: HomeAssistant, client: WebSocketGenerator) -> str:
    """Return what the logbook says of everything."""
    assert await async_setup_component(hass, "logbook", {})
    await hass.async_block_till_done()
    socket = await client()
    await socket.send_json({"id": 1, "type": "logbook/get_events", "start_time": "2020-01-01T00:00:00+00:00"})
    answer = await socket.receive_json()
    assert answer["success"], answer
    assert answer["result"]
    return repr(answer["result"])


@pytest.mark.parametrize("hidden", [False, True])
async def test_hidden_callers_are_nowhere(
    recorder_mock: Recorder,
    home: HomeAssistant,
    simulator: Simulator,
    all_entities_enabled: None,
    hass_ws_client: WebSocketGenerator,
    hidden: bool,
) -> None:
    """Not in a state, an attribute, the recorder's database or the logbook, with every entity enabled.

    Without the option the same search finds them, so it would find them.
    """
    states: list[str] = []
    home.bus.async_listen("state_changed", lambda event: states.append(repr(event.data["new_state"].as_dict())))
    entry = await set_up(home, make_entry(administrator(simulator), hide_callers=hidden))
    await make_calls(home, simulator)
    assert (home.states.get("sensor.alice_martin_other_party") is None) is hidden
    recorded = await everything_recorded(home)
    assert "sensor.alice_martin_call_state" in recorded
    digits = NUMBER.removeprefix("+")
    shown = repr(states)
    for secret in (NAME, digits):
        assert (secret not in recorded) is hidden, f"{secret} in the database"
        assert (secret not in shown) is hidden, f"{secret} in a state"
    said = await logbook_of(home, hass_ws_client)
    assert "sensor.alice_martin_call_state" in said
    assert (NAME not in said) is hidden
    await home.config_entries.async_unload(entry.entry_id)


async def test_what_is_hidden_takes_its_entity_away(
    home: HomeAssistant, simulator: Simulator, all_entities_enabled: None
) -> None:
    """The sensor of the other party goes when the option is set, and is there again when it is not."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    registry = er.async_get(home)
    assert registry.async_get("sensor.alice_martin_other_party") is not None
    await home.config_entries.async_unload(entry.entry_id)
    home.config_entries.async_update_entry(entry, options={**entry.options, "hide_callers": True})
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done()
    assert registry.async_get("sensor.alice_martin_other_party") is None
    simulator.switch.incoming_external(NUMBER, "1000", NAME)
    await until_state(home, "sensor.alice_martin_call_state", "ringing_incoming")
    attributes = attributes_of(home, "sensor.alice_martin_call_state")
    assert attributes["direction"] == "incoming"
    assert attributes["call_id"]
    assert attributes["party_name"] is attributes["party_number"] is attributes["party_uri"] is None
    await home.config_entries.async_unload(entry.entry_id)


async def test_a_call_leaves_few_rows(recorder_mock: Recorder, home: HomeAssistant, simulator: Simulator) -> None:
    """At most seven a leg, in a conversation between two lines; both of them are watched."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: state_of(home, "sensor.alice_martin_unread_voicemails") == "0")
    instance = get_instance(home)

    async def rows() -> list[str]:
        await home.async_block_till_done()
        await instance.async_block_till_done()

        def read() -> list[str]:
            query = "SELECT m.entity_id FROM states s JOIN states_meta m USING (metadata_id)"
            with session_scope(session=instance.get_session(), read_only=True) as session:
                return [row[0] for row in session.execute(text(query))]

        return await instance.async_add_executor_job(read)

    before = Counter(await rows())
    switch = simulator.switch
    call = switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    await until_state(home, "sensor.bob_keller_call_state", "ringing_incoming")
    switch.answer(BOB, call.ref, "1001")
    await until_state(home, "sensor.alice_martin_call_state", "active")
    switch.drop(ALICE, call.ref)
    await until_state(home, "sensor.bob_keller_call_state", "idle")
    await until_state(home, "sensor.alice_martin_call_state", "idle")
    left = Counter(await rows()) - before
    assert left["sensor.bob_keller_call_state"] >= 3, left
    assert left["binary_sensor.bob_keller_on_a_call"] == 2, left
    for name in ("alice_martin", "bob_keller"):
        assert sum(count for entity, count in left.items() if name in entity) <= 7, left
    await home.config_entries.async_unload(entry.entry_id)
