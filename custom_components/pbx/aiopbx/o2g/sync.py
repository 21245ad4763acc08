"""Bringing the store up to date, once the channel is open.

The subscription exists already, so nothing falls between: what changes while a state is read comes as an event, and an
event that overtakes a read wins.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from ..errors import NotAllowed, PbxError, RequestRefused, SessionLost
from ..loops import each
from ..model import LineSnapshot
from . import reducer
from .apply import Applier, Lines, SystemState, answered
from .client import O2gClient
from .discovery import agent_config
from .reducer import Reduced
from .subscription import Subscribed
from .types.agent import OnAgentStateChanged
from .types.routing import OnRoutingStateChanged
from .types.telephony import (
    DeviceStates,
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnDynamicStateChanged,
    OnTelephonyState,
)
from .types.users import OnEventSummaryUpdated, OnUserInfoChanged, User

_LOG = logging.getLogger(__name__)
T = TypeVar("T")

ONE_BY_ONE: Final = 50
"""Up to so many lines are asked for snapshots one by one, more by one request for all users."""
DETAILS_FIRST: Final = 100
"""Up to so many lines, being online waits for device states, counters and rights; with more they follow later."""
PAUSE: Final = 0.3
"""Seconds without another snapshot after which no more are waited for."""
_TRIES: Final = 3
"""How often calls are read again because an event came meanwhile."""


class Reader:
    """Reads lines by requests, whose answers are applied unless an event has overtaken them."""

    def __init__(self, client: O2gClient, lines: Lines, applier: Applier, user: User | None) -> None:
        """``user`` is the own user of a user's session, who has been read already."""
        self._client = client
        self._lines = lines
        self._applier = applier
        self._user = user

    def name_for(self, login: str) -> str | None:
        """How a request names the user: not at all in a user's own session."""
        return login if self._client.administrator else None

    async def telephony(self, login: str) -> None:
        """Read the calls of a line. A refusal shows that its user has the basic licence only."""
        lines = self._lines
        for attempt in range(_TRIES):
            with self._applier.watch(login, OnCallCreated, OnCallModified, OnCallRemoved, OnTelephonyState) as watch:
                try:
                    state = await self._client.telephony.telephonic_state(login_name=self.name_for(login))
                except SessionLost:
                    raise
                except NotAllowed:
                    lines.rights.mark_basic((login,))
                    lines.refresh_features(login)
                    return
                except RequestRefused as error:
                    _LOG.debug("The state of a line was refused (%s)", error.status)
                    if error.transient:
                        raise
                    return
                if watch.overtaken and attempt < _TRIES - 1:
                    continue  # an older list of calls would bring back one that has ended
                self._applier.apply_answer(watch, reducer.resync, state, always=True)
                return

    async def routing(self, login: str) -> None:
        """Read forward, overflow, do-not-disturb and remote extension of a line."""
        ask = self._client.routing.routing_state(login_name=self.name_for(login))
        await self._applier.read(login, OnRoutingStateChanged, ask, reducer.routing)

    async def agent(self, login: str) -> None:
        """Read what an agent does."""
        ask = self._client.agent.agent_state(login_name=self.name_for(login))
        await self._applier.read(login, OnAgentStateChanged, ask, reducer.agent_state)

    async def agent_config(self, login: str) -> None:
        """Read how an agent is configured."""
        config = await agent_config(self._client, login, self._lines.rights)
        line = self._lines.get(login)
        if config is not None and line is not None:
            self._lines.put(reducer.agent_config(line, config, datetime.now(UTC)), line)
        self._lines.refresh_features(login)

    async def user(self, login: str) -> None:
        """Read whose line it is."""
        user, self._user = self._user, None
        if user is None:
            await self._applier.read(login, OnUserInfoChanged, self._client.users.user(login), reducer.user)
        else:
            with self._applier.watch(login, OnUserInfoChanged) as watch:
                self._applier.apply_answer(watch, reducer.user, user)

    async def details(self, login: str) -> None:
        """Read rights, device states, counters, hunting group: what no snapshot carries."""
        client, rights, name = self._client, self._lines.rights, self.name_for(login)
        if login not in rights.basic:
            capabilities = await answered(client.routing.routing_capabilities(login_name=name))
            if capabilities is not None:
                rights.learn(login, capabilities)
        self._lines.refresh_features(login)
        if login in rights.basic:
            return
        await self._applier.read(
            login,
            OnDeviceStateModified,
            client.telephony.devices(login_name=name),
            _device_states,
        )
        await self._applier.read(
            login, OnEventSummaryUpdated, client.event_summary.event_summary(login_name=name), reducer.counters
        )
        await self._applier.read(
            login,
            OnDynamicStateChanged,
            client.telephony.hunting_group_status(login_name=name),
            reducer.hunting_group,
        )


def _device_states(line: LineSnapshot, answer: DeviceStates, now: datetime) -> Reduced:
    return reducer.device_states(line, answer.device_states, now)


