"""What every O2G wire type has in common: how it is named, and how it meets what it does not know."""

from enum import StrEnum
from typing import Any, Self, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A wire type: snake case here, camel case in JSON, absent where it holds its default, unknown keys ignored."""


class O2gEvent(Wire, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False, tag_field="eventName"):
    """An event of the channel. ``login_name`` is the user it is about, none where it is about the system."""

    login_name: str | None = None


class WireEnum(StrEnum):
    """An enumeration that servers may extend: a value it does not list is kept and not ``listed``."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def listed(self) -> bool:
        """Whether the reference lists this value."""
        return self._name_ in type(self).__members__


def to_json(value: Any) -> bytes:
    """Encode a wire type as a server or a client would send it."""
    return msgspec.json.encode(value)
