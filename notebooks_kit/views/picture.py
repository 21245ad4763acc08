"""What pictures have in common: one widget with an SVG in it, redrawn at a modest rate."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import CallState, Line, Pbx

from ..models.model import Model
from .controls import put
from .stored_picture import PNG, stored_picture
from .view import View

RATE: Final = 0.5
"""Seconds between two drawings of a picture, at least."""
_LARGE: Final = 64 * 1024
"""Characters of a picture that may be sent each time; one that is larger waits so much longer."""
COLOURS: Final = {
    CallState.DIALING: "#7a55c7",
    CallState.RINGING_OUTGOING: "#9a7be0",
    CallState.RINGING_INCOMING: "#e0a100",
    CallState.ACTIVE: "#23804a",
    CallState.HELD: "#2f6fbf",
    CallState.RELEASING: "#737982",
    CallState.UNKNOWN: "#737982",
}
"""Colours of the bars. Text on them is readable in light and dark themes."""
ON: Final = {CallState.RINGING_INCOMING: "#221a00", CallState.RINGING_OUTGOING: "#150b2e"}
BAD: Final = "#d64541"
TEXT: Final = "var(--jp-content-font-color1, currentColor)"
FAINT: Final = "var(--jp-content-font-color2, currentColor)"
RULE: Final = "var(--jp-border-color2, #8883)"
STYLE: Final = """
.pbx-picture .pbx-svg { width: 100%; height: auto; display: block; font-family: var(--jp-ui-font-family, sans-serif);
  color: var(--jp-content-font-color1, inherit); }
.pbx-picture .widget-html, .pbx-picture .widget-html-content { width: 100%; overflow: hidden; }
.pbx-picture .pbx-words { line-height: 1.5; padding: 0 .3em; }
"""


class PictureView(View):
    """A view of one picture.

    Its model says by ``on_change`` that something has changed; it is drawn at once if it was not lately, else when its
    turn comes.
    """

    def __init__(self, pbx: Pbx | None, controls: Sequence[Any], *, css: str = "", rate: float = RATE) -> None:
        """Show ``controls`` above the picture, which is drawn every ``rate`` seconds at most."""
        self._picture = ipywidgets.HTML(layout={"margin": "0", "width": "100%"})
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        bar = ipywidgets.HBox(
            [*controls, self._words], layout={"flex_flow": "row wrap", "align_items": "center", "margin": "0"}
        )
        self._rate = rate
        self._dirty = False
        self._rest = 0
        # what scrolls stays when the picture is another: it keeps its place, and the focus
        self._frame_box = ipywidgets.VBox([self._picture])
        super().__init__(pbx, [bar, self._frame_box], css=STYLE + css)
        self.add_class("pbx-picture")

    def mirror(self, model: Model, *sources: Pbx | Line) -> None:
        """Follow a model, as every view does; changes are drawn by the clock."""
        super().mirror(model, *sources)
        self.every(self._rate, self._tick)

    def _model_changed(self) -> None:
        self._dirty = True

    @property
    def _pending(self) -> bool:
        return (self._dirty and not self._rests()) or super()._pending

    def moves(self) -> bool:
        """Whether the picture changes though nothing happens, because time passes."""
        return False

    def _tick(self) -> None:
        if self._rests():
            self._wants_frame = True
        elif self._rest > 0:
            self._rest -= 1
        elif self._dirty or self.moves():
            self.draw_now()

    def draw(self) -> None:
        """Draw the picture, if it is another."""
        self._dirty = False
        html, said = self.picture()
        if self._picture.value != html:
            self._picture.value = html
            self._rest = len(html) // _LARGE
        text = f'<span class="pbx-words" role="status">{escape(said)}</span>'
        put(self._words, text)

    def picture(self) -> tuple[str, str]:
        """Return the picture as HTML, and in a few words what it shows. To be overridden."""
        raise NotImplementedError

    def _bundle(self) -> dict[str, str]:
        html, said = self.picture()
        return picture_bundle(super()._bundle(), html, said)

    def framed(self, html: str) -> str:
        """Return a picture with the frame that it needs when it is shown without the view."""
        return html

    def to_html(self) -> str:
        """Return the picture as it is now."""
        html, said = self.picture()
        html = self.framed(html)
        return f"<style>{STYLE}</style><div class='pbx-picture'><div class='pbx-words'>{escape(said)}</div>{html}</div>"


def picture_bundle(bundle: dict[str, str], html: str, words: str) -> dict[str, str]:
    """Return how a picture is stored: as images, like those of plotting libraries; as HTML only if one is missing."""
    stored = stored_picture(html, words)
    if PNG in stored:  # pages prefer HTML, and those that are not trusted show no SVG
        bundle = {kind: data for kind, data in bundle.items() if kind != "text/html"}
    return bundle | stored


def svg(width: float, height: float, title: str, description: str, parts: Sequence[str], *, scale: bool = True) -> str:
    """Return an SVG that says what it shows to who cannot see it. Without ``scale`` it keeps its size."""
    size = "" if scale else f' style="width:{width:.0f}px"'
    return (
        f'<svg class="pbx-svg" viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(title)}. {escape(description)}"{size}>{"".join(parts)}</svg>'
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    anchor: str = "start",
    fill: str = TEXT,
    room: float | None = None,
    weight: str = "",
) -> str:
    """Return a line of text, shortened to the room that there is."""
    shown = words if room is None else shortened(words, room, size)
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{bold} style="fill:{fill}">'
        f"{escape(shown)}</text>"
    )


def shortened(words: str, room: float, size: float) -> str:
    """Return as much of a text as fits into so many pixels, roughly; nothing where hardly anything would."""
    most = int(room / (size * 0.56))
    if len(words) <= most:
        return words
    return f"{words[: most - 1].rstrip()}…" if most >= 3 else ""
