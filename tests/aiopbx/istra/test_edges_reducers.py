"""The edges of the three reducers of Istra: calls, records and messages compared whole, and nothing told twice."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from msgspec.structs import replace

from aiopbx import (
    Action,
    CallChanged,
    CallEnded,
    CallerId,
    CallerIdChoice,
    CallRecord,
    CallSnapshot,
    CallStarted,
    CallState,
    Counters,
    Device,
    DeviceState,
    Direction,
    Event,
    LineChanged,
    LineSnapshot,
    Outcome,
    Party,
    PartyKind,
    Recording,
)
from aiopbx.istra.reducer import crm, rcc, tables, user as enduser
from aiopbx.istra.types import enduser as wire
from aiopbx.istra.types.crm import CallType, CrmCallEvent, CrmEvent, DropCause, TalkCause
from aiopbx.istra.types.rcc import CallLine, LineAction, LineCause, LineState
from tests.aiopbx.reduced_events import check_events

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
T = 1_700_000_000_000


def kinds(events: tuple[Event, ...]) -> list[type[Event]]:
    return [type(event) for event in events]


# ------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("table", "meant"),
    [
        (
            tables.UNANSWERED,
            {"rejected": "rejected", "busy": "busy", "unavailable": "failed", "error": "failed"},
        ),
        (tables.DECIDED, {"transferred": "transferred"}),
        (tables.PARTY_OF_TYPE, {"external": "external", "internal": "user"}),
        (
            tables.PARTY_OF_REMOTE,
            dict.fromkeys(("station", "remote_station", "mobile_station"), "user")
            | dict.fromkeys(("trunk", "trunk_mno", "trunk_vasplatform", "external_number"), "external")
            | dict.fromkeys(("fax", "voicemail", "mediaserver", "group", "acd_group", "paging_group"), "service"),
        ),
        (
            tables.CHOICES,
            {
                "from_presence_state": "from_presence",
                "manual_setting": "manual",
                "manual_custom_caller_id": "manual",
            },
        ),
    ],
)
def test_what_the_words_of_istra_mean(table: dict[StrEnum, StrEnum], meant: dict[str, str]) -> None:
    assert {word.name.lower(): meaning.value for word, meaning in table.items()} == meant


# ------------------------------------------------------------------------ myRCC


def told(state: str | None = "talking", at: int | None = 0, *actions: str, ref: str = "-1", **more: Any) -> CallLine:
    """A snapshot of a call with Bob; times are ms after the beginning."""
    values: dict[str, Any] = {"is_incoming": True, "displayed_number": "101", "displayed_label": "Bob", **more}
    return CallLine(
        line_id=ref,
        state=None if state is None else LineState(state),
        actions=tuple(LineAction(action) for action in actions),
        creation_time=values.pop("creation_time", T),
        last_modification_time=None if at is None else T + at,
        **values,
    )


class Extension:
    """An extension that is told of its call lines, one second apart."""

    def __init__(self) -> None:
        self.state = rcc.RccState(line=LineSnapshot(id="-7", number="100"))
        self.now = NOW

    def after(self, result: rcc.Result) -> tuple[Event, ...]:
        before = self.state
        self.state, events = result
        short = [event for event in events if isinstance(event, CallStarted) and event.call.ref not in self.refs]
        if not short:  # a call that began and ended between two pushes is in neither line
            check_events(before.line, self.state.line, events, self.now)
        return events

    def pushed(self, *lines: CallLine) -> tuple[Event, ...]:
        events: tuple[Event, ...] = ()
        for one in lines:
            self.now += timedelta(seconds=1)
            events = self.after(rcc.pushed(self.state, one, self.now))
        return events

    def placed(self, one: CallLine) -> tuple[Event, ...]:
        self.now += timedelta(seconds=1)
        return self.after(rcc.placed(self.state, one, self.now))

    def listed(self, *lines: CallLine, heard: tuple[str, ...] = ()) -> tuple[Event, ...]:
        self.now += timedelta(seconds=1)
        return self.after(rcc.listed(self.state, lines, heard, self.now))

    @property
    def refs(self) -> list[str]:
        return [call.ref for call in self.state.line.calls]

    @property
    def call(self) -> CallSnapshot:
        (call,) = self.state.line.calls
        return call


@pytest.fixture
def extension() -> Extension:
    return Extension()


BOB = Party(number="101", name="Bob", kind=PartyKind.UNKNOWN, droppable=False)


def test_every_field_of_a_call_line_from_ring_to_end(extension: Extension) -> None:
    assert kinds(extension.pushed(told("prompting", 0, "answer", "disconnect", "redirect"))) == [
        CallStarted,
        LineChanged,
    ]
    ringing = CallSnapshot(
        id="-7:-1",
        ref="-1",
        line="-7",
        state=CallState.RINGING_INCOMING,
        direction=Direction.INCOMING,
        parties=(BOB,),
        actions=frozenset({Action.ANSWER, Action.END, Action.HANG_UP, Action.REDIRECT}),
        own_actions=frozenset({Action.ANSWER, Action.END, Action.HANG_UP, Action.REDIRECT}),
        started_at=NOW + timedelta(seconds=1),
    )
    assert extension.call == ringing
    extension.pushed(told("talking", 100, "hold", is_recording=True, state_cause=LineCause.NORMAL))
    talking = replace(
        ringing,
        state=CallState.ACTIVE,
        actions=frozenset({Action.HOLD, Action.CONSULT}),
        own_actions=frozenset({Action.HOLD}),
        answered_at=NOW + timedelta(seconds=2),
        answered=True,
        cause="causeNormal",
        recording=Recording.RECORDING,
    )
    assert extension.call == talking
    extension.pushed(told("held", 200, "unhold", is_recording=False))
    held = replace(
        talking,
        state=CallState.HELD,
        actions=frozenset({Action.RETRIEVE, Action.CONSULT}),
        own_actions=frozenset({Action.RETRIEVE}),
        recording=None,
    )
    assert extension.call == held, "the cause is as it was"
    ended, changed = extension.pushed(told("dropped", 300))
    assert isinstance(ended, CallEnded)
    assert isinstance(changed, LineChanged)
    assert ended.call == replace(
        held,
        state=CallState.RELEASING,
        actions=frozenset(),
        own_actions=frozenset(),
        ended_at=NOW + timedelta(seconds=4),
        outcome=Outcome.ANSWERED,
    )


def test_the_same_line_told_again_tells_nothing(extension: Extension) -> None:
    extension.pushed(told("talking", 100, "hold"))
    for again in (told("talking", 100, "hold"), told("talking", 150, "hold"), told("talking", None, "hold")):
        assert extension.pushed(again) == ()


def test_attributes_that_change_while_the_state_stays(extension: Extension) -> None:
    extension.pushed(told("talking", 0))
    for more in (
        {"is_recording": True},
        {"displayed_number": "102"},
        {"displayed_label": "Carol"},
        {"conference": True},
    ):
        before = extension.call
        assert kinds(extension.pushed(told("talking", None, **more))) == [CallChanged]
        assert extension.call.state is before.state
    assert kinds(extension.pushed(told("talking", None, "hold", conference=True))) == [CallChanged]


@pytest.mark.parametrize(
    ("number", "label", "outside", "party"),
    [
        ("101", "Bob", None, BOB),
        ("101", None, None, replace(BOB, name=None)),
        (None, "Bob", None, replace(BOB, number=None)),
        ("101", "", "+15550100", replace(BOB, name=None)),
        (
            "+15550100",
            "Eve",
            "+15550100",
            Party(number="+15550100", name="Eve", kind=PartyKind.EXTERNAL, droppable=False),
        ),
        (None, None, "+15550100", Party(number="+15550100", kind=PartyKind.EXTERNAL, droppable=False)),
        ("", None, "", Party(droppable=False)),
        (None, None, None, Party()),
    ],
)
def test_who_the_other_one_is(
    extension: Extension, number: str | None, label: str | None, outside: str | None, party: Party
) -> None:
    shown = {"displayed_number": number, "displayed_label": label, "displayed_external_number": outside}
    extension.pushed(told("talking", 0, **shown))
    assert extension.call.parties == (party,)
    extension.pushed(told("talking", 1, conference=True, **shown))
    assert extension.call.parties == (party, Party())


@pytest.mark.parametrize(
    ("first", "second", "state", "direction"),
    [
        ("prompting", None, CallState.RINGING_INCOMING, Direction.INCOMING),
        ("talking", "prompting", CallState.RINGING_INCOMING, Direction.INCOMING),
    ],
)
def test_what_is_not_said_is_as_it_was(
    extension: Extension, first: str, second: str | None, state: CallState, direction: Direction
) -> None:
    extension.pushed(told(first, 0, "answer"), told(second, 1, "answer", is_incoming=None))
    assert (extension.call.state, extension.call.direction) == (state, direction)


def test_talked_and_sent_on_to_another_telephone(extension: Extension) -> None:
    extension.pushed(told("prompting", 0, talking_time=T))
    assert extension.call.state is CallState.RINGING_OUTGOING
    assert (extension.call.answered, extension.call.answered_at) == (True, None)
    extension.pushed(told("prompting", 1, "answer", talking_time=T))
    assert extension.call.state is CallState.RINGING_INCOMING, "it rings here"
    extension.pushed(told("talking", 2))
    assert extension.call.answered_at is None, "it was answered before"


def test_answered_on_hold_has_no_moment(extension: Extension) -> None:
    extension.pushed(told("held", 0))
    assert (extension.call.answered, extension.call.answered_at) == (True, None)


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("addParty", Action.ADD_PARTY),
        ("answer", Action.ANSWER),
        ("hold", Action.HOLD),
        ("unhold", Action.RETRIEVE),
        ("sendDtmfs", Action.SEND_DTMF),
        ("startRecord", Action.START_RECORDING),
        ("leave", Action.HANG_UP),
    ],
)
def test_each_action(extension: Extension, word: str, action: Action) -> None:
    extension.pushed(told("prompting", 0, word))
    assert extension.call.actions == extension.call.own_actions == {action}


@pytest.mark.parametrize(("word", "action"), [("merge", Action.MERGE), ("transfer", Action.TRANSFER)])
def test_each_action_that_needs_another_call(extension: Extension, word: str, action: Action) -> None:
    extension.pushed(told("talking", 0, word), told("prompting", 0, ref="-2"))
    first, second = extension.state.line.calls
    assert first.actions == {action, Action.CONSULT}
    assert second.actions == frozenset()
    assert kinds(extension.pushed(told("dropped", 1, ref="-2"))) == [CallEnded, CallChanged]
    assert extension.call.actions == {Action.CONSULT}
    assert extension.call.own_actions == {action}


@pytest.mark.parametrize(
    ("conference", "actions"),
    [(False, {Action.END, Action.HANG_UP}), (True, {Action.END})],
)
def test_the_end_of_a_conference_is_no_hanging_up(extension: Extension, conference: bool, actions: set[Action]) -> None:
    extension.pushed(told("prompting", 0, "disconnect", conference=conference))
    assert extension.call.actions == actions


def test_redirection_by_state(extension: Extension) -> None:
    extension.pushed(told("prompting", 0, "redirect"))
    assert extension.call.actions == {Action.REDIRECT}
    extension.pushed(told("talking", 1, "redirect"))
    assert extension.call.actions == {Action.BLIND_TRANSFER, Action.CONSULT}
    extension.pushed(told("prompting", 2, "redirect", is_incoming=False))
    assert extension.call.actions == frozenset()


def test_only_so_many_offers_are_remembered(extension: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rcc, "_MOST_SHARED", 3)
    monkeypatch.setattr(rcc, "_OWN", {})
    for number, word in enumerate(["hold", "leave", "answer", "unhold", "sendDtmfs", "startRecord"]):
        extension.pushed(told("prompting", number, word))
        assert len(extension.call.own_actions) == 1
        assert len(rcc._OWN) <= 3


def test_equal_offers_are_one_object(extension: Extension) -> None:
    extension.pushed(told("prompting", 0, "answer"), told("prompting", 0, "answer", ref="-2"))
    first, second = extension.state.line.calls
    assert first.own_actions is second.own_actions


# ------------------------------------------------------------------------ myRCC: which snapshot counts


def test_only_what_is_older_is_left_out(extension: Extension) -> None:
    extension.pushed(told("talking", 100))
    assert extension.pushed(told("held", 99)) == ()
    assert extension.call.state is CallState.ACTIVE
    extension.pushed(told("held", 100))
    assert extension.call.state is CallState.HELD, "the same moment, in the order of the pushes"
    extension.pushed(told("talking", None))
    assert extension.call.state is CallState.ACTIVE
    assert extension.pushed(told("held", 99)) == (), "a push without a time does not forget it"
    extension.pushed(told("held", 101))
    assert extension.call.state is CallState.HELD


def test_an_answer_counts_only_if_it_is_newer(extension: Extension) -> None:
    extension.pushed(told("talking", 100))
    for stale in (told("held", 99), told("held", 100), told("held", None)):
        assert extension.placed(stale) == ()
        assert extension.listed(stale) == ()
        assert extension.call.state is CallState.ACTIVE
    extension.placed(told("held", 101))
    assert extension.call.state is CallState.HELD
    extension.listed(told("talking", 102))
    assert extension.call.state is CallState.ACTIVE


def test_a_line_whose_first_word_had_no_time(extension: Extension) -> None:
    extension.placed(told("prompting", None))
    assert extension.state.times == (("-1", 0),)
    extension.listed(told("talking", 0))
    assert extension.call.state is CallState.ACTIVE
    assert extension.state.times == (("-1", T),)


def test_several_lines_keep_their_own_times(extension: Extension) -> None:
    extension.pushed(told("talking", 5), told("talking", 7, ref="-2"), told("held", 6))
    assert sorted(extension.state.times) == [("-1", T + 6), ("-2", T + 7)]
    extension.pushed(told("dropped", 8))
    assert extension.state.times == (("-2", T + 7),)
    extension.listed()
    assert extension.state.times == ()


@pytest.mark.parametrize(
    ("created", "another"),
    [(60_000, False), (60_001, True), (None, False), (0, False)],
)
def test_when_the_same_id_is_another_line(extension: Extension, created: int | None, another: bool) -> None:
    extension.pushed(told("talking", -10), told("dropped", 0))
    again = told("prompting", 99_000, creation_time=None if created is None else T + created)
    for step in (extension.pushed, extension.placed, extension.listed):
        one = Extension()
        one.state, one.now = extension.state, extension.now
        events = getattr(one, step.__name__)(again)
        assert bool(events) is another
        assert one.refs == (["-1"] if another else [])
        assert [ref for ref, _ in one.state.dropped] == ([] if another else ["-1"])


def test_a_drop_without_a_time_is_final(extension: Extension) -> None:
    extension.pushed(told("talking", 0), told("dropped", None))
    assert extension.pushed(told("prompting", 10**9, creation_time=T + 10**9)) == ()


def test_the_later_of_two_drops_counts(extension: Extension) -> None:
    extension.pushed(told("talking", 0), told("dropped", 5), told("talking", 0, ref="-2"), told("dropped", 9))
    assert extension.state.dropped == (("-1", T + 9),)
    assert extension.pushed(told("dropped", 7)) == ()
    assert extension.state.dropped == (("-1", T + 9),)
    extension.pushed(told("dropped", None))
    assert extension.state.dropped == (("-1", T + 9),)
    extension.pushed(told("dropped", 20, ref="-2"))
    assert extension.state.dropped == (("-1", T + 9), ("-2", T + 20))
    extension.pushed(told("dropped", 30))
    assert extension.state.dropped == (("-2", T + 20), ("-1", T + 30))


def test_the_newest_drops_are_remembered(extension: Extension) -> None:
    for number in range(rcc.REMEMBERED + 3):
        extension.state, _ = rcc.pushed(extension.state, told("dropped", 0, ref=str(number)), NOW)
    assert [ref for ref, _ in extension.state.dropped] == [str(n) for n in range(3, rcc.REMEMBERED + 3)]


def test_a_listing_remembers_the_newest_that_are_gone(extension: Extension) -> None:
    for number in range(rcc.REMEMBERED + 3):
        extension.state, _ = rcc.pushed(extension.state, told("talking", 0, ref=str(number)), NOW)
        extension.listed()
    assert list(extension.state.gone) == [str(n) for n in range(3, rcc.REMEMBERED + 3)]


def test_a_call_between_two_pushes(extension: Extension) -> None:
    started, ended = extension.pushed(told("dropped", 0, state_cause=LineCause.NORMAL))
    assert isinstance(started, CallStarted)
    assert isinstance(ended, CallEnded)
    first = CallSnapshot(
        id="-7:-1",
        ref="-1",
        line="-7",
        state=CallState.RELEASING,
        direction=Direction.INCOMING,
        parties=(BOB,),
        started_at=extension.now,
        cause="causeNormal",
    )
    assert started.call == first
    assert ended.call == replace(first, ended_at=extension.now, end_cause="causeNormal", outcome=Outcome.MISSED)
    assert {event.at for event in (started, ended)} == {extension.now}
    assert {event.line for event in (started, ended)} == {"-7"}
    extension.placed(told("dropped", 0, ref="-2"))
    extension.pushed(told("talking", 0, ref="-3"))
    (ended, _) = extension.placed(told("dropped", 1, ref="-3"))
    assert isinstance(ended, CallEnded)
    assert ended.call.ended_at == extension.now


def test_a_drop_that_is_listed_tells_only_of_calls_that_are_known(extension: Extension) -> None:
    assert extension.listed(told("dropped", 0)) == ()
    assert extension.pushed(told("prompting", 1)) == (), "and it stays dropped"
    extension.pushed(told("talking", 0, ref="-2"))
    assert kinds(extension.listed(told("dropped", 1, ref="-2"))) == [CallEnded, LineChanged]


def test_a_listing_is_applied_line_by_line(extension: Extension) -> None:
    extension.pushed(told("talking", 0))
    lines = [told("dropped", 0, ref="-9"), told("held", 0), told("prompting", 3, ref="-3"), told("held", 5)]
    state, events = rcc.listed(extension.state, lines, (), NOW)
    assert [type(event) for event in events] == [CallStarted, CallChanged, LineChanged]
    assert [(call.ref, call.state) for call in state.line.calls] == [
        ("-1", CallState.HELD),
        ("-3", CallState.RINGING_INCOMING),
    ]
    assert [call.started_at for call in state.line.calls] == [extension.now, None]


def test_a_listing_confirms_the_line_and_keeps_what_was_heard(extension: Extension) -> None:
    extension.pushed(told("talking", 0), told("held", 0, ref="-2"))
    assert not extension.state.line.synced
    (ended,) = extension.listed(heard=("-1",))[:1]
    assert isinstance(ended, CallEnded)
    assert (ended.call.ref, ended.call.ended_at, ended.call.outcome) == ("-2", None, Outcome.ANSWERED)
    assert extension.refs == ["-1"]
    assert extension.state.line.synced
    assert extension.state.times == (("-1", T),)
    assert extension.state.gone == ("-2",)
    assert extension.pushed(told("dropped", 1, ref="-2")) == (), "its end has been told"
    extension.listed()
    assert extension.state.gone == ("-2", "-1")


def test_a_new_connection_weighs_nothing_of_the_last(extension: Extension) -> None:
    extension.pushed(told("talking", 100), told("dropped", 0, ref="-2"))
    extension.state = rcc.asked(extension.state, "-1", Outcome.PARKED, extension.now)
    before = extension.state
    extension.state = rcc.begin(before)
    assert extension.state == rcc.RccState(line=before.line)


# ------------------------------------------------------------------------ myRCC: what was asked


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0, Outcome.FORWARDED), (10, Outcome.FORWARDED), (11, Outcome.MISSED)]
)
def test_for_how_long_a_request_explains_the_end(extension: Extension, seconds: int, outcome: Outcome) -> None:
    extension.pushed(told("prompting", 0), told("prompting", 0, ref="-2"))
    extension.state = rcc.asked(extension.state, "-1", Outcome.FORWARDED, extension.now, "102")
    extension.pushed(told("prompting", 0, ref="-3"))
    extension.now -= timedelta(seconds=1)
    other = rcc.pushed(extension.state, told("dropped", 1, ref="-3"), extension.now)[1][0]
    assert isinstance(other, CallEnded)
    assert other.call.outcome is Outcome.MISSED, "another line"
    extension.now += timedelta(seconds=seconds - 1)
    (ended, *_) = extension.pushed(told("dropped", 1))
    assert isinstance(ended, CallEnded)
    assert ended.call.outcome is outcome
    assert ended.call.new_destination == ("102" if outcome is Outcome.FORWARDED else None)
    assert extension.state.asked == ()
    (ended, *_) = extension.pushed(told("dropped", 1, ref="-2"))
    assert isinstance(ended, CallEnded)
    assert ended.call.outcome is Outcome.MISSED


def test_a_request_is_remembered_while_the_line_goes_on(extension: Extension) -> None:
    extension.pushed(told("prompting", 0))
    extension.state = rcc.asked(extension.state, "-1", Outcome.FORWARDED, extension.now)
    extension.pushed(told("talking", 1))
    (ended, *_) = extension.pushed(told("dropped", 2))
    assert isinstance(ended, CallEnded)
    assert ended.call.outcome is Outcome.FORWARDED


def test_the_last_request_of_a_line_counts() -> None:
    state = rcc.RccState(line=LineSnapshot(id="-7"))
    state = rcc.asked(state, "-1", Outcome.FORWARDED, NOW, "102")
    state = rcc.asked(state, "-2", Outcome.PARKED, NOW)
    state = rcc.asked(state, "-1", Outcome.TRANSFERRED, NOW + timedelta(seconds=10))
    assert state.asked == (
        rcc.Asked(ref="-2", outcome=Outcome.PARKED, at=NOW),
        rcc.Asked(ref="-1", outcome=Outcome.TRANSFERRED, at=NOW + timedelta(seconds=10)),
    )
    later = rcc.asked(state, "-3", Outcome.PARKED, NOW + timedelta(seconds=11))
    assert [one.ref for one in later.asked] == ["-1", "-3"], "what is too old is forgotten"
    assert [one.ref for one in rcc.not_asked(state, "-2").asked] == ["-1"]


def test_of_two_that_are_merged_the_conference_goes_on(extension: Extension) -> None:
    extension.pushed(told("talking", 0), told("held", 0, ref="-2"))
    for ref in ("-1", "-2"):
        extension.state = rcc.asked(extension.state, ref, Outcome.MERGED, extension.now)
    extension.pushed(told("talking", 1, conference=True))
    assert [one.ref for one in extension.state.asked] == ["-2"]
    (ended, *_) = extension.pushed(told("dropped", 1, ref="-2"))
    assert isinstance(ended, CallEnded)
    assert ended.call.outcome is Outcome.MERGED
    (ended, *_) = extension.pushed(told("dropped", 2))
    assert isinstance(ended, CallEnded)
    assert ended.call.outcome is Outcome.ANSWERED


# ------------------------------------------------------------------------ myCrm


def happening(kind: str, ref: str = "-428", **more: Any) -> CrmCallEvent:
    return CrmCallEvent(event=CrmEvent(kind), call_id=ref, **more)


class Terminal:
    """A terminal that is told of its calls, one second apart."""

    def __init__(self) -> None:
        self.state = crm.CrmState(line=crm.new_terminal("5985", "SIP"))
        self.now = NOW

    def happened(self, kind: str, ref: str = "-428", **more: Any) -> tuple[Event, ...]:
        self.now += timedelta(seconds=1)
        before = self.state
        self.state, events = crm.happened(before, happening(kind, ref, **more), self.now)
        check_events(before.line, self.state.line, events, self.now)
        return events

    def give_up(self) -> tuple[Event, ...]:
        """End all calls, as nothing has been heard of them for too long."""
        self.now += timedelta(seconds=1)
        before = self.state
        self.state, events = crm.unconfirmed(before, before.line.calls, self.now)
        check_events(before.line, self.state.line, events, self.now)
        return events

    @property
    def call(self) -> CallSnapshot:
        (call,) = self.state.line.calls
        return call


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def test_every_field_of_a_call_of_a_terminal(terminal: Terminal) -> None:
    terminal.happened(
        "callRinging",
        display_number="104",
        display_label="Dora",
        type=CallType.INTERNAL,
        acd_id="0900",
        ringing_time=500,
    )
    dora = Party(number="104", name="Dora", kind=PartyKind.USER, droppable=False)
    ringing = CallSnapshot(
        id="5985:-428",
        ref="-428",
        line="5985",
        state=CallState.RINGING_INCOMING,
        direction=Direction.INCOMING,
        parties=(dora,),
        called=Party(number="0900", kind=PartyKind.SERVICE),
        started_at=NOW + timedelta(seconds=1),
        ring_seconds=0.5,
    )
    assert terminal.call == ringing
    terminal.happened("callTalking", talk_cause=TalkCause.ANSWER, incoming=True)
    talking = replace(
        ringing, state=CallState.ACTIVE, answered=True, answered_at=NOW + timedelta(seconds=2), cause="answer"
    )
    assert terminal.call == talking
    assert terminal.happened("callTalking") == (), "told twice"
    terminal.happened("callHeld", talking_time=1500)
    held = replace(talking, state=CallState.HELD, talk_seconds=1.5)
    assert terminal.call == held
    terminal.happened("callTalking", talk_cause=TalkCause.UNHOLD)
    assert terminal.call == replace(held, state=CallState.ACTIVE, cause="unHold")
    (ended, *_) = terminal.happened("callDropped", drop_cause=DropCause.DISCONNECT, ringing_time=262, talking_time=81)
    assert isinstance(ended, CallEnded)
    assert ended.call == replace(
        held,
        state=CallState.RELEASING,
        ended_at=NOW + timedelta(seconds=6),
        cause="disconnect",
        end_cause="disconnect",
        outcome=Outcome.ANSWERED,
        ring_seconds=0.262,
        talk_seconds=0.081,
    )
    for kind in ("callTalking", "callRinging", "callDropped"):
        assert terminal.happened(kind) == (), "it is over"


def test_a_drop_without_a_cause(terminal: Terminal) -> None:
    terminal.happened("callAlerting")
    (ended, *_) = terminal.happened("callDropped")
    assert isinstance(ended, CallEnded)
    assert (ended.call.outcome, ended.call.cause, ended.call.end_cause) == (Outcome.CANCELLED, None, None)


@pytest.mark.parametrize(
    ("first", "cause", "outcome"),
    [
        ("callRinging", "transferred", Outcome.TRANSFERRED),
        ("callTalking", "transferred", Outcome.TRANSFERRED),
        ("callRinging", "rejected", Outcome.REJECTED),
        ("callAlerting", "busy", Outcome.BUSY),
        ("callAlerting", "unavailable", Outcome.FAILED),
        ("callAlerting", "error", Outcome.FAILED),
        ("callAlerting", "noAnswer", Outcome.NO_ANSWER),
        ("callRinging", "noAnswer", Outcome.MISSED),
        ("callAlerting", "disconnect", Outcome.CANCELLED),
        ("callTalking", "busy", Outcome.ANSWERED),
        ("callHeld", "busy", Outcome.ANSWERED),
    ],
)
def test_outcomes_of_a_terminal(terminal: Terminal, first: str, cause: str, outcome: Outcome) -> None:
    terminal.happened(first)
    (ended, *_) = terminal.happened("callDropped", drop_cause=DropCause(cause))
    assert isinstance(ended, CallEnded)
    assert (ended.call.outcome, ended.call.end_cause) == (outcome, cause)


@pytest.mark.parametrize(
    ("kind", "more", "state", "direction", "began"),
    [
        ("callAlerting", {}, CallState.RINGING_OUTGOING, Direction.OUTGOING, True),
        ("callRinging", {}, CallState.RINGING_INCOMING, Direction.INCOMING, True),
        ("callRinging", {"incoming": False}, CallState.RINGING_INCOMING, Direction.OUTGOING, True),
        ("callTalking", {}, CallState.ACTIVE, Direction.UNKNOWN, False),
        ("callTalking", {"incoming": False}, CallState.ACTIVE, Direction.OUTGOING, False),
        ("callHeld", {"incoming": True}, CallState.HELD, Direction.INCOMING, False),
    ],
)
def test_first_events(
    terminal: Terminal, kind: str, more: dict[str, Any], state: CallState, direction: Direction, began: bool
) -> None:
    terminal.happened(kind, **more)
    assert (terminal.call.state, terminal.call.direction) == (state, direction)
    assert terminal.call.started_at == (terminal.now if began else None)
    assert terminal.call.parties == (Party(),)


@pytest.mark.parametrize(
    ("kind", "cause", "at"),
    [("callTalking", None, True), ("callTalking", TalkCause.UNHOLD, False), ("callHeld", None, False)],
)
def test_when_it_was_answered(terminal: Terminal, kind: str, cause: TalkCause | None, at: bool) -> None:
    terminal.happened(kind, talk_cause=cause)
    assert terminal.call.answered
    assert terminal.call.answered_at == (terminal.now if at else None)
    before = terminal.call.answered_at
    terminal.happened("callHeld")
    terminal.happened("callTalking")
    assert terminal.call.answered_at == before


def test_talking_time_of_a_drop_says_that_it_was_answered(terminal: Terminal) -> None:
    terminal.happened("callRinging")
    (ended, *_) = terminal.happened("callDropped", talking_time=5)
    assert isinstance(ended, CallEnded)
    assert (ended.call.answered, ended.call.outcome, ended.call.answered_at) == (True, Outcome.ANSWERED, None)


@pytest.mark.parametrize(
    ("more", "party"),
    [
        ({"display_number": "104"}, Party(number="104", droppable=False)),
        ({"display_number_e164": "+15550100"}, Party(number="+15550100", droppable=False)),
        ({"display_number": "", "display_number_e164": "+15550100"}, Party(number="+15550100", droppable=False)),
        ({"display_label": "Dora"}, Party(name="Dora", droppable=False)),
        ({"display_number": "", "display_label": ""}, Party()),
        ({"display_number": "", "display_label": "Dora"}, Party(name="Dora", droppable=False)),
        (
            {"display_number": "104", "type": CallType.EXTERNAL},
            Party(number="104", kind=PartyKind.EXTERNAL, droppable=False),
        ),
        ({"display_number": "104", "type": CallType("other")}, Party(number="104", droppable=False)),
    ],
)
def test_the_other_one_of_a_terminal(terminal: Terminal, more: dict[str, Any], party: Party) -> None:
    terminal.happened("callTalking", **more)
    shown = terminal.call.parties[0]
    assert (shown.number, shown.name, shown.kind) == (party.number, party.name, party.kind)
    if party.number or party.name:
        assert shown == party


def test_the_kind_of_the_other_one_stays(terminal: Terminal) -> None:
    terminal.happened("callRinging", display_number="104", type=CallType.INTERNAL)
    terminal.happened("callTalking", display_number="105")
    assert terminal.call.parties == (Party(number="105", kind=PartyKind.USER, droppable=False),)
    terminal.happened("callHeld", type=CallType.EXTERNAL)
    assert terminal.call.parties[0].kind is PartyKind.USER, "of whom nothing is said"
    terminal.happened("callTalking", display_number="105", type=CallType.EXTERNAL)
    assert terminal.call.parties[0].kind is PartyKind.EXTERNAL


def test_an_event_that_nobody_knows_says_nothing(terminal: Terminal) -> None:
    assert terminal.happened("callSomersault") == ()
    terminal.happened("callTalking")
    assert terminal.happened("callSomersault") == ()


def test_calls_of_which_nothing_is_known_since_a_loss(terminal: Terminal) -> None:
    terminal.happened("callRinging", display_number="104")
    terminal.happened("callTalking", "-429")
    ringing, talking = terminal.state.line.calls
    first, second, changed = terminal.give_up()
    assert isinstance(first, CallEnded)
    assert isinstance(second, CallEnded)
    assert isinstance(changed, LineChanged)
    assert first.call == replace(ringing, state=CallState.RELEASING, outcome=Outcome.UNKNOWN, cause=ringing.cause)
    assert (second.call.outcome, second.call.ended_at) == (Outcome.UNKNOWN, None)
    assert terminal.state.lost == (ringing, talking)
    later, _ = crm.happened(terminal.state, happening("callHeld", "-429"), terminal.now)
    assert (later.line.calls[0].ref, later.lost) == ("-429", (ringing,))
    terminal.happened("callHeld")
    assert terminal.call == replace(ringing, state=CallState.HELD, answered=True)
    assert terminal.state.lost == (talking,)
    assert terminal.happened("callDropped", "-429") == ()
    assert terminal.state.lost == ()
    assert terminal.happened("callTalking", "-429") == (), "it is over"


def test_only_the_newest_are_remembered(terminal: Terminal) -> None:
    for number in range(crm.REMEMBERED + 3):
        terminal.happened("callDropped", str(number))
    assert list(terminal.state.dropped) == [str(n) for n in range(3, crm.REMEMBERED + 3)]
    for number in range(crm.REMEMBERED + 3):
        terminal.happened("callTalking", f"t{number}")
    terminal.give_up()
    assert [call.ref for call in terminal.state.lost] == [f"t{n}" for n in range(3, crm.REMEMBERED + 3)]


def test_calls_of_a_terminal_keep_their_places(terminal: Terminal) -> None:
    for ref in ("a", "b", "c"):
        terminal.happened("callTalking", ref)
    terminal.happened("callHeld", "b")
    assert [call.ref for call in terminal.state.line.calls] == ["a", "b", "c"]
    terminal.happened("callDropped", "b")
    assert [call.ref for call in terminal.state.line.calls] == ["a", "c"]


@pytest.mark.parametrize(
    ("serves", "state", "actions"),
    [
        (True, DeviceState.IN_SERVICE, {Action.DIAL}),
        (False, DeviceState.OUT_OF_SERVICE, set()),
        (None, DeviceState.UNKNOWN, {Action.DIAL}),
    ],
)
def test_a_terminal_serves_or_does_not(serves: bool | None, state: DeviceState, actions: set[Action]) -> None:
    line = crm.new_terminal("5985", "SIP")
    assert line == LineSnapshot(
        id="5985", name="SIP", devices=(Device(id="5985", kind="SIP", actions=frozenset({Action.DIAL})),)
    )
    before, _ = crm.in_service(line, not serves, NOW)
    after, events = crm.in_service(before, serves, NOW)
    assert after.devices == (Device(id="5985", kind="SIP", state=state, actions=frozenset(actions)),)
    check_events(before, after, events, NOW)
    assert crm.in_service(after, serves, NOW) == (after, ())


def test_a_terminal_without_a_model() -> None:
    assert crm.new_terminal("1", None) == LineSnapshot(
        id="1", devices=(Device(id="1", actions=frozenset({Action.DIAL})),)
    )


# ------------------------------------------------------------------------ myIstra

LINE = LineSnapshot(id="anna")


def test_each_counter_stays_where_it_is_not_told() -> None:
    known = replace(LINE, counters=Counters(missed_calls=1, new_texts=2, voicemails=3, faxes=4))
    for field, name in (
        ("unread_missed_calls", "missed_calls"),
        ("unread_text_messages", "new_texts"),
        ("unread_voice_mails", "voicemails"),
    ):
        after, events = enduser.counters(known, wire.Notifications(**{field: 0}), NOW)
        assert after.counters == replace(known.counters, **{name: 0})
        check_events(known, after, events, NOW)
    assert enduser.counters(known, wire.Notifications(), NOW) == (known, ())


def test_what_a_user_of_my_istra_is() -> None:
    before = replace(LINE, name="Anna", caller_id=CallerId(choice=CallerIdChoice.MANUAL, number="7"))
    after, events = enduser.user(before, wire.UserInfo(terminals=(wire.Terminal(abstract_terminal_id="5"),)), NOW)
    assert after == replace(before, devices=(Device(id="5", actions=frozenset({Action.DIAL})),))
    check_events(before, after, events, NOW)
    told_user = wire.User(custom_caller_id_choice=wire.CallerIdChoice.FROM_PRESENCE_STATE)
    after, events = enduser.user(before, wire.UserInfo(user_name="", user=told_user), NOW)
    assert after == replace(before, caller_id=CallerId(choice=CallerIdChoice.FROM_PRESENCE, number="7"))
    check_events(before, after, events, NOW)


def test_the_number_that_others_see() -> None:
    after, events = enduser.caller_id(LINE, wire.User(custom_caller_id="7"), NOW)
    assert after.caller_id == replace(CallerId(), number="7")
    check_events(LINE, after, events, NOW)
    after, _ = enduser.caller_id(after, wire.User(custom_caller_id_choice=wire.CallerIdChoice.MANUAL_SETTING), NOW)
    assert after.caller_id == CallerId(choice=CallerIdChoice.MANUAL, number="7")


@pytest.mark.parametrize(
    ("remote", "kind"),
    [
        ("STATION", PartyKind.USER),
        ("REMOTE_STATION", PartyKind.USER),
        ("MOBILE_STATION", PartyKind.USER),
        ("TRUNK", PartyKind.EXTERNAL),
        ("TRUNK_MNO", PartyKind.EXTERNAL),
        ("TRUNK_VASPLATFORM", PartyKind.EXTERNAL),
        ("EXTERNAL_NUMBER", PartyKind.EXTERNAL),
        ("FAX", PartyKind.SERVICE),
        ("VOICEMAIL", PartyKind.SERVICE),
        ("MEDIASERVER", PartyKind.SERVICE),
        ("GROUP", PartyKind.SERVICE),
        ("ACD_GROUP", PartyKind.SERVICE),
        ("PAGING_GROUP", PartyKind.SERVICE),
        ("SPEEDDIAL", PartyKind.UNKNOWN),
        ("SOMETHING_NEW", PartyKind.UNKNOWN),
        (None, PartyKind.UNKNOWN),
    ],
)
def test_who_it_was_in_the_history(remote: str | None, kind: PartyKind) -> None:
    record = enduser.record_of(
        wire.PhoneLog(call_history_id="1", remote_type=None if remote is None else wire.RemoteType(remote))
    )
    assert record == CallRecord(id=1, parties=(Party(kind=kind),))


def test_a_whole_record_of_the_history() -> None:
    log = wire.PhoneLog(
        call_history_id="-12",
        is_incoming=False,
        is_missed=False,
        is_rejected=True,
        remote_label="Bob",
        ring_duration_second=4,
        talk_duration_second=60,
        timestamp="1700000000000",
        callback_number="101",
    )
    began = datetime.fromtimestamp(1_700_000_000, UTC)
    whole = CallRecord(
        id=-12,
        direction=Direction.OUTGOING,
        parties=(Party(number="101", name="Bob"),),
        answered=True,
        reason="rejected",
        started_at=began,
        answered_at=began + timedelta(seconds=4),
        ended_at=began + timedelta(seconds=64),
    )
    assert enduser.record_of(log) == whole
    log = wire.PhoneLog(**{**{f: getattr(log, f) for f in log.__struct_fields__}, "ring_duration_second": None})
    assert enduser.record_of(log) == replace(whole, answered_at=None, ended_at=began + timedelta(seconds=60))
    log = wire.PhoneLog(**{**{f: getattr(log, f) for f in log.__struct_fields__}, "talk_duration_second": 1})
    assert enduser.record_of(log) == replace(whole, answered_at=None, ended_at=began + timedelta(seconds=1))
    log = wire.PhoneLog(**{**{f: getattr(log, f) for f in log.__struct_fields__}, "talk_duration_second": 0})
    assert enduser.record_of(log) == replace(whole, answered=False, answered_at=None, ended_at=began)
    bare = wire.PhoneLog(call_history_id="1", callback_number="", remote_label="")
    assert enduser.record_of(bare) == CallRecord(id=1, parties=(Party(),))
    log = wire.PhoneLog(call_history_id="1", timestamp="1700000000000", is_rejected=False, ring_duration_second=5)
    assert enduser.record_of(log) == CallRecord(
        id=1, parties=(Party(),), started_at=began, ended_at=began + timedelta(seconds=5)
    )


@pytest.mark.parametrize(
    ("more", "party"),
    [
        ({"remote_number": "7", "callback_number": "8"}, Party(number="7")),
        ({"callback_number": "8"}, Party(number="8")),
        ({"remote_label": "Carol", "callback_number": ""}, Party(name="Carol")),
        ({"remote_number": "7", "remote_label": ""}, Party(number="7")),
        ({"remote_number": "7", "type": "INTERNAL"}, Party(number="7", kind=PartyKind.USER)),
        ({"remote_number": "7", "type": "External"}, Party(number="7", kind=PartyKind.EXTERNAL)),
        ({"remote_number": "7", "type": "other"}, Party(number="7")),
        ({"remote_number": "", "callback_number": "", "remote_label": "", "type": "internal"}, None),
    ],
)
def test_who_left_a_message(more: dict[str, str], party: Party | None) -> None:
    assert enduser.message_of(wire.Voicemail(id="1", **more)).caller == party


@pytest.mark.parametrize(
    ("priority", "urgent"),
    [("", False), ("0", False), ("Normal", False), ("low", False), ("none", False), ("urgent", True), ("1", True)],
)
def test_whether_a_message_is_urgent(priority: str, urgent: bool) -> None:
    assert enduser.message_of(wire.Voicemail(id="1", priority=priority)).urgent is urgent


def test_the_rest_of_a_message() -> None:
    message = enduser.message_of(
        wire.Voicemail(id="1", read=True, play_number="", duration_second=3, timestamp="1700000000000")
    )
    assert (message.unread, message.play_number, message.seconds) == (False, None, 3)
    assert message.at == datetime.fromtimestamp(1_700_000_000, UTC)
