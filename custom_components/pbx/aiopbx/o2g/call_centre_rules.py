"""Rules of what servers after 2.2 can do, that are checked before anything is sent. Each raises ``InvalidInput``."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from ..errors import InvalidInput
from ..operations import Check
from ..wire import WireEnum
from .rules import check_associated_data, check_number
from .types.pilots import DayOfWeek, PilotOperatingMode
from .types.rsi import Tones
from .types.statistics import Language, Periodicity, ReportPeriodType, StatsFormat, TimeInterval

MOST_TRANSITIONS: Final = 10
"""Of a pilot in a day."""
OBSERVED: Final = (15, 60)
"""Minutes that figures in real time may be about."""
OFTENEST: Final = 5
"""Seconds between two events of the same object."""
MOST_DAYS: Final = 31
"""That statistics may be about."""
MOST_FILES: Final = 100
"""Of charging tickets in a request."""
FORMATS: Final = ("json", *StatsFormat)
LAST: Final = {
    ReportPeriodType.LAST_DAYS: (1, 31),
    ReportPeriodType.LAST_WEEKS: (1, 4),
    ReportPeriodType.LAST_MONTH: (1, 1),
}
"""Of how many days, weeks or months a report may be."""
_FITTING: Final = {
    ReportPeriodType.CURRENT_DAY: Periodicity.DAILY,
    ReportPeriodType.CURRENT_WEEK: Periodicity.WEEKLY,
    ReportPeriodType.CURRENT_MONTH: Periodicity.MONTHLY,
    ReportPeriodType.LAST_WEEKS: Periodicity.WEEKLY,
    ReportPeriodType.LAST_MONTH: Periodicity.MONTHLY,
    ReportPeriodType.FROM_DATE_TO_DATE: Periodicity.ONCE,
}
"""How often a report of a period is made; once always fits, and days fit everything."""
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_OFFSET: Final = re.compile(r"Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?")
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_DIGITS: Final = re.compile(r"[0-9A-D*#]+")

Given = Mapping[str, str | bool]


def day_text(given: date | str | None) -> str | None:
    """Return a day as ``20260131``; a text as it is."""
    return given.strftime("%Y%m%d") if isinstance(given, date) else given


def moment_text(given: date | str) -> str:
    """Return a time as ``2026-01-31 18:17``, a day with midnight; a text as it is."""
    return given.strftime("%Y-%m-%d %H:%M") if isinstance(given, date) else given


# ------------------------------------------------------------------------------------------------------- the parts


def _one_of(value: WireEnum | str | None, kind: type[WireEnum], field: str) -> None:
    if value is not None and value not in tuple(kind):
        raise InvalidInput(field, f"{str(value)!r} is not known.", remedy=f"It is one of {', '.join(kind)}.")


def _within(value: int | None, least: int, most: int | None, field: str, unit: str = "") -> None:
    if value is None or (value >= least and (most is None or value <= most)):
        return
    rule = f"It is {least} or more" if most is None else f"It is {least} to {most}" if most > least else f"It is {most}"
    raise InvalidInput(field, f"{value} is out of range.", remedy=f"{rule}{unit}.")


def _attributes(of: Any, field: str, attribute: str = "attributes") -> None:
    """Refuse figures that are not known: a server would leave them out, or refuse all, without a reason."""
    for one in getattr(of, attribute) if of is not None else ():
        if not one.listed:
            names = [str(known) for known in type(one)]
            likely = [name for name in names if name.lower() == one.lower()] or names[:6]
            raise InvalidInput(
                field, f"{str(one)!r} is no attribute.", remedy=f"There are {', '.join(likely)} and others, and ALL."
            )


def _day(text: str, field: str) -> date:
    if re.fullmatch(r"[0-9]{8}", text):
        try:
            return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day of the node
        except ValueError:
            pass
    raise InvalidInput(field, f"{text[:20]!r} is no day.", remedy="It is written as 20260131.")


def _moment(text: str, field: str) -> datetime:
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - on the clock of the node
        except ValueError:
            continue
    raise InvalidInput(field, f"{text[:20]!r} is no time.", remedy="It is written as 2026-01-31 18:17.")


def _ends(period: Any) -> tuple[tuple[str, str], tuple[str, str]]:
    return (period.begin_date, "beginDate"), (period.end_date, "endDate")


def _iso(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise InvalidInput(field, f"{text[:20]!r} is no date.", remedy="It is written as 2026-01-31T00:00.") from None


def _needs(value: object, field: str, remedy: str = "The server needs it.") -> None:
    if value is None or value in ("", ()):
        raise InvalidInput(field, "is missing.", remedy=remedy)


# ------------------------------------------------------------------------------------------ for declaring operations


def AT_LEAST_ONE(*names: str) -> Check:  # noqa: N802
    """Make a check that these numbers of the query are 1 or more."""

    def check(path: Mapping[str, str], query: Given, body: Any) -> None:
        for name in names:
            if name in query:
                text = str(query[name])
                _within(int(text) if text.lstrip("-").isdecimal() else 0, 1, None, name)

    check.__doc__ = f"Check that {' and '.join(f'``{name}``' for name in names)} is 1 or more."
    return check


def DAYS(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check days: both or none, written as 20260131, the first not after the last."""
    first, last = query.get("fromDate"), query.get("toDate")
    if first is None and last is None:
        return
    _needs(first, "fromDate", "It goes with toDate.")
    _needs(last, "toDate", "It goes with fromDate.")
    if _day(str(first), "fromDate") > _day(str(last), "toDate"):
        raise InvalidInput("toDate", "is before fromDate.", remedy="Give the earlier day first.")


