"""Whoever does not show the secret of the webhook gets little time and little room; the server always gets through."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiopbx.errors import InvalidInput
from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.channel import door
from aiopbx.o2g.channel.listener import Listener
from aiopbx.o2g.channel.webhook import WebhookChannels
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.channels import free_port
from tests.aiopbx.o2g.test_tls import self_signed
from tests.aiopbx.office import client_tasks, until

SECRET = "only-the-server-knows-this-5550"
HEAD = b"POST /" + SECRET.encode() + b"/1 HTTP/1.1\r\nHost: a\r\nContent-Length: "


class World:
    def __init__(self, channels: WebhookChannels, port: int, tls: ssl.SSLContext | None) -> None:
        self.channels, self.port, self.tls = channels, port, tls

    @property
    def listener(self) -> Listener:
        assert self.channels._listener is not None
        return self.channels._listener

    @property
    def door(self) -> door.Door:
        return self.listener.door

    async def knock(self, *, shake_hands: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = self.tls if shake_hands else None
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)

    async def deliver(self, http: aiohttp.ClientSession) -> int:
        url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/{SECRET}/1"
        async with http.post(url, data=b"{}", ssl=self.tls or True) as answer:
            return answer.status


@pytest.fixture(params=["http", "https"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    port = free_port()
    webhook: dict[str, Any] = {
        "host": "127.0.0.1",
        "public_url": f"{request.param}://127.0.0.1:{port}",
        "secret": SECRET,
    }
    tls = None
    if request.param == "https":
        certificate = tmp_path / "here.pem"
        self_signed(certificate)
        webhook |= {"certificate": certificate, "key": certificate.with_suffix(".key")}
        tls = ssl.create_default_context(cafile=str(certificate))
    settings = ConnectionSettings.make(
        url="http://o2g.example.com", username="x", password="x", channel="webhook", webhook=webhook
    )
    channels = WebhookChannels(settings, WireStatistics())
    await channels.open()
    yield World(channels, port, tls)
    await channels.close()
    await channels.close()
    await until(lambda: not client_tasks())


async def gone(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has hung up."""
    async with asyncio.timeout(5):
        with suppress(ConnectionError, ssl.SSLError):
            while await reader.read(1000):
                pass


@pytest.mark.parametrize("said", [b"", b"PO", b"POST / HTTP/1.1\r\n", b"POST /wrong HTTP/1.1\r\nHost: a\r\nContent-Le"])
async def test_who_shows_nothing_is_hung_up_on(world: World, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.2)
    reader, writer = await world.knock()
    writer.write(said)
    await gone(reader)
    assert world.door.dropped == 1
    assert world.door.strangers == {}
    writer.close()


async def test_who_does_not_even_shake_hands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.2)
    reader, writer = await world.knock(shake_hands=False)
    await gone(reader)
    assert world.door.strangers == {}
    writer.close()
    reader, writer = await world.knock(shake_hands=False)
    writer.write(b"\x16\x03\x01" if world.tls is None else b"GET / HTTP/1.1\r\n\r\n")
    await gone(reader)
    writer.close()
    await until(lambda: world.door.strangers == {})


async def test_hundreds_of_strangers(world: World) -> None:
    """The oldest make room, and deliveries arrive all the same."""
    async with aiohttp.ClientSession() as http:
        strangers = [await world.knock(shake_hands=False) for _ in range(door.MOST_STRANGERS * 3)]
        await until(lambda: world.door.dropped >= door.MOST_STRANGERS * 2)
        assert len(world.door.strangers) <= door.MOST_STRANGERS
        assert await world.deliver(http) == 410
        await gone(strangers[0][0])
        assert not strangers[-1][0].at_eof()
        for _, writer in strangers:
            writer.close()
        await until(lambda: world.door.strangers == {})
        assert await world.deliver(http) == 410


async def test_whoever_has_shown_the_secret_has_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.3)
    reader, writer = await world.knock()
    writer.write(HEAD + b"2\r\n\r\n{")
    await until(lambda: world.door.strangers == {})
    assert len(world.listener.connections) == 1
    await asyncio.sleep(0.4)  # longer than a stranger has
    writer.write(b"}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 410")
    while await reader.readline() != b"\r\n":
        pass
    writer.write(HEAD + b"2\r\n\r\n{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 410"), "on the same connection"
    assert world.door.dropped == 0
    writer.close()
    await until(lambda: not world.listener.connections)


async def test_a_connection_at_rest_is_not_waited_for(world: World) -> None:
    reader, writer = await world.knock()
    writer.write(HEAD + b"2\r\n\r\n{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 410")
    while await reader.readline() != b"\r\n":
        pass
    async with asyncio.timeout(10):
        await world.listener.shutdown(60.0)
    await gone(reader)
    writer.close()


async def test_a_stranger_gets_one_answer(world: World) -> None:
    reader, writer = await world.knock()
    writer.write(b"POST /wrong HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" * 3)
    async with asyncio.timeout(5):
        answers = await reader.read(-1)
    assert answers.count(b"HTTP/1.1 404") == 1
    writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\0\xff" * 100,
        b"\r\n" * 1000,
        b"GET\r\n\r\n",
        b"POST /%ff%fe/%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST //[ HTTP/1.1\r\nHost: [\r\nContent-Length: 0\r\n\r\n",
        b"POST http://[/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"X: " + b"x" * 100_000,
        b"POST / HTTP/1.1\r\n" + b"X: x\r\n" * 20_000,
        HEAD + b"-1\r\n\r\n",
        HEAD[:40] + b"\n" + HEAD[40:],
        b"POST /" + SECRET.encode() + b"/1\nHTTP/1.1\r\nHost: a\r\n\r\n",
        HEAD + b"9" * 50 + b"\r\n\r\n",
        HEAD + b"2\r\nContent-Encoding: gzip\r\n\r\n{}",
        HEAD.replace(b"Content-Length: ", b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n"),
        HEAD.replace(b"POST", b"CONNECT") + b"0\r\n\r\n",
        HEAD + b"0\r\nExpect: the unexpected\r\n\r\n",
        HEAD + b"0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_odd_deliveries(
    world: World, said: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered or hung up on, none shows the secret, and the next delivery arrives."""
    monkeypatch.setattr(door, "STRANGER", 1.0)
    caplog.set_level(logging.DEBUG)
    reader, writer = await world.knock()
    with suppress(ConnectionError):
        writer.write(said)
        if world.tls is None:
            writer.write_eof()
        await writer.drain()
        async with asyncio.timeout(5):
            with suppress(ssl.SSLError):
                await reader.read(100)
    writer.close()
    async with aiohttp.ClientSession() as http:
        assert await world.deliver(http) == 410
    assert SECRET not in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_delivery_that_breaks_off(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The server delivers it again; nothing is wrong on this side."""
    reader, writer = await world.knock()
    writer.write(HEAD + b"20\r\n\r\n{")
    await until(lambda: world.door.strangers == {})
    writer.transport.abort()
    await gone(reader)
    await until(lambda: not world.listener.connections)
    async with aiohttp.ClientSession() as http:
        assert await world.deliver(http) == 410
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_port_that_is_taken(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        await WebhookChannels(world.channels.settings, WireStatistics()).open()
    assert caught.value.field == "webhook.port"
