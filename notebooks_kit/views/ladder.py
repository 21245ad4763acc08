"""A sequence diagram of requests, answers, events and calls, as a widget."""

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ipywidgets

from aiopbx import Pbx, replay

from ..models.formatting import counted
from ..models.ladder import ANSWER, CALL, CLIENT, PUSHED, REQUEST, STATUS, SYSTEM, Ladder, LadderModel, Step
from .controls import set_options
from .picture import BAD, FAINT, RATE, RULE, TEXT, PictureView, shortened, svg, text

if TYPE_CHECKING:
    import pandas

_TIME: Final = 92.0
_LANE: Final = 172.0
_WIRE: Final = 56.0
"""Pixels more between this side and the system, where paths have to be read."""
_SIZE: Final = 11.5
_STEP: Final = 30.0
_HEAD: Final = 44.0
_PAINT: Final = {REQUEST: "#2f7fd6", ANSWER: "#2f7fd6", PUSHED: "#2f9e55", CALL: "#b5740b", STATUS: "#8a8f98"}
_WORDS: Final = {
    REQUEST: "request",
    ANSWER: "answer",
    PUSHED: "pushed by the system",
    CALL: "to and from a party",
    STATUS: "connection",
}
_EVERYTHING: Final = "all calls"
_STYLE: Final = """
.pbx-ladder .pbx-ladder-scroll { overflow: auto; display: flex; flex-direction: column-reverse; }
.pbx-ladder .pbx-ladder-scroll > .widget-html,
.pbx-ladder .pbx-ladder-scroll > .widget-html > .widget-html-content { flex: 0 0 auto; overflow: visible;
  width: max-content; height: auto; }
.pbx-ladder .pbx-ladder-head { position: sticky; top: 0; background: var(--jp-layout-color1, Canvas); z-index: 1; }
.pbx-ladder .pbx-svg { width: auto; max-width: none; }
.pbx-ladder .pbx-svg g.pbx-step:hover text { text-decoration: underline; }
"""


