"""One form of a number: what people write is read, compared, shown and sent alike, and what cannot be read says why."""

import pytest

from aiopbx import InvalidInput
from aiopbx.numbers import NumberKind, Numbers, Pattern, tel_uri
from aiopbx.settings.numbering import NumberPlan

GERMANY = Numbers(NumberPlan(country="DE", outside_prefix="0", internal_lengths="3-4"))
BARE = Numbers()


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("1001", "1001"),
        (" 10 01 ", "1001"),
        ("+49 30 23125100", "+493023125100"),
        ("+49 (30) 23125100", "+493023125100"),
        ("+49 (0) 30 23125100", "+493023125100"),
        ("+49(0)30/23125100", "+493023125100"),
        ("+39 (0)6 5550100", "+39065550100"),  # Italy's zero is a part of the number
        ("+9 (0) 212 5550100", "+902125550100"),  # 9 is no country: these brackets are about nothing
        ("0049 (0)30 23125100", "00493023125100"),
        ("(+49) 30 23125100", "+493023125100"),
        ("+39 (0) 6 698 00000", "+390669800000"),
        ("tel:+49-30-23125100", "+493023125100"),
        ("TEL:+49-30-23125100;ext=12", "+493023125100"),
        ("tel:7042;phone-context=+1-914-555", "+19145557042"),
        ("tel:1001;phone-context=example.com", "1001"),
        ("+1 555 0101 ext. 22", "+15550101"),
        ("+1 555 0101 x22", "+15550101"),
        ("\u202a+49 30 23125100\u202c", "+493023125100"),
        ("\ufeff+49\u00a030\u2011231\u201325100\u200b", "+493023125100"),
        ("\uff0b\uff14\uff19 \uff13\uff10 23125100", "+493023125100"),
        ("\u0661\u0660\u0660\u0661", "1001"),
        ("\uff08030\uff0923125100", "03023125100"),
        ("030.231-251/0", "0302312510"),
        ("*21#", "*21#"),
        ("#31#1001", "#31#1001"),
        ("*31# +49 30 23125100", "*31#00493023125100"),
        ("1A2B", "1A2B"),
        ("112", "112"),
    ],
)
def test_what_people_write(written: str, wire: str) -> None:
    assert BARE.read(written).wire == wire


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("+", "no digit"),
        ("()", "no digit"),
        ("voicemail", "letters"),
        ("0800 FLOWERS", "letters"),
        ("sip:ada@example.com", "address of sip"),
        ("https://example.com", "address of https"),
        ("1001,22", "pause"),
        ("1001%20", "'%'"),
        ("10+01", "in the middle"),
        ("+4+9 (0) 30", "in the middle"),
        ("1001\n1002", "several lines"),
        ("1" * 50, "longer than 49"),
        ("½", "'½'"),
    ],
)
def test_what_cannot_be_read_says_why(written: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        BARE.read(written, field="to")
    assert refused.value.field == "to"
    assert refused.value.remedy


class NoPlainText(str):
    """What numpy's texts are."""

    __slots__ = ()


@pytest.mark.parametrize("value", [1001, None, 1001.0, b"1001", NoPlainText("1001"), ["1001"]])
def test_what_is_no_text_is_refused_with_a_remedy(value: object) -> None:
    with pytest.raises(InvalidInput, match="no text") as refused:
        BARE.read(value)  # type: ignore[arg-type]
    assert "quotes" in str(refused.value.remedy)


@pytest.mark.parametrize(
    ("written", "kind", "wire", "key"),
    [
        ("1001", NumberKind.INTERNAL, "1001", "1001"),
        ("112", NumberKind.EMERGENCY, "112", "112"),
        ("0112", NumberKind.EMERGENCY, "0112", "112"),
        ("*21#", NumberKind.SERVICE, "*21#", "*21#"),
        ("+49 30 23125100", NumberKind.EXTERNAL, "003023125100", "+493023125100"),
        ("030 23125100", NumberKind.EXTERNAL, "003023125100", "+493023125100"),
        ("003023125100", NumberKind.EXTERNAL, "003023125100", "+493023125100"),
        ("0049 30 23125100", NumberKind.EXTERNAL, "000493023125100", "+493023125100"),
        ("00049 30 23125100", NumberKind.EXTERNAL, "000493023125100", "+493023125100"),
        ("+1 212 555 0101", NumberKind.EXTERNAL, "00012125550101", "+12125550101"),
        ("*31#030 23125100", NumberKind.EXTERNAL, "*31#003023125100", "+493023125100"),
    ],
)
def test_where_a_plan_is_known(written: str, kind: NumberKind, wire: str, key: str) -> None:
    read = GERMANY.read(written)
    assert (read.kind, read.wire, read.key) == (kind, wire, key)
    assert GERMANY.same(written, key)


def test_one_key_for_one_telephone() -> None:
    assert BARE.same("0015550101", "+1 555 0101")
    assert BARE.same("tel:+1-555-0101", "\u202a+1 (555) 0101")
    assert not BARE.same("+15550101", "+15550102")
    assert not BARE.same("", "")
    assert not BARE.same(None, "1001")
    assert BARE.key("Anonymous ") == "anonymous"
    assert BARE.key(None) == ""


def test_an_extension_is_kept_and_not_dialled() -> None:
    read = BARE.read("+49 30 23125100 ext. 12")
    assert (read.wire, read.extension) == ("+493023125100", "12")
    assert read.key != BARE.key("+49 30 23125100")
    assert read.uri == "tel:+493023125100;ext=12"
    assert BARE.read(read.uri) == read


def test_it_is_shown_as_people_write_it() -> None:
    assert str(GERMANY.read("+493023125100")) == "030 23125100"
    assert GERMANY.shown("+12125550101") == "+1 212-555-0101"
    assert GERMANY.shown("1001") == "1001"
    assert GERMANY.shown("Anonymous") == "Anonymous"


@pytest.mark.parametrize(
    ("number", "uri"),
    [
        ("+1 555 0101", "tel:+15550101"),
        ("1001", "tel:1001"),
        ("0123", "tel:0123"),
        ("", None),
        (None, None),
        ("?", None),
    ],
)
def test_the_uri_of_what_the_wire_sent(number: str | None, uri: str | None) -> None:
    assert tel_uri(number) == uri
    if uri is not None:
        assert BARE.read(uri).wire == BARE.read(str(number)).wire


@pytest.mark.parametrize("text", ["", " ", "abc*", "+", "+0*", "1+2", "[", "[]", "[xyz]", "09x0", "tel:", "sip:1*"])
def test_a_pattern_that_matches_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Pattern(text, field="denied")
    assert refused.value.field == "denied"
    assert refused.value.remedy


def test_what_the_plan_refuses() -> None:
    for wrong in (
        {"country": "XX"},
        {"country": 49},
        {"outside_prefix": 0},
        {"outside_prefix": "a"},
        {"internal_lengths": "4-3"},
        {"internal_lengths": "x"},
        {"internal_ranges": ["2000-1000"]},
        {"internal_ranges": ["1-100"]},
        {"internal_ranges": 5},
        {"internal_ranges": [5]},
        {"hiding_prefixes": ["x"]},
        {"hiding_prefixes": 5},
    ):
        with pytest.raises(ValueError, match=r"number|countr|text|dialled|length|range"):
            NumberPlan(**wrong)  # type: ignore[arg-type]


def test_what_the_plan_reads() -> None:
    plan = NumberPlan(
        country="de", internal_lengths=4, internal_ranges="1000-1999, 300", hiding_prefixes="*67", national_prefix="0"
    )  # type: ignore[arg-type]
    assert plan.country == "DE"
    assert plan.internal_lengths == (4, 4)
    assert plan.internal_ranges == (("1000", "1999"), ("300", "300"))
    numbers = Numbers(plan)
    assert numbers.read("1500").kind is NumberKind.INTERNAL
    assert numbers.read("2500").kind is NumberKind.EXTERNAL
    assert numbers.read("*671500").hides_caller
    assert NumberPlan(country="", internal_lengths="").country is None


def test_a_plan_is_proposed_from_what_a_system_says() -> None:
    plan = NumberPlan.proposed(["1000", "1001", "20"], ["+493023125", "+493023125100"])
    assert (plan.country, plan.internal_lengths) == ("DE", (2, 4))
    assert NumberPlan.proposed([], ["+493023125", "+33199001234", "nothing"]) == NumberPlan()
