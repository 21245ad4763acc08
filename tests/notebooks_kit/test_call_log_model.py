"""The call log of a line as data, against a simulated office."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from aiopbx import CallRecord, Direction, InvalidInput, Party
from aiopbx.simulator import UserSpec
from notebooks_kit.models import CallLogModel, LogRow, LogSort
from tests.aiopbx.office import Office, office, until


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


async def made(one: Office, **options: Any) -> CallLogModel:
    pbx = await one.connect()
    model = CallLogModel(pbx.line("1000"), zone=UTC, **options)
    pbx.subscribe(model.handle)
    return model


def missed_call(one: Office, caller: str = "oxe1001") -> None:
    call = one.switch.make_call(caller, caller[3:], "1000", auto_answer=True)
    one.switch.drop(caller, call.ref)
    one.clock.advance(1)


def talk(one: Office, seconds: float = 30, to: str = "oxe1002") -> None:
    call = one.switch.make_call("oxe1000", "1000", to[3:], auto_answer=True)
    one.switch.answer(to, call.ref, to[3:])
    one.clock.advance(seconds)
    one.switch.release("oxe1000", call.ref)
    one.clock.advance(1)


async def test_a_row_says_who_when_how_long_and_what_came_of_it(one: Office) -> None:
    model = await made(one)
    missed_call(one)
    talk(one, 75)
    await model.refresh()
    out, missed = model.take()
    assert (out.direction, out.party, out.number, out.duration, out.words) == (
        Direction.OUTGOING,
        "Carol Diaz",
        "1002",
        "01:15",
        "answered",
    )
    assert (missed.direction, missed.party, missed.words, missed.missed) == (
        Direction.INCOMING,
        "Bob Keller",
        "missed",
        True,
    )
    assert out.at is not None
    assert missed.name == f"incoming call, Bob Keller (1001), {missed.when}, missed, 00:00"
    assert model.summary == "2 calls · 1 missed and not seen"
    assert model.complete


def test_times_are_shown_where_the_reader_is() -> None:
    at = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    row = LogRow.of(CallRecord(id=1, started_at=at, parties=(Party(number="5550100"),)), timezone(timedelta(hours=1)))
    assert row.when == "2026-01-06 00:30:00"
    nothing = LogRow.of(CallRecord(id=2))
    assert (nothing.when, nothing.party, nothing.duration, nothing.words) == ("unknown", "unknown", "", "")


async def test_filters_are_asked_of_the_system_and_words_of_what_was_read(one: Office) -> None:
    model = await made(one)
    missed_call(one)
    missed_call(one, "oxe1003")
    talk(one)
    notified: list[int] = []
    model.on_stale = lambda: notified.append(1)
    await model.refresh()
    assert len(model.rows) == 3
    model.missed = True
    model.direction = None
    assert model.stale
    assert notified == [1], "asked once, however much changes before it is read"
    await model.refresh()
    assert [row.words for row in model.rows] == ["missed", "missed"]
    model.filter = "bob 1001"
    assert [row.party for row in model.rows] == ["Bob Keller"]
    assert not model.stale
    assert model.summary.startswith("1 of 2 calls")
    model.filter, model.missed, model.direction = "", False, "outgoing"  # type: ignore[assignment]
    await model.refresh()
    assert [row.direction for row in model.rows] == [Direction.OUTGOING]
    model.missed = True
    await model.refresh()
    assert model.rows == []


async def test_a_range_of_days_is_local_and_whole(one: Office) -> None:
    model = await made(one)
    missed_call(one)
    today = one.clock.utc().date()
    model.after = model.before = today
    await model.refresh()
    assert len(model.rows) == 1
    assert model.after == datetime(today.year, today.month, today.day, tzinfo=UTC)
    model.after = model.before = today + timedelta(days=1)
    await model.refresh()
    assert model.rows == []
    model.after, model.before = date(2026, 5, 2), date(2026, 5, 1)
    with pytest.raises(InvalidInput, match="before the first"):
        await model.refresh()
    assert model.stale
    model.zone = timezone(timedelta(hours=2))
    model.after = date(2026, 5, 2)
    assert model.after == datetime(2026, 5, 1, 22, tzinfo=UTC)


async def test_it_is_read_page_by_page(one: Office) -> None:
    model = await made(one, page=20)
    for _ in range(60):
        missed_call(one)
    await one.caught_up(model.line.pbx)
    await model.refresh()
    assert (len(model.rows), model.total, model.complete) == (20, 60, False)
    assert "20 calls read, 60 in all" in model.summary
    await model.more()
    assert len(model.rows) == 40
    missed_call(one)
    await one.caught_up(model.line.pbx)
    assert (len(model.rows), model.total) == (41, 61), "a new call is there although it stands at the end"
    await model.more()
    await model.more()
    assert (len(model.rows), model.complete) == (61, True)
    await model.load_all()
    assert len(model.rows) == 61


async def test_reading_on_looks_for_what_the_words_let_through(one: Office) -> None:
    model = await made(one, page=5)
    for _ in range(20):
        missed_call(one)
    for _ in range(5):
        missed_call(one, "oxe1003")
    model.filter = model.line.pbx.line("1003").name
    await model.refresh()
    assert len(model.rows) == 5, "it read as far as it had to"


async def test_it_follows_the_log(one: Office) -> None:
    model = await made(one)
    await model.refresh()
    missed_call(one)
    await one.caught_up(model.line.pbx)
    (row,) = model.take()
    assert (row.words, row.party) == ("missed", "Bob Keller")
    log = model.line.call_log()
    await log.acknowledge(row.id)
    await one.caught_up(model.line.pbx)
    assert model.take()[0].words == "missed, seen"
    model.choose(row.id)
    await log.delete(row.id)
    await one.caught_up(model.line.pbx)
    assert model.take() == []
    assert model.chosen == set()
    missed_call(one)
    missed_call(one)
    await one.caught_up(model.line.pbx)
    assert len(model.rows) == 2
    await log.delete(all=True)
    await one.caught_up(model.line.pbx)
    assert (model.rows, model.total) == ([], 0)


async def test_what_is_not_asked_for_does_not_come_in(one: Office) -> None:
    model = await made(one)
    model.missed = True
    await model.refresh()
    talk(one)
    missed_call(one)
    await one.caught_up(model.line.pbx)
    assert [row.words for row in model.rows] == ["missed"]


async def test_after_a_loss_it_is_to_be_read_anew(one: Office) -> None:
    model = await made(one)
    await model.refresh()
    pbx = model.line.pbx
    notified: list[int] = []
    model.on_stale = lambda: notified.append(1)
    losses = pbx.statistics.losses
    one.faults.cut_channels()
    await until(lambda: pbx.statistics.losses > losses and pbx.status == "online")
    assert model.stale
    assert notified == [1]


async def test_acknowledging_and_taking_it_back(one: Office) -> None:
    model = await made(one)
    missed_call(one)
    talk(one)
    await model.refresh()
    assert not model.can_acknowledge
    model.choose_shown()
    assert model.can_acknowledge
    assert not model.can_unacknowledge
    await model.acknowledge()
    assert model.can_unacknowledge
    assert not model.can_acknowledge
    with pytest.raises(InvalidInput, match="missed"):
        await model.acknowledge()
    assert await model.line.call_log(unacknowledged=True).list() == ()
    await model.acknowledge(False)
    assert len(await model.line.call_log(unacknowledged=True).list()) == 1


async def test_deleting_what_is_chosen(one: Office) -> None:
    model = await made(one)
    with pytest.raises(InvalidInput, match="chosen"):
        await model.delete()
    missed_call(one)
    missed_call(one)
    await model.refresh()
    model.choose(model.rows[0].id)
    kept = model.rows[1].id
    await model.delete()
    await one.caught_up(model.line.pbx)
    assert [row.id for row in model.rows] == [kept]
    assert [record.id for record in await model.line.call_log().list()] == [kept]
    assert model.total == 1


async def test_calling_back(one: Office) -> None:
    model = await made(one)
    missed_call(one)
    missed_call(one, "oxe1002")
    await model.refresh()
    with pytest.raises(InvalidInput, match="Choose one"):
        await model.dial()
    model.choose_shown()
    assert model.can_dial is None
    model.choose(model.rows[0].id, False)
    assert model.can_dial == "1001"
    await model.dial()
    assert [call.party.number for call in model.line.calls if call.party] == ["1001"]


@pytest.mark.parametrize(
    ("sort", "descending", "order"),
    [
        (LogSort.TIME, True, ["Carol Diaz", "Bob Keller"]),
        (LogSort.TIME, False, ["Bob Keller", "Carol Diaz"]),
        ("party", False, ["Bob Keller", "Carol Diaz"]),
        ("duration", True, ["Carol Diaz", "Bob Keller"]),
        ("kind", False, ["Carol Diaz", "Bob Keller"]),
    ],
)
async def test_sorting(one: Office, sort: LogSort, descending: bool, order: list[str]) -> None:
    model = await made(one)
    missed_call(one)
    talk(one)
    await model.refresh()
    model.sort, model.descending = sort, descending
    assert [row.party for row in model.rows] == order


async def test_a_thousand_changes_are_reported_once(one: Office) -> None:
    model = await made(one)
    await model.refresh()
    model.take()
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    for _ in range(5):
        missed_call(one)
    await one.caught_up(model.line.pbx)
    assert notified == [1]
    assert len(model.take()) == 5


async def test_without_the_licence_there_is_no_log() -> None:
    users = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_BASIC"})),)
    async with office(users=users) as one:
        model = await made(one)
        await model.refresh()
        assert not model.available
        assert model.rows == []
        assert model.summary == "This line has no call log. It needs TELEPHONY_ADVANCED."
