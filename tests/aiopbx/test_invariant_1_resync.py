"""Invariant 1: nothing hangs in "ringing". After any loss the difference reaches subscribers, once."""

import asyncio
from typing import Any

import pytest

from aiopbx import (
    CallEnded,
    CallStarted,
    CallState,
    Direction,
    Feature,
    LineAdded,
    LineRemoved,
    LineState,
    Outcome,
    Status,
)
from aiopbx.o2g.services.telephony import Telephony
from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.o2g import routing, telephony
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Opened, lose_while, until

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel")

LOSSES = ["cut_channels", "close_cleanly", "expire_sessions"]


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_call_that_ended_while_offline_is_reported_ended_once(office: Opened, loss: str) -> None:
    async with office() as one:
        pbx = await one.connect()
        ringing = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.caught_up(pbx)
        bob = pbx.line("1001")
        call = bob.calls[0]
        assert bob.state is LineState.RINGING_INCOMING
        diary = Diary(pbx)
        await lose_while(one, pbx, loss, lambda: one.switch.drop("oxe1000", ringing.ref))
        assert bob.state is LineState.IDLE
        assert pbx.line("1000").state is LineState.IDLE
        ends = diary.of(CallEnded)
        assert {event.line for event in ends} == {"oxe1000", "oxe1001"}
        assert len(ends) == 2
        assert call.ended
        assert call.outcome is Outcome.UNKNOWN
        assert call.ended_at is None
        assert call.started_at is not None


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_call_that_came_while_offline_is_reported(office: Opened, loss: str) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        await lose_while(one, pbx, loss, lambda: one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True))
        (bob,) = pbx.line("1001").calls
        assert bob.state is CallState.RINGING_INCOMING
        assert bob.direction is Direction.INCOMING
        assert bob.started_at is None, "nobody saw it begin"
        assert len(diary.of(CallStarted)) == 2
        assert diary.of(CallEnded) == []
        await bob.answer()
        await bob.wait_for(CallState.ACTIVE, timeout=30)


