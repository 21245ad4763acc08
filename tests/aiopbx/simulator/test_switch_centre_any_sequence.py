"""Whatever agents, supervisors, callers and the clock do: no call of the queue is lost, none is there twice."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aiopbx.o2g.types.agent import OnAgentStateChanged, OnSupervisorHelpCancelled, OnSupervisorHelpRequested
from aiopbx.o2g.types.base import O2gEvent
from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.faces.o2g import agent, views
from aiopbx.simulator.settings import UserSpec
from aiopbx.simulator.switch import Call, Switch, SwitchError, SwitchSettings
from aiopbx.simulator.switch.settings import AgentSpec, PilotSpec, ProcessingGroupSpec, SkillSpec

PILOT, OTHER_PILOT = "800", "801"
SALES, SUPPORT = "60", "61"
PRO_ACD = "900"


def people() -> list[UserSpec]:
    """Three agents, a supervisor, and a user who only calls."""
    skilled = (SkillSpec(number=1, level=3),)
    return [
        UserSpec(login="a", number="100", agent=AgentSpec(groups=(SALES,), skills=skilled), remote_extension=True),
        UserSpec(login="b", number="101", agent=AgentSpec(groups=(SALES, SUPPORT), headset=True), lines=3),
        UserSpec(login="c", number="102", agent=AgentSpec(groups=(SUPPORT,), withdrawn=True), supervisor="103"),
        UserSpec(login="s", number="103", agent=AgentSpec(type="SUPERVISOR", groups=(SALES, SUPPORT))),
        UserSpec(login="u", number="104"),
    ]


def call_centre() -> SwitchSettings:
    return SwitchSettings(
        pilots=(
            PilotSpec(number=PILOT, groups=(SALES, SUPPORT), queue_size=4, patience=120),
            PilotSpec(number=OTHER_PILOT, groups=(SUPPORT,), overflow=PILOT),
        ),
        processing_groups=(ProcessingGroupSpec(number=SALES, withdraw_reasons=("Lunch", "Training")),),
        pro_acd_sets=(PRO_ACD,),
        seed=1,
    )


OPERATORS = st.sampled_from(["a", "b", "c", "s"])
ANYBODY = st.sampled_from(["a", "b", "c", "s", "u"])
NUMBERS = st.sampled_from([PILOT, PILOT, OTHER_PILOT, "100", "101", "102", "103", "104", "5000", "0015550100", "no"])
DEVICES = st.sampled_from(["100", "101", "102", "103", "104", "6100", PRO_ACD])
GROUPS = st.sampled_from([None, SALES, SUPPORT, "99", ""])


class CallCentre(RuleBasedStateMachine):
    """Everything that can be asked of a call centre, with whatever arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.switch = Switch(self.clock, people(), call_centre())
        self.states = {login: agent.state_of(self.switch.agent_state(login)) for login in "abcs"}
        self.help: set[tuple[str, str]] = set()
        self.published = 0
        views.attach(self.switch, self._publish)
        self.calls: list[Call] = []
        """Every call that came to a pilot from outside."""

    def _publish(self, package: str, login: str | None, event: O2gEvent) -> None:
        self.published += 1
        if isinstance(event, OnAgentStateChanged):
            assert (package, login) == ("agent", event.login_name)
            assert login is not None
            assert event.state is not None
            assert event.state != self.states[login], "nothing new"
            self.states[login] = event.state
        elif isinstance(event, OnSupervisorHelpRequested):
            assert login is not None
            assert event.agent_number is not None
            assert (login, event.agent_number) not in self.help
            self.help.add((login, event.agent_number))
        elif isinstance(event, OnSupervisorHelpCancelled):
            assert login is not None
            assert event.agent_number is not None
            self.help.discard((login, event.agent_number))

    def attempt(self, action: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        before, published, pending = self.switch.dump(), self.published, self.clock.pending
        try:
            return action(*arguments, **keywords)
        except SwitchError as error:
            refused = error
        assert refused.kind
        assert str(refused)
        assert self.switch.dump() == before, f"{action.__name__} was refused and changed something"
        assert self.published == published, f"{action.__name__} was refused and published something"
        assert self.clock.pending == pending
        return None

    @initialize(present=st.booleans())
    def a_day_begins(self, present: bool) -> None:
        """Half of the days everyone is there already."""
        if present:
            for login in "abcs":
                self.switch.agent_log_on(login, self.switch.users[login].number)
                if login == "c":
                    self.switch.agent_ready(login)

    def own(self, data: st.DataObject, login: str) -> str:
        refs = [call.ref for call in self.switch.calls_of(login)]
        return data.draw(st.sampled_from([*refs, *refs, *list(self.switch.calls)[-3:], "0"]))

    def busy(self, data: st.DataObject) -> str:
        busy = [login for login in self.switch.users if self.switch.calls_of(login)]
        return data.draw(st.sampled_from([*busy, *busy, *self.switch.users]))

    @rule(number=st.sampled_from([PILOT, OTHER_PILOT]), which=st.integers(0, 9))
    def call_from_outside(self, number: str, which: int) -> None:
        call = self.attempt(self.switch.incoming_external, f"001555010{which}", number)
        if call is not None:
            self.calls.append(call)

    @rule(login=ANYBODY, number=NUMBERS, device=DEVICES, skilled=st.booleans())
    def call_from_inside(self, login: str, number: str, device: str, skilled: bool) -> None:
        skills = ((1, 2),) if skilled else ()
        self.attempt(self.switch.make_call, login, device, number, auto_answer=True, skills=skills)

    @rule(login=OPERATORS, device=DEVICES, group=GROUPS, headset=st.booleans())
    def log_on(self, login: str, device: str, group: str | None, headset: bool) -> None:
        self.attempt(self.switch.agent_log_on, login, device, group, headset)

    @rule(login=OPERATORS)
    def log_on_at_the_own_set(self, login: str) -> None:
        user = self.switch.users.get(login)
        if user is not None:
            self.attempt(self.switch.agent_log_on, login, user.number)

    @rule(
        login=OPERATORS,
        action=st.sampled_from(
            ["agent_log_off", "agent_ready", "agent_ready", "agent_pause", "agent_wrap_up", "request_help"]
        ),
    )
    def act(self, login: str, action: str) -> None:
        self.attempt(getattr(self.switch, action), login)

    @rule(login=OPERATORS, reason=st.sampled_from([None, 1, 2, 3, 0]))
    def withdraw(self, login: str, reason: int | None) -> None:
        self.attempt(self.switch.agent_withdraw, login, reason)

    @rule(login=OPERATORS, group=st.sampled_from([SALES, SUPPORT, "99", ""]), enter=st.booleans())
    def group(self, login: str, group: str, enter: bool) -> None:
        self.attempt(self.switch.agent_enter_group if enter else self.switch.agent_exit_group, login, group)

    @rule(login=OPERATORS, other=st.sampled_from([None, "100", "102", "103", "no"]))
    def cancel_help(self, login: str, other: str | None) -> None:
        self.attempt(self.switch.cancel_help, login, other)

    @rule(login=OPERATORS, number=NUMBERS, mode=st.sampled_from(["NORMAL", "RESTRICTED", "DISCRETE", "LOUD"]))
    def intrude(self, login: str, number: str, mode: str) -> None:
        self.attempt(self.switch.intrude, login, number, mode)
        self.attempt(self.switch.intrude, "s", number, mode)

    @rule(data=st.data(), mode=st.sampled_from(["NORMAL", "RESTRICTED", "DISCRETE"]))
    def intrude_on_who_talks(self, data: st.DataObject, mode: str) -> None:
        talking = [
            user.number
            for login, user in self.switch.users.items()
            if user.agent is not None and any(view.state == "ACTIVE" for view in self.switch.call_views(login))
        ]
        if talking:
            self.attempt(self.switch.intrude, "s", data.draw(st.sampled_from(talking)), mode)

    @rule(login=OPERATORS, mode=st.sampled_from(["NORMAL", "RESTRICTED", "DISCRETE", "LOUD"]))
    def change_intrusion(self, login: str, mode: str) -> None:
        self.attempt(self.switch.change_intrusion, login, mode)

    @rule(number=st.sampled_from(["100", "101", "102", "103"]))
    def listen(self, number: str) -> None:
        self.attempt(self.switch.listen_permanently, "s", number)

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        ringing = [
            (member.login, ref, device)
            for ref, call in self.switch.calls.items()
            for member in call.members
            for device, state in member.legs.items()
            if state == "RINGING_INCOMING"
        ]
        if ringing:
            self.attempt(self.switch.answer, *data.draw(st.sampled_from(ringing)))

    @rule(data=st.data(), action=st.sampled_from(["drop", "drop", "release", "hold", "retrieve", "park", "unpark"]))
    def on_a_call(self, data: st.DataObject, action: str) -> None:
        login = self.busy(data)
        device = next(iter(self.switch.users[login].devices))
        ref = self.own(data, login)
        if action == "unpark":
            self.attempt(self.switch.unpark, login, device, next(iter(self.switch.parked), None))
        else:
            arguments = (device,) if action in ("hold", "retrieve") else ()
            self.attempt(getattr(self.switch, action), login, ref, *arguments)

    @rule(data=st.data(), to=NUMBERS, action=st.sampled_from(["blind_transfer", "redirect"]))
    def send_away(self, data: st.DataObject, to: str, action: str) -> None:
        login = self.busy(data)
        self.attempt(getattr(self.switch, action), login, self.own(data, login), to)

    @rule(data=st.data())
    def join_two_calls(self, data: st.DataObject) -> None:
        fitting = [
            (action, login, active.ref, held.ref)
            for login in self.switch.users
            for active in self.switch.calls_of(login)
            for held in self.switch.calls_of(login)
            for action in ("transfer", "merge")
            if held is not active and action in self.switch.call_actions(login, active.ref)
        ]
        if fitting:
            action, *arguments = data.draw(st.sampled_from(fitting))
            self.attempt(getattr(self.switch, action), *arguments)

    @rule(data=st.data(), number=NUMBERS)
    def pick_up(self, data: st.DataObject, number: str) -> None:
        login = data.draw(ANYBODY)
        if login in self.switch.users:
            device = next(iter(self.switch.users[login].devices))
            self.attempt(self.switch.pickup, login, device, number, None, True)

    @rule(data=st.data(), action=st.sampled_from(["external_hang_up", "external_answer"]))
    def outside(self, data: st.DataObject, action: str) -> None:
        self.attempt(getattr(self.switch, action), data.draw(st.sampled_from([*self.switch.calls, "0"])))

    @rule(device=DEVICES, state=st.sampled_from(["IN_SERVICE", "IN_SERVICE", "OUT_OF_SERVICE"]))
    def device_state(self, device: str, state: str) -> None:
        self.attempt(self.switch.set_device_state, device, state)

    @rule(login=ANYBODY, up=st.booleans())
    def lift(self, login: str, up: bool) -> None:
        if login in self.switch.users:
            self.attempt(self.switch.set_off_hook, login, next(iter(self.switch.users[login].devices)), up)

    @rule(login=ANYBODY, number=NUMBERS)
    def forward(self, login: str, number: str) -> None:
        self.attempt(self.switch.set_forward, login, number)
        self.attempt(self.switch.cancel_forward, "b")

    @rule(blocked=st.booleans())
    def block(self, blocked: bool) -> None:
        self.attempt(self.switch.block_pilot, PILOT, blocked)

    @rule(seconds=st.sampled_from([0.0, 1.0, 5.0, 11.0, 16.0, 40.0, 130.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def come_and_go(self) -> None:
        if "c" in self.switch.users:
            self.attempt(self.switch.remove_user, "c")
            self.states.pop("c", None)
        else:
            self.switch.add_user(people()[2])
            self.states["c"] = agent.state_of(self.switch.agent_state("c"))

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        self.switch.check()
        waiting = [call.ref for pilot in self.switch.pilots for call in self.switch.waiting(pilot)]
        assert len(waiting) == len(set(waiting)), "a call waits in two queues"
        rings: dict[str, str] = {}
        for call in self.switch.calls.values():
            for member in call.members:
                if member.distributed is not None and member.state == "RINGING_INCOMING":
                    assert call.ref not in waiting, "it waits and rings"
                    assert call.ref not in rings, "it rings at two agents"
                    assert member.login not in rings.values(), "two calls were given to one agent"
                    rings[call.ref] = member.login or ""
        for call in self.calls:
            if call.ended:
                assert call.ref not in self.switch.calls
                assert call.cause is not None
            else:
                assert self.switch.calls[call.ref] is call
                assert any(member.identity.number.startswith("00") for member in call.members), "the caller is gone"
                assert len(call.members) >= 2, "no one and nothing waits with the caller"

    @invariant()
    def everyone_was_told(self) -> None:
        for login, user in self.switch.users.items():
            if user.agent is not None:
                assert self.states[login] == agent.state_of(self.switch.agent_state(login))
            for view in self.switch.call_views(login):
                views.call(view)

    def teardown(self) -> None:
        """However it went, everything ends when everyone hangs up and logs off."""
        for _ in range(len(self.switch.users) + 1):  # in headset mode the next call is there at once
            for call in tuple(self.switch.calls.values()):
                for member in tuple(call.members):
                    if not call.ended and member.login is not None:
                        ringing = member.state == "RINGING_INCOMING"
                        self.attempt(self.switch.release if ringing else self.switch.drop, member.login, call.ref)
            for call in tuple(self.switch.calls.values()):
                self.attempt(self.switch.external_hang_up, call.ref)
            for login, user in self.switch.users.items():
                if user.agent is not None and user.agent.logged_on:
                    self.attempt(self.switch.agent_log_off, login)
        self.clock.advance(10_000)
        self.switch.check()
        assert not self.switch.calls, "a call stayed for ever"
        assert self.clock.pending == 0


CallCentre.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCallCentreAnySequence = CallCentre.TestCase
