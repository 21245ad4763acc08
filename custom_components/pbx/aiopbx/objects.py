"""The objects of a system's configuration: a tree of any depth on every node."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .core import Core
from .errors import InvalidInput
from .loops import owned
from .model import Feature
from .records import ObjectKind, PbxObject

if TYPE_CHECKING:
    import asyncio

    from .filters import ObjectFilter


class Objects:
    """The configuration of the nodes: ``pbx.objects``. For administrators, with the licence for it.

    ``path`` is names and ids in turn, such as ``Subscriber/4722/Subscriber_Alias/5``; a kind ends with its name.
    ``node`` may be left out where there is only one.
    """

    def __init__(self, core: Core) -> None:
        """Made by ``Pbx.objects`` only."""
        self._core = core

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    @owned
    async def nodes(self) -> tuple[str, ...]:
        """The ids of the nodes. O2G: GET /pbxs."""
        return await self._core.commands_for(Feature.OBJECTS).objects.nodes()

    @owned
    async def model(self, kind: str | None = None, *, node: str | int | None = None) -> ObjectKind:
        """What objects of a kind are like; None is the one at the top. O2G: GET /pbxs/{nodeId}/model[/{objectName}]."""
        where = await self._node(node)
        return await self._core.commands_for(Feature.OBJECTS).objects.model(where, kind)

    @owned
    async def get(
        self, path: str = "", *, attributes: Sequence[str] | None = None, node: str | int | None = None
    ) -> PbxObject:
        """Read an object, whole or these attributes of it. O2G: GET /pbxs/{nodeId}/instances/…."""
        where = await self._node(node)
        return await self._core.commands_for(Feature.OBJECTS).objects.read(where, path, attributes)

    @owned
    async def find(
        self,
        path: str,
        filter: "ObjectFilter | str | None" = None,
        *,
        attributes: Sequence[str] | None = None,
        node: str | int | None = None,
    ) -> tuple[PbxObject, ...]:
        """The objects of a kind that a filter lets through. O2G: GET /pbxs/{nodeId}/instances/….

        ``attribute("Annu_Name").begins_with("Jz")`` makes a filter. Of each object these attributes are read too.
        """
        where = await self._node(node)
        return await self._core.commands_for(Feature.OBJECTS).objects.find(where, path, filter, attributes)

    @owned
    async def create(
        self, path: str, values: Mapping[str, Any], *, action: str | None = None, node: str | int | None = None
    ) -> None:
        """Create an object of a kind; what is not given has its default. O2G: POST /pbxs/{nodeId}/instances/…."""
        where = await self._node(node)
        await self._core.commands_for(Feature.OBJECTS).objects.create(where, path, values, action)

    @owned
    async def change(self, path: str, values: Mapping[str, Any], *, node: str | int | None = None) -> None:
        """Change attributes of an object. O2G: PUT /pbxs/{nodeId}/instances/….

        Raises ``Conflict`` where someone else has changed it since it was last read.
        """
        where = await self._node(node)
        await self._core.commands_for(Feature.OBJECTS).objects.change(where, path, values, None)

    @owned
    async def action(
        self, path: str, action: str, values: Mapping[str, Any] | None = None, *, node: str | int | None = None
    ) -> None:
        """Carry out an action that the object offers; ``add`` and ``remove`` change lists. O2G: PUT …?action=…."""
        if not action.strip():
            raise InvalidInput("action", "is empty.", remedy="The model names the actions that there are.")
        where = await self._node(node)
        await self._core.commands_for(Feature.OBJECTS).objects.change(where, path, values or {}, action)

    @owned
    async def delete(self, path: str, *, force: bool = False, node: str | int | None = None) -> None:
        """Delete an object; ``force`` where the model offers it. O2G: DELETE /pbxs/{nodeId}/instances/…."""
        where = await self._node(node)
        await self._core.commands_for(Feature.OBJECTS).objects.delete(where, path, force)

    async def _node(self, node: str | int | None) -> str:
        if node is not None:
            return str(node)
        known = tuple(self._core.store.nodes.nodes)
        ids = tuple(one.id for one in known) if known else await self.nodes()
        if len(ids) == 1:
            return ids[0]
        raise InvalidInput(
            "node",
            "is missing: there are several." if ids else "is missing, and no node is known.",
            remedy=f"Name one of them: {', '.join(ids)}." if ids else "Name it.",
        )
