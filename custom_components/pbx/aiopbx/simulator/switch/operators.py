"""Operators of the call centre: who is one, where they log on, in which group, and whether they are ready."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from ..clock import Clock
from .agents import OUT_OF_PG, PAUSE, READY, WITHDRAW, WRAPUP, Agent, AgentState, Pilot, ProcessingGroup
from .changes import DeviceChange, RoutingChange, SkillChange, UserChange
from .errors import bad_value, server_error, unauthorized, wrong_state
from .phone_sets import PhoneSets
from .settings import SwitchSettings
from .users import IN_SERVICE, PRO_ACD, Device, User

if TYPE_CHECKING:
    from ..settings import UserSpec


class Operators(PhoneSets):
    """Agents and supervisors log on, enter groups, are ready, pause and withdraw."""

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users; no one is logged on."""
        settings = settings or SwitchSettings()
        self.processing_groups = {spec.number: ProcessingGroup.of(spec) for spec in settings.processing_groups}
        for pilot in settings.pilots:
            for rule in Pilot.of(pilot).rules.values():
                self._groups_exist(rule.groups)
        self._staff_of_centre: dict[str, User] = {}
        """Users who are operators, so that nothing looks through all users."""
        self._turns = count(1)
        super().__init__(clock, users, settings)

    def _add(self, user: User) -> None:
        super()._add(user)
        if user.agent is not None:
            self._staff_of_centre[user.login] = user
            self._groups_exist(user.agent.groups)

    def _groups_exist(self, numbers: Iterable[str]) -> None:
        """Return a processing group; one is created when it is first named."""
        for number in numbers:
            if number not in self.processing_groups:
                self.processing_groups[number] = ProcessingGroup(number)

    def _operators(self) -> Iterable[tuple[User, Agent]]:
        for user in tuple(self._staff_of_centre.values()):
            if user.agent is not None:
                yield user, user.agent

    def operator(self, login: str) -> tuple[User, Agent]:
        """Return a user who is an operator; refuses all others."""
        user = self.user(login)
        if user.agent is None:
            raise unauthorized(f"{login} is no operator of the call centre.")
        return user, user.agent

    def _on(self, login: str) -> tuple[User, Agent]:
        user, agent = self.operator(login)
        if not agent.logged_on:
            raise wrong_state(f"{login} is not logged on.")
        return user, agent

    def _in_group(self, login: str) -> tuple[User, Agent]:
        user, agent = self._on(login)
        if agent.group is None:
            raise wrong_state(f"{login} is in no processing group: it has to enter one first.")
        return user, agent

    def _supervising(self, login: str) -> tuple[User, Agent]:
        user, agent = self._on(login)
        if not agent.supervisor:
            raise unauthorized(f"{login} is no supervisor.")
        return user, agent

    def agent_state(self, login: str) -> AgentState:
        """Return the state of an operator."""
        return self.operator(login)[1].state

    def configure_agent(self, login: str, changes: Mapping[str, Any]) -> None:
        """Change what an operator is: fields of ``Agent``."""
        _, agent = self.operator(login)
        with self._acting():
            for name, value in changes.items():
                setattr(agent, name, value)
            self._groups_exist(agent.groups)

    # -- skills -------------------------------------------------------------------------------------------------------

    def set_skill(self, login: str, number: int, *, active: bool) -> None:
        """Switch a skill of an operator on or off."""
        _, agent = self.operator(login)
        skill = agent.skills.get(number)
        if skill is None:
            raise bad_value(f"{login} has no skill {number}.")
        if skill.active is not active:
            with self._acting():
                agent.skills[number] = replace(skill, active=active)
                self._after.append(SkillChange(login=login, skills=(agent.skills[number],)))

    def set_skills(self, login: str, numbers: Iterable[int], *, active: bool) -> None:
        """Switch skills of an operator on or off: all of them, or none where one is not known."""
        _, agent = self.operator(login)
        for number in numbers:
            if number not in agent.skills:
                raise bad_value(f"{login} has no skill {number}.")
        for number in numbers:
            self.set_skill(login, number, active=active)

    # -- logging on and off -------------------------------------------------------------------------------------------

    def agent_log_on(self, login: str, device: str, group: str | None = None, headset: bool | None = None) -> None:
        """Log an operator on at one of its own telephones, or at a pro-ACD set that is free.

        An agent without ``group`` is in its preferred one, a supervisor in none. A supervisor who is logged on and in
        none enters ``group``; ``device`` is its own number then.
        """
        user, agent = self.operator(login)
        number = self._number(device)
        if agent.logged_on:
            if not agent.supervisor or agent.group is not None:
                raise wrong_state(f"{login} is logged on already, at {agent.device}.")
            if number not in (user.number, agent.device):
                raise bad_value(f"{device} is not the number of {login}, who is logged on already.", "INVALID_DEVICE")
            if group is None:
                raise bad_value("The processing group to enter is missing.")
            self.agent_enter_group(login, group)
            return
        chosen = self._choose_group(login, agent, group)
        self._acd_set(user, agent, number)
        if headset and not agent.headset:
            raise bad_value(f"{login} has no headset.")
        with self._acting():
            if number not in user.devices:
                found = self.sets.pop(number)
                user.devices[number] = Device(number, found.kind, found.sub_kind, found.state, shared=True)
                self._numbers[number] = login
                self._touched[login] = None
                self._after.append(UserChange(login=login, kind="changed"))
                self._after.append(DeviceChange(login=login, device=number, state=found.state))
                self._after.append(RoutingChange(login=login))
            agent.logged_on, agent.device, agent.group = True, number, chosen
            agent.headset_mode = bool(headset)
            agent.worked, agent.served, agent.idle = False, None, next(self._turns)
            self._become(agent, OUT_OF_PG if chosen is None else WITHDRAW if agent.withdrawn else READY)

    def _choose_group(self, login: str, agent: Agent, group: str | None) -> str | None:
        if group:
            if group not in self.processing_groups:
                raise bad_value(f"There is no processing group {group!r}.")
            if group not in agent.groups and not agent.self_assign:
                raise unauthorized(f"{login} is not attached to the processing group {group}.")
            return group
        if agent.supervisor:
            return None
        if agent.preferred is None and not agent.groups:
            raise bad_value(f"{login} is attached to no processing group: name one.")
        return agent.preferred or agent.groups[0]

    def _acd_set(self, user: User, agent: Agent, number: str) -> None:
        """Refuse a set that the operator cannot log on at."""
        if agent.pro_acd is not None and number != agent.pro_acd:
            raise bad_value(f"{user.login} logs on at {agent.pro_acd} only.", "INVALID_DEVICE")
        own, free = user.devices.get(number), self.sets.get(number)
        if own is None and (free is None or free.sub_kind != PRO_ACD):
            raise bad_value(
                f"{number} is neither a telephone of {user.login} nor a free pro-ACD set.", "INVALID_DEVICE"
            )
        device = own or free
        if device is None or device.mobile:
            raise bad_value(f"{number} is a remote extension: nobody logs on there.", "INVALID_DEVICE")
        if device.state != IN_SERVICE:
            raise server_error("DEVICE_OUT_OF_SERVICE", f"The telephone {number} is out of service.")
        if own is None and any(m.identity.number == number for call in self.calls.values() for m in call.members):
            raise server_error("INVALID_DEVICE_STATE", f"The telephone {number} is in a call.")

    def agent_log_off(self, login: str) -> None:
        """Log an operator off; not while it is in a call."""
        user, agent = self._on(login)
        if agent.engaged:
            raise wrong_state(f"{login} is busy with a call.")
        if agent.device in self.parked and user.devices[agent.device or ""].sub_kind == PRO_ACD:
            raise wrong_state(f"A call is parked at {agent.device}.")
        with self._acting():
            self._log_off(user, agent)

    def _log_off(self, user: User, agent: Agent) -> None:
        agent.stop()
        device, agent.listens_to = agent.device, None
        agent.logged_on = agent.engaged = agent.headset_mode = agent.worked = False
        agent.device = agent.group = agent.reason = agent.served = None
        agent.status = READY
        found = user.devices.get(device or "")
        if found is not None and found.sub_kind == PRO_ACD and found.shared and found.id not in self.parked:
            self._lose_device(user, found.id)
            del user.devices[found.id]
            del self._numbers[found.id]
            self.sets[found.id] = Device(found.id, found.kind, found.sub_kind, found.state)
            self._touched[user.login] = None
            self._after.append(UserChange(login=user.login, kind="changed"))
            self._after.append(RoutingChange(login=user.login))

    def agent_enter_group(self, login: str, group: str) -> None:
        """Let a supervisor who is logged on outside any group enter one."""
        _, agent = self._supervising(login)
        if agent.group is not None:
            raise wrong_state(f"{login} is in the processing group {agent.group} already.")
        chosen = self._choose_group(login, agent, group)
        if chosen is None:
            raise bad_value("The processing group to enter is missing.")
        with self._acting():
            agent.group = chosen
            self._become(agent, WITHDRAW if agent.withdrawn else READY)

    def agent_exit_group(self, login: str, group: str) -> None:
        """Let a supervisor leave its group; with an empty ``group`` it is logged off."""
        _, agent = self._supervising(login)
        if not group:
            self.agent_log_off(login)
            return
        if agent.group != group:
            raise wrong_state(f"{login} is not in the processing group {group}.")
        if agent.engaged:
            raise wrong_state(f"{login} is busy with a call.")
        with self._acting():
            self._become(agent, OUT_OF_PG)
            agent.group = None

    # -- ready, pause, wrap-up, withdraw ------------------------------------------------------------------------------

    def _become(self, agent: Agent, status: str, reason: int | None = None) -> None:
        agent.stop()
        if status == READY and agent.status != READY:
            agent.idle = next(self._turns)
        agent.status = status
        agent.reason = reason

    def agent_ready(self, login: str) -> None:
        """Make an operator ready; during a call: after that and the wrap-up."""
        _, agent = self._in_group(login)
        with self._acting():
            self._become(agent, READY)

    def agent_pause(self, login: str) -> None:
        """Pause an operator until it is made ready; during a call: after it."""
        _, agent = self._in_group(login)
        with self._acting():
            self._become(agent, PAUSE)

    def agent_wrap_up(self, login: str) -> None:
        """Put an operator in wrap-up until it is made ready; during a call: after it."""
        _, agent = self._in_group(login)
        with self._acting():
            self._become(agent, WRAPUP)

    def agent_withdraw(self, login: str, reason: int | None = None) -> None:
        """Withdraw an operator until it is made ready; ``reason`` is an index of its group's reasons."""
        _, agent = self._in_group(login)
        reasons = self.withdraw_reasons(login)
        if reason is not None and not 1 <= reason <= len(reasons):
            raise bad_value(f"reasonIndex: {reason} is none of the {len(reasons)} reasons of the group {agent.group}.")
        with self._acting():
            self._become(agent, WITHDRAW, reason)

    def withdraw_reasons(self, login: str, group: str | None = None) -> tuple[str, ...]:
        """Return the labels of a group's reasons to withdraw, by index from 1 (by default the operator's own group)."""
        _, agent = self.operator(login)
        number = group or agent.group or agent.preferred or (agent.groups[0] if agent.groups else None)
        found = self.processing_groups.get(number or "")
        if found is None:
            raise bad_value(f"There is no processing group {number!r}." if number else "Name a processing group.")
        return found.withdraw_reasons
