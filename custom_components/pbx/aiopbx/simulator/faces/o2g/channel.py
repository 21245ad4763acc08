"""The event channels: a chunked answer, and channels that the server feeds itself (a webhook; the tunnel).

Whatever a channel goes over, it sends one JSON object a line, each as soon as it is there.
"""

import asyncio
import logging
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp import HttpVersion11, web
from yarl import URL

from ....o2g.types.events import OnChannelInformation
from .. import cors
from .context import refusal_response
from .refusals import NOT_FOUND, Refusal, bad_parameter, wrong_method
from .subscriptions import POLLING_ID, POLLING_PATH, Subscribed, line_of

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from ...settings import SimulatorSettings
    from .server import O2gServer

_log = logging.getLogger(__name__)

STARTED: Final = line_of(OnChannelInformation(text="Chunk started"))
HEARTBEAT: Final = line_of(OnChannelInformation(text="keepalive"))
ENDED: Final = line_of(OnChannelInformation(text="Subscription ended"))
"""The last message, where one can be delivered: there is no connection whose end would show it."""
_FAREWELL: Final = 1.0
"""Seconds that pending deliveries get when the server stops."""
_NOBODY: Final = (404, 410)
"""Statuses of a webhook that is gone."""


class Writer(Protocol):
    """Where a channel writes its lines."""

    async def write(self, data: bytes, /) -> None:
        """Send a line."""


class Channel:
    """An open channel of a subscription, over any kind of connection."""

    def __init__(self, server: "O2gServer", subscribed: Subscribed) -> None:
        """Create it; nothing is sent yet."""
        self._server = server
        self._subscribed = subscribed
        self._woken = asyncio.Event()
        self._beat = False
        self._closing = False
        self._timer: TimerHandle | None = None
        self._last = 0.0

    def wake(self) -> None:
        """Wake the channel: there is something to send, or a reason to end."""
        self._woken.set()

    def close(self) -> None:
        """Send what is queued, and end."""
        self._closing = True
        self._woken.set()

    def cut(self) -> None:
        """Break the connection as a failing network would."""
        raise NotImplementedError

    def _stop(self) -> None:
        """Clean up at the end."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        if self._subscribed.channel is self:
            self._subscribed.channel = None

    async def _send(self, response: Writer) -> None:
        """Send everything queued, unless a fault has frozen the channels."""
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
        """Close the channel if nothing was sent for the agreed time."""
        clock = self._server.clock
        left = self._last + self._subscribed.minutes * 60.0 - clock.now()
        if left <= 0:
            self.close()
        else:
            self._timer = clock.call_later(left, self._look)


class ChunkedAnswer(Channel):
    """The answer to a request to the event ports."""

    def __init__(self, server: "O2gServer", subscribed: Subscribed, request: web.BaseRequest) -> None:
        """Create the answer to this request; nothing is sent yet."""
        super().__init__(server, subscribed)
        self._request = request

    def cut(self) -> None:
        """Break the connection as a failing network would."""
        self._closing = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def run(self) -> web.StreamResponse:
        """Send events until the channel is closed, times out, or the client goes away."""
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache"})
        if self._request.version >= HttpVersion11:
            response.enable_chunked_encoding()
        self._server.cors(self._request, response)
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
            pass  # the client has gone; the queue waits for its next channel
        finally:
            self._stop()
        return response


class ChannelRequests:
    """Opens channels. They need no cookie and no credentials: the id in the URL is the key."""

    def __init__(self, server: "O2gServer") -> None:
        """Create it for the subscriptions of this server."""
        self._server = server
        self.opened = 0
        """The number of channels opened since the start."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to the event ports."""
        asked = cors.preflight(request, self._server.settings.origins)
        if asked is not None:
            self._server.cors(request, asked)
            return asked
        try:
            subscribed = self._find(request)
            await request.read()
        except Refusal as refusal:
            refused = refusal_response(refusal)
            self._server.cors(request, refused)
            return refused
        self.opened += 1
        return await ChunkedAnswer(self._server, subscribed, request).run()

    def _find(self, request: web.BaseRequest) -> Subscribed:
        if request.method not in ("GET", "POST"):
            raise wrong_method(request.method, ["GET", "POST"])
        subscribed = None
        if request.rel_url.path == POLLING_PATH:
            subscribed = self._server.subscriptions.get(request.rel_url.query.get(POLLING_ID, ""))
        if subscribed is None:
            message = "There is no such subscription, or its session has ended."
            raise Refusal(NOT_FOUND, message, status=HTTPStatus.NOT_FOUND)
        return subscribed


# -- channels that the server feeds itself ----------------------------------------------------------------------


class GaveUpError(Exception):
    """Deliveries have failed for good."""


