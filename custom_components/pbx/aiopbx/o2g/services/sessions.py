"""Sessions and subscriptions."""

from ..operations import Request, Service, operation
from ..rules import NEEDS, SELECTORS, TIMEOUT
from ..types.sessions import Filter, SessionInfo, SessionRequest, SessionTokenInfo, Subscription, SubscriptionRequest


class Sessions(Service, service="Sessions"):
    """The session of this client. Opening and closing it is the client's own business."""

    @operation("GET", "/sessions")
    def session(self) -> Request[SessionInfo]:
        """Read what the open session is."""
        return Request()

    @operation("POST", "/sessions")
    def open_session(self, body: SessionRequest) -> Request[SessionInfo]:
        """Open a session with the account that has authenticated; it can be opened once."""
        return Request(body=body)

    @operation("DELETE", "/sessions")
    def close_session(self) -> Request[None]:
        """Close the session, and give its licences back."""
        return Request()

    @operation("POST", "/sessions/keepalive", safe=True)
    def keepalive(self) -> Request[SessionTokenInfo | None]:
        """Restart the session's timer; answers with the end of a token, if the session was opened with one."""
        return Request()


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
