"""From bytes to typed values. What Istra servers, their versions and their guides write differently is met here.

The strict way is one call into msgspec, which reads numbers and booleans from text as well. Only what it refuses, and
now and then one to look at, goes the forgiving way: JSON is mended, names of fields are found however they are
written, a value becomes what its type says if that can be done at all, and if it cannot, it is left out and counted.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin

import msgspec

from ..clean_text import clean_values, decoded, unclean
from ..http.tap import WireStatistics
from .types.base import UNLISTED, IstraWire
from .types.crm import CrmCallEvent, CrmPush
from .types.enduser import Enterprise, Notifications, NotificationsPush
from .types.rcc import CallLine, CallLinePush, CallLines, Extensions
from .types.session import Application, SocketTimeout

T = TypeVar("T")
Item = CallLine | CrmCallEvent | Notifications

LOOK_EVERY: Final = 1000
"""Of so many pushes one is looked at for fields that its types do not have."""
PIECE: Final = 100
"""Items of a long frame that are decoded and applied before others have their turn."""
PING: Final = b"ping"
"""What either side sends now and then, as text or as bytes."""
_SHORT: Final = 16
_ODD: Final = "\u201c\u201d\u201e\u2018\u2019'"
"""Quotes that stand where a straight one should: curly ones, and single ones."""
_CLOSING: Final = {odd: f'"\u201c\u201d{odd}' + ("\u2019" if odd == "\u2018" else "") for odd in _ODD}
_SPACES: Final = " \t\r\n\u00a0\ufeff"
_DROPPED: Final = object()
_NO_COUNTER: Final = Notifications()
_TOO_LARGE: Final = 2**63
_TRUE: Final = frozenset({"true", "1", "yes"})
_FALSE: Final = frozenset({"false", "0", "no", ""})
_PUSHES: Final[dict[Application, type[CallLinePush] | type[CrmPush] | type[NotificationsPush]]] = {
    Application.RCC: CallLinePush,
    Application.CRM: CrmPush,
    Application.USER: NotificationsPush,
}
_ITEMS: Final[dict[Application, type[Item]]] = {
    Application.RCC: CallLine,
    Application.CRM: CrmCallEvent,
    Application.USER: Notifications,
}


class Push(msgspec.Struct, frozen=True, gc=False):
    """What was pushed at once: for which listener, and the items as they came."""

    listener: str
    items: tuple[Item, ...]


class Ping(Enum):
    """A frame that only says that the server is there."""

    PING = "ping"
    OTHER = "other"


Frame = Push | SocketTimeout | Ping


class FrameDecoder:
    """Decodes the frames of one application, and counts what it could not understand."""

    def __init__(self, application: Application, statistics: WireStatistics | None = None) -> None:
        """Count into these statistics."""
        self.statistics = statistics if statistics is not None else WireStatistics()
        self.on_missed: Callable[[str], None] = lambda why: None
        """Called when something that was pushed cannot be read, in words."""
        self._item = _ITEMS[application]
        self._strict = msgspec.json.Decoder(_PUSHES[application], strict=False).decode
        self._look_in = 0
        self._names = frozenset(field.encode_name for field in _fields(self._item))
        self._small = frozenset(name.lower() for name in self._names)
        self._loose = False
        """Whether this server writes names of fields in other letters: then nothing goes the strict way."""

    def decode(self, frame: bytes) -> Frame | None:
        """Decode a frame; none where it was malformed and is skipped."""
        if len(frame) <= _SHORT:
            word = frame.strip().strip(b'"').lower()
            if word == PING:
                return Ping.PING
            if word in {b"pong", b""}:
                return Ping.OTHER
        if self._look_in and not self._loose and b'" ' not in frame and not unclean(frame):
            unlisted = UNLISTED.count
            try:
                push = self._strict(frame)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                UNLISTED.count = unlisted
            else:
                item = push.item
                items = item if isinstance(item, tuple) else (item,) if item and item != _NO_COUNTER else ()
                if items:  # the forgiving way counts that as malformed
                    self._look_in -= 1
                    self.statistics.events += len(items)
                    if UNLISTED.count != unlisted:
                        self.statistics.count_unlisted(UNLISTED.count - unlisted)
                    return Push(push.listener_name, items)
                UNLISTED.count = unlisted
        return next(self._forgiving(frame, sys.maxsize), None)

    def pieces(self, frame: bytes) -> Iterator[Frame]:
        """Decode a long frame, and give its items a few at a time: between them others may have their turn."""
        if self._look_in and not self._loose and b'" ' not in frame:
            whole = self.decode(frame)
            if isinstance(whole, Push):
                for start in range(0, len(whole.items), PIECE):
                    yield Push(whole.listener, whole.items[start : start + PIECE])
            elif whole is not None:
                yield whole
        else:
            yield from self._forgiving(frame, PIECE)

    def _forgiving(self, frame: bytes, most: int) -> Iterator[Frame]:
        try:
            raw = forgiving(frame, self.statistics)
        except ValueError:
            self._malformed("A frame that was pushed is not JSON and was skipped")
            return
        if not isinstance(raw, dict):
            self._malformed("A frame that was pushed is no object and was skipped")
            return
        given = _by_name(raw)
        if "timeout_milliseconds" in given or "timeoutmilliseconds" in given:
            timeout = convert(given.get("timeout_milliseconds", given.get("timeoutmilliseconds")), int, self.statistics)
            yield SocketTimeout(timeout_milliseconds=0 if timeout in (_DROPPED, None) else timeout)
            return
        if "keepalive" in given and "item" not in given:
            yield Ping.OTHER
            return
        self._look_in = LOOK_EVERY
        listener = given.get("listenername")
        items = next((given[name] for name in ("item", "items", "results") if name in given), None)
        if items is None:
            items = raw  # an item without its wrapping
        listener = listener if isinstance(listener, str) else ""
        if not isinstance(items, list):
            items = [items]
        for start in range(0, len(items), most):
            unlisted = UNLISTED.count
            read = [item for item in map(self._read, items[start : start + most]) if item is not None]
            self._count(len(read), unlisted)
            if read:
                yield Push(listener, tuple(read))

    def _read(self, raw: Any) -> Item | None:
        kind = self._item
        if kind is Notifications and isinstance(raw, dict) and not _knows(raw, kind):
            self._malformed("Something that was pushed holds no counter and was skipped")
            return None
        item = convert(raw, kind, self.statistics)
        if item is _DROPPED:
            self._malformed(f"A {kind.__name__} that was pushed has no id and was skipped")
            return None
        if not self._loose and not self._names.issuperset(raw):
            self._loose = any(name not in self._names and name.strip(_SPACES).lower() in self._small for name in raw)
        unknown_fields(raw, kind, self.statistics)
        return cast("Item", item)

    def _malformed(self, what: str) -> None:
        self.statistics.malformed_frames += 1
        self.statistics.log_once(what)
        self.on_missed(what)

    def _count(self, items: int, unlisted: int) -> None:
        self.statistics.events += items
        if UNLISTED.count != unlisted:
            self.statistics.count_unlisted(UNLISTED.count - unlisted)


def read_answer(body: bytes, kind: Any, statistics: WireStatistics) -> Any:
    """Decode the body of an answer. Raises ``ValueError`` where it is not JSON, or not of this kind at all."""
    unlisted = UNLISTED.count
    if kind in (CallLines, Extensions) and b'" ' not in body and not unclean(body):  # the long ones
        try:
            page = msgspec.json.decode(body, type=kind, strict=False)
            if page.all or body.count(b"{") == 1:
                if UNLISTED.count != unlisted:
                    statistics.count_unlisted(UNLISTED.count - unlisted)
                return page
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        UNLISTED.count = unlisted
    raw = forgiving(body, statistics)
    if get_origin(kind) is tuple and isinstance(raw, dict):
        given = _by_name(raw)
        raw = next((given[name] for name in ("items", "results", "item") if name in given), raw)
    elif isinstance(raw, list) and "items" in getattr(kind, "__struct_fields__", ()):
        raw = {"count": len(raw), "items": raw}
    answer = convert(raw, kind, statistics)
    if answer is _DROPPED:
        raise ValueError("not what was asked for")
    unknown_fields(raw, kind, statistics)
    if UNLISTED.count != unlisted:
        statistics.count_unlisted(UNLISTED.count - unlisted)
    return answer


# ------------------------------------------------------------------------------------------------------------ values

_fields = cache(msgspec.structs.fields)
"""What a type has."""


def convert(raw: Any, kind: Any, statistics: WireStatistics, where: str = "") -> Any:
    """Make of a value what its type says; what cannot become that is left out and counted."""
    origin = get_origin(kind)
    if origin is Annotated:
        kind, origin = get_args(kind)[0], None
    if origin in (Union, UnionType):
        if raw is None:
            return None
        kind = next(part for part in get_args(kind) if part is not NoneType)
        if raw == "" and kind in (int, bool):
            return None
        origin = get_origin(kind)
    if origin is tuple:
        inner = get_args(kind)[0]
        given = raw if isinstance(raw, list) else [] if raw is None or raw == "" else [raw]
        items = [convert(item, inner, statistics, where) for item in given]
        return tuple(item for item in items if item is not _DROPPED)
    if issubclass(kind, IstraWire):
        return _struct(raw, kind, statistics, where)
    value = _plain(raw, kind)
    return _drop(statistics, where) if value is _DROPPED else value


def _plain(raw: Any, kind: Any) -> Any:
    """A text, a number, a boolean or a word, from whichever of them was sent."""
    if isinstance(raw, bool):
        text = "true" if raw else "false"
    elif isinstance(raw, int) or (isinstance(raw, float) and raw.is_integer()):
        text = str(int(raw))
    elif isinstance(raw, str):
        text = raw
    else:
        return _DROPPED
    if kind is str:
        return text
    if kind is bool:
        word = text.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else _DROPPED
    if kind is int:
        try:
            number = int(float(text)) if "." in text else int(text.strip())
        except (ValueError, OverflowError):
            return _DROPPED
        return number if abs(number) < _TOO_LARGE else _DROPPED
    return kind(text.strip()) if text.strip() else _DROPPED


def _struct(raw: Any, kind: type[IstraWire], statistics: WireStatistics, where: str) -> Any:
    if kind is Enterprise and isinstance(raw, str):
        raw = {"fullName": raw}  # the guide's table has it so
    if not isinstance(raw, dict):
        return _drop(statistics, where or kind.__name__)
    given = _exactly(raw)
    loosely = None
    values = {}
    for field in _fields(kind):
        name = field.encode_name
        value = given.get(name)
        if value is None:
            if loosely is None:
                loosely = _by_name(raw)
            other = loosely.get(name.lower())
            value = other if other is not None and not _has_another(name, given, kind) else None
        if value is None:
            if field.required:
                return _drop(statistics, f"{kind.__name__}.{name}")
            continue
        read = convert(value, field.type, statistics, f"{kind.__name__}.{name}")
        if read is _DROPPED or (field.required and read == ""):
            if field.required:
                return _DROPPED
            continue
        values[field.name] = read
    return kind(**values)


def _has_another(name: str, given: dict[str, Any], kind: type[IstraWire]) -> bool:
    """Whether the value under a name like this one belongs to another field, as ``Department`` does."""
    others = {one.encode_name for one in _fields(kind)} - {name}
    return any(one.lower() == name.lower() and given.get(one) is not None for one in others)


def _drop(statistics: WireStatistics, where: str) -> Any:
    statistics.bad_fields += 1
    statistics.log_once(f"The server sends {where} as another type than the guides say, or not at all; it is left out")
    return _DROPPED


def _exactly(raw: dict[str, Any]) -> dict[str, Any]:
    """Fields by their names without the spaces around them."""
    return {name.strip(_SPACES): value for name, value in raw.items()}


def _by_name(raw: dict[str, Any]) -> dict[str, Any]:
    """Fields by their names in small letters, without the spaces around them."""
    return {name.strip(_SPACES).lower(): value for name, value in raw.items()}


def _knows(raw: dict[str, Any], kind: type[IstraWire]) -> bool:
    names = {field.encode_name.lower() for field in _fields(kind)}
    return not names.isdisjoint(_by_name(raw))


@cache
def _types_by_name(kind: type[IstraWire]) -> dict[str, Any]:
    return {field.encode_name.lower(): field.type for field in _fields(kind)}


def unknown_fields(raw: Any, kind: Any, statistics: WireStatistics) -> None:
    """Count the fields that a type does not have, in all that is in it; each is counted and logged once."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is tuple and isinstance(raw, list):
        inner = get_args(kind)[0]
        if isinstance(inner, type) and issubclass(inner, IstraWire):
            for item in raw:
                unknown_fields(item, inner, statistics)
    elif isinstance(raw, dict) and isinstance(kind, type) and issubclass(kind, IstraWire):
        known = _types_by_name(kind)
        for name, value in _exactly(raw).items():
            if name.lower() in known:
                unknown_fields(value, known[name.lower()], statistics)
            elif statistics.log_once(f"The server sends {kind.__name__}.{name[:80]}, a field that is not known"):
                statistics.unknown_fields += 1


