"""The call centre: calls that wait are given to the agents whose turn it is."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from .agents import OUT_OF_PG, READY, WITHDRAW, WRAPUP, Agent
from .calls import ACTIVE, HELD, RINGING_INCOMING, Call, Member
from .changes import AgentChange
from .queues import Queues
from .users import User


class CallCentre(Queues):
    """Distributes calls to agents.

    A call to a pilot has the queue as its other party until an agent is free: ready, in a processing group of the
    pilot, with the skills required, on a telephone that is in service, and in no call at all. Calls go in the order
    in which they came, each to the agent who has been idle for longest.
    """

    def _log_off(self, user: User, agent: Agent) -> None:
        for call in self.calls_of(user.login):
            member = call.user(user.login)
            if member is not None and member.state == RINGING_INCOMING and member.distributed is not None:
                self._take_from(call, member, *call.others(member))
        super()._log_off(user, agent)

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

    def expected_wait(self, pilot: str) -> int:
        """Seconds that a call which came to a pilot now would wait; none where an agent is free."""
        groups = self.pilots[pilot].groups
        free = any(agent.group in groups and self._free(user, agent) for user, agent in self._operators())
        ahead = len(self.waiting(pilot))
        if free and not ahead:
            return 0
        return ceil((ahead + 1) * self._handling / max(1, self.staff(pilot)))

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

    def transfer(self, login: str, active_ref: str, held_ref: str) -> None:
        """Give the party of the held call to that of the active one, which may be ringing or waiting for an agent."""
        active = self._calls_of.get(login, {}).get(active_ref)
        with self._acting():
            super().transfer(login, active_ref, held_ref)
            if active is not None and active.acd is not None:
                active.acd.supervised = True
                self._touch(active)

    # -- who works here -----------------------------------------------------------------------------------------------

    def remove_user(self, login: str, *, kept: bool = False) -> None:
        """Delete a user; its calls end, except those that a pilot gave it and it has not taken."""
        user = self.user(login)
        if user.agent is not None and user.agent.logged_on:
            with self._acting():
                self._log_off(user, user.agent)
        super().remove_user(login, kept=kept)
        self._staff_of_centre.pop(login, None)
        self.journal.forget(login)

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

    # -- checking -----------------------------------------------------------------------------------------------------

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
