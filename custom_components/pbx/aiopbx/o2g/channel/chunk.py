"""The usual event channel: one answer that never ends, one event a line."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from time import monotonic
from typing import Final, NamedTuple, Protocol

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from ...errors import PbxError, RequestRefused, SubscriptionLost
from ...http.tap import WireStatistics
from ...http.transport import Sent, place, said
from ...operations import Operation, operation_of
from ...settings.connection import ConnectionSettings
from ..decoding import Event, EventDecoder
from ..services.sessions import Subscriptions
from ..transport import JSON, MOST_OF_AN_ERROR, MOST_REDIRECTS, REDIRECTS, Answer, Transport, refusal
from ..types.events import OnChannelInformation
from ..types.sessions import Subscription, SubscriptionRequest
from .base import LONGEST_LINE, ChannelEnd, EventChannel, events_late, is_quick

_BUFFER: Final = 256 * 1024
_AT_ONCE: Final = 16 * 1024
"""Bytes that are decoded at once, and the rest of their last line."""
_BLOCKS: Final = frozenset({4096, 16384})
"""Bytes of the buffers in which nginx gathers an answer before it passes it on, without TLS and with it."""
_SEVERAL: Final = 3
CUT_SHORT: Final = 1.0
"""Seconds that the rest of an event may be on the way, when its beginning is here."""
_LONG_ENOUGH: Final = 1.0
"""Seconds, at least, without headers, before something in between is suspected of holding them back."""
_LINE_FEED: Final = ord("\n")
_NAME: Final = "The event channel"
_SHOWN: Final = "(event channel)"


class Body(Protocol):
    """What is read of an answer."""

    async def readany(self) -> bytes:
        """Wait for something and return all that is there; nothing at the end."""


class StreamedAnswer(Protocol):
    """An answer whose headers have come, aiohttp's or ours."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers."""

    @property
    def content(self) -> Body:
        """The body, to be read."""

    def close(self) -> None:
        """Close the connection; whoever reads gets an error."""


