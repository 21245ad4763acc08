"""Tables for pandas: their columns, their types, and what is said without pandas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from aiopbx import (
    Call,
    CallEnded,
    CallRecord,
    CallSnapshot,
    CallState,
    Contact,
    Counters,
    Direction,
    InvalidInput,
    Outcome,
    Party,
    Routing,
    VoicemailSnapshot,
)
from notebooks_kit import BoardModel, CallLogTable, LineBoard, to_dataframe, week_of_calls
from notebooks_kit.dataframes import CALLS, CONTACTS, LINES, MESSAGES, RECORDS
from tests.aiopbx.office import Office, office

if TYPE_CHECKING:
    from .conftest import FakePbx

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
RECORD = CallRecord(
    id=1,
    direction=Direction.INCOMING,
    parties=(Party(name="Ada", number="5550100"),),
    answered=True,
    started_at=AT,
    answered_at=AT + timedelta(seconds=5),
    ended_at=AT + timedelta(seconds=65),
)


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


def kinds(frame: Any) -> dict[str, str]:
    return {name: str(kind) for name, kind in frame.dtypes.items()}


def test_records_have_times_in_utc_and_durations_in_seconds() -> None:
    frame = to_dataframe([RECORD, CallRecord(id=2)])
    assert kinds(frame) == RECORDS
    first, second = frame.to_dict("records")
    assert (first["party"], first["number"], first["direction"]) == ("Ada", "5550100", "incoming")
    assert (first["seconds"], first["talk_seconds"]) == (65.0, 60.0)
    assert first["started_at"].to_pydatetime() == AT
    assert frame["answered"].isna().tolist() == [False, True]
    assert frame["ended_at"].isna().tolist() == [False, True]
    assert second["missed"] is False
    assert frame["seconds"].sum() == 65.0


def test_an_empty_table_has_its_columns(pbx: FakePbx) -> None:
    pbx.lines.clear()
    assert kinds(BoardModel(pbx.lines).to_dataframe()) == LINES
    assert kinds(to_dataframe({})) == LINES
    assert to_dataframe([]).empty


def test_lines_of_a_board_in_its_order(pbx: FakePbx, make_call: Callable[..., CallSnapshot]) -> None:
    pbx.put(
        "oxe1001",
        calls=(make_call("oxe1001", CallState.ACTIVE, "Cy"),),
        counters=Counters(missed_calls=2),
        routing=Routing(do_not_disturb=True),
    )
    model = BoardModel(pbx.lines)
    model.sort = "state"  # type: ignore[assignment]
    frame = model.to_dataframe()
    assert list(frame["line"]) == ["oxe1001", "oxe1000", "oxe1002"]
    top = frame.iloc[0]
    assert (top["state"], top["party"], top["calls"], top["missed"], top["do_not_disturb"]) == (
        "active",
        "Cy",
        1,
        2,
        True,
    )
    model.filter = "cy"
    assert len(model.to_dataframe()) == 1


async def test_a_board_as_a_table(pbx: FakePbx) -> None:
    view = LineBoard(pbx)  # type: ignore[arg-type]
    assert len(view.to_dataframe()) == len(to_dataframe(view)) == 3
    view.close()


async def test_a_pbx_its_lines_and_their_calls(one: Office) -> None:
    pbx = await one.connect()
    one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
    await one.caught_up(pbx)
    frame = to_dataframe(pbx)
    assert kinds(frame) == LINES
    assert list(frame["number"]) == [line.number for line in pbx.lines.values()]
    assert frame.equals(to_dataframe(pbx.lines))
    assert frame.equals(to_dataframe([line.snapshot for line in pbx.lines.values()]))
    calls = to_dataframe(pbx.line("1000").calls)
    assert kinds(calls) == CALLS
    assert list(calls["line"]) == ["oxe1000"]
    assert list(calls["party"]) == ["Bob Keller"]


async def test_what_has_to_be_read_first_is_awaited(one: Office) -> None:
    pbx = await one.connect()
    line = pbx.line("1000")
    assert kinds(await to_dataframe(line.call_log())) == RECORDS, "an empty log"
    call = await line.dial("1001")
    await call.hang_up()
    await one.caught_up(pbx)
    log = await to_dataframe(line.call_log())
    assert kinds(log) == RECORDS
    assert list(log["direction"]) == ["outgoing"]
    assert kinds(await to_dataframe(line.voicemails())) == MESSAGES


async def test_an_empty_list_keeps_its_columns_where_one_says_what_it_holds(one: Office) -> None:
    pbx = await one.connect()
    assert kinds(to_dataframe(pbx.line("1000").calls, of=Call)) == CALLS
    assert kinds(to_dataframe((), of=CallRecord)) == RECORDS
    assert kinds(to_dataframe((), of=Contact)) == CONTACTS
    assert kinds(to_dataframe(pbx.line("1000"))) == LINES
    assert len(to_dataframe(pbx.line("1000"))) == 1
    with pytest.raises(TypeError, match="There is no table of Party"):
        to_dataframe([], of=Party)


def test_several_logs_in_one_table() -> None:
    week = week_of_calls()
    frame = to_dataframe(week)
    assert list(frame.columns) == ["of_line", *RECORDS]
    assert set(frame["of_line"]) == set(week)
    assert len(frame) == sum(map(len, week.values()))
    assert (frame[frame["of_line"] == "1001"]["id"] == [record.id for record in week["1001"]]).all()


async def test_a_slip_is_told(one: Office) -> None:
    pbx = await one.connect()
    with pytest.raises(InvalidInput, match="Write await before it"):
        to_dataframe(pbx.line("1000").dial("1001"))
    assert not pbx.line("1000").calls


async def test_a_view_of_the_log(one: Office) -> None:
    pbx = await one.connect()
    view = CallLogTable(pbx.line("1000"))
    assert kinds(to_dataframe(view)) == RECORDS
    view.close()


def test_ended_calls_voicemails_and_contacts() -> None:
    ended = CallSnapshot(id="a", ref="a", line="oxe1000", started_at=AT, ended_at=AT, outcome=Outcome.MISSED)
    ended = replace(ended, ring_seconds=5.5)
    talked = replace(ended, answered=True, talk_seconds=60.0)
    unseen = replace(ended, answered=True)
    calls = to_dataframe([CallEnded(at=AT, line="oxe1000", call=call) for call in (ended, talked, unseen)])
    assert list(calls["outcome"]) == ["missed"] * 3
    assert calls["seconds"].tolist()[:2] == [5.5, 65.5]
    assert calls["talk_seconds"].tolist()[1] == 60.0
    assert calls["seconds"].isna().tolist() == [False, False, True]
    assert calls["talk_seconds"].isna().tolist() == [True, False, True]
    messages = to_dataframe([VoicemailSnapshot(id="1", caller=Party(number="5550100"), at=AT, seconds=12, unread=True)])
    assert kinds(messages) == MESSAGES
    assert messages.iloc[0]["number"] == "5550100"
    assert list(to_dataframe([Contact(last_name="Keller", number="1001")])["name"]) == ["Keller"]


@pytest.mark.parametrize(("what", "word"), [(5, "int is no table"), ("text", "str is no table"), ([1], "of int")])
def test_what_is_no_table(what: Any, word: str) -> None:
    with pytest.raises(TypeError, match=word):
        to_dataframe(what)


def test_without_pandas_it_names_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "import notebooks_kit\n"
        "try: notebooks_kit.to_dataframe([])\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'aiopbx[notebook]'" in done.stdout
    assert "not installed" in done.stdout
