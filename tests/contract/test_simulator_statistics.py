"""Statistics of the simulator over HTTP: requesters, contexts, figures, files with their progress, and reports."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from aiopbx.errors import NotFound, RequestRefused
from aiopbx.o2g.types import statistics as wire
from aiopbx.o2g.types.pilots import DayOfWeek
from aiopbx.o2g.types.statistics_figures import (
    StatsAgentAttributes,
    StatsAgentByPilotAttributes,
    StatsPilotAbandonedCallsAttributes,
    StatsPilotAttributes,
)
from tests.contract.additions import AddedOperationRow, events, operations
from tests.contract.call_centre import BOB, PILOT, SALES, Case, Centre, centre_of
from tests.contract.rows import TypeRow, held

ROWS = {row.id: row for row in operations()}
CHAPTER = [row for row in events() if row.name == "OnAcdStatsProgress"]
TEAM = "Team A/1"
PILOTS = wire.StatsFilter(pilot_filter=wire.StatsPilotFilter(numbers=(PILOT,), attributes=(StatsPilotAttributes.ALL,)))
AGENTS = wire.StatsFilter(
    agent_filter=wire.StatsAgentFilter(
        numbers=("1001",),
        agent_attributes=(StatsAgentAttributes.NB_ACD_SERVED_CALLS, StatsAgentAttributes.CONV_ACD_T_DUR),
        pilot_attributes=(StatsAgentByPilotAttributes.NB_CALLS_SERVED,),
    )
)
GIVEN_UP = wire.StatsFilter(
    pilot_abandoned_call_filter=wire.StatsPilotAbandonedCallFilter(
        attributes=(StatsPilotAbandonedCallsAttributes.WAITING_TIME, StatsPilotAbandonedCallsAttributes.CALLER_NUMBER)
    )
)


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with centre_of() as centre:
        await scope(centre)
        yield centre


async def scope(centre: Centre, name: str = TEAM, zone: str = "Z") -> None:
    await centre.client.acd_statistics.create_scope(
        wire.StatsScope(
            supervisor=wire.Supervisor(identifier=name, language=wire.Language.EN, timezone=zone),
            agents=(wire.Supervised(number="1001"),),
        )
    )


async def context(centre: Centre, of: wire.StatsFilter = PILOTS, label: str = "Sales") -> str:
    found = await centre.client.acd_statistics.create_context(TEAM, wire.StatsContextRequest(label=label, filter=of))
    assert found.id is not None
    return found.id


def plan(name: str = "Weekly", **changes: Any) -> wire.StatsScheduleRequest:
    made: dict[str, Any] = {
        "name": name,
        "obs_period": wire.ScheduledSelPeriod(period_type=wire.ReportPeriodType.LAST_DAYS, last_nb=2),
        "frequency": wire.ReportFrequency(periodicity=wire.Periodicity.DAILY),
        "recipients": ("boss@example.com",),
        "file_type": wire.StatsFormat.CSV,
    }
    return wire.StatsScheduleRequest(**made | changes)


def a_morning(centre: Centre) -> None:
    """From nine: Bob talks for two minutes, and someone else gives up after half a minute."""
    ref = centre.calls()
    centre.after(5)
    centre.switch.answer(BOB, ref, "1001")
    waits = centre.calls(caller="0015550101")
    centre.after(30)
    centre.switch.external_hang_up(waits)
    centre.after(90)
    centre.switch.external_hang_up(ref)
    centre.after(3600)


# -- requesters and contexts ------------------------------------------------------------------------------------


async def scope_created(centre: Centre) -> None:
    await scope(centre, "Second")
    assert centre.world.simulator.server.statistics.scopes["Second"].agents == ("1001",)
    with pytest.raises(RequestRefused, match="1002 is not the number of an agent"):
        await centre.client.acd_statistics.create_scope(
            wire.StatsScope(
                supervisor=wire.Supervisor(identifier="x", language=wire.Language.EN, timezone="Z"),
                agents=(wire.Supervised(number="1002"),),
            )
        )


async def scope_read(centre: Centre) -> None:
    found = await centre.client.acd_statistics.scope(TEAM)
    assert (found.identifier, found.language, found.timezone) == (TEAM, "EN", "Z")
    with pytest.raises(NotFound, match="no requester"):
        await centre.client.acd_statistics.scope("nobody")


async def scope_deleted(centre: Centre) -> None:
    await context(centre)
    await centre.client.acd_statistics.delete_scope(TEAM)
    assert centre.world.simulator.server.statistics.scopes == {}
    with pytest.raises(NotFound):
        await centre.client.acd_statistics.delete_scope(TEAM)


async def context_created(centre: Centre) -> None:
    assert (await context(centre)) != (await context(centre, AGENTS))
    other = wire.StatsFilter(agent_filter=wire.StatsAgentFilter(numbers=("1000",)))
    with pytest.raises(RequestRefused, match="may not see the agent 1000"):
        await context(centre, other)


async def contexts_listed(centre: Centre) -> None:
    ids = [await context(centre, label=label) for label in ("One", "Two")]
    found = (await centre.client.acd_statistics.contexts(TEAM)).contexts
    assert [(one.ctx_id, one.label) for one in found] == [(ids[0], "One"), (ids[1], "Two")]


async def contexts_deleted(centre: Centre) -> None:
    await context(centre)
    await centre.client.acd_statistics.delete_contexts(TEAM)
    assert (await centre.client.acd_statistics.contexts(TEAM)).contexts == ()


async def context_read(centre: Centre) -> None:
    ctx_id = await context(centre, AGENTS)
    found = await centre.client.acd_statistics.context(TEAM, ctx_id)
    assert (found.filter, found.supervisor_id, found.is_scheduled) == (AGENTS, TEAM, False)
    with pytest.raises(NotFound, match="no context nothing"):
        await centre.client.acd_statistics.context(TEAM, "nothing")


async def context_changed(centre: Centre) -> None:
    ctx_id = await context(centre)
    await centre.client.acd_statistics.change_context(
        TEAM, ctx_id, wire.StatsContextRequest(label="New", filter=AGENTS)
    )
    found = await centre.client.acd_statistics.context(TEAM, ctx_id)
    assert (found.label, found.filter) == ("New", AGENTS)
    with pytest.raises(NotFound):
        await centre.client.acd_statistics.change_context(TEAM, "nothing", wire.StatsContextRequest(filter=AGENTS))


async def context_deleted(centre: Centre) -> None:
    ctx_id = await context(centre)
    await centre.client.acd_statistics.delete_context(TEAM, ctx_id)
    with pytest.raises(NotFound):
        await centre.client.acd_statistics.delete_context(TEAM, ctx_id)


# -- figures ----------------------------------------------------------------------------------------------------


async def figures_of_a_day(centre: Centre) -> None:
    a_morning(centre)
    ctx_id = await context(centre)
    found = await centre.client.acd_statistics.one_day(
        TEAM, ctx_id, date="2026-01-05", slot_type=wire.TimeInterval.HALF_AN_HOUR, format="json"
    )
    assert found is not None
    assert len(found.pilots_stats) == 48
    slots = {slot.time_slot: slot.rows[0] for slot in found.pilots_stats}
    assert slots["2026-01-05T08:30"].nb_calls_open == 0
    row = slots["2026-01-05T09:00"]
    assert (row.nb_calls_open, row.nb_calls_served_by_agent, row.nb_abandons) == (2, 1, 1)
    assert (row.conv_t_dur, row.conv_a_dur, row.longest_waiting_dur) == ("00:02:00", "00:02:00", "00:00:30")
    assert (row.service_level, row.efficiency, row.max_nb_simult_calls) == ("100", "50", 2)
    assert row.percent_abandons_before_ts3 == "100.0"
    with pytest.raises(RequestRefused, match="has not come yet"):
        await centre.client.acd_statistics.one_day(TEAM, ctx_id, date="2026-01-06", format="json")


async def figures_of_several_days(centre: Centre) -> None:
    a_morning(centre)
    ctx_id = await context(centre, AGENTS)
    centre.after(86_400 - 4000)
    a_morning(centre)
    again = await centre.another()
    found = await again.acd_statistics.several_days(TEAM, ctx_id, begin="2026-01-04", end="2026-01-06", format="json")
    assert found is not None
    (table,) = found.agents_stats
    rows = [(row.date, row.nb_acd_served_calls, row.conv_acd_t_dur) for row in table.rows]
    assert rows == [
        ("2026-01-04T00:00", 0, "00:00:00"),
        ("2026-01-05T00:00", 1, "00:02:00"),
        ("2026-01-06T00:00", 1, "00:02:00"),
    ]
    assert [one.nb_calls_served for one in table.rows[1].pilot_agent_stats_rows] == [1]
    assert (table.rows[0].last_name, table.rows[0].group) == ("Keller", SALES)
    assert table.rows[1].nb_ring_acd is None  # not asked for


# -- files ------------------------------------------------------------------------------------------------------


async def begun(centre: Centre, form: str = "csv", of: wire.StatsFilter = PILOTS) -> str:
    ctx_id = await context(centre, of)
    await centre.listen("acdstats")
    answer = await centre.client.acd_statistics.one_day(
        TEAM, ctx_id, date="2026-01-05", format=form, short_header=True, background=True
    )
    assert answer is None
    return ctx_id


async def cancelled(centre: Centre) -> None:
    ctx_id = await begun(centre)
    with pytest.raises(RequestRefused, match="one at a time"):
        await centre.client.acd_statistics.one_day(TEAM, ctx_id, date="2026-01-05", format="csv", background=True)
    await centre.client.acd_statistics.cancel_request(TEAM)
    centre.after(60)
    assert [event["step"] for event in centre.events()] == ["COLLECT", "CANCELLED"]
    with pytest.raises(RequestRefused, match="No file is being made"):
        await centre.client.acd_statistics.cancel_request(TEAM)


async def fetched(centre: Centre, form: str = "csv") -> bytes:
    a_morning(centre)
    await begun(centre, form)
    centre.after(10)
    ready = centre.events()[-1]
    async with await centre.client.statistics_files.statistics_file(ready["fullResPath"]) as download:
        packed = b"".join([chunk async for chunk in download])
    (name,) = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert name == f"statistics.{form}"
    return zipfile.ZipFile(io.BytesIO(packed)).read(name)


async def file_fetched(centre: Centre) -> None:
    content = await fetched(centre)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 24
    assert (rows[9]["date"], rows[9]["nbCallsOpen"], rows[9]["pilotName"]) == ("2026-01-05T09:00", "2", "Sales")
    with pytest.raises(RequestRefused, match="no such file"):
        await centre.client.statistics_files.statistics_file("/acd-report-files/Team/nothing.zip")


# -- reports ----------------------------------------------------------------------------------------------------


async def planned(centre: Centre) -> str:
    ctx_id = await context(centre)
    await centre.client.acd_statistics.create_schedule(TEAM, ctx_id, plan())
    return ctx_id


async def schedule_created(centre: Centre) -> None:
    ctx_id = await planned(centre)
    a_morning(centre)
    centre.after(86_400 - 7200 - 3600)
    ((name, recipients, content),) = centre.world.simulator.server.statistics.mails
    assert (name, recipients) == ("Weekly", ("boss@example.com",))
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["statistics.csv"]
    with pytest.raises(RequestRefused, match="a report Weekly already"):
        await (await centre.another()).acd_statistics.create_schedule(TEAM, ctx_id, plan())


async def schedules_listed(centre: Centre) -> None:
    ctx_id = await planned(centre)
    await centre.client.acd_statistics.create_schedule(TEAM, ctx_id, plan("Other"))
    found = (await centre.client.acd_statistics.schedules(TEAM, ctx_id)).schedules
    assert [one.name for one in found] == ["Weekly", "Other"]
    assert (await centre.client.acd_statistics.context(TEAM, ctx_id)).is_scheduled is True


async def schedule_read(centre: Centre) -> None:
    ctx_id = await planned(centre)
    found = await centre.client.acd_statistics.schedule(TEAM, ctx_id, "Weekly")
    assert (found.state, found.enable, found.recipients) == ("Not_executed", True, ("boss@example.com",))
    centre.after(16 * 3600)
    found = await centre.client.acd_statistics.schedule(TEAM, ctx_id, "Weekly")
    assert (found.state, found.last_exec_date) == ("Executed", "2026-01-06T00:00:00")
    with pytest.raises(NotFound, match="no report nothing"):
        await centre.client.acd_statistics.schedule(TEAM, ctx_id, "nothing")


async def schedule_changed(centre: Centre) -> None:
    ctx_id = await planned(centre)
    weekly = plan(
        "Monthly",
        obs_period=wire.ScheduledSelPeriod(period_type=wire.ReportPeriodType.LAST_WEEKS, last_nb=1),
        frequency=wire.ReportFrequency(periodicity=wire.Periodicity.WEEKLY, days_in_week=(DayOfWeek.WEDNESDAY,)),
    )
    await centre.client.acd_statistics.change_schedule(TEAM, ctx_id, "Weekly", weekly)
    assert [one.name for one in (await centre.client.acd_statistics.schedules(TEAM, ctx_id)).schedules] == ["Monthly"]
    centre.after(38 * 3600)
    assert centre.world.simulator.server.statistics.mails == []
    centre.after(3600)  # Wednesday
    assert len(centre.world.simulator.server.statistics.mails) == 1
    with pytest.raises(NotFound):
        await (await centre.another()).acd_statistics.change_schedule(TEAM, ctx_id, "Weekly", weekly)


async def schedule_deleted(centre: Centre) -> None:
    ctx_id = await planned(centre)
    await centre.client.acd_statistics.delete_schedule(TEAM, ctx_id, "Weekly")
    centre.after(86_000)
    assert centre.world.simulator.server.statistics.mails == []
    with pytest.raises(NotFound):
        await centre.client.acd_statistics.delete_schedule(TEAM, ctx_id, "Weekly")


async def schedule_enabled(centre: Centre) -> None:
    ctx_id = await planned(centre)
    await centre.client.acd_statistics.enable_schedule(TEAM, ctx_id, "Weekly", enable=False)
    centre.after(16 * 3600)
    assert centre.world.simulator.server.statistics.mails == []
    await centre.client.acd_statistics.enable_schedule(TEAM, ctx_id, "Weekly", enable=True)
    centre.after(23 * 3600)
    assert len(centre.world.simulator.server.statistics.mails) == 1


_NAME = "acd statistics {} /scope{}"
_ONE = "/{supervisorId}/ctx/{ctxId}"
_REPORT = _ONE + "/schedule/{scheduleName}"
CASES: dict[str, Case] = {
    _NAME.format("POST", ""): scope_created,
    _NAME.format("GET", "/{supervisorId}"): scope_read,
    _NAME.format("DELETE", "/{supervisorId}"): scope_deleted,
    _NAME.format("POST", "/{supervisorId}/ctx"): context_created,
    _NAME.format("GET", "/{supervisorId}/ctx"): contexts_listed,
    _NAME.format("DELETE", "/{supervisorId}/ctx"): contexts_deleted,
    _NAME.format("GET", _ONE): context_read,
    _NAME.format("PUT", _ONE): context_changed,
    _NAME.format("DELETE", _ONE): context_deleted,
    _NAME.format("GET", _ONE + "/days/data"): figures_of_several_days,
    _NAME.format("GET", _ONE + "/oneday/data"): figures_of_a_day,
    _NAME.format("DELETE", "/{supervisorId}/data/request"): cancelled,
    _NAME.format("POST", _ONE + "/schedule"): schedule_created,
    _NAME.format("GET", _ONE + "/schedule"): schedules_listed,
    _NAME.format("GET", _REPORT): schedule_read,
    _NAME.format("PUT", _REPORT): schedule_changed,
    _NAME.format("DELETE", _REPORT): schedule_deleted,
    _NAME.format("POST", _REPORT + "/enable"): schedule_enabled,
    "acd statistics GET {fullResPath}": file_fetched,
}


@held("O2G additions", "simulator", [ROWS[name] for name in CASES])
async def test_it_is_carried_out(row: AddedOperationRow, centre: Centre) -> None:
    await CASES[row.id](centre)


@held("O2G events of the additions", "simulator", CHAPTER)
async def test_the_event_tells_of_the_progress(row: TypeRow, centre: Centre) -> None:
    await begun(centre)
    centre.after(10)
    found = centre.events()
    assert {event["eventName"] for event in found} == {row.name}
    assert [(event["step"], event.get("nbProcessedObjects")) for event in found] == [
        ("COLLECT", 0),
        ("COLLECT", 1),
        ("PROCESSED", None),
        ("FORMATED", None),
    ]
    assert found[-1]["fullResPath"].startswith("/")


async def test_a_sheet_is_a_workbook(centre: Centre) -> None:
    tree = ElementTree.fromstring(await fetched(centre, "xls"))
    rows = [row for row in tree.iter() if row.tag.endswith("}Row")]
    assert len(rows) == 25


async def test_calls_that_were_given_up(centre: Centre) -> None:
    a_morning(centre)
    ctx_id = await context(centre, GIVEN_UP)
    found = await centre.client.acd_statistics.one_day(TEAM, ctx_id, date="2026-01-05", format="json")
    assert found is not None
    assert found.pilot_abandoned_calls is not None
    (row,) = found.pilot_abandoned_calls.rows
    assert (row.caller_number, row.waiting_time, row.pilot_number) == ("0015550101", 30, None)


async def test_days_are_those_of_who_asks(centre: Centre) -> None:
    """At nine in the evening, ten hours to the east, it is the next day."""
    await scope(centre, zone="+10")
    centre.after(12 * 3600)
    a_morning(centre)
    ctx_id = await context(centre)
    found = await centre.client.acd_statistics.one_day(TEAM, ctx_id, date="2026-01-06", format="json")
    assert found is not None
    assert [slot.time_slot for slot in found.pilots_stats if slot.rows[0].nb_calls_open] == ["2026-01-06T07:00"]
    assert datetime(2026, 1, 5, tzinfo=UTC) < centre.world.clock.utc()


async def test_a_context_that_is_deleted_takes_its_file_along(centre: Centre) -> None:
    ctx_id = await begun(centre)
    await centre.client.acd_statistics.delete_context(TEAM, ctx_id)
    assert [event["step"] for event in centre.events()] == ["COLLECT", "ERROR"]


async def test_a_mail_that_does_not_go_out(centre: Centre) -> None:
    ctx_id = await planned(centre)
    centre.world.simulator.server.statistics.mail_works = False
    centre.after(16 * 3600)
    found = await centre.client.acd_statistics.schedule(TEAM, ctx_id, "Weekly")
    assert found.state == "Failed_On_Send_Mail"


async def test_a_report_that_is_made_once_expires(centre: Centre) -> None:
    ctx_id = await context(centre)
    once = plan(
        obs_period=wire.ScheduledSelPeriod(
            period_type=wire.ReportPeriodType.FROM_DATE_TO_DATE, begin_date="2026-01-05", end_date="2026-01-05"
        ),
        frequency=wire.ReportFrequency(periodicity=wire.Periodicity.ONCE),
    )
    await centre.client.acd_statistics.create_schedule(TEAM, ctx_id, once)
    centre.after(20 * 3600)
    assert len(centre.world.simulator.server.statistics.mails) == 1
    await centre.client.acd_statistics.enable_schedule(TEAM, ctx_id, "Weekly", enable=True)
    assert (await centre.client.acd_statistics.schedule(TEAM, ctx_id, "Weekly")).state == "Expired"
