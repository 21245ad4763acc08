"""What administrators deal with, over HTTP: incidents, users of the server, recorders, and reports by mail."""

import io
import logging
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aiopbx import (
    ActionNotAllowed,
    Call,
    CallState,
    Feature,
    InvalidInput,
    LineAdded,
    LineRemoved,
    NodeChanged,
    NotFound,
    NotReady,
    NotSupported,
    Offline,
    Pbx,
    Recurrence,
    ReportPeriod,
    ReportPlan,
    Reports,
    ReportState,
    RequestRefused,
    ServerStarted,
    TwinLinkChanged,
    Weekday,
)
from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.o2g import statistics
from aiopbx.simulator.faces.o2g.refusals import bad_parameter
from aiopbx.simulator.switch.settings import AgentSpec, PilotSpec, ProcessingGroupSpec, RecorderSpec, SwitchSettings
from tests.aiopbx.office import ADMIN, Diary, Office, Opened, office as simulated, until, user

ALICE, BOB, CAROL = "oxe1000", "oxe1001", "oxe1002"
SALES = "60"
RECORDERS = (
    RecorderSpec(name="Front", devices=("1000",), start="RECORD_ENTIRE_CALL"),
    RecorderSpec(name="All", devices=("1002",), on_demand=False),
)
PLAN = ReportPlan(
    name="Week",
    recipients=("anna@example.com",),
    period=ReportPeriod.LAST_WEEKS,
    count=1,
    recurrence=Recurrence.WEEKLY,
    weekdays=(Weekday.MONDAY,),
)


@asynccontextmanager
async def node(**more: Any) -> AsyncIterator[Office]:
    users = (
        UserSpec(login=ALICE, number="1000", first_name="Alice", last_name="Martin", agent=AgentSpec(groups=(SALES,))),
        UserSpec(login=BOB, number="1001", first_name="Bob", last_name="Diaz"),
        UserSpec(login=CAROL, number="1002", first_name="Carol", last_name="Weber"),
    )
    switch = SwitchSettings(
        recorders=RECORDERS,
        pilots=(PilotSpec(number="800", groups=(SALES,)),),
        processing_groups=(ProcessingGroupSpec(number=SALES),),
    )
    async with simulated(users=users, switch=switch, **more) as one:
        yield one


async def nothing_is_sent(one: Office, *attempts: tuple[Callable[[], Awaitable[Any]], str, str]) -> None:
    """Each of these is refused with this field and rule, before anything is sent."""
    before = one.simulator.server.requests
    for attempt, field, rule in attempts:
        with pytest.raises(InvalidInput) as refused:
            await attempt()
        assert refused.value.field == field, refused.value
        assert rule in str(refused.value)
        assert refused.value.remedy
    assert one.simulator.server.requests == before


# --------------------------------------------------------------------------------------------------------- incidents


async def test_incidents_of_a_node() -> None:
    async with node() as one:
        one.switch.nodes.link_down("1")
        one.switch.nodes.link_up("1")
        pbx = await one.connect(**ADMIN)
        assert {Feature.INCIDENTS, Feature.USERS, Feature.CALL_RECORDERS} <= pbx.features
        found = await pbx.incidents().list()
        assert found
        assert all(incident.node == "1" and incident.number and incident.text for incident in found)
        assert found[0].at is not None
        assert found[0].at.date() == one.clock.utc().date()
        assert found == tuple(sorted(found, key=lambda incident: incident.at or 0, reverse=True)), "the newest first"
        assert [incident async for incident in pbx.incidents(node=1, last=1)] == [found[0]]
        with pytest.raises(RequestRefused, match="no node"):
            await pbx.incidents(node=9).list()
        one.switch.nodes.link_down("1")
        with pytest.raises(NotReady, match="SSH"):
            await pbx.incidents().list()
        with pytest.raises(InvalidInput, match="last: 0 is out of range"):
            pbx.incidents(last=0)


# ------------------------------------------------------------------------------------------------------------- users


async def test_users_are_let_go_and_taken_in() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        diary = Diary(pbx, kind=(LineAdded, LineRemoved))
        assert set(await pbx.users.logins()) == {ALICE, BOB, CAROL}
        assert await pbx.users.logins(nodes=[1], device="1001") == (BOB,)
        assert await pbx.users.logins(nodes=["9"]) == ()
        bob = await pbx.users.get(BOB)
        assert (bob.login, bob.number, bob.name, bob.devices) == (BOB, "1001", "Bob Diaz", ("1001",))
        await pbx.users.delete(BOB)
        await until(lambda: BOB not in pbx.lines)
        with pytest.raises(NotFound):
            await pbx.users.get(BOB)
        (taken,) = await pbx.users.create("1001")
        assert taken == bob
        await until(lambda: BOB in pbx.lines)
        await until(lambda: diary.of(LineRemoved) and diary.of(LineAdded))
        assert [event.line for event in diary.of(LineRemoved)] == [BOB]
        assert [event.line for event in diary.of(LineAdded)] == [BOB]
        await pbx.users.delete(BOB)
        await pbx.users.delete(CAROL)
        assert {one.login for one in await pbx.users.create(all=True, node=1)} == {BOB, CAROL}


