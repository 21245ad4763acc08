"""The WebSocket that pushes come over: kept alive, listened to for silence, and read."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from math import inf
from time import monotonic
from typing import Final, cast

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.http11 import Response

from ..errors import ConnectionFailed
from ..http.transport import MOST_REDIRECTS, Answer, shortened
from ..loops import settle
from .decoding import Frame, FrameDecoder, Ping, Push
from .transport import APPLICATION, REDIRECTS, IstraTransport, refusal
from .types.base import to_json
from .types.session import Application, KeepAlive, SocketTimeout

_LOGGER = logging.getLogger(__name__)

KEEP_ALIVE: Final = 30.0
"""Seconds between the keepalives of myIstra."""
SHORTEST: Final = 0.01
"""Seconds between two keepalives at least, whatever the server names."""
LONGEST_TIMEOUT: Final = 24 * 3600 * 1000
"""Milliseconds of silence that a server can bear, at most: some numbers are too long to calculate with."""
LONGEST_FRAME: Final = 2 * 1024 * 1024
"""Bytes; a longer frame ends the socket. It is 3,500 call lines with all that the guides have of them."""
LONG_FRAME: Final = 64 * 1024
"""Bytes; a longer frame is decoded and applied piece by piece."""
PONG: Final = 10.0
"""Seconds, at most, for the other side to answer when it is asked whether it is there."""
_PING: Final = "ping"
_CLOSING: Final = 1.0
_NAME: Final = "The socket"
_NO_UPGRADE: Final = (200, 204, 400, 404, 405, 426)
"""What comes instead of a WebSocket from what does not know them."""
_REMEDY: Final = (
    "Check that whatever stands between here and the server lets WebSockets through (nginx: proxy_http_version 1.1, "
    'proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection "upgrade"; Apache: ProxyPass with '
    "upgrade=websocket)."
)

_silent = logging.Logger("aiopbx.istra.socket", logging.CRITICAL + 1)  # noqa: LOG001 - websockets would log cookies
_silent.addHandler(logging.NullHandler())


class SocketEnd(StrEnum):
    """How a socket ended."""

    CLEAN = "clean"
    """The server closed it as it should be closed."""
    BROKEN = "broken"
    """The connection broke."""
    SILENT = "silent"
    """The other side does not even answer when it is asked whether it is there."""
    CLOSED = "closed"
    """This side closed it."""


class _Connect(connect):
    """Leaves redirects to others: they decide about more than this one connection."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the redirect as the error that it is here."""
        return exc


