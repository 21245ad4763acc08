"""What only the webhook meets: odd and broken deliveries, connections that are kept, and a port that is taken."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiopbx.errors import InvalidInput
from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.channel import door
from aiopbx.o2g.channel.webhook import WebhookChannels
from tests.aiopbx.office import until
from tests.aiopbx.strangers import SECRET, WebhookWorld, gone, listening

HEAD = b"POST /" + SECRET.encode() + b"/1 HTTP/1.1\r\nHost: a\r\nContent-Length: "


@pytest.fixture(params=["http", "https"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WebhookWorld]:
    async with listening(WebhookWorld, tmp_path, tls=request.param == "https") as one:
        yield one


async def test_whoever_has_shown_the_secret_has_time(world: WebhookWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.3)
    reader, writer = await world.knock()
    writer.write(HEAD + b"2\r\n\r\n{")
    await until(lambda: world.door.strangers == {})
    assert len(world.listener.connections) == 1
    await asyncio.sleep(0.4)  # longer than a stranger has
    writer.write(b"}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 410")
    while await reader.readline() != b"\r\n":
        pass
    writer.write(HEAD + b"2\r\n\r\n{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 410"), "on the same connection"
    assert world.door.dropped == 0
    writer.close()
    await until(lambda: not world.listener.connections)


async def test_a_connection_at_rest_is_not_waited_for(world: WebhookWorld) -> None:
    reader, writer = await world.knock()
    writer.write(HEAD + b"2\r\n\r\n{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 410")
    while await reader.readline() != b"\r\n":
        pass
    async with asyncio.timeout(30):
        await world.listener.shutdown(60.0)
    await gone(reader)
    writer.close()


async def test_a_stranger_gets_one_answer(world: WebhookWorld) -> None:
    reader, writer = await world.knock()
    writer.write(b"POST /wrong HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" * 3)
    async with asyncio.timeout(30):
        answers = await reader.read(-1)
    assert answers.count(b"HTTP/1.1 404") == 1
    writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\0\xff" * 100,
        b"\r\n" * 1000,
        b"GET\r\n\r\n",
        b"POST /%ff%fe/%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST /\xff\xfe HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST //[ HTTP/1.1\r\nHost: [\r\nContent-Length: 0\r\n\r\n",
        b"POST http://[/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"X: " + b"x" * 100_000,
        b"POST / HTTP/1.1\r\n" + b"X: x\r\n" * 20_000,
        HEAD + b"-1\r\n\r\n",
        HEAD[:40] + b"\n" + HEAD[40:],
        b"POST /" + SECRET.encode() + b"/1\nHTTP/1.1\r\nHost: a\r\n\r\n",
        HEAD + b"9" * 50 + b"\r\n\r\n",
        HEAD + b"2\r\nContent-Encoding: gzip\r\n\r\n{}",
        HEAD.replace(b"Content-Length: ", b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n"),
        HEAD.replace(b"POST", b"CONNECT") + b"0\r\n\r\n",
        HEAD + b"0\r\nExpect: the unexpected\r\n\r\n",
        HEAD + b"0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_odd_deliveries(
    world: WebhookWorld, said: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered or hung up on, none has the secret logged, and the next delivery arrives."""
    monkeypatch.setattr(door, "STRANGER", 1.0)
    caplog.set_level(logging.DEBUG)
    await world.say(said)  # aiohttp may quote to a sender what it has sent
    await world.gets_through()
    assert SECRET not in caplog.text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_delivery_that_breaks_off(world: WebhookWorld, caplog: pytest.LogCaptureFixture) -> None:
    """The server delivers it again; nothing is wrong on this side."""
    reader, writer = await world.knock()
    writer.write(HEAD + b"20\r\n\r\n{")
    await until(lambda: world.door.strangers == {})
    writer.transport.abort()
    await gone(reader)
    await until(lambda: not world.listener.connections)
    await world.gets_through()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_port_that_is_taken(world: WebhookWorld) -> None:
    with pytest.raises(InvalidInput) as caught:
        await WebhookChannels(world.settings, WireStatistics()).open()
    assert caught.value.field == "webhook.port"
