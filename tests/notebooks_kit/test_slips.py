"""Slips of the hand are told in a sentence, before anything is made."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import aiopbx
import notebooks_kit
from aiopbx import InvalidInput, Pbx

from .view_helpers import ALICE, connected_office, widgets


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    async with connected_office() as (_, found):
        yield found


OF_A_LINE = [
    getattr(notebooks_kit, name)
    for name in ("AgentPanel", "CallLogTable", "CallPanel", "DialPad", "RoutingPanel", "VoicemailPlayer")
]
OF_ALL = [
    getattr(notebooks_kit, name)
    for name in ("ApiExplorer", "CallLadder", "CallTimeline", "Console", "DirectorySearch", "EventLog", "LineBoard")
]


OF_RECORDINGS = (notebooks_kit.CallLadder,)


@pytest.mark.parametrize("view", OF_A_LINE, ids=lambda view: view.__name__)
async def test_no_line(view: Callable[..., Any], pbx: Pbx) -> None:
    before = widgets()
    for slip, words in (
        (ALICE, f'Write pbx.line("{ALICE}").'),
        (1018, 'Write pbx.line("1018").'),
        (pbx, "Choose a line"),
        (None, "it is missing"),
        (aiopbx.connect(url="http://pbx.example.com", username="x", password="x"), "Write await before it."),
    ):
        with pytest.raises(InvalidInput) as raised:
            view(slip)
        assert raised.value.field == "line"
        assert words in str(raised.value)
    assert widgets() == before


@pytest.mark.parametrize("view", OF_ALL, ids=lambda view: view.__name__)
async def test_no_client(view: Callable[..., Any], pbx: Pbx) -> None:
    before = widgets()
    for slip, words in (
        (pbx.line(ALICE), "Write line.pbx."),
        (pbx.lines, "Give pbx itself."),
        ("http://pbx.example.com", "await connect(url=…)"),
        (None, "it is missing"),
        (notebooks_kit.connect(), "this is a coroutine, not what it gives. Write await before it."),
    ):
        if isinstance(slip, str) and view in OF_RECORDINGS:
            continue
        with pytest.raises(InvalidInput) as raised:
            view(slip)
        assert raised.value.field == ("source" if view in OF_RECORDINGS else "pbx")
        assert words in str(raised.value)
    assert widgets() == before


async def test_a_keyword_is_looked_at_too(pbx: Pbx) -> None:
    with pytest.raises(InvalidInput, match=r'Write pbx\.line\("1000"\)'):
        notebooks_kit.CallPanel(line="1000")
    with pytest.raises(InvalidInput, match="line: '1000' is no line"):
        notebooks_kit.DirectorySearch(pbx, "1000")
    notebooks_kit.DirectorySearch(pbx, None).close()


async def test_an_unknown_sort(pbx: Pbx) -> None:
    with pytest.raises(InvalidInput, match=r"sort: there is no 'nmae'\. Choose one of 'number', 'name', 'state'"):
        notebooks_kit.LineBoard(pbx, sort="nmae")
    board = notebooks_kit.LineBoard(pbx, sort="name")
    with pytest.raises(InvalidInput, match="there is no 'length'"):
        board.model.sort = "length"
    assert board.model.sort == "name"
    board.close()


async def test_what_is_not_awaited_is_told_wherever_it_stands(pbx: Pbx) -> None:
    with pytest.raises(InvalidInput, match="sources: this is a coroutine"):
        notebooks_kit.LoadHeatMap(notebooks_kit.week_of_calls(), pbx.line(ALICE).mailboxes())
