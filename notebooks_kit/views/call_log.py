"""The call log of a line as a widget."""

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from aiopbx import Direction, Line

from ..models.call_log import CallLogModel, LogRow, LogSort
from .controls import Confirm, button, put, show
from .markup import table_html
from .view import View, close_widget

if TYPE_CHECKING:
    import pandas

_STYLE: Final = """
.pbx-log .pbx-log-row { display: grid;
  grid-template-columns: 1.4em minmax(8em, 1.2fr) 7em 12em 5em minmax(6em, .8fr);
  gap: .6em; align-items: center; line-height: 1.6; width: 100%; box-sizing: border-box; }
.pbx-log .pbx-log-row > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pbx-log .pbx-log-head { font-weight: 600; padding: 0 .6em 0 2.2em; }
.pbx-log .pbx-log-body .widget-checkbox { width: 100%; margin: 0; height: auto; padding: .1em .6em;
  border-bottom: 1px solid var(--jp-border-color2, #8883); box-sizing: border-box; }
.pbx-log .pbx-log-body .widget-checkbox label { display: flex; align-items: center; width: 100%; gap: .6em; }
.pbx-log .pbx-log-body .widget-checkbox label > span { flex: 1 1 auto; min-width: 0; width: 100%; }
.pbx-log .pbx-log-body .widget-checkbox input[type="checkbox"] { flex: 0 0 auto; margin: 0; }
.pbx-log .pbx-log-body .widget-checkbox label::before { content: none; }
.pbx-log .pbx-log-number, .pbx-log .pbx-log-time { font-variant-numeric: tabular-nums; }
.pbx-log .pbx-log-way-incoming { color: #2e86c1; } .pbx-log .pbx-log-way-outgoing { color: #2f9e55; }
.pbx-log .pbx-log-missed .pbx-log-words, .pbx-log .pbx-log-missed .pbx-log-way { color: #d64541; font-weight: 600; }
.pbx-log .pbx-log-words { padding: 0 .6em; line-height: 1.6; }
"""
_WAYS: Final = {
    Direction.INCOMING: ("\u2199", "incoming"),
    Direction.OUTGOING: ("\u2197", "outgoing"),
    Direction.UNKNOWN: ("\u00b7", "direction unknown"),
}
_COLUMNS: Final = ("", "With", "Number", "When", "Duration", "")
_KINDS: Final = ("All calls", "Missed", "Incoming", "Outgoing")


