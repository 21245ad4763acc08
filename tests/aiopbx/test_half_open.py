"""A connection that is there for one side only is noticed within 25 seconds, with the settings as they are."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from aiopbx import Status
from aiopbx.errors import ConnectionFailed, NotReady, RequestRefused, SessionLost
from aiopbx.istra.client import IstraClient
from aiopbx.o2g.channel import base
from aiopbx.o2g.channel.base import EventChannel, Silence
from aiopbx.o2g.decoding import Event, EventDecoder
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer
from tests.aiopbx.office import Opened, until
from tests.aiopbx.turned_clock import TurnedClock

DEFAULTS = ConnectionSettings.make(url="http://pbx.example.com", username="x", password="x")
AS_THEY_ARE = {"silence_timeout": DEFAULTS.silence_timeout, "request_timeout": DEFAULTS.request_timeout}


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> TurnedClock:
    return TurnedClock(monkeypatch)


@pytest.fixture
async def frozen(monkeypatch: pytest.MonkeyPatch) -> TurnedClock:
    return TurnedClock(monkeypatch, frozen=True)


@pytest.mark.office("chunk", "webhook", "tunnel")
@pytest.mark.parametrize("dead", ["channel", "everything"])
async def test_it_is_noticed(office: Opened, dead: str, clock: TurnedClock) -> None:
    """Whether only the channel is dead, or requests get no answer either."""
    async with office() as one:
        pbx = await one.connect(**AS_THEY_ARE)
        one.faults.freeze_channels()
        if dead == "everything":
            one.faults.delay(10_000)
        seconds = await clock.turn_until(lambda: pbx.statistics.losses == 1, 26)
        assert seconds >= DEFAULTS.silence_timeout
        one.faults.clear()
        one.faults.thaw()
        await clock.turn_until(lambda: pbx.status is Status.ONLINE, 120)


@pytest.mark.office("chunk", "webhook", "tunnel")
@pytest.mark.parametrize("lines", ["all", []])
async def test_a_server_that_a_proxy_no_longer_reaches(
    office: Opened, lines: object, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an event can be provoked, or nothing is monitored of which one could be asked for."""

    async def bad_gateway(request: object) -> web.Response:
        return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>")

    async with office() as one:
        pbx = await one.connect(**AS_THEY_ARE, lines=lines)
        one.faults.freeze_channels()
        with monkeypatch.context() as patched:
            for server in one.simulator.servers:
                patched.setattr(server, "answer", bad_gateway)
            seconds = await clock.turn_until(lambda: pbx.statistics.losses == 1, 16.5)
        assert seconds >= DEFAULTS.silence_timeout - 1  # the real clock goes on beside the turned one
        one.faults.thaw()
        await clock.turn_until(lambda: pbx.status is Status.ONLINE, 120)


async def test_where_nothing_can_be_provoked_the_server_still_has_to_know_the_session(
    office: Opened, clock: TurnedClock
) -> None:
    """One that is busy is there; one that knows the session no more is of no use."""
    async with office() as one:
        pbx = await one.connect(**AS_THEY_ARE, lines=[])
        asked: list[int | None] = []
        pbx.wire(lambda message: asked.append(message.status) if message.status else None)
        one.faults.freeze_channels()
        one.faults.refuse_requests(1, 429)
        await clock.turn_until(lambda: asked == [429], 16.5)
        assert pbx.statistics.losses == 0
        one.faults.expire_sessions()
        await clock.turn_until(lambda: pbx.statistics.losses == 1, 16.5)
        one.faults.thaw()
        await clock.turn_until(lambda: pbx.status is Status.ONLINE, 120)


@pytest.mark.parametrize("system", ["myrcc", "mycrm", "myistra"])
async def test_it_is_noticed_on_a_socket(system: str, clock: TurnedClock) -> None:
    async with IstraServer() as server:
        enterprise = {"enterprise": "example"} if system == "myrcc" else {}
        settings = ConnectionSettings.make(
            system=system, url=server.url, username="jdoe", password=PASSWORD, **enterprise
        )
        async with aiohttp.ClientSession() as http:
            client = IstraClient(settings, http)
            await client.open()
            socket = await client.open_socket()
            seen = await server.opened.get()
            reading = asyncio.ensure_future(_read(socket))
            seen.freeze()
            seconds = await clock.turn_until(lambda: socket.closed, 26)
            assert seconds >= DEFAULTS.silence_timeout
            assert socket.end == "silent"
            await reading
            await client.close()


