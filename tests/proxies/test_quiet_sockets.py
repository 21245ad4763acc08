"""Istra's sockets while nobody calls: pings of this side keep what a proxy's idle time-out would cut."""

from pathlib import Path

import pytest

from aiopbx import Status
from tests.aiopbx.office import until
from tests.proxies.lab import ISTRA, Certificate, behind
from tests.proxies.programs import NAMES

KINDS = [pytest.param(kind, marks=pytest.mark.proxy(kind)) for kind in NAMES]


@pytest.mark.parametrize("kind", KINDS)
async def test_pings_keep_a_quiet_socket(kind: str, tmp_path: Path, certificate: Certificate) -> None:
    """An idle time-out of three seconds here, and pings that a busy machine may well delay by two."""
    async with behind(f"{kind}/istra", tmp_path, certificate, tls=True, idle=3, istra_timeout=3600) as lab:
        kept = [await lab.connect(**who, ping_interval=0.5) for who in ISTRA.values()]
        cut = [await lab.connect(**who, ping_interval=0) for who in ISTRA.values()]
        await until(lambda: all(pbx.statistics.losses for pbx in cut), 20)
        assert [pbx.statistics.losses for pbx in kept] == [0, 0, 0]
        assert {pbx.status for pbx in kept} == {Status.ONLINE}
