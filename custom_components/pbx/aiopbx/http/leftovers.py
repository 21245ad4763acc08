"""Sessions that could not be given back, because their server could not be reached at that moment."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

from ..errors import ConnectionFailed, PbxError

_LOGGER = logging.getLogger(__name__)

FAREWELL: Final = 3.0
"""Seconds that giving sessions back may take."""
MOST: Final = 8
"""Sessions that are remembered of a server."""
MOST_SERVERS: Final = 64
"""Servers of which sessions are remembered."""
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
        while len(self._left) > MOST_SERVERS:
            del self._left[next(iter(self._left))]

    async def give_back(
        self, server: str, close: Callable[[LeftSession], Awaitable[None]], *, within: float = FAREWELL
    ) -> None:
        """Close those of this server, one after the other. Raises ``ConnectionFailed``.

        What ``close`` raises means that the server was not reached; a session that it knows nothing of is closed.
        """
        left = self.take(server)
        try:
            async with asyncio.timeout(within):
                while left:
                    await close(left[0])
                    del left[0]
        except (PbxError, TimeoutError) as error:
            _LOGGER.debug("A former session could not be given back: %s", type(error).__name__)
            if self.unreachable(server, left):
                raise ConnectionFailed(
                    "A former session could not be given back.", remedy="Check the network, the address and the server."
                ) from None
        except asyncio.CancelledError:
            self.unreachable(server, left)
            raise

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
