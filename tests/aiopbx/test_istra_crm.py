"""myCrm, from the switch to the model: terminals, events, causes and times, and terminals that are out of service."""

from time import monotonic
from typing import Any

import pytest

from aiopbx import (
    AuthenticationFailed,
    CallEnded,
    CallState,
    DeviceState,
    Direction,
    Feature,
    LineState,
    NotAllowed,
    NotSupported,
    Outcome,
    Pbx,
    RequestRefused,
    Status,
    UnknownLine,
)
from aiopbx.istra import crm
from aiopbx.simulator import DeviceSpec, UserSpec
from aiopbx.simulator.faces.istra.identifiers import terminal_id
from tests.aiopbx.istra_office import IstraOffice, end_user, istra_office
from tests.aiopbx.office import Diary, lose_while, until
from tests.aiopbx.turned_clock import TurnedClock

CRM = end_user("mycrm", "a")
TWO = (
    UserSpec(login="a", number="100", devices=(DeviceSpec(id="100"), DeviceSpec(id="110"))),
    UserSpec(login="b", number="101"),
)


ONE = (UserSpec(login="a", number="100"), UserSpec(login="b", number="101"))


async def connect(one: IstraOffice, **settings: Any) -> Pbx:
    return await one.connect(**CRM, **settings)


async def test_a_call_out_and_its_end() -> None:
    async with istra_office(users=ONE) as one:
        pbx = await connect(one)
        (line,) = pbx.lines.values()
        assert (line.id, line.name) == (terminal_id("a", "100"), "SIP generic device")
        assert pbx.features == {Feature.DIAL, Feature.CALL_EVENTS, Feature.DEVICE_STATES}
        assert line.synced
        call = await line.dial("101")
        assert call is not None
        assert (call.state, call.direction) == (CallState.RINGING_OUTGOING, Direction.OUTGOING)
        assert call.party is not None
        assert call.party.number == "101"
        assert line.in_service is True, "it has just made a call"
        (made,) = one.switch.calls.values()
        one.clock.advance(4)
        one.switch.answer("b", made.ref, "101")
        await call.wait_for(CallState.ACTIVE, timeout=30)
        one.clock.advance(61.5)
        one.switch.drop("b", made.ref)
        end = await call.wait_for(lambda now: now.ended, timeout=30)
        assert end.outcome is Outcome.ANSWERED
        assert (end.ring_seconds, end.talk_seconds) == (4.0, 61.5)
        assert line.state is LineState.IDLE


async def test_a_missed_call() -> None:
    async with istra_office(users=ONE) as one:
        pbx = await connect(one)
        diary = Diary(pbx, kind=CallEnded)
        made = one.switch.make_call("b", "101", "100", auto_answer=True)
        call = await next(iter(pbx.lines.values())).wait_for_call(timeout=30)
        assert (call.state, call.direction) == (CallState.RINGING_INCOMING, Direction.INCOMING)
        with pytest.raises(NotSupported):
            await call.answer()
        with pytest.raises(NotSupported):
            await next(iter(pbx.lines.values())).hang_up()
        one.switch.drop("b", made.ref)
        await call.wait_for(Outcome.MISSED, timeout=30)
        assert len(diary.events) == 1


async def test_a_listener_for_each_terminal_on_one_socket() -> None:
    async with istra_office(users=TWO) as one:
        pbx = await one.connect(**end_user("mycrm", "a"))
        first, second = (pbx.lines[terminal_id("a", number)] for number in ("100", "110"))
        assert (len(one.face.connections), len(one.face.listeners)) == (1, 2)
        call = await second.dial("101")
        assert call is not None
        assert second.state is LineState.RINGING_OUTGOING
        assert first.state is LineState.IDLE
        await pbx.close()
        assert len(one.face.listeners) == 0


async def test_terminals_to_choose() -> None:
    async with istra_office(users=TWO) as one:
        one_of_them = terminal_id("a", "110")
        pbx = await one.connect(**end_user("mycrm", "a"), lines=[one_of_them])
        assert list(pbx.lines) == [one_of_them]
        assert [line.id for line in await pbx.available_lines()] == [
            terminal_id("a", number) for number in ("100", "110")
        ]
        with pytest.raises(UnknownLine):
            await one.connect(**end_user("mycrm", "a"), lines=[terminal_id("b", "101")])
        pbx = await one.connect(**end_user("mycrm", "a"), lines=[])
        assert dict(pbx.lines) == {}


async def test_a_terminal_that_is_out_of_service_says_so_and_recovers() -> None:
    async with istra_office(users=ONE) as one:
        one.face.variants.refuse_listening = True
        one.switch.set_device_state("100", "OUT_OF_SERVICE")
        pbx = await connect(one, reconnect_min=0.02, reconnect_max=0.05)
        (line,) = pbx.lines.values()
        assert pbx.status is Status.ONLINE
        assert line.state is LineState.OUT_OF_SERVICE
        assert line.in_service is False
        one.switch.set_device_state("100", "IN_SERVICE")
        await until(lambda: line.state is LineState.IDLE)
        assert line.in_service is True
        call = await line.dial("101")
        assert call is not None, "its events come now"
        assert pbx.statistics.losses == 0


