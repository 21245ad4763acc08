"""Sessions and subscriptions."""

from ...operations import Send, Service, operation
from ..rules import NEEDS, SELECTORS, TIMEOUT
from ..types.sessions import Filter, SessionInfo, SessionRequest, SessionTokenInfo, Subscription, SubscriptionRequest


class Sessions(Service, service="Sessions"):
    """The session of this client. Opening and closing it is the client's own business."""

    @operation("GET", "/sessions")
    def session(self) -> Send[SessionInfo]:
        """Read what the open session is."""
        return Send()

    @operation("POST", "/sessions")
    def open_session(self, body: SessionRequest) -> Send[SessionInfo]:
        """Open a session with the account that has authenticated; it can be opened once."""
        return Send(body=body)

    @operation("DELETE", "/sessions")
    def close_session(self) -> Send[None]:
        """Close the session, and give its licences back."""
        return Send()

    @operation("POST", "/sessions/keepalive", repeatable=True)
    def keepalive(self) -> Send[SessionTokenInfo | None]:
        """Restart the session's timer; answers with the end of a token, if the session was opened with one."""
        return Send()


class Subscriptions(Service, service="Subscriptions"):
    """Subscriptions to events. The id of one is a secret: it is the key of its channel."""

    @operation("POST", "/subscriptions", None, NEEDS("version"), TIMEOUT)
    def subscribe(self, body: SubscriptionRequest) -> Send[Subscription]:
        """Ask for events; ``status`` of the answer says whether they were granted, ``message`` why not."""
        return Send(body=body)

    @operation("PUT", "/subscriptions", None, SELECTORS, repeatable=True)
    def update_subscription(self, body: Filter) -> Send[None]:
        """Change which events the session's subscription wants."""
        return Send(body=body)

    @operation("DELETE", "/subscriptions/{subscriptionId}")
    def unsubscribe(self, subscription_id: str) -> Send[None]:
        """End a subscription; its channel closes and what was queued is gone."""
        return Send(subscription_id)
