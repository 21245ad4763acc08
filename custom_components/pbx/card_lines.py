"""What the card sees: lines with their calls, over all entries, for as long as someone looks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, Event as HassEvent, HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .aiopbx import CallEvent, CallSnapshot, Event, Feature, LineAdded, LineChanged, LineRemoved, Status
from .calls import calls_by_engagement, label_of
from .card_permissions import may_command, may_read, may_read_device
from .const import CONF_HIDE_CALLERS, DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .identity import base_of

# Seconds that changes are gathered before they are sent: a board of 200 lines would otherwise get each one by itself.
GATHER: Final = 0.05

# What a line can do, and the command that does it: a user who may not send it is not offered it.
_OFFERED: Final = {
    Feature.DIAL: "dial",
    Feature.ANSWER: "answer",
    Feature.HANG_UP: "hang_up",
    Feature.DO_NOT_DISTURB: "set_do_not_disturb",
    Feature.FORWARD: "set_forward",
    Feature.DIRECTORY: "search",
    Feature.VOICEMAIL: "set_forward",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which lines a card is for. Nothing at all means all of them."""

    everything: bool = False
    keys: Mapping[str, int] = field(default_factory=dict)
    """The lines' own, as their devices are identified, with their places."""
    entries: Mapping[str, int] = field(default_factory=dict)
    """Entries with all their lines."""
    words: Mapping[str, int] = field(default_factory=dict)
    """Numbers and ids of lines."""

    def place(self, entry_id: str, key: str, *words: str) -> int | None:
        """Return at which place this line is wanted; None if it is not."""
        if self.everything:
            return 0
        places = [self.keys.get(key), self.entries.get(entry_id), *(self.words.get(word) for word in words)]
        return min((place for place in places if place is not None), default=None)


def find_wanted(hass: HomeAssistant, names: Iterable[str]) -> Wanted:
    """Return which lines are meant by devices, entities, numbers and ids of lines, or the device of a whole PBX."""
    names = list(names)
    if not names:
        return Wanted(everything=True)
    devices, entities = dr.async_get(hass), er.async_get(hass)
    bases = {base_of(entry): entry.entry_id for entry in hass.config_entries.async_entries(DOMAIN)}
    keys: dict[str, int] = {}
    entries: dict[str, int] = {}
    words: dict[str, int] = {}
    for place, name in enumerate(names):
        entity = entities.async_get(name)
        device = devices.async_get(name if entity is None else entity.device_id or "")
        if device is None:
            words[name] = place
            continue
        for domain, identifier in device.identifiers:
            if domain != DOMAIN:
                continue
            if identifier in bases:
                entries[bases[identifier]] = place
            else:
                keys[identifier] = place
    return Wanted(keys=keys, entries=entries, words=words)


def find_line(hass: HomeAssistant, key: str) -> tuple[PbxCoordinator, str] | None:
    """Return the connected line with this key."""
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        coordinator = entry.runtime_data
        line = key.removeprefix(f"{coordinator.base}_")
        if line in coordinator.data and coordinator.identifier(line)[1] == key:
            return coordinator, line
    return None


def hides_callers(entry: ConfigEntry) -> bool:
    """Whether the names and numbers of callers are to be kept out of what is shown."""
    return bool(entry.options.get(CONF_HIDE_CALLERS, False))


