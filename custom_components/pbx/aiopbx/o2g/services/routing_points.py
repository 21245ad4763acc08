"""Routing by the application: calls at a routing point wait until the application says where they go."""

from ...operations import Send, Service, operation
from ..call_centre_rules import DIGITS_WANTED, GUIDE, ROUTE, TONE
from ..rules import NEEDS
from ..types.base import CONTACTCENTER_RSI
from ..types.rsi import (
    CallRefRequest,
    PlayToneRequest,
    PlayVoiceGuideRequest,
    RouteEnd,
    RouteSelect,
    RouteSession,
    RouteSessions,
    RsiPoints,
    StartDataCollectionRequest,
)

# The first part of a path names the service: the session says where it is, and no place is usual.
_POINT = "/acdrsi/{rsiNumber}"


class RoutingPoints(Service, service="AcdRsi"):
    """Routing points. Requests come as events of the package ``rsi``; subscribe to it before enabling a point."""

    @operation("GET", "/acdrsi", CONTACTCENTER_RSI)
    def routing_points(self) -> Send[RsiPoints]:
        """List the routing points."""
        return Send()

    @operation("POST", _POINT + "/enable", CONTACTCENTER_RSI, repeatable=True, valueless=("backup",))
    def enable_routing_point(self, rsi_number: str, *, backup: bool | None = None) -> Send[None]:
        """Route the calls of a point from now on, or with ``backup`` only while no other application does."""
        return Send(rsi_number, backup=backup or None)

    @operation("POST", _POINT + "/enable/backup", CONTACTCENTER_RSI, repeatable=True)
    def enable_routing_point_as_backup(self, rsi_number: str) -> Send[None]:
        """Stand in for another application at a point, for servers that do not read ``backup``."""
        return Send(rsi_number)

    @operation("POST", _POINT + "/disable", CONTACTCENTER_RSI, repeatable=True)
    def disable_routing_point(self, rsi_number: str) -> Send[None]:
        """Route the calls of a point no longer."""
        return Send(rsi_number)

    @operation("POST", _POINT + "/collectDigits", CONTACTCENTER_RSI, DIGITS_WANTED)
    def collect_digits(self, rsi_number: str, body: StartDataCollectionRequest) -> Send[str | None]:
        """Collect what a waiting caller dials. The answer is the key of the collection, if the server says it."""
        return Send(rsi_number, body=body)

    @operation("DELETE", _POINT + "/collectDigits/{collCrid}", CONTACTCENTER_RSI)
    def stop_collecting(self, rsi_number: str, coll_crid: str) -> Send[None]:
        """Collect no more digits."""
        return Send(rsi_number, coll_crid)

    @operation("POST", _POINT + "/playTone", CONTACTCENTER_RSI, TONE)
    def play_tone(self, rsi_number: str, body: PlayToneRequest) -> Send[None]:
        """Play a tone to a waiting caller."""
        return Send(rsi_number, body=body)

    @operation("POST", _POINT + "/stopTone", CONTACTCENTER_RSI, NEEDS("callRef"), repeatable=True)
    def stop_tone(self, rsi_number: str, body: CallRefRequest) -> Send[None]:
        """Stop the tone that a waiting caller hears."""
        return Send(rsi_number, body=body)

    @operation("POST", _POINT + "/playVoiceGuide", CONTACTCENTER_RSI, GUIDE)
    def play_voice_guide(self, rsi_number: str, body: PlayVoiceGuideRequest) -> Send[None]:
        """Play a voice guide of the PBX to a waiting caller."""
        return Send(rsi_number, body=body)

    @operation("POST", _POINT + "/routeSelect", CONTACTCENTER_RSI, ROUTE)
    def select_route(self, rsi_number: str, body: RouteSelect) -> Send[None]:
        """Route a call."""
        return Send(rsi_number, body=body)

    @operation("POST", _POINT + "/routeEnd", CONTACTCENTER_RSI, NEEDS("routeCrid"))
    def end_route(self, rsi_number: str, body: RouteEnd) -> Send[None]:
        """Say that there is no route from here: the call server goes on by itself."""
        return Send(rsi_number, body=body)

    @operation("GET", _POINT + "/routeSessions", CONTACTCENTER_RSI)
    def route_sessions(self, rsi_number: str) -> Send[RouteSessions]:
        """List the calls of a point that wait for a route."""
        return Send(rsi_number)

    @operation("GET", _POINT + "/routeSessions/{routeCrid}", CONTACTCENTER_RSI)
    def route_session(self, rsi_number: str, route_crid: str) -> Send[RouteSession]:
        """Read a call that waits for a route."""
        return Send(rsi_number, route_crid)
