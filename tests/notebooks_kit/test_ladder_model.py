"""Who signalled what to whom, as data."""

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
    Outcome,
    Party,
    Status,
    WireMessage,
)
from notebooks_kit.models import LadderModel, ladder as module

if TYPE_CHECKING:
    from .conftest import FakePbx

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ADA, BEN = "oxe1000", "oxe1001"
LANE_ADA, LANE_BEN, CY = "1000 Ada Brooks", "1001 Ben Castillo", "0015550142 Cy"


@pytest.fixture
def model(pbx: FakePbx) -> LadderModel:
    model = LadderModel(pbx.lines)
    pbx.wire(model.handle_wire)
    pbx.subscribe(model.handle)
    return model


def arrows(model: LadderModel) -> list[tuple[str, str, str]]:
    return [(step.source, step.target, step.text) for step in model.visible()]


class Talk:
    """A call of one line that lives."""

    def __init__(self, pbx: FakePbx, line: str, party: Party, *, ref: str = "r1", **fields: Any) -> None:
        self.pbx = pbx
        values: dict[str, Any] = {"direction": Direction.OUTGOING, "state": CallState.DIALING, **fields}
        self.call = CallSnapshot(id=f"{line}-1", ref=ref, line=line, parties=(party,), **values)
        pbx.tell(CallStarted(at=NOW, line=line, call=self.call))

    def become(self, state: CallState | None = None, **changes: Any) -> None:
        former = self.call
        self.call = replace(former, state=state or former.state, **changes)
        self.pbx.tell(CallChanged(at=NOW, line=former.line, call=self.call, previous=former))

    def end(self, outcome: Outcome) -> None:
        self.pbx.tell(CallEnded(at=NOW, line=self.call.line, call=replace(self.call, outcome=outcome)))


def test_caller_system_and_callee(pbx: FakePbx, model: LadderModel) -> None:
    model.wire = False
    caller = Talk(pbx, ADA, Party(number="1001"), called=Party(number="1001"))
    callee = Talk(pbx, BEN, Party(login=ADA), direction=Direction.INCOMING, state=CallState.RINGING_INCOMING)
    caller.become(CallState.RINGING_OUTGOING)
    callee.become(CallState.ACTIVE)
    caller.become(CallState.ACTIVE)
    callee.become(CallState.HELD)
    callee.become(CallState.ACTIVE)
    callee.become(actions=frozenset())
    caller.become(CallState.RELEASING)
    caller.end(Outcome.ANSWERED)
    assert arrows(model) == [
        (LANE_ADA, "system", "dials 1001"),
        ("system", LANE_BEN, "rings, from 1000"),
        ("system", LANE_ADA, "it rings at 1001"),
        (LANE_BEN, "system", "answers"),
        ("system", LANE_ADA, "is connected to 1001"),
        (LANE_BEN, "system", "holds"),
        (LANE_BEN, "system", "retrieves"),
        ("system", LANE_ADA, "ended: answered"),
    ]
    assert model.ladder().lanes == (LANE_ADA, "system", LANE_BEN)
    (call,) = model.calls
    assert (call.caller, call.callee) == (LANE_ADA, LANE_BEN)
    assert call.title.endswith("1000 Ada Brooks → 1001 Ben Castillo")


def test_parties_outside_have_lanes_too(pbx: FakePbx, model: LadderModel) -> None:
    model.wire = False
    out = Talk(pbx, ADA, Party(number="0015550142", name="Cy"))
    out.become(CallState.RINGING_OUTGOING)
    out.become(CallState.ACTIVE)
    out.end(Outcome.ANSWERED)
    assert [arrow for arrow in arrows(model) if CY in arrow] == [
        ("system", CY, "rings, from 1000"),
        (CY, "system", "answers"),
        ("system", CY, "ended"),
    ]
    model.clear()
    assert arrows(model) == []
    coming = Talk(
        pbx,
        BEN,
        Party(number="0015550142", name="Cy"),
        direction=Direction.INCOMING,
        state=CallState.RINGING_INCOMING,
    )
    coming.become(CallState.ACTIVE)
    coming.become(parties=(Party(number="1002"),))
    coming.end(Outcome.TRANSFERRED)
    assert arrows(model) == [
        (CY, "system", "calls 1001"),
        ("system", LANE_BEN, "rings, from 0015550142"),
        (LANE_BEN, "system", "answers"),
        ("system", CY, "is answered"),
        ("system", LANE_BEN, "now with 1002"),
        ("system", LANE_BEN, "ended: transferred"),
    ]


