"""Automations for tests: what they were triggered by, and the losses and restarts they live through."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components import automation
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import until

TRIGGERED = "test_triggered"


async def listen(hass: HomeAssistant, *triggers: Mapping[str, Any], **more: Any) -> list[Event[Any]]:
    """Set up an automation with these triggers, and return what it is triggered by."""
    events = async_capture_events(hass, TRIGGERED)
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: {
                "alias": "test",
                "mode": "parallel",
                "max": 100,
                "triggers": list(triggers),
                "actions": [{"event": TRIGGERED, "event_data_template": {"trigger": "{{ trigger }}"}}],
                **more,
            }
        },
    )
    await hass.async_block_till_done()
    assert hass.states.async_all(automation.DOMAIN)[0].state == "on"
    return events


async def on(hass: HomeAssistant, name: str, *, target: Mapping[str, Any] | None = None, **options: Any) -> list[Any]:
    """Listen to one trigger of the integration."""
    trigger: dict[str, Any] = {"trigger": f"{DOMAIN}.{name}", "options": options}
    if target is not None:
        trigger["target"] = target
    return await listen(hass, trigger)


def data(event: Event[Any]) -> dict[str, Any]:
    """Return what an automation got as ``trigger``."""
    trigger: dict[str, Any] = event.data["trigger"]
    return trigger


def connected(entry: ConfigEntry) -> bool:
    """Whether an entry is loaded and its PBX is connected."""
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data.last_update_success


async def go_away(hass: HomeAssistant, simulator: Simulator, entry: ConfigEntry) -> None:
    """Take the server away, and wait until that was seen."""
    await simulator.stop(abrupt=True)
    await until(lambda: not connected(entry), "the loss is seen")
    await hass.async_block_till_done()


async def come_back(hass: HomeAssistant, simulator: Simulator, entry: ConfigEntry) -> None:
    """Bring the server back, and wait until everything is known again."""
    await simulator.start()
    await until(lambda: connected(entry), "it is connected again", timeout=30)
    await hass.async_block_till_done()


async def lose(hass: HomeAssistant, simulator: Simulator, entry: ConfigEntry) -> None:
    """Go through a loss of the connection."""
    await go_away(hass, simulator, entry)
    await come_back(hass, simulator, entry)


async def reload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Go through a reload of the entry."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: connected(entry), "it is connected again")
    await hass.async_block_till_done()
