"""How long it takes until a board of 5,000 lines is usable, and how long the client's loop is held meanwhile.

    .venv-lib/bin/python benchmarks/board_start.py [--lines 5000] [--rounds 3]

This process is the kernel, and a page that answers each question at once; what is measured is the time until the page
has every row, how much was sent, and the longest that the loop could do nothing else. Times are those that the thread
computed, so that what else the machine does does not count.
"""

import argparse
import asyncio
import json
import statistics
import time
from typing import Any

from ipywidgets.widgets import widget as widget_module

from aiopbx import LineSnapshot, Status
from notebooks_kit import LineBoard

USABLE = 0.05
"""Seconds that the loop may be held."""


class Handle:
    """A line, as far as a board needs it."""

    def __init__(self, number: int) -> None:
        """Make an idle line."""
        self.snapshot = LineSnapshot(id=f"oxe{number}", number=str(number), name=f"Somebody {number}", synced=True)


class Client:
    """A client with lines, of which nothing happens."""

    status = Status.ONLINE

    def __init__(self, count: int) -> None:
        """Make the lines."""
        self.lines = {f"oxe{number}": Handle(number) for number in range(10000, 10000 + count)}

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of this process."""
        return asyncio.get_running_loop()

    def subscribe(self, *_: Any, **__: Any) -> Any:
        """Nothing happens."""
        return lambda: None


async def one_round(lines: int) -> dict[str, float]:
    """Make a board and show it."""
    size = messages = rows = 0
    loop = asyncio.get_running_loop()

    def sent(widget: Any, message: dict[str, Any], buffers: Any = None) -> None:
        nonlocal size, messages, rows
        size += len(json.dumps(message))
        messages += 1
        content = message.get("content", {}) if message.get("method") == "custom" else {}
        if content.get("do") == "rows":
            rows += len(content["rows"])
            if content["ask"]:
                answer = {"event": "seen", "page": "p", "version": content["version"]}
                loop.call_soon(board._handle_custom_msg, answer, [])

    client = Client(lines)
    real, widget_module.Widget._send = widget_module.Widget._send, sent
    held = 0.0
    begun = last = time.thread_time()
    try:
        board = LineBoard(client)
        board._repr_mimebundle_()
        made = time.thread_time() - begun
        await asyncio.sleep(0)
        last = time.thread_time()
        board._handle_custom_msg({"event": "ready", "page": "p", "version": -1}, [])
        while rows < lines:
            now = time.thread_time()
            held, last = max(held, now - last), now
            await asyncio.sleep(0)
        return {"usable": time.thread_time() - begun, "made": made, "held": held, "messages": messages, "bytes": size}
    finally:
        widget_module.Widget._send = real
        board.close()


def main() -> None:
    """Print the median of each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [asyncio.run(one_round(options.lines)) for _ in range(options.rounds)]
    for name in rounds[0]:
        print(f"{name:<10} {statistics.median(each[name] for each in rounds):>12.3f}")
    held = min(max(each["held"], each["made"]) for each in rounds)
    print(
        f"\nthe loop is held for {held * 1000:.0f} ms, aim {USABLE * 1000:.0f}: {'held' if held < USABLE else 'missed'}"
    )


if __name__ == "__main__":
    main()
