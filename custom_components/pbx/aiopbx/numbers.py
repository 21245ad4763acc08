"""Telephone numbers: read as people write them, sent as the wire wants them, shown, compared, and matched by patterns.

One ``Numbers`` serves everything: what is dialled, forwarded, logged, named, and what the dial policy looks at. It
stands on Google's ``phonenumbers``, which is imported when the first number needs it: an internal number does not.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field as data_field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NoReturn, Protocol
from urllib.parse import unquote

from .errors import InvalidInput

LONGEST: Final = 49
"""Characters of a number, at most."""
INTERNAL_BY_LENGTH: Final = 6
"""Digits of an internal number, at most, where the plan says nothing about them."""
ANYWHERE: Final = frozenset({"112", "911", "999"})
"""Emergency numbers where no country is known."""
_REMEMBERED: Final = 4096
_LEAST_ABROAD: Final = 5
"""Digits behind the international prefix that make a number an international one."""


class NumberKind(StrEnum):
    """What a number is, as far as the plan and the world's numbering tell."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    SERVICE = "service"
    """A code that the system or the network acts upon, such as ``*21#``."""
    EMERGENCY = "emergency"


class Plan(Protocol):
    """What the reader asks of a number plan; ``NumberPlan`` of the settings is one."""

    @property
    def country(self) -> str | None:
        """ISO 3166 code of the country that the system stands in."""

    @property
    def outside_prefix(self) -> str:
        """What is dialled for an outside line; empty for nothing."""

    @property
    def international_prefix(self) -> str:
        """What is dialled before the code of a country."""

    @property
    def national_prefix(self) -> str | None:
        """What is dialled before a national number; None is what the country has."""

    @property
    def internal_lengths(self) -> tuple[int, int] | None:
        """The least and the most digits of internal numbers; None is not known."""

    @property
    def internal_ranges(self) -> tuple[tuple[str, str], ...]:
        """Ranges of internal numbers; where there are any, they alone decide."""

    @property
    def hiding_prefixes(self) -> tuple[str, ...]:
        """What is dialled before a number so that it does not show who calls."""


