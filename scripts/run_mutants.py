"""The half of scripts/mutants that plans the work and reports it; scripts/mutants_plugin.py does it.

Everything that it knows is in .tools/mutants: which test reaches which line (made once, and again for a test file when
it or a source that it reaches changes), the mutants of every source as it is now, and what became of each mutant. A
run that is broken off goes on there.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import hashlib
import itertools
import json
import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutations
import yaml

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".tools/mutants"
EQUIVALENT = ROOT / "scripts/mutants-equivalent.yaml"
MINIMUM = 90.0

CLIENT = "custom_components/pbx/aiopbx"
TESTS = "tests/aiopbx"


@dataclass(frozen=True)
class Target:
    """Some sources that are tried together, with the tests that are about them, in one of the environments."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    python: str = ".venv-lib"


# The one place that names modules.
REDUCER_TESTS = f"{TESTS}/*/test_*reducer*.py"
TARGETS = {
    "reducers": Target((f"{CLIENT}/o2g/reducer/*.py", f"{CLIENT}/istra/reducer/*.py"), (REDUCER_TESTS,)),
    "supervisor": Target(
        (f"{CLIENT}/connection.py", f"{CLIENT}/backoff.py"),
        (f"{TESTS}/test_connection.py", f"{TESTS}/test_*supervisor*.py"),
    ),
    "store": Target((f"{CLIENT}/store.py",), (f"{TESTS}/test_*subscribers*.py", REDUCER_TESTS)),
    "policy": Target((f"{CLIENT}/policy.py", f"{CLIENT}/settings/policy.py"), (f"{TESTS}/test_*policy*.py",)),
    "decoders": Target(
        (f"{CLIENT}/o2g/decoding.py", f"{CLIENT}/istra/decoding.py"),
        (
            f"{TESTS}/*/test_*decoding.py",
            f"{TESTS}/*/test_*bounds*.py",
            f"{TESTS}/istra/test_istra_guides.py",
            f"{TESTS}/istra/test_istra_socket.py",
        ),
    ),
    "settings": Target(
        (f"{CLIENT}/settings/*.py",),
        (f"{TESTS}/test_*settings*.py", f"{TESTS}/*/test_*settings*.py", f"{TESTS}/test_parsing.py"),
    ),
    "integration": Target(("custom_components/pbx/*.py",), ("tests/integration/test_*.py",), ".venv-ha"),
}


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="scripts/mutants")
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[*TARGETS, []])
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument(
        "--again", nargs="?", const="survived", choices=("survived", "timeout"), help="try these again (survived)"
    )
    parser.add_argument("--only", default="*", metavar="PATTERN", help="these files alone")
    parser.add_argument("--share", type=float, default=100, metavar="PERCENT", help="a random sample of the mutants")
    parser.add_argument("--seconds", type=float, default=10, help="of tests that each mutant is given (10)")
    wish = parser.parse_args()
    if wish.list:
        for name, target in TARGETS.items():
            print(f"{name:12} {' '.join(target.sources)}")
        return 0
    HOME.mkdir(parents=True, exist_ok=True)
    names = wish.targets or list(TARGETS)
    if not wish.report:
        for tables in (False, True):  # those of tables come last: they are slow, because they have to be imported
            for name in names:
                run(name, TARGETS[name], wish, tables)
    return report(names, wish.only)


# ---------------------------------------------------------------------------------------------------------------- plan


def sources_of(target: Target) -> list[str]:
    """Return the sources of a target; each of its patterns has to name one."""
    found = []
    for pattern in target.sources:
        paths = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))
        if not paths:
            sys.exit(f"scripts/mutants: there is no {pattern}. Mend TARGETS in scripts/run_mutants.py.")
        found += paths
    return found


