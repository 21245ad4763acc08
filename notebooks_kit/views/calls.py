"""The calls of a line as a widget, with exactly the buttons that each has now."""

from collections.abc import Callable
from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import Line, Status

from ..models.calls import OPERATIONS, CallRow, CallsModel, Needs, Operation, operation
from ..models.formatting import offline_note, titled
from .controls import on_enter, set_options, show
from .markup import table_html
from .text_field import TextField
from .view import View, close_widget

_STYLE: Final = """
.pbx-calls .pbx-call { border: 1px solid var(--jp-border-color2, #8883); border-left: .3em solid #8a8f98;
  border-radius: 3px; padding: .3em .6em .4em; margin: 0 0 .5em 0; }
.pbx-calls .pbx-call-head { display: flex; gap: .4em 1em; align-items: baseline; flex-wrap: wrap; line-height: 1.5;
  color: var(--jp-content-font-color1, inherit); }
.pbx-calls .pbx-call-party { font-weight: 600; font-size: 1.1em; overflow-wrap: anywhere; }
.pbx-calls .pbx-call-number { opacity: .8; line-height: 1.7; }
.pbx-calls .pbx-call-notes { opacity: .8; overflow-wrap: anywhere; }
.pbx-calls .pbx-call-timer { font-variant-numeric: tabular-nums; font-size: 1.2em; line-height: 1.4;
  color: var(--jp-content-font-color1, inherit); }
.pbx-calls .pbx-call-state::before { content: "\\25CF\\00A0"; color: #8a8f98; }
.pbx-calls .pbx-ringing_incoming { border-left-color: #e0a100; background: #e0a10018; }
.pbx-calls .pbx-ringing_incoming .pbx-call-state::before { color: #e0a100; }
.pbx-calls .pbx-active { border-left-color: #2f9e55; }
.pbx-calls .pbx-active .pbx-call-state::before { color: #2f9e55; }
.pbx-calls .pbx-held { border-left-color: #3b82d6; }
.pbx-calls .pbx-held .pbx-call-state::before { color: #3b82d6; }
.pbx-calls .pbx-dialing, .pbx-calls .pbx-ringing_outgoing { border-left-color: #8e6bd8; }
.pbx-calls .pbx-dialing .pbx-call-state::before,
.pbx-calls .pbx-ringing_outgoing .pbx-call-state::before { color: #8e6bd8; }
.pbx-calls .pbx-ended { opacity: .65; border-left-color: transparent; }
.pbx-calls .pbx-call-buttons { flex-flow: row wrap; gap: .1em; }
.pbx-calls .pbx-call-form { flex-flow: row wrap; align-items: center; padding: .2em 0 0 .6em; margin: .2em 0 0 0;
  border-left: 2px solid var(--jp-brand-color1, #1976d2); }
.pbx-calls .pbx-none { opacity: .8; line-height: 1.5; }
.pbx-calls.pbx-stale .pbx-call { opacity: .6; }
"""
_FOCUS: Final = 2.0
"""Seconds after a click in which the focus is kept in the row if the button that was clicked goes away."""