@dataclass(frozen=True, slots=True)
class _NoPlan:
    country: str | None = None
    outside_prefix: str = ""
    international_prefix: str = "00"
    national_prefix: str | None = None
    internal_lengths: tuple[int, int] | None = None
    internal_ranges: tuple[tuple[str, str], ...] = ()
    hiding_prefixes: tuple[str, ...] = ("*31#", "#31#")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that was read. Equal ``key`` means the same telephone, however the two were written."""

    kind: NumberKind
    wire: str
    """What is sent, and what the dial policy looks at."""
    key: str
    """To compare by: E.164 such as ``+493023125100`` where that is known, else the digits."""
    shown: str
    """To show to people."""
    e164: str | None = None
    """With the code of the country; None where that is not known, and of internal numbers."""
    extension: str | None = None
    """What was written behind ``;ext=`` or ``ext.``: to be sent as tones once the call is answered, not dialled."""
    hides_caller: bool = False
    """Whether a prefix before it hides who calls."""
    spellings: tuple[str, ...] = data_field(default=(), repr=False)
    """Every way to dial the same, for patterns that allow."""
    readings: tuple[str, ...] = data_field(default=(), repr=False)
    """These, and what else the digits might mean, for patterns that deny."""

    @property
    def uri(self) -> str:
        """As a URI of RFC 3966, such as ``tel:+493023125100``: text that no template takes for a number."""
        return f"tel:{self.key.partition(';')[0]}" + (f";ext={self.extension}" if self.extension else "")

    def __str__(self) -> str:
        """Show it."""
        return self.shown


def tel_uri(number: str | None) -> str | None:
    """A number of the wire as ``tel:`` URI, in which it stays text; None for what is no number."""
    if not number:
        return None
    try:
        plain, extension = _written(number)
    except InvalidInput:
        return None
    return f"tel:{plain}" + (f";ext={extension}" if extension else "")


class Numbers:
    """Reads numbers by a plan. It holds no state but what it has read lately, and may be used from any thread."""

    def __init__(self, plan: Plan | None = None) -> None:
        """Read by this plan; without one, as little as possible is assumed."""
        self.plan: Plan = plan if plan is not None else _NoPlan()
        self._read: Callable[[str], Number] = lru_cache(_REMEMBERED)(self._made)
        self._key: Callable[[str], str] = lru_cache(_REMEMBERED)(self._made_key)

    def read(self, text: str, *, field: str = "number") -> Number:
        """Read what a person wrote. Raises ``InvalidInput`` that says what cannot be read, and why."""
        if type(text) is not str:
            raise InvalidInput(
                field, f"{text!r} is no text, but {type(text).__name__}.", remedy=f"{_QUOTE} Or give str(value)."
            )
        try:
            return self._read(text)
        except InvalidInput as error:
            raise InvalidInput(field, error.problem, remedy=error.remedy, reason=error.reason, **error.words) from None

    def key(self, text: str | None) -> str:
        """What to compare by, also of what the wire sent and is no number; empty for nothing."""
        return self._key(text) if text else ""

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether both are the same telephone, however they are written."""
        return bool(one) and bool(other) and self.key(one) == self.key(other)

    def shown(self, text: str) -> str:
        """As people like to read it; what is no number stays as it is."""
        try:
            return self._read(text).shown
        except InvalidInput:
            return text

    def _made_key(self, text: str) -> str:
        try:
            return self._read(text).key
        except InvalidInput:
            return text.strip().casefold()

    def _made(self, text: str) -> Number:
        if (message := _MESSAGE.fullmatch(text.strip())) is not None:
            to = self._of(message[1])
            return replace(to, kind=NumberKind.SERVICE, wire=message[0], key=message[0], shown=message[0], e164=None)
        plain, extension = _written(text, self.plan.international_prefix)
        number = self._of(plain)
        if extension is not None:
            shown = f"{number.shown} ext. {extension}"
            key = number.key if number.kind is not NumberKind.EXTERNAL else f"{number.key};ext={extension}"
            number = replace(number, extension=extension, shown=shown, key=key)
        return number

    # ------------------------------------------------------------------------------------------ what the digits mean

    def _of(self, plain: str) -> Number:
        for prefix in self.plan.hiding_prefixes:
            if plain.startswith(prefix) and len(plain) > len(prefix):
                inner = self._of(plain[len(prefix) :])
                # A + stands at the beginning or nowhere.
                abroad = self.plan.international_prefix or "00"
                wire = prefix + (abroad + inner.wire[1:] if inner.wire.startswith("+") else inner.wire)
                return replace(
                    inner,
                    wire=wire,
                    shown=f"{prefix} {inner.shown}",
                    hides_caller=True,
                    spellings=(wire, *inner.spellings),
                    readings=_once((wire, plain, *inner.readings)),
                )
        if not plain.lstrip("+").isdigit():
            return self._service(plain)
        if plain in self._emergencies or plain.removeprefix(self.plan.outside_prefix) in self._emergencies:
            bare = plain if plain in self._emergencies else plain.removeprefix(self.plan.outside_prefix)
            return Number(
                kind=NumberKind.EMERGENCY, wire=plain, key=bare, shown=plain, spellings=(bare,), readings=(bare,)
            )
        if self._internal(plain):
            return _as_written(NumberKind.INTERNAL, plain)
        return self._external(plain)

    def _service(self, plain: str) -> Number:
        """A code: what stands between its signs may be a number that calls go to, so that is looked at as well."""
        readings = [plain]
        for start in re.finditer(r"[*#]", plain):
            rest = plain[start.end() :]
            readings.append(rest)
            group = re.split(r"[*#]", rest, maxsplit=1)[0]
            if len(group) > 2 and group.lstrip("+").isdigit():
                readings += self._of(group).readings
        first = re.split(r"[*#]", plain, maxsplit=1)[0]
        if len(first) > 2 and first.lstrip("+").isdigit():
            readings += self._of(first).readings
        return Number(
            kind=NumberKind.SERVICE,
            wire=plain,
            key=plain,
            shown=plain,
            spellings=(plain,),
            readings=_once(one for one in readings if one),
        )

    def _external(self, plain: str) -> Number:
        plan = self.plan
        candidates = list(self._candidates(plain))
        best = max(candidates, key=lambda one: one.level, default=None)
        short = not plain.startswith("+") and len(plain) <= INTERNAL_BY_LENGTH
        if short and (best is None or best.level < _VALID) and not plain.startswith(("0", plan.outside_prefix or "0")):
            # Nothing says which numbers are internal, and this is no whole number of the country.
            kind = NumberKind.INTERNAL if self._guesses else NumberKind.EXTERNAL
            return _as_written(kind, plain)
        if best is None:
            wire = plain
            if plan.outside_prefix and not plain.startswith(plan.outside_prefix):
                wire = plan.outside_prefix + plain
            spellings = _once((wire, plain))
            return Number(
                kind=NumberKind.EXTERNAL, wire=wire, key=plain, shown=plain, spellings=spellings, readings=spellings
            )
        wire = self._wire(plain, best)
        national = self._national(best.e164)
        typed = () if plain.startswith("+") else (plain,)
        spellings = _once((wire, *typed, best.e164, *(() if national is None else (national,))))
        others = [one for other in candidates for one in self._spellings(other.e164)]
        return Number(
            kind=NumberKind.EXTERNAL,
            wire=wire,
            key=best.e164,
            shown=_formatted(best.e164, plan.country) if best.level else best.e164,
            e164=best.e164,
            spellings=spellings,
            readings=_once((*spellings, plain, *others)),
        )

    def _candidates(self, plain: str) -> "Iterator[_Candidate]":
        """What the digits may mean, the likeliest first among those that fit equally well."""
        if plain.startswith("+"):
            yield _Candidate(*_canonical(plain, None), written="+")
            return
        yield from self._dialled(plain, outside=False)
        outside = self.plan.outside_prefix
        if outside and plain.startswith(outside) and len(plain) > len(outside) + 2:
            yield from self._dialled(plain.removeprefix(outside), outside=True)

    def _dialled(self, digits: str, *, outside: bool) -> "Iterator[_Candidate]":
        prefix = self.plan.international_prefix
        for one in dict.fromkeys((prefix, "00")) if prefix else ():
            rest = digits.removeprefix(one)
            if digits.startswith(one) and len(rest) >= _LEAST_ABROAD and rest[0] != "0":
                yield _Candidate(*_canonical("+" + rest, None), written=one, outside=outside)
        if self.plan.country is not None:
            national = digits
            own = self.plan.national_prefix
            if own and digits.startswith(own):
                national = (_national_prefix(self.plan.country) or "") + digits.removeprefix(own)
            e164, level = _canonical(national, self.plan.country)
            if e164:
                yield _Candidate(e164, level, outside=outside)

    def _wire(self, plain: str, best: "_Candidate") -> str:
        outside = self.plan.outside_prefix
        if best.written == "+":
            return outside + self._from_here(best.e164) if outside else best.e164
        if best.written:
            digits = best.written + best.e164[1:]
            return outside + digits if outside else digits
        return plain if best.outside else outside + plain

    def _from_here(self, e164: str) -> str:
        """What is dialled behind the outside prefix."""
        national = self._national(e164)
        return national if national is not None else (self.plan.international_prefix or "00") + e164[1:]

    def _national(self, e164: str) -> str | None:
        """As it is dialled within the country; None abroad."""
        if self.plan.country is None:
            return None
        return _nationally(e164, self.plan.country, self.plan.national_prefix)

    def _spellings(self, e164: str) -> Iterator[str]:
        yield e164
        yield "00" + e164[1:]
        yield (self.plan.international_prefix or "00") + e164[1:]
        national = self._national(e164)
        if national is not None:
            yield national
            if national.startswith("1"):  # where long distance is 1, it is dialled without, too
                yield national[1:]
            if self.plan.outside_prefix:
                yield self.plan.outside_prefix + national

    # ------------------------------------------------------------------------------------------------- of the plan

    @property
    def _guesses(self) -> bool:
        return self.plan.internal_lengths is None and not self.plan.internal_ranges

    def _internal(self, plain: str) -> bool:
        """Whether the plan says that this is an internal number."""
        if plain.startswith("+"):
            return False
        ranges = self.plan.internal_ranges
        if ranges:
            return any(len(first) == len(plain) and first <= plain <= last for first, last in ranges)
        lengths = self.plan.internal_lengths
        if lengths is None:
            return False
        outside = self.plan.outside_prefix or "0"
        return lengths[0] <= len(plain) <= lengths[1] and not plain.startswith(outside)

    @property
    def _emergencies(self) -> "_Emergencies":
        return _Emergencies(self.plan.country)


