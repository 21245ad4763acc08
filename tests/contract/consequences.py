"""What comes of an operation: the events that it makes the server send, and the statuses it may be refused with."""

from typing import Any, Final, TypeAlias

from aiopbx.errors import Conflict, NotAllowed, NotFound, NotReady, RequestRefused
from aiopbx.o2g.types import (
    agent,
    comlog,
    pbx_management,
    pilot_monitoring,
    real_time,
    routing,
    rsi,
    statistics,
    telephony,
    users,
)
from aiopbx.o2g.types.base import O2gEvent
from aiopbx.operations import Operation

Events: TypeAlias = tuple[type[O2gEvent], ...]

_NEW: Final[Events] = (telephony.OnCallCreated, telephony.OnCallModified)
_CHANGED: Final[Events] = (telephony.OnCallModified,)
_GONE: Final[Events] = (telephony.OnCallModified, telephony.OnCallRemoved)
_LOGGED: Final[Events] = (comlog.OnComRecordCreated,)
_MOVED: Final[Events] = (telephony.OnCallCreated, telephony.OnCallModified, telephony.OnCallRemoved)
_GROUP: Final[Events] = (telephony.OnDynamicStateChanged,)
_ROUTED: Final[Events] = (routing.OnRoutingStateChanged,)
_COUNTED: Final[Events] = (users.OnEventSummaryUpdated,)
_DELETED: Final[Events] = (comlog.OnComRecordsDeleted, *_COUNTED)
_AGENT: Final[Events] = (agent.OnAgentStateChanged,)

EVENTS: Final[dict[str, Events]] = {
    "basic_call": (*_NEW, telephony.OnUserStateModified),
    "basic_call_answer": _CHANGED,
    "basic_call_drop_me": (*_GONE, *_LOGGED, telephony.OnUserStateModified),
    "make_call": (*_NEW, telephony.OnUserStateModified),
    "release_call": (*_GONE, *_LOGGED, telephony.OnUserStateModified),
    "alternate": _CHANGED,
    "answer": _CHANGED,
    "attach_data": _CHANGED,
    "blind_transfer": (*_MOVED, *_LOGGED),
    "callback": _COUNTED,
    "switch_device": _CHANGED,
    "drop_me": (*_GONE, *_LOGGED, telephony.OnUserStateModified),
    "hold": _CHANGED,
    "merge": _GONE,
    "overflow_to_voice_mail": _GONE,
    "park": _GONE,
    "drop_participant": _GONE,
    "reconnect": _GONE,
    "recording": _CHANGED,
    "redirect": (*_MOVED, *_LOGGED),
    "retrieve": _CHANGED,
    "send_account_info": _CHANGED,
    "transfer": (*_MOVED, *_LOGGED),
    "pickup": _MOVED,
    "unpark": _MOVED,
    "hunting_group_log_on": _GROUP,
    "hunting_group_log_off": _GROUP,
    "telephony_snapshot": (telephony.OnTelephonyState,),
    "request_callback": _COUNTED,
    "delete_incoming_callback": _COUNTED,
    "delete_incoming_callbacks": _COUNTED,
    "send_mini_message": _COUNTED,
    "mini_message": _COUNTED,
    "set_routes": _ROUTED,
    "set_dnd": _ROUTED,
    "cancel_dnd": _ROUTED,
    "set_forward_route": _ROUTED,
    "cancel_forward_route": _ROUTED,
    "set_overflow_routes": _ROUTED,
    "cancel_overflow_routes": _ROUTED,
    "routing_snapshot": _ROUTED,
    "acknowledge_records": (comlog.OnComRecordsAck, comlog.OnComRecordsUnAck, *_COUNTED),
    "delete_records": _DELETED,
    "delete_record": _DELETED,
    "delete_voicemails": _COUNTED,
    "delete_voicemail": _COUNTED,
    "activate_remote_extension": _ROUTED,
    "create_object": (pbx_management.OnPbxObjectInstanceCreated, users.OnUserCreated),
    "change_object": (pbx_management.OnPbxObjectInstanceModified, users.OnUserInfoChanged),
    "delete_object": (pbx_management.OnPbxObjectInstanceDeleted, users.OnUserDeleted),
    "enter_processing_group": _AGENT,
    "exit_processing_group": _AGENT,
    "intrude": _MOVED,
    "change_intrusion_mode": _GONE,
    "agent_log_off": _AGENT,
    "agent_log_on": _AGENT,
    "agent_pause": _AGENT,
    "permanent_listening": _MOVED,
    "agent_ready": _AGENT,
    "agent_snapshot": _AGENT,
    "request_supervisor_help": (agent.OnSupervisorHelpRequested,),
    "cancel_supervisor_help": (agent.OnSupervisorHelpCancelled,),
    "agent_withdraw": _AGENT,
    "agent_wrap_up": _AGENT,
    "activate_skills": (agent.OnAgentSkillChanged,),
    "deactivate_skills": (agent.OnAgentSkillChanged,),
    "stop_permanent_listening": _GONE,
    "intrude_on_call": _MOVED,
    "create_users": (users.OnUserCreated,),
    "delete_user": (users.OnUserDeleted,),
    "watch_pilot": (
        pilot_monitoring.OnPilotCallCreated,
        pilot_monitoring.OnPilotCallQueued,
        pilot_monitoring.OnPilotCallRemoved,
    ),
    "enable_routing_point": (rsi.OnRouteRequest,),
    "enable_routing_point_as_backup": (rsi.OnRouteRequest,),
    "collect_digits": (rsi.OnDigitCollected,),
    "stop_collecting": (rsi.OnDigitCollected,),
    "play_tone": (rsi.OnToneGeneratedStart, rsi.OnToneGeneratedStop),
    "play_voice_guide": (rsi.OnToneGeneratedStart, rsi.OnToneGeneratedStop),
    "stop_tone": (rsi.OnToneGeneratedStop,),
    "select_route": (rsi.OnRouteEnd,),
    "end_route": (rsi.OnRouteEnd,),
    "real_time_snapshot": (
        real_time.OnAgentRtiChanged,
        real_time.OnPilotRtiChanged,
        real_time.OnQueueRtiChanged,
        real_time.OnPGAgentRtiChanged,
        real_time.OnPGOtherRtiChanged,
    ),
    "several_days": (statistics.OnAcdStatsProgress,),
    "one_day": (statistics.OnAcdStatsProgress,),
    "cancel_request": (statistics.OnAcdStatsProgress,),
}
"""By name of the operation; what is not here makes the server send nothing."""

