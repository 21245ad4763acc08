"""Licences and rights that change while the client is online: the features of a line come and go with them."""

import asyncio

import pytest
from msgspec.structs import replace

from aiopbx import CallEnded, CallState, Feature, LineChanged, Outcome, Status
from aiopbx.o2g import link
from aiopbx.o2g.services.routing import Routing
from aiopbx.o2g.types.routing import Capabilities
from aiopbx.simulator import UserSpec
from tests.aiopbx.office import Diary, Opened, until

USERS = (
    UserSpec(login="a", number="100"),
    UserSpec(login="b", number="101"),
    UserSpec(login="c", number="102", licences=frozenset({"TELEPHONY_BASIC"})),
)
BASIC = frozenset({"TELEPHONY_BASIC"})
ADVANCED = frozenset({"TELEPHONY_BASIC", "TELEPHONY_ADVANCED"})


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are read again all the time."""
    monkeypatch.setattr(link, "RIGHTS_EVERY", 0.03)
    monkeypatch.setattr(link, "RIGHTS_PAUSE", 0.001)


@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_a_licence_that_is_withdrawn(office: Opened) -> None:
    """Features go, and calls of which no event will come any more end."""
    async with office(users=USERS) as one:
        pbx = await one.connect()
        line, diary = pbx.line("a"), Diary(pbx)
        one.switch.make_call("a", "100", "101", auto_answer=True)
        await until(lambda: line.calls and line.calls[0].state is CallState.RINGING_OUTGOING)
        one.switch.users["a"].licences = BASIC
        await until(lambda: Feature.CONFERENCE not in line.features)
        (ended,) = [event for event in diary.of(CallEnded) if event.line == "a"]
        assert ended.call.outcome is Outcome.UNKNOWN
        assert any("features" in event.changed for event in diary.of(LineChanged) if event.line == "a")
        assert not line.calls
        assert pbx.line("b").calls
        assert pbx.status is Status.ONLINE
        assert pbx.statistics.losses == 0


@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_a_licence_that_is_given(office: Opened) -> None:
    """The events have to be subscribed to, and then the line is as any other."""
    async with office(users=USERS) as one:
        pbx = await one.connect()
        line = pbx.line("c")
        assert Feature.CONFERENCE not in line.features
        one.switch.users["c"].licences = ADVANCED
        await until(lambda: Feature.CONFERENCE in line.features and Feature.FORWARD in line.features)
        await until(lambda: pbx.status is Status.ONLINE)
        one.switch.incoming_external("0015550100", "102")
        await until(lambda: line.calls and line.calls[0].state is CallState.RINGING_INCOMING)
        await one.right(pbx)
        assert pbx.statistics.losses == 1


async def test_a_right_that_comes_and_goes(office: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Routing.routing_capabilities
    granted = True

    async def capabilities(self: Routing, **names: str | None) -> Capabilities:
        answer = await real(self, **names)
        return replace(answer, dnd=granted)

    monkeypatch.setattr(Routing, "routing_capabilities", capabilities)
    async with office(users=USERS[:2]) as one:
        pbx = await one.connect()
        line = pbx.line("a")
        for granted in (False, True):
            await until(lambda wanted=granted: (Feature.DO_NOT_DISTURB in line.features) is wanted)
        assert pbx.statistics.losses == 0


async def test_a_busy_server_takes_no_right_away(office: Opened) -> None:
    async with office(users=USERS) as one:
        pbx = await one.connect()
        features = {line.id: line.features for line in pbx.lines.values()}
        for _ in range(20):
            one.faults.refuse_requests(1, 503)
            await until(lambda: one.faults.refused_left == 0)
        assert {line.id: line.features for line in pbx.lines.values()} == features
        assert pbx.statistics.losses == 0


async def test_without_audits_they_are_left_alone(office: Opened) -> None:
    async with office(users=USERS) as one:
        pbx = await one.connect(audit_interval=0)
        before = one.simulator.servers[0].requests
        one.switch.users["a"].licences = BASIC
        await asyncio.sleep(0.1)
        assert one.simulator.servers[0].requests == before
        assert Feature.CONFERENCE in pbx.line("a").features
