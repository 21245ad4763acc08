"""The nodes of a system: whether they are connected, and which licences there are."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from .doors import owned
from .errors import InvalidInput
from .model import Feature, Snapshot

if TYPE_CHECKING:
    import asyncio

    from .pbx import Pbx


class CtiLink(StrEnum):
    """Whether a node is connected, and to which of its call servers."""

    MAIN = "main"
    SECONDARY = "secondary"
    DOWN = "down"
    UP = "up"
    """Connected, to which one is not told yet."""
    UNKNOWN = "unknown"


class NodeSnapshot(Snapshot, frozen=True, kw_only=True):
    """A node."""

    id: str
    name: str = ""
    version: str = ""
    link: CtiLink = CtiLink.UNKNOWN
    loaded: bool | None = None
    """Whether its data is loaded."""
    secured: bool | None = None
    monitored_users: int | None = None
    address: str | None = None
    secondary_address: str | None = None

    @property
    def connected(self) -> bool | None:
        """Whether it is connected; none where that is not known."""
        return None if self.link is CtiLink.UNKNOWN else self.link is not CtiLink.DOWN


class Licence(Snapshot, frozen=True, kw_only=True):
    """A licence: how many there are, and how many are in use."""

    name: str
    total: int | None = None
    used: int | None = None
    expires: date | None = None


class NodesSnapshot(Snapshot, frozen=True, kw_only=True):
    """The nodes and the licences. Empty where the account may not see them."""

    nodes: tuple[NodeSnapshot, ...] = ()
    licences: tuple[Licence, ...] = ()
    started_at: datetime | None = None
    """Since when the server runs."""
    high_availability: bool | None = None
    primary: str | None = None
    secondary: str | None = None


class NodesCommands(Protocol):
    """What may be asked of a system about itself."""

    async def refresh(self) -> None:
        """Read the nodes and the licences again."""

    async def has_licence(self, name: str) -> bool:
        """Whether there is a licence of this name that has not ended."""


class Nodes(Mapping[str, NodeSnapshot]):
    """The nodes by id, kept by the events; ``NodeChanged`` tells. For administrators: else there are none."""

    def __init__(self, pbx: "Pbx") -> None:
        """Made by ``Pbx.nodes`` only."""
        self._pbx = pbx

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
        return self._pbx.loop

    @property
    def snapshot(self) -> NodesSnapshot:
        """Nodes, licences and server as they were last told."""
        return self._pbx._board.nodes

    @property
    def licences(self) -> tuple[Licence, ...]:
        """The licences as they were last read; ``refresh`` reads how many are in use now."""
        return self.snapshot.licences

    @owned
    async def refresh(self) -> NodesSnapshot:
        """Read nodes and licences again. O2G: GET /system/status."""
        await self._pbx._ask(Feature.NODES, lambda commands: commands.nodes.refresh(), safe=True)
        return self.snapshot

    @owned
    async def has_licence(self, name: str) -> bool:
        """Whether there is a licence of this name, such as ``ROXE_HA``. O2G: GET /system/licenses."""
        if not name.strip():
            raise InvalidInput("name", "is empty.", remedy="Give the name of a licence, such as ROXE_HA.")
        return await self._pbx._ask(None, lambda commands: commands.nodes.has_licence(name), safe=True)
