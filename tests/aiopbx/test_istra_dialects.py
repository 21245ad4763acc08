"""The whole way with every way that servers write: a call of myRCC, one of myCrm, and what myIstra has."""

from collections.abc import Iterator

import pytest

from aiopbx import CallerIdChoice, CallState, Outcome
from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.istra.variants import Variants
from tests.aiopbx.istra_office import compare, end_user, istra_office
from tests.aiopbx.office import until

PEOPLE = (UserSpec(login="a", number="100", last_name="Alder"), UserSpec(login="b", number="101", last_name="Birch"))


def dialects() -> Iterator[object]:
    for name, variants in Variants.every():
        if not name.startswith("pairs-") or name.endswith("0"):
            yield pytest.param(variants, id=name)


@pytest.mark.parametrize("variants", list(dialects()))
async def test_however_servers_write(variants: Variants) -> None:
    async with istra_office(users=PEOPLE) as one:
        one.face.variants.copy_from(variants)
        leave = one.switch.make_call("b", "101", "100", auto_answer=True)
        one.switch.overflow_to_voicemail("b", leave.ref)
        one.clock.advance(5)
        one.switch.drop("b", leave.ref)
        rcc = await one.connect()
        crm = await one.connect(**end_user("mycrm", "a"))
        me = await one.connect(**end_user("myistra", "a"))

        call = await rcc.line("100").dial("101")
        assert call is not None
        terminal = next(iter(crm.lines.values()))
        await rcc.line("101").wait_for_call(timeout=30)
        seen = await terminal.wait_for_call(lambda now: not now.ended, timeout=30)
        assert terminal.calls == (seen,)
        await rcc.line("101").answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await seen.wait_for(CallState.ACTIVE, timeout=30)
        await call.hold()
        await call.wait_for(CallState.HELD, timeout=30)
        await until(lambda: rcc.line("101").synced)
        for login in ("a", "b"):
            compare(rcc.line(one.switch.users[login].number).snapshot, one.switch, login)
        one.clock.advance(30)
        await call.hang_up()
        await call.wait_for(Outcome.ANSWERED, timeout=30)
        end = await seen.wait_for(Outcome.ANSWERED, timeout=30)
        assert end.talk_seconds == 30.0

        line = next(iter(me.lines.values()))
        assert line.counters.voicemails == 1
        (message,) = await line.voicemails().list()
        assert (message.seconds, message.unread) == (5, True)
        await message.set_read()
        assert message.unread is False
        await until(lambda: line.counters.voicemails == 0)
        record = next(record for record in await line.call_log().list() if record.answered)
        assert record.seconds == 30
        shown = await line.set_caller_id("+12025550123")
        assert shown is not None
        assert (shown.choice, shown.number) == (CallerIdChoice.MANUAL, "+12025550123")
        for pbx in (rcc, crm, me):
            assert pbx.statistics.losses == 0
            assert pbx.statistics.malformed_frames == 0
