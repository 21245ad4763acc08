"""The tunnel: a WebSocket listener that the agent of an O2G server connects to, for requests, answers and events."""

import asyncio
import errno
import hmac
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from secrets import token_hex
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec
from multidict import CIMultiDict, CIMultiDictProxy
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Handshake, Response

from ...clean_text import read_json
from ...errors import ConnectionFailed, InvalidInput, OutcomeUnknown, PbxError
from ...http.body import MOST_OF_AN_ERROR, TooLong
from ...http.tap import WireStatistics
from ...http.transport import too_long
from ...loops import settle
from ...parameters import ParameterPlace, parameter_of
from ...settings.channels import TunnelSettings
from ...settings.connection import ConnectionSettings
from ..decoding import EventDecoder
from ..transport import Answer, Outgoing, Transport
from ..types.sessions import Subscription, SubscriptionRequest
from ..types.tunnel import (
    BEARER,
    GATEWAY_ERRORS,
    IDENTIFIER,
    LONGEST_MESSAGE,
    Answer as Answered,
    Cancel,
    Event,
    Piece,
    Request,
    encode,
    from_agent,
    payload,
)
from .base import ChannelEnd, EventChannel, PushedChannel
from .chunk import SUBSCRIBE, Channels, Prepared
from .door import Door

_LOGGER = logging.getLogger(__name__)

RETURN: Final = 2.0
"""Seconds that a request waits for an agent that was there and is not any more: it may just be connecting again."""
MOST_WAITING: Final = 32 * 1024 * 1024
"""Bytes of a download that wait to be read, at most."""
PONG: Final = 10.0
"""Seconds, at most, for an agent to answer a ping."""
_CLOSING: Final = 1.0
_NO_UPGRADE: Final = (
    "A proxy before this side has to pass WebSockets on (nginx: proxy_http_version 1.1, proxy_set_header Upgrade "
    '$http_upgrade, proxy_set_header Connection "upgrade"; Apache: ProxyPass with upgrade=websocket).'
)
_REMEDY: Final = "Check that the agent of the server sends the events of this tunnel's subscriptions through it."
_SUBSCRIBE: Final = replace(
    SUBSCRIBE,
    parameters=(parameter_of(str, name=IDENTIFIER, keyword=IDENTIFIER, place=ParameterPlace.QUERY),),
)

_silent = logging.Logger("aiopbx.tunnel", logging.CRITICAL + 1)  # noqa: LOG001 - websockets would log every frame
_silent.addHandler(logging.NullHandler())


class _Gone(Exception):
    """The agent's connection ended."""


class Agent:
    """The connection of an agent."""

    def __init__(self, connection: ServerConnection, statistics: WireStatistics) -> None:
        """Speak through this connection."""
        self.connection = connection
        self.gone = False
        self.last_used = monotonic()
        """When a message last went either way. Pings, which the library sends, are not known of."""
        self._statistics = statistics
        self._waiting: dict[str, _Pending] = {}
        self._channels: dict[str, PushedChannel] = {}

    async def run(self) -> None:
        """Take what comes, until it ends."""
        try:
            async for frame in self.connection:
                self.last_used = monotonic()
                try:
                    message = self._read(frame)
                except (ValueError, RecursionError):
                    self._statistics.malformed_frames += 1
                    self._statistics.log_once("The agent sends a message that cannot be read; it is skipped")
                    continue
                if type(message) is Event:
                    channel = self._channels.get(message.identifier)
                    if channel is not None:
                        channel.put(message.body)
                    else:
                        self._statistics.log_once("The agent sends events of a subscription that is over")
                else:
                    pending = self._waiting.get(message.id)
                    if pending is not None:
                        pending.take(message)
        except ConnectionClosed:
            pass

    def _read(self, frame: bytes | str) -> Any:
        """Read a frame, once more without bad characters where it has any. Raises ``ValueError``."""
        try:
            return from_agent(frame)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value, lost = read_json(frame.encode("utf-8", "replace") if isinstance(frame, str) else frame)
            self._statistics.count_bad_characters(lost)
            return from_agent(msgspec.json.encode(value))

    def lose(self, reason: str, *, by_itself: bool = False) -> None:
        """The connection is gone, perhaps ``by_itself``: requests are answered no more, and channels end."""
        if self.gone:
            return
        self.gone = True
        quiet = monotonic() - self.last_used if by_itself else None
        for pending in list(self._waiting.values()):
            pending.fail()
        for channel in list(self._channels.values()):
            channel.quiet = quiet
            channel.finish(ChannelEnd.BROKEN, reason)

    def expect(self, id_: str) -> "_Pending":
        """Wait for the answer to a request that is about to be sent. Raises ``_Gone``."""
        if self.gone:
            raise _Gone
        pending = self._waiting[id_] = _Pending(self, id_)
        return pending

    async def send(self, request: Request) -> None:
        """Send a request. Raises ``_Gone``; something of it may have left then."""
        self.last_used = monotonic()
        try:
            await self.connection.send(encode(request), text=True)
        except ConnectionClosed:
            raise _Gone from None

    def forget(self, id_: str) -> None:
        """Wait for this answer no more."""
        self._waiting.pop(id_, None)

    def listen(self, identifier: str, channel: PushedChannel) -> None:
        """Let the events with this identifier come into a channel."""
        if self.gone:
            channel.finish(ChannelEnd.BROKEN, "the tunnel is gone")
        else:
            self._channels[identifier] = channel

    def listen_no_more(self, identifier: str) -> None:
        """Let them go."""
        self._channels.pop(identifier, None)