class PushSocket:
    """An open socket. Iterating gives what is pushed, in order, until the socket ends.

    The end is no exception: ``end`` says how it came, ``end_reason`` in words. While it is open, keepalives go out as
    the server wants them, and silence is looked into: there is a moment of it, nothing comes, and then the other side
    is asked whether it is there.
    """

    def __init__(self, connection: ClientConnection, transport: IstraTransport, *, keep_alive: float) -> None:
        """Read from this connection; ``open_socket`` opens one."""
        self._connection = connection
        self._transport = transport
        self._decoder = FrameDecoder(transport.application, transport.statistics)
        self._decoder.on_missed = lambda why: self.on_missed(why)
        self._early: deque[Push] = deque()
        self._pieces: Iterator[Frame] | None = None
        """What is left of a long frame."""
        self._closing = False
        self._wanted = asyncio.Event()
        """Set when a keepalive should go out before its time."""
        self._task: asyncio.Task[None] | None = None
        self._greeted = False
        """Whether the first frame has come, where there is one."""
        self._heartbeat = False
        """Whether the server has sent a ping; then it always does."""
        self.period = keep_alive
        """Seconds between two keepalives of this side."""
        self.timeout: float | None = None
        """Seconds of silence that the server bears, where it has said so."""
        self.last_heard = self.last_frame = self.last_sent = self.last_ping = monotonic()
        """When the server last sent anything or answered, and when a keepalive or a ping last went out, monotonic."""
        self.on_missed: Callable[[str], None] = lambda why: None
        """Called when something that was pushed cannot be read."""
        self.end: SocketEnd | None = None
        """None while it is open."""
        self.quiet: float | None = None
        """Seconds for which nothing had gone either way when the other side ended it, or something in between."""
        self.end_reason: str | None = None

    def __repr__(self) -> str:
        """Say whose it is."""
        return f"<PushSocket {self._transport.application} {self.end or 'open'}>"

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    # ------------------------------------------------------------------------------------------------------- reading

    async def greeted(self) -> None:
        """Wait for the first frame, where the application has one, and begin to keep alive."""
        if self._transport.application is not Application.USER:
            limit = self._transport.settings.request_timeout
            try:
                async with asyncio.timeout(limit):
                    while not self._greeted:
                        push = await self._next()
                        if push is not None:
                            self._early.append(push)
            except TimeoutError:
                raise ConnectionFailed(
                    f"{_NAME}: the server says nothing within {limit:g} seconds.",
                    remedy="Check that no proxy between here and the server holds frames back.",
                ) from None
            except ConnectionClosed as error:
                self._count_overlong(error)
                raise ConnectionFailed(
                    f"{_NAME}: the server closed it at once ({self._words(error)}).", remedy="Check the server."
                ) from None
        self._task = asyncio.create_task(self._keep_alive(), name="istra-keepalive")

    async def __aiter__(self) -> AsyncIterator[Push]:
        """Read until the end. Only one reader at a time."""
        while self._early:
            yield self._early.popleft()
        while self.end is None:
            try:
                push = await self._next()
            except ConnectionClosed as error:
                self._count_overlong(error)
                end = SocketEnd.CLEAN if error.rcvd is not None and not _was_overlong(error) else SocketEnd.BROKEN
                if self.end is None:
                    self.quiet = monotonic() - max(self.last_heard, self.last_sent, self.last_ping)
                self._ended(end, f"the connection ended ({self._words(error)})")
                return
            if push is not None:
                yield push

    async def _next(self) -> Push | None:
        """Read a frame; a push is returned, and everything else is done. Raises ``ConnectionClosed``."""
        if self._pieces is not None:
            await asyncio.sleep(0)
            piece = next(self._pieces, None)
            if piece is not None:
                return self._take(piece)
            self._pieces = None
        frame = await self._connection.recv(decode=False)
        transport = self._transport
        self.last_heard = self.last_frame = monotonic()
        transport.statistics.bytes += len(frame)
        if transport.tap.listeners:
            transport.publish(f"ws-service/{transport.application}", frame, sent=False)
        if len(frame) > LONG_FRAME:
            self._pieces = self._decoder.pieces(frame)
            return None
        return self._take(self._decoder.decode(frame))

    def _take(self, decoded: Frame | None) -> Push | None:
        """Do what a frame says; a push is returned instead."""
        if type(decoded) is Push:
            return decoded
        if isinstance(decoded, SocketTimeout):
            self._greeted = True
            if decoded.timeout_milliseconds > 0:
                self.timeout = min(decoded.timeout_milliseconds, LONGEST_TIMEOUT) / 1000
                self.period = max(self.timeout / 3, SHORTEST)
                self._wanted.set()
        elif decoded is Ping.PING:
            self._heartbeat = True
            # Answered with what is due anyway: an answer of its own might be answered, and so on.
            if self.last_heard - self.last_sent >= self.period / 2:
                self._wanted.set()
        return None

    # ------------------------------------------------------------------------------------------------- keeping alive

    async def _keep_alive(self) -> None:
        interval = self._transport.settings.ping_interval or inf
        try:
            while True:
                now = monotonic()
                due = self.last_sent + self.period
                if now >= due:
                    await self._send_keepalive()
                    continue
                ping = self.last_ping + interval
                if now >= ping:
                    await self._ping()
                    continue
                if self._heartbeat and self.timeout is not None and now >= self.last_frame + self.timeout:
                    return self._die("its pings have ceased")
                suspicious = self.last_heard + self._transport.settings.silence_timeout
                if now >= suspicious:
                    if not await self._is_there():
                        return self._die("nothing comes, and the other side does not answer when it is asked")
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(due, suspicious, ping) - now):
                        await self._wanted.wait()
                if self._wanted.is_set():
                    self._wanted.clear()
                    if monotonic() - self.last_sent >= self.period / 2:
                        await self._send_keepalive()
        except ConnectionClosed:
            return None  # the reader says how it ended
        except TimeoutError:
            return self._die("nothing can be sent any more")
        except Exception as error:
            # Without this task neither keepalives nor silence are seen to, so the socket cannot be trusted any more.
            _LOGGER.exception("Keeping the socket alive failed in a way that was not foreseen")
            return self._die(f"keeping it alive failed ({type(error).__name__})")

    async def _send_keepalive(self) -> None:
        transport = self._transport
        text = to_json(KeepAlive(keepalive=True)).decode() if transport.application is Application.USER else _PING
        self.last_sent = monotonic()
        if transport.tap.listeners:
            transport.publish(f"ws-service/{transport.application}", text.encode(), sent=True)
        async with asyncio.timeout(self._transport.settings.request_timeout):
            await self._connection.send(text)

    async def _ping(self) -> None:
        """Say something as the protocol has it: what stands in between closes connections that are quiet too long."""
        self.last_ping = monotonic()
        async with asyncio.timeout(self._transport.settings.request_timeout):
            pong = cast("asyncio.Future[float]", await self._connection.ping())
        pong.add_done_callback(self._answered)

    def _answered(self, pong: "asyncio.Future[float]") -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.last_heard = monotonic()

    async def _is_there(self) -> bool:
        """Ask the other side as the protocol has it, below what the application says."""
        asked = self.last_ping = monotonic()
        try:
            async with asyncio.timeout(min(PONG, self._transport.settings.request_timeout)):
                await (await self._connection.ping())
        except TimeoutError:
            return self.last_heard >= asked
        self.last_heard = monotonic()
        return True

    # ---------------------------------------------------------------------------------------------------------- end

    def _words(self, error: ConnectionClosed) -> str:
        """How a connection ended, and what the other side said to it, without secrets."""
        if _was_overlong(error):
            return f"a frame was longer than {LONGEST_FRAME // 1024**2} MiB"
        if error.rcvd is None:
            return "without a word"
        said = shortened(self._transport.secrets.hide(error.rcvd.reason))
        return f"code {error.rcvd.code}" + (f": {said}" if said else "")

    def _die(self, reason: str) -> None:
        self._ended(SocketEnd.SILENT, reason)
        self._connection.transport.abort()

    def _count_overlong(self, error: ConnectionClosed) -> None:
        if _was_overlong(error):
            statistics = self._transport.statistics
            statistics.malformed_frames += 1
            statistics.log_once("A frame that was pushed was too long, and the socket was closed for it")

    def _ended(self, end: SocketEnd, reason: str) -> None:
        if self.end is None:
            if self._closing:
                end, reason = SocketEnd.CLOSED, "it was closed"
            self.end, self.end_reason = end, reason
            _LOGGER.debug("The socket ended: %s", reason)
            if self._task is not None:
                self._task.cancel()

    async def close(self) -> None:
        """Close it; the iteration comes to its end. May be called twice."""
        self._closing = True
        self._ended(SocketEnd.CLOSED, "it was closed")
        if self._task is not None:
            self._task.cancel()
            await settle(self._task)
            self._task = None
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await self._connection.close()
        self._connection.transport.abort()


