"""The webhook: an HTTP listener that the server delivers each event to."""

import asyncio
import errno
import hmac
import logging
import secrets
from contextlib import nullcontext
from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec.structs import replace

from ...errors import ConnectionFailed, InvalidInput
from ...http.tap import WireStatistics
from ...settings.channels import WebhookSettings
from ...settings.connection import ConnectionSettings
from ..decoding import EventDecoder
from ..transport import Transport
from ..types.sessions import Subscription, SubscriptionRequest
from .base import LONGEST_LINE, ChannelEnd, EventChannel, PushedChannel
from .chunk import SUBSCRIBE, Channels, Prepared
from .listener import Listener

_LOGGER = logging.getLogger(__name__)

SLOWEST: Final = 30.0
"""Seconds that a delivery may take to arrive."""
_REMEDY: Final = "Check that the server reaches webhook.public_url: address, port, firewall, proxy, and certificate."


class WebhookChannels(Channels):
    """Listens as long as the client lives, and gives every subscription an address of its own below the secret.

    A delivery goes to ``PUBLIC_URL/SECRET/NUMBER``. Anything without the secret is answered as if nothing were there;
    with it, a number that is not (or no longer) subscribed is answered with 410, so that the server stops delivering.
    """

    def __init__(self, settings: ConnectionSettings, statistics: WireStatistics) -> None:
        """Not listening yet."""
        super().__init__(settings, statistics)
        if settings.webhook is None:
            raise InvalidInput("webhook", "is missing.")
        self._webhook: WebhookSettings = settings.webhook
        self._secret = ""
        self._channels: dict[str, PushedChannel] = {}
        self._server: asyncio.Server | None = None
        self._listener: Listener | None = None
        self._opening = asyncio.Lock()
        self.refused = 0
        """Requests without the secret, of any kind."""
        self.late = 0
        """Deliveries for subscriptions that are not there any more."""

    def __repr__(self) -> str:
        """Name the public address, without the secret."""
        return f"<WebhookChannels {self._webhook.public_url}: {len(self._channels)} channels>"

    # ------------------------------------------------------------------------------------------------------ listening

    async def open(self) -> None:
        """Listen. Raises ``InvalidInput`` where secret, certificate or port cannot be used."""
        async with self._opening:
            if self._server is not None:
                return
            self._secret = self._secret or await self._webhook.load_secret() or secrets.token_urlsafe(32)
            context = await self._webhook.load_ssl()
            listener = Listener(self._handle, context)
            host, port = self._webhook.host, self._webhook.listen_port
            loop = asyncio.get_running_loop()
            try:
                self._server = await loop.create_server(listener.arrive, host, port, reuse_address=True)
            except OSError as error:
                field = "webhook.port" if error.errno in {errno.EADDRINUSE, errno.EACCES} else "webhook.host"
                raise InvalidInput(
                    field,
                    f"cannot listen on {host or 'any address'}, port {port} ({errno.errorcode.get(error.errno or 0)}).",
                    remedy="Choose another, or free it.",
                ) from None
            self._listener = listener
            _LOGGER.debug("The webhook listens on port %s", port)

    async def close(self) -> None:
        """Listen no more; channels end."""
        async with self._opening:
            server, self._server = self._server, None
            listener, self._listener = self._listener, None
            for channel in list(self._channels.values()):
                channel.finish(ChannelEnd.CLOSED, "the listener was closed")
            if server is not None:
                server.close()
            if listener is not None:
                await listener.shutdown(1.0)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request; without the secret nothing can be learned."""
        parts = request.path.rstrip("/").split("/")
        # A proxy may have put something before the secret, or taken it away.
        known = len(parts) >= 2 and self._is_secret(parts[-2])
        bare = self._is_secret(parts[-1])
        if not known and not bare:
            self.refused += 1
            return _last(HTTPStatus.NOT_FOUND)
        if self._listener is not None:
            self._listener.door.trust(request.protocol)
        if request.method != "POST":
            return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        channel = self._channels.get(parts[-1]) if known else None
        # In the order in which they begin to arrive, over however many connections.
        async with channel.order if channel is not None else nullcontext():
            return await self._take(request, channel)

    async def _take(self, request: web.BaseRequest, channel: PushedChannel | None) -> web.Response:
        """Read a delivery, and put it into its channel."""
        body = await _read(request)
        if isinstance(body, web.Response):
            return body
        if channel is None:
            self.late += 1
            self.statistics.log_once("The server delivers events of a subscription that is over")
            return web.Response(status=HTTPStatus.GONE)
        if not channel.put(body):
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _is_secret(self, text: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._secret.encode())

    # --------------------------------------------------------------------------------------------------- subscriptions

    def prepare(self, transport: Transport, request: SubscriptionRequest) -> Prepared:
        """Have the events delivered to an address of their own."""
        number = secrets.token_hex(8)
        url = f"{self._webhook.public_url}/{self._secret}/{number}"
        transport.secrets.add(self._secret, url)
        channel = PushedChannel(
            EventDecoder(self.statistics, transport.mask),
            remedy=_REMEDY,
            closed=lambda: self._channels.pop(number, None),
        )
        self._channels[number] = channel
        return Prepared(SUBSCRIBE, {}, replace(request, web_hook_url=url, timeout=None), channel)

    async def open_channel(self, transport: Transport, subscription: Subscription) -> EventChannel:
        """Open the chunked channel of a subscription that was made without the webhook."""
        if not (subscription.public_polling_url or subscription.private_polling_url):
            raise ConnectionFailed("This subscription was not made through the webhook of this client.")
        return await super().open_channel(transport, subscription)


async def _read(request: web.BaseRequest) -> bytes | web.Response:
    """The body, or the refusal of one that is too long or too slow."""
    if (request.content_length or 0) > LONGEST_LINE:
        return _last(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > LONGEST_LINE:
                    return _last(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError:
        return _last(HTTPStatus.REQUEST_TIMEOUT)
    except (ConnectionError, web.RequestPayloadError):  # it broke off, and the server will deliver it again
        return _last(HTTPStatus.BAD_REQUEST)
    return bytes(body)


def _last(status: HTTPStatus) -> web.Response:
    """An answer after which the connection is closed."""
    response = web.Response(status=status)
    response.force_close()
    return response
