"""Programming telephones, and what that does to calls."""

from typing import Any

import pytest

from aiopbx.simulator.settings import DeviceSpec
from aiopbx.simulator.switch import CapabilitiesChange, RoutingChange, SwitchError
from tests.aiopbx.simulator.office import Office


@pytest.fixture
def office() -> Office:
    """Ann has a mobile and a module of ten keys, Ben an analogue set."""
    return Office(
        ann={
            "devices": (DeviceSpec(id="100", addons=("ADDON_10_KEYS",)), DeviceSpec(id="6100", type="MOBILE")),
            "secret_code": "9876",
        },
        ben={"devices": (DeviceSpec(id="101", sub_type="ANALOG"),)},
    )


def test_locked_set_dials_nothing_and_still_rings(office: Office) -> None:
    office.switch.lock_set("ann", "100", True)
    assert any(isinstance(change, CapabilitiesChange) for change in office.changes)
    assert office.switch.device_actions("ann", "100") == {"unParkCall"}
    error = office.refuses("UNAUTHORIZED", "INVALID_DEVICE_STATE", "make_call", "ann", "100", "101")
    assert "locked" in error.message
    call = office.talk("ben", "ann")
    office.refuses("UNAUTHORIZED", "INVALID_DEVICE_STATE", "make_call", "ann", "100", "102")  # nor consult
    office.switch.drop("ann", call.ref)
    office.switch.lock_set("ann", "100", False)
    assert "makeCall" in office.switch.device_actions("ann", "100")
    office.dial("ann", "101")
    office.check()


def test_another_telephone_is_not_locked_with_it(office: Office) -> None:
    office.switch.set_remote_extension("ann", True)
    office.switch.lock_set("ann", "100", True)
    office.switch.make_call("ann", "6100", "101", auto_answer=True)
    office.check()


def test_associate_is_where_an_overflow_leads(office: Office) -> None:
    office.switch.set_associate("ben", "102")
    office.switch.set_overflow("ben", target="ASSOCIATE", condition="NO_ANSWER")
    office.changes.clear()
    office.switch.set_associate("ben", "103")
    assert RoutingChange(login="ben") in office.changes
    office.dial("ann", "101")
    office.clock.advance(25)
    assert office.state("dan") == ["RINGING_INCOMING"]
    office.switch.set_associate("ben", None)
    assert office.switch.users["ben"].overflow is None
    office.refuses("UNKNOWN_PHONE_NUMBER", "INVALID_OVERFLOW_ROUTE", "set_associate", "ben", "4711")
    office.refuses("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", "set_associate", "ben", "101")
    office.check()


def test_remote_extension_is_switched_by_its_own_number(office: Office) -> None:
    office.switch.switch_remote_extension("ann", "6100", True)
    office.dial("ben", "100")
    assert {leg.device for leg in office.switch.call_views("ann")[0].legs} == {"100", "6100"}
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "switch_remote_extension", "ann", "100", True)
    office.refuses("DEVICE_NOT_FOUND", None, "switch_remote_extension", "ann", "101", True)


def test_keys_of_set_and_module(office: Office) -> None:
    keys = office.switch.keys("ann", "100")
    assert [key.position for key in keys] == list(range(1, 23))
    assert [key.locked for key in keys[:3]] == [True, True, False]
    assert office.switch.keys("ben", "101") == ()
    assert office.switch.soft_keys("ben", "101") == ()


@pytest.mark.parametrize("soft", [False, True])
def test_key_is_programmed_and_erased(office: Office, soft: bool) -> None:
    office.switch.program_key("ann", "100", 5, "1 02", "Cleo", soft=soft)
    key = (office.switch.soft_keys if soft else office.switch.keys)("ann", "100")[4]
    assert (key.number, key.mnemonic, key.programmed) == ("102", "Cleo", True)
    other = (office.switch.keys if soft else office.switch.soft_keys)("ann", "100")[4]
    assert not other.programmed
    office.switch.erase_key("ann", "100", 5, soft=soft)
    office.refuses("KEY_NOT_FOUND", None, "erase_key", "ann", "100", 5, soft=soft)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("UNAUTHORIZED", ("ann", "100", 1, "102")),
        ("KEY_NOT_FOUND", ("ann", "100", 23, "102")),
        ("KEY_NOT_FOUND", ("ann", "100", 0, "102")),
        ("KEY_NOT_FOUND", ("ben", "101", 1, "102")),
        ("DEVICE_NOT_FOUND", ("ann", "101", 3, "102")),
        ("BAD_PARAMETER_VALUE", ("ann", "100", 3, None)),
        ("BAD_PARAMETER_VALUE", ("ann", "100", 3, "no number")),
        ("BAD_PARAMETER_VALUE", ("ann", "100", 3, "102", "x" * 17)),
    ],
)
def test_keys_are_checked(office: Office, kind: str, arguments: tuple[Any, ...]) -> None:
    before = office.switch.dump()
    with pytest.raises(SwitchError) as refused:
        office.switch.program_key(*arguments)
    assert refused.value.kind == kind
    assert office.switch.dump() == before


