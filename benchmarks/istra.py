"""Pushes of myRCC from bytes to a subscriber of the model, beside a bare json loop over the same bytes.

There is no network: a WebSocket hands over whole frames. Seconds are those that this process computes, so that a
machine with other work gives the same ratio.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson

import aiopbx
from aiopbx.doubts import Doubts
from aiopbx.istra.decoding import FrameDecoder, Push
from aiopbx.istra.lines import FEATURES, Lines
from aiopbx.istra.rcc import Extensions
from aiopbx.istra.types.session import Application
from aiopbx.model import LineSnapshot
from aiopbx.store import Store

BEGAN = 1_760_000_000_000
"""Ms since 1970."""
LIFE = (
    ("prompting", ("answer", "disconnect", "redirect")),
    ("talking", ("addParty", "disconnect", "hold", "leave", "redirect", "sendDtmfs", "startRecord")),
    ("held", ("addParty", "disconnect", "leave", "redirect", "unhold")),
    ("talking", ("addParty", "disconnect", "hold", "leave", "redirect", "sendDtmfs", "startRecord")),
    ("dropped", ()),
)
"""An incoming call: what its line is, and what may be done."""


def snapshot(line: int, round_: int, step: int) -> dict[str, Any]:
    """A call line as it is pushed, with everything that the guides have of it."""
    state, actions = LIFE[step]
    outside = f"+1202555{line % 10_000:04d}"
    told: dict[str, Any] = {
        "restUri": f"v1/rcc/CallLine/-{round_}{line:06d}",
        "lineId": f"-{round_}{line:06d}",
        "conference": False,
        "creationTime": str(BEGAN + round_ * 10_000),
        "displayedExternalNumber": outside,
        "displayedLabel": f"Caller Number {line}",
        "displayedNumber": outside,
        "displayedPhoto": "",
        "isIncoming": True,
        "isMediaAvailable": False,
        "isPlaying": False,
        "isRecording": False,
        "lastModificationTime": str(BEGAN + round_ * 10_000 + step * 1000),
        "state": state,
        "stateCause": "causeNormal",
        "talkingTime": "0" if step == 0 else str(BEGAN + round_ * 10_000 + 1000),
        "extensionURI": f"v1/rcc/Extension/{100_000 + line}",
    }
    if actions:
        told["actions"] = list(actions)
    return told


def frames(lines: int, events: int, together: int, spelled: Callable[[dict[str, Any]], Any]) -> list[bytes]:
    """About so many snapshots of calls that run side by side, ``together`` of them in each frame."""
    items: list[dict[str, Any]] = []
    round_ = 0
    while len(items) < events:
        for step in range(len(LIFE)):
            items.extend(spelled(snapshot(line, round_, step)) for line in range(lines))
        round_ += 1
    return [
        json.dumps({"listenerName": "one", "item": items[at : at + together]}, separators=(",", ":")).encode()
        for at in range(0, len(items), together)
    ]


def model(lines: int) -> tuple[Callable[[Push], None], list[int]]:
    """What takes pushes for so many extensions, and how many events a subscriber was told."""
    board = Store()
    kept = Lines(board, FEATURES["myrcc"], Doubts(board.lines))
    client: Any = SimpleNamespace(rcc=None)
    settings: Any = SimpleNamespace(lines="all")
    nobody: Any = None
    extensions = Extensions(client, settings, kept, nobody, nobody)
    kept.set([LineSnapshot(id=str(100_000 + line), number=str(10_000 + line)) for line in range(lines)], nobody)
    extensions._pushed = None  # the listing has come
    told = [0]

    def heard(event: aiopbx.Event) -> None:
        told[0] += 1

    board.subscribers.add(heard)
    return extensions.apply, told


def timed(work: Callable[[], None]) -> float:
    """Seconds that it computes."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def whole(lines: int, pushed: list[bytes], items: int) -> float:
    """Seconds an item from bytes to a subscriber."""
    take, told = model(lines)
    decode = FrameDecoder(Application.RCC).decode

    def work() -> None:
        for frame in pushed:
            push = decode(frame)
            assert type(push) is Push
            take(push)

    seconds = timed(work)
    assert told[0] >= items, "the subscriber was told"
    return seconds / items


def bare(loads: Callable[[bytes], Any], pushed: list[bytes], items: int) -> float:
    """Seconds an item for parsing alone, and looking at each."""

    def work() -> None:
        for frame in pushed:
            for item in loads(frame)["item"]:
                item.get("state")

    return timed(work) / items


def decode_only(pushed: list[bytes], items: int) -> float:
    """Seconds an item for decoding."""
    decode = FrameDecoder(Application.RCC).decode

    def work() -> None:
        for frame in pushed:
            decode(frame)

    return timed(work) / items


def other_letters(told: dict[str, Any]) -> dict[str, Any]:
    """As a server that writes ids as numbers, which the strict way does not take."""
    return {**told, "lineId": int(told["lineId"])}


def ratios(shape: str, lines: int, events: int, together: int, rounds: int, spelled: Callable[..., Any] = dict) -> None:
    """Compare for one kind of stream, and print the middle of some rounds."""
    pushed = frames(lines, events, together, spelled)
    items = sum(frame.count(b'"lineId"') for frame in pushed)
    found: dict[str, list[float]] = {"json": [], "orjson": [], "decoding": [], "whole": []}
    for _ in range(rounds):
        found["json"].append(bare(json.loads, pushed, items))
        found["orjson"].append(bare(orjson.loads, pushed, items))
        found["decoding"].append(decode_only(pushed, items))
        found["whole"].append(whole(lines, pushed, items))
    middle = {name: statistics.median(seconds) for name, seconds in found.items()}
    print(f"{shape}: {items} snapshots of {lines} lines, {sum(map(len, pushed)) / items:.0f} bytes each")
    print("  " + ", ".join(f"{name} {seconds * 1e6:.2f} µs" for name, seconds in middle.items()))
    print(f"  ratio to json {middle['json'] / middle['whole']:.2f}, to orjson {middle['orjson'] / middle['whole']:.2f}")
    best = {name: min(seconds) for name, seconds in found.items()}
    print(f"  of the rounds that were disturbed least: to json {best['json'] / best['whole']:.2f}")


def scale(counts: list[int], events: int, rounds: int) -> None:
    """Cost of a snapshot by the number of lines: the best of some rounds."""
    costs = {}
    for lines in counts:
        pushed = frames(lines, events, 1, dict)
        costs[lines] = min(whole(lines, pushed, len(pushed)) for _ in range(rounds))
        print(
            f"{lines} lines: {costs[lines] * 1e6:.2f} µs a snapshot, {costs[lines] / costs[counts[0]]:.2f} of the first"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scale", type=int, nargs="*", default=[10, 100, 1000, 5000])
    options = parser.parse_args()
    ratios("one snapshot a frame", options.lines, options.events, 1, options.rounds)
    ratios("twenty in a frame", options.lines, options.events, 20, options.rounds)
    ratios("ids as numbers", options.lines, options.events // 5, 1, options.rounds, other_letters)
    scale(options.scale, options.events, options.rounds)


if __name__ == "__main__":
    main()
