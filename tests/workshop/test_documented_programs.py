"""Every Python block of README and docs is checked by mypy --strict and by pyright, as a reader's type checker would.

What the types promise is checked, too: a subscription is generic in its kind, and ``connect`` knows its keywords.
pyright is the build that a wheel carries, basedpyright, in pyright's own strict mode: the other one downloads itself.
"""

import ast
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

# Two checkers read the whole client once: a minute of CPU, which a busy machine makes several of.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def programs() -> Iterator[tuple[str, str]]:
    """A name and a whole program for each block: the imports of the blocks before it on its page stand above it."""
    for page in PAGES:
        imports: list[str] = []
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            source = textwrap.dedent(match[2])
            line = text.count("\n", 0, match.start()) + 1
            name = re.sub(r"\W", "_", f"{page.relative_to(ROOT).with_suffix('')}_{line}")
            yield name, program(source, imports)
            tree = ast.parse(wrapped(source))
            imports += imported(tree)


def imported(tree: ast.AST) -> Iterator[str]:
    """Every imported name by itself, so that two blocks that import the same make one line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in node.names:
                alone = ast.Import([name]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [name], 0)
                yield ast.unparse(alone)


def program(source: str, imports: list[str]) -> str:
    own = set(imported(ast.parse(wrapped(source))))
    above = "".join(f"{line}\n" for line in dict.fromkeys(imports) if line not in own)
    return above + wrapped(source)


def runs_as_it_is(source: str) -> bool:
    try:
        compile(source, "block", "exec")
    except SyntaxError:
        return False
    return True


def wrapped(source: str) -> str:
    """A block that awaits at its top, as a notebook may, in a coroutine function."""
    if runs_as_it_is(source):
        return source
    return "async def main() -> None:\n" + textwrap.indent(source, "    ")


KEPT = """
import aiopbx
from aiopbx import CallEnded, CallEvent, Event, LineEvent, Pbx, StatusChanged
from typing_extensions import assert_type


def on_call(event: CallEvent) -> None: ...
def on_status(event: StatusChanged) -> None: ...
def on_any(event: Event) -> None: ...
def on_line(event: LineEvent) -> None: ...


async def main(pbx: Pbx) -> None:
    line = pbx.line("1000")
    line.subscribe(on_call, kind=CallEvent)
    line.subscribe(on_call, kind=CallEnded)
    line.subscribe(on_any)
    line.subscribe(on_line, kind=(CallEvent, aiopbx.LineChanged))
    pbx.subscribe(on_status, kind=StatusChanged)
    pbx.subscribe(lambda event: print(event.call.state), line=line, kind=CallEvent)
    async with pbx.events(kind=CallEvent) as calls:
        async for event in calls:
            assert_type(event, CallEvent)
    async with pbx.events() as events:
        async for each in events:
            assert_type(each, Event)
    async with aiopbx.connect(url="http://localhost", username="a", password="b", lines=["1000"]) as other:
        assert_type(other, Pbx)
    assert_type(await aiopbx.connect(aiopbx.ConnectionSettings.from_env(), tls="none"), Pbx)
"""
WRONG = {
    "a callback of another kind": "pbx.subscribe(on_status, kind=aiopbx.CallEvent)",
    "a callback of a kind where every event comes": "pbx.line('1000').subscribe(on_status)",
    "a keyword that does not exist": "aiopbx.connect(urll='http://localhost')",
    "a word that a keyword cannot be": "aiopbx.connect(url='http://localhost', tls='sometimes')",
    "a line that is a number": "pbx.line(1000)",
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What mypy and pyright have against each program, by its name. Each checker runs once over all of them."""
    folder = tmp_path_factory.mktemp("programs")
    sources = folder / "sources"
    sources.mkdir()
    # The client is found as the wheel has it: custom_components/pbx must not be on any path.
    (sources / "aiopbx").symlink_to(ROOT / "custom_components/pbx/aiopbx")
    (sources / "notebooks_kit").symlink_to(ROOT / "notebooks_kit")
    for name, source in [*programs(), ("kept", KEPT), *wrong()]:
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return mypy(folder), pyright(folder)


def wrong() -> Iterator[tuple[str, str]]:
    for number, statement in enumerate(WRONG.values()):
        yield (
            f"wrong_{number}",
            (
                "import aiopbx\n\n\ndef on_status(event: aiopbx.StatusChanged) -> None: ...\n\n\n"
                f"def main(pbx: aiopbx.Pbx) -> None:\n    {statement}\n"
            ),
        )


def mypy(folder: Path) -> dict[str, list[str]]:
    (folder / "mypy.ini").write_text(
        "[mypy]\nstrict = true\npython_version = 3.11\nplugins = pydantic.mypy\n"
        "[mypy-ipywidgets.*,traitlets.*,IPython.*,pandas.*]\nignore_missing_imports = true\n"
        # only what the reader wrote is judged here; the package has a check of its own
        "[mypy-aiopbx.*,notebooks_kit.*]\nfollow_imports = silent\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--output", "json", "--cache-dir", "cache"),
            *sorted(path.name for path in folder.glob("*.py")),
        ],
        cwd=folder,
        env={"MYPYPATH": "sources", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    found: dict[str, list[str]] = {}
    for line in ran.stdout.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            if row["severity"] == "error":
                found.setdefault(Path(row["file"]).stem, []).append(f"{row['line']}: {row['message']}")
    return found


def pyright(folder: Path) -> dict[str, list[str]]:
    settings = {
        "include": ["*.py"],
        "extraPaths": ["sources"],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
        # The widgets have no types of their own; and a program on a page need not use all that it makes.
        "reportMissingTypeStubs": False,
        "reportUnknownMemberType": False,
        "reportUnusedImport": False,
        "reportUnusedVariable": False,
        "reportUnusedExpression": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    found: dict[str, list[str]] = {}
    for row in json.loads(ran.stdout)["generalDiagnostics"]:
        if row["severity"] == "error":
            line = row["range"]["start"]["line"] + 1
            found.setdefault(Path(row["file"]).stem, []).append(f"{line}: {row['message']}")
    return found


@pytest.mark.parametrize("name", [name for name, _ in programs()])
def test_a_documented_program_is_typed(checked: tuple[dict[str, list[str]], dict[str, list[str]]], name: str) -> None:
    by_mypy, by_pyright = checked
    assert by_mypy.get(name, []) == []
    assert by_pyright.get(name, []) == []


def test_what_the_types_promise(checked: tuple[dict[str, list[str]], dict[str, list[str]]]) -> None:
    by_mypy, by_pyright = checked
    assert by_mypy.get("kept", []) == []
    assert by_pyright.get("kept", []) == []


@pytest.mark.parametrize("number", range(len(WRONG)), ids=list(WRONG))
def test_what_is_wrong_is_found(checked: tuple[dict[str, list[str]], dict[str, list[str]]], number: int) -> None:
    by_mypy, by_pyright = checked
    assert by_mypy.get(f"wrong_{number}")
    assert by_pyright.get(f"wrong_{number}")


def test_there_are_programs() -> None:
    names = [name for name, _ in programs()]
    assert any(name.startswith("README") for name in names)
    assert len(names) == len(set(names)) >= 7
