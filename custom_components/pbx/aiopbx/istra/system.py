"""An application of Istra as the model's system."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, TypeVar

import aiohttp

from ..board import Board
from ..errors import ConnectionFailed, Offline, PbxError, SessionLost
from ..model import AvailableLine, Feature, LineSnapshot, Statistics
from ..reduced import stale
from ..settings import ConnectionSettings
from ..statistics import WireStatistics
from ..system import Commands, Link
from .checks import IstraChecks
from .client import APPLICATIONS, IstraClient
from .features import FEATURES
from .link import IstraLink
from .requests import IstraRequests

T = TypeVar("T")


class IstraSystem:
    """myRCC, myCrm or myIstra on one server. See ``System``."""

    servers = 1

    def __init__(self, settings: ConnectionSettings, board: Board, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this board, over this HTTP session; none makes one that is closed with the system."""
        self.settings = settings
        self.board = board
        self.wire = WireStatistics(tap=board.tap)
        self.features: frozenset[Feature] = FEATURES[settings.system]
        self._http = http
        self._own_http = http is None
        self._link: IstraLink | None = None
        self._linked = asyncio.Event()
        self.requests = IstraRequests(APPLICATIONS[settings.system], lambda: self.client)
        """Every operation of the application, by name."""
        self._checks: Commands = _Checks(devices=settings.system != "myrcc")

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """Nothing of Istra is absent for want of a licence that could be named."""
        return {}

    @property
    def commands(self) -> Commands:
        """The checks."""
        return self._checks

    @property
    def client(self) -> IstraClient | None:
        """The wire of the current connection."""
        return self._link.client if self._link is not None else None

    def statistics(self) -> Statistics:
        """What the wire has seen."""
        wire, link = self.wire, self._link
        age = None
        if link is not None and link.socket is not None:
            age = max(0.0, monotonic() - link.socket.last_heard)
        return Statistics(
            events=wire.events,
            unknown_events=wire.unknown_events,
            unknown_values=wire.unknown_values,
            unknown_fields=wire.unknown_fields,
            malformed_frames=wire.malformed_frames,
            bad_fields=wire.bad_fields,
            channel_age=age,
        )

    # Links

    async def open(self, server: int) -> Link:
        """Log in, and open the socket."""
        link = IstraLink(self, self._client())
        await link.open()
        return link

    async def serves(self, server: int) -> bool:
        """Whether one can log in. Nobody asks: there is one server only."""
        client = self._client()
        try:
            await client.open()
        except PbxError:
            return False
        finally:
            await client.close()
        return True

    def use(self, link: Link | None) -> None:
        """Send commands through this link, and let what it hears count; none makes every line unconfirmed."""
        if link is None or isinstance(link, IstraLink):
            self._link = link
        if link is None:
            self._linked.clear()
        else:
            self._linked.set()
        lines = self.board.lines
        for id_, line in lines.items():
            lines[id_] = stale(line)

    def uses(self, link: IstraLink) -> bool:
        """Whether this is the link whose pushes count."""
        return self._link is link

    async def run(self, ask: Callable[[Commands], Awaitable[T]], *, safe: bool = False) -> T:
        """Ask through the link there is. What is safe is asked once more after a lost session; nothing else is."""
        link = self._link
        if link is None:
            raise Offline("There is no connection at the moment.", remedy="It is being restored; try again later.")
        try:
            return await ask(link.commands)
        except SessionLost:
            link.lose("the session is gone")
            if not safe:
                raise
        try:
            async with asyncio.timeout(self.settings.request_timeout):
                while self._link is link or self._link is None:
                    self._linked.clear()
                    await self._linked.wait()
        except TimeoutError:
            raise Offline(
                "The session is gone, and there is no new one yet.", remedy="It is being restored; try again later."
            ) from None
        return await ask(self._link.commands)

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every extension, every terminal, or oneself."""

        async def ask(commands: Commands) -> tuple[AvailableLine, ...]:
            link = self._link
            if link is None:
                raise Offline("There is no connection at the moment.")
            return await link.available_lines()

        return await self.run(ask, safe=True)

    async def close(self) -> None:
        """Close the HTTP session, if it is an own one."""
        http, self._http = self._http, None
        if http is not None and self._own_http:
            await http.close()

    def _client(self) -> IstraClient:
        if self._http is None:
            if not self._own_http:
                raise ConnectionFailed("The client is closed.")
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return IstraClient(self.settings, self._http, statistics=self.wire)


class _Checks(IstraChecks):
    """The checks, where there is no connection; whatever needs one is refused by ``run`` already."""

    def __getattr__(self, name: str) -> Any:
        raise Offline("There is no connection at the moment.")
