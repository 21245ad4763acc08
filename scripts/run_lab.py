"""Start JupyterLab on copies of the notebooks, and with ``--check`` prove that it works. See scripts/lab."""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from notebooks_kit.lab import (
    FIRST,
    PATIENCE,
    STORED,
    Failed,
    Folder,
    Server,
    add_options,
    answers,
    digest,
    free_port,
    run,
    start,
)

ROOT = Path(__file__).resolve().parents[1]
WIDGETS = "@jupyter-widgets/jupyterlab-manager"


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
    add_options(parser, ".lab/USER")
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


def main() -> int:
    """Do what was asked for."""
    options = arguments()
    try:
        if options.check:
            with tempfile.TemporaryDirectory() as scratch:
                run_check(Folder(options.folder or Path(scratch) / "lab"))
            print("All of it held.")
            return 0
        folder = options.folder or ROOT / ".lab" / (os.environ.get("USER") or str(os.getuid()))
        return run(Folder(folder.resolve()), options, "scripts/lab")
    except Failed as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
