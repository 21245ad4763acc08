"""Making, answering, holding and ending calls on the switch."""

import re
from collections.abc import Iterator

import pytest

from aiopbx.simulator.switch import Behaviour
from tests.aiopbx.simulator.office import OUTSIDE, Office


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.check()


def test_both_see_a_call_ring_talk_and_end(office: Office) -> None:
    call = office.dial("ann", "101")
    assert re.fullmatch("[0-9a-f]{16}", call.ref)
    assert office.call_changes("ann") == [("created", "DIALING", None), ("modified", "RINGING_OUTGOING", None)]
    assert (office.state("ben"), office.party("ben"), office.party("ann")) == (["RINGING_INCOMING"], ["100"], ["101"])
    office.answer("ben", call)
    assert (office.state("ann"), office.state("ben")) == (["ACTIVE"], ["ACTIVE"])
    office.changes.clear()
    office.switch.drop("ben", call.ref)
    assert office.call_changes("ann") == [("modified", "RELEASING", "CLEARED"), ("removed", None, "CLEARED")]
    assert not office.switch.calls
    assert call.ended


def test_the_own_telephone_rings_first_without_auto_answer(office: Office) -> None:
    call = office.switch.make_call("ann", "100", "101")
    (view,) = office.switch.call_views("ann")
    assert (view.state, view.legs[0].state, view.parties) == ("DIALING", "RINGING_INCOMING", ())
    assert office.switch.leg_actions("ann", call.ref, "100") == {"answer", "drop"}
    assert office.state("ben") == []
    assert office.switch.users["ann"].state == "FREE"
    office.answer("ann", call)
    assert office.state("ann") == ["RINGING_OUTGOING"]
    assert office.state("ben") == ["RINGING_INCOMING"]


def test_the_own_telephone_does_not_ring_for_ever(office: Office) -> None:
    office.switch.make_call("ann", "100", "101")
    office.clock.advance(60)
    assert office.state("ann") == []
    assert office.switch.counters("ben").missed_calls == 0


def test_a_user_is_busy_off_hook_and_free_while_it_rings(office: Office) -> None:
    call = office.dial("ann", "101")
    assert (office.switch.users["ann"].state, office.switch.users["ben"].state) == ("BUSY", "FREE")
    office.answer("ben", call)
    assert office.switch.users["ben"].state == "BUSY"
    office.switch.release("ben", call.ref)
    assert (office.switch.users["ann"].state, office.switch.users["ben"].state) == ("FREE", "FREE")


def test_lifting_a_telephone_without_a_call_makes_busy(office: Office) -> None:
    office.switch.set_off_hook("ann", "100", True)
    assert office.switch.users["ann"].state == "BUSY"
    office.dial("ben", "100")
    assert office.cause("ben") == "BUSY"
    office.switch.set_off_hook("ann", "100", False)
    assert office.switch.users["ann"].state == "FREE"


def test_a_caller_who_gives_up_is_missed(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.drop("ann", call.ref)
    assert office.call_changes("ben")[-1] == ("removed", None, "ABANDONED")
    assert [missed.number for missed in office.switch.users["ben"].missed] == ["100"]
    assert office.switch.counters("ben").waiting


def test_a_conversation_settles_missed_calls(office: Office) -> None:
    office.switch.drop("ann", office.dial("ann", "101").ref)
    office.switch.drop("cleo", office.dial("cleo", "101").ref)
    office.talk("ben", "ann")
    assert [missed.number for missed in office.switch.users["ben"].missed] == ["102"]
    office.switch.acknowledge_missed("ben")
    assert office.switch.counters("ben").missed_calls == 0


def test_a_ringing_call_is_rejected_by_ending_it_not_by_leaving_it(office: Office) -> None:
    call = office.dial("ann", "101")
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "drop", "ben", call.ref)
    office.switch.release("ben", call.ref)
    assert office.state("ben") == []
    assert (office.state("ann"), office.cause("ann")) == (["RELEASING"], "BUSY")


