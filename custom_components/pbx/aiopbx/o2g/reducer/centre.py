"""Events of the call centre, reduced: calls at pilots, calls that look for a route, files of statistics."""

from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from ...centre import Digits, RouteSnapshot, StatisticsStep, WaitingCall
from ..types.pilot_monitoring import OnPilotCallCreated, OnPilotCallQueued, OnPilotCallRemoved
from ..types.rsi import OnDigitCollected, RouteRequest, RouteSession, RoutingCallerType, RoutingReason
from ..types.statistics import AcdStatsProgressStep

# ------------------------------------------------------------------------------------------------------- waiting calls


def waiting_call(before: WaitingCall | None, event: Any, now: datetime) -> WaitingCall:
    """The call of a pilot after an event that begins it, queues it, or ends it."""
    kind = type(event)
    call = before or WaitingCall(
        ref=event.call_ref, pilot=event.pilot, since=now if kind is OnPilotCallCreated else None
    )
    cause = str(event.cause) if event.cause is not None else call.cause
    if kind is OnPilotCallRemoved:
        return replace(call, destination=event.new_destination, left_at=now, cause=cause)
    call = replace(call, caller=event.caller or call.caller, cause=cause)
    if kind is OnPilotCallQueued:
        return replace(call, queue=event.queue, queued_since=now, queued=event.number_of_queued)
    data = event.call_data
    if data is not None:
        text = data.associated_data
        if text is None and data.hexa_binary_associated_data:
            text = _text(data.hexa_binary_associated_data)
        call = replace(call, called=data.initial_called, data=text)
    return call


def _text(digits: str) -> str | None:
    try:
        return bytes.fromhex(digits).decode("utf-8", "replace")
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------------------- routes

_REASONS: Final = {
    RoutingReason.INITIAL: "initial",
    RoutingReason.NOANSWER: "noanswer",
    RoutingReason.BUSY: "busy",
    RoutingReason.NOT_OBTAINABLE: "not_obtainable",
}
_INTERNAL: Final = {RoutingCallerType.INTERNAL: True, RoutingCallerType.EXTERNAL: False}


def route_of(point: str, said: RouteRequest | RouteSession, now: datetime) -> RouteSnapshot:
    """A call that looks for a route, as the event or a later reading has it."""
    route = RouteSnapshot(
        id=said.route_crid or "",
        point=point,
        at=now,
        ref=said.routed_call_ref,
        caller=said.caller,
        called=said.called,
        reason="unknown",
    )
    if isinstance(said, RouteSession):
        return route
    return replace(
        route,
        caller_name=said.calling_name,
        internal=_INTERNAL.get(said.caller_type) if said.caller_type is not None else None,
        overflows=said.nb_overflows or 0,
        reason=_REASONS.get(said.reason, "unknown") if said.reason is not None else "unknown",
    )


def digits_of(event: OnDigitCollected) -> Digits:
    """What a caller has dialled."""
    said = event.data_collected
    return Digits(
        digits=(said.digits or "") if said is not None else "",
        cause=str(said.cause) if said is not None and said.cause is not None else None,
    )


STEPS: Final = {
    AcdStatsProgressStep.COLLECT: StatisticsStep.COLLECTING,
    AcdStatsProgressStep.PROCESSED: StatisticsStep.COLLECTED,
    AcdStatsProgressStep.FORMATED: StatisticsStep.READY,
    AcdStatsProgressStep.ERROR: StatisticsStep.FAILED,
    AcdStatsProgressStep.CANCELLED: StatisticsStep.CANCELLED,
}
