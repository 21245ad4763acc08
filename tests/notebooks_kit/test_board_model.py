"""The board of lines as data, without a widget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aiopbx import (
    CallSnapshot,
    CallState,
    Condition,
    Counters,
    Device,
    DeviceState,
    Forward,
    LineRemoved,
    LineState,
    Routing,
    Status,
    Target,
)
from notebooks_kit import BoardModel, BoardRow, Sort

if TYPE_CHECKING:
    from .conftest import FakePbx

MakeCall = Callable[..., CallSnapshot]
ADA, BEN, CHLOE = "oxe1000", "oxe1001", "oxe1002"


@pytest.fixture
def model(pbx: FakePbx) -> BoardModel:
    model = BoardModel(pbx.lines)
    pbx.subscribe(model.handle)
    assert model.take() == {ADA, BEN, CHLOE}
    return model


def row(model: BoardModel, line: str) -> BoardRow:
    found = model.row(line)
    assert found is not None
    return found


def test_a_row_says_what_a_line_does(pbx: FakePbx, model: BoardModel, make_call: MakeCall) -> None:
    pbx.put(
        ADA,
        calls=(make_call(ADA, CallState.HELD, "Cy"), make_call(ADA, CallState.ACTIVE, "Di", "Ed")),
        routing=Routing(do_not_disturb=True, forward=Forward(condition=Condition.BUSY, number="1001")),
        counters=Counters(missed_calls=2, voicemails=1),
    )
    assert model.take() == {ADA}
    assert row(model, ADA) == BoardRow(
        line=ADA,
        number="1000",
        name="Ada Brooks",
        state=LineState.ACTIVE,
        party="Di, Ed",
        calls=2,
        since=datetime(2026, 1, 5, 9, 30, tzinfo=UTC),
        do_not_disturb=True,
        forward="1001 when busy",
        missed=2,
        voicemails=1,
    )
    assert model.busy == 1


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (Forward(number="1001"), "1001"),
        (Forward(target=Target.VOICEMAIL, number="5000"), "voicemail"),
        (Forward(condition=Condition.NO_ANSWER, number="1001"), "1001 when not answered"),
        (Forward(condition=Condition.BUSY_NO_ANSWER, number="1001"), "1001 when busy or not answered"),
    ],
)
def test_a_forward_in_words(pbx: FakePbx, model: BoardModel, forward: Forward, words: str) -> None:
    pbx.put(ADA, routing=Routing(forward=forward))
    model.take()
    assert row(model, ADA).forward == words


def test_a_thousand_events_are_drawn_once(pbx: FakePbx, model: BoardModel) -> None:
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    for index in range(1000):
        pbx.put(ADA, counters=Counters(missed_calls=index))
    assert len(notified) == 1
    assert model.take() == {ADA}
    assert row(model, ADA).missed == 999
    pbx.put(BEN, counters=Counters(missed_calls=1))
    assert len(notified) == 2


def test_what_looks_the_same_is_not_drawn(pbx: FakePbx, model: BoardModel) -> None:
    pbx.put(ADA, devices=(Device(id="1000", state=DeviceState.IN_SERVICE),))
    assert model.take() == set()


def test_a_line_comes_and_goes(pbx: FakePbx, model: BoardModel, make_pbx: type[FakePbx]) -> None:
    pbx.lines["oxe1003"] = make_pbx(4).lines["oxe1003"]
    pbx.put("oxe1003", name="Zoe")
    assert model.take() == {ADA, BEN, CHLOE, "oxe1003"}
    del pbx.lines[ADA]
    pbx.tell(LineRemoved(at=datetime.now(UTC), line=ADA))
    assert ADA in model.take()
    assert [each.line for each in model.shown] == [BEN, CHLOE, "oxe1003"]
    pbx.tell(LineRemoved(at=datetime.now(UTC), line="oxe9999"))
    assert model.take() == set()


def test_offline_is_shown(pbx: FakePbx, model: BoardModel) -> None:
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    pbx.go(Status.OFFLINE)
    assert model.status is Status.OFFLINE
    assert notified == [1]
    assert model.take() == set()


@pytest.mark.parametrize(
    ("sort", "descending", "order"),
    [
        (Sort.NUMBER, False, [ADA, BEN, CHLOE]),
        (Sort.NUMBER, True, [CHLOE, BEN, ADA]),
        (Sort.NAME, False, [CHLOE, ADA, BEN]),
        ("state", False, [BEN, ADA, CHLOE]),
        (Sort.STATE, True, [CHLOE, ADA, BEN]),
    ],
)
def test_sorting(
    pbx: FakePbx, model: BoardModel, make_call: MakeCall, sort: Sort, descending: bool, order: list[str]
) -> None:
    pbx.put(CHLOE, name="Aaron")
    pbx.put(BEN, calls=(make_call(BEN, CallState.RINGING_INCOMING, "Cy"),))
    model.take()
    model.sort = sort  # type: ignore[assignment] # words are taken, too
    model.descending = descending
    assert [each.line for each in model.shown] == order
    assert model.take() == {ADA, BEN, CHLOE}


def test_short_numbers_stand_first(pbx: FakePbx, model: BoardModel) -> None:
    pbx.put(CHLOE, number="200")
    model.take()
    assert [each.number for each in model.shown] == ["200", "1000", "1001"]


def test_what_one_line_does_moves_one_row(make_pbx: type[FakePbx], make_call: MakeCall) -> None:
    pbx = make_pbx(500)
    model = BoardModel(pbx.lines)
    pbx.subscribe(model.handle)
    model.sort = Sort.STATE
    model.take()
    before = {line: model.position(each) for line, each in model.rows.items()}
    pbx.put("oxe1250", calls=(make_call("oxe1250", CallState.ACTIVE, "Cy"),))
    assert model.take() == {"oxe1250"}
    after = {line: model.position(each) for line, each in model.rows.items()}
    assert {line for line in before if before[line] != after[line]} == {"oxe1250"}
    assert model.shown[0].line == "oxe1250"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", [ADA, BEN, CHLOE]),
        ("ben", [BEN]),
        ("100", [ADA, BEN, CHLOE]),
        ("ringing incoming", [ADA]),
        ("RINGING ada", [ADA]),
        ("cy", [ADA]),
        ("nobody", []),
    ],
)
def test_filtering(pbx: FakePbx, model: BoardModel, make_call: MakeCall, text: str, shown: list[str]) -> None:
    pbx.put(ADA, calls=(make_call(ADA, CallState.RINGING_INCOMING, "Cy"),))
    model.filter = text
    model.take()
    assert [each.line for each in model.shown] == shown
    assert model.filter == text
