"""Bringing a recording back: the same lines, events and wire messages, from a file instead of a system.

It is a ``Pbx`` like any other, so that whatever shows or counts what a system does can be fed with it.
"""

import asyncio
import logging
import math
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn, TypeVar

import msgspec
from msgspec.structs import replace

from ..centre import ROWS, TableName, WaitingChange
from ..connection import Connection
from ..core import Core
from ..errors import ConnectionFailed, InvalidInput, NotSupported, PbxError, RecordingFailed
from ..events import (
    CallChanged,
    CallEvent,
    CentreChanged,
    Event,
    LineAdded,
    LineChanged,
    LineEvent,
    RouteEnded,
    RouteRequested,
    StatusChanged,
    WaitingChanged,
)
from ..loops import owned, settle
from ..model import AvailableLine, Feature, LineSnapshot, Statistics, Status
from ..pbx import Connecting, Pbx
from ..ports import Commands, Link
from ..settings.parsing import Unparsable, check_keys, parse_json
from ..slips import slip
from ..store import KINDS, Store
from .recorder import END, FORMAT, LINE, NODES, VERSION, WIRE, Clock, Header, RealClock, RecordedLines, Row, found

if TYPE_CHECKING:
    from ..o2g.client import O2gClient
    from ..settings.connection import ConnectionSettings

_LOG = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST: Final = 64 * 1024 * 1024
"""The most bytes that a line may have."""
_AT_ONCE: Final = 200
"""Rows that are read at a time."""
_KINDS: Final = {kind.__name__: kind for kind in KINDS}
_WHAT: Final = "This is a recording, in which nothing can be done."
_REMEDY: Final = "Connect to a system for that."


class Entry:
    """One row of a recording, read and made whole."""

    __slots__ = ("event", "info", "kind", "line", "nodes", "number", "snapshot", "t", "wire")

    def __init__(self, number: int, row: Row) -> None:
        """Take what needs no making."""
        self.number = number
        self.t = row.t
        self.kind = row.kind
        self.line = row.line
        self.snapshot: LineSnapshot | None = None
        """The line as it is now; None where ``line`` is gone."""
        self.nodes = row.nodes
        self.info = row.info
        self.event: Event | None = None
        self.wire = row.wire


class Reader:
    """Reads a recording from its beginning, row by row. It blocks: not for an event loop."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Read the header. Raises ``InvalidInput`` where this is no recording."""
        self.path = path
        self.cut = False
        """Whether the last line is not whole: whoever wrote it was killed."""
        self.whole = False
        """Whether it was closed properly, as far as it was read."""
        self.unknown = 0
        """Rows of a kind that this version does not know."""
        self._file = file
        self._number = 1
        self._recorded = RecordedLines()
        self._last = 0.0
        self.header = self._header(file.readline(LONGEST))

    def _header(self, line: bytes) -> Header:
        if not line.strip():
            raise InvalidInput("path", f"{self.path} is empty.", remedy="Give a file that Pbx.record has written.")
        try:
            said = parse_json(line)
        except Unparsable as error:
            if error.bound:
                raise self._broken(1, error.problem) from None
            said = None
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            remedy = "Give a file that Pbx.record has written."
            if isinstance(said, dict) and "eventName" in said:
                remedy = "It is a capture of the O2G wire; the command `aiopbx replay` sends such."
            raise InvalidInput("path", f"{self.path} is no recording (line 1).", remedy=remedy)
        version = said.get("version")
        if version != VERSION:
            raise InvalidInput(
                "path",
                f"{self.path} has version {version!r} of the format; this is aiopbx for version {VERSION}.",
                remedy="Read it with the aiopbx that wrote it, or a newer one.",
            )
        try:
            return msgspec.convert(said, Header)
        except msgspec.ValidationError as error:
            raise self._broken(1, str(error)) from None

    def _broken(self, number: int, why: str) -> InvalidInput:
        return InvalidInput(
            "path",
            f"line {number} of {self.path} is broken: {why}.",
            remedy="Take the file as it was written, or cut it off before this line.",
        )

    def __iter__(self) -> Iterator[Entry]:
        """Read on. Raises ``InvalidInput`` that names the line where it is broken."""
        decode = msgspec.json.Decoder(Row).decode
        while line := self._file.readline(LONGEST + 1):
            self._number += 1
            if len(line) > LONGEST:
                raise self._broken(self._number, f"it is longer than {LONGEST >> 20} MiB")
            if line.isspace():
                continue
            try:
                row = decode(line)
                check_keys(line)
                entry = self._entry(row)
            except Unparsable as error:
                raise self._broken(self._number, error.problem) from None
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
                if not line.endswith(b"\n") and not self._file.read(1):
                    self.cut = True
                    return
                why = f"{error.args[0]!r} is not known" if isinstance(error, KeyError) else str(error)
                raise self._broken(self._number, why.rstrip(".")) from None
            if entry is not None:
                yield entry

    def _entry(self, row: Row) -> Entry | None:
        entry = Entry(self._number, row)
        if not (math.isfinite(row.t) and row.t >= self._last):
            raise msgspec.ValidationError(f"the time goes back from {self._last:g} to {row.t:g}")
        self._last = row.t
        recorded = self._recorded
        if row.line is not None:
            if row.gone:
                recorded.drop(row.line)
            else:
                entry.snapshot = _with(recorded.now.get(row.line) or LineSnapshot(id=row.line), row.set)
                recorded.put(entry.snapshot)
        if row.kind == END:
            self.whole = True
        elif row.kind in _KINDS:
            entry.event = _whole(_KINDS[row.kind], row.event, recorded)
        elif row.kind == WIRE:
            if row.wire is None:
                raise msgspec.ValidationError("the wire message is missing")
        elif row.kind not in (LINE, NODES):
            self.unknown += 1
            return None
        return entry


