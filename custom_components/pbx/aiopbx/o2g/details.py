"""What is read of a line by requests: its state where no snapshot brings it, and everything that no snapshot carries.

A few lines are read at once. Of many, all but the state is read in the background, at a bounded rate and the most
urgent first, so that neither being online nor the server has to wait for ten thousand answers.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

from ..backoff import Backoff
from ..errors import NotAllowed, PbxError, RequestRefused, SessionLost
from ..model import LineSnapshot
from . import reducer
from .apply import Applier, Lines
from .client import O2gClient
from .discovery import agent_config
from .reducer import Reduced
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
    TelephonicState,
)
from .types.users import OnEventSummaryUpdated, OnUserInfoChanged, User

_LOG = logging.getLogger(__name__)

RATE: Final = 200.0
"""How many requests the background begins in a second, at most."""
HASTE: Final = 2.5
"""How many times as fast lines are described of which nothing is known: without it they are of no use to anyone."""
_LATE: Final = 0.25
"""Seconds within which what is late is made up for, where the loop had other things to do."""
AT_A_TIME: Final = 4
"""How many of them wait for their answer at the same time, at most: commands need connections, too."""
_OVERTAKEN: Final = 3
"""How often calls are read again because an event came meanwhile."""
_FAILURES: Final = 5
"""After so many failures something is given up until the next connection."""
_LONGEST_PAUSE: Final = 60.0
"""Seconds, at most, that the background pauses after failures."""


class Detail(IntEnum):
    """What may be wanted of a line, the most urgent first."""

    DESCRIPTION = 0
    """Whose it is and what it may do, of a line of which that is not known."""
    ROUTING = 1
    AGENT = 2
    CHANGING = 3
    """Device states, counters, hunting group: no snapshot carries them, and their events may have been missed."""
    USER = 4
    """Whose it is, and how the agent is configured: it seldom changes, and may have changed unseen."""
    RIGHTS = 5
    """What the user may do: it seldom changes, and nothing announces it."""


Turn = Callable[[], Awaitable[None]]
"""Awaited before each request."""
_Step = Callable[[str], Awaitable[None]]


async def at_once() -> None:
    """The turn of what need not wait for one."""


class Reader:
    """Reads lines by requests, whose answers are applied unless an event has overtaken them."""

    def __init__(self, client: O2gClient, lines: Lines, applier: Applier, users: Mapping[str, User]) -> None:
        """``users`` have been read already, to find their lines."""
        self._client = client
        self._lines = lines
        self._applier = applier
        self._users = dict(users)
        self.named: set[str] = set()
        """Lines whose user has just been read, so that their description need not read it again."""

    def name_for(self, login: str) -> str | None:
        """How a request names the user: not at all in a user's own session."""
        return login if self._client.administrator else None

    def known(self, logins: list[str]) -> list[str]:
        """Those of these lines whose user has been read already."""
        return [login for login in logins if login in self._users]

    async def read(self, detail: Detail, login: str, turn: Turn = at_once) -> None:
        """Read this of a line, with a turn before each request; of a line that is gone, nothing."""
        for step in self._steps(detail, login):
            await turn()
            if self._lines.get(login) is None:
                return
            await step(login)
        if detail is Detail.DESCRIPTION:
            self.named.discard(login)
            self._lines.refresh_features(login)
            line = self._lines.get(login)
            if line is not None:
                self._lines.put(reducer.described(line, datetime.now(UTC)), line)

    def _steps(self, detail: Detail, login: str) -> list[_Step]:
        steps: list[_Step] = []
        licensed, agent = login not in self._lines.rights.basic, login in self._lines.agents
        if detail is Detail.USER or (detail is Detail.DESCRIPTION and login not in self.named):
            steps.append(self.user)
        if detail in (Detail.DESCRIPTION, Detail.RIGHTS) and licensed:
            steps.append(self.rights)
        if detail in (Detail.DESCRIPTION, Detail.USER) and agent:
            steps.append(self.agent_config)
        if detail is Detail.ROUTING and licensed:
            steps.append(self.routing)
        if detail is Detail.AGENT and agent:
            steps.append(self.agent)
        if detail is Detail.CHANGING and licensed:
            steps += [self.devices, self.counters, self.hunting_group]
        return steps

    # ----------------------------------------------------------------------------------------------- a request each

    async def telephony(self, login: str) -> None:
        """Read the calls of a line. A refusal shows that its user has the basic licence only."""
        lines = self._lines
        for attempt in range(_OVERTAKEN):
            with self._applier.watch(login, OnCallCreated, OnCallModified, OnCallRemoved, OnTelephonyState) as watch:
                try:
                    state = await self._client.telephony.telephonic_state(login_name=self.name_for(login))
                except SessionLost:
                    raise
                except NotAllowed:
                    lines.rights.mark_basic((login,))
                    lines.refresh_features(login)
                    line = lines.get(login)
                    if line is not None and line.calls:  # the licence was withdrawn: no event will end them
                        self._applier.apply_answer(watch, reducer.resync, TelephonicState(), always=True)
                    return
                except RequestRefused as error:
                    _LOG.debug("The state of a line was refused (%s)", error.status)
                    if error.transient:
                        raise
                    return
                if watch.overtaken and attempt < _OVERTAKEN - 1:
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
        user = self._users.pop(login, None)
        if user is None:
            await self._applier.read(login, OnUserInfoChanged, self._client.users.user(login), reducer.user)
        else:
            with self._applier.watch(login, OnUserInfoChanged) as watch:
                self._applier.apply_answer(watch, reducer.user, user)

    async def rights(self, login: str) -> None:
        """Read what the user may change of the own routing, and with it what the line can do."""
        try:
            capabilities = await self._client.routing.routing_capabilities(login_name=self.name_for(login))
        except SessionLost:
            raise
        except NotAllowed:
            await self.telephony(login)  # which shows whether it is for want of the licence
        except RequestRefused as error:
            if error.transient:
                raise
            _LOG.debug("The rights of a user were refused (%s)", error.status)
        else:
            self._lines.rights.learn(login, capabilities)
        self._lines.refresh_features(login)

    async def licensed(self, login: str) -> bool:
        """Whether a user who had the basic licence only has the advanced one now: then the state can be read."""
        try:
            await self._client.telephony.telephonic_state(login_name=self.name_for(login))
        except SessionLost:
            raise
        except RequestRefused as error:
            if error.transient:
                raise
            return False
        return True

    async def devices(self, login: str) -> None:
        """Read which devices are in service."""
        ask = self._client.telephony.devices(login_name=self.name_for(login))
        await self._applier.read(login, OnDeviceStateModified, ask, _device_states)

    async def counters(self, login: str) -> None:
        """Read missed calls, messages and requests to call back."""
        ask = self._client.event_summary.event_summary(login_name=self.name_for(login))
        await self._applier.read(login, OnEventSummaryUpdated, ask, reducer.counters)

    async def hunting_group(self, login: str) -> None:
        """Read whether the user is logged on in the hunting group."""
        ask = self._client.telephony.hunting_group_status(login_name=self.name_for(login))
        await self._applier.read(login, OnDynamicStateChanged, ask, reducer.hunting_group)


