"""Whatever is sent to a listener: it answers or hangs up, logs no error of its own, and serves the next who comes."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from time import process_time
from typing import Any

import aiohttp
import pytest
from aiohttp.http_exceptions import HttpProcessingError
from hypothesis import HealthCheck, given, settings, strategies as st
from websockets.asyncio.client import connect

from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.channel.tunnel import TunnelChannels
from aiopbx.o2g.channel.webhook import WebhookChannels
from aiopbx.o2g.types.tunnel import Answer, Event, encode
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator, SimulatorSettings
from tests.aiopbx.channels import free_port
from tests.fuzz.mutations import Mutator

PER_KILOBYTE = 0.05
"""Seconds that an input may take for each kilobyte begun."""
SECRET = "only-who-belongs-here-knows-5550"
PATH = SECRET.encode()
UPGRADE = (
    b" HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
BODY = b'{"deviceId":"1000","callee":"1001"}'


def frame(text: bytes) -> bytes:
    """A frame of an agent, masked with zeros."""
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text


def request(line: bytes, body: bytes = b"", headers: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return line + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + length + b"\r\n" + body


SEEDS: dict[str, tuple[bytes, ...]] = {
    "webhook": (
        request(b"POST /" + PATH + b"/1", b'{"eventName":"OnCallCreated"}'),
        request(b"POST /wrong/1", b"{}") * 2,
        b"POST /" + PATH + b"/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ),
    "tunnel": (
        b"GET /" + PATH + UPGRADE + frame(encode(Answer(id="1", status=200, text="x"))),
        b"GET /" + PATH + UPGRADE + frame(encode(Event(identifier="a", text="x"))) * 2,
        b"GET /wrong" + UPGRADE,
    ),
    "o2g": (
        request(b"GET /api/rest"),
        request(b"GET /api/rest/authenticate?version=1.0", headers=b"Authorization: Basic YWRtaW46YWRtaW4=\r\n"),
        request(b"POST /api/rest/1.0/telephony/calls", BODY, b"Cookie: AlcUserId=x\r\n"),
    ),
    "istra": (
        request(
            b"POST /restletrouter/v1/service/Login", headers=b"Authorization: Basic YTpi\r\nX-Application: myCrm\r\n"
        ),
        request(b"POST /restletrouter/v1/rcc/CallLine", BODY, b"Cookie: JSESSIONID=x\r\n"),
        b"GET /restletrouter/ws-service/myCrm" + UPGRADE + frame(b"ping"),
    ),
}


class Listeners(logging.Handler):
    """All that listen, on a loop of their own; collects what goes wrong there."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.wrong: list[str] = []
        self.ports: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.name == "aiohttp.server" and isinstance(record.exc_info[1], HttpProcessingError):
            return  # the simulator's server notes that it could not read a request
        self.wrong.append(f"{record.name}: {record.getMessage()} {record.exc_info and record.exc_info[1]!r}")

    async def start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.wrong.append(str(context)))
        account: dict[str, Any] = {"url": "http://o2g.example.com", "username": "x", "password": "x"}
        hook, tunnel = free_port(), free_port()
        webhook = {"host": "127.0.0.1", "public_url": f"http://127.0.0.1:{hook}", "secret": SECRET}
        agent = {"host": "127.0.0.1", "port": tunnel, "secret": SECRET}
        self.webhook = WebhookChannels(
            ConnectionSettings.make(**account, channel="webhook", webhook=webhook), WireStatistics()
        )
        self.tunnel = TunnelChannels(
            ConnectionSettings.make(**account, channel="tunnel", tunnel=agent), WireStatistics()
        )
        await self.webhook.open()
        await self.tunnel.open()
        self.simulator = Simulator(SimulatorSettings(istra=True))
        await self.simulator.start()
        self.ports = {
            "webhook": hook,
            "tunnel": tunnel,
            "o2g": int(self.simulator.url.rpartition(":")[2].strip("/")),
            "istra": int(self.simulator.istra_url.rpartition(":")[2].strip("/")),
        }

    async def stop(self) -> None:
        await self.webhook.close()
        await self.tunnel.close()
        await self.simulator.stop()

    async def feed(self, name: str, data: bytes) -> None:
        """Send this, and nothing more, and read what comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[name])
        with suppress(ConnectionError, TimeoutError):
            writer.write(data)
            writer.write_eof()
            async with asyncio.timeout(0.2):  # a request that is only begun may be waited for
                await reader.read(-1)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def serves(self, name: str) -> bool:
        """Whether who belongs there gets through."""
        url = f"127.0.0.1:{self.ports[name]}"
        if name == "tunnel":
            async with connect(f"ws://{url}/{SECRET}", proxy=None), asyncio.timeout(30):
                return await self.tunnel.wait_for(0, 30) is not None
        path, status = {"webhook": (f"{SECRET}/1", 410), "o2g": ("api/rest", 200), "istra": ("", 404)}[name]
        async with (
            aiohttp.ClientSession() as http,
            http.request("POST" if name == "webhook" else "GET", f"http://{url}/{path}", data=b"{}") as answer,
        ):
            return answer.status == status


class Feeder:
    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.listeners = Listeners()
        self.runner.run(self.listeners.start())

    def feed(self, name: str, data: bytes) -> None:
        """Feed it, within its time; what takes too long is tried again, since others run on this machine."""
        wrong = self.listeners.wrong
        wrong.clear()
        for _ in range(3):
            began = process_time()
            self.runner.run(self.listeners.feed(name, data))
            assert wrong == [], f"{name}: {data!r}"
            if process_time() - began <= PER_KILOBYTE * (1 + len(data) // 1024):
                return
        pytest.fail(f"{name} takes too long for {data!r}")


@pytest.fixture(scope="module")
def feeder() -> Iterator[Feeder]:
    made = Feeder()
    loggers = [logging.getLogger(name) for name in ("aiopbx", "aiohttp", "websockets", "asyncio")]
    for logger in loggers:
        logger.addHandler(made.listeners)
    yield made
    for logger in loggers:
        logger.removeHandler(made.listeners)
    made.runner.run(made.listeners.stop())
    made.runner.close()


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=2048))
def test_any_bytes(feeder: Feeder, name: str, data: bytes) -> None:
    feeder.feed(name, data)


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_almost_right_bytes(feeder: Feeder, name: str, seed: int) -> None:
    feeder.feed(name, Mutator(SEEDS[name], seed).next())


@pytest.mark.parametrize("name", SEEDS)
def test_who_belongs_there_gets_through(feeder: Feeder, name: str) -> None:
    for one in SEEDS[name]:
        feeder.feed(name, one)
    assert feeder.runner.run(feeder.listeners.serves(name))
