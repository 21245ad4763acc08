"""Operations of a wire: how a service declares them, what each takes, and what is checked before it is sent.

A service is a class whose methods say what to send. ``@operation`` turns each into a coroutine method that checks it,
sends it and returns the answer; so adding an operation is adding one small method::

    class Telephony(Service, service="Telephony"):
        @operation("POST", "/telephony/calls/{callRef}/park", TELEPHONY_ADVANCED, NUMBER("parkTo"))
        def park(self, call_ref: str, body: ParkRequest, *, login_name: str | None = None) -> Send[None]:
            "Park an active call."
            return Send(call_ref, body=body, loginName=login_name)

What the server needs to know stands in the decorator, what a person gives in the signature. ``pbx.operations`` shows
the same declarations. One is read when it is first used, so importing a service costs next to nothing.
"""

import inspect
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, EnumType
from functools import cache, cached_property, partial, wraps
from types import MappingProxyType, NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Concatenate,
    Final,
    Generic,
    NamedTuple,
    ParamSpec,
    Protocol,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)
from urllib.parse import quote

import msgspec

from .errors import InvalidInput
from .http.secrets import secret_fields
from .parameters import Parameter, ParameterPlace, bare_type, first_type, parameter_of
from .wire import Wire, camel

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)  # so that people may write Operation without saying of what
else:
    from typing import TypeVar

    T = TypeVar("T")

P = ParamSpec("P")
S = TypeVar("S", bound="Service")

Query = Mapping[str, str | bool]
"""Values of a query by their names on the wire."""
Check = Callable[[Mapping[str, str], Query, Any], None]
"""A rule of a wire: gets path, query and body, and raises ``InvalidInput``."""

_MOST_NAMED: Final = 6
_IN_BRACES: Final = re.compile(r"\{(\w+)\}")


# ------------------------------------------------------------------------------------------------------- the operation


