"""Each rule of what servers after 2.2 can do: what breaks it is refused with the field, and with what is right."""

from collections.abc import Callable
from typing import Any

import pytest

from aiopbx.errors import InvalidInput
from aiopbx.o2g import call_centre_rules as rules
from aiopbx.o2g.types import agent, pilots, real_time as rti, real_time_figures as figures, rsi, statistics as stats
from aiopbx.o2g.types.statistics_figures import (
    StatsAgentAttributes,
    StatsAgentByPilotAttributes,
    StatsPilotAbandonedCallsAttributes,
    StatsPilotAttributes,
)
from aiopbx.o2g.types.user_management import CreateUsersRequest

NORMAL = pilots.PilotOperatingMode.NORMAL
EVERYTHING = rti.RtiQueueFilter(attributes=(figures.RtiQueueAttributes.ALL,))
SPAN = {"format": "json", "begindate": "2026-01-01", "enddate": "2026-01-02"}


def transition(**changes: Any) -> pilots.PilotTransition:
    return pilots.PilotTransition(**{"time": "08:30", "rule_number": 1, "mode": NORMAL, **changes})


def digits(**changes: Any) -> rsi.StartDataCollectionRequest:
    return rsi.StartDataCollectionRequest(**{"call_ref": "c1", "num_chars": 1, **changes})


def meaning(**more: Any) -> rsi.StartDataCollectionRequest:
    return digits(additional_criteria=rsi.AdditionalDigitCollectionCriteria(**more))


def tone(**changes: Any) -> rsi.PlayToneRequest:
    return rsi.PlayToneRequest(**{"call_ref": "c1", "type": rsi.Tones.BUSY, "duration": 5, **changes})


def guide(**changes: Any) -> rsi.PlayVoiceGuideRequest:
    return rsi.PlayVoiceGuideRequest(**{"call_ref": "c1", "guide_number": 1, **changes})


def route(**changes: Any) -> rsi.RouteSelect:
    return rsi.RouteSelect(**{"route_crid": "r1", "selected_route": "1002", **changes})


def context(period: int = 15, often: int = 5, **filters: Any) -> rti.RtiContext:
    wanted = rti.RtiFilter(**(filters or {"queue_filter": EVERYTHING}))
    return rti.RtiContext(obs_period=period, notif_frequency=often, filter=wanted)


def scope(number: str | None = "1000", **changes: Any) -> stats.StatsScope:
    who = {"identifier": "anna", "language": stats.Language.EN, "timezone": "+02", **changes}
    agents = (stats.Supervised(number=number),) if number is not None else ()
    return stats.StatsScope(supervisor=stats.Supervisor(**who), agents=agents)


def wanted(**filters: Any) -> stats.StatsContextRequest:
    return stats.StatsContextRequest(filter=stats.StatsFilter(**filters))


def report(period: Any = stats.ReportPeriodType.CURRENT_DAY, often: Any = stats.Periodicity.DAILY, **more: Any) -> Any:
    of = {name: more.pop(name) for name in ("last_nb", "begin_date", "end_date") if name in more}
    when = {name: more.pop(name) for name in ("days_in_week", "day_in_month") if name in more}
    given = {"name": "x", "recipients": ("a@example.com",), "file_type": stats.StatsFormat.CSV, **more}
    return stats.StatsScheduleRequest(
        obs_period=stats.ScheduledSelPeriod(period_type=period, **of),
        frequency=stats.ReportFrequency(periodicity=often, **when),
        **given,
    )


