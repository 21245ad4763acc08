"""The call lines of an extension of myRCC: snapshots, of which the newer wins, and ``dropped`` is final.

A line of calls comes from three sources that share no order: what is pushed, the listing that registering a listener
returns, and the answer of ``placeCall``. So each snapshot is weighed by ``lastModificationTime``, and what was dropped
is remembered, lest a late snapshot brings it back. What is pushed comes in order: there the same time, or none, is no
reason to leave it out.
"""

from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from msgspec.structs import replace

from ...events import CallChanged, CallEnded, CallStarted, Event, LineChanged
from ...model import (
    Action,
    CallSnapshot,
    CallState,
    Direction,
    LineSnapshot,
    Outcome,
    Party,
    PartyKind,
    Recording,
    Snapshot,
)
from ...store import STATE_CHANGED, Reduced, with_calls
from ..types.rcc import CallLine, LineAction, LineState
from .tables import ACTIONS, ended, ended_unseen, unanswered

REMEMBERED: Final = 64
"""How many dropped lines of an extension are remembered."""
ASKED: Final = timedelta(seconds=10)
"""How long after a request a line that is dropped was dropped because of it."""
REUSED: Final = 60_000
"""Ms after a line was dropped from which on one that is created under its id is another: servers report the creation of
one and the same line a little differently every time."""
SOMEONE: Final = Party()
"""Whoever else is in a conference: the wire shows one of them only."""

# Reading a member off its enumeration costs as much as building a small snapshot: the hot path has them at hand.
_ACTIVE: Final = CallState.ACTIVE
_INCOMING: Final = Direction.INCOMING
_OUTGOING: Final = Direction.OUTGOING
_DROPPED: Final = LineState.DROPPED
_PROMPTING: Final = LineState.PROMPTING
_STATES: Final = {
    LineState.TALKING: CallState.ACTIVE,
    LineState.HELD: CallState.HELD,
    LineState.DROPPED: CallState.RELEASING,
}
"""Those that do not depend on anything else."""
_ANSWER: Final = LineAction.ANSWER
_RECORDING: Final = Recording.RECORDING
_EXTERNAL: Final = PartyKind.EXTERNAL
_NO_KIND: Final = PartyKind.UNKNOWN
_ESTABLISHED: Final = frozenset({CallState.ACTIVE, CallState.HELD})
_WITH_ANOTHER: Final = frozenset({Action.TRANSFER, Action.MERGE})


class Asked(Snapshot, frozen=True, kw_only=True):
    """The server was asked for something that ends a line, and has not refused it."""

    ref: str
    outcome: Outcome
    at: datetime
    destination: str | None = None


class RccState(Snapshot, frozen=True, kw_only=True):
    """An extension, and what is remembered of its call lines. Times are ms by the server's clock."""

    line: LineSnapshot
    times: tuple[tuple[str, int], ...] = ()
    """When each call last changed, as the server says."""
    dropped: tuple[tuple[str, int], ...] = ()
    """Which lines were dropped, the newest last, and when."""
    gone: tuple[str, ...] = ()
    """Calls that a listing did not have any more, the newest last: their end has been published."""
    asked: tuple[Asked, ...] = ()


Result: TypeAlias = tuple[RccState, tuple[Event, ...]]


def pushed(state: RccState, data: CallLine, now: datetime) -> Result:
    """A snapshot that was pushed."""
    if data.state is _DROPPED:
        return _drop(state, data, now)
    stamp, known = data.last_modification_time, _stamp(state, data.line_id)
    if known is None:
        if state.dropped and _is_over(state, data):
            return state, ()
    elif stamp is not None and stamp < known:
        return state, ()
    return _show(state, data, now)


def placed(state: RccState, data: CallLine, now: datetime) -> Result:
    """The answer of ``placeCall``: what was pushed of the line meanwhile wins, unless this is newer."""
    if data.state is LineState.DROPPED:
        return _drop(state, data, now)
    if _is_over(state, data) or not _is_newer(state, data):
        return state, ()
    return _show(state, data, now)


