"""The simulator's side of Istra, row by row: operations, types, values, events, causes, refusals and inconsistencies.

The client is one that knows nothing of aiopbx.
"""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from aiopbx.simulator import UserSpec
from aiopbx.simulator.switch import Behaviour
from tests.aiopbx.simulator.istra_client import ALICE, BOB, CAROL, Istra, Push, Reply, office
from tests.contract.rows import (
    ISTRA_APPLICATIONS,
    IstraErrorRow,
    IstraOperationRow,
    IstraTypeRow,
    Row,
    ValueRow,
    held,
    istra_causes,
    istra_errors,
    istra_events,
    istra_inconsistencies,
    istra_operations,
    istra_types,
    istra_values,
)

OPERATIONS = istra_operations()
OUTSIDE = "0015550100"
PEOPLE = [
    UserSpec(
        login=f"oxe{1000 + n}",
        number=str(1000 + n),
        first_name=first,
        last_name=last,
        department="Sales",
        pstn_numbers=(f"+1555010{n}",),
        photo_url=f"https://pictures.example.com/{n}",
    )
    for n, (first, last) in enumerate((("Alice", "Martin"), ("Bob", "Keller"), ("Carol", "Diaz"), ("David", "Okafor")))
]


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office(users=PEOPLE) as istra:
        yield istra


async def logged_in(istra: Istra, application: str) -> Istra:
    log_in: dict[str, Callable[[], Awaitable[Istra]]] = {"myRCC": istra.rcc, "myCrm": istra.crm, "myIstra": istra.user}
    return await log_in[application]()


# ---------------------------------------------------------------------------------------------------------- operations


class Asked:
    """What a case prepares: the values of the path, the query and the body."""

    def __init__(self, body: Any = None, query: dict[str, str] | None = None, **path: str) -> None:
        self.body = body
        self.query = query or {}
        self.path = path


Prepare = Callable[[Istra], Awaitable[Asked]]
Check = Callable[[Istra, Reply], Awaitable[bool]]


async def nothing(istra: Istra) -> Asked:
    return Asked()


async def fine(istra: Istra, reply: Reply) -> bool:
    return True


async def listener(istra: Istra) -> Asked:
    body = {"name": "CallLines"}
    if istra.application == "myCrm":
        body["terminalId"] = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
    return Asked(body)


async def created(istra: Istra, reply: Reply) -> bool:
    return reply.body == {"name": "CallLines", "restUri": "v1/service/EventListener/bean/CallLines"}


async def a_listener(istra: Istra) -> Asked:
    await istra.ask("POST", "v1/service/EventListener/bean", (await listener(istra)).body)
    return Asked(name="CallLines")


async def no_listener(istra: Istra, reply: Reply) -> bool:
    return istra.face.sessions.all[0].listeners == {} and reply.raw == b""


async def a_page(istra: Istra) -> Asked:
    return Asked(query={"offset": "1", "length": "2"})


async def second_page(istra: Istra, reply: Reply) -> bool:
    return [item["addressNumber"] for item in reply.body["items"]] == ["1001", "1002"]


async def alices(istra: Istra) -> Asked:
    return Asked(id=(await istra.extension("1000"))["restUri"].rpartition("/")[2])


async def is_alice(istra: Istra, reply: Reply) -> bool:
    return bool(reply.body["displayName"] == "Alice Martin")


async def dialling(istra: Istra) -> Asked:
    asked = await alices(istra)
    asked.body = {"destination": "1001"}
    return asked


def has(state: str, of: str = ALICE) -> Check:
    async def check(istra: Istra, reply: Reply) -> bool:
        return [view.state for view in istra.switch.call_views(of)] == [state]

    return check


async def a_line(istra: Istra) -> Asked:
    line, _ = await istra.talk()
    return Asked(id=line["lineId"])


async def bound(istra: Istra) -> Asked:
    await a_line(istra)
    await a_listener(istra)
    return Asked(query={"listenerName": "CallLines"})


async def lines_listed(istra: Istra, reply: Reply) -> bool:
    return reply.body["count"] == len(reply.body["results"]) == 2 and len(istra.face.listeners) == 1


async def ringing(istra: Istra) -> Asked:
    istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    return Asked(id=(await istra.line_of("1000"))["lineId"])


async def on_hold(istra: Istra) -> Asked:
    asked = await a_line(istra)
    await istra.do({"lineId": asked.path["id"]}, "hold")
    return asked


