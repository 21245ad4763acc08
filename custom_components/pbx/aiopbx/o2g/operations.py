"""What an operation of the wire is, and how a service declares one.

A service is a class whose methods build requests; ``@operation`` turns each into a coroutine method that checks
and sends it, and enters it in ``OPERATIONS``. What the server needs to know stands in the decorator, what a person
gives stands in the signature, so adding an operation is adding one small method::

    @operation("POST", "/telephony/calls/{callRef}/park", TELEPHONY_ADVANCED)
    def park(self, call_ref: str, body: ParkRequest, *, login_name: str | None = None) -> Request[None]:
        "Park an active call."
        return Request(call_ref, body=body, loginName=login_name)

``OPERATIONS`` is complete once ``aiopbx.o2g.services`` is imported.
"""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial, wraps
from types import MappingProxyType, NoneType, UnionType
from typing import (
    Any,
    Concatenate,
    Final,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints as hints_of,
)
from urllib.parse import quote

from ..errors import InvalidInput
from ..wire import camel
from .object_path import ObjectPath
from .types.base import Wire

TELEPHONY_BASIC: Final = "TELEPHONY_BASIC"
TELEPHONY_ADVANCED: Final = "TELEPHONY_ADVANCED"
MESSAGING: Final = "MESSAGING"
API_PHONESETPROG: Final = "API_PHONESETPROG"
MANAGEMENT: Final = "MANAGEMENT"
API_CONTACTCENTER_AGENT: Final = "API_CONTACTCENTER_AGENT"

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="Service")

QueryValue = str | bool | int | None


class Request(Generic[T]):
    """One request, built and not yet sent: values for the path in its order, the query by wire name, the body."""

    __slots__ = ("body", "path", "query")

    def __init__(self, *path: str | int, body: Wire | None = None, **query: QueryValue) -> None:
        """Hold what the person gave; what is none is not sent."""
        self.path = tuple(part if isinstance(part, str) else str(part) for part in path)
        self.query = {
            name: value if value is None or isinstance(value, str | bool) else str(value)
            for name, value in query.items()
        }
        self.body = body


def _nothing() -> Request[None]:
    return Request()


