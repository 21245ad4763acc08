"""A live list of events and wire messages, as a widget."""

from collections import deque
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from aiopbx import Pbx, Status

from ..models.event_log import KEPT, Entry, EventLogModel, event_json
from ..models.formatting import by_length
from .controls import put, set_options
from .markup import table_html
from .view import View

if TYPE_CHECKING:
    import pandas

SLOTS: Final = 120
"""Pieces of the list that are kept in the page."""
_AT_ONCE: Final = 60
"""Entries that one drawing brings, at most; when more come, the rest is counted, and stays in the model."""
_LARGE: Final = 48_000
"""Characters that one drawing brings, about at most."""
_ANEW: Final = 300
"""Entries that are drawn, at most, when the whole list is redrawn."""
_EVERYTHING: Final = "everything"
_GROUPS: Final = (("calls", "calls"), ("events", "all events"), ("wire", "all of the wire"))
_STYLE: Final = """
.pbx-events .pbx-entry { border-bottom: 1px solid var(--jp-border-color2, #8883); line-height: 1.5;
  color: var(--jp-content-font-color1, inherit); }
.pbx-events .pbx-entry summary, .pbx-events .pbx-entry > .pbx-flat { display: grid; cursor: pointer; padding: .1em .6em;
  grid-template-columns: 1em 7.5em 9em minmax(7em, 11em) minmax(10em, 1fr); gap: .6em; list-style: none; }
.pbx-events .pbx-entry > .pbx-flat { cursor: default; }
.pbx-events .pbx-entry summary::-webkit-details-marker { display: none; }
.pbx-events .pbx-entry summary::before { content: "\\25B8"; }
.pbx-events .pbx-entry > .pbx-flat::before { content: ""; }
.pbx-events .pbx-entry details[open] summary::before { content: "\\25BE"; }
.pbx-events .pbx-entry span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pbx-events .pbx-at { font-variant-numeric: tabular-nums; opacity: .85; }
.pbx-events .pbx-kind::before { content: "\\25CF\\00A0"; color: #b5740b; }
.pbx-events .pbx-wire .pbx-kind::before { color: #2f7fd6; }
.pbx-events .pbx-pushed .pbx-kind::before { color: #2f9e55; }
.pbx-events .pbx-failed .pbx-text { color: #d64541; font-weight: 600; }
.pbx-events pre { margin: .2em .6em .5em 2.2em; padding: .5em; overflow: auto; max-height: 24em; font-size: .92em;
  line-height: 1.4; background: var(--jp-layout-color2, #8882); color: var(--jp-content-font-color1, inherit); }
.pbx-events .pbx-more { padding: .1em .6em .1em 2.2em; opacity: .8; }
.pbx-events .pbx-words { line-height: 1.6; padding: 0 .4em; }
"""


