"""What the tests of Istra's wire share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from aiopbx.http.tap import WireStatistics, Wiretap
from aiopbx.istra.client import IstraClient
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer

Make = Callable[..., IstraClient]
Connect = Callable[..., Awaitable[IstraClient]]


@pytest.fixture
async def server() -> AsyncIterator[IstraServer]:
    async with IstraServer() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def make(server: IstraServer, http: aiohttp.ClientSession) -> AsyncIterator[Make]:
    """Make a client of the scripted server that is not open yet; it is closed at the end."""
    made: list[IstraClient] = []

    def make(system: str = "myrcc", **settings: Any) -> IstraClient:
        tap = settings.pop("tap", None)
        values = {"system": system, "url": server.url, "username": "jdoe", "password": PASSWORD, **settings}
        if system == "myrcc":
            values.setdefault("enterprise", "example")
        client = IstraClient(ConnectionSettings.make(**values), http, statistics=WireStatistics(tap=tap or Wiretap()))
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def connect(make: Make) -> Connect:
    """Make a client and log in; ``impatient`` is how long it waits for answers afterwards.

    The login itself gets its time, however busy the machine is.
    """

    async def connect(system: str = "myrcc", impatient: float | None = None, **settings: Any) -> IstraClient:
        client = make(system, **settings)
        await client.open()
        if impatient is not None:
            transport = client._transport
            transport.settings = transport.settings.model_copy(update={"request_timeout": impatient})
        return client

    return connect
