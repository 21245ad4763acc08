"""Listening in on the wire: every request, answer and pushed message as it went over it, without the secrets.

It costs one look at an empty tuple per message while nobody listens.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from .model import Snapshot

_LOG = logging.getLogger(__name__)


class WireMessage(Snapshot, frozen=True, kw_only=True):
    """One message between this side and the system. ``at`` is UTC by the client's clock."""

    at: datetime
    sent: bool
    """Whether this side sent it."""
    what: str
    """``POST /telephony/calls`` of a request and of its answer, the name of the event of what was pushed."""
    body: str = ""
    """As it went over the wire, with what is secret replaced; empty where there is none, or it is no text."""
    status: int | None = None
    """The HTTP status of an answer; none of everything else."""


Listener = Callable[[WireMessage], None]


class Wiretap:
    """Who listens to one client's wire. Only the event loop that owns the client tells."""

    __slots__ = ("listeners",)

    def __init__(self) -> None:
        """Begin with nobody."""
        self.listeners: tuple[Listener, ...] = ()
        """Look here before making a message: nobody listens if it is empty."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call this for every message from now on; the function that is returned ends it."""
        self.listeners = (*self.listeners, listener)

        def end() -> None:
            self.listeners = tuple(one for one in self.listeners if one is not listener)

        return end

    def tell(self, what: str, *, sent: bool, body: str = "", status: int | None = None) -> None:
        """Tell all of them. What one of them raises is logged and hurts nobody else."""
        message = WireMessage(at=datetime.now(UTC), sent=sent, what=what, body=body, status=status)
        for listener in self.listeners:
            try:
                listener(message)
            except Exception:
                _LOG.exception("A listener on the wire failed")
