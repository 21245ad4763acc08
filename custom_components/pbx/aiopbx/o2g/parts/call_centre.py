"""Figures of the call centre in real time."""

from ...centre import CentreAgent, FiguresWanted, TableName
from ..centre import CentreState
from ..client import O2gClient
from ..types.base import CONTACTCENTER_SERVICE
from . import Lacks, Part


class O2gFigures(Part):
    """One context a session, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks, centre: CentreState) -> None:
        """Ask this client; ``centre`` keeps what comes."""
        super().__init__(client, lacks)
        self._centre = centre

    async def objects(self) -> dict[TableName, dict[str, str]]:
        """``GET /``."""
        found = await self._licensed(None, CONTACTCENTER_SERVICE, self._centre.objects())
        return {table: {number: _name(row) for number, row in rows.items()} for table, rows in found.items()}

    async def want(self, wanted: FiguresWanted | None) -> None:
        """``POST /ctx`` and ``POST /snapshot``, or ``DELETE /ctx``."""
        await self._licensed(None, CONTACTCENTER_SERVICE, self._centre.want(wanted))


def _name(row: object) -> str:
    name: str = getattr(row, "name", None) or ""
    return f"{row.first_name or ''} {name}".strip() if isinstance(row, CentreAgent) else name
