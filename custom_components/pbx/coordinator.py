"""One coordinator per PBX: it holds frozen snapshots and notifies entities of what the PBX pushes. It never polls."""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event as HassEvent, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .aiopbx import (
    AuthenticationFailed,
    CallEnded,
    CallerIdChoice,
    CallEvent,
    CallSnapshot,
    Event,
    EventsLate,
    InvalidInput,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    NotSupported,
    Obstacle,
    ObstacleKind,
    Pbx,
    PbxError,
    Status,
    StatusChanged,
    UnknownLine,
)
from .calls import label_of
from .client import Connection, async_connect, async_probe, chosen_lines
from .const import (
    CONF_HIDE_CALLERS,
    CONF_KIND,
    CONF_NIGHT_LINES,
    CONF_NIGHT_NUMBER,
    DOMAIN,
    KIND_ADMINISTRATOR,
    KIND_BRIDGE,
    KIND_DEMO,
    KIND_MYCRM,
    KIND_MYISTRA,
    KIND_MYRCC,
    KIND_USER,
)
from .errors import translated
from .forward import ForwardDraft, NightService
from .identity import async_settle_identity, base_of
from .issues import PbxIssues, async_settle_licence_issue
from .later import Later

_LOGGER = logging.getLogger(__name__)

# Of more lines than this, entities that are disabled by default come later than those that someone can see.
MANY: Final = 100
# Seconds that a connection has to last for what cut it before to be gone: a little more than the client says so for.
_LASTS: Final = 3700.0


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How the devices of an entry are described: manufacturer and model of the PBX, and what its lines are."""

    manufacturer: str | None = "Centile"
    model: str
    line: str = "Line"
    line_manufacturer: str | None = None
    pairs: bool = False
    """Whether it may have a secondary server."""


_O2G = Kind(manufacturer="Alcatel-Lucent Enterprise", model="O2G", pairs=True)
KINDS: Final = {
    KIND_DEMO: Kind(manufacturer=None, model="Simulated PBX", pairs=True),
    KIND_USER: _O2G,
    KIND_ADMINISTRATOR: _O2G,
    KIND_MYRCC: Kind(model="Istra myRCC", line="Extension", line_manufacturer="Centile"),
    # Terminals are telephones of many manufacturers.
    KIND_MYCRM: Kind(model="Istra myCrm", line="Terminal"),
    KIND_MYISTRA: Kind(model="Istra myIstra", line="User", line_manufacturer="Centile"),
    # Of which make the telephone system behind it is, it does not say.
    KIND_BRIDGE: Kind(manufacturer=None, model="Telephone system behind a bridge"),
}

# What the events of calls change in the snapshot of a line.
_CALL_FIELDS = frozenset({"calls", "state"})
# What of a snapshot decides which entities a line has.
_FEATURES = frozenset({"features", "described"})
# What of a snapshot is remembered when the PBX no longer reports it.
_FOLLOWED = frozenset({"routing", "caller_id"})

type PbxConfigEntry = ConfigEntry[PbxCoordinator]
type CallListener = Callable[[CallEvent], None]


@dataclass(slots=True)
class LineMemory:
    """What is remembered of a line beyond its snapshot."""

    draft: ForwardDraft = field(default_factory=ForwardDraft)
    """How the line would be forwarded when its forward is switched on; follows the PBX whenever it has a forward."""
    caller_id: str = ""
    """The caller ID that was chosen by hand last."""
    last_ended: CallSnapshot | None = None


@dataclass(slots=True)
class LineListeners:
    """Who is notified of one line."""

    changes: list[tuple[frozenset[str], CALLBACK_TYPE]] = field(default_factory=list)
    calls: list[CallListener] = field(default_factory=list)


class PbxCoordinator(DataUpdateCoordinator[dict[str, LineSnapshot]]):
    """A connected PBX. ``data`` has the newest snapshot of every line, by the id of the line.

    The listeners of the base class are notified when the connection is lost or back and when lines come or go. What
    happens on a line reaches only the listeners of that line that watch what changed, so that a large office costs no
    more per event than a small one.
    """

    config_entry: PbxConfigEntry
    connection: Connection
    device_id: str
    """The PBX's own device; those of the lines are connected through it."""

    def __init__(self, hass: HomeAssistant, entry: PbxConfigEntry) -> None:
        """Create the coordinator of an entry; nothing is connected yet."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=None)
        self.memory: defaultdict[str, LineMemory] = defaultdict(LineMemory)
        self._listeners_of: dict[str, LineListeners] = {}
        self._feature_listeners: list[Callable[[str], None]] = []
        self._system_listeners: list[CALLBACK_TYPE] = []
        self._devices: dict[str, str] = {}
        """The ids of the devices of lines that are registered as they are now."""
        self.later = Later(hass, entry)
        self._settling: CALLBACK_TYPE | None = None
        """Stops the look whether issues are over, where there is to be one."""

    @property
    def pbx(self) -> Pbx:
        """The client."""
        return self.connection.pbx

    @property
    def kind(self) -> Kind:
        """How the devices of the entry are described."""
        return KINDS[self.config_entry.data[CONF_KIND]]

    @property
    def has_many_lines(self) -> bool:
        """Whether there are so many lines that what nobody sees has to wait."""
        return len(self.data) > MANY

    @property
    def hides_callers(self) -> bool:
        """Whether names and numbers of callers are kept out of states."""
        return bool(self.config_entry.options.get(CONF_HIDE_CALLERS))

    @property
    def night_service(self) -> NightService | None:
        """The night service; None where none is configured."""
        options = self.config_entry.options
        lines = tuple(options.get(CONF_NIGHT_LINES) or ())
        return NightService(lines=lines, number=options.get(CONF_NIGHT_NUMBER) or None) if lines else None

    # -------------------------------------------------------------------------------------- connecting and leaving

    @override
    async def _async_setup(self) -> None:
        """Connect; this is the first refresh of the entry, and its only one."""
        try:
            self.connection = await self._async_connect()
        except PbxError as err:
            async_settle_licence_issue(self.hass, self.config_entry, err)
            raise self._failed(err) from err
        async_settle_licence_issue(self.hass, self.config_entry, None)
        entry = self.config_entry
        entry.async_on_unload(self.connection.close)
        entry.async_on_unload(self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop))
        entry.async_on_unload(self.pbx.subscribe(self._handle_event))
        entry.async_on_unload(self._forget_later)
        self._settle_issues()
        await async_settle_identity(self.hass, entry, self.pbx)
        self._end_reauth()
        self.data = {line.id: line.snapshot for line in self.pbx.lines.values()}
        for snapshot in self.data.values():
            self._follow(snapshot)
        self._tidy_devices()
        PbxIssues(self)

    def _failed(self, err: PbxError) -> HomeAssistantError:
        """Return why the entry cannot be set up: with a new password, by a change elsewhere, or by trying again."""
        if isinstance(err, EventsLate):
            self._raise_issue(Obstacle(kind=ObstacleKind.EVENTS_LATE, text=err.message, remedy=err.remedy))
        elif isinstance(err, AuthenticationFailed):
            return translated(err, ConfigEntryAuthFailed)
        elif isinstance(err, (InvalidInput, NotSupported, UnknownLine)):
            # Trying again would not help: someone has to change something.
            return translated(err, ConfigEntryError)
        return translated(err, UpdateFailed)

    async def _async_connect(self) -> Connection:
        """Connect with the chosen lines; those that are gone are left out, and an issue names them."""
        entry = self.config_entry
        issue = f"lines_gone_{entry.entry_id}"
        try:
            connection = await async_connect(self.hass, entry.data, entry.options)
        except UnknownLine:
            chosen = chosen_lines(entry.data, entry.options)
            there = {key for line in (await async_probe(self.hass, entry.data)).lines for key in (line.id, line.number)}
            left = tuple(key for key in chosen if key in there)
            if not left:
                raise
            connection = await async_connect(self.hass, entry.data, entry.options, lines=left)
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                issue,
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="lines_gone",
                translation_placeholders={
                    "title": entry.title,
                    "lines": ", ".join(key for key in chosen if key not in there),
                },
            )
        else:
            ir.async_delete_issue(self.hass, DOMAIN, issue)
        return connection

    # ----------------------------------------------------------------------------------------------------- repairs

    def _issue(self, kind: ObstacleKind) -> str:
        """Return the id of the issue of what stands between here and the PBX."""
        return f"{kind.value}_{self.config_entry.entry_id}"

    @callback
    def _raise_issue(self, obstacle: Obstacle) -> None:
        """Show what stands in the way, and what mends it."""
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._issue(obstacle.kind),
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=obstacle.kind.value,
            translation_placeholders={
                "title": self.config_entry.title,
                "message": obstacle.text,
                "remedy": obstacle.remedy or "",
            },
        )

    @callback
    def _settle_issues(self, _now: datetime | None = None) -> None:
        """Keep the issues of what stands in the way, and drop the others."""
        there = {obstacle.kind for obstacle in self.pbx.obstacles}
        for kind in ObstacleKind:
            if kind not in there:
                ir.async_delete_issue(self.hass, DOMAIN, self._issue(kind))

    @callback
    def _watch_obstacles(self) -> None:
        """Raise the issues of what stands in the way. They go when the connection has lasted, or is set up anew."""
        self._forget_later()
        for obstacle in self.pbx.obstacles:
            self._raise_issue(obstacle)
        if self.pbx.status is Status.ONLINE:
            self._settling = async_call_later(self.hass, _LASTS, self._settle_issues)

    @callback
    def _forget_later(self) -> None:
        """Settle no issues later."""
        if self._settling is not None:
            self._settling()
            self._settling = None

    @override
    async def _async_update_data(self) -> dict[str, LineSnapshot]:
        """Return what is known: someone asked for a refresh, but a PBX that pushes has nothing to add."""
        if self.pbx.status is not Status.ONLINE:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="offline_now")
        return self.data

    async def _async_stop(self, _event: HassEvent) -> None:
        """Close the connection when Home Assistant stops."""
        await self.connection.close()

    @callback
    def _tidy_devices(self) -> None:
        """Register the PBX's own device, and remove the devices of lines that are gone."""
        registry = dr.async_get(self.hass)
        entry, info = self.config_entry, self.pbx.info
        # An O2G server reports the name of its product.
        product = info.product if self.kind is _O2G else ""
        self.device_id = registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, self.base)},
            entry_type=dr.DeviceEntryType.SERVICE,
            name=entry.title,
            manufacturer=self.kind.manufacturer,
            model=product or self.kind.model,
            sw_version=info.version or None,
        ).id
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
            if not self.has_device(device):
                registry.async_remove_device(device.id)

    @property
    def base(self) -> str:
        """What the ids of the entry's devices and entities begin with; it outlives the entry."""
        return base_of(self.config_entry)

    def identifier(self, line: str) -> tuple[str, str]:
        """Return the identifier of a line's device."""
        return (DOMAIN, f"{self.base}_{line}")

    def unique_id(self, line: str, key: str) -> str:
        """Return the unique id of an entity of a line."""
        return f"{self.identifier(line)[1]}_{key}"

    def has_device(self, device: dr.AnyDeviceEntry) -> bool:
        """Whether a device is the PBX's own or that of a line that is monitored."""
        kept = {(DOMAIN, self.base)} | {self.identifier(line) for line in self.data}
        return not device.identifiers.isdisjoint(kept)

    @callback
    def async_device(self, line: str) -> dr.DeviceEntry:
        """Return the device of a line, which is registered, or brought up to date, once and not for each entity."""
        registry = dr.async_get(self.hass)
        if (known := self._devices.get(line)) is not None:
            device = registry.async_get(known)
            if isinstance(device, dr.DeviceEntry):
                return device
        snapshot = self.data[line]
        device = registry.async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={self.identifier(line)},
            name=label_of(snapshot),
            manufacturer=self.kind.line_manufacturer,
            model=" ".join(filter(None, (self.kind.line, snapshot.number))),
            via_device_id=self.device_id,
        )
        self._devices[line] = device.id
        return device

    def _device_of(self, line: str) -> dr.DeviceEntry | None:
        """Return the device of a line."""
        registry = dr.async_get(self.hass)
        return registry.async_get_device_by_identifier(self.identifier(line), self.config_entry.entry_id)

    # -------------------------------------------------------------------------------------------------- listeners

    @callback
    def async_add_line_listener(self, line: str, watch: frozenset[str], listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when one of these fields of the line's snapshot changes."""
        listeners = self._listeners_of.setdefault(line, LineListeners()).changes
        item = (watch, listener)
        listeners.append(item)
        return lambda: listeners.remove(item)

    @callback
    def async_add_call_listener(self, line: str, listener: CallListener) -> CALLBACK_TYPE:
        """Call the listener for every event of a call of the line."""
        listeners = self._listeners_of.setdefault(line, LineListeners()).calls
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def async_add_feature_listener(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call the listener with each line that has become described, or that can do more or less than before."""
        self._feature_listeners.append(listener)
        return lambda: self._feature_listeners.remove(listener)

    @callback
    def async_add_system_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call the listener when something has changed of nodes or licences."""
        self._system_listeners.append(listener)
        return lambda: self._system_listeners.remove(listener)

    @callback
    def async_notify_system(self) -> None:
        """Notify those who show nodes or licences."""
        for listener in tuple(self._system_listeners):
            listener()

    @callback
    def async_notify(self, line: str, changed: frozenset[str]) -> None:
        """Notify the listeners that watch one of these fields of the line."""
        if (listeners := self._listeners_of.get(line)) is not None:
            for watch, listener in tuple(listeners.changes):
                if watch & changed:
                    listener()

    # ------------------------------------------------------------------------------------------------------ pushes

    @callback
    def _handle_event(self, event: Event) -> None:
        """Apply an event of the client. Runs in the event loop, once per event."""
        match event:
            case LineChanged():
                self._handle_line(event)
            case CallEvent():
                self._handle_call(event)
            case StatusChanged():
                self._handle_status(event)
            case LineAdded():
                self.data[event.line] = event.snapshot
                self._follow(event.snapshot)
                self.async_update_listeners()
            case LineRemoved():
                self._forget(event.line)

    @callback
    def _handle_line(self, event: LineChanged) -> None:
        """Apply a change of a line; what the event of a call has brought already is not notified again."""
        known = _CALL_FIELDS if self.data.get(event.line) is event.snapshot else frozenset()
        self.data[event.line] = event.snapshot
        if event.changed & _FOLLOWED:
            self._follow(event.snapshot)
        if "name" in event.changed:
            self._rename(event.snapshot)
        if event.changed & _FEATURES:
            for listener in tuple(self._feature_listeners):
                listener(event.line)
        self.async_notify(event.line, event.changed - known)

    @callback
    def _handle_call(self, event: CallEvent) -> None:
        """Notify listeners of a call, and remember the last call that ended."""
        if (line := self.pbx.lines.get(event.line)) is None:
            return
        self.data[event.line] = line.snapshot
        if isinstance(event, CallEnded):
            self.memory[event.line].last_ended = event.call
        self.async_notify(event.line, _CALL_FIELDS)
        self.async_report_call(event)

    @callback
    def async_report_call(self, event: CallEvent) -> None:
        """Notify the listeners of a call: of the client's events, and of what only the log says after an absence."""
        if (listeners := self._listeners_of.get(event.line)) is not None:
            for listener in tuple(listeners.calls):
                listener(event)

    @callback
    def _handle_status(self, event: StatusChanged) -> None:
        """Make everything unavailable once when the PBX is lost, and available once when it is back."""
        online = event.status is Status.ONLINE
        self._watch_obstacles()
        if online:
            self._end_reauth()
            self.data.update({line.id: line.snapshot for line in self.pbx.lines.values()})
        if isinstance(self.pbx.error, AuthenticationFailed):
            # Reconnecting will not help. Home Assistant asks only once, however often this is called.
            self.config_entry.async_start_reauth(self.hass)
        if online is self.last_update_success:
            return
        self.last_update_success = online
        if online:
            _LOGGER.info("%s is available again", self.name)
        elif event.status is not Status.CLOSED:
            _LOGGER.info("%s is unavailable: %s", self.name, event.reason or "the connection was lost")
        self.async_update_listeners()

    @callback
    def _end_reauth(self) -> None:
        """Ask no longer for a password that is accepted: the account works again without anyone's help."""
        for flow in tuple(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def _forget(self, line: str) -> None:
        """Remove a line that is gone, with its device and entities."""
        self.data.pop(line, None)
        self.memory.pop(line, None)
        self._devices.pop(line, None)
        if (device := self._device_of(line)) is not None:
            dr.async_get(self.hass).async_remove_device(device.id)
        self.async_update_listeners()

    @callback
    def _rename(self, snapshot: LineSnapshot) -> None:
        """Give a line's device the name that the PBX has for it now."""
        if (device := self._device_of(snapshot.id)) is not None:
            dr.async_get(self.hass).async_update_device(device.id, name=label_of(snapshot))

    # ----------------------------------------------------------------------------------------------------- the memory

    @callback
    def async_set_draft(self, line: str, draft: ForwardDraft) -> None:
        """Change how a line would be forwarded."""
        self.memory[line].draft = draft
        self.async_notify(line, frozenset({"draft"}))

    @callback
    def _follow(self, snapshot: LineSnapshot) -> None:
        """Let the memory of a line follow what the PBX reports: its forward and its caller ID."""
        memory, caller_id, routing = self.memory[snapshot.id], snapshot.caller_id, snapshot.routing
        if caller_id is not None and caller_id.choice is CallerIdChoice.MANUAL and caller_id.number:
            memory.caller_id = caller_id.number
        if routing is not None and routing.forward is not None:
            memory.draft = memory.draft.following(routing.forward)
