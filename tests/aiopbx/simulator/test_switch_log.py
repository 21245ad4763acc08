"""The communication log of the switch: what it says of calls, whoever they are between and however they go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from aiopbx.simulator.switch import Behaviour, LogChange, LogRecord, SwitchError, SwitchSettings
from aiopbx.simulator.switch.log import LogFilter
from tests.aiopbx.simulator.office import OUTSIDE, Office, group_settings

NINE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def office() -> Any:
    office = Office()
    yield office
    office.check()


def last(office: Office, login: str) -> LogRecord:
    return office.switch.log.records(login)[-1]


def tale(record: LogRecord) -> tuple[Any, ...]:
    """The parts of a record, in short: number, role, answered, called first, reason."""
    return tuple(
        (
            part.identity.number or "?",
            part.role,
            part.answered,
            part.initial_called.number if part.initial_called is not None else None,
            part.reason,
        )
        for part in record.parts
    )


def other(number: str) -> tuple[Any, ...]:
    return (number, None, None, None, None)


# -- plain calls ----------------------------------------------------------------------------------------------------


def test_an_answered_call_is_in_both_logs(office: Office) -> None:
    call = office.dial("ann", "101")
    office.clock.advance(5)
    office.answer("ben", call)
    office.clock.advance(60)
    office.switch.drop("ann", call.ref)
    mine, his = last(office, "ann"), last(office, "ben")
    assert tale(mine) == (("100", "CALLER", True, None, "NORMAL"), other("101"))
    assert tale(his) == (("101", "CALLEE", True, None, "NORMAL"), other("100"))
    assert mine.id != his.id
    assert mine.ref == his.ref == call.ref
    for record in (mine, his):
        assert (record.begin, record.conversation, record.end) == (
            NINE,
            NINE + timedelta(seconds=5),
            NINE + timedelta(seconds=65),
        )
        assert not record.missed


def test_a_record_grows_with_its_call(office: Office) -> None:
    call = office.dial("ann", "101")
    assert (last(office, "ben").end, last(office, "ben").missed) == (None, False)
    assert office.switch.counters("ben").missed_calls == 0  # it still rings
    office.answer("ben", call)
    office.switch.drop("ben", call.ref)
    kinds = [change.kind for change in office.changes if isinstance(change, LogChange) and change.login == "ben"]
    assert kinds == ["created", "modified", "modified"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda office, call: office.switch.drop("ann", call.ref), "ABANDONED"),
        (lambda office, call: office.clock.advance(180), "ABANDONED"),
        (lambda office, call: office.switch.release("ben", call.ref), "UNKNOWN"),  # O2G has no word for it
        (lambda office, call: office.switch.set_device_state("101", "OUT_OF_SERVICE"), "UNKNOWN"),
    ],
)
def test_a_call_that_is_not_answered_is_missed(office: Office, end: Any, reason: str) -> None:
    call = office.dial("ann", "101")
    end(office, call)
    record = last(office, "ben")
    assert tale(record) == (("101", "CALLEE", False, None, reason), other("100"))
    assert (record.missed, record.acknowledged) == (True, False)
    assert not last(office, "ann").missed
    assert last(office, "ann").role == "CALLER"
    assert office.switch.counters("ben").missed_calls == 1


def test_the_busy_and_those_who_do_not_want_to_be_disturbed_have_missed_it(office: Office) -> None:
    office.switch.set_dnd("ben", True)
    office.dial("ann", "101")
    record = last(office, "ben")
    assert (tale(record), record.begin) == ((("101", "CALLEE", False, None, "BUSY"), other("100")), record.end)
    office.clock.advance(10)
    assert tale(last(office, "ann")) == (("100", "CALLER", False, None, "BUSY"), other("101"))


def test_a_number_that_does_not_exist_and_one_outside(office: Office) -> None:
    office.switch.external.set("00155502*", Behaviour(invalid=True))
    office.dial("ann", "0015550200")
    office.clock.advance(10)
    assert tale(last(office, "ann")) == (("100", "CALLER", False, None, "INVALID_NUMBER"), other("0015550200"))
    call = office.dial("ann", OUTSIDE)
    office.switch.external_answer(call.ref)
    office.switch.external_hang_up(call.ref)
    assert tale(last(office, "ann")) == (("100", "CALLER", True, None, "NORMAL"), other(OUTSIDE))


def test_a_call_that_was_never_dialled_is_in_no_log(office: Office) -> None:
    call = office.switch.make_call("ann", "100", "101")  # the own telephone rings first
    office.switch.release("ann", call.ref)
    assert office.switch.log.records("ann") == ()


def test_an_anonymous_caller_is_not_named(office: Office) -> None:
    office.switch.drop("ann", office.dial("ann", "101", anonymous=True).ref)
    assert [part.anonymous for part in last(office, "ben").parts] == [False, True]
    assert tale(last(office, "ben"))[1] == other("?")
    assert tale(last(office, "ann"))[0][0] == "100"


# -- calls that go elsewhere ----------------------------------------------------------------------------------------


def test_a_redirected_call_is_in_three_logs(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.redirect("ben", call.ref, "102")
    office.answer("cleo", call)
    office.switch.drop("ann", call.ref)
    cleo = ("102", "CALLEE", True, "101", "REDIRECTED")
    assert tale(last(office, "ann")) == (("100", "CALLER", True, "101", "REDIRECTED"), other("102"))
    assert tale(last(office, "ben")) == (other("100"), cleo)
    assert tale(last(office, "cleo")) == (cleo, other("100"))
    assert office.switch.counters("ben").missed_calls == 0


def test_a_redirected_call_without_an_answer_was_missed_by_the_last(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.redirect("ben", call.ref, "102")
    office.switch.drop("ann", call.ref)
    assert [office.switch.counters(login).missed_calls for login in ("ben", "cleo")] == [0, 1]
    assert (last(office, "ben").missed, last(office, "ben").acknowledged) == (True, True)  # he has seen it


def test_an_overflow_is_missed_until_someone_answers(office: Office) -> None:
    office.switch.set_overflow("ben", "102", target="ASSOCIATE")
    call = office.dial("ann", "101")
    office.clock.advance(25)
    assert office.switch.counters("ben").missed_calls == 1
    office.answer("cleo", call)
    assert office.switch.counters("ben").missed_calls == 0
    office.switch.drop("ann", call.ref)
    assert tale(last(office, "ben")) == (other("100"), ("102", "CALLEE", True, "101", "FORWARDED"))


def test_a_call_picked_up_by_someone_else(office: Office) -> None:
    call = office.dial("ann", "101")
    office.switch.pickup("cleo", "102", "101", auto_answer=True)
    office.switch.drop("ann", call.ref)
    assert tale(last(office, "ben")) == (other("100"), ("102", "CALLEE", True, "101", "PICKUP"))
    assert tale(last(office, "cleo")) == (("102", "CALLEE", True, "101", "PICKUP"), other("100"))
    assert office.switch.counters("ben").missed_calls == 0


def test_an_immediate_forward_is_not_in_the_log_of_the_user_who_forwards(office: Office) -> None:
    office.switch.set_forward("ben", "102")
    office.switch.drop("ann", office.dial("ann", "101").ref)
    assert office.switch.log.records("ben") == ()
    assert tale(last(office, "cleo")) == (("102", "CALLEE", False, "101", "FORWARDED"), other("100"))
    assert tale(last(office, "ann")) == (("100", "CALLER", False, "101", "FORWARDED"), other("102"))


def test_the_mailbox_answers_and_yet_the_call_was_missed(office: Office) -> None:
    office.switch.set_overflow("ben")
    call = office.dial("ann", "101")
    office.clock.advance(25)
    office.switch.drop("ann", call.ref)
    assert tale(last(office, "ann")) == (("100", "CALLER", True, "101", "VOICEMAIL"), other("5000"))
    assert tale(last(office, "ben")) == (other("100"), ("5000", "CALLEE", False, "101", "VOICEMAIL"))
    assert office.switch.counters("ben").missed_calls == 1


def test_listening_to_the_own_mailbox_is_a_call_like_any_other(office: Office) -> None:
    office.switch.drop("ben", office.dial("ben", "5000").ref)
    assert tale(last(office, "ben")) == (("101", "CALLER", True, None, "NORMAL"), other("5000"))


def test_a_supervised_transfer(office: Office) -> None:
    held, active = office.consult()
    office.switch.transfer("ben", active.ref, held.ref)
    assert tale(last(office, "ann")) == (("100", "CALLER", True, None, "TRANSFERRED"), other("101"), other("102"))
    assert last(office, "ann").ref == held.ref
    first, second = office.switch.log.records("ben")
    assert tale(first) == (("101", "CALLEE", True, None, "TRANSFERRED"), other("100"))
    assert tale(second) == (("101", "CALLER", True, None, "TRANSFERRED"), other("102"))
    assert last(office, "ann").end is None
    office.switch.drop("cleo", active.ref)
    assert last(office, "ann").end is not None
    assert len(office.switch.log.records("ann")) == len(office.switch.log.records("cleo")) == 1


def test_a_transfer_to_a_user_who_does_not_answer(office: Office) -> None:
    held = office.talk("ann", "ben")
    active = office.dial("ben", "102")
    office.switch.transfer("ben", active.ref, held.ref)
    office.switch.drop("ann", active.ref)
    assert tale(last(office, "cleo"))[1:] == (other("100"),)  # whom she could call back, not who transferred
    assert last(office, "cleo").missed
    assert not last(office, "ann").missed


def test_a_conference_has_all_parties(office: Office) -> None:
    held, active = office.consult()
    office.switch.merge("ben", active.ref, held.ref)
    office.switch.release("ben", active.ref)
    assert {part.identity.number for part in last(office, "ann").parts} == {"100", "101", "102"}
    assert {part.identity.number for part in last(office, "cleo").parts} == {"100", "101", "102"}
    assert last(office, "ann").parts[0].reason == "CONFERENCED"
    assert all(
        record.end is not None for login in ("ann", "ben", "cleo") for record in office.switch.log.records(login)
    )


def test_a_parked_call_is_in_the_log_of_the_user_who_takes_it(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.park("ben", call.ref, "101")
    assert last(office, "ben").end is not None
    office.switch.unpark("cleo", "102", "101")
    assert tale(last(office, "cleo")) == (("102", "CALLEE", True, None, "PICKUP"), other("100"))
    assert [part.identity.number for part in last(office, "ann").parts] == ["100", "101", "102"]


def test_a_group_is_missed_by_those_it_rang_at() -> None:
    office = Office(settings=group_settings(), ben={"hunting_group": "700"}, cleo={"hunting_group": "700"})
    call = office.dial("ann", "700")
    office.clock.advance(25)
    office.answer("cleo", call)
    office.switch.drop("ann", call.ref)
    assert tale(last(office, "ben")) == (other("100"), ("102", "CALLEE", True, "101", "FORWARDED"))
    assert not last(office, "ben").missed
    assert tale(last(office, "ann"))[0] == ("100", "CALLER", True, "700", "FORWARDED")
    office.check()


# -- acknowledging and deleting -------------------------------------------------------------------------------------


def missed(office: Office, *callers: str) -> list[int]:
    """Ben misses these callers; the records."""
    for login in callers:
        office.switch.drop(login, office.dial(login, "101").ref)
        office.clock.advance(60)
    return [record.id for record in office.switch.log.records("ben")]


def test_missed_calls_are_acknowledged_and_no_longer(office: Office) -> None:
    ids = missed(office, "ann", "cleo")
    log, counters = office.switch.log, office.switch.counters
    office.changes.clear()
    assert log.acknowledge("ben", [ids[0], ids[0], 99]) == (ids[0],)
    assert counters("ben").missed_calls == 1
    assert log.acknowledge("ben", ids) == (ids[1],)
    assert log.acknowledge("ben", ids) == ()
    assert log.acknowledge("ben", ids, False) == tuple(ids)
    assert counters("ben").missed_calls == 2
    changes = [(change.kind, change.ids) for change in office.changes if isinstance(change, LogChange)]
    assert changes == [
        ("acknowledged", (ids[0],)),
        ("acknowledged", (ids[1],)),
        ("unacknowledged", tuple(ids)),
    ]


def test_answered_calls_cannot_be_unacknowledged(office: Office) -> None:
    office.switch.drop("ann", office.talk("ann", "ben").ref)
    ids = [record.id for record in office.switch.log.records("ben")]
    assert office.switch.log.acknowledge("ben", ids, False) == ()


def test_talking_to_a_caller_acknowledges_what_was_missed_from_it(office: Office) -> None:
    ids = missed(office, "ann", "ann", "cleo")
    office.changes.clear()
    office.talk("ben", "ann")
    assert office.switch.counters("ben").missed_calls == 1
    (changes,) = (c for c in office.changes if isinstance(c, LogChange) and c.kind == "acknowledged")
    assert changes.ids == tuple(ids[:2])


def test_records_are_deleted(office: Office) -> None:
    ids = missed(office, "ann", "cleo", "dan", "ann")
    log = office.switch.log
    office.changes.clear()
    assert log.delete("ben", [ids[0], 99]) == (ids[0],)
    assert log.delete("ben", [ids[0]]) == ()
    assert log.delete_where("ben", LogFilter(remote="103")) == (ids[2],)
    assert log.delete_where("ben", LogFilter()) == (ids[1], ids[3])
    assert log.delete_where("ben", LogFilter()) == ()
    changes = [change.ids for change in office.changes if isinstance(change, LogChange)]
    assert changes == [(ids[0],), (ids[2],), ()]  # empty is all
    assert office.switch.counters("ben").missed_calls == 0
    with pytest.raises(SwitchError):
        log.find("ben", ids[0])
    assert len(log.records("ann")) == 2  # every user has its own


def test_a_record_deleted_during_its_call_does_not_come_back(office: Office) -> None:
    call = office.talk("ann", "ben")
    office.switch.log.delete_where("ben", LogFilter())
    office.switch.drop("ann", call.ref)
    assert office.switch.log.records("ben") == ()


def test_the_log_is_bounded() -> None:
    office = Office(settings=SwitchSettings(log_size=3, seed=1))
    going = office.talk("dan", "ben")  # is the oldest, and stays
    ids = missed(office, "ann", "cleo", "ann", "ann")
    assert len(ids) == 3
    assert office.switch.log.records("ben")[0].ref == going.ref
    assert office.switch.counters("ben").missed_calls == 2
    gone = [change for change in office.changes if isinstance(change, LogChange) and change.kind == "deleted"]
    assert [len(change.ids) for change in gone] == [1, 1]
    office.check()


def test_a_deleted_user_leaves_no_log(office: Office) -> None:
    missed(office, "ann")
    office.switch.remove_user("ben")
    office.switch.drop("ann", office.dial("ann", "102").ref)
    assert set(office.switch.log.dump()) == {"ann", "cleo"}


# -- filters --------------------------------------------------------------------------------------------------------


def grown() -> Office:
    """Ben's log has one of everything, a minute apart."""
    office = Office(ben={"associate": "102"})
    switch = office.switch
    missed(office, "ann", "cleo")
    switch.drop("ann", office.talk("ann", "ben").ref)
    office.clock.advance(60)
    switch.drop("ben", office.dial("ben", "102").ref)
    office.clock.advance(60)
    call = switch.incoming_external(OUTSIDE, "101", "Ellen")
    office.clock.advance(1)
    switch.redirect("ben", call.ref, "103")
    office.answer("dan", call)
    switch.external_hang_up(call.ref)
    office.clock.advance(59)
    call = switch.incoming_external("0015550101", "101", anonymous=True)
    switch.external_hang_up(call.ref)
    office.clock.advance(60)
    missed(office, "dan")
    office.talk("ben", "dan")  # goes on
    return office