class _Pending:
    """A request that waits for its answer, and then for the pieces of it."""

    def __init__(self, agent: Agent, id_: str) -> None:
        self._agent = agent
        self._id = id_
        self._answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._woken = asyncio.Event()
        self._whole = False
        self._failed = False

    def take(self, message: Answered | Piece) -> None:
        """Take the answer, or a piece of it."""
        if isinstance(message, Answered):
            if self._answer.done():
                return
            self._answer.set_result(message)
            body = message.body
        else:
            body = message.data
        if body:
            self._pieces.append(body)
            self._size += len(body)
        if not message.more:
            self._whole = True
            self._agent.forget(self._id)
        elif self._size > MOST_WAITING:
            self.fail()
            self.let_go()
        self._woken.set()

    def fail(self) -> None:
        """Nothing more comes."""
        self._failed = True
        self._woken.set()
        if not self._answer.done():
            self._answer.set_exception(_Gone())
            self._answer.exception()  # raised where it is awaited; unawaited it is no error
        self._agent.forget(self._id)

    async def answer(self) -> Answered:
        """The answer with what there is of its body. Raises ``_Gone``."""
        return await self._answer

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, as it comes. Raises ``_Gone`` where it breaks off."""
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                self._size -= len(piece)
                yield piece
            if self._failed:
                raise _Gone
            if self._whole:
                return
            self._woken.clear()
            await self._woken.wait()

    def let_go(self) -> None:
        """The rest of it is not wanted."""
        if self._whole:
            return
        self._whole = True
        self._woken.set()
        self._agent.forget(self._id)
        if not self._agent.gone:
            task = asyncio.ensure_future(self._cancel())
            _FAREWELLS.add(task)
            task.add_done_callback(_FAREWELLS.discard)

    async def _cancel(self) -> None:
        try:
            async with asyncio.timeout(_CLOSING):
                await self._agent.connection.send(encode(Cancel(id=self._id)), text=True)
        except (ConnectionClosed, TimeoutError):
            pass


_FAREWELLS: Final[set[asyncio.Future[None]]] = set()
"""Tasks that send agents a farewell, until they end by themselves."""


class _Body:
    """The body of an answer that comes in pieces, as ``Download`` reads it from an answer of aiohttp."""

    def __init__(self, pending: _Pending, headers: CIMultiDictProxy[str], status: int) -> None:
        self._pending = pending
        self.status = status
        length = headers.get("Content-Length", "")
        self.content_length = int(length) if length.isdecimal() else None
        self.content_type = headers.get("Content-Type", "application/octet-stream").partition(";")[0].strip()
        self.content = self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The bytes, at most so many at a time."""
        try:
            async for piece in self._pending.pieces():
                for start in range(0, len(piece), size):
                    yield piece[start : start + size]
        except _Gone:
            raise aiohttp.ClientPayloadError("The tunnel is gone.") from None

    def close(self) -> None:
        """Read no more."""
        self._pending.let_go()


