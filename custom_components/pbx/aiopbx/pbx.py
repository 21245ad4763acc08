"""A connected telephone system: its lines, its status, and what happens on it."""

import asyncio
import os
from collections.abc import Callable, Collection, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, date, datetime
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from msgspec.structs import asdict, replace

from .call import Call
from .call_centre import CallCentre
from .call_recording import CallRecording
from .centre import PointSnapshot
from .charging import Charging
from .contacts import Contacts, ContactSource
from .core import Core
from .directory import ContactSearch, wanted
from .errors import InvalidInput, NotSupported, Offline, PbxError, UnknownCall
from .events import CallChanged, CallEnded, CallEvent, Event, LineEvent, StatusChanged
from .html_tables import lines_html, named_values_html
from .http.tap import WireMessage
from .incidents import Incidents
from .line import Line
from .loops import check_open, owned
from .model import AvailableLine, Feature, LineSnapshot, Obstacle, Statistics, Status, SystemInfo
from .nodes import Nodes
from .numbers import Numbers
from .objects import Objects
from .operations import Operation
from .pilots import Pilots
from .recording.recorder import Clock, RealClock, Recorder
from .requests import Answer, Request, Requests
from .routing_points import RoutingPoint
from .slips import checked, slip
from .store import Callback, E, EventStream, Kind
from .users import Users

if TYPE_CHECKING:
    from .filters import DirectoryFilter
    from .istra.client import IstraClient
    from .o2g.client import O2gClient
    from .settings.connection import ConnectionSettings

_PATIENCE = 30.0
"""Seconds to wait for the name of a number from the directory."""
_DIRECTORY = ContactSource.DIRECTORY
T = TypeVar("T")
X = TypeVar("X", bound="Pbx")
D = TypeVar("D")


