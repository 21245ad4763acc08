"""Calls as bars in time, as data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from aiopbx import (
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallStarted,
    CallState,
    Direction,
    LineRemoved,
    Outcome,
    Party,
    Status,
    StatusChanged,
)
from notebooks_kit.models import TimelineModel, timeline as module
from notebooks_kit.models.timeline import ticks

if TYPE_CHECKING:
    from .conftest import FakePbx

START = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ADA, BEN = "oxe1000", "oxe1001"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def a_call(line: str = ADA, key: str = "c1", **fields: Any) -> CallSnapshot:
    values: dict[str, Any] = {
        "state": CallState.RINGING_INCOMING,
        "direction": Direction.INCOMING,
        "parties": (Party(name="Cy", number="0015550142"),),
        **fields,
    }
    return CallSnapshot(id=key, ref=key, line=line, **values)


@pytest.fixture
def model(pbx: FakePbx) -> TimelineModel:
    return TimelineModel(pbx.lines, START, window=100)


def live(model: TimelineModel, call: CallSnapshot, *steps: tuple[float, CallState], end: float | None = None) -> None:
    """Let a call live: it begins with the first step."""
    former = call
    for number, (seconds, state) in enumerate(steps):
        now = replace(former, state=state)
        if number:
            model.handle(CallChanged(at=at(seconds), line=call.line, call=now, previous=former))
        else:
            model.handle(CallStarted(at=at(seconds), line=call.line, call=now))
        former = now
    if end is not None:
        model.handle(CallEnded(at=at(end), line=call.line, call=replace(former, outcome=Outcome.ANSWERED)))


def test_a_call_is_a_bar_of_its_states(model: TimelineModel) -> None:
    live(model, a_call(), (10, CallState.RINGING_INCOMING), (20, CallState.ACTIVE), (20, CallState.ACTIVE), end=60)
    shown = model.picture(at(100))
    assert (shown.start, shown.end, shown.calls) == (START, at(100), 1)
    (row,) = shown.rows
    assert row.title == "1000 Ada Brooks"
    ((ringing, active),) = row.lanes
    assert (ringing.state, ringing.left, ringing.right) == (CallState.RINGING_INCOMING, 0.1, 0.2)
    assert (active.state, active.left, active.right, active.running) == (CallState.ACTIVE, 0.2, 0.6, False)
    assert active.outcome is Outcome.ANSWERED
    assert active.title.startswith("1000 Ada Brooks: active with Cy, ")
    assert active.title.endswith("00:40, then ended: answered")
    assert shown.states == (CallState.RINGING_INCOMING, CallState.ACTIVE)
    assert not model.running
    assert model.latest() == at(60)


def test_the_window_slides(model: TimelineModel) -> None:
    live(model, a_call(), (0, CallState.ACTIVE))
    assert model.running
    assert model.latest() is None
    for now in (50, 150, 1000):
        ((piece,),) = model.picture(at(now)).rows[0].lanes
        assert piece.running
        assert (piece.left, piece.right) == (max(0.0, 1 - now / 100), 1)
    model.handle(CallEnded(at=at(1000), line=ADA, call=a_call(outcome=Outcome.MISSED)))
    assert model.picture(at(1099)).calls == 1
    assert model.picture(at(1101)).rows == ()


def test_calls_at_the_same_time_have_lanes(model: TimelineModel) -> None:
    live(model, a_call(key="c1"), (0, CallState.ACTIVE), (30, CallState.HELD), end=80)
    live(model, a_call(key="c2"), (30, CallState.ACTIVE), end=60)
    live(model, a_call(key="c3"), (70, CallState.ACTIVE))
    (row,) = model.picture(at(90)).rows
    assert [[piece.call for piece in lane] for lane in row.lanes] == [["c1", "c1"], ["c2", "c3"]]


def test_only_the_lines_that_are_wanted(pbx: FakePbx) -> None:
    model = TimelineModel(pbx.lines, START, only=[BEN])
    live(model, a_call(ADA), (0, CallState.ACTIVE))
    (row,) = model.picture(at(10)).rows
    assert (row.line, row.lanes) == (BEN, ())
    live(model, a_call(BEN), (0, CallState.ACTIVE))
    assert model.picture(at(10)).calls == 1


def test_calls_that_were_there_before(pbx: FakePbx) -> None:
    pbx.put(ADA, calls=(a_call(started_at=START, answered_at=at(5), state=CallState.ACTIVE),))
    pbx.put(BEN, calls=(a_call(BEN, state=CallState.ACTIVE),))
    model = TimelineModel(pbx.lines, at(50), window=100)
    first, second = (row.lanes[0][0] for row in model.picture(at(60)).rows)
    assert first.right - first.left == pytest.approx(0.55)
    assert second.right - second.left == pytest.approx(0.1), "seen from now on"
    model.handle(CallEnded(at=at(60), line=ADA, call=a_call(key="c9", outcome=Outcome.MISSED)))
    assert len(model.bars) == 2, "an end without a beginning is no bar"


def test_what_ends_otherwise(pbx: FakePbx, model: TimelineModel) -> None:
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    live(model, a_call(), (0, CallState.ACTIVE))
    model.handle(LineRemoved(at=at(10), line=ADA))
    model.handle(StatusChanged(at=at(11), status=Status.OFFLINE, previous=Status.ONLINE))
    assert not model.running
    assert model.picture(at(20)).status is Status.OFFLINE
    assert len(notified) == 3
    del pbx.lines[ADA]
    assert model.title(ADA) == "1000 Ada Brooks", "it is remembered"


def test_it_is_bounded(model: TimelineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    for number in range(50):
        live(model, a_call(key=f"c{number}"), (number, CallState.ACTIVE), end=number + 0.5)
    assert [bar.call for bar in model.bars] == [f"c{number}" for number in range(40, 50)]


def test_many_lines_do_not_all_fit(make_pbx: type[FakePbx]) -> None:
    pbx = make_pbx(50)
    model = TimelineModel(pbx.lines, START)
    for line in pbx.lines:
        live(model, a_call(line), (0, CallState.ACTIVE))
    shown = model.picture(at(1))
    assert (len(shown.rows), shown.hidden) == (40, 10)


@pytest.mark.parametrize("span", [20, 60, 300, 900, 3600, 36000])
def test_round_times(span: int) -> None:
    found = ticks(at(3.7), at(3.7 + span))
    assert 2 <= len(found) <= 8
    assert all(one.microsecond == 0 for one in found)
    assert all(at(3.7) < one <= at(3.7 + span) for one in found)


def test_a_table(model: TimelineModel) -> None:
    live(model, a_call(), (10, CallState.RINGING_INCOMING), (20, CallState.ACTIVE), end=60)
    frame = model.to_dataframe()
    assert list(frame["state"]) == ["ringing_incoming", "active"]
    assert list(frame["seconds"]) == [10.0, 40.0]
    assert frame["outcome"].isna().tolist() == [True, False]
    assert list(frame["number"]) == ["1000", "1000"]
