"""Dialling costs money: what may be dialled, checked before anything is sent, in every front end."""

import re
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from .errors import PolicyViolation

_SEPARATORS = re.compile(r"[ ().\-/]")


def bare_number(number: str) -> str:
    """The number without spaces, brackets, dots, dashes and slashes."""
    return _SEPARATORS.sub("", number)


class Policy(Protocol):
    """What the guard asks of a dial policy."""

    @property
    def calls_per_minute(self) -> int | None:
        """How many calls may be started in any minute; None is no limit."""

    def check(self, number: str, *, field: str = "number") -> None:
        """Raise ``PolicyViolation`` if the number must not be dialled."""


class DialGuard:
    """A policy, and the calls of the last minute."""

    def __init__(self, policy: Policy, clock: Callable[[], float] = monotonic) -> None:
        """Guard by this policy; ``clock`` gives seconds."""
        self.policy = policy
        self._clock = clock
        self._calls: deque[float] = deque()

    def check(self, number: str, *, field: str = "number") -> None:
        """Check a number that is not a call of its own, such as a forward's."""
        self.policy.check(number, field=field)

    def spend(self, number: str, *, field: str = "number") -> None:
        """Check a number and count a call to it."""
        self.policy.check(number, field=field)
        limit = self.policy.calls_per_minute
        if limit is None:
            return
        now = self._clock()
        while self._calls and now - self._calls[0] >= 60:
            self._calls.popleft()
        if len(self._calls) >= limit:
            wait = 60 - (now - self._calls[0])
            raise PolicyViolation(
                field,
                f"the dial policy allows {limit} calls a minute.",
                remedy=f"Try again in {wait:.0f} seconds.",
            )
        self._calls.append(now)
