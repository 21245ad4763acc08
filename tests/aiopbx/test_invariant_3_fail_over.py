"""Invariant 3: fail-over to the secondary, and back when the primary serves again."""

import pytest

from aiopbx import Status, StatusChanged
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Opened, until

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel")


async def test_over_and_back(office: Opened) -> None:
    async with office(ha=True) as one:
        pbx = await one.connect(secondary_url=one.simulator.secondary_url, fail_back_interval=0.02)
        assert pbx.info.server == "primary"
        diary = Diary(pbx, kind=StatusChanged)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        one.faults.switch_to_secondary()
        await until(lambda: pbx.info.server == "secondary" and pbx.status is Status.ONLINE)
        assert pbx.statistics.fail_overs == 1
        assert pbx.line("1001").calls[0].ref == call.ref, "the calls are the same"
        await pbx.line("1001").calls[0].answer()
        await call.wait_for(lambda now: now.answered, timeout=5)
        one.faults.switch_to_primary()
        await until(lambda: pbx.info.server == "primary" and pbx.status is Status.ONLINE)
        assert pbx.statistics.fail_overs == 2
        await call.hang_up()
        await call.wait_for(lambda now: now.ended, timeout=5)
        await one.caught_up(pbx)
        for login in one.switch.users:
            compare(pbx.line(login).snapshot, one.switch, login)
        assert [event.status for event in diary.events].count(Status.OFFLINE) <= 2  # type: ignore[attr-defined]


async def test_the_first_connection_finds_the_server_in_charge(office: Opened) -> None:
    async with office(ha=True) as one:
        one.faults.switch_to_secondary()
        pbx = await one.connect(secondary_url=one.simulator.secondary_url)
        assert pbx.info.server == "secondary"
        assert pbx.info.high_availability


@pytest.mark.parametrize("loss", ["cut_channels", "close_cleanly"])
async def test_a_lost_channel_alone_does_not_move(office: Opened, loss: str) -> None:
    async with office(ha=True) as one:
        pbx = await one.connect(secondary_url=one.simulator.secondary_url)
        getattr(one.faults, loss)()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert pbx.info.server == "primary"
        assert pbx.statistics.fail_overs == 0
