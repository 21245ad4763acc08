"""Just the one folder that HACS copies, in an empty configuration, on the real Home Assistant in its own process."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).resolve().parents[2]


def entry() -> dict[str, object]:
    """Return the demo's config entry as Home Assistant stores it."""
    return {
        "created_at": "2026-01-01T00:00:00+00:00",
        "data": {"kind": "demo"},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "pbx",
        "entry_id": "01DEM0DEM0DEM0DEM0DEM0DEM0",
        "minor_version": 1,
        "modified_at": "2026-01-01T00:00:00+00:00",
        "options": {"all_lines": True},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": "Demo PBX",
        "unique_id": "demo",
        "version": 1,
    }


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Make an empty configuration folder with the integration's folder in it, and nothing else of ours."""
    folder = tmp_path / "config"
    shutil.copytree(
        ROOT / "custom_components" / "pbx",
        folder / "custom_components" / "pbx",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    storage = folder / ".storage"
    storage.mkdir()
    stable = {
        "server_host": ["127.0.0.1"], "server_port": port, "cors_allowed_origins": [], "login_attempts_threshold": -1,
        "ip_ban_enabled": True, "ssl_profile": "modern", "use_x_frame_options": True, "error": None,
        "created_at": "2026-01-01T00:00:00+00:00", "error_message": None,
    }  # fmt: skip
    for key, version, minor, data in (
        ("http", 2, 2, {"stable": stable, "pending": None, "yaml_migration_done": True}),
        ("core.config_entries", 1, 5, {"entries": [entry()]}),
    ):
        content = {"version": version, "minor_version": minor, "key": key, "data": data}
        (storage / key).write_text(json.dumps(content), encoding="utf-8")
    (folder / "configuration.yaml").write_text(
        "api:\nlogger:\n  default: warning\n  logs:\n    custom_components.pbx: info\n"
        "    homeassistant.components.sensor: info\n",
        encoding="utf-8",
    )
    return folder


@contextlib.contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COVERAGE_FILE")}
    with (config / "output.txt").open("wb") as output:
        process = processes.start(
            [
                str(Path(sys.executable).with_name("hass")), "--config", str(config), "--log-no-color",
                "--skip-pip-packages", "pymicro-vad,pyspeex-noise",
            ],
            cwd=config, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.mark.timeout(180)
def test_the_folder_alone_is_enough(config: Path) -> None:
    registry = config / ".storage" / "core.entity_registry"

    def output() -> str:
        return (config / "output.txt").read_text(encoding="utf-8", errors="replace")

    def lines() -> int:
        if not registry.exists():
            return 0
        entities = json.loads(registry.read_text(encoding="utf-8"))["data"]["entities"]
        return sum(item["unique_id"].endswith("_call_state") for item in entities)

    with running(config) as process:
        deadline = time.monotonic() + 120
        while lines() < 20 and time.monotonic() < deadline:
            assert process.poll() is None, output()
            time.sleep(0.2)
        assert lines() == 20, output()
    text = output()
    assert process.returncode == 0, text
    assert "is online" in text
    assert "Detected blocking call" not in text, text
    problems = [
        line
        for line in text.splitlines()
        if re.search(r" (ERROR|WARNING) ", line) and "pbx" in line and "has not been tested" not in line
    ]
    assert not problems
    assert str(ROOT / "custom_components") not in text
