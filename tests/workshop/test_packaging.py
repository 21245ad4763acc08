"""What users get: the wheel, the editable install, the folder that HACS copies; and what must never be committed."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import aiopbx

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files_of_the_project() -> list[Path]:
    """Every file that is, or would be, committed."""
    skipped = {
        ".git", ".tools", ".demo", "__pycache__", "build", "dist", "htmlcov",
        ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints",
    }  # fmt: skip
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in skipped and not name.startswith(".venv")]
        found += [Path(folder, name) for name in names]
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        text=True,
    )
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_the_client_at_the_top(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "aiopbx/__init__.py" in names
    assert "aiopbx/py.typed" in names


def test_the_wheel_has_the_notebooks(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "notebooks_kit/__init__.py" in names
    assert "notebooks_kit/py.typed" in names
    assert any(name.startswith("notebooks_kit/notebooks/") and name.endswith(".ipynb") for name in names)


def test_the_wheel_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    version = PROJECT["project"]["version"]
    assert tops == {"aiopbx", "aiopbx_jupyter", "notebooks_kit", f"aiopbx-{version}.dist-info"}
    assert not [name for name in wheel.namelist() if "/tests/" in name or "__pycache__" in name]


def test_the_wheel_has_every_file_of_the_client(wheel: zipfile.ZipFile) -> None:
    folder = ROOT / "custom_components/pbx"
    expected = {
        path.relative_to(folder).as_posix()
        for path in files_of_the_project()
        if path.is_relative_to(folder / "aiopbx") and path.suffix != ".pyc"
    }
    assert expected == {name for name in wheel.namelist() if name.startswith("aiopbx/")}


def test_the_wheel_carries_licence_and_command(wheel: zipfile.ZipFile) -> None:
    info = f"aiopbx-{PROJECT['project']['version']}.dist-info"
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert "aiopbx = aiopbx.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()


def test_the_wheel_works_on_its_own(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Unpacked anywhere, without this checkout on the path."""
    wheel.extractall(tmp_path / "unpacked")
    script = "import aiopbx, aiopbx_jupyter, sys; print(aiopbx.__file__); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "unpacked")},
    )
    where, modules = result.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert "homeassistant" not in modules.split()


def test_the_readme_works_on_the_page_of_a_package() -> None:
    """There, what is relative leads nowhere; what leads to this project has to be here."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 15
    assert not [link for link in links if not link.startswith(("https://", "#"))]
    for begin in (
        "https://github.com/aiopbx/aiopbx/blob/main/",
        "https://raw.githubusercontent.com/aiopbx/aiopbx/main/",
    ):
        own = [link.removeprefix(begin).partition("#")[0] for link in links if link.startswith(begin)]
        assert own
        assert not [path for path in own if not (ROOT / path).exists()]
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures
    assert all(link.startswith("https://raw.githubusercontent.com/") for link in pictures)


def test_the_wheel_has_the_notebooks_and_what_the_pages_load(wheel: zipfile.ZipFile) -> None:
    kit = ROOT / "notebooks_kit"
    wanted = {
        path.relative_to(ROOT).as_posix() for ending in ("ipynb", "js", "py") for path in kit.rglob(f"*.{ending}")
    }
    assert {name for name in wanted if ".ipynb_checkpoints" not in name} <= set(wheel.namelist())
    assert "aiopbx_jupyter/__init__.py" in wheel.namelist()


def test_the_editable_install_hides_nothing(tmp_path: Path) -> None:
    """The integration's select.py must not stand before the standard library's."""
    script = (
        "import aiopbx, select, sys; print(aiopbx.__file__);"
        "print(select.__name__, hasattr(select, 'select')); print(*sys.path, sep='\\n')"
    )
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path)
    where, standard, *path = result.stdout.splitlines()
    assert Path(where).parent == ROOT / "custom_components/pbx/aiopbx"
    assert standard == "select True"
    assert str(ROOT / "custom_components/pbx") not in path


def test_lower_bounds_only() -> None:
    """Pins clash with Home Assistant's own; exact versions are in requirements/."""
    project = PROJECT["project"]
    extras = [item for extra in project["optional-dependencies"].values() for item in extra]
    own = [item for item in extras if item.startswith("aiopbx[")]
    extras = [item for item in extras if item not in own]
    assert {name for item in own for name in item[7:-1].split(",")} <= set(project["optional-dependencies"])
    assert not [item for item in [*project["dependencies"], *extras] if not re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", item)]


def test_manifest_and_project_agree() -> None:
    manifest = json.loads((ROOT / "custom_components/pbx/manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == PROJECT["project"]["version"] == aiopbx.__version__
    dependencies = set(PROJECT["project"]["dependencies"])
    assert not [item for item in manifest["requirements"] if not re.fullmatch(r"[A-Za-z0-9-]+>=[0-9.]+", item)]
    # FFmpeg, to play voicemails: Home Assistant has it, and the client has no use for it.
    assert {item.lower() for item in manifest["requirements"]} - dependencies == {"av>=15"}


def test_hacs_knows_every_key() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    known = {
        "name", "content_in_root", "country", "filename", "hacs", "hide_default_branch", "homeassistant",
        "persistent_directory", "render_readme", "zip_release",
    }  # fmt: skip
    assert "name" in hacs
    assert set(hacs) <= known


@pytest.mark.parametrize("name", ["lib", "ha", "ha-latest"])
def test_requirements_are_exact_and_name_no_host(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    assert not [line for line in lines if not re.match(r"[a-z0-9._-]+==[^ ;]+( ; .+)?$", line)]
    assert not re.search(r"://|(^|\s)/|--", text)


@pytest.mark.parametrize("name", ["lib", "ha", "ha-latest"])
def test_requirements_are_compiled_from_what_is_asked(name: str) -> None:
    asked = (ROOT / f"requirements/{name}.in").read_text(encoding="utf-8")
    compiled = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", compiled, re.MULTILINE))
    wanted = {
        re.match(r"[A-Za-z0-9._-]+", line).group().lower()  # type: ignore[union-attr]
        for line in asked.splitlines()
        if line and not line.startswith("#")
    }
    assert wanted <= pinned


def test_home_assistant_environment_never_has_the_project() -> None:
    for name in ("ha", "ha-latest"):
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        assert not re.search(r"^(-e|aiopbx)", text, re.MULTILINE)


def test_there_is_no_lock_file_of_uv() -> None:
    """It writes package hosts down."""
    assert not [path for path in files_of_the_project() if path.name == "uv.lock"]


def test_no_init_in_tests() -> None:
    """With --import-mode=importlib a test module is its path."""
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("name", ["setup", "test", "lint", "audit", "compile-requirements"])
def test_scripts_can_be_run(name: str) -> None:
    script = ROOT / "scripts" / name
    assert os.access(script, os.X_OK)
    result = subprocess.run([script, "--help"], check=True, capture_output=True, text=True)
    assert f"scripts/{name}" in result.stdout


def test_every_script_is_sound_bash() -> None:
    scripts = [*(ROOT / "scripts").iterdir(), ROOT / ".ci/run"]
    for script in scripts:
        if script.is_file() and b"bash" in script.read_bytes().split(b"\n", 1)[0]:
            subprocess.run(["bash", "-n", script], check=True)


def test_continuous_integration_calls_the_tests() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "scripts/test" in (ROOT / ".ci/run").read_text(encoding="utf-8")
