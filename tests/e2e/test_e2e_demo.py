"""How the demo is ended, whoever started it."""

import signal
import subprocess
import sys

import pytest

from tests import processes

from .conftest import ROOT

CTRL_C, CLOSED = signal.SIGINT, signal.SIGHUP


@pytest.mark.parametrize(
    ("ignored", "ends", "words"),
    [
        ([], "SIGINT SIGTERM SIGHUP", "Ctrl-C"),
        ([CTRL_C], "SIGTERM SIGHUP", "kill"),
        ([CTRL_C, CLOSED], "SIGTERM", "kill"),
    ],
    ids=["in a terminal", "in the background", "with nohup"],
)
def test_what_ends_the_demo(ignored: list[signal.Signals], ends: str, words: str) -> None:
    code = "import run; print(*(number.name for number in run.endings())); print(run.how_to_end())"
    process = processes.start(
        [sys.executable, "-c", code], ignoring=ignored, cwd=ROOT / "demo", stdout=subprocess.PIPE, text=True
    )
    said, _ = process.communicate(timeout=60)
    assert said.splitlines() == [ends, "Ctrl-C" if words == "Ctrl-C" else f"kill {process.pid}"]