_VALID: Final = 2
_QUOTE: Final = "Put it in quotes: a number without them loses its + and its leading zeros."


@dataclass(frozen=True, slots=True)
class _Candidate:
    e164: str
    level: int
    """2: a number that the country has; 1: one of a possible length; 0: neither."""
    written: str = ""
    """The prefix that it was written with."""
    outside: bool = False
    """Whether the prefix for an outside line stood before it."""


@dataclass(frozen=True, slots=True)
class _Emergencies:
    country: str | None

    def __contains__(self, plain: str) -> bool:
        if not 2 < len(plain) < 7:
            return False
        return plain in ANYWHERE if self.country is None else _is_emergency(plain, self.country)


def _as_written(kind: NumberKind, plain: str) -> Number:
    return Number(kind=kind, wire=plain, key=plain, shown=plain, spellings=(plain,), readings=(plain,))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


# ----------------------------------------------------------------------------------------------- the library's answers


@lru_cache(_REMEMBERED)
def _canonical(text: str, country: str | None) -> tuple[str, int]:
    """The E.164 form, and how sure it is; empty where a number of this country cannot be read."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return (text, 0) if text.startswith("+") else ("", 0)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(parsed):
        return e164, _VALID
    return e164, 1 if phonenumbers.is_possible_number(parsed) else 0


@lru_cache(_REMEMBERED)
def _nationally(e164: str, country: str, prefix: str | None) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
    if parsed.country_code != phonenumbers.country_code_for_region(country):
        return None
    if prefix is not None:
        return prefix + phonenumbers.national_significant_number(parsed)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(letter for letter in written if letter.isdigit())


def _national_prefix(country: str) -> str | None:
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    return metadata.national_prefix if metadata is not None else None


def _formatted(e164: str, country: str | None) -> str:
    import phonenumbers

    parsed = phonenumbers.parse(e164, None)
    at_home = country is not None and parsed.country_code == phonenumbers.country_code_for_region(country)
    kind = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, kind)


@lru_cache(_REMEMBERED)
def _is_emergency(plain: str, country: str) -> bool:
    import phonenumbers

    return phonenumbers.is_emergency_number(plain, country)


def known_country(code: str) -> bool:
    """Whether this is the ISO 3166 code of a country that has telephone numbers."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def country_of(e164: str) -> str | None:
    """The country of a number with the code of the country; None where that is not clear."""
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164, None))
    except phonenumbers.NumberParseException:
        return None


