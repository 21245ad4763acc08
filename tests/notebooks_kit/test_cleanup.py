"""Views that come and go leave nothing, kernels neither, and whatever goes wrong in a callback is shown."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import comm
import ipywidgets
import pytest
from jupyter_client.manager import start_new_kernel

from aiopbx import Pbx
from notebooks_kit import (
    ApiExplorer,
    CallLadder,
    CallLogTable,
    CallPanel,
    CallTimeline,
    CentreBoard,
    ConnectionPanel,
    Console,
    DialPad,
    DirectorySearch,
    EventLog,
    LineBoard,
    LoadHeatMap,
    RoutingPanel,
    VoicemailPlayer,
)
from notebooks_kit.views import AgentPanel, View, cells
from notebooks_kit.views.controls import on_enter
from notebooks_kit.views.text_field import TextField

from .view_helpers import ALICE, BOB, connected_office, enter, hurry, problem, sees, widgets

TIMES = 20
"""How often a view is made: what one of them leaves behind is counted."""
VIEWS: dict[str, Callable[[Pbx], View]] = {
    "LineBoard": lambda pbx: LineBoard(pbx, on_choose=lambda line: None),
    "CallPanel": lambda pbx: CallPanel(pbx.line(ALICE)),
    "DialPad": lambda pbx: DialPad(pbx.line(ALICE)),
    "RoutingPanel": lambda pbx: RoutingPanel(pbx.line(ALICE)),
    "AgentPanel": lambda pbx: AgentPanel(pbx.line(ALICE)),
    "DirectorySearch": lambda pbx: DirectorySearch(pbx, pbx.line(ALICE)),
    "EventLog": EventLog,
    "CallTimeline": CallTimeline,
    "CallLadder": CallLadder,
    "LoadHeatMap": LoadHeatMap,
    "CallLogTable": lambda pbx: CallLogTable(pbx.line(ALICE)),
    "VoicemailPlayer": lambda pbx: VoicemailPlayer(pbx.line(ALICE)),
    "ApiExplorer": lambda pbx: ApiExplorer(pbx, operation="make_call"),
    "Console": lambda pbx: Console(pbx, line=ALICE),
    "CentreBoard": CentreBoard,
    "ConnectionPanel": lambda pbx: ConnectionPanel(),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def timers() -> int:
    """How many calls wait for their time in this loop because a view wants them."""
    scheduled: Any = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined] # nobody else tells
    return sum(not each.cancelled() and "notebooks_kit" in repr(each) for each in scheduled)


def tasks() -> set[Any]:
    """The tasks of the kit, not those of a client or the simulator, whatever folder the checkout is in."""
    return {each for each in asyncio.all_tasks() if "notebooks_kit" in repr(each)}


class Subscriptions:
    """Counts the open subscriptions of a client and its lines."""

    def __init__(self, pbx: Pbx, monkeypatch: pytest.MonkeyPatch) -> None:
        self.active = 0
        for owner in (pbx, *pbx.lines.values()):
            for name in ("subscribe", "wire"):
                if hasattr(owner, name):
                    monkeypatch.setattr(type(owner), name, self._counting(getattr(type(owner), name)))
            if owner is not pbx:
                break  # lines are of one class

    def _counting(self, method: Callable[..., Callable[[], None]]) -> Any:
        def subscribe(owner: Any, *arguments: Any, **keywords: Any) -> Callable[[], None]:
            stop = method(owner, *arguments, **keywords)
            self.active += 1
            over = False

            def end() -> None:
                nonlocal over
                if not over:
                    over = True
                    self.active -= 1
                stop()

            return end

        return subscribe


@pytest.mark.parametrize("name", VIEWS)
async def test_made_and_closed_again_and_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected_office() as (one, pbx):
        counted = Subscriptions(pbx, monkeypatch)
        one.switch.make_call(f"oxe{BOB}", BOB, ALICE, auto_answer=True)
        await sees(lambda: pbx.line(ALICE).calls)
        manager = comm.get_comm_manager()
        others = tasks()
        first = VIEWS[name](pbx)
        await asyncio.sleep(0.01)
        first.close()
        await sees(lambda: tasks() == others)  # what was cancelled ends in its own time
        del first
        before = (widgets(), len(manager.comms), counted.active, timers())
        gone = []
        for turn in range(TIMES):
            view = VIEWS[name](pbx)
            if turn % 10 == 0:
                await asyncio.sleep(0.005)  # let it begin what it begins by itself
            view.close()
            gone.append(weakref.ref(view))
            del view
        await sees(lambda: tasks() == others)
        assert widgets() == before[0]
        assert len(manager.comms) == before[1]
        assert counted.active == before[2] == 0
        assert timers() == before[3]
        gc.collect()
        await asyncio.sleep(0)
        gc.collect()
        left = [ref for ref in gone if ref() is not None]
        assert not left, "closed views are kept by something"


class Shell:
    """What IPython says of the cell that runs."""

    run = 0

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_type": "execute_request", "msg_id": str(self.run)}, "metadata": {"cellId": "one"}}


async def test_a_cell_run_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell()
    monkeypatch.setattr(cells, "get_ipython", lambda: shell)
    async with connected_office() as (_, pbx):
        counted = Subscriptions(pbx, monkeypatch)
        sizes = []
        for shell.run in range(TIMES):
            view = Console(pbx, line=ALICE)
            for page in ("routing", "log", "events", "timeline"):
                view.show(page)
                view.draw_now()
            sizes.append((len(widgets()), counted.active, timers()))
        assert len(set(sizes[2:])) == 1, sizes
        view.close()
        await asyncio.sleep(0.01)
        assert counted.active == 0


# ------------------------------------------------------------------------------------------- what goes wrong is shown


class Wrong(View):
    """A view whose callbacks fail on demand."""

    def __init__(self, pbx: Pbx) -> None:
        self.failing = ""
        self.button = ipywidgets.Button(description="Do")
        self.box = TextField(description="Text")
        super().__init__(pbx, [self.button, self.box])
        self.on_click(self.button, lambda: self.fail("click"))
        self.on_change(self.box, lambda _: self.fail("change"))
        on_enter(self, self.box, self.later)
        self.on_close(pbx.subscribe(self.callback(lambda _: self.fail("event"))))
        self.on_close(pbx.wire(self.callback(lambda _: self.fail("wire"))))

    def fail(self, kind: str) -> None:
        if self.failing == kind:
            self.failing = ""
            raise RuntimeError(f"in {kind}")

    async def later(self) -> None:
        await asyncio.sleep(0)
        self.fail("enter")

    def draw(self) -> None:
        self.fail("draw")


def thread(function: Callable[[], object]) -> None:
    """Do it in another thread."""
    other = threading.Thread(target=function)
    other.start()
    other.join()


def loop(function: Callable[[], object]) -> None:
    """Do it in another thread with a loop of its own, as the subshells of kernels do."""

    async def run() -> None:
        function()

    thread(lambda: asyncio.run(run()))


@pytest.mark.parametrize("where", [lambda function: function(), thread, loop], ids=["here", "thread", "loop"])
@pytest.mark.parametrize("kind", ["click", "change", "enter", "event", "wire", "draw", "tick"])
async def test_what_fails_is_shown_and_not_printed(
    kind: str,
    where: Callable[[Callable[[], object]], None],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    unhandled: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    caplog.set_level(logging.WARNING)
    async with connected_office() as (one, pbx):
        view = Wrong(pbx)
        view.failing = kind
        match kind:
            case "click":
                where(view.button.click)
            case "change":
                where(lambda: setattr(view.box, "value", "x"))
            case "enter":
                where(lambda: enter(view.box))
            case "event" | "wire":  # the client tells in its own loop only
                one.switch.set_dnd(f"oxe{BOB}", True)
            case "draw":
                where(view.schedule)
            case "tick":
                view.every(0.001, lambda: view.fail("tick"))
        await sees(lambda: f"RuntimeError: in {kind}" in problem(view))
        view.close()
    gc.collect()
    assert not unhandled
    assert not caplog.records
    out, err = capfd.readouterr()
    assert out == err == ""


# ------------------------------------------------------------------------------------------------------------ kernels

BEGIN = """
from notebooks_kit import Console, connect, demo
pbx = await connect(scenario="quiet")
console = Console(pbx)
simulator = demo(pbx).simulator
print("ports", *(url.rpartition(":")[2].partition("/")[0] for url in (simulator.url, simulator.event_url)))
"""


def listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def ports_of(said: list[str]) -> list[int]:
    return [int(word) for word in "".join(said).split("ports ")[1].split()[:2]]


def test_an_interrupted_kernel_goes_on_and_a_restarted_one_leaves_no_socket() -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        said: list[str] = []

        def run(code: str, *, interrupt: bool = False) -> dict[str, Any]:
            said.clear()

            def hear(message: dict[str, Any]) -> None:
                content = message["content"]
                if message["msg_type"] == "stream":
                    said.append(content["text"])
                    if interrupt and "now" in content["text"]:
                        manager.interrupt_kernel()

            reply: dict[str, Any] = client.execute_interactive(code, timeout=60, output_hook=hear)
            return reply["content"]

        begun = run(BEGIN)
        assert begun["status"] == "ok", begun
        ports = ports_of(said)
        assert all(map(listening, ports))
        stopped = run("import asyncio\nprint('now', flush=True)\nawait asyncio.sleep(60)", interrupt=True)
        assert stopped["status"] == "error"
        assert run("assert pbx.status == 'online' and not console.closed")["status"] == "ok"
        manager.restart_kernel(now=False)
        client.wait_for_ready(timeout=60)
        assert not any(map(listening, ports)), "the former kernel has left a server behind"
        assert run(BEGIN)["status"] == "ok"
        ports = ports_of(said)
        assert all(map(listening, ports))
        assert run("await pbx.close(); console.close()")["status"] == "ok"
        # The demo PBX ends after its client, by itself.
        deadline = time.monotonic() + 30
        while any(map(listening, ports)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(map(listening, ports))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
