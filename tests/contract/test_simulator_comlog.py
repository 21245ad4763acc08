"""The simulator's side of the communication log, row by row and event by event."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.rows import OperationRow, TypeRow, events, held, operations
from tests.contract.simulated import (
    ALICE,
    BOB,
    CAROL,
    Case,
    Values,
    World,
    Wrong,
    acts_for_itself,
    const,
    misfits,
    needs_licence,
    needs_user,
    office,
    refuses_wrong_use,
    serves,
    settings,
    wrong_uses,
)

CHAPTER = "Communication log"
ROWS = operations([CHAPTER])
EVENTS = events([CHAPTER])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(settings()) as world:
        yield world


def ids(world: World, login: str = ALICE) -> list[int]:
    return [record.id for record in world.switch.log.records(login)]


def missed(world: World) -> Values:
    """Alice has missed Bob, and then Carol."""
    world.misses(BOB)
    world.clock.advance(60)
    world.misses(CAROL)
    first, second = ids(world)
    return {"recordId": first, "other": second}


def record_of(answer: Any, *, caller: str, callee: str) -> bool:
    """Whether the record is of a call between the two that was missed."""
    parts = {part["identity"]["id"]["loginName"]: part for part in answer["participants"]}
    return (
        parts.keys() == {caller, callee}
        and parts[callee]["role"] == "CALLEE"
        and parts[callee]["answered"] is False
        and parts[callee]["reason"] == "ABANDONED"
        and "role" not in parts[caller]
        and "answered" not in parts[caller]
        and answer["acknowledged"] is False
        and answer["endDate"] >= answer["beginDate"]
    )


CASES: dict[str, Case] = {
    "PUT /comlog/records": Case(
        missed,
        lambda v: {"recordIds": [v["recordId"]]},
        query="acknowledge=true",
        done=lambda w, v, a: w.state()["counters"]["missed_calls"] == 1,
    ),
    "GET /comlog/records": Case(
        missed,
        status=200,
        done=lambda w, v, a: (
            [record["recordId"] for record in a["comHistoryRecords"]] == [v["recordId"], v["other"]]
            and (a["offset"], a["limit"], a["totalCount"]) == (0, 0, 2)
            and record_of(a["comHistoryRecords"][0], caller=BOB, callee=ALICE)
        ),
    ),
    "DELETE /comlog/records": Case(missed, done=lambda w, v, a: ids(w) == [] and len(ids(w, BOB)) == 1),
    "GET /comlog/records/recordIds": Case(
        missed, status=200, done=lambda w, v, a: a == {"recordIds": [v["recordId"], v["other"]]}
    ),
    "GET /comlog/records/{recordId}": Case(
        missed,
        status=200,
        done=lambda w, v, a: a["recordId"] == v["recordId"] and record_of(a, caller=BOB, callee=ALICE),
    ),
    "DELETE /comlog/records/{recordId}": Case(missed, done=lambda w, v, a: ids(w) == [v["other"]]),
}


def of_bob(world: World) -> Values:
    """A record that is not Alice's."""
    world.misses(BOB)
    return {"recordId": ids(world, BOB)[0]}


FILTERS = [
    "unanswered=perhaps",
    "unacknowledged=",
    "afterDate=yesterday",
    "afterDate=2026-01-05T09:00:00",  # no zone
    "beforeDate=2026-13-05T09:00:00Z",
    "role=LISTENER",
    "recordIdList=1,x",
]
WRONG: dict[str, list[Wrong]] = {
    "PUT /comlog/records": [
        Wrong(missed, lambda v: {"recordIds": [v["recordId"]]}),
        Wrong(missed, lambda v: {"recordIds": [v["recordId"]]}, query="acknowledge=maybe"),
        Wrong(missed, const({"recordIds": []}), query="acknowledge=true"),
        Wrong(missed, const({}), query="acknowledge=true"),
    ],
    "GET /comlog/records": [
        *(Wrong(missed, query=query) for query in FILTERS),
        Wrong(query="offset=-1"),
        Wrong(query="limit=many"),
        Wrong(query="optimized=1"),
    ],
    "DELETE /comlog/records": [Wrong(missed, query=query) for query in FILTERS],
    "GET /comlog/records/{recordId}": [
        Wrong(const({"recordId": 4711}), status=404, type="NOT_FOUND"),
        Wrong(of_bob, status=404, type="NOT_FOUND"),
        Wrong(const({"recordId": "first"})),
    ],
    "DELETE /comlog/records/{recordId}": [
        Wrong(const({"recordId": 4711}), type="NOT_FOUND"),
        Wrong(of_bob, type="NOT_FOUND"),
        Wrong(const({"recordId": "-1"})),
    ],
}


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in ROWS} == CASES.keys()


@pytest.mark.parametrize("who", [ALICE, "administrator"])
@held("O2G operations", "simulator", ROWS)
async def test_served(world: World, row: OperationRow, who: str) -> None:
    await serves(world, row, CASES[row.id], who)


