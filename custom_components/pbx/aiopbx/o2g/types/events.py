"""Every event of the channel that is typed, as one union, tagged by ``eventName``."""

from .agent import OnAgentSkillChanged, OnAgentStateChanged, OnSupervisorHelpCancelled, OnSupervisorHelpRequested
from .base import O2gEvent
from .comlog import (
    OnComRecordCreated,
    OnComRecordModified,
    OnComRecordsAck,
    OnComRecordsDeleted,
    OnComRecordsUnAck,
)
from .maintenance import (
    OnCtiLinkDown,
    OnCtiLinkUp,
    OnLicenseExpiration,
    OnPbxLinkDown,
    OnPbxLinkUp,
    OnPbxLoaded,
    OnRemoteServerLinkDown,
    OnRemoteServerLinkUp,
    OnServerStart,
)
from .pbx_management import OnPbxObjectInstanceCreated, OnPbxObjectInstanceDeleted, OnPbxObjectInstanceModified
from .pilot_monitoring import OnPilotCallCreated, OnPilotCallQueued, OnPilotCallRemoved
from .real_time import (
    OnAgentRtiChanged,
    OnPGAgentRtiChanged,
    OnPGOtherRtiChanged,
    OnPilotRtiChanged,
    OnQueueRtiChanged,
)
from .routing import OnRoutingStateChanged
from .rsi import OnDigitCollected, OnRouteEnd, OnRouteRequest, OnToneGeneratedStart, OnToneGeneratedStop
from .statistics import OnAcdStatsProgress
from .telephony import (
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnDynamicStateChanged,
    OnTelephonyState,
    OnUserStateModified,
)
from .users import OnEventSummaryUpdated, OnUserCreated, OnUserDeleted, OnUserInfoChanged


class OnChannelInformation(O2gEvent, tag="OnChannelInformation", kw_only=True):
    """The channel speaks of itself: ``Chunk started`` when it opens, ``keepalive`` as its heartbeat."""

    text: str | None = None


class UnknownEvent(O2gEvent, tag="*", kw_only=True):
    """An event that this version does not know. It is kept and counted, under its name."""

    name: str = ""
    raw: bytes = b""


KnownEvent = (
    OnCallCreated
    | OnCallModified
    | OnCallRemoved
    | OnDeviceStateModified
    | OnDynamicStateChanged
    | OnTelephonyState
    | OnUserStateModified
    | OnRoutingStateChanged
    | OnEventSummaryUpdated
    | OnUserCreated
    | OnUserDeleted
    | OnUserInfoChanged
    | OnComRecordCreated
    | OnComRecordModified
    | OnComRecordsAck
    | OnComRecordsDeleted
    | OnComRecordsUnAck
    | OnAgentSkillChanged
    | OnAgentStateChanged
    | OnSupervisorHelpCancelled
    | OnSupervisorHelpRequested
    | OnCtiLinkDown
    | OnCtiLinkUp
    | OnLicenseExpiration
    | OnPbxLinkDown
    | OnPbxLinkUp
    | OnPbxLoaded
    | OnRemoteServerLinkDown
    | OnRemoteServerLinkUp
    | OnServerStart
    | OnPbxObjectInstanceCreated
    | OnPbxObjectInstanceDeleted
    | OnPbxObjectInstanceModified
    | OnPilotCallCreated
    | OnPilotCallQueued
    | OnPilotCallRemoved
    | OnRouteRequest
    | OnRouteEnd
    | OnDigitCollected
    | OnToneGeneratedStart
    | OnToneGeneratedStop
    | OnAgentRtiChanged
    | OnPilotRtiChanged
    | OnQueueRtiChanged
    | OnPGAgentRtiChanged
    | OnPGOtherRtiChanged
    | OnAcdStatsProgress
    | OnChannelInformation
)

# The event packages: what a selector of a subscription names, and the events that come with it.
PACKAGES: dict[str, tuple[type[O2gEvent], ...]] = {
    "telephony": (
        OnCallCreated,
        OnCallModified,
        OnCallRemoved,
        OnDeviceStateModified,
        OnDynamicStateChanged,
        OnTelephonyState,
        OnUserStateModified,
    ),
    "routingManagement": (OnRoutingStateChanged,),
    "eventSummary": (OnEventSummaryUpdated,),
    "user": (OnUserInfoChanged,),
    "userManagement": (OnUserCreated, OnUserDeleted),
    "unifiedComLog": (
        OnComRecordCreated,
        OnComRecordModified,
        OnComRecordsAck,
        OnComRecordsDeleted,
        OnComRecordsUnAck,
    ),
    "agent": (OnAgentSkillChanged, OnAgentStateChanged, OnSupervisorHelpCancelled, OnSupervisorHelpRequested),
    "system": (
        OnCtiLinkDown,
        OnCtiLinkUp,
        OnLicenseExpiration,
        OnPbxLinkDown,
        OnPbxLinkUp,
        OnPbxLoaded,
        OnRemoteServerLinkDown,
        OnRemoteServerLinkUp,
        OnServerStart,
    ),
    "pilot": (OnPilotCallCreated, OnPilotCallQueued, OnPilotCallRemoved),
    "rsi": (OnRouteRequest, OnRouteEnd, OnDigitCollected, OnToneGeneratedStart, OnToneGeneratedStop),
    "rti": (OnAgentRtiChanged, OnPilotRtiChanged, OnQueueRtiChanged, OnPGAgentRtiChanged, OnPGOtherRtiChanged),
    "acdstats": (OnAcdStatsProgress,),
    "pbxManagement": (OnPbxObjectInstanceCreated, OnPbxObjectInstanceDeleted, OnPbxObjectInstanceModified),
}
