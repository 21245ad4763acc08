"""Invariant 8: secrets stay secret: in logs, reprs, errors and diagnostics."""

import json
import logging

import pytest

import aiopbx
from aiopbx.ports import DialOptions
from tests.aiopbx.office import Diary, Opened, until

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel")

PIN, CODE, COST = "74185296", "96385274", "15935728"


async def test_nothing_secret_is_shown_anywhere(office: Opened, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with office() as one:
        password = "admin-is-not-the-word-8271"
        shown: list[str] = []
        try:
            await one.connect(password=password)
        except aiopbx.AuthenticationFailed as error:
            shown.append(f"{error!r} {error}")
        pbx = await one.connect()
        diary = Diary(pbx)
        line = pbx.line("1000")
        for options in ({"pin": PIN, "secret_code": CODE}, {"business_code": COST}):
            try:
                await line.dial("1001", timeout=0.1, **options)  # type: ignore[arg-type]
            except aiopbx.PbxError as error:
                shown.append(f"{error!r} {error} {getattr(error, 'detail', '')}")
        one.faults.drop_requests(1)
        try:
            await line.dial("1002", timeout=0.1)
        except aiopbx.PbxError as error:
            shown.append(f"{error!r} {error}")
        one.faults.expire_sessions()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status == "online")
        link = pbx._core.system._link  # type: ignore[attr-defined]
        subscription = next(iter(link.client._subscriptions))
        cookies = list(link.client._transport.cookies.values())
        diagnostics = json.dumps(pbx.diagnostics())
        shown += [diagnostics, repr(pbx), repr(line), repr(line.calls), repr(pbx.settings), repr(pbx.o2g), repr(link)]
        shown += [repr(event) for event in diary.events]
        shown += [record.getMessage() for record in caplog.records if record.name.startswith("aiopbx")]
        everything = "\n".join(shown)
        for secret in (password, PIN, CODE, COST, subscription, *cookies):
            assert len(secret) >= 8
            assert secret not in everything
        for private in ("oxe1000", "Alice", "Martin", '"1001"'):
            assert private not in diagnostics, "diagnostics name nobody"


def test_options_of_a_call_do_not_show_their_codes() -> None:
    assert PIN not in repr(DialOptions(pin=PIN, secret_code=CODE, business_code=COST))


@pytest.mark.absent(tunnel="there it is the agent that verifies: see test_channel_tunnel")
async def test_tls_is_one_setting_for_requests_and_channel(office: Opened) -> None:
    async with office(tls=True) as one:
        with pytest.raises(aiopbx.CertificateFailed):
            await one.connect()
        for trust in ({"ca_file": one.simulator.certificate_path}, {"tls": "none"}):
            pbx = await one.connect(**trust)
            call = await pbx.line("1000").dial("1001")
            assert call is not None, "events come over https, too"
            await call.hang_up()
            await pbx.close()