def _device_states(line: LineSnapshot, answer: DeviceStates, now: datetime) -> Reduced:
    return reducer.device_states(line, answer.device_states, now)


class Pace:
    """Lets no more than so many begin in a second, on average: where the loop was busy, what is late may hurry."""

    def __init__(self, rate: float) -> None:
        """Let ``rate`` of them begin in a second."""
        self._gap = 1 / rate
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next may begin."""
        now = asyncio.get_running_loop().time()
        begin = self._next if now - self._next < _LATE else now
        self._next = begin + self._gap
        if begin > now:
            await asyncio.sleep(begin - now)


class Background:
    """Reads what can wait, until nothing is wanted any more."""

    def __init__(
        self,
        read: Callable[[Detail, str, Turn], Awaitable[None]],
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """``read`` reads something of a line; ``start`` begins a task."""
        self._read = read
        self._start = start
        # A dictionary is a queue in which nothing stands twice, and from which anything can be taken.
        self._wanted: dict[Detail, dict[str, None]] = {detail: {} for detail in Detail}
        self._failures: dict[tuple[Detail, str], int] = {}
        self._pace, self._haste = Pace(RATE), Pace(RATE * HASTE)
        self._backoff = Backoff(1.0, _LONGEST_PAUSE, random.random)
        self._working = False

    def __len__(self) -> int:
        """How much is wanted and not begun."""
        return sum(len(logins) for logins in self._wanted.values())

    def want(self, detail: Detail, logins: Collection[str]) -> None:
        """Have this read of these lines, after what is more urgent and what was wanted before."""
        self._wanted[detail].update(dict.fromkeys(logins))
        if logins and not self._working:
            self._working = True
            self._start(self._work(), "details")

    async def _work(self) -> None:
        while len(self):
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_A_TIME, len(self))):
                    group.create_task(self._work_off())
        self._working = False

    async def _work_off(self) -> None:
        while (one := self._next()) is not None:
            detail, login = one
            try:
                pace = self._haste if detail is Detail.DESCRIPTION else self._pace
                await self._read(detail, login, pace.turn)
            except SessionLost:
                # Everything is wanted anew over the next connection.
                for logins in self._wanted.values():
                    logins.clear()
            except PbxError as error:
                await self._failed(detail, login, error)
            else:
                self._failures.pop(one, None)
                self._backoff.reset()

    def _next(self) -> tuple[Detail, str] | None:
        for detail, logins in self._wanted.items():
            if logins:
                login = next(iter(logins))
                del logins[login]
                return detail, login
        return None

    async def _failed(self, detail: Detail, login: str, error: PbxError) -> None:
        """Want it again after a pause, where that may help."""
        failures = self._failures.pop((detail, login), 0) + 1
        if not error.transient or failures >= _FAILURES:
            _LOG.info("The %s of %s could not be read: %s", detail.name.lower(), login, error.message)
            return
        self._failures[detail, login] = failures
        self._wanted[detail][login] = None
        await asyncio.sleep(self._backoff.next())
