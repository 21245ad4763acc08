"""``aiopbx bridge``: workers in this process, with metrics, health and a drain at the end."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..bridge import BridgeSettings, Worker
from ..bridge.health import Health
from ..bridge.probe import advise
from ..errors import PbxError
from ..loops import settle
from .command import OK
from .output import print_note

_LOG = logging.getLogger(__name__)

ASK_TO_END: Final = (signal.SIGTERM, signal.SIGINT)
_AGAIN: Final = 5.0
"""Seconds until a broker that was not there is looked at again."""


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

    for number in ASK_TO_END:
        loop.add_signal_handler(number, stop)
    health = None if settings.http is None else Health(workers, settings.http)
    running: list[asyncio.Task[None]] = []
    advising: asyncio.Task[None] | None = None
    try:
        if health is not None:
            await health.start()
            _LOG.info("Health and metrics are on %s", health.url)
        running = [asyncio.create_task(worker.run(), name=f"worker {worker.name}") for worker in workers]
        advising = asyncio.create_task(_advise(settings), name="bridge-advice")
        # One that cannot begin ends all: a mistake in the settings should be seen at once.
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        stop()
        await asyncio.gather(*running, return_exceptions=True)
        await settle(advising)
        if health is not None:
            await health.close()
        for number in ASK_TO_END:
            loop.remove_signal_handler(number)
    return OK


async def _advise(settings: BridgeSettings) -> None:
    """Say what the broker lacks, once there is one."""
    while True:
        try:
            await advise(settings)
        except PbxError as error:
            _LOG.debug("What the broker lacks is not known yet: %s", error)
            await asyncio.sleep(_AGAIN)
        else:
            return
