"""How long after a change in the PBX its state is written in Home Assistant: everything between, over loopback.

    .venv-ha/bin/python benchmarks/home_assistant.py [--lines 20 200] [--changes 2000] [--recorder]

The simulated PBX runs in a process of its own, which notes the time before it changes anything, and again when the
event leaves on the channel; the real Home Assistant runs in this one, with the integration as a person sets it up,
and the time is noted when the state machine has the call state of that line. So the channel, the client, the
coordinator and the entity are all in it. Beside it stands a bare line of text over the same loopback between the same
two processes, paced alike: what the machine itself takes, whatever else it does at that time.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from home import configuration, start

GAP = 0.005
"""Mean seconds between two changes: two hundred a second, as an office of thousands has."""
AIM = 2.0
"""Milliseconds that 99 of 100 changes may take."""
STEPS = ("ringing_incoming", "active", "idle")


# ---------------------------------------------------------------------------------------------- the PBX's process


def login(number: int) -> str:
    return f"oxe{10_000 + number}"


async def pause(generator: random.Random) -> None:
    await asyncio.sleep(generator.expovariate(1 / GAP))


def watch_channel(leaving: list[list[Any]]) -> None:
    """Note when the first event of a change is given to the socket of the event channel."""
    from aiohttp.web import StreamResponse

    write = StreamResponse.write

    async def noting(self: Any, data: Any) -> None:
        if leaving and b"OnCall" in data:
            at = time.perf_counter_ns()
            for change in leaving:
                change[3] = at
            leaving.clear()
        await write(self, data)

    StreamResponse.write = noting  # type: ignore[method-assign, assignment]


async def pbx(lines: int, changes: int) -> None:
    """Serve; on ``bare`` send lines of text, on ``calls`` let lines ring, be answered and hang up, in any order."""
    from paths import load_client  # type: ignore[import-not-found]

    load_client()
    from aiopbx.simulator import Simulator, SimulatorSettings, UserSpec

    async def bare(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(changes):
            await pause(generator)
            writer.write(f"{time.perf_counter_ns()}\n".encode())
        writer.close()

    generator = random.Random(1)
    users = tuple(
        UserSpec(login=login(n), number=str(10_000 + n), first_name="Line", last_name=str(n)) for n in range(lines)
    )
    server = await asyncio.start_server(bare, "127.0.0.1", 0)
    async with Simulator(SimulatorSettings(users=users)) as simulator, server:
        print(json.dumps({"url": simulator.url, "bare": server.sockets[0].getsockname()[1]}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        switch = simulator.switch
        refs: dict[int, str] = {}
        step = [0] * lines
        made: list[list[Any]] = []
        leaving: list[list[Any]] = []
        watch_channel(leaving)
        for _ in range(changes):
            await pause(generator)
            number = generator.randrange(lines)
            now = step[number] = (step[number] + 1) % 3
            at = time.perf_counter_ns()
            if now == 1:
                call = switch.incoming_external(f"+1555{number:07}", str(10_000 + number))
                refs[number] = call.ref
            elif now == 2:
                switch.answer(login(number), refs[number], str(10_000 + number))
            else:
                switch.drop(login(number), refs[number])
            made.append([number, STEPS[now - 1], at, 0])
            leaving.append(made[-1])
        while leaving:  # noqa: ASYNC110 - a socket tells nobody
            await asyncio.sleep(0.001)
        print(json.dumps(made), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


# -------------------------------------------------------------------------------------- Home Assistant's process


async def bare_milliseconds(port: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = [(time.perf_counter_ns() - int(line)) / 1e6 async for line in reader]
    writer.close()
    return took


@dataclass
class Times:
    """Milliseconds: of a bare line of text; from the event that leaves to the state; from the change to the state."""

    bare: list[float]
    event: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    share: float = 0.0
    """Of one core, of Home Assistant's process."""
    rows: int = 0
    """That the recorder has written."""
    blocked: int = 0
    """Warnings of a blocked loop."""


