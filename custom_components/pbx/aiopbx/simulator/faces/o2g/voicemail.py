"""The voicemail service: mailboxes, connecting to them, their messages and recordings."""

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from ....o2g.types import voicemail as wire
from ... import sound
from ...switch.calls import EXTERNAL, SERVICE
from ...switch.errors import SwitchError
from .context import Context, Handler, Route, Stream
from .refusals import NOT_EXPECTED, NOT_FOUND, Refusal, bad_parameter, not_allowed
from .sessions import Session, iso

if TYPE_CHECKING:
    from ...switch.calls import Identity
    from ...switch.users import User, Voicemail

_connected: WeakKeyDictionary[Session, set[str]] = WeakKeyDictionary()
"""Return the users whose mailboxes a session has connected to."""

CAPABILITIES: Final = wire.MailBoxCapabilities(list_messages=True, get_messages=True, events=True)


def _name(user: "User") -> str:
    return f"{user.first_name} {user.last_name}".strip() or user.login


def mailboxes(ctx: Context) -> wire.MailBoxes:
    """``GET /messaging/mailboxes``: the user's mailbox, if there is one."""
    user = ctx.switch.user(ctx.user)
    if not user.voicemail:
        return wire.MailBoxes()
    return wire.MailBoxes(mailboxes=(wire.MailBox(id=user.number, name=_name(user), capabilities=CAPABILITIES),))


def _mailbox(ctx: Context, mailbox_id: str) -> str:
    """Return the login of the mailbox's user, which is the user of the request."""
    user = ctx.switch.user(ctx.user)
    if not user.voicemail or mailbox_id != user.number:
        raise Refusal(NOT_FOUND, f"mailboxId: {ctx.user} has no mailbox {mailbox_id!r}.", status=400)
    return user.login


def _open(ctx: Context, mailbox_id: str) -> str:
    """Like ``_mailbox``; refuses a mailbox that the session has not connected to."""
    login = _mailbox(ctx, mailbox_id)
    if login not in _connected.get(ctx.session, ()):
        raise Refusal(NOT_EXPECTED, f"mailboxId: connect to the mailbox {mailbox_id} first.")
    return login


def connect(ctx: Context, mailbox_id: str) -> wire.MailBoxInfo:
    """``POST /messaging/mailboxes/{mailboxId}``."""
    login = _mailbox(ctx, mailbox_id)
    account = ctx.server.accounts.get(login)
    users = account.password if account is not None else ""
    expected = users if account is None or account.mailbox_password is None else account.mailbox_password
    if "withUserPwd" in ctx.query:
        given = users
    elif ctx.body is None or ctx.body.password is None:
        raise bad_parameter("password", "must be given, unless withUserPwd is")
    else:
        given = ctx.body.password
    if not hmac.compare_digest(given.encode(), expected.encode()):
        if "withUserPwd" in ctx.query:
            raise not_allowed("withUserPwd: the mailbox has a password of its own.")
        raise not_allowed("password: it is not that of the mailbox.")
    _connected.setdefault(ctx.session, set()).add(login)
    info = ctx.switch.mailboxes.info(login)
    return wire.MailBoxInfo(total_voice_msg=info.total, new_voice_msg=info.unread, storage_usage=info.usage)


def _from(identity: "Identity") -> wire.PartyInfo:
    named = identity.kind in (EXTERNAL, SERVICE)
    return wire.PartyInfo(
        id=wire.Identifier(login_name=identity.login, phone_number=identity.number or None),
        first_name=None if named else identity.first_name or None,
        last_name=None if named else identity.last_name or None,
        display_name=(identity.last_name or None) if named else None,
    )


def _describe(message: "Voicemail") -> wire.Voicemail:
    return wire.Voicemail(
        voicemail_id=message.id,
        from_=_from(message.caller) if message.caller is not None else None,
        duration=message.seconds,
        date=iso(message.at),
        unread=not message.read,
        high_priority=message.urgent,
    )


def _whole(ctx: Context, name: str, least: int, default: int) -> int:
    value = ctx.query.get(name)
    if value is None:
        return default
    try:
        number = int(value) if value.isascii() and len(value) <= 9 else least - 1
    except ValueError:
        number = least - 1
    if number < least:
        raise bad_parameter(name, f"{value!r} is no whole number of {least} or more")
    return number


def messages(ctx: Context, mailbox_id: str) -> wire.Voicemails:
    """``GET /messaging/mailboxes/{mailboxId}/voicemails``: newest first."""
    offset, limit = _whole(ctx, "offset", 0, 0), _whole(ctx, "limit", -1, -1)
    unread = ctx.query.get("newOnly", "false").lower()
    if unread not in ("true", "false"):
        raise bad_parameter("newOnly", f"{unread!r} is neither true nor false")
    found = ctx.switch.mailboxes.messages(_open(ctx, mailbox_id), unread=unread == "true")
    page = found[offset:] if limit < 0 else found[offset : offset + limit]
    return wire.Voicemails(voicemails=tuple(_describe(message) for message in page))


def delete_some(ctx: Context, mailbox_id: str) -> None:
    """``DELETE /messaging/mailboxes/{mailboxId}/voicemails``: those named, or all if none are named."""
    login = _open(ctx, mailbox_id)
    named = ctx.query.get("msgIds")
    ids: Iterable[str] | None = None
    if named is not None:
        ids = [part.strip() for part in named.replace(";", ",").split(",") if part.strip()]
        if not ids:  # an empty list is a mistake and does not mean all
            raise bad_parameter("msgIds", "names no message; left out, all are meant")
    ctx.switch.mailboxes.delete(login, ids)


def _message(ctx: Context, mailbox_id: str, voicemail_id: str) -> tuple[str, "Voicemail"]:
    login = _open(ctx, mailbox_id)
    try:
        return login, ctx.switch.mailboxes.find(login, voicemail_id)
    except SwitchError as error:
        raise Refusal(NOT_FOUND, f"voicemailId: {error.message}", status=400) from error


def delete_one(ctx: Context, mailbox_id: str, voicemail_id: str) -> None:
    """``DELETE /messaging/mailboxes/{mailboxId}/voicemails/{voicemailId}``."""
    login, message = _message(ctx, mailbox_id, voicemail_id)
    ctx.switch.mailboxes.delete(login, [message.id])


def recording(ctx: Context, mailbox_id: str, voicemail_id: str) -> Stream:
    """``GET /messaging/mailboxes/{mailboxId}/voicemails/{voicemailId}``: the sound. The message counts as heard."""
    login, message = _message(ctx, mailbox_id, voicemail_id)
    message = ctx.switch.mailboxes.read(login, message.id)
    if message.sound is not None:
        return Stream((message.sound,), len(message.sound), file_name=f"{message.id}.wav")
    return Stream(
        sound.message(message.number, message.seconds),
        sound.length(message.seconds),
        file_name=f"{message.id}.wav",
    )


def _route(method: str, path: str, handler: Handler, body: type | None = None) -> Route:
    return Route(  # a connection may be made without a body, with the user's password
        method,
        f"/messaging/mailboxes{path}",
        handler,
        body,
        body_required=False,
        licence="messaging",
        user="named",
    )


ROUTES: Final = (
    _route("GET", "", mailboxes),
    _route("POST", "/{mailboxId}", connect, wire.ConnectRequest),
    _route("GET", "/{mailboxId}/voicemails", messages),
    _route("DELETE", "/{mailboxId}/voicemails", delete_some),
    _route("DELETE", "/{mailboxId}/voicemails/{voicemailId}", delete_one),
    _route("GET", "/{mailboxId}/voicemails/{voicemailId}", recording),
)
