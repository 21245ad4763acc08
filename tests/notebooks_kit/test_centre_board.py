"""The board of the call centre: it shows what the switch has, and says what an account may not see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiopbx import CentreAgent, Pbx
from aiopbx.simulator import AgentSpec, PilotSpec, ProcessingGroupSpec, SwitchSettings, UserSpec
from notebooks_kit import CentreBoard
from notebooks_kit.models.centre import state_of
from tests.aiopbx.office import Office, user

from .table_page import TablePage
from .view_helpers import connected_office, hurry, open_views, problem, sees

SALES = "60"
CENTRE: dict[str, Any] = {
    "users": tuple(
        UserSpec(
            login=f"oxe{number}", number=number, first_name=name, last_name="Agent", agent=AgentSpec(groups=(SALES,))
        )
        for number, name in (("100", "Ann"), ("101", "Ben"))
    ),
    "switch": SwitchSettings(
        pilots=(PilotSpec(number="800", name="Sales", groups=(SALES,)),),
        processing_groups=(ProcessingGroupSpec(number=SALES, name="Sellers"),),
    ),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def turned(one: Office, condition: Any, seconds: float = 30.0) -> None:
    """Turn the clock until this is so: figures come every five seconds."""
    async with asyncio.timeout(seconds):
        while not condition():
            one.clock.advance(0.5)
            await asyncio.sleep(0.005)
            for view in open_views():
                await view.drawn()


def cells(board: CentreBoard, table: str, key: str) -> dict[str, str]:
    """The cells of a row by the heads of the columns."""
    view = getattr(board, table)
    row = view.rows.get(key)
    assert row is not None, (table, view.rows.keys)
    return dict(zip(view.model.head, row.cells, strict=True))


def on_page(board: CentreBoard) -> None:
    """Show the board in a page: what no page shows, rests."""
    for table in (board.queues, board.waiting, board.agents):
        TablePage(table)


async def shown(one: Office, pbx: Pbx) -> CentreBoard:
    """A board of which everything is there, on a page."""
    board = CentreBoard(pbx)
    on_page(board)
    await turned(one, lambda: len(board.queues.rows) == 1 and len(board.agents.rows) == 2 and pbx.pilots.waiting)
    return board


async def test_it_shows_what_the_switch_has() -> None:
    async with connected_office(**CENTRE) as (one, pbx):
        board = await shown(one, pbx)
        await turned(one, lambda: cells(board, "agents", "100")["State"] == "logged off")
        one.switch.agent_log_on("oxe100", "100", SALES)
        await turned(one, lambda: cells(board, "agents", "100")["State"] == "ready")
        assert cells(board, "agents", "100")["Name"] == "Ann Agent"
        assert board.agents.summary == "2 agents, 1 logged on, 1 ready"
        one.switch.agent_pause("oxe100")
        await turned(one, lambda: cells(board, "agents", "100")["State"] == "taking a break")
        call = one.switch.incoming_external("0015550100", "800", "Pine Bakery")
        await turned(one, lambda: len(board.waiting.rows) == 1)
        await turned(one, lambda: cells(board, "queues", board.queues.rows.keys[0])["Waiting"] == "1")
        [key] = board.waiting.rows.keys
        assert cells(board, "waiting", key)["Caller"] == "0015550100"
        assert cells(board, "waiting", key)["Pilot"] == "800 Sales"
        assert board.waiting.summary.startswith("1 call at 1 pilot, the longest for 00:")
        assert board.queues.summary == "1 queue, 1 call waiting"
        html = board.to_html()
        assert "0015550100" in html
        assert "taking a break" in html
        one.switch.external_hang_up(call.ref)
        await turned(one, lambda: not board.waiting.rows.keys)
        await turned(one, lambda: board.queues.summary == "1 queue, 0 calls waiting")
        board.close()


async def test_the_filter_and_the_tables_of_pandas() -> None:
    async with connected_office(**CENTRE) as (one, pbx):
        board = await shown(one, pbx)
        board.agents.filter = "ben"
        await sees(lambda: board.agents.rows.keys == ["101"])
        assert list(board.agents.to_dataframe().index) == ["100", "101"]
        assert board.queues.to_dataframe().attrs["units"]["longest_wait"] == "s"
        one.switch.agent_log_on("oxe100", "100", SALES)
        one.switch.agent_pause("oxe100")
        one.switch.incoming_external("0015550100", "800")
        await turned(one, lambda: len(board.waiting.rows) == 1)
        assert list(board.waiting.to_dataframe()["caller"]) == ["0015550100"]
        board.close()


async def test_after_a_loss_it_shows_again_what_is_so() -> None:
    async with connected_office(**CENTRE) as (one, pbx):
        board = await shown(one, pbx)
        await turned(one, lambda: cells(board, "agents", "100")["State"] == "logged off")
        losses = pbx.statistics.losses
        one.faults.cut_channels()
        one.switch.agent_log_on("oxe100", "100", SALES)
        await sees(lambda: pbx.statistics.losses > losses and pbx.status == "online")
        await turned(one, lambda: cells(board, "agents", "100")["State"] == "ready")
        assert not board.agents.stale
        board.close()


async def test_the_system_sends_nothing_when_it_is_closed() -> None:
    """Closed at once, it asks for nothing that stays; another board goes on."""
    async with connected_office(**CENTRE) as (one, pbx):
        hasty = CentreBoard(pbx)
        await asyncio.sleep(0)
        hasty.close()
        board, other = await shown(one, pbx), CentreBoard(pbx)
        on_page(other)
        await turned(one, lambda: len(other.agents.rows) == 2)
        board.close()
        one.switch.agent_log_on("oxe100", "100", SALES)
        await turned(one, lambda: cells(other, "agents", "100")["State"] == "ready")
        other.close()
        await sees(lambda: not pbx.pilots.waiting and not pbx.call_centre.agents and not pbx.call_centre.queues)


async def test_a_user_is_told_that_the_account_cannot_see_it() -> None:
    async with connected_office(**CENTRE) as (one, _):
        pbx = await one.connect(**user("oxe100"))
        board = CentreBoard(pbx)
        await sees(lambda: problem(board.agents) and problem(board.queues) and problem(board.waiting))
        assert "does not offer to this account" in problem(board.agents)
        board.close()


@pytest.mark.parametrize(
    ("service", "phone", "words"),
    [
        ("LoggedOut", "Idle", "logged off"),
        ("Assigned", "Idle", "ready"),
        ("Withdrawn", "Unavailable", "withdrawn"),
        ("Assigned", "AcdConversation", "talking to a customer"),
        ("Assigned", "SomethingNew", "SomethingNew"),
        (None, None, ""),
    ],
)
def test_what_an_agent_does_in_words(service: str | None, phone: str | None, words: str) -> None:
    assert state_of(CentreAgent("100", service=service, phone=phone))[0] == words
