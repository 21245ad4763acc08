"""The call centre as frozen values: figures in real time, calls that wait at pilots, calls that look for a route."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, TypeAlias

from .model import Skill, Snapshot

SECONDS: Final = "s"
PER_CENT: Final = "%"
PER_MINUTE: Final = "1/min"

TableName: TypeAlias = Literal["agents", "pilots", "queues", "groups", "other_groups"]


class Figures(Snapshot, frozen=True, kw_only=True):
    """Figures of one object. What the system has not said is None; texts are the system's own words."""

    units: ClassVar[Mapping[str, str]] = {}
    """Of the figures that are no plain counts."""


class CentreAgent(Figures, frozen=True, kw_only=False):
    """Figures of an agent, since the agent logged on. Times are on the clock of the node, without a zone."""

    number: str
    name: str | None = None
    """The last name."""
    first_name: str | None = None
    type: str | None = None
    """``Normal`` or ``IVR``."""
    logged_on: str | None = None
    service: str | None = None
    """``LoggedOut``, ``LoggedIn``, ``Assigned``, ``Withdrawn`` and others."""
    service_since: str | None = None
    phone: str | None = None
    """``Idle``, ``AcdRinging``, ``AcdConversation``, ``WrapUp``, ``Pause`` and others."""
    phone_since: str | None = None
    pilot: str | None = None
    """The name of the pilot whose call the agent has."""
    queue: str | None = None
    """The name of the queue that it comes from."""
    withdrawals: int | None = None
    withdrawn_time: int | None = None
    private_calls: int | None = None
    private_time: int | None = None
    served_calls: int | None = None
    outgoing_calls: int | None = None
    refused_calls: int | None = None
    intercepted_calls: int | None = None
    transferred_calls: int | None = None
    group: str | None = None
    """The processing group that the agent is in."""
    device: str | None = None
    withdraw_reason: int | None = None
    key: int | None = None
    confirmed: bool = True
    """Whether the system has said something of it over this connection."""

    units: ClassVar[Mapping[str, str]] = {"withdrawn_time": SECONDS, "private_time": SECONDS}

    @property
    def ready(self) -> bool:
        """Whether the agent is there, and free to take a call."""
        return self.service == "Assigned" and self.phone == "Idle"


class CentrePilot(Figures, frozen=True, kw_only=False):
    """Figures of a pilot: the number that calls to a service come in at."""

    number: str
    name: str | None = None
    state: str | None = None
    """``Opened``, ``Closed``, ``Blocked``."""
    running_calls: int | None = None
    service_level: int | None = None
    efficiency: int | None = None
    waiting: int | None = None
    ringing: int | None = None
    mutual_aid: int | None = None
    dissuaded: int | None = None
    talking: int | None = None
    forwarded: int | None = None
    remote: int | None = None
    incoming: int | None = None
    average_wait: int | None = None
    worst_service_level: int | None = None
    worst_efficiency: int | None = None
    best_service_level: int | None = None
    best_efficiency: int | None = None
    key: int | None = None
    confirmed: bool = True
    """Whether the system has said something of it over this connection."""

    units: ClassVar[Mapping[str, str]] = {
        "service_level": PER_CENT,
        "efficiency": PER_CENT,
        "incoming": PER_MINUTE,
        "average_wait": SECONDS,
        "worst_service_level": PER_CENT,
        "worst_efficiency": PER_CENT,
        "best_service_level": PER_CENT,
        "best_efficiency": PER_CENT,
    }

    @property
    def open(self) -> bool:
        """Whether it takes calls."""
        return self.state == "Opened"


