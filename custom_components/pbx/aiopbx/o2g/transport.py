"""HTTP as O2G speaks it: one request at a time, its answer or its refusal, and no secret on the way."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from ..errors import (
    Conflict,
    ConnectionFailed,
    NotAllowed,
    NotFound,
    NotReady,
    PbxError,
    RequestRefused,
    SessionLost,
)
from ..http.body import MOST_OF_AN_ANSWER, MOST_OF_AN_ERROR
from ..http.secrets import Secrets
from ..http.transport import (
    GATEWAY_ERRORS,
    JSON,
    MOST_REDIRECTS,
    Answer,
    HttpTransport,
    Outgoing,
    below,
    final,
    only_pbx_errors,
    remedy_in_between,
    retry_after,
    said as parse,
    shortened,
    unknown_outcome,
    word,
)

__all__ = [
    "JSON",
    "MOST_OF_AN_ERROR",
    "MOST_REDIRECTS",
    "REDIRECTS",
    "Answer",
    "Outgoing",
    "Secrets",
    "Transport",
    "refusal",
]

REDIRECTS: Final = (301, 302, 303, 307, 308)
_TOO_MANY: Final = 429

NOT_READY: Final = 1000
INVALID_SESSION: Final = 1001
NOT_ALLOWED: Final = 1002
NOT_FOUND: Final = 1003


class Transport(HttpTransport):
    """Makes the requests of one client."""

    # -------------------------------------------------------------------------------------------------------- URLs

    def choose(self, public: str | None, private: str | None, *, what: str, events: bool = False) -> str:
        """Choose between the two URLs that the server gives for the same thing, and keep it exactly as it is.

        Unless the settings say to use the given address instead: see ``where``.
        """
        network = self.settings.network
        if network == "public":
            chosen = public or private
        elif network == "private":
            chosen = private or public
        else:
            is_public = public is not None and urlsplit(public).hostname == self.host
            is_private = private is not None and urlsplit(private).hostname == self.host
            chosen = public if is_public and not is_private else private or public
        if not chosen or not chosen.lower().startswith(("http://", "https://")):
            raise self.not_o2g(f"The server gives no URL for {what}.")
        try:
            chosen = self.where(chosen, events=events)
        except ValueError:
            raise self.not_o2g(f"The server gives what is no URL for {what}.") from None
        self.refuse_plain(chosen, what)
        return chosen

    def not_o2g(self, message: str) -> ConnectionFailed:
        """Return the error of a server that is something else."""
        error = ConnectionFailed(message, remedy=f"Check that {self.url} is the address of an O2G server.")
        error.transient = False
        return error

    # ---------------------------------------------------------------------------------------------------- requests

    async def request(
        self,
        method: str,
        url: str,
        *,
        name: str,
        body: bytes | None = None,
        basic: tuple[str, str] | None = None,
        with_cookies: bool = True,
        safe: bool,
        hide: tuple[str, ...] = (),
        stream: bool = False,
        timeout: float | None = None,
        most: int = MOST_OF_AN_ANSWER,
    ) -> Answer:
        """Make one request and return a 2xx answer, unread if it is to ``stream``; raise whatever else comes of it.

        ``name`` is what errors call the request, ``hide`` are secrets that only it holds. ``safe`` says whether it may
        be repeated, which decides what is raised when no answer comes, ``most`` how many bytes the answer may have.
        """
        headers = {"Accept": "*/*" if stream else JSON}
        if body is not None:
            headers["Content-Type"] = JSON
        if basic is not None:
            headers["Authorization"] = self.basic(basic)
        request = Outgoing(
            method=method,
            url=url,
            name=name,
            headers=headers,
            body=body,
            with_cookies=with_cookies,
            safe=safe,
            timeout=timeout,
            stream=stream,
            most=most,
            hide=hide,
        )
        with only_pbx_errors(name, safe=safe):
            answer = await self._followed(request)
            if not 200 <= answer.status < 300:
                cookies = len(self.cookie_header) if with_cookies else 0
                login = basic is not None
                raise refusal(answer, name, self.secrets, safe=safe, hide=hide, login=login, cookies=cookies)
            return answer

    async def _followed(self, request: Outgoing) -> Answer:
        """Make a request, and follow redirects that may be followed."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._exchange(request)
            if answer.status not in REDIRECTS:
                return answer
            if request.method != "GET" and answer.status not in {307, 308}:
                raise final(
                    f"{request.name}: the server redirects what cannot be redirected.",
                    "Check the address of the server.",
                )
            request = replace(request, url=self.redirected(answer, request.name))
        raise self.not_o2g(f"{request.name}: the server redirects in a circle.")


