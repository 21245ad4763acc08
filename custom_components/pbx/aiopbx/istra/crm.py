"""myCrm on one connection: the terminals of a user, a listener for each."""

import asyncio
import logging
import random
from collections.abc import Collection
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from msgspec.structs import replace

from ..backoff import Backoff
from ..errors import NotAllowed, NotReady, PbxError, RequestRefused, SessionLost
from ..events import Event
from ..model import AvailableLine, CallSnapshot, CallState, LineSnapshot
from ..ports import DialOptions, Refusing
from ..settings.connection import ConnectionSettings
from ..store import Reduced
from .client import IstraClient, Push
from .lines import IstraChecks, Lines, Listeners, Monitored, Start, choose
from .reducer import crm as reducer
from .reducer.crm import CrmState
from .reducer.tables import ended_unseen
from .transport import OUT_OF_SERVICE
from .types.crm import CrmCallEvent, CrmEvent

_LOG = logging.getLogger(__name__)

RINGS: Final = 120.0
"""Seconds that a call rings at most: after a loss or an unreadable push, its end is not waited for longer."""
TALKS: Final = 3600.0
"""Seconds that a call which talks, or is held, is shown after a loss without a word of it."""
_RINGING: Final = frozenset({CallState.RINGING_INCOMING, CallState.RINGING_OUTGOING, CallState.DIALING})


