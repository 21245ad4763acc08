"""Asynchronous client for office telephone systems: one model of lines and calls over every system.

    import aiopbx

    async with aiopbx.connect(url="https://pbx.example.com", username="…", password="…") as pbx:
        call = await pbx.line("1000").dial("1001")

This page is the whole public API; what is behind it may change.
"""

from typing import TYPE_CHECKING, Any

from .administration import (
    CallRecorder,
    ChargingFile,
    ChargingTicket,
    Incident,
    ManagedUser,
    RecordedDevice,
    Recurrence,
    Report,
    ReportPeriod,
    ReportPlan,
    ReportState,
)
from .agent import Agent
from .call import DVA, VOICEMAIL, Call
from .call_centre import CallCentre, CentreTable
from .call_log import CallLog
from .call_recording import CallRecording
from .centre import (
    CentreAgent,
    CentreGroup,
    CentreOtherGroup,
    CentrePilot,
    CentreQueue,
    Digits,
    Figures,
    PilotCalendar,
    PilotMode,
    PilotRule,
    PilotSnapshot,
    PointSnapshot,
    RouteSnapshot,
    StatisticsRow,
    StatisticsStep,
    Transition,
    WaitingCall,
    WaitingChange,
    Weekday,
)
from .centre_statistics import CentreStatistics, Slot
from .charging import Charging
from .connect import connect
from .contacts import Contacts, ContactSource
from .directory import ContactSearch
from .errors import (
    ActionNotAllowed,
    AuthenticationFailed,
    CallOver,
    CertificateFailed,
    Conflict,
    ConnectionFailed,
    EventsLate,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReady,
    NotSupported,
    Offline,
    OutcomeUnknown,
    PbxError,
    PolicyViolation,
    RecordingFailed,
    RequestRefused,
    SessionLost,
    SubscriptionLost,
    TwoStepRequired,
    UnknownCall,
    UnknownLine,
)
from .events import (
    AgentChanged,
    CallChanged,
    CallEnded,
    CallEvent,
    CallStarted,
    CentreChanged,
    DigitsCollected,
    Event,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineChanged,
    LineEvent,
    LineRemoved,
    LogChanged,
    NodeChanged,
    ObjectChanged,
    RouteEnded,
    RouteRequested,
    ServerStarted,
    StatisticsProgress,
    StatusChanged,
    ToneChanged,
    TwinLinkChanged,
    WaitingChanged,
)
from .filters import attribute, field, keys_of
from .http.tap import WireMessage
from .incidents import Incidents
from .line import Line
from .mailbox import Mailbox, VoicemailMessage, Voicemails
from .model import (
    Action,
    AgentSnapshot,
    AgentState,
    AvailableLine,
    CallerId,
    CallerIdChoice,
    CallSnapshot,
    CallState,
    Condition,
    Counters,
    Device,
    DeviceState,
    Direction,
    Feature,
    Forward,
    Leg,
    LineSnapshot,
    LineState,
    Obstacle,
    ObstacleKind,
    Outcome,
    Overflow,
    Party,
    PartyKind,
    Recording,
    Routing,
    Skill,
    Statistics,
    Status,
    SystemInfo,
    Target,
    Trunk,
)
from .nodes import Nodes
from .numbers import Number, NumberKind, Numbers, tel_uri
from .objects import Objects
from .operations import Operation
from .parameters import Parameter, ParameterKind, ParameterPlace
from .pbx import Pbx
from .pilots import Pilots
from .ports import DialKeywords
from .recording.recorder import Recorder
from .recording.replay import Replay, replay
from .records import (
    AcdCall,
    CallbackRequest,
    CallRecord,
    Contact,
    CtiLink,
    HuntingGroups,
    IntrusionMode,
    Key,
    Languages,
    Licence,
    LogChange,
    MailboxSnapshot,
    NodeSnapshot,
    ObjectAttribute,
    ObjectChange,
    ObjectKind,
    PbxObject,
    Pin,
    Preferences,
    TelephoneState,
    Text,
    VoicemailSnapshot,
    WithdrawReason,
)
from .reports import Reports
from .requests import Answer, Request
from .routing_points import RouteRequest, RoutingPoint
from .sounds import NotASound, Sound, read_sound
from .store import EventStream
from .telephone import Telephone
from .users import Users

