"""A table that is live in every page: one model, the rows that are visible, and traits to link and to observe."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from .dropped import keep, let_go
from .rows import Rows
from .view import View, Work

_HERE: Final = Path(__file__)
_SCRIPT: Final = _HERE.with_suffix(".js").read_text(encoding="utf-8")
_CSS: Final = _HERE.with_suffix(".css").read_text(encoding="utf-8")

ASK: Final = 1.0
"""Seconds between two questions whether a page is still there."""
PATIENCE: Final = 10.0
"""Seconds without an answer after which no page is there any more."""
SLICE: Final = 0.01
"""Seconds that rows are made for at a time, so that the client's loop goes on."""
STORED: Final = 500
"""Rows of a plain table, at most: it is for reading, and for files."""

Control = dict[str, Any]


def text(name: str, label: str, hint: str = "") -> Control:
    """Return a field whose text is the trait of this name."""
    return {"kind": "text", "name": name, "label": label, "hint": hint}


def select(name: str, label: str, options: Sequence[tuple[str, str]]) -> Control:
    """Return a list whose choice is the trait of this name; ``options`` are labels and values."""
    return {"kind": "select", "name": name, "label": label, "options": [list(option) for option in options]}


def toggle(name: str, label: str, tooltip: str = "") -> Control:
    """Return a button that is pressed while the trait of this name is true."""
    return {"kind": "toggle", "name": name, "label": label, "tooltip": tooltip}


def day(name: str, label: str) -> Control:
    """Return a field for a day, which is the trait of this name as ``2026-01-31``, or empty."""
    return {"kind": "day", "name": name, "label": label}


def press(name: str, label: str, tooltip: str = "", *, disabled: bool = False, hidden: bool = False) -> Control:
    """Return a button; ``TableView.on_press`` says what it does."""
    return {
        "kind": "press",
        "name": name,
        "label": label,
        "tooltip": tooltip or label,
        "disabled": disabled,
        "hidden": hidden,
    }


