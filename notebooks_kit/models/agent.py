"""An agent of the call centre as data: its state, and what it may do next."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiopbx import (
    Agent,
    AgentSnapshot,
    AgentState,
    Event,
    Feature,
    HelpCancelled,
    HelpRequested,
    IntrusionMode,
    InvalidInput,
    Line,
    NotSupported,
    Status,
    WithdrawReason,
)

from .formatting import last_known, words
from .model import LineModel

MODES: Final = (
    ("both hear me", IntrusionMode.NORMAL),
    ("only the agent hears me", IntrusionMode.RESTRICTED),
    ("no one hears me", IntrusionMode.DISCRETE),
)
"""Ways to join the call of an agent."""


@dataclass(frozen=True, slots=True)
class AgentOperation:
    """Something an agent can do: one button."""

    name: str
    """The method of ``AgentModel`` that does it."""
    label: str
    help: str
    offered: Callable[[AgentSnapshot], bool]
    """Whether it makes sense now."""
    style: str = ""


def _logged_off(agent: AgentSnapshot) -> bool:
    return agent.logged_on is not True


def _logged_on(agent: AgentSnapshot) -> bool:
    return agent.logged_on is not False


def _unless(*states: AgentState) -> Callable[[AgentSnapshot], bool]:
    """Logged on, and in none of these states already."""
    return lambda agent: _logged_on(agent) and agent.state not in states


def _may_withdraw(agent: AgentSnapshot) -> bool:
    return _logged_on(agent) and not agent.withdrawn


def _supervised(agent: AgentSnapshot) -> bool:
    return _logged_on(agent) and not agent.supervisor


def _supervisor(agent: AgentSnapshot) -> bool:
    return _logged_on(agent) and agent.supervisor


def _outside(agent: AgentSnapshot) -> bool:
    return _supervisor(agent) and agent.group is None


def _inside(agent: AgentSnapshot) -> bool:
    return _supervisor(agent) and agent.group is not None


# In the order of their buttons. No system names the actions of an agent: what makes no sense in a state is left out,
# and the rest is the system's to refuse.
OPERATIONS: Final = (
    AgentOperation("log_on", "Log on", "Log on at a set", _logged_off, "success"),
    AgentOperation("ready", "Ready", "Take calls", _unless(AgentState.READY), "success"),
    AgentOperation("pause", "Pause", "Take a break", _unless(AgentState.PAUSED)),
    AgentOperation("wrap_up", "Wrap up", "Wrap up the last call", _unless(AgentState.WRAP_UP)),
    AgentOperation("withdraw", "Withdraw", "Take no calls from the queues, for the chosen reason", _may_withdraw),
    AgentOperation("request_help", "Ask for help", "Ask the supervisor for help", _supervised),
    AgentOperation("cancel_help", "No help needed", "Withdraw the request for help", _supervised),
    AgentOperation("enter_group", "Enter group", "Enter the chosen processing group", _outside),
    AgentOperation("exit_group", "Leave group", "Leave the processing group", _inside),
    AgentOperation("intrude", "Join call", "Join the call of the agent with this number", _supervisor),
    AgentOperation(
        "change_intrusion", "Change", "Change who hears you; the same choice again leaves the call", _supervisor
    ),
    AgentOperation("listen", "Listen", "Listen to all calls of the agent with this number", _supervisor),
    AgentOperation("refuse_help", "Refuse help", "Refuse to help the agent with this number", _supervisor),
    AgentOperation("log_off", "Log off", "Log off", _logged_on, "danger"),
)
_STATE_WORDS: Final = {
    AgentState.OUT_OF_GROUP: "logged on, in no group",
    AgentState.BUSY: "in a call",
    AgentState.TRANSACTION_CODE: "asked for a transaction code",
    AgentState.WRAP_UP: "wrapping up",
}


class AgentModel(LineModel):
    """The agent who uses a line, and the choices for the next operation. For use in the client's loop."""

    def __init__(self, line: Line) -> None:
        """Follow the agent of ``line``, if it has one."""
        super().__init__(line)
        self.device = ""
        """The set to log on at; empty is the one it may use, or the line's own."""
        self.group = ""
        """The processing group to log on in or to enter; empty is the preferred one."""
        self.headset = False
        """Whether to log on in headset mode, in which calls answer themselves."""
        self.reason: int | None = None
        """The index of the reason to withdraw for."""
        self.number = ""
        """The number of the agent whom a supervisor turns to."""
        self.mode = IntrusionMode.NORMAL
        """Who hears a supervisor who joins a call."""
        self._reasons: tuple[WithdrawReason, ...] = ()
        self._reasons_of: str | None = None
        self._asking: dict[str, None] = {}

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if not self._concerns(event):
            return
        if isinstance(event, HelpRequested) and self.supervisor:
            self._asking[event.number or "unknown"] = None
        elif isinstance(event, HelpCancelled):
            self._asking.pop(event.number or "unknown", None)
        self._notify()

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def snapshot(self) -> AgentSnapshot | None:
        """The agent now; ``None`` if the user is not an agent."""
        return self.line.snapshot.agent

    @property
    def available(self) -> bool:
        """Whether the user of the line is an agent."""
        return self.snapshot is not None

    @property
    def supervisor(self) -> bool:
        """Whether it is a supervisor."""
        agent = self.snapshot
        return agent is not None and agent.supervisor

    @property
    def absent(self) -> str:
        """Why there is no agent to be shown, in one line; empty where there is one."""
        if self.available:
            return ""
        licence = self.line.missing.get(Feature.AGENT)
        if licence:
            return f"This line shows no agent: it needs the licence {licence}."
        return "The user of this line is not an agent of the call centre."

    @property
    def state(self) -> AgentState:
        """The agent's state."""
        agent = self.snapshot
        return agent.state if agent is not None else AgentState.UNKNOWN

    @property
    def words(self) -> str:
        """The agent's state in words."""
        agent = self.snapshot
        if agent is None:
            return self.absent
        said = _STATE_WORDS.get(agent.state, words(agent.state))
        if agent.state is AgentState.WITHDRAWN or agent.withdrawn:
            said = "withdrawn" if agent.state is AgentState.WITHDRAWN else f"{said}, withdrawn"
            reason = self._reason_word(agent.withdraw_reason)
            said += f" ({reason})" if reason else ""
        return said + last_known(self.status)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """More facts about the agent: names and values."""
        agent = self.snapshot
        if agent is None:
            return ()
        found = [
            ("Role", "supervisor" if agent.supervisor else "agent"),
            ("Group", agent.group or "none"),
            ("May be in", ", ".join(agent.groups) or ("any" if agent.may_choose_group else "none")),
            ("Preferred", agent.preferred_group or ""),
            ("Set", agent.device or ""),
            ("Only set", agent.fixed_device or ""),
        ]
        return tuple((word, value) for word, value in found if value)

    @property
    def skills(self) -> tuple[str, ...]:
        """The agent's skills in words."""
        agent = self.snapshot
        if agent is None:
            return ()
        return tuple(
            f"skill {skill.number}"
            + (f", level {skill.level}" if skill.level is not None else "")
            + (" (off)" if skill.active is False else "")
            for skill in agent.skills
        )

    @property
    def buttons(self) -> tuple[str, ...]:
        """The names of the operations that make sense now, in the order of their buttons."""
        agent = self.snapshot
        if agent is None or self.status is not Status.ONLINE:
            return ()
        return tuple(operation.name for operation in OPERATIONS if operation.offered(agent))

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """The groups that can be chosen, as words and values."""
        agent = self.snapshot
        first = ("the preferred one", "")
        return (first, *((group, group) for group in agent.groups)) if agent is not None else (first,)

    @property
    def free_group(self) -> bool:
        """Whether any group may be typed, not only one of its own."""
        agent = self.snapshot
        return agent is not None and bool(agent.may_choose_group)

    @property
    def may_use_headset(self) -> bool:
        """Whether it may log on in headset mode."""
        agent = self.snapshot
        return agent is not None and bool(agent.headset)

    @property
    def reasons(self) -> tuple[tuple[str, int | None], ...]:
        """The known reasons to withdraw, as words and values; the first means no reason."""
        return (("no reason", None), *((reason.label or str(reason.index), reason.index) for reason in self._reasons))

    @property
    def needs_reasons(self) -> bool:
        """Whether the reasons of another group than those that are known are to be read."""
        agent = self.snapshot
        if agent is None or self.status is not Status.ONLINE or not agent.logged_on:
            return False
        group = agent.group or agent.preferred_group
        return group is not None and group != self._reasons_of

    @property
    def asking(self) -> tuple[str, ...]:
        """The numbers of those who have asked this supervisor for help."""
        return tuple(self._asking)

    # ----------------------------------------------------------------------------------------------------- actions

    async def do(self, operation: str) -> None:
        """Carry out an operation of this name with what was chosen. Raises what ``aiopbx.Agent`` raises."""
        agent = self.line.agent
        if agent is None:
            raise NotSupported(self.absent, missing=Feature.AGENT.value)
        await self._ways(agent)[operation]()
        self._notify()

    async def read_reasons(self) -> None:
        """Read the reasons to withdraw of the group it is in."""
        agent = self.line.agent
        if agent is None:
            return
        group = agent.group or agent.snapshot.preferred_group
        self._reasons_of = group  # one attempt for each group, whatever comes of it
        self._reasons = await agent.withdraw_reasons(group)
        if self.reason not in {reason.index for reason in self._reasons}:
            self.reason = None
        self._notify()

    def _ways(self, agent: Agent) -> dict[str, Callable[[], Awaitable[None]]]:
        headset = self.headset if self.may_use_headset else None
        return {
            "log_on": lambda: agent.log_on(
                self.device.strip() or None, group=self.group.strip() or None, headset=headset
            ),
            "log_off": agent.log_off,
            "ready": agent.ready,
            "pause": agent.pause,
            "wrap_up": agent.wrap_up,
            "withdraw": lambda: agent.withdraw(self.reason),
            "request_help": agent.request_help,
            "cancel_help": agent.cancel_help,
            "enter_group": lambda: agent.enter_group(self.group.strip() or agent.snapshot.preferred_group or ""),
            "exit_group": agent.exit_group,
            "intrude": lambda: agent.intrude(self._number(), self.mode),
            "change_intrusion": lambda: agent.change_intrusion(self.mode),
            "listen": lambda: agent.listen(self._number()),
            "refuse_help": self._refuse,
        }

    async def _refuse(self) -> None:
        agent, number = self.line.agent, self._number()
        if agent is not None:
            await agent.cancel_help(number)
            self._asking.pop(number, None)

    def _number(self) -> str:
        number = self.number.strip()
        if not number:
            raise InvalidInput("number", "it is missing.", remedy="Type the number of the agent.")
        return number

    def _reason_word(self, index: int | None) -> str:
        if index is None:
            return ""
        return next((reason.label for reason in self._reasons if reason.index == index), "") or f"reason {index}"
