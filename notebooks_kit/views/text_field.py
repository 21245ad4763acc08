"""A text field whose content is never older than the click, or the Enter key, that uses it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import anywidget
import traitlets

_SCRIPT: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class TextField(anywidget.AnyWidget):
    """A field to type in. ``value`` is its text, to be read, observed and set.

    The fields of ``ipywidgets`` send what was typed at most once a round trip, but a click at once: over a slow network
    a button would use a number without its last digits. This one sends every key as a message, and messages keep their
    order. Two pages that show the same field do not see each other's keys.
    """

    _esm = traitlets.Unicode(_SCRIPT).tag(sync=True)

    kind = traitlets.Enum(("text", "password"), "text").tag(sync=True)
    """Whether what is typed is shown, or dots."""
    description = traitlets.Unicode().tag(sync=True)
    """The name in front of it, and for screen readers."""
    placeholder = traitlets.Unicode().tag(sync=True)
    """A hint, shown while it is empty."""
    tooltip = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Texts that are proposed; others may be typed."""
    label_width = traitlets.Unicode().tag(sync=True)
    """The width of the name, such as ``11em`` or ``auto``; empty means that of other widgets."""
    value = traitlets.Unicode()

    filled = traitlets.Int(0).tag(sync=True, to_json=lambda number, field: field._filled(number))
    """How often the kernel has set the text. A page that gets it gets the text as well."""

    def __init__(self, value: str = "", **traits: Any) -> None:
        """Make a field with this text; ``traits`` are those above, and ``layout``."""
        self._page_types = False
        self._on_submit: list[Callable[[], None]] = []
        super().__init__(value=value, **traits)
        self.on_msg(self._message)

    def on_submit(self, callback: Callable[[], None]) -> None:
        """Call this when the Enter key is pressed in the field; ``value`` is what was typed until then."""
        self._on_submit.append(callback)

    def focus(self) -> None:
        """Move the keyboard's focus into the field."""
        self.send({"do": "focus"})

    def typed(self, event: Literal["typed", "submit"], text: str) -> None:
        """Take this text as typed by the user, with the Enter key at the end or without."""
        self._page_types = True
        try:
            self.value = text
        finally:
            self._page_types = False
        if event == "submit":
            for callback in tuple(self._on_submit):
                callback()

    def _filled(self, number: int) -> dict[str, object]:
        # a password that was typed does not come back: it would be stored with the notebook
        return {"number": number, "text": "" if self.kind == "password" else self.value}

    @traitlets.observe("value")
    def _set(self, change: Any) -> None:
        if not self._page_types:
            self.filled += 1

    def _message(self, _: Any, content: Any, buffers: Any) -> None:
        match content:
            # what was typed before the page has seen the kernel's last text is not on the page any more
            case {"event": "typed" | "submit" as event, "text": str(text), "seen": self.filled}:
                self.typed(event, text)
