"""Two servers as a pair: the secondary takes over, the primary comes back, calls go on. Over http and https."""

from typing import Any

import pytest

from aiopbx import CallEnded, CallState, LineState, Outcome, Status
from aiopbx.simulator import Simulator, SimulatorSettings
from tests.aiopbx.channels import WebhookOffice
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Office, Opened, client_tasks, until


async def move(one: Office, how: str, to: str) -> None:
    """Let the other server take over, by order or because the one in charge dies."""
    if how == "ordered":
        one.faults.put_in_charge(to)
    elif to == "secondary":
        await one.simulator.take_down("primary", abrupt=how == "killed")
    else:
        await one.simulator.bring_back("primary")


@pytest.mark.parametrize(
    ("how", "tls"),
    [("ordered", True), ("killed", False), ("killed", True), ("shut down", False)],
    ids=["ordered-https", "killed-http", "killed-https", "shut-down-http"],
)
@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_calls_survive_the_switch_over_and_back(office: Opened, how: str, tls: bool) -> None:
    async with office(ha=True, tls=tls) as one:
        trust: dict[str, Any] = {"ca_file": one.simulator.certificate_path} if tls else {}
        if isinstance(one, WebhookOffice) and how == "killed":
            trust["silence_timeout"] = 0.3  # nothing ends here that would tell; silence does
        pbx = await one.connect(secondary_url=one.simulator.secondary_url, **trust)
        assert (pbx.info.server, pbx.info.high_availability) == ("primary", True)
        pbx._core.connection._fail_back_interval = 0.05
        diary = Diary(pbx)

        talking = await pbx.line("1000").dial("1001")
        assert talking is not None
        other = await pbx.line("1001").wait_for_call(timeout=30)
        await other.answer()
        await talking.wait_for(CallState.ACTIVE, timeout=30)
        ringing = one.switch.make_call("oxe1002", "1002", "1003", auto_answer=True)
        await one.caught_up(pbx)
        doomed = pbx.line("1003").calls[0]
        assert doomed.state is CallState.RINGING_INCOMING

        await move(one, how, "secondary")
        one.switch.drop("oxe1002", ringing.ref)  # while nobody sees it
        await until(lambda: pbx.info.server == "secondary" and pbx.status is Status.ONLINE, 20)
        assert pbx.info.url == one.simulator.secondary_url
        assert doomed.ended, "nothing hangs in ringing"
        assert pbx.line("1003").state is LineState.IDLE
        assert talking.state is CallState.ACTIVE
        assert pbx.line("1000").calls == (talking,), "it is the same call"
        await talking.hold()
        await talking.wait_for(CallState.HELD, timeout=30)

        await move(one, how, "primary")
        await until(lambda: pbx.info.server == "primary" and pbx.status is Status.ONLINE, 20)
        assert pbx.statistics.fail_overs == 2
        assert pbx.line("1000").calls == (talking,)
        assert talking.state is CallState.HELD
        await talking.retrieve()
        await talking.wait_for(CallState.ACTIVE, timeout=30)
        await other.hang_up()
        assert await talking.wait_for(Outcome.ANSWERED, timeout=30)
        one.clock.advance(60)
        await one.caught_up(pbx)
        for login in one.switch.users:
            compare(pbx.line(login).snapshot, one.switch, login)
        ends = [event.call.id for event in diary.of(CallEnded)]
        assert len(ends) == len(set(ends)) == 4, "each end is told once"
        await until(lambda: one.sessions == one.subscriptions == 1)
        await pbx.close()
    assert client_tasks() == set()


async def test_a_server_that_is_down_is_down_and_the_other_can_be_read_over_http_too() -> None:
    async with Simulator(SimulatorSettings(ha=True, tls=True)) as simulator:
        assert simulator.secondary_url.startswith("https:")
        assert simulator.secondary_http_url.startswith("http:")
        await simulator.take_down()
        assert simulator.server.name == "secondary"
        assert [entry["in_charge"] for entry in simulator.state()["servers"]] == [False, True]
        with pytest.raises(ValueError, match="no other"):
            await simulator.take_down("secondary")
        await simulator.bring_back(in_charge=False)
        assert simulator.server.name == "secondary"
        await simulator.take_down("secondary")
        assert simulator.server.name == "primary"
