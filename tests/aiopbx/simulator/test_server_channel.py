"""The event channel: what comes first, what comes when, and every way in which it ends."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from aiopbx.o2g.types.telephony import OnUserStateModified, UserState
from tests.aiopbx.simulator.conftest import until


def publish(api: Any, login: str = "oxe1000", state: UserState = UserState.BUSY) -> None:
    event = OnUserStateModified(login_name=login, state=state)
    api.simulator.server.subscriptions.publish("telephony", login, event)


async def raw_channel(url: str, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.partition("//")[2].partition("/")[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = "/" + url.partition("//")[2].partition("/")[2]
    writer.write(request.replace(b"PATH", path.encode()))
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize(
    "head",
    [
        b"GET PATH HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST PATH HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"POST PATH HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_opened_without_cookies_chunk_by_chunk(admin: Any, head: bytes) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    reader, writer = await raw_channel(subscription["publicPollingUrl"], head)
    answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert answer.startswith("http/1.1 200 ")
    assert "transfer-encoding: chunked" in answer

    async def chunk() -> bytes:
        size = int(await reader.readline(), 16)
        data = await reader.readexactly(size)
        assert await reader.readline() == b"\r\n"
        return data

    # the first line comes at once, nothing had to happen for it
    assert await chunk() == b'{"eventName":"OnChannelInformation","text":"Chunk started"}\n'
    publish(admin)
    publish(admin, "oxe1001")
    # each event is a chunk of its own: it was flushed as it came
    for login in ("oxe1000", "oxe1001"):
        data = await chunk()
        assert data.endswith(b"\n")
        assert json.loads(data)["loginName"] == login
    writer.close()
    await until(lambda: admin.simulator.server.subscriptions.all[0].channel is None)


async def test_http_1_0_gets_the_lines_until_the_end(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    reader, writer = await raw_channel(subscription["publicPollingUrl"], b"GET PATH HTTP/1.0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    assert b"Chunk started" in await reader.readline()
    publish(admin)
    assert b"OnUserStateModified" in await reader.readline()
    writer.close()


async def test_events_wait_for_the_channel(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    publish(admin, "oxe1000")
    publish(admin, "oxe1001")
    lines = await admin.channel(subscription)
    publish(admin, "oxe1002")
    assert [(await lines.next())["loginName"] for _ in range(3)] == ["oxe1000", "oxe1001", "oxe1002"]


async def test_queue_is_bounded_and_says_so(connect: Any) -> None:
    api = await (await connect(event_queue=3)).log_in()
    subscription = await api.subscribe("telephony", ids=["*"])
    for login in ("oxe1000", "oxe1001", "oxe1002", "oxe1003", "oxe1000"):
        publish(api, login)
    lines = await api.channel(subscription)
    notice = await lines.next()
    assert notice == {"eventName": "OnChannelInformation", "text": "queue overflow: 2 events lost"}
    assert [(await lines.next())["loginName"] for _ in range(3)] == ["oxe1002", "oxe1003", "oxe1000"]


async def test_heartbeat_only_with_timeout_zero(connect: Any, clock: Any) -> None:
    api = await (await connect(heartbeat=20)).log_in()
    beating = await api.channel(await api.subscribe("telephony", ids=["*"], timeout=0))
    still = await api.channel(await api.subscribe("telephony", ids=["*"], timeout=10))
    for _ in range(3):
        clock.advance(20)
        assert await beating.next() == {"eventName": "OnChannelInformation", "text": "keepalive"}
    assert await still.silent()


async def test_inactive_channel_is_closed_and_the_subscription_lives_on(admin: Any, clock: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"], timeout=2)
    lines = await admin.channel(subscription)
    clock.advance(100)
    publish(admin)
    assert (await lines.next())["eventName"] == "OnUserStateModified"
    clock.advance(100)  # 200 s after the start, 100 s after the last event
    publish(admin)
    assert (await lines.next())["eventName"] == "OnUserStateModified"
    clock.advance(121)
    assert await lines.next() is None
    publish(admin, "oxe1003")
    lines = await admin.channel(subscription)
    assert (await lines.next())["loginName"] == "oxe1003"


async def test_channel_with_timeout_zero_lives_as_long_as_the_session(admin: Any, clock: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"], timeout=0))
    for _ in range(3):
        clock.advance(1500)
        await admin.call("POST", "/sessions/keepalive")
    while (line := await lines.next()) is not None and not await lines.silent(0.01):
        assert line["text"] == "keepalive"
    clock.advance(1806)
    while (line := await lines.next()) is not None:
        assert line["text"] == "keepalive"


async def test_end_of_the_session_ends_the_channel(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    lines = await admin.channel(subscription)
    await admin.call("DELETE", "/sessions")
    assert await lines.next() is None
    assert (await admin.send("GET", subscription["publicPollingUrl"])).status == 404


async def test_second_opening_replaces_the_first(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    first = await admin.channel(subscription)
    second = await admin.channel(subscription, "GET")
    assert await first.next() is None
    publish(admin)
    assert (await second.next())["loginName"] == "oxe1000"


async def test_client_that_goes_leaves_nothing_behind(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    lines = await admin.channel(subscription)
    subscribed = admin.simulator.server.subscriptions.all[0]
    assert subscribed.channel is not None
    lines.close()
    await until(lambda: subscribed.channel is None)
    publish(admin, "oxe1002")
    lines = await admin.channel(subscription)
    assert (await lines.next())["loginName"] == "oxe1002"


@pytest.mark.parametrize("path", ["/OTEvents?subscriptionId=0123", "/OTEvents", "/", "/OTEvents/a?subscriptionId=0123"])
async def test_dead_ids_are_refused(admin: Any, path: str) -> None:
    for method in ("GET", "POST"):
        reply = await admin.send(method, admin.simulator.event_url + path)
        assert (reply.status, reply.body["type"]) == (404, "NOT_FOUND")


async def test_other_methods_are_refused(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    for method in ("PUT", "DELETE"):
        reply = await admin.send(method, subscription["publicPollingUrl"])
        assert (reply.status, reply.headers["Allow"]) == (405, "GET, POST")


async def test_slow_reader_hurts_only_itself(connect: Any) -> None:
    api = await (await connect(event_queue=100)).log_in()
    slow = await api.subscribe("telephony", ids=["*"])
    _, writer = await raw_channel(slow["publicPollingUrl"], b"GET PATH HTTP/1.1\r\nHost: localhost\r\n\r\n")
    writer.transport.pause_reading()
    quick = await api.channel(await api.subscribe("telephony", ids=["*"]))
    for _ in range(600):
        for _ in range(50):
            publish(api)
        for _ in range(50):
            assert (await quick.next())["eventName"] == "OnUserStateModified"
    subscribed = api.simulator.server.subscriptions.all[0]
    assert len(subscribed.queue) <= 100
    writer.transport.abort()
    await until(lambda: subscribed.channel is None)


async def test_events_survive_in_order_across_a_cut(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    lines = await admin.channel(subscription)
    admin.simulator.faults.cut_channels()
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await lines.to_the_end()
    for login in ("oxe1000", "oxe1001"):
        publish(admin, login)
    lines = await admin.channel(subscription)
    assert [(await lines.next())["loginName"] for _ in range(2)] == ["oxe1000", "oxe1001"]
