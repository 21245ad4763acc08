"""The simulated office behind a bridge: a worker, a real Mosquitto, and clients that know only the broker."""

import asyncio
import atexit
import contextlib
import secrets
import tempfile
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from aiopbx import Pbx
from aiopbx.bridge import BridgeSettings, Worker
from aiopbx.mqtt.topics import CARRIED
from aiopbx.simulator import ManualClock, Simulator
from tests.aiopbx.office import ADMIN, Office, until
from tests.mqtt.mosquitto import Mosquitto

_shared: list[Mosquitto] = []


def shared_broker() -> Mosquitto:
    """One broker for all tests of this process, which keep to prefixes of their own."""
    if not _shared:
        folder = tempfile.TemporaryDirectory(prefix="aiopbx-broker-")
        lines = ("persistence false", "max_queued_messages 1000000", "set_tcp_nodelay true")
        broker = Mosquitto(Path(folder.name), *lines)
        broker.start()

        def end() -> None:
            broker.stop()
            with contextlib.suppress(OSError):
                folder.cleanup()

        atexit.register(end)
        _shared.append(broker)
    return _shared[0]


class BridgeOffice(Office):
    """An office whose clients are behind a bridge."""

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        super().__init__(simulator, clock)
        self.broker = shared_broker()
        self.prefix = f"test/{secrets.token_hex(6)}"
        self.worker: Worker | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"{self.broker.url}/{self.prefix}/office"

    async def start_worker(self, **settings: Any) -> Worker:
        system = {
            "url": self.simulator.url,
            **ADMIN,
            # A loss that is over at once need not be told: all is published again anyhow.
            "reconnect_min": 0.5,
            "reconnect_max": 0.6,
            "sync_timeout": 2.0,
            "request_timeout": 5.0,
        }
        values = {
            "broker": {"url": self.broker.url, "timeout": 5.0},
            "prefix": self.prefix,
            "pulse_interval": 0.4,
            **settings,
            "systems": {"office": {**system, **settings.get("systems", {}).get("office", {})}},
        }
        self.worker = Worker(BridgeSettings(**values), "office")
        self._running = asyncio.create_task(self.worker.run(), name="worker of a test")
        worker, running = self.worker, self._running
        await until(lambda: worker.state == "serving" or running.done(), 30)
        if running.done():
            running.result()
        return worker

    async def stop_worker(self) -> None:
        if self.worker is not None and self._running is not None:
            self.worker.stop()
            await asyncio.wait([self._running], timeout=30)
            self._running.result()
            self.worker = None

    async def connect(self, **settings: Any) -> Pbx:
        if self.worker is None:
            policy = {name: settings.pop(name) for name in ("dial_policy", "number_plan") if name in settings}
            await self.start_worker(systems={"office": policy})
            settings |= policy
        return await super().connect(**{"url": self.url, "username": "", "password": "", **settings})

    async def caught_up(self, pbx: Pbx) -> None:
        """Wait until the client has heard everything that was told until now."""
        worker = self.worker
        assert worker is not None
        assert worker.pbx is not None
        direct = worker.pbx
        await super().caught_up(direct)

        def same() -> bool:
            if pbx.status != "online" or set(pbx.lines) != set(direct.lines):
                return False
            for id_, line in direct.lines.items():
                shown = pbx.lines[id_].snapshot
                mine = line.snapshot
                if replace(mine, features=mine.features & CARRIED) != shown:
                    return False
            return True

        await until(same)

    async def close(self) -> None:
        await super().close()
        await self.stop_worker()
