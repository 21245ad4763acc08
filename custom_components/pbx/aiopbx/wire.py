"""What every type of every wire has in common: how it is named, and how it meets what it does not know."""

import re
from collections import deque
from enum import StrEnum
from typing import Any, ClassVar, Final, Self, dataclass_transform

import msgspec

_MOST_REMEMBERED = 64


class _Hidden:
    """Stands where a secret would."""

    def __repr__(self) -> str:
        return "***"


_HIDDEN = _Hidden()


WITH_SECRETS: Final[list[type["Wire"]]] = []
"""Every type that has secrets, in the order of their definition."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A wire type: snake case here, camel case in JSON, absent where it holds its default, unknown keys ignored."""

    _secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields that no text may show."""

    def __init_subclass__(cls) -> None:
        """Note who has secrets: what masks texts must know the types of a wire whenever that is imported."""
        if "_secrets" in vars(cls):
            WITH_SECRETS.append(cls)

    def to_json(self) -> bytes:
        """Encode it as it goes over the wire."""
        return msgspec.json.encode(self)

    def __repr__(self) -> str:
        """Show what is not default, and nothing that is secret."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Show rich the same."""
        shown = []
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if field.required or value != field.default:
                hidden = field.name in self._secrets and value is not None
                shown.append((field.name, _HIDDEN if hidden else value))
        return shown


class Unlisted:
    """Counts values that enumerations do not list, and remembers the latest of them."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.count = 0
        self._latest: deque[tuple[str, str]] = deque(maxlen=_MOST_REMEMBERED)

    def add(self, kind: str, value: str) -> None:
        """Count a value of an enumeration, and remember it."""
        self.count += 1
        self._latest.append((kind, value))

    def take(self, count: int) -> list[tuple[str, str]]:
        """Return the latest ``count``, as far as they are remembered: those of one text, and of no other client."""
        latest = self._latest
        return [latest.pop() for _ in range(min(count, len(latest)))][::-1]


UNLISTED: Final = Unlisted()
"""Grows whenever a value is met that its enumeration does not list. Decoders read it before and after."""


class WireEnum(StrEnum):
    """An enumeration that servers may extend: a value it does not list is kept and not ``listed``."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        UNLISTED.add(cls.__name__, value)
        return member

    @property
    def listed(self) -> bool:
        """Whether the reference lists this value."""
        return type(self).__members__.get(self._name_) is self


_HALF_A_CHARACTER: Final = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|(\xed[\xa0-\xbf][\x80-\xbf])"
)
"""Half a surrogate pair, as JSON writes it or as UTF-8 would; what is matched outside of the groups is none."""


def whole_characters(body: bytes) -> bytes:
    """Put U+FFFD for halves of characters in JSON.

    Some servers cut texts in the middle of one. It shall cost that character, not everything that it is part of.
    """
    return _HALF_A_CHARACTER.sub(lambda found: b"\\ufffd" if found[1] or found[2] else found[0], body)


def to_json(value: Any) -> bytes:
    """Encode a wire type as a server or a client would send it."""
    return msgspec.json.encode(value)


def secrets_of(body: Wire | None) -> tuple[str, ...]:
    """The values in a body that no text may show."""
    if body is None:
        return ()
    values = (getattr(body, name) for name in body._secrets)
    return tuple(value for value in values if isinstance(value, str) and value)


def camel(name: str) -> str:
    """``login_name`` as it is on the wire: ``loginName``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
