"""Phones and the world outside as the page shows them: plain data."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ...switch.calls import EXTERNAL, RELEASING, RINGING_INCOMING, Call, CallView, Identity, Member

if TYPE_CHECKING:
    from ...switch import Switch
    from ...switch.users import Route, User

# The most engaged call determines the lamp.
_ENGAGEMENT: Final = (
    "ACTIVE",
    "RINGING_INCOMING",
    "RINGING_OUTGOING",
    "DIALING",
    "HELD",
    "RELEASING",
)
_TONES: Final = {
    "BUSY": "busy tone",
    "INVALID_NUMBER": "no such number",
    "ALL_TRUNK_BUSY": "all lines are busy",
    "DESTINATION_NOT_OBTAINABLE": "not obtainable",
}
_CONDITIONS: Final = {
    "IMMEDIATE": "",
    "BUSY": " when busy",
    "NO_ANSWER": " when not answered",
    "BUSY_NO_ANSWER": " when busy or not answered",
}


def phone_view(switch: "Switch", login: str) -> dict[str, Any]:
    """Return the present state of a phone."""
    user = switch.users[login]
    counters = switch.counters(login)
    views = switch.call_views(login)
    return {
        "login": login,
        "number": user.number,
        "name": f"{user.first_name} {user.last_name}".strip() or login,
        "note": "",
        "state": phone_state(user, views),
        "calls": [_call(switch, user, view, views) for view in views],
        "do_not_disturb": user.do_not_disturb,
        "forward": _forward(user.forward),
        "missed": counters.missed_calls,
        "voicemails": counters.voicemails or 0,
    }


def phone_state(user: "User", views: tuple[CallView, ...]) -> str:
    """Return the name of a phone's state."""
    states = {view.state for view in views}
    for state in _ENGAGEMENT:
        if state in states:
            return state.lower()
    if not any(user.usable(device) for device in user.devices.values()):
        return "out_of_service"
    return "lifted" if any(device.off_hook for device in user.devices.values()) else "idle"


def _call(switch: "Switch", user: "User", view: CallView, views: tuple[CallView, ...]) -> dict[str, Any]:
    call = switch.calls[view.ref]
    note = _TONES.get(call.tone or "", call.tone or "") if view.state == RELEASING else ""
    if view.state == RINGING_INCOMING and call.initial_called.number != user.number:
        note = f"for {call.initial_called.number}"
    if len(view.parties) > 1:
        note = "conference"
    return {
        "key": view.ref,
        "ref": view.ref,
        "state": view.state.lower(),
        "with": ", ".join("anonymous" if party.anonymous else name_of(party.identity) for party in view.parties)
        or name_of(call.initial_called),
        "since": call.started.timestamp(),
        "note": note,
        "actions": sorted(_actions(view, views)),
    }


def _actions(view: CallView, views: tuple[CallView, ...]) -> set[str]:
    """Return the buttons of a call that the switch allows now."""
    legs = frozenset().union(*(leg.actions for leg in view.legs)) if view.legs else frozenset()
    actions: set[str] = {name for name in ("answer", "hold", "retrieve") if name in legs}
    held = any(other.ref != view.ref and other.state == "HELD" for other in views)
    if view.state == "HELD" and any(other.state == "ACTIVE" for other in views):
        actions.add("alternate")
        actions.discard("retrieve")
    if view.state == "ACTIVE":
        if held and "transfer" in view.actions:
            actions.add("transfer")
        if held and "merge" in view.actions:
            actions.add("merge")
        if not held and "hold" in legs:
            actions.add("consult")
        if "blindTransfer" in view.actions:
            actions.add("blind_transfer")
    if view.state == RINGING_INCOMING and "redirect" in view.actions:
        actions.add("redirect")
    if "overflowToVoiceMail" in view.actions:
        actions.add("voicemail")
    if "drop" in legs or "terminate" in view.actions:
        actions.add("hang_up")
    return actions


def _forward(route: "Route | None") -> dict[str, Any] | None:
    if route is None:
        return None
    to = route.number or route.target.lower()
    return {
        "number": route.number or "",
        "condition": route.condition.lower(),
        "words": to + _CONDITIONS.get(route.condition, ""),
    }


def outside_view(switch: "Switch") -> list[dict[str, Any]]:
    """Return the calls of all parties outside."""
    return [
        _outside_call(call, member)
        for call in switch.calls.values()
        for member in call.members
        if member.kind == EXTERNAL
    ]


def _outside_call(call: Call, member: Member) -> dict[str, Any]:
    others = [other for other in call.members if other is not member]
    return {
        "key": f"{call.ref} {member.identity.number}",
        "ref": call.ref,
        "number": member.identity.number,
        "name": name_of(member.identity),
        "with": ", ".join(name_of(_shown(call, other)) for other in others),
        "state": member.state.lower(),
        "since": call.started.timestamp(),
        "note": "",
        "actions": ["answer", "hang_up"] if member.state == RINGING_INCOMING else ["hang_up"],
    }


def _shown(call: Call, member: Member) -> Identity:
    """Return how a party appears outside: a caller with the number that it shows."""
    if call.calling_number is not None and member.id == call.initiator:
        return replace(member.identity, number=call.calling_number)
    return member.identity


def name_of(identity: Identity) -> str:
    """Return a name with its number, or whichever there is."""
    name = f"{identity.first_name} {identity.last_name}".strip()
    if name and identity.number and name != identity.number:
        return f"{name} {identity.number}"
    return name or identity.number or "unknown"
