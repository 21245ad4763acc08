"""What O2G sends as JSON, with lists that are empty, which live servers send and the wire types leave out."""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec.structs import replace

from ....o2g.types.base import Wire
from ....o2g.types.comlog import OnComRecordsDeleted
from ....o2g.types.pbx_management import PbxAttribute, PbxObjectIds
from ....o2g.types.users import User

_NEVER_EMPTY: Final[frozenset[type[Wire]]] = frozenset({OnComRecordsDeleted, PbxAttribute, PbxObjectIds, User})
"""Types where an empty list would mean something else than an absent one: all of them, the other of two lists, or that
there is nothing where someone may not see it."""


def to_json(value: Wire | str, *, empty_lists: bool) -> bytes:
    """Encode an answer or an event, with its empty lists or without."""
    if empty_lists and isinstance(value, Wire):
        value = _with_lists(value)
    return msgspec.json.encode(value)


@cache
def _plan(kind: type[Wire]) -> tuple[tuple[str, bool, bool], ...]:
    """The fields that are or hold lists: name, whether it is a list, and whether there are structures in it."""
    return tuple(
        (field.name, is_list, inner is not None)
        for field in msgspec.structs.fields(kind)
        for is_list, inner in (_shape(field.type),)
        if is_list or (inner is not None and inner is not kind and _plan(inner)) or inner is kind
    )


def _shape(kind: Any) -> tuple[bool, type[Wire] | None]:
    """Whether a type is a list, and which structure it is, or a list of."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    is_list = get_origin(kind) is tuple
    if is_list:
        kind = get_args(kind)[0]
    return is_list, kind if isinstance(kind, type) and issubclass(kind, Wire) else None


def _with_lists(value: Wire) -> Wire:
    """The same with lists in the place of empty tuples: those are defaults, which are left out."""
    plan = _plan(type(value))
    if not plan:
        return value
    sends = type(value) not in _NEVER_EMPTY
    changes: dict[str, Any] = {}
    for name, is_list, structures in plan:
        inner = getattr(value, name)
        if is_list and not inner:
            if sends and inner is not None:
                changes[name] = []
        elif structures and inner is not None:
            changes[name] = [_with_lists(item) for item in inner] if is_list else _with_lists(inner)
    return replace(value, **changes) if changes else value
