"""``aiopbx probe``: what works against a server and what does not, step by step, with the remedy."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from .. import ConnectionFailed, ConnectionSettings, NotAllowed, NotSupported, NumberPlan, PbxError, RequestRefused
from ..connection import IDLE_REMEDY
from ..http.tap import WireStatistics
from ..http.transport import place
from ..istra.client import IstraClient, PushSocket
from ..istra.types.session import Application
from ..o2g.channel.base import PROMPT, EventChannel, events_late, is_quick
from ..o2g.client import O2gClient
from ..o2g.decoding import Event
from ..o2g.discovery import check_basic
from ..o2g.session import ROOT, VERSION
from ..o2g.transport import Transport
from ..o2g.types.overview import RoxeRestApiDescriptor
from ..o2g.types.sessions import Filter, Selector, Subscription, SubscriptionRequest, SubscriptionState
from ..o2g.types.telephony import OnTelephonyState
from ..o2g.types.users import User
from .command import CONNECTION, OK, REFUSED, exit_code
from .output import console, one_line, print_line

if TYPE_CHECKING:
    from cryptography.x509 import Name

PACKAGES: Final = ("telephony", "routingManagement", "eventSummary")
NEEDED: Final = ("Telephony", "Users", "Routing", "EventSummary", "Subscriptions")
_EXPIRES_SOON: Final = 30
"""A certificate that has no more days than this is worth a remark."""
_LISTENER: Final = "aiopbx-probe"
_ALIVE: Final = "alive"
_SHORTEST_SILENCE: Final = 4.0
"""Seconds; what ends sooner has another reason than that nothing came."""
_LISTEN_SECONDS: Final = 1.0
"""How long to listen to Istra's socket."""