class TunnelChannels(Channels):
    """Listens as long as the client lives. Each server of a pair has its own agent, known by its secret.

    A new connection of an agent replaces the one it had: the old is closed, and is a loss like any other.
    """

    def __init__(self, settings: ConnectionSettings, statistics: WireStatistics) -> None:
        """Not listening yet."""
        super().__init__(settings, statistics)
        if settings.tunnel is None:
            raise InvalidInput("tunnel", "is missing.")
        self._tunnel: TunnelSettings = settings.tunnel
        self._secrets: list[str] = []
        self._agents: dict[int, Agent] = {}
        self._came = asyncio.Event()
        self._server: Server | None = None
        self._door: Door | None = None
        self._opening = asyncio.Lock()
        self._ids = count(1)
        self._closers: set[asyncio.Task[None]] = set()
        self.refused = 0
        """Handshakes without a secret that is known."""
        self.without_upgrade = 0
        """Handshakes of an agent that something on the way has made ordinary requests of."""

    def __repr__(self) -> str:
        """Say who is there."""
        return f"<TunnelChannels on port {self._tunnel.port}: {len(self._agents)} agents>"

    # ------------------------------------------------------------------------------------------------------ listening

    async def open(self) -> None:
        """Listen. Raises ``InvalidInput`` where secret, certificate or port cannot be used."""
        async with self._opening:
            if self._server is not None:
                return
            tunnel = self._tunnel
            first = await tunnel.load_secret() or ""
            second = tunnel.secondary_secret.get_secret_value() if tunnel.secondary_secret is not None else ""
            self._secrets = [secret for secret in (first, second) if secret]
            door = self._door = Door(await tunnel.load_ssl(), "o2g-tunnel-handshake")
            try:
                self._server = await serve(
                    self._serve,
                    tunnel.host,
                    tunnel.port,
                    create_connection=_behind(door),
                    process_request=self._shake_hands,
                    compression=None,
                    max_size=LONGEST_MESSAGE,
                    ping_interval=tunnel.ping_interval,
                    ping_timeout=min(tunnel.ping_interval, PONG),
                    close_timeout=_CLOSING,
                    logger=_silent,
                )
            except OSError as error:
                field = "tunnel.port" if error.errno in {errno.EADDRINUSE, errno.EACCES} else "tunnel.host"
                why = errno.errorcode.get(error.errno or 0)
                raise InvalidInput(
                    field,
                    f"cannot listen on {tunnel.host or 'any address'}, port {tunnel.port} ({why}).",
                    remedy="Choose another, or free it.",
                ) from None
            _LOGGER.debug("The tunnel listens on port %s", tunnel.port)

    async def close(self) -> None:
        """Listen no more; agents are disconnected."""
        async with self._opening:
            server, self._server = self._server, None
            if server is not None:
                server.close()
            if self._door is not None:
                self._door.close()
            if server is not None:
                await server.wait_closed()
            for agent in list(self._agents.values()):
                agent.lose("the listener was closed")
            self._agents.clear()
            await settle(*self._closers)

    def _whose(self, handshake: Handshake) -> int | None:
        """Which server's agent this is, by the secret that it shows; None for an unknown one."""
        path = urlsplit(handshake.path).path.rstrip("/")
        header = handshake.headers.get("Authorization", "")
        shown = (path.rpartition("/")[2], header.removeprefix(BEARER).strip() if header.startswith(BEARER) else "")
        found = None
        for number, secret in enumerate(self._secrets):
            for one in shown:
                if hmac.compare_digest(one.encode("utf-8", "replace"), secret.encode()):
                    found = number
        return found

    def _shake_hands(self, connection: ServerConnection, handshake: Handshake) -> Response | None:
        """Refuse who does not show a secret, as if nothing were there."""
        if self._whose(handshake) is None:
            self.refused += 1
            return connection.respond(404, "")
        if "websocket" not in handshake.headers.get("Upgrade", "").lower():
            # It is the agent, by its secret, and what it asks for has been taken out on the way. It is answered 426.
            self.without_upgrade += 1
            self.statistics.log_once(f"The agent's request comes without an upgrade. {_NO_UPGRADE}")
        if self._door is not None:
            self._door.trust(connection)
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        """Serve the connection of an agent to its end."""
        server = self._whose(connection.request) if connection.request is not None else None
        if server is None:
            return
        agent = Agent(connection, self.statistics)
        self.without_upgrade = 0
        former, self._agents[server] = self._agents.get(server), agent
        if former is not None:
            _LOGGER.info("The agent of the %s server has connected again", _NAMES[server])
            former.lose("another connection of the agent replaced it")
            closer = asyncio.create_task(_close(former.connection, "replaced"), name="o2g-tunnel-close")
            self._closers.add(closer)
            closer.add_done_callback(self._closers.discard)
        self._came.set()
        try:
            await agent.run()
        finally:
            agent.lose("the tunnel is gone", by_itself=True)
            if self._agents.get(server) is agent:
                del self._agents[server]

    # --------------------------------------------------------------------------------------------------------- agents

    def present(self, server: int) -> Agent | None:
        """The agent of a server, if it is connected."""
        agent = self._agents.get(server)
        return None if agent is None or agent.gone else agent

    async def wait_for(self, server: int, seconds: float) -> Agent | None:
        """The agent of a server, as soon as it is connected; none if it does not come."""
        try:
            async with asyncio.timeout(seconds):
                while (agent := self.present(server)) is None:
                    self._came.clear()
                    await self._came.wait()
                return agent
        except TimeoutError:
            return None

    def patience(self, server: int) -> float:
        """Seconds to wait for an agent: not long for one of a pair, if the other is there."""
        seconds = self._tunnel.agent_timeout
        others = any(other != server and not agent.gone for other, agent in self._agents.items())
        return min(seconds, RETURN) if others else seconds

    def next_id(self) -> str:
        """A name for a request."""
        return str(next(self._ids))

    # --------------------------------------------------------------------------------------------------- subscriptions

    def transport(self, http: aiohttp.ClientSession, url: str) -> "TunnelTransport":
        """Return the way through the agent of this server."""
        return TunnelTransport(self, http, url=url)

    def prepare(self, transport: Transport, request: SubscriptionRequest) -> Prepared:
        """Have the events sent through the tunnel, with an identifier."""
        identifier = f"events-{token_hex(8)}"  # another than any of another run's
        agent = transport.agent if isinstance(transport, TunnelTransport) else None
        if agent is None:
            raise _no_agent(transport.url)
        channel = PushedChannel(
            EventDecoder(self.statistics, transport.mask),
            remedy=_REMEDY,
            closed=lambda: agent.listen_no_more(identifier),
        )
        agent.listen(identifier, channel)
        return Prepared(_SUBSCRIBE, {IDENTIFIER: identifier}, request, channel)

    async def open_channel(self, transport: Transport, subscription: Subscription) -> EventChannel:
        """Refuse: only the agent reaches the polling URL."""
        raise ConnectionFailed(
            "This subscription was made without an identifier, so its events do not come through the tunnel.",
            remedy="Subscribe with O2gClient.subscribe.",
        )