def test_no_one_answers_until_the_network_gives_up(office: Office) -> None:
    office.dial("ann", "101")
    office.clock.advance(179)
    assert office.state("ann") == ["RINGING_OUTGOING"]
    office.clock.advance(1)
    assert office.cause("ann") == "NOT_ANSWERED"
    assert office.cause("ben") == "ABANDONED"
    assert office.switch.counters("ben").missed_calls == 1


def test_busy_is_a_tone_that_ends_by_itself(office: Office) -> None:
    office.talk("ben", "cleo")
    office.talk("ben", "dan")
    call = office.dial("ann", "101")
    assert (office.state("ann"), office.cause("ann")) == (["RELEASING"], "BUSY")
    assert "callBack" in office.switch.call_actions("ann", call.ref)
    office.clock.advance(10)
    assert office.state("ann") == []
    assert office.cause("ann") == "BUSY"
    assert office.switch.counters("ben").missed_calls == 1


def test_a_tone_goes_when_the_telephone_is_needed(office: Office) -> None:
    office.switch.set_dnd("ben", True)
    office.dial("ann", "101")
    assert (office.state("ann"), office.cause("ann")) == (["RELEASING"], "DO_NOT_DISTURB")
    office.dial("ann", "102")
    assert office.state("ann") == ["RINGING_OUTGOING"]


def test_a_second_call_holds_the_first(office: Office) -> None:
    held, active = office.consult()
    assert office.state("ben") == ["HELD", "ACTIVE"]
    assert office.state("ann") == ["ACTIVE"]
    office.switch.alternate("ben", held.ref, "101")
    assert office.state("ben") == ["ACTIVE", "HELD"]
    office.switch.retrieve("ben", active.ref, "101")
    assert office.state("ben") == ["HELD", "ACTIVE"]


def test_answering_a_second_call_holds_the_first(office: Office) -> None:
    office.talk("ann", "ben")
    call = office.dial("cleo", "101")
    assert office.state("ben") == ["ACTIVE", "RINGING_INCOMING"]
    office.answer("ben", call)
    assert office.state("ben") == ["HELD", "ACTIVE"]


def test_a_telephone_that_dials_cannot_answer_or_dial_again(office: Office) -> None:
    office.dial("ann", "101")
    call = office.dial("cleo", "100")
    assert "answer" not in office.switch.leg_actions("ann", call.ref, "100")
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "answer", "ann", call.ref, "100")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DEVICE_STATE", "make_call", "ann", "100", "103")
    assert office.switch.device_actions("ann", "100") == set()


def test_hold_and_retrieve(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.hold("ann", call.ref, "100")
    assert (office.state("ann"), office.state("ben")) == (["HELD"], ["ACTIVE"])
    assert office.switch.leg_actions("ann", call.ref, "100") == {"drop", "retrieve"}
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "hold", "ann", call.ref, "100")
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "alternate", "ann", call.ref, "100")
    office.answer("ann", call)  # retrieving by answering works, though it is not offered
    assert office.state("ann") == ["ACTIVE"]


def test_reconnect_gives_a_consultation_up(office: Office) -> None:
    held = office.talk("ann", "ben")
    enquiry = office.dial("ben", "102")
    assert "reconnect" in office.switch.leg_actions("ben", held.ref, "101")
    assert "retrieve" not in office.switch.leg_actions("ben", held.ref, "101")
    office.refuses(
        "CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "reconnect", "ben", held.ref, "00000000deadbeef", "101"
    )
    office.switch.reconnect("ben", held.ref, enquiry.ref, "101")
    assert office.state("ben") == ["ACTIVE"]
    assert office.state("cleo") == []


def test_all_lines_of_a_telephone_taken(office: Office) -> None:
    office.consult()
    office.refuses("CALL_SERVER_ERROR", "RESOURCE_BUSY", "make_call", "ben", "101", "103", auto_answer=True)