def listed(state: RccState, data: Iterable[CallLine], heard: Container[str], now: datetime) -> Result:
    """Bring an extension to what a listing says; ``heard`` are lines that were pushed since it was asked for.

    The difference becomes events, without times that were not seen. A call that is not listed has ended, unless it was
    heard of meanwhile.
    """
    events: list[Event] = []
    listed_ids: set[str] = set()
    for one in data:
        listed_ids.add(one.line_id)
        if one.state is LineState.DROPPED:
            state, more = _drop(state, one, now, listed=True)
        elif _is_over(state, one) or not _is_newer(state, one):
            continue
        else:
            state, more = _show(state, one, now, seen=False)
        events.extend(more)
    gone = tuple(call for call in state.line.calls if call.ref not in listed_ids and call.ref not in heard)
    if gone:
        left = tuple(call for call in state.line.calls if call not in gone)
        state = replace(state, times=tuple(pair for pair in state.times if any(pair[0] == call.ref for call in left)))
        state = replace(state, gone=(*state.gone, *[call.ref for call in gone])[-REMEMBERED:])
        state, more = _with_calls(state, left, tuple(ended_unseen(call) for call in gone), now)
        events.extend(more)
    if not state.line.synced:
        state = replace(state, line=replace(state.line, synced=True))
    return state, tuple(events)


def begin(state: RccState) -> RccState:
    """A connection begins anew: what was remembered of the last one weighs no more."""
    return RccState(line=state.line)


def asked(state: RccState, ref: str, outcome: Outcome, now: datetime, destination: str | None = None) -> RccState:
    """The server is being asked for something that ends this line like this."""
    others = tuple(one for one in state.asked if one.ref != ref and now - one.at <= ASKED)
    return replace(state, asked=(*others, Asked(ref=ref, outcome=outcome, at=now, destination=destination)))


def not_asked(state: RccState, ref: str) -> RccState:
    """It was refused, or not answered."""
    return replace(state, asked=tuple(one for one in state.asked if one.ref != ref))


# What a snapshot does


def _stamp(state: RccState, ref: str) -> int | None:
    for id_, stamp in state.times:
        if id_ == ref:
            return stamp
    return None


def _dropped_at(state: RccState, ref: str) -> int | None:
    """When a line was dropped; none where it was not, as far as is remembered."""
    for id_, when in state.dropped:
        if id_ == ref:
            return when
    return None


def _is_over(state: RccState, data: CallLine) -> bool:
    """Whether this is a line that was dropped; one that was created later is another with the same id."""
    when = _dropped_at(state, data.line_id)
    if when is None:
        return False
    return not (when and data.creation_time is not None and data.creation_time > when + REUSED)


def is_gone(state: RccState, data: CallLine) -> bool:
    """Whether a push is of a call that a listing did not have any more: the push is older, or the listing was wrong.

    Listing again shows which.
    """
    ref = data.line_id
    return ref in state.gone and data.state is not LineState.DROPPED and state.line.call_by_ref(ref) is None


def _is_newer(state: RccState, data: CallLine) -> bool:
    """Whether an answer is newer than what is known of the line."""
    known = _stamp(state, data.line_id)
    if known is None:
        return True
    return data.last_modification_time is not None and data.last_modification_time > known


def _show(state: RccState, data: CallLine, now: datetime, *, seen: bool = True) -> Result:
    """Show a line in progress; its moments are those of now only where they were ``seen``."""
    line, ref = state.line, data.line_id
    before = line.call_by_ref(ref)
    stamp = data.last_modification_time
    if stamp is None:
        stamp = _stamp(state, ref) or 0  # the creation is no substitute: it may be later than the changes are
    times = state.times
    times = (*[pair for pair in times if pair[0] != ref], (ref, stamp)) if times else ((ref, stamp),)
    if ref in state.gone:
        state = replace(state, gone=tuple(one for one in state.gone if one != ref))
    if before is None and state.dropped and _dropped_at(state, ref) is not None:
        state = replace(state, dropped=tuple(pair for pair in state.dropped if pair[0] != ref))
    if data.conference and state.asked:
        state = not_asked(state, ref)  # of the two that were merged, this is the one that goes on
    if len(line.calls) == (before is not None):
        after, events = _only_one(line, call_of(line, data, before, now if seen else None, alone=True), before, now)
        return replace(state, line=after, times=times), events
    call = call_of(line, data, before, now if seen else None)
    if before is None:
        calls = (*line.calls, call)
    else:
        calls = tuple(call if one is before else one for one in line.calls)
    return _with_calls(replace(state, times=times), calls, (), now)


