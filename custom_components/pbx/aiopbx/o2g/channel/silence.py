"""A channel can die without a word. Here its silence is watched, and tried before it is believed."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from ...errors import PbxError, RequestRefused, SessionLost
from .base import EventChannel

_LOG = logging.getLogger(__name__)

HEARTBEATS: Final = 2.5
"""So many heartbeat periods of silence are suspicious."""
PROVOKED: Final = 5.0
"""Seconds, at most, for a provoked event to come."""


class Silence:
    """Learns the heartbeat of a channel, and notices when there is silence where there should be none."""

    def __init__(self, normal: float, answer: float, heard: asyncio.Event) -> None:
        """``normal`` seconds of silence mean nothing while no heartbeat is known; an answer may take ``answer``.

        ``heard`` is set by whatever comes over the channel.
        """
        self._normal = normal
        self._answer = answer
        self._heard = heard
        self._periods: deque[float] = deque(maxlen=5)
        self._last_beat: float | None = None
        self._beat = asyncio.Event()

    @property
    def period(self) -> float | None:
        """Seconds between heartbeats; none while that is not known."""
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
        self._beat.set()

    async def watch(self, channel: EventChannel, provoke: Callable[[], Awaitable[bool]]) -> str:
        """Wait until the channel is dead; says why. ``provoke`` asks for an event, and is false where it cannot."""
        while True:
            limit = self.patience
            left = channel.last_heard + limit - monotonic()
            if left > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        self._beat.clear()
                        await self._beat.wait()  # from what it tells of the period, there may be less patience
                continue
            heard = channel.last_heard
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
            until = monotonic() + min(PROVOKED, self._answer)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, until - monotonic())):
                    while channel.last_heard <= heard:
                        self._heard.clear()
                        await self._heard.wait()
            if channel.last_heard <= heard:
                return "The event channel is silent: not even a provoked event comes."