# -------------------------------------------------------------------------------------------------------------- JSON
# The time it takes grows as the length of the text does, whatever a server sends: no part of it is looked at again or
# copied for each value. ``tests/aiopbx/istra/test_decoding_is_linear.py`` holds that.

_GAP: Final = re.compile(f"[{_SPACES},]*+")
_TO_MEND: Final = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+'  # a text as it should be, which stays as it is
    rf"|(?P<odd>[{_ODD}])"  # the beginning of a text in other quotes
    rf"|(?P<needless>,(?=[{_SPACES}]*+[]}}])|[\u00a0\ufeff])",
    re.DOTALL,
)
_UP_TO_THE_END: Final = {
    odd: re.compile(rf"[^{closing}\\]*+(?:\\.[^{closing}\\]*+)*+", re.DOTALL) for odd, closing in _CLOSING.items()
}
"""What a text in other quotes holds, up to the quote that closes it."""


def forgiving(body: bytes, statistics: WireStatistics | None = None) -> Any:
    """Read JSON, mended where it has to be; bad characters are counted. Raises ``ValueError`` where nothing helps."""
    if not unclean(body):
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    text, lost = decoded(body)
    try:
        value, lost = clean_values(_first_of(mended(text)), lost)
    except RecursionError:
        raise ValueError("too deep") from None
    if statistics is not None:
        statistics.count_bad_characters(lost)
    return value