GROWN = grown()
RECORDS = GROWN.switch.log.records("ben")
MOMENTS = st.none() | st.integers(-1, 9).map(lambda minute: NINE + timedelta(minutes=minute))


def people_of(record: LogRecord) -> set[str]:
    return {
        word
        for part in record.parts
        if part.identity.login != "ben" and not part.anonymous
        for word in (part.identity.number, part.identity.login)
        if word
    }


@given(
    unanswered=st.booleans(),
    unacknowledged=st.booleans(),
    after=MOMENTS,
    before=MOMENTS,
    role=st.sampled_from([None, "CALLER", "CALLEE"]),
    ref=st.sampled_from([None, None, None, *(record.ref for record in RECORDS), "0000"]),
    remote=st.sampled_from(
        [None, None, "100", "ann", "cleo", "102", "dan", "103", OUTSIDE, "0015550101", "ben", "101"]
    ),
)
def test_filters_choose_what_a_reader_would(
    unanswered: bool,
    unacknowledged: bool,
    after: datetime | None,
    before: datetime | None,
    role: str | None,
    ref: str | None,
    remote: str | None,
) -> None:
    """Against a reader of the records: each criterion by itself, all of them together."""
    expected = list(RECORDS)
    if unanswered:
        expected = [record for record in expected if record.missed]
    if unacknowledged:
        expected = [record for record in expected if record.missed and not record.acknowledged]
    if after is not None:
        expected = [record for record in expected if not record.begin < after]
    if before is not None:
        expected = [record for record in expected if record.begin < before]
    if role is not None:
        expected = [record for record in expected if record.role == role]
    if ref is not None:
        expected = [record for record in expected if record.ref == ref]
    if remote is not None:
        expected = [record for record in expected if remote in people_of(record)]
    wanted = LogFilter(
        unanswered=unanswered,
        unacknowledged=unacknowledged,
        after=after,
        before=before,
        role=role,
        ref=ref,
        remote=remote,
    )
    assert list(GROWN.switch.log.records("ben", wanted)) == expected
    assert wanted.everything == (wanted == LogFilter())


def test_the_log_that_is_filtered_has_something_of_everything() -> None:
    assert len(RECORDS) == 8
    assert {record.role for record in RECORDS} == {"CALLER", "CALLEE"}
    assert {(record.missed, record.acknowledged) for record in RECORDS} >= {(False, False), (True, False), (True, True)}
    assert any(record.end is None for record in RECORDS)
