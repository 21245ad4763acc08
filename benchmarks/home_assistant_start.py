"""How long an office takes to be set up in Home Assistant, beside an earlier build, in one run.

    .venv-ha/bin/python benchmarks/home_assistant_start.py [--lines 200] [--rounds 3] [--other COMMIT | --alone]

The simulated PBX runs in this process. Each round starts a real Home Assistant for each build, in turn, without an
entry; then the entry is enabled, and it is counted until it is loaded, and until every line has all its entities that
are enabled. Beside the seconds that pass stand those that Home Assistant's process computes until then: where others
use the machine, too, only these can be compared.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from home import FORMER, INTEGRATION, build_of, home

SHARE = 1 / 3
"""Of the other build's seconds, at most."""
AFTER = 5.0
"""Seconds from the PBX's answer until the entry is loaded, at most."""


async def set_up(url: str, integration: Path) -> dict[str, Any]:
    """Set an office up in a new Home Assistant, and return how long that took."""
    async with home(url, integration=integration, disabled=True) as place:
        found: dict[str, Any] = await place.ask("set_up")
    return found


async def compare(lines: int, rounds: int, commit: str | None) -> int:
    """Measure both builds in turns, print, and return 1 if an aim is missed."""
    from paths import load_client  # type: ignore[import-not-found]

    load_client()
    from aiopbx.simulator import Simulator, SimulatorSettings, UserSpec

    users = tuple(
        UserSpec(login=f"oxe{10_000 + n}", number=str(10_000 + n), first_name="Line", last_name=str(n))
        for n in range(lines)
    )
    with tempfile.TemporaryDirectory() as temporary:
        builds = {"now": INTEGRATION}
        if commit is not None:
            builds = {"before": build_of(commit, Path(temporary)), **builds}
        took: dict[str, list[dict[str, Any]]] = {name: [] for name in builds}
        async with Simulator(SimulatorSettings(users=users)) as simulator:
            for _ in range(rounds):
                for name, integration in builds.items():
                    took[name].append(await set_up(simulator.url, integration))
    best, everything, work = {}, {}, {}
    for name, found in took.items():
        best[name] = min(one["seconds"] for one in found)
        after = statistics.median(one["after"] for one in found)
        everything[name] = min(one["all"] for one in found)
        work[name] = min(one["work"] for one in found)
        print(
            f"{lines:5} lines  {name:7} loaded {best[name]:6.2f} s at best   after the PBX {after:6.2f} s   "
            f"all lines there {everything[name]:6.2f} s   "
            f"computed {work[name]:5.2f} s   {found[-1]['entities']} entities enabled"
        )
    missed = after > AFTER
    if "before" in best:
        share = everything["now"] / everything["before"]
        print(
            f"{lines:5} lines  now : before  all lines there {share:.2f} (at most {SHARE:.2f})   "
            f"loaded {best['now'] / best['before']:.2f}   computed {work['now'] / work['before']:.2f}"
        )
        missed |= share > SHARE
    return int(missed)


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=200, help="how many lines the office has")
    parser.add_argument("--rounds", type=int, default=3, help="how often each build is measured")
    parser.add_argument("--other", default=FORMER, help="the commit that this build is compared with")
    parser.add_argument("--alone", action="store_true", help="measure this build alone")
    arguments = parser.parse_args()
    return asyncio.run(compare(arguments.lines, arguments.rounds, None if arguments.alone else arguments.other))


if __name__ == "__main__":
    sys.exit(main())
