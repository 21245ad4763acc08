"""Log, sets, objects and agents: pages, and what is refused before anything is sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from aiopbx.errors import Conflict, InvalidInput, NotReady, RequestRefused
from aiopbx.filters import attribute
from aiopbx.o2g import rules
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.queries import ObjectPath, attributes
from aiopbx.o2g.services import OPERATIONS
from aiopbx.o2g.types.agent import (
    AgentState,
    AgentSubState,
    ChangeIntrusionModeRequest,
    IntrusionMode,
    IntrusionRequest,
    LoggOnAgentRequest,
    PermanentListeningRequest,
    PGRequest,
    WithdrawAgentRequest,
)
from aiopbx.o2g.types.comlog import UpdateComRecordsRequest
from aiopbx.o2g.types.pbx_management import PbxAttribute, PbxAttributes, PbxComplexAttribute
from aiopbx.o2g.types.phone_set import Associate, Pin, ProgrammeableKey, SoftKey
from aiopbx.o2g.types.voicemail import ConnectRequest
from tests.aiopbx.o2g.conftest import Connect
from tests.aiopbx.o2g.o2g_server import API, O2gServer

RECORDS = f"{API}/comlog/records"
OBJECTS = f"{API}/pbxs/1/instances"
Call = Callable[[O2gClient], Any]

# --------------------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-01-31T18:17:15.489Z", "2026-01-31T18:17:15.489Z"),
        ("2026-01-31T18:17:15+02:00", "2026-01-31T16:17:15.000Z"),
        (datetime(2026, 1, 31, 18, 17, 15, 489_999, UTC), "2026-01-31T18:17:15.489Z"),
        (datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2025-12-31T23:30:00.000Z"),
        (None, None),
    ],
)
def test_dates(given: Any, sent: str | None) -> None:
    assert rules.utc(given) == sent


@pytest.mark.parametrize("given", ["2026-01-31T18:17:15", "2026-01-31", "yesterday", datetime(2026, 1, 31)])  # noqa: DTZ001
def test_a_date_without_a_zone(given: Any) -> None:
    with pytest.raises(InvalidInput, match=r"zone|no date") as caught:
        rules.utc(given, field="afterDate")
    assert caught.value.field == "afterDate"
    assert caught.value.remedy


@pytest.mark.parametrize(("given", "sent"), [("a", "a"), ("a, b", "a,b"), (["a", 2], "a,2"), (None, None)])
def test_ids(given: Any, sent: str | None) -> None:
    assert rules.joined(given, field="msgIds") == sent


# ----------------------------------------------------------------------------------------------------------------- log


def page(*ids: int, total: int | None = None) -> dict[str, Any]:
    counted = {} if total is None else {"totalCount": total}
    return {"comHistoryRecords": [{"recordId": one, "comRef": "c"} for one in ids], **counted}


@pytest.mark.parametrize("total", [5, None])
async def test_pages(connect: Connect, server: O2gServer, total: int | None) -> None:
    client = await connect()
    server.answer("GET", RECORDS, json=page(1, 2, total=total))
    server.answer("GET", RECORDS, json=page(2, 3, total=total), then=True)  # one came meanwhile
    server.answer("GET", RECORDS, json=page(4, total=total), then=True)
    records = client.communication_log.all_records(unanswered=True, role="CALLEE", page=2)
    assert [record.record_id async for record in records] == [1, 2, 3, 4]
    assert [one.path.partition("?")[2] for one in server.asked("GET", RECORDS)] == [
        f"unanswered=true&role=CALLEE&offset={offset}&limit=2" for offset in (0, 2, 4)
    ]


async def test_an_empty_log(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", RECORDS, json={"totalCount": 0})
    assert [record async for record in client.communication_log.all_records()] == []
    assert len(server.asked("GET", RECORDS)) == 1


async def test_a_server_that_knows_no_pages_ends(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", RECORDS, json=page(1, 2, 3, total=9))
    assert [record.record_id async for record in client.communication_log.all_records(page=2)] == [1, 2, 3]


async def test_deleting_all_is_said(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    await client.communication_log.delete_records(all=True)
    assert server.requests[-1].path == RECORDS
    await client.communication_log.delete_records(unanswered=True)
    assert server.requests[-1].path == f"{RECORDS}?unanswered=true"
    await client.call(OPERATIONS["delete_records"], query={"all": True})
    assert server.requests[-1].path == RECORDS
    with pytest.raises(InvalidInput, match="everything"):
        await client.call(OPERATIONS["delete_records"])


# ------------------------------------------------------------------------------------------------------------- objects


async def test_instances_of_any_depth(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    objects = client.pbx_management
    deep = ObjectPath("Subscriber", "4722") / "Alias/5/Further"
    server.answer("GET", f"{OBJECTS}/Subscriber/4722/Alias/5/Further", json={"objectIds": ["a/b"]})
    listed = await objects.object_ids(
        1, deep, filter=attribute("Annu_Name").begins_with("Jz"), attributes=["Annu_Name", "Other"]
    )
    assert server.requests[-1].path.partition("?")[2] == "filter=Annu_Name%3D%3DJz%2A&attributes=Annu_Name%2COther"
    server.answer("GET", f"{OBJECTS}/Subscriber/4722/Alias/5/Further/a%2Fb", json={"objectId": "a/b"})
    found = await objects.pbx_object("1", deep / listed.object_ids[0])
    assert found.object_id == "a/b"
    await objects.delete_object(1, "Subscriber/4722/Alias/5", force=True)
    assert server.requests[-1].path == f"{OBJECTS}/Subscriber/4722/Alias/5?force"
    await objects.change_object(1, "Subscriber/4722", attributes({"Skills": ["3"]}), action="add")
    assert server.requests[-1].path == f"{OBJECTS}/Subscriber/4722?action=add"
    await objects.change_object(1, "Subscriber/4722", PbxAttributes(), action="ReinitMemory")
    assert server.requests[-1].json == {}


@pytest.mark.parametrize(
    ("scripted", "error"),
    [
        ({"status": 409}, Conflict),
        ({"status": 409, "json": {"code": 1006, "type": "BAD_PARAMETER"}}, Conflict),
        ({"status": 409, "json": {"code": 1000, "type": "NOT_READY"}}, NotReady),
        ({"status": 405}, RequestRefused),
    ],
)
async def test_conflicts(
    connect: Connect, server: O2gServer, scripted: dict[str, Any], error: type[RequestRefused]
) -> None:
    client = await connect()
    server.answer("PUT", f"{OBJECTS}/Subscriber/4722", **scripted)
    with pytest.raises(RequestRefused) as caught:
        await client.pbx_management.change_object(1, "Subscriber/4722", attributes({"Annu_Name": "Doe"}))
    assert type(caught.value) is error


# ---------------------------------------------------------------------------------------------------------------- sets


async def test_a_key_gets_its_position(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    sets = client.phone_set_programming
    await sets.set_programmeable_key("oxe1000", "1000", 3, ProgrammeableKey(number="1001", mnemonic="Bob"))
    assert server.requests[-1].path == f"{API}/users/oxe1000/devices/1000/programmeableKeys/3"
    assert server.requests[-1].json == {"position": 3, "number": "1001", "mnemonic": "Bob"}
    await sets.set_soft_key("oxe1000", "1000", 0, SoftKey(position=0))
    assert server.requests[-1].json == {"position": 0}
    await sets.set_lock("oxe1000", "1000", activate=False)
    assert server.requests[-1].path == f"{API}/users/oxe1000/devices/1000/lock?activate=false"


def test_secrets_are_not_shown() -> None:
    assert "4711" not in repr(Pin(pin_number="4711", pin_group=1))
    assert "4711" not in repr(ConnectRequest(password="4711"))


# -------------------------------------------------------------------------------------------------------------- agents


def test_withdrawn_however_it_is_said() -> None:
    for state in (AgentState(withdrawn=True), AgentState(withdraw=True), AgentState(sub_state=AgentSubState.WITHDRAW)):
        assert state.is_withdrawn
    assert not AgentState(sub_state=AgentSubState.READY).is_withdrawn


async def test_leaving_no_group_in_particular(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    await client.agent.exit_processing_group(PGRequest(pg_group_number=""))
    assert server.requests[-1].json == {"pgGroupNumber": ""}


async def test_an_administrator_asks_for_all_agents(connect: Connect, server: O2gServer) -> None:
    server.open_session(admin=True)
    client = await connect()
    await client.agent.agent_snapshot()
    assert server.requests[-1].path == f"{API}/acd/agent/state/snapshot"
    with pytest.raises(InvalidInput, match="loginName"):
        await client.agent.agent_state()


# ------------------------------------------------------------------------------------------------------------ refused

USERS = ("oxe1000", "1000")
WRONG: list[tuple[Call, str]] = [
    (lambda c: c.communication_log.delete_records(), "recordIdList"),
    (lambda c: c.communication_log.delete_records(unanswered=False), "recordIdList"),
    (lambda c: c.communication_log.delete_records(record_id_list=[]), "recordIdList"),
    (lambda c: c.communication_log.delete_records(all=True, role="CALLER"), "all"),
    (lambda c: c.communication_log.delete_records(record_id_list=[1], unanswered=True), "unanswered"),
    (lambda c: c.communication_log.records(record_id_list=[1], limit=5), "limit"),
    (lambda c: c.communication_log.records(record_id_list="one"), "recordIdList"),
    (lambda c: c.communication_log.records(role="UNKNOWN"), "role"),
    (lambda c: c.communication_log.records(offset=-1), "offset"),
    (lambda c: c.communication_log.records(limit=-1), "limit"),
    (lambda c: c.communication_log.records(after_date="2026-01-31T18:17:15"), "afterDate"),
    (
        lambda c: c.communication_log.records(after_date="2026-01-02T00:00:00Z", before_date="2026-01-02T00:00:00Z"),
        "beforeDate",
    ),
    (lambda c: c.call(OPERATIONS["records"], query={"afterDate": "2026-01-31"}), "afterDate"),
    (lambda c: c.call(OPERATIONS["records"], query={"limit": "many"}), "limit"),
    (lambda c: c.communication_log.record("x"), "recordId"),
    (lambda c: c.communication_log.acknowledge_records(UpdateComRecordsRequest(), acknowledge=True), "recordIds"),
    (lambda c: c.voicemail.connect_mailbox("1", ConnectRequest(password="1"), with_user_pwd=True), "withUserPwd"),
    (lambda c: c.voicemail.connect_mailbox("1", ConnectRequest(password="")), "password"),
    (lambda c: c.voicemail.connect_mailbox("1", ConnectRequest()), "password"),
    (lambda c: c.phone_set_programming.set_soft_key(*USERS, 3, SoftKey(position=4)), "position"),
    (lambda c: c.phone_set_programming.set_soft_key(*USERS, -1, SoftKey()), "position"),
    (lambda c: c.phone_set_programming.set_programmeable_key(*USERS, 1, ProgrammeableKey(number="Bob")), "number"),
    (lambda c: c.phone_set_programming.delete_soft_key(*USERS, -1), "position"),
    (lambda c: c.phone_set_programming.set_associate(*USERS, Associate(number="Bob")), "number"),
    (lambda c: c.phone_set_programming.set_pin(*USERS, Pin(pin_number="12a")), "Pin_Number"),
    (lambda c: c.phone_set_programming.set_pin(*USERS, Pin(pin_type_of_control="None")), "Pin_Type_Of_Control"),
    (lambda c: c.phone_set_programming.set_pin(*USERS, Pin(pin_type_of_control="PIN_Group_Control")), "Pin_Group"),
    (lambda c: c.phone_set_programming.set_pin(*USERS, Pin(pin_group=-1)), "Pin_Group"),
    (lambda c: c.phone_set_programming.prefix("oxe1000", type="", value="Lock"), "type"),
    (lambda c: c.pbx_management.pbx_object(1, "Subscriber"), "objectPath"),
    (lambda c: c.pbx_management.pbx_object(1, "Subscriber//Alias/5"), "objectPath"),
    (lambda c: c.pbx_management.pbx_object(1, "Subscriber/.."), "objectPath"),
    (lambda c: c.pbx_management.object_ids(1, "Subscriber/4722"), "objectPath"),
    (lambda c: c.pbx_management.object_ids(1, "Subscriber", attributes=[]), "attributes"),
    (lambda c: c.pbx_management.create_object(1, "Subscriber", PbxAttributes()), "attributes"),
    (
        lambda c: c.pbx_management.create_object(1, "A", PbxAttributes(attributes=(PbxAttribute(value=("1",)),))),
        "attributes.name",
    ),
    (
        lambda c: c.pbx_management.create_object(
            1, "A", PbxAttributes(attributes=(PbxAttribute(name="N"), PbxAttribute(name="N")))
        ),
        "N",
    ),
    (
        lambda c: c.pbx_management.create_object(
            1,
            "A",
            PbxAttributes(
                attributes=(PbxAttribute(name="N", value=("1",), complex_value=(PbxComplexAttribute(name="N"),)),)
            ),
        ),
        "N",
    ),
    (lambda c: c.agent.agent_log_on(LoggOnAgentRequest(pro_acd_device_number="")), "proAcdDeviceNumber"),
    (lambda c: c.agent.agent_log_on(LoggOnAgentRequest(pro_acd_device_number="desk")), "proAcdDeviceNumber"),
    (lambda c: c.agent.enter_processing_group(PGRequest(pg_group_number="")), "pgGroupNumber"),
    (lambda c: c.agent.intrude(IntrusionRequest(agent_number="")), "agentNumber"),
    (lambda c: c.agent.intrude(IntrusionRequest(agent_number="1", mode=IntrusionMode("LOUD"))), "mode"),
    (lambda c: c.agent.change_intrusion_mode(ChangeIntrusionModeRequest(mode=IntrusionMode("LOUD"))), "mode"),
    (lambda c: c.agent.permanent_listening(PermanentListeningRequest(agent_number="Bob")), "agentNumber"),
    (lambda c: c.agent.agent_withdraw(WithdrawAgentRequest(reason_index=0)), "reasonIndex"),
    (lambda c: c.agent.agent_withdraw(WithdrawAgentRequest(reason_index=10)), "reasonIndex"),
    (lambda c: c.agent.cancel_supervisor_help(other="Bob"), "other"),
    (lambda c: c.maintenance.license_available(lic=""), "lic"),
]


@pytest.mark.parametrize(("call", "field"), WRONG, ids=[f"{number}-{field}" for number, (_, field) in enumerate(WRONG)])
async def test_what_is_not_sent(connect: Connect, server: O2gServer, call: Call, field: str) -> None:
    client = await connect()
    before = len(server.requests)
    with pytest.raises(InvalidInput) as caught:
        await call(client)
    assert caught.value.field == field
    assert caught.value.remedy
    assert str(caught.value).startswith(f"{field}: ")
    assert len(server.requests) == before
