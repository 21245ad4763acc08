"""What silence does behind a proxy, in real time: scripts/lab-proxies runs this, scripts/test does not."""

import asyncio
import ssl
from base64 import b64encode
from pathlib import Path
from time import monotonic

import aiohttp
import pytest

from aiopbx import Status, StatusChanged
from tests.aiopbx.office import ADMIN
from tests.proxies.lab import ISTRA, Certificate, Lab, behind
from tests.proxies.raw import raw_behind
from tests.proxies.table import IDLE, Idle

pytestmark = pytest.mark.timeout(600)

ROWS = [pytest.param(row, id=row.snippet, marks=pytest.mark.proxy(row.kind)) for row in IDLE]
SOCKETS = [param for param, row in zip(ROWS, IDLE, strict=True) if row.socket]
CHANNELS = [param for param, row in zip(ROWS, IDLE, strict=True) if not row.socket]


def as_measured(began: float, row: Idle) -> bool:
    return row.seconds - 2 < monotonic() - began < row.seconds + 10


@pytest.mark.parametrize("row", SOCKETS)
async def test_a_silent_socket_is_cut(row: Idle, tmp_path: Path, certificate: Certificate) -> None:
    """A WebSocket over which nothing goes, neither way."""
    async with behind(row.snippet, tmp_path, certificate, tls=True, without="timeout", istra_timeout=3600) as lab:
        context = ssl.create_default_context(cafile=certificate.path)
        headers = {"X-Application": "myIstra"}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:
            base = lab.proxy.address() + "/restletrouter"
            basic = b64encode(b"ENDUSER:oxe1000:secret").decode()
            login = headers | {"Authorization": f"Basic {basic}"}
            async with http.post(f"{base}/v1/service/Login", headers=login) as answer:
                assert answer.status == 200
                cookie = answer.headers["Set-Cookie"].partition(";")[0]
            async with http.ws_connect(f"{base}/ws-service/myIstra", headers=headers | {"Cookie": cookie}) as socket:
                began = monotonic()
                message = await socket.receive()
                print(f"{row.snippet}: {message.type.name} {socket.close_code} after {monotonic() - began:.1f} s")
                assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
                assert socket.close_code == 1006  # no word of it
                assert as_measured(began, row)


@pytest.mark.parametrize("row", CHANNELS)
async def test_a_silent_channel_is_cut(row: Idle, tmp_path: Path, certificate: Certificate) -> None:
    """A channel without heartbeats in an office where nobody calls."""
    async with (
        raw_behind(row.snippet, tmp_path, certificate, tls=True, without="timeout", heartbeat=3600) as who,
        await who.channel() as response,
    ):
        await response.content.readline()
        began = monotonic()
        end = "clean"
        try:
            await response.read()
        except aiohttp.ClientError:
            end = "error"
        print(f"{row.snippet}: {end} after {monotonic() - began:.1f} s")
        assert end == "error"
        assert as_measured(began, row)


async def quiet(lab: Lab, seconds: float, **settings: object) -> list[StatusChanged]:
    """Connect, let an office be quiet for so long, and return what changed of the connection."""
    pbx = await lab.connect(**settings)
    changes: list[StatusChanged] = []
    pbx.subscribe(changes.append, kind=StatusChanged)
    await asyncio.sleep(seconds)
    assert pbx.status is Status.ONLINE
    await lab.delay(pbx)
    return changes


@pytest.mark.parametrize("system", ["chunk", *ISTRA])
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.proxy(kind)) for kind in ("nginx", "haproxy")])
async def test_the_client_outlives_them(kind: str, system: str, tmp_path: Path, certificate: Certificate) -> None:
    """What the client sends of its own accord keeps a quiet connection, where nobody has set a time-out."""
    snippet = f"{kind}/o2g" if system == "chunk" else f"{kind}/istra"
    who = ISTRA.get(system, ADMIN | {"network": "public"})
    async with behind(
        snippet, tmp_path, certificate, tls=True, without="timeout", heartbeat=3600, istra_timeout=3600
    ) as lab:
        assert await quiet(lab, 130, **who) == []


@pytest.mark.proxy("nginx")
async def test_events_wait_for_minutes(tmp_path: Path, certificate: Certificate) -> None:
    """nginx that buffers: an event every second is not seen for more than a minute."""
    async with raw_behind("nginx/o2g-http11", tmp_path, certificate, tls=True, heartbeat=3600) as who:
        path = await who.subscribe()
        began = monotonic()
        asking = asyncio.ensure_future(who.http.post(who.lab.proxy.address(8016) + path))
        while not asking.done():
            who.lab.simulator.faults.unknown_event("OnSomethingWithALongName" + "." * 100)
            await asyncio.sleep(1)
        print(f"the first event after {monotonic() - began:.0f} s")
        assert 60 < monotonic() - began < 180
        (await asking).close()
