"""The telephones of a line: whether they serve, and what may be started on them."""

from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from ...model import Device, DeviceState, LineSnapshot
from ..types import telephony as wire
from .actions import of_device
from .line import Reduced, assemble
from .words import DEVICE_STATE

T = TypeVar("T")


def state_modified(line: LineSnapshot, event: wire.OnDeviceStateModified, now: datetime) -> Reduced:
    """``OnDeviceStateModified``."""
    return device_states(line, event.device_states, now)


def device_states(line: LineSnapshot, states: tuple[wire.DeviceState, ...], now: datetime) -> Reduced:
    """Apply states of service."""
    return assemble(line, line.calls, with_states(line.devices, states), line.busy, (), now)


def with_capabilities(devices: tuple[Device, ...], told: tuple[wire.DeviceCapabilities, ...]) -> tuple[Device, ...]:
    """The devices with what may be started on them; an empty list changes nothing."""
    for place, one in enumerate(told):
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


def with_states(devices: tuple[Device, ...], told: tuple[wire.DeviceState, ...]) -> tuple[Device, ...]:
    """The devices with their state of service."""
    for one in told:
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
