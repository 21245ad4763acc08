"""Calls counted by weekday and hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas
import pytest

from aiopbx import CallEnded, CallRecord, CallSnapshot, CallStarted, Direction, LogChange, LogChanged, Outcome
from notebooks_kit.models import LoadModel, load as module

MONDAY = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.fixture
def model() -> LoadModel:
    return LoadModel(zone=UTC)


def counts(model: LoadModel) -> dict[tuple[int, int], tuple[int, int]]:
    return {(one.day, one.hour): (one.calls, one.missed) for one in model.hours if one.calls or one.missed}


def snapshot(line: str, **fields: Any) -> CallSnapshot:
    return CallSnapshot(id=f"{line}-c1", ref="r1", line=line, started_at=MONDAY, **fields)


def test_records(model: LoadModel) -> None:
    records = [
        CallRecord(id=1, started_at=MONDAY, ref="a"),
        CallRecord(id=2, started_at=MONDAY, ref="a"),
        CallRecord(
            id=3, started_at=MONDAY + timedelta(hours=2), ended_at=MONDAY, answered=False, direction=Direction.INCOMING
        ),
        CallRecord(id=4, started_at=MONDAY + timedelta(days=6)),
        CallRecord(id=5),
    ]
    model.add(records)
    assert counts(model) == {(0, 9): (1, 0), (0, 11): (1, 1), (6, 9): (1, 0)}
    assert (model.total, model.missed) == (3, 1)
    assert len(model.hours) == 168


def test_an_internal_call_is_one(model: LoadModel) -> None:
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    for line in ("oxe1000", "oxe1001"):
        model.handle(CallStarted(at=MONDAY, line=line, call=snapshot(line)))
    for line, outcome in (("oxe1000", Outcome.CANCELLED), ("oxe1001", Outcome.MISSED)):
        model.handle(CallEnded(at=MONDAY, line=line, call=snapshot(line, outcome=outcome)))
    assert counts(model) == {(0, 9): (1, 1)}
    assert len(notified) == 2
    record = CallRecord(id=1, started_at=MONDAY, ref="r1")
    model.handle(LogChanged(at=MONDAY, line="oxe1000", change=LogChange.ADDED, record=record))
    assert model.total == 1


@pytest.mark.parametrize("name", ["started_at", "at", "started", "date"])
def test_a_table_of_pandas(model: LoadModel, name: str) -> None:
    model.add(pandas.DataFrame({name: [MONDAY, MONDAY, None], "missed": [True, None, False]}))
    assert counts(model) == {(0, 9): (2, 1)}
    model.add(pandas.DataFrame({name: ["2026-01-06 23:59"]}))
    assert counts(model)[1, 23] == (1, 0)


def test_what_holds_no_calls(model: LoadModel) -> None:
    with pytest.raises(ValueError, match="no column that says when"):
        model.add(pandas.DataFrame({"x": [1]}))
    with pytest.raises(TypeError, match="str is no call"):
        model.add(["monday"])
    assert model.busiest is None


def test_the_zone(model: LoadModel) -> None:
    east = LoadModel(zone=timezone(timedelta(hours=15)))
    east.add(MONDAY)
    assert counts(east) == {(1, 0): (1, 0)}
    assert east.busiest is not None
    assert east.busiest.title == "Tuesday 00:00 to 01:00: 1 call"
    model.add([MONDAY, MONDAY])
    model.count(MONDAY, missed=True)
    assert model.hours[9].title == "Monday 09:00 to 10:00: 3 calls, 1 missed"
    assert model.hours[10].title == "Monday 10:00 to 11:00: no calls"


def test_what_is_remembered_is_bounded(model: LoadModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    for number in range(100):
        model.count(MONDAY, key=number)
    assert len(model._known) == 10
    assert model.total == 100


def test_to_dataframe(model: LoadModel) -> None:
    model.add(MONDAY)
    frame = model.to_dataframe()
    assert len(frame) == 168
    assert frame.loc[9].to_dict() == {"weekday": "Monday", "day": 0, "hour": 9, "calls": 1, "missed": 0}