class CentreQueue(Figures, frozen=True, kw_only=False):
    """Figures of a queue."""

    number: str
    name: str | None = None
    type: str | None = None
    """``Normal``, ``MutualAid``, ``Dissuasion``, ``WaitingRoom`` and others."""
    state: str | None = None
    """``Opened``, ``Closed``, ``Blocked``."""
    agents: int | None = None
    """Agents to whom it gives calls."""
    incoming: int | None = None
    outgoing: int | None = None
    waiting: int | None = None
    current_wait: int | None = None
    filling: int | None = None
    expected_wait: int | None = None
    longest_wait: int | None = None
    """Over the queues that are joined with this one."""
    key: int | None = None
    confirmed: bool = True
    """Whether the system has said something of it over this connection."""

    units: ClassVar[Mapping[str, str]] = {
        "incoming": PER_MINUTE,
        "outgoing": PER_MINUTE,
        "current_wait": SECONDS,
        "filling": PER_CENT,
        "expected_wait": SECONDS,
        "longest_wait": SECONDS,
    }

    @property
    def open(self) -> bool:
        """Whether it takes calls."""
        return self.state == "Opened"


class CentreGroup(Figures, frozen=True, kw_only=False):
    """Figures of a processing group with agents."""

    number: str
    name: str | None = None
    type: str | None = None
    state: str | None = None
    withdrawn: int | None = None
    in_private_call: int | None = None
    in_acd_call: int | None = None
    ringing: int | None = None
    talking: int | None = None
    in_wrap_up: int | None = None
    in_pause: int | None = None
    busy: int | None = None
    logged_on: int | None = None
    free: int | None = None
    idle: int | None = None
    available: int | None = None
    """Agents who are logged on and not withdrawn."""
    incoming: int | None = None
    service_level: int | None = None
    efficiency: int | None = None
    queues_wait: int | None = None
    queues_waiting: int | None = None
    queues_expected_wait: int | None = None
    worst_service_level: int | None = None
    worst_efficiency: int | None = None
    best_service_level: int | None = None
    best_efficiency: int | None = None
    longest_wait: int | None = None
    key: int | None = None
    confirmed: bool = True
    """Whether the system has said something of it over this connection."""

    units: ClassVar[Mapping[str, str]] = {
        "incoming": PER_MINUTE,
        "service_level": PER_CENT,
        "efficiency": PER_CENT,
        "queues_wait": SECONDS,
        "queues_expected_wait": SECONDS,
        "worst_service_level": PER_CENT,
        "worst_efficiency": PER_CENT,
        "best_service_level": PER_CENT,
        "best_efficiency": PER_CENT,
        "longest_wait": SECONDS,
    }


class CentreOtherGroup(Figures, frozen=True, kw_only=False):
    """Figures of a group without agents: mutual aid, a guide, a forward, another site."""

    number: str
    name: str | None = None
    type: str | None = None
    state: str | None = None
    calls: int | None = None
    incoming: int | None = None
    key: int | None = None
    confirmed: bool = True
    """Whether the system has said something of it over this connection."""

    units: ClassVar[Mapping[str, str]] = {"incoming": PER_MINUTE}


ROWS: Final[dict[TableName, type[Figures]]] = {
    "agents": CentreAgent,
    "pilots": CentrePilot,
    "queues": CentreQueue,
    "groups": CentreGroup,
    "other_groups": CentreOtherGroup,
}
"""What each table has."""


class FiguresWanted(Snapshot, frozen=True, kw_only=True):
    """Which figures are wanted, over what time, and how often. Of a table that is not named, none are."""

    period: int = 15
    """Minutes that the figures are about, 15 to 60."""
    every: int = 5
    """Seconds between two events of the same object, 5 or more."""
    tables: Mapping[TableName, frozenset[str] | None] = {}
    """The numbers of each table that are wanted; None is all there are."""


# ------------------------------------------------------------------------------------------------------------- pilots


class WaitingChange(StrEnum):
    """What happened to a call at a pilot."""

    ARRIVED = "arrived"
    QUEUED = "queued"
    LEFT = "left"


class WaitingCall(Snapshot, frozen=True, kw_only=True):
    """A call at a pilot that is watched. Times are the client's, and None where the moment was not seen."""

    ref: str
    pilot: str
    caller: str | None = None
    since: datetime | None = None
    queue: str | None = None
    """The queue that it waits in; None while it does not."""
    queued_since: datetime | None = None
    queued: int | None = None
    """How many calls waited in that queue when it came."""
    called: str | None = None
    """What the caller dialled, where the call came another way."""
    data: str | None = None
    """What is associated with the call."""
    destination: str | None = None
    """Where it went, once it has left and the system has said so: an agent, an overflow."""
    left_at: datetime | None = None
    cause: str | None = None
    """In the system's words."""


