"""What an operation takes: its parameters, described by their types for people, forms and command lines."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from .http.secrets import secret_fields

_LISTS: Final = (tuple, list, frozenset, set)


class ParameterKind(StrEnum):
    """What a value is."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    """With its zone, such as 2026-01-31T18:17:15Z."""
    CHOICE = "choice"
    OBJECT = "object"
    LIST = "list"
    EITHER = "either"
    """One of several kinds."""
    ANYTHING = "anything"


class ParameterPlace(StrEnum):
    """Where a value goes."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"
    GUARD = "guard"
    """Nowhere: it only says that the person means it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value that an operation takes, or a part of one."""

    name: str
    """As it is on the wire."""
    keyword: str
    """As it is in Python."""
    kind: ParameterKind
    place: ParameterPlace = ParameterPlace.BODY
    required: bool = False
    secret: bool = False
    """Whether it must not be shown."""
    choices: tuple[str, ...] = ()
    """What a choice may be."""
    summary: str = ""
    """What it is, where the wire's types say it."""
    valueless: bool = field(default=False, repr=False)
    """Whether it is sent without a value, by its presence alone."""
    hint: Any = field(default=None, repr=False, compare=False)
    """Its Python type."""
    _needs: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @property
    def words(self) -> str:
        """What it is in a few words, such as ``list of Destination``."""
        return _words(self.hint)

    @property
    def fields(self) -> "tuple[Parameter, ...]":
        """The parts of an object. They are made when they are asked for: some types contain themselves."""
        if self.kind is not ParameterKind.OBJECT:
            return ()
        hidden = secret_fields()
        return tuple(
            parameter_of(
                one.type,
                name=one.encode_name,
                keyword=one.name,
                required=one.required or one.encode_name in self._needs,
                secret=self.secret or one.encode_name in hidden,
            )
            for one in msgspec.structs.fields(self.hint)
        )

    @property
    def item(self) -> "Parameter | None":
        """What a list consists of; None for everything else."""
        if self.kind is not ParameterKind.LIST:
            return None
        hint = next((one for one in get_args(self.hint) if one is not Ellipsis), Any)
        return parameter_of(hint, name=self.name, keyword=self.keyword, required=True, secret=self.secret)

    @property
    def options(self) -> "tuple[Parameter, ...]":
        """What it may be, where it is one of several kinds."""
        if self.kind is not ParameterKind.EITHER:
            return ()
        return tuple(
            parameter_of(one, name=self.name, keyword=self.keyword, required=self.required, secret=self.secret)
            for one in get_args(self.hint)
        )


def parameter_of(
    hint: Any,
    *,
    name: str,
    keyword: str,
    place: ParameterPlace = ParameterPlace.BODY,
    required: bool = False,
    secret: bool = False,
    valueless: bool = False,
    needs: frozenset[str] = frozenset(),
) -> Parameter:
    """Describe a value by its type. ``needs`` are fields of an object that are required whatever their type says."""
    bare = bare_type(hint)
    return Parameter(
        name=name,
        keyword=keyword,
        kind=_kind(bare),
        place=place,
        required=required,
        secret=secret,
        choices=_choices(bare),
        summary=_summary(bare),
        valueless=valueless,
        hint=bare,
        _needs=needs,
    )


# --------------------------------------------------------------------------------------------------------------- types


def bare_type(hint: Any) -> Any:
    """The type without ``None`` and annotations."""
    if get_origin(hint) is Annotated:
        return bare_type(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        inner = tuple(one for one in get_args(hint) if one is not NoneType and one is not msgspec.UnsetType)
        if len(inner) == 1:
            return bare_type(inner[0])
        return Union[inner]  # noqa: UP007 # made at run time
    return hint


def first_type(hint: Any) -> Any:
    """The first of several types: what a person types, where the others are for programs."""
    bare = bare_type(hint)
    return get_args(bare)[0] if get_origin(bare) in (Union, UnionType) else bare


def _kind(hint: Any) -> ParameterKind:
    origin = get_origin(hint)
    if origin in _LISTS or hint in _LISTS:
        return ParameterKind.LIST
    if origin in (Union, UnionType):
        return ParameterKind.EITHER
    if origin is Literal:
        return ParameterKind.CHOICE
    if not isinstance(hint, type):
        return ParameterKind.ANYTHING
    if issubclass(hint, msgspec.Struct):
        return ParameterKind.OBJECT
    if issubclass(hint, Enum):
        return ParameterKind.CHOICE
    for kind, found in (
        (bool, ParameterKind.BOOLEAN),
        (int, ParameterKind.INTEGER),
        (float, ParameterKind.NUMBER),
        (datetime, ParameterKind.TIME),
        (str, ParameterKind.TEXT),
    ):
        if issubclass(hint, kind):
            return found
    return ParameterKind.ANYTHING


def _choices(hint: Any) -> tuple[str, ...]:
    if get_origin(hint) is Literal:
        return tuple(str(one) for one in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(str(one.value) for one in hint)
    return ()


def _summary(hint: Any) -> str:
    if isinstance(hint, type) and issubclass(hint, (msgspec.Struct, Enum)):
        return (hint.__doc__ or "").strip().partition("\n")[0]
    return ""


def _words(hint: Any) -> str:
    kind = _kind(hint)
    if kind is ParameterKind.LIST:
        inner = next((one for one in get_args(hint) if one is not Ellipsis), Any)
        return f"list of {_words(bare_type(inner))}"
    if kind is ParameterKind.EITHER:
        return " or ".join(_words(bare_type(one)) for one in get_args(hint))
    if kind in (ParameterKind.OBJECT, ParameterKind.CHOICE):
        return getattr(hint, "__name__", kind.value)
    return kind.value