async def two_lines(istra: Istra) -> Asked:
    first, _ = await istra.talk()
    second = await istra.place("1000", "1002")
    await istra.do(second, "answer")
    await istra.do(await istra.line_of("1002"), "answer")
    return Asked({"line": first["restUri"]}, id=second["lineId"])


def with_body(prepare: Prepare, **body: str) -> Prepare:
    async def prepared(istra: Istra) -> Asked:
        asked = await prepare(istra)
        asked.body = body
        return asked

    return prepared


async def nobody_talks(istra: Istra, reply: Reply) -> bool:
    return not istra.switch.calls


async def a_conference(istra: Istra, reply: Reply) -> bool:
    (call,) = istra.switch.calls.values()
    return call.conference


async def without_alice(istra: Istra, reply: Reply) -> bool:
    (call,) = istra.switch.calls.values()
    return {member.login for member in call.members} == {BOB, CAROL}


async def carol_rings(istra: Istra, reply: Reply) -> bool:
    return [view.state for view in istra.switch.call_views(CAROL)] == ["RINGING_INCOMING"]


async def heard(istra: Istra, reply: Reply) -> bool:
    (call,) = istra.switch.calls.values()
    return call.dtmf == [(ALICE, "12#")]


async def recorded(istra: Istra, reply: Reply) -> bool:
    return istra.switch.call_views(ALICE)[0].record_state == "RECORDING"


async def terminals_listed(istra: Istra, reply: Reply) -> bool:
    return [set(each) for each in reply.body] == [{"deviceModel", "terminalId"}]


async def crm_bound(istra: Istra) -> Asked:
    await a_listener(istra)
    terminal = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
    return Asked(query={"listenerName": "CallLines", "terminalId": terminal})


async def is_bound(istra: Istra, reply: Reply) -> bool:
    return reply.raw == b"" and len(istra.face.listeners) == 1


async def crm_dialling(istra: Istra) -> Asked:
    terminal = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
    return Asked(query={"terminalId": terminal, "destination": "1001"})


def leave_a_message(istra: Istra) -> None:
    istra.switch.set_forward(ALICE, target="VOICEMAIL")
    call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.clock.advance(2)
    istra.switch.release(BOB, call.ref)
    istra.switch.cancel_forward(ALICE)


async def messages(istra: Istra) -> Asked:
    leave_a_message(istra)
    leave_a_message(istra)
    return Asked(query={"offset": "1", "length": "5"})


async def one_listed(istra: Istra, reply: Reply) -> bool:
    return bool(reply.body["count"] == len(reply.body["items"]) == 1)


async def a_message(istra: Istra) -> Asked:
    leave_a_message(istra)
    return Asked(id=(await istra.get("v1/logs/Voicemail/bean"))["items"][0]["id"])


async def is_unread(istra: Istra, reply: Reply) -> bool:
    return reply.body["read"] is False


async def reading(istra: Istra) -> Asked:
    asked = await a_message(istra)
    asked.body = {"read": True}
    return asked


async def is_read(istra: Istra, reply: Reply) -> bool:
    return reply.body["read"] is True and istra.switch.users[ALICE].voicemails[0].read


async def no_messages(istra: Istra, reply: Reply) -> bool:
    return not istra.switch.users[ALICE].voicemails


async def a_recording(istra: Istra) -> Asked:
    asked = await a_message(istra)
    asked.path["audioFormat"] = "ogg"
    asked.query = {"dl": "true"}
    return asked


async def is_sound(istra: Istra, reply: Reply) -> bool:
    disposition = reply.headers["Content-Disposition"]
    return reply.headers["Content-Type"] == "application/ogg" and disposition.startswith("attachment;")


def miss_a_call(istra: Istra) -> None:
    call = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.switch.release(BOB, call.ref)


async def records(istra: Istra) -> Asked:
    miss_a_call(istra)
    miss_a_call(istra)
    return Asked(query={"offset": "1", "length": "5", "isIncoming": "true", "isMissed": "true"})


async def a_record(istra: Istra) -> Asked:
    miss_a_call(istra)
    return Asked(id=(await istra.get("v1/logs/Phone/bean"))["items"][0]["callHistoryId"])


async def is_missed(istra: Istra, reply: Reply) -> bool:
    return reply.body["isMissed"] is True


