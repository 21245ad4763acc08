"""What scripts/lab does with the notebooks, and that it proves itself."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from notebooks_kit import lab as lab_module

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/run_lab.py"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The kit's part, with two stored notebooks of our own."""
    stored = tmp_path / "stored"
    stored.mkdir()
    for name in ("a", "b"):
        (stored / f"{name}.ipynb").write_text(f"{name} 1")
    monkeypatch.setattr(lab_module, "STORED", stored)
    return lab_module


def texts(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in folder.glob("*.ipynb")}


def test_copies_follow_what_is_stored_until_somebody_works_on_them(lab: ModuleType, tmp_path: Path) -> None:
    folder = lab.Folder(tmp_path / "mine")
    folder.prepare()
    assert folder.path.stat().st_mode & 0o077 == 0, "others may read it"
    assert folder.copy(fresh=False) == []
    assert texts(folder.notebooks) == {"a": "a 1", "b": "b 1"}
    (folder.notebooks / "a.ipynb").write_text("my work")
    for name in ("a", "b", "c"):
        (lab.STORED / f"{name}.ipynb").write_text(f"{name} 2")
    assert folder.copy(fresh=False) == ["a.ipynb"]
    assert texts(folder.notebooks) == {"a": "my work", "b": "b 2", "c": "c 2"}
    assert folder.copy(fresh=True) == []
    found = texts(folder.notebooks)
    assert found.pop("a") == "a 2"
    assert (found.pop("b"), found.pop("c")) == ("b 2", "c 2")
    assert list(found.values()) == ["my work"], "what somebody had done is gone"
    assert texts(lab.STORED) == {"a": "a 2", "b": "b 2", "c": "c 2"}


def test_a_lab_that_does_not_start_says_why(lab: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lab.Folder(tmp_path / "mine")
    folder.prepare()
    monkeypatch.setattr(lab.sys, "executable", "/bin/false")
    with pytest.raises(lab.Failed, match=r"does not start\. The end of .*jupyter\.log"):
        lab.start(folder, lab.free_port(), browser=False)


@pytest.mark.slow
def test_it_proves_itself() -> None:
    result = subprocess.run(
        [sys.executable, SCRIPT, "--check"], check=False, capture_output=True, text=True, timeout=110
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "whoever has no token is sent away" in result.stdout
    assert "first-call.ipynb runs from top to bottom" in result.stdout
    assert "All of it held." in result.stdout
