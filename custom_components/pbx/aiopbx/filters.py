"""Filters built from Python: contacts of the directory, and objects of the configuration.

Contacts::

    from aiopbx import field

    field("last_name").begins_with("Ma") & (field("first_name").equals("Ana") | field("number").ends_with("42"))

Objects::

    from aiopbx import attribute

    attribute("Annu_Name").begins_with("Jz") & ~attribute("Station_Type").equals("ANALOG")

What no system has words for is refused with ``InvalidInput`` where it is written, not when it is sent.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final, Literal, TypeAlias

from .errors import InvalidInput

# ------------------------------------------------------------------------------------------------------------ contacts


class ContactField(StrEnum):
    """What a contact can be searched by."""

    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    NUMBER = "number"
    LOGIN = "login"


# O2G's own names of the same fields, for those who have its reference beside them.
_WIRE_NAMES: Final = {
    "lastName": ContactField.LAST_NAME,
    "firstName": ContactField.FIRST_NAME,
    "id.phoneNumber": ContactField.NUMBER,
    "id.loginName": ContactField.LOGIN,
}


class Comparison(StrEnum):
    """How a field of a contact is compared with a word. Case is ignored."""

    EQUALS = "equals"
    BEGINS_WITH = "begins with"
    ENDS_WITH = "ends with"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class ContactTerm:
    """One comparison of one field."""

    field: ContactField
    comparison: Comparison
    word: str

    def __str__(self) -> str:
        """Show it readably."""
        return f"{self.field} {self.comparison} {self.word!r}"


@dataclass(frozen=True, slots=True)
class DirectoryFilter:
    """Which contacts are meant. Join them by ``&`` and ``|``; a directory has no word for *not*."""

    join: Literal["and", "or"]
    """How the parts are joined; of a single part it means nothing."""
    parts: "tuple[ContactTerm | DirectoryFilter, ...]"

    def __and__(self, other: "DirectoryFilter") -> "DirectoryFilter":
        """Return the filter for contacts that match both."""
        return _joined("and", self, other)

    def __or__(self, other: "DirectoryFilter") -> "DirectoryFilter":
        """Return the filter for contacts that match either."""
        return _joined("or", self, other)

    def __invert__(self) -> "DirectoryFilter":
        """Refuse: there is no *not*."""
        raise InvalidInput(
            "filter", "a directory cannot be searched by what a contact is not.", remedy="Filter what it finds instead."
        )

    def __str__(self) -> str:
        """Show it readably."""
        text = f" {self.join} ".join(str(part) for part in self.parts)
        return text if len(self.parts) == 1 else f"({text})"

    def __bool__(self) -> bool:
        """Refuse: ``and``, ``or`` and ``not`` would silently lose a part."""
        raise TypeError("Join filters by & and |; Python's own and, or and not cannot be used.")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a contact, to be compared with a word. Case is ignored."""

    name: ContactField

    def equals(self, word: str) -> DirectoryFilter:
        """Match contacts whose field is this word."""
        return self._compare(Comparison.EQUALS, word)

    def begins_with(self, word: str) -> DirectoryFilter:
        """Match contacts whose field begins with this word."""
        return self._compare(Comparison.BEGINS_WITH, word)

    def ends_with(self, word: str) -> DirectoryFilter:
        """Match contacts whose field ends with this word."""
        return self._compare(Comparison.ENDS_WITH, word)

    def contains(self, word: str) -> DirectoryFilter:
        """Match contacts whose field contains this word."""
        return self._compare(Comparison.CONTAINS, word)

    def _compare(self, comparison: Comparison, word: str) -> DirectoryFilter:
        if not isinstance(word, str) or not word.strip():
            raise InvalidInput(str(self.name), "is compared with nothing.", remedy="Give what to search by.")
        return DirectoryFilter("and", (ContactTerm(self.name, comparison, word),))


def field(name: str | ContactField) -> Field:
    """Name a field of a contact: ``last_name``, ``first_name``, ``number`` or ``login``."""
    try:
        return Field(_WIRE_NAMES.get(name) or ContactField(name))
    except ValueError:
        raise InvalidInput(
            "field", f"{name!r} cannot be searched by.", remedy=f"One of {', '.join(ContactField)}."
        ) from None


_KEYS: Final = {
    letter: digit
    for digit, letters in {
        "2": "ABC",
        "3": "DEF",
        "4": "GHI",
        "5": "JKL",
        "6": "MNO",
        "7": "PQRS",
        "8": "TUV",
        "9": "WXYZ",
    }.items()
    for letter in letters
}


