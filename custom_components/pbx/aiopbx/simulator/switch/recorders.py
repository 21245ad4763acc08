"""Recorders that stand beside the nodes, and record calls of certain sets on demand or all of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .calls import ACTIVE
from .errors import SwitchError, bad_value, no_such_call, wrong_state
from .settings import RecorderSpec

if TYPE_CHECKING:
    from .core import Core

FROM_NOW: Final = "RECORD_FROM_NOW"
ENTIRE: Final = "RECORD_ENTIRE_CALL"
RUNNING: Final = "RECORDING_IN_PROGRESS"
PAUSED: Final = "RECORDING_IN_PAUSE"
BY_SYSTEM: Final = "RECORDING_BY_SYSTEM"
NONE: Final = "NO_RECORDING_IN_PROGRESS"


@dataclass(slots=True)
class Recording:
    """A recording of a call at a set."""

    device: str
    start: str
    parties: frozenset[str]
    """Who was in the call: with others it ends, and may start anew."""
    paused: bool = False


class Recorders:
    """All recorders. No events tell of recordings: they follow from the calls."""

    def __init__(self, core: "Core", specs: tuple[RecorderSpec, ...]) -> None:
        """Start without recordings."""
        self._core = core
        self.all = specs
        self._recordings: dict[str, Recording] = {}

    @property
    def devices(self) -> tuple[str, ...]:
        """The sets that are recorded, each once."""
        return tuple(dict.fromkeys(device for spec in self.all for device in spec.devices))

    def of(self, device: str) -> tuple[RecorderSpec, ...]:
        """Return the recorders of a set; refuses one that has none."""
        found = tuple(spec for spec in self.all if device in spec.devices)
        if not found:
            raise SwitchError("OBJECT_NOT_FOUND", None, f"deviceId: no recorder records {device}.")
        return found

    def on_demand(self, device: str) -> RecorderSpec | None:
        """Return the recorder that records a set on demand."""
        return next((spec for spec in self.of(device) if spec.on_demand), None)

    def state(self, device: str, ref: str) -> str:
        """Return whether a call is recorded at a set."""
        if self.on_demand(device) is None:
            return BY_SYSTEM
        recording = self._present(device, ref)
        if recording is None:
            return NONE
        return PAUSED if recording.paused or not self._active(device, ref) else RUNNING

    def _parties(self, ref: str) -> frozenset[str]:
        call = self._core.calls.get(ref)
        return frozenset(member.id for member in call.members) if call is not None else frozenset()

    def _active(self, device: str, ref: str) -> bool:
        call = self._core.calls.get(ref)
        return call is not None and any(member.legs.get(device) == ACTIVE for member in call.members)

    def _present(self, device: str, ref: str) -> Recording | None:
        """Return the recording of a call; it is over once there are others in the call, or none."""
        recording = self._recordings.get(ref)
        if recording is not None and recording.parties != self._parties(ref):
            del self._recordings[ref]
            return None
        return recording if recording is not None and recording.device == device else None

    def _ready(self, device: str, ref: str) -> RecorderSpec:
        spec = self.on_demand(device)
        if spec is None:
            raise wrong_state(f"The calls of {device} are recorded by the system, and not on demand.")
        if not spec.connected:
            raise SwitchError("SERVICE_UNAVAILABLE", None, f"The recorder {spec.name} does not answer.")
        call = self._core.calls.get(ref)
        if call is None or not any(device in member.legs for member in call.members):
            raise no_such_call(ref)
        if not self._active(device, ref):
            raise wrong_state(f"The call {ref} is not active at {device}.")
        return spec

    def start(self, device: str, ref: str, start: str | None) -> None:
        """Record a call, from now on or the entire call."""
        spec = self._ready(device, ref)
        wanted = start or spec.start
        if wanted not in (FROM_NOW, ENTIRE):
            raise bad_value(f"StartType: {wanted!r} is neither {FROM_NOW} nor {ENTIRE}.")
        if wanted == ENTIRE and spec.start != ENTIRE:
            raise bad_value(f"StartType: {spec.name} records from now on only.")
        if self._present(device, ref) is not None:
            raise wrong_state(f"The call {ref} is being recorded already.")
        self._recordings = {ref: found for ref, found in self._recordings.items() if ref in self._core.calls}
        self._recordings[ref] = Recording(device, wanted, self._parties(ref))

    def pause(self, device: str, ref: str, *, paused: bool) -> None:
        """Record a call no longer for now, or go on with that."""
        self._ready(device, ref)
        recording = self._present(device, ref)
        if recording is None:
            raise wrong_state(f"The call {ref} is not being recorded.")
        if recording.paused is paused:
            raise wrong_state(f"The recording of {ref} is {'paused' if paused else 'running'} already.")
        recording.paused = paused
