"""One call: its parties, legs, changes and outcome."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ...model import CallSnapshot, CallState, Device, Direction, Leg, LineSnapshot, Outcome, Party, Trunk
from ..queries import text_of
from ..records import party_of
from ..types import telephony as wire
from .line import swapped
from .tables import (
    DECIDED,
    DIVERTING,
    ENDING,
    NONE,
    OUTGOING,
    RECORDING,
    STATE,
    TONES,
    UNANSWERED,
    of_call,
    of_leg,
    together,
)

_state: Final = STATE.get
_UNKNOWN: Final = CallState.UNKNOWN
_ACTIVE: Final = CallState.ACTIVE
_HELD: Final = CallState.HELD
_RELEASING: Final = CallState.RELEASING
_RINGING: Final = CallState.RINGING_INCOMING
_INCOMING: Final = Direction.INCOMING
_NO_DATA: Final = wire.CallData()


def new_call(
    line: LineSnapshot,
    ref: str,
    data: wire.CallData | None,
    legs: tuple[wire.Leg, ...],
    participants: tuple[wire.Participant, ...],
    *,
    cause: wire.CallCause | None = None,
    now: datetime | None = None,
    initiator: str | None = None,
    besides: Collection[CallSnapshot] = (),
    devices: tuple[Device, ...] = (),
) -> CallSnapshot:
    """A call that was not known, and is not on the line yet; ``now`` is none where its beginning was not seen.

    Where there are calls ``besides`` those of the line, its id has to differ from theirs too.
    """
    if data is None:
        data = _NO_DATA
    word_of_state = data.state
    state = _state(word_of_state, _UNKNOWN) if word_of_state is not None else _UNKNOWN
    if len(legs) == 1 and legs[0].device_id is not None:
        new_legs: tuple[Leg, ...] = (leg(legs[0], None),)
    else:
        new_legs = legs_in_snapshot((), legs)
    if len(participants) == 1:
        parties: tuple[Party, ...] = (party(participants[0]),)
    else:
        parties = tuple([party(one) for one in participants])
    capabilities = data.capabilities
    own = of_call(capabilities) if capabilities is not None else NONE
    called = data.initial_called
    redirecting, trunk = data.last_redirecting, data.trunk_identification
    active = state is _ACTIVE
    answered = (active or state is _HELD) and cause not in TONES
    word = cause._value_ if cause is not None else None
    recording = data.record_state
    return CallSnapshot(
        f"{line.id}:{ref}" if not line.calls and not besides else _free_id(line, ref, besides),
        ref,
        line.id,
        state,
        _INCOMING if state is _RINGING else _direction(state, initiator, parties),
        parties,
        party_of(called) if called is not None else None,
        new_legs,
        together(own, new_legs, state, len(parties), False, devices),
        own,
        now,  # started_at
        now if answered and active else None,  # answered_at
        None,  # ended_at
        answered,
        word,  # cause
        word if word is not None and not answered and word in ENDING else None,  # end_cause
        None,  # outcome
        RECORDING.get(recording) if recording is not None else None,
        data.anonymous is True,
        _attached(data),
        data.account_info,
        _queue_wait(data.acd_call_data) if data.acd_call_data is not None else None,
        None,  # replaced_by
        None,  # new_destination
        None,  # ring_seconds
        None,  # talk_seconds
        party_of(redirecting) if redirecting is not None else None,
        _trunk(trunk) if trunk is not None else None,
    )


def _free_id(line: LineSnapshot, ref: str, besides: Collection[CallSnapshot]) -> str:
    """An id that no call has: servers may give the former name of a call that is still there to another one."""
    taken = {call.id for call in line.calls}
    taken.update(call.id for call in besides)
    id_ = f"{line.id}:{ref}"
    number = 2
    while id_ in taken:
        id_ = f"{line.id}:{ref}#{number}"
        number += 1
    return id_


def _direction(state: CallState, initiator: str | None, parties: tuple[Party, ...]) -> Direction:
    """Who called whom, where it does not ring here: from the state, else from who began it."""
    if state in OUTGOING:
        return Direction.OUTGOING
    if not initiator:
        return Direction.UNKNOWN
    return Direction.INCOMING if any(one.id == initiator for one in parties) else Direction.OUTGOING


def after_delta(
    call: CallSnapshot, event: wire.OnCallModified, now: datetime, devices: tuple[Device, ...] | None = None
) -> CallSnapshot:
    """The call after a delta; the very same object where nothing changed.

    With the devices of the line, the call is its only one, and what it allows is known at once.
    """
    data = event.call_data
    state = call.state
    if data is not None and (word := data.state) is not None:
        state = _state(word, _UNKNOWN)
    legs = call.legs
    changed = event.modified_legs
    if changed or event.added_legs or event.removed_legs:
        if (
            len(changed) == 1
            and len(legs) == 1
            and changed[0].device_id == legs[0].device
            and not event.added_legs
            and not event.removed_legs
        ):
            legs = (leg(changed[0], legs[0]),)  # as it mostly is
        else:
            legs = legs_after(legs, event)
    parties = call.parties
    if event.added_participants or event.modified_participants or event.removed_participant_ids:
        parties = parties_after(parties, event, state)
    return _after(call, data, state, legs, parties, event.cause, now, event.replaced_by_call_ref, devices)


def after_snapshot(
    call: CallSnapshot,
    data: wire.CallData | None,
    legs: tuple[wire.Leg, ...],
    participants: tuple[wire.Participant, ...],
    *,
    cause: wire.CallCause | None = None,
    now: datetime | None = None,
) -> CallSnapshot:
    """A known call after it came whole: in a snapshot, or by being created once more."""
    state = call.state
    if data is not None and data.state is not None:
        state = STATE.get(data.state, _UNKNOWN)
    new_legs = legs_in_snapshot(call.legs, legs)
    parties = parties_in_snapshot(call.parties, participants)
    return _after(call, data, state, new_legs, parties, cause, now)


def _after(
    call: CallSnapshot,
    data: wire.CallData | None,
    state: CallState,
    legs: tuple[Leg, ...],
    parties: tuple[Party, ...],
    cause: wire.CallCause | None,
    now: datetime | None,
    replaced_by: str | None = None,
    devices: tuple[Device, ...] | None = None,
) -> CallSnapshot:
    """The call with these; the very same object where nothing changed.

    Call data comes whole, but for what was attached to the call.
    """
    called = call.called
    own = call.own_actions
    answered, answered_at, end_cause = call.answered, call.answered_at, call.end_cause
    recording, anonymous, wait = call.recording, call.anonymous, call.queue_wait
    attached, account_info = call.associated_data, call.account_info
    redirected_by, trunk = call.redirected_by, call.trunk
    if not answered and (state is _ACTIVE or state is _HELD) and state is not call.state and cause not in TONES:
        answered = True
        end_cause = None
        if state is _ACTIVE and now is not None:
            answered_at = now
    if data is not None:
        capabilities = data.capabilities
        if capabilities is not None:
            own = of_call(capabilities)
        if called is None and data.initial_called is not None:
            called = party_of(data.initial_called)
        recording = RECORDING.get(data.record_state) if data.record_state is not None else None
        if data.anonymous is not None:
            anonymous = data.anonymous
        text = _attached(data)
        if text is not None:
            attached = text
        if data.account_info is not None:
            account_info = data.account_info
        if data.acd_call_data is not None:
            queue_wait = _queue_wait(data.acd_call_data)
            if queue_wait is not None:
                wait = queue_wait
        if data.last_redirecting is not None:
            redirected_by = party_of(data.last_redirecting)
        if data.trunk_identification is not None:
            trunk = _trunk(data.trunk_identification)
    word = call.cause
    if cause is not None:
        word = cause._value_
        if (
            state is _RELEASING
            or (not answered and word in ENDING)
            or (not answered and call.direction is _INCOMING and word in DIVERTING)
        ):
            end_cause = word
    after = CallSnapshot(
        call.id,
        call.ref,
        call.line,
        state,
        call.direction,
        parties,
        called,
        legs,
        call.actions if devices is None else together(own, legs, state, len(parties), False, devices),
        own,
        call.started_at,
        answered_at,
        call.ended_at,
        answered,
        word,
        end_cause,
        call.outcome,
        recording,
        anonymous,
        attached,
        account_info,
        wait,
        call.replaced_by if replaced_by is None or replaced_by == call.ref else replaced_by,
        call.new_destination,
        call.ring_seconds,
        call.talk_seconds,
        redirected_by,
        trunk,
    )
    # To compare costs as much as to build: another state says enough.
    return call if state is call.state and after == call else after


def _attached(data: wire.CallData) -> str | None:
    """What applications attached, under whichever of its names."""
    if data.associated_data is not None:
        return data.associated_data
    return data.associate_data if data.associate_data is not None else text_of(data.hexa_binary_associated_data)


def _queue_wait(acd: wire.AcdCallData) -> int | None:
    return acd.call_info.queue_waiting_time if acd.call_info is not None else None


def _trunk(data: wire.TrunkIdentification) -> Trunk:
    return Trunk(timeslot=data.network_timeslot, equipment=data.trunk_neqt)


def leg(data: wire.Leg, before: Leg | None) -> Leg:
    """A leg; what was left out is as it was ``before``."""
    capabilities = data.capabilities
    if capabilities is not None:
        actions = of_leg(capabilities)
    else:
        actions = before.actions if before is not None else NONE
    word = data.state
    if word is not None:
        state = _state(word, _UNKNOWN)
    else:
        state = before.state if before is not None else _UNKNOWN
    # The server only says that the remote party rings while it does.
    return Leg(data.device_id or "", state, data.ringing_remote is True, actions)


def legs_after(legs: tuple[Leg, ...], event: wire.OnCallModified) -> tuple[Leg, ...]:
    """The legs after some came, changed or left."""
    changed = event.modified_legs
    if len(changed) == 1 and len(legs) == 1 and not event.added_legs and not event.removed_legs:
        data = changed[0]
        if data.device_id == legs[0].device:
            return (leg(data, legs[0]),)
    if event.removed_legs:
        gone = {one.device_id for one in event.removed_legs}
        legs = tuple([one for one in legs if one.device not in gone])
    for data in event.added_legs:
        legs = _with(legs, data)
    for data in changed:
        legs = _with(legs, data)
    return legs


def legs_in_snapshot(before: tuple[Leg, ...], data: tuple[wire.Leg, ...]) -> tuple[Leg, ...]:
    """The legs, as a snapshot lists them."""
    if not before:
        if len(data) == 1 and data[0].device_id is not None:
            return (leg(data[0], None),)
        return tuple([leg(one, None) for one in data if one.device_id is not None])
    known = {one.device: one for one in before}
    return tuple([leg(one, known.get(one.device_id)) for one in data if one.device_id is not None])


def _with(legs: tuple[Leg, ...], data: wire.Leg) -> tuple[Leg, ...]:
    device = data.device_id
    if device is None:
        return legs
    for index, one in enumerate(legs):
        if one.device == device:
            return swapped(legs, index, leg(data, one))
    return (*legs, leg(data, None))


def party(data: wire.Participant, before: Party | None = None) -> Party:
    """A participant; one that comes without an identity keeps the one it had ``before``."""
    identity = data.identity
    if identity is not None:
        return party_of(identity, data.participant_id or "", data.anonymous is True, not data.undroppable)
    who = before if before is not None else Party(id=data.participant_id or "")
    anonymous = who.anonymous if data.anonymous is None else data.anonymous
    droppable = who.droppable if data.undroppable is None else not data.undroppable
    return replace(who, anonymous=anonymous, droppable=droppable)


def parties_after(before: tuple[Party, ...], event: wire.OnCallModified, state: CallState) -> tuple[Party, ...]:
    """Who is in the call after some came, changed or left."""
    parties = before
    added, changed, gone = event.added_participants, event.modified_participants, event.removed_participant_ids
    if not added and not gone and len(changed) == 1 and len(before) == 1:
        (data,) = changed
        if data.participant_id == before[0].id:
            return (party(data, before[0]),)
    if gone:
        if state is _RELEASING and len(before) == 1 and before[0].id in gone and not added and not changed:
            return before
        parties = tuple([one for one in parties if one.id not in gone])
    for data in (*added, *changed):
        id_ = data.participant_id or ""
        for index, one in enumerate(parties):
            if one.id == id_:
                parties = swapped(parties, index, party(data, one))
                break
        else:
            parties = (*parties, party(data))
    if not parties and state is _RELEASING:
        # Whoever it was stays the other party of a call that is ending.
        return before
    return parties


def parties_in_snapshot(before: tuple[Party, ...], data: tuple[wire.Participant, ...]) -> tuple[Party, ...]:
    """The parties as a snapshot lists them, in the order in which they came, which is not always the server's."""
    if not data:
        return before
    place = {one.id: index for index, one in enumerate(before)}
    known = {one.id: one for one in before}
    after = [party(one, known.get(one.participant_id or "")) for one in data]
    after.sort(key=lambda one: place.get(one.id, len(place)))
    return tuple(after)


