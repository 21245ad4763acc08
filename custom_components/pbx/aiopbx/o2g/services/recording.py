"""Recording on demand, by recorders that stand beside the nodes."""

from ...operations import Send, Service, operation
from ..rules import NEEDS
from ..types.recording import (
    RecordedDevice,
    RecordingDevices,
    RecordingRequest,
    RecordingStatus,
    StartRecordingRequest,
)

# The first part of a path names the service: the session says where it is, and no place is usual.
_DEVICES = "/oxrrecording/devices"


class Recording(Service, service="OXR Recording"):
    """Recording calls of a user's devices. No events tell of it; the server looks at its recorders every four hours."""

    @operation("GET", _DEVICES, since="2.7.3")
    def recording_devices(self) -> Send[RecordingDevices]:
        """List the numbers of the devices that are recorded. For administrators."""
        return Send()

    @operation("GET", _DEVICES + "/{deviceId}", since="2.7.3")
    def recorded_device(self, device_id: str, *, login_name: str | None = None) -> Send[RecordedDevice]:
        """Read how the calls of a device can be recorded."""
        return Send(device_id, loginName=login_name)

    @operation("POST", _DEVICES + "/{deviceId}/start", None, NEEDS("callRef"), since="2.7.3")
    def start_recording(
        self, device_id: str, body: StartRecordingRequest, *, login_name: str | None = None
    ) -> Send[RecordedDevice]:
        """Record a call, from now on or the entire call."""
        return Send(device_id, body=body, loginName=login_name)

    @operation("POST", _DEVICES + "/{deviceId}/pause", None, NEEDS("callRef"), since="2.7.3")
    def pause_recording(
        self, device_id: str, body: RecordingRequest, *, login_name: str | None = None
    ) -> Send[RecordedDevice]:
        """Record the call no longer, for now."""
        return Send(device_id, body=body, loginName=login_name)

    @operation("POST", _DEVICES + "/{deviceId}/resume", None, NEEDS("callRef"), since="2.7.3")
    def resume_recording(
        self, device_id: str, body: RecordingRequest, *, login_name: str | None = None
    ) -> Send[RecordedDevice]:
        """Go on recording the call."""
        return Send(device_id, body=body, loginName=login_name)

    @operation("GET", "/oxrrecording/status", since="2.7.3")
    def recording_status(self) -> Send[RecordingStatus]:
        """Read which recorders there are, and which devices they record. For administrators."""
        return Send()
