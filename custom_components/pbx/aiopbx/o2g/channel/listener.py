"""The listener of the webhook: an HTTP server with a door."""

import asyncio
import logging
import ssl
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from .door import Door

IDLE: Final = 75.0
"""Seconds that a connection which has shown the secret may rest between two deliveries."""


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether aiohttp logs more than a request that it cannot read, with the secret that may stand in it."""
    return record.exc_info is None or not isinstance(record.exc_info[1], _OTHERS_FAULT)


_OTHERS_FAULT: Final = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


_log = logging.getLogger(f"{__name__}.http")
_log.addFilter(_is_ours)


class Listener(web.Server):
    """Serves HTTP behind a door."""

    def __init__(self, handler: Any, context: ssl.SSLContext | None) -> None:
        """Answer requests with this handler, over TLS if there is a context."""
        # aiohttp's own request log would write the secret down.
        super().__init__(handler, access_log=None, logger=_log, keepalive_timeout=IDLE, lingering_time=1.0)
        self.door = Door(context, "o2g-webhook-handshake")

    def arrive(self) -> asyncio.Protocol:
        """Return what takes the next connection, before anything is known of it."""
        return _Arrival(self)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection."""
        self.door.trust(handler)
        super().connection_lost(handler, exc)

    async def shutdown(self, timeout: float | None = None) -> None:
        """Close every connection."""
        self.door.close()
        self.pre_shutdown()  # a connection at rest would be waited for until the time is up
        await super().shutdown(timeout)


class _Arrival(asyncio.Protocol):
    """Has a connection until it is known how to go on with it."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._listener.door.greet(transport, self._listener())
