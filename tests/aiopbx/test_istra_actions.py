"""Every action of lines and calls on myRCC: the very tests that O2G passes, but for what myRCC does not have.

``ABSENT`` names that, with the reason, so that nothing is passed over in silence; another test below holds that it
is refused as it should be.
"""

from typing import Any, Final

import pytest

import tests.aiopbx.test_actions as same
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
    Pbx,
    Recording,
    UnknownLine,
)
from aiopbx.simulator import UserSpec
from tests.aiopbx import istra_office
from tests.aiopbx.istra_office import use_istra
from tests.aiopbx.office import Diary, office, until
from tests.aiopbx.test_actions import *  # noqa: F403 - the tests themselves

ABSENT: Final = {
    "test_one_reference_on_two_lines_needs_an_id": "each extension has a line of its own, with a reference of its own",
    "test_rejecting_by_hang_up_ends_a_call_of_two": "a call that is being released is dropped already",
    "test_hold_and_retrieve_and_dtmf_and_data": "nothing can be associated with a call; the rest is below",
    "test_recording": "a recording can be started, and not paused or stopped; the rest is below",
    "test_alternate_and_reconnect": "there is neither: hold and retrieve do the same",
    "test_conference": "the others of a conference are not named, and nobody can be dropped; the rest is below",
    "test_redirect": "calls go to no voicemail and no attendant, nor anonymously; the rest is below",
    "test_lines_by_number_and_none_at_all": "a line is an extension and not a user; the same with extensions is below",
    "test_overflow_to_voicemail_and_call_back": "there is neither",
    "test_park_unpark_pick_up": "there is neither",
    "test_switch_device": "telephones of an extension are not told apart",
    "test_routing": "there is no do-not-disturb and no forward",
    "test_overflow_to_the_associate": "there is no overflow",
    "test_private_and_business_calls": "there are neither",
    "test_a_user_sees_and_does_the_same_with_the_own_line": "myRCC is for administrators; users have myCrm and myIstra",
    "test_a_supervised_session": "an administrator of myRCC has every extension",
    "test_users_who_come_and_go": "nothing tells of an extension before it has a call; the rest is below",
}
for _name in ABSENT:
    assert callable(globals().pop(_name))
del _name
pytestmark = pytest.mark.usefixtures("myrcc")


@pytest.fixture
def myrcc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every client of a test be one of myRCC, and compare its lines with what myRCC can tell."""
    use_istra(monkeypatch)
    monkeypatch.setattr(same, "right", right)


async def right(one: Any, pbx: Pbx) -> None:
    """The model is the switch's truth, as far as myRCC tells it."""
    await one.caught_up(pbx)
    for login, user in one.switch.users.items():
        istra_office.compare(pbx.line(user.number).snapshot, one.switch, login)


# What is left of the tests that cannot be the same


async def test_rejecting_by_hang_up() -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=5)
        await ringing.hang_up()
        await ringing.wait_for(Outcome.MISSED, timeout=5)
        await call.wait_for(Outcome.CANCELLED, timeout=5)
        assert call.end_cause == "causeNormal"
        await right(one, pbx)


async def test_hold_and_retrieve_and_dtmf() -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await same.talking(pbx)
        await call.hold()
        await call.wait_for(CallState.HELD, timeout=5)
        await right(one, pbx)
        await call.retrieve()
        await call.wait_for(CallState.ACTIVE, timeout=5)
        await call.send_dtmf("12#")
        (made,) = one.switch.calls.values()
        assert made.dtmf == [("oxe1000", "12#")]
        with pytest.raises(InvalidInput, match="digits"):
            await call.send_dtmf("hello")


async def test_a_recording_can_be_started() -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await same.talking(pbx)
        await call.start_recording()
        await call.wait_for(lambda now: now.recording is Recording.RECORDING, timeout=5)
        for stop in (call.stop_recording, call.pause_recording, call.resume_recording):
            with pytest.raises(ActionNotAllowed):
                await stop()