async def no_records(istra: Istra, reply: Reply) -> bool:
    return not istra.switch.log.records(ALICE)


async def user_dialling(istra: Istra) -> Asked:
    terminal = (await istra.get("v1/user/Info"))["terminals"][0]["abstractTerminalID"]
    return Asked({"destination": "1001"}, id=terminal)


async def the_user(istra: Istra) -> Asked:
    uri = (await istra.get("v1/user/Info"))["user"]["restUri"]
    return Asked(id=uri.rpartition("/")[2], query={"rt": "customCallerIDChoice,customCallerID"})


async def a_caller_id(istra: Istra) -> Asked:
    asked = await the_user(istra)
    asked.body = {"customCallerIDChoice": "ManualSetting", "manualCustomCallerID": "+15550199"}
    return asked


async def is_set(istra: Istra, reply: Reply) -> bool:
    return istra.switch.users[ALICE].caller_id == "+15550199" and reply.body["manualCustomCallerID"] == "+15550199"


async def counting(istra: Istra) -> Asked:
    await a_listener(istra)
    miss_a_call(istra)
    return Asked(query={"listenerName": "CallLines"})


async def one_missed(istra: Istra, reply: Reply) -> bool:
    return reply.body["unreadMissedCalls"] == 1 and len(istra.face.listeners) == 1


async def logged_out(istra: Istra, reply: Reply) -> bool:
    return not istra.face.sessions.all and "Expires" in reply.headers["Set-Cookie"]


WITH_A_BODY = {"myRCC GET v1/rcc/Extension/{id}", "myIstra PUT v1/user/IUser/{id}"}
"""Those that answer with what the guides describe beside the catalogue's row."""
LINE = "myRCC POST v1/rcc/CallLine/{id}"
CASES: dict[str, tuple[Prepare, Check]] = {
    "* POST v1/service/Logout": (nothing, logged_out),
    "* POST v1/service/EventListener/bean": (listener, created),
    "* DELETE v1/service/EventListener/bean/{name}": (a_listener, no_listener),
    "myRCC GET v1/rcc/Extension": (a_page, second_page),
    "myRCC GET v1/rcc/Extension/{id}": (alices, is_alice),
    "myRCC POST v1/rcc/Extension/{id}/placeCall": (dialling, has("DIALING")),
    "myRCC GET v1/rcc/CallLine": (bound, lines_listed),
    f"{LINE}/addParty": (with_body(a_line, destination="1002"), carol_rings),
    f"{LINE}/answer": (ringing, has("ACTIVE")),
    f"{LINE}/disconnect": (a_line, nobody_talks),
    f"{LINE}/hold": (a_line, has("HELD")),
    f"{LINE}/unhold": (on_hold, has("ACTIVE")),
    f"{LINE}/leave": (a_line, nobody_talks),
    f"{LINE}/merge": (two_lines, a_conference),
    f"{LINE}/redirect": (with_body(a_line, destination="1002"), carol_rings),
    f"{LINE}/sendDtmfs": (with_body(a_line, dtmfs="12#"), heard),
    f"{LINE}/transfer": (two_lines, without_alice),
    f"{LINE}/startRecord": (a_line, recorded),
    "myCrm GET v1/crm/GetTerminals": (nothing, terminals_listed),
    "myCrm GET v1/crm/CallLine": (crm_bound, is_bound),
    "myCrm GET v1/crm/PlaceCall": (crm_dialling, has("DIALING")),
    "myIstra GET v1/logs/Voicemail/bean": (messages, one_listed),
    "myIstra GET v1/logs/Voicemail/bean/{id}": (a_message, is_unread),
    "myIstra PUT v1/logs/Voicemail/bean/{id}": (reading, is_read),
    "myIstra DELETE v1/logs/Voicemail/bean/{id}": (a_message, no_messages),
    "myIstra GET v1/logs/Voicemail/bean/{id}.{audioFormat}": (a_recording, is_sound),
    "myIstra GET v1/logs/Phone/bean": (records, one_listed),
    "myIstra GET v1/logs/Phone/bean/{id}": (a_record, is_missed),
    "myIstra DELETE v1/logs/Phone/bean/{id}": (a_record, no_records),
    "myIstra POST v1/user/Terminal/{id}/placeCall": (user_dialling, has("DIALING")),
    "myIstra GET v1/user/Info": (nothing, fine),
    "myIstra GET v1/user/IUser/{id}": (the_user, fine),
    "myIstra PUT v1/user/IUser/{id}": (a_caller_id, is_set),
    "myIstra GET v1/logs/Notifications/bean": (counting, one_missed),
}
SOCKETS = [row for row in OPERATIONS if row.method == "WS"]
(LOGIN,) = [row for row in OPERATIONS if row.path.endswith("/Login")]
PLAIN = [row for row in OPERATIONS if row not in SOCKETS and row is not LOGIN]


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in PLAIN} == CASES.keys()
    assert len(OPERATIONS) == 38


