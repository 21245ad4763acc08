"""A client that is closed while requests are on their way: each ends with an error that says so, and nothing is logged.

The connections are shared and stay, so that such a request may go on: aiohttp repeats what is idempotent where a kept
connection ends, and by then its session is closed.
"""

import asyncio
import logging

import aiohttp
import pytest

from aiopbx.errors import ConnectionFailed, OutcomeUnknown
from aiopbx.http.tap import WireStatistics
from aiopbx.http.transport import HttpTransport, Outgoing
from aiopbx.settings.connection import ConnectionSettings


class Mute:
    """A server that answers the first request of a connection, and hangs up on the second one when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hang_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        await self.hang_up.wait()
        writer.close()


@pytest.mark.parametrize(("method", "error"), [("GET", ConnectionFailed), ("DELETE", OutcomeUnknown)])
async def test_a_request_that_outlives_its_client(
    method: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    mute = Mute()
    server = await asyncio.start_server(mute.serve, "127.0.0.1")
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, aiohttp.ClientSession() as http:
        settings = ConnectionSettings.make(url=url, username="x", password="x")
        transport = HttpTransport(settings, http, url=url, statistics=WireStatistics())
        await transport.open()

        async def ask(method: str) -> None:
            await transport._exchange(Outgoing(method=method, url=url, name=method, safe=method == "GET"))

        await ask("GET")
        second = asyncio.create_task(ask(method))
        await mute.asked.wait()
        await transport.close()
        mute.hang_up.set()
        with pytest.raises(error, match="closed meanwhile"):
            await second
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
