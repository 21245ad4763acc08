"""HTTP as every wire speaks it: one request at a time over connections that are handed in, and no secret on the way."""

import base64
import logging
import re
import socket
import ssl
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median
from time import monotonic
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from ..clean_text import read_json
from ..errors import CertificateFailed, ConnectionFailed, OutcomeUnknown, PbxError
from ..settings.addresses import PORTS, at_address, site_name
from ..settings.connection import ConnectionSettings
from .body import ENCODINGS, MOST_OF_AN_ANSWER, MOST_OF_AN_ERROR, TooLong, Unreadable, read_body
from .download import Download
from .secrets import Mask, Secrets, target
from .tap import WireStatistics

_LOGGER = logging.getLogger(__name__)
JSON: Final = "application/json"
EVENT_PORTS: Final = {"http": 8014, "https": 8016}
"""The usual ports of the event channel."""
MOST_REDIRECTS: Final = 5
MOST_COOKIES: Final = 50
LONGEST_PAUSE: Final = 600.0
"""Seconds that a server can ask to be left alone, at most: a mistyped number must not end a connection for days."""
_MOST_SHOWN: Final = 200
_ENOUGH: Final = 3
"""Answers, after which it is known how long they take."""
_LONGEST_FIELD: Final = 64 * 1024
"""Bytes of a header: a login may be answered with a signed token as its cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request that is about to be made. A redirect makes another of it, with ``dataclasses.replace``."""

    method: str
    url: str = field(repr=False)
    name: str
    """What errors call it."""
    safe: bool
    """Whether it may be repeated, which decides what is raised when no answer comes."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    with_cookies: bool = True
    timeout: float | None = None
    """Seconds; the settings' where it is None."""
    stream: bool = False
    """Whether a 2xx answer is not read."""
    most: int = MOST_OF_AN_ANSWER
    """Bytes that a 2xx answer may have."""
    hide: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that only this request holds."""


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


class Sent:
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


def _site(url: str) -> tuple[str, int | None]:
    """Host and port. Raises ``ValueError`` for what is no URL."""
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)


class HttpTransport:
    """Makes requests over connections that are handed in, with cookies of its own.

    It uses the connector of the session it is given, and nothing else of it: the cookies, headers and credentials that
    session may have belong to others, and the cookies of this server belong to one client alone.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        *,
        url: str,
        statistics: WireStatistics,
    ) -> None:
        """Speak to the server at this address, one of the settings'."""
        self.settings = settings
        self.url = url
        self.host = urlsplit(url).hostname or ""
        self.statistics = statistics
        self.secrets = Secrets()
        self.secrets.add(settings.password.get_secret_value())
        if settings.second_password is not None:
            self.secrets.add(settings.second_password.get_secret_value())
        self.cookies: dict[str, str] = {}
        self.mask = Mask(self.secrets.found_in, self.secrets.hide)
        """Through which messages are shown without secrets."""
        self.tap = statistics.tap
        """Those who look at the messages."""
        self._durations: deque[float] = deque(maxlen=9)
        """Seconds that the last answers took to come."""
        self._shared = http
        self._http: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None
        # Trusts no one. With a context of its own, no client gets a connection that another one has left in the pool.
        self._plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def open(self) -> None:
        """Prepare to make requests. Raises ``InvalidInput`` if the CA file cannot be used."""
        if self.url.startswith("https:") or self.settings.ca_file is not None:
            self._tls = await self.settings.load_ssl()
        if self._shared.closed or self._shared.connector is None:
            raise ConnectionFailed("The HTTP session that was given is closed.", remedy="Give one that is open.")
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_mark_sent)
        self._http = aiohttp.ClientSession(
            connector=self._shared.connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            max_field_size=_LONGEST_FIELD,
        )

    async def close(self) -> None:
        """Let go. The shared connections stay as they are."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        self.cookies.clear()

    def may_follow(self, origin: str, target: str) -> bool:
        """Whether a redirect leads to the same site, to the one the user named, or one the user trusts.

        Another port is another site, which may be anyone's: only http on its usual port leads to https on its own. It
        never leads away from https. Raises ``ValueError`` for what is no URL.
        """
        here, there = urlsplit(origin), urlsplit(target)
        if there.scheme not in PORTS or (here.scheme == "https" and there.scheme != "https"):
            return False
        site, host = _site(target), (there.hostname or "").lower()
        trusted = self.settings.trusted_redirects
        if site in {_site(origin), _site(self.url)} or host in trusted or site_name(*site) in trusted:
            return True
        return there.scheme == "https" and site[1] == 443 and (host, 80) in {_site(origin), _site(self.url)}

    @property
    def usual_duration(self) -> float | None:
        """Seconds that answers take to come, mostly; None where too few have come to know."""
        return median(self._durations) if len(self._durations) >= _ENOUGH else None

    def where(self, url: str, *, events: bool = False) -> str:
        """Return where a URL that the server has named leads: there, or to the same at the given address.

        A proxy may pass on what goes to the given address, while the server behind it names itself as it knows itself.
        ``events`` says that it is the event channel's, which has a port of its own. Raises ``ValueError`` for what is
        no URL.
        """
        settings = self.settings
        if not settings.use_given_address:
            return url
        if not events:
            return at_address(url, self.url)
        port = settings.event_port or _site(url)[1]
        if settings.event_port is None and port in EVENT_PORTS.values():
            port = EVENT_PORTS[urlsplit(self.url).scheme]  # a server that is spoken to by http may name that of http
        return at_address(url, self.url, port)

    def refuse_plain(self, url: str, what: str) -> None:
        """Raise ``ConnectionFailed`` where the server wants something over http, and the user gave an https address.

        Whatever the settings say of certificates: not to verify them lets someone read who pretends to be the server.
        Without encryption everyone on the way can. So this is looked at before anything is sent, wherever a server has
        named the URL: in a descriptor, an answer, a redirect.
        """
        if self.url.startswith("https:") and not url.lower().startswith("https:"):
            raise final(
                f"The server wants {what} without encryption, at {place(url)}, though its address is https. "
                "Nothing was sent.",
                "Have the server, or the proxy before it, name https: URLs; "
                "or set use_given_address, if that proxy passes on what goes to the given address; "
                "or write http: in the setting url, if no encryption is meant.",
            )

    # ---------------------------------------------------------------------------------------------------- requests

    async def _exchange(self, request: Outgoing) -> Answer:
        """Make one request as ``_once`` does, and publish it to the wiretap."""
        exchange, hide = None, request.hide
        if self.tap.listeners:
            exchange = self.tap.exchange()
            shown = self.shown(request.name, request.url, hide)
            self.publish(shown, request.body, sent=True, exchange=exchange, hide=hide)
        answer = await self._once(request)
        if self.tap.listeners:
            shown = self.shown(request.name, request.url, hide)
            self.publish(shown, answer.body, sent=False, status=answer.status, exchange=exchange, hide=hide)
        return answer

    async def _once(self, request: Outgoing) -> Answer:
        """Make one request and return its answer, whatever that is; a redirect is not followed.

        Raises what ``failure`` makes of an answer that does not come.
        """
        http, sent, url = self._open_session, Sent(request.safe), request.url
        self.refuse_plain(url, request.name)
        cookies = self.cookies
        headers = {"Accept-Encoding": "identity" if request.stream else ENCODINGS, **request.headers}
        if request.with_cookies and cookies:
            headers["Cookie"] = self.cookie_header
        self.statistics.requests += 1
        limit = request.timeout or self.settings.request_timeout
        begun = monotonic()
        try:
            response = await http.request(
                request.method,
                URL(url, encoded=True),
                headers=headers,
                data=request.body,
                skip_auto_headers=("Content-Type",),
                ssl=await self.tls(url),
                proxy=self.proxy(url),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(connect=limit, sock_connect=limit, sock_read=limit)
                if request.stream
                else aiohttp.ClientTimeout(total=limit),
                auto_decompress=request.stream,  # what is read here is expanded here, to its bound
                trace_request_ctx=sent,
            )
            self._durations.append(monotonic() - begun)
            good = 200 <= response.status < 300
            if request.stream and good:
                answer = Answer(response.status, response.headers, b"", url, response)
            else:
                async with response:
                    read = await self._read(response, request)
                answer = Answer(response.status, response.headers, read, url)
        except TooLong as error:
            raise too_long(request.name, error.most, safe=request.safe) from None
        except PbxError:
            raise
        except Exception as error:
            raise self.failure(error, request.name, url, sent=sent.headers, safe=request.safe) from None
        if request.with_cookies and cookies is self.cookies:  # else they are of a session that is over
            self._keep_cookies(answer)
        _LOGGER.debug("%s: %s", request.name, answer.status)
        return answer

    async def _read(self, response: aiohttp.ClientResponse, request: Outgoing) -> bytes:
        """The body of an answer, or as much as is worth reading of a refusal."""
        good = 200 <= response.status < 300
        if good and (response.content_length or 0) > request.most:
            raise TooLong(request.most)
        most = request.most if good else MOST_OF_AN_ERROR
        encoding = response.headers.get("Content-Encoding", "")
        try:
            return await read_body(response.content, encoding, most, whole=good)
        except Unreadable:
            if good:
                raise
            return b""  # the status says enough

    def basic(self, login: tuple[str, str]) -> str:
        """Return the header of a name and a password, which is a secret from now on."""
        pair = base64.b64encode(":".join(login).encode()).decode()
        self.secrets.add(pair)
        return f"Basic {pair}"

    def download(self, answer: Answer, name: str) -> Download:
        """Return an answer that was not read as a stream.

        The settings' time-out is for the beginning of the answer, and then for every pause in it.
        """
        if answer.response is None:
            raise final(f"{name}: the answer cannot be read.", "Check the address of the server.")
        return Download(answer.response, lambda error: self._broken(error, name, answer.url))

    def _broken(self, error: Exception, name: str, url: str) -> PbxError:
        if isinstance(error, TooLong):
            return final(
                f"{name}: more than {error.most:,} bytes came, and the rest was not read.",
                "Set most of the download to more, if it is really that long.",
            )
        return self.failure(error, name, url, sent=True, safe=True)

    def publish(
        self,
        what: str,
        body: bytes | None,
        *,
        sent: bool,
        status: int | None = None,
        exchange: int | None = None,
        hide: tuple[str, ...] = (),
    ) -> None:
        """Show a message to those who look at the wire, without secrets. Look at ``tap.listeners`` first."""
        self.tap.publish(what, sent=sent, body=self.mask.body(body, hide), status=status, exchange=exchange)

    def shown(self, name: str, url: str, hide: tuple[str, ...] = ()) -> str:
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

    async def tls(self, url: str) -> ssl.SSLContext:
        """Return the one TLS context of requests and channel.

        Where a server is spoken to without TLS, there is none until a redirect leads to https: to read the system's
        authorities takes longer than to log in.
        """
        if self._tls is None and url.lower().startswith("https:"):
            context = await self.settings.load_ssl()
            self._tls = self._tls or context
        return self._tls or self._plain

    def proxy(self, url: str) -> str | None:
        """Return the proxy of the environment, if the given session goes by it."""
        if not self._shared.trust_env:
            return None
        parts = urlsplit(url)
        if proxy_bypass(parts.hostname or ""):
            return None
        return getproxies().get(parts.scheme)

    @property
    def cookie_header(self) -> str:
        """All cookies, as a header has them."""
        return "; ".join(f"{key}={value}" for key, value in self.cookies.items())

    def _keep_cookies(self, answer: Answer) -> None:
        self.keep_cookies(answer.headers.getall("Set-Cookie", ()))

    def keep_cookies(self, lines: Iterable[str]) -> None:
        """Keep what ``Set-Cookie`` says, by name; a cookie that is to be forgotten is."""
        for line in lines:
            pair, *attributes = line.split(";")
            key, equals, value = pair.strip().partition("=")
            if not equals or not key:
                continue
            if not value or any(_forgets(part) for part in attributes):
                self.cookies.pop(key, None)
            elif key in self.cookies or len(self.cookies) < MOST_COOKIES:
                self.cookies[key] = value
                self.secrets.add_passing(value)

    def redirected(self, answer: Answer, name: str, location: str | None = None, *, events: bool = False) -> str:
        """Return where a redirect leads. Raises ``ConnectionFailed`` where it must not be followed."""
        location = answer.headers.get("Location", "") if location is None else location
        try:
            named = urljoin(answer.url, location)
            target = self.where(named, events=events)
            self.refuse_plain(target, name)
            if named != target == answer.url:
                raise final(
                    f"{name}: the server redirects to {place(named)}, and use_given_address asks here again.",
                    f"Give {place(named)} as the address; or leave use_given_address out.",
                )
            follow, (host, port) = self.may_follow(answer.url, target), _site(target)
        except ValueError:
            raise final(
                f"{name}: the server redirects to what is no URL.", "Check how the server is configured."
            ) from None
        if not follow:
            same = host in {_site(answer.url)[0], _site(self.url)[0]}
            site = site_name(host, port) if same else host or "nowhere"
            raise final(
                f"{name}: the server redirects to {site}, which is not followed with the login.",
                f"Use that server's address; or, if it is yours, add {site if host else 'it'} to trusted_redirects.",
            )
        return target

    def failure(self, error: Exception, name: str, url: str, *, sent: bool, safe: bool) -> PbxError:
        """Say why no answer came, and whether the request may have been carried out."""
        where = place(url)
        if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)):
            return certificate_failure(error, where)
        if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
            return final(f"{where} does not speak TLS as it should.", "Check the port, and whether it is https at all.")
        if isinstance(error, aiohttp.InvalidUrlClientError | aiohttp.InvalidURL):
            return final(f"{name}: the server gave a URL that cannot be used.", "Check how the server is configured.")
        if isinstance(error, Unreadable) and safe:
            return final(f"{name}: the answer cannot be read; {error}.", "Check what stands before the server.")
        if isinstance(error, _AFTER_CLOSE) and (self._http is None or self._http.closed):
            error = _ClosedMeanwhile()
        if not isinstance(error, _FORESEEN):
            note_unforeseen(error, name)
        if sent and not safe:
            return OutcomeUnknown(
                f"{name} was sent and not answered ({why(error)}). It may have been carried out.",
                remedy="Look at the events or the state before trying again.",
            )
        remedy = "Check the network, the address and the server."
        if where != place(self.url):
            remedy = (
                f"It is the server that names {where}: check that it serves there, and that firewalls let it through. "
                f"If a proxy before it passes on what goes to {place(self.url)}, set use_given_address."
            )
            if self.settings.use_given_address:
                remedy = f"Check that {where} is where its events are to be had; else set event_port."
        if isinstance(error, TimeoutError):
            return ConnectionFailed(
                f"{name}: no answer from {where} within {self.settings.request_timeout:g} seconds.", remedy=remedy
            )
        return ConnectionFailed(f"{name}: {where} cannot be reached ({why(error)}).", remedy=remedy)


GATEWAY_ERRORS: Final = (502, 504)
"""What a proxy answers that has no answer of the server."""
LARGE_COOKIE: Final = 4096
"""Bytes of an answer's or a request's head that proxies and web servers take in any case."""


def remedy_in_between(status: int, *, login: bool = False, cookies: int = 0) -> str | None:
    """What to do about an answer that is not in the telephone system's own form: something before it gave it.

    ``login`` says that it was the answer to a login, ``cookies`` how many bytes of them were sent.
    """
    if status in GATEWAY_ERRORS:
        remedy = "What stands before the server does not reach it, or not in time: check that the server runs."
        if login and status == 502:
            remedy += (
                " If it runs: an answer that sets a cookie of more than 4 kB, such as a signed token with many rights, "
                "is too large for nginx as it comes; give it proxy_buffer_size 32k and proxy_buffers 8 32k."
            )
        return remedy
    if status == 500:
        return "The web server fails there, or what stands before it: look into its log."
    if status == 404:
        return (
            "Check the path of the address, and that a proxy before the server passes on everything below it, "
            "with the path as it is."
        )
    if status == 413:
        return (
            "What stands before the server takes no request that is so long: raise its bound "
            "(nginx: client_max_body_size, Apache: LimitRequestBody)."
        )
    if status in (400, 431) and cookies > LARGE_COOKIE:
        return (
            f"The cookies of the session have {cookies:,} bytes, which may be too many for what stands before the "
            "server: raise its bound (nginx: large_client_header_buffers, Apache: LimitRequestFieldSize, HAProxy: "
            "tune.bufsize, Tomcat: maxHttpHeaderSize)."
        )
    return None


def below(name: str, url: str) -> str:
    """Where an operation was asked for, such as ``https://pbx.example.com/api/rest/1.0``, without what is its own."""
    template = name.partition(" ")[2].partition("{")[0].rstrip("/")
    try:
        path = urlsplit(url).path
    except ValueError:
        return place(url)
    before, found, _ = path.partition(template) if template else ("", "", "")
    return place(url) + (before.rstrip("/") if found else "")