Check = Callable[[Mapping[str, str], Mapping[str, str | bool], Any], None]
"""A rule of the reference: gets path, query and body, raises ``InvalidInput``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the query."""

    name: str
    """As it is on the wire."""
    keyword: str
    """As it is in Python."""
    type: type
    valueless: bool = False
    """Whether it is sent without a value, by its presence alone."""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """One operation of the wire. ``T`` is what the server answers with."""

    name: str
    """The method's name in Python, unique over all services."""
    service: str
    """The service that the session lists it under."""
    method: str
    path: str
    """A template, relative to the base URL of the session: ``/telephony/calls/{callRef}``."""
    path_params: tuple[str, ...] = ()
    query: tuple[Parameter, ...] = ()
    body: type[Wire] | None = None
    body_optional: bool = False
    """Whether the request may go without its body."""
    guards: tuple[Parameter, ...] = ()
    """Arguments that are not sent: they only say that the person means it."""
    deep: str | None = None
    """The last of ``path_params`` where it stands for all the parts at the end of ``path``, as often as needed."""
    answer: type | None = None
    """A wire type, ``str``, ``Download`` for a stream of bytes, or none where the server answers with nothing."""
    optional: bool = False
    """Whether there may be nothing to answer with; then the answer is none."""
    absent: tuple[int, ...] = ()
    """Statuses that mean the same as an empty answer."""
    licence: str | None = None
    """The least licence that the user needs."""
    safe: bool = False
    """Whether the same request may be repeated without harm."""
    everyone: bool = False
    """Whether an administrator may leave the login name out, which then means all users."""
    since: str | None = None
    """The version of the interface that brought it."""
    summary: str = ""
    checks: tuple[Check, ...] = field(default=(), repr=False)
    build: Callable[..., Request[Any]] = field(default=_nothing, repr=False, compare=False)
    """What makes the request of what a person gives: the service's method as it was written."""

    def __str__(self) -> str:
        """Say method and path, such as ``POST /telephony/calls``; never a value."""
        return f"{self.method} {self.path}"

    @property
    def needs(self) -> frozenset[str]:
        """The fields of the body that a rule calls for, though their type does not."""
        return frozenset(name for check in self.checks for name in getattr(check, "needs", ()))

    def check(self, path: Mapping[str, str], query: Mapping[str, str | bool], body: Wire | None) -> None:
        """Raise ``InvalidInput`` for what the reference rules out, before anything is sent."""
        for name in self.path_params:
            value = path.get(name)
            if not isinstance(value, str) or not value.strip():
                raise InvalidInput(name, "must not be empty.", remedy=f"{self} needs it.")
            if name == self.deep:
                self._check_depth(ObjectPath.of(value))
            elif value in {".", ".."}:
                raise InvalidInput(name, f"{value!r} cannot be part of a URL.")
        for unknown in path.keys() - set(self.path_params):
            raise InvalidInput(unknown, f"{self} has no such part in its path.")
        known = {parameter.name: parameter for parameter in (*self.query, *self.guards)}
        for name, given in query.items():
            if name not in known:
                raise InvalidInput(
                    name,
                    f"{self} has no such parameter.",
                    remedy=f"It has: {', '.join(known)}." if known else "It has none.",
                )
            if given == "":
                raise InvalidInput(name, "must not be empty.", remedy="Leave it out instead.")
        for name, parameter in known.items():
            if parameter.required and name not in query:
                raise InvalidInput(name, "is missing.", remedy=f"{self} needs it.")
        if self.body is None:
            if body is not None:
                raise InvalidInput("body", f"{self} takes none.")
        elif body is None and self.body_optional:
            pass
        elif not isinstance(body, self.body):
            raise InvalidInput("body", f"{self} takes a {self.body.__name__}.")
        for check in self.checks:
            check(path, query, body)

    def _check_depth(self, path: ObjectPath) -> None:
        path.check(self.deep or "")
        if path.is_object is not (self._tail.count("{") % 2 == 0):
            what = "names one object" if path.is_object else "names no single object"
            ends = "the name of an object" if path.is_object else "an id"
            raise InvalidInput(self.deep or "", f"{str(path)!r} {what}.", remedy=f"For {self} it ends with {ends}.")

    @property
    def _tail(self) -> str:
        """The part of the template that ``deep`` stands for."""
        parts = self.path.split("/")
        first = len(parts)
        while parts[first - 1].startswith("{"):
            first -= 1
        return "/".join(parts[first:])

    def target(self, path: Mapping[str, str], query: Mapping[str, str | bool]) -> str:
        """Path and query, encoded: what goes behind the base URL."""
        filled = self.path
        for name in self.path_params:
            if name == self.deep:
                segments = ObjectPath.of(path[name]).segments
                filled = filled.removesuffix(self._tail) + "/".join(quote(part, safe="") for part in segments)
            else:
                filled = filled.replace("{" + name + "}", quote(path[name], safe=""))
        parts = []
        for parameter in self.query:
            value = query.get(parameter.name)
            if value is None or (parameter.valueless and value is False):
                continue
            if parameter.valueless:
                parts.append(parameter.name)
            elif isinstance(value, bool):
                parts.append(f"{parameter.name}={'true' if value else 'false'}")
            else:
                parts.append(f"{parameter.name}={quote(value, safe='')}")
        return f"{filled}?{'&'.join(parts)}" if parts else filled


_registry: dict[str, Operation[Any]] = {}
OPERATIONS: Final[Mapping[str, Operation[Any]]] = MappingProxyType(_registry)
"""Every operation by name."""


class Caller(Protocol):
    """What sends requests: the client."""

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = ...,
        query: Mapping[str, str | bool] = ...,
        body: Wire | None = None,
    ) -> T:
        """Check and send one request, and return what the server answered."""


