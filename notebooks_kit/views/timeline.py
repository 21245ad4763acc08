"""Calls as bars in time, as a widget."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

import ipywidgets

from aiopbx import CallState, Line, Outcome, Pbx

from ..models.formatting import counted, offline_note, words
from ..models.timeline import Picture, Piece, TimelineModel, ticks
from .picture import BAD, COLOURS, FAINT, ON, RATE, RULE, TEXT, PictureView, svg, text

if TYPE_CHECKING:
    import pandas

_WIDTH: Final = 960.0
_NAMES: Final = 168.0
_LANE: Final = 24.0
_TOP: Final = 26.0
_WINDOWS: Final = (("1 minute", 60.0), ("5 minutes", 300.0), ("15 minutes", 900.0), ("1 hour", 3600.0))
_FAILED: Final = frozenset({Outcome.MISSED, Outcome.FAILED, Outcome.BUSY, Outcome.REJECTED, Outcome.NO_ANSWER})
_STYLE: Final = """
.pbx-timeline .pbx-svg rect:hover { stroke: var(--jp-content-font-color1, currentColor); stroke-width: 1.5; }
"""


class CallTimeline(PictureView):
    """The calls of lines as bars in time, coloured by state, the present at the right edge.

    It mirrors a ``TimelineModel``. Of a replay it shows the time of the recording. ``to_dataframe()`` has every part of
    every call.
    """

    def __init__(
        self, pbx: Pbx, lines: Iterable[str | Line] | None = None, *, window: float = 300.0, rate: float = RATE
    ) -> None:
        """Show the last ``window`` seconds of ``lines`` (handles, ids or numbers; ``None``: all that have calls)."""
        only = None
        if lines is not None:
            only = [line.id if isinstance(line, Line) else pbx.line(line).id for line in lines]
        self.model = TimelineModel(pbx.lines, pbx.now, only=only, window=window, status=pbx.status)
        """The model of this view."""
        self._client = pbx
        choices = [*_WINDOWS]
        if window not in [seconds for _, seconds in choices]:
            choices.append((f"{window:g} seconds", window))
            choices.sort(key=lambda each: each[1])
        self._window = ipywidgets.Dropdown(
            options=choices, value=window, description="Show", tooltip="How far back", layout={"width": "14em"}
        )
        self._still = ipywidgets.ToggleButton(
            value=False, description="Hold still", tooltip="Stop the picture; calls go on", layout={"width": "8em"}
        )
        self._stopped: Picture | None = None
        super().__init__(pbx, [self._window, self._still], css=_STYLE, rate=rate)
        self.add_class("pbx-timeline")
        self.on_change(self._window, self._choose_window)
        self.on_change(self._still, self._hold)
        self.mirror(self.model, pbx)

    def moves(self) -> bool:
        """Bars slide, as long as there are any."""
        if self._stopped is not None:
            return False
        latest = self.model.latest()
        return self.model.running or (
            latest is not None and (self.now - latest).total_seconds() < self.model.window + self._rate
        )

    def _choose_window(self, window: float) -> None:
        self.model.window = window
        if self._stopped is not None:
            self._stopped = self.model.picture(self._stopped.end)
        self.draw_now()

    def _hold(self, still: bool) -> None:
        self._stopped = self.model.picture(self.now) if still else None
        self.draw_now()

    def picture(self) -> tuple[str, str]:
        """The bars, and how many calls there are."""
        shown = self._stopped or self.model.picture(self.now)
        said = counted(shown.calls, "call")
        if shown.hidden:
            said += f", {shown.hidden} lines more have calls"
        if self._stopped is not None:
            said += f" · held at {shown.end.astimezone():%H:%M:%S}"
        else:
            said += offline_note(shown.status)
        return timeline_svg(shown), said

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"CallTimeline: {self.picture()[1]}"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return every part of every call that is kept: a row for the time in one state."""
        return self.model.to_dataframe()


