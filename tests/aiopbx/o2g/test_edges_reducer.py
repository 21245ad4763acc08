"""The edges of the reducer: every field of a call after every step, and nothing told where nothing changed.

Snapshots and events are compared whole, so that a field that is lost, kept or mixed up on the way shows.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from aiopbx import (
    Action,
    AgentChanged,
    AgentSnapshot,
    AgentState,
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallStarted,
    CallState,
    Condition,
    Counters,
    Device,
    DeviceState,
    Direction,
    Event,
    Feature,
    Forward,
    HelpCancelled,
    HelpRequested,
    Leg,
    LineChanged,
    LineSnapshot,
    LineState,
    LogChange,
    LogChanged,
    Outcome,
    Overflow,
    Party,
    PartyKind,
    Recording,
    Routing,
    Skill,
    Target,
)
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.reducer import (
    agent_config,
    ended_unseen,
    new_line,
    no_agent,
    reduce,
    stale,
    tables as actions,
    with_features,
)
from aiopbx.o2g.types.agent import AgentConfig
from tests.aiopbx.reduced_events import check_events

LOGIN = "oxe1000"
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

ALICE = {
    "participantId": "p1",
    "identity": {
        "id": {"loginName": "oxe1001", "phoneNumber": "1001"},
        "firstName": "Alice",
        "lastName": "Martin",
        "type": {"main": "USER"},
    },
}
BOB = {"participantId": "p2", "identity": {"id": {"phoneNumber": "1002"}, "displayName": "Bob"}}
CAROL = {"participantId": "p3", "identity": {"id": {"phoneNumber": "1003"}, "displayName": "Carol"}}
THE_ALICE = Party(id="p1", number="1001", name="Alice Martin", login="oxe1001", kind=PartyKind.USER)
THE_BOB = Party(id="p2", number="1002", name="Bob")
THE_CAROL = Party(id="p3", number="1003", name="Carol")


class Line:
    """A line that is fed wire events, one second apart."""

    def __init__(self) -> None:
        self.now: LineSnapshot = new_line(LOGIN)
        self.clock = START
        self.told: tuple[Event, ...] = ()
        self._decode = EventDecoder().decode

    def feed(self, name: str, **fields: Any) -> tuple[Event, ...]:
        """Apply an event, check that what is told is exactly what changed, and return it."""
        self.clock += timedelta(seconds=1)
        event = self._decode(json.dumps({"eventName": name, "loginName": LOGIN, **fields}).encode())
        assert event is not None
        before = self.now
        self.now, self.told = reduce(before, event, self.clock)
        check_events(before, self.now, self.told, self.clock)
        return self.told

    def quiet(self, name: str, **fields: Any) -> None:
        """Apply an event that changes nothing: the very same line stays."""
        before = self.now
        assert self.feed(name, **fields) == ()
        assert self.now is before

    def created(self, ref: str = "c1", state: str = "ACTIVE", **more: Any) -> CallSnapshot:
        data = {"state": state, **more.pop("data", {})}
        legs = more.pop("legs", [{"deviceId": "1000", "state": state}])
        self.feed("OnCallCreated", callRef=ref, callData=data, legs=legs, participants=more.pop("who", [ALICE]), **more)
        return self.call(ref)

    def modified(self, ref: str = "c1", state: str | None = None, **more: Any) -> CallSnapshot:
        if state is not None:
            more["callData"] = {"state": state, **more.get("callData", {})}
        self.feed("OnCallModified", callRef=ref, **more)
        return self.call(ref)

    def removed(self, ref: str = "c1", **more: Any) -> CallSnapshot:
        (ended,) = [one.call for one in self.feed("OnCallRemoved", callRef=ref, **more) if isinstance(one, CallEnded)]
        return ended

    def snapshot(self, *calls: dict[str, Any], **more: Any) -> tuple[Event, ...]:
        return self.feed("OnTelephonyState", state={"calls": list(calls), **more})

    def call(self, ref: str) -> CallSnapshot:
        call = self.now.call_by_ref(ref)
        assert call is not None
        return call

    def kinds(self) -> list[type[Event]]:
        return [type(one) for one in self.told]


@pytest.fixture
def line() -> Line:
    return Line()


def second(number: int) -> datetime:
    return START + timedelta(seconds=number)


# ------------------------------------------------------------------------ one call, whole


def test_every_field_of_a_call_from_ring_to_end(line: Line) -> None:
    ringing = line.created(
        state="RINGING_INCOMING",
        cause="FORWARDED",
        data={
            "capabilities": {"redirect": True},
            "initialCalled": {"id": {"phoneNumber": "1009"}, "displayName": "Reception"},
            "anonymous": True,
            "associatedData": "order 7",
            "accountInfo": "42",
            "acdCallData": {"callInfo": {"queueWaitingTime": 12}},
        },
        legs=[{"deviceId": "1000", "state": "RINGING_INCOMING", "capabilities": {"answer": True}}],
    )
    assert ringing == CallSnapshot(
        id="oxe1000:c1",
        ref="c1",
        line=LOGIN,
        state=CallState.RINGING_INCOMING,
        direction=Direction.INCOMING,
        parties=(THE_ALICE,),
        called=Party(number="1009", name="Reception"),
        legs=(Leg(device="1000", state=CallState.RINGING_INCOMING, actions=frozenset({Action.ANSWER})),),
        actions=frozenset({Action.REDIRECT, Action.ANSWER}),
        own_actions=frozenset({Action.REDIRECT}),
        started_at=second(1),
        cause="FORWARDED",
        anonymous=True,
        associated_data="order 7",
        account_info="42",
        queue_wait=12,
    )
    active = line.modified(
        state="ACTIVE",
        cause="NORMAL",
        callData={"capabilities": {"park": True}, "recordState": "RECORDING", "anonymous": False},
        modifiedLegs=[{"deviceId": "1000", "state": "ACTIVE", "capabilities": {"hold": True}}],
    )
    assert active == replace(
        ringing,
        state=CallState.ACTIVE,
        legs=(Leg(device="1000", state=CallState.ACTIVE, actions=frozenset({Action.HOLD})),),
        actions=frozenset({Action.PARK, Action.HOLD}),
        own_actions=frozenset({Action.PARK}),
        answered_at=second(2),
        answered=True,
        cause=active.cause,
        recording=Recording.RECORDING,
        anonymous=False,
    )
    releasing = line.modified(state="RELEASING", cause="TRANSFERRED", replacedByCallRef="c9")
    assert releasing == replace(
        active,
        state=CallState.RELEASING,
        cause="TRANSFERRED",
        end_cause="TRANSFERRED",
        recording=None,
        replaced_by="c9",
    )
    assert line.removed(newDestination="1003") == replace(
        releasing,
        legs=(),
        actions=frozenset(),
        own_actions=frozenset(),
        ended_at=second(4),
        outcome=Outcome.TRANSFERRED,
        new_destination="1003",
    )


def test_a_call_of_which_next_to_nothing_is_said(line: Line) -> None:
    line.feed("OnCallCreated", callRef="c1")
    assert line.call("c1") == CallSnapshot(id="oxe1000:c1", ref="c1", line=LOGIN, started_at=second(1))
    assert line.now.state is LineState.BUSY
    line.quiet("OnCallModified", callRef="c1", callData={})
    line.quiet("OnCallModified", callRef="c1", callData={"capabilities": {}})
    line.quiet("OnCallCreated")
    line.quiet("OnCallModified")
    line.quiet("OnCallRemoved")
    assert line.removed() == CallSnapshot(
        id="oxe1000:c1",
        ref="c1",
        line=LOGIN,
        state=CallState.RELEASING,
        started_at=second(1),
        ended_at=line.clock,
        outcome=Outcome.UNKNOWN,
    )


@pytest.mark.parametrize(
    ("state", "cause", "answered", "at", "end_cause"),
    [
        ("ACTIVE", None, True, True, None),
        ("ACTIVE", "NORMAL", True, True, None),
        ("HELD", None, True, False, None),
        ("ACTIVE", "BUSY", False, False, "BUSY"),
        ("HELD", "LOCKOUT", False, False, "LOCKOUT"),
        ("ACTIVE", "CLEARED", True, True, None),  # answered: the cause speaks of something else
        ("DIALING", "CLEARED", False, False, "CLEARED"),
        ("DIALING", "FORWARDED", False, False, None),
        ("DIALING", None, False, False, None),
    ],
)
def test_whether_a_new_call_counts_as_answered(
    line: Line, state: str, cause: str | None, answered: bool, at: bool, end_cause: str | None
) -> None:
    call = line.created(state=state, **({} if cause is None else {"cause": cause}))
    assert (call.answered, call.end_cause) == (answered, end_cause)
    assert call.answered_at == (second(1) if at else None)
    if cause not in {None, "NORMAL"}:
        assert call.cause == cause


@pytest.mark.parametrize(
    ("state", "cause", "answered"),
    [("ACTIVE", "BUSY", False), ("HELD", "BUSY", False), ("ACTIVE", "CLEARED", True), ("HELD", "CLEARED", True)],
)
def test_a_busy_tone_is_heard_and_the_call_not_answered(line: Line, state: str, cause: str, answered: bool) -> None:
    line.created(state="DIALING")
    call = line.modified(state=state, cause=cause)
    assert call.answered is answered
    assert call.answered_at == (second(2) if answered and state == "ACTIVE" else None)
    assert call.end_cause == ("BUSY" if not answered else None)
    assert line.removed().outcome is (Outcome.ANSWERED if answered else Outcome.BUSY)


def test_a_tone_that_is_told_again_is_no_answer_either(line: Line) -> None:
    line.created(state="DIALING")
    line.modified(state="ACTIVE", cause="BUSY")
    call = line.modified(state="ACTIVE", callData={"accountInfo": "42"})
    assert (call.answered, call.answered_at, call.end_cause) == (False, None, "BUSY")
    assert line.removed().outcome is Outcome.BUSY


def test_a_state_that_nobody_knows(line: Line) -> None:
    line.created()
    assert line.modified(state="SOMETHING_NEW").state is CallState.UNKNOWN
    line.modified(state="ACTIVE")
    line.snapshot({"callRef": "c1", "callData": {"accountInfo": "41"}})
    assert line.call("c1").state is CallState.ACTIVE, "no state told: as it was"
    line.snapshot({"callRef": "c1", "callData": {"state": "SOMETHING_NEW"}})
    assert line.call("c1").state is CallState.UNKNOWN
    line.snapshot({"callRef": "c1", "callData": {"accountInfo": "42"}})
    assert line.call("c1").state is CallState.UNKNOWN
    assert line.call("c1").account_info == "42"


def test_an_answer_makes_the_cause_before_it_be_forgotten(line: Line) -> None:
    line.created(state="RINGING_OUTGOING")
    assert line.modified(cause="BUSY").end_cause == "BUSY"
    answered = line.modified(state="HELD")
    assert (answered.answered, answered.answered_at, answered.end_cause, answered.cause) == (True, None, None, "BUSY")
    assert line.modified(state="ACTIVE").answered_at is None, "when it was answered was not seen"
    assert line.modified(cause="BUSY").end_cause is None, "no end of a call that was answered"
    assert line.modified(state="RELEASING", cause="CLEARED").end_cause == "CLEARED"


@pytest.mark.parametrize(
    ("state", "cause", "end_cause"),
    [
        ("RINGING_INCOMING", "REDIRECTED", "REDIRECTED"),
        ("RINGING_OUTGOING", "REDIRECTED", None),
        ("RINGING_INCOMING", "ABANDONED", "ABANDONED"),
        ("RINGING_INCOMING", "NORMAL", None),
    ],
)
def test_which_causes_speak_of_the_end_before_it(line: Line, state: str, cause: str, end_cause: str | None) -> None:
    line.created(state=state)
    assert line.modified(cause=cause, callData={"capabilities": {"terminate": True}}).end_cause == end_cause


def test_a_diversion_of_a_call_that_was_taken_is_not_its_end(line: Line) -> None:
    line.created(state="RINGING_INCOMING")
    line.modified(state="ACTIVE")
    assert line.modified(cause="REDIRECTED", callData={"capabilities": {"park": True}}).end_cause is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"associatedData": "a", "associateData": "b", "hexaBinaryAssociatedData": "c"}, "a"),
        ({"associateData": "b", "hexaBinaryAssociatedData": "c"}, "b"),
        ({"hexaBinaryAssociatedData": "c"}, "c"),
        ({}, None),
    ],
)
def test_what_is_attached_under_any_of_its_names(line: Line, data: dict[str, str], told: str | None) -> None:
    assert line.created(data=data).associated_data == told


def test_attributes_that_change_while_the_state_stays_are_told(line: Line) -> None:
    before = line.created(data={"capabilities": {"park": True}})
    for data, changes in [
        ({"recordState": "RECORDING"}, {"recording": Recording.RECORDING}),
        ({"recordState": "PAUSED"}, {"recording": Recording.PAUSED}),
        ({"recordState": "SOMETHING_NEW"}, {"recording": None}),
        ({"anonymous": True}, {"anonymous": True}),
        ({"associatedData": "x"}, {"associated_data": "x"}),
        ({"accountInfo": "7"}, {"account_info": "7"}),
        ({"acdCallData": {"callInfo": {"queueWaitingTime": 3}}}, {"queue_wait": 3}),
        ({"initialCalled": {"id": {"phoneNumber": "1000"}}}, {"called": Party(number="1000")}),
        ({"capabilities": {}}, {"actions": frozenset(), "own_actions": frozenset()}),
        ({"capabilities": {"merge": True}}, {"actions": {Action.MERGE}, "own_actions": {Action.MERGE}}),
    ]:
        after = line.modified(state="ACTIVE", callData=data)
        assert line.kinds() == [CallChanged]
        assert after == replace(before, **changes)
        line.quiet("OnCallModified", callRef="c1", callData={"state": "ACTIVE", **data})
        before = after
    line.quiet("OnCallModified", callRef="c1", callData={"acdCallData": {}})
    line.quiet("OnCallModified", callRef="c1", callData={"acdCallData": {"callInfo": {}}})
    line.quiet("OnCallModified", callRef="c1", callData={"initialCalled": {"id": {"phoneNumber": "1009"}}})
    after = line.modified(cause="PARKED")
    assert after == replace(before, cause="PARKED")
    after = line.modified(replacedByCallRef="c9")
    assert after == replace(before, cause="PARKED", replaced_by="c9")
    line.quiet("OnCallModified", callRef="c1")
    line.quiet("OnCallModified", callRef="c1", replacedByCallRef="c1")


def test_the_wait_in_a_queue_of_a_new_call_without_any(line: Line) -> None:
    assert line.created(data={"acdCallData": {}}).queue_wait is None


@pytest.mark.parametrize("told", [{"anonymous": None}, {}])
def test_what_is_not_said_of_a_new_call_is_not_anonymous(line: Line, told: dict[str, Any]) -> None:
    assert line.created(data=told).anonymous is False


# ------------------------------------------------------------------------ identities


def test_references_that_are_used_again_get_ids_of_their_own(line: Line) -> None:
    ids = []
    for number in range(4):
        ids.append(line.created("c1").id)
        line.feed("OnCallModified", callRef=f"r{number}", previousCallRef="c1")
    assert ids == ["oxe1000:c1", "oxe1000:c1#2", "oxe1000:c1#3", "oxe1000:c1#4"]
    assert line.created("c7").id == "oxe1000:c7"


def test_an_id_that_is_taken_by_a_call_of_the_same_snapshot(line: Line) -> None:
    line.created("c1")
    line.feed("OnCallModified", callRef="c9", previousCallRef="c1")
    told = [{"callRef": ref, "callData": {"state": "HELD"}} for ref in ("c1", "c1#2", "c9")]
    line.snapshot(*told)
    assert [call.id for call in line.now.calls] == ["oxe1000:c1#2", "oxe1000:c1#2#2", "oxe1000:c1"]


def test_a_call_that_is_created_again_is_told_whole(line: Line) -> None:
    before = line.created(state="RINGING_INCOMING", cause="NORMAL")
    after = line.created(
        cause="PARKED",
        data={"accountInfo": "42"},
        who=[ALICE, BOB],
        legs=[{"deviceId": "2000", "state": "ACTIVE"}],
    )
    assert after == replace(
        before,
        state=CallState.ACTIVE,
        parties=(THE_ALICE, THE_BOB),
        legs=(Leg(device="2000", state=CallState.ACTIVE),),
        answered_at=second(2),
        answered=True,
        cause="PARKED",
        account_info="42",
    )
    assert line.kinds() == [CallChanged, LineChanged]


def test_a_reference_that_comes_twice_in_a_snapshot_is_one_call(line: Line) -> None:
    one = {"callRef": "c1", "callData": {"state": "ACTIVE"}, "participants": [ALICE]}
    other = {"callRef": "c1", "callData": {"state": "HELD"}, "participants": [BOB]}
    last = {"callRef": "c2", "callData": {"state": "HELD"}}
    line.snapshot(one, other, {"callData": {"state": "HELD"}}, last)
    assert [(call.id, call.state) for call in line.now.calls] == [
        ("oxe1000:c1", CallState.ACTIVE),
        ("oxe1000:c2", CallState.HELD),
    ]
    assert line.kinds() == [CallStarted, CallStarted, LineChanged]
    assert line.snapshot(one, other, last) == ()
    line.snapshot()
    assert line.kinds() == [CallEnded, CallEnded, LineChanged]


def test_a_snapshot_may_give_an_old_name_to_another_call(line: Line) -> None:
    line.created("c1")
    line.feed("OnCallModified", callRef="c9", previousCallRef="c1")
    line.snapshot(
        {"callRef": "c1", "callData": {"state": "HELD"}},
        {"callRef": "c9", "callData": {"state": "ACTIVE"}, "participants": [ALICE]},
    )
    assert [(call.id, call.ref) for call in line.now.calls] == [("oxe1000:c1#2", "c1"), ("oxe1000:c1", "c9")]


def test_two_new_calls_in_one_snapshot(line: Line) -> None:
    line.snapshot({"callRef": "c1", "callData": {"state": "ACTIVE"}}, {"callRef": "c2", "callData": {"state": "HELD"}})
    assert [call.id for call in line.now.calls] == ["oxe1000:c1", "oxe1000:c2"]
    assert [call.started_at for call in line.now.calls] == [None, None]


@pytest.mark.parametrize(("initiator", "direction"), [("p2", Direction.INCOMING), ("px", Direction.OUTGOING)])
def test_any_party_may_have_begun_the_call(line: Line, initiator: str, direction: Direction) -> None:
    assert line.created(who=[ALICE, BOB], initiator=initiator).direction is direction


def test_no_initiator_at_all_says_nothing_of_the_direction(line: Line) -> None:
    assert line.created(initiator="", who=[{"participantId": ""}]).direction is Direction.UNKNOWN


def test_direction_stays_what_it_was(line: Line) -> None:
    line.created(state="RINGING_INCOMING")
    assert line.modified(state="DIALING").direction is Direction.INCOMING


# ------------------------------------------------------------------------ actions


def test_hang_up_falls_back_to_end_only_where_a_call_of_two_offers_nothing_else(line: Line) -> None:
    assert line.created(data={"capabilities": {"dropMe": True, "terminate": True}}).actions == {
        Action.HANG_UP,
        Action.END,
    }
    alone = line.modified(callData={"capabilities": {"terminate": True, "park": True}})
    assert alone.actions == {Action.HANG_UP, Action.END, Action.PARK}
    three = line.modified(addedParticipants=[BOB])
    assert three.actions == {Action.END, Action.PARK}


def test_a_call_with_no_end_offers_no_hang_up(line: Line) -> None:
    assert line.created(data={"capabilities": {"park": True}}).actions == {Action.PARK}


def held_beside(line: Line, *others: str) -> None:
    line.created("c1", state="HELD", legs=[{"deviceId": "1000", "state": "HELD", "capabilities": {"retrieve": True}}])
    for number, state in enumerate(others, 2):
        line.created(f"c{number}", state=state, who=[BOB])


def test_alternate_with_another_active_call(line: Line) -> None:
    held_beside(line, "ACTIVE")
    assert line.call("c1").actions == {Action.RETRIEVE, Action.ALTERNATE}
    assert line.call("c2").actions == frozenset()


def test_no_alternate_on_a_held_call_that_is_alone(line: Line) -> None:
    held_beside(line)
    assert line.call("c1").actions == {Action.RETRIEVE}
    line.modified(modifiedLegs=[{"deviceId": "1000", "capabilities": {"retrieve": True, "drop": True}}])
    assert line.call("c1").actions == {Action.RETRIEVE, Action.HANG_UP}


def test_alternate_with_two_other_active_calls(line: Line) -> None:
    held_beside(line, "ACTIVE", "ACTIVE")
    assert line.call("c1").actions == {Action.RETRIEVE, Action.ALTERNATE}


@pytest.mark.parametrize("state", ["HELD", "DIALING", "RINGING_INCOMING", "RELEASING"])
def test_no_alternate_without_an_active_call(line: Line, state: str) -> None:
    held_beside(line, state)
    assert line.call("c1").actions == {Action.RETRIEVE}


@pytest.mark.parametrize("state", ["RINGING_INCOMING", "DIALING", "RELEASING"])
def test_no_alternate_for_a_call_that_is_not_held(line: Line, state: str) -> None:
    legs = [{"deviceId": "1000", "state": state, "capabilities": {"retrieve": True}}]
    line.created("c1", state=state, legs=legs)
    line.created("c2", state="ACTIVE", who=[BOB])
    assert line.call("c1").actions == {Action.RETRIEVE}


def test_no_alternate_for_a_held_call_that_cannot_be_retrieved(line: Line) -> None:
    line.created("c1", state="HELD")
    line.created("c2", state="ACTIVE", who=[BOB])
    assert line.call("c1").actions == frozenset()


def test_no_alternate_between_active_calls(line: Line) -> None:
    legs = [{"deviceId": "1000", "state": "ACTIVE", "capabilities": {"retrieve": True}}]
    line.created("c1", legs=legs)
    line.created("c2", who=[BOB], legs=legs)
    assert [call.actions for call in line.now.calls] == [{Action.RETRIEVE}, {Action.RETRIEVE}]


def test_only_the_device_in_the_call_makes_it_offer_a_consultation(line: Line) -> None:
    can_dial = [{"deviceId": "1000", "makeCall": True}]
    line.created(deviceCapabilities=can_dial, legs=[{"deviceId": "2000", "state": "ACTIVE"}])
    assert line.call("c1").actions == frozenset()
    line.modified(addedLegs=[{"deviceId": "1000", "state": "ACTIVE"}])
    assert line.call("c1").actions == {Action.CONSULT}
    line.modified(deviceCapabilities=[{"deviceId": "1000", "makeBusinessCall": True}])
    assert line.call("c1").actions == frozenset()


def test_a_change_of_the_device_alone_is_told_of_the_call_too(line: Line) -> None:
    line.created(deviceCapabilities=[{"deviceId": "1000", "makeCall": True}])
    before = line.call("c1")
    line.modified(deviceCapabilities=[{"deviceId": "1000"}])
    assert line.kinds() == [CallChanged, LineChanged]
    assert line.call("c1") == replace(before, actions=frozenset())
    changed = line.told[-1]
    assert isinstance(changed, LineChanged)
    assert changed.changed == {"devices", "calls"}


@pytest.mark.parametrize(
    ("capability", "action"),
    [
        ("makeCall", Action.DIAL),
        ("makeBusinessCall", Action.DIAL_BUSINESS),
        ("makePrivateCall", Action.DIAL_PRIVATE),
        ("unParkCall", Action.UNPARK),
    ],
)
def test_each_capability_of_a_device(line: Line, capability: str, action: Action) -> None:
    line.created(deviceCapabilities=[{"deviceId": "1000", capability: True}])
    assert line.now.devices == (Device(id="1000", actions=frozenset({action})),)
    line.quiet("OnCallModified", callRef="c1", deviceCapabilities=[{"deviceId": "1000", capability: True}])


def test_only_so_many_sets_of_actions_are_remembered(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "_MOST_SHARED", 3)
    monkeypatch.setattr(actions, "_EQUAL", {})
    shared = actions.of_call.__self__  # type: ignore[attr-defined]
    shared.clear()
    names = ["park", "merge", "redirect", "transfer", "callBack", "startRecord", "dropMe"]
    for number in range(1, len(names)):
        call = line.created(f"c{number}", data={"capabilities": dict.fromkeys(names[:number], True)})
        assert len(call.own_actions) == number
        assert len(actions._EQUAL) <= 3
        assert len(shared) <= 3


def test_equal_sets_of_actions_are_one_object(line: Line) -> None:
    first = line.created("c1", data={"capabilities": {"park": True}})
    second_ = line.created("c2", data={"capabilities": {"park": True}}, who=[BOB])
    assert first.own_actions is second_.own_actions
    assert first.actions is first.own_actions


# ------------------------------------------------------------------------ several of a line


def test_the_end_of_one_of_two_calls_is_told_alone(line: Line) -> None:
    line.created("c1", state="HELD")
    other = line.created("c2", state="ACTIVE", who=[BOB])
    line.removed("c1")
    assert line.kinds() == [CallEnded]
    assert line.now.calls == (other,)
    line.created("c3", state="RINGING_INCOMING", who=[CAROL])
    assert line.kinds() == [CallStarted], "the line stays active"
    line.modified("c3", state="RELEASING")
    assert line.kinds() == [CallChanged]
    line.quiet("OnCallModified", callRef="c3")


def test_when_one_of_two_calls_is_answered(line: Line) -> None:
    line.created("c1", state="HELD")
    line.created("c2", state="RINGING_INCOMING", who=[BOB])
    assert line.modified("c2", state="ACTIVE").answered_at == line.clock


def test_order_of_calls_stays(line: Line) -> None:
    for ref in ("c1", "c2", "c3"):
        line.created(ref, who=[BOB])
    line.modified("c2", state="HELD")
    assert [call.ref for call in line.now.calls] == ["c1", "c2", "c3"]
    line.feed("OnCallModified", callRef="c9", previousCallRef="c2")
    assert [call.ref for call in line.now.calls] == ["c1", "c9", "c3"]
    line.created("c3", state="HELD", who=[BOB])
    assert [call.ref for call in line.now.calls] == ["c1", "c9", "c3"]
    line.removed("c1")
    assert [call.ref for call in line.now.calls] == ["c9", "c3"]


def test_a_new_name_that_is_told_by_a_new_call(line: Line) -> None:
    first = line.created(data={"initialCalled": {"id": {"phoneNumber": "1000"}}}, state="RINGING_INCOMING")
    line.modified(state="RELEASING", cause="REDIRECTED", replacedByCallRef="c9")
    after = line.created("c9", state="RINGING_INCOMING", who=[ALICE])
    assert (after.id, after.ref, after.replaced_by, after.end_cause, after.called) == (first.id, "c9", None, None, None)
    told = {"callData": {"state": "RINGING_INCOMING"}, "legs": [{"deviceId": "1000", "state": "RINGING_INCOMING"}]}
    line.quiet("OnCallCreated", callRef="c9", **told)


def test_a_rename_keeps_all_but_who_was_called(line: Line) -> None:
    before = line.created(data={"initialCalled": {"id": {"phoneNumber": "1000"}}, "accountInfo": "42"})
    line.feed("OnCallModified", callRef="c9", previousCallRef="c1")
    assert line.call("c9") == replace(before, ref="c9", called=None)
    assert line.kinds() == [CallChanged]


def test_a_previous_name_that_is_the_same_changes_nothing(line: Line) -> None:
    line.created(data={"initialCalled": {"id": {"phoneNumber": "1000"}}})
    line.quiet("OnCallModified", callRef="c1", previousCallRef="c1")


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(None, Outcome.MERGED), ("CONFERENCED", Outcome.MERGED), ("TRANSFERRED", Outcome.TRANSFERRED)],
)
def test_two_calls_become_one(line: Line, cause: str | None, outcome: Outcome) -> None:
    line.created("c1", state="HELD")
    former = line.created("c2", state="ACTIVE", who=[BOB])
    line.feed("OnCallModified", callRef="c1", previousCallRef="c2", **({} if cause is None else {"cause": cause}))
    ended = line.told[0]
    assert isinstance(ended, CallEnded)
    word = cause or "CONFERENCED"
    assert ended.call == replace(
        former,
        state=CallState.RELEASING,
        legs=(),
        actions=frozenset(),
        ended_at=line.clock,
        cause=word,
        end_cause=word,
        outcome=outcome,
        replaced_by="c1",
    )
    assert [call.ref for call in line.now.calls] == ["c1"]


def test_a_call_that_is_first_heard_of_by_a_delta(line: Line) -> None:
    leg = {"deviceId": "1000", "state": "HELD"}
    line.feed(
        "OnCallModified",
        callRef="c5",
        cause="PARKED",
        callData={"state": "HELD", "capabilities": {"park": True}},
        addedLegs=[leg],
        modifiedLegs=[{**leg, "deviceId": "2000"}],
        addedParticipants=[BOB],
        modifiedParticipants=[ALICE],
    )
    assert line.call("c5") == CallSnapshot(
        id="oxe1000:c5",
        ref="c5",
        line=LOGIN,
        state=CallState.HELD,
        parties=(THE_BOB, THE_ALICE),
        legs=(Leg(device="1000", state=CallState.HELD), Leg(device="2000", state=CallState.HELD)),
        actions=frozenset({Action.PARK}),
        own_actions=frozenset({Action.PARK}),
        answered=True,
        cause="PARKED",
    )
    for data in ({"state": "RELEASING"}, {"state": "SOMETHING_NEW"}, {"capabilities": {"park": True}}, None):
        line.quiet("OnCallModified", callRef="c6", **({} if data is None else {"callData": data}))
    line.feed("OnCallModified", callRef="c7", callData={"state": "DIALING"})
    assert [call.ref for call in line.now.calls] == ["c5", "c7"]


# ------------------------------------------------------------------------ legs and parties


def test_legs_keep_what_is_left_out(line: Line) -> None:
    leg = {"deviceId": "1000", "state": "DIALING", "ringingRemote": True, "capabilities": {"drop": True}}
    (before,) = line.created(state="DIALING", legs=[leg]).legs
    assert before == Leg(
        device="1000", state=CallState.DIALING, remote_ringing=True, actions=frozenset({Action.HANG_UP})
    )
    (after,) = line.modified(modifiedLegs=[{"deviceId": "1000"}]).legs
    assert after == replace(before, remote_ringing=False)
    (after,) = line.modified(modifiedLegs=[{"deviceId": "1000", "state": "SOMETHING_NEW"}]).legs
    assert after == replace(before, remote_ringing=False, state=CallState.UNKNOWN)
    (after,) = line.modified(modifiedLegs=[{"deviceId": "1000", "capabilities": {}}]).legs
    assert after == Leg(device="1000")


def test_legs_that_come_change_and_go_in_one_event(line: Line) -> None:
    line.created(legs=[{"deviceId": "1000", "state": "ACTIVE"}, {"deviceId": "2000", "state": "ACTIVE"}, {}])
    call = line.modified(
        removedLegs=[{"deviceId": "2000"}],
        addedLegs=[{"deviceId": "3000", "state": "HELD"}, {"state": "HELD"}],
        modifiedLegs=[{"deviceId": "1000", "state": "HELD"}, {"deviceId": "4000", "state": "ACTIVE"}],
    )
    assert call.legs == (
        Leg(device="1000", state=CallState.HELD),
        Leg(device="3000", state=CallState.HELD),
        Leg(device="4000", state=CallState.ACTIVE),
    )
    call = line.modified(addedLegs=[{"deviceId": "3000", "state": "ACTIVE"}])
    assert [leg.state for leg in call.legs] == [CallState.HELD, CallState.ACTIVE, CallState.ACTIVE]


def test_one_leg_and_one_change_of_another(line: Line) -> None:
    line.created()
    call = line.modified(modifiedLegs=[{"deviceId": "2000", "state": "HELD"}])
    assert [leg.device for leg in call.legs] == ["1000", "2000"]
    line.created("c2", who=[BOB])
    call = line.modified(
        "c2", modifiedLegs=[{"deviceId": "1000", "state": "HELD"}], addedLegs=[{"deviceId": "2000", "state": "HELD"}]
    )
    assert [leg.device for leg in call.legs] == ["1000", "2000"]
    line.created("c3", who=[CAROL])
    call = line.modified("c3", modifiedLegs=[{"deviceId": "1000"}], removedLegs=[{"deviceId": "2000"}])
    assert [leg.device for leg in call.legs] == ["1000"]
    call = line.modified("c3", removedLegs=[{"deviceId": "1000"}])
    assert call.legs == ()


def test_of_two_legs_one_changes(line: Line) -> None:
    can = {"capabilities": {"drop": True}}
    line.created(legs=[{"deviceId": "1000", "state": "ACTIVE", **can}, {"deviceId": "2000", "state": "ACTIVE", **can}])
    both = {Action.HANG_UP}
    for changes, states in [
        ([{"deviceId": "1000", "state": "HELD"}], [CallState.HELD, CallState.ACTIVE]),
        ([{"deviceId": "2000", "state": "HELD"}], [CallState.HELD, CallState.HELD]),
        (
            [{"deviceId": "1000", "state": "DIALING"}, {"deviceId": "2000", "state": "ACTIVE"}],
            [CallState.DIALING, CallState.ACTIVE],
        ),
    ]:
        call = line.modified(modifiedLegs=changes)
        assert [(leg.state, leg.actions) for leg in call.legs] == [(state, both) for state in states]


def test_a_leg_that_goes_and_comes_in_one_event_is_a_new_one(line: Line) -> None:
    line.created(legs=[{"deviceId": "1000", "state": "ACTIVE", "capabilities": {"drop": True}}])
    call = line.modified(removedLegs=[{"deviceId": "1000"}], modifiedLegs=[{"deviceId": "1000", "state": "HELD"}])
    assert call.legs == (Leg(device="1000", state=CallState.HELD),)
    call = line.modified(addedLegs=[{"deviceId": "2000"}])
    assert call.legs[1] == Leg(device="2000")


def test_legs_of_a_call_that_is_told_whole(line: Line) -> None:
    line.created(legs=[{"deviceId": "1000", "state": "ACTIVE", "capabilities": {"hold": True}}])
    line.snapshot({"callRef": "c1", "legs": [{"deviceId": "2000", "state": "HELD"}, {"deviceId": "1000"}, {}]})
    assert line.call("c1").legs == (
        Leg(device="2000", state=CallState.HELD),
        Leg(device="1000", state=CallState.ACTIVE, actions=frozenset({Action.HOLD})),
    )
    line.snapshot({"callRef": "c1"})
    assert line.call("c1").legs == ()


def test_a_single_leg_without_a_device_is_none(line: Line) -> None:
    assert line.created(legs=[{"state": "ACTIVE"}]).legs == ()


def test_parties_that_come_change_and_go_in_one_event(line: Line) -> None:
    line.created(who=[ALICE, BOB])
    call = line.modified(
        removedParticipantIds=["p1"],
        addedParticipants=[CAROL],
        modifiedParticipants=[{"participantId": "p2", "anonymous": True, "undroppable": True}],
    )
    assert call.parties == (replace(THE_BOB, anonymous=True, droppable=False), THE_CAROL)
    call = line.modified(modifiedParticipants=[{"participantId": "p2", "anonymous": False, "undroppable": False}])
    assert call.parties == (THE_BOB, THE_CAROL)
    call = line.modified(addedParticipants=[{**CAROL, "anonymous": True}])
    assert call.parties == (THE_BOB, replace(THE_CAROL, anonymous=True)), "one that is known is not there twice"


def test_a_delta_of_the_only_party(line: Line) -> None:
    line.created()
    call = line.modified(modifiedParticipants=[{"participantId": "p1", "anonymous": True}])
    assert call.parties == (replace(THE_ALICE, anonymous=True),)
    call = line.modified(modifiedParticipants=[{"participantId": "p1", "undroppable": True}])
    assert call.parties == (replace(THE_ALICE, anonymous=True, droppable=False),)
    call = line.modified(modifiedParticipants=[{"participantId": "p1", "anonymous": False}])
    assert call.parties == (replace(THE_ALICE, droppable=False),)
    call = line.modified(modifiedParticipants=[BOB])
    assert [one.id for one in call.parties] == ["p1", "p2"]
    line.created("c2")
    call = line.modified("c2", modifiedParticipants=[{"participantId": "p1", "anonymous": True}, BOB])
    assert call.parties == (replace(THE_ALICE, anonymous=True), THE_BOB)
    line.created("c3")
    call = line.modified("c3", removedParticipantIds=["p1"], modifiedParticipants=[{"participantId": "p1"}])
    assert call.parties == (Party(id="p1"),), "gone and come again"


def test_a_delta_of_the_only_party_and_something_else(line: Line) -> None:
    line.created()
    change = {"participantId": "p1", "anonymous": True}
    call = line.modified(modifiedParticipants=[change], addedParticipants=[BOB])
    assert [one.id for one in call.parties] == ["p1", "p2"]
    line.created("c2")
    call = line.modified("c2", modifiedParticipants=[change], removedParticipantIds=["p7"])
    assert [one.anonymous for one in call.parties] == [True]


def test_a_party_of_whom_nothing_is_said(line: Line) -> None:
    assert line.created(who=[{}]).parties == (Party(id=""),)
    call = line.modified(addedParticipants=[{"participantId": "p8", "anonymous": True, "undroppable": True}])
    assert call.parties == (Party(id=""), Party(id="p8", anonymous=True, droppable=False))
    call = line.modified(modifiedParticipants=[{"identity": BOB["identity"]}])
    assert call.parties[0] == replace(THE_BOB, id="")


def test_the_last_party_stays_in_a_call_that_ends(line: Line) -> None:
    line.created()
    assert line.modified(state="RELEASING", removedParticipantIds=["p1"]).parties == (THE_ALICE,)
    line.created("c2", who=[ALICE, BOB])
    assert line.modified("c2", state="RELEASING", removedParticipantIds=["p1", "p2"]).parties == (THE_ALICE, THE_BOB)
    line.created("c3", who=[ALICE, BOB])
    assert line.modified("c3", state="RELEASING", removedParticipantIds=["p1"]).parties == (THE_BOB,)
    line.created("c4")
    call = line.modified("c4", state="RELEASING", removedParticipantIds=["p1"], addedParticipants=[BOB])
    assert call.parties == (THE_BOB,)
    line.created("c5")
    assert line.modified("c5", removedParticipantIds=["p1"]).parties == (), "it goes on without anyone"
    line.created("c6")
    call = line.modified("c6", state="RELEASING", removedParticipantIds=["p1"], modifiedParticipants=[BOB])
    assert call.parties == (THE_BOB,)
    line.created("c7")
    assert line.modified("c7", state="RELEASING", removedParticipantIds=["p9"]).parties == (THE_ALICE,)


def test_parties_of_a_call_that_is_told_whole_keep_their_order(line: Line) -> None:
    line.created(who=[ALICE, BOB])
    told = [CAROL, BOB, {"participantId": "p1", "anonymous": True}]
    line.snapshot({"callRef": "c1", "participants": told})
    assert line.call("c1").parties == (replace(THE_ALICE, anonymous=True), THE_BOB, THE_CAROL)
    line.snapshot({"callRef": "c1"})
    assert len(line.call("c1").parties) == 3, "none told: as they were"
    line.snapshot({"callRef": "c1", "participants": [BOB]})
    assert line.call("c1").parties == (THE_BOB,)
    line.snapshot({"callRef": "c1", "participants": [BOB, {}]})
    assert line.call("c1").parties == (THE_BOB, Party(id=""))
    line.snapshot({"callRef": "c1", "participants": [BOB, {"identity": CAROL["identity"]}]})
    assert line.call("c1").parties == (THE_BOB, replace(THE_CAROL, id=""))
    line.snapshot({"callRef": "c1", "participants": [BOB, {"anonymous": True}]})
    assert line.call("c1").parties == (THE_BOB, replace(THE_CAROL, id="", anonymous=True))


# ------------------------------------------------------------------------ outcomes


@pytest.mark.parametrize(
    ("first", "cause", "outcome"),
    [
        ("DIALING", "CAMP_ON", Outcome.BUSY),
        ("DIALING", "INVALID_NUMBER", Outcome.FAILED),
        ("DIALING", "ALL_TRUNK_BUSY", Outcome.FAILED),
        ("DIALING", "DESTINATION_NOT_OBTAINABLE", Outcome.FAILED),
        ("DIALING", "RESOURCES_NOT_AVAILABLE", Outcome.FAILED),
        ("DIALING", "NO_AVAILABLE_AGENT", Outcome.FAILED),
        ("DIALING", "LOCKOUT", Outcome.FAILED),
        ("DIALING", "DO_NOT_DISTURB", Outcome.REJECTED),
        ("DIALING", "REJECTED", Outcome.REJECTED),
        ("DIALING", "NOT_ANSWERED", Outcome.NO_ANSWER),
        ("RINGING_INCOMING", "NOT_ANSWERED", Outcome.MISSED),
        ("RINGING_INCOMING", "OVERFLOWN", Outcome.FORWARDED),
        ("RINGING_INCOMING", "PICKED_UP_TANDEM", Outcome.PICKED_UP),
        ("ACTIVE", "BUSY", Outcome.ANSWERED),
        ("ACTIVE", "PARKED", Outcome.PARKED),
        ("OFF_HOOK", "NOT_ANSWERED", Outcome.UNKNOWN),
        ("OFF_HOOK", "BUSY", Outcome.BUSY),
    ],
)
def test_outcome_of_a_removal(line: Line, first: str, cause: str, outcome: Outcome) -> None:
    line.created(state=first)
    ended = line.removed(cause=cause)
    assert (ended.outcome, ended.cause, ended.end_cause) == (outcome, cause, cause)


@pytest.mark.parametrize(
    "cause", ["BUSY", "INVALID_NUMBER", "ALL_TRUNK_BUSY", "DESTINATION_NOT_OBTAINABLE", "RESOURCES_NOT_AVAILABLE"]
)
def test_an_active_state_under_a_tone_is_no_answer(line: Line, cause: str) -> None:
    line.created(state="DIALING")
    assert not line.modified(state="ACTIVE", cause=cause).answered
    assert line.removed().outcome in {Outcome.BUSY, Outcome.FAILED}


@pytest.mark.parametrize("cause", ["ABANDONED", "CLEARED", "NOT_ANSWERED", "DO_NOT_DISTURB", "REJECTED", "LOCKOUT"])
def test_a_cause_of_the_end_that_comes_before_it_is_kept(line: Line, cause: str) -> None:
    line.created(state="RINGING_OUTGOING")
    assert line.modified(cause=cause).end_cause == cause
    assert line.removed().end_cause == cause


@pytest.mark.parametrize("cause", ["FORWARDED", "REDIRECTED", "OVERFLOWN", "PICKED_UP", "PICKED_UP_TANDEM"])
def test_a_diversion_that_comes_before_the_end_is_kept(line: Line, cause: str) -> None:
    line.created(state="RINGING_INCOMING")
    assert line.modified(cause=cause).end_cause == cause


def test_an_end_that_was_not_seen_is_unknown_only_where_nothing_is_known() -> None:
    call = CallSnapshot(id="a", ref="a", line=LOGIN, state=CallState.RINGING_INCOMING, direction=Direction.INCOMING)
    assert ended_unseen(call).outcome is Outcome.UNKNOWN
    assert ended_unseen(replace(call, answered=True)).outcome is Outcome.ANSWERED
    assert ended_unseen(replace(call, end_cause="FORWARDED")).outcome is Outcome.FORWARDED
    assert ended_unseen(replace(call, state=CallState.RELEASING)).outcome is Outcome.MISSED
    after = ended_unseen(replace(call, replaced_by="c9", new_destination="1009", cause="FORWARDED"))
    assert (after.replaced_by, after.new_destination, after.cause, after.ended_at) == ("c9", "1009", "FORWARDED", None)


# ------------------------------------------------------------------------ resync


def test_a_snapshot_that_changes_several_things_tells_each_once(line: Line) -> None:
    line.created("c1")
    line.created("c2", who=[BOB])
    line.now = stale(line.now)
    assert not line.now.synced
    line.snapshot(
        {"callRef": "c2", "callData": {"state": "HELD"}, "participants": [BOB]},
        {"callRef": "c3", "callData": {"state": "RINGING_INCOMING"}, "participants": [CAROL]},
    )
    assert line.kinds() == [CallEnded, CallChanged, CallStarted, LineChanged]
    assert line.now.synced
    assert line.now.state is LineState.RINGING_INCOMING
    assert stale(new_line(LOGIN)).synced is False


def test_a_line_that_was_busy_before_a_call_whose_end_was_missed(line: Line) -> None:
    line.snapshot()
    line.feed("OnUserStateModified", state="BUSY")
    line.created()
    line.snapshot({"callRef": "c1", "callData": {"state": "ACTIVE"}, "participants": [ALICE]})
    assert line.now.busy
    line.snapshot()
    assert not line.now.busy, "the word that the user is free may have been missed as well"
    assert line.now.state is LineState.IDLE


def test_devices_of_a_snapshot(line: Line) -> None:
    line.snapshot(
        deviceCapabilities=[{"deviceId": "1000", "makeCall": True}, {"deviceId": "2000", "makeCall": True}],
        deviceStates={"deviceStates": [{"deviceId": "2000", "state": "OUT_OF_SERVICE"}]},
    )
    dial = frozenset({Action.DIAL})
    assert line.now.devices == (
        Device(id="1000", actions=dial),
        Device(id="2000", actions=dial, state=DeviceState.OUT_OF_SERVICE),
    )
    line.snapshot()
    assert line.now.devices[0].actions == dial, "none told: as they were"
    line.snapshot(deviceCapabilities=[{"deviceId": "2000", "makeCall": True}])
    assert line.kinds() == [LineChanged]
    assert [device.actions for device in line.now.devices] == [frozenset(), dial], "not among them: nothing"
    assert line.snapshot(deviceCapabilities=[{"deviceId": "2000", "makeCall": True}]) == ()


def test_capabilities_told_in_another_order(line: Line) -> None:
    two = [{"deviceId": "1000", "makeCall": True}, {"deviceId": "2000", "makePrivateCall": True}]
    line.created(deviceCapabilities=two)
    line.quiet("OnCallModified", callRef="c1", deviceCapabilities=[*reversed(two), {}])
    line.modified(deviceCapabilities=[two[0], {}, {"deviceId": "2000"}, {"deviceId": "3000", "unParkCall": True}])
    assert [(device.id, device.actions) for device in line.now.devices] == [
        ("1000", {Action.DIAL}),
        ("2000", frozenset()),
        ("3000", {Action.UNPARK}),
    ]


def test_states_of_devices_one_by_one(line: Line) -> None:
    line.feed("OnDeviceStateModified", deviceStates=[{"deviceId": "1000", "state": "IN_SERVICE"}, {"deviceId": "2000"}])
    assert line.now.devices == (Device(id="1000", state=DeviceState.IN_SERVICE),)
    line.quiet("OnDeviceStateModified", deviceStates=[{"deviceId": "1000", "state": "IN_SERVICE"}])
    line.feed(
        "OnDeviceStateModified",
        deviceStates=[{"deviceId": "2000"}, {"state": "IN_SERVICE"}, {"deviceId": "3000", "state": "OUT_OF_SERVICE"}],
    )
    assert [(one.id, one.state) for one in line.now.devices] == [
        ("1000", DeviceState.IN_SERVICE),
        ("3000", DeviceState.OUT_OF_SERVICE),
    ]
    line.feed("OnDeviceStateModified", deviceStates=[{"deviceId": "3000", "state": "IN_SERVICE"}])
    assert [one.id for one in line.now.devices] == ["1000", "3000"]
    assert line.now == replace(new_line(LOGIN), devices=line.now.devices)
    assert line.now.devices[1].state is DeviceState.IN_SERVICE
    assert line.now.busy is False


def test_the_user_is_busy_or_free(line: Line) -> None:
    line.quiet("OnUserStateModified", state="FREE")
    line.feed("OnUserStateModified", state="BUSY")
    assert (line.now.busy, line.kinds()) == (True, [LineChanged])
    line.quiet("OnUserStateModified", state="BUSY")
    line.quiet("OnUserStateModified", state="SOMETHING_NEW")
    line.quiet("OnUserStateModified")
    line.feed("OnUserStateModified", state="FREE")
    assert line.now.busy is False
    line.created()
    line.quiet("OnUserStateModified", state="BUSY")


def test_a_first_call_that_brings_devices_or_comes_to_a_busy_line(line: Line) -> None:
    line.created(deviceCapabilities=[{"deviceId": "1000", "makeCall": True}])
    changed = line.told[-1]
    assert isinstance(changed, LineChanged)
    assert changed.changed == {"state", "calls", "devices"}
    line.removed(deviceCapabilities=[{"deviceId": "1000"}])
    assert line.now.devices == (Device(id="1000"),)
    changed = line.told[-1]
    assert isinstance(changed, LineChanged)
    assert changed.changed == {"state", "calls", "devices"}
    line.feed("OnUserStateModified", state="BUSY")
    line.created(state="OFF_HOOK")
    assert line.kinds() == [CallStarted], "it was busy before, and is"
    line.removed()
    assert line.kinds() == [CallEnded]


def test_a_removal_that_only_brings_capabilities(line: Line) -> None:
    line.feed("OnCallRemoved", callRef="c7", deviceCapabilities=[{"deviceId": "1000", "makeCall": True}])
    assert line.kinds() == [LineChanged]
    assert line.now.devices == (Device(id="1000", actions=frozenset({Action.DIAL})),)
    line.feed("OnCallRemoved", deviceCapabilities=[{"deviceId": "2000"}])
    assert len(line.now.devices) == 2


# ------------------------------------------------------------------------ routing, counters, user


def route(kind: str | None, *destinations: dict[str, Any], name: str = "forwardType") -> dict[str, Any]:
    return {"destinations": list(destinations), **({} if kind is None else {name: kind})}


VOICEMAIL = {"type": "VOICEMAIL", "number": "5000"}


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        (None, Condition.IMMEDIATE),
        ("BUSY", Condition.BUSY),
        ("NO_ANSWER", Condition.NO_ANSWER),
        ("BUSY_NO_ANSWER", Condition.BUSY_NO_ANSWER),
        ("SOMETHING_NEW", Condition.UNKNOWN),
    ],
)
def test_conditions_of_forward_and_overflow(line: Line, kind: str | None, condition: Condition) -> None:
    state = {
        "forwardRoutes": [route("BUSY"), route(kind, VOICEMAIL, {"type": "NUMBER", "number": "1"})],
        "overflowRoutes": [route("BUSY", name="overflowType"), route(kind, VOICEMAIL, name="overflowType")],
    }
    line.feed("OnRoutingStateChanged", routingState=state)
    overflow = Condition.UNKNOWN if kind is None else condition
    assert line.now.routing == Routing(
        forward=Forward(condition=condition, target=Target.VOICEMAIL, number="5000"),
        overflow=Overflow(condition=overflow, target=Target.VOICEMAIL, number="5000"),
    )
    line.quiet("OnRoutingStateChanged", routingState=state)
    line.quiet("OnRoutingStateChanged")


@pytest.mark.parametrize(
    ("destination", "target", "number"),
    [
        ({"type": "VOICEMAIL"}, Target.VOICEMAIL, None),
        ({"type": "ASSOCIATE", "number": "7"}, Target.ASSOCIATE, "7"),
        ({"type": "NUMBER", "number": "7"}, Target.NUMBER, "7"),
        ({"type": "NUMBER", "number": ""}, Target.UNKNOWN, None),
        ({"number": "7"}, Target.NUMBER, "7"),
        ({}, Target.UNKNOWN, None),
    ],
)
def test_goals(line: Line, destination: dict[str, Any], target: Target, number: str | None) -> None:
    line.feed("OnRoutingStateChanged", routingState={"forwardRoutes": [route(None, destination)]})
    assert line.now.routing is not None
    assert line.now.routing.forward == Forward(condition=Condition.IMMEDIATE, target=target, number=number)


def test_do_not_disturb_and_the_remote_extension_stay_where_they_are_left_out(line: Line) -> None:
    mobile = {"presentationRoutes": [{"destinations": [{"type": "MOBILE", "selected": True}]}]}
    line.feed("OnRoutingStateChanged", routingState={"dndState": {"activate": True}, **mobile})
    assert line.now.routing == Routing(do_not_disturb=True, remote_extension=True)
    line.quiet("OnRoutingStateChanged", routingState={"dndState": {}})
    line.quiet("OnRoutingStateChanged", routingState={})
    line.feed("OnRoutingStateChanged", routingState={"dndState": {"activate": False}})
    assert line.now.routing == Routing(do_not_disturb=False, remote_extension=True)
    line.feed(
        "OnRoutingStateChanged",
        routingState={"presentationRoutes": [{"destinations": [{"type": "OFFICE"}, {"type": "MOBILE"}]}, {}]},
    )
    assert line.now.routing == Routing(do_not_disturb=False, remote_extension=False)


def test_every_counter(line: Line) -> None:
    told = {
        "missedCallsNb": 1,
        "voiceMessagesNb": 2,
        "callBackRequestsNb": 3,
        "faxNb": 4,
        "newTextNb": 5,
        "oldTextNb": 6,
        "eventWaiting": True,
    }
    line.feed("OnEventSummaryUpdated", eventSummary=told)
    counters = Counters(
        missed_calls=1, voicemails=2, callback_requests=3, faxes=4, new_texts=5, old_texts=6, waiting=True
    )
    assert line.now.counters == counters
    assert line.kinds() == [LineChanged]
    line.quiet("OnEventSummaryUpdated", eventSummary={})
    line.quiet("OnEventSummaryUpdated", eventSummary=told)
    for name, field in zip(told, counters.__struct_fields__, strict=True):
        line.feed("OnEventSummaryUpdated", eventSummary={name: 0 if name != "eventWaiting" else False})
        counters = replace(counters, **{field: 0 if name != "eventWaiting" else False})
        assert line.now.counters == counters


def test_a_hunting_group_that_says_nothing(line: Line) -> None:
    line.quiet("OnDynamicStateChanged", huntingGroupState={})
    line.feed("OnDynamicStateChanged", huntingGroupState={"logon": False})
    assert line.now.hunting_group_logged_on is False
    line.quiet("OnDynamicStateChanged", huntingGroupState={"logon": False})


def test_what_a_user_is(line: Line) -> None:
    told = {
        "loginName": LOGIN,
        "companyPhone": "1000",
        "firstName": "Own",
        "lastName": "Self",
        "nodeId": "3",
        "voicemail": {"number": "5000"},
        "devices": [{"type": "DESKPHONE", "id": "1000", "subType": "NOE"}, {"id": "6000"}, {"type": "MOBILE"}],
    }
    line.feed("OnUserInfoChanged", user=told)
    devices = (Device(id="1000", kind="DESKPHONE", sub_kind="NOE"), Device(id="6000"))
    assert line.now == replace(
        new_line(LOGIN), number="1000", name="Own Self", node="3", voicemail_number="5000", devices=devices
    )
    line.quiet("OnUserInfoChanged", user=told)
    line.feed("OnDeviceStateModified", deviceStates=[{"deviceId": "6000", "state": "OUT_OF_SERVICE"}])
    line.feed("OnUserInfoChanged", user={"devices": [{"id": "6000", "type": "MOBILE"}]})
    assert line.now.devices == (Device(id="6000", kind="MOBILE", state=DeviceState.OUT_OF_SERVICE),)
    assert line.now.voicemail_number is None, "no mailbox any more"
    assert (line.now.number, line.now.name, line.now.node) == ("1000", "Own Self", "3"), "left out is not told"
    assert line.now.state is LineState.OUT_OF_SERVICE
    changed = line.told[-1]
    assert isinstance(changed, LineChanged)
    assert changed.changed == {"devices", "voicemail_number", "state"}
    line.quiet("OnUserInfoChanged", user={"devices": []})


def test_features(line: Line) -> None:
    after, events = with_features(line.now, frozenset({Feature.DIAL}), START)
    assert after == replace(line.now, features=frozenset({Feature.DIAL}))
    check_events(line.now, after, events, START)
    assert with_features(after, frozenset({Feature.DIAL}), START) == (after, ())


# ------------------------------------------------------------------------ agents, log


def test_an_agent_from_log_on_to_no_agent(line: Line) -> None:
    line.quiet("OnAgentStateChanged")
    told = {"mainState": "LOG_ON", "subState": "READY", "pgNumber": "70", "proAcdDeviceNumber": "1000"}
    line.feed("OnAgentStateChanged", state=told)
    ready = AgentSnapshot(state=AgentState.READY, group="70", device="1000", withdrawn=False)
    assert line.now.agent == ready
    assert line.told[0] == AgentChanged(at=line.clock, line=LOGIN, agent=ready, previous=None)
    assert line.kinds() == [AgentChanged, LineChanged]
    line.quiet("OnAgentStateChanged", state=told)
    line.feed("OnAgentStateChanged", state={**told, "subState": "WITHDRAW", "withdrawReason": 3})
    withdrawn = replace(ready, state=AgentState.WITHDRAWN, withdrawn=True, withdraw_reason=3)
    assert line.told[0] == AgentChanged(at=line.clock, line=LOGIN, agent=withdrawn, previous=ready)

    before = line.now
    config = AgentConfig(headset=True)
    line.now, events = agent_config(before, config, line.clock)
    supplied = replace(withdrawn, headset=True)
    assert line.now.agent == supplied, "what it does stays"
    check_events(before, line.now, events, line.clock)
    assert events[0] == AgentChanged(at=line.clock, line=LOGIN, agent=supplied, previous=withdrawn)
    assert agent_config(line.now, config, line.clock) == (line.now, ())
    line.feed("OnAgentStateChanged", state=told)
    assert line.now.agent == replace(ready, headset=True), "what it is stays"

    before = line.now
    line.now, events = no_agent(before, line.clock)
    assert line.now.agent is None
    check_events(before, line.now, events, line.clock)
    assert [type(one) for one in events] == [LineChanged]
    assert no_agent(line.now, line.clock) == (line.now, ())


def test_what_an_agent_is(line: Line) -> None:
    body = {
        "type": "SUPERVISOR",
        "processingGroups": {"preferred": "70", "groups": ["70", "71"]},
        "selfAssign": True,
        "headset": True,
        "help": True,
        "multiline": True,
        "skills": {"skills": [{"number": 1, "level": 2, "active": True}, {"level": 3}]},
    }
    config = msgspec.json.decode(json.dumps(body).encode(), type=AgentConfig)
    after, events = agent_config(line.now, config, line.clock)
    agent = AgentSnapshot(
        supervisor=True,
        groups=("70", "71"),
        preferred_group="70",
        skills=(Skill(number=1, level=2, active=True),),
        may_choose_group=True,
        headset=True,
        help=True,
        multiline=True,
    )
    assert after.agent == agent
    assert events[0] == AgentChanged(at=line.clock, line=LOGIN, agent=agent, previous=None)
    check_events(line.now, after, events, line.clock)


def test_calls_for_help(line: Line) -> None:
    assert line.feed("OnSupervisorHelpRequested", agentNumber="1001") == (
        HelpRequested(at=line.clock, line=LOGIN, number="1001"),
    )
    assert line.feed("OnSupervisorHelpCancelled", agentNumber="1001") == (
        HelpCancelled(at=line.clock, line=LOGIN, number="1001"),
    )


@pytest.mark.parametrize(
    ("name", "change"), [("OnComRecordCreated", LogChange.ADDED), ("OnComRecordModified", LogChange.CHANGED)]
)
def test_a_record_of_the_log(line: Line, name: str, change: LogChange) -> None:
    line.quiet(name)
    line.quiet(name, record={"comRef": "c1"})
    (event,) = line.feed(name, record={"recordId": 7, "comRef": "c1", "acknowledged": True})
    assert isinstance(event, LogChanged)
    assert (event.at, event.line, event.change, event.ids) == (line.clock, LOGIN, change, (7,))
    assert event.record is not None
    assert (event.record.id, event.record.ref, event.record.acknowledged) == (7, "c1", True)
    own = {"role": "CALLER", "identity": {"id": {"loginName": LOGIN}}}
    (event,) = line.feed(name, record={"recordId": 7, "participants": [own]})
    assert isinstance(event, LogChanged)
    assert event.record is not None
    assert (event.record.direction, event.record.parties) == (Direction.OUTGOING, ())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("OnComRecordsAck", LogChange.ACKNOWLEDGED),
        ("OnComRecordsUnAck", LogChange.UNACKNOWLEDGED),
        ("OnComRecordsDeleted", LogChange.DELETED),
    ],
)
def test_marks_in_the_log(line: Line, name: str, change: LogChange) -> None:
    assert line.feed(name, recordIds=[1, 2]) == (LogChanged(at=line.clock, line=LOGIN, change=change, ids=(1, 2)),)


def test_an_event_that_is_of_no_line_changes_none(line: Line) -> None:
    line.quiet("OnSomethingNew")
