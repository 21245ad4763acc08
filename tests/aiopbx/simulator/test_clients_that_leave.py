"""Clients that do not wait for their answer: what they sent is carried out, and nothing is logged as an error."""

import asyncio
import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from tests.aiopbx.office import until


@contextmanager
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    assert caplog.text == ""


async def leave(clock: Any, method: str, url: str, **options: Any) -> None:
    """Ask, and go away while the answer is delayed."""
    pending = clock.pending
    async with aiohttp.ClientSession() as http:
        asking = asyncio.ensure_future(http.request(method, url, **options))
        await until(lambda: clock.pending > pending)
        asking.cancel()
    clock.advance(5)


async def test_a_command_is_carried_out_though_its_client_has_left(
    admin: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    admin.simulator.faults.delay(5)
    url = f"{admin.root}/api/rest/1.0/users/oxe1000/preferences"
    cookie = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    with nothing_logged(caplog):
        await leave(clock, "POST", url, json={"guiLanguage": "de"}, headers={"Cookie": cookie})
        admin.simulator.faults.delay(0)
        await until(lambda: admin.simulator.accounts.get("oxe1000").gui_language == "de")


async def test_a_login_of_istra_is_carried_out(start: Any, clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    simulator = await start(istra=True)
    simulator.faults.delay(5)
    basic = base64.b64encode(b"ENDUSER:oxe1000:secret").decode()
    headers = {"X-Application": "myIstra", "Authorization": f"Basic {basic}"}
    with nothing_logged(caplog):
        url = f"{simulator.istra_url}/restletrouter/v1/service/Login"
        await leave(clock, "POST", url, headers=headers, data=b"{}")
        await until(lambda: len(simulator.istra.sessions) == 1)


@pytest.mark.parametrize("seconds", [0, 5])
@pytest.mark.parametrize("system", ["O2G", "Istra"])
async def test_half_a_body_is_not_carried_out(
    start: Any, caplog: pytest.LogCaptureFixture, system: str, seconds: float
) -> None:
    simulator = await start(istra=True)
    simulator.faults.delay(seconds)
    face = simulator.istra if system == "Istra" else simulator.server
    url = simulator.istra_url if system == "Istra" else simulator.url
    path = "restletrouter/v1/service/Login" if system == "Istra" else "api/rest/1.0/sessions"
    before = face.requests
    with nothing_logged(caplog):
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{".encode())
        await until(lambda: face.requests > before)
        writer.close()
        await writer.wait_closed()
        # (the server sees the end of a connection before it accepts the next one's request)
        simulator.faults.delay(0)
        async with aiohttp.ClientSession() as http:
            for _ in range(2):
                await (await http.get(simulator.url + "/api/rest")).read()
    assert not list(simulator.server.sessions)
    assert not len(simulator.istra.sessions)
