"""The WebSocket of a session: pushes, pings in both directions, and what faults do to it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSMsgType, web

from .sessions import USER

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from .face import IstraFace
    from .sessions import Session

_log = logging.getLogger(__name__)

PING: Final = "ping"
KEPT: Final = 10_000
"""The most frames that wait on a frozen socket; then the oldest are dropped."""
_FAREWELL: Final = 1.0
"""Seconds of real time that the other side has to close."""


class _Heard(asyncio.Protocol):
    """Passes everything on to another protocol, and says when data comes."""

    def __init__(self, protocol: Any, hear: Callable[[], None]) -> None:
        self._protocol = protocol
        self._hear = hear

    def data_received(self, data: bytes) -> None:
        self._hear()
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()  # type: ignore[no-any-return]

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()


class Socket:
    """A WebSocket. A new one of the same session replaces it."""

    def __init__(self, face: "IstraFace", session: "Session", request: web.BaseRequest) -> None:
        """Create it unopened."""
        self._face = face
        self.session = session
        self._request = request
        self._waiting: deque[str | bytes] = deque(maxlen=KEPT)
        self._woken = asyncio.Event()
        self._closing = False
        self._timer: TimerHandle | None = None
        self._heard = 0.0
        self.pings = 0
        """The number of pings and keepalives received."""
        self.sent = 0
        """The number of frames sent."""

    @property
    def _pings(self) -> bool:
        """Whether both sides must ping: on myIstra only the client does."""
        return self.session.application != USER

    async def run(self) -> web.WebSocketResponse:
        """Serve until either side closes."""
        socket = web.WebSocketResponse(autoping=False, compress=False, timeout=_FAREWELL)
        await socket.prepare(self._request)
        self._hear_fragments()
        former, self.session.socket = self.session.socket, self
        if former is not None:
            former.close()
        self._face.sockets[self] = None
        self._face.sockets_opened += 1
        self._heard = self._face.clock.now()
        if self._pings:
            first = {"timeout_milliseconds": round(self._face.settings.istra_timeout * 1000)}
            self._waiting.append(self._face.variants.encode(first).decode())
            self._due_later()
        writer = asyncio.create_task(self._write(socket), name="simulator-istra-socket")
        for listener in self.session.listeners.values():
            listener.arm()
        try:
            while not self._closing:
                message = await socket.receive()
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._take(message.data)
                elif message.type == WSMsgType.PING:
                    self._heard = self._face.clock.now()
                    if not self._face.faults.frozen:
                        await socket.pong(message.data)
                elif message.type != WSMsgType.PONG:
                    break
        except ConnectionError:
            pass
        finally:
            self._closing = True
            if self._timer is not None:
                self._timer.cancel()
            self._face.sockets.pop(self, None)
            if self.session.socket is self:
                self.session.socket = None
            self._woken.set()
            await asyncio.wait({writer}, timeout=2 * _FAREWELL)
            writer.cancel()
        return socket

    def _hear_fragments(self) -> None:
        """Let whatever comes over the connection count as a sign of life, also what is no whole message yet.

        A client in the field sends each of its pings as another fragment of one message that never ends.
        """
        transport = self._request.transport
        if transport is not None and isinstance(transport, asyncio.Transport):
            transport.set_protocol(_Heard(transport.get_protocol(), self._hear))

    def _hear(self) -> None:
        self._heard = self._face.clock.now()
        if self.session.alive:
            self._face.sessions.touch(self.session)

    # -- what comes ---------------------------------------------------------------------------------------------

    def _take(self, data: str | bytes) -> None:
        """Handle a ping or a keepalive. Anything else is ignored, but shows that the client is alive."""
        self._heard = self._face.clock.now()
        self.pings += 1
        if self.session.alive:
            self._face.sessions.touch(self.session)

    # -- what goes ----------------------------------------------------------------------------------------------

    def push(self, value: dict[str, Any]) -> None:
        """Send a push."""
        for frame in self._face.faults.push_on_the_way(value, self._face.variants.encode):
            self.send(frame)

    def send(self, frame: str | bytes) -> None:
        """Send a frame after those that are queued."""
        self._waiting.append(frame)
        self._woken.set()

    def wake(self) -> None:
        """Wake the writer: there may be something to send."""
        self._woken.set()

    async def _write(self, socket: web.WebSocketResponse) -> None:
        try:
            while True:
                while self._waiting and not self._face.faults.frozen:
                    frame = self._waiting.popleft()
                    if isinstance(frame, bytes):
                        await socket.send_bytes(frame)
                    else:
                        await socket.send_str(frame)
                    self.sent += 1
                if self._closing:
                    await socket.close()
                    return
                self._woken.clear()
                if not self._waiting or self._face.faults.frozen:
                    await self._woken.wait()
        except ConnectionError:
            pass  # the reader notices, too
        except Exception:
            _log.exception("A push failed in the simulator")
            self.cut()

    def _due_later(self) -> None:
        self._timer = self._face.clock.call_later(self._face.settings.istra_timeout / 3, self._due)

    def _due(self) -> None:
        """Send a ping when it is due, or close if the client has been silent for too long."""
        if self._face.clock.now() - self._heard > self._face.settings.istra_timeout:
            self.close()
            return
        self.send(PING if self._face.variants.ping == "text" else PING.encode())
        self._due_later()

    # -- ends ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close properly."""
        self._closing = True
        self._woken.set()

    def cut(self) -> None:
        """Break the connection as a failing network would."""
        self._closing = True
        if self._request.transport is not None:
            self._request.transport.abort()
