"""Events of the call centre, reduced: figures merged, calls at pilots, calls that look for a route."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

from ...centre import (
    CentreAgent,
    CentreGroup,
    CentreOtherGroup,
    CentrePilot,
    CentreQueue,
    Digits,
    Figures,
    RouteSnapshot,
    StatisticsStep,
    TableName,
    WaitingCall,
)
from ..types.pilot_monitoring import OnPilotCallCreated, OnPilotCallQueued, OnPilotCallRemoved
from ..types.real_time import (
    OnAgentRtiChanged,
    OnPGAgentRtiChanged,
    OnPGOtherRtiChanged,
    OnPilotRtiChanged,
    OnQueueRtiChanged,
)
from ..types.rsi import OnDigitCollected, RouteRequest, RouteSession, RoutingCallerType, RoutingReason
from ..types.statistics import AcdStatsProgressStep

# In the order of the fields of the rows, so that a row is made of what these return.
_FIGURES: Final[dict[type, tuple[TableName, type[Figures], tuple[str, ...]]]] = {
    OnAgentRtiChanged: (
        "agents",
        CentreAgent,
        (
            "number",
            "name",
            "first_name",
            "type",
            "logon_date",
            "service_state",
            "service_state_date",
            "phone_state",
            "phone_state_date",
            "pilot_name",
            "queue_name",
            "nb_of_withdrawals",
            "withdrawals_total_duration",
            "nb_of_private_calls",
            "private_calls_total_duration",
            "nb_of_served_acd_calls",
            "nb_of_outgoing_acd_calls",
            "nb_of_refused_acd_calls",
            "nb_of_intercepted_acd_calls",
            "nb_of_transfered_acd_calls",
            "current_pg",
            "associated_set",
            "withdraw_reason",
            "afe_key",
        ),
    ),
    OnPilotRtiChanged: (
        "pilots",
        CentrePilot,
        (
            "number",
            "name",
            "state",
            "nb_of_running_calls",
            "service_level",
            "efficiency",
            "nb_of_waiting_calls",
            "nb_of_ringing_acd_calls",
            "nb_of_mutual_aid_calls",
            "nb_of_dissuaded_calls",
            "nb_of_calls_in_conversation",
            "nb_of_calls_in_general_forwarding",
            "nb_of_calls_in_remote_pg",
            "incoming_traffic",
            "average_waiting_time",
            "worst_service_level_in_list",
            "worst_efficiency_in_list",
            "best_service_level_in_list",
            "best_efficiency_in_list",
            "afe_key",
        ),
    ),
    OnQueueRtiChanged: (
        "queues",
        CentreQueue,
        (
            "number",
            "name",
            "type",
            "state",
            "nb_of_agents_in_distribution",
            "incoming_traffic",
            "outgoing_traffic",
            "nb_of_waiting_calls",
            "current_waiting_time",
            "filling_rate",
            "expected_waiting_time",
            "longest_waiting_time_in_list",
            "afe_key",
        ),
    ),
    OnPGAgentRtiChanged: (
        "groups",
        CentreGroup,
        (
            "number",
            "name",
            "type",
            "state",
            "nb_of_withdrawn_agents",
            "nb_of_agents_in_private_call",
            "nb_of_agents_in_acd_call",
            "nb_of_agents_in_acd_ringing",
            "nb_of_agents_in_acd_conv",
            "nb_of_agents_in_wrapup_and_transaction",
            "nb_of_agents_in_pause",
            "nb_of_busy_agents",
            "nb_of_logged_on_agents",
            "nb_of_free_agents",
            "nb_of_idle_agents",
            "nb_of_logged_on_and_not_withdrawn_agents",
            "incoming_traffic",
            "consolidated_pilots_service_level",
            "consolidated_pilots_efficiency",
            "consolidated_queues_waiting_time",
            "consolidated_queues_nb_of_waiting_calls",
            "consolidated_queues_ewt",
            "pilots_worst_service_level",
            "pilots_worst_efficiency",
            "pilots_best_service_level",
            "pilots_best_efficiency",
            "queues_longest_waiting_time",
            "afe_key",
        ),
    ),
    OnPGOtherRtiChanged: (
        "other_groups",
        CentreOtherGroup,
        ("number", "name", "type", "state", "nb_of_acd_calls", "incoming_traffic", "afe_key"),
    ),
}

Read = Callable[[Any], tuple[Any, ...]]
FIGURES: Final[dict[type, tuple[TableName, type[Any], Read, Read]]] = {
    kind: (table, row, attrgetter(*fields), attrgetter(*row.__struct_fields__[: len(fields)]))
    for kind, (table, row, fields) in _FIGURES.items()
}
"""For each kind of event its table, what a row of it is, and what reads the figures of an event and of a row."""


def figures(kind: type, event: Any, before: Any) -> Any:
    """The row after an event. What the event does not say is as it was, and unknown where that is not confirmed."""
    _, row, said, known = FIGURES[kind]
    if before is None or not before.confirmed:
        after = row(*said(event))
        return after if before is None else _named(after, before)
    return row(*[old if new is None else new for new, old in zip(said(event), known(before), strict=True)])


def _named(after: Any, before: Any) -> Any:
    """The row, with what does not change of an object as it was known."""
    same = ("number", "name", "first_name", "key")
    return replace(
        after,
        **{
            name: getattr(before, name)
            for name in same
            if name in after.__struct_fields__ and getattr(after, name) is None
        },
    )


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
    if isinstance(said, RouteSession):
        return RouteSnapshot(
            id=said.route_crid or "",
            point=point,
            at=now,
            ref=said.routed_call_ref,
            caller=said.caller,
            called=said.called,
            reason="unknown",
        )
    return RouteSnapshot(
        id=said.route_crid or "",
        point=point,
        at=now,
        ref=said.routed_call_ref,
        caller=said.caller,
        caller_name=said.calling_name,
        internal=_INTERNAL.get(said.caller_type) if said.caller_type is not None else None,
        called=said.called,
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
