"""The call centre of the simulated PBX, as the model has it: over HTTP, with events on the channel."""

import asyncio
import importlib.util
import io
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aiopbx import (
    CallState,
    Digits,
    Feature,
    InvalidInput,
    NotSupported,
    Pbx,
    PilotMode,
    RouteRequest,
    Slot,
    StatisticsProgress,
    StatisticsStep,
    UnknownLine,
    WaitingChange,
    WaitingChanged,
    Weekday,
)
from tests.aiopbx.office import ADMIN, Office, opened, until, user

ALICE, BOB = "oxe1000", "oxe1001"
CALLER, PILOT, POINT, SALES = "0015550100", "800", "700", "60121"


def agent(number: str, name: str, kind: str) -> dict[str, Any]:
    return {
        "login": f"oxe{number}",
        "number": number,
        "first_name": name,
        "last_name": "Agent",
        "agent": {"type": kind, "groups": [SALES], "preferred": SALES, "headset": True},
    }


SETTINGS: dict[str, Any] = {
    "users": [
        agent("1000", "Alice", "SUPERVISOR"),
        agent("1001", "Bob", "AGENT"),
        {"login": "oxe1002", "number": "1002", "first_name": "Carol", "last_name": "Diaz"},
    ],
    "switch": {
        "pilots": [
            {
                "number": PILOT,
                "name": "Sales",
                "groups": [SALES],
                "rules": [{"number": 2, "name": "All", "groups": [SALES]}],
            }
        ],
        "processing_groups": [{"number": SALES}],
        "routing_points": [{"number": POINT, "name": "Front door", "overflow": "1002"}],
    },
}


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with opened(Office, **SETTINGS) as one:
        one.switch.agent_log_on(ALICE, "1000", SALES)
        one.switch.agent_log_on(BOB, "1001", SALES)
        one.switch.agent_pause(ALICE)
        yield one


async def turned(one: Office, seconds: float = 5) -> None:
    """Turn the clock in small steps, and let everything arrive."""
    for _ in range(int(seconds * 2)):
        one.clock.advance(0.5)
        await asyncio.sleep(0)


async def administrator(one: Office) -> Pbx:
    return await one.connect(**ADMIN)


async def test_queues_in_real_time(one: Office) -> None:
    pbx = await administrator(one)
    assert {Feature.CALL_CENTRE, Feature.PILOTS, Feature.WAITING_CALLS, Feature.ROUTING_POINTS} <= pbx.features
    async with pbx.call_centre.watch() as live:
        await turned(one)
        await until(lambda: all(row.confirmed for table in live.tables.values() for row in table.values()))
        pilot = live.pilots[PILOT]
        assert (pilot.open, pilot.waiting) == (True, 0)
        assert live.agents["1001"].ready
        assert not live.agents["1000"].ready
        for number in range(3):
            one.switch.incoming_external(f"001555010{number}", PILOT)
        await turned(one, 10)
        await until(lambda: live.pilots[PILOT].waiting == 2)
        (queue,) = live.queues.values()
        assert queue.waiting == 2
        assert live.pilots.to_dataframe().loc[PILOT, "waiting"] == 2
        before = live.queues[queue.number]
        one.faults.cut_channels()
        await turned(one)
        await until(lambda: live.queues[queue.number] is not before and live.queues[queue.number].confirmed)
        assert live.queues[queue.number].waiting == 2, "it goes on after a loss"


async def test_who_waits_and_where_the_call_goes(one: Office) -> None:
    pbx = await administrator(one)
    seen: list[WaitingChanged] = []
    pbx.pilots.subscribe(seen.append)
    async with pbx.pilots.watch(PILOT):
        one.switch.agent_pause(BOB)
        one.switch.incoming_external(CALLER, PILOT)
        await until(lambda: [event.change for event in seen] == [WaitingChange.ARRIVED, WaitingChange.QUEUED])
        (call,) = pbx.pilots.waiting[PILOT]
        assert (call.caller, call.queue, call.destination) == (CALLER, PILOT, None)
        one.switch.agent_ready(BOB)
        await until(lambda: len(seen) == 3)
        assert (seen[2].change, seen[2].call.destination, seen[2].call.caller) == (WaitingChange.LEFT, "1001", CALLER)
        assert not pbx.pilots.waiting[PILOT]


