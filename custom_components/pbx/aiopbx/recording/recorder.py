"""Writing down what happens, to bring it back later: JSON Lines, written by a thread of its own.

A recording begins with a header, then come the lines as they are, then whatever happens, each with its seconds since
the beginning. Of a line only what changed is written; see ``Row``. ``replaying`` reads it.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, Self

import msgspec

from ..errors import InvalidInput, PbxError, RecordingFailed
from ..events import CallChanged, CallEvent, Event, LineAdded, LineChanged, LineEvent, StatusChanged
from ..http.tap import WireMessage
from ..loops import owned
from ..model import CallSnapshot, LineSnapshot, Status, SystemInfo
from ..records import NodesSnapshot

if TYPE_CHECKING:
    from ..store import Store

_LOG = logging.getLogger(__name__)

FORMAT: Final = "aiopbx recording"
VERSION: Final = 1
MARK: Final = f'{{"format":"{FORMAT}"'.encode()
"""What a recording begins with."""
MOST_WAITING: Final = 50_000
"""What waits to be written, at most; a disk that is slower ends the recording."""
MOST_WIRE: Final = 64 * 1024 * 1024
"""Characters of wire messages that wait to be written, at most."""
_AT_ONCE: Final = 500
LINE: Final = "line"
NODES: Final = "nodes"
WIRE: Final = "wire"
END: Final = "end"


class Clock(Protocol):
    """Where recordings and replays take their time from: a real clock, or one that tests turn."""

    def time(self) -> float:
        """Seconds on a scale that never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class RealClock:
    """The time that passes."""

    def time(self) -> float:
        """Monotonic seconds."""
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(seconds)


class Header(msgspec.Struct, kw_only=True):
    """The first line of a recording."""

    format: str = FORMAT
    version: int = VERSION
    at: datetime
    """When it began, UTC by the client's clock."""
    info: SystemInfo
    status: Status
    reason: str | None = None
    """Why it was not online, where it was not."""
    wire: bool
    """Whether wire messages are in it."""
    lines: int
    """How many rows of kind ``line`` follow first."""


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Every other line.

    First it says what has changed silently or with the event, then the event. ``kind`` is the name of the event's
    class, or ``line`` and ``nodes`` where there is none, ``wire``, or ``end``.
    """

    t: float
    """Seconds since the beginning."""
    kind: str
    line: str | None = None
    """The line that ``set`` or ``gone`` is about."""
    set: dict[str, Any] | None = None
    """The fields of the line's snapshot that have changed."""
    gone: bool = False
    """Whether the line is not there any more."""
    nodes: NodesSnapshot | None = None
    info: SystemInfo | None = None
    event: dict[str, Any] | None = None
    """The fields of the event, but for those that say again what the line says: see ``shortened``."""
    wire: WireMessage | None = None


class RecordedLines:
    """What has been written of lines, or read: what a shortened event refers to."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.now: dict[str, LineSnapshot] = {}
        self.before: dict[str, LineSnapshot] = {}

    def put(self, line: LineSnapshot) -> None:
        """A line is now so."""
        former = self.now.get(line.id)
        if former is not None:
            self.before[line.id] = former
        self.now[line.id] = line

    def drop(self, line: str) -> None:
        """A line is not there any more."""
        former = self.now.pop(line, None)
        if former is not None:
            self.before[line] = former


def changed_fields(former: LineSnapshot | None, line: LineSnapshot) -> dict[str, Any]:
    """Return those fields of a line that are others than they were; all that are not default if it is new."""
    other = former if former is not None else LineSnapshot(id=line.id)
    return {
        name: value
        for name in line.__struct_fields__
        if (value := getattr(line, name)) is not (was := getattr(other, name)) and value != was
    }


def shortened(event: Event, recorded: RecordedLines) -> dict[str, Any]:
    """Return the fields of an event, without those that the line's newest or former snapshot has."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    if isinstance(event, LineEvent):
        now, before = recorded.now.get(event.line), recorded.before.get(event.line)
        if isinstance(event, (LineAdded, LineChanged)) and event.snapshot is now:
            del fields["snapshot"]
        if isinstance(event, LineChanged) and event.previous is before:
            del fields["previous"]
        if isinstance(event, CallEvent) and now is not None and found(now, event.call.id) is event.call:
            fields["call"] = event.call.id
        if isinstance(event, CallChanged) and before is not None and found(before, event.call.id) is event.previous:
            del fields["previous"]
    return fields


def found(line: LineSnapshot, call: str) -> CallSnapshot | None:
    """Return the call of this id."""
    return next((one for one in line.calls if one.id == call), None)


class _Item:
    """Something to be written, as it was when it happened."""

    __slots__ = ("event", "gone", "info", "line", "lines", "nodes", "t", "wire")

    def __init__(
        self,
        t: float,
        *,
        event: Event | None = None,
        line: LineSnapshot | None = None,
        gone: str | None = None,
        lines: tuple[LineSnapshot, ...] | None = None,
        nodes: NodesSnapshot | None = None,
        info: SystemInfo | None = None,
        wire: WireMessage | None = None,
    ) -> None:
        self.t = t
        self.event = event
        self.line = line
        self.gone = gone
        self.lines = lines
        self.nodes = nodes
        self.info = info
        self.wire = wire


