"""Whoever does not show the secret of the tunnel gets little time and little room; the agent always gets through."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.channel import door
from aiopbx.o2g.channel.tunnel import TunnelChannels
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.channels import free_port
from tests.aiopbx.o2g.test_tls import self_signed
from tests.aiopbx.office import client_tasks, until

SECRET = "only-the-agent-knows-this-5550"
UPGRADE = (
    b" HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class World:
    def __init__(self, channels: TunnelChannels, port: int, tls: ssl.SSLContext | None) -> None:
        self.channels, self.port, self.tls = channels, port, tls

    @property
    def door(self) -> door.Door:
        assert self.channels._door is not None
        return self.channels._door

    async def knock(self, *, shake_hands: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = self.tls if shake_hands else None
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)

    def agent(self) -> Any:
        return connect(f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/{SECRET}", ssl=self.tls, proxy=None)

    async def gets_through(self) -> None:
        """Let the agent connect, and go again."""
        async with self.agent():
            await until(lambda: self.channels.present(0))
        await until(lambda: self.channels.present(0) is None)


@pytest.fixture(params=["ws", "wss"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    port = free_port()
    tunnel: dict[str, Any] = {"host": "127.0.0.1", "port": port, "secret": SECRET}
    tls = None
    if request.param == "wss":
        certificate = tmp_path / "here.pem"
        self_signed(certificate)
        tunnel |= {"certificate": certificate, "key": certificate.with_suffix(".key")}
        tls = ssl.create_default_context(cafile=str(certificate))
    settings = ConnectionSettings.make(
        url="http://o2g.example.com", username="x", password="x", channel="tunnel", tunnel=tunnel
    )
    channels = TunnelChannels(settings, WireStatistics())
    await channels.open()
    yield World(channels, port, tls)
    async with asyncio.timeout(5):
        await channels.close()
        await channels.close()
    await until(lambda: not client_tasks())


async def gone(reader: asyncio.StreamReader) -> bytes:
    """Wait until the other side has hung up, and return what it said before."""
    said = b""
    async with asyncio.timeout(5):
        with suppress(ConnectionError, ssl.SSLError):
            while part := await reader.read(1000):
                said += part
    return said


@pytest.mark.parametrize("said", [b"", b"GE", b"GET / HTTP/1.1\r\n", b"GET /wrong HTTP/1.1\r\nHost: a\r\nUpgra"])
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
    """The oldest make room, and the agent connects all the same."""
    strangers = [await world.knock(shake_hands=False) for _ in range(door.MOST_STRANGERS * 3)]
    await until(lambda: world.door.dropped >= door.MOST_STRANGERS * 2)
    assert len(world.door.strangers) <= door.MOST_STRANGERS
    await world.gets_through()
    await gone(strangers[0][0])
    assert not strangers[-1][0].at_eof()
    for _, writer in strangers:
        writer.close()
    await until(lambda: world.door.strangers == {})
    await world.gets_through()


async def test_strangers_do_not_crowd_the_agent_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.3)
    async with world.agent() as agent:
        await until(lambda: world.channels.present(0))
        assert world.door.strangers == {}
        strangers = [await world.knock(shake_hands=False) for _ in range(door.MOST_STRANGERS + 5)]
        await until(lambda: world.door.strangers == {})  # longer than a stranger has
        assert world.channels.present(0) is not None
        await (await agent.ping())
        for _, writer in strangers:
            writer.close()


async def test_the_listener_closes_while_strangers_knock(world: World) -> None:
    """The fixture bounds the time of the second close."""
    strangers = [await world.knock(shake_hands=False) for _ in range(5)]
    await until(lambda: len(world.door.strangers) == 5)
    await world.channels.close()
    for reader, writer in strangers:
        await gone(reader)
        writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\0\xff" * 100,
        b"\r\n" * 1000,
        b"GET\r\n\r\n",
        b"POST /" + SECRET.encode() + UPGRADE,
        b"GET /wrong" + UPGRADE + b"\x81\x05hello",
        b"GET //[" + UPGRADE,
        b"GET http://[/" + UPGRADE,
        b"GET /%ff%fe/%zz" + UPGRADE,
        b"GET /\xff\xfe" + UPGRADE,
        b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 20_000,
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nAuthorization: Bearer \xff\xfe" + UPGRADE[9:],
        b"GET /" + SECRET.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + SECRET.encode() + UPGRADE.replace(b"13", b"99"),
        b"GET /" + SECRET.encode() + UPGRADE + b"\xff" * 100,
        b"GET /" + SECRET.encode() + UPGRADE + b"\x81\x02{}",
    ],
)
async def test_odd_handshakes(
    world: World, said: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered or hung up on, none shows the secret, and the agent connects all the same."""
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
                assert SECRET.encode() not in await reader.read(1000)
    writer.close()
    await until(lambda: world.channels.present(0) is None)
    await world.gets_through()
    ours = [record for record in caplog.records if record.name != "websockets.client"]  # the agent's own
    assert [record for record in ours if record.levelno >= logging.ERROR] == []
    assert SECRET not in "\n".join(record.getMessage() for record in ours)
