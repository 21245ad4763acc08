"""The client's side of the catalogue of Istra, row by row."""

import base64
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest

from aiopbx.errors import (
    AuthenticationFailed,
    NotAllowed,
    NotReady,
    NotSupported,
    RequestRefused,
    SessionLost,
    TwoStepRequired,
)
from aiopbx.http.download import Download
from aiopbx.http.tap import WireStatistics
from aiopbx.istra.client import IstraClient
from aiopbx.istra.decoding import FrameDecoder, Push, read_answer
from aiopbx.istra.services import SOCKETS, IstraServices
from aiopbx.istra.types import crm, enduser, rcc, session
from aiopbx.istra.types.base import IstraWire, WireEnum, to_json
from aiopbx.istra.types.session import Application
from aiopbx.operations import Operation
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.istra_server import PASSWORD, ROUTER, SESSION, TOKEN, IstraServer
from tests.contract.istra_samples import enumeration, fields_of, sample, value
from tests.contract.rows import (
    ISTRA_APPLICATIONS,
    IstraErrorRow,
    IstraOperationRow,
    IstraTypeRow,
    ValueRow,
    held,
    istra,
    istra_causes,
    istra_errors,
    istra_events,
    istra_operations,
    istra_types,
    istra_values,
)

OPERATIONS = (*IstraServices.declared(), *SOCKETS.values())
SYSTEMS = {"myRCC": "myrcc", "myCrm": "mycrm", "myIstra": "myistra"}
Connect = Callable[[str], Awaitable[IstraClient]]
TYPES: dict[str, type[IstraWire]] = {
    "Extension": rcc.Extension,
    "CallLine": rcc.CallLine,
    "CallLine.push": rcc.CallLinePush,
    "CrmCallEvent": crm.CrmCallEvent,
    "Voicemail": enduser.Voicemail,
    "PhoneLog": enduser.PhoneLog,
    "PhoneLog.types": enduser.PhoneLog,
    "Terminal": enduser.Terminal,
    "User": enduser.User,
    "UserInfo.ent": enduser.Enterprise,
}
ENUMERATIONS: dict[str, type[WireEnum]] = {
    "CallLine.state": rcc.LineState,
    "CallLine.actions": rcc.LineAction,
    "CallLine.stateCause": rcc.LineCause,
    "CrmCallEvent.event": crm.CrmEvent,
    "CrmCallEvent.type": crm.CallType,
    "CrmCallEvent.talkCause": crm.TalkCause,
    "CrmCallEvent.dropCause": crm.DropCause,
    "PhoneLog.remoteType": enduser.RemoteType,
    "customCallerIDChoice": enduser.CallerIdChoice,
}
# Sent by servers in the answer to setting it, and in no table of what is read.
BEYOND_THE_TABLES = {("User", "manualCustomCallerID")}


@pytest.fixture
async def recording() -> AsyncIterator[IstraServer]:
    async with IstraServer() as server:
        yield server


@pytest.fixture
async def connect(recording: IstraServer) -> AsyncIterator[Connect]:
    made: list[IstraClient] = []
    async with aiohttp.ClientSession() as http:

        async def connect(application: str) -> IstraClient:
            settings = ConnectionSettings.make(
                system=SYSTEMS[application],
                url=recording.url,
                username="jdoe",
                password=PASSWORD,
                enterprise="example" if application == "myRCC" else None,
            )
            client = IstraClient(settings, http)
            made.append(client)
            await client.open()
            return client

        yield connect
        for client in made:
            await client.close()


# ---------------------------------------------------------------------------------------------------------- operations

