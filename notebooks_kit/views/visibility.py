"""Whether any page shows a view: a strip without height in it, which notices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

_SCRIPT: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class Visibility(anywidget.AnyWidget):
    """Stands in a view, and calls ``changed`` when a page begins or ceases to show it, in whatever thread."""

    _esm = traitlets.Unicode(_SCRIPT).tag(sync=True)

    def __init__(self, changed: Callable[[], None]) -> None:
        """Begin as if it were shown: only a page can say that it is not."""
        self._pages: dict[str, bool] = {}
        self._seen = False
        self._changed = changed
        super().__init__(layout={"height": "0", "margin": "0", "flex": "0 0 auto"})
        self.on_msg(self._hear)

    @property
    def nowhere(self) -> bool:
        """Whether pages have shown the view, and none does now."""
        return self._seen and not any(self._pages.values())

    def _hear(self, _: Any, content: Any, buffers: Any) -> None:
        match content:
            case {"event": "shown" | "hidden" as event, "page": str(page)}:
                self._pages[page] = event == "shown"
                self._seen = True
            case {"event": "gone", "page": str(page)}:
                self._pages.pop(page, None)
            case _:
                return
        self._changed()
