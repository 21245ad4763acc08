"""What goes over the wire, for those who look at it: messages without secrets, and counts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import Lock

from ..model import Snapshot
from ..wire import UNLISTED

_LOG = logging.getLogger(__name__)


class WireMessage(Snapshot, frozen=True, kw_only=True):
    """One message between this side and the system. ``at`` is UTC by the client's clock."""

    at: datetime
    sent: bool
    """Whether this side sent it."""
    what: str
    """``POST /telephony/calls/42/hold`` of a request and of its answer, the name of the event of what was pushed."""
    body: str = ""
    """As it went over the wire, with what is secret replaced; empty where there is none, or it is no text."""
    status: int | None = None
    """The HTTP status of an answer; none of everything else."""
    exchange: int | None = None
    """A request and its answer have the same number; none of what was pushed, and where the beginning was missed."""


Listener = Callable[[WireMessage], None]


class Wiretap:
    """The listeners of one client's wire. Only the owning event loop publishes; any thread may listen."""

    __slots__ = ("_exchanges", "_lock", "listeners")

    def __init__(self) -> None:
        """Begin without listeners."""
        self.listeners: tuple[Listener, ...] = ()
        """Look here before making a message: if it is empty, none is needed."""
        self._exchanges = count(1)
        self._lock = Lock()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call this for every message from now on; the function that is returned ends it."""

        def one(message: WireMessage) -> None:
            listener(message)  # of its own, so that the same listener can listen twice

        with self._lock:
            self.listeners = (*self.listeners, one)

        def end() -> None:
            with self._lock:
                self.listeners = tuple(other for other in self.listeners if other is not one)

        return end

    def exchange(self) -> int:
        """Return the number of another request, which its answer shares."""
        return next(self._exchanges)

    def publish(
        self, what: str, *, sent: bool, body: str = "", status: int | None = None, exchange: int | None = None
    ) -> None:
        """Give a message to all of them. What one of them raises is logged, and the others still get it."""
        message = WireMessage(at=datetime.now(UTC), sent=sent, what=what, body=body, status=status, exchange=exchange)
        self.pass_on(message)

    def pass_on(self, message: WireMessage) -> None:
        """Publish a message that was made before, such as a recorded one."""
        for listener in self.listeners:
            try:
                listener(message)
            except Exception:
                _LOG.exception("A listener on the wire failed")


_LOGGER = logging.getLogger(__name__)
_MOST_LOGGED = 1000


@dataclass(slots=True)
class WireStatistics:
    """Counters of one client over all its connections. Whoever reads them sees the newest values."""

    requests: int = 0
    bytes: int = 0
    """Of the event channel."""
    events: int = 0
    unknown_events: int = 0
    unknown_values: int = 0
    """Values that an enumeration does not list."""
    unknown_fields: int = 0
    """Different fields of events that the types do not have; see ``decoding.LOOK_EVERY``."""
    malformed_frames: int = 0
    """Lines of the channel that were no event, or too long."""
    bad_fields: int = 0
    """Fields of the wrong type, each of which was left out."""
    bad_characters: int = 0
    """Characters that no text should hold, or that are none; see ``clean_text``."""
    logged: set[str] = field(default_factory=set, repr=False)
    tap: Wiretap = field(default_factory=Wiretap, repr=False, compare=False)
    """Who listens in: what is counted here passes there first."""

    def count_unlisted(self, count: int) -> None:
        """Count values that their enumerations do not list, and log each the first time."""
        self.unknown_values += count
        for kind, value in UNLISTED.take(count):
            self.log_once(f"The server sends {value[:80]!r}, which {kind} does not list")

    def count_bad_characters(self, count: int) -> None:
        """Count characters that were left out or replaced, and log the first time."""
        if count:
            self.bad_characters += count
            self.log_once("The server sends characters that no text should hold; they are left out")

    def log_once(self, what: str) -> bool:
        """Log something the first time it happens, and say whether it is. ``what`` must hold nothing secret."""
        if what in self.logged or len(self.logged) >= _MOST_LOGGED:
            return False
        self.logged.add(what)
        _LOGGER.info("%s (logged once)", what)
        return True
