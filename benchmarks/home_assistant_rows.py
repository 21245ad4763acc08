"""What a busy day leaves in Home Assistant's database, beside an earlier build: rows for each leg of a call, and bytes.

    .venv-ha/bin/python benchmarks/home_assistant_rows.py [--seconds 120] [--speed 10] [--other COMMIT] [--privacy]

The simulated PBX plays its busy day in this process. Two real Home Assistants, each with its recorder, are connected
to it at the same time: one with this build of the integration, one with the other. So both see the same calls. A leg
is a call as one line sees it. What the set-up has written is not counted.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

from home import FORMER, INTEGRATION, Home, build_of, home

MOST = 7.0
"""Rows that a leg may leave."""
SHARE = 1 / 3
"""Of the other build's bytes."""


def size(database: sqlite3.Connection) -> int:
    """Return the bytes that are in use."""
    pages, free, each = (
        database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * each)


def rows(database: sqlite3.Connection) -> Counter[str]:
    """Return how many rows there are, by the kind of entity."""
    found: Counter[str] = Counter()
    for entity, count in database.execute(
        "SELECT m.entity_id, COUNT(*) FROM states s JOIN states_meta m USING (metadata_id) GROUP BY m.entity_id"
    ):
        domain, _, name = entity.partition(".")
        kind = next((kind for kind in KINDS if name.endswith(kind)), name)
        found[f"{domain}.{kind}"] += count
    return found


KINDS = (
    "call_state", "other_party", "calls_in_progress", "missed_calls", "unread_voicemails", "unread_texts",
    "call_back_requests", "on_a_call", "ringing", "in_service", "answer", "hang_up", "do_not_disturb",
    "forward_number", "forward_to", "forward_when", "forward", "remote_extension", "call",
)  # fmt: skip


class Watched:
    """A home, and what was in its database at the beginning."""

    def __init__(self, name: str, place: Home) -> None:
        """Nothing has been looked at yet."""
        self.name = name
        self.home = place
        self.legs = 0
        self.bytes = 0
        self.rows: Counter[str] = Counter()
        self.entities = 0

    async def begin(self) -> None:
        """Note what is there."""
        self.entities = await self.home.ask("count")
        database = await self.home.database()
        self.bytes, self.rows = -size(database), rows(database)
        database.close()

    async def end(self) -> None:
        """See what has come since."""
        self.legs = await self.home.ask("flush")
        database = await self.home.database()
        self.bytes += size(database)
        self.rows = rows(database) - self.rows
        database.close()

    def report(self, lines: int) -> float:
        """Print, and return the rows a leg."""
        a_leg = self.rows.total() / self.legs
        print(
            f"{self.name:8} {self.entities / lines:5.1f} entities a line  {self.legs:6} legs  "
            f"{self.rows.total():7} rows  {a_leg:5.2f} rows a leg  {self.bytes / self.legs:7.0f} bytes a leg"
        )
        for kind, count in self.rows.most_common():
            print(f"           {kind:32} {count / self.legs:6.2f} a leg  {count / self.rows.total():5.1%}")
        return a_leg


async def compare(seconds: float, speed: float, commit: str) -> int:
    """Let both see the same calls for so long, print, and return 1 if an aim is missed."""
    from paths import load_client  # type: ignore[import-not-found]

    load_client()
    from aiopbx.simulator import Simulator, SimulatorSettings

    settings = SimulatorSettings(scenario="busy-day", speed=speed)
    with tempfile.TemporaryDirectory() as temporary:
        former = build_of(commit, Path(temporary))
        async with (
            Simulator(settings) as simulator,
            home(simulator.url, integration=former, recorder=True) as before,
            home(simulator.url, integration=INTEGRATION, recorder=True) as now,
        ):
            watched = [Watched("before", before), Watched("now", now)]
            for one in watched:
                await one.begin()
            await asyncio.sleep(seconds)
            for one in watched:
                await one.end()
            lines = len(simulator.switch.users)
    old, new = watched
    old.report(lines)
    a_leg = new.report(lines)
    share = new.bytes / new.legs / (old.bytes / old.legs)
    print(f"rows a leg {a_leg:.2f} (at most {MOST:.0f}), bytes {share:.2f} of those before (at most {SHARE:.2f})")
    return int(a_leg > MOST or share > SHARE)


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120, help="how long the calls are watched")
    parser.add_argument("--speed", type=float, default=10, help="how fast the day passes")
    parser.add_argument("--other", default=FORMER, help="the commit that this build is compared with")
    arguments = parser.parse_args()
    return asyncio.run(compare(arguments.seconds, arguments.speed, arguments.other))


if __name__ == "__main__":
    sys.exit(main())
