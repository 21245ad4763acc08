"""The phone book: who is in it, what matches, and how results come by the clock."""

import unicodedata
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.settings import UserSpec
from aiopbx.simulator.switch import Contact, ContactSpec, Criterion, Switch, SwitchError, SwitchSettings
from aiopbx.simulator.switch.directory import DEEPEST, KEYBOARDS, LONGEST, Search, dtmf_matcher, keys, matcher

FIELDS = ("lastName", "firstName", "id.phoneNumber", "id.loginName")
COMPARISONS = ("EQUAL_IGNORE_CASE", "BEGIN_WITH", "CONTAIN", "END_WITH")


def leaf(field: str, operation: str, operand: str) -> Criterion:
    return Criterion(operation, operand, field)


def switch(**settings: Any) -> Switch:
    users = [
        UserSpec(login="ann", number="100", first_name="Ann", last_name="Marten"),
        UserSpec(login="ben", number="101", first_name="Ben", last_name="Müller"),
        UserSpec(login="cleo", number="102", last_name="O'Hara Quist"),
    ]
    return Switch(ManualClock(), users, SwitchSettings(seed=1, **settings))


def names(search: Search) -> list[str]:
    clock = search.core.clock
    assert isinstance(clock, ManualClock)
    found: list[str] = []
    while True:
        code, contacts = search.next()
        found += [contact.number for contact in contacts]
        if code == "FINISH":
            return found
        assert code == ("OK" if contacts else "NOK")
        clock.advance(0.5)


# -- who matches ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criterion", "numbers"),
    [
        (leaf("lastName", "EQUAL_IGNORE_CASE", "mARTEN"), ["100"]),
        (leaf("lastName", "EQUAL_IGNORE_CASE", "Marte"), []),
        (leaf("lastName", "BEGIN_WITH", "m"), ["100", "101"]),
        (leaf("lastName", "CONTAIN", "ÜLL"), ["101"]),
        (leaf("lastName", "END_WITH", "quist"), ["102"]),
        (leaf("firstName", "BEGIN_WITH", "b"), ["101"]),
        (leaf("id.loginName", "CONTAIN", "e"), ["101", "102"]),  # contacts beyond the users have none
        (leaf("id.phoneNumber", "END_WITH", "1"), ["101", "+15550151"]),
        (leaf("id.phoneNumber", "EQUAL_IGNORE_CASE", '"Ext. 1 01"<101>'), ["101"]),
        (
            Criterion("OR", (leaf("lastName", "BEGIN_WITH", "a"), leaf("lastName", "BEGIN_WITH", "o"))),
            ["102", "+15550151"],
        ),
        (Criterion("AND", (leaf("lastName", "BEGIN_WITH", "m"), leaf("firstName", "CONTAIN", "n"))), ["100", "101"]),
    ],
)
def test_criteria(criterion: Criterion, numbers: list[str]) -> None:
    office = switch(contacts=[ContactSpec(number="+15550151", last_name="Atlas Example")])
    assert sorted(names(office.directory.search(matcher(criterion)))) == sorted(numbers)


def naive(criterion: Criterion, contact: Contact) -> bool:
    """What the words say, plainly."""
    if not isinstance(criterion.operand, str):
        results = [naive(part, contact) for part in criterion.operand]
        return (False not in results) if criterion.operation == "AND" else (True in results)
    attribute = {
        "lastName": "last_name",
        "firstName": "first_name",
        "id.phoneNumber": "number",
        "id.loginName": "login",
    }[criterion.field or ""]
    value = (getattr(contact, attribute) or "").casefold()
    word = criterion.operand.casefold()
    places = [at for at in range(len(value) - len(word) + 1) if value[at : at + len(word)] == word]
    return {
        "EQUAL_IGNORE_CASE": bool(places) and len(value) == len(word),
        "BEGIN_WITH": 0 in places,
        "CONTAIN": bool(places),
        "END_WITH": len(value) - len(word) in places,
    }[criterion.operation]


