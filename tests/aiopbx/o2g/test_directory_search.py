"""Searching the directory on the wire: one search at a time, polled until it ends, stopped when it is left."""

import asyncio
import gc
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, InvalidInput, NotAllowed, OutcomeUnknown
from aiopbx.filters import field
from aiopbx.o2g.services import directory
from aiopbx.o2g.types.directory import Criterion, KeyboardType, Operation
from tests.aiopbx.o2g.conftest import Connect
from tests.aiopbx.o2g.o2g_server import API, O2gServer

SEARCH = f"{API}/directory/search"
BY_KEYS = f"{API}/directory/searchbydtmf"
MA = field("lastName").begins_with("Ma")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between polls, as long as they would be; none is waited for."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(directory, "_sleep", pause)
    return paused


def found(code: str, *names: str) -> dict[str, Any]:
    contacts = [{"id": {"phoneNumber": "1001"}, "lastName": name} for name in names]
    return {"resultCode": code, "resultElements": [{"contacts": contacts}] if contacts else []}


def script(server: O2gServer, *polls: dict[str, Any], path: str = SEARCH) -> None:
    server.answer("POST", path, status=201, json="1")
    for number, poll in enumerate(polls):
        server.answer("GET", SEARCH, json=poll, then=number > 0)
    server.answer("DELETE", SEARCH, status=204)


