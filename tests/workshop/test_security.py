"""The page about security names tests that exist; the scan for secrets finds one; an audit says what it found out."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))}


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_every_test_that_the_page_names_exists(path: str, test: str) -> None:
    assert test in functions_of(path)


def test_every_threat_has_a_test() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and "---" not in row and "Held by" not in row]
    assert len(rows) > 25
    assert [row for row in rows if not re.search(r"\| `tests/[\w/]+\.py::test_\w+` \|$", row)] == []


def options_of_lint() -> list[str]:
    """The options that scripts/lint gives to detect-secrets."""
    text = (ROOT / "scripts/lint").read_text(encoding="utf-8")
    found = re.search(r"detect-secrets-hook\" (--no-verify[^|]*)\|\|", text)
    assert found is not None
    return found[1].replace("\\\n", " ").split()


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        # Put together here, so that this file has none.
        ("-----BEGIN " + "PRIVATE KEY-----", True),
        ('key = "' + "AKIA" + "1234567890" + "ABCDEF" + '"', True),
        ('token = "' + "ghp_" + "1234567890" + "abcdefghijklm" + "nopqrstuvwxyz" + '"', True),
        ('password = "secret"', False),
        ("number: 0015550100", False),
    ],
)
def test_lint_finds_a_secret(secret: str, found: bool, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text(secret + "\n")
    command = Path(sys.executable).with_name("detect-secrets-hook")
    ran = subprocess.run([command, *options_of_lint(), "file.txt"], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode != 0) is found, ran.stdout


def package(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", **more}


BAD = package("bad", vulns=[{"id": "PYSEC-1", "fix_versions": ["1.1", "1.2"]}])
UNMENDED = package("worse", vulns=[{"id": "PYSEC-2", "fix_versions": []}])
GOOD = package("good", vulns=[])
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([GOOD], 0, "1 packages, and nothing is known against them"),
        ([GOOD, BAD], 1, "bad 1.0: PYSEC-1, mended in 1.1, 1.2"),
        ([UNMENDED], 1, "worse 1.0: PYSEC-2, mended in no version"),
        ([BAD, UNKNOWN], 1, "unknown were not audited"),
        ([GOOD, UNKNOWN], 3, "unknown were not audited"),
        ([UNKNOWN], 3, "Nothing was audited"),
        ([], 3, "Nothing was audited"),
        (None, 3, "Nothing was audited"),
    ],
)
def test_an_audit_that_found_nothing_out_is_none(packages: Any, code: int, said: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    if packages is not None:
        report.write_text(json.dumps({"dependencies": packages}))
    script = ROOT / "scripts/read_audit.py"
    ran = subprocess.run([sys.executable, script, report], capture_output=True, text=True)
    assert ran.returncode == code
    assert said in ran.stderr
