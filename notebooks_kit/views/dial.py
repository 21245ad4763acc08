"""A dial pad as a widget: typing, keys, completion from the directory, and tones during a call."""

from collections.abc import Callable
from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import Line

from ..models.dial import KEY_NAMES, KEYS, LETTERS, DialModel
from ..models.formatting import listed, titled
from .controls import button, on_enter, put, set_options, show
from .text_field import TextField
from .view import View

# The letters of a key are visual only: a screen reader says the digit.
_STYLE: Final = """
.pbx-dial .pbx-dial-hint { min-height: 1.5em; line-height: 1.5; overflow-wrap: anywhere; }
.pbx-dial .pbx-dial-hint.pbx-tones { color: inherit; font-weight: 600; }
.pbx-dial .pbx-key { font-size: 1.2em; line-height: 1.1; padding: .2em 0; white-space: normal; overflow: hidden; }
.pbx-dial .pbx-key::after { display: block; font-size: .55em; opacity: .75; content: "\\00a0"; }
.pbx-dial.pbx-sends-tones .pbx-key { box-shadow: inset 0 -3px 0 #2f9e55; }
""" + "".join(
    f'.pbx-dial .pbx-key-{key}::after {{ content: "{letters}"; content: "{letters}" / ""; }}\n'
    for key, letters in LETTERS.items()
)


