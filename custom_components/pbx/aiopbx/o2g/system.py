"""O2G as the model's system: its servers, the link that is in use, and what outlives a link."""

from collections.abc import Mapping
from functools import partial

import aiohttp

from ..errors import EventsLate, PbxError
from ..http.body import MOST_OF_A_LOGIN
from ..link import Unconnected, WireSystem
from ..model import Feature, LineSnapshot
from ..ports import Link
from ..requests import Requests
from ..settings.connection import ConnectionSettings
from ..store import Store
from .channel import channels_of
from .client import O2gClient
from .commands import O2gChecks
from .link import O2gLink
from .rights import ADMINISTRATOR, ALL, LICENCES, OF_THE_SYSTEM, SERVICES, Rights, missing_of
from .services import OPERATIONS
from .subscription import PACKAGE_OF


class O2gSystem(WireSystem[O2gClient]):
    """One O2G server, or a pair of them. See ``System``."""

    def __init__(self, settings: ConnectionSettings, store: Store, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this store, over this HTTP session; none makes one that is closed with the system."""
        super().__init__(settings, store, http, partial(aiohttp.CookieJar, unsafe=True), _Offline())
        self.rights = Rights()
        self._channels = channels_of(settings, self.wire)
        self._suspected = False
        """Whether the events of the last channel may have been late."""
        self._channels.direct = self._own_http
        self.requests = Requests(OPERATIONS, lambda: self.client)
        """Every operation of the wire, by name."""

    # ------------------------------------------------------------------------------------------------ what it can do

    @property
    def features(self) -> frozenset[Feature]:
        """What any line can do; without lines, what the licence of the account gives."""
        lines = self.store.lines
        features = frozenset().union(*{line.features for line in lines.values()}) if lines else ALL
        client = self.client
        if client is None or client.administrator:
            features |= OF_THE_SYSTEM
        if client is not None:
            features |= {feature for feature in SERVICES if self._lacks(client, feature) is None}
        for licence in self.rights.account_lacks:
            features -= LICENCES.get(licence, frozenset())
        return features

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """What licences lack; of the account also what only administrators may do."""
        rights = self.rights
        if line is not None:
            return missing_of(basic=line.id in rights.basic, lacking=rights.lacking(line.id))
        lines, client = self.store.lines, self.client
        basic = bool(lines) and rights.basic.issuperset(lines)
        missing = dict(missing_of(basic=basic, lacking=rights.account_lacks))
        if client is not None and not client.administrator:
            missing |= dict.fromkeys(sorted(OF_THE_SYSTEM), ADMINISTRATOR)
        if client is not None:
            for feature in SERVICES:
                lacks = self._lacks(client, feature)
                if lacks is not None:
                    missing.setdefault(feature, lacks)
        return missing

    def _lacks(self, client: O2gClient, feature: Feature) -> str | None:
        """What a server of today lacks for a feature, in words; None where nothing is missing."""
        if not client.offers(SERVICES[feature]):
            return f"the service {SERVICES[feature]}, which this server does not offer to this account"
        package = PACKAGE_OF.get(feature)
        if package is not None and package in self.rights.unknown_packages:
            return f"events of the package {package}, which this server refuses"
        return None

    # ------------------------------------------------------------------------------------------------------ links

    async def open(self, server: int) -> Link:
        """Log in to a server, subscribe, and open the channel."""
        client = self._client(server)
        link = O2gLink(
            client,
            self.settings,
            self.store,
            self.rights,
            server=server,
            on_heartbeat=self._on_heartbeat,
            suspected=self._suspected,
        )
        try:
            await link.open()
        except EventsLate:
            self._suspected = True
            raise
        self._suspected = link.suspected
        return link

    def _client(self, server: int) -> O2gClient:
        return O2gClient(
            self.settings,
            self._session(),
            url=self.settings.urls[server],
            statistics=self.wire,
            channels=self._channels,
            left=self._left,
        )

    async def _give_back_what_was_left(self, server: int) -> None:
        await self._client(server).give_back_what_was_left()

    def use(self, link: Link | None) -> None:
        """As of any system; and how the last channel ended decides what the next one has to show."""
        last = self._link
        if link is None and isinstance(last, O2gLink):
            self._suspected = last.suspected
        super().use(link)

    def _on_heartbeat(self, period: float) -> None:
        self.heartbeat = period

    async def serves(self, server: int) -> bool:
        """``GET /api/rest`` of a server: a server of a pair that does not serve refuses it."""
        transport = self._channels.transport(self._session(), self.settings.urls[server])
        try:
            await transport.open()
            await transport.request(
                "GET",
                transport.url + "/api/rest",
                name="GET /api/rest",
                with_cookies=False,
                safe=True,
                most=MOST_OF_A_LOGIN,
            )
        except PbxError:
            return False
        finally:
            await transport.close()
        return True

    async def close(self) -> None:
        """Close what the base closes, and listen no more: what is left may have to be given back through a tunnel."""
        try:
            await super().close()
        finally:
            await self._channels.close()


class _Offline(Unconnected, O2gChecks):
    """The commands while there is no connection: the checks, and nothing else."""
