"""Reports of statistics that the server makes and mails by itself."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Final

from ...administration import Recurrence, Report, ReportPeriod, ReportPlan, ReportState
from ...centre import Weekday
from ...errors import InvalidInput, PbxError
from ..call_centre_rules import SCHEDULE
from ..client import O2gClient
from ..types import statistics as wire
from ..types.base import CONTACTCENTER_SERVICE
from ..types.pilots import DayOfWeek
from . import Lacks, Part
from .centre_statistics import O2gCentreStatistics

_PERIODS: Final = {
    ReportPeriod.CURRENT_DAY: wire.ReportPeriodType.CURRENT_DAY,
    ReportPeriod.CURRENT_WEEK: wire.ReportPeriodType.CURRENT_WEEK,
    ReportPeriod.CURRENT_MONTH: wire.ReportPeriodType.CURRENT_MONTH,
    ReportPeriod.LAST_DAYS: wire.ReportPeriodType.LAST_DAYS,
    ReportPeriod.LAST_WEEKS: wire.ReportPeriodType.LAST_WEEKS,
    ReportPeriod.LAST_MONTH: wire.ReportPeriodType.LAST_MONTH,
    ReportPeriod.DATES: wire.ReportPeriodType.FROM_DATE_TO_DATE,
}
_STATES: Final = {
    wire.ScheduledReportState.NOT_EXECUTED: ReportState.WAITING,
    wire.ScheduledReportState.IN_PROGRESS: ReportState.IN_PROGRESS,
    wire.ScheduledReportState.EXECUTED: ReportState.MADE,
    wire.ScheduledReportState.FAILED_ON_GET_DATA: ReportState.NO_FIGURES,
    wire.ScheduledReportState.FAILED_ON_SEND_MAIL: ReportState.NOT_MAILED,
    wire.ScheduledReportState.EXPIRED: ReportState.EXPIRED,
}
_FIELDS: Final = {
    "fileType": "format",
    "obsPeriod.periodType": "period",
    "obsPeriod.lastNb": "count",
    "obsPeriod.beginDate": "first",
    "obsPeriod.endDate": "last",
    "frequency.periodicity": "recurrence",
    "frequency.dayInMonth": "day_of_month",
    "frequency.daysInWeek": "weekdays",
}
"""What the model calls a field of a schedule."""
_KNOWN_PERIODS: Final = {theirs: ours for ours, theirs in _PERIODS.items()}


class O2gReports(Part):
    """Schedules of the service Acd Statistics, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks, statistics: O2gCentreStatistics) -> None:
        """Ask this client; ``statistics`` makes the contexts."""
        super().__init__(client, lacks)
        self._statistics = statistics

    async def list(self, requester: str) -> tuple[Report, ...]:
        """``GET …/ctx``, and ``GET …/schedule`` of each."""
        service = self._client.acd_statistics
        found: list[Report] = []
        for context in (await self._licensed(None, CONTACTCENTER_SERVICE, service.contexts(requester))).contexts:
            if context.ctx_id is None or context.is_scheduled is False:
                continue
            answer = await self._licensed(None, CONTACTCENTER_SERVICE, service.schedules(requester, context.ctx_id))
            found += [_report(context.ctx_id, one) for one in answer.schedules]
        return tuple(found)

    async def create(
        self,
        requester: str,
        language: str,
        timezone: str,
        agents: Sequence[str],
        pilots: Sequence[str],
        figures: Sequence[str],
        given_up: bool,
        plan: ReportPlan,
    ) -> Report:
        """``POST …/ctx`` with the name of the report, and ``POST …/schedule``."""
        body = _schedule(plan)
        context = await self._statistics.begin(
            requester,
            language,
            timezone,
            tuple(agents),
            tuple(pilots),
            tuple(figures),
            given_up,
            label=plan.name,
        )
        service = self._client.acd_statistics
        try:
            await self._licensed(None, CONTACTCENTER_SERVICE, service.create_schedule(requester, context, body))
        except PbxError:
            with suppress(PbxError):
                await self._statistics.done(requester, context)
            raise
        said = await self._licensed(None, CONTACTCENTER_SERVICE, service.schedule(requester, context, plan.name))
        return _report(context, said)

    async def change(self, requester: str, report: Report, plan: ReportPlan) -> None:
        """``PUT …/schedule/{scheduleName}``."""
        body, service = _schedule(plan), self._client.acd_statistics
        ask = service.change_schedule(requester, report.context, report.name, body)
        await self._licensed(None, CONTACTCENTER_SERVICE, ask)

    async def enable(self, requester: str, report: Report, on: bool) -> None:
        """``POST …/schedule/{scheduleName}/enable``."""
        service = self._client.acd_statistics
        ask = service.enable_schedule(requester, report.context, report.name, enable=on)
        await self._licensed(None, CONTACTCENTER_SERVICE, ask)

    async def delete(self, requester: str, report: Report) -> None:
        """``DELETE …/schedule/{scheduleName}``, and the context that was made for it."""
        service = self._client.acd_statistics
        ask = service.delete_schedule(requester, report.context, report.name)
        await self._licensed(None, CONTACTCENTER_SERVICE, ask)
        context = await self._licensed(None, CONTACTCENTER_SERVICE, service.context(requester, report.context))
        others = await self._licensed(None, CONTACTCENTER_SERVICE, service.schedules(requester, report.context))
        if context.label == report.name and not others.schedules:
            await self._statistics.done(requester, report.context)

    async def forget(self, requester: str) -> None:
        """``DELETE /scope/{supervisorId}``."""
        await self._licensed(None, CONTACTCENTER_SERVICE, self._client.acd_statistics.delete_scope(requester))