class PilotRule(Snapshot, frozen=True, kw_only=True):
    """A rule by which a pilot distributes calls."""

    number: int
    name: str = ""
    active: bool | None = None


class PilotSnapshot(Snapshot, frozen=True, kw_only=True):
    """A pilot, as it was when it was read."""

    number: str
    node: str
    name: str = ""
    state: str | None = None
    """``Opened``, ``Closed``, ``Blocked``."""
    detail: str | None = None
    """Why, in the system's words."""
    expected_wait: int | None = None
    """Seconds."""
    full: bool | None = None
    """Whether its queues are full."""
    rules: tuple[PilotRule, ...] = ()
    can_transfer: bool | None = None
    """Whether a call can be transferred to it now."""
    can_consult: bool | None = None
    """Whether one may speak with the agent before."""

    @property
    def open(self) -> bool:
        """Whether it takes calls."""
        return self.state == "Opened"


class Wishes(Snapshot, frozen=True, kw_only=True):
    """What is wished of a transfer to a pilot."""

    agent: str | None = None
    """The number of the agent who should take the call."""
    skills: tuple[Skill, ...] = ()
    """What that agent should be able to do."""
    priority: bool | None = None
    supervised: bool | None = None


class PilotMode(StrEnum):
    """How a pilot works."""

    NORMAL = "normal"
    CLOSED = "closed"
    FORWARD = "forward"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Transition(Snapshot, frozen=True, kw_only=True):
    """From when on a pilot works by which rule."""

    time: str
    """As 08:30, on the clock of the node."""
    rule: int
    mode: PilotMode = PilotMode.NORMAL
    index: int | None = None
    """Which of the day it is, counted from 1; None of one that is not there yet."""


class PilotCalendar(Snapshot, frozen=True, kw_only=True):
    """When a pilot works how. A date goes before the day of the week."""

    week: Mapping[Weekday, tuple[Transition, ...]]
    dates: Mapping[date, tuple[Transition, ...]]


# ------------------------------------------------------------------------------------------------------------ routing


class PointSnapshot(Snapshot, frozen=True, kw_only=True):
    """A routing point, as it was when it was read."""

    number: str
    name: str = ""
    node: str | None = None
    enabled: bool | None = None
    """Whether an application routes its calls."""


class RouteSnapshot(Snapshot, frozen=True, kw_only=True):
    """A call that looks for a route."""

    id: str
    """The key of the dialogue with the system."""
    point: str
    at: datetime
    """When it came, by the client's clock."""
    ref: str | None = None
    """The reference of the call."""
    caller: str | None = None
    caller_name: str | None = None
    internal: bool | None = None
    """Whether the caller is one of the PBX."""
    called: str | None = None
    overflows: int = 0
    """How often the call was routed on before."""
    reason: str = "initial"
    """``initial``, or why the last route failed: ``noanswer``, ``busy``, ``not_obtainable``; else ``unknown``."""


class Digits(Snapshot, frozen=True, kw_only=True):
    """What a caller has dialled."""

    digits: str
    cause: str | None = None
    """Why no more are collected, in the system's words, such as ``CHAR_COUNT_REACHED`` or ``TIMEOUT``."""


# ------------------------------------------------------------------------------------------------------ statistics


class StatisticsRow(Snapshot, frozen=True, kw_only=True):
    """Figures of one agent or pilot, of one day or slot; or a call that was given up."""

    at: datetime | None = None
    """When the day or slot begins, on the clock of the node and without a zone."""
    number: str | None = None
    name: str | None = None
    figures: Mapping[str, Any] = {}
    """By the system's names: counts, and durations in seconds. Those that were not asked for are missing."""


class StatisticsStep(StrEnum):
    """How far a file of statistics is."""

    COLLECTING = "collecting"
    COLLECTED = "collected"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
