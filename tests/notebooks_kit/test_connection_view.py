"""The form of a connection as a widget, without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import Status
from aiopbx.simulator import Simulator
from notebooks_kit import ConnectionPanel, LineBoard, connection
from tests.notebooks_kit.view_helpers import hurry, sees


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def panel() -> AsyncIterator[ConnectionPanel]:
    before = set(widget_module._instances)
    panel = ConnectionPanel(then=LineBoard)
    yield panel
    panel.close()
    await sees(lambda: not connection._open)
    assert set(widget_module._instances) == before


def shown(widget: Any) -> bool:
    return bool(widget.layout.display != "none")


def names(panel: ConnectionPanel) -> list[str]:
    return [name for name, box in panel._boxes.items() if shown(box)]


async def fill(panel: ConnectionPanel, **values: str) -> None:
    for name, value in values.items():
        panel._boxes[name].value = value
    await panel.drawn()


def buttons(panel: ConnectionPanel) -> list[str]:
    every = (panel._connect, panel._test, panel._demo, panel._disconnect)
    return [button.description for button in every if shown(button)]


async def test_it_connects_and_shows_what_then(panel: ConnectionPanel, simulator: Simulator) -> None:
    assert buttons(panel) == ["Connect", "Test", "Demo"]
    assert "not connected" in panel._state.value
    await fill(panel, url=simulator.url, username="admin", password="admin")
    panel._connect.click()
    panel._connect.click()
    await sees(lambda: panel.pbx is not None)
    assert panel._place.children
    assert buttons(panel) == ["Disconnect"]
    assert names(panel) == []
    assert panel._boxes["password"].value == "", "the password stays in the page"
    assert "online" in panel._state.value
    assert "<dt>Lines</dt><dd>4</dd>" in panel._facts.value
    board = panel._place.children[0]
    assert isinstance(board, LineBoard)
    assert "admin" not in repr(panel._boxes["password"])
    panel._disconnect.click()
    await sees(lambda: panel.pbx is None and not panel._place.children)
    assert board.closed
    assert "url" in names(panel)
    await sees(lambda: "not connected" in panel._state.value)
    assert panel._boxes["password"].placeholder


async def test_what_is_wrong_stands_beside_its_field(panel: ConnectionPanel, simulator: Simulator) -> None:
    panel._connect.click()
    await sees(lambda: shown(panel._faults["url"]))
    assert 'role="alert"' in panel._faults["username"].value
    assert "Password: is empty." in panel._faults["password"].value
    await fill(panel, url=simulator.url)
    assert not shown(panel._faults["url"])
    assert shown(panel._faults["username"])
    await fill(panel, username="oxe1000", password="<wrong>")
    panel._test.click()
    await sees(lambda: panel._problem_text.value)
    assert "wrong" not in panel._problem_text.value
    await fill(panel, password="secret")
    panel._test.click()
    await sees(lambda: "It works" in panel._state.value)
    assert panel._problem_text.value == ""


async def test_while_it_works_nothing_else_can_be_pressed(panel: ConnectionPanel, simulator: Simulator) -> None:
    simulator.faults.delay(0.3)
    await fill(panel, url=simulator.url, username="oxe1000", password="secret")
    panel._test.click()
    await sees(lambda: "Testing" in panel._state.value)
    assert panel._connect.disabled
    assert panel._test.disabled
    assert panel._boxes["url"].disabled
    await sees(lambda: "It works" in panel._state.value)
    await sees(lambda: not panel._connect.disabled and not panel._test.disabled)


async def test_a_loss_is_shown(panel: ConnectionPanel, simulator: Simulator) -> None:
    await fill(panel, url=simulator.url, username="admin", password="admin")
    panel._connect.click()
    await sees(lambda: panel.pbx is not None)
    simulator.faults.cut_channels()
    await sees(lambda: "pbx-status-offline" in panel._state.value)
    await sees(lambda: "pbx-status-online" in panel._state.value)
    assert "<dt>Reconnects</dt><dd>1</dd>" in panel._facts.value
    assert "<dt>Reconnects</dt><dd>1</dd>" in panel.to_html()


async def test_closing_it_closes_the_connection() -> None:
    panel = ConnectionPanel()
    panel._demo.click()
    await sees(lambda: panel.pbx is not None)
    pbx = panel.pbx
    assert pbx is not None
    panel.close()
    await sees(lambda: pbx.status is Status.CLOSED and not connection._open)


async def test_closing_it_while_it_connects_leaves_nothing(simulator: Simulator) -> None:
    simulator.faults.delay(0.3)
    panel = ConnectionPanel()
    tasks = asyncio.all_tasks()
    await fill(panel, url=simulator.url, username="oxe1000", password="secret")
    panel._connect.click()
    await sees(lambda: "Connecting" in panel._state.value)
    panel.close()
    simulator.faults.delay(0)
    await sees(lambda: not [task for task in asyncio.all_tasks() - tasks if "connect" in repr(task.get_coro())])
    assert not connection._open


async def test_every_control_has_a_name(panel: ConnectionPanel) -> None:
    for box in panel._boxes.values():
        assert box.description
    for button in (panel._connect, panel._test, panel._demo, panel._disconnect):
        assert button.description
        assert button.tooltip