class Send(Generic[T]):
    """What an operation sends: values for the path in its order, the query by name on the wire, the body.

    ``T`` is what the server answers. What is None in the query is left out.
    """

    __slots__ = ("body", "path", "query")

    def __init__(self, *path: str | int, body: Wire | None = None, **query: str | bool | int | None) -> None:
        """Hold what the person gave."""
        self.path = tuple("" if part is None else part if isinstance(part, str) else str(part) for part in path)
        self.query: dict[str, str | bool] = {
            name: value if isinstance(value, str | bool) else str(value)
            for name, value in query.items()
            if value is not None
        }
        self.body = body


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[T]):
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
    licence: str | None = None
    """The least licence that is needed."""
    since: str | None = None
    """The version of the interface that brought it."""
    repeatable: bool = False
    """Whether the same request may be made again without harm."""
    python: str = ""
    """The method that makes it, such as ``pbx.o2g.telephony.make_call``."""

    # What sending it and reading its answer goes by

    sends: type[Wire] | None = field(default=None, repr=False)
    """The type of the body."""
    returns: Any = field(default=None, repr=False)
    """The type of the answer: a wire type, a tuple of one, ``str``, ``Download`` for a stream of bytes, or None."""
    optional: bool = field(default=False, repr=False)
    """Whether there may be nothing to answer with; the answer is None then."""
    absent: tuple[int, ...] = field(default=(), repr=False)
    """Statuses that mean the same as an empty answer."""
    checks: tuple[Check, ...] = field(default=(), repr=False)
    applications: tuple[str, ...] = field(default=(), repr=False)
    """The applications of the system that have it; empty where there is only one."""
    starts_call: bool = field(default=False, repr=False)
    """Whether it begins a call, which the dial policy counts."""
    dials: bool = field(default=True, repr=False)
    """Whether its numbers are dialled; false where they only look so, as tones do."""
    everyone: bool = field(default=False, repr=False)
    """Whether an administrator may leave the user out, which then means all users."""
    deep: str | None = field(default=None, repr=False)
    """The last value of the path where it stands for all the parts at the end of the template, as often as needed."""
    alias: str | None = field(default=None, repr=False)
    """The other path of the same, for servers that do not have the first."""
    literal: str = field(default="", repr=False)
    """Characters that stand in a query as they are."""
    build: "Callable[..., Send[Any]]" = field(default=Send, repr=False, compare=False)
    """What makes of arguments what is sent: the service's method as it was written."""

    def __str__(self) -> str:
        """Say method and path, such as ``POST /telephony/calls``; never a value."""
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

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream of bytes."""
        if self.returns is None:
            return False
        from .http.download import Download  # brings aiohttp, which whoever only reads descriptions does without

        return self.returns is Download

    @property
    def answer(self) -> str:
        """The type of what the system answers, ``bytes`` for a stream; empty where it answers with nothing."""
        if self.returns is None:
            return ""
        if self.streams:
            return "bytes"
        if get_origin(self.returns) is tuple:
            return f"list of {get_args(self.returns)[0].__name__}"
        return str(self.returns.__name__)

    @cached_property
    def path_params(self) -> tuple[str, ...]:
        """The names in the path, in its order; those that ``deep`` stands for are one."""
        return _names_in(self.path, self.deep)

    @cached_property
    def query(self) -> tuple[Parameter, ...]:
        """What goes into the query."""
        return tuple(one for one in self.parameters if one.place is ParameterPlace.QUERY)

    @cached_property
    def guards(self) -> tuple[Parameter, ...]:
        """What is not sent, and only says that the person means it."""
        return tuple(one for one in self.parameters if one.place is ParameterPlace.GUARD)

    @property
    def body_optional(self) -> bool:
        """Whether the request may go without its body."""
        return self.body is not None and not self.body.required

    def named(self, path: Iterable[str]) -> dict[str, str]:
        """Values for the path by their names."""
        return dict(zip(self.path_params, path, strict=True))

    def check(self, path: Mapping[str, str], query: Query, body: Wire | None) -> None:
        """Raise ``InvalidInput`` for what the wire rules out, before anything is sent."""
        for name in self.path_params:
            value = path.get(name)
            if not isinstance(value, str) or not value.strip():
                raise InvalidInput(name, "must not be empty.", remedy=f"{self} needs it.")
            if value in {".", ".."}:
                raise InvalidInput(name, f"{value!r} cannot be part of a URL.")
        for unknown in path.keys() - set(self.path_params):
            raise InvalidInput(unknown, f"{self} has no such part in its path.")
        known = {one.name: one for one in (*self.query, *self.guards)}
        for name, given in query.items():
            if name not in known:
                remedy = f"It has: {', '.join(known)}." if known else "It has none."
                raise InvalidInput(name, f"{self} has no such parameter.", remedy=remedy)
            if isinstance(given, str) and not given.strip():
                raise InvalidInput(name, "must not be empty.", remedy="Leave it out instead.")
        for name, parameter in known.items():
            if parameter.required and name not in query:
                raise InvalidInput(name, "is missing.", remedy=f"{self} needs it.")
        if self.sends is None:
            if body is not None:
                raise InvalidInput("body", f"{self} takes none.")
        elif not isinstance(body, self.sends) and not (body is None and self.body_optional):
            raise InvalidInput("body", f"{self} takes a {self.sends.__name__}.")
        for name, given in (*path.items(), *query.items()):
            if isinstance(given, str):
                check_characters(given, name)
        if body is not None:
            check_texts(body)
        for check in self.checks:
            check(path, query, body)

    def target(self, path: Mapping[str, str], query: Query, *, alias: bool = False) -> str:
        """Path and query, encoded: what goes behind the address of the interface."""
        filled = self.alias if alias and self.alias is not None else self.path
        for name in self.path_params:
            value = path[name]
            if name == self.deep:
                segments = getattr(value, "segments", None) or value.strip("/").split("/")
                filled = filled.removesuffix(_tail(self.path)) + "/".join(quote(part, safe="") for part in segments)
            else:
                filled = filled.replace("{" + name + "}", quote(value, safe=""))
        parts = []
        for parameter in self.query:
            given = query.get(parameter.name)
            if given is None or (parameter.valueless and given is False):
                continue
            if parameter.valueless:
                parts.append(parameter.name)
            else:
                text = given if isinstance(given, str) else "true" if given else "false"
                parts.append(f"{parameter.name}={quote(text, safe=self.literal)}")
        return f"{filled}?{'&'.join(parts)}" if parts else filled


def check_text(value: Any, field: str) -> None:
    """Raise ``InvalidInput`` for what is no text that can be sent: Python's ``str``, without halves of characters."""
    if isinstance(value, Enum):
        return
    if type(value) is not str:
        raise InvalidInput(field, f"is no text, but {type(value).__name__}.", remedy="Give a str, such as str(value).")
    check_characters(value, field)


