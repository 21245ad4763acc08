"""myIstra: voicemails, call history, placing calls, the user, the caller ID, and the counters."""

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from ...switch.calls import DEVICE, EXTERNAL, SERVICE, USER as A_USER, Identity
from ...switch.changes import LogPart, LogRecord
from . import shared
from .audio import recording
from .context import OK, Answer, Context, Route, boolean
from .identifiers import record_id, terminal_id, user_id, voicemail_id
from .lines import display_of
from .refusals import bad_request, forbidden, not_found
from .sessions import USER

if TYPE_CHECKING:
    from ...switch.users import Device, User, Voicemail

VOICEMAILS: Final = "v1/logs/Voicemail/bean"
RECORDS: Final = "v1/logs/Phone/bean"
USERS: Final = "v1/user/IUser"
VERSION: Final = "9.1"
BUILD: Final = "9.1.0-simulator"
FROM_PRESENCE: Final = "FromPresenceState"
MANUAL: Final = "ManualSetting"
ALSO_MANUAL: Final = "manualCustomCallerID"
"""The guide's other name for it."""
_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")


# -- voicemails -------------------------------------------------------------------------------------------------


def _voicemail(ctx: Context, message: "Voicemail") -> dict[str, Any]:
    user = ctx.user
    key = voicemail_id(user.login, message.id)
    name = shared.msgid(message)
    caller = message.caller
    shown = display_of(ctx.switch, caller) if caller is not None else None
    return {
        "msgid": name,
        "filename": f"{'old' if message.read else 'new'}-{name}.au",
        "id": key,
        "restUri": f"{VOICEMAILS}/{key}",
        "playNumber": f"{user.voicemail_number};lra={user.number};cd msgid={name}",
        "timestamp": str(round(message.at.timestamp() * 1000)),
        "durationSecond": message.seconds,
        "remoteNumber": message.number,
        "restUriContact": f"{USERS}/{user_id(shown.login)}" if shown is not None and shown.login else "",
        "remoteLabel": shown.label if shown is not None else "anonymous",
        "type": "external" if shown is not None and shown.external else "internal",
        "priority": "urgent" if message.urgent else "normal",
        "read": message.read,
        "callbackNumber": message.number,
    }


def _listed(ctx: Context, items: list[Any]) -> dict[str, Any]:
    """Return a page of a list. As in the guide, ``count`` is the number of entries on the page."""
    variants = ctx.face.variants
    offset = ctx.whole("offset", 0)
    page = items[offset : offset + ctx.whole("length", len(items))]
    return {"count": len(items) if variants.total_counts else len(page)} | variants.listed("items", page)


def voicemails(ctx: Context) -> dict[str, Any]:
    """``GET v1/logs/Voicemail/bean``: newest first; empty if there is no mailbox."""
    user = ctx.user
    messages = ctx.switch.mailboxes.messages(user.login) if user.voicemail else ()
    return _listed(ctx, [_voicemail(ctx, message) for message in messages])


def _message(ctx: Context, id: str) -> "Voicemail":
    user = ctx.user
    for message in user.voicemails:
        if voicemail_id(user.login, message.id) == id:
            return message
    raise not_found(f"there is no voicemail {id!r}")


def voicemail(ctx: Context, id: str) -> Any:
    """``GET v1/logs/Voicemail/bean/{id}``, or its sound if the id has an extension."""
    name, dot, ending = id.partition(".")
    message = _message(ctx, name)
    return _sound(ctx, message, ending) if dot else _voicemail(ctx, message)


def _sound(ctx: Context, message: "Voicemail", format: str) -> Answer:
    """``GET v1/logs/Voicemail/bean/{id}.{audioFormat}``: fetching it does not make it read."""
    made = recording(format, message.number, message.seconds)
    if made is None:
        raise bad_request(f"audioFormat: {format!r} is not one of ogg, aac, mp4, au")
    if message.sound is not None:
        made = made._replace(length=len(message.sound), pieces=iter((message.sound,)))
    headers = [("Content-Type", made.media_type)]
    if ctx.flag("dl"):
        headers.append(("Content-Disposition", f'attachment; filename="{shared.msgid(message)}.{format}"'))
    return Answer(headers=tuple(headers), pieces=made.pieces, length=made.length)


def change_voicemail(ctx: Context, id: str) -> dict[str, Any]:
    """``PUT v1/logs/Voicemail/bean/{id}``: read or not."""
    message = _message(ctx, id)
    body = ctx.body
    if "read" in body:
        message = ctx.switch.mailboxes.read(ctx.user.login, message.id, boolean("read", body["read"]))
    return _voicemail(ctx, message)