@held("O2G operations", "simulator", ROWS)
async def test_user_always_acts_for_itself(world: World, row: OperationRow) -> None:
    await acts_for_itself(world, row, CASES[row.id])


@held("O2G operations", "simulator", ROWS)
async def test_administrator_must_name_the_user(world: World, row: OperationRow) -> None:
    await needs_user(world, row, CASES[row.id])


@held("O2G operations", "simulator", ROWS)
async def test_licence_is_asked_for(world: World, row: OperationRow) -> None:
    await needs_licence(world, row, CASES[row.id].body({"recordId": 1}) if row.body else None)


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses(ROWS, WRONG))
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    await refuses_wrong_use(world, row, wrong, who)


# ------------------------------------------------------------------------------------------------------------ filtering


async def busy_morning(world: World) -> None:
    """Alice misses Bob at 9:00, talks with Carol at 9:10, calls Bob in vain at 9:20, misses one outside at 9:30."""
    world.misses(BOB)
    world.clock.advance(600)
    world.switch.drop(CAROL, world.talks(CAROL, ALICE))
    world.clock.advance(600)
    world.switch.drop(ALICE, world.dial(ALICE, "1001"))
    world.clock.advance(600)
    call = world.switch.incoming_external("0015550100", "1000", "Example Ltd")
    world.switch.external_hang_up(call.ref)
    world.settle()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3]),
        ("unanswered=true", [0, 3]),
        ("unanswered=false", [0, 1, 2, 3]),
        ("unacknowledged=true", [3]),
        ("unacknowledged=false", [0, 1, 2, 3]),
        ("role=CALLER", [2]),
        ("role=CALLEE", [0, 1, 3]),
        ("afterDate=2026-01-05T09:10:00.000Z", [1, 2, 3]),
        ("beforeDate=2026-01-05T09:20:00.000Z", [0, 1]),
        ("afterDate=2026-01-05T10:10:00%2B01:00&beforeDate=2026-01-05T09:30:00Z", [1, 2]),
        ("remotePartyId=oxe1001", [0, 2]),
        ("remotePartyId=1002", [1]),
        ("remotePartyId=0015550100", [3]),
        ("remotePartyId=oxe1000", []),
        ("role=CALLEE&remotePartyId=oxe1001&unanswered=true", [0]),
        ("recordIdList={0},{3}", [0, 3]),
        ("recordIdList={3};{1}&role=CALLER", [1, 3]),
        ("recordIdList=4711", []),
        ("comRef={ref}", [1]),
        ("somethingNew=7", [0, 1, 2, 3]),
    ],
)
async def test_filters(world: World, query: str, expected: list[int]) -> None:
    await busy_morning(world)
    records = world.switch.log.records(ALICE)
    numbers = [record.id for record in records]
    world.switch.log.acknowledge(ALICE, [numbers[0]])
    await world.log_in(ALICE)
    asked = query.format(*numbers, ref=records[1].ref)
    answer = (await world.ask("GET", f"/comlog/records?{asked}")).body
    assert [numbers.index(record["recordId"]) for record in answer.get("comHistoryRecords", [])] == expected
    assert answer["totalCount"] == len(expected)
    if query and query != "somethingNew=7" and "=false" not in query:
        assert (await world.ask("DELETE", f"/comlog/records?{asked}")).status == 204
        assert ids(world) == [number for index, number in enumerate(numbers) if index not in expected]


async def test_pages(world: World) -> None:
    await busy_morning(world)
    numbers = ids(world)
    await world.log_in(ALICE)
    for offset, limit in ((0, 2), (1, 2), (3, 2), (9, 2), (2, 0)):
        answer = (await world.ask("GET", f"/comlog/records?offset={offset}&limit={limit}")).body
        found = [record["recordId"] for record in answer.get("comHistoryRecords", [])]
        assert found == numbers[offset : offset + limit if limit else None]
        assert (answer["offset"], answer["limit"], answer["totalCount"]) == (offset, limit, 4)


async def test_optimized_names_everybody_once(world: World) -> None:
    missed(world)
    await world.log_in(ALICE)
    whole = (await world.ask("GET", "/comlog/records")).body["comHistoryRecords"]
    short = (await world.ask("GET", "/comlog/records?optimized=true")).body["comHistoryRecords"]
    assert short[0] == whole[0]
    mine = [part["identity"] for part in short[1]["participants"] if part.get("role") == "CALLEE"]
    assert mine == [{"id": {"phoneNumber": "1000"}}]
    others = [part["identity"] for part in short[1]["participants"] if "role" not in part]
    assert others[0]["lastName"] == "Diaz"  # she is new


async def test_anonymous_callers_are_not_named(world: World) -> None:
    call = world.switch.incoming_external("0015550100", "1000", "Secret Ltd", anonymous=True)
    world.switch.external_hang_up(call.ref)
    await world.log_in(ALICE)
    reply = await world.ask("GET", "/comlog/records")
    assert b"0015550100" not in reply.raw
    assert b"Secret" not in reply.raw
    (other,) = (part for part in reply.body["comHistoryRecords"][0]["participants"] if "role" not in part)
    assert other["anonymous"] is True


