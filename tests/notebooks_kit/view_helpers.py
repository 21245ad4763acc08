"""What tests of views share: an office with a client, clicks and keys, and waiting for what a view shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import Call, CallState, Line, Pbx
from aiopbx.o2g.services import directory
from aiopbx.simulator import ManualClock
from notebooks_kit.views import view as view_module
from notebooks_kit.views.table import TableView
from notebooks_kit.views.view import View
from tests.aiopbx.office import Office, office, until

ALICE, BOB, CAROL, DAVID = "1000", "1001", "1002", "1003"


_searched: list[ManualClock] = []
"""Clocks that a client's pause between two looks at a search turns: what it waits for takes no real time."""


async def _pause(seconds: float) -> None:
    for clock in _searched:
        clock.advance(seconds)
    await asyncio.sleep(0 if _searched else 0.002)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten frames, and do not wait between two looks at a search."""
    monkeypatch.setattr(view_module, "FRAME", 0.002)
    monkeypatch.setattr(directory, "_sleep", _pause)


def widgets() -> set[str]:
    """Everything that ipywidgets has made and not closed."""
    return set(widget_module._instances)


@asynccontextmanager
async def connected_office(**settings: Any) -> AsyncIterator[tuple[Office, Pbx]]:
    """An office and a client; whatever widgets are left at its end is an error."""
    before = widgets()
    async with office(**settings) as one:
        yield one, await one.connect()
    left = widgets() - before
    assert not left, [type(widget_module._instances[key]).__name__ for key in left]


def there(widget: Any) -> bool:
    """Whether a page shows it, if it shows what it stands in."""
    return bool(widget.layout.display != "none")


def problem(view: View) -> str:
    """What the view says went wrong, as a page shows it; empty where nothing did."""
    if isinstance(view, TableView):
        return view._trouble
    return str(view._problem_text.value) if there(view._problem_area) else ""


def enter(text: Any) -> None:
    """Press Enter in a field, as a page tells it."""
    text.typed("submit", text.value)


def open_views() -> list[View]:
    """The views of this loop that are not closed."""
    loop = asyncio.get_running_loop()
    every = [each for each in widget_module._instances.values() if isinstance(each, View)]
    return [view for view in every if view.loop is loop and not view.closed]


async def sees(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until this is so and every view shows it, so that a test may read any view right afterwards.

    A condition on a client or a model holds a frame before its view is drawn.
    """
    await until(condition, seconds)
    for view in open_views():
        async with asyncio.timeout(seconds):
            await view.drawn()


async def turns(one: Office, condition: Callable[[], object]) -> None:
    """Wait as ``sees`` does; a search of the directory turns the office's clock as far as it pauses."""
    _searched.append(one.clock)
    try:
        await sees(condition)
    finally:
        _searched.remove(one.clock)


async def ringing(line: Line) -> Call:
    """Wait for the call that rings at a line: another line's dial may return before it is there."""

    def found() -> Call | None:
        return next((call for call in line.calls if call.state is CallState.RINGING_INCOMING), None)

    await sees(found)
    call = found()
    assert call is not None
    return call
