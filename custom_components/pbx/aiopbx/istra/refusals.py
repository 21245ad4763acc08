"""From what an Istra server says when it refuses, in any of the forms that it has for that, to errors."""

import re
from typing import Any, Final

from ..errors import NotAllowed, NotFound, NotReady, OutcomeUnknown, PbxError, RequestRefused, SessionLost
from ..statistics import WireStatistics
from ..transport import Answer, Secrets, shortened
from .decoding import convert, forgiving
from .types.session import ErrorBody

BAD_REQUEST: Final = "ERR_0"
INVALID_STATE: Final = "ERR_100"
NOT_ALLOWED_FOR_CRM: Final = "MYCRM_ERR_403"
COOKIE_MISMATCH: Final = "ROUTER_ERR_400"
NOT_STARTED: Final = "ROUTER_ERR_503"
OUT_OF_SERVICE: Final = 512
TWO_STEP: Final = 412

TOO_MANY: Final = 429
_GATEWAY_ERRORS: Final = (502, 504)
_LATER: Final = (OUT_OF_SERVICE, TOO_MANY)
"""The same request may do later."""
_NOTHING_SAID: Final = (b"{}", b"[]", b"null")
_CODE: Final = re.compile(r"(?=[A-Z0-9_]*[_0-9])[A-Z][A-Z0-9_]*")
_REMEDIES: Final = {
    BAD_REQUEST: "Check what the request names, such as the terminal.",
    NOT_ALLOWED_FOR_CRM: "Have the administrator give the user the right for myCrm.",
    COOKIE_MISMATCH: "Log in again.",
    NOT_STARTED: "The telephony is starting; try again later.",
}
_BY_CODE: Final[dict[str, type[RequestRefused]]] = {
    NOT_ALLOWED_FOR_CRM: NotAllowed,
    COOKIE_MISMATCH: SessionLost,
    NOT_STARTED: NotReady,
}
_BY_STATUS: Final[dict[int, type[RequestRefused]]] = {
    401: SessionLost,
    403: NotAllowed,
    404: NotFound,
    503: NotReady,
}
_ANOTHER_REQUEST_MAY_DO: Final = frozenset({400, 404, 405, 409, 413, 415, 422})


def refusal(answer: Answer, name: str, secrets: Secrets, *, safe: bool, login: bool = False) -> PbxError:
    """Make an error of an answer that is not 2xx, with everything the server said and nothing that is secret.

    Without a session yet, at the ``login``, 401 cannot mean that there is none any more.
    """
    raw = _object(answer.body)
    body: ErrorBody = convert(raw, ErrorBody, WireStatistics())
    code, message = _taken_apart(body)
    kind = body.info.type if body.info is not None else None
    reasons = [one for one in (message, body.cause) if one]
    if not raw and answer.body.strip() not in _NOTHING_SAID:
        reasons = [one for one in (shortened(answer.text),) if one]
    reasons = [secrets.hide(one) for one in dict.fromkeys(reasons)]
    label = f"{answer.status} {code}" if code else str(answer.status)
    sentence = f"{name} was refused ({secrets.hide(label)})" + (f": {', '.join(reasons)}" if reasons else "")
    inner = body.first_message if body.first_message != message else None
    if not raw and reasons:
        inner = reasons[0]
    if code is not None:
        can_retry: bool | None = code == BAD_REQUEST
    else:
        can_retry = answer.status in _ANOTHER_REQUEST_MAY_DO or None
    made = _class_of(answer.status, code, login)(
        sentence if sentence.endswith((".", "!", "?")) else sentence + ".",
        operation=name,
        status=answer.status,
        code=secrets.hide(code) if code else None,
        type=_hidden(kind.msg if kind is not None else None, secrets),
        cause=_hidden(body.cause or (body.info.value if body.info is not None else None), secrets),
        error_type=_hidden(kind.id if kind is not None else None, secrets),
        help_message=secrets.hide(message) if message else None,
        inner_message=_hidden(inner, secrets),
        can_retry=can_retry,
        detail=_hide_in(raw, secrets),
        remedy=_REMEDIES.get(code or "") or _remedy_of(answer.status),
    )
    unanswered = answer.status == 408 or (answer.status in _GATEWAY_ERRORS and not raw)
    made.transient = isinstance(made, NotReady | SessionLost) or unanswered or answer.status in _LATER
    if unanswered and not safe:
        unknown = OutcomeUnknown(
            f"{name} was sent and the server had no answer to it in time. It may have been carried out.",
            remedy="Look at the events or the state before trying again.",
        )
        unknown.__cause__ = made
        return unknown
    return made


def said_code(answer: Answer) -> str | None:
    """The code of a refusal, if it has one."""
    return _taken_apart(convert(_object(answer.body), ErrorBody, WireStatistics()))[0]


def _remedy_of(status: int) -> str | None:
    if status == OUT_OF_SERVICE:
        return "Check that the telephone is plugged in and registered; then try again."
    if status == TWO_STEP:
        return "Use an account without a second step at login."
    if status == 503:
        return "It may be starting; try again later."
    if status == TOO_MANY:
        return "The server has been asked too often; wait a while."
    if status in _GATEWAY_ERRORS:
        return "What stands before the server does not reach it; check whether it runs."
    return None


def _class_of(status: int, code: str | None, login: bool) -> type[RequestRefused]:
    if login and status in (401, 403):
        return NotAllowed
    known = _BY_CODE.get(code or "")
    if known is not None:
        return known
    return _BY_STATUS.get(status, RequestRefused)


def _taken_apart(body: ErrorBody) -> tuple[str | None, str | None]:
    """Code and message. Where there is only a code, it may be the message, or the one and then the other."""
    code, message = body.code, body.message or body.first_message
    if code is None and body.cause is not None and _CODE.fullmatch(body.cause):
        code = body.cause  # some servers say it there
    if code is None or _CODE.fullmatch(code):
        return code, message
    first, _, rest = code.partition(" ")
    if _CODE.fullmatch(first.rstrip(":,;.-")):
        return first.rstrip(":,;.-"), message or rest.lstrip(" :,;.-") or None
    return (None, message or code) if not code.strip("-").isdigit() else (code, message)


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = forgiving(body)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _hidden(text: str | None, secrets: Secrets) -> str | None:
    return secrets.hide(text) if text else None


def _hide_in(value: Any, secrets: Secrets) -> Any:
    if isinstance(value, dict):
        return {key: _hide_in(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list):
        return [_hide_in(inner, secrets) for inner in value]
    return secrets.hide(value) if isinstance(value, str) else value
