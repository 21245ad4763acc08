"""The counting itself: it must not count what was not held."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.rows import (
    CATALOGUES,
    DONE,
    DONE_TYPES,
    enumeration_values,
    events,
    istra_types,
    operations,
    types,
)

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).with_name("conftest.py")
ROOT = Path(__file__).parents[2]
MARK = "@pytest.mark.contract"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run tests with the counting in a process of their own, and return what came of it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # three quarters of the time are their imports
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))

    def run(*tests: str, options: tuple[str, ...] = ()) -> pytest.RunResult:
        pytester.makepyfile("import pytest\n\n" + "\n\n".join(tests))
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers", *options)

    return run


def a_test(name: str, catalogue: str, row: str, side: str, body: str = "pass") -> str:
    return f'{MARK}("{catalogue}", "{row}", "{side}")\ndef test_{name}(): {body}'


def test_what_passed_counts(run: Run) -> None:
    result = run(
        a_test("one", "O2G operations", "GET /users", "client"),
        a_test("two", "O2G operations", "GET /logins", "client", "assert False"),
        a_test("three", "O2G operations", "GET /routing", "client", "pytest.skip('later')"),
        a_test("four", "O2G events", "OnCallCreated", "client"),
    )
    result.stdout.fnmatch_lines(["*= contract =*", "O2G operations: 1 of 142", "O2G events: 1 of 27"])
    result.stdout.no_fnmatch_line("O2G types*")


def test_both_sides_have_to_pass(run: Run) -> None:
    result = run(
        a_test("one", "O2G operations", "GET /users", "client"),
        a_test("two", "O2G operations", "GET /users", "simulator"),
        a_test("three", "O2G operations", "GET /logins", "client"),
        a_test("four", "O2G operations", "GET /logins", "simulator", "assert False"),
        a_test("five", "O2G operations", "GET /routing", "client"),
        a_test("six", "O2G operations", "GET /sessions", "simulator"),
    )
    result.stdout.fnmatch_lines(["O2G operations: 1 of 142"])


def test_every_test_of_a_row_has_to_pass(run: Run) -> None:
    result = run(
        a_test("one", "O2G operations", "GET /users", "client"),
        a_test("two", "O2G operations", "GET /users", "client", "assert False"),
    )
    result.stdout.fnmatch_lines(["O2G operations: 0 of 142"])


def test_a_failing_teardown_does_not_count(run: Run) -> None:
    result = run(
        "@pytest.fixture\ndef leaky():\n    yield\n    assert False",
        a_test("one", "O2G operations", "GET /users", "client").replace("():", "(leaky):"),
    )
    result.stdout.fnmatch_lines(["O2G operations: 0 of 142"])


def test_in_several_processes_the_same_counts(run: Run) -> None:
    result = run(
        "@pytest.fixture\ndef leaky():\n    yield\n    assert False",
        a_test("one", "O2G operations", "GET /users", "client"),
        a_test("two", "O2G operations", "GET /users", "simulator"),
        a_test("three", "O2G operations", "GET /logins", "client"),
        a_test("four", "O2G operations", "GET /logins", "simulator", "assert False"),
        a_test("five", "O2G operations", "GET /routing", "client"),
        a_test("six", "O2G operations", "GET /routing", "simulator").replace("():", "(leaky):"),
        options=("-p", "xdist", "-n", "2"),
    )
    result.stdout.fnmatch_lines(["O2G operations: 1 of 142"])


def test_a_test_that_never_ran_does_not_count_in_several_processes_either(run: Run) -> None:
    result = run(
        a_test("one", "O2G operations", "GET /users", "client"),
        a_test("two", "O2G operations", "GET /logins", "client", "assert False"),
        *(a_test(f"later_{index}", "O2G operations", "GET /users", "client") for index in range(9)),
        options=("-p", "xdist", "-n", "1", "--maxfail", "1"),
    )
    result.stdout.fnmatch_lines(["O2G operations: 0 of 142"])


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        (("O2G operations", "GET /nothing", "client"), "*O2G operations has no row 'GET /nothing'*"),
        (("O2G opera", "GET /users", "client"), "*there is no catalogue 'O2G opera'*"),
        (("O2G operations", "GET /users", "server"), "*not 'server'*"),
    ],
)
def test_a_row_that_does_not_exist_stops_the_run(run: Run, mark: tuple[str, str, str], reason: str) -> None:
    result = run(a_test("one", *mark))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([reason])


def test_without_marks_nothing_is_said(run: Run) -> None:
    result = run("def test_one(): pass")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*contract*")


def test_the_catalogues_are_whole() -> None:
    catalogue = json.loads((CONFTEST.parent / "o2g-catalogue.json").read_text(encoding="utf-8"))
    assert len(catalogue["operations"]) == len(CATALOGUES["O2G operations"]) == 142
    assert len(catalogue["events"]) == len(CATALOGUES["O2G events"]) == 27
    assert len(CATALOGUES["O2G types"]) == sum(len(rows) for rows in catalogue["types"].values())
    assert len(CATALOGUES["O2G enumeration values"]) == sum(
        len(values) for chapter in catalogue["enumerations"].values() for values in chapter.values()
    )
    assert (len(operations(DONE)), len(events(DONE))) == (142, 27)
    assert {row.chapter for row in types(DONE_TYPES)} == set(DONE_TYPES)
    assert enumeration_values(DONE_TYPES)


def test_the_catalogue_of_istra_is_whole() -> None:
    catalogue = json.loads((CONFTEST.parent / "istra-catalogue.json").read_text(encoding="utf-8"))
    assert len(catalogue["operations"]) == len(CATALOGUES["Istra operations"]) == 38
    assert len(catalogue["errors"]) == len(CATALOGUES["Istra errors"]) == 7
    assert len(catalogue["inconsistencies_to_tolerate"]) == len(CATALOGUES["Istra inconsistencies"])
    assert len(CATALOGUES["Istra events"]) == len(catalogue["types"]["CrmCallEvent.event"]) + 2
    values = {
        row.rpartition("/")[0] for name in ("enumeration values", "causes") for row in CATALOGUES[f"Istra {name}"]
    }
    assert values | {row.name for row in istra_types()} == set(catalogue["types"])
    assert not values & {row.name for row in istra_types()}
