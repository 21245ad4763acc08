"""A session that could not be given back is given back once its server can be reached again."""

import asyncio
import logging
from typing import Any

import aiohttp
import pytest

from aiopbx import Status, link
from aiopbx.errors import ConnectionFailed
from aiopbx.http import leftovers
from aiopbx.http.leftovers import MOST, LeftSession, LeftSessions
from aiopbx.istra.client import IstraClient
from aiopbx.o2g.client import O2gClient
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer
from tests.aiopbx.o2g.o2g_server import API, O2gServer
from tests.aiopbx.office import Opened, until

SECRET = "a-cookie-of-a-session-that-was-left"


@pytest.mark.office("chunk", "webhook", "tunnel", "istra")
async def test_after_a_loss_in_which_the_server_did_not_answer(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.hurry(pbx, silence_timeout=0.1, request_timeout=0.2)
        for losses in (1, 2):
            one.faults.delay(10_000)
            one.faults.freeze_channels()
            one.faults.cut_channels()
            await until(lambda n=losses: pbx.statistics.losses >= n and pbx.status is Status.OFFLINE)  # type: ignore[misc]
            await asyncio.sleep(0.3)  # the farewell, and an attempt or two, get no answer
            one.faults.clear()
            one.faults.thaw()
            await until(lambda: pbx.status is Status.ONLINE, 30)
            await until(lambda: one.sessions == 1)


@pytest.mark.parametrize(
    "no_answer", [{"drop": True}, {"status": 502, "text": "<html>nginx"}, {"status": 503}], ids=str
)
@pytest.mark.parametrize("status", [204, 401, 404])
async def test_o2g_before_the_next_login(status: int, no_answer: dict[str, Any]) -> None:
    """So that no licence is taken twice. A refusal is as good: it is gone; that of a proxy is not the server's."""
    left = LeftSessions()
    async with O2gServer() as server, aiohttp.ClientSession() as http:
        settings = ConnectionSettings.make(url=server.url, username="x", password="x", request_timeout=1)
        first = O2gClient(settings, http, left=left)
        await first.open()
        cookies = {"AlcUserId": SECRET, "JSESSIONID": SECRET[::-1]}
        first._transport.cookies = dict(cookies)
        server.answer("DELETE", f"{API}/sessions", **no_answer)
        await first.close()
        assert len(left) == 1
        assert SECRET not in f"{left!r} {left.__dict__} {first!r}"
        for _ in range(leftovers.TRIES):
            with pytest.raises(ConnectionFailed, match="former session"):
                await O2gClient(settings, http, left=left).open()
        still = O2gClient(settings, http, left=left)
        await still.open()
        assert len(left) == 1, "in nobody's way for ever, and tried again"
        server.answer("DELETE", f"{API}/sessions", status=status)
        server.requests.clear()
        second = O2gClient(settings, http, left=left)
        await second.open()
        assert server.sequence == [
            "GET /api/rest",
            f"DELETE {API}/sessions",
            "GET /api/rest/authenticate?version=1.0",
            f"POST {API}/sessions",
        ]
        assert server.requests[1].cookies == cookies
        assert SECRET not in server.requests[3].headers["Cookie"]
        assert SECRET not in second.mask.text(f"Whose cookie is {SECRET}?")
        assert len(left) == 0
        await still.close()
        await second.close()


@pytest.mark.parametrize(
    "no_answer", [{"drop": True}, {"status": 502, "text": "<html>nginx"}, {"status": 503}], ids=str
)
@pytest.mark.parametrize("status", [204, 401, 405])
async def test_istra_before_the_next_login(status: int, no_answer: dict[str, Any]) -> None:
    left = LeftSessions()
    logout = "v1/service/Logout"
    async with IstraServer() as server, aiohttp.ClientSession() as http:
        settings = ConnectionSettings.make(
            system="mycrm", url=server.url, username="x", password=PASSWORD, request_timeout=1
        )
        first = IstraClient(settings, http, left=left)
        await first.open()
        first._transport.token = SECRET
        server.answer("POST", logout, **no_answer)
        await first.close()
        assert len(left) == 1
        assert SECRET not in f"{left!r} {left.__dict__}"
        for _ in range(leftovers.TRIES):
            with pytest.raises(ConnectionFailed, match="former session"):
                await IstraClient(settings, http, left=left).open()
        still = IstraClient(settings, http, left=left)
        await still.open()
        assert len(left) == 1, "in nobody's way for ever, and tried again"
        server.answer("POST", logout, status=status)
        server.requests.clear()
        second = IstraClient(settings, http, left=left)
        await second.open()
        methods = ["POST", "GET"] if status == 405 else ["POST"]
        assert server.sequence == [*(f"{method} {logout}" for method in methods), "POST v1/service/Login"]
        assert server.requests[0].headers["X-Application"] == f"myCrm;{SECRET}"
        assert server.requests[0].cookies
        assert SECRET not in str(server.requests[-1].headers)
        assert SECRET not in second.mask.text(f"Whose token is {SECRET}?")
        assert len(left) == 0
        await still.close()
        await second.close()


async def test_one_that_the_server_keeps_is_not_remembered() -> None:
    """It has answered: asking again would be answered the same."""
    left = LeftSessions()
    async with O2gServer() as server, IstraServer() as istra, aiohttp.ClientSession() as http:
        account: dict[str, Any] = {"username": "x", "password": PASSWORD}
        client = O2gClient(ConnectionSettings.make(url=server.url, **account), http, left=left)
        other = IstraClient(ConnectionSettings.make(system="mycrm", url=istra.url, **account), http, left=left)
        server.answer("DELETE", f"{API}/sessions", status=500)
        istra.answer("POST", "v1/service/Logout", status=500)
        for one in (client, other):
            await one.open()
            await one.close()
    assert len(left) == 0


async def test_what_cannot_be_given_back_is_in_nobodys_way(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    left = LeftSessions()
    async with O2gServer() as server, aiohttp.ClientSession() as http:
        left.leave(server.url, LeftSession("http://[", {"AlcUserId": SECRET}, tries=leftovers.TRIES))
        settings = ConnectionSettings.make(url=server.url, username="x", password="x")
        client = O2gClient(settings, http, left=left)
        await client.open()
        assert client.info.login == "oxe1000"
        await client.close()
    assert SECRET not in caplog.text


def test_it_is_bounded_and_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    left = LeftSessions()
    for number in range(MOST + 5):
        left.leave("a", LeftSession(str(number), {}))
    left.leave("b", LeftSession("other", {}))
    assert len(left) == MOST + 1
    assert repr(left) == f"<LeftSessions: {MOST + 1}>"
    assert [one.url for one in left.take("a")] == [str(number) for number in range(5, MOST + 5)]
    assert left.take("a") == []
    now = leftovers.monotonic()
    monkeypatch.setattr(leftovers, "monotonic", lambda: now + leftovers.LONGEST + 1)
    assert left.take("b") == []
    assert len(left) == 0


def test_servers_that_were_left_are_not_collected() -> None:
    left = LeftSessions()
    for number in range(leftovers.MOST_SERVERS + 5):
        left.leave(str(number), LeftSession("", {}))
    assert len(left) == leftovers.MOST_SERVERS
    assert left.take("4") == []
    assert len(left.take("5")) == 1


@pytest.mark.office("chunk", "webhook", "tunnel", "istra")
async def test_at_the_end_when_the_farewell_breaks(office: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """No next connection will give it back, so it is tried once more."""
    async with office() as one:
        pbx = await one.connect()
        # Over a kept connection a request is repeated once, through a tunnel it is not.
        one.faults.drop_requests(1 if pbx._core.system.settings.channel == "tunnel" else 2)  # type: ignore[attr-defined]
        caplog.set_level(logging.DEBUG)
        await pbx.close()
        assert "The session could not be closed" in caplog.text
        assert one.sessions == 0
        assert "Sessions that could not" not in caplog.text


@pytest.mark.office("chunk", "webhook", "tunnel", "istra")
async def test_at_the_end_of_a_server_that_does_not_answer(
    office: Opened, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is bounded, and logged."""
    monkeypatch.setattr(link, "LAST_FAREWELL", 0.3)
    async with office() as one:
        pbx = await one.connect()
        one.hurry(pbx, request_timeout=0.3)
        one.faults.delay(10_000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await pbx.close()
        assert loop.time() - began < 5
        assert pbx.status is Status.CLOSED
        assert "Sessions that could not be given back: 1" in caplog.text
        one.faults.clear()
        one.faults.expire_sessions()


@pytest.mark.office("chunk", "istra")
async def test_at_the_end_whatever_is_raised(
    office: Opened, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.faults.drop_requests(2)

        async def fail(server: int) -> None:
            raise RuntimeError(server)

        monkeypatch.setattr(pbx._core.system, "_give_back_what_was_left", fail)
        await pbx.close()
        assert "not foreseen" in caplog.text
        assert "Sessions that could not be given back: 1" in caplog.text
        one.faults.expire_sessions()


@pytest.mark.parametrize("system", ["o2g", "mycrm"])
async def test_an_attempt_that_is_cancelled_forgets_none(system: str) -> None:
    left = LeftSessions()
    server: Any
    async with O2gServer() if system == "o2g" else IstraServer() as server, aiohttp.ClientSession() as http:
        settings = ConnectionSettings.make(system=system, url=server.url, username="x", password=PASSWORD)
        method, path = ("DELETE", f"{API}/sessions") if system == "o2g" else ("POST", "v1/service/Logout")
        server.answer(method, path, hang=True)
        client = (O2gClient if system == "o2g" else IstraClient)(settings, http, left=left)
        url = f"{server.url}{path}" if isinstance(client, O2gClient) else client._transport.bases()[0]
        left.leave(settings.url, LeftSession(url, {"AlcUserId": SECRET}))
        attempt = asyncio.create_task(client.give_back_what_was_left())
        await until(lambda: any(path in request.path for request in server.requests))
        attempt.cancel()
        await asyncio.wait([attempt])
        assert attempt.cancelled()
        assert len(left) == 1
        await client.close()
