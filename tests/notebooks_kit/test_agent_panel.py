"""An agent of the call centre: as data, and as a widget whose buttons are clicked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aiopbx import AgentSnapshot, AgentState, IntrusionMode, LineSnapshot, Pbx, Skill, Status
from aiopbx.simulator import AgentSpec, PilotSpec, ProcessingGroupSpec, SkillSpec, SwitchSettings, UserSpec
from notebooks_kit import AgentPanel
from notebooks_kit.models import AgentModel
from notebooks_kit.models.agent import OPERATIONS
from tests.aiopbx.office import Office

from .view_helpers import connected_office, hurry, problem, sees, there, widgets

SALES, CARE = "60", "61"
CENTRE: dict[str, Any] = {
    "users": (
        UserSpec(
            login="ann",
            number="100",
            first_name="Ann",
            agent=AgentSpec(
                groups=(SALES, CARE), skills=(SkillSpec(number=1, level=3), SkillSpec(number=2, active=False))
            ),
            supervisor="103",
        ),
        UserSpec(login="ben", number="101"),
        UserSpec(login="sue", number="103", agent=AgentSpec(type="SUPERVISOR", groups=(SALES,))),
    ),
    "switch": SwitchSettings(
        pilots=(PilotSpec(number="800", groups=(SALES,)),),
        processing_groups=(ProcessingGroupSpec(number=SALES, withdraw_reasons=("Lunch", "Training")),),
    ),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


# ------------------------------------------------------------------------------------------------------------- the data


class _Line:
    """As much of a line as the model reads."""

    def __init__(self, agent: AgentSnapshot | None) -> None:
        self.id = "ann"
        self.pbx = self
        self.status = Status.ONLINE
        self.missing: dict[str, str] = {}
        self.snapshot = LineSnapshot(id="ann", number="100", agent=agent)


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(AgentState), st.booleans(), st.booleans(), st.none() | st.just(SALES))
def test_buttons_make_sense(state: AgentState, supervisor: bool, withdrawn: bool, group: str | None) -> None:
    agent = AgentSnapshot(state=state, supervisor=supervisor, withdrawn=withdrawn, group=group)
    model = AgentModel(_Line(agent))  # type: ignore[arg-type]
    buttons = set(model.buttons)
    assert buttons, "there is always something to be done"
    assert ("log_on" in buttons) is (agent.logged_on is not True)
    assert ("log_off" in buttons) is (agent.logged_on is not False)
    if agent.logged_on is False:
        assert buttons == {"log_on"}
    assert not supervisor or not buttons & {"request_help", "cancel_help"}
    assert supervisor or not buttons & {"intrude", "listen", "enter_group", "exit_group", "refuse_help"}
    assert not {"enter_group", "exit_group"} <= buttons
    model.status = Status.OFFLINE
    assert model.buttons == ()
    assert "last known state" in model.words


def test_what_there_is_to_say() -> None:
    agent = AgentSnapshot(
        state=AgentState.WITHDRAWN,
        withdrawn=True,
        withdraw_reason=2,
        group=SALES,
        groups=(SALES, CARE),
        device="100",
        skills=(Skill(number=1, level=3), Skill(number=2, active=False)),
    )
    model = AgentModel(_Line(agent))  # type: ignore[arg-type]
    assert model.words == "withdrawn (reason 2)"
    assert model.facts == (("Role", "agent"), ("Group", "60"), ("May be in", "60, 61"), ("Set", "100"))
    assert model.skills == ("skill 1, level 3", "skill 2 (off)")
    assert model.groups == (("the preferred one", ""), (SALES, SALES), (CARE, CARE))
    assert AgentModel(_Line(AgentSnapshot(state=AgentState.BUSY))).words == "in a call"  # type: ignore[arg-type]


def test_a_user_who_is_not_an_agent() -> None:
    line = _Line(None)
    model = AgentModel(line)  # type: ignore[arg-type]
    assert not model.available
    assert model.words == "The user of this line is not an agent of the call centre."
    assert (model.buttons, model.facts, model.skills) == ((), (), ())
    line.missing = {"agent": "API_CONTACTCENTER_AGENT"}
    assert model.words == "This line shows no agent: it needs the licence API_CONTACTCENTER_AGENT."


def test_every_operation_can_be_done() -> None:
    model = AgentModel(_Line(AgentSnapshot()))  # type: ignore[arg-type]

    class Anybody:
        def __getattr__(self, name: str) -> Any:
            return lambda: None

    assert {operation.name for operation in OPERATIONS} == set(model._ways(Anybody()))  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------------------- the widget


class Hands:
    def __init__(self, one: Office, pbx: Pbx, number: str = "100") -> None:
        self.office = one
        self.switch = one.switch
        self.pbx = pbx
        self.line = pbx.line(number)
        self.panel = AgentPanel(self.line)

    def buttons(self) -> set[str]:
        return {name for name, button in self.panel._buttons.items() if there(button)}

    def click(self, name: str) -> None:
        button = self.panel._buttons[name]
        assert there(button), f"{name} is not shown, but {self.buttons()}"
        button.click()

    async def says(self, words: str) -> None:
        await sees(lambda: f">{words}<" in self.panel._state.value)


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    async with connected_office(**CENTRE) as (one, pbx):
        found = Hands(one, pbx)
        yield found
        found.panel.close()


async def test_a_day_of_an_agent(hands: Hands) -> None:
    panel = hands.panel
    assert hands.buttons() == {"log_on"}
    assert "Agent 100 Ann" in panel._state.value
    assert "skill 1, level 3, skill 2, level 1 (off)" in panel._facts.value
    assert there(panel._device)
    assert there(panel._group_list)
    assert not there(panel._group_text)
    assert not there(panel._headset)
    panel._group_list.value = SALES
    hands.click("log_on")
    await hands.says("ready")
    assert "pbx-agent-ready" in panel._state.value
    assert "<dt>Group</dt><dd>60</dd>" in panel._facts.value
    assert not there(panel._device)
    assert "log_on" not in hands.buttons()
    hands.click("pause")
    await hands.says("paused")
    assert "pause" not in hands.buttons()
    hands.click("ready")
    await hands.says("ready")
    hands.click("wrap_up")
    await hands.says("wrapping up")
    hands.click("ready")
    await hands.says("ready")
    await sees(lambda: [label for label, _ in panel._reason.options] == ["no reason", "Lunch", "Training"])
    panel._reason.value = 2
    hands.click("withdraw")
    await hands.says("withdrawn (Training)")
    hands.click("ready")
    await hands.says("ready")
    hands.click("log_off")
    await hands.says("logged off")
    assert hands.buttons() == {"log_on"}
    assert problem(panel) == ""


async def test_the_set_is_chosen_and_what_is_wrong_is_said(hands: Hands) -> None:
    hands.panel._device.value = "not a set"
    hands.click("log_on")
    await sees(lambda: "cannot be dialled" in problem(hands.panel))
    hands.panel._device.value = "100"
    hands.click("log_on")
    await hands.says("ready")
    assert problem(hands.panel) == ""


async def test_what_happens_elsewhere_is_seen(hands: Hands) -> None:
    hands.switch.agent_log_on("ann", "100", CARE)
    await hands.says("ready")
    assert "<dt>Group</dt><dd>61</dd>" in hands.panel._facts.value
    call = hands.switch.make_call("ben", "101", "100", auto_answer=True)
    hands.switch.answer("ann", call.ref, "100")
    await hands.says("in a call")


async def test_a_supervisor_helps(hands: Hands) -> None:
    sue = Hands(hands.office, hands.pbx, "103")
    assert not there(sue.panel._supervise)
    sue.click("log_on")
    await sees(lambda: "log_off" in sue.buttons())
    assert there(sue.panel._supervise)
    if "enter_group" in sue.buttons():
        sue.panel._group_list.value = SALES
        sue.click("enter_group")
    await sees(lambda: "exit_group" in sue.buttons())
    hands.panel._group_list.value = SALES
    hands.click("log_on")
    await hands.says("ready")
    call = hands.switch.make_call("ben", "101", "100", auto_answer=True)
    hands.switch.answer("ann", call.ref, "100")
    await hands.says("in a call")
    hands.click("request_help")
    await sees(lambda: there(sue.panel._help))
    assert "100 asked for help." in sue.panel._help.value
    assert 'role="alert"' in sue.panel._help.value
    sue.click("intrude")
    await sees(lambda: "Type the number of the agent." in problem(sue.panel))
    sue.panel._number.value = "100"
    sue.click("refuse_help")
    await sees(lambda: not there(sue.panel._help))
    sue.panel._mode.value = IntrusionMode.DISCRETE
    sue.click("intrude")
    await sees(lambda: hands.pbx.line("103").calls)
    hands.switch.release("ben", call.ref)
    await sees(lambda: not hands.pbx.line("103").calls)
    sue.click("exit_group")
    await sees(lambda: "enter_group" in sue.buttons())
    sue.panel.close()


async def test_a_line_without_an_agent(hands: Hands) -> None:
    ben = Hands(hands.office, hands.pbx, "101")
    assert "not an agent of the call centre" in ben.panel._state.value
    assert ben.buttons() == set()
    assert not there(ben.panel._choices)
    assert not there(ben.panel._supervise)
    assert "not an agent" in ben.panel.to_html()
    ben.panel.close()


async def test_offline_nothing_can_be_done(hands: Hands) -> None:
    await hands.office.simulator.stop(abrupt=True)
    await sees(lambda: hands.buttons() == set())
    assert "offline" in hands.panel._state.value
    await hands.office.simulator.start()
    await sees(lambda: hands.buttons() == {"log_on"})


async def test_every_control_has_a_name(hands: Hands) -> None:
    panel = hands.panel
    for box in (
        panel._device,
        panel._group_list,
        panel._group_text,
        panel._headset,
        panel._reason,
        panel._number,
        panel._mode,
    ):
        assert box.description
    for button in panel._buttons.values():
        assert button.description
        assert button.tooltip


async def test_close_leaves_nothing() -> None:
    async with connected_office(**CENTRE) as (one, pbx):
        before = widgets()
        hands = Hands(one, pbx)
        hands.click("log_on")
        hands.panel.close()
        hands.panel.close()
        assert widgets() == before
        one.switch.make_call("ben", "101", "100", auto_answer=True)
        await one.caught_up(pbx)
        assert widgets() == before
