"""A channel can die without a word. Here its silence is watched, and tested before it is believed."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from ...errors import PbxError, RequestRefused, SessionLost
from ...loops import Signal
from .base import EventChannel

_LOG = logging.getLogger(__name__)

HEARTBEATS: Final = 2.5
"""So many heartbeat periods of silence are suspicious."""
PROVOKED: Final = 5.0
"""Seconds, at most, for a provoked event to come."""


class Silence:
    """Learns the heartbeat of a channel, and notices when there is silence where there should be none."""

    def __init__(self, normal: float, answer: float) -> None:
        """``normal`` seconds of silence mean nothing while no heartbeat is known; an answer may take ``answer``."""
        self._normal = normal
        self._answer = answer
        self._periods: deque[float] = deque(maxlen=5)
        self._last_beat: float | None = None
        self._beats = Signal()

    @property
    def period(self) -> float | None:
        """Seconds between heartbeats; None while that is not known."""
        # A batch that was delayed makes one period long and the next short: the longest of late is the one.
        return max(self._periods) if self._periods else None

    @property
    def patience(self) -> float:
        """Seconds of silence that mean nothing yet."""
        period = self.period
        return self._normal if period is None else period * HEARTBEATS

    def beat(self) -> None:
        """A heartbeat came."""
        now = monotonic()
        if self._last_beat is not None:
            self._periods.append(now - self._last_beat)
        self._last_beat = now
        self._beats.notify()

    async def watch(self, channel: EventChannel, provoke: Callable[[], Awaitable[bool]]) -> str:
        """Wait until the channel is dead; returns why.

        Silence alone proves nothing in a quiet office, so before it is believed ``provoke`` asks for an event. It
        is False where none can be asked for.
        """
        while True:
            limit = self.patience
            left = channel.last_heard + limit - monotonic()
            if left > 0:
                # A heartbeat shows the period, after which there may be less patience.
                await self._beats.wait_since(self._beats.count, left)
                continue
            heard, arrived = channel.last_heard, channel.arrivals.count
            try:
                asked = await provoke()
            except SessionLost:
                return "The session is gone."
            except RequestRefused as error:
                _LOG.debug("The channel is silent, and no event can be provoked (%s)", error.status)
                asked = True
            except PbxError as error:
                return f"The event channel is silent, and the server does not answer. {error.message}"
            if not asked:
                # Where there is a heartbeat, its absence says enough.
                if self._periods:
                    return "The event channel is silent: no heartbeat comes any more."
                await asyncio.sleep(limit)
                continue
            await channel.arrivals.wait_since(arrived, min(PROVOKED, self._answer))
            if channel.last_heard <= heard:
                return "The event channel is silent: not even a provoked event comes."