class TunnelTransport(Transport):
    """Makes requests through the tunnel."""

    def __init__(self, tunnel: TunnelChannels, http: aiohttp.ClientSession, *, url: str) -> None:
        """Speak to the server at this address, one of the settings', through its agent."""
        super().__init__(tunnel.settings, http, url=url, statistics=tunnel.statistics)
        self._tunnel = tunnel
        self._number = tunnel.settings.urls.index(url) if url in tunnel.settings.urls else 0
        for secret in tunnel._secrets:
            self.secrets.add(secret)
        self._closed = True

    @property
    def agent(self) -> Agent | None:
        """The agent, if it is connected."""
        return self._tunnel.present(self._number)

    async def open(self) -> None:
        """Wait for the agent. Raises ``ConnectionFailed`` if it does not come."""
        if await self._tunnel.wait_for(self._number, self._tunnel.patience(self._number)) is None:
            raise _no_agent(self.url, without_upgrade=self._tunnel.without_upgrade > 0)
        self._closed = False

    async def close(self) -> None:
        """Let go. The tunnel stays as it is."""
        self._closed = True
        self.cookies.clear()

    def refuse_plain(self, url: str, what: str) -> None:
        """The tunnel has the encryption; what the agent does behind it is its own network's."""

    async def _once(self, request: Outgoing) -> Answer:
        if self._closed:
            raise ConnectionFailed("The connection is closed.")
        name, url, safe = request.name, request.url, request.safe
        parts = urlsplit(url)
        headers = {"Host": parts.netloc, **request.headers}
        if request.with_cookies and self.cookies:
            headers["Cookie"] = self.cookie_header
        sent = Request(
            id=self._tunnel.next_id(),
            method=request.method,
            path=parts.path + (f"?{parts.query}" if parts.query else ""),
            headers=headers,
            **payload(request.body or b""),
        )
        self.statistics.requests += 1
        limit = request.timeout or self.settings.request_timeout
        agent = self.agent or await self._tunnel.wait_for(self._number, min(RETURN, limit))
        if agent is None:
            raise _no_agent(self.url)
        pending: _Pending | None = None
        whole = False
        try:
            async with asyncio.timeout(limit):
                pending = agent.expect(sent.id)
                await agent.send(sent)
                reply = await pending.answer()
                answered = CIMultiDictProxy(CIMultiDict(reply.headers))
                if request.stream and 200 <= reply.status < 300:
                    answer = Answer(reply.status, answered, b"", url, _response(_Body(pending, answered, reply.status)))
                else:
                    good = 200 <= reply.status < 300
                    read = await _read(pending, request.most if good else MOST_OF_AN_ERROR, whole=good)
                    answer = Answer(reply.status, answered, read, url)
            whole = True
        except TooLong as error:
            raise too_long(name, error.most, safe=safe) from None
        except (_Gone, TimeoutError) as error:
            raise self._unanswered(error, name, sent=pending is not None, safe=safe) from None
        finally:
            if pending is not None and not whole:
                pending.let_go()
        if answer.status in GATEWAY_ERRORS and not answer.body:
            raise self._unanswered(None, name, sent=True, safe=safe)
        if request.with_cookies:
            self._keep_cookies(answer)
        _LOGGER.debug("%s: %s", name, answer.status)
        return answer

    def _unanswered(self, error: Exception | None, name: str, *, sent: bool, safe: bool) -> PbxError:
        """Say why no answer came, and whether the request may have been carried out."""
        if error is None:
            why = "the agent does not reach the server"
        elif isinstance(error, TimeoutError):
            why = "time-out"
        else:
            why = "the tunnel is gone"
        if sent and not safe:
            return OutcomeUnknown(
                f"{name} was sent and not answered ({why}). It may have been carried out.",
                remedy="Look at the events or the state before trying again.",
            )
        return ConnectionFailed(
            f"{name}: no answer through the tunnel ({why}).", remedy="Check the agent, the network and the server."
        )

    def failure(self, error: Exception, name: str, url: str, *, sent: bool, safe: bool) -> PbxError:
        """Say why an answer broke off."""
        return self._unanswered(_Gone(), name, sent=sent, safe=safe)