def ended(
    call: CallSnapshot,
    cause: str | None,
    now: datetime | None,
    replaced_by: str | None = None,
    new_destination: str | None = None,
) -> CallSnapshot:
    """The call after its end; ``now`` is none where that was not seen."""
    end_cause = cause or call.end_cause
    # By position, as wherever many fields are given on the hot path: by name costs ten times as much.
    return CallSnapshot(
        call.id,
        call.ref,
        call.line,
        _RELEASING,
        call.direction,
        call.parties,
        call.called,
        (),  # legs
        NONE,  # actions
        NONE,  # own_actions
        call.started_at,
        call.answered_at,
        now,  # ended_at
        call.answered,
        cause or call.cause,
        end_cause,
        outcome(call, end_cause),
        None,  # recording
        call.anonymous,
        call.associated_data,
        call.account_info,
        call.queue_wait,
        replaced_by or call.replaced_by,
        new_destination or call.new_destination,
        call.ring_seconds,
        call.talk_seconds,
        call.redirected_by,
        call.trunk,
    )


def ended_unseen(call: CallSnapshot) -> CallSnapshot:
    """A call whose end was not seen: it ended, at an unknown moment, and how is said only where it is known."""
    after = ended(call, None, None)
    if not call.answered and call.end_cause is None and call.state is not _RELEASING:
        # It may have been answered or given up: that was not seen.
        return replace(after, outcome=Outcome.UNKNOWN)
    return after


def outcome(call: CallSnapshot, cause: str | None) -> Outcome:
    """How a call ended, from the cause that the server named for its end and the states it passed."""
    if cause is not None:
        decided = DECIDED.get(cause)
        if decided is not None:
            return decided
    if call.answered:
        return Outcome.ANSWERED
    if cause is not None:
        unanswered = UNANSWERED.get(cause)
        if unanswered is not None:
            return unanswered
    if call.direction is Direction.INCOMING:
        return Outcome.MISSED
    if call.direction is Direction.OUTGOING:
        return Outcome.NO_ANSWER if cause == "NOT_ANSWERED" else Outcome.CANCELLED
    return Outcome.UNKNOWN
