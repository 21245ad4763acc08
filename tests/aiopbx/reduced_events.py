"""What has to hold of every step of a reducer, whichever wire it reads."""

from datetime import datetime

from aiopbx import CallChanged, CallEnded, CallStarted, Event, LineChanged, LineEvent, LineSnapshot

TOLD_BY_CALLS = {"calls", "synced"}


def check_events(before: LineSnapshot, after: LineSnapshot, events: tuple[Event, ...], now: datetime) -> None:
    """The events say what changed, all of it, once, in order, and nothing else."""
    for event in events:
        assert event.at == now
        assert isinstance(event, LineEvent)
        assert event.line == after.id
    old = {call.id: call for call in before.calls}
    new = {call.id: call for call in after.calls}
    assert len(new) == len(after.calls), "an id is given twice"
    ended = [event.call.id for event in events if isinstance(event, CallEnded)]
    assert ended == [id_ for id_ in old if id_ not in new]
    started = [event.call for event in events if isinstance(event, CallStarted)]
    assert started == [call for call in after.calls if call.id not in old]
    changes = [(event.previous, event.call) for event in events if isinstance(event, CallChanged)]
    assert changes == [(old[call.id], call) for call in after.calls if call.id in old and old[call.id] != call]
    fields = {name for name in after.__struct_fields__ if getattr(before, name) != getattr(after, name)}
    if before.state is not after.state:
        fields.add("state")
    lines = [event for event in events if isinstance(event, LineChanged)]
    if not lines:
        assert fields <= TOLD_BY_CALLS, "a silent change"
        return
    (changed,) = lines
    assert changed is events[-1], "the line comes last"
    assert (changed.previous, changed.snapshot.calls) == (before, after.calls)
    assert changed.snapshot.state is after.state
    assert changed.changed - {"synced"} == fields - {"synced"}
