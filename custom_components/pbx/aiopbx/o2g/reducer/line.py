"""A line put together anew, and the events that tell the difference."""

from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from ...events import CallChanged, CallEnded, CallStarted, Event, LineChanged
from ...model import CallSnapshot, Device, Feature, LineSnapshot
from .actions import with_actions

Reduced: TypeAlias = tuple[LineSnapshot, tuple[Event, ...]]
"""The line after an event, and what subscribers are told."""

STATE_CHANGED: Final = frozenset({"state", "calls"})
STATE_AND_DEVICES_CHANGED: Final = frozenset({"state", "calls", "devices"})


def new_line(login: str) -> LineSnapshot:
    """A line of which nothing but the login name is known."""
    return LineSnapshot(id=login)


def stale(line: LineSnapshot) -> LineSnapshot:
    """The line after a loss of the connection: as it was, and not confirmed."""
    return replace(line, synced=False) if line.synced else line


def assemble(
    line: LineSnapshot,
    calls: tuple[CallSnapshot, ...],
    devices: tuple[Device, ...],
    busy: bool,
    ended: tuple[CallSnapshot, ...],
    now: datetime,
) -> Reduced:
    """The line with these calls and devices, and the events that tell the difference."""
    before = line.calls
    id_ = line.id
    if calls and (calls is not before or devices is not line.devices):
        calls = with_actions(calls, devices)
    events: list[Event] = []
    if calls is not before:
        if ended:
            events.extend(CallEnded(at=now, line=id_, call=call) for call in ended)
        for call in calls:
            for former in before:
                if former.id == call.id:
                    if former is not call and former != call:
                        events.append(CallChanged(at=now, line=id_, call=call, previous=former))
                    break
            else:
                events.append(CallStarted(at=now, line=id_, call=call))
        if not events and len(calls) == len(before):
            calls = before
    if calls is before and devices is line.devices and busy is line.busy:
        return line, ()
    after = replace(line, calls=calls, devices=devices, busy=busy)
    if devices is line.devices and busy is line.busy:
        if after.state is not line.state:
            events.append(LineChanged(at=now, line=id_, snapshot=after, previous=line, changed=STATE_CHANGED))
        return after, tuple(events)
    changed = set()
    if devices is not line.devices:
        changed.add("devices")
    if busy is not line.busy:
        changed.add("busy")
    if after.state is not line.state:
        changed.add("state")
    if calls is not before:
        changed.add("calls")
    events.append(LineChanged(at=now, line=id_, snapshot=after, previous=line, changed=frozenset(changed)))
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