__version__ = "0.1.0"
"""The version, which ``pyproject.toml`` and the integration's ``manifest.json`` repeat."""

if TYPE_CHECKING:
    from .settings.channels import TunnelSettings, WebhookSettings
    from .settings.connection import ConnectionSettings, SupervisedUser
    from .settings.contacts import ContactSettings
    from .settings.numbering import NumberPlan
    from .settings.pinning import fingerprint_of
    from .settings.policy import DialPolicy

# fmt: off
__all__ = [
    "DVA", "VOICEMAIL", "AcdCall", "Action", "ActionNotAllowed", "Agent", "AgentChanged", "AgentSnapshot", "AgentState",
    "Answer", "AuthenticationFailed", "AvailableLine", "Call", "CallCentre", "CallChanged", "CallEnded", "CallEvent",
    "CallLog", "CallOver", "CallRecord", "CallRecorder", "CallRecording", "CallSnapshot", "CallStarted", "CallState",
    "CallbackRequest", "CallerId", "CallerIdChoice", "CentreAgent", "CentreChanged", "CentreGroup", "CentreOtherGroup",
    "CentrePilot", "CentreQueue", "CentreStatistics", "CentreTable", "CertificateFailed", "Charging", "ChargingFile",
    "ChargingTicket", "Condition", "Conflict", "ConnectionFailed", "ConnectionSettings", "Contact", "ContactSearch",
    "ContactSettings", "ContactSource", "Contacts", "Counters", "CtiLink", "Device", "DeviceState", "DialKeywords",
    "DialPolicy", "Digits", "DigitsCollected", "Direction", "Event", "EventStream", "EventsLate", "Feature", "Figures",
    "Forward", "HelpCancelled", "HelpRequested", "HuntingGroups", "Incident", "Incidents", "IntrusionMode",
    "InvalidInput", "Key", "Languages", "Leg", "Licence", "LicenceExpiring", "Line", "LineAdded", "LineChanged",
    "LineEvent", "LineRemoved", "LineSnapshot", "LineState", "LogChange", "LogChanged", "Mailbox", "MailboxSnapshot",
    "ManagedUser", "NodeChanged", "NodeSnapshot", "Nodes", "NotASound", "NotAllowed", "NotFound", "NotReady",
    "NotSupported", "Number", "NumberKind", "NumberPlan", "Numbers", "ObjectAttribute", "ObjectChange", "ObjectChanged",
    "ObjectKind", "Objects", "Obstacle", "ObstacleKind", "Offline", "Operation", "Outcome", "OutcomeUnknown",
    "Overflow", "Parameter", "ParameterKind", "ParameterPlace", "Party", "PartyKind", "Pbx", "PbxError", "PbxObject",
    "PilotCalendar", "PilotMode", "PilotRule", "PilotSnapshot", "Pilots", "Pin", "PointSnapshot", "PolicyViolation",
    "Preferences", "RecordedDevice", "Recorder", "Recording", "RecordingFailed", "Recurrence", "Replay", "Report",
    "ReportPeriod", "ReportPlan", "ReportState", "Reports", "Request", "RequestRefused", "RouteEnded", "RouteRequest",
    "RouteRequested", "RouteSnapshot", "Routing", "RoutingPoint", "ServerStarted", "SessionLost", "Skill", "Slot",
    "Sound", "Statistics", "StatisticsProgress", "StatisticsRow", "StatisticsStep", "Status", "StatusChanged",
    "SubscriptionLost", "SupervisedUser", "SystemInfo", "Target", "Telephone", "TelephoneState", "Text", "ToneChanged",
    "Transition", "Trunk", "TunnelSettings", "TwinLinkChanged", "TwoStepRequired", "UnknownCall", "UnknownLine",
    "Users", "VoicemailMessage", "VoicemailSnapshot", "Voicemails", "WaitingCall", "WaitingChange", "WaitingChanged",
    "WebhookSettings", "Weekday", "WireMessage", "WithdrawReason", "attribute", "connect", "field", "fingerprint_of",
    "keys_of", "read_sound", "replay", "tel_uri",
]
# fmt: on


def __getattr__(name: str) -> Any:
    """Import what people write when it is first asked for: pydantic costs as much as everything else together."""
    if name in __all__:
        from .settings import channels, connection, contacts, numbering, pinning, policy

        for module in (connection, channels, contacts, numbering, pinning, policy):
            if hasattr(module, name):
                return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