def CHARGING(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check that tickets are chosen by days or by at most 100 files, not by both."""
    DAYS(path, query, body)
    files = query.get("files")
    if files is None:
        return
    if "fromDate" in query:
        raise InvalidInput("files", "does not go with days.", remedy="Choose by days, or by files.")
    count = str(files).count(",") + 1
    if count > MOST_FILES:
        raise InvalidInput("files", f"names {count} files.", remedy=f"At most {MOST_FILES} go with a request.")


def NEW_USERS(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check that users are taken in by their numbers, or all of a node, not both."""
    if body.all and body.device_numbers:
        raise InvalidInput("all", "does not go with deviceNumbers.", remedy="Name the numbers, or take in all.")
    if not body.all and not body.device_numbers:
        raise InvalidInput("deviceNumbers", "is missing.", remedy="Name at least one number, or say all.")
    for number in body.device_numbers:
        check_number(number, field="deviceNumbers")


def SKILLS(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check that at least one skill is named, by numbers."""
    _needs(body.skills, "skills", "Name at least one, by its number.")
    for skill in body.skills:
        _within(skill, 0, None, "skills")


def ON_A_DAY(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check the day of the week, a date, and the index of a transition, which is 1 to 10."""
    if "day" in path:
        _one_of(path["day"], DayOfWeek, "day")
    if "date" in path:
        _day(path["date"], "date")
    if "index" in path:
        index = path["index"]
        if not index.isdecimal() or not 1 <= int(index) <= MOST_TRANSITIONS:
            raise InvalidInput(
                "index",
                f"{index!r} is no transition.",
                remedy=f"A day has at most {MOST_TRANSITIONS} of them, and they are counted from 1.",
            )


def TRANSITION(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check a transition: its time written as 08:30, its rule, and a mode that is known."""
    _needs(body.time, "time", "It is written as 08:30.")
    if not _TIME.fullmatch(body.time):
        raise InvalidInput("time", f"{body.time[:20]!r} is no time of day.", remedy="It is written as 08:30.")
    _needs(body.rule_number, "ruleNumber", "It is the number of one of the pilot's rules.")
    _within(body.rule_number, 0, None, "ruleNumber")
    _needs(body.mode, "mode", f"It is one of {', '.join(PilotOperatingMode)}.")
    _one_of(body.mode, PilotOperatingMode, "mode")


TRANSITION.needs = ("time", "ruleNumber", "mode")  # type: ignore[attr-defined]


def DIGITS_WANTED(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check which digits are collected: how many, for how long, and which of them end it."""
    _needs(body.call_ref, "callRef")
    _within(body.num_chars, 1, None, "numChars")
    _within(body.timeout, 1, None, "timeout", " seconds")
    if body.flush_char is not None and (len(body.flush_char) != 1 or not _DIGITS.fullmatch(body.flush_char)):
        raise InvalidInput("flushChar", f"{body.flush_char[:9]!r} is not one key.", remedy="It is one of 0-9 A-D * #.")
    more = body.additional_criteria
    if more is None:
        return
    for name in ("abort_digits", "ignore_digits", "backspace_digits", "term_digits", "reset_digit", "reset_digits"):
        digits = getattr(more, name)
        if digits is not None and not _DIGITS.fullmatch(digits):
            raise InvalidInput(name, f"{digits[:20]!r} are no keys.", remedy="Keys are 0-9, A-D, * and #.")
    _within(more.start_timeout, 1, None, "startTimeout", " seconds")
    _within(more.digit_timeout, 1, None, "digitTimeout", " seconds")


def TONE(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check a tone: one that is known, for at least a second."""
    _needs(body.call_ref, "callRef")
    _one_of(body.type, Tones, "type")
    _one_of(body.tone, Tones, "tone")
    _within(body.duration, 1, None, "duration", " seconds")


def GUIDE(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check a voice guide: its number, and that it lasts at least a second."""
    _needs(body.call_ref, "callRef")
    _within(body.guide_number, 0, None, "guideNumber")
    _within(body.duration, 1, None, "duration", " seconds")


def ROUTE(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check a route: that its numbers can be dialled, and that its data is at most 32 bytes."""
    _needs(body.route_crid, "routeCrid")
    check_number(body.selected_route, field="selectedRoute")
    if body.calling_line is not None:
        check_number(body.calling_line, field="callingLine")
    if body.associated_data is not None:
        check_associated_data(body.associated_data)


def REAL_TIME(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check what is wanted in real time: over 15 to 60 minutes, every 5 seconds at most, and figures that exist."""
    _within(body.obs_period, *OBSERVED, "obsPeriod", " minutes")
    _within(body.notif_frequency, OFTENEST, None, "notifFrequency", " seconds")
    _needs(body.filter, "filter", "Say of what: agents, pilots, queues or groups.")
    wanted = body.filter
    for name, other in (("pg_agent_filter", "team_filter"), ("pg_other_filter", "other_pg_filter")):
        if getattr(wanted, name) is not None and getattr(wanted, other) is not None:
            raise InvalidInput(other, f"is another name of {name}.", remedy="Give one of them.")
    for name in ("agent", "pilot", "queue", "pg_agent", "team", "pg_other", "other_pg"):
        _attributes(getattr(wanted, f"{name}_filter"), f"{name}_filter.attributes")


def SCOPE(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check who asks for statistics: a name, a language, an offset from UTC such as +02, and at least one agent."""
    who = body.supervisor
    _needs((who.identifier or "").strip(), "identifier")
    _needs(who.language, "language")
    _one_of(who.language, Language, "language")
    _needs(who.timezone, "timezone", "It is such as +02, -01 or Z.")
    if not _OFFSET.fullmatch(who.timezone):
        raise InvalidInput("timezone", f"{who.timezone[:20]!r} is no offset.", remedy="It is such as +02, -01 or Z.")
    _needs(body.agents, "agents", "Name at least one agent.")
    for agent in body.agents:
        check_number(agent.number, field="agents.number")


def ONE_FILTER(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check that statistics are about agents, pilots or calls given up, one of them, and figures that exist."""
    of = body.filter
    given = [
        name
        for name in ("agent_filter", "pilot_filter", "pilot_abandoned_call_filter")
        if getattr(of, name) is not None
    ]
    if len(given) != 1:
        raise InvalidInput(
            "filter", f"has {len(given)} parts.", remedy="It is of agents, of pilots, or of calls that were given up."
        )
    name = given[0]
    one = getattr(of, name)
    if name == "agent_filter":
        _attributes(one, "agentFilter.agentAttributes", "agent_attributes")
        _attributes(one, "agentFilter.pilotAttributes", "pilot_attributes")
    else:
        _attributes(one, f"{name}.attributes")


def SPAN(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check what time statistics are about, at most 31 days, and in what form they are wanted."""
    form = str(query["format"])
    if form not in FORMATS:
        raise InvalidInput("format", f"{form[:20]!r} is not known.", remedy=f"It is one of {', '.join(FORMATS)}.")
    if query.get("async") is True and form == "json":
        raise InvalidInput("async", "does not go with json.", remedy="Only files are made in the background.")
    if "date" in query:
        _moment(str(query["date"]), "date")
        _one_of(None if "slotType" not in query else str(query["slotType"]), TimeInterval, "slotType")
        return
    first, last = _moment(str(query["begindate"]), "begindate"), _moment(str(query["enddate"]), "enddate")
    if last < first:
        raise InvalidInput("enddate", "is before begindate.", remedy="Give the earlier time first.")
    if last - first > timedelta(days=MOST_DAYS):
        raise InvalidInput(
            "enddate",
            f"is {(last - first).days} days after begindate.",
            remedy=f"At most {MOST_DAYS} days are answered.",
        )


def SCHEDULE(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check a report: whom it is mailed to, of what time it is, and that it is made as often as fits that."""
    _needs(body.name.strip(), "name")
    _needs(body.recipients, "recipients", "Name at least one mail address.")
    for address in body.recipients:
        if not _MAIL.fullmatch(address):
            raise InvalidInput("recipients", f"{address[:60]!r} is no mail address.", remedy="It has one @ in it.")
    _one_of(body.file_type, StatsFormat, "fileType")
    period, often = body.obs_period, body.frequency
    _one_of(period.period_type, ReportPeriodType, "obsPeriod.periodType")
    _one_of(often.periodicity, Periodicity, "frequency.periodicity")
    if period.period_type in LAST:
        _needs(period.last_nb, "obsPeriod.lastNb", f"{period.period_type} needs to know how many.")
        _within(period.last_nb, *LAST[period.period_type], "obsPeriod.lastNb")
    if period.period_type is ReportPeriodType.FROM_DATE_TO_DATE:
        _needs(period.begin_date, "obsPeriod.beginDate")
        _needs(period.end_date, "obsPeriod.endDate")
        first, last = (_iso(text, f"obsPeriod.{name}") for text, name in _ends(period))
        if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
            raise InvalidInput(
                "obsPeriod.endDate",
                f"is {(last - first).days} days after beginDate.",
                remedy=f"It is 0 to {MOST_DAYS - 1} days after it.",
            )
    fitting = _FITTING.get(period.period_type)
    if fitting is not None and often.periodicity not in (fitting, Periodicity.ONCE):
        raise InvalidInput(
            "frequency.periodicity",
            f"{often.periodicity} does not fit {period.period_type}.",
            remedy=f"It is {fitting}, or {Periodicity.ONCE}.",
        )
    if often.periodicity is Periodicity.MONTHLY:
        _needs(often.day_in_month, "frequency.dayInMonth")
    _within(often.day_in_month, 1, 31, "frequency.dayInMonth")
    if often.periodicity is Periodicity.WEEKLY:
        _needs(often.days_in_week, "frequency.daysInWeek")
    for day in often.days_in_week:
        _one_of(day, DayOfWeek, "frequency.daysInWeek")


def AT_THE_ROOT(path: Mapping[str, str], query: Given, body: Any) -> None:  # noqa: N802
    """Check that the path of a file stays on the server."""
    segments: Sequence[str] = path["fullResPath"].strip("/").split("/")
    if any(part in {"", ".", ".."} for part in segments) or "://" in path["fullResPath"]:
        raise InvalidInput("fullResPath", "is no path of a file.", remedy="Take it from OnAcdStatsProgress as it is.")