def _with(line: LineSnapshot, changes: dict[str, Any] | None) -> LineSnapshot:
    """A line with the fields that have changed."""
    fields = _types(LineSnapshot)
    said = (changes or {}).items()
    return replace(line, **{name: msgspec.convert(value, fields[name]) for name, value in said if name in fields})


def _whole(kind: type[Event], said: dict[str, Any] | None, recorded: RecordedLines) -> Event:
    """An event with what was left out of it; see ``recording.shortened``."""
    if said is None:
        raise msgspec.ValidationError("the event is missing")
    fields = _types(kind)
    values: dict[str, Any] = {}
    call = said.get("call")
    if issubclass(kind, CallEvent) and isinstance(call, str):
        del said["call"]
        values["call"] = _required(found(recorded.now[said["line"]], call), "call")
    if kind is CentreChanged:
        row = ROWS[msgspec.convert(said.get("table"), TableName)]
        fields = fields | {"row": row, "previous": row | None}
    for name, value in said.items():
        if name in fields:
            values[name] = msgspec.convert(value, fields[name])
    if issubclass(kind, LineEvent):
        line = values["line"]
        if issubclass(kind, (LineAdded, LineChanged)) and "snapshot" not in values:
            values["snapshot"] = recorded.now[line]
        if issubclass(kind, LineChanged) and "previous" not in values:
            values["previous"] = recorded.before[line]
        if issubclass(kind, CallChanged) and "previous" not in values:
            values["previous"] = _required(found(recorded.before[line], values["call"].id), "previous")
    return kind(**values)


def _required(value: T | None, name: str) -> T:
    if value is None:
        raise msgspec.ValidationError(f"there is no call that {name!r} could be")
    return value


@cache
def _types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


class _Found:
    """What reading a recording once to its end has found."""

    def __init__(self, path: Path) -> None:
        """Read it. Raises ``InvalidInput``. It blocks."""
        with _opened(path) as file:
            reader = Reader(path, file)
            self.header = reader.header
            self.beginning: list[Entry] = []
            self.duration = 0.0
            missing = reader.header.lines
            for entry in reader:
                self.duration = entry.t
                if missing > 0 and entry.kind == LINE:
                    self.beginning.append(entry)
                    missing -= 1
                elif entry.kind == NODES and entry.t == 0.0 and missing == 0:
                    self.beginning.append(entry)
                    missing = -1
                else:
                    missing = -1
            self.whole, self.cut, self.unknown = reader.whole, reader.cut, reader.unknown


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidInput(
            "path", f"{path} cannot be read: {error.strerror or error}.", remedy="Check the path and its rights."
        ) from None


