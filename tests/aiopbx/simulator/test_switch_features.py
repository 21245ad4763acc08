"""Data, recordings, call-backs, texts, desk sharing, hunting groups, people who come and go; and the clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from aiopbx.simulator.clock import ManualClock, RealClock
from aiopbx.simulator.settings import UserSpec
from aiopbx.simulator.switch import CountersChange, Switch, UserChange
from tests.aiopbx.simulator.office import Office, group_settings, people

STATE = ("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE")
BAD = ("BAD_PARAMETER_VALUE", "INVALID_DATA")


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office(settings=group_settings())
    yield office
    office.check()


def test_dtmf(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.send_dtmf("ann", call.ref, "100", "12#A*")
    assert call.dtmf == [("ann", "12#A*")]
    office.refuses(*BAD, "send_dtmf", "ann", call.ref, "100", "12x")
    office.refuses(*BAD, "send_dtmf", "ann", call.ref, "100", "")
    office.switch.hold("ann", call.ref, "100")
    office.refuses(*STATE, "send_dtmf", "ann", call.ref, "100", "1")


def test_recording(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.refuses(*STATE, "recording", "ann", call.ref, "stop")
    office.refuses(*BAD, "recording", "ann", call.ref, "dance")
    for action, state, offered in (
        ("start", "RECORDING", {"stopRecord", "pauseRecord"}),
        ("pause", "PAUSED", {"stopRecord", "resumeRecord"}),
        ("resume", "RECORDING", {"stopRecord", "pauseRecord"}),
        ("stop", None, {"startRecord"}),
    ):
        office.switch.recording("ann", call.ref, action)
        assert office.switch.call_view("ann", call.ref).record_state == state
        assert {name for name in office.switch.call_actions("ann", call.ref) if name.endswith("Record")} == offered
    assert office.switch.call_view("ben", call.ref).record_state is None
    office.switch.hold("ann", call.ref, "100")
    office.refuses("LEG_NOT_FOUND", "INVALID_CONNECTION_STATE", "recording", "ann", call.ref, "start")


def test_recording_needs_a_voicemail() -> None:
    office = Office(ann={"voicemail": False})
    call = office.talk("ann", "ben")
    office.refuses("SERVICE_UNAVAILABLE", None, "recording", "ann", call.ref, "start")
    assert office.switch.counters("ann").voicemails is None


def test_associated_data_and_account_information(office: Office) -> None:
    call = office.dial("ann", "101", associated_data="case 4711")
    assert office.switch.call_view("ben", call.ref).associated_data == "case 4711"
    office.switch.attach_data("ben", call.ref, "ä" * 16, "101")
    assert office.switch.call_view("ann", call.ref).associated_data == "ä" * 16
    office.refuses(*BAD, "attach_data", "ben", call.ref, "x" * 33)
    office.refuses("UNAUTHORIZED", "INVALID_DEVICE", "attach_data", "ben", call.ref, "x", "100")
    office.switch.attach_data("ben", call.ref, None)
    assert call.associated_data is None
    office.switch.account_info("ben", call.ref, "4711")
    assert office.switch.call_view("ann", call.ref).account_info == "4711"
    office.refuses(*BAD, "account_info", "ben", call.ref, "47-11")


def test_call_backs(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.callback("ann", call.ref)
    assert "callBack" not in office.switch.call_actions("ann", call.ref)
    office.refuses(*STATE, "callback", "ann", call.ref)
    office.switch.request_callback("ann", "101")  # the same once more
    office.switch.request_callback("cleo", "101")
    assert [entry.number for entry in office.switch.callbacks("ben")] == ["100", "102"]
    assert office.switch.counters("ben").callbacks == 2
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "request_callback", "ann", "100")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "request_callback", "ann", "0015550100")
    office.refuses(*BAD, "delete_callbacks", "ben", "nothing")
    office.switch.drop("ann", call.ref)
    office.talk("ben", "ann")  # called back: done
    assert [entry.number for entry in office.switch.callbacks("ben")] == ["102"]
    office.switch.delete_callbacks("ben", office.switch.callbacks("ben")[0].id)
    assert office.switch.counters("ben").callbacks == 0
    office.switch.request_callback("cleo", "101")
    office.switch.delete_callbacks("ben")
    assert office.switch.callbacks("ben") == ()


def test_short_texts_are_read_once_newest_first(office: Office) -> None:
    office.switch.send_text("ann", "101", "first")
    office.switch.send_text("cleo", "101", "second")
    assert office.switch.counters("ben").new_texts == 2
    assert (office.switch.read_text("ben").text, office.switch.read_text("ben").sender) == ("second", "100")
    office.refuses(*STATE, "read_text", "ben")
    office.refuses("CALL_SERVER_ERROR", "INVALID_DESTINATION", "send_text", "ann", "0015550100", "x")
    office.refuses(*BAD, "send_text", "ann", "101", "")
    assert sum(isinstance(change, CountersChange) for change in office.changes) == 4


def test_voicemails_are_read(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.redirect("ben", call.ref, "VOICEMAIL")
    office.switch.drop("ann", call.ref)
    assert office.switch.counters("ben").voicemails == 1
    office.switch.read_voicemails("ben")
    assert office.switch.counters("ben").voicemails == 0
    assert not office.switch.counters("ben").waiting


def test_desk_sharing(office: Office) -> None:
    office.switch.desk_sharing_log_on("ann", "800")
    assert office.switch.by_number("800") is office.switch.users["ann"]
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "desk_sharing_log_on", "ben", "800")
    call = office.switch.make_call("ann", "800", "101", auto_answer=True)
    office.answer("ben", call)
    office.switch.desk_sharing_log_off("ann")
    assert (office.state("ann"), office.state("ben")) == ([], [])
    office.refuses(*STATE, "desk_sharing_log_off", "ann")
    assert set(office.switch.sets) == {"800"}


def test_hunting_group_membership(office: Office) -> None:
    office.refuses(*STATE, "hunting_group_log", "ann", True)
    office.refuses(*BAD, "hunting_group_member", "ann", "999", True)
    office.switch.hunting_group_member("ann", "700", True)
    office.switch.hunting_group_member("ann", "700", True)
    assert office.switch.users["ann"].logged_on
    office.switch.hunting_group_log("ann", False)
    office.switch.hunting_group_member("ann", "700", False)
    assert office.switch.users["ann"].hunting_group is None
    office.switch.add_hunting_group("701", "Sales")
    office.refuses(*BAD, "add_hunting_group", "701")


def test_people_come_and_go(office: Office) -> None:
    office.switch.add_user(UserSpec(login="eve", number="104"))
    call = office.dial("eve", "100")
    office.answer("ann", call)
    office.switch.update_user("eve", last_name="Evans")
    office.dial("ben", "104")
    office.switch.remove_user("eve")
    assert (office.state("ann"), office.state("ben")) == ([], ["RELEASING"])
    assert office.switch.by_number("104") is None
    kinds = [change.kind for change in office.changes if isinstance(change, UserChange)]
    assert kinds == ["created", "changed", "deleted"]
    with pytest.raises(ValueError, match="number 100"):
        office.switch.add_user(UserSpec(login="fay", number="100"))
    with pytest.raises(ValueError, match="login ann"):
        office.switch.add_user(UserSpec(login="ann", number="105"))


def test_the_user_who_parked_a_call_is_deleted(office: Office) -> None:
    office.switch.park("ben", office.talk("ann", "ben").ref, "103")
    office.switch.remove_user("ben")
    office.clock.advance(60)
    assert not office.switch.calls
    office.switch.park("cleo", office.talk("ann", "cleo").ref, "103")
    office.switch.remove_user("dan")
    assert not office.switch.calls
    assert not office.switch.parked


def test_seeds_make_references_repeatable() -> None:
    first, second = Office(settings=group_settings()), Office(settings=group_settings())
    assert first.dial("ann", "101").ref == second.dial("ann", "101").ref


def test_two_users_of_one_number_are_refused() -> None:
    with pytest.raises(ValueError, match="taken"):
        Switch(ManualClock(), [*people(), UserSpec(login="x", number="100")])


def test_the_manual_clock_keeps_the_order() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    seen: list[tuple[str, float]] = []

    def note(name: str) -> Callable[[], None]:
        return lambda: seen.append((name, clock.now()))

    def first() -> None:
        note("first")()
        clock.call_later(0.5, note("nested"))

    clock.call_later(2, note("second"))
    clock.call_later(1, first)
    clock.call_later(2, note("third"))
    clock.call_later(3, note("never")).cancel()
    assert clock.pending == 3
    clock.advance(2)
    assert seen == [("first", 1.0), ("nested", 1.5), ("second", 2.0), ("third", 2.0)]
    assert clock.utc() == datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="seconds"):
        clock.advance(-1)


async def test_the_real_clock() -> None:
    import asyncio

    clock = RealClock()
    happened = asyncio.Event()
    clock.call_later(0, happened.set)
    clock.call_later(0, happened.clear).cancel()
    async with asyncio.timeout(30):
        await happened.wait()
    assert clock.utc().tzinfo is UTC
    assert clock.now() <= clock.now()
