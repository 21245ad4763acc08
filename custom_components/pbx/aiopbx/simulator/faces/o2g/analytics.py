"""Incidents and charging tickets of the nodes, for administrators."""

import re
from datetime import date, datetime
from typing import Final

from ....o2g.types import analytics as wire
from ...switch.tickets import Ticket
from .context import Context, Route
from .refusals import bad_parameter, not_ready

SERVICE: Final = ("Analytics", "/node-logs")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""
MOST_FILES: Final = 100
_DAY: Final = re.compile(r"\d{8}", re.ASCII)


def _node(ctx: Context) -> str:
    """Return the node; what it keeps is fetched from it, which needs a link."""
    node = ctx.query.get("nodeId", "")
    if node not in {found.id for found in ctx.switch.nodes.all()}:
        raise bad_parameter("nodeId", f"there is no node {node!r}")
    if not ctx.switch.nodes.linked(node):
        raise not_ready(f"The node {node} cannot be reached over SSH.")
    return node


def _count(ctx: Context, name: str) -> int | None:
    given = ctx.query.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal()) or int(given) < 1:
        raise bad_parameter(name, f"{given!r} is not 1 or more")
    return int(given)


def _date(ctx: Context, name: str) -> date | None:
    given = ctx.query.get(name)
    if given is None:
        return None
    try:
        if _DAY.fullmatch(given):
            return datetime.strptime(given, "%Y%m%d").date()  # noqa: DTZ007 - a day
    except ValueError:
        pass
    raise bad_parameter(name, f"{given!r} is no day, such as 20260131")


def _days(ctx: Context) -> tuple[date, date] | None:
    first, last = _date(ctx, "fromDate"), _date(ctx, "toDate")
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise bad_parameter("fromDate" if first is None else "toDate", "must be given with the other")
    if last < first:
        raise bad_parameter("toDate", "is before fromDate")
    return first, last


def incidents(ctx: Context) -> wire.Incidents:
    """Return the incidents of a node, newest first."""
    last = _count(ctx, "last")
    found = ctx.switch.incidents.of(_node(ctx))
    counts = {f"severity{level}": sum(one.severity == level for one in found) for level in range(6)}
    return wire.Incidents(
        incidents=tuple(
            wire.Incident(
                date=f"{one.at:%d/%m/%y}",
                hour=f"{one.at:%H:%M:%S}",
                severity=one.severity,
                value=str(one.value),
                type=one.text,
                nb_occurs=one.count,
                node=one.node,
                main=True,
                termination=one.termination,
            )
            for one in found[:last]
        ),
        **counts,
    )


def _of_days(ctx: Context, days: tuple[date, date] | None) -> list[Ticket]:
    tickets = ctx.switch.tickets.of(_node(ctx))
    return [one for one in tickets if days is None or days[0] <= one.start.date() <= days[1]]


def charging_files(ctx: Context) -> wire.ChargingFiles:
    """List the files of tickets, one for each day with calls."""
    newest = {ticket.file: ticket for ticket in _of_days(ctx, _days(ctx))}
    return wire.ChargingFiles(
        files=tuple(
            wire.ChargingFile(name=name, date=f"{one.start:%d/%m/%y}", time=f"{one.start:%H:%M:%S}")
            for name, one in newest.items()
        )
    )


def charging(ctx: Context) -> wire.ChargingResult:
    """Return tickets, newest first, by days or by files."""
    days, top = _days(ctx), _count(ctx, "top")
    named = [name for name in ctx.query.get("files", "").split(",") if name]
    if named and days is not None:
        raise bad_parameter("files", "does not go with days")
    found = _of_days(ctx, days)
    files = {ticket.file for ticket in found}
    for name in named:
        if name not in {ticket.file for ticket in found}:
            raise bad_parameter("files", f"there is no file {name}")
    if named:
        found = [ticket for ticket in found if ticket.file in named]
        files = set(named)
    if len(files) > MOST_FILES:
        raise bad_parameter("files" if named else "fromDate", f"{len(files)} files are more than {MOST_FILES}")
    valuable = [ticket for ticket in found if ticket.cost > 0]
    shown = list(reversed(found if ctx.flag("all") else valuable))[:top]
    return wire.ChargingResult(
        chargings=tuple(_charging(ticket) for ticket in shown),
        from_date=f"{days[0]:%Y%m%d}" if days is not None else None,
        to_date=f"{days[1]:%Y%m%d}" if days is not None else None,
        nb_charging_files=len(files),
        total_ticket_nb=len(found),
        valuable_ticket_nb=len(valuable),
    )


def _charging(ticket: Ticket) -> wire.Charging:
    facilities = (wire.TelFacility.CALL_FORWARDING_UNCONDITIONAL,) if ticket.forwarded else ()
    return wire.Charging(
        caller=ticket.caller,
        name=ticket.name,
        called=ticket.called,
        initial_dialled_number=ticket.dialled,
        call_number=ticket.number,
        charging_units=ticket.units,
        cost=ticket.cost,
        start_date=f"{ticket.start:%Y%m%d %H:%M:%S}",
        duration=ticket.seconds,
        call_type=wire.CallType.PUBLIC_NETWORK_CALL if ticket.outgoing else wire.CallType.PUBLIC_NETWORK_INCOMING_CALL,
        effective_call_duration=ticket.seconds,
        acting_extension_number_node=int(ticket.node),
        internal_facilities=wire.TelFacilities(facilities=facilities) if facilities else None,
        external_facilities=wire.TelFacilities(facilities=(wire.TelFacility.BASIC_CALL,)),
    )


ROUTES: Final = tuple(
    Route("GET", SERVICE[1] + below, handler, licence="analytics", administrators=True)
    for below, handler in (("/incidents", incidents), ("/charging/files", charging_files), ("/charging", charging))
)
