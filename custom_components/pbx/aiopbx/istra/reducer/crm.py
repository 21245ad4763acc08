"""The calls of a terminal of myCrm: five events, and no way to ask how it stands."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeAlias

from msgspec.structs import replace

from ...events import Event
from ...model import (
    Action,
    CallSnapshot,
    CallState,
    Device,
    DeviceState,
    Direction,
    LineSnapshot,
    Outcome,
    Party,
    PartyKind,
    Snapshot,
)
from ...store import Reduced, with_calls, with_fields
from ..types.crm import CrmCallEvent, CrmEvent, DropCause, TalkCause
from .tables import DECIDED, PARTY_OF_TYPE, UNANSWERED, ended, unanswered

REMEMBERED: Final = 64
"""How many calls of a terminal that are over are remembered."""
_DIAL: Final = frozenset({Action.DIAL})
_STATE: Final = {
    CrmEvent.ALERTING: CallState.RINGING_OUTGOING,
    CrmEvent.RINGING: CallState.RINGING_INCOMING,
    CrmEvent.TALKING: CallState.ACTIVE,
    CrmEvent.HELD: CallState.HELD,
}
_DIRECTION: Final = {CrmEvent.ALERTING: Direction.OUTGOING, CrmEvent.RINGING: Direction.INCOMING}


class CrmState(Snapshot, frozen=True, kw_only=True):
    """A terminal, and what is remembered of its calls."""

    line: LineSnapshot
    dropped: tuple[str, ...] = ()
    """Calls that are over, the newest last: an event that comes twice does not bring them back."""
    lost: tuple[CallSnapshot, ...] = ()
    """Calls that were given up because nothing was known of them for too long, as they were."""


Result: TypeAlias = tuple[CrmState, tuple[Event, ...]]


def happened(state: CrmState, data: CrmCallEvent, now: datetime) -> Result:
    """One of the five events; others say nothing."""
    ref, line = data.call_id, state.line
    if ref in state.dropped:
        return state, ()
    call = line.call_by_ref(ref)
    if data.event is CrmEvent.DROPPED:
        return _dropped(state, data, call, now)
    after = _STATE.get(data.event)
    if after is None:
        return state, ()
    if call is None:
        lost = next((one for one in state.lost if one.ref == ref), None)
        if lost is not None:
            state = replace(state, lost=tuple(one for one in state.lost if one is not lost))
        new = lost or CallSnapshot(id=call_id(line.id, ref), ref=ref, line=line.id, started_at=_began(data, now))
        return _with_calls(state, (*line.calls, _call(new, data, after, now)), (), now)
    changed = _call(call, data, after, now)
    return _with_calls(state, tuple(changed if one is call else one for one in line.calls), (), now)


def call_id(terminal: str, ref: str) -> str:
    """The id of a call."""
    return f"{terminal}:{ref}"


def _began(data: CrmCallEvent, now: datetime) -> datetime | None:
    """When a call began that is seen for the first time: only its first event is its beginning."""
    return now if data.event in _DIRECTION else None


def _dropped(state: CrmState, data: CrmCallEvent, call: CallSnapshot | None, now: datetime) -> Result:
    ref = data.call_id
    state = replace(
        state,
        dropped=(*state.dropped, ref)[-REMEMBERED:],
        lost=tuple(one for one in state.lost if one.ref != ref),
    )
    if call is None:
        return state, ()
    last = _call(call, data, CallState.RELEASING, now)
    over = ended(last, outcome_of(last, data.drop_cause), data.drop_cause.value if data.drop_cause else None, now)
    left = tuple(one for one in state.line.calls if one is not call)
    return _with_calls(state, left, (over,), now)


def outcome_of(call: CallSnapshot, cause: DropCause | None) -> Outcome:
    """How a call ended, from the cause and the states it passed."""
    if cause in DECIDED:
        return DECIDED[cause]
    if call.answered:
        return Outcome.ANSWERED
    if cause in UNANSWERED:
        return UNANSWERED[cause]
    if cause is DropCause.NO_ANSWER and call.direction is Direction.OUTGOING:
        return Outcome.NO_ANSWER
    return unanswered(call.direction)


def _call(before: CallSnapshot, data: CrmCallEvent, state: CallState, now: datetime) -> CallSnapshot:
    """The call after an event; what that does not say is as it was before."""
    direction = _DIRECTION.get(data.event, before.direction)
    if data.incoming is not None:
        direction = Direction.INCOMING if data.incoming else Direction.OUTGOING
    answered = before.answered or state in (CallState.ACTIVE, CallState.HELD) or bool(data.talking_time)
    answered_at = before.answered_at
    if state is CallState.ACTIVE and not before.answered and data.talk_cause is not TalkCause.UNHOLD:
        answered_at = now
    return replace(
        before,
        state=state,
        direction=direction,
        parties=_parties(data, before.parties),
        called=Party(number=data.acd_id, kind=PartyKind.SERVICE) if data.acd_id else before.called,
        answered=answered,
        answered_at=answered_at,
        cause=data.talk_cause.value if data.talk_cause is not None else before.cause,
        ring_seconds=before.ring_seconds if data.ringing_time is None else data.ringing_time / 1000,
        talk_seconds=before.talk_seconds if data.talking_time is None else data.talking_time / 1000,
    )


def _parties(data: CrmCallEvent, before: tuple[Party, ...]) -> tuple[Party, ...]:
    number, label = data.display_number or data.display_number_e164, data.display_label
    if number is None and label is None:
        return before or (Party(),)
    kind = PARTY_OF_TYPE.get(data.type, PartyKind.UNKNOWN) if data.type is not None else PartyKind.UNKNOWN
    if data.type is None and before:
        kind = before[0].kind
    return (Party(number=number or None, name=label or None, kind=kind, droppable=False),)


def unconfirmed(state: CrmState, calls: Iterable[CallSnapshot], now: datetime) -> Result:
    """These calls, if they are as they were, end with an unknown outcome; an event that names one brings it back."""
    doubted = tuple(call for call in calls if call in state.line.calls)
    over = tuple(ended(call, Outcome.UNKNOWN, None, None) for call in doubted)
    state = replace(state, lost=(*state.lost, *doubted)[-REMEMBERED:])
    return _with_calls(state, tuple(call for call in state.line.calls if call not in doubted), over, now)


def _with_calls(
    state: CrmState, calls: tuple[CallSnapshot, ...], over: tuple[CallSnapshot, ...], now: datetime
) -> Result:
    line, events = with_calls(state.line, calls, over, now)
    return (state if line is state.line else replace(state, line=line)), events


def in_service(line: LineSnapshot, serves: bool | None, now: datetime) -> Reduced:
    """The terminal is in service, is not, or that is not known."""
    states = {True: DeviceState.IN_SERVICE, False: DeviceState.OUT_OF_SERVICE, None: DeviceState.UNKNOWN}
    devices = tuple(
        replace(device, state=states[serves], actions=frozenset() if serves is False else _DIAL)
        for device in line.devices
    )
    return with_fields(line, now, devices=devices)


def new_terminal(id: str, model: str | None) -> LineSnapshot:
    """A terminal, as a line."""
    return LineSnapshot(id=id, name=model or "", devices=(Device(id=id, kind=model or "", actions=_DIAL),))