async def test_a_pilot_is_closed_and_its_calendar_edited(one: Office) -> None:
    pbx = await administrator(one)
    (pilot,) = await pbx.pilots.list()
    assert (pilot.number, pilot.open) == (PILOT, True)
    assert [rule.number for rule in pilot.rules] == [1, 2]
    await pbx.pilots.close(PILOT)
    assert not (await pbx.pilots.get(PILOT)).open
    await pbx.pilots.open(PILOT)
    await pbx.pilots.add_transition(PILOT, "monday", "08:00", 2)
    await pbx.pilots.add_transition(PILOT, "monday", "18:00", 1, "closed")
    await pbx.pilots.change_transition(PILOT, "monday", 1, "09:00", 1)
    first, second = (await pbx.pilots.calendar(PILOT)).week[Weekday.MONDAY]
    assert (first.time, first.rule, second.time, second.mode) == ("09:00", 1, "18:00", PilotMode.CLOSED)
    await pbx.pilots.delete_transition(PILOT, "monday", 1)
    assert [one.time for one in (await pbx.pilots.calendar(PILOT)).week[Weekday.MONDAY]] == ["18:00"]


async def test_how_a_transfer_to_a_pilot_would_go(one: Office) -> None:
    pbx = await administrator(one)
    info = await pbx.pilots.transfer_info(PILOT, line="1002")
    assert (info.number, info.node, info.state, info.can_transfer, info.full) == (PILOT, "1", "Opened", True, False)
    assert (await pbx.pilots.transfer_info(PILOT, line=ALICE, agent="1001", supervised=True)).can_transfer
    assert not (await pbx.pilots.transfer_info(PILOT, line=ALICE, skills=[7])).can_transfer
    await pbx.pilots.close(PILOT)
    info = await pbx.pilots.transfer_info(PILOT, line=ALICE)
    assert (info.state, info.can_transfer) == ("Blocked", False)
    for wrong, field in (({}, "line"), ({"line": ALICE, "agent": "call me"}, "agent"), ({"skills": "1"}, "skills")):
        with pytest.raises(InvalidInput) as refused:
            await pbx.pilots.transfer_info(PILOT, **wrong)  # type: ignore[arg-type]
        assert refused.value.field == field
    with pytest.raises(UnknownLine):
        await pbx.pilots.transfer_info(PILOT, line="4711")
    mine = await one.connect(**user(ALICE))
    assert not (await mine.pilots.transfer_info(PILOT, node=1)).can_transfer
    with pytest.raises(InvalidInput, match="node"):
        await mine.pilots.transfer_info(PILOT)


async def test_a_call_is_routed_by_what_the_caller_dials(one: Office) -> None:
    pbx = await administrator(one)
    dialled: list[Digits] = []

    async def choose(request: RouteRequest) -> None:
        assert request.caller == CALLER
        dialled.append(await request.collect_digits(count=1))
        await request.select("1002")

    serving = asyncio.create_task(pbx.routing_point(POINT).serve(choose))
    point = pbx.routing_point(POINT)
    while not (await point.get()).enabled:
        await asyncio.sleep(0.001)
    ref = one.switch.incoming_external(CALLER, POINT).ref
    await until(lambda: pbx._core.store.centre.requests)
    await until(lambda: any(asked.collection for asked in one.switch.dialogues(POINT)))
    one.switch.press(ref, "2")
    await until(lambda: dialled)
    assert dialled[0] == Digits(digits="2", cause="CHAR_COUNT_REACHED")
    await until(lambda: any(call.state is CallState.RINGING_INCOMING for call in pbx.line("1002").calls))
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert not (await point.get()).enabled


