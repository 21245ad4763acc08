"""Any request of a system's wire by its name: which there are, what each takes, and how plain values become one.

``pbx.operations`` describes them, ``pbx.prepare`` makes a request and sends nothing, ``pbx.request`` sends it. Nothing
here knows a wire: it fills ``Requests``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, Protocol, TypeVar, Union, get_args, get_origin

import msgspec

from .errors import InvalidInput
from .http.secrets import secret_fields
from .policy import DialGuard

T = TypeVar("T")
_TRUE: Final = frozenset({"true", "yes", "1", "on"})
_FALSE: Final = frozenset({"false", "no", "0", "off"})
_LISTS: Final = (tuple, list, frozenset, set)
_MOST_NAMED: Final = 6


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
    """One value that a request takes, or a part of one."""

    name: str
    """As it is on the wire."""
    keyword: str
    """As it is in Python."""
    kind: ParameterKind
    place: ParameterPlace = ParameterPlace.BODY
    required: bool = False
    secret: bool = False
    """Whether nobody should see it."""
    choices: tuple[str, ...] = ()
    """What a choice may be."""
    summary: str = ""
    """What it is, where the wire's types say it."""
    _hint: Any = field(default=None, repr=False, compare=False)
    _needs: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @property
    def words(self) -> str:
        """What it is in a few words, such as ``list of Destination``."""
        return _words(self._hint)

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
            for one in msgspec.structs.fields(self._hint)
        )

    @property
    def item(self) -> "Parameter | None":
        """What a list consists of; none of everything else."""
        if self.kind is not ParameterKind.LIST:
            return None
        hint = next((one for one in get_args(self._hint) if one is not Ellipsis), Any)
        return parameter_of(hint, name=self.name, keyword=self.keyword, required=True, secret=self.secret)

    @property
    def options(self) -> "tuple[Parameter, ...]":
        """What it may be, where it is one of several kinds."""
        if self.kind is not ParameterKind.EITHER:
            return ()
        return tuple(
            parameter_of(one, name=self.name, keyword=self.keyword, required=self.required, secret=self.secret)
            for one in get_args(self._hint)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the wire."""

    name: str
    """Unique among all of a system."""
    service: str
    """The part of the system that it belongs to."""
    method: str
    path: str
    """A template, with names in braces."""
    summary: str = ""
    description: str = ""
    """What else there is to say; empty where the summary says all."""
    parameters: tuple[Parameter, ...] = ()
    """What goes into the path and the query, and what only says that it is meant."""
    body: Parameter | None = None
    """The body, an object."""
    answer: str = ""
    """The type of what the system answers, ``bytes`` for a stream; empty where it answers with nothing."""
    licence: str | None = None
    """The least licence that is needed."""
    since: str | None = None
    """The version of the interface that brought it."""
    repeatable: bool = False
    """Whether the same request may be made again without harm."""
    python: str = ""
    """The method that makes it, such as ``pbx.o2g.telephony.make_call``."""

    def __str__(self) -> str:
        """Say method and path, such as ``POST /telephony/calls``."""
        return f"{self.method} {self.path}"

    @property
    def changes(self) -> bool:
        """Whether it may change something: all that is not GET, and what may not be repeated."""
        return self.method != "GET" or not self.repeatable

    @property
    def takes(self) -> tuple[Parameter, ...]:
        """Everything it takes, one after another: the parameters, then what the body consists of."""
        taken = {one.name for one in self.parameters}
        inside = self.body.fields if self.body is not None else ()
        return (*self.parameters, *(one for one in inside if one.name not in taken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was checked, and not sent. What is secret can be read in none of its fields."""

    operation: Operation
    target: str
    """Path and query, as they are behind the address of the interface."""
    body: Any = field(default=None, repr=False)
    """The body as plain data; none where there is none."""
    python: str = field(default="", repr=False)
    """A line of Python, perhaps after imports, that makes the same request; it asks for what is secret."""
    prepared: Any = field(default=None, repr=False, compare=False)
    """The wire's own, with secrets."""

    def __repr__(self) -> str:
        """Name the operation; never a value."""
        return f"<Request {self.operation.name}: {self.operation}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the system answered."""

    request: Request
    value: Any = field(repr=False)
    """Typed, as the method of the wire returns it. A stream of bytes has to be read or closed."""
    data: Any = field(default=None, repr=False)
    """As it came: plain data without what is secret; text where it was no JSON, none where there was nothing."""
    status: int | None = None
    """The HTTP status."""
    seconds: float = 0.0
    """From sending it to the whole answer, the beginning of a stream."""

    def __repr__(self) -> str:
        """Say how it went; no value."""
        return f"<Answer {self.status} to {self.request.operation.name} in {self.seconds * 1000:.0f} ms>"


class Exchange(NamedTuple, Generic[T]):
    """What came of a request, as a wire's client tells it."""

    result: T
    """The answer, typed."""
    status: int | None = None
    """The HTTP status."""
    body: bytes = b""
    """The answer as it came; empty where there was none, or it is a stream."""


class Requests(Protocol):
    """What a wire has to fill."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by name."""

    def prepare(self, name: str, values: Mapping[str, Any], guard: DialGuard) -> Request:
        """Make a request of plain values. Raises ``InvalidInput`` that names the field, ``PolicyViolation``."""

    async def send(self, request: Request, guard: DialGuard) -> Answer:
        """Send it."""


# ------------------------------------------------------------------------------------------------- what wires share


def find(operations: Mapping[str, Operation], name: str) -> Operation:
    """The operation of this name, with ``-`` for ``_`` as well. Raises ``InvalidInput``, which names those like it."""
    wanted = name.replace("-", "_")
    found = operations.get(wanted)
    if found is not None:
        return found
    like = [known for known in sorted(operations) if wanted.lower() and wanted.lower() in known.lower()]
    raise InvalidInput(
        "operation",
        f"there is no operation {name!r}.",
        remedy=f"Do you mean {', '.join(like[:_MOST_NAMED])}?" if like else "pbx.operations has them all.",
    )


def parameter_of(
    hint: Any,
    *,
    name: str,
    keyword: str,
    place: ParameterPlace = ParameterPlace.BODY,
    required: bool = False,
    secret: bool = False,
    needs: frozenset[str] = frozenset(),
) -> Parameter:
    """Describe a value by its type. ``needs`` are fields of an object that are required whatever their type says."""
    bare = _bare(hint)
    return Parameter(
        name=name,
        keyword=keyword,
        kind=_kind(bare),
        place=place,
        required=required,
        secret=secret,
        choices=_choices(bare),
        summary=_summary(bare),
        _hint=bare,
        _needs=needs,
    )


def split(operation: Operation, values: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Sort values, given by their names on the wire or in Python, into parameters by keyword and the body.

    The body is none, or plain data: ``body`` as it was given, with fields that were given by name in it. Text stands
    for any kind: it is read as JSON where the field is no text. Raises ``InvalidInput`` for what nothing is called.
    """
    parameters: dict[str, Any] = {}
    content: dict[str, Any] = {}
    inside = operation.body.fields if operation.body is not None else ()
    given = dict(values)
    body = given.pop("body", None) if "body" not in {one.name for one in inside} else None
    for name, value in given.items():
        own = next((one for one in operation.parameters if name in (one.name, one.keyword)), None)
        if own is not None:
            parameters[own.keyword] = read(own, value)
            continue
        part = next((one for one in inside if name in (one.name, one.keyword)), None)
        if part is None:
            known = ", ".join(one.name for one in operation.takes)
            raise InvalidInput(
                name, f"{operation.name} takes no such argument.", remedy=f"It takes: {known}." if known else None
            )
        content[part.name] = read(part, value)
    if operation.body is None:
        if body is not None:
            raise InvalidInput("body", f"{operation.name} takes none.", remedy="Leave it out.")
        return parameters, None
    if body is not None:
        content = {**_plain(body), **content}
    return parameters, content or (None if not operation.body.required and body is None else {})


def read(parameter: Parameter, value: Any) -> Any:
    """A value as its kind: text is what a person typed. Raises ``InvalidInput`` for a word that is no truth value."""
    if not isinstance(value, str) or isinstance(value, Enum):
        return value
    kind = parameter.kind
    if kind is ParameterKind.BOOLEAN:
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise InvalidInput(parameter.name, f"{value!r} is neither true nor false.")
    if kind in (ParameterKind.TEXT, ParameterKind.CHOICE, ParameterKind.TIME):
        return value
    if kind is ParameterKind.EITHER and any(one.kind is ParameterKind.TEXT for one in parameter.options):
        return value
    if parameter.place is not ParameterPlace.BODY:
        return int(value) if kind is ParameterKind.INTEGER and value.strip().isdecimal() else value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value.split(",") if kind is ParameterKind.LIST else value


def check_required(operation: Operation, parameters: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for a parameter that is missing, or an empty part of the path."""
    for one in operation.parameters:
        given = parameters.get(one.keyword)
        if one.required and given is None:
            raise InvalidInput(one.name, "is missing.", remedy=f"{operation} needs it.")
        if one.place is ParameterPlace.PATH and not str(given).strip():
            raise InvalidInput(one.name, "must not be empty.", remedy=f"{operation} needs it.")


def typed_body(operation: Operation, content: Any) -> Any:
    """The body as its type. Raises ``InvalidInput`` that says which field is wrong."""
    if operation.body is None or content is None:
        return None
    try:
        return msgspec.convert(content, operation.body._hint, strict=False)
    except msgspec.ValidationError as error:
        need = ", ".join(one.name for one in operation.body.fields if one.required)
        raise InvalidInput(
            "body", f"{error}.", remedy=f"It needs: {need}." if need else "See what its fields are."
        ) from None


def _plain(body: Any) -> dict[str, Any]:
    plain = msgspec.to_builtins(body) if isinstance(body, msgspec.Struct) else body
    if isinstance(plain, str):
        try:
            plain = msgspec.json.decode(plain)
        except msgspec.DecodeError as error:
            raise InvalidInput("body", f"is no JSON: {error}.", remedy='Write it like {"callee": "1001"}.') from None
    if not isinstance(plain, Mapping):
        raise InvalidInput("body", "is no JSON object.", remedy='Write it like {"callee": "1001"}.')
    return dict(plain)


# ------------------------------------------------------------------------------------------------------------ Python


def python_of(value: Any, imports: set[tuple[str, str]], *, secret: str | None = None) -> str:
    """Python that makes this value; what it imports is added. ``secret`` is what to ask for instead of showing it."""
    if secret is not None and value not in (None, ""):
        imports.add(("getpass", "getpass"))
        return f"getpass({secret!r})"
    kind = type(value)
    if isinstance(value, Enum):
        if kind.__members__.get(value.name) is value:
            imports.add((kind.__module__, kind.__name__))
            return f"{kind.__name__}.{value.name}"
        return repr(value.value)
    if isinstance(value, msgspec.Struct):
        imports.add((kind.__module__, kind.__name__))
        secrets = secret_fields()
        told = []
        for one in msgspec.structs.fields(kind):
            each = getattr(value, one.name)
            if one.required or each != _default(one):
                hidden = one.encode_name if one.encode_name in secrets else None
                told.append(f"{one.name}={python_of(each, imports, secret=hidden)}")
        return f"{kind.__name__}({', '.join(told)})"
    if isinstance(value, tuple):
        inner = [python_of(one, imports) for one in value]
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(python_of(one, imports) for one in value)}]"
    if isinstance(value, datetime):
        return repr(value.isoformat())
    return repr(value)


