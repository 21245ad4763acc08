"""Lines as they are known: the newest snapshots, their subscribers, and the difference that becomes events."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Container, Iterable
from datetime import datetime
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

from msgspec.structs import force_setattr, replace

from .centre import ROWS, FiguresWanted, RouteSnapshot, TableName, WaitingCall
from .contacts import Contacts
from .errors import InvalidInput
from .events import (
    AgentChanged,
    CallChanged,
    CallEnded,
    CallEvent,
    CallStarted,
    CentreChanged,
    DigitsCollected,
    Event,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineChanged,
    LineEvent,
    LineRemoved,
    LogChanged,
    NodeChanged,
    ObjectChanged,
    RouteEnded,
    RouteRequested,
    ServerStarted,
    StatisticsProgress,
    StatusChanged,
    ToneChanged,
    TwinLinkChanged,
    WaitingChanged,
)
from .http.tap import Wiretap
from .model import CallSnapshot, Feature, LineSnapshot
from .records import NodesSnapshot

_LOG = logging.getLogger(__name__)
E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)
Callback: TypeAlias = Callable[[Any], None]
"""Takes the events of the kind that it subscribes to, which the overloads of ``subscribe`` see to."""
Kind: TypeAlias = type[Event] | tuple[type[Event], ...] | None
_Table: TypeAlias = "dict[type[Event], _Audience]"
KINDS: Final[tuple[type[Event], ...]] = (
    StatusChanged,
    LineAdded,
    LineRemoved,
    LineChanged,
    CallStarted,
    CallChanged,
    CallEnded,
    AgentChanged,
    HelpRequested,
    HelpCancelled,
    LogChanged,
    NodeChanged,
    TwinLinkChanged,
    ServerStarted,
    LicenceExpiring,
    ObjectChanged,
    CentreChanged,
    WaitingChanged,
    RouteRequested,
    RouteEnded,
    DigitsCollected,
    ToneChanged,
    StatisticsProgress,
)
"""Every kind of event that happens."""
_LINE_KINDS: Final = frozenset(kind for kind in KINDS if issubclass(kind, LineEvent))
_NEVER_DROPPED: Final = frozenset({StatusChanged, LineAdded, LineRemoved, CallEnded, RouteRequested, RouteEnded})
"""What a stream keeps whatever its bound: without these a subscriber would show something wrong for ever."""


def expand(kind: Kind) -> tuple[type[Event], ...]:
    """All kinds of events that a subscription to this kind means; None is every kind. Raises ``InvalidInput``."""
    if kind is None:
        return KINDS
    wanted: tuple[Any, ...] = kind if isinstance(kind, tuple) else (kind,)
    for one in wanted:
        if not isinstance(one, type) or not issubclass(one, Event):
            name = one.__name__ if isinstance(one, type) else repr(one)
            known = ", ".join(each.__name__ for each in KINDS)
            raise InvalidInput("kind", f"{name} is no class of event.", remedy=f"Choose of {known}, or a base of them.")
    return tuple(one for one in KINDS if issubclass(one, wanted))


class Subscribers:
    """Callbacks by line and kind. Subscribing is safe from any thread; ``publish`` belongs to the owning loop."""

    def __init__(self) -> None:
        """Begin without subscribers."""
        self._everywhere: _Table = {}
        self.everywhere: Container[type[Event]] = self._everywhere
        """The kinds of events that someone subscribes to, of whatever line."""
        self._lines: dict[str, _Table] = {}
        self._lock = Lock()

    def add(self, callback: Callback, *, line: str | None = None, kind: Kind = None) -> Callable[[], None]:
        """Call this for every such event, and return the function that stops it; calling that twice does nothing."""
        kinds = expand(kind)
        active = [True]
        # Each subscription has a wrapper of its own, so that the same callback may subscribe twice.
        entry = _Entry(callback)
        with self._lock:
            table = self._everywhere if line is None else self._lines.setdefault(line, {})
            for one in kinds:
                table.setdefault(one, _Audience()).add(entry)

        def remove() -> None:
            with self._lock:
                if not active:
                    return
                active.clear()
                entry.callback = _ignore
                table = self._everywhere if line is None else self._lines.get(line, {})
                for one in kinds:
                    if not table[one].remove(entry):
                        del table[one]
                if line is not None and not table:
                    self._lines.pop(line, None)

        return remove

    def publish(self, event: Event) -> None:
        """Give an event to its subscribers."""
        self.publish_all((event,))

    def publish_all(self, events: Iterable[Event]) -> None:
        """Give events to their subscribers, in order."""
        everywhere, lines = self._everywhere, self._lines
        for event in events:
            kind = type(event)
            audience = everywhere.get(kind)
            if audience is not None:
                for entry in audience.now or self._settle(audience):
                    try:
                        entry.callback(event)
                    except Exception:
                        _LOG.exception("A subscriber failed on %s", kind.__name__)
            if lines and kind in _LINE_KINDS:
                table = lines.get(event.line)  # type: ignore[attr-defined]
                audience = None if table is None else table.get(kind)
                if audience is not None:
                    for entry in audience.now or self._settle(audience):
                        try:
                            entry.callback(event)
                        except Exception:
                            _LOG.exception("A subscriber failed on %s", kind.__name__)

    def _settle(self, audience: "_Audience") -> "tuple[_Entry, ...]":
        """Note who receives the next rounds: once for all who came and went since the last one."""
        with self._lock:
            audience.now = tuple(audience.entries)
            return audience.now


class _Audience:
    """Subscriptions to one kind of event, in the order in which they came. Each comes and goes in constant time."""

    __slots__ = ("entries", "now")

    def __init__(self) -> None:
        self.entries: dict[_Entry, None] = {}
        self.now: tuple[_Entry, ...] = ()
        """Who receives a round; empty once someone has come or gone. A round that has begun keeps its own."""

    def add(self, entry: "_Entry") -> None:
        self.entries[entry] = None
        self.now = ()

    def remove(self, entry: "_Entry") -> bool:
        """Take one out, and say whether someone is left."""
        del self.entries[entry]
        self.now = ()
        return bool(self.entries)


class _Entry:
    """One subscription; once it is removed it calls nothing, also in the middle of a round."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callback) -> None:
        self.callback = callback


