"""Everything in tabs, at the simulated office."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from aiopbx import Feature, LineChanged, LineRemoved, Pbx, Status
from notebooks_kit import Console
from notebooks_kit.models import ConsoleModel
from notebooks_kit.models.console import PAGES
from notebooks_kit.views import AgentPanel, CallLogTable, CallPanel, DialPad, RoutingPanel, View

from .view_helpers import ALICE, BOB, connected_office, hurry, problem, sees


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def test_lines_are_found_by_number_and_name() -> None:
    async with connected_office() as (_, pbx):
        model = ConsoleModel(pbx)
        notified: list[str] = []
        model.on_change = lambda: notified.append(model.chosen)
        assert model.chosen == ""
        assert model.line is None
        assert model.choices[0].startswith(f"{ALICE} ")
        assert model.find(model.choices[1].upper())
        assert model.find(ALICE)
        assert model.find(pbx.line(BOB).name.split()[0].lower())
        assert notified == [pbx.line(number).id for number in (BOB, ALICE, BOB)]
        assert not model.find("100")
        assert not model.find("nobody")
        assert not model.find(" ")
        assert model.line is pbx.line(BOB)
        model.choose("nobody")
        assert model.line is pbx.line(BOB)


async def test_a_line_that_goes_is_chosen_no_more() -> None:
    async with connected_office() as (_, pbx):
        model = ConsoleModel(pbx, line=BOB)
        notified: list[str] = []
        model.on_change = lambda: notified.append(model.chosen)
        bob = pbx.line(BOB).snapshot
        now = datetime.now(UTC)
        model.handle(LineChanged(at=now, line=bob.id, snapshot=bob, previous=bob, changed=frozenset({"counters"})))
        assert not notified
        model.handle(LineChanged(at=now, line=bob.id, snapshot=bob, previous=bob, changed=frozenset({"name"})))
        model.handle(LineRemoved(at=now, line=pbx.line(ALICE).id))
        model.handle(LineRemoved(at=now, line=bob.id))
        assert notified == [bob.id, bob.id, ""]


def test_what_a_system_cannot_do_has_no_tab() -> None:
    class Poor:
        features = frozenset({Feature.DIAL})
        status = Status.ONLINE
        lines: dict[str, Any] = {}

    pbx: Pbx = Poor()  # type: ignore[assignment] # what it needs of a client, and no more
    model = ConsoleModel(pbx)
    names = {page.name for page in model.pages}
    assert names == {page.name for page in PAGES if not page.features} == {"board", "ladder", "events", "wire"}
    assert model.absent == (
        "Not on this connection: routing, directory, call log, voicemail, agent, timeline and load."
    )


async def test_a_line_chosen_on_the_board_fills_the_panels() -> None:
    async with connected_office() as (_, pbx):
        console = Console(pbx)
        assert list(console.views) == ["board"], "tabs are made before anybody looks at them"
        assert "No line is chosen" in console._head.value
        console.views["board"].press("choose", pbx.line(ALICE).id)
        await sees(lambda: "calls" in console.views)
        calls, dial = console.views["calls"], console.views["dial"]
        assert isinstance(calls, CallPanel)
        assert isinstance(dial, DialPad)
        assert calls.line is dial.line is pbx.line(ALICE)
        assert pbx.line(ALICE).name in console._head.value
        console._line_box.value = pbx.line(BOB).name
        await sees(lambda: console.views["calls"].line is pbx.line(BOB))
        assert calls.closed
        assert dial.closed
        assert console.views["board"].chosen == pbx.line(BOB).id
        assert console._line_box.value == ""
        console.close()


async def test_every_tab_opens_and_follows_the_line() -> None:
    async with connected_office() as (_, pbx):
        console = Console(pbx, line=ALICE)
        kinds: dict[str, type[View]] = {"routing": RoutingPanel, "agent": AgentPanel, "log": CallLogTable}
        for page in console.model.pages:
            console.show(page.name)
            await sees(lambda page=page: page.name in console.views)  # type: ignore[misc]
            assert problem(console) == ""
            assert isinstance(console.views[page.name], kinds.get(page.name, View))
        assert console._tabs.titles[0] == "Board"
        routing, events = console.views["routing"], console.views["events"]
        console.choose(BOB)
        console.show("routing")
        await sees(lambda: console.views["routing"] is not routing)
        assert routing.closed
        assert console.views["routing"].line is pbx.line(BOB)
        assert console.views["events"] is events, "what shows no line was made anew"
        console.close()
        assert events.closed
        await asyncio.sleep(0.01)


async def test_what_cannot_be_found_is_reported() -> None:
    async with connected_office() as (_, pbx):
        console = Console(pbx, page="routing")
        assert "routing" not in console.views
        console._line_box.value = "nobody <b>"
        await sees(lambda: problem(console))
        assert "nobody &lt;b&gt;" in problem(console)
        with pytest.raises(ValueError, match=r"There is no tab 'x'\. There are: board, routing"):
            console.show("x")
        assert "<table>" not in console.to_html()
        assert console.describe() == f"Console of {len(pbx.lines)} lines"
        console.close()
