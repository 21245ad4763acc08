"""What every view has in common, without a browser."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import InvalidInput, Offline
from notebooks_kit import LineBoard
from notebooks_kit.views import View, cells
from tests.notebooks_kit.view_helpers import open_views, sees

if TYPE_CHECKING:
    from .conftest import FakePbx


class Counter(View):
    """A number, a button and a box."""

    def __init__(self, pbx: Any) -> None:
        self.number = 0
        self.drawings = 0
        self.chosen: list[str] = []
        self.label = ipywidgets.HTML()
        self.button = ipywidgets.Button(description="More")
        self.box = ipywidgets.Text(description="Name")
        super().__init__(pbx, [ipywidgets.HBox([self.button, self.box]), self.label], css=".x { color: red }")
        self.on_change(self.box, self.chosen.append)

    def draw(self) -> None:
        self.drawings += 1
        self.label.value = str(self.number)
        if self.number > 99:
            raise ValueError("<b>too many</b>")
        if self.number > 9:
            self.box.value = "many"

    def to_html(self) -> str:
        return f"<p>{self.number}</p>"


@pytest.fixture
async def view(pbx: FakePbx) -> AsyncIterator[Counter]:
    view = Counter(pbx)
    yield view
    view.close()


async def frame() -> None:
    """Wait until every view shows what has happened."""
    for view in open_views():
        await view.drawn()


def problem(view: View) -> str:
    """What a person sees of it."""
    shown = view._problem_area.layout.display != "none"
    assert shown == bool(view._problem_text.value)
    return str(view._problem_text.value)


async def in_thread(function: Any, *arguments: Any) -> None:
    """Call it where no loop is, without the loop of the test standing still."""
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)  # for what it handed to the loop: a thread that is over already is not waited for


async def test_it_draws_once_a_frame(view: Counter) -> None:
    for number in range(5):
        view.number = number
        view.schedule()
    assert view.drawings == 0
    await frame()
    assert view.drawings == 1
    assert view.label.value == "4"
    await frame()
    assert view.drawings == 1


async def test_one_can_wait_until_it_is_drawn(view: Counter) -> None:
    view.number = 7
    view.schedule()
    waits = [asyncio.create_task(view.drawn()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(wait.done() for wait in waits)
    waits[0].cancel()  # whoever gives up does not keep the other waiting
    await waits[1]
    assert view.label.value == "7"
    assert view.drawings == 1
    await view.drawn()
    assert view.drawings == 1, "there was nothing to draw"


async def test_what_was_typed_is_waited_for(view: Counter) -> None:
    def count(text: str) -> None:
        view.number = len(text)
        view.schedule()

    view.on_change(view.box, count)
    view.box.value = "four"
    await view.drawn()
    assert view.label.value == "4"


async def test_waiting_ends_with_the_view_and_with_what_fails(view: Counter) -> None:
    view.number = 100
    view.schedule()
    await view.drawn()
    assert "too many" in problem(view)
    view.schedule()
    waiting = asyncio.create_task(view.drawn())
    await asyncio.sleep(0)
    view.close()
    await waiting
    await view.drawn()


async def test_views_inside_are_waited_for(pbx: FakePbx) -> None:
    inner = Counter(pbx)
    outer = View(None, [ipywidgets.VBox([inner])])
    inner.number = 5
    inner.schedule()
    await outer.drawn()
    assert inner.label.value == "5"
    outer.close()


async def test_another_loop_can_wait_until_it_is_drawn(view: Counter) -> None:
    view.number = 6
    view.schedule()
    await asyncio.to_thread(asyncio.run, view.drawn())
    assert view.label.value == "6"


async def test_other_threads_schedule_and_tell(view: Counter) -> None:
    drawn_in: list[threading.Thread] = []
    view.label.observe(lambda _: drawn_in.append(threading.current_thread()), "value")
    view.number = 3
    await in_thread(view.schedule)
    await in_thread(view.show_problem, "from afar")
    await frame()
    assert drawn_in == [threading.main_thread()]
    assert "from afar" in problem(view)


async def test_work_of_a_click_runs_in_the_clients_loop_whoever_clicks(view: Counter) -> None:
    loops = []

    async def work() -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())

    async def elsewhere() -> None:
        view.button.click()

    view.on_click(view.button, work)
    view.button.click()
    await frame()
    await in_thread(view.button.click)
    await frame()
    await in_thread(asyncio.run, elsewhere())
    await frame()
    assert loops == [asyncio.get_running_loop()] * 3
    assert not view._tasks


async def test_a_second_click_does_nothing_while_the_first_works(view: Counter) -> None:
    go_on = asyncio.Event()
    begun = []

    async def work() -> None:
        begun.append(1)
        await go_on.wait()

    view.on_click(view.button, work)
    view.button.click()
    view.button.click()
    assert view.button.disabled
    assert view.is_busy(view.button)
    await frame()
    assert len(begun) == 1
    go_on.set()
    await frame()
    assert not view.button.disabled
    assert not view.is_busy(view.button)
    assert view.drawings == 1, "what the work has changed is not drawn"


async def test_what_goes_wrong_is_shown_until_the_next_attempt(view: Counter) -> None:
    async def refused() -> None:
        raise Offline("There is <no> connection.", remedy="Try later.")

    view.do(refused)
    await frame()
    assert 'role="alert"' in problem(view)
    assert "There is &lt;no&gt; connection. Try later." in problem(view)

    def broken() -> None:
        raise ValueError("<img>")

    view.do(broken)
    assert "ValueError: &lt;img&gt;" in problem(view)
    assert "test_view.py" in problem(view), "where it came from"
    view.do(lambda: None)
    assert problem(view) == ""
    view.show_problem(InvalidInput("url", "is missing.", remedy="Give it."))
    assert "url: is missing. Give it." in problem(view)
    view._problem_area.children[1].click()
    assert problem(view) == ""


async def test_nothing_is_printed_and_nothing_reaches_the_loop(
    view: Counter, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    gc.collect()  # what other tests have left does not count here
    heard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))

    async def broken() -> None:
        raise KeyError("x")

    view.do(broken)
    view.number = 100
    view.schedule()
    view.every(0.01, lambda: 1 / 0)
    await frame()
    view.close()
    gc.collect()
    await frame()
    assert not heard
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


async def test_a_drawing_that_fails_is_shown(view: Counter) -> None:
    view.number = 100
    view.schedule()
    await frame()
    assert "ValueError: &lt;b&gt;too many" in problem(view)


async def test_changes_by_the_view_itself_call_nothing_back(view: Counter) -> None:
    view.box.value = "a"
    await frame()
    view.number = 10
    view.schedule()
    await frame()
    assert view.box.value == "many"
    assert view.chosen == ["a"]
    with view.mirroring():
        view.box.value = "b"
        await in_thread(setattr, view.box, "value", "c")
    await frame()
    assert view.chosen == ["a", "c"], "a person's choice in another thread counts, whatever happens here"


async def test_a_choice_may_be_awaited(view: Counter) -> None:
    async def choose(value: str) -> None:
        await asyncio.sleep(0)
        raise Offline(f"no {value}")

    view.on_change(view.box, choose)
    view.box.value = "b"
    await sees(lambda: "no b" in problem(view))


async def test_timers_tick_until_the_view_ends(view: Counter) -> None:
    ticks: list[int] = []
    others: list[int] = []
    view.every(0.01, lambda: ticks.append(1))
    stop = view.every(0.01, lambda: others.append(1))
    while len(ticks) < 3:
        await asyncio.sleep(0.01)
    stop()
    stop()
    count = len(others)
    await frame()
    assert len(others) == count
    view.close()
    count = len(ticks)
    await frame()
    assert len(ticks) == count


async def test_close_leaves_nothing(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    tasks = asyncio.all_tasks()
    ended = []

    class Both(View):
        def __init__(self, pbx: Any) -> None:
            self.counter = Counter(pbx)
            super().__init__(pbx, [ipywidgets.Tab([LineBoard(pbx), self.counter])])

    view = Both(pbx)
    view.counter.on_close(lambda: ended.append("kept"))

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    view.counter.on_click(view.counter.button, work)
    view.counter.button.click()
    view.schedule()
    await frame()
    view.close()
    view.close()
    await asyncio.sleep(0)
    assert sorted(ended) == ["kept", "work"]
    assert set(widget_module._instances) == before
    assert asyncio.all_tasks() == tasks
    assert not pbx.callbacks
    view.do(lambda: ended.append("no"))
    view.show_problem("no")
    view.schedule()
    await frame()
    assert "no" not in ended
    assert set(widget_module._instances) == before


async def test_it_may_be_closed_by_its_own_button_and_from_a_thread(pbx: FakePbx) -> None:
    before = set(widget_module._instances)
    ended = []
    view = Counter(pbx)

    async def close() -> None:
        view.close()
        await asyncio.sleep(0)
        ended.append(True)

    view.on_click(view.button, close)
    view.button.click()
    await frame()
    assert ended
    other = Counter(pbx)
    await in_thread(other.close)
    await frame()
    assert set(widget_module._instances) == before


async def test_a_page_without_widgets_gets_a_picture(view: Counter) -> None:
    bundle = view._repr_mimebundle_()
    assert bundle["text/html"] == "<p>0</p>"
    assert bundle["text/plain"] == "Counter"
    assert "application/vnd.jupyter.widget-view+json" in bundle


class FakeShell:
    """The shell of a kernel, as it tells what is being run."""

    def __init__(self) -> None:
        self.parent: dict[str, Any] = {}

    def get_parent(self) -> dict[str, Any]:
        return self.parent

    def run(self, cell: str | None, run: str) -> None:
        self.parent = {
            "header": {"msg_type": "execute_request", "msg_id": run},
            "metadata": {"cellId": cell} if cell else {},
        }


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> FakeShell:
    shell = FakeShell()
    monkeypatch.setattr(cells, "get_ipython", lambda: shell)
    monkeypatch.setattr(cells, "_places", {})
    return shell


async def test_running_a_cell_again_closes_what_it_had_made(pbx: FakePbx, shell: FakeShell) -> None:
    before = set(widget_module._instances)
    shell.run("first", "1")
    views = [Counter(pbx), Counter(pbx)]
    shell.run("second", "2")
    other = Counter(pbx)
    assert not [view for view in (*views, other) if view.closed]
    shell.run("first", "3")
    again = Counter(pbx)
    assert [view.closed for view in (*views, other, again)] == [True, True, False, False]
    for run in range(4, 8):
        shell.run("first", str(run))
        again = Counter(pbx)
    shell.run("first", "3")
    late = Counter(pbx)
    assert not again.closed, "what a former run has left behind closed the view of the last"
    for view in (other, again, late):
        view.close()
    assert set(widget_module._instances) == before


async def test_what_a_view_makes_later_belongs_to_no_cell(pbx: FakePbx, shell: FakeShell) -> None:
    shell.run("first", "1")
    outer = Counter(pbx)
    made: list[Counter] = []

    async def make() -> None:
        await asyncio.sleep(0)
        made.append(Counter(pbx))

    shell.run("second", "2")
    outer.do(make)
    outer.do(lambda: made.append(Counter(pbx)))
    await frame()
    shell.run("second", "3")
    other = Counter(pbx)
    assert len(made) == 2
    for view in (*made, outer, other):
        assert not view.closed
        view.close()


async def test_pages_that_do_not_name_the_cell_close_nothing(pbx: FakePbx, shell: FakeShell) -> None:
    shell.run(None, "1")
    first = Counter(pbx)
    shell.run(None, "2")
    second = Counter(pbx)
    shell.parent = {"header": {"msg_type": "comm_msg", "msg_id": "3"}, "metadata": {"cellId": "x"}}
    third = Counter(pbx)
    assert not cells._places
    for view in (first, second, third):
        assert not view.closed
        view.close()


def test_a_closed_loop_is_reported(make_pbx: type[FakePbx]) -> None:
    async def make() -> Counter:
        return Counter(make_pbx())

    view = asyncio.run(make())
    view.button.click()
    view.do(lambda: None)
    assert "has ended" in problem(view)
    view.close()
