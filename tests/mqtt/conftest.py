"""Offices behind a bridge, over a Mosquitto that the test may kill."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.aiopbx.office import opened
from tests.mqtt.mosquitto import Mosquitto

if TYPE_CHECKING:  # imported with the first test: coverage does not see what a conftest has imported before it begins
    from tests.aiopbx.bridge_office import BridgeOffice

Bridged = Callable[..., AbstractAsyncContextManager["BridgeOffice"]]


@pytest.fixture
def bridged(tmp_path: Path) -> Bridged:
    """Open an office behind a bridge; with ``lines`` of a configuration it has a broker of its own."""

    @asynccontextmanager
    async def open_one(*lines: str, name: str = "mosquitto", **settings: Any) -> AsyncIterator["BridgeOffice"]:
        from tests.aiopbx.bridge_office import BridgeOffice

        own = Mosquitto(tmp_path / "broker", *lines, name=name).start() if lines else None
        try:
            async with opened(BridgeOffice, **settings) as one:
                if own is not None:
                    one.broker = own
                yield one
        finally:
            if own is not None:
                own.stop()

    return open_one
