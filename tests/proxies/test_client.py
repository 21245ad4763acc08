"""What the client does about a proxy that is in its way, or says of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import aiopbx
from aiopbx import ConnectionFailed, EventsLate, RequestRefused, Status
from aiopbx.simulator import Simulator, SimulatorSettings
from tests.aiopbx.channels import free_port
from tests.aiopbx.office import ADMIN, until
from tests.proxies.lab import ISTRA, Certificate, behind
from tests.proxies.programs import NAMES, running

EVERY_PROXY = [pytest.param(kind, marks=pytest.mark.proxy(kind)) for kind in NAMES]


@contextmanager
def only_to(monkeypatch: pytest.MonkeyPatch, *allowed: int) -> Iterator[None]:
    """As behind a firewall: nothing in this process can be connected to but these ports."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def checked(sock: Any, address: Any) -> None:
        if address[1] not in allowed:
            raise ConnectionRefusedError
        await connect(sock, address)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "sock_connect", checked)
        yield


# Events that are held back


@pytest.mark.proxy("nginx")
@pytest.mark.parametrize(
    ("snippet", "scheme"), [("nginx/o2g-plain", "http"), ("nginx/o2g-plain", "https"), ("nginx/o2g-http11", "https")]
)
async def test_a_proxy_that_holds_events_back_is_named(
    snippet: str, scheme: str, tmp_path: Path, certificate: Certificate
) -> None:
    async with behind(snippet, tmp_path, certificate, scheme=scheme) as lab:
        with pytest.raises(EventsLate) as caught:
            await lab.connect(**ADMIN, network="public", request_timeout=2.0)
        assert "proxy_buffering off" in str(caught.value)


# URLs that lead past the proxy


@pytest.mark.parametrize(
    ("snippet", "without"),
    [
        # as someone writes it who has heard of buffering only
        pytest.param("nginx/o2g", "set_header", id="nginx", marks=pytest.mark.proxy("nginx")),
        pytest.param("httpd/o2g-plain", None, id="httpd", marks=pytest.mark.proxy("httpd")),
        pytest.param("haproxy/o2g-plain", None, id="haproxy", marks=pytest.mark.proxy("haproxy")),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_given_address_holds_for_everything(
    snippet: str,
    without: str | None,
    scheme: str,
    tmp_path: Path,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that knows nothing of the proxy names itself, or http, and the event port of its own machine."""
    async with behind(snippet, tmp_path, certificate, scheme=scheme, public=False, without=without) as lab:
        with only_to(monkeypatch, *lab.proxy.ports.values()):
            with pytest.raises(ConnectionFailed) as caught:
                await lab.connect(**ADMIN)
            if scheme == "http":
                port = lab.simulator.event_url if snippet.endswith("-plain") else lab.simulator.url
                assert port.rpartition(":")[2] in str(caught.value), "it says where the URL leads"
            else:
                assert "without encryption" in str(caught.value)
            pbx = await lab.connect(**ADMIN, use_given_address=True, event_port=lab.proxy.ports[8016])
            await lab.delay(pbx)


# A server that is gone, behind a proxy that is not


@pytest.mark.parametrize("kind", EVERY_PROXY)
async def test_a_dead_primary_behind_a_proxy(kind: str, tmp_path: Path, certificate: Certificate) -> None:
    """What the proxy answers for it, 502 or 503, says nothing of the secondary."""
    nowhere = f"127.0.0.1:{free_port()}"
    servers = {f"o2g.example.net:{port}": nowhere for port in (80, 8014)}
    async with (
        Simulator(SimulatorSettings(ha=True)) as simulator,
        running(f"{kind}/o2g", tmp_path, servers=servers, certificate=certificate.with_key, tls=False) as proxy,
    ):
        simulator.faults.switch_to_secondary()
        pbx = await aiopbx.connect(url=proxy.address(), secondary_url=simulator.secondary_url, **ADMIN)
        try:
            assert pbx.status is Status.ONLINE
            assert pbx.info.url.startswith(simulator.secondary_url)
        finally:
            await pbx.close()


# Quiet connections


@pytest.mark.parametrize("kind", EVERY_PROXY)
async def test_pings_keep_a_quiet_socket(kind: str, tmp_path: Path, certificate: Certificate) -> None:
    """An idle time-out of one second here, with pings as often as 20 seconds are in one of 50."""
    async with behind(f"{kind}/istra", tmp_path, certificate, idle=1, istra_timeout=3600) as lab:
        kept = [await lab.connect(**who, ping_interval=0.4) for who in ISTRA.values()]
        cut = [await lab.connect(**who, ping_interval=0) for who in ISTRA.values()]
        await until(lambda: all(pbx.statistics.losses >= 2 for pbx in cut), 20)
        assert [pbx.statistics.losses for pbx in kept] == [0, 0, 0]
        assert {pbx.status for pbx in kept} == {Status.ONLINE}


# Large cookies


@pytest.mark.parametrize(
    "snippet",
    [
        pytest.param("nginx/o2g", marks=pytest.mark.proxy("nginx")),
        pytest.param("httpd/o2g-plain", marks=pytest.mark.proxy("httpd")),
        pytest.param("haproxy/o2g-plain", marks=pytest.mark.proxy("haproxy")),
    ],
)
async def test_a_large_cookie_is_sent_back(snippet: str, tmp_path: Path, certificate: Certificate) -> None:
    async with behind(snippet, tmp_path, certificate, credential_length=7000) as lab:
        await lab.delay(await lab.connect(**ADMIN, network="public"))


@pytest.mark.proxy("nginx")
async def test_a_cookie_too_large_for_nginx(tmp_path: Path, certificate: Certificate) -> None:
    async with behind("nginx/o2g-plain", tmp_path, certificate, credential_length=5000) as lab:
        with pytest.raises(RequestRefused) as caught:
            await lab.connect(**ADMIN, network="public")
        assert caught.value.status == 502
        assert "proxy_buffer_size" in str(caught.value)


@pytest.mark.proxy("haproxy")
async def test_a_cookie_too_large_for_the_server(tmp_path: Path, certificate: Certificate) -> None:
    """HAProxy lets it pass, and the server refuses its return: the answer says 400, and what to do."""
    async with behind("haproxy/o2g-plain", tmp_path, certificate, credential_length=9000) as lab:
        with pytest.raises(RequestRefused) as caught:
            await lab.connect(**ADMIN, network="public")
        assert caught.value.status == 400
        assert "The cookies of the session have 9," in str(caught.value)
        assert "AlcUserId=***" in str(caught.value), "the server quotes the cookie"
