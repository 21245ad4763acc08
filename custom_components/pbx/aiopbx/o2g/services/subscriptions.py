"""Subscription management: which events the server sends."""

from ..operations import Request, Service, operation
from ..rules import NEEDS, SELECTORS, TIMEOUT
from ..types.subscriptions import Filter, Subscription, SubscriptionRequest


class Subscriptions(Service, service="Subscriptions"):
    """Subscriptions to events. The id of one is a secret: it is the key of its channel."""

    @operation("POST", "/subscriptions", None, NEEDS("version"), TIMEOUT)
    def subscribe(self, body: SubscriptionRequest) -> Request[Subscription]:
        """Ask for events; ``status`` of the answer says whether they were granted, ``message`` why not."""
        return Request(body=body)

    @operation("PUT", "/subscriptions", None, SELECTORS, safe=True)
    def update_subscription(self, body: Filter) -> Request[None]:
        """Change which events the session's subscription wants."""
        return Request(body=body)

    @operation("DELETE", "/subscriptions/{subscriptionId}")
    def unsubscribe(self, subscription_id: str) -> Request[None]:
        """End a subscription; its channel closes and what was queued is gone."""
        return Request(subscription_id)
