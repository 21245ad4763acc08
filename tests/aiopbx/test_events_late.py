"""Events that a proxy holds back: noticed by certain signs, said with the remedy, and never shown as the truth."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import inf
from typing import Any

import aiohttp
import pytest

from aiopbx import ConnectionFailed, EventsLate, NotAllowed, ObstacleKind, Status, StatusChanged, doubts
from aiopbx.o2g.channel import base, chunk
from aiopbx.o2g.channel.base import EventChannel, Promptness
from aiopbx.o2g.channel.chunk import ChunkChannel
from aiopbx.o2g.decoding import Event, EventDecoder
from aiopbx.o2g.types.events import OnChannelInformation
from aiopbx.o2g.types.telephony import OnTelephonyState
from tests.aiopbx.holding_proxy import HoldingProxy
from tests.aiopbx.office import Diary, Office, office, until

NGINX = 4096
"""Bytes of nginx's buffers on plain http."""


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is waited for a tenth of the time."""
    monkeypatch.setattr(doubts, "ANSWERED", 0.3)
    monkeypatch.setattr(base, "PROVOKED", 0.5)
    monkeypatch.setattr(chunk, "CUT_SHORT", 0.1)


@asynccontextmanager
async def proxied(**how: Any) -> AsyncIterator[tuple[Office, HoldingProxy]]:
    """An office behind such a proxy; clients are closed while it is there."""
    async with office() as one, HoldingProxy(one.simulator, **how) as proxy:
        try:
            yield one, proxy
        finally:
            await one.close()


# ----------------------------------------------------------------------------------------------------- at the opening


async def test_a_proxy_that_holds_nothing_back_is_as_good_as_none() -> None:
    async with proxied() as (one, proxy):
        pbx = await one.connect(url=proxy.url)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await one.right(pbx)
        assert pbx.obstacles == ()
        assert pbx.diagnostics()["obstacles"] == {}


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "aiohttp"])
async def test_a_channel_that_does_not_begin(direct: bool) -> None:
    """Its headers wait in the buffer, and all other answers come at once."""
    async with proxied(block=NGINX) as (one, proxy), aiohttp.ClientSession() as http:
        with pytest.raises(EventsLate, match=r"holds them back.*has not begun.*proxy_buffering off") as late:
            await one.connect(url=proxy.url, request_timeout=1.5, **({} if direct else {"session": http}))
        assert proxy.url.rpartition(":")[0] in str(late.value)
        assert late.value.transient, "it is tried again: someone may mend the proxy"


async def test_a_channel_that_begins_late_has_to_show_that_its_events_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a busy office the block is full before anyone's patience is at its end."""
    monkeypatch.setattr(base, "PROMPT", 0.6)
    # (however long requests take on this machine)
    monkeypatch.setattr(base, "_TIMES_USUAL", 0)
    monkeypatch.setattr(base, "is_quick", lambda usual: True)
    monkeypatch.setattr(base, "PROVOKED", 1.0)
    async with proxied(block=NGINX) as (one, proxy):

        async def busy() -> None:
            await asyncio.sleep(0.8)
            while not one.faults.unknown_event("OnSomething" + "x" * 200):
                await asyncio.sleep(0.01)
            for _ in range(20):
                one.faults.unknown_event("OnSomething" + "x" * 200)

        opening = asyncio.ensure_future(busy())
        with pytest.raises(EventsLate, match=r"until the first one came, and one that was asked for"):
            await one.connect(url=proxy.url)
        await opening


async def test_a_channel_over_which_nothing_comes_at_its_beginning() -> None:
    async with proxied(block=NGINX, headers_first=True) as (one, proxy):
        with pytest.raises(EventsLate, match=r"nothing comes over it, not even what each server begins with"):
            await one.connect(url=proxy.url, request_timeout=1.5)


# -------------------------------------------------------------------------------------------------------- while online


async def held_back(one: Office, proxy: HoldingProxy, what: Callable[[Any], Awaitable[object]]) -> None:
    """From now on the proxy holds events back, and this happens; then it is mended."""
    pbx = await one.connect(url=proxy.url)
    one.hurry(pbx, request_timeout=1.5)
    diary = Diary(pbx, kind=StatusChanged)
    await one.caught_up(pbx)
    proxy.block = NGINX
    await what(pbx)
    await until(lambda: isinstance(pbx.error, EventsLate), 20)
    assert pbx.status is Status.OFFLINE
    assert not any(line.synced for line in pbx.lines.values()), "what may be old is not shown as true"
    (obstacle,) = pbx.obstacles
    assert obstacle.kind is ObstacleKind.EVENTS_LATE
    assert "Events arrive late" in obstacle.text
    assert "proxy_buffering off" in (obstacle.remedy or "")
    assert pbx.diagnostics()["obstacles"] == {"events_late": obstacle.text}
    assert "Events arrive late" in (diary.of(StatusChanged)[-1].reason or ""), "it is a word in the status"
    proxy.block = 0
    await until(lambda: pbx.status is Status.ONLINE, 20)
    assert pbx.obstacles == ()
    await one.right(pbx)


