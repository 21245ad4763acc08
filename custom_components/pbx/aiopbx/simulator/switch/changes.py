"""What the switch tells its listeners, after each thing that was done and in the order in which users see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .agents import AgentState
from .calls import CallView, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChange:
    """A call of a user came, changed or went. ``view`` is what the user sees of it from now on."""

    login: str
    ref: str
    kind: Literal["created", "modified", "removed"]
    view: CallView | None = None
    """None once it is removed."""
    cause: str | None = None
    previous_ref: str | None = None
    """The reference that this one replaces: that call is gone without a change of its own."""
    replaced_by: str | None = None
    """The call that takes over from one that is being released."""
    new_destination: str | None = None
    """The number to which a removed call went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserStateChange:
    """A user became ``FREE`` or ``BUSY``."""

    login: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChange:
    """A telephone went in or out of service."""

    login: str
    device: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitiesChange:
    """What can be started on a user's telephones is another than before; comes after the calls that caused it."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingChange:
    """Do-not-disturb, forward, overflow or remote extension of a user changed."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountersChange:
    """What waits for a user changed."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntingGroupChange:
    """A user logged on or off in the hunting group."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """A user was created, deleted, or has other names, numbers or telephones."""

    login: str
    kind: Literal["created", "changed", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChange:
    """An operator of the call centre does something else."""

    login: str
    state: AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpChange:
    """An agent asks its supervisor for help, or no longer does. Both are told."""

    login: str
    kind: Literal["requested", "cancelled"]
    number: str
    """Of the other: the supervisor's for the agent, the agent's for the supervisor."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """A party of a record. That of the owner, or of who got the call instead, has a role and says if it answered."""

    identity: Identity
    role: str | None = None
    answered: bool | None = None
    anonymous: bool = False
    initial_called: Identity | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """A record of the communication log, as it is now."""

    id: int
    ref: str
    parts: tuple[LogPart, ...]
    role: str
    """The owner's: ``CALLER`` or ``CALLEE``."""
    begin: datetime
    end: datetime | None = None
    """None while the call goes on."""
    conversation: datetime | None = None
    """When it was answered."""
    missed: bool = False
    acknowledged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChange:
    """Records of a user's log came, changed or went. Those that went or were acknowledged are told by ids."""

    login: str
    kind: Literal["created", "modified", "acknowledged", "unacknowledged", "deleted"]
    record: LogRecord | None = None
    ids: tuple[int, ...] = ()
    """None, of those deleted: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChange:
    """The link to a node went or came, or its data was loaded."""

    node: str
    kind: Literal["link_down", "link_up", "loaded"]


Change = (
    CallChange
    | UserStateChange
    | DeviceChange
    | CapabilitiesChange
    | RoutingChange
    | CountersChange
    | HuntingGroupChange
    | UserChange
    | LogChange
    | NodeChange
    | AgentChange
    | HelpChange
)