def _first_of(text: str) -> Any:
    """Read a value, and further objects behind it as parts of the first; brackets too few or too many are mended."""
    decoder = json.JSONDecoder(strict=False)
    text = text.strip(_SPACES)
    if text.startswith('"') and text.endswith("}"):
        text = "{" + text  # an object whose first line is lost
    value, end = decoder.raw_decode(text)
    needed = len(text.rstrip(_SPACES + "]}"))
    while (start := _GAP.match(text, end).end()) < needed:  # type: ignore[union-attr] # it matches nothing as well
        more, end = decoder.raw_decode(text, start)
        if not isinstance(value, dict) or not isinstance(more, dict):
            raise ValueError("more than one value")  # noqa: TRY004 - it is the text that is wrong
        value.update(more)
    return value


def mended(text: str) -> str:
    """Put straight quotes for curly ones, and take away commas that nothing follows."""
    made: list[str] = []
    at = 0
    while (found := _TO_MEND.search(text, at)) is not None:
        made.append(text[at : found.start()])
        at = found.end()
        if odd := found["odd"]:
            end = _UP_TO_THE_END[odd].match(text, at).end()  # type: ignore[union-attr] # it matches nothing as well
            made += ('"', text[at:end])
            at = end
            if text[at : at + 1] not in {"", "\\"}:
                made.append('"')
                at += 1
        else:
            made.append(" " if found["needless"] else found[0])
    made.append(text[at:])
    return "".join(made)
