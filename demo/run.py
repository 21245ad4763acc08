"""The demo: a simulated PBX, Home Assistant connected to it, and a dashboard of the office's people.

Run by scripts/demo with Home Assistant's Python.
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import check
import check_istra
from home_assistant import HomeAssistant
from paths import ROOT, Folder
from processes import DemoError, Process, free_ports, home_assistant, port_is_free, simulator
from seed import seed
from systems import SYSTEMS, System, entries

DEFAULT_PORTS = {"home_assistant": 8123, "pbx": 8443, "pbx_events": 8016, "pbx_http": 8124, "pbx_istra": 8444}
NAMES = {"o2g": "PBX", "istra": "Istra"}


@dataclass
class Demo:
    """Everything that runs."""

    system: System
    folder: Folder
    ports: dict[str, int]
    pbx: Process
    hass_process: Process
    hass: HomeAssistant

    @property
    def url(self) -> str:
        """Home Assistant's address, as people type it."""
        return f"http://localhost:{self.ports['home_assistant']}"

    @property
    def pbx_http(self) -> str:
        """The simulated PBX's plain address, for its page of phones and its state."""
        return f"http://127.0.0.1:{self.ports['pbx_http']}"

    @property
    def phones_url(self) -> str:
        """The page of phones."""
        return f"{self.pbx_http}/phones"

    async def start_pbx(self) -> None:
        """Start the simulated PBX and wait until it serves."""
        before = self.pbx.log.stat().st_size if self.pbx.log.exists() else 0
        await self.pbx.start()
        async with asyncio.timeout(60):
            while True:
                with self.pbx.log.open("rb") as log:
                    log.seek(before)
                    if b"ready " in log.read():
                        return
                self.pbx.check()
                await asyncio.sleep(0.05)


def endings() -> list[signal.Signals]:
    """Return what ends all of it in order: Ctrl-C, being asked to end, and a terminal that is closed.

    What was ignored from the start stays so: that is how a shell keeps Ctrl-C from what it runs in the background, and
    how nohup lets something live longer than its terminal.
    """
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN]


def how_to_end() -> str:
    """Return what one does to end it."""
    return "Ctrl-C" if signal.SIGINT in endings() else f"kill {os.getpid()}"


def choose_ports(folder: Folder, wanted: int | None, system: System, *, anywhere: bool) -> dict[str, int]:
    """Return the ports: those of last time where they are free, so that a second start finds what the first set up."""
    ports = dict(DEFAULT_PORTS)
    if system != "istra":
        del ports["pbx_istra"]
    with contextlib.suppress(OSError, ValueError):
        ports |= json.loads(folder.ports.read_text(encoding="utf-8"))
    ports["home_assistant"] = wanted or (DEFAULT_PORTS["home_assistant"])
    if not port_is_free(ports["home_assistant"]):
        if not anywhere:
            raise DemoError(
                f"Port {ports['home_assistant']} is taken, perhaps by another Home Assistant or another demo. "
                f"End that, or choose another port: {command(system)} --port {free_ports(1)[0]}"
            )
        ports["home_assistant"] = free_ports(1)[0]
    for name in ports.keys() - {"home_assistant"}:
        if not port_is_free(ports[name]) or list(ports.values()).count(ports[name]) > 1:
            ports[name] = free_ports(1)[0]
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.ports.write_text(json.dumps(ports), encoding="utf-8")
    return ports


@contextlib.contextmanager
def alone(folder: Folder, system: System, *, fresh: bool) -> Iterator[None]:
    """Keep the folder for this demo as long as it runs, and forget what is in it if it is to be fresh."""
    if folder.path.is_dir() and any(folder.path.iterdir()) and not (folder.lock.exists() or folder.ports.exists()):
        raise DemoError(f"{folder.path} is not empty and not a demo's. Choose another: scripts/demo --folder DIR")
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        lock = folder.lock.open("a")
    except OSError as err:
        raise DemoError(f"{folder.path} cannot be written to ({err.strerror}). Choose another: --folder DIR") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            where = ""
            with contextlib.suppress(OSError, ValueError, KeyError):
                where = f" at http://localhost:{json.loads(folder.ports.read_text(encoding='utf-8'))['home_assistant']}"
            raise DemoError(
                f"A demo runs already{where}; it keeps its things in {folder.path}. "
                "End that one, or give a second one a folder and a port of its own: "
                f"{command(system)} --folder {folder.path}-2 --port {free_ports(1)[0]}"
            ) from None
        for path in folder.path.iterdir() if fresh else ():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != folder.lock:
                path.unlink()
        yield


