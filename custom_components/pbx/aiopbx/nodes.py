"""The nodes of a system: whether they are connected, and which licences there are."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .core import Core
from .errors import InvalidInput
from .loops import owned
from .model import Feature
from .records import Licence, NodeSnapshot, NodesSnapshot

if TYPE_CHECKING:
    import asyncio


class Nodes(Mapping[str, NodeSnapshot]):
    """The nodes by id, kept up to date by the events; see ``NodeChanged``. For administrators: else there are none."""

    def __init__(self, core: Core) -> None:
        """Made by ``Pbx.nodes`` only."""
        self._core = core

    def __repr__(self) -> str:
        """Say how the nodes stand."""
        return f"<Nodes {', '.join(f'{node.id}: {node.link}' for node in self.values()) or 'none'}>"

    def __getitem__(self, key: str) -> NodeSnapshot:
        """The node with this id."""
        for node in self.snapshot.nodes:
            if node.id == str(key):
                return node
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """The ids."""
        return iter([node.id for node in self.snapshot.nodes])

    def __len__(self) -> int:
        """How many there are."""
        return len(self.snapshot.nodes)

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    @property
    def snapshot(self) -> NodesSnapshot:
        """Nodes, licences and server as they are known."""
        return self._core.store.nodes

    @property
    def licences(self) -> tuple[Licence, ...]:
        """The licences as they were last read; ``refresh`` reads how many are in use now."""
        return self.snapshot.licences

    @owned
    async def refresh(self) -> NodesSnapshot:
        """Read nodes and licences again. O2G: GET /system/status."""
        await self._core.commands_for(Feature.NODES).nodes.refresh()
        return self.snapshot

    @owned
    async def has_licence(self, name: str) -> bool:
        """Whether there is a licence of this name, such as ``ROXE_HA``. O2G: GET /system/licenses."""
        if not name.strip():
            raise InvalidInput("name", "is empty.", remedy="Give the name of a licence, such as ROXE_HA.")
        return await self._core.commands_for(None).nodes.has_licence(name)
