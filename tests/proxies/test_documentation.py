"""docs/behind-a-proxy.md shows what the tests measure and the snippets that they run, and nothing else."""

import re
from collections.abc import Callable

import pytest

from tests.proxies.programs import ROOT, SNIPPETS, snippet
from tests.proxies.table import COOKIES, NAMED, ROWS, cookies_markdown, markdown, named_markdown

PAGE = (ROOT / "docs/behind-a-proxy.md").read_text(encoding="utf-8")
NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in SNIPPETS.glob("*/*.conf"))
SHOWN = dict(re.findall(r"^#### (\S+ \S+)\n(?:(?!```)[^\n]*\n)*```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("table", [markdown, named_markdown, cookies_markdown])
def test_a_table(table: Callable[[], str]) -> None:
    assert f"\n\n{table()}\n" in PAGE


def test_every_snippet_is_shown_and_no_other() -> None:
    assert sorted(SHOWN) == [name.replace("/", " ") for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_snippet_is_shown_as_it_is_run(name: str) -> None:
    assert SHOWN[name.replace("/", " ")] == snippet(name)


def test_every_snippet_is_run() -> None:
    assert {row.snippet for row in (*ROWS, *NAMED, *COOKIES)} == set(NAMES)
