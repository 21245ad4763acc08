"""One line, assembled from its calls and devices."""

from datetime import datetime
from typing import Final, TypeVar

from msgspec.structs import replace

from ...events import CallChanged, CallEnded, CallStarted, Event, LineChanged
from ...model import CallSnapshot, Device, DeviceState, LineSnapshot
from ...store import STATE_CHANGED, Reduced, stale, with_features, with_fields
from ..types import telephony as wire
from .tables import DEVICE_STATE, of_device, with_actions

__all__ = [
    "STATE_AND_DEVICES_CHANGED",
    "STATE_CHANGED",
    "Reduced",
    "assemble",
    "described",
    "new_line",
    "stale",
    "with_features",
    "with_fields",
]
STATE_AND_DEVICES_CHANGED: Final = frozenset({"state", "calls", "devices"})


def new_line(login: str) -> LineSnapshot:
    """A line of which nothing but the login name is known."""
    return LineSnapshot(id=login, described=False)


def described(line: LineSnapshot, now: datetime) -> Reduced:
    """The line, now that it has been read whose it is and what it may do."""
    return with_fields(line, now, described=True)


def assemble(
    line: LineSnapshot,
    calls: tuple[CallSnapshot, ...],
    devices: tuple[Device, ...],
    busy: bool,
    ended: tuple[CallSnapshot, ...],
    now: datetime,
) -> Reduced:
    """The line with these calls and devices, and the events for the difference."""
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


T = TypeVar("T")


def state_modified(line: LineSnapshot, event: wire.OnDeviceStateModified, now: datetime) -> Reduced:
    """``OnDeviceStateModified``."""
    return device_states(line, event.device_states, now)


def device_states(line: LineSnapshot, states: tuple[wire.DeviceState, ...], now: datetime) -> Reduced:
    """Apply states of service."""
    return assemble(line, line.calls, with_states(line.devices, states), line.busy, (), now)


def with_capabilities(devices: tuple[Device, ...], data: tuple[wire.DeviceCapabilities, ...]) -> tuple[Device, ...]:
    """The devices with what may be started on them; an empty list changes nothing."""
    for place, one in enumerate(data):
        id_ = one.device_id
        if id_ is None:
            continue
        actions = of_device(one)
        if place < len(devices) and devices[place].id == id_ and devices[place].actions is actions:
            continue  # as it was, and where it was
        for index, device in enumerate(devices):
            if device.id == id_:
                if device.actions is not actions and device.actions != actions:
                    devices = swapped(devices, index, replace(device, actions=actions))
                break
        else:
            devices = (*devices, Device(id=id_, actions=actions))
    return devices


def with_states(devices: tuple[Device, ...], data: tuple[wire.DeviceState, ...]) -> tuple[Device, ...]:
    """The devices with their state of service."""
    for one in data:
        if one.device_id is None or one.state is None:
            continue
        state = DEVICE_STATE.get(one.state, DeviceState.UNKNOWN)
        for index, device in enumerate(devices):
            if device.id == one.device_id:
                if device.state is not state:
                    devices = swapped(devices, index, replace(device, state=state))
                break
        else:
            devices = (*devices, Device(id=one.device_id, state=state))
    return devices


def swapped(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    """The same with another one at this place."""
    return (*items[:index], item, *items[index + 1 :])