def url(row: IstraOperationRow, asked: Asked, path: str | None = None) -> str:
    query = "&".join(f"{name}={value}" for name, value in asked.query.items())
    return (path or row.path).format(**asked.path) + (f"?{query}" if query else "")


PATHS = [
    pytest.param(
        row,
        application,
        path,
        id=f"{row.id} {application} {path}",
        marks=pytest.mark.contract("Istra operations", row.id, "simulator"),
    )
    for row in PLAIN
    for application in row.applications
    for path in (row.path, row.alias)
    if path is not None
]


@pytest.mark.parametrize(("row", "application", "path"), PATHS)
async def test_served(istra: Istra, row: IstraOperationRow, application: str, path: str) -> None:
    await logged_in(istra, application)
    prepare, check = CASES[row.id]
    asked = await prepare(istra)
    assert asked.path.keys() == set(row.path_params), "the case uses the path as it is"
    assert asked.query.keys() == set(row.query), "the case uses every parameter"
    fields = row.crm_body if application == "myCrm" and row.crm_body else row.body
    assert set(asked.body or ()) == set(fields), "the case uses every field"
    reply = await istra.ask(row.method, url(row, asked, path), asked.body)
    assert reply.status in row.statuses, reply
    if isinstance(row.returns, tuple):
        wanted = set(row.returns)
        if row.path.endswith("Extension"):
            wanted -= {"next", "prev"} - reply.body.keys()
        assert wanted <= reply.body.keys()
    elif row.returns is None and not row.formats and row.id not in WITH_A_BODY:
        assert reply.raw == b"", "there is no documented body"
    assert await check(istra, reply)
    istra.switch.check()


@held("Istra operations", "simulator", [LOGIN])
@pytest.mark.parametrize("application", ISTRA_APPLICATIONS)
async def test_log_in(istra: Istra, row: IstraOperationRow, application: str) -> None:
    user, password = ("admin|example", "admin") if application == "myRCC" else (f"ENDUSER:{ALICE}", "secret")
    reply = await istra.log_in(application, user, password)
    assert reply.status in row.statuses
    assert reply.headers["X-Application"].startswith(f"{application};")
    assert reply.headers["Set-Cookie"].startswith(f"{application}_SESSIONID=")
    assert reply.headers["Set-Cookie"].endswith(";Path=/restletrouter;HttpOnly")
    assert (await istra.log_in(application, user, "guess")).status == 401
    assert (await istra.ask("PUT", row.path)).status == 405


@held("Istra operations", "simulator", SOCKETS)
async def test_sockets(istra: Istra, row: IstraOperationRow) -> None:
    istra.application = row.chapter
    with pytest.raises(InvalidStatus) as refused:
        await istra.socket(headers={"X-Application": row.chapter})
    assert refused.value.response.status_code == 401
    await logged_in(istra, row.chapter)
    if row.chapter == "myCrm":
        push = await istra.listen_to((await istra.get("v1/crm/GetTerminals"))[0]["terminalId"])
    else:
        push = await istra.listen()
    miss_a_call(istra)
    (*_, item) = await push.items()
    kinds = {"CallLine": "lineId", "CrmCallEvent": "callId", "Notifications": "unreadMissedCalls"}
    assert kinds[row.pushes or ""] in item


@held("Istra operations", "simulator", PLAIN)
async def test_needs_a_session(istra: Istra, row: IstraOperationRow) -> None:
    values = dict.fromkeys(row.path_params, "1")
    for application in row.applications:
        headers: dict[str, str | None] = {"X-Application": f"{application};token"}
        reply = await istra.ask(row.method, row.path.format(**values), headers=headers)
        assert (reply.status, set(reply.body)) == (401, {"code", "message"})
        await logged_in(istra, application)
        for wrong in ({"X-Application": f"{application};token"}, {"X-Application": application}):
            reply = await istra.ask(row.method, row.path.format(**values), headers=wrong)
            assert (reply.status, reply.body["code"]) == (403, "ROUTER_ERR_400")
        istra.cookies.clear()
        istra.header = None


