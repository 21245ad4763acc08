"""What a batch run stores: the last state of every widget, sent again from the cell that is running.

Programs that execute a notebook without a page (nbclient, and with it nbconvert, papermill and Voilà) keep only what
the cell sends that they are executing. What a view draws later, from a task of an earlier cell, they drop: the file
would show the board as it was when it was made. So at the end of each cell, whatever has changed meanwhile is sent once
more, from within that cell. A page needs none of this, and gets none.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

import ipywidgets
from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from .view import View

_views: "Final[WeakSet[View]]" = WeakSet()
_sent: Final[WeakKeyDictionary[Any, dict[str, Any]]] = WeakKeyDictionary()
"""What each widget has sent from within a cell."""
_watched: Final[WeakSet[Any]] = WeakSet()
"""The shells that tell when a cell has ended."""


def keep_for_the_file(view: "View") -> None:
    """See to it that the last state of this view is in the file, if a program without a page runs the notebook."""
    shell: Any = get_ipython()
    if shell is None or not runs_without_page(shell):
        return
    _views.add(view)
    if shell not in _watched:
        _watched.add(shell)
        shell.events.register("post_run_cell", lambda _: send_again())


def runs_without_page(shell: Any) -> bool:
    """Whether a program executes the notebook, and not a person: it does not answer what a cell would ask."""
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    content = parent.get("content") or {}
    return (parent.get("header") or {}).get("msg_type") == "execute_request" and content.get("allow_stdin") is False


def send_again() -> None:
    """Draw what waits, and send what is different from what was sent from within a cell."""
    for view in list(_views):
        if view.closed:
            _views.discard(view)
            continue
        view.draw_what_waits()
        for widget in _tree(view):
            _send(widget)


def _send(widget: Any) -> None:
    if widget.comm is None:
        return
    state = widget.get_state()
    former = _sent.get(widget)
    changed = [key for key, value in state.items() if former is None or key not in former or former[key] != value]
    if changed:
        _sent[widget] = state
        widget.send_state(changed)


def _tree(root: Any) -> Iterator[Any]:
    """Return a widget and all that it refers to: children, layouts, styles."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        widget = waiting.pop()
        if id(widget) in seen:
            continue
        seen.add(id(widget))
        yield widget
        for key in widget.keys:
            value = getattr(widget, key)
            if isinstance(value, ipywidgets.Widget):
                waiting.append(value)
            elif isinstance(value, list | tuple):
                waiting += [each for each in value if isinstance(each, ipywidgets.Widget)]
