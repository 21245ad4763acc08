"""An agent or a supervisor of the call centre."""

from typing import TYPE_CHECKING

from .errors import InvalidInput
from .loops import owned
from .model import AgentSnapshot, AgentState, Feature, Skill
from .ports import AgentCommands
from .records import IntrusionMode, WithdrawReason

if TYPE_CHECKING:
    import asyncio

    from .line import Line


class Agent:
    """The agent that the user of a line is: ``line.agent``. What it shows is kept by the events."""

    __slots__ = ("_last", "_line")

    def __init__(self, line: "Line", snapshot: AgentSnapshot) -> None:
        """Made by ``Line.agent`` only."""
        self._line = line
        self._last = snapshot

    def __repr__(self) -> str:
        """Say whose it is and how it stands."""
        return f"<Agent {self._line.id}: {self.state}>"

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._line.loop

    @property
    def line(self) -> "Line":
        """Whose it is."""
        return self._line

    @property
    def snapshot(self) -> AgentSnapshot:
        """The newest snapshot: frozen, safe to keep and to compare."""
        newest = self._line.snapshot.agent
        if newest is not None:
            self._last = newest
        return self._last

    @property
    def state(self) -> AgentState:
        """What it does."""
        return self.snapshot.state

    @property
    def logged_on(self) -> bool | None:
        """Whether it is logged on; None where that is not known."""
        return self.snapshot.logged_on

    @property
    def supervisor(self) -> bool:
        """Whether it is a supervisor."""
        return self.snapshot.supervisor

    @property
    def group(self) -> str | None:
        """The processing group it is in."""
        return self.snapshot.group

    @property
    def groups(self) -> tuple[str, ...]:
        """The processing groups it may be in."""
        return self.snapshot.groups

    @property
    def device(self) -> str | None:
        """The set it is logged on at."""
        return self.snapshot.device

    @property
    def skills(self) -> tuple[Skill, ...]:
        """What it can do."""
        return self.snapshot.skills

    @property
    def withdrawn(self) -> bool:
        """Whether it takes no calls from the queues, by its own choice."""
        return self.snapshot.withdrawn

    @property
    def withdraw_reason(self) -> int | None:
        """Why, as the index of a reason."""
        return self.snapshot.withdraw_reason

    @owned
    async def log_on(self, device: str | None = None, *, group: str | None = None, headset: bool | None = None) -> None:
        """Log on at a set, the only one it may use or the line's own if it is left out. O2G: POST …/agent/logon.

        ``group`` is the processing group; None takes the preferred one. A supervisor without one stays outside.
        """
        chosen = device or self.snapshot.fixed_device or self._line.number
        chosen = self._line._read_number(chosen, field="device").wire
        await self._commands.log_on(self._line.snapshot, chosen, group, headset)

    @owned
    async def log_off(self) -> None:
        """Log off. O2G: POST /acd/agent/logoff."""
        await self._commands.log_off(self._line.snapshot)

    @owned
    async def enter_group(self, group: str) -> None:
        """Enter a processing group, as a supervisor who is logged on. O2G: POST /acd/agent/enterPG."""
        if not group.strip():
            raise InvalidInput("group", "is empty.", remedy="Give the number of a processing group.")
        await self._commands.enter_group(self._line.snapshot, group)

    @owned
    async def exit_group(self, group: str | None = None) -> None:
        """Leave a processing group, the one it is in if it is left out. O2G: POST /acd/agent/exitPG."""
        chosen = group or self.group
        if not chosen:
            raise InvalidInput("group", f"{self._line.id} is in no processing group.", remedy="Name one.")
        await self._commands.exit_group(self._line.snapshot, chosen)

    @owned
    async def ready(self) -> None:
        """Take calls; also the end of a pause, of wrap-up and of being withdrawn. O2G: POST /acd/agent/ready."""
        await self._commands.ready(self._line.snapshot)

    @owned
    async def pause(self) -> None:
        """Take a pause. O2G: POST /acd/agent/pause."""
        await self._commands.pause(self._line.snapshot)

    @owned
    async def wrap_up(self) -> None:
        """Wrap the last call up. O2G: POST /acd/agent/wrapUp."""
        await self._commands.wrap_up(self._line.snapshot)

    @owned
    async def withdraw(self, reason: WithdrawReason | int | None = None) -> None:
        """Take no more calls from the queues, for one of the group's reasons. O2G: POST /acd/agent/withdraw."""
        index = reason.index if isinstance(reason, WithdrawReason) else reason
        await self._commands.withdraw(self._line.snapshot, index)

    @owned
    async def withdraw_reasons(self, group: str | None = None) -> tuple[WithdrawReason, ...]:
        """The reasons that a processing group has, its own if it is left out. O2G: GET …/agent/withdrawReasons."""
        chosen = group or self.group or self.snapshot.preferred_group
        line = self._line
        return await line._commands_for(Feature.AGENT).agents.withdraw_reasons(line.snapshot, chosen)

    @owned
    async def request_help(self) -> None:
        """Ask the supervisor for help. O2G: POST /acd/agent/supervisorHelp."""
        await self._commands.request_help(self._line.snapshot)

    @owned
    async def cancel_help(self, other: str | None = None) -> None:
        """Take back the request for help; a supervisor refuses it to ``other``.

        O2G: DELETE /acd/agent/supervisorHelp.
        """
        await self._commands.cancel_help(self._line.snapshot, other)

    @owned
    async def intrude(self, number: str, mode: IntrusionMode = IntrusionMode.NORMAL) -> None:
        """Get into the call of the agent with this number. O2G: POST /acd/agent/intrusion."""
        number = self._line._read_number(number).wire
        await self._commands.intrude(self._line.snapshot, number, mode)

    @owned
    async def change_intrusion(self, mode: IntrusionMode) -> None:
        """Change who hears the supervisor; the current mode ends the intrusion. O2G: PUT /acd/agent/intrusion."""
        await self._commands.change_intrusion(self._line.snapshot, mode)

    @owned
    async def stop_intrusion(self) -> None:
        """Leave the call that was intruded into, which not every server can. O2G: PUT /acd/agent/intrusion."""
        await self._commands.stop_intrusion(self._line.snapshot)

    @owned
    async def listen(self, number: str) -> None:
        """Listen to all calls of the agent with this number. O2G: POST /acd/agent/permanentListening."""
        number = self._line._read_number(number).wire
        await self._commands.listen(self._line.snapshot, number)

    @owned
    async def stop_listening(self) -> None:
        """Listen to the agent no longer, which not every server can. O2G: DELETE /acd/agent/permanentListening."""
        await self._commands.stop_listening(self._line.snapshot)

    @owned
    async def activate_skills(self, *skills: Skill | int) -> None:
        """Have these skills, given by their numbers, count again; an event shows it. O2G: POST …/skills/activate."""
        await self._commands.set_skills(self._line.snapshot, self._numbers_of(skills), True)

    @owned
    async def deactivate_skills(self, *skills: Skill | int) -> None:
        """Have these skills not count: no call that needs one of them comes. O2G: POST …/skills/deactivate."""
        await self._commands.set_skills(self._line.snapshot, self._numbers_of(skills), False)

    def _numbers_of(self, skills: tuple[Skill | int, ...]) -> tuple[int, ...]:
        if not skills:
            raise InvalidInput("skills", "none are given.", remedy="Name at least one, by its number.")
        numbers: list[int] = []
        for one in skills:
            number = one.number if isinstance(one, Skill) else one
            if isinstance(number, bool) or not isinstance(number, int):
                raise InvalidInput("skills", f"{number!r} is no number.", remedy="A skill goes by its number.")
            known = [skill.number for skill in self.skills]
            if known and number not in known:
                raise InvalidInput(
                    "skills",
                    f"{self._line.id} has no skill {number}.",
                    remedy=f"It has: {', '.join(str(one) for one in known)}.",
                )
            numbers.append(number)
        return tuple(dict.fromkeys(numbers))

    @owned
    async def refresh(self) -> AgentSnapshot:
        """Read state and configuration again. O2G: GET /acd/agent/state and …/config."""
        line = self._line
        await self._commands.refresh(line.snapshot)
        return self.snapshot

    @property
    def _commands(self) -> AgentCommands:
        return self._line._commands_for(Feature.AGENT).agents
