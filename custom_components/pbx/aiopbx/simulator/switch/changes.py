"""The changes that the switch publishes after each action, in the order in which users see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from .agents import AgentState, Skill
from .calls import CallView, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChange:
    """A call of a user was created, changed or removed. ``view`` is the call as the user sees it from now on."""

    login: str
    ref: str
    kind: Literal["created", "modified", "removed"]
    view: CallView | None = None
    """``None`` once it is removed."""
    cause: str | None = None
    previous_ref: str | None = None
    """The reference that this one replaces: that call disappears without a change of its own."""
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
    """What can be started on a user's telephones has changed; follows the calls that caused it."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingChange:
    """Do-not-disturb, forward, overflow or remote extension of a user changed."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountersChange:
    """The counters of a user changed."""

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
    kept: bool = False
    """Whether it is a subscriber of its node all the same, and only the server knows it no longer or again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChange:
    """The state of an operator of the call centre changed."""

    login: str
    state: AgentState


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpChange:
    """An agent asks its supervisor for help, or no longer does. Both get the change."""

    login: str
    kind: Literal["requested", "cancelled"]
    number: str
    """Number of the other: the supervisor's for the agent, the agent's for the supervisor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillChange:
    """Skills of an operator changed; these are they, as they are now."""

    login: str
    skills: tuple[Skill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotChange:
    """A call has come to a pilot, waits in its queue, or has left it."""

    pilot: str
    ref: str
    kind: Literal["created", "queued", "removed"]
    caller: str | None = None
    """``None`` where it hides itself."""
    cause: str | None = None
    waiting: int = 0
    """If queued: how many calls wait now, this one among them."""
    new_destination: str | None = None
    """If removed: where it goes; ``None`` if the caller has given up."""
    called: str = ""
    """The number that was called first."""
    anonymous: bool = False
    data: str | None = None
    trunk: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChange:
    """A call at a routing point looks for a route, or no longer does."""

    point: str
    application: str
    """The key that the application has given itself."""
    kind: Literal["request", "end"]
    key: str
    ref: str
    caller: str = ""
    name: str = ""
    inside: bool | None = None
    """Whether the caller is one of the PBX; ``None`` where it hides itself."""
    called: str = ""
    overflows: int = 0
    reason: str = "INITIAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptChange:
    """A caller at a routing point hears a tone or no longer, or has dialled what was waited for."""

    point: str
    application: str
    kind: Literal["tone", "silence", "digits"]
    ref: str
    tone: str | None = None
    key: str | None = None
    digits: str = ""
    cause: str | None = None


# Structs, because a busy office makes and compares thousands of them a minute.
class LogPart(msgspec.Struct, frozen=True):
    """A party of a record. The owner, or the user who got the call instead, has a role and ``answered``."""

    identity: Identity
    role: str | None = None
    answered: bool | None = None
    anonymous: bool = False
    initial_called: Identity | None = None
    reason: str | None = None
    device: str | None = None
    """Of the owner: the telephone that was used last."""


class LogRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the communication log, at present."""

    id: int
    ref: str
    parts: tuple[LogPart, ...]
    role: str
    """The owner's: ``CALLER`` or ``CALLEE``."""
    begin: datetime
    end: datetime | None = None
    """``None`` while the call goes on."""
    conversation: datetime | None = None
    """When it was answered."""
    missed: bool = False
    acknowledged: bool = False
    held: float = 0.0
    """How long it was on hold, in seconds."""
    transferred_by: str | None = None
    """The number of the user who transferred it to the owner."""
    data: str | None = None
    """What applications attached to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChange:
    """Records of a user's log were created, changed or removed; the removed and acknowledged ones as ids."""

    login: str
    kind: Literal["created", "modified", "acknowledged", "unacknowledged", "deleted"]
    record: LogRecord | None = None
    ids: tuple[int, ...] = ()
    """Empty, if deleted: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChange:
    """A link to a node was lost or restored, or its data was loaded."""

    node: str
    kind: Literal["link_down", "link_up", "loaded", "management_link_down", "management_link_up"]


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
    | SkillChange
    | PilotChange
    | RouteChange
    | PromptChange
)
