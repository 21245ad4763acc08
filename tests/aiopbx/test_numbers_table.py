"""Every example number of ``phonenumbers``, of all regions, as people write it and as it is pasted.

None that is possible is refused, and none passes a policy that denies its E.164 form.
"""

from collections.abc import Iterator
from functools import cache

import phonenumbers
import pytest
from hypothesis import given, strategies as st
from phonenumbers import PhoneNumberFormat as Format, PhoneNumberType

from aiopbx import DialPolicy, PolicyViolation
from aiopbx.numbers import Numbers
from aiopbx.o2g.rules import check_number
from aiopbx.settings.numbering import NumberPlan

KINDS = [
    kind
    for kind in PhoneNumberType.values()
    if kind not in (PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE)
]
WIDE = {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}


@cache
def examples() -> tuple[tuple[str | None, phonenumbers.PhoneNumber], ...]:
    """A region, none where the number belongs to no country, and a number."""
    found: dict[str, tuple[str | None, phonenumbers.PhoneNumber]] = {}
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in KINDS:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found.setdefault(f"{region} {phonenumbers.format_number(number, Format.E164)}", (region, number))
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number is not None:
            found[f"001 {phonenumbers.format_number(number, Format.E164)}"] = (None, number)
    return tuple(found.values())


@cache
def numbers_of(region: str | None, outside: str = "") -> Numbers:
    return Numbers(NumberPlan(country=region, outside_prefix=outside))


def spellings(region: str | None, number: phonenumbers.PhoneNumber) -> Iterator[str]:
    """The four spellings of the library, and three as they are pasted."""
    formats = [Format.E164, Format.INTERNATIONAL, Format.RFC3966]
    if region is not None:
        formats.append(Format.NATIONAL)
    for form in formats:
        yield phonenumbers.format_number(number, form)
    international = phonenumbers.format_number(number, Format.INTERNATIONAL)
    yield f"\u202a{international}\u202c"
    yield international.replace(" ", "\u00a0").replace("-", "\u2011") + "\u200b"
    yield international.translate(WIDE).replace("+", "\uff0b")


@pytest.mark.parametrize("outside", ["", "0"])
def test_all_example_numbers(outside: str) -> None:
    assert len(examples()) > 1000
    tried, refused, passed, others = 0, [], [], []
    for region, number in examples():
        e164 = phonenumbers.format_number(number, Format.E164)
        numbers, denying = numbers_of(region, outside), DialPolicy(denied=(e164,))
        for written in spellings(region, number):
            tried += 1
            try:
                read = numbers.read(written)
                check_number(read.wire)
            except ValueError:
                refused.append((region, written))
                continue
            if read.key != e164:
                others.append((region, written, read.key, e164))
            for dialled in (written, read, read.wire):
                try:
                    denying.check(dialled, numbers=numbers)
                except PolicyViolation:
                    pass
                else:
                    passed.append((region, written, dialled))
    assert tried > 7000
    assert refused == []
    assert passed == []
    assert len(others) <= tried / 200, others[:20]


SEPARATORS = st.sampled_from(["", "", "", " ", "-", ".", "/", "\u00a0", "\u2011", "\u200b", "\u202d", ") ", " ("])
SOME = st.integers(0, 10**6)


@given(which=SOME, data=st.data())
def test_any_separators_between_any_digits(which: int, data: st.DataObject) -> None:
    region, number = examples()[which % len(examples())]
    e164 = phonenumbers.format_number(number, Format.E164)
    numbers = numbers_of(region)
    first = data.draw(st.sampled_from(["+", "00", "\uff0b", "tel:+", " (+"]))
    written = first + "".join(digit + data.draw(SEPARATORS) for digit in e164[1:])
    assert numbers.read(written).key == numbers.read(e164).key
    for hiding in ("", "*31#", "#31#"):
        with pytest.raises(PolicyViolation):
            DialPolicy(denied=(e164,)).check(hiding + written if first != "tel:+" else written, numbers=numbers)


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    for numbers in (numbers_of(None), numbers_of("DE", "0")):
        key = numbers.key(text)
        assert key == numbers.key(text)
        try:
            read = numbers.read(text)
        except ValueError as error:
            assert str(error).startswith("number: ")  # noqa: PT017 - it is one of two outcomes
        else:
            assert read.wire
            # (with a prefix for an outside line, what is sent may read as a national number as well: 0 699010)
            if not numbers.plan.outside_prefix:
                assert numbers.read(read.wire).wire == read.wire, "what was read is read alike again"
            assert set(read.wire) <= set("+0123456789*#ABCD")
