"""Invariant 6: a slow subscriber hurts only itself, and gets every end of a call."""

import pytest

from aiopbx import CallEnded, CallEvent, CallStarted, Event
from tests.aiopbx.office import Diary, Opened

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel", "istra", "bridge")


@pytest.mark.absent(
    bridge="states carry a line's last ended calls: of thirty within a moment, older ones may be folded"
)
async def test_a_stream_that_nobody_reads(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        slow = pbx.events(size=5)
        other = pbx.events(size=5, line="1001", kind=CallEnded)
        diary = Diary(pbx)
        for _ in range(30):
            call = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
            one.switch.answer("oxe1001", call.ref, "1001")
            one.switch.drop("oxe1000", call.ref)
        await one.caught_up(pbx)
        assert len(diary.of(CallStarted)) == 60, "whoever keeps up gets everything"
        assert slow.dropped > 0
        assert pbx.statistics.dropped == slow.dropped
        assert pbx.statistics.coalesced == slow.coalesced
        slow.close()
        other.close()
        got = [event async for event in slow]
        assert len([event for event in got if isinstance(event, CallEnded)]) == 60
        assert len([event async for event in other]) == 30
        assert pbx.statistics.dropped == slow.dropped, "what was closed still counts"


async def test_a_callback_that_raises(office: Opened, caplog: object) -> None:
    async with office() as one:
        pbx = await one.connect()

        def fail(event: Event) -> None:
            raise RuntimeError("a bug of somebody else's")

        pbx.subscribe(fail)
        diary = Diary(pbx, kind=CallEvent)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        assert diary.events
