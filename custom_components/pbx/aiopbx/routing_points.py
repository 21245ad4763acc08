"""Routing by the application: calls at a routing point wait until we say where they go."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from .centre import Digits, PointSnapshot, RouteSnapshot
from .core import Core
from .errors import CallOver, InvalidInput, PbxError
from .events import DigitsCollected, RouteEnded, RouteRequested, StatusChanged
from .loops import owned, settle
from .model import Feature, Status

_LOG = logging.getLogger(__name__)

LONGEST = 3600
"""Seconds, at most, for a tone, a guide, or a caller to dial."""


class RouteRequest:
    """A call that looks for a route: say where it goes by ``select``, or ``end`` it.

    Used in an ``async with`` it is ended where the block is left without an answer, or by an error. Once it is over,
    because we answered, in time or not, or the caller hung up, everything raises ``CallOver``.
    """

    def __init__(self, core: Core, snapshot: RouteSnapshot) -> None:
        """Made by ``RoutingPoint`` only."""
        self._core = core
        self.snapshot = snapshot
        self.answered = False
        """Whether we have said where the call goes, or that we do not know."""
        self._answering = False

    def __repr__(self) -> str:
        """Name the dialogue; the caller is a person."""
        return f"<RouteRequest {self.snapshot.id} at {self.snapshot.point}>"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._core.loop

    @property
    def over(self) -> bool:
        """Whether the system waits for no answer any more."""
        return self.answered or self.snapshot.id not in self._core.store.centre.requests

    @property
    def caller(self) -> str | None:
        """The number of the caller; it is a stranger's text."""
        return self.snapshot.caller

    @property
    def caller_name(self) -> str | None:
        """What the caller is called; it is a stranger's text."""
        return self.snapshot.caller_name

    @property
    def called(self) -> str | None:
        """What the caller has dialled."""
        return self.snapshot.called

    @owned
    async def select(
        self,
        number: str,
        *,
        calling_number: str | None = None,
        data: str | None = None,
        voicemail: bool = False,
    ) -> None:
        """Say where the call goes: to a number, or with ``voicemail`` into the mailbox of that user.

        ``calling_number`` is what the one called sees, ``data`` goes with the call. The dial policy holds: raises
        ``PolicyViolation``, ``InvalidInput``, ``CallOver``. O2G: POST …/routeSelect.
        """
        read = self._core.guard.numbers.read(number, field="number")
        self._core.system.commands.check_number(read.wire, field="number")
        self._core.guard.check(read, field="number")
        shown = None
        if calling_number is not None:
            shown = self._core.guard.numbers.read(calling_number, field="calling_number").wire
        await self._answer(lambda: self._commands.select(self.snapshot, read.wire, shown, data, voicemail))

    @owned
    async def end(self) -> None:
        """Say that there is no route from here: the system goes on by itself. O2G: POST …/routeEnd."""
        await self._answer(lambda: self._commands.end(self.snapshot))

    async def _answer(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._check()
        if self._answering:
            raise CallOver("The request is being answered already.", outcome="answered")
        self._answering = True
        try:
            await ask()
            self.answered = True
        finally:
            self._answering = False

    @owned
    async def collect_digits(self, *, count: int | None = None, until: str | None = None, timeout: int = 15) -> Digits:
        """Collect what the caller dials: so many digits, or until one such as ``#``, for at most ``timeout`` seconds.

        What was dialled is returned, also where the time was over. Raises ``CallOver`` where the caller hangs up.
        O2G: POST …/collectDigits.
        """
        self._check()
        _within("count", count, 1, 100)
        _within("timeout", timeout, 1, LONGEST)
        commands = self._commands
        found: asyncio.Future[Digits] = asyncio.get_running_loop().create_future()
        early: list[DigitsCollected] = []
        key: list[str | None] = []

        def collected(event: DigitsCollected) -> None:
            if event.ref not in (None, self.snapshot.ref) or event.point not in ("", self.snapshot.point):
                return
            if not key:
                early.append(event)  # it overtook the answer that says the key
            elif not found.done() and (None in (key[0], event.collection) or event.collection == key[0]):
                found.set_result(event.digits)

        def over(event: RouteEnded) -> None:
            if event.request.id == self.snapshot.id and not found.done():
                found.set_exception(CallOver("The caller is gone, or the call has gone on.", outcome="ended"))

        stops = [
            self._core.store.subscribers.add(collected, kind=DigitsCollected),
            self._core.store.subscribers.add(over, kind=RouteEnded),
        ]
        try:
            key.append(await commands.collect(self.snapshot, count, until, timeout))
            for event in early:
                collected(event)
            try:
                # The system has its own clock; ours is for the case that no event comes at all.
                async with asyncio.timeout(timeout + 10):
                    return await found
            except BaseException:
                if key[0] is not None and not self.over:
                    await self._stop_collecting(key[0])
                raise
        finally:
            if found.done() and not found.cancelled():
                found.exception()  # nobody waits for it any more
            for stop in stops:
                stop()

    async def _stop_collecting(self, key: str) -> None:
        try:
            await self._commands.stop_collecting(self.snapshot, key)
        except PbxError as error:
            _LOG.debug("Digits are still collected: %s", error.message)

    @owned
    async def play_tone(self, tone: str, *, seconds: int = 10) -> None:
        """Let the caller hear ``busy``, ``ringback``, ``silence``, ``music`` or ``announcement``.

        O2G: POST …/playTone.
        """
        self._check()
        _within("seconds", seconds, 1, LONGEST)
        await self._commands.tone(self.snapshot, tone, seconds)

    @owned
    async def stop_tone(self) -> None:
        """Let the caller hear it no more. O2G: POST …/stopTone."""
        self._check()
        await self._commands.stop_tone(self.snapshot)

    @owned
    async def play_guide(self, number: int, *, seconds: int | None = None) -> None:
        """Let the caller hear a voice guide of the system, by its number. O2G: POST …/playVoiceGuide."""
        self._check()
        _within("number", number, 0, None)
        _within("seconds", seconds, 1, LONGEST)
        await self._commands.guide(self.snapshot, number, seconds)

    async def __aenter__(self) -> Self:
        """Look for a route."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if there is no answer yet. An error goes on; that it cannot be ended is only logged then."""
        await self._end_unanswered()

    async def _end_unanswered(self) -> None:
        if self.over:
            return
        try:
            await self.end()
        except CallOver:
            return
        except PbxError as error:
            _LOG.warning("A call at %s could not be given back: %s", self.snapshot.point, error.message)

    @property
    def _commands(self) -> Any:
        return self._core.commands_for(Feature.ROUTING_POINTS).routing_points

    def _check(self) -> None:
        if self.answered:
            raise CallOver("The request has been answered.", outcome="answered")
        if self.snapshot.id not in self._core.store.centre.requests:
            raise CallOver(
                "The request is over: it was not answered in time, or the caller has hung up.", outcome="unanswered"
            )


class RoutingPoint:
    """A routing point: ``async for request in pbx.routing_point("2100")``, or ``serve``.

    It is enabled for as long as it is iterated over, and again after a loss of the connection. When the iteration is
    left, also by an error, requests that are open are ended, so that the system goes on by itself with these calls.
    """

    def __init__(self, core: Core, number: str, backup: bool) -> None:
        """Made by ``Pbx.routing_point`` only."""
        self._core = core
        self.number = number
        self.backup = backup
        self.unanswered = 0
        """How many requests were over before we had answered."""

    def __repr__(self) -> str:
        """Name it."""
        return f"<RoutingPoint {self.number}>"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._core.loop

    @owned
    async def get(self) -> PointSnapshot:
        """Read the point. Raises ``InvalidInput``, which names the points there are. O2G: GET of the service AcdRsi."""
        points = await self._core.commands_for(Feature.ROUTING_POINTS).routing_points.points()
        for one in points:
            if one.number == self.number:
                return one
        raise InvalidInput(
            "number",
            f"there is no routing point {self.number!r}.",
            remedy=f"There are: {', '.join(one.number for one in points) or 'none'}.",
        )

    async def __aiter__(self) -> AsyncIterator[RouteRequest]:
        """Enable the point, and give each call that looks for a route. It has to be iterated over in the owning loop.

        Raises ``NotSupported``, ``InvalidInput``, ``Conflict`` where someone else iterates over it here.
        """
        if asyncio.get_running_loop() is not self.loop:
            raise InvalidInput(
                "loop", "is another than the client's.", remedy="Iterate in the loop that connected, or use serve."
            )
        centre = self._core.store.centre
        commands = self._core.commands_for(Feature.ROUTING_POINTS).routing_points
        if self.number in centre.enabled:
            raise InvalidInput("number", f"{self.number} is being routed here already.", remedy="Route it once.")
        waiting: asyncio.Queue[RouteSnapshot | None] = asyncio.Queue()
        given: list[RouteRequest] = []

        def requested(event: RouteRequested) -> None:
            if event.point == self.number:
                waiting.put_nowait(event.request)

        def ended(event: RouteEnded) -> None:
            if event.point == self.number and not event.answered:
                self.unanswered += 1
                _LOG.info("A call at %s was over before it had a route", self.number)

        def status(event: StatusChanged) -> None:
            if event.status is Status.CLOSED:
                waiting.put_nowait(None)

        subscribers = self._core.store.subscribers
        stops = [
            subscribers.add(requested, kind=RouteRequested),
            subscribers.add(ended, kind=RouteEnded),
            subscribers.add(status, kind=StatusChanged),
        ]
        centre.enabled[self.number] = self.backup
        try:
            await commands.enable(self.number, self.backup)
            while (snapshot := await waiting.get()) is not None:
                request = RouteRequest(self._core, snapshot)
                if request.over:
                    continue  # while nobody asked for it
                given = [one for one in given if not one.over]
                given.append(request)
                yield request
        finally:
            centre.enabled.pop(self.number, None)
            try:
                while not waiting.empty():
                    if (left := waiting.get_nowait()) is not None:
                        given.append(RouteRequest(self._core, left))
                if self._core.online:
                    for request in given:
                        await request._end_unanswered()
                    await self._core.system.commands.routing_points.disable(self.number)
            except PbxError as error:
                _LOG.warning("Routing at %s could not be ended: %s", self.number, error.message)
            finally:
                for stop in stops:
                    stop()

    @owned
    async def serve(self, handler: Callable[[RouteRequest], Awaitable[None]]) -> None:
        """Call ``handler`` for each request, many at a time, until this is cancelled or the client is closed.

        A request that a handler leaves without an answer, or by an error, is ended: the system goes on by itself with
        the call. The error is logged, and concerns no other call.
        """
        tasks: set[asyncio.Task[None]] = set()
        iterator = aiter(self)
        try:
            async for request in iterator:
                task = asyncio.create_task(self._handle(handler, request))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            await settle(*tasks)
            await iterator.aclose()  # type: ignore[attr-defined] # a generator

    async def _handle(self, handler: Callable[[RouteRequest], Awaitable[None]], request: RouteRequest) -> None:
        try:
            async with request:
                await handler(request)
        except CallOver as error:
            _LOG.info("A call at %s: %s", self.number, error.message)
        except Exception:
            _LOG.exception("Choosing a route at %s failed; the system goes on by itself with the call", self.number)


def _within(field: str, value: int | None, least: int, most: int | None) -> None:
    if value is not None and (value < least or (most is not None and value > most)):
        raise InvalidInput(
            field,
            f"{value} is out of range.",
            remedy=f"It is {least} to {most}." if most else f"It is {least} or more.",
        )
