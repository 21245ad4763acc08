"""Statistics of the call centre: requesters, contexts, figures in the answer or as files, and scheduled reports."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ....o2g.types import statistics as wire
from ....o2g.types.base import Wire
from .context import Answer, Context, Route
from .refusals import NOT_EXPECTED, NOT_FOUND, Refusal, bad_parameter
from .statistics_data import SLOTS, Collector, Span
from .statistics_reports import MOST_DAYS, Schedule, check_schedule
from .statistics_requesters import Job, Scope, StatsContext, numbers_of

if TYPE_CHECKING:
    from .server import O2gServer

SERVICE: Final = ("Acd Statistics", "/acd-reports")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""
OLDEST: Final = 366
"""Days that figures are kept."""

_OFFSET: Final = re.compile(r"Z|[+-](0\d|1[0-4])(:?[0-5]\d)?", re.ASCII)


# -- requesters and contexts ------------------------------------------------------------------------------------


def _scope(ctx: Context, name: str) -> Scope:
    scope = ctx.server.statistics.scopes.get(name)
    if scope is None:
        raise Refusal(NOT_FOUND, f"supervisorId: there is no requester {name}.", status=HTTPStatus.NOT_FOUND)
    return scope


def _known(ctx: Context, name: str) -> Scope:
    """Return a requester, where the description of the operation has no 404."""
    try:
        return _scope(ctx, name)
    except Refusal as refusal:
        raise Refusal(NOT_FOUND, refusal.message, status=HTTPStatus.BAD_REQUEST) from None


def _context(scope: Scope, id: str, status: int = HTTPStatus.NOT_FOUND) -> StatsContext:
    context = scope.contexts.get(id)
    if context is None:
        raise Refusal(NOT_FOUND, f"ctxId: {scope.name} has no context {id}.", status=status)
    return context


def create_scope(ctx: Context) -> None:
    """Create a requester, or say anew what it may see."""
    body: wire.StatsScope = ctx.body
    who = body.supervisor
    if not (who.identifier or "").strip():
        raise bad_parameter("identifier", "must not be empty")
    if who.language is None or not who.language.listed:
        raise bad_parameter("language", "must be EN, FR or DE")
    if who.timezone is None or not _OFFSET.fullmatch(who.timezone):
        raise bad_parameter("timezone", f"{who.timezone!r} is no offset from UTC, such as +02")
    if not body.agents:
        raise bad_parameter("agents", "must name at least one")
    for agent in body.agents:
        user = ctx.switch.by_number(agent.number)
        if user is None or user.agent is None:
            raise bad_parameter("agents", f"{agent.number} is not the number of an agent")
    scopes = ctx.server.statistics.scopes
    former = scopes.get(who.identifier or "")
    numbers = tuple(dict.fromkeys(agent.number for agent in body.agents))
    if former is not None:
        former.supervisor, former.agents = who, numbers
    else:
        scopes[who.identifier or ""] = Scope(who, numbers)


def scope(ctx: Context, supervisor_id: str) -> wire.Supervisor:
    """Return a requester."""
    return _scope(ctx, supervisor_id).supervisor


def delete_scope(ctx: Context, supervisor_id: str) -> None:
    """Delete a requester with all it has."""
    found = _scope(ctx, supervisor_id)
    _delete(ctx, found, list(found.contexts))
    del ctx.server.statistics.scopes[supervisor_id]


def _delete(ctx: Context, scope: Scope, ids: list[str]) -> None:
    for ctx_id in ids:
        if scope.job is not None and scope.job.context == ctx_id:
            ctx.server.statistics.cancel(scope, wire.AcdStatsProgressStep.ERROR)
        for schedule in scope.contexts.pop(ctx_id).schedules.values():
            schedule.stop()


def _check_filter(ctx: Context, scope: Scope, filter: wire.StatsFilter) -> None:
    parts = (filter.agent_filter, filter.pilot_filter, filter.pilot_abandoned_call_filter)
    given: list[Any] = [part for part in parts if part is not None]
    if len(given) != 1:
        raise bad_parameter("filter", f"has {len(given)} parts: it is of agents, of pilots, or of calls given up")
    for name in ("attributes", "agent_attributes", "pilot_attributes"):
        for attribute in getattr(given[0], name, ()):
            if not attribute.listed:
                raise bad_parameter("filter", f"{attribute!s} is no attribute there is")
    numbers_of(ctx.server, scope, filter)


def create_context(ctx: Context, supervisor_id: str) -> wire.RespId:
    """Say what figures are wanted."""
    found = _known(ctx, supervisor_id)
    _check_filter(ctx, found, ctx.body.filter)
    ctx_id = ctx.server.statistics.new_id()
    found.contexts[ctx_id] = StatsContext(ctx_id, ctx.body)
    return wire.RespId(id=ctx_id)


def _shown(scope: Scope, context: StatsContext) -> wire.StatsContext:
    return wire.StatsContext(
        ctx_id=context.id,
        supervisor_id=scope.name,
        label=context.request.label,
        description=context.request.description,
        is_scheduled=bool(context.schedules),
        filter=context.request.filter,
    )


def contexts(ctx: Context, supervisor_id: str) -> wire.StatsContexts:
    """List the contexts of a requester."""
    found = _known(ctx, supervisor_id)
    return wire.StatsContexts(contexts=tuple(_shown(found, context) for context in found.contexts.values()))


def delete_contexts(ctx: Context, supervisor_id: str) -> None:
    """Delete them all."""
    found = _known(ctx, supervisor_id)
    _delete(ctx, found, list(found.contexts))


def context(ctx: Context, supervisor_id: str, ctx_id: str) -> wire.StatsContext:
    """Return a context."""
    found = _scope(ctx, supervisor_id)
    return _shown(found, _context(found, ctx_id))


def change_context(ctx: Context, supervisor_id: str, ctx_id: str) -> None:
    """Say anew what figures are wanted."""
    found = _scope(ctx, supervisor_id)
    changed = _context(found, ctx_id)
    _check_filter(ctx, found, ctx.body.filter)
    changed.request = ctx.body


def delete_context(ctx: Context, supervisor_id: str, ctx_id: str) -> None:
    """Delete a context with its reports."""
    found = _scope(ctx, supervisor_id)
    _context(found, ctx_id)
    _delete(ctx, found, [ctx_id])


# -- figures ----------------------------------------------------------------------------------------------------


def _moment(ctx: Context, name: str, zone: timezone) -> datetime:
    given = ctx.query.get(name, "")
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            moment = datetime.strptime(given, form).replace(tzinfo=zone)
        except ValueError:
            continue
        now = ctx.server.clock.utc()
        if moment > now:
            raise bad_parameter(name, f"{given} has not come yet")
        if moment < now - timedelta(days=OLDEST):
            raise bad_parameter(name, f"{given} is more than 12 months ago")
        return moment
    raise bad_parameter(name, f"{given!r} is no time, such as 2026-01-31 18:17")


def _one_day(ctx: Context, zone: timezone) -> Span:
    given = _moment(ctx, "date", zone)
    begin = datetime(given.year, given.month, given.day, tzinfo=zone)
    slot = wire.TimeInterval(ctx.query.get("slotType") or wire.TimeInterval.AN_HOUR.value)
    if slot not in SLOTS:
        raise bad_parameter("slotType", f"{slot!s} is none of {', '.join(SLOTS)}")
    return Span(begin, begin + timedelta(days=1), timedelta(minutes=SLOTS[slot]), slot)


def _several_days(ctx: Context, zone: timezone) -> Span:
    first, last = _moment(ctx, "begindate", zone), _moment(ctx, "enddate", zone)
    if last < first:
        raise bad_parameter("enddate", "is before begindate")
    begin = datetime(first.year, first.month, first.day, tzinfo=zone)
    end = datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1)
    if (end - begin).days > MOST_DAYS:
        raise bad_parameter("enddate", f"{(end - begin).days} days are more than {MOST_DAYS}")
    return Span(begin, end, timedelta(days=1))


def _data(ctx: Context, supervisor_id: str, ctx_id: str, span_of: Callable[[Context, timezone], Span]) -> Any:
    found = _known(ctx, supervisor_id)
    asked = _context(found, ctx_id, HTTPStatus.BAD_REQUEST)
    form = ctx.query.get("format", "")
    if form not in ("json", "csv", "xls"):
        raise bad_parameter("format", f"{form!r} is none of json, csv, xls")
    background = ctx.flag("async")
    if background is (form == "json"):
        raise bad_parameter("async", "goes with csv and xls, and not with json")
    span = span_of(ctx, found.zone)
    numbers = numbers_of(ctx.server, found, asked.request.filter)
    collector = Collector(ctx.switch, found.name, asked.request.filter, span, numbers)
    if not background:
        for _ in numbers:
            collector.one()
        return collector.stats()
    if found.job is not None:
        raise Refusal(NOT_EXPECTED, f"A file is being made for {found.name} already: one at a time.")
    job = Job(ctx_id, ctx.session, collector, form, ctx.flag("shortHeader"))
    server = ctx.server
    server.statistics.begin(found, job)
    ctx.session.at_end["acdstats"] = lambda: _abandon(server, job)
    return Answer(HTTPStatus.OK)


def _abandon(server: "O2gServer", job: Job) -> None:
    """The session that asked for a file has ended."""
    for scope in server.statistics.scopes.values():
        if scope.job is not None and scope.job.session is job.session:
            server.statistics.cancel(scope)


def one_day(ctx: Context, supervisor_id: str, ctx_id: str) -> Any:
    """Return the figures of a day, in slots, or begin to make a file of them."""
    return _data(ctx, supervisor_id, ctx_id, _one_day)


def several_days(ctx: Context, supervisor_id: str, ctx_id: str) -> Any:
    """Return the figures of several days, or begin to make a file of them."""
    return _data(ctx, supervisor_id, ctx_id, _several_days)


def cancel_request(ctx: Context, supervisor_id: str) -> None:
    """Give up the file that is being made."""
    if not ctx.server.statistics.cancel(_known(ctx, supervisor_id)):
        raise Refusal(NOT_EXPECTED, f"No file is being made for {supervisor_id}.")


# -- scheduled reports ------------------------------------------------------------------------------------------


def create_schedule(ctx: Context, supervisor_id: str, ctx_id: str) -> wire.RespId:
    """Have a report made by itself."""
    found = _known(ctx, supervisor_id)
    asked = _context(found, ctx_id, HTTPStatus.BAD_REQUEST)
    request: wire.StatsScheduleRequest = ctx.body
    check_schedule(request)
    if request.name in asked.schedules:
        raise Refusal(NOT_EXPECTED, f"name: there is a report {request.name} already.")
    schedule = asked.schedules[request.name] = Schedule(request)
    ctx.server.statistics.plan(found, asked, schedule)
    return wire.RespId(id=request.name)


def _plan_of(schedule: Schedule) -> wire.StatsSchedule:
    request = schedule.request
    return wire.StatsSchedule(
        name=request.name,
        description=request.description,
        obs_period=request.obs_period,
        frequency=request.frequency,
        recipients=request.recipients,
        file_type=request.file_type,
        state=schedule.state,
        enable=schedule.enabled,
        last_exec_date=f"{schedule.last:%Y-%m-%dT%H:%M:%S}" if schedule.last is not None else None,
    )


def schedules(ctx: Context, supervisor_id: str, ctx_id: str) -> wire.StatsSchedules:
    """List the reports of a context."""
    asked = _context(_known(ctx, supervisor_id), ctx_id, HTTPStatus.BAD_REQUEST)
    return wire.StatsSchedules(schedules=tuple(_plan_of(schedule) for schedule in asked.schedules.values()))


def _schedule(ctx: Context, supervisor_id: str, ctx_id: str, name: str) -> tuple[Scope, StatsContext, Schedule]:
    found = _scope(ctx, supervisor_id)
    asked = _context(found, ctx_id)
    if name not in asked.schedules:
        raise Refusal(NOT_FOUND, f"scheduleName: there is no report {name}.", status=HTTPStatus.NOT_FOUND)
    return found, asked, asked.schedules[name]


def schedule(ctx: Context, supervisor_id: str, ctx_id: str, schedule_name: str) -> wire.StatsSchedule:
    """Return a report, and what became of it."""
    return _plan_of(_schedule(ctx, supervisor_id, ctx_id, schedule_name)[2])


def change_schedule(ctx: Context, supervisor_id: str, ctx_id: str, schedule_name: str) -> None:
    """Change a report; it may get another name."""
    found, asked, changed = _schedule(ctx, supervisor_id, ctx_id, schedule_name)
    request: wire.StatsScheduleRequest = ctx.body
    check_schedule(request)
    if request.name != schedule_name and request.name in asked.schedules:
        raise Refusal(NOT_EXPECTED, f"name: there is a report {request.name} already.")
    del asked.schedules[schedule_name]
    changed.request = request
    asked.schedules[request.name] = changed
    ctx.server.statistics.plan(found, asked, changed)


def delete_schedule(ctx: Context, supervisor_id: str, ctx_id: str, schedule_name: str) -> None:
    """Delete a report."""
    _, asked, deleted = _schedule(ctx, supervisor_id, ctx_id, schedule_name)
    deleted.stop()
    del asked.schedules[schedule_name]


def enable_schedule(ctx: Context, supervisor_id: str, ctx_id: str, schedule_name: str) -> None:
    """Have a report made, or not for now."""
    found, asked, enabled = _schedule(ctx, supervisor_id, ctx_id, schedule_name)
    if ctx.query.get("enable", "").lower() not in ("true", "false"):
        raise bad_parameter("enable", "must be true or false")
    enabled.enabled = ctx.flag("enable")
    ctx.server.statistics.plan(found, asked, enabled)


def _route(method: str, below: str, handler: Callable[..., Any], body: type[Wire] | None = None) -> Route:
    return Route(method, SERVICE[1] + "/scope" + below, handler, body, licence="centre", administrators=True)


_CONTEXT: Final = "/{supervisorId}/ctx/{ctxId}"
_SCHEDULE: Final = _CONTEXT + "/schedule/{scheduleName}"
ROUTES: Final = (
    _route("POST", "", create_scope, wire.StatsScope),
    _route("GET", "/{supervisorId}", scope),
    _route("DELETE", "/{supervisorId}", delete_scope),
    _route("POST", "/{supervisorId}/ctx", create_context, wire.StatsContextRequest),
    _route("GET", "/{supervisorId}/ctx", contexts),
    _route("DELETE", "/{supervisorId}/ctx", delete_contexts),
    _route("GET", _CONTEXT, context),
    _route("PUT", _CONTEXT, change_context, wire.StatsContextRequest),
    _route("DELETE", _CONTEXT, delete_context),
    _route("GET", _CONTEXT + "/days/data", several_days),
    _route("GET", _CONTEXT + "/oneday/data", one_day),
    _route("DELETE", "/{supervisorId}/data/request", cancel_request),
    _route("POST", _CONTEXT + "/schedule", create_schedule, wire.StatsScheduleRequest),
    _route("GET", _CONTEXT + "/schedule", schedules),
    _route("GET", _SCHEDULE, schedule),
    _route("PUT", _SCHEDULE, change_schedule, wire.StatsScheduleRequest),
    _route("DELETE", _SCHEDULE, delete_schedule),
    _route("POST", _SCHEDULE + "/enable", enable_schedule),
)
