"""An agent of the call centre as a widget."""

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import Line, Status

from ..models.agent import MODES, OPERATIONS, AgentModel
from ..models.formatting import titled
from .controls import set_options, show
from .markup import facts_html
from .text_field import TextField
from .view import View

_STYLE: Final = """
.pbx-agent .pbx-agent-state { font-size: 1.1em; line-height: 1.6; font-weight: 600; border-left: .3em solid #8a8f98;
  padding: 0 .6em; }
.pbx-agent .pbx-agent-ready { border-left-color: #2f9e55; background: #2f9e5518; }
.pbx-agent .pbx-agent-busy { border-left-color: #c0392b; background: #c0392b18; }
.pbx-agent .pbx-agent-wrap_up, .pbx-agent .pbx-agent-transaction_code { border-left-color: #8e6bd8; }
.pbx-agent .pbx-agent-paused, .pbx-agent .pbx-agent-withdrawn { border-left-color: #e0a100; background: #e0a10018; }
.pbx-agent .pbx-facts { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; line-height: 1.5;
  margin: .3em 0; }
.pbx-agent .pbx-facts dt { opacity: .8; float: none; width: auto; white-space: nowrap; }
.pbx-agent .pbx-facts dd { margin: 0; float: none; width: auto; overflow-wrap: anywhere; }
.pbx-agent .pbx-agent-help { border-left: .3em solid #e0a100; padding: 0 .6em; line-height: 1.6; font-weight: 600; }
.pbx-agent.pbx-stale .pbx-agent-state { opacity: .6; }
"""
_NATURAL: Final = {"description_width": "initial"}
"""Labels as wide as they are."""
_CHOOSE: Final = {
    "log_on": "log_on",
    "withdraw": "withdraw",
    "enter_group": "group",
    "intrude": "supervise",
    "change_intrusion": "supervise",
    "listen": "supervise",
    "refuse_help": "supervise",
}
"""Which fields go with an operation."""


class AgentPanel(View):
    """The agent that the user of a line is: its state, live, and what it can do, as a supervisor too.

    It mirrors an ``AgentModel``. A line whose user is no agent says so in one line.
    """

    def __init__(self, line: Line) -> None:
        """Show the agent of ``line``."""
        self.line = line
        self.model = AgentModel(line)
        """The model of this view."""
        model = self.model
        self._state = ipywidgets.HTML(layout={"margin": "0"})
        self._facts = ipywidgets.HTML(layout={"margin": "0"})
        self._help = ipywidgets.HTML(layout={"margin": "0"})
        self._buttons = {
            each.name: ipywidgets.Button(
                description=each.label, tooltip=each.help, button_style=each.style, layout={"width": "auto"}
            )
            for each in OPERATIONS
        }
        agent = model.snapshot
        self._device = TextField(
            description="Set",
            placeholder=(agent and agent.fixed_device) or line.number,
            label_width="auto",
            layout={"width": "12em"},
        )
        self._group_list = ipywidgets.Dropdown(
            description="Group", options=model.groups, style=_NATURAL, layout={"width": "auto"}
        )
        self._group_text = TextField(
            description="Group number", placeholder="the preferred one", label_width="auto", layout={"width": "18em"}
        )
        self._headset = ipywidgets.Checkbox(
            value=False, description="Headset mode", indent=False, layout={"width": "auto"}
        )
        self._reason = ipywidgets.Dropdown(
            description="Reason", options=model.reasons, style=_NATURAL, layout={"width": "auto"}
        )
        self._number = TextField(
            description="Agent", placeholder="number", label_width="auto", layout={"width": "12em"}
        )
        self._mode = ipywidgets.Dropdown(description="Heard", options=MODES, style=_NATURAL, layout={"width": "auto"})
        first = [name for name in self._buttons if _CHOOSE.get(name) != "supervise"]
        last = [name for name in self._buttons if _CHOOSE.get(name) == "supervise"]
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self._choices = ipywidgets.HBox(
            [self._device, self._group_list, self._group_text, self._headset, self._reason], layout=wrap
        )
        self._supervise = ipywidgets.HBox(
            [self._number, self._mode, *(self._buttons[name] for name in last)], layout=wrap
        )
        super().__init__(
            line.pbx,
            [
                self._state,
                self._help,
                self._choices,
                ipywidgets.HBox([self._buttons[name] for name in first], layout=wrap),
                self._supervise,
                self._facts,
            ],
            css=_STYLE,
        )
        self.add_class("pbx-agent")
        for box, what in (
            (self._device, "device"),
            (self._group_list, "group"),
            (self._group_text, "group"),
            (self._headset, "headset"),
            (self._reason, "reason"),
            (self._number, "number"),
            (self._mode, "mode"),
        ):
            self.on_change(box, self._setter(what))
        for name, button in self._buttons.items():
            self.on_click(button, self._work(name))
        self.mirror(model, line)

    def draw(self) -> None:
        """Mirror the model."""
        model = self.model
        model.take()
        online = model.status is Status.ONLINE
        (self.remove_class if online else self.add_class)("pbx-stale")
        name = titled(self.line.number, self.line.name, self.line.id)
        self._state.value = (
            f"<b>{escape(f'Agent {name}')}</b>"
            f'<div class="pbx-agent-state pbx-agent-{model.state.value}" role="status">{escape(model.words)}</div>'
        )
        facts = [*model.facts, *([("Skills", ", ".join(model.skills))] if model.skills else [])]
        self._facts.value = facts_html(facts)
        show(self._facts, bool(facts))
        asking = ", ".join(model.asking)
        self._help.value = (
            f'<div class="pbx-agent-help" role="alert">{escape(asking)} asked for help.</div>' if asking else ""
        )
        show(self._help, bool(asking))
        buttons = set(model.buttons)
        for each, button in self._buttons.items():
            show(button, each in buttons)
        chosen = {_CHOOSE[each] for each in buttons if each in _CHOOSE}
        grouped = bool(chosen & {"log_on", "group"})
        show(self._device, "log_on" in chosen)
        show(self._group_list, grouped and not model.free_group)
        show(self._group_text, grouped and model.free_group)
        show(self._headset, "log_on" in chosen and model.may_use_headset)
        show(self._reason, "withdraw" in chosen)
        show(self._choices, bool(chosen - {"supervise"}))
        show(self._supervise, "supervise" in chosen)
        set_options(self._group_list, model.groups, model.group)
        set_options(self._reason, model.reasons, model.reason)
        if model.needs_reasons:
            self.do(model.read_reasons)

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"AgentPanel of {self.line.number or self.line.name}: {self.model.words}"

    def to_html(self) -> str:
        """Return what the agent does and is, as plain HTML."""
        self.draw_now()
        return f"<p>{escape(self.model.words)}</p>{facts_html(self.model.facts)}"

    def _setter(self, what: str) -> Callable[[Any], None]:
        return lambda value: setattr(self.model, what, value)

    def _work(self, name: str) -> Callable[[], Any]:
        async def do() -> None:
            await asyncio.sleep(0)  # what was typed last is on its way into the model
            await self.model.do(name)

        return do
