"""The board of lines as a widget."""

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Final

import ipywidgets

from aiopbx import LineState, Pbx, Status

from ..models.board import BoardModel, BoardRow, Sort
from .view import View, close_widget

if TYPE_CHECKING:
    import pandas

_STYLE: Final = """
.pbx-board .pbx-row { display: grid;
  grid-template-columns: 4.5em minmax(9em, 1fr) 11em minmax(9em, 1.2fr) minmax(7em, 1fr);
  gap: .6em; align-items: center; padding: .15em .6em; line-height: 1.5; border-left: .3em solid transparent;
  border-bottom: 1px solid var(--jp-border-color2, #8883); color: var(--jp-content-font-color1, inherit); }
.pbx-board .pbx-row > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pbx-board .pbx-head { font-weight: 600; }
.pbx-board .pbx-number { font-variant-numeric: tabular-nums; }
.pbx-board .pbx-notes { opacity: .8; }
.pbx-board .pbx-state::before { content: "\\25CF\\00A0"; color: #8a8f98; }
.pbx-board .pbx-ringing_incoming { border-left-color: #e0a100; background: #e0a10022; }
.pbx-board .pbx-ringing_incoming .pbx-state::before { color: #e0a100; }
.pbx-board .pbx-active { border-left-color: #2f9e55; }
.pbx-board .pbx-active .pbx-state::before { color: #2f9e55; }
.pbx-board .pbx-held .pbx-state::before { color: #3b82d6; }
.pbx-board .pbx-held { border-left-color: #3b82d6; }
.pbx-board .pbx-dialing .pbx-state::before, .pbx-board .pbx-ringing_outgoing .pbx-state::before { color: #8e6bd8; }
.pbx-board .pbx-out_of_service, .pbx-board .pbx-unknown { opacity: .55; }
.pbx-board .pbx-out_of_service .pbx-state::before { color: #c0392b; }
.pbx-board.pbx-stale .pbx-row { opacity: .5; }
.pbx-board .pbx-dnd { color: #c0392b; font-weight: 600; }
"""
_HEAD: Final = (
    '<div class="pbx-row pbx-head"><span>Number</span><span>Name</span><span>State</span><span>With</span>'
    "<span>Notes</span></div>"
)