class DialPad(View):
    """Dials from a line. Digits and names are typed, Enter dials; twelve keys do the same for the mouse.

    While a call of the line takes tones, keys and field send them, which the pad says; a switch turns that off to dial
    a second number. It mirrors a ``DialModel``. Numbers that cannot or must not be dialled are refused before
    anything is sent.
    """

    def __init__(self, line: Line, **options: Any) -> None:
        """Dial from ``line``; ``options`` are those of ``DialModel``."""
        self.line = line
        self.model = DialModel(line, **options)
        """What is shown; setting its ``number`` fills the field."""
        self._shown = ""
        self._mode = False
        self._field = TextField(description="Number", placeholder="number or name", layout={"width": "20em"})
        self._hint = ipywidgets.HTML(layout={"margin": "0 0 0 .3em"})
        self._matches = ipywidgets.Select(
            description="Found",
            options=(),
            rows=4,
            tooltip="Choose a person",
            layout={"width": "20em", "display": "none"},
        )
        self._keys = {key: self._key(key) for key in KEYS}
        pad = ipywidgets.GridBox(
            list(self._keys.values()),
            layout={"grid_template_columns": "repeat(3, 4.2em)", "grid_gap": ".3em", "margin": ".3em 0 .3em 0"},
        )
        self._dial = button("Dial", "Dial the typed number or name", "success")
        self._redial = button("Redial", "Dial the last number again")
        self._delete = button("Delete", "Delete the last character")
        self._pick_up = button("Pick up", "Pick up the call that rings at the typed number")
        self._unpark = button(
            "Take back", "Take back the call that is parked at the typed number, or at your own device if none is typed"
        )
        self._tones = ipywidgets.Checkbox(
            value=False, description="Keys send tones", indent=False, layout={"width": "auto", "display": "none"}
        )
        self._device = ipywidgets.Dropdown(description="Dial on", layout={"width": "20em"})
        self._ring_first = ipywidgets.Checkbox(
            value=False,
            description="Ring my telephone first",
            tooltip="Your telephone rings, and dials when you answer it",
            indent=False,
            layout={"width": "auto"},
        )
        self._absent = ipywidgets.HTML(layout={"margin": "0"})
        self._title = ipywidgets.HTML(layout={"margin": "0"})
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        super().__init__(
            line.pbx,
            [
                self._title,
                self._field,
                self._hint,
                self._matches,
                pad,
                ipywidgets.HBox([self._dial, self._redial, self._delete, self._pick_up, self._unpark], layout=wrap),
                self._tones,
                ipywidgets.HBox([self._device, self._ring_first], layout=wrap),
                self._absent,
            ],
            css=_STYLE,
        )
        self.add_class("pbx-dial")
        self.on_change(self._field, self._type)
        self.on_change(self._matches, self._choose)
        self.on_change(self._device, lambda device: setattr(self.model, "device", device))
        self.on_change(self._ring_first, lambda on: setattr(self.model, "ring_first", on))
        self.on_change(self._tones, lambda on: setattr(self.model, "tones", on))
        on_enter(self, self._field, self._enter, busy=self._dial)
        self.on_click(self._dial, self._dial_typed)
        self.on_click(self._redial, self.model.redial)
        self.on_click(self._delete, self._delete_last)
        self.on_click(self._pick_up, self._with_number(self.model.pick_up))
        self.on_click(self._unpark, self._with_number(self.model.unpark))
        self.on_close(self.model.close)
        self.mirror(self.model, line)

    def draw(self) -> None:
        """Mirror the model."""
        model = self.model
        model.take()
        self._title.value = f"<b>{escape(f'Dial from {titled(self.line.number, self.line.name, self.line.id)}')}</b>"
        if model.tones is not self._mode:
            self._mode = model.tones
            (self.add_class if self._mode else self.remove_class)("pbx-sends-tones")
            self._field.description = "Tones" if self._mode else "Number"
            self._field.placeholder = "digits are sent at once" if self._mode else "number or name"
            self._fill("" if self._mode else model.number)
            for key, button in self._keys.items():
                button.tooltip = _key_tooltip(key, self._mode)
        elif not self._mode and model.number != self._shown:
            self._fill(model.number)
        tones = " pbx-tones" if self._mode else ""
        self._hint.value = f'<div class="pbx-dial-hint{tones}" role="status">{escape(model.hint)}</div>'
        choices = () if self._mode else model.choices
        set_options(self._matches, [(f"{one.number}  {one.name}", one.number) for one in choices])
        show(self._matches, bool(choices))
        set_options(self._device, model.devices, model.device)
        show(self._device, len(model.devices) > 2)
        self._tones.value = model.tones
        show(self._tones, model.tones_possible)
        self._enable(self._dial, model.can_dial and not self._mode)
        self._redial.description = f"Redial {model.last}" if model.last else "Redial"
        self._enable(self._redial, model.can_dial and model.last is not None)
        self._enable(self._delete, not self._mode and bool(model.number))
        show(self._pick_up, model.can_pick_up and not self._mode)
        show(self._unpark, model.can_unpark and not self._mode)
        absent = model.absent
        self._absent.value = f"<i>Not on this line: {escape(listed(absent))}.</i>" if absent else ""
        show(self._absent, bool(absent))

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"DialPad of {self.line.number or self.line.name}"

    def to_html(self) -> str:
        """Return its title as plain HTML."""
        return f"<p>Dial pad of {escape(titled(self.line.number, self.line.name, self.line.id))}</p>"

    # ----------------------------------------------------------------------------------------------- what people do

    def _key(self, key: str) -> Any:
        button = ipywidgets.Button(
            description=key, tooltip=_key_tooltip(key, False), layout={"width": "auto", "height": "3em", "margin": "0"}
        )
        button.add_class("pbx-key")
        if key in LETTERS:
            button.add_class(f"pbx-key-{key}")
        # never disabled meanwhile: keys are pressed faster than tones are sent
        button.on_click(lambda _: self.do(lambda: self.model.press(key)))
        return button

    def _type(self, text: str) -> Any:
        """Take in what was typed: a number, or tones that follow those that were sent."""
        former, self._shown = self._shown, text
        if not self._mode:
            self.model.number = text
            return None
        if text.startswith(former) and len(text) > len(former):
            return self.model.send_tones(text[len(former) :])
        return None

    def _choose(self, number: str | None) -> None:
        if number:
            self.model.number = number
            self._field.focus()

    async def _enter(self) -> None:
        if not self._mode:
            await self._dial_typed()

    def _take_typed(self) -> None:
        """Take in what was typed last. Keys pressed since the last drawing are in the model, and not in the field."""
        text = self._field.value
        if text != self._shown:
            self.model.number = self._shown = text

    async def _dial_typed(self) -> None:
        self._take_typed()
        await self.model.dial()

    def _with_number(self, work: Callable[[], Any]) -> Callable[[], Any]:
        async def do() -> None:
            self._take_typed()
            await work()

        return do

    def _delete_last(self) -> None:
        self.model.number = self.model.number[:-1]

    def _fill(self, text: str) -> None:
        self._shown = text
        self._field.value = text

    def _enable(self, each: Any, on: bool) -> None:
        if not self.is_busy(each):
            put(each, not on, "disabled")


def _key_tooltip(key: str, tones: bool) -> str:
    name = KEY_NAMES.get(key, key)
    return f"Send the tone {name}" if tones else f"Add {name} to the number"
