"""Pilots of the call centre as administrators see and change them."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ....o2g.types import pilots as wire, telephony
from ....o2g.types.base import Wire
from ...switch.agents import FORWARD, MODES, OPEN
from ...switch.calendars import DAYS, Transition
from .context import Context, Handler, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter, not_ready, refuse_plainly

if TYPE_CHECKING:
    from ...switch.agents import Pilot

MANAGEMENT: Final = ("AcdManagement", "/acd-config")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""


def _pilot(ctx: Context, node_id: str, number: str) -> "Pilot":
    _check_node(ctx, node_id)
    pilot = ctx.switch.pilot(number)
    if pilot.node != node_id:
        raise Refusal(NOT_FOUND, f"pilotNumber: there is no pilot {number} on the node {node_id}.")
    return pilot


def _check_node(ctx: Context, node_id: str) -> None:
    nodes = {node.id for node in ctx.switch.nodes.all()} | {pilot.node for pilot in ctx.switch.pilots.values()}
    if node_id not in nodes:
        raise bad_parameter("nodeId", f"there is no node {node_id}")
    if not ctx.switch.nodes.linked(node_id):
        raise not_ready(f"There is no link to the node {node_id}.")


def _status(pilot: "Pilot") -> telephony.PilotStatus:
    if pilot.mode == FORWARD:
        return (
            telephony.PilotStatus.GENERAL_FORWARDING_ON_RULE
            if pilot.by_calendar
            else telephony.PilotStatus.GENERAL_FORWARDING
        )
    if pilot.blocked:
        return telephony.PilotStatus.BLOCKED_ON_RULE if pilot.by_calendar else telephony.PilotStatus.BLOCKED
    return telephony.PilotStatus.OPEN


def state_of(pilot: "Pilot") -> wire.ServiceState:
    """Return whether a pilot is open."""
    return wire.ServiceState.BLOCKED if pilot.blocked else wire.ServiceState.OPENED


def _wait(ctx: Context, pilot: "Pilot") -> int:
    """Seconds that a call which came now would wait, in all likelihood."""
    return ctx.switch.expected_wait(pilot.number)


def _transferable(ctx: Context, pilot: "Pilot", wishes: wire.PilotQueryParam | None = None) -> bool:
    """Whether a transfer would go; with wishes, to the agent and the skills that these name."""
    if pilot.mode != OPEN or _saturated(ctx, pilot):
        return False
    if wishes is None:
        return ctx.switch.staff(pilot.number) > 0
    skills = tuple(
        (skill.skill_number or 0, skill.expert_eval_level or 1)
        for skill in (wishes.skills.skills if wishes.skills is not None else ())
        if skill.acr_status
    )
    return ctx.switch.staffed(pilot.number, skills, wishes.agent_number)


def _saturated(ctx: Context, pilot: "Pilot") -> bool:
    return len(ctx.switch.waiting(pilot.number)) >= pilot.queue_size


def pilot_of(ctx: Context, pilot: "Pilot", wishes: wire.PilotQueryParam | None = None) -> wire.Pilot:
    """Return a pilot as the wire shows it."""
    possible = _transferable(ctx, pilot, wishes)
    return wire.Pilot(
        number=pilot.number,
        name=pilot.name,
        state=state_of(pilot),
        detailed_state=_status(pilot),
        waiting_time=_wait(ctx, pilot),
        saturation=_saturated(ctx, pilot),
        rules=wire.PilotRules(
            rule_list=tuple(
                wire.PilotRule(rule_number=rule.number, name=rule.name, active=rule.number == pilot.rule)
                for rule in sorted(pilot.rules.values(), key=lambda rule: rule.number)
            )
        ),
        possible_transfer=possible,
        supervised_transfer=possible,
    )


def pilots(ctx: Context, node_id: str) -> wire.PilotList:
    """List the pilots."""
    _check_node(ctx, node_id)
    return wire.PilotList(
        pilot_list=tuple(pilot_of(ctx, pilot) for pilot in ctx.switch.pilots.values() if pilot.node == node_id)
    )


def pilot(ctx: Context, node_id: str, pilot_number: str) -> wire.Pilot:
    """Return one; with wishes, whether these can be granted."""
    return pilot_of(ctx, _pilot(ctx, node_id, pilot_number), ctx.body)


def open_pilot(ctx: Context, node_id: str, pilot_number: str) -> None:
    """Open a pilot."""
    ctx.switch.block_pilot(_pilot(ctx, node_id, pilot_number).number, False)


def close_pilot(ctx: Context, node_id: str, pilot_number: str) -> None:
    """Close a pilot; calls that wait already stay."""
    ctx.switch.block_pilot(_pilot(ctx, node_id, pilot_number).number)


# -- calendars --------------------------------------------------------------------------------------------------


def _numbered(transitions: Iterable[Transition]) -> tuple[wire.PilotTransitions, ...]:
    return tuple(
        wire.PilotTransitions(
            number=number,
            transition=wire.PilotTransition(
                time=found.time, rule_number=found.rule, mode=wire.PilotOperatingMode(found.mode)
            ),
        )
        for number, found in enumerate(transitions, 1)
    )


def normal_calendar(ctx: Context, node_id: str, pilot_number: str) -> wire.NormalCalendar:
    """Return how a pilot works on each day of the week."""
    found = ctx.switch.calendars.normal(_pilot(ctx, node_id, pilot_number).number)
    return wire.NormalCalendar(
        calendar=tuple(
            wire.NormalTransitions(day=wire.DayOfWeek(day), list=_numbered(transitions))
            for day, transitions in found.items()
        )
    )


def exception_calendar(ctx: Context, node_id: str, pilot_number: str) -> wire.ExceptionCalendar:
    """Return how a pilot works on certain dates."""
    found = ctx.switch.calendars.exceptions(_pilot(ctx, node_id, pilot_number).number)
    return wire.ExceptionCalendar(
        calendar=tuple(
            wire.ExceptionTransitions(date=day, list=_numbered(transitions)) for day, transitions in found.items()
        )
    )


def calendar(ctx: Context, node_id: str, pilot_number: str) -> wire.Calendar:
    """Return both."""
    return wire.Calendar(
        normal_days=normal_calendar(ctx, node_id, pilot_number),
        exception_days=exception_calendar(ctx, node_id, pilot_number),
    )


def _transition(ctx: Context) -> Transition:
    body: wire.PilotTransition = ctx.body
    if body.time is None:
        raise bad_parameter("time", "must be given, as HH:mm")
    if body.mode is None:
        raise bad_parameter("mode", f"must be one of {', '.join(MODES)}")
    return Transition(body.time, body.mode.value, body.rule_number)


def _is_day(*, normal: bool, day: str) -> None:
    """Refuse a date in the calendar of the week, and the other way round."""
    if normal != (day.lower() in DAYS):
        raise bad_parameter("day" if normal else "date", f"{day!r} is no {'day of the week' if normal else 'yyyyMMdd'}")


def _editing(name: str, *, normal: bool) -> Handler:
    """Return what adds, changes or deletes a transition."""

    def edit(ctx: Context, node_id: str, pilot_number: str, index: str = "", **of: str) -> None:
        pilot = _pilot(ctx, node_id, pilot_number).number
        (day,) = of.values()
        _is_day(normal=normal, day=day)
        if name == "add":
            ctx.switch.calendars.add(pilot, day, _transition(ctx))
        elif name == "change":
            ctx.switch.calendars.change(pilot, day, index, _transition(ctx))
        else:
            ctx.switch.calendars.delete(pilot, day, index)

    return edit


# -- transfers --------------------------------------------------------------------------------------------------


def transfer_info(ctx: Context, node_id: str, pilot_number: str) -> wire.PilotInfo:
    """Say whether a transfer to a pilot would go."""
    found = _pilot(ctx, node_id, pilot_number)
    possible = _transferable(ctx, found, ctx.body)
    return wire.PilotInfo(
        number=found.number,
        waiting_time=_wait(ctx, found),
        saturation=_saturated(ctx, found),
        supervised_transfer=possible,
        pilot_transfer_info=telephony.PilotTransferInfo(
            transfer_possible=possible,
            pilot_status=_status(found),
        ),
    )


def _managed(method: str, below: str, handler: Handler, body: type[Wire] | None = None) -> Route:
    return Route(method, MANAGEMENT[1] + below, refuse_plainly(handler), body, licence="centre", administrators=True)


_PILOT: Final = "/{nodeId}/pilots/{pilotNumber}"
_DAY: Final = _PILOT + "/calendar/normal/{day}"
_DATE: Final = _PILOT + "/calendar/exception/{date}"


def _edited(day: str, *, normal: bool) -> tuple[Route, ...]:
    add = _editing("add", normal=normal)
    return (
        # Servers disagree about where a new one is posted to.
        _managed("POST", day + "/transitions", add, wire.PilotTransition),
        _managed("POST", day, add, wire.PilotTransition),
        _managed("PUT", day + "/transitions/{index}", _editing("change", normal=normal), wire.PilotTransition),
        _managed("DELETE", day + "/transitions/{index}", _editing("delete", normal=normal)),
    )


ROUTES: Final = (
    _managed("GET", "/{nodeId}/pilots", pilots),
    _managed("GET", _PILOT, pilot),
    _managed("POST", _PILOT, pilot, wire.PilotQueryParam),
    _managed("POST", _PILOT + "/open", open_pilot),
    _managed("POST", _PILOT + "/close", close_pilot),
    _managed("GET", _PILOT + "/calendar", calendar),
    _managed("GET", _PILOT + "/calendar/normal", normal_calendar),
    _managed("GET", _PILOT + "/calendar/exception", exception_calendar),
    *_edited(_DAY, normal=True),
    *_edited(_DATE, normal=False),
    Route(
        "POST",
        "/telephony/pilots/{nodeId}/{pilotNumber}/transferInfo",
        refuse_plainly(transfer_info, HTTPStatus.BAD_REQUEST),
        wire.PilotQueryParam,
        body_required=False,
        licence="advanced",
        user="named",
    ),
)
