"""The event channel, whichever way the events come."""

import logging
from collections.abc import AsyncIterator
from enum import StrEnum
from time import monotonic
from typing import Final

from ...loops import Signal
from ..decoding import Event, EventDecoder

_LOGGER = logging.getLogger(__name__)

LONGEST_LINE: Final = 4 * 1024 * 1024
"""Bytes; a longer line is skipped."""


class ChannelEnd(StrEnum):
    """How a channel ended."""

    CLEAN = "clean"
    """The server ended the answer as it should be ended."""
    BROKEN = "broken"
    """The connection broke."""
    CLOSED = "closed"
    """This side closed it."""


class EventChannel:
    """An open channel. Iterating gives the events of each chunk as a list, in order, until the channel ends.

    The end is no exception: ``end`` says how it came, ``end_reason`` in words. How the events come here is up to the
    kind of channel.
    """

    greets = True
    """Whether every server sends an event at the beginning."""
    silence_remedy = "Check that no proxy between here and the server holds answers back."
    """What to check when nothing comes at all."""

    def __init__(self, decoder: EventDecoder) -> None:
        """Decode events with this decoder."""
        self._decoder = decoder
        self._closing = False
        self.last_heard = monotonic()
        """When the server last sent anything, by the monotonic clock."""
        self.arrivals = Signal()
        """Counts the batches of events that have come."""
        self.end: ChannelEnd | None = None
        """None while it is open."""
        self.end_reason: str | None = None

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Read until the end. Only one reader at a time."""
        raise NotImplementedError

    def _ended(self, end: ChannelEnd, reason: str) -> None:
        if self.end is None:
            if self._closing:
                end, reason = ChannelEnd.CLOSED, "it was closed"
            self.end, self.end_reason = end, reason
            _LOGGER.debug("The event channel ended: %s", reason)

    async def close(self) -> None:
        """Close it; the iteration comes to its end."""
        self._closing = True
        self._ended(ChannelEnd.CLOSED, "it was closed")

    def __repr__(self) -> str:
        """Say whether it is open; the URL is a secret."""
        return f"<{type(self).__name__} {self.end or 'open'}>"
