"""Routing management: do-not-disturb, forward, overflow, remote extension."""

from ...operations import Send, Service, operation
from ..rules import OVERFLOW, ROUTES
from ..types.base import TELEPHONY_ADVANCED
from ..types.routing import (
    Capabilities,
    DNDState,
    ForwardRoute,
    OverflowRoute,
    RoutingState,
    SetForwardRouteRequest,
    SetOverflowRoutesRequest,
    SetRoutesRequest,
)


class Routing(Service, service="Routing"):
    """Where the calls of a user go. An administrator names the user by ``login_name``."""

    @operation("GET", "/routing", TELEPHONY_ADVANCED)
    def routing_capabilities(self, *, login_name: str | None = None) -> Send[Capabilities]:
        """Read what of its routing the user may manage."""
        return Send(loginName=login_name)

    @operation("POST", "/routing", TELEPHONY_ADVANCED, ROUTES, repeatable=True)
    def set_routes(
        self, body: SetRoutesRequest, *, login_name: str | None = None, sip_nomadic: bool | None = None
    ) -> Send[None]:
        """Switch the remote extension on or off, by a presentation route to MOBILE; or set a forward."""
        return Send(body=body, loginName=login_name, sipNomadic=sip_nomadic)

    @operation("GET", "/routing/dnd", TELEPHONY_ADVANCED)
    def dnd(self, *, login_name: str | None = None) -> Send[DNDState]:
        """Read whether do-not-disturb is on."""
        return Send(loginName=login_name)

    @operation("POST", "/routing/dnd", TELEPHONY_ADVANCED, repeatable=True)
    def set_dnd(self, *, login_name: str | None = None) -> Send[None]:
        """Switch do-not-disturb on."""
        return Send(loginName=login_name)

    @operation("DELETE", "/routing/dnd", TELEPHONY_ADVANCED)
    def cancel_dnd(self, *, login_name: str | None = None) -> Send[None]:
        """Switch do-not-disturb off."""
        return Send(loginName=login_name)

    @operation("GET", "/routing/forwardroute", TELEPHONY_ADVANCED, absent=(404,))
    def forward_route(self, *, login_name: str | None = None) -> Send[ForwardRoute | None]:
        """Read the forward; None where none is set. An immediate one has no type."""
        return Send(loginName=login_name)

    @operation("DELETE", "/routing/forwardroute", TELEPHONY_ADVANCED)
    def cancel_forward_route(self, *, login_name: str | None = None) -> Send[None]:
        """Cancel the forward."""
        return Send(loginName=login_name)

    @operation("POST", "/routing/forwardroute", TELEPHONY_ADVANCED, ROUTES, repeatable=True)
    def set_forward_route(self, body: SetForwardRouteRequest, *, login_name: str | None = None) -> Send[None]:
        """Set the forward, immediate without a type."""
        return Send(body=body, loginName=login_name)

    @operation("GET", "/routing/overflowroute", TELEPHONY_ADVANCED, absent=(404,))
    def overflow_route(self, *, login_name: str | None = None) -> Send[OverflowRoute | None]:
        """Read the overflow; None where none is set."""
        return Send(loginName=login_name)

    @operation("POST", "/routing/overflowroute", TELEPHONY_ADVANCED, OVERFLOW, ROUTES, repeatable=True)
    def set_overflow_routes(self, body: SetOverflowRoutesRequest, *, login_name: str | None = None) -> Send[None]:
        """Set the overflow; one route is possible."""
        return Send(body=body, loginName=login_name)

    @operation("DELETE", "/routing/overflowroute", TELEPHONY_ADVANCED)
    def cancel_overflow_routes(self, *, login_name: str | None = None) -> Send[None]:
        """Cancel the overflow."""
        return Send(loginName=login_name)

    @operation("GET", "/routing/state", TELEPHONY_ADVANCED)
    def routing_state(self, *, login_name: str | None = None) -> Send[RoutingState]:
        """Read presentation, forward, overflow and do-not-disturb at once."""
        return Send(loginName=login_name)

    @operation("POST", "/routing/state/snapshot", TELEPHONY_ADVANCED, repeatable=True, everyone=True, since="2.0")
    def routing_snapshot(self, *, login_name: str | None = None) -> Send[None]:
        """Have an OnRoutingStateChanged sent on the channel: to an administrator who names no one, for every user."""
        return Send(loginName=login_name)