def timeline_svg(shown: Picture) -> str:
    """Return the picture of a window. Whatever comes from the system is escaped."""
    width = _WIDTH - _NAMES - 8
    lanes = sum(max(1, len(row.lanes)) for row in shown.rows) or 2
    bottom = _TOP + lanes * _LANE + 6 * len(shown.rows)
    height = bottom + 34
    parts: list[str] = []
    span = (shown.end - shown.start).total_seconds()
    for at in ticks(shown.start, shown.end):
        x = _NAMES + width * (at - shown.start).total_seconds() / span
        local = at.astimezone()
        label = f"{local:%H:%M:%S}" if span <= 120 or local.second else f"{local:%H:%M}"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6:.0f}" y2="{bottom:.0f}" style="stroke:{RULE}"/>')
        if _NAMES + 16 < x < _WIDTH - 60:
            parts.append(text(x, 14, label, size=11, anchor="middle", fill=FAINT))
    right = _NAMES + width
    parts.append(
        f'<line x1="{right:.1f}" x2="{right:.1f}" y1="{_TOP - 6:.0f}" y2="{bottom:.0f}" style="stroke:{TEXT}"/>'
    )
    parts.append(text(right, 14, "now", size=11, anchor="end", weight="600"))
    y = _TOP
    for row in shown.rows:
        parts.append(
            f"<g><title>{escape(row.title)}</title>" + text(4, y + 16, row.title, size=12.5, room=_NAMES - 12) + "</g>"
        )
        for lane in row.lanes or ((),):
            parts += [_bar(piece, width, y + 2) for piece in lane]
            y += _LANE
        y += 6
        parts.append(f'<line x1="0" x2="{_WIDTH:.0f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}" style="stroke:{RULE}"/>')
    if not shown.rows:
        parts.append(text(_NAMES + width / 2, _TOP + 28, "No calls in this time.", anchor="middle", fill=FAINT))
    parts += _legend(shown.states, bottom + 14)
    return svg(_WIDTH, height, "Calls in time", _description(shown), parts)


def _bar(piece: Piece, width: float, y: float) -> str:
    x = _NAMES + piece.left * width
    long = max(2.0, (piece.right - piece.left) * width)
    high = _LANE - 5
    parts = [
        f"<g><title>{escape(piece.title)}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{long:.1f}" height="{high:.0f}" rx="2" fill="{COLOURS[piece.state]}"/>',
    ]
    if piece.state is CallState.HELD:  # not by its colour alone
        parts.append(
            f'<line x1="{x:.1f}" x2="{x + long:.1f}" y1="{y + high - 2:.1f}" y2="{y + high - 2:.1f}" '
            'stroke="#fff" stroke-width="2" stroke-dasharray="4 4"/>'
        )
    if piece.outcome in _FAILED:
        parts.append(f'<rect x="{x + long - 3:.1f}" y="{y:.1f}" width="4" height="{high:.0f}" fill="{BAD}"/>')
    if long > 34:
        fill = ON.get(piece.state, "#fff")
        parts.append(text(x + 5, y + 13.5, piece.label or words(piece.state), size=11, fill=fill, room=long - 10))
    return "".join(parts) + "</g>"


def _legend(states: tuple[CallState, ...], y: float) -> list[str]:
    parts, x = [], _NAMES
    for state in states:
        parts.append(f'<rect x="{x:.0f}" y="{y - 9:.1f}" width="12" height="12" rx="2" fill="{COLOURS[state]}"/>')
        parts.append(text(x + 17, y + 1.5, words(state), size=11.5))
        x += 34 + 6.3 * len(words(state))
    if states:
        parts.append(f'<rect x="{x:.0f}" y="{y - 9:.1f}" width="4" height="12" fill="{BAD}"/>')
        parts.append(text(x + 9, y + 1.5, "not answered", size=11.5))
    return parts


def _description(shown: Picture) -> str:
    """The picture in words, for screen readers: which calls are in progress, and how many there were."""
    running = [
        piece.title.partition(", ")[0] for row in shown.rows for lane in row.lanes for piece in lane if piece.running
    ]
    start, end = shown.start.astimezone(), shown.end.astimezone()
    said = f"{shown.calls} calls of {len(shown.rows)} lines from {start:%H:%M:%S} to {end:%H:%M:%S}"
    if running:
        said += ". Now: " + "; ".join(running[:10])
    return said
