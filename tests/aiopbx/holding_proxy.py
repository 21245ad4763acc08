"""A proxy before a simulated O2G server that passes the event channel on as it is told to: at once, or in blocks.

It stands for what nginx does with ``proxy_pass`` alone. The real ones are in ``tests/proxies``.
"""

import asyncio
import contextlib
from typing import Any, Final, Self

import aiohttp
from aiohttp import web

from aiopbx.simulator import Simulator

_OWN: Final = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding"}
"""Headers that are each connection's own."""


class HoldingProxy:
    """Serves what the simulator does, under ports of its own."""

    def __init__(self, simulator: Simulator, *, block: int = 0, headers_first: bool = False) -> None:
        """``block`` is how many bytes of the event channel are gathered before they are passed on; 0 is none.

        Headers go with the first of them, or ``headers_first``.
        """
        self.block = block
        self.headers_first = headers_first
        self.held: list[bytes] = []
        """What has come of the channel and was not passed on."""
        self._server = simulator.servers[0]
        self._behind = simulator.url
        self._answers: set[web.StreamResponse] = set()
        self._ending = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True)
        self._runners = []
        ports = []
        for handler in (self._request, self._channel):
            runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._runners.append(runner)
            ports.append(runner.addresses[0][1])
        self.url = f"http://127.0.0.1:{ports[0]}"
        self._events = f"http://127.0.0.1:{self._server.event_ports['http']}"
        self._events_here = f"http://127.0.0.1:{ports[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending.set()
        for runner in self._runners:
            await runner.cleanup()
        await self._http.close()

    def end_cleanly(self) -> None:
        """End every channel as if its server had, and throw away what is held, as for a server that has died."""
        self._ending.set()
        self._ending = asyncio.Event()

    async def _request(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on, and name the proxy in the answer where the server names itself."""
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _OWN}
        body = await request.read()
        async with self._http.request(
            request.method, self._behind + request.path_qs, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            text = await answer.read()
            for there, here in ((self._behind, self.url), (self._events, self._events_here)):
                text = text.replace(there.encode(), here.encode())
            passed: Any = [(key, value) for key, value in answer.headers.items() if key.lower() not in _OWN]
            return web.Response(status=answer.status, headers=passed, body=text)

    async def _channel(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass the channel on."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        ending = asyncio.ensure_future(self._ending.wait())
        async with self._http.request(
            request.method, self._events + request.path_qs, timeout=aiohttp.ClientTimeout(total=None)
        ) as answer:
            waiting = bytearray()
            if self.headers_first:
                await response.prepare(request)
            while True:
                reading = asyncio.ensure_future(answer.content.readany())
                await asyncio.wait([reading, ending], return_when=asyncio.FIRST_COMPLETED)
                if ending.done():
                    reading.cancel()
                    self.held.append(bytes(waiting))
                    break
                piece = reading.result()
                if not piece:
                    break
                waiting += piece
                while waiting and (not self.block or len(waiting) >= self.block):
                    part = bytes(waiting[: self.block or len(waiting)])
                    del waiting[: len(part)]
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(part)
        ending.cancel()
        with contextlib.suppress(ConnectionError):  # whoever asked has gone, perhaps
            if not response.prepared:
                await response.prepare(request)
            await response.write_eof()
        return response
