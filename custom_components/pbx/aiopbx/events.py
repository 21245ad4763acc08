"""What subscribers receive. Every event is frozen, names its line by ``line`` and carries the snapshot it led to."""

from datetime import datetime

import msgspec

from .centre import Digits, Figures, RouteSnapshot, StatisticsStep, TableName, WaitingCall, WaitingChange
from .model import AgentSnapshot, CallSnapshot, LineSnapshot, Status
from .records import CallRecord, LogChange, NodeSnapshot, ObjectChange


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
    """A call has ended; ``call.outcome`` says how. It comes once, also where the end itself was not seen."""


class AgentChanged(LineEvent, frozen=True, kw_only=True):
    """An agent does something else, or is one from now on."""

    agent: AgentSnapshot
    previous: AgentSnapshot | None


class HelpRequested(LineEvent, frozen=True, kw_only=True):
    """An agent needs the help of a supervisor."""

    number: str | None = None
    """The other one, as the system names it."""


class HelpCancelled(LineEvent, frozen=True, kw_only=True):
    """An agent needs no help any more, or the supervisor gives none."""

    number: str | None = None


class LogChanged(LineEvent, frozen=True, kw_only=True):
    """The call log of a line changed."""

    change: LogChange
    ids: tuple[int, ...] = ()
    """Of the records. None of those that are deleted means all of them."""
    record: CallRecord | None = None
    """As it is now, where one was added; what the system said of it, where one changed."""


class NodeChanged(Event, frozen=True, kw_only=True):
    """A node of the system changed: a link to it is up or down, or its data is loaded."""

    node: NodeSnapshot
    previous: NodeSnapshot | None


class TwinLinkChanged(Event, frozen=True, kw_only=True):
    """A server of a pair lost its link to the other one, or has it back. Without it, it cannot take over."""

    connected: bool
    host: str | None = None
    """The other server, as the system names it."""


class ServerStarted(Event, frozen=True, kw_only=True):
    """The server has started, and all nodes are loaded."""

    server: str | None = None
    """Its id, as the system names it."""


class LicenceExpiring(Event, frozen=True, kw_only=True):
    """The licences end in so many days, or have ended as many days ago where it is negative."""

    days: int
    message: str | None = None


class ObjectChanged(Event, frozen=True, kw_only=True):
    """An object of the system's configuration was created, changed or deleted."""

    change: ObjectChange
    node: str | None = None
    name: str = ""
    """The kind of the object, such as ``Subscriber``."""
    id: str = ""
    above: str | None = None
    """The object above it, as ``name/id``."""


class CentreChanged(Event, frozen=True, kw_only=True):
    """Figures of the call centre changed: those of one object."""

    table: TableName
    row: Figures
    previous: Figures | None
    """None of an object that was not known."""

    @property
    def changed(self) -> frozenset[str]:
        """The fields that are different now."""
        row, previous = self.row, self.previous
        names = row.__struct_fields__
        if previous is None:
            return frozenset(name for name in names if getattr(row, name) is not None)
        return frozenset(name for name in names if getattr(row, name) != getattr(previous, name))


class WaitingChanged(Event, frozen=True, kw_only=True):
    """A call came to a pilot that is watched, waits in a queue, or has left."""

    pilot: str
    call: WaitingCall
    change: WaitingChange


class RouteRequested(Event, frozen=True, kw_only=True):
    """A call at a routing point looks for a route."""

    point: str
    request: RouteSnapshot


class RouteEnded(Event, frozen=True, kw_only=True):
    """A call looks for no route any more."""

    point: str
    request: RouteSnapshot
    answered: bool
    """Whether we had said where it goes. Otherwise it was too late, the caller hung up, or the system went on alone."""
    reason: str | None = None
    """In the system's words."""


class DigitsCollected(Event, frozen=True, kw_only=True):
    """A caller who looks for a route has dialled digits, or has not in time."""

    point: str
    ref: str | None
    digits: Digits
    collection: str | None = None
    """The key of the collection."""


class ToneChanged(Event, frozen=True, kw_only=True):
    """A caller who looks for a route hears a tone or a guide, or hears it no more."""

    point: str
    ref: str | None
    playing: bool
    tone: str | None = None


class StatisticsProgress(Event, frozen=True, kw_only=True):
    """How far a file of statistics is."""

    requester: str | None
    step: StatisticsStep
    done: int | None = None
    total: int | None = None
    path: str | None = None
    """Where it is on the server, once it is ready."""