def check_characters(value: str, field: str) -> None:
    """Raise ``InvalidInput`` for halves of characters, which cannot be sent."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidInput(
                field, "holds half a character.", remedy="Leave it out.", reason="half_character"
            ) from None


def check_texts(body: Any) -> None:
    """Apply ``check_text`` to every text in a body: types are not checked where structs are made."""
    declared: type[Wire] = type(body)
    for attribute, name, kind in _checked_fields(declared):
        value = getattr(body, attribute)
        if value is None and kind.optional:
            continue
        for each in value if isinstance(value, tuple | list) and kind.many else (value,):
            if isinstance(each, Wire):
                check_texts(each)
            elif kind.text:
                check_text(each, name)


class _Checked(NamedTuple):
    optional: bool
    many: bool
    text: bool


@cache
def _checked_fields(kind: type[Wire]) -> tuple[tuple[str, str, _Checked], ...]:
    """The fields of a type that hold texts, or types of their own: attribute, name on the wire, and what of it."""
    found = []
    for one in msgspec.structs.fields(kind):
        parts = _parts_of(one.type)
        many = any(get_origin(part) in (tuple, list) for part in parts)
        inner = [
            deeper
            for part in parts
            for deeper in (_parts_of(get_args(part)[0]) if get_origin(part) in (tuple, list) else (part,))
        ]
        text = str in inner and all(part in (str, NoneType) or isinstance(part, EnumType) for part in inner)
        if text or any(isinstance(part, type) and issubclass(part, Wire) for part in inner):
            found.append((one.name, one.encode_name, _Checked(NoneType in parts, many, text)))
    return tuple(found)


def _parts_of(hint: Any) -> tuple[Any, ...]:
    origin = get_origin(hint)
    if origin is Annotated:
        return _parts_of(get_args(hint)[0])
    if origin in (Union, UnionType):
        return tuple(part for one in get_args(hint) for part in _parts_of(one))
    return (hint,)


class Operations(Mapping[str, Operation[Any]]):
    """Operations of a wire by their names, made when they are first looked at."""

    def __init__(
        self,
        declared: Callable[[], Iterable[Operation[Any]]],
        *,
        dials: frozenset[str] = frozenset(),
        words: frozenset[str] = frozenset(),
    ) -> None:
        """Hold what ``declared`` gives.

        ``dials`` are the keywords and fields whose values calls go to, which the dial policy looks at; ``words`` are
        values of them that are no numbers.
        """
        self._declared = declared
        self.dials = dials
        self.words = words

    @cached_property
    def _by_name(self) -> dict[str, Operation[Any]]:
        by_name: dict[str, Operation[Any]] = {}
        for one in self._declared():
            if by_name.setdefault(one.name, one) is not one:
                raise TypeError(f"two operations are called {one.name}")
        return by_name

    def __getitem__(self, name: str) -> Operation[Any]:
        """Return the operation of exactly this name."""
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Give the names, in the order of the declarations."""
        return iter(self._by_name)

    def __len__(self) -> int:
        """Count them."""
        return len(self._by_name)

    def find(self, name: str) -> Operation[Any]:
        """The operation of this name, with ``-`` for ``_``, too. Raises ``InvalidInput`` that names those like it."""
        wanted = name.replace("-", "_")
        found = self.get(wanted)
        if found is not None:
            return found
        like = [known for known in sorted(self) if wanted.lower() and wanted.lower() in known.lower()]
        raise InvalidInput(
            "operation",
            f"there is no operation {name!r}.",
            remedy=f"Do you mean {', '.join(like[:_MOST_NAMED])}?" if like else "pbx.operations has them all.",
            reason="operation",
            operation=name[:60],
            like=", ".join(like[:_MOST_NAMED]) or "-",
        )


