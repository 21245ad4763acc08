"""What live O2G servers and released official clients do otherwise than the reference, row by row and on both sides.

The client's side is tested against answers and events in the form that others captured, over HTTP and without anything
of the simulator. The simulator's side is tested with requests as official clients send them.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from aiopbx import (
    AgentChanged,
    AgentSnapshot,
    NodeChanged,
    ServerStarted,
    Skill,
    Trunk,
    TwinLinkChanged,
)
from aiopbx.simulator import UserSpec
from aiopbx.simulator.switch.log import LogFilter
from tests.aiopbx.o2g.live_server import LOGIN, NUMBER, STATUS, USER, LiveServer, caught_up, connected
from tests.aiopbx.o2g.o2g_server import API
from tests.aiopbx.office import until
from tests.contract.rows import Row, corrections, held
from tests.contract.simulated import ALICE, BOB, CAROL, World, office, settings

ORIGIN = "https://app.example.com"


def client(name: str) -> Any:
    return held("O2G corrections", "client", corrections([name]))


def simulator(name: str) -> Any:
    return held("O2G corrections", "simulator", corrections([name]))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    users = settings().users
    agent = {"skills": [{"number": 7, "level": 4, "name": "French", "short_name": "FR", "domain": 2}]}
    first = users[0].model_dump() | {
        "email": "alice@example.com",
        "external_login": "alice@idp.example.com",
        "agent": agent,
    }
    chosen = settings(
        licence_expiration=date(2026, 12, 31),
        origins=(ORIGIN,),
        users=[UserSpec(**first), *users[1:]],
    )
    async with office(chosen) as world:
        yield world


@dataclass
class Raw:
    """An answer whose headers matter."""

    status: int
    headers: Any
    body: bytes


async def raw(world: World, method: str, url: str, headers: dict[str, str] | None = None) -> Raw:
    """Ask as a client does that is not ours."""
    cookies = "; ".join(f"{name}={value}" for name, value in world.cookies.items())
    async with world.http.request(method, url, headers={"Cookie": cookies, **(headers or {})}) as response:
        return Raw(response.status, response.headers, await response.read())


def api(world: World, path: str) -> str:
    return f"{world.simulator.url}/api/rest/1.0{path}"


# -------------------------------------------------------------------------------------------------------- the call log

RECORD: dict[str, Any] = {
    "recordId": 7,
    "comRef": "a6aaea5b21000700",
    "participants": [
        {"role": "CALLEE", "answered": True, "identity": {"id": {"loginName": LOGIN}}, "leg": NUMBER},
        {"identity": {"id": {"phoneNumber": "19140"}}},
    ],
    "beginDate": "2026-11-28T10:00:00.000Z",
    "convDate": "2026-11-28T10:00:20.000Z",
    "endDate": "2026-11-28T10:05:00.000Z",
    "holdDuration": 12,
    "transferredBy": "19142",
    "hexaBinaryAssociatedData": "63617365203432",
    "medias": ["AUDIO"],
}


async def logged(**changes: Any) -> Any:
    """The record as a client of a live server shows it."""
    async with connected() as (server, pbx):
        server.get("/comlog/records", {"comHistoryRecords": [RECORD | changes], "totalCount": 1})
        (record,) = [record async for record in pbx.line(LOGIN).call_log()]
        return record


@client("call log, time of answer")
async def test_call_log_time_of_answer_is_read(row: Row) -> None:
    assert (await logged()).answered_at == datetime(2026, 11, 28, 10, 0, 20, tzinfo=UTC)
    assert (await logged(convDate=None, conversationDate="2026-11-28T10:00:20.000Z")).answered_at is None


async def talked(world: World) -> dict[str, Any]:
    """Bob calls Alice, attaches data, Alice holds him for 5 seconds and gives him to Carol; Carol's record."""
    ref = world.switch.make_call(BOB, "1001", "1000", auto_answer=True, associated_data="case 42").ref
    world.clock.advance(2)
    world.switch.answer(ALICE, ref, "1000")
    world.switch.hold(ALICE, ref, "1000")
    world.clock.advance(5)
    world.switch.retrieve(ALICE, ref, "1000")
    world.switch.blind_transfer(ALICE, ref, "1002")
    (call,) = world.switch.call_views(CAROL)
    world.switch.answer(CAROL, call.ref, "1002")
    world.switch.hold(CAROL, call.ref, "1002")
    world.clock.advance(3)
    world.switch.release(CAROL, call.ref)
    await world.log_in(CAROL)
    reply = await world.ask("GET", "/comlog/records")
    return dict(reply.body["comHistoryRecords"][0])