async def _read(socket: AsyncIterator[object]) -> None:
    async for _ in socket:
        pass


async def test_a_quiet_office_costs_one_request_each_15_seconds(office: Opened, clock: TurnedClock) -> None:
    async with office() as one:
        pbx = await one.connect(**AS_THEY_ARE)
        asked: list[str] = []
        pbx.wire(lambda message: asked.append(message.what) if message.sent else None)
        events, begun = pbx.statistics.events, clock.now()
        for number in range(1, 5):
            await clock.turn_until(lambda n=number: len(asked) >= n, 15.5)  # type: ignore[misc]
            await until(lambda n=number: pbx.statistics.events >= events + n)  # type: ignore[misc]
        assert clock.now() - begun >= 4 * DEFAULTS.silence_timeout - 1
        assert len(set(asked)) == 1, asked
        assert "snapshot" in asked[0]
        assert pbx.statistics.losses == 0


class Channel(EventChannel):
    """One that a test lets speak."""

    def speak(self) -> None:
        self.last_heard = base.monotonic()
        self.arrivals.notify()

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        raise NotImplementedError


class Watched:
    """A silence that is being watched, and what is asked in it."""

    def __init__(self, normal: float = 15.0, answers: object = True) -> None:
        self.channel = Channel(EventDecoder())
        self.silence = Silence(normal, 10.0)
        self.answers = answers
        self.asked = 0
        self.ended = asyncio.ensure_future(self.silence.watch(self.channel, self.provoke))

    async def provoke(self) -> bool:
        self.asked += 1
        if isinstance(self.answers, Exception):
            raise self.answers
        if self.answers == "an event":
            self.channel.speak()
        return bool(self.answers)

    def done(self) -> bool:
        return self.ended.done()


REFUSED = RequestRefused("no", operation="x", status=403)
STARTING = NotReady("not yet", operation="x", status=503, code=1000)
IN_BETWEEN = RequestRefused("502", operation="x", status=502)
"""What a proxy answers for a server that is gone."""


@pytest.mark.parametrize(
    ("beats", "answers", "least", "most", "reason"),
    [
        (None, True, 20, 21, "not even a provoked event"),
        (None, ConnectionFailed("no answer"), 15, 16, "does not answer. no answer"),
        (None, SessionLost("gone", operation="x", status=401), 15, 16, "The session is gone."),
        (None, REFUSED, 60, 75.5, "no event can be provoked"),
        (None, STARTING, 60, 75.5, "no event can be provoked"),
        (None, IN_BETWEEN, 15, 16, "does not answer. 502"),
        (30, IN_BETWEEN, 15, 16, "does not answer. 502"),
        (4, IN_BETWEEN, 10, 11, "does not answer. 502"),
        (30, False, 75, 90.5, "no heartbeat"),
        (30, REFUSED, 75, 90.5, "no heartbeat"),
        (30, True, 20, 21, "not even a provoked event"),
        (2, True, 10, 11, "not even a provoked event"),
        (2, False, 5, 10.5, "no heartbeat"),
    ],
)
async def test_when_silence_is_believed(
    frozen: TurnedClock, beats: float | None, answers: object, least: float, most: float, reason: str
) -> None:
    watched = Watched(answers=answers)
    if beats is not None:
        for _ in range(3):
            frozen.turned += beats
            watched.channel.speak()
            watched.silence.beat()
    seconds = await frozen.turn_until(watched.done, most)
    assert seconds >= least
    assert reason in watched.ended.result()


@pytest.mark.parametrize("answers", ["an event", False])
async def test_a_channel_that_lives_is_kept(frozen: TurnedClock, answers: object) -> None:
    """It answers when it is asked; or nothing can be asked of it, and nothing was ever heard that is missed now."""
    watched = Watched(answers=answers)
    await frozen.turn_until(lambda: watched.asked >= 8, 8 * 15.5 + 1)
    assert frozen.turned >= 8 * 15
    assert not watched.done()
    watched.ended.cancel()


async def test_a_heartbeat_that_comes_is_enough(frozen: TurnedClock) -> None:
    """Nothing can be provoked here, and the heartbeat is slower than the normal silence."""
    watched = Watched(answers=REFUSED)
    for _ in range(6):
        for _ in range(5):
            frozen.turned += 6
            for _ in range(10):
                await asyncio.sleep(0)
        watched.channel.speak()
        watched.silence.beat()
    assert watched.asked >= 6
    assert not watched.done()
    watched.ended.cancel()