@held("Istra operations", "simulator", PLAIN)
async def test_belongs_to_its_application(istra: Istra, row: IstraOperationRow) -> None:
    values = dict.fromkeys(row.path_params, "1")
    for application in ISTRA_APPLICATIONS:
        if application not in row.applications:
            await logged_in(istra, application)
            reply = await istra.ask(row.method, row.path.format(**values))
            assert reply.status == 403
        else:
            await logged_in(istra, application)
            reply = await istra.ask("PATCH", row.path.format(**values))
            assert reply.status == 405
            assert row.method in reply.headers["Allow"]


@held("Istra operations", "simulator", [row for row in PLAIN if row.body])
@pytest.mark.parametrize("raw", ["{", "[]", '"text"', b"\xff", '{"a": 1} b'])
async def test_refuses_a_malformed_body(istra: Istra, row: IstraOperationRow, raw: str | bytes) -> None:
    for application in row.applications:
        await logged_in(istra, application)
        asked = await CASES[row.id][0](istra)
        before = istra.switch.dump()
        reply = await istra.ask(row.method, url(row, asked), raw=raw)
        assert (reply.status, reply.body["code"]) == (400, "ERR_0")
        assert istra.switch.dump() == before


# --------------------------------------------------------------------------------------------------------------- types


def spelled(found: Any, spellings: tuple[str, ...]) -> bool:
    return any(name in found for name in spellings)


async def everything(istra: Istra) -> dict[str, list[dict[str, Any]]]:
    """One of each type, as it comes over the wire."""
    rcc, crm, user = [await logged_in(await istra.other(), name) for name in ISTRA_APPLICATIONS]
    terminal = (await crm.get("v1/crm/GetTerminals"))[0]["terminalId"]
    pushes, events = await rcc.listen(), await crm.listen_to(terminal)
    first = istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.clock.advance(0.1)
    pushed = await pushes.next()
    istra.switch.answer(ALICE, first.ref, "1000")
    talking = await rcc.lines()
    istra.switch.release(ALICE, first.ref)
    leave_a_message(istra)
    info = await user.get("v1/user/Info")
    return {
        "Extension": (await rcc.get("v1/rcc/Extension"))["items"],
        "CallLine": talking,
        "CallLine.push": [pushed],
        "CrmCallEvent": [{"acdId": ""} | _all(await events.all_items())],
        "Voicemail": (await user.get("v1/logs/Voicemail/bean"))["items"],
        "PhoneLog": (await user.get("v1/logs/Phone/bean"))["items"],
        "Terminal": info["terminals"],
        "User": [info["user"]],
        "UserInfo.ent": [info["ent"]],
        "PhoneLog.types": (await user.get("v1/logs/Phone/bean"))["items"],
    }


def _all(items: list[dict[str, Any]]) -> dict[str, Any]:
    """What several objects have together."""
    found: dict[str, Any] = {}
    for item in items:
        found |= item
    return found


@held("Istra types", "simulator", istra_types())
async def test_types(istra: Istra, row: IstraTypeRow) -> None:
    found = (await everything(istra))[row.name]
    assert found
    for item in found:
        for spellings in row.fields:
            assert spelled(item, spellings), spellings
    if row.name == "PhoneLog.types":
        for item in found:
            assert isinstance(item["talkDurationSecond"], int)
            assert isinstance(item["timestamp"], str)
    if row.name == "CallLine.push":
        assert isinstance(found[0]["item"], list)


async def test_calls_of_a_pilot_have_the_field_that_others_lack() -> None:
    people = [
        UserSpec(login=ALICE, number="1000", acd=True, agent={"groups": ["600"]}),  # type: ignore[arg-type]
        UserSpec(login=BOB, number="1001"),
    ]
    async with office(users=people, switch={"pilots": [{"number": "800", "groups": ["600"]}]}) as istra:
        await istra.crm()
        push = await istra.listen_to((await istra.get("v1/crm/GetTerminals"))[0]["terminalId"])
        istra.switch.agent_log_on(ALICE, "1000", "600")
        istra.switch.agent_ready(ALICE)
        istra.switch.make_call(BOB, "1001", "800", auto_answer=True)
        (event,) = await push.items()
        assert event["acdId"] == "800"