async def open_socket(transport: IstraTransport, *, keep_alive: float = KEEP_ALIVE) -> PushSocket:
    """Open the socket of the application where the requests go, or where a redirect leads from there.

    Raises ``SessionLost``, ``NotReady`` or another ``RequestRefused``, ``ConnectionFailed``, ``CertificateFailed``.
    """
    application = transport.application
    target = f"ws-service/{application}"
    name = f"WS {target}"
    for _ in range(MOST_REDIRECTS + 1):
        url = f"{transport.base}/{target}"
        transport.refuse_plain(url, "the socket")
        headers = {"Cookie": transport.cookie_header} if transport.cookies else {}
        if application is Application.USER:
            headers[APPLICATION] = str(application)
        if transport.tap.listeners:
            transport.publish(name, None, sent=True)
        secure = url.startswith("https:")
        session = transport.cookies
        try:
            connection = await _Connect(
                "ws" + url.removeprefix("http"),
                ssl=await transport.tls(url) if secure else None,
                additional_headers=headers,
                user_agent_header=None,
                compression=None,
                proxy=transport.proxy(url),
                open_timeout=transport.settings.request_timeout,
                ping_interval=None,
                close_timeout=_CLOSING,
                max_size=LONGEST_FRAME,
                logger=_silent,
            )
        except InvalidStatus as error:
            answer = _take(transport, error.response, url, session)
        except (InvalidMessage, EOFError):
            raise transport.failure(aiohttp.ServerDisconnectedError(), name, url, sent=False, safe=True) from None
        except (OSError, WebSocketException, ValueError) as error:
            raise transport.failure(error, name, url, sent=False, safe=True) from None
        else:
            if connection.response is not None:
                _take(transport, connection.response, url, session)
            socket = PushSocket(connection, transport, keep_alive=keep_alive)
            try:
                await socket.greeted()
            except BaseException:
                await socket.close()
                raise
            return socket
        if transport.tap.listeners:
            transport.publish(name, answer.body, sent=False, status=answer.status)
        if answer.status not in REDIRECTS:
            refused = refusal(answer, name, transport.secrets, safe=True)
            if answer.status in _NO_UPGRADE and (refused.remedy is None or answer.status == 404):
                refused.remedy = " ".join(filter(None, (_REMEDY, refused.remedy)))
            raise refused
        transport.move(answer, target, name)
    raise transport.not_istra(f"{name}: the server redirects in a circle.")


def _take(transport: IstraTransport, response: Response, url: str, session: dict[str, str]) -> Answer:
    """Take what an answer to the upgrade says of the session, if that is still ours, and return it as any other."""
    headers = CIMultiDictProxy(CIMultiDict(response.headers.raw_items()))
    if session is transport.cookies:
        transport.take_token(headers.get(APPLICATION))
        transport.keep_cookies(headers.getall("Set-Cookie", ()))
    return Answer(response.status_code, headers, bytes(response.body or b""), url)


def _was_overlong(error: ConnectionClosed) -> bool:
    """Whether this side closed it because of a frame that was too long; some servers answer that with a code."""
    return not error.rcvd_then_sent and error.sent is not None and error.sent.code == CloseCode.MESSAGE_TOO_BIG
