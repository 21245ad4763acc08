"""What a kind of telephone system must be able to do for the call centre: figures, pilots, routing, statistics."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from .centre import (
    FiguresWanted,
    PilotCalendar,
    PilotSnapshot,
    PointSnapshot,
    RouteSnapshot,
    StatisticsRow,
    TableName,
    Transition,
    Weekday,
    Wishes,
)
from .model import LineSnapshot
from .ports import Recording


class FiguresCommands(Protocol):
    """What a system can be asked to do about figures in real time."""

    async def objects(self) -> Mapping[TableName, Mapping[str, str]]:
        """The names of all that has figures, by table and number."""

    async def want(self, wanted: FiguresWanted | None) -> None:
        """Have these figures, in place of those before; None is none."""


class PilotCommands(Protocol):
    """What a system can be asked to do about pilots. ``day`` is a day of the week or a date."""

    async def list(self, node: str | None) -> tuple[PilotSnapshot, ...]:
        """The pilots of a node; None is all nodes."""

    async def read(self, node: str | None, pilot: str) -> PilotSnapshot:
        """A pilot."""

    async def transfer(self, node: str | None, pilot: str, line: LineSnapshot | None, wishes: Wishes) -> PilotSnapshot:
        """How a transfer to it would go, made by this line."""

    async def set_open(self, node: str | None, pilot: str, on: bool) -> None:
        """Open or close it."""

    async def calendar(self, node: str | None, pilot: str) -> PilotCalendar:
        """When it works how."""

    async def add(self, node: str | None, pilot: str, day: Weekday | date, transition: Transition) -> None:
        """Add a transition to a day."""

    async def change(
        self, node: str | None, pilot: str, day: Weekday | date, index: int, transition: Transition
    ) -> None:
        """Change a transition of a day."""

    async def delete(self, node: str | None, pilot: str, day: Weekday | date, index: int) -> None:
        """Delete a transition of a day."""


class WaitingCommands(Protocol):
    """What a system can be asked to do about calls at pilots."""

    async def watch(self, pilot: str) -> None:
        """Have the calls of a pilot come as events."""

    async def stop(self, pilot: str) -> None:
        """Have them no longer."""


class RoutingPointCommands(Protocol):
    """What a system can be asked to do about calls that look for a route."""

    async def points(self) -> tuple[PointSnapshot, ...]:
        """The routing points."""

    async def enable(self, point: str, backup: bool) -> None:
        """Route the calls of a point, or stand in for who does."""

    async def disable(self, point: str) -> None:
        """Route them no longer."""

    async def select(
        self, request: RouteSnapshot, number: str, calling_number: str | None, data: str | None, voicemail: bool
    ) -> None:
        """Say where a call goes."""

    async def end(self, request: RouteSnapshot) -> None:
        """Say that there is no route from here."""

    async def collect(
        self, request: RouteSnapshot, count: int | None, until: str | None, timeout: int | None
    ) -> str | None:
        """Collect digits; the key of the collection, where the system says it."""

    async def stop_collecting(self, request: RouteSnapshot, collection: str) -> None:
        """Collect no more."""

    async def tone(self, request: RouteSnapshot, tone: str, seconds: int) -> None:
        """Play a tone."""

    async def stop_tone(self, request: RouteSnapshot) -> None:
        """Stop it."""

    async def guide(self, request: RouteSnapshot, number: int, seconds: int | None) -> None:
        """Play a voice guide."""


class CentreStatisticsCommands(Protocol):
    """What a system can be asked to do about statistics."""

    async def begin(
        self,
        requester: str,
        language: str,
        timezone: str,
        agents: tuple[str, ...],
        pilots: tuple[str, ...],
        figures: tuple[str, ...],
        given_up: bool,
    ) -> str:
        """Say what figures are wanted, and make the requester where there is none. Returns the id of that context."""

    async def day(self, requester: str, context: str, day: date, slot: str) -> tuple[StatisticsRow, ...]:
        """The figures of one day, in slots."""

    async def days(self, requester: str, context: str, first: date, last: date) -> tuple[StatisticsRow, ...]:
        """The figures of several days."""

    async def make_file(self, requester: str, context: str, first: date, last: date, format: str) -> None:
        """Have a file made; events say how far it is."""

    async def cancel_file(self, requester: str) -> None:
        """Have it made no longer."""

    async def file(self, path: str) -> Recording:
        """Begin to read a file."""

    async def done(self, requester: str, context: str) -> None:
        """These figures are not wanted any more."""
