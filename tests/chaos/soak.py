"""A soak: one client in an office of many lines for days or weeks, with a fault every few minutes, on a turned clock.

Every hour the faults end, and the model has to become the switch's truth; every day everybody hangs up, and the memory
is measured. It must not grow from one week to the next.
"""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiopbx import Pbx
from aiopbx.simulator import UserSpec
from tests.chaos import people
from tests.chaos.case import Case, Report
from tests.chaos.turned_loop import run
from tests.chaos.worlds import WORLDS, World, people as four

_HOUR: Final = 3600.0
_PAGE: Final = 4096


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


def office(lines: int) -> tuple[UserSpec, ...]:
    """The four of a case, and more of their kind."""
    more = (UserSpec(login=f"u{number}", number=str(1000 + number)) for number in range(lines - 4))
    return (*four(), *more)


class Soak(Case):
    """A case that takes days."""

    def __init__(self, report: Report, days: int, lines: int, on_day: Callable[[Day], None]) -> None:
        """So many days of an office of so many lines."""
        super().__init__(report)
        self._days, self._lines, self._on_day = days, lines, on_day

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
            self.misfortunes.strike()
            pause = draw.uniform(60, 420)  # a fault every four minutes
            for _ in range(draw.randint(1, 4)):
                people.act(draw, self.world)
                self._command(pbx)
                self.report.acts += 1
                await asyncio.sleep(pause / 4)
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
            )
        )


def soak(system: str, seed: int, days: int, lines: int, on_day: Callable[[Day], None]) -> Report:
    """Let an office run for so many days, and report each day as it ends."""
    report = Report(system, seed, 0, 0)
    one = Soak(report, days, lines, on_day)
    run(one.run)
    return report