WORDS = st.text("aAbBäÄß1 '", min_size=1, max_size=3).filter(str.strip)
LEAVES = st.builds(leaf, st.sampled_from(FIELDS), st.sampled_from(COMPARISONS), WORDS)
CRITERIA = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Criterion, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=8,
)
CONTACTS = st.builds(
    Contact,
    st.text("1a+", max_size=4),
    st.text("aAbBäÄß '", max_size=5),
    st.text("aAbBäÄß '", max_size=5),
    st.none() | st.text("aAb1", max_size=4),
)


@given(criterion=CRITERIA, contact=CONTACTS)
def test_the_matcher_is_what_the_words_say(criterion: Criterion, contact: Contact) -> None:
    assert matcher(criterion)(contact) == naive(criterion, contact)


@pytest.mark.parametrize(
    ("criterion", "what"),
    [
        (Criterion("BEGIN_WITH", "x", "shoeSize"), "filter.field"),
        (Criterion("BEGIN_WITH", "x"), "filter.field"),
        (Criterion("BEGIN_WITH", " ", "lastName"), "filter.operand"),
        (Criterion("BEGIN_WITH", (), "lastName"), "filter.operand"),
        (Criterion("RHYMES", "x", "lastName"), "filter.operation"),
        (Criterion("AND", ()), "filter.operand"),
        (Criterion("OR", "x"), "filter.operand"),
        (Criterion("OR", (leaf("lastName", "CONTAIN", "x"), Criterion("CONTAIN", "y"))), "filter.operand[1].field"),
        (Criterion("OR", (leaf("lastName", "CONTAIN", "x"),) * LONGEST), "filter.operand"),
    ],
)
def test_criteria_that_make_no_sense_name_what_is_wrong(criterion: Criterion, what: str) -> None:
    with pytest.raises(SwitchError) as refused:
        matcher(criterion)
    assert refused.value.message.startswith(what)


def test_criteria_are_not_bottomless() -> None:
    criterion = leaf("lastName", "CONTAIN", "x")
    for _ in range(DEEPEST - 1):
        criterion = Criterion("AND", (criterion,))
    matcher(criterion)
    with pytest.raises(SwitchError):
        matcher(Criterion("AND", (criterion,)))


# -- keys -----------------------------------------------------------------------------------------------------------


def test_every_letter_and_digit_is_on_both_keyboards() -> None:
    for table in KEYBOARDS.values():
        assert set(table) == set("abcdefghijklmnopqrstuvwxyz0123456789")
        assert set(table.values()) == set("0123456789")
    differing = {letter for letter in KEYBOARDS["ITU"] if KEYBOARDS["ITU"][letter] != KEYBOARDS["CCITT"][letter]}
    assert differing == {"q", "z"}


@pytest.mark.parametrize(
    ("text", "keyboard", "expected"),
    [
        ("Müller", "ITU", "685537"),
        ("O'Hara Quist", "ITU", "6427278478"),
        ("O'Hara Quist", "CCITT", "6427218478"),
        ("", "ITU", ""),
    ],
)
def test_names_as_they_are_typed(text: str, keyboard: str, expected: str) -> None:
    assert keys(text, keyboard) == expected


