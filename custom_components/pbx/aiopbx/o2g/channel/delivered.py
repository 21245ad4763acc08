"""A channel whose events the server delivers by itself, one message each: webhook and tunnel."""

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Final

import msgspec

from ..decoding import Event, EventDecoder
from ..types.events import OnChannelInformation
from .base import LONGEST_LINE, ChannelEnd, EventChannel

MOST_WAITING: Final = 64 * 1024 * 1024
"""Bytes of events that wait to be read, at most."""
_ENDS: Final = "subscription ended"


class PushedChannel(EventChannel):
    """Events are put into it as they are delivered; iterating gives those that came since the last time as one list."""

    greets = False

    def __init__(self, decoder: EventDecoder, *, remedy: str, closed: Callable[[], object]) -> None:
        """Wait for events. ``remedy`` says what to look at if none come; ``closed`` is called once, at the end."""
        super().__init__(decoder)
        self.silence_remedy = remedy
        self._closed = closed
        self._lines: list[bytes] = []
        self._size = 0
        self._woken = asyncio.Event()

    def put(self, body: bytes) -> bool:
        """Take what was delivered: an event, or several, one a line. False if there is no room, or no reader."""
        if self.end is not None or self._size >= MOST_WAITING:
            return False
        self.last_heard = monotonic()
        self._decoder.statistics.bytes += len(body)
        if len(body) > LONGEST_LINE:
            self._decoder.overlong()
            return True
        if body:
            self._lines.append(_on_one_line(body))
            self._size += len(body)
            self._woken.set()
        return True

    def finish(self, end: ChannelEnd, reason: str) -> None:
        """End it: nothing can be delivered any more. What was delivered is still read."""
        self._ended(end, reason)

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Read until the end. Only one reader at a time."""
        try:
            while not self._closing:
                lines = self._lines
                if lines:
                    self._lines, self._size = [], 0
                    events = self._decoder.decode_lines(b"\n".join(lines))
                    if events:
                        last = events[-1]
                        if type(last) is OnChannelInformation and (last.text or "").lower() == _ENDS:
                            self._ended(ChannelEnd.CLEAN, "the server ended it")
                        self.arrivals.notify()
                        yield events
                elif self.end is not None:
                    break
                else:
                    self._woken.clear()
                    await self._woken.wait()
        finally:
            self._ended(ChannelEnd.CLOSED, "it was closed")

    def _ended(self, end: ChannelEnd, reason: str) -> None:
        if self.end is None:
            super()._ended(end, reason)
            self._woken.set()
            self._closed()


def _on_one_line(body: bytes) -> bytes:
    """An event that is written over several lines is one all the same."""
    body = body.strip()
    if b"\n" in body or b"\r" in body:
        try:
            return msgspec.json.format(body, indent=-1)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return body  # several events, or none
    return body
