"""Calls as the integration sees them: which one speaks for a line, which offers an action, what is shown of it."""

from typing import Any, Final

from .aiopbx import Action, Call, CallSnapshot, CallState, Feature, Line, LineSnapshot, tel_uri
from .errors import invalid

# Which of several calls speaks for a line: the client orders the states in the same way for the state of the line.
_ENGAGEMENT: Final = (
    CallState.ACTIVE,
    CallState.RINGING_INCOMING,
    CallState.RINGING_OUTGOING,
    CallState.DIALING,
    CallState.HELD,
    CallState.RELEASING,
    CallState.UNKNOWN,
)


def calls_by_engagement(snapshot: LineSnapshot) -> list[CallSnapshot]:
    """Return the calls of a line, the one that its user is busiest with first."""
    return sorted(snapshot.calls, key=lambda call: _ENGAGEMENT.index(call.state))


def call_offering(snapshot: LineSnapshot, *actions: Action) -> CallSnapshot | None:
    """Return the first call of a line, the busiest first, that offers one of these actions now."""
    for call in calls_by_engagement(snapshot):
        if call.actions.intersection(actions):
            return call
    return None


def find_call(line: Line, *actions: Action) -> Call:
    """Return the call of a line to do one of these actions to. Raises an error that lists what is offered instead."""
    if (offering := call_offering(line.snapshot, *actions)) is not None:
        return next(call for call in line.calls if call.id == offering.id)
    label = label_of(line.snapshot)
    if not line.calls:
        raise invalid("no_call", line=label)
    offered = sorted({action.value for call in line.calls for action in call.actions})
    raise invalid("no_call_offers", line=label, action=actions[0].value, offered=", ".join(offered) or "-")


def find_target(line: Line, *actions: Action) -> Call | Line:
    """Return what answers or hangs up: the call that offers it, or the line itself where its licence shows no calls."""
    return find_call(line, *actions) if shows_calls(line.snapshot) else line


def shows_calls(snapshot: LineSnapshot) -> bool:
    """Whether the calls of a line are visible; with TELEPHONY_BASIC they are not, and can be answered all the same."""
    return Feature.CALL_EVENTS in snapshot.features


def label_of(snapshot: LineSnapshot) -> str:
    """Return the name of a line for people: its name, else its number, else its id."""
    return snapshot.name or snapshot.number or snapshot.id


# What of a call says who is on the other end.
_WHO: Final = ("party_name", "party_number", "party_uri", "called_number")


def describe_call(call: CallSnapshot, *, hide_callers: bool = False) -> dict[str, Any]:
    """Return the attributes of a call, for automations and cards; on request without who is on the other end."""
    described = _describe(call)
    return described | dict.fromkeys(_WHO) if hide_callers else described


def _describe(call: CallSnapshot) -> dict[str, Any]:
    party = call.party
    return {
        "call_id": call.id,
        "call_state": call.state.value,
        "direction": call.direction.value,
        "party_name": party.name if party is not None else None,
        "party_number": party.number if party is not None else None,
        # Text that no template takes for a number: calling party_number back would lose its + and its zeros.
        "party_uri": tel_uri(party.number) if party is not None else None,
        "called_number": call.called.number if call.called is not None else None,
        "conference": call.conference,
        "started_at": call.started_at.isoformat() if call.started_at else None,
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "actions": sorted(action.value for action in call.actions),
    }
