"""Every view on the three applications of Istra: what they have works by clicking, and the rest is said in a line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aiopbx import CallState, Feature, Line, Pbx, Status
from notebooks_kit import (
    ApiExplorer,
    CallLadder,
    CallLogTable,
    CallPanel,
    CallTimeline,
    ConnectionPanel,
    Console,
    DialPad,
    DirectorySearch,
    EventLog,
    LineBoard,
    RoutingPanel,
    VoicemailPlayer,
)
from notebooks_kit.models.calls import OPERATIONS
from notebooks_kit.models.voicemail import SILENCE
from notebooks_kit.views import AgentPanel
from notebooks_kit.views.table import TableView
from tests.aiopbx.istra_office import IstraOffice, end_user, istra_office

from .table_page import TablePage
from .view_helpers import hurry, problem, sees, there, widgets


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@asynccontextmanager
async def connected_office(system: str = "myrcc") -> AsyncIterator[tuple[IstraOffice, Pbx, Line]]:
    """The office with Istra before it, and Alice's line by one of its applications; no widget may be left."""
    before = widgets()
    async with istra_office() as one:
        pbx = await one.connect(**({} if system == "myrcc" else end_user(system)))
        line = next((each for each in pbx.lines.values() if each.number == "1000"), None)
        yield one, pbx, line or next(iter(pbx.lines.values()))
    left = widgets() - before
    assert not left, len(left)


