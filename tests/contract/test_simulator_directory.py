"""The simulator's side of the directory service, row by row."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.simulator import UserSpec
from tests.contract.rows import OperationRow, held, operations
from tests.contract.simulated import (
    ALICE,
    BOB,
    CAROL,
    DAVID,
    Case,
    Values,
    World,
    Wrong,
    acts_for_itself,
    check_refusal,
    const,
    needs_licence,
    needs_user,
    office,
    refuses_malformed_body,
    refuses_missing_fields,
    refuses_wrong_use,
    serves,
    settings,
    wrong_uses,
)

ROWS = operations(["Directory search"])
CONTACTS = tuple({"number": f"00155501{n:02}", "last_name": f"Outside {n:02}"} for n in range(25))
LEAF = {"field": "lastName", "operation": "BEGIN_WITH", "operand": "ma"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(settings(switch={"contacts": CONTACTS})) as world:
        yield world


def named(world: World) -> str:
    return f"?loginName={ALICE}" if world.administrator else ""


async def begun(world: World, criterion: Any = LEAF, **more: Any) -> Values:
    reply = await world.ask("POST", f"/directory/search{named(world)}", {"filter": criterion, **more})
    assert reply.status == 201, reply.body
    return {}


async def found(world: World, wait: float = 0.5) -> list[str]:
    """Ask until it is finished; last names as they come."""
    names: list[str] = []
    for _ in range(100):
        reply = await world.ask("GET", f"/directory/search{named(world)}")
        code = reply.body["resultCode"]
        for element in reply.body.get("resultElements", ()):
            names += [contact.get("lastName", "") for contact in element["contacts"]]
        if code == "FINISH":
            return names
        assert code in ("OK", "NOK")
        world.clock.advance(wait)
    raise AssertionError("the search does not end")


async def with_results(world: World) -> Values:
    await begun(world)
    world.clock.advance(0.5)
    return {}


def has_alice(world: World, values: Values, answer: Any) -> bool:
    (element,) = answer["resultElements"]
    return answer["resultCode"] == "OK" and element["contacts"] == [
        {"id": {"loginName": ALICE, "phoneNumber": "1000"}, "firstName": "Alice", "lastName": "Martin"}
    ]


def started(world: World, values: Values, answer: Any) -> bool:
    return isinstance(answer, str) and answer.endswith("/directory/search")


CASES: dict[str, Case] = {
    "POST /directory/search": Case(body=const({"limit": 5, "filter": LEAF}), status=201, done=started),
    "GET /directory/search": Case(with_results, status=200, done=has_alice),
    "DELETE /directory/search": Case(begun),
    "POST /directory/searchbydtmf": Case(
        body=const({"lastName": "62", "firstName": "25", "keyboardType": "ITU", "limit": 5}), status=201, done=started
    ),
}


def search(operation: str, operand: Any, field: str | None = "lastName") -> Any:
    criterion = {"operation": operation, "operand": operand}
    return {"filter": criterion | ({"field": field} if field is not None else {})}


def deep(levels: int) -> Any:
    criterion: Any = LEAF
    for _ in range(levels):
        criterion = {"operation": "AND", "operand": [criterion]}
    return {"filter": criterion}


WRONG: dict[str, list[Wrong]] = {
    "POST /directory/search": [
        Wrong(body=const({"limit": 0, "filter": LEAF})),
        Wrong(body=const({"limit": 101, "filter": LEAF})),
        Wrong(body=const(search("BEGIN_WITH", ""))),
        Wrong(body=const(search("BEGIN_WITH", "x", None))),
        Wrong(body=const(search("BEGIN_WITH", "x", "shoeSize"))),
        Wrong(body=const(search("SOUNDS_LIKE", "x"))),
        Wrong(body=const(search("CONTAIN", [LEAF]))),
        Wrong(body=const(search("AND", "x"))),
        Wrong(body=const(search("OR", []))),
        Wrong(body=const(deep(10))),
        Wrong(body=const(deep(200))),
        Wrong(body=const(search("OR", [LEAF] * 300))),
        Wrong(begun, const({"filter": LEAF}), type="NOT_EXPECTED"),
    ],
    "GET /directory/search": [Wrong(type="NOT_FOUND")],
    "DELETE /directory/search": [Wrong(type="NOT_FOUND")],
    "POST /directory/searchbydtmf": [
        Wrong(body=const({"lastName": "ma", "keyboardType": "ITU"})),
        Wrong(body=const({"lastName": "62", "firstName": "x", "keyboardType": "ITU"})),
        Wrong(body=const({"lastName": "62", "keyboardType": "QWERTY"})),
        Wrong(body=const({"lastName": "62", "keyboardType": "ITU", "limit": -1})),
        Wrong(begun, const({"lastName": "62", "keyboardType": "ITU"}), type="NOT_EXPECTED"),
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


@held("O2G operations", "simulator", [row for row in ROWS if row.body])
async def test_refused_without_a_body(world: World, row: OperationRow) -> None:
    await refuses_malformed_body(world, row, b"")


@held("O2G operations", "simulator", [row for row in ROWS if row.body])
async def test_refused_without_what_the_body_needs(world: World, row: OperationRow) -> None:
    needed = ["filter"] if row.body == "SearchRequest" else ["lastName", "keyboardType"]
    await refuses_missing_fields(world, row, CASES[row.id], needed)


@held("O2G operations", "simulator", ROWS)
async def test_administrator_must_name_the_user(world: World, row: OperationRow) -> None:
    await needs_user(world, row, CASES[row.id])


@held("O2G operations", "simulator", ROWS)
async def test_licence_is_asked_for(world: World, row: OperationRow) -> None:
    await needs_licence(world, row, CASES[row.id].body({}))


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses(ROWS, WRONG))
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    await refuses_wrong_use(world, row, wrong, who)


async def test_bottomless_criteria_are_refused(world: World) -> None:
    await world.log_in(ALICE)
    raw = b'{"filter": ' + b'{"operation": "AND", "operand": [' * 3000 + b"]}" * 3000 + b"}"
    reply = await world.ask("POST", "/directory/search", raw=raw)
    check_refusal(ROWS[0], reply, 400, "BAD_PARAMETER")


# ----------------------------------------------------------------------------------------------- the course of a search


async def test_pages_come_one_after_the_other(world: World) -> None:
    await world.log_in(ALICE)
    await begun(world, {"field": "lastName", "operation": "BEGIN_WITH", "operand": "outside"})
    codes = []
    sizes = []
    for _ in range(9):
        reply = await world.ask("GET", "/directory/search")
        codes.append(reply.body["resultCode"])
        sizes.append(sum(len(element["contacts"]) for element in reply.body.get("resultElements", ())))
        world.clock.advance(0.25)
        if codes[-1] == "FINISH":
            break
    assert codes == ["NOK", "NOK", "OK", "NOK", "OK", "NOK", "OK", "FINISH"]
    assert sizes == [0, 0, 10, 0, 10, 0, 5, 0]
    assert (await world.ask("GET", "/directory/search")).status == 400  # it is over


async def test_a_search_that_takes_too_long_times_out() -> None:
    slow = {"contacts": CONTACTS, "directory_pause": 5, "directory_timeout": 12}
    async with office(settings(switch=slow)) as world:
        await world.log_in(ALICE)
        await begun(world, {"field": "lastName", "operation": "BEGIN_WITH", "operand": "outside"})
        world.clock.advance(13)
        first = await world.ask("GET", "/directory/search")
        assert first.body["resultCode"] == "OK"
        assert len(first.body["resultElements"][0]["contacts"]) == 20
        assert (await world.ask("GET", "/directory/search")).body == {"resultCode": "TIMEOUT", "resultElements": []}
        assert (await world.ask("GET", "/directory/search")).status == 400


async def test_nobody_found_is_finished_soon(world: World) -> None:
    await world.log_in(ALICE)
    await begun(world, {"field": "lastName", "operation": "EQUAL_IGNORE_CASE", "operand": "nobody"})
    assert await found(world) == []


async def test_criteria_are_joined(world: World) -> None:
    await world.log_in("administrator")
    leaves = [
        {"field": "id.phoneNumber", "operation": "END_WITH", "operand": "3"},
        {"field": "id.loginName", "operation": "CONTAIN", "operand": "OXE"},
    ]
    either = {"operation": "OR", "operand": [LEAF, {"operation": "AND", "operand": leaves}]}
    await begun(world, either)
    assert await found(world) == ["Martin", "Okafor"]


async def test_dtmf_of_both_keyboards(world: World) -> None:
    world.switch.update_user(CAROL, last_name="Quist")
    await world.log_in(ALICE)
    for keyboard, digits, names in (("ITU", "78", ["Quist"]), ("CCITT", "78", []), ("CCITT", "18", ["Quist"])):
        body = {"lastName": digits, "keyboardType": keyboard}
        assert (await world.ask("POST", "/directory/searchbydtmf", body)).status == 201
        assert await found(world) == names, (keyboard, digits)


async def test_a_stopped_search_makes_room(world: World) -> None:
    await world.log_in(ALICE)
    await begun(world)
    assert (await world.ask("DELETE", "/directory/search")).status == 204
    await begun(world)
    assert await found(world) == ["Martin"]


async def test_a_search_nobody_asks_for_is_forgotten(world: World) -> None:
    await world.log_in(ALICE)
    await begun(world)
    world.clock.advance(59)
    assert (await world.ask("GET", "/directory/search")).status == 200
    world.clock.advance(61)
    assert (await world.ask("GET", "/directory/search")).status == 400
    await begun(world)


async def test_a_session_has_five_searches_one_for_a_user() -> None:
    async with office(settings()) as world:
        for number in ("1004", "1005"):
            world.simulator.add_user(UserSpec(login=f"oxe{number}", number=number))
        await world.log_in("administrator")
        statuses = []
        for login in (ALICE, BOB, CAROL, DAVID, "oxe1004", "oxe1005", ALICE):
            reply = await world.ask("POST", f"/directory/search?loginName={login}", {"filter": LEAF})
            statuses.append(reply.status)
        assert statuses == [201, 201, 201, 201, 201, 400, 400]
        await world.log_in(ALICE)  # another session has its own
        await begun(world)
