"""HTTP as O2G speaks it: one request at a time, its answer or its refusal, and no secret on the way."""

import base64
import logging
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from ..errors import (
    CertificateFailed,
    Conflict,
    ConnectionFailed,
    NotAllowed,
    NotFound,
    NotReady,
    OutcomeUnknown,
    PbxError,
    RequestRefused,
    SessionLost,
)
from ..settings import ConnectionSettings
from .download import Download
from .masking import Mask, target
from .statistics import WireStatistics

_LOGGER = logging.getLogger(__name__)

JSON: Final = "application/json"
REDIRECTS: Final = (301, 302, 303, 307, 308)
MOST_REDIRECTS: Final = 5
MOST_OF_AN_ERROR: Final = 64 * 1024
_MOST_SHOWN: Final = 200
_GATEWAY_ERRORS: Final = (502, 504)

NOT_READY: Final = 1000
INVALID_SESSION: Final = 1001
NOT_ALLOWED: Final = 1002
NOT_FOUND: Final = 1003


class Secrets:
    """What no message may show. Values are added as they become known and taken out of every text of the server."""

    def __init__(self) -> None:
        """Know none yet."""
        self._values: set[str] = set()

    def add(self, *values: str | None) -> None:
        """Hide these from now on."""
        self._values.update(value for value in values if value)

    def discard(self, value: str) -> None:
        """Forget one that is worth nothing any more."""
        self._values.discard(value)

    def found_in(self, text: str, also: Iterable[str] = ()) -> bool:
        """Whether there may be something to hide in this text."""
        return any(value in text for value in self._values) or any(value in text for value in also)

    def hide(self, text: str, also: Iterable[str] = ()) -> str:
        """Return the text without secrets."""
        for value in sorted({*self._values, *also}, key=len, reverse=True):
            if len(value) >= 8:
                text = text.replace(value, "***")
            else:  # a short one is hidden where it stands alone, or half the words would go with it
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", "***", text)
        return text


@dataclass(slots=True)
class Answer:
    """What the server answered, whole."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    url: str
    response: aiohttp.ClientResponse | None = None
    """Where the body can be read from, if it was not."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class _Sent:
    """Whether a request has left, and whether it may leave once more."""

    __slots__ = ("headers", "safe")

    def __init__(self, safe: bool) -> None:
        self.headers = False
        self.safe = safe


async def _mark_sent(session: aiohttp.ClientSession, context: Any, parameters: Any) -> None:
    """Note that a request is about to leave; stop it if that was so before and it must not leave twice.

    aiohttp sends a GET, PUT or DELETE again by itself where the server closed a connection that was kept alive.
    """
    sent = context.trace_request_ctx
    if sent is None:
        return
    if sent.headers and not sent.safe:
        raise aiohttp.ServerDisconnectedError
    sent.headers = True