@simulator("call log, time of answer")
async def test_call_log_time_of_answer_is_sent(world: World, row: Row) -> None:
    record = await talked(world)
    assert record["beginDate"] <= record["convDate"] < record["endDate"]
    assert "conversationDate" not in json.dumps(record)


@client("call log, more")
async def test_call_log_more_is_read(row: Row) -> None:
    record = await logged()
    assert (record.held_seconds, record.transferred_by, record.attached_data) == (12.0, "19142", "case 42")


@simulator("call log, more")
async def test_call_log_more_is_sent(world: World, row: Row) -> None:
    record = await talked(world)
    assert (record["holdDuration"], record["transferredBy"]) == (3, "1000")
    assert (record["associatedData"], record["hexaBinaryAssociatedData"]) == ("case 42", "63617365203432")
    own = next(part for part in record["participants"] if part.get("role") == "CALLEE")
    assert own["leg"] == "1002"


# ------------------------------------------------------------------------------------------------------ associated data


def call_event(**data: Any) -> dict[str, Any]:
    return {
        "eventName": "OnCallCreated",
        "loginName": LOGIN,
        "callRef": "a6aaea5b21000700",
        "callData": {"state": "RINGING_INCOMING", "tags": [], "capabilities": {"addMedias": []}, **data},
        "legs": [{"deviceId": NUMBER, "media": "AUDIO", "state": "RINGING_INCOMING"}],
        "participants": [{"participantId": "1", "identity": {"id": {"phoneNumber": "19140"}}}],
        "deviceCapabilities": [],
    }


@client("associated data")
async def test_associated_data_is_read_and_sent_in_hexadecimal(row: Row) -> None:
    async with connected() as (server, pbx):
        server.send(call_event(hexaBinaryAssociatedData="c3a4203432"))
        call = await pbx.line(LOGIN).wait_for_call(timeout=30)
        assert call.associated_data == "ä 42"
        server.answer("POST", f"{API}/telephony/calls/{call.ref}/attachdata", status=204)
        await call.attach_data("ä")
        (sent,) = server.asked("POST", f"{API}/telephony/calls/{call.ref}/attachdata")
        assert (sent.json["hexaBinaryAssociatedData"], sent.json["associatedData"]) == ("c3a4", "ä")


@simulator("associated data")
async def test_associated_data_is_taken_and_sent_in_hexadecimal(world: World, row: Row) -> None:
    await world.log_in(ALICE)
    await world.subscribe()
    body = {"deviceId": "1000", "callee": "1001", "hexaBinaryAssociatedData": "c3a4203432"}
    assert (await world.ask("POST", "/telephony/calls", body)).status in (200, 201)
    world.settle()
    data = [event["callData"] for event in world.queued() if event["eventName"] == "OnCallCreated"]
    assert {entry["hexaBinaryAssociatedData"] for entry in data} == {"c3a4203432"}


# ------------------------------------------------------------------------------------------------ licences and system


async def nodes_of(status: dict[str, Any]) -> Any:
    async with connected(lambda server: server.get("/system/status", status), administrator=True) as (_, pbx):
        return pbx.nodes.snapshot


@pytest.mark.parametrize("text", ["31-dec-2026", "12/31/2026"])
@client("licence expiry")
async def test_licence_expiry_is_read(row: Row, text: str) -> None:
    lics = [{"name": "ROXE_HA", "total": 1, "expiration": text}]
    (licence,) = (await nodes_of({**STATUS, "license": {**STATUS["license"], "lics": lics}})).licences
    assert licence.expires == date(2026, 12, 31)


async def system_status(world: World) -> dict[str, Any]:
    await world.log_in("administrator")
    return dict((await world.ask("GET", "/system/status")).body)


@simulator("licence expiry")
async def test_licence_expiry_is_sent(world: World, row: Row) -> None:
    assert {one["expiration"] for one in (await system_status(world))["license"]["lics"]} == {"31-dec-2026"}


@client("licence names")
async def test_licence_names_are_read_and_asked_for_in_both_spellings(row: Row) -> None:
    async with connected(administrator=True) as (server, pbx):
        names = [licence.name for licence in pbx.nodes.licences]
        assert "ROXE_API_TEL_ADVANCED" in names
        assert "ROXE_API_CONTACTCENTER_SVCS" in names
        path = f"{API}/system/licenses"
        refused = {"httpStatus": "FORBIDDEN", "code": 1003, "type": "NOT_FOUND"}
        for name in ("ROXE_API_TELEPHONY_ADVANCED", "ROXE_API_TEL_ADVANCED"):
            server.requests.clear()
            server.answer("GET", path, status=403, json=refused)
            server.answer("GET", path, status=204, then=True)
            assert await pbx.nodes.has_licence(name)
            assert {one.path.partition("lic=")[2] for one in server.asked("GET", path)} == {
                "ROXE_API_TELEPHONY_ADVANCED",
                "ROXE_API_TEL_ADVANCED",
            }
        server.answer("GET", path, status=403, json=refused)
        assert not await pbx.nodes.has_licence("ROXE_API_TEL_BASIC")


