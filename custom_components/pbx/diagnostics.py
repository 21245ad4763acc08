"""Diagnostics: what a developer needs, and nothing that says whose PBX it is, where it stands or who calls.

People post these files in public. So they hold what is listed here, and not what is left when known secrets are taken
out: an option or a field that is added later is not in them until someone has decided that it may be.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .aiopbx import LineSnapshot
from .const import (
    CONF_ALL_LINES,
    CONF_ALLOWED,
    CONF_AUTO_ANSWER,
    CONF_CA_FILE,
    CONF_CALLS_PER_MINUTE,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_CONTACT_DIRECTORY,
    CONF_CONTACT_FILES,
    CONF_COUNTRY,
    CONF_DENIED,
    CONF_EVENT_PORT,
    CONF_IDENTITY,
    CONF_INTERNAL_LENGTHS,
    CONF_KIND,
    CONF_LINES,
    CONF_OUTSIDE_PREFIX,
    CONF_SECOND_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_TLS,
    CONF_URL,
    CONF_USE_GIVEN_ADDRESS,
)
from .coordinator import PbxConfigEntry, PbxCoordinator

# Fields whose value is one of a few words, a number or a yes: they are shown as they are.
_SHOWN: Final = (
    CONF_KIND,
    CONF_TLS,
    CONF_USE_GIVEN_ADDRESS,
    CONF_EVENT_PORT,
    CONF_ALL_LINES,
    CONF_CALLS_PER_MINUTE,
    CONF_AUTO_ANSWER,
    CONF_COUNTRY,
    CONF_CONTACT_DIRECTORY,
    CONF_INTERNAL_LENGTHS,
)
# Fields of which only is said how many values they have.
_COUNTED: Final = (CONF_LINES, CONF_ALLOWED, CONF_DENIED, CONF_CONTACT_FILES, CONF_IDENTITY)
# Fields of which only is said whether they are filled in.
_MENTIONED: Final = (CONF_CA_FILE, CONF_CLIENT_CERTIFICATE, CONF_CLIENT_KEY, CONF_SECOND_PASSWORD, CONF_OUTSIDE_PREFIX)


def _described(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be said of the data or the options of an entry."""
    said: dict[str, Any] = {key: values[key] for key in _SHOWN if key in values}
    said |= {key: f"{len(values[key])} values" for key in _COUNTED if key in values}
    said |= {key: "set" for key in _MENTIONED if values.get(key)}
    said |= {key: _address(values[key]) for key in (CONF_URL, CONF_SECONDARY_URL) if values.get(key)}
    return said


def _address(url: str) -> str:
    """Return what may be said of an address: how it is spoken to, and whether there is anything unusual about it."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    extras = [word for word, there in (("port", port is not None), ("path", bool(parts.path.strip("/")))) if there]
    return " with a ".join([parts.scheme or "no scheme", *([" and a ".join(extras)] if extras else [])])


def _client(coordinator: PbxCoordinator) -> dict[str, Any]:
    """Return what the client says of itself, without where it is connected to."""
    client = coordinator.pbx.diagnostics()
    info = client["info"]
    return client | {
        "info": info | {"url": _address(info["url"])},
        # Their texts name the server, and what stands before it.
        "obstacles": sorted(client["obstacles"]),
    }


def _line(coordinator: PbxCoordinator, snapshot: LineSnapshot) -> dict[str, Any]:
    """Return the state of a line, without whose it is and who is on it."""
    return {
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
        "features": sorted(feature.value for feature in snapshot.features),
        "synced": snapshot.synced,
    }


def _entry(entry: PbxConfigEntry) -> dict[str, Any]:
    """Return what is known of an entry whether it is connected or not."""
    said = {"entry": {"data": _described(entry.data), "options": _described(entry.options)}}
    if entry.state is not ConfigEntryState.LOADED:
        # There is no coordinator before the first connection, when diagnostics are needed most.
        return said | {"available": False, "state": entry.state.value, "reason": entry.error_reason_translation_key}
    return said | {"available": entry.runtime_data.last_update_success}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: PbxConfigEntry) -> dict[str, Any]:
    """Return the diagnostics of an entry."""
    said = _entry(entry)
    if entry.state is not ConfigEntryState.LOADED:
        return said
    coordinator = entry.runtime_data
    lines = [_line(coordinator, snapshot) for snapshot in coordinator.data.values()]
    return said | {"client": _client(coordinator), "lines": lines}


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: PbxConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return the diagnostics of a device: of its line, or of the connection where it is the PBX's own."""
    said = _entry(entry)
    if entry.state is not ConfigEntryState.LOADED:
        return said
    coordinator = entry.runtime_data
    for line, snapshot in coordinator.data.items():
        if coordinator.identifier(line) in device.identifiers:
            return said | {"line": _line(coordinator, snapshot)}
    return said | {"client": _client(coordinator)}
