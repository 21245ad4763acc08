"""A recording of the call centre brings back its figures, who waited, what was routed, and how far a file was."""

import asyncio
from pathlib import Path

import aiopbx
from aiopbx import (
    CallState,
    CentreChanged,
    CentrePilot,
    Digits,
    DigitsCollected,
    Event,
    RouteEnded,
    RouteRequest,
    RouteRequested,
    StatisticsProgress,
    StatisticsStep,
    ToneChanged,
    WaitingChange,
    WaitingChanged,
)
from tests.aiopbx.office import ADMIN, Diary, Office, opened, until
from tests.aiopbx.test_centre_with_simulator import BOB, CALLER, PILOT, POINT, SETTINGS, turned

KINDS = (
    CentreChanged,
    WaitingChanged,
    RouteRequested,
    RouteEnded,
    DigitsCollected,
    ToneChanged,
    StatisticsProgress,
)


async def a_busy_minute(one: Office, pbx: aiopbx.Pbx) -> None:
    """Someone waits at the pilot, someone is routed, and a file of statistics is made."""

    async def choose(request: RouteRequest) -> None:
        await request.play_tone("MUSIC")
        await request.collect_digits(count=1)
        await request.select("1002")

    one.switch.agent_pause(BOB)
    one.switch.incoming_external(CALLER, PILOT)
    await turned(one, 10)
    await until(lambda: pbx.call_centre.pilots[PILOT].waiting == 1)
    point = pbx.routing_point(POINT)
    serving = asyncio.create_task(point.serve(choose))
    while not (await point.get()).enabled:
        await asyncio.sleep(0)
    ref = one.switch.incoming_external(CALLER, POINT).ref
    await until(lambda: any(asked.collection for asked in one.switch.dialogues(POINT)))
    one.switch.press(ref, "2")
    await until(lambda: any(call.state is CallState.RINGING_INCOMING for call in pbx.line("1002").calls))
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    one.switch.agent_ready(BOB)
    today = one.clock.utc().date()
    async with pbx.call_centre.statistics("anna", agents=["1001"]) as figures:
        making = asyncio.create_task(anext(aiter(figures.file(today, today))))
        while not making.done():
            if any(scope.job for scope in one.simulator.server.statistics.scopes.values()):
                one.clock.advance(0.2)
            await asyncio.sleep(0.001)
        await making
    await turned(one, 10)


async def test_the_call_centre_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "centre.jsonl"
    async with opened(Office, **SETTINGS) as one:
        one.switch.agent_log_on("oxe1000", "1000", "60121")
        one.switch.agent_log_on(BOB, "1001", "60121")
        one.switch.agent_pause("oxe1000")
        pbx = await one.connect(**ADMIN)
        diary = Diary(pbx, kind=KINDS)
        async with pbx.record(path), pbx.call_centre.watch() as centre, pbx.pilots.watch(PILOT):
            await a_busy_minute(one, pbx)
            await until(lambda: diary.of(ToneChanged) and diary.of(RouteEnded))
            await until(lambda: [event.change for event in diary.of(WaitingChanged)][-1:] == [WaitingChange.LEFT])
            await one.caught_up(pbx)
            tables = {name: dict(table) for name, table in centre.tables.items()}
        expected: list[Event] = list(diary.events)
    assert {type(event) for event in expected} == set(KINDS)

    async with aiopbx.replay(path, speed=0) as again:
        waited: list[int] = []
        asked: list[int] = []
        again.subscribe(lambda event: waited.append(len(again.pilots.waiting[PILOT])), kind=WaitingChanged)
        again.subscribe(
            lambda event: asked.append(len(again._core.store.centre.requests)), kind=(RouteRequested, RouteEnded)
        )
        told = Diary(again, kind=KINDS)
        await again.wait_finished()
        same = told.events[: len(expected)] == expected  # a comparison of pytest's own would take minutes
        assert same
        shown = {name: dict(table) for name, table in again.call_centre.tables.items()}
        assert shown == tables
        assert isinstance(shown["pilots"][PILOT], CentrePilot)
        assert shown["pilots"][PILOT].incoming is not None
        assert waited == [1, 1, 0]
        assert asked == [1, 0]
        assert [event.digits for event in told.of(DigitsCollected)] == [Digits(digits="2", cause="CHAR_COUNT_REACHED")]
        assert told.of(StatisticsProgress)[-1].step is StatisticsStep.READY
