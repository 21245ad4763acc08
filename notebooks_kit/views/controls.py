"""Controls that several views have: buttons, fields, lists, and a question before something is done for good."""

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets

from .text_field import TextField
from .view import View, Work


def on_enter(view: View, field: TextField, work: Work, *, busy: Any = None) -> None:
    """Do this in the client's loop when the user presses Enter in the field; ``busy`` as in ``View.do``."""
    field.on_submit(lambda: view.do(work, busy=busy))


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
