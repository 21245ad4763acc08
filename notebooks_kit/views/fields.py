"""What several views do with fields and lists."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from .view import View, Work

QUIET: Final = 0.3
"""Seconds without another letter before what was typed is used.

A page sends what is typed at most once a round trip, but a click and the Enter key at once: they may overtake the last
letters. Whoever acts on a field therefore waits until nothing has come for a moment; people are slower anyway.
"""


class Typed:
    """A text field whose content is used by a button or the Enter key."""

    def __init__(self, view: View, text: Any) -> None:
        """Watch the field ``text`` of ``view``."""
        self._view = view
        self._text = text
        self._changed_at = -QUIET
        text.observe(self._changed, "value")

    def _changed(self, change: Any) -> None:
        self._changed_at = self._view.loop.time()

    async def settled(self) -> str:
        """Return what was typed, once nothing has been typed for a moment."""
        while (left := self._changed_at + QUIET - self._view.loop.time()) > 0:  # noqa: ASYNC110 - nobody says when
            await asyncio.sleep(left)
        return str(self._text.value)


def on_enter(view: View, text: Any, work: Work, *, busy: Any = None) -> None:
    """Do this in the client's loop when somebody presses Enter in the field; ``busy`` as in ``View.do``."""

    def heard(_: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict) and content.get("event") == "submit":
            view.do(work, busy=busy)

    text.on_msg(heard)


def set_options(box: Any, options: Sequence[tuple[str, Any]], value: Any = None) -> None:
    """Offer these in a list, if they are others than now, and choose ``value`` if it is among them."""
    wanted = tuple(options)
    if box.options != wanted:
        box.options = wanted
    values = [each for _, each in wanted]
    index = values.index(value) if value in values else None
    if box.index != index:
        box.index = index


def show(widget: Any, on: bool) -> None:
    """Let a widget be there, or not. Something that is not there is not found by the keyboard either."""
    display = None if on else "none"
    if widget.layout.display != display:
        widget.layout.display = display
