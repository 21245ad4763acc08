"""The board of lines as a widget."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
from ipywidgets.widgets.widget_string import HTMLStyle

from aiopbx import Line, LineState, Pbx, Status

from ..models.board import RANK, BoardModel, BoardRow, Sort
from ..models.formatting import counted
from .controls import put
from .markup import table_html
from .view import View

if TYPE_CHECKING:
    import pandas

_STYLE: Final = """
.pbx-board .pbx-row { display: grid;
  grid-template-columns: 4.5em minmax(9em, 1fr) 13em minmax(9em, 1.2fr) minmax(7em, 1fr);
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
.pbx-board.pbx-stale .pbx-line .pbx-row { opacity: .65; }
.pbx-board .pbx-dnd { color: var(--jp-error-color1, #c0392b); font-weight: 600; }
.pbx-board.pbx-choosing .pbx-line .widget-html-content { flex: 1 1 auto; min-width: 0; }
.pbx-board.pbx-choosing .pbx-line .pbx-row { grid-template-columns: minmax(9em, 1fr) 13em minmax(9em, 1.2fr)
  minmax(7em, 1fr); padding-left: 1.2em; }
.pbx-board.pbx-choosing .pbx-line .pbx-number { display: none; }
.pbx-board.pbx-choosing.pbx-nameless .pbx-line button { width: 14em !important; }
.pbx-board.pbx-choosing.pbx-nameless .pbx-head { grid-template-columns: 14em minmax(9em, 1fr) 13em
  minmax(9em, 1.2fr) minmax(7em, 1fr); }
.pbx-board .pbx-line button { font-variant-numeric: tabular-nums; line-height: 1.6; }
""" + "".join(f".pbx-line:has(.pbx-{state.value}) {{ --rank: {rank}; }}\n" for state, rank in RANK.items())
_CHOSEN: Final = "box-shadow: inset 0 0 0 2px var(--jp-brand-color1, #1976d2)"
_numbers: Final = count()
_COLUMNS: Final = ("Number", "Name", "State", "With", "Notes")
_HEAD: Final = f'<div class="pbx-row pbx-head">{"".join(f"<span>{name}</span>" for name in _COLUMNS)}</div>'


class LineBoard(View):
    """The state of every line, live, with a filter and a choice of order.

    It mirrors a ``BoardModel``: a row is made once and only ever changed; what happened within a frame is drawn
    together. Order and filter are two style sheets, so that rearranging any number of rows is one message to the
    page. ``close()`` takes it off the client and away from the page.
    """

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
        self._chosen = ""
        self._rows: dict[str, _Row] = {}
        # shared by all rows: a row is one widget for the page to know, and three if it can be chosen
        self._layout = ipywidgets.Layout(margin="0", flex="0 0 auto")
        self._wide = ipywidgets.Layout(margin="0", flex="1 1 auto", min_width="0")
        self._style = HTMLStyle()
        self._button_layout = ipywidgets.Layout(width="4.5em", height="auto", margin="0", padding="0")
        self._button_style = ipywidgets.ButtonStyle()
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
        self._summary = ipywidgets.HTML(layout={"flex": "0 0 auto"})
        self._order = ipywidgets.HTML(layout={"display": "none"})
        self._hidden = ipywidgets.HTML(layout={"display": "none"})
        self._body = ipywidgets.VBox(layout={"height": height, "overflow": "hidden auto", "display": "flex"})
        super().__init__(
            pbx,
            [
                ipywidgets.HBox(
                    [self._filter_box, self._sort_box, self._turned, self._summary],
                    layout={"flex_flow": "row wrap", "align_items": "center"},  # beside another view there is less room
                ),
                ipywidgets.HTML(_HEAD, layout={"margin": "0"}),
                self._order,
                self._hidden,
                self._body,
            ],
            css=_STYLE,
        )
        self.add_class("pbx-board")
        if on_choose is not None:
            self.add_class("pbx-choosing")
        for box, what in ((self._filter_box, "filter"), (self._sort_box, "sort"), (self._turned, "descending")):
            self.on_change(box, partial(setattr, self.model, what))
        for part in (self._layout, self._wide, self._style, self._button_layout, self._button_style):
            self.on_close(part.close)
        self.mirror(self.model, pbx)

    @property
    def chosen(self) -> str:
        """The ``id`` of the marked line; empty if no line is marked."""
        return self._chosen

    @chosen.setter
    def chosen(self, line: str) -> None:
        self._chosen = line
        self.schedule()

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Draw what has changed."""
        model = self.model
        gone = []
        changed = model.take()
        places = model.places
        # in order, because keyboards and screen readers go by the order in which the rows were made
        for key in sorted(changed, key=lambda key: places.get(key, 0)):
            row = model.row(key)
            if row is not None:
                self._draw_row(row)
            elif key in self._rows:
                gone.append(self._rows.pop(key))
        if gone or len(self._body.children) != len(self._rows):
            self._body.children = tuple(row.widget for row in self._rows.values())
        for each in gone:
            each.close()
        put(self._order, self._order_css())
        put(self._hidden, self._hidden_css())
        (self.remove_class if model.status is Status.ONLINE else self.add_class)("pbx-stale")
        numbered = all(row.number for row in model.rows.values())
        (self.remove_class if numbered else self.add_class)("pbx-nameless")
        put(self._summary, f'<span role="status">{escape(model.summary)}</span>')

    def _draw_row(self, row: BoardRow) -> None:
        drawn = self._rows.get(row.line)
        if drawn is None:
            drawn = self._rows[row.line] = self._make_row(row)
        put(drawn.text, row_html(row))
        if drawn.button is not None:
            title = f"Choose {row.title}"
            if (drawn.button.description, drawn.button.tooltip) != (row.short, title):
                drawn.button.description, drawn.button.tooltip = row.short, title

    def _make_row(self, row: BoardRow) -> "_Row":
        name = f"pbx-line-{next(_numbers)}"
        classes = ("pbx-line", name)
        if self._on_choose is None:
            text = ipywidgets.HTML(row_html(row), layout=self._layout, style=self._style, _dom_classes=classes)
            return _Row(name, text, text, None)
        text = ipywidgets.HTML(row_html(row), layout=self._wide, style=self._style)
        button = ipywidgets.Button(layout=self._button_layout, style=self._button_style)
        self.on_click(button, partial(self._choose, row.line))
        return _Row(name, ipywidgets.HBox([button, text], layout=self._layout, _dom_classes=classes), text, button)

    def _choose(self, key: str) -> None:
        assert self._pbx is not None
        line = self._pbx.lines.get(key)
        if line is not None and self._on_choose is not None:
            self.chosen = key
            self._on_choose(line)

    def _order_css(self) -> str:
        """The order of all rows: each has its place, and the states have theirs, so that a row moves by itself."""
        order = "var(--place)"
        if self.model.sort is Sort.STATE:
            order = f"calc(var(--rank) * {len(self._rows)} + var(--place))"
        if self.model.descending:
            order = f"calc(-1 * {order})"
        places = self.model.places
        rules = "".join(f".{row.name}{{--place:{places[key]};order:{order}}}" for key, row in self._rows.items())
        return f"<style>{rules}</style>"

    def _hidden_css(self) -> str:
        """Hide the rows that the filter does not let through, and mark the one that was chosen."""
        rules = ",".join(f".{self._rows[key].name}" for key in self.model.hidden)
        css = f"{rules}{{display:none!important}}" if rules else ""
        if self._chosen in self._rows:
            css += f".{self._rows[self._chosen].name}{{{_CHOSEN}}}"
        return f"<style>{css}</style>"

    # ------------------------------------------------------------------------------------------- without live widgets

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"LineBoard of {len(self._rows)} lines"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the lines that the filter lets through, in order, as a table of pandas; times are UTC."""
        return self.model.to_dataframe()

    def to_html(self) -> str:
        """Return what is shown now as a plain table."""
        self.draw_now()
        rows = [(row.number, row.name, row.words, row.party, notes(row)) for row in self.model.shown]
        return table_html(_COLUMNS, rows)


@dataclass(slots=True)
class _Row:
    """The widgets of a row, and the class that no other has."""

    name: str
    widget: Any
    text: Any
    button: Any

    def close(self) -> None:
        """Take it away; its layout and its style are those of the others, too."""
        for part in {self.text, self.widget, self.button} - {None}:
            part.close()


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


def row_html(row: BoardRow) -> str:
    """Return the row as HTML. Whatever comes from the system is escaped: a caller chooses his name."""
    label = f"{row.title}: {row.words}" + (f" with {row.party}" if row.party else "")
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
