"""Invariant 4: the server's reason arrives; what was not answered is unknown, and a dial is not repeated."""

import aiohttp
import pytest

import aiopbx
from aiopbx import (
    ActionNotAllowed,
    CallOver,
    CallState,
    Condition,
    Feature,
    InvalidInput,
    Line,
    NotSupported,
    Outcome,
    OutcomeUnknown,
    RequestRefused,
    Status,
    UnknownCall,
    UnknownLine,
)
from aiopbx.ports import DialOptions
from aiopbx.simulator import UserSpec
from aiopbx.simulator.switch import Behaviour
from tests.aiopbx.office import Opened, client_tasks, until, user

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel")


async def test_a_refusal_carries_everything(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        with pytest.raises(RequestRefused) as refused:
            await line.pick_up("1002")
        error = refused.value
        assert error.operation == "POST /telephony/devices/{deviceId}/pickup"
        assert error.status >= 400
        assert error.code in range(1000, 1008)
        assert error.type
        assert error.error_type
        assert error.help_message
        assert isinstance(error.can_retry, bool)
        assert not error.transient


async def test_a_dial_that_was_not_answered_is_found_by_its_events(office: Opened) -> None:
    """The connection breaks after the server has dialled: the call is there, once."""
    async with office() as one:
        pbx = await one.connect()
        one.faults.drop_requests(1, after=True)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        assert call.direction == "outgoing"
        await one.caught_up(pbx)
        assert len(one.switch.calls) == 1


async def test_a_dial_that_was_not_answered_and_has_no_event_is_unknown(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.faults.drop_requests(1)
        with pytest.raises(OutcomeUnknown):
            await pbx.line("1000").dial("1001", timeout=0.2)
        assert not one.switch.calls, "it was not repeated"


async def test_the_call_that_is_returned_is_the_one_that_was_dialled(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        one.switch.incoming_external("0015550100", "1000")
        call = await line.dial("1001")
        assert call is not None
        await call.wait_for(CallState.RINGING_OUTGOING, timeout=30)
        assert call.parties[0].number == "1001"
        assert len(line.calls) == 2


async def test_a_dial_to_nobody_ends_and_says_how(office: Opened) -> None:
    async with office() as one:
        one.switch.external.set("0015550199", Behaviour(invalid=True))
        pbx = await one.connect()
        call = await pbx.line("1000").dial("0015550199")
        assert call is not None
        one.clock.advance(120)
        with pytest.raises(CallOver) as over:
            await call.wait_for(CallState.ACTIVE, timeout=30)
        assert over.value.outcome == "failed"
        assert call.outcome is Outcome.FAILED
        with pytest.raises(UnknownCall, match="ended"):
            await call.hang_up()
        with pytest.raises(UnknownCall):
            pbx.call(call.id)
        assert (await call.wait_for(Outcome.FAILED)).ended


async def test_what_is_not_offered_is_not_sent(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        requests = pbx._core.system.wire.requests  # type: ignore[attr-defined]
        with pytest.raises(ActionNotAllowed) as refused:
            await call.answer()
        assert "hang_up" in refused.value.offered
        with pytest.raises(ActionNotAllowed):
            await call.hold()
        with pytest.raises(ActionNotAllowed):
            await call.send_dtmf("1")
        with pytest.raises(InvalidInput, match="digits"):
            await call.send_dtmf("x")
        with pytest.raises(InvalidInput, match="device"):
            await pbx.line("1000").dial("1001", device="9999")
        with pytest.raises(InvalidInput, match="number"):
            await pbx.line("1000").dial("call me")
        with pytest.raises(InvalidInput, match="secret_code"):
            await pbx.line("1000").dial("1001", pin="1234")
        with pytest.raises(InvalidInput, match="associated_data"):
            await pbx.line("1000").dial("1001", associated_data="x" * 33)
        with pytest.raises(InvalidInput, match="condition"):
            await pbx.line("1000").set_overflow(condition=Condition.IMMEDIATE)
        with pytest.raises(InvalidInput, match="number"):
            await pbx.line("1000").set_forward()
        with pytest.raises(InvalidInput, match="to"):
            await call.transfer()
        with pytest.raises(UnknownLine, match="oxe1003"):
            pbx.line("4711")
        with pytest.raises(NotSupported, match="remote extension"):
            await pbx.line("1002").set_remote_extension(True)
        assert pbx._core.system.wire.requests == requests  # type: ignore[attr-defined]


async def test_a_user_with_the_basic_licence_gets_what_it_has_and_is_told_the_rest(office: Opened) -> None:
    people = (
        UserSpec(login="plain", number="100", licences=frozenset({"TELEPHONY_BASIC"})),
        UserSpec(login="full", number="101"),
    )
    async with office(users=people) as one:
        pbx = await one.connect(**user("plain"))
        line = pbx.line("100")
        assert {Feature.DIAL, Feature.ANSWER, Feature.HANG_UP} < line.features == pbx.features
        # What needs another licence is no matter of this one.
        others = {Feature.PREFERENCES, Feature.TELEPHONES, Feature.MAILBOX}
        assert line.features - others == {Feature.DIAL, Feature.ANSWER, Feature.HANG_UP}
        assert line.missing[Feature.FORWARD] == "TELEPHONY_ADVANCED"
        assert await line.dial("101") is None, "no event names the call"
        (call,) = one.switch.calls.values()
        with pytest.raises(NotSupported, match="TELEPHONY_ADVANCED") as refused:
            await line.set_do_not_disturb(True)
        assert refused.value.missing == "TELEPHONY_ADVANCED"
        with pytest.raises(InvalidInput, match="associated_data"):
            await _dial_with_data(line)
        await line.hang_up()
        assert call.ended
        ringing = one.switch.make_call("full", "101", "100", auto_answer=True)
        await line.answer()
        assert ringing.answered


async def _dial_with_data(line: Line) -> None:
    options = DialOptions(associated_data="x", device="100")
    await line._commands.dial(line.snapshot, "101", options)


async def test_a_user_without_any_licence_is_refused_with_the_remedy(office: Opened) -> None:
    people = (UserSpec(login="none", number="100", licences=frozenset()), UserSpec(login="full", number="101"))
    async with office(users=people) as one:
        with pytest.raises(NotSupported, match="no licence for telephony") as refused:
            await one.connect(**user("none"))
        assert refused.value.missing == "TELEPHONY_BASIC or TELEPHONY_ADVANCED"
        assert refused.value.remedy is not None
        assert refused.value.missing.split(" or ")[0] in refused.value.remedy
        assert (one.sessions, one.subscriptions) == (0, 0)
        assert client_tasks() == set()
        ringing = one.switch.make_call("full", "101", "100", auto_answer=True)
        with pytest.raises(NotSupported):
            await one.connect(**user("none"))
        assert not ringing.answered, "to find out has done nothing"


async def test_finding_out_the_licence_answers_no_call(office: Opened) -> None:
    people = (
        UserSpec(login="plain", number="100", licences=frozenset({"TELEPHONY_BASIC"})),
        UserSpec(login="full", number="101"),
    )
    async with office(users=people) as one:
        ringing = one.switch.make_call("full", "101", "100", auto_answer=True)
        pbx = await one.connect(**user("plain"))
        assert not ringing.answered
        assert pbx.line("100").features == {
            Feature.DIAL,
            Feature.ANSWER,
            Feature.HANG_UP,
            Feature.PREFERENCES,
            Feature.TELEPHONES,
            Feature.MAILBOX,
        }


async def test_an_administrator_with_lines_of_both_licences(office: Opened) -> None:
    people = (
        UserSpec(login="plain", number="100", licences=frozenset({"TELEPHONY_BASIC"})),
        UserSpec(login="full", number="101"),
    )
    async with office(users=people) as one:
        for lines in (["plain", "101"], "all"):
            pbx = await one.connect(lines=lines, sync_timeout=0.2)
            assert Feature.CALL_EVENTS in pbx.line("101").features
            assert Feature.CALL_EVENTS not in pbx.line("100").features
            call = await pbx.line("101").dial("100")
            assert call is not None
            await call.hang_up()
            await until(lambda call=call: call.ended)  # type: ignore[misc]
            assert pbx.status is Status.ONLINE
            await pbx.close()


async def test_a_session_of_yours_stays_open(office: Opened) -> None:
    async with office() as one, aiohttp.ClientSession() as session:
        async with aiopbx.connect(url=one.simulator.url, session=session, **user()) as pbx:
            assert list(pbx.lines) == ["oxe1000"]
        assert not session.closed
