"""Sensors of the call centre: they show what the switch has, for those only that someone has enabled."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.aiopbx.simulator.clock import ManualClock
from tests.integration.helpers import (
    administrator,
    make_entry,
    ours,
    set_up,
    state_of,
    until,
    until_state,
    user,
)

PILOT, SALES = "800", "60121"


@pytest.fixture
def settings() -> SimulatorSettings:
    """An office with a pilot, its queue, and a group of two agents, of whom none is logged on."""
    return SimulatorSettings.model_validate(
        {
            "users": [
                {
                    "login": f"oxe{number}",
                    "number": number,
                    "first_name": name,
                    "last_name": "Agent",
                    "agent": {"type": "AGENT", "groups": [SALES], "preferred": SALES, "headset": True},
                }
                for number, name in (("1000", "Alice"), ("1001", "Bob"))
            ],
            "switch": {
                "pilots": [
                    {
                        "number": PILOT,
                        "name": "Sales",
                        "groups": [SALES],
                        "rules": [{"number": 2, "name": "All", "groups": [SALES]}],
                    }
                ],
                "processing_groups": [{"number": SALES}],
            },
        }
    )


@pytest.fixture
async def simulator(loopback: None, settings: SimulatorSettings) -> AsyncIterator[Simulator]:
    """The office on a clock that is turned: figures come every five seconds."""
    async with Simulator(settings, clock=ManualClock()) as running:
        yield running


async def shows(hass: HomeAssistant, simulator: Simulator, entity_id: str, state: str) -> None:
    """Turn the clock until the entity has this state."""
    assert isinstance(simulator.clock, ManualClock)
    for _ in range(400):
        if state_of(hass, entity_id) == state:
            return
        simulator.clock.advance(0.5)
        await asyncio.sleep(0.01)
    raise AssertionError(f"{entity_id} is {state_of(hass, entity_id)}, not {state}")


def figures(hass: HomeAssistant) -> dict[str, er.RegistryEntry]:
    """The sensors of the call centre, by their kind."""
    kinds = ("pilot_waiting", "queue_waiting", "queue_longest_wait", "agents_ready")
    return {str(one.translation_key): one for one in ours(hass) if one.translation_key in kinds}


async def test_none_is_enabled_by_default_and_none_is_asked_for(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: len(figures(home)) == 4)
    assert {one.disabled_by for one in figures(home).values()} == {er.RegistryEntryDisabler.INTEGRATION}
    assert not entry.runtime_data.pbx.call_centre.tables["queues"]


async def test_a_user_has_none(home: HomeAssistant, simulator: Simulator, all_entities_enabled: None) -> None:
    await set_up(home, make_entry(user(simulator, "oxe1000")))
    await home.async_block_till_done(wait_background_tasks=True)
    assert figures(home) == {}


async def test_they_show_who_waits_and_who_is_ready(
    home: HomeAssistant, simulator: Simulator, all_entities_enabled: None
) -> None:
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: len(figures(home)) == 4)
    found = {kind: one.entity_id for kind, one in figures(home).items()}
    assert {state.attributes["friendly_name"] for one in found.values() if (state := home.states.get(one))} >= {
        "Office Pilot Sales waiting calls"
    }
    pbx = entry.runtime_data.pbx
    for one in found.values():
        await shows(home, simulator, one, "0")
    simulator.switch.agent_log_on("oxe1001", "1001", SALES)
    await shows(home, simulator, found["agents_ready"], "1")
    simulator.switch.agent_pause("oxe1001")
    await shows(home, simulator, found["agents_ready"], "0")
    simulator.switch.incoming_external("0015550100", PILOT)
    await shows(home, simulator, found["pilot_waiting"], "1")
    await shows(home, simulator, found["queue_waiting"], "1")
    assert state_of(home, found["queue_longest_wait"]) != "unknown"

    # after a loss they are unavailable until the PBX has said something again
    simulator.faults.cut_channels()
    await until_state(home, found["queue_waiting"], "unavailable")
    await shows(home, simulator, found["queue_waiting"], "1")

    # whoever disables one has its figures no longer
    er.async_get(home).async_update_entity(found["queue_waiting"], disabled_by=er.RegistryEntryDisabler.USER)
    er.async_get(home).async_update_entity(found["queue_longest_wait"], disabled_by=er.RegistryEntryDisabler.USER)
    await until(lambda: not pbx.call_centre.queues)
    assert pbx.call_centre.pilots