def _only_one(line: LineSnapshot, call: CallSnapshot, before: CallSnapshot | None, now: datetime) -> Reduced:
    """The line with its only call, which most are: as ``with_calls`` of the store does it, and nothing to compare."""
    if before is None:
        after = replace(line, calls=(call,))
        first: Event = CallStarted(at=now, line=line.id, call=call)
        same = after.state is line.state
    else:
        if call == before:
            return line, ()
        after = replace(line, calls=(call,))
        first = CallChanged(at=now, line=line.id, call=call, previous=before)
        same = call.state is before.state
    if same:
        return after, (first,)
    return after, (first, LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=STATE_CHANGED))


def _drop(state: RccState, data: CallLine, now: datetime, *, listed: bool = False) -> Result:
    """A line is dropped, and remembered as such.

    An unknown one began and ended between two pushes, which is published, unless it is only ``listed``.
    """
    ref, line = data.line_id, state.line
    call = line.call_by_ref(ref)
    before = _dropped_at(state, ref) if call is None else None  # a line that is shown is none that was dropped
    unseen = call is None and before is None and not listed and ref not in state.gone
    others = state.dropped if before is None else tuple(pair for pair in state.dropped if pair[0] != ref)
    when = max(data.last_modification_time or 0, before or 0)
    mark = None
    asked = state.asked
    if asked:
        mark = next((one for one in asked if one.ref == ref and now - one.at <= ASKED), None)
        asked = tuple(one for one in asked if one.ref != ref)
    if len(others) >= REMEMBERED:
        others = others[1 - REMEMBERED :]
    state = RccState(
        line=line,
        times=tuple([pair for pair in state.times if pair[0] != ref]),
        dropped=(*others, (ref, when)),
        gone=state.gone,
        asked=asked,
    )
    if call is None and not unseen:
        return state, ()
    last = call_of(line, data, call, now)
    cause = data.state_cause.value if data.state_cause is not None else None
    outcome = Outcome.ANSWERED if last.answered else unanswered(last.direction)
    if mark is not None:
        outcome = mark.outcome
        last = replace(last, new_destination=mark.destination)
    over = ended(last, outcome, cause, now)
    if call is None:
        return state, (CallStarted(at=now, line=line.id, call=last), CallEnded(at=now, line=line.id, call=over))
    left = tuple([one for one in line.calls if one is not call])
    if left:
        return _with_calls(state, left, (over,), now)
    after = replace(line, calls=())
    gone = CallEnded(at=now, line=line.id, call=over)
    state = replace(state, line=after)
    if after.state is line.state:
        return state, (gone,)
    return state, (gone, LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=STATE_CHANGED))


def _with_calls(
    state: RccState, calls: tuple[CallSnapshot, ...], over: tuple[CallSnapshot, ...], now: datetime
) -> Result:
    line, events = with_calls(state.line, with_actions(calls), over, now)
    return (state if line is state.line else replace(state, line=line)), events


# One call


def call_of(
    line: LineSnapshot, data: CallLine, before: CallSnapshot | None, now: datetime | None, *, alone: bool = False
) -> CallSnapshot:
    """The call that a snapshot shows; what it does not say is as it was before.

    Where it is ``alone`` on its line, what may be done with it is known at once; else ``with_actions`` works it out.
    """
    if before is None:
        before = CallSnapshot(id=f"{line.id}:{data.line_id}", ref=data.line_id, line=line.id, started_at=now)
    direction = before.direction
    if data.is_incoming is not None:
        direction = _INCOMING if data.is_incoming else _OUTGOING
    state = before.state if data.state is None else _state(data, direction)
    answered = before.answered or state in _ESTABLISHED or bool(data.talking_time)
    answered_at = before.answered_at
    if state is _ACTIVE and not before.answered and now is not None:
        answered_at = now
    conference = bool(data.conference)
    own = _own(data.actions, state, direction, conference)
    cause = data.state_cause
    return CallSnapshot(
        before.id,
        before.ref,
        before.line,
        state,
        direction,
        _parties(data, before.parties, conference),
        before.called,
        before.legs,
        _now(own, state, True) if alone else before.actions,
        own,
        before.started_at,
        answered_at,
        before.ended_at,
        answered,
        cause._value_ if cause is not None else before.cause,
        before.end_cause,
        before.outcome,
        _RECORDING if data.is_recording else None,
        before.anonymous,
        before.associated_data,
        before.account_info,
        before.queue_wait,
        before.replaced_by,
        before.new_destination,
        before.ring_seconds,
        before.talk_seconds,
    )