async def test_wrong_users_are_refused_before_anything_is_sent() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        users = pbx.users
        await nothing_is_sent(
            one,
            (lambda: users.create(), "numbers", "all=True"),
            (lambda: users.create("1001", all=True), "numbers", "all=True"),
            (lambda: users.create("call me"), "numbers", "call me"),
            (lambda: users.logins(nodes=["a;b"]), "nodes", "go by their numbers"),
            (lambda: users.logins(device="12x"), "device", "12x"),
            (lambda: users.get(" "), "login", "is empty"),
            (lambda: users.delete(""), "login", "is empty"),
        )


# --------------------------------------------------------------------------------------------------------- recorders


async def talking(pbx: Pbx, caller: str = "1000", called: str = "1001") -> Call:
    call = await pbx.line(caller).dial(called)
    assert call is not None
    await (await pbx.line(called).wait_for_call(timeout=5)).answer()
    await call.wait_for(CallState.ACTIVE, timeout=5)
    return call


async def test_a_call_is_recorded_on_demand() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        recording = pbx.call_recording
        front, everything = await recording.recorders()
        assert (front.name, front.connected, [device.number for device in front.devices]) == ("Front", True, ["1000"])
        assert await recording.devices() == ("1000", "1002")
        mine = await recording.device("1000")
        assert (mine.on_demand, mine.entire, mine.recorders) == (True, True, ("Front",))
        assert [device.on_demand for device in everything.devices] == [False]
        call = await talking(pbx)

        def state() -> str:
            return one.switch.recorders.state("1000", call.ref or "")

        assert await recording.start(call, entire=True) == mine
        assert state() == "RECORDING_IN_PROGRESS"
        await recording.pause(call)
        assert state() == "RECORDING_IN_PAUSE"
        await recording.resume(call, device="1000")
        assert state() == "RECORDING_IN_PROGRESS"
        with pytest.raises(RequestRefused, match="already"):
            await recording.start(call)
        await nothing_is_sent(one, (lambda: recording.start(call, device="4711"), "device", "4711"))
        await call.hold()
        await call.wait_for(CallState.HELD, timeout=5)
        held = one.simulator.server.requests
        with pytest.raises(ActionNotAllowed, match="the call is held"):
            await recording.pause(call)
        assert one.simulator.server.requests == held


async def test_a_user_records_the_own_calls() -> None:
    async with node() as one:
        pbx = await one.connect(**user(ALICE))
        assert Feature.CALL_RECORDERS in pbx.features
        assert Feature.INCIDENTS not in pbx.features
        one.switch.make_call(BOB, "1001", "1000", auto_answer=True)
        call = await pbx.line("1000").wait_for_call(timeout=5)
        await call.answer()
        await call.wait_for(CallState.ACTIVE, timeout=5)
        await pbx.call_recording.start(call)
        assert one.switch.recorders.state("1000", call.ref or "") == "RECORDING_IN_PROGRESS"
        for attempt in (pbx.incidents(node=1).list, pbx.users.logins, lambda: pbx.call_centre.reports("anna").list()):
            with pytest.raises(NotSupported) as refused:
                await attempt()  # type: ignore[operator]
            assert refused.value.remedy


# ----------------------------------------------------------------------------------------------------------- reports


async def a_day_later(one: Office) -> Reports:
    """The reports, seen by a new client: in a day without requests sessions end."""
    one.clock.advance(24 * 3600)
    return (await one.connect(**ADMIN)).call_centre.reports("anna")


