"""A line brought to what a snapshot says, and the state of its user."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ...model import CallSnapshot, Device, LineSnapshot
from ..types import telephony as wire
from .actions import NONE
from .call import after_snapshot, ended_unseen, new_call
from .line import Reduced, assemble, with_capabilities, with_states

_BUSY: Final = wire.UserState.BUSY
_FREE: Final = wire.UserState.FREE


def snapshot(line: LineSnapshot, event: wire.OnTelephonyState, now: datetime) -> Reduced:
    """``OnTelephonyState``."""
    if event.state is None:
        return line, ()
    return resync(line, event.state, now)


def resync(line: LineSnapshot, state: wire.TelephonicState, now: datetime) -> Reduced:
    """Bring a line to what a snapshot says; the difference becomes events, without times that were not seen."""
    calls: list[CallSnapshot] = []
    refs: set[str] = set()
    for data in state.calls:
        ref = data.call_ref
        if ref is None or ref in refs:
            continue
        refs.add(ref)
        call = line.call_by_ref(ref)
        if call is None:
            call = new_call(line, ref, data.call_data, data.legs, data.participants, besides=calls)
        else:
            call = after_snapshot(call, data.call_data, data.legs, data.participants)
        calls.append(call)
    ended = tuple([ended_unseen(call) for call in line.calls if call.ref not in refs])
    busy = _busy(line, state, calling=bool(calls), missed=bool(ended))
    reduced, events = assemble(line, tuple(calls), _devices(line, state), busy, ended, now)
    return (reduced if reduced.synced else replace(reduced, synced=True)), events


def _devices(line: LineSnapshot, state: wire.TelephonicState) -> tuple[Device, ...]:
    """The devices after a snapshot: one of which it says nothing can start nothing."""
    devices = with_capabilities(line.devices, state.device_capabilities)
    if state.device_capabilities:
        offered_by = {one.device_id for one in state.device_capabilities}
        if any(device.actions and device.id not in offered_by for device in devices):
            devices = tuple(
                [device if device.id in offered_by else replace(device, actions=NONE) for device in devices]
            )
    if state.device_states is not None:
        devices = with_states(devices, state.device_states.device_states)
    return devices


def _busy(line: LineSnapshot, state: wire.TelephonicState, *, calling: bool, missed: bool) -> bool:
    """Whether the user is busy beside the calls. A snapshot says so only of users who were busy when it began."""
    data = state.user_state
    if data is None:
        return line.busy and line.synced and not missed
    if calling and data is _BUSY:
        # That may be because of the call.
        return line.busy and line.synced
    return data is _BUSY


def user_state_modified(line: LineSnapshot, event: wire.OnUserStateModified, now: datetime) -> Reduced:
    """``OnUserStateModified``. A user who becomes busy in a call is so because of it; free is free."""
    state = event.state
    if state is _FREE:
        if not line.busy:
            return line, ()
    elif state is not _BUSY or line.busy or line.calls:
        return line, ()
    return assemble(line, line.calls, line.devices, state is _BUSY, (), now)
