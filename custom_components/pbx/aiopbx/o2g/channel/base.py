"""The event channel, whichever way the events come, and its silence, which is tested before it is believed."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from enum import StrEnum
from math import inf
from time import monotonic
from typing import Final

import msgspec

from ...errors import ConnectionFailed, EventsLate, PbxError, RequestRefused, SessionLost
from ...loops import Signal
from ..decoding import Event, EventDecoder
from ..types.events import OnChannelInformation
from ..types.telephony import OnTelephonyState

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
    at_least_once = False
    """Whether an event may come more than once."""
    silence_remedy = "Check that no proxy between here and the server holds answers back."
    """What to check when nothing comes at all."""

    def __init__(self, decoder: EventDecoder) -> None:
        """Decode events with this decoder."""
        self._decoder = decoder
        self._closing = False
        self.repeated = False
        """Whether the events just given have been delivered before, so that they may be older than what is known."""
        self.last_heard = monotonic()
        """When the server last sent anything, by the monotonic clock."""
        self.arrivals = Signal()
        """Counts the batches of events that have come."""
        self.end: ChannelEnd | None = None
        """None while it is open."""
        self.end_reason: str | None = None
        self.reads = 0
        """How often something was read of a connection of its own; always 0 where it has none."""
        self.on_late: Callable[[str], None] = lambda why: None
        """Called with a sign that something between here and the server holds events back."""
        self.quiet: float | None = None
        """Seconds for which nothing had come when the other side ended it, or something in between; None where it has
        no connection of its own that could be idle."""

    @property
    def on_missed(self) -> Callable[[str | None, str], None]:
        """Called when something cannot be read: the login that it is about, if that much is clear, and why."""
        return self._decoder.on_missed

    @on_missed.setter
    def on_missed(self, callback: Callable[[str | None, str], None]) -> None:
        self._decoder.on_missed = callback

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


MOST_WAITING: Final = 64 * 1024 * 1024
"""Bytes of events that wait to be read, at most."""
REMEMBERED: Final = 300.0
"""Seconds within which a delivery that comes again is known, and an event of a call that is over brings none back."""
_MOST_REMEMBERED: Final = 10_000
_TWICE_IS_ONCE: Final = (b'"OnCall', b'"OnComRecord')
"""Of these, the same twice in a row says no more than once. A snapshot is asked for, and counts each time."""
_ENDS: Final = "subscription ended"


class PushedChannel(EventChannel):
    """Events are put into it as they are delivered; iterating gives those that came since the last time as one list.

    A delivery whose answer was lost comes again, at once or later: *at least once* is all that HTTP can promise. Of an
    event of a call that comes twice in a row, the second changes nothing and is dropped. One that comes again later
    may be older than what is known by then, or may say the same of a later moment: such events are given as
    ``repeated``.
    """

    greets = False
    at_least_once = True

    def __init__(self, decoder: EventDecoder, *, remedy: str, closed: Callable[[], object]) -> None:
        """Wait for events. ``remedy`` says what to look at if none come; ``closed`` is called once, at the end."""
        super().__init__(decoder)
        self.silence_remedy = remedy
        self.order = asyncio.Lock()
        """Held while a delivery is read: they are put in the order in which they began to arrive."""
        self.dropped = 0
        """Deliveries that came twice in a row."""
        self._closed = closed
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._size = 0
        self._woken = asyncio.Event()
        self._delivered: dict[int, float] = {}
        """When the deliveries of the last minutes came, by what was in them."""
        self._latest = b""

    def put(self, body: bytes) -> bool:
        """Take what was delivered: an event, or several, one a line. False if there is no room, or no reader."""
        if self.end is not None:
            return False
        if self._size >= MOST_WAITING:
            # It is delivered again, and what comes meanwhile may be taken: then the order is lost.
            self.on_missed(None, "more was delivered than could be taken")
            return False
        self.last_heard = monotonic()
        self._decoder.statistics.bytes += len(body)
        if len(body) > LONGEST_LINE:
            self._decoder.overlong()
            return True
        if body == self._latest and any(name in body for name in _TWICE_IS_ONCE):
            self.dropped += 1
            return True
        self._latest = body
        if body:
            self._waiting.append((_on_one_line(body), self._seen_before(body)))
            self._size += len(body)
            self._woken.set()
        return True

    def _seen_before(self, body: bytes) -> bool:
        """Whether the same has been delivered within the last minutes; remembers it."""
        now = self.last_heard
        delivered = self._delivered
        mark = hash(body)
        earlier = delivered.pop(mark, None)
        delivered[mark] = now
        while len(delivered) > _MOST_REMEMBERED or now - next(iter(delivered.values())) > REMEMBERED:
            del delivered[next(iter(delivered))]
        return earlier is not None and now - earlier <= REMEMBERED

    def _take(self) -> list[bytes]:
        """Take what waits, up to the next that is repeated where the others are not, or the other way round."""
        waiting = self._waiting
        self.repeated = waiting[0][1]
        lines = []
        while waiting and waiting[0][1] is self.repeated:
            lines.append(waiting.popleft()[0])
        self._size = self._size - sum(map(len, lines)) if waiting else 0
        return lines

    def finish(self, end: ChannelEnd, reason: str) -> None:
        """End it: nothing can be delivered any more. What was delivered is still read."""
        self._ended(end, reason)

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        """Read until the end. Only one reader at a time."""
        try:
            while not self._closing:
                if self._waiting:
                    events = self._decoder.decode_lines(b"\n".join(self._take()))
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


_LOG = logging.getLogger(__name__)
HEARTBEATS: Final = 2.5
"""So many heartbeat periods of silence are suspicious."""
UNPROVOKED: Final = 4
"""So many times the normal silence are suspicious where no event can be provoked."""
PROVOKED: Final = 5.0
"""Seconds, at most, for a provoked event to come."""


PROMPT: Final = 2.0
"""Seconds within which an event comes that nothing holds back."""
_TIMES_USUAL: Final = 10
"""On a slow network or a busy machine, an event is prompt that takes so many times as long as an answer mostly does."""
_PROOFS: Final = 3
"""So many provoked events in a row that come late, or so many signs where none can be provoked, are enough."""
_LATE_REMEDY: Final = (
    "Have it pass on what comes as it comes, at least for the address of the event channel: nginx needs "
    '"proxy_buffering off;". docs/behind-a-proxy.md has configurations that work.'
)


def events_late(why: str, where: str) -> EventsLate:
    """Return the error of a channel whose events are held back, ``where`` it was asked for."""
    return EventsLate(
        f"Events arrive late: a proxy between here and {where} holds them back; {why}.", remedy=_LATE_REMEDY
    )


def is_quick(usual: float | None) -> bool:
    """Whether answers come at once, mostly, so that it is not the network or the server that is slow."""
    return usual is not None and usual < PROMPT / 2


class Promptness:
    """Finds out whether events come when they happen. A proxy that gathers answers holds them back, for minutes.

    Then everything looks well and is wrong: the channel is open, and now and then a block of old events comes. There
    are signs of that, but each may have another cause, such as a computer that slept. So a sign leads to an event that
    is provoked. If that comes at once, all is well. If nothing comes at all, the channel may just as well be dead: it
    is given up, and the next one has to show at its opening that its events come at once.
    """

    def __init__(
        self,
        provoke: Callable[[], Awaitable[bool]],
        *,
        answer: float,
        where: str,
        usual: Callable[[], float | None] = lambda: None,
    ) -> None:
        """``provoke`` asks for an event, and is False where none can be asked for.

        An answer of the server may take ``answer`` seconds, and mostly takes ``usual``.
        """
        self._provoke = provoke
        self._usual = usual
        self._answer = answer
        self._where = where
        self._arrivals = Signal()
        self._unproven = 0
        self._looking = False
        self._beat_in = 0
        """The number of the read that the last heartbeat came with."""

    def look(self, events: Iterable[Event]) -> None:
        """Look for a provoked event among these."""
        if self._looking and any(type(event) is OnTelephonyState for event in events):
            self._arrivals.notify()

    def beat(self, channel: EventChannel) -> None:
        """A heartbeat has come: two of them are seconds apart, and not in one piece, unless something has kept one."""
        if channel.reads and channel.reads == self._beat_in:
            channel.on_late("two heartbeats have come at once")
        self._beat_in = channel.reads

    @property
    def _prompt(self) -> float:
        """Seconds within which an event comes that nothing holds back."""
        return max(PROMPT, _TIMES_USUAL * (self._usual() or 0.0))

    async def opened(self, seconds: float, *, suspected: bool) -> None:
        """The channel took so long to begin. Raises ``EventsLate``.

        ``suspected`` says that the last one is not known to have been prompt.
        """
        late = is_quick(self._usual()) and seconds > self._prompt
        if not (late or suspected):
            return
        why = f"it took {seconds:.1f} s until the first one came" if late else "the last channel fell silent"
        for _ in range(_PROOFS if suspected else 1):
            took = await self._measure()
            if took is None:
                return
            if took > self._prompt:
                raise events_late(f"{why}, and one that was asked for took more than {self._prompt:g} s", self._where)

    async def is_late(self, why: str) -> PbxError | None:
        """There is a sign. Return what is wrong with the channel; None where nothing is, or no one can say."""
        for _ in range(_PROOFS):
            took = await self._measure()
            if took is None:
                self._unproven += 1
                return events_late(why, self._where) if self._unproven >= _PROOFS else None
            if took <= self._prompt:
                return None
            if took == inf:
                return ConnectionFailed(
                    f"The event channel is silent: {why}, and not even a provoked event comes. It is dead, or a proxy "
                    "holds events back."
                )
        return events_late(f"{why}, and those that were asked for took more than {self._prompt:g} s", self._where)

    async def _measure(self) -> float | None:
        """Seconds that a provoked event takes from the answer that promises it; None where none can be provoked."""
        before = self._arrivals.count
        self._looking = True
        try:
            if not await self._provoke():
                return None
            asked = monotonic()
            came = await self._arrivals.wait_since(before, min(PROVOKED, self._answer))
            return monotonic() - asked if came else inf
        except PbxError as error:
            _LOG.debug("No event can be provoked (%s)", type(error).__name__)
            return None
        finally:
            self._looking = False


class Silence:
    """Learns the heartbeat of a channel, and notices when there is silence where there should be none."""

    def __init__(self, normal: float, answer: float) -> None:
        """``normal`` seconds of silence mean nothing; an answer may take ``answer``."""
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
        return self._normal if period is None else min(self._normal, period * HEARTBEATS)

    def _is_too_long(self, silence: float, *, refused: bool) -> bool:
        """Whether silence alone says enough, where no event can be provoked.

        A heartbeat that does not come does. Without one, only a server that has refused to give an event is doubted,
        and late: a quiet office looks the same.
        """
        if self._periods:
            return silence >= max(self._periods) * HEARTBEATS
        return refused and silence >= self._normal * UNPROVOKED

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
            asked = refused = False
            try:
                asked = await provoke()
            except SessionLost:
                return "The session is gone."
            except RequestRefused as error:
                if error.is_of_a_proxy:  # the events of a webhook have no connection that would end with the server
                    return f"The event channel is silent, and the server does not answer. {error.message}"
                _LOG.debug("The channel is silent, and no event can be provoked (%s)", error.status)
                refused = True
            except PbxError as error:
                return f"The event channel is silent, and the server does not answer. {error.message}"
            if not asked:
                if self._is_too_long(monotonic() - heard, refused=refused):
                    what = "no heartbeat comes any more" if self._periods else "no event can be provoked"
                    return f"The event channel is silent: {what}."
                await channel.arrivals.wait_since(arrived, limit)
                continue
            await channel.arrivals.wait_since(arrived, min(PROVOKED, self._answer))
            if channel.last_heard <= heard:
                return "The event channel is silent: not even a provoked event comes."