class EventLog(View):
    """Events and wire messages, the newest on top. Each entry can be opened.

    It mirrors an ``EventLogModel``. What was drawn stays as it is, so an entry that is open stays open: each drawing
    fills one more piece of the list, and the oldest piece is used again. ``to_dataframe()`` has what is shown.
    """

    def __init__(
        self,
        pbx: Pbx,
        *,
        line: str = "",
        kind: str = "",
        filter: str = "",
        kept: int = KEPT,
        height: str = "24em",
    ) -> None:
        """Show what happens on ``pbx``; ``line`` is an id or number, ``height`` is CSS, the rest scrolls."""
        self.model = EventLogModel(pbx.lines, kept=kept)
        """What is shown; changing its filters changes the list."""
        if line:
            self.model.line = line if line in pbx.lines else pbx.line(line).id
        self.model.kind = kind
        self.model.filter = filter
        self._client = pbx
        self._slots: deque[Any] = deque()
        self._number = 0
        self._left_out = 0
        self._line_box = ipywidgets.Dropdown(options=[("all lines", "")], description="Line", layout={"width": "18em"})
        self._kind_box = ipywidgets.Dropdown(options=[(_EVERYTHING, "")], description="Kind", layout={"width": "17em"})
        self._filter_box = ipywidgets.Text(
            value=filter, description="Filter", placeholder="words …", continuous_update=True, layout={"width": "17em"}
        )
        self._pause = ipywidgets.ToggleButton(
            value=False, description="Pause", tooltip="Hold the list; nothing is lost", layout={"width": "6em"}
        )
        self._clear = ipywidgets.Button(
            description="Clear", tooltip="Forget what has happened so far", layout={"width": "6em"}
        )
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._body = ipywidgets.VBox(layout={"height": height, "overflow": "hidden auto", "display": "flex"})
        controls = [self._line_box, self._kind_box, self._filter_box, self._pause, self._clear, self._words]
        super().__init__(
            pbx,
            [ipywidgets.HBox(controls, layout={"flex_flow": "row wrap", "align_items": "center"}), self._body],
            css=_STYLE,
        )
        self.add_class("pbx-events")
        self.on_change(self._line_box, lambda key: setattr(self.model, "line", key))
        self.on_change(self._kind_box, lambda key: setattr(self.model, "kind", key))
        self.on_change(self._filter_box, lambda words: setattr(self.model, "filter", words))
        self.on_change(self._pause, lambda on: setattr(self.model, "paused", on))
        self.on_click(self._clear, self.model.clear)
        # The wire first: a message is published before the events that the client derives from it.
        self.on_close(pbx.wire(self.callback(self.model.handle_wire)))
        self.mirror(self.model, pbx)

    def draw(self) -> None:
        """Draw the new entries, or the whole list after the filters have changed."""
        redraw, entries = self.model.take()
        if redraw:
            self._left_out = 0
            for slot in self._slots:
                put(slot, "")
            self._fill(entries[-_ANEW:], most=_ANEW)
        elif entries:
            self._left_out += self._fill(entries)
        self._draw_controls()

    def _fill(self, entries: list[Entry], *, most: int = _AT_ONCE) -> int:
        """Put entries on top, into a piece that is free or the oldest, as many as fit; return how many did not."""
        parts: list[str] = []
        room = _LARGE * most / _AT_ONCE
        for entry in reversed(entries[-most:]):
            parts.append(entry_html(entry, self.model.title(entry.line)))
            room -= len(parts[-1])
            if room <= 0:
                break
        left_out = len(entries) - len(parts)
        if left_out:
            parts.append(f'<div class="pbx-more">and {left_out} more at the same time: see to_dataframe()</div>')
        if not parts:
            return 0
        html = "".join(parts)
        self._number += 1
        if len(self._slots) < SLOTS:
            layout = {"margin": "0", "flex": "0 0 auto", "order": str(-self._number)}
            slot = ipywidgets.HTML(html, layout=layout)
            self._slots.append(slot)
            self._body.children = (*self._body.children, slot)
            return left_out
        slot = self._slots.popleft()
        self._slots.append(slot)
        put(slot, html)
        slot.layout.order = str(-self._number)
        return left_out

    def _draw_controls(self) -> None:
        model = self.model
        lines = sorted(model.lines, key=lambda key: (*by_length(model.lines[key].snapshot.number), key))
        set_options(self._line_box, [("all lines", ""), *((model.title(key), key) for key in lines)], model.line)
        kinds = [(kind, kind) for kind in model.kinds]
        if model.kind and model.kind not in dict(kinds) and model.kind not in [key for key, _ in _GROUPS]:
            kinds.append((model.kind, model.kind))
        groups = [(words, key) for key, words in _GROUPS]
        set_options(self._kind_box, [(_EVERYTHING, ""), *groups, *kinds], model.kind)
        said = f"{model.total} in all" if model.total else "Nothing has happened since this list was opened."
        if len(model.entries) < model.total:
            said += f", the last {len(model.entries)} are kept"
        if model.paused:
            said += f" · paused, {model.waiting} wait"
        elif self._left_out:
            said += f" · {self._left_out} too fast to be shown"
        if self._client.status is not Status.ONLINE:
            said += f" · {self._client.status.value}"
        put(self._words, f'<span class="pbx-words" role="status">{escape(said)}</span>')

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"EventLog: {self.model.total} entries"

    def to_html(self) -> str:
        """Return the newest entries as a plain table."""
        rows = [
            (f"{entry.at.astimezone():%H:%M:%S}", entry.kind, self.model.title(entry.line), entry.text)
            for entry in reversed(self.model.shown[-50:])
        ]
        return table_html(("Time", "Kind", "Line", "What"), rows)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the entries that the filters let through, as rows."""
        return self.model.to_dataframe()


def entry_html(entry: Entry, line: str) -> str:
    """Return an entry as HTML, to be unfolded where there is more to see. What the system says is escaped."""
    at = entry.at.astimezone()
    row = (
        f'<span class="pbx-at">{at:%H:%M:%S}.{at.microsecond // 1000:03}</span>'
        f'<span class="pbx-kind">{escape(entry.kind)}</span><span title="{escape(line)}">{escape(line)}</span>'
        f'<span class="pbx-text" title="{escape(entry.text)}">{escape(entry.text)}</span>'
    )
    style = "pbx-entry"
    if entry.wire:
        style += " pbx-wire pbx-pushed" if entry.kind == "pushed" else " pbx-wire"
    if entry.failed:
        style += " pbx-failed"
    body = entry.body
    if not body and entry.event is not None:
        body = event_json(entry.event)
    if not body:
        return f'<div class="{style}"><div class="pbx-flat">{row}</div></div>'
    came = ""
    if entry.event is not None and entry.message is not None:
        came = f"from {entry.message.what}:\n"
    return (
        f'<div class="{style}"><details><summary>{row}</summary>'
        f'<pre tabindex="0">{escape(came)}{escape(body)}</pre></details></div>'
    )