def delete_voicemail(ctx: Context, id: str) -> Answer:
    """``DELETE v1/logs/Voicemail/bean/{id}``."""
    ctx.switch.mailboxes.delete(ctx.user.login, [_message(ctx, id).id])
    return OK


# -- the call history -------------------------------------------------------------------------------------------

_SERVICES: Final = {"voicemail": "VOICEMAIL", "hunting-group": "GROUP", "dva": "MEDIASERVER", "pilot": "ACD_GROUP"}
_KINDS: Final = {A_USER: "STATION", DEVICE: "STATION", EXTERNAL: "EXTERNAL_NUMBER"}


def _type(identity: Identity) -> str:
    if identity.kind == SERVICE:
        return _SERVICES.get(identity.sub_type or "", "UNKNOWN")
    return _KINDS.get(identity.kind, "UNKNOWN")


def _remote(record: LogRecord) -> LogPart | None:
    """Return the other party of a call: the first one, or the number dialled if there was none."""
    other = next((part for part in record.parts if part.role is None), None)
    if other is not None:
        return other
    called = next((part.initial_called for part in record.parts if part.initial_called is not None), None)
    return LogPart(called) if called is not None else None


def _record(ctx: Context, record: LogRecord) -> dict[str, Any]:
    user = ctx.user
    key = record_id(record.id)
    remote = _remote(record)
    known = remote is not None and not remote.anonymous
    shown = display_of(ctx.switch, remote.identity, anonymous=remote.anonymous) if remote is not None else None
    end = record.end or record.begin
    rang = (record.conversation or end) - record.begin
    talked = end - record.conversation if record.conversation is not None else None
    return {
        "restUri": f"{RECORDS}/{key}",
        "callHistoryId": key,
        "isIncoming": record.role == "CALLEE",
        "isMissed": record.missed,
        "isRejected": False,
        "isWritten": False,
        "remoteLabel": shown.label if shown is not None else "",
        "remoteType": ctx.face.variants.remote_type or (_type(remote.identity) if remote is not None else "UNKNOWN"),
        "ringDurationSecond": round(rang.total_seconds()),
        "talkDurationSecond": round(talked.total_seconds()) if talked is not None else 0,
        "timestamp": str(round(record.begin.timestamp() * 1000)),
        "callbackNumber": remote.identity.number if remote is not None and known else "",
        "userEntName": ctx.face.settings.enterprise,
        "userNumber": user.number,
    }


def _records(ctx: Context) -> list[LogRecord]:
    """Return the finished calls, newest first."""
    return [record for record in reversed(ctx.switch.log.records(ctx.user.login)) if record.end is not None]


def records(ctx: Context) -> dict[str, Any]:
    """``GET v1/logs/Phone/bean``."""
    incoming, missed = ctx.flag("isIncoming"), ctx.flag("isMissed")
    found = [
        record
        for record in _records(ctx)
        if (incoming is None or (record.role == "CALLEE") == incoming) and (missed is None or record.missed == missed)
    ]
    return _listed(ctx, [_record(ctx, record) for record in found])


def _found(ctx: Context, id: str) -> LogRecord:
    for record in _records(ctx):
        if record_id(record.id) == id:
            return record
    raise not_found(f"there is no call {id!r} in the history")


def record(ctx: Context, id: str) -> dict[str, Any]:
    """``GET v1/logs/Phone/bean/{id}``."""
    return _record(ctx, _found(ctx, id))


def delete_record(ctx: Context, id: str) -> Answer:
    """``DELETE v1/logs/Phone/bean/{id}``."""
    ctx.switch.log.delete(ctx.user.login, [_found(ctx, id).id])
    return OK


# -- calls ------------------------------------------------------------------------------------------------------


def place_call(ctx: Context, id: str) -> Answer:
    """``POST v1/user/Terminal/{id}/placeCall``."""
    device = shared.terminal(ctx, id)
    shared.place(ctx, ctx.user, device, ctx.field("destination"))
    return OK


# -- the user ---------------------------------------------------------------------------------------------------

_LABELS: Final = {"DESKPHONE": "Desk phone", "SOFTPHONE": "Soft phone", "DECT": "Cordless phone", "MOBILE": "Mobile"}


def _label(device: "Device") -> str:
    return f"{_LABELS.get(device.kind, device.kind)} {device.id}"


def _caller_id(ctx: Context, user: "User") -> dict[str, Any]:
    choice = FROM_PRESENCE
    if user.caller_id is not None:
        choice = ctx.face.variants.manual_choice
    return {
        "customCallerIDChoice": choice,
        "customCallerID": user.shown_number or "",
        "restUri": f"{USERS}/{user_id(user.login)}",
    }


