"""The rows of a table on their way to the pages that show it: only what has changed is sent, in pieces that fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

AT_ONCE: Final = 400
"""Rows in one message, at most: more would hold up the client's loop, and the page."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button in a cell. A page that presses it names the row and this ``name``."""

    name: str
    label: str
    tooltip: str = ""
    style: str = ""
    """``primary``, ``success``, ``warning``, ``danger`` or nothing, as those of ``ipywidgets``."""

    def to_wire(self) -> dict[str, str]:
        """Return what the page makes the button of."""
        return {"b": self.name, "t": self.label, "h": self.tooltip, "s": self.style}


Cell = str | Press | tuple[Press, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row as pages show it. All of it is text: pages do not read it as HTML."""

    label: str
    """Its accessible name: the whole row in one line."""
    cells: tuple[Cell, ...]
    style: str = ""
    """Classes, separated by spaces."""
    opens: bool = False
    """Whether there is more to see, which is sent when a user opens it."""

    def to_wire(self) -> list[Any]:
        """Return label, style, cells and whether it opens."""
        return [self.label, self.style, [_cell(cell) for cell in self.cells], int(self.opens)]


def _cell(cell: Cell) -> Any:
    if isinstance(cell, str):
        return cell
    return cell.to_wire() if isinstance(cell, Press) else [each.to_wire() for each in cell]


class Rows:
    """What pages are to show: rows by key, each with its place. Rows in ascending place are in order.

    A page has a row under an index, which stays the same while the row exists. ``message`` returns what has changed
    since the last one; ``whole`` returns everything, for a page that is new or for a file.
    """

    def __init__(self) -> None:
        """Begin without rows."""
        self.version = 0
        """Counts the messages. A page that has missed one notices it by this."""
        self._rows: dict[str, Row] = {}
        self._places: dict[str, int | None] = {}
        self._index: dict[str, int] = {}
        self._next = 0
        self._unsent: dict[str, None] = {}
        self._moved: set[str] = set()
        self._gone: list[int] = []
        self._reset = False

    def __len__(self) -> int:
        """How many rows there are, hidden ones included."""
        return len(self._rows)

    def __contains__(self, key: str) -> bool:
        """Whether there is such a row."""
        return key in self._rows

    @property
    def keys(self) -> list[str]:
        """The keys of the rows that are not hidden, in order."""
        places = self._places
        return sorted((key for key in self._rows if places[key] is not None), key=lambda key: places[key] or 0)

    def shown(self) -> list[Row]:
        """Return the rows that are not hidden, in order."""
        return [self._rows[key] for key in self.keys]

    def get(self, key: str) -> Row | None:
        """Return a row, hidden or not."""
        return self._rows.get(key)

    def put(self, key: str, row: Row, place: int | None) -> None:
        """Add or change a row; without a place it is hidden."""
        if key not in self._index:
            self._index[key] = self._next
            self._next += 1
        elif self._rows[key] == row:
            self.move(key, place)
            return
        self._rows[key] = row
        self._places[key] = place
        self._unsent[key] = None

    def move(self, key: str, place: int | None) -> None:
        """Move a row, hide it (``None``) or bring it back."""
        if self._places[key] != place:
            self._places[key] = place
            self._moved.add(key)

    def remove(self, key: str) -> None:
        """Remove a row, if it is there."""
        if self._rows.pop(key, None) is None:
            return
        del self._places[key]
        self._unsent.pop(key, None)
        self._moved.discard(key)
        self._gone.append(self._index.pop(key))

    def keep(self, keys: Iterable[str]) -> None:
        """Remove every row but these."""
        wanted = set(keys)
        for key in [key for key in self._rows if key not in wanted]:
            self.remove(key)

    @property
    def waiting(self) -> bool:
        """Whether there is something to send."""
        return bool(self._unsent or self._moved or self._gone or self._reset)

    def start_over(self) -> None:
        """Send everything again, from the first row on: a page has missed something."""
        self._reset = True
        self._gone.clear()
        self._moved.clear()
        self._unsent = dict.fromkeys([*self.keys, *(key for key, place in self._places.items() if place is None)])

    def message(self, most: int = AT_ONCE) -> Mapping[str, Any]:
        """Return what has changed, ``most`` rows of it; ``more`` says whether there is more to send."""
        keys = list(self._unsent)[:most]
        for key in keys:
            del self._unsent[key]
        self._moved.difference_update(keys)
        places: list[int | None] = []
        for key in self._moved.difference(self._unsent):
            places += [self._index[key], self._places[key]]
        self._moved.clear()
        content: dict[str, Any] = {"do": "rows", "after": self.version, "rows": [self._wire(key) for key in keys]}
        self.version += 1
        content["version"] = self.version
        if places:
            content["places"] = places
        if self._gone:
            content["gone"], self._gone = self._gone, []
        if self._reset:
            content["reset"], self._reset = True, False
        content["more"] = bool(self._unsent)
        return content

    def whole(self) -> dict[str, Any]:
        """Return everything as one text, which is cheap to send and to store."""
        rows = [self._wire(key) for key in list(self._rows)]
        return {"version": self.version, "rows": msgspec.json.encode(rows).decode()}

    def _wire(self, key: str) -> list[Any]:
        return [self._index[key], self._places[key], key, *self._rows[key].to_wire()]