class CallLogTable(View):
    """The calls of a line that the system has logged, live: filter, sort, read on, call back, acknowledge, delete.

    It mirrors a ``CallLogModel``. Each record is a check box: what is checked is what the buttons act upon. The first
    records are read by itself; ``await table.load_all()`` reads every one, ``to_dataframe()`` has what was read.
    """

    def __init__(self, line: Line, *, page: int = 50, height: str = "22em", missed: bool = False) -> None:
        """Show the log of ``line``, read ``page`` records at a time; ``height`` is CSS, the rest scrolls."""
        self.line = line
        self.model = CallLogModel(line, page=page)
        """What is shown; changing its filters changes the table."""
        self.model.missed = missed
        self._rows: dict[int, Any] = {}
        self._kind = ipywidgets.Dropdown(
            options=_KINDS, value="Missed" if missed else "All calls", description="Calls", layout={"width": "14em"}
        )
        self._filter = ipywidgets.Text(
            description="Find", placeholder="name, number, missed …", continuous_update=True, layout={"width": "17em"}
        )
        self._after = ipywidgets.DatePicker(description="From", layout={"width": "16em"})
        self._before = ipywidgets.DatePicker(description="To", layout={"width": "16em"})
        self._sort = ipywidgets.Dropdown(
            options=[(each.value.capitalize(), each) for each in LogSort],
            value=LogSort.TIME,
            description="Sort by",
            layout={"width": "14em"},
        )
        self._turned = ipywidgets.ToggleButton(
            value=True, description="Descending", tooltip="Newest, longest or last on top", layout={"width": "8em"}
        )
        self._all = ipywidgets.Checkbox(description="Choose all", indent=False, layout={"width": "8em"})
        self._dial = button("Call back")
        self._acknowledge = button("Mark as seen")
        self._unacknowledge = button("Mark as not seen")
        self._delete = button("Delete …")
        self._refresh = button("Reload")
        self._refresh.tooltip = "Read the call log again"
        self._more = button("Read more")
        self._confirm = Confirm(self, "Delete for good")
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._body = ipywidgets.VBox(layout={"max_height": height, "overflow": "hidden auto", "display": "flex"})
        self._body.add_class("pbx-log-body")
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self._filters = ipywidgets.HBox(
            [self._kind, self._filter, self._after, self._before, self._sort, self._turned], layout=wrap
        )
        self._tools = ipywidgets.HBox(
            [self._all, self._dial, self._acknowledge, self._unacknowledge, self._delete, self._refresh], layout=wrap
        )
        self._head = ipywidgets.HTML(_head(), layout={"margin": "0"})
        super().__init__(
            line.pbx,
            [self._filters, self._tools, self._confirm.box, self._words, self._head, self._body, self._more],
            css=_STYLE,
        )
        self.add_class("pbx-log")
        self.on_change(self._kind, self._choose_kind)
        self.on_change(self._filter, lambda text: setattr(self.model, "filter", text))
        self.on_change(self._after, lambda day: setattr(self.model, "after", day))
        self.on_change(self._before, lambda day: setattr(self.model, "before", day))
        self.on_change(self._sort, lambda sort: setattr(self.model, "sort", sort))
        self.on_change(self._turned, lambda on: setattr(self.model, "descending", on))
        self.on_change(self._all, self.model.choose_shown)
        self.on_click(self._dial, self.model.dial)
        self.on_click(self._acknowledge, self.model.acknowledge)
        self.on_click(self._unacknowledge, lambda: self.model.acknowledge(False))
        self.on_click(self._delete, self._ask)
        self.on_click(self._refresh, self.model.refresh)
        self.on_click(self._more, self.model.more)
        self.mirror(self.model, line)
        self.do(self.model.refresh)

    async def load_all(self) -> None:
        """Read every record that the filters ask for."""
        await self.model.load_all()

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Mirror the model."""
        rows = self.model.take()
        for row in rows:
            self._draw_row(row)
        order = tuple(self._rows[row.id] for row in rows)
        if self._body.children != order:
            self._body.children = order
        kept = self.model.ids  # what the words hide may come back
        for id_ in [id_ for id_ in self._rows if id_ not in kept]:
            close_widget(self._rows.pop(id_))
        available = self.model.available
        for part in (self._filters, self._tools, self._head, self._body):
            show(part, available)
        show(self._more, available and not self.model.complete)
        words = f'<div class="pbx-log-words" role="status">{escape(self.model.summary)}</div>'
        put(self._words, words)
        self._draw_tools()

    def _draw_row(self, row: LogRow) -> None:
        box = self._rows.get(row.id)
        chosen = row.id in self.model.chosen
        html = row_html(row)
        if box is None:
            box = ipywidgets.Checkbox(
                value=chosen, description=html, description_allow_html=True, indent=False, tooltip=row.name
            )
            self.on_change(box, partial(self.model.choose, row.id))
            self._rows[row.id] = box
            return
        put(box, html, "description")
        put(box, row.name, "tooltip")
        put(box, chosen)

    def _draw_tools(self) -> None:
        model = self.model
        number, count = model.can_dial, len(model.chosen)
        self._dial.description = f"Call {number}" if number else "Call back"
        self._dial.tooltip = (
            f"Call {number} from {self.line.number or self.line.name}" if number else "Choose one call to call back"
        )
        for each, on in (
            (self._dial, number is not None),
            (self._acknowledge, model.can_acknowledge),
            (self._unacknowledge, model.can_unacknowledge),
            (self._delete, count > 0),
        ):
            if not self.is_busy(each):
                put(each, not on, "disabled")
        for each in (self._acknowledge, self._unacknowledge):
            show(each, model.marks)
        self._acknowledge.tooltip = "Mark the missed calls that are chosen as seen"
        self._unacknowledge.tooltip = "Mark the missed calls that are chosen as not seen"
        self._delete.description = f"Delete {count} …" if count else "Delete …"
        self._delete.tooltip = "Delete what is chosen; you are asked once more"
        shown = {row.id for row in model.rows}
        everything = bool(shown) and model.chosen.issuperset(shown)
        put(self._all, everything)
        if self._confirm.asking and not count:
            self._confirm.withdraw()

    # ----------------------------------------------------------------------------------------------------- what is done

    def _choose_kind(self, kind: str) -> None:
        self.model.missed = kind == "Missed"
        self.model.direction = {"Incoming": Direction.INCOMING, "Outgoing": Direction.OUTGOING}.get(kind)

    def _ask(self) -> None:
        rows = self.model.chosen_rows
        if not rows:
            return
        ids = [row.id for row in rows]
        named = "; ".join(f"{row.party}, {row.when}" for row in rows[:3])
        rest = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
        what = "this call" if len(rows) == 1 else f"these {len(rows)} calls"
        self._confirm.ask(f"Delete {what} from the log for good? {named}{rest}", lambda: self.model.delete(ids))

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
        return f"<p>{escape(self.model.summary)}</p>" + table_html(("Direction", *_COLUMNS[1:]), rows)


def row_html(row: LogRow) -> str:
    """One record as the label of its check box."""
    sign, way = _WAYS[row.direction]
    missed = " pbx-log-missed" if row.missed and not row.acknowledged else ""
    return (
        f'<span class="pbx-log-row{missed}">'
        f'<span class="pbx-log-way pbx-log-way-{row.direction.value}" role="img" aria-label="{way}" '
        f'title="{way}">{sign}</span>'
        f"<span>{escape(row.party)}</span>"
        f'<span class="pbx-log-number">{escape(row.number)}</span>'
        f'<span class="pbx-log-time">{escape(row.when)}</span>'
        f'<span class="pbx-log-time">{escape(row.duration)}</span>'
        f'<span class="pbx-log-words" title="{escape(row.reason)}">{escape(row.words)}</span></span>'
    )


def _head() -> str:
    return '<div class="pbx-log-row pbx-log-head">' + "".join(f"<span>{cell}</span>" for cell in _COLUMNS) + "</div>"
