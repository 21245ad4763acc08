"""A simulated office behind a real proxy, and clients of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp

import aiopbx
from aiopbx import CallEnded, CallStarted, Event, LineChanged, Pbx
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator, SimulatorSettings
from tests.aiopbx.channels import free_port, secret
from tests.aiopbx.istra_office import RCC, end_user
from tests.aiopbx.office import ADMIN, until
from tests.proxies.programs import Proxy, running

ISTRA: dict[str, dict[str, str]] = {"myrcc": RCC, "mycrm": end_user("mycrm"), "myistra": end_user("myistra")}


@dataclass(frozen=True)
class Certificate:
    """What the proxies and the simulators of a run show, and their clients trust."""

    folder: Path
    path: Path
    with_key: Path


@dataclass
class Lab:
    """A simulator, a proxy before it or before its client, and the client's settings."""

    simulator: Simulator
    proxy: Proxy
    settings: dict[str, Any]
    clients: list[Pbx] = field(default_factory=list)

    async def connect(self, **settings: Any) -> Pbx:
        """Connect through the proxy."""
        pbx = await aiopbx.connect(**{**self.settings, **settings})
        self.clients.append(pbx)
        return pbx

    async def delay(self, pbx: Pbx, most: float = 10.0) -> float:
        """Return how many seconds an event takes to the client. Raises ``TimeoutError`` after ``most``."""
        switch = self.simulator.switch
        call = switch.incoming_external("0015550100", "1000")
        ends: type[Event] = LineChanged  # myIstra shows no calls, but that one was missed
        if pbx.settings.system != "myistra":
            await self._event(pbx, CallStarted, most)
            ends = CallEnded
        began = monotonic()
        switch.external_hang_up(call.ref)
        await self._event(pbx, ends, most)
        return monotonic() - began

    async def _event(self, pbx: Pbx, kind: type[Event], most: float) -> None:
        """Wait for the next event of this kind."""
        arrived = asyncio.Event()
        stop = pbx.subscribe(lambda event: arrived.set(), kind=kind)
        try:
            async with asyncio.timeout(most):
                await arrived.wait()
        finally:
            stop()

    async def least_delay(self, pbx: Pbx, tries: int = 10, enough: float = 0.1) -> float:
        """Return the least delay of several events: what else runs on this machine adds to most of them."""
        least = float("inf")
        for _ in range(tries):
            await asyncio.sleep(0.01)  # an event on the heels of another may overtake what delays that one
            least = min(least, await self.delay(pbx))
            if least < enough:
                break
        return least


def where(url: str) -> str:
    """Host and port of a URL."""
    return url.partition("://")[2]


def _settings(**settings: Any) -> SimulatorSettings:
    return SimulatorSettings(**{"istra_push": 0.0, "tunnel_retry": 0.02, "webhook_back_off": 0.01, **settings})


def _client(proxy: Proxy, certificate: Certificate, **settings: Any) -> dict[str, Any]:
    made = {"request_timeout": 5.0, "reconnect_min": 0.01, "reconnect_max": 0.05, **settings}
    if made["url"].startswith("https:"):
        made["ca_file"] = certificate.path
    return made


@asynccontextmanager
async def behind(
    name: str,
    folder: Path,
    certificate: Certificate,
    *,
    tls: bool,
    upstream_tls: bool = False,
    public: bool = True,
    without: str | None = None,
    idle: int | None = None,
    **settings: Any,
) -> AsyncIterator[Lab]:
    """A simulator with O2G and Istra behind a proxy. ``public`` says that O2G names the URLs of the proxy.

    ``without`` and ``idle`` are those of ``running``.
    """
    async with Simulator(_settings(istra=True, tls=upstream_tls, **settings)) as simulator:
        servers = {
            "o2g.example.net:80": where(simulator.http_url),
            "o2g.example.net:443": where(simulator.url),
            "o2g.example.net:8014": where(simulator.event_url),
            "o2g.example.net:8016": where(simulator.event_url),
            "istra.example.net:80": where(simulator.istra_http_url),
        }
        async with running(
            name, folder, servers=servers, certificate=certificate.with_key, tls=tls, without=without, idle=idle
        ) as proxy:
            if public:
                name_public_urls(simulator, proxy)
            lab = Lab(simulator, proxy, _client(proxy, certificate, url=proxy.address()))
            async with _closed_at_the_end(lab):
                yield lab


def name_public_urls(simulator: Simulator, proxy: Proxy, prefix: str = "", *, events_only: bool = False) -> None:
    """Let the servers name the proxy's URLs as their public ones, as their administrator would have set them."""
    events = proxy.ports.get(8016)
    update: dict[str, str] = {} if events_only else {"public_url": proxy.address() + prefix}
    update["public_event_url"] = proxy.address(8016) if events is not None else proxy.address() + prefix
    for server in simulator.servers:
        server.settings = server.settings.model_copy(update=update)


@asynccontextmanager
async def before_a_client(
    name: str, folder: Path, certificate: Certificate, *, channel: str, tls: bool
) -> AsyncIterator[Lab]:
    """A proxy before the listener of a client: what O2G sends on its own comes through it."""
    async with Simulator(_settings(outgoing_ca_file=certificate.path)) as simulator:
        port = free_port()
        word = secret(port)
        servers = {f"aiopbx.example.net:{documented}": f"127.0.0.1:{port}" for documented in (8445, 8446)}
        async with running(name, folder, servers=servers, certificate=certificate.with_key, tls=tls) as proxy:
            listener: dict[str, Any] = {"host": "127.0.0.1", "port": port, "secret": word, "behind_proxy": True}
            if channel == "webhook":
                listener["public_url"] = proxy.address()
            else:
                simulator.open_tunnel(f"{proxy.address(scheme='ws')}/{word}")
            lab = Lab(
                simulator,
                proxy,
                {"url": simulator.url, "request_timeout": 5.0, "channel": channel, channel: listener, **ADMIN},
            )
            async with _closed_at_the_end(lab):
                yield lab


@asynccontextmanager
async def _closed_at_the_end(lab: Lab) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for pbx in lab.clients:
            await pbx.close()
    await until(lambda: not any(len(server.sessions) for server in lab.simulator.servers))


async def bytes_at_once(lab: Lab) -> int:
    """Open a channel of O2G without the client's own reading, send small events until anything arrives, and return how
    many bytes that is: those of one event, or the block in which a proxy passes them on."""
    settings = ConnectionSettings.make(**lab.settings)
    async with aiohttp.ClientSession() as http:
        client = O2gClient(settings, http)
        await client.open()
        try:
            selectors = (Selector(ids=("oxe1000",), names=("telephony",)),)
            wanted = SubscriptionRequest(version="2.0", timeout=0, filter=Filter(selectors=selectors))
            url = (await client.subscribe(wanted)).public_polling_url
            assert url is not None
            context = await settings.load_ssl() if lab.proxy.tls else None
            return await _first(lab.simulator, http, url, context)
        finally:
            await client.close()


async def _first(simulator: Simulator, http: aiohttp.ClientSession, url: str, context: ssl.SSLContext | None) -> int:
    async def read() -> int:
        async with http.post(url, ssl=context or False) as response:
            return len(await response.content.readany())

    arrived = asyncio.create_task(read())
    await until(lambda: simulator.servers[0].subscriptions.all[0].channel is not None)
    try:
        while not arrived.done():
            assert simulator.faults.unknown_event("On" + "x" * 200)
            await asyncio.sleep(0.004)  # one by one: what is sent at once may well arrive at once
        return arrived.result()
    finally:
        arrived.cancel()
