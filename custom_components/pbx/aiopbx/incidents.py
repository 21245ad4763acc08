"""What went wrong on the nodes: the incidents that a node keeps."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from .administration import Incident
from .charging import the_node
from .core import Core
from .errors import InvalidInput
from .loops import owned
from .model import Feature

if TYPE_CHECKING:
    import asyncio


class Incidents:
    """Incidents of a node, the newest first: ``async for incident in pbx.incidents(last=20)``. For administrators.

    The system fetches them from the node over SSH, so it takes its time, and fails where SSH is barred.
    """

    def __init__(self, core: Core, node: int | None, last: int | None) -> None:
        """Made by ``Pbx.incidents`` only."""
        if last is not None and last < 1:
            raise InvalidInput("last", f"{last} is out of range.", remedy="It is 1 or more.")
        self._core = core
        self._node = node
        self._last = last

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    async def __aiter__(self) -> AsyncIterator[Incident]:
        """Give the incidents; each iteration reads anew. O2G: GET /incidents."""
        for incident in await self.list():
            yield incident

    @owned
    async def list(self) -> tuple[Incident, ...]:
        """The incidents. O2G: GET /incidents."""
        commands = self._core.commands_for(Feature.INCIDENTS).incidents
        return await commands.list(the_node(self._core, self._node), self._last)
