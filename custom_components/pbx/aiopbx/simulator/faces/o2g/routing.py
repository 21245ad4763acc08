"""The routing service: do-not-disturb, forward, overflow, remote extension."""

from collections.abc import Sequence
from typing import Final

from ....o2g.types.base import Wire
from ....o2g.types.overview import DestinationType
from ....o2g.types.routing import (
    Capabilities,
    Destination,
    DNDState,
    ForwardRoute,
    OverflowRoute,
    PresentationRoute,
    RoutingState,
    SetForwardRouteRequest,
    SetRoutesRequest,
)
from ...switch.errors import SwitchError, bad_route
from . import views
from .context import Answer, Context, Handler, Route, publish_snapshot
from .refusals import refuse_with_details


def capabilities(ctx: Context) -> Capabilities:
    """Return what the user may manage."""
    remote = ctx.switch.user(ctx.user).has_remote_extension
    return Capabilities(presentation_route=remote, forward_route=True, overflow_route=True, dnd=True)


def set_routes(ctx: Context) -> None:
    """Switch the remote extension, or (for old clients) set the forward."""
    request: SetRoutesRequest = ctx.body
    if not request.presentation_routes and not request.forward_routes:
        raise bad_route("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER", "Neither route is given.")
    if len(request.forward_routes) > 1:
        raise _bad_forward("Only one forward route can be set.")
    remote = _remote_extension(ctx, request.presentation_routes)
    if request.forward_routes:
        _forward(ctx, request.forward_routes[0])
    if remote is not None:
        ctx.switch.set_remote_extension(ctx.user, remote)


def _remote_extension(ctx: Context, routes: Sequence[PresentationRoute]) -> bool | None:
    """Whether the mobile is to ring; refuses routes that cannot be set."""
    if not routes:
        return None
    if len(routes) > 1:
        raise bad_route("BAD_PARAMETER_VALUE", "INVALID_CURRENT_DEVICE", "Only one presentation route can be set.")
    wanted = None
    for destination in routes[0].destinations:
        if destination.type == DestinationType.MOBILE:
            wanted = destination.selected is not False
        elif destination.type != DestinationType.OFFICE or destination.selected is False:
            raise SwitchError(
                "BAD_PARAMETER_VALUE",
                "INVALID_CURRENT_DEVICE",
                "Only MOBILE can be selected or not; OFFICE always is.",
                routing=True,
                destination=destination.type,
            )
    if wanted is not None and not ctx.switch.user(ctx.user).has_remote_extension:
        raise bad_route("INVALID_OPERATION", "INVALID_CURRENT_DEVICE", f"{ctx.user} has no remote extension.", "MOBILE")
    return wanted


class OverflowRequest(Wire, kw_only=True):
    """An overflow to set: a list with one route, or the route itself, which clients in the field send."""

    overflow_routes: tuple[OverflowRoute, ...] | OverflowRoute = ()


def get_dnd(ctx: Context) -> DNDState:
    """Return whether do-not-disturb is on."""
    return DNDState(activate=ctx.switch.user(ctx.user).do_not_disturb)


def activate_dnd(ctx: Context) -> None:
    """Switch do-not-disturb on."""
    ctx.switch.set_dnd(ctx.user, True)


def cancel_dnd(ctx: Context) -> None:
    """Switch it off."""
    ctx.switch.set_dnd(ctx.user, False)


def get_forward(ctx: Context) -> ForwardRoute | Answer:
    """Return the forward; an empty answer if there is none."""
    return views.forward_route(ctx.switch.user(ctx.user)) or Answer(200)


def set_forward(ctx: Context) -> None:
    """Set the forward."""
    request: SetForwardRouteRequest = ctx.body
    if request.forward_route is None:
        raise bad_route("BAD_PARAMETER_VALUE", "NULL_PARAMETER", "forwardRoute is missing.")
    _forward(ctx, request.forward_route)


def _bad_forward(message: str, destination: str | None = None) -> SwitchError:
    return bad_route("BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE", message, destination)


def _one(destinations: Sequence[Destination], cause: str) -> Destination:
    if not destinations:
        raise bad_route("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER", "The route has no destination.")
    if len(destinations) > 1:
        raise bad_route("BAD_PARAMETER_VALUE", cause, "Only one destination is acceptable.")
    return destinations[0]


