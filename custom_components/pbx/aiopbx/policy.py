"""Dialling costs money: what may be dialled, checked before anything is sent, in every front end."""

import re
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from time import monotonic

from pydantic import BaseModel, ConfigDict, Field

from .errors import PolicyViolation

_SEPARATORS = re.compile(r"[ ().\-/]")


def bare_number(number: str) -> str:
    """The number without spaces, brackets, dots, dashes and slashes."""
    return _SEPARATORS.sub("", number)


class DialPolicy(BaseModel):
    """Which numbers may be dialled, redirected and forwarded to, and how many calls a minute.

    Patterns are compared with the number without spaces and punctuation; ``*`` stands for any digits and ``?`` for
    one, so a star that is dialled is written ``[*]``. ``denied`` wins over ``allowed``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: tuple[str, ...] = Field(default=("*",), description="Numbers that may be dialled.")
    denied: tuple[str, ...] = Field(default=(), description="Numbers that may not.")
    calls_per_minute: int | None = Field(
        default=None, ge=1, description="How many calls may be started in any minute; none is no limit."
    )

    def check(self, number: str, *, field: str = "number") -> None:
        """Raise ``PolicyViolation`` if the number is not to be dialled."""
        bare = bare_number(number)
        for pattern in self.denied:
            if fnmatchcase(bare, pattern):
                raise PolicyViolation(
                    field,
                    f"{number} is denied by the dial policy ({pattern}).",
                    remedy="Choose another number, or change the policy's denied patterns.",
                )
        if not any(fnmatchcase(bare, pattern) for pattern in self.allowed):
            raise PolicyViolation(
                field,
                f"{number} is not among the numbers that the dial policy allows ({', '.join(self.allowed) or 'none'}).",
                remedy="Choose another number, or add a pattern to the policy's allowed ones.",
            )


class DialGuard:
    """A policy, and the calls of the last minute."""

    def __init__(self, policy: DialPolicy, clock: Callable[[], float] = monotonic) -> None:
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