@simulator("licence names")
async def test_licence_names_are_those_of_live_servers(row: Row) -> None:
    kinds = {"TOKEN_MODE": 1, "ANALYTICS": 1, "CONTACTCENTER_RSI": 5, "CONTACTCENTER_SVCS": 1, "CLOUD_CONNECTIVITY": 1}
    async with office(settings(licences=kinds)) as world:
        names = {one["name"] for one in (await system_status(world))["license"]["lics"]}
        assert names >= {f"ROXE_API_{kind}" for kind in ("TEL_BASIC", "TEL_ADVANCED", *kinds)}
        for name in (
            "ROXE_API_TEL_ADVANCED",
            "ROXE_API_TELEPHONY_ADVANCED",
            "TELEPHONY_BASIC",
            "ROXE_API_TEL_BASIC",
            "CONTACTCENTER_SERVICE",
        ):
            assert (await world.ask("GET", f"/system/licenses?lic={name}")).status == 204, name


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({}, None),
        ({"status": "PANIC"}, "PANIC"),
        ({"status": "PANIC", "statusMessage": "no answer"}, "PANIC: no answer"),
    ],
)
@client("licence status")
async def test_licence_status_is_read(row: Row, changes: dict[str, str], trouble: str | None) -> None:
    status = {**STATUS, "license": {**STATUS["license"], **changes}}
    assert (await nodes_of(status)).licence_trouble == trouble


@simulator("licence status")
async def test_licence_status_is_sent(world: World, row: Row) -> None:
    licence = (await system_status(world))["license"]
    assert (licence["type"], licence["context"], licence["status"], licence["statusMessage"]) == (
        "FLEXLM",
        "",
        "NORMAL",
        "",
    )
    assert licence["currentServer"]
    world.simulator.faults.licence_server()
    licence = (await system_status(world))["license"]
    assert licence["status"] != "NORMAL"
    assert licence["statusMessage"]


@client("system status")
async def test_system_status_of_a_live_server_is_known_whole(row: Row) -> None:
    async with connected(administrator=True) as (_, pbx):
        known = pbx.statistics.unknown_fields
        status = await pbx.o2g.maintenance.system_status()
        assert pbx.statistics.unknown_fields == known
        assert status.primary_services_status is not None
        assert [one.name for one in status.primary_services_status.services] == ["flexlm", "tomcat"]
        assert (status.subscriber_filter, status.call_center_features_active) == ("ALL", True)
        assert status.pbxs[0].lms_connection_status is False
        assert status.system_resources is not None
        assert json.loads(status.to_json())["primaryServicesStatus"]["globalIPAdress"] == ""


@simulator("system status")
async def test_system_status_has_what_live_servers_send(row: Row) -> None:
    async with office(settings(ha=True)) as world:
        status = await system_status(world)
        fields = {"primaryServicesStatus", "secondaryServicesStatus", "systemResources", "subscriberFilter"}
        assert status.keys() >= fields | {"applicationId", "recordingStatus", "callCenterFeaturesActive"}
        assert status["pbxs"][0]["lmsConnectionStatus"] is True


# -------------------------------------------------------------------------------------------------- objects and people

TYPES = ("OctetString", "Integer", "Enumerated", "Boolean", "Sequence", "Set", "ByteString")


@client("object model")
async def test_object_model_is_read(row: Row) -> None:
    async with connected(administrator=True) as (server, pbx):
        attributes = [{"name": kind, "typeValue": kind, "defaultValue": "A"} for kind in TYPES]
        attributes.append({"name": "old", "typeValue": "octetString", "defautValue": "B"})
        server.get("/pbxs/7/model/Subscriber", {"objectName": "Subscriber", "attributes": attributes, "objects": []})
        kind = await pbx.objects.model("Subscriber", node="7")
        assert [one.kind for one in kind.attributes] == [*TYPES, "octetString"]
        assert [one.default for one in kind.attributes] == ["A"] * len(TYPES) + ["B"]


@simulator("object model")
async def test_object_model_is_sent(world: World, row: Row) -> None:
    await world.log_in("administrator")
    model = (await world.ask("GET", "/pbxs/1/model")).body

    def attributes(kind: dict[str, Any]) -> list[dict[str, Any]]:
        found = list(kind["attributes"])
        for below in kind["objects"]:
            found += attributes(below)
        return found

    found = attributes(model)
    assert {one["typeValue"] for one in found} <= set(TYPES)
    assert any("defaultValue" in one for one in found)
    assert not any("defautValue" in one for one in found)