class LineBoard(View):
    """Everybody's state, live, with a filter and a choice of order.

    It mirrors a ``BoardModel``: a row is one widget that is made once and only ever changed; what happened within a
    frame is drawn together. ``close()`` takes it off the client and away from the page.
    """

    def __init__(self, pbx: Pbx, *, sort: Sort | str = Sort.NUMBER, filter: str = "", height: str = "28em") -> None:
        """Show the lines of ``pbx``; ``height`` is CSS, the rest scrolls."""
        self.model = BoardModel(pbx.lines, status=pbx.status)
        """What is shown; changing its ``sort``, ``descending`` and ``filter`` changes the board."""
        self.model.sort = Sort(sort)
        self.model.filter = filter
        self._rows: dict[str, ipywidgets.HTML] = {}
        self._filter_box = ipywidgets.Text(
            value=filter,
            placeholder="number, name, state …",
            description="Filter",
            continuous_update=True,
            layout={"width": "20em"},
        )
        self._sort_box = ipywidgets.Dropdown(
            options=[(sort.value.capitalize(), sort) for sort in Sort],
            value=self.model.sort,
            description="Sort by",
            layout={"width": "14em"},
        )
        self._turned = ipywidgets.ToggleButton(
            value=False,
            description="Descending",
            tooltip="Turn the order round",
            layout={"width": "8em"},
        )
        self._summary = ipywidgets.HTML()
        self._body = ipywidgets.VBox(layout={"height": height, "overflow": "hidden auto", "display": "flex"})
        super().__init__(
            pbx,
            [
                ipywidgets.HBox([self._filter_box, self._sort_box, self._turned, self._summary]),
                ipywidgets.HTML(_HEAD, layout={"margin": "0"}),
                self._body,
            ],
            css=_STYLE,
        )
        self.add_class("pbx-board")
        for box, what in ((self._filter_box, "filter"), (self._sort_box, "sort"), (self._turned, "descending")):
            self.on_change(box, partial(setattr, self.model, what))
        self.keep(pbx.subscribe(self.model.handle))
        self.draw_now()
        self.model.on_dirty = self.schedule

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Draw what has changed."""
        model = self.model
        gone = []
        for key in model.take():
            row = model.row(key)
            if row is not None:
                self._draw_row(row)
            elif key in self._rows:
                gone.append(self._rows.pop(key))
        if gone or len(self._body.children) != len(self._rows):
            self._body.children = tuple(self._rows.values())
        for widget in gone:
            close_widget(widget)
        total, busy = len(self._rows), model.busy
        words = f"{total} lines, {busy} in a call"
        if model.status is not Status.ONLINE:
            words += f" · {model.status.value}: what stands here may be old"
            self.add_class("pbx-stale")
        else:
            self.remove_class("pbx-stale")
        text = f'<span role="status">{escape(words)}</span>'
        if self._summary.value != text:
            self._summary.value = text

    def _draw_row(self, row: BoardRow) -> None:
        widget = self._rows.get(row.line)
        order = str(self.model.position(row))
        display = None if self.model.visible(row) else "none"
        text = row_html(row)
        if widget is None:
            layout = {"order": order, "display": display, "margin": "0", "flex": "0 0 auto"}
            self._rows[row.line] = ipywidgets.HTML(text, layout=layout)
            return
        if widget.value != text:
            widget.value = text
        if widget.layout.order != order:
            widget.layout.order = order
        if widget.layout.display != display:
            widget.layout.display = display

    # ------------------------------------------------------------------------------------------- without live widgets

    def describe(self) -> str:
        """Return in a few words what this is."""
        return f"LineBoard of {len(self._rows)} lines"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the lines that the filter lets through, in order, as a table of pandas; times are UTC."""
        return self.model.to_dataframe()

    def to_html(self) -> str:
        """Return what is shown now as a plain table."""
        self.draw_now()
        lines = ["<table><tr><th>Number</th><th>Name</th><th>State</th><th>With</th><th>Notes</th></tr>"]
        lines += [
            f"<tr><td>{escape(row.number)}</td><td>{escape(row.name)}</td><td>{escape(row.words)}</td>"
            f"<td>{escape(row.party)}</td><td>{escape(notes(row))}</td></tr>"
            for row in self.model.shown
        ]
        return "".join(lines) + "</table>"


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
        said.append(f"{row.voicemails} voicemail" + ("s" if row.voicemails > 1 else ""))
    if row.calls > 1:
        said.append(f"{row.calls} calls")
    return ", ".join(said)


def row_html(row: BoardRow) -> str:
    """Return the row as HTML. Whatever comes from the system is escaped: a caller chooses his name."""
    label = f"{row.number} {row.name}: {row.words}" + (f" with {row.party}" if row.party else "")
    state = row.words
    if row.state in (LineState.ACTIVE, LineState.HELD) and row.since is not None:
        state += f" since {row.since.astimezone():%H:%M:%S}"
    rest = notes(row)
    style = "pbx-notes pbx-dnd" if row.do_not_disturb else "pbx-notes"
    return (
        f'<div class="pbx-row pbx-{row.state.value}" role="group" aria-label="{escape(label)}">'
        f'<span class="pbx-number">{escape(row.number)}</span>'
        f'<span title="{escape(row.name)}">{escape(row.name)}</span>'
        f'<span class="pbx-state">{escape(state)}</span><span title="{escape(row.party)}">{escape(row.party)}</span>'
        f'<span class="{style}" title="{escape(rest)}">{escape(rest)}</span></div>'
    )
