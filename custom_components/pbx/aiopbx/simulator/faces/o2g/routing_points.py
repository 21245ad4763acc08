"""The RSI service: applications route the calls of routing points."""

from http import HTTPStatus
from typing import Final

from ....o2g.types import rsi as wire
from ....o2g.types.base import O2gEvent, Wire
from ...switch.changes import PromptChange, RouteChange
from ...switch.prompts import Dialogue, Wanted
from .context import Answer, Context, Handler, Route
from .refusals import bad_parameter, refuse_plainly

SERVICE: Final = ("AcdRsi", "/call-routing")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""
PACKAGE: Final = "rsi"


def event_of(change: RouteChange | PromptChange) -> O2gEvent:
    """Return the event for a change at a routing point."""
    if isinstance(change, PromptChange):
        return _heard(change)
    reason = wire.RoutingReason(change.reason)
    if change.kind == "end":
        return wire.OnRouteEnd(rsi_point=change.point, route_crid=change.key, routed_call_ref=change.ref, reason=reason)
    kinds = {True: "INTERNAL", False: "EXTERNAL", None: "UNKNOWN"}
    return wire.OnRouteRequest(
        rsi_point=change.point,
        request=wire.RouteRequest(
            route_crid=change.key,
            caller=change.caller or None,
            calling_name=change.name or None,
            caller_type=wire.RoutingCallerType(kinds[change.inside]),
            called=change.called,
            routed_call_ref=change.ref,
            nb_overflows=change.overflows,
            reason=reason,
        ),
    )


def _heard(change: PromptChange) -> O2gEvent:
    if change.kind == "tone":
        return wire.OnToneGeneratedStart(
            rsi_point=change.point, call_ref=change.ref, tones_types=wire.Tones(change.tone or "")
        )
    if change.kind == "silence":
        return wire.OnToneGeneratedStop(rsi_point=change.point, call_ref=change.ref)
    return wire.OnDigitCollected(
        rsi_point=change.point,
        call_ref=change.ref,
        data_collected=wire.DataCollected(
            coll_crid=change.key, digits=change.digits, cause=wire.CollectionCause(change.cause or "")
        ),
    )


def _session(dialogue: Dialogue) -> wire.RouteSession:
    caller = dialogue.caller
    return wire.RouteSession(
        route_crid=dialogue.key,
        caller=None if caller.anonymous else caller.identity.number,
        called=dialogue.call.initial_called.number,
        routed_call_ref=dialogue.call.ref,
    )


# -- what is asked for ------------------------------------------------------------------------------------------


def points(ctx: Context) -> wire.RsiPoints:
    """List the routing points."""
    return wire.RsiPoints(
        rsi_points=tuple(
            wire.RsiPoint(
                number=point.number, name=point.name, node=int(point.node), registered=bool(point.applications)
            )
            for point in ctx.switch.routing_points.values()
        )
    )


def _application(ctx: Context) -> str:
    """Return the key of the application: an application is a session."""
    return ctx.session.id


def _enable(ctx: Context, number: str, *, backup: bool) -> None:
    point = ctx.switch.routing_point(number)
    application = _application(ctx)
    if not backup and application not in point.applications:
        # Whoever logs in again takes over from a session of its own that it has lost.
        for other in ctx.server.sessions:
            if other is not ctx.session and other.login == ctx.session.login:
                ctx.switch.disable_routing_point(number, other.id)
    ctx.switch.enable_routing_point(number, application, backup=backup)
    switch = ctx.switch
    ctx.session.at_end["rsi"] = lambda: switch.application_gone(application)


def enable(ctx: Context, rsi_number: str) -> None:
    """Route the calls of a point, or stand by."""
    _enable(ctx, rsi_number, backup=ctx.flag("backup"))


def enable_backup(ctx: Context, rsi_number: str) -> None:
    """Stand by for another application."""
    _enable(ctx, rsi_number, backup=True)


def disable(ctx: Context, rsi_number: str) -> None:
    """Route the calls of a point no longer."""
    ctx.switch.disable_routing_point(rsi_number, _application(ctx))


