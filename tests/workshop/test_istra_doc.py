"""The page of all operations of Istra is what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from aiopbx.istra.operations import OPERATIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_istra_doc", ROOT / "scripts/make_istra_doc.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        spec.loader.exec_module(module)
    return module


def test_the_page_is_current(maker: ModuleType) -> None:
    assert (ROOT / "docs/istra.md").read_text(encoding="utf-8") == maker.render(), "run scripts/make_istra_doc.py"


def test_the_page_has_every_operation(maker: ModuleType) -> None:
    page = maker.render()
    assert len(OPERATIONS) == 38
    for operation in OPERATIONS.values():
        assert f"| `{operation}` | `{maker.place(operation)}` |" in page
        if operation.service != "client":
            assert f"`{operation}` — {operation.summary.replace('``', '`')[:30]}" in page
            assert f"### `{maker.place(operation)}(" in page


def test_a_page_that_is_not_current_is_told(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(maker, "PAGE", tmp_path / "istra.md")
    monkeypatch.setattr("sys.argv", ["make_istra_doc.py", "--check"])
    assert maker.main() == 1
    assert "make_istra_doc.py" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["make_istra_doc.py"])
    assert maker.main() == 0
    monkeypatch.setattr("sys.argv", ["make_istra_doc.py", "--check"])
    assert maker.main() == 0
