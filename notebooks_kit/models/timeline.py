"""Calls as bars in time: which states each call has passed, and what of that a window of time shows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aiopbx import (
    CallEnded,
    CallEvent,
    CallSnapshot,
    CallState,
    Direction,
    Event,
    LineAdded,
    LineRemoved,
    LineSnapshot,
    Outcome,
    Status,
    StatusChanged,
)

from .formatting import by_length, duration, titled, words
from .model import HasSnapshot, Model

if TYPE_CHECKING:
    import pandas

MOST: Final = 2000
"""Calls that are kept, at most; the oldest that have ended go first."""
MOST_ROWS: Final = 40
"""Lines that are shown, at most, unless they were named."""


@dataclass(slots=True)
class Part:
    """The time that a call spent in one state; without an end it goes on."""

    state: CallState
    start: datetime
    end: datetime | None = None


@dataclass(slots=True)
class Bar:
    """One call of one line, from its beginning to its end."""

    line: str
    call: str
    party: str
    direction: Direction
    parts: list[Part] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def start(self) -> datetime:
        """When it was first seen."""
        return self.parts[0].start

    @property
    def end(self) -> datetime | None:
        """When it ended; ``None`` while it is in progress."""
        return self.parts[-1].end


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar as far as the window shows it. Places are 0 (its left edge) to 1 (now)."""

    line: str
    call: str
    state: CallState
    left: float
    right: float
    label: str
    title: str
    """The tooltip."""
    running: bool
    outcome: Outcome | None
    """How the call ended, at its last piece."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One line: its name, and its calls on as many lanes as go on at the same time."""

    line: str
    title: str
    lanes: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """What the window shows."""

    start: datetime
    end: datetime
    rows: tuple[TimelineRow, ...]
    hidden: int
    """Lines with calls in the window for which there is no room."""
    states: tuple[CallState, ...]
    """The states that are seen, in the order of a call's life."""
    status: Status

    @property
    def calls(self) -> int:
        """How many calls are seen."""
        return len({(row.line, piece.call) for row in self.rows for lane in row.lanes for piece in lane})


