"""The agents of the call centre: their state is kept by events, and they do what agents do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aiopbx import (
    AgentChanged,
    AgentState,
    CallState,
    Feature,
    HelpCancelled,
    HelpRequested,
    IntrusionMode,
    InvalidInput,
    NotSupported,
    Pbx,
    RequestRefused,
)
from aiopbx.simulator import UserSpec
from aiopbx.simulator.switch.settings import AgentSpec, PilotSpec, ProcessingGroupSpec, SkillSpec, SwitchSettings
from tests.aiopbx.office import Diary, Office, office, until, user

SALES = "60"
SUPERVISED = AgentSpec(groups=(SALES,), skills=(SkillSpec(number=1, level=3),))


@asynccontextmanager
async def centre(**more: Any) -> AsyncIterator[Office]:
    users = (
        UserSpec(login="ann", number="100", agent=SUPERVISED, supervisor="103"),
        UserSpec(login="ben", number="101"),
        UserSpec(login="sue", number="103", agent=AgentSpec(type="SUPERVISOR", groups=(SALES,))),
    )
    switch = SwitchSettings(
        pilots=(PilotSpec(number="800", groups=(SALES,)),),
        processing_groups=(ProcessingGroupSpec(number=SALES, withdraw_reasons=("Lunch", "Training")),),
    )
    async with office(users=more.pop("users", users), switch=switch, **more) as one:
        yield one


async def is_(pbx: Pbx, number: str, state: AgentState) -> None:
    agent = pbx.line(number).agent
    assert agent is not None
    await until(lambda: agent.state is state)


async def test_who_is_an_agent_and_what() -> None:
    async with centre() as one:
        pbx = await one.connect()
        assert pbx.line("101").agent is None
        assert Feature.AGENT not in pbx.line("101").features
        agent, supervisor = pbx.line("100").agent, pbx.line("103").agent
        assert agent is not None
        assert supervisor is not None
        assert Feature.AGENT in pbx.line("100").features
        assert (agent.supervisor, supervisor.supervisor) == (False, True)
        assert (agent.state, agent.logged_on, agent.groups) == (AgentState.LOGGED_OFF, False, (SALES,))
        assert [(skill.number, skill.level) for skill in agent.skills] == [(1, 3)]


async def test_a_day_of_an_agent() -> None:
    async with centre() as one:
        pbx = await one.connect(**user("ann"))
        line = pbx.line("100")
        diary = Diary(pbx, kind=AgentChanged)
        agent = line.agent
        assert agent is not None
        await agent.log_on(group=SALES)
        await is_(pbx, "100", AgentState.READY)
        assert (agent.device, agent.group, agent.logged_on) == ("100", SALES, True)
        await agent.pause()
        await is_(pbx, "100", AgentState.PAUSED)
        await agent.ready()
        await is_(pbx, "100", AgentState.READY)
        await agent.wrap_up()
        await is_(pbx, "100", AgentState.WRAP_UP)
        await agent.ready()
        reasons = await agent.withdraw_reasons()
        assert [reason.label for reason in reasons] == ["Lunch", "Training"]
        await agent.withdraw(reasons[1])
        await until(lambda: agent.withdrawn)
        assert agent.withdraw_reason == 2
        await agent.ready()
        await until(lambda: not agent.withdrawn)
        await agent.log_off()
        await is_(pbx, "100", AgentState.LOGGED_OFF)
        assert (await agent.refresh()).state is AgentState.LOGGED_OFF
        states = [event.agent.state for event in diary.of(AgentChanged)]
        assert states[0] is AgentState.READY
        assert states[-1] is AgentState.LOGGED_OFF
        assert AgentState.PAUSED in states
        for earlier, later in zip(diary.events, diary.events[1:], strict=False):
            assert isinstance(earlier, AgentChanged)
            assert isinstance(later, AgentChanged)
            assert later.previous == earlier.agent


async def test_calls_of_the_queue_make_an_agent_busy() -> None:
    async with centre() as one:
        pbx = await one.connect()
        agent = pbx.line("100").agent
        assert agent is not None
        await agent.log_on("100", group=SALES)
        await is_(pbx, "100", AgentState.READY)
        call = one.switch.make_call("ben", "101", "800", auto_answer=True)
        await pbx.line("100").wait_for_call(timeout=30)
        await pbx.line("100").answer()
        await is_(pbx, "100", AgentState.BUSY)
        one.switch.release("ben", call.ref)
        await until(lambda: agent.state in {AgentState.WRAP_UP, AgentState.READY})


async def test_help_is_asked_for_and_cancelled() -> None:
    async with centre() as one:
        pbx = await one.connect()
        agent, supervisor = pbx.line("100").agent, pbx.line("103").agent
        assert agent is not None
        assert supervisor is not None
        await supervisor.log_on()
        await supervisor.enter_group(SALES)
        await until(lambda: supervisor.group == SALES)
        await agent.log_on(group=SALES)
        await is_(pbx, "100", AgentState.READY)
        call = one.switch.make_call("ben", "101", "100", auto_answer=True)
        one.switch.answer("ann", call.ref, "100")
        diary = Diary(pbx, kind=(HelpRequested, HelpCancelled))
        await agent.request_help()
        await until(lambda: diary.of(HelpRequested))
        assert any(event.line == "sue" and event.number == "100" for event in diary.of(HelpRequested))
        await agent.cancel_help()
        await until(lambda: diary.of(HelpCancelled))
        await supervisor.intrude("100", IntrusionMode.DISCRETE)
        await pbx.line("103").wait_for_call(CallState.ACTIVE, timeout=30)
        await supervisor.change_intrusion(IntrusionMode.RESTRICTED)
        one.switch.release("ben", call.ref)
        await until(lambda: not pbx.line("103").calls)
        await supervisor.listen("100")
        await supervisor.exit_group()
        await until(lambda: supervisor.group is None)


async def test_skills_are_switched_on_and_off() -> None:
    async with centre() as one:
        pbx = await one.connect()
        agent = pbx.line("100").agent
        assert agent is not None
        diary = Diary(pbx, kind=AgentChanged)
        await agent.deactivate_skills(1)
        await until(lambda: [skill.active for skill in agent.skills] == [False])
        assert not one.switch.operator("ann")[1].skills[1].active
        await agent.activate_skills(agent.skills[0])
        await until(lambda: [skill.active for skill in agent.skills] == [True])
        assert [(skill.number, skill.level) for skill in agent.skills] == [(1, 3)]
        assert len(diary.of(AgentChanged)) == 2
        before = one.simulator.server.requests
        for wrong, rule in (((), "at least one"), ((2,), "It has: 1"), (("1",), "number"), ((True,), "number")):
            with pytest.raises(InvalidInput, match=rule) as refused:
                await agent.activate_skills(*wrong)  # type: ignore[arg-type]
            assert refused.value.field == "skills"
        assert one.simulator.server.requests == before


async def test_a_supervisor_leaves_what_it_hears() -> None:
    async with centre() as one:
        pbx = await one.connect()
        supervisor = pbx.line("103").agent
        assert supervisor is not None
        await supervisor.log_on()
        one.switch.agent_log_on("ann", "100", SALES)
        call = one.switch.make_call("ben", "101", "100", auto_answer=True)
        one.switch.answer("ann", call.ref, "100")
        await supervisor.intrude("100")
        await pbx.line("103").wait_for_call(CallState.ACTIVE, timeout=5)
        await supervisor.stop_intrusion()
        await until(lambda: not pbx.line("103").calls)
        await supervisor.listen("100")
        await pbx.line("103").wait_for_call(CallState.ACTIVE, timeout=5)
        await supervisor.stop_listening()
        await until(lambda: not pbx.line("103").calls)
        assert one.switch.operator("sue")[1].listens_to is None
        assert pbx.line("100").calls, "the call of the agent goes on"


async def test_after_a_loss_the_state_is_that_of_the_switch() -> None:
    async with centre() as one:
        pbx = await one.connect()
        losses = pbx.statistics.losses
        one.faults.expire_sessions()
        one.switch.agent_log_on("ann", "100", SALES)
        await until(lambda: pbx.statistics.losses > losses and pbx.status == "online")
        await is_(pbx, "100", AgentState.READY)


async def test_wrong_input_is_refused_before_it_is_sent() -> None:
    async with centre() as one:
        pbx = await one.connect()
        agent = pbx.line("100").agent
        assert agent is not None
        with pytest.raises(InvalidInput, match="group"):
            await agent.exit_group()
        with pytest.raises(InvalidInput, match="device"):
            await agent.log_on("not a number")
        with pytest.raises(InvalidInput):
            await agent.withdraw(99)
        with pytest.raises(RequestRefused):
            await agent.ready()  # not logged on


async def test_an_agent_without_the_licence_costs_only_the_agent() -> None:
    users = (
        UserSpec(login="ann", number="100", agent=SUPERVISED, licences=frozenset({"TELEPHONY_ADVANCED"})),
        UserSpec(login="sue", number="103", agent=AgentSpec(type="SUPERVISOR", groups=(SALES,))),
    )
    async with centre(users=users) as one:
        pbx = await one.connect()
        assert pbx.line("100").agent is None
        assert pbx.line("103").agent is not None
        assert pbx.line("100").missing[Feature.AGENT] == "API_CONTACTCENTER_AGENT"
        assert Feature.CALL_EVENTS in pbx.line("100").features
        own = await one.connect(**user("ann"))
        assert own.line("100").agent is None
        with pytest.raises(NotSupported):
            own.line("100")._require(Feature.AGENT)


async def test_too_few_licences_of_agents_leave_the_calls() -> None:
    async with centre(licences={"API_CONTACTCENTER_AGENT": 0}) as one:
        pbx = await one.connect()
        assert Feature.CALL_EVENTS in pbx.line("100").features
        one.switch.make_call("ben", "101", "100", auto_answer=True)
        await pbx.line("100").wait_for_call(timeout=30)
