"""The telephony of the simulator: people, telephones, calls. It knows nothing about any wire."""

from .agents import Agent, AgentState
from .calls import AcdView, Call, CallView, Identity, LegView, Member, PartyView
from .changes import (
    AgentChange,
    CallChange,
    CapabilitiesChange,
    Change,
    CountersChange,
    DeviceChange,
    HelpChange,
    HuntingGroupChange,
    LogChange,
    LogPart,
    LogRecord,
    NodeChange,
    RoutingChange,
    SkillChange,
    UserChange,
    UserStateChange,
)
from .directory import Contact, Criterion
from .errors import SwitchError
from .external import Behaviour, ExternalWorld
from .log import LogFilter
from .mailboxes import MailboxInfo
from .nodes import Node
from .objects import ObjectChange, ObjectTree
from .settings import (
    AgentSpec,
    ContactSpec,
    HuntingGroupSpec,
    PilotSpec,
    ProcessingGroupSpec,
    SkillSpec,
    SwitchSettings,
)
from .switch import Switch
from .users import CallBack, Counters, Device, MiniMessage, Missed, Route, User, Voicemail

__all__ = [
    "AcdView",
    "Agent",
    "AgentChange",
    "AgentSpec",
    "AgentState",
    "Behaviour",
    "Call",
    "CallBack",
    "CallChange",
    "CallView",
    "CapabilitiesChange",
    "Change",
    "Contact",
    "ContactSpec",
    "Counters",
    "CountersChange",
    "Criterion",
    "Device",
    "DeviceChange",
    "ExternalWorld",
    "HelpChange",
    "HuntingGroupChange",
    "HuntingGroupSpec",
    "Identity",
    "LegView",
    "LogChange",
    "LogFilter",
    "LogPart",
    "LogRecord",
    "MailboxInfo",
    "Member",
    "MiniMessage",
    "Missed",
    "Node",
    "NodeChange",
    "ObjectChange",
    "ObjectTree",
    "PartyView",
    "PilotSpec",
    "ProcessingGroupSpec",
    "Route",
    "RoutingChange",
    "SkillChange",
    "SkillSpec",
    "Switch",
    "SwitchError",
    "SwitchSettings",
    "User",
    "UserChange",
    "UserStateChange",
    "Voicemail",
]
