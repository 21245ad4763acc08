"""Bringing the board up to date, once the channel is open: so nothing falls between."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from ..errors import PbxError, RequestRefused, SessionLost
from ..loops import each
from . import reducer
from .apply import Intake, Lines, News, Reader
from .client import O2gClient
from .discovery import Agents
from .types.agent import OnAgentStateChanged
from .types.routing import OnRoutingStateChanged
from .types.telephony import OnTelephonyState

_LOG = logging.getLogger(__name__)
ONE_BY_ONE: Final = 50
"""Up to so many lines are asked for snapshots one by one, more by one request for all users."""
DETAILS_FIRST: Final = 100
"""Up to so many lines, being online waits for device states, counters and rights; with more they follow later."""

PAUSE: Final = 0.3
"""Seconds without another snapshot after which no more are waited for."""


class Sync:
    """Asks for snapshots on the channel, and reads what none of them brings."""

    def __init__(
        self,
        client: O2gClient,
        lines: Lines,
        reader: Reader,
        intake: Intake,
        agents: Agents,
        news: News,
        *,
        heard: asyncio.Event,
        patience: float,
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """``heard`` is set by every batch of events, ``patience`` is in seconds, ``start`` begins a task."""
        self.snapshots = False
        """Whether the subscription brings snapshots."""
        self.agent_events = False
        """Whether it brings events of agents."""
        self._client = client
        self._lines = lines
        self._reader = reader
        self._waiting = intake.waiting
        self._agents = agents
        self._news = news
        self._heard = heard
        self._patience = patience
        self._start = start

    async def everything(self) -> None:
        """Bring the board up to date, with the lines that there are now."""
        lines = self._lines
        shown = lines.board.lines
        wanted = set(lines.logins)
        for login in [login for login in shown if login not in wanted]:
            lines.remove(login)
        for login, line in list(shown.items()):
            if line.agent is not None and login not in self._agents.logins:
                lines.put(reducer.no_agent(line, datetime.now(UTC)), line)
        new = [login for login in lines.logins if login not in shown]
        for login in new:
            lines.add(login)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.states())
                group.create_task(self._names(new))
                group.create_task(self._news.read())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        details = self._details(again=wanted.difference(new))
        if len(lines.logins) <= DETAILS_FIRST:
            await details
        else:
            self._start(self._later(details), "details")

    async def again(self) -> None:
        """Ask for everything again, of the lines that are known."""
        await self.states()
        await self._details(again=set(self._lines.logins))

    async def welcome(self, login: str) -> None:
        """Monitor a user who was created meanwhile."""
        self._lines.add(login)
        reader = self._reader
        try:
            await reader.user(login)
            self._lines.announce(login)
            await reader.telephony(login)
            await reader.routing(login)
            await reader.details(login)
        except PbxError as error:
            _LOG.info("The new user %s could not be read: %s", login, error.message)
            self._lines.announce(login)

    async def _names(self, logins: list[str]) -> None:
        """Read who the new lines are, then tell of them."""

        async def one(login: str) -> None:
            await self._reader.user(login)
            self._lines.announce(login)

        await each(logins, one)

    async def _details(self, again: set[str]) -> None:
        """Read what no snapshot carries, and of lines that were known before also who they are now."""

        async def one(login: str) -> None:
            if login in again:
                await self._reader.user(login)
            await self._reader.details(login)
            if login in self._agents.logins:
                await self._agent(login)

        await each(self._lines.logins, one)

    async def _agent(self, login: str) -> None:
        """Read what an agent is."""
        config = await self._agents.config(login)
        line = self._lines.get(login)
        if config is not None and line is not None:
            self._lines.put(reducer.agent_config(line, config, datetime.now(UTC)), line)
        self._lines.refresh_features(login)

    async def _later(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PbxError as error:
            _LOG.info("Not everything could be read: %s", error.message)

    # ------------------------------------------------------------------------------------------------------- snapshots

    async def states(self) -> None:
        """Have calls and routing confirmed: by snapshots on the channel, in order with the events; else by reading."""
        lines, reader = self._lines, self._reader
        licensed, agents = lines.licensed, self._agents.logins
        if not licensed and not agents:
            return
        calls, routing = self._waiting[OnTelephonyState], self._waiting[OnRoutingStateChanged]
        operators = self._waiting[OnAgentStateChanged]
        self._expect_nothing()
        calls.update(licensed)
        routing.update(licensed)
        operators.update(agents)
        if self.snapshots:
            wanted = self._left
            await self._ask(licensed)
            await self._wait(wanted, licensed[0] if licensed else None)

        async def read_calls(login: str) -> None:
            if login in calls and lines.get(login) is not None:
                await reader.telephony(login)

        async def read_routing(login: str) -> None:
            if login in routing and login not in lines.rights.basic and lines.get(login) is not None:
                await reader.routing(login)

        async def read_agent(login: str) -> None:
            if login in operators and lines.get(login) is not None:
                await reader.agent(login)

        try:
            await each(licensed, read_calls)
            await each(licensed, read_routing)
            await each(agents, read_agent)
        finally:
            self._expect_nothing()

    def _expect_nothing(self) -> None:
        for waiting in self._waiting.values():
            waiting.clear()

    async def _wait(self, wanted: int, first: str | None) -> None:
        """Wait for so many snapshots, or until there are none to wait for any more.

        There is no end mark, and who has no licence gets none. So a pause after the first ones is the end; where not
        even a first one comes, the licence of one user is tried, and only if there is one the server is given time.
        """
        pause = min(PAUSE, self._patience)
        while await self._come(pause):
            pass
        if self._left < wanted or first is None:
            return
        await self._reader.telephony(first)
        if first in self._lines.rights.basic:
            return
        if self._left < wanted or await self._come(self._patience - pause):
            while await self._come(pause):
                pass

    @property
    def _left(self) -> int:
        return sum(len(logins) for logins in self._waiting.values())

    async def _come(self, seconds: float) -> bool:
        """Wait so long for a snapshot; false if none came, or none is left to come."""
        left = self._left
        deadline = asyncio.get_running_loop().time() + seconds
        while left and self._left == left:
            self._heard.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._heard.wait()
            except TimeoutError:
                break
        return self._left < left

    async def _ask(self, logins: list[str]) -> None:
        """Ask for snapshots: one request for everybody, or for each of a few lines."""
        client = self._client
        one_by_one = client.administrator and not self._lines.everybody and len(logins) <= ONE_BY_ONE
        asked: list[tuple[Callable[..., Awaitable[None]], str | None]] = []
        if logins:
            for name in logins if one_by_one else [None]:
                asked += [(client.telephony.telephony_snapshot, name), (client.routing.routing_snapshot, name)]
        if self._agents.logins and self.agent_events:
            names = self._agents.logins if one_by_one else [None]
            asked += [(client.agent.agent_snapshot, name) for name in names]

        async def one(request: tuple[Callable[..., Awaitable[None]], str | None]) -> None:
            ask, name = request
            try:
                await ask(login_name=name)
            except SessionLost:
                raise
            except RequestRefused as error:
                _LOG.debug("A snapshot was refused (%s); the state is read instead", error.status)

        await each(asked, one)