class _Nothing:
    """Commands of a system with which nothing can be done. The checks let everything through."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("check_"):
            return _pass
        raise NotSupported(_WHAT, missing="a connection", remedy=_REMEDY)


def _pass(*_: object, **__: object) -> None:
    """Have nothing against it."""


class ReplaySystem:
    """A recording as the model's system: it can do nothing. See ``System``."""

    def __init__(self, store: Store) -> None:
        """Stand behind this store, which the playback fills."""
        self.servers = 1
        self.events = 0
        self._store = store
        self._nothing: Any = _Nothing()

    @property
    def features(self) -> frozenset[Feature]:
        """Nothing can be done."""
        return frozenset()

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """No licence would help."""
        return {}

    async def open(self, server: int) -> Link:
        """There is nothing to connect to."""
        self._refuse()

    async def serves(self, server: int) -> bool:
        """Nothing serves."""
        return False

    def use(self, link: Link | None) -> None:
        """There is no link."""

    def expect_event(self, line: str) -> None:
        """No command is sent."""

    @property
    def commands(self) -> Commands:
        """The checks, which let everything through."""
        commands: Commands = self._nothing
        return commands

    def statistics(self) -> Statistics:
        """How many events have been replayed."""
        return Statistics(events=self.events)

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Those of the recording."""
        return tuple(
            AvailableLine(id=line.id, number=line.number, name=line.name) for line in self._store.lines.values()
        )

    async def close(self) -> None:
        """There is nothing to give back."""

    def _refuse(self) -> NoReturn:
        raise NotSupported(_WHAT, missing="a connection", remedy=_REMEDY)


class Playback(Connection):
    """In the place of the supervisor: plays a recording onto the store, and says how the recorded connection stood."""

    def __init__(self, system: ReplaySystem, store: Store, path: Path, known: _Found, clock: Clock) -> None:
        """Stand at the beginning."""
        super().__init__(system, store)
        self.path = path
        self.known = known
        self.finished = asyncio.Event()
        self.failure: PbxError | None = None
        self._replayed = system
        self._clock = clock
        self._speed = math.inf
        self._paused = True
        self._reached = 0.0
        """Seconds of the recording at the last change of pace, when the clock showed ``_since``."""
        self._since = clock.time()
        self._shown = 0.0
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._sleeping: asyncio.Task[None] | None = None
        self._resumed = asyncio.Event()
        header = known.header
        self.info = header.info
        self.status = header.status if header.status is not Status.CLOSED else Status.OFFLINE
        if self.status is not Status.ONLINE:
            self.error = ConnectionFailed(header.reason or "It was not connected when the recording began.")
        for entry in known.beginning:
            self._apply_state(entry)

    async def start(self) -> None:
        """Begin to play, if it is not paused, as soon as others had their turn."""
        self._task = asyncio.create_task(self._play(), name="aiopbx replay")

    async def close(self) -> None:
        """End it where it is."""
        self._closing = True
        await settle(self._task)
        self.finished.set()
        self._set(Status.CLOSED)

    # --------------------------------------------------------------------------------------------------------- the pace

    @property
    def speed(self) -> float:
        """How many times as fast; infinity is at once."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._settle_pace()
        self._speed = speed
        self._poke()

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._settle_pace()
        self._paused = paused
        if paused:
            self._resumed.clear()
        else:
            self._resumed.set()
        self._poke()

    @property
    def position(self) -> float:
        """Seconds of the recording that have been played."""
        if self.finished.is_set() and not self._closing:
            return self.known.duration
        if self._paused or math.isinf(self._speed) or self._closing:
            return max(self._shown, self._reached)
        passed = self._reached + (self._clock.time() - self._since) * self._speed
        return min(max(self._shown, passed), self.known.duration)

    def _settle_pace(self) -> None:
        self._reached, self._since = self.position, self._clock.time()

    def _poke(self) -> None:
        """Have what sleeps look at the pace again."""
        if self._sleeping is not None:
            self._sleeping.cancel()

    async def _until(self, t: float) -> None:
        while True:
            if self._paused:
                await self._resumed.wait()
                continue
            if math.isinf(self._speed) or (left := t - self.position) <= 0:
                return
            self._sleeping = asyncio.create_task(self._clock.sleep(left / self._speed), name="aiopbx replay pause")
            try:
                await self._sleeping
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise  # not woken to look at the pace, but ended
            finally:
                self._sleeping = None

    # ------------------------------------------------------------------------------------------------------ the playing

    async def _play(self) -> None:
        try:
            file = await asyncio.to_thread(_opened, self.path)
            with file:
                await self._play_file(file)
        except (PbxError, OSError) as error:
            self.failure = RecordingFailed(f"The recording cannot be read to its end: {error}")
            _LOG.warning("%s", self.failure)
        except Exception:
            _LOG.exception("Replaying %s failed in a way that was not foreseen", self.path)
            self.failure = RecordingFailed(f"Replaying {self.path} failed.", remedy="The log says more.")
        if self.failure is None:
            await self._until(self.known.duration)
            self._reached = self.known.duration
        self.finished.set()

    async def _play_file(self, file: BinaryIO) -> None:
        reader = await asyncio.to_thread(Reader, self.path, file)
        entries = iter(reader)
        skip = len(self.known.beginning)
        while batch := await asyncio.to_thread(_some, entries):
            for entry in batch:
                if skip:
                    skip -= 1
                    continue
                if not math.isinf(self._speed) or self._paused:
                    await self._until(entry.t)
                self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        self._shown = entry.t
        self._apply_state(entry)
        if entry.wire is not None:
            self._store.tap.pass_on(entry.wire)
        event = entry.event
        if event is None:
            return
        if entry.info is not None:
            self.info = entry.info
        if isinstance(event, StatusChanged):
            self.status = event.status
            self.error = None
            if event.status is Status.OFFLINE:
                self.losses += event.previous is Status.ONLINE
                self.error = ConnectionFailed(event.reason or "The connection was lost.")
        self._apply_to_centre(event)
        self._replayed.events += 1
        self._store.publish(event)

    def _apply_to_centre(self, event: Event) -> None:
        """The tables of the call centre, and who waits: what was known before the recording began, no one can say."""
        centre = self._store.centre
        match event:
            case CentreChanged():
                row: Any = event.row
                centre.rows[event.table][row.number] = row
            case WaitingChanged():
                centre.watched.setdefault(event.pilot, 1)
                waiting = centre.waiting.setdefault(event.pilot, {})
                if event.change is WaitingChange.LEFT:
                    waiting.pop(event.call.ref, None)
                else:
                    waiting[event.call.ref] = event.call
            case RouteRequested():
                centre.requests[event.request.id] = event.request
            case RouteEnded():
                centre.requests.pop(event.request.id, None)

    def _apply_state(self, entry: Entry) -> None:
        store = self._store
        if entry.nodes is not None:
            store.nodes = entry.nodes
        if entry.line is not None:
            if entry.snapshot is not None:
                store.lines[entry.line] = entry.snapshot
            else:
                store.lines.pop(entry.line, None)


