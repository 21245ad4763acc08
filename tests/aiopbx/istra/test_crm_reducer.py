"""The reducer of myCrm: five events, causes and times, and calls of which nothing is known since a loss."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aiopbx import (
    Action,
    CallEnded,
    CallStarted,
    CallState,
    DeviceState,
    Direction,
    LineState,
    Outcome,
    PartyKind,
)
from aiopbx.istra.reducer.crm import CrmState, happened, in_service, new_terminal, unconfirmed
from aiopbx.istra.types.crm import CallType, CrmCallEvent, CrmEvent, DropCause, TalkCause

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def empty() -> CrmState:
    return CrmState(line=new_terminal("5985", "SIP generic device"))


def event(kind: str, ref: str = "-428", **more: Any) -> CrmCallEvent:
    values: dict[str, Any] = {} if kind == "callHeld" else {"display_number": "104", "type": CallType.INTERNAL}
    return CrmCallEvent(event=CrmEvent(kind), call_id=ref, **values | more)


def run(state: CrmState, *told: CrmCallEvent) -> tuple[CrmState, list[Any]]:
    events: list[Any] = []
    for one in told:
        state, more = happened(state, one, NOW)
        events.extend(more)
    return state, events


def the_end(*told: CrmCallEvent) -> Any:
    _, events = run(empty(), *told)
    (end,) = [one.call for one in events if isinstance(one, CallEnded)]
    return end


RING = event("callRinging", acd_id="0900000171", display_label="ACD")
ALERT = event("callAlerting")
TALK = event("callTalking", incoming=True, talk_cause=TalkCause.ANSWER)
HOLD = event("callHeld")


def drop(cause: str | None = "disconnect", **more: Any) -> CrmCallEvent:
    return event("callDropped", drop_cause=None if cause is None else DropCause(cause), **more)


def test_a_call_with_its_times() -> None:
    state, events = run(empty(), RING)
    (call,) = state.line.calls
    assert isinstance(events[0], CallStarted)
    assert (call.id, call.state, call.direction) == ("5985:-428", CallState.RINGING_INCOMING, Direction.INCOMING)
    assert call.party is not None
    assert (call.party.number, call.party.name, call.party.kind) == ("104", "ACD", PartyKind.USER)
    assert call.called is not None
    assert call.called.number == "0900000171"
    assert (call.started_at, call.actions) == (NOW, frozenset())
    state, _ = run(state, TALK)
    assert (state.line.state, state.line.calls[0].answered_at) == (LineState.ACTIVE, NOW)
    state, _ = run(state, HOLD)
    assert state.line.state is LineState.HELD
    assert state.line.calls[0].party == call.party or state.line.calls[0].party.number == "104"  # type: ignore[union-attr]
    state, _ = run(state, event("callTalking", incoming=True, talk_cause=TalkCause.UNHOLD))
    assert state.line.calls[0].cause == "unHold"
    state, events = run(state, drop("transferred", ringing_time=262, talking_time=81))
    end = events[0].call
    assert (end.outcome, end.end_cause) == (Outcome.TRANSFERRED, "transferred")
    assert (end.ring_seconds, end.talk_seconds, end.ended_at) == (0.262, 0.081, NOW)
    assert state.line.state is LineState.IDLE


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ((RING, drop()), Outcome.MISSED),
        ((RING, drop("noAnswer")), Outcome.MISSED),
        ((RING, drop("rejected")), Outcome.REJECTED),
        ((RING, drop(None)), Outcome.MISSED),
        ((RING, drop("causeOfAnotherKind")), Outcome.MISSED),
        ((RING, drop("disconnect", talking_time=5)), Outcome.ANSWERED),
        ((RING, TALK, drop()), Outcome.ANSWERED),
        ((RING, TALK, drop("error")), Outcome.ANSWERED),
        ((RING, TALK, drop("transferred")), Outcome.TRANSFERRED),
        ((ALERT, drop()), Outcome.CANCELLED),
        ((ALERT, drop("busy")), Outcome.BUSY),
        ((ALERT, drop("noAnswer")), Outcome.NO_ANSWER),
        ((ALERT, drop("rejected")), Outcome.REJECTED),
        ((ALERT, drop("unavailable")), Outcome.FAILED),
        ((ALERT, drop("error")), Outcome.FAILED),
        ((ALERT, drop("transferred")), Outcome.TRANSFERRED),
    ],
)
def test_outcomes(told: tuple[CrmCallEvent, ...], outcome: Outcome) -> None:
    assert the_end(*told).outcome is outcome


def test_what_comes_twice_does_nothing() -> None:
    state, _ = run(empty(), RING, drop())
    assert run(state, drop(), RING, TALK) == (state, [])


def test_an_event_that_nobody_knows_does_nothing() -> None:
    state, _ = run(empty(), RING)
    assert run(state, event("callSomersault")) == (state, [])


def test_calls_that_are_given_up_after_a_loss_end_unknown_and_reopen() -> None:
    state, _ = run(empty(), RING, TALK, event("callRinging", ref="-429"))
    state, told = unconfirmed(state, state.line.calls, NOW)
    ends = [one.call for one in told if isinstance(one, CallEnded)]
    assert [(end.ref, end.outcome, end.ended_at) for end in ends] == [
        ("-428", Outcome.UNKNOWN, None),
        ("-429", Outcome.UNKNOWN, None),
    ]
    assert state.line.state is LineState.IDLE
    state, events = run(state, HOLD)
    (call,) = state.line.calls
    assert isinstance(events[0], CallStarted)
    assert (call.id, call.state, call.direction, call.answered) == (
        "5985:-428",
        CallState.HELD,
        Direction.INCOMING,
        True,
    )
    assert call.party is not None
    assert call.party.number == "104", "what was known of it is known again"
    _, events = run(state, event("callDropped", ref="-429", drop_cause=DropCause.BUSY))
    assert events == [], "its end was told"
    _, events = run(state, drop())
    assert events[0].call.outcome is Outcome.ANSWERED


def test_a_call_that_is_heard_of_late() -> None:
    state, _ = run(empty(), HOLD)
    (call,) = state.line.calls
    assert (call.state, call.direction, call.started_at) == (CallState.HELD, Direction.UNKNOWN, None)
    assert call.party is not None
    assert call.party.label == "unknown"


def test_out_of_service_and_back() -> None:
    line, events = in_service(empty().line, False, NOW)
    assert (line.state, line.devices[0].state, line.devices[0].actions) == (
        LineState.OUT_OF_SERVICE,
        DeviceState.OUT_OF_SERVICE,
        frozenset(),
    )
    assert len(events) == 1
    assert in_service(line, False, NOW) == (line, ())
    line, _ = in_service(line, True, NOW)
    assert (line.state, line.in_service, line.devices[0].actions) == (LineState.IDLE, True, {Action.DIAL})


KINDS = ["callAlerting", "callRinging", "callTalking", "callHeld", "callDropped"]


@given(st.lists(st.tuples(st.sampled_from([*KINDS, "lost"]), st.sampled_from(["-1", "-2"])), max_size=30))
def test_whatever_comes_every_start_has_one_end(steps: list[tuple[str, str]]) -> None:
    state = empty()
    alive: set[str] = set()
    for kind, ref in steps:
        if kind == "lost":
            state, events = unconfirmed(state, state.line.calls, NOW)
        else:
            state, events = happened(state, event(kind, ref=ref), NOW)
        for one in events:
            if isinstance(one, CallStarted):
                assert one.call.id not in alive
                alive.add(one.call.id)
            elif isinstance(one, CallEnded):
                alive.remove(one.call.id)
        assert alive == {call.id for call in state.line.calls}
        if kind in ("callDropped", "lost"):
            assert f"5985:{ref}" not in alive
    once = happened(state, event("callDropped", ref="-1"), NOW)[0]
    assert happened(once, event("callRinging", ref="-1"), NOW) == (once, ()), "an ended call never rings again"