@client("user")
async def test_user_is_read_by_login_or_number(row: Row) -> None:
    user = {**USER, "externalLogin": "se@idp.example.com", "eMailAddress": "se@example.com"}
    async with connected(lambda server: server.get(f"/users/{LOGIN}", user)) as (server, pbx):
        line = pbx.line(LOGIN).snapshot
        assert (line.external_login, line.email) == ("se@idp.example.com", "se@example.com")
        server.get(f"/users/{NUMBER}", user)
        assert (await pbx.o2g.users.user(NUMBER)).login_name == LOGIN


@simulator("user")
async def test_user_is_found_by_login_or_number(world: World, row: Row) -> None:
    await world.log_in("administrator")
    by_login, by_number = [await world.ask("GET", f"/users/{name}") for name in (ALICE, "1000")]
    assert by_login.body == by_number.body
    assert (by_login.body["externalLogin"], by_login.body["eMailAddress"]) == (
        "alice@idp.example.com",
        "alice@example.com",
    )


@client("call data")
async def test_call_data_is_read(row: Row) -> None:
    async with connected() as (server, pbx):
        known = pbx.statistics.unknown_fields
        server.send(
            call_event(
                lastRedirecting={"id": {"loginName": "oxe19142", "phoneNumber": "19142", "multiLine": True}},
                trunkIdentification={"networkTimeslot": 3, "trunkNeqt": [101, 102]},
            )
        )
        call = await pbx.line(LOGIN).wait_for_call(timeout=30)
        assert call.redirected_by is not None
        assert (call.redirected_by.number, call.redirected_by.login) == ("19142", "oxe19142")
        assert call.trunk == Trunk(timeslot=3, equipment=(101, 102))
        assert pbx.statistics.unknown_fields == known


@simulator("call data")
async def test_call_data_is_sent(world: World, row: Row) -> None:
    await world.log_in(BOB)
    await world.subscribe()
    call = world.switch.incoming_external("+15550123", "1000")
    world.switch.redirect(ALICE, call.ref, "1001")
    world.settle()
    (event,) = [event for event in world.queued() if event["eventName"] == "OnCallCreated"]
    assert event["callData"]["lastRedirecting"]["id"]["phoneNumber"] == "1000"
    assert event["callData"]["trunkIdentification"] == {"networkTimeslot": 1, "trunkNeqt": [256]}


# --------------------------------------------------------------------------------------------------------- the channel

SKILL = {"number": 7, "level": 4, "active": True, "domain": 2, "name": "French", "abvName": "FR"}


@client("skills of agents")
async def test_skills_of_agents_are_read(row: Row) -> None:
    def an_agent(server: LiveServer) -> None:
        server.get(
            "/acd/agent/config", {"type": "AGENT", "skills": {"skills": [SKILL, {"number": 8, "abvName": "DE"}]}}
        )
        server.get("/acd/agent/state", {"mainState": "LOG_OFF"})

    async with connected(an_agent) as (_, pbx):
        agent = pbx.line(LOGIN).snapshot.agent
        assert agent is not None
        assert agent.skills[0] == Skill(number=7, level=4, active=True, name="French", domain=2)
        assert agent.skills[1].name == "DE"


@simulator("skills of agents")
async def test_skills_of_agents_are_sent(world: World, row: Row) -> None:
    await world.log_in(ALICE)
    config = (await world.ask("GET", "/acd/agent/config")).body
    assert config["skills"]["skills"] == [SKILL]


@pytest.mark.parametrize("wrapped", [False, True], ids=["a list", "an object"])
@client("events of newer servers")
async def test_events_of_newer_servers_are_read(row: Row, wrapped: bool) -> None:
    async with connected(administrator=True) as (server, pbx):
        seen: list[Any] = []
        pbx.subscribe(seen.append, kind=(NodeChanged, TwinLinkChanged, ServerStarted, AgentChanged))
        server.send({"eventName": "OnPbxLinkDown", "nodeId": "7"})
        await caught_up(server, pbx)
        assert pbx.nodes.snapshot.nodes[0].management_link is False
        server.send({"eventName": "OnPbxLinkUp", "nodeId": "7"})
        server.send({"eventName": "OnRemoteServerLinkDown", "host": "o2g2.example.com"})
        server.send({"eventName": "OnRemoteServerLinkUp", "host": "o2g2.example.com"})
        server.send({"eventName": "OnServerStart", "serverId": "o2g1"})
        changed = [{"number": 7, "active": False}]
        skills: Any = {"skills": changed} if wrapped else changed
        server.send({"eventName": "OnAgentSkillChanged", "loginName": LOGIN, "skills": skills})
        await caught_up(server, pbx)
        assert pbx.statistics.bad_fields == 0
        assert [type(event) for event in seen] == [
            NodeChanged,
            NodeChanged,
            TwinLinkChanged,
            TwinLinkChanged,
            ServerStarted,
            AgentChanged,
        ]
        assert [event.node.management_link for event in seen[:2]] == [False, True]
        assert [event.connected for event in seen[2:4]] == [False, True]
        assert {event.host for event in seen[2:4]} == {"o2g2.example.com"}
        assert seen[4].server == "o2g1"
        assert seen[5].agent == AgentSnapshot(skills=(Skill(number=7, active=False),))
        assert pbx.nodes.snapshot.twin_connected is True
        await pbx.nodes.refresh()
        assert pbx.nodes.snapshot.twin_connected is True, "nothing that is read says so"
        assert pbx.nodes.snapshot.nodes[0].management_link is True