class Service:
    """A service of the server. Its subclasses declare operations, and enter them in ``OPERATIONS``."""

    service = ""
    """The name that the session lists it under."""

    def __init__(self, client: Caller) -> None:
        """Send through this client."""
        self._client = client

    def __init_subclass__(cls, *, service: str, **options: Any) -> None:
        """Enter the operations that the class declares."""
        super().__init_subclass__(**options)
        cls.service = service
        for name, member in vars(cls).items():
            declare = getattr(member, "declare_operation", None)
            if declare is not None:
                made: Operation[Any] = declare(name, service)
                if made.name in _registry:
                    raise TypeError(f"two operations are called {made.name}")
                _registry[made.name] = made


def operation(
    method: str,
    path: str,
    licence: str | None = None,
    *checks: Check,
    safe: bool | None = None,
    absent: tuple[int, ...] = (),
    everyone: bool = False,
    since: str | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    valueless: tuple[str, ...] = (),
    guards: tuple[str, ...] = (),
    deep: str | None = None,
) -> Callable[[Callable[Concatenate[S, P], Request[T]]], Callable[Concatenate[S, P], Coroutine[Any, Any, T]]]:
    """Declare an operation: the method below builds the request, the decorated one checks and sends it.

    ``names`` gives the wire name of a keyword where camel case is not it. ``safe`` is true for GET and DELETE unless
    it is given. ``guards`` are keywords that are checked and not sent. See ``Operation`` for the others.
    """

    def declare(build: Callable[Concatenate[S, P], Request[T]]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
        declared: list[Operation[T]] = []

        @wraps(build)
        async def send(self: S, /, *args: P.args, **keywords: P.kwargs) -> T:
            request = build(self, *args, **keywords)
            made = declared[0]
            return await self._client.call(
                made,
                path=dict(zip(made.path_params, request.path, strict=True)),
                query={name: value for name, value in request.query.items() if value is not None},
                body=request.body,
            )

        def declare_operation(name: str, service: str) -> Operation[T]:
            made = _made(name, service, build)
            declared.append(made)
            return made

        def _made(name: str, service: str, build: Callable[..., Any]) -> Operation[T]:
            hints = hints_of(build)
            answer, optional = _bare(get_args(hints["return"])[0])
            query: list[Parameter] = []
            guarding: list[Parameter] = []
            body: type[Wire] | None = None
            body_optional = False
            for parameter in inspect.signature(build).parameters.values():
                if parameter.name == "body":
                    body, body_optional = _bare(hints["body"])
                elif parameter.kind is parameter.KEYWORD_ONLY:
                    wire_name = names.get(parameter.name) or camel(parameter.name)
                    (guarding if wire_name in guards else query).append(
                        Parameter(
                            name=wire_name,
                            keyword=parameter.name,
                            type=_bare(hints[parameter.name])[0] or str,
                            valueless=wire_name in valueless,
                            required=parameter.default is parameter.empty,
                        )
                    )
            return Operation(
                name=name,
                service=service,
                method=method,
                path=path,
                path_params=_path_params(path, deep),
                deep=deep,
                query=tuple(query),
                guards=tuple(guarding),
                body=body,
                body_optional=body_optional,
                answer=answer,
                optional=optional,
                absent=absent,
                licence=licence,
                safe=method in {"GET", "DELETE"} if safe is None else safe,
                everyone=everyone,
                since=since,
                summary=(inspect.getdoc(build) or "").partition("\n")[0],
                checks=checks,
                build=partial(build, None),
            )

        send.declare_operation = declare_operation  # type: ignore[attr-defined]
        return send

    return declare


def _path_params(path: str, deep: str | None) -> tuple[str, ...]:
    """Name the parts of a template that are filled in; those at its end are one if it goes deep."""
    parts = path.split("/")
    names = [part[1:-1] for part in parts if part.startswith("{")]
    if deep is None:
        return tuple(names)
    tail = 0
    while parts[-1 - tail].startswith("{"):
        tail += 1
    return (*names[: len(names) - tail], deep)


def _bare(hint: Any) -> tuple[type | None, bool]:
    """Split ``X | None`` into ``X`` and whether it may be none; an enumeration of words is a ``str``."""
    if hint is None or hint is NoneType:
        return None, False
    if get_origin(hint) in (Union, UnionType):
        inner = [part for part in get_args(hint) if part is not NoneType]
        return _bare(inner[0])[0], True
    return (hint if isinstance(hint, type) else str), False
