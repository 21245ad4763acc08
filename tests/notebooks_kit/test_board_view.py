"""The board as a widget, without a browser: what it sends to a page, and what a page that shows it has."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
import traitlets
from ipywidgets.widgets import widget as widget_module

from aiopbx import CallSnapshot, CallState, Counters, InvalidInput, LineRemoved, Routing, Status
from notebooks_kit import LineBoard
from tests.notebooks_kit.table_page import TablePage
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


@pytest.fixture
async def page(board: LineBoard) -> TablePage:
    page = TablePage(board)
    await frame()
    return page


async def frame() -> None:
    """Wait until every view shows what has happened."""
    for view in open_views():
        await view.drawn()


async def test_it_shows_every_line(board: LineBoard, page: TablePage) -> None:
    assert page.labels == ["1000 Ada Brooks: idle", "1001 Ben Castillo: idle", "1002 Chloe Dubois: idle"]
    assert page.cells(ADA) == ["1000", "Ada Brooks", "idle", "", ""]
    assert board.summary == "3 lines, 0 in a call"


async def test_it_is_one_widget(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    view = LineBoard(pbx)  # type: ignore[arg-type]
    assert len(set(widget_module._instances) - before) == 2, "itself and its layout"
    view.close()
    assert set(widget_module._instances) == before


async def test_a_frame_is_one_message_of_what_has_changed(
    pbx: FakePbx, board: LineBoard, page: TablePage, make_call: MakeCall
) -> None:
    assert page.sent == [[ADA, BEN, CHLOE]]
    for index in range(200):
        pbx.put(BEN, counters=Counters(missed_calls=index), calls=(make_call(BEN, CallState.ACTIVE, "Cy"),))
    assert page.sent == [], "drawn before the frame was over"
    await frame()
    assert page.sent == [[BEN]]
    assert page.cells(BEN)[3:] == ["Cy", "199 missed"]
    assert page.row(BEN)[4] == "pbx-active"
    assert "1 in a call" in board.summary
    await frame()
    assert page.sent == []
    assert board._frame is None


async def test_traits_filter_and_sort(pbx: FakePbx, page: TablePage, make_call: MakeCall) -> None:
    pbx.put(CHLOE, calls=(make_call(CHLOE, CallState.RINGING_INCOMING, "Cy"),))
    page.set(sort="state")
    await frame()
    assert page.keys == [CHLOE, ADA, BEN]
    page.set(descending=True)
    await frame()
    assert page.keys == [BEN, ADA, CHLOE]
    page.set(filter="ben")
    await frame()
    assert page.keys == [BEN]
    page.set(filter="")
    await frame()
    assert page.keys == [BEN, ADA, CHLOE]


async def test_traits_can_be_set_observed_and_linked(board: LineBoard, page: TablePage) -> None:
    seen: list[Any] = []
    board.observe(lambda change: seen.append(change["new"]), "filter")
    box = ipywidgets.Text()
    link = traitlets.link((box, "value"), (board, "filter"))
    box.value = "ada"
    await frame()
    assert page.keys == [ADA]
    assert board.model.filter == "ada"
    page.set(filter="chloe")
    await frame()
    assert box.value == "chloe"
    assert seen == ["ada", "chloe"]
    link.unlink()
    box.close()
    box.layout.close()
    box.style.close()
    with pytest.raises(InvalidInput, match="Choose one of"):
        board.sort = "nonsense"
    assert board.sort == "number"


async def test_what_the_model_is_set_to_the_traits_say(board: LineBoard, page: TablePage) -> None:
    board.model.sort = "name"  # type: ignore[assignment] # words are taken, too
    board.model.filter = "o"
    await frame()
    assert (board.sort, board.filter) == ("name", "o")
    assert page.keys == [ADA, BEN, CHLOE]


async def test_the_chosen_row_is_the_value(
    pbx: FakePbx, board: LineBoard, page: TablePage, make_call: MakeCall
) -> None:
    values: list[Any] = []
    board.observe(lambda change: values.append(change["new"]), "value")
    page.set(selected=[BEN])
    await frame()
    assert board.chosen == BEN
    assert values == [
        [{"key": BEN, "Number": "1001", "Name": "Ben Castillo", "State": "idle", "With": "", "Notes": ""}]
    ]
    pbx.put(BEN, calls=(make_call(BEN, CallState.RINGING_INCOMING, "Cy"),))
    await frame()
    assert (board.value[0]["State"], board.value[0]["With"]) == ("ringing incoming", "Cy")
    board.chosen = ""
    await frame()
    assert board.value == []


async def test_arranging_rows_sends_places_and_no_rows(make_pbx: type[FakePbx], make_call: MakeCall) -> None:
    pbx = make_pbx(100)
    board = LineBoard(pbx)  # type: ignore[arg-type]
    page = TablePage(board)
    await frame()
    assert [len(keys) for keys in page.sent] == [100]
    board.sort = "state"
    await frame()
    assert page.sent == [[]]
    pbx.put(BEN, calls=(make_call(BEN, CallState.ACTIVE, "Cy"),))
    await frame()
    assert page.sent == [[BEN]], "one row moves"
    assert page.keys[0] == BEN
    board.filter = "ada"
    await frame()
    assert page.sent == [[]]
    assert len(page.keys) == 34
    assert [page.row(key)[2] for key in page.keys] == board.rows.keys
    board.close()


async def test_many_lines_go_in_pieces_that_the_page_takes_in(make_pbx: type[FakePbx]) -> None:
    pbx = make_pbx(3000)
    board = LineBoard(pbx)  # type: ignore[arg-type]
    slow = TablePage(board, answers=False)
    await frame()
    for _ in range(50):
        await asyncio.sleep(0)
    pieces = slow.sent
    assert pieces[0][0] == ADA, "what is on top comes first"
    assert 1 < len(pieces) < 5, "no more than a slow page takes in"
    assert max(map(len, pieces)) <= 400
    slow.answers = True
    slow.say("seen", version=slow.version)
    for _ in range(5000):
        await asyncio.sleep(0)
        if len(slow.keys) == 3000:
            break
    assert slow.keys == list(pbx.lines)
    board.close()


async def test_a_table_that_no_page_shows_rests(
    pbx: FakePbx, board: LineBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    draw = board.draw
    monkeypatch.setattr(board, "draw", lambda: (drawn.append(1), draw()))
    pbx.put(ADA, name="Zoe")
    await frame()
    assert not drawn
    assert board._frame is None
    page = TablePage(board)
    await frame()
    assert page.cells(ADA)[1] == "Zoe"
    page.say("hidden")
    drawn.clear()
    for index in range(10):
        pbx.put(ADA, name=f"Zoe {index}")
        await frame()
    assert not drawn
    assert page.sent == [[ADA, BEN, CHLOE]]
    page.say("shown")
    await frame()
    assert page.cells(ADA)[1] == "Zoe 9"
    assert page.sent == [[ADA]], "only what it has missed"
    page.leave()
    pbx.put(ADA, name="Yara")
    await frame()
    assert not board.watched
    assert "Yara" in board.to_html(), "whoever asks gets what is so now"


async def test_a_page_that_does_not_answer_any_more_is_gone(
    pbx: FakePbx, board: LineBoard, page: TablePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.answers = False
    now = board.loop.time()
    for step in range(30):
        monkeypatch.setattr(board.loop, "time", lambda step=step: now + step)
        pbx.put(ADA, name=f"Zoe {step}")
        board._schedule()
        if board.watched:
            board.draw_now()
    assert not board.watched
    assert 5 < len(page.sent) < 15
    monkeypatch.undo()


async def test_two_pages_and_one_that_has_missed_something(pbx: FakePbx, board: LineBoard, page: TablePage) -> None:
    pbx.put(ADA, name="Zoe")
    board.draw_now()
    page.version -= 1  # as if the last message had not come
    pbx.put(BEN, name="Yara")
    await frame()
    assert [page.cells(key)[1] for key in (ADA, BEN)] == ["Zoe", "Yara"]
    assert page.sent[-1] == [ADA, BEN, CHLOE]


async def test_what_is_asked_of_the_widget_is_everything(pbx: FakePbx, board: LineBoard, page: TablePage) -> None:
    pbx.put(ADA, name="Zoe")
    await frame()
    state = board.get_state()["_table"]
    assert state["version"] == page.version
    assert '"1000 Zoe: idle"' in state["rows"]
    page.set(_table={"version": 99, "rows": "[]"})  # a page has no say in it
    assert board.get_state()["_table"] == state


async def test_a_line_can_be_chosen(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    chosen: list[Any] = []
    board = LineBoard(pbx, on_choose=chosen.append)  # type: ignore[arg-type]
    page = TablePage(board)
    await frame()
    assert [page.cells(key)[0]["t"] for key in page.keys] == ["1000", "1001", "1002"]
    assert page.cells(BEN)[0] == {"b": "choose", "t": "1001", "h": "Choose 1001 Ben Castillo", "s": ""}
    page.press("choose", BEN)
    await frame()
    assert chosen == [pbx.lines[BEN]]
    assert board.chosen == BEN
    del pbx.lines[BEN]
    pbx.tell(LineRemoved(at=datetime.now(UTC), line=BEN))
    await frame()
    assert page.keys == [ADA, CHLOE]
    page.press("choose", BEN)  # on its way when the line went
    await frame()
    assert len(chosen) == 1
    board.close()
    assert set(widget_module._instances) == before


async def test_a_trait_may_be_set_from_another_thread(board: LineBoard, page: TablePage) -> None:
    thread = threading.Thread(target=lambda: setattr(board, "filter", "ada"))
    thread.start()
    await asyncio.to_thread(thread.join)
    await frame()
    assert page.keys == [ADA]


async def test_filter_and_order_can_be_given_at_the_beginning(pbx: FakePbx) -> None:
    view = LineBoard(pbx, sort="name", filter="ada")  # type: ignore[arg-type]
    page = TablePage(view)
    await frame()
    assert page.keys == [ADA]
    assert (view.sort, view.filter) == ("name", "ada")
    view.close()


async def test_lines_come_and_go(pbx: FakePbx, page: TablePage, make_pbx: type[FakePbx]) -> None:
    pbx.lines["oxe1003"] = make_pbx(4).lines["oxe1003"]
    pbx.put("oxe1003", name="Zoe")
    await frame()
    assert page.labels[3] == "1003 Zoe: idle"
    del pbx.lines[ADA]
    pbx.tell(LineRemoved(at=datetime.now(UTC), line=ADA))
    await frame()
    assert page.keys == [BEN, CHLOE, "oxe1003"]


async def test_offline_is_shown(pbx: FakePbx, board: LineBoard, page: TablePage) -> None:
    pbx.go(Status.OFFLINE)
    await frame()
    assert "offline" in board.summary
    assert board.stale
    pbx.go(Status.ONLINE)
    await frame()
    assert "offline" not in board.summary
    assert not board.stale


async def test_what_the_system_says_is_never_html(
    pbx: FakePbx, board: LineBoard, page: TablePage, make_call: MakeCall
) -> None:
    evil = '<img src=x onerror="alert(1)">'
    pbx.put(ADA, name=evil, calls=(make_call(ADA, CallState.ACTIVE, evil),))
    await frame()
    assert page.cells(ADA)[1] == evil, "pages set it as text"
    assert "<img" not in board.to_html()
    assert "&lt;img" in board.to_html()


async def test_a_page_without_widgets_gets_a_table(pbx: FakePbx, board: LineBoard) -> None:
    pbx.put(ADA, routing=Routing(do_not_disturb=True), counters=Counters(missed_calls=1, voicemails=2))
    bundle = board._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert (
        "<td>Ada Brooks</td><td>idle</td><td></td><td>do not disturb, 1 missed, 2 voicemails</td>"
        in bundle["text/html"]
    )
    assert bundle["text/plain"] == "LineBoard of 3 lines"


async def test_a_plain_table_of_very_many_lines_says_what_it_leaves_out(make_pbx: type[FakePbx]) -> None:
    pbx = make_pbx(600)
    board = LineBoard(pbx)  # type: ignore[arg-type]
    html = board.to_html()
    assert html.count("<tr>") == 501
    assert "and 100 more" in html
    assert "Ada Brooks" in html
    board.model.filter = "ada"
    assert board.to_html().count("<tr>") == 201
    board.close()


async def test_close_leaks_nothing(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    view = LineBoard(pbx)  # type: ignore[arg-type]
    page = TablePage(view)
    pbx.put(ADA, counters=Counters(missed_calls=1))
    await asyncio.sleep(0)
    view.close()
    view.close()
    assert set(widget_module._instances) == before
    assert not pbx.callbacks
    page.sent  # noqa: B018 - forgets what came before
    pbx.put(ADA, counters=Counters(missed_calls=2))
    page.say("shown")
    await frame()
    assert view._frame is None
    assert page.sent == []
    assert set(widget_module._instances) == before
