"""Events and snapshots in words."""

from datetime import datetime
from typing import Any, Final

import msgspec

from ..events import (
    AgentChanged,
    CallChanged,
    CallEnded,
    CallStarted,
    Event,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineChanged,
    LineRemoved,
    LogChanged,
    NodeChanged,
    ObjectChanged,
    StatusChanged,
)
from ..model import (
    CallSnapshot,
    Condition,
    Counters,
    Direction,
    Forward,
    LineSnapshot,
    LineState,
    Outcome,
    Routing,
    Target,
)

STATE_STYLE: Final = {
    LineState.IDLE: "dim",
    LineState.DIALING: "magenta",
    LineState.RINGING_OUTGOING: "magenta",
    LineState.RINGING_INCOMING: "bold yellow",
    LineState.ACTIVE: "bold green",
    LineState.HELD: "cyan",
    LineState.RELEASING: "dim",
    LineState.BUSY: "green",
    LineState.OUT_OF_SERVICE: "red",
    LineState.UNKNOWN: "dim",
}
_TOLD_OTHERWISE: Final = {"calls", "devices", "busy", "synced", "agent"}
"""Fields whose changes are told by events of their own, or say nothing to a reader."""
_ARROW: Final = {Direction.INCOMING: "from", Direction.OUTGOING: "to", Direction.UNKNOWN: "with"}


def plain(word: str) -> str:
    """Return an enumeration's value as words."""
    return word.replace("_", " ")


def parties(call: CallSnapshot) -> str:
    """Return who is in the call, in words."""
    if not call.parties:
        return str(call.called) if call.called and call.direction is not Direction.INCOMING else ""
    return ", ".join(str(party) for party in call.parties)


def call_words(call: CallSnapshot) -> str:
    """Return a call as one line: its state, with whom, and how it ended."""
    who = parties(call)
    words = plain(call.state.value) if call.outcome is None else f"ended: {plain(call.outcome.value)}"
    if who:
        words += f" {_ARROW[call.direction]} {who}"
    if call.outcome is Outcome.ANSWERED and (length := seconds_of(call)) is not None:
        words += f", {length:.0f} s"
    if call.cause:
        words += f" [{call.cause}]"
    return words


def seconds_of(call: CallSnapshot) -> float | None:
    """Return how long they talked; none where a moment was not seen."""
    if call.answered_at is None or call.ended_at is None:
        return None
    return (call.ended_at - call.answered_at).total_seconds()


def forward_words(forward: Forward | None) -> str:
    """Return where calls go, in words."""
    if forward is None:
        return ""
    to = "voicemail" if forward.target is Target.VOICEMAIL else forward.number or forward.target.value
    return to if forward.condition is Condition.IMMEDIATE else f"{to} ({plain(forward.condition.value)})"


def routing_words(routing: Routing | None) -> str:
    """Return do-not-disturb, forward and overflow in words."""
    if routing is None:
        return ""
    said = ["do not disturb"] if routing.do_not_disturb else []
    if routing.forward:
        said.append(f"→ {forward_words(routing.forward)}")
    return ", ".join(said)


def counter_words(counters: Counters) -> str:
    """Return what waits for a user, in words."""
    named = (
        ("missed", counters.missed_calls),
        ("voicemail", counters.voicemails),
        ("call-back", counters.callback_requests),
    )
    return ", ".join(f"{number} {word}" for word, number in named if number)


def event_words(event: Event, names: dict[str, str]) -> str:
    """Return an event as one line, or nothing if there is nothing to read; ``names`` says how lines are shown."""
    moment = clock(event.at)
    if isinstance(event, StatusChanged):
        reason = f": {event.reason}" if event.reason else ""
        return f"{moment} {event.status.value}{reason}"
    line = names.get(getattr(event, "line", ""), getattr(event, "line", ""))
    match event:
        case CallStarted() | CallChanged() | CallEnded():
            return f"{moment} {line}: call {event.call.id} {call_words(event.call)}"
        case LineChanged():
            changes = _changes(event)
            return f"{moment} {line}: {changes}" if changes else ""
        case LineAdded():
            return f"{moment} {line}: there, {plain(event.snapshot.state.value)}"
        case LineRemoved():
            return f"{moment} {line}: gone"
        case AgentChanged():
            return f"{moment} {line}: agent {plain(event.agent.state.value)}"
        case HelpRequested():
            return f"{moment} {line}: help asked for ({event.number or 'nobody named'})"
        case HelpCancelled():
            return f"{moment} {line}: no help needed ({event.number or 'nobody named'})"
        case LogChanged():
            return ""
        case NodeChanged():
            return f"{moment} node {event.node.id}: link {event.node.link.value}"
        case LicenceExpiring():
            return f"{moment} {event.message or f'the licences end in {event.days} days'}"
        case ObjectChanged():
            return f"{moment} {event.name} {event.id}: {event.change.value}"
        case _:
            return f"{moment} {line}: {type(event).__name__}"


def _changes(event: LineChanged) -> str:
    said = []
    for field in sorted(event.changed):
        if field == "state":
            said.append(f"{plain(event.previous.state.value)} → {plain(event.snapshot.state.value)}")
        elif field == "routing":
            said.append(f"routing: {routing_words(event.snapshot.routing) or 'calls come here'}")
        elif field == "counters":
            said.append(f"waiting: {counter_words(event.snapshot.counters) or 'nothing'}")
        elif field not in _TOLD_OTHERWISE:
            said.append(f"{plain(field)} changed")
    return ", ".join(said)


def clock(at: datetime) -> str:
    """Return the time of day where the reader is."""
    return f"{at.astimezone():%H:%M:%S}"


def event_json(event: Event) -> str:
    """Return an event as one JSON object, its kind in ``event``; lines tell their state, too."""
    plain_event: dict[str, Any] = {"event": type(event).__name__} | msgspec.to_builtins(event, order="deterministic")
    for name in ("snapshot", "previous"):
        line = getattr(event, name, None)
        if isinstance(line, LineSnapshot):
            plain_event[name]["state"] = line.state.value
    return msgspec.json.encode(plain_event).decode()
