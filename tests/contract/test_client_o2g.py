"""The client's side of the O2G catalogue, row by row."""

import inspect
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from enum import StrEnum
from types import ModuleType
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest

from aiopbx.errors import InvalidInput
from aiopbx.http.download import Download
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.queries import ObjectPath
from aiopbx.o2g.services import OPERATIONS
from aiopbx.o2g.types import (
    agent,
    comlog,
    directory,
    maintenance,
    overview,
    pbx_management,
    phone_set,
    routing,
    sessions,
    sessions as subscriptions,
    telephony,
    users,
    users as event_summary,
    voicemail,
)
from aiopbx.o2g.types.base import Wire, to_json
from aiopbx.o2g.types.events import PACKAGES
from aiopbx.operations import Operation
from aiopbx.parameters import ParameterKind
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.wire import camel
from tests.aiopbx.o2g.o2g_server import API, O2gServer
from tests.contract import consequences
from tests.contract.additions import operations as added_operations
from tests.contract.rows import (
    BEYOND_THE_TABLES,
    DONE,
    DONE_TYPES,
    OperationRow,
    TypeRow,
    ValueRow,
    additions,
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
    "Directory search": directory,
    "Communication log": comlog,
    "Maintenance": maintenance,
    "Voicemail": voicemail,
    "Phone Set Programming": phone_set,
    "PBX management": pbx_management,
    "Call Center Agent": agent,
}
BODIES = {row.body for row in operations(DONE)} - {None}
# Fields of a variant that another variant rules out; their own tests are with the rules.
EXCLUSIVE = {"MakeCallRequest": frozenset({"pin", "secretCode", "businessCode"})}
# Where the text contradicts the cardinality beside it.
TEXT_DECIDES = {
    ("MakeCallRequest", "deviceId"): True,
    ("ConnectRequest", "password"): True,  # unless the user's is taken
    ("UpdateComRecordsRequest", "recordIds"): True,  # none might be all
    ("ProgrammeableKey", "position"): True,  # that of the path; the method fills it in
    ("SoftKey", "position"): True,
}
# Sent by servers, and in no table.
# Never sent by servers, though no body of its own.
PART_OF_A_BODY = {"Criterion"}
# What the rules want to be more than any word.
FITTING: dict[str, dict[str, Any]] = {
    "SearchRequest": {"filter": {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Ma"}},
    "Pin": {"Pin_Type_Of_Control": "PIN_Category"},
    "PbxAttributes": {
        "attributes": [
            {"name": "Annu_Name", "value": ["Doe"]},
            {"name": "Skill", "complexValue": [{"name": "Skill", "attributes": [{"name": "Level", "value": ["2"]}]}]},
        ]
    },
}


def struct_of(row: TypeRow) -> type[Wire]:
    kind = getattr(MODULES[row.chapter], row.name)
    assert issubclass(kind, Wire)
    return kind


@pytest.fixture
async def recording() -> AsyncIterator[O2gServer]:
    async with O2gServer() as server:
        yield server


@pytest.fixture
async def client(recording: O2gServer) -> AsyncIterator[O2gClient]:
    settings = ConnectionSettings.make(url=recording.url, username="oxe1000", password="secret")
    async with aiohttp.ClientSession() as http:
        client = O2gClient(settings, http)
        await client.open()
        yield client
        await client.close()


# ---------------------------------------------------------------------------------------------------------- operations

PATH_VALUE = "a/ü +#?1"
PATH_VALUES: dict[str, tuple[Any, str]] = {"position": (7, "7"), "recordId": (12, "12")}
"""Where not anything will do: what is given, and what is sent."""
QUERY_TYPES: dict[str, tuple[Any, str]] = {
    "string": ("7,8 ü", quote("7,8 ü", safe="")),
    "boolean": (True, "true"),
    "int": (7, "7"),
    "Role": (comlog.Role.CALLER, "CALLER"),
}
QUERY_VALUES: dict[str, tuple[Any, str]] = {
    "action": ("start", "start"),
    "acknowledge": (False, "false"),
    "unanswered": (True, "true"),
    "unacknowledged": (True, "true"),
    "afterDate": (datetime(2026, 1, 31, 18, 17, 15, 489_999, UTC), "2026-01-31T18%3A17%3A15.489Z"),
    "beforeDate": ("2026-02-01T00:00:00+01:00", "2026-01-31T23%3A00%3A00.000Z"),
    "role": ("CALLEE", "CALLEE"),
    "recordIdList": ([12, 13], "12%2C13"),
    "msgIds": (["m1", "m2"], "m1%3Bm2"),
    "nodeIds": (["1", "2"], "1%3B2"),
    "other": ("1001", "1001"),
}
# Arguments of which one rules out others: in each use these are left out.
USES: dict[str, tuple[frozenset[str], ...]] = {
    row.id: (
        frozenset({"recordIdList"}),
        frozenset(one["name"] for one in row.query if one["name"] not in {"recordIdList", "loginName"}),
    )
    for row in operations(DONE)
    if any(one["name"] == "recordIdList" for one in row.query)
} | {"POST /messaging/mailboxes/{mailboxId}": (frozenset({"withUserPwd"}), frozenset({"body"}))}
# Parameters that the table calls optional, and without which the request would say nothing.
NEEDED_ALL_THE_SAME = {"activate"}


def a_body(row: OperationRow) -> Any:
    assert row.body is not None
    whole = sample(row.body, row.chapter, leave_out=EXCLUSIVE.get(row.body, frozenset()))
    return {**whole, **FITTING.get(row.body, {})}


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
        client.directory,
        client.communication_log,
        client.maintenance,
        client.voicemail,
        client.phone_set_programming,
        client.pbx_management,
        client.agent,
    )
    (service,) = (one for one in services if one.service == operation.service)
    return getattr(service, operation.name)


@held("O2G operations", "client", operations(DONE))
async def test_an_operation(row: OperationRow, client: O2gClient, recording: O2gServer) -> None:
    """Send exactly this method, path, query and body, and read that answer into that type."""
    operation = the_operation(row)
    assert inspect.iscoroutinefunction(method_of(client, operation))
    assert operation.summary
    assert operation.since == row.since
    assert consequences.refusals(operation) == tuple(status for status, _ in row.answers if status >= 300)
    assert (operation.licence or "No license") in row.licence or row.chapter == "Subscription management"

    body_type = None if row.body is None else getattr(MODULES[row.chapter], row.body)
    assert operation.sends is body_type
    newer = {one["name"] for one in additions()["amendments"] if one.get("operation") == row.id}
    assert {one.name for one in operation.query} == {one["name"] for one in row.query} | newer
    for leave_out in USES.get(row.id, (frozenset(),)):
        await is_sent_and_read(row, operation, client, recording, leave_out)


async def is_sent_and_read(
    row: OperationRow,
    operation: Operation[Any],
    client: O2gClient,
    recording: O2gServer,
    leave_out: frozenset[str],
) -> None:
    body = None if row.body is None or "body" in leave_out else a_body(row)
    keywords, query = {}, {}
    for parameter in row.query:
        name = parameter["name"]
        (declared,) = (one for one in operation.query if one.name == name)
        assert declared.valueless is bool(parameter.get("valueless"))
        assert declared.required is (bool(parameter.get("required")) or name in NEEDED_ALL_THE_SAME)
        if name in leave_out:
            continue
        if declared.valueless:
            keywords[declared.keyword], query[name] = True, None
        else:
            keywords[declared.keyword], query[name] = QUERY_VALUES.get(name) or QUERY_TYPES[parameter["type"]]
    positional = [path_argument(row, name)[0] for name in operation.path_params]
    if body is not None:
        positional.append(msgspec.json.decode(json.dumps(body), type=operation.sends))

    path = API + "".join(
        "/" + (path_argument(row, part[1:-1])[1] if part.startswith("{") else part) for part in row.path.split("/")[1:]
    )
    for status, kind in row.success:
        expected = None if kind is None else sample(kind, row.chapter)
        if operation.returns is Download:
            recording.answer(row.method, path, status=status, text=b"RIFF", headers=[("Content-Type", "audio/wav")])
        else:
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
        if operation.returns is Download:
            assert b"".join([chunk async for chunk in answer]) == b"RIFF"
        elif kind is None:
            assert answer is None
        elif kind == "string":
            assert answer == expected
        else:
            assert type(answer) is getattr(MODULES[row.chapter], kind)
            assert json.loads(to_json(answer)) == expected


def path_argument(row: OperationRow, name: str) -> tuple[Any, str]:
    """What is given for a part of the path, and what is sent."""
    if name == "objectPath":
        return ObjectPath(*[PATH_VALUE for part in row.path.split("/") if part.startswith("{object")]), ""
    return PATH_VALUES.get(name, (PATH_VALUE, quote(PATH_VALUE, safe="")))


@pytest.mark.parametrize("row", [one for one in operations(DONE) if one.query], ids=lambda row: row.id)
async def test_a_query_that_is_not_given_is_not_sent(
    row: OperationRow, client: O2gClient, recording: O2gServer
) -> None:
    operation = the_operation(row)
    required = {
        one.keyword: True if one.kind is ParameterKind.BOOLEAN else "stop" for one in operation.query if one.required
    }
    if row.id == "GET /users":
        return await refuses_to_ask_for_nobody(client)
    names = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    positional: list[Any] = ["1001" for _ in operation.path_params]
    if operation.deep is not None:
        positional[-1] = "/".join("1001" for name in names if name.startswith("object"))
    if row.body is not None:
        assert operation.sends is not None
        positional.append(msgspec.json.decode(json.dumps(a_body(row)), type=operation.sends))
    kind = row.success[0][1]
    path = API + "".join("/" + ("1001" if part.startswith("{") else part) for part in row.path.split("/")[1:])
    recording.answer(row.method, path, json=None if kind is None else sample(kind, row.chapter))
    meant = {one.keyword: True for one in operation.guards}
    answer = await method_of(client, operation)(*positional, **required, **meant)
    if isinstance(answer, Download):
        answer.close()
    sent = [f"{key}={'true' if value is True else value}" for key, value in required.items()]
    assert recording.requests[-1].path.partition("?")[2] == "&".join(sent)
    return None


async def refuses_to_ask_for_nobody(client: O2gClient) -> None:
    with pytest.raises(InvalidInput, match="companyPhone"):
        await client.users.find_user()


def test_nothing_is_declared_that_the_catalogue_does_not_have() -> None:
    rows = {(row["method"], row["path"]) for row in o2g()["operations"]}
    rows |= {(row.method, row.declared) for row in added_operations()}
    assert {(one.method, one.path) for one in OPERATIONS.values()} == rows
    assert all(name == one.name for name, one in OPERATIONS.items())


# --------------------------------------------------------------------------------------------- types and enumerations


@held("O2G types", "client", types(DONE_TYPES))
def test_a_type(row: TypeRow) -> None:
    """Have exactly these fields, read and write every one, and need what the table needs of what is sent."""
    kind = struct_of(row)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    named = {name for name, _, _ in row.fields if name != "eventName"}
    extra = {name for name in fields if (row.name, name) in BEYOND_THE_TABLES} - named
    event = {"loginName"} if row.name in o2g()["events"] else set()  # what all events have
    assert set(fields) - extra - event == named - event

    whole = sample(row.name, row.chapter)
    assert json.loads(to_json(msgspec.json.decode(json.dumps(whole), type=kind))) == whole

    if row.name in BODIES | PART_OF_A_BODY:
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
        if operation.sends is kind:
            try:
                required = {one.name: "true" for one in operation.query if one.required}
                operation.check(dict.fromkeys(operation.path_params, "1001"), required, body)
            except InvalidInput as error:
                return error.field == name
    return False


@held("O2G enumeration values", "client", enumeration_values(DONE_TYPES))
def test_a_value_of_an_enumeration(row: ValueRow) -> None:
    # Two chapters list DestinationType; the longer list is the one that is used.
    kind = getattr(MODULES[row.chapter], row.name, None) or getattr(overview, row.name)
    assert issubclass(kind, StrEnum)
    read = msgspec.json.decode(json.dumps(row.value), type=kind)
    assert read is kind(row.value)
    assert read in kind.__members__.values()
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


# What the server sends of its own, or for what happens at the telephones.
SPONTANEOUS = {
    "OnComRecordModified",
    "OnCtiLinkDown",
    "OnCtiLinkUp",
    "OnDeviceStateModified",
    "OnLicenseExpiration",
    "OnPbxLoaded",
}


def test_every_event_has_where_it_comes_from() -> None:
    assert consequences.EVENTS.keys() <= OPERATIONS.keys()
    caused = {event.__name__ for one in OPERATIONS.values() for event in consequences.events(one)}
    newer = set(additions()["events"]) - {"OnAgentSkillChanged", "OnChannelInformation"}
    links = {name for name in newer if "Link" in name or name == "OnServerStart"}  # come by themselves
    assert caused | SPONTANEOUS == set(o2g()["events"]) | newer - links | {"OnAgentSkillChanged"}
    assert not caused & SPONTANEOUS


def test_camel_case() -> None:
    assert camel("login_name") == "loginName"