def private(office: Office, login: str, pin: str, secret: str = "") -> None:
    number = office.number(login)
    call = office.switch.make_call(login, number, "0015550100", auto_answer=True, pin=pin, secret_code=secret)
    office.switch.release(login, call.ref)


def test_pin_with_secret_code(office: Office) -> None:
    office.switch.set_pin("ann", "1234", with_secret_code=True)
    assert "makePrivateCall" in office.switch.device_actions("ann", "100")
    private(office, "ann", "1234", "9876")
    with pytest.raises(SwitchError, match="pin or the secret code"):
        private(office, "ann", "1234", "0000")
    office.switch.set_pin("ann", with_secret_code=False)
    private(office, "ann", "1234", "anything")
    office.switch.set_pin("ann", "")
    assert "makePrivateCall" not in office.switch.device_actions("ann", "100")
    office.check()


def test_pin_on_the_sets_of_others(office: Office) -> None:
    office.switch.set_pin("ann", "1234", with_secret_code=True)
    with pytest.raises(SwitchError, match="pin or the secret code"):
        private(office, "ben", "1234", "9876")
    office.switch.set_pin("ann", control="PIN_Universal_Access")
    private(office, "ben", "1234", "9876")
    office.switch.set_pin("ann", control="PIN_Group_Control", group=3)
    with pytest.raises(SwitchError, match="pin or the secret code"):
        private(office, "ben", "1234", "9876")
    office.switch.set_pin("ben", group=3)
    private(office, "ben", "1234", "9876")


def test_pin_without_secret_code_needs_none_on_the_set(office: Office) -> None:
    office.switch.set_pin("ben", "4321", with_secret_code=False)
    assert "makePrivateCall" in office.switch.device_actions("ben", "101")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "set_pin", "ben", with_secret_code=True)


@pytest.mark.parametrize("wrong", [{"pin": "123"}, {"pin": "12a4"}, {"control": "PIN_Anything"}, {"group": -1}])
def test_pin_is_checked(office: Office, wrong: dict[str, Any]) -> None:
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "set_pin", "ann", **wrong)


def test_telephones_come_and_go(office: Office) -> None:
    office.switch.add_device("ben", "1101")
    office.dial("ann", "101")
    assert {leg.device for leg in office.switch.call_views("ben")[0].legs} == {"101", "1101"}
    office.switch.remove_device("ben", "1101")
    assert [leg.device for leg in office.switch.call_views("ben")[0].legs] == ["101"]
    office.refuses("NUMBER_TAKEN", None, "add_device", "ben", "100")
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "remove_device", "ben", "101")
    office.refuses("DEVICE_NOT_FOUND", None, "remove_device", "ben", "1101")
    office.check()


def test_reinitialised_sets_are_as_new(office: Office) -> None:
    office.switch.lock_set("ann", "100", True)
    office.switch.set_camp_on("ann", "100", True)
    office.switch.program_key("ann", "100", 5, "102")
    office.switch.set_forward("ann", "102")
    office.switch.set_dnd("ann", True)
    office.switch.reinitialise("ann")
    user = office.switch.users["ann"]
    device = user.devices["100"]
    assert (device.locked, device.camp_on, device.keys) == (False, False, {})
    assert (user.forward, user.do_not_disturb) == (None, False)
    office.check()


def test_voicemail_is_given_and_taken(office: Office) -> None:
    office.switch.set_voicemail("ann", "5005")
    assert office.switch.known("5005")
    office.refuses("NUMBER_TAKEN", None, "set_voicemail", "ann", "101")
    office.switch.set_voicemail("ann", None)
    assert not office.switch.users["ann"].voicemail
    office.check()


def test_prefixes_are_listed(office: Office) -> None:
    assert office.switch.prefixes["Station_Facility_Type", "Do_not_disturb"] == "*60"
    assert len(set(office.switch.prefixes.values())) == len(office.switch.prefixes)
