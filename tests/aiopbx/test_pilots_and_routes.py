"""Pilots, calls that wait there, and calls that we route: over a server that says what the test tells it to."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from aiopbx import (
    CallOver,
    Digits,
    InvalidInput,
    PilotMode,
    PolicyViolation,
    RouteEnded,
    RouteRequest,
    Status,
    ToneChanged,
    WaitingChange,
    WaitingChanged,
    Weekday,
)
from tests.aiopbx.centre_server import CentreServer, centre
from tests.aiopbx.o2g.o2g_server import API
from tests.aiopbx.office import until

POINT = f"{API}/rsi/2100"
PILOT = f"{API}/pilots/1/pilots/2000"
TRANSITION = {"time": "08:00", "ruleNumber": 1, "mode": "normal"}


@pytest.fixture
async def server() -> AsyncIterator[CentreServer]:
    async with CentreServer() as server:
        server.begin()
        server.answer("GET", f"{POINT}/routeSessions", json={"routeSessions": []})
        yield server


def ring(server: CentreServer, crid: str, **more: Any) -> None:
    server.say(
        "OnRouteRequest",
        rsiPoint="2100",
        request={"routeCrid": crid, "caller": "0015550100", "called": "2100", "routedCallRef": f"ref-{crid}", **more},
    )


# -------------------------------------------------------------------------------------------------------------- pilots


async def test_who_waits_is_seen(server: CentreServer) -> None:
    async with centre(server) as pbx:
        seen: list[WaitingChanged] = []
        pbx.pilots.subscribe(seen.append, pilot="2000")
        async with pbx.pilots.watch("2000"):
            assert len(server.asked("POST", f"{API}/watched/2000")) == 1
            async with pbx.pilots.watch("2000"):
                assert len(server.asked("POST", f"{API}/watched/2000")) == 1, "it is watched already"
            server.say(
                "OnPilotCallCreated",
                pilot="2000",
                caller="0015550100",
                callRef="a",
                callData={"initialCalled": "0800", "hexaBinaryAssociatedData": "6162"},
            )
            server.say("OnPilotCallCreated", pilot="2000", caller="0015550101", callRef="b")
            server.say("OnPilotCallQueued", pilot="2000", queue="2001", callRef="a", numberOfQueued=2)
            await until(lambda: len(seen) == 3)
            first, second = pbx.pilots.waiting["2000"]
            assert (first.ref, first.caller, first.queue, first.queued, first.called, first.data) == (
                "a",
                "0015550100",
                "2001",
                2,
                "0800",
                "ab",
            )
            assert first.since is not None
            assert first.queued_since is not None
            assert first.since <= first.queued_since
            assert second.queue is None
            server.say("OnPilotCallRemoved", pilot="2000", callRef="a", newDestination="1000", cause="NORMAL")
            server.say("OnPilotCallRemoved", pilot="2000", callRef="never seen")
            server.say("OnPilotCallQueued", pilot="2000", queue="2001", callRef="c")
            await until(lambda: len(seen) == 5)
            assert (seen[3].change, seen[3].call.destination) == (WaitingChange.LEFT, "1000")
            assert seen[3].call.left_at is not None
            assert (seen[4].call.ref, seen[4].call.since) == ("c", None), "its beginning was not seen"

            server.chunks.put_nowait(None)
            server.say("OnChannelInformation", text="subscription")
            await until(lambda: len(server.asked("POST", f"{API}/watched/2000")) == 2)
            assert [one.change for one in seen[5:]] == [WaitingChange.LEFT] * 2
            assert [one.call.left_at for one in seen[5:]] == [None, None], "nobody saw where to"
            await until(lambda: pbx.status is Status.ONLINE)
        assert len(server.asked("DELETE", f"{API}/watched/2000")) == 1
        assert not pbx.pilots.waiting
        with pytest.raises(InvalidInput):
            pbx.pilots.watch()


@pytest.mark.parametrize(
    "rules",
    [
        {"ruleList": [{"ruleNumber": "1", "name": "Day", "active": True}]},
        [{"ruleNumber": 1, "name": "Day", "active": True}],
    ],
)
async def test_a_pilot_is_read_however_the_server_writes_its_rules(server: CentreServer, rules: Any) -> None:
    pilot = {"number": "2000", "name": "Support", "state": "Opened", "waitingTime": 30, "rules": rules}
    server.answer("GET", f"{API}/pilots/1/pilots", json={"pilotList": [pilot]})
    server.answer("GET", PILOT, json=pilot)
    async with centre(server) as pbx:
        (listed,) = await pbx.pilots.list()
        assert listed == await pbx.pilots.get("2000")
        assert (listed.node, listed.open, listed.expected_wait) == ("1", True, 30)
        assert [(rule.number, rule.name, rule.active) for rule in listed.rules] == [(1, "Day", True)]
        await pbx.pilots.close("2000")
        await pbx.pilots.open("2000", node=1)
        assert len(server.asked("POST", f"{PILOT}/close")) == len(server.asked("POST", f"{PILOT}/open")) == 1


async def test_a_calendar_is_read_and_edited(server: CentreServer) -> None:
    day = {"day": "monday", "list": [{"number": 1, "transition": TRANSITION}]}
    other = {"date": "20261224", "list": [{"number": 1, "transition": {**TRANSITION, "mode": "closed"}}]}
    server.answer(
        "GET",
        f"{PILOT}/calendar",
        json={"normalDays": {"calendar": [day]}, "exceptionDays": {"calendar": [other]}},
    )
    async with centre(server) as pbx:
        pilots = pbx.pilots
        calendar = await pilots.calendar("2000")
        assert [(one.time, one.rule, one.index) for one in calendar.week[Weekday.MONDAY]] == [("08:00", 1, 1)]
        assert calendar.dates[date(2026, 12, 24)][0].mode is PilotMode.CLOSED
        await pilots.add_transition("2000", "monday", "18:00", 1, "closed")
        (added,) = server.asked("POST", f"{PILOT}/calendar/normal/monday/transitions")
        assert added.json == {"time": "18:00", "ruleNumber": 1, "mode": "closed"}
        await pilots.add_transition("2000", date(2026, 12, 24), "10:00", 2)
        await pilots.change_transition("2000", "2026-12-24", 1, "11:00", 2)
        await pilots.delete_transition("2000", Weekday.MONDAY, 1)
        assert len(server.asked("POST", f"{PILOT}/calendar/exception/20261224/transitions")) == 1
        assert len(server.asked("PUT", f"{PILOT}/calendar/exception/20261224/transitions/1")) == 1
        assert len(server.asked("DELETE", f"{PILOT}/calendar/normal/monday/transitions/1")) == 1


async def test_a_server_that_adds_transitions_to_the_day_is_understood(server: CentreServer) -> None:
    server.answer("GET", f"{PILOT}/calendar", json={})
    server.answer("POST", f"{PILOT}/calendar/normal/monday/transitions", status=404)
    async with centre(server) as pbx:
        for _ in range(2):
            await pbx.pilots.add_transition("2000", "monday", "18:00", 1)
        assert len(server.asked("POST", f"{PILOT}/calendar/normal/monday/transitions")) == 1, "it is remembered"
        assert len(server.asked("POST", f"{PILOT}/calendar/normal/monday")) == 2


async def test_wrong_transitions_are_refused_before_they_are_sent(server: CentreServer) -> None:
    full = [{"number": n, "transition": TRANSITION} for n in range(1, 11)]
    server.answer("GET", f"{PILOT}/calendar", json={"normalDays": {"calendar": [{"day": "monday", "list": full}]}})
    async with centre(server) as pbx:
        add = pbx.pilots.add_transition
        for ask, field, rule in (
            (lambda: add("2000", "monday", "18:00", 1), "day", "at most 10"),
            (lambda: pbx.pilots.change_transition("2000", "monday", 11, "18:00", 1), "index", "at most 10"),
            (lambda: pbx.pilots.delete_transition("2000", "monday", 0), "index", "counted from 1"),
            (lambda: add("2000", "tuesday", "6 pm", 1), "time", "08:30"),
            (lambda: add("2000", "someday", "18:00", 1), "day", "monday"),
            (lambda: add("2000", "tuesday", "18:00", 1, "asleep"), "mode", "forward"),
        ):
            with pytest.raises(InvalidInput, match=rule) as caught:
                await ask()
            assert caught.value.field == field
        assert not [one for one in server.requests if "/transitions" in one.path]


# -------------------------------------------------------------------------------------------------------------- routes


async def test_calls_are_routed(server: CentreServer) -> None:
    async with centre(server, dial_policy={"denied": ["1999"]}) as pbx:
        ended: list[RouteEnded] = []
        tones: list[ToneChanged] = []
        pbx.subscribe(ended.append, kind=RouteEnded)
        pbx.subscribe(tones.append, kind=ToneChanged)
        requests = aiter(pbx.routing_point("2100"))
        coming = asyncio.create_task(anext(requests))
        await until(lambda: server.asked("GET", f"{POINT}/routeSessions"))
        ring(server, "a", callerType="EXTERNAL", reason="BUSY", nbOverflows=1, callingName="Ann")
        request = await coming
        assert (request.caller, request.called, request.caller_name) == ("0015550100", "2100", "Ann")
        assert (request.snapshot.internal, request.snapshot.reason, request.snapshot.overflows) == (False, "busy", 1)

        await request.play_tone("music", seconds=5)
        assert server.asked("POST", f"{POINT}/playTone")[0].json == {
            "callRef": "ref-a",
            "type": "MUSIC",
            "tone": "MUSIC",
            "duration": 5,
        }
        server.say("OnToneGeneratedStart", rsiPoint="2100", callRef="ref-a", tonesTypes="MUSIC")
        server.say("OnToneGeneratedStop", rsiPoint="2100", callRef="ref-a")
        await request.play_guide(12)
        await request.stop_tone()
        await until(lambda: len(tones) == 2)
        assert [(one.playing, one.tone) for one in tones] == [(True, "music"), (False, None)]
        for ask in (request.play_tone("drums"), request.play_tone("music", seconds=0), request.play_guide(-1)):
            with pytest.raises(InvalidInput):
                await ask

        server.answer("POST", f"{POINT}/collectDigits", status=204, headers=[("Location", f"{POINT}/x/coll-1")])
        digits = asyncio.create_task(request.collect_digits(count=2))
        await until(lambda: server.asked("POST", f"{POINT}/collectDigits"))
        collected = {"collCrid": "coll-1", "digits": "42", "cause": "CHAR_COUNT_REACHED"}
        server.say("OnDigitCollected", rsiPoint="2100", callRef="another", dataCollected={**collected, "digits": "1"})
        server.say("OnDigitCollected", rsiPoint="2100", callRef="ref-a", dataCollected=collected)
        assert await digits == Digits(digits="42", cause="CHAR_COUNT_REACHED")

        with pytest.raises(PolicyViolation):
            await request.select("1999")
        assert not server.asked("POST", f"{POINT}/routeSelect")
        await request.select("1000", data="hello")
        assert server.asked("POST", f"{POINT}/routeSelect")[0].json == {
            "routeCrid": "a",
            "selectedRoute": "1000",
            "associatedData": "hello",
        }
        for again in (request.select("1000"), request.end(), request.play_guide(1)):
            with pytest.raises(CallOver):
                await again
        server.say("OnRouteEnd", rsiPoint="2100", routeCrid="a", routedCallRef="ref-a", reason="INITIAL")
        await until(lambda: ended)
        assert (ended[0].answered, ended[0].request.id) == (True, "a")
        await requests.aclose()  # type: ignore[attr-defined]
        assert len(server.asked("POST", f"{POINT}/disable")) == 1


async def test_a_call_that_was_not_answered_in_time_is_told(server: CentreServer) -> None:
    async with centre(server) as pbx:
        point = pbx.routing_point("2100")
        requests = aiter(point)
        coming = asyncio.create_task(anext(requests))
        await until(lambda: server.asked("GET", f"{POINT}/routeSessions"))
        ring(server, "a")
        request = await coming
        waiting = asyncio.create_task(request.collect_digits(until="#"))
        await until(lambda: server.asked("POST", f"{POINT}/collectDigits"))
        server.say("OnRouteEnd", rsiPoint="2100", routeCrid="a")
        with pytest.raises(CallOver):
            await waiting
        with pytest.raises(CallOver, match="not answered in time"):
            await request.select("1000")
        assert point.unanswered == 1
        assert not server.asked("POST", f"{POINT}/routeSelect")
        await requests.aclose()  # type: ignore[attr-defined]
        assert not server.asked("POST", f"{POINT}/routeEnd"), "it is over already"


async def test_a_handler_that_fails_ends_its_request_and_no_other(
    server: CentreServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with centre(server) as pbx:
        held = asyncio.Event()

        async def handler(request: RouteRequest) -> None:
            if request.snapshot.id == "bad":
                raise RuntimeError("a fault of the application")
            if request.snapshot.id == "silent":
                return
            await held.wait()
            await request.select("1000")

        serving = asyncio.create_task(pbx.routing_point("2100").serve(handler))
        await until(lambda: server.asked("GET", f"{POINT}/routeSessions"))
        for crid in ("good", "bad", "silent"):
            ring(server, crid)
        await until(lambda: len(server.asked("POST", f"{POINT}/routeEnd")) == 2)
        assert {one.json["routeCrid"] for one in server.asked("POST", f"{POINT}/routeEnd")} == {"bad", "silent"}
        assert "a fault of the application" in caplog.text
        held.set()
        await until(lambda: server.asked("POST", f"{POINT}/routeSelect"))
        held.clear()
        ring(server, "late")
        await until(lambda: "late" in pbx._core.store.centre.requests)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert server.asked("POST", f"{POINT}/routeEnd")[-1].json["routeCrid"] == "late"
        assert len(server.asked("POST", f"{POINT}/disable")) == 1


async def test_leaving_the_loop_by_an_error_ends_what_is_open(server: CentreServer) -> None:
    async with centre(server) as pbx:

        async def application() -> None:
            async for _ in pbx.routing_point("2100"):
                raise RuntimeError("a fault of the application")

        running = asyncio.create_task(application())
        await until(lambda: server.asked("GET", f"{POINT}/routeSessions"))
        ring(server, "a")
        with pytest.raises(RuntimeError):
            await running
        del running
        await until(lambda: server.asked("POST", f"{POINT}/disable"))
        assert [one.json for one in server.asked("POST", f"{POINT}/routeEnd")] == [{"routeCrid": "a"}]


async def test_after_a_loss_a_point_is_enabled_again_and_compared(server: CentreServer) -> None:
    async with centre(server) as pbx:
        ended: list[RouteEnded] = []
        pbx.subscribe(ended.append, kind=RouteEnded)
        requests = aiter(pbx.routing_point("2100", backup=True))
        coming = asyncio.create_task(anext(requests))
        await until(lambda: server.asked("GET", f"{POINT}/routeSessions"))
        assert server.asked("POST", f"{POINT}/enable")[0].path.endswith("?backup")
        with pytest.raises(InvalidInput, match="already"):
            await anext(aiter(pbx.routing_point("2100")))
        ring(server, "gone")
        await coming
        new = {"routeCrid": "new", "caller": "0015550102", "called": "2100", "routedCallRef": "ref-new"}
        server.answer("GET", f"{POINT}/routeSessions", json={"routeSessions": [new]})
        server.chunks.put_nowait(None)
        server.say("OnChannelInformation", text="subscription")
        request = await anext(requests)
        assert (request.snapshot.id, request.caller, request.snapshot.reason) == ("new", "0015550102", "unknown")
        assert [(one.request.id, one.answered) for one in ended] == [("gone", False)]
        await until(lambda: pbx.status is Status.ONLINE)
        await requests.aclose()  # type: ignore[attr-defined]


async def test_the_points_there_are(server: CentreServer) -> None:
    server.answer("GET", f"{API}/rsi", json={"rsiPoints": [{"number": "2100", "node": 1, "registered": False}]})
    async with centre(server) as pbx:
        (point,) = await pbx.routing_points()
        assert point == await pbx.routing_point("2100").get()
        assert (point.node, point.enabled) == ("1", False)
        with pytest.raises(InvalidInput, match="2100"):
            await pbx.routing_point("2101").get()


# --------------------------------------------------------------------------------------------------------------- costs


async def test_what_calls_have_cost(server: CentreServer) -> None:
    ticket = {
        "caller": "1000",
        "name": "Alice",
        "called": "0015550100",
        "cost": 1.25,
        "startDate": "20260105 09:30:00",
        "duration": 65,
        "callType": "PublicNetworkCall",
        "externalFacilities": {"facilities": ["Transfer"]},
    }
    server.answer("GET", f"{API}/costs/charging", json={"chargings": [ticket, {"caller": "1001", "startDate": "?"}]})
    server.answer("GET", f"{API}/costs/charging/files", json={"files": [{"name": "TAXA.DAT", "date": "05/01/26"}]})
    async with centre(server) as pbx:
        wanted = pbx.charging(date(2026, 1, 5), date(2026, 1, 6), top=10, free=True)
        first, second = [one async for one in wanted]
        assert (first.caller, first.cost, first.duration, first.facilities) == ("1000", 1.25, 65, ("Transfer",))
        assert first.started is not None
        assert first.started.isoformat() == "2026-01-05T09:30:00"
        assert (second.caller, second.started, second.cost) == ("1001", None, None)
        asked = server.asked("GET", f"{API}/costs/charging")[0].path.partition("?")[2]
        assert set(asked.split("&")) == {"nodeId=1", "fromDate=20260105", "toDate=20260106", "top=10", "all=true"}
        (file,) = await pbx.charging().files()
        assert (file.name, file.date) == ("TAXA.DAT", "05/01/26")
        with pytest.raises(InvalidInput, match="both days"):
            pbx.charging(date(2026, 1, 5))
        with pytest.raises(InvalidInput, match="At most 100"):
            await pbx.charging(files=[f"{n}.DAT" for n in range(101)]).list()
