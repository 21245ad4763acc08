"""Pilots, their calendars, and the calls that wait at them."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

from ...centre import PilotCalendar, PilotMode, PilotRule, PilotSnapshot, Transition, Weekday, Wishes
from ...errors import InvalidInput, NotFound, RequestRefused
from ...model import LineSnapshot
from ..call_centre_rules import MOST_TRANSITIONS
from ..centre import CentreState
from ..client import O2gClient
from ..types import pilots as wire
from ..types.base import CONTACTCENTER_SERVICE, TELEPHONY_ADVANCED
from ..types.telephony import ACRSkill, ACRSkills, PilotStatus
from . import Lacks, Part

_UNKNOWN_METHOD: Final = 405
_STATES: Final = {
    PilotStatus.OPEN: "Opened",
    PilotStatus.BLOCKED: "Blocked",
    PilotStatus.BLOCKED_ON_RULE: "Blocked",
    PilotStatus.BLOCKED_ON_BLOCKED_RULE: "Blocked",
    PilotStatus.BLOCKED_ON_GENERAL_FORWARDING_RULE: "Blocked",
}
"""The state that ``GET /{nodeId}/pilots`` would say. What a pilot that forwards is, it says in no word of these."""


class O2gPilots(Part):
    """The pilots of the nodes, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks) -> None:
        """It is not known yet in which of two ways this server adds transitions."""
        super().__init__(client, lacks)
        self._nodes: tuple[str, ...] | None = None
        self._short = False
        """Whether a transition is added to the day itself, as some servers have it."""

    async def list(self, node: str | None) -> tuple[PilotSnapshot, ...]:
        """``GET /{nodeId}/pilots``."""
        found: list[PilotSnapshot] = []
        for one in (node,) if node is not None else await self._all_nodes():
            answer = await self._licensed(None, CONTACTCENTER_SERVICE, self._client.acd_management.pilots(one))
            found += [_pilot(one, pilot) for pilot in answer.pilot_list if pilot.number]
        return tuple(found)

    async def read(self, node: str | None, pilot: str) -> PilotSnapshot:
        """``GET /{nodeId}/pilots/{pilotNumber}``."""
        where = await self._where(node, pilot)
        return _pilot(
            where,
            await self._licensed(None, CONTACTCENTER_SERVICE, self._client.acd_management.pilot(where, pilot)),
        )

    async def transfer(self, node: str | None, pilot: str, line: LineSnapshot | None, wishes: Wishes) -> PilotSnapshot:
        """``POST /telephony/pilots/{nodeId}/{pilotNumber}/transferInfo``."""
        if self._client.administrator:
            if line is None:
                raise InvalidInput("line", "is missing.", remedy="Name the line that would transfer.")
            where = await self._where(node, pilot)
        elif node is None:
            raise InvalidInput("node", "is missing, and no node is known to this account.", remedy="Name it.")
        else:
            where = node
        said = await self._licensed(
            None if line is None else line.id,
            TELEPHONY_ADVANCED,
            self._client.telephony.pilot_transfer_info(
                where, pilot, _wished(wishes), login_name=None if line is None else self._as(line)
            ),
        )
        info = said.pilot_transfer_info
        status = info.pilot_status if info is not None else None
        return PilotSnapshot(
            number=said.number or pilot,
            node=where,
            state=None if status is None else _STATES.get(status),
            detail=None if status is None else str(status),
            expected_wait=said.waiting_time,
            full=said.saturation,
            can_transfer=info.transfer_possible if info is not None else None,
            can_consult=said.supervised_transfer,
        )

    async def set_open(self, node: str | None, pilot: str, on: bool) -> None:
        """``POST …/open`` or ``…/close``."""
        service = self._client.acd_management
        where = await self._where(node, pilot)
        await self._licensed(
            None,
            CONTACTCENTER_SERVICE,
            service.open_pilot(where, pilot) if on else service.close_pilot(where, pilot),
        )

    async def calendar(self, node: str | None, pilot: str) -> PilotCalendar:
        """``GET …/calendar``."""
        where = await self._where(node, pilot)
        answer = await self._licensed(None, CONTACTCENTER_SERVICE, self._client.acd_management.calendar(where, pilot))
        week = {
            Weekday(str(one.day)): _transitions(one.list)
            for one in (answer.normal_days.calendar if answer.normal_days is not None else ())
            if one.day is not None and one.day.listed
        }
        dates: dict[date, tuple[Transition, ...]] = {}
        for one in answer.exception_days.calendar if answer.exception_days is not None else ():
            with suppress(ValueError):
                dates[datetime.strptime(one.date or "", "%Y%m%d").date()] = _transitions(one.list)  # noqa: DTZ007
        return PilotCalendar(week=week, dates=dates)

    async def add(self, node: str | None, pilot: str, day: Weekday | date, transition: Transition) -> None:
        """``POST …/calendar/normal/{day}/transitions`` or ``…/exception/{date}/transitions``.

        A day that is full is refused before anything is sent: what a server would say of an eleventh is not known.
        """
        calendar = await self.calendar(node, pilot)
        there = calendar.week.get(day, ()) if isinstance(day, Weekday) else calendar.dates.get(day, ())
        if len(there) >= MOST_TRANSITIONS:
            raise InvalidInput(
                "day",
                f"{day} has {len(there)} transitions already.",
                remedy=f"A day has at most {MOST_TRANSITIONS}; change or delete one.",
            )
        service = self._client.acd_management
        long, short = (
            (service.add_transition, service.add_transition_to_day)
            if isinstance(day, Weekday)
            else (service.add_exception, service.add_exception_to_date)
        )
        where = await self._where(node, pilot)
        body = _body(transition)

        def send(way: Callable[..., Awaitable[None]]) -> Awaitable[None]:
            return self._licensed(None, CONTACTCENTER_SERVICE, way(where, pilot, day, body))

        first, second = (short, long) if self._short else (long, short)
        try:
            await send(first)
        except RequestRefused as error:
            # Only what says that there is no such place shows that the server has the other one.
            if not isinstance(error, NotFound) and error.status != _UNKNOWN_METHOD:
                raise
            try:
                await send(second)
            except RequestRefused:
                raise error from None
            self._short = not self._short

    async def change(
        self, node: str | None, pilot: str, day: Weekday | date, index: int, transition: Transition
    ) -> None:
        """``PUT …/transitions/{index}``."""
        service = self._client.acd_management
        where = await self._where(node, pilot)
        ask = (
            service.change_transition(where, pilot, day, index, _body(transition))
            if isinstance(day, Weekday)
            else service.change_exception(where, pilot, day, index, _body(transition))
        )
        await self._licensed(None, CONTACTCENTER_SERVICE, ask)

    async def delete(self, node: str | None, pilot: str, day: Weekday | date, index: int) -> None:
        """``DELETE …/transitions/{index}``."""
        service = self._client.acd_management
        where = await self._where(node, pilot)
        ask = (
            service.delete_transition(where, pilot, day, index)
            if isinstance(day, Weekday)
            else service.delete_exception(where, pilot, day, index)
        )
        await self._licensed(None, CONTACTCENTER_SERVICE, ask)

    async def _all_nodes(self) -> tuple[str, ...]:
        if self._nodes is None:
            status = await self._client.maintenance.system_status()
            self._nodes = tuple(str(one.node_id) for one in status.pbxs if one.node_id is not None)
        return self._nodes

    async def _where(self, node: str | None, pilot: str) -> str:
        """The node of a pilot: the only one, or the one that lists it."""
        if node is not None:
            return node
        nodes = await self._all_nodes()
        if len(nodes) == 1:
            return nodes[0]
        for one in await self.list(None):
            if one.number == pilot:
                return one.node
        raise InvalidInput(
            "pilot", f"no node has a pilot {pilot!r}.", remedy=f"The nodes are: {', '.join(nodes) or 'none'}."
        )


