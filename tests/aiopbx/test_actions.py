"""Every action of lines and calls, through the real wire: what it does to the switch, and to the model."""

import pytest

from aiopbx import (
    DVA,
    VOICEMAIL,
    Action,
    Call,
    CallEnded,
    CallState,
    Condition,
    Forward,
    InvalidInput,
    LineAdded,
    LineRemoved,
    LineState,
    Outcome,
    Overflow,
    Pbx,
    Recording,
    Target,
    UnknownCall,
)
from aiopbx.simulator import DeviceSpec, UserSpec
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Opened, until, user

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel", "istra", "bridge")


async def talking(pbx: Pbx, caller: str = "1000", called: str = "1001") -> tuple[Call, Call]:
    """A call of two, answered."""
    call = await pbx.line(caller).dial(called)
    assert call is not None
    other = await pbx.line(called).wait_for_call(timeout=30)
    await other.answer()
    await call.wait_for(CallState.ACTIVE, timeout=30)
    await other.wait_for(CallState.ACTIVE, timeout=30)
    return call, other


async def test_dial_answer_hang_up(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, other = await talking(pbx)
        assert call.line is pbx.line("1000")
        assert pbx.line("1000").calls == (call,)
        assert pbx.call(call.id) is call
        assert pbx.line("1000").state is LineState.ACTIVE
        await one.right(pbx)
        await call.hang_up()
        assert (await call.wait_for(Outcome.ANSWERED, timeout=30)).ended
        assert (await other.wait_for(Outcome.ANSWERED, timeout=30)).ended
        await one.right(pbx)


@pytest.mark.absent(istra="each extension has a line of its own, with a reference of its own")
async def test_one_reference_on_two_lines_needs_an_id(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, other = await talking(pbx)
        assert call.ref == other.ref
        with pytest.raises(UnknownCall, match=other.id):
            pbx.call(call.ref)
        assert pbx.call(other.id) is other


@pytest.mark.absent(istra="a call that is being released is dropped already")
async def test_rejecting_by_hang_up_ends_a_call_of_two(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=30)
        assert Action.HANG_UP in ringing.actions
        await ringing.hang_up()
        await call.wait_for(CallState.RELEASING, timeout=30)
        one.clock.advance(120)  # the caller hears the busy tone, and hangs up
        await call.wait_for(Outcome.BUSY, timeout=30)
        assert ringing.outcome is Outcome.MISSED
        await one.right(pbx)


@pytest.mark.absent(istra="nothing can be associated with a call; the rest is below")
async def test_hold_and_retrieve_and_dtmf_and_data(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, other = await talking(pbx)
        await call.hold()
        await call.wait_for(CallState.HELD, timeout=30)
        await call.retrieve()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await call.send_dtmf("12#")
        assert one.switch.calls[call.ref].dtmf == [("oxe1000", "12#")]
        await call.attach_data("order 7")
        await other.wait_for(lambda now: now.associated_data == "order 7", timeout=30)
        await call.send_account_info("42")
        await call.wait_for(lambda now: now.account_info == "42", timeout=30)
        await one.right(pbx)


@pytest.mark.absent(istra="a recording can be started, and not paused or stopped; the rest is below")
async def test_recording(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        await call.start_recording()
        await call.wait_for(lambda now: now.recording is Recording.RECORDING, timeout=30)
        await call.pause_recording()
        await call.wait_for(lambda now: now.recording is Recording.PAUSED, timeout=30)
        await call.resume_recording()
        await call.wait_for(lambda now: now.recording is Recording.RECORDING, timeout=30)
        await call.stop_recording()
        await call.wait_for(lambda now: now.recording is None, timeout=30)


async def consulting(pbx: Pbx) -> tuple[Call, Call]:
    """Alice talks with Bob, holds him and talks with Carol."""
    held, _ = await talking(pbx)
    assert Action.CONSULT in held.actions
    enquiry = await held.consult("1002")
    assert enquiry is not None
    ringing = await pbx.line("1002").wait_for_call(timeout=30)
    await ringing.answer()
    await enquiry.wait_for(CallState.ACTIVE, timeout=30)
    await held.wait_for(CallState.HELD, timeout=30)
    return held, enquiry


@pytest.mark.parametrize("on_the_held_one", [True, False])
async def test_transfer(office: Opened, on_the_held_one: bool) -> None:
    async with office() as one:
        pbx = await one.connect()
        held, enquiry = await consulting(pbx)
        if on_the_held_one:
            await held.transfer(enquiry)
        else:
            await enquiry.transfer()
        await held.wait_for(Outcome.TRANSFERRED, timeout=30)
        await enquiry.wait_for(Outcome.TRANSFERRED, timeout=30)
        await one.right(pbx)
        assert pbx.line("1001").calls[0].party.number == "1002"  # type: ignore[union-attr]
        assert pbx.line("1000").state is LineState.IDLE


@pytest.mark.absent(istra="there is neither: hold and retrieve do the same")
async def test_alternate_and_reconnect(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        held, enquiry = await consulting(pbx)
        await held.alternate()
        await held.wait_for(CallState.ACTIVE, timeout=30)
        await enquiry.wait_for(CallState.HELD, timeout=30)
        await held.alternate()  # on the active one: the other way round
        await enquiry.wait_for(CallState.ACTIVE, timeout=30)
        await one.right(pbx)
        await enquiry.reconnect()
        await held.wait_for(CallState.ACTIVE, timeout=30)
        await enquiry.wait_for(lambda now: now.ended, timeout=30)
        await one.right(pbx)


@pytest.mark.absent(istra="the others of a conference are not named, and nobody can be dropped; the rest is below")
async def test_conference(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        held, enquiry = await consulting(pbx)
        await enquiry.merge(held)
        await until(lambda: any(call.conference for call in pbx.line("1000").calls))
        await one.right(pbx)
        (conference,) = pbx.line("1000").calls
        assert conference in (held, enquiry), "one of the two goes on"
        ended = enquiry if conference is held else held
        assert ended.outcome is Outcome.MERGED
        assert {party.number for party in conference.parties} == {"1001", "1002"}
        assert Action.HANG_UP in conference.actions
        await conference.drop("1002")
        await until(lambda: not conference.conference)
        await one.right(pbx)
        await conference.hang_up()
        await conference.wait_for(lambda now: now.ended, timeout=30)
        await one.right(pbx)


async def test_end_a_conference_for_everybody(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        held, enquiry = await consulting(pbx)
        await enquiry.merge()
        await until(lambda: any(call.conference for call in pbx.line("1000").calls))
        (conference,) = pbx.line("1000").calls
        await conference.end()
        await until(lambda: not any(line.calls for line in pbx.lines.values()))
        assert held.ended
        assert enquiry.ended
        await one.right(pbx)


async def test_blind_transfer(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, other = await talking(pbx)
        await call.blind_transfer("1003")
        await call.wait_for(Outcome.TRANSFERRED, timeout=30)
        await pbx.line("1003").wait_for_call(timeout=30)
        assert not other.ended
        await one.right(pbx)


@pytest.mark.absent(istra="calls go to no voicemail and no attendant, nor anonymously; the rest is below")
@pytest.mark.parametrize(("to", "anonymous"), [("1003", False), ("1003", True), (VOICEMAIL, False), (DVA, False)])
async def test_redirect(office: Opened, to: str, anonymous: bool) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=30)
        await ringing.redirect(to, anonymous=anonymous)
        await ringing.wait_for(Outcome.FORWARDED, timeout=30)
        if to == "1003":
            assert ringing.new_destination == "1003"
            await until(lambda: pbx.line("1003").state is LineState.RINGING_INCOMING)
        await one.right(pbx)


@pytest.mark.absent(istra="there is neither")
async def test_overflow_to_voicemail_and_call_back(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await call.wait_for(CallState.RINGING_OUTGOING, timeout=30)
        await call.call_back()
        await until(lambda: pbx.line("1001").counters.callback_requests == 1)
        (asked,) = await pbx.line("1001").callbacks()
        assert (asked.number, asked.name) == ("1000", "Alice Martin")
        await pbx.line("1001").delete_callbacks(asked.id)
        assert await pbx.line("1001").callbacks() == ()
        await pbx.line("1002").request_call_back("1001")
        for neither_nor_both in ({}, {"id": asked.id, "all": True}):
            with pytest.raises(InvalidInput, match="all=True"):
                await pbx.line("1001").delete_callbacks(**neither_nor_both)  # type: ignore[arg-type]
        await pbx.line("1001").delete_callbacks(all=True)
        assert (await pbx.line("1001").refresh_counters()).callback_requests == 0
        await call.overflow_to_voicemail()
        await until(lambda: not pbx.line("1001").calls)
        await one.right(pbx)


@pytest.mark.absent(istra="there is neither")
async def test_park_unpark_pick_up(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, other = await talking(pbx)
        await call.park()
        await call.wait_for(Outcome.PARKED, timeout=30)
        await one.right(pbx)
        await pbx.line("1002").unpark("1000")
        await until(lambda: pbx.line("1002").state is LineState.ACTIVE)
        await one.right(pbx)
        await other.hang_up()
        await until(lambda: not one.switch.calls)
        ringing = await pbx.line("1000").dial("1001")
        assert ringing is not None
        bob = await pbx.line("1001").wait_for_call(timeout=30)
        await pbx.line("1003").pick_up("1001")
        await bob.wait_for(Outcome.PICKED_UP, timeout=30)
        await until(lambda: pbx.line("1003").state is LineState.ACTIVE)
        await one.right(pbx)


@pytest.mark.absent(istra="telephones of an extension are not told apart")
async def test_switch_device(office: Opened) -> None:
    people = (
        UserSpec(login="a", number="100", devices=(DeviceSpec(id="100"), DeviceSpec(id="110"))),
        UserSpec(login="b", number="101"),
    )
    async with office(users=people) as one:
        pbx = await one.connect()
        call = await pbx.line("100").dial("101")
        assert call is not None
        ringing = await pbx.line("101").wait_for_call(timeout=30)
        await ringing.answer()
        await call.wait_for(lambda now: Action.SWITCH_DEVICE in now.actions, timeout=30)
        await call.switch_device("110")
        await call.wait_for(lambda now: [leg.device for leg in now.legs] == ["110"], timeout=30)
        await one.right(pbx)


@pytest.mark.absent(istra="there is no do-not-disturb and no forward")
async def test_routing(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        await line.set_do_not_disturb(True)
        await until(lambda: line.do_not_disturb)
        await line.set_do_not_disturb(False)
        await until(lambda: line.do_not_disturb is False)
        await line.set_forward("1002")
        await until(lambda: line.forward == Forward(condition=Condition.IMMEDIATE, target=Target.NUMBER, number="1002"))
        await line.set_forward(target=Target.VOICEMAIL, condition=Condition.BUSY)
        await until(lambda: line.forward is not None and line.forward.target is Target.VOICEMAIL)
        await line.cancel_forward()
        await until(lambda: line.forward is None)
        await line.set_overflow(condition=Condition.BUSY_NO_ANSWER)
        await until(lambda: line.overflow is not None and line.overflow.condition is Condition.BUSY_NO_ANSWER)
        assert isinstance(line.overflow, Overflow)
        await line.cancel_overflow()
        await until(lambda: line.overflow is None)
        assert line.remote_extension is False
        await line.set_remote_extension(True)
        await until(lambda: line.remote_extension)
        await one.right(pbx)


@pytest.mark.absent(istra="there is no overflow")
async def test_overflow_to_the_associate(office: Opened) -> None:
    people = (UserSpec(login="a", number="100", associate="101"), UserSpec(login="b", number="101"))
    async with office(users=people) as one:
        pbx = await one.connect()
        await pbx.line("100").set_overflow(target=Target.ASSOCIATE, condition=Condition.NO_ANSWER)
        await until(lambda: pbx.line("100").overflow is not None)
        assert pbx.line("100").overflow.target is Target.ASSOCIATE  # type: ignore[union-attr]


async def test_answer_and_hang_up_of_the_line(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        bob = pbx.line("1001")
        ringing = await bob.wait_for_call(timeout=30)
        await bob.answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await bob.hang_up()
        await call.wait_for(Outcome.ANSWERED, timeout=30)
        await ringing.wait_for(Outcome.ANSWERED, timeout=30)
        with pytest.raises(UnknownCall):
            await bob.hang_up()


@pytest.mark.absent(istra="there are neither", bridge="no secret code is sent over a broker")
async def test_private_and_business_calls(office: Opened) -> None:
    people = (
        UserSpec(login="a", number="100", pin="1234", secret_code="5678"),  # type: ignore[arg-type]
        UserSpec(login="b", number="101"),
    )
    async with office(users=people) as one:
        pbx = await one.connect()
        line = pbx.line("100")
        call = await line.dial("0015550100", pin="1234", secret_code="5678")
        assert call is not None
        assert one.switch.calls[call.ref].private
        await call.hang_up()
        await call.wait_for(lambda now: now.ended, timeout=30)
        call = await line.dial("0015550100", business_code="77")
        assert call is not None
        assert one.switch.calls[call.ref].business_code == "77"


@pytest.mark.absent(
    istra="myRCC is for administrators; users have myCrm and myIstra",
    bridge="who may see which line is the broker's access list",
)
async def test_a_user_sees_and_does_the_same_with_the_own_line(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect(**user("oxe1000"))
        assert list(pbx.lines) == ["oxe1000"]
        assert [line.id for line in await pbx.available_lines()] == ["oxe1000"]
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        one.switch.answer("oxe1001", call.ref, "1001")
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await call.hold()
        await call.wait_for(CallState.HELD, timeout=30)
        await line.set_do_not_disturb(True)
        await until(lambda: line.do_not_disturb)
        await one.caught_up(pbx)
        compare(line.snapshot, one.switch, "oxe1000")


@pytest.mark.absent(istra="an administrator of myRCC has every extension", bridge="the session is the bridge's")
async def test_a_supervised_session(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect(supervised={"id": "1002", "by": "phone_number"})
        assert list(pbx.lines) == ["oxe1002"]
        call = await pbx.line("1002").dial("1001")
        assert call is not None


@pytest.mark.absent(istra="a line is an extension and not a user; the same with extensions is below")
async def test_lines_by_number_and_none_at_all(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect(lines=["1002", "oxe1000"])
        assert sorted(pbx.lines) == ["oxe1000", "oxe1002"]
        assert len(await pbx.available_lines()) == 4
        await pbx.close()
        pbx = await one.connect(lines=[])
        assert dict(pbx.lines) == {}
        assert [line.name for line in await pbx.available_lines()][:2] == ["Alice Martin", "Bob Keller"]


@pytest.mark.absent(istra="nothing tells of an extension before it has a call; the rest is below")
async def test_users_who_come_and_go(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        one.switch.add_user(UserSpec(login="new", number="1009", first_name="Nora", last_name="New"))
        await until(lambda: diary.of(LineAdded))
        assert diary.of(LineAdded)[0].snapshot.name == "Nora New"
        await until(lambda: pbx.line("1009").synced)
        call = await pbx.line("1000").dial("1009")
        assert call is not None
        await pbx.line("1009").wait_for_call(timeout=30)
        one.switch.remove_user("new")
        await until(lambda: diary.of(LineRemoved))
        assert "new" not in pbx.lines
        assert [event.line for event in diary.of(CallEnded)].count("new") == 1


@pytest.mark.absent(istra="nobody breaks into calls")
async def test_breaking_into_the_call_of_who_is_busy(office: Opened) -> None:
    async with office() as one:
        one.switch.settings = one.switch.settings.model_copy(update={"intrusion": True})
        one.switch.users["oxe1001"].lines = 1
        pbx = await one.connect()
        await talking(pbx)
        call = await pbx.line("1002").dial("1001")
        assert call is not None
        await until(lambda: Action.INTRUDE in call.actions)
        await call.intrude()
        await until(lambda: len(pbx.line("1000").calls[0].parties) == 2)
        joined = await pbx.line("1002").wait_for_call(CallState.ACTIVE, timeout=5)
        assert {party.number for party in joined.parties} == {"1000", "1001"}
        assert Action.INTRUDE not in joined.actions
        await one.right(pbx)


@pytest.mark.absent(istra="there is no such microphone")
async def test_the_microphone_of_an_intercom_call(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        assert call.ref is not None
        await pbx.line("1000").toggle_microphone()
        await until(lambda: not one.switch.microphone(call.ref, "1000"))
        await pbx.line("1000").toggle_microphone("1000")
        await until(lambda: one.switch.microphone(call.ref, "1000"))
        with pytest.raises(InvalidInput, match="4711"):
            await pbx.line("1000").toggle_microphone("4711")
