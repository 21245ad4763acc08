"""Bringing the store up to date, once the channel is open.

The subscription exists already, so nothing falls between: what changes while a state is read comes as an event, and an
event that overtakes a read wins. States come first, and make the connection online; what else there is to know of many
lines follows in the background.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ..errors import PbxError, RequestRefused, SessionLost
from ..loops import CONCURRENCY, each
from . import reducer
from .apply import Applier, Lines, SystemState
from .client import O2gClient
from .details import Background, Detail, Reader
from .subscription import Subscribed
from .types.agent import OnAgentStateChanged
from .types.routing import OnRoutingStateChanged
from .types.telephony import OnTelephonyState
from .types.users import User

_LOG = logging.getLogger(__name__)

ONE_BY_ONE: Final = 50
"""Up to so many lines are asked for snapshots one by one, more by one request for all users."""
FEW: Final = 100
"""Of so many lines, at most, everything is read before being online; of more, all but the states follows later."""
PAUSE: Final = 0.3
"""Seconds without another snapshot after which no more are waited for, if only a few are missing."""
STALL: Final = 2.0
"""Seconds that a server which has sent some of many snapshots may pause before it sends more."""


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
        users: Mapping[str, User],
        patience: float,
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """``users`` were read to find them; a first snapshot may take ``patience`` seconds; ``start`` begins a task."""
        self._client = client
        self._lines = lines
        # They were read before the subscription. A few are read again, so that a change between the two is not missed.
        self._reader = Reader(client, lines, applier, users if not client.administrator or len(users) > FEW else {})
        self._background = Background(self._reader.read, start)
        self._applier = applier
        self._expected = applier.expected
        self._system = system
        self._subscribed = subscribed
        self._patience = patience
        self._asking = asyncio.Lock()
        """Snapshots are asked for by one at a time: they do not name who asked for them."""
        self._carried = subscribed.snapshots
        """Whether snapshots come over the channel; not once the server has dropped some of them."""
        self._awaited: tuple[Collection[str], Collection[str]] | None = None
        """All licensed lines and all agents, while snapshots of all of them are waited for."""

    async def everything(self) -> None:
        """Bring the store up to date, with the lines that there are now. With few lines, everything is known after."""
        lines = self._lines
        new = self._who_is_there()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._states())
                if len(new) <= FEW:
                    group.create_task(each(new, self._name))
                else:
                    group.create_task(each(self._reader.known(new), self._reader.user))
                group.create_task(self._system.read())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        for login in new:
            lines.publish(login)
        await self._details(list(lines.logins))

    async def again(self) -> None:
        """Confirm everything that events would have changed: some were missed."""
        await self._who_came_and_went()
        await self._states()
        await self._system.read()
        await self._details(list(self._lines.logins))

    async def lines(self, logins: Collection[str]) -> None:
        """Do the same for these lines, as far as they are monitored still."""
        licensed = self._lines.licensed
        wanted = [login for login in licensed if login in logins]
        if len(wanted) > ONE_BY_ONE and len(wanted) * 4 > len(licensed):
            await self._states(wanted)  # a snapshot of all costs less than a request for each
        else:
            await each(wanted, self._state)
        await self._details(wanted)

    async def calls(self, logins: Collection[str]) -> None:
        """Read the calls of these lines again."""
        await each([login for login in self._lines.licensed if login in logins], self._reader.telephony)

    async def audit_rights(self, every: float, pause: float) -> None:
        """Read again and again what users may do; ends when one has been given a licence that has to be subscribed to.

        Of no more than one user each ``pause``, of each about every so many seconds: it seldom changes.
        """
        lines, reader = self._lines, self._reader
        while True:
            logins, given = list(lines.logins), []
            if not logins:
                await asyncio.sleep(every)
            for login in logins:
                await asyncio.sleep(max(pause, every / len(logins)))
                if lines.get(login) is None:
                    continue
                try:
                    if login not in lines.rights.basic:
                        await reader.rights(login)
                    elif await reader.licensed(login):
                        given.append(login)
                except SessionLost:
                    raise
                except PbxError as error:
                    _LOG.debug("The rights of %s could not be read: %s", login, error.message)
            if given:
                lines.rights.mark_advanced(given)
                return

    async def new_line(self, login: str) -> None:
        """Read a line that was added to the monitored ones, then publish it."""
        try:
            await self._name(login)
            self._lines.publish(login)
            await self._state(login)
            await self._reader.read(Detail.DESCRIPTION, login)
            await self._reader.read(Detail.CHANGING, login)
        except PbxError as error:
            _LOG.info("The new user %s could not be read: %s", login, error.message)
            self._lines.publish(login)

    async def provoke_event(self) -> bool:
        """Ask for an event on the channel, the snapshot of one user; False where none can be asked for.

        Where none can, the server still has to answer: what it is asked to do is to keep the session.
        """
        login = next(iter(self._lines.licensed), None)
        if login is None or not self._subscribed.snapshots:
            try:
                await self._client.sessions.keepalive()
            except RequestRefused as error:
                if isinstance(error, SessionLost) or error.is_of_a_proxy:
                    raise
            return False
        await self._client.telephony.telephony_snapshot(login_name=self._reader.name_for(login))
        return True

    def events_lost(self) -> bool:
        """The server dropped events. Return whether that is made good already, by what is just being read.

        While snapshots of all lines are waited for, they may be among what was dropped, and asking for more of them
        would have more dropped. What came before the notice may be out of date, what comes after is not; so everything
        that has not come again when no more comes is read by requests, and nothing more is asked for on this channel.
        """
        if self._awaited is None:
            return False
        self._carried = False
        self._reader.named.clear()
        self._expect(*self._awaited)
        return True

    # ------------------------------------------------------------------------------------------------- who and what

    def _who_is_there(self) -> list[str]:
        """Take lines that are gone out of the store and put new ones in, not yet published; returns the new ones."""
        lines = self._lines
        in_store = lines.store.lines
        monitored, agents = set(lines.logins), set(lines.agents)
        for login in [login for login in in_store if login not in monitored]:
            lines.remove(login)
        for login, line in list(in_store.items()):
            if line.agent is not None and login not in agents:
                lines.put(reducer.no_agent(line, datetime.now(UTC)), line)
        new = [login for login in lines.logins if login not in in_store]
        for login in new:
            lines.add(login)
        return new

    async def _who_came_and_went(self) -> None:
        """Where everybody is monitored, find those who were created or deleted without an event."""
        lines = self._lines
        if not lines.everybody:
            return
        there = (await self._client.users.logins()).login_names
        for login in set(lines.logins).difference(there):
            lines.remove(login)
        await each([login for login in there if lines.monitor(login)], self.new_line)

    async def _name(self, login: str) -> None:
        await self._reader.user(login)
        self._reader.named.add(login)

    async def _state(self, login: str) -> None:
        """Read the state of one line."""
        reader = self._reader
        await reader.telephony(login)
        await reader.read(Detail.ROUTING, login)
        await reader.read(Detail.AGENT, login)

    async def _details(self, logins: list[str]) -> None:
        """Read what no snapshot carries and events may have changed unseen; of many lines, in the background."""
        wanted: dict[Detail, list[str]] = {detail: [] for detail in Detail}
        for login in logins:
            line = self._lines.get(login)
            if line is None:
                continue
            wanted[Detail.CHANGING].append(login)
            if not line.described:
                wanted[Detail.DESCRIPTION].append(login)
                continue
            wanted[Detail.USER].append(login)
            if self._lines.rights.stale(login):
                wanted[Detail.RIGHTS].append(login)
        if len(logins) <= FEW:

            async def one(login: str) -> None:
                for detail, among in wanted.items():
                    if login in among:
                        await self._reader.read(detail, login)

            await each(logins, one)
            return
        for detail, among in wanted.items():
            if detail is not Detail.DESCRIPTION:
                # Where connections do not last, it should not always be the same lines that are never reached.
                random.shuffle(among)
            self._background.want(detail, among)

    # ------------------------------------------------------------------------------------------------------- states

    async def _states(self, logins: Collection[str] | None = None) -> None:
        """Have the states of these lines confirmed, of all if None.

        That is by snapshots, which are in order with the events, and by reading what does not come.
        """
        lines, expected = self._lines, self._expected
        async with self._asking:
            licensed = [login for login in lines.licensed if logins is None or login in logins]
            agents = [login for login in lines.agents if logins is None or login in logins]
            if not licensed and not agents:
                return
            try:
                self._expect(licensed, agents)
                if self._carried:
                    if logins is None:
                        self._awaited = licensed, agents
                    await self._ask(licensed, agents)
                    await self._wait(licensed)
                    self._awaited = None
                await self._read_missing(licensed, agents)
            finally:
                self._awaited = None
                expected.clear()

    def _expect(self, licensed: Collection[str], agents: Collection[str]) -> None:
        for kind, logins in (
            (OnTelephonyState, licensed),
            (OnRoutingStateChanged, licensed),
            (OnAgentStateChanged, agents),
        ):
            self._expected.expect(kind, list(logins))

    async def _read_missing(self, licensed: list[str], agents: list[str]) -> None:
        """Read what has not come: calls at once, since being online promises them; of many lines the rest later."""
        expected, basic, reader = self._expected, self._lines.rights.basic, self._reader

        async def routing(login: str) -> None:
            if expected.missing(OnRoutingStateChanged, login):
                await reader.read(Detail.ROUTING, login)

        async def agent(login: str) -> None:
            if expected.missing(OnAgentStateChanged, login):
                await reader.read(Detail.AGENT, login)

        await each(licensed, self._calls)
        routed = [login for login in licensed if expected.missing(OnRoutingStateChanged, login) and login not in basic]
        acting = [login for login in agents if expected.missing(OnAgentStateChanged, login)]
        if len(routed) + len(acting) > FEW:
            self._background.want(Detail.ROUTING, routed)
            self._background.want(Detail.AGENT, acting)
        else:
            await each(routed, routing)
            await each(acting, agent)

    async def _calls(self, login: str) -> None:
        """Read the calls of a line, unless its snapshot has come."""
        expected = self._expected
        if not expected.missing(OnTelephonyState, login):
            return
        if self._carried:
            self._applier.expect_late(login)
        await self._reader.telephony(login)
        if login in self._lines.rights.basic:
            expected.forget(login)
        else:
            expected.arrive(OnTelephonyState, login)

    async def _ask(self, licensed: list[str], agents: list[str]) -> None:
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

    async def _wait(self, licensed: list[str]) -> None:
        """Wait for the snapshots, or until there are none to wait for any more.

        There is no end mark, and a user without a licence gets none. So a pause is the end, if only a few are missing
        then. If many are, or none has come at all, the licence of one user is tried: a server that owes a snapshot is
        given time, and where users have no licence, the next ones are tried.
        """
        expected, basic = self._expected, self._lines.rights.basic
        pause, tried, some = min(PAUSE, self._patience), 1, False
        while True:
            wanted = expected.left
            while await expected.another(pause):
                pass
            some = some or expected.left < wanted
            missing = [login for login in licensed if expected.missing(OnTelephonyState, login)]
            if not missing or not self._carried or (some and len(missing) <= ONE_BY_ONE):
                return
            probes = set(missing[:tried])
            others = [login for login in licensed if login not in probes]
            before = self._owed(others)
            await each(missing[:tried], self._calls)
            if self._owed(others) < before:
                pause, tried, some = min(PAUSE, self._patience), 1, True
            elif basic.issuperset(probes):
                pause, tried = 0.0, CONCURRENCY
            elif await expected.another(min(self._patience, STALL) if some else self._patience - pause):
                pause, tried, some = min(PAUSE, self._patience), 1, True
            else:
                return

    def _owed(self, logins: list[str]) -> int:
        """How many snapshots of these lines have not come."""
        missing = self._expected.missing
        return sum(missing(OnTelephonyState, login) + missing(OnRoutingStateChanged, login) for login in logins)
