"""The laboratory as a command: see scripts/chaos."""

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.chaos.case import STEPS, Report, play, play_quietly
from tests.chaos.soak import EVERY, Day, soak
from tests.chaos.worlds import WORLDS


def main() -> int:
    """Play cases, and say what they showed."""
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="Random calls, random faults, and the truth.")
    parser.add_argument("--cases", type=int, default=100, help="how many, over all systems (100)")
    parser.add_argument("--seed", type=int, default=1, help="what the random draws begin from (1)")
    parser.add_argument("--case", type=int, help="only the case with this number, with its diary")
    parser.add_argument(
        "--system",
        "--channel",
        action="append",
        choices=[*WORLDS, "o2g", "istra"],
        help="only this one; several times for several. o2g and istra stand for all of theirs",
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how much happens in a case, at most ({STEPS})")
    parser.add_argument("--soak", type=int, metavar="DAYS", help="instead: one client for so many days")
    parser.add_argument("--lines", type=int, default=100, help="lines of the office of a soak (100)")
    parser.add_argument(
        "--every", type=float, default=EVERY, metavar="MINUTES", help=f"between two faults of a soak ({EVERY:g})"
    )
    parser.add_argument("--minutes", type=float, help="stop after so many, with the cases played until then")
    options = parser.parse_args()
    systems = _systems(options.system)
    if options.soak is not None:
        return _soak(systems, options.seed, options.soak, options.lines, options.every)
    if options.case is not None:
        return _one(systems, options.seed, options.case, options.steps)
    jobs = [(systems[number % len(systems)], options.seed, number, options.steps) for number in range(options.cases)]
    return _many(jobs, options.jobs, options.minutes)


def _systems(names: list[str] | None) -> list[str]:
    groups = {
        "o2g": [name for name in WORLDS if not name.startswith("my")],
        "istra": [name for name in WORLDS if name.startswith("my")],
    }
    found: dict[str, None] = {}
    for name in names or WORLDS:
        found.update(dict.fromkeys(groups.get(name, [name])))
    return list(found)


def _one(systems: list[str], seed: int, number: int, steps: int) -> int:
    reports = [play(system, seed, number, steps, verbose=True) for system in systems]
    for report in reports:
        _say(f"{report.system}: {report.losses} losses, {sum(report.faults.values())} faults")
        for violation in report.violations:
            _say(f"VIOLATION: {violation}")
    return 1 if any(report.violations for report in reports) else 0


def _played(jobs: list[tuple[str, int, int, int]], processes: int) -> Iterator[Report]:
    if processes < 2:
        yield from map(play_quietly, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(play_quietly, jobs, chunksize=4)


def _many(jobs: list[tuple[str, int, int, int]], processes: int, minutes: float | None) -> int:
    began: float = time.monotonic()
    reports: list[Report] = []
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        _collect(jobs, processes, minutes, reports)
    except KeyboardInterrupt:
        _say("stopped")
    summary(reports, time.monotonic() - began)
    return 1 if any(report.violations for report in reports) else 0


def _soak(systems: list[str], seed: int, days: int, lines: int, every: float) -> int:
    wrong: list[str] = []
    for system in systems:
        began = time.process_time()
        _say(f"{system}: {days} days of {lines} lines, a fault every {every:g} minutes")
        _say(
            f"{'day':>5}{'faults':>8}{'losses':>8}{'calls':>9}{'violations':>12}{'objects':>10}{'MiB':>7}"
            f"{'client':>10}{'MiB':>8}"
        )
        report = soak(system, seed, days, lines, _say_day, every=every)
        _say(f"{report.requests} requests; {time.process_time() - began:.0f} s of a processor")
        wrong += report.violations
    for violation in wrong:
        _say(f"VIOLATION: {violation}")
    return 1 if wrong else 0


def _say_day(day: Day) -> None:
    _say(
        f"{day.number:5}{day.faults:8}{day.losses:8}{day.calls:9}{day.violations:12}{day.objects:10}{day.resident:7.0f}"
        f"{day.own_objects:10}{day.own:8.2f}"
    )


def _collect(
    jobs: list[tuple[str, int, int, int]], processes: int, minutes: float | None, reports: list[Report]
) -> None:
    began = time.monotonic()
    for report in _played(jobs, processes):
        reports.append(report)
        for violation in report.violations:
            _say(f"VIOLATION ({report.system}): {violation}\n    {report.again}")
        if minutes is not None and time.monotonic() - began > minutes * 60:
            break


def summary(reports: list[Report], seconds: float) -> None:
    """Say what a campaign showed."""
    _say(
        f"\n{'system':10}{'cases':>7}{'faults':>8}{'losses':>8}{'moves':>7}{'attempts':>9}{'calls':>8}{'ends':>8}"
        f"{'hours':>8}{'longest':>9}{'owed':>6}{'violations':>12}"
    )
    faults: Counter[str] = Counter()
    for system in dict.fromkeys(report.system for report in reports):
        _row(system, [report for report in reports if report.system == system])
    _row("all", reports)
    for report in reports:
        faults.update(report.faults)
    _say("\nfaults by kind: " + ", ".join(f"{kind} {count}" for kind, count in sorted(faults.items())))
    commands: Counter[str] = Counter()
    for report in reports:
        commands.update(report.commands)
    _say("commands: " + ", ".join(f"{kind} {count}" for kind, count in sorted(commands.items())))
    _say(f"acts at telephones: {sum(report.acts for report in reports)}")
    _say(f"{seconds:.0f} s, {seconds / max(1, len(reports)) * 1000:.0f} ms a case")


def _row(name: str, reports: list[Report]) -> None:
    hours = sum(report.seconds for report in reports) / 3600
    longest = max((report.quiet_after for report in reports), default=0.0)
    wrong = sum(bool(report.violations) for report in reports)
    _say(
        f"{name:10}{len(reports):7}{sum(sum(report.faults.values()) for report in reports):8}"
        f"{sum(report.losses for report in reports):8}{sum(report.fail_overs for report in reports):7}"
        f"{sum(report.attempts for report in reports):9}{sum(report.calls for report in reports):8}"
        f"{sum(report.ends for report in reports):8}{hours:8.0f}{longest:8.0f}s"
        f"{sum(report.owed for report in reports):6}{wrong:12}"
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
