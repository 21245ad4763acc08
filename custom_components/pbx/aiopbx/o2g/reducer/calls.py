"""The calls of a line: one more, one changed, one gone, and all of them as a snapshot has them."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ...events import CallChanged, CallEnded, CallStarted, LineChanged
from ...model import CallSnapshot, CallState, Device, LineSnapshot
from ...store import STATE_CHANGED, Reduced
from ..types import telephony as wire
from .call import after_delta, after_snapshot, ended, ended_unseen, new_call
from .line import STATE_AND_DEVICES_CHANGED, assemble, swapped, with_capabilities, with_states
from .tables import NONE, STATE

_RELEASING: Final = CallState.RELEASING
_UNKNOWN: Final = CallState.UNKNOWN


def created(line: LineSnapshot, event: wire.OnCallCreated, now: datetime) -> Reduced:
    """``OnCallCreated``: a call that is new, or a known one under another name."""
    ref = event.call_ref
    if ref is None:
        return line, ()
    capabilities = event.device_capabilities
    devices = with_capabilities(line.devices, capabilities) if capabilities else line.devices
    known = _known(line, ref) if line.calls else None
    if known is not None:
        call = known
        if call.ref != ref:
            call = replace(call, ref=ref, replaced_by=None, end_cause=None, called=None)
        call = after_snapshot(call, event.call_data, event.legs, event.participants, cause=event.cause, now=now)
        calls = tuple([call if one is known else one for one in line.calls])
        return assemble(line, calls, devices, line.busy, (), now)
    call = new_call(
        line,
        ref,
        event.call_data,
        event.legs,
        event.participants,
        cause=event.cause,
        now=now,
        initiator=event.initiator,
        devices=devices,
    )
    if line.calls or line.busy:
        return assemble(line, (*line.calls, call), devices, line.busy, (), now)
    # The first call of a line, which most are.
    if devices is line.devices:
        after = replace(line, calls=(call,))
        changed = STATE_CHANGED
    else:
        after = replace(line, calls=(call,), devices=devices)
        changed = STATE_AND_DEVICES_CHANGED
    return after, (
        CallStarted(at=now, line=line.id, call=call),
        LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=changed),
    )


def _known(line: LineSnapshot, ref: str) -> CallSnapshot | None:
    """The call of this reference; one that takes over from another of the line is that, under another name."""
    known = line.call_by_ref(ref)
    if known is None:
        for call in line.calls:
            if call.replaced_by == ref:
                return call
    return known


def modified(line: LineSnapshot, event: wire.OnCallModified, now: datetime) -> Reduced:
    """``OnCallModified``: a delta of a call, which may rename it, or make one of two."""
    calls = line.calls
    if len(calls) == 1 and not event.device_capabilities and event.previous_call_ref is None:
        call = calls[0]
        if call.ref == event.call_ref:
            return _only_one_modified(line, call, event, now)
    ref = event.call_ref
    if ref is None:
        return line, ()
    devices = with_capabilities(line.devices, event.device_capabilities)
    calls, gone = _renamed(line, event, ref, now)
    for index, call in enumerate(calls):
        if call.ref == ref:
            changed = after_delta(call, event, now)
            if changed is not call:
                calls = swapped(calls, index, changed)
            elif calls is line.calls and devices is line.devices:
                return line, ()
            break
    else:
        calls = _met_late(line, calls, event, ref)
    return assemble(line, calls, devices, line.busy, gone, now)


def _only_one_modified(line: LineSnapshot, call: CallSnapshot, event: wire.OnCallModified, now: datetime) -> Reduced:
    """A delta of the only call of a line, which most are."""
    changed = after_delta(call, event, now, line.devices)
    if changed is call:
        return line, ()
    after = replace(line, calls=(changed,))
    data = CallChanged(at=now, line=line.id, call=changed, previous=call)
    if changed.state is call.state:
        return after, (data,)
    return after, (data, LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=STATE_CHANGED))


def _renamed(
    line: LineSnapshot, event: wire.OnCallModified, ref: str, now: datetime
) -> tuple[tuple[CallSnapshot, ...], tuple[CallSnapshot, ...]]:
    """The calls after a call got another name, and the one that ended by it."""
    previous = event.previous_call_ref
    if previous is None or previous == ref:
        return line.calls, ()
    former = line.call_by_ref(previous)
    if former is None:
        return line.calls, ()
    if line.call_by_ref(ref) is None:
        renamed = replace(former, ref=ref, called=None)
        return tuple([renamed if call is former else call for call in line.calls]), ()
    # Two calls of the line become one: the one that goes on is the one the server goes on naming.
    cause = event.cause
    gone = ended(former, cause._value_ if cause is not None else "CONFERENCED", now, ref)
    return tuple([call for call in line.calls if call is not former]), (gone,)


def _met_late(
    line: LineSnapshot, calls: tuple[CallSnapshot, ...], event: wire.OnCallModified, ref: str
) -> tuple[CallSnapshot, ...]:
    """The calls with one that is first seen in a delta; one that ends, or says nothing, is left out."""
    data = event.call_data
    state = STATE.get(data.state) if data is not None and data.state is not None else None
    if state is None or state is _RELEASING:
        return calls
    call = new_call(
        line,
        ref,
        data,
        (*event.added_legs, *event.modified_legs),
        (*event.added_participants, *event.modified_participants),
        cause=event.cause,
    )
    return (*calls, call)


def removed(line: LineSnapshot, event: wire.OnCallRemoved, now: datetime) -> Reduced:
    """``OnCallRemoved``: a call is gone."""
    capabilities = event.device_capabilities
    devices = with_capabilities(line.devices, capabilities) if capabilities else line.devices
    ref = event.call_ref
    call = line.call_by_ref(ref) if ref is not None else None
    if call is None:
        return assemble(line, line.calls, devices, line.busy, (), now)
    cause = event.cause
    gone = ended(call, cause._value_ if cause is not None else None, now, None, event.new_destination)
    if len(line.calls) == 1 and devices is line.devices and not line.busy and call.state is not _UNKNOWN:
        # The only call of a line, which most are.
        after = replace(line, calls=())
        return after, (
            CallEnded(at=now, line=line.id, call=gone),
            LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=STATE_CHANGED),
        )
    left = tuple([other for other in line.calls if other is not call])
    return assemble(line, left, devices, line.busy, (gone,), now)


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
