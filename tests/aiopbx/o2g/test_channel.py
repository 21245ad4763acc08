"""The event channel over a real connection: how it is opened, read, and how it ends."""

import asyncio
import logging
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest

from aiopbx.errors import ConnectionFailed, NotReady, PbxError, RequestRefused, SubscriptionLost
from aiopbx.o2g.channel.base import LONGEST_LINE, ChannelEnd, EventChannel
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.decoding import Event
from aiopbx.o2g.types.events import OnChannelInformation, UnknownEvent
from aiopbx.o2g.types.sessions import Filter, Selector, Subscription, SubscriptionRequest
from aiopbx.o2g.types.telephony import OnCallRemoved, OnUserStateModified
from tests.aiopbx.o2g.conftest import Connect
from tests.aiopbx.o2g.o2g_server import API, SUBSCRIPTION_ID, Break, O2gServer
from tests.aiopbx.office import hurry

CAPTURE = (Path(__file__).parent / "captures" / "o2g-incoming-call.jsonl").read_bytes()
CHANNEL = f"{API}/notifications/chunked"
STARTED = b'{"eventName": "OnChannelInformation", "text": "Chunk started"}\n'
FREE = b'{"eventName":"OnUserStateModified","loginName":"oxe1000","state":"FREE"}\n'
REQUEST = SubscriptionRequest(version="1.0", timeout=0, filter=Filter(selectors=(Selector(names=("telephony",)),)))


@pytest.fixture(params=[False, True], ids=["aiohttp", "direct"])
def direct(request: pytest.FixtureRequest) -> bool:
    """Both ways to read it: through the connector of a session, and by the protocol of our own."""
    return bool(request.param)


async def opened(connect: Connect, **settings: Any) -> tuple[O2gClient, EventChannel]:
    client = await connect(**settings)
    return client, await client.open_channel(await client.subscriptions.subscribe(REQUEST))


async def read(channel: EventChannel) -> list[Event]:
    events = []
    async with asyncio.timeout(30):
        async for batch in channel:
            assert batch
            events += batch
    return events


async def test_it_is_opened_without_cookie_and_credentials(
    connect: Connect, server: O2gServer, http: aiohttp.ClientSession
) -> None:
    http.cookie_jar.update_cookies({"AlcUserId": "of-somebody"}, aiohttp.client.URL(server.url))
    _, channel = await opened(connect)
    (asked,) = server.asked("POST", CHANNEL)
    assert asked.path == f"{CHANNEL}?subscriptionId={SUBSCRIPTION_ID}"
    assert asked.headers["Content-Length"] == "0"
    assert not {"Cookie", "Authorization", "Content-Type"} & set(asked.headers)
    assert not channel.closed


async def test_a_real_call_through_the_transport(connect: Connect, server: O2gServer) -> None:
    client, channel = await opened(connect)
    for start in range(0, len(CAPTURE), 97):  # lines span chunks, chunks span lines
        server.chunks.put_nowait(CAPTURE[start : start + 97])
    server.chunks.put_nowait(None)
    events = await read(channel)
    assert [type(event).__name__ for event in events] == [
        "OnChannelInformation",
        "OnDeviceStateModified",
        "OnUserStateModified",
        "OnCallCreated",
        "OnCallModified",
        "OnUserStateModified",
        "OnCallModified",
        "OnCallRemoved",
        "OnUserStateModified",
    ]
    assert channel.end is ChannelEnd.CLEAN
    counted = client.statistics
    assert (counted.events, counted.bytes) == (9, len(CAPTURE))
    assert counted.unknown_events == counted.malformed_frames == counted.bad_fields == counted.unknown_values == 0


