"""Invariant 3: fail-over to the secondary, and back when the primary serves again."""

from typing import Any

import pytest

from aiopbx import AuthenticationFailed, ConnectionFailed, PbxError, Status, StatusChanged
from tests.aiopbx import office as offices
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Opened, until
from tests.scripted_server import ScriptedServer

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel")


async def test_over_and_back(office: Opened) -> None:
    async with office(ha=True) as one:
        pbx = await one.connect(secondary_url=one.simulator.secondary_url, fail_back_interval=0.02)
        assert pbx.info.server == "primary"
        diary = Diary(pbx, kind=StatusChanged)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        one.faults.switch_to_secondary()
        await until(lambda: pbx.info.server == "secondary" and pbx.status is Status.ONLINE)
        assert pbx.statistics.fail_overs == 1
        assert pbx.line("1001").calls[0].ref == call.ref, "the calls are the same"
        await pbx.line("1001").calls[0].answer()
        await call.wait_for(lambda now: now.answered, timeout=30)
        one.faults.switch_to_primary()
        await until(lambda: pbx.info.server == "primary" and pbx.status is Status.ONLINE)
        assert pbx.statistics.fail_overs == 2
        await call.hang_up()
        await call.wait_for(lambda now: now.ended, timeout=30)
        await one.caught_up(pbx)
        for login in one.switch.users:
            compare(pbx.line(login).snapshot, one.switch, login)
        assert [event.status for event in diary.events].count(Status.OFFLINE) <= 2  # type: ignore[attr-defined]


async def test_the_first_connection_finds_the_server_in_charge(office: Opened) -> None:
    async with office(ha=True) as one:
        one.faults.switch_to_secondary()
        pbx = await one.connect(secondary_url=one.simulator.secondary_url)
        assert pbx.info.server == "secondary"
        assert pbx.info.high_availability


@pytest.mark.parametrize("loss", ["cut_channels", "close_cleanly"])
async def test_a_lost_channel_alone_does_not_move(office: Opened, loss: str) -> None:
    async with office(ha=True) as one:
        pbx = await one.connect(secondary_url=one.simulator.secondary_url)
        getattr(one.faults, loss)()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert pbx.info.server == "primary"
        assert pbx.statistics.fail_overs == 0


# ------------------------------------------------------------- what the web server of the primary answers in its stead

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
ANSWERS: list[dict[str, Any]] = [
    *({"status": status, "text": PAGE} for status in (400, 401, 403, 404, 405, 410, 413, 429, 500, 502, 503, 504)),
    {"status": 200, "text": PAGE},
    {"status": 204},
    {"status": 302, "headers": [("Location", "https://login.example.com/")]},
    {"drop": True},
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: str(one.get("status", "drop")))
async def test_what_stands_before_the_primary_says_nothing_about_the_secondary(answer: dict[str, Any]) -> None:
    async with offices.office(ha=True) as one, ScriptedServer() as primary:
        primary.answer("GET", "/api/rest", **answer)
        one.faults.switch_to_secondary()
        pbx = await one.connect(url=primary.url, secondary_url=one.simulator.secondary_url)
        assert pbx.info.server == "secondary"
        assert pbx.status is Status.ONLINE
        assert {request.path for request in primary.requests} == {"/api/rest"}


async def test_a_proxy_that_forbids_the_login_is_not_a_wrong_password() -> None:
    async with offices.office(ha=True) as one, ScriptedServer() as primary:
        url = f"{primary.url}/login"
        primary.answer("GET", "/api/rest", json={"versions": [{"id": "1.0", "publicUrl": url}]})
        primary.answer("GET", "/login", status=403, text=PAGE)
        one.faults.switch_to_secondary()
        pbx = await one.connect(url=primary.url, secondary_url=one.simulator.secondary_url)
        assert pbx.info.server == "secondary"
        with pytest.raises(PbxError, match=r"authenticate was refused \(403\) at .*stands before it") as refused:
            await one.connect(url=primary.url)
        assert not isinstance(refused.value, AuthenticationFailed)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "look into its log"),
        (502, "does not reach it"),
        (504, "does not reach it"),
        (404, "address of an O2G server.*passes on everything"),
    ],
)
async def test_an_error_names_what_answered_and_not_the_address(status: int, words: str) -> None:
    async with offices.office() as one, ScriptedServer() as server:
        server.answer("GET", "/proxied/api/rest", status=status, text=PAGE)
        with pytest.raises(
            PbxError, match=rf"GET /api/rest was refused \({status}\) at {server.url}.*{words}"
        ) as caught:
            await one.connect(url=f"{server.url}/proxied")
        assert f"{server.url}/proxied" in str(caught.value)
        assert isinstance(caught.value, ConnectionFailed) == ("address" in words)
        assert ("Check that" in str(caught.value)) == ("address" in words)
        assert caught.value.transient == (status in (502, 504))