def python_call(operation: Operation, parameters: Mapping[str, Any], body: Any = None) -> str:
    """The call of the typed method, after what it imports: the path, the body, and the rest by name."""
    imports: set[tuple[str, str]] = set()
    given = {
        one.keyword: (one, python_of(parameters[one.keyword], imports, secret=one.name if one.secret else None))
        for one in operation.parameters
        if one.keyword in parameters
    }
    words = [text for one, text in given.values() if one.place is ParameterPlace.PATH]
    if body is not None:
        words.append(python_of(body, imports))
    words += [f"{name}={text}" for name, (one, text) in given.items() if one.place is not ParameterPlace.PATH]
    return f"{imports_of(imports)}await {operation.python}({', '.join(words)})"


def plain_answer(text: str) -> Any:
    """An answer as plain data; text where it is no JSON, none where there is nothing."""
    try:
        return msgspec.json.decode(text) if text.strip() else None
    except msgspec.DecodeError:
        return text


def imports_of(imports: Iterable[tuple[str, str]]) -> str:
    """The lines that import these."""
    modules: dict[str, set[str]] = {}
    for module, name in imports:
        modules.setdefault(module, set()).add(name)
    return "".join(f"from {module} import {', '.join(sorted(names))}\n" for module, names in sorted(modules.items()))


def _default(one: msgspec.structs.FieldInfo) -> Any:
    if one.default_factory is not msgspec.NODEFAULT:
        return one.default_factory()
    return one.default


# ------------------------------------------------------------------------------------------------------------- types


def _bare(hint: Any) -> Any:
    """The type without ``None`` and annotations."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        inner = tuple(one for one in get_args(hint) if one is not NoneType and one is not msgspec.UnsetType)
        if len(inner) == 1:
            return _bare(inner[0])
        return Union[inner]  # noqa: UP007 # made at run time
    return hint


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
        return f"list of {_words(_bare(inner))}"
    if kind is ParameterKind.EITHER:
        return " or ".join(_words(_bare(one)) for one in get_args(hint))
    if kind in (ParameterKind.OBJECT, ParameterKind.CHOICE):
        return getattr(hint, "__name__", kind.value)
    return kind.value
