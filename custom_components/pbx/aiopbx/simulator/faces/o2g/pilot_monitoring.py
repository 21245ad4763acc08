"""Calls that wait at pilots, for the sessions that watch these."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ....o2g.types import pilot_monitoring as wire, telephony
from ....o2g.types.base import O2gEvent
from ...switch.changes import Change, PilotChange, PromptChange, RouteChange
from . import routing_points
from .context import Context, Route
from .refusals import NOT_EXPECTED, Refusal, refuse_plainly

if TYPE_CHECKING:
    from .server import O2gServer

SERVICE: Final = ("AcdPilotMonitoring", "/pilot-watch")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""
PACKAGE: Final = "pilot"


def event_of(change: PilotChange) -> O2gEvent:
    """Return the event for a change."""
    cause = telephony.CallCause(change.cause) if change.cause is not None else None
    caller = None if change.anonymous else change.caller
    if change.kind == "created":
        trunk = None
        if change.trunk:
            trunk = telephony.TrunkIdentification(network_timeslot=change.trunk[0], trunk_neqt=change.trunk[1:])
        return wire.OnPilotCallCreated(
            pilot=change.pilot,
            caller=caller,
            call_ref=change.ref,
            cause=cause,
            call_data=wire.CallDataPilot(
                initial_called=change.called,
                anonymous=change.anonymous or None,
                associated_data=change.data,
                hexa_binary_associated_data=change.data.encode().hex() if change.data is not None else None,
                trunk_identification=trunk,
            ),
        )
    if change.kind == "queued":
        return wire.OnPilotCallQueued(
            pilot=change.pilot,
            caller=caller,
            queue=change.pilot,
            call_ref=change.ref,
            cause=cause,
            number_of_queued=change.waiting,
        )
    return wire.OnPilotCallRemoved(
        pilot=change.pilot,
        releasing_device=change.caller if change.new_destination is None else None,
        new_destination=change.new_destination,
        call_ref=change.ref,
        cause=cause,
    )


def attach(server: "O2gServer") -> Callable[[], None]:
    """Publish what happens at pilots and routing points, each to the sessions that it is for.

    Returns a function that stops it.
    """

    def publish(change: Change) -> None:
        if isinstance(change, PilotChange):
            for session in server.sessions:
                if change.pilot in session.watched:
                    server.subscriptions.publish(PACKAGE, None, event_of(change), session=session)
        elif isinstance(change, RouteChange | PromptChange):
            for session in server.sessions:
                if session.id == change.application:
                    event = routing_points.event_of(change)
                    server.subscriptions.publish(routing_points.PACKAGE, None, event, session=session)

    return server.switch.subscribe(publish)


def watch(ctx: Context, pilot_number: str) -> None:
    """Have the calls of a pilot come as events; what waits already is not told."""
    ctx.session.watched.add(ctx.switch.pilot(pilot_number).number)


def watch_no_longer(ctx: Context, pilot_number: str) -> None:
    """Have them come no longer."""
    number = ctx.switch.pilot(pilot_number).number
    if number not in ctx.session.watched:
        raise Refusal(NOT_EXPECTED, f"pilotNumber: {number} is not watched in this session.")
    ctx.session.watched.discard(number)


ROUTES: Final = tuple(
    Route(
        method,
        SERVICE[1] + "/{pilotNumber}",
        refuse_plainly(handler, HTTPStatus.BAD_REQUEST),
        licence="centre",
        administrators=True,
    )
    for method, handler in (("POST", watch), ("DELETE", watch_no_longer))
)