def _forward(ctx: Context, route: ForwardRoute) -> None:
    destination = _one(route.destinations, "INVALID_FORWARD_ROUTE")
    condition = route.forward_type.value if route.forward_type is not None else "IMMEDIATE"
    kind = destination.type
    if kind is not None and not kind.listed:
        raise _bad_forward(f"There is no destination of type {kind}.")
    if kind == DestinationType.VOICEMAIL:
        ctx.switch.set_forward(ctx.user, target="VOICEMAIL", condition=condition)
    elif kind in (DestinationType.NUMBER, DestinationType.USER, DestinationType.OTHER):
        if kind == DestinationType.USER and destination.number and ctx.switch.by_number(destination.number) is None:
            raise bad_route("UNAUTHORIZED", "UNAUTHORIZED_NOT_A_USER", f"{destination.number} is not a user.", "USER")
        ctx.switch.set_forward(ctx.user, destination.number, condition=condition)
    else:
        raise _bad_forward("A forward leads to VOICEMAIL or NUMBER.", kind)


def cancel_forward(ctx: Context) -> None:
    """Cancel the forward."""
    ctx.switch.cancel_forward(ctx.user)


def get_overflow(ctx: Context) -> OverflowRoute | Answer:
    """Return the overflow; an empty answer if there is none."""
    return views.overflow_route(ctx.switch.user(ctx.user)) or Answer(200)


def set_overflow(ctx: Context) -> None:
    """Set the overflow."""
    request: OverflowRequest = ctx.body
    routes = request.overflow_routes
    if isinstance(routes, OverflowRoute):
        routes = (routes,)
    if not routes:
        raise bad_route("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER", "overflowRoutes is empty.")
    if len(routes) > 1:
        raise _bad_overflow("Only one overflow route can be set.")
    route = routes[0]
    if route.overflow_type is None:
        raise _bad_overflow("The overflow type is not specified.")
    destination = _one(route.destinations, "INVALID_OVERFLOW_ROUTE")
    kind = destination.type
    if kind is None or not kind.listed:
        raise _bad_overflow("An overflow leads to VOICEMAIL or ASSOCIATE.")
    number = destination.number if kind == DestinationType.ASSOCIATE else None
    ctx.switch.set_overflow(ctx.user, number, target=kind.value, condition=route.overflow_type.value)


def _bad_overflow(message: str) -> SwitchError:
    return bad_route("BAD_PARAMETER_VALUE", "INVALID_OVERFLOW_ROUTE", message)


def cancel_overflow(ctx: Context) -> None:
    """Cancel the overflow."""
    ctx.switch.cancel_overflow(ctx.user)


def state(ctx: Context) -> RoutingState:
    """Return all of the user's routing."""
    return views.routing_state(ctx.switch, ctx.user)


def ask_snapshot(ctx: Context) -> None:
    """Send the routing of the user, or of all users, as events."""
    publish_snapshot(ctx, views.ROUTING, views.routing_snapshot)


def _route(method: str, path: str, handler: Handler, body: type | None = None) -> Route:
    return Route(method, path, refuse_with_details(handler), body, licence="advanced", user="named")


ROUTES: Final = [
    _route("GET", "/routing", capabilities),
    _route("POST", "/routing", set_routes, SetRoutesRequest),
    _route("GET", "/routing/dnd", get_dnd),
    _route("POST", "/routing/dnd", activate_dnd),
    _route("DELETE", "/routing/dnd", cancel_dnd),
    _route("GET", "/routing/forwardroute", get_forward),
    _route("POST", "/routing/forwardroute", set_forward, SetForwardRouteRequest),
    _route("DELETE", "/routing/forwardroute", cancel_forward),
    _route("GET", "/routing/overflowroute", get_overflow),
    _route("POST", "/routing/overflowroute", set_overflow, OverflowRequest),
    _route("DELETE", "/routing/overflowroute", cancel_overflow),
    _route("GET", "/routing/state", state),
    Route("POST", "/routing/state/snapshot", refuse_with_details(ask_snapshot), licence="advanced", user="optional"),
]
