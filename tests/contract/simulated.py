"""What the simulator owes to every operation of a service, for the modules that hold it service by service.

A module has ``CASES`` (how each operation is used rightly) and ``WRONG`` (wrong uses, with the reason they are refused
for), and parametrises the checks below by its rows.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings
from tests.contract import additions
from tests.contract.rows import DONE, OperationRow, operations
from tests.contract.test_simulator_o2g import (
    ALICE,
    BOB,
    CAROL,
    DAVID,
    Case,
    Reply,
    Values,
    World as FirstWorld,
    Wrong,
    anything,
    check_answer,
    check_refusal,
    const,
    expand,
    field_names,
    misfits,
    names_user,
    url,
)

__all__ = [
    "ALICE",
    "BOB",
    "CAROL",
    "DAVID",
    "Case",
    "Values",
    "World",
    "Wrong",
    "acts_for_itself",
    "anything",
    "check_answer",
    "check_refusal",
    "const",
    "expand",
    "misfits",
    "needs_licence",
    "needs_session",
    "needs_user",
    "office",
    "refuses_malformed_body",
    "refuses_missing_fields",
    "refuses_other_methods",
    "refuses_while_starting",
    "refuses_wrong_use",
    "serves",
    "settings",
    "url",
    "wrong_uses",
]

EVERY_ROW = operations(DONE)


@dataclass
class RawReply(Reply):
    raw: bytes = b""
    media_type: str = ""


class World(FirstWorld):
    """As in call control; answers need not be JSON."""

    async def ask(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> RawReply:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        address = f"{self.simulator.url}/api/rest/1.0{path}"
        async with self.http.request(method, address, data=data, headers=headers) as response:
            for line in response.headers.getall("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            content = await response.read()
            kind = response.headers.get("Content-Type", "").partition(";")[0]
            parsed = json.loads(content) if content and kind == "application/json" else None
            return RawReply(response.status, parsed, not content, content, kind)

    def misses(self, caller: str = BOB, callee: str = ALICE) -> str:
        """Somebody calls and gives up."""
        ref = self.dial(caller, self.switch.users[callee].number)
        self.switch.drop(caller, ref)
        return ref

    def leaves_message(self, caller: str = BOB, callee: str = ALICE, seconds: float = 4) -> str:
        """Somebody calls, gets the mailbox and speaks; the message's identifier."""
        ref = self.dial(caller, self.switch.users[callee].number)
        self.switch.overflow_to_voicemail(caller, ref)
        self.clock.advance(seconds)
        self.switch.drop(caller, ref)
        return self.switch.mailboxes.messages(callee)[0].id

    async def listen(self, *packages: str) -> None:
        """Subscribe to packages: as administrator of everybody, as user of oneself."""
        ids = {"ids": ["*"]} if self.administrator else {}
        selectors = [{**ids, "names": [package]} for package in packages]
        reply = await self.ask("POST", "/subscriptions", {"filter": {"selectors": selectors}, "version": "2.0"})
        assert reply.body["status"] == "ACCEPTED", reply.body


def settings(**more: Any) -> SimulatorSettings:
    """Alice, Bob, Carol and David; one who has no licence but the smallest."""
    names = ((ALICE, "1000", "Alice", "Martin"), (BOB, "1001", "Bob", "Keller"))
    names += ((CAROL, "1002", "Carol", "Diaz"), (DAVID, "1003", "David", "Okafor"))
    users: list[dict[str, Any]] = [
        {"login": login, "number": number, "first_name": first, "last_name": last}
        for login, number, first, last in names
    ]
    users.append({"login": "basic", "number": "1009", "licences": ["TELEPHONY_BASIC"]})
    return SimulatorSettings.model_validate({"users": users, **more})