def test_what_cannot_be_dialled_is_refused(office: Office) -> None:
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DESTINATION", "make_call", "ann", "100", "one")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DESTINATION", "make_call", "ann", "100", "1" * 50)
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "make_call", "ann", "100", "199")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "make_call", "ann", "100", "100")
    office.refuses("UNAUTHORIZED", "INVALID_DEVICE", "make_call", "ann", "101", "102")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "make_call", "ann", "999", "102")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "make_call", "ann", "100", "102", associated_data="ä" * 17)


def test_calls_that_are_not_there(office: Office) -> None:
    call = office.talk("ann", "ben")
    for action in ("drop", "release", "callback", "overflow_to_voicemail"):
        office.refuses("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", action, "cleo", call.ref)
    office.refuses("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "answer", "ann", "nothing", "100")
    office.refuses("UNAUTHORIZED", "INVALID_DEVICE", "hold", "ann", call.ref, "101")


def test_a_leg_that_is_not_there() -> None:
    office = Office()
    office.switch.set_remote_extension("ann", True)
    call = office.talk("ann", "ben")
    office.refuses("LEG_NOT_FOUND", "INVALID_DEVICE", "hold", "ann", call.ref, "6100")


def test_private_and_business_calls() -> None:
    office = Office(ann={"pin": "1111", "secret_code": "22", "business_codes": ("77",)})
    office.refuses("UNAUTHORIZED", None, "make_call", "ann", "100", "101", pin="1111", secret_code="23")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "make_call", "ann", "100", "101", pin="1111")
    office.refuses("UNAUTHORIZED", None, "make_call", "ben", "101", "100", pin="1111", secret_code="22")
    office.refuses("UNAUTHORIZED", None, "make_call", "ann", "100", "101", business_code="78")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "make_call", "ann", "100", "101", business_code="x")
    both = {"business_code": "77", "associated_data": "x"}
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "make_call", "ann", "100", "101", **both)
    assert office.dial("ann", "101", pin="1111", secret_code="22").private
    assert "makePrivateCall" not in office.switch.device_actions("ben", "101")
    assert office.dial("cleo", "103", business_code="5").business_code == "5"


def test_a_basic_licence_has_one_call_at_a_time() -> None:
    office = Office(ann={"licences": frozenset({"TELEPHONY_BASIC"})})
    office.talk("ben", "ann")
    assert office.switch.device_actions("ann", "100") == set()
    office.refuses("UNAUTHORIZED", None, "make_call", "ann", "100", "102")


def test_the_supervisor() -> None:
    office = Office(ann={"supervisor": "103"})
    office.switch.make_call("ann", "100", "", auto_answer=True, to_supervisor=True)
    assert office.state("dan") == ["RINGING_INCOMING"]
    office.refuses("SERVICE_NOT_PROVIDED", None, "make_call", "ben", "101", "", to_supervisor=True)


def test_an_anonymous_caller_stays_unknown(office: Office) -> None:
    call = office.dial("ann", "101", anonymous=True)
    (view,) = office.switch.call_views("ben")
    assert view.anonymous
    assert view.parties[0].anonymous
    assert "100" not in view.parties[0].id
    assert "100" not in view.initiator
    office.switch.drop("ann", call.ref)
    assert office.switch.users["ben"].missed[0].number == ""


def test_an_external_party_rings_answers_and_hangs_up(office: Office) -> None:
    call = office.dial("ann", OUTSIDE, calling_number="0015550199")
    assert (office.state("ann"), office.party("ann")) == (["RINGING_OUTGOING"], [OUTSIDE])
    assert call.calling_number == "0015550199"
    office.switch.external_answer(call.ref)
    assert office.state("ann") == ["ACTIVE"]
    office.switch.external_hang_up(call.ref, OUTSIDE)
    assert (office.state("ann"), office.cause("ann")) == ([], "CLEARED")


