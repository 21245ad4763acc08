"""What the reducers of all wires have in common: a line after an event, and the events that tell the difference."""

from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from .events import CallChanged, CallEnded, CallStarted, Event, LineChanged
from .model import CallSnapshot, Feature, LineSnapshot

Reduced: TypeAlias = tuple[LineSnapshot, tuple[Event, ...]]
"""The line after an event, and what subscribers are told."""

STATE_CHANGED: Final = frozenset({"state", "calls"})


def stale(line: LineSnapshot) -> LineSnapshot:
    """The line after a loss of the connection: as it was, and not confirmed."""
    return replace(line, synced=False) if line.synced else line


def with_calls(
    line: LineSnapshot, calls: tuple[CallSnapshot, ...], ended: tuple[CallSnapshot, ...], now: datetime
) -> Reduced:
    """The line with these calls, of which ``ended`` are over, and the events that tell the difference."""
    before = {call.id: call for call in line.calls}
    id_ = line.id
    events: list[Event] = [CallEnded(at=now, line=id_, call=call) for call in ended]
    for call in calls:
        former = before.get(call.id)
        if former is None:
            events.append(CallStarted(at=now, line=id_, call=call))
        elif former is not call and former != call:
            events.append(CallChanged(at=now, line=id_, call=call, previous=former))
    if not events and len(calls) == len(line.calls):
        return line, ()
    after = replace(line, calls=calls)
    if after.state is not line.state:
        events.append(LineChanged(at=now, line=id_, snapshot=after, previous=line, changed=STATE_CHANGED))
    return after, tuple(events)


def with_fields(line: LineSnapshot, now: datetime, **changes: Any) -> Reduced:
    """The line with other fields that have nothing to do with its calls, and the event that tells."""
    for name in [name for name, value in changes.items() if getattr(line, name) == value]:
        del changes[name]
    if not changes:
        return line, ()
    after = replace(line, **changes)
    changed = set(changes)
    if after.state is not line.state:
        changed.add("state")
    return after, (LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=frozenset(changed)),)


def with_features(line: LineSnapshot, features: frozenset[Feature], now: datetime) -> Reduced:
    """The line, able to do this."""
    return with_fields(line, now, features=features)
