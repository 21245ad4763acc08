"""A slider that breaks the demo PBX, and how the client copes."""

from functools import partial
from html import escape
from typing import TYPE_CHECKING, Final

import ipywidgets

from aiopbx import Pbx

from ..models.faults import FaultsModel, Moment
from .choice_slider import ChoiceSlider
from .controls import button, put
from .markup import facts_html
from .view import View

if TYPE_CHECKING:
    import pandas

_SHOWN: Final = 12
_STYLE: Final = """
.pbx-faults .pbx-facts { display: grid; grid-template-columns: max-content auto; gap: .1em 1em; margin: 0;
  line-height: 1.5; }
.pbx-faults .pbx-facts dt { opacity: .75; float: none; width: auto; }
.pbx-faults .pbx-facts dd { margin: 0; float: none; width: auto; font-variant-numeric: tabular-nums; }
.pbx-faults .pbx-status { font-weight: 600; font-size: 1.15em; line-height: 1.6; }
.pbx-faults .pbx-status::before { content: "\\25CF\\00A0"; color: #e0a100; }
.pbx-faults .pbx-status-online::before { color: #2f9e55; }
.pbx-faults .pbx-status-offline::before, .pbx-faults .pbx-status-closed::before { color: #c0392b; }
.pbx-faults ol { list-style: none; margin: 0; padding: 0 0 0 .8em; line-height: 1.5;
  border-left: 2px solid var(--jp-border-color2, #8884); }
.pbx-faults ol time { display: inline-block; min-width: 5em; opacity: .75; font-variant-numeric: tabular-nums; }
.pbx-faults li.pbx-done { opacity: .8; font-style: italic; }
.pbx-faults .pbx-faults-row { flex-flow: row wrap; align-items: flex-start; gap: .2em 2em; }
"""


class FaultPanel(View):
    """Breaks the network or the server of the demo PBX: by a slider, from well to gone, and by buttons, once.

    It also shows how the client copes: its status, how often it lost the connection, what it caught up with, and
    what happened when. It mirrors a ``FaultsModel``. It works with the demo PBX only.
    """

    def __init__(self, pbx: Pbx) -> None:
        """Break the demo PBX behind this client. Raises ``InvalidInput`` for a real one."""
        self.model = FaultsModel(pbx)
        """The model of this view."""
        self._slider = ChoiceSlider(options=self.model.conditions, value=self.model.condition, description="Network")
        self._cut = button("Cut the channel", "Break the connection that events come over, once")
        self._end_sessions = button("End the sessions", "Let the server forget every login, once")
        self._spoil = button("Spoil three events", "Let the next three events arrive broken in the middle")
        self._facts = ipywidgets.HTML(layout={"margin": "0"})
        self._moments = ipywidgets.HTML(layout={"margin": "0", "flex": "1 1 20em"})
        row = ipywidgets.HBox([self._facts, self._moments])
        row.add_class("pbx-faults-row")
        buttons = ipywidgets.HBox([self._cut, self._end_sessions, self._spoil], layout={"flex_flow": "row wrap"})
        super().__init__(pbx, [self._slider, buttons, row], css=_STYLE)
        self.add_class("pbx-faults")
        self.on_change(self._slider, self.model.set)
        self.on_click(self._cut, self.model.cut)
        self.on_click(self._end_sessions, self.model.end_sessions)
        self.on_click(self._spoil, self.model.spoil)
        callbacks = self.model.faults.on_change
        callbacks.append(self.model.handle_fault)
        self.on_close(partial(callbacks.remove, self.model.handle_fault))
        self.every(1.0, self.schedule)
        self.mirror(self.model, pbx)

    def draw(self) -> None:
        """Mirror the model."""
        put(self._slider, self.model.condition)
        put(self._facts, self._facts_html())
        put(self._moments, self._moments_html())

    def _facts_html(self) -> str:
        status = self.model.status.value
        facts = facts_html(fact for fact in self.model.facts if fact[0] not in ("Network", "Status"))
        return f'<div class="pbx-status pbx-status-{status}" role="status">{escape(status)}</div>{facts}'

    def _moments_html(self) -> str:
        return f'<ol aria-label="What happened">{"".join(map(_item, list(self.model.moments)[-_SHOWN:]))}</ol>'

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"FaultPanel: {self.model.condition}, {self.model.status.value}"

    def to_html(self) -> str:
        """Return the state and what happened as plain tables."""
        facts = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
            for name, value in self.model.facts
        )
        rows = "".join(
            f"<tr><td>{moment.after:.1f} s</td><td style='text-align:left'>{_bold(moment)}</td>"
            f"<td style='text-align:left'>{escape(moment.reason)}</td></tr>"
            for moment in list(self.model.moments)[-_SHOWN:]
        )
        happened = f"<table><tr><th>After</th><th>What</th><th>Why</th></tr>{rows}</table>" if rows else ""
        return f"<div style='display:flex;flex-wrap:wrap;gap:2em'><table>{facts}</table>{happened}</div>"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return when the client was offline, and for how long."""
        return self.model.to_dataframe()


def _item(moment: Moment) -> str:
    why = f": {escape(moment.reason)}" if moment.reason else ""
    kind = ' class="pbx-done"' if moment.what.startswith("—") else ""
    return f"<li{kind}><time>{moment.after:.1f} s</time>{escape(moment.what.strip('— '))}{why}</li>"


def _bold(moment: Moment) -> str:
    word = escape(moment.what.strip("— "))
    return f"<i>{word}</i>" if moment.what.startswith("—") else f"<b>{word}</b>"
