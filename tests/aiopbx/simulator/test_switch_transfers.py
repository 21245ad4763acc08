"""Transfer, redirection, conference, parking, pick-up."""

from collections.abc import Iterator

import pytest

from aiopbx.simulator.switch import Call, SwitchSettings
from tests.aiopbx.simulator.office import OUTSIDE, Office

STATE = ("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE")


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.check()


def test_a_supervised_transfer(office: Office) -> None:
    held, active = office.consult()
    assert "transfer" in office.switch.call_actions("ben", active.ref)
    assert "transfer" not in office.switch.call_actions("ben", held.ref)
    office.refuses(*STATE, "transfer", "ben", held.ref, active.ref)
    office.changes.clear()
    office.switch.transfer("ben", active.ref, held.ref)
    assert office.last("ann").previous_ref == held.ref
    assert (office.last("ann").ref, office.cause("ann"), office.cause("cleo")) == (
        active.ref,
        "TRANSFERRED",
        "TRANSFERRED",
    )
    assert office.call_changes("ben") == [
        ("modified", "RELEASING", "TRANSFERRED"),
        ("removed", None, "TRANSFERRED"),
        ("modified", "RELEASING", "TRANSFERRED"),
        ("removed", None, "TRANSFERRED"),
    ]
    assert (office.party("ann"), office.party("cleo"), office.state("ann")) == (["102"], ["100"], ["ACTIVE"])
    assert held.ended
    assert set(office.switch.calls) == {active.ref}


def test_a_transfer_to_a_user_who_still_rings(office: Office) -> None:
    held = office.talk("ann", "ben")
    ringing = office.dial("ben", "102")
    office.switch.transfer("ben", ringing.ref, held.ref)
    assert (office.state("ann"), office.state("cleo"), office.party("cleo")) == (
        ["RINGING_OUTGOING"],
        ["RINGING_INCOMING"],
        ["100"],
    )
    office.answer("cleo", ringing)
    assert office.state("ann") == ["ACTIVE"]