class Transport:
    """Makes requests over somebody's connections, with cookies of its own.

    It uses the connector of the session it is given, and nothing else of it: the cookies, headers and credentials that
    session may have belong to others, and the cookies of this server belong to one client alone.
    """

    def __init__(
        self, settings: ConnectionSettings, http: aiohttp.ClientSession, *, url: str, statistics: WireStatistics
    ) -> None:
        """Speak to the server at this address, one of the settings'."""
        self.settings = settings
        self.url = url
        self.host = urlsplit(url).hostname or ""
        self.statistics = statistics
        self.secrets = Secrets()
        self.secrets.add(settings.password.get_secret_value())
        self.mask = Mask(self.secrets.found_in, self.secrets.hide)
        """Through which whoever listens in sees what goes over the wire."""
        self.cookies: dict[str, str] = {}
        self._shared = http
        self._http: aiohttp.ClientSession | None = None
        self._ssl: ssl.SSLContext | None = None

    async def open(self) -> None:
        """Prepare to make requests. Raises ``InvalidInput`` if the CA file cannot be used."""
        self._ssl = await self.settings.load_ssl()
        if self._shared.closed or self._shared.connector is None:
            raise ConnectionFailed("The HTTP session that was given is closed.", remedy="Give one that is open.")
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_mark_sent)
        self._http = aiohttp.ClientSession(
            connector=self._shared.connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
        )

    async def close(self) -> None:
        """Let go. The shared connections stay as they are."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        self.cookies.clear()

    # -------------------------------------------------------------------------------------------------------- URLs

    def choose(self, public: str | None, private: str | None, *, what: str) -> str:
        """Choose between the two URLs that the server gives for the same thing, and keep it exactly as it is."""
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
        self._refuse_downgrade(chosen, what)
        return chosen

    def _refuse_downgrade(self, url: str, what: str) -> None:
        if self.url.startswith("https:") and not url.lower().startswith("https:") and self.settings.tls == "verify":
            error = ConnectionFailed(
                f"The server wants {what} without encryption, though its address is https.",
                remedy="Have the server give https URLs; or write http: in the address, if that is meant.",
            )
            error.transient = False
            raise error

    def not_o2g(self, message: str) -> ConnectionFailed:
        """Return the error of a server that is something else."""
        error = ConnectionFailed(message, remedy=f"Check that {self.url} is the address of an O2G server.")
        error.transient = False
        return error

    def may_follow(self, origin: str, target: str) -> bool:
        """Whether a redirect leads to the same site, or to a host that the user trusts; never away from https."""
        here, there = urlsplit(origin), urlsplit(target)
        if there.scheme not in {"http", "https"} or (here.scheme == "https" and there.scheme != "https"):
            return False
        host = (there.hostname or "").lower()
        return host == (here.hostname or "").lower() or host in self.settings.trusted_redirects

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
        timeout: float | None = None,
    ) -> Answer:
        """Make one request and return a 2xx answer; raise whatever else comes of it.

        ``name`` is what errors call the request, ``hide`` are secrets that only it holds. ``safe`` says whether it may
        be repeated, which decides what is raised when no answer comes.
        """
        headers = {"Accept": JSON}
        if body is not None:
            headers["Content-Type"] = JSON
        if basic is not None:
            pair = base64.b64encode(":".join(basic).encode()).decode()
            self.secrets.add(pair)
            headers["Authorization"] = f"Basic {pair}"
        answer = await self._followed(
            method, url, name, headers, body, with_cookies=with_cookies, safe=safe, timeout=timeout, hide=hide
        )
        if not 200 <= answer.status < 300:
            raise refusal(answer, name, self.secrets, safe=safe, hide=hide)
        return answer

    async def download(self, url: str, *, name: str) -> Download:
        """Make a GET and return its 2xx answer unread, as a stream; raise whatever else comes of it.

        The settings' time-out is for the beginning of the answer, and then for every pause in it.
        """
        answer = await self._followed(
            "GET", url, name, {"Accept": "*/*"}, None, with_cookies=True, safe=True, timeout=None, stream=True
        )
        if answer.response is None:
            raise refusal(answer, name, self.secrets, safe=True)
        return Download(answer.response, lambda error: self.failure(error, name, answer.url, sent=True, safe=True))

    async def _followed(
        self,
        method: str,
        url: str,
        name: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        with_cookies: bool,
        safe: bool,
        timeout: float | None,
        stream: bool = False,
        hide: tuple[str, ...] = (),
    ) -> Answer:
        """Make a request, and follow redirects that may be followed."""
        tap = self.statistics.tap
        for _ in range(MOST_REDIRECTS + 1):
            exchange = None
            if tap.listeners:
                exchange = tap.exchange()
                sent = self.mask.body(body, hide)
                tap.tell(self._shown(name, url, hide), sent=True, body=sent, exchange=exchange)
            answer = await self._once(
                method, url, name, headers, body, with_cookies=with_cookies, safe=safe, timeout=timeout, stream=stream
            )
            if tap.listeners:
                told = self.mask.body(answer.body, hide)
                tap.tell(self._shown(name, url, hide), sent=False, body=told, status=answer.status, exchange=exchange)
            if answer.status not in REDIRECTS:
                return answer
            if method != "GET" and answer.status not in {307, 308}:
                raise _final(
                    f"{name}: the server redirects what cannot be redirected.", "Check the address of the server."
                )
            url = self.redirected(answer, name)
        raise self.not_o2g(f"{name}: the server redirects in a circle.")

    async def _once(
        self,
        method: str,
        url: str,
        name: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        with_cookies: bool,
        safe: bool,
        timeout: float | None,
        stream: bool = False,
    ) -> Answer:
        http, sent = self._open_session, _Sent(safe)
        if with_cookies and self.cookies:
            headers = {**headers, "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items())}
        self.statistics.requests += 1
        limit = timeout or self.settings.request_timeout
        try:
            response = await http.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body,
                skip_auto_headers=("Content-Type",),
                ssl=self.tls,
                proxy=self.proxy(url),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(connect=limit, sock_connect=limit, sock_read=limit)
                if stream
                else aiohttp.ClientTimeout(total=limit),
                trace_request_ctx=sent,
            )
            good = 200 <= response.status < 300
            if stream and good:
                answer = Answer(response.status, response.headers, b"", url, response)
            else:
                async with response:
                    read = await (response.read() if good else response.content.read(MOST_OF_AN_ERROR))
                answer = Answer(response.status, response.headers, read, url)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self.failure(error, name, url, sent=sent.headers, safe=safe) from None
        if with_cookies:
            self._keep_cookies(answer)
        _LOGGER.debug("%s: %s", name, answer.status)
        return answer

    def _shown(self, name: str, url: str, hide: tuple[str, ...] = ()) -> str:
        """What a request is called where it is shown: method, path and query."""
        return self.mask.text(target(name, url), hide)

    @property
    def _open_session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise ConnectionFailed("The connection is closed.")
        return self._http

    @property
    def http(self) -> aiohttp.ClientSession:
        """The session without cookies and credentials that the event channel is read with."""
        return self._open_session

    @property
    def tls(self) -> ssl.SSLContext:
        """The one TLS context of requests and channel."""
        if self._ssl is None:
            raise ConnectionFailed("The connection is closed.")
        return self._ssl

    def proxy(self, url: str) -> str | None:
        """Return the proxy of the environment, if the given session goes by it."""
        if not self._shared.trust_env:
            return None
        parts = urlsplit(url)
        if proxy_bypass(parts.hostname or ""):
            return None
        return getproxies().get(parts.scheme)

    def _keep_cookies(self, answer: Answer) -> None:
        for line in answer.headers.getall("Set-Cookie", ()):
            pair, *attributes = line.split(";")
            key, equals, value = pair.strip().partition("=")
            if not equals or not key:
                continue
            gone = not value or any(part.strip().lower() in {"max-age=0", "max-age=-1"} for part in attributes)
            if gone:
                self.cookies.pop(key, None)
            else:
                self.cookies[key] = value
                self.secrets.add(value)

    def redirected(self, answer: Answer, name: str) -> str:
        """Return where a redirect leads. Raises ``ConnectionFailed`` where it must not be followed."""
        target = urljoin(answer.url, answer.headers.get("Location", ""))
        if not self.may_follow(answer.url, target):
            host = urlsplit(target).hostname or "nowhere"
            raise _final(
                f"{name}: the server redirects to {host}, which is not followed with the login.",
                "Use that server's address; or, if it is yours, add the host to trusted_redirects.",
            )
        return target

    def failure(self, error: Exception, name: str, url: str, *, sent: bool, safe: bool) -> PbxError:
        """Say why no answer came, and whether the request may have been carried out."""
        parts = urlsplit(url)
        where = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")  # a path may be secret
        if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)):
            return _certificate_failure(error, where)
        if isinstance(error, aiohttp.ClientSSLError):
            return _final(
                f"{where} does not speak TLS as it should.", "Check the port, and whether it is https at all."
            )
        if isinstance(error, aiohttp.InvalidUrlClientError | aiohttp.InvalidURL):
            return _final(f"{name}: the server gave a URL that cannot be used.", "Check how the server is configured.")
        if sent and not safe:
            return OutcomeUnknown(
                f"{name} was sent and not answered ({_why(error)}). It may have been carried out.",
                remedy="Look at the events or the state before trying again.",
            )
        if isinstance(error, TimeoutError):
            return ConnectionFailed(
                f"{name}: no answer from {where} within {self.settings.request_timeout:g} seconds.",
                remedy="Check the network, the address and the server.",
            )
        return ConnectionFailed(
            f"{name}: {where} cannot be reached ({_why(error)}).",
            remedy="Check the network, the address and the server.",
        )


def _certificate_failure(error: Exception, where: str) -> CertificateFailed:
    inner = getattr(error, "certificate_error", error)
    reason = getattr(inner, "verify_message", "") or type(inner).__name__
    return CertificateFailed(
        f"The certificate of {where} does not verify: {reason}.",
        remedy="Use the host name that the certificate is for; or name its authority in ca_file; or, if you accept "
        'that anybody could pretend to be the server, set tls to "none".',
    )


def _final(message: str, remedy: str) -> ConnectionFailed:
    error = ConnectionFailed(message, remedy=remedy)
    error.transient = False
    return error


def _why(error: BaseException) -> str:
    """A word for what happened, without the texts of libraries, which may quote URLs and headers."""
    if isinstance(error, TimeoutError):
        return "time-out"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host is not known"
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror).partition("[")[0].strip() or type(error).__name__
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server hung up"
    return type(error).__name__


# ------------------------------------------------------------------------------------------------------------ refusals


def refusal(answer: Answer, name: str, secrets: Secrets, *, safe: bool, hide: tuple[str, ...] = ()) -> PbxError:
    """Make an error of an answer that is not 2xx, with everything the server said and nothing that is secret."""
    said = _said(answer.body)

    def text(key: str, *others: str) -> str | None:
        for one in (key, *others):
            value = said.get(one)
            if isinstance(value, str) and value:
                return secrets.hide(value, hide)
        return None

    code = said.get("code")
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    elif not isinstance(code, int) or isinstance(code, bool):
        code = None
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
        inner = secrets.hide(_shortened(answer.text), hide) or None
    cause = _word(detail.get("errorCause")) or _word(detail.get("parameter"))
    error_type = _word(detail.get("errorType"))
    message = _word(detail.get("message"))
    reasons = [part for part in (error_type, cause, message) if part] or [
        part for part in (help_message, inner) if part
    ]
    label = f"{answer.status} {kind}" if kind else str(answer.status)
    sentence = f"{name} was refused ({label})" + (f": {', '.join(reasons)}" if reasons else "")
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
        remedy=_REMEDIES.get(code if code is not None else 0),
    )
    made.transient = isinstance(made, NotReady)
    unanswered = (
        error_type == "REQUEST_TIMEOUT" or answer.status == 408 or (answer.status in _GATEWAY_ERRORS and not said)
    )
    if unanswered and not safe:
        unknown = OutcomeUnknown(
            f"{name} was sent and the server had no answer to it in time. It may have been carried out.",
            remedy="Look at the events or the state before trying again.",
        )
        unknown.__cause__ = made
        return unknown
    return made


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


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _shortened(text: str) -> str:
    """A page of HTML or the like, as a few words."""
    if "<" in text:
        text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>", " ", text)
    text = " ".join(text.split())
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