PATH_VALUE = "-12/ü +#?1"
BODY_ARGUMENTS: dict[str, Any] = {
    "destination": ("555;lra=144;cd msgid=20260131-1", "555;lra=144;cd msgid=20260131-1"),
    "line": ("-2903", "v1/rcc/CallLine/-2903"),
    "dtmfs": ("12#", "12#"),
    "name": ("CallLines", "CallLines"),
    "terminalId": ("-598", "-598"),
    "read": (False, False),
    "customCallerIDChoice": (enduser.CallerIdChoice.MANUAL_SETTING, "ManualSetting"),
    "manualCustomCallerID": ("+15550100", "+15550100"),
}
QUERY_ARGUMENTS: dict[str, tuple[Any, str]] = {
    "offset": (50, "50"),
    "length": (20, "20"),
    "listenerName": ("Call Lines", "Call%20Lines"),
    "terminalId": ("-598", "-598"),
    "destination": ("555;lra=1+2&3", "555%3Blra%3D1%2B2%263"),
    "dl": (True, "true"),
    "isIncoming": (True, "true"),
    "isMissed": (False, "false"),
    "rt": ("customCallerIDChoice,customCallerID", "customCallerIDChoice,customCallerID"),
}
ITEM_OF = {
    "v1/rcc/Extension": "Extension",
    "v1/rcc/CallLine": "CallLine",
    "v1/logs/Voicemail/bean": "Voicemail",
    "v1/logs/Phone/bean": "PhoneLog",
}


def the_operation(row: IstraOperationRow) -> Operation[Any]:
    found = [
        one
        for one in OPERATIONS
        if (one.method, one.path) == (row.method, row.path) and one.applications == row.applications
    ]
    assert len(found) == 1, f"{row.id} is declared {len(found)} times"
    return found[0]


def answer_to(row: IstraOperationRow) -> Any:
    """A whole answer, and none where there is nothing to say."""
    if isinstance(row.returns, str) and row.fields:
        return [{name: value(name) for name in row.fields}]
    if isinstance(row.returns, str):
        return sample(row.returns)
    if row.path == "v1/rcc/Extension/{id}":
        return sample("Extension")
    if row.returns is None:
        return None
    made = {name: value(name) for name in row.returns}
    for name in ("items", "results"):
        if name in made:
            made[name] = [sample(ITEM_OF[row.path])]
    if "terminals" in made:
        made |= {"ent": {"fullName": "Example"}, "terminals": [sample("Terminal")], "user": sample("User")}
    return made


@held("Istra operations", "client", [row for row in istra_operations() if row.method != "WS"])
async def test_an_operation(row: IstraOperationRow, connect: Connect, recording: IstraServer) -> None:
    """Send exactly this method, path, query and body, and read that answer into that type."""
    operation = the_operation(row)
    assert operation.summary
    assert {one.name for one in operation.query} == set(row.query)
    assert operation.alias == row.alias
    assert operation.path_params == row.path_params
    for application in row.applications:
        client = await connect(application)
        method = getattr(getattr(client, operation.service), operation.name)
        assert inspect.iscoroutinefunction(method)
        wanted = row.crm_body if application == "myCrm" and row.crm_body else row.body
        path = dict.fromkeys(row.path_params, PATH_VALUE)
        for wanted_format in row.formats or (None,):
            if wanted_format is not None:
                path["audioFormat"] = wanted_format
            given = [path[name] for name in row.path_params] + [BODY_ARGUMENTS[name][0] for name in wanted]
            keywords = {one.keyword: QUERY_ARGUMENTS[one.name][0] for one in operation.query}
            for status in row.statuses:
                await is_sent_and_read(
                    row, operation, client, recording, path, wanted, status, method(*given, **keywords)
                )


async def is_sent_and_read(
    row: IstraOperationRow,
    operation: Operation[Any],
    client: IstraClient,
    recording: IstraServer,
    path: dict[str, str],
    wanted: tuple[str, ...],
    status: int,
    made: Awaitable[Any],
) -> None:
    target = row.path
    for name in row.path_params:
        target = target.replace("{" + name + "}", quote(path[name], safe=""))
    expected = answer_to(row) if status != 204 else None
    application = str(client.application)
    session = list(recording.session_headers(application).items()) if row.path.endswith("Login") else []
    if operation.returns is Download:
        recording.answer(row.method, target, status=status, text=b"OggS", headers=[("Content-Type", "application/ogg")])
    else:
        recording.answer(row.method, target, status=status, json=expected, headers=session)
    before = len(recording.requests)
    answer = await made

    (sent,) = recording.requests[before:]
    sent_path, _, sent_query = sent.path.partition("?")
    assert (sent.method, sent_path) == (row.method, f"{ROUTER}/{target}")
    pairs = dict(pair.split("=") for pair in sent_query.split("&") if pair)
    assert pairs == {name: QUERY_ARGUMENTS[name][1] for name in row.query}
    if wanted:
        assert sent.json == {name: BODY_ARGUMENTS[name][1] for name in wanted}
    else:
        assert sent.body == b""
    is_of_the_session(sent.headers, application, login=row.path.endswith("Login"))
    if operation.returns is Download:
        assert b"".join([chunk async for chunk in answer]) == b"OggS"
    elif operation.returns is None or expected is None:
        assert answer is None
    else:
        assert json.loads(to_json(answer)) == expected


