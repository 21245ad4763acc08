"""What the tests of the wire share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from aiopbx.o2g.client import O2gClient
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.o2g.o2g_server import O2gServer

PASSWORD = "pass word that is secret"

Connect = Callable[..., Awaitable[O2gClient]]


@pytest.fixture
async def server() -> AsyncIterator[O2gServer]:
    async with O2gServer() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
def direct() -> bool:
    """Whether the channel is read by our own protocol, as where the client makes the HTTP session itself."""
    return False


@pytest.fixture
async def make(server: O2gServer, http: aiohttp.ClientSession, direct: bool) -> AsyncIterator[Callable[..., O2gClient]]:
    """Make a client of the scripted server that is not open yet; it is closed at the end."""
    made: list[O2gClient] = []

    def make(**settings: Any) -> O2gClient:
        values = {"url": server.url, "username": "oxe1000", "password": PASSWORD, **settings}
        client = O2gClient(ConnectionSettings.make(**values), http)
        client._ways.direct = direct
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def connect(make: Callable[..., O2gClient]) -> Connect:
    """Make a client and log in."""

    async def connect(**settings: Any) -> O2gClient:
        client = make(**settings)
        await client.open()
        return client

    return connect
