"""The bridge beside a direct connection: the cost of an event, how much later it comes, how soon all lines are there.

A server, a Mosquitto, the workers and the consumer are processes of their own. Costs are seconds that a process
computes, so that a machine with few cores gives about the same; latencies and starts are by the clock.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from office_server import login_of, serving, stream

import aiopbx
from aiopbx import LineSnapshot, Status, SystemInfo
from aiopbx.bridge import BridgeSettings, Worker
from aiopbx.model import Device, Routing
from aiopbx.o2g import details

TOOLS = Path(__file__).resolve().parents[1] / ".tools" / "brokers" / "bin"
LATER, HALF, SOON = 2.0, 0.5, 5.0
"""The targets: milliseconds later, of the direct pipeline's events a second, seconds for all lines."""


@contextmanager
def broker(name: str) -> Iterator[tuple[str, int]]:
    """A Mosquitto: its address and its process."""
    program = TOOLS / name if (TOOLS / name).exists() else shutil.which(name)
    if program is None:
        raise SystemExit(f"there is no {name}: scripts/setup brokers brings it")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mosquitto.conf"
        lines = ("max_queued_messages 1000000", "max_inflight_messages 1000", "set_tcp_nodelay true", "user root")
        file.write_text("\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true", *lines, ""]))
        process = subprocess.Popen([program, "-c", file], stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
            yield f"mqtt://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            process.wait(10)


def computed(process: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Known:
    """A telephone system whose lines are known: what a worker publishes of them is all that matters."""

    def __init__(self, lines: int) -> None:
        self.lines = {}
        for number in range(lines):
            id_, own = login_of(number), str(10_000 + number)
            snapshot = LineSnapshot(
                id=id_,
                number=own,
                name=f"Extension {own}",
                devices=(Device(id=own, kind="DESKPHONE", sub_kind="NOE_C_Color_IP"),),
                features=frozenset(list(aiopbx.Feature)[:20]),
                routing=Routing(),
                described=True,
                synced=True,
            )
            self.lines[id_] = _Line(snapshot)
        self.info, self.features, self.status, self.error = SystemInfo(), frozenset(), Status.ONLINE, None

    def subscribe(self, callback: object, **which: object) -> Any:
        return lambda: None

    async def close(self) -> None:
        pass


class _Line:
    def __init__(self, snapshot: LineSnapshot) -> None:
        self.snapshot = snapshot


def _work(url: str, address: str, name: str, known: int, topics: bool, later: bool, pipe: Connection) -> None:
    """A worker in a process of its own, which tells when it serves, and what events have cost it."""
    if later:
        details.RATE = 1.0  # type: ignore[misc]

    async def run() -> None:
        system = {"url": url, "username": "admin", "password": "admin", "sync_timeout": 300}
        published = {f"publish_{kind}": topics for kind in ("calls", "routing", "events")}
        worker = Worker(BridgeSettings(broker={"url": address}, systems={name: system}, **published), name)
        if known:
            worker.pbx = Known(known)  # type: ignore[assignment]
        running = asyncio.create_task(worker.run())
        while worker.state != "serving":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        pipe.send("serving")
        loop = asyncio.get_running_loop()
        words: asyncio.Queue[object] = asyncio.Queue()
        loop.add_reader(pipe.fileno(), lambda: words.put_nowait(pipe.recv()))
        while (count := await words.get()) != "end":
            assert worker.publisher is not None
            wire = worker.pbx._core.system.wire  # type: ignore[union-attr]
            publisher, connection = worker.publisher, worker.publisher._broker
            goal, sent = wire.events + count, connection.messages_sent
            coalesced = publisher.coalesced
            before = wire.events
            pipe.send("ready")
            while wire.events == before:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            cpu, wall = time.process_time(), time.perf_counter()
            while wire.events < goal or publisher._waiting or publisher._events:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            spent = time.process_time() - cpu, time.perf_counter() - wall
            pipe.send((*spent, connection.messages_sent - sent, publisher.coalesced - coalesced, publisher.dropped))
        worker.stop()
        await running

    asyncio.run(run())


@contextmanager
def worker(
    url: str, address: str, name: str, *, known: int = 0, topics: bool = True, later: bool = False
) -> Iterator[Connection]:
    """A worker that serves; ``later`` leaves the reading of names and rights to a time after the measurement."""
    with starting(url, address, name, known=known, topics=topics, later=later) as here:
        here.recv()
        yield here


@contextmanager
def starting(url: str, address: str, name: str, *, known: int, topics: bool, later: bool) -> Iterator[Connection]:
    """A worker that will say when it serves."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(url, address, name, known, topics, later, there))
    process.start()
    try:
        yield here
    finally:
        here.send("end")
        process.join(10)
        if process.is_alive():
            process.kill()


async def direct(url: str, pipe: Connection, count: int) -> float:
    """Seconds that the client computes for these events, connected directly."""
    async with aiopbx.connect(url=url, username="admin", password="admin", sync_timeout=60) as pbx:
        pbx.subscribe(lambda event: None)
        await asyncio.sleep(1)
        wire = pbx._core.system.wire  # type: ignore[attr-defined]
        before = wire.events
        gc.collect()
        pipe.send("go")
        while wire.events == before:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        began = time.process_time()
        while wire.events < before + count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return time.process_time() - began


def cost(name: str, lines: int, events: int, workers: int, *, topics: bool) -> bool:
    """Seconds an event costs the client, and workers and their broker; ``topics`` with those of calls and events."""
    body, count = stream(lines // workers, events // workers)
    with broker(name) as (address, process), ExitStack() as stack:
        servers = [stack.enter_context(serving(lines // workers, body)) for _ in range(workers)]
        alone = min(asyncio.run(direct(*servers[0], count)) for _ in range(2)) / count
        made = [
            stack.enter_context(worker(url, address, f"office-{index}", topics=topics))
            for index, (url, _) in enumerate(servers)
        ]
        said = []
        for _ in range(2):
            for one in made:
                one.send(count)
                one.recv()
            before, began = computed(process), time.perf_counter()
            for _, there in servers:
                there.send("go")
            results = [one.recv() for one in made]
            elapsed = time.perf_counter() - began
            said.append((sum(one[0] for one in results), elapsed, computed(process) - before, results))
    total = count * workers
    spent, elapsed, broker_cpu, results = min(said)
    each = spent / total
    messages, coalesced = sum(one[2] for one in results), sum(one[3] for one in results)
    print(
        f"{lines:6} lines, {workers} workers, {'all topics' if topics else 'lines only'}: an event costs directly "
        f"{alone * 1e6:5.1f} µs ({1 / alone:7,.0f}/s of a core), a worker {each * 1e6:5.1f} µs ({1 / each:7,.0f}/s): "
        f"{alone / each:4.2f} of direct; the broker {broker_cpu / max(messages, 1) * 1e6:4.1f} µs a message "
        f"({messages / total:.1f} an event, {coalesced} states coalesced); by the clock {total / elapsed:7,.0f}/s"
    )
    return alone / each >= HALF


async def _latency(url: str, address: str, pipe: Connection, rate: float, seconds: float) -> list[float]:
    """Milliseconds that the consumer of the bridge sees an event later than the one that is connected directly."""
    seen: dict[tuple[str, str, str], float] = {}
    later: list[float] = []

    def first(event: aiopbx.Event) -> None:
        if isinstance(event, aiopbx.CallEvent):
            seen[event.line, event.call.ref or event.call.id, f"{type(event).__name__} {event.call.state}"] = (
                time.perf_counter()
            )

    def second(event: aiopbx.Event) -> None:
        if isinstance(event, aiopbx.CallEvent):
            key = (event.line, event.call.ref or event.call.id, f"{type(event).__name__} {event.call.state}")
            if (at := seen.pop(key, None)) is not None:
                later.append((time.perf_counter() - at) * 1000)

    login = {"username": "admin", "password": "admin"}
    async with (
        aiopbx.connect(url=url, **login, sync_timeout=60) as pbx,
        aiopbx.connect(url=f"{address}/office", sync_timeout=60) as bridged,
    ):
        pbx.subscribe(first)
        bridged.subscribe(second)
        await asyncio.sleep(1)
        gc.collect()
        pipe.send(rate)
        await asyncio.sleep(seconds)
    return later


def latency(name: str, lines: int, rate: float, seconds: float) -> bool:
    """How much later an event comes over the bridge."""
    body, _ = stream(lines, int(rate * seconds * 1.2))
    with (
        broker(name) as (address, _),
        serving(lines, body) as (url, pipe),
        worker(url, address, "office"),
    ):
        later = asyncio.run(_latency(url, address, pipe, rate, seconds))
    cuts = statistics.quantiles(later, n=100)
    print(
        f"{lines:6} lines, {rate:5.0f} events/s, {len(later)} compared: the bridge is {cuts[49]:5.2f} ms later "
        f"(median), {cuts[98]:5.2f} ms (99th percentile)"
    )
    return cuts[49] <= LATER


async def _start(address: str) -> tuple[float, float, int]:
    began, cpu = time.perf_counter(), time.process_time()
    async with aiopbx.connect(url=f"{address}/office", sync_timeout=60) as pbx:
        took = time.perf_counter() - began, time.process_time() - cpu
        assert all(line.synced for line in pbx.lines.values())
        return *took, len(pbx.lines)


def start(name: str, lines: int) -> bool:
    """How soon a consumer has all lines."""
    with broker(name) as (address, process):
        began = datetime.now(UTC)
        with worker("http://127.0.0.1:9", address, "office", known=lines):
            published = (datetime.now(UTC) - began).total_seconds()
            before = computed(process)
            took, cpu, there = asyncio.run(_start(address))
            broker_cpu = computed(process) - before
            memory = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 2**20
    print(
        f"{there:6} lines are there {took:4.2f} s after the start of a consumer (which computes {cpu:4.2f} s, the "
        f"broker {broker_cpu:4.2f} s and holds {memory:.0f} MiB); the worker began {published:4.1f} s before it served"
    )
    return took <= SOON and there == lines


def main() -> int:
    """Measure; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default="mosquitto", help="or mosquitto-newest")
    parser.add_argument("--lines", type=int, default=1000, help="lines whose events are sent")
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1])
    parser.add_argument(
        "--rates", type=float, nargs="*", default=[50.0, 500.0], help="events a second, for the latency"
    )
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--start", type=int, nargs="*", default=[10_000, 40_000], help="lines that a consumer finds")
    options = parser.parse_args()
    good = [
        cost(options.broker, options.lines, options.events, workers, topics=topics)
        for workers in options.workers
        for topics in (True, False)
    ]
    good += [latency(options.broker, options.lines, rate, options.seconds) for rate in options.rates]
    good += [start(options.broker, lines) for lines in options.start]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