def place(url: str) -> str:
    """Scheme, host and port of a URL: its path may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "what is no URL"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


_FORESEEN: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What an answer that does not come raises; ``ValueError`` is what aiohttp makes of some that are odd."""


class _ClosedMeanwhile(aiohttp.ClientError):
    """The client was closed while a request was on its way."""


_AFTER_CLOSE: Final = (AssertionError, RuntimeError)
"""What a session of aiohttp raises that was closed while a request was on its way: the latter before it begins, the
former where aiohttp repeats it on its own, because a kept connection ended."""


@contextmanager
def only_pbx_errors(name: str, *, safe: bool) -> Iterator[None]:
    """Let nothing out of an exchange that is no ``PbxError``: every way of asking a server something goes through here.

    Servers answer what nobody has thought of. Whatever that raises further down is one failed request, noted with its
    place, so that those who ask need to know one kind of error only.
    """
    try:
        yield
    except PbxError:
        raise
    except Exception as error:
        note_unforeseen(error, name)
        message = f"{name}: the answer could not be used ({type(error).__name__})."
        if safe:
            raise ConnectionFailed(message, remedy="Report it: the log says where it happened.") from None
        raise OutcomeUnknown(message, remedy="It may have been carried out; look at the state.") from None


def note_unforeseen(error: Exception, name: str) -> None:
    """Log where something happened that nothing should raise, without its text, which may quote the answer."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _LOGGER.error("%s failed in a way that was not foreseen: %s\n%s", name, type(error).__name__, where)


def too_long(name: str, most: int, *, safe: bool) -> PbxError:
    """Return the error of an answer that is longer than is read."""
    message = f"{name}: the answer is longer than {most:,} bytes, and was not read to its end."
    if not safe:
        return OutcomeUnknown(message, remedy="The server has accepted the request; look at the state.")
    return final(message, "Ask for less at a time; or check that it is the telephone system that answers there.")


def certificate_failure(error: Exception, where: str) -> CertificateFailed:
    """Say what is wrong with a certificate."""
    inner = getattr(error, "certificate_error", error)
    reason = getattr(inner, "verify_message", "") or type(inner).__name__
    failed = CertificateFailed(
        f"The certificate of {where} does not verify: {reason}.",
        remedy="Use the host name that the certificate is for; or name its authority in ca_file; or, once you have "
        "compared it, its fingerprint in fingerprints; or, if you accept that anyone could pretend to be the server, "
        'set tls to "none".',
    )
    failed.where = where
    return failed


def final(message: str, remedy: str) -> ConnectionFailed:
    """Return the error of something that trying again does not mend."""
    error = ConnectionFailed(message, remedy=remedy)
    error.transient = False
    return error


def retry_after(answer: Answer) -> float | None:
    """Seconds after which the server wants to be asked again, as ``Retry-After`` of a 429 or 503 says; None without.

    A date counts from the server's own ``Date``, as clocks differ. Never more than ``LONGEST_PAUSE``.
    """
    given = answer.headers.get("Retry-After", "").strip()
    if answer.status not in {429, 503} or not given:
        return None
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), LONGEST_PAUSE)
    until = _date(given)
    if until is None:
        return None
    now = _date(answer.headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_PAUSE)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def unknown_outcome(name: str, error: PbxError) -> OutcomeUnknown:
    """Return the error of a request whose answer only says that the server has not answered in time."""
    unknown = OutcomeUnknown(
        f"{name} was sent and the server had no answer to it in time. It may have been carried out.",
        remedy="Look at the events or the state before trying again.",
    )
    unknown.__cause__ = error
    return unknown


def why(error: BaseException) -> str:
    """A word for what happened, without the texts of libraries, which may quote URLs and headers."""
    if isinstance(error, TimeoutError):
        return "time-out"
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "the host is not known"
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror).partition("[")[0].strip() or type(error).__name__
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server hung up"
    if isinstance(error, _ClosedMeanwhile):
        return "the connection was closed meanwhile"
    return type(error).__name__


_PAST: Final = re.compile(r"-[0-9]+|0+")
"""A ``Max-Age`` that is over; what is no number means nothing, and numbers can be too long to be made one."""


def _forgets(attribute: str) -> bool:
    """Whether this attribute of a cookie says that it is over."""
    name, _, value = attribute.strip().partition("=")
    if name.lower() == "max-age":
        return _PAST.fullmatch(value.strip()) is not None
    if name.lower() != "expires":
        return False
    try:
        return parsedate_to_datetime(value.replace("-", " ")).year < 1971  # ended cookies are dated at the beginning
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


def said(body: bytes) -> dict[str, Any]:
    """What the body of a refusal says, where it is an object."""
    try:
        values, _ = read_json(body)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def word(value: Any) -> str | None:
    """The text, if it is one and not empty."""
    return value if isinstance(value, str) and value else None


_UNSEEN: Final = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
_ENDS: Final = {name: re.compile(rf"</{name}\s*+>", re.IGNORECASE) for name in ("script", "style", "head")}
_TAG: Final = re.compile(r"<[^<>]*+>")


def _without_tags(text: str) -> str:
    """A page without its tags, and without what no browser would show.

    One search for what begins and what ends it would go to the end of the page for each beginning that has no end.
    """
    parts: list[str] = []
    at = 0
    unclosed: set[str] = set()
    while (begin := _UNSEEN.search(text, at)) is not None:
        name = begin[1].lower()
        end = _ENDS[name].search(text, begin.end()) if name not in unclosed else None
        if end is not None:
            parts += (text[at : begin.start()], " ")
            at = end.end()
        else:
            unclosed.add(name)
            parts.append(text[at : begin.end()])
            at = begin.end()
    parts.append(text[at:])
    return _TAG.sub(" ", "".join(parts))


def shortened(text: str) -> str:
    """A page of HTML or the like, as a few words; what cannot be printed is left out."""
    if "<" in text:
        text = _without_tags(text)
    text = " ".join(text.split())
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
