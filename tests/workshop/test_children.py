"""Tests start processes in one place, which sees to it that they get signals as from a terminal."""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
STARTING = {"Popen", "create_subprocess_exec", "create_subprocess_shell"}


def test_what_may_get_a_signal_is_started_in_one_place() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{node.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in STARTING
    ]
    assert [place.partition(":")[0] for place in found] == ["processes.py"], (
        f"start it with tests/processes.py: {found}"
    )
