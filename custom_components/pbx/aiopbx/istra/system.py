"""An application of Istra as the model's system."""

from collections.abc import Mapping
from time import monotonic

import aiohttp

from ..errors import PbxError
from ..link import Unconnected, WireSystem
from ..model import Feature, LineSnapshot
from ..ports import Link
from ..requests import Requests
from ..settings.connection import ConnectionSettings
from ..store import Store
from .client import APPLICATIONS, IstraClient
from .lines import FEATURES, IstraChecks
from .link import IstraLink
from .services import operations_of


class IstraSystem(WireSystem[IstraClient]):
    """myRCC, myCrm or myIstra on one server. See ``System``."""

    def __init__(self, settings: ConnectionSettings, store: Store, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this store, over this HTTP session; none makes one that is closed with the system."""
        super().__init__(settings, store, http, aiohttp.DummyCookieJar, _Offline(devices=settings.system != "myrcc"))
        self._unconfirmed: dict[str, float] = {}
        self.features: frozenset[Feature] = FEATURES[settings.system]
        self.requests = Requests(operations_of(APPLICATIONS[settings.system]), lambda: self.client)
        """Every operation of the application, by name."""

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """Nothing of Istra is absent for want of a licence that could be named."""
        return {}

    async def open(self, server: int) -> Link:
        """Log in, and open the socket."""
        link = IstraLink(self._client(), self.settings, self.store, self._unconfirmed)
        await link.open()
        return link

    def use(self, link: Link | None) -> None:
        """As of any system; and from the moment of a loss on nothing is known of the calls that there are."""
        now = monotonic()
        for line in self.store.lines.values():
            for call in line.calls:
                self._unconfirmed.setdefault(call.id, now)
        super().use(link)

    async def serves(self, server: int) -> bool:
        """Whether one can log in. Not asked in practice: there is only one server."""
        client = self._client()
        try:
            await client.open()
        except PbxError:
            return False
        finally:
            await client.close()
        return True

    async def _give_back_what_was_left(self, server: int) -> None:
        await self._client().give_back_what_was_left()

    def _client(self) -> IstraClient:
        return IstraClient(self.settings, self._session(), statistics=self.wire, left=self._left)


class _Offline(Unconnected, IstraChecks):
    """The commands while there is no connection: the checks, and nothing else."""
