"""Which cell has created a view, so that running it again closes the views of its earlier run."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from IPython.core.getipython import get_ipython

if TYPE_CHECKING:
    from .view import View


@dataclass(slots=True)
class Place:
    """One cell: which of its runs was the last, and the views that it has created."""

    run: str
    former: set[str] = field(default_factory=set)
    views: "WeakSet[View]" = field(default_factory=WeakSet)


_places: Final[dict[str, Place]] = {}
_inside: Final[ContextVar[bool]] = ContextVar("inside a view", default=False)


@contextmanager
def in_a_view() -> Iterator[None]:
    """Mark the views that a view creates later, perhaps at a click: they belong to that view, not to a cell."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def cell_and_run() -> tuple[str, str] | None:
    """Return which cell is running, and which of its runs this is; ``None`` if the page does not say."""
    shell = get_ipython()
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    header = parent.get("header") or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    if header.get("msg_type") != "execute_request" or not cell:
        return None
    return str(cell), str(header.get("msg_id"))


def remember(view: "View") -> None:
    """Remember which cell has created this view, and close the views of its earlier runs."""
    known = None if _inside.get() else cell_and_run()
    if known is None:
        return
    cell, run = known
    place = _places.setdefault(cell, Place(run))
    if run in place.former:  # something from an earlier run creates a view late
        return
    if run != place.run:
        place.former.add(place.run)
        place.run = run
        old, place.views = list(place.views), WeakSet()
        for each in old:
            each.close()
    place.views.add(view)


def forget(view: "View") -> None:
    """A view was closed."""
    for place in _places.values():
        place.views.discard(view)
