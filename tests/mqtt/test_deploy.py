"""The files of deploy/: they can be read, agree with each other, and the settings in them are those of the bridge."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiopbx import InvalidInput
from aiopbx.bridge import BridgeSettings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def with_secrets(text: str, folder: Path) -> Path:
    """A bridge.yaml, with the secrets it names beside it."""
    (folder / "secrets").mkdir()
    (folder / "secrets" / "o2g-password").write_text("of a test\n")
    path = folder / "bridge.yaml"
    path.write_text(text)
    return path


def manifests() -> dict[str, Any]:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / "bridge.yaml").read_text())
    return {one["kind"]: one for one in documents}


def test_the_settings_are_those_of_the_bridge(tmp_path: Path) -> None:
    settings = BridgeSettings.from_file(with_secrets((DEPLOY / "bridge.yaml").read_text(), tmp_path), shard="1/2")
    assert settings.part == (1, 2)
    assert settings.systems["office"].password.get_secret_value() == "of a test"
    assert "of a test" not in repr(settings)


def test_kubernetes(tmp_path: Path) -> None:
    kinds = manifests()
    assert set(kinds) == {"ConfigMap", "Service", "StatefulSet", "NetworkPolicy"}
    BridgeSettings.from_file(with_secrets(kinds["ConfigMap"]["data"]["bridge.yaml"], tmp_path))
    spec = kinds["StatefulSet"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert str(spec["replicas"]) == environment["SHARDS"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert {"readinessProbe", "livenessProbe", "startupProbe"} <= set(container)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {one["name"] for one in container["volumeMounts"]} == {
        one["name"] for one in spec["template"]["spec"]["volumes"]
    }


def test_compose() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    shards = [one["environment"]["AIOPBX_SHARD"] for name, one in services.items() if name.startswith("worker")]
    assert shards == [f"{index}/{len(shards)}" for index in range(len(shards))]
    for one in services.values():
        for volume in one["volumes"]:
            source = volume.partition(":")[0]
            assert "secrets" in source or not source.startswith(".") or (DEPLOY / source).exists(), source


def test_the_unit_is_shut_in(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze here")
    unit = tmp_path / "aiopbx-bridge@0-of-1.service"
    unit.write_text((DEPLOY / "systemd" / "aiopbx-bridge@.service").read_text())
    command = [program, "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    score = re.search(r"Overall exposure level for .*: ([0-9.]+)", said.stdout)
    assert score is not None, said.stderr
    assert float(score[1]) <= 3.0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"shard": "2/2"}, "shard"),
        ({"prefix": "a/#"}, "prefix"),
        ({"broker": {"url": "http://x"}}, "broker.url"),
        ({"broker": {"url": "mqtt://x", "ca_file": "y"}}, "broker.client_certificate"),
        ({"systems": {"a/b": {"url": "https://x.example.com"}}}, "systems"),
        ({"systems": {"a": {"url": "https://x.example.com"}}}, "systems.a.username"),
        ({"shards": "0/1"}, "shards"),
    ],
)
def test_a_mistake_names_the_field(changes: dict[str, Any], field: str) -> None:
    system = {"url": "https://pbx.example.com", "username": "admin", "password": "secret"}
    values = {"broker": {"url": "mqtt://broker.example.com"}, "systems": {"office": system}, **changes}
    with pytest.raises(InvalidInput) as raised:
        BridgeSettings(**values)
    assert raised.value.field == field
    assert raised.value.remedy
