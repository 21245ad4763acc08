"""myCrm: terminals, listeners of theirs, and the five events with their causes and times."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.simulator import DeviceSpec, UserSpec
from aiopbx.simulator.switch import Behaviour
from tests.aiopbx.simulator.istra_client import ALICE, BOB, CAROL, Istra, Push, office

OUTSIDE = "0015550100"


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office() as istra:
        yield await istra.crm()


async def desk(istra: Istra) -> str:
    found: list[dict[str, str]] = await istra.get("v1/crm/GetTerminals")
    assert [each["deviceModel"] for each in found] == ["SIP generic device", "Mobile extension"]
    return found[0]["terminalId"]


async def listening(istra: Istra) -> Push:
    return await istra.listen_to(await desk(istra))


async def events(push: Push) -> list[dict[str, Any]]:
    return list(await push.items())


async def test_a_call_that_comes(istra: Istra) -> None:
    push = await listening(istra)
    call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    (ringing,) = await events(push)
    base = {
        "callId": ringing["callId"],
        "incoming": True,
        "type": "internal",
        "displayLabel": "Bob Keller",
        "displayNumber": "1001",
        "displayNumberE164": "1001",
    }
    assert ringing == {"event": "callRinging"} | base
    istra.clock.advance(2)
    istra.switch.answer(ALICE, call.ref, "1000")
    assert await events(push) == [{"event": "callTalking", "talkCause": "answer"} | base]
    istra.switch.hold(ALICE, call.ref, "1000")
    assert await events(push) == [{"event": "callHeld", "callId": ringing["callId"]}]
    istra.clock.advance(3)
    istra.switch.retrieve(ALICE, call.ref, "1000")
    assert await events(push) == [{"event": "callTalking", "talkCause": "unHold"} | base]
    istra.clock.advance(1)
    istra.switch.release(BOB, call.ref)
    (dropped,) = await events(push)
    assert (
        dropped
        == {
            "event": "callDropped",
            "ringingTime": dropped["ringingTime"],
            "talkingTime": dropped["talkingTime"],
            "dropCause": "disconnect",
        }
        | base
    )
    assert 2000 <= int(dropped["ringingTime"]) <= 2300
    assert 4000 <= int(dropped["talkingTime"]) <= 4600
    assert await push.silent()


async def test_a_call_that_one_places(istra: Istra) -> None:
    terminal = await desk(istra)
    push = await istra.listen_to(terminal)
    istra.switch.external.set(OUTSIDE, Behaviour(ring_after=1, answer_after=2, hang_up_after=5, name="Example Ltd"))
    reply = await istra.ask("GET", f"v1/crm/PlaceCall?terminalId={terminal}&destination={OUTSIDE}")
    assert (reply.status, reply.raw) == (200, b"")
    assert await push.silent(), "the own telephone rings"
    (call,) = istra.switch.calls_of(ALICE)
    istra.switch.answer(ALICE, call.ref, "1000")
    assert await push.silent(), "it dials"
    found = []
    for _ in range(3):
        istra.clock.advance(5)
        found += (await push.next())["item"]
        if found[-1]["event"] == "callDropped":
            break
    assert [each["event"] for each in found] == ["callAlerting", "callTalking", "callDropped"]
    for each in found:
        assert (each["incoming"], each["type"], each["displayNumberE164"]) == (False, "external", "+15550100")
        assert each["displayLabel"] == "Example Ltd"


async def test_the_last_party_gets_the_cause(istra: Istra) -> None:
    """Each way in which a call ends, as caller and as called."""
    push = await listening(istra)
    switch = istra.switch

    async def dropped() -> tuple[str, ...]:
        return tuple(each["dropCause"] for each in await push.all_items() if each["event"] == "callDropped")

    def dial(number: str) -> str:
        return switch.make_call(ALICE, "1000", number, auto_answer=True).ref

    ref = dial("1001")
    switch.release(ALICE, ref)
    assert await dropped() == ("disconnect",)
    ref = dial("1001")
    switch.release(BOB, ref)
    assert await dropped() == ("rejected",), "it rang"
    switch.set_off_hook(BOB, "1001", True)
    dial("1001")
    assert await dropped() == ("busy",)
    switch.set_off_hook(BOB, "1001", False)
    switch.set_dnd(BOB, True)
    dial("1001")
    assert await dropped() == ("unavailable",)
    switch.set_dnd(BOB, False)
    switch.external.set(OUTSIDE, Behaviour(invalid=True))
    dial(OUTSIDE)
    assert await dropped() == ("error",)
    dial("1001")
    istra.clock.advance(200)
    assert await dropped() == ("noAnswer",)
    ref = switch.make_call(BOB, "1001", "1000", auto_answer=True).ref
    switch.release(ALICE, ref)
    assert await dropped() == ("rejected",)
    ref = switch.make_call(BOB, "1001", "1000", auto_answer=True).ref
    switch.redirect(ALICE, ref, "1002")
    assert await dropped() == ("transferred",)
    switch.release(BOB, ref)
    ref = switch.make_call(BOB, "1001", "1000", auto_answer=True).ref
    switch.release(BOB, ref)
    assert await dropped() == ("disconnect",)
    switch.set_overflow(ALICE)
    ref = switch.make_call(BOB, "1001", "1000", auto_answer=True).ref
    istra.clock.advance(30)
    assert await dropped() == ("noAnswer",)


async def test_a_call_that_is_transferred_goes_on(istra: Istra) -> None:
    push = await listening(istra)
    switch = istra.switch
    first = switch.make_call(BOB, "1001", "1000", auto_answer=True)
    switch.answer(ALICE, first.ref, "1000")
    (one, _) = await events(push)
    second = switch.make_call(BOB, "1001", "1002", auto_answer=True)
    switch.answer(CAROL, second.ref, "1002")
    assert await push.silent()
    switch.transfer(BOB, second.ref, first.ref)
    (moved,) = await events(push)
    assert (moved["event"], moved["talkCause"], moved["callId"]) == ("callTalking", "transferred", one["callId"])
    assert moved["displayLabel"] == "Carol Diaz"
    switch.release(CAROL, second.ref)
    assert [each["dropCause"] for each in await events(push)] == ["disconnect"]


async def test_the_user_who_transfers_gets_that_as_the_cause(istra: Istra) -> None:
    push = await listening(istra)
    switch = istra.switch
    first = switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    switch.answer(BOB, first.ref, "1001")
    second = switch.make_call(ALICE, "1000", "1002", auto_answer=True)
    switch.answer(CAROL, second.ref, "1002")
    switch.transfer(ALICE, second.ref, first.ref)
    found = await events(push)
    assert [each["dropCause"] for each in found if each["event"] == "callDropped"] == ["transferred", "transferred"]


async def test_calls_from_before_are_not_reported(istra: Istra) -> None:
    call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    push = await listening(istra)
    assert await push.silent()
    istra.switch.answer(ALICE, call.ref, "1000")
    (event,) = await events(push)
    assert (event["event"], event["incoming"]) == ("callTalking", True)


async def test_several_terminals_each_with_its_listener() -> None:
    people = [
        UserSpec(login=ALICE, number="1000", devices=(DeviceSpec(id="1000"), DeviceSpec(id="1900", type="SOFTPHONE"))),
        UserSpec(login=BOB, number="1001"),
    ]
    async with office(users=people) as istra:
        await istra.crm()
        terminals = [each["terminalId"] for each in await istra.get("v1/crm/GetTerminals")]
        push = await istra.listen_to(terminals[0], "desk")
        await istra.listen_also(terminals[1], "soft")
        call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
        istra.clock.advance(0.1)
        found = {each["listenerName"]: each["item"][0] for each in (await push.next(), await push.next())}
        assert found["desk"] == found["soft"]
        assert found["desk"]["event"] == "callRinging"
        istra.switch.answer(ALICE, call.ref, "1900")
        istra.clock.advance(0.1)
        found = {each["listenerName"]: each["item"][0] for each in (await push.next(), await push.next())}
        assert (found["desk"]["event"], found["desk"]["dropCause"]) == ("callDropped", "transferred")
        assert (found["soft"]["event"], found["soft"]["talkCause"]) == ("callTalking", "answer")
        istra.switch.switch_device(ALICE, call.ref, "1900", "1000")
        istra.clock.advance(0.1)
        found = {each["listenerName"]: each["item"][0] for each in (await push.next(), await push.next())}
        assert (found["soft"]["event"], found["soft"]["dropCause"]) == ("callDropped", "transferred")
        assert (found["desk"]["event"], found["desk"]["talkCause"]) == ("callTalking", "transferred")


async def test_calls_of_the_call_centre_name_the_pilot() -> None:
    people = [
        {"login": ALICE, "number": "1000", "acd": True, "agent": {"groups": ["600"]}},
        {"login": BOB, "number": "1001"},
    ]
    async with office(users=people, switch={"pilots": [{"number": "800", "groups": ["600"]}]}) as istra:
        await istra.crm()
        terminal = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
        push = await istra.listen_to(terminal)
        istra.switch.agent_log_on(ALICE, "1000", "600")
        istra.switch.agent_ready(ALICE)
        istra.switch.make_call(BOB, "1001", "800", auto_answer=True)
        (event,) = await events(push)
        assert (event["event"], event["acdId"]) == ("callRinging", "800")


async def test_terminals_that_are_none(istra: Istra) -> None:
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "a", "terminalId": await desk(istra)})
    bobs = await (await istra.other()).crm(BOB)
    foreign = (await bobs.get("v1/crm/GetTerminals"))[0]["terminalId"]
    for terminal in (foreign, "1", "nonsense"):
        for method, path, body in (
            ("POST", "v1/service/EventListener/bean", {"name": "b", "terminalId": terminal}),
            ("GET", f"v1/crm/CallLine?listenerName=a&terminalId={terminal}", None),
            ("GET", f"v1/crm/PlaceCall?terminalId={terminal}&destination=1001", None),
        ):
            reply = await istra.ask(method, path, body)
            assert reply.status == 400
            assert reply.body == {
                "message": "bad terminal ID",
                "exceptionId": reply.body["exceptionId"],
                "code": "ERR_0",
                "firstMessage": "bad terminal ID",
                "info": {"type": {"id": "ERR_0", "msg": "Bad Request"}},
            }
            assert reply.body["exceptionId"].startswith("restletapi_exception_")


async def test_a_listener_is_for_its_own_terminal(istra: Istra) -> None:
    await desk(istra)
    one, two = [each["terminalId"] for each in await istra.get("v1/crm/GetTerminals")]
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "a", "terminalId": one})
    assert (await istra.ask("GET", f"v1/crm/CallLine?listenerName=a&terminalId={two}")).status == 400
    assert (await istra.ask("GET", f"v1/crm/CallLine?terminalId={one}")).status == 400
    assert (await istra.ask("GET", f"v1/crm/CallLine?listenerName=b&terminalId={one}")).status == 404
    istra.face.variants.set(crm_listener="terminal")
    assert (await istra.ask("POST", "v1/service/EventListener/bean", {"name": "a"})).status == 400


async def test_a_terminal_out_of_service(istra: Istra) -> None:
    terminal = await desk(istra)
    istra.switch.set_device_state("1000", "OUT_OF_SERVICE")
    reply = await istra.ask("GET", f"v1/crm/PlaceCall?terminalId={terminal}&destination=1001")
    assert (reply.status, reply.body["code"]) == (512, "ERR_100")
    push = await istra.listen_to(terminal)
    istra.face.variants.set(refuse_listening=True)
    for method, path, body in (
        ("POST", "v1/service/EventListener/bean", {"name": "b", "terminalId": terminal}),
        ("GET", f"v1/crm/CallLine?listenerName=CallLines&terminalId={terminal}", None),
    ):
        assert (await istra.ask(method, path, body)).status == 512
    istra.switch.set_device_state("1000", "IN_SERVICE")
    istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    (event,) = await events(push)
    assert event["event"] == "callRinging"
