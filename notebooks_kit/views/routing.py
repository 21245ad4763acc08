"""How calls reach a line, as a widget. Its switches show what the line confirms."""

from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import CallerId, CallerIdChoice, Condition, Feature, Forward, Line, Overflow, Status, Target

from ..models.formatting import titled
from ..models.routing import CALLER_ID_CHOICES, CONDITIONS, FORWARD_TARGETS, OVERFLOW_TARGETS, RoutingModel
from .controls import button, on_enter, put, show
from .text_field import TextField
from .view import View

_STYLE: Final = """
.pbx-routing .pbx-part { border-top: 1px solid var(--jp-border-color2, #8883); padding: .3em 0; }
.pbx-routing .pbx-part-words { line-height: 1.5; overflow-wrap: anywhere; }
.pbx-routing .pbx-refuses { color: var(--jp-error-color1, #c0392b); font-weight: 600; }
.pbx-routing.pbx-stale .pbx-part { opacity: .6; }
"""

_NATURAL: Final = {"description_width": "initial"}
"""Labels as wide as they are."""


class RoutingPanel(View):
    """Do-not-disturb, forward, overflow and remote extension of a line.

    It mirrors a ``RoutingModel``, so it shows what the line reports, also after a change by a telephone or another
    user. A switch that the system refuses flips back, with the reason on top. What the line cannot do is named.
    """

    def __init__(self, line: Line, **options: Any) -> None:
        """Show how calls reach ``line``; ``options`` are those of ``RoutingModel``."""
        self.line = line
        self.model = RoutingModel(line, **options)
        """The model of this view."""
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._dnd = ipywidgets.Checkbox(
            value=False, description="Do not disturb", tooltip="Refuse calls", indent=False, layout={"width": "auto"}
        )
        self._remote = ipywidgets.Checkbox(
            value=False,
            description="Remote extension rings too",
            tooltip="Let the remote extension ring with the telephone",
            indent=False,
            layout={"width": "auto"},
        )
        self._forward = _Route(self, "Forward", FORWARD_TARGETS, CONDITIONS)
        self._overflow = _Route(self, "Overflow", OVERFLOW_TARGETS, CONDITIONS[1:])
        self._overflow.propose(Condition.NO_ANSWER)
        self._caller_id = _CallerId(self)
        self._absent = ipywidgets.HTML(layout={"margin": "0"})
        # One entry for each part of RoutingModel.PARTS.
        self._parts: dict[Feature, Any] = {
            Feature.DO_NOT_DISTURB: _part([self._dnd]),
            Feature.FORWARD: _part(self._forward.children),
            Feature.OVERFLOW: _part(self._overflow.children),
            Feature.REMOTE_EXTENSION: _part([self._remote]),
            Feature.CALLER_ID: _part(self._caller_id.children),
        }
        super().__init__(line.pbx, [self._words, *self._parts.values(), self._absent], css=_STYLE)
        self.add_class("pbx-routing")
        self.on_change(self._dnd, self.model.set_do_not_disturb)
        self.on_change(self._remote, self.model.set_remote_extension)
        self._forward.listen(self.model.set_forward, self.model.cancel_forward)
        self._overflow.listen(self.model.set_overflow, self.model.cancel_overflow)
        self._caller_id.listen()
        self.mirror(self.model, line)

    def draw(self) -> None:
        """Mirror the model."""
        model = self.model
        model.take()
        online = model.status is Status.ONLINE
        (self.remove_class if online else self.add_class)("pbx-stale")
        style = " pbx-refuses" if model.do_not_disturb else ""
        name = titled(self.line.number, self.line.name, self.line.id)
        self._words.value = (
            f"<b>{escape(f'How calls reach {name}')}</b>"
            f'<div class="pbx-part-words{style}" role="status">{escape(model.words)}</div>'
        )
        for part, box in self._parts.items():
            show(box, part in model.parts)
        self._dnd.value = model.do_not_disturb
        self._remote.value = model.remote_extension
        for switch in (self._dnd, self._remote):
            switch.disabled = not online
        self._forward.draw(model.forward, model.forward_words, online)
        self._overflow.draw(model.overflow, model.overflow_words, online)
        self._caller_id.draw(model.caller_id, model.caller_id_words, online)
        self._absent.value = f"<i>{escape(model.absent)}</i>" if model.absent else ""
        show(self._absent, bool(model.absent))

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"RoutingPanel of {self.line.number or self.line.name}: {self.model.words}"

    def to_html(self) -> str:
        """Return how calls reach the line, as plain HTML."""
        self.draw_now()
        model = self.model
        said = {
            Feature.FORWARD: model.forward_words,
            Feature.OVERFLOW: model.overflow_words,
            Feature.CALLER_ID: model.caller_id_words,
        }
        items = "".join(f"<li>{escape(said[part])}</li>" for part in model.parts if part in said)
        return f"<p>{escape(model.words)}</p><ul>{items}</ul>" + (
            f"<p>{escape(model.absent)}</p>" if model.absent else ""
        )