async def test_a_flood_is_taken_in_parts_and_in_order(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    flood = b"".join(b'{"eventName":"OnCallRemoved","callRef":"%d"}\n' % number for number in range(5000))
    for start in range(0, len(flood), 100_001):
        server.chunks.put_nowait(flood[start : start + 100_001])
    long = "x" * 50_000
    server.chunks.put_nowait(b'{"eventName":"OnCallRemoved","callRef":"%s"}\n' % long.encode() + FREE)
    server.chunks.put_nowait(None)
    async with asyncio.timeout(30):
        batches = [batch async for batch in channel]
    events = [event for batch in batches for event in batch if isinstance(event, OnCallRemoved)]
    assert [event.call_ref for event in events] == [*map(str, range(5000)), long]
    assert isinstance(batches[-1][-1], OnUserStateModified)
    assert max(map(len, batches)) < 1000


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_lines_and_chunks_need_not_agree(connect: Connect, server: O2gServer, size: int) -> None:
    _, channel = await opened(connect)
    text = STARTED + FREE + b"\r\n" + FREE
    for start in range(0, len(text), size):
        server.chunks.put_nowait(text[start : start + size])
    server.chunks.put_nowait(None)
    assert [type(event) for event in await read(channel)] == [
        OnChannelInformation,
        OnUserStateModified,
        OnUserStateModified,
    ]


async def test_events_come_as_they_are_flushed(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    batches = aiter(channel)
    server.chunks.put_nowait(STARTED)
    before = monotonic()
    assert [type(event) for event in await anext(batches)] == [OnChannelInformation]
    assert before <= channel.last_heard <= monotonic()
    server.chunks.put_nowait(FREE + FREE + FREE[:20])
    assert len(await anext(batches)) == 2
    server.chunks.put_nowait(FREE[20:])
    assert len(await anext(batches)) == 1


async def test_a_channel_that_begins_otherwise(
    connect: Connect, server: O2gServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _, channel = await opened(connect)
    server.chunks.put_nowait(FREE)
    server.chunks.put_nowait(None)
    assert len(await read(channel)) == 1
    assert "did not begin with OnChannelInformation" in caplog.text


async def test_malformed_and_unknown_lines(connect: Connect, server: O2gServer) -> None:
    client, channel = await opened(connect)
    server.chunks.put_nowait(STARTED + b"{oops\n" + FREE + b'{"eventName": "OnNew", "a": 1}\n\n[]\n' + FREE)
    server.chunks.put_nowait(None)
    assert [type(event) for event in await read(channel)] == [
        OnChannelInformation,
        OnUserStateModified,
        UnknownEvent,
        OnUserStateModified,
    ]
    assert client.statistics.malformed_frames == 2
    assert client.statistics.unknown_events == 1


async def test_a_line_that_is_too_long(connect: Connect, server: O2gServer) -> None:
    client, channel = await opened(connect)
    batches = aiter(channel)
    # It would be an event like any other, were it shorter.
    server.chunks.put_nowait(STARTED + b'{"eventName":"OnCallRemoved","extra":"')
    piece = b"x" * (1024 * 1024)
    for _ in range(LONGEST_LINE // len(piece) + 3):
        server.chunks.put_nowait(piece)
    assert [type(event) for event in await anext(batches)] == [OnChannelInformation]
    server.chunks.put_nowait(b'"}\n' + FREE)
    async with asyncio.timeout(30):
        assert [type(event) for event in await anext(batches)] == [OnUserStateModified]
        for _ in range(2):  # what follows is whole again
            server.chunks.put_nowait(FREE)
            assert [type(event) for event in await anext(batches)] == [OnUserStateModified]
    assert client.statistics.malformed_frames == 1


async def test_a_long_line_that_is_not_too_long(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    server.chunks.put_nowait(
        b'{"eventName":"OnCallRemoved","callRef":"1","extra":"' + b"x" * (LONGEST_LINE - 200) + b'"}\n'
    )
    server.chunks.put_nowait(None)
    assert await read(channel) == [OnCallRemoved(call_ref="1")]


async def test_what_is_not_a_whole_line_is_no_event(connect: Connect, server: O2gServer) -> None:
    client, channel = await opened(connect)
    server.chunks.put_nowait(STARTED + FREE.rstrip()[:-1])
    server.chunks.put_nowait(None)
    assert len(await read(channel)) == 1
    assert client.statistics.malformed_frames == 0


async def test_the_last_line_needs_no_newline(connect: Connect, server: O2gServer) -> None:
    client, channel = await opened(connect)
    server.chunks.put_nowait(STARTED + FREE.rstrip())
    server.chunks.put_nowait(None)
    assert len(await read(channel)) == 2
    assert client.statistics.malformed_frames == 0


# ----------------------------------------------------------------------------------------------------------------- end


async def test_the_server_ends_it(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    server.chunks.put_nowait(STARTED)
    server.chunks.put_nowait(None)
    await read(channel)
    assert channel.end is ChannelEnd.CLEAN
    assert channel.end_reason == "the server, or a proxy before it, ended it"
    assert await read(channel) == []


async def test_the_connection_breaks(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    server.chunks.put_nowait(STARTED)
    server.chunks.put_nowait(Break)
    assert len(await read(channel)) == 1
    assert channel.end is ChannelEnd.BROKEN
    assert channel.end_reason is not None
    assert "broke" in channel.end_reason


async def test_it_is_closed_while_it_is_read(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    server.chunks.put_nowait(STARTED)
    batches = aiter(channel)
    await anext(batches)
    reading = asyncio.create_task(read_on(batches))
    await asyncio.sleep(0)
    await channel.close()
    async with asyncio.timeout(30):
        assert await reading == []
    assert channel.end is ChannelEnd.CLOSED
    await channel.close()


async def read_on(batches: Any) -> list[Any]:
    return [batch async for batch in batches]


async def test_reading_is_cancelled(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect)
    reading = asyncio.create_task(read(channel))
    await server.channel_open.wait()
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert channel.end is ChannelEnd.CLOSED


async def test_closing_the_client_ends_it(connect: Connect, server: O2gServer) -> None:
    client, channel = await opened(connect)
    reading = asyncio.create_task(read(channel))
    await asyncio.sleep(0)
    await client.close()
    async with asyncio.timeout(30):
        await reading
    assert channel.end is ChannelEnd.CLOSED


# ------------------------------------------------------------------------------------------------------- it goes wrong


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500])
async def test_a_dead_subscription(connect: Connect, server: O2gServer, status: int) -> None:
    server.answer("POST", CHANNEL, status=status, json={"code": 1003, "helpMessage": f"no {SUBSCRIPTION_ID}"})
    with pytest.raises(SubscriptionLost, match="the subscription is dead") as caught:
        await opened(connect)
    assert caught.value.status == status
    assert SUBSCRIPTION_ID not in str(caught.value) + repr(vars(caught.value))


@pytest.mark.parametrize("status", [404, 500, 502])
async def test_a_proxy_that_does_not_serve_the_channel(connect: Connect, server: O2gServer, status: int) -> None:
    server.answer("POST", CHANNEL, status=status, text="<html>not here</html>")
    with pytest.raises(RequestRefused, match=rf"\({status}\) at {server.url}") as caught:
        await opened(connect)
    assert isinstance(caught.value, SubscriptionLost) == (status == 404)
    assert ("a proxy before it has to pass them on" in str(caught.value)) == (status == 404)
    assert SUBSCRIPTION_ID not in str(caught.value) + repr(vars(caught.value))


async def test_a_server_that_is_starting(connect: Connect, server: O2gServer) -> None:
    server.answer("POST", CHANNEL, status=503, json={"code": 1000})
    with pytest.raises(NotReady) as caught:
        await opened(connect)
    assert caught.value.transient


async def test_a_server_that_knows_only_get(connect: Connect, server: O2gServer) -> None:
    server.answer("POST", CHANNEL, status=405)
    _, channel = await opened(connect)
    (asked,) = server.asked("GET", CHANNEL)
    assert not {"Cookie", "Authorization"} & set(asked.headers)
    server.chunks.put_nowait(STARTED)
    server.chunks.put_nowait(None)
    assert len(await read(channel)) == 1


async def test_a_server_that_knows_neither(connect: Connect, server: O2gServer) -> None:
    server.answer("POST", CHANNEL, status=405)
    server.answer("GET", CHANNEL, status=405)
    with pytest.raises(SubscriptionLost):
        await opened(connect)


@pytest.mark.parametrize("how", ["hang", "drop"])
async def test_a_channel_that_does_not_open(connect: Connect, server: O2gServer, how: str) -> None:
    server.answer("POST", CHANNEL, **{how: True})  # type: ignore[arg-type]
    client = await connect()
    request = await client.subscriptions.subscribe(REQUEST)
    hurry(client.settings, request_timeout=0.3)
    with pytest.raises(ConnectionFailed) as caught:
        await client.open_channel(request)
    assert caught.value.transient
    assert SUBSCRIPTION_ID not in str(caught.value)


async def test_a_silent_channel_has_no_time_limit_of_its_own(connect: Connect, server: O2gServer) -> None:
    _, channel = await opened(connect, request_timeout=0.5)
    server.chunks.put_nowait(STARTED)
    reading = asyncio.create_task(read(channel))
    await asyncio.sleep(0.8)
    server.chunks.put_nowait(FREE)
    server.chunks.put_nowait(None)
    assert len(await reading) == 2


async def test_redirects_of_the_channel(connect: Connect, server: O2gServer) -> None:
    server.answer("POST", CHANNEL, status=307, headers=[("Location", "/elsewhere")])
    server.answer("POST", "/elsewhere", text=STARTED)
    _, channel = await opened(connect)
    assert len(await read(channel)) == 1
    async with O2gServer(host="127.0.0.2") as other:
        server.answer("POST", CHANNEL, status=307, headers=[("Location", f"{other.url}{CHANNEL}")])
        with pytest.raises(ConnectionFailed, match="redirects"):
            await opened(connect)
        assert other.requests == []
    server.answer("POST", CHANNEL, status=307, headers=[("Location", CHANNEL)])
    with pytest.raises(ConnectionFailed, match="circle"):
        await opened(connect)


async def test_a_subscription_without_a_channel(connect: Connect) -> None:
    client = await connect()
    with pytest.raises(PbxError, match="no URL for the event channel"):
        await client.open_channel(Subscription(subscription_id="x"))