class Push(Channel):
    """A channel that runs as a task, one event at a time and in order, as long as its subscription lives."""

    started: bytes
    """The first message."""

    def __init__(self, server: "O2gServer", subscribed: Subscribed) -> None:
        """Create it; it is not started yet."""
        super().__init__(server, subscribed)
        self._task: asyncio.Task[None] | None = None

    async def write(self, line: bytes) -> None:
        """Deliver a line. Raises ``GaveUpError``."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to deliver."""
        self._subscribed.channel = self
        self._server.channels.opened += 1
        self._task = asyncio.create_task(self._feed(), name="simulator-push")
        self._server.pushes.add(self, self._task)

    async def _feed(self) -> None:
        try:
            await self.write(self.started)
            self._start_timer()
            while not self._closing:
                self._woken.clear()
                await self._send(self)
                if not self._closing:
                    await self._woken.wait()
            await self.write(ENDED)
        except GaveUpError as error:
            # A receiver that is gone gets no further events, and none are kept for it.
            _log.warning("A subscription ends: %s", error)
            self._server.subscriptions.remove(self._subscribed)
        finally:
            self._stop()

    def stop(self) -> None:
        """Stop at once, without a last message."""
        if self._task is not None:
            self._task.cancel()


class Pushes:
    """The channels that a server feeds itself, and the connections that they need."""

    def __init__(self, server: "O2gServer") -> None:
        """Start without channels."""
        self._server = server
        self._tasks: dict[asyncio.Task[None], Push] = {}
        self._http: aiohttp.ClientSession | None = None
        self._ssl: ssl.SSLContext | None = None

    def add(self, push: Push, task: "asyncio.Task[None]") -> None:
        """Add a channel that has started."""
        self._tasks[task] = push
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("Delivering events failed", exc_info=task.exception())

    @staticmethod
    def check_webhook(text: str) -> None:
        """Refuse a URL that events cannot be delivered to."""
        try:
            parts = urlsplit(text)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise bad_parameter("webHookUrl", "must be a whole URL, with http or https and a host")

    def webhook(self, subscribed: Subscribed, url: str) -> None:
        """Deliver the events of a subscription to this URL."""
        Webhook(self._server, subscribed, url).start()

    @property
    def http(self) -> aiohttp.ClientSession:
        """The HTTP session of the webhooks."""
        if self._http is None:
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._http

    async def tls(self) -> ssl.SSLContext:
        """Return the TLS context for webhooks and the tunnel."""
        if self._ssl is None:
            self._ssl = await asyncio.to_thread(outgoing_context, self._server.settings)
        return self._ssl

    def abort(self) -> None:
        """Stop delivering, as if the process were killed."""
        for push in self._tasks.values():
            push.stop()

    async def close(self) -> None:
        """Give pending deliveries a moment, then stop."""
        tasks = set(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        http, self._http = self._http, None
        if http is not None:
            await http.close()


def outgoing_context(settings: "SimulatorSettings") -> ssl.SSLContext:
    """Return the TLS context for outgoing connections. Blocking: it reads files."""
    if settings.outgoing_tls == "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    ca_file = settings.outgoing_ca_file
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    if ca_file is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class Webhook(Push):
    """Delivers events by POST. A failed delivery is repeated, then the subscription is given up."""

    started = line_of(OnChannelInformation(text="Webhook started"))

    def __init__(self, server: "O2gServer", subscribed: Subscribed, url: str) -> None:
        """Deliver to this URL, which is a secret."""
        super().__init__(server, subscribed)
        self._url = url
        self._delivery: asyncio.Task[int] | None = None

    def cut(self) -> None:
        """Break the connection of the delivery under way: it is repeated, so nothing is lost."""
        if self._delivery is not None:
            self._delivery.cancel()

    async def write(self, line: bytes) -> None:
        """Deliver a line, several times if necessary."""
        settings = self._server.settings
        problem = ""
        for attempt in range(settings.webhook_attempts):
            if attempt:
                # A pause of the network, not of the office: it does not depend on the simulator's clock.
                await asyncio.sleep(settings.webhook_back_off * 2.0 ** min(attempt - 1, 10))
                if not self._subscribed.alive and line != ENDED:
                    raise GaveUpError("it was closed while its webhook did not answer")
            self._delivery = asyncio.create_task(self._post(line.rstrip(b"\n")))
            try:
                status = await self._delivery
            except asyncio.CancelledError:
                if _being_cancelled():
                    raise
                problem = "the connection was cut"
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                problem = type(error).__name__
            else:
                if 200 <= status < 300:
                    return
                problem = f"it answers {status}"
                if status in _NOBODY:
                    break
            finally:
                self._delivery = None
            if line == ENDED:
                break  # the last message is a courtesy, not worth another attempt
        if line != ENDED:
            raise GaveUpError(f"its webhook takes no events ({problem})")

    async def _post(self, body: bytes) -> int:
        pushes = self._server.pushes
        async with pushes.http.post(
            URL(self._url, encoded=True),
            data=body,
            headers={"Content-Type": "application/json"},
            ssl=await pushes.tls() if self._url.startswith("https:") else True,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=self._server.settings.webhook_timeout),
        ) as response:
            return response.status


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