async def test_an_accepted_command_and_no_event(soon: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with proxied() as (one, proxy):
        await held_back(one, proxy, lambda pbx: pbx.line("1000").set_forward("1001"))
        assert "Events may be held back (no event has answered a command)" in caplog.text
        assert caplog.text.count("holds them back") >= 1


async def test_an_event_that_comes_by_half(soon: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with proxied() as (one, proxy):

        async def part(pbx: Any) -> None:
            proxy.block = 100
            one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
            await until(lambda: "one of them has come by half" in caplog.text, 30)
            proxy.block = NGINX

        await held_back(one, proxy, part)


async def test_a_sign_that_means_nothing_costs_one_request(soon: None) -> None:
    async with proxied() as (one, proxy):
        pbx = await one.connect(url=proxy.url)
        await one.caught_up(pbx)
        asked: list[str] = []
        pbx.wire(lambda message: asked.append(message.what) if message.sent else None)
        link: Any = pbx._core.system._link  # type: ignore[attr-defined]
        link._suspect("a test wants to know")
        link._suspect("it wants to know again")
        await until(lambda: not link._finding_out)
        assert len(asked) == 1
        assert "snapshot" in asked[0]
        assert (pbx.statistics.losses, pbx.obstacles) == (0, ())


# ------------------------------------------------------------------------------------------------ a clean end is a loss


async def test_what_a_proxy_throws_away_at_a_clean_end_is_asked_for() -> None:
    """Where it speaks HTTP/1.0 to the server, one that died looks like one that has no more to say."""
    async with proxied() as (one, proxy):
        pbx = await one.connect(url=proxy.url)
        await one.caught_up(pbx)
        proxy.block = NGINX
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await asyncio.sleep(0.1)
        assert not pbx.line("1000").calls, "it is held back"

        proxy.block = 0
        proxy.end_cleanly()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert proxy.held[0].count(b"OnCall") >= 1
        assert [call.state for call in pbx.line("1001").calls] == ["ringing_incoming"]
        await one.right(pbx)


# --------------------------------------------------------------------------------------------------- signs, one by one


class Silent(EventChannel):
    """A channel that a test reads from."""

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        raise NotImplementedError


def signs_of(channel: EventChannel) -> list[str]:
    signs: list[str] = []
    channel.on_late = signs.append
    return signs


async def nothing() -> bool:
    return False


def test_two_heartbeats_in_one_read() -> None:
    channel = Silent(EventDecoder())
    signs = signs_of(channel)
    promptness = Promptness(nothing, answer=1.0, where="here")
    for read, beats in ((1, 1), (2, 1), (3, 0), (4, 2)):
        channel.reads = read
        for _ in range(beats):
            promptness.beat(channel)
    assert signs == ["two heartbeats have come at once"]


def test_where_each_event_is_delivered_by_itself_two_heartbeats_say_nothing() -> None:
    channel = Silent(EventDecoder())
    signs = signs_of(channel)
    promptness = Promptness(nothing, answer=1.0, where="here")
    promptness.beat(channel)
    promptness.beat(channel)
    assert signs == []


class Pieces:
    """An answer that comes in these pieces, and pauses for seconds between them."""

    status = 200
    headers: Any = {}

    def __init__(self, *pieces: bytes | float) -> None:
        self._pieces = list(pieces)
        self.content = self

    async def readany(self) -> bytes:
        while self._pieces:
            piece = self._pieces.pop(0)
            if isinstance(piece, bytes):
                return piece
            await asyncio.sleep(piece)
        return b""

    def close(self) -> None:
        """Nothing is open."""


def filled(size: int, *, whole: bool = True) -> bytes:
    line = b'{"eventName":"OnSomething","text":"'
    return line + b"x" * (size - len(line) - (3 if whole else 0)) + (b'"}\n' if whole else b"")


@pytest.mark.parametrize(
    ("pieces", "signs"),
    [
        ((filled(4096),) * 3, ["they come in blocks of 4,096 bytes"]),
        ((filled(16384),) * 7, ["they come in blocks of 16,384 bytes"] * 2),
        ((filled(4096),) * 2 + (filled(4095), filled(8192)) * 5, []),
        ((filled(300, whole=False), 0.3, b'"}\n'), ["one of them has come by half"]),
        ((filled(300, whole=False), b'"}\n', 0.3, filled(300)), []),
        ((filled(300), 0.3, filled(300)), []),
    ],
)
async def test_signs_in_what_is_read(pieces: tuple[Any, ...], signs: list[str], soon: None) -> None:
    channel = ChunkChannel(Pieces(*pieces), EventDecoder())
    found = signs_of(channel)
    async for _ in channel:
        pass
    assert found == signs


async def test_the_end_of_a_channel_is_no_sign(soon: None) -> None:
    channel = ChunkChannel(Pieces(filled(300, whole=False)), EventDecoder())
    found = signs_of(channel)
    async for _ in channel:
        pass
    await asyncio.sleep(0.2)
    assert found == []
    assert channel.quiet is not None


# ----------------------------------------------------------------------------------------------------- and their proof


class Proof:
    """Provoked events that take these seconds; None where none can be had."""

    def __init__(self, *took: float | None, usual: float = 0.01) -> None:
        self._took = list(took)
        self.asked = 0
        self.promptness = Promptness(nothing, answer=9.0, where="https://pbx.example.com", usual=lambda: usual)
        self.promptness._measure = self._measured  # type: ignore[method-assign]

    async def _measured(self) -> float | None:
        self.asked += 1
        return self._took.pop(0)


@pytest.mark.parametrize(
    ("took", "kind", "words"),
    [
        ((0.1,), None, ""),
        ((3.0, 4.9, 1.9), None, ""),
        ((3.0, 2.1, 4.0), EventsLate, "and those that were asked for took more than 2 s"),
        ((inf,), ConnectionFailed, "not even a provoked event comes. It is dead, or a proxy holds events back"),
        ((None,), None, ""),
    ],
)
async def test_what_comes_of_a_sign(took: tuple[float | None, ...], kind: type[Exception] | None, words: str) -> None:
    proof = Proof(*took)
    error = await proof.promptness.is_late("there is a sign")
    assert proof.asked == len(took)
    if kind is None:
        assert error is None
    else:
        assert type(error) is kind
        assert "there is a sign" in str(error)
        assert words in str(error)


async def test_signs_are_enough_where_nothing_can_be_provoked() -> None:
    proof = Proof(None, None, None)
    found = [await proof.promptness.is_late("there is a sign") for _ in range(3)]
    assert found[:2] == [None, None]
    assert isinstance(found[2], EventsLate)


@pytest.mark.parametrize(
    ("seconds", "suspected", "took", "late"),
    [
        (1.9, False, (), False),
        (2.1, False, (0.0,), False),
        (2.1, False, (2.1,), True),
        (2.1, False, (None,), False),
        (0.1, True, (0.1, 0.1, 0.1), False),
        (0.1, True, (0.1, 0.1, 2.1), True),
        (0.1, True, (inf,), True),
        (0.1, True, (None,), False),
    ],
)
async def test_what_a_channel_has_to_show_at_its_opening(
    seconds: float, suspected: bool, took: tuple[float | None, ...], late: bool
) -> None:
    proof = Proof(*took)
    if late:
        with pytest.raises(EventsLate):
            await proof.promptness.opened(seconds, suspected=suspected)
    else:
        await proof.promptness.opened(seconds, suspected=suspected)
    assert proof.asked == len(took)


async def test_where_everything_is_slow_no_one_is_blamed() -> None:
    slow = Proof(usual=1.1)
    await slow.promptness.opened(30.0, suspected=False)
    assert slow.asked == 0
    slower = Proof(4.9, usual=0.5)
    assert await slower.promptness.is_late("there is a sign") is None, "ten times what is usual"


FORBIDDEN = NotAllowed("no", operation="x", status=403)


@pytest.mark.parametrize("answer", [OnTelephonyState(), OnChannelInformation(), False, FORBIDDEN])
async def test_how_long_a_provoked_event_takes(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted from the answer that promises it; another event is none."""
    if isinstance(answer, OnChannelInformation):
        monkeypatch.setattr(base, "PROVOKED", 0.1)

    async def provoke() -> bool:
        if isinstance(answer, Exception):
            raise answer
        if answer is not False:
            asyncio.get_running_loop().call_later(0.01, promptness.look, [answer])
        return answer is not False

    promptness = Promptness(provoke, answer=9.0, where="https://pbx.example.com")
    took = await promptness._measure()
    if isinstance(answer, OnTelephonyState):
        assert took is not None
        assert 0.0 < took < base.PROVOKED
    else:
        assert took == (inf if isinstance(answer, OnChannelInformation) else None)
