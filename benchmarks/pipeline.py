"""The whole client (transport, decoder, reducer, one subscriber) beside a bare aiohttp + orjson loop, same bytes.

Seconds are those that this process computes, so that a machine with other work gives the same ratio.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import time
from pathlib import Path

import aiohttp
import orjson

sys.path.insert(0, str(Path(__file__).parent))

from office_server import SHAPES, serving, stream

import aiopbx
from aiopbx.o2g.decoding import EventDecoder

PIECE = 50
"""Events that are decoded at once where decoding alone is measured."""


async def bare(url: str, pipe, count: int) -> float:  # type: ignore[no-untyped-def]
    """Chunks split at newlines, every line parsed, no objects built. Seconds from the first to the last byte."""
    async with aiohttp.ClientSession() as session, session.post(f"{url}/channel", read_bufsize=256 * 1024) as response:
        seen = 0
        rest = b""
        began = 0.0
        gc.collect()
        async for chunk in response.content.iter_any():
            if not began and seen >= 1:
                began = time.process_time()
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            for line in lines:
                event = orjson.loads(line)
                event.get("eventName")
                seen += 1
            if seen == 1:
                pipe.send("go")
            if seen >= count + 1:
                return time.process_time() - began
    raise RuntimeError("the channel ended too early")


async def whole(url: str, pipe, count: int) -> float:  # type: ignore[no-untyped-def]
    """The client as users have it, with one subscriber that gets every event of the model."""
    async with aiopbx.connect(url=url, username="admin", password="admin") as pbx:
        received = 0

        def on_event(event: aiopbx.Event) -> None:
            nonlocal received
            received += 1

        pbx.subscribe(on_event)
        channel = pbx._core.system._link.channel  # type: ignore[attr-defined]
        wire = pbx._core.system.wire  # type: ignore[attr-defined]
        goal = wire.events + count
        done = asyncio.Event()
        began = 0.0
        # The time of the first byte and of the last: taken where batches are handled, at no cost per event.
        applier = pbx._core.system._link._applier  # type: ignore[attr-defined]
        apply = applier.apply

        def timed(events: list[object]) -> None:
            nonlocal began
            if not began:
                began = time.process_time()
            apply(events)
            if wire.events >= goal:
                done.set()

        applier.apply = timed
        gc.collect()
        before = channel.last_heard
        pipe.send("go")
        await done.wait()
        seconds = time.process_time() - began
        assert channel.last_heard > before
        assert received >= count // 2, "the subscriber got its events"
        return seconds


def decode_only(body: bytes, count: int) -> float:
    """Seconds an event for decoding, in pieces of about the size in which the channel takes them."""
    lines = body.splitlines(keepends=True)
    pieces = [b"".join(lines[start : start + PIECE]) for start in range(0, len(lines), PIECE)]
    decoder = EventDecoder()
    began = time.process_time()
    for piece in pieces:
        decoder.decode_lines(piece)
    return (time.process_time() - began) / count


def measure(shape: str, lines: int, events: int, rounds: int) -> tuple[float, float]:
    """The ratio for one kind of stream: the middle one of some rounds, and that of the best bare and the best whole."""
    body, count = stream(lines, events, shape)
    print(f"{shape}: {count} events of {lines} lines, {len(body) / count:.0f} bytes each on average")
    ratios, ones, others = [], [], []
    with serving(lines, body) as (url, pipe):
        for number in range(rounds):
            one = asyncio.run(bare(url, pipe, count))
            other = asyncio.run(whole(url, pipe, count))
            ratios.append(one / other)
            ones.append(one)
            others.append(other)
            print(
                f"  round {number + 1}: bare {count / one / 1000:6.1f} k/s ({one / count * 1e6:5.2f} µs), "
                f"whole {count / other / 1000:6.1f} k/s ({other / count * 1e6:5.2f} µs), ratio {one / other:.2f}"
            )
    print(f"  of these, decoding alone: {decode_only(body, count) * 1e6:.2f} µs an event")
    return statistics.median(ratios), min(ones) / min(others)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--shape", choices=SHAPES, action="append")
    options = parser.parse_args()
    ratios = {}
    for shape in options.shape or SHAPES:
        ratios[shape] = measure(shape, options.lines, options.events, options.rounds)
    print("ratio of the whole pipeline to the bare loop, aim 0.80:")
    for shape, (median, best) in ratios.items():
        print(f"  {shape}: median {median:.2f}, of the rounds that were disturbed least {best:.2f}")


if __name__ == "__main__":
    main()