@asynccontextmanager
async def office(chosen: SimulatorSettings) -> AsyncIterator[World]:
    """A simulator with these settings, and nobody logged in."""
    clock = ManualClock()
    async with (
        Simulator(chosen, clock=clock) as simulator,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield World(simulator, clock, http)


async def ready(world: World, who: str, prepare: Callable[[World], Any] | None = None) -> Values:
    """Log in and make the state; where that takes requests, ``prepare`` is a coroutine function."""
    await world.log_in(who)
    values = prepare(world) if prepare is not None else {}
    return dict(await values if hasattr(values, "__await__") else values)


# ------------------------------------------------------------------------------------------------------------ right use


async def serves(world: World, row: OperationRow, case: Case, who: str) -> RawReply:
    """It answers as its row has it, and has done what it was asked for."""
    values = await ready(world, who, case.prepare)
    reply = await world.ask(row.method, url(world, row, values, case.query), case.body(values))
    check_answer(row, reply, case.status) if reply.media_type != "application/octet-stream" else None
    world.settle()
    assert case.done(world, values, reply.body), f"{row.id} was answered, but not carried out: {reply.body}"
    return reply


async def acts_for_itself(world: World, row: OperationRow, case: Case) -> None:
    """Whomever a user names, it is for itself."""
    values = await ready(world, ALICE, case.prepare)
    query = "&".join(filter(None, [case.query, f"loginName={DAVID}"]))
    reply = await world.ask(row.method, f"{expand(row, values)}?{query}", case.body(values))
    assert reply.status == case.status, reply.body
    world.settle()
    assert case.done(world, values, reply.body)


# ------------------------------------------------------------------------------------------------------------- refusals


async def needs_session(world: World, row: OperationRow) -> None:
    for cookies in ({}, {"AlcUserId": "nothing", "JSESSIONID": "nothing"}):
        world.cookies = dict(cookies)
        check_refusal(row, await world.ask(row.method, expand(row, anything(row))), 403, "INVALID_SESSION")


async def refuses_while_starting(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    world.simulator.faults.not_ready()
    check_refusal(row, await world.ask(row.method, expand(row, anything(row))), 503, "NOT_READY")


def _shape(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


async def refuses_other_methods(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    served = {other.method for other in EVERY_ROW if _shape(other.path) == _shape(row.path)}
    served |= {other.method for other in additions.operations() if _shape(other.declared) == _shape(row.path)}
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - served:
        check_refusal(None, await world.ask(method, expand(row, anything(row))), 405, "NOT_SUPPORTED")


async def refuses_malformed_body(world: World, row: OperationRow, raw: bytes) -> None:
    await world.log_in(ALICE)
    if raw.endswith(b"}"):  # every field of the wrong type
        raw = json.dumps({name: [[]] for name in field_names(row.body or "", row.chapter)}).encode()
    reply = await world.ask(row.method, expand(row, anything(row)), raw=raw)
    check_refusal(row, reply, 400, "BAD_PARAMETER")


async def refuses_missing_fields(world: World, row: OperationRow, case: Case, required: list[str]) -> None:
    values = await ready(world, ALICE, case.prepare)
    whole = case.body(values)
    for name in required:
        lacking = {key: value for key, value in whole.items() if key != name}
        reply = await world.ask(row.method, url(world, row, values, case.query), lacking)
        check_refusal(row, reply, 400, "BAD_PARAMETER")
        assert name in reply.body["innerMessage"], reply.body


async def needs_user(world: World, row: OperationRow, case: Case) -> None:
    """An administrator says for whom."""
    assert names_user(row)
    values = await ready(world, "administrator", case.prepare)
    reply = await world.ask(row.method, url(world, row, values, case.query, named=False), case.body(values))
    check_refusal(row, reply, 400, "BAD_PARAMETER")
    assert "loginName" in reply.body["innerMessage"]
    query = "&".join(filter(None, [case.query, "loginName=nobody"]))
    reply = await world.ask(row.method, url(world, row, values, query, named=False), case.body(values))
    check_refusal(row, reply, 400, "NOT_FOUND")


async def needs_licence(world: World, row: OperationRow, body: Any) -> None:
    """Who lacks the licence that the row names is refused, and told which."""
    (licence,) = re.findall(r"[A-Z]{2,}(?:_[A-Z]+)*", row.licence)
    await world.log_in("basic")
    reply = await world.ask(row.method, expand(row, anything(row)), body)
    check_refusal(row, reply, 403, "NOT_ALLOWED")
    assert licence in reply.body["innerMessage"]
    await world.log_in("administrator")
    reply = await world.ask(row.method, f"{expand(row, anything(row))}?loginName=basic", body)
    check_refusal(row, reply, 403, "NOT_ALLOWED")


async def refuses_wrong_use(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    values = await ready(world, who, wrong.prepare)
    before = world.switch.dump()
    reply = await world.ask(row.method, url(world, row, values, wrong.query), wrong.body(values))
    check_refusal(row, reply, wrong.status, wrong.type)
    assert not {"telephony", "routing", "userPreferences"} & reply.body.keys()
    assert world.switch.dump() == before, "a refused request changed something"


def wrong_uses(rows: list[OperationRow], wrong: dict[str, list[Wrong]]) -> list[Any]:
    """Parameters ``row, wrong, who`` for a test, each holding its row."""
    assert wrong.keys() <= {row.id for row in rows}
    return [
        pytest.param(
            row,
            case,
            who,
            id=f"{row.id}-{number}-{who}",
            marks=pytest.mark.contract("O2G operations", row.id, "simulator"),
        )
        for row in rows
        for number, case in enumerate(wrong.get(row.id, ()))
        for who in case.who
    ]