class Result(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass
class Step:
    """One step and how it ended."""

    name: str
    result: Result
    seconds: float = 0.0
    text: str = ""
    remedy: str = ""


class Stop(Exception):
    """A step failed, and the next ones need it."""

    def __init__(self, text: str, remedy: str = "", *, code: int = CONNECTION) -> None:
        """Say what failed and what to do about it."""
        super().__init__(text)
        self.text = text
        self.remedy = remedy
        self.code = code


Do = tuple[str, Callable[[], Awaitable[str]], bool]
"""Name of a step, what it does, and whether it needs a login."""


@dataclass
class Steps:
    """The steps that every system has: name, connection, certificate. Each step uses what the ones before it found."""

    settings: ConnectionSettings
    report: Callable[[Step], None]
    with_login: bool = False
    patience: float = 10.0
    stay: float = 0.0
    """Seconds to stay connected at the end."""
    steps: list[Step] = field(default_factory=list)
    addresses: list[tuple[Any, ...]] = field(default_factory=list)
    code: int = OK
    http: aiohttp.ClientSession | None = None

    port_hint = ""
    """Which port to try if nothing answers."""

    def more(self) -> tuple[Do, ...]:
        """Return the steps after the network."""
        return ()

    async def clean_up(self) -> None:
        """Close what the steps opened."""

    async def run(self) -> int:
        """Take all steps, close what they opened, and return the exit code."""
        steps: tuple[Do, ...] = (
            ("name", self.resolve, False),
            ("tcp", self.connect, False),
            ("certificate", self.certificate, False),
            *self.more(),
        )
        broken = ""
        self.http = aiohttp.ClientSession()
        try:
            for name, do, needs_login in steps:
                if broken:
                    self._add(Step(name, Result.SKIPPED, text=f"needs {broken}"))
                elif needs_login and not self.with_login:
                    self._add(Step(name, Result.SKIPPED, text="needs a login", remedy="Say --user."))
                elif not await self._step(name, do):
                    broken = name
        finally:
            await self.clean_up()
            await self.http.close()
        return self.code

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        self.report(step)

    async def _step(self, name: str, do: Callable[[], Awaitable[str]]) -> bool:
        started = time.monotonic()
        step = Step(name, Result.OK)
        try:
            async with asyncio.timeout(self.patience * 2 + (self.stay if name == _ALIVE else 0)):
                step.text = await do()
            if step.text.startswith("-"):
                step.result, step.text = Result.SKIPPED, step.text.removeprefix("-")
        except Stop as stop:
            step.result, step.text, step.remedy = Result.FAILED, stop.text, stop.remedy
            self.code = self.code or stop.code
        except PbxError as error:
            step.result, step.text, step.remedy = Result.FAILED, error.message, error.remedy or ""
            self.code = self.code or exit_code(error)
        except TimeoutError:
            step.result = Result.FAILED
            step.text = f"no end within {self.patience * 2:g} s"
            step.remedy = "Is the server overloaded, or a firewall in between? --patience waits longer."
            self.code = self.code or CONNECTION
        step.seconds = time.monotonic() - started
        self._add(step)
        return step.result is not Result.FAILED

    # --------------------------------------------------------------------------------------------------- the network

    @property
    def _host(self) -> tuple[str, int, bool]:
        parts = urlsplit(self.settings.url)
        secure = parts.scheme == "https"
        return parts.hostname or "", parts.port or (443 if secure else 80), secure

    async def resolve(self) -> str:
        """Find the addresses of the host."""
        host, port, _ = self._host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Stop(
                f"{host} has no address ({error.strerror or error})",
                "Check the name, and whether this machine's DNS knows it (VPN?).",
            ) from None
        self.addresses = [address for *_, address in found]
        shown = list(dict.fromkeys(str(address[0]) for address in self.addresses))
        return f"{host} is {', '.join(shown[:4])}"

    async def connect(self) -> str:
        """Open a connection."""
        host, port, _ = self._host
        try:
            async with asyncio.timeout(self.patience):
                _, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            raise Stop(
                f"port {port} does not answer within {self.patience:g} s",
                "A firewall may drop it; check address and port, and that this machine may reach the server.",
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise Stop(
                f"port {port} cannot be reached ({reason})",
                f"Is the server running, and is this its port? {self.port_hint}".rstrip(),
            ) from None
        peer = writer.get_extra_info("peername")
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return f"connected to {peer[0]} port {port}"

    async def certificate(self) -> str:
        """Look at the certificate, and whether it verifies."""
        host, port, secure = self._host
        if not secure:
            return "-plain http: passwords and events can be read on the way"
        raw = await self._peer_certificate(host, port)
        description = describe_certificate(raw) if raw else "the server showed none"
        if self.settings.tls == "none":
            return f"{description}; not verified, as asked"
        context = await self.settings.load_ssl()
        try:
            async with asyncio.timeout(self.patience):
                _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise Stop(
                f"{description}; does not verify: {error.verify_message}",
                "Give the authority's certificate (or the server's own) with --ca-file; "
                "--tls none trusts any server, for tests only.",
            ) from None
        except (OSError, TimeoutError) as error:
            raise Stop(f"TLS fails: {one_line(error) or type(error).__name__}", "Is this an https port?") from None
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return f"{description}; verifies"

    async def _peer_certificate(self, host: str, port: int) -> bytes | None:
        """Return the server's certificate, whoever issued it. Nothing is sent over this connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            async with asyncio.timeout(self.patience):
                _, writer = await asyncio.open_connection(host, port, ssl=context)
        except (OSError, TimeoutError) as error:
            raise Stop(
                f"the port does not speak TLS ({one_line(error) or type(error).__name__})",
                "Is this an https port? Write http: in the address if it is not.",
            ) from None
        connection = writer.get_extra_info("ssl_object")
        raw: bytes | None = connection.getpeercert(binary_form=True) if connection is not None else None
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return raw


@dataclass
class O2gProbe(Steps):
    """The steps of O2G."""

    descriptor: RoxeRestApiDescriptor | None = None
    client: O2gClient | None = None
    logins: tuple[str, ...] = ()
    subscription: Subscription | None = None
    channel: EventChannel | None = None
    batches: AsyncIterator[list[Event]] | None = None

    port_hint = "O2G uses 443 unless set up otherwise."

    def more(self) -> tuple[Do, ...]:
        """Return the steps from the descriptor to a snapshot."""
        return (
            ("server", self.read_root, False),
            ("versions", self.versions, False),
            ("login", self.login, True),
            ("services", self.services, True),
            ("lines", self.lines, True),
            ("licence", self.licence, True),
            ("subscription", self.subscribe, True),
            ("channel", self.open_channel, True),
            ("snapshot", self.snapshot, True),
            *(((_ALIVE, self.alive, True),) if self.stay else ()),
        )

    async def clean_up(self) -> None:
        """Log out."""
        if self.client is not None:
            await self.client.close()

    # ---------------------------------------------------------------------------------------------------- the server

    async def read_root(self) -> str:
        """Ask the server what it is, without logging in."""
        assert self.http is not None
        transport = Transport(self.settings, self.http, url=self.settings.url, statistics=WireStatistics())
        name = f"GET {ROOT}"
        try:
            await transport.open()
            answer = await transport.request(
                "GET", transport.url + ROOT, name=name, with_cookies=False, safe=True, timeout=self.patience
            )
        except RequestRefused as error:
            remedy = error.remedy or "This is no O2G server, or its API is elsewhere: check the address."
            if error.status == 503:
                remedy = "The server is starting, or the other of its pair serves: try that one."
            raise Stop(f"{name} answers {error.status}: {one_line(error.message)}", remedy) from None
        finally:
            await transport.close()
        try:
            self.descriptor = msgspec.json.decode(answer.body, type=RoxeRestApiDescriptor)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Stop(f"{name} answers something else", "This is no O2G server: check the address.") from None
        asked, answered = place(transport.url), place(answer.url)
        redirected = f", after a redirect to {answered}" if answered != asked else ""
        server = self.descriptor.server_info
        if server is None:
            return f"answers{redirected}"
        version = server.product_version
        numbers = ".".join(part for part in (version.major, version.minor) if part) if version else ""
        pair = ", one of a pair" if server.ha_mode else ""
        return one_line(f"{server.product_name or server.product_type or 'a server'} {numbers}{pair}{redirected}")

    async def versions(self) -> str:
        """Look for the version of the API that this client uses."""
        found = self.descriptor.versions if self.descriptor else ()
        named = ", ".join(one_line(version.id) for version in found if version.id)
        if not any(version.public_url or version.internal_url for version in found):
            raise Stop("the server names no version of its API", "Is it fully started?")
        if not any(version.id == VERSION for version in found):
            return f"{named}; {VERSION} is not among them, the server's current one is used"
        return named

    async def login(self) -> str:
        """Log in and open a session."""
        assert self.http is not None
        client = O2gClient(self.settings, self.http)
        info = await client.open()
        self.client = client
        role = "an administrator" if client.administrator else "a user"
        return one_line(f"{client.login}, {role}; the session lives {info.time_to_live} s without a keep-alive")

    async def services(self) -> str:
        """Look for the services that this client uses."""
        assert self.client is not None
        offered = {service.service_name.lower() for service in self.client.info.services if service.service_name}
        if not offered:
            return "none listed; the usual places are used"
        missing = [name for name in NEEDED if name.lower() not in offered]
        if missing:
            raise Stop(
                f"{', '.join(missing)} missing among {len(offered)}",
                "The account, or the server's licence, does not include it: ask the server's administrator.",
                code=REFUSED,
            )
        return f"{len(offered)}, all that are needed"

    async def lines(self) -> str:
        """Read which users can be monitored."""
        assert self.client is not None
        if self.client.administrator:
            self.logins = tuple((await self.client.users.logins()).login_names)
        else:
            self.logins = (self.client.login,)
        if not self.logins:
            raise Stop(
                "there are none",
                "Create users on the server, or check the administrator's rights.",
                code=REFUSED,
            )
        user: User = await self.client.users.user(self.logins[0])
        name = " ".join(dict.fromkeys(part for part in (user.first_name, user.last_name) if part))
        more = f" and {len(self.logins) - 1} more" if len(self.logins) > 1 else ""
        phone = user.company_phone or ""
        return one_line(f"{user.login_name or self.logins[0]} {phone} {name}{more}{proposed([phone])}")

    async def licence(self) -> str:
        """Find out whether call control is licensed, with a GET that needs TELEPHONY_ADVANCED."""
        assert self.client is not None
        query = {"login_name": self.logins[0]} if self.client.administrator else {}
        try:
            state = await self.client.telephony.telephonic_state(**query)
        except PbxError as error:
            if isinstance(error, NotAllowed) and not self.client.administrator:
                try:
                    await check_basic(self.client)
                except NotSupported as missing:
                    raise Stop(missing.message, missing.remedy or "", code=REFUSED) from missing
            raise Stop(
                f"telephony is refused for {self.logins[0]}: {error.message}",
                "The user needs TELEPHONY_ADVANCED; with TELEPHONY_BASIC one can dial, answer and hang up, no more.",
                code=REFUSED,
            ) from error
        calls = len(state.calls) if state is not None else 0
        return f"TELEPHONY_ADVANCED works for {self.logins[0]}; {calls or 'no'} call{'s' if calls > 1 else ''} now"

    # ---------------------------------------------------------------------------------------------------- the events

    async def subscribe(self) -> str:
        """Ask for events."""
        assert self.client is not None
        ids = ("*",) if self.client.administrator else (self.client.login,)
        subscription = await self.client.subscriptions.subscribe(
            SubscriptionRequest(
                filter=Filter(selectors=tuple(Selector(ids=ids, names=(package,)) for package in PACKAGES)),
                version="2.0",
                timeout=0,
            )
        )
        if subscription.status is not SubscriptionState.ACCEPTED:
            raise Stop(
                f"refused: {one_line(subscription.message or subscription.status or 'no reason given')}",
                "Usually licences: one TELEPHONY_ADVANCED for every user that is monitored.",
                code=REFUSED,
            )
        self.subscription = subscription
        return f"accepted, {one_line(subscription.mode or 'CHUNK')}"

    async def open_channel(self) -> str:
        """Open the event channel and wait for its first message."""
        assert self.client is not None
        assert self.subscription is not None
        urls = (self.subscription.public_polling_url, self.subscription.private_polling_url)
        ports = " or ".join(dict.fromkeys(str(urlsplit(url).port or "the usual port") for url in urls if url))
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.patience):
                self.channel = await self.client.open_channel(self.subscription)
                self.batches = aiter(self.channel)
                await anext(self.batches)
        except StopAsyncIteration:
            reason = self.channel.end_reason if self.channel else ""
            raise Stop(f"port {ports} ends at once: {reason}", "Look into the server's log.") from None
        except (TimeoutError, ConnectionFailed) as error:
            remedy = "Firewalls and proxies must let the event port through (8014 http, 8016 https) and not buffer it."
            if isinstance(error, TimeoutError) and is_quick(self.client.usual_duration):
                remedy += f" {events_late('', '').remedy}"
            raise Stop(f"port {ports} gives no events: {one_line(error) or 'silence'}", remedy) from error
        took = time.monotonic() - started
        if took > PROMPT and is_quick(self.client.usual_duration):
            raise self._late(f"the first message took {took:.1f} s")
        return f"port {ports}, first message after {took:.2f} s"

    def _late(self, why: str) -> Stop:
        """Return the failure of a channel whose events come late."""
        late = events_late(why, place(self.settings.url))
        return Stop(late.message, late.remedy or "")

    async def snapshot(self) -> str:
        """Ask for the state of a line and wait for it on the channel."""
        assert self.client is not None
        assert self.batches is not None
        login = self.logins[0]
        await self.client.telephony.telephony_snapshot(login_name=login)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self.patience):
                async for batch in self.batches:
                    if any(isinstance(event, OnTelephonyState) for event in batch):
                        break
        except TimeoutError:
            raise Stop(
                f"no state of {login} within {self.patience:g} s",
                "Old servers have none; the client reads the state by GET then. Otherwise a proxy holds events back. "
                f"{events_late('', '').remedy}",
            ) from None
        took = time.monotonic() - started
        if took > PROMPT and is_quick(self.client.usual_duration):
            raise self._late(f"a state that was asked for took {took:.1f} s")
        return f"state of {login} came after {took:.2f} s"

    async def alive(self) -> str:
        """Stay connected: what stands in between may cut a channel on which nothing comes."""
        assert self.channel is not None
        assert self.batches is not None
        try:
            async with asyncio.timeout(self.stay):
                async for _ in self.batches:
                    pass
        except TimeoutError:
            return f"the channel stays open for {self.stay:g} s"
        raise _cut("channel", self.channel.quiet, self.channel.end_reason)


@dataclass
class IstraProbe(Steps):
    """The steps of Istra: log in, look for lines, open the socket, listen."""

    client: IstraClient | None = None
    socket: PushSocket | None = None
    terminal: str | None = None

    def more(self) -> tuple[Do, ...]:
        """Return the steps from the login to the listener."""
        return (
            ("login", self.login, True),
            ("lines", self.lines, True),
            ("socket", self.open_socket, True),
            ("listener", self.listen, True),
            (_ALIVE, self.alive, True),
        )

    async def clean_up(self) -> None:
        """Log out, which deletes the listener and closes the socket."""
        if self.client is not None:
            await self.client.close()

    async def login(self) -> str:
        """Log in, wherever redirects lead."""
        assert self.http is not None
        client = IstraClient(self.settings, self.http)
        await client.open()
        self.client = client
        return f"{client.application} at {client.url}"

    async def lines(self) -> str:
        """Look for what can be monitored."""
        assert self.client is not None
        client = self.client
        if client.application is Application.RCC:
            page = await client.rcc.extension_page(offset=0, length=50)
            if not page.all:
                raise Stop(
                    "there are no extensions",
                    "Have the administrator allow myRCC for the extensions of this enterprise.",
                )
            public = [number for one in page.all for number in one.pstn_numbers]
            plan = proposed([one.address_number or "" for one in page.all], public)
            return f"{len(page.all) if page.count is None else page.count} extensions{plan}"
        if client.application is Application.CRM:
            terminals = await client.crm.terminals()
            if not terminals:
                raise Stop("the user has no terminal", "Have the administrator give one to the user.")
            self.terminal = terminals[0].terminal_id
            return f"{len(terminals)} terminals"
        info = await client.enduser.info()
        version = f", Istra {info.istra_version}" if info.istra_version else ""
        return f"{len(info.terminals)} terminals{version}"

    async def open_socket(self) -> str:
        """Open the socket of the events."""
        assert self.client is not None
        self.socket = await self.client.open_socket()
        limit = self.socket.timeout
        return "open" + (f"; a ping is due every {limit / 3:.0f} s" if limit else "")

    async def listen(self) -> str:
        """Create a listener and register it."""
        assert self.client is not None
        client = self.client
        await client.service.create_listener(_LISTENER, self.terminal)
        if client.application is Application.RCC:
            page = await client.rcc.call_lines(listener_name=_LISTENER)
            return f"registered; {len(page.all)} calls at the moment"
        if client.application is Application.CRM:
            await client.crm.listen(listener_name=_LISTENER, terminal_id=self.terminal or "")
            return "registered; the server does not report calls that are in progress"
        counters = await client.enduser.notifications(listener_name=_LISTENER)
        return f"registered; {counters.unread_voice_mails or 0} new voicemails"

    async def alive(self) -> str:
        """Listen for a moment: a server closes at once a socket that it does not want."""
        assert self.socket is not None
        socket = self.socket

        async def read() -> None:
            async for _ in socket:
                pass

        try:
            async with asyncio.timeout(max(self.stay, _LISTEN_SECONDS)):
                await read()
        except TimeoutError:
            return "the socket stays open" + (f" for {self.stay:g} s" if self.stay else "")
        raise _cut("socket", socket.quiet, socket.end_reason)


def _cut(what: str, quiet: float | None, reason: str | None) -> Stop:
    """Return the failure of a channel or a socket that has ended, after so many seconds of silence."""
    if quiet is None or quiet < _SHORTEST_SILENCE:
        return Stop(f"the {what} ended: {reason}", "Look into the server's log, and at proxies before it.")
    return Stop(f"the {what} ended after {quiet:.0f} s of silence: {reason}", IDLE_REMEDY)


def proposed(internal: Sequence[str], public: Sequence[str] = ()) -> str:
    """Say which number plan fits the numbers that were seen, in the words of the settings; nothing where none does."""
    plan = NumberPlan.proposed(internal, public)
    parts = [f"country {plan.country}"] if plan.country is not None else []
    if plan.internal_lengths is not None:
        least, most = plan.internal_lengths
        parts.append(f"internal_lengths {least}-{most}")
    return f"; number_plan: {', '.join(parts)}" if parts else ""


def describe_certificate(raw: bytes) -> str:
    """Say whose certificate it is, who issued it, and until when it is valid."""
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(raw)
    subject, issuer = _name(certificate.subject), _name(certificate.issuer)
    ends = certificate.not_valid_after_utc
    left = (ends - datetime.now(UTC)).days
    by = "signed by itself" if certificate.subject == certificate.issuer else f"issued by {issuer}"
    when = f"until {ends:%Y-%m-%d}"
    if left < 0:
        when = f"expired on {ends:%Y-%m-%d}"
    elif left < _EXPIRES_SOON:
        when += f" (in {left} days)"
    return one_line(f"{subject}, {by}, {when}")


def _name(name: "Name") -> str:
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        found = name.get_attributes_for_oid(kind)
        if found:
            return str(found[0].value)
    return name.rfc4514_string() or "no name"


_STYLE: Final = {Result.OK: "green", Result.FAILED: "bold red", Result.SKIPPED: "yellow"}


async def probe(
    settings: ConnectionSettings, *, with_login: bool, patience: float, as_json: bool, stay: float = 0.0
) -> int:
    """Print each step as it ends, and return the exit code. Without a login the steps that need one are skipped."""

    def report(step: Step) -> None:
        if as_json:
            print_line(msgspec.json.encode(step).decode())
        else:
            _print_step(step)

    kind = O2gProbe if settings.system == "o2g" else IstraProbe
    return await kind(settings, report, with_login, patience, stay).run()


def _print_step(step: Step) -> None:
    from rich.text import Text

    out = console()
    line = Text(f"{step.result.value:<8}", style=_STYLE[step.result])
    line.append(f"{step.name:<13}", style="bold default")
    line.append(f"{step.seconds:6.2f} s  " if step.result is not Result.SKIPPED else " " * 10, style="dim")
    line.append(one_line(step.text), style="not bold default")
    out.print(line, soft_wrap=True)
    if step.remedy and step.result is not Result.OK:
        out.print(Text(" " * 8 + f"→ {one_line(step.remedy)}", style="cyan"), soft_wrap=True)
