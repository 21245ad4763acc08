"""Waiting for the call that rings at a line."""

import asyncio

import pytest

from aiopbx import CallState, NotSupported, Offline, Outcome, Status
from aiopbx.simulator import UserSpec
from tests.aiopbx.office import Opened, lose_while, user

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel", "istra", "bridge")


async def test_the_call_that_another_line_dials(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        alice, bob = pbx.line("1000"), pbx.line("1001")
        waiting = asyncio.create_task(bob.wait_for_call(timeout=30))
        call = await alice.dial("1001")
        assert call is not None
        ringing = await waiting
        assert (ringing.line, ringing.state) == (bob, CallState.RINGING_INCOMING)
        assert await bob.wait_for_call() is ringing, "it rings already"
        await ringing.answer()
        assert await bob.wait_for_call(CallState.ACTIVE, timeout=30) is ringing
        assert await alice.wait_for_call(lambda now: now.answered, timeout=30) is call


async def test_the_oldest_of_several_that_fit(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        bob = pbx.line("1001")
        first = one.switch.incoming_external("0015550100", "1001")
        one.switch.answer("oxe1001", first.ref, "1001")
        older = await bob.wait_for_call(CallState.ACTIVE, timeout=30)
        one.switch.incoming_external("0015550101", "1001")
        ringing = await bob.wait_for_call(timeout=30)
        assert bob.calls == (older, ringing)
        assert await bob.wait_for_call(lambda now: not now.ended) is older


async def test_a_call_that_is_over_before_the_waiting_ends_is_over(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        waiting = asyncio.create_task(pbx.line("1001").wait_for_call(timeout=30))
        await asyncio.sleep(0)
        made = one.switch.incoming_external("0015550100", "1001")
        one.switch.external_hang_up(made.ref)
        call = await waiting
        assert (await call.wait_for(lambda now: now.ended, timeout=30)).outcome is Outcome.MISSED
        assert pbx.line("1001").calls == ()


async def test_when_none_comes_the_error_says_what_did_not_happen(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        looks: list[str] = []
        with pytest.raises(TimeoutError, match=r"^No call of line 1001 was ringing_incoming within 0\.01 s\.$"):
            await pbx.line("1001").wait_for_call(timeout=0.01)
        with pytest.raises(TimeoutError, match="No call of line 1001 fulfilled the condition within"):
            await pbx.line("1001").wait_for_call(lambda now: looks.append(now.id) is not None, timeout=0)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await pbx.line("1001").wait_for_call(timeout=30)
        assert looks == [], "who waits no longer is not asked any more"
        with pytest.raises(TimeoutError, match=f"^Call {call.id} never was active within 0 s"):
            await call.wait_for(CallState.ACTIVE, timeout=0)


async def test_an_error_of_the_condition_ends_the_waiting(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        waiting = asyncio.create_task(pbx.line("1001").wait_for_call(lambda now: bool(1 / len(now.legs[:0]))))
        await asyncio.sleep(0)
        one.switch.incoming_external("0015550100", "1001")
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(waiting, 30)


async def test_a_loss_is_outlasted_and_the_end_of_the_client_is_not(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        waiting = asyncio.create_task(pbx.line("1001").wait_for_call())
        await lose_while(one, pbx, "cut_channels", lambda: one.switch.incoming_external("0015550100", "1001"))
        assert (await asyncio.wait_for(waiting, 30)).state is CallState.RINGING_INCOMING
        waiting = asyncio.create_task(pbx.line("1002").wait_for_call())
        await asyncio.sleep(0)
        await pbx.close()
        assert pbx.status is Status.CLOSED
        for late in (waiting, pbx.line("1002").wait_for_call()):
            with pytest.raises(Offline, match="closed"):
                await asyncio.wait_for(late, 30)


@pytest.mark.absent(istra="no licence of a user decides there what is shown")
async def test_where_a_licence_shows_no_calls_nothing_is_waited_for(office: Opened) -> None:
    plain = UserSpec(login="plain", number="100", licences=frozenset({"TELEPHONY_BASIC"}))
    async with office(users=(plain,)) as one:
        pbx = await one.connect(**user("plain"))
        with pytest.raises(NotSupported):
            await pbx.line("100").wait_for_call()
