"""What each proxy does to the bytes of O2G: which URLs are named, how large blocks are, cookies, and ends."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.aiopbx.office import until
from tests.proxies.lab import Certificate, where
from tests.proxies.raw import BASIC, raw_behind
from tests.proxies.table import BLOCKS, COOKIES, NAMED, Block, Cookie, Named


def param(row: Named | Block | Cookie, *more: object) -> object:
    return pytest.param(row, id="-".join(map(str, (row.snippet, *more))), marks=pytest.mark.proxy(row.kind))


@pytest.mark.parametrize("row", [param(row) for row in NAMED])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_urls_that_are_named(row: Named, scheme: str, tmp_path: Path, certificate: Certificate) -> None:
    """A server names what it was asked for, as far as the proxy says it."""
    async with raw_behind(row.snippet, tmp_path, certificate, scheme=scheme, public=False) as who:
        _, root = await who.ask("GET", "")
        url = root["versions"][0]["publicUrl"].removesuffix("/api/rest/authenticate?version=1.0")
        right = who.lab.proxy.address()
        seen = {
            who.lab.simulator.url: "past the proxy",
            f"http://{where(right)}": "http of the proxy",
            right: "right",
        }[url]
        assert seen == ("right" if scheme == "http" and row.named == "http of the proxy" else row.named)


@pytest.mark.parametrize("row", [param(row, row.scheme) for row in BLOCKS])
async def test_blocks(row: Block, tmp_path: Path, certificate: Certificate) -> None:
    """What nginx holds back comes in blocks, whatever the time."""
    async with raw_behind(row.snippet, tmp_path, certificate, scheme=row.scheme, heartbeat=3600) as who:
        path = await who.subscribe()
        asking = asyncio.ensure_future(who.http.post(who.lab.proxy.address(8016) + path))
        await until(lambda: who.lab.simulator.server.channels.opened)
        (subscribed,) = who.lab.simulator.server.subscriptions.all
        before = sent = 0
        while not asking.done():
            before = sent
            subscribed.put(b'{"eventName":"OnNothing","text":"%s"}\n' % (b"." * 86))
            sent += 125
            await asyncio.sleep(0.01)
            assert sent < 100_000
        # some head and tail of ours, and the chunks that came while the answer was on its way
        assert row.bytes - 2000 < before < row.bytes + 4000
        (await asking).close()


@pytest.mark.parametrize("row", [param(row, row.letters) for row in COOKIES])
async def test_cookies(row: Cookie, tmp_path: Path, certificate: Certificate) -> None:
    """The answer to a login with a large cookie, and a request with it."""
    async with raw_behind(row.snippet, tmp_path, certificate, credential_length=row.letters) as who:
        login, _ = await who.ask("GET", "/authenticate?version=1.0", **BASIC)
        body = {"applicationName": "raw"}
        request, _ = await who.ask("POST", "/1.0/sessions", body) if login == 200 else (0, "")
        assert (login, request) == (row.login, row.request)


@pytest.mark.proxy("httpd")
async def test_apache_refuses_a_head_of_over_8_kb_by_itself(tmp_path: Path, certificate: Certificate) -> None:
    async with raw_behind("httpd/o2g-plain", tmp_path, certificate) as who:
        status, page = await who.ask("GET", "", Cookie="AlcUserId=" + "0" * 9000)
        assert status == 400
        assert "Size of a request header field exceeds server limit" in page
        assert who.lab.simulator.server.requests == 0


@pytest.mark.proxy("nginx")
async def test_nginx_makes_a_clean_end_of_a_server_that_died(tmp_path: Path, certificate: Certificate) -> None:
    """Over HTTP/1.0 the end of a connection is the end of an answer: what was in it comes as if it were whole."""
    async with raw_behind("nginx/o2g-plain", tmp_path, certificate, scheme="http") as who:
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
    async with raw_behind(snippet, tmp_path, certificate) as who, await who.channel() as response:
        await response.content.readline()
        who.lab.simulator.faults.cut_channels()
        with pytest.raises(aiohttp.ClientError):
            await response.read()
