"""Which way events come and requests go; only here are the kinds of channel known by the names in the settings."""

from ...http.tap import WireStatistics
from ...settings.connection import ConnectionSettings
from .chunk import Channels


def channels_of(settings: ConnectionSettings, statistics: WireStatistics) -> Channels:
    """Return the kind that the settings name; what it needs is imported only then."""
    if settings.channel == "webhook":
        from .webhook import WebhookChannels

        return WebhookChannels(settings, statistics)
    if settings.channel == "tunnel":
        from .tunnel import TunnelChannels

        return TunnelChannels(settings, statistics)
    return Channels(settings, statistics)