@lru_cache(512)
def _keeps_its_zero(code: str) -> bool | None:
    """Whether numbers behind this code begin with a zero of their own, as Italy's do; None is no code of a country."""
    import phonenumbers

    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()):
        metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
        return metadata is not None and not metadata.national_prefix
    return None


# ------------------------------------------------------------------------------------------------- what people write

_SEPARATORS: Final = frozenset("()./\\-~\u2212\u00b7\u2022\t")
_SIGNS: Final = {"\uff0b": "+", "\uff0a": "*", "\uff03": "#", "\u2217": "*", "\u066d": "*"}
_EXTENSION: Final = re.compile(
    r"(?:;\s*ext=|[\s,]*\b(?:extension|extn?\.?|x)\s*\.?\s*)([0-9]{1,15})\s*$", re.IGNORECASE
)
_MESSAGE: Final = re.compile(r"([0-9*#]{1,20});lra=[0-9]{1,20};cd msgid=[0-9A-Za-z.-]{1,60}")
"""What Istra is given to play a message of a mailbox: the mailbox's number, and which message."""
_BRACKETED_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_SCHEME: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):(?://)?")


def _refuse(problem: str, remedy: str, reason: str, **words: str | int) -> NoReturn:
    raise InvalidInput("number", problem, remedy=remedy, reason=reason, **words)


def _written(text: str, international: str = "00") -> tuple[str, str | None]:
    """What stands in a text: digits and signs, with a + before them if there was one, and the extension."""
    value = text if len(text) < 60 else text[:57] + "..."
    shown = repr(value)
    scheme = _SCHEME.match(text)
    if scheme is not None:
        if scheme[1].lower() not in ("tel", "callto"):
            _refuse(
                f"{shown} is an address of {scheme[1]}.",
                "Give the number alone, or as tel:+493023125100.",
                "number",
                value=value,
            )
        text = _of_uri(text[scheme.end() :])
    text = "".join(map(_visible, text)).strip()
    extension = None
    if (found := _EXTENSION.search(text)) is not None:
        extension, text = found[1], text[: found.start()]
    text = _without_bracketed_zero(text, international)
    made: list[str] = []
    for letter in text:
        if letter in "0123456789*#ABCD":
            made.append(letter)
        elif letter == "+":
            if made and made[-1] not in "*#":
                _refuse(
                    f"{shown} has a + in the middle.",
                    "A + stands before the code of a country only.",
                    "number",
                    value=value,
                )
            made.append(letter)
        elif letter in _SEPARATORS or letter.isspace():
            if letter in "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029":
                _refuse(f"{shown} has several lines.", "Give one number.", "number", value=value)
        elif letter in ",;pPwW":
            _refuse(
                f"{shown} has a pause in it.",
                "Give the number alone, and send tones once it is answered.",
                "number_pause",
                value=value,
            )
        else:
            what = "letters" if letter.isalpha() else f"{letter!r}"
            _refuse(
                f"{shown} cannot be dialled: it has {what} in it.",
                "A number is digits, * and #, with a + before the code of a country; spaces, brackets, dots, dashes "
                "and slashes may stand between them.",
                "number",
                value=value,
            )
    plain = "".join(made)
    if not plain.strip("+"):
        if not text:
            _refuse("is empty.", "Say what to dial.", "number_missing")
        _refuse(f"{shown} cannot be dialled: it has no digit.", "Say what to dial.", "number", value=value)
    if len(plain) > LONGEST:
        _refuse(
            f"{shown} is longer than {LONGEST} digits.", "Give one number.", "number_length", value=value, most=LONGEST
        )
    return plain, extension


def _of_uri(rest: str) -> str:
    """The number of a ``tel:`` URI, its context before it where that is a number, its extension behind it."""
    parts = unquote(rest).split(";")
    number, given = parts[0], {}
    for part in parts[1:]:
        name, _, value = part.partition("=")
        given[name.strip().lower()] = value.strip()
    context = given.get("phone-context", "")
    if context.startswith("+") and not number.lstrip().startswith("+"):
        number = context + number
    return f"{number};ext={given['ext']}" if given.get("ext") else number


def _visible(letter: str) -> str:
    """A character as it is read: digits of any script, signs in full width; nothing for what cannot be seen."""
    if letter.isascii():
        return letter
    if (digit := unicodedata.decimal(letter, None)) is not None:
        return str(digit)
    if letter in _SIGNS:
        return _SIGNS[letter]
    category = unicodedata.category(letter)
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category in ("Zs", "Pd", "Ps", "Pe"):
        return "(" if category == "Ps" else ")" if category == "Pe" else " " if category == "Zs" else "-"
    wide = unicodedata.normalize("NFKC", letter)
    return wide if len(wide) == 1 and wide.isascii() else letter


def _without_bracketed_zero(text: str, international: str) -> str:
    """Leave out the ``(0)`` behind the code of a country: it is dialled within the country only."""
    if (found := _BRACKETED_ZERO.search(text)) is None:
        return text
    head = "".join(letter for letter in text[: found.start()] if letter in "+0123456789")
    for prefix in ("+", international or "00", "00"):
        code = head.removeprefix(prefix)
        keeps = _keeps_its_zero(code) if head.startswith(prefix) and re.fullmatch("[0-9]{1,3}", code) else None
        if keeps is not None:
            return text[: found.start()] + (" 0 " if keeps else " ") + text[found.end() :]
    return text


# ------------------------------------------------------------------------------------------------------------ patterns


class Pattern:
    """A pattern of numbers: ``*`` stands for any digits, ``?`` for one, ``[*]`` for a star that is dialled.

    It is read by the rules of numbers, so separators mean nothing in it, ``+49 (0) 900*`` is ``+49900*``, and ``tel:``
    may stand before it. Raises ``InvalidInput`` for one that no number matches.
    """

    def __init__(self, text: str, *, field: str = "patterns") -> None:
        """Read it."""
        self.text = text
        self.literal = ""
        """What it names; empty where it has a wildcard."""
        try:
            tokens = _tokens(text)
        except InvalidInput as error:
            raise InvalidInput(field, error.problem, remedy=error.remedy, reason=error.reason, **error.words) from None
        wild = any(one in ("*", "?") or one.startswith("[") for one in tokens)
        if not wild:
            self.literal = "".join(tokens)
        variants = [tokens]
        if tokens[0] == "+":  # within the country a zero stands before the number, and some write it behind the code
            code = "".join(tokens[1:5])
            variants += [
                tokens[: 1 + length] + tokens[2 + length :]
                for length in (1, 2, 3)
                if code[:length].isdigit() and code[length : length + 1] == "0" and _is_code(code[:length])
            ]
        if "".join(tokens[:2]) == "00":
            variants.append(["+", *tokens[2:]])
        self._regexes = [re.compile("".join(map(_regex, one)), re.DOTALL) for one in variants]

    def __repr__(self) -> str:
        """Show what was written."""
        return f"Pattern({self.text!r})"

    def matches(self, spellings: Iterable[str]) -> bool:
        """Whether any of the spellings is one of these numbers."""
        return any(regex.fullmatch(one) is not None for one in spellings for regex in self._regexes)


def _tokens(text: Any) -> list[str]:
    if type(text) is not str:
        _refuse(f"{text!r} is no text, but {type(text).__name__}.", _QUOTE, "pattern", value=text)
    given, shown = text, repr(text)
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() == "tel":
        text = text[scheme.end() :]
    text = "".join(map(_visible, text)).strip()
    text = _without_bracketed_zero(text, "00")
    tokens: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter in "0123456789*?#ABCD":
            tokens.append(letter)
        elif letter == "+":
            if tokens and tokens[-1] not in "*#?":
                _refuse(f"{shown} matches no number: a + stands before all digits.", _PATTERNS, "pattern", value=given)
            tokens.append(letter)
        elif letter == "[":
            end = text.find("]", at + 1)
            inner = text[at:end] if end >= 0 else ""
            if not inner.lstrip("!") or not set(inner.lstrip("!")) <= _IN_A_SET:
                _refuse(
                    f"{shown} matches no number: {text[at - 1 :]!r} names no digits.", _PATTERNS, "pattern", value=given
                )
            tokens.append(f"[{inner}]")
            at = end + 1
        elif letter not in _SEPARATORS and not letter.isspace():
            _refuse(f"{shown} matches no number: none has {letter!r} in it.", _PATTERNS, "pattern", value=given)
    if not tokens or tokens == ["+"]:
        _refuse(f"{shown} matches no number: it names no digit.", _PATTERNS, "pattern", value=given)
    if tokens[0] == "+" and len(tokens) > 1 and tokens[1] in ("0", "#"):
        _refuse(f"{shown} matches no number: no country has the code 0.", _PATTERNS, "pattern", value=given)
    if sum(one != "*" for one in tokens) > LONGEST:
        _refuse(f"{shown} matches no number: it is too long.", _PATTERNS, "pattern", value=given)
    return tokens


_PATTERNS: Final = "Write patterns such as +49900*, 0900*, 1??? or [*]21*, in which * is any digits and ? is one."
_IN_A_SET: Final = frozenset("0123456789*#+ABCD-")


def _regex(sign: str) -> str:
    if sign == "*":
        return ".*"
    if sign == "?":
        return "."
    if sign.startswith("["):
        inner = sign[1:-1]
        negated = "^" if inner.startswith("!") else ""
        return f"[{negated}{inner.lstrip('!').replace('+', chr(92) + '+')}]"
    return re.escape(sign)


def _is_code(code: str) -> bool:
    """Whether this is the code of a country where a zero is dialled before national numbers."""
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return any(_national_prefix(region) == "0" for region in regions if region != "001")
