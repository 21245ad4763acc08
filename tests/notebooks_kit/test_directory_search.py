"""The telephone book: as data, and as a widget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aiopbx import Contact, LineState
from aiopbx.simulator import ContactSpec, SwitchSettings, UserSpec
from notebooks_kit import DirectorySearch
from notebooks_kit.models import DirectoryModel
from tests.aiopbx.office import Office, office

from .table_page import TablePage
from .view_helpers import ALICE, BOB, connected_office, hurry, problem, sees, turns, widgets

BOOK = SwitchSettings(
    directory_page=2,
    contacts=(
        ContactSpec(number="0015550101", last_name="Keller & Sons"),
        ContactSpec(number="0015550102", first_name="Ina", last_name="Kerr"),
    ),
)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def found(one: Office, model: DirectoryModel) -> list[str]:
    await turns(one, lambda: not model.searching)
    return sorted(contact.name for contact in model.found)


async def test_the_newest_search_wins() -> None:
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx, pause=0)
        notified: list[int] = []
        model.on_change = lambda: notified.append(1)
        model.type("Di")
        model.type("Ke")
        assert notified == [1], "notified once until it is taken"
        assert model.searching
        assert model.words == "Searching …"
        assert await found(one, model) == ["Bob Keller", "Ina Kerr", "Keller & Sons"]
        assert model.words == "3 found"
        model.take()
        model.type("  Ke ")
        assert not model.searching, "it is the same"
        model.type("K")
        assert model.found == ()
        assert "at least 2" in model.words
        model.type("zz")
        assert await found(one, model) == []
        assert model.words == "No one was found."


async def test_the_former_ones_stay_until_there_are_others() -> None:
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx, pause=0)
        model.type("Ke")
        assert len(await found(one, model)) == 3
        model.type("Kel")
        await asyncio.sleep(0)
        assert len(model.found) == 3
        assert await found(one, model) == ["Bob Keller", "Keller & Sons"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bob kel", ["Bob Keller"]),
        ("kel b", ["Bob Keller"]),
        ("ke", ["Bob Keller", "Ina Kerr", "Keller & Sons"]),
        ("ina keller", []),
        ("10 01", ["Bob Keller"]),
    ],
)
async def test_several_words(text: str, names: list[str]) -> None:
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx, pause=0)
        model.type(text)
        assert await found(one, model) == names


async def test_a_pause_lets_people_type() -> None:
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        requests = one.simulator.servers[0].requests
        model = DirectoryModel(pbx, pause=0.02)
        for text in ("Ke", "Kel", "Kell"):
            model.type(text)
            await asyncio.sleep(0)
        assert one.simulator.servers[0].requests == requests, "asked before the pause"
        assert await found(one, model) == ["Bob Keller", "Keller & Sons"]
        await model.finished()


async def test_there_may_be_more() -> None:
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx, pause=0, limit=2)
        model.type("Ke")
        await found(one, model)
        assert model.words == "The first 2 are shown. Type more to find fewer."


async def test_no_directory() -> None:
    people = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_BASIC"})),)
    async with office(users=people) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx)
        assert not model.available
        model.type("Ke")
        assert not model.searching
        assert model.words == "There is no directory that may be searched."


async def test_a_search_that_fails_says_why() -> None:
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx, pause=0)
        await one.simulator.stop(abrupt=True)
        await sees(lambda: pbx.status != "online")
        model.type("Ke")
        await sees(lambda: not model.searching)
        assert "no connection" in model.words
        await one.simulator.start()
        await sees(lambda: pbx.status == "online", 10)
        model.type("Ke")
        assert len(await found(one, model)) == 3


async def test_a_table_of_pandas() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is an extra")
    async with office(switch=BOOK) as one:
        pbx = await one.connect()
        model = DirectoryModel(pbx, pause=0)
        assert list(model.to_dataframe().columns)[:2] == ["number", "name"]
        model.type("Ke")
        await found(one, model)
        table = model.to_dataframe()
        assert isinstance(table, pandas.DataFrame)
        assert sorted(table["name"]) == ["Bob Keller", "Ina Kerr", "Keller & Sons"]
        assert set(table["number"]) == {BOB, "0015550101", "0015550102"}


# ----------------------------------------------------------------------------------------------------------- the widget


@pytest.fixture
async def place() -> AsyncIterator[tuple[Office, DirectorySearch]]:
    async with connected_office(switch=BOOK) as (one, pbx):
        view = DirectorySearch(pbx, pbx.line(ALICE), pause=0)
        yield one, view
        view.close()


def button(page: TablePage, name: str) -> tuple[str, dict[str, str]]:
    """The key of somebody's row, and the button in it."""
    row = next(row for row in page.rows if row[5][1] == name)
    return row[2], row[5][4]


async def test_search_and_call(place: tuple[Office, DirectorySearch]) -> None:
    one, view = place
    page = TablePage(view)
    page.set(filter="Ke")
    await turns(one, lambda: len(page.keys) == 3)
    assert "Keller & Sons" in [row[5][1] for row in page.rows]
    key, call = button(page, "Bob Keller")
    assert (call["t"], call["h"]) == (f"Call {BOB}", f"Call Bob Keller from {ALICE}")
    page.press("call", key)
    await sees(lambda: view.model.pbx.line(BOB).state is LineState.RINGING_INCOMING)
    assert problem(view) == ""


async def test_a_button_calls_whom_it_named(place: tuple[Office, DirectorySearch]) -> None:
    one, view = place
    page = TablePage(view)
    page.set(filter="Ke")
    await turns(one, lambda: len(page.keys) == 3)
    made, key = widgets(), button(page, "Bob Keller")[0]
    page.set(filter="Okafor")
    await turns(one, lambda: [row[5][1] for row in page.rows] == ["David Okafor"])
    page.press("call", key)  # on its way when the other search ended
    await sees(lambda: True)
    assert not view.line.calls  # type: ignore[union-attr]
    page.set(filter="")
    await sees(lambda: not page.keys)
    assert widgets() == made


async def test_no_calls_to_oneself_and_none_without_a_line(place: tuple[Office, DirectorySearch]) -> None:
    one, view = place
    page = TablePage(view)
    view.filter = ALICE
    await turns(one, lambda: len(page.keys) == 1)
    assert page.rows[0][5][4] == ""
    other = DirectorySearch(view.model.pbx, pause=0)
    page = TablePage(other)
    other.filter = "Okafor"
    await turns(one, lambda: len(page.keys) == 1)
    assert len(page.rows[0][5]) == 4
    assert "<td>David Okafor</td>" in other.to_html()
    other.close()


async def test_what_cannot_be_dialled_is_said_on_top(place: tuple[Office, DirectorySearch]) -> None:
    _, view = place
    page = TablePage(view)
    view.model._found = [Contact(last_name="Broken", number="not a number")]
    view.draw_now()
    page.press("call", page.keys[0])
    await sees(lambda: "cannot be dialled" in problem(view))


async def test_close_leaves_nothing() -> None:
    async with connected_office(switch=BOOK) as (_, pbx):
        before = widgets()
        view = DirectorySearch(pbx, pbx.line(ALICE), pause=0)
        view.filter = "Ke"
        await sees(lambda: view.model.searching)
        view.close()
        assert widgets() == before
        assert not view.model.searching
