"""What calls have cost: the tickets that a node keeps."""

from collections.abc import AsyncIterator
from datetime import date
from typing import TYPE_CHECKING

from .administration import ChargingFile, ChargingTicket
from .core import Core
from .errors import InvalidInput
from .loops import owned
from .model import Feature

if TYPE_CHECKING:
    import asyncio


class Charging:
    """Charging tickets: ``async for ticket in pbx.charging(first, last)``. For administrators.

    The system fetches them from the node over SSH, so it takes its time, and fails where SSH is barred.
    """

    def __init__(
        self,
        core: Core,
        first: date | None,
        last: date | None,
        files: tuple[str, ...],
        node: int | None,
        top: int | None,
        free: bool,
    ) -> None:
        """Made by ``Pbx.charging`` only."""
        if (first is None) != (last is None):
            raise InvalidInput("last" if last is None else "first", "is missing.", remedy="Give both days, or none.")
        self._core = core
        self._which = (first, last, files, top, free)
        self._node = node

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    async def __aiter__(self) -> AsyncIterator[ChargingTicket]:
        """Give the tickets; each iteration reads anew. O2G: GET /charging."""
        for ticket in await self.list():
            yield ticket

    @owned
    async def list(self) -> tuple[ChargingTicket, ...]:
        """The tickets. O2G: GET /charging."""
        first, last, files, top, free = self._which
        commands = self._core.commands_for(Feature.CHARGING).charging
        return await commands.tickets(the_node(self._core, self._node), first, last, files, top, free)

    @owned
    async def files(self) -> tuple[ChargingFile, ...]:
        """The files of tickets on the node, of these days. O2G: GET /charging/files."""
        first, last, *_ = self._which
        commands = self._core.commands_for(Feature.CHARGING).charging
        return await commands.files(the_node(self._core, self._node), first, last)


def the_node(core: Core, node: int | None) -> int:
    """The node that is meant, which may be left out where there is one."""
    if node is not None:
        return node
    known = [one.id for one in core.store.nodes.nodes]
    if len(known) == 1 and known[0].isdecimal():
        return int(known[0])
    raise InvalidInput(
        "node",
        "is missing: there are several." if known else "is missing, and no node is known.",
        remedy=f"Name one of them: {', '.join(known)}." if known else "Name it.",
    )