@simulator("events of newer servers")
async def test_events_of_newer_servers_are_sent(row: Row) -> None:
    agent = {"skills": [{"number": 7}, {"number": 8}]}
    alice = {"login": ALICE, "number": "1000", "agent": agent}
    async with office(settings(ha=True, users=[UserSpec(**alice)])) as world:
        await world.log_in("administrator")
        await world.listen("system", "agent")
        world.switch.nodes.management_link_down("1")
        world.switch.nodes.management_link_down("1")
        world.switch.nodes.management_link_up("1")
        world.switch.set_skill(ALICE, 8, active=False)
        world.switch.set_skill(ALICE, 8, active=False)
        await world.simulator.take_down("secondary")
        await world.simulator.bring_back("secondary", in_charge=False)
        world.simulator.announce_start()
        (subscribed,) = world.simulator.servers[0].subscriptions.all
        events = [json.loads(line) for line in subscribed.queue]
        assert [event.pop("eventName") for event in events] == [
            "OnPbxLinkDown",
            "OnPbxLinkUp",
            "OnAgentSkillChanged",
            "OnRemoteServerLinkDown",
            "OnRemoteServerLinkUp",
            "OnServerStart",
        ]
        assert events[0] == events[1] == {"nodeId": "1"}
        assert events[2]["loginName"] == ALICE
        assert events[2]["skills"]["skills"] == [{"number": 8, "level": 1, "active": False, "domain": 1}]
        assert events[3] == events[4] == {"host": "secondary.o2g.example.com"}
        assert events[5] == {"serverId": "primary.o2g.example.com"}


@client("subscription")
async def test_subscription_names_ids_wherever_a_server_wants_them(row: Row) -> None:
    async with connected(administrator=True) as (server, _):
        (asked,) = server.asked("POST", f"{API}/subscriptions")
        selectors = asked.json["filter"]["selectors"]
        assert {name for one in selectors for name in one["names"]} >= {"user", "userManagement"}
        assert all(one["ids"] == ["*"] for one in selectors if {"user", "userManagement"} & set(one["names"]))


@pytest.mark.parametrize("ids", [{}, {"ids": []}], ids=["absent", "empty"])
@simulator("subscription")
async def test_subscription_without_ids_is_accepted(world: World, row: Row, ids: dict[str, Any]) -> None:
    wanted = {"selectors": [{**ids, "names": ["userManagement"]}, {**ids, "names": ["user"]}]}
    for who in (ALICE, "administrator"):
        await world.log_in(who)
        reply = await world.ask("POST", "/subscriptions", {"filter": wanted, "version": "1.0", "timeout": 10})
        assert reply.body["status"] == "ACCEPTED", reply.body
    world.simulator.add_user(UserSpec(login="oxe1999", number="1999"))
    mine, everybody = world.simulator.server.subscriptions.all
    assert [json.loads(line)["eventName"] for line in everybody.queue] == ["OnUserCreated"]
    assert not mine.queue
    changes = {"attributes": [{"name": "Annu_Name", "value": ["Changed"]}]}
    assert (await world.ask("PUT", "/pbxs/1/instances/Subscriber/1001", changes)).status == 204
    assert "OnUserInfoChanged" in [json.loads(line)["eventName"] for line in everybody.queue]
    assert not mine.queue, "a user gets its own"


@client("empty lists")
async def test_empty_lists_are_read(row: Row) -> None:
    async with connected() as (server, pbx):
        server.get("/comlog/records", {"comHistoryRecords": [], "offset": 0, "limit": 0, "totalCount": 0})
        assert [record async for record in pbx.line(LOGIN).call_log()] == []
        server.send(call_event())
        call = await pbx.line(LOGIN).wait_for_call(timeout=30)
        devices = pbx.line(LOGIN).snapshot.devices
        nothing: dict[str, list[Any]] = {
            name: []
            for name in (
                "modifiedLegs",
                "addedLegs",
                "removedLegs",
                "modifiedParticipants",
                "addedParticipants",
                "removedParticipantIds",
                "deviceCapabilities",
            )
        }
        server.send({"eventName": "OnCallModified", "loginName": LOGIN, "callRef": call.ref, **nothing})
        await caught_up(server, pbx)
        assert (len(call.legs), len(call.parties)) == (1, 1)
        assert pbx.line(LOGIN).snapshot.devices == devices
        assert pbx.statistics.bad_fields == 0


