"""Connecting from a notebook: to the demo PBX in the kernel, or to a real one."""

import asyncio
from typing import Any

from aiopbx import ConnectionSettings, Event, Pbx, Status, StatusChanged, connect as connect_pbx
from aiopbx.simulator import Simulator, SimulatorSettings

_open: dict[str, "_Connection"] = {}
"""The connection made last for each address and account, so that running a cell again leaves none behind."""
_DEMO = "demo"


class _Connection:
    """A client, and the simulated PBX behind it if it is the demo. The one ends with the other."""

    def __init__(self, key: str, pbx: Pbx, simulator: Simulator | None) -> None:
        self.key = key
        self.pbx = pbx
        self.simulator = simulator
        self._ending: asyncio.Task[None] | None = None
        self._unsubscribe = pbx.subscribe(self._seen, kind=StatusChanged)

    def _seen(self, event: Event) -> None:
        if isinstance(event, StatusChanged) and event.status is Status.CLOSED and self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        self._unsubscribe()
        if _open.get(self.key) is self:
            del _open[self.key]
        if self.simulator is not None:
            await self.simulator.stop()

    async def close(self) -> None:
        """Close the client, and wait until the demo PBX has stopped, too."""
        await self.pbx.close()
        if self._ending is not None:
            await self._ending


async def connect(
    settings: ConnectionSettings | None = None, *, scenario: str = "office", speed: float = 1.0, **keywords: Any
) -> Pbx:
    """Return a connected client; in a cell, ``await`` it.

    Without settings it starts the demo PBX in this kernel, with the people of ``scenario`` (``office``, ``quiet``,
    ``busy-day`` or the path of a file) living ``speed`` times as fast, and connects as its administrator. With
    settings, or with their fields as keywords (``url``, ``username``, ``password`` …), it connects to a real PBX.

    ``await pbx.close()`` ends it, the demo PBX too. Connecting again to the same PBX closes the former connection, so a
    cell can be run any number of times. Raises what ``aiopbx.connect`` raises, and then nothing is left running.
    """
    if settings is None and not keywords:
        return await connect_demo(scenario=scenario, speed=speed)
    wanted = settings if settings is not None else ConnectionSettings.make(**keywords)
    key = f"{wanted.username}@{wanted.url}"
    await _close_former(key)
    return _keep(key, await connect_pbx(wanted), None)


async def connect_demo(*, scenario: str = "office", speed: float = 1.0) -> Pbx:
    """Start the demo PBX in this kernel, instead of the one that is there, and connect to it as its administrator."""
    await _close_former(_DEMO)
    # reading the scenario is not for the loop
    simulator = await asyncio.to_thread(Simulator, SimulatorSettings(scenario=scenario, speed=speed))
    await simulator.start()
    try:
        settings = ConnectionSettings.make(
            url=simulator.url,
            username=simulator.settings.admin_login,
            password=simulator.settings.admin_password.get_secret_value(),
        )
        pbx = await connect_pbx(settings)
    except BaseException:
        await simulator.stop()
        raise
    return _keep(_DEMO, pbx, simulator)


def _keep(key: str, pbx: Pbx, simulator: Simulator | None) -> Pbx:
    _open[key] = _Connection(key, pbx, simulator)
    return pbx


async def _close_former(key: str) -> None:
    former = _open.get(key)
    if former is not None:
        await former.close()
