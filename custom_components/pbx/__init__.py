"""PBX Call Control: the telephones of an office in Home Assistant."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType

from .absence import Seen
from .card import async_setup_card
from .const import CONF_VOICE, DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .happenings import happenings_of
from .identity import async_migrate, base_of
from .night_forwards import async_forget_nights
from .quiet import quiet_times
from .sentences import async_use_sentences
from .services import async_setup_services
from .waiting import WaitingWatcher
from .watcher import Watcher

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: list[Platform] = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NOTIFY,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TEXT,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the card; they exist whether a PBX is set up or not."""
    async_setup_services(hass)
    happenings_of(hass)
    await async_setup_card(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PbxConfigEntry) -> bool:
    """Connect to a PBX and add the entities of its lines."""
    coordinator = PbxCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    if entry.options.get(CONF_VOICE, True):
        entry.async_on_unload(async_use_sentences(hass))
    await quiet_times(hass)  # goes on with what was asked for before a restart
    await Watcher(hass, coordinator).async_start()
    WaitingWatcher(hass, coordinator).async_start()
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: PbxConfigEntry) -> bool:
    """Bring an entry of an older version up to date. One of a newer version is left alone."""
    return await async_migrate(hass, entry)


async def async_unload_entry(hass: HomeAssistant, entry: PbxConfigEntry) -> bool:
    """Remove the entities; the coordinator has registered what closes the connection."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PbxConfigEntry) -> None:
    """Forget what was remembered of the PBX over restarts."""
    await Seen(hass, entry.entry_id).async_remove()
    await async_forget_nights(hass, entry.entry_id)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: PbxConfigEntry, device: AnyDeviceEntry) -> bool:
    """Whether a user may remove a device: that of a line that is no longer monitored.

    Without a connection it is not known which lines there are. The user knows; a line that is still there comes back
    with the connection.
    """
    if entry.state is ConfigEntryState.LOADED:
        return not entry.runtime_data.has_device(device)
    return (DOMAIN, base_of(entry)) not in device.identifiers
