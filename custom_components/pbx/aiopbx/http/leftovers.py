"""Sessions that could not be given back, because their server could not be reached at that moment."""

from collections import deque
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

MOST: Final = 8
"""Sessions that are remembered of a server."""
TRIES: Final = 3
"""Attempts to connect that end with a session which cannot be given back."""
LONGEST: Final = 3600.0
"""Seconds after which any server has ended them by itself."""


@dataclass(frozen=True, slots=True)
class LeftSession:
    """What it takes to give a session back. All of it is secret."""

    url: str = field(repr=False)
    cookies: dict[str, str] = field(repr=False)
    token: str | None = field(default=None, repr=False)
    tries: int = 0
    """How often it was tried."""
    at: float = field(default_factory=monotonic)


class LeftSessions:
    """Those of one client, by server. A session holds a licence until it is given back, or the server ends it."""

    def __init__(self) -> None:
        """None yet."""
        self._left: dict[str, deque[LeftSession]] = {}

    def __len__(self) -> int:
        """How many there are."""
        return sum(map(len, self._left.values()))

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<LeftSessions: {len(self)}>"

    def leave(self, server: str, session: LeftSession) -> None:
        """Remember a session of this server; the oldest is forgotten where there are too many."""
        self._left.setdefault(server, deque(maxlen=MOST)).append(session)

    def unreachable(self, server: str, sessions: list[LeftSession]) -> bool:
        """Remember these again; return whether to wait for the next attempt instead of logging in without them.

        The server seems not to be there, and then a login fails just as well. It is not waited for again and again: a
        server may serve everything but this.
        """
        for one in sessions:
            self.leave(server, replace(one, tries=one.tries + 1))
        return any(one.tries < TRIES for one in sessions)

    def take(self, server: str) -> list[LeftSession]:
        """Return those of this server that may still be there, the oldest first, and forget them."""
        now = monotonic()
        return [one for one in self._left.pop(server, ()) if now - one.at < LONGEST]
