"""One event loop owns the client; calls from other threads and loops are handed over to it."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from .errors import Offline
from .slips import check_arguments

P = ParamSpec("P")
T = TypeVar("T")
X = TypeVar("X")

CONCURRENCY: Final = 20
"""How many requests are made at a time."""


class Owned(Protocol):
    """Something that belongs to an event loop."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that owns the client."""


S = TypeVar("S", bound=Owned)


def check_open(loop: asyncio.AbstractEventLoop) -> None:
    """Raise ``Offline`` if the owning loop has ended, so that nothing can be done any more."""
    if loop.is_closed() or not loop.is_running():
        raise Offline(
            "The event loop that owns this client does not run any more.",
            remedy="Connect again, in a loop that keeps running.",
        )


def owned(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Let a coroutine method run in the owner's loop, from whichever loop it is awaited.

    A public one is given to people, so that what it is given is looked through for slips first.
    """
    public = not method.__name__.startswith("_")

    @functools.wraps(method)
    async def in_owning_loop(self: S, /, *args: P.args, **keywords: P.kwargs) -> T:
        if public:
            check_arguments(method, args, keywords)
        loop = self.loop
        if asyncio.get_running_loop() is loop:
            return await method(self, *args, **keywords)
        check_open(loop)
        future = asyncio.run_coroutine_threadsafe(method(self, *args, **keywords), loop)
        return await asyncio.wrap_future(future)

    return in_owning_loop


class Signal:
    """Counts something that happens, so that tasks can wait for the next time.

    Unlike an ``asyncio.Event`` it is never cleared: each task waits from its own mark, so that none takes a notice away
    from another.
    """

    __slots__ = ("_waiters", "count")

    def __init__(self) -> None:
        """It has not happened yet."""
        self.count = 0
        self._waiters: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        """It has happened once more."""
        self.count += 1
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait_since(self, mark: int, seconds: float | None = None) -> bool:
        """Wait until the count is above ``mark``; False if it is not within so many seconds."""
        if self.count > mark:
            return True
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return self.count > mark
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return True


async def settle(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel tasks and wait until they are gone."""
    real = [task for task in tasks if task is not None and task is not asyncio.current_task()]
    for task in real:
        task.cancel()
    if real:
        await asyncio.gather(*real, return_exceptions=True)


async def each(items: Iterable[X], work: Callable[[X], Awaitable[object]], limit: int = CONCURRENCY) -> None:
    """Do this for every item, never more than ``limit`` at a time, in order; the first that fails ends all of it."""
    everything = list(items)
    waiting = iter(everything)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limit, len(everything))):
                group.create_task(worker())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
