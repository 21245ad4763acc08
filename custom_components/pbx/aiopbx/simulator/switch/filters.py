"""Filter expressions of PBX management: ``Annu_Name==Mar* and Entity_Number=ge=2 or Station_Type!=ANALOG``."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .errors import bad_value
from .object_model import INTEGER, Attribute, Kind, Value

_COMPARISON: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(==|!=|=ge=|=le=)\s*(.*?)\s*", re.DOTALL)
_OR: Final = re.compile(r"\s+or(?:\s+|$)", re.IGNORECASE)
_AND: Final = re.compile(r"\s+and(?:\s+|$)", re.IGNORECASE)

Read = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of an attribute with a value. ``*`` at its beginning or end stands for anything."""

    attribute: Attribute
    operator: str
    value: str

    def fits(self, read: Read) -> bool:
        """Whether the attribute of an object matches; of a list, whether any of its values does."""
        values = [value for value in read(self.attribute.name) if isinstance(value, str)]
        if self.operator == "!=":
            return not any(self._equal(value) for value in values)
        if self.operator == "==":
            return any(self._equal(value) for value in values) or (not values and self.value in ("", "*"))
        return any(self._ordered(value) for value in values)

    def _equal(self, value: str) -> bool:
        wanted = self.value
        if len(wanted) > 1 and wanted.startswith("*") and wanted.endswith("*"):
            return wanted[1:-1] in value
        if wanted.endswith("*"):
            return value.startswith(wanted[:-1])
        if wanted.startswith("*"):
            return value.endswith(wanted[1:])
        return value == wanted

    def _ordered(self, value: str) -> bool:
        if self.attribute.type == INTEGER or (_number(value) and _number(self.value)):
            return int(value) >= int(self.value) if self.operator == "=ge=" else int(value) <= int(self.value)
        return value >= self.value if self.operator == "=ge=" else value <= self.value


def _number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal()


def parse(text: str, kind: Kind) -> Callable[[Read], bool]:
    """Return a function that applies a filter to objects of this kind; ``and`` binds tighter than ``or``."""
    alternatives = [[_comparison(part, kind) for part in _AND.split(branch)] for branch in _OR.split(text.strip())]

    def fits(read: Read) -> bool:
        return any(all(comparison.fits(read) for comparison in branch) for branch in alternatives)

    return fits


def _comparison(text: str, kind: Kind) -> Comparison:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise bad_value(f"filter: {text.strip()!r} is no comparison; use ==, !=, =ge= or =le=, joined by and, or.")
    name, operator, value = match.groups()
    attribute = kind.attribute(name)
    if not attribute.filtering:
        raise bad_value(f"filter: the attribute {name} of {kind.name} cannot be filtered by.")
    if operator in ("=ge=", "=le=") and attribute.type == INTEGER and not _number(value):
        raise bad_value(f"filter: {value!r} is no integer, and {name} is.")
    return Comparison(attribute, operator, value)
