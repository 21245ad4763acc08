"""Asking once more before something is done that cannot be undone."""

from html import escape
from typing import Any

import ipywidgets

from .fields import show
from .view import View, Work


class Confirm:
    """A question with two answers, which appears when it is needed; ``box`` is the widget."""

    def __init__(self, view: View, yes: str, *, no: str = "Keep") -> None:
        """Ask in ``view``; ``yes`` is what the button says that does it, ``no`` the one that does not."""
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
        """Whether an answer is waited for."""
        return self._work is not None

    def ask(self, question: str, work: Work) -> None:
        """Ask this, and do ``work`` if the answer is yes. Another question takes its place."""
        self._work = work
        self._question.value = f'<div role="alert" class="pbx-question">{escape(question)}</div>'
        self.yes.tooltip = question
        self.no.tooltip = "Do nothing"
        show(self.box, True)

    def withdraw(self) -> None:
        """Ask no longer, and do nothing."""
        self._work = None
        self._question.value = ""
        show(self.box, False)

    def _do(self) -> Any:
        work = self._work
        self.withdraw()
        return work() if work is not None else None
