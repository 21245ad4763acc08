"""An event loop whose clock turns itself: where everybody waits, it is the next timer's time at once.

Sockets are real, time is not. As long as bytes are on their way, time stands still; when no socket has anything to
say, the loop jumps to the next timer. A minute of back-off costs nothing, a heartbeat comes after exactly thirty
seconds, and a run that draws from a seed is the same the next time, as far as the kernel hands sockets over in the same
order.
"""

import asyncio
import functools
import os
import selectors
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, Final

from aiopbx.simulator.clock import TimerHandle

_LOOK: Final = 0.001
"""Real seconds to wait for a thread, or for what may never come."""
_LOOKS: Final = 3
"""So often sockets are looked at before a jump: the kernel may hand bytes over a moment after they were sent."""
_SHORT: Final = 0.05
"""A jump of so many seconds needs no such look: nothing that matters is that near to its limit."""
_LEAST: Final = 1e-6
"""Seconds. Less would be nothing once it is added to the time, and who looks again whether it is late never ends."""
_STUCK: Final = 20.0
"""Real seconds without a timer, a socket and a thread, after which nothing will ever happen again."""
_BEGAN: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class StuckError(Exception):
    """Everybody waits for something that cannot come: there is no timer, and no socket has anything to say."""


class _Turning(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    """A selector that does not wait for timers: it turns the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.turn: Callable[[float], None] = lambda seconds: None
        self.threads: Callable[[], int] = lambda: 0
        self._idle_since: float | None = None

    def select(self, timeout: float | None = None) -> Any:
        """Return what is ready. Where nothing is, the time that was to be waited has passed."""
        found = super().select(0)
        if found or timeout == 0:
            self._idle_since = None
            return found
        if self.threads():
            return super().select(_LOOK)
        if timeout is None:
            return self._for_ever()
        self._idle_since = None
        if timeout >= _SHORT:
            for _ in range(_LOOKS):
                os.sched_yield()
                found = super().select(0)
                if found:
                    return found
        self.turn(max(0.0, timeout))
        return []

    def _for_ever(self) -> Any:
        now = time.perf_counter()
        if self._idle_since is None:
            self._idle_since = now
        elif now - self._idle_since > _STUCK:
            raise StuckError
        return super().select(_LOOK)


class TurnedLoop(asyncio.SelectorEventLoop):
    """The loop. Its time begins at a thousand seconds, and is nobody else's."""

    def __init__(self) -> None:
        """Begin."""
        self._seconds = 1000.0
        self._threads = 0
        selector = _Turning()
        super().__init__(selector)
        selector.turn = self._turn
        selector.threads = lambda: self._threads
        self.slow_callback_duration = 3600.0  # a jump looks like a slow callback

    def time(self) -> float:
        """Seconds that have been turned."""
        return self._seconds

    def _turn(self, seconds: float) -> None:
        self._seconds += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Run this in a thread; time stands still until it is done."""
        self._threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._done)
        return future

    def _done(self, future: object) -> None:
        self._threads -= 1


class LoopClock:
    """The simulator's clock, on the time of a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell this loop's time."""
        self._loop = loop
        self._began = loop.time()

    def now(self) -> float:
        """Seconds since the beginning."""
        return self._loop.time() - self._began

    def utc(self) -> datetime:
        """The time of day, in UTC."""
        return _BEGAN + timedelta(seconds=self.now())

    def call_later(self, seconds: float, fn: Callable[[], object]) -> TimerHandle:
        """Call ``fn`` in so many seconds."""
        return self._loop.call_later(max(_LEAST, seconds), fn)


@contextmanager
def on_the_clock_of(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let the client, and aiohttp's pool of connections, measure with this loop's clock.

    They ask ``time.monotonic``, as they should; every module that has imported it gets the loop's time instead.
    """
    real = time.monotonic
    changed: list[ModuleType] = []
    for name, module in list(sys.modules.items()):
        ours = name.partition(".")[0] == "aiopbx" and ".simulator" not in name
        if (ours or name == "aiohttp.connector") and vars(module).get("monotonic") is real:
            module.monotonic = loop.time  # type: ignore[attr-defined]
            changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            module.monotonic = real  # type: ignore[attr-defined]


def import_client() -> None:
    """Import all of the client, so that no module comes later with the wrong clock."""
    for module in (
        "aiopbx.settings.connection",
        "aiopbx.o2g.system",
        "aiopbx.istra.system",
    ):
        __import__(module)


_import_client_once = functools.cache(import_client)


def run(main: Callable[[], Any], *, loop: TurnedLoop | None = None) -> Any:
    """Run a coroutine on a turned clock, and return what it returns. The loop is closed, tasks left over cancelled."""
    _import_client_once()
    loop = loop or TurnedLoop()
    try:
        with on_the_clock_of(loop):
            asyncio.set_event_loop(loop)
            try:
                return loop.run_until_complete(main())
            finally:
                _cancel_all(loop)
                loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=60))
