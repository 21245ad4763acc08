"""What a kind of telephone system must be able to do for administrators, from costs to reports by mail."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from .administration import (
    CallRecorder,
    ChargingFile,
    ChargingTicket,
    Incident,
    ManagedUser,
    RecordedDevice,
    Report,
    ReportPlan,
)
from .model import LineSnapshot


class ChargingCommands(Protocol):
    """What a system can be asked to do about what calls have cost."""

    async def tickets(
        self, node: int, first: date | None, last: date | None, files: tuple[str, ...], top: int | None, free: bool
    ) -> tuple[ChargingTicket, ...]:
        """Tickets of these days, or in these files; with ``free`` also of calls that cost nothing."""

    async def files(self, node: int, first: date | None, last: date | None) -> tuple[ChargingFile, ...]:
        """The files of tickets."""


class IncidentCommands(Protocol):
    """What a system can be asked to do about incidents."""

    async def list(self, node: int, last: int | None) -> tuple[Incident, ...]:
        """The incidents of a node, the newest first."""


class UserCommands(Protocol):
    """What a system can be asked to do about its users."""

    async def logins(self, nodes: tuple[str, ...], device: str | None) -> tuple[str, ...]:
        """The login names: all, of these nodes, or of whose device this is."""

    async def read(self, login: str) -> ManagedUser:
        """A user."""

    async def create(self, node: int, numbers: tuple[str, ...]) -> tuple[ManagedUser, ...]:
        """Take subscribers in: those with these numbers, or all."""

    async def delete(self, login: str) -> None:
        """Let a subscriber be a user no longer."""


class CallRecordingCommands(Protocol):
    """What a system can be asked to do about recorders that record on demand."""

    async def devices(self) -> tuple[str, ...]:
        """The numbers of the telephones that are recorded."""

    async def device(self, number: str, line: LineSnapshot | None) -> RecordedDevice:
        """How the calls of a telephone can be recorded."""

    async def recorders(self) -> tuple[CallRecorder, ...]:
        """The recorders."""

    async def start(self, line: LineSnapshot, device: str, call_ref: str, entire: bool | None) -> RecordedDevice:
        """Record a call."""

    async def pause(self, line: LineSnapshot, device: str, call_ref: str) -> RecordedDevice:
        """Record it no longer, for now."""

    async def resume(self, line: LineSnapshot, device: str, call_ref: str) -> RecordedDevice:
        """Go on recording it."""


class ReportCommands(Protocol):
    """What a system can be asked to do about reports that are made and mailed by themselves."""

    async def list(self, requester: str) -> tuple[Report, ...]:
        """The reports of a requester."""

    async def create(
        self,
        requester: str,
        language: str,
        timezone: str,
        agents: Sequence[str],
        pilots: Sequence[str],
        figures: Sequence[str],
        given_up: bool,
        plan: ReportPlan,
    ) -> Report:
        """Have a report made of these figures."""

    async def change(self, requester: str, report: Report, plan: ReportPlan) -> None:
        """Have it made another way."""

    async def enable(self, requester: str, report: Report, on: bool) -> None:
        """Have it made, or not for now."""

    async def delete(self, requester: str, report: Report) -> None:
        """Have it made no longer."""

    async def forget(self, requester: str) -> None:
        """Delete a requester with everything."""