class Pbx:
    """A connected telephone system. Made by ``connect``; ``close`` it, or use it in an ``async with``.

    It belongs to the event loop it was connected in. Reading is safe from any thread; coroutines may be awaited from
    any event loop, and started from a thread without one by ``run_threadsafe``. Callbacks run in the owning loop.
    """

    def __init__(self, settings: "ConnectionSettings", core: Core) -> None:
        """Made by ``connect`` only."""
        self.settings = settings
        self._core = core
        self._lines = _Lines(self)
        self._call_centre = CallCentre(core)
        self._streams: set[EventStream[Event]] = set()
        self._streams_lock = Lock()
        self._closed_streams = [0, 0]
        self._recorders: set[Recorder] = set()
        self._look_ups: set[asyncio.Task[None]] = set()
        self._contacts = Contacts(core.guard.numbers, learns=settings.contacts.log)
        if settings.contacts.directory:
            self._contacts.on_unknown = self._look_up
        core.store.names = self._contacts
        core.store.subscribers.add(self._finish, kind=CallEnded)

    def __repr__(self) -> str:
        """Say what it is connected to and how it stands."""
        return f"<Pbx {self.info.url or self.settings.url}: {self.status}, {len(self._core.store.lines)} lines>"

    def _repr_html_(self) -> str:
        facts = (("Pbx", self.info.url or self.settings.url), ("Status", self.status))
        return named_values_html(facts) + lines_html(self._core.store.lines.values(), most=10)

    # What it is

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._core.loop

    @property
    def status(self) -> Status:
        """Whether the system is seen. While it is not online, what lines and calls show may be old."""
        return self._core.connection.status

    @property
    def error(self) -> PbxError | None:
        """Why it is not online; None while it is."""
        return self._core.connection.error

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What stands between here and the system and gets in the way, as far as it has shown: each with its remedy."""
        return self._core.connection.obstacles

    @property
    def info(self) -> SystemInfo:
        """What it is connected to, or was last."""
        return self._core.connection.info

    @property
    def features(self) -> frozenset[Feature]:
        """What the system and this account can do at all; a line may be able to do less."""
        return self._core.system.features

    @property
    def missing(self) -> Mapping[Feature, str]:
        """The features that are absent for want of a licence, and the licence."""
        return self._core.system.missing(None)

    @property
    def lines(self) -> Mapping[str, Line]:
        """The monitored lines by ``Line.id``: a live view.

        ``lines[…]`` takes a number as well, as ``line`` does; ``get`` and ``in`` know ids only.
        """
        return self._lines

    @property
    def statistics(self) -> Statistics:
        """What the client has seen and survived; numbers only grow."""
        with self._streams_lock:
            coalesced = self._closed_streams[0] + sum(stream.coalesced for stream in self._streams)
            dropped = self._closed_streams[1] + sum(stream.dropped for stream in self._streams)
        return replace(
            self._core.system.statistics(),
            coalesced=coalesced,
            dropped=dropped,
            losses=self._core.connection.losses,
            fail_overs=self._core.connection.fail_overs,
            unforeseen=self._core.connection.unforeseen,
        )

    @property
    def now(self) -> datetime:
        """The time, in UTC, on the clock that events are stamped by; in a ``Replay`` that of the recording."""
        return datetime.now(UTC)

    @property
    def recent_events(self) -> tuple[Event, ...]:
        """The last 25 events, the newest last."""
        return tuple(self._core.store.recent)

    @property
    def o2g(self) -> "O2gClient":
        """The raw O2G wire of the current connection, for experts: every operation, no model.

        Raises ``Offline`` while there is no connection, ``NotSupported`` on another kind of system.
        """
        if self.settings.system != "o2g":
            raise NotSupported("This is not an O2G system.", missing="o2g")
        wire: O2gClient | None = getattr(self._core.system, "client", None)
        if wire is None:
            raise self._core.offline()
        return wire

    @property
    def istra(self) -> "IstraClient":
        """The raw Istra wire of the current connection, for experts: every operation of its application, no model.

        Raises ``Offline`` while there is no connection, ``NotSupported`` on another kind of system.
        """
        if self.settings.system in ("o2g", "mqtt"):
            raise NotSupported("This is not an Istra system.", missing="istra")
        wire: IstraClient | None = getattr(self._core.system, "client", None)
        if wire is None:
            raise self._core.offline()
        return wire

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation of the wire by name, described: what it does and takes. Empty where there are none."""
        requests: Requests | None = getattr(self._core.system, "requests", None)
        return requests.operations if requests is not None else {}

    @property
    def numbers(self) -> Numbers:
        """Reads, compares and shows numbers by the plan of the settings, as everything here does."""
        return self._core.guard.numbers

    @property
    def contacts(self) -> Contacts:
        """Names for numbers, by which parties are named that the system does not name: phone books, directory, log."""
        return self._contacts

    def line(self, key: str) -> Line:
        """The line with this id or number; raises ``UnknownLine``, which names those there are.

        Of a line that is not ``described`` yet, the number of a device will do: its own is not known.
        """
        if not isinstance(key, str):
            raise self._core.unknown_line(key)
        line = self._lines.get(key)
        if line is not None:
            return line
        owner = None
        for snapshot in self._core.store.lines.values():
            if snapshot.number == key:
                return self._lines[snapshot.id]
            if not snapshot.described and any(device.id == key for device in snapshot.devices):
                owner = snapshot.id
        if owner is not None:
            return self._lines[owner]
        raise self._core.unknown_line(key)

    def call(self, key: str) -> Call:
        """The call in progress with this id or reference; raises ``UnknownCall``.

        Both ends of an internal call may be monitored, and share the reference then: their ids differ.
        """
        given: object = key
        if isinstance(given, Call):
            raise UnknownCall(f"{given.id} is a call already.", remedy="Use it as it is.")
        if not isinstance(given, str):
            wrong = slip("key", given, (str,))
            raise UnknownCall(f"No call goes by this: {wrong.problem}", remedy=wrong.remedy)
        found = [
            (line.id, call)
            for line in list(self._core.store.lines.values())
            for call in line.calls
            if key in (call.id, call.ref)
        ]
        exact = [pair for pair in found if pair[1].id == key]
        if len(exact or found) == 1:
            line, call = (exact or found)[0]
            return self._lines[line]._call(call)
        if found:
            raise UnknownCall(
                f"{key!r} is a call of several lines.",
                remedy="Use one of the ids: " + ", ".join(call.id for _, call in found) + ".",
            )
        raise UnknownCall(f"No call {key!r} is in progress.", remedy="See the calls of each line.")

    # What it knows

    @property
    def nodes(self) -> Nodes:
        """The nodes by id, with their links, and the licences: a live view. Only administrators see any."""
        return Nodes(self._core)

    @property
    def objects(self) -> Objects:
        """The configuration of the nodes, to be read and changed by administrators."""
        return Objects(self._core)

    @property
    def call_centre(self) -> CallCentre:
        """The call centre in real time: live tables of agents, groups, pilots and queues; and its statistics."""
        return self._call_centre

    @property
    def pilots(self) -> Pilots:
        """The pilots of the call centre: who waits there, whether they are open, and when they work how."""
        return Pilots(self._core)

    @property
    def users(self) -> Users:
        """Which subscribers the server knows as users, to be read, taken in and let go by administrators."""
        return Users(self._core)

    @property
    def call_recording(self) -> CallRecording:
        """Recorders beside the nodes that record calls on demand."""
        return CallRecording(self._core)

    def routing_point(self, number: str, *, backup: bool = False) -> RoutingPoint:
        """Route the calls of a routing point: ``async for request in pbx.routing_point("2100")``.

        ``backup`` stands in for another application. O2G: POST /{rsiNumber}/enable.
        """
        return RoutingPoint(self._core, str(number), backup)

    @owned
    async def routing_points(self) -> tuple[PointSnapshot, ...]:
        """The routing points there are. O2G: GET of the service AcdRsi."""
        return await self._core.commands_for(Feature.ROUTING_POINTS).routing_points.points()

    @checked
    def charging(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        files: Collection[str] = (),
        node: int | None = None,
        top: int | None = None,
        free: bool = False,
    ) -> Charging:
        """What calls have cost: ``async for ticket in pbx.charging(first, last)``, of these days or in these files.

        ``top`` is how many at most; with ``free`` come those that cost nothing, too. O2G: GET /charging.
        """
        return Charging(self._core, first, last, tuple(files), node, top, free)

    @checked
    def incidents(self, *, node: int | None = None, last: int | None = None) -> Incidents:
        """What went wrong on a node, the newest first: ``async for incident in pbx.incidents(last=20)``.

        O2G: GET /incidents.
        """
        return Incidents(self._core, node, last)

    @checked
    def directory(
        self,
        what: "DirectoryFilter | str | None" = None,
        *,
        keys: str | None = None,
        first_name_keys: str | None = None,
        limit: int | None = None,
        line: str | Line | None = None,
    ) -> ContactSearch:
        """Search the telephone book: ``async for contact in pbx.directory("Ma")``.

        ``what`` is the beginning of a last name, a first name or a number, or a filter such as
        ``field("last_name").contains("ar") & field("first_name").equals("Ana")``. ``keys`` are digits instead, as the
        last name is typed on a telephone (``keys_of("Martin")``). ``limit`` is 1 to 100 contacts. It is searched for
        one ``line``, any that may search where it is left out. O2G: POST, GET and DELETE /directory/search.
        """
        asked = wanted(what, keys, first_name_keys, limit)
        if line is not None:
            return ContactSearch(line if isinstance(line, Line) else self.line(line), asked)
        for snapshot in self._core.store.lines.values():
            if Feature.DIRECTORY in snapshot.features:
                return ContactSearch(self._lines[snapshot.id], asked)
        raise self._core.cannot(Feature.DIRECTORY)

    # The wire, by the names of its operations

    def prepare(self, name: str, /, **values: Any) -> Request:
        """Make a request of the wire, check it, and send nothing: ``pbx.prepare("user", login_name="oxe1000")``.

        Values are named as on the wire or as in Python, parts of the path, the query and the body alike; ``body`` is
        the whole body. Text stands for any kind of value, lists and objects as JSON. Raises ``InvalidInput`` that names
        the field, ``PolicyViolation``, ``NotSupported``. Works offline.
        """
        return self._requests.prepare(name, values, self._core.guard)

    @owned
    async def request(self, name: str | Request, /, **values: Any) -> Answer:
        """Make any request of the wire: ``await pbx.request("user", login_name="oxe1000")``.

        Takes what ``prepare`` takes, or what it has made, and raises that as well; ``RequestRefused`` with everything
        the system said, ``Offline``, ``ConnectionFailed``, ``OutcomeUnknown``. The dial policy holds.
        """
        requests = self._requests
        if isinstance(name, Request):
            if values:
                raise InvalidInput("values", "go into a request when it is prepared.", remedy="Prepare it again.")
            prepared = name
        else:
            prepared = requests.prepare(name, values, self._core.guard)
        self._core.require_online()
        return await requests.send(prepared, self._core.guard)

    @property
    def _requests(self) -> Requests:
        requests: Requests | None = getattr(self._core.system, "requests", None)
        if requests is None:
            raise NotSupported("Requests by name: this kind of system has none.", missing="operations")
        return requests

    # What happens

    @overload
    def subscribe(
        self, callback: Callable[[Event], None], *, line: str | Line | None = None, kind: None = None
    ) -> Callable[[], None]: ...
    @overload
    def subscribe(
        self, callback: Callable[[E], None], *, line: str | Line | None = None, kind: type[E] | tuple[type[E], ...]
    ) -> Callable[[], None]: ...
    @checked
    def subscribe(self, callback: Callback, *, line: str | Line | None = None, kind: Kind = None) -> Callable[[], None]:
        """Call ``callback`` for every event, and return the function that stops it.

        Only those of ``line`` (handle, id or number) and of ``kind`` (a class of event, several, or a base such as
        ``CallEvent``) where given. It is called in the owning loop, at once and in order, so it must not block; what it
        raises is logged and affects no one else. Safe from any thread. Raises ``UnknownLine``.
        """
        return self._core.store.subscribers.add(callback, line=self._line_id(line), kind=kind)

    @overload
    def events(self, *, line: str | Line | None = None, kind: None = None, size: int = 1000) -> EventStream[Event]: ...
    @overload
    def events(
        self, *, line: str | Line | None = None, kind: type[E] | tuple[type[E], ...], size: int = 1000
    ) -> EventStream[E]: ...
    @checked
    def events(self, *, line: str | Line | None = None, kind: Kind = None, size: int = 1000) -> EventStream[Any]:
        """Iterate over events: bounded, so that a slow reader gets changes merged, and never delays the others.

        ``line`` and ``kind`` select events as in ``subscribe``; ``size`` is how many may wait.
        """
        id_ = self._line_id(line)

        def subscribe(callback: Callback) -> Callable[[], None]:
            return self._core.store.subscribers.add(callback, line=id_, kind=kind)

        stream: EventStream[Event] = EventStream(subscribe, size, self._stream_closed)
        with self._streams_lock:
            self._streams.add(stream)
        if self.status is Status.CLOSED:
            stream.close()
        return stream

    @checked
    def wire(self, callback: Callable[[WireMessage], None]) -> Callable[[], None]:
        """Call ``callback`` for every request, answer and pushed message, and return the function that stops it.

        Passwords, tokens, cookies, subscription ids, PINs and codes are replaced by ``***``. It is called in the owning
        loop, at once and in order: before the model makes anything of a message. Safe from any thread.
        """
        return self._core.store.tap.listen(callback)

    @checked
    def record(self, path: "str | os.PathLike[str]", *, wire: bool = True, clock: Clock | None = None) -> Recorder:
        """Write down what happens from now on, for ``replay``: ``async with pbx.record("x.jsonl")``, or ``close`` it.

        Lines, events and, if ``wire`` says so, wire messages (without secrets, but with names and numbers), as JSON
        Lines, in a file that only its owner may read. An existing recording is replaced, nothing else is. It is written
        by a thread of its own, and what goes wrong there ends the recording alone. ``clock`` is for tests.
        """
        recorder = Recorder(
            path,
            self._core.store,
            loop=self._core.loop,
            status=lambda: (self.status, str(self.error) if self.error is not None else None),
            info=lambda: self.info,
            wire=wire,
            clock=clock or RealClock(),
            ended=self._recorders.discard,
        )
        self._recorders.add(recorder)
        return recorder

    @owned
    async def wait_status(self, status: Status, *, timeout: float | None = None) -> None:
        """Wait until the status is this; raises ``TimeoutError`` after so many seconds, ``Offline`` if it is closed."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def look(now: Status) -> None:
            if reached.done():
                return
            if now is status:
                reached.set_result(None)
            elif now is Status.CLOSED:
                reached.set_exception(Offline("The client is closed."))

        stop = self.subscribe(lambda event: look(event.status), kind=StatusChanged)
        try:
            look(self.status)
            async with asyncio.timeout(timeout):
                await reached
        finally:
            stop()

    @owned
    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """All lines that could be monitored: every user for an administrator, oneself for a user.

        With Istra every extension of the enterprise, every terminal of the user, or the user.
        """
        self._core.require_online()
        return await self._core.system.available_lines()

    def diagnostics(self) -> dict[str, Any]:
        """What helps to find a fault: no secret, no name and no number of a person in it."""
        info = asdict(self.info)
        info["login"] = _mask(info["login"])
        del info["sites"]
        return {
            "status": self.status.value,
            "error": type(self.error).__name__ if self.error else None,
            "obstacles": {one.kind.value: one.text for one in self.obstacles},
            "info": info,
            "features": sorted(feature.value for feature in self.features),
            "missing": {feature.value: licence for feature, licence in self.missing.items()},
            "statistics": asdict(self.statistics),
            "lines": [
                {
                    "state": line.state.value,
                    "calls": len(line.calls),
                    "devices": [device.state.value for device in line.devices],
                    "synced": line.synced,
                    "features": sorted(feature.value for feature in line.features),
                }
                for line in list(self._core.store.lines.values())[:100]
            ],
            "recent_events": [_redacted(event) for event in self.recent_events],
        }

    # Beginning and end

    def run_threadsafe(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine in the owning loop, from any thread: ``pbx.run_threadsafe(line.dial("1000")).result()``."""
        try:
            check_open(self._core.loop)
        except Offline:
            coroutine.close()
            raise
        return asyncio.run_coroutine_threadsafe(coroutine, self._core.loop)

    @owned
    async def close(self) -> None:
        """End it: channel, subscription and session are given back. Never raises; more than once is fine."""
        for task in tuple(self._look_ups):
            task.cancel()
        for recorder in tuple(self._recorders):
            await recorder.give_up()
        try:
            await self._core.connection.close()
        finally:
            # Also when this is cancelled: the connection has ended by then, and what outlives it must not stay.
            await self._core.system.close()
            with self._streams_lock:
                streams = list(self._streams)
            for stream in streams:
                stream.close()

    async def __aenter__(self) -> Self:
        """It is connected already."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    # Inside

    def _look_up(self, number: str) -> None:
        """Search a number of a call in the directory, and name the calls with it once it is found."""
        if Feature.DIRECTORY not in self.features or self.status is Status.CLOSED:
            return
        task = asyncio.ensure_future(self._looked_up(number))
        self._look_ups.add(task)
        task.add_done_callback(self._look_ups.discard)

    async def _looked_up(self, number: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self.directory(number, limit=10).list()
        except (PbxError, TimeoutError):
            return  # the number stays without a name
        for contact in found:
            if contact.number and self.numbers.same(contact.number, number):
                self._contacts.learn(number, f"{contact.first_name} {contact.last_name}".strip(), _DIRECTORY)
                self._name_calls(number)
                return

    def _name_calls(self, number: str) -> None:
        store = self._core.store
        for line in list(store.lines.values()):
            same = [call for call in line.calls if any(self.numbers.same(one.number, number) for one in call.parties)]
            if same:
                events = (CallChanged(at=self.now, line=line.id, call=call, previous=call) for call in same)
                store.put(line, tuple(events))

    def _line_id(self, line: str | Line | None) -> str | None:
        if line is None:
            return None
        return line.id if isinstance(line, Line) else self.line(line).id

    def _finish(self, event: CallEnded) -> None:
        line = self._lines.made.get(event.line)
        if line is not None:
            line._finish(event.call)

    def _stream_closed(self, stream: EventStream[Event]) -> None:
        with self._streams_lock:
            if stream in self._streams:
                self._streams.remove(stream)
                self._closed_streams[0] += stream.coalesced
                self._closed_streams[1] += stream.dropped


class _Lines(Mapping[str, Line]):
    """The lines by id; handles are made when they are asked for."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._core = pbx._core
        self.made: dict[str, Line] = {}

    def __getitem__(self, key: str) -> Line:
        line = self.get(key)
        return line if line is not None else self._pbx.line(key)

    # A line that is gone must not be taken for another whose number is like its id.
    def __contains__(self, key: object) -> bool:
        return key in self._core.store.lines

    @overload
    def get(self, key: str, /) -> Line | None: ...

    @overload
    def get(self, key: str, default: Line | D, /) -> Line | D: ...

    def get(self, key: str, default: object = None, /) -> object:
        snapshot = self._core.store.lines.get(key)
        if snapshot is None:
            return default
        line = self.made.get(key)
        if line is None:
            line = self.made.setdefault(key, Line(self._pbx, snapshot))
        return line

    def __repr__(self) -> str:
        return f"<{len(self)} lines>"

    def _repr_html_(self) -> str:
        return lines_html(self._core.store.lines.values())

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._core.store.lines))

    def __len__(self) -> int:
        return len(self._core.store.lines)