class Recorder:
    """A recording that goes on. Made by ``Pbx.record``; ``close`` it, or use it in an ``async with``.

    Closing the client closes it, too. If it cannot be written it ends by itself: that is logged, stands in ``error``,
    and is raised by ``close``; the connection goes on.
    """

    def __init__(
        self,
        path: "str | os.PathLike[str]",
        store: "Store",
        *,
        loop: asyncio.AbstractEventLoop,
        status: Callable[[], tuple[Status, str | None]],
        info: Callable[[], SystemInfo],
        wire: bool,
        clock: Clock,
        ended: Callable[["Recorder"], None],
    ) -> None:
        """Made by ``Pbx.record`` only."""
        self.path = Path(path)
        self.wire = wire
        """Whether wire messages are written, too."""
        self.error: PbxError | None = None
        """Why it ended by itself."""
        self.events = 0
        """How many there were until now."""
        self.wire_messages = 0
        """How many there were until now."""
        self._store = store
        self._loop = loop
        self._status = status
        self._info = info
        self._clock = clock
        self._ended = ended
        self._stops: list[Callable[[], None]] = []
        self._queue: SimpleQueue[_Item | Header | None] = SimpleQueue()
        self._came = 0
        """Characters of wire messages that came; the thread counts in ``_written`` those that are written."""
        self._written = 0
        self._began = 0.0
        self._seen: dict[str, LineSnapshot] = {}
        self._recorded_info = SystemInfo()
        self._nodes = store.nodes
        self._closed = False
        self._raised = False
        self._opened: Future[None] = Future()
        self._done: Future[None] = Future()
        self._thread = threading.Thread(target=self._write, name="aiopbx recording", daemon=True)
        if _running_loop() is loop:
            self._begin()
        else:
            loop.call_soon_threadsafe(self._begin)

    def __repr__(self) -> str:
        """Say where it goes, and how it stands."""
        state = "ended" if self.closed else "recording"
        return f"<Recorder {self.path}: {state}, {self.events} events, {self.wire_messages} wire messages>"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._loop

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._closed

    def __await__(self) -> Generator[Any, Any, Self]:
        """Wait until the file is open. Raises ``InvalidInput`` if it cannot be, or is something else."""
        yield from asyncio.wrap_future(self._opened).__await__()
        return self

    async def __aenter__(self) -> Self:
        """Wait until the file is open."""
        return await self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        try:
            await self.close()
        except PbxError:
            if kind is None:
                raise

    @owned
    async def close(self) -> None:
        """End it: everything is written when this returns. Raises once what went wrong; more than once is fine."""
        self._end(whole=True)
        await asyncio.wrap_future(self._done)
        if self.error is not None and not self._raised:
            self._raised = True
            raise self.error

    async def give_up(self) -> None:
        """Close it; what went wrong was logged. For the client, which ends."""
        try:
            await self.close()
        except PbxError:
            self._raised = False

    # -------------------------------------------------------------------------------------------- in the client's loop

    def _begin(self) -> None:
        if self._closed:
            self._opened.set_result(None)
            self._done.set_result(None)
            return
        store = self._store
        self._began = self._clock.time()
        lines = tuple(store.lines.values())
        self._seen = dict(store.lines)
        self._recorded_info = self._info()
        status, reason = self._status()
        self._queue.put(
            Header(
                at=datetime.now(UTC),
                info=self._recorded_info,
                status=status,
                reason=reason,
                wire=self.wire,
                lines=len(lines),
            )
        )
        self._nodes = store.nodes
        self._queue.put(_Item(0.0, lines=lines, nodes=store.nodes))
        self._stops.append(store.subscribers.add(self._event))
        if self.wire:
            self._stops.append(store.tap.listen(self._message))
        self._thread.start()

    @property
    def _t(self) -> float:
        return round(self._clock.time() - self._began, 6)

    def _event(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            # What a loss does to the lines shows in this event alone, so they are looked at, and once more after it.
            self._look_at_all()
            self._loop.call_soon(self._look_at_all)
        item = _Item(self._t, event=event)
        if isinstance(event, LineEvent):
            self._look_at(event.line, item)
        elif isinstance(event, StatusChanged):
            info = self._info()
            if info != self._recorded_info:
                self._recorded_info = item.info = info
        if self._store.nodes is not self._nodes:
            self._nodes = item.nodes = self._store.nodes
        self.events += 1
        self._put(item)

    def _message(self, message: WireMessage) -> None:
        self.wire_messages += 1
        self._came += len(message.body)
        self._put(_Item(self._t, wire=message))

    def _look_at(self, key: str, item: _Item) -> None:
        """Note in an item how the line stands, if it has changed."""
        line = self._store.lines.get(key)
        if line is self._seen.get(key):
            return
        if line is None:
            del self._seen[key]
            item.gone = key
        else:
            self._seen[key] = item.line = line

    def _look_at_all(self) -> None:
        """Write down the lines that have changed without a word."""
        if self._closed:
            return
        for key in [*self._store.lines, *(key for key in self._seen if key not in self._store.lines)]:
            item = _Item(self._t)
            self._look_at(key, item)
            if item.line is not None or item.gone is not None:
                self._put(item)

    def _put(self, item: _Item) -> None:
        self._queue.put(item)
        if self._queue.qsize() > MOST_WAITING or self._came - self._written > MOST_WIRE:
            self._fail(
                RecordingFailed(
                    f"The recording {self.path} has ended: what happens comes faster than it can be written.",
                    remedy="Use a faster disk, or leave the wire messages out.",
                )
            )

    def _fail(self, error: PbxError) -> None:
        if self.error is None:
            self.error = error
            _LOG.warning("%s", error)
        self._end(whole=False)

    def _end(self, *, whole: bool) -> None:
        if self._closed:
            return
        if whole and self._stops:
            self._look_at_all()
        self._closed = True
        for stop in self._stops:
            stop()
        self._stops.clear()
        if whole:
            self._queue.put(_Item(self._t))
        self._queue.put(None)
        self._ended(self)

    # ---------------------------------------------------------------------------------------------------- in the thread

    def _write(self) -> None:
        error: PbxError | None = None
        try:
            file = _open(self.path)
        except PbxError as problem:
            error = problem
            self._opened.set_exception(problem)
            self._opened.exception()  # raised where it is awaited; otherwise it is logged
        else:
            self._opened.set_result(None)
            try:
                with file:
                    self._write_all(file)
            except OSError as problem:
                error = RecordingFailed(
                    f"The recording {self.path} has ended: it cannot be written ({problem.strerror or problem}).",
                    remedy="Look whether the disk is full, or gone.",
                )
            except Exception as problem:
                _LOG.exception("The recording %s failed in a way that was not foreseen", self.path)
                error = RecordingFailed(f"The recording {self.path} has ended ({type(problem).__name__}).")
        if error is not None:
            _call_soon(self._loop, self._fail, error)
        self._done.set_result(None)

    def _write_all(self, file: BinaryIO) -> None:
        encoder, recorded = msgspec.json.Encoder(), RecordedLines()
        out = bytearray()
        ended = False
        while not ended:
            for item in self._take():
                if item is None:
                    ended = True
                    break
                for row in [item] if isinstance(item, Header) else _rows(item, recorded):
                    out += encoder.encode(row)
                    out += b"\n"
                if isinstance(item, _Item) and item.wire is not None:
                    self._written += len(item.wire.body)
            file.write(out)
            out.clear()
            if self._queue.empty():
                file.flush()

    def _take(self) -> "list[_Item | Header | None]":
        """Wait for something to write, and take with it what is there already."""
        taken = [self._queue.get()]
        try:
            while len(taken) < _AT_ONCE:
                taken.append(self._queue.get_nowait())
        except Empty:
            pass
        return taken


def _rows(item: _Item, recorded: RecordedLines) -> list[Row]:
    """What is to be written of an item."""
    if item.wire is not None:
        return [Row(t=item.t, kind=WIRE, wire=item.wire)]
    if item.lines is not None:
        return [
            *(_with_line(Row(t=item.t, kind=LINE), line, recorded) for line in item.lines),
            Row(t=item.t, kind=NODES, nodes=item.nodes),
        ]
    if item.event is not None:
        kind = type(item.event).__name__
    else:
        kind = END if item.line is None and item.gone is None else LINE
    row = Row(t=item.t, kind=kind, nodes=item.nodes, info=item.info)
    if item.line is not None:
        _with_line(row, item.line, recorded)
    elif item.gone is not None:
        row.line, row.gone = item.gone, True
        recorded.drop(item.gone)
    if item.event is not None:
        row.event = shortened(item.event, recorded)
    return [row]


def _with_line(row: Row, line: LineSnapshot, recorded: RecordedLines) -> Row:
    row.line = line.id
    row.set = changed_fields(recorded.now.get(line.id), line)
    recorded.put(line)
    return row


def _open(path: Path) -> BinaryIO:
    """Open a new file, or a recording that may be replaced, for its owner only."""
    try:
        if path.exists():
            with path.open("rb") as former:
                begins = former.read(len(MARK))
            if begins and begins != MARK:
                raise InvalidInput(
                    "path", f"{path} exists and is no recording.", remedy="Choose another name, or remove it first."
                )
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise InvalidInput(
            "path",
            f"{path} cannot be written: {error.strerror or error}.",
            remedy="Check the folder and its rights.",
        ) from None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[PbxError], None], error: PbxError) -> None:
    try:
        loop.call_soon_threadsafe(function, error)
    except RuntimeError:  # the loop has ended
        _LOG.warning("%s", error)
