"""An Istra server that says what a test tells it to, letter by letter, and remembers what it was asked."""

import asyncio
import base64
import gzip
import json as jsonlib
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.aiopbx.o2g.scripted_server import Recorded, Scripted

ROUTER = "/restletrouter"
TOKEN = "token-that-is-secret-0001"
SESSION = "-4278595528937730729"
PASSWORD = "pass word that is secret"


class Cut:
    """Among the frames: break the connection."""


class Shut:
    """Among the frames: close the connection as it should be closed."""


@dataclass
class Socket:
    """A WebSocket that is open, or was."""

    application: str
    headers: dict[str, str]
    heard: list[str | bytes] = field(default_factory=list)
    """What the client has sent."""
    frames: asyncio.Queue[str | bytes | type] = field(default_factory=asyncio.Queue)
    """What the client is sent."""
    transport: asyncio.Transport | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, frame: Any) -> None:
        """Send text or bytes as they are, and everything else as JSON."""
        self.frames.put_nowait(frame if isinstance(frame, str | bytes | type) else jsonlib.dumps(frame))

    def freeze(self) -> None:
        """Hear and say nothing any more, and leave the connection open."""
        assert self.transport is not None
        self.transport.pause_reading()


class IstraServer:
    """Logs in anybody with the password above, unless told otherwise by ``answer``; everything else answers 204."""

    def __init__(
        self, *, router: str = ROUTER, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, gzip: bool = False
    ) -> None:
        self.router = router
        self.requests: list[Recorded] = []
        self.sockets: list[Socket] = []
        self.opened: asyncio.Queue[Socket] = asyncio.Queue()
        self.timeout_milliseconds: Any = 300000
        """What the first frame says; none sends no first frame."""
        self.refuse_upgrades: list[int] = []
        """Statuses that the next upgrades are refused with."""
        self.session = SESSION
        self.token = TOKEN
        self.gzip = gzip
        self._host = host
        self._tls = tls
        self._answers: dict[tuple[str, str], list[Scripted]] = defaultdict(list)
        self._released = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, 0, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        for socket in self.sockets:
            socket.frames.put_nowait(Cut)
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
    ) -> None:
        """Script the answer to a method and a path below the base; with ``then`` it comes after those before, once."""
        body = jsonlib.dumps(json).encode() if json is not None else text.encode() if isinstance(text, str) else text
        scripted = Scripted(status, body, headers or [], hang, drop)
        if then:
            self._answers[method, path].append(scripted)
        else:
            self._answers[method, path] = [scripted]

    def release(self) -> None:
        """Let everything be answered that hangs."""
        self._released.set()

    def asked(self, method: str, path: str) -> list[Recorded]:
        """Requests with this method and this path below the base, whatever their query."""
        wanted = f"{self.router}/{path}"
        return [one for one in self.requests if one.method == method and one.path.partition("?")[0] == wanted]

    @property
    def sequence(self) -> list[str]:
        """Methods and paths below the base, as they came."""
        return [f"{one.method} {one.path.removeprefix(self.router + '/')}" for one in self.requests]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = request.raw_path
        self.requests.append(Recorded(request.method, raw, dict(request.headers), await request.read()))
        path = raw.partition("?")[0]
        if not path.startswith(f"{self.router}/"):
            return web.Response(status=404, text="<html><body>nothing here</body></html>")
        path = path.removeprefix(f"{self.router}/")
        scripted = self._answers.get((request.method, path))
        if not scripted:
            if path.startswith("ws-service/"):
                if self.refuse_upgrades:
                    return web.Response(status=self.refuse_upgrades.pop(0))
                return await self._serve_socket(request, path.removeprefix("ws-service/"))
            if path == "v1/service/Login":
                return self._log_in(request)
            return web.Response(status=204)
        one = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if one.hang:
            await self._released.wait()
        if one.drop:
            assert request.transport is not None
            request.transport.abort()
        response = web.Response(status=one.status, body=gzip.compress(one.body) if self.gzip else one.body)
        if self.gzip:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Type"] = "application/json"
        for key, value in one.headers:
            if key == "Content-Type":
                response.headers[key] = value
            else:
                response.headers.add(key, value)
        return response

    def _log_in(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405)
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic" or not base64.b64decode(pair).decode().endswith(f":{PASSWORD}"):
            return web.Response(status=401)
        return web.Response(status=200, headers=self.session_headers(request.headers["X-Application"]))

    def session_headers(self, application: str) -> dict[str, str]:
        """What an answer to the login carries."""
        return {
            "Set-Cookie": f"{application}_SESSIONID={self.session};Path=/restletrouter;HttpOnly",
            "X-Application": f"{application};{self.token}",
        }

    async def _serve_socket(self, request: web.Request, application: str) -> web.StreamResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        socket = Socket(application, dict(request.headers), transport=request.transport)
        self.sockets.append(socket)
        if application != "myIstra" and self.timeout_milliseconds is not None:
            await response.send_json({"timeout_milliseconds": self.timeout_milliseconds})
        self.opened.put_nowait(socket)
        writer = asyncio.ensure_future(self._write(response, socket))
        try:
            async for message in response:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    socket.heard.append(message.data)
        finally:
            writer.cancel()
            socket.gone.set()
        return response

    async def _write(self, response: web.WebSocketResponse, socket: Socket) -> None:
        while True:
            frame = await socket.frames.get()
            if frame is Cut:
                assert socket.transport is not None
                socket.transport.abort()
            elif frame is Shut:
                await response.close(code=1001)
            elif isinstance(frame, bytes):
                await response.send_bytes(frame)
            else:
                assert isinstance(frame, str)
                await response.send_str(frame)
