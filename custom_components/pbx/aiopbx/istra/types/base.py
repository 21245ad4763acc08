"""What the wire types of Istra have in common, and how their values are spelled on the wire."""

from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar, Final, Self

import msgspec

from ...wire import UNLISTED, Wire, WireEnum

__all__ = ["UNLISTED", "Id", "IstraEnum", "IstraWire", "Wire", "WireEnum", "id_of", "spelled", "to_json"]


Id = Annotated[str, msgspec.Meta(min_length=1)]
"""What something is known by: a signed number of 64 bits as text. Without it nothing can be done with the thing."""


_SHORT: Final = 128
"""Letters; longer URIs are not remembered."""


class IstraWire(Wire, kw_only=True):
    """A type of Istra. Here numbers are numbers; on the wire those of ``_as_text`` are written as text."""

    _as_text: ClassVar[frozenset[str]] = frozenset()
    """Fields, as they are named here, whose numbers and booleans the server writes as text."""

    def to_json(self) -> bytes:
        """Encode it as it goes over the wire."""
        return to_json(self)


class IstraEnum(WireEnum):
    """An enumeration of Istra: servers may extend it, and write its words in other letters."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str):
            member = _by_small_letters(cls).get(value.strip().lower())
            if member is not None:
                return member  # type: ignore[return-value] # the table is this enumeration's
        return super()._missing_(value)


@cache
def _by_small_letters(kind: type[IstraEnum]) -> dict[str, IstraEnum]:
    return {member.value.lower(): member for member in reversed(kind)}  # of two that are alike the first wins


def id_of(uri: str | None) -> str | None:
    """The id that a URI such as ``v1/rcc/Extension/-12`` ends with; none where there is none."""
    if not uri:
        return None
    return _last_part(uri) if len(uri) <= _SHORT else _last_part.__wrapped__(uri)


@lru_cache(maxsize=16_384)
def _last_part(uri: str) -> str | None:
    """The same few thousand recur in all that is pushed."""
    return uri.partition("?")[0].rstrip("/").rpartition("/")[2] or None


def spelled(value: Any) -> Any:
    """Turn a type into plain values, spelled as on the wire: to be changed further, or encoded as it is."""
    if isinstance(value, msgspec.Struct):
        as_text: frozenset[str] = getattr(value, "_as_text", frozenset())
        made = {}
        for field in msgspec.structs.fields(value):
            held = getattr(value, field.name)
            if not field.required and held == field.default:
                continue
            plain = spelled(held)
            made[field.encode_name] = _text(plain) if field.name in as_text else plain
        return made
    if isinstance(value, list | tuple):
        return [spelled(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def to_json(value: Any) -> bytes:
    """Encode a type as the server or the client sends it."""
    return msgspec.json.encode(spelled(value))