def _some(entries: Iterator[Entry]) -> list[Entry]:
    return [entry for entry, _ in zip(entries, range(_AT_ONCE), strict=False)]


class Replay(Pbx):
    """A recording that is brought back, as a ``Pbx``: its events come from the file, and nothing can be done.

    ``features`` are empty, and every action raises ``NotSupported``. Events keep the times they had; ``now`` is that of
    the recording.
    """

    def __init__(self, settings: "ConnectionSettings", core: Core, playback: Playback) -> None:
        """Made by ``replay`` only."""
        super().__init__(settings, core)
        self._playback = playback

    def __repr__(self) -> str:
        """Say what is played, and how far it is."""
        return (
            f"<Replay {self.path}: {self.position:.1f} of {self.duration:.1f} s, {len(self._core.store.lines)} lines>"
        )

    @property
    def path(self) -> Path:
        """The recording."""
        return self._playback.path

    @property
    def recorded_at(self) -> datetime:
        """When the recording began, in UTC."""
        return self._playback.known.header.at

    @property
    def duration(self) -> float:
        """Seconds that the recording lasts."""
        return self._playback.known.duration

    @property
    def position(self) -> float:
        """Seconds of it that have been played."""
        return self._playback.position

    @property
    def now(self) -> datetime:
        """The time in the recording, in UTC."""
        return self.recorded_at + timedelta(seconds=self.position)

    @property
    def complete(self) -> bool:
        """Whether the recording was closed; of a process that was killed it ends where it ended."""
        return self._playback.known.whole

    @property
    def has_wire(self) -> bool:
        """Whether wire messages were recorded, too."""
        return self._playback.known.header.wire

    @property
    def speed(self) -> float:
        """How many times as fast it is played; infinity is at once. May be changed at any time."""
        return self._playback.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        checked = _speed(speed)
        self._in_loop(lambda: setattr(self._playback, "speed", checked))

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._playback.paused

    @property
    def finished(self) -> bool:
        """Whether everything has been replayed."""
        return self._playback.finished.is_set()

    def pause(self) -> None:
        """Stand still. Safe from any thread."""
        self._in_loop(lambda: setattr(self._playback, "paused", True))

    def resume(self) -> None:
        """Go on. Safe from any thread."""
        self._in_loop(lambda: setattr(self._playback, "paused", False))

    @owned
    async def wait_finished(self) -> None:
        """Wait until everything has been replayed. Raises ``RecordingFailed`` if the rest cannot be read."""
        await self._playback.finished.wait()
        if self._playback.failure is not None:
            raise self._playback.failure

    @property
    def o2g(self) -> "O2gClient":
        """Raise ``NotSupported``: there is no wire."""
        raise NotSupported(_WHAT, missing="o2g", remedy=_REMEDY)

    def _in_loop(self, work: Callable[[], None]) -> None:
        try:
            here = asyncio.get_running_loop() is self.loop
        except RuntimeError:
            here = False
        if here:
            work()
        else:
            self.loop.call_soon_threadsafe(work)


