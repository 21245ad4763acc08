"""What the three applications have in common on one connection: lines on the board, and listeners for them."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec.structs import replace

from ..errors import UnknownLine
from ..events import CallEnded, Event, LineAdded, LineRemoved
from ..model import AvailableLine, CallSnapshot, Feature, LineSnapshot
from ..ports import Commands
from ..store import Board, Reduced, with_fields
from .client import IstraClient, Push

Start = Callable[[Coroutine[Any, Any, None], str], None]


class Watcher(Protocol):
    """One application on one connection."""

    @property
    def commands(self) -> Commands:
        """The requests."""

    @property
    def version(self) -> str:
        """Of the server; empty where it does not tell."""

    async def find(self) -> None:
        """Find out which lines there are. Raises ``UnknownLine`` for one that is wanted and is not there."""

    async def sync(self) -> None:
        """Have everything told from now on, then bring the board up to date."""

    def take(self, push: Push) -> None:
        """Something was pushed."""

    async def available(self) -> tuple[AvailableLine, ...]:
        """All lines that could be monitored."""


class Lines:
    """The board as one connection fills it."""

    def __init__(self, board: Board, features: frozenset[Feature]) -> None:
        """Its lines can do this."""
        self.board = board
        self.features = features

    def get(self, id: str) -> LineSnapshot | None:
        """The newest snapshot."""
        return self.board.lines.get(id)

    def put(self, reduced: Reduced) -> None:
        """Show what became of a line, if anything did."""
        line, events = reduced
        if events or self.board.lines.get(line.id) is not line:
            self.board.put(line, events)

    def change(self, id: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """Show what becomes of a line by this, if it is there."""
        line = self.get(id)
        if line is not None:
            self.put(change(line))

    def set(self, wanted: list[LineSnapshot], over: Callable[[CallSnapshot], CallSnapshot]) -> None:
        """Monitor these, and no others. What is known of one that was there before stays."""
        now = datetime.now(UTC)
        ids = {line.id for line in wanted}
        for line in [line for line in self.board.lines.values() if line.id not in ids]:
            del self.board.lines[line.id]
            told: list[Event] = [CallEnded(at=now, line=line.id, call=over(call)) for call in line.calls]
            self.board.publish(*told, LineRemoved(at=now, line=line.id))
        for line in wanted:
            known = self.get(line.id)
            if known is None:
                self.add(line)
            else:
                self.put(with_fields(known, now, number=line.number or known.number, name=line.name or known.name))

    def add(self, line: LineSnapshot) -> None:
        """Monitor one more."""
        line = LineSnapshot(
            id=line.id, number=line.number, name=line.name, devices=line.devices, features=self.features
        )
        self.board.lines[line.id] = line
        self.board.publish(LineAdded(at=datetime.now(UTC), line=line.id, snapshot=line))

    def confirmed(self, id: str) -> None:
        """What stands there is confirmed, of which nobody needs to be told."""
        self.change(id, lambda line: (line if line.synced else replace(line, synced=True), ()))


class Listeners:
    """The listeners of a session. The client deletes them when it is closed."""

    def __init__(self, client: IstraClient, prefix: str) -> None:
        """None yet; their names begin like this."""
        self._client = client
        self._prefix = prefix
        self._made = 0

    async def create(self, terminal: str | None = None) -> str:
        """Create one, on myCrm for a terminal, and return its name."""
        self._made += 1
        name = f"{self._prefix}{self._made}"
        told = await self._client.service.create_listener(name, terminal)
        return told.name or name


def choose(found: list[LineSnapshot], wanted: tuple[str, ...]) -> list[LineSnapshot]:
    """The lines that are wanted, by id or number; raises ``UnknownLine`` for the first that is not there."""
    chosen: dict[str, LineSnapshot] = {}
    for key in wanted:
        line = next((one for one in found if one.id == key), None) or next(
            (one for one in found if one.number and one.number == key), None
        )
        if line is None:
            there = ", ".join((one.number or one.id) for one in found[:10])
            more = f" and {len(found) - 10} more" if len(found) > 10 else ""
            raise UnknownLine(
                f"lines: there is no {key!r}.", remedy=f"There are: {there}{more}." if there else "There are none."
            )
        chosen[line.id] = line
    return list(chosen.values())
