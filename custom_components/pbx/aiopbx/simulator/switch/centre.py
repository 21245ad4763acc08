"""The call centre: pilots with their queues, agents who take turns, supervisors who help and listen."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock
from .agents import (
    AGENT,
    CAUSES,
    DISCRETE,
    FORWARD,
    NORMAL,
    OUT_OF_PG,
    PAUSE,
    READY,
    RESTRICTED,
    WITHDRAW,
    WRAPUP,
    Agent,
    AgentState,
    Pilot,
    ProcessingGroup,
)
from .calendars import Calendars
from .calls import (
    ACTIVE,
    HELD,
    RINGING_INCOMING,
    RINGING_OUTGOING,
    SERVICE,
    AcdView,
    Call,
    CallView,
    Distribution,
    Identity,
    Member,
    PartyView,
)
from .changes import AgentChange, Change, DeviceChange, HelpChange, RoutingChange, SkillChange, UserChange
from .errors import SwitchError, bad_value, server_error, unauthorized, wrong_state
from .journal import Journal, Outcome
from .phone_sets import PhoneSets
from .progress import TONE, Target
from .settings import SwitchSettings
from .users import IN_SERVICE, PRO_ACD, Device, User

if TYPE_CHECKING:
    from ..settings import UserSpec

PILOT: Final = "PILOT"

FIRST_GUESS: Final = 60.0
"""Seconds that a call is assumed to take an agent until one has ended."""


class CallCentre(PhoneSets):
    """Distributes calls to agents.

    A call to a pilot has the queue as its other party until an agent is free: ready, in a processing group of the
    pilot, with the skills required, on a telephone that is in service, and in no call at all. Calls go in the order
    in which they came, each to the agent who has been idle for longest.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users; no one is logged on."""
        settings = settings or SwitchSettings()
        self.pilots = {spec.number: Pilot.of(spec) for spec in settings.pilots}
        self.processing_groups = {spec.number: ProcessingGroup.of(spec) for spec in settings.processing_groups}
        for pilot in self.pilots.values():
            for rule in pilot.rules.values():
                self._groups_exist(rule.groups)
        self.calendars = Calendars(self)
        self.journal = Journal(self)
        """What has happened at the pilots."""
        self._waiting: dict[str, Call] = {}
        self._staff_of_centre: dict[str, User] = {}
        """Users who are operators, so that nothing looks through all users."""
        self._turns = count(1)
        self._handling = FIRST_GUESS
        super().__init__(clock, users, settings)
        for number in settings.pro_acd_sets:
            if number in self._numbers or number in self.sets or number in self.groups or number in self.pilots:
                raise ValueError(f"pro_acd_sets: the number {number} is taken.")
            self.sets[number] = Device(number, "DESKPHONE", PRO_ACD)

    def _add(self, user: User) -> None:
        for number in (user.number, *user.devices):
            if number in self.pilots:
                raise ValueError(f"users: the number {number} of {user.login} is that of a pilot.")
        super()._add(user)
        if user.agent is not None:
            self._staff_of_centre[user.login] = user
            self._groups_exist(user.agent.groups)

    def _groups_exist(self, numbers: Iterable[str]) -> None:
        """Return a processing group; one is created when it is first named."""
        for number in numbers:
            if number not in self.processing_groups:
                self.processing_groups[number] = ProcessingGroup(number)

    # -- numbers ----------------------------------------------------------------------------------------------------

    def known(self, number: str) -> bool:
        """Whether a number leads anywhere."""
        return number in self.pilots or super().known(number)

    def who(self, number: str) -> Identity:
        """Return the owner of this number."""
        pilot = self.pilots.get(number)
        if pilot is not None:
            return Identity(SERVICE, number, last_name=pilot.name, sub_type="pilot")
        return super().who(number)

    def _resolve(
        self, number: str, *, passed: tuple[str, ...] = (), inside: frozenset[str] = frozenset(), diverted: bool = False
    ) -> Target | None:
        pilot = self.pilots.get(number)
        if pilot is None:
            return super()._resolve(number, passed=passed, inside=inside, diverted=diverted)
        if number in passed:
            return Target(TONE, number, cause="DESTINATION_NOT_OBTAINABLE", passed=passed, diverted=diverted)
        target = Target(PILOT, number, passed=(*passed, number), diverted=diverted)
        full = len(self.waiting(number)) >= pilot.queue_size
        forwarded = pilot.mode == FORWARD
        if not full and not pilot.blocked and not forwarded and self._staff(pilot):
            return target
        elsewhere = (pilot.forward or pilot.overflow) if forwarded else pilot.overflow
        if elsewhere is not None:
            found = self._resolve(elsewhere, passed=target.passed, inside=inside, diverted=True)
            if found is not None:
                return found
        return replace(target, kind=TONE, cause="BUSY" if full else "NO_AVAILABLE_AGENT")

    def _staff(self, pilot: Pilot) -> int:
        """Return how many operators are logged on in the groups of a pilot, whatever their state."""
        return sum(agent.logged_on and agent.group in pilot.groups for _, agent in self._operators())

    def _operators(self) -> Iterable[tuple[User, Agent]]:
        for user in tuple(self._staff_of_centre.values()):
            if user.agent is not None:
                yield user, user.agent

    def waiting(self, pilot: str) -> list[Call]:
        """Return the calls that wait in the queue of a pilot, the next one first."""
        return [call for call in self._queue_order() if call.acd is not None and call.acd.pilot == pilot]

    def _queue_order(self) -> list[Call]:
        return sorted(self._waiting.values(), key=lambda call: call.acd.order if call.acd is not None else 0)

    # -- the queue --------------------------------------------------------------------------------------------------

    def _advance(self, call: Call, origin: Member, target: Target, cause: str | None = None) -> None:
        for number in dict.fromkeys(number for number in target.passed if number not in call.tried):
            pilot = self.pilots.get(number)
            if pilot is not None and (target.kind != PILOT or target.number != number):
                self.journal.turned_away(
                    call, number, origin, self._why_not(pilot, target), target.number if target.kind != TONE else None
                )
        if target.kind != PILOT:
            super()._advance(call, origin, target, cause)
            return
        self.journal.came(call, target.number, origin)
        call.tried = target.passed
        call.rung = None
        pilot = self.pilots[target.number]
        now = self.clock.now()
        ahead = len(self.waiting(pilot.number))
        began = call.acd.began if call.acd is not None else now
        call.acd = Distribution(
            pilot.number,
            began,
            now,
            next(self._turns),
            estimate=ceil((ahead + 1) * self._handling / max(1, self._staff(pilot))),
            saturated=ahead + 1 >= pilot.queue_size,
        )
        self._wait_in_queue(call, origin)
        cause = cause or ("FORWARDED" if target.diverted else None)
        self._note(origin.login, call.ref, cause)

    def _why_not(self, pilot: Pilot, target: Target) -> Outcome:
        """Return how a pilot does not let a call in."""
        if pilot.mode == FORWARD:
            return "forwarded"
        if pilot.blocked:
            return "blocked"
        return "dissuaded" if target.kind == TONE else "overflow"

    def publish_later(self, change: Change) -> None:
        """Publish a change with the rest of the action."""
        self._after.append(change)

    def _wait_in_queue(self, call: Call, origin: Member) -> None:
        assert call.acd is not None
        self._stop(call, "ring", "patience", "answer", "dial")
        identity = self.who(call.acd.pilot)
        place = Member(self._member_id(call, identity), identity, RINGING_INCOMING, queue=True)
        self._wait(origin, RINGING_OUTGOING)
        self._join(call, place)
        self._waiting[call.ref] = call
        left = call.acd.queued + self.pilots[call.acd.pilot].patience - self.clock.now()
        self._timer(call, "queue", max(0.0, left), lambda: self._dissuade(call))

    def _dissuade(self, call: Call) -> None:
        """Take a call out of the queue that has waited for too long."""
        place = call.queued
        if place is None or call.acd is None:
            return
        pilot = self.pilots[call.acd.pilot]
        (origin,) = call.others(place)
        target = None
        if pilot.overflow is not None:
            target = self._resolve(
                pilot.overflow, passed=(*call.tried, pilot.number), inside=self._inside(call), diverted=True
            )
        self._leave(call, place)
        reachable = target is not None and target.kind != TONE
        self.journal.sent_on(
            call.ref, "overflow" if reachable else "dissuaded", target.number if target and reachable else None
        )
        if target is None or target.kind == TONE:
            self._tone(call, origin, "NO_AVAILABLE_AGENT")
        else:
            self._advance(call, origin, target)

    def _leave(self, call: Call, member: Member, cause: str | None = None, **note: str | None) -> None:
        if member not in call.members:
            return
        super()._leave(call, member, cause, **note)
        if member.queue:
            self._waiting.pop(call.ref, None)
            self._stop(call, "queue")
        intruder = call.intruder
        if intruder is not None and (intruder.intrudes == member.login or len(call.others(intruder)) < 2):
            super()._leave(call, intruder, "CLEARED")

    # -- distribution -----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        super()._settle()
        if not self._staff_of_centre:
            self.journal.look()
            return
        for user, agent in self._operators():
            if agent.logged_on and agent.device not in user.devices:
                self._log_off(user, agent)
        self._see_who_works()
        for call in self._queue_order():
            found = self._best(call)
            if found is not None:
                self._present(call, *found)
        for user, agent in self._operators():
            if agent.listens_to is not None:
                self._listen(user, agent, agent.listens_to)
        self._see_who_works()
        self.journal.look()
        for user, agent in self._operators():
            if agent.logged_on:
                self.journal.private(user.login, self._calls_of[user.login].values())
            self._publish_state(user, agent)

    def _publish_state(self, user: User, agent: Agent) -> None:
        state = agent.state
        if state != agent.published:
            agent.published = state
            self.journal.state(user.login, state)
            self._after.append(AgentChange(login=user.login, state=state))

    def _see_who_works(self) -> None:
        """Update who is in a call; an operator whose distributed call has ended is in wrap-up."""
        for user, agent in self._operators():
            if not agent.logged_on:
                continue
            members = [call.user(user.login) for call in self._calls_of[user.login].values()]
            distributed = [member for member in members if member is not None and member.distributed is not None]
            working = self._busy(user)
            agent.engaged = working or bool(distributed)
            if agent.engaged:
                agent.worked = agent.worked or working
                if agent.served is None and any(member.state in (ACTIVE, HELD) for member in distributed):
                    agent.served = self.clock.now()
            elif agent.worked:
                agent.worked = False
                agent.idle = next(self._turns)
                if agent.served is not None:
                    self._handling += (self.clock.now() - agent.served - self._handling) / 5
                    agent.served = None
                    if agent.status == READY:
                        self._wrap_up(user, agent)

    def _wrap_up(self, user: User, agent: Agent) -> None:
        """A distributed call is over: pause briefly before the next."""
        group = self.processing_groups.get(agent.group or "")
        seconds = self.settings.wrap_up_time if group is None or group.wrap_up_time is None else group.wrap_up_time
        if seconds <= 0:
            return
        agent.status = WRAPUP

        def over() -> None:
            agent.timer = None
            with self._acting():
                self._become(agent, READY)

        agent.stop()
        agent.timer = self.clock.call_later(seconds, over)

    def _become(self, agent: Agent, status: str, reason: int | None = None) -> None:
        agent.stop()
        if status == READY and agent.status != READY:
            agent.idle = next(self._turns)
        agent.status = status
        agent.reason = reason

    def _best(self, call: Call) -> tuple[User, Agent] | None:
        """Return the agent whose turn it is for a call."""
        assert call.acd is not None
        groups = self.pilots[call.acd.pilot].groups
        free = [
            (user, agent)
            for user, agent in self._operators()
            if agent.group in groups and agent.able(call.skills) and self._free(user, agent)
        ]
        return min(free, key=lambda found: found[1].idle) if free else None

    def _free(self, user: User, agent: Agent) -> bool:
        """Whether a call can be given to an agent at once."""
        if not agent.logged_on or agent.status != READY or self._calls_of[user.login]:
            return False
        device = user.devices.get(agent.device or "")
        return device is not None and user.usable(device) and not any(item.off_hook for item in user.devices.values())

    def _present(self, call: Call, user: User, agent: Agent) -> None:
        """Let a waiting call ring at an agent; in headset mode it is put through."""
        place, acd = call.queued, call.acd
        assert place is not None
        assert acd is not None
        assert agent.device is not None
        (origin,) = call.others(place)
        now = self.clock.now()
        acd.group = agent.group
        acd.queue_time, acd.global_time = int(now - acd.queued), int(now - acd.began)
        self._leave(call, place)
        member = self._ring(call, origin, user, "DISTRIBUTED", devices=(agent.device,))
        member.distributed = agent.group
        call.rung = None
        self._timer(call, "ring", self.settings.agent_ring_time, lambda: self._not_taken(call, member))
        if agent.headset_mode:
            self._flush()
            self._answered(call, member, agent.device)

    def _not_taken(self, call: Call, member: Member) -> None:
        """The agent does not take the call: it goes back to its place in the queue, and the agent is withdrawn."""
        if member not in call.members or member.state != RINGING_INCOMING or member.login is None:
            return
        user = self.users[member.login]
        if user.agent is not None and user.agent.logged_on:
            self._become(user.agent, WITHDRAW)
        (origin,) = call.others(member)
        self._take_from(call, member, origin)

    def _take_from(self, call: Call, member: Member, origin: Member) -> None:
        assert call.acd is not None
        self._leave(call, member, "FORWARDED", new_destination=call.acd.pilot)
        call.acd.group = call.acd.queue_time = call.acd.global_time = None
        self.journal.refused(call.ref)
        self._wait_in_queue(call, origin)
        self._note(origin.login, call.ref, "FORWARDED")

    def _reject(self, call: Call, by: Member) -> None:
        if by.distributed is not None:
            self._not_taken(call, by)
        else:
            super()._reject(call, by)

    def _lose_device(self, user: User, device: str) -> None:
        for call, member, state in tuple(self._legs_on(user, device)):
            if member.distributed is not None and state == RINGING_INCOMING and len(member.legs) == 1:
                self._take_from(call, member, *call.others(member))
        super()._lose_device(user, device)

    def remove_user(self, login: str, *, kept: bool = False) -> None:
        """Delete a user; its calls end, except those that a pilot gave it and it has not taken."""
        user = self.user(login)
        if user.agent is not None and user.agent.logged_on:
            with self._acting():
                self._log_off(user, user.agent)
        super().remove_user(login, kept=kept)
        self._staff_of_centre.pop(login, None)
        self.journal.forget(login)

    def transfer(self, login: str, active_ref: str, held_ref: str) -> None:
        """Give the party of the held call to that of the active one, which may be ringing or waiting for an agent."""
        active = self._calls_of.get(login, {}).get(active_ref)
        with self._acting():
            super().transfer(login, active_ref, held_ref)
            if active is not None and active.acd is not None:
                active.acd.supervised = True
                self._touch(active)

    def block_pilot(self, number: str, blocked: bool = True) -> None:
        """Close a pilot, or open it again. Calls that already wait stay."""
        pilot = self.pilots.get(number)
        if pilot is None:
            raise bad_value(f"There is no pilot {number!r}.", "INVALID_DESTINATION")
        with self._acting():
            pilot.blocked = blocked

    def configure_pilot(self, number: str, changes: Mapping[str, Any]) -> None:
        """Change fields of a pilot; waiting calls are distributed accordingly."""
        with self._acting():
            for name, value in changes.items():
                setattr(self.pilots[number], name, value)
            self._groups_exist(self.pilots[number].groups)

    def pilot(self, number: str) -> Pilot:
        """Return a pilot; refuses the number of none."""
        pilot = self.pilots.get(number)
        if pilot is None:
            raise SwitchError("OBJECT_NOT_FOUND", None, f"pilotNumber: there is no pilot {number}.")
        return pilot

    def configure_agent(self, login: str, changes: Mapping[str, Any]) -> None:
        """Change what an operator is: fields of ``Agent``."""
        _, agent = self.operator(login)
        with self._acting():
            for name, value in changes.items():
                setattr(agent, name, value)
            self._groups_exist(agent.groups)

    def make_operator(self, login: str, changes: Mapping[str, Any] | None) -> None:
        """Make a user an operator with these fields of ``Agent``; with ``None``, no longer."""
        user = self.user(login)
        if changes is not None:
            user.agent = user.agent or Agent()
            self._staff_of_centre[login] = user
            self.configure_agent(login, changes)
        elif user.agent is not None:
            with self._acting():
                if user.agent.logged_on:
                    for call in self.calls_of(login):
                        member = call.user(login)
                        if member is not None and member.intrudes is not None:
                            self._part(call, member)
                    self._log_off(user, user.agent)
                self._publish_state(user, user.agent)
                user.agent = None
                del self._staff_of_centre[login]
                self.journal.forget(login)

    # -- logging on and off -----------------------------------------------------------------------------------------

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

    def expected_wait(self, pilot: str) -> int:
        """Seconds that a call which came to a pilot now would wait; none where an agent is free."""
        groups = self.pilots[pilot].groups
        free = any(agent.group in groups and self._free(user, agent) for user, agent in self._operators())
        ahead = len(self.waiting(pilot))
        if free and not ahead:
            return 0
        return ceil((ahead + 1) * self._handling / max(1, self.staff(pilot)))

    def staffed(self, pilot: str, skills: tuple[tuple[int, int], ...] = (), number: str | None = None) -> bool:
        """Whether someone with these skills works for a pilot, or the agent with this number does."""
        groups = self.pilots[pilot].groups
        return any(
            agent.logged_on and agent.group in groups and agent.able(skills)
            for user, agent in self._operators()
            if number is None or user.number == number
        )

    def staff(self, pilot: str) -> int:
        """How many operators are logged on in the groups of a pilot, whatever their state."""
        return self._staff(self.pilots[pilot])

    def stop_listening(self, login: str) -> None:
        """Listen to all calls of an agent no longer, and leave the one that is listened to."""
        _, supervisor = self.operator(login)
        other = supervisor.listens_to
        if other is None:
            return
        with self._acting():
            supervisor.listens_to = None
            for call in self.calls_of(login):
                member = call.intruder
                if member is not None and member.login == login and member.intrudes == other:
                    self._part(call, member)

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
        for call in self.calls_of(user.login):
            member = call.user(user.login)
            if member is not None and member.state == RINGING_INCOMING and member.distributed is not None:
                self._take_from(call, member, *call.others(member))
        self._forget_help(user, agent)
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

    # -- help -------------------------------------------------------------------------------------------------------

    def _supervisor(self, user: User, agent: Agent) -> User | None:
        """Return who helps an agent: its supervisor, or the first that is logged on and attached to its group."""
        found: list[User] = []
        for other, helper in self._operators():
            if other is user or not helper.supervisor or not helper.logged_on or not helper.help:
                continue
            if user.supervisor is not None and self.by_number(user.supervisor) is other:
                return other
            if agent.group is not None and (agent.group in helper.groups or agent.group == helper.group):
                found.append(other)
        return found[0] if found else None

    def _supervisor_number(self, user: User) -> str | None:
        if user.supervisor is not None or user.agent is None:
            return user.supervisor
        supervisor = self._supervisor(user, user.agent)
        return supervisor.number if supervisor is not None else None

    def request_help(self, login: str) -> None:
        """Let an agent ask its supervisor for help."""
        user, agent = self._on(login)
        if agent.type != AGENT:
            raise unauthorized(f"{login} is a supervisor, and has none to ask.")
        if agent.asks is not None:
            raise wrong_state(f"{login} has asked for help already.")
        supervisor = self._supervisor(user, agent)
        if supervisor is None:
            raise wrong_state(f"No supervisor of {login} is logged on.")
        with self._acting():
            agent.asks = supervisor.login
            self._publish_help(user, supervisor, requested=True)

    def _publish_help(self, agent: User, supervisor: User, *, requested: bool) -> None:
        for user, other in ((agent, supervisor), (supervisor, agent)):
            self._after.append(
                HelpChange(login=user.login, kind="requested" if requested else "cancelled", number=other.number)
            )

    def cancel_help(self, login: str, other: str | None = None) -> None:
        """Cancel an agent's request for help, or let a supervisor reject that of the agent ``other``."""
        user, agent = self._on(login)
        number = self._number(other) if other else None
        if not agent.supervisor:
            supervisor = self.users.get(agent.asks) if agent.asks is not None else None
            if supervisor is None:
                raise wrong_state(f"{login} has not asked for help.")
            if number is not None and self.by_number(number) is not supervisor:
                raise bad_value(f"{login} has asked {supervisor.number} for help, not {other}.", "INVALID_DESTINATION")
            asker, helper = user, supervisor
        else:
            askers = [found for found, item in self._operators() if item.asks == login]
            if number is not None:
                askers = [found for found in askers if self.by_number(number) is found]
            if not askers:
                raise wrong_state(f"{other or 'Nobody'} has not asked {login} for help.")
            if len(askers) > 1:
                raise bad_value("Several agents have asked for help: other must name one.")
            asker, helper = askers[0], user
        with self._acting():
            if asker.agent is not None:
                asker.agent.asks = None
            self._publish_help(asker, helper, requested=False)

    def _forget_help(self, user: User, agent: Agent) -> None:
        """End the requests for help of, and to, an operator who logs off."""
        for other, item in self._operators():
            if item.asks is None or not (other is user or item.asks == user.login):
                continue
            supervisor = self.users.get(item.asks)
            item.asks = None
            if supervisor is not None:
                self._publish_help(other, supervisor, requested=False)

    # -- supervision ------------------------------------------------------------------------------------------------

    def _supervised(self, login: str, agent_number: str) -> tuple[User, Agent, User, Agent]:
        """Return a supervisor, and an agent that it may listen to."""
        user, supervisor = self._supervising(login)
        other = self.by_number(self._number(agent_number))
        if other is None or other.agent is None:
            raise bad_value(f"{agent_number} is not the number of an agent.", "INVALID_DESTINATION")
        if other is user:
            raise bad_value(f"{agent_number} is the supervisor's own number.", "INVALID_DESTINATION")
        agent = other.agent
        if not agent.logged_on:
            raise wrong_state(f"The agent {agent_number} is not logged on.")
        if agent.group not in supervisor.groups and agent.group != supervisor.group:
            raise unauthorized(f"{login} does not supervise the group {agent.group}.")
        return user, supervisor, other, agent

    def _open_call(self, user: User, agent: User) -> Call | None:
        """Return the active call of an agent that a supervisor could intrude on."""
        for call in self._calls_of[agent.login].values():
            member = call.user(agent.login)
            if member is None or member.state != ACTIVE or member.intrudes is not None or call.intruder is not None:
                continue
            others = call.others(member)
            if not others or not all(other.person and other.state in (ACTIVE, HELD) for other in others):
                continue
            if call.user(user.login) is None and len(call.members) < self.settings.conference_size:
                return call
        return None

    def intrude(self, login: str, agent_number: str, mode: str = NORMAL) -> None:
        """Bring a supervisor into the active call of an agent.

        ``NORMAL``: every party can hear it. ``RESTRICTED``: only the agent can, and sees it. ``DISCRETE``: none can.
        """
        user, supervisor, other, _ = self._supervised(login, agent_number)
        if mode not in CAUSES:
            raise bad_value(f"mode: {mode!r} is none of {', '.join(CAUSES)}.")
        call = self._open_call(user, other)
        if call is None:
            raise wrong_state(f"The agent {agent_number} is in no call that could be intruded on.")
        device = supervisor.device or ""
        self._device(user, device)
        self._engageable(user, device)
        self._free_line(user, device)
        with self._acting():
            self._engage(user, device)
            self._intrude(call, user, device, other, mode)

    def _intrude(self, call: Call, user: User, device: str, agent: User, mode: str) -> None:
        identity = self.identity(user)
        member = Member(
            self._member_id(call, identity), identity, ACTIVE, {device: ACTIVE}, intrudes=agent.login, mode=mode
        )
        self._join(call, member)
        self._note_intrusion(call, mode)
        if agent.agent is not None and agent.agent.asks == user.login:
            agent.agent.asks = None  # the help has arrived

    def _note_intrusion(self, call: Call, mode: str) -> None:
        for member in call.members:
            self._note(member.login, call.ref, CAUSES[mode])

    def change_intrusion(self, login: str, mode: str) -> None:
        """Intrude in another way; the same way again ends it."""
        user, _ = self._supervising(login)
        if mode not in CAUSES:
            raise bad_value(f"mode: {mode!r} is none of {', '.join(CAUSES)}.")
        for call in self.calls_of(login):
            member = call.intruder
            if member is not None and member.login == user.login:
                with self._acting():
                    if member.mode == mode:
                        self._part(call, member)
                    else:
                        self._touch(call)
                        member.mode = mode
                        self._note_intrusion(call, mode)
                return
        raise wrong_state(f"{login} does not intrude on a call.")

    def listen_permanently(self, login: str, agent_number: str) -> None:
        """Listen to every call of an agent from now on; repeating it for the same agent ends it, as hanging up does."""
        _, supervisor, other, _ = self._supervised(login, agent_number)
        with self._acting():
            if supervisor.listens_to != other.login:
                supervisor.listens_to = other.login
                return
            supervisor.listens_to = None
            for call in self.calls_of(login):
                member = call.intruder
                if member is not None and member.login == login and member.intrudes == other.login:
                    self._part(call, member)

    def _listen(self, user: User, supervisor: Agent, login: str) -> None:
        """Bring a supervisor who listens permanently into the present call of its agent."""
        agent = self.users.get(login)
        if agent is None or agent.agent is None or not agent.agent.logged_on:
            supervisor.listens_to = None
            return
        device = user.devices.get(supervisor.device or "")
        if self._calls_of[user.login] or device is None or not user.usable(device) or device.off_hook:
            return
        call = self._open_call(user, agent)
        if call is not None:
            self._intrude(call, user, device.id, agent, DISCRETE)

    def _part(self, call: Call, member: Member) -> None:
        """A supervisor leaves a call that it intrudes on; the call goes on."""
        user = self.users.get(member.login or "")
        if user is not None and user.agent is not None:
            user.agent.listens_to = None
        self._leave(call, member, "CLEARED")
        for other in call.members:
            self._note(other.login, call.ref, "PARTICIPANT_LEFT")

    def _release(self, call: Call, by: Member) -> None:
        if by.intrudes is not None:
            self._part(call, by)
        else:
            super()._release(call, by)

    def _depart(self, call: Call, member: Member) -> None:
        if member.intrudes is not None:
            self._part(call, member)
        else:
            super()._depart(call, member)

    def drop_participant(self, login: str, ref: str, participant_id: str) -> None:
        """Drop another party: a conference goes on without it, a call of two ends. A supervisor cannot be dropped."""
        _, call, _ = self.find(login, ref)
        if call.intruder is not None and call.intruder.id == participant_id:
            raise unauthorized("A supervisor who intrudes cannot be dropped.")
        super().drop_participant(login, ref, participant_id)

    # -- what is allowed and seen -------------------------------------------------------------------------------------

    def _call_actions(self, user: User, call: Call, member: Member) -> frozenset[str]:
        if member.intrudes is not None:
            return frozenset({"dropMe"})
        return super()._call_actions(user, call, member)

    def _leg_actions(self, user: User, call: Call, member: Member, device: str) -> frozenset[str]:
        if member.intrudes is not None:
            return frozenset({"drop"})
        return super()._leg_actions(user, call, member, device)

    def _can_merge(self, active: Call, held: Call, login: str) -> bool:
        if active.intruder is not None or held.intruder is not None:
            return False
        return super()._can_merge(active, held, login)

    def _view(self, user: User, call: Call, member: Member) -> CallView:
        view = super()._view(user, call, member)
        intruder = call.intruder
        if intruder is not None and intruder is not member:
            seen = intruder.mode == NORMAL or (intruder.mode == RESTRICTED and intruder.intrudes == user.login)
            if seen:
                party = PartyView(intruder.id, intruder.identity, intruder.anonymous, True)
                view = replace(view, parties=(*view.parties, party))
        if call.acd is not None:
            view = replace(view, acd=self._acd_view(user, call, view))
        return view

    def _acd_view(self, user: User, call: Call, view: CallView) -> AcdView | None:
        acd = call.acd
        if acd is None:
            return None
        if call.queued is None:
            return AcdView(
                acd.pilot,
                group=acd.group,
                queue_time=acd.queue_time,
                global_time=acd.global_time,
                supervised=acd.supervised,
            )
        agent = len(self._calls_of[user.login]) > 1
        return AcdView(
            acd.pilot,
            waiting_time=acd.estimate,
            saturated=acd.saturated,
            supervised=acd.supervised,
            transfer_possible="transfer" in view.actions if agent else None,
        )

    # -- checking ---------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return the whole state, for comparison."""
        return super().dump() | {
            "agents": {user.login: agent.dump() for user, agent in self._operators()},
            "pilots": {
                pilot.number: (pilot.rules, pilot.rule, pilot.mode, pilot.by_calendar, pilot.overflow, pilot.forward)
                for pilot in self.pilots.values()
            },
            "calendars": self.calendars.dump(),
            "queue": [call.ref for call in self._queue_order()],
        }

    def check(self) -> None:
        """Raise ``AssertionError`` if the state contradicts itself, or if a waiting call could be given to an agent."""
        super().check()
        assert self._waiting == {ref: call for ref, call in self.calls.items() if call.queued is not None}
        for call in self._queue_order():
            places = [member for member in call.members if member.queue]
            assert len(places) == 1, f"{call.ref} waits twice"
            assert len(call.members) == 2
            assert "queue" in call.timers
            assert self._best(call) is None, f"{call.ref} waits while an agent is free"
        for call in self.calls.values():
            for member in call.members:
                if member.distributed is not None and member.state == RINGING_INCOMING:
                    assert call.acd is not None
                    assert "ring" in call.timers
                if member.intrudes is not None:
                    assert call.user(member.intrudes) is not None
                    assert len(call.others(member)) >= 2
        staff = {login: user for login, user in self.users.items() if user.agent is not None}
        assert staff == self._staff_of_centre
        for user, agent in self._operators():
            assert agent.published == agent.state, f"{user.login}: the state of the agent was not published"
            assert (agent.timer is None) or agent.status == WRAPUP
            assert agent.logged_on == (agent.device is not None)
            assert agent.logged_on or agent.group is None
            assert (agent.status == OUT_OF_PG) == (agent.logged_on and agent.group is None)
            assert agent.asks is None or agent.asks in self.users
            if agent.logged_on:
                assert agent.device in user.devices
