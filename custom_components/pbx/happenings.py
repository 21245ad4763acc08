"""What triggers wait for: happenings of all PBXs in one place, which stays when entries are reloaded."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.util.hass_dict import HassKey

from .aiopbx import CallSnapshot, Pbx, WaitingCall
from .const import DOMAIN

INCOMING_CALL: Final = "incoming_call"
OUTGOING_CALL: Final = "outgoing_call"
CALL_ANSWERED: Final = "call_answered"
CALL_ENDED: Final = "call_ended"
CALL_MISSED: Final = "call_missed"
VOICEMAIL_RECEIVED: Final = "voicemail_received"
TEXT_RECEIVED: Final = "text_received"
AGENT_STATE_CHANGED: Final = "agent_state_changed"
CALL_WAITING: Final = "call_waiting"
# No trigger: it ends what that of a waiting call has begun.
CALL_WAITING_OVER: Final = "call_waiting_over"
PBX_OFFLINE: Final = "pbx_offline"
PBX_ONLINE: Final = "pbx_online"

# An entry that cannot be set up: its PBX cannot be reached, or does not accept us.
_AWAY: Final = (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that a trigger may wait for."""

    kind: str
    """The key of the trigger."""
    device_id: str | None
    """The device of the line, or of the PBX where it is about no line."""
    pbx_device_id: str | None
    what: str
    """In a few words, for the logbook: no name and no number of a caller."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What automations get as ``trigger``."""
    call: CallSnapshot | None = None
    pbx: Pbx | None = None
    waiting: WaitingCall | None = None


type HappeningListener = Callable[[Happening], None]


class Happenings:
    """Who waits for what. It belongs to Home Assistant and not to an entry, so a trigger survives every reload."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Watch for entries that cannot be set up."""
        self._hass = hass
        self._listeners: defaultdict[str, list[HappeningListener]] = defaultdict(list)
        self._offline: set[str] = set()
        self._listening = False
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        async_when_listening(hass, self._started)

    @callback
    def async_listen(self, kind: str, listener: HappeningListener) -> CALLBACK_TYPE:
        """Call the listener for every happening of a kind."""
        listeners = self._listeners[kind]
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def awaited(self, kind: str) -> bool:
        """Whether anything waits for this kind."""
        return bool(self._listeners[kind])

    @callback
    def async_fire(self, happening: Happening) -> None:
        """Tell all who wait for it."""
        for listener in tuple(self._listeners[happening.kind]):
            listener(happening)

    @callback
    def async_offline(self, entry: ConfigEntry, reason: str | None = None) -> None:
        """Note that a PBX cannot be reached; fires once for each absence."""
        if entry.entry_id not in self._offline:
            self._offline.add(entry.entry_id)
            self._fire_status(entry, PBX_OFFLINE, f"{entry.title} is offline", reason)

    @callback
    def async_online(self, entry: ConfigEntry) -> None:
        """Note that a PBX is connected; fires if it was away."""
        if entry.entry_id in self._offline:
            self._offline.discard(entry.entry_id)
            self._fire_status(entry, PBX_ONLINE, f"{entry.title} is back", None)

    @callback
    def _fire_status(self, entry: ConfigEntry, kind: str, what: str, reason: str | None) -> None:
        # There may be no coordinator to ask: the device is in the registry since the PBX was connected first.
        devices = dr.async_entries_for_config_entry(dr.async_get(self._hass), entry.entry_id)
        device_id = next((one.id for one in devices if one.entry_type is dr.DeviceEntryType.SERVICE), None)
        data = {"pbx": {"title": entry.title, "device_id": device_id, "entry_id": entry.entry_id}, "reason": reason}
        self.async_fire(Happening(kind=kind, device_id=device_id, pbx_device_id=device_id, what=what, data=data))

    @callback
    def _started(self, hass: HomeAssistant) -> None:
        """Report the entries that could not be set up at the start: before, no automation was listening."""
        self._listening = True
        for entry in hass.config_entries.async_entries(DOMAIN):
            self._look_at(entry)

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN:
            return
        if change is ConfigEntryChange.REMOVED or entry.disabled_by is not None:
            self._offline.discard(entry.entry_id)
        elif self._listening:
            self._look_at(entry)

    @callback
    def _look_at(self, entry: ConfigEntry) -> None:
        if entry.state in _AWAY:
            self.async_offline(entry, entry.reason)


# Seconds after the start of Home Assistant until automations listen: they begin to when it has started, one by one.
_SETTLE: Final = 2.0


@callback
def async_when_listening(hass: HomeAssistant, begin: Callable[[HomeAssistant], None]) -> CALLBACK_TYPE:
    """Begin once automations listen: now, or soon after Home Assistant has started. Return what prevents it."""
    if hass.state is CoreState.running:
        begin(hass)
        return lambda: None
    stops: list[CALLBACK_TYPE] = []

    @callback
    def started(_hass: HomeAssistant) -> None:
        @callback
        def settled(_now: datetime) -> None:
            begin(hass)

        stops.append(async_call_later(hass, _SETTLE, settled))

    stops.append(async_at_started(hass, started))

    @callback
    def prevent() -> None:
        for stop in stops:
            stop()

    return prevent


_HAPPENINGS: HassKey[Happenings] = HassKey(f"{DOMAIN}_happenings")


@callback
def happenings_of(hass: HomeAssistant) -> Happenings:
    """Return the one place where the happenings of this Home Assistant come together."""
    if (found := hass.data.get(_HAPPENINGS)) is None:
        found = hass.data[_HAPPENINGS] = Happenings(hass)
    return found
