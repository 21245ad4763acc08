"""What is told of the system itself: its nodes, its licences, its objects."""

import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from ..board import Board
from ..errors import PbxError, SessionLost
from ..events import LicenceExpiring, NodeChanged, ObjectChanged
from ..nodes import CtiLink, NodeSnapshot, NodesSnapshot
from ..objects import ObjectChange
from .client import O2gClient
from .records import nodes_of
from .types.maintenance import OnCtiLinkDown, OnCtiLinkUp, OnLicenseExpiration, OnPbxLoaded
from .types.pbx_management import (
    OnPbxObjectInstanceCreated,
    OnPbxObjectInstanceDeleted,
    OnPbxObjectInstanceModified,
)

_LOG = logging.getLogger(__name__)

_OF_A_NODE: Final = frozenset({OnCtiLinkUp, OnCtiLinkDown, OnPbxLoaded})
_OBJECT_CHANGES: Final[dict[type, ObjectChange]] = {
    OnPbxObjectInstanceCreated: ObjectChange.CREATED,
    OnPbxObjectInstanceModified: ObjectChange.CHANGED,
    OnPbxObjectInstanceDeleted: ObjectChange.DELETED,
}
_LINKED: Final = frozenset({CtiLink.MAIN, CtiLink.SECONDARY})


class News:
    """Shows on the board what one connection tells of the system."""

    def __init__(
        self, client: O2gClient, board: Board, start: Callable[[Coroutine[Any, Any, None], str], None]
    ) -> None:
        """``start`` begins a task."""
        self._client = client
        self._board = board
        self._start = start

    def take(self, event: Any) -> None:
        """Apply an event that is about no line."""
        kind, now = type(event), datetime.now(UTC)
        if kind in _OF_A_NODE:
            self._node_says(event, now)
        elif kind is OnLicenseExpiration:
            self._board.publish(LicenceExpiring(at=now, days=event.nb_days or 0, message=event.message))
            self._start(self._read_later(), "nodes")
        elif (change := _OBJECT_CHANGES.get(kind)) is not None:
            above = event.father
            self._board.publish(
                ObjectChanged(
                    at=now,
                    change=change,
                    node=event.node_id,
                    name=event.object_name or "",
                    id=event.object_id or "",
                    above=f"{above.object_name}/{above.object_id}" if above is not None and above.object_id else None,
                )
            )

    def _node_says(self, event: Any, now: datetime) -> None:
        """The link to a node is up or down, or its data is loaded."""
        known = self._board.nodes
        if event.node_id is None:
            return
        before = next((node for node in known.nodes if node.id == event.node_id), None)
        node = before or NodeSnapshot(id=event.node_id)
        if type(event) is OnPbxLoaded:
            after = replace(node, loaded=True)
        elif type(event) is OnCtiLinkDown:
            after = replace(node, link=CtiLink.DOWN)
        else:
            after = replace(node, link=node.link if node.link in _LINKED else CtiLink.UP)
        if after == before:
            return
        others = tuple(other for other in known.nodes if other is not before)
        self._board.nodes = replace(known, nodes=tuple(sorted((*others, after), key=lambda one: one.id)))
        self._board.publish(NodeChanged(at=now, node=after, previous=before))
        if after.link is CtiLink.UP:
            self._start(self._read_later(), "nodes")

    def nodes_read(self, nodes: NodesSnapshot) -> None:
        """The nodes, as they were read; what differs is told."""
        former = {node.id: node for node in self._board.nodes.nodes}
        self._board.nodes = nodes
        now = datetime.now(UTC)
        for node in nodes.nodes:
            before = former.get(node.id)
            if before is not None and (before.link, before.loaded) != (node.link, node.loaded):
                self._board.publish(NodeChanged(at=now, node=node, previous=before))

    async def read(self) -> None:
        """Read nodes and licences, where the account may."""
        if self._client.administrator:
            try:
                self.nodes_read(nodes_of(await self._client.maintenance.system_status()))
            except SessionLost:
                raise
            except PbxError as error:
                if error.transient:
                    raise
                _LOG.debug("The nodes cannot be read: %s", type(error).__name__)

    async def _read_later(self) -> None:
        try:
            await self.read()
        except PbxError as error:
            _LOG.info("The nodes could not be read: %s", error.message)