def is_of_the_session(headers: dict[str, str], application: str, *, login: bool) -> None:
    """What every request carries, and what the login carries instead."""
    facts = istra()["session"]
    if login:
        name = facts["applications"][application]["username"]
        name = name.replace("<login>", "jdoe").replace("<enterprise>", "example")
        assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == f"{name}:{PASSWORD}"
        assert headers["X-Application"] == application
        assert "Cookie" not in headers
    else:
        assert "Authorization" not in headers
        later = facts["every_later_request"]
        assert headers["X-Application"] == later["X-Application"].replace("<application>", application).replace(
            "<token>", TOKEN
        )
        assert headers["Cookie"] == later["Cookie"].replace("<application>", application).replace("<id>", SESSION)
    if headers.get("Content-Type") is not None:
        assert headers["Content-Type"] == facts["request_headers"]["Content-Type"]


@held("Istra operations", "client", [row for row in istra_operations() if row.method == "WS"])
async def test_a_socket(row: IstraOperationRow, connect: Connect, recording: IstraServer) -> None:
    """Upgrade there with what the application wants, and read what it pushes."""
    assert row.pushes is not None
    assert the_operation(row).path == istra()["session"]["applications"][row.chapter]["websocket"]
    client = await connect(row.chapter)
    pushing = await client.open_socket()
    socket = await recording.opened.get()
    (asked,) = recording.asked("GET", row.path)
    assert asked.headers["Cookie"] == f"{row.chapter}_SESSIONID={SESSION}"
    assert asked.headers.get("X-Application") == ("myIstra" if row.chapter == "myIstra" else None)
    socket.send(a_push(row.pushes))
    async for push in pushing:
        assert push.listener == "CallLines"
        (item,) = push.items
        whole = a_push(row.pushes)["item"]
        assert json.loads(to_json(item)) == (whole[0] if isinstance(whole, list) else whole)
        break
    await pushing.close()


def a_push(kind: str, **changes: Any) -> dict[str, Any]:
    """A frame with one item."""
    if kind == "Notifications":
        return {"listenerName": "CallLines", "item": {name: value(name) for name in counters()} | changes}
    return {"listenerName": "CallLines", "item": [sample(kind) | changes]}


def counters() -> tuple[str, ...]:
    row = next(row for row in istra_operations() if row.path == "v1/logs/Notifications/bean")
    assert isinstance(row.returns, tuple)
    return row.returns


@pytest.mark.parametrize("row", [row for row in istra_operations() if row.query], ids=lambda row: row.id)
async def test_a_query_that_is_not_given_is_not_sent(
    row: IstraOperationRow, connect: Connect, recording: IstraServer
) -> None:
    operation = the_operation(row)
    client = await connect(row.chapter)
    method = getattr(getattr(client, operation.service), operation.name)
    required = {one.keyword: "1001" for one in operation.query if one.required}
    expected = answer_to(row)
    target = row.path.replace("{id}", "7").replace("{audioFormat}", "ogg")
    recording.answer(row.method, target, json=expected)
    body = [BODY_ARGUMENTS[name][0] for name in row.body]
    answer = await method(*["7" for name in row.path_params if name == "id"], *body, **required)
    if isinstance(answer, Download):
        answer.close()
    sent = {f"{one.name}=1001" for one in operation.query if one.required}
    if "rt" in row.query:
        sent = {"rt=customCallerIDChoice,customCallerID"}
    assert set(filter(None, recording.requests[-1].path.partition("?")[2].split("&"))) == sent


