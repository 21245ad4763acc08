"""The phone book: the users of the PBX and contacts beyond, and searching it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .errors import SwitchError, bad_value

if TYPE_CHECKING:
    from .core import Core

AND: Final = "AND"
OR: Final = "OR"
DEEPEST: Final = 10
"""How many levels of AND and OR a search may have."""
LONGEST: Final = 200
"""How many criteria a search may have."""

# The letters of the keys. The older layout has no Q and Z on 7 and 9: they share the 1.
_ITU: Final = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
_CCITT: Final = {**_ITU, "1": "qz", "7": "prs", "9": "wxy"}
KEYBOARDS: Final[dict[str, dict[str, str]]] = {
    name: {letter: key for key, letters in layout.items() for letter in letters}
    | {str(digit): str(digit) for digit in range(10)}
    for name, layout in (("ITU", _ITU), ("CCITT", _CCITT))
}
"""By name of a keyboard: letter or digit → key."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact in the phone book; ``login`` if it is a user of the PBX."""

    number: str
    first_name: str = ""
    last_name: str = ""
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """A search criterion.

    ``operation`` is ``EQUAL_IGNORE_CASE``, ``BEGIN_WITH``, ``CONTAIN`` or ``END_WITH`` of a ``field`` (``lastName``,
    ``firstName``, ``id.phoneNumber``, ``id.loginName``) with the text ``operand``; or ``AND`` or ``OR`` of the
    criteria in ``operand``. Case does not matter.
    """

    operation: str
    operand: "str | tuple[Criterion, ...]"
    field: str | None = None


_FIELDS: Final[dict[str, Callable[[Contact], str]]] = {
    "lastName": lambda contact: contact.last_name,
    "firstName": lambda contact: contact.first_name,
    "id.phoneNumber": lambda contact: contact.number,
    "id.loginName": lambda contact: contact.login or "",
}
_COMPARE: Final[dict[str, Callable[[str, str], bool]]] = {
    "EQUAL_IGNORE_CASE": lambda value, word: value == word,
    "BEGIN_WITH": lambda value, word: value.startswith(word),
    "CONTAIN": lambda value, word: word in value,
    "END_WITH": lambda value, word: value.endswith(word),
}

Matches = Callable[[Contact], bool]


def matcher(criterion: Criterion) -> Matches:
    """Return a function that matches contacts; refuses a malformed criterion, naming what is wrong."""
    count = [0]
    return _matcher(criterion, "filter", 1, count)


def _matcher(criterion: Criterion, where: str, depth: int, count: list[int]) -> Matches:
    count[0] += 1
    if depth > DEEPEST or count[0] > LONGEST:
        raise bad_value(f"{where}: a search has at most {DEEPEST} levels and {LONGEST} criteria.")
    operation, operand = criterion.operation, criterion.operand
    if operation in (AND, OR):
        if isinstance(operand, str) or not operand:
            raise bad_value(f"{where}.operand: {operation} needs a list of criteria.")
        parts = [_matcher(part, f"{where}.operand[{n}]", depth + 1, count) for n, part in enumerate(operand)]
        every = all if operation == AND else any
        return lambda contact: every(part(contact) for part in parts)
    compare = _COMPARE.get(operation)
    if compare is None:
        known = ", ".join((*_COMPARE, AND, OR))
        raise bad_value(f"{where}.operation: {operation!r} is not one of {known}.")
    value = _FIELDS.get(criterion.field or "")
    if value is None:
        raise bad_value(f"{where}.field: {criterion.field!r} is not one of {', '.join(_FIELDS)}.")
    if not isinstance(operand, str) or not operand.strip():
        raise bad_value(f"{where}.operand: {operation} needs a word to compare with.")
    word = operand.casefold()
    if criterion.field == "id.phoneNumber":
        word = _dialable(operand).casefold()
    return lambda contact: compare(value(contact).casefold(), word)


def _dialable(number: str) -> str:
    """Return the number to dial in ``"display number"<dialable number>``, or the number itself."""
    if number.startswith('"') and number.endswith(">") and "<" in number:
        return number[number.rindex("<") + 1 : -1]
    return number


