"""The buttons of the page, carried out on the switch. They raise ``SwitchError``, or ``ValueError``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ...switch.calls import HELD, Call
from ...switch.errors import SwitchError

if TYPE_CHECKING:
    from ...switch import Switch
    from ...switch.users import User

Body = dict[str, Any]
_CONDITIONS: Final = ("IMMEDIATE", "BUSY", "NO_ANSWER", "BUSY_NO_ANSWER")


def _text(body: Body, name: str, *, needed: bool = True) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > 60 or (needed and not value.strip()):
        raise ValueError(f"{name}: type one, at most 60 characters.")
    return value.strip()


def _flag(body: Body, name: str) -> bool:
    value = body.get(name)
    if value is True or value is False:
        return value
    raise ValueError(f"{name}: it is true or false.")


def _phone(user: "User") -> str:
    """Return the telephone that a user lifts: the first that works."""
    for device in user.devices.values():
        if user.usable(device):
            return device.id
    raise ValueError("No telephone of this user is in service.")


def _leg(switch: "Switch", login: str, call: Call) -> str:
    """Return the telephone with which a user is in a call; of several that ring, the desk phone."""
    member = call.user(login)
    if member is None or not member.legs:
        raise ValueError("The call is over.")
    user = switch.users[login]
    return next((device for device in member.legs if not user.devices[device].mobile), next(iter(member.legs)))


def dial(switch: "Switch", login: str, body: Body) -> None:
    """Dial a number, on the lifted telephone if there is one."""
    user = switch.users[login]
    number = _text(body, "number")
    lifted = next((device.id for device in user.devices.values() if device.off_hook), None)
    if lifted is not None:
        switch.set_off_hook(login, lifted, False)
    switch.make_call(login, lifted or _phone(user), number, auto_answer=True)


def off_hook(switch: "Switch", login: str, body: Body) -> None:
    """Lift the telephone without a call, or put it back."""
    user = switch.users[login]
    if _flag(body, "on"):
        switch.set_off_hook(login, _phone(user), True)
        return
    for device in user.devices.values():
        if device.off_hook:
            switch.set_off_hook(login, device.id, False)


def do_not_disturb(switch: "Switch", login: str, body: Body) -> None:
    """Switch do-not-disturb."""
    switch.set_dnd(login, _flag(body, "on"))


def forward(switch: "Switch", login: str, body: Body) -> None:
    """Forward to a number, or to the voicemail."""
    number = _text(body, "number")
    condition = _text(body, "condition", needed=False).upper() or "IMMEDIATE"
    if condition not in _CONDITIONS:
        raise ValueError("condition: there is no such one.")
    if number.lower() == "voicemail":
        switch.set_forward(login, target="VOICEMAIL", condition=condition)
    else:
        switch.set_forward(login, number, condition=condition)


def cancel_forward(switch: "Switch", login: str, body: Body) -> None:
    """Cancel the forward."""
    switch.cancel_forward(login)


def call(switch: "Switch", login: str, body: Body) -> None:
    """Act on a call."""
    ref, action = _text(body, "ref"), _text(body, "action")
    if action not in _CALL_ACTIONS:
        raise ValueError("action: there is no such one.")
    found = next((each for each in switch.calls_of(login) if each.ref == ref), None)
    if found is None:
        raise SwitchError("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "The call is over.")
    _CALL_ACTIONS[action](switch, login, found, body)


def _other(switch: "Switch", login: str, call: Call, state: str) -> Call:
    for other in switch.calls_of(login):
        member = other.user(login)
        if other is not call and member is not None and member.state == state:
            return other
    raise SwitchError("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "There is no second call for that.")


def _answer(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.answer(login, call.ref, _leg(switch, login, call))


def _hold(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.hold(login, call.ref, _leg(switch, login, call))


def _retrieve(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.retrieve(login, call.ref, _leg(switch, login, call))


def _alternate(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.alternate(login, call.ref, _leg(switch, login, call))


def _consult(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.make_call(login, _leg(switch, login, call), _text(body, "number"), auto_answer=True)


def _transfer(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.transfer(login, call.ref, _other(switch, login, call, HELD).ref)


def _blind_transfer(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.blind_transfer(login, call.ref, _text(body, "number"))


def _merge(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.merge(login, call.ref, _other(switch, login, call, HELD).ref)


def _redirect(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.redirect(login, call.ref, _text(body, "number"))


def _voicemail(switch: "Switch", login: str, call: Call, body: Body) -> None:
    switch.overflow_to_voicemail(login, call.ref)


def _hang_up(switch: "Switch", login: str, call: Call, body: Body) -> None:
    """Leave a conference; any other call ends, and a ringing one is rejected."""
    if not call.conference and "terminate" in switch.call_actions(login, call.ref):
        switch.release(login, call.ref)
    else:
        switch.drop(login, call.ref)


_CALL_ACTIONS: Final[dict[str, Callable[["Switch", str, Call, Body], None]]] = {
    "answer": _answer,
    "hold": _hold,
    "retrieve": _retrieve,
    "alternate": _alternate,
    "consult": _consult,
    "transfer": _transfer,
    "blind_transfer": _blind_transfer,
    "merge": _merge,
    "redirect": _redirect,
    "voicemail": _voicemail,
    "hang_up": _hang_up,
}

ACTIONS: Final[dict[str, Callable[["Switch", str, Body], None]]] = {
    "dial": dial,
    "off_hook": off_hook,
    "call": call,
    "do_not_disturb": do_not_disturb,
    "forward": forward,
    "cancel_forward": cancel_forward,
}


def ring(switch: "Switch", body: Body) -> None:
    """Call from outside."""
    caller = _text(body, "from")
    if not caller.startswith(("0", "+")):
        raise ValueError("from: a number outside begins with 0 or +, such as 0015550123.")
    switch.incoming_external(caller, _text(body, "to"), _text(body, "name", needed=False) or None)


def outside_call(switch: "Switch", body: Body) -> None:
    """Answer or hang up outside."""
    ref, number, action = _text(body, "ref"), _text(body, "number"), _text(body, "action")
    if action == "answer":
        switch.external_answer(ref, number)
    elif action == "hang_up":
        switch.external_hang_up(ref, number)
    else:
        raise ValueError("action: there is no such one.")


OUTSIDE_ACTIONS: Final[dict[str, Callable[["Switch", Body], None]]] = {"ring": ring, "call": outside_call}
