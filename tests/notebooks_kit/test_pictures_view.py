"""The log of events and the pictures as widgets, without a browser: live, from a simulated office, and replayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from ipywidgets.widgets import widget as widget_module

import aiopbx
from aiopbx import CallRecord, CallSnapshot, CallStarted, CallState, Party, Pbx, Status, WireMessage
from notebooks_kit import CallLadder, CallTimeline, EventLog, LoadHeatMap
from tests.aiopbx.office import Office, office
from tests.notebooks_kit.table_page import TablePage
from tests.notebooks_kit.view_helpers import sees

if TYPE_CHECKING:
    from .conftest import FakePbx

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ADA, BEN = "oxe1000", "oxe1001"
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


async def a_call(one: Office, pbx: Pbx) -> None:
    call = await pbx.line("1000").dial("1001")
    assert call is not None
    await one.caught_up(pbx)
    await pbx.line("1001").answer()
    await one.caught_up(pbx)


def pictures(html: str) -> list[ElementTree.Element]:
    """Every SVG in a page; a browser forgives what this does not."""
    found = []
    rest = html
    while "<svg" in rest:
        start = rest.index("<svg")
        end = rest.index("</svg>") + 6
        found.append(ElementTree.fromstring(rest[start:end]))
        rest = rest[end:]
    return found


def words_of(html: str) -> str:
    """All the text that a picture shows or tells."""
    return " | ".join(
        [part for picture in pictures(html) for element in picture.iter() for part in (element.text,) if part]
        + [picture.attrib["aria-label"] for picture in pictures(html)]
    )


async def frame() -> None:
    await asyncio.sleep(0.05)


# ------------------------------------------------------------------------------------------------------- the event log


async def test_the_log_shows_the_newest_on_top(pbx: FakePbx) -> None:
    view = EventLog(pbx)  # type: ignore[arg-type] # what it needs of a client, and no more
    page = TablePage(view)
    body = '{"loginName":"oxe1000","callRef":"r1"}'
    pbx.hear(WireMessage(at=NOW, sent=False, what="OnCallCreated", body=body))
    call = CallSnapshot(id="c1", ref="r1", line=ADA, state=CallState.ACTIVE, parties=(Party(name=EVIL),))
    pbx.tell(CallStarted(at=NOW, line=ADA, call=call))
    assert page.keys == [], "drawn before the frame was over"
    await frame()
    assert page.keys == ["2", "1"]
    assert page.cells("2")[1:3] == ["CallStarted", "1000 Ada Brooks"]
    assert page.row("1")[4] == "pbx-wire pbx-pushed"
    page.open("2")
    assert page.details["2"].startswith("from OnCallCreated:\n")
    assert '"callRef": "r1"' in page.details["2"]
    assert "<img" not in view.to_html()
    assert "2 in all" in view.summary
    view.close()


async def test_only_what_is_new_is_sent(pbx: FakePbx) -> None:
    view = EventLog(pbx, kept=5)  # type: ignore[arg-type]
    page = TablePage(view)
    for number in range(5):
        pbx.hear(WireMessage(at=NOW, sent=False, what=f"On{number}"))
    await frame()
    assert page.sent[-1] == ["5", "4", "3", "2", "1"]
    pbx.hear(WireMessage(at=NOW, sent=False, what="OnLast"))
    await frame()
    assert page.sent == [["6"]]
    assert page.keys == ["6", "5", "4", "3", "2"], "the oldest goes"
    page.open("1")
    assert "1" not in page.details
    view.close()


async def test_a_flood_goes_in_pieces_and_without_bodies(pbx: FakePbx) -> None:
    view = EventLog(pbx, kept=500)  # type: ignore[arg-type]
    page = TablePage(view)
    for number in range(1000):
        pbx.hear(WireMessage(at=NOW, sent=False, what=f"On{number}", body="x" * 100_000))
    await frame()
    await view.drawn()
    for _ in range(100):
        await asyncio.sleep(0)
    assert page.keys == [str(number) for number in range(1000, 500, -1)]
    assert max(len(str(message)) for message in page.messages) < 60_000
    assert "1000 in all, the last 500 are kept" in view.summary
    page.open("1000")
    assert len(page.details["1000"]) < 5000, "what is very long is cut, and says so"
    assert len(view.to_dataframe()) == 500
    view.close()


async def test_the_traits_of_the_log(pbx: FakePbx) -> None:
    view = EventLog(pbx)  # type: ignore[arg-type]
    page = TablePage(view)
    pbx.hear(WireMessage(at=NOW, sent=True, what="POST /x?loginName=oxe1001"))
    pbx.go(Status.ONLINE)
    await frame()
    options = {control["name"]: [value for _, value in control.get("options", [])] for control in view._controls}
    assert options["line"] == ["", ADA, BEN, "oxe1002"]
    assert options["kind"] == ["", "calls", "events", "wire", "StatusChanged", "request"]
    page.set(line=BEN)
    await frame()
    assert page.keys == ["1"]
    page.set(line="", kind="events")
    await frame()
    assert page.keys == ["2"]
    page.set(filter="nothing of this")
    await frame()
    assert page.keys == []
    page.set(filter="", kind="")
    page.set(paused=True)
    await frame()
    pbx.hear(WireMessage(at=NOW, sent=True, what="POST /y"))
    await frame()
    assert page.keys == ["2", "1"]
    assert "paused, 1 wait" in view.summary
    page.set(paused=False)
    await frame()
    assert page.keys == ["3", "2", "1"]
    page.press("clear")
    await frame()
    assert page.keys == []
    assert view.describe() == "EventLog: 3 entries"
    pbx.hear(WireMessage(at=NOW, sent=True, what="POST /z"))
    await frame()
    assert page.keys == ["4"]
    view.close()


async def test_the_log_of_an_office(one: Office) -> None:
    pbx = await one.connect()
    view = EventLog(pbx, line="1000")
    page = TablePage(view)
    await a_call(one, pbx)
    await sees(lambda: any("OnCallCreated" in label for label in page.labels))
    assert any("POST /telephony/calls" in label for label in page.labels)
    assert all("1000" in label for label in page.labels)
    view.close()
    assert pbx._core.store.tap.listeners == ()


# -------------------------------------------------------------------------------------------------------- the timeline


async def test_the_timeline_of_an_office(one: Office) -> None:
    pbx = await one.connect()
    view = CallTimeline(pbx, rate=0.02)
    assert "No calls in this time." in words_of(view._picture.value)
    await a_call(one, pbx)
    await sees(lambda: "1001 Bob Keller: active with Alice Martin" in words_of(view._picture.value))
    assert "2 calls" in view._words.value
    said = pictures(view._picture.value)[0].attrib
    assert said["role"] == "img"
    assert "Now: 1000 Alice Martin: active with Bob Keller" in said["aria-label"]
    changes: list[object] = []
    view._picture.observe(changes.append, "value")
    await sees(lambda: len(changes) >= 2)  # bars grow
    view._still.value = True
    await sees(lambda: "held at" in view._words.value)
    changes.clear()
    await asyncio.sleep(0.1)
    assert changes == []
    view._window.value = 60.0
    await sees(lambda: bool(changes))
    await pbx.line("1000").hang_up()
    view._still.value = False
    await sees(lambda: "then ended: answered" in words_of(view._picture.value))
    assert list(view.to_dataframe()["outcome"].dropna()) == ["answered", "answered"]
    view.close()


async def test_a_quiet_timeline_sends_nothing(pbx: FakePbx) -> None:
    view = CallTimeline(pbx, rate=0.01)  # type: ignore[arg-type]
    changes: list[object] = []
    view._picture.observe(changes.append, "value")
    await frame()
    assert changes == []
    view.close()


async def test_a_large_picture_is_drawn_less_often(pbx: FakePbx, make_call: Callable[..., CallSnapshot]) -> None:
    view = CallTimeline(pbx, rate=0.01)  # type: ignore[arg-type]
    view._picture.value = ""
    view.picture = lambda: ("x" * 65536 * 1000, "large")  # type: ignore[method-assign]
    view.draw_now()
    drawn: list[int] = []
    view.picture = lambda: (str(drawn.append(1)), "y")  # type: ignore[method-assign]
    view._model_changed()
    await frame()
    assert drawn == []
    view.close()


async def test_only_some_lines(one: Office) -> None:
    pbx = await one.connect()
    view = CallTimeline(pbx, ["1002", pbx.line("1000")], window=123)
    assert [row.line for row in view.model.picture(pbx.now).rows] == ["oxe1002", "oxe1000"]
    assert view._window.value == 123
    with pytest.raises(aiopbx.UnknownLine):
        CallTimeline(pbx, ["9999"])
    view.close()


# ---------------------------------------------------------------------------------------------------------- the ladder


async def test_the_ladder_of_an_office(one: Office) -> None:
    pbx = await one.connect()
    view = CallLadder(pbx, rate=0.02)
    assert "Nothing was signalled yet" in view._picture.value
    await a_call(one, pbx)
    await sees(lambda: "is connected to 1001" in words_of(view._picture.value))
    said = words_of(view._picture.value)
    for part in ("this side", "system", "Alice Martin", "Bob Keller", "POST /telephony/calls", "OnCallCreated"):
        assert part in said
    assert "dials 1001" in said
    assert "system to 1000 Alice Martin: is connected to 1001" in said, "it is said in words, too"
    texts = [step.text for step in view.model.visible()]
    order = ["POST /telephony/calls", "201 POST /telephony/calls", "dials 1001", "rings, from 1000", "answers"]
    assert [text for text in texts if text in order] == order
    (_, key) = view._call_box.options[1]
    await one.caught_up(pbx)
    view._call_box.value = key
    await sees(lambda: "OnMarkOfATest" not in words_of(view._picture.value))
    assert "POST /telephony/calls" in words_of(view._picture.value), "also the request that made it"
    view._wire_box.value = False
    await sees(lambda: "this side" not in words_of(view._picture.value))
    view._party_box.value = False
    await sees(lambda: "Nothing was signalled" in view._picture.value)
    view._clear.click()
    await sees(lambda: len(view._call_box.options) == 1)
    view.close()
    assert pbx._core.store.tap.listeners == ()


async def test_what_the_system_says_is_never_html(pbx: FakePbx) -> None:
    views = [CallLadder(pbx, rate=0.01), CallTimeline(pbx, rate=0.01)]  # type: ignore[arg-type]
    pbx.put(ADA, name=EVIL)
    call = CallSnapshot(id="c1", ref="r1", line=ADA, state=CallState.ACTIVE, parties=(Party(name=EVIL),))
    pbx.tell(CallStarted(at=NOW, line=ADA, call=call))
    pbx.hear(WireMessage(at=NOW, sent=False, what=EVIL, body=EVIL))
    await frame()
    for view in views:
        assert "<img" not in view._picture.value
        assert "&lt;img" in view._picture.value
        assert pictures(view._picture.value), "it is well-formed"
        view.close()


# ------------------------------------------------------------------------------------------------------- the heat map


async def test_the_load_of_records_and_of_a_live_client(one: Office) -> None:
    pbx = await one.connect()
    records = [CallRecord(id=number, started_at=NOW + timedelta(hours=number % 3)) for number in range(9)]
    view = LoadHeatMap(records, pbx, zone=UTC, rate=0.02)
    assert "Monday 09:00 to 10:00: 3 calls" in words_of(view._picture.value)
    assert "9 calls, 0 missed" in view._words.value
    await a_call(one, pbx)
    await sees(lambda: "10 calls" in view._words.value)
    view.add(NOW)
    assert view.to_dataframe()["calls"].sum() == 11
    assert view.describe().startswith("LoadHeatMap: 11 calls")
    view.close()


async def test_the_load_of_nothing() -> None:
    view = LoadHeatMap()
    assert "0 calls" in view._words.value
    assert len([element for element in pictures(view._picture.value)[0].iter() if element.tag.endswith("title")]) == 168
    with pytest.raises(TypeError, match="is no call"):
        view.add([object()])
    view.close()


# ------------------------------------------------------------------------------------------------------------ replayed


async def test_a_recording_comes_back_through_the_same_views(one: Office, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    pbx = await one.connect()
    live = [EventLog(pbx), CallTimeline(pbx), CallLadder(pbx), LoadHeatMap(pbx)]
    async with pbx.record(path):
        await a_call(one, pbx)
        await pbx.line("1000").hang_up()
        await one.caught_up(pbx)
    for view in live:
        view.draw_now()
    async with aiopbx.replay(path, 0, paused=True) as again:
        views = [EventLog(again), CallTimeline(again), CallLadder(again), LoadHeatMap(again)]
        again.resume()
        await again.wait_finished()
        for former, view in zip(live, views, strict=True):
            view.draw_now()
            left, right = former.to_dataframe(), view.to_dataframe()
            assert len(left) == len(right) > 0
            assert left.equals(right), type(view).__name__
        assert "2 calls" in views[1]._words.value, "the time is that of the recording"
        for view in views:
            view.close()
    for view in live:
        view.close()

    ladder = CallLadder(path)
    await sees(lambda: "is connected to 1001" in words_of(ladder._picture.value))
    assert "Alice Martin" in words_of(ladder._picture.value)
    ladder.close()
    missing = CallLadder(tmp_path / "nothing.jsonl")
    await sees(lambda: "cannot be read" in missing._problem_text.value)
    missing.close()


async def test_closing_leaves_nothing(pbx: FakePbx) -> None:
    def count() -> int:
        return len(widget_module._instances)

    before = count()
    views: list[Any] = [EventLog(pbx), CallTimeline(pbx), CallLadder(pbx), LoadHeatMap(pbx)]  # type: ignore[arg-type]
    pbx.hear(WireMessage(at=NOW, sent=False, what="OnX"))
    await frame()
    for view in views:
        assert "text/plain" in (view._repr_mimebundle_() or {})
        view.close()
        view.close()
    assert count() == before
    assert (pbx.callbacks, pbx.listeners) == ([], [])


async def test_every_control_of_the_log_has_a_name(pbx: FakePbx) -> None:
    view = EventLog(pbx)  # type: ignore[arg-type]
    assert [control["label"] for control in view._controls] == ["Line", "Kind", "Filter", "Pause", "Clear"]
    view.close()


@pytest.mark.parametrize("kind", [CallTimeline, CallLadder])
async def test_every_control_has_a_name(pbx: FakePbx, kind: Any) -> None:
    view = kind(pbx)
    controls = [
        widget
        for name, widget in vars(view).items()
        if hasattr(widget, "description") and not name.startswith("_words") and hasattr(widget, "disabled")
    ]
    assert controls
    for control in controls:
        assert control.description or control.tooltip
    view.close()
