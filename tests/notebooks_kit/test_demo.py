"""What stands behind the demo: people, the world outside, other wires to it, and what can be broken."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from aiopbx import AgentState, CallSnapshot, CallState, Direction, InvalidInput, LineState, Outcome, Pbx, Status
from aiopbx.simulator import Simulator
from notebooks_kit import ApiExplorer, CallLadder, FaultPanel, connect, connection, demo
from notebooks_kit.demo_pbx import CONDITIONS
from notebooks_kit.models import FaultsModel
from tests.notebooks_kit.view_helpers import sees, widgets


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    client = await connect(scenario="practice", speed=10)
    yield client
    await client.close()
    await sees(lambda: not connection._open)


def only_call(pbx: Pbx, number: str) -> CallSnapshot | None:
    calls = pbx.line(number).snapshot.calls
    return calls[0] if len(calls) == 1 else None


async def test_people_call_answer_hold_and_hang_up(pbx: Pbx) -> None:
    ada, mine = demo(pbx).person("1000"), demo(pbx).person("1018")
    assert (ada.name, ada.login, ada.state) == ("Ada Brooks", "oxe1000", "idle")
    ada.call("1018")
    await sees(lambda: pbx.line("1018").state is LineState.RINGING_INCOMING)
    assert (ada.state, mine.state) == ("ringing outgoing", "ringing incoming")
    mine.answer()
    await sees(lambda: pbx.line("1018").state is LineState.ACTIVE)
    ada.hold()
    await sees(lambda: pbx.line("1000").state is LineState.HELD)
    ada.retrieve()
    await sees(lambda: pbx.line("1000").state is LineState.ACTIVE)
    mine.hang_up()
    await sees(lambda: not pbx.line("1018").calls)
    mine.hang_up()  # there is nothing to leave
    with pytest.raises(InvalidInput, match=r"Reception Demo has no call to answer.*now: idle"):
        mine.answer()
    with pytest.raises(InvalidInput, match="no one has the number 9999"):
        demo(pbx).person("9999")


async def test_messages_routing_and_the_outside(pbx: Pbx) -> None:
    behind = demo(pbx)
    ada, outside = behind.person("1000"), behind.outsider("0015550101", "Northwind Bakery")
    ada.call("1018")
    ada.leave_message()
    await sees(lambda: pbx.line("1000").state is LineState.ACTIVE)
    await asyncio.sleep(0.1)
    ada.hang_up()
    await sees(lambda: (pbx.line("1018").counters.voicemails or 0) >= 1)
    ada.do_not_disturb()
    await sees(lambda: pbx.line("1000").do_not_disturb is True)
    ada.do_not_disturb(False)
    ada.forward("1019")
    await sees(lambda: pbx.line("1000").forward is not None)
    ada.forward(None)
    await sees(lambda: pbx.line("1000").forward is None)
    outside.call("1018")
    await sees(lambda: (found := only_call(pbx, "1018")) is not None and found.party.label == "Northwind Bakery")  # type: ignore[union-attr]
    outside.hang_up()
    await sees(lambda: not pbx.line("1018").calls)
    with pytest.raises(InvalidInput, match="is not in a call"):
        outside.hang_up()


async def test_the_same_call_over_another_wire_and_the_client_ends_with_the_demo(pbx: Pbx) -> None:
    behind = demo(pbx)
    istra = await behind.connect("myrcc")
    assert demo(istra) is behind
    own = [await behind.connect(system, user="1018") for system in ("mycrm", "myistra")]
    with pytest.raises(InvalidInput, match="one user's own"):
        await behind.connect("mycrm")
    behind.person("1000").call("1018")
    await sees(lambda: istra.line("1018").state is LineState.RINGING_INCOMING)
    call = only_call(istra, "1018")
    assert call is not None
    assert call.direction is Direction.INCOMING
    again = await behind.connect("myrcc")
    assert istra.status is Status.CLOSED
    await pbx.close()
    await sees(lambda: {client.status for client in (again, *own)} == {Status.CLOSED})


async def test_a_real_system_has_nothing_behind_it() -> None:
    async with Simulator() as simulator:
        pbx = await connect(url=simulator.url, username="admin", password="admin")
        with pytest.raises(InvalidInput, match="not a client of the demo"):
            demo(pbx)
        await pbx.close()


async def test_the_explorer_begins_filled_in(pbx: Pbx) -> None:
    explorer = ApiExplorer(pbx, operation="user", values={"login_name": "oxe1018"})
    assert "/users/oxe1018" in explorer._request.value
    made = await explorer.model.send()
    assert made.answer is not None
    explorer.close()
    with pytest.raises(InvalidInput, match="loginName"):
        ApiExplorer(pbx, operation="user", values={"login_name": {"not": "text"}})


async def test_lanes_of_a_ladder_can_be_narrow(pbx: Pbx) -> None:
    demo(pbx).person("1000").call("1018")
    wide, narrow = CallLadder(pbx), CallLadder(pbx, lane=100)
    demo(pbx).person("1000").hang_up()
    await sees(lambda: wide.model.steps and narrow.model.steps)

    def width(view: CallLadder) -> int:
        view.draw_now()
        return int(view._picture.value.partition('style="width:')[2].partition("px")[0])

    assert width(narrow) < width(wide) - 100
    wide.close()
    narrow.close()


async def test_agents_and_queues() -> None:
    pbx = await connect(scenario="call-centre", speed=10)
    behind = demo(pbx)
    behind.person("1018").log_on()
    await sees(lambda: (agent := pbx.line("1018").agent) is not None and agent.logged_on is True)
    assert behind.waiting("3001") >= 0
    with pytest.raises(InvalidInput, match="There are: 3001, 3002"):
        behind.waiting("3003")
    await sees(lambda: pbx.line("1018").snapshot.agent.state is AgentState.BUSY, 30)  # type: ignore[union-attr]
    await pbx.close()


@pytest.mark.parametrize("condition", CONDITIONS[1:])
async def test_what_is_broken_is_seen_and_mended(condition: str, pbx: Pbx) -> None:
    model = FaultsModel(pbx)
    pbx.subscribe(model.handle)
    model.faults.on_change.append(model.handle_fault)
    await model.set(condition)
    assert model.condition == condition
    lost = condition in CONDITIONS[3:]
    if lost:
        await sees(lambda: pbx.status is Status.OFFLINE, 15)
    else:
        begin = asyncio.get_running_loop().time()
        await pbx.line("1018").refresh_counters()
        assert asyncio.get_running_loop().time() - begin >= 0.4
        assert pbx.status is Status.ONLINE
    await model.set(CONDITIONS[0])
    await sees(lambda: pbx.status is Status.ONLINE, 15)
    assert dict(model.facts)["Losses"] == str(pbx.statistics.losses)
    assert bool(model.outages) is lost
    for _, seconds, reason in model.outages:
        assert seconds is not None
        assert seconds > 0
        assert reason
    assert all(one.after <= two.after for one, two in pairwise(model.moments))
    frame = model.to_dataframe()
    assert len(frame) == len(model.outages)


async def test_nothing_rings_for_ever(pbx: Pbx) -> None:
    model = FaultsModel(pbx)
    pbx.subscribe(model.handle)
    ada = demo(pbx).person("1000")
    ada.call("1018")
    await sees(lambda: pbx.line("1018").state is LineState.RINGING_INCOMING)
    (call,) = pbx.line("1018").calls
    await model.set("server gone")
    await sees(lambda: pbx.status is Status.OFFLINE, 15)
    ada.hang_up()
    assert call.state is CallState.RINGING_INCOMING, "nobody can know yet"
    await model.set("all is well")
    await sees(lambda: pbx.status is Status.ONLINE, 15)
    assert call.ended
    assert call.outcome is Outcome.UNKNOWN
    assert pbx.line("1018").state is LineState.IDLE
    assert model.ended_unseen == 2, "at both ends"


async def test_the_office_goes_on_while_the_server_is_gone() -> None:
    pbx = await connect(speed=10)
    faults, switch = demo(pbx).faults, demo(pbx).simulator.switch
    await faults.set("server gone")
    await faults.set("server gone")  # it cannot be more gone
    before = set(switch.calls)
    await sees(lambda: set(switch.calls) - before, 10)
    await faults.set("all is well")
    await pbx.wait_status(Status.ONLINE, timeout=30)
    await pbx.close()


async def test_the_panel_is_a_slider_with_three_buttons(pbx: Pbx) -> None:
    before = widgets()
    panel = FaultPanel(pbx)
    assert panel._slider.options == CONDITIONS
    panel._slider.value = "server gone"
    await sees(lambda: "offline" in panel._facts.value, 15)
    await demo(pbx).faults.set("all is well")  # somebody else mends it
    await sees(lambda: panel._slider.value == "all is well" and "pbx-status-online" in panel._facts.value, 15)
    losses = pbx.statistics.losses
    panel._cut.click()
    await sees(lambda: pbx.statistics.losses == losses + 1, 15)
    await sees(lambda: pbx.status is Status.ONLINE, 15)
    panel._end_sessions.click()
    await sees(lambda: pbx.statistics.losses == losses + 2, 15)
    await sees(lambda: pbx.status is Status.ONLINE, 15)
    panel._spoil.click()
    await sees(lambda: "next 3 events" in panel._moments.value)
    demo(pbx).person("1000").call("1018")
    await sees(lambda: pbx.statistics.malformed_frames > 0)
    html = panel.still()._repr_mimebundle_()["text/html"]
    assert "channel cut" in html
    assert "session" in html
    assert "Losses" in html
    assert repr(panel.still()) == f"FaultPanel: all is well, {pbx.status.value}"
    panel.close()
    assert not demo(pbx).faults.on_change
    assert widgets() == before
