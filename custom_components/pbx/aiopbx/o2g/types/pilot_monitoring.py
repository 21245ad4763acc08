"""Wire types of O2G: calls that wait at pilots."""

from .base import O2gEvent, Wire
from .telephony import CallCause, TrunkIdentification


class CallDataPilot(Wire, kw_only=True):
    """What is known of a call at a pilot."""

    initial_called: str | None = None
    """Number, a plain string (not PartyInfo as in CallData)."""
    anonymous: bool | None = None
    associated_data: str | None = None
    hexa_binary_associated_data: str | None = None
    """Correlator data as hex digits."""
    trunk_identification: TrunkIdentification | None = None
    network_rerouted: bool | None = None
    """Came by rerouting in the network."""


class OnPilotCallCreated(O2gEvent, tag="OnPilotCallCreated", kw_only=True):
    """A call has come to a pilot that is watched."""

    pilot: str | None = None
    caller: str | None = None
    call_ref: str | None = None
    cause: CallCause | None = None
    call_data: CallDataPilot | None = None


class OnPilotCallQueued(O2gEvent, tag="OnPilotCallQueued", kw_only=True):
    """A call of a pilot waits in a queue."""

    pilot: str | None = None
    caller: str | None = None
    queue: str | None = None
    call_ref: str | None = None
    cause: CallCause | None = None
    number_of_queued: int | None = None
    """Calls now in the queue."""


class OnPilotCallRemoved(O2gEvent, tag="OnPilotCallRemoved", kw_only=True):
    """A call has left a pilot: given to an agent, given up by the caller, or routed on."""

    pilot: str | None = None
    releasing_device: str | None = None
    new_destination: str | None = None
    """Where it goes: agent, overflow."""
    call_ref: str | None = None
    cause: CallCause | None = None