# ------------------------------------------------------------------------------------------------------------ refusals


def refusal(
    answer: Answer,
    name: str,
    secrets: Secrets,
    *,
    safe: bool,
    hide: tuple[str, ...] = (),
    login: bool = False,
    cookies: int = 0,
) -> PbxError:
    """Make an error of an answer that is not 2xx, with everything the server said and nothing that is secret.

    O2G says in JSON why it refuses. Where that is missing, something before it has answered, and the error says where
    it was asked. ``login`` and ``cookies`` are as in ``remedy_in_between``.
    """
    said = parse(answer.body)

    def text(key: str, *others: str) -> str | None:
        for one in (key, *others):
            value = said.get(one)
            if isinstance(value, str) and value:
                return secrets.hide(value, hide)
        return None

    code = _code_of(said.get("code"))
    can_retry = said.get("canRetry")
    detail: dict[str, Any] = {}
    for key in ("telephony", "routing", "userPreferences"):
        if isinstance(said.get(key), dict):
            detail = {
                part: secrets.hide(value, hide) if isinstance(value, str) else value
                for part, value in said[key].items()
            }
            break
    kind, help_message = text("type", "Type"), text("helpMessage")
    inner = text("innerMessage")
    if not said and answer.body:
        inner = secrets.hide(shortened(answer.text), hide) or None
    cause = word(detail.get("errorCause")) or word(detail.get("parameter"))
    error_type = word(detail.get("errorType"))
    message = word(detail.get("message"))
    reasons = [part for part in (error_type, cause, message) if part] or [
        part for part in (help_message, inner) if part
    ]
    label = f"{answer.status} {kind}" if kind else str(answer.status)
    asked = "" if said else f" at {secrets.hide(below(name, answer.url), hide)}"
    sentence = f"{name} was refused ({label}){asked}" + (f": {', '.join(reasons)}" if reasons else "")
    made = _class_of(answer.status, code)(
        sentence if sentence.endswith(".") else sentence + ".",
        operation=name,
        status=answer.status,
        code=code,
        type=kind,
        cause=cause,
        error_type=error_type,
        help_message=help_message,
        inner_message=inner,
        can_retry=can_retry if isinstance(can_retry, bool) else None,
        detail=detail,
        remedy=_REMEDIES.get(code if code is not None else 0)
        or (None if said else remedy_in_between(answer.status, login=login, cookies=cookies)),
    )
    no_answer = answer.status in GATEWAY_ERRORS and not said
    made.transient = isinstance(made, NotReady) or answer.status == _TOO_MANY or no_answer
    made.retry_after = retry_after(answer)
    unanswered = error_type == "REQUEST_TIMEOUT" or answer.status == 408 or no_answer
    if unanswered and not safe:
        return unknown_outcome(name, made)
    return made


def _code_of(value: Any) -> int | None:
    """The error code, which is a small number, as text or not; everything else is none."""
    if isinstance(value, str) and len(value) < 10 and value.isdecimal():
        value = int(value)
    return value if type(value) is int and abs(value) < 10**9 else None


_REMEDIES: Final = {
    NOT_READY: "The server is starting; try again later.",
    NOT_ALLOWED: "Check the rights and the licence of the account.",
    1005: "This server or this user cannot do it.",
    1007: "Ask the administrator of the server.",
}


def _class_of(status: int, code: int | None) -> type[RequestRefused]:
    if status == 409 and code not in {NOT_READY, INVALID_SESSION, NOT_ALLOWED}:
        return Conflict
    by_code = {NOT_READY: NotReady, INVALID_SESSION: SessionLost, NOT_ALLOWED: NotAllowed, NOT_FOUND: NotFound}
    if code is not None:
        return by_code.get(code, NotFound if status == 404 else RequestRefused)
    return {401: NotAllowed, 403: NotAllowed, 404: NotFound, 503: NotReady}.get(status, RequestRefused)
