"""A view whose client was closed keeps showing how it was, in the page and in what a batch run stores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest

from aiopbx import CallSnapshot, CallState, Status
from notebooks_kit import CallTimeline, LineBoard
from notebooks_kit.views import View, stored_state

if TYPE_CHECKING:
    from .conftest import FakePbx


class Clock(View):
    """A view that counts."""

    def __init__(self, pbx: Any) -> None:
        self.ticks = 0
        self.words = "begun"
        self.label = ipywidgets.HTML()
        super().__init__(pbx, [ipywidgets.HBox([self.label])])
        self.every(0.001, self.tick)

    def tick(self) -> None:
        self.ticks += 1

    def draw(self) -> None:
        self.label.value = self.words


async def test_it_draws_the_end_and_then_rests(pbx: FakePbx) -> None:
    view = Clock(pbx)
    view.words = "the end"
    pbx.go(Status.CLOSED)
    await view.drawn()
    assert view.label.value == "the end"
    assert view.stopped
    assert not view.closed
    assert view.comm is not None, "what the page shows is still there"
    ticks = view.ticks
    await asyncio.sleep(0.01)
    assert view.ticks == ticks
    view.every(0.001, view.tick)
    await asyncio.sleep(0.01)
    assert view.ticks == ticks
    view.words = "chosen afterwards"
    view.schedule()
    await view.drawn()
    assert view.label.value == "chosen afterwards"
    view.close()
    assert view.closed
    assert pbx.callbacks == []


async def test_one_that_is_closed_first_does_not_stop(pbx: FakePbx) -> None:
    view = Clock(pbx)
    pbx.go(Status.CLOSED)
    view.close()
    await asyncio.sleep(0)
    assert view.closed
    assert not view.stopped


async def test_a_lost_connection_stops_nothing(pbx: FakePbx) -> None:
    view = Clock(pbx)
    for status in (Status.OFFLINE, Status.CONNECTING, Status.ONLINE):
        pbx.go(status)
    await view.drawn()
    assert not view.stopped
    view.close()


async def test_the_board_says_what_it_shows(pbx: FakePbx, make_call: Callable[..., CallSnapshot]) -> None:
    board = LineBoard(pbx)  # type: ignore[arg-type]
    pbx.put("oxe1001", calls=(make_call("oxe1001", CallState.ACTIVE, "Ada Brooks"),))
    pbx.go(Status.CLOSED)
    await board.drawn()
    assert board.model.summary == "3 lines, 1 in a call · closed: this is how it was"
    assert "Ada Brooks" in board.to_html()
    board.close()


async def test_the_bars_do_not_slide_out_of_the_picture(pbx: FakePbx, make_call: Callable[..., CallSnapshot]) -> None:
    pbx.put("oxe1001", calls=(make_call("oxe1001", CallState.ACTIVE, "Ada Brooks"),))
    bars = CallTimeline(pbx, window=60)  # type: ignore[arg-type]
    pbx.now += timedelta(seconds=20)
    pbx.go(Status.CLOSED)
    await bars.drawn()
    assert "1 call" in bars.describe()
    pbx.now += timedelta(hours=2)
    assert "1 call" in bars.describe()
    assert bars.now < pbx.now
    bars.close()


# ------------------------------------------------------------------------------------------ what a batch run stores


class Shell:
    """A kernel's shell: which cell is running, who asked for it, and who wants to know when it has ended."""

    def __init__(self, *, person: bool) -> None:
        self.ended: list[Callable[[object], None]] = []
        self.person = person
        self.events = SimpleNamespace(register=lambda name, call: self.ended.append(call))

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_type": "execute_request", "msg_id": "1"}, "content": {"allow_stdin": self.person}}

    def end_cell(self) -> None:
        for call in self.ended:
            call(None)


class File:
    """What a program that executes notebooks keeps: whatever comes while it executes a cell."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state: dict[str, dict[str, Any]] = {}
        self.listening = False
        monkeypatch.setattr(ipywidgets.Widget, "_send", self._sent(ipywidgets.Widget._send))

    def _sent(self, send: Callable[..., None]) -> Callable[..., None]:
        def sent(widget: Any, message: dict[str, Any], buffers: Any = None) -> None:
            if self.listening:
                self.state.setdefault(widget.model_id, {}).update(message.get("state", {}))
            send(widget, message, buffers)

        return sent


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    shell = Shell(person=False)
    monkeypatch.setattr(stored_state, "get_ipython", lambda: shell)
    yield shell
    stored_state._views.clear()


async def test_what_changed_between_cells_is_sent_again_at_the_end_of_the_next(
    pbx: FakePbx, batch: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = Clock(pbx)
    view.draw_now()
    Clock(pbx)
    assert len(batch.ended) == 1, "one hook for all"
    file = File(monkeypatch)
    file.listening = True
    batch.end_cell()
    assert file.state[view.label.model_id]["value"] == "begun"
    file.listening = False
    view.words = "drawn between two cells"
    view.draw_now()
    child = ipywidgets.HTML("made between two cells")
    view.children[-1].children = (view.label, child)
    view.words = "waits to be drawn"
    view.schedule()
    file.listening = True
    batch.end_cell()
    assert file.state[view.label.model_id]["value"] == "waits to be drawn"
    made = file.state[child.model_id]
    assert made["value"] == "made between two cells"
    assert made["_model_name"] == "HTMLModel", "the file needs all of a widget that it has not seen"
    assert f"IPY_MODEL_{child.model_id}" in file.state[view.children[-1].model_id]["children"]
    file.state.clear()
    batch.end_cell()
    assert file.state == {}, "nothing is sent twice"
    pbx.go(Status.CLOSED)
    view.words = "the end"
    batch.end_cell()
    assert file.state[view.label.model_id] == {"value": "the end"}
    assert view.stopped
    view.close()
    file.state.clear()
    batch.end_cell()
    assert file.state == {}


async def test_a_page_gets_nothing_twice(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(person=True)
    monkeypatch.setattr(stored_state, "get_ipython", lambda: shell)
    view = Clock(pbx)
    assert shell.ended == []
    view.close()
