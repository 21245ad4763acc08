"""A soak: one client in an office of many lines for days or weeks, with a fault every few minutes, on a turned clock.

Every hour the faults end, and the model has to become the switch's truth; every day everybody hangs up, and the memory
is measured: that of the process, and by itself that of the client. It must not grow from one week to the next.

What a soak costs is mostly what a client of many lines reads after each loss, four requests a line. So the faults of a
large office may be further apart, while people telephone as often.
"""

import asyncio
import gc
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiopbx import Pbx
from aiopbx.simulator import UserSpec
from tests.chaos import people
from tests.chaos.case import Case, Report
from tests.chaos.turned_loop import run
from tests.chaos.worlds import WORLDS, World, people as four

_HOUR: Final = 3600.0
_PAGE: Final = 4096
EVERY: Final = 4.0
"""Minutes between two faults, on average."""
_ACTS: Final = 1.5
"""Minutes between two acts of people, on average."""


@dataclass(frozen=True)
class Day:
    """What a day showed."""

    number: int
    faults: int
    losses: int
    calls: int
    violations: int
    objects: int
    """Objects that Python's collector knows of, after a collection."""
    resident: float
    """MiB of the process: simulator, proxies and client together."""
    own_objects: int
    """Objects of the client."""
    own: float
    """MiB that they take."""


def office(lines: int) -> tuple[UserSpec, ...]:
    """The four of a case, and more of their kind."""
    more = (UserSpec(login=f"u{number}", number=str(1000 + number)) for number in range(lines - 4))
    return (*four(), *more)


class Soak(Case):
    """A case that takes days."""

    def __init__(self, report: Report, days: int, lines: int, every: float, on_day: Callable[[Day], None]) -> None:
        """So many days of an office of so many lines, with a fault every so many minutes."""
        super().__init__(report)
        self._days, self._lines, self._every, self._on_day = days, lines, every, on_day
        self._next_fault = 0.0

    def note(self, text: str) -> None:
        """Keep no diary: it would be what grows."""

    def _make_world(self, seed: str) -> World:
        return WORLDS[self.report.system](seed, users=office(self._lines))

    async def _days_of_trouble(self, pbx: Pbx) -> None:
        for number in range(1, self._days + 1):
            for _ in range(24):
                await self._hour(pbx)
            people.everybody_hangs_up(self.world)
            await asyncio.sleep(600)
            if not await self.becomes_right(pbx, f"at the end of day {number}"):
                return
            self._measure(number, pbx)

    async def _hour(self, pbx: Pbx) -> None:
        loop, draw = asyncio.get_running_loop(), self.draw
        until = loop.time() + _HOUR
        while loop.time() < until:
            if loop.time() >= self._next_fault:
                self.misfortunes.strike()
                self._next_fault = loop.time() + draw.uniform(0.25, 1.75) * self._every * 60
            people.act(draw, self.world)
            self._command(pbx)
            self.report.acts += 1
            await asyncio.sleep(draw.uniform(0.0, 2.0) * min(_ACTS, self._every) * 60)
        self.misfortunes.end()
        await self.misfortunes.over()
        self.misfortunes.end()
        await self.becomes_right(pbx, "at the end of an hour")

    def _measure(self, number: int, pbx: Pbx) -> None:
        if not self.world.switch.calls:
            self.witness.forget()
        for proxy in self.world.proxies:
            proxy.forget()
        self._attempts.clear()
        self.misfortunes.forget()
        gc.collect()
        own_objects, own = held_by(pbx)
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20
        self._on_day(
            Day(
                number,
                sum(self.report.faults.values()),
                pbx.statistics.losses,
                self.report.calls,
                len(self.report.violations),
                len(gc.get_objects()),
                resident,
                own_objects,
                own / 2**20,
            )
        )


def held_by(pbx: Pbx) -> tuple[int, int]:
    """How many objects there are because of this client, and their bytes.

    That is everything that can be reached from it, other than code, the event loop with what waits there, and the
    laboratory's own objects.
    """
    found: dict[int, Any] = {}
    left: list[Any] = [pbx]
    while left:
        one = left.pop()
        if id(one) in found or isinstance(one, _NOT_COUNTED) or type(one).__module__.startswith(_NOT_OURS):
            continue
        found[id(one)] = one
        left += gc.get_referents(one)
    return len(found), sum(map(sys.getsizeof, found.values()))


_NOT_COUNTED: Final = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.CodeType,
    types.FrameType,
    types.TracebackType,
    asyncio.AbstractEventLoop,
)
_NOT_OURS: Final = ("tests.", "aiopbx.simulator", "pydantic")


def soak(
    system: str, seed: int, days: int, lines: int, on_day: Callable[[Day], None], *, every: float = EVERY
) -> Report:
    """Let an office run for so many days, and report each day as it ends."""
    report = Report(system, seed, 0, 0)
    one = Soak(report, days, lines, every, on_day)
    run(one.run)
    return report
