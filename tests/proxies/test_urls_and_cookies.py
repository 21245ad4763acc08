"""Where the URLs lead that an O2G server names behind a proxy, and logins with large cookies."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from aiopbx import ConnectionFailed, EventsLate, PbxError, RequestRefused
from tests.aiopbx.office import ADMIN
from tests.proxies.lab import Certificate, behind, name_public_urls
from tests.proxies.table import COOKIES, NAMED, PAST, REFUSED, Cookie, Named


@contextmanager
def connected_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[int]]:
    """The ports that something in this process connects to meanwhile."""
    loop = asyncio.get_running_loop()
    connect, ports = loop.sock_connect, set()

    async def noted(sock: Any, address: Any) -> None:
        ports.add(address[1])
        await connect(sock, address)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "sock_connect", noted)
        yield ports


NAMED_CASES = [
    pytest.param(row, scheme, id=f"{row.snippet}-{scheme}", marks=pytest.mark.proxy(row.snippet.partition("/")[0]))
    for row in NAMED
    for scheme in ("http", "https")
]


@pytest.mark.parametrize(("row", "scheme"), NAMED_CASES)
async def test_where_the_urls_lead(
    row: Named, scheme: str, tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server names what it was asked for; only where its events are, it has been told."""
    expected = row.https if scheme == "https" else row.http
    prefix = "/o2g" if row.snippet.endswith("-prefix") else ""
    async with behind(row.snippet, tmp_path, certificate, tls=scheme == "https", public=False) as lab:
        name_public_urls(lab.simulator, lab.proxy, prefix, events_only=True)
        lab.settings |= ADMIN | {"network": "public", "url": lab.proxy.address() + prefix}
        with connected_to(monkeypatch) as ports:
            if expected is REFUSED:
                with pytest.raises(ConnectionFailed, match="without encryption"):
                    await lab.connect()
            else:
                pbx = await lab.connect()
                await lab.delay(pbx)
        past = ports - set(lab.proxy.ports.values())
        assert bool(past) == (expected is PAST)
        assert ports - past


@pytest.mark.parametrize(("row", "scheme"), NAMED_CASES)
async def test_the_given_address_leads_through_all_of_them(
    row: Named, scheme: str, tmp_path: Path, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the server names, which knows nothing of the proxy."""
    if row.snippet == "nginx/o2g-http11" and scheme == "https":
        held = pytest.raises(EventsLate)  # the addresses are right, and the events are not
    else:
        held = nullcontext()
    prefix = "/o2g" if row.snippet.endswith("-prefix") else ""
    async with behind(row.snippet, tmp_path, certificate, tls=scheme == "https", public=False) as lab:
        lab.settings |= ADMIN | {
            "url": lab.proxy.address() + prefix,
            "use_given_address": True,
            "event_port": lab.proxy.ports.get(8016, lab.proxy.ports[443]),
            "request_timeout": 2.0,
        }
        with connected_to(monkeypatch) as ports, held:
            pbx = await lab.connect()
            await lab.delay(pbx)
        assert ports <= set(lab.proxy.ports.values())
        assert len(ports) == (1 if prefix else 2)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{row.snippet}-{row.letters}", marks=pytest.mark.proxy(row.snippet.partition("/")[0]))
        for row in COOKIES
    ],
)
async def test_a_large_cookie(row: Cookie, tmp_path: Path, certificate: Certificate) -> None:
    async with behind(row.snippet, tmp_path, certificate, tls=False, credential_length=row.letters) as lab:
        lab.settings |= ADMIN | {"network": "public"}
        if row.status is None:
            await lab.delay(await lab.connect())
        else:
            with pytest.raises(PbxError) as caught:
                await lab.connect()
            assert isinstance(caught.value, RequestRefused)
            assert caught.value.status == row.status
            assert "cookie" in str(caught.value)


@pytest.mark.proxy("haproxy")
async def test_a_cookie_too_large_for_the_server(tmp_path: Path, certificate: Certificate) -> None:
    """HAProxy passes it on to the client and back; the server refuses it, and quotes it."""
    async with behind("haproxy/o2g-plain", tmp_path, certificate, tls=True, credential_length=9_000) as lab:
        with pytest.raises(RequestRefused) as caught:
            await lab.connect(**ADMIN, network="public")
        assert caught.value.status == 400
        assert "AlcUserId=***" in str(caught.value)
        assert "The cookies of the session have 9," in str(caught.value)
