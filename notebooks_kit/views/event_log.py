"""A live list of events and wire messages, as a widget."""

from collections import deque
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final

import traitlets

from aiopbx import Pbx, Status

from ..models.event_log import KEPT, Entry, EventLogModel, event_json
from ..models.formatting import by_length
from .markup import table_html
from .rows import Row
from .table import Control, TableView, press, select, text, toggle

if TYPE_CHECKING:
    import pandas

_GROUPS: Final = (("everything", ""), ("calls", "calls"), ("all events", "events"), ("all of the wire", "wire"))
_COLUMNS: Final = (
    {"name": "at", "label": "Time", "width": "7.5em"},
    {"name": "kind", "label": "Kind", "width": "10em"},
    {"name": "line", "label": "Line", "width": "minmax(7em, 11em)"},
    {"name": "text", "label": "What", "width": "minmax(10em, 1fr)"},
)
_AT_ONCE: Final = 50
"""Rows that are made before the clock is looked at."""


class EventLog(TableView):
    """Events and wire messages, the newest on top. What there is to see of an entry is shown when it is clicked.

    It mirrors an ``EventLogModel``. ``filter``, ``line``, ``kind`` and ``paused`` are traits to observe and to link.
    ``to_dataframe()`` has what is shown.
    """

    line = traitlets.Unicode().tag(sync=True)
    """The ``id`` of the line that is shown alone; empty is every line."""
    kind = traitlets.Unicode().tag(sync=True)
    """The kind that is shown alone, or ``events``, ``calls``, ``wire``; empty is everything."""
    paused = traitlets.Bool(False).tag(sync=True)
    """Whether new entries are held back."""

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
        self._new: deque[Entry] = deque()
        self._oldest = 0
        super().__init__(
            pbx,
            kind="events",
            columns=_COLUMNS,
            controls=self._wanted_controls(),
            height=height,
            lines=2,
            filter=filter,
            line=self.model.line,
        )
        self.kind = kind
        for name in ("filter", "line", "kind", "paused"):
            self.follow(name, partial(setattr, self.model, name))
        self.on_press("clear", self.model.clear)
        # The wire first: a message is published before the events that the client derives from it.
        self.on_close(pbx.wire(self.callback(self.model.handle_wire)))
        self.mirror(self.model, pbx)

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw_rows(self, seconds: float | None) -> bool:
        """Make the rows of what is new, or of the whole list after the filters have changed."""
        model = self.model
        redraw, entries = model.take()
        if redraw:
            self.rows.keep(str(entry.number) for entry in entries)
            self._new = deque(entry for entry in entries if str(entry.number) not in self.rows)
        else:
            self._new.extend(entries)
        oldest = model.oldest
        for number in range(self._oldest, oldest):
            self.rows.remove(str(number))
        self._oldest = oldest
        while self._new and self._new[0].number < oldest:
            self._new.popleft()
        end = perf_counter() + seconds if seconds is not None else None
        while self._new:
            for _ in range(min(_AT_ONCE, len(self._new))):
                entry = self._new.pop()
                self.rows.put(str(entry.number), entry_row(entry, model.title(entry.line)), -entry.number)
            if end is not None and perf_counter() >= end:
                break
        return not self._new

    def draw_frame(self) -> None:
        """Bring what is chosen and what can be chosen up to date, and say how many entries there are."""
        model = self.model
        for name in ("filter", "line", "kind", "paused"):
            self.give(name, getattr(model, name))
        self.put_controls(self._wanted_controls())
        said = f"{model.total} in all" if model.total else "Nothing has happened since this list was opened."
        if len(model.entries) < model.total:
            said += f", the last {len(model.entries)} are kept"
        if model.paused:
            said += f" · paused, {model.waiting} wait"
        if self._client.status is not Status.ONLINE:
            said += f" · {self._client.status.value}"
        if self.summary != said:
            self.summary = said

    def _wanted_controls(self) -> list[Control]:
        model = self.model
        lines = sorted(model.lines, key=lambda key: (*by_length(model.lines[key].snapshot.number), key))
        kinds = [*_GROUPS, *((kind, kind) for kind in model.kinds)]
        if model.kind not in [key for _, key in kinds]:
            kinds.append((model.kind, model.kind))
        return [
            select("line", "Line", [("all lines", ""), *((model.title(key), key) for key in lines)]),
            select("kind", "Kind", kinds),
            text("filter", "Filter", "words …"),
            toggle("paused", "Pause", "Hold the list; nothing is lost"),
            press("clear", "Clear", "Forget what has happened so far"),
        ]

    def details(self, key: str) -> str:
        """Return the wire message of an entry, and for an event the message that it came from."""
        entry = self.model.entry(int(key))
        if entry is None:
            return ""
        body = entry.body or (event_json(entry.event) if entry.event is not None else "")
        came = f"from {entry.message.what}:\n" if entry.event is not None and entry.message is not None else ""
        return came + body

    # -------------------------------------------------------------------------------------------- without live widgets

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


def entry_row(entry: Entry, line: str) -> Row:
    """Return an entry as the list shows it."""
    at = entry.at.astimezone()
    style = ""
    if entry.wire:
        style = "pbx-wire pbx-pushed" if entry.kind == "pushed" else "pbx-wire"
    if entry.failed:
        style += " pbx-failed"
    more = entry.event is not None or bool(entry.message is not None and entry.message.body)
    time = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
    label = ", ".join(part for part in (time, entry.kind, line, entry.text) if part)
    return Row(label, (time, entry.kind, line, entry.text), style, opens=more)
