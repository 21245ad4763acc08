"""How calls end."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ...model import CallSnapshot, CallState, Direction, Outcome
from .actions import NONE
from .words import DECIDED, UNANSWERED

_RELEASING: Final = CallState.RELEASING


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
    )


def ended_unseen(call: CallSnapshot) -> CallSnapshot:
    """A call whose end was not seen: it ended, at an unknown moment, and how is said only where it is known."""
    after = ended(call, None, None)
    if not call.answered and call.end_cause is None and call.state is not _RELEASING:
        # It may have been taken or given up: nobody saw.
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
