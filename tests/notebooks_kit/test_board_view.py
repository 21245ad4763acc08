"""The board as a widget, without a browser: what it would send to one."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import CallSnapshot, CallState, Counters, LineRemoved, Routing, Status
from notebooks_kit import LineBoard
from tests.notebooks_kit.view_helpers import open_views

if TYPE_CHECKING:
    from .conftest import FakePbx

MakeCall = Callable[..., CallSnapshot]
ADA, BEN, CHLOE = "oxe1000", "oxe1001", "oxe1002"


@pytest.fixture
async def board(pbx: FakePbx) -> AsyncIterator[LineBoard]:
    view = LineBoard(pbx)  # type: ignore[arg-type] # what it needs of a client, and no more
    yield view
    view.close()


def order_of(board: LineBoard, widget: Any) -> int:
    """Evaluate the style sheets as a browser does."""
    name = widget._dom_classes[1]
    place, order = re.search(rf"\.{name}\{{--place:(\d+);order:(.*?)\}}", board._order.value).groups()  # type: ignore[union-attr]
    state = re.search(r"pbx-row pbx-(\w+)", text_of(widget))[1]  # type: ignore[index]
    rank = re.search(rf":has\(\.pbx-{state}\) \{{ --rank: (\d+)", board.children[0].value)[1]  # type: ignore[index]
    sum_ = order.replace("calc", "").replace("var(--place)", place).replace("var(--rank)", rank)
    assert re.fullmatch(r"[\d+*() -]+", sum_)
    return int(eval(sum_))


def text_of(widget: Any) -> str:
    return str(widget.value if hasattr(widget, "value") else widget.children[1].value)


def shown(board: LineBoard) -> list[str]:
    """What a browser shows, by CSS's order, from top to bottom."""
    before, found, _ = board._hidden.value.partition("{display:none")
    hidden = re.findall(r"\.(pbx-line-\d+)", before) if found else []
    rows = [row for row in board._body.children if row._dom_classes[1] not in hidden]
    return [text_of(row) for row in sorted(rows, key=lambda row: order_of(board, row))]


async def frame() -> None:
    """Wait until every view shows what has happened."""
    for view in open_views():
        await view.drawn()


async def test_it_shows_every_line(board: LineBoard) -> None:
    assert [number in text for number, text in zip(("1000", "1001", "1002"), shown(board), strict=True)] == [True] * 3
    assert 'role="group" aria-label="1000 Ada Brooks: idle"' in shown(board)[0]
    assert "3 lines, 0 in a call" in board._summary.value


async def test_events_change_the_one_row(pbx: FakePbx, board: LineBoard, make_call: MakeCall) -> None:
    rows = {id(row) for row in board._body.children}
    changed: list[Any] = []
    for row in board._body.children:
        row.observe(lambda change: changed.append(change["owner"]), "value")
    for index in range(200):
        pbx.put(BEN, counters=Counters(missed_calls=index), calls=(make_call(BEN, CallState.ACTIVE, "Cy"),))
    assert not changed, "drawn before the frame was over"
    await frame()
    assert len(changed) == 1, "drawn more than once a frame"
    assert {id(row) for row in board._body.children} == rows, "rows were rebuilt"
    assert "199 missed" in shown(board)[1]
    assert "pbx-active" in shown(board)[1]
    assert "1 in a call" in board._summary.value


async def test_nothing_is_drawn_when_nothing_happens(board: LineBoard) -> None:
    await frame()
    assert board._frame is None


async def test_the_boxes_filter_and_sort(pbx: FakePbx, board: LineBoard, make_call: MakeCall) -> None:
    pbx.put(CHLOE, calls=(make_call(CHLOE, CallState.RINGING_INCOMING, "Cy"),))
    rows = list(board._body.children)
    board._sort_box.value = board._sort_box.options[2][1]
    await frame()
    assert "Chloe" in shown(board)[0]
    board._turned.value = True
    await frame()
    assert "Chloe" in shown(board)[-1]
    board._filter_box.value = "ben"
    await frame()
    assert len(shown(board)) == 1
    assert "Ben" in shown(board)[0]
    assert list(board._body.children) == rows
    assert board._filter_box.description == "Filter"


