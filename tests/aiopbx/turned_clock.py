"""The clocks of a client, turned by hand: the one that it reads, and the loop's, which ends its waiting."""

import asyncio
import sys
from collections.abc import Callable
from time import monotonic

import pytest


class TurnedClock:
    """What stands in for both: real time and what it was turned by, or, ``frozen``, only that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, frozen: bool = False) -> None:
        self.turned = 0.0
        self.frozen = frozen
        self._loop = loop = asyncio.get_running_loop()
        by_loop, loop_begun, begun = loop.time, loop.time(), monotonic()
        monkeypatch.setattr(loop, "time", lambda: (loop_begun if frozen else by_loop()) + self.turned)
        for name, module in list(sys.modules.items()):
            if name.startswith("aiopbx.") and getattr(module, "monotonic", None) is monotonic:
                monkeypatch.setattr(module, "monotonic", lambda: (begun if frozen else monotonic()) + self.turned)

    def now(self) -> float:
        """Seconds by this clock."""
        return self._loop.time()

    async def turn_until(self, condition: Callable[[], object], most: float, step: float = 0.5) -> float:
        """Turn it on, step by step, until this is so; return how much time passed. All that waits gets its chance."""
        begun, turned = self.now(), self.turned
        while not condition():
            assert self.turned - turned < most, f"it did not happen in {most} seconds"
            self.turned += step
            for _ in range(10):
                await asyncio.sleep(0 if self.frozen else 0.001)
        return self.now() - begun
