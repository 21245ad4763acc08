"""Wire types of O2G: recording on demand."""

import msgspec

from .base import Wire, WireEnum


class RecordingStartType(WireEnum):
    """From where on a call is recorded."""

    RECORD_FROM_NOW = "RECORD_FROM_NOW"
    RECORD_ENTIRE_CALL = "RECORD_ENTIRE_CALL"


class RecordingState(WireEnum):
    """Whether a call is recorded."""

    RECORDING_IN_PROGRESS = "RECORDING_IN_PROGRESS"
    RECORDING_IN_PAUSE = "RECORDING_IN_PAUSE"
    RECORDING_BY_SYSTEM = "RECORDING_BY_SYSTEM"
    NO_RECORDING_IN_PROGRESS = "NO_RECORDING_IN_PROGRESS"


class OnDemandRecordingAction(WireEnum):
    """What can be done with a recording."""

    START = "START"
    PAUSE = "PAUSE"
    RESUME = "RESUME"


class RecordingDevices(Wire, kw_only=True):
    """Numbers of the sets that are recorded."""

    recording_devices: tuple[str, ...] = ()


class RecordedDevice(Wire, kw_only=True):
    """A set, and how its calls can be recorded."""

    number: str | None = None
    """Directory number."""
    recordable: bool | None = None
    """Can be recorded on demand."""
    start_capabilities: RecordingStartType | None = None
    """What a start may mean."""
    recorders: tuple[str, ...] = ()
    """Names of its recorders."""


class ActiveCall(Wire, kw_only=True):
    """A call, and whether it is recorded."""

    call_ref: str | None = None
    recording_state: RecordingState | None = None
    action: OnDemandRecordingAction | None = None
    """What may be done now."""


class DeviceRecordingInfo(Wire, kw_only=True):
    """A set, and how its call is recorded now."""

    number: str | None = None
    recordable: bool | None = None
    start_capabilities: RecordingStartType | None = None
    active_call: ActiveCall | None = None


class RecorderInfo(Wire, kw_only=True):
    """A recorder and its sets."""

    name: str | None = None
    host: str | None = None
    ip_address: str | None = None
    secured: bool | None = None
    site_id: str | None = None
    devices: tuple[RecordedDevice, ...] = ()
    connected: bool | None = None
    status: str | None = None


class RecordingStatus(Wire, kw_only=True):
    """Recorders and the sets that they record."""

    recorders: tuple[RecorderInfo, ...] = ()
    devices: tuple[RecordedDevice, ...] = ()


class StartRecordingRequest(Wire, kw_only=True):
    """Which call to record, and from where on. Its second name has a capital on the wire."""

    call_ref: str
    start_type: RecordingStartType | None = msgspec.field(name="StartType", default=None)


class RecordingRequest(Wire, kw_only=True):
    """Which recording: by its call."""

    call_ref: str