async def test_arranging_all_rows_is_one_message(
    make_pbx: type[FakePbx], monkeypatch: pytest.MonkeyPatch, make_call: MakeCall
) -> None:
    pbx = make_pbx(100)
    board = LineBoard(pbx)  # type: ignore[arg-type]
    sent: list[Any] = []
    monkeypatch.setattr(widget_module.Widget, "_send", lambda widget, *_, **__: sent.append(widget))
    for _ in range(3):
        board.model.sort = "state"
        await frame()
        assert sent == [board._order]
        sent.clear()
        pbx.put(BEN, calls=(make_call(BEN, CallState.ACTIVE, "Cy"),))
        await frame()
        assert len(sent) == 2, "the row and the summary; it finds its new place by itself"
        assert "Ben" in shown(board)[0]
        sent.clear()
        board.model.filter = "ada"
        await frame()
        assert sent == [board._hidden]
        board.model.filter = ""
        board.model.sort = "number"
        pbx.put(BEN, calls=())
        await frame()
        sent.clear()
    board.close()


async def test_a_line_can_be_chosen(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    chosen: list[Any] = []
    board = LineBoard(pbx, on_choose=chosen.append)  # type: ignore[arg-type]
    buttons = [row.children[0] for row in board._body.children]
    assert [button.description for button in buttons] == ["1000", "1001", "1002"]
    assert buttons[1].tooltip == "Choose 1001 Ben Castillo"
    buttons[1].click()
    await frame()
    assert chosen == [pbx.lines[BEN]]
    assert board.chosen == BEN
    assert f".{board._body.children[1]._dom_classes[1]}{{box-shadow" in board._hidden.value
    assert "Ben" in shown(board)[1]
    del pbx.lines[BEN]
    pbx.tell(LineRemoved(at=datetime.now(UTC), line=BEN))
    await frame()
    assert len(shown(board)) == 2
    assert buttons[1].comm is None
    board.close()
    assert set(widget_module._instances) == before


async def test_a_box_may_be_moved_from_another_thread(board: LineBoard) -> None:
    thread = threading.Thread(target=lambda: setattr(board._filter_box, "value", "ada"))
    thread.start()
    await asyncio.to_thread(thread.join)
    await frame()
    assert len(shown(board)) == 1


async def test_filter_and_order_can_be_given_at_the_beginning(pbx: FakePbx) -> None:
    view = LineBoard(pbx, sort="name", filter="ada")  # type: ignore[arg-type]
    assert len(shown(view)) == 1
    assert view._sort_box.value == "name"
    assert view._filter_box.value == "ada"
    view.close()


async def test_lines_come_and_go(pbx: FakePbx, board: LineBoard, make_pbx: type[FakePbx]) -> None:
    pbx.lines["oxe1003"] = make_pbx(4).lines["oxe1003"]
    pbx.put("oxe1003", name="Zoe")
    await frame()
    assert "Zoe" in shown(board)[3]
    del pbx.lines[ADA]
    pbx.tell(LineRemoved(at=datetime.now(UTC), line=ADA))
    await frame()
    assert len(shown(board)) == 3
    assert "Ada" not in "".join(shown(board))


async def test_offline_is_shown(pbx: FakePbx, board: LineBoard) -> None:
    pbx.go(Status.OFFLINE)
    await frame()
    assert "offline" in board._summary.value
    assert "pbx-stale" in board._dom_classes
    pbx.go(Status.ONLINE)
    await frame()
    assert "offline" not in board._summary.value
    assert "pbx-stale" not in board._dom_classes


async def test_what_the_system_says_is_never_html(pbx: FakePbx, board: LineBoard, make_call: MakeCall) -> None:
    evil = '<img src=x onerror="alert(1)">'
    pbx.put(ADA, name=evil, calls=(make_call(ADA, CallState.ACTIVE, evil),))
    board.draw()
    for text in (shown(board)[0], board.to_html()):
        assert "<img" not in text
        assert "&lt;img" in text


async def test_a_page_without_widgets_gets_a_table(pbx: FakePbx, board: LineBoard) -> None:
    pbx.put(ADA, routing=Routing(do_not_disturb=True), counters=Counters(missed_calls=1, voicemails=2))
    bundle = board._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert (
        "<td>Ada Brooks</td><td>idle</td><td></td><td>do not disturb, 1 missed, 2 voicemails</td>"
        in bundle["text/html"]
    )
    assert bundle["text/plain"] == "LineBoard of 3 lines"


async def test_close_leaks_nothing(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    view = LineBoard(pbx)  # type: ignore[arg-type]
    assert len(set(widget_module._instances) - before) > 10
    pbx.put(ADA, counters=Counters(missed_calls=1))
    await asyncio.sleep(0)
    view.close()
    view.close()
    assert set(widget_module._instances) == before
    assert not pbx.callbacks
    pbx.put(ADA, counters=Counters(missed_calls=2))
    await frame()
    assert view._frame is None
    assert set(widget_module._instances) == before
