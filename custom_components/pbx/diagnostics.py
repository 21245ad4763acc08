"""Diagnostics: what a developer needs, without secrets and without numbers or names of callers."""

from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import (
    CONF_ALLOWED,
    CONF_DENIED,
    CONF_ENTERPRISE,
    CONF_LINES,
    CONF_PASSWORD,
    CONF_SECOND_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_URL,
    CONF_USERNAME,
)
from .coordinator import PbxConfigEntry

TO_REDACT = {
    CONF_PASSWORD,
    CONF_SECOND_PASSWORD,
    CONF_USERNAME,
    CONF_ENTERPRISE,
    CONF_URL,
    CONF_SECONDARY_URL,
    CONF_LINES,
    CONF_ALLOWED,
    CONF_DENIED,
}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: PbxConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an entry."""
    config = {
        "entry": {
            "data": async_redact_data(entry.data, TO_REDACT),
            "options": async_redact_data(entry.options, TO_REDACT),
        }
    }
    if entry.state is not ConfigEntryState.LOADED:
        # There is no coordinator before the first connection, when diagnostics are needed most.
        return config | {"available": False, "reason": entry.error_reason_translation_key}
    coordinator = entry.runtime_data
    return config | {
        "available": coordinator.last_update_success,
        "client": coordinator.pbx.diagnostics(),
        "lines": [
            {
                "state": snapshot.state.value,
                "calls": [
                    {
                        "state": call.state.value,
                        "direction": call.direction.value,
                        "parties": len(call.parties),
                        "actions": sorted(action.value for action in call.actions),
                    }
                    for call in snapshot.calls
                ],
                "devices": [f"{device.kind} {device.state.value}".strip() for device in snapshot.devices],
                "features": sorted(feature.value for feature in coordinator.pbx.lines[line].features),
                "synced": snapshot.synced,
            }
            for line, snapshot in coordinator.data.items()
        ],
    }
