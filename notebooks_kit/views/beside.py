"""Views side by side."""

from html import escape
from typing import Any, Final

import ipywidgets

from .view import View

_STYLE: Final = """
.pbx-beside > .pbx-beside-row { flex-flow: row wrap; align-items: flex-start; gap: 1.2em; }
.pbx-beside > .pbx-beside-row > * { min-width: 0; }
.pbx-beside .pbx-beside-title { font-weight: 600; line-height: 1.6; white-space: normal; }
"""


class Beside(View):
    """Several views side by side, each below its title; one below the other where there is no room.

    Also where no widgets are: its plain picture has theirs side by side. ``close()`` closes them, too.
    """

    def __init__(self, *views: View, titles: tuple[str, ...] = (), width: str = "24em") -> None:
        """Show these, with as many titles as are given; ``width`` is what each wants to have at least, in CSS."""
        self.views = views
        """The model of this view."""
        self.titles = (*titles, *("" for _ in views[len(titles) :]))
        columns = []
        for view, title in zip(views, self.titles, strict=False):
            parts: list[Any] = [view]
            if title:
                head = ipywidgets.HTML(
                    f'<div class="pbx-beside-title" role="heading" aria-level="4">{escape(title)}</div>'
                )
                parts.insert(0, head)
            columns.append(ipywidgets.VBox(parts, layout={"min_width": "0", "flex": f"1 1 {width}"}))
        row = ipywidgets.HBox(columns)
        row.add_class("pbx-beside-row")
        super().__init__(None, [row], css=_STYLE)
        self.add_class("pbx-beside")

    def describe(self) -> str:
        """Describe the view in a few words."""
        return "; ".join(view.describe() for view in self.views)

    def to_html(self) -> str:
        """Return the plain pictures of all, side by side."""
        cells = [
            "<div style='flex:1 1 22em;min-width:0;overflow:auto'>"
            + (f"<b>{escape(title)}</b>" if title else "")
            + f"{view.to_html()}</div>"
            for view, title in zip(self.views, self.titles, strict=False)
        ]
        return f"<div style='display:flex;flex-wrap:wrap;gap:1.2em;align-items:flex-start'>{''.join(cells)}</div>"
