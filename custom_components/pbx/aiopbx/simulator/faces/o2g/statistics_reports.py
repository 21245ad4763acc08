"""Scheduled reports of statistics: when they are due, what time they are about, and what is wrong with one."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ....o2g.types import statistics as wire
from .refusals import bad_parameter

if TYPE_CHECKING:
    from ...clock import TimerHandle

MOST_DAYS: Final = 31
"""How many days figures may be about."""
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_LAST: Final = {
    wire.ReportPeriodType.LAST_DAYS: (1, 31),
    wire.ReportPeriodType.LAST_WEEKS: (1, 4),
    wire.ReportPeriodType.LAST_MONTH: (1, 1),
}
_FITTING: Final = {
    wire.ReportPeriodType.CURRENT_DAY: wire.Periodicity.DAILY,
    wire.ReportPeriodType.CURRENT_WEEK: wire.Periodicity.WEEKLY,
    wire.ReportPeriodType.CURRENT_MONTH: wire.Periodicity.MONTHLY,
    wire.ReportPeriodType.LAST_WEEKS: wire.Periodicity.WEEKLY,
    wire.ReportPeriodType.LAST_MONTH: wire.Periodicity.MONTHLY,
    wire.ReportPeriodType.FROM_DATE_TO_DATE: wire.Periodicity.ONCE,
}
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(slots=True)
class Schedule:
    """A report that is made by itself."""

    request: wire.StatsScheduleRequest
    enabled: bool = True
    state: wire.ScheduledReportState = wire.ScheduledReportState.NOT_EXECUTED
    last: datetime | None = None
    timer: "TimerHandle | None" = None

    def stop(self) -> None:
        """Make it no more for now."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def due(schedule: Schedule, now: datetime) -> datetime | None:
    """Return when a report is due: at the first midnight of a day that fits; once is the next one."""
    often = schedule.request.frequency
    if often.periodicity is wire.Periodicity.ONCE:
        if schedule.last is not None:
            return None
        end = schedule.request.obs_period.end_date
        if end is not None:
            behind = _day(end, "obsPeriod.endDate") + timedelta(days=1)
            midnight = datetime(behind.year, behind.month, behind.day, tzinfo=now.tzinfo)
            if midnight > now:
                return midnight
    at = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    for _ in range(62):
        at += timedelta(days=1)
        if often.periodicity is wire.Periodicity.WEEKLY:
            fits = _WEEK[at.weekday()] in {str(day) for day in often.days_in_week}
        elif often.periodicity is wire.Periodicity.MONTHLY:
            last = (at + timedelta(days=1)).day == 1
            fits = at.day == often.day_in_month or (last and at.day < (often.day_in_month or 0))
        else:
            fits = True
        if fits:
            return at
    return None


def observed(period: wire.ScheduledSelPeriod, now: datetime) -> tuple[datetime, datetime]:
    """Return the time that a report is about. It is made at midnight: the current day is the one that has ended."""
    today = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    ended = today - timedelta(days=1)
    kind, count = period.period_type, period.last_nb or 1
    if kind is wire.ReportPeriodType.FROM_DATE_TO_DATE:
        first, last = _day(period.begin_date or "", "beginDate"), _day(period.end_date or "", "endDate")
        begin = datetime(first.year, first.month, first.day, tzinfo=now.tzinfo)
        return begin, datetime(last.year, last.month, last.day, tzinfo=now.tzinfo) + timedelta(days=1)
    if kind is wire.ReportPeriodType.LAST_DAYS:
        return today - timedelta(days=count), today
    if kind is wire.ReportPeriodType.CURRENT_WEEK:
        return ended - timedelta(days=ended.weekday()), today
    if kind is wire.ReportPeriodType.LAST_WEEKS:
        monday = today - timedelta(days=today.weekday())
        return monday - timedelta(weeks=count), monday
    if kind is wire.ReportPeriodType.CURRENT_MONTH:
        return ended.replace(day=1), today
    if kind is wire.ReportPeriodType.LAST_MONTH:
        first_day = today.replace(day=1)
        return (first_day - timedelta(days=1)).replace(day=1), first_day
    return ended, today


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise bad_parameter(name, f"{text!r} is no date") from None


def check_schedule(request: wire.StatsScheduleRequest) -> None:
    """Refuse a report that cannot be made, or would be made at no time that fits what it is about."""
    if not request.name.strip():
        raise bad_parameter("name", "must not be empty")
    if not request.recipients or not all(_MAIL.fullmatch(address) for address in request.recipients):
        raise bad_parameter("recipients", "must be mail addresses, at least one")
    if not request.file_type.listed:
        raise bad_parameter("fileType", "must be csv or xls")
    period, often = request.obs_period, request.frequency
    if not period.period_type.listed:
        raise bad_parameter("obsPeriod.periodType", f"{period.period_type!s} is no period there is")
    if not often.periodicity.listed:
        raise bad_parameter("frequency.periodicity", f"{often.periodicity!s} is none there is")
    if period.period_type in _LAST:
        first, last = _LAST[period.period_type]
        if not first <= (period.last_nb or 0) <= last:
            raise bad_parameter("obsPeriod.lastNb", f"{period.last_nb} is not {first} to {last}")
    if period.period_type is wire.ReportPeriodType.FROM_DATE_TO_DATE:
        begin = _day(period.begin_date or "", "obsPeriod.beginDate")
        end = _day(period.end_date or "", "obsPeriod.endDate")
        if not begin <= end < begin + timedelta(days=MOST_DAYS):
            raise bad_parameter("obsPeriod.endDate", f"is not 0 to {MOST_DAYS - 1} days after beginDate")
    fitting = _FITTING.get(period.period_type)
    if fitting is not None and often.periodicity not in (fitting, wire.Periodicity.ONCE):
        raise bad_parameter("frequency.periodicity", f"{often.periodicity!s} does not fit {period.period_type!s}")
    if often.periodicity is wire.Periodicity.WEEKLY and not often.days_in_week:
        raise bad_parameter("frequency.daysInWeek", "must name at least one day")
    if often.periodicity is wire.Periodicity.MONTHLY and not 1 <= (often.day_in_month or 0) <= 31:
        raise bad_parameter("frequency.dayInMonth", f"{often.day_in_month} is not 1 to 31")