async def test_a_call_that_went_on_is_the_same_call(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        ringing = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.caught_up(pbx)
        call = pbx.line("1001").calls[0]
        id_ = call.id
        await lose_while(one, pbx, "cut_channels", lambda: one.switch.answer("oxe1001", ringing.ref, "1001"))
        assert pbx.line("1001").calls[0] is call
        assert (call.id, call.state, call.answered, call.answered_at) == (id_, CallState.ACTIVE, True, None)


async def test_every_line_is_confirmed_after_a_loss(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        assert all(line.synced for line in pbx.lines.values())
        one.faults.cut_channels()
        await until(lambda: not any(line.synced for line in pbx.lines.values()))
        await until(lambda: pbx.status is Status.ONLINE)
        assert all(line.synced for line in pbx.lines.values())


async def test_a_line_that_gets_no_snapshot_is_read(office: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server acknowledges and sends nothing: the state is read by GET."""
    for module in (telephony, routing):
        monkeypatch.setattr(module, "publish_snapshot", lambda *_: None)
    async with office() as one:
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        one.switch.set_dnd("oxe1002", True)
        pbx = await one.connect(sync_timeout=0.05)
        assert pbx.line("1001").state is LineState.RINGING_INCOMING
        assert pbx.line("1002").do_not_disturb is True
        for login in one.switch.users:
            compare(pbx.line(login).snapshot, one.switch, login)


@pytest.mark.parametrize("licensed", [0, 1, 3])
async def test_users_without_the_licence_are_not_waited_for(office: Opened, licensed: int) -> None:
    """They get no snapshot, and nothing says so: with a long time-out, being online takes no time all the same."""
    people = [
        UserSpec(
            login=f"user{number}",
            number=f"20{number}",
            licences=frozenset({"TELEPHONY_ADVANCED" if number < licensed else "TELEPHONY_BASIC"}),
        )
        for number in range(4)
    ]
    async with office(users=people) as one:
        if licensed > 1:
            one.switch.make_call("user0", "200", "201", auto_answer=True)
        async with asyncio.timeout(30):
            pbx = await one.connect(sync_timeout=600)
        with_calls = {line.number for line in pbx.lines.values() if Feature.CALL_EVENTS in line.features}
        assert with_calls == {f"20{number}" for number in range(licensed)}
        if licensed > 1:
            assert pbx.line("201").state is LineState.RINGING_INCOMING
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)


async def test_a_server_that_is_slow_with_its_snapshots_is_given_time(
    office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one user that is tried has the licence, so the snapshots will come."""
    states: list[str] = []
    read = Telephony.telephonic_state

    async def count(self: Telephony, **keywords: Any) -> Any:
        states.append(keywords["login_name"])
        return await read(self, **keywords)

    monkeypatch.setattr(Telephony, "telephonic_state", count)
    async with office() as one:
        one.faults.freeze_channels()
        connecting = asyncio.ensure_future(one.connect(sync_timeout=600))
        await until(lambda: one.simulator.server.channels.opened == 1)
        await until(lambda: states)
        one.faults.thaw()
        pbx = await connecting
        assert set(states) == {"oxe1000"}, "the others are not read"
        assert all(line.synced for line in pbx.lines.values())


async def test_an_event_that_comes_while_a_state_is_read_wins(office: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the GET is older than the event: it must not bring the call back."""
    async with office() as one:
        pbx = await one.connect()
        ringing = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.caught_up(pbx)
        read = Telephony.telephonic_state
        asked = 0

        async def slow(self: Telephony, **keywords: Any) -> Any:
            nonlocal asked
            asked += 1
            state = await read(self, **keywords)
            if asked == 1:
                one.switch.drop("oxe1000", ringing.ref)
                await one.caught_up(pbx)
            return state

        monkeypatch.setattr(Telephony, "telephonic_state", slow)
        diary = Diary(pbx, line="oxe1001")
        await pbx._core.system._link._sync._reader.telephony("oxe1001")  # type: ignore[attr-defined]
        assert asked == 2, "read again, because an event came meanwhile"
        assert pbx.line("1001").state is LineState.IDLE
        assert len(diary.of(CallEnded)) == 1
        assert diary.of(CallStarted) == []


async def test_counters_device_states_and_groups_are_read_after_subscribing(office: Opened) -> None:
    people = (
        UserSpec(login="a", number="100", hunting_group=None),
        UserSpec(login="b", number="101"),
    )
    async with office(users=people) as one:
        one.switch.request_callback("b", "100")
        one.switch.set_device_state("101", "OUT_OF_SERVICE")
        pbx = await one.connect()
        assert pbx.line("100").counters.callback_requests == 1
        assert pbx.line("101").in_service is False
        assert pbx.line("101").state is LineState.OUT_OF_SERVICE


async def test_users_who_come_and_go_while_offline(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        one.switch.make_call("oxe1003", "1003", "1000", auto_answer=True)
        await one.caught_up(pbx)

        def meanwhile() -> None:
            one.switch.remove_user("oxe1003")
            one.switch.add_user(UserSpec(login="new", number="1009", first_name="Nora", last_name="New"))

        await lose_while(one, pbx, "cut_channels", meanwhile)
        assert sorted(pbx.lines) == ["new", "oxe1000", "oxe1001", "oxe1002"]
        assert pbx.line("1009").name == "Nora New"
        assert [event.line for event in diary.of(LineRemoved)] == ["oxe1003"]
        assert [event.snapshot.name for event in diary.of(LineAdded)] == ["Nora New"]
        assert [event.line for event in diary.of(CallEnded) if event.line == "oxe1003"] == ["oxe1003"]


async def test_events_that_the_server_dropped_are_made_good(office: Opened) -> None:
    """The queue of the server overflowed: it says so, and the state is asked for again."""
    async with office(event_queue=4) as one:
        pbx = await one.connect(lines=["oxe1000", "oxe1001"])
        one.faults.freeze_channels()
        refs = [one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True).ref]
        one.switch.drop("oxe1000", refs[0])
        one.switch.make_call("oxe1000", "1000", "1002", auto_answer=True)
        for _ in range(5):
            one.switch.set_dnd("oxe1001", True)
            one.switch.set_dnd("oxe1001", False)
        one.faults.thaw()

        def right() -> bool:
            try:
                for login in ("oxe1000", "oxe1001"):
                    compare(pbx.line(login).snapshot, one.switch, login)
            except AssertionError:
                return False
            return True

        await until(right)
        assert pbx.status is Status.ONLINE
        assert pbx.statistics.losses == 0


async def test_a_loss_in_the_middle_of_synchronising(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        for _ in range(5):
            one.faults.cut_channels()
            await asyncio.sleep(0.02)
        await one.caught_up(pbx)
        for login in one.switch.users:
            compare(pbx.line(login).snapshot, one.switch, login)


@pytest.mark.parametrize("meanwhile", ["begins", "ends"])
async def test_what_a_frozen_channel_held_back_is_older_than_what_was_read(office: Opened, meanwhile: str) -> None:
    """The snapshots do not come, so the lines are read; later the channel delivers what was so before."""
    async with office() as one:
        pbx = await one.connect()
        one.hurry(pbx, sync_timeout=0.6)
        diary = Diary(pbx, kind=(CallStarted, CallEnded))
        made = None
        if meanwhile == "ends":
            made = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
            await one.caught_up(pbx)
        one.faults.freeze_channels()
        losses = pbx.statistics.losses
        one.faults.expire_sessions()
        await until(lambda: pbx.statistics.losses > losses)
        held_back = lambda: [line for kept in one.simulator.server.subscriptions.all for line in kept.queue]  # noqa: E731
        await until(lambda: sum(b"OnTelephonyState" in line for line in held_back()) == len(one.switch.users))
        if made is None:
            made = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        else:
            one.switch.drop("oxe1000", made.ref)
        await until(lambda: pbx.status is Status.ONLINE)
        assert (pbx.line("1000").state is LineState.IDLE) is (meanwhile == "ends")

        one.faults.thaw()
        await one.caught_up(pbx)
        await one.right(pbx)
        one.clock.advance(1000)
        await one.caught_up(pbx)
        assert not one.switch.calls
        events = [(type(event), event.call.id) for event in diary.events]
        assert sorted(events, key=str) == sorted(set(events), key=str), "nothing begins or ends twice"
        assert len(events) == 2 * len({event.call.id for event in diary.events})
