"""Every row of the corrections to both wires has tests on both sides; the tests are named after the rows."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.contract import test_corrections_istra, test_corrections_o2g
from tests.contract.rows import ISTRA_CORRECTIONS, O2G_CORRECTIONS

SPEC = Path(__file__).parents[3] / "shared" / "spec"
"""Where the facts are written down, beside a checkout of those who have them."""
NOT_ASKED_FOR = "a fourth application"


def held_by(module: ModuleType) -> dict[str, set[str]]:
    """Row → the sides that a test of this module is about."""
    found: dict[str, set[str]] = {}
    for name, test in vars(module).items():
        if name.startswith("test_"):
            for mark in getattr(test, "pytestmark", ()):
                for parameters in mark.args[1] if mark.name == "parametrize" else ():
                    for one in getattr(parameters, "marks", ()):
                        _, row, side = one.args
                        found.setdefault(row, set()).add(side)
    return found


@pytest.mark.parametrize(
    ("module", "rows"),
    [(test_corrections_o2g, O2G_CORRECTIONS), (test_corrections_istra, ISTRA_CORRECTIONS)],
    ids=["O2G", "Istra"],
)
def test_every_row_has_tests_on_both_sides(module: ModuleType, rows: tuple[str, ...]) -> None:
    assert held_by(module) == {row: {"client", "simulator"} for row in rows}


@pytest.mark.skipif(not SPEC.exists(), reason="the facts are not beside this checkout")
@pytest.mark.parametrize(
    ("file", "rows"), [("o2g-wire.md", O2G_CORRECTIONS), ("istra-wire.md", ISTRA_CORRECTIONS)], ids=["O2G", "Istra"]
)
def test_the_rows_are_those_of_the_facts(file: str, rows: tuple[str, ...]) -> None:
    text = (SPEC / file).read_text(encoding="utf-8")
    table = text[text.index("## Corrections") :]
    names = [line.split("|")[1].strip() for line in table.splitlines() if re.match(r"\| (?!what \|)\S", line)]
    assert tuple(name for name in names if name != NOT_ASKED_FOR) == rows
