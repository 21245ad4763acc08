"""Every event of the channel that is typed, as one union that a decoder tells apart by ``eventName``."""

from .base import O2gEvent
from .event_summary import OnEventSummaryUpdated
from .routing import OnRoutingStateChanged
from .telephony import (
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnDynamicStateChanged,
    OnTelephonyState,
    OnUserStateModified,
)
from .users import OnUserCreated, OnUserDeleted, OnUserInfoChanged


class OnChannelInformation(O2gEvent, tag="OnChannelInformation", kw_only=True):
    """The channel speaks of itself: ``Chunk started`` when it opens, ``keepalive`` as its heartbeat."""

    text: str | None = None


class UnknownEvent(O2gEvent, tag="*", kw_only=True):
    """An event that this version does not know. It is kept, counted, and told apart by its name."""

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
    | OnChannelInformation
)

# The event packages of this version: what a selector of a subscription names, and the events that come with it.
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
}
