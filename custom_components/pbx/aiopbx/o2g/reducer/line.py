"""A line put together anew, and the events that tell the difference."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ...events import CallChanged, CallEnded, CallStarted, Event, LineChanged
from ...model import CallSnapshot, Device, LineSnapshot
from ...reduced import STATE_CHANGED, Reduced, stale, with_features, with_fields
from .actions import with_actions

__all__ = [
    "STATE_AND_DEVICES_CHANGED",
    "STATE_CHANGED",
    "Reduced",
    "assemble",
    "new_line",
    "stale",
    "with_features",
    "with_fields",
]

STATE_AND_DEVICES_CHANGED: Final = frozenset({"state", "calls", "devices"})


def new_line(login: str) -> LineSnapshot:
    """A line of which nothing but the login name is known."""
    return LineSnapshot(id=login)


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
