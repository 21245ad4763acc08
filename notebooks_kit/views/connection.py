"""A form to connect, and the state of the connection."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from html import escape
from time import monotonic
from typing import Any, Final

import ipywidgets

from aiopbx import Pbx, Status

from ..models.connection import LABELS, SYSTEMS, TLS_WORDS, ConnectionModel, system_words
from .controls import button, on_enter, put, show
from .markup import facts_html
from .text_field import TextField
from .view import View, close_widget

_STYLE: Final = """
.pbx-connection .pbx-field { color: var(--jp-error-color1, #c0392b); line-height: 1.4; white-space: normal;
  margin-left: 92px; }
.pbx-connection .pbx-facts { display: grid; grid-template-columns: max-content auto; gap: .1em 1em; margin: 0;
  line-height: 1.5; }
.pbx-connection .pbx-facts dt { opacity: .75; }
.pbx-connection .pbx-facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.pbx-connection .pbx-status { font-weight: 600; }
.pbx-connection .pbx-status::before { content: "\\25CF\\00A0"; color: #8a8f98; }
.pbx-connection .pbx-status-online::before { color: #2f9e55; }
.pbx-connection .pbx-status-offline::before { color: #c0392b; }
.pbx-connection .pbx-status-connecting::before, .pbx-connection .pbx-status-syncing::before { color: #e0a100; }
"""
_HINTS: Final = {
    "url": "https://pbx.example.com",
    "username": "login name",
    "enterprise": "enterprise name",
    "ca_file": "path of a PEM file, only if the certificate is your own",
}
_ending: Final[set["asyncio.Task[None]"]] = set()


class ConnectionPanel(View):
    """A form that connects, tests, disconnects or starts the demo, and shows the state of the connection.

    ``pbx`` is the client, once it is connected. ``then`` makes what is shown below it from then on, such as
    ``LineBoard`` or ``Console``; it ends with the connection. ``close()`` closes the connection, too, and so does
    running the cell again. The password leaves the form as soon as it has been used.
    """

    def __init__(self, *, then: Callable[[Pbx], Any] | None = None, model: ConnectionModel | None = None) -> None:
        """Show an empty form."""
        self.model = model or ConnectionModel()
        """The model of this view."""
        self._then = then
        self._below: Any = None
        self._below_of: Pbx | None = None
        self._boxes = {name: self._box(name) for name in LABELS}
        self._faults = {name: ipywidgets.HTML(layout={"display": "none", "margin": "0"}) for name in LABELS}
        self._test = button("Test", "Log in, count the lines and log out", width="9em")
        self._connect = button("Connect", "Connect with what was typed", "primary", width="9em")
        self._demo = button("Demo", "Start a simulated telephone system in this kernel and connect to it", width="9em")
        self._disconnect = button("Disconnect", "Close the connection", width="9em")
        self._state = ipywidgets.HTML()
        self._facts = ipywidgets.HTML()
        rows = [part for name in LABELS for part in (self._boxes[name], self._faults[name])]
        self._form = ipywidgets.VBox(rows)
        self._place = ipywidgets.VBox()
        super().__init__(
            None,
            [
                self._form,
                ipywidgets.HBox([self._connect, self._test, self._demo, self._disconnect]),
                self._state,
                self._facts,
                self._place,
            ],
            css=_STYLE,
        )
        self.add_class("pbx-connection")
        for name, box in self._boxes.items():
            self.on_change(box, partial(self.model.set, name))
        self.on_click(self._test, partial(self._with_typed, self.model.test))
        self.on_click(self._connect, partial(self._with_typed, self.model.connect))
        on_enter(self, self._boxes["password"], partial(self._with_typed, self.model.connect), busy=self._connect)
        self.on_click(self._demo, self.model.start_demo)
        self.on_click(self._disconnect, self.model.disconnect)
        self.every(1.0, lambda: self.model.sample(monotonic()))
        self.on_close(self._leave)
        self.mirror(self.model)

    @property
    def pbx(self) -> Pbx | None:
        """The connected client; ``None`` while there is no connection."""
        return self.model.pbx

    def draw(self) -> None:
        """Draw what has changed."""
        model = self.model
        pbx = model.pbx
        if pbx is not None:
            put(self._boxes["password"], "")
        shown = model.shown if pbx is None else ()
        for name, box in self._boxes.items():
            show(box, name in shown)
            fault = model.problems.get(name, "") if name in shown else ""
            text = f'<div role="alert" class="pbx-field">{escape(LABELS[name])}: {escape(fault)}</div>' if fault else ""
            put(self._faults[name], text)
            show(self._faults[name], bool(text))
            put(box, bool(model.working), "disabled")
        put(self._boxes["password"], "as before, if left empty" if model.password_kept else "", "placeholder")
        for each, there in (
            (self._connect, pbx is None),
            (self._test, pbx is None),
            (self._demo, pbx is None),
            (self._disconnect, pbx is not None),
        ):
            show(each, there)
            if not self.is_busy(each):
                put(each, bool(model.working), "disabled")
        put(self._state, self._state_html())
        put(self._facts, self._facts_html())
        self._draw_below(pbx)

    def _draw_below(self, pbx: Pbx | None) -> None:
        if pbx is self._below_of or self._then is None:
            return
        former, self._below, self._below_of = self._below, None, pbx
        if pbx is not None:
            self._below = self._then(pbx)
        self._place.children = () if self._below is None else (self._below,)
        if former is not None:
            close_widget(former)

    def _state_html(self) -> str:
        model = self.model
        status = model.status
        if model.working:
            text, kind = model.working, "connecting"
        elif status is None:
            text, kind = model.found or "not connected", "online" if model.found else "none"
        else:
            text, kind = str(status), str(status)
            if status is not Status.ONLINE and model.reason:
                text += f": {model.reason}"
        return f'<span role="status" class="pbx-status pbx-status-{escape(kind)}">{escape(text)}</span>'

    def _facts_html(self) -> str:
        return facts_html(self.model.facts)

    def _box(self, name: str) -> Any:
        label, value = LABELS[name], self.model.fields.get(name, "")
        layout = {"width": "30em", "max_width": "100%"}
        if name == "system":
            options = [(system_words(system), system) for system in SYSTEMS]
            return ipywidgets.Dropdown(options=options, value=value, description=label, layout=layout)
        if name == "tls":
            options = [(words, key) for key, words in TLS_WORDS.items()]
            return ipywidgets.Dropdown(options=options, value=value, description=label, layout=layout)
        if name == "password":
            return TextField(kind="password", description=label, layout=layout)
        return TextField(value, placeholder=_HINTS.get(name, ""), description=label, layout=layout)

    async def _with_typed(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do this with what was typed last, which is on its way into the model."""
        await asyncio.sleep(0)
        await work()

    def _leave(self) -> None:
        pbx = self.model.release()
        if pbx is None or self.loop.is_closed():
            return
        task = self.loop.create_task(pbx.close())
        _ending.add(task)
        task.add_done_callback(_ending.discard)

    def to_html(self) -> str:
        """Return the state of the connection."""
        return self._state_html() + self._facts_html()