def _ignore(event: Event) -> None:
    """Take the place of a callback that was removed."""


class EventStream(Generic[E_co]):
    """Events to iterate over: ``async with pbx.events() as events: async for event in events: …``.

    At most ``size`` events wait. When more come, a change is merged into the one of the same call or line that waits
    already (``coalesced``), else the oldest that may go does (``dropped``). The end of a call, the status, and lines
    that come and go are never dropped. May be used in any one event loop, also another than the client's.
    """

    def __init__(
        self,
        subscribe: Callable[[Callback], Callable[[], None]],
        size: int,
        on_close: "Callable[[EventStream[Event]], None] | None" = None,
    ) -> None:
        """Receive events through ``subscribe``, keep this many, and call ``on_close`` at the end."""
        if size < 1:
            raise ValueError("size: a stream must hold at least one event.")
        self.size = size
        self.coalesced = 0
        """Changes that were merged into one that was waiting."""
        self.dropped = 0
        """Events that were never delivered."""
        self._lock = Lock()
        self._number = 0
        self._waiting: OrderedDict[int, Event] = OrderedDict()
        self._droppable: OrderedDict[int, None] = OrderedDict()
        self._latest: dict[tuple[str, ...], int] = {}
        self._keys: dict[int, tuple[str, ...]] = {}
        self._closed = False
        self._on_close = on_close
        self._waiter: asyncio.Future[None] | None = None
        self._unsubscribe = subscribe(self._put)

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._waiting)

    def _put(self, event: Event) -> None:
        with self._lock:
            if self._closed:
                return
            self._add(event)
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            _wake(waiter)

    def _add(self, event: Event) -> None:
        key: tuple[str, ...] | None = None
        if isinstance(event, CallChanged):
            key = (event.line, event.call.id)
        elif isinstance(event, LineChanged):
            key = (event.line,)
        elif isinstance(event, CallEvent):
            # A new call, or the end of one: what comes later belongs to another.
            self._latest.pop((event.line, event.call.id), None)
        elif isinstance(event, (LineAdded, LineRemoved)):
            self._latest.pop((event.line,), None)
        if len(self._waiting) >= self.size:
            if key is not None and (number := self._latest.get(key)) is not None:
                self._waiting[number] = _merge(self._waiting[number], event)
                self.coalesced += 1
                return
            if self._droppable:
                number, _ = self._droppable.popitem(last=False)
                del self._waiting[number]
                self._forget(number)
                self.dropped += 1
            elif type(event) not in _NEVER_DROPPED:
                self.dropped += 1
                return
        self._number += 1
        self._waiting[self._number] = event
        if type(event) not in _NEVER_DROPPED:
            self._droppable[self._number] = None
        if key is not None:
            self._latest[key] = self._number
            self._keys[self._number] = key

    def _forget(self, number: int) -> None:
        key = self._keys.pop(number, None)
        if key is not None and self._latest.get(key) == number:
            del self._latest[key]

    def __aiter__(self) -> Self:
        """Iterate over the events from now on."""
        return self

    async def __anext__(self) -> E_co:
        """Wait for the next event; the iteration ends when the stream or the client is closed."""
        while True:
            with self._lock:
                if self._waiting:
                    number, event = self._waiting.popitem(last=False)
                    self._droppable.pop(number, None)
                    self._forget(number)
                    return event  # type: ignore[return-value] # only its kind was subscribed to
                if self._closed:
                    raise StopAsyncIteration
                if self._waiter is not None and not self._waiter.done():
                    raise RuntimeError("A stream can be iterated over in one place only; ask for another one.")
                waiter = self._waiter = asyncio.get_running_loop().create_future()
            await waiter

    def close(self) -> None:
        """Stop receiving; what waits can still be read. Safe from any thread, and more than once."""
        self._unsubscribe()
        with self._lock:
            self._closed = True
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            _wake(waiter)
        if self._on_close is not None:
            self._on_close(self)

    async def aclose(self) -> None:
        """Close it, as ``contextlib.aclosing`` does with what is iterated over."""
        self.close()

    async def __aenter__(self) -> Self:
        """Receive events until the block is left."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop receiving."""
        self.close()


