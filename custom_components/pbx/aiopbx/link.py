"""What every wire's system and links have in common: one link is in use, and a link has tasks, until it is lost."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic
from typing import Any, Final, Generic, TypeVar, cast

import aiohttp

from .doubts import Doubts, audit
from .errors import ConnectionFailed, Offline, PbxError, not_connected
from .exchange import WireClient
from .http.leftovers import LeftSessions
from .http.tap import WireStatistics
from .loops import settle
from .model import AvailableLine, Statistics, SystemInfo
from .ports import Commands, Link
from .settings.connection import ConnectionSettings
from .store import Store, stale

_LOG = logging.getLogger(__name__)

LAST_FAREWELL: Final = 2.0
"""Seconds that it may take to give back, at the end, sessions of which an earlier farewell failed."""


class Unconnected:
    """The base of the checks of a wire, which need no connection: everything else does."""

    def __getattr__(self, name: str) -> Any:
        """Raise ``Offline``."""
        raise not_connected()


C = TypeVar("C", bound=WireClient)


class WireLink(ABC, Generic[C]):
    """One connection and the tasks that serve it, until it is lost or closed. See ``Link``."""

    commands: Commands
    """The requests."""

    reads_calls = True
    """Whether calls in progress can be read."""
    reads_together = False
    """Whether one request reads the calls of all lines, so that reading one line costs as much."""

    def __init__(self, wire: str, client: C, settings: ConnectionSettings, store: Store) -> None:
        """Not open yet; ``wire`` begins the names of the tasks."""
        self.info = SystemInfo()
        self.client = client
        self.doubts = Doubts(store.lines)
        """Lines of which something may have been missed over this link."""
        self._wire = wire
        self._settings = settings
        self._store = store
        self._synchronising = False
        """Whether ``sync`` has begun: before, this link is not in use, and its events belong to no state."""
        self.quiet: float | None = None
        self.failure: PbxError | None = None
        self._lost = asyncio.Event()
        self._reason = ""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    @abstractmethod
    def last_heard(self) -> float | None:
        """When the server last sent something of its own accord, on the monotonic clock; None where it never does."""

    @abstractmethod
    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """All lines that could be monitored."""

    async def sync(self) -> None:
        """Bring the store up to date, and from then on confirm whatever comes into doubt."""
        self._synchronising = True
        complete = asyncio.Event()

        async def confirm(lines: frozenset[str] | None) -> None:
            await complete.wait()
            await self._confirm(lines)

        self._start(self._serve(self.doubts.confirm(confirm)), "confirm")
        await self._bring_up_to_date()
        complete.set()
        interval = self._settings.audit_interval
        if interval:  # also where calls cannot be read: one that rings on and on is given up there
            lines = self._store.lines
            self._start(self._serve(audit(lines, interval, self._audit, together=self.reads_together)), "audit")

    @abstractmethod
    async def _bring_up_to_date(self) -> None:
        """Read what the store should hold, and see to it that events keep it so."""

    @abstractmethod
    async def _confirm(self, lines: frozenset[str] | None) -> None:
        """Read the state of these lines again, None for all."""

    async def _audit(self, lines: frozenset[str] | None) -> None:
        """Read the calls of these lines again, None for all."""
        await self._confirm(lines)

    async def _serve(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this as long as the server lets it be done."""
        try:
            await work
        except PbxError as error:
            self.lose(str(error))

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do this beside the rest, until it is done or the link is closed."""
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"{self._wire}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _LOG.error("%s failed in a way that was not foreseen", task.get_name(), exc_info=error)
            self.lose(f"{task.get_name()} failed ({type(error).__name__}).")

    async def _watch_session(self) -> None:
        await self.client.lost.wait()
        why = self.client.lost_reason
        self.lose(f"The session is gone. {why}" if why is not None else "The session is gone.")

    async def lost(self) -> str:
        """Wait until the connection is gone, and return why."""
        await self._lost.wait()
        return self._reason

    def lose(self, reason: str | PbxError) -> None:
        """The connection is gone, or is of no use any more."""
        if not self._lost.is_set():
            if isinstance(reason, PbxError):
                self.failure = reason
            self._reason = str(reason)
            self._lost.set()

    async def close(self) -> None:
        """Give tasks and session back, and all that belongs to the session. Never raises."""
        self.lose("It was closed.")
        self.doubts.close()
        await settle(*self._tasks)
        await self.client.close()


class WireSystem(Generic[C]):
    """The link that is in use, what goes through it, and what outlives it. See ``System``."""

    heartbeat: float | None = None
    """Seconds between two signs of life of the server's, where it is known to give them."""

    def __init__(
        self,
        settings: ConnectionSettings,
        store: Store,
        http: aiohttp.ClientSession | None,
        cookies: Callable[[], aiohttp.abc.AbstractCookieJar],
        offline: Commands,
    ) -> None:
        """Fill this store, over this HTTP session; None makes one with such cookies, closed with the system.

        ``offline`` stands in for the commands while there is no link.
        """
        self.settings = settings
        self.store = store
        self.servers = len(settings.urls)
        self.wire = WireStatistics(tap=store.tap)
        self._http = http
        self._own_http = http is None
        self._cookies = cookies
        self._offline = offline
        self._link: WireLink[C] | None = None
        self._linked = asyncio.Event()
        self._left = LeftSessions()

    def statistics(self) -> Statistics:
        """What has come over the wire, counted."""
        wire = self.wire
        heard = self._link.last_heard if self._link is not None else None
        return Statistics(
            events=wire.events,
            unknown_events=wire.unknown_events,
            unknown_values=wire.unknown_values,
            unknown_fields=wire.unknown_fields,
            malformed_frames=wire.malformed_frames,
            bad_fields=wire.bad_fields,
            bad_characters=wire.bad_characters,
            heartbeat=self.heartbeat,
            channel_age=max(0.0, monotonic() - heard) if heard is not None else None,
        )

    def use(self, link: Link | None) -> None:
        """Send commands through this link, and apply what comes over it; None marks every line as unconfirmed."""
        self._link = used = cast("WireLink[C] | None", link)
        if used is None:
            self._linked.clear()
        else:
            used.client.successor = partial(self._next_client, used)
            self._linked.set()
        lines = self.store.lines
        for id_, line in lines.items():
            lines[id_] = stale(line)

    @property
    def client(self) -> C | None:
        """The wire of the current connection."""
        return None if self._link is None else self._link.client

    def expect_event(self, line: str) -> None:
        """A command is being sent that changes this line. If no event says so in time, its state is read again."""
        if self._link is not None and self._link.reads_calls:
            self._link.doubts.expect_event(line)

    @property
    def commands(self) -> Commands:
        """The commands of the link in use; without one, the checks, and ``Offline`` for everything else."""
        return self._offline if self._link is None else self._link.commands

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """All lines that could be monitored."""
        if self._link is None:
            raise not_connected()
        return await self._link.available_lines()

    async def _next_client(self, link: WireLink[C]) -> C:
        """Wait for the link that follows this one, whose session is gone; return its client."""
        try:
            async with asyncio.timeout(self.settings.request_timeout):
                while self._link is link or self._link is None:
                    self._linked.clear()
                    await self._linked.wait()
        except TimeoutError:
            raise Offline(
                "The session is gone, and there is no new one yet.", remedy="It is being restored; try again later."
            ) from None
        return self._link.client

    def _session(self) -> aiohttp.ClientSession:
        """The HTTP session, made when it is first needed."""
        if self._http is None:
            if not self._own_http:
                raise ConnectionFailed("The client is closed.")
            self._http = aiohttp.ClientSession(cookie_jar=self._cookies())
        return self._http

    async def _give_back_what_was_left(self, server: int) -> None:
        """Give back what is left of sessions at a server, on a wire where something may be left."""

    async def close(self) -> None:
        """Give back sessions whose farewell failed, and close the HTTP session, if it is an own one."""
        if len(self._left):
            await self._last_farewell()
        http, self._http = self._http, None
        if http is not None and self._own_http:
            await http.close()

    async def _last_farewell(self) -> None:
        """Try once more to give sessions back: no next connection will."""
        try:
            async with asyncio.timeout(LAST_FAREWELL):
                for server in range(self.servers):
                    try:
                        await self._give_back_what_was_left(server)
                    except PbxError as error:
                        _LOG.debug("What was left at a server could not be given back: %s", error.message)
        except TimeoutError:
            pass
        except Exception:
            _LOG.exception("Giving back what was left failed in a way that was not foreseen")
        if len(self._left):
            _LOG.warning(
                "Sessions that could not be given back: %s. The server ends them in time; "
                "they may hold licences until then",
                len(self._left),
            )