def test_external_parties_behave_as_set(office: Office) -> None:
    world = office.switch.external
    world.set("001555010*", Behaviour(ring_after=2, answer_after=5, hang_up_after=30, name="Ellen"))
    office.dial("ann", OUTSIDE)
    assert office.state("ann") == ["DIALING"]
    office.clock.advance(2)
    assert office.state("ann") == ["RINGING_OUTGOING"]
    office.clock.advance(5)
    assert office.state("ann") == ["ACTIVE"]
    assert office.switch.call_views("ann")[0].parties[0].identity.last_name == "Ellen"
    office.clock.advance(30)
    assert office.state("ann") == []
    for number, behaviour, cause in (
        ("0015550101", Behaviour(busy=True), "BUSY"),
        ("0015550102", Behaviour(invalid=True), "INVALID_NUMBER"),
        ("0015550103", Behaviour(congested=True, ring_after=1), "ALL_TRUNK_BUSY"),
    ):
        world.set(number, behaviour)
        office.dial("ann", number)
        office.clock.advance(1)
        assert (office.state("ann"), office.cause("ann")) == (["RELEASING"], cause)
        office.clock.advance(10)
        assert office.state("ann") == []
    world.clear()
    office.dial("ann", "0015550103")
    assert office.state("ann") == ["RINGING_OUTGOING"]


def test_an_external_party_turns_out_busy_or_refuses(office: Office) -> None:
    call = office.dial("ann", OUTSIDE)
    office.switch.external_busy(call.ref)
    assert office.cause("ann") == "BUSY"
    call = office.dial("ann", "+15550123")
    office.switch.external_hang_up(call.ref)
    assert office.cause("ann") == "DESTINATION_NOT_OBTAINABLE"
    call = office.dial("ann", OUTSIDE)
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "external_answer", call.ref, "0015550177")
    office.refuses("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "external_answer", "none")


def test_a_call_from_outside(office: Office) -> None:
    call = office.switch.incoming_external(OUTSIDE, "101", "Ellen")
    assert (office.state("ben"), office.party("ben")) == (["RINGING_INCOMING"], [OUTSIDE])
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "external_answer", call.ref)
    office.answer("ben", call)
    office.switch.external_hang_up(call.ref)
    assert office.cause("ben") == "CLEARED"
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "incoming_external", OUTSIDE, "199")
    office.switch.set_dnd("ben", True)
    refused = office.switch.incoming_external(OUTSIDE, "101")
    assert (refused.ended, refused.cause) == (True, "DO_NOT_DISTURB")
    assert office.switch.counters("ben").missed_calls == 1


def test_a_set_without_a_user_can_call() -> None:
    from tests.aiopbx.simulator.office import group_settings

    office = Office(settings=group_settings())
    call = office.switch.make_set_call("800", "101")
    assert office.switch.call_views("ben")[0].parties[0].identity.kind == "DEVICE"
    office.refuses("CALL_SERVER_ERROR", "RESOURCE_BUSY", "make_set_call", "800", "102")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "make_set_call", "801", "102")
    office.answer("ben", call)
    office.switch.external_hang_up(call.ref, "800")
    assert office.state("ben") == []
    office.check()


def test_the_mobile_rings_too_and_one_answers(office: Office) -> None:
    office.switch.set_remote_extension("ann", True)
    call = office.dial("ben", "100")
    (view,) = office.switch.call_views("ann")
    assert [(leg.device, leg.state) for leg in view.legs] == [
        ("100", "RINGING_INCOMING"),
        ("6100", "RINGING_INCOMING"),
    ]
    office.switch.answer("ann", call.ref, "6100")
    (view,) = office.switch.call_views("ann")
    assert [(leg.device, leg.state) for leg in view.legs] == [("6100", "ACTIVE")]


