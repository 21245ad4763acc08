"""A server that names a time to come back is left alone for it: by requests, attempts, probes and keepalives."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from aiopbx.connection import Connection
from aiopbx.errors import AuthenticationFailed, NotReady, RequestRefused
from aiopbx.http.transport import LONGEST_PAUSE, Answer, retry_after
from aiopbx.istra.client import IstraClient
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types.telephony import MakeCallRequest
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.store import Store
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer
from tests.aiopbx.o2g.o2g_server import API, O2gServer

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
DATE = format_datetime(NOW, usegmt=True)
CALLS = f"{API}/telephony/calls"


def answer(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CIMultiDictProxy(CIMultiDict(named)), b"", "http://pbx.example.com")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "30"}, 30),
        ({"Retry_After": " 0 "}, 0),
        ({"Retry_After": "86400"}, LONGEST_PAUSE),
        ({"Retry_After": "9" * 5000}, LONGEST_PAUSE),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": "1.5"}, None),
        ({"Retry_After": "²"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": LATER, "Date": DATE}, 90),
        ({"Retry_After": DATE, "Date": LATER}, 0),
        ({"Retry_After": "Sat, 28 Nov 2026 12:01:30 -0000", "Date": DATE}, 90),
        ({"Retry_After": "Sat, 28 Nov 2066 12:01:30 GMT", "Date": DATE}, LONGEST_PAUSE),
        ({"Retry_After": "Sat, 28 Nov 2066 12:01:30 GMT"}, LONGEST_PAUSE),
        ({"Retry_After": "Sat, 28 Nov 1966 12:01:30 GMT", "Date": "today"}, 0),
        ({"Retry_After": "Sat, 99 Nov 2066 99:01:30 GMT"}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_a_server_says(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(answer(status, **headers)) == seconds
    assert retry_after(answer(500, **headers)) is None


@pytest.fixture(params=["o2g", "istra"])
async def opened(request: pytest.FixtureRequest) -> Any:
    """A server, its client, a request of each kind, and where they go."""
    async with aiohttp.ClientSession() as http:
        if request.param == "o2g":
            async with O2gServer() as server:
                client = O2gClient(ConnectionSettings.make(url=server.url, username="x", password="x"), http)
                await client.open()
                yield (
                    server,
                    (CALLS, client.telephony.calls),
                    lambda: client.telephony.make_call(MakeCallRequest(device_id="1000", callee="1001")),
                )
                await client.close()
        else:
            async with IstraServer() as istra:
                settings = ConnectionSettings.make(system="mycrm", url=istra.url, username="x", password=PASSWORD)
                other = IstraClient(settings, http)
                await other.open()
                path = "v1/crm/GetTerminals"
                yield istra, (path, other.crm.terminals), None
                await other.close()


@pytest.mark.parametrize("status", [429, 503])
async def test_what_is_safe_is_asked_once_more(opened: Any, status: int) -> None:
    server, (path, ask), dial = opened
    busy: dict[str, Any] = {"status": status, "headers": [("Retry-After", "0")]}
    server.answer("GET", path, **busy)
    server.answer("GET", path, json={} if dial else [], then=True)
    await ask()
    assert len(server.asked("GET", path)) == 2
    server.answer("GET", path, **busy)
    with pytest.raises(RequestRefused) as caught:
        await ask()
    assert caught.value.status == status
    assert caught.value.retry_after == 0
    assert caught.value.transient
    assert len(server.asked("GET", path)) == 4, "once, and no more"
    for after in ("11", None):  # longer than the settings wait for an answer; not said
        server.requests.clear()
        server.answer("GET", path, status=status, headers=[("Retry-After", after)] if after else [])
        with pytest.raises(RequestRefused) as caught:
            await ask()
        assert caught.value.retry_after == (None if after is None else 11)
        assert len(server.asked("GET", path)) == 1
    if dial is not None:
        server.answer("POST", path, **busy)
        with pytest.raises(RequestRefused):
            await dial()
        assert len(server.asked("POST", path)) == 1, "a dial never"


async def test_a_keepalive_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{API}/sessions/keepalive"
    async with O2gServer() as server, aiohttp.ClientSession() as http:
        server.open_session(timeToLive=1)
        server.answer("POST", path, status=503, headers=[("Retry-After", "0")])
        server.answer("POST", path, status=204, then=True)
        client = O2gClient(ConnectionSettings.make(url=server.url, username="x", password="x"), http)
        await client.open()
        while len(server.asked("POST", path)) < 3:
            assert (await asyncio.wait_for(server.arrivals.get(), 30)) is not None
        assert not client.lost.is_set()
        server.answer("POST", path, status=503)
        await asyncio.wait_for(client.lost.wait(), 30)
        await client.close()


def busy(seconds: float | None) -> NotReady:
    error = NotReady("busy", operation="x", status=503, transient=True)
    error.retry_after = seconds
    return error


class Busy:
    """A system whose servers answer as a test says, and never serve."""

    def __init__(self, *answers: list[Exception]) -> None:
        self.servers = len(answers)
        self.answers = answers
        self.asked: list[int] = []

    async def open(self, server: int) -> Any:
        self.asked.append(server)
        answers = self.answers[server]
        raise answers.pop(0) if len(answers) > 1 else answers[0]

    def use(self, link: object) -> None:
        """None ever is."""


async def pauses(system: Busy, count: int) -> list[float]:
    """The first pauses of a supervisor whose clock stands still."""
    taken: list[float] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) >= count:
            enough.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    connection = Connection(system, Store(), random=lambda: 0.0, sleep=sleep)  # type: ignore[arg-type]
    connection._supervisor = asyncio.ensure_future(connection._supervise())
    await asyncio.wait_for(enough.wait(), 30)
    await connection.close()
    return taken


async def test_an_attempt_waits_for_it() -> None:
    """Longer than the back-off, never shorter, and only once."""
    taken = await pauses(Busy([busy(50), busy(0), busy(None), busy(3), busy(None)]), 6)
    assert taken == pytest.approx([1, 50, 4, 8, 16, 32], abs=1)


async def test_the_other_server_of_a_pair_does_not_wait() -> None:
    system = Busy([busy(50), busy(None)], [busy(None)])
    taken = await pauses(system, 4)
    assert taken == pytest.approx([1, 1, 50, 1], abs=1)
    assert system.asked == [0, 1, 0]


async def test_it_counts_also_where_the_login_was_what_failed() -> None:
    refused = AuthenticationFailed("no")
    refused.__cause__ = busy(300)
    assert (await pauses(Busy([refused]), 2))[1] == pytest.approx(300, abs=1)


async def test_a_probe_of_the_primary_waits_for_it() -> None:
    taken: list[float] = []
    system = Busy([busy(500), busy(None)])

    async def serves(server: int) -> bool:
        return True

    async def sleep(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) == 3:
            raise ZeroDivisionError
        await asyncio.sleep(0)

    system.serves = serves  # type: ignore[attr-defined]
    connection = Connection(system, Store(), random=lambda: 0.0, sleep=sleep)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        await connection._open_primary()
    assert taken == [30, 500, 120]
