"""What the client does about a proxy that is in its way, or says of it."""

from pathlib import Path

import pytest

from aiopbx import RequestRefused, Status
from tests.aiopbx.office import ADMIN, until
from tests.proxies.lab import ISTRA, Certificate, behind
from tests.proxies.programs import NAMES

EVERY_PROXY = [pytest.param(kind, marks=pytest.mark.proxy(kind)) for kind in NAMES]


@pytest.mark.parametrize("kind", EVERY_PROXY)
async def test_pings_keep_a_quiet_socket(kind: str, tmp_path: Path, certificate: Certificate) -> None:
    """An idle time-out of three seconds here, in which more pings go out than every 20 s in one of 50 s."""
    async with behind(f"{kind}/istra", tmp_path, certificate, tls=True, idle=3, istra_timeout=3600) as lab:
        kept = [await lab.connect(**who, ping_interval=0.4) for who in ISTRA.values()]
        cut = [await lab.connect(**who, ping_interval=0) for who in ISTRA.values()]
        await until(lambda: all(pbx.statistics.losses for pbx in cut), 20)
        assert [pbx.statistics.losses for pbx in kept] == [0, 0, 0]
        assert {pbx.status for pbx in kept} == {Status.ONLINE}


@pytest.mark.proxy("nginx")
async def test_a_cookie_too_large_for_nginx(tmp_path: Path, certificate: Certificate) -> None:
    async with behind("nginx/o2g-plain", tmp_path, certificate, tls=True, credential_length=5000) as lab:
        with pytest.raises(RequestRefused) as caught:
            await lab.connect(**ADMIN, network="public")
        assert caught.value.status == 502
        assert "proxy_buffer_size" in str(caught.value)


@pytest.mark.proxy("haproxy")
async def test_a_cookie_too_large_for_the_server(tmp_path: Path, certificate: Certificate) -> None:
    """HAProxy lets it pass, and the server refuses its return: the answer says 400, and what to do."""
    async with behind("haproxy/o2g-plain", tmp_path, certificate, tls=True, credential_length=9000) as lab:
        with pytest.raises(RequestRefused) as caught:
            await lab.connect(**ADMIN, network="public")
        assert caught.value.status == 400
        assert "The cookies of the session have 9," in str(caught.value)
        assert "AlcUserId=***" in str(caught.value), "the server quotes the cookie"
