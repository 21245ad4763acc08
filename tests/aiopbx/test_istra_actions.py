"""What myRCC has instead of the actions of O2G that are absent there: see the marks of ``test_actions``."""

from typing import Any, Final

import pytest

from aiopbx import (
    DVA,
    VOICEMAIL,
    Action,
    ActionNotAllowed,
    CallEnded,
    CallOver,
    CallStarted,
    CallState,
    Direction,
    Feature,
    InvalidInput,
    LineAdded,
    NotSupported,
    Outcome,
    Recording,
    UnknownLine,
)
from aiopbx.simulator import UserSpec
from tests.aiopbx.office import Diary, Opened, until
from tests.aiopbx.test_actions import consulting, talking

pytestmark = pytest.mark.office("istra")


# What is left of the tests that cannot be the same


async def test_rejecting_by_hang_up(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=30)
        await ringing.hang_up()
        await ringing.wait_for(Outcome.MISSED, timeout=30)
        await call.wait_for(Outcome.CANCELLED, timeout=30)
        assert call.end_cause == "causeNormal"
        await one.right(pbx)


async def test_hold_and_retrieve_and_dtmf(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        await call.hold()
        await call.wait_for(CallState.HELD, timeout=30)
        await one.right(pbx)
        await call.retrieve()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await call.send_dtmf("12#")
        (made,) = one.switch.calls.values()
        assert made.dtmf == [("oxe1000", "12#")]
        with pytest.raises(InvalidInput, match="digits"):
            await call.send_dtmf("hello")


async def test_a_recording_can_be_started(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        await call.start_recording()
        await call.wait_for(lambda now: now.recording is Recording.RECORDING, timeout=30)
        for stop in (call.stop_recording, call.pause_recording, call.resume_recording):
            with pytest.raises(ActionNotAllowed):
                await stop()


async def test_a_conference_by_merging(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        held, enquiry = await consulting(pbx)
        await enquiry.merge(held)
        await until(lambda: [call.conference for call in pbx.line("1000").calls] == [True])
        await one.right(pbx)
        (conference,) = pbx.line("1000").calls
        assert conference in (held, enquiry), "one of the two goes on"
        assert (enquiry if conference is held else held).outcome is Outcome.MERGED
        assert {Action.HANG_UP, Action.END} <= conference.actions
        with pytest.raises(ActionNotAllowed):
            await conference.drop("1002")
        await conference.hang_up()
        await conference.wait_for(Outcome.ANSWERED, timeout=30)
        await until(lambda: pbx.line("1001").calls and pbx.line("1002").calls)
        await one.right(pbx)


async def test_a_conference_by_adding_somebody(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        assert Action.ADD_PARTY in call.actions
        await call.add_party("1002")
        await pbx.line("1002").wait_for_call(timeout=30)
        await pbx.line("1002").answer()
        await until(lambda: call.conference)
        await one.right(pbx)
        await call.end()
        await until(lambda: not any(line.calls for line in pbx.lines.values()))


async def test_redirect_a_ringing_call(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=30)
        with pytest.raises(InvalidInput, match="anonymous"):
            await ringing.redirect("1003", anonymous=True)
        for nowhere in (VOICEMAIL, DVA):
            with pytest.raises(ActionNotAllowed):
                await ringing.redirect(nowhere)
        await ringing.redirect("1003")
        await ringing.wait_for(Outcome.FORWARDED, timeout=30)
        assert ringing.new_destination == "1003"
        await pbx.line("1003").wait_for_call(timeout=30)
        await one.right(pbx)


async def test_the_own_telephone_rings_first(office: Opened) -> None:
    async with office() as one:
        one.hands = False  # type: ignore[attr-defined]
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        assert (call.state, call.direction) == (CallState.DIALING, Direction.OUTGOING)
        assert Action.ANSWER in call.actions
        await one.right(pbx)
        await call.answer()
        await call.wait_for(CallState.RINGING_OUTGOING, timeout=30)
        await one.right(pbx)
        await call.hang_up()
        await call.wait_for(Outcome.CANCELLED, timeout=30)


async def test_lines_by_number_and_id_and_none_at_all(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect(lines=["1002"])
        assert [line.number for line in pbx.lines.values()] == ["1002"]
        everybody = await pbx.available_lines()
        assert {line.number for line in everybody} == {"1000", "1001", "1002", "1003"}
        pbx = await one.connect(lines=[everybody[0].id, everybody[1].number])
        assert list(pbx.lines) == [everybody[0].id, everybody[1].id]
        call = await pbx.line(everybody[0].id).dial("1003")
        assert call is not None
        await until(lambda: one.switch.call_views("oxe1003"))
        await one.caught_up(pbx)
        assert len(pbx.lines) == 2, "others have calls, and are not monitored"
        pbx = await one.connect(lines=[])
        assert dict(pbx.lines) == {}
        with pytest.raises(UnknownLine, match="1009"):
            await one.connect(lines=["1002", "1009"])


async def test_all_pages_of_extensions(office: Opened) -> None:
    people = [UserSpec(login=f"user{number}", number=str(2000 + number)) for number in range(130)]
    async with office(users=people, rcc_page=40) as one:
        pbx = await one.connect()
        assert {line.number for line in pbx.lines.values()} == {str(2000 + number) for number in range(130)}


async def test_an_extension_that_is_new_is_met_with_its_first_call(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        one.switch.add_user(UserSpec(login="new", number="1009", first_name="Nora", last_name="New"))
        call = await pbx.line("1000").dial("1009")
        assert call is not None
        await until(lambda: diary.of(LineAdded))
        assert diary.of(LineAdded)[0].snapshot.name == "Nora New"
        await pbx.line("1009").wait_for_call(timeout=30)
        await pbx.line("1009").answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await one.right(pbx)


async def test_a_call_within_one_period_of_the_pushes_is_told_once(office: Opened) -> None:
    """It rings and ends before anything is pushed: all that comes is that it was dropped."""
    async with office(istra_push=0.1) as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        one.switch.drop("oxe1000", one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True).ref)
        one.clock.advance(0.1)
        await until(lambda: len(diary.of(CallEnded)) == 2)
        assert {(event.line, event.call.outcome) for event in diary.of(CallEnded)} == {
            (pbx.line("1000").id, Outcome.CANCELLED),
            (pbx.line("1001").id, Outcome.MISSED),
        }
        assert len(diary.of(CallStarted)) == 2
        assert not any(line.calls for line in pbx.lines.values())


async def test_a_call_that_ends_before_the_answer_to_its_dial_is_given_as_ended(
    office: Opened,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        place_call = pbx.istra.rcc.place_call

        async def late(*given: str) -> Any:
            told = await place_call(*given)
            one.switch.drop("oxe1000", next(iter(one.switch.calls)))
            await until(lambda: any(event.line == given[0] for event in diary.of(CallEnded)))
            return told

        monkeypatch.setattr(pbx.istra.rcc, "place_call", late)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        assert (call.ended, call.outcome) == (True, Outcome.CANCELLED)
        with pytest.raises(CallOver):
            await call.wait_for(CallState.ACTIVE, timeout=30)


async def test_nothing_is_remembered_of_calls_that_nobody_wants_to_see(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect(lines=["1003"])
        for _ in range(3):
            one.switch.drop("oxe1000", one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True).ref)
        await one.caught_up(pbx)
        assert pbx._core.system._link._monitor._extension_of == {}  # type: ignore[attr-defined]


async def test_what_means_nothing_to_istra_is_refused_before_anything_is_sent(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        sent = one.face.requests  # type: ignore[attr-defined]
        for field, options in (
            ("calling_number", {"calling_number": "+12025550123"}),
            ("inhibit_progress_tone", {"inhibit_progress_tone": True}),
            ("auto_answer", {"auto_answer": False}),
            ("device", {"device": "1000-2"}),
        ):
            with pytest.raises(InvalidInput, match=field) as refused:
                await line.dial("1001", **options)  # type: ignore[arg-type]
            assert refused.value.remedy
        for number in ("", "   ", "10\n01"):
            with pytest.raises(InvalidInput, match="number"):
                await line.dial(number)
        for options in ({"pin": "1", "secret_code": "2"}, {"business_code": "7"}, {"associated_data": "a"}):
            with pytest.raises(NotSupported):
                await line.dial("1001", **options)  # type: ignore[arg-type]
        assert one.face.requests == sent  # type: ignore[attr-defined]


LINE_CANNOT = {
    Feature.PICK_UP: lambda line: line.pick_up("1001"),
    Feature.PARK: lambda line: line.unpark("1001"),
    Feature.DO_NOT_DISTURB: lambda line: line.set_do_not_disturb(True),
    Feature.FORWARD: lambda line: line.set_forward("1002"),
    Feature.OVERFLOW: lambda line: line.set_overflow(),
    Feature.REMOTE_EXTENSION: lambda line: line.set_remote_extension(True),
    Feature.CALL_BACK: lambda line: line.request_call_back("1001"),
    Feature.COUNTERS: lambda line: line.refresh_counters(),
    Feature.CALL_LOG: lambda line: line.call_log().list(),
    Feature.MAILBOX: lambda line: line.mailboxes(),
    Feature.CALLER_ID: lambda line: line.refresh_caller_id(),
    Feature.PREFERENCES: lambda line: line.preferences(),
    Feature.DESK_SHARING: lambda line: line.leave_desk(),
    Feature.HUNTING_GROUPS: lambda line: line.hunting_groups(),
    Feature.TEXTS: lambda line: line.read_text(),
    Feature.TELEPHONES: lambda line: line.prefix("a", "b"),
}
CALL_CANNOT = {
    Feature.PARK: lambda call: call.park(),
    Feature.ASSOCIATED_DATA: lambda call: call.attach_data("a"),
    Feature.CALL_BACK: lambda call: call.call_back(),
    Feature.SWITCH_DEVICE: lambda call: call.switch_device("1"),
}


async def test_what_is_absent_is_refused_and_nothing_is_sent(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        sent = one.face.requests  # type: ignore[attr-defined]
        for things, subject in ((LINE_CANNOT, pbx.line("1000")), (CALL_CANNOT, call)):
            for feature, ask in things.items():
                assert feature not in pbx.features
                with pytest.raises(NotSupported) as refused:
                    await ask(subject)  # type: ignore[no-untyped-call]
                assert refused.value.missing == feature.value
        for act in (call.alternate, call.reconnect):
            with pytest.raises(ActionNotAllowed):
                await act()
        with pytest.raises(NotSupported):
            _ = pbx.o2g
        assert pbx.nodes is not None
        assert one.face.requests == sent  # type: ignore[attr-defined]
        assert len(pbx.features) + len({*LINE_CANNOT, *CALL_CANNOT}) + len(NEITHER) == len(Feature)


NEITHER: Final = frozenset(
    {
        Feature.PRIVATE_CALL,
        Feature.BUSINESS_CALL,
        Feature.VOICEMAIL,
        Feature.DEVICE_STATES,
        Feature.DIRECTORY,
        Feature.AGENT,
        Feature.NODES,
        Feature.OBJECTS,
        Feature.CALL_CENTRE,
        Feature.PILOTS,
        Feature.WAITING_CALLS,
        Feature.ROUTING_POINTS,
        Feature.CENTRE_STATISTICS,
        Feature.CHARGING,
        Feature.INCIDENTS,
        Feature.USERS,
        Feature.CALL_RECORDERS,
    }
)
"""Features that are absent too, and that no coroutine of a line or a call stands for alone."""
