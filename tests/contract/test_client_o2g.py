"""The client's side of the O2G catalogue, row by row."""

import inspect
import json
from collections.abc import AsyncIterator
from enum import StrEnum
from types import ModuleType
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest

from aiopbx.errors import InvalidInput
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.operations import OPERATIONS, Operation, camel
from aiopbx.o2g.types import event_summary, overview, routing, sessions, subscriptions, telephony, users
from aiopbx.o2g.types.base import Wire, to_json
from aiopbx.o2g.types.events import PACKAGES
from aiopbx.settings import ConnectionSettings
from tests.aiopbx.o2g.scripted_server import API, ScriptedServer
from tests.contract.rows import (
    DONE,
    DONE_TYPES,
    OperationRow,
    TypeRow,
    ValueRow,
    enumeration_values,
    events,
    held,
    o2g,
    operations,
    types,
)
from tests.contract.samples import sample

MODULES: dict[str, ModuleType] = {
    "Overview": overview,
    "Session management": sessions,
    "User information": users,
    "Subscription management": subscriptions,
    "Call control": telephony,
    "Routing management": routing,
    "Event summary": event_summary,
}
BODIES = {row.body for row in operations(DONE)} - {None}
# Fields of a variant that another variant rules out; their own tests are with the rules.
EXCLUSIVE = {"MakeCallRequest": frozenset({"pin", "secretCode", "businessCode"})}
# Where the text contradicts the cardinality beside it.
TEXT_DECIDES = {("MakeCallRequest", "deviceId"): True}
# Sent by servers, and in no table.
BEYOND_THE_TABLES = {("TelephonicState", "deviceStates")}


def struct_of(row: TypeRow) -> type[Wire]:
    kind = getattr(MODULES[row.chapter], row.name)
    assert issubclass(kind, Wire)
    return kind


@pytest.fixture
async def recording() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
async def client(recording: ScriptedServer) -> AsyncIterator[O2gClient]:
    settings = ConnectionSettings.make(url=recording.url, username="oxe1000", password="secret")
    async with aiohttp.ClientSession() as http:
        client = O2gClient(settings, http)
        await client.open()
        yield client
        await client.close()


# ---------------------------------------------------------------------------------------------------------- operations

PATH_VALUE = "a/ü +#?1"
QUERY_VALUES = {"string": "7,8 ü", "boolean": True}


def the_operation(row: OperationRow) -> Operation[Any]:
    found = [one for one in OPERATIONS.values() if (one.method, one.path) == (row.method, row.path)]
    assert len(found) == 1, f"{row.id} is declared {len(found)} times"
    return found[0]


def method_of(client: O2gClient, operation: Operation[Any]) -> Any:
    services = (
        client.sessions,
        client.users,
        client.subscriptions,
        client.telephony,
        client.routing,
        client.event_summary,
    )
    (service,) = (one for one in services if one.service == operation.service)
    return getattr(service, operation.name)


@held("O2G operations", "client", operations(DONE))
async def test_an_operation(row: OperationRow, client: O2gClient, recording: ScriptedServer) -> None:
    """Send exactly this method, path, query and body, and read that answer into that type."""
    operation = the_operation(row)
    assert inspect.iscoroutinefunction(method_of(client, operation))
    assert operation.summary
    assert operation.since == row.since
    assert (operation.licence or "No license") in row.licence or row.chapter == "Subscription management"

    body_type = None if row.body is None else getattr(MODULES[row.chapter], row.body)
    assert operation.body is body_type
    body = None if row.body is None else sample(row.body, row.chapter, leave_out=EXCLUSIVE.get(row.body, frozenset()))
    keywords, query = {}, {}
    for parameter in row.query:
        value = "start" if parameter["name"] == "action" else QUERY_VALUES[parameter["type"]]
        (declared,) = (one for one in operation.query if one.name == parameter["name"])
        assert declared.valueless is bool(parameter.get("valueless"))
        assert declared.required is bool(parameter.get("required"))
        keywords[declared.keyword] = value
        query[parameter["name"]] = None if declared.valueless else "true" if value is True else quote(value, safe="")
    positional: list[Any] = [PATH_VALUE for _ in row.path_params]
    if body_type is not None:
        positional.append(msgspec.json.decode(json.dumps(body), type=body_type))

    path = API + "".join(
        "/" + (quote(PATH_VALUE, safe="") if part.startswith("{") else part) for part in row.path.split("/")[1:]
    )
    for status, kind in row.success:
        expected = None if kind is None else sample(kind, row.chapter)
        recording.answer(row.method, path, status=status, json=expected)
        before = len(recording.requests)
        answer = await method_of(client, operation)(*positional, **keywords)

        (sent,) = recording.requests[before:]
        sent_path, _, sent_query = sent.path.partition("?")
        assert (sent.method, sent_path) == (row.method, path)
        pairs = [pair.partition("=") for pair in sent_query.split("&") if pair]
        assert {key: value if equals else None for key, equals, value in pairs} == query
        assert len(pairs) == len(query)
        if body is None:
            assert sent.body == b""
            assert "Content-Type" not in sent.headers
        else:
            assert sent.json == body
            assert sent.headers["Content-Type"] == "application/json"
        if kind is None:
            assert answer is None
        elif kind == "string":
            assert answer == expected
        else:
            assert type(answer) is getattr(MODULES[row.chapter], kind)
            assert json.loads(to_json(answer)) == expected


