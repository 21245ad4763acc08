"""``aiopbx bridge``: workers in this process, with metrics, health and a drain at the end."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..bridge import BridgeSettings, Worker
from ..bridge.health import Health
from .command import OK
from .output import print_note


class JsonLines(logging.Formatter):
    """One JSON object a record, for collectors of logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def bridge(config: Path, shard: str | None, *, check: bool) -> Coroutine[Any, Any, int] | int:
    """Read the settings, and run. Raises ``InvalidInput``."""
    settings = BridgeSettings.from_file(config, shard=shard)
    if check:
        print_note(f"{config}: {len(settings.systems)} systems, shard {settings.shard}.")
        return OK
    return _run(settings)


async def _run(settings: BridgeSettings) -> int:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(min(root.level, logging.INFO))
    workers = [Worker(settings, name) for name in settings.systems]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for worker in workers:
            worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    health = None if settings.http is None else Health(workers, settings.http)
    if health is not None:
        await health.start()
    running = [asyncio.create_task(worker.run(), name=f"worker {worker.name}") for worker in workers]
    try:
        # One that cannot begin ends all: a mistake in the settings should be seen at once.
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        stop()
        await asyncio.gather(*running, return_exceptions=True)
        if health is not None:
            await health.close()
    return OK
