"""Wire types of O2G: routing management."""

from .base import O2gEvent, Wire, WireEnum
from .overview import DestinationType


class ForwardType(WireEnum):
    """When a forward applies; none is immediately."""

    BUSY = "BUSY"
    NO_ANSWER = "NO_ANSWER"
    BUSY_NO_ANSWER = "BUSY_NO_ANSWER"


class OverflowType(WireEnum):
    """When an overflow applies."""

    BUSY = "BUSY"
    NO_ANSWER = "NO_ANSWER"
    BUSY_NO_ANSWER = "BUSY_NO_ANSWER"


class Capabilities(Wire, kw_only=True):
    """What of its routing a user may manage."""

    presentation_route: bool = False
    forward_route: bool = False
    overflow_route: bool = False
    dnd: bool = False


class Destination(Wire, kw_only=True):
    """Where calls go."""

    type: DestinationType | None = None
    device_id: str | None = None
    number: str | None = None
    selected: bool | None = None


class DNDState(Wire, kw_only=True):
    """Whether do-not-disturb is on."""

    activate: bool | None = None


class ForwardRoute(Wire, kw_only=True):
    """A forward; without a type it is immediate."""

    forward_type: ForwardType | None = None
    destinations: tuple[Destination, ...] = ()


class OverflowRoute(Wire, kw_only=True):
    """An overflow on busy or no answer."""

    overflow_type: OverflowType | None = None
    destinations: tuple[Destination, ...] = ()


class PresentationRoute(Wire, kw_only=True):
    """Where calls are presented: the office set and the remote extension."""

    destinations: tuple[Destination, ...] = ()


class RoutingState(Wire, kw_only=True):
    """Presentation, forward, overflow and do-not-disturb of a user."""

    presentation_routes: tuple[PresentationRoute, ...] = ()
    forward_routes: tuple[ForwardRoute, ...] = ()
    overflow_routes: tuple[OverflowRoute, ...] = ()
    dnd_state: DNDState | None = None


class SetForwardRouteRequest(Wire, kw_only=True):
    """Set a forward."""

    forward_route: ForwardRoute | None = None


class SetOverflowRoutesRequest(Wire, kw_only=True):
    """Set an overflow."""

    overflow_routes: tuple[OverflowRoute, ...] = ()


class SetRoutesRequest(Wire, kw_only=True):
    """Switch the remote extension, or set a forward."""

    presentation_routes: tuple[PresentationRoute, ...] = ()
    forward_routes: tuple[ForwardRoute, ...] = ()


class OnRoutingStateChanged(O2gEvent, tag="OnRoutingStateChanged", kw_only=True):
    """A user's routing changed: the whole state."""

    login_name: str | None = None
    routing_state: RoutingState | None = None