class CallPanel(View):
    """The calls of a line, live: state, party, a running timer, and the buttons that the system allows now.

    It mirrors a ``CallsModel``. A call's row is made once and changed; after its end it stays for a while and says how
    it ended. What an operation needs to know (a number, a device, whom to drop) is asked for in the row.
    """

    def __init__(self, line: Line, **options: Any) -> None:
        """Show the calls of ``line``; ``options`` are those of ``CallsModel``, such as ``linger``."""
        self.line = line
        self.model = CallsModel(line, **options)
        """The model of this view."""
        self._rows: dict[str, _Row] = {}
        # One layout each for all buttons that are there and that are not: a button is one widget, not three.
        self._there = ipywidgets.Layout(width="auto", margin="0 .3em .2em 0")
        self._away = ipywidgets.Layout(display="none")
        self._styles = {style: ipywidgets.ButtonStyle() for style in {each.style for each in OPERATIONS}}
        self._title = ipywidgets.HTML(layout={"margin": "0"})
        self._none = ipywidgets.HTML(layout={"margin": "0"})
        self._body = ipywidgets.VBox()
        super().__init__(line.pbx, [self._title, self._none, self._body], css=_STYLE)
        self.add_class("pbx-calls")
        self.on_close(self._forget)
        self.every(1.0, self._tick)
        self.mirror(self.model, line)

    def draw(self) -> None:
        """Draw what has changed."""
        dirty = self.model.take()
        online = self.model.status is Status.ONLINE
        name = titled(self.line.number, self.line.name, self.line.id)
        title = f"Calls of {name}{offline_note(self.model.status)}"
        (self.remove_class if online else self.add_class)("pbx-stale")
        self._title.value = f"<b>{escape(title)}</b>"
        gone = [self._rows.pop(key) for key in list(self._rows) if self.model.row(key) is None]
        rows = self.model.rows
        for row in rows:
            drawn = self._rows.get(row.call)
            if drawn is None:
                drawn = self._rows[row.call] = _Row(self, row)
            elif row.call not in dirty:
                continue
            drawn.draw(row)
        several = sum(bool(row.buttons) for row in rows) > 1
        for index, row in enumerate(rows, 1):
            self._rows[row.call].name(index if several and row.buttons else 0)
        order = tuple(self._rows[row.call].box for row in rows)
        if self._body.children != order:
            self._body.children = order
        for each in gone:
            each.close()
        self._none.value = f'<div class="pbx-none" role="status">{escape(self.model.nothing)}</div>'
        show(self._none, not rows)
        self._draw_timers()

    def _tick(self) -> None:
        if self._rests():
            self._wants_frame = True
        elif not self.model.tick():
            self._draw_timers()

    def _draw_timers(self) -> None:
        now = self.model.clock()
        for row in self.model.rows:
            drawn = self._rows.get(row.call)
            if drawn is not None:
                drawn.draw_timer(row.timer(now))

    def _forget(self) -> None:
        self._rows.clear()
        for part in (self._there, self._away, *self._styles.values()):
            part.close()

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"CallPanel of {self.line.number or self.line.name}: {len(self.line.snapshot.calls)} calls"

    def to_html(self) -> str:
        """Return the calls as a plain table."""
        self.draw_now()
        now = self.model.clock()
        rows = [
            (
                row.party,
                row.words,
                row.timer(now),
                ", ".join(row.notes),
                ", ".join(operation(name).label for name in row.buttons),
            )
            for row in self.model.rows
        ]
        return table_html(("With", "State", "Time", "Notes", "Possible now"), rows)


