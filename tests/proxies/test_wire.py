"""What each proxy does to heads that are too large, and to the end of a channel whose server has died."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.aiopbx.office import until
from tests.proxies.lab import Certificate
from tests.proxies.raw import raw_behind


@pytest.mark.proxy("httpd")
async def test_apache_refuses_a_head_of_over_8_kb_by_itself(tmp_path: Path, certificate: Certificate) -> None:
    async with raw_behind("httpd/o2g-plain", tmp_path, certificate, tls=True) as who:
        status, page = await who.ask("GET", "", Cookie="AlcUserId=" + "0" * 9000)
        assert status == 400
        assert "Size of a request header field exceeds server limit" in page
        assert who.lab.simulator.server.requests == 0


@pytest.mark.proxy("nginx")
async def test_nginx_refuses_a_head_of_over_8_kb_by_itself(tmp_path: Path, certificate: Certificate) -> None:
    async with raw_behind("nginx/o2g-plain", tmp_path, certificate, tls=True) as who:
        status, page = await who.ask("GET", "", Cookie="AlcUserId=" + "0" * 9000)
        assert status == 400
        assert "Request Header Or Cookie Too Large" in page
        assert who.lab.simulator.server.requests == 0


@pytest.mark.proxy("nginx")
@pytest.mark.parametrize(("snippet", "arrives"), [("nginx/o2g-plain", False), ("nginx/o2g", True)])
async def test_nginx_refuses_a_body_of_over_1_mb(
    snippet: str, arrives: bool, tmp_path: Path, certificate: Certificate
) -> None:
    """With client_max_body_size it reaches the server."""
    async with raw_behind(snippet, tmp_path, certificate, tls=True) as who:
        status, page = await who.ask("POST", "/1.0/sessions", {"applicationName": "x" * 1_100_000})
        assert status == 413
        assert ("nginx" in page) is not arrives
        assert bool(who.lab.simulator.server.requests) is arrives


@pytest.mark.proxy("nginx")
async def test_nginx_makes_a_clean_end_of_a_server_that_died(tmp_path: Path, certificate: Certificate) -> None:
    """Over HTTP/1.0 the end of a connection is the end of an answer: what was in it comes as if it were whole."""
    async with raw_behind("nginx/o2g-plain", tmp_path, certificate, tls=False) as who:
        path = await who.subscribe()
        asking = asyncio.ensure_future(who.http.post(who.lab.proxy.address(8016) + path))
        await until(lambda: who.lab.simulator.server.channels.opened)
        who.lab.simulator.faults.unknown_event()
        await asyncio.sleep(0.1)
        assert not asking.done()
        who.lab.simulator.faults.cut_channels()
        async with await asking as response:
            assert response.status == 200
            assert await response.read(), "what nginx has held comes at the end"


@pytest.mark.parametrize(
    "snippet",
    [pytest.param(f"{kind}/o2g", marks=pytest.mark.proxy(kind)) for kind in ("nginx", "httpd", "haproxy")],
)
async def test_a_server_that_died_is_an_error(snippet: str, tmp_path: Path, certificate: Certificate) -> None:
    """With HTTP/1.1 to the server, its death breaks the channel."""
    async with raw_behind(snippet, tmp_path, certificate, tls=True) as who, await who.channel() as response:
        await response.content.readline()
        who.lab.simulator.faults.cut_channels()
        with pytest.raises(aiohttp.ClientError):
            await response.read()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        pytest.param(kind, status, marks=pytest.mark.proxy(kind))
        for kind, status in {"nginx": 502, "httpd": 503, "haproxy": 503}.items()
    ],
)
async def test_what_a_proxy_answers_for_a_server_that_is_gone(
    kind: str, status: int, tmp_path: Path, certificate: Certificate
) -> None:
    async with raw_behind(f"{kind}/o2g", tmp_path, certificate, tls=True) as who:
        assert (await who.ask("GET", ""))[0] == 200
        await who.lab.simulator.stop(abrupt=True)
        assert (await who.ask("GET", ""))[0] == status