def _state(data: CallLine, direction: Direction) -> CallState:
    word = data.state
    if word is not _PROMPTING:
        return _STATES.get(word, CallState.UNKNOWN) if word is not None else CallState.UNKNOWN
    here = _ANSWER in data.actions
    if direction is _OUTGOING:
        # The telephone of the caller rings first, where it can be answered.
        return CallState.DIALING if here else CallState.RINGING_OUTGOING
    if data.talking_time and not here:
        return CallState.RINGING_OUTGOING  # it was answered, and then sent on to someone whose telephone rings
    return CallState.RINGING_INCOMING if here or direction is _INCOMING else CallState.UNKNOWN


def _parties(data: CallLine, before: tuple[Party, ...], conference: bool) -> tuple[Party, ...]:
    """The other one. Of a conference the wire shows one, and that there are more."""
    number, label, outside = data.displayed_number, data.displayed_label, data.displayed_external_number
    if number is None and label is None and outside is None:
        shown = before[0] if before else SOMEONE
    else:
        named = number or outside or None
        kind = _EXTERNAL if named is not None and (not number or number == outside) else _NO_KIND
        if before and not conference and len(before) == 1:
            # Every snapshot says it again; what is as it was stays the same object.
            one = before[0]
            if one.number == named and one.name == (label or None) and one.kind is kind and not one.droppable:
                return before
        shown = Party("", named, label or None, None, kind, False, False)
    return (shown, SOMEONE) if conference else (shown,)


_OWN: dict[tuple[tuple[LineAction, ...], CallState, Direction, bool], frozenset[Action]] = {}
_MOST_SHARED: Final = 4096


def _own(
    offered: tuple[LineAction, ...], state: CallState, direction: Direction, conference: bool
) -> frozenset[Action]:
    """What a call line offers, in the words of the model; the same set is always the same object."""
    key = (offered, state, direction, conference)
    actions = _OWN.get(key)
    if actions is None:
        if len(_OWN) >= _MOST_SHARED:
            _OWN.clear()
        actions = _OWN[key] = _worked_out(offered, state, direction, conference)
    return actions


def _worked_out(
    offered: tuple[LineAction, ...], state: CallState, direction: Direction, conference: bool
) -> frozenset[Action]:
    actions = {ACTIONS[word] for word in offered if word in ACTIONS}
    if LineAction.LEAVE in offered or (not conference and LineAction.DISCONNECT in offered):
        actions.add(Action.HANG_UP)
    if LineAction.REDIRECT in offered:
        if state in _ESTABLISHED:
            actions.add(Action.BLIND_TRANSFER)
        elif state is CallState.RINGING_INCOMING:
            actions.add(Action.REDIRECT)
    return frozenset(actions)


def with_actions(calls: tuple[CallSnapshot, ...]) -> tuple[CallSnapshot, ...]:
    """The calls with what may be done now."""
    alone = len(calls) < 2
    result = []
    for call in calls:
        actions = _now(call.own_actions, call.state, alone)
        result.append(call if actions == call.actions else replace(call, actions=actions))
    return tuple(result)


_NOW: dict[tuple[frozenset[Action], CallState, bool], frozenset[Action]] = {}


def _now(own: frozenset[Action], state: CallState, alone: bool) -> frozenset[Action]:
    """What may be done: a transfer and a merger need another call, a consultation one that talks.

    The same set is always the same object.
    """
    key = (own, state, alone)
    actions = _NOW.get(key)
    if actions is None:
        if len(_NOW) >= _MOST_SHARED:
            _NOW.clear()
        actions = own - _WITH_ANOTHER if alone else own
        if state in _ESTABLISHED:
            actions |= {Action.CONSULT}
        _NOW[key] = actions
    return actions