class Blocked(logging.Handler):
    """Counts the warnings of something that has blocked the loop."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "blocking call" in message or "seconds" in message:
            self.count += 1
            print(message, file=sys.stderr)


async def rows(hass: Any) -> int:
    """Return how many rows of states the recorder has."""
    from homeassistant.components.recorder import get_instance

    await get_instance(hass).async_block_till_done()
    with contextlib.closing(sqlite3.connect(hass.config.path("home-assistant_v2.db"))) as database:
        return int(database.execute("SELECT COUNT(*) FROM states").fetchone()[0])


async def measure(lines: int, changes: int, *, recorder: bool) -> Times:
    """Let so many lines ring, be answered and hang up, and return how long it took until Home Assistant showed it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--pbx", str(lines), str(changes),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 26,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with tempfile.TemporaryDirectory() as temporary:
        try:
            where = json.loads(await process.stdout.readline())
            folder = Path(temporary) / "config"
            configuration(folder, where["url"], recorder=recorder)
            hass = await start(folder)
            bare = await bare_milliseconds(where["bare"])

            written: dict[int, list[tuple[str, int]]] = defaultdict(list)

            def hear(event: Any) -> None:
                at = time.perf_counter_ns()
                state = event.data["new_state"]
                number = lines_of.get(event.data["entity_id"])
                if number is not None and state is not None and state.state in STEPS:
                    known = written[number]
                    if not known or known[-1][0] != state.state:
                        known.append((state.state, at))

            from homeassistant.core import EVENT_STATE_CHANGED, callback

            # Of more than a hundred lines, whose they are is read after being online.
            [entry] = hass.config_entries.async_entries("pbx")
            coordinator = entry.runtime_data
            from custom_components.pbx import later  # type: ignore[import-not-found]

            # What is disabled is registered in the minutes after the first start. Not what is asked here: at once.
            later.QUIET = later.REST = 0.0
            while not all(line.described for line in coordinator.data.values()) or len(coordinator.later):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await hass.async_block_till_done()
            blocked = Blocked()
            logging.getLogger().addHandler(blocked)

            lines_of = {
                state.entity_id: int(state.attributes["line"][3:]) - 10_000
                for state in hass.states.async_all("sensor")
                if "last_outcome" in state.attributes
            }
            assert len(lines_of) == lines, f"{len(lines_of)} of {lines} lines are there"
            hass.bus.async_listen(EVENT_STATE_CHANGED, callback(hear))
            # A start leaves a million new objects, and collecting them takes long; that is not what is asked here.
            gc.collect()
            before = await rows(hass) if recorder else 0
            began, computed = time.perf_counter(), time.process_time()
            process.stdin.write(b"calls\n")
            made: list[tuple[int, str, int, int]] = json.loads(await process.stdout.readline())
            async with asyncio.timeout(60):
                while sum(map(len, written.values())) < len(made):  # noqa: ASYNC110 - what comes is counted
                    await asyncio.sleep(0.01)
            share = (time.process_time() - computed) / (time.perf_counter() - began)
            heard = {number: iter(states) for number, states in written.items()}
            took = Times(bare, share=share, blocked=blocked.count)
            took.rows = await rows(hass) - before if recorder else 0
            for number, expected, changed, left in made:
                state, then = next(heard[number])
                assert state == expected, f"line {number} was {state}, not {expected}"
                took.event.append((then - left) / 1e6)
                took.change.append((then - changed) / 1e6)
            await hass.async_stop(force=True)
        finally:
            process.stdin.close()
            await process.wait()
    return took


def percentiles(took: Sequence[float]) -> tuple[float, float, float]:
    cuts = statistics.quantiles(took, n=1000)
    return cuts[499], cuts[989], max(took)


async def report(lines: int, changes: int, *, recorder: bool) -> bool:
    """Measure, print, and return whether the aim is reached."""
    times = await measure(lines, changes, recorder=recorder)
    figures = {}
    for name, values in (("bare", times.bare), ("event → state", times.event), ("change → state", times.change)):
        p50, p99, worst = figures[name] = percentiles(values)
        print(f"{lines:5} lines  {name:15} p50 {p50:6.3f} ms   p99 {p99:6.3f} ms   worst {worst:7.3f} ms")
    (bare50, bare99, _), (p50, p99, _) = figures["bare"], figures["event → state"]
    print(
        f"{lines:5} lines  event : bare    p50 {p50 / bare50:6.1f}      p99 {p99 / bare99:6.1f}      "
        f"{sum(value < AIM for value in times.event) / changes:.2%} of {changes} under {AIM:.0f} ms",
        flush=True,
    )
    print(
        f"{lines:5} lines  {times.share:.2f} of a core, {times.rows} rows ({times.rows / changes:.2f} a change), "
        f"{times.blocked} warnings of a blocked loop",
        flush=True,
    )
    return p99 < AIM and not times.blocked


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[20, 200], help="how many lines the office has")
    parser.add_argument("--changes", type=int, default=2000, help="how many changes are measured")
    parser.add_argument("--recorder", action="store_true", help="with Home Assistant's recorder running, too")
    parser.add_argument("--pbx", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    for noisy in ("haffmpeg", "homeassistant.components", "homeassistant.loader"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    if arguments.pbx:
        asyncio.run(pbx(*arguments.pbx))
        return 0
    if len(arguments.lines) == 1:
        return not asyncio.run(report(arguments.lines[0], arguments.changes, recorder=arguments.recorder))
    # A process keeps the custom integrations that it found first, so each office has one of its own.
    rest = ["--changes", str(arguments.changes), *(["--recorder"] if arguments.recorder else [])]
    return max(
        subprocess.run([sys.executable, __file__, "--lines", str(count), *rest], check=False).returncode
        for count in arguments.lines
    )


if __name__ == "__main__":
    sys.exit(main())
