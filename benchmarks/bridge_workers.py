"""One, two and four workers side by side: how soon their lines are there, what events cost, how late they arrive.

    .venv-lib/bin/python benchmarks/bridge_workers.py [--lines 10000 40000] [--workers 1 2 4] [--rate 200]

Each worker has a telephone system of its own; lines and events are those of all of them together. Names and rights,
which a client reads bit by bit after its start, are left out. Latency is that of new calls, from the moment the server
writes the event until a consumer of all systems has it, in other processes, by the monotonic clock they share.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from contextlib import AsyncExitStack, ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bridge import broker, computed, starting
from office_server import serving, stream

import aiopbx


async def consume(address: str, workers: int, pipes: list[Connection], rate: float, seconds: float) -> list[float]:
    """Milliseconds from the server to a consumer of all systems, of every new call."""
    late: list[float] = []

    def heard(event: aiopbx.CallStarted) -> None:
        sent = (event.call.parties[0].name or "").split()[0] if event.call.parties else ""
        if sent.isdigit():
            late.append((time.monotonic_ns() - int(sent)) / 1e6)

    async with AsyncExitStack() as stack:
        for index in range(workers):
            url = f"{address}/office-{index}"
            pbx = await stack.enter_async_context(aiopbx.connect(url=url, sync_timeout=120))
            pbx.subscribe(heard, kind=aiopbx.CallStarted)
        for pipe in pipes:
            pipe.send(("stamped", rate / workers))
        await asyncio.sleep(1)  # what the first events cost more
        late.clear()
        await asyncio.sleep(seconds)
        return late


def measure(name: str, lines: int, workers: int, events: int, rate: float, seconds: float) -> None:
    """Measure and print one row."""
    body, count = stream(lines // workers, events // workers)
    with broker(name) as (address, process), ExitStack() as stack:
        servers = [stack.enter_context(serving(lines // workers, body)) for _ in range(workers)]
        began = time.perf_counter()
        made = [
            stack.enter_context(starting(url, address, f"office-{index}", known=0, topics=True, later=True))
            for index, (url, _) in enumerate(servers)
        ]
        for one in made:
            one.recv()
        there = time.perf_counter() - began
        for one in made:
            one.send(count)
            one.recv()
        before, began = computed(process), time.perf_counter()
        for _, pipe in servers:
            pipe.send("go")
        results = [one.recv() for one in made]
        elapsed, spent = time.perf_counter() - began, computed(process) - before
        messages = sum(one[2] for one in results)
        late = asyncio.run(consume(address, workers, [pipe for _, pipe in servers], rate, seconds))
    total = count * workers
    cuts = statistics.quantiles(late, n=100)
    each = sum(one[0] for one in results) / total
    print(
        f"| {lines:,} | {workers} | {lines / there:,.0f} | {1 / each:,.0f} | {total / elapsed:,.0f} "
        f"| {messages / max(spent, 0.01):,.0f} | {cuts[49]:.1f} | {cuts[98]:.1f} | {len(late)} "
        f"| {os.getloadavg()[0]:.0f} |",
        flush=True,
    )


def main() -> int:
    """Measure every number of lines with every number of workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default="mosquitto", help="or mosquitto-newest")
    parser.add_argument("--lines", type=int, nargs="*", default=[10_000, 40_000])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rate", type=float, default=200, help="events a second of all systems, for the latency")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    print(
        "| lines | workers | lines a second at the start | events a second of a worker's core | events a second, all "
        "| messages a second of the broker's core | ms, median | ms, 99th | calls | load |"
    )
    print("| --- " * 10 + "|")
    for lines in options.lines:
        for workers in options.workers:
            measure(options.broker, lines, workers, options.events, options.rate, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
