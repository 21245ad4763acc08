"""A TCP proxy that treats connections badly: the network between a client and a server, on a bad day.

It knows nothing of what it carries. Faults act on the connections that are open, on those that are opened from now on,
or on both, each in one direction or in both, until ``heal``. A connection that was swallowed stays dead after that, as
half-open ones do.
"""

import asyncio
import contextlib
import random
import re
import socket
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import Final

_GARBAGE: Final = b'{"\xff\xfe garbage \x00}\r\n\r\n0\r\n'
_SLOW: Final = 7
"""Bytes at a time on a slow connection."""
_SLOW_STEP: Final = 0.02
"""Seconds between them."""
_COOKIE: Final = re.compile(rb"(?im)^set-cookie:\s*([A-Za-z]+(?:_SESSIONID)?)=([^;\s]+)")


class Fault(StrEnum):
    """What may be done to connections."""

    CUT = "cut"
    """The connection ends, as if either side had closed it properly."""
    RESET = "reset"
    """The connection is reset on both sides."""
    SWALLOW = "swallow"
    """Half-open: whatever is sent disappears, and nobody is notified, ever."""
    DELAY = "delay"
    """Everything comes late."""
    SPLIT = "split"
    """Everything comes in pieces of a few bytes."""
    SLOW = "slow"
    """Everything comes a few bytes at a time, with pauses."""
    TRUNCATE = "truncate"
    """The next bytes come by half, then the connection ends."""
    GARBAGE = "garbage"
    """Bytes are inserted that nobody sent."""
    REFUSE = "refuse"
    """Connections that are opened are reset at once."""


LASTING: Final = frozenset({Fault.DELAY, Fault.SPLIT, Fault.SLOW, Fault.REFUSE})
"""Faults that go on until ``heal``."""


