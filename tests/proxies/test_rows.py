"""Every row of the table: a client behind a proxy, and when it sees an event."""

from pathlib import Path

import pytest

from aiopbx import ConnectionFailed, EventsLate, RequestRefused, Status
from tests.aiopbx.office import ADMIN, until
from tests.proxies.lab import ISTRA, Certificate, Lab, before_a_client, behind, bytes_at_once
from tests.proxies.table import AT_ONCE, BLOCKS, LATE, NO_SOCKET, NO_TUNNEL, Outcome, Row, cases

CASES = [
    pytest.param(row, system, scheme, id=f"{row.snippet}-{system}-{scheme}", marks=pytest.mark.proxy(row.kind))
    for row, system, scheme in cases()
]


@pytest.mark.parametrize(("row", "system", "scheme"), CASES)
async def test_row(row: Row, system: str, scheme: str, tmp_path: Path, certificate: Certificate) -> None:
    tls = scheme == "https"
    expected = row.https if tls else row.http
    if system in ("webhook", "tunnel"):
        async with before_a_client(row.snippet, tmp_path, certificate, channel=system, tls=tls) as lab:
            await check(lab, expected)
    else:
        upstream_tls = row.snippet.endswith("-tls")
        who = ISTRA.get(system, ADMIN | {"network": "public"})
        async with behind(row.snippet, tmp_path, certificate, tls=tls, upstream_tls=upstream_tls) as lab:
            lab.settings.update(who)
            await check(lab, expected)


async def check(lab: Lab, expected: Outcome) -> None:
    if expected is NO_SOCKET:
        with pytest.raises(RequestRefused, match="lets WebSockets through"):
            await lab.connect()
        return
    if expected is NO_TUNNEL:
        with pytest.raises(ConnectionFailed, match="without an upgrade"):
            await lab.connect(tunnel=lab.settings["tunnel"] | {"agent_timeout": 1.0})
        return
    if expected in BLOCKS:
        block = BLOCKS[expected]
        assert 0.9 * block < await bytes_at_once(lab) <= block
        with pytest.raises(EventsLate, match=r"holds them back.*proxy_buffering off") as late:
            await lab.connect(request_timeout=1.5)
        assert "127.0.0.1" in str(late.value)
        return
    pbx = await lab.connect()
    await until(lambda: pbx.status is Status.ONLINE)
    least = await lab.least_delay(pbx, tries=3 if expected is LATE else 10)
    assert pbx.obstacles == ()
    if expected is LATE:
        assert 0.15 < least < 2
    else:
        assert expected is AT_ONCE
        assert least < 0.1