def methods(server: O2gServer) -> list[str]:
    return [one.method for one in server.requests if "/directory/" in one.path]


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def test_a_search_is_polled_to_its_end(connect: Connect, server: O2gServer, pauses: list[float]) -> None:
    client = await connect()
    script(server, found("NOK"), found("NOK"), found("OK", "Martin", "Mason"), found("NOK"), found("FINISH", "Maurer"))
    search = client.directory.search_all(MA, limit=20)
    assert [contact.last_name async for contact in search] == ["Martin", "Mason", "Maurer"]
    assert search.complete
    assert not search.timed_out
    assert methods(server) == ["POST", "GET", "GET", "GET", "GET", "GET"]
    (asked,) = server.asked("POST", SEARCH)
    assert asked.json == {
        "limit": 20,
        "filter": {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Ma"},
    }
    assert pauses == [0.5, 1.0, 0.5]


async def test_pauses_grow_to_a_limit_and_patience_ends(
    connect: Connect, server: O2gServer, pauses: list[float]
) -> None:
    client = await connect()
    script(server, found("NOK"))
    with pytest.raises(ConnectionFailed, match="60 seconds"):
        await anext(client.directory.search_all(MA).__aiter__())
    assert pauses[:5] == [0.5, 1.0, 2.0, 4.0, 5.0]
    assert max(pauses) == 5.0
    assert sum(pauses) >= directory.PATIENCE
    assert methods(server)[-1] == "DELETE"


@pytest.mark.parametrize("poll", [{}, {"resultCode": "OK"}, {"resultCode": "SOMETHING_NEW"}])
async def test_nothing_found_yet_pauses(
    connect: Connect, server: O2gServer, pauses: list[float], poll: dict[str, Any]
) -> None:
    client = await connect()
    script(server, poll, found("FINISH"))
    assert [contact async for contact in client.directory.search_all(MA)] == []
    assert pauses == [0.5]


async def test_the_server_gives_up(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("OK", "Martin"), found("TIMEOUT", "Mason"))
    search = client.directory.search_all(MA)
    assert [contact.last_name async for contact in search] == ["Martin", "Mason"]
    assert search.timed_out
    assert not search.complete
    assert "DELETE" not in methods(server)


async def test_leaving_early_stops_the_search(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("OK", "Martin", "Mason"))
    async with client.directory.search_all(MA) as search:
        async for contact in search:
            assert contact.last_name == "Martin"
            break
    assert methods(server) == ["POST", "GET", "DELETE"]


async def test_a_break_stops_the_search_and_lets_the_next_one_in(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("OK", "Martin", "Mason"))
    gc.disable()  # it must not need the collector
    try:
        async for _ in client.directory.search_all(MA):
            break
        await until(lambda: "DELETE" in methods(server))
    finally:
        gc.enable()
    script(server, found("FINISH", "Maurer"))
    assert [contact.last_name async for contact in client.directory.search_all(MA)] == ["Maurer"]


async def test_cancelling_stops_the_search(
    connect: Connect, server: O2gServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect()
    script(server, found("NOK"))
    pausing = asyncio.Event()

    async def for_ever(seconds: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(directory, "_sleep", for_ever)

    async def search() -> None:
        async for _ in client.directory.search_all(MA):
            pass

    task = asyncio.create_task(search())
    await asyncio.wait_for(pausing.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: methods(server)[-1] == "DELETE")


async def test_one_at_a_time_for_a_user(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("OK", "Martin", "Mason"), found("FINISH"), found("FINISH", "Maurer"))
    first = client.directory.search_all(MA).__aiter__()
    assert (await anext(first)).last_name == "Martin"
    second = asyncio.create_task(anext(client.directory.search_all(MA).__aiter__()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert methods(server) == ["POST", "GET"]
    assert [contact.last_name async for contact in first] == ["Mason"]
    assert (await asyncio.wait_for(second, 30)).last_name == "Maurer"
    assert methods(server)[:5] == ["POST", "GET", "GET", "POST", "GET"]


async def test_users_do_not_wait_for_each_other_but_five_are_enough(connect: Connect, server: O2gServer) -> None:
    server.open_session(admin=True)
    client = await connect()
    script(server, found("OK", "Martin", "Mason"))
    searches = [client.directory.search_all(MA, login_name=f"oxe100{number}").__aiter__() for number in range(6)]
    tasks = [asyncio.create_task(anext(search)) for search in searches]
    await until(lambda: sum(task.done() for task in tasks) == 5)
    for _ in range(20):
        await asyncio.sleep(0)
    assert methods(server).count("POST") == 5
    (waiting,) = (task for task in tasks if not task.done())
    done = next(search for search, task in zip(searches, tasks, strict=True) if task.done())
    await done.aclose()
    assert (await asyncio.wait_for(waiting, 30)).last_name == "Martin"
    assert {one.path.partition("?")[2] for one in server.asked("POST", SEARCH)} == {
        f"loginName=oxe100{number}" for number in range(6)
    }
    for search in searches:
        await search.aclose()


async def test_a_search_that_is_refused_is_not_stopped(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("POST", SEARCH, status=403, json={"code": 1002, "type": "NOT_ALLOWED"})
    with pytest.raises(NotAllowed):
        await anext(client.directory.search_all(MA).__aiter__())
    assert methods(server) == ["POST"]
    script(server, found("FINISH", "Maurer"))  # and it has freed its turn
    assert [contact.last_name async for contact in client.directory.search_all(MA)] == ["Maurer"]


async def test_a_search_that_may_have_begun_is_stopped(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server)
    server.answer("POST", SEARCH, drop=True)
    with pytest.raises(OutcomeUnknown):
        await anext(client.directory.search_all(MA).__aiter__())
    assert methods(server) == ["POST", "DELETE"]


async def test_stopping_may_fail(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("OK", "Martin", "Mason"))
    server.answer("DELETE", SEARCH, status=500)
    async with client.directory.search_all(MA) as search:
        async for _ in search:
            break


async def test_a_search_is_iterated_over_once(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("FINISH"))
    search = client.directory.search_all(MA)
    assert [contact async for contact in search] == []
    with pytest.raises(RuntimeError, match="once"):
        search.__aiter__()
    await search.close()


async def test_by_keys(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    script(server, found("FINISH", "Martin"), path=BY_KEYS)
    search = client.directory.search_by_keys("62", "26", limit=5)
    assert [contact.last_name async for contact in search] == ["Martin"]
    assert server.asked("POST", BY_KEYS)[0].json == {
        "lastName": "62",
        "firstName": "26",
        "keyboardType": "ITU",
        "limit": 5,
    }
    with pytest.raises(InvalidInput, match="lastName"):
        await anext(client.directory.search_by_keys("Ma").__aiter__())
    with pytest.raises(InvalidInput, match="keyboardType"):
        await anext(client.directory.search_by_keys("62", keyboard=KeyboardType("QWERTY")).__aiter__())


@pytest.mark.parametrize("limit", [0, 101, -1])
async def test_limits(connect: Connect, server: O2gServer, limit: int) -> None:
    client = await connect()
    with pytest.raises(InvalidInput, match="1 to 100") as caught:
        await anext(client.directory.search_all(MA, limit=limit).__aiter__())
    assert caught.value.field == "limit"
    assert methods(server) == []


async def test_what_is_no_criterion(connect: Connect) -> None:
    client = await connect()
    with pytest.raises(InvalidInput, match="filter"):
        client.directory.search_all("Ma")  # type: ignore[arg-type]
    wrong = Criterion(operation=Operation.BEGIN_WITH, operand="Ma")
    with pytest.raises(InvalidInput, match=r"filter\.field"):
        await anext(client.directory.search_all(wrong).__aiter__())