def collect(ctx: Context, rsi_number: str) -> Answer:
    """Collect digits; where the collection is says ``Location``, whose last part is its key."""
    body: wire.StartDataCollectionRequest = ctx.body
    more = body.additional_criteria or wire.AdditionalDigitCollectionCriteria()
    if body.flush_char is not None and len(body.flush_char) != 1:
        raise bad_parameter("flushChar", f"{body.flush_char!r} is not one character")
    wanted = Wanted(
        count=body.num_chars,
        flush=(body.flush_char or "") + (more.term_digits or ""),
        abort=more.abort_digits or "",
        ignore=more.ignore_digits or "",
        backspace=more.backspace_digits or "",
        reset=(more.reset_digit or "") + (more.reset_digits or ""),
        timeout=body.timeout,
        start_timeout=more.start_timeout,
        digit_timeout=more.digit_timeout,
    )
    key = ctx.switch.collect_digits(rsi_number, body.call_ref, _application(ctx), wanted)
    where = f"{ctx.origin.base}/api/rest/1.0{SERVICE[1]}/{rsi_number}/collectDigits/{key}"
    return Answer(HTTPStatus.CREATED, None, (("Location", where),))


def stop_collecting(ctx: Context, rsi_number: str, coll_crid: str) -> None:
    """Collect no more digits."""
    ctx.switch.stop_collecting(rsi_number, coll_crid, _application(ctx))


def play_tone(ctx: Context, rsi_number: str) -> None:
    """Play a tone to a waiting caller."""
    body: wire.PlayToneRequest = ctx.body
    ctx.switch.play_tone(rsi_number, body.call_ref, _application(ctx), body.type.value, body.duration)


def play_guide(ctx: Context, rsi_number: str) -> None:
    """Play a voice guide to a waiting caller; to events it is an announcement."""
    body: wire.PlayVoiceGuideRequest = ctx.body
    if body.guide_number < 0:
        raise bad_parameter("guideNumber", f"there is no guide {body.guide_number}")
    ctx.switch.play_tone(rsi_number, body.call_ref, _application(ctx), "ANNOUNCEMENT", body.duration)


def stop_tone(ctx: Context, rsi_number: str) -> None:
    """Stop the tone or guide."""
    ctx.switch.stop_tone(rsi_number, ctx.body.call_ref, _application(ctx))


def select(ctx: Context, rsi_number: str) -> None:
    """Route a call."""
    body: wire.RouteSelect = ctx.body
    ctx.switch.select_route(
        rsi_number,
        body.route_crid,
        _application(ctx),
        body.selected_route,
        calling_line=body.calling_line,
        data=body.associated_data,
        voicemail=bool(body.route_to_voice_mail or body.route_to_voicemail),
    )


def end(ctx: Context, rsi_number: str) -> None:
    """There is no route from here."""
    ctx.switch.end_route(rsi_number, ctx.body.route_crid, _application(ctx))


def sessions(ctx: Context, rsi_number: str) -> wire.RouteSessions:
    """List the calls that wait for a route."""
    return wire.RouteSessions(route_sessions=tuple(_session(dialogue) for dialogue in ctx.switch.dialogues(rsi_number)))


def session(ctx: Context, rsi_number: str, route_crid: str) -> wire.RouteSession:
    """Return one."""
    return _session(ctx.switch.dialogue(rsi_number, route_crid))


def _route(
    method: str, below: str, handler: Handler, body: type[Wire] | None = None, missing: int = HTTPStatus.BAD_REQUEST
) -> Route:
    path = SERVICE[1] + below
    return Route(method, path, refuse_plainly(handler, missing), body, licence="rsi", administrators=True)


_POINT: Final = "/{rsiNumber}"
ROUTES: Final = (
    _route("GET", "", points),
    _route("POST", _POINT + "/enable", enable),
    _route("POST", _POINT + "/enable/backup", enable_backup),
    _route("POST", _POINT + "/disable", disable),
    _route("POST", _POINT + "/collectDigits", collect, wire.StartDataCollectionRequest),
    _route("DELETE", _POINT + "/collectDigits/{collCrid}", stop_collecting),
    _route("POST", _POINT + "/playTone", play_tone, wire.PlayToneRequest),
    _route("POST", _POINT + "/stopTone", stop_tone, wire.CallRefRequest),
    _route("POST", _POINT + "/playVoiceGuide", play_guide, wire.PlayVoiceGuideRequest),
    _route("POST", _POINT + "/routeSelect", select, wire.RouteSelect),
    _route("POST", _POINT + "/routeEnd", end, wire.RouteEnd),
    _route("GET", _POINT + "/routeSessions", sessions),
    _route("GET", _POINT + "/routeSessions/{routeCrid}", session, missing=HTTPStatus.NOT_FOUND),
)