@simulator("empty lists")
async def test_empty_lists_are_sent_or_left_out(row: Row) -> None:
    for sent in (True, False):
        async with office(settings(empty_lists=sent)) as world:
            await world.log_in(ALICE)
            await world.subscribe()
            state = (await world.ask("GET", "/telephony/state")).body
            assert state.get("calls") == ([] if sent else None)
            log = (await world.ask("GET", "/comlog/records")).body
            assert log.get("comHistoryRecords") == ([] if sent else None)
            ref = world.talks()
            event = next(one for one in reversed(world.queued()) if one["eventName"] == "OnCallModified")
            assert event["callRef"] == ref
            for name in ("addedLegs", "removedLegs", "removedParticipantIds"):
                assert event.get(name) == ([] if sent else None), name
            world.switch.log.delete_where(ALICE, LogFilter())
            for one in world.queued():
                if one["eventName"] == "OnComRecordsDeleted":
                    assert one.get("recordIds") != [], "that would mean all of them"


# ----------------------------------------------------------------------------------------------------------- voicemail


@client("voicemail audio")
async def test_voicemail_audio_that_comes_in_part_or_with_a_name_is_read(row: Row) -> None:
    async with connected() as (server, pbx):
        server.answer("POST", f"{API}/messaging/mailboxes/5", json={"totalVoiceMsg": 1})
        headers = [
            ("Content-Type", "audio/wav"),
            ("Content-Disposition", 'attachment; filename="vm1.wav"'),
            ("Content-Range", "bytes 0-3/4"),
        ]
        server.answer("GET", f"{API}/messaging/mailboxes/5/voicemails/vm1", status=206, text=b"RIFF", headers=headers)
        await pbx.o2g.voicemail.connect_mailbox("5", with_user_pwd=True)
        async with await pbx.o2g.voicemail.download_voicemail("5", "vm1") as recording:
            assert recording.file_name == "vm1.wav"
            assert b"".join([chunk async for chunk in recording]) == b"RIFF"


