"""A widget that nobody has any more is collected, like any other object, and closes itself then.

ipywidgets keeps each widget until it is closed, twice: in a table by its id, and by the comm that calls it. Both are
needed once a page or another widget was given the id, and no sooner.
"""

import weakref
from collections.abc import Callable
from typing import Any

from ipywidgets.widgets import widget as widget_module


def let_go(widget: Any) -> None:
    """Keep a widget no longer for its own sake: whoever else has it decides how long it lives."""
    key = widget.comm.comm_id
    table: dict[str, Any] = widget_module._instances

    def forget(proxy: object) -> None:
        if table.get(key) is proxy:
            del table[key]

    table[key] = weakref.proxy(widget, forget)
    widget.comm.on_msg(_weakly(widget))


def keep(widget: Any) -> None:
    """Keep a widget until it is closed, as ipywidgets does."""
    widget_module._instances[widget.comm.comm_id] = widget


def _weakly(widget: Any) -> Callable[[Any], None]:
    who = weakref.ref(widget)

    def handle(message: Any) -> None:
        found = who()
        if found is not None:
            found._handle_msg(message)

    return handle
