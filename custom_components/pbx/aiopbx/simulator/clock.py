"""Time as the simulator sees it: real time, or a clock that tests turn by hand."""

import asyncio
import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class TimerHandle(Protocol):
    """A callback that is scheduled for later."""

    def cancel(self) -> None:
        """Cancel the callback. Doing so twice, or too late, does nothing."""


class Clock(Protocol):
    """Seconds, the time of day, and callbacks for later."""

    def now(self) -> float:
        """Seconds on a scale that never jumps."""

    def utc(self) -> datetime:
        """The time of day, in UTC."""

    def call_later(self, seconds: float, fn: Callable[[], object]) -> TimerHandle:
        """Call ``fn`` in ``seconds`` from now."""


class RealClock:
    """The running event loop's time. ``call_later`` needs that loop."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def utc(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.now(UTC)

    def call_later(self, seconds: float, fn: Callable[[], object]) -> TimerHandle:
        """Call ``fn`` from the running event loop in ``seconds``."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds), fn)


class _ManualTimer:
    """A callback on a manual clock."""

    __slots__ = ("at", "fn", "number")

    def __init__(self, at: float, number: int, fn: Callable[[], object]) -> None:
        self.at = at
        self.number = number
        self.fn: Callable[[], object] | None = fn

    def __lt__(self, other: "_ManualTimer") -> bool:
        return (self.at, self.number) < (other.at, other.number)

    def cancel(self) -> None:
        """Cancel the callback."""
        self.fn = None


class ManualClock:
    """A clock that stands still until ``advance`` turns it: no test sleeps."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        """Start at this time of day; ``now`` starts at 0."""
        self._start = start
        self._now = 0.0
        self._timers: list[_ManualTimer] = []
        self._count = 0

    def now(self) -> float:
        """Seconds turned so far."""
        return self._now

    def utc(self) -> datetime:
        """The time of day, in UTC."""
        return self._start + timedelta(seconds=self._now)

    def call_later(self, seconds: float, fn: Callable[[], object]) -> TimerHandle:
        """Call ``fn`` once the clock was turned by ``seconds``; with 0, at the next turn."""
        self._count += 1
        timer = _ManualTimer(self._now + max(0.0, seconds), self._count, fn)
        heapq.heappush(self._timers, timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Turn the clock. Callbacks that fall due run at their own time and in order, before this returns."""
        if seconds < 0:
            raise ValueError("seconds: time does not go back.")
        end = self._now + seconds
        while self._timers and self._timers[0].at <= end:
            timer = heapq.heappop(self._timers)
            fn, timer.fn = timer.fn, None
            if fn is None:
                continue
            self._now = max(self._now, timer.at)
            fn()
        self._now = end

    @property
    def pending(self) -> int:
        """The number of callbacks that are still scheduled."""
        return sum(timer.fn is not None for timer in self._timers)
