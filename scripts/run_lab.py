"""Start JupyterLab on copies of the notebooks, and with ``--check`` prove that it works. See scripts/lab."""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "notebooks_kit/notebooks"
FIRST = "first-call.ipynb"
HOST = "127.0.0.1"
PATIENCE = 90.0
WIDGETS = "@jupyter-widgets/jupyterlab-manager"


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
        process = subprocess.Popen(command, cwd=folder.notebooks, env=folder.environment(), stdout=log, stderr=log)
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


# ------------------------------------------------------------------------------------------------------------ --check


async def check(server: Server) -> None:
    """Look at everything that a person needs; raises ``Failed``."""
    async with aiohttp.ClientSession() as anybody, anybody.get(f"{server.url}api/kernels") as answer:
        expect(answer.status == 403, "whoever has no token is sent away", f"it answered {answer.status}")
    async with aiohttp.ClientSession(headers={"Authorization": f"token {server.token}"}) as http:
        for name, path in (
            ("JupyterLab", f"lab/tree/{FIRST}"),
            ("Notebook 7", f"notebooks/{FIRST}"),
        ):
            async with http.get(server.url + path) as answer:
                page = await answer.text()
                expect(answer.status == 200, f"{name} serves {FIRST}", f"it answered {answer.status}")
        start = page.index('<script id="jupyter-config-data"')
        config = json.loads(page[page.index(">", start) + 1 : page.index("</script>", start)])
        extension = next((one for one in config["federated_extensions"] if one["name"] == WIDGETS), None)
        expect(extension is not None, "the page knows widgets", "the extension for widgets is missing")
        assert extension is not None
        async with http.get(f"{server.url}lab/extensions/{WIDGETS}/{extension['load']}") as answer:
            expect(answer.status == 200, "their code is served", f"it answered {answer.status}")
        async with http.get(f"{server.url}voila/tree") as answer:
            expect(answer.status == 200, "Voilà serves", f"it answered {answer.status}")
        await check_run(server, http)
    plain = [address for address in addresses() if answers(int(server.url.rsplit(":", 1)[1].strip("/")), address)]
    expect(not plain, "only this machine can reach it", f"it answers at {', '.join(plain)}")


async def check_run(server: Server, http: aiohttp.ClientSession) -> None:
    """Run the first notebook from top to bottom in a kernel of this server."""
    notebook = json.loads((STORED / FIRST).read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    async with http.post(f"{server.url}api/kernels", json={"name": "python3"}) as answer:
        expect(answer.status == 201, "a kernel starts", f"it answered {answer.status}")
        kernel = (await answer.json())["id"]
    session = uuid.uuid4().hex
    begun = time.monotonic()
    async with http.ws_connect(f"{server.url}api/kernels/{kernel}/channels?session_id={session}") as channels:
        for source in sources:
            request = uuid.uuid4().hex
            header = {"msg_id": request, "msg_type": "execute_request", "session": session}
            header |= {"username": "", "version": "5.3"}
            content = {"code": source, "silent": False, "store_history": True, "stop_on_error": True}
            message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
            await channels.send_json(message)
            async with asyncio.timeout(PATIENCE):
                while True:
                    answered: dict[str, Any] = await channels.receive_json()
                    if answered["msg_type"] == "execute_reply" and answered["parent_header"]["msg_id"] == request:
                        break
            content = answered["content"]
            if content["status"] != "ok":
                raise Failed(f"{FIRST}: {content.get('ename')}: {content.get('evalue')}")
    expect(True, f"{FIRST} runs from top to bottom ({time.monotonic() - begun:.0f} s)", "")
    async with http.delete(f"{server.url}api/kernels/{kernel}") as answer:
        expect(answer.status == 204, "the kernel ends", f"it answered {answer.status}")


def addresses() -> list[str]:
    """Return the addresses by which other machines reach this one."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        return []
    return sorted({str(one[4][0]) for one in found if not str(one[4][0]).startswith("127.")})


def expect(held: bool, what: str, otherwise: str) -> None:
    """Say what held, or fail."""
    if not held:
        raise Failed(f"{what}: no, {otherwise}")
    print(f"  ok  {what}", flush=True)


# --------------------------------------------------------------------------------------------------------------- main


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/lab", description=__doc__)
    parser.add_argument("--check", action="store_true", help="see that it works, and end")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument("--port", type=int, default=8888, help="port, the next free one if it is taken (8888)")
    parser.add_argument("--fresh", action="store_true", help="the notebooks as they are stored")
    parser.add_argument("--folder", type=Path, help="where everything is kept (.lab/USER)")
    parser.add_argument("jupyter", nargs="*", help="after --: options for JupyterLab itself")
    return parser.parse_args()


def run_check(folder: Folder) -> None:
    """Start, look, end, and look that it has ended."""
    folder.prepare()
    folder.copy(fresh=True)
    begun = time.monotonic()
    server = start(folder, free_port(), browser=False)
    try:
        expect(True, f"JupyterLab has started ({time.monotonic() - begun:.0f} s)", "")
        asyncio.run(check(server))
    finally:
        server.stop()
    port = int(server.url.rsplit(":", 1)[1].strip("/"))
    expect(not answers(port), "it has ended", "a server still listens on its port")
    unchanged = all(digest(path) == digest(folder.notebooks / path.name) for path in STORED.glob("*.ipynb"))
    expect(unchanged, "the stored notebooks are as they were", "they differ")


def run(folder: Folder, options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    folder.prepare()
    kept = folder.copy(options.fresh)
    server = start(folder, options.port, browser=not options.no_browser, more=options.jupyter)
    print(f"JupyterLab  {server.address('lab/tree/' + FIRST)}")
    print(f"Notebook 7  {server.address('notebooks/' + FIRST)}")
    print(f"Voilà       {server.address('voila/render/' + FIRST)}")
    print(f"The notebooks are copies, in {folder.notebooks}.")
    if kept:
        print(f"Yours were kept: {', '.join(kept)}. scripts/lab --fresh brings the stored ones.")
    # A shell that runs it in the background keeps Ctrl-C from it.
    end = f"kill {os.getpid()}" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"
    print(f"Only this machine can reach it, and only with the token. {end} ends it.", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return server.process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.stop()


def main() -> int:
    """Do what was asked for."""
    options = arguments()
    try:
        if options.check:
            with tempfile.TemporaryDirectory() as scratch:
                run_check(Folder(options.folder or Path(scratch) / "lab"))
            print("All of it held.")
            return 0
        return run(
            Folder((options.folder or ROOT / ".lab" / (os.environ.get("USER") or str(os.getuid()))).resolve()), options
        )
    except Failed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
