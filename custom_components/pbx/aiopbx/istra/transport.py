"""HTTP as Istra speaks it, and its refusals."""

import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiohttp

from ..errors import (
    ConnectionFailed,
    NotAllowed,
    NotFound,
    NotReady,
    PbxError,
    RequestRefused,
    SessionLost,
)
from ..http.body import MOST_OF_AN_ANSWER
from ..http.secrets import Secrets
from ..http.tap import WireStatistics
from ..http.transport import (
    GATEWAY_ERRORS,
    JSON,
    MOST_REDIRECTS,
    Answer,
    HttpTransport,
    Outgoing,
    final,
    only_pbx_errors,
    remedy_in_between,
    retry_after,
    shortened,
    unknown_outcome,
)
from ..settings.addresses import at_address
from ..settings.connection import ConnectionSettings
from .decoding import convert, forgiving
from .types.session import Application, ErrorBody

APPLICATION: Final = "X-Application"
ROUTER: Final = "restletrouter"
"""The usual base of the interface; also the name of a host that has nothing else."""
REDIRECTS: Final = (301, 302, 307, 308)
_ACCEPT: Final = f"{JSON}, text/plain, */*"


class IstraTransport(HttpTransport):
    """Makes the requests of one client. A redirect moves it: from then on everything goes to the other host."""

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        application: Application,
        *,
        statistics: WireStatistics,
    ) -> None:
        """Speak to the server of the settings as this application."""
        super().__init__(settings, http, url=settings.url, statistics=statistics)
        self.application = application
        self.token: str | None = None
        self.base = self.bases()[0]
        """Scheme, host, port and path that everything is below."""

    def bases(self) -> tuple[str, ...]:
        """Where the interface can be, by the address that was given: the likely place first."""
        address = self.settings.url.rstrip("/")
        parts = urlsplit(address)
        if parts.path.strip("/"):
            return (address,)
        below = f"{address}/{ROUTER}"
        return (address, below) if (parts.hostname or "").startswith(f"{ROUTER}.") else (below, address)

    def where(self, url: str, *, events: bool = False) -> str:
        """As of any system; a base that the address ends with is in what the server names as well."""
        if not self.settings.use_given_address:
            return url
        return at_address(url, self.settings.url.removesuffix(f"/{ROUTER}"))

    def not_istra(self, message: str) -> ConnectionFailed:
        """Return the error of a server that is something else."""
        return final(message, f"Check that {self.settings.url} is the address of an Istra server.")

    def forget(self) -> None:
        """Forget the session that there was, and what may still be answered to it."""
        self.cookies = {}
        self.token = None

    async def request(
        self,
        method: str,
        target: str,
        *,
        name: str,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
        safe: bool,
        stream: bool = False,
        timeout: float | None = None,
        most: int = MOST_OF_AN_ANSWER,
    ) -> Answer:
        """Make a request below the base and return its answer, 2xx or not; redirects are followed as they are meant.

        Method and body stay what they are. Raises ``ConnectionFailed``, ``OutcomeUnknown``.
        """
        with only_pbx_errors(name, safe=safe):
            return await self._followed(
                Outgoing(
                    method=method,
                    url=target,
                    name=name,
                    body=body,
                    safe=safe,
                    timeout=timeout,
                    stream=stream,
                    most=most,
                ),
                basic,
            )

    async def _followed(self, request: Outgoing, basic: tuple[str, str] | None) -> Answer:
        """Make a request whose URL is below the base, wherever that moves meanwhile."""
        target = request.url
        for _ in range(MOST_REDIRECTS + 1):
            headers = {"Accept": _ACCEPT}
            if not request.stream:
                headers["Content-Type"] = JSON
            token = self.token
            headers[APPLICATION] = f"{self.application};{token}" if token else str(self.application)
            if basic is not None:
                headers["Authorization"] = self.basic(basic)
            session = self.cookies
            answer = await self._exchange(replace(request, url=f"{self.base}/{target}", headers=headers))
            if session is self.cookies:
                self.take_token(answer.headers.get(APPLICATION))
            if answer.status not in REDIRECTS:
                return answer
            self.move(answer, target, request.name)
        raise self.not_istra(f"{request.name}: the server redirects in a circle.")

    def take_token(self, header: str | None) -> None:
        """Take the newest token, if there is one in this header."""
        application, semicolon, token = (header or "").partition(";")
        token = token.strip()
        if semicolon and token and application.strip().lower() == self.application.lower():
            self.secrets.add_passing(token)
            self.token = token

    def move(self, answer: Answer, target: str, name: str) -> None:
        """Go where a redirect leads, with everything. Raises ``ConnectionFailed`` where that must not be followed."""
        location = answer.headers.get("Location", "").strip()
        if not location:
            raise self.not_istra(f"{name}: the server redirects to nowhere.")
        if location.lower().startswith(("ws:", "wss:")):
            location = "http" + location[2:]
        parts = urlsplit(self.redirected(answer, name, location))
        path = parts.path.rstrip("/").split("/")
        wanted = target.partition("?")[0].split("/")
        if [unquote(part) for part in path[-len(wanted) :]] == [unquote(part) for part in wanted]:
            below = "/".join(path[: -len(wanted)])
        else:  # a host alone, or a host and the base there
            below = parts.path.rstrip("/") or urlsplit(self.base).path
        host = parts.netloc.rpartition("@")[2]  # without the login that a redirect may carry
        self.base = f"{parts.scheme}://{host}{below}".rstrip("/")
        self.host = parts.hostname or self.host


BAD_REQUEST: Final = "ERR_0"
INVALID_STATE: Final = "ERR_100"
NOT_ALLOWED_FOR_CRM: Final = "MYCRM_ERR_403"
COOKIE_MISMATCH: Final = "ROUTER_ERR_400"
NOT_STARTED: Final = "ROUTER_ERR_503"
OUT_OF_SERVICE: Final = 512
TWO_STEP: Final = 412
TOO_MANY: Final = 429
_LATER: Final = (OUT_OF_SERVICE, TOO_MANY)
"""The same request may do later."""
_NOTHING_SAID: Final = (b"{}", b"[]", b"null")
_CODE: Final = re.compile(r"(?=[A-Z0-9_]*[_0-9])[A-Z][A-Z0-9_]{0,99}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
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


def refusal(
    answer: Answer, name: str, secrets: Secrets, *, safe: bool, login: bool = False, cookies: int = 0
) -> PbxError:
    """Make an error of an answer that is not 2xx, with everything the server said and nothing that is secret.

    Without a session yet, at the ``login``, 401 cannot mean that it is gone. ``cookies`` is as in
    ``remedy_in_between``.
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
        remedy=_REMEDIES.get(code or "")
        or _remedy_of(answer.status)
        or (None if raw or answer.status == 500 else remedy_in_between(answer.status, login=login, cookies=cookies)),
    )
    unanswered = answer.status == 408 or (answer.status in GATEWAY_ERRORS and not raw)
    made.transient = isinstance(made, NotReady | SessionLost) or unanswered or answer.status in _LATER
    made.retry_after = retry_after(answer)
    if unanswered and not safe:
        return unknown_outcome(name, made)
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
    return (code, message) if _NUMBER.fullmatch(code) else (None, message or code)


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = forgiving(body)
    except (ValueError, RecursionError):
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