def test_nothing_is_declared_that_the_catalogue_does_not_have() -> None:
    rows = {(row.applications, row.method, row.path) for row in istra_operations()}
    assert {(one.applications, one.method, one.path) for one in OPERATIONS} == rows
    assert len(OPERATIONS) == 38
    assert tuple(Application) == ISTRA_APPLICATIONS


async def test_an_operation_of_another_application_is_not_sent(connect: Connect, recording: IstraServer) -> None:
    client = await connect("myCrm")
    before = len(recording.requests)
    with pytest.raises(NotSupported, match="myCrm does not have it"):
        await client.rcc.hold("-1")
    assert len(recording.requests) == before


# --------------------------------------------------------------------------------------------- types and enumerations


@held("Istra types", "client", istra_types())
def test_a_type(row: IstraTypeRow) -> None:
    """Have exactly these fields under every spelling, and read and write every one."""
    kind = TYPES[row.name]
    has = {field.encode_name for field in msgspec.structs.fields(kind)}
    named = {name for spellings in row.fields for name in spellings}
    if row.name == "PhoneLog.types":  # notes on two fields of a type
        assert named <= has
        said = {"callHistoryId": "-7", "talkDurationSecond": 81, "timestamp": 1456000000000}
        read = read_item(said, kind)
        assert (read.talk_duration_second, read.timestamp) == (81, "1456000000000")
        assert read_item({**said, "talkDurationSecond": True}, kind).talk_duration_second is None
        return
    assert has - {name for type_, name in BEYOND_THE_TABLES if type_ == row.name} == named
    if row.name == "CallLine.push":
        whole = {"listenerName": "CallLines", "item": [sample("CallLine")]}
        push = FrameDecoder(Application.RCC).decode(json.dumps(whole).encode())
        assert isinstance(push, Push)
        assert (push.listener, len(push.items)) == ("CallLines", 1)
        assert istra()["types"]["CallLine.push"]["period_ms"] == 100
        return
    for spelling in range(max(len(spellings) for spellings in row.fields)):
        whole = sample(row.name, spelling=spelling)
        assert json.loads(to_json(read_item(whole, kind))) == whole


def read_item(raw: dict[str, Any], kind: type[IstraWire]) -> Any:
    return read_answer(json.dumps(raw).encode(), kind, WireStatistics())


@held("Istra enumeration values", "client", istra_values())
def test_a_value_of_an_enumeration(row: ValueRow) -> None:
    is_listed(row)


@held("Istra causes", "client", istra_causes())
def test_a_cause(row: ValueRow) -> None:
    is_listed(row)
    field = {"stateCause": "state_cause", "talkCause": "talk_cause", "dropCause": "drop_cause"}[row.name.split(".")[1]]
    kind = row.chapter
    application = Application.RCC if kind == "CallLine" else Application.CRM
    push = FrameDecoder(application).decode(json.dumps(a_push(kind, **{row.name.split(".")[1]: row.value})).encode())
    assert isinstance(push, Push)
    assert getattr(push.items[0], field) is ENUMERATIONS[row.name](row.value)


def is_listed(row: ValueRow) -> None:
    kind = ENUMERATIONS[row.name]
    read = msgspec.json.decode(json.dumps(row.value), type=kind)
    assert read is kind(row.value)
    assert read in kind.__members__.values()
    assert read.listed
    assert to_json(read) == json.dumps(row.value).encode()


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_an_enumeration_is_exactly_this(name: str) -> None:
    kind = ENUMERATIONS[name]
    assert [member.value for member in kind] == enumeration(name)
    unlisted = msgspec.json.decode(b'"somethingNew"', type=kind)
    assert unlisted == "somethingNew"
    assert not unlisted.listed


# -------------------------------------------------------------------------------------------------------------- events


@held("Istra events", "client", istra_events())
def test_an_event(row: ValueRow) -> None:
    """Decode a push of every field, with nothing lost and nothing to complain of."""
    frame = a_push(row.name, **({"event": row.value} if row.name == "CrmCallEvent" else {}))
    decoder = FrameDecoder(Application(row.chapter))
    for _ in range(2):  # looked at closely, then read fast
        push = decoder.decode(json.dumps(frame).encode())
        assert isinstance(push, Push)
        (item,) = push.items
        whole = frame["item"][0] if isinstance(frame["item"], list) else frame["item"]
        assert json.loads(to_json(item)) == whole
    if isinstance(item, crm.CrmCallEvent):
        assert item.event is crm.CrmEvent(row.value)
    counted = decoder.statistics
    assert (counted.events, counted.unknown_values, counted.unknown_fields) == (2, 0, 0)
    assert (counted.malformed_frames, counted.bad_fields) == (0, 0)


