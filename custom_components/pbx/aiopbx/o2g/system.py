"""O2G as the model's system: its servers, the link that is in use, and what outlives a link."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, TypeVar

import aiohttp

from ..board import Board
from ..errors import ConnectionFailed, Offline, PbxError, SessionLost
from ..model import AvailableLine, Feature, LineSnapshot, Statistics
from ..settings import ConnectionSettings
from ..statistics import WireStatistics
from ..system import Commands, Link
from . import reducer
from .channels import channels_of
from .client import O2gClient
from .commands import O2gChecks
from .features import ADMINISTRATOR, ALL, LICENCES, OF_THE_SYSTEM, missing_of
from .link import O2gLink
from .requests import O2gRequests
from .rights import Rights

T = TypeVar("T")


class O2gSystem:
    """One O2G server, or a pair of them. See ``System``."""

    def __init__(self, settings: ConnectionSettings, board: Board, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this board, over this HTTP session; none makes one that is closed with the system."""
        self.settings = settings
        self.board = board
        self.servers = len(settings.urls)
        self.wire = WireStatistics(tap=board.tap)
        self.heartbeat: float | None = None
        self.rights = Rights()
        self._http = http
        self._own_http = http is None
        self._channels = channels_of(settings, self.wire)
        self._link: O2gLink | None = None
        self._linked = asyncio.Event()
        self._checks = _Checks()
        self.requests = O2gRequests(lambda: self.client)
        """Every operation of the wire, by name."""

    # ------------------------------------------------------------------------------------------------ what it can do

    @property
    def features(self) -> frozenset[Feature]:
        """What any line can do; without lines, what the licence of the account gives."""
        lines = self.board.lines
        features = frozenset().union(*{line.features for line in lines.values()}) if lines else ALL
        link = self._link
        if link is None or link.client.administrator:
            features |= OF_THE_SYSTEM
        for licence in self.rights.account_lacks:
            features -= LICENCES.get(licence, frozenset())
        return features

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """What licences lack; of the account also what only administrators may do."""
        rights = self.rights
        if line is not None:
            return missing_of(basic=line.id in rights.basic, lacking=rights.lacking(line.id))
        lines, link = self.board.lines, self._link
        basic = bool(lines) and rights.basic.issuperset(lines)
        missing = dict(missing_of(basic=basic, lacking=rights.account_lacks))
        if link is not None and not link.client.administrator:
            missing |= dict.fromkeys(sorted(OF_THE_SYSTEM), ADMINISTRATOR)
        return missing

    @property
    def commands(self) -> Commands:
        """The checks."""
        return self._checks

    @property
    def client(self) -> O2gClient | None:
        """The wire of the current connection."""
        return self._link.client if self._link is not None else None

    def statistics(self) -> Statistics:
        """What the wire has seen."""
        wire, link = self.wire, self._link
        age = None
        if link is not None and link.channel is not None:
            age = max(0.0, monotonic() - link.channel.last_heard)
        return Statistics(
            events=wire.events,
            unknown_events=wire.unknown_events,
            unknown_values=wire.unknown_values,
            unknown_fields=wire.unknown_fields,
            malformed_frames=wire.malformed_frames,
            bad_fields=wire.bad_fields,
            heartbeat=self.heartbeat,
            channel_age=age,
        )

    # ------------------------------------------------------------------------------------------------------ links

    async def open(self, server: int) -> Link:
        """Log in to a server, subscribe, and open the channel."""
        url = self.settings.urls[server]
        client = O2gClient(self.settings, self._session(), url=url, statistics=self.wire, channels=self._channels)
        link = O2gLink(self, client, server)
        await link.open()
        return link

    async def serves(self, server: int) -> bool:
        """``GET /api/rest`` of a server: a server of a pair that does not serve refuses it."""
        transport = self._channels.transport(self._session(), self.settings.urls[server])
        try:
            await transport.open()
            await transport.request(
                "GET", transport.url + "/api/rest", name="GET /api/rest", with_cookies=False, safe=True
            )
        except PbxError:
            return False
        finally:
            await transport.close()
        return True

    def use(self, link: Link | None) -> None:
        """Send commands through this link, and let its events count; none makes every line unconfirmed."""
        if link is None or isinstance(link, O2gLink):
            self._link = link
        if link is None:
            self._linked.clear()
        else:
            self._linked.set()
        lines = self.board.lines
        for id_, line in lines.items():
            if line.synced:
                lines[id_] = reducer.stale(line)

    def uses(self, link: O2gLink) -> bool:
        """Whether this is the link whose events count."""
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
        """Every user for an administrator, oneself for a user."""

        async def ask(commands: Commands) -> tuple[AvailableLine, ...]:
            link = self._link
            if link is None:
                raise Offline("There is no connection at the moment.")
            return await link.available_lines()

        return await self.run(ask, safe=True)

    async def close(self) -> None:
        """Listen no more, and close the HTTP session, if it is an own one."""
        await self._channels.close()
        http, self._http = self._http, None
        if http is not None and self._own_http:
            await http.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            if not self._own_http:
                raise ConnectionFailed("The client is closed.")
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self._http


class _Checks(O2gChecks):
    """The checks, where there is no connection; whatever needs one is refused by ``run`` already."""

    def __getattr__(self, name: str) -> Any:
        raise Offline("There is no connection at the moment.")