def keys(text: str, keyboard: str) -> str:
    """Return the keys that spell a name; accents, spaces and punctuation are left out."""
    table = KEYBOARDS[keyboard]
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(table[letter] for letter in plain if letter in table)


def dtmf_matcher(last_name: str, first_name: str | None, keyboard: str) -> Matches:
    """Whether the names of a contact begin with these keys."""
    if keyboard not in KEYBOARDS:
        raise bad_value(f"keyboardType: {keyboard!r} is not one of {', '.join(sorted(KEYBOARDS))}.")
    for name, digits in (("lastName", last_name), ("firstName", first_name)):
        if digits is not None and not (digits.isascii() and digits.isdecimal()):
            raise bad_value(f"{name}: {digits!r} must be digits, as typed on a keyboard.")

    def fits(contact: Contact) -> bool:
        return keys(contact.last_name, keyboard).startswith(last_name) and (
            first_name is None or keys(contact.first_name, keyboard).startswith(first_name)
        )

    return fits


OK: Final = "OK"
NOK: Final = "NOK"
FINISH: Final = "FINISH"
TIMEOUT: Final = "TIMEOUT"


@dataclass(slots=True, eq=False)
class Search:
    """A running search: its results come a page at a time, after a pause each, by the clock."""

    core: "Core"
    found: tuple[Contact, ...]
    began: float
    touched: float
    given: int = 0
    over: bool = False

    @property
    def running(self) -> bool:
        """Whether it can still be polled. It expires when it is not polled for too long."""
        return not self.over and self.core.clock.now() - self.touched < self.core.settings.directory_unused

    def next(self) -> tuple[str, tuple[Contact, ...]]:
        """Return the results since the last poll: ``OK`` with contacts, ``NOK`` not yet, ``FINISH``, or ``TIMEOUT``."""
        now, settings = self.core.clock.now(), self.core.settings
        self.touched = now
        elapsed = now - self.began
        ready = min(
            len(self.found),
            int(min(elapsed, settings.directory_timeout) / settings.directory_pause + 1e-9) * settings.directory_page,
        )
        if ready > self.given:
            page = self.found[self.given : ready]
            self.given = ready
            return OK, page
        if self.given == len(self.found) and elapsed >= settings.directory_pause:
            self.over = True
            return FINISH, ()
        if elapsed >= settings.directory_timeout:
            self.over = True
            return TIMEOUT, ()
        return NOK, ()

    def cancel(self) -> None:
        """Stop it."""
        self.over = True


class Directory:
    """The phone book of the PBX."""

    def __init__(self, core: "Core") -> None:
        """Create it; users are in it automatically."""
        self._core = core
        self._external: list[Contact] = [
            Contact(spec.number, spec.first_name, spec.last_name) for spec in core.settings.contacts
        ]

    def add(self, contact: Contact) -> None:
        """Add a contact who is not a user."""
        self._external.append(contact)

    def remove(self, number: str) -> None:
        """Remove a contact who is not a user."""
        if all(contact.number != number for contact in self._external):
            raise SwitchError("NOT_FOUND", None, f"The phone book has no contact {number!r}.")
        self._external[:] = [contact for contact in self._external if contact.number != number]

    def contacts(self) -> tuple[Contact, ...]:
        """Return all contacts, by name."""
        users = [Contact(u.number, u.first_name, u.last_name, u.login) for u in self._core.users.values()]
        return tuple(
            sorted(
                [*users, *self._external],
                key=lambda contact: (contact.last_name.casefold(), contact.first_name.casefold(), contact.number),
            )
        )

    def search(self, matches: Matches, limit: int | None = None) -> Search:
        """Start a search for at most ``limit`` contacts: 1 to 100, by default 100."""
        most = 100 if limit is None else limit
        if not 1 <= most <= 100:
            raise bad_value(f"limit: {most} is not 1 to 100.")
        found = tuple(contact for contact in self.contacts() if matches(contact))[:most]
        now = self._core.clock.now()
        return Search(self._core, found, now, now)
