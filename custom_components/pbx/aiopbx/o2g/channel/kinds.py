"""How events come and how requests go: the one place that knows which kind of channel the settings name."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import aiohttp

from ...http.tap import WireStatistics
from ...operations import Operation, operation_of
from ...settings.connection import ConnectionSettings
from ..decoding import EventDecoder
from ..services.sessions import Subscriptions
from ..transport import Transport
from ..types.sessions import Subscription, SubscriptionRequest
from .base import EventChannel
from .chunk import open_channel

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
            subscription.public_polling_url, subscription.private_polling_url, what="the event channel"
        )
        return await open_channel(transport, url, EventDecoder(self.statistics, transport.mask))


def channels_of(settings: ConnectionSettings, statistics: WireStatistics) -> Channels:
    """Return the kind that the settings name; what it needs is imported only then."""
    if settings.channel == "webhook":
        from .webhook import WebhookChannels

        return WebhookChannels(settings, statistics)
    if settings.channel == "tunnel":
        from .tunnel import TunnelChannels

        return TunnelChannels(settings, statistics)
    return Channels(settings, statistics)