async def test_acknowledging_takes_the_missed_call_off_and_back(world: World) -> None:
    values = missed(world)
    await world.log_in(ALICE)
    count = lambda: world.state()["counters"]["missed_calls"]  # noqa: E731
    for acknowledge, left in (("true", 1), ("true", 1), ("false", 2)):
        body = {"recordIds": [values["recordId"], 4711]}
        reply = await world.ask("PUT", f"/comlog/records?acknowledge={acknowledge}", body)
        assert (reply.status, count()) == (204, left)
    assert (await world.ask("DELETE", f"/comlog/records/{values['other']}")).status == 204
    assert count() == 1


# --------------------------------------------------------------------------------------------------------------- events


async def a_day(world: World) -> None:
    """Whatever makes the log speak."""
    switch = world.switch
    values = missed(world)
    for query in ("true", "false"):
        body = {"recordIds": [values["recordId"]]}
        path = f"/comlog/records?acknowledge={query}&loginName={ALICE}"
        assert (await world.ask("PUT", path, body)).status == 204
    switch.drop(ALICE, world.talks(BOB, ALICE))
    switch.release(ALICE, world.confers())
    world.leaves_message()
    ringing = world.rings()
    switch.redirect(ALICE, ringing, "1002")
    world.clock.advance(1)
    switch.drop(BOB, ringing)
    call = switch.incoming_external("0015550101", "1000", anonymous=True)
    switch.external_hang_up(call.ref)
    switch.set_dnd(ALICE, True)
    world.dial(CAROL, "1000")
    world.dial(BOB, "0015550100")
    world.clock.advance(300)
    assert (await world.ask("DELETE", f"/comlog/records/{values['other']}?loginName={ALICE}")).status == 204
    assert (await world.ask("DELETE", f"/comlog/records?loginName={ALICE}")).status == 204


@pytest.fixture
async def sent(world: World) -> list[dict[str, Any]]:
    """All that comes over the channel on such a day."""
    await world.log_in("administrator")
    await world.listen("unifiedComLog")
    (subscribed,) = world.simulator.server.subscriptions.all
    await a_day(world)
    count = len(subscribed.queue)
    got: list[dict[str, Any]] = []
    address = f"{world.simulator.event_url}/OTEvents?subscriptionId={subscribed.id}"
    async with world.http.post(address, data=b"") as response:
        while len(got) < count + 1:
            got.append(json.loads(await asyncio.wait_for(response.content.readline(), 30)))
    return got[1:]


@held("O2G events", "simulator", EVENTS)
async def test_event_is_sent_as_it_is_defined(sent: list[dict[str, Any]], row: TypeRow) -> None:
    mine = [event for event in sent if event["eventName"] == row.name]
    assert mine, f"{row.name} was never sent"
    problems = {problem for event in mine for problem in misfits(event, row.name, row.chapter)}
    assert problems == set()


async def test_events_tell_the_log_as_it_is(sent: list[dict[str, Any]], world: World) -> None:
    """Whoever applies every event knows every log; owners are named by their logins only."""
    assert {event["eventName"] for event in sent} == {row.name for row in EVENTS}
    known: dict[str, dict[int, Any]] = {login: {} for login in world.switch.users}
    for event in sent:
        mine = known[event["loginName"]]
        match event["eventName"]:
            case "OnComRecordCreated" | "OnComRecordModified":
                mine[event["record"]["recordId"]] = event["record"]
                for part in event["record"]["participants"]:
                    if part["identity"]["id"].get("loginName") == event["loginName"]:
                        assert part["identity"] == {"id": {"loginName": event["loginName"]}}
            case "OnComRecordsAck" | "OnComRecordsUnAck":
                for number in event["recordIds"]:
                    mine[number]["acknowledged"] = event["eventName"] == "OnComRecordsAck"
            case "OnComRecordsDeleted":
                for number in event.get("recordIds", list(mine)):
                    del mine[number]
    assert known[ALICE] == {}
    assert {"eventName": "OnComRecordsDeleted", "loginName": ALICE} in sent
    for login, records in known.items():
        assert list(records) == ids(world, login)
        await world.log_in("administrator")
        reply = await world.ask("GET", f"/comlog/records?loginName={login}") if login != "basic" else None
        for record in reply.body.get("comHistoryRecords", []) if reply is not None else []:
            told = records[record["recordId"]]
            assert told.keys() == record.keys()
            assert [told[name] for name in ("beginDate", "endDate", "acknowledged")] == [
                record[name] for name in ("beginDate", "endDate", "acknowledged")
            ]


async def test_subscription_needs_the_licence(world: World) -> None:
    await world.log_in("basic")
    body = {"filter": {"selectors": [{"names": ["unifiedComLog"]}]}, "version": "1.0"}
    reply = await world.ask("POST", "/subscriptions", body)
    assert reply.body["status"] == "REFUSED"
    assert "TELEPHONY_ADVANCED" in reply.body["message"]
