"""What subscribers receive. Every event is frozen, names its line by ``line`` and carries the snapshot it led to."""

from datetime import datetime

import msgspec

from .model import CallSnapshot, LineSnapshot, Status


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something happened. ``at`` is UTC by the client's clock."""

    at: datetime


class StatusChanged(Event, frozen=True, kw_only=True):
    """The connection changed. While it is not online, what lines and calls show may be old."""

    status: Status
    previous: Status
    reason: str | None = None
    """Why, in words for a person, where it went offline."""


class LineEvent(Event, frozen=True, kw_only=True):
    """Something about one line."""

    line: str
    """The ``id`` of the line."""


class LineAdded(LineEvent, frozen=True, kw_only=True):
    """A line is monitored from now on."""

    snapshot: LineSnapshot


class LineRemoved(LineEvent, frozen=True, kw_only=True):
    """A line is no longer there."""


class LineChanged(LineEvent, frozen=True, kw_only=True):
    """Something of a line changed; ``changed`` names the fields of the snapshot, ``state`` among them."""

    snapshot: LineSnapshot
    previous: LineSnapshot
    changed: frozenset[str]


class CallEvent(LineEvent, frozen=True, kw_only=True):
    """Something about one call of a line."""

    call: CallSnapshot


class CallStarted(CallEvent, frozen=True, kw_only=True):
    """A call is there that was not. After a loss it may already be active."""


class CallChanged(CallEvent, frozen=True, kw_only=True):
    """A call changed."""

    previous: CallSnapshot


class CallEnded(CallEvent, frozen=True, kw_only=True):
    """A call has ended; ``call.outcome`` says how. It is told once, also where the end was not seen."""
