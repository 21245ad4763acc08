"""The board of lines as a widget."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import traitlets

from aiopbx import Line, LineState, Pbx, Status

from ..models.board import BoardModel, BoardRow, Sort
from ..models.formatting import counted
from ..slips import chosen
from .markup import table_html
from .rows import Press, Row
from .table import STORED, TableView, select, text, toggle

if TYPE_CHECKING:
    import pandas

_COLUMNS: Final = (
    {"name": "number", "label": "Number", "width": "6em"},  # or _FOR_NAMES
    {"name": "name", "label": "Name", "width": "minmax(7em, 1fr)"},
    {"name": "state", "label": "State", "width": "13em"},
    {"name": "with", "label": "With", "width": "minmax(7em, 1.2fr)"},
    {"name": "notes", "label": "Notes", "width": "minmax(6em, 1fr)"},
)
_FOR_NAMES: Final = "12em"
"""How wide the first column is where lines have no number: their names stand there."""
_HEAD: Final = tuple(column["label"] for column in _COLUMNS)
_AT_ONCE: Final = 100
"""Rows that are made before the clock is looked at."""


class LineBoard(TableView):
    """The state of every line, live, with a filter and a choice of order.

    It mirrors a ``BoardModel``: what happened within a frame is drawn together, and only what has changed is sent.
    ``filter``, ``sort``, ``descending`` and ``selected`` (the ``id`` of the line that is chosen) are traits to observe
    and to link; ``value`` has the row that is chosen, as it is now. ``close()`` takes it off the client and away from
    the page.
    """

    sort = traitlets.Unicode(Sort.NUMBER.value).tag(sync=True)
    """By what it is sorted: ``number``, ``name`` or ``state``."""
    descending = traitlets.Bool(False).tag(sync=True)
    """Whether the order is reversed."""

    def __init__(
        self,
        pbx: Pbx,
        *,
        sort: Sort | str = Sort.NUMBER,
        filter: str = "",
        height: str = "28em",
        on_choose: Callable[[Line], object] | None = None,
    ) -> None:
        """Show the lines of ``pbx``; ``height`` is CSS, the rest scrolls.

        With ``on_choose`` each number is a button, and clicking it calls this with the line.
        """
        self.model = BoardModel(pbx.lines, status=pbx.status)
        """What is shown; changing its ``sort``, ``descending`` and ``filter`` changes the board."""
        self.model.sort = sort
        self.model.filter = filter
        self._on_choose = on_choose
        named = not all(line.snapshot.number for line in pbx.lines.values())
        super().__init__(
            pbx,
            kind="board",
            columns=({**_COLUMNS[0], "width": _FOR_NAMES}, *_COLUMNS[1:]) if named else _COLUMNS,
            controls=[
                text("filter", "Filter", "number, name, state …"),
                select("sort", "Sort by", [(each.value.capitalize(), each.value) for each in Sort]),
                toggle("descending", "Descending", "Turn the order round"),
            ],
            height=height,
            mode="none" if on_choose is not None else "one",
            lines=3,
            filter=filter,
            sort=self.model.sort.value,
        )
        for name in ("filter", "sort", "descending"):
            self.follow(name, partial(setattr, self.model, name))
        self.on_row_press("choose", self._choose)
        self.mirror(self.model, pbx)

    @traitlets.validate("sort")
    def _check_sort(self, proposal: Any) -> str:
        return str(chosen(Sort, proposal["value"], "sort").value)

    @property
    def chosen(self) -> str:
        """The ``id`` of the chosen line; empty if no line is chosen."""
        return self.selected[0] if self.selected else ""

    @chosen.setter
    def chosen(self, line: str) -> None:
        self.selected = [line] if line else []

    def _choose(self, key: str) -> None:
        assert self._pbx is not None
        line = self._pbx.lines.get(key)
        if line is not None and self._on_choose is not None:
            self.chosen = key
            self._on_choose(line)

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw_rows(self, seconds: float | None) -> bool:
        """Make the rows of lines that have changed."""
        model = self.model
        end = perf_counter() + seconds if seconds is not None else None
        while True:
            for key in model.take(_AT_ONCE):
                row = model.row(key)
                if row is None:
                    self.rows.remove(key)
                else:
                    self.rows.put(key, self._row(row), model.position(row) if model.visible(row) else None)
            if not model.waiting or (end is not None and perf_counter() >= end):
                return not model.waiting

    def draw_frame(self) -> None:
        """Say how many lines there are and whether this is so now."""
        model = self.model
        self.give("filter", model.filter)
        self.give("sort", model.sort.value)
        self.give("descending", model.descending)
        self._put("stale", model.status is not Status.ONLINE)
        self._put("summary", model.summary)

    def _put(self, name: str, value: object) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)

    def _row(self, row: BoardRow) -> Row:
        number = Press("choose", row.short, f"Choose {row.title}") if self._on_choose is not None else row.number
        return board_row(row, number)

    # ------------------------------------------------------------------------------------------- without live widgets

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"LineBoard of {counted(len(self.model), 'line')}"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the lines that the filter lets through, in order, as a table of pandas; times are UTC."""
        return self.model.to_dataframe()

    def to_html(self) -> str:
        """Return what is shown now as a plain table; of very many lines the first ones."""
        self.draw_now()
        shown, more = self.model.top(STORED)
        html = table_html(_HEAD, [(row.number, row.name, row.words, row.party, notes(row)) for row in shown])
        return html + (f"<p>and {more} more: to_dataframe() has them all</p>" if more else "")


def board_row(row: BoardRow, number: str | Press) -> Row:
    """Return a line as the board shows it."""
    label = f"{row.title}: {row.words}" + (f" with {row.party}" if row.party else "")
    state = row.words
    if row.state in (LineState.ACTIVE, LineState.HELD) and row.since is not None:
        state += f" since {row.since.astimezone():%H:%M:%S}"
    style = f"pbx-{row.state.value}" + (" pbx-dnd" if row.do_not_disturb else "")
    return Row(label, (number, row.name, state, row.party, notes(row)), style)


def notes(row: BoardRow) -> str:
    """Return what else there is to say about a line: do-not-disturb, forward, and what waits for its user."""
    said = []
    if row.do_not_disturb:
        said.append("do not disturb")
    if row.forward:
        said.append(f"→ {row.forward}")
    if row.missed:
        said.append(f"{row.missed} missed")
    if row.voicemails:
        said.append(counted(row.voicemails, "voicemail"))
    if row.calls > 1:
        said.append(f"{row.calls} calls")
    return ", ".join(said)
