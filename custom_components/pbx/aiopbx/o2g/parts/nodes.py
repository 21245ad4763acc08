"""The nodes of O2G and the licences of its server."""

from collections.abc import Callable

from ...errors import NotAllowed, NotFound, SessionLost
from ...nodes import NodesSnapshot
from ..client import O2gClient
from ..records import nodes_of
from . import Lacks, Part


class O2gNodes(Part):
    """The state of the system, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks, told: Callable[[NodesSnapshot], None]) -> None:
        """Ask this client, and tell what it reads."""
        super().__init__(client, lacks)
        self._told = told

    async def refresh(self) -> None:
        """``GET /system/status``."""
        self._told(nodes_of(await self._client.maintenance.system_status()))

    async def has_licence(self, name: str) -> bool:
        """``GET /system/licenses?lic=…``; a refusal means no."""
        try:
            await self._client.maintenance.license_available(lic=name)
        except SessionLost:
            raise
        except (NotAllowed, NotFound):
            return False
        return True
