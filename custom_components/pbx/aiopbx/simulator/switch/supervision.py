"""Supervisors of the call centre: they are asked for help, intrude on calls of their agents, and listen to them."""

from dataclasses import replace

from .agents import AGENT, CAUSES, DISCRETE, NORMAL, RESTRICTED, Agent
from .calls import ACTIVE, HELD, Call, CallView, Member, PartyView
from .changes import HelpChange
from .errors import bad_value, unauthorized, wrong_state
from .operators import Operators
from .users import User


class Supervision(Operators):
    """A supervisor who is in a call of an agent is a member of it that not all others see."""

    def _log_off(self, user: User, agent: Agent) -> None:
        self._forget_help(user, agent)
        super()._log_off(user, agent)

    # -- help ---------------------------------------------------------------------------------------------------------

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

    # -- intruding and listening --------------------------------------------------------------------------------------

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
        call, member = self._intrusion_of(user)
        with self._acting():
            if member.mode == mode:
                self._part(call, member)
            else:
                self._touch(call)
                member.mode = mode
                self._note_intrusion(call, mode)

    def stop_intrusion(self, login: str) -> None:
        """Leave the call that a supervisor intrudes on."""
        user, _ = self._supervising(login)
        call, member = self._intrusion_of(user)
        with self._acting():
            self._part(call, member)

    def _intrusion_of(self, user: User) -> tuple[Call, Member]:
        """Return the call that a supervisor intrudes on, and the supervisor in it."""
        for call in self.calls_of(user.login):
            member = call.intruder
            if member is not None and member.login == user.login:
                return call, member
        raise wrong_state(f"{user.login} does not intrude on a call.")

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

    def _leave(self, call: Call, member: Member, cause: str | None = None, **note: str | None) -> None:
        if member not in call.members:
            return
        super()._leave(call, member, cause, **note)
        intruder = call.intruder
        if intruder is not None and (intruder.intrudes == member.login or len(call.others(intruder)) < 2):
            super()._leave(call, intruder, "CLEARED")

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
        return view
