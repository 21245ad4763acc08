"""Pilots: who waits there, whether they are open, and when they work how."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .centre import PilotCalendar, PilotMode, PilotSnapshot, Transition, WaitingCall, Weekday, Wishes
from .core import Core
from .errors import InvalidInput
from .events import WaitingChanged
from .loops import owned
from .model import Feature, LineSnapshot, Skill
from .slips import checked

if TYPE_CHECKING:
    import asyncio

Day = Weekday | date | str
"""A day of the week, such as ``monday``, or a date."""


class Pilots:
    """The pilots of a system: ``pbx.pilots``. For administrators; ``node`` may be left out where there is one.

    ::

        async with pbx.pilots.watch("2000"):
            print(pbx.pilots.waiting["2000"])
    """

    def __init__(self, core: Core) -> None:
        """Made by ``Pbx`` only."""
        self._core = core

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    # Who waits

    @property
    def waiting(self) -> Mapping[str, tuple[WaitingCall, ...]]:
        """The calls at each pilot that is watched, the oldest first. Calls that were there before are not seen."""
        centre = self._core.store.centre
        return {pilot: tuple(centre.waiting.get(pilot, {}).values()) for pilot in centre.watched}

    def watch(self, *pilots: str) -> "PilotWatch":
        """See the calls of these pilots come, wait and leave: ``async with pbx.pilots.watch("2000")``.

        Their events are ``WaitingChanged``. It goes on after a loss of the connection: what waited then has left,
        without anyone seeing where to.
        """
        if not pilots:
            raise InvalidInput("pilots", "none are given.", remedy="Name at least one, by its number.")
        return PilotWatch(self._core, tuple(dict.fromkeys(str(one) for one in pilots)))

    @checked
    def subscribe(self, callback: Callable[[WaitingChanged], None], *, pilot: str | None = None) -> Callable[[], None]:
        """Call ``callback`` whenever a call comes, waits or leaves; return what stops it. It must not block."""

        def select(event: WaitingChanged) -> None:
            if pilot is None or event.pilot == pilot:
                callback(event)

        return self._core.store.subscribers.add(select, kind=WaitingChanged)

    # What they are

    @owned
    async def list(self, *, node: str | int | None = None) -> tuple[PilotSnapshot, ...]:
        """The pilots of a node, or of all. O2G: GET /{nodeId}/pilots."""
        return await self._core.commands_for(Feature.PILOTS).pilots.list(_node(node))

    @owned
    async def get(self, pilot: str, *, node: str | int | None = None) -> PilotSnapshot:
        """Read a pilot. O2G: GET /{nodeId}/pilots/{pilotNumber}."""
        return await self._core.commands_for(Feature.PILOTS).pilots.read(_node(node), pilot)

    @owned
    async def transfer_info(
        self,
        pilot: str,
        *,
        line: str | None = None,
        node: str | int | None = None,
        agent: str | None = None,
        skills: Collection[Skill | int] = (),
        priority: bool | None = None,
        supervised: bool | None = None,
    ) -> PilotSnapshot:
        """Whether and how a transfer to a pilot would go, perhaps to an agent or to one with these skills.

        An administrator names the ``line`` that would transfer; a user, for whom no nodes are known, names the node.
        O2G: POST /telephony/pilots/{nodeId}/{pilotNumber}/transferInfo.
        """
        wishes = Wishes(
            agent=None if agent is None else self._core.guard.numbers.read(agent, field="agent").wire,
            skills=tuple(_skill(one) for one in skills),
            priority=priority,
            supervised=supervised,
        )
        commands = self._core.commands_for(None).pilots
        return await commands.transfer(_node(node), pilot, None if line is None else self._line(line), wishes)

    def _line(self, key: str) -> LineSnapshot:
        for one in self._core.store.lines.values():
            if key in (one.id, one.number):
                return one
        raise self._core.unknown_line(key)

    @owned
    async def open(self, pilot: str, *, node: str | int | None = None) -> None:
        """Have a pilot take calls. O2G: POST …/open."""
        await self._core.commands_for(Feature.PILOTS).pilots.set_open(_node(node), pilot, True)

    @owned
    async def close(self, pilot: str, *, node: str | int | None = None) -> None:
        """Have a pilot take no calls. O2G: POST …/close."""
        await self._core.commands_for(Feature.PILOTS).pilots.set_open(_node(node), pilot, False)

    # When they work how

    @owned
    async def calendar(self, pilot: str, *, node: str | int | None = None) -> PilotCalendar:
        """Read when a pilot works how. O2G: GET …/calendar."""
        return await self._core.commands_for(Feature.PILOTS).pilots.calendar(_node(node), pilot)

    @owned
    async def add_transition(
        self,
        pilot: str,
        day: Day,
        time: str,
        rule: int,
        mode: PilotMode | str = PilotMode.NORMAL,
        *,
        node: str | int | None = None,
    ) -> None:
        """From a time of a day on (``08:30``), have a pilot work by a rule. A day has at most ten of these.

        O2G: POST …/calendar/normal/{day}/transitions, or …/exception/{date}/transitions.
        """
        what = _transition(time, rule, mode)
        await self._core.commands_for(Feature.PILOTS).pilots.add(_node(node), pilot, _day(day), what)

    @owned
    async def change_transition(
        self,
        pilot: str,
        day: Day,
        index: int,
        time: str,
        rule: int,
        mode: PilotMode | str = PilotMode.NORMAL,
        *,
        node: str | int | None = None,
    ) -> None:
        """Change a transition of a day, which ``index`` counts from 1. O2G: PUT …/transitions/{index}."""
        what = _transition(time, rule, mode)
        await self._core.commands_for(Feature.PILOTS).pilots.change(_node(node), pilot, _day(day), index, what)

    @owned
    async def delete_transition(self, pilot: str, day: Day, index: int, *, node: str | int | None = None) -> None:
        """Delete a transition of a day; those behind it move up. O2G: DELETE …/transitions/{index}."""
        await self._core.commands_for(Feature.PILOTS).pilots.delete(_node(node), pilot, _day(day), index)


class PilotWatch:
    """Pilots whose calls are seen: ``stop`` it, or use it in an ``async with``."""

    def __init__(self, core: Core, pilots: tuple[str, ...]) -> None:
        """Made by ``Pilots.watch`` only."""
        self._core = core
        self.pilots = pilots
        self._begun: list[str] = []

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    @owned
    async def start(self) -> None:
        """See their calls from now on. O2G: POST of the service AcdPilotMonitoring."""
        commands = self._core.commands_for(Feature.WAITING_CALLS).waiting
        watched = self._core.store.centre.watched
        for pilot in self.pilots:
            if pilot not in self._begun:
                if not watched.get(pilot):
                    await commands.watch(pilot)
                watched[pilot] = watched.get(pilot, 0) + 1
                self._begun.append(pilot)

    @owned
    async def stop(self) -> None:
        """See their calls no longer, where no one else does. O2G: DELETE of the service AcdPilotMonitoring."""
        watched = self._core.store.centre.watched
        while self._begun:
            pilot = self._begun.pop()
            watched[pilot] -= 1
            if not watched[pilot]:
                del watched[pilot]
                if self._core.online:
                    await self._core.commands_for(Feature.WAITING_CALLS).waiting.stop(pilot)
                else:
                    self._core.store.centre.waiting.pop(pilot, None)

    async def __aenter__(self) -> Self:
        """See their calls from now on."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See their calls no longer."""
        await self.stop()


def _skill(given: Skill | int) -> Skill:
    if isinstance(given, Skill):
        return given
    if isinstance(given, bool) or not isinstance(given, int):
        raise InvalidInput("skills", f"{given!r} is no number.", remedy="A skill goes by its number.")
    return Skill(number=given, active=True)


def _node(node: str | int | None) -> str | None:
    return None if node is None else str(node)


def _day(day: Day) -> Weekday | date:
    if not isinstance(day, str):
        return day
    text = day.strip().lower()
    if text in tuple(Weekday):
        return Weekday(text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "day", f"{day[:20]!r} is no day.", remedy="It is such as monday, or a date such as 2026-12-24."
        ) from None


def _transition(time: str, rule: int, mode: PilotMode | str) -> Transition:
    if mode not in tuple(PilotMode):
        raise InvalidInput("mode", f"{mode[:20]!r} is not known.", remedy=f"It is one of {', '.join(PilotMode)}.")
    return Transition(time=time, rule=rule, mode=PilotMode(mode))
