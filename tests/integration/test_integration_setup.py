"""Setting up, unloading, going offline and coming back; devices that come and go."""

import logging
import sys
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.pbx import async_remove_config_entry_device, coordinator
from custom_components.pbx.aiopbx import EventsLate, Obstacle, ObstacleKind, Pbx
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import (
    ALICE,
    BOB,
    CAROL,
    WORDS,
    administrator,
    make_entry,
    ours,
    set_up,
    state_of,
    until,
    until_state,
    user,
)


def lines(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the names of the entry's devices, the PBX's own first."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return sorted((device.name or "" for device in devices), key=lambda name: (name != "Office", name))


def test_the_client_comes_from_the_integration_alone() -> None:
    assert "custom_components.pbx.aiopbx" in sys.modules
    assert "aiopbx" not in sys.modules


async def test_set_up_and_unload(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    assert lines(home, entry) == ["Office", "Alice Martin", "Bob Keller", "Carol Diaz", "David Okafor"]
    registry = dr.async_get(home)
    pbx = registry.async_get_device_by_identifier((DOMAIN, entry.unique_id), entry.entry_id)
    alice = registry.async_get_device_by_identifier((DOMAIN, f"{entry.unique_id}_{ALICE}"), entry.entry_id)
    assert pbx is not None
    assert alice is not None
    assert alice.via_device_id == pbx.id
    assert alice.model == "Line 1000"
    assert state_of(home, "binary_sensor.office_connection") == "on"

    assert simulator.state()["servers"][0]["sessions"] == 1
    assert await home.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert state_of(home, "sensor.alice_martin_call_state") == "unavailable"
    # nothing is left on the PBX either
    await until(lambda: simulator.state()["servers"][0]["sessions"] == 0, "the session is given back")

    assert await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done()
    assert state_of(home, "sensor.alice_martin_call_state") == "idle"


async def test_the_session_is_given_back_when_home_assistant_stops(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    home.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await home.async_block_till_done()
    await until(lambda: simulator.state()["servers"][0]["sessions"] == 0)


@pytest.mark.parametrize(
    ("data", "state", "reason"),
    [
        ({"url": "http://127.0.0.1:1"}, ConfigEntryState.SETUP_RETRY, "cannot_connect"),
        ({"password": "wrong"}, ConfigEntryState.SETUP_ERROR, "invalid_auth"),
        ({"url": "http://"}, ConfigEntryState.SETUP_ERROR, "invalid_input"),
        ({"tls": "own_ca", "ca_file": "absent.pem"}, ConfigEntryState.SETUP_ERROR, "input_ca_file"),
    ],
    ids=["unreachable", "password", "address", "certificate file"],
)
async def test_set_up_that_fails(
    home: HomeAssistant, simulator: Simulator, data: dict[str, str], state: ConfigEntryState, reason: str
) -> None:
    entry = await set_up(home, make_entry(administrator(simulator, **data)))
    assert entry.state is state
    assert entry.error_reason_translation_key == reason
    assert WORDS["exceptions"][reason]["message"].format_map(entry.error_reason_translation_placeholders)
    assert not home.states.async_entity_ids("sensor")
    await home.config_entries.async_remove(entry.entry_id)


async def test_set_up_without_a_licence(home: HomeAssistant) -> None:
    """The licence was taken away: trying again would not help, and the entry says what is missing."""
    bare = UserSpec(login=ALICE, number="1000", first_name="Alice", last_name="Martin", licences=frozenset())
    async with Simulator(SimulatorSettings(users=(bare,))) as simulator:
        entry = await set_up(home, make_entry(user(simulator)))
        assert entry.state is ConfigEntryState.SETUP_ERROR
        assert entry.error_reason_translation_key == "not_supported"
        assert "TELEPHONY_ADVANCED" in str(entry.error_reason_translation_placeholders)


async def test_offline_and_back(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything goes unavailable once and comes back right, and the log says so once each way."""
    caplog.set_level(logging.INFO, logger="custom_components.pbx")
    simulator.switch.set_dnd(ALICE, True)
    await until_state(home, "switch.alice_martin_do_not_disturb", "on")
    changes = async_capture_events(home, "state_changed")
    available = [
        item.entity_id for item in ours(home) if not item.disabled and state_of(home, item.entity_id) != "unavailable"
    ]

    await simulator.stop(abrupt=True)
    await until(lambda: state_of(home, "sensor.alice_martin_call_state") == "unavailable")
    assert state_of(home, "binary_sensor.office_connection") == "off"
    still = {name for name in available if state_of(home, name) != "unavailable"}
    assert still == {"binary_sensor.office_connection"}
    changed = [event.data["entity_id"] for event in changes if event.data["entity_id"] in available]
    assert sorted(changed) == sorted(available), "each of them once"

    simulator.switch.set_dnd(ALICE, False)
    simulator.switch.make_call(BOB, "1001", "1002", auto_answer=True)
    await simulator.start()
    await until_state(home, "switch.alice_martin_do_not_disturb", "off", timeout=30)
    await until_state(home, "sensor.carol_diaz_call_state", "ringing_incoming")
    assert state_of(home, "binary_sensor.office_connection") == "on"
    assert state_of(home, "sensor.alice_martin_call_state") == "idle"

    words = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components.pbx.coord")]
    assert len([message for message in words if "is unavailable" in message]) == 1
    assert len([message for message in words if "is available again" in message]) == 1


async def test_a_refresh_asks_nothing(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    assert await async_setup_component(home, "homeassistant", {})
    await home.async_block_till_done(wait_background_tasks=True)
    before = simulator.state()["servers"][0]["requests"]
    update = {"entity_id": "sensor.alice_martin_call_state"}
    await home.services.async_call("homeassistant", "update_entity", update, blocking=True)
    await home.async_block_till_done()
    assert simulator.state()["servers"][0]["requests"] == before
    assert state_of(home, "sensor.alice_martin_call_state") == "idle"

    await simulator.stop(abrupt=True)
    await until(lambda: not entry.runtime_data.last_update_success)
    await entry.runtime_data.async_refresh()
    assert state_of(home, "sensor.alice_martin_call_state") == "unavailable"


async def test_lines_come_and_go(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    simulator.add_user(UserSpec(login="oxe1004", number="1004", first_name="Erin", last_name="Novak"))
    await until(lambda: home.states.get("sensor.erin_novak_call_state") is not None)
    assert "Erin Novak" in lines(home, entry)
    await until_state(home, "sensor.erin_novak_call_state", "idle")

    simulator.remove_user("oxe1004")
    await until(lambda: home.states.get("sensor.erin_novak_call_state") is None)
    assert "Erin Novak" not in lines(home, entry)

    # And again, with another name: Home Assistant remembers the ids of the line's entities.
    simulator.add_user(UserSpec(login="oxe1004", number="1004", first_name="Finn", last_name="Novak"))
    await until_state(home, "sensor.erin_novak_call_state", "idle")
    assert "Finn Novak" in lines(home, entry)


async def test_a_line_that_went_while_home_assistant_was_away(home: HomeAssistant, simulator: Simulator) -> None:
    entry = make_entry(administrator(simulator))
    entry.add_to_hass(home)
    registry = dr.async_get(home)
    registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"{entry.unique_id}_oxe7777")}, name="Gone"
    )
    await home.config_entries.async_setup(entry.entry_id)
    await home.async_block_till_done()
    assert "Gone" not in lines(home, entry)


async def test_a_device_can_be_removed_only_when_its_line_is_gone(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    registry = dr.async_get(home)
    alice = registry.async_get_device_by_identifier((DOMAIN, f"{entry.unique_id}_{ALICE}"), entry.entry_id)
    assert alice is not None
    assert not await async_remove_config_entry_device(home, entry, alice)
    gone = registry.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "gone")})
    assert await async_remove_config_entry_device(home, entry, gone)


async def test_chosen_lines_that_are_gone_raise_an_issue(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(administrator(simulator), all_lines=False, lines=[ALICE, "oxe9999"]))
    assert entry.state is ConfigEntryState.LOADED
    assert list(entry.runtime_data.data) == [ALICE]
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"lines_gone_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {"title": "Office", "lines": "oxe9999"}

    home.config_entries.async_update_entry(entry, options={"all_lines": False, "lines": [ALICE, CAROL]})
    await home.config_entries.async_reload(entry.entry_id)
    assert sorted(entry.runtime_data.data) == [ALICE, CAROL]
    assert ir.async_get(home).async_get_issue(DOMAIN, f"lines_gone_{entry.entry_id}") is None


LATE = Obstacle(kind=ObstacleKind.EVENTS_LATE, text="Events come late.", remedy="Do not buffer them.")
IDLE = Obstacle(kind=ObstacleKind.IDLE_TIMEOUT, text="It ends after 60 seconds.", remedy="Raise the time-out.")


@pytest.mark.parametrize("obstacle", [LATE, IDLE], ids=lambda one: one.kind.value)
async def test_what_stands_in_the_way_is_an_issue_until_the_connection_lasts(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, obstacle: Obstacle
) -> None:
    registry, key = ir.async_get(home), f"{obstacle.kind.value}_{entry.entry_id}"
    with patch.object(Pbx, "obstacles", (obstacle,)):
        simulator.faults.cut_channels()
        await until(lambda: registry.async_get_issue(DOMAIN, key) is not None, "the issue is there")
        await until_state(home, "binary_sensor.office_connection", "on")
    issue = registry.async_get_issue(DOMAIN, key)
    assert issue is not None
    assert issue.translation_key == obstacle.kind.value
    assert issue.translation_placeholders == {
        "title": "Office", "message": obstacle.text, "remedy": obstacle.remedy
    }  # fmt: skip
    with patch.object(coordinator, "_LASTS", 0.01):
        simulator.faults.cut_channels()
        await until(lambda: registry.async_get_issue(DOMAIN, key) is None, "the issue is over")


async def test_an_issue_is_over_when_the_connection_is_set_up_anew(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Someone may have mended it; if not, it shows again."""
    registry, key = ir.async_get(home), f"events_late_{entry.entry_id}"
    with patch.object(Pbx, "obstacles", (LATE,)):
        simulator.faults.cut_channels()
        await until(lambda: registry.async_get_issue(DOMAIN, key) is not None, "the issue is there")
        await until_state(home, "binary_sensor.office_connection", "on")
    await home.config_entries.async_reload(entry.entry_id)
    assert registry.async_get_issue(DOMAIN, key) is None


async def test_events_that_are_late_from_the_beginning_are_an_issue(home: HomeAssistant, simulator: Simulator) -> None:
    late = EventsLate("Events come late.", remedy="Do not buffer them.")
    with patch.object(coordinator, "async_connect", side_effect=late):
        entry = await set_up(home, make_entry(administrator(simulator)))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    issue = ir.async_get(home).async_get_issue(DOMAIN, f"events_late_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders == {
        "title": "Office", "message": "Events come late.", "remedy": "Do not buffer them."
    }  # fmt: skip


async def test_chosen_lines_that_are_all_gone(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(administrator(simulator), all_lines=False, lines=["oxe9998", "oxe9999"]))
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "unknown_line"


async def test_a_line_gets_another_name(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    simulator.switch.update_user(ALICE, last_name="Moreau")
    await until(lambda: "Alice Moreau" in lines(home, entry))
