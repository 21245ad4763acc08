"""Connecting from a notebook: to the demo PBX in the kernel, or to a real one."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiopbx import Event, InvalidInput, Pbx, Status, StatusChanged, connect as connect_pbx

from .console_loop import keep_running
from .presence import Presence, page_timeout_of

if TYPE_CHECKING:  # settings and the simulator are imported with the first connection
    from aiopbx import ConnectionSettings

    from .demo_pbx import Demo

_open: dict[str, "_Connection"] = {}
"""The last connection for each address and account, so that running a cell again leaves no other open."""
_DEMO = "demo"


class _Connection:
    """A client, and the simulated PBX behind it if it is the demo. They end together."""

    def __init__(self, key: str, pbx: Pbx, demo: "Demo | None") -> None:
        self.key = key
        self.pbx = pbx
        self.demo = demo
        self._ending: asyncio.Task[None] | None = None
        self._unsubscribe = pbx.subscribe(self._seen, kind=StatusChanged)

    def _seen(self, event: Event) -> None:
        if isinstance(event, StatusChanged) and event.status is Status.CLOSED and self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        self._unsubscribe()
        if _open.get(self.key) is self:
            del _open[self.key]
        if self.demo is not None:
            await self.demo.stop()

    async def close(self) -> None:
        """Close the client, and wait until the demo PBX has stopped, too."""
        await self.pbx.close()
        if self._ending is not None:
            await self._ending


async def connect(
    settings: "ConnectionSettings | None" = None,
    *,
    scenario: str = "office",
    speed: float = 1.0,
    page_timeout: float | None = None,
    **keywords: Any,
) -> Pbx:
    """Return a connected client; in a cell, ``await`` it.

    Without settings it starts the demo PBX in this kernel, with the people of ``scenario`` (``office``, ``busy-day``,
    ``practice``, ``call-centre``, ``quiet`` or the path of a file) living ``speed`` times as fast, and connects as its
    administrator; ``demo(pbx)`` plays everyone else. With settings, or with their fields as keywords (``url``,
    ``username``, ``password`` …), it connects to a real PBX.

    ``await pbx.close()`` ends it, the demo PBX too. Connecting again to the same PBX closes the former connection, so a
    cell can be run any number of times. A client that no page has shown for ``page_timeout`` seconds is closed; without
    it that is a minute under Voilà, where each visitor has a kernel, and never elsewhere.

    Raises what ``aiopbx.connect`` raises, and then nothing is left running.
    """
    if settings is None and not keywords:
        return await connect_demo(scenario=scenario, speed=speed, page_timeout=page_timeout)
    from aiopbx import ConnectionSettings

    timeout = page_timeout_of(page_timeout)
    wanted = settings if settings is not None else ConnectionSettings.make(**keywords)
    key = f"{wanted.system} {wanted.enterprise or ''} {wanted.username}@{wanted.url}"
    await _close_former(key)
    return _keep(key, await connect_pbx(wanted), None, timeout)


async def connect_demo(*, scenario: str = "office", speed: float = 1.0, page_timeout: float | None = None) -> Pbx:
    """Start the demo PBX in this kernel, instead of the one that is there, and connect to it as its administrator."""
    from .demo_pbx import demo_settings, start_demo

    timeout = page_timeout_of(page_timeout)
    await _close_former(_DEMO)
    started = await start_demo(scenario, speed)
    try:
        settings = started.simulator.settings
        pbx = await connect_pbx(
            demo_settings(
                url=started.simulator.url,
                username=settings.admin_login,
                password=settings.admin_password.get_secret_value(),
            )
        )
    except BaseException:
        await started.stop()
        raise
    return _keep(_DEMO, pbx, started, timeout)


def demo(pbx: Pbx) -> "Demo":
    """Return the demo PBX behind this client: its people, outside callers, and ways to break it.

    Raises ``InvalidInput`` if ``pbx`` is not such a client, or is closed.
    """
    for connection in _open.values():
        if connection.demo is not None and (connection.pbx is pbx or connection.demo.has(pbx)):
            return connection.demo
    raise InvalidInput("pbx", "this is not a client of the demo PBX.", remedy="await connect() makes one.")


def _keep(key: str, pbx: Pbx, demo: "Demo | None", page_timeout: float | None) -> Pbx:
    _open[key] = _Connection(key, pbx, demo)
    Presence.watch(pbx, page_timeout)
    words = keep_running()
    if words is not None:
        print(words)  # noqa: T201 - in a console, where people read it
    return pbx


async def _close_former(key: str) -> None:
    former = _open.get(key)
    if former is not None:
        await former.close()
