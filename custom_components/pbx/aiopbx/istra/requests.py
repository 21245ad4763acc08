"""The operations of Istra as everybody sees them: described, made of plain values, sent."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from time import monotonic
from types import MappingProxyType
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec

from ..http.download import Download
from ..http.secrets import Mask
from ..link import not_connected
from ..operations import (
    Answer,
    Operation,
    Parameter,
    ParameterPlace,
    Request,
    check_required,
    find,
    parameter_of,
    plain_answer,
    python_call,
    split,
)
from ..policy import DialGuard
from .client import IstraClient
from .operations import OPERATIONS, WEBSOCKET, Operation as WireOperation
from .types.base import to_json
from .types.session import Application

_DIALLED: Final = frozenset({"destination"})
"""Values that say where calls go."""
_CALLS: Final = frozenset({"place_call"})
"""Operations that begin a call, which the policy counts."""


@cache
def described(application: Application) -> Mapping[str, Operation]:
    """The operations of an application by name; no two of one application share it."""
    return MappingProxyType({name: _described(one) for name, one in _of(application).items()})


@cache
def _of(application: Application) -> Mapping[str, WireOperation[Any]]:
    return {one.name: one for one in OPERATIONS.values() if application in one.applications and one.method != WEBSOCKET}


def _described(one: WireOperation[Any]) -> Operation:
    function = getattr(one.build, "func", None)
    summary, _, rest = ((inspect.getdoc(function) if function is not None else None) or "").partition("\n")
    return Operation(
        name=one.name,
        service=one.service,
        method=one.method,
        path=f"/{one.path}",
        summary=summary,
        description=rest.strip(),
        parameters=tuple(_parameters(one, function)),
        answer=_answer(one),
        repeatable=one.safe,
        python=f"pbx.istra.{one.service}.{one.name}",
    )


def _parameters(one: WireOperation[Any], function: Any) -> Iterator[Parameter]:
    """What the method takes: the path in its order, then what it makes the body of, then the query."""
    hints = get_type_hints(function) if function is not None else {}
    names = {each.keyword: each.name for each in one.query}
    path = list(one.path_params)
    for each in inspect.signature(one.build).parameters.values():
        place = ParameterPlace.BODY
        name = each.name
        if each.kind is each.KEYWORD_ONLY:
            place, name = ParameterPlace.QUERY, names.get(each.name, each.name)
        elif path:
            place, name = ParameterPlace.PATH, path.pop(0)
        required = each.default is each.empty
        yield parameter_of(hints.get(each.name, str), name=name, keyword=each.name, place=place, required=required)


def _answer(one: WireOperation[Any]) -> str:
    if one.answer is None:
        return ""
    if one.answer is Download:
        return "bytes"
    inner = [each for each in get_args(one.answer) if each is not Ellipsis]
    return f"list of {inner[0].__name__}" if get_origin(one.answer) is tuple else one.answer.__name__


class _Prepared:
    """A request as the wire's client takes it."""

    __slots__ = ("body", "numbers", "operation", "path", "query")

    def __init__(self, operation: WireOperation[Any], built: Any, numbers: tuple[str, ...]) -> None:
        self.operation = operation
        self.path = dict(zip(operation.path_params, built.path, strict=True))
        self.query = built.query
        self.body = built.body
        self.numbers = numbers


class IstraRequests:
    """See ``Requests``. Preparing needs no connection."""

    def __init__(self, application: Application, client: Callable[[], IstraClient | None] = lambda: None) -> None:
        """The operations of an application, sent by the client that this gives; none while there is no connection."""
        self._application = application
        self._client = client

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by name."""
        return described(self._application)

    def prepare(self, name: str, values: Mapping[str, Any], guard: DialGuard) -> Request:
        """Make a request of plain values, check it, and send nothing."""
        operation = find(self.operations, name)
        parameters, _ = split(operation, values)
        check_required(operation, parameters)
        numbers = tuple(str(value) for keyword, value in parameters.items() if keyword in _DIALLED)
        wire = _of(self._application)[operation.name]
        prepared = _Prepared(wire, wire.build(**parameters), numbers)
        wire.check(prepared.path, prepared.query)
        for number in numbers:
            guard.check(number, field="destination")
        client = self._client()
        mask = client.mask if client is not None else Mask()
        body = prepared.body
        return Request(
            operation=operation,
            target="/" + mask.text(wire.target(prepared.path, prepared.query)),
            body=None if body is None else msgspec.json.decode(mask.body(to_json(body))),
            python=python_call(operation, parameters),
            prepared=prepared,
        )

    async def send(self, request: Request, guard: DialGuard) -> Answer:
        """Send a request that was prepared."""
        client, prepared = self._client(), request.prepared
        if client is None:
            raise not_connected()
        for number in prepared.numbers:
            spend = guard.spend if prepared.operation.name in _CALLS else guard.check
            spend(number, field="destination")
        began = monotonic()
        told = await client.exchange(prepared.operation, path=prepared.path, query=prepared.query, body=prepared.body)
        seconds = monotonic() - began
        data = plain_answer(client.mask.body(told.body))
        return Answer(request=request, value=told.result, data=data, status=told.status, seconds=seconds)