# -------------------------------------------------------------------------------------------------------------- errors

ERRORS: dict[str, type[Exception]] = {
    "401 MYCRM_ERR_403": NotAllowed,
    "401": SessionLost,
    "412": RequestRefused,
    "403 ROUTER_ERR_400": SessionLost,
    "400 ERR_0": RequestRefused,
    "512 ERR_100": RequestRefused,
    "503 ROUTER_ERR_503": NotReady,
}
TRANSIENT = {"401", "403 ROUTER_ERR_400", "512 ERR_100", "503 ROUTER_ERR_503"}
CAN_RETRY = {"400 ERR_0"}
FROM_LOGIN = {"401": AuthenticationFailed, "412": TwoStepRequired}
REQUESTS = {"myRCC": "v1/rcc/Extension/-5", "myCrm": "v1/crm/GetTerminals", "myIstra": "v1/user/Info"}


def body_of(row: IstraErrorRow) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in row.body:
        *outer, last = name.split(".")
        place = made
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = {"code": row.code, "id": row.code, "message": row.meaning}.get(last, f"the {last}")
    return made


@held("Istra errors", "client", istra_errors())
async def test_an_error(row: IstraErrorRow, connect: Connect, recording: IstraServer) -> None:
    """Raise that with status, code and message as sent, whatever was asked for."""
    for application in ISTRA_APPLICATIONS if row.chapter == "*" else (row.chapter,):
        client = await connect(application)
        recording.answer("GET", REQUESTS[application], status=row.status, json=body_of(row))
        asked = {
            "myRCC": lambda client: client.rcc.extension("-5"),
            "myCrm": lambda client: client.crm.terminals(),
            "myIstra": lambda client: client.enduser.info(),
        }[application]
        with pytest.raises(RequestRefused) as raised:
            await asked(client)
        error = raised.value
        assert type(error) is ERRORS[row.id]
        assert (error.status, error.code) == (row.status, row.code)
        assert error.transient is (row.id in TRANSIENT)
        assert error.can_retry is (row.id in CAN_RETRY if row.code else None)
        assert f"{row.status}" in str(error)
        if "message" in row.body:
            assert error.help_message == row.meaning
            assert row.meaning in str(error)
        if "info.type.msg" in row.body:
            assert (error.type, error.error_type, error.inner_message) == ("the msg", row.code, "the firstMessage")
            assert error.detail == body_of(row)
        if "info.value" in row.body:
            assert error.cause == "the value"
        if row.id in FROM_LOGIN:
            await at_the_login(row, client, recording)


async def at_the_login(row: IstraErrorRow, client: IstraClient, recording: IstraServer) -> None:
    recording.answer("POST", "v1/service/Login", status=row.status, json=body_of(row))
    with pytest.raises(FROM_LOGIN[row.id]) as raised:
        await client.service.login()
    assert isinstance(raised.value.__cause__, RequestRefused)
    assert raised.value.__cause__.status == row.status
    for name in row.body:
        assert body_of(row)[name] in str(raised.value)
    recording.answer(
        "POST", "v1/service/Login", headers=list(recording.session_headers(str(client.application)).items())
    )


def test_the_fields_of_every_answer_are_held() -> None:
    """What operations return beyond the types: every name is a field of what the method gives."""
    for row in istra_operations():
        kind = the_operation(row).returns
        names = row.returns if isinstance(row.returns, tuple) else row.fields
        if not names:
            continue
        kind = kind if isinstance(kind, type) and issubclass(kind, IstraWire) else kind.__args__[0]
        assert set(names) <= {field.encode_name for field in msgspec.structs.fields(kind)}, row.id
    assert session.Listener is the_operation(istra_operations("*")[2]).returns
    assert fields_of("Terminal") == (("abstractTerminalID",), ("label",))
