"""Wire types of O2G: subscription management."""

from typing import ClassVar

from .base import Wire, WireEnum


class SubscriptionState(WireEnum):
    """Whether a subscription was accepted."""

    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


class Selector(Wire, kw_only=True):
    """One package of events, for the users named."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Subscription(Wire, kw_only=True):
    """A subscription and where its events are read. Its URLs hold the subscription id, which is a secret."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"subscription_id", "public_polling_url", "private_polling_url"})

    subscription_id: str | None = None
    message: str | None = None
    public_polling_url: str | None = None
    private_polling_url: str | None = None
    status: SubscriptionState | None = None
    mode: str | None = None
    format: str | None = None


class Filter(Wire, kw_only=True):
    """Which events a subscription wants."""

    selectors: tuple[Selector, ...] = ()


class SubscriptionRequest(Wire, kw_only=True):
    """Asks for events; ``timeout`` is in minutes, 2 to 60, or 0 for as long as the session lives."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"session_id", "web_hook_url"})

    filter: Filter | None = None
    session_id: str | None = None
    version: str
    timeout: int | None = None
    web_hook_url: str | None = None
