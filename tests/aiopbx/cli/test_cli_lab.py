"""``aiopbx lab``: what it starts, and what it says where something is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aiopbx.cli import lab as lab_command
from aiopbx.cli.app import run
from notebooks_kit import lab

from .conftest import logging_kept


@pytest.fixture(autouse=True)
def keep_logging() -> Iterator[None]:
    """Let the tests that follow have their logging."""
    with logging_kept():
        yield


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What would be started, without JupyterLab."""
    calls: list[Any] = []

    def serve(folder: lab.Folder, options: Any, name: str) -> int:
        calls.append((folder.path, options, name))
        return 7

    def run_module(name: str, run_name: str) -> None:
        assert (name, run_name) == ("notebooks_kit.lab", "__main__")
        raise SystemExit(lab.main())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "run", serve)
    monkeypatch.setattr(lab_command, "runpy", SimpleNamespace(run_module=run_module))
    return calls


def test_it_starts_the_toolkits_own_program(started: list[Any], tmp_path: Path) -> None:
    assert run(["lab"]) == 7
    assert run(["lab", "--no-browser", "--fresh", "--port", "9000", "--folder", str(tmp_path / "mine")]) == 7
    (usual, plain, name), (mine, options, _) = started
    assert (usual, plain.port, plain.no_browser, plain.fresh) == (tmp_path / "aiopbx-lab", 8888, False, False)
    assert (mine, options.port, options.no_browser, options.fresh) == (tmp_path / "mine", 9000, True, True)
    assert name == "aiopbx lab"


@pytest.mark.parametrize(
    ("absent", "words"),
    [("jupyterlab", "the notebooks need jupyterlab"), ("notebooks_kit", "are not here, only the client")],
)
def test_what_is_missing_is_named_with_its_remedy(
    started: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], absent: str, words: str
) -> None:
    monkeypatch.setattr(lab_command, "find_spec", lambda name: None if name == absent else object())
    assert run(["lab"]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert "pip install 'aiopbx[lab]'" in said
    assert not started


def test_a_lab_that_cannot_start_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert lab.main(["--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("aiopbx: JupyterLab is not installed here.")
