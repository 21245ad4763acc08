"""A listener of the client on loopback, and whoever knocks at it: with the secret, or as a stranger."""

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import aiohttp
from websockets.asyncio.client import connect

from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.channel import door
from aiopbx.o2g.channel.listener import Listener
from aiopbx.o2g.channel.tunnel import TunnelChannels
from aiopbx.o2g.channel.webhook import WebhookChannels
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.channels import free_port
from tests.aiopbx.o2g.test_tls import self_signed
from tests.aiopbx.office import client_tasks, until

SECRET = "only-the-server-knows-this-5550"


async def gone(reader: asyncio.StreamReader) -> bytes:
    """Wait until the other side has hung up, and return what it said before."""
    said = b""
    async with asyncio.timeout(30):
        with suppress(ConnectionError, ssl.SSLError):
            while part := await reader.read(1000):
                said += part
    return said


class World(ABC):
    """A listener, and how to come to it."""

    channel: ClassVar[str]
    channels: Any

    def __init__(self, port: int, tls: ssl.SSLContext | None, certificate: dict[str, Path]) -> None:
        self.port, self.tls = port, tls
        listener = {"host": "127.0.0.1", "secret": SECRET, **certificate, **self.address()}
        self.settings = ConnectionSettings.make(
            url="http://o2g.example.com",
            username="x",
            password="x",
            channel=self.channel,
            **{self.channel: listener},
        )

    @abstractmethod
    def address(self) -> dict[str, Any]:
        """Where it listens, as settings."""

    @property
    @abstractmethod
    def door(self) -> door.Door:
        """Where connections come in."""

    @abstractmethod
    async def gets_through(self) -> None:
        """Let the one with the secret do what it is for."""

    async def knock(self, *, shake_hands: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = self.tls if shake_hands else None
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)

    async def say(self, said: bytes) -> bytes:
        """Knock, say this and no more, and return the beginning of the answer."""
        answer = b""
        reader, writer = await self.knock()
        with suppress(ConnectionError):
            writer.write(said)
            if self.tls is None:
                writer.write_eof()
            await writer.drain()
            async with asyncio.timeout(30):
                with suppress(ssl.SSLError):
                    answer = await reader.read(1000)
        writer.close()
        return answer


class TunnelWorld(World):
    """The tunnel, to which an agent connects."""

    channel = "tunnel"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.channels = TunnelChannels(self.settings, WireStatistics())

    def address(self) -> dict[str, Any]:
        return {"port": self.port}

    @property
    def door(self) -> door.Door:
        assert self.channels._door is not None
        return self.channels._door

    def agent(self) -> Any:
        return connect(f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/{SECRET}", ssl=self.tls, proxy=None)

    async def gets_through(self) -> None:
        async with self.agent():
            await until(lambda: self.channels.present(0))
        await until(lambda: self.channels.present(0) is None)


class WebhookWorld(World):
    """The webhook, to which a server delivers events."""

    channel = "webhook"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.channels = WebhookChannels(self.settings, WireStatistics())

    def address(self) -> dict[str, Any]:
        return {"public_url": f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"}

    @property
    def listener(self) -> Listener:
        assert self.channels._listener is not None
        return self.channels._listener

    @property
    def door(self) -> door.Door:
        return self.listener.door

    async def gets_through(self) -> None:
        url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/{SECRET}/1"
        async with aiohttp.ClientSession() as http, http.post(url, data=b"{}", ssl=self.tls or True) as answer:
            assert answer.status == 410, "taken, for a subscription that is over"


W = TypeVar("W", bound=World)


@asynccontextmanager
async def listening(kind: type[W], folder: Path, *, tls: bool) -> AsyncIterator[W]:
    """A listener of this kind until the block ends."""
    certificate: dict[str, Path] = {}
    context = None
    if tls:
        file = folder / "here.pem"
        self_signed(file)
        certificate = {"certificate": file, "key": file.with_suffix(".key")}
        context = ssl.create_default_context(cafile=str(file))
    world = kind(free_port(), context, certificate)
    await world.channels.open()
    yield world
    async with asyncio.timeout(30):
        await world.channels.close()
        await world.channels.close()
    await until(lambda: not client_tasks())
