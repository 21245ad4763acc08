"""The telephony of the simulator: people, telephones, calls. It knows nothing of any wire."""

from .calls import Call, CallView, Identity, LegView, Member, PartyView
from .changes import (
    CallChange,
    CapabilitiesChange,
    Change,
    CountersChange,
    DeviceChange,
    HuntingGroupChange,
    LogChange,
    LogPart,
    LogRecord,
    NodeChange,
    RoutingChange,
    UserChange,
    UserStateChange,
)
from .directory import Contact, Criterion
from .errors import SwitchError
from .external import Behaviour, ExternalWorld
from .log import LogFilter
from .mailboxes import MailboxInfo
from .nodes import Node
from .settings import ContactSpec, HuntingGroupSpec, SwitchSettings
from .switch import Switch
from .users import CallBack, Counters, Device, MiniMessage, Missed, Route, User, Voicemail

__all__ = [
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
    "PartyView",
    "Route",
    "RoutingChange",
    "Switch",
    "SwitchError",
    "SwitchSettings",
    "User",
    "UserChange",
    "UserStateChange",
    "Voicemail",
]