@contextlib.asynccontextmanager
async def running(folder: Folder, ports: dict[str, int], system: System) -> AsyncIterator[Demo]:
    """Start everything, and end it in the end, whatever happened."""
    folder.config.mkdir(parents=True, exist_ok=True)
    for name in ("simulator", "home-assistant"):
        folder.log(name).unlink(missing_ok=True)
    for log in folder.config.glob("home-assistant.log*"):
        log.unlink()
    async with HomeAssistant(f"http://127.0.0.1:{ports['home_assistant']}") as hass:
        demo = Demo(system, folder, ports, simulator(folder, ports), home_assistant(folder), hass)
        seed(folder.config, port=ports["home_assistant"], phones_url=demo.phones_url, system=system)
        try:
            await demo.start_pbx()
            await demo.hass_process.start()
            await hass.wait_until_up(demo.hass_process, timeout=300)
            await hass.connect()
            await connect_pbx(demo)
            yield demo
        finally:
            await demo.hass_process.stop()
            await demo.pbx.stop()


async def connect_pbx(demo: Demo) -> None:
    """Connect Home Assistant to the PBX, as a person would: the office, and what else belongs to the system."""
    known = demo.folder.path / "account.json"
    before = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    there = await demo.hass.pbx_entries()
    now = {}
    for entry in entries(demo.system, demo.folder, demo.ports):
        # Person may have given it another title meanwhile; its id stays.
        known_id, account = before.get(entry.title, (None, None)) if "url" not in before else (None, None)
        entry_id = next((one["entry_id"] for one in there if known_id == one["entry_id"]), None) or next(
            (one["entry_id"] for one in there if one["title"] == entry.title), None
        )
        if entry_id is None:
            entry_id = await demo.hass.set_up_pbx(entry)
        elif account != entry.account:
            await demo.hass.move_pbx(entry_id, entry.account)
        now[entry.title] = (entry_id, entry.account)
    known.write_text(json.dumps(now), encoding="utf-8")
    for entry in entries(demo.system, demo.folder, demo.ports):
        await demo.hass.wait_for(
            lambda entity=entry.connection: demo.hass.state(entity) == "on",  # type: ignore[misc]
            f"the PBX is connected ({entry.title})",
            timeout=60,
        )


async def show(folder: Folder, ports: dict[str, int], system: System, started: float) -> None:
    """Keep the demo running until someone ends it."""
    stop = asyncio.Event()
    for number in endings():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    starting = asyncio.create_task(_show(folder, ports, system, started, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        print("\nEnding …", flush=True)
        starting.cancel()
    stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting


async def _show(folder: Folder, ports: dict[str, int], system: System, started: float, stop: asyncio.Event) -> None:
    async with running(folder, ports, system) as demo:
        print(
            f"""
Home Assistant is connected to a simulated {NAMES[system]} of twenty people (after {time.monotonic() - started:.0f} s).

  Dashboard      {demo.url}/office-phones
  Phones         {demo.phones_url}   (all telephones: call, answer, hang up)
  Integration    {demo.url}/config/integrations/integration/pbx
  Logs           {folder.path}

{how_to_end()} ends all of it.
""",
            flush=True,
        )
        processes = [asyncio.create_task(process.wait()) for process in (demo.pbx, demo.hass_process)]
        done, waiting = await asyncio.wait(processes, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if done and not stop.is_set():
            demo.pbx.check()
            demo.hass_process.check()


async def check_it(folder: Folder, ports: dict[str, int], system: System, started: float) -> bool:
    """Do without a person what a person would look at."""
    report = check.Report(started)
    task = asyncio.current_task()
    assert task is not None
    for number in endings():
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    async with running(folder, ports, system) as demo:
        checks = (check_istra.IstraChecks if system == "istra" else check.Checks)(demo)
        passed = await checks.run(report)
    return report.finish(check.log_problems(folder)) and passed


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--system", choices=SYSTEMS, default="o2g", help="what the simulated PBX is: an O2G (usual) or an Istra"
    )
    parser.add_argument("--check", action="store_true", help="try everything without a person, and say what held")
    parser.add_argument("--port", type=port_number, metavar="N", help="Home Assistant's port (8123)")
    parser.add_argument("--fresh", action="store_true", help="forget what the last demo has left")
    parser.add_argument("--any-port", action="store_true", help="where the port is taken, use one that is free")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where everything is kept (.demo/…)")
    arguments = parser.parse_args()

    started = time.monotonic()
    # The check has a folder of its own: it begins with nothing, and does not disturb a demo that is running.
    system: System = arguments.system
    name = ("check" if arguments.check else "show") + ("" if system == "o2g" else f"-{system}")
    folder = Folder((arguments.folder or ROOT / ".demo" / name).resolve())
    try:
        with alone(folder, system, fresh=arguments.fresh or arguments.check):
            ports = choose_ports(folder, arguments.port, system, anywhere=arguments.check or arguments.any_port)
            if arguments.check:
                return 0 if asyncio.run(check_it(folder, ports, system, started)) else 1
            asyncio.run(show(folder, ports, system, started))
    except DemoError as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        return 130
    return 0


def command(system: System) -> str:
    """Return what one types for this demo."""
    return "scripts/demo" if system == "o2g" else f"scripts/demo --system {system}"


def port_number(text: str) -> int:
    """Return a port that any user may listen on."""
    if text.isdecimal() and 1024 <= (port := int(text)) <= 65535:
        return port
    raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1024 to 65535")
