"""The board of lines as data: a row for each line, their order, and which rows are to be redrawn."""

from collections.abc import KeysView, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from aiopbx import (
    CallSnapshot,
    Condition,
    Event,
    Forward,
    LineEvent,
    LineSnapshot,
    LineState,
    Status,
    StatusChanged,
    Target,
)

from ..dataframes import LINES, board_row, table
from .formatting import by_length, counted, offline_note, reports_calls, titled, words
from .model import HasSnapshot, Sorted

if TYPE_CHECKING:
    import pandas


class Sort(StrEnum):
    """By what the board is sorted; the number decides between equals."""

    NUMBER = "number"
    NAME = "name"
    STATE = "state"


RANK: Final = {
    LineState.RINGING_INCOMING: 0,
    LineState.ACTIVE: 1,
    LineState.HELD: 2,
    LineState.RINGING_OUTGOING: 3,
    LineState.DIALING: 4,
    LineState.RELEASING: 5,
    LineState.BUSY: 6,
    LineState.IDLE: 7,
    LineState.OUT_OF_SERVICE: 8,
    LineState.UNKNOWN: 9,
}
"""The order of states: on a board sorted by state, lines that ring or talk come first."""
_FORWARD_WORDS: Final = {
    Condition.IMMEDIATE: "",
    Condition.BUSY: " when busy",
    Condition.NO_ANSWER: " when not answered",
    Condition.BUSY_NO_ANSWER: " when busy or not answered",
    Condition.UNKNOWN: "",
}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line as the board shows it."""

    line: str
    """The ``id`` of the line."""
    number: str
    name: str
    state: LineState
    party: str = ""
    """Whom it talks to, or who rings; several in a conference."""
    calls: int = 0
    since: datetime | None = None
    """When the shown call was answered, else when it began, in UTC; ``None`` if that was not seen."""
    do_not_disturb: bool = False
    forward: str = ""
    """Where calls go, in words; empty where they come here."""
    missed: int | None = None
    """Missed calls; ``None`` if unknown."""
    voicemails: int | None = None
    """Voicemails not heard yet; ``None`` if unknown."""
    reports_calls: bool = True
    """Whether the system reports the calls of this line at all."""

    @property
    def words(self) -> str:
        """The state in words."""
        return words(self.state) if self.reports_calls or self.state is not LineState.UNKNOWN else "calls not reported"

    @property
    def short(self) -> str:
        """What it is called where there is little room: its number, else its name."""
        return self.number or self.name or self.line

    @property
    def title(self) -> str:
        """What it is called: number and name."""
        return titled(self.number, self.name, self.line)

    @property
    def text(self) -> str:
        """What the filter searches: number, name, state, party and forward."""
        return f"{self.number} {self.name} {self.words} {self.party} {self.forward}"

    @classmethod
    def of(cls, line: LineSnapshot) -> "BoardRow":
        """Make the row of a line."""
        shown = _shown(line.calls, line.state)
        routing = line.routing
        return cls(
            line=line.id,
            number=line.number,
            name=line.name,
            state=line.state,
            party=", ".join(party.label for party in shown.parties) if shown else "",
            calls=len(line.calls),
            since=(shown.answered_at or shown.started_at) if shown else None,
            do_not_disturb=bool(routing and routing.do_not_disturb),
            forward=_forward_words(routing.forward) if routing and routing.forward else "",
            missed=line.counters.missed_calls,
            voicemails=line.counters.voicemails,
            reports_calls=reports_calls(line),
        )


def _shown(calls: tuple[CallSnapshot, ...], state: LineState) -> CallSnapshot | None:
    """The call that decides the state of the line, else its first."""
    return next((call for call in calls if call.state.value == state.value), calls[0] if calls else None)


def _forward_words(forward: Forward) -> str:
    to = "voicemail" if forward.target is Target.VOICEMAIL else forward.number or forward.target.value
    return f"{to}{_FORWARD_WORDS[forward.condition]}"


class BoardModel(Sorted[Sort]):
    """The rows of a board, read from the client's lines when they are to be drawn.

    ``handle(event)`` only notes which line has changed and calls ``on_change`` once, until ``take()`` reads the lines:
    a thousand events between two frames cost one drawing. Knows no widgets and no event loop, and is for use from
    one thread.
    """

    def __init__(self, lines: Mapping[str, HasSnapshot], *, status: Status = Status.ONLINE) -> None:
        """Show these lines, such as ``pbx.lines``; the mapping is read again whenever an event names a line."""
        self.status = status
        """Whether the client is connected; while it is not, the rows may be outdated."""
        self._lines = lines
        self._rows: dict[str, BoardRow] = {}
        self._all = False
        self._sort = Sort.NUMBER
        self._positions: dict[str, int] | None = None
        # in order, so that what is on top of the board can be drawn first
        self._changed_lines: dict[str, None] = dict.fromkeys(self.places)
        self._due: dict[str, None] = {}

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, LineEvent):
            self._changed_lines[event.line] = None
            self._notify()
        elif isinstance(event, StatusChanged):
            self.status = event.status
            self._notify()

    def take(self, most: int | None = None) -> KeysView[str]:
        """Read the changed lines, and return those whose rows are to be redrawn, removed ones included.

        Of very many, ``most`` are read and returned at a time; ``waiting`` says whether there are more.
        """
        super().take()
        for key in list(islice(self._changed_lines, most)):
            del self._changed_lines[key]
            self._read(key)
        if self._all and not self._changed_lines:
            self._all = False
            self._due.update(dict.fromkeys(sorted(self._rows, key=lambda key: self.places.get(key, 0))))
        taken = dict.fromkeys(islice(self._due, most))
        for key in taken:
            del self._due[key]
        return taken.keys()

    def _read(self, key: str) -> None:
        former = self._rows.get(key)
        line = self._lines.get(key)
        if line is None:
            if former is not None:
                del self._rows[key]
                self._positions = None
                self._all = True
                self._due[key] = None
            return
        row = BoardRow.of(line.snapshot)
        if row == former:
            return
        self._rows[key] = row
        self._due[key] = None
        moved = former is not None and (former.number, former.name) != (row.number, row.name)
        if moved or key not in self.places:
            self._positions = None
            self._all = True

    @property
    def waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._changed_lines or self._due or self._all)

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def rows(self) -> dict[str, BoardRow]:
        """Every row, shown or not, by the ``id`` of its line, as of the last ``take()``."""
        return dict(self._rows)

    def row(self, line: str) -> BoardRow | None:
        """Return the row of this line as of the last ``take()``, or none."""
        return self._rows.get(line)

    def visible(self, row: BoardRow) -> bool:
        """Whether the filter lets this row through."""
        return self._filter.matches(row.text)

    def position(self, row: BoardRow) -> int:
        """The position of the row: rows in ascending position are in order.

        It depends on this row and on which lines exist, not on the state of other rows: what one line does moves one
        row.
        """
        places = self.places
        position = places.get(row.line, len(places))
        if self._sort is Sort.STATE:
            position += RANK[row.state] * (len(places) + 1)
        return -position if self._descending else position

    @property
    def places(self) -> dict[str, int]:
        """The place of each line by number, or by name if that is the order; states do not matter."""
        if self._positions is None:
            key = _name_key if self._sort is Sort.NAME else _number_key
            named = [line.snapshot for line in self._lines.values()]
            self._positions = {each.id: index for index, each in enumerate(sorted(named, key=key))}
        return self._positions

    @property
    def shown(self) -> list[BoardRow]:
        """The rows that the filter lets through, in order."""
        return sorted(filter(self.visible, self._rows.values()), key=self.position)

    def top(self, most: int) -> tuple[list[BoardRow], int]:
        """Return the first ``most`` rows as the lines are now, and how many more there are.

        It does not look at more lines than it has to, and takes nothing.
        """
        lines = [line.snapshot for line in self._lines.values()]
        lines.sort(key=self._line_order, reverse=self._descending)
        if not self._filter:
            return [BoardRow.of(line) for line in lines[:most]], max(0, len(lines) - most)
        rows = [row for line in lines if self.visible(row := BoardRow.of(line))]
        return rows[:most], max(0, len(rows) - most)

    @property
    def busy(self) -> int:
        """How many lines are in a call."""
        return sum(1 for row in self._rows.values() if row.calls)

    @property
    def summary(self) -> str:
        """The state in words."""
        rows = self._rows.values()
        said = counted(len(self), "line")
        if not rows or any(row.reports_calls for row in rows):
            said += f", {self.busy} in a call"
        else:
            said += "; this system does not report calls"
        return said + offline_note(self.status)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the lines that the filter lets through, in order and as they are now, as a table of pandas.

        Times are UTC. What waits to be drawn goes on waiting.
        """
        return table(LINES, map(board_row, self.top(len(self._lines))[0]))

    def _line_order(self, line: LineSnapshot) -> tuple[Any, ...]:
        key = _name_key(line) if self._sort is Sort.NAME else _number_key(line)
        return (RANK[line.state], *key) if self._sort is Sort.STATE else key

    def _rearrange(self) -> None:
        self._positions = None
        self._all = True
        self._notify()


def _number_key(line: LineSnapshot) -> tuple[int, str, str]:
    return (*by_length(line.number), line.id)


def _name_key(line: LineSnapshot) -> tuple[str, str, str]:
    return (line.name.casefold(), line.number, line.id)
