"""Lines of which something may have been missed, until their state has been read again.

Any sign will do: data that cannot be read, a notice of lost events, an event that cannot follow on what is known, a
command that was accepted and that no event answers. One sign seldom comes alone, so lines are gathered for a moment
and confirmed together; and where confirming them raises doubts again (a server's queue may be too small for the
answers), the pauses grow. Signs that are no line's own put all lines in doubt.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from .backoff import Backoff
from .errors import PbxError, SessionLost
from .loops import Signal
from .model import LineSnapshot

_LOG = logging.getLogger(__name__)

GATHER: Final = 0.5
"""Seconds, at most, between the first sign and the reading."""
LONGEST: Final = 60.0
"""Seconds, at most, between two readings where each raises new doubts."""
QUIET: Final = 10.0
"""So many seconds without a doubt after a reading, and the next one comes soon again."""
ANSWERED: Final = 5.0
"""Seconds that the event of an accepted command may take."""

_FAILURES: Final = 3
"""So many readings that fail one after another show that the connection is of no use."""

Confirm = Callable[[frozenset[str] | None], Awaitable[None]]


class Doubts:
    """Gathers lines that are in doubt, and has them confirmed, one round at a time."""

    def __init__(self, lines: dict[str, LineSnapshot]) -> None:
        """Of these lines, which change while the client runs."""
        self._lines = lines
        self._doubted: set[str] = set()
        self._all = False
        self._raised = Signal()
        self._expected: dict[str, asyncio.TimerHandle] = {}
        self.on_unanswered: Callable[[str], None] = lambda line: None
        """Called with a line that no event has come for, although a command was accepted."""

    def add(self, line: str | None, why: str) -> None:
        """Something about this line was missed; about any of them, if it is None. ``why`` holds nothing secret."""
        if line is None:
            if not self._all:
                _LOG.info("Events may have been missed (%s): the state of all lines is read again", why)
            self._all = True
        elif line in self._lines:
            if line not in self._doubted:
                _LOG.debug("Events of %s may have been missed (%s): its state is read again", line, why)
            self._doubted.add(line)
        else:
            return
        self._raised.notify()

    def expect_event(self, line: str) -> None:
        """A command is being sent that changes this line: an event should say so within seconds."""
        earlier = self._expected.pop(line, None)
        if earlier is not None:
            earlier.cancel()
        before = self._lines.get(line)
        if before is not None:
            loop = asyncio.get_running_loop()
            self._expected[line] = loop.call_later(ANSWERED, self._was_answered, line, before)

    def _was_answered(self, line: str, before: LineSnapshot) -> None:
        self._expected.pop(line, None)
        if self._lines.get(line) is before:
            self.add(line, "a command changed nothing")
            self.on_unanswered(line)

    async def confirm(self, confirm: Confirm) -> None:
        """Have doubted lines confirmed by this, for ever. It gets their ids, or None for all.

        An error that may pass leaves them in doubt. What does not pass is raised: the link is of no use then.
        """
        pauses = Backoff(GATHER, LONGEST, random.random)
        seen = failures = 0
        read = float("-inf")
        while True:
            await self._raised.wait_since(seen)
            if monotonic() - read > QUIET:
                pauses.reset()
            await asyncio.sleep(pauses.next())
            seen = self._raised.count
            everything, doubted = self._all, frozenset(self._doubted)
            self._all = False
            self._doubted.clear()
            try:
                await confirm(None if everything else doubted)
                failures = 0
            except PbxError as error:
                failures += 1
                if not _passes(error) or failures >= _FAILURES:
                    raise
                _LOG.info("Lines in doubt could not be read; they are read again soon: %s", error.message)
                self._all |= everything
                self._doubted |= doubted
                self._raised.notify()
            read = monotonic()

    def close(self) -> None:
        """Expect nothing any more."""
        for timer in self._expected.values():
            timer.cancel()
        self._expected.clear()


async def audit(lines: dict[str, LineSnapshot], interval: float, confirm: Confirm, *, together: bool) -> None:
    """Confirm lines that have calls every so many seconds, for ever: not every loss leaves a sign.

    Spread over the interval, so that it costs a request now and then; ``together`` where one request reads all lines.
    A line whose calls have changed within the interval shows by that that its events come.
    """
    while True:
        before = {one: line.calls for one, line in lines.items() if line.calls}
        portions = [frozenset({one}) for one in before]
        if together or not portions:
            portions = [frozenset(before)]
        for portion in portions:
            await asyncio.sleep(interval / len(portions))
            unchanged = [one for one in portion if (line := lines.get(one)) is not None and line.calls is before[one]]
            if unchanged:
                try:
                    await confirm(None if together else portion)
                except PbxError as error:
                    if not _passes(error):
                        raise
                    _LOG.debug("Lines with calls could not be confirmed: %s", error.message)


def _passes(error: PbxError) -> bool:
    """Whether the same request may work later, over the same link."""
    return error.transient and not isinstance(error, SessionLost)
