"""A real Mosquitto on loopback, with a configuration and a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests import processes

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".tools" / "brokers" / "bin"


def binary(name: str = "mosquitto") -> str:
    """The program; skips the test by name where there is none."""
    path = BINARIES / name
    found = str(path) if path.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: scripts/setup brokers brings it")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """Started, killed, frozen and started again, on the same port and in the same folder."""

    def __init__(self, folder: Path, *lines: str, name: str = "mosquitto", listener: bool = True) -> None:
        """``lines`` are added to its configuration; ``listener`` False leaves the listener to them."""
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log.txt"
        self._program = binary(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        listen = [f"listener {self.port} 127.0.0.1", "allow_anonymous true"] if listener else []
        text = "\n".join([*listen, *(line.replace("PORT", str(self.port)) for line in lines), "user root", ""])
        (folder / "mosquitto.conf").write_text(text)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> "Mosquitto":
        with self.log.open("ab") as log:
            self.process = processes.start(
                [self._program, "-c", str(self.folder / "mosquitto.conf")],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | {"HOME": str(self.folder)},
            )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise AssertionError(f"Mosquitto did not start: {self.log.read_text()[-2000:]}")

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a power cut would."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
