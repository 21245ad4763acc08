"""Recording on demand, by recorders that stand beside the nodes."""

from http import HTTPStatus
from typing import Final

from ....o2g.types import recording as wire
from ....o2g.types.base import Wire
from ...switch.settings import RecorderSpec
from .context import Context, Handler, Route
from .refusals import not_allowed, refuse_plainly

SERVICE: Final = ("OXR Recording", "/recorders")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""


def _device(ctx: Context, number: str) -> wire.RecordedDevice:
    recorders = ctx.switch.recorders.of(number)
    chosen = ctx.switch.recorders.on_demand(number)
    return wire.RecordedDevice(
        number=number,
        recordable=chosen is not None,
        start_capabilities=wire.RecordingStartType(chosen.start) if chosen is not None else None,
        recorders=tuple(spec.name for spec in recorders),
    )


def _own(ctx: Context, device: str) -> str:
    """Refuse the device of someone else; administrators may name anyone's."""
    if ctx.administrator:
        return device
    user = ctx.switch.users.get(ctx.user)
    if user is None or device not in user.devices:
        raise not_allowed(f"deviceId: {device} is no telephone of {ctx.user}.")
    return device


def devices(ctx: Context) -> wire.RecordingDevices:
    """List the sets that are recorded."""
    return wire.RecordingDevices(recording_devices=ctx.switch.recorders.devices)


def device(ctx: Context, device_id: str) -> wire.RecordedDevice:
    """Return how the calls of a set can be recorded."""
    return _device(ctx, _own(ctx, device_id))


def start(ctx: Context, device_id: str) -> wire.RecordedDevice:
    """Record a call."""
    body: wire.StartRecordingRequest = ctx.body
    wanted = body.start_type.value if body.start_type is not None else None
    ctx.switch.recorders.start(_own(ctx, device_id), body.call_ref, wanted)
    return _device(ctx, device_id)


def pause(ctx: Context, device_id: str) -> wire.RecordedDevice:
    """Record it no longer, for now."""
    ctx.switch.recorders.pause(_own(ctx, device_id), ctx.body.call_ref, paused=True)
    return _device(ctx, device_id)


def resume(ctx: Context, device_id: str) -> wire.RecordedDevice:
    """Go on recording it."""
    ctx.switch.recorders.pause(_own(ctx, device_id), ctx.body.call_ref, paused=False)
    return _device(ctx, device_id)


def status(ctx: Context) -> wire.RecordingStatus:
    """Return the recorders and their sets; a user sees only its own sets."""
    user = None if ctx.administrator else ctx.switch.users.get(ctx.user)
    mine = [number for number in ctx.switch.recorders.devices if user is None or number in user.devices]
    recorders = ctx.switch.recorders.all if user is None else ()
    return wire.RecordingStatus(
        recorders=tuple(_recorder(ctx, spec, index) for index, spec in enumerate(recorders, 1)),
        devices=tuple(_device(ctx, number) for number in mine),
    )


def _recorder(ctx: Context, spec: RecorderSpec, index: int) -> wire.RecorderInfo:
    return wire.RecorderInfo(
        name=spec.name,
        host=f"recorder-{index}.example.com",
        ip_address=f"192.0.2.{20 + index}",
        secured=ctx.origin.scheme == "https",
        site_id="1",
        devices=tuple(_device(ctx, number) for number in spec.devices),
        connected=spec.connected,
        status="CONNECTED" if spec.connected else "DISCONNECTED",
    )


def _route(
    method: str, below: str, handler: Handler, body: type[Wire] | None = None, missing: int = HTTPStatus.BAD_REQUEST
) -> Route:
    return Route(method, SERVICE[1] + below, refuse_plainly(handler, missing), body, user="device")


_DEVICE: Final = "/devices/{deviceId}"
ROUTES: Final = (
    Route("GET", SERVICE[1] + "/devices", devices, administrators=True),
    _route("GET", _DEVICE, device, missing=HTTPStatus.NOT_FOUND),
    _route("POST", _DEVICE + "/start", start, wire.StartRecordingRequest),
    _route("POST", _DEVICE + "/pause", pause, wire.RecordingRequest),
    _route("POST", _DEVICE + "/resume", resume, wire.RecordingRequest),
    Route("GET", SERVICE[1] + "/status", status),
)
