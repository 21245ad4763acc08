"""What importing the kit costs."""

import json
import subprocess
import sys

import pytest

import notebooks_kit

HEAVY = ("aiopbx.simulator", "aiopbx.cli", "yaml", "cryptography", "typer", "rich", "pandas")
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


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'notebooks_kit' has no attribute 'nothing'"):
        notebooks_kit.nothing  # noqa: B018 - reading it is the test