class TableView(anywidget.AnyWidget, View):
    """A view whose rows are a table: ``filter``, ``selected`` and ``value`` can be observed and linked.

    The page has the rows in memory and only those in its document that are visible. What changes within a frame is one
    message. While no page shows the table, it rests: nothing is drawn or sent until one does.
    """

    _esm = traitlets.Unicode(_SCRIPT).tag(sync=True)
    _css = traitlets.Unicode(_CSS).tag(sync=True)

    filter = traitlets.Unicode().tag(sync=True)
    """Words that a row must contain, all of them."""
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The keys of the rows that are chosen."""
    value = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The rows that are chosen, as they are now: the text of each column by its name. To be read, not to be set."""
    summary = traitlets.Unicode().tag(sync=True)
    """The state of the whole in words."""
    stale = traitlets.Bool(False).tag(sync=True)
    """Whether what is shown may be outdated."""

    _kind = traitlets.Unicode().tag(sync=True)
    _columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    _controls = traitlets.List(traitlets.Dict()).tag(sync=True)
    _mode = traitlets.Enum(("none", "one", "many"), "none").tag(sync=True)
    _height = traitlets.Unicode("24em").tag(sync=True)
    _lines = traitlets.Int(2).tag(sync=True)
    _question = traitlets.Dict().tag(sync=True)
    _trouble = traitlets.Unicode().tag(sync=True)
    _table = traitlets.Int(0).tag(
        sync=True, to_json=lambda _, view: view._whole(), from_json=lambda _, view: view._table
    )

    def __init__(
        self,
        pbx: Any,
        *,
        kind: str,
        columns: Sequence[Mapping[str, Any]],
        controls: Sequence[Control],
        height: str,
        mode: str = "none",
        lines: int = 2,
        **keywords: Any,
    ) -> None:
        """Make the table; ``lines`` is how many a row takes where the page is narrow."""
        self.rows = Rows()
        """What is shown."""
        self._pages: dict[str, bool] = {}
        self._referred_to = False
        self._loose = False
        self._asked: float | None = None
        self._answered = 0.0
        self._sending = 0
        self._presses: dict[str, Work] = {}
        self._row_presses: dict[str, Callable[[str], Any]] = {}
        self._pressing: set[str] = set()
        self._answer: Work | None = None
        self._given: dict[str, Any] = {}
        super().__init__(
            pbx,
            [],
            _kind=kind,
            _columns=[dict(column) for column in columns],
            _controls=list(controls),
            _mode=mode,
            _height=height,
            _lines=lines,
            **keywords,
        )
        self.add_class(f"pbx-{kind}")
        self.on_msg(self._hear)
        self.on_change(self, lambda _: self._selection_changed(), "selected")
        self._loosen()

    def _surround(self, children: Sequence[Any], css: str) -> list[Any]:
        return []

    def _place_problem(self, html: str) -> None:
        if self._trouble != html:
            self._trouble = html

    # ------------------------------------------------------------------------------------------------ what users do

    def follow(self, name: str, put: Callable[[Any], Awaitable[object] | None]) -> None:
        """Call ``put`` in the client's loop when the trait of this name changes, by a user, a link or in code."""
        self._given[name] = getattr(self, name)
        self.on_change(self, put, name)

    def give(self, name: str, value: Any) -> None:
        """Set a trait to what the model has now, if the model has changed it."""
        if self._given.get(name) != value:
            self._given[name] = value
            setattr(self, name, value)

    def on_press(self, name: str, work: Work) -> None:
        """Do this when the button of this name is pressed, as ``View.on_click`` does."""
        self._presses[name] = work

    def on_row_press(self, name: str, work: Callable[[str], Any]) -> None:
        """Do this, with the key of the row, when the button of this name in a row is pressed."""
        self._row_presses[name] = work

    def press(self, name: str, key: str | None = None) -> None:
        """Press a button, as a page does: one of the table, or one in the row of this key. Safe from any thread."""
        if key is not None:
            work = self._row_presses.get(name)
            if work is not None and key in self.rows:
                self._work(f"{name} {key}", lambda: work(key))
        elif name in ("yes", "no"):
            answer, self._answer = self._answer, None
            self._question = {}
            if name == "yes" and answer is not None:
                self._work(name, answer)
        elif name == "dismiss":
            self.show_problem(None)
        elif name in self._presses and not self._is_off(name):
            self._work(name, self._presses[name])

    def _is_off(self, name: str) -> bool:
        return any(each["name"] == name and (each.get("disabled") or each.get("hidden")) for each in self._controls)

    def _work(self, name: str, work: Work) -> None:
        """Do what a button stands for; a second press meanwhile does nothing."""
        if name in self._pressing:
            return

        async def until_done() -> None:
            try:
                result = work()
                if result is not None:
                    await result
            finally:
                self._pressing.discard(name)

        self._pressing.add(name)
        self.do(until_done)

    def ask(self, question: str, yes: str, work: Work, *, no: str = "Keep") -> None:
        """Ask before something is done that cannot be undone, and do it if the answer is yes."""
        self._answer = work
        self._question = {"text": question, "yes": yes, "no": no}

    def withdraw(self) -> None:
        """Withdraw the question."""
        self._answer = None
        if self._question:
            self._question = {}

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return bool(self._question)

    def _selection_changed(self) -> None:
        self._show_value()

    def _show_value(self) -> None:
        names = [str(column["label"]) for column in self._columns]
        value = []
        for key in self.selected:
            row = self.rows.get(key)
            if row is not None:
                cells = [cell if isinstance(cell, str) else getattr(cell, "label", "") for cell in row.cells]
                value.append({"key": key, **{name: cell for name, cell in zip(names, cells, strict=True) if name}})
        if self.value != value:
            self.value = value

    def details(self, key: str) -> str:
        """Return what there is to see of a row that a user opens."""
        return ""

    # ---------------------------------------------------------------------------------------------------- the pages

    def _loosen(self) -> None:
        """Leave it to others how long the table lives: no page has it, and nothing that a page has refers to it."""
        if not self._referred_to and not self._loose and not self._closed:
            self._loose = True
            let_go(self)

    def _hold(self) -> None:
        """Live until ``close``: a page has the table, or is about to."""
        if self._loose and not self._closed:
            self._loose = False
            keep(self)

    @property
    def model_id(self) -> str:
        """The id of the widget. Who asks for it will refer to it, for example a box that the table stands in."""
        if not self._closed and self._loose:
            self._referred_to = True
            self._hold()
        return str(self.comm.comm_id)

    @property
    def watched(self) -> bool:
        """Whether a page shows the table."""
        return any(self._pages.values())

    def _hear(self, _: Any, content: Any, buffers: Any) -> None:
        """Take a message of a page, in whatever thread the kernel gets it."""
        match content:
            case {"event": "press", "name": str(name), "row": str(key)}:
                self._hop(self.press, name, key)
            case {"event": "press", "name": str(name)}:
                self._hop(self.press, name)
            case {"event": "open", "row": str(key)}:
                self._hop(self._open, key)
            case {"event": "ready" | "shown" | "hidden" | "gone" | "seen" as event, "page": str(page), **rest}:
                self._hop(self._page_says, event, page, rest.get("version"))

    def _open(self, key: str) -> None:
        if key in self.rows:
            self.send({"do": "details", "row": key, "text": self.details(key)})

    def _page_says(self, event: str, page: str, version: Any) -> None:
        self._answered = self._loop.time()
        self._asked = None
        if event == "gone":
            self._pages.pop(page, None)
            if not self._pages:
                self._loosen()
            return
        self._hold()
        self._pages[page] = event != "hidden"
        if event == "seen":
            self._sending = 0
            if self._wants_frame and self._frame is None:
                self.draw_now()
            return
        if event == "ready" and version != self.rows.version:
            self.rows.start_over()
        self._sending = 0
        if event != "hidden":
            self.draw_now()

    def _rests(self) -> bool:
        """Whether no page shows the table, or none has answered for a while."""
        if self._asked is not None and self._loop.time() - self._asked > PATIENCE:
            self._pages.clear()
            self._asked = None
        return not self.watched

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Bring the rows up to date for a while, and send what fits."""
        complete = self.draw_rows(SLICE)
        self.draw_frame()
        if self.selected:
            self._show_value()
        if self._rests():
            self._wants_frame = self._wants_frame or not complete
            return
        sent = self._send_rows(complete)
        if not complete or (self.rows.waiting and sent):
            # at once, but others come first
            self._wants_frame = True
            if self._frame is None:
                self._frame = self._loop.call_later(0, self.draw_now)

    def _send_rows(self, complete: bool) -> bool:
        """Send one message of rows, unless the page has yet to take in the last of a long series."""
        if not self.rows.waiting or self._sending > 2:
            self._wants_frame = self._wants_frame or self.rows.waiting
            return False
        now = self._loop.time()
        content = self.rows.message()
        more = bool(content["more"]) or not complete
        ask = more or (self._asked is None and now - self._answered >= ASK)
        if more:
            self._sending += 1
        if ask and self._asked is None:
            self._asked = now
        self.send({**content, "ask": ask})
        return True

    def draw_rows(self, seconds: float | None) -> bool:
        """Bring ``rows`` up to date, for about this long (``None``: to the end); return whether that was all."""
        raise NotImplementedError

    def draw_frame(self) -> None:
        """Bring everything else up to date: the summary, what buttons say."""

    def put_controls(self, controls: Sequence[Control]) -> None:
        """Show these controls, if they are others than before."""
        if self._controls != list(controls):
            self._controls = list(controls)

    def draw_what_waits(self) -> None:
        """Draw at once what waits, all of it: a file is to have every row, although no page shows the table."""
        super().draw_what_waits()
        if self._wants_frame:
            with self.mirroring():
                self.draw_rows(None)
                self.draw_frame()

    def _stop(self) -> None:
        super()._stop()
        if self.stopped and not self.watched and self.comm is not None:
            self.send_state("_table")  # pages that do not look now may never ask

    def _whole(self) -> dict[str, Any]:
        """Everything, for a page that is new and for a file: called when the state of the widget is asked for."""
        return self.rows.whole()

    def _end(self) -> None:
        self._pages.clear()
        super()._end()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        self._hold()
        return View._repr_mimebundle_(self, **kwargs)  # anywidget's knows no plain picture