def keys_of(name: str) -> str:
    """Return the keys that bear the letters of a name on today's telephones: ``627846`` for Martin.

    Accents go, digits stay, and what is no letter is left out. Raises ``InvalidInput`` where nothing is left.
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).upper()
    keys = "".join(_KEYS.get(letter, letter if letter in "0123456789" else "") for letter in plain)
    if not keys:
        raise InvalidInput("name", f"{name!r} cannot be typed on a telephone.", remedy="Give a name of Latin letters.")
    return keys


def _joined(join: Literal["and", "or"], *filters: DirectoryFilter) -> DirectoryFilter:
    """Join filters, with those that are joined the same way already on one level."""
    parts: list[ContactTerm | DirectoryFilter] = []
    for one in filters:
        if not isinstance(one, DirectoryFilter):
            raise TypeError(f"A filter of the directory cannot be joined with a {type(one).__name__}.")
        if one.join == join or len(one.parts) == 1:
            parts.extend(one.parts)
        else:
            parts.append(one)
    return DirectoryFilter(join, tuple(parts))


# ------------------------------------------------------------------------------------------------------------- objects

MOST_TERMS: Final = 100
"""That a filter of objects may have when it is written without brackets, as it is on the wire."""

_Term: TypeAlias = tuple[str, str, str]
"""Attribute, operator, value."""
_AWAY: Final = {"==": "!=", "!=": "=="}
_NOT_IN_A_VALUE: Final = re.compile(r"[*=!<>~;,()'\"\\]|(?i:(?:^|\s)(?:and|or)(?:\s|$))")
_ATTRIBUTE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which objects are meant. Joined by ``&`` and ``|``; ``~`` where the wire has the opposite.

    The wire has ``and`` and ``or`` without brackets, so a filter is kept as alternatives of conditions, and what is
    written with brackets is multiplied out.
    """

    alternatives: tuple[tuple[_Term, ...], ...]

    def __and__(self, other: "ObjectFilter") -> "ObjectFilter":
        """Return what meets both."""
        self._check(other)
        return _limited(
            tuple(_unique((*left, *right)) for left, right in product(self.alternatives, other.alternatives))
        )

    def __or__(self, other: "ObjectFilter") -> "ObjectFilter":
        """Return what meets one of them."""
        self._check(other)
        return _limited((*self.alternatives, *other.alternatives))

    def __invert__(self) -> "ObjectFilter":
        """Return what does not meet it. Only *equals* and *differs* have an opposite on the wire."""
        away: ObjectFilter | None = None
        for alternative in self.alternatives:
            opposite = ObjectFilter(tuple((_opposite(term),) for term in alternative))
            away = opposite if away is None else away & opposite
        assert away is not None
        return away

    def __str__(self) -> str:
        """Write it as it is on the wire."""
        return " or ".join(
            " and ".join(f"{name}{operator}{value}" for name, operator, value in alternative)
            for alternative in self.alternatives
        )

    def __bool__(self) -> bool:
        """Refuse: ``and``, ``or`` and ``not`` would silently lose a part."""
        raise TypeError("Join filters by &, | and ~; Python's own and, or and not cannot be used.")

    @staticmethod
    def _check(other: object) -> None:
        if not isinstance(other, ObjectFilter):
            raise TypeError(f"A filter of objects cannot be joined with a {type(other).__name__}.")


@dataclass(frozen=True, slots=True)
class AttributeName:
    """An attribute of an object, to be compared with a value."""

    name: str

    def equals(self, value: str | int | bool) -> ObjectFilter:
        """Return the objects that have this value."""
        return self._compare("==", _value(self.name, value))

    def differs(self, value: str | int | bool) -> ObjectFilter:
        """Return the objects that have another value."""
        return self._compare("!=", _value(self.name, value))

    def begins_with(self, value: str | int) -> ObjectFilter:
        """Return the objects whose value begins so."""
        return self._compare("==", _value(self.name, value) + "*")

    def ends_with(self, value: str | int) -> ObjectFilter:
        """Return the objects whose value ends so."""
        return self._compare("==", "*" + _value(self.name, value))

    def at_least(self, value: str | int) -> ObjectFilter:
        """Return the objects whose value is this or greater."""
        return self._compare("=ge=", _value(self.name, value))

    def at_most(self, value: str | int) -> ObjectFilter:
        """Return the objects whose value is this or less."""
        return self._compare("=le=", _value(self.name, value))

    def one_of(self, values: Iterable[str | int]) -> ObjectFilter:
        """Return the objects that have one of these values."""
        alternatives = tuple(((self.name, "==", _value(self.name, value)),) for value in values)
        if not alternatives:
            raise InvalidInput(self.name, "is compared with nothing.", remedy="Give at least one value.")
        return _limited(alternatives)

    def _compare(self, operator: str, value: str) -> ObjectFilter:
        return ObjectFilter((((self.name, operator, value),),))


def attribute(name: str) -> AttributeName:
    """Name an attribute, such as ``Annu_Name``; the model says which can be filtered by."""
    if not _ATTRIBUTE_NAME.fullmatch(name):
        raise InvalidInput("attribute", f"{name!r} is no name of an attribute.", remedy="The model has their names.")
    return AttributeName(name)


def _value(name: str, value: str | int | bool) -> str:
    text = attribute_text(value)
    if not text.strip() or text != text.strip():
        raise InvalidInput(name, f"cannot be compared with {text!r}.", remedy="Values have no space at their ends.")
    found = _NOT_IN_A_VALUE.search(text)
    if found:
        raise InvalidInput(
            name, f"cannot be compared with {text!r}.", remedy=f"{found[0].strip()!r} has a meaning of its own there."
        )
    return text


def _opposite(term: _Term) -> _Term:
    name, operator, value = term
    if operator not in _AWAY or value.startswith("*") or value.endswith("*"):
        raise InvalidInput(
            name, f"the wire has no opposite of {name}{operator}{value}.", remedy="Only equals and differs have one."
        )
    return name, _AWAY[operator], value


def _unique(terms: tuple[_Term, ...]) -> tuple[_Term, ...]:
    return tuple(dict.fromkeys(terms))


def _limited(alternatives: tuple[tuple[_Term, ...], ...]) -> ObjectFilter:
    made = ObjectFilter(tuple(dict.fromkeys(alternatives)))
    count = sum(len(alternative) for alternative in made.alternatives)
    if count > MOST_TERMS:
        raise InvalidInput(
            "filter",
            f"has {count} conditions without brackets.",
            remedy=f"At most {MOST_TERMS}; ask in several steps.",
        )
    return made


def attribute_text(value: str | int | bool) -> str:
    """Write a value as attributes of objects hold it: ``True`` is ``true``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
