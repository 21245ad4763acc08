"""The pages of all operations are what the code says."""

import importlib.util
import re
import typing
from pathlib import Path
from types import ModuleType

import pytest

import aiopbx
from aiopbx.istra.services import SOCKETS, IstraServices
from aiopbx.o2g.services import O2gServices
from aiopbx.operations import Operation

ROOT = Path(__file__).parents[2]


def load(script: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(script, ROOT / f"scripts/{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "scripts"))
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["make_o2g_doc", "make_istra_doc"])
def maker(request: pytest.FixtureRequest) -> ModuleType:
    return load(request.param)


def test_the_page_is_current(maker: ModuleType) -> None:
    assert maker.PAGE.read_text(encoding="utf-8") == maker.render(), f"run scripts/{maker.__name__}.py"


def test_the_page_of_additions_is_current_and_has_every_one() -> None:
    maker = load("make_o2g_doc")
    page = maker.render_additions()
    assert maker.ADDITIONS.read_text(encoding="utf-8") == page, "run scripts/make_o2g_doc.py"
    assert page.count("| `client.") == 79


def test_every_addition_is_named_as_in_the_model_or_says_why_not() -> None:
    maker = load("make_o2g_doc")
    names, none = maker.NAMES, maker.NONE
    declared = {(one.method, one.path): one.python.removeprefix("pbx.o2g.") for one in maker.OPERATIONS.values()}
    assert {declared[row.method, row.declared] for row in maker.additions.operations()} == {*names, *none}
    assert not names.keys() & none.keys()
    for name in {*names.values(), *re.findall(r"`([\w.]+)", " ".join(none.values()))}:
        kind, *path = name.split(".")
        place = aiopbx.Pbx if kind == "pbx" else getattr(aiopbx, kind)
        for step in path[:-1]:
            place = typing.get_type_hints(getattr(place, step).fget, vars(aiopbx))["return"]
        assert callable(getattr(place, path[-1])), name


O2G = tuple(O2gServices.declared())
ISTRA = (*IstraServices.declared(), *SOCKETS.values())


@pytest.mark.parametrize(("script", "operations", "count"), [("make_o2g_doc", O2G, 221), ("make_istra_doc", ISTRA, 38)])
def test_the_page_has_every_operation(script: str, operations: tuple[Operation, ...], count: int) -> None:
    page = load(script).render()
    assert len(operations) == count
    for operation in operations:
        if operation.service != "client":
            assert f"`{operation}` — {operation.summary.replace('``', '`')[:30]}" in page
            assert f".{operation.name}(" in page


def test_the_page_of_istra_lists_every_operation() -> None:
    maker = load("make_istra_doc")
    page = maker.render()
    for operation in ISTRA:
        assert f"| `{operation}` | `{maker.place(operation)}` |" in page
        if operation.service != "client":
            assert f"### `{maker.place(operation)}(" in page


def test_a_page_that_is_not_current_is_told(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = f"{maker.__name__}.py"
    monkeypatch.setattr(maker, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(maker, "ADDITIONS", tmp_path / "additions.md", raising=False)
    monkeypatch.setattr("sys.argv", [script, "--check"])
    assert maker.main() == 1
    assert script in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [script])
    assert maker.main() == 0
    monkeypatch.setattr("sys.argv", [script, "--check"])
    assert maker.main() == 0
