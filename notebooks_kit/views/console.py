"""Everything in tabs."""

from collections.abc import Callable
from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import Line, Pbx

from ..models.console import ConsoleModel, Page, label
from .agent import AgentPanel
from .board import LineBoard
from .call_log import CallLogTable
from .calls import CallPanel
from .controls import put
from .dial import DialPad
from .directory import DirectorySearch
from .event_log import EventLog
from .explorer import ApiExplorer
from .ladder import CallLadder
from .load import LoadHeatMap
from .routing import RoutingPanel
from .timeline import CallTimeline
from .view import View, close_widget
from .voicemail import VoicemailPlayer

_STYLE: Final = """
.pbx-console .pbx-console-head { font-size: 1.15em; font-weight: 600; line-height: 1.6; }
.pbx-console .pbx-console-status { margin-left: 1.2em; white-space: normal; }
.pbx-console .pbx-console-status::before { content: "\\25CF\\00A0"; color: #c0392b; }
.pbx-console .pbx-console-none { opacity: .8; line-height: 1.8; }
.pbx-console .pbx-console-line { flex-flow: row wrap; align-items: flex-start; gap: 1em; }
.pbx-console .pbx-console-line > * { flex: 1 1 24em; min-width: 0; }
"""
_OF_SYSTEM: Final[dict[str, Callable[[Pbx], Any]]] = {
    "timeline": CallTimeline,
    "ladder": CallLadder,
    "load": LoadHeatMap,
    "events": EventLog,
    "wire": ApiExplorer,
}
_OF_LINE: Final[dict[str, Callable[[Line], Any]]] = {
    "routing": RoutingPanel,
    "log": CallLogTable,
    "voicemail": VoicemailPlayer,
    "agent": AgentPanel,
}


class Console(View):
    """The board, and everything that can be seen of the line chosen on it or by name, in tabs.

    A tab is made when it is first opened; the views of a line are made again for another line. What the
    system cannot do has no tab. ``close()`` takes all of it away; the client goes on.
    """

    def __init__(self, pbx: Pbx, *, line: str = "", page: str = "board") -> None:
        """Show ``pbx``, with this line (id or number) chosen and this tab in front."""
        self.model = ConsoleModel(pbx, line=line)
        """The model of this view."""
        self.views: dict[str, Any] = {}
        """The views made so far, by the name of their tab; ``calls`` and ``dial`` are on the first one."""
        self._client = pbx
        self._made_for: dict[str, str] = {}
        self._pages = self.model.pages
        self._line_box = ipywidgets.Combobox(
            description="Line",
            placeholder="number or name",
            ensure_option=False,
            options=self.model.choices,
            continuous_update=False,
            layout={"width": "24em"},
        )
        self._head = ipywidgets.HTML()
        absent = self.model.absent
        self._absent = ipywidgets.HTML(
            f'<div class="pbx-console-none">{escape(absent)}</div>' if absent else "",
            layout={"display": None if absent else "none"},
        )
        self._places = {each.name: ipywidgets.VBox() for each in self._pages}
        self._line_place = ipywidgets.HBox()
        self._line_place.add_class("pbx-console-line")
        self._places["board"].children = (self._line_place,)
        self._tabs = ipywidgets.Tab(
            [self._places[each.name] for each in self._pages], titles=tuple(each.title for each in self._pages)
        )
        super().__init__(pbx, [ipywidgets.HBox([self._line_box, self._head]), self._tabs, self._absent], css=_STYLE)
        self.add_class("pbx-console")
        self._tabs.selected_index = next((i for i, each in enumerate(self._pages) if each.name == page), 0)
        self.on_change(self._line_box, self._typed)
        self.on_change(self._tabs, lambda _: self.schedule(), "selected_index")
        self.mirror(self.model, pbx)

    @property
    def line(self) -> Line | None:
        """The chosen line."""
        return self.model.line

    def choose(self, line: Line | str) -> None:
        """Choose a line by its handle, id or number."""
        key = line.id if isinstance(line, Line) else self._client.line(line).id
        self._hop(self.model.choose, key)

    def show(self, page: str) -> None:
        """Bring this tab to the front, such as ``timeline``."""
        names = [each.name for each in self._pages]
        if page not in names:
            raise ValueError(f"There is no tab {page!r}. There are: {', '.join(names)}.")
        self._tabs.selected_index = names.index(page)

    def draw(self) -> None:
        """Make what is looked at, and follow the choice of line."""
        model = self.model
        line = model.line
        choices = tuple(model.choices)
        put(self._line_box, choices, "options")
        words = label(line) if line is not None else "No line is chosen."
        head = f'<span class="pbx-console-head" role="status">{escape(words)}</span>'
        if model.trouble:
            head += f'<span class="pbx-console-status" role="status">{escape(model.trouble)}</span>'
        put(self._head, head)
        self._draw_page(self._pages[self._tabs.selected_index or 0], line)
        board = self.views.get("board")
        if board is not None and board.chosen != model.chosen:
            board.chosen = model.chosen

    def _draw_page(self, page: Page, line: Line | None) -> None:
        of_line = page.of_line or page.name == "directory"
        wanted = line.id if of_line and line is not None else ""
        place = self._places[page.name]
        if page.name == "board":
            self._draw_board(place, line)
        elif page.name not in self._made_for or self._made_for[page.name] != wanted:
            former = place.children
            self._made_for[page.name] = wanted
            place.children = (self._make(page, line),)
            for each in former:
                close_widget(each)

    def _draw_board(self, place: Any, line: Line | None) -> None:
        if "board" not in self.views:
            self.views["board"] = LineBoard(self._client, on_choose=self.choose, height="20em")
            place.children = (self.views["board"], self._line_place)
        wanted = line.id if line is not None else ""
        if self._made_for.get("board") == wanted:
            return
        former = self._line_place.children
        self._made_for["board"] = wanted
        if line is None:
            self.views.pop("calls", None)
            self.views.pop("dial", None)
            self._line_place.children = (_none(),)
        else:
            self.views["calls"], self.views["dial"] = CallPanel(line), DialPad(line)
            self._line_place.children = (self.views["calls"], self.views["dial"])
        for each in former:
            close_widget(each)

    def _make(self, page: Page, line: Line | None) -> Any:
        if page.name == "directory":
            view = DirectorySearch(self._client, line)
        elif not page.of_line:
            view = _OF_SYSTEM[page.name](self._client)
        elif line is not None:
            view = _OF_LINE[page.name](line)
        else:
            self.views.pop(page.name, None)
            return _none()
        self.views[page.name] = view
        return view

    def _typed(self, text: str) -> None:
        if not text.strip():
            return
        if self.model.find(text):
            self._line_box.value = ""
        else:
            self.show_problem(f"There is no single line {text!r}. Give its number, or more of its name.")

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"Console of {len(self._client.lines)} lines"

    def to_html(self) -> str:
        """Return the board as a plain table."""
        board = self.views.get("board")
        return board.to_html() if isinstance(board, LineBoard) else ""


def _none() -> Any:
    return ipywidgets.HTML('<div class="pbx-console-none">Choose a line: on the board, or by its number or name.</div>')