async def test_a_report_is_made_and_mailed_by_itself() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        reports = pbx.call_centre.reports("anna")
        assert await reports.list() == ()
        daily = ReportPlan(
            name="Day", recipients=("anna@example.com", "bob@example.com"), recurrence=Recurrence.DAILY, format="xls"
        )
        made = await reports.create(daily, pilots=["800"], language="DE", timezone="+01")
        assert (made.plan, made.state, made.enabled, made.made_at) == (daily, ReportState.WAITING, True, None)
        week = await reports.create(PLAN, agents=["1000"])
        assert await reports.list() == (made, week)
        reports = await a_day_later(one)
        server = one.simulator.server.statistics
        assert [(name, to) for name, to, _ in server.mails] == [("Day", daily.recipients)]
        with zipfile.ZipFile(io.BytesIO(server.mails[0][2])) as archive:
            assert len(archive.namelist()) == 1
        after = await reports.get("Day")
        assert after.state is ReportState.MADE
        assert after.made_at is not None
        await reports.enable(made, False)
        assert not (await reports.get(made)).enabled
        reports = await a_day_later(one)
        assert len([name for name, *_ in server.mails if name == "Day"]) == 1
        server.mail_works = False
        await reports.enable("Day")
        reports = await a_day_later(one)
        assert (await reports.get("Day")).state is ReportState.NOT_MAILED
        changed = replace(daily, name="Every day", format="csv", recurrence=Recurrence.MONTHLY, day_of_month=1)
        changed = replace(changed, period=ReportPeriod.LAST_MONTH, count=1)
        assert (await reports.change("Day", changed)).plan == changed
        with pytest.raises(InvalidInput, match="no report 'Day'"):
            await reports.get("Day")
        await reports.delete(week)
        assert [report.name for report in await reports.list()] == ["Every day"]
        assert len(server.scopes["anna"].contexts) == 1, "what was made for a report goes with it"
        await reports.forget(all=True)
        assert "anna" not in server.scopes
        assert await reports.list() == ()


async def test_of_two_with_one_name_the_report_itself_is_given() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        reports = pbx.call_centre.reports("anna")
        first = await reports.create(PLAN, agents=["1000"])
        second = await reports.create(PLAN, pilots=["800"])
        with pytest.raises(InvalidInput, match="2 reports are named 'Week'"):
            await reports.delete("Week")
        await reports.delete(first)
        assert await reports.list() == (second,)


async def test_a_report_of_dates() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        today = one.clock.utc().date()
        plan = ReportPlan(
            name="Once",
            recipients=("anna@example.com",),
            period=ReportPeriod.DATES,
            first=today - timedelta(days=2),
            last=today,
        )
        made = await pbx.call_centre.reports("anna").create(plan, pilots=["800"], given_up=True)
        assert made.plan == plan


def but(**changes: Any) -> ReportPlan:
    return replace(PLAN, **changes)


TODAY = date(2026, 6, 1)
WRONG: dict[str, tuple[ReportPlan, str, str]] = {
    "no name": (but(name=" "), "name", "is missing"),
    "nobody": (but(recipients=()), "recipients", "at least one"),
    "no address": (but(recipients=("anna",)), "recipients", "It has one @"),
    "no such file": (but(format="pdf"), "format", "csv, xls"),
    "no count": (but(count=None), "count", "how many"),
    "five weeks": (but(count=5), "count", "1 to 4"),
    "32 days": (but(period=ReportPeriod.LAST_DAYS, count=32), "count", "1 to 31"),
    "two months": (but(period=ReportPeriod.LAST_MONTH, count=2, recurrence=Recurrence.ONCE), "count", "It is 1"),
    "a week every day": (but(recurrence=Recurrence.DAILY), "recurrence", "does not fit"),
    "no weekday": (but(weekdays=()), "weekdays", "is missing"),
    "no day of the month": (
        but(period=ReportPeriod.CURRENT_MONTH, recurrence=Recurrence.MONTHLY),
        "day_of_month",
        "is missing",
    ),
    "the 32nd": (
        but(period=ReportPeriod.CURRENT_MONTH, recurrence=Recurrence.MONTHLY, day_of_month=32),
        "day_of_month",
        "1 to 31",
    ),
    "no first day": (but(period=ReportPeriod.DATES, recurrence=Recurrence.ONCE, last=TODAY), "first", "is missing"),
    "backwards": (
        but(period=ReportPeriod.DATES, recurrence=Recurrence.ONCE, first=TODAY, last=TODAY - timedelta(days=1)),
        "last",
        "0 to 30 days",
    ),
    "32 days by date": (
        but(period=ReportPeriod.DATES, recurrence=Recurrence.ONCE, first=TODAY, last=TODAY + timedelta(days=31)),
        "last",
        "0 to 30 days",
    ),
    "no period": (but(period=ReportPeriod.UNKNOWN), "period", "current_day"),
    "no recurrence": (but(recurrence=Recurrence.UNKNOWN), "recurrence", "daily"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_report_is_refused_before_anything_is_sent(what: str) -> None:
    plan, field, rule = WRONG[what]
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        reports = pbx.call_centre.reports("anna")
        await nothing_is_sent(one, (lambda: reports.create(plan, agents=["1000"]), field, rule))


async def test_what_a_report_is_made_of_is_looked_at_too() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        reports = pbx.call_centre.reports("anna")
        await nothing_is_sent(
            one,
            (lambda: reports.create(PLAN), "agents", "both missing"),
            (lambda: reports.create(PLAN, agents=["1000"], pilots=["800"]), "agents", "both given"),
            (lambda: reports.create(PLAN, agents=["1000"], given_up=True), "pilots", "are missing"),
            (
                lambda: reports.create(PLAN, agents=["1000"], figures=["nbOfMiracles"]),
                "figures",
                "ALL",
            ),
            (lambda: reports.forget(), "all", "all=True"),
        )
        with pytest.raises(InvalidInput, match="requester: is empty"):
            pbx.call_centre.reports(" ")


async def test_a_report_that_the_server_refuses_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        reports = pbx.call_centre.reports("anna")
        await reports.create(PLAN, agents=["1000"])
        with pytest.raises(RequestRefused):
            await reports.create(but(name="Other"), pilots=["4711"])

        def full(request: object) -> None:
            raise bad_parameter("name", "there are too many reports")

        monkeypatch.setattr(statistics, "check_schedule", full)
        with pytest.raises(RequestRefused, match="too many"):
            await reports.create(but(name="Third"), agents=["1000"])
        assert len(one.simulator.server.statistics.scopes["anna"].contexts) == 1


async def test_pilots_alone_have_statistics_too() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        today = one.clock.utc().date()
        async with pbx.call_centre.statistics("bert", pilots=["800"]) as figures:
            (row,) = await figures.days(today, today).list()
            assert row.number == "800"


# ------------------------------------------------------------------------------------------------------- maintenance


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "aiopbx.o2g.apply"]


async def test_links_to_nodes_are_events_and_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="aiopbx.o2g.apply")
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        diary = Diary(pbx, kind=NodeChanged)
        one.switch.nodes.link_down("1")
        await until(lambda: pbx.nodes["1"].connected is False)
        one.switch.nodes.link_up("1")
        await until(lambda: pbx.nodes["1"].connected)
        one.switch.nodes.management_link_down("1")
        await until(lambda: pbx.nodes["1"].management_link is False)
        one.switch.nodes.management_link_up("1")
        await until(lambda: pbx.nodes["1"].management_link)
        await one.caught_up(pbx)
        assert [event.node.connected for event in diary.of(NodeChanged)][:2] == [False, True]
        assert [event.node.management_link for event in diary.of(NodeChanged)][-2:] == [False, True]
    assert logged(caplog) == [
        ("WARNING", "The server has lost its link to node 1 (events and calls)"),
        ("INFO", "The server has its link to node 1 again (events and calls)"),
        ("WARNING", "The server has lost its link to node 1 (management)"),
        ("INFO", "The server has its link to node 1 again (management)"),
    ]


