"""When the telephones are busy, as a widget: a heat map of the week."""

from typing import TYPE_CHECKING, Any, Final

from aiopbx import Pbx

from ..models.formatting import counted
from ..models.load import DAYS, Hour, LoadModel
from .picture import FAINT, RATE, RULE, PictureView, svg, text

if TYPE_CHECKING:
    from datetime import tzinfo

    import pandas

_CELL: Final = 34.0
_HIGH: Final = 28.0
_LEFT: Final = 92.0
_TOP: Final = 24.0
_STYLE: Final = """
.pbx-load .pbx-svg rect:hover { stroke: var(--jp-content-font-color1, currentColor); stroke-width: 2; }
.pbx-load .pbx-svg { max-width: 1000px; }
"""


class LoadHeatMap(PictureView):
    """How many calls there are by weekday and hour, the busier the darker; pointing at a cell shows its count.

    It mirrors a ``LoadModel``. Give it a client, and it counts calls as they come; or records of a call log, events,
    calls, or a table of pandas, also several of them: ``add`` counts more.
    """

    def __init__(self, *sources: Any, zone: "tzinfo | None" = None, rate: float = RATE) -> None:
        """Count what is in these sources, in the time of ``zone`` (``None``: this machine's)."""
        self.model = LoadModel(zone=zone)
        """The model of this view."""
        clients: list[Pbx] = [source for source in sources if hasattr(source, "subscribe")]
        super().__init__(clients[0] if clients else None, [], css=_STYLE, rate=rate)
        self.add_class("pbx-load")
        for source in sources:
            if source in clients:
                for line in source.lines.values():
                    self.model.add(line.snapshot.calls)
            else:
                self.model.add(source)
        self.mirror(self.model, *clients)

    def add(self, what: Any) -> None:
        """Count these, too: records, calls, events, times, or a table. In the loop of the view."""
        self.model.add(what)

    def picture(self) -> tuple[str, str]:
        """The map, and the sum."""
        model = self.model
        said = f"{counted(model.total, 'call')}, {model.missed} missed"
        if model.busiest is not None:
            said += f"; most on {DAYS[model.busiest.day]} at {model.busiest.hour:02}:00"
        return load_svg(model.hours, said), said

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"LoadHeatMap: {self.picture()[1]}"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return every hour of the week as a row."""
        return self.model.to_dataframe()


def load_svg(hours: tuple[Hour, ...], said: str) -> str:
    """Return the heat map of a week."""
    most = max((hour.calls for hour in hours), default=0)
    width, height = _LEFT + 24 * _CELL + 6, _TOP + 7 * _HIGH + 40
    parts = [
        text(_LEFT + (hour + 0.5) * _CELL, 16, f"{hour:02}", size=11.5, anchor="middle", fill=FAINT)
        for hour in range(0, 24, 2)
    ]
    for day, name in enumerate(DAYS):
        parts.append(text(_LEFT - 8, _TOP + day * _HIGH + 18, name, size=12.5, anchor="end"))
    for one in hours:
        x, y = _LEFT + one.hour * _CELL, _TOP + one.day * _HIGH
        share = one.calls / most if most else 0.0
        label = ""
        if one.calls:
            fill = "#fff" if share >= 0.7 else "var(--jp-content-font-color1, currentColor)"
            label = text(x + _CELL / 2 - 1, y + 18, str(one.calls), size=11, anchor="middle", fill=fill)
        parts.append(
            f'<g><title>{one.title}</title><rect x="{x:.0f}" y="{y:.0f}" width="{_CELL - 2:.0f}" '
            f'height="{_HIGH - 2:.0f}" rx="2" style="{_paint(share)}"/>{label}</g>'
        )
    y = _TOP + 7 * _HIGH + 14
    parts.append(text(_LEFT, y + 11, "none", size=11, fill=FAINT))
    parts += [
        f'<rect x="{_LEFT + 34 + step * 22:.0f}" y="{y:.0f}" width="20" height="13" rx="2" style="{_paint(step / 5)}"/>'
        for step in range(6)
    ]
    parts.append(text(_LEFT + 34 + 6 * 22 + 4, y + 11, f"{most} calls an hour" if most else "", size=11, fill=FAINT))
    return svg(width, height, "Calls by weekday and hour", said, parts)


def _paint(share: float) -> str:
    """The colour of a cell: none, then an ever stronger blue, which is visible in light and dark themes."""
    if share <= 0:
        return f"fill:transparent;stroke:{RULE}"
    return f"fill:#1f6fc4;fill-opacity:{0.18 + 0.82 * share:.2f}"
