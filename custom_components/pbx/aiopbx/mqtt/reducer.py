"""What becomes of a line when a state of it arrives: the new line, and the events for the difference."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ..events import AgentChanged, CallEnded, CallStarted, Event
from ..model import CallSnapshot, LineSnapshot, Outcome
from ..store import Reduced, with_calls, with_fields
from .topics import LineState

_FIELDS: Final = tuple(name for name in LineSnapshot.__struct_fields__ if name not in ("id", "calls", "synced"))


def reduce(
    former: LineSnapshot, state: LineState, known: frozenset[str] | None, now: datetime, *, synced: bool
) -> Reduced:
    """Make the line of a state. ``known`` are the calls that were known as ended; None where nothing was known."""
    new = state.line
    there = {call.id for call in new.calls}
    told = {call.id: call for call in state.ended}
    finished = tuple(told.get(call.id) or over(call, now) for call in former.calls if call.id not in there)
    line = former if former.synced is synced else replace(former, synced=synced)
    missed: list[Event] = []
    if known is not None:
        before = {call.id for call in former.calls} | known
        for call in state.ended:
            if call.id not in before and call.id not in there:
                # It began and ended between two states that have come.
                begun = replace(call, outcome=None, ended_at=None, end_cause=None, ring_seconds=None, talk_seconds=None)
                missed += [
                    CallStarted(at=now, line=line.id, call=begun),
                    CallEnded(at=now, line=line.id, call=call),
                ]
    agent_before = former.agent
    line, events = with_calls(line, new.calls, finished, now)
    changes = {name: getattr(new, name) for name in _FIELDS}
    line, more = with_fields(line, now, **changes)
    if new.agent is not None and new.agent != agent_before:
        more += (AgentChanged(at=now, line=line.id, agent=new.agent, previous=agent_before),)
    return line, (*missed, *events, *more)


def over(call: CallSnapshot, now: datetime) -> CallSnapshot:
    """A call that has ended, and no one saw how."""
    return replace(call, outcome=Outcome.ANSWERED if call.answered else Outcome.UNKNOWN, ended_at=now, legs=())
