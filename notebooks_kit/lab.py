"""JupyterLab on copies of the notebooks, apart from the user's own settings: what ``aiopbx lab`` and scripts/lab start.

``python -m notebooks_kit.lab`` is the same as ``aiopbx lab``.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

STORED: Final = Path(__file__).with_name("notebooks")
FIRST: Final = "first-call.ipynb"
HOST: Final = "127.0.0.1"
PATIENCE: Final = 90.0
"""Seconds that JupyterLab may take until it serves."""
FOLDER: Final = "aiopbx-lab"
"""Where the copies are, unless another folder is named."""
_PAGES: Final = {"jupyterlab": "lab/tree", "notebook": "notebooks", "voila": "voila/render"}
"""Where each of the installed pages shows a notebook."""
_TITLES: Final = {"jupyterlab": "JupyterLab", "notebook": "Notebook 7", "voila": "Voilà"}


class Failed(Exception):
    """What to tell the user."""


@dataclass(frozen=True)
class Folder:
    """Everything that is written."""

    path: Path

    @property
    def notebooks(self) -> Path:
        """The user's copies."""
        return self.path / "notebooks"

    @property
    def log(self) -> Path:
        """What Jupyter says."""
        return self.path / "jupyter.log"

    def prepare(self) -> None:
        """Make the folders, for this user only."""
        for path in (self.path, self.notebooks, self.config, self.runtime):
            path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        # no questions about news, and nothing fetched from outside
        page = self.config / "labconfig/page_config.json"
        page.parent.mkdir(exist_ok=True)
        page.write_text(json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}))

    @property
    def config(self) -> Path:
        """Jupyter's settings, such as the theme."""
        return self.path / "config"

    @property
    def runtime(self) -> Path:
        """Where a running server says what its address is."""
        return self.path / "runtime"

    def copy(self, fresh: bool) -> list[str]:
        """Bring the stored notebooks, but none over a copy that was changed; return the names of those."""
        noted = self.path / "copied.json"
        known: dict[str, str] = json.loads(noted.read_text()) if noted.exists() else {}
        kept = []
        for stored in sorted(STORED.glob("*.ipynb")):
            mine = self.notebooks / stored.name
            if mine.exists() and digest(mine) not in (known.get(stored.name), digest(stored)):
                if not fresh:
                    kept.append(stored.name)
                    continue
                mine.rename(mine.with_name(f"{mine.stem}-{time.strftime('%Y%m%d-%H%M%S')}.ipynb"))
            shutil.copyfile(stored, mine)
            known[stored.name] = digest(stored)
        noted.write_text(json.dumps(known, indent=1))
        return kept

    def environment(self) -> dict[str, str]:
        """Keep Jupyter from everything that is not in this folder, the user's own settings among them."""
        return os.environ | {
            "JUPYTER_CONFIG_DIR": str(self.config),
            "JUPYTER_DATA_DIR": str(self.path / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTERLAB_SETTINGS_DIR": str(self.config / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.config / "workspaces"),
            "IPYTHONDIR": str(self.path / "ipython"),
            "JUPYTER_NO_CONFIG": "",
            "JUPYTER_PREFER_ENV_PATH": "1",
        }


def digest(path: Path) -> str:
    """Tell whether two files are the same."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Server:
    """A running JupyterLab."""

    process: subprocess.Popen[bytes]
    url: str
    token: str
    log: Path

    def address(self, path: str) -> str:
        """Return a page's address with the token in it."""
        return f"{self.url}{path}?token={self.token}"

    def stop(self) -> None:
        """End it, and the kernels with it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(folder: Folder, port: int, browser: bool, more: Sequence[str] = ()) -> Server:
    """Start it, and wait until it serves."""
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={folder.notebooks}",
        "--ServerApp.answer_yes=True",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        *more,
    ]
    if not browser:
        command.append("--no-browser")
    if os.geteuid() == 0:
        command.append("--allow-root")
    with folder.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this Python, and options that its user gave
            command, cwd=folder.notebooks, env=folder.environment(), stdout=log, stderr=log
        )
    said = folder.runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                break
            if said.exists() and (text := said.read_text()):
                data = json.loads(text)
                server = Server(process, data["url"], data["token"], folder.log)
                if answers(data["port"]):
                    return server
            time.sleep(0.1)
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.kill()
    process.wait()
    raise not_started(folder)


def not_started(folder: Folder) -> Failed:
    """Tell the end of what Jupyter said."""
    tail = "\n".join(folder.log.read_text(errors="replace").splitlines()[-15:])
    return Failed(f"JupyterLab does not start. The end of {folder.log}:\n{tail}")


def answers(port: int, host: str = HOST) -> bool:
    """Return whether a server listens there."""
    with socket.socket() as plug:
        plug.settimeout(1)
        return plug.connect_ex((host, port)) == 0


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as plug:
        plug.bind((HOST, 0))
        port: int = plug.getsockname()[1]
        return port


def add_options(parser: argparse.ArgumentParser, folder: str) -> None:
    """Add the options that are the same for ``aiopbx lab`` and scripts/lab; ``folder`` is the usual one, in words."""
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument("--port", type=int, default=8888, help="port, the next free one if it is taken (8888)")
    parser.add_argument("--fresh", action="store_true", help="the notebooks as they are stored; yours are renamed")
    parser.add_argument("--folder", type=Path, help=f"where everything is kept ({folder})")
    parser.add_argument("jupyter", nargs="*", help="after --: options for JupyterLab itself")


def run(folder: Folder, options: argparse.Namespace, name: str) -> int:
    """Serve until Ctrl-C. ``name`` is the command that was given."""
    missing = find_spec("jupyterlab") is None or find_spec("ipykernel") is None
    if missing:
        raise Failed("JupyterLab is not installed here. Install it with: pip install 'aiopbx[lab]'")
    folder.prepare()
    kept = folder.copy(options.fresh)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # also while it starts: JupyterLab ends with this
    server = start(folder, options.port, browser=not options.no_browser, more=options.jupyter)
    for module, path in _PAGES.items():
        if find_spec(module) is not None:
            say(f"{_TITLES[module]:<11} {server.address(f'{path}/{FIRST}')}")
    say(f"The notebooks are copies, in {folder.notebooks}.")
    if kept:
        say(f"Yours were kept: {', '.join(kept)}. {name} --fresh brings the stored ones.")
    # A shell that runs it in the background keeps Ctrl-C from it.
    end = f"kill {os.getpid()}" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"
    say(f"Only this machine can reach it, and only with the token. {end} ends it.")
    try:
        return server.process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()


def say(words: str) -> None:
    """Print a line at once, also into a pipe."""
    print(words, flush=True)  # noqa: T201 - a command


def main(words: Sequence[str] | None = None) -> int:
    """Do what ``aiopbx lab`` does, and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="aiopbx lab", description="Copy the notebooks and open them in JupyterLab, until Ctrl-C ends it."
    )
    add_options(parser, FOLDER)
    options = parser.parse_args(words)
    try:
        return run(Folder((options.folder or Path(FOLDER)).resolve()), options, "aiopbx lab")
    except Failed as problem:
        print(f"aiopbx: {problem}", file=sys.stderr)  # noqa: T201 - a command
        return 1


if __name__ == "__main__":
    sys.exit(main())
