"""Dialling costs money: what may be dialled, checked before anything is sent, in every front end."""

import asyncio
import os
import tempfile
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import monotonic, time
from typing import Final, Protocol

from .errors import PolicyViolation
from .numbers import Number, NumberKind, Numbers

_MINUTE: Final = 60.0


class Policy(Protocol):
    """What the guard asks of a dial policy."""

    @property
    def calls_per_minute(self) -> int | None:
        """How many calls may be started in any minute; None is no limit."""

    def check(self, number: str | Number, *, field: str = "number", numbers: Numbers | None = None) -> None:
        """Raise ``PolicyViolation`` if the number must not be dialled."""


class Ledger:
    """The calls of the last minute that anything on this machine has started under one configuration.

    They stand in a small file of the user's, which is locked while it is looked at. Where there can be none, such as
    without a writable place or on a system without such locks, the limit holds for this process alone.
    """

    def __init__(self, configuration: str, folder: Path | None = None, clock: Callable[[], float] = time) -> None:
        """Keep the calls of this configuration; ``clock`` is the same for all processes."""
        self._folder = folder
        self._name = f"calls-{sha256(configuration.encode()).hexdigest()[:32]}"
        self._clock = clock

    def spend(self, limit: int) -> float | None:
        """Count a call and return None; or count none, and return the seconds until one may be made. Blocks.

        Raises ``OSError`` where there is no file to count in.
        """
        try:
            import fcntl
        except ImportError:  # there are none of these locks on Windows
            raise OSError("no locks") from None
        folder = self._folder if self._folder is not None else _state_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError("the folder is another user's")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(folder / self._name, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            now = self._clock()
            written = os.read(handle, 65536).decode("ascii", "replace").split()
            # A clock that was set back must not forbid calls for longer than a minute.
            calls = [at for at in map(_seconds, written) if at is not None and now - _MINUTE < at <= now + 1]
            if len(calls) >= limit:
                return max(0.0, calls[-limit] + _MINUTE - now)
            calls.append(now)
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, "".join(f"{at:.3f}\n" for at in calls[-4096:]).encode())
            return None
        finally:
            os.close(handle)  # which gives the lock back


def _seconds(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _state_folder() -> Path:
    """Where programs of this user keep what they remember; for all of them alike, however they were started."""
    named = os.environ.get("XDG_STATE_HOME")
    if named and Path(named).is_absolute():
        return Path(named) / "aiopbx"
    try:
        return Path.home() / ".local" / "state" / "aiopbx"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"aiopbx-{os.getuid()}"


class DialGuard:
    """A policy, how numbers are read, and the calls of the last minute."""

    def __init__(
        self,
        policy: Policy,
        clock: Callable[[], float] = monotonic,
        *,
        numbers: Numbers | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        """Guard by this policy; ``clock`` gives seconds. With a ledger, calls are counted for the whole machine."""
        self.policy = policy
        self.numbers = numbers if numbers is not None else Numbers()
        self._clock = clock
        self._calls: deque[float] = deque()
        self._ledger = ledger

    def check(self, number: str | Number, *, field: str = "number") -> None:
        """Check a number that is not a call of its own, such as a forward's."""
        self.policy.check(number, field=field, numbers=self.numbers)

    def spend(self, number: str | Number, *, field: str = "number") -> None:
        """Check a number and count a call to it, in this process. A call for help is not counted."""
        self.check(number, field=field)
        limit = self._limit(number)
        if limit is None:
            return
        now = self._clock()
        while self._calls and now - self._calls[0] >= _MINUTE:
            self._calls.popleft()
        if len(self._calls) >= limit:
            raise _too_many(field, limit, _MINUTE - (now - self._calls[0]))
        self._calls.append(now)

    async def start_call(self, number: str | Number, *, field: str = "number") -> None:
        """Check a number and count a call to it, among those of everything on this machine."""
        limit = self._limit(number)
        ledger = self._ledger
        if limit is None or ledger is None:
            self.spend(number, field=field)
            return
        self.check(number, field=field)
        try:
            wait = await asyncio.get_running_loop().run_in_executor(None, ledger.spend, limit)
        except OSError:
            self.spend(number, field=field)
            return
        if wait is not None:
            raise _too_many(field, limit, wait)

    def _limit(self, number: str | Number) -> int | None:
        limit = self.policy.calls_per_minute
        if limit is not None and isinstance(number, Number) and number.kind is NumberKind.EMERGENCY:
            return None
        return limit


def _too_many(field: str, limit: int, wait: float) -> PolicyViolation:
    return PolicyViolation(
        field,
        f"the dial policy allows {limit} calls a minute.",
        remedy=f"Try again in {wait:.0f} seconds.",
        reason="policy_calls",
        limit=limit,
        seconds=f"{wait:.0f}",
    )
