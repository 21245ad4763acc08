"""The simulator's side of the maintenance service: the state of the system, its licences, and their events."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from tests.contract.rows import OperationRow, TypeRow, events, held, operations
from tests.contract.simulated import (
    ALICE,
    BOB,
    CAROL,
    DAVID,
    World,
    check_answer,
    check_refusal,
    misfits,
    office,
    settings,
)

CHAPTER = "Maintenance"
ROWS = {row.id: row for row in operations([CHAPTER])}
EVENTS = events([CHAPTER])
STATUS, LICENCES = "GET /system/status", "GET /system/licenses"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(settings(licence_expiration=date(2026, 3, 1), licences={"MESSAGING": 3})) as world:
        yield world


def only(name: str) -> Any:
    return held("O2G operations", "simulator", [ROWS[name]])


# --------------------------------------------------------------------------------------------------------------- status


@only(STATUS)
async def test_status(world: World, row: OperationRow) -> None:
    await world.log_in("administrator")
    reply = await world.ask("GET", row.path)
    check_answer(row, reply, 200)
    assert reply.body["ha"] is False
    assert reply.body["startDate"] == "2026-01-05T09:00:00.000Z"
    (node,) = reply.body["pbxs"]
    assert (node["nodeId"], node["ctiLinkState"], node["connected"], node["loaded"], node["secured"]) == (
        1,
        "CONNECTED_MAIN",
        True,
        True,
        False,
    )
    assert reply.body["license"]["status"] == "NORMAL"
    assert {entry["expiration"] for entry in reply.body["license"]["lics"]} == {"01-mar-2026"}


@only(STATUS)
async def test_status_is_for_administrators(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    check_refusal(row, await world.ask("GET", row.path), 403, "NOT_ALLOWED")


@only(STATUS)
async def test_status_follows_the_nodes(world: World, row: OperationRow) -> None:
    await world.log_in("administrator")

    async def node() -> tuple[Any, ...]:
        (found,) = (await world.ask("GET", row.path)).body["pbxs"]
        return found["ctiLinkState"], found["connected"], found["loaded"], found["monitoredUserNumber"]

    world.switch.nodes.link_down("1")
    assert await node() == ("DISCONNECTED", False, True, 0)
    world.switch.nodes.link_up("1", secondary=True)
    world.switch.nodes.unload("1")
    assert await node() == ("CONNECTED_SECONDARY", True, False, 0)
    world.switch.nodes.load("1")
    await world.listen("telephony")
    assert await node() == ("CONNECTED_SECONDARY", True, True, 4)


async def test_status_of_a_pair() -> None:
    async with office(settings(ha=True)) as world:
        await world.log_in("administrator")
        reply = await world.ask("GET", "/system/status")
        check_answer(ROWS[STATUS], reply, 200)
        assert reply.body["ha"] is True
        assert reply.body["primary"] != reply.body["secondary"]
        assert "ROXE_HA" in {entry["name"] for entry in reply.body["license"]["lics"]}


# ------------------------------------------------------------------------------------------------------------- licences


@pytest.mark.parametrize(
    "name",
    [
        "ROXE_API_TELEPHONY_ADVANCED",
        "TELEPHONY_ADVANCED",
        "ROXE_API_MESSAGING",
        "ROXE_API_PHONESETPROG",
        "API_CONTACTCENTER_AGENT",
        "ROXE_API_TELEPHONY_BASIC",
        "ROXE_API_MANAGEMENT",
    ],
)
@only(LICENCES)
async def test_licence_that_is_there(world: World, row: OperationRow, name: str) -> None:
    assert not world.cookies  # out of a session
    check_answer(row, await world.ask("GET", f"{row.path}?lic={name}"), 204)
    await world.log_in(ALICE)
    check_answer(row, await world.ask("GET", f"{row.path}?lic={name}"), 204)


@pytest.mark.parametrize("name", ["ROXE_HA", "ROXE_API_CLOUD_CONNECTIVITY"])
@only(LICENCES)
async def test_licence_that_is_not_there(world: World, row: OperationRow, name: str) -> None:
    check_refusal(row, await world.ask("GET", f"{row.path}?lic={name}"), 403, "NOT_FOUND")


@pytest.mark.parametrize("query", ["", "?lic=", "?lic=ROXE_COFFEE"])
@only(LICENCES)
async def test_licence_that_makes_no_sense(world: World, row: OperationRow, query: str) -> None:
    check_refusal(row, await world.ask("GET", row.path + query), 400, "BAD_PARAMETER")


@only(LICENCES)
async def test_licences_that_have_ended(world: World, row: OperationRow) -> None:
    world.clock.advance(75 * 86_400)  # 2026-03-21: within the days of grace
    assert (await world.ask("GET", f"{row.path}?lic=MESSAGING")).status == 204
    world.clock.advance(86_400)
    check_refusal(row, await world.ask("GET", f"{row.path}?lic=MESSAGING"), 403, "NOT_FOUND")


async def counted(world: World) -> dict[str, tuple[int, int]]:
    former = world.cookies
    await world.log_in("administrator")
    lics = (await world.ask("GET", "/system/status")).body["license"]["lics"]
    await world.ask("DELETE", "/sessions")
    world.cookies = former
    return {entry["name"].removeprefix("ROXE_API_"): (entry["total"], entry["currentUsed"]) for entry in lics}


async def test_licences_are_counted_where_they_are_used(world: World) -> None:
    assert await counted(world) == {
        "TEL_BASIC": (1, 0),
        "TEL_ADVANCED": (4, 0),
        "MESSAGING": (3, 0),
        "PHONESETPROG": (4, 0),
        "CONTACTCENTER_AGENT": (4, 0),
        "MANAGEMENT": (5, 5),
    }
    await world.log_in(ALICE)
    await world.ask("GET", "/telephony/calls")
    await world.ask("GET", "/telephony/calls")
    await world.ask("GET", "/messaging/mailboxes")
    now = await counted(world)
    assert (now["TEL_ADVANCED"], now["MESSAGING"]) == ((4, 1), (3, 1))
    await world.log_in(ALICE)  # another session of the same user takes no other
    await world.ask("GET", "/telephony/calls")
    assert (await counted(world))["TEL_ADVANCED"] == (4, 1)
    await world.log_in(BOB)
    await world.listen("telephony")
    assert (await counted(world))["TEL_ADVANCED"] == (4, 2)
    await world.ask("DELETE", "/sessions")
    assert (await counted(world))["TEL_ADVANCED"] == (4, 1)
    world.simulator.faults.expire_sessions()
    assert (await counted(world))["TEL_ADVANCED"] == (4, 0)


async def test_the_last_licence_is_the_last(world: World) -> None:
    for login in (ALICE, BOB, CAROL):
        await world.log_in(login)
        assert (await world.ask("GET", "/messaging/mailboxes")).status == 200
    await world.log_in(DAVID)
    reply = await world.ask("GET", "/messaging/mailboxes")
    check_refusal(None, reply, 403, "NOT_ALLOWED")
    assert "MESSAGING" in reply.body["innerMessage"]
    await world.log_in("administrator")
    assert (await world.ask("GET", f"/messaging/mailboxes?loginName={ALICE}")).status == 200  # she has hers
    assert (await world.ask("GET", f"/messaging/mailboxes?loginName={DAVID}")).status == 403


async def test_users_in_sessions_count_for_subscriptions() -> None:
    async with office(settings(licences={"TELEPHONY_ADVANCED": 2})) as world:
        await world.log_in(ALICE)
        await world.ask("GET", "/telephony/calls")
        await world.log_in("administrator")

        async def subscribe(*logins: str) -> Any:
            selectors = {"selectors": [{"ids": list(logins), "names": ["unifiedComLog"]}]}
            return (await world.ask("POST", "/subscriptions", {"filter": selectors, "version": "1.0"})).body

        refused = await subscribe(BOB, CAROL)
        assert (refused["status"], "2 TELEPHONY_ADVANCED" in refused["message"]) == ("REFUSED", True)
        assert (await subscribe(ALICE, BOB))["status"] == "ACCEPTED"
        await world.log_in(CAROL)
        check_refusal(None, await world.ask("GET", "/telephony/calls"), 403, "NOT_ALLOWED")


# --------------------------------------------------------------------------------------------------------------- events


async def told(world: World) -> list[dict[str, Any]]:
    """Everything that can be told of the system, once."""
    faults = world.simulator.faults
    await world.log_in("administrator")
    await world.listen("system")
    faults.cti_link_down()
    faults.cti_link_up(secondary=True)
    faults.pbx_loaded()
    faults.license_expiration(-3)
    return world.queued()


@held("O2G events", "simulator", EVENTS)
async def test_event_is_sent_as_it_is_defined(world: World, row: TypeRow) -> None:
    (event,) = (event for event in await told(world) if event["eventName"] == row.name)
    assert misfits(event, row.name, row.chapter) == []
    expected = {"nodeId": "1"} if "nodeId" in event else {"nbDays": -3, "message": event.get("message")}
    assert event == {"eventName": row.name, **expected}


async def test_events_come_in_their_order(world: World) -> None:
    names = [event["eventName"] for event in await told(world)]
    assert names == ["OnCtiLinkDown", "OnCtiLinkUp", "OnPbxLoaded", "OnLicenseExpiration"]
    assert set(names) == {row.name for row in EVENTS}


async def test_events_are_for_administrators(world: World) -> None:
    await world.log_in(ALICE)
    body = {"filter": {"selectors": [{"names": ["system"]}]}, "version": "1.0"}
    assert (await world.ask("POST", "/subscriptions", body)).status == 403


async def test_without_a_link_call_control_is_refused(world: World) -> None:
    await world.log_in(ALICE)
    world.simulator.faults.cti_link_down()
    for path in ("/telephony/calls", "/routing"):
        check_refusal(None, await world.ask("GET", path), 503, "NOT_READY")
    assert (await world.ask("GET", "/eventSummary")).status == 200
    world.simulator.faults.clear()
    assert (await world.ask("GET", "/telephony/calls")).status == 200


async def test_the_end_of_the_licences_is_told_once_a_day() -> None:
    """From thirty days before to twenty days after it, at the beginning of each day."""
    async with office(settings(licence_expiration=date(2026, 3, 1), time_to_live=86_400)) as world:
        await world.log_in("administrator")
        body = {"filter": {"selectors": [{"names": ["system"]}]}, "version": "1.0", "timeout": 0}
        assert (await world.ask("POST", "/subscriptions", body)).body["status"] == "ACCEPTED"
        (subscribed,) = world.simulator.server.subscriptions.all
        days: list[int] = []
        for _ in range(2 * 100):
            world.clock.advance(43_200)
            assert (await world.ask("POST", "/sessions/keepalive")).status == 204
            days += [json.loads(line)["nbDays"] for line in subscribed.queue]
            subscribed.queue.clear()
        assert days == list(range(30, -21, -1))


async def test_faults_are_on_the_control_path(world: World) -> None:
    base = f"{world.simulator.control_url}/faults"
    async with world.http.post(f"{base}/cti-link-down", data=b'{"node": "1"}') as response:
        assert (await response.json())["now"]["links_down"] == ["1"]
    async with world.http.post(f"{base}/cti_link_up", data=b'{"node": "77"}') as response:
        assert response.status == 400
        assert "node" in (await response.json())["error"]
    async with world.http.post(f"{base}/license-expiration", data=b'{"days": 3}') as response:
        assert response.status == 200
