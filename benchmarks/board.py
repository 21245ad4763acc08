"""What a board of 500 lines costs the kernel while 200 events a second arrive.

    .venv-lib/bin/python benchmarks/board.py [--lines 500] [--rate 200] [--seconds 10] [--rounds 3]

A server in a process of its own says the events; a real kernel in another one has the client and the board, as in a
notebook; this process is the page: it reads all that the kernel sends. In turn, so that what else the machine does
falls on all of them: nothing happens; the events without a board; with one sorted by number; with one sorted by state.
Each figure is the share of one core: seconds that the kernel computed, in all of its threads, by seconds that passed.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from office_server import serving, stream

AIM = 0.5
"""Of a core, all in all."""
PREPARE = """
import asyncio, json, time
from notebooks_kit import LineBoard, connect
from notebooks_kit.views import view
pbx = await connect(url={url!r}, username="admin", password="admin")

async def share(seconds, **board):
    drawn = 0
    shown = LineBoard(pbx, **board) if board else None
    if shown is not None:
        draw = shown.draw
        def counted():
            nonlocal drawn
            drawn += 1
            draw()
        shown.draw = counted
        # while the cell runs, the kernel takes no messages of a page: it is one that answers at once
        send = shown.send
        def answered(content, buffers=None):
            send(content, buffers)
            if content.get("ask"):
                seen = {{"event": "seen", "page": "p", "version": content["version"]}}
                asyncio.get_running_loop().call_soon(shown._handle_custom_msg, seen, [])
        shown.send = answered
        shown._handle_custom_msg({{"event": "ready", "page": "p", "version": -1}}, [])
    await asyncio.sleep(1)
    drawn, before = 0, pbx.statistics.events
    print("begin")
    computed, begun = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    computed, passed = time.process_time() - computed, time.perf_counter() - begun
    print("end")
    events = pbx.statistics.events - before
    if shown is not None:
        shown.close()
    return json.dumps(dict(share=computed / passed, events=events / passed, frames=drawn, seconds=passed))
"""
CASES = {
    "nothing happens": (0.0, ""),
    "events, no board": (1.0, ""),
    "a board by number": (1.0, 'sort="number"'),
    "a board by state": (1.0, 'sort="state"'),
}


class Kernel:
    """A kernel, and the page it believes to have."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, code: str) -> dict[str, Any]:
        """Run this as a cell: what it returned, and how much was said to the page between ``begin`` and ``end``."""
        done = ("status", "idle", self.client.execute(code))
        counting, messages, size = False, 0, 0
        result: dict[str, Any] = {}
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            kind, content = message["msg_type"], message["content"]
            if kind == "comm_msg" and counting:
                messages += 1
                size += len(json.dumps(content, separators=(",", ":")))
            elif kind == "stream":
                if content["name"] == "stderr":
                    raise SystemExit(content["text"])
                counting = "end" not in content["text"]
            elif kind == "error":
                raise SystemExit("\n".join(content["traceback"]))
            elif kind == "execute_result":
                result = json.loads(content["data"]["text/plain"].strip("'"))
            elif (kind, content.get("execution_state"), message["parent_header"].get("msg_id")) == done:
                break
        return {**result, "messages": messages, "bytes": size}


@contextmanager
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    body, _ = stream(options.lines, options.lines * 60)
    with serving(options.lines, body) as (url, pipe), kernel() as cells:
        cells.run(PREPARE.format(url=url))
        shares: dict[str, list[float]] = {name: [] for name in CASES}
        last: dict[str, dict[str, Any]] = {}
        for _ in range(options.rounds):
            for name, (times, board) in CASES.items():
                pipe.send(options.rate * times)
                last[name] = cells.run(f"await share({options.seconds}, {board})")
                shares[name].append(last[name]["share"])
        cells.run("await pbx.close()")
    rounds = f"{options.rounds} rounds of {options.seconds:.0f} s"
    print(f"{options.lines} lines, {options.rate:.0f} events a second, {rounds}\n")
    print("                       of a core   events/s   messages/s   a frame   bytes/s")
    for name, one in last.items():
        share = statistics.median(shares[name])
        a_frame = one["messages"] / one["frames"] if one["frames"] else 0
        print(
            f"{name:<20} {share:>11.3f} {one['events']:>10.0f} {one['messages'] / one['seconds']:>12.0f}"
            f" {a_frame:>9.1f} {one['bytes'] / one['seconds']:>9.0f}"
        )
    worst = max(statistics.median(shares[name]) for name in ("a board by number", "a board by state"))
    print(f"\nwith a board: {worst:.2f} of a core, aim under {AIM}: {'held' if worst < AIM else 'missed'}")


if __name__ == "__main__":
    main()
