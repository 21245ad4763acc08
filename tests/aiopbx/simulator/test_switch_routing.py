"""Do-not-disturb, forward, overflow, remote extension, hunting groups: where calls go."""

from collections.abc import Iterator

import pytest

from aiopbx.simulator.switch import RoutingChange
from tests.aiopbx.simulator.office import OUTSIDE, Office, group_settings


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.check()


def routing(office: Office, login: str) -> int:
    """How often a change of the user's routing was published."""
    return sum(isinstance(change, RoutingChange) and change.login == login for change in office.changes)


def test_do_not_disturb_refuses_and_counts_as_missed(office: Office) -> None:
    office.switch.set_dnd("ben", True)
    office.switch.set_dnd("ben", True)
    assert routing(office, "ben") == 1
    office.dial("ann", "101")
    assert (office.state("ann"), office.cause("ann")) == (["RELEASING"], "DO_NOT_DISTURB")
    assert office.switch.counters("ben").missed_calls == 1
    office.switch.set_dnd("ben", False)
    office.dial("ann", "101")
    assert office.state("ben") == ["RINGING_INCOMING"]


def test_an_immediate_forward(office: Office) -> None:
    office.switch.set_forward("ben", "102")
    call = office.dial("ann", "101")
    assert (office.state("ben"), office.state("cleo"), office.cause("cleo")) == ([], ["RINGING_INCOMING"], "FORWARDED")
    assert office.switch.call_views("cleo")[0].initial_called.number == "101"
    office.switch.drop("ann", call.ref)
    office.switch.cancel_forward("ben")
    office.dial("ann", "101")
    assert office.state("ben") == ["RINGING_INCOMING"]


def test_a_forward_wins_over_do_not_disturb(office: Office) -> None:
    office.switch.set_dnd("ben", True)
    office.switch.set_forward("ben", "102")
    office.dial("ann", "101")
    assert office.state("cleo") == ["RINGING_INCOMING"]


def test_a_chain_of_forwards_leads_outside(office: Office) -> None:
    office.switch.set_forward("ben", "102")
    office.switch.set_forward("cleo", OUTSIDE)
    office.dial("ann", "101")
    assert office.party("ann") == [OUTSIDE]


def test_a_forward_to_the_voicemail_leaves_a_message(office: Office) -> None:
    office.switch.set_forward("ben", target="VOICEMAIL")
    call = office.switch.incoming_external(OUTSIDE, "101")
    assert [member.identity.number for member in call.members] == [OUTSIDE, "5000"]
    office.switch.external_hang_up(call.ref)
    assert office.switch.counters("ben").voicemails == 1
    office.dial("ben", "5000")
    assert office.switch.counters("ben").voicemails == 0


@pytest.mark.parametrize("condition", ["BUSY", "BUSY_NO_ANSWER"])
def test_a_forward_on_busy(office: Office, condition: str) -> None:
    office.switch.set_forward("ben", "103", condition=condition)
    office.talk("ben", "cleo")
    office.dial("cleo", "101")
    assert office.state("ben")[-1] == "RINGING_INCOMING"  # a line is free
    office.dial("ann", "101")
    assert office.state("dan") == ["RINGING_INCOMING"]


@pytest.mark.parametrize("condition", ["NO_ANSWER", "BUSY_NO_ANSWER"])
def test_a_forward_on_no_answer(office: Office, condition: str) -> None:
    office.switch.set_forward("ben", "102", condition=condition)
    office.dial("ann", "101")
    office.clock.advance(24)
    assert office.state("ben") == ["RINGING_INCOMING"]
    office.clock.advance(1)
    assert (office.state("ben"), office.cause("ben"), office.last("ben").new_destination) == ([], "FORWARDED", "102")
    assert (office.state("cleo"), office.party("ann"), office.cause("ann")) == (
        ["RINGING_INCOMING"],
        ["102"],
        "FORWARDED",
    )
    assert office.switch.counters("ben").missed_calls == 1


def test_an_overflow_to_the_voicemail_and_to_the_associate(office: Office) -> None:
    office.switch.set_overflow("ben")
    office.dial("ann", "101")
    office.clock.advance(25)
    assert (office.party("ann"), office.state("ann")) == (["5000"], ["ACTIVE"])
    office.refuses(
        "BAD_PARAMETER_VALUE", "INVALID_OVERFLOW_ROUTE", "set_overflow", "cleo", target="ASSOCIATE", condition="BUSY"
    )
    office.switch.set_overflow("cleo", "103", target="ASSOCIATE", condition="NO_ANSWER")
    assert office.switch.users["cleo"].associate == "103"
    office.dial("ben", "102")
    office.clock.advance(25)
    assert office.state("dan") == ["RINGING_INCOMING"]
    office.switch.cancel_overflow("cleo")
    assert office.switch.users["cleo"].overflow is None


