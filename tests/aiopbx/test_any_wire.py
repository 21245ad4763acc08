"""What the model promises over every wire: dialling, answering and hanging up, on both real ones and on a toy.

The toy shows what a wire has to bring. It goes through the same mechanism of operations, link and system.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

import aiopbx
from aiopbx import (
    ActionNotAllowed,
    CallEvent,
    ConnectionFailed,
    Direction,
    InvalidInput,
    LineState,
    NotSupported,
    Outcome,
    OutcomeUnknown,
    Pbx,
    PolicyViolation,
    RequestRefused,
    Status,
    UnknownCall,
)
from tests.aiopbx.bridge_office import BridgeOffice
from tests.aiopbx.istra_office import istra_office
from tests.aiopbx.office import office, opened, until
from tests.aiopbx.test_actions import talking
from tests.aiopbx.toy_wire import OPERATIONS, ToyServer, ToySystem

TOY = {"username": "anyone", "password": "secret", "reconnect_min": 0.01, "reconnect_max": 0.05}


@asynccontextmanager
async def on_toy(server: ToyServer, **settings: Any) -> AsyncIterator[Pbx]:
    """A client of a toy system, made as every client is; only the wire is another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["aiopbx.connect"], "_system", ToySystem)
        async with aiopbx.connect(url=server.url, **{**TOY, **settings}) as pbx:
            yield pbx


@pytest.fixture(params=["o2g", "istra", "bridge", "toy"])
async def pbx(request: pytest.FixtureRequest) -> AsyncIterator[Pbx]:
    """A client that sees the lines 1000 and 1001, over each wire."""
    if request.param == "toy":
        async with ToyServer("1000", "1001", "1002") as server, on_toy(server) as pbx:
            yield pbx
    else:
        offices = {"o2g": office, "istra": istra_office, "bridge": partial(opened, BridgeOffice)}
        async with offices[request.param]() as one:
            yield await one.connect()


async def test_dial_answer_hang_up(pbx: Pbx) -> None:
    alice, bob = pbx.line("1000"), pbx.line("1001")
    events: list[CallEvent] = []
    stop = pbx.subscribe(events.append, line=alice, kind=CallEvent)
    call, other = await talking(pbx)
    assert (call.line, other.line) == (alice, bob)
    assert alice.calls == (call,)
    assert pbx.call(call.id) is call
    assert (alice.state, bob.state) == (LineState.ACTIVE, LineState.ACTIVE)
    assert (call.direction, other.direction) == (Direction.OUTGOING, Direction.INCOMING)
    assert call.party is not None
    assert call.party.number == "1001"
    await call.hang_up()
    assert (await call.wait_for(Outcome.ANSWERED, timeout=30)).ended
    assert (await other.wait_for(Outcome.ANSWERED, timeout=30)).ended
    await until(lambda: (alice.state, bob.state) == (LineState.IDLE, LineState.IDLE))
    stop()
    kinds = [type(event).__name__ for event in events]
    assert (kinds[0], kinds[-1]) == ("CallStarted", "CallEnded")
    assert kinds.count("CallStarted") == kinds.count("CallEnded") == 1
    assert {event.call.id for event in events} == {call.id}


async def test_the_one_who_was_called_hangs_up(pbx: Pbx) -> None:
    _, other = await talking(pbx)
    await other.hang_up()
    await other.wait_for(Outcome.ANSWERED, timeout=30)
    with pytest.raises(UnknownCall, match="has ended"):
        await other.hang_up()


async def test_what_the_call_does_not_offer_is_refused_before_it_is_sent(pbx: Pbx) -> None:
    call, _ = await talking(pbx)
    with pytest.raises(ActionNotAllowed):
        await call.answer()


async def test_dialling_what_cannot_be_dialled(pbx: Pbx) -> None:
    with pytest.raises(InvalidInput, match="number"):
        await pbx.line("1000").dial("")
    assert not pbx.line("1000").calls


