"""docs/behind-a-proxy.md shows the snippets that the tests use, and the tables that they hold."""

import re

import pytest

from tests.proxies.programs import ROOT, SNIPPETS, configuration, rendered, snippet
from tests.proxies.table import BLOCKS, COOKIES, IDLE, NAMED, ROWS, tables

PAGE = (ROOT / "docs/behind-a-proxy.md").read_text(encoding="utf-8")
NAMES = sorted(str(path.relative_to(SNIPPETS).with_suffix("")) for path in SNIPPETS.rglob("*.*"))
SHOWN = re.compile(r"^### (\w+): ([\w-]+)\n\n[^`\n]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_snippet_is_shown_and_no_other() -> None:
    shown = {f"{kind}/{name}": text for kind, name, text in SHOWN.findall(PAGE)}
    assert shown == {name: snippet(name) for name in NAMES}
    assert PAGE.count("```") == 2 * len(NAMES)


@pytest.mark.parametrize("table", list(tables()), ids=["what works", "blocks", "URLs", "cookies", "silence"])
def test_every_table_is_what_the_tests_hold(table: str) -> None:
    assert table in PAGE


def test_every_snippet_is_used() -> None:
    assert {row.snippet for row in (*ROWS, *BLOCKS, *NAMED, *COOKIES, *IDLE)} == set(NAMES)


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
