"""The reducer: every rule of the model, from wire events alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from aiopbx import (
    Action,
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallStarted,
    CallState,
    Condition,
    Counters,
    DeviceState,
    Direction,
    Event,
    Forward,
    LineChanged,
    LineSnapshot,
    LineState,
    Outcome,
    Overflow,
    Party,
    PartyKind,
    Recording,
    Target,
)
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.reducer import new_line, reduce, stale

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
BOB = {
    "participantId": "p2",
    "identity": {"id": {"phoneNumber": "1002"}, "firstName": "Bob", "lastName": "Keller", "type": {"main": "USER"}},
}


class Wire:
    """A line that is fed wire events, one second apart, and remembers what subscribers were told."""

    def __init__(self) -> None:
        self.line: LineSnapshot = new_line(LOGIN)
        self.now = START
        self.told: list[Event] = []
        self.states: list[LineState] = [self.line.state]
        self._decode = EventDecoder().decode

    def feed(self, name: str, **fields: Any) -> tuple[Event, ...]:
        self.now += timedelta(seconds=1)
        body = {"eventName": name, "loginName": LOGIN, **fields}
        event = self._decode(json.dumps(body).encode())
        assert event is not None
        before = self.line
        self.line, told = reduce(self.line, event, self.now)
        if not told:
            assert self.line in (before, stale(before)) or stale(self.line) == stale(before), "a silent change"
        self.told.extend(told)
        if self.line.state is not self.states[-1]:
            self.states.append(self.line.state)
        return told

    def created(self, ref: str = "c1", state: str = "RINGING_INCOMING", **more: Any) -> CallSnapshot:
        call = {"state": state, "capabilities": more.pop("call", {}), **more.pop("data", {})}
        legs = [{"deviceId": "1000", "state": state, "capabilities": more.pop("leg", {})}]
        self.feed(
            "OnCallCreated", callRef=ref, callData=call, legs=legs, participants=more.pop("with_", [ALICE]), **more
        )
        return self.call(ref)

    def modified(self, ref: str = "c1", state: str | None = None, **more: Any) -> CallSnapshot:
        fields: dict[str, Any] = {"callRef": ref}
        if state is not None or "call" in more or "data" in more:
            fields["callData"] = {"capabilities": more.pop("call", {}), **more.pop("data", {})}
            if state is not None:
                fields["callData"]["state"] = state
        if "leg" in more or state is not None:
            fields["modifiedLegs"] = [
                {"deviceId": "1000", "state": state or "ACTIVE", "capabilities": more.pop("leg", {})}
            ]
        self.feed("OnCallModified", **fields, **more)
        return self.call(ref)

    def removed(self, ref: str = "c1", **more: Any) -> CallSnapshot:
        told = self.feed("OnCallRemoved", callRef=ref, **more)
        ended = [event.call for event in told if isinstance(event, CallEnded)]
        assert len(ended) == 1
        return ended[0]

    def call(self, ref: str) -> CallSnapshot:
        call = self.line.call(ref)
        assert call is not None
        return call

    def snapshot(self, *calls: dict[str, Any], **more: Any) -> tuple[Event, ...]:
        return self.feed("OnTelephonyState", state={"calls": list(calls), **more})

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


@pytest.fixture
def wire() -> Wire:
    return Wire()


# ------------------------------------------------------------------------------------------------ the life of a call


def test_incoming_call_from_ring_to_end(wire: Wire) -> None:
    ringing = wire.created(leg={"answer": True}, call={"terminate": True})
    assert (ringing.state, ringing.direction) == (CallState.RINGING_INCOMING, Direction.INCOMING)
    assert (ringing.party.label if ringing.party else None) == "Alice Martin"
    assert ringing.started_at == START + timedelta(seconds=1)
    assert ringing.answered_at is None
    active = wire.modified(state="ACTIVE", leg={"drop": True, "hold": True})
    assert active.answered
    assert active.answered_at == START + timedelta(seconds=2)
    wire.modified(state="HELD", leg={"retrieve": True})
    again = wire.modified(state="ACTIVE", leg={"hold": True})
    assert again.answered_at == active.answered_at
    wire.modified(state="RELEASING", removedParticipantIds=["p1"])
    ended = wire.removed()
    assert ended.outcome is Outcome.ANSWERED
    assert ended.ended_at == START + timedelta(seconds=6)
    assert ended.party is not None, "who it was is known to the end"
    assert ended.actions == frozenset()
    assert wire.line.calls == ()
    assert wire.states == ["idle", "ringing_incoming", "active", "held", "active", "releasing", "idle"]
    assert len(wire.of(CallStarted)) == len(wire.of(CallEnded)) == 1
    assert {event.call.id for event in wire.told if hasattr(event, "call")} == {ringing.id}


def test_every_event_carries_the_snapshot_it_led_to(wire: Wire) -> None:
    wire.created()
    wire.modified(state="ACTIVE")
    started, first, changed, second = wire.told
    assert isinstance(started, CallStarted)
    assert isinstance(first, LineChanged)
    assert isinstance(changed, CallChanged)
    assert isinstance(second, LineChanged)
    assert first.snapshot.calls == (started.call,)
    assert first.changed == {"state", "calls"}
    assert (first.previous.state, first.snapshot.state) == (LineState.IDLE, LineState.RINGING_INCOMING)
    assert changed.previous == started.call
    assert second.snapshot == wire.line


@pytest.mark.parametrize(
    ("state", "initiator", "direction"),
    [
        ("RINGING_INCOMING", None, Direction.INCOMING),
        ("RINGING_INCOMING", "self", Direction.INCOMING),
        ("DIALING", None, Direction.OUTGOING),
        ("RINGING_OUTGOING", "p1", Direction.OUTGOING),
        ("ACTIVE", "p1", Direction.INCOMING),
        ("ACTIVE", "self", Direction.OUTGOING),
        ("ACTIVE", None, Direction.UNKNOWN),
        ("HELD", None, Direction.UNKNOWN),
        ("OFF_HOOK", None, Direction.UNKNOWN),
    ],
)
def test_direction(wire: Wire, state: str, initiator: str | None, direction: Direction) -> None:
    more = {} if initiator is None else {"initiator": initiator}
    assert wire.created(state=state, **more).direction is direction


# (first state, direction the wire tells, was it active, cause while releasing, cause of the removal) → outcome
OUTCOMES: list[tuple[str, bool, str | None, str | None, Outcome]] = [
    ("RINGING_INCOMING", True, None, None, Outcome.ANSWERED),
    ("RINGING_INCOMING", True, None, "CLEARED", Outcome.ANSWERED),
    ("RINGING_INCOMING", True, "CLEARED", None, Outcome.ANSWERED),
    ("RINGING_INCOMING", True, None, "ABANDONED", Outcome.ANSWERED),
    ("RINGING_INCOMING", True, None, "BUSY", Outcome.ANSWERED),
    ("RINGING_INCOMING", True, None, "TRANSFERRED", Outcome.TRANSFERRED),
    ("RINGING_INCOMING", True, "TRANSFERRED", None, Outcome.TRANSFERRED),
    ("RINGING_INCOMING", True, None, "CONFERENCED", Outcome.MERGED),
    ("RINGING_INCOMING", True, None, "PARKED", Outcome.PARKED),
    ("RINGING_INCOMING", True, None, "PARTICIPANT_LEFT", Outcome.ANSWERED),
    ("RINGING_INCOMING", False, None, None, Outcome.MISSED),
    ("RINGING_INCOMING", False, None, "ABANDONED", Outcome.MISSED),
    ("RINGING_INCOMING", False, "ABANDONED", None, Outcome.MISSED),
    ("RINGING_INCOMING", False, None, "NOT_ANSWERED", Outcome.MISSED),
    ("RINGING_INCOMING", False, None, "CLEARED", Outcome.MISSED),
    ("RINGING_INCOMING", False, None, "FORWARDED", Outcome.FORWARDED),
    ("RINGING_INCOMING", False, "FORWARDED", None, Outcome.FORWARDED),
    ("RINGING_INCOMING", False, None, "REDIRECTED", Outcome.FORWARDED),
    ("RINGING_INCOMING", False, None, "OVERFLOWN", Outcome.FORWARDED),
    ("RINGING_INCOMING", False, None, "PICKED_UP", Outcome.PICKED_UP),
    ("RINGING_INCOMING", False, "PICKED_UP", None, Outcome.PICKED_UP),
    ("RINGING_INCOMING", False, None, "PICKED_UP_TANDEM", Outcome.PICKED_UP),
    ("RINGING_INCOMING", False, None, "TRANSFERRED", Outcome.TRANSFERRED),
    ("RINGING_INCOMING", False, None, "SOMETHING_NEW", Outcome.MISSED),
    ("RINGING_OUTGOING", False, None, None, Outcome.CANCELLED),
    ("RINGING_OUTGOING", False, None, "ABANDONED", Outcome.CANCELLED),
    ("DIALING", False, None, "CLEARED", Outcome.CANCELLED),
    ("DIALING", False, "BUSY", None, Outcome.BUSY),
    ("RINGING_OUTGOING", False, None, "BUSY", Outcome.BUSY),
    ("DIALING", False, None, "INVALID_NUMBER", Outcome.FAILED),
    ("DIALING", False, None, "ALL_TRUNK_BUSY", Outcome.FAILED),
    ("DIALING", False, "DESTINATION_NOT_OBTAINABLE", "CLEARED", Outcome.CANCELLED),
    ("DIALING", False, "DESTINATION_NOT_OBTAINABLE", None, Outcome.FAILED),
    ("DIALING", False, None, "RESOURCES_NOT_AVAILABLE", Outcome.FAILED),
    ("RINGING_OUTGOING", False, None, "NOT_ANSWERED", Outcome.NO_ANSWER),
    ("RINGING_OUTGOING", False, None, "DO_NOT_DISTURB", Outcome.REJECTED),
    ("RINGING_OUTGOING", True, None, None, Outcome.ANSWERED),
    ("RINGING_OUTGOING", True, None, "SOMETHING_NEW", Outcome.ANSWERED),
    ("OFF_HOOK", False, None, None, Outcome.UNKNOWN),
]


@pytest.mark.parametrize(("first", "talked", "releasing", "removal", "outcome"), OUTCOMES)
def test_outcome(
    wire: Wire, first: str, talked: bool, releasing: str | None, removal: str | None, outcome: Outcome
) -> None:
    wire.created(state=first)
    if talked:
        wire.modified(state="ACTIVE")
    if releasing is not None:
        wire.modified(state="RELEASING", cause=releasing)
    ended = wire.removed(**({} if removal is None else {"cause": removal}))
    assert ended.outcome is outcome
    assert ended.cause == (removal or releasing)


def test_a_cause_of_the_beginning_does_not_decide_the_end(wire: Wire) -> None:
    wire.created(cause="FORWARDED")
    wire.modified(state="RELEASING")
    assert wire.removed().outcome is Outcome.MISSED
    wire.created("c2", state="RINGING_OUTGOING")
    wire.modified("c2", cause="FORWARDED", call={"terminate": True})
    assert wire.removed("c2").outcome is Outcome.CANCELLED


def test_a_diversion_that_comes_before_the_release_decides(wire: Wire) -> None:
    wire.created()
    wire.modified(cause="REDIRECTED", call={})
    ended = wire.removed(newDestination="1003")
    assert ended.outcome is Outcome.FORWARDED
    assert ended.new_destination == "1003"


def test_a_busy_tone_is_not_an_answer(wire: Wire) -> None:
    wire.created(state="DIALING")
    tone = wire.modified(state="ACTIVE", cause="BUSY")
    assert not tone.answered
    assert wire.removed().outcome is Outcome.BUSY


def test_camped_on_and_then_answered(wire: Wire) -> None:
    wire.created(state="RINGING_OUTGOING")
    wire.modified(cause="BUSY", call={})
    wire.modified(state="ACTIVE")
    assert wire.removed().outcome is Outcome.ANSWERED


# ------------------------------------------------------------------------------------------------------- the actions

CALL_CAPABILITIES = {
    "transfer": Action.TRANSFER,
    "blindTransfer": Action.BLIND_TRANSFER,
    "merge": Action.MERGE,
    "redirect": Action.REDIRECT,
    "pickedUp": Action.PICK_UP,
    "redirectToVoiceMail": Action.REDIRECT_TO_VOICEMAIL,
    "redirectToDVA": Action.REDIRECT_TO_DVA,
    "overflowToVoiceMail": Action.OVERFLOW_TO_VOICEMAIL,
    "dropMe": Action.HANG_UP,
    "callBack": Action.CALL_BACK,
    "intrusion": Action.INTRUDE,
    "park": Action.PARK,
    "startRecord": Action.START_RECORDING,
    "stopRecord": Action.STOP_RECORDING,
    "pauseRecord": Action.PAUSE_RECORDING,
    "resumeRecord": Action.RESUME_RECORDING,
    "dropParticipant": Action.DROP_PARTICIPANT,
}
LEG_CAPABILITIES = {
    "answer": Action.ANSWER,
    "drop": Action.HANG_UP,
    "hold": Action.HOLD,
    "retrieve": Action.RETRIEVE,
    "reconnect": Action.RECONNECT,
    "sendDtmf": Action.SEND_DTMF,
    "switchDevice": Action.SWITCH_DEVICE,
}
NEVER = ["addDevice", "addParticipant", "intruded", "reject", "muteParticipant", "holdParticipant"]
NEVER_OF_A_LEG = ["mute", "unMute"]


@pytest.mark.parametrize(("capability", "action"), CALL_CAPABILITIES.items())
def test_capability_of_a_call(wire: Wire, capability: str, action: Action) -> None:
    call = wire.created(call={capability: True})
    assert call.actions == call.own_actions == {action}


@pytest.mark.parametrize(("capability", "action"), LEG_CAPABILITIES.items())
def test_capability_of_a_leg(wire: Wire, capability: str, action: Action) -> None:
    call = wire.created(leg={capability: True})
    assert call.legs[0].actions == {action} == call.actions
    assert call.own_actions == frozenset()


@pytest.mark.parametrize("capability", NEVER)
def test_capability_without_operation_is_no_action(wire: Wire, capability: str) -> None:
    assert wire.created(call={capability: True}).actions == frozenset()


@pytest.mark.parametrize("capability", NEVER_OF_A_LEG)
def test_capability_of_a_leg_without_operation_is_no_action(wire: Wire, capability: str) -> None:
    assert wire.created(leg={capability: True}).actions == frozenset()


def test_capabilities_replace_the_former_ones_whole(wire: Wire) -> None:
    wire.created(call={"redirect": True, "dropMe": True}, leg={"answer": True})
    call = wire.modified(state="ACTIVE", call={"park": True}, leg={"hold": True})
    assert call.actions == {Action.PARK, Action.HOLD}


def test_what_a_delta_leaves_out_is_unchanged(wire: Wire) -> None:
    wire.created(call={"redirect": True}, leg={"answer": True})
    wire.feed("OnCallModified", callRef="c1", modifiedLegs=[{"deviceId": "1000", "state": "ACTIVE"}])
    assert wire.call("c1").actions == {Action.REDIRECT, Action.ANSWER}
    wire.feed("OnCallModified", callRef="c1", callData={"state": "ACTIVE"}, modifiedLegs=[], deviceCapabilities=[])
    assert wire.call("c1").actions == {Action.REDIRECT, Action.ANSWER}
    wire.feed("OnCallModified", callRef="c1")
    assert wire.call("c1").legs[0].state is CallState.ACTIVE


def test_end_is_what_hang_up_falls_back_to_in_a_call_of_two(wire: Wire) -> None:
    call = wire.created(call={"terminate": True}, leg={"answer": True})
    assert call.actions == {Action.END, Action.HANG_UP, Action.ANSWER}
    assert Action.HANG_UP not in call.own_actions
    conference = wire.modified(state="ACTIVE", call={"terminate": True}, addedParticipants=[BOB])
    assert conference.conference
    assert conference.actions == {Action.END}
    both = wire.modified(call={"terminate": True, "dropMe": True})
    assert both.actions == {Action.END, Action.HANG_UP}
    assert Action.HANG_UP in both.own_actions


def test_consult_is_offered_where_the_device_of_an_active_call_may_dial(wire: Wire) -> None:
    wire.created(state="ACTIVE", deviceCapabilities=[{"deviceId": "1000", "makeCall": True}])
    assert Action.CONSULT in wire.call("c1").actions
    wire.modified(state="HELD", leg={"retrieve": True})
    assert Action.CONSULT not in wire.call("c1").actions
    wire.modified(state="ACTIVE", deviceCapabilities=[{"deviceId": "1000"}])
    assert Action.CONSULT not in wire.call("c1").actions
    wire.feed("OnCallModified", callRef="c1", deviceCapabilities=[{"deviceId": "2000", "makeCall": True}])
    assert Action.CONSULT not in wire.call("c1").actions, "another device than that of the call"


def test_alternate_is_offered_on_the_held_call_while_another_is_active(wire: Wire) -> None:
    wire.created(state="ACTIVE")
    wire.modified(state="HELD", leg={"retrieve": True})
    assert wire.call("c1").actions == {Action.RETRIEVE}
    wire.created("c2", state="RINGING_OUTGOING", with_=[BOB])
    assert Action.ALTERNATE not in wire.call("c1").actions
    wire.modified("c2", state="ACTIVE")
    assert wire.call("c1").actions == {Action.RETRIEVE, Action.ALTERNATE}
    assert Action.ALTERNATE not in wire.call("c2").actions
    changed = [event for event in wire.told if isinstance(event, CallChanged) and event.call.ref == "c1"]
    assert Action.ALTERNATE in changed[-1].call.actions, "subscribers are told of it"
    wire.removed("c2")
    assert wire.call("c1").actions == {Action.RETRIEVE}


def test_device_capabilities(wire: Wire) -> None:
    everything = {"makeCall": True, "makeBusinessCall": True, "makePrivateCall": True, "unParkCall": True}
    wire.created(deviceCapabilities=[{"deviceId": "1000", **everything}, {"deviceId": "6000", "makeCall": True}])
    first, second = wire.line.devices
    assert first.actions == {Action.DIAL, Action.DIAL_BUSINESS, Action.DIAL_PRIVATE, Action.UNPARK}
    assert second.actions == {Action.DIAL}
    wire.feed("OnCallModified", callRef="c1", deviceCapabilities=[{"deviceId": "6000"}])
    assert wire.line.devices[0].actions == first.actions
    assert wire.line.devices[1].actions == frozenset()
    assert wire.of(LineChanged)[-1].changed == {"devices"}
    before = wire.line
    wire.feed("OnCallModified", callRef="c1", deviceCapabilities=[])
    assert wire.line is before


# ------------------------------------------------------------------------------------------------- renaming, merging


def test_previous_call_ref_renames(wire: Wire) -> None:
    first = wire.created(state="ACTIVE")
    wire.feed(
        "OnCallModified",
        callRef="c9",
        previousCallRef="c1",
        cause="TRANSFERRED",
        removedParticipantIds=["p1"],
        addedParticipants=[BOB],
    )
    (call,) = wire.line.calls
    assert (call.id, call.ref) == (first.id, "c9")
    assert [party.name for party in call.parties] == ["Bob Keller"]
    assert call.answered_at == first.answered_at
    assert not wire.of(CallEnded)
    assert wire.removed("c9").outcome is Outcome.ANSWERED


def test_a_rename_to_a_call_that_is_known_ends_the_other_one(wire: Wire) -> None:
    held = wire.created(state="ACTIVE")
    wire.modified(state="HELD")
    second = wire.created("c2", state="ACTIVE", with_=[BOB])
    wire.modified("c1", state="ACTIVE", previousCallRef="c2", cause="CONFERENCED", addedParticipants=[BOB])
    (call,) = wire.line.calls
    assert call.id == held.id
    assert call.conference
    (ended,) = wire.of(CallEnded)
    assert (ended.call.id, ended.call.outcome, ended.call.replaced_by) == (second.id, Outcome.MERGED, "c1")


def test_a_previous_ref_that_nobody_knows_is_a_new_call(wire: Wire) -> None:
    call = wire.modified("c9", state="ACTIVE", previousCallRef="c1", addedParticipants=[BOB])
    assert call.started_at is None
    assert call.answered
    assert call.answered_at is None
    assert call.direction is Direction.UNKNOWN


def test_replaced_by_a_call_elsewhere_ends_with_a_hint(wire: Wire) -> None:
    wire.created(state="ACTIVE")
    call = wire.modified(state="RELEASING", replacedByCallRef="c9", cause="TRANSFERRED")
    assert (call.ref, call.replaced_by) == ("c1", "c9")
    ended = wire.removed()
    assert (ended.outcome, ended.replaced_by) == (Outcome.TRANSFERRED, "c9")
    assert wire.line.state is LineState.IDLE, "no call that is not on this line keeps it busy"


def test_replaced_by_a_call_that_then_comes_is_a_rename(wire: Wire) -> None:
    first = wire.created(state="ACTIVE")
    wire.modified(state="RELEASING", replacedByCallRef="c9")
    call = wire.created("c9", state="ACTIVE", with_=[BOB])
    assert call.id == first.id
    wire.feed("OnCallRemoved", callRef="c1")
    assert len(wire.line.calls) == 1
    assert not wire.of(CallEnded)
    assert len(wire.of(CallStarted)) == 1


def test_replaced_by_a_call_that_is_known_ends_when_it_is_removed(wire: Wire) -> None:
    wire.created(state="ACTIVE")
    wire.created("c2", state="ACTIVE", with_=[BOB])
    wire.modified("c1", state="RELEASING", replacedByCallRef="c2", cause="CONFERENCED")
    ended = wire.removed("c1")
    assert (ended.outcome, ended.replaced_by) == (Outcome.MERGED, "c2")
    assert [call.ref for call in wire.line.calls] == ["c2"]


def test_a_reference_used_again_is_another_call(wire: Wire) -> None:
    first = wire.created(state="ACTIVE")
    wire.feed("OnCallModified", callRef="c9", previousCallRef="c1")
    second = wire.created("c1", with_=[BOB])
    assert first.id != second.id
    assert len({call.id for call in wire.line.calls}) == 2


def test_created_twice_is_one_call(wire: Wire) -> None:
    wire.created(state="RINGING_INCOMING")
    told = len(wire.told)
    wire.created(state="RINGING_INCOMING")
    assert len(wire.told) == told, "nothing new"
    wire.created(state="ACTIVE")
    assert len(wire.line.calls) == 1
    assert len(wire.of(CallStarted)) == 1


def test_a_late_word_of_a_call_that_is_gone_does_not_bring_it_back(wire: Wire) -> None:
    wire.created()
    wire.removed()
    wire.feed("OnCallModified", callRef="c1", callData={"state": "RELEASING"})
    wire.feed("OnCallModified", callRef="c1", callData={"capabilities": {"terminate": True}})
    wire.feed("OnCallRemoved", callRef="c1")
    assert wire.line.calls == ()
    assert len(wire.of(CallEnded)) == 1


# --------------------------------------------------------------------------------------------------- parties and legs


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"firstName": "SE19140", "lastName": "SE19140"}, "SE19140"),
        ({"firstName": "Ann", "lastName": "Alder"}, "Ann Alder"),
        ({"lastName": "Alder"}, "Alder"),
        ({"firstName": "Ann", "lastName": ""}, "Ann"),
        ({"displayName": "Front desk"}, "Front desk"),
        ({"firstName": "Ann", "displayName": "Front desk"}, "Ann"),
        ({}, None),
    ],
)
def test_names(wire: Wire, identity: dict[str, Any], name: str | None) -> None:
    call = wire.created(with_=[{"participantId": "p1", "identity": {"id": {"phoneNumber": "1001"}, **identity}}])
    assert call.party is not None
    assert call.party.name == name
    assert call.party.label == (name or "1001")


def test_an_anonymous_and_undroppable_party(wire: Wire) -> None:
    party = {"participantId": "p1", "anonymous": True, "undroppable": True, "identity": {"type": {"main": "EXTERNAL"}}}
    call = wire.created(with_=[party])
    assert call.party is not None
    assert (call.party.anonymous, call.party.droppable, call.party.label) == (True, False, "anonymous")
    assert call.party.kind is PartyKind.EXTERNAL


def test_a_modified_party_keeps_what_is_left_out(wire: Wire) -> None:
    wire.created(state="ACTIVE", with_=[ALICE, BOB])
    call = wire.modified(modifiedParticipants=[{"participantId": "p1", "undroppable": True}])
    assert [party.name for party in call.parties] == ["Alice Martin", "Bob Keller"]
    assert [party.droppable for party in call.parties] == [False, True]


def test_parties_come_and_go(wire: Wire) -> None:
    wire.created(state="ACTIVE")
    wire.modified(addedParticipants=[BOB])
    assert wire.call("c1").conference
    wire.modified(removedParticipantIds=["p1"], cause="PARTICIPANT_LEFT")
    assert [party.name for party in wire.call("c1").parties] == ["Bob Keller"]


def test_legs_come_and_go(wire: Wire) -> None:
    wire.created(leg={"answer": True})
    mobile = {"deviceId": "6000", "state": "RINGING_INCOMING", "capabilities": {"answer": True}}
    wire.feed("OnCallModified", callRef="c1", addedLegs=[mobile])
    assert [leg.device for leg in wire.call("c1").legs] == ["1000", "6000"]
    wire.feed("OnCallModified", callRef="c1", removedLegs=[{"deviceId": "1000", "state": "RELEASING"}])
    (leg,) = wire.call("c1").legs
    assert leg.device == "6000"
    assert wire.call("c1").actions == {Action.ANSWER}


def test_remote_ringing(wire: Wire) -> None:
    wire.feed(
        "OnCallCreated",
        callRef="c1",
        callData={"state": "RINGING_OUTGOING"},
        legs=[{"deviceId": "1000", "state": "RINGING_OUTGOING", "ringingRemote": True}],
    )
    assert wire.call("c1").legs[0].remote_ringing


def test_data_of_a_call(wire: Wire) -> None:
    call = wire.created(
        state="ACTIVE",
        data={
            "initialCalled": {"id": {"phoneNumber": "1000"}, "firstName": "Own", "lastName": "Self"},
            "anonymous": True,
            "associateData": "order 7",
            "accountInfo": "42",
            "recordState": "RECORDING",
            "acdCallData": {"callInfo": {"queueWaitingTime": 12}},
        },
    )
    assert call.called is not None
    assert (call.called.number, call.called.name) == ("1000", "Own Self")
    assert (call.anonymous, call.associated_data, call.account_info, call.queue_wait) == (True, "order 7", "42", 12)
    assert call.recording is Recording.RECORDING
    call = wire.modified(data={"recordState": "PAUSED", "associatedData": "order 8"})
    assert (call.recording, call.associated_data) == (Recording.PAUSED, "order 8")
    call = wire.modified(data={"state": "ACTIVE"})
    assert call.recording is None, "a recording is only told while there is one"
    assert call.associated_data == "order 8", "what was attached stays"


# ------------------------------------------------------------------------------------------------------- the line


def test_the_end_of_one_call_does_not_hide_the_other(wire: Wire) -> None:
    wire.created(state="ACTIVE")
    wire.created("c2", with_=[BOB])
    assert wire.line.state is LineState.ACTIVE
    wire.modified("c2", state="RELEASING")
    wire.removed("c2")
    assert wire.line.state is LineState.ACTIVE
    wire.modified("c1", state="HELD")
    wire.created("c3", with_=[BOB])
    assert wire.line.state is LineState.RINGING_INCOMING


def test_busy_counts_only_while_no_call_is_seen(wire: Wire) -> None:
    wire.feed("OnUserStateModified", state="BUSY")
    assert wire.line.state is LineState.BUSY
    wire.feed("OnUserStateModified", state="FREE")
    assert wire.line.state is LineState.IDLE
    wire.created(state="ACTIVE")
    wire.feed("OnUserStateModified", state="BUSY")
    assert wire.line.state is LineState.ACTIVE
    wire.removed()
    assert wire.line.state is LineState.IDLE, "the word of the user comes after the call"
    wire.feed("OnUserStateModified", state="SOMETHING_NEW")
    wire.feed("OnUserStateModified")
    assert wire.line.state is LineState.IDLE


def test_a_line_that_was_busy_before_its_call_is_busy_after_it(wire: Wire) -> None:
    wire.feed("OnUserStateModified", state="BUSY")  # off hook
    wire.created(state="DIALING")
    wire.feed("OnUserStateModified", state="BUSY")
    wire.modified(state="RINGING_OUTGOING")
    wire.modified(state="RELEASING")
    wire.removed()
    assert wire.line.state is LineState.BUSY, "still off hook"
    assert wire.of(LineChanged)[-1].changed == {"state", "calls"}
    wire.feed("OnUserStateModified", state="FREE")
    assert wire.line.state is LineState.IDLE
    assert wire.states == ["idle", "busy", "dialing", "ringing_outgoing", "releasing", "busy", "idle"]


def test_free_in_a_call_ends_what_was_before_it(wire: Wire) -> None:
    wire.feed("OnUserStateModified", state="BUSY")
    wire.created(state="ACTIVE")
    wire.feed("OnUserStateModified", state="FREE")
    assert wire.line.state is LineState.ACTIVE
    assert wire.told[-1].changed == {"busy"}  # type: ignore[attr-defined]
    wire.feed("OnUserStateModified", state="BUSY")
    wire.removed()
    assert wire.line.state is LineState.IDLE


def test_a_call_that_says_little_on_a_line_that_was_busy(wire: Wire) -> None:
    wire.feed("OnUserStateModified", state="BUSY")
    wire.created(state="OFF_HOOK")
    wire.removed()
    assert wire.line.state is LineState.BUSY
    assert [state for state in wire.states if state != "busy"] == ["idle"]
    assert not any("state" in one.changed for one in wire.of(LineChanged)[1:]), "no change of state is told"


@pytest.mark.parametrize(
    ("before", "synced", "calls", "told", "busy"),
    [
        (True, True, ["c1"], None, True),
        (True, True, ["c1"], "BUSY", True),
        (True, True, ["c1"], "FREE", False),
        (True, False, ["c1"], "BUSY", False),  # perhaps because of the call
        (True, False, ["c1"], None, False),
        (False, True, ["c1"], "BUSY", False),
        (True, True, [], None, True),
        (True, False, [], None, False),
        (False, False, [], "BUSY", True),
        (True, True, [], "FREE", False),
        (True, True, [], "UNKNOWN", False),
    ],
)
def test_what_a_snapshot_says_of_a_user_who_was_busy(
    wire: Wire, before: bool, synced: bool, calls: list[str], told: str | None, busy: bool
) -> None:
    wire.snapshot()
    if before:
        wire.feed("OnUserStateModified", state="BUSY")
    if not synced:
        wire.line = stale(wire.line)
    wire.snapshot(*(told_call(ref, "ACTIVE") for ref in calls), **({"userState": told} if told else {}))
    for ref in calls:
        assert wire.line.state is LineState.ACTIVE
        wire.removed(ref)
    assert wire.line.state is (LineState.BUSY if busy else LineState.IDLE)


@pytest.mark.parametrize("state", ["OFF_HOOK", "IDLE", "UNKNOWN", "SOMETHING_NEW"])
def test_a_state_that_says_little_is_unknown_and_the_line_busy(wire: Wire, state: str) -> None:
    assert wire.created(state=state).state is CallState.UNKNOWN
    assert wire.line.state is LineState.BUSY


def test_device_states(wire: Wire) -> None:
    assert wire.line.in_service is None
    wire.feed("OnDeviceStateModified", deviceStates=[{"deviceId": "1000", "state": "OUT_OF_SERVICE"}])
    assert wire.line.state is LineState.OUT_OF_SERVICE
    assert wire.line.in_service is False
    wire.feed("OnDeviceStateModified", deviceStates=[{"deviceId": "6000", "state": "IN_SERVICE"}])
    assert wire.line.state is LineState.IDLE
    assert wire.line.in_service is True
    assert wire.of(LineChanged)[-1].changed == {"devices", "state"}
    wire.feed(
        "OnDeviceStateModified", deviceStates=[{"deviceId": "6000", "state": "SOMETHING_NEW"}, {"state": "UNKNOWN"}]
    )
    assert wire.line.devices[1].state is DeviceState.UNKNOWN


def test_hunting_group(wire: Wire) -> None:
    wire.feed("OnDynamicStateChanged", huntingGroupState={"logon": True})
    assert wire.line.hunting_group_logged_on is True
    wire.feed("OnDynamicStateChanged")
    assert wire.line.hunting_group_logged_on is True
    assert len(wire.told) == 1


ROUTES: list[tuple[dict[str, Any], Forward | None]] = [
    ({}, None),
    ({"forwardRoutes": []}, None),
    ({"forwardRoutes": [{"forwardType": "BUSY", "destinations": []}]}, None),
    (
        {"forwardRoutes": [{"destinations": [{"type": "NUMBER", "number": "1003"}]}]},
        Forward(condition=Condition.IMMEDIATE, target=Target.NUMBER, number="1003"),
    ),
    (
        {"forwardRoutes": [{"forwardType": "NO_ANSWER", "destinations": [{"type": "VOICEMAIL", "number": "5000"}]}]},
        Forward(condition=Condition.NO_ANSWER, target=Target.VOICEMAIL, number="5000"),
    ),
    (
        {"forwardRoutes": [{"forwardType": "SOMETHING_NEW", "destinations": [{"type": "SOMETHING_NEW"}]}]},
        Forward(condition=Condition.UNKNOWN, target=Target.UNKNOWN),
    ),
]


@pytest.mark.parametrize(("state", "forward"), ROUTES)
def test_forward(wire: Wire, state: dict[str, Any], forward: Forward | None) -> None:
    wire.feed("OnRoutingStateChanged", routingState=state)
    assert wire.line.routing is not None
    assert wire.line.routing.forward == forward


def test_routing(wire: Wire) -> None:
    assert wire.line.routing is None
    presented = [{"destinations": [{"type": "OFFICE", "selected": True}, {"type": "MOBILE", "selected": False}]}]
    wire.feed(
        "OnRoutingStateChanged",
        routingState={
            "presentationRoutes": presented,
            "overflowRoutes": [{"overflowType": "BUSY_NO_ANSWER", "destinations": [{"type": "ASSOCIATE"}]}],
            "dndState": {"activate": True},
        },
    )
    routing = wire.line.routing
    assert routing is not None
    assert (routing.do_not_disturb, routing.remote_extension) == (True, False)
    assert routing.overflow == Overflow(condition=Condition.BUSY_NO_ANSWER, target=Target.ASSOCIATE)
    wire.feed("OnRoutingStateChanged", routingState={})
    routing = wire.line.routing
    assert routing is not None
    assert (routing.do_not_disturb, routing.remote_extension) == (True, False), "left out is not told"
    assert routing.overflow is None, "an overflow that is not there is not set"
    wire.feed("OnRoutingStateChanged", routingState={"presentationRoutes": [{"destinations": [{"type": "OFFICE"}]}]})
    assert wire.line.routing is not None
    assert wire.line.routing.remote_extension is None, "a line without one"


def test_counters(wire: Wire) -> None:
    assert wire.line.counters == Counters()
    wire.feed("OnEventSummaryUpdated", eventSummary={"missedCallsNb": 2, "voiceMessagesNb": 0, "eventWaiting": True})
    wire.feed("OnEventSummaryUpdated", eventSummary={"missedCallsNb": 3})
    assert wire.line.counters == Counters(missed_calls=3, voicemails=0, waiting=True)
    wire.feed("OnEventSummaryUpdated")
    assert len(wire.told) == 2


def test_user_information(wire: Wire) -> None:
    wire.feed("OnDeviceStateModified", deviceStates=[{"deviceId": "1000", "state": "IN_SERVICE"}])
    wire.feed(
        "OnUserInfoChanged",
        user={
            "loginName": LOGIN,
            "companyPhone": "1000",
            "firstName": "Own",
            "lastName": "Self",
            "nodeId": "3",
            "voicemail": {"number": "5000", "type": "VM_4645"},
            "devices": [{"type": "DESKPHONE", "id": "1000", "subType": "NOE"}, {"type": "MOBILE", "id": "6000"}],
        },
    )
    line = wire.line
    assert (line.number, line.name, line.node, line.voicemail_number) == ("1000", "Own Self", "3", "5000")
    assert [(one.id, one.kind, one.state) for one in line.devices] == [
        ("1000", "DESKPHONE", DeviceState.IN_SERVICE),
        ("6000", "MOBILE", DeviceState.UNKNOWN),
    ]
    wire.feed("OnUserInfoChanged")
    assert wire.line is line


def test_the_capture() -> None:
    told: list[Event] = []
    line = new_line("oxe19141")
    states = [line.state]
    capture = Path(__file__).parent / "captures" / "o2g-incoming-call.jsonl"
    for event in EventDecoder().decode_lines(capture.read_bytes()):
        line, events = reduce(line, event, START)
        told.extend(events)
        if line.state is not states[-1]:
            states.append(line.state)
    assert states == ["idle", "ringing_incoming", "active", "releasing", "idle"]
    (started,) = [event.call for event in told if isinstance(event, CallStarted)]
    assert (started.party.label, started.party.number) == ("SE19140", "19140")
    (ended,) = [event.call for event in told if isinstance(event, CallEnded)]
    assert ended.outcome is Outcome.ANSWERED


# ------------------------------------------------------------------------------------------------------ resynchronising


def told_call(ref: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "callRef": ref,
        "callData": {"state": state, "capabilities": {"dropMe": True}},
        "legs": [{"deviceId": "1000", "state": state}],
        "participants": [ALICE],
        **more,
    }


def test_a_snapshot_of_what_is_known_tells_nothing(wire: Wire) -> None:
    wire.created(state="ACTIVE", call={"dropMe": True})
    assert not wire.line.synced
    assert wire.snapshot(told_call("c1", "ACTIVE")) == ()
    assert wire.line.synced


def test_a_call_that_is_missing_has_ended_once(wire: Wire) -> None:
    wire.created()
    wire.line = stale(wire.line)
    (ended, changed) = wire.snapshot()
    assert isinstance(ended, CallEnded)
    assert (ended.call.outcome, ended.call.ended_at) == (Outcome.UNKNOWN, None), "nobody saw how, nor when"
    assert isinstance(changed, LineChanged)
    assert wire.line.state is LineState.IDLE
    assert wire.snapshot() == ()


@pytest.mark.parametrize(
    ("states", "cause", "outcome"),
    [
        (["RINGING_INCOMING"], None, Outcome.UNKNOWN),
        (["RINGING_OUTGOING"], None, Outcome.UNKNOWN),
        (["RINGING_INCOMING", "ACTIVE"], None, Outcome.ANSWERED),
        (["RINGING_INCOMING", "RELEASING"], None, Outcome.MISSED),
        (["DIALING", "RELEASING"], "BUSY", Outcome.BUSY),
    ],
)
def test_how_a_call_ended_that_nobody_saw(wire: Wire, states: list[str], cause: str | None, outcome: Outcome) -> None:
    wire.created(state=states[0])
    for state in states[1:]:
        wire.modified(state=state, **({} if cause is None else {"cause": cause}))
    (ended, *_) = wire.snapshot()
    assert isinstance(ended, CallEnded)
    assert ended.call.outcome is outcome


def test_a_call_that_was_not_known_has_no_times(wire: Wire) -> None:
    (started, _) = wire.snapshot(told_call("c7", "ACTIVE"))
    assert isinstance(started, CallStarted)
    call = started.call
    assert (call.started_at, call.answered_at, call.answered, call.direction) == (None, None, True, Direction.UNKNOWN)
    (started, *_) = wire.snapshot(told_call("c7", "ACTIVE"), told_call("c8", "RINGING_INCOMING"))
    assert isinstance(started, CallStarted)
    assert started.call.direction is Direction.INCOMING


def test_a_call_that_was_answered_meanwhile(wire: Wire) -> None:
    wire.created()
    (changed, _) = wire.snapshot(told_call("c1", "ACTIVE"))
    assert isinstance(changed, CallChanged)
    assert changed.call.answered
    assert changed.call.answered_at is None
    assert changed.call.started_at is not None


def test_a_snapshot_with_devices_and_user_state(wire: Wire) -> None:
    wire.snapshot(
        deviceCapabilities=[{"deviceId": "1000", "makeCall": True}],
        deviceStates={"deviceStates": [{"deviceId": "1000", "state": "IN_SERVICE"}]},
        userState="BUSY",
    )
    (device,) = wire.line.devices
    assert (device.state, device.actions) == (DeviceState.IN_SERVICE, {Action.DIAL})
    assert wire.line.state is LineState.BUSY
    wire.snapshot()
    assert wire.line.state is LineState.BUSY, "the state of the user comes only at the beginning"
    wire.line = stale(wire.line)
    wire.snapshot()
    assert wire.line.state is LineState.IDLE, "after a loss nothing says that it is still busy"


def test_a_snapshot_without_state_says_nothing(wire: Wire) -> None:
    wire.created()
    assert wire.feed("OnTelephonyState") == ()
    assert len(wire.line.calls) == 1


# ----------------------------------------------------------------------------------------------------- never breaks

TEXT = st.sampled_from(["c1", "c2", "c3", "1000", "6000", "p1", "p2", "", "☎"])
STATES = st.sampled_from(
    ["ACTIVE", "HELD", "DIALING", "RINGING_INCOMING", "RINGING_OUTGOING", "RELEASING", "OFF_HOOK", "IDLE", "NEW", None]
)
CAUSES = st.sampled_from(["BUSY", "ABANDONED", "TRANSFERRED", "CONFERENCED", "FORWARDED", "CLEARED", "NEW", None])
FLAGS = st.dictionaries(
    st.sampled_from([*CALL_CAPABILITIES, *LEG_CAPABILITIES, *NEVER, "new"]), st.booleans(), max_size=4
)
LEGS = st.lists(
    st.fixed_dictionaries({}, optional={"deviceId": TEXT, "state": STATES, "capabilities": FLAGS}), max_size=2
)
IDENTITIES = st.fixed_dictionaries(
    {}, optional={"id": st.just({"phoneNumber": "1001"}), "firstName": TEXT, "type": st.just({"main": "USER"})}
)
PARTIES = st.lists(
    st.fixed_dictionaries({}, optional={"participantId": TEXT, "identity": IDENTITIES, "anonymous": st.booleans()}),
    max_size=3,
)
DATA = st.fixed_dictionaries(
    {}, optional={"state": STATES, "capabilities": FLAGS, "recordState": st.just("PAUSED"), "initialCalled": IDENTITIES}
)
DEVICES = st.lists(st.fixed_dictionaries({}, optional={"deviceId": TEXT, "makeCall": st.booleans()}), max_size=2)
EVENTS = st.one_of(
    st.fixed_dictionaries(
        {"eventName": st.just("OnCallCreated")},
        optional={
            "callRef": TEXT,
            "cause": CAUSES,
            "callData": DATA,
            "legs": LEGS,
            "participants": PARTIES,
            "initiator": TEXT,
            "deviceCapabilities": DEVICES,
        },
    ),
    st.fixed_dictionaries(
        {"eventName": st.just("OnCallModified")},
        optional={
            "callRef": TEXT,
            "previousCallRef": TEXT,
            "replacedByCallRef": TEXT,
            "cause": CAUSES,
            "callData": DATA,
            "modifiedLegs": LEGS,
            "addedLegs": LEGS,
            "removedLegs": LEGS,
            "addedParticipants": PARTIES,
            "modifiedParticipants": PARTIES,
            "removedParticipantIds": st.lists(TEXT, max_size=2),
            "deviceCapabilities": DEVICES,
        },
    ),
    st.fixed_dictionaries(
        {"eventName": st.just("OnCallRemoved")}, optional={"callRef": TEXT, "cause": CAUSES, "newDestination": TEXT}
    ),
    st.fixed_dictionaries(
        {"eventName": st.just("OnTelephonyState")},
        optional={
            "state": st.fixed_dictionaries(
                {},
                optional={
                    "calls": st.lists(
                        st.fixed_dictionaries(
                            {}, optional={"callRef": TEXT, "callData": DATA, "legs": LEGS, "participants": PARTIES}
                        ),
                        max_size=3,
                    ),
                    "deviceCapabilities": DEVICES,
                    "userState": st.sampled_from(["BUSY", "FREE", "NEW"]),
                },
            )
        },
    ),
    st.fixed_dictionaries(
        {"eventName": st.just("OnUserStateModified")}, optional={"state": st.sampled_from(["BUSY", "FREE"])}
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, max_size=25))
def test_any_sequence_of_events_keeps_the_model_whole(bodies: list[dict[str, Any]]) -> None:
    wire = Wire()
    alive: dict[str, CallSnapshot] = {}
    for body in bodies:
        body = {key: value for key, value in body.items() if value is not None}
        before = wire.line
        told = wire.feed(body.pop("eventName"), **body)
        for event in told:
            assert event.line == LOGIN  # type: ignore[attr-defined]
            if isinstance(event, CallStarted):
                assert event.call.id not in alive, "started twice"
                alive[event.call.id] = event.call
            elif isinstance(event, CallChanged):
                assert alive[event.call.id] == event.previous
                assert event.call != event.previous
                alive[event.call.id] = event.call
            elif isinstance(event, CallEnded):
                assert event.call.outcome is not None
                assert event.call.actions == frozenset()
                del alive[event.call.id]  # told of before, and only once
            elif isinstance(event, LineChanged):
                assert event.previous == before
                assert event.snapshot.calls == wire.line.calls
        # whoever follows the events knows what the snapshot says
        assert {call.id: call for call in wire.line.calls} == alive
        refs = [call.ref for call in wire.line.calls]
        assert len(set(refs)) == len(refs)
        if wire.line.state is not before.state:
            assert isinstance(told[-1], LineChanged)
            assert "state" in told[-1].changed
    wire.snapshot()
    assert wire.line.calls == (), "a snapshot without calls leaves none"
    assert wire.line.state in (LineState.IDLE, LineState.BUSY)


@pytest.mark.parametrize(
    ("party", "text"),
    [
        (Party(name="Bob Keller", number="1001"), "Bob Keller (1001)"),
        (Party(name="Bob Keller"), "Bob Keller"),
        (Party(number="1001"), "1001"),
        (Party(name="1001", number="1001"), "1001"),
        (Party(anonymous=True), "anonymous"),
        (Party(), "unknown"),
    ],
)
def test_a_party_in_words(party: Party, text: str) -> None:
    assert str(party) == f"{party}" == text