def test_without_the_wire_events_stand_for_it(pbx: FakePbx, model: LadderModel) -> None:
    Talk(pbx, ADA, Party(number="1001"))
    assert arrows(model)[0] == ("system", "this side", "CallStarted 1000")
    model.parties = False
    assert len(arrows(model)) == 1
    pbx.hear(WireMessage(at=NOW, sent=False, what="OnCallCreated"))
    Talk(pbx, BEN, Party(number="1002"), ref="r2")
    assert arrows(model)[1:] == [("system", "this side", "OnCallCreated")]


def test_one_call_alone_with_the_request_that_made_it(pbx: FakePbx, model: LadderModel) -> None:
    def hear(sent: bool, what: str, body: str = "", status: int | None = None, exchange: int | None = None) -> None:
        pbx.hear(WireMessage(at=NOW, sent=sent, what=what, body=body, status=status, exchange=exchange))

    hear(True, "POST /telephony/calls?loginName=oxe1000", '{"callee":"1001"}', exchange=1)
    hear(True, "GET /something/else", exchange=2)
    hear(False, "POST /telephony/calls?loginName=oxe1000", '{"callRef":"r1"}', 201, 1)
    hear(False, "GET /something/else", "{}", 500, 2)
    hear(False, "OnCallCreated", '{"callRef":"r1"}')
    talk = Talk(pbx, ADA, Party(number="1001"))
    hear(False, "OnCallCreated", '{"callRef":"r2"}')
    Talk(pbx, BEN, Party(number="1002"), ref="r2")
    talk.become(ref="r9", parties=(Party(number="1002"),))
    hear(True, "POST /telephony/calls/r9/hold", exchange=3)
    hear(False, "POST /telephony/calls/r9/hold", status=403, exchange=3)
    talk.end(Outcome.ANSWERED)
    assert [call.key for call in model.calls] == ["r1", "r2"]
    assert model.calls[0].refs == {"r1", "r9"}, "the system renamed it"
    model.call = "r1"
    steps = model.visible()
    assert [step.text for step in steps] == [
        "POST /telephony/calls",
        "201 POST /telephony/calls",
        "OnCallCreated",
        "dials 1001",
        "now with 1002",
        "POST /telephony/calls/r9/hold",
        "403 POST /telephony/calls/r9/hold",
        "ended: answered",
    ]
    assert [step.failed for step in steps].count(True) == 1
    assert steps[0].detail.endswith('"callee": "1001"\n}')
    assert model.ladder().lanes[:2] == ("this side", "system")
    model.call = "nobody"
    assert model.visible() == []


def test_a_loss_is_shown(pbx: FakePbx, model: LadderModel) -> None:
    pbx.go(Status.OFFLINE)
    assert arrows(model) == [("system", "this side", "offline")]
    model.wire = model.parties = False
    assert len(arrows(model)) == 1


def test_only_so_many_lanes_and_steps_fit(make_pbx: type[FakePbx]) -> None:
    pbx = make_pbx(40)
    model = LadderModel(pbx.lines)
    pbx.subscribe(model.handle)
    model.wire = False
    for line in pbx.lines:
        Talk(pbx, line, Party(number=pbx.lines[line].snapshot.number), ref=line)
    ladder = model.ladder()
    assert len(ladder.lanes) == module.MOST_LANES + 1
    assert ladder.hidden == 40 - len(ladder.steps)
    assert ladder.steps[-1].source.startswith("1039"), "the newest are there"
    assert len(model.ladder(3).steps) == 3


def test_it_is_bounded(pbx: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CALLS", 5)
    model = LadderModel(pbx.lines, kept=20)
    pbx.subscribe(model.handle)
    for number in range(50):
        call = CallSnapshot(id=f"c{number}", ref=f"r{number}", line=ADA, state=CallState.ACTIVE)
        pbx.tell(CallStarted(at=NOW + timedelta(seconds=number), line=ADA, call=call))
    assert len(model.steps) == 20
    assert [call.key for call in model.calls] == [f"r{number}" for number in range(45, 50)]
    assert len(model._roots) == 10


def test_a_table(pbx: FakePbx, model: LadderModel) -> None:
    Talk(pbx, ADA, Party(number="1001"))
    frame = model.to_dataframe()
    assert list(frame["from"]) == ["system", LANE_ADA]
    assert list(frame["kind"]) == ["pushed", "call"]
    assert list(frame["call"]) == ["r1", "r1"]