async def test_statistics_are_rows_and_files(one: Office) -> None:
    pbx = await administrator(one)
    ref = one.switch.incoming_external(CALLER, PILOT).ref
    one.switch.answer(BOB, ref, "1001")
    one.clock.advance(60)
    one.switch.drop(BOB, ref)
    one.clock.advance(5)
    today = one.clock.utc().date()
    async with pbx.call_centre.statistics("anna", agents=["1001"]) as figures:
        rows = await figures.days(today, today).list()
        assert [(row.number, row.at.date() if row.at else None) for row in rows] == [("1001", today)]
        assert rows[0].figures["nbRingAcd"] == 1
        assert all(not isinstance(value, str) or ":" not in value for value in rows[0].figures.values())
        hours = [row async for row in figures.day(today, slot=Slot.HOUR)]
        assert sum(row.figures["nbRingAcd"] for row in hours) == 1
        frame = await figures.days(today, today).to_dataframe()
        assert list(frame["number"]) == ["1001"]

        steps: list[StatisticsProgress] = []
        ticking = asyncio.create_task(_tick(one))
        try:
            chunks = [chunk async for chunk in figures.file(today, today, on_progress=steps.append)]
            with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
                (name,) = archive.namelist()
                assert "1001" in archive.read(name).decode("utf-8-sig")
            assert steps[-1].step is StatisticsStep.READY
        finally:
            ticking.cancel()
        leaving = figures.file(today, today)
        waiting = asyncio.create_task(anext(aiter(leaving)))
        await until(lambda: any(scope.job for scope in one.simulator.server.statistics.scopes.values()))
        with pytest.raises(InvalidInput, match="another one"):
            await anext(aiter(figures.file(today, today)))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not any(scope.job for scope in one.simulator.server.statistics.scopes.values()), "it was cancelled"
        with pytest.raises(InvalidInput, match="31 days"):
            figures.days(today - timedelta(days=31), today)
        with pytest.raises(InvalidInput, match="before first"):
            figures.days(today, today - timedelta(days=1))
        with pytest.raises(InvalidInput, match="csv or xls"):
            await anext(aiter(figures.file(today, today, format="doc")))
    with pytest.raises(InvalidInput, match="async with"):
        await figures.days(today, today).list()
    with pytest.raises(InvalidInput, match="no attribute"):
        async with pbx.call_centre.statistics("anna", agents=["1001"], figures=["nbOfMiracles"]):
            pass
    for keywords in ({}, {"agents": ["1"], "pilots": ["2"]}, {"agents": ["1"], "given_up": True}):
        with pytest.raises(InvalidInput):
            pbx.call_centre.statistics("anna", **keywords)  # type: ignore[arg-type]


async def _tick(one: Office) -> None:
    while True:
        one.clock.advance(0.2)
        await asyncio.sleep(0.001)


async def test_a_user_lacks_what_administrators_have(one: Office) -> None:
    pbx = await one.connect(**user(BOB))
    assert Feature.CALL_CENTRE not in pbx.features
    with pytest.raises(NotSupported):
        await pbx.call_centre.objects()
    with pytest.raises(NotSupported):
        await pbx.pilots.list()
    with pytest.raises(NotSupported):
        await pbx.charging().list()


@pytest.mark.parametrize(
    ("caller", "moment", "pressed", "to"),
    [
        ("0015550101", "2026-01-05T10:00", None, "1001"),  # a friend
        (CALLER, "2026-01-05T10:00", "2", "1002"),
        (CALLER, "2026-01-05T10:00", "9", "1000"),
    ],
)
async def test_the_example_routes_by_opening_hours_and_caller(
    one: Office, caller: str, moment: str, pressed: str | None, to: str
) -> None:
    office = _example().Office(friends={"0015550101": "1001"}, choices={"1": "1000", "2": "1002"})
    pbx = await administrator(one)
    now = datetime.fromisoformat(moment)

    async def handle(request: RouteRequest) -> None:
        await office.route(request, now)

    serving = asyncio.create_task(pbx.routing_point(POINT).serve(handle))
    while not (await pbx.routing_point(POINT).get()).enabled:
        await asyncio.sleep(0.001)
    ref = one.switch.incoming_external(caller, POINT).ref
    if pressed is not None:
        await until(lambda: any(asked.collection for asked in one.switch.dialogues(POINT)))
        one.switch.press(ref, pressed)
    await until(lambda: any(call.state is CallState.RINGING_INCOMING for call in pbx.line(to).calls))
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


def test_the_example_knows_its_opening_hours() -> None:
    office = _example().Office()
    times = ("2026-01-05T08:29", "2026-01-05T08:30", "2026-01-05T17:30", "2026-01-10T10:00")
    assert [office.is_open(datetime.fromisoformat(one)) for one in times] == [False, True, False, False]


async def test_the_example_sends_callers_to_voicemail_at_night(one: Office) -> None:
    pbx = await administrator(one)
    office = _example().Office(operator="1002")
    routed: list[str] = []

    async def handle(request: RouteRequest) -> None:
        await office.route(request, datetime.fromisoformat("2026-01-05T22:00"))
        routed.append(request.snapshot.id)

    serving = asyncio.create_task(pbx.routing_point(POINT).serve(handle))
    while not (await pbx.routing_point(POINT).get()).enabled:
        await asyncio.sleep(0.001)
    one.switch.incoming_external(CALLER, POINT)
    await until(lambda: routed)
    await until(lambda: not one.switch.dialogues(POINT))
    assert not pbx.line("1002").calls, "it rings nowhere"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


def _example() -> Any:
    path = Path(__file__).resolve().parents[2] / "examples" / "route_calls.py"
    spec = importlib.util.spec_from_file_location("route_calls", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
