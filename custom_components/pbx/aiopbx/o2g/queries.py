"""Filters, attributes and data of calls, as O2G writes them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, TypeAlias

from ..errors import InvalidInput
from ..filters import Comparison, ContactField, ContactTerm, DirectoryFilter, attribute_text
from .types.directory import Attribute, Criterion, Operation
from .types.pbx_management import PbxAttribute, PbxAttributes, PbxComplexAttribute, PbxObject, PbxShortObject

_FIELDS: Final = {
    ContactField.LAST_NAME: Attribute.LAST_NAME,
    ContactField.FIRST_NAME: Attribute.FIRST_NAME,
    ContactField.NUMBER: Attribute.PHONE_NUMBER,
    ContactField.LOGIN: Attribute.LOGIN_NAME,
}
_COMPARISONS: Final = {
    Comparison.EQUALS: Operation.EQUAL_IGNORE_CASE,
    Comparison.BEGINS_WITH: Operation.BEGIN_WITH,
    Comparison.ENDS_WITH: Operation.END_WITH,
    Comparison.CONTAINS: Operation.CONTAIN,
}
_JOINS: Final = {"and": Operation.AND, "or": Operation.OR}


def hexadecimal(data: str | None) -> str | None:
    """Return data of a call as the digits of its bytes: official clients read and write it in no other way."""
    return data.encode().hex() if data is not None else None


def text_of(digits: str | None) -> str | None:
    """Return such digits as the text that they stand for; as they are, where they stand for none."""
    if not digits:
        return digits
    try:
        text = bytes.fromhex(digits).decode()
    except ValueError:
        return digits
    return text if text.isprintable() else digits


def criterion_of(filter: DirectoryFilter | ContactTerm) -> Criterion:
    """Return a filter of contacts as a criterion of the directory."""
    if isinstance(filter, ContactTerm):
        return Criterion(field=_FIELDS[filter.field], operation=_COMPARISONS[filter.comparison], operand=filter.word)
    if len(filter.parts) == 1:
        return criterion_of(filter.parts[0])
    return Criterion(operation=_JOINS[filter.join], operand=tuple(criterion_of(part) for part in filter.parts))


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
        return PbxAttribute(name=name, value=tuple(attribute_text(one) for one in plain))
    raise InvalidInput(
        name, "mixes kinds of values.", remedy="They are strings, integers or booleans; or all are sets of attributes."
    )


class ObjectPath(str):
    """``Subscriber/4722/Subscriber_Alias/5``: an object; without the last id, all objects of that name there.

    A string will do wherever one is asked for; this class is for ids that hold a ``/``, and for going down::

        subscriber = ObjectPath("Subscriber", "4722")
        aliases = subscriber / "Subscriber_Alias"
        first = aliases / "1"
    """

    __slots__ = ("segments",)

    segments: tuple[str, ...]
    """Names and ids in turn."""

    def __new__(cls, *segments: str | int) -> Self:
        """Hold names and ids in turn; a ``/`` in one of them belongs to it."""
        parts = tuple(str(segment) for segment in segments)
        made = super().__new__(cls, "/".join(parts))
        made.segments = parts
        return made

    @classmethod
    def of(cls, path: str) -> "ObjectPath":
        """Read a path that is written as one string. Raises ``InvalidInput`` where a part of it is empty."""
        if isinstance(path, ObjectPath):
            return path
        made = cls(*path.strip("/").split("/"))
        made.check()
        return made

    def __truediv__(self, below: str | int) -> "ObjectPath":
        """Go down: to an id, a name, or several of them as the server gives sub-objects (``SIP/1/SIP_Gateway``)."""
        if isinstance(below, ObjectPath):
            return ObjectPath(*self.segments, *below.segments)
        if isinstance(below, str) and self.is_object:  # behind an id comes a name, or names and ids
            return ObjectPath(*self.segments, *below.split("/"))
        return ObjectPath(*self.segments, below)

    @property
    def is_object(self) -> bool:
        """Whether it names one object, rather than all of a name."""
        return len(self.segments) % 2 == 0

    @property
    def name(self) -> str:
        """The name of the object, or of the objects."""
        return self.segments[-2] if self.is_object else self.segments[-1]

    @property
    def id(self) -> str | None:
        """The id of the object; none where all of a name are meant."""
        return self.segments[-1] if self.is_object else None

    @property
    def parent(self) -> "ObjectPath | None":
        """The object that this one is below; none for one at the top."""
        above = self.segments[:-2] if self.is_object else self.segments[:-1]
        return ObjectPath(*above) if above else None

    def check(self, field: str = "objectPath") -> None:
        """Raise ``InvalidInput`` for a part that cannot be part of a URL."""
        for segment in self.segments:
            if not segment.strip():
                raise InvalidInput(field, f"{str(self)!r} has an empty part.", remedy="Names and ids take turns.")
            if segment in {".", ".."}:
                raise InvalidInput(field, f"{segment!r} cannot be part of a URL.", remedy="Give its name or id.")
