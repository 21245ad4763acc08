"""Invariant 9: a dial policy stands before every dial, redirect and forward, whoever asks."""

import pytest

from aiopbx import CallState, DialPolicy, PolicyViolation, Target
from tests.aiopbx.office import office


async def test_nothing_gets_past_the_policy() -> None:
    async with office() as one:
        pbx = await one.connect(dial_policy=DialPolicy(allowed=("1???", "0*"), denied=("0900*",)))
        alice, bob = pbx.line("1000"), pbx.line("1001")
        call = await alice.dial("1001")
        assert call is not None
        ringing = await bob.wait_for_call(timeout=30)
        requests = pbx._core.system.wire.requests  # type: ignore[attr-defined]
        for ask in (
            lambda: alice.dial("0900 555 0100"),
            lambda: alice.dial("+15550100"),
            lambda: alice.set_forward("09005550100"),
            lambda: alice.set_overflow(target=Target.NUMBER, number="09005550100"),
            lambda: ringing.redirect("09005550100"),
        ):
            with pytest.raises(PolicyViolation):
                await ask()
        assert pbx._core.system.wire.requests == requests, "nothing was sent"  # type: ignore[attr-defined]
        await ringing.answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        requests = pbx._core.system.wire.requests  # type: ignore[attr-defined]
        for ask in (lambda: call.consult("09005550100"), lambda: call.blind_transfer("09005550100")):
            with pytest.raises(PolicyViolation):
                await ask()
        assert pbx._core.system.wire.requests == requests  # type: ignore[attr-defined]
        await alice.set_forward("1002")


async def test_calls_per_minute() -> None:
    async with office() as one:
        pbx = await one.connect(dial_policy=DialPolicy(calls_per_minute=2))
        line = pbx.line("1000")
        for _ in range(2):
            call = await line.dial("1001")
            assert call is not None
            await call.hang_up()
            await call.wait_for(lambda now: now.ended, timeout=30)
        with pytest.raises(PolicyViolation, match="2 calls a minute"):
            await line.dial("1001")
        with pytest.raises(PolicyViolation):
            await pbx.line("1002").dial("1001")
        await line.set_forward("1002")  # not a call
