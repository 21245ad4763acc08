"""What goes over the wire about the calls of the switch: sparse, as in the capture, and only what differs."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aiopbx.o2g.types.base import to_json
from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.faces.o2g import views
from aiopbx.simulator.faces.o2g.context import BATCH
from aiopbx.simulator.faces.o2g.refusals import refusal_of
from aiopbx.simulator.settings import UserSpec
from aiopbx.simulator.switch import SwitchError
from tests.aiopbx.simulator.conftest import Api
from tests.aiopbx.simulator.office import OUTSIDE, Office


def events(office: Office, login: str, *names: str) -> list[dict[str, Any]]:
    """The events of a user since the last time, as JSON; without what the log grew by, where nothing is named."""
    found = [json.loads(to_json(event)) for event in office.events if event.login_name == login]
    if not names:
        found = [event for event in found if not event["eventName"].startswith("OnComRecord")]
    office.events.clear()
    return [event for event in found if not names or event["eventName"] in names]


def test_an_incoming_call_has_the_events_of_the_capture() -> None:
    office = Office()
    call = office.dial("ann", "101")
    office.answer("ben", call)
    office.switch.drop("ann", call.ref)
    sent = events(office, "ben")
    assert [event["eventName"] for event in sent] == [
        "OnCallCreated",
        "OnCallModified",
        "OnUserStateModified",
        "OnCallModified",
        "OnCallRemoved",
        "OnUserStateModified",
    ]
    created, active, busy, releasing, removed, free = sent
    assert created == {
        "eventName": "OnCallCreated",
        "loginName": "ben",
        "callRef": call.ref,
        "callData": {
            "initialCalled": {"id": {"phoneNumber": "101"}},
            "state": "RINGING_INCOMING",
            "capabilities": {
                "redirect": True,
                "pickedUp": True,
                "redirectToVoiceMail": True,
                "redirectToDVA": True,
                "terminate": True,
            },
        },
        "initiator": "100",
        "legs": [{"deviceId": "101", "state": "RINGING_INCOMING", "capabilities": {"answer": True}}],
        "participants": [
            {
                "participantId": "100",
                "identity": {
                    "id": {"loginName": "ann", "phoneNumber": "100"},
                    "firstName": "Ann",
                    "lastName": "Test",
                    "type": {"main": "USER"},
                },
            }
        ],
        "deviceCapabilities": [{"deviceId": "101", "makeCall": True, "makeBusinessCall": True, "unParkCall": True}],
    }
    assert active["callData"]["state"] == "ACTIVE"
    assert active["modifiedLegs"][0]["state"] == "ACTIVE"
    assert "addedParticipants" not in active
    assert "deviceCapabilities" not in active
    assert (busy["state"], free["state"]) == ("BUSY", "FREE")
    assert releasing["callData"]["capabilities"] == {"terminate": True}
    assert releasing["modifiedLegs"] == [{"deviceId": "101", "state": "RELEASING", "capabilities": {"drop": True}}]
    assert releasing["removedParticipantIds"] == ["100"]
    assert removed == {"eventName": "OnCallRemoved", "loginName": "ben", "callRef": call.ref, "cause": "CLEARED"}


def test_the_caller_sees_dialling_then_the_remote_ringing() -> None:
    office = Office()
    office.dial("ann", "101")
    created, modified = events(office, "ann", "OnCallCreated", "OnCallModified")
    assert (created["callData"]["state"], "participants" in created) == ("DIALING", False)
    assert modified["modifiedLegs"][0]["ringingRemote"]
    assert modified["addedParticipants"][0]["participantId"] == "101"


def test_a_transfer_renames_and_a_merge_replaces() -> None:
    office = Office()
    held, active = office.consult()
    office.events.clear()
    office.switch.transfer("ben", active.ref, held.ref)
    (renamed,) = events(office, "ann")
    assert (renamed["callRef"], renamed["previousCallRef"], renamed["cause"]) == (active.ref, held.ref, "TRANSFERRED")
    assert renamed["removedParticipantIds"] == ["101"]
    assert [party["participantId"] for party in renamed["addedParticipants"]] == ["102"]
    office = Office()
    held, active = office.consult()
    office.events.clear()
    office.switch.merge("ben", active.ref, held.ref)
    releasing, removed, merged = events(office, "ben", "OnCallModified", "OnCallRemoved")
    assert (releasing["callRef"], releasing["replacedByCallRef"]) == (held.ref, active.ref)
    assert (removed["callRef"], removed["cause"]) == (held.ref, "CONFERENCED")
    assert merged["addedParticipants"][0]["participantId"] == "100"


def test_externals_services_and_secrets() -> None:
    office = Office()
    office.switch.incoming_external(OUTSIDE, "101", "Ellen")
    (party,) = events(office, "ben", "OnCallCreated")[0]["participants"]
    assert party["identity"] == {
        "id": {"phoneNumber": OUTSIDE},
        "displayName": "Ellen",
        "type": {"main": "EXTERNAL", "subType": "public"},
    }
    office.switch.incoming_external(OUTSIDE, "102", "Ellen", anonymous=True)
    created = events(office, "cleo", "OnCallCreated")[0]
    assert created["participants"][0]["identity"] == {"id": {}, "type": {"main": "EXTERNAL"}}
    assert created["callData"]["anonymous"]
    assert OUTSIDE not in json.dumps(created)
    office.dial("dan", "5000")
    party = events(office, "dan", "OnCallModified")[-1]["addedParticipants"][0]
    assert (party["identity"]["type"], party["undroppable"]) == ({"main": "SERVICE", "subType": "voicemail"}, True)


def test_device_capabilities_come_with_a_call_or_with_the_state() -> None:
    office = Office()
    office.dial("ann", "101")
    modified = events(office, "ann", "OnCallModified")[-1]
    assert "deviceCapabilities" not in modified  # it came with the call's first event
    office.switch.set_device_state("103", "OUT_OF_SERVICE")
    state, device = events(office, "dan")
    assert device["deviceStates"] == [{"deviceId": "103", "state": "OUT_OF_SERVICE"}]
    assert (state["eventName"], state["state"]) == ("OnTelephonyState", {"deviceCapabilities": [{"deviceId": "103"}]})


def test_routing_and_counters_are_sent_completely() -> None:
    office = Office()
    office.switch.set_forward("ann", "102", condition="BUSY")
    office.switch.set_overflow("ann")
    office.switch.set_dnd("ann", True)
    office.switch.set_remote_extension("ann", True)
    sent = events(office, "ann", "OnRoutingStateChanged")
    assert len(sent) == 4
    assert sent[-1]["routingState"] == {
        "presentationRoutes": [
            {
                "destinations": [
                    {"type": "OFFICE", "deviceId": "100", "selected": True},
                    {"type": "MOBILE", "deviceId": "6100", "selected": True},
                ]
            }
        ],
        "forwardRoutes": [{"forwardType": "BUSY", "destinations": [{"type": "NUMBER", "number": "102"}]}],
        "overflowRoutes": [{"overflowType": "NO_ANSWER", "destinations": [{"type": "VOICEMAIL", "number": "5000"}]}],
        "dndState": {"activate": True},
    }
    office.switch.set_forward("ann", "102")
    forward = events(office, "ann")[0]["routingState"]["forwardRoutes"]
    assert forward == [{"destinations": [{"type": "NUMBER", "number": "102"}]}]
    office.switch.request_callback("ben", "100")
    (summary,) = events(office, "ann", "OnEventSummaryUpdated")
    assert summary["eventSummary"] == {
        "missedCallsNb": 0,
        "voiceMessagesNb": 0,
        "callBackRequestsNb": 1,
        "newTextNb": 0,
        "oldTextNb": 0,
        "eventWaiting": True,
    }


def test_a_counter_that_is_not_known_is_absent() -> None:
    office = Office(ben={"voicemail": False})
    assert views.event_summary(office.switch, "ben").voice_messages_nb is None


def test_a_late_subscriber_gets_the_difference_from_then() -> None:
    office = Office()
    call = office.dial("ann", "101")
    later: list[str] = []
    detach = views.attach(office.switch, lambda package, login, event: later.append(type(event).__name__))
    office.answer("ben", call)
    assert "OnCallCreated" not in later
    assert later.count("OnCallModified") == 2
    detach()
    office.switch.drop("ann", call.ref)
    assert "OnCallRemoved" not in later


@pytest.mark.parametrize(
    ("kind", "cause", "type_", "status"),
    [
        ("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "NOT_FOUND", 404),
        ("LEG_NOT_FOUND", "INVALID_DEVICE", "NOT_FOUND", 404),
        ("BAD_PARAMETER_VALUE", "INVALID_DATA", "BAD_PARAMETER", 400),
        ("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "NOT_EXPECTED", 400),
        ("UNAUTHORIZED", None, "NOT_ALLOWED", 403),
        ("SERVICE_NOT_PROVIDED", None, "NOT_SUPPORTED", 400),
        ("SERVICE_UNAVAILABLE", None, "SERVER_PROBLEM", 503),
        ("CALL_SERVER_ERROR", "INVALID_DESTINATION", "BAD_PARAMETER", 400),
        ("CALL_SERVER_ERROR", "RESOURCE_BUSY", "NOT_EXPECTED", 400),
        ("CALL_SERVER_ERROR", "DEVICE_OUT_OF_SERVICE", "NOT_EXPECTED", 400),
    ],
)
def test_refusals_of_the_switch_on_the_wire(kind: str, cause: str | None, type_: str, status: int) -> None:
    refusal = refusal_of(SwitchError(kind, cause, "because"), 404)
    assert (refusal.type, refusal.status) == (type_, status)
    assert refusal.info.telephony is not None
    assert refusal.info.telephony.error_type == kind
    assert refusal.info.telephony.error_cause == cause
    assert refusal.info.inner_message == "because"


Connect = Callable[..., Awaitable[Api]]


async def test_a_snapshot_of_all_takes_its_time_and_a_second_request_does_nothing(
    connect: Connect, clock: ManualClock
) -> None:
    count = BATCH * 2 + 10
    users = tuple(UserSpec(login=f"u{number}", number=str(number)) for number in range(20_000, 20_000 + count))
    api = await (await connect(users=users)).log_in()
    subscription = await api.subscribe("telephony", ids=["*"], version="2.0")
    lines = await api.channel(subscription)
    assert (await api.call("POST", "/telephony/state/snapshot")).status == 204
    assert (await api.call("POST", "/telephony/state/snapshot")).status == 204
    clock.advance(1)
    sent = [await lines.next() for _ in range(count)]
    assert {line["loginName"] for line in sent} == {user.login for user in users}
    assert await lines.silent()
    assert (await api.call("POST", "/telephony/state/snapshot?loginName=u20001")).status == 204
    assert (await lines.next())["loginName"] == "u20001"
    assert (await api.call("POST", "/telephony/state/snapshot")).status == 204  # the first one is over
    clock.advance(1)
    assert (await lines.next())["eventName"] == "OnTelephonyState"
