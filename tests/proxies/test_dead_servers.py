"""Servers that die behind a proxy, whose address goes on to answer."""

from pathlib import Path

import pytest

from aiopbx import Status, StatusChanged
from tests.aiopbx.office import ADMIN, Diary, until
from tests.proxies.lab import Certificate, behind

KINDS = [pytest.param(kind, marks=pytest.mark.proxy(kind)) for kind in ("nginx", "httpd", "haproxy")]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_starts_anew(kind: str, tmp_path: Path, certificate: Certificate) -> None:
    """Its death is seen at once, and what was called meanwhile afterwards."""
    async with behind(f"{kind}/o2g", tmp_path, certificate, tls=True) as lab:
        pbx = await lab.connect(**ADMIN, network="public")
        diary = Diary(pbx, kind=StatusChanged)
        await lab.simulator.restart(abrupt=True)
        await until(lambda: diary.events, 30)
        assert diary.events[0].status is Status.OFFLINE
        await until(lambda: pbx.status is Status.ONLINE, 30)
        await lab.delay(pbx)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_secondary_serves_while_a_proxy_answers_for_the_primary(
    kind: str, tmp_path: Path, certificate: Certificate
) -> None:
    """502 or 503 of the primary's proxy say nothing about the secondary, at the first connect as well."""
    async with behind(f"{kind}/o2g", tmp_path, certificate, tls=False, ha=True) as lab:
        await lab.simulator.take_down("primary")
        pbx = await lab.connect(**ADMIN, secondary_url=lab.simulator.secondary_url)
        await until(lambda: pbx.status is Status.ONLINE)
        await lab.delay(pbx)
