"""A simulated PBX in a process of its own, for pages whose kernels connect to it."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from tests import processes

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-lib/bin/python"


def _free_ports(count: int) -> list[int]:
    """Ports on which no server listens, outside the range of outgoing connections."""
    found: list[int] = []
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)):
                found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no port is free")


class Server:
    """A simulated PBX in a process of its own, on ports that stay the same."""

    def __init__(self) -> None:
        self.port, self.event_port = _free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        ports = ["--port", str(self.port), "--event-port", str(self.event_port)]
        self._process = processes.start(
            [str(PYTHON), "-m", "aiopbx", "simulate", "--scenario", "quiet", *ports],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, "the simulated PBX has ended"
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sessions(self) -> int:
        """How many clients are logged in."""
        with urllib.request.urlopen(f"{self.url}/simulator/state", timeout=10) as answer:
            return sum(server["sessions"] for server in json.load(answer)["servers"])
