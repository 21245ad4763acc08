"""Reading the state of a line by GET. What comes on the channel meanwhile is newer, and wins."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

from ..errors import NotAllowed, RequestRefused, SessionLost
from ..model import LineSnapshot
from . import reducer
from .client import O2gClient
from .lines import Lines
from .reducer import Reduced
from .types.agent import OnAgentStateChanged
from .types.event_summary import OnEventSummaryUpdated
from .types.routing import OnRoutingStateChanged
from .types.telephony import (
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnDynamicStateChanged,
    OnTelephonyState,
)
from .types.users import OnUserInfoChanged, User

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

_TRIES: Final = 3
"""How often calls are read again because an event came meanwhile."""


async def answered(ask: Awaitable[T]) -> T | None:
    """The answer; none where the server refuses it, for want of a right or of the thing itself."""
    try:
        return await ask
    except SessionLost:
        raise
    except RequestRefused as error:
        if error.transient:
            raise
        _LOG.debug("%s was refused (%s)", error.operation, error.status)
        return None


class Reader:
    """Reads lines over one connection, and puts on the board what no event has told better."""

    def __init__(self, client: O2gClient, lines: Lines) -> None:
        """Read with this client."""
        self.touched: set[tuple[type, str]] | None = None
        """While something is being read: which events came meanwhile, by kind and login."""
        self.own: User | None = None
        """The user of a user's session, which is read already when the line comes onto the board."""
        self._readers = 0
        self._client = client
        self._lines = lines

    def name_for(self, login: str) -> str | None:
        """How a request names the user: not at all in a user's own session."""
        return login if self._client.administrator else None

    @contextmanager
    def _reading(self, login: str, *kinds: type) -> Iterator[Callable[[], bool]]:
        """While something of a line is read, notice such events of it; the function says whether there was one."""
        keys = {(kind, login) for kind in kinds}
        touched = self.touched
        if touched is None:
            touched = self.touched = set()
        touched -= keys
        self._readers += 1
        try:
            yield lambda: not keys.isdisjoint(touched)
        finally:
            self._readers -= 1
            if not self._readers:
                self.touched = None

    async def telephony(self, login: str) -> None:
        """Read the calls of a line; that it may not be read tells its licence."""
        lines = self._lines
        for attempt in range(_TRIES):
            with self._reading(login, OnCallCreated, OnCallModified, OnCallRemoved, OnTelephonyState) as came:
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
                if came() and attempt < _TRIES - 1:
                    continue
                line = lines.get(login)
                if line is not None:
                    lines.put(reducer.resync(line, state, datetime.now(UTC)), line)
                return

    async def routing(self, login: str) -> None:
        """Read forward, overflow, do-not-disturb and remote extension of a line."""
        await self._one(
            login,
            OnRoutingStateChanged,
            self._client.routing.routing_state(login_name=self.name_for(login)),
            reducer.routing,
        )
        self._lines.refresh_features(login)

    async def agent(self, login: str) -> None:
        """Read what an agent does."""
        await self._one(
            login,
            OnAgentStateChanged,
            self._client.agent.agent_state(login_name=self.name_for(login)),
            reducer.agent_state,
        )
        self._lines.refresh_features(login)

    async def user(self, login: str) -> None:
        """Read whose line it is."""
        user, self.own = self.own, None
        if user is None:
            await self._one(login, OnUserInfoChanged, self._client.users.user(login), reducer.user)
        else:
            line = self._lines.get(login)
            if line is not None:
                self._lines.put(reducer.user(line, user, datetime.now(UTC)), line)
        self._lines.refresh_features(login)

    async def details(self, login: str) -> None:
        """Read rights, device states, counters, hunting group: what no snapshot carries."""
        client, lines, name = self._client, self._lines, self.name_for(login)
        if login not in lines.rights.basic:
            rights = await answered(client.routing.routing_capabilities(login_name=name))
            if rights is not None:
                lines.rights.learn(login, rights)
        lines.refresh_features(login)
        if login in lines.rights.basic:
            return
        await self._one(
            login,
            OnDeviceStateModified,
            client.telephony.devices(login_name=name),
            lambda line, told, now: reducer.device_states(line, told.device_states, now),
        )
        await self._one(
            login, OnEventSummaryUpdated, client.event_summary.event_summary(login_name=name), reducer.counters
        )
        await self._one(
            login,
            OnDynamicStateChanged,
            client.telephony.hunting_group_status(login_name=name),
            reducer.hunting_group,
        )

    async def _one(
        self, login: str, kind: type, ask: Awaitable[T], apply: Callable[[LineSnapshot, T, datetime], Reduced]
    ) -> None:
        with self._reading(login, kind) as came:
            told = await answered(ask)
            line = self._lines.get(login)
            if told is not None and line is not None and not came():
                self._lines.put(apply(line, told, datetime.now(UTC)), line)
