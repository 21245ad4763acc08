"""Routing points of the simulator over HTTP: an application says where calls go."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.errors import NotFound, RequestRefused
from aiopbx.o2g.types import rsi
from tests.contract.additions import AddedOperationRow, events, operations
from tests.contract.call_centre import BOB, CALLER, EMPTY_POINT, PILOT, POINT, Case, Centre, centre_of
from tests.contract.rows import TypeRow, held
from tests.contract.simulated import CAROL, DAVID

ROWS = {row.id: row for row in operations()}
CHAPTER = [row for row in events() if row.chapter == "RSI"]


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with centre_of() as centre:
        await centre.listen("rsi")
        yield centre


async def asked(centre: Centre, number: str = POINT) -> dict[str, Any]:
    """Enable a point; a call comes. The request of the event."""
    await centre.client.routing_points.enable_routing_point(number)
    centre.calls(number)
    return request_of(centre)


def request_of(centre: Centre) -> dict[str, Any]:
    (event,) = [event for event in centre.events() if event["eventName"] == "OnRouteRequest"]
    found: dict[str, Any] = event["request"]
    return found


def names(centre: Centre) -> list[str]:
    return [event["eventName"] for event in centre.events()]


# -- the operations ---------------------------------------------------------------------------------------------


async def listed(centre: Centre) -> None:
    await centre.client.routing_points.enable_routing_point(POINT)
    found = (await centre.client.routing_points.routing_points()).rsi_points
    assert [(point.number, point.name, point.node, point.registered) for point in found] == [
        (POINT, "Front door", 1, True),
        (EMPTY_POINT, "Back door", 1, False),
    ]


async def enabled(centre: Centre) -> None:
    request = await asked(centre)
    assert request == {
        "routeCrid": request["routeCrid"],
        "caller": CALLER,
        "callerType": "EXTERNAL",
        "called": POINT,
        "routedCallRef": request["routedCallRef"],
        "nbOverflows": 0,
        "reason": "INITIAL",
    }
    with pytest.raises(RequestRefused, match="no routing point 999"):
        await centre.client.routing_points.enable_routing_point("999")


def stands_by(use: str) -> Case:
    async def check(centre: Centre) -> None:
        routing = centre.client.routing_points
        first = await asked(centre)
        other = await centre.another()
        await centre.listen("rsi", client=other)
        if use == "enable":
            await other.routing_points.enable_routing_point(POINT, backup=True)
        else:
            await other.routing_points.enable_routing_point_as_backup(POINT)
        centre.calls(POINT, "0015550101")
        assert centre.events(1) == []
        request_of(centre)
        await routing.disable_routing_point(POINT)
        requests = [event["request"] for event in centre.events(1)]
        assert requests[0]["routedCallRef"] == first["routedCallRef"]
        assert [one["caller"] for one in requests] == [CALLER, "0015550101"]

    return check


async def disabled(centre: Centre) -> None:
    request = await asked(centre)
    await centre.client.routing_points.disable_routing_point(POINT)
    assert names(centre) == ["OnRouteEnd"]
    assert centre.switch.calls[request["routedCallRef"]].user(CAROL) is not None  # the overflow of the point
    await centre.client.routing_points.disable_routing_point(POINT)  # which it is already


async def digits(centre: Centre) -> None:
    request = await asked(centre)
    ref = request["routedCallRef"]
    key = await centre.client.routing_points.collect_digits(
        POINT, rsi.StartDataCollectionRequest(call_ref=ref, num_chars=4, flush_char="#", timeout=20)
    )
    (dialogue,) = centre.switch.dialogues(POINT)
    assert dialogue.collection is not None
    assert key is None or dialogue.collection.key in key
    centre.switch.press(ref, "12")
    assert centre.events() == []
    centre.switch.press(ref, "#")
    (event,) = centre.events()
    assert event["dataCollected"] == {
        "collCrid": event["dataCollected"]["collCrid"],
        "digits": "12",
        "cause": "FLUSCHAR_RECEIVED",
    }
    with pytest.raises(RequestRefused, match="no call"):
        await centre.client.routing_points.collect_digits(
            POINT, rsi.StartDataCollectionRequest(call_ref="nothing", num_chars=4)
        )


async def digits_stopped(centre: Centre) -> None:
    ref = (await asked(centre))["routedCallRef"]
    await centre.client.routing_points.collect_digits(POINT, rsi.StartDataCollectionRequest(call_ref=ref, num_chars=4))
    (dialogue,) = centre.switch.dialogues(POINT)
    assert dialogue.collection is not None
    key = dialogue.collection.key
    centre.switch.press(ref, "7")
    await centre.client.routing_points.stop_collecting(POINT, key)
    (event,) = centre.events()
    assert event["dataCollected"] == {"collCrid": key, "digits": "7", "cause": "SF_TERMINATED"}
    with pytest.raises(RequestRefused, match="collCrid"):
        await centre.client.routing_points.stop_collecting(POINT, key)


async def tone(centre: Centre) -> None:
    ref = (await asked(centre))["routedCallRef"]
    await centre.client.routing_points.play_tone(
        POINT, rsi.PlayToneRequest(call_ref=ref, type=rsi.Tones.MUSIC, duration=8)
    )
    (start,) = centre.events()
    assert (start["eventName"], start["tonesTypes"], start["callRef"]) == ("OnToneGeneratedStart", "MUSIC", ref)
    centre.after(8)
    assert names(centre) == ["OnToneGeneratedStop"]


async def tone_stopped(centre: Centre) -> None:
    ref = (await asked(centre))["routedCallRef"]
    await centre.client.routing_points.play_tone(
        POINT, rsi.PlayToneRequest(call_ref=ref, type=rsi.Tones.MUSIC, duration=8)
    )
    await centre.client.routing_points.stop_tone(POINT, rsi.CallRefRequest(call_ref=ref))
    assert names(centre) == ["OnToneGeneratedStart", "OnToneGeneratedStop"]
    await centre.client.routing_points.stop_tone(POINT, rsi.CallRefRequest(call_ref=ref))
    centre.after(8)
    assert names(centre) == []


async def guide(centre: Centre) -> None:
    ref = (await asked(centre))["routedCallRef"]
    await centre.client.routing_points.play_voice_guide(POINT, rsi.PlayVoiceGuideRequest(call_ref=ref, guide_number=12))
    assert [event["tonesTypes"] for event in centre.events()] == ["ANNOUNCEMENT"]


async def selected(centre: Centre) -> None:
    request = await asked(centre)
    await centre.client.routing_points.select_route(
        POINT,
        rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="1003", associated_data="case 7"),
    )
    (event,) = centre.events()
    assert (event["eventName"], event["routeCrid"], event["reason"]) == ("OnRouteEnd", request["routeCrid"], "INITIAL")
    call = centre.switch.calls[request["routedCallRef"]]
    assert call.user(DAVID) is not None
    assert call.associated_data == "case 7"
    with pytest.raises(RequestRefused, match="waits for a route"):  # the key is void
        await centre.client.routing_points.select_route(
            POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="1003")
        )


async def ended(centre: Centre) -> None:
    request = await asked(centre)
    await centre.client.routing_points.end_route(POINT, rsi.RouteEnd(route_crid=request["routeCrid"]))
    assert names(centre) == ["OnRouteEnd"]
    assert centre.switch.calls[request["routedCallRef"]].user(CAROL) is not None


async def dialogues(centre: Centre) -> None:
    request = await asked(centre)
    (found,) = (await centre.client.routing_points.route_sessions(POINT)).route_sessions
    assert (found.route_crid, found.caller, found.called) == (request["routeCrid"], CALLER, POINT)
    assert (await centre.client.routing_points.route_sessions(EMPTY_POINT)).route_sessions == ()


async def dialogue(centre: Centre) -> None:
    request = await asked(centre)
    found = await centre.client.routing_points.route_session(POINT, request["routeCrid"])
    assert found.routed_call_ref == request["routedCallRef"]
    with pytest.raises(NotFound, match="nothing"):
        await centre.client.routing_points.route_session(POINT, "nothing")


CASES: dict[str, Case] = {
    "acdrsi GET ": listed,
    "acdrsi POST /{rsiNumber}/enable": enabled,
    "acdrsi POST /{rsiNumber}/enable/backup": stands_by("backup"),
    "acdrsi POST /{rsiNumber}/disable": disabled,
    "acdrsi POST /{rsiNumber}/collectDigits": digits,
    "acdrsi DELETE /{rsiNumber}/collectDigits/{collCrid}": digits_stopped,
    "acdrsi POST /{rsiNumber}/playTone": tone,
    "acdrsi POST /{rsiNumber}/stopTone": tone_stopped,
    "acdrsi POST /{rsiNumber}/playVoiceGuide": guide,
    "acdrsi POST /{rsiNumber}/routeSelect": selected,
    "acdrsi POST /{rsiNumber}/routeEnd": ended,
    "acdrsi GET /{rsiNumber}/routeSessions": dialogues,
    "acdrsi GET /{rsiNumber}/routeSessions/{routeCrid}": dialogue,
}


@held("O2G additions", "simulator", [ROWS[name] for name in CASES])
async def test_it_is_carried_out(row: AddedOperationRow, centre: Centre) -> None:
    await CASES[row.id](centre)


async def test_stands_by_with_the_query(centre: Centre) -> None:
    await stands_by("enable")(centre)


@held("O2G events of the additions", "simulator", CHAPTER)
async def test_the_event_is_sent(row: TypeRow, centre: Centre) -> None:
    await centre.client.routing_points.enable_routing_point(POINT)
    ref = centre.calls(POINT)
    (found,) = centre.switch.dialogues(POINT)
    routing = centre.client.routing_points
    await routing.play_tone(POINT, rsi.PlayToneRequest(call_ref=ref, type=rsi.Tones.RINGBACK, duration=2))
    await routing.collect_digits(POINT, rsi.StartDataCollectionRequest(call_ref=ref, num_chars=1))
    centre.switch.press(ref, "3")
    await routing.select_route(POINT, rsi.RouteSelect(route_crid=found.key, selected_route=PILOT))
    (event,) = [event for event in centre.events() if event["eventName"] == row.name]
    assert event["rsiPoint"] == POINT


# -- what becomes of a call -------------------------------------------------------------------------------------


async def test_a_request_that_is_not_answered_in_time(centre: Centre) -> None:
    request = await asked(centre)
    centre.after(30)
    (event,) = centre.events()
    assert (event["eventName"], event["reason"]) == ("OnRouteEnd", "NOANSWER")
    assert centre.switch.calls[request["routedCallRef"]].user(CAROL) is not None


async def test_a_point_without_an_overflow_turns_the_call_away(centre: Centre) -> None:
    request = await asked(centre, EMPTY_POINT)
    centre.after(30)
    assert request["routedCallRef"] not in centre.switch.calls


async def test_a_caller_who_hangs_up(centre: Centre) -> None:
    request = await asked(centre)
    centre.switch.external_hang_up(request["routedCallRef"])
    (event,) = centre.events()
    assert (event["eventName"], event["reason"]) == ("OnRouteEnd", "UNKNOWN")
    assert centre.switch.dialogues(POINT) == []


async def test_it_asks_again_where_the_route_is_busy(centre: Centre) -> None:
    request = await asked(centre)
    centre.switch.set_dnd(DAVID, True)
    for count in (1, 2, 3):
        await centre.client.routing_points.select_route(
            POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="1003")
        )
        request = request_of(centre)
        assert (request["reason"], request["nbOverflows"]) == ("BUSY", count)
    await centre.client.routing_points.select_route(
        POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="1003")
    )
    assert names(centre) == ["OnRouteEnd"]  # and then the call server goes on by itself
    assert centre.switch.calls[request["routedCallRef"]].user(CAROL) is not None


async def test_it_asks_again_where_nobody_answers(centre: Centre) -> None:
    request = await asked(centre)
    await centre.client.routing_points.select_route(
        POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="1003")
    )
    centre.events()
    centre.after(25)
    again = request_of(centre)
    assert (again["reason"], again["nbOverflows"]) == ("NOANSWER", 1)
    assert again["routedCallRef"] == request["routedCallRef"]
    assert centre.switch.calls[request["routedCallRef"]].user(DAVID) is None


async def test_a_route_to_a_pilot_and_one_to_voicemail(centre: Centre) -> None:
    request = await asked(centre)
    await centre.client.routing_points.select_route(
        POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route=PILOT)
    )
    assert centre.switch.calls[request["routedCallRef"]].user(BOB) is not None
    request = await asked(centre)
    await centre.client.routing_points.select_route(
        POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="1003", route_to_voice_mail=True)
    )
    centre.after(4)
    centre.switch.external_hang_up(request["routedCallRef"])
    assert len(centre.switch.mailboxes.messages(DAVID)) == 1


async def test_a_route_to_nowhere_is_refused(centre: Centre) -> None:
    request = await asked(centre)
    with pytest.raises(RequestRefused, match="4711 is not a number"):
        await centre.client.routing_points.select_route(
            POINT, rsi.RouteSelect(route_crid=request["routeCrid"], selected_route="4711")
        )
    assert len(centre.switch.dialogues(POINT)) == 1


async def test_a_colleague_dials_digits(centre: Centre) -> None:
    await centre.client.routing_points.enable_routing_point(POINT)
    ref = centre.world.dial(DAVID, POINT)
    request = request_of(centre)
    assert (request["caller"], request["callingName"], request["callerType"]) == ("1003", "David Okafor", "INTERNAL")
    await centre.client.routing_points.collect_digits(
        POINT,
        rsi.StartDataCollectionRequest(
            call_ref=ref,
            num_chars=3,
            additional_criteria=rsi.AdditionalDigitCollectionCriteria(
                backspace_digits="*", ignore_digits="0", reset_digits="#"
            ),
        ),
    )
    centre.switch.send_dtmf(DAVID, ref, "1003", "99#10*2")
    assert centre.events() == []
    centre.switch.send_dtmf(DAVID, ref, "1003", "34")
    (event,) = centre.events()
    assert (event["dataCollected"]["digits"], event["dataCollected"]["cause"]) == ("234", "CHAR_COUNT_REACHED")


@pytest.mark.parametrize(("criteria", "after"), [({"timeout": 6}, 6), ({"num_chars": 4, "more": 3}, 3)])
async def test_digits_that_do_not_come(centre: Centre, criteria: dict[str, int], after: int) -> None:
    ref = (await asked(centre))["routedCallRef"]
    more = rsi.AdditionalDigitCollectionCriteria(digit_timeout=criteria.pop("more", None))
    await centre.client.routing_points.collect_digits(
        POINT, rsi.StartDataCollectionRequest(call_ref=ref, additional_criteria=more, **criteria)
    )
    centre.switch.press(ref, "1")
    centre.after(after)
    (event,) = centre.events()
    assert (event["dataCollected"]["digits"], event["dataCollected"]["cause"]) == ("1", "TIMEOUT")


async def test_an_application_that_goes_away(centre: Centre) -> None:
    """Its session ends: calls that wait go on, and calls that come find no application."""
    other = await centre.another()
    await centre.listen("rsi", client=other)
    await other.routing_points.enable_routing_point(POINT)
    ref = centre.calls(POINT)
    await other.close()
    assert centre.switch.calls[ref].user(CAROL) is not None
    assert not centre.switch.routing_points[POINT].applications


async def test_whoever_logs_in_again_takes_over(centre: Centre) -> None:
    request = await asked(centre)
    other = await centre.another()
    await centre.listen("rsi", client=other)
    await other.routing_points.enable_routing_point(POINT)
    assert len(centre.switch.routing_points[POINT].applications) == 1
    with pytest.raises(RequestRefused):
        await centre.client.routing_points.end_route(POINT, rsi.RouteEnd(route_crid=request["routeCrid"]))