def _time(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None


def show_call(call: CallSnapshot, *, hidden: bool, allowed: Callable[[str], bool]) -> dict[str, Any]:
    """Return what a card shows of a call, with what a user may do to it now."""
    called = call.called
    return {
        "id": call.id,
        "state": call.state.value,
        "direction": call.direction.value,
        "parties": [
            {"name": None, "number": None, "anonymous": True}
            if hidden
            else {"name": party.name, "number": party.number, "anonymous": party.anonymous}
            for party in call.parties
        ],
        "called": None if hidden or called is None else called.name or called.number,
        "started_at": _time(call.started_at),
        "answered_at": _time(call.answered_at),
        "recording": call.recording.value if call.recording is not None else None,
        "actions": sorted(action.value for action in call.actions if allowed(action.value)),
    }


class LiveLines:
    """Sends one card the lines it is for: everything at first, then what has changed, gathered."""

    def __init__(
        self, hass: HomeAssistant, connection: websocket_api.ActiveConnection, message_id: int, names: list[str]
    ) -> None:
        """Begin to look; the first message is sent at once."""
        self._hass = hass
        self._connection = connection
        self._id = message_id
        self._names = names
        self._changed: set[tuple[str, str]] = set()
        self._whole = False
        self._gathering: CALLBACK_TYPE | None = None
        self._watched: dict[str, _Watch] = {}
        self._ends = [
            async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._device_changed),
        ]
        self._send_everything()

    @callback
    def end(self) -> None:
        """Look no longer."""
        if self._gathering is not None:
            self._gathering()
        for watch in self._watched.values():
            watch.end()
        for end in self._ends:
            end()

    # ------------------------------------------------------------------------------------------------------ changes

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            self._note(whole=True)

    @callback
    def _device_changed(self, event: HassEvent[Any]) -> None:
        """Look again where a line may have got, lost or changed its device: its name, its area, who it is."""
        device = dr.async_get(self._hass).async_get(event.data["device_id"])
        if device is None or any(domain == DOMAIN for domain, *_ in device.identifiers):
            self._note(whole=True)

    @callback
    def _note(self, *lines: tuple[str, str], whole: bool = False) -> None:
        self._changed.update(lines)
        self._whole = self._whole or whole
        if self._gathering is None:
            self._gathering = async_call_later(self._hass, GATHER, self._send)

    def _watch(self) -> None:
        """Subscribe to every PBX that is there now, and to none that is gone."""
        loaded: list[PbxConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        coordinators = {entry.entry_id: entry.runtime_data for entry in loaded}
        for entry_id in list(self._watched):
            if self._watched[entry_id].coordinator is not coordinators.get(entry_id):
                self._watched.pop(entry_id).end()
        for entry_id, coordinator in coordinators.items():
            if entry_id not in self._watched:
                self._watched[entry_id] = self._watch_one(entry_id, coordinator)

    def _watch_one(self, entry_id: str, coordinator: PbxCoordinator) -> _Watch:
        @callback
        def on_event(event: Event) -> None:
            if isinstance(event, CallEvent | LineChanged):
                self._note((entry_id, event.line))
            elif isinstance(event, LineAdded | LineRemoved):
                self._note(whole=True)

        def on_change() -> None:
            self._note(whole=True)

        return _Watch(
            coordinator=coordinator,
            ends=[coordinator.pbx.subscribe(on_event), coordinator.async_add_listener(on_change)],
        )

    # ------------------------------------------------------------------------------------------------------ messages

    @callback
    def _send(self, _now: datetime) -> None:
        self._gathering = None
        if self._whole:
            self._send_everything()
            return
        changed, self._changed = self._changed, set()
        wanted, lines = find_wanted(self._hass, self._names), {}
        for entry_id, line in changed:
            if (watch := self._watched.get(entry_id)) is None or line not in watch.coordinator.data:
                continue
            key, shown = self._line(watch.coordinator, line, wanted)
            if shown is not None:
                lines[key] = shown
        if lines:
            self._event({"whole": False, "lines": lines})

    def _send_everything(self) -> None:
        self._whole = False
        self._changed.clear()
        self._watch()
        wanted = find_wanted(self._hass, self._names)
        lines, entries = {}, {}
        for entry in self._hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
            found = dict(self._lines_of(entry, wanted))
            lines.update(found)
            if found or wanted.everything or entry.entry_id in wanted.entries:
                entries[entry.entry_id] = self._entry(entry)
        self._event({"whole": True, "lines": lines, "entries": entries})

    def _event(self, content: dict[str, Any]) -> None:
        # The browser's clock may be wrong, and the timers of calls are to be right.
        content["now"] = dt_util.utcnow().timestamp()
        self._connection.send_message(websocket_api.event_message(self._id, content))

    def _entry(self, entry: ConfigEntry) -> dict[str, Any]:
        watch = self._watched.get(entry.entry_id)
        return {
            "title": entry.title,
            "online": watch is not None and watch.coordinator.pbx.status is Status.ONLINE,
            "hides_callers": hides_callers(entry),
        }

    def _lines_of(self, entry: ConfigEntry, wanted: Wanted) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give the lines of an entry: as they are, or while it is not connected those whose devices are known."""
        if (watch := self._watched.get(entry.entry_id)) is not None:
            for line in list(watch.coordinator.data):
                key, shown = self._line(watch.coordinator, line, wanted)
                if shown is not None:
                    yield key, shown
            return
        user, prefix = self._connection.user, f"{base_of(entry)}_"
        for device in dr.async_entries_for_config_entry(dr.async_get(self._hass), entry.entry_id):
            for domain, key in device.identifiers:
                if domain != DOMAIN or not key.startswith(prefix):
                    continue
                place = wanted.place(entry.entry_id, key, key.removeprefix(prefix))
                if place is not None and may_read_device(self._hass, user, device):
                    yield key, _unknown_line(self._hass, entry, device) | {"place": place}

    def _line(self, coordinator: PbxCoordinator, line: str, wanted: Wanted) -> tuple[str, dict[str, Any] | None]:
        """Return the key of a line, and what is shown of it: nothing if it is not for this card or this user."""
        hass, user = self._hass, self._connection.user
        entry, key, snapshot = coordinator.config_entry, coordinator.identifier(line)[1], coordinator.data[line]
        words = [word for word in (line, snapshot.number) if word]
        place = wanted.place(entry.entry_id, key, *words)
        if place is None or not may_read(hass, user, coordinator, line):
            return key, None
        features = coordinator.pbx.lines[line].features

        def allowed(command: str) -> bool:
            return may_command(hass, user, coordinator, line, command)

        hidden, routing = hides_callers(entry), snapshot.routing
        device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), entry.entry_id)
        draft = coordinator.memory[line].draft
        return key, {
            "entry": entry.entry_id,
            "place": place,
            "name": (device.name_by_user if device is not None else None) or label_of(snapshot),
            "number": snapshot.number,
            "area": _area(hass, device),
            "state": snapshot.state.value,
            "can": sorted(
                feature.value for feature, command in _OFFERED.items() if feature in features and allowed(command)
            ),
            "shows_calls": Feature.CALL_EVENTS in features,
            "do_not_disturb": routing.do_not_disturb if routing is not None else None,
            "forward": None
            if routing is None or (forward := routing.forward) is None
            else {
                "condition": forward.condition.value,
                "target": forward.target.value,
                "number": forward.number,
            },
            "forward_number": draft.number,
            "calls": [show_call(call, hidden=hidden, allowed=allowed) for call in calls_by_engagement(snapshot)],
        }


@dataclass(frozen=True, kw_only=True)
class _Watch:
    """A PBX that is looked at."""

    coordinator: PbxCoordinator
    ends: list[CALLBACK_TYPE] = field(default_factory=list)

    def end(self) -> None:
        """Look at it no longer."""
        for end in self.ends:
            end()


def _area(hass: HomeAssistant, device: dr.DeviceEntry | None) -> str | None:
    if device is None or device.area_id is None:
        return None
    area = ar.async_get(hass).async_get_area(device.area_id)
    return area.name if area is not None else None


def _unknown_line(hass: HomeAssistant, entry: ConfigEntry, device: dr.DeviceEntry) -> dict[str, Any]:
    """Return a line whose PBX is not connected: who it is, and nothing that would be a guess."""
    return {
        "entry": entry.entry_id,
        "name": device.name_by_user or device.name,
        "number": None,
        "area": _area(hass, device),
        "state": "unknown",
        "can": [],
        "shows_calls": False,
        "do_not_disturb": None,
        "forward": None,
        "forward_number": "",
        "calls": [],
    }


@websocket_api.websocket_command(
    {vol.Required("type"): "pbx/card/subscribe", vol.Optional("lines", default=list): [str]}
)
@callback
def ws_subscribe(hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the lines that a card is for, now and whenever they change, until it unsubscribes."""
    connection.send_result(msg["id"])
    connection.subscriptions[msg["id"]] = LiveLines(hass, connection, msg["id"], msg["lines"]).end