class ChunkChannel(EventChannel):
    """The channel that is one answer of the server, which does not end."""

    def __init__(self, response: StreamedAnswer, decoder: EventDecoder) -> None:
        """Read this answer."""
        super().__init__(decoder)
        self._response = response

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Read until the end. Only one reader at a time."""
        content, decoder = self._response.content, self._decoder
        statistics = decoder.statistics
        parts: list[bytes] = []  # of the line that is not whole yet
        size = 0
        skipping = False  # the rest of a line that is too long
        first = True
        blocks = 0
        loop = asyncio.get_running_loop()
        rest: asyncio.TimerHandle | None = None  # runs while a line is not whole
        try:
            while chunk := await content.readany():
                self.last_heard = monotonic()
                self.reads += 1
                if rest is not None:
                    rest.cancel()
                    rest = None
                if len(chunk) in _BLOCKS:
                    blocks += 1
                    if blocks % _SEVERAL == 0:
                        self.on_late(f"they come in blocks of {len(chunk):,} bytes")
                if chunk[-1] != _LINE_FEED:
                    # A server sends each event whole, so that its rest cannot be long on the way.
                    rest = loop.call_later(CUT_SHORT, self.on_late, "one of them has come by half")
                statistics.bytes += len(chunk)
                cut = chunk.rfind(b"\n") + 1
                if not cut:
                    if not skipping:
                        size += len(chunk)
                        parts.append(chunk)
                        if size > LONGEST_LINE:
                            skipping, size = True, 0
                            parts.clear()
                            decoder.overlong()
                    continue
                start = 0
                if skipping:
                    start = chunk.find(b"\n") + 1
                    skipping = False
                whole = chunk[start:cut] if start or cut != len(chunk) else chunk
                if parts:
                    parts.append(whole)
                    whole = b"".join(parts)
                    parts.clear()
                size = len(chunk) - cut
                if size:
                    parts.append(chunk[cut:])
                # A flood is taken in parts: what was decoded is applied while it is still in the processor's cache.
                end = len(whole)
                start = 0
                while start < end:
                    stop = end
                    if end - start > _AT_ONCE:
                        stop = whole.find(b"\n", start + _AT_ONCE) + 1 or end
                    events = decoder.decode_lines(whole if stop - start == end else whole[start:stop])
                    start = stop
                    if events:
                        if first:
                            first = False
                            if type(events[0]) is not OnChannelInformation:
                                statistics.log_once("The event channel did not begin with OnChannelInformation")
                        self.arrivals.notify()
                        yield events
            # The server has ended it: a last line that is whole needs no newline.
            if parts and parts[-1].rstrip().endswith(b"}") and (events := decoder.decode_lines(b"".join(parts))):
                self.arrivals.notify()
                yield events
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self._note_silence()
            self._ended(ChannelEnd.BROKEN, f"the connection broke ({type(error).__name__})")
        else:
            # Where a proxy speaks HTTP/1.0 to the server, one that died looks the same as one that had no more to say,
            # and what the proxy still held is thrown away. So this is a loss like any other.
            self._note_silence()
            self._ended(ChannelEnd.CLEAN, "the server, or a proxy before it, ended it")
        finally:
            if rest is not None:
                rest.cancel()
            self._ended(ChannelEnd.CLOSED, "it was closed")
            self._response.close()

    def _note_silence(self) -> None:
        if not self._closing:
            self.quiet = monotonic() - self.last_heard

    async def close(self) -> None:
        """Close it; the iteration comes to its end."""
        self._closing = True
        self._response.close()
        await super().close()


async def open_channel(transport: Transport, url: str, decoder: EventDecoder, *, direct: bool = False) -> ChunkChannel:
    """Open the channel at the polling URL of a subscription, without cookie and without credentials.

    ``direct`` says that the connection need not be made by the connector of the HTTP session.

    Raises ``SubscriptionLost`` where the server does not know the subscription, ``NotReady``, ``ConnectionFailed``.
    """
    method = "POST"
    tap = transport.statistics.tap
    for _ in range(MOST_REDIRECTS + 1):
        exchange = None
        if tap.listeners:  # its URL is a secret
            exchange = tap.exchange()
            tap.publish(f"{method} {_SHOWN}", sent=True, exchange=exchange)
        response = await _ask(transport, method, url, direct=direct)
        if tap.listeners:
            tap.publish(f"{method} {_SHOWN}", sent=False, status=response.status, exchange=exchange)
        if 200 <= response.status < 300:
            return ChunkChannel(response, decoder)
        try:
            async with asyncio.timeout(transport.settings.request_timeout):
                body = await _most_of(response.content)
        except (aiohttp.ClientError, TimeoutError, OSError):
            body = b""
        finally:
            response.close()
        answer = Answer(response.status, response.headers, body, url)
        if response.status == 405 and method == "POST":
            method = "GET"
        elif response.status in REDIRECTS:
            url = transport.redirected(answer, _NAME, events=True)
        else:
            raise _refused(answer, transport)
    raise transport.not_o2g(f"{_NAME}: the server redirects in a circle.")


async def _most_of(content: Body) -> bytes:
    """Read the body of an error, to its end or as much as is worth reading."""
    body = b""
    while len(body) < MOST_OF_AN_ERROR and (piece := await content.readany()):
        body += piece
    return body[:MOST_OF_AN_ERROR]


def _of_our_own() -> Callable[..., Awaitable[StreamedAnswer]] | None:
    """What asks by the protocol of our own; None without its parser, which need not be there: aiohttp does it, too."""
    try:
        from .stream import ask
    except ImportError:
        return None
    return ask


async def _ask(transport: Transport, method: str, url: str, *, direct: bool) -> StreamedAnswer:
    """Make the request, and return its answer once the headers have come: a server sends them at once."""
    sent = Sent(safe=True)
    transport.refuse_plain(url, _NAME.lower())
    seconds = transport.settings.request_timeout
    proxy = transport.proxy(url)
    try:
        async with asyncio.timeout(seconds):
            tls = await transport.tls(url)
            if direct and proxy is None and (ask := _of_our_own()) is not None:
                return await ask(
                    method, URL(url, encoded=True), tls=tls, accept=JSON, on_sent=lambda: setattr(sent, "headers", True)
                )
            return await transport.http.request(
                method,
                URL(url, encoded=True),
                headers={"Accept": JSON},
                skip_auto_headers=("Content-Type", "Accept-Encoding"),
                ssl=tls,
                proxy=proxy,
                allow_redirects=False,
                read_bufsize=_BUFFER,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=seconds),
                trace_request_ctx=sent,
            )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        quick = is_quick(transport.usual_duration) and seconds >= _LONG_ENOUGH
        if isinstance(error, TimeoutError) and sent.headers and quick:
            raise events_late(
                f"the answer that carries them has not begun within {seconds:g} s, and others come at once",
                place(url),
            ) from None
        raise transport.failure(error, _NAME, url, sent=False, safe=True) from None


def _refused(answer: Answer, transport: Transport) -> PbxError:
    error = refusal(answer, _NAME, transport.secrets, safe=True)
    if error.transient or not isinstance(error, RequestRefused):
        return error
    if answer.status >= 500 and not said(answer.body):
        return error  # O2G has not said anything of the subscription
    where = place(answer.url)
    elsewhere = (
        f" If that comes again and again, {where} is not where the server serves its events: a proxy before it has to "
        "pass them on, and the server has to name that place."
    )
    return SubscriptionLost(
        f"{_NAME} was refused ({answer.status}) at {where}: the subscription is dead.",
        operation=_NAME,
        status=answer.status,
        code=error.code,
        type=error.type,
        help_message=error.help_message,
        inner_message=error.inner_message,
        can_retry=error.can_retry,
        remedy="A new subscription is needed." + ("" if said(answer.body) else elsewhere),
    )


SUBSCRIBE: Final[Operation[Subscription]] = operation_of(Subscriptions.subscribe)


class Prepared(NamedTuple):
    """A subscription that is about to be asked for."""

    operation: Operation[Subscription]
    query: Mapping[str, str | bool]
    request: SubscriptionRequest
    channel: EventChannel | None
    """Where its events will come, if that must be known before they do."""


class Channels:
    """The chunked channel, and the base of the others. It outlives connections, as a listener does."""

    def __init__(self, settings: ConnectionSettings, statistics: WireStatistics) -> None:
        """Nothing is open yet."""
        self.settings = settings
        self.statistics = statistics
        self.direct = False
        """Whether the HTTP session is one of the client's own, so that its connector does nothing special."""

    async def open(self) -> None:
        """Listen, if that is needed, and is not so already. Raises ``InvalidInput`` where it cannot."""

    async def close(self) -> None:
        """Listen no more. Never raises; more than once is fine."""

    def transport(self, http: aiohttp.ClientSession, url: str) -> Transport:
        """Return the way that requests to this server go."""
        return Transport(self.settings, http, url=url, statistics=self.statistics)

    def prepare(self, transport: Transport, request: SubscriptionRequest) -> Prepared:
        """Make ready for the events of a subscription that is about to be asked for."""
        return Prepared(SUBSCRIBE, {}, request, None)

    async def open_channel(self, transport: Transport, subscription: Subscription) -> EventChannel:
        """Open the channel of a subscription for which none was prepared."""
        url = transport.choose(
            subscription.public_polling_url, subscription.private_polling_url, what="the event channel", events=True
        )
        return await open_channel(transport, url, EventDecoder(self.statistics, transport.mask), direct=self.direct)
