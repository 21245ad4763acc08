"""Events and snapshots as text."""

from datetime import datetime
from typing import Any, Final

import msgspec

from .. import (
    AgentChanged,
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallStarted,
    CentreChanged,
    Condition,
    Counters,
    DigitsCollected,
    Direction,
    Event,
    Forward,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    LineState,
    LogChanged,
    NodeChanged,
    ObjectChanged,
    Outcome,
    Party,
    RouteEnded,
    RouteRequested,
    Routing,
    ServerStarted,
    StatisticsProgress,
    StatusChanged,
    Target,
    ToneChanged,
    TwinLinkChanged,
    WaitingChanged,
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
_NOT_SHOWN: Final = {"calls", "devices", "busy", "synced", "agent"}
"""Fields of a line whose changes have events of their own, or mean nothing to a reader."""
_PREPOSITION: Final = {Direction.INCOMING: "from", Direction.OUTGOING: "to", Direction.UNKNOWN: "with"}


def plain(value: str) -> str:
    """Return the value of an enumeration as words."""
    return value.replace("_", " ")


def parties(call: CallSnapshot) -> str:
    """Return the parties of a call."""
    if not call.parties:
        return str(call.called) if call.called and call.direction is not Direction.INCOMING else ""
    return ", ".join(str(party) for party in call.parties)


def call_text(call: CallSnapshot) -> str:
    """Return a call as one line: its state, its parties, and how it ended."""
    others = parties(call)
    text = plain(call.state.value) if call.outcome is None else f"ended: {plain(call.outcome.value)}"
    if others:
        text += f" {_PREPOSITION[call.direction]} {others}"
    if call.outcome is Outcome.ANSWERED and (length := call.talk_seconds) is not None:
        text += f", {length:.0f} s"
    if call.cause:
        text += f" [{call.cause}]"
    return text


def forward_text(forward: Forward | None) -> str:
    """Return where calls are forwarded to."""
    if forward is None:
        return ""
    to = "voicemail" if forward.target is Target.VOICEMAIL else forward.number or forward.target.value
    return to if forward.condition is Condition.IMMEDIATE else f"{to} ({plain(forward.condition.value)})"


def routing_text(routing: Routing | None) -> str:
    """Return do-not-disturb and forward."""
    if routing is None:
        return ""
    parts = ["do not disturb"] if routing.do_not_disturb else []
    if routing.forward:
        parts.append(f"→ {forward_text(routing.forward)}")
    return ", ".join(parts)


def counter_text(counters: Counters) -> str:
    """Return what is waiting for a user."""
    named = (
        ("missed", counters.missed_calls),
        ("voicemail", counters.voicemails),
        ("call-back", counters.callback_requests),
    )
    return ", ".join(f"{number} {word}" for word, number in named if number)


def event_text(event: Event, names: dict[str, str]) -> str:
    """Return an event as one line, or ``""`` if it means nothing to a reader; ``names`` says how lines are shown."""
    moment = clock(event.at)
    if isinstance(event, StatusChanged):
        reason = f": {event.reason}" if event.reason else ""
        return f"{moment} {event.status.value}{reason}"
    line = names.get(getattr(event, "line", ""), getattr(event, "line", ""))
    match event:
        case CallStarted() | CallChanged() | CallEnded():
            return f"{moment} {line}: call {event.call.id} {call_text(event.call)}"
        case LineChanged():
            changes = _changes(event)
            return f"{moment} {line}: {changes}" if changes else ""
        case LineAdded():
            return f"{moment} {line}: added, {plain(event.snapshot.state.value)}"
        case LineRemoved():
            return f"{moment} {line}: removed"
        case AgentChanged():
            return f"{moment} {line}: agent {plain(event.agent.state.value)}"
        case HelpRequested():
            return f"{moment} {line}: help requested ({event.number or 'no number'})"
        case HelpCancelled():
            return f"{moment} {line}: help request withdrawn ({event.number or 'no number'})"
        case LogChanged():
            return ""
        case NodeChanged():
            return f"{moment} node {event.node.id}: link {event.node.link.value}"
        case TwinLinkChanged():
            up = "up" if event.connected else "down"
            return f"{moment} link to the other server {event.host or 'of the pair'}: {up}"
        case ServerStarted():
            return f"{moment} the server has started"
        case LicenceExpiring():
            return f"{moment} {event.message or f'the licences end in {event.days} days'}"
        case ObjectChanged():
            return f"{moment} {event.name} {event.id}: {event.change.value}"
        case WaitingChanged():
            where = f" to {event.call.destination}" if event.call.destination else ""
            return f"{moment} pilot {event.pilot}: call of {event.call.caller or 'someone'} {event.change.value}{where}"
        case RouteRequested():
            return f"{moment} routing point {event.point}: {event.request.caller or 'someone'} looks for a route"
        case RouteEnded():
            how = "routed" if event.answered else "over without a route from here"
            return f"{moment} routing point {event.point}: {event.request.caller or 'someone'} {how}"
        case CentreChanged() | DigitsCollected() | ToneChanged() | StatisticsProgress():
            return ""
        case _:
            return f"{moment} {line}: {type(event).__name__}"


def _changes(event: LineChanged) -> str:
    parts = []
    for field in sorted(event.changed):
        if field == "state":
            parts.append(f"{plain(event.previous.state.value)} → {plain(event.snapshot.state.value)}")
        elif field == "routing":
            parts.append(f"routing: {routing_text(event.snapshot.routing) or 'calls come here'}")
        elif field == "counters":
            parts.append(f"waiting: {counter_text(event.snapshot.counters) or 'nothing'}")
        elif field not in _NOT_SHOWN:
            parts.append(f"{plain(field)} changed")
    return ", ".join(parts)


def clock(at: datetime) -> str:
    """Return the local time of day."""
    return f"{at.astimezone():%H:%M:%S}"


def day_and_time(at: datetime | None) -> str:
    """Return a moment in local time."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at is not None else ""


def duration(seconds: float | None) -> str:
    """Return a length as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}" if seconds is not None else ""


def party_text(party: Party | None) -> str:
    """Return the name and number of a party."""
    if party is None:
        return ""
    if party.name and party.number and party.name != party.number:
        return f"{party.name} ({party.number})"
    return party.label


def event_json(event: Event) -> str:
    """Return an event as one JSON object, its kind in ``event``; lines have their state, too."""
    plain_event: dict[str, Any] = {"event": type(event).__name__} | msgspec.to_builtins(event, order="deterministic")
    for name in ("snapshot", "previous"):
        line = getattr(event, name, None)
        if isinstance(line, LineSnapshot):
            plain_event[name]["state"] = line.state.value
    return msgspec.json.encode(plain_event).decode()
