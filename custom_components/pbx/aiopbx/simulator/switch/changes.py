"""What the switch tells its listeners, after each thing that was done and in the order in which users see it."""

from dataclasses import dataclass
from typing import Literal

from .calls import CallView


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


Change = (
    CallChange
    | UserStateChange
    | DeviceChange
    | CapabilitiesChange
    | RoutingChange
    | CountersChange
    | HuntingGroupChange
    | UserChange
)
