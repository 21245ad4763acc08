"""Listening in on the wire: every request, answer and pushed message as it went over it, without the secrets.

It costs one look at an empty tuple per message while nobody listens.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from threading import Lock

from .model import Snapshot

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
    """Who listens to one client's wire. Only the event loop that owns the client tells; listening is for any thread."""

    __slots__ = ("_exchanges", "_lock", "listeners")

    def __init__(self) -> None:
        """Begin with nobody."""
        self.listeners: tuple[Listener, ...] = ()
        """Look here before making a message: nobody listens if it is empty."""
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

    def tell(
        self, what: str, *, sent: bool, body: str = "", status: int | None = None, exchange: int | None = None
    ) -> None:
        """Tell all of them. What one of them raises is logged and hurts nobody else."""
        message = WireMessage(at=datetime.now(UTC), sent=sent, what=what, body=body, status=status, exchange=exchange)
        self.pass_on(message)

    def pass_on(self, message: WireMessage) -> None:
        """Tell them of a message that was made before, such as a recorded one."""
        for listener in self.listeners:
            try:
                listener(message)
            except Exception:
                _LOG.exception("A listener on the wire failed")
