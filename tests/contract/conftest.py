"""Counts which rows of the catalogues are held, and says so at the end of pytest's summary.

A test that holds a row says so with a marker::

    @pytest.mark.contract("O2G operations", "GET /users", "client")

The first argument is a catalogue of ``rows.CATALOGUES``, the second a row of it, the third the side that the test is
about: ``"client"`` or ``"simulator"``. Parametrised tests get their markers from ``rows.held``::

    from tests.contract.rows import DONE, held, operations

    @held("O2G operations", "simulator", operations(DONE))
    async def test_served(row): ...        # row is an Operation row: row.id, row.method, row.path, row.query …

A row counts only if every test that holds it has passed (a skipped one has not), on every side that has tests of that
catalogue in this run. A marker with a row that the catalogue does not have stops the run. A new wire adds its
catalogue in ``rows.py``; nothing changes here.
"""

from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

from tests.contract.rows import CATALOGUES

SIDES = ("client", "simulator")

Tally = dict[tuple[str, str], dict[str, dict[str, bool]]]
"""Catalogue and side → row → test → whether it passed."""
TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "contract(catalogue, row, side): the test holds this row of a catalogue")
    config.stash[TALLY] = defaultdict(lambda: defaultdict(dict))
    config.pluginmanager.register(Counter(config.stash[TALLY]), "contract-counter")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for catalogue, row, side in claims(item):
            if catalogue not in CATALOGUES:
                raise pytest.UsageError(f"{item.nodeid}: there is no catalogue {catalogue!r}")
            if row not in CATALOGUES[catalogue]:
                raise pytest.UsageError(f"{item.nodeid}: {catalogue} has no row {row!r}")
            if side not in SIDES:
                raise pytest.UsageError(f"{item.nodeid}: a side is one of {', '.join(SIDES)}, not {side!r}")
            config.stash[TALLY][catalogue, side][row][item.nodeid] = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report say what is claimed: with ``-n`` it goes to another process, and the item does not."""
    report = yield
    report.contract = claims(item)  # type: ignore[attr-defined]
    return report


class Counter:
    """Counts what the reports say, in the process that prints the summary."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for catalogue, row, side in getattr(report, "contract", ()):
            if report.when == "call" or not report.passed:
                self.tally[catalogue, side][row][report.nodeid] = report.passed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Know from each process of ``-n`` what it collected, so that a test that never ran is not left out."""
        for catalogue, side, row, test in getattr(node, "workeroutput", {}).get("contract", ()):
            self.tally[catalogue, side][row].setdefault(test, False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["contract"] = [
            (catalogue, side, row, test)
            for (catalogue, side), rows in session.config.stash[TALLY].items()
            for row, tests in rows.items()
            for test in tests
        ]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Generator[None, None, None]:
    yield
    lines = summary(config.stash[TALLY])
    if lines:
        terminalreporter.section("contract")
        for line in lines:
            terminalreporter.write_line(line)


def claims(item: pytest.Item) -> list[tuple[str, str, str]]:
    """Which rows a test holds."""
    return [(mark.args[0], mark.args[1], mark.args[2]) for mark in item.iter_markers("contract")]


def summary(tally: Tally) -> list[str]:
    """One line a catalogue that this run has tests of."""
    lines = []
    for catalogue, rows in CATALOGUES.items():
        sides = {side: tally[catalogue, side] for side in SIDES if tally.get((catalogue, side))}
        if not sides:
            continue
        count = sum(
            all(bool(tests.get(row)) and all(tests[row].values()) for tests in sides.values()) for row in sorted(rows)
        )
        lines.append(f"{catalogue}: {count} of {len(rows)}")
    return lines
