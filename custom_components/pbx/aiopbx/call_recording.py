"""Calls that are recorded on demand, by recorders that stand beside the nodes."""

from typing import TYPE_CHECKING, Protocol

from .administration import CallRecorder, RecordedDevice
from .core import Core, LineHandle
from .errors import ActionNotAllowed, NotSupported
from .loops import owned
from .model import CallSnapshot, CallState, Feature, LineSnapshot
from .ports import Commands

if TYPE_CHECKING:
    import asyncio


class OngoingCall(Protocol):
    """What a ``Call`` is here: of a line, in progress, on a telephone."""

    @property
    def line(self) -> LineHandle:
        """Whose it is."""

    def _alive(self, feature: Feature) -> CallSnapshot: ...

    def _any_device(self, call: CallSnapshot) -> str: ...


class CallRecording:
    """Recorders beside the nodes: ``pbx.call_recording``. ``call.start_recording`` is what telephones do by themselves.

    No event tells of a recording, and nothing can be asked whether there is one: it follows from the call. While the
    call is held it pauses; with a transfer or a conference it ends, and may be started anew. The system looks at its
    recorders every four hours.
    """

    def __init__(self, core: Core) -> None:
        """Made by ``Pbx.call_recording`` only."""
        self._core = core

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    @owned
    async def recorders(self) -> tuple[CallRecorder, ...]:
        """The recorders, with the telephones that they record. For administrators. O2G: GET /status."""
        return await self._commands.call_recording.recorders()

    @owned
    async def devices(self) -> tuple[str, ...]:
        """The numbers of the telephones that are recorded. For administrators. O2G: GET /devices."""
        return await self._commands.call_recording.devices()

    @owned
    async def device(self, number: str) -> RecordedDevice:
        """How the calls of a telephone can be recorded. O2G: GET /devices/{deviceId}."""
        wire = self._core.guard.numbers.read(number, field="number").wire
        return await self._commands.call_recording.device(wire, self._owner(wire))

    @owned
    async def start(
        self, call: OngoingCall, *, device: str | None = None, entire: bool | None = None
    ) -> RecordedDevice:
        """Record an active call, the entire call or from now on; None is what the recorder does.

        O2G: POST /devices/{deviceId}/start.
        """
        commands = self._commands.call_recording
        line, where, ref = self._recordable(call, device)
        return await commands.start(line, where, ref, entire)

    @owned
    async def pause(self, call: OngoingCall, *, device: str | None = None) -> RecordedDevice:
        """Record it no longer, for now. O2G: POST /devices/{deviceId}/pause."""
        commands = self._commands.call_recording
        return await commands.pause(*self._recordable(call, device))

    @owned
    async def resume(self, call: OngoingCall, *, device: str | None = None) -> RecordedDevice:
        """Go on recording it. O2G: POST /devices/{deviceId}/resume."""
        commands = self._commands.call_recording
        return await commands.resume(*self._recordable(call, device))

    @property
    def _commands(self) -> Commands:
        return self._core.commands_for(Feature.CALL_RECORDERS)

    def _owner(self, device: str) -> LineSnapshot | None:
        for line in self._core.store.lines.values():
            if any(one.id == device for one in line.devices):
                return line
        return None

    def _recordable(self, call: OngoingCall, device: str | None) -> tuple[LineSnapshot, str, str]:
        """The line, the telephone and the reference of a call that is active there."""
        snapshot = call._alive(Feature.CALL_EVENTS)
        if device is not None:
            call.line._check_device(device)
        if snapshot.state is not CallState.ACTIVE:
            raise ActionNotAllowed("record on demand", snapshot.actions, where=f"the call is {snapshot.state} and")
        if snapshot.ref is None:
            raise NotSupported("Recording on demand: this call has no reference.", missing="reference")
        return call.line.snapshot, device or call._any_device(snapshot), snapshot.ref
