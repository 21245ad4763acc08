"""A bridge as the model's system."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import cast

import aiohttp

from ..errors import PbxError, not_connected
from ..http.tap import WireStatistics
from ..link import Unconnected
from ..model import AvailableLine, Feature, LineSnapshot, Statistics
from ..ports import Commands, Link
from ..settings.broker import name_in, prefix_and_name, split_address
from ..settings.connection import ConnectionSettings
from ..store import Store, stale
from .broker import Address
from .commands import BridgeChecks
from .link import MqttLink


class MqttSystem:
    """A telephone system behind a bridge. See ``System``."""

    servers = 1

    def __init__(self, settings: ConnectionSettings, store: Store, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this store. The HTTP session is not needed."""
        self.settings = settings
        self.store = store
        self.wire = WireStatistics(tap=store.tap)
        self.features: frozenset[Feature] = frozenset()
        self._link: MqttLink | None = None
        self._offline: Commands = cast("Commands", _Offline())

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """The bridge does not say which licences are missing."""
        return {}

    async def open(self, server: int) -> Link:
        """Connect to the broker, and find the workers."""
        settings = self.settings
        scheme, host, port, _ = split_address(settings.url)
        context = await settings.load_ssl() if scheme == "mqtts" else None
        address = Address(
            host=host,
            port=port,
            username=settings.username or None,
            password=settings.password.get_secret_value() or None,
            tls=context,
            timeout=settings.request_timeout,
        )
        prefix, name = prefix_and_name(settings.url)
        user = address.username
        if user is None and settings.client_certificate is not None:
            # Access lists let each user read answers at a place of its own, whose name the broker has from there.
            user = await asyncio.get_running_loop().run_in_executor(None, name_in, settings.client_certificate)
        link = MqttLink(address, prefix, name, settings, self.store, self.wire, user=user)
        await link.open()
        self.features = link.features
        return link

    async def serves(self, server: int) -> bool:
        """Whether one can connect. Not asked in practice: there is one broker."""
        try:
            link = await self.open(server)
        except PbxError:
            return False
        await link.close()
        return True

    def use(self, link: Link | None) -> None:
        """Send commands through this link; every line is unconfirmed until a state of it has come."""
        self._link = cast("MqttLink | None", link)
        lines = self.store.lines
        for id_, line in lines.items():
            lines[id_] = stale(line)

    @property
    def commands(self) -> Commands:
        """The commands of the link in use."""
        return self._offline if self._link is None else self._link.commands

    def expect_event(self, line: str) -> None:
        """The bridge sees to this: its worker reads the state again where no event comes."""

    def statistics(self) -> Statistics:
        """What has come over the wire."""
        wire, link = self.wire, self._link
        return Statistics(
            events=wire.events,
            malformed_frames=wire.malformed_frames,
            heartbeat=None if link is None else link.interval,
            channel_age=None if link is None else max(0.0, monotonic() - link.last_heard),
        )

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """The lines that the bridge publishes."""
        if self._link is None:
            raise not_connected()
        return await self._link.available_lines()

    async def close(self) -> None:
        """Nothing outlives a link."""


class _Offline(Unconnected, BridgeChecks):
    """The commands while there is no connection: the checks, and nothing else."""