class TimelineModel(Model):
    """The calls of lines in time. ``handle(event)`` keeps it current, ``picture(now)`` is what a window shows.

    Knows no widgets and no clock: the caller passes the time.
    """

    def __init__(
        self,
        lines: Mapping[str, HasSnapshot],
        now: datetime,
        *,
        only: Collection[str] | None = None,
        window: float = 300.0,
        status: Status = Status.ONLINE,
    ) -> None:
        """Show these lines, ``only`` those ids where given, as many seconds back as the ``window`` is long."""
        self.window = window
        """Seconds that are shown, up to now."""
        self.status = status
        self._lines = lines
        self._only = tuple(only) if only is not None else None
        self._bars: dict[tuple[str, str], Bar] = {}
        self._names: dict[str, tuple[str, str]] = {}
        for key, line in lines.items():
            self._learn(line.snapshot)
            if self._shows(key):
                for call in line.snapshot.calls:
                    self._take(key, call, call.answered_at or call.started_at or now)

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            self.status = event.status
        elif isinstance(event, LineAdded):
            self._learn(event.snapshot)
        elif isinstance(event, LineRemoved):
            for bar in self._bars.values():
                if bar.line == event.line and bar.end is None:
                    bar.parts[-1].end = event.at
        elif isinstance(event, CallEvent) and self._shows(event.line):
            self._take(event.line, event.call, event.at, ended=isinstance(event, CallEnded))
        else:
            return
        self._notify()

    def _shows(self, line: str) -> bool:
        return self._only is None or line in self._only

    def _learn(self, line: LineSnapshot) -> None:
        self._names[line.id] = (line.number, line.name)

    def _take(self, line: str, call: CallSnapshot, at: datetime, *, ended: bool = False) -> None:
        key = (line, call.id)
        bar = self._bars.get(key)
        if bar is None or (bar.end is not None and not ended):
            if ended:  # its beginning was not seen
                return
            bar = self._bars[key] = Bar(line, call.id, "", call.direction)
        bar.party = ", ".join(party.label for party in call.parties) or bar.party
        bar.direction = call.direction
        if ended:
            if bar.end is None:
                bar.parts[-1].end = max(at, bar.parts[-1].start)
            bar.outcome = call.outcome
        elif not bar.parts:
            bar.parts.append(Part(call.state, at))
        elif bar.parts[-1].state is not call.state:
            at = max(at, bar.parts[-1].start)
            bar.parts[-1].end = at
            bar.parts.append(Part(call.state, at))
        if len(self._bars) > MOST:
            gone = next((one for one, each in self._bars.items() if each.end is not None), key)
            del self._bars[gone]

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Every call that is kept, in the order in which they began."""
        return tuple(self._bars.values())

    @property
    def running(self) -> bool:
        """Whether any call goes on."""
        return any(bar.end is None for bar in self._bars.values())

    def latest(self) -> datetime | None:
        """When the last call ended; ``None`` if there are no calls, or one is in progress."""
        ends = [bar.end for bar in self._bars.values()]
        return None if not ends or None in ends else max(end for end in ends if end is not None)

    def title(self, line: str) -> str:
        """Number and name of a line."""
        known = self._lines.get(line)
        if known is not None:
            self._learn(known.snapshot)
        number, name = self._names.get(line, ("", ""))
        return titled(number, name, line)

    def _order(self, line: str) -> tuple[int, str, str]:
        number, name = self._names.get(line, ("", ""))
        return (*by_length(number), name)

    def picture(self, now: datetime) -> Picture:
        """What the window shows that ends now."""
        start = now - timedelta(seconds=self.window)
        found: dict[str, list[Bar]] = {}
        for bar in self._bars.values():
            if bar.start <= now and (bar.end is None or bar.end > start):
                found.setdefault(bar.line, []).append(bar)
        if self._only is not None:
            keys = list(self._only)
            hidden = 0
        else:
            keys = sorted(found, key=self._order)
            hidden = max(0, len(keys) - MOST_ROWS)
            keys = keys[:MOST_ROWS]
        rows = tuple(TimelineRow(key, self.title(key), self._lanes(found.get(key, []), start, now)) for key in keys)
        seen = {piece.state for row in rows for lane in row.lanes for piece in lane}
        return Picture(start, now, rows, hidden, tuple(state for state in CallState if state in seen), self.status)

    def _lanes(self, bars: list[Bar], start: datetime, now: datetime) -> tuple[tuple[Piece, ...], ...]:
        lanes: list[tuple[datetime, list[Piece]]] = []
        for bar in sorted(bars, key=lambda one: one.start):
            pieces = self._pieces(bar, start, now)
            end = bar.end or now
            for number, (free, lane) in enumerate(lanes):
                if free <= bar.start:
                    lane += pieces
                    lanes[number] = (end, lane)
                    break
            else:
                lanes.append((end, pieces))
        return tuple(tuple(lane) for _, lane in lanes)

    def _pieces(self, bar: Bar, start: datetime, now: datetime) -> list[Piece]:
        pieces = []
        for part in bar.parts:
            end = part.end or now
            if end <= start or part.start > now:
                continue
            last = part is bar.parts[-1] and bar.end is not None
            seconds = (end - part.start).total_seconds()
            title = f"{self.title(bar.line)}: {words(part.state)}" + (f" with {bar.party}" if bar.party else "")
            title += f", {part.start.astimezone():%H:%M:%S}, {duration(seconds)}"
            if last and bar.outcome is not None:
                title += f", then ended: {words(bar.outcome)}"
            pieces.append(
                Piece(
                    line=bar.line,
                    call=bar.call,
                    state=part.state,
                    left=max(0.0, (part.start - start).total_seconds() / self.window),
                    right=min(1.0, (end - start).total_seconds() / self.window),
                    label=bar.party,
                    title=title,
                    running=part.end is None,
                    outcome=bar.outcome if last else None,
                )
            )
        return pieces

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return every part of every call that is kept: a row for the time in one state."""
        from ..dataframes import SECONDS, TEXT, TIME, WORD, between, table

        columns = {
            "line": TEXT,
            "number": TEXT,
            "call": TEXT,
            "direction": WORD,
            "party": TEXT,
            "state": WORD,
            "started_at": TIME,
            "ended_at": TIME,
            "seconds": SECONDS,
            "outcome": WORD,
        }
        rows = []
        for bar in self._bars.values():
            number = self._names.get(bar.line, ("", ""))[0]
            for part in bar.parts:
                outcome = bar.outcome if part is bar.parts[-1] else None
                rows.append(
                    (
                        bar.line,
                        number,
                        bar.call,
                        bar.direction,
                        bar.party or None,
                        part.state,
                        part.start,
                        part.end,
                        between(part.start, part.end),
                        outcome,
                    )
                )
        return table(columns, rows)


def ticks(start: datetime, end: datetime) -> list[datetime]:
    """Return round times between these, about six of them."""
    span = (end - start).total_seconds()
    step = next((one for one in (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600) if span / one <= 8), 7200)
    first = int(start.timestamp() // step + 1) * step
    return [datetime.fromtimestamp(at, UTC) for at in range(first, int(end.timestamp()) + 1, step)]
