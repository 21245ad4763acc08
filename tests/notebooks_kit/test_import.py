"""What importing the kit costs."""

import importlib
import json
import subprocess
import sys

import pytest

import notebooks_kit

HEAVY = ("aiopbx.simulator", "pydantic", "aiopbx.cli", "yaml", "cryptography", "typer", "rich", "pandas")
SCRIPT = """
import json, sys
def heavy(): return sorted(set(sys.modules) & set(json.loads(sys.argv[1])))
import aiopbx
client = heavy()
import notebooks_kit
kit = heavy()
from notebooks_kit import *
Demo
print(json.dumps([client, kit, heavy()]))
"""


def test_the_simulator_is_imported_with_the_demo_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(HEAVY)], capture_output=True, text=True, check=True, timeout=110
    )
    client, kit, everything = json.loads(done.stdout)
    assert kit == client, "the kit imports something heavy that the client does not"
    assert "aiopbx.simulator" not in kit
    assert "aiopbx.simulator" in everything, "Demo is a public name"


def test_a_name_brings_no_more_than_it_needs() -> None:
    script = """
import sys
import notebooks_kit
assert not [name for name in sys.modules if name.startswith(("ipywidgets", "aiopbx"))], "the kit alone"
from notebooks_kit import LineBoard, connect
kit = {name.removeprefix("notebooks_kit.views.") for name in sys.modules if name.startswith("notebooks_kit.views.")}
assert {"board", "table", "view"} <= kit, kit
assert not {"console", "explorer", "voicemail", "calls", "ladder"} & kit, kit
assert "pydantic" not in sys.modules, "settings come with the first connection"
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=110)


@pytest.mark.parametrize("package", ["notebooks_kit", "notebooks_kit.views", "notebooks_kit.models", "aiopbx_jupyter"])
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if getattr(module, name).__name__ != name] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'notebooks_kit' has no attribute 'nothing'"):
        notebooks_kit.nothing  # noqa: B018 - reading it is the test