# ----------------------------------------------------------------------------------------------------------- declaring


class Caller(Protocol):
    """What sends the requests of services: the client of a wire."""

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = ...,
        query: Query = ...,
        body: Wire | None = None,
    ) -> T:
        """Check and send one request, and return what the server answered."""


class Service:
    """A service of a wire. Its subclasses declare operations; ``service`` is what the server calls it."""

    service: ClassVar[str] = ""
    applications: ClassVar[tuple[str, ...]] = ()
    literal: ClassVar[str] = ""
    """See ``Operation``."""
    python: ClassVar[str] = ""
    """How people reach it, such as ``pbx.o2g.telephony``."""

    def __init__(self, caller: Caller) -> None:
        """Send through this caller."""
        self._caller = caller

    def __init_subclass__(cls, *, service: str = "", applications: tuple[str, ...] | None = None, **more: Any) -> None:
        """Note which service the operations of this class belong to."""
        super().__init_subclass__(**more)
        cls.service = service
        if applications is not None:
            cls.applications = applications
        for declaration in _declarations(cls):
            declaration.service = cls


class Services:
    """The services of a wire, an attribute each, all through one caller.

    A subclass annotates them::

        class O2gServices(Services, python="pbx.o2g"):
            telephony: Telephony
    """

    _kinds: ClassVar[Mapping[str, type[Service]]] = MappingProxyType({})

    def __init__(self, caller: Caller) -> None:
        """Let every service send through this caller."""
        for attribute, kind in self._kinds.items():
            setattr(self, attribute, kind(caller))

    def __init_subclass__(cls, *, python: str | None = None, **more: Any) -> None:
        """Read the annotations; ``python`` is how people reach an instance."""
        super().__init_subclass__(**more)
        if python is None:
            return  # a client, which has the services of its base
        cls._kinds = inspect.get_annotations(cls)
        for attribute, kind in cls._kinds.items():
            kind.python = f"{python}.{attribute}"

    @classmethod
    def declared(cls) -> Iterator[Operation[Any]]:
        """Give every operation of every service."""
        for kind in cls._kinds.values():
            for declaration in _declarations(kind):
                yield declaration.operation