async def test_a_conference_by_merging() -> None:
    async with office() as one:
        pbx = await one.connect()
        held, enquiry = await same.consulting(pbx)
        await enquiry.merge(held)
        await until(lambda: [call.conference for call in pbx.line("1000").calls] == [True])
        await right(one, pbx)
        (conference,) = pbx.line("1000").calls
        assert conference in (held, enquiry), "one of the two goes on"
        assert (enquiry if conference is held else held).outcome is Outcome.MERGED
        assert {Action.HANG_UP, Action.END} <= conference.actions
        with pytest.raises(ActionNotAllowed):
            await conference.drop("1002")
        await conference.hang_up()
        await conference.wait_for(Outcome.ANSWERED, timeout=5)
        await until(lambda: pbx.line("1001").calls and pbx.line("1002").calls)
        await right(one, pbx)


async def test_a_conference_by_adding_somebody() -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await same.talking(pbx)
        assert Action.ADD_PARTY in call.actions
        await call.add_party("1002")
        await pbx.line("1002").wait_for_call(timeout=5)
        await pbx.line("1002").answer()
        await until(lambda: call.conference)
        await right(one, pbx)
        await call.end()
        await until(lambda: not any(line.calls for line in pbx.lines.values()))


async def test_redirect_a_ringing_call() -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=5)
        with pytest.raises(InvalidInput, match="anonymous"):
            await ringing.redirect("1003", anonymous=True)
        for nowhere in (VOICEMAIL, DVA):
            with pytest.raises(ActionNotAllowed):
                await ringing.redirect(nowhere)
        await ringing.redirect("1003")
        await ringing.wait_for(Outcome.FORWARDED, timeout=5)
        assert ringing.new_destination == "1003"
        await pbx.line("1003").wait_for_call(timeout=5)
        await right(one, pbx)


async def test_the_own_telephone_rings_first() -> None:
    async with office() as one:
        one.hands = False  # type: ignore[attr-defined]
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        assert (call.state, call.direction) == (CallState.DIALING, Direction.OUTGOING)
        assert Action.ANSWER in call.actions
        await right(one, pbx)
        await call.answer()
        await call.wait_for(CallState.RINGING_OUTGOING, timeout=5)
        await right(one, pbx)
        await call.hang_up()
        await call.wait_for(Outcome.CANCELLED, timeout=5)


async def test_lines_by_number_and_id_and_none_at_all() -> None:
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


async def test_all_pages_of_extensions() -> None:
    people = [UserSpec(login=f"user{number}", number=str(2000 + number)) for number in range(130)]
    async with office(users=people, rcc_page=40) as one:
        pbx = await one.connect()
        assert {line.number for line in pbx.lines.values()} == {str(2000 + number) for number in range(130)}


async def test_an_extension_that_is_new_is_met_with_its_first_call() -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        one.switch.add_user(UserSpec(login="new", number="1009", first_name="Nora", last_name="New"))
        call = await pbx.line("1000").dial("1009")
        assert call is not None
        await until(lambda: diary.of(LineAdded))
        assert diary.of(LineAdded)[0].snapshot.name == "Nora New"
        await pbx.line("1009").wait_for_call(timeout=5)
        await pbx.line("1009").answer()
        await call.wait_for(CallState.ACTIVE, timeout=5)
        await right(one, pbx)


async def test_a_call_within_one_period_of_the_pushes_is_told_once() -> None:
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
            await call.wait_for(CallState.ACTIVE, timeout=5)


async def test_nothing_is_remembered_of_calls_that_nobody_wants_to_see() -> None:
    async with office() as one:
        pbx = await one.connect(lines=["1003"])
        for _ in range(3):
            one.switch.drop("oxe1000", one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True).ref)
        await one.caught_up(pbx)
        assert pbx._core.system._link._monitor._extension_of == {}  # type: ignore[attr-defined]


async def test_what_means_nothing_to_istra_is_refused_before_anything_is_sent() -> None:
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


async def test_what_is_absent_is_refused_and_nothing_is_sent() -> None:
    async with office() as one:
        pbx = await one.connect()
        call, _ = await same.talking(pbx)
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
    }
)
"""Features that are absent too, and that no coroutine of a line or a call stands for alone."""
