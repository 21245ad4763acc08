"""The proxy does to connections what it says, and nothing else; the loop turns its clock and loses no byte."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from tests.chaos.faulty_proxy import Fault, FaultyProxy
from tests.chaos.turned_loop import LoopClock, StuckError, TurnedLoop, run

Body = Callable[[FaultyProxy, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ONE = random.Random(1)


def with_echo(body: Body) -> float:
    """Run this on a connection through a proxy to a server that repeats what it gets; return the seconds it took."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def main() -> float:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        proxy = await FaultyProxy(server.sockets[0].getsockname()[1]).start()
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        await body(proxy, reader, writer)
        writer.close()
        took = asyncio.get_running_loop().time() - began
        await proxy.close()
        server.close()
        return took

    took: float = run(main)
    return took


@pytest.mark.parametrize("size", [1, 10, 1_000_000])
def test_what_is_sent_arrives(size: int) -> None:
    async def body(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * size)
        assert await reader.readexactly(size) == b"x" * size

    assert with_echo(body) == 0


@pytest.mark.parametrize("fault", [Fault.SPLIT, Fault.SLOW, Fault.DELAY])
def test_late_and_in_pieces_but_whole(fault: Fault) -> None:
    async def body(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.inject(fault, ONE)
        data = bytes(range(256)) * 4
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        proxy.heal()
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"

    assert with_echo(body) > 0


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
def test_an_end(fault: Fault) -> None:
    async def body(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert proxy.open_at("near") == 1
        proxy.inject(fault, ONE)
        if fault is Fault.CUT:
            assert await reader.read() == b""
        else:
            with pytest.raises(ConnectionError):
                await reader.readexactly(1)
        await asyncio.sleep(1)
        assert proxy.open_at("near") == 0
        assert not proxy.pairs

    with_echo(body)


def test_half_open() -> None:
    async def body(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.inject(Fault.SWALLOW, ONE)
        proxy.heal()
        writer.write(b"is anybody there")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 3600)
        assert proxy.open_at("near") == 1
        again, other = await asyncio.open_connection("127.0.0.1", proxy.port)
        other.write(b"new")
        assert await again.readexactly(3) == b"new", "only what was open is dead"
        other.close()

    assert 3600 <= with_echo(body) < 3601


def test_truncated_and_garbage() -> None:
    async def truncated(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for pair in proxy.pairs:
            pair.far.truncated = True
        writer.write(b"12345678")
        assert await reader.read() == b"1234"

    async def garbage(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for pair in proxy.pairs:
            pair.far.garbage = True
        writer.write(b"12345678")
        data = await reader.readuntil(b"5678")
        assert data.startswith(b"1234")
        assert len(data) > 8

    with_echo(truncated)
    with_echo(garbage)


def test_refused() -> None:
    async def body(proxy: FaultyProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.inject(Fault.REFUSE, ONE)
        again, _ = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionError):
            await again.readexactly(1)
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"

    with_echo(body)


def test_a_month_takes_no_time() -> None:
    async def main() -> float:
        clock = LoopClock(asyncio.get_running_loop())
        rung: list[float] = []
        clock.call_later(86_400.0, lambda: rung.append(clock.now()))
        await asyncio.sleep(30 * 86_400)
        assert rung == [pytest.approx(86_400)]
        return clock.now()

    assert run(main) == pytest.approx(30 * 86_400)


def test_time_stands_still_for_threads() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        ticking = loop.call_later(60, lambda: None)
        assert await asyncio.to_thread(sum, range(1_000_000)) > 0
        ticking.cancel()
        return loop.time() - began

    assert run(main) == 0


def test_waiting_for_what_cannot_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.chaos.turned_loop._STUCK", 0.05)

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StuckError):
        run(main, loop=TurnedLoop())
