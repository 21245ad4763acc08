"""System health: how many systems are set up, how many are connected, and how many lines they have."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .coordinator import PbxConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Offer what is below."""
    register.async_register_info(async_system_health_info)


async def async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return figures only: people post them in public."""
    entries: list[PbxConfigEntry] = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    loaded = [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
    online = [coordinator for coordinator in loaded if coordinator.last_update_success]
    return {
        "systems": len(entries),
        "connected": len(online),
        "lines": sum(len(coordinator.data) for coordinator in loaded),
        "lost_connections": sum(coordinator.pbx.statistics.losses for coordinator in loaded),
    }