@given(
    last=st.text("azqÄb -'", max_size=6),
    first=st.text("azqÄb -'", max_size=6),
    digits=st.text("129", min_size=1, max_size=3),
    more=st.none() | st.text("29", min_size=1, max_size=2),
    keyboard=st.sampled_from(sorted(KEYBOARDS)),
)
def test_dtmf_matches_what_a_thumb_would(last: str, first: str, digits: str, more: str | None, keyboard: str) -> None:
    """Compared with finding the key of each letter in turn."""
    layouts = {
        "ITU": ("", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"),
        "CCITT": ("qz", "abc", "def", "ghi", "jkl", "mno", "prs", "tuv", "wxy"),
    }

    def typed(name: str) -> str:
        letters = [c for c in unicodedata.normalize("NFKD", name.lower()) if "a" <= c <= "z"]
        return "".join(str(number) for c in letters for number, key in enumerate(layouts[keyboard], 1) if c in key)

    contact = Contact("1", first, last)
    expected = typed(last)[: len(digits)] == digits and (more is None or typed(first)[: len(more)] == more)
    assert dtmf_matcher(digits, more, keyboard)(contact) == expected


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("x", None, "ITU"), "lastName"),
        (("2", "-", "ITU"), "firstName"),
        (("", None, "ITU"), "lastName"),
        (("2", None, "ABC"), "keyboardType"),
    ],
)
def test_keys_that_make_no_sense(arguments: tuple[str, str | None, str], what: str) -> None:
    with pytest.raises(SwitchError) as refused:
        dtmf_matcher(*arguments)
    assert refused.value.message.startswith(what)


# -- how results come -----------------------------------------------------------------------------------------------


def crowd(count: int = 25, **settings: Any) -> tuple[Switch, ManualClock]:
    contacts = [ContactSpec(number=f"00{n:03}", last_name=f"Crowd {n:03}") for n in range(count)]
    office = switch(contacts=contacts, **settings)
    assert isinstance(office.clock, ManualClock)
    return office, office.clock


CROWD = matcher(leaf("lastName", "BEGIN_WITH", "crowd"))


def test_results_come_by_name_a_page_at_a_time() -> None:
    office, clock = crowd()
    search = office.directory.search(CROWD)
    assert search.next() == ("NOK", ())
    clock.advance(0.5)
    code, page = search.next()
    assert (code, [contact.number for contact in page]) == ("OK", [f"00{n:03}" for n in range(10)])
    assert search.next() == ("NOK", ())
    clock.advance(5)
    assert len(search.next()[1]) == 15
    assert search.running
    assert search.next() == ("FINISH", ())
    assert not search.running


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (7, 7), (100, 100), (None, 100)])
def test_the_limit(limit: int | None, count: int) -> None:
    office, _ = crowd(150)
    assert len(names(office.directory.search(CROWD, limit))) == count


@pytest.mark.parametrize("limit", [0, 101, -3])
def test_a_limit_that_is_none(limit: int) -> None:
    office, _ = crowd()
    with pytest.raises(SwitchError) as refused:
        office.directory.search(CROWD, limit)
    assert refused.value.message.startswith("limit")


def test_a_search_ends_by_itself_when_it_takes_too_long() -> None:
    office, clock = crowd(directory_timeout=0.9)
    search = office.directory.search(CROWD)
    clock.advance(0.5)
    assert search.next()[0] == "OK"
    clock.advance(0.5)
    assert search.next() == ("TIMEOUT", ())
    assert not search.running


def test_a_search_is_cancelled_or_forgotten() -> None:
    office, clock = crowd()
    search = office.directory.search(CROWD)
    search.cancel()
    assert not search.running
    other = office.directory.search(CROWD)
    clock.advance(59)
    other.next()
    clock.advance(59)
    assert other.running
    clock.advance(1)
    assert not other.running
    assert clock.pending == 0


def test_the_phone_book_follows_the_people() -> None:
    office, _ = crowd(0)
    office.directory.add(Contact("+15550199", "", "Zed Example"))
    office.add_user(UserSpec(login="new", number="109", last_name="Zander"))
    office.update_user("ann", last_name="Zoll")
    assert names(office.directory.search(matcher(leaf("lastName", "BEGIN_WITH", "z")))) == ["109", "+15550199", "100"]
    office.directory.remove("+15550199")
    office.remove_user("new")
    assert names(office.directory.search(matcher(leaf("lastName", "BEGIN_WITH", "z")))) == ["100"]
    with pytest.raises(SwitchError):
        office.directory.remove("+15550199")
