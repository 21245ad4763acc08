"""A server on loopback that says what a test tells it to, and remembers what it was asked.

What a wire adds (how one logs in, how events come) is in ``tests/aiopbx/o2g/o2g_server.py`` and
``tests/aiopbx/istra/istra_server.py``.
"""

import asyncio
import json as jsonlib
import socket
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass
class Recorded:
    """One request as it came."""

    method: str
    path: str
    """Raw: as it was on the wire, with the query."""
    headers: dict[str, str]
    body: bytes
    port: int
    """The client's: requests with the same one came over the same connection."""

    @property
    def json(self) -> Any:
        return jsonlib.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.headers.get("Cookie", "").split("; ") if pair)
        return {key: value for key, _, value in pairs}


@dataclass
class Scripted:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    hang: bool = False
    """Answer when released, or at the end."""
    drop: bool = False
    """Hang up instead of answering."""
    endless: bytes = b""
    """After the body, this again and again, until the other side has had enough."""


class ScriptedServer:
    """Answers what ``answer`` says, and 204 to everything else."""

    def __init__(self, *, base: str = "", tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.base = base
        """What all paths begin with, and ``answer`` and ``asked`` leave out."""
        self.requests: list[Recorded] = []
        self.arrivals: asyncio.Queue[Recorded] = asyncio.Queue()
        """The same, for tests that wait for them."""
        self._host = host
        self._tls = tls
        self._answers: dict[tuple[str, str], list[Scripted]] = defaultdict(list)
        self._released = asyncio.Event()
        self.poured = 0
        """Bytes of answers without end that have left."""
        self.hung_up = asyncio.Event()
        """Set when the other side has hung up on an answer without end."""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, 0, ssl_context=self._tls).start()
        self.port: int = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()
        await self._runner.cleanup()

    def answer(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: Any = None,
        text: str | bytes = b"",
        headers: list[tuple[str, str]] | None = None,
        then: bool = False,
        hang: bool = False,
        drop: bool = False,
        endless: bytes = b"",
    ) -> None:
        """Script the answer to a method and a path; with ``then`` it comes after those scripted before, once each."""
        body = jsonlib.dumps(json).encode() if json is not None else text.encode() if isinstance(text, str) else text
        given = [("Content-Type", "application/json")] if json is not None else []
        scripted = Scripted(status, body, [*given, *(headers or [])], hang, drop, endless)
        if then:
            self._answers[method, path].append(scripted)
        else:
            self._answers[method, path] = [scripted]

    def release(self) -> None:
        """Let everything be answered that hangs."""
        self._released.set()

    def asked(self, method: str, path: str) -> list[Recorded]:
        """Requests with this method and this path, whatever their query."""
        wanted = self.base + path
        return [one for one in self.requests if one.method == method and one.path.partition("?")[0] == wanted]

    @property
    def sequence(self) -> list[str]:
        """Methods and paths, as they came."""
        return [f"{one.method} {one.path.removeprefix(self.base)}" for one in self.requests]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = request.raw_path
        assert request.transport is not None
        port = request.transport.get_extra_info("peername")[1]
        recorded = Recorded(request.method, raw, dict(request.headers), await request.read(), port)
        self.requests.append(recorded)
        self.arrivals.put_nowait(recorded)
        path = raw.partition("?")[0]
        if not path.startswith(self.base):
            return web.Response(status=404, text="<html><body>nothing here</body></html>")
        path = path.removeprefix(self.base)
        scripted = self._answers.get((request.method, path))
        if not scripted:
            return await self.unscripted(request, path)
        one = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if one.hang:
            await self._released.wait()
        if one.drop:
            request.transport.abort()
        if one.endless:
            return await self._without_end(request, one)
        return self.respond(request, path, one)

    async def _without_end(self, request: web.Request, scripted: Scripted) -> web.StreamResponse:
        response = web.StreamResponse(status=scripted.status)
        for key, value in scripted.headers:
            response.headers.add(key, value)
        assert request.transport is not None
        # What has been poured is counted, so little of it shall lie in buffers.
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**16)
        await response.prepare(request)
        try:
            await response.write(scripted.body or scripted.endless)
            while True:
                await response.write(scripted.endless)
                self.poured += len(scripted.endless)
        except ConnectionError:
            self.hung_up.set()
        return response

    async def unscripted(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer what nothing was said about."""
        return web.Response(status=204)

    def respond(self, request: web.Request, path: str, scripted: Scripted) -> web.Response:
        """Make the answer that was scripted."""
        response = web.Response(status=scripted.status, body=scripted.body)
        for key, value in scripted.headers:
            if key == "Content-Type":
                response.headers[key] = value
            else:
                response.headers.add(key, value)
        return response
