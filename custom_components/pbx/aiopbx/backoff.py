"""Pauses between attempts."""

from collections.abc import Callable


class Backoff:
    """Pauses that double up to a cap, each shortened at random by up to half, so that many clients spread out."""

    def __init__(self, minimum: float, maximum: float, random: Callable[[], float]) -> None:
        """Begin with the shortest; ``random`` gives 0 to 1."""
        self.minimum = minimum
        self.maximum = maximum
        self._random = random
        self._step = 0

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        # 2 ** 30 of anything is above every cap; the exponent must not grow for weeks.
        pause = min(self.maximum, self.minimum * 2.0 ** min(self._step, 30))
        self._step += 1
        return self.spread(pause)

    def spread(self, pause: float) -> float:
        """Shorten a pause at random by up to half."""
        return pause * (1 - self._random() / 2)

    def longest(self) -> float:
        """Wait the longest from now on."""
        self._step = 30
        return self.next()

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._step = 0
