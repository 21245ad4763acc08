"""The processes of the demo: started together, watched, and ended together."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from paths import ROOT, Folder

# These two have no wheels for Python 3.14 in the versions that Home Assistant pins; newer ones are installed.
SKIPPED_PACKAGES = "pymicro-vad,pyspeex-noise"


class DemoError(Exception):
    """The demo cannot go on; the message says why, for a person."""


class Process:
    """One process, with its output in a file."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        """Keep what to run; nothing is started yet."""
        self.name = name
        self.command = command
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, in a session of its own so that Ctrl-C reaches only the demo, which ends it in order."""
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    def check(self) -> None:
        """Raise if it has ended by itself."""
        if not self.running:
            code = self._process.returncode if self._process is not None else None
            raise DemoError(f"{self.name} has ended (exit code {code}). The end of {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """Return the last lines that it wrote."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    async def wait(self) -> int:
        """Wait until it ends."""
        assert self._process is not None
        return await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def stop(self, timeout: float = 20) -> None:
        """Ask it to end, and kill it if it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout):
                await self._process.wait()
        except TimeoutError:
            await self.kill()


def simulator(folder: Folder, ports: dict[str, int]) -> Process:
    """Return the simulated PBX; it speaks Istra, too, where there is a port for that."""
    istra = [str(ports["pbx_istra"])] if "pbx_istra" in ports else []
    return Process(
        "The simulated PBX",
        [
            sys.executable,
            str(ROOT / "demo" / "simulator.py"),
            *(str(ports[name]) for name in ("pbx", "pbx_events", "pbx_http")),
            str(folder.certificate),
            *istra,
        ],
        folder.log("simulator"),
    )


def home_assistant(folder: Folder) -> Process:
    """Return Home Assistant."""
    return Process(
        "Home Assistant",
        [
            str(Path(sys.executable).with_name("hass")),
            "--config",
            str(folder.config),
            "--skip-pip-packages",
            SKIPPED_PACKAGES,
            "--log-no-color",
        ],
        folder.log("home-assistant"),
    )


def port_is_free(port: int) -> bool:
    """Whether this port of loopback can be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return this many ports that are free now."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]
