"""The call log as a widget, without a browser: what it would send to one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, timedelta

import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import CallRecord, Direction, Party
from aiopbx.simulator import UserSpec
from notebooks_kit import CallLogTable
from notebooks_kit.models import LogRow
from notebooks_kit.views.call_log import row_html
from tests.aiopbx.office import Office, office
from tests.notebooks_kit.view_helpers import sees


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
    return [box.description for box in view._body.children]


async def test_it_reads_and_shows_the_log(table: CallLogTable) -> None:
    out, missed = shown(table)
    assert "Carol Diaz" in out
    assert "01:15" in out
    assert "Bob Keller" in missed
    assert "pbx-log-missed" in missed
    assert "2 calls" in table._words.value
    assert table._more.layout.display == "none"
    assert table._body.children[1].tooltip.startswith("incoming call, Bob Keller (1001)")


async def test_a_new_call_comes_in_and_the_rows_stay_the_same_widgets(one: Office, table: CallLogTable) -> None:
    before = list(table._body.children)
    missed_call(one)
    await sees(lambda: len(shown(table)) == 3)
    assert list(table._body.children[1:]) == before


async def test_filters(table: CallLogTable) -> None:
    table._filter.value = "carol"
    await sees(lambda: len(shown(table)) == 1)
    table._filter.value = ""
    table._kind.value = "Missed"
    await sees(lambda: len(shown(table)) == 1 and "Bob" in shown(table)[0])
    table._kind.value = "All calls"
    table._turned.value = False
    await sees(lambda: len(shown(table)) == 2 and "Bob" in shown(table)[0])
    today = table.model.records[0].started_at
    assert today is not None
    table._after.value = today.date() + timedelta(days=2)
    await sees(lambda: not shown(table))
    table._before.value = today.date()
    await sees(lambda: "before the first" in table._problem_text.value)


async def test_buttons_act_on_what_is_chosen(one: Office, table: CallLogTable) -> None:
    buttons = (table._dial, table._acknowledge, table._unacknowledge, table._delete)
    assert all(button.disabled for button in buttons)
    table._body.children[1].value = True
    await sees(lambda: not table._acknowledge.disabled)
    assert table._dial.description == "Call 1001"
    table._acknowledge.click()
    await sees(lambda: "missed, seen" in shown(table)[1])
    await sees(lambda: not table._unacknowledge.disabled)
    table._unacknowledge.click()
    await sees(lambda: not table._acknowledge.disabled)
    table._dial.click()
    await sees(lambda: one.switch.calls_of("oxe1000"))


async def test_nothing_is_deleted_without_a_second_word(one: Office, table: CallLogTable) -> None:
    table._all.value = True
    await sees(lambda: table._delete.description == "Delete 2 …")
    table._delete.click()
    assert table._confirm.asking
    assert "Bob Keller" in table._confirm._question.value
    table._confirm.no.click()
    assert not table._confirm.asking
    table._delete.click()
    table._confirm.yes.click()
    await sees(lambda: not shown(table))
    assert await table.line.call_log().list() == ()
    assert table._delete.disabled


async def test_what_goes_wrong_is_shown(one: Office, table: CallLogTable) -> None:
    one.faults.not_ready(True)
    table._refresh.click()
    await sees(lambda: table._problem_text.value)
    assert table._problem_area.layout.display is None
    one.faults.not_ready(False)
    table._refresh.click()
    await sees(lambda: not table._problem_text.value and not table.model.stale)


async def test_it_reads_on(one: Office, table: CallLogTable) -> None:
    table.close()
    for _ in range(6):
        missed_call(one)
    view = CallLogTable(table.line, page=4)
    await sees(lambda: len(shown(view)) == 4)
    assert view._more.layout.display is None
    view._more.click()
    await sees(lambda: len(shown(view)) == 8)
    await view.load_all()
    assert view._words.value
    view.close()


async def test_what_the_system_says_is_never_html() -> None:
    evil = '<img src=x onerror="alert(1)">'
    row = LogRow.of(CallRecord(id=1, direction=Direction.INCOMING, parties=(Party(name=evil),), reason=evil))
    assert "<img" not in row_html(row)


async def test_a_page_without_widgets_gets_a_table(table: CallLogTable) -> None:
    bundle = table._repr_mimebundle_()
    assert "<td>Bob Keller</td><td>1001</td>" in bundle["text/html"]
    assert bundle["text/plain"] == "CallLogTable of 1000: 2 calls · 1 missed and not seen"


async def test_every_control_has_a_name(table: CallLogTable) -> None:
    for box in (table._kind, table._filter, table._after, table._before, table._sort, table._all):
        assert box.description
    for button in (table._dial, table._acknowledge, table._unacknowledge, table._delete, table._refresh, table._more):
        assert button.description
        assert button.tooltip


async def test_a_line_without_a_log_says_so() -> None:
    users = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_BASIC"})),)
    async with office(users=users) as one:
        pbx = await one.connect()
        view = CallLogTable(pbx.line("1000"))
        await sees(lambda: not view.model.stale)
        view.draw_now()
        assert "It needs TELEPHONY_ADVANCED" in view._words.value
        assert view._tools.layout.display == "none"
        view.close()


async def test_close_leaks_nothing(one: Office) -> None:
    pbx = await one.connect()
    missed_call(one)
    before = set(widget_module._instances)
    view = CallLogTable(pbx.line("1000"))
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
