"""Numbers as bars: a small chart without a plotting library."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from .picture import FAINT, RULE, STYLE, TEXT, picture_bundle, svg, text
from .stored_picture import with_images

_WIDTH: Final = 760.0
_HIGH: Final = 22.0
_PAINT: Final = "#1f6fc4"
_HIGHLIGHT: Final = "#d64541"


class Bars:
    """Values by name as horizontal bars with their numbers. A bar of ``most`` has the full width.

    Give it a mapping or a series of pandas. It is a still picture that shows itself as the last thing of a cell, and
    follows the theme of the page.
    """

    def __init__(
        self,
        values: Any,
        title: str = "",
        *,
        unit: str = "",
        digits: int = 0,
        most: float | None = None,
        highlight: Iterable[Any] = (),
    ) -> None:
        """Draw ``values``, each with ``unit`` and ``digits`` decimals; names in ``highlight`` are highlighted."""
        pairs = values.items() if isinstance(values, Mapping) or hasattr(values, "items") else values
        self.values = [(str(name), float(value)) for name, value in pairs]
        """What is shown: names and values."""
        self.title = title
        self._unit, self._digits = unit, digits
        self._most = most
        self._highlight = {str(name) for name in highlight}

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        html = self.to_html()
        return picture_bundle({"text/plain": repr(self), "text/html": with_images(html)}, html, "")

    def __repr__(self) -> str:
        """Say it in words, for pages without pictures."""
        said = ", ".join(f"{name}: {self._word(value)}" for name, value in self.values)
        return f"{self.title}: {said}" if self.title else said

    def _word(self, value: float) -> str:
        return f"{value:.{self._digits}f}{self._unit}" if value == value else "none"

    def to_html(self) -> str:
        """Return the picture."""
        left = min(220.0, 16 + 7.2 * max((len(name) for name, _ in self.values), default=0))
        right = 24 + 7.0 * max((len(self._word(value)) for _, value in self.values), default=0)
        room = _WIDTH - left - right
        top = 30.0 if self.title else 6.0
        most = self._most if self._most is not None else max((value for _, value in self.values), default=0.0)
        parts = [text(4, 18, self.title, size=13.5, weight="600")] if self.title else []
        height = top + _HIGH * len(self.values) + 6
        parts.append(f'<line x1="{left:.0f}" x2="{left:.0f}" y1="{top:.0f}" y2="{height - 6:.0f}" stroke="{RULE}"/>')
        for row, (name, value) in enumerate(self.values):
            y = top + row * _HIGH
            known = value == value  # not a number is nothing to draw
            wide = room * min(1.0, max(0.0, value / most)) if known and most else 0.0
            paint = _HIGHLIGHT if name in self._highlight else _PAINT
            parts.append(
                f"<g><title>{escape(name)}: {escape(self._word(value))}</title>"
                + text(left - 8, y + 15, name, size=12, anchor="end", room=left - 10, fill=TEXT)
                + f'<rect x="{left + 1:.0f}" y="{y + 3:.0f}" width="{wide:.1f}" height="{_HIGH - 6:.0f}" rx="2" '
                f'fill="{paint}"/>' + text(left + wide + 7, y + 15, self._word(value), size=11.5, fill=FAINT) + "</g>"
            )
        picture = svg(_WIDTH, height, self.title or "Bars", repr(self), parts)
        return f"<style>{STYLE}</style><div class='pbx-picture' style='max-width:{_WIDTH:.0f}px'>{picture}</div>"