def test_a_call_moves_between_telephones(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DEVICE_STATE", "switch_device", "ann", call.ref, "100", "6100")
    assert "switchDevice" not in office.switch.leg_actions("ann", call.ref, "100")
    office.switch.set_remote_extension("ann", True)
    assert "switchDevice" in office.switch.leg_actions("ann", call.ref, "100")
    office.refuses("UNAUTHORIZED", "INVALID_DEVICE", "switch_device", "ann", call.ref, "100", "101")
    office.refuses("LEG_NOT_FOUND", "INVALID_DEVICE", "switch_device", "ann", call.ref, "6100", "100")
    office.switch.switch_device("ann", call.ref, "100", "6100")
    assert [leg.device for leg in office.switch.call_views("ann")[0].legs] == ["6100"]
    office.switch.hold("ann", call.ref, "6100")
    office.refuses(
        "INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "switch_device", "ann", call.ref, "6100", "100"
    )


def test_switching_the_mobile_off_ends_what_is_on_it(office: Office) -> None:
    office.switch.set_remote_extension("ann", True)
    office.switch.make_call("ann", "6100", "101", auto_answer=True)
    office.switch.set_remote_extension("ann", False)
    assert office.state("ann") == []
    office.refuses("CALL_SERVER_ERROR", "INVALID_DEVICE_STATE", "make_call", "ann", "6100", "101")


def test_a_telephone_out_of_service(office: Office) -> None:
    office.talk("ann", "ben")
    office.dial("cleo", "101")
    office.switch.set_device_state("101", "OUT_OF_SERVICE")
    assert (office.state("ben"), office.state("ann")) == ([], [])
    assert (office.state("cleo"), office.cause("cleo")) == (["RELEASING"], "DESTINATION_NOT_OBTAINABLE")
    office.refuses("CALL_SERVER_ERROR", "DEVICE_OUT_OF_SERVICE", "make_call", "ben", "101", "100")
    assert office.switch.device_actions("ben", "101") == set()
    office.dial("ann", "101")
    assert office.cause("ann") == "DESTINATION_NOT_OBTAINABLE"
    office.switch.set_device_state("101", "IN_SERVICE")
    assert "makeCall" in office.switch.device_actions("ben", "101")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "set_device_state", "999", "IN_SERVICE")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "set_device_state", "101", "BROKEN")


def test_one_of_two_ringing_telephones_goes_out_of_service(office: Office) -> None:
    office.switch.set_remote_extension("ann", True)
    office.dial("ben", "100")
    office.switch.set_device_state("100", "OUT_OF_SERVICE")
    assert [leg.device for leg in office.switch.call_views("ann")[0].legs] == ["6100"]


def test_capabilities_of_a_simple_call(office: Office) -> None:
    call = office.dial("ann", "101")
    assert office.switch.call_actions("ann", call.ref) == {"terminate", "callBack", "overflowToVoiceMail"}
    assert office.switch.leg_actions("ann", call.ref, "100") == {"drop"}
    ringing = {"redirect", "pickedUp", "terminate", "redirectToVoiceMail", "redirectToDVA"}
    assert office.switch.call_actions("ben", call.ref) == ringing
    assert office.switch.leg_actions("ben", call.ref, "101") == {"answer"}
    office.answer("ben", call)
    active = {"terminate", "blindTransfer", "park", "dropParticipant", "startRecord"}
    assert office.switch.call_actions("ben", call.ref) == active
    assert office.switch.leg_actions("ben", call.ref, "101") == {"drop", "hold", "sendDtmf"}
    assert office.switch.device_actions("ben", "101") == {"makeCall", "makeBusinessCall", "unParkCall"}


def test_listeners_may_act_and_changes_stay_in_order(office: Office) -> None:
    seen: list[str] = []

    def answer_at_once(change: object) -> None:
        text = f"{getattr(change, 'login', '')} {getattr(getattr(change, 'view', None), 'state', None)}"
        seen.append(text)
        if text == "ben RINGING_INCOMING":
            office.answer("ben", change.ref)  # type: ignore[attr-defined]

    stop = office.switch.subscribe(answer_at_once)
    office.dial("ann", "101")
    calls = [text for text in seen if "None" not in text]
    assert calls == ["ann DIALING", "ann RINGING_OUTGOING", "ben RINGING_INCOMING", "ben ACTIVE", "ann ACTIVE"]
    stop()
    stop()
    before = len(seen)
    office.switch.release("ann", office.switch.call_views("ann")[0].ref)
    assert len(seen) == before
