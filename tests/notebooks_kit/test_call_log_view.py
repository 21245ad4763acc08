"""The call log as a widget, without a browser: what it would send to one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import CallRecord, Direction, Party
from aiopbx.simulator import UserSpec
from notebooks_kit import CallLogTable
from notebooks_kit.models import LogRow
from notebooks_kit.views.call_log import log_row
from tests.aiopbx.office import Office, office
from tests.notebooks_kit.table_page import TablePage
from tests.notebooks_kit.view_helpers import problem, sees


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


@pytest.fixture
async def table(one: Office) -> AsyncIterator[CallLogTable]:
    pbx = await one.connect()
    missed_call(one)
    talk(one)
    view = CallLogTable(pbx.line("1000"))
    TablePage(view)
    await sees(lambda: len(shown(view)) == 2)
    yield view
    view.close()


def missed_call(one: Office, caller: str = "oxe1001") -> None:
    call = one.switch.make_call(caller, caller[3:], "1000", auto_answer=True)
    one.switch.drop(caller, call.ref)
    one.clock.advance(1)


def talk(one: Office) -> None:
    call = one.switch.make_call("oxe1000", "1000", "1002", auto_answer=True)
    one.switch.answer("oxe1002", call.ref, "1002")
    one.clock.advance(75)
    one.switch.release("oxe1000", call.ref)
    one.clock.advance(1)


def shown(view: CallLogTable) -> list[str]:
    """What a page shows, a line for each row."""
    return [" ".join(str(cell) for cell in row.cells) for row in view.rows.shown()]


def control(view: CallLogTable, name: str) -> dict[str, Any]:
    return next(each for each in view._controls if each["name"] == name)


def choose(view: CallLogTable, *places: int) -> None:
    """Check the boxes of these rows, as a page does."""
    view.set_state({"selected": [view.rows.keys[place] for place in places]})


async def test_it_reads_and_shows_the_log(table: CallLogTable) -> None:
    out, missed = shown(table)
    assert "Carol Diaz" in out
    assert "01:15" in out
    assert "Bob Keller" in missed
    row = table.rows.shown()[1]
    assert "pbx-log-missed" in row.style
    assert row.label.startswith("incoming call, Bob Keller (1001)")
    assert "2 calls" in table.summary
    assert control(table, "more")["hidden"]


async def test_a_new_call_comes_in_and_only_its_row_is_sent(one: Office, table: CallLogTable) -> None:
    before = table.rows.keys
    page = TablePage(table, "another")
    await sees(lambda: page.keys == before)
    page.messages.clear()
    missed_call(one)
    await sees(lambda: len(page.keys) == 3)
    assert page.keys[1:] == before
    assert [keys for keys in page.sent if keys] == [page.keys[:1]]


async def test_filters(table: CallLogTable) -> None:
    table.filter = "carol"
    await sees(lambda: len(shown(table)) == 1)
    table.filter = ""
    table.calls = "Missed"
    await sees(lambda: len(shown(table)) == 1 and "Bob" in shown(table)[0])
    table.calls = "All calls"
    table.descending = False
    await sees(lambda: len(shown(table)) == 2 and "Bob" in shown(table)[0])
    today = table.model.records[0].started_at
    assert today is not None
    table.after = (today.date() + timedelta(days=2)).isoformat()
    await sees(lambda: not shown(table))
    table.before = today.date().isoformat()
    await sees(lambda: "before the first" in problem(table))
    table.before = "tomorrow"
    await sees(lambda: "Write it as" in problem(table))


async def test_buttons_act_on_what_is_chosen(one: Office, table: CallLogTable) -> None:
    assert all(control(table, name)["disabled"] for name in ("dial", "acknowledge", "unacknowledge", "delete"))
    choose(table, 1)
    await sees(lambda: not control(table, "acknowledge")["disabled"])
    assert table.value[0]["With"] == "Bob Keller"
    assert control(table, "dial")["label"] == "Call 1001"
    table.press("acknowledge")
    await sees(lambda: "missed, seen" in shown(table)[1])
    await sees(lambda: not control(table, "unacknowledge")["disabled"])
    table.press("unacknowledge")
    await sees(lambda: not control(table, "acknowledge")["disabled"])
    table.press("dial")
    await sees(lambda: one.switch.calls_of("oxe1000"))


async def test_nothing_is_deleted_without_a_second_word(one: Office, table: CallLogTable) -> None:
    table.press("delete")  # nothing is chosen, so that the button is off
    assert not table.asking
    table.press("all")
    await sees(lambda: control(table, "delete")["label"] == "Delete 2 …")
    assert control(table, "all")["label"] == "Choose none"
    assert sorted(table.selected) == sorted(table.rows.keys)
    table.press("delete")
    await sees(lambda: table.asking)
    assert "Bob Keller" in table._question["text"]
    table.press("no")
    assert not table.asking
    table.press("delete")
    await sees(lambda: table.asking)
    table.press("yes")
    await sees(lambda: not shown(table))
    assert await table.line.call_log().list() == ()
    await sees(lambda: control(table, "delete")["disabled"])


async def test_what_goes_wrong_is_shown(one: Office, table: CallLogTable) -> None:
    one.faults.not_ready(True)
    table.press("refresh")
    await sees(lambda: problem(table))
    table.press("dismiss")
    await sees(lambda: not problem(table))
    one.faults.not_ready(False)
    table.press("refresh")
    await sees(lambda: not problem(table) and not table.model.stale)


async def test_it_reads_on(one: Office, table: CallLogTable) -> None:
    table.close()
    for _ in range(6):
        missed_call(one)
    view = CallLogTable(table.line, page=4)
    TablePage(view)
    await sees(lambda: len(shown(view)) == 4)
    assert not control(view, "more")["hidden"]
    view.press("more")
    await sees(lambda: len(shown(view)) == 8)
    await view.load_all()
    assert view.summary
    view.close()


async def test_what_the_system_says_is_never_html() -> None:
    evil = '<img src=x onerror="alert(1)">'
    row = LogRow.of(CallRecord(id=1, direction=Direction.INCOMING, parties=(Party(name=evil),), reason=evil))
    assert log_row(row).cells[1] == evil, "pages set it as text"


async def test_a_page_without_widgets_gets_a_table(table: CallLogTable) -> None:
    bundle = table._repr_mimebundle_()
    assert "<td>Bob Keller</td><td>1001</td>" in bundle["text/html"]
    assert bundle["text/plain"] == "CallLogTable of 1000: 2 calls · 1 missed and not seen"


async def test_every_control_has_a_name(table: CallLogTable) -> None:
    assert [each["name"] for each in table._controls if not each["label"]] == []
    assert [each["name"] for each in table._controls if each["kind"] == "press" and not each["tooltip"]] == []


async def test_a_line_without_a_log_says_so() -> None:
    users = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_BASIC"})),)
    async with office(users=users) as one:
        pbx = await one.connect()
        view = CallLogTable(pbx.line("1000"))
        await sees(lambda: not view.model.stale)
        view.draw_now()
        assert "It needs TELEPHONY_ADVANCED" in view.summary
        assert all(each["hidden"] for each in view._controls)
        view.close()


async def test_close_leaks_nothing(one: Office) -> None:
    pbx = await one.connect()
    missed_call(one)
    before = set(widget_module._instances)
    view = CallLogTable(pbx.line("1000"))
    TablePage(view)
    await sees(lambda: len(shown(view)) == 1)
    view.close()
    view.close()
    missed_call(one)
    await one.caught_up(pbx)
    assert set(widget_module._instances) == before
    assert view.model.on_change is None


async def test_a_table_for_pandas(table: CallLogTable) -> None:
    frame = table.to_dataframe()
    assert list(frame["party"]) == ["Bob Keller", "Carol Diaz"]
    assert list(frame["seconds"]) == [0.0, 75.0]
    assert str(frame["started_at"].dt.tz) == str(UTC)