async def test_the_wire_by_the_names_of_its_operations(pbx: Pbx) -> None:
    for name, one in pbx.operations.items():
        assert one.name == name
        assert one.summary
        assert one.python.startswith("pbx.")
        assert one.python.endswith(f".{name}")


# ------------------------------------------------------------------------------------------------- the toy by itself


@pytest.fixture
async def server() -> AsyncIterator[ToyServer]:
    async with ToyServer("1000", "1001") as server:
        yield server


async def test_commands_that_a_wire_does_not_list_are_refused(server: ToyServer) -> None:
    async with on_toy(server) as pbx:
        call, _ = await talking(pbx)
        before = len(server.requests)
        for ask in (call.hold, lambda: call.blind_transfer("1000"), lambda: pbx.line("1000").set_do_not_disturb(True)):
            with pytest.raises(NotSupported):
                await ask()
        assert len(server.requests) == before


async def test_a_refusal_says_what_the_server_said(server: ToyServer) -> None:
    async with on_toy(server) as pbx:
        with pytest.raises(RequestRefused, match="there is no 1009") as raised:
            await pbx.line("1000").dial("1009")
        assert raised.value.status == 404


async def test_what_may_be_repeated_survives_the_loss_of_the_session(server: ToyServer) -> None:
    async with on_toy(server) as pbx:
        server.forget_session()
        assert [one.id for one in await pbx.available_lines()] == ["1000", "1001"]
        assert pbx.statistics.losses == 1
        assert server.requests.count("GET /state") == 2
        assert pbx.status is Status.ONLINE


async def test_a_dial_is_never_repeated(server: ToyServer) -> None:
    async with on_toy(server) as pbx:
        server.forget_session()
        with pytest.raises(aiopbx.SessionLost):
            await pbx.line("1000").dial("1001")
        await pbx.wait_status(Status.ONLINE, timeout=30)
        assert server.requests.count("POST /calls") == 1


async def test_a_call_that_ended_while_the_connection_was_lost(server: ToyServer) -> None:
    async with on_toy(server) as pbx:
        call, _ = await talking(pbx)
        server.forget_session()
        await server.change()
        with pytest.raises(aiopbx.SessionLost):
            await pbx.line("1000").dial("1001")
        assert (await call.wait_for(Outcome.ANSWERED, timeout=30)).ended


async def test_a_request_by_name(server: ToyServer) -> None:
    async with on_toy(server, dial_policy={"denied": ["1001"]}) as pbx:
        assert pbx.operations is OPERATIONS
        assert {name: str(one) for name, one in pbx.operations.items()} == {
            "state": "GET /state",
            "states": "GET /states",
            "dial": "POST /calls",
            "answer": "POST /calls/{ref}/answer",
            "hang_up": "DELETE /calls/{ref}",
        }
        made = pbx.prepare("dial", caller="1000", callee="1000")
        assert (made.target, made.body) == ("/calls", {"caller": "1000", "callee": "1000"})
        assert made.python.endswith("await pbx.toy.phones.dial(Dial(caller='1000', callee='1000'))")
        answer = await pbx.request(made)
        assert (answer.status, answer.data) == (200, {"caller": "1000", "callee": "1000", "ref": "1"})
        with pytest.raises(PolicyViolation):
            pbx.prepare("dial", caller="1000", callee="1001")
        with pytest.raises(InvalidInput, match="ref: is missing"):
            pbx.prepare("answer")


async def test_an_answer_that_cannot_be_read(server: ToyServer) -> None:
    async with on_toy(server) as pbx:
        server.garbled = True
        with pytest.raises(OutcomeUnknown, match="POST /calls: the answer cannot be read"):
            await pbx.request("dial", caller="1000", callee="1001")
        with pytest.raises(ConnectionFailed, match="GET /state: the answer cannot be read") as raised:
            await pbx.available_lines()
        assert raised.value.remedy == "Check that the server is a toy of a version that is known."
