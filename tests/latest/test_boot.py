"""The newest Home Assistant boots with the integration's folder alone, and sets up an entry of every kind.

Not among the everyday tests, because the test kit is for an older Home Assistant: ``scripts/test --latest``. Home
Assistant is a process of its own here and is spoken to as a browser would.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import processes

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components/pbx"
BOOT_SECONDS = 90

CONFIGURATION = """
homeassistant:
  auth_providers:
    - type: trusted_networks
      trusted_networks: ["127.0.0.1/32"]
      allow_bypass_login: true
frontend:
config:
diagnostics:
system_health:
"""


def seed(config: Path, key: str, version: int, minor: int, data: dict[str, Any]) -> None:
    storage = config / ".storage"
    storage.mkdir(exist_ok=True)
    document = {"version": version, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(document), encoding="utf-8")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Ports(NamedTuple):
    """Where the simulated PBX listens."""

    o2g: int
    istra: int


FLOW = "/api/config/config_entries/flow"
SIMULATOR = """
import asyncio, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1] + "/../..")
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings


async def main():
    folder, port, istra = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    settings = SimulatorSettings(tls=True, certificate_folder=folder, port=port, istra=True, istra_port=istra)
    async with Simulator(settings):
        print("ready", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
"""


@dataclass
class HomeAssistant:
    """A running Home Assistant, its log and a token for it."""

    base: str
    process: subprocess.Popen[bytes]
    log: Path
    token: str = ""

    def request(self, method: str, path: str, body: object = None, *, form: bool = False) -> Any:
        data = None
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        if body is not None:
            data = (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()  # type: ignore[call-overload]
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"Home Assistant ended with {self.process.returncode}:\n{self.tail()}")
            try:
                self.log_in()
                if self.request("GET", "/api/config")["state"] == "RUNNING":
                    return
            except (OSError, KeyError):
                pass
            time.sleep(0.5)
        pytest.fail(f"Home Assistant was not up after {BOOT_SECONDS} s:\n{self.tail()}")

    def log_in(self) -> None:
        if self.token:
            return
        client = f"{self.base}/"
        flow = {"client_id": client, "handler": ["trusted_networks", None], "redirect_uri": client}
        code = self.request("POST", "/auth/login_flow", flow)["result"]
        grant = {"client_id": client, "grant_type": "authorization_code", "code": code}
        self.token = self.request("POST", "/auth/token", grant, form=True)["access_token"]

    def tail(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-60:])


@pytest.fixture(scope="module")
def hass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeAssistant]:
    config = tmp_path_factory.mktemp("config")
    shutil.copytree(INTEGRATION, config / "custom_components/pbx", ignore=shutil.ignore_patterns("__pycache__"))
    (config / "configuration.yaml").write_text(CONFIGURATION, encoding="utf-8")
    port = free_port()
    seed(config, "onboarding", 4, 1, {"done": ["user", "core_config", "integration", "analytics"]})
    groups = {"system-admin": "Administrators", "system-users": "Users", "system-read-only": "Read Only"}
    seed(
        config,
        "auth",
        1,
        1,
        {
            "users": [
                {
                    "id": "0123456789abcdef" * 2,
                    "group_ids": ["system-admin"],
                    "is_owner": True,
                    "is_active": True,
                    "name": "Demo",
                    "system_generated": False,
                    "local_only": True,
                }
            ],
            "groups": [{"id": key, "name": name} for key, name in groups.items()],
            "credentials": [],
            "refresh_tokens": [],
        },
    )
    seed(
        config,
        "http",
        2,
        2,
        {
            "stable": {
                "server_host": ["127.0.0.1"],
                "server_port": port,
                "cors_allowed_origins": [],
                "login_attempts_threshold": -1,
                "ip_ban_enabled": True,
                "ssl_profile": "modern",
                "use_x_frame_options": True,
                "created_at": datetime.now(UTC).isoformat(),
                "error": None,
                "error_message": None,
            },
            "pending": None,
            "yaml_migration_done": True,
        },
    )
    log = config / "output.log"
    command = [sys.executable, "-m", "homeassistant", "--config", str(config), "--verbose"]
    command += ["--skip-pip-packages", "pymicro-vad,pyspeex-noise"]
    with log.open("wb") as output:
        process = processes.start(command, stdout=output, stderr=subprocess.STDOUT, cwd=config)
    running = HomeAssistant(f"http://127.0.0.1:{port}", process, log)
    try:
        running.wait_until_up()
        yield running
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_it_is_the_newest(hass: HomeAssistant) -> None:
    pinned = (ROOT / "requirements/ha-latest.txt").read_text(encoding="utf-8")
    assert f"homeassistant=={hass.request('GET', '/api/config')['version']}\n" in pinned


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """A simulated PBX with Istra, in a process of its own; it is spoken to over TLS, with a certificate of its own."""
    folder = tmp_path_factory.mktemp("simulator")
    ports = Ports(free_port(), free_port())
    log = folder / "output.log"
    command = [sys.executable, "-c", SIMULATOR, str(ROOT / "custom_components/pbx"), str(folder), *map(str, ports)]
    with log.open("wb") as output:
        process = processes.start(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        deadline = time.monotonic() + BOOT_SECONDS
        while "ready" not in (text := log.read_text(encoding="utf-8", errors="replace")):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
        yield ports
    finally:
        process.terminate()
        process.wait(30)


ADMINISTRATOR = {"username": "admin", "password": "admin"}
USER = {"username": "oxe1000", "password": "secret"}
# The system, the kind of account, the account, and whether lines are chosen.
KINDS: dict[str, tuple[str, dict[str, str], bool]] = {
    "o2g_user": ("o2g", USER, False),
    "o2g_administrator": ("o2g", ADMINISTRATOR, True),
    "myrcc": ("istra", ADMINISTRATOR | {"enterprise": "example"}, True),
    "mycrm": ("istra", USER, True),
    "myistra": ("istra", USER, False),
}


def entry_of(hass: HomeAssistant, entry_id: str) -> dict[str, Any]:
    """Wait until an entry is set up, and return it."""
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        entries = hass.request("GET", "/api/config/config_entries/entry?domain=pbx")
        [entry] = [one for one in entries if one["entry_id"] == entry_id]
        if entry["state"] == "loaded":
            found: dict[str, Any] = entry
            return found
        assert time.monotonic() < deadline, f"{entry}\n{hass.tail()}"
        time.sleep(0.2)


def test_the_demo_is_set_up(hass: HomeAssistant) -> None:
    flow = hass.request("POST", FLOW, {"handler": "pbx"})
    assert flow["type"] == "menu", flow
    assert flow["menu_options"] == ["o2g", "istra", "demo"]
    result = hass.request("POST", f"{FLOW}/{flow['flow_id']}", {"next_step_id": "demo"})
    assert result["type"] == "create_entry", result
    entry_of(hass, result["result"]["entry_id"])
    names = {state["entity_id"] for state in hass.request("GET", "/api/states")}
    assert "sensor.ada_brooks_call_state" in names


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_is_set_up(hass: HomeAssistant, simulator: Ports, kind: str) -> None:
    """Through the flow as a browser sends it: the menus, the sections, the certificate, the lines."""
    system, account, chooses = KINDS[kind]
    flow = hass.request("POST", FLOW, {"handler": "pbx"})
    step = f"{FLOW}/{flow['flow_id']}"
    hass.request("POST", step, {"next_step_id": system})
    form = hass.request("POST", step, {"next_step_id": kind})
    assert form["step_id"] == kind, form
    assert {"url", "username", "password", "security"} <= {field["name"] for field in form["data_schema"]}
    port = simulator.istra if system == "istra" else simulator.o2g
    typed: dict[str, Any] = {"url": f"https://127.0.0.1:{port}", **account, "security": {"tls": "verify"}}
    if system == "o2g":
        typed["network"] = {}
    shown = hass.request("POST", step, typed)
    assert shown["step_id"] == "certificate", shown
    assert len(shown["description_placeholders"]["fingerprint"]) == 95
    result = hass.request("POST", step, {"next_step_id": "accept_certificate"})
    if chooses:
        assert result["step_id"] == "lines", result
        result = hass.request("POST", step, {"all_lines": True})
    assert result["type"] == "create_entry", result
    entry = entry_of(hass, result["result"]["entry_id"])
    diagnostics = hass.request("GET", f"/api/diagnostics/config_entry/{entry['entry_id']}")
    assert diagnostics["data"]["available"] is True
    assert "127.0.0.1" not in json.dumps(diagnostics["data"])


def test_the_log_has_nothing_against_the_integration(hass: HomeAssistant) -> None:
    lines = hass.log.read_text(encoding="utf-8", errors="replace").splitlines()
    known = "We found a custom integration pbx which has not been tested by Home Assistant"
    about_us = [line for line in lines if "pbx" in line and known not in line]
    assert not [line for line in about_us if " ERROR " in line or " WARNING " in line]
    assert not [line for line in lines if "Detected blocking call" in line and "pbx" in line]
