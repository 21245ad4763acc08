"""The call log of a line as a widget."""

from datetime import date
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Final

import traitlets

from aiopbx import Direction, InvalidInput, Line

from ..models.call_log import CallLogModel, LogRow, LogSort
from ..slips import chosen
from .markup import table_html
from .rows import Row
from .table import Control, TableView, day, press, select, text, toggle

if TYPE_CHECKING:
    import pandas

_WAYS: Final = {
    Direction.INCOMING: "\u2199 in",
    Direction.OUTGOING: "\u2197 out",
    Direction.UNKNOWN: "\u00b7",
}
_COLUMNS: Final = (
    {"name": "way", "label": "", "width": "3.2em"},
    {"name": "with", "label": "With", "width": "minmax(8em, 1.2fr)"},
    {"name": "number", "label": "Number", "width": "7em"},
    {"name": "when", "label": "When", "width": "12em"},
    {"name": "duration", "label": "Duration", "width": "5em"},
    {"name": "outcome", "label": "Outcome", "width": "minmax(6em, .8fr)"},
)
_HEAD: Final = ("Direction", "With", "Number", "When", "Duration", "")
_KINDS: Final = ("All calls", "Missed", "Incoming", "Outgoing")


class CallLogTable(TableView):
    """The calls of a line that the system has logged, live: filter, sort, read on, call back, acknowledge, delete.

    It mirrors a ``CallLogModel``. What is checked is what the buttons act upon: ``selected`` has the ids as text. The
    first records are read by itself; ``await table.load_all()`` reads every one, ``to_dataframe()`` has what was read.
    ``filter``, ``sort``, ``descending``, ``calls``, ``after`` and ``before`` are traits to observe and to link.
    """

    sort = traitlets.Unicode(LogSort.TIME.value).tag(sync=True)
    """By what it is sorted: ``time``, ``party``, ``duration`` or ``kind``."""
    descending = traitlets.Bool(True).tag(sync=True)
    """Whether the newest, longest or last is on top."""
    calls = traitlets.Enum(_KINDS, _KINDS[0]).tag(sync=True)
    """Which calls are read: ``All calls``, ``Missed``, ``Incoming`` or ``Outgoing``."""
    after = traitlets.Unicode().tag(sync=True)
    """The first day, such as ``2026-01-31``; empty means any."""
    before = traitlets.Unicode().tag(sync=True)
    """The last day; empty means any."""

    def __init__(self, line: Line, *, page: int = 50, height: str = "22em", missed: bool = False) -> None:
        """Show the log of ``line``, read ``page`` records at a time; ``height`` is CSS, the rest scrolls."""
        self.line = line
        self.model = CallLogModel(line, page=page)
        """What is shown; changing its filters changes the table."""
        self.model.missed = missed
        super().__init__(
            line.pbx,
            kind="log",
            columns=_COLUMNS,
            controls=self._wanted_controls(),
            height=height,
            mode="many",
            lines=3,
        )
        self.calls = "Missed" if missed else "All calls"
        for name in ("filter", "sort", "descending"):
            self.follow(name, partial(setattr, self.model, name))
        self.follow("calls", self._choose_kind)
        self.follow("after", partial(self._choose_day, "after"))
        self.follow("before", partial(self._choose_day, "before"))
        self.follow("selected", self._choose)
        self.on_press("all", self._choose_all)
        self.on_press("dial", self.model.dial)
        self.on_press("acknowledge", self.model.acknowledge)
        self.on_press("unacknowledge", lambda: self.model.acknowledge(False))
        self.on_press("delete", self._ask)
        self.on_press("refresh", self.model.refresh)
        self.on_press("more", self.model.more)
        self.mirror(self.model, line)
        self.do(self.model.refresh)

    @traitlets.validate("sort")
    def _check_sort(self, proposal: Any) -> str:
        return str(chosen(LogSort, proposal["value"], "sort").value)

    async def load_all(self) -> None:
        """Read every record that the filters ask for."""
        await self.model.load_all()

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw_rows(self, seconds: float | None) -> bool:
        """Show what was read and the words let through."""
        rows = self.model.take()
        self.rows.keep(str(row.id) for row in rows)
        for place, row in enumerate(rows):
            self.rows.put(str(row.id), log_row(row), place)
        return True

    def draw_frame(self) -> None:
        """Bring the buttons up to date, and say how many calls there are."""
        model = self.model
        for name in ("filter", "descending"):
            self.give(name, getattr(model, name))
        self.give("sort", model.sort.value)
        self.give("selected", [str(row.id) for row in model.chosen_rows])
        self.put_controls(self._wanted_controls())
        if self.summary != model.summary:
            self.summary = model.summary
        if self.asking and not model.chosen:
            self.withdraw()

    def _wanted_controls(self) -> list[Control]:
        model = self.model
        number, count = model.can_dial, len(model.chosen)
        shown = {row.id for row in model.rows}
        everything = bool(shown) and model.chosen.issuperset(shown)
        name = self.line.number or self.line.name
        controls = [
            select("calls", "Calls", [(kind, kind) for kind in _KINDS]),
            text("filter", "Find", "name, number, missed …"),
            day("after", "From"),
            day("before", "To"),
            select("sort", "Sort by", [(each.value.capitalize(), each.value) for each in LogSort]),
            toggle("descending", "Descending", "Newest, longest or last on top"),
            press("all", "Choose none" if everything else "Choose all", disabled=not shown),
            press(
                "dial",
                f"Call {number}" if number else "Call back",
                f"Call {number} from {name}" if number else "Choose one call to call back",
                disabled=number is None,
            ),
            press(
                "acknowledge",
                "Mark as seen",
                "Mark the missed calls that are chosen as seen",
                disabled=not model.can_acknowledge,
                hidden=not model.marks,
            ),
            press(
                "unacknowledge",
                "Mark as not seen",
                "Mark the missed calls that are chosen as not seen",
                disabled=not model.can_unacknowledge,
                hidden=not model.marks,
            ),
            press(
                "delete",
                f"Delete {count} …" if count else "Delete …",
                "Delete what is chosen; you are asked once more",
                disabled=not count,
            ),
            press("refresh", "Reload", "Read the call log again"),
            press("more", "Read more", hidden=model.complete),
        ]
        return controls if model.available else [{**each, "hidden": True} for each in controls]

    # ----------------------------------------------------------------------------------------------------- what is done

    def _choose_kind(self, kind: str) -> None:
        self.model.missed = kind == "Missed"
        self.model.direction = {"Incoming": Direction.INCOMING, "Outgoing": Direction.OUTGOING}.get(kind)

    def _choose_day(self, name: str, text: str) -> None:
        try:
            setattr(self.model, name, date.fromisoformat(text) if text else None)
        except ValueError:
            raise InvalidInput(name, f"{text!r} is no day.", remedy="Write it as 2026-01-31.") from None

    def _choose(self, keys: list[str]) -> None:
        wanted = {int(key) for key in keys if key.isdecimal()}
        for id_ in self.model.chosen - wanted:
            self.model.choose(id_, False)
        for id_ in wanted - self.model.chosen:
            self.model.choose(id_)

    def _choose_all(self) -> None:
        shown = {row.id for row in self.model.rows}
        self.model.choose_shown(not (shown and self.model.chosen.issuperset(shown)))

    def _ask(self) -> None:
        rows = self.model.chosen_rows
        if not rows:
            return
        ids = [row.id for row in rows]
        named = "; ".join(f"{row.party}, {row.when}" for row in rows[:3])
        rest = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
        what = "this call" if len(rows) == 1 else f"these {len(rows)} calls"
        question = f"Delete {what} from the log for good? {named}{rest}"
        self.ask(question, "Delete for good", lambda: self.model.delete(ids))

    # -------------------------------------------------------------------------------------------- without live widgets

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return what was read as a table of pandas, which has to be installed; times in UTC, durations in seconds."""
        return self.model.to_dataframe()

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"CallLogTable of {self.line.number or self.line.name}: {self.model.summary}"

    def to_html(self) -> str:
        """Return what is shown as a plain table."""
        rows = [
            (row.direction.value, row.party, row.number, row.when, row.duration, row.words) for row in self.model.rows
        ]
        return f"<p>{escape(self.model.summary)}</p>" + table_html(
            ("Direction", "With", "Number", "When", "Duration", ""), rows
        )


def log_row(row: LogRow) -> Row:
    """Return one record as the table shows it."""
    style = f"pbx-way-{row.direction.value}" + (" pbx-log-missed" if row.missed and not row.acknowledged else "")
    outcome = f"{row.words} ({row.reason})" if row.reason else row.words
    return Row(row.name, (_WAYS[row.direction], row.party, row.number, row.when, row.duration, outcome), style)