class Sync:
    """Asks for snapshots on the channel, and reads what none of them brings."""

    def __init__(
        self,
        client: O2gClient,
        lines: Lines,
        applier: Applier,
        system: SystemState,
        subscribed: Subscribed,
        *,
        user: User | None,
        patience: float,
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """``patience`` is how many seconds a first snapshot may take; ``start`` begins a task."""
        self._client = client
        self._lines = lines
        self._reader = Reader(client, lines, applier, user)
        self._expected = applier.expected
        self._system = system
        self._subscribed = subscribed
        self._patience = patience
        self._start = start
        self._asking = asyncio.Lock()
        """Snapshots are asked for by one at a time: they do not name who asked for them."""

    async def everything(self) -> None:
        """Bring the store up to date, with the lines that there are now."""
        lines = self._lines
        in_store = lines.store.lines
        monitored = set(lines.logins)
        for login in [login for login in in_store if login not in monitored]:
            lines.remove(login)
        for login, line in list(in_store.items()):
            if line.agent is not None and login not in lines.agents:
                lines.put(reducer.no_agent(line, datetime.now(UTC)), line)
        new = [login for login in lines.logins if login not in in_store]
        for login in new:
            lines.add(login)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._states())
                group.create_task(self._names(new))
                group.create_task(self._system.read())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        details = self._details(again=monitored.difference(new))
        if len(lines.logins) <= DETAILS_FIRST:
            await details
        else:
            self._start(self._later(details), "details")

    async def again(self) -> None:
        """Ask for everything again, of the lines that are known."""
        await self._states()
        await self._details(again=set(self._lines.logins))

    async def lines(self, logins: Collection[str]) -> None:
        """Read everything of these lines again, as far as they are monitored still."""

        async def one(login: str) -> None:
            await self._reader.telephony(login)
            await self._reader.routing(login)
            if login in self._lines.agents:
                await self._reader.agent(login)
            await self._reader.details(login)

        await each([login for login in self._lines.licensed if login in logins], one)

    async def calls(self, logins: Collection[str]) -> None:
        """Read the calls of these lines again."""
        await each([login for login in self._lines.licensed if login in logins], self._reader.telephony)

    async def new_line(self, login: str) -> None:
        """Read a line that was added to the monitored ones, then publish it."""
        reader = self._reader
        try:
            await reader.user(login)
            self._lines.publish(login)
            await reader.telephony(login)
            await reader.routing(login)
            await reader.details(login)
        except PbxError as error:
            _LOG.info("The new user %s could not be read: %s", login, error.message)
            self._lines.publish(login)

    async def provoke_event(self) -> bool:
        """Ask for an event on the channel, the snapshot of one user; False where none can be asked for."""
        login = next(iter(self._lines.licensed), None)
        if login is None or not self._subscribed.snapshots:
            return False
        await self._client.telephony.telephony_snapshot(login_name=self._reader.name_for(login))
        return True

    async def _names(self, logins: list[str]) -> None:
        """Read whose the new lines are, then publish them."""

        async def one(login: str) -> None:
            await self._reader.user(login)
            self._lines.publish(login)

        await each(logins, one)

    async def _details(self, again: set[str]) -> None:
        """Read what no snapshot carries, and for lines that were known before also whose they are now."""

        async def one(login: str) -> None:
            if login in again:
                await self._reader.user(login)
            await self._reader.details(login)
            if login in self._lines.agents:
                await self._reader.agent_config(login)

        await each(self._lines.logins, one)

    async def _later(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PbxError as error:
            _LOG.info("Not everything could be read: %s", error.message)

    # ------------------------------------------------------------------------------------------------------- snapshots

    async def _states(self) -> None:
        """Have calls and routing confirmed: by snapshots on the channel, in order with the events; else by reading."""
        lines, reader, expected = self._lines, self._reader, self._expected
        async with self._asking:
            licensed, agents = lines.licensed, lines.agents
            if not licensed and not agents:
                return
            try:
                expected.expect(OnTelephonyState, licensed)
                expected.expect(OnRoutingStateChanged, licensed)
                expected.expect(OnAgentStateChanged, agents)
                if self._subscribed.snapshots:
                    wanted = expected.left
                    await self._ask(licensed, agents)
                    await self._wait(wanted, licensed[0] if licensed else None)

                async def read_calls(login: str) -> None:
                    if expected.missing(OnTelephonyState, login):
                        await reader.telephony(login)

                async def read_routing(login: str) -> None:
                    # Whoever turned out to have the basic licence only may not read the routing either.
                    if expected.missing(OnRoutingStateChanged, login) and login not in lines.rights.basic:
                        await reader.routing(login)

                async def read_agent(login: str) -> None:
                    if expected.missing(OnAgentStateChanged, login):
                        await reader.agent(login)

                await each(licensed, read_calls)
                await each(licensed, read_routing)
                await each(agents, read_agent)
            finally:
                expected.clear()

    async def _ask(self, licensed: list[str], agents: tuple[str, ...]) -> None:
        """Ask for snapshots: one request for everybody, or for each of a few lines."""
        client = self._client
        one_by_one = client.administrator and not self._lines.everybody and len(licensed) <= ONE_BY_ONE
        asked: list[tuple[Callable[..., Awaitable[None]], str | None]] = []
        if licensed:
            for name in licensed if one_by_one else [None]:
                asked += [(client.telephony.telephony_snapshot, name), (client.routing.routing_snapshot, name)]
        if agents and self._subscribed.agent_events:
            names = agents if one_by_one else [None]
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

    async def _wait(self, wanted: int, first: str | None) -> None:
        """Wait for so many snapshots, or until there are none to wait for any more.

        There is no end mark, and a user without a licence gets none. So a pause after the first ones is the end; where
        not even a first one comes, the licence of one user is tried, and only if there is one the server is given time.
        """
        expected = self._expected
        pause = min(PAUSE, self._patience)
        while await expected.another(pause):
            pass
        if expected.left < wanted or first is None:
            return
        await self._reader.telephony(first)
        if first in self._lines.rights.basic:
            return
        if expected.left < wanted or await expected.another(self._patience - pause):
            while await expected.another(pause):
                pass