class Terminals:
    """The terminals. See ``Monitor``."""

    reads_calls = False

    def __init__(
        self, client: IstraClient, settings: ConnectionSettings, lines: Lines, listeners: Listeners, start: Start
    ) -> None:
        """Begin with nothing known."""
        self.commands = CrmCommands(client, self)
        self._client = client
        self._settings = settings
        self._lines = lines
        self._listeners = listeners
        self._start = start
        self._only: str | None = None
        """The terminal, where there is only one."""
        self._states: dict[str, CrmState] = {}
        self._listener_of: dict[str, str] = {}
        self._terminal_of: dict[str, str] = {}
        self._recovering: set[str] = set()

    async def discover(self) -> Monitored:
        """``GET v1/crm/GetTerminals``."""
        wanted = self._settings.lines
        if wanted == ():
            return Monitored()
        found = [reducer.new_terminal(one.terminal_id, one.device_model) for one in await self._client.crm.terminals()]
        return Monitored(choose(found, wanted))

    async def sync(self, monitored: Monitored) -> None:
        """Listen to each terminal. Calls in progress cannot be read, so those that were known are kept for a time."""
        lines = monitored.lines
        self._only = lines[0].id if len(lines) == 1 else None
        self._lines.set(lines, ended_unseen)
        self._end_overdue()
        self._start(self._give_up(), "unconfirmed")
        for line in lines:
            try:
                await self._bind(line.id)
            except (SessionLost, NotAllowed, NotReady):
                raise
            except RequestRefused as error:
                self._refused(line.id, error, listening=True)
            else:
                self._accepted(line.id)

    def apply(self, push: Push) -> None:
        """Apply the events of a terminal that were pushed."""
        # Servers that leave the listener out mean the only one.
        terminal = self._terminal_of.get(push.listener) if push.listener else self._only
        if terminal is None or self._lines.get(terminal) is None:
            return
        now = datetime.now(UTC)
        for event in push.items:
            if isinstance(event, CrmCallEvent):
                self._lines.unconfirmed.pop(reducer.call_id(terminal, event.call_id), None)
                if event.event is not CrmEvent.DROPPED:
                    self.serves(terminal)
                self._put(*reducer.happened(self._state(terminal), event, now))

    async def confirm(self, lines: Collection[str] | None) -> None:
        """Calls in progress cannot be read. But none rings for ever, so those that ring now have an end."""
        ringing = {
            one: [call for call in line.calls if call.state in _RINGING]
            for one, line in self._lines.store.lines.items()
            if lines is None or one in lines
        }
        if any(ringing.values()):
            self._start(self._forget_ringing(ringing), "ringing")

    async def _forget_ringing(self, ringing: dict[str, list[CallSnapshot]]) -> None:
        await asyncio.sleep(RINGS)
        for one, calls in ringing.items():
            if self._lines.get(one) is not None:
                self._put(*reducer.unconfirmed(self._state(one), calls, datetime.now(UTC)))

    async def _give_up(self) -> None:
        """End the calls that were there before a loss, each when nothing has been heard of it for too long."""
        while self._lines.unconfirmed:
            await asyncio.sleep(max(0.0, min(due for _, _, due in self._overdue())) if self._overdue() else TALKS)
            self._end_overdue()

    def _overdue(self) -> list[tuple[str, CallSnapshot, float]]:
        """Calls that nothing is known of since a loss: their terminal, and in how many seconds they are given up."""
        now, since = monotonic(), self._lines.unconfirmed
        return [
            (line.id, call, since[call.id] + (RINGS if call.state in _RINGING else TALKS) - now)
            for line in self._lines.store.lines.values()
            for call in line.calls
            if call.id in since
        ]

    def _end_overdue(self, terminal: str | None = None) -> None:
        """Give up those whose time is over; of this ``terminal`` all."""
        unconfirmed = self._overdue()
        there = {call.id for _, call, _ in unconfirmed}
        for gone in [call for call in self._lines.unconfirmed if call not in there]:
            del self._lines.unconfirmed[gone]
        for line, call, due in unconfirmed:
            if due <= 0 or line == terminal:
                del self._lines.unconfirmed[call.id]
                self._put(*reducer.unconfirmed(self._state(line), (call,), datetime.now(UTC)))

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every terminal."""
        return tuple(
            AvailableLine(id=one.terminal_id, name=one.device_model or "") for one in await self._client.crm.terminals()
        )

    def serves(self, id: str) -> None:
        """A terminal has just done something, so it is in service."""
        line = self._lines.get(id)
        if line is not None and line.in_service is not True:
            self._serves(id, True)

    def refuses(self, id: str, error: RequestRefused) -> None:
        """A terminal is out of service, as the server says where a call was to be made."""
        self._refused(id, error, listening=False)

    # Inside

    def _state(self, id: str) -> CrmState:
        line = self._lines.store.lines[id]
        state = self._states.get(id)
        if state is None:
            state = CrmState(line=line)
        elif state.line is not line:
            state = replace(state, line=line)
        return state

    def _put(self, state: CrmState, events: tuple[Event, ...]) -> None:
        self._states[state.line.id] = state
        self._lines.put((state.line, events))

    def _serves(self, id: str, serves: bool | None) -> None:
        def change(line: LineSnapshot) -> Reduced:
            return reducer.in_service(line, serves, datetime.now(UTC))

        self._lines.change(id, change)
        self._lines.confirmed(id)

    async def _bind(self, id: str) -> None:
        """Have the events of a terminal pushed."""
        name = self._listener_of.get(id)
        if name is None:
            name = await self._listeners.create(id)
            self._listener_of[id] = name
            self._terminal_of[name] = id
        await self._client.crm.listen(listener_name=name, terminal_id=id)

    def _accepted(self, id: str) -> None:
        """The server listens to a terminal. Some do always, so that this does not say whether it is in service."""
        line = self._lines.get(id)
        if line is not None and line.in_service is False:
            self._serves(id, None)
        else:
            self._lines.confirmed(id)

    def _refused(self, id: str, error: RequestRefused, *, listening: bool) -> None:
        """The server refused something of a terminal, which is tried again."""
        _LOG.info("Terminal %s: %s", id, error.message)
        self._serves(id, False if error.status == OUT_OF_SERVICE else None)
        if error.status == OUT_OF_SERVICE:
            self._end_overdue(id)  # a telephone that is not there has no call that a loss could have hidden
        if id not in self._recovering:
            self._recovering.add(id)
            self._start(self._recover(id) if listening else self._forget(id), "terminal")

    async def _recover(self, id: str) -> None:
        """Listen again, with pauses that grow up to the longest, until the server accepts it: then it serves."""
        pause = Backoff(self._settings.reconnect_min, self._settings.reconnect_max, random.random)
        try:
            while self._lines.get(id) is not None:
                await asyncio.sleep(pause.next())
                try:
                    await self._bind(id)
                except SessionLost:
                    return
                except RequestRefused as error:
                    self._serves(id, False if error.status == OUT_OF_SERVICE else None)
                except PbxError as error:
                    _LOG.debug("Terminal %s: %s", id, error.message)
                else:
                    self._serves(id, True)
                    return
        finally:
            self._recovering.discard(id)

    async def _forget(self, id: str) -> None:
        """Out of service is believed for the longest pause. Then it is unknown, unless a call has shown meanwhile."""
        try:
            await asyncio.sleep(self._settings.reconnect_max)
            line = self._lines.get(id)
            if line is not None and line.in_service is False:
                self._serves(id, None)
        finally:
            self._recovering.discard(id)


class CrmCommands(Refusing, IstraChecks):
    """The requests of myCrm."""

    def __init__(self, client: IstraClient, terminals: Terminals) -> None:
        """Send through this client, and have these terminals apply the answers."""
        super().__init__(devices=True)
        self._crm = client.crm
        self._terminals = terminals

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """``GET v1/crm/PlaceCall``. The server answers without a reference; the events name the call."""
        try:
            await self._crm.place_call(terminal_id=line.id, destination=number)
        except RequestRefused as error:
            if error.status == OUT_OF_SERVICE:
                self._terminals.refuses(line.id, error)
            raise
        self._terminals.serves(line.id)
        return None
