"""What only the tunnel meets: odd handshakes, and an agent that has shown its secret long ago."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiopbx.o2g.channel import door
from tests.aiopbx.office import until
from tests.aiopbx.strangers import SECRET, TunnelWorld, listening

UPGRADE = (
    b" HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture(params=["ws", "wss"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TunnelWorld]:
    async with listening(TunnelWorld, tmp_path, tls=request.param == "wss") as one:
        yield one


async def test_strangers_do_not_crowd_the_agent_out(world: TunnelWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.3)
    async with world.agent() as agent:
        await until(lambda: world.channels.present(0))
        assert world.door.strangers == {}
        strangers = [await world.knock(shake_hands=False) for _ in range(door.MOST_STRANGERS + 5)]
        await until(lambda: world.door.strangers == {})  # longer than a stranger has
        assert world.channels.present(0) is not None
        await (await agent.ping())
        for _, writer in strangers:
            writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\0\xff" * 100,
        b"\r\n" * 1000,
        b"GET\r\n\r\n",
        b"POST /" + SECRET.encode() + UPGRADE,
        b"GET /wrong" + UPGRADE + b"\x81\x05hello",
        b"GET //[" + UPGRADE,
        b"GET http://[/" + UPGRADE,
        b"GET /%ff%fe/%zz" + UPGRADE,
        b"GET /\xff\xfe" + UPGRADE,
        b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 20_000,
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nAuthorization: Bearer \xff\xfe" + UPGRADE[9:],
        b"GET /" + SECRET.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + SECRET.encode() + UPGRADE.replace(b"13", b"99"),
        b"GET /" + SECRET.encode() + UPGRADE + b"\xff" * 100,
        b"GET /" + SECRET.encode() + UPGRADE + b"\x81\x02{}",
    ],
)
async def test_odd_handshakes(
    world: TunnelWorld, said: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered or hung up on, none shows the secret, and the agent connects all the same."""
    monkeypatch.setattr(door, "STRANGER", 1.0)
    caplog.set_level(logging.DEBUG)
    assert SECRET.encode() not in await world.say(said)
    await until(lambda: world.channels.present(0) is None)
    await world.gets_through()
    ours = [record for record in caplog.records if record.name != "websockets.client"]  # the agent's own
    assert [record for record in ours if record.levelno >= logging.ERROR] == []
    assert SECRET not in "\n".join(record.getMessage() for record in ours)