class O2gWaiting(Part):
    """The calls of pilots that are watched, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks, centre: CentreState) -> None:
        """Ask this client; ``centre`` keeps what comes."""
        super().__init__(client, lacks)
        self._centre = centre

    async def watch(self, pilot: str) -> None:
        """``POST /{pilotNumber}``."""
        await self._licensed(None, CONTACTCENTER_SERVICE, self._client.pilot_monitoring.watch_pilot(pilot))

    async def stop(self, pilot: str) -> None:
        """``DELETE /{pilotNumber}``."""
        self._centre.forget_waiting(pilot)
        await self._licensed(None, CONTACTCENTER_SERVICE, self._client.pilot_monitoring.stop_watching_pilot(pilot))


def _pilot(node: str, said: wire.Pilot) -> PilotSnapshot:
    rules = said.rules.rule_list if said.rules is not None else ()
    return PilotSnapshot(
        number=said.number or "",
        node=node,
        name=said.name or "",
        state=str(said.state) if said.state is not None else None,
        detail=str(said.detailed_state) if said.detailed_state is not None else None,
        expected_wait=said.waiting_time,
        full=said.saturation,
        rules=tuple(
            PilotRule(number=one.number, name=one.name or "", active=one.active)
            for one in rules
            if one.number is not None
        ),
        can_transfer=said.possible_transfer,
        can_consult=said.supervised_transfer,
    )


def _transitions(said: tuple[wire.PilotTransitions, ...]) -> tuple[Transition, ...]:
    found: list[Transition] = []
    for one in said:
        what = one.transition
        if what is None or what.time is None or what.rule_number is None:
            continue
        mode: Any = what.mode
        found.append(
            Transition(
                time=what.time,
                rule=what.rule_number,
                mode=PilotMode(str(mode)) if mode in tuple(PilotMode) else PilotMode.NORMAL,
                index=one.number,
            )
        )
    return tuple(found)


def _wished(wishes: Wishes) -> wire.PilotQueryParam | None:
    """The body, where anything is wished: servers before 2.7.4 read none."""
    if wishes == Wishes():
        return None
    skills = tuple(
        ACRSkill(skill_number=one.number, expert_eval_level=one.level, acr_status=one.active) for one in wishes.skills
    )
    return wire.PilotQueryParam(
        agent_number=wishes.agent,
        skills=ACRSkills(skills=skills) if skills else None,
        priority_transfer=wishes.priority,
        supervised_transfer=wishes.supervised,
    )


def _body(transition: Transition) -> wire.PilotTransition:
    return wire.PilotTransition(
        time=transition.time, rule_number=transition.rule, mode=wire.PilotOperatingMode(transition.mode.value)
    )
