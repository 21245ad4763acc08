"""Cost per event for 10 to 10,000 lines, and the memory of 10,000 monitored lines.

The cost is that of the whole way from bytes to a subscriber without the network, in seconds of this process. The memory
is that of a process that monitors lines of a server in another process, over one that has only started.
"""

import argparse
import asyncio
import gc
import multiprocessing
import resource
import statistics
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from office_server import login_of, serving, stream

import aiopbx
from aiopbx.o2g import reducer
from aiopbx.o2g.apply import Applier, Lines
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.rights import Rights
from aiopbx.store import Store

BATCH = 100
"""Events of a chunk, about what one read of a busy channel gives."""


def ignore(*_: object) -> None:
    """Take what is of no line, and what is doubted."""


def applier_of(lines: int) -> tuple[Applier, Store, list[int]]:
    """What applies events, with so many lines and no server behind it; the store; and what its subscriber counts."""
    store = Store()
    logins = tuple(login_of(number) for number in range(lines))
    for login in logins:
        store.lines[login] = reducer.new_line(login)
    monitored = Lines(store, Rights(), logins, (), everybody=False)
    received = [0]

    def on_event(event: aiopbx.Event) -> None:
        received[0] += 1

    store.subscribers.add(on_event)
    return Applier(monitored, sole=None, on_other=ignore, on_doubt=ignore), store, received


async def cost(lines: int, events: int, rounds: int) -> float:
    """Seconds for one event: the best of some rounds, which is the one that was disturbed least."""
    applier, store, received = applier_of(lines)
    body, count = stream(lines, max(events, lines * 6))
    parts = body.splitlines(keepends=True)
    chunks = [b"".join(parts[start : start + BATCH]) for start in range(0, len(parts), BATCH)]
    decoder = EventDecoder()
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        began = time.process_time()
        for chunk in chunks:
            applier.apply(decoder.decode_lines(chunk))
        best = min(best, (time.process_time() - began) / count)
    assert received[0] >= count * rounds // 2
    assert not any(line.calls for line in store.lines.values())
    return best


def resident() -> float:
    """MiB of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _monitor(url: str, pipe: Connection) -> None:
    """In a process of its own: what it holds once it is connected and everything is known."""
    imported = resident()

    async def run() -> None:
        async with aiopbx.connect(url=url, username="admin", password="admin", sync_timeout=60) as pbx:
            # Everything is known when the last detail has come.
            while any(aiopbx.Feature.FORWARD not in line.features for line in pbx._core.store.lines.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            lines = len(pbx.lines)
            gc.collect()
            pipe.send((imported, resident(), lines))

    asyncio.run(run())


def _empty(pipe: Connection) -> None:
    pipe.send(resident())


def apart(target: object, *arguments: object) -> object:
    """What a new process says."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=target, args=(*arguments, there))  # type: ignore[arg-type]
    process.start()
    try:
        return here.recv()
    finally:
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=10_000)
    options = parser.parse_args()
    costs = {}
    for lines in (10, 100, 1000, 10_000):
        costs[lines] = asyncio.run(cost(lines, options.events, options.rounds))
        print(f"{lines:6d} lines: {costs[lines] * 1e6:5.2f} µs an event, {costs[lines] / costs[10]:.2f} of that for 10")
    spread = max(costs.values()) / statistics.median(costs.values())
    whole = max(costs.values()) / min(costs.values())
    print(f"the dearest is {spread:.2f} of the middle, {whole:.2f} of the cheapest; aim 1.25")

    empty = apart(_empty)
    with serving(options.lines) as (url, _):
        began = time.perf_counter()
        imported, connected, lines = apart(_monitor, url)  # type: ignore[misc]
        seconds = time.perf_counter() - began
    assert isinstance(empty, float)
    print(
        f"{lines} lines: {connected - empty:.1f} MiB over a process that has started and imported this, "
        f"{(connected - imported) / lines * 1024:.2f} KiB a line, aim 64 MiB; all known after {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