class Hands:
    """A panel of calls, and what one can do with it."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.panel = CallPanel(line)

    def row(self, state: CallState) -> Any:
        return next(self.panel._rows[row.call] for row in self.panel.model.rows if row.state is state and not row.ended)

    def states(self) -> list[str]:
        return sorted(row.state.value for row in self.panel.model.rows if not row.ended)

    def buttons(self, state: CallState) -> set[str]:
        return {name for name, button in self.row(state)._buttons.items() if there(button)}

    def click(self, state: CallState, name: str, value: str | None = None) -> None:
        row = self.row(state)
        button = row._buttons[name]
        assert there(button), self.buttons(state)
        button.click()
        if value is not None:
            assert there(row._form)
            row._text.value = value
            row._go.click()

    def right(self) -> bool:
        """Whether each row has the buttons of its actions, and no others."""
        by_name = {each.name: each.offered_by for each in OPERATIONS}
        calls = {call.id: call for call in self.line.calls}
        return all(
            {by_name[name] for name in row.buttons} == set(calls[row.call].actions)
            for row in self.panel.model.rows
            if row.call in calls
        )


def press(pad: DialPad, digits: str) -> None:
    for digit in digits:
        pad._keys[digit].click()


async def talking(one: IstraOffice, hands: Hands, pad: DialPad, number: str = "1001") -> str:
    """Dial, and let the other side take it; the reference of the call."""
    press(pad, number)
    pad._dial.click()
    await sees(lambda: "ringing_outgoing" in hands.states())
    ref = next(iter(one.switch.calls))
    one.switch.answer(f"oxe{number}", ref, number)
    await sees(lambda: hands.states() == ["active"])
    return ref


# -------------------------------------------------------------------------------------------------------------- myRCC


async def test_rcc_dial_hold_record_tones_and_hang_up() -> None:
    async with connected_office() as (one, pbx, line):
        hands, pad, board = Hands(line), DialPad(line), LineBoard(pbx)
        TablePage(board)
        await talking(one, hands, pad)
        assert hands.right()
        assert board.model.rows[line.id].words == "active"
        assert "start_recording" in hands.buttons(CallState.ACTIVE)
        assert {"pause_recording", "stop_recording", "park", "attach_data"}.isdisjoint(hands.buttons(CallState.ACTIVE))
        hands.click(CallState.ACTIVE, "start_recording")
        await sees(lambda: "being recorded" in hands.row(CallState.ACTIVE)._head.value)
        await sees(lambda: pad.model.tones)
        press(pad, "5#")
        (made,) = one.switch.calls.values()
        await sees(lambda: [digit for _, digit in made.dtmf] == ["5", "#"])
        hands.click(CallState.ACTIVE, "hold")
        await sees(lambda: hands.states() == ["held"])
        hands.click(CallState.HELD, "retrieve")
        await sees(lambda: hands.states() == ["active"])
        hands.click(CallState.ACTIVE, "hang_up")
        await sees(lambda: hands.states() == [] and not one.switch.calls)
        assert problem(hands.panel) == problem(pad) == ""
        for view in (hands.panel, pad, board):
            view.close()


async def test_rcc_answer_by_clicking() -> None:
    async with connected_office() as (one, _, line):
        hands = Hands(line)
        one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        await sees(lambda: hands.states() == ["ringing_incoming"])
        assert hands.right()
        assert "Bob Keller" in hands.row(CallState.RINGING_INCOMING)._head.value
        hands.click(CallState.RINGING_INCOMING, "answer")
        await sees(lambda: hands.states() == ["active"])
        hands.panel.close()


@pytest.mark.parametrize(("last", "left"), [("transfer", []), ("merge", ["active"])])
async def test_rcc_consultation(last: str, left: list[str]) -> None:
    async with connected_office() as (one, _, line):
        hands, pad = Hands(line), DialPad(line)
        await talking(one, hands, pad)
        hands.click(CallState.ACTIVE, "consult", "1002")
        await sees(lambda: hands.states() == ["held", "ringing_outgoing"])
        (ref,) = [call.ref for call in one.switch.calls_of("oxe1002")]
        one.switch.answer("oxe1002", ref, "1002")
        await sees(lambda: hands.states() == ["active", "held"])
        assert hands.right()
        hands.click(CallState.ACTIVE, last)
        await sees(lambda: hands.states() == left)
        if last == "merge":
            assert "conference of 3" in hands.row(CallState.ACTIVE)._head.value
        else:
            assert {len(one.switch.calls_of(f"oxe100{who}")) for who in "12"} == {1}, "they talk with each other"
        assert problem(hands.panel) == ""
        hands.panel.close()
        pad.close()


async def test_rcc_a_third_party_is_added() -> None:
    async with connected_office() as (one, _, line):
        hands, pad = Hands(line), DialPad(line)
        await talking(one, hands, pad)
        assert "add_party" in hands.buttons(CallState.ACTIVE)
        hands.click(CallState.ACTIVE, "add_party", "not a number")
        await sees(lambda: problem(hands.panel))
        assert "not a number" in problem(hands.panel)
        row = hands.row(CallState.ACTIVE)
        row._text.value = "1002"
        row._go.click()
        await sees(lambda: one.switch.calls_of("oxe1002"))
        one.switch.answer("oxe1002", one.switch.calls_of("oxe1002")[0].ref, "1002")
        await sees(lambda: hands.states() == ["active"] and "conference" in hands.row(CallState.ACTIVE)._head.value)
        assert problem(hands.panel) == ""
        hands.panel.close()
        pad.close()


async def test_rcc_pictures_and_events() -> None:
    async with connected_office() as (one, pbx, line):
        timeline, ladder, events = CallTimeline(pbx), CallLadder(pbx), EventLog(pbx)
        hands, pad = Hands(line), DialPad(line)
        await talking(one, hands, pad)
        hands.click(CallState.ACTIVE, "hang_up")
        await sees(lambda: hands.states() == [])
        assert "Alice Martin" in timeline.picture()[0]
        assert "active" in timeline.picture()[0]
        assert "2 calls" in timeline.picture()[1]
        assert ladder.model.calls
        drawn = ladder.picture()[0]
        assert "makeCall" in drawn or "POST" in drawn
        assert "Bob Keller" in drawn
        kinds = {entry.kind for entry in events.model.shown}
        assert {"CallStarted", "CallEnded", "pushed"} <= kinds
        assert any(entry.body for entry in events.model.shown if entry.kind == "pushed")
        for view in (timeline, ladder, events, hands.panel, pad):
            view.close()


async def test_rcc_a_server_that_is_gone_and_back() -> None:
    async with connected_office() as (one, pbx, line):
        hands, pad, board = Hands(line), DialPad(line), LineBoard(pbx)
        TablePage(board)
        await talking(one, hands, pad)
        await one.simulator.stop()
        await sees(lambda: not there(hands.row(CallState.ACTIVE)._button_box) and pad._dial.disabled)
        await sees(lambda: "may be outdated" in board.summary)
        await one.simulator.start()
        await sees(lambda: pbx.status is Status.ONLINE)
        await sees(lambda: "may be outdated" not in board.summary)
        for view in (hands.panel, pad, board):
            view.close()


# -------------------------------------------------------------------------------------------------------------- myCrm


async def test_crm_dials_and_shows_what_it_reports() -> None:
    async with connected_office("mycrm") as (one, pbx, line):
        board, chosen = LineBoard(pbx, on_choose=lambda line: names.append(line.id)), []
        names: list[str] = chosen
        page = TablePage(board)
        await sees(lambda: page.keys)
        button = page.cells(line.id)[0]
        assert button["t"] == "SIP generic device", "a line without a number is named"
        assert button["h"] == "Choose SIP generic device"
        page.press("choose", line.id)
        await sees(lambda: names == [line.id])
        hands, pad = Hands(line), DialPad(line)
        pad._field.value = "1001"
        pad._dial.click()
        await sees(lambda: hands.states() == ["ringing_outgoing"])
        assert hands.buttons(CallState.RINGING_OUTGOING) == set()
        one.switch.answer("oxe1001", next(iter(one.switch.calls)), "1001")
        await sees(lambda: hands.states() == ["active"])
        assert not pad.model.tones, "this application sends none"
        assert "Not on this line: tones, a directory, picking calls up and taking parked calls back." in (
            pad._absent.value
        )
        one.switch.drop("oxe1001", next(iter(one.switch.calls)))
        await sees(lambda: hands.states() == [])
        assert problem(hands.panel) == problem(pad) == ""
        for view in (hands.panel, pad, board):
            view.close()


# ------------------------------------------------------------------------------------------------------------ myIstra


def leave(one: IstraOffice, seconds: float = 5) -> None:
    """Bob leaves Alice a message."""
    call = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
    one.switch.overflow_to_voicemail("oxe1001", call.ref)
    one.clock.advance(seconds)
    one.switch.drop("oxe1001", call.ref)


async def test_user_reports_no_calls() -> None:
    async with connected_office("myistra") as (one, pbx, line):
        board, hands, pad = LineBoard(pbx), Hands(line), DialPad(line)
        assert "1 line; this system does not report calls" in board.summary
        assert board.model.rows[line.id].words == "calls not reported"
        assert "This system does not report calls." in hands.panel._none.value
        pad._field.value = "1001"
        pad._dial.click()
        await sees(lambda: one.switch.calls)
        await sees(lambda: not pad._dial.disabled)
        assert problem(pad) == ""
        await sees(lambda: pad._redial.description == "Redial 1001")
        for view in (board, hands.panel, pad):
            view.close()


async def test_user_caller_id() -> None:
    async with connected_office("myistra") as (_, _, line):
        panel = RoutingPanel(line)
        assert "This system does not report how calls reach a line." in panel._words.value
        assert "Not on this line: do not disturb, forward, overflow and remote extension." in panel._absent.value
        caller = panel._caller_id
        await sees(lambda: "follows the presence" in caller._words.value)
        caller._choice.value = "manual"
        await sees(lambda: there(caller._number))
        caller._number.value = "+12025550123"
        caller._set.click()
        await sees(lambda: "Others see +12025550123." in caller._words.value)
        assert problem(panel) == ""
        panel.close()


async def test_user_log() -> None:
    async with connected_office("myistra") as (one, _, line):
        table = CallLogTable(line)
        TablePage(table)

        def control(name: str) -> dict[str, Any]:
            return next(each for each in table._controls if each["name"] == name)

        await sees(lambda: "0 calls" in table.summary)
        made = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        one.clock.advance(3)
        one.switch.drop("oxe1001", made.ref)
        # nothing tells of the log here, but of how many calls were missed
        await sees(lambda: "1 call" in table.summary and table.model.rows)
        assert "1 missed" in table.summary
        assert "not seen" not in table.summary
        assert control("acknowledge")["hidden"], "no marks here"
        assert control("unacknowledge")["hidden"]
        table.selected = table.rows.keys
        await sees(lambda: not control("dial")["disabled"])
        assert control("dial")["label"] == "Call 1001"
        table.press("dial")
        await sees(lambda: one.switch.calls)
        table.press("delete")
        await sees(lambda: table.asking)
        table.press("yes")
        await sees(lambda: not table.model.rows)
        assert problem(table) == ""
        table.close()


async def test_user_voicemail() -> None:
    async with connected_office("myistra") as (one, _, line):
        leave(one)
        player = VoicemailPlayer(line)
        await sees(lambda: len(player._rows) == 1)
        assert "1 new" in player._words.value
        (row,) = player._rows.values()
        row.hear.click()
        await sees(lambda: bytes(player._audio.value) != SILENCE)
        assert player._audio.format == "ogg"
        assert bytes(player._audio.value).startswith(b"OggS")
        assert there(player._format)
        for asked, played, begin in (("mp4", "mp4", b"ftyp"), ("au", "ogg", b"OggS")):
            player._format.value = asked
            row.hear.click()
            await sees(lambda played=played: player._audio.format == played)  # type: ignore[misc]
            assert begin in bytes(player._audio.value[:8])
        await sees(lambda: "Pages do not play au: it is heard as ogg." in player._notice.value)
        await sees(lambda: there(player._heard_mark))
        player._heard_mark.click()
        await sees(lambda: "new" not in player._words.value and there(player._new_mark))
        player._new_mark.click()
        await sees(lambda: "1 new" in player._words.value)
        assert there(player._telephone)
        number = player.model.play_number
        player._telephone.click()
        await sees(lambda: one.switch.calls)
        assert number
        leave(one)
        await sees(lambda: len(player._rows) == 2)
        assert problem(player) == ""
        player.close()


async def test_user_saves_what_pages_do_not_play(tmp_path: Any) -> None:
    async with connected_office("myistra") as (one, _, line):
        leave(one)
        player = VoicemailPlayer(line)
        await sees(lambda: len(player._rows) == 1)
        player._format.value = "au"
        (row,) = player._rows.values()
        row.save.click()
        await sees(lambda: there(player._filing))
        assert player._file.value.endswith(".au")
        path = tmp_path / player._file.value
        player._file.value = str(path)
        player._save.click()
        await sees(path.exists)
        await sees(lambda: "Saved" in player._notice.value)
        assert path.read_bytes().startswith(b".snd")
        player.close()


# ---------------------------------------------------------------------------------------------------------- all three


SYSTEMS = ("myrcc", "mycrm", "myistra")
TABS = {
    "myrcc": ["board", "timeline", "ladder", "load", "events", "wire"],
    "mycrm": ["board", "timeline", "ladder", "load", "events", "wire"],
    "myistra": ["board", "routing", "log", "voicemail", "ladder", "events", "wire"],
}


@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_console_has_what_there_is_and_names_the_rest(system: str) -> None:
    async with connected_office(system) as (_, pbx, line):
        console = Console(pbx, line=line.id)
        assert [page.name for page in console.model.pages] == TABS[system]
        for page in console.model.pages:
            console.show(page.name)
            await sees(lambda page=page: page.name in console.views)  # type: ignore[misc]
            assert problem(console.views[page.name]) == problem(console) == ""
        absent = console._absent.value
        assert "Not on this connection: " in absent
        for name in ("directory", "agent"):
            assert name in absent
        for name in TABS[system]:
            assert name not in absent
        assert there(console._absent)
        console.close()


@pytest.mark.parametrize("system", SYSTEMS)
async def test_what_is_not_there_says_so(system: str) -> None:
    async with connected_office(system) as (_, pbx, line):
        makers: list[tuple[Feature, Callable[[], Any], str]] = [
            (Feature.DIRECTORY, lambda: DirectorySearch(pbx, line), "There is no directory"),
            (Feature.AGENT, lambda: AgentPanel(line), "not an agent of the call centre"),
            (Feature.CALL_LOG, lambda: CallLogTable(line), "This line has no call log."),
            (Feature.MAILBOX, lambda: VoicemailPlayer(line), "This line has no mailbox."),
            (Feature.FORWARD, lambda: RoutingPanel(line), "Not on this line: do not disturb, forward"),
        ]
        for feature, make, words in makers:
            view = make()
            if feature not in line.features:
                assert any(words in text for text in texts(view)), (feature, texts(view))
            assert problem(view) == ""
            view.close()


def texts(widget: Any) -> list[str]:
    """Everything that is written in a view and shown."""
    if not there(widget):
        return []
    if isinstance(widget, TableView):
        return [widget.summary]
    if hasattr(widget, "children"):
        return [text for child in widget.children for text in texts(child)]
    return [str(widget.value)] if hasattr(widget, "value") else []


@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_explorer_finds_fills_in_and_sends(system: str) -> None:
    async with connected_office(system) as (one, pbx, _):
        explorer = ApiExplorer(pbx)
        names = [name for _, name in explorer._list.options]
        assert len(names) == len(pbx.operations) > 5
        assert f"{len(names)} of {len(names)} operations" in explorer._count.value
        for name in names:
            explorer._list.value = name
            await sees(lambda name=name: explorer.model.operation and explorer.model.operation.name == name)  # type: ignore[misc]
            explorer.draw_now()
            assert problem(explorer) == "", name
            assert explorer._request.value or explorer._missing.value, name
        safe = next(name for name in names if pbx.operations[name].method == "GET" and not required(pbx, name))
        explorer._list.value = safe
        await sees(lambda: not explorer._go.disabled)
        assert not there(explorer._confirm) or explorer.model.operation.changes  # type: ignore[union-attr]
        explorer._go.click()
        await sees(lambda: explorer.model.exchange is not None and explorer._answer.value)
        assert "Answer" in explorer._answer.value, explorer._answer.value
        assert "200" in explorer._answer.value
        assert "Request, as it was sent" in explorer._request.value
        assert problem(explorer) == ""
        assert "secret" not in explorer._request.value + explorer._answer.value
        explorer.close()
        assert one.simulator.istra is not None


def required(pbx: Pbx, name: str) -> bool:
    return any(parameter.required for parameter in pbx.operations[name].parameters)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_the_form_connects(system: str) -> None:
    async with istra_office() as one:
        panel = ConnectionPanel()
        boxes = panel._boxes
        boxes["system"].value = system
        await sees(lambda: there(boxes["enterprise"]) is (system == "myrcc"))
        user = ("admin", "admin") if system == "myrcc" else ("oxe1000", "secret")
        boxes["url"].value = one.simulator.istra_url
        boxes["username"].value, boxes["password"].value = user
        if system == "myrcc":
            panel._test.click()
            await sees(lambda: there(panel._faults["enterprise"]))
            assert "Enterprise: " in panel._faults["enterprise"].value
            boxes["enterprise"].value = "example"
        panel._test.click()
        await sees(lambda: "It works: Istra" in panel._state.value)
        assert ("administrator" in panel._state.value) is (system == "myrcc")
        panel._connect.click()
        await sees(lambda: panel.pbx is not None and "online" in panel._state.value)
        assert panel.pbx is not None
        assert panel.pbx.settings.system == system
        assert boxes["password"].value == ""
        assert problem(panel) == ""
        panel._disconnect.click()
        await sees(lambda: panel.pbx is None)
        panel.close()
        await sees(lambda: one.sessions == 0)