def hash_of(*paths: str) -> str:
    """Return one word for what some files hold."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.encode() + b"\0" + (ROOT / path).read_bytes())
    return digest.hexdigest()[:16]


OPERATORS = hash_of("scripts/mutations.py")
"""What makes the mutants of this run, whatever is written into the file meanwhile."""


def mutants_of(path: str) -> list[dict[str, Any]]:
    """Return the mutants of a source, from the last plan if the source is still the same."""
    kept = HOME / f"plan-{path.replace('/', '_')}.json"
    state = f"{hash_of(path)}-{OPERATORS}"
    if kept.exists():
        plan = json.loads(kept.read_text(encoding="utf-8"))
        if plan["state"] == state:
            return list(plan["mutants"])
    source = (ROOT / path).read_text(encoding="utf-8")
    mutants = [dataclasses.asdict(mutant) for mutant in mutations.mutants_of(path, source)]
    kept.write_text(json.dumps({"state": state, "mutants": mutants}), encoding="utf-8")
    return mutants


def place(identity: str) -> float:
    """Return where a mutant stands between 0 and 1. What it is called is a hash, so its place is random."""
    return int(identity, 16) / 16 ** len(identity)


def results() -> dict[str, dict[str, Any]]:
    """Return the last outcome of every mutant."""
    known: dict[str, dict[str, Any]] = {}
    path = HOME / "results.jsonl"
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            known[row["id"]] = row
    return known


# ----------------------------------------------------------------------------------------------------------------- run


def run(name: str, target: Target, wish: argparse.Namespace, tables: bool) -> None:
    """Try the mutants of functions, or of tables, that nothing is known of yet; with --again also those known."""
    known = results()
    again = {wish.again, "lost"} if wish.again else set()
    sources = [path for path in sources_of(target) if fnmatch.fnmatch(path, f"*{wish.only}")]
    mutants = [
        mutant
        for path in sources
        for mutant in mutants_of(path)
        if mutant["id"] not in known or known[mutant["id"]]["outcome"] in again
        if place(mutant["id"]) < wish.share / 100
    ]
    if not mutants:
        return
    mutants.sort(key=lambda mutant: str(mutant["id"]))
    record = HOME / f"tests-{name}.jsonl"
    states = test_states(target)
    fresh = {row["file"] for row in rows(record) if states.get(row["file"]) == row["state"]}
    stale = sorted(set(states) - fresh)
    job: dict[str, Any] = {
        "record": str(record),
        "states": states,
        "sources": sources_of(target),
        "seconds": wish.seconds,
        "modules": str(HOME / f"modules-{name}.json"),
    }
    if stale:
        print(f"==> {name}: recording what {len(stale)} test files reach", file=sys.stderr)
        pytest(target, job, stale)
    print(f"==> {name}: {len(mutants)} mutants, now those of {'tables' if tables else 'functions'}", file=sys.stderr)
    pytest(target, {**job, "results": str(HOME / "results.jsonl"), "mutants": mutants, "tables": tables}, [])
    print(file=sys.stderr)


def rows(record: Path) -> list[dict[str, Any]]:
    """Return what was recorded."""
    if not record.exists():
        return []
    return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]


def test_states(target: Target) -> dict[str, str]:
    """Return a word for each test file that changes when it or a source does."""
    state = hash_of(*sources_of(target))
    files = {path.relative_to(ROOT).as_posix() for pattern in target.tests for path in ROOT.glob(pattern)}
    return {file: f"{hash_of(file)}-{state}" for file in sorted(files)}


def pytest(target: Target, job: dict[str, Any], files: list[str]) -> None:
    """Start the tests once, with the plugin in them."""
    path = HOME / f"job-{os.getpid()}.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    environment = {
        **os.environ,
        "MUTANTS_JOB": str(path),
        "COVERAGE_CORE": "ctrace",  # the only one that keeps the lines of tests apart
        "CI": "1",  # hypothesis draws the same each time
        "PYTHONPYCACHEPREFIX": str(HOME / "pycache"),
    }
    options = [
        "-q",
        "-p",
        "scripts.mutants_plugin",
        "-p",
        "no:cacheprovider",
        "--assert=plain",
        "-o",
        "timeout=0",
        "-o",
        "session_timeout=86400",
    ]
    command = ["nice", "-n", "10", str(ROOT / target.python / "bin/python"), "-m", "pytest", *options, *files]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, text=True)
    finally:
        path.unlink()
    if done.returncode not in {0, 1}:
        print(done.stdout[-5000:], file=sys.stderr)
        sys.exit(f"scripts/mutants: pytest could not run ({done.returncode}).")


# -------------------------------------------------------------------------------------------------------------- report


@dataclass(frozen=True)
class Explanation:
    """Why some survivors are equivalent, and which."""

    function: str
    change: str
    reason: str
    path: str = ""

    def fits(self, mutant: dict[str, Any]) -> bool:
        """Whether a mutant is one of them."""
        return (
            fnmatch.fnmatchcase(mutant["function"], self.function)
            and mutant["path"].endswith(self.path)
            and self.change in near(change_of(mutant))
        )


def explanations() -> list[Explanation]:
    """Return what scripts/mutants-equivalent.yaml lists: below each reason the changes by function."""
    found = []
    for entry in yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")):
        for function, changes in entry["functions"].items():
            path, _, name = function.rpartition(":")
            found += [
                Explanation(name, change, entry["reason"], path)
                for change in ([changes] if isinstance(changes, str) else changes)
            ]
    return found


def change_of(mutant: dict[str, Any]) -> str:
    """Return a change as one line: what stood there and what stands there now, between ⟦ and ⟧."""
    old, new = (" ".join(mutant[key].split()) for key in ("old", "new"))
    first = alike(old, new)
    last = alike(old[first:][::-1], new[first:][::-1])
    return f"{old[:first]}⟦{old[first : len(old) - last]}→{new[first : len(new) - last]}⟧{old[len(old) - last :]}"


def near(change: str) -> str:
    """Return a change with what stands next to it."""
    return change[max(0, change.index("⟦") - 60) : change.index("⟧") + 45]


def alike(one: str, other: str) -> int:
    """Return how many letters two texts begin with alike."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def report(names: list[str], only: str) -> int:
    """Print the figures of every file and every survivor. Return 1 if a target has too many."""
    known, why = results(), explanations()
    used: set[Explanation] = set()
    short = []
    survivors: list[str] = []
    print(f"{'':52} mutants  killed timeout survived equivalent untried")
    for name in names:
        total: Counter[str] = Counter()
        outcomes: dict[str, str] = {}
        for path in sources_of(TARGETS[name]):
            if not fnmatch.fnmatch(path, f"*{only}"):
                continue
            count: Counter[str] = Counter()
            for mutant in mutants_of(path):
                row = known.get(mutant["id"], {"outcome": "untried"})
                outcome = row["outcome"]
                if outcome in {"survived", "lost"}:
                    reasons = [one for one in why if one.fits(mutant)]
                    if reasons:
                        outcome = "equivalent"
                        used.update(reasons)
                    else:
                        where = f"{path}:{mutant['line']} in {mutant['function'] or 'the module'}"
                        survivors.append(f"{where} ({row.get('ran', 0)} tests)\n    {change_of(mutant)}")
                count[outcome] += 1
                outcomes[mutant["id"]] = outcome
            row_of(path.removeprefix("custom_components/pbx/"), count)
            total.update(count)
        least = rate(total)
        row_of(f"{name}:", total, least)
        if total["untried"] and (sample := sample_of(outcomes)):
            tried, noticed, least = sample
            print(
                f"    a random sample: {noticed} of {tried} killed; of all {least:.1f} % or more, with 95 % confidence"
            )
        if least < MINIMUM:
            short.append(name)
    if survivors:
        print(f"\n{len(survivors)} survivors:\n" + "\n".join(survivors))
    if only == "*" and set(names) == set(TARGETS):
        for one in why:
            if one not in used:
                print(f"\nexplained, but no survivor (any more): {one.path}:{one.function}: {one.change}")
    if short:
        print(f"\nunder {MINIMUM:g} %: {', '.join(short)}")
    return 1 if short else 0