def info(ctx: Context) -> dict[str, Any]:
    """``GET v1/user/Info``."""
    user = ctx.user
    return {
        "userName": user.name,
        "istraVersion": VERSION,
        "istraBuildID": BUILD,
        "ent": {"fullName": ctx.face.settings.enterprise},
        "terminals": [
            {"abstractTerminalID": terminal_id(user.login, device.id), "label": _label(device)}
            for device in user.devices.values()
        ],
        "user": _caller_id(ctx, user) | {"login": user.login, "addressNumber": user.number},
    }


def _own(ctx: Context, id: str) -> "User":
    user = ctx.user
    if user_id(user.login) != id:
        if ctx.face.ids.login(user_id, id) is None:
            raise not_found(f"there is no user {id!r}")
        raise forbidden("only the own settings can be seen and changed")
    return user


def _scope(ctx: Context, found: dict[str, Any]) -> dict[str, Any]:
    """Keep only the fields named by ``rt``, and always the URI. Commas or dots separate the names."""
    wanted = ctx.query.get("rt", "").replace(".", ",")
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    return {name: value for name, value in found.items() if not names or name in names or name == "restUri"}


def get_user(ctx: Context, id: str) -> dict[str, Any]:
    """``GET v1/user/IUser/{id}``."""
    user = _own(ctx, id)
    everything = {"userName": user.name, "login": user.login, "addressNumber": user.number}
    return _scope(ctx, _caller_id(ctx, user) | (everything if not ctx.query.get("rt", "").strip() else {}))


def change_user(ctx: Context, id: str) -> dict[str, Any]:
    """``PUT v1/user/IUser/{id}``: the caller ID. The answer repeats what was sent, with the URI."""
    user = _own(ctx, id)
    body = ctx.body
    choice = ctx.text("customCallerIDChoice", body.get("customCallerIDChoice"))
    if choice == FROM_PRESENCE:
        ctx.switch.set_caller_id(user.login, None)
    elif choice in (MANUAL, ALSO_MANUAL):
        number = body.get("manualCustomCallerID", body.get("customCallerID"))
        ctx.switch.set_caller_id(user.login, _caller_number(ctx, ctx.text("manualCustomCallerID", number)))
    else:
        raise bad_request(f"customCallerIDChoice: {choice!r} is neither {FROM_PRESENCE} nor {MANUAL}")
    return body | {"restUri": f"{USERS}/{user_id(user.login)}"}


def _caller_number(ctx: Context, number: str) -> str:
    if _E164.fullmatch(number) is None:
        raise bad_request(f"manualCustomCallerID: {number!r} is no number of E.164, such as +15550100")
    if not any(fnmatchcase(number, pattern) for pattern in ctx.face.settings.caller_ids):
        raise bad_request(f"manualCustomCallerID: {number} may not be shown by this platform")
    return number


def notifications(ctx: Context) -> dict[str, Any]:
    """``GET v1/logs/Notifications/bean``: the counters; with a listener, their changes are pushed."""
    shared.bound(ctx)
    return ctx.face.listeners.counters_of(ctx.user.login)


def _both(path: str) -> tuple[str, str]:
    """Return a path with and without ``bean``."""
    return f"{path}/{{id}}", f"{path.removesuffix('/bean')}/{{id}}"


ROUTES: Final = (
    Route(USER, ("GET",), VOICEMAILS, voicemails),
    Route(USER, ("GET",), VOICEMAILS.removesuffix("/bean"), voicemails),
    *(Route(USER, ("GET",), path, voicemail) for path in _both(VOICEMAILS)),
    *(Route(USER, ("PUT",), path, change_voicemail) for path in _both(VOICEMAILS)),
    *(Route(USER, ("DELETE",), path, delete_voicemail) for path in _both(VOICEMAILS)),
    Route(USER, ("GET",), RECORDS, records),
    Route(USER, ("GET",), RECORDS.removesuffix("/bean"), records),
    *(Route(USER, ("GET",), path, record) for path in _both(RECORDS)),
    *(Route(USER, ("DELETE",), path, delete_record) for path in _both(RECORDS)),
    Route(USER, ("POST",), "v1/user/Terminal/{id}/placeCall", place_call),
    Route(USER, ("GET",), "v1/user/Info", info),
    Route(USER, ("GET",), f"{USERS}/{{id}}", get_user),
    Route(USER, ("PUT",), f"{USERS}/{{id}}", change_user),
    Route(USER, ("GET",), "v1/logs/Notifications/bean", notifications),
)