@pytest.mark.parametrize("row", [one for one in operations(DONE) if one.query], ids=lambda row: row.id)
async def test_a_query_that_is_not_given_is_not_sent(
    row: OperationRow, client: O2gClient, recording: ScriptedServer
) -> None:
    operation = the_operation(row)
    required = {one.keyword: "stop" for one in operation.query if one.required}
    if row.id == "GET /users":
        return await refuses_to_ask_for_nobody(client)
    positional: list[Any] = ["1001" for _ in row.path_params]
    if row.body is not None:
        body = sample(row.body, row.chapter, leave_out=EXCLUSIVE.get(row.body, frozenset()))
        assert operation.body is not None
        positional.append(msgspec.json.decode(json.dumps(body), type=operation.body))
    kind = row.success[0][1]
    path = API + "".join("/" + ("1001" if part.startswith("{") else part) for part in row.path.split("/")[1:])
    recording.answer(row.method, path, json=None if kind is None else sample(kind, row.chapter))
    await method_of(client, operation)(*positional, **required)
    assert recording.requests[-1].path.partition("?")[2] == "&".join(f"{key}=stop" for key in required)
    return None


async def refuses_to_ask_for_nobody(client: O2gClient) -> None:
    with pytest.raises(InvalidInput, match="companyPhone"):
        await client.users.find_user()


def test_nothing_is_declared_that_the_catalogue_does_not_have() -> None:
    rows = {(row["method"], row["path"]) for row in o2g()["operations"]}
    assert {(one.method, one.path) for one in OPERATIONS.values()} <= rows
    assert all(name == one.name for name, one in OPERATIONS.items())


# --------------------------------------------------------------------------------------------- types and enumerations


@held("O2G types", "client", types(DONE_TYPES))
def test_a_type(row: TypeRow) -> None:
    """Have exactly these fields, read and write every one, and need what the table needs of what is sent."""
    kind = struct_of(row)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    named = {name for name, _, _ in row.fields if name != "eventName"}
    extra = {name for name in fields if (row.name, name) in BEYOND_THE_TABLES}
    event = {"loginName"} if row.name == "OnUserCreated" else set()  # what all events have
    assert set(fields) - extra - event == named

    whole = sample(row.name, row.chapter)
    assert json.loads(to_json(msgspec.json.decode(json.dumps(whole), type=kind))) == whole

    if row.name in BODIES:
        for name, _, cardinality in row.fields:
            needed = TEXT_DECIDES.get((row.name, name), cardinality.startswith("1"))
            assert needs(kind, fields, name) is needed, name
    elif row.name not in o2g()["events"]:
        msgspec.json.decode(b"{}", type=kind)  # what a server leaves out is no error


def needs(kind: type[Wire], fields: dict[str, Any], name: str) -> bool:
    """Whether a body without this field is refused, by its type or before it is sent."""
    if fields[name].required:
        return True
    chapter = next(row.chapter for row in types(DONE) if row.name == kind.__name__)
    rest = sample(kind.__name__, chapter, leave_out=frozenset({name, "acdCall", *EXCLUSIVE.get(kind.__name__, ())}))
    body = msgspec.json.decode(json.dumps(rest), type=kind)
    for operation in OPERATIONS.values():
        if operation.body is kind:
            try:
                operation.check(dict.fromkeys(operation.path_params, "1001"), {}, body)
            except InvalidInput as error:
                return error.field == name
    return False


@held("O2G enumeration values", "client", enumeration_values(DONE_TYPES))
def test_a_value_of_an_enumeration(row: ValueRow) -> None:
    # Two chapters list DestinationType; the longer list is the one that is used.
    kind = getattr(MODULES[row.chapter], row.name, None) or getattr(overview, row.name)
    assert issubclass(kind, StrEnum)
    read = msgspec.json.decode(json.dumps(row.value), type=kind)
    assert read is kind[row.value]
    assert read.listed
    assert to_json(read) == json.dumps(row.value).encode()


@pytest.mark.parametrize("kind", sorted({row.name for row in enumeration_values(DONE_TYPES)}))
def test_a_value_that_is_not_listed_is_kept(kind: str) -> None:
    enumeration = next(getattr(module, kind) for module in MODULES.values() if hasattr(module, kind))
    read = msgspec.json.decode(b'"SOMETHING_NEW"', type=enumeration)
    assert read == "SOMETHING_NEW"
    assert not read.listed
    assert to_json(read) == b'"SOMETHING_NEW"'


# -------------------------------------------------------------------------------------------------------------- events


@held("O2G events", "client", events(DONE))
def test_an_event(row: TypeRow) -> None:
    """Decode an event of every field, by its name, with nothing lost and nothing to complain of."""
    whole = sample(row.name, row.chapter)
    decoder = EventDecoder()
    event = decoder.decode(json.dumps(whole).encode())
    assert type(event) is struct_of(row)
    assert json.loads(to_json(event)) == whole
    assert any(type(event) in package for package in PACKAGES.values())
    counted = decoder.statistics
    assert (counted.events, counted.unknown_events, counted.unknown_values) == (1, 0, 0)
    assert (counted.malformed_frames, counted.bad_fields) == (0, 0)


def test_camel_case() -> None:
    assert camel("login_name") == "loginName"