async def _read(pending: _Pending, most: int, *, whole: bool) -> bytes:
    """The body, bounded as any other. Empty pieces are not kept."""
    read = bytearray()
    async for piece in pending.pieces():
        read += piece
        if len(read) > most:
            if whole:
                raise TooLong(most)
            break
    return bytes(read[:most])


_NAMES: Final = ("primary", "secondary")


def _response(body: _Body) -> aiohttp.ClientResponse:
    """What ``Download`` uses of an answer of aiohttp is what ``_Body`` has."""
    return cast("aiohttp.ClientResponse", body)


def _no_agent(url: str, *, without_upgrade: bool = False) -> ConnectionFailed:
    if without_upgrade:
        return ConnectionFailed(
            f"The agent of {url} is not connected: its request came here without an upgrade to a WebSocket.",
            remedy=_NO_UPGRADE,
        )
    return ConnectionFailed(
        f"The agent of {url} is not connected.",
        remedy="Check that it is configured with the address and the secret of this side, and that it can reach it.",
    )


def _behind(door: Door) -> type[ServerConnection]:
    """Return what websockets makes of each connection: one that has come in by this door."""

    class Connection(ServerConnection):
        _arrived = _made = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if not self._arrived:
                self._arrived = True
                assert isinstance(transport, asyncio.Transport)
                door.greet(transport, self)
                return
            self._made = True
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            door.trust(self)
            if self._made:  # else it was dropped before it had shaken hands, and nothing of it is known here
                super().connection_lost(exc)

    return Connection


async def _close(connection: ServerConnection, reason: str) -> None:
    await connection.close(1000, reason)


__all__ = ["Agent", "TunnelChannels", "TunnelTransport"]
