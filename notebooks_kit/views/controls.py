"""Controls that several views have: buttons, fields, lists, and a question before something is done for good."""

import asyncio
from collections.abc import Sequence
from html import escape
from typing import Any, Final

import ipywidgets

from .view import View, Work

QUIET: Final = 0.3
"""Seconds without another character before typed text is used.

A page sends typed text at most once a round trip, but a click and the Enter key at once, so these may overtake the last
characters. Whatever uses a field therefore waits until nothing has arrived for a moment; people are slower anyway.
"""


class Typed:
    """A text field whose content a button or the Enter key uses."""

    def __init__(self, view: View, text: Any) -> None:
        """Watch the field ``text`` of ``view``."""
        self._view = view
        self._text = text
        self._changed_at = -QUIET
        text.observe(self._changed, "value")

    def _changed(self, change: Any) -> None:
        self._changed_at = self._view.loop.time()

    async def settled(self) -> str:
        """Return the text, once nothing has been typed for a moment."""
        while (left := self._changed_at + QUIET - self._view.loop.time()) > 0:  # noqa: ASYNC110 - no event says when
            await asyncio.sleep(left)
        return str(self._text.value)


def on_enter(view: View, text: Any, work: Work, *, busy: Any = None) -> None:
    """Do this in the client's loop when the user presses Enter in the field; ``busy`` as in ``View.do``."""

    def on_message(_: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict) and content.get("event") == "submit":
            view.do(work, busy=busy)

    text.on_msg(on_message)


def set_options(box: Any, options: Sequence[tuple[str, Any]], value: Any = None) -> None:
    """Set the options of a list if they have changed, and select ``value`` if it is among them."""
    wanted = tuple(options)
    put(box, wanted, "options")
    values = [each for _, each in wanted]
    index = values.index(value) if value in values else None
    put(box, index, "index")


def show(widget: Any, on: bool) -> None:
    """Show a widget, or hide it: from the keyboard and from screen readers, too."""
    put(widget.layout, None if on else "none", "display")


def put(widget: Any, value: object, name: str = "value") -> None:
    """Set a trait of a widget if it has another value: what is the same is not sent to the page."""
    if getattr(widget, name) != value:
        setattr(widget, name, value)


def button(description: str, tooltip: str = "", style: str = "", **layout: str) -> Any:
    """Make a button as wide as its description, unless ``layout`` says otherwise.

    It has no icon, because screen readers would read the icon's character as part of the name.
    """
    return ipywidgets.Button(
        description=description, tooltip=tooltip or description, button_style=style, layout={"width": "auto", **layout}
    )


class Confirm:
    """A question before something is done that cannot be undone; ``box`` is its widget."""

    def __init__(self, view: View, yes: str, *, no: str = "Keep") -> None:
        """Ask in ``view``; ``yes`` and ``no`` are the labels of the two buttons."""
        self._view = view
        self._work: Work | None = None
        self._question = ipywidgets.HTML(layout={"margin": "0 .6em 0 0"})
        self.yes = ipywidgets.Button(description=yes, button_style="danger", layout={"width": "auto"})
        self.no = ipywidgets.Button(description=no, layout={"width": "auto"})
        self.box = ipywidgets.HBox(
            [self._question, self.yes, self.no],
            layout={"display": "none", "align_items": "center", "flex_flow": "row wrap"},
        )
        view.on_click(self.yes, self._do)
        view.on_click(self.no, self.withdraw)

    @property
    def asking(self) -> bool:
        """Whether the question is open."""
        return self._work is not None

    def ask(self, question: str, work: Work) -> None:
        """Ask this, and do ``work`` if the answer is yes. It replaces an open question."""
        self._work = work
        self._question.value = f'<div role="alert" class="pbx-question">{escape(question)}</div>'
        self.yes.tooltip = question
        self.no.tooltip = "Do nothing"
        show(self.box, True)

    def withdraw(self) -> None:
        """Withdraw the question and do nothing."""
        self._work = None
        self._question.value = ""
        show(self.box, False)

    def _do(self) -> Any:
        work = self._work
        self.withdraw()
        return work() if work is not None else None