class ReplayCore(Core):
    """Stands behind a recording, with which nothing can be done: every feature is refused with that as the reason."""

    def require_online(self) -> None:
        """Leave it to the refusal that names the reason."""
        if self.connection.status is Status.CLOSED:
            raise self.offline()

    def require(self, feature: Feature, line: LineSnapshot) -> None:
        """Refuse."""
        raise self.cannot(feature)

    def cannot(self, feature: Feature) -> NotSupported:
        """Return the error that names the reason."""
        return NotSupported(f"{feature.value.replace('_', ' ')}: {_WHAT}", missing=feature.value, remedy=_REMEDY)

    def features_of(self, line: LineSnapshot) -> frozenset[Feature]:
        """Nothing can be done with any line."""
        return frozenset()


def _speed(speed: float) -> float:
    """A speed as it is used: 0 and infinity are at once."""
    if isinstance(speed, bool) or not isinstance(speed, int | float) or math.isnan(speed) or speed < 0:
        raise InvalidInput(
            "speed", f"{speed!r} is no speed.", remedy="Use 1.0, any other positive number, or 0 for all at once."
        )
    return float(speed) or math.inf


def replay(
    path: "str | os.PathLike[str]", speed: float = 1.0, *, paused: bool = False, clock: Clock | None = None
) -> Connecting[Replay]:
    """Bring a recording of ``Pbx.record`` back, in an ``async with … as pbx`` or by ``pbx = await …``.

    ``speed`` is how many times as fast; 0 or infinity is at once. It begins when the caller awaits something the next
    time, so that nothing is missed by who subscribes at once; with ``paused`` it waits for ``resume()``. ``clock`` is
    for tests. Raises ``InvalidInput``, which names the line of the file where that is broken. One that lacks its end,
    because its writer was killed, is played as far as it goes; ``complete`` and the log say so.
    """

    async def make() -> Replay:
        from ..numbers import Numbers
        from ..policy import DialGuard
        from ..settings.connection import ConnectionSettings

        pace = _speed(speed)
        if not isinstance(path, str | os.PathLike):
            raise slip("path", path, (str, os.PathLike))
        where = Path(path)
        known = await asyncio.to_thread(_Found, where)
        if known.cut:
            _LOG.warning("The last line of %s is not whole; it is left out", where)
        elif not known.whole:
            _LOG.warning("The recording %s was not closed; it is played as far as it goes", where)
        if known.unknown:
            _LOG.warning("%s holds %s rows that this version does not know; they are passed over", where, known.unknown)
        store = Store()
        system = ReplaySystem(store)
        playback = Playback(system, store, where, known, clock or RealClock())
        info = known.header.info
        settings = ConnectionSettings.make(
            url=info.url or "http://localhost",
            username=info.login or "recording",
            password="-",  # noqa: S106
        )
        pbx = Replay(
            settings,
            ReplayCore(system, store, playback, DialGuard(settings.dial_policy, numbers=Numbers(settings.number_plan))),
            playback,
        )
        playback.speed = pace
        playback.paused = paused
        await playback.start()
        return pbx

    return Connecting(make)
