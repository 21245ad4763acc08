"""Which calls a trigger is for: who calls whom, by number, name or pattern, and whether that is someone known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Self

import voluptuous as vol
from homeassistant.helpers import config_validation as cv

from .aiopbx import CallSnapshot, ContactSource, DialPolicy, Direction, NumberKind, Party, PartyKind, Pbx

CONF_FROM: Final = "from"
CONF_TO: Final = "to"
CONF_PATTERN: Final = "pattern"
CONF_CONTACT: Final = "contact"

ANYONE: Final = "any"
KNOWN: Final = "known"
UNKNOWN: Final = "unknown"
CONTACTS: Final = [ANYONE, KNOWN, UNKNOWN]

# A name that was learned from a call is what the caller says of himself, and no entry of a telephone book.
_TRUSTED: Final = (ContactSource.PHONE_BOOK, ContactSource.DIRECTORY)


def text(value: Any) -> str:
    """Validate a number, name or pattern: text. A number of YAML has lost its + and its zeros."""
    if not isinstance(value, str) or not value.strip():
        raise vol.Invalid(f"{value!r} is no text: write numbers in quotes, such as '+15550123'")
    return value.strip().removeprefix("tel:")


def pattern(value: Any) -> str:
    """Validate a pattern of numbers, as the dial policy knows them."""
    written = text(value)
    try:
        DialPolicy(allowed=(written,))
    except ValueError:
        raise vol.Invalid(
            f"{written!r} matches no number: write digits, * for any digits and ? for one, such as +1555*"
        ) from None
    return written


def who(value: Any) -> str:
    """Validate whom a call is from or to: a number, a name, or a pattern of numbers."""
    written = text(value)
    return pattern(written) if _is_wild(written) else written


CALL_OPTIONS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(CONF_FROM): vol.All(cv.ensure_list, [who]),
    vol.Optional(CONF_TO): vol.All(cv.ensure_list, [who]),
    vol.Optional(CONF_PATTERN): vol.All(cv.ensure_list, [pattern]),
    vol.Optional(CONF_CONTACT, default=ANYONE): vol.In(CONTACTS),
}


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are meant: those that meet all of it."""

    callers: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    contact: str = ANYONE

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Make it of the options of a trigger."""
        return cls(
            callers=tuple(options.get(CONF_FROM, ())),
            called=tuple(options.get(CONF_TO, ())),
            patterns=tuple(options.get(CONF_PATTERN, ())),
            contact=options.get(CONF_CONTACT, ANYONE),
        )

    def matches(self, call: CallSnapshot, pbx: Pbx) -> bool:
        """Whether this is such a call."""
        line = pbx.lines.get(call.line)
        own = Party(number=line.number, name=line.name, login=line.id) if line is not None else Party()
        others = call.parties
        # Who started a call that was in progress already at the beginning is not known: the other one may be both.
        callers = (own,) if call.direction is Direction.OUTGOING else others
        called = others if call.direction is not Direction.INCOMING else (own,)
        if call.called is not None:
            called = (*called, call.called)
        return (
            (not self.callers or is_one_of(self.callers, callers, pbx))
            and (not self.called or is_one_of(self.called, called, pbx))
            and (not self.patterns or any(fits(self.patterns, party.number, pbx) for party in others))
            and (self.contact == ANYONE or (self.contact == KNOWN) is any(is_known(party, pbx) for party in others))
        )


def is_one_of(wanted: Iterable[str], parties: Iterable[Party], pbx: Pbx) -> bool:
    """Whether one of the parties has one of these numbers or names, or fits one of these patterns."""
    there = tuple(parties)
    for one in wanted:
        wild = _is_wild(one)
        for party in there:
            if wild:
                if fits((one,), party.number, pbx):
                    return True
            elif pbx.numbers.same(one, party.number) or one.casefold() in (
                (party.name or "").casefold(),
                (party.login or "").casefold(),
            ):
                return True
    return False


def fits(patterns: tuple[str, ...], number: str | None, pbx: Pbx) -> bool:
    """Whether a number fits one of the patterns, however it is written."""
    if not number:
        return False
    # What cannot be read, and what the policy rules out, is an InvalidInput: a ValueError.
    try:
        read = pbx.numbers.read(number)
        if read.kind is NumberKind.EMERGENCY:
            # The dial policy lets everyone dial these, whatever the patterns say.
            return any(fnmatchcase(read.key, one) for one in patterns)
        DialPolicy(allowed=patterns).check(read, numbers=pbx.numbers)
    except ValueError:
        return False
    return True


def _is_wild(written: str) -> bool:
    return "*" in written or "?" in written


def is_known(party: Party, pbx: Pbx) -> bool:
    """Whether a party is a colleague, or stands in a telephone book."""
    if party.anonymous:
        return False
    if party.kind is PartyKind.USER or party.login:
        return True
    found = pbx.contacts.find(party.number)
    if found is not None and found[1] in _TRUSTED:
        return True
    return any(pbx.numbers.same(line.number, party.number) for line in pbx.lines.values())