def _schedule(plan: ReportPlan) -> wire.StatsScheduleRequest:
    """The body. Raises ``InvalidInput`` in the words of the model."""
    if plan.period not in _PERIODS:
        raise InvalidInput("period", "there is no such period.", remedy=f"It is one of {', '.join(_PERIODS)}.")
    if plan.recurrence is Recurrence.UNKNOWN:
        known = ", ".join(one for one in Recurrence if one is not Recurrence.UNKNOWN)
        raise InvalidInput("recurrence", "there is no such recurrence.", remedy=f"It is one of {known}.")
    body = wire.StatsScheduleRequest(
        name=plan.name,
        description=plan.description,
        obs_period=wire.ScheduledSelPeriod(
            period_type=_PERIODS[plan.period],
            last_nb=plan.count,
            begin_date=_midnight(plan.first),
            end_date=_midnight(plan.last),
        ),
        frequency=wire.ReportFrequency(
            periodicity=wire.Periodicity(plan.recurrence.value),
            days_in_week=tuple(DayOfWeek(str(day)) for day in plan.weekdays),
            day_in_month=plan.day_of_month,
        ),
        recipients=plan.recipients,
        file_type=wire.StatsFormat(plan.format),
    )
    try:
        SCHEDULE({}, {}, body)
    except InvalidInput as error:
        raise InvalidInput(_FIELDS.get(error.field, error.field), error.problem, remedy=error.remedy) from None
    return body


def _report(context: str, said: wire.StatsSchedule) -> Report:
    period, often = said.obs_period, said.frequency
    made = None
    with suppress(ValueError):
        made = datetime.fromisoformat(said.last_exec_date or "").replace(tzinfo=None)
    recurrence = Recurrence.UNKNOWN
    with suppress(ValueError):
        recurrence = Recurrence(str(often.periodicity) if often is not None else "")
    return Report(
        plan=ReportPlan(
            name=said.name or "",
            recipients=said.recipients,
            period=_KNOWN_PERIODS.get(period.period_type, ReportPeriod.UNKNOWN)
            if period is not None
            else ReportPeriod.UNKNOWN,
            count=period.last_nb if period is not None else None,
            first=_day(period.begin_date) if period is not None else None,
            last=_day(period.end_date) if period is not None else None,
            recurrence=recurrence,
            weekdays=tuple(Weekday(str(day)) for day in often.days_in_week if day.listed) if often is not None else (),
            day_of_month=often.day_in_month if often is not None else None,
            format=str(said.file_type) if said.file_type is not None else "",
            description=said.description,
        ),
        context=context,
        state=ReportState.UNKNOWN if said.state is None else _STATES.get(said.state, ReportState.UNKNOWN),
        enabled=said.enable,
        made_at=made,
    )


def _midnight(day: date | None) -> str | None:
    return None if day is None else f"{day:%Y-%m-%d}T00:00:00"


def _day(text: str | None) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat((text or "")[:10])
    return None