def test_a_loop_is_refused(office: Office) -> None:
    office.switch.set_forward("ben", "102")
    office.switch.set_forward("cleo", "103", condition="BUSY")
    error = office.refuses("BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE", "set_forward", "dan", "101")
    assert error.routing
    assert "back" in error.message
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE", "set_forward", "cleo", "101")


def test_a_loop_that_arises_at_run_time_ends(office: Office) -> None:
    office.switch.set_overflow("ben", "102", target="ASSOCIATE", condition="NO_ANSWER")
    office.switch.set_overflow("cleo", "101", target="ASSOCIATE", condition="NO_ANSWER")
    office.dial("ann", "101")
    office.clock.advance(25)
    assert office.state("cleo") == ["RINGING_INCOMING"]
    office.clock.advance(60)
    assert (office.state("cleo"), office.state("ben")) == (["RINGING_INCOMING"], [])


def test_routes_that_cannot_be_set() -> None:
    office = Office(dan={"voicemail": False})
    for error, cause, number in (
        ("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER", ""),
        ("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER", None),
        ("BAD_PARAMETER_VALUE", "BAD_PHONE_NUMBER_FORMAT", "12x"),
        ("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", "103"),
        ("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", "5000"),
        ("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", "5001"),
        ("UNKNOWN_PHONE_NUMBER", "INVALID_FORWARD_ROUTE", "199"),
        ("INCOMPLETE_PHONE_NUMBER", "INVALID_FORWARD_ROUTE", "10"),
    ):
        assert office.refuses(error, cause, "set_forward", "dan", number).routing
    voicemail = ("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER")
    assert office.refuses(*voicemail, "set_forward", "dan", target="VOICEMAIL").destination == "VOICEMAIL"
    office.refuses(*voicemail, "set_overflow", "dan")
    office.refuses(*voicemail, "set_overflow", "ben", "101", target="ASSOCIATE")
    bad = "BAD_PARAMETER_VALUE"
    office.refuses(bad, "INVALID_FORWARD_ROUTE", "set_forward", "ben", "102", condition="SOMETIMES")
    office.refuses(bad, "INVALID_FORWARD_ROUTE", "set_forward", "ben", "102", target="ASSOCIATE")
    office.refuses(bad, "INVALID_OVERFLOW_ROUTE", "set_overflow", "ben", condition="IMMEDIATE")
    office.refuses(bad, "INVALID_OVERFLOW_ROUTE", "set_overflow", "ben", "102", target="NUMBER")
    office.refuses("INVALID_OPERATION", "INVALID_CURRENT_DEVICE", "set_remote_extension", "ben", True)


def test_a_hunting_group_takes_turns() -> None:
    office = Office(
        settings=group_settings(),
        ben={"hunting_group": "700"},
        cleo={"hunting_group": "700"},
        dan={"hunting_group": "700"},
    )
    order = []
    for _ in range(3):
        call = office.dial("ann", "700")
        order += [login for login in ("ben", "cleo", "dan") if office.state(login)]
        office.switch.drop("ann", call.ref)
    assert order == ["ben", "cleo", "dan"]
    office.switch.hunting_group_log("ben", False)
    office.switch.set_dnd("cleo", True)
    call = office.dial("ann", "700")
    assert office.state("dan") == ["RINGING_INCOMING"]
    office.switch.set_dnd("cleo", False)
    office.clock.advance(25)
    assert (office.state("dan"), office.state("cleo")) == ([], ["RINGING_INCOMING"])
    office.switch.release("cleo", call.ref)
    assert (office.state("ann"), office.cause("ann")) == (["RELEASING"], "BUSY")
    office.check()


def test_a_group_that_no_one_serves() -> None:
    office = Office(settings=group_settings())
    office.dial("ann", "700")
    assert office.cause("ann") == "DESTINATION_NOT_OBTAINABLE"
    office.switch.hunting_group_member("ben", "700", True)
    office.switch.set_dnd("ben", True)
    office.dial("ann", "700")
    assert office.cause("ann") == "BUSY"
    assert office.switch.counters("ben").missed_calls == 0
