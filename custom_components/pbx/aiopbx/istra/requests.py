"""The operations of an application of Istra as everybody sees them: described, made of plain values, sent."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from time import monotonic
from types import MappingProxyType
from typing import Any, Final

import msgspec

from ..errors import Offline
from ..operations import (
    Answer,
    Operation,
    ParameterPlace,
    Request,
    check_required,
    find,
    parameter_of,
    split,
    typed_body,
)
from ..policy import DialGuard
from . import services
from .client import APPLICATIONS, Download, IstraClient
from .operations import OPERATIONS, WEBSOCKET, Operation as WireOperation
from .types.base import IstraWire, spelled
from .types.session import Application

__all__ = ["IstraRequests", "described", "services"]

_DESTINATION: Final = "destination"
"""Of a body or the query: where calls go."""
_CALL: Final = "place_call"
"""The operation that begins a call, which the policy counts."""


@cache
def described(system: str) -> Mapping[str, Operation]:
    """Every operation of an application by name; ``system`` is as in the settings."""
    return MappingProxyType({name: _described(one) for name, one in _of(APPLICATIONS[system]).items()})


@cache
def _of(application: Application) -> Mapping[str, WireOperation[Any]]:
    return {one.name: one for one in OPERATIONS.values() if application in one.applications and one.method != WEBSOCKET}


def _described(one: WireOperation[Any]) -> Operation:
    path = [
        parameter_of(str, name=name, keyword=name, place=ParameterPlace.PATH, required=True) for name in one.path_params
    ]
    query = [
        parameter_of(str, name=each.name, keyword=each.keyword, place=ParameterPlace.QUERY, required=each.required)
        for each in one.query
    ]
    body = None if one.body is None else parameter_of(one.body, name="body", keyword="body", required=True)
    return Operation(
        name=one.name,
        service=one.service,
        method=one.method,
        path=one.path,
        summary=one.summary,
        parameters=(*path, *query),
        body=body,
        answer=_answer(one.answer),
        repeatable=one.safe,
        python=f"pbx.istra.{one.service}.{one.name}",
    )


def _answer(kind: Any) -> str:
    if kind is None:
        return ""
    return "bytes" if kind is Download else str(getattr(kind, "__name__", kind))


class _Prepared:
    """A request as the wire's client takes it."""

    __slots__ = ("body", "operation", "path", "query")

    def __init__(
        self, operation: WireOperation[Any], path: dict[str, str], query: dict[str, str], body: IstraWire | None
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = query
        self.body = body


class IstraRequests:
    """See ``Requests``. Preparing needs no connection."""

    def __init__(self, system: str, client: Callable[[], IstraClient | None] = lambda: None) -> None:
        """For this application; send by the client that is given, none while there is no connection."""
        self._system = system
        self._client = client

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by name."""
        return described(self._system)

    def prepare(self, name: str, values: Mapping[str, Any], guard: DialGuard) -> Request:
        """Make a request of plain values, check it, and send nothing."""
        operation = find(self.operations, name)
        parameters, content = split(operation, values)
        check_required(operation, parameters)
        body = typed_body(operation, {} if content is None and operation.body is not None else content)
        wire = _of(APPLICATIONS[self._system])[operation.name]
        prepared = _Prepared(
            wire,
            {one: _text(parameters[one]) for one in wire.path_params},
            {one.name: _text(parameters[one.keyword]) for one in wire.query if parameters.get(one.keyword) is not None},
            body,
        )
        wire.check(prepared.path, prepared.query)
        for number in _numbers(prepared):
            guard.check(number, field=_DESTINATION)
        given = "".join(f", {keyword}={value!r}" for keyword, value in {**parameters, **(content or {})}.items())
        return Request(
            operation=operation,
            target=wire.target(prepared.path, prepared.query),
            body=None if body is None else spelled(body),
            python=f"await pbx.request({operation.name!r}{given})",
            prepared=prepared,
        )

    async def send(self, request: Request, guard: DialGuard) -> Answer:
        """Send a request that was prepared."""
        client, prepared = self._client(), request.prepared
        if client is None:
            raise Offline("There is no connection at the moment.", remedy="It is being restored; try again later.")
        for number in _numbers(prepared):
            (guard.spend if request.operation.name == _CALL else guard.check)(number, field=_DESTINATION)
        began = monotonic()
        told = await client.call(prepared.operation, path=prepared.path, query=prepared.query, body=prepared.body)
        seconds = monotonic() - began
        return Answer(request=request, value=told, data=_data(told), seconds=seconds)


def _data(told: Any) -> Any:
    return spelled(told) if isinstance(told, msgspec.Struct | tuple) else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _numbers(prepared: _Prepared) -> Iterator[str]:
    """Everything in a request that calls may go to."""
    for number in (prepared.query.get(_DESTINATION), getattr(prepared.body, _DESTINATION, None)):
        if isinstance(number, str):
            yield number
