"""Connecting from a cell, once and again."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from aiopbx import AuthenticationFailed, ConnectionSettings, InvalidInput, LineState, Status
from aiopbx.simulator import Simulator
from notebooks_kit import LineBoard, connect, connection
from tests.notebooks_kit.table_page import TablePage


@pytest.fixture(autouse=True)
async def _nothing_is_left() -> AsyncIterator[None]:
    yield

    def left() -> set[asyncio.Task[object]]:
        return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

    for _ in range(100):
        if not connection._open and not left():
            break
        await asyncio.sleep(0.02)
    assert not connection._open
    assert not left()


async def serves(url: str) -> bool:
    async with aiohttp.ClientSession() as http:
        try:
            async with http.get(f"{url}/api/rest") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False


async def test_the_demo_starts_and_ends_with_the_client() -> None:
    pbx = await connect()
    assert pbx.status is Status.ONLINE
    assert len(pbx.lines) == 20
    url = pbx.settings.url
    assert await serves(url)
    await pbx.close()
    for _ in range(100):
        if not await serves(url):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("The demo PBX still serves.")


async def test_the_demo_lives_on_a_board() -> None:
    pbx = await connect(speed=20)
    board = LineBoard(pbx)
    TablePage(board)
    async with asyncio.timeout(20):
        while LineState.ACTIVE not in {row.state for row in board.model.rows.values()}:
            await asyncio.sleep(0.05)
    assert "in a call" in board.summary
    board.close()
    await pbx.close()


async def test_running_the_cell_again_closes_the_former() -> None:
    first = await connect(scenario="quiet")
    second = await connect(scenario="quiet")
    assert first.status is Status.CLOSED
    assert not await serves(first.settings.url)
    assert second.status is Status.ONLINE
    await second.close()


async def test_a_real_one_by_settings_and_by_keywords() -> None:
    async with Simulator() as simulator:
        settings = ConnectionSettings(url=simulator.url, username="oxe1000", password="secret")
        first = await connect(settings)
        assert [line.number for line in first.lines.values()] == ["1000"]
        other = await connect(url=simulator.url, username="oxe1001", password="secret")
        assert first.status is Status.ONLINE
        again = await connect(settings)
        assert first.status is Status.CLOSED
        await other.close()
        await again.close()


async def test_errors_leave_nothing_behind() -> None:
    with pytest.raises(InvalidInput, match="username"):
        await connect(url="https://pbx.example.com")
    with pytest.raises(InvalidInput, match="scenario"):
        await connect(scenario="party")
    async with Simulator() as simulator:
        with pytest.raises(AuthenticationFailed):
            await connect(url=simulator.url, username="oxe1000", password="wrong")