@simulator("voicemail audio")
async def test_voicemail_audio_comes_in_ranges(world: World, row: Row) -> None:
    message = world.leaves_message()
    await world.log_in(ALICE)
    assert (await world.ask("POST", "/messaging/mailboxes/1000?withUserPwd")).status == 200
    url = api(world, f"/messaging/mailboxes/1000/voicemails/{message}")
    whole = await raw(world, "GET", url)
    size = len(whole.body)
    assert (whole.status, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert whole.headers["Content-Disposition"] == f'attachment; filename="{message}.wav"'
    for asked, first, last in (
        ("bytes=0-1", 0, 1),
        (f"bytes={size - 4}-", size - 4, size - 1),
        ("bytes=-4", size - 4, size - 1),
        ("bytes=10-99999999", 10, size - 1),
    ):
        part = await raw(world, "GET", url, headers={"Range": asked})
        assert part.status == 206, asked
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert part.body == whole.body[first : last + 1]
    for meaningless in ("bytes=-", "bytes=5-2", "lines=0-1", "bytes=0-1,4-5"):
        assert (await raw(world, "GET", url, headers={"Range": meaningless})).status == 200, meaningless
    behind = await raw(world, "GET", url, headers={"Range": f"bytes={size}-"})
    assert (behind.status, behind.headers["Content-Range"]) == (416, f"bytes */{size}")


# ---------------------------------------------------------------------------------------------- browsers, ways, manners


@client("CORS")
async def test_cors_is_no_business_of_a_client_that_is_no_page(row: Row) -> None:
    async with connected() as (server, _):
        assert not any("Origin" in one.headers for one in server.requests)


@simulator("CORS")
async def test_cors_is_for_the_origins_of_the_list_with_credentials(world: World, row: Row) -> None:
    await world.log_in(ALICE)
    await world.subscribe()
    for url in (api(world, "/telephony/state"), world.polling):
        asks = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        allowed = await raw(world, "OPTIONS", url, headers=asks)
        assert allowed.status == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert allowed.headers["Access-Control-Allow-Credentials"] == "true"
        assert allowed.headers["Access-Control-Allow-Headers"] == "content-type"
        assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
        other = await raw(world, "OPTIONS", url, headers={**asks, "Origin": "https://other.example.com"})
        assert (other.status, other.headers.get("Access-Control-Allow-Origin")) == (403, None)
    for origin, seen in ((ORIGIN, ORIGIN), ("https://other.example.com", None)):
        answer = await raw(world, "GET", api(world, "/telephony/state"), headers={"Origin": origin})
        assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (200, seen)
        assert answer.headers["Vary"] == "Origin"
        async with world.http.get(world.polling, headers={"Origin": origin}) as channel:
            assert channel.headers.get("Access-Control-Allow-Origin") == seen
            assert json.loads(await channel.content.readline())["text"] == "Chunk started"
    message = world.leaves_message()
    await world.ask("POST", "/messaging/mailboxes/1000?withUserPwd")
    path = f"/messaging/mailboxes/1000/voicemails/{message}"
    assert (await raw(world, "GET", api(world, path), headers={"Origin": ORIGIN})).headers[
        "Access-Control-Allow-Origin"
    ] == ORIGIN
    gone = await raw(world, "GET", f"{world.simulator.event_url}/OTEvents?subscriptionId=x", headers={"Origin": ORIGIN})
    assert (gone.status, gone.headers["Access-Control-Allow-Origin"]) == (404, ORIGIN)


@simulator("CORS")
async def test_cors_is_for_nobody_at_first(row: Row) -> None:
    async with office(settings()) as world:
        await world.log_in(ALICE)
        answer = await raw(world, "GET", api(world, "/telephony/state"), headers={"Origin": ORIGIN})
        assert (answer.status, answer.headers.get("Access-Control-Allow-Origin")) == (200, None)


@client("polling URL")
async def test_polling_url_is_used_as_it_is_given(row: Row) -> None:
    async with connected() as (server, pbx):
        assert [one.path.partition("=")[0] for one in server.requests if "OTEvents" in one.path] == [
            "/OTEvents?subscriptionId"
        ]
        (opened,) = [one for one in server.requests if "OTEvents" in one.path]
        assert "Cookie" not in opened.headers
        assert "Authorization" not in opened.headers
        assert pbx.status == "online"


@simulator("polling URL")
async def test_polling_url_has_the_subscription_in_its_query(world: World, row: Row) -> None:
    await world.log_in(ALICE)
    key = await world.subscribe()
    assert world.polling == f"{world.simulator.event_url}/OTEvents?subscriptionId={key}"
    async with world.http.post(world.polling) as channel:
        assert channel.status == 200
    for path in ("/OTEvents", "/OTEvents?subscriptionId=other", f"/api/events/{key}"):
        async with world.http.post(world.simulator.event_url + path) as refused:
            assert refused.status == 404


@client("keep-alive")
async def test_keep_alive_is_sent_long_before_the_time_is_over(row: Row) -> None:
    async with connected(lambda server: server.open_session(timeToLive=6)) as (server, _):
        began = asyncio.get_running_loop().time()
        await until(lambda: server.asked("POST", f"{API}/sessions/keepalive"))
        assert asyncio.get_running_loop().time() - began < 6 * 0.9


@pytest.mark.parametrize("share", [0.9, 1.0], ids=["0.9 of the time", "all of it"])
@simulator("keep-alive")
async def test_keep_alive_comes_in_time(world: World, row: Row, share: float) -> None:
    await world.log_in(ALICE)
    for _ in range(3):
        world.clock.advance(1800 * share)
        assert (await world.ask("POST", "/sessions/keepalive")).status == 204
    world.clock.advance(1800 + 60)
    assert (await world.ask("POST", "/sessions/keepalive")).status == 403


@client("ids in lists")
async def test_ids_in_lists_are_joined_by_semicolons(row: Row) -> None:
    async with connected(administrator=True) as (server, pbx):
        await pbx.o2g.users.logins(node_ids=[1, 2], only_acd=True)
        server.answer("DELETE", f"{API}/messaging/mailboxes/5/voicemails", status=204)
        await pbx.o2g.voicemail.delete_voicemails("5", msg_ids=["a", "b"], login_name=LOGIN)
        server.answer("POST", f"{API}/messaging/mailboxes/5", json={})
        await pbx.o2g.voicemail.connect_mailbox("5", with_user_pwd=True, login_name=LOGIN)
        server.answer("DELETE", f"{API}/pbxs/7/instances/Subscriber/1", status=204)
        await pbx.o2g.pbx_management.delete_object("7", "Subscriber/1", force=True)
        queries = [one.path.partition("?")[2].replace("%3B", ";") for one in server.requests]
        assert "nodeIds=1;2&onlyACD" in queries
        assert f"msgIds=a;b&loginName={LOGIN}" in queries
        assert f"withUserPwd&loginName={LOGIN}" in queries
        assert "force" in queries


@pytest.mark.parametrize("separator", [";", ","])
@simulator("ids in lists")
async def test_ids_in_lists_are_joined_by_either(world: World, row: Row, separator: str) -> None:
    first, second = world.leaves_message(), world.leaves_message()
    await world.log_in("administrator")
    logins = (await world.ask("GET", f"/logins?nodeIds=1{separator}2&onlyACD")).body
    assert logins == {"loginNames": [ALICE]}
    await world.log_in(ALICE)
    assert (await world.ask("POST", "/messaging/mailboxes/1000?withUserPwd")).status == 200
    query = f"msgIds={first}{separator}{second}"
    assert (await world.ask("DELETE", f"/messaging/mailboxes/1000/voicemails?{query}")).status == 204
    assert world.switch.mailboxes.messages(ALICE) == ()


@client("station types")
async def test_station_types_are_shown_as_they_come(row: Row) -> None:
    devices = [{"type": "DESKPHONE", "id": NUMBER, "subType": "NOE_C_IP"}]
    async with connected(lambda server: server.get(f"/users/{LOGIN}", {**USER, "devices": devices})) as (_, pbx):
        assert [device.sub_kind for device in pbx.line(LOGIN).snapshot.devices] == ["NOE_C_IP"]


@simulator("station types")
async def test_station_types_of_official_samples_can_be_created(world: World, row: Row) -> None:
    await world.log_in("administrator")
    attributes = [
        {"name": "Directory_Number", "value": ["1777"]},
        {"name": "Station_Type", "value": ["NOE_C_IP"]},
    ]
    reply = await world.ask("POST", "/pbxs/1/instances/Subscriber", {"attributes": attributes})
    assert reply.status == 201, reply.body
    assert world.switch.by_number("1777") is not None


@client("supervisor help")
async def test_supervisor_help_is_cancelled_by_delete(row: Row) -> None:
    async with connected() as (server, pbx):
        server.answer("DELETE", f"{API}/acd/agent/supervisorHelp", status=204)
        await pbx.o2g.agent.cancel_supervisor_help(other="1001")
        (asked,) = server.asked("DELETE", f"{API}/acd/agent/supervisorHelp")
        assert asked.path.endswith("?other=1001")


@simulator("supervisor help")
async def test_supervisor_help_is_cancelled(row: Row) -> None:
    users = [
        UserSpec(login=ALICE, number="1000", agent={"groups": ["7000"], "preferred": "7000"}),
        UserSpec(login=BOB, number="1001", agent={"type": "SUPERVISOR", "groups": ["7000"], "preferred": "7000"}),
    ]
    async with office(settings(users=users)) as world:
        world.switch.agent_log_on(ALICE, "1000", "7000")
        world.switch.agent_log_on(BOB, "1001", "7000")
        await world.log_in(ALICE)
        assert (await world.ask("POST", "/acd/agent/supervisorHelp")).status in (200, 204)
        assert (await world.ask("DELETE", "/acd/agent/supervisorHelp?other=1001")).status in (200, 204)


# ------------------------------------------------------- what official clients do otherwise than the reference, besides


async def test_clients_capitalise_what_a_recording_should_do(world: World) -> None:
    ref = world.talks()
    await world.log_in(ALICE)
    assert (await world.ask("POST", f"/telephony/calls/{ref}/recording?action=Start")).status == 204
    assert world.switch.call_view(ALICE, ref).record_state == "RECORDING"


async def test_clients_send_one_overflow_route_in_the_place_of_a_list(world: World) -> None:
    await world.log_in(ALICE)
    route = {"overflowType": "BUSY", "destinations": [{"type": "VOICEMAIL"}]}
    assert (await world.ask("POST", "/routing/overflowroute", {"overflowRoutes": route})).status == 204
    assert world.switch.users[ALICE].overflow is not None


async def test_clients_name_the_associate_otherwise(world: World) -> None:
    await world.log_in(ALICE)
    assert (await world.ask("PUT", f"/users/{ALICE}/devices/1000/associate", {"associate": "1001"})).status == 204
    assert world.switch.users[ALICE].associate == "1001"


async def test_clients_shorten_how_a_supervisor_enters_and_leaves_a_group() -> None:
    supervisor = {"type": "SUPERVISOR", "groups": ["7000"], "preferred": "7000"}
    async with office(settings(users=[UserSpec(login=ALICE, number="1000", agent=supervisor)])) as world:
        await world.log_in(ALICE)
        world.switch.agent_log_on(ALICE, "1000")
        assert (await world.ask("POST", "/acd/agent/enter", {"pgGroupNumber": "7000"})).status == 204
        assert (await world.ask("POST", "/acd/agent/exit", {"pgGroupNumber": "7000"})).status == 204