class _Row:
    """One call: what it is, its buttons, and the form that asks for what a button needs."""

    def __init__(self, panel: CallPanel, row: CallRow) -> None:
        self._panel = panel
        self._call = row.call
        self._asked: Operation | None = None
        self._clicked: tuple[str, float] | None = None
        self._state = ""
        self._number = 0
        self._there: tuple[str, ...] = ()
        self._named: tuple[str, ...] = ()
        self._mark = ipywidgets.HTML(layout={"margin": "0 .5em 0 0", "flex": "0 0 auto", "display": "none"})
        self._head = ipywidgets.HTML(layout={"margin": "0", "flex": "1 1 auto"})
        self._timer = ipywidgets.HTML(layout={"margin": "0", "flex": "0 0 auto"})
        self._buttons = {each.name: self._button(each) for each in OPERATIONS}
        self._button_box = ipywidgets.HBox(list(self._buttons.values()))
        self._button_box.add_class("pbx-call-buttons")
        self._text = TextField(layout={"width": "18em", "display": "none"})
        self._list = ipywidgets.Dropdown(layout={"width": "22em", "display": "none"})
        self._go = ipywidgets.Button(button_style="primary", layout={"width": "auto"})
        self._stop = ipywidgets.Button(
            description="Cancel", tooltip="Close this form, and do nothing", layout={"width": "auto"}
        )
        self._form = ipywidgets.HBox([self._text, self._list, self._go, self._stop], layout={"display": "none"})
        self._form.add_class("pbx-call-form")
        self.box = ipywidgets.VBox(
            [ipywidgets.HBox([self._mark, self._head, self._timer]), self._button_box, self._form]
        )
        self.box.add_class("pbx-call")
        panel.on_click(self._go, self._submit)
        panel.on_click(self._stop, self._close_form)
        on_enter(panel, self._text, self._submit, busy=self._go)

    def _button(self, each: Operation) -> Any:
        panel = self._panel
        button = ipywidgets.Button(
            description=each.label,
            tooltip=each.help,
            button_style=each.style,
            style=panel._styles[each.style],
            layout=panel._away,
        )
        panel.on_click(button, self._work(each, button))
        return button

    def _work(self, each: Operation, button: Any) -> Callable[[], Any]:
        def work() -> Any:
            if self._panel.model.asks(self._call, each.name):
                self._open_form(each)
                return None
            self._clicked = (each.name, self._panel.loop.time())
            return self._panel.model.do(self._call, each.name)

        return work

    # -------------------------------------------------------------------------------------------------------- drawing

    def draw(self, row: CallRow) -> None:
        """Mirror the row."""
        state = "pbx-ended" if row.ended else f"pbx-{row.state.value}"
        if state != self._state:
            if self._state:
                self.box.remove_class(self._state)
            self.box.add_class(state)
            self._state = state
        self._head.value = row_html(row)
        self._there = row.buttons
        there, away = self._panel._there, self._panel._away
        for name, button in self._buttons.items():
            layout = there if name in row.buttons else away
            if button.layout is not layout:
                button.layout = layout
        show(self._button_box, bool(row.buttons))
        if self._asked is not None and self._asked.name not in row.buttons:
            self._close_form()
        elif self._asked is not None:
            self._draw_choices(self._asked)
        if self._clicked is not None and self._clicked[0] not in row.buttons:
            recent = self._panel.loop.time() - self._clicked[1] < _FOCUS
            self._clicked = None
            if recent and row.buttons:  # the focus would be lost with the button
                self._buttons[row.buttons[0]].focus()

    def name(self, number: int) -> None:
        """Count the row, where there are several: a button says by its name alone which call it is for."""
        if number == self._number and self._named == self._there:
            return
        self._number, self._named = number, self._there
        for each in OPERATIONS:
            if each.name in self._there:
                button, label = self._buttons[each.name], numbered(each.label, number)
                if button.description != label:
                    button.description = label
        text = f'<b class="pbx-call-number">{number}</b>' if number else ""
        if self._mark.value != text:
            self._mark.value = text
            show(self._mark, bool(text))

    def draw_timer(self, text: str) -> None:
        """Show how long it lasts."""
        self._timer.value = f'<span class="pbx-call-timer" role="timer">{escape(text)}</span>' if text else ""

    # ------------------------------------------------------------------------------------------------------- the form

    def _open_form(self, each: Operation) -> None:
        for other in self._panel._rows.values():
            if other is not self and other._asked is not None:
                other._close_form()
        with self._panel.mirroring():
            self._asked = each
            typed = each.needs.typed
            self._text.value = ""
            self._text.description = each.asked_for if typed else ""
            self._text.placeholder = {Needs.NUMBER: "number", Needs.DIGITS: "digits"}.get(each.needs, "")
            self._list.description = each.asked_for if not typed else ""
            self._go.description = each.label.removesuffix(" …") if "…" in each.label else f"{each.label} now"
            self._go.tooltip = each.help
            show(self._text, typed)
            show(self._list, not typed)
            self._list.options = ()
            self._draw_choices(each)
            show(self._form, True)
        (self._text if typed else self._list).focus()

    def _draw_choices(self, each: Operation) -> None:
        if each.needs.typed:
            return
        choices = self._panel.model.choices(self._call, each.name)
        if not choices:
            self._close_form()
            return
        chosen = self._list.value
        set_options(self._list, choices, chosen if chosen in {value for _, value in choices} else choices[0][1])

    def _close_form(self) -> None:
        asked, self._asked = self._asked, None
        self._text.description = self._list.description = ""
        show(self._form, False)
        row = self._panel.model.row(self._call)
        if asked is not None and row is not None and asked.name in row.buttons:
            self._buttons[asked.name].focus()

    async def _submit(self) -> None:
        each = self._asked
        if each is None:
            return
        value = self._text.value if each.needs.typed else self._list.value
        await self._panel.model.do(self._call, each.name, value or "")
        if self._asked is not each:
            return
        if each.needs is Needs.DIGITS:  # more of them may follow
            self._text.value = ""
            self._text.focus()
        else:
            self._close_form()

    def close(self) -> None:
        """Take it away. What all buttons share stays."""
        for button in self._buttons.values():
            button.close()
        self._button_box.children = ()
        close_widget(self.box)


def numbered(label: str, number: int) -> str:
    """Return a label with its number: ``Hold 2``, ``Add … 2``; without one if it is 0."""
    return f"{label} {number}" if number else label


def row_html(row: CallRow) -> str:
    """Return what there is to say about a call as HTML. Whatever comes from the system is escaped."""
    arrow = {"incoming": "←", "outgoing": "→"}.get(row.direction.value, "↔")
    way = {"incoming": "from", "outgoing": "to"}.get(row.direction.value, "with")
    notes = "".join(f'<span class="pbx-call-notes">{escape(note)}</span>' for note in row.notes)
    return (
        f'<div class="pbx-call-head" role="group" aria-label="{escape(row.label)}">'
        f'<span class="pbx-call-party"><span title="{way}" aria-hidden="true">{arrow}</span> '
        f"{escape(row.party or 'unknown')}</span>"
        f'<span class="pbx-call-state" role="status">{escape(row.words)}</span>{notes}</div>'
    )
