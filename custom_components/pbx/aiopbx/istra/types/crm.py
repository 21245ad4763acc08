"""Wire types of myCrm: a user's terminals and the events of their calls."""

from typing import ClassVar

from .base import Id, IstraEnum, IstraWire

__all__ = [
    "CallType",
    "CrmCallEvent",
    "CrmEvent",
    "CrmPush",
    "CrmTerminal",
    "DropCause",
    "TalkCause",
]


class CrmEvent(IstraEnum):
    """What has happened to a call."""

    ALERTING = "callAlerting"
    RINGING = "callRinging"
    TALKING = "callTalking"
    DROPPED = "callDropped"
    HELD = "callHeld"


class CallType(IstraEnum):
    """Where the other party is."""

    EXTERNAL = "external"
    INTERNAL = "internal"


class TalkCause(IstraEnum):
    """Why talking began."""

    ANSWER = "answer"
    UNHOLD = "unHold"
    TRANSFERRED = "transferred"


class DropCause(IstraEnum):
    """Why a call ended."""

    DISCONNECT = "disconnect"
    REJECTED = "rejected"
    TRANSFERRED = "transferred"
    BUSY = "busy"
    NO_ANSWER = "noAnswer"
    UNAVAILABLE = "unavailable"
    ERROR = "error"


class CrmTerminal(IstraWire, kw_only=True):
    """A telephone of the user."""

    terminal_id: Id
    device_model: str | None = None


class CrmCallEvent(IstraWire, kw_only=True):
    """What has happened to a call of a terminal. Times are ms."""

    _as_text: ClassVar[frozenset[str]] = frozenset({"ringing_time", "talking_time"})

    event: CrmEvent
    call_id: Id
    incoming: bool | None = None
    type: CallType | None = None
    acd_id: str | None = None
    """The public number of the distribution that the call came by."""
    display_label: str | None = None
    display_number: str | None = None
    display_number_e164: str | None = None
    talk_cause: TalkCause | None = None
    drop_cause: DropCause | None = None
    ringing_time: int | None = None
    """How long it rang, in ms; at the end of a call."""
    talking_time: int | None = None
    """How long was talked, in ms; at the end of a call."""


class CrmPush(IstraWire, kw_only=True):
    """Events of the terminal that the listener is for."""

    listener_name: str
    item: tuple[CrmCallEvent, ...] = ()
