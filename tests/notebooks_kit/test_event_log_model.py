"""Events and wire messages as a list, as data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from aiopbx import (
    AgentChanged,
    AgentSnapshot,
    AgentState,
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallStarted,
    CallState,
    Counters,
    CtiLink,
    Event,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineRemoved,
    LogChange,
    LogChanged,
    NodeChanged,
    NodeSnapshot,
    ObjectChange,
    ObjectChanged,
    Outcome,
    Party,
    ServerStarted,
    Status,
    StatusChanged,
    TwinLinkChanged,
    WireMessage,
)
from notebooks_kit.models import EventLogModel
from notebooks_kit.models.event_log import event_json, event_words, pretty

if TYPE_CHECKING:
    from .conftest import FakePbx

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ADA, BEN = "oxe1000", "oxe1001"


@pytest.fixture
def model(pbx: FakePbx) -> EventLogModel:
    model = EventLogModel(pbx.lines)
    pbx.wire(model.handle_wire)
    pbx.subscribe(model.handle)
    return model


def pushed(what: str, body: str = "{}") -> WireMessage:
    return WireMessage(at=NOW, sent=False, what=what, body=body)


def a_call(line: str = ADA, **fields: Any) -> CallSnapshot:
    values: dict[str, Any] = {"state": CallState.ACTIVE, "parties": (Party(name="Cy"),), **fields}
    return CallSnapshot(id="c1", ref="r1", line=line, **values)


def test_events_and_messages_in_order(pbx: FakePbx, model: EventLogModel) -> None:
    pbx.hear(WireMessage(at=NOW, sent=True, what="POST /telephony/calls?loginName=oxe1000", body='{"a":1}', exchange=1))
    pbx.hear(WireMessage(at=NOW, sent=False, what="POST /telephony/calls?loginName=oxe1000", status=403, exchange=1))
    pbx.hear(pushed("OnCallCreated", '{"loginName":"oxe1001","callRef":"r1"}'))
    pbx.tell(CallStarted(at=NOW, line=BEN, call=a_call(BEN)))
    assert [(entry.kind, entry.line, entry.text) for entry in model.shown] == [
        ("request", ADA, "POST /telephony/calls?loginName=oxe1000"),
        ("answer", ADA, "403 POST /telephony/calls?loginName=oxe1000"),
        ("pushed", BEN, "OnCallCreated"),
        ("CallStarted", BEN, "new call active with Cy"),
    ]
    request, answer, message, event = model.shown
    assert request.body == '{\n  "a": 1\n}'
    assert answer.failed
    assert not request.failed
    assert (message.wire, event.wire) == (True, False)
    assert event.message is message.message, "what the event came from"
    assert model.kinds == ("CallStarted", "answer", "pushed", "request")


def test_an_event_comes_from_its_own_message(pbx: FakePbx, model: EventLogModel) -> None:
    pbx.hear(pushed("OnCallModified", '{"loginName":"oxe1000","callRef":"r1"}'))
    pbx.hear(pushed("OnCallModified", '{"loginName":"oxe1000","callRef":"r2"}'))
    pbx.tell(CallChanged(at=NOW, line=ADA, call=a_call(), previous=a_call()))
    pbx.put(BEN, counters=Counters(missed_calls=1))
    call, line = model.shown[-2:]
    assert call.message is not None
    assert '"r1"' in call.message.body
    assert line.message is None, "nothing names that line"


@pytest.mark.parametrize(
    ("line", "kind", "text", "left"),
    [
        ("", "", "", [1, 2, 3, 4]),
        (ADA, "", "", [1, 3]),
        ("", "events", "", [3, 4]),
        ("", "calls", "", [3]),
        ("", "wire", "", [1, 2]),
        ("", "pushed", "", [2]),
        ("", "LineChanged", "", [4]),
        ("", "", "castillo", [2, 4]),
        ("", "", "SECRET-word post", [1]),
        ("", "", "active cy", [3]),
        (ADA, "pushed", "", []),
    ],
)
def test_filters(pbx: FakePbx, model: EventLogModel, line: str, kind: str, text: str, left: list[int]) -> None:
    pbx.hear(WireMessage(at=NOW, sent=True, what="POST /x?loginName=oxe1000", body='{"say":"secret-word"}'))
    pbx.hear(pushed("OnX", '{"loginName":"oxe1001"}'))
    pbx.tell(CallStarted(at=NOW, line=ADA, call=a_call()))
    pbx.put(BEN, counters=Counters(missed_calls=1))
    model.line, model.kind, model.filter = line, kind, text
    assert (model.line, model.kind, model.filter) == (line, kind, text)
    assert [entry.number for entry in model.shown] == left
    assert model.take() == (True, model.shown)


def test_what_is_drawn_is_drawn_once(pbx: FakePbx, model: EventLogModel) -> None:
    notified: list[int] = []
    model.on_change = lambda: notified.append(1)
    assert model.take() == (True, [])
    for _ in range(100):
        pbx.hear(pushed("OnX"))
    assert len(notified) == 1
    anew, entries = model.take()
    assert (anew, len(entries)) == (False, 100)
    assert model.take() == (False, [])
    pbx.hear(pushed("OnY"))
    assert [entry.text for entry in model.take()[1]] == ["OnY"]
    assert len(notified) == 2


def test_a_pause_holds_and_loses_nothing(pbx: FakePbx, model: EventLogModel) -> None:
    pbx.hear(pushed("OnX"))
    model.take()
    model.paused = True
    for _ in range(3):
        pbx.hear(pushed("OnY"))
    assert (model.paused, model.waiting, model.take()[1], len(model.shown)) == (True, 3, [], 1)
    model.filter = "on"
    assert len(model.take()[1]) == 1
    model.paused = False
    assert [entry.text for entry in model.take()[1]] == ["OnY"] * 3
    assert model.waiting == 0


def test_it_is_bounded(pbx: FakePbx) -> None:
    model = EventLogModel(pbx.lines, kept=10)
    for number in range(100):
        model.handle_wire(pushed(f"On{number}"))
    assert (model.total, len(model.entries)) == (100, 10)
    assert [entry.number for entry in model.take()[1]] == list(range(91, 101))
    model.clear()
    assert model.take() == (True, [])


def test_a_table(pbx: FakePbx, model: EventLogModel) -> None:
    pbx.hear(WireMessage(at=NOW, sent=False, what="POST /x", status=200, body="{}"))
    pbx.go(Status.OFFLINE)
    frame = model.to_dataframe()
    assert list(frame["kind"]) == ["answer", "StatusChanged"]
    assert list(frame["wire"]) == [True, False]
    assert frame["status"].tolist()[0] == 200
    assert frame["line"].isna().all()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (StatusChanged(at=NOW, status=Status.OFFLINE, previous=Status.ONLINE, reason="cut"), "online → offline: cut"),
        (CallEnded(at=NOW, line=ADA, call=a_call(outcome=Outcome.MISSED)), "call ended: missed with Cy"),
        (CallStarted(at=NOW, line=ADA, call=a_call(parties=())), "new call active"),
        (
            CallChanged(at=NOW, line=ADA, call=a_call(), previous=a_call(state=CallState.HELD)),
            "call held → active with Cy",
        ),
        (CallChanged(at=NOW, line=ADA, call=a_call(), previous=a_call()), "call active with Cy"),
        (AgentChanged(at=NOW, line=ADA, agent=AgentSnapshot(state=AgentState.WRAP_UP), previous=None), "agent wrap up"),
        (HelpRequested(at=NOW, line=ADA, number="1001"), "asks for help (1001)"),
        (HelpCancelled(at=NOW, line=ADA), "needs no help"),
        (LogChanged(at=NOW, line=ADA, change=LogChange.ADDED), "call log: added"),
        (NodeChanged(at=NOW, node=NodeSnapshot(id="1", link=CtiLink.DOWN), previous=None), "node 1: down"),
        (TwinLinkChanged(at=NOW, connected=False, host="o2g2"), "link to the other server down (o2g2)"),
        (TwinLinkChanged(at=NOW, connected=True), "link to the other server up"),
        (ServerStarted(at=NOW), "the server has started"),
        (LicenceExpiring(at=NOW, days=3), "licences end in 3 days"),
        (ObjectChanged(at=NOW, change=ObjectChange.CREATED, name="Subscriber", id="7"), "Subscriber 7 created"),
        (LineRemoved(at=NOW, line=ADA), "line removed"),
    ],
)
def test_events_in_words(event: Event, said: str) -> None:
    assert event_words(event) == said
    assert type(event).__name__ in event_json(event)


def test_changes_of_a_line_in_words(pbx: FakePbx, model: EventLogModel) -> None:
    pbx.put(ADA, counters=Counters(missed_calls=1))
    pbx.tell(LineAdded(at=NOW, line=ADA, snapshot=pbx.lines[ADA].snapshot))
    assert [entry.text for entry in model.shown] == ["changed: counters", "line added"]


def test_what_is_long_is_cut_and_what_is_no_json_stays() -> None:
    assert pretty("<a>") == "<a>"
    assert pretty('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert pretty("x" * 100, 10) == "xxxxxxxxxx\n… and 90 characters more"
