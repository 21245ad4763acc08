"""A simulated office behind a real proxy, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aiopbx
from aiopbx import Pbx
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

        def seen() -> int:
            counted = pbx.statistics
            return counted.unknown_events + counted.unknown_values + counted.malformed_frames

        before, began = seen(), monotonic()
        assert self.simulator.faults.unknown_event("OnMarkOfATest")
        async with asyncio.timeout(most):
            while seen() == before:
                await asyncio.sleep(0.001)
        return monotonic() - began

    async def least_delay(self, pbx: Pbx, tries: int = 10, enough: float = 0.1) -> float:
        """Return the least delay of several events: what else runs on this machine adds to most of them."""
        least = float("inf")
        for _ in range(tries):
            # (an event that comes while another waits is not delayed by itself)
            await asyncio.sleep(0.01)
            least = min(least, await self.delay(pbx))
            if least < enough:
                break
        return least


def where(url: str) -> str:
    """Host and port of a URL."""
    return url.partition("://")[2]


def _settings(**settings: Any) -> SimulatorSettings:
    return SimulatorSettings(**{"istra_push": 0.0, "tunnel_retry": 0.02, "webhook_back_off": 0.01, **settings})


def _client(certificate: Certificate, **settings: Any) -> dict[str, Any]:
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
    scheme: str = "https",
    public: bool = True,
    prefix: str = "",
    without: str | None = None,
    idle: int | None = None,
    **settings: Any,
) -> AsyncIterator[Lab]:
    """A simulator with O2G and Istra behind a proxy, which clients reach over this scheme.

    ``public`` says that O2G names the URLs of the proxy; with ``prefix``, its path there, it has to be said by the
    proxy, but for the events. ``without`` and ``idle`` are those of ``running``.
    """
    tls = scheme == "https"
    async with Simulator(_settings(istra=True, **settings)) as simulator:
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
                name_public_urls(simulator, proxy, prefix)
            lab = Lab(simulator, proxy, _client(certificate, url=proxy.address() + prefix))
            async with _closed_at_the_end(lab):
                yield lab


def name_public_urls(simulator: Simulator, proxy: Proxy, prefix: str) -> None:
    """Let the servers name the proxy's URLs as their public ones, as their administrator would have set them."""
    update = {"public_event_url": proxy.address(8016) if 8016 in proxy.ports else proxy.address() + prefix}
    if not prefix:
        update["public_url"] = proxy.address()
    for server in simulator.servers:
        server.settings = server.settings.model_copy(update=update)


@asynccontextmanager
async def before_a_client(
    name: str, folder: Path, certificate: Certificate, *, channel: str, scheme: str = "https"
) -> AsyncIterator[Lab]:
    """A proxy before the listener of a client: what O2G sends on its own comes through it."""
    tls = scheme == "https"
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