def operation(
    method: str,
    path: str,
    licence: str | None = None,
    *checks: Check,
    repeatable: bool | None = None,
    since: str | None = None,
    sends: type[Wire] | None = None,
    absent: tuple[int, ...] = (),
    starts_call: bool = False,
    dials: bool = True,
    everyone: bool = False,
    names: Mapping[str, str] = MappingProxyType({}),
    valueless: tuple[str, ...] = (),
    guards: tuple[str, ...] = (),
    deep: str | None = None,
    alias: str | None = None,
) -> Callable[[Callable[Concatenate[S, P], Send[T]]], Callable[Concatenate[S, P], Coroutine[Any, Any, T]]]:
    """Declare an operation: the method below says what to send, the decorated one checks it and sends it.

    Arguments before the ``*`` of the signature are the values for the path in its order; then ``body``, or with
    ``sends`` what a body of that type is made of; keywords are the query. ``names`` gives the name on the wire where
    camel case is not it, ``valueless`` and ``guards`` the names of keywords that are sent without a value, and not at
    all. GET and DELETE are ``repeatable`` unless it says otherwise. See ``Operation`` for the rest.
    """
    facts: dict[str, Any] = {
        "method": method,
        "path": path,
        "licence": licence,
        "checks": checks,
        "repeatable": method in {"GET", "DELETE"} if repeatable is None else repeatable,
        "since": since,
        "absent": absent,
        "starts_call": starts_call,
        "dials": dials,
        "everyone": everyone,
        "deep": deep,
        "alias": alias,
    }

    def declare(build: Callable[Concatenate[S, P], Send[T]]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
        declaration: _Declaration[T] = _Declaration(build, facts, sends, names, valueless, guards)

        @wraps(build)
        async def send(self: S, /, *args: P.args, **keywords: P.kwargs) -> T:
            made = declaration.operation
            built = build(self, *args, **keywords)
            return await self._caller.call(made, path=made.named(built.path), query=built.query, body=built.body)

        send.declaration = declaration  # type: ignore[attr-defined]
        return send

    return declare


def operation_of(method: Callable[..., Coroutine[Any, Any, T]]) -> Operation[T]:
    """The operation that a method of a service makes: ``operation_of(Telephony.make_call)``."""
    declaration: _Declaration[T] = method.declaration  # type: ignore[attr-defined]
    return declaration.operation


class _Declaration(Generic[T]):
    """A declared operation, which is made when it is first used."""

    service: type[Service]

    def __init__(
        self,
        build: Callable[..., Send[T]],
        facts: Mapping[str, Any],
        sends: type[Wire] | None,
        names: Mapping[str, str],
        valueless: tuple[str, ...],
        guards: tuple[str, ...],
    ) -> None:
        self._build = build
        self._facts = facts
        self._sends = sends
        self._names = names
        self._valueless = valueless
        self._guards = guards

    @cached_property
    def operation(self) -> Operation[T]:
        build, facts, service = self._build, self._facts, self.service
        hints = get_type_hints(build)
        (answer,) = get_args(hints["return"])
        summary, _, rest = (inspect.getdoc(build) or "").partition("\n")
        parameters, body = self._parameters(hints)
        return Operation(
            **facts,
            name=build.__name__,
            service=service.service,
            summary=summary,
            description=rest.strip(),
            parameters=parameters,
            body=body,
            python=f"{service.python}.{build.__name__}",
            sends=self._sends if body is None else body.hint,
            returns=None if answer is NoneType else bare_type(answer),
            optional=answer is not NoneType and NoneType in get_args(answer),
            applications=service.applications,
            literal=service.literal,
            build=partial(build, None),
        )

    def _parameters(self, hints: Mapping[str, Any]) -> tuple[tuple[Parameter, ...], Parameter | None]:
        """What the signature says: the parameters, and the body where it is one argument."""
        parameters: list[Parameter] = []
        body: Parameter | None = None
        path = list(_names_in(self._facts["path"], self._facts["deep"]))
        hidden = secret_fields()
        for one in [*inspect.signature(self._build).parameters.values()][1:]:
            required = one.default is one.empty
            if one.name == "body":
                needs = frozenset(name for check in self._facts["checks"] for name in getattr(check, "needs", ()))
                body = parameter_of(hints["body"], name="body", keyword="body", required=required, needs=needs)
                continue
            place, name = ParameterPlace.BODY, self._names.get(one.name) or camel(one.name)
            if one.kind is one.KEYWORD_ONLY:
                place = ParameterPlace.GUARD if name in self._guards else ParameterPlace.QUERY
            elif path:
                place, name = ParameterPlace.PATH, path.pop(0)
            parameters.append(
                parameter_of(
                    first_type(hints[one.name]),
                    name=name,
                    keyword=one.name,
                    place=place,
                    required=required,
                    secret=name in hidden,
                    valueless=name in self._valueless,
                )
            )
        return tuple(parameters), body


def _names_in(path: str, deep: str | None) -> tuple[str, ...]:
    """The names in a template, in its order; those that ``deep`` stands for are one."""
    names = _IN_BRACES.findall(path)
    return tuple(names) if deep is None else (*names[: len(names) - _tail(path).count("{")], deep)


def _tail(path: str) -> str:
    """The parts at the end of a template that are filled in."""
    parts = path.split("/")
    first = len(parts)
    while parts[first - 1].startswith("{"):
        first -= 1
    return "/".join(parts[first:])


def _declarations(kind: type[Service]) -> Iterator[_Declaration[Any]]:
    for member in vars(kind).values():
        declaration = getattr(member, "declaration", None)
        if isinstance(declaration, _Declaration):
            yield declaration