PERIOD, OFTEN = stats.ReportPeriodType, stats.Periodicity
DATES = {"period": PERIOD.FROM_DATE_TO_DATE, "often": OFTEN.ONCE}
FINE: list[tuple[str, dict[str, str], dict[str, Any], Any]] = [
    ("AT_LEAST_ONE", {}, {"top": "1"}, None),
    ("DAYS", {}, {"fromDate": "20260131", "toDate": "20260131"}, None),
    ("CHARGING", {}, {"files": ",".join(["f"] * 100)}, None),
    ("NEW_USERS", {}, {}, CreateUsersRequest(node_id=1, all=True)),
    ("SKILLS", {}, {}, agent.AgentSkillActivation(skills=(0, 3))),
    ("ON_A_DAY", {"day": "monday", "index": "10"}, {}, None),
    ("TRANSITION", {}, {}, transition(time="23:59", rule_number=0)),
    ("DIGITS_WANTED", {}, {}, meaning(abort_digits="*", term_digits="#", start_timeout=1)),
    ("TONE", {}, {}, tone()),
    ("GUIDE", {}, {}, guide(duration=1)),
    ("ROUTE", {}, {}, route(calling_line="1000", associated_data="x" * 32)),
    ("REAL_TIME", {}, {}, context(60, 5)),
    ("SCOPE", {}, {}, scope(timezone="Z")),
    ("ONE_FILTER", {}, {}, wanted(pilot_filter=stats.StatsPilotFilter(attributes=(StatsPilotAttributes("ALL"),)))),
    ("SPAN", {}, SPAN | {"enddate": "2026-01-31"}, None),
    ("SCHEDULE", {}, {}, report(begin_date="2026-01-01T00:00", end_date="2026-01-31T00:00", **DATES)),
    ("AT_THE_ROOT", {"fullResPath": "/files/anna/x.zip"}, {}, None),
]
WRONG: list[tuple[str, dict[str, str], dict[str, Any], Any, str, str]] = [
    ("AT_LEAST_ONE", {}, {"top": "0"}, None, "top", "1 or more"),
    ("AT_LEAST_ONE", {}, {"top": "x"}, None, "top", "1 or more"),
    ("DAYS", {}, {"toDate": "20260131"}, None, "fromDate", "toDate"),
    ("DAYS", {}, {"fromDate": "20260131"}, None, "toDate", "fromDate"),
    ("DAYS", {}, {"fromDate": "31.1.2026", "toDate": "20260131"}, None, "fromDate", "20260131"),
    ("DAYS", {}, {"fromDate": "20260101", "toDate": "20260231"}, None, "toDate", "20260131"),
    ("DAYS", {}, {"fromDate": "20260102", "toDate": "20260101"}, None, "toDate", "earlier"),
    ("CHARGING", {}, {"files": "a", "fromDate": "20260101", "toDate": "20260101"}, None, "files", "by days"),
    ("CHARGING", {}, {"files": ",".join(["f"] * 101)}, None, "files", "At most 100"),
    ("NEW_USERS", {}, {}, CreateUsersRequest(node_id=1), "deviceNumbers", "say all"),
    ("NEW_USERS", {}, {}, CreateUsersRequest(node_id=1, all=True, device_numbers=("1",)), "all", "numbers"),
    ("NEW_USERS", {}, {}, CreateUsersRequest(node_id=1, device_numbers=("Bob",)), "deviceNumbers", "1 to 49"),
    ("SKILLS", {}, {}, agent.AgentSkillActivation(skills=()), "skills", "at least one"),
    ("SKILLS", {}, {}, agent.AgentSkillActivation(skills=(-1,)), "skills", "0 or more"),
    ("ON_A_DAY", {"day": "Monday"}, {}, None, "day", "monday"),
    ("ON_A_DAY", {"date": "2026-12-24"}, {}, None, "date", "20260131"),
    ("ON_A_DAY", {"day": "monday", "index": "11"}, {}, None, "index", "at most 10"),
    ("ON_A_DAY", {"date": "20261224", "index": "0"}, {}, None, "index", "from 1"),
    ("TRANSITION", {}, {}, transition(time=None), "time", "08:30"),
    ("TRANSITION", {}, {}, transition(time="8:30"), "time", "08:30"),
    ("TRANSITION", {}, {}, transition(rule_number=None), "ruleNumber", "rules"),
    ("TRANSITION", {}, {}, transition(rule_number=-1), "ruleNumber", "0 or more"),
    ("TRANSITION", {}, {}, transition(mode=None), "mode", "forward"),
    ("TRANSITION", {}, {}, transition(mode=pilots.PilotOperatingMode("open")), "mode", "forward"),
    ("DIGITS_WANTED", {}, {}, digits(call_ref=""), "callRef", "needs it"),
    ("DIGITS_WANTED", {}, {}, digits(num_chars=0), "numChars", "1 or more"),
    ("DIGITS_WANTED", {}, {}, digits(timeout=0), "timeout", "1 or more seconds"),
    ("DIGITS_WANTED", {}, {}, digits(flush_char="##"), "flushChar", "one of"),
    *(
        ("DIGITS_WANTED", {}, {}, meaning(**{name: "x"}), name, "0-9, A-D")
        for name in ("abort_digits", "ignore_digits", "backspace_digits", "term_digits", "reset_digit", "reset_digits")
    ),
    ("DIGITS_WANTED", {}, {}, meaning(start_timeout=0), "startTimeout", "1 or more seconds"),
    ("DIGITS_WANTED", {}, {}, meaning(digit_timeout=0), "digitTimeout", "1 or more seconds"),
    ("TONE", {}, {}, tone(call_ref=""), "callRef", "needs it"),
    ("TONE", {}, {}, tone(type=rsi.Tones("BEEP")), "type", "MUSIC"),
    ("TONE", {}, {}, tone(tone=rsi.Tones("BEEP")), "tone", "MUSIC"),
    ("TONE", {}, {}, tone(duration=0), "duration", "1 or more seconds"),
    ("GUIDE", {}, {}, guide(call_ref=""), "callRef", "needs it"),
    ("GUIDE", {}, {}, guide(guide_number=-1), "guideNumber", "0 or more"),
    ("GUIDE", {}, {}, guide(duration=0), "duration", "1 or more seconds"),
    ("ROUTE", {}, {}, route(route_crid=""), "routeCrid", "needs it"),
    ("ROUTE", {}, {}, route(selected_route="nobody"), "selectedRoute", "1 to 49"),
    ("ROUTE", {}, {}, route(calling_line="nobody"), "callingLine", "1 to 49"),
    ("ROUTE", {}, {}, route(associated_data="x" * 33), "associatedData", "32 bytes"),
    ("REAL_TIME", {}, {}, context(14), "obsPeriod", "15 to 60 minutes"),
    ("REAL_TIME", {}, {}, context(61), "obsPeriod", "15 to 60 minutes"),
    ("REAL_TIME", {}, {}, context(15, 4), "notifFrequency", "5 or more seconds"),
    ("REAL_TIME", {}, {}, rti.RtiContext(obs_period=15, notif_frequency=5), "filter", "agents"),
    *(
        ("REAL_TIME", {}, {}, context(**{a: kind(), b: kind()}), b, "one of them")
        for a, b, kind in (
            ("pg_agent_filter", "team_filter", rti.RtiAgentProcessingGroupFilter),
            ("pg_other_filter", "other_pg_filter", rti.RtiOtherProcessingGroupFilter),
        )
    ),
    *(
        ("REAL_TIME", {}, {}, context(**{name: kind(attributes=(of("Miracles"),))}), f"{name}.attributes", "and ALL")
        for name, kind, of in (
            ("agent_filter", rti.RtiAgentFilter, figures.RtiAgentAttributes),
            ("pilot_filter", rti.RtiPilotFilter, figures.RtiPilotAttributes),
            ("queue_filter", rti.RtiQueueFilter, figures.RtiQueueAttributes),
            ("pg_agent_filter", rti.RtiAgentProcessingGroupFilter, figures.RtiAgentProcessingGroupAttributes),
            ("team_filter", rti.RtiAgentProcessingGroupFilter, figures.RtiAgentProcessingGroupAttributes),
            ("pg_other_filter", rti.RtiOtherProcessingGroupFilter, figures.RtiOtherProcessingGroupAttributes),
            ("other_pg_filter", rti.RtiOtherProcessingGroupFilter, figures.RtiOtherProcessingGroupAttributes),
        )
    ),
    ("SCOPE", {}, {}, scope(identifier=" "), "identifier", "needs it"),
    ("SCOPE", {}, {}, scope(language=None), "language", "needs it"),
    ("SCOPE", {}, {}, scope(language=stats.Language("IT")), "language", "EN, FR, DE"),
    ("SCOPE", {}, {}, scope(timezone=None), "timezone", "+02"),
    ("SCOPE", {}, {}, scope(timezone="Europe/Berlin"), "timezone", "+02"),
    ("SCOPE", {}, {}, scope(None), "agents", "at least one"),
    ("SCOPE", {}, {}, scope("Bob"), "agents.number", "1 to 49"),
    ("ONE_FILTER", {}, {}, wanted(), "filter", "of agents, of pilots"),
    (
        "ONE_FILTER",
        {},
        {},
        wanted(agent_filter=stats.StatsAgentFilter(), pilot_filter=stats.StatsPilotFilter()),
        "filter",
        "of agents, of pilots",
    ),
    *(
        ("ONE_FILTER", {}, {}, wanted(**{name: part}), field, "and ALL")
        for name, part, field in (
            (
                "agent_filter",
                stats.StatsAgentFilter(agent_attributes=(StatsAgentAttributes("Miracles"),)),
                "agentFilter.agentAttributes",
            ),
            (
                "agent_filter",
                stats.StatsAgentFilter(pilot_attributes=(StatsAgentByPilotAttributes("Miracles"),)),
                "agentFilter.pilotAttributes",
            ),
            (
                "pilot_filter",
                stats.StatsPilotFilter(attributes=(StatsPilotAttributes("Miracles"),)),
                "pilot_filter.attributes",
            ),
            (
                "pilot_abandoned_call_filter",
                stats.StatsPilotAbandonedCallFilter(attributes=(StatsPilotAbandonedCallsAttributes("Miracles"),)),
                "pilot_abandoned_call_filter.attributes",
            ),
        )
    ),
    ("SPAN", {}, SPAN | {"format": "pdf"}, None, "format", "json, csv, xls"),
    ("SPAN", {}, SPAN | {"async": True}, None, "async", "files"),
    ("SPAN", {}, {"format": "json", "date": "1.1.2026"}, None, "date", "2026-01-31"),
    ("SPAN", {}, {"format": "json", "date": "2026-01-01", "slotType": "hour"}, None, "slotType", "anHour"),
    ("SPAN", {}, SPAN | {"begindate": "1.1.2026"}, None, "begindate", "2026-01-31"),
    ("SPAN", {}, SPAN | {"enddate": "1.1.2026"}, None, "enddate", "2026-01-31"),
    ("SPAN", {}, SPAN | {"enddate": "2025-12-31"}, None, "enddate", "earlier"),
    ("SPAN", {}, SPAN | {"enddate": "2026-02-02"}, None, "enddate", "At most 31"),
    ("SCHEDULE", {}, {}, report(name=" "), "name", "needs it"),
    ("SCHEDULE", {}, {}, report(recipients=()), "recipients", "at least one"),
    ("SCHEDULE", {}, {}, report(recipients=("anna",)), "recipients", "one @"),
    ("SCHEDULE", {}, {}, report(file_type=stats.StatsFormat("pdf")), "fileType", "csv, xls"),
    ("SCHEDULE", {}, {}, report(PERIOD("nextWeek")), "obsPeriod.periodType", "lastWeeks"),
    ("SCHEDULE", {}, {}, report(often=OFTEN("hourly")), "frequency.periodicity", "daily"),
    ("SCHEDULE", {}, {}, report(PERIOD.LAST_DAYS), "obsPeriod.lastNb", "how many"),
    ("SCHEDULE", {}, {}, report(PERIOD.LAST_DAYS, last_nb=32), "obsPeriod.lastNb", "1 to 31"),
    ("SCHEDULE", {}, {}, report(PERIOD.LAST_WEEKS, last_nb=5), "obsPeriod.lastNb", "1 to 4"),
    ("SCHEDULE", {}, {}, report(PERIOD.LAST_MONTH, last_nb=2), "obsPeriod.lastNb", "It is 1."),
    ("SCHEDULE", {}, {}, report(end_date="2026-01-01", **DATES), "obsPeriod.beginDate", "needs it"),
    ("SCHEDULE", {}, {}, report(begin_date="2026-01-01", **DATES), "obsPeriod.endDate", "needs it"),
    (
        "SCHEDULE",
        {},
        {},
        report(begin_date="1.1.2026", end_date="2026-01-01", **DATES),
        "obsPeriod.beginDate",
        "2026-01-31",
    ),
    (
        "SCHEDULE",
        {},
        {},
        report(begin_date="2026-01-01", end_date="2026-02-01", **DATES),
        "obsPeriod.endDate",
        "0 to 30 days",
    ),
    *(
        ("SCHEDULE", {}, {}, report(period, often, last_nb=1, day_in_month=1), "frequency.periodicity", fits)
        for period, often, fits in (
            (PERIOD.CURRENT_DAY, OFTEN.WEEKLY, "daily, or once"),
            (PERIOD.CURRENT_WEEK, OFTEN.DAILY, "weekly, or once"),
            (PERIOD.CURRENT_MONTH, OFTEN.WEEKLY, "monthly, or once"),
            (PERIOD.LAST_WEEKS, OFTEN.MONTHLY, "weekly, or once"),
            (PERIOD.LAST_MONTH, OFTEN.DAILY, "monthly, or once"),
        )
    ),
    ("SCHEDULE", {}, {}, report(PERIOD.CURRENT_MONTH, OFTEN.MONTHLY), "frequency.dayInMonth", "needs it"),
    (
        "SCHEDULE",
        {},
        {},
        report(PERIOD.CURRENT_MONTH, OFTEN.MONTHLY, day_in_month=32),
        "frequency.dayInMonth",
        "1 to 31",
    ),
    ("SCHEDULE", {}, {}, report(PERIOD.CURRENT_WEEK, OFTEN.WEEKLY), "frequency.daysInWeek", "needs it"),
    (
        "SCHEDULE",
        {},
        {},
        report(PERIOD.CURRENT_WEEK, OFTEN.WEEKLY, days_in_week=(pilots.DayOfWeek("Monday"),)),
        "frequency.daysInWeek",
        "monday",
    ),
    ("AT_THE_ROOT", {"fullResPath": "/files/../x"}, {}, None, "fullResPath", "as it is"),
    ("AT_THE_ROOT", {"fullResPath": "http://other.example.com/x"}, {}, None, "fullResPath", "as it is"),
]


def rule(name: str) -> Callable[[Any, Any, Any], None]:
    made: Any = getattr(rules, name)
    return made("top") if name == "AT_LEAST_ONE" else made  # type: ignore[no-any-return]


def test_every_rule_is_here() -> None:
    declared = {name for name, value in vars(rules).items() if name.isupper() and callable(value)}
    assert {one[0] for one in FINE} == {one[0] for one in WRONG} == declared


@pytest.mark.parametrize(("name", "path", "query", "body"), FINE, ids=[one[0] for one in FINE])
def test_what_is_right_passes(name: str, path: Any, query: Any, body: Any) -> None:
    rule(name)(path, query, body)


@pytest.mark.parametrize(
    ("name", "path", "query", "body", "field", "right"),
    WRONG,
    ids=[f"{one[0]}-{one[4]}-{number}" for number, one in enumerate(WRONG)],
)
def test_what_is_wrong_is_refused(name: str, path: Any, query: Any, body: Any, field: str, right: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rule(name)(path, query, body)
    assert refused.value.field == field
    assert right in (refused.value.remedy or "")
    assert "\n" not in str(refused.value)
