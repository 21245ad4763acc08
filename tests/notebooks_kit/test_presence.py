"""A client whose page is gone is closed; one that a page shows, or whose kernel is busy, is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from aiopbx import InvalidInput, Pbx, Status
from notebooks_kit import LineBoard, connect, presence
from notebooks_kit.presence import Presence, page_timeout_of

from .view_helpers import problem, sees

if TYPE_CHECKING:
    from .conftest import FakePbx

SHORT = 0.04


class Shell:
    """A kernel's shell, as far as it says when cells begin and end."""

    def __init__(self) -> None:
        self.hooks: dict[str, list[Any]] = {"pre_run_cell": [], "post_run_cell": []}
        self.events = SimpleNamespace(
            register=lambda name, call: self.hooks[name].append(call),
            unregister=lambda name, call: self.hooks[name].remove(call),
        )
        self.kind = "execute_request"

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_type": self.kind}}

    def tell(self, name: str) -> None:
        for hook in self.hooks[name]:
            hook(None)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    monkeypatch.setattr(presence, "get_ipython", lambda: shell)
    return shell


@pytest.fixture
async def client(pbx: FakePbx) -> AsyncIterator[Any]:
    """A client that can be closed."""

    async def close() -> None:
        pbx.go(Status.CLOSED)

    pbx.close = close  # type: ignore[attr-defined]
    yield pbx
    if pbx.status is not Status.CLOSED:
        pbx.go(Status.CLOSED)


async def test_a_page_that_goes_takes_the_client_along(client: Any) -> None:
    board = LineBoard(client)
    watch = Presence(client, SHORT)
    questions: list[int] = []
    there = True

    def send(content: dict[str, int], buffers: Any = None) -> None:
        questions.append(content["ask"])
        if there:
            watch._handle_custom_msg({"here": content["ask"]}, [])

    watch.send = send  # type: ignore[method-assign]
    await sees(lambda: len(questions) > 12)
    assert client.status is Status.ONLINE, "it has waited three times as long as it may"
    there = False
    await sees(lambda: client.status is Status.CLOSED)
    await sees(lambda: board.stopped)
    assert "No page has answered for 0.04 s" in problem(board)
    assert watch.comm is None
    assert len(client.callbacks) > 0, "the board is still there"
    board.close()
    assert client.callbacks == []


async def test_a_page_that_never_came_is_waited_for_longer(client: Any) -> None:
    watch = Presence(client, SHORT)
    asked = 0
    while client.status is not Status.CLOSED:
        asked = watch._asked
        await asyncio.sleep(SHORT / 8)
    assert asked >= 15


async def test_the_time_of_a_running_cell_does_not_count(client: Any, shell: Shell) -> None:
    watch = Presence(client, SHORT)
    watch._take_answer()
    await sees(lambda: watch._asked > 10)
    assert client.status is Status.ONLINE, "the cell that has connected is running"
    shell.tell("post_run_cell")
    shell.tell("pre_run_cell")
    await sees(lambda: watch._asked > 20)
    assert client.status is Status.ONLINE
    shell.tell("post_run_cell")
    await sees(lambda: client.status is Status.CLOSED)
    assert shell.hooks == {"pre_run_cell": [], "post_run_cell": []}


async def test_a_click_that_connects_is_no_cell(client: Any, shell: Shell) -> None:
    shell.kind = "comm_msg"
    watch = Presence(client, SHORT)
    watch._take_answer()
    await sees(lambda: client.status is Status.CLOSED)


async def test_a_client_that_is_closed_is_asked_for_no_more(client: Any, shell: Shell) -> None:
    watch = Presence(client, SHORT)
    client.go(Status.CLOSED)
    asked = watch._asked
    await asyncio.sleep(SHORT)
    assert watch._asked == asked
    assert watch.comm is None
    assert client.callbacks == []


def test_when_pages_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOILA_REQUEST_URL", raising=False)
    assert page_timeout_of(None) is None
    assert page_timeout_of(5) == 5.0
    monkeypatch.setenv("VOILA_REQUEST_URL", "http://127.0.0.1:8866/")
    assert page_timeout_of(None) == 60.0
    assert page_timeout_of(300) == 300.0


@pytest.mark.parametrize("wanted", [0, -1, 1.9, True, "60", float("nan")])
async def test_a_time_that_no_page_can_keep_is_refused_before_anything_is_begun(wanted: Any) -> None:
    with pytest.raises(InvalidInput, match="page_timeout") as refused:
        await connect(page_timeout=wanted)
    assert "2 or more" in str(refused.value.remedy)


async def test_a_demo_ends_with_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "LEAST", SHORT)
    pbx: Pbx = await connect(scenario="quiet", page_timeout=SHORT)
    await pbx.wait_status(Status.CLOSED, timeout=30)
    assert presence.why_ended(pbx) is not None