class Connecting(Generic[X]):
    """What ``connect`` and ``replay`` return: ``await`` it, or use it in an ``async with``."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, X]]) -> None:
        """Made by these two only."""
        self._make = make
        self._pbx: X | None = None

    def __getattr__(self, name: str) -> Any:
        """Say that the ``await`` was forgotten, to those who take this for what it gives."""
        if name.startswith("_") or not hasattr(Pbx, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"this is not connected yet, so that it has no {name!r}. Write await before connect or replay."
        )

    def __await__(self) -> Generator[Any, Any, X]:
        """Connect."""
        return self._make().__await__()

    async def __aenter__(self) -> X:
        """Connect."""
        self._pbx = await self._make()
        return self._pbx

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._pbx is not None:
            await self._pbx.close()


def _mask(text: str) -> str:
    return f"{text[:1]}…" if text else ""


def _redacted(event: Event) -> dict[str, Any]:
    """What kind of event it was, when, and the states, without who."""
    shown: dict[str, Any] = {"kind": type(event).__name__, "at": event.at.isoformat()}
    if isinstance(event, StatusChanged):
        shown |= {"status": event.status.value, "previous": event.previous.value}
    if isinstance(event, CallEvent):
        call = event.call
        shown |= {
            "state": call.state.value,
            "direction": call.direction.value,
            "cause": call.cause,
            "outcome": call.outcome.value if call.outcome else None,
            "actions": sorted(action.value for action in call.actions),
        }
    elif isinstance(event, LineEvent):
        snapshot: LineSnapshot | None = getattr(event, "snapshot", None)
        if snapshot is not None:
            shown["state"] = snapshot.state.value
        changed = getattr(event, "changed", None)
        if changed is not None:
            shown["changed"] = sorted(changed)
    return shown
