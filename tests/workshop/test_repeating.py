"""What is named as repeating are tests that there are."""

import re
from pathlib import Path

import pytest

from tests.conftest import REPEATING

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("entry", REPEATING)
def test_an_entry_names_tests(entry: str) -> None:
    path, _, name = entry.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    wanted = rf"def {name}\b" if name else r"def test_|^class Test|^Test\w+ = "
    assert re.search(wanted, source, re.MULTILINE)
