"""The agent that opens the tunnel: it connects as O2G's does, and hands requests to the server."""

import asyncio
import functools
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from ....o2g.types.events import OnChannelInformation
from ....o2g.types.tunnel import (
    BEARER,
    LONGEST_MESSAGE,
    Answer,
    Cancel,
    Event,
    Message,
    Piece,
    Request,
    encode,
    payload,
    to_agent,
)
from .channel import ENDED, Push
from .context import Stream
from .requests import TunnelRequest
from .subscriptions import Subscribed, line_of

if TYPE_CHECKING:
    from .server import O2gServer

_log = logging.getLogger(__name__)

_LONGEST_PAUSE: Final = 30
"""The longest pause between two attempts, as a multiple of the shortest."""
_CLOSING: Final = 1.0
"""Seconds that closing a connection may take."""

_silent = logging.Logger("aiopbx.simulator.tunnel", logging.CRITICAL + 1)  # noqa: LOG001 - it would log every frame
_silent.addHandler(logging.NullHandler())


class TunnelAgent:
    """Keeps a WebSocket open to one address and reconnects when it is lost."""

    def __init__(self, server: "O2gServer", url: str, secret: str | None = None) -> None:
        """Connect this server with the other side. URL and secret are never shown."""
        self.connected = asyncio.Event()
        """Set while it is connected."""
        self.connections = 0
        """How often it has connected."""
        self.server = server
        self._url = url
        self._secret = secret
        self._connection: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._requests: dict[str, asyncio.Task[None]] = {}
        self._pushes: set[TunnelPush] = set()

    def __repr__(self) -> str:
        """Return its state."""
        return f"<TunnelAgent of the {self.server.name}: {'connected' if self._connection else 'not connected'}>"

    # -- the connection -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, and stay connected."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_connected(), name="simulator-tunnel")

    async def stop(self, *, abrupt: bool = False) -> None:
        """Disconnect, and stay disconnected."""
        if abrupt:
            self.cut()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def cut(self) -> None:
        """Break the connection as a failing network would."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _keep_connected(self) -> None:
        retry = self.server.settings.tunnel_retry
        pause = retry
        while True:
            try:
                tls = await self.server.pushes.tls() if self._url.startswith("wss:") else None
                async with connect(
                    self._url,
                    ssl=tls,
                    additional_headers={"Authorization": BEARER + self._secret} if self._secret else None,
                    compression=None,
                    max_size=LONGEST_MESSAGE,
                    close_timeout=_CLOSING,
                    proxy=None,
                    logger=_silent,
                ) as connection:
                    pause = retry
                    await self._serve(connection)
            except (OSError, TimeoutError, WebSocketException, ValueError) as error:
                # The error's text may quote the URL.
                _log.info("The %s cannot open its tunnel (%s)", self.server.name, type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, retry * _LONGEST_PAUSE)

    async def _serve(self, connection: ClientConnection) -> None:
        """Handle messages until the connection ends."""
        self._connection = connection
        self.connections += 1
        self.connected.set()
        for push in self._pushes:
            push.wake()
        try:
            async for frame in connection:
                try:
                    message = to_agent(frame)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    _log.warning("A message came through the tunnel that cannot be read")
                    continue
                if isinstance(message, Cancel):
                    task = self._requests.get(message.id)
                    if task is not None:
                        task.cancel()
                elif message.id not in self._requests:
                    task = asyncio.create_task(self._request(message), name="simulator-tunnel-request")
                    self._requests[message.id] = task
                    task.add_done_callback(functools.partial(self._answered, message.id))
        except ConnectionClosed:
            pass
        finally:
            self._connection = None
            self.connected.clear()
            for task in list(self._requests.values()):
                task.cancel()

    def _answered(self, id_: str, task: "asyncio.Task[None]") -> None:
        self._requests.pop(id_, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("A request through the tunnel failed", exc_info=task.exception())

    async def send(self, message: Message) -> bool:
        """Send a message; returns false if there is no connection, or it broke."""
        connection = self._connection
        if connection is None:
            return False
        try:
            await connection.send(encode(message), text=True)
        except ConnectionClosed:
            return False
        return True

    # -- requests -----------------------------------------------------------------------------------------------

    async def _request(self, message: Request) -> None:
        """Let the server answer a request as if it had come over a socket."""
        request = TunnelRequest(message, self, "https" if self.server.settings.tls else "http")
        # A request that has arrived is carried out, whether or not anyone waits for the answer.
        answer = await asyncio.shield(asyncio.ensure_future(self.server.answer(request)))
        if request.dropped:
            await self.send(Answer(id=message.id, status=HTTPStatus.BAD_GATEWAY))
        elif isinstance(answer, Stream):
            await self._stream(message.id, answer)
        else:
            body = answer.body if isinstance(answer.body, bytes | bytearray) else b""
            headers = tuple((str(name), value) for name, value in answer.headers.items())
            await self.send(Answer(id=message.id, status=answer.status, headers=headers, **payload(bytes(body))))

    async def _stream(self, id_: str, stream: Stream) -> None:
        """Answer piece by piece."""
        headers = (*stream.headers.items(), ("Content-Length", str(stream.length)))
        await self.send(Answer(id=id_, status=stream.status, headers=headers, more=True))
        for piece in stream.pieces:
            await self.send(Piece(id=id_, data=piece, more=True))
        await self.send(Piece(id=id_))

    # -- events -------------------------------------------------------------------------------------------------

    def push(self, subscribed: Subscribed, identifier: str) -> None:
        """Send the events of a subscription through the tunnel, under this identifier."""
        TunnelPush(self.server, subscribed, self, identifier).start()

    def add(self, push: "TunnelPush") -> None:
        """Wake this channel whenever there is a connection again."""
        self._pushes.add(push)

    def remove(self, push: "TunnelPush") -> None:
        """Stop waking it."""
        self._pushes.discard(push)


class TunnelPush(Push):
    """Sends the events of a subscription through the tunnel; without a connection, they wait."""

    started = line_of(OnChannelInformation(text="WebSocket started"))

    def __init__(self, server: "O2gServer", subscribed: Subscribed, agent: TunnelAgent, identifier: str) -> None:
        """Send through this agent."""
        super().__init__(server, subscribed)
        self._agent = agent
        self._identifier = identifier

    def start(self) -> None:
        """Start sending."""
        self._agent.add(self)
        super().start()

    def cut(self) -> None:
        """Break the tunnel."""
        self._agent.cut()

    async def write(self, line: bytes) -> None:
        """Send a line as soon as there is a connection."""
        event = Event(identifier=self._identifier, **payload(line.rstrip(b"\n")))
        while not await self._agent.send(event):
            if self._closing or line == ENDED:
                return  # the subscription is over, and there is no one to send this to
            self._woken.clear()
            await self._woken.wait()

    def _stop(self) -> None:
        super()._stop()
        self._agent.remove(self)
