"""The operators of the call centre: their settings and their state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ..clock import TimerHandle

if TYPE_CHECKING:
    from .settings import AgentSpec, PilotSpec, ProcessingGroupSpec

AGENT: Final = "AGENT"
SUPERVISOR: Final = "SUPERVISOR"

READY: Final = "READY"
OUT_OF_PG: Final = "OUT_OF_PG"
BUSY: Final = "BUSY"
WRAPUP: Final = "WRAPUP"
PAUSE: Final = "PAUSE"
WITHDRAW: Final = "WITHDRAW"

NORMAL: Final = "NORMAL"
RESTRICTED: Final = "RESTRICTED"
DISCRETE: Final = "DISCRETE"
CAUSES: Final[Mapping[str, str]] = {
    NORMAL: "SUPERVISOR_INTRUSION",
    RESTRICTED: "SUPERVISOR_RESTRICT_INTRUSION",
    DISCRETE: "SUPERVISOR_LISTENING",
}
"""Ways to intrude, and the cause of each."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """The state of an operator."""

    logged_on: bool = False
    sub_state: str | None = None
    device: str | None = None
    group: str | None = None
    reason: int | None = None
    """Index of the reason to withdraw."""
    withdrawn: bool = False
    """Whether this operator is withdrawn after every log-on."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill of an agent."""

    number: int
    level: int = 1
    active: bool = True
    name: str = ""
    short_name: str = ""
    domain: int = 1


@dataclass(slots=True, eq=False)
class Agent:
    """An operator, at present."""

    type: str = AGENT
    groups: tuple[str, ...] = ()
    preferred: str | None = None
    skills: dict[int, Skill] = field(default_factory=dict)
    pro_acd: str | None = None
    self_assign: bool = False
    headset: bool = False
    help: bool = True
    multiline: bool = False
    withdrawn: bool = False

    logged_on: bool = False
    device: str | None = None
    group: str | None = None
    status: str = READY
    """Its state, or the state it will have once its calls are over."""
    reason: int | None = None
    headset_mode: bool = False
    engaged: bool = False
    """Whether it is in a call, or a distributed one rings."""
    worked: bool = False
    """Whether it has been in a call since it became engaged."""
    served: float | None = None
    """When it took the distributed call it is in, in seconds of the clock."""
    idle: int = 0
    """Its turn: the lowest gets the next call."""
    listens_to: str | None = None
    """Of a supervisor: login name of the agent it listens to permanently."""
    asks: str | None = None
    """Of an agent: login name of the supervisor it has asked for help."""
    timer: TimerHandle | None = None
    published: AgentState = AgentState()

    @property
    def supervisor(self) -> bool:
        """Whether it is a supervisor."""
        return self.type == SUPERVISOR

    @property
    def state(self) -> AgentState:
        """The state as others see it."""
        if not self.logged_on:
            return AgentState()
        return AgentState(
            logged_on=True,
            sub_state=BUSY if self.engaged else self.status,
            device=self.device,
            group=self.group,
            reason=self.reason if self.status == WITHDRAW and not self.engaged else None,
            withdrawn=self.withdrawn,
        )

    def able(self, skills: tuple[tuple[int, int], ...]) -> bool:
        """Whether it has all of these skills, each at its level or better."""
        for number, level in skills:
            skill = self.skills.get(number)
            if skill is None or not skill.active or skill.level < level:
                return False
        return True

    def stop(self) -> None:
        """Stop the timer of the wrap-up."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def dump(self) -> tuple[object, ...]:
        """Return everything but the timer, for comparison."""
        return (
            (self.type, self.groups, self.preferred, tuple(self.skills.values()), self.pro_acd, self.self_assign),
            (self.headset, self.help, self.multiline, self.withdrawn),
            (self.logged_on, self.device, self.group, self.status, self.reason, self.headset_mode),
            (self.engaged, self.worked, self.served, self.idle, self.listens_to, self.asks),
            self.timer is not None,
        )

    @classmethod
    def of(cls, spec: "AgentSpec") -> "Agent":
        """Return the operator for a specification."""
        return cls(
            type=spec.type,
            groups=spec.groups,
            preferred=spec.preferred,
            skills={
                skill.number: Skill(skill.number, skill.level, skill.active, skill.name, skill.short_name, skill.domain)
                for skill in spec.skills
            },
            pro_acd=spec.pro_acd,
            self_assign=spec.self_assign,
            headset=spec.headset,
            help=spec.help,
            multiline=spec.multiline,
            withdrawn=spec.withdrawn,
        )


@dataclass(slots=True, eq=False)
class ProcessingGroup:
    """A group of agents that calls are distributed to."""

    number: str
    name: str = ""
    wrap_up_time: float | None = None
    withdraw_reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: "ProcessingGroupSpec") -> "ProcessingGroup":
        """Return the group for a specification."""
        return cls(spec.number, spec.name, spec.wrap_up_time, spec.withdraw_reasons)


OPEN: Final = "normal"
CLOSED: Final = "closed"
FORWARD: Final = "forward"
MODES: Final = (OPEN, CLOSED, FORWARD)
"""How a pilot works: by its rule, not at all, or by sending calls elsewhere."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to distribute the calls of a pilot: to these groups."""

    number: int
    name: str
    groups: tuple[str, ...]


USUAL_RULE: Final = 1
"""The number of the rule that every pilot has."""


@dataclass(slots=True, eq=False)
class Pilot:
    """A number whose calls wait in a queue for an agent of its groups."""

    number: str
    rules: dict[int, Rule]
    name: str = ""
    queue_size: int = 20
    patience: float = 300.0
    overflow: str | None = None
    forward: str | None = None
    """Where calls go in the mode ``forward``; else to the overflow."""
    node: str = "1"
    rule: int = USUAL_RULE
    """The number of the rule in force."""
    mode: str = OPEN
    by_calendar: bool = False
    """Whether a transition of a calendar has set the mode, and nobody by hand since."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Processing groups that its queue leads to, by the rule in force."""
        return self.rules[self.rule].groups

    @groups.setter
    def groups(self, groups: tuple[str, ...]) -> None:
        self.rules[self.rule] = replace(self.rules[self.rule], groups=tuple(groups))

    @property
    def blocked(self) -> bool:
        """Closed: its calls overflow, or get a tone."""
        return self.mode == CLOSED

    @blocked.setter
    def blocked(self, blocked: bool) -> None:
        self.mode, self.by_calendar = CLOSED if blocked else OPEN, False

    @classmethod
    def of(cls, spec: "PilotSpec") -> "Pilot":
        """Return the pilot for a specification."""
        rules = {USUAL_RULE: Rule(USUAL_RULE, "Longest waiting first", spec.groups)}
        rules |= {rule.number: Rule(rule.number, rule.name, rule.groups) for rule in spec.rules}
        return cls(
            spec.number, rules, spec.name, spec.queue_size, spec.patience, spec.overflow, spec.forward, spec.node
        )
