"""The operations of O2G as everybody sees them: described, made of plain values, sent."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from time import monotonic
from types import MappingProxyType
from typing import Any, Final, get_type_hints

import msgspec

from ..http.download import Download
from ..http.secrets import HIDDEN, Mask
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
    typed_body,
)
from ..policy import DialGuard
from . import services
from .client import O2gClient, secrets_of
from .operations import OPERATIONS, Operation as WireOperation, Parameter as WireParameter
from .rules import REDIRECT_WORDS
from .types.base import Wire, to_json

_ATTRIBUTES: Final = {
    services.Agent: "agent",
    services.CommunicationLog: "communication_log",
    services.Directory: "directory",
    services.EventSummaryService: "event_summary",
    services.Maintenance: "maintenance",
    services.PbxManagement: "pbx_management",
    services.PhoneSetProgramming: "phone_set_programming",
    services.Routing: "routing",
    services.Sessions: "sessions",
    services.Subscriptions: "subscriptions",
    services.Telephony: "telephony",
    services.Users: "users",
    services.Voicemail: "voicemail",
}
"""What the client calls its services."""
_DIALLED: Final = frozenset({"callee", "redirect_to", "transfer_to", "number"})
"""Fields of bodies that say where calls go."""
_NO_DIAL: Final = frozenset({"send_dtmf"})
"""Its number is tones."""
_CALLS: Final = frozenset({"make_call", "basic_call"})
"""Operations that begin a call, which the policy counts."""
_SECRET_PARTS: Final = frozenset({"subscriptionId"})
"""Of paths."""
_WORDS: Final = frozenset(REDIRECT_WORDS)


@cache
def described() -> Mapping[str, Operation]:
    """Every operation by name."""
    return MappingProxyType({name: _described(one) for name, one in OPERATIONS.items()})


def _described(one: WireOperation[Any]) -> Operation:
    function = getattr(one.build, "func", None)
    doc = inspect.getdoc(function) if function is not None else None
    summary, _, rest = (doc or "").partition("\n")
    positional = [name for name in inspect.signature(one.build).parameters if name != "body"]
    hints = get_type_hints(function) if function is not None else {}
    path = [
        parameter_of(
            int if hints.get(keyword) is int else str,
            name=name,
            keyword=keyword,
            place=ParameterPlace.PATH,
            required=True,
            secret=name in _SECRET_PARTS,
        )
        for name, keyword in zip(one.path_params, positional, strict=False)
    ]
    body = None
    if one.body is not None:
        body = parameter_of(one.body, name="body", keyword="body", required=not one.body_optional, needs=one.needs)
    return Operation(
        name=one.name,
        service=one.service,
        method=one.method,
        path=one.path,
        summary=summary,
        description=rest.strip(),
        parameters=(
            *path,
            *(_parameter(each, ParameterPlace.QUERY) for each in one.query),
            *(_parameter(each, ParameterPlace.GUARD) for each in one.guards),
        ),
        body=body,
        answer="" if one.answer is None else "bytes" if one.answer is Download else one.answer.__name__,
        licence=one.licence,
        since=one.since,
        repeatable=one.safe,
        python=f"pbx.o2g.{_attribute(one)}.{one.name}",
    )


def _parameter(one: WireParameter, place: ParameterPlace) -> Parameter:
    return parameter_of(one.type, name=one.name, keyword=one.keyword, place=place, required=one.required)


@cache
def _names_of_services() -> dict[str, str]:
    return {kind.service: attribute for kind, attribute in _ATTRIBUTES.items()}


def _attribute(one: WireOperation[Any]) -> str:
    return _names_of_services()[one.service]


class _Prepared:
    """A request as the wire's client takes it."""

    __slots__ = ("body", "operation", "path", "query")

    def __init__(
        self,
        operation: WireOperation[Any],
        path: dict[str, str],
        query: dict[str, str | bool],
        body: Wire | None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = query
        self.body = body


class O2gRequests:
    """See ``Requests``. Preparing needs no connection."""

    def __init__(self, client: Callable[[], O2gClient | None] = lambda: None) -> None:
        """Send by the client that this gives; none while there is no connection."""
        self._client = client

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by name."""
        return described()

    def prepare(self, name: str, values: Mapping[str, Any], guard: DialGuard) -> Request:
        """Make a request of plain values, check it, and send nothing."""
        operation = find(described(), name)
        parameters, content = split(operation, values)
        check_required(operation, parameters)
        body = typed_body(operation, content)
        wire = OPERATIONS[operation.name]
        parts = [one.keyword for one in operation.parameters if one.place is ParameterPlace.PATH]
        keywords = {keyword: value for keyword, value in parameters.items() if keyword not in parts}
        if body is not None:
            keywords["body"] = body
        elif wire.body is not None and not wire.body_optional:
            keywords["body"] = None
        built = wire.build(*(parameters[part] for part in parts), **keywords)
        prepared = _Prepared(
            wire,
            dict(zip(wire.path_params, built.path, strict=True)),
            {one: value for one, value in built.query.items() if value is not None},
            built.body,
        )
        wire.check(prepared.path, prepared.query, prepared.body)
        client = self._client()
        if client is not None:
            client.check(wire, prepared.path, prepared.query, prepared.body)
        for field, number in _numbers(wire, prepared.body):
            guard.check(number, field=field)
        mask = client.mask if client is not None else Mask()
        path = {one: HIDDEN if one in _SECRET_PARTS else value for one, value in prepared.path.items()}
        return Request(
            operation=operation,
            target=mask.text(wire.target(path, prepared.query)).replace("%2A%2A%2A", HIDDEN),
            body=_shown(mask, prepared.body),
            python=python_call(operation, parameters, body),
            prepared=prepared,
        )

    async def send(self, request: Request, guard: DialGuard) -> Answer:
        """Send a request that was prepared."""
        client, prepared = self._client(), request.prepared
        if client is None:
            raise not_connected()
        for field, number in _numbers(prepared.operation, prepared.body):
            (guard.spend if request.operation.name in _CALLS else guard.check)(number, field=field)
        began = monotonic()
        told = await client.exchange(prepared.operation, path=prepared.path, query=prepared.query, body=prepared.body)
        seconds = monotonic() - began
        data = plain_answer(client.mask.body(told.body, secrets_of(prepared.body)))
        return Answer(request=request, value=told.result, data=data, status=told.status, seconds=seconds)


def _shown(mask: Mask, body: Wire | None) -> Any:
    """A body as plain data without secrets."""
    return None if body is None else msgspec.json.decode(mask.body(to_json(body)))


def _numbers(operation: WireOperation[Any], body: Wire | None) -> Iterator[tuple[str, str]]:
    """The field and the number of everything in a body that calls may go to."""
    if body is None or operation.name in _NO_DIAL:
        return
    for field, number in _dialled(body):
        if number not in _WORDS:
            yield field, number


def _dialled(body: Any) -> Iterator[tuple[str, str]]:
    for field in msgspec.structs.fields(body):
        value = getattr(body, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, msgspec.Struct):
                yield from _dialled(one)
            elif isinstance(one, str) and field.name in _DIALLED:
                yield field.encode_name, one