_UNAUTHORISED: Final = frozenset(
    {
        "basic_call",
        "basic_call_answer",
        "calls",
        "answer",
        "merge",
        "reconnect",
        "make_call",
        "call",
        "telephony_snapshot",
        "routing_snapshot",
    }
)
_UNKNOWN: Final = frozenset(
    {
        "find_user",
        "release_call",
        "device_legs",
        "device_leg",
        "participants",
        "participant",
        "redirect",
        "retrieve",
        "send_dtmf",
        "transfer",
        "devices",
        "device",
        "join_hunting_group",
        "leave_hunting_group",
        "make_call",
        "call",
        "telephony_snapshot",
        "forward_route",
        "overflow_route",
        "routing_state",
        "routing_snapshot",
        "record",
        "object_model",
        "agent_snapshot",
    }
)

_NEWER: Final = frozenset(
    {
        "managed_user",
        "delete_user",
        "route_session",
        "pilot",
        "pilot_for",
        "calendar",
        "normal_calendar",
        "change_transition",
        "delete_transition",
        "exception_calendar",
        "change_exception",
        "delete_exception",
        "real_time_context",
        "scope",
        "delete_scope",
        "context",
        "change_context",
        "delete_context",
        "schedule",
        "change_schedule",
        "delete_schedule",
        "enable_schedule",
        "recorded_device",
    }
)
"""Operations after 2.2 that are refused with 404, as far as that can be inferred."""
AFTER: Final = frozenset(
    {
        "activate_skills",
        "deactivate_skills",
        "stop_permanent_listening",
        "intrude_on_call",
        "toggle_intercom_microphone",
        "pilot_transfer_info",
        "statistics_file",
    }
)
"""Operations after 2.2 in services of before: nobody says that these are refused with 401, or 404."""

RAISED: Final[dict[int, type[RequestRefused]]] = {
    400: RequestRefused,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    405: RequestRefused,
    409: Conflict,
    500: RequestRefused,
    503: NotReady,
}
"""What a refusal without a code raises; a code says more, and decides (``SessionLost`` for 1001 …)."""


def events(operation: Operation[Any]) -> Events:
    """Return the events that an operation makes the server send, to whom they concern."""
    return EVENTS.get(operation.name, ())


def refusals(operation: Operation[Any]) -> tuple[int, ...]:
    """Return the statuses that the description of an operation has for refusals."""
    found = {400, 403, 500}
    if operation.name in AFTER:
        return tuple(sorted({*found, 503}))
    if operation.name in _NEWER:
        found.add(404)
    if operation.name != "unsubscribe":
        found.add(503)
    if operation.name in _UNAUTHORISED or operation.service == "AcdAgent":
        found.add(401)
    if operation.name in _UNKNOWN or operation.service == "PhoneSetProgramming" or operation.deep:
        found.add(404)
    if operation.deep:
        found.add(405)
    if operation.deep and operation.body is not None:
        found.add(409)
    return tuple(sorted(found))
