"""From bytes to typed values: strict where the server keeps to the reference, forgiving where it does not.

The strict way is one call into msgspec. Only what it refuses is looked at field by field: a field of the wrong type
costs that field, not the event.
"""

from codecs import BOM_UTF8
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

import msgspec

from ..clean_text import read_json, unclean
from ..http.secrets import Mask
from ..http.tap import WireStatistics, Wiretap
from .types.base import UNLISTED, O2gEvent, Wire
from .types.events import KnownEvent, UnknownEvent

T = TypeVar("T")
Event = KnownEvent | UnknownEvent
LOOK_EVERY: Final = 1000
"""Of so many pieces of the channel one is looked at for fields that its types do not have."""
_NEEDLESS: Final = frozenset({"media", "medias", "mediaCapabilities", "addMedias"})
"""Fields that live servers send beside the reference, and that say nothing which the model would use."""
_KNOWN: Final[dict[str, type[O2gEvent]]] = {str(kind.__struct_config__.tag): kind for kind in get_args(KnownEvent)}
_ANYTHING: Final = msgspec.json.Decoder().decode_lines
_DROPPED: Final = object()


class EventDecoder:
    """Decodes lines of the event channel, and counts what it could not understand."""

    def __init__(self, statistics: WireStatistics | None = None, mask: Mask | None = None) -> None:
        """Count into these statistics; who listens in there is shown the lines through this mask."""
        self.statistics = statistics if statistics is not None else WireStatistics()
        self._tap = self.statistics.tap
        self._mask = mask or Mask()
        decoder: msgspec.json.Decoder[KnownEvent] = msgspec.json.Decoder(KnownEvent)
        self._strict = decoder.decode
        self._strict_lines = decoder.decode_lines
        self.on_missed: Callable[[str | None, str], None] = lambda login, why: None
        """Called when something cannot be read: the login that it is about, if that much is clear, and why."""
        self._looked: set[type] = set()
        """Kinds of events that were looked at lately, see ``_look``."""
        self._look_again = LOOK_EVERY

    def decode_lines(self, lines: bytes) -> list[Event]:
        """Decode whole lines, in order. Empty ones are nothing; malformed ones are counted and skipped."""
        if self._tap.listeners:
            tell_events(self._tap, lines, self._mask)
        unlisted = UNLISTED.count
        events: list[Event] = []
        strictly = not unclean(lines)
        if strictly:
            try:
                events = self._strict_lines(lines)  # type: ignore[assignment]
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                strictly = False
                UNLISTED.count = unlisted
        if strictly:
            if not self._looked.issuperset(map(type, events)):
                self._look(lines, events)
            self._look_again -= 1
            if not self._look_again:
                self._look_again = LOOK_EVERY
                self._looked.clear()
        else:
            events = [event for line in lines.split(b"\n") if (event := self._decode(line)) is not None]
        statistics = self.statistics
        statistics.events += len(events)
        if UNLISTED.count != unlisted:
            statistics.count_unlisted(UNLISTED.count - unlisted)
        return events

    def decode(self, line: bytes) -> Event | None:
        """Decode one line, without a look for unknown fields; none where it is malformed or empty."""
        if self._tap.listeners:
            tell_events(self._tap, line, self._mask)
        unlisted = UNLISTED.count
        event = self._decode(line)
        if event is not None:
            self.statistics.events += 1
        if UNLISTED.count != unlisted:
            self.statistics.count_unlisted(UNLISTED.count - unlisted)
        return event

    def _look(self, lines: bytes, events: list[Event]) -> None:
        """Look for unknown fields in the first event of each kind that was not looked at lately."""
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            for event, raw in zip(events, _ANYTHING(lines), strict=False):
                kind = type(event)
                if kind not in self._looked:
                    self._looked.add(kind)
                    unknown_fields(raw, kind, self.statistics)

    def overlong(self) -> None:
        """Count a line that was too long to be kept."""
        self.statistics.malformed_frames += 1
        self.statistics.log_once("A line of the event channel was too long and was skipped")
        self.on_missed(None, "an event was too long")

    def _decode(self, line: bytes) -> Event | None:
        line = line.removeprefix(BOM_UTF8)
        if not line or line.isspace():
            return None
        unlisted = UNLISTED.count
        if not unclean(line):
            try:
                return self._strict(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                UNLISTED.count = unlisted
        try:
            raw, lost = read_json(line)
        except ValueError:
            raw = None
        else:
            self.statistics.count_bad_characters(lost)
        name = raw.get("eventName") if isinstance(raw, dict) else None
        if not isinstance(name, str) or not name:
            self.statistics.malformed_frames += 1
            self.statistics.log_once("A line of the event channel was no event and was skipped")
            self.on_missed(_login(raw), "an event could not be read")
            return None
        kind = _KNOWN.get(name)
        if kind is None:
            self.statistics.unknown_events += 1
            self.statistics.log_once(f"The server sends {name[:80]!r}, an event that is not known")
            return UnknownEvent(name=name, raw=line, login_name=_login(raw))
        bad = self.statistics.bad_fields
        event: Event = lenient(raw, kind, self.statistics)
        if self.statistics.bad_fields != bad:
            self.on_missed(_login(raw), "a field of an event could not be read")
        unknown_fields(raw, kind, self.statistics)
        return event


def read_answer(body: bytes, kind: type[T], statistics: WireStatistics) -> T:
    """Decode the body of an answer. Raises ``ValueError`` where it is not JSON, or not of this kind at all."""
    unlisted = UNLISTED.count
    if not unclean(body):
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            UNLISTED.count = unlisted
    raw, lost = read_json(body)
    statistics.count_bad_characters(lost)
    answer = lenient(raw, kind, statistics)
    if answer is _DROPPED:
        raise ValueError(f"no {kind.__name__}")
    return answer  # type: ignore[no-any-return]


_fields = cache(msgspec.structs.fields)
"""What a type has."""


@cache
def _types_by_name(kind: type[Wire]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in _fields(kind)}


def unknown_fields(raw: Any, kind: Any, statistics: WireStatistics) -> None:
    """Count the fields that a type does not have, in all that is in it; each is counted and logged once."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is tuple and isinstance(raw, list):
        for item in raw:
            unknown_fields(item, get_args(kind)[0], statistics)
    elif isinstance(raw, dict) and isinstance(kind, type) and issubclass(kind, Wire):
        known = _types_by_name(kind)
        for name, value in raw.items():
            if name in known:
                unknown_fields(value, known[name], statistics)
            elif (
                name not in _NEEDLESS
                and name != kind.__struct_config__.tag_field
                and statistics.log_once(f"The server sends {kind.__name__}.{name[:80]}, a field that is not known")
            ):
                statistics.unknown_fields += 1


def lenient(raw: Any, kind: Any, statistics: WireStatistics, where: str = "") -> Any:
    """Make of a value what can be made of it; what cannot is left out and counted."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if raw is None:
            return None
        kind = next(part for part in get_args(kind) if part is not NoneType)
        origin = get_origin(kind)
    if origin is tuple and isinstance(raw, list):
        inner = get_args(kind)[0]
        items = (lenient(item, inner, statistics, where) for item in raw)
        return tuple(item for item in items if item is not _DROPPED)
    if isinstance(kind, type) and issubclass(kind, Wire):
        return _lenient_struct(raw, kind, statistics, where)
    unlisted = UNLISTED.count
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, TypeError):
        UNLISTED.count = unlisted
        return _drop(statistics, where)


