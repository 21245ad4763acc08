"""A view that nobody has any more is collected, and one that no page shows draws nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import comm
import ipywidgets
import pytest

from notebooks_kit import CallLogTable, CallPanel, CallTimeline, DirectorySearch, EventLog, LineBoard
from notebooks_kit.views.visibility import Visibility

from .view_helpers import ALICE, BOB, connected_office, ringing, sees, widgets

if TYPE_CHECKING:
    from .conftest import FakePbx

TABLES: dict[str, Callable[[Any], Any]] = {
    "board": LineBoard,
    "choosing board": lambda pbx: LineBoard(pbx, on_choose=print),
    "log": lambda pbx: CallLogTable(pbx.line(ALICE)),
    "events": EventLog,
    "directory": lambda pbx: DirectorySearch(pbx, pbx.line(ALICE)),
}


async def collected(gone: weakref.ref[Any]) -> None:
    """Wait until nothing is left of it: what it has begun may go on for a few rounds of the loop."""

    def is_gone() -> bool:
        gc.collect()
        return gone() is None

    await sees(is_gone)


@pytest.mark.parametrize("name", TABLES)
async def test_one_that_was_dropped_is_collected(name: str) -> None:
    async with connected_office() as (one, pbx):
        subscribers = pbx._core.store.subscribers

        def subscribed() -> int:
            return sum(len(audience.entries) for audience in subscribers._everywhere.values())

        comms = comm.get_comm_manager().comms
        before = (widgets(), set(comms), subscribed())
        view = TABLES[name](pbx)
        await view.drawn()
        gone = weakref.ref(view)
        del view
        await collected(gone)
        assert (widgets(), set(comms), subscribed()) == before
        one.switch.make_call(f"oxe{BOB}", BOB, ALICE, auto_answer=True)  # nothing fails of what is left
        await sees(lambda: pbx.line(ALICE).calls)


async def test_boards_in_a_loop_leave_one(pbx: FakePbx) -> None:
    made = []
    for _ in range(5):
        board = LineBoard(pbx)
        made.append(weakref.ref(board))
    for gone in made[:-1]:
        await collected(gone)
    assert made[-1]() is board
    assert len(pbx.callbacks) == 2, "status and events of one board"
    board.close()
    assert pbx.callbacks == []


async def test_one_that_a_page_has_been_given_is_kept(pbx: FakePbx) -> None:
    board = LineBoard(pbx)
    board._repr_mimebundle_()
    gone = weakref.ref(board)
    del board
    gc.collect()
    view = gone()
    assert view is not None, "a page is about to ask for it"
    for event in ("ready", "hidden"):
        view._handle_custom_msg({"event": event, "page": "p", "version": -1}, [])
    del view
    gc.collect()
    view = gone()
    assert view is not None, "the page may show it again"
    view.close()
    assert pbx.callbacks == []


async def test_one_whose_output_was_cleared_is_collected(pbx: FakePbx) -> None:
    board = LineBoard(pbx)
    board._repr_mimebundle_()
    for name in ("left", "right"):
        board._handle_custom_msg({"event": "ready", "page": name, "version": -1}, [])
    gone = weakref.ref(board)
    board._handle_custom_msg({"event": "gone", "page": "left"}, [])
    del board
    gc.collect()
    kept = gone()
    assert kept is not None, "it is to be seen on the right"
    kept._handle_custom_msg({"event": "gone", "page": "right"}, [])
    del kept
    await collected(gone)
    assert pbx.callbacks == []


async def test_one_that_another_widget_refers_to_lives_with_it(pbx: FakePbx) -> None:
    board = LineBoard(pbx)
    box = ipywidgets.HBox([board])
    gone = weakref.ref(board)
    board._handle_custom_msg({"event": "ready", "page": "p", "version": -1}, [])
    board._handle_custom_msg({"event": "gone", "page": "p"}, [])
    key = board.comm.comm_id
    del board
    gc.collect()
    assert box.children[0] is gone()
    assert ipywidgets.widgets.widget._json_to_widget(f"IPY_MODEL_{key}", None) is gone()
    box.children[0].close()
    box.layout.close()
    box.close()


async def test_a_table_that_was_let_go_still_answers_its_page(pbx: FakePbx) -> None:
    board = LineBoard(pbx)
    message = {"content": {"data": {"method": "update", "state": {"filter": "ada"}}}, "buffers": []}
    board.comm.handle_msg(message)
    await board.drawn()
    assert board.model.filter == "ada"
    board.close()


def eye(view: Any) -> Visibility:
    found = view._visibility
    assert isinstance(found, Visibility)
    return found


def page_says(view: Any, event: str, page: str = "p") -> None:
    eye(view)._handle_custom_msg({"event": event, "page": page}, [])


async def test_a_panel_rests_while_no_page_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected_office() as (_, pbx):
        panel = CallPanel(pbx.line(ALICE))
        drawings: list[int] = []
        draw = panel.draw
        monkeypatch.setattr(panel, "draw", lambda: drawings.append(1) or draw())
        page_says(panel, "shown")
        page_says(panel, "shown", "another")
        page_says(panel, "hidden")
        await pbx.line(BOB).dial(ALICE)
        call = await ringing(pbx.line(ALICE))
        await sees(lambda: len(panel._rows) == 1)
        page_says(panel, "gone", "another")
        await panel.drawn()
        drawn = len(drawings)
        await call.answer()
        await sees(lambda: call.answered)
        assert len(drawings) == drawn, "nobody looks"
        page_says(panel, "shown")
        await sees(lambda: len(drawings) > drawn)
        panel.close()


async def test_a_picture_rests_while_no_page_shows_it() -> None:
    async with connected_office() as (_, pbx):
        timeline = CallTimeline(pbx, rate=0.01)
        page_says(timeline, "shown")
        page_says(timeline, "hidden")
        before = timeline._picture.value
        await pbx.line(BOB).dial(ALICE)
        await ringing(pbx.line(ALICE))
        for _ in range(5):
            ticked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            stop = timeline.every(0.01, lambda ticked=ticked: ticked.done() or ticked.set_result(None))
            await ticked
            stop()
        assert timeline._picture.value == before
        assert timeline.to_html().count("<rect") > before.count("<rect"), "what is asked for is as things are now"
        page_says(timeline, "shown")
        await sees(lambda: timeline._picture.value != before)
        timeline.close()
