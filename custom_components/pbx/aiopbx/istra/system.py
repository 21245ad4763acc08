"""An application of Istra as the model's system."""

from collections.abc import Mapping

import aiohttp

from ..errors import PbxError
from ..link import Unconnected, WireSystem
from ..model import Feature, LineSnapshot
from ..ports import Link
from ..settings.connection import ConnectionSettings
from ..store import Board
from .checks import IstraChecks
from .client import APPLICATIONS, IstraClient
from .features import FEATURES
from .link import IstraLink
from .requests import IstraRequests


class IstraSystem(WireSystem[IstraLink]):
    """myRCC, myCrm or myIstra on one server. See ``System``."""

    def __init__(self, settings: ConnectionSettings, board: Board, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this board, over this HTTP session; none makes one that is closed with the system."""
        super().__init__(settings, board, http, aiohttp.DummyCookieJar, _Offline(devices=settings.system != "myrcc"))
        self.features: frozenset[Feature] = FEATURES[settings.system]
        self.requests = IstraRequests(APPLICATIONS[settings.system], lambda: self.client)
        """Every operation of the application, by name."""

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """Nothing of Istra is absent for want of a licence that could be named."""
        return {}

    @property
    def client(self) -> IstraClient | None:
        """The wire of the current connection."""
        return self._link.client if self._link is not None else None

    async def open(self, server: int) -> Link:
        """Log in, and open the socket."""
        link = IstraLink(self, self._client())
        await link.open()
        return link

    async def serves(self, server: int) -> bool:
        """Whether one can log in. Nobody asks: there is one server only."""
        client = self._client()
        try:
            await client.open()
        except PbxError:
            return False
        finally:
            await client.close()
        return True

    def _client(self) -> IstraClient:
        return IstraClient(self.settings, self._session(), statistics=self.wire)


class _Offline(Unconnected, IstraChecks):
    """The commands while there is no connection: the checks, and nothing else."""
