"""The telephony of the simulator: people, telephones, calls. It knows nothing of any wire."""

from .calls import Call, CallView, Identity, LegView, Member, PartyView
from .changes import (
    CallChange,
    CapabilitiesChange,
    Change,
    CountersChange,
    DeviceChange,
    HuntingGroupChange,
    RoutingChange,
    UserChange,
    UserStateChange,
)
from .errors import SwitchError
from .external import Behaviour, ExternalWorld
from .settings import HuntingGroupSpec, SwitchSettings
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
    "Counters",
    "CountersChange",
    "Device",
    "DeviceChange",
    "ExternalWorld",
    "HuntingGroupChange",
    "HuntingGroupSpec",
    "Identity",
    "LegView",
    "Member",
    "MiniMessage",
    "Missed",
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
