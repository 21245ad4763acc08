"""Whoever does not show the secret of a listener gets little time and little room; the server always gets through."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiopbx.o2g.channel import door
from tests.aiopbx.office import until
from tests.aiopbx.strangers import TunnelWorld, WebhookWorld, World, gone, listening


@pytest.fixture(params=["webhook", "webhook-tls", "tunnel", "tunnel-tls"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    channel, _, tls = request.param.partition("-")
    kind: type[World] = TunnelWorld if channel == "tunnel" else WebhookWorld
    async with listening(kind, tmp_path, tls=bool(tls)) as one:
        yield one


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GE",
        b"POST / HTTP/1.1\r\n",
        b"GET /wrong HTTP/1.1\r\nHost: a\r\nUpgra",
        b"POST /wrong HTTP/1.1\r\nHost: a\r\nContent-Le",
    ],
)
async def test_who_shows_nothing_is_hung_up_on(world: World, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.2)
    reader, writer = await world.knock()
    writer.write(said)
    await gone(reader)
    assert world.door.dropped == 1
    assert world.door.strangers == {}
    writer.close()


async def test_who_does_not_even_shake_hands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "STRANGER", 0.2)
    reader, writer = await world.knock(shake_hands=False)
    await gone(reader)
    assert world.door.strangers == {}
    writer.close()
    reader, writer = await world.knock(shake_hands=False)
    writer.write(b"\x16\x03\x01" if world.tls is None else b"GET / HTTP/1.1\r\n\r\n")
    await gone(reader)
    writer.close()
    await until(lambda: world.door.strangers == {})


async def test_hundreds_of_strangers(world: World) -> None:
    """The oldest make room, and whoever has the secret gets through all the same."""
    strangers = [await world.knock(shake_hands=False) for _ in range(door.MOST_STRANGERS * 3)]
    await until(lambda: world.door.dropped >= door.MOST_STRANGERS * 2)
    assert len(world.door.strangers) <= door.MOST_STRANGERS
    await world.gets_through()
    await gone(strangers[0][0])
    assert not strangers[-1][0].at_eof()
    for _, writer in strangers:
        writer.close()
    await until(lambda: world.door.strangers == {})
    await world.gets_through()


async def test_the_listener_closes_while_strangers_knock(world: World) -> None:
    """The fixture bounds the time of the second close."""
    strangers = [await world.knock(shake_hands=False) for _ in range(5)]
    await until(lambda: len(world.door.strangers) == 5)
    await world.channels.close()
    for reader, writer in strangers:
        await gone(reader)
        writer.close()
