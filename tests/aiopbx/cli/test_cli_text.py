"""Events and snapshots as text."""

from datetime import UTC, datetime, timedelta

import pytest

from aiopbx import (
    AgentChanged,
    AgentSnapshot,
    AgentState,
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallState,
    Condition,
    Counters,
    CtiLink,
    Direction,
    Event,
    Forward,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    LogChange,
    LogChanged,
    NodeChanged,
    NodeSnapshot,
    ObjectChange,
    ObjectChanged,
    Outcome,
    Party,
    Routing,
    ServerStarted,
    Status,
    StatusChanged,
    Target,
    TwinLinkChanged,
)
from aiopbx.cli import text

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
LINE = LineSnapshot(id="oxe1000", number="1000", name="Ada Brooks")


def call(**fields: object) -> CallSnapshot:
    return CallSnapshot(**({"id": "c", "ref": "c", "line": "oxe1000"} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (call(state=CallState.ACTIVE), "active"),
        (
            call(
                state=CallState.RINGING_INCOMING,
                direction=Direction.INCOMING,
                parties=(Party(name="Ben", number="1001"),),
            ),
            "ringing incoming from Ben (1001)",
        ),
        (call(state=CallState.DIALING, direction=Direction.OUTGOING, called=Party(number="1001")), "dialing to 1001"),
        (
            call(state=CallState.ACTIVE, parties=(Party(anonymous=True), Party(number="1001"))),
            "active with anonymous, 1001",
        ),
        (
            call(
                outcome=Outcome.ANSWERED,
                parties=(Party(name="Ben"),),
                cause="CLEARED",
                answered_at=NOW,
                ended_at=NOW - timedelta(seconds=3510),  # the clock was set back
                talk_seconds=90.0,
            ),
            "ended: answered with Ben, 90 s [CLEARED]",
        ),
        (call(outcome=Outcome.ANSWERED), "ended: answered"),
        (call(outcome=Outcome.NO_ANSWER), "ended: no answer"),
    ],
)
def test_a_call(snapshot: CallSnapshot, expected: str) -> None:
    assert text.call_text(snapshot) == expected


def changed(*fields: str, **new: object) -> LineChanged:
    from msgspec.structs import replace

    return LineChanged(
        at=NOW, line="oxe1000", snapshot=replace(LINE, **new), previous=LINE, changed=frozenset(fields or new)
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (StatusChanged(at=NOW, status=Status.OFFLINE, previous=Status.ONLINE, reason="it broke"), "offline: it broke"),
        (StatusChanged(at=NOW, status=Status.ONLINE, previous=Status.SYNCING), "online"),
        (LineAdded(at=NOW, line="oxe1000", snapshot=LINE), "1000 Ada: added, idle"),
        (LineRemoved(at=NOW, line="oxe1001"), "oxe1001: removed"),
        (changed("routing", routing=Routing(do_not_disturb=True)), "1000 Ada: routing: do not disturb"),
        (changed("routing", routing=Routing()), "1000 Ada: routing: calls come here"),
        (changed("counters", counters=Counters(missed_calls=2)), "1000 Ada: waiting: 2 missed"),
        (changed("counters"), "1000 Ada: waiting: nothing"),
        (changed("voicemail_number", voicemail_number="5000"), "1000 Ada: voicemail number changed"),
        (CallEnded(at=NOW, line="oxe1000", call=call(outcome=Outcome.MISSED)), "1000 Ada: call c ended: missed"),
        (Event(at=NOW), ": Event"),
    ],
)  # fmt: skip
def test_an_event(event: Event, expected: str) -> None:
    assert text.event_text(event, {"oxe1000": "1000 Ada"}) == f"{text.clock(NOW)} {expected}"


@pytest.mark.parametrize("field", ["calls", "devices", "synced"])
def test_a_change_with_an_event_of_its_own_is_not_repeated(field: str) -> None:
    assert text.event_text(changed(field), {}) == ""


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        (None, ""),
        (Routing(forward=Forward(number="1001")), "→ 1001"),
        (Routing(forward=Forward(target=Target.VOICEMAIL)), "→ voicemail"),
        (Routing(forward=Forward(number="1001", condition=Condition.BUSY_NO_ANSWER)), "→ 1001 (busy no answer)"),
    ],
)
def test_routing(routing: Routing | None, expected: str) -> None:
    assert text.routing_text(routing) == expected
    assert text.forward_text(routing.forward if routing else None) == expected.removeprefix("→ ")


def test_an_event_as_json_is_complete() -> None:
    line = text.event_json(CallChanged(at=NOW, line="oxe1000", call=call(), previous=call()))
    assert '"event":"CallChanged"' in line
    assert '"previous":{' in line


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (AgentChanged(at=NOW, line="a", agent=AgentSnapshot(state=AgentState.WRAP_UP), previous=None), "agent wrap up"),
        (HelpRequested(at=NOW, line="a", number="100"), "help requested (100)"),
        (HelpCancelled(at=NOW, line="a", number="100"), "help request withdrawn (100)"),
        (LogChanged(at=NOW, line="a", change=LogChange.ADDED), ""),
        (NodeChanged(at=NOW, node=NodeSnapshot(id="1", link=CtiLink.DOWN), previous=None), "node 1: link down"),
        (TwinLinkChanged(at=NOW, connected=False, host="o2g2"), "link to the other server o2g2: down"),
        (TwinLinkChanged(at=NOW, connected=True), "link to the other server of the pair: up"),
        (ServerStarted(at=NOW), "the server has started"),
        (LicenceExpiring(at=NOW, days=3), "the licences end in 3 days"),
        (ObjectChanged(at=NOW, change=ObjectChange.DELETED, name="Subscriber", id="1"), "Subscriber 1: deleted"),
    ],
)
def test_an_event_that_is_no_call(event: Event, expected: str) -> None:
    line = text.event_text(event, {})
    assert line.endswith(expected)
    assert bool(line) is bool(expected)
