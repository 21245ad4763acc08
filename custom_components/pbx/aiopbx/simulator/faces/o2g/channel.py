"""The event channel: one chunked answer that does not end, a JSON object a line, each flushed as it comes."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote

from aiohttp import HttpVersion11, web

from ....o2g.types.events import OnChannelInformation
from .answers import refusal_response, wrong_method
from .refusals import NOT_FOUND, Refusal
from .subscriptions import Subscribed, line_of

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from .server import O2gServer

STARTED: Final = line_of(OnChannelInformation(text="Chunk started"))
HEARTBEAT: Final = line_of(OnChannelInformation(text="keepalive"))


class Writer(Protocol):
    """Where the lines of a channel go."""

    async def write(self, data: bytes, /) -> None:
        """Send one."""


class Channel:
    """An open channel of a subscription, whatever its events go over."""

    def __init__(self, server: "O2gServer", subscribed: Subscribed) -> None:
        """Nothing is sent yet."""
        self._server = server
        self._subscribed = subscribed
        self._woken = asyncio.Event()
        self._beat = False
        self._closing = False
        self._timer: TimerHandle | None = None
        self._last = 0.0

    def wake(self) -> None:
        """There is something to send, or a reason to end."""
        self._woken.set()

    def close(self) -> None:
        """Send what is there to be sent, and end."""
        self._closing = True
        self._woken.set()

    def cut(self) -> None:
        """Break the connection as a failing network would."""
        raise NotImplementedError

    def _stop(self) -> None:
        """It has ended."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        if self._subscribed.channel is self:
            self._subscribed.channel = None

    async def _send(self, response: Writer) -> None:
        """Send all that is there, unless a fault has frozen the channels."""
        while not (self._closing or self._server.faults.frozen):
            line = self._subscribed.take()
            if line is None:
                break
            try:
                await response.write(line)
            except BaseException:
                if self._subscribed.alive:
                    self._subscribed.queue.appendleft(line)
                raise
            self._last = self._server.clock.now()
        if self._beat:
            self._beat = False
            if not (self._closing or self._server.faults.frozen):
                await response.write(HEARTBEAT)

    def _start_timer(self) -> None:
        clock = self._server.clock
        self._last = clock.now()
        if self._subscribed.minutes == 0:
            self._timer = clock.call_later(self._server.settings.heartbeat, self._ring)
        else:
            self._timer = clock.call_later(self._subscribed.minutes * 60.0, self._look)

    def _ring(self) -> None:
        """It is time for a heartbeat."""
        self._beat = True
        self._woken.set()
        self._timer = self._server.clock.call_later(self._server.settings.heartbeat, self._ring)

    def _look(self) -> None:
        """Close the channel if nothing went over it for the time agreed."""
        clock = self._server.clock
        left = self._last + self._subscribed.minutes * 60.0 - clock.now()
        if left <= 0:
            self.close()
        else:
            self._timer = clock.call_later(left, self._look)


class ChunkedAnswer(Channel):
    """The answer to a request to the event ports."""

    def __init__(self, server: "O2gServer", subscribed: Subscribed, request: web.BaseRequest) -> None:
        """Serve this request; nothing is sent yet."""
        super().__init__(server, subscribed)
        self._request = request

    def cut(self) -> None:
        """Break the connection as a failing network would."""
        self._closing = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def run(self) -> web.StreamResponse:
        """Send what comes until the channel is closed, times out, or the client goes away."""
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache"})
        if self._request.version >= HttpVersion11:
            response.enable_chunked_encoding()
        former, self._subscribed.channel = self._subscribed.channel, self
        if former is not None:
            former.close()
        try:
            await response.prepare(self._request)
            await response.write(STARTED)
            self._start_timer()
            while not self._closing:
                self._woken.clear()
                await self._send(response)
                if not self._closing:
                    await self._woken.wait()
            await response.write_eof()
        except ConnectionError:
            pass  # the client has gone; what is queued waits for its next channel
        finally:
            self._stop()
        return response


class ChannelRequests:
    """Opens channels. No cookie and no credential is asked for: the id in the URL is the key."""

    def __init__(self, server: "O2gServer") -> None:
        """Open the channels of this server's subscriptions."""
        self._server = server
        self.opened = 0
        """How many channels were opened since the start."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to the event ports."""
        try:
            subscribed = self._find(request)
            await request.read()
        except Refusal as refusal:
            return refusal_response(refusal)
        self.opened += 1
        return await ChunkedAnswer(self._server, subscribed, request).run()

    def _find(self, request: web.BaseRequest) -> Subscribed:
        if request.method not in ("GET", "POST"):
            raise wrong_method(request.method, ["GET", "POST"])
        segments = [unquote(segment) for segment in request.rel_url.raw_path.split("/") if segment]
        subscribed = None
        if len(segments) == 3 and segments[:2] == ["api", "events"]:
            subscribed = self._server.subscriptions.get(segments[2])
        if subscribed is None:
            message = "There is no such subscription, or its session has ended."
            raise Refusal(NOT_FOUND, message, status=HTTPStatus.NOT_FOUND)
        return subscribed
