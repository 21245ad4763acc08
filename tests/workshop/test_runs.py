"""How scripts/test runs the suite: what is beside what, in which order it is reported, and how it is ended."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).resolve().parents[2]
RUNS = ("client", "oldest", "integration", "browser")
FOLDERS = ("workshop", "contract", "aiopbx", "chaos", "fuzz", "proxies", "notebooks_kit", "integration", "e2e")
PYTHON = """#!/usr/bin/env bash
case "$*" in
*coverage*) exit 0 ;;
*tests/e2e*) name=browser ;;
*tests/integration*) name=integration ;;
*"not repeats"*) name=client ;;
*test_chaos.py*) name=oldest ;;
*) name=client ;;
esac
exists() { while [ ! -e "$1" ]; do sleep 0.02; done; }
. "./$name"
"""
"""Instead of an interpreter: what this run does is in the file that is called as it is."""


class Checkout:
    """A folder with the real scripts, and runs that do what a test writes down."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "scripts").mkdir()
        for name in ("test", "lib.sh"):
            shutil.copy(ROOT / "scripts" / name, root / "scripts")
        self.executable("scripts/setup", "#!/usr/bin/env bash\nexit 0\n")
        self.executable(".venv-lib/bin/python", PYTHON)
        self.executable(".venv-lib-newest/bin/python", PYTHON)
        self.executable(".venv-ha/bin/python", PYTHON)
        (root / ".tools").mkdir()
        (root / ".tools/chromium-path").write_text("/nowhere")
        for folder in FOLDERS:
            (root / "tests" / folder).mkdir(parents=True)
            (root / "tests" / folder / "test_imports.py").touch()
        shutil.copy(ROOT / "tests/conftest.py", root / "tests")
        for name in RUNS:
            self.does(name, f"echo {name} passed")

    def executable(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def does(self, name: str, code: str) -> None:
        (self.root / name).write_text(code)

    def start(self) -> "subprocess.Popen[str]":
        return processes.start(
            ["bash", "scripts/test"],
            cwd=self.root,
            env=os.environ | {"NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self) -> tuple[int, str]:
        process = self.start()
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_browser_runs_beside_the_others_and_is_reported_after_them(checkout: Checkout) -> None:
    checkout.does("browser", "touch began; exists over; echo browser passed")
    checkout.does("integration", "exists began; echo integration passed; touch over")
    code, output = checkout.run()
    assert code == 0, output
    places = [output.index(f"{name} passed") for name in RUNS]
    assert places == sorted(places)
    assert output.splitlines()[-1] == "==> passed: client oldest integration browser"


def test_every_folder_of_tests_has_its_run(checkout: Checkout) -> None:
    """A folder that no run is given, or that a script takes for an empty one, would be missed by nobody."""
    for folder in FOLDERS:
        for number in range(500):
            (checkout.root / "tests" / folder / f"test_{'x' * 100}_{number}.py").touch()
    for name in RUNS:
        checkout.does(name, f'echo "{name} passed"; for word in "$@"; do echo "given: $word"; done')
    code, output = checkout.run()
    assert code == 0, output
    given = {line.removeprefix("given: ") for line in output.splitlines() if line.startswith("given: tests/")}
    there = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))}
    assert {path for path in given if "." not in path} == there - {"tests/latest"}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_of_everything_that_runs_no_test_fails(checkout: Checkout, name: str) -> None:
    checkout.does(name, "exit 5")
    code, output = checkout.run()
    assert code == 1
    assert output.splitlines()[-1] == f"error: failed: {name}"


@pytest.mark.parametrize("name", RUNS)
def test_a_run_that_fails_does_not_hide_the_others(checkout: Checkout, name: str) -> None:
    checkout.does(name, f"echo {name} broke; exit 1")
    code, output = checkout.run()
    assert code == 1
    assert [each for each in RUNS if f"{each} passed" in output] == [each for each in RUNS if each != name]
    assert f"{name} broke" in output
    assert output.splitlines()[-1] == f"error: failed: {name}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_it_ends_every_run_in_order(checkout: Checkout, number: signal.Signals) -> None:
    """Each gets the Ctrl-C of a terminal, tidies up and is waited for; nothing is begun afterwards."""
    for name in ("client", "browser"):
        checkout.does(name, f"trap 'echo {name} tidied up; kill %1; exit 2' INT; touch began-{name}; sleep 30 & wait")
    process = checkout.start()
    deadline = time.monotonic() + 30
    while not all((checkout.root / f"began-{name}").exists() for name in ("client", "browser")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "client tidied up" in output
    assert "browser tidied up" in output
    assert "integration passed" not in output
    assert output.splitlines()[-1] == "error: interrupted"
