"""What the three applications share: logging out, listeners, and placing calls."""

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from .context import OK, Answer, Context, Route
from .lines import Line
from .refusals import bad_request, bad_terminal, not_found, out_of_service
from .sessions import APPLICATIONS, CRM, USER, Session, cookie_name

if TYPE_CHECKING:
    from ...switch.users import Device, User, Voicemail
    from .listeners import Listener

_AS_WRITTEN: Final = re.compile(r"[\s().\-/]+")
"""What people write between the digits of a number."""
MESSAGE: Final = "msgid="
"""Marks a number that plays a message from the user's mailbox."""


def log_out(ctx: Context) -> Answer:
    """``POST v1/service/Logout``, and GET."""
    session = ctx.session
    name = session.application
    if ctx.face.variants.foreign_logout_cookie:
        name = next(each for each in (USER, *APPLICATIONS) if each != name)
    ctx.face.sessions.close(session)
    gone = f"{cookie_name(name)}={session.id};Path={ctx.face.cookie_path};Expires=Thu, 01-Jan-1970 00:00:00 GMT"
    return Answer(HTTPStatus.NO_CONTENT, headers=(("Set-Cookie", gone),))


def terminal(ctx: Context, id: str) -> "Device":
    """Return the user's telephone with this identifier; refuses any other."""
    device = ctx.face.ids.terminal(ctx.user, id)
    if device is None:
        raise bad_terminal()
    return device


def create_listener(ctx: Context) -> dict[str, str]:
    """``POST v1/service/EventListener/bean``."""
    name = ctx.field("name")
    device = None
    form = ctx.face.variants.crm_listener
    named = ctx.body.get("terminalId")
    if ctx.session.application == CRM and form == "name" and named is not None:
        raise bad_request("terminalId: a listener has none")
    if ctx.session.application == CRM and (named is not None or form == "terminal"):
        found = terminal(ctx, ctx.field("terminalId"))
        if ctx.face.variants.refuse_listening and not ctx.user.usable(found):
            raise out_of_service()
        device = found.id
    listener = ctx.face.listeners.create(ctx.session, name, device)
    return {"name": listener.name, "restUri": listener.rest_uri}


def delete_listener(ctx: Context, name: str) -> Answer:
    """``DELETE v1/service/EventListener/bean/{name}``."""
    listener = ctx.session.listeners.get(name)
    if listener is None:
        raise not_found(f"there is no listener {name!r}")
    ctx.face.listeners.remove(listener)
    return OK


def bound(ctx: Context, *, device: "Device | None" = None) -> None:
    """Bind the listener that the query names, if any; refuses one that was not created."""
    name = ctx.query.get("listenerName", "").strip()
    if not name:
        return
    listener = _listener(ctx.session, name)
    if device is not None:
        if listener.device is None:
            listener.device = device.id
        elif listener.device != device.id:
            raise bad_terminal()
    ctx.face.listeners.bind(listener)


def _listener(session: Session, name: str) -> "Listener":
    listener = session.listeners.get(name)
    if listener is None:
        raise not_found(f"there is no listener {name!r}")
    return listener


def msgid(message: "Voicemail") -> str:
    """Return the part of a message's number that names it: its time and its id."""
    at = message.at
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}-{message.id.removeprefix('vm')}"


def place(ctx: Context, user: "User", device: "Device | None", destination: str) -> Line:
    """Call from a telephone of the user, or from the first that works. Refuses one that is out of service."""
    if device is None:
        device = next((each for each in user.devices.values() if user.usable(each)), None)
    if device is None or not user.usable(device):
        raise out_of_service()
    ctx.face.check_link(user)
    number = _AS_WRITTEN.sub("", destination.partition(";")[0])
    call = ctx.switch.make_call(user.login, device.id, number, message=_message(user, destination))
    line = ctx.face.lines.line(user.login, call.ref)
    assert line is not None
    return line


def _message(user: "User", destination: str) -> str | None:
    """Return the message that a destination plays; refuses one that is not the user's."""
    _, mark, rest = destination.partition(MESSAGE)
    if not mark:
        return None
    named = rest.partition(";")[0].strip()
    for message in user.voicemails:
        if msgid(message) == named:
            return message.id
    raise bad_request(f"destination: the mailbox has no message {named!r} to play")


ROUTES: Final = (
    Route("*", ("POST", "GET"), "v1/service/Logout", log_out, telephony=False),
    Route("*", ("POST",), "v1/service/EventListener/bean", create_listener, telephony=False),
    Route("*", ("DELETE",), "v1/service/EventListener/bean/{name}", delete_listener, telephony=False),
)
