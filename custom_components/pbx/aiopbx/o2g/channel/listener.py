"""The listener of the webhook: strangers get little time and little room, whoever knows the secret has both."""

import asyncio
import ssl
from typing import Any, Final

from aiohttp import web

STRANGER: Final = 10.0
"""Seconds that a connection has to show the secret, the handshake of TLS among them."""
MOST_STRANGERS: Final = 64
"""Connections that have not shown it, at most; for another the oldest goes, so that the server always gets through."""
IDLE: Final = 75.0
"""Seconds that a connection which has shown it may rest between two deliveries."""


class Listener(web.Server):
    """Serves HTTP, and knows which of its connections have shown the secret: ``trust`` says so of one."""

    def __init__(self, handler: Any, context: ssl.SSLContext | None) -> None:
        """Answer requests with this handler, over TLS if there is a context."""
        # aiohttp's own request log would write the secret down.
        super().__init__(handler, access_log=None, keepalive_timeout=IDLE, lingering_time=1.0)
        self._context = context
        self._strangers: dict[web.RequestHandler, tuple[asyncio.BaseTransport, asyncio.TimerHandle]] = {}
        self._shaking: set[asyncio.Task[None]] = set()
        self.dropped = 0
        """Connections that showed nothing in time, or for which there was no room."""

    def arrive(self) -> asyncio.Protocol:
        """Return what takes the next connection, before anything is known of it."""
        return _Arrival(self)

    def strange(self, transport: asyncio.Transport) -> web.RequestHandler:
        """Begin with a connection that has shown nothing yet."""
        if len(self._strangers) >= MOST_STRANGERS:
            self._drop(next(iter(self._strangers)))
        handler = self()
        timer = asyncio.get_running_loop().call_later(STRANGER, self._drop, handler)
        self._strangers[handler] = transport, timer
        return handler

    def trust(self, handler: web.RequestHandler) -> None:
        """This connection has shown the secret; or it is gone."""
        _, timer = self._strangers.pop(handler, (None, None))
        if timer is not None:
            timer.cancel()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection."""
        self.trust(handler)
        super().connection_lost(handler, exc)

    def greet(self, transport: asyncio.Transport) -> None:
        """Hand a new connection on, after the handshake if there is to be one."""
        handler = self.strange(transport)
        if self._context is None:
            transport.set_protocol(handler)
            handler.connection_made(transport)
            return
        transport.pause_reading()
        task = asyncio.create_task(self._shake_hands(transport, handler, self._context), name="o2g-webhook-handshake")
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def _shake_hands(
        self, transport: asyncio.Transport, handler: web.RequestHandler, context: ssl.SSLContext
    ) -> None:
        early = _Early()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport, early, context, server_side=True, ssl_handshake_timeout=STRANGER
            )
        except (OSError, TimeoutError, ValueError):  # no TLS, or not ours; it is closed by then
            secure = None
        if secure is None or early.gone or secure.is_closing():
            self.trust(handler)
            transport.abort()
            return
        secure.set_protocol(handler)
        handler.connection_made(secure)
        if early.data:
            handler.data_received(bytes(early.data))

    def _drop(self, handler: web.RequestHandler) -> None:
        transport, timer = self._strangers.pop(handler)
        timer.cancel()
        self.dropped += 1
        if isinstance(transport, asyncio.Transport):
            transport.abort()

    async def shutdown(self, timeout: float | None = None) -> None:
        """Close every connection."""
        for handler in list(self._strangers):
            self._drop(handler)
        for task in self._shaking:
            task.cancel()
        await super().shutdown(timeout)


class _Arrival(asyncio.Protocol):
    """Has a connection until it is known how to go on with it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._listener.greet(transport)


class _Early(asyncio.Protocol):
    """Keeps what comes with the end of the handshake, before there is anyone to read it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.gone = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
