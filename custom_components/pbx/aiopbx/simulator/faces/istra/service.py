"""Logging out, and creating and deleting listeners: the same for the three applications."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from .context import OK, Answer, Context, Route
from .refusals import bad_terminal, not_found, out_of_service
from .sessions import APPLICATIONS, CRM, USER, Session, cookie_name

if TYPE_CHECKING:
    from ...switch.users import Device
    from .listeners import Listener


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
    """The telephone of the user that an identifier names; refuses one that is not its own."""
    device = ctx.face.ids.terminal(ctx.user, id)
    if device is None:
        raise bad_terminal()
    return device


def create_listener(ctx: Context) -> dict[str, str]:
    """``POST v1/service/EventListener/bean``."""
    name = ctx.field("name")
    device = None
    if ctx.session.application == CRM:
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
    """Bind the listener that the query names, if it does; refuses a name that was not created before."""
    name = ctx.query.get("listenerName", "").strip()
    if not name:
        return
    listener = _listener(ctx.session, name)
    if device is not None and listener.device != device.id:
        raise bad_terminal()
    ctx.face.listeners.bind(listener)


def _listener(session: Session, name: str) -> "Listener":
    listener = session.listeners.get(name)
    if listener is None:
        raise not_found(f"there is no listener {name!r}")
    return listener


ROUTES: Final = (
    Route("*", ("POST", "GET"), "v1/service/Logout", log_out, telephony=False),
    Route("*", ("POST",), "v1/service/EventListener/bean", create_listener, telephony=False),
    Route("*", ("DELETE",), "v1/service/EventListener/bean/{name}", delete_listener, telephony=False),
)