def test_a_transfer_needs_an_active_and_a_held_call_of_two(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.refuses(*STATE, "transfer", "ben", call.ref, call.ref)
    office.refuses("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "transfer", "ben", call.ref, "none")


def test_two_outside_can_be_connected_and_do_not_stay_for_ever(office: Office) -> None:
    first = office.switch.incoming_external(OUTSIDE, "101")
    office.answer("ben", first)
    second = office.dial("ben", "+15550123")
    office.switch.external_answer(second.ref)
    office.switch.transfer("ben", second.ref, first.ref)
    assert office.state("ben") == []
    assert [member.identity.number for member in second.members] == ["+15550123", OUTSIDE]
    office.clock.advance(60)
    assert not office.switch.calls


def test_a_blind_transfer(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.blind_transfer("ben", call.ref, "102")
    assert (office.last("ben").cause, office.last("ben").new_destination) == ("TRANSFERRED", "102")
    assert (office.state("ann"), office.state("cleo"), office.party("cleo")) == (
        ["RINGING_OUTGOING"],
        ["RINGING_INCOMING"],
        ["100"],
    )
    assert office.cause("cleo") == "TRANSFERRED"


def test_a_blind_transfer_that_would_lose_the_caller_is_refused(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "blind_transfer", "ben", call.ref, "199")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "blind_transfer", "ben", call.ref, "101")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DESTINATION", "blind_transfer", "ben", call.ref, "x")
    office.refuses("CALL_SERVER_ERROR", "RESOURCE_BUSY", "blind_transfer", "ben", call.ref, "100")
    office.switch.set_dnd("cleo", True)
    office.refuses("CALL_SERVER_ERROR", "RESOURCE_BUSY", "blind_transfer", "ben", call.ref, "102")
    office.switch.set_device_state("103", "OUT_OF_SERVICE")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "blind_transfer", "ben", call.ref, "103")


def test_an_anonymous_blind_transfer(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.blind_transfer("ben", call.ref, "102", anonymous=True)
    assert office.switch.call_views("cleo")[0].parties[0].anonymous
    assert office.party("ann") == ["102"]


def test_redirection_to_a_number(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.redirect("ben", call.ref, "102")
    assert (office.last("ben").cause, office.last("ben").new_destination) == ("REDIRECTED", "102")
    assert (office.cause("ann"), office.cause("cleo")) == ("REDIRECTED", "REDIRECTED")
    assert office.party("ann") == ["102"]
    assert office.switch.counters("ben").missed_calls == 0


@pytest.mark.parametrize(("to", "number"), [("VOICEMAIL", "5000"), ("DVA", "5001")])
def test_redirection_to_a_service(office: Office, to: str, number: str) -> None:
    call = office.dial("ann", "101")
    office.switch.redirect("ben", call.ref, to)
    assert (office.state("ann"), office.party("ann"), office.last("ben").new_destination) == (
        ["ACTIVE"],
        [number],
        number,
    )
    office.switch.drop("ann", call.ref)
    assert office.switch.counters("ben").voicemails == (1 if to == "VOICEMAIL" else 0)


def test_redirection_that_is_not_possible() -> None:
    office = Office(ben={"voicemail": False}, settings=SwitchSettings(dva_number=None))
    call = office.dial("ann", "101")
    assert office.switch.call_actions("ben", call.ref) == {"redirect", "pickedUp", "terminate"}
    office.refuses("SERVICE_UNAVAILABLE", None, "redirect", "ben", call.ref, "VOICEMAIL")
    office.refuses("SERVICE_UNAVAILABLE", None, "redirect", "ben", call.ref, "DVA")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DESTINATION", "redirect", "ben", call.ref, "MOON")
    office.answer("ben", call)
    office.refuses(*STATE, "redirect", "ben", call.ref, "102")


def test_overflow_of_the_own_call_to_the_voicemail(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.overflow_to_voicemail("ann", call.ref)
    assert (office.state("ann"), office.party("ann"), office.cause("ben")) == (["ACTIVE"], ["5000"], "FORWARDED")
    assert office.switch.counters("ben").missed_calls == 1
    office.clock.advance(30)
    assert office.state("ann") == []
    assert office.switch.counters("ben").voicemails == 1
    assert office.switch.users["ben"].voicemails[0].number == "100"


def test_no_overflow_without_a_voicemail() -> None:
    office = Office(ben={"voicemail": False})
    call = office.dial("ann", "101")
    office.refuses("SERVICE_UNAVAILABLE", None, "overflow_to_voicemail", "ann", call.ref)
    office.answer("ben", call)
    office.refuses(*STATE, "overflow_to_voicemail", "ann", call.ref)


def conference(office: Office) -> Call:
    held, active = office.consult()
    office.switch.merge("ben", active.ref, held.ref)
    return active


def test_a_conference(office: Office) -> None:
    held, active = office.consult()
    office.changes.clear()
    office.switch.merge("ben", active.ref, held.ref)
    releasing = next(c for c in office.changes if getattr(c, "replaced_by", None))
    assert (releasing.login, releasing.ref, releasing.replaced_by) == ("ben", held.ref, active.ref)  # type: ignore[union-attr]
    assert (office.last("ann").previous_ref, office.cause("ann")) == (held.ref, "CONFERENCED")
    assert [sorted(office.party(login)) for login in ("ann", "ben", "cleo")] == [
        ["101", "102"],
        ["100", "102"],
        ["100", "101"],
    ]
    assert {"dropMe", "terminate", "dropParticipant"} <= office.switch.call_actions("ben", active.ref)
    assert "terminate" not in office.switch.call_actions("ann", active.ref)


def test_a_fourth_party_and_the_most(office: Office) -> None:
    active = conference(office)
    fourth = office.dial("ben", "103")
    office.answer("dan", fourth)
    office.switch.merge("ben", fourth.ref, active.ref)
    assert len(fourth.members) == 4
    small = Office(settings=SwitchSettings(conference_size=3))
    active = conference(small)
    fourth = small.talk("ben", "dan")
    small.refuses(*STATE, "merge", "ben", fourth.ref, active.ref)
    assert "merge" not in small.switch.call_actions("ben", fourth.ref)


def test_leaving_a_conference(office: Office) -> None:
    call = conference(office)
    office.switch.drop("ann", call.ref)
    assert (office.cause("ann"), office.cause("ben")) == ("CLEARED", "PARTICIPANT_LEFT")
    assert (office.party("ben"), office.state("ben")) == (["102"], ["ACTIVE"])
    assert "terminate" in office.switch.call_actions("cleo", call.ref)
    office.switch.drop("cleo", call.ref)
    assert office.state("ben") == []


def test_only_its_creator_ends_a_conference(office: Office) -> None:
    call = conference(office)
    office.refuses("UNAUTHORIZED", None, "release", "ann", call.ref)
    office.refuses("UNAUTHORIZED", None, "drop_participant", "ann", call.ref, "102")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "drop_participant", "ben", call.ref, "103")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "drop_participant", "ben", call.ref, "101")
    office.switch.release("ben", call.ref)
    assert not office.switch.calls


def test_dropping_a_participant(office: Office) -> None:
    call = conference(office)
    office.switch.drop_participant("ben", call.ref, "100")
    assert office.state("ann") == []
    office.switch.drop_participant("ben", call.ref, "102")
    assert not office.switch.calls


def test_a_conference_of_one_user_and_people_outside_ends_with_the_user(office: Office) -> None:
    first = office.switch.incoming_external(OUTSIDE, "101")
    office.answer("ben", first)
    second = office.dial("ben", "+15550123")
    office.switch.external_answer(second.ref)
    office.switch.merge("ben", second.ref, first.ref)
    office.switch.drop("ben", second.ref)
    assert not office.switch.calls


def test_a_call_with_a_service_cannot_be_merged(office: Office) -> None:
    office.talk("ann", "ben")
    mailbox = office.dial("ben", "5000")
    assert not {"merge", "transfer", "park", "blindTransfer"} & office.switch.call_actions("ben", mailbox.ref)
    office.refuses(*STATE, "merge", "ben", mailbox.ref, office.switch.call_views("ben")[0].ref)


def test_parking_at_the_own_telephone_and_taking_it_elsewhere(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.park("ben", call.ref)
    assert (office.state("ben"), office.cause("ben"), office.last("ben").new_destination) == ([], "PARKED", "101")
    assert (office.state("ann"), office.cause("ann")) == (["ACTIVE"], "PARKED")
    assert office.switch.call_views("ann")[0].parties[0].identity.kind == "DEVICE"
    assert "sendDtmf" not in office.switch.leg_actions("ann", call.ref, "100")
    office.refuses("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "unpark", "cleo", "102")
    office.refuses(*STATE, "unpark", "ann", "100", "101")
    office.switch.unpark("cleo", "102", "101")
    assert (office.party("ann"), office.state("cleo"), office.switch.parked) == (["102"], ["ACTIVE"], {})


def test_a_place_takes_one_call(office: Office) -> None:
    office.switch.park("ben", office.talk("ann", "ben").ref, "103")
    call = office.talk("cleo", "ben")
    office.refuses("CALL_SERVER_ERROR", "RESOURCE_BUSY", "park", "ben", call.ref, "103")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "park", "ben", call.ref, "0015550100")


def test_a_parked_call_comes_back(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.park("ben", call.ref)
    office.clock.advance(60)
    assert (office.state("ben"), office.cause("ben"), office.state("ann")) == (
        ["RINGING_INCOMING"],
        "RECALL",
        ["RINGING_OUTGOING"],
    )
    office.answer("ben", call)
    assert office.state("ann") == ["ACTIVE"]


def test_a_parked_call_waits_while_the_user_who_parked_it_is_busy(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.park("ben", call.ref)
    office.talk("ben", "cleo")
    office.talk("ben", "dan")
    office.clock.advance(60)
    assert call.parked is not None
    office.switch.release("dan", office.switch.call_views("dan")[0].ref)
    office.clock.advance(60)
    assert office.state("ben")[0] == "RINGING_INCOMING" or "RINGING_INCOMING" in office.state("ben")


def test_a_parked_party_may_hang_up(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.park("ben", call.ref)
    office.switch.drop("ann", call.ref)
    assert (office.switch.calls, office.switch.parked) == ({}, {})


def test_picking_up_with_and_without_answering(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.pickup("cleo", "102", "101")
    assert (office.cause("ben"), office.last("ben").new_destination) == ("PICKED_UP", "102")
    assert (office.state("cleo"), office.cause("cleo"), office.party("ann")) == (
        ["RINGING_INCOMING"],
        "PICKED_UP",
        ["102"],
    )
    office.switch.pickup("dan", "103", "102", call.ref, auto_answer=True)
    assert (office.state("dan"), office.state("ann")) == (["ACTIVE"], ["ACTIVE"])
    assert office.switch.counters("ben").missed_calls == 0


def test_what_cannot_be_picked_up(office: Office) -> None:
    office.refuses(*STATE, "pickup", "cleo", "102", "101")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "pickup", "cleo", "102", "199")
    office.dial("ann", "101")
    office.refuses("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID", "pickup", "cleo", "102", "101", "none")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "pickup", "ben", "101", "101")