async def test_a_call_from_a_terminal_that_is_out_of_service() -> None:
    async with istra_office(users=ONE) as one:
        pbx = await connect(one, reconnect_max=0.05)
        (line,) = pbx.lines.values()
        assert line.devices[0].state is DeviceState.UNKNOWN, "nothing has told"
        one.switch.set_device_state("100", "OUT_OF_SERVICE")
        with pytest.raises(RequestRefused) as refused:
            await line.dial("101")
        assert (refused.value.status, refused.value.code, refused.value.transient) == (512, "ERR_100", True)
        assert refused.value.remedy
        assert line.state is LineState.OUT_OF_SERVICE
        await until(lambda: line.in_service is None)
        assert line.state is LineState.IDLE, "that was believed for a while"
        one.switch.set_device_state("100", "IN_SERVICE")
        assert await line.dial("101") is not None


LOSSES = pytest.mark.parametrize("loss", ["cut_channels", "close_cleanly", "expire_sessions"])


async def lost_and_back(one: IstraOffice, pbx: Pbx, loss: str = "cut_channels") -> None:
    losses = pbx.statistics.losses
    getattr(one.faults, loss)()
    await until(lambda: pbx.statistics.losses == losses + 1 and pbx.status is Status.ONLINE)


@LOSSES
async def test_a_call_survives_a_reconnect(loss: str) -> None:
    """No request says what became of it; its next event does."""
    async with istra_office(users=ONE) as one:
        pbx = await connect(one)
        diary = Diary(pbx, kind=CallEnded)
        (line,) = pbx.lines.values()
        call = await line.dial("101")
        assert call is not None
        (made,) = one.switch.calls.values()
        one.switch.answer("b", made.ref, "101")
        await call.wait_for(CallState.ACTIVE, timeout=30)
        for _ in range(3):
            await lost_and_back(one, pbx, loss)
            assert [(now.id, now.state) for now in line.calls] == [(call.id, CallState.ACTIVE)]
        one.switch.hold("b", made.ref, "101")
        one.switch.drop("a", made.ref)
        await call.wait_for(Outcome.ANSWERED, timeout=30)
        assert [event.call.outcome for event in diary.events] == [Outcome.ANSWERED]


@pytest.mark.parametrize(("talks", "most"), [(False, crm.RINGS), (True, crm.TALKS)])
async def test_a_call_of_which_nothing_is_heard_is_given_up_in_time(
    talks: bool, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted from the first loss: that others follow gives it no more time."""
    clock = TurnedClock(monkeypatch)
    quiet = {"silence_timeout": 1e6, "audit_interval": 0, "ping_interval": 0}
    async with istra_office(users=ONE) as one:
        pbx = await connect(one, **quiet)
        diary = Diary(pbx, kind=CallEnded)
        (line,) = pbx.lines.values()
        call = await line.dial("101")
        assert call is not None
        (made,) = one.switch.calls.values()
        if talks:
            one.switch.answer("b", made.ref, "101")
            await call.wait_for(CallState.ACTIVE, timeout=30)
        begun = clock.now()
        await lost_and_back(one, pbx)
        clock.turned += most / 2
        await lost_and_back(one, pbx)
        assert not diary.events
        await clock.turn_until(lambda: diary.events, most / 2 + 1, most / 50)
        assert clock.now() - begun >= most
        assert (call.outcome, line.state, line.calls) == (Outcome.UNKNOWN, LineState.IDLE, ())
        if not talks:
            one.switch.answer("b", made.ref, "101")
        else:
            one.switch.hold("a", made.ref, "100")
        await until(lambda: line.calls)
        assert [(now.id, now.answered) for now in line.calls] == [(call.id, True)], "it was there all the time"
        one.switch.drop("a", made.ref)
        await until(lambda: len(diary.events) == 2)
        assert diary.events[1].call.outcome is Outcome.ANSWERED  # type: ignore[attr-defined]


async def test_a_call_whose_time_was_over_while_offline_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with istra_office(users=ONE) as one:
        pbx = await connect(one)
        (line,) = pbx.lines.values()
        call = await line.dial("101")
        assert call is not None
        monkeypatch.setattr(crm, "monotonic", lambda: monotonic() + crm.RINGS + 1)
        await lost_and_back(one, pbx)
        assert (call.outcome, line.calls) == (Outcome.UNKNOWN, ())


async def test_a_terminal_that_is_out_of_service_has_no_calls() -> None:
    async with istra_office(users=ONE) as one:
        one.face.variants.refuse_listening = True
        pbx = await connect(one, reconnect_max=30)
        (line,) = pbx.lines.values()
        call = await line.dial("101")
        assert call is not None
        (made,) = one.switch.calls.values()

        def meanwhile() -> None:
            one.switch.drop("a", made.ref)
            one.switch.set_device_state("100", "OUT_OF_SERVICE")

        await lose_while(one, pbx, "cut_channels", meanwhile)
        assert line.state is LineState.OUT_OF_SERVICE
        assert (call.outcome, line.calls) == (Outcome.UNKNOWN, ())


async def test_a_user_who_may_not() -> None:
    people = [UserSpec(login="a", number="100", crm=False), UserSpec(login="b", number="101")]
    async with istra_office(users=people) as one:
        with pytest.raises((NotAllowed, AuthenticationFailed)) as refused:
            await one.connect(**end_user("mycrm", "a"))
        assert "myC" in str(refused.value)
        assert one.sessions == 0
