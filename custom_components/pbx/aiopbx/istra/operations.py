"""What an operation of Istra is, and how a service declares one.

A service is a class whose methods build requests; ``@operation`` turns each into a coroutine method that checks and
sends it, and enters it in ``OPERATIONS``. Adding an operation is adding one small method::

    @operation("POST", "v1/rcc/CallLine/{id}/hold")
    def hold(self, line_id: str) -> Request[None]:
        "Hold the line."
        return Request(line_id)

``OPERATIONS`` is complete once ``aiopbx.istra.services`` is imported.
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
from .types.base import IstraWire
from .types.session import Application

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound="Service")

EVERY: Final = tuple(Application)
WEBSOCKET: Final = "WS"
"""The method of what is no request, but a socket."""


class Request(Generic[T]):
    """One request, built and not yet sent: values for the path in its order, the query by wire name, the body."""

    __slots__ = ("body", "path", "query")

    def __init__(self, *path: str, body: IstraWire | None = None, **query: str | bool | int | None) -> None:
        """Hold what the person gave; what is none is not sent."""
        self.path = path
        self.query = {name: _plain(value) for name, value in query.items() if value is not None}
        self.body = body


def _plain(value: str | bool | int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _nothing() -> Request[None]:
    return Request()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of the query."""

    name: str
    """As it is on the wire."""
    keyword: str
    """As it is in Python."""
    type: type = str
    """What a person gives; on the wire it is text, and a boolean ``true`` or ``false``."""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """One operation of the wire. ``T`` is what the server answers with."""

    name: str
    """The method's name in Python, unique in its service."""
    service: str
    """The attribute of the client that has the method."""
    applications: tuple[Application, ...]
    method: str
    path: str
    """A template, relative to the base: ``v1/rcc/CallLine/{id}/hold``."""
    path_params: tuple[str, ...] = ()
    query: tuple[Parameter, ...] = ()
    body: type[IstraWire] | None = None
    answer: Any = None
    """A wire type, a tuple of one, ``Download`` for a stream of bytes, or none where the answer says nothing."""
    optional: bool = False
    """Whether there may be nothing to answer with; then the answer is none."""
    safe: bool = False
    """Whether the same request may be repeated without harm."""
    alias: str | None = None
    """The other path of the same, for servers that do not have the first."""
    summary: str = ""
    build: Callable[..., Request[Any]] = field(default=_nothing, repr=False, compare=False)
    """What makes the request of what a person gives: the service's method as it was written."""

    def __str__(self) -> str:
        """Say method and path, such as ``POST v1/rcc/CallLine/{id}/hold``; never a value."""
        return f"{self.method} {self.path}"

    def check(self, path: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Raise ``InvalidInput`` for what cannot be sent."""
        for name in self.path_params:
            value = path.get(name)
            if not isinstance(value, str) or not value.strip():
                raise InvalidInput(name, "must not be empty.", remedy=f"{self} needs it.")
            if value in {".", ".."}:
                raise InvalidInput(name, f"{value!r} cannot be part of a URL.")
        for parameter in self.query:
            given = query.get(parameter.name)
            if given is None and parameter.required:
                raise InvalidInput(parameter.name, "is missing.", remedy=f"{self} needs it.")
            if given is not None and not given.strip():
                raise InvalidInput(parameter.name, "must not be empty.", remedy="Leave it out instead.")

    def target(self, path: Mapping[str, str], query: Mapping[str, str], *, alias: bool = False) -> str:
        """Path and query, encoded: what goes behind the base."""
        filled = self.alias if alias and self.alias is not None else self.path
        for name in self.path_params:
            filled = filled.replace("{" + name + "}", quote(path[name], safe=""))
        parts = [
            f"{one.name}={quote(query[one.name], safe=',')}" for one in self.query if query.get(one.name) is not None
        ]
        return f"{filled}?{'&'.join(parts)}" if parts else filled


_registry: dict[str, Operation[Any]] = {}
OPERATIONS: Final[Mapping[str, Operation[Any]]] = MappingProxyType(_registry)
"""Every operation by the way to its method: ``rcc.hold``."""


class Caller(Protocol):
    """What sends requests: the client."""

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = ...,
        query: Mapping[str, str] = ...,
        body: IstraWire | None = None,
    ) -> T:
        """Check and send one request, and return what the server answered."""


class Service:
    """A service of the client. Its subclasses declare operations, and enter them in ``OPERATIONS``."""

    service = ""
    applications: tuple[Application, ...] = EVERY

    def __init__(self, client: Caller) -> None:
        """Send through this client."""
        self._client = client

    def __init_subclass__(cls, *, service: str, applications: tuple[Application, ...] = EVERY, **options: Any) -> None:
        """Enter the operations that the class declares."""
        super().__init_subclass__(**options)
        cls.service = service
        cls.applications = applications
        for name, member in vars(cls).items():
            declare = getattr(member, "declare_operation", None)
            if declare is not None:
                enter(declare(name, service, applications))


def enter(made: Operation[Any]) -> Operation[Any]:
    """Enter an operation in ``OPERATIONS``."""
    key = f"{made.service}.{made.name}"
    if key in _registry:
        raise TypeError(f"two operations are called {key}")
    _registry[key] = made
    return made


def operation(
    method: str, path: str, *, safe: bool | None = None, alias: str | None = None
) -> Callable[[Callable[Concatenate[S, P], Request[T]]], Callable[Concatenate[S, P], Coroutine[Any, Any, T]]]:
    """Declare an operation: the method below builds the request, the decorated one checks and sends it.

    ``safe`` is true for everything but POST unless it is given; see ``Operation`` for the others.
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
                query=request.query,
                body=request.body,
            )

        def declare_operation(name: str, service: str, applications: tuple[Application, ...]) -> Operation[T]:
            hints = hints_of(build)
            answer, optional = _bare(get_args(hints["return"])[0])
            parameters = [
                Parameter(
                    name=camel(one.name),
                    keyword=one.name,
                    type=_bare(hints[one.name])[0],
                    required=one.default is one.empty,
                )
                for one in inspect.signature(build).parameters.values()
                if one.kind is one.KEYWORD_ONLY
            ]
            made: Operation[T] = Operation(
                name=name,
                service=service,
                applications=applications,
                method=method,
                path=path,
                path_params=tuple(part.partition("}")[0] for part in path.split("{")[1:]),
                query=tuple(parameters),
                body=_sends(build),
                answer=answer,
                optional=optional,
                safe=method != "POST" if safe is None else safe,
                alias=alias,
                summary=(inspect.getdoc(build) or "").partition("\n")[0],
                build=partial(build, None),  # type: ignore[arg-type] # it makes a request, and asks nothing of a client
            )
            declared.append(made)
            return made

        send.declare_operation = declare_operation  # type: ignore[attr-defined]
        return send

    return declare


def sends(kind: type[IstraWire]) -> Callable[[T], T]:
    """Say which body the method below makes."""

    def mark(build: T) -> T:
        build.sends = kind  # type: ignore[attr-defined]
        return build

    return mark


def _sends(build: Any) -> type[IstraWire] | None:
    return getattr(build, "sends", None)


def _bare(hint: Any) -> tuple[Any, bool]:
    """Split ``X | None`` into ``X`` and whether it may be none."""
    if hint is None or hint is NoneType:
        return None, False
    if get_origin(hint) in (Union, UnionType):
        return next(part for part in get_args(hint) if part is not NoneType), True
    return hint, False
