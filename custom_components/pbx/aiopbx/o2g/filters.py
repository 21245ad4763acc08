"""Filters built from Python: contacts of the directory, objects of the PBX, and attributes of objects.

Contacts::

    from aiopbx.o2g.filters import field

    field("lastName").begins_with("Ma") & (field("firstName").equals("Ana") | field("id.phoneNumber").ends_with("42"))

Objects::

    from aiopbx.o2g.filters import attribute

    attribute("Annu_Name").begins_with("Jz") & ~attribute("Station_Type").equals("ANALOG")

What the wire has no words for is refused with ``InvalidInput`` where it is written, not when it is sent.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, TypeAlias

from ..errors import InvalidInput
from .types.directory import Attribute, Criterion, Operation
from .types.pbx_management import PbxAttribute, PbxAttributes, PbxComplexAttribute, PbxObject, PbxShortObject

# ------------------------------------------------------------------------------------------------------------ contacts


@dataclass(frozen=True, slots=True)
class DirectoryFilter:
    """Which contacts are meant. Joined by ``&`` and ``|``; the directory has no word for *not*."""

    criterion: Criterion
    """As it is on the wire."""

    def __and__(self, other: "DirectoryFilter") -> "DirectoryFilter":
        """Return what meets both."""
        return DirectoryFilter(_joined(Operation.AND, self, other))

    def __or__(self, other: "DirectoryFilter") -> "DirectoryFilter":
        """Return what meets one of them."""
        return DirectoryFilter(_joined(Operation.OR, self, other))

    def __invert__(self) -> "DirectoryFilter":
        """Refuse: there is no *not*."""
        raise InvalidInput(
            "filter", "the directory cannot search by what a contact is not.", remedy="Filter what it finds instead."
        )

    def __str__(self) -> str:
        """Show it readably."""
        return _text(self.criterion)

    def __bool__(self) -> bool:
        """Refuse: ``and``, ``or`` and ``not`` would silently lose a part."""
        raise TypeError("Join filters by & and |; Python's own and, or and not cannot be used.")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a contact, to be compared with a word. Case is ignored."""

    name: Attribute

    def equals(self, word: str) -> DirectoryFilter:
        """Return the contacts whose field is this word."""
        return self._compare(Operation.EQUAL_IGNORE_CASE, word)

    def begins_with(self, word: str) -> DirectoryFilter:
        """Return the contacts whose field begins so."""
        return self._compare(Operation.BEGIN_WITH, word)

    def ends_with(self, word: str) -> DirectoryFilter:
        """Return the contacts whose field ends so."""
        return self._compare(Operation.END_WITH, word)

    def contains(self, word: str) -> DirectoryFilter:
        """Return the contacts whose field has this in it."""
        return self._compare(Operation.CONTAIN, word)

    def _compare(self, operation: Operation, word: str) -> DirectoryFilter:
        if not isinstance(word, str) or not word.strip():
            raise InvalidInput(str(self.name), "is compared with nothing.", remedy="Give what to search by.")
        return DirectoryFilter(Criterion(field=self.name, operation=operation, operand=word))


def field(name: str | Attribute) -> Field:
    """Name a field: ``lastName``, ``firstName``, ``id.phoneNumber`` or ``id.loginName``."""
    known = Attribute(name)
    if not known.listed:
        raise InvalidInput("field", f"{name!r} cannot be searched by.", remedy=f"One of {', '.join(Attribute)}.")
    return Field(known)


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


def _joined(operation: Operation, *filters: DirectoryFilter) -> Criterion:
    """Join criteria, and those that are joined the same way already at one level."""
    operands: list[Criterion] = []
    for one in filters:
        if not isinstance(one, DirectoryFilter):
            raise TypeError(f"A filter of the directory cannot be joined with a {type(one).__name__}.")
        below = one.criterion.operand
        if one.criterion.operation == operation and not isinstance(below, str):
            operands.extend(below)
        else:
            operands.append(one.criterion)
    return Criterion(operation=operation, operand=tuple(operands))


def _text(criterion: Criterion) -> str:
    if isinstance(criterion.operand, str):
        return f"{criterion.field} {criterion.operation} {criterion.operand!r}"
    return "(" + f" {criterion.operation} ".join(_text(below) for below in criterion.operand) + ")"


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
    text = _plain(value)
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


# ---------------------------------------------------------------------------------------------------------- attributes

Plain: TypeAlias = str | int | bool
Complex: TypeAlias = Mapping[str, Any]


class _Nothing(tuple[Any, ...]):
    """An empty list that is sent, where an empty tuple would be left out."""

    __slots__ = ()


NOTHING: Final = _Nothing()
"""The value of a list attribute that is to be emptied."""


def attributes(values: Mapping[str, Plain | Complex | Sequence[Plain] | Sequence[Complex]]) -> PbxAttributes:
    """Make attributes of a dict: a value, a list of values, a dict, or a list of dicts; an empty list empties.

    ``attributes({"Annu_Name": "Doe", "Skill_Set": [{"Skill_Nb": 1, "Skill_Level": 2}]})``. Integers and booleans are
    written as the server does, so ``True`` is ``true``.
    """
    return PbxAttributes(attributes=tuple(_attribute(name, value) for name, value in values.items()))


def values(
    of: PbxObject | PbxShortObject | PbxAttributes | PbxComplexAttribute,
) -> dict[str, str | tuple[str, ...] | tuple[dict[str, Any], ...]]:
    """Make a dict of attributes: a string where there is one value, a tuple where there are none or several."""
    made: dict[str, str | tuple[str, ...] | tuple[dict[str, Any], ...]] = {}
    for one in of.attributes:
        if one.name is None:
            continue
        if one.complex_value:
            made[one.name] = tuple(values(below) for below in one.complex_value)
        else:
            made[one.name] = one.value[0] if len(one.value) == 1 else tuple(one.value)
    return made


def _attribute(name: str, value: Any) -> PbxAttribute:
    given: list[Any] = [value] if isinstance(value, str | int | Mapping) else list(value)
    if not given:
        return PbxAttribute(name=name, value=NOTHING)
    nested = [one for one in given if isinstance(one, Mapping)]
    plain = [one for one in given if isinstance(one, str | int)]
    if nested and len(nested) == len(given):
        return PbxAttribute(
            name=name,
            complex_value=tuple(
                PbxComplexAttribute(name=name, attributes=attributes(one).attributes) for one in nested
            ),
        )
    if len(plain) == len(given):
        return PbxAttribute(name=name, value=tuple(_plain(one) for one in plain))
    raise InvalidInput(
        name, "mixes kinds of values.", remedy="They are strings, integers or booleans; or all are sets of attributes."
    )


def _plain(value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