def sample_of(outcomes: dict[str, str]) -> tuple[int, int, float] | None:
    """Return how many of a random sample were killed, and how many percent of all are, with a confidence of 95 %.

    The sample are all that come before the first one that was not tried, in the order of their places. The bound is
    Wilson's, one-sided, with the correction for a sample from a finite number.
    """
    valid = {identity: outcome for identity, outcome in outcomes.items() if outcome not in {"invalid", "equivalent"}}
    end = min(identity for identity, outcome in valid.items() if outcome == "untried")
    sample = Counter(outcome for identity, outcome in valid.items() if identity < end)
    tried, killed = sample.total(), sample["killed"] + sample["timeout"]
    if tried < 30:
        return None
    z = 1.645
    n = tried * (len(valid) - 1) / (len(valid) - tried)
    p = killed / tried
    low = (p + z * z / (2 * n) - z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)
    return tried, killed, 100 * low


def rate(count: Counter[str]) -> float:
    """Return the share of mutants that are noticed, of those that could be. An untried one is not noticed."""
    tried = count.total() - count["invalid"] - count["equivalent"]
    return 100 * (count["killed"] + count["timeout"]) / tried if tried else 100.0


def row_of(title: str, count: Counter[str], percent: float | None = None) -> None:
    """Print one line of figures."""
    figures = [
        count["killed"],
        count["timeout"],
        count["survived"] + count["lost"],
        count["equivalent"],
        count["untried"],
    ]
    total = count.total() - count["invalid"]
    print(
        f"{title:52} {total:7} "
        + " ".join(f"{x:7}" for x in figures)
        + (f"  {percent:.1f} %" if percent is not None else "")
    )


if __name__ == "__main__":
    sys.exit(main())