def _lenient_struct(raw: Any, kind: type[Wire], statistics: WireStatistics, where: str) -> Any:
    fields = _fields(kind)
    if isinstance(raw, list) and len(fields) == 1 and get_origin(fields[0].type) is tuple:
        raw = {fields[0].encode_name: raw}  # a container that came without its wrapping
    if not isinstance(raw, dict):
        return _drop(statistics, where or kind.__name__)
    values = {}
    for item in fields:
        given = raw.get(item.encode_name)
        if given is None:
            if item.required:
                return _drop(statistics, f"{kind.__name__}.{item.encode_name}")
            continue
        value = lenient(given, item.type, statistics, f"{kind.__name__}.{item.encode_name}")
        if value is not _DROPPED:
            values[item.name] = value
        elif item.required:
            return _DROPPED
    return kind(**values)


def _drop(statistics: WireStatistics, where: str) -> Any:
    statistics.bad_fields += 1
    statistics.log_once(f"The server sends {where} as another type than the reference says; it is left out")
    return _DROPPED


def _login(raw: Any) -> str | None:
    """The user an event is about, as far as it can be seen."""
    login = raw.get("loginName") if isinstance(raw, dict) else None
    return login if isinstance(login, str) else None


_UNREADABLE: Final = "(no event)"


class _Named(msgspec.Struct, rename="camel"):
    event_name: str = ""


def tell_events(tap: Wiretap, lines: bytes, mask: Mask) -> None:
    """Publish lines of the event channel to those who look at the wire, each by the name of its event."""
    for line in lines.split(b"\n"):
        if line and not line.isspace():
            text = mask.body(line)
            tap.publish(_name(text) or _UNREADABLE, sent=False, body=text)


def _name(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=_Named).event_name
    except (msgspec.DecodeError, RecursionError):
        return ""