def _reset(transport: asyncio.Transport) -> None:
    """Reset a connection: without this option the other side would see a proper end."""
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Way(asyncio.Protocol):
    """One side of a connection: what it receives, it hands to the other."""

    def __init__(self, pair: "_Pair") -> None:
        self.pair = pair
        self.transport: asyncio.Transport | None = None
        self.other: _Way | None = None
        self.held: list[bytes | None] = []
        """What came before the other side was there."""
        self.finished = False
        """Whether this side has closed, or said that it sends no more."""
        self.swallowed = False
        self.truncated = False
        self.garbage = False
        self.queue: list[tuple[float, bytes | None]] = []
        """What waits to be handed over, and when; None is the end."""
        self.pump: asyncio.TimerHandle | None = None
        self.last = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pair.made(self)

    def data_received(self, data: bytes) -> None:
        self.pair.proxy.bytes += len(data)
        if self.swallowed:
            return
        if self.truncated:
            self.truncated = False
            self._forward(data[: len(data) // 2])
            self._forward(None)
            return
        if self.garbage:
            self.garbage = False
            half = len(data) // 2
            data = data[:half] + _GARBAGE + data[half:]
        self._forward(data)

    def eof_received(self) -> bool:
        self.finished = True
        if not self.swallowed:
            self._forward(None)
        return True  # closed when the other side is, as a connection through a network is

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.finished = True
        if exc is not None and not self.swallowed and self.other is not None and self.other.transport is not None:
            _reset(self.other.transport)
        self.pair.gone(self)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    # Handing over, at once or late

    def _forward(self, data: bytes | None) -> None:
        proxy, loop = self.pair.proxy, asyncio.get_running_loop()
        delay = proxy.delay
        if self.other is None:
            self.held.append(data)
            return
        if data is None or not (delay or proxy.piece or proxy.slow or self.queue):
            if self.queue:
                self.queue.append((self.last, None))
            else:
                self._write(data)
            return
        due = max(self.last, loop.time() + delay)
        size = _SLOW if proxy.slow else proxy.piece or len(data)
        # A long answer on a slow line shall not take hours.
        size = max(size, len(data) // 200)
        for start in range(0, len(data), size):
            self.queue.append((due, data[start : start + size]))
            due += _SLOW_STEP if proxy.slow else 0.0005 if proxy.piece else 0.0
        self.last = due
        self._wait()

    def _wait(self) -> None:
        if self.pump is None and self.queue:
            self.pump = asyncio.get_running_loop().call_at(self.queue[0][0], self._due)

    def _due(self) -> None:
        self.pump = None
        _, data = self.queue.pop(0)
        self._write(data)
        self._wait()

    def _write(self, data: bytes | None) -> None:
        other = self.other
        if other is None or other.transport is None or other.transport.is_closing() or self.swallowed:
            return
        if data is None:
            other.transport.close()
            return
        self.pair.proxy.delivered(self, data)
        other.transport.write(data)

    def stop(self) -> None:
        self.queue.clear()
        if self.pump is not None:
            self.pump.cancel()
            self.pump = None


class _Pair:
    """A connection: the side that opened it, and the side that it leads to."""

    def __init__(self, proxy: "FaultyProxy") -> None:
        self.proxy = proxy
        self.near = _Way(self)
        self.far = _Way(self)
        self.task: asyncio.Task[None] | None = None
        self.tail = b""

    def made(self, way: _Way) -> None:
        if way is self.near:
            self.proxy.opened(self)
        else:
            self.near.other, self.far.other = self.far, self.near
            held, self.near.held = self.near.held, []
            for data in held:
                self.near._forward(data)

    async def connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.far, *self.proxy.target)
        except OSError:
            if self.near.transport is not None:
                _reset(self.near.transport)

    def gone(self, way: _Way) -> None:
        other = self.far if way is self.near else self.near
        way.stop()
        if other.transport is None:
            self.proxy.pairs.pop(self, None)
        elif not way.swallowed and not other.swallowed and not way.queue:
            other.transport.close()

    @property
    def ways(self) -> tuple[_Way, _Way]:
        return self.near, self.far

    def end(self, *, reset: bool) -> None:
        for way in self.ways:
            way.stop()
            if way.transport is not None:
                if reset:
                    _reset(way.transport)
                else:
                    way.transport.close()


class FaultyProxy:
    """Listens on a port of its own and leads to another, with faults in between."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """Lead to this port."""
        self.target = (host, port)
        self.port = 0
        self.pairs: dict[_Pair, None] = {}
        self.opened_at: list[float] = []
        """When connections were opened, in the loop's time."""
        self.cookies: set[bytes] = set()
        """Values of session cookies that came through whole."""
        self.bytes = 0
        self.delay = 0.0
        self.piece = 0
        self.slow = False
        self.refusing = False
        self.swallowing = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it is, as http."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> "FaultyProxy":
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Pair(self).near, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """End every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        for pair in tuple(self.pairs):
            pair.end(reset=True)
        await asyncio.sleep(0)

    def opened(self, pair: _Pair) -> None:
        """Someone has connected."""
        self.opened_at.append(asyncio.get_running_loop().time())
        near = pair.near.transport
        assert near is not None
        if self.refusing:
            _reset(near)
            return
        self.pairs[pair] = None
        if self.swallowing:
            pair.near.swallowed = pair.far.swallowed = True
            return
        task = asyncio.get_running_loop().create_task(pair.connect(), name="proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def delivered(self, way: _Way, data: bytes) -> None:
        """Note the sessions whose cookies have reached the client."""
        if way is way.pair.far:
            seen = way.pair.tail + data
            self.cookies.update(value for _, value in _COOKIE.findall(seen[: seen.rfind(b"\n") + 1]))
            way.pair.tail = seen[-400:]

    def forget(self) -> None:
        """Forget what was noted of connections that are over."""
        self.opened_at.clear()
        self.cookies.clear()

    def open_at(self, side: str) -> int:
        """How many connections the ``near`` side, which opens them, or the ``far`` side has not closed."""
        ways: list[_Way] = [getattr(pair, side) for pair in self.pairs]
        return sum(way.transport is not None and not way.finished for way in ways)

    # Faults

    def inject(self, fault: Fault, draw: random.Random) -> int:
        """Do this to connections; return to how many. The draw decides details."""
        pairs = list(self.pairs)
        one: list[_Pair] = pairs
        if pairs and fault not in LASTING and draw.random() < 0.6:
            one = [draw.choice(pairs)]
        act: dict[Fault, Callable[[], None]] = {
            Fault.DELAY: lambda: setattr(self, "delay", draw.choice([0.05, 0.5, 3.0, 12.0])),
            Fault.SPLIT: lambda: setattr(self, "piece", draw.choice([1, 2, 5, 17])),
            Fault.SLOW: lambda: setattr(self, "slow", True),
            Fault.REFUSE: lambda: setattr(self, "refusing", True),
        }
        if fault in act:
            act[fault]()
            return len(pairs)
        if fault is Fault.SWALLOW and draw.random() < 0.5:
            self.swallowing = True
        for pair in one:
            self._hurt(pair, fault, draw)
        return len(one)

    def _hurt(self, pair: _Pair, fault: Fault, draw: random.Random) -> None:
        if fault in (Fault.CUT, Fault.RESET):
            pair.end(reset=fault is Fault.RESET)
            return
        ways = draw.choice([(pair.near,), (pair.far,), (pair.far,), pair.ways])
        for way in ways:
            if fault is Fault.SWALLOW:
                way.swallowed = True
                way.stop()
            elif fault is Fault.TRUNCATE:
                way.truncated = True
            elif fault is Fault.GARBAGE:
                way.garbage = True

    def heal(self) -> None:
        """Treat connections well from now on. What was swallowed is gone."""
        self.delay = 0.0
        self.piece = 0
        self.slow = self.refusing = self.swallowing = False
        for pair in self.pairs:
            for way in pair.ways:
                way.truncated = way.garbage = False