def _wake(waiter: "asyncio.Future[None]") -> None:
    """Wake the reader, in the loop it waits in."""
    loop = waiter.get_loop()
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is loop:
        _resolve(waiter)
    elif not loop.is_closed():
        loop.call_soon_threadsafe(_resolve, waiter)


def _resolve(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _merge(earlier: Event, later: Event) -> Event:
    """Make one change of two."""
    if isinstance(earlier, LineChanged) and isinstance(later, LineChanged):
        return replace(later, previous=earlier.previous, changed=earlier.changed | later.changed)
    if isinstance(earlier, CallChanged) and isinstance(later, CallChanged):
        return replace(later, previous=earlier.previous)
    return later


class Stopwatch:
    """Measures how long calls ring and talk, by a clock that is never set: a call may not end before it began.

    It keeps what reducers cannot know, who are given the time of day. What was not seen is not measured.
    """

    __slots__ = ("_clock", "_marks")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Read this clock, which never goes back."""
        self._clock = clock
        self._marks: dict[str, list[float | None]] = {}
        """When each call began, and when it was answered."""

    def __len__(self) -> int:
        """How many calls are being measured."""
        return len(self._marks)

    def measure(self, events: tuple[Event, ...]) -> None:
        """Note what begins with these events of a line, and write down how long the calls lasted that end."""
        now = None
        for event in events:
            kind = type(event)
            if kind is CallChanged:
                answered = event.call.answered_at  # type: ignore[attr-defined]
                if answered is not None and event.previous.answered_at is None:  # type: ignore[attr-defined]
                    mark = self._marks.setdefault(event.call.id, [None, None])  # type: ignore[attr-defined]
                    mark[1] = self._clock()
            elif kind is CallStarted:
                call: CallSnapshot = event.call  # type: ignore[attr-defined]
                at = event.at
                # A call that comes back after it was lost began at another time.
                began, answered = call.started_at is at, call.answered_at is at
                if began or answered:
                    now = self._clock()
                    self._marks[call.id] = [now if began else None, now if answered else None]
            elif kind is CallEnded:
                ended: CallSnapshot = event.call  # type: ignore[attr-defined]
                seen = self._marks.pop(ended.id, None)
                # What begins and ends at once was seen when it was over.
                if seen is not None and ended.ended_at is not None and (now is None or seen[0] is not now):
                    _write(ended, seen, self._clock())

    def forget(self, events: tuple[Event, ...]) -> None:
        """Measure no call further whose end was not seen."""
        for event in events:
            if type(event) is CallEnded:
                self._marks.pop(event.call.id, None)


def _write(call: CallSnapshot, seen: list[float | None], now: float) -> None:
    """Say how long a call lasted that has just been made as ended, and that no one has seen yet.

    To replace it and its event would cost as much as everything else that is done with the event. What the server says
    stays: it has the better view.
    """
    began, answered = seen
    rang = answered if call.answered else now
    if began is not None and rang is not None and call.ring_seconds is None:
        force_setattr(call, "ring_seconds", round(rang - began, 3))
    if answered is not None and call.talk_seconds is None:
        force_setattr(call, "talk_seconds", round(now - answered, 3))


RECENT: Final = 25
"""How many events are kept for diagnostics."""


class Centre:
    """The call centre as it is known, and what of it is wanted, which outlives connections."""

    __slots__ = ("enabled", "requests", "rows", "waiting", "wanted", "watched")

    def __init__(self) -> None:
        """Nothing is wanted, and nothing known."""
        self.wanted: FiguresWanted | None = None
        self.rows: dict[TableName, dict[str, Any]] = {name: {} for name in ROWS}
        """Figures of each table, by number."""
        self.watched: dict[str, int] = {}
        """Pilots whose calls are wanted, and how often they are."""
        self.waiting: dict[str, dict[str, WaitingCall]] = {}
        """Calls at each pilot by reference, the oldest first."""
        self.enabled: dict[str, bool] = {}
        """Routing points whose calls we route, and whether we only stand in."""
        self.requests: dict[str, RouteSnapshot] = {}
        """Calls that look for a route, by the key of the dialogue."""


class Store:
    """The newest snapshot of every line, and of the nodes. Only the event loop that owns the client writes here."""

    __slots__ = ("_publish", "centre", "lines", "names", "nodes", "recent", "stopwatch", "subscribers", "tap")

    def __init__(self) -> None:
        """Begin with no lines."""
        self.lines: dict[str, LineSnapshot] = {}
        self.names: Contacts | None = None
        """Names for parties that the system does not name."""
        self.nodes = NodesSnapshot()
        self.centre = Centre()
        self.subscribers = Subscribers()
        self.tap = Wiretap()
        """Those who look at the wire that fills this store."""
        self.recent: deque[Event] = deque(maxlen=RECENT)
        self.stopwatch = Stopwatch()
        self._publish = self.subscribers.publish_all

    def put(self, snapshot: LineSnapshot, events: tuple[Event, ...]) -> None:
        """Keep a line's new snapshot, then publish the events that led to it."""
        if self.names:
            snapshot, events = self.names.applied(snapshot, events)
        self.lines[snapshot.id] = snapshot
        if events:
            self.stopwatch.measure(events)
            self.recent.extend(events)
            self._publish(events)

    def publish_figures(self, event: CentreChanged) -> None:
        """Publish figures. They are not among the recent events, which they would soon fill."""
        self.subscribers.publish(event)

    def publish(self, *events: Event) -> None:
        """Publish events that change no line, or come with one that is gone."""
        self.stopwatch.forget(events)
        self.recent.extend(events)
        self._publish(events)


Reduced: TypeAlias = tuple[LineSnapshot, tuple[Event, ...]]
"""The line after an event, and what subscribers receive."""
STATE_CHANGED: Final = frozenset({"state", "calls"})


def stale(line: LineSnapshot) -> LineSnapshot:
    """The line after a loss of the connection: as it was, and not confirmed."""
    return replace(line, synced=False) if line.synced else line


def with_calls(
    line: LineSnapshot, calls: tuple[CallSnapshot, ...], ended: tuple[CallSnapshot, ...], now: datetime
) -> Reduced:
    """The line with these calls, of which ``ended`` are over, and the events for the difference."""
    before = {call.id: call for call in line.calls}
    id_ = line.id
    events: list[Event] = [CallEnded(at=now, line=id_, call=call) for call in ended]
    for call in calls:
        former = before.get(call.id)
        if former is None:
            events.append(CallStarted(at=now, line=id_, call=call))
        elif former is not call and former != call:
            events.append(CallChanged(at=now, line=id_, call=call, previous=former))
    if not events and len(calls) == len(line.calls):
        return line, ()
    after = replace(line, calls=calls)
    if after.state is not line.state:
        events.append(LineChanged(at=now, line=id_, snapshot=after, previous=line, changed=STATE_CHANGED))
    return after, tuple(events)


def with_fields(line: LineSnapshot, now: datetime, **changes: Any) -> Reduced:
    """The line with other fields that have nothing to do with its calls, and the event for it."""
    for name in [name for name, value in changes.items() if getattr(line, name) == value]:
        del changes[name]
    if not changes:
        return line, ()
    after = replace(line, **changes)
    changed = set(changes)
    if after.state is not line.state:
        changed.add("state")
    return after, (LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=frozenset(changed)),)


def with_features(line: LineSnapshot, features: frozenset[Feature], now: datetime) -> Reduced:
    """The line, able to do this."""
    return with_fields(line, now, features=features)
