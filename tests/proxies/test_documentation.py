"""docs/behind-a-proxy.md shows what the tests measure and the snippets that they run, and nothing else."""

import re
from collections.abc import Callable

import pytest

from tests.proxies.programs import ROOT, SNIPPETS, configuration, rendered, snippet
from tests.proxies.table import COOKIES, IDLE, NAMED, ROWS, cookies_markdown, idle_markdown, markdown, named_markdown

PAGE = (ROOT / "docs/behind-a-proxy.md").read_text(encoding="utf-8")
NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in SNIPPETS.glob("*/*.conf"))
SHOWN = dict(re.findall(r"^#### (\S+ \S+)\n(?:(?!```)[^\n]*\n)*```\w*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("table", [markdown, named_markdown, cookies_markdown, idle_markdown])
def test_a_table(table: Callable[[], str]) -> None:
    assert f"\n\n{table()}\n" in PAGE


def test_every_snippet_is_shown_and_no_other() -> None:
    assert sorted(SHOWN) == [name.replace("/", " ") for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_snippet_is_shown_as_it_is_run(name: str) -> None:
    assert SHOWN[name.replace("/", " ")] == snippet(name)


def test_every_snippet_is_run() -> None:
    assert {row.snippet for row in (*ROWS, *NAMED, *COOKIES, *IDLE)} == set(NAMES)


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_documentation_is_left_in_what_is_run(name: str, tls: bool) -> None:
    kind = name.partition("/")[0]
    servers = {
        f"{server}.example.net:{port}": "127.0.0.1:1"
        for server, ports in {"o2g": (80, 443, 8014, 8016), "istra": (80,), "aiopbx": (8445, 8446)}.items()
        for port in ports
    }
    text, ports = rendered(kind, snippet(name), tls=tls, servers=servers, certificate=SNIPPETS / "x.pem")
    assert 443 in ports
    assert "example.net" not in text
    assert "/etc/" not in text
    assert ("x.pem" in text) is tls
    assert len(re.findall(r"127\.0\.0\.1:(?!1\b)\d+", text)) == len(ports)
    assert text in configuration(kind, text, ports, SNIPPETS)
