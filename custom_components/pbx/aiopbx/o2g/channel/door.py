"""The door of a listener: strangers get little time and little room, whoever has shown the secret has both."""

import asyncio
import ssl
from typing import Final

STRANGER: Final = 10.0
"""Seconds that a connection has to show the secret, the handshake of TLS among them."""
MOST_STRANGERS: Final = 64
"""Connections that have not shown it, at most; for another the oldest goes, so that the server always gets through."""

_FAREWELL: Final = 1.0
"""Seconds to wait for the other side's farewell of TLS."""


class Door:
    """Knows which connections of a listener have not shown the secret yet; ``trust`` says that one has.

    The listener itself accepts plain TCP, and TLS begins here: so a connection counts from its first moment, and its
    time runs from then on.
    """

    def __init__(self, context: ssl.SSLContext | None, name: str) -> None:
        """Speak TLS if there is a context. The name is that of its tasks."""
        self.strangers: dict[asyncio.Protocol, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}
        self.dropped = 0
        """Connections that showed nothing in time, or for which there was no room."""
        self._context = context
        self._name = name
        self._shaking: set[asyncio.Task[None]] = set()

    def greet(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Hand a new connection to this protocol, after the handshake if there is to be one."""
        if len(self.strangers) >= MOST_STRANGERS:
            self._drop(next(iter(self.strangers)))
        timer = asyncio.get_running_loop().call_later(STRANGER, self._drop, protocol)
        self.strangers[protocol] = transport, timer
        if self._context is None:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return
        transport.pause_reading()
        task = asyncio.create_task(self._shake_hands(transport, protocol, self._context), name=self._name)
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    def trust(self, protocol: asyncio.Protocol) -> None:
        """This connection has shown the secret; or it is gone."""
        _, timer = self.strangers.pop(protocol, (None, None))
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Drop every stranger."""
        for protocol in list(self.strangers):
            self._drop(protocol)
        for task in self._shaking:
            task.cancel()

    async def _shake_hands(
        self, transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext
    ) -> None:
        early = _Early()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport,
                early,
                context,
                server_side=True,
                ssl_handshake_timeout=STRANGER,
                ssl_shutdown_timeout=_FAREWELL,
            )
        except (OSError, TimeoutError, ValueError):  # no TLS, or not ours; it is closed by then
            secure = None
        if secure is None or early.gone or secure.is_closing():
            self.trust(protocol)
            transport.abort()
            return
        secure.set_protocol(protocol)
        protocol.connection_made(secure)
        if early.data:
            protocol.data_received(bytes(early.data))

    def _drop(self, protocol: asyncio.Protocol) -> None:
        transport, timer = self.strangers.pop(protocol)
        timer.cancel()
        self.dropped += 1
        transport.abort()


class _Early(asyncio.Protocol):
    """Keeps what comes with the end of the handshake, before there is anyone to read it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.gone = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