class _Route:
    """Where calls are sent, and when: a forward or an overflow."""

    def __init__(
        self,
        panel: RoutingPanel,
        name: str,
        targets: tuple[tuple[str, Target], ...],
        conditions: tuple[tuple[str, Condition], ...],
    ) -> None:
        self._panel = panel
        self._drawn: Forward | Overflow | None = None
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._target = ipywidgets.Dropdown(
            options=targets, description=f"{name} to", style=_NATURAL, layout={"width": "auto"}
        )
        self._condition = ipywidgets.Dropdown(
            options=conditions, description=f"{name} when", style=_NATURAL, layout={"width": "auto"}
        )
        self._number = TextField(
            description=f"{name} number",
            placeholder="number",
            label_width="auto",
            layout={"width": "18em"},
        )
        self._set = button(f"Set {name.lower()}", f"Set this {name.lower()}")
        self._cancel = button(f"Cancel {name.lower()}", f"Take the {name.lower()} away", "warning")
        self.children = [
            self._words,
            ipywidgets.HBox(
                [self._target, self._condition, self._number, self._set, self._cancel],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            ),
        ]

    def propose(self, condition: Condition) -> None:
        """Begin with this condition."""
        self._condition.value = condition

    def listen(self, set_route: Any, cancel: Any) -> None:
        """Do these when the buttons are clicked."""
        panel = self._panel

        async def do() -> None:
            await set_route(self._target.value, self._condition.value, self._number.value)

        panel.on_click(self._set, do)
        panel.on_click(self._cancel, cancel)
        on_enter(panel, self._number, do, busy=self._set)
        panel.on_change(self._target, self._choose)

    def draw(self, route: Forward | Overflow | None, words: str, online: bool) -> None:
        """Show the present state. The fields follow when it changes; what the user is typing stays."""
        self._words.value = f'<div class="pbx-part-words">{escape(words)}</div>'
        if route != self._drawn:
            self._drawn = route
            if route is not None:
                if route.target in {value for _, value in self._target.options}:
                    self._target.value = route.target
                if route.condition in {value for _, value in self._condition.options}:
                    self._condition.value = route.condition
                if route.number is not None:
                    self._number.value = route.number
        self._choose(self._target.value)
        show(self._cancel, route is not None)
        for each in (self._set, self._cancel):
            if not self._panel.is_busy(each):
                put(each, not online, "disabled")

    def _choose(self, target: Target) -> None:
        show(self._number, target is not Target.VOICEMAIL)


class _CallerId:
    """The number that others see."""

    def __init__(self, panel: RoutingPanel) -> None:
        self._panel = panel
        self._drawn: CallerId | None = None
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._choice = ipywidgets.Dropdown(
            options=CALLER_ID_CHOICES, description="Others see", style=_NATURAL, layout={"width": "auto"}
        )
        self._number = TextField(
            description="Caller ID", placeholder="+12025550123", label_width="auto", layout={"width": "18em"}
        )
        self._set = button("Set caller ID", "Let others see this number")
        self._read = button("Read again", "Ask the system which number others see")
        self.children = [
            self._words,
            ipywidgets.HBox(
                [self._choice, self._number, self._set, self._read],
                layout={"flex_flow": "row wrap", "align_items": "center"},
            ),
        ]

    def listen(self) -> None:
        """Do what the buttons say when they are clicked."""
        panel = self._panel

        async def do() -> None:
            await panel.model.set_caller_id(self._choice.value, self._number.value)

        panel.on_click(self._set, do)
        panel.on_click(self._read, panel.model.refresh_caller_id)
        on_enter(panel, self._number, do, busy=self._set)
        panel.on_change(self._choice, self._choose)

    def draw(self, shown: CallerId | None, words: str, online: bool) -> None:
        """Show the present state. The fields follow when it changes; what the user is typing stays."""
        self._words.value = f'<div class="pbx-part-words">{escape(words)}</div>'
        if shown != self._drawn:
            self._drawn = shown
            if shown is not None:
                if shown.choice is not CallerIdChoice.UNKNOWN:
                    self._choice.value = shown.choice
                self._number.value = shown.number or ""
        self._choose(self._choice.value)
        for each in (self._set, self._read):
            if not self._panel.is_busy(each):
                put(each, not online, "disabled")

    def _choose(self, choice: CallerIdChoice) -> None:
        show(self._number, choice is CallerIdChoice.MANUAL)


def _part(children: list[Any]) -> Any:
    box = ipywidgets.VBox(children)
    box.add_class("pbx-part")
    return box
