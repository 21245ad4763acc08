"""An Istra server that says what a test tells it to, letter by letter, and remembers what it was asked."""

import asyncio
import base64
import gzip
import json as jsonlib
import ssl
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import WSMsgType, web

from tests.scripted_server import Scripted, ScriptedServer

ROUTER = "/restletrouter"
TOKEN = "token-that-is-secret-0001"
SESSION = "-4278595528937730729"
PASSWORD = "pass word that is secret"


class Cut:
    """Among the frames: break the connection."""


@dataclass(frozen=True)
class Shut:
    """Among the frames: close the connection as it should be closed. The class alone does, too."""

    code: int = 1001
    reason: str = ""


@dataclass
class Socket:
    """A WebSocket that is open, or was."""

    application: str
    headers: dict[str, str]
    heard: list[str | bytes] = field(default_factory=list)
    """What the client has sent."""
    frames: asyncio.Queue[str | bytes | type | Shut] = field(default_factory=asyncio.Queue)
    """What the client is sent."""
    transport: asyncio.Transport | None = None
    pings: int = 0
    """Of the protocol, as they came."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, frame: Any) -> None:
        """Send text or bytes as they are, and everything else as JSON."""
        self.frames.put_nowait(frame if isinstance(frame, str | bytes | type | Shut) else jsonlib.dumps(frame))

    def freeze(self) -> None:
        """Hear and say nothing any more, and leave the connection open."""
        assert self.transport is not None
        self.transport.pause_reading()


class IstraServer(ScriptedServer):
    """Logs in anybody with the password above, unless told otherwise by ``answer``; everything else answers 204."""

    def __init__(
        self, *, router: str = ROUTER, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, gzip: bool = False
    ) -> None:
        super().__init__(base=f"{router}/", host=host, tls=tls)
        self.router = router
        self.sockets: list[Socket] = []
        self.opened: asyncio.Queue[Socket] = asyncio.Queue()
        self.timeout_milliseconds: Any = 300000
        """What the first frame says; none sends no first frame."""
        self.refuse_upgrades: list[int] = []
        """Statuses that the next upgrades are refused with."""
        self.session = SESSION
        self.token = TOKEN
        self.gzip = gzip

    async def __aexit__(self, *raised: object) -> None:
        for socket in self.sockets:
            socket.frames.put_nowait(Cut)
        await super().__aexit__(*raised)

    async def unscripted(self, request: web.Request, path: str) -> web.StreamResponse:
        if path.startswith("ws-service/"):
            if self.refuse_upgrades:
                return web.Response(status=self.refuse_upgrades.pop(0))
            return await self._serve_socket(request, path.removeprefix("ws-service/"))
        if path == "v1/service/Login":
            return self._log_in(request)
        return await super().unscripted(request, path)

    def respond(self, request: web.Request, path: str, scripted: Scripted) -> web.Response:
        headers = [("Content-Type", "application/json"), *scripted.headers]  # whatever it is
        if self.gzip:
            scripted = replace(scripted, body=gzip.compress(scripted.body))
            headers.append(("Content-Encoding", "gzip"))
        return super().respond(request, path, replace(scripted, headers=headers))

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
        response = web.WebSocketResponse(autoping=False)
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
                elif message.type is WSMsgType.PING:
                    socket.pings += 1
                    await response.pong(message.data)
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
            elif frame is Shut or isinstance(frame, Shut):
                shut = frame if isinstance(frame, Shut) else Shut()
                await response.close(code=shut.code, message=shut.reason.encode())
            elif isinstance(frame, bytes):
                await response.send_bytes(frame)
            else:
                assert isinstance(frame, str)
                await response.send_str(frame)