class CallLadder(PictureView):
    """A sequence diagram: requests and answers, what the system pushed, and what each party of a call did.

    It mirrors a ``LadderModel``. Give it a client, live or a replay, or the path of a recording, which is then read
    whole. One call can be shown alone; pointing at an arrow shows the whole message.
    """

    def __init__(
        self,
        source: "Pbx | str | os.PathLike[str]",
        *,
        call: str = "",
        wire: bool = True,
        parties: bool = True,
        height: str = "34em",
        most: int = 80,
        lane: float = _LANE,
        rate: float = RATE,
    ) -> None:
        """Show what goes on; ``call`` is the key of one call, ``height`` is CSS, ``most`` is how many arrows.

        ``lane`` is how wide the lane of a party is, in pixels.
        """
        client = None if isinstance(source, str | os.PathLike) else source
        self.model = LadderModel(client.lines if client is not None else {})
        """What is shown; its ``call``, ``wire`` and ``parties`` filter it."""
        self.model.call, self.model.wire, self.model.parties = call, wire, parties
        self._height = height
        self._most = most
        self._lane = lane
        self._call_box = ipywidgets.Dropdown(
            options=[(_EVERYTHING, "")], value="", description="Call", layout={"width": "32em"}
        )
        self._wire_box = ipywidgets.ToggleButton(
            value=wire,
            description="Wire",
            tooltip="Show requests, answers and pushed messages",
            layout={"width": "6em"},
        )
        self._party_box = ipywidgets.ToggleButton(
            value=parties, description="Parties", tooltip="Show what parties do", layout={"width": "6em"}
        )
        self._clear = ipywidgets.Button(
            description="Clear", tooltip="Clear the list and start over", layout={"width": "6em"}
        )
        super().__init__(client, [self._call_box, self._wire_box, self._party_box, self._clear], css=_STYLE, rate=rate)
        self.add_class("pbx-ladder")
        self._frame_box.add_class("pbx-ladder-scroll")
        self._frame_box.layout.max_height = height
        self._frame_box.tabbable = True  # the arrow keys scroll it
        self.on_change(self._call_box, lambda key: self._choose("call", key))
        self.on_change(self._wire_box, lambda on: self._choose("wire", on))
        self.on_change(self._party_box, lambda on: self._choose("parties", on))
        self.on_click(self._clear, self._forget)
        if client is not None:
            # The wire first: a message is published before the events that the client derives from it.
            self.on_close(client.wire(self.callback(self.model.handle_wire)))
        self.mirror(self.model, *([client] if client is not None else []))
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            self.do(lambda: self._read(path))

    async def _read(self, path: Path) -> None:
        """Take everything of a recording."""
        async with replay(path, speed=0, paused=True) as pbx:
            self.model.lines = dict(pbx.lines)  # handles keep their last snapshot when the replay has ended
            stop, stop_too = pbx.wire(self.model.handle_wire), pbx.subscribe(self.model.handle)
            pbx.resume()
            try:
                await pbx.wait_finished()
            finally:
                stop()
                stop_too()
        self.draw_now()

    def _choose(self, what: str, value: object) -> None:
        setattr(self.model, what, value)
        self.draw_now()

    def _forget(self) -> None:
        self.model.clear()
        self.draw_now()

    def draw(self) -> None:
        """Draw the picture, and name the calls that can be chosen."""
        options = [(_EVERYTHING, ""), *((call.title, call.key) for call in reversed(self.model.calls))]
        known = {key for _, key in options}
        set_options(self._call_box, options, self.model.call if self.model.call in known else "")
        super().draw()

    def picture(self) -> tuple[str, str]:
        """The ladder, and how many arrows it has."""
        ladder = self.model.ladder(self._most)
        said = counted(len(ladder.steps), "step")
        if ladder.hidden:
            said += f", {ladder.hidden} more are not shown"
        return f"<div>{ladder_html(ladder, self._lane)}</div>", said

    def framed(self, html: str) -> str:
        """Return the picture in something that scrolls."""
        return f'<div class="pbx-ladder-scroll" style="max-height:{escape(self._height)}" tabindex="0">{html}</div>'

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"CallLadder: {self.picture()[1]}"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the steps that the filters let through as rows."""
        return self.model.to_dataframe()


def ladder_html(ladder: Ladder, wide: float = _LANE) -> str:
    """Return the head of the lanes, which stays in sight, and the arrows below. What the system says is escaped."""
    if not ladder.steps:
        return '<p role="status">Nothing was signalled yet.</p>'
    more = _WIRE if ladder.lanes[0] == CLIENT else 0.0
    width = _TIME + wide * len(ladder.lanes) + more
    places = {
        lane: _TIME + wide * (number + 0.5) + (more if number else 0.0) for number, lane in enumerate(ladder.lanes)
    }
    head = []
    for lane, x in places.items():
        short, _, name = lane.partition(" ") if lane[:1].isdigit() else (lane, "", "")
        strong = lane in (CLIENT, SYSTEM)
        dash = "" if not strong else ' stroke-width="2"'
        head.append(
            f'<g><title>{escape(lane)}</title><rect x="{x - wide / 2 + 6:.0f}" y="3" width="{wide - 12:.0f}" '
            f'height="{_HEAD - 6:.0f}" rx="4" style="fill:none;stroke:{TEXT if strong else FAINT}"{dash}/>'
        )
        if name:
            head.append(text(x, 19, name, size=12.5, anchor="middle", room=wide - 20, weight="600"))
            head.append(text(x, 34, short, size=11, anchor="middle", fill=FAINT, room=wide - 20))
        else:
            head.append(text(x, 27, lane, size=12.5, anchor="middle", room=wide - 20, weight="600"))
        head.append("</g>")
    height = _STEP * len(ladder.steps) + 14
    body = [_arrows()]
    for lane, x in places.items():
        line = TEXT if lane in (CLIENT, SYSTEM) else RULE
        body.append(
            f'<line x1="{x:.0f}" x2="{x:.0f}" y1="0" y2="{height:.0f}" style="stroke:{line};stroke-opacity:.55"/>'
        )
    former = ""
    for number, step in enumerate(ladder.steps):
        at = step.at.astimezone()
        stamp = f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"
        y = _STEP * (number + 1) - 4
        if stamp != former:
            body.append(text(4, y + 3, stamp, size=11, fill=FAINT))
        former = stamp
        body.append(_arrow(step, places[step.source], places[step.target], y))
    kinds = [kind for kind in _PAINT if any(step.kind == kind for step in ladder.steps)]
    said = "; ".join(f"{step.source} to {step.target}: {step.text}" for step in ladder.steps[-12:])
    top = svg(width, _HEAD, "Lanes", ", ".join(ladder.lanes), head, scale=False)
    return (
        f'<div class="pbx-ladder-head">{top}</div>'
        + svg(width, height, "Sequence diagram", f"The last steps: {said}", body, scale=False)
        + svg(width, 26, "Legend", ", ".join(_WORDS[kind] for kind in kinds), _legend(kinds), scale=False)
    )


def _arrow(step: Step, start: float, end: float, y: float) -> str:
    paint = BAD if step.failed else _PAINT[step.kind]
    dash = ' stroke-dasharray="5 4"' if step.kind in (ANSWER, STATUS) else ""
    mark = "bad" if step.failed else step.kind
    way = 1 if end > start else -1
    shown = _brief(step.text, abs(end - start) - 22)
    middle = (start + end) / 2
    # A halo keeps the text over an arrow readable where lifelines cross it.
    halo = "paint-order:stroke;stroke:var(--jp-layout-color1, Canvas);stroke-width:3px;"
    return (
        f'<g class="pbx-step"><title>{escape(step.detail)}</title>'
        f'<rect x="{min(start, end):.0f}" y="{y - 17:.1f}" width="{abs(end - start):.0f}" height="22" '
        'fill="transparent"/>'
        f'<line x1="{start:.1f}" y1="{y:.1f}" x2="{end - way * 2:.1f}" y2="{y:.1f}" stroke="{paint}" stroke-width="1.6"'
        f'{dash} marker-end="url(#pbx-{mark})"/>'
        f'<text x="{middle:.1f}" y="{y - 5:.1f}" font-size="11.5" text-anchor="middle" style="{halo}fill:{TEXT}">'
        f"{escape(shown)}</text></g>"
    )


def _brief(what: str, room: float) -> str:
    """The text over an arrow. A long path keeps its end, because that says what the request does."""
    if "/" not in what or len(what) * _SIZE * 0.56 <= room:
        return shortened(what, room, _SIZE)
    method, _, path = what.rpartition(" ")
    parts = [f"{part[:3]}…" if _is_reference(part) else part for part in path.split("/") if part]
    while len(parts) > 1:
        del parts[0]
        said = f"{method} …/{'/'.join(parts)}"
        if len(said) * _SIZE * 0.56 <= room:
            return said
    return shortened(f"{method} …/{parts[-1]}" if parts else what, room, _SIZE)


def _is_reference(part: str) -> bool:
    return len(part) > 12 and any(map(str.isdigit, part))


def _arrows() -> str:
    marks = {**_PAINT, "bad": BAD}
    return (
        "<defs>"
        + "".join(
            f'<marker id="pbx-{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" fill="{paint}"/></marker>'
            for kind, paint in marks.items()
        )
        + "</defs>"
    )


def _legend(kinds: list[str]) -> list[str]:
    parts, x = [], 8.0
    for kind in kinds:
        dash = ' stroke-dasharray="5 4"' if kind in (ANSWER, STATUS) else ""
        parts.append(
            f'<line x1="{x:.0f}" x2="{x + 26:.0f}" y1="14" y2="14" stroke="{_PAINT[kind]}" stroke-width="2"{dash}/>'
        )
        parts.append(text(x + 32, 18, _WORDS[kind], size=11))
        x += 52 + 6.0 * len(_WORDS[kind])
    return parts


__all__ = ["CallLadder", "ladder_html"]