# -------------------------------------------------------------------------------------------- values, events and causes


async def story(istra: Istra) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Let Alice live through everything; returns what myRCC and myCrm were pushed."""
    rcc, crm = await logged_in(await istra.other(), "myRCC"), await logged_in(await istra.other(), "myCrm")
    pushes = await rcc.listen()
    events = await crm.listen_to((await crm.get("v1/crm/GetTerminals"))[0]["terminalId"])
    switch = istra.switch
    found: tuple[list[Any], list[Any]] = ([], [])

    async def tell() -> None:
        found[0].extend(await pushes.all_items())
        found[1].extend(await events.all_items())

    def dial(number: str) -> str:
        return switch.make_call(ALICE, "1000", number, auto_answer=True).ref

    first = switch.make_call(ALICE, "1000", "1001")
    await tell()
    switch.answer(ALICE, first.ref, "1000")
    await tell()
    switch.answer(BOB, first.ref, "1001")
    await tell()
    switch.hold(ALICE, first.ref, "1000")
    await tell()
    switch.retrieve(ALICE, first.ref, "1000")
    await tell()
    second = dial("1002")
    await tell()
    switch.answer(CAROL, second, "1002")
    await tell()
    switch.transfer(ALICE, second, first.ref)
    await tell()
    switch.release(BOB, second)
    ref = switch.make_call(BOB, "1001", "1000", auto_answer=True).ref
    switch.answer(ALICE, ref, "1000")
    other = switch.make_call(BOB, "1001", "1002", auto_answer=True).ref
    switch.answer(CAROL, other, "1002")
    switch.transfer(BOB, other, ref)
    await tell()
    switch.release(CAROL, other)
    ref = dial("1001")
    switch.release(BOB, ref)
    await tell()
    switch.set_off_hook(BOB, "1001", True)
    dial("1001")
    switch.set_off_hook(BOB, "1001", False)
    await tell()
    switch.set_dnd(BOB, True)
    dial("1001")
    switch.set_dnd(BOB, False)
    await tell()
    switch.external.set(OUTSIDE, Behaviour(invalid=True))
    dial(OUTSIDE)
    await tell()
    dial("1001")
    istra.clock.advance(200)
    await tell()
    return found


def _lines(pushed: list[dict[str, Any]], name: str) -> set[str]:
    values: set[str] = set()
    for line in pushed:
        values |= set(line.get("actions", ())) if name == "actions" else {line[name]}
    return values


@pytest.fixture(scope="module")
def remembered() -> dict[str, Any]:
    """The story, so that it is lived through once."""
    return {}


async def lived(istra: Istra, remembered: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if not remembered:
        remembered["all"] = await story(istra)
    found: tuple[list[dict[str, Any]], list[dict[str, Any]]] = remembered["all"]
    return found


@held("Istra enumeration values", "simulator", istra_values())
async def test_values(istra: Istra, remembered: dict[str, Any], row: ValueRow) -> None:
    if row.name == "PhoneLog.remoteType":
        await istra.user()
        miss_a_call(istra)
        (record,) = (await istra.get("v1/logs/Phone/bean"))["items"]
        assert record["remoteType"] == "STATION"
        istra.face.variants.set(remote_type=row.value)
        (record,) = (await istra.get("v1/logs/Phone/bean"))["items"]
        assert record["remoteType"] == row.value
    elif row.name == "customCallerIDChoice":
        await istra.user()
        uri = (await istra.get("v1/user/Info"))["user"]["restUri"]
        body = {"customCallerIDChoice": row.value, "manualCustomCallerID": "+15550199"}
        assert (await istra.ask("PUT", uri, body)).status == 200
        if row.value != "FromPresenceState":
            istra.face.variants.set(manual_choice=row.value)
        assert (await istra.get(uri))["customCallerIDChoice"] == row.value
    else:
        pushed, events = await lived(istra, remembered)
        kind, _, name = row.name.rpartition(".")
        if kind == "CallLine":
            assert row.value in _lines(pushed, name)
        elif name == "type":
            assert row.value in {event["type"] for event in events if "type" in event}
        else:
            assert row.value in {event[name] for event in events}


@held("Istra events", "simulator", istra_events())
async def test_events(istra: Istra, remembered: dict[str, Any], row: ValueRow) -> None:
    pushed, events = await lived(istra, remembered)
    if row.chapter == "myRCC":
        assert pushed
    elif row.chapter == "myCrm":
        found = [event for event in events if event["event"] == row.value]
        assert found
        needed = {"callId"}
        if row.value != "callHeld":
            needed |= {"incoming", "type", "displayLabel", "displayNumber", "displayNumberE164"}
        if row.value == "callTalking":
            needed |= {"talkCause"}
        if row.value == "callDropped":
            needed |= {"ringingTime", "talkingTime", "dropCause"}
        for event in found:
            assert needed <= event.keys()
    else:
        await istra.user()
        push: Push = await istra.listen()
        miss_a_call(istra)
        (item,) = await push.items()
        assert item["unreadMissedCalls"] == 1


@held("Istra causes", "simulator", istra_causes())
async def test_causes(istra: Istra, remembered: dict[str, Any], row: ValueRow) -> None:
    pushed, events = await lived(istra, remembered)
    name = row.name.rpartition(".")[2]
    source = pushed if row.name.startswith("CallLine") else events
    assert row.value in {item[name] for item in source if name in item}


# ------------------------------------------------------------------------------------------------------------ refusals


async def refusal(istra: Istra, row: IstraErrorRow) -> Reply:
    """Provoke a refusal."""
    switch = istra.switch
    if row.code == "MYCRM_ERR_403":
        switch.users[ALICE].crm = False
        return await istra.log_in("myCrm", f"ENDUSER:{ALICE}", "secret")
    if row.status == 412:
        istra.face.variants.set(two_step=True)
        return await istra.log_in("myIstra", f"ENDUSER:{ALICE}", "secret")
    if row.status == 401:
        return await istra.log_in("myIstra", f"ENDUSER:{ALICE}", "guess")
    if row.status == 403:
        await istra.user()
        word = base64.b64encode(f"ENDUSER:{BOB}:secret".encode()).decode()
        return await istra.ask("GET", "v1/user/Info", headers={"Authorization": f"Basic {word}"})
    await istra.crm()
    if row.status == 400:
        return await istra.ask("GET", "v1/crm/PlaceCall?terminalId=1&destination=1001")
    terminal = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
    if row.status == 512:
        switch.set_device_state("1000", "OUT_OF_SERVICE")
    else:
        istra.simulator.faults.telephony_down()
    return await istra.ask("GET", f"v1/crm/PlaceCall?terminalId={terminal}&destination=1001")


@held("Istra errors", "simulator", istra_errors())
async def test_errors(istra: Istra, row: IstraErrorRow) -> None:
    before = istra.switch.dump()
    reply = await refusal(istra, row)
    assert reply.status == row.status
    assert row.code is None or reply.body["code"] == row.code
    for path in row.body:
        found = reply.body
        for name in path.split("."):
            assert name in found, path
            found = found[name]
    assert reply.body["message"]
    if row.status != 512:
        assert istra.switch.dump() == before


# ----------------------------------------------------------------------------------------------------- inconsistencies


async def lists_differ(istra: Istra) -> None:
    names = set()
    for value in ("documented", "items", "results"):
        istra.face.variants.set(lists=value)
        names |= set(await istra.get("v1/rcc/CallLine")) | set(await istra.get("v1/rcc/Extension"))
    assert {"items", "results"} <= names
    push = await istra.listen()
    istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    istra.clock.advance(0.1)
    assert "item" in await push.next()


async def extensions_differ(istra: Istra) -> None:
    istra.switch.make_call(BOB, "1001", "1002", auto_answer=True)
    for value in ("extension", "extensionURI", "uriExtension"):
        istra.face.variants.set(extension_key=value)
        assert all(value in line for line in await istra.lines())


async def departments_differ(istra: Istra) -> None:
    istra.face.variants.set(department_key="mixed")
    names = {name for item in (await istra.get("v1/rcc/Extension"))["items"] for name in item}
    assert {"department", "Department"} <= names


async def no_actions_when_dropped(istra: Istra) -> None:
    push = await istra.listen()
    miss_a_call(istra)
    for line in await push.items():
        assert "actions" not in line
    istra.face.variants.set(actions_on_dropped=True)
    miss_a_call(istra)
    for line in await push.items():
        assert line["actions"] == []


async def times_and_durations(istra: Istra) -> None:
    found = await everything(istra)
    for line in found["CallLine"]:
        for name in ("creationTime", "lastModificationTime", "talkingTime"):
            assert isinstance(line[name], str)
            assert int(line[name]) > 1_000_000_000_000
    (event,) = found["CrmCallEvent"]
    assert isinstance(event["ringingTime"], str)
    assert isinstance(event["talkingTime"], str)
    assert isinstance(found["Voicemail"][0]["durationSecond"], int)
    assert isinstance(found["PhoneLog"][0]["ringDurationSecond"], int)


async def two_objects(istra: Istra) -> None:
    await istra.crm()
    terminal = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
    for raw in (
        json.dumps({"name": "a"}) + "\n" + json.dumps({"terminalId": terminal}),
        json.dumps({"name": "a"}) + json.dumps({"terminalId": terminal}),
        json.dumps({"name": "a", "terminalId": terminal}),
    ):
        assert (await istra.ask("POST", "v1/service/EventListener/bean", raw=raw)).status == 200
        assert [each.device for each in istra.face.sessions.all[-1].listeners.values()] == ["1000"]


async def cookies_differ(istra: Istra) -> None:
    istra.face.variants.set(foreign_logout_cookie=True)
    reply = await istra.ask("POST", "v1/service/Logout")
    assert reply.headers["Set-Cookie"].startswith("myIstra_SESSIONID=")


async def identifiers(istra: Istra) -> None:
    users = [{"login": f"u{n}", "number": str(n)} for n in range(100, 150)]
    async with office(users=users) as other:
        await other.rcc()
        ids = [item["restUri"].rpartition("/")[2] for item in (await other.get("v1/rcc/Extension"))["items"]]
        assert {key.startswith("-") for key in ids} == {True, False}
        for key in ids:
            assert str(int(key)) == key
            assert -(2**63) <= int(key) < 2**63
            assert (await other.ask("GET", f"v1/rcc/Extension/{key}")).status == 200


async def two_ids(istra: Istra) -> None:
    istra.face.variants.set(line_id_differs=True)
    line, _ = await istra.talk()
    assert not line["restUri"].endswith(line["lineId"])
    assert (await istra.act(line, "hold")).status == 204


async def creation_moves(istra: Istra) -> None:
    istra.face.variants.set(moving_creation_time=True)
    line, _ = await istra.talk()
    assert (await istra.find(line))["creationTime"] != (await istra.find(line))["creationTime"]


async def commas_and_spaces(istra: Istra) -> None:
    istra.face.variants.set(trailing_commas=True)
    url = istra.root + "/restletrouter/v1/rcc/Extension"
    async with istra.http.get(url, headers=istra.headers) as response:
        text = await response.text()
    assert ",}" in text
    istra.face.variants.reset()
    user = await logged_in(await istra.other(), "myIstra")
    uri = (await user.get("v1/user/Info"))["user"]["restUri"]
    raw = '{"customCallerIDChoice":"ManualSetting"," manualCustomCallerID":"+15550199"}'
    assert (await user.ask("PUT", uri, raw=raw)).status == 200
    assert istra.switch.users[ALICE].caller_id == "+15550199"


async def other_kinds(istra: Istra) -> None:
    istra.face.variants.set(numbers_as_strings=True, booleans_as_strings=True, strings_as_numbers=True)
    page = await istra.get("v1/rcc/Extension")
    assert page["count"] == "4"
    line, _ = await istra.talk()
    assert (line["isIncoming"], type(line["lineId"]), type(line["creationTime"])) == ("false", int, int)


INCONSISTENCIES: dict[str, Callable[[Istra], Awaitable[None]]] = dict(
    zip(
        (row.id for row in istra_inconsistencies()),
        (
            lists_differ,
            extensions_differ,
            departments_differ,
            no_actions_when_dropped,
            times_and_durations,
            two_objects,
            cookies_differ,
            identifiers,
            two_ids,
            creation_moves,
            commas_and_spaces,
            other_kinds,
        ),
        strict=True,
    )
)


@held("Istra inconsistencies", "simulator", istra_inconsistencies())
async def test_inconsistencies(istra: Istra, row: Row) -> None:
    await istra.rcc()
    await INCONSISTENCIES[row.id](istra)
