"""How calls end."""

from datetime import datetime

from msgspec.structs import replace

from ...model import CallSnapshot, CallState, Direction, Outcome


def unanswered(direction: Direction) -> Outcome:
    """How a call ended that nobody answered, where nothing else is told."""
    if direction is Direction.INCOMING:
        return Outcome.MISSED
    return Outcome.CANCELLED if direction is Direction.OUTGOING else Outcome.UNKNOWN


def ended(call: CallSnapshot, outcome: Outcome, cause: str | None, now: datetime | None) -> CallSnapshot:
    """The call after its end; ``now`` is none where that was not seen."""
    return replace(
        call,
        state=CallState.RELEASING,
        legs=(),
        actions=frozenset(),
        own_actions=frozenset(),
        ended_at=now,
        cause=cause or call.cause,
        end_cause=cause,
        outcome=outcome,
        recording=None,
    )


def ended_unseen(call: CallSnapshot) -> CallSnapshot:
    """A call whose end was not seen: one that was answered was; of another nobody knows."""
    return ended(call, Outcome.ANSWERED if call.answered else Outcome.UNKNOWN, None, None)
