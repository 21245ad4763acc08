"""A Home Assistant with the integration, for the benchmarks: in this process, or in one of its own that is commanded.

In a process of its own (``Home``) any build of the integration can be run, so that two can be compared side by side.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import resource
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INTEGRATION = ROOT / "custom_components" / "pbx"
sys.path.insert(0, str(ROOT / "demo"))

FORMER = "ed7259682cdb836dadfe706450052ff1d30e1490"  # pragma: allowlist secret
"""The build that others are compared with: 18 entities a line, before their number was looked at."""
ENTRY = "01BENCHMARK000000000000000"


def build_of(commit: str, folder: Path) -> Path:
    """Unpack the integration as a commit has it, and return its folder."""
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, "custom_components/pbx"], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "custom_components" / "pbx"


def configuration(
    folder: Path, url: str, *, recorder: bool, integration: Path = INTEGRATION, disabled: bool = False
) -> None:
    """Write a configuration folder with the integration set up as the PBX's administrator."""
    from seed import http  # type: ignore[import-not-found]

    (folder / "custom_components").mkdir(parents=True)
    (folder / "custom_components" / "pbx").symlink_to(integration, target_is_directory=True)
    storage = folder / ".storage"
    storage.mkdir()
    entry = {
        "entry_id": ENTRY,
        "domain": "pbx",
        "title": "Office",
        "data": {"kind": "o2g_administrator", "url": url, "username": "admin", "password": "admin", "tls": "verify"},
        "options": {"all_lines": True},
        "created_at": "2026-01-01T00:00:00+00:00",
        "modified_at": "2026-01-01T00:00:00+00:00",
        "disabled_by": "user" if disabled else None,
        "discovery_keys": {},
        "version": 1,
        "minor_version": 1,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "unique_id": "office",
    }
    content = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]}}
    (storage / "core.config_entries").write_text(json.dumps(content), encoding="utf-8")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        stable = http(listener.getsockname()[1])
    content = {"version": 2, "minor_version": 2, "key": "http", "data": stable}
    (storage / "http").write_text(json.dumps(content), encoding="utf-8")
    (folder / "configuration.yaml").write_text("recorder:\n" if recorder else "", encoding="utf-8")


async def start(folder: Path) -> Any:
    """Start Home Assistant: its core, and what the configuration names."""
    from homeassistant import bootstrap, core, loader
    from homeassistant.config import async_hass_config_yaml

    hass = core.HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    assert await bootstrap.async_from_config_dict(await async_hass_config_yaml(hass), hass) is not None
    await hass.async_start()
    await hass.async_block_till_done()
    return hass


# -------------------------------------------------------------------------------------------- a process of its own


class Home:
    """A Home Assistant in a process of its own, seen from outside."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        """Made by ``home``."""
        self.folder = folder
        self._process = process

    async def ask(self, command: str) -> Any:
        """Give a command, and return what comes of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        return json.loads(await self._process.stdout.readline())

    async def database(self) -> sqlite3.Connection:
        """Open the recorder's database, with everything in it that has happened."""
        await self.ask("flush")
        return sqlite3.connect(self.folder / "home-assistant_v2.db")


@contextlib.asynccontextmanager
async def home(
    url: str, *, integration: Path = INTEGRATION, recorder: bool = False, disabled: bool = False
) -> AsyncIterator[Home]:
    """Run a Home Assistant with this build of the integration, and end it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "config"
        configuration(folder, url, recorder=recorder, integration=integration, disabled=disabled)
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, str(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 26
        )
        try:
            made = Home(folder, process)
            await made.ask("start")
            yield made
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


class Commanded:
    """The Home Assistant in this process, and what it can be asked."""

    def __init__(self, folder: Path) -> None:
        """Nothing is started yet."""
        self.folder = folder
        self.hass: Any = None
        self.legs = 0
        self.connected = 0.0

    async def start(self) -> Any:
        """Start, and return how many entities there are."""
        self.hass = await start(self.folder)
        return self.entities()

    async def set_up(self) -> Any:
        """Enable the entry; return the seconds until it is set up and until all lines are there, and after the PBX."""
        import custom_components.pbx.coordinator as module  # type: ignore[import-not-found]

        connect = module.async_connect

        async def noting(*args: Any, **kwargs: Any) -> Any:
            connection = await connect(*args, **kwargs)
            self.connected = time.perf_counter()
            return connection

        module.async_connect = noting
        gc.collect()
        began = time.perf_counter()
        computed = time.process_time()
        await self.hass.config_entries.async_set_disabled_by(ENTRY, None)
        await self.hass.async_block_till_done()
        loaded = time.perf_counter()
        busy = time.process_time() - computed
        data = self._entry().runtime_data.data
        while not all(getattr(line, "described", True) for line in data.values()):  # noqa: ASYNC110 - both builds
            await asyncio.sleep(0.01)
        await self.hass.async_block_till_done()
        described = time.perf_counter()
        worked = time.process_time() - computed
        return {
            "seconds": loaded - began,
            "after": loaded - self.connected,
            "all": described - began,
            "computed": busy,
            "work": worked,
            "lines": len(data),
            "entities": self.entities(),
        }

    def count(self) -> Any:
        """Begin to count the legs of calls that end."""
        from custom_components.pbx.aiopbx import CallEnded  # type: ignore[import-not-found]

        def one_more(_event: Any) -> None:
            self.legs += 1

        self._entry().runtime_data.pbx.subscribe(one_more, kind=CallEnded)
        return self.entities()

    async def flush(self) -> Any:
        """Write what the recorder has not written yet; return how many legs have ended."""
        from homeassistant.components.recorder import get_instance

        await get_instance(self.hass).async_block_till_done()
        return self.legs

    def usage(self) -> Any:
        """Return the seconds that this process has computed, and its memory at most in MiB."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"computed": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024, "at": time.perf_counter()}

    def entities(self) -> int:
        """Return how many entities of ours there are, enabled ones alone."""
        from homeassistant.helpers import entity_registry as er

        entries = er.async_entries_for_config_entry(er.async_get(self.hass), ENTRY)
        return sum(entry.disabled_by is None for entry in entries)

    def _entry(self) -> Any:
        return self.hass.config_entries.async_get_entry(ENTRY)


async def obey(folder: Path) -> None:
    """Do what comes in on the standard input, a command a line, and print what comes of it."""
    commanded = Commanded(folder)
    while command := (await asyncio.to_thread(sys.stdin.readline)).strip():
        answer = getattr(commanded, command)()
        print(json.dumps(await answer if asyncio.iscoroutine(answer) else answer), flush=True)
    if commanded.hass is not None:
        await commanded.hass.async_stop(force=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the configuration folder")
    logging.basicConfig(level=logging.WARNING)
    for noisy in ("haffmpeg", "homeassistant.components", "homeassistant.loader"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    asyncio.run(obey(parser.parse_args().folder))
