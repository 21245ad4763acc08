"""The reducer of myRCC: the newer snapshot wins, dropped is final, and actions are what the server offers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aiopbx import (
    Action,
    CallChanged,
    CallEnded,
    CallStarted,
    CallState,
    Direction,
    LineChanged,
    LineSnapshot,
    LineState,
    Outcome,
    PartyKind,
    Recording,
)
from aiopbx.istra.reducer import rcc
from aiopbx.istra.reducer.rcc import RccState, asked, begin, listed, not_asked, placed, pushed
from aiopbx.istra.types.rcc import CallLine, LineAction, LineCause, LineState as WireState

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
T = 1_700_000_000_000


def empty() -> RccState:
    return RccState(line=LineSnapshot(id="-7", number="100"))


def told(state: str | None = "prompting", at: int | None = 0, *actions: str, ref: str = "-1", **more: Any) -> CallLine:
    """A snapshot of a call with 101; times are ms after the beginning."""
    values: dict[str, Any] = {"is_incoming": True, "displayed_number": "101", "displayed_label": "Bob Keller", **more}
    return CallLine(
        line_id=ref,
        state=None if state is None else WireState(state),
        actions=tuple(LineAction(action) for action in actions),
        creation_time=values.pop("creation_time", T),
        last_modification_time=None if at is None else T + at,
        **values,
    )


def run(state: RccState, *snapshots: CallLine) -> tuple[RccState, list[Any]]:
    events: list[Any] = []
    for one in snapshots:
        state, more = pushed(state, one, NOW)
        events.extend(more)
    return state, events


def the_end(state: RccState, *snapshots: CallLine) -> Any:
    _, events = run(state, *snapshots)
    (end,) = [event.call for event in events if isinstance(event, CallEnded)]
    return end


RING = told("prompting", 0, "answer", "disconnect", "redirect")
TALK = told("talking", 100, "addParty", "disconnect", "hold", "leave", "redirect", "sendDtmfs")
HOLD = told("held", 200, "addParty", "disconnect", "unhold", "leave", "redirect")
DROP = told("dropped", 300, state_cause=LineCause.NORMAL)


def test_a_call_from_ringing_to_its_end() -> None:
    state, events = run(empty(), RING)
    (call,) = state.line.calls
    assert [type(event) for event in events] == [CallStarted, LineChanged]
    assert (call.id, call.ref, call.line) == ("-7:-1", "-1", "-7")
    assert (call.state, call.direction) == (CallState.RINGING_INCOMING, Direction.INCOMING)
    assert (call.party.number, call.party.name) == ("101", "Bob Keller")  # type: ignore[union-attr]
    assert call.actions == {Action.ANSWER, Action.END, Action.HANG_UP, Action.REDIRECT}
    assert (call.started_at, call.answered) == (NOW, False)
    state, events = run(state, TALK)
    assert [type(event) for event in events] == [CallChanged, LineChanged]
    (call,) = state.line.calls
    assert (call.state, call.answered, call.answered_at) == (CallState.ACTIVE, True, NOW)
    assert call.actions == {
        Action.ADD_PARTY,
        Action.BLIND_TRANSFER,
        Action.CONSULT,
        Action.END,
        Action.HANG_UP,
        Action.HOLD,
        Action.SEND_DTMF,
    }
    state, _ = run(state, HOLD)
    assert state.line.state is LineState.HELD
    assert Action.RETRIEVE in state.line.calls[0].actions
    state, events = run(state, DROP)
    assert state.line.calls == ()
    assert [type(event) for event in events] == [CallEnded, LineChanged]
    end = events[0].call
    assert (end.outcome, end.end_cause, end.ended_at, end.actions) == (
        Outcome.ANSWERED,
        "causeNormal",
        NOW,
        frozenset(),
    )
    assert (end.ring_seconds, end.talk_seconds) == (None, None)


@pytest.mark.parametrize(
    ("snapshot", "state", "direction"),
    [
        (told("prompting", 0, "answer"), CallState.RINGING_INCOMING, Direction.INCOMING),
        (told("prompting", 0), CallState.RINGING_INCOMING, Direction.INCOMING),
        (told("prompting", 0, talking_time=T), CallState.RINGING_OUTGOING, Direction.INCOMING),
        (told("prompting", 0, "answer", is_incoming=False), CallState.DIALING, Direction.OUTGOING),
        (told("prompting", 0, "disconnect", is_incoming=False), CallState.RINGING_OUTGOING, Direction.OUTGOING),
        (told("prompting", 0, "answer", is_incoming=None), CallState.RINGING_INCOMING, Direction.UNKNOWN),
        (told("prompting", 0, is_incoming=None), CallState.UNKNOWN, Direction.UNKNOWN),
        (told("talking", 0), CallState.ACTIVE, Direction.INCOMING),
        (told("held", 0), CallState.HELD, Direction.INCOMING),
        (told("somersault", 0), CallState.UNKNOWN, Direction.INCOMING),
        (told(None, 0), CallState.UNKNOWN, Direction.INCOMING),
    ],
)
def test_states(snapshot: CallLine, state: CallState, direction: Direction) -> None:
    after, _ = run(empty(), snapshot)
    assert (after.line.calls[0].state, after.line.calls[0].direction) == (state, direction)


@pytest.mark.parametrize(
    ("snapshot", "actions"),
    [
        (told("talking", 0, "disconnect"), {Action.END, Action.HANG_UP, Action.CONSULT}),
        (told("talking", 0, "leave"), {Action.HANG_UP, Action.CONSULT}),
        (told("talking", 0, "leave", "disconnect", conference=True), {Action.END, Action.HANG_UP, Action.CONSULT}),
        (told("talking", 0, "disconnect", conference=True), {Action.END, Action.CONSULT}),
        (told("talking", 0, "startRecord"), {Action.START_RECORDING, Action.CONSULT}),
        (told("talking", 0, "transfer", "merge"), {Action.CONSULT}),
        (told("prompting", 0, "redirect", is_incoming=False), set()),
        (told("held", 0, "redirect"), {Action.BLIND_TRANSFER, Action.CONSULT}),
        (told("talking", 0, "somersault"), {Action.CONSULT}),
    ],
)
def test_actions(snapshot: CallLine, actions: set[Action]) -> None:
    after, _ = run(empty(), snapshot)
    assert after.line.calls[0].actions == actions


def test_transfer_and_merge_need_another_call() -> None:
    other = told("talking", 50, "transfer", "merge", "disconnect", ref="-2")
    state, _ = run(empty(), HOLD, other)
    assert {Action.TRANSFER, Action.MERGE} <= state.line.calls[1].actions
    state, _ = run(state, DROP)
    assert not {Action.TRANSFER, Action.MERGE} & state.line.calls[0].actions
    assert {Action.TRANSFER, Action.MERGE} <= state.line.calls[0].own_actions


def test_a_conference_has_somebody_else_in_it() -> None:
    state, _ = run(empty(), told("talking", 0, conference=True))
    (call,) = state.line.calls
    assert call.conference
    assert [party.label for party in call.parties] == ["Bob Keller", "unknown"]
    state, _ = run(state, told("talking", 1, conference=False))
    assert not state.line.calls[0].conference


def test_who_it_is() -> None:
    state, _ = run(
        empty(), told("talking", 0, displayed_number="", displayed_label="", displayed_external_number="+12025550123")
    )
    assert state.line.calls[0].party.number == "+12025550123"  # type: ignore[union-attr]
    assert state.line.calls[0].party.kind is PartyKind.EXTERNAL  # type: ignore[union-attr]
    state, _ = run(state, told("talking", 1, displayed_number=None, displayed_label=None))
    assert state.line.calls[0].party.number == "+12025550123", "what is not said is as it was"  # type: ignore[union-attr]


def test_recording() -> None:
    state, _ = run(empty(), told("talking", 0, is_recording=True))
    assert state.line.calls[0].recording is Recording.RECORDING
    state, _ = run(state, told("talking", 1, is_recording=False))
    assert state.line.calls[0].recording is None


@pytest.mark.parametrize(
    ("snapshots", "outcome"),
    [
        ((RING, DROP), Outcome.MISSED),
        ((RING, TALK, DROP), Outcome.ANSWERED),
        ((HOLD, DROP), Outcome.ANSWERED),
        ((RING, told("dropped", 300, talking_time=T + 50)), Outcome.ANSWERED),
        ((told("prompting", 0, is_incoming=False), told("dropped", 1, is_incoming=False)), Outcome.CANCELLED),
        ((told("prompting", 0, is_incoming=None), told("dropped", 1, is_incoming=None)), Outcome.UNKNOWN),
        ((RING, told("dropped", 1, state_cause=LineCause("causeOfAnotherKind"))), Outcome.MISSED),
    ],
)
def test_outcomes(snapshots: tuple[CallLine, ...], outcome: Outcome) -> None:
    assert the_end(empty(), *snapshots).outcome is outcome


def test_what_was_asked_for_says_how_it_ended() -> None:
    state, _ = run(empty(), RING)
    state = asked(state, "-1", Outcome.FORWARDED, NOW, "102")
    end = the_end(state, DROP)
    assert (end.outcome, end.new_destination) == (Outcome.FORWARDED, "102")
    assert the_end(not_asked(state, "-1"), DROP).outcome is Outcome.MISSED
    state, _ = run(empty(), TALK)
    state = asked(state, "-1", Outcome.TRANSFERRED, NOW - timedelta(minutes=1))
    assert the_end(state, DROP).outcome is Outcome.ANSWERED, "that was long ago"


# Three that tell, and no order


def test_what_is_older_is_left_out() -> None:
    state, _ = run(empty(), HOLD)
    after, events = run(state, TALK)
    assert after is state
    assert events == []


def test_what_was_dropped_stays_dropped() -> None:
    state, _ = run(empty(), RING, DROP)
    for late in (RING, TALK, told("talking", 400), told("talking", None)):
        after, events = run(state, late)
        assert after.line.calls == ()
        assert events == []
        after, events = placed(state, late, NOW)  # type: ignore[assignment]
        assert after.line.calls == ()
        after, events = listed(state, (late,), (), NOW)  # type: ignore[assignment]
        assert after.line.calls == ()
        assert events == ()


def test_what_began_and_ended_between_two_pushes_is_told_once() -> None:
    """Of each line only the latest snapshot is pushed."""
    state, events = run(empty(), DROP, RING, DROP)
    assert state.line == empty().line
    assert [type(event) for event in events] == [CallStarted, CallEnded]
    start, end = (event.call for event in events)
    assert (start.id, start.outcome) == ("-7:-1", None)
    assert (end.id, end.outcome, end.started_at, end.ended_at) == ("-7:-1", Outcome.MISSED, NOW, NOW)
    _, (_, talked) = run(empty(), told("dropped", 300, talking_time=T + 50))
    assert talked.call.outcome is Outcome.ANSWERED
    _, (_, end) = placed(empty(), told("dropped", 0, is_incoming=False), NOW)
    assert isinstance(end, CallEnded)
    assert end.call.outcome is Outcome.CANCELLED


def test_what_is_listed_as_dropped_or_was_not_listed_is_told_no_more() -> None:
    state, events = listed(empty(), (DROP,), (), NOW)
    assert events == ()
    assert run(state, DROP)[1] == []
    state, _ = run(empty(), RING)
    state, events = listed(state, (), (), NOW)
    assert [type(event) for event in events] == [CallEnded, LineChanged]
    assert run(state, DROP)[1] == [], "its end has been told"


def test_the_same_id_again_is_another_call_if_it_was_created_later() -> None:
    state, _ = run(empty(), RING, DROP)
    after, events = run(state, told("prompting", 1000, creation_time=T + 900))
    assert (after, events) == (state, []), "servers do not tell the creation of a line the same every time"
    state, events = run(state, told("prompting", 100_000, creation_time=T + 90_000))
    assert state.line.state is LineState.RINGING_INCOMING
    assert isinstance(events[0], CallStarted)


def test_only_so_many_are_remembered() -> None:
    state, _ = run(empty(), *[told("dropped", 0, ref=str(-number)) for number in range(1000)])
    assert len(state.dropped) == rcc.REMEMBERED


def test_the_answer_of_place_call() -> None:
    answer = told("prompting", None, "disconnect", "answer", is_incoming=False)
    state, events = placed(empty(), answer, NOW)
    assert isinstance(events[0], CallStarted)
    assert state.line.calls[0].state is CallState.DIALING
    state, _ = run(state, told("talking", 100, is_incoming=False))
    assert state.line.calls[0].state is CallState.ACTIVE
    after, events = placed(state, answer, NOW)
    assert (after, events) == (state, ()), "what was pushed meanwhile wins"


def test_an_answer_without_a_time_is_older_than_every_push() -> None:
    answer = told("prompting", None, "answer", is_incoming=False, creation_time=T + 14)
    state, _ = placed(empty(), answer, NOW)
    state, _ = run(state, told("talking", 1, is_incoming=False, creation_time=T + 21))
    assert state.line.state is LineState.ACTIVE


def test_a_push_without_a_time_is_taken_in_its_order() -> None:
    state, _ = run(empty(), TALK, told("held", None))
    assert state.line.state is LineState.HELD
    state, _ = run(state, told("talking", 150))
    assert state.line.state is LineState.ACTIVE


def test_a_listing_tells_the_difference() -> None:
    state, _ = run(empty(), RING, told("talking", 0, ref="-2"), told("prompting", 0, ref="-3"))
    new = told("held", 0, ref="-4")
    state = begin(state)
    state, events = listed(state, (TALK, new), {"-3"}, NOW)
    assert [call.ref for call in state.line.calls] == ["-1", "-3", "-4"]
    assert state.line.synced
    ends = [event.call for event in events if isinstance(event, CallEnded)]
    assert [(end.ref, end.outcome, end.ended_at) for end in ends] == [("-2", Outcome.ANSWERED, None)]
    (one,) = [call for call in state.line.calls if call.ref == "-1"]
    assert (one.answered, one.answered_at, one.started_at) == (True, None, NOW), "nobody saw when"
    (four,) = [call for call in state.line.calls if call.ref == "-4"]
    assert four.started_at is None
    state, events = listed(begin(state), (), (), NOW)
    outcomes = {event.call.ref: event.call.outcome for event in events if isinstance(event, CallEnded)}
    assert outcomes == {"-1": Outcome.ANSWERED, "-3": Outcome.UNKNOWN, "-4": Outcome.ANSWERED}
    assert state.line.state is LineState.IDLE
    assert listed(state, (), (), NOW) == (state, ())


# Whatever comes, in whatever order


@st.composite
def lives(draw: st.DrawFn) -> list[CallLine]:
    """Snapshots of some calls, as the server made them, each newer than the one before."""
    made: list[CallLine] = []
    for number in range(draw(st.integers(1, 3))):
        incoming = draw(st.booleans())
        states = draw(st.lists(st.sampled_from(["prompting", "talking", "held"]), min_size=1, max_size=5))
        if draw(st.booleans()):
            states.append("dropped")
        for at, state in enumerate(states):
            actions = () if state == "dropped" else draw(st.sampled_from([(), ("answer",), ("disconnect", "leave")]))
            made.append(
                told(
                    state,
                    at,
                    *actions,
                    ref=str(-number - 1),
                    is_incoming=incoming,
                    conference=draw(st.booleans()),
                    talking_time=T if state in ("talking", "held") else None,
                )
            )
    return made


def shown(state: RccState) -> set[tuple[Any, ...]]:
    """What can be seen of an extension in the end."""
    return {
        (call.id, call.state, call.direction, call.parties, call.actions, call.own_actions) for call in state.line.calls
    }


@given(lives(), st.data())
def test_any_order_and_any_repetition_lead_to_the_same_end(life: list[CallLine], data: st.DataObject) -> None:
    straight, _ = run(empty(), *life)
    mixed = data.draw(st.permutations([*life, *data.draw(st.lists(st.sampled_from(life), max_size=6))]))
    state = empty()
    started: list[str] = []
    over: list[str] = []
    for one in mixed:
        way = data.draw(st.sampled_from([pushed, placed]))
        state, events = way(state, one, NOW)
        for event in events:
            if isinstance(event, CallStarted):
                started.append(event.call.id)
                assert event.call.id not in over, "an ended call never rings again"
            elif isinstance(event, CallEnded):
                over.append(event.call.id)
                assert event.call.outcome is not None
    assert shown(state) == shown(straight)
    assert state.line.state is straight.line.state
    assert len(set(started)) == len(started)
    assert len(set(over)) == len(over)
    assert set(started) - set(over) == {call.id for call in state.line.calls}


@given(lives(), st.data())
def test_a_listing_between_pushes_changes_nothing(life: list[CallLine], data: st.DataObject) -> None:
    """The server makes a listing at some moment; the client reads it at any later one."""
    straight, _ = run(empty(), *life)
    made = data.draw(st.integers(0, len(life)))
    read = data.draw(st.integers(made, len(life)))
    newest = {one.line_id: one for one in life[:made]}
    listing = [one for one in newest.values() if one.state != "dropped"]
    state, _ = run(empty(), *life[:read])
    state, _ = listed(state, listing, {one.line_id for one in life[:read]}, NOW)
    state, _ = run(state, *life[read:])
    assert shown(state) == shown(straight)