async def test_the_other_server_and_a_start_are_events_and_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="aiopbx.o2g.apply")
    async with node(ha=True) as one:
        pbx = await one.connect(**ADMIN)
        diary = Diary(pbx, kind=(TwinLinkChanged, ServerStarted))
        await one.simulator.take_down("secondary")
        await until(lambda: pbx.nodes.snapshot.twin_connected is False)
        await one.simulator.bring_back("secondary", in_charge=False)
        await until(lambda: pbx.nodes.snapshot.twin_connected)
        one.simulator.announce_start()
        await until(lambda: diary.of(ServerStarted))
        assert [event.connected for event in diary.of(TwinLinkChanged)] == [False, True]
        (host,) = {event.host for event in diary.of(TwinLinkChanged)}
        server = diary.of(ServerStarted)[0].server
    assert logged(caplog) == [
        ("WARNING", f"The server does not reach the other one of its pair ({host})"),
        ("INFO", f"The server reaches the other one of its pair again ({host})"),
        ("INFO", f"The server has started: {server}"),
    ]


async def test_offline_nothing_is_asked() -> None:
    async with node() as one:
        pbx = await one.connect(**ADMIN)
        await pbx.close()
        for attempt in (pbx.incidents(node=1).list, pbx.users.logins, pbx.call_recording.devices):
            with pytest.raises(Offline):
                await attempt()  # type: ignore[operator]


@pytest.mark.office("bridge")
async def test_over_a_bridge_it_is_absent_and_nothing_is_asked(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        attempts: tuple[Callable[[], Awaitable[Any]], ...] = (
            pbx.incidents(node=1).list,
            pbx.charging(node=1).list,
            pbx.users.logins,
            pbx.call_recording.devices,
            pbx.call_centre.objects,
            pbx.call_centre.reports("anna").list,
            pbx.pilots.list,
            pbx.pilots.watch("800").start,
            lambda: pbx.pilots.transfer_info("800", line="1000"),
            pbx.routing_points,
        )
        await one.caught_up(pbx)
        before = one.simulator.server.requests
        for attempt in attempts:
            with pytest.raises(NotSupported):
                await attempt()
        assert one.simulator.server.requests == before
        assert Feature.CALL_CENTRE not in pbx.features
