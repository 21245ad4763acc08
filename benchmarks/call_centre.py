"""What the figures of a call centre cost: merging one beside decoding it, and a call centre of 1,000 agents.

    .venv-lib/bin/python benchmarks/call_centre.py

The events are as servers send them: the first of each object says everything, the later ones what has changed. Decoding
and merging are what the client does with a piece of the channel, step by step; times are CPU seconds, the best of
several rounds.
"""

import argparse
import json
import random
from time import process_time, thread_time
from typing import Any
from unittest.mock import Mock

from aiopbx import CentreChanged
from aiopbx.centre import ROWS, FiguresWanted
from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.apply import Applier, Lines
from aiopbx.o2g.centre import CentreState
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.rights import Rights
from aiopbx.store import Store

AGENTS, QUEUES, EVERY = 1000, 50, 5.0
PIECE = 16 * 1024
DAY = "2026-11-29T08:%02d:%02d"


def agent(number: int, dice: random.Random, *, whole: bool) -> dict[str, Any]:
    """An event of an agent: identity, and what has changed."""
    moment = DAY % (dice.randrange(60), dice.randrange(60))
    event: dict[str, Any] = {
        "eventName": "OnAgentRtiChanged",
        "name": f"Agent {number}",
        "firstName": "Alex",
        "number": str(10000 + number),
        "afeKey": number,
    }
    figures: dict[str, Any] = {
        "type": "Normal",
        "logonDate": moment,
        "serviceState": "Assigned",
        "serviceStateDate": moment,
        "phoneState": dice.choice(["Idle", "AcdRinging", "AcdConversation", "WrapUp"]),
        "phoneStateDate": moment,
        "pilotName": "Support",
        "queueName": f"Queue {number % QUEUES}",
        "nbOfWithdrawals": dice.randrange(9),
        "withdrawalsTotalDuration": dice.randrange(900),
        "nbOfPrivateCalls": dice.randrange(9),
        "privateCallsTotalDuration": dice.randrange(900),
        "nbOfServedACDCalls": dice.randrange(90),
        "nbOfOutgoingACDCalls": dice.randrange(9),
        "nbOfRefusedACDCalls": dice.randrange(9),
        "nbOfInterceptedACDCalls": dice.randrange(9),
        "nbOfTransferedACDCalls": dice.randrange(9),
        "currentPG": "Day",
        "associatedSet": str(10000 + number),
        "withdrawReason": 0,
    }
    often = ("phoneState", "phoneStateDate", "pilotName", "queueName", "nbOfServedACDCalls")
    return event | (figures if whole else {name: figures[name] for name in often})


def queue(number: int, dice: random.Random, *, whole: bool) -> dict[str, Any]:
    """An event of a queue."""
    event: dict[str, Any] = {
        "eventName": "OnQueueRtiChanged",
        "name": f"Queue {number}",
        "number": str(20000 + number),
        "afeKey": 5000 + number,
        "incomingTraffic": dice.randrange(20),
        "outgoingTraffic": dice.randrange(20),
        "nbOfWaitingCalls": dice.randrange(20),
        "currentWaitingTime": dice.randrange(300),
        "fillingRate": dice.randrange(100),
        "expectedWaitingTime": dice.randrange(300),
        "longestWaitingTimeInList": dice.randrange(300),
    }
    return event | ({"type": "Normal", "state": "Opened", "nbOfAgentsInDistribution": 20} if whole else {})


def events(dice: random.Random, *, whole: bool) -> bytes:
    """One notification of everything."""
    said = [agent(number, dice, whole=whole) for number in range(AGENTS)]
    said += [queue(number, dice, whole=whole) for number in range(QUEUES)]
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in said)


class Bench:
    """A store that is watched, and what applies events to it."""

    def __init__(self) -> None:
        self.store = Store()
        self.store.centre.wanted = FiguresWanted(tables=dict.fromkeys(ROWS))
        self.state = CentreState(Mock(), self.store)
        self.decoder = EventDecoder(WireStatistics())
        self.applier = Applier(
            Lines(self.store, Rights(), (), (), everybody=False),
            sole=None,
            on_other=Mock(),
            on_figures=self.state.apply_figures,
            on_doubt=Mock(),
        )
        self.changes = 0

    def subscribe(self) -> None:
        """Have someone notified of every change."""

        def count(event: CentreChanged) -> None:
            self.changes += 1

        self.store.subscribers.add(count, kind=CentreChanged)

    def decode(self, lines: bytes) -> list[Any]:
        """What the channel does, in pieces of the size of a read."""
        found: list[Any] = []
        begin = 0
        while begin < len(lines):
            end = lines.rfind(b"\n", begin, begin + PIECE) + 1
            found += self.decoder.decode_lines(lines[begin:end])
            begin = end
        return found

    def merge(self, decoded: list[Any]) -> None:
        """What the link does with the events of a piece."""
        self.applier.apply(decoded)


def measure(rounds: int = 20, *, whole: bool = False, subscribed: bool = False) -> dict[str, float]:
    """CPU microseconds for decoding and for merging an event, and their ratio."""
    dice = random.Random(16)
    bench = Bench()
    if subscribed:
        bench.subscribe()
    bench.merge(bench.decode(events(dice, whole=True)))
    piece = events(dice, whole=whole)
    decoding: list[float] = []
    merging: list[float] = []
    for _ in range(rounds):
        begun = thread_time()
        decoded = bench.decode(piece)
        between = thread_time()
        bench.merge(decoded)
        merging.append(thread_time() - between)
        decoding.append(between - begun)
    count = AGENTS + QUEUES
    decode, merge = min(decoding) / count * 1e6, min(merging) / count * 1e6
    return {"decode": decode, "merge": merge, "ratio": merge / decode}


def share(rounds: int = 20) -> float:
    """The share of a core that 1,000 agents and 50 queues cost which all change every 5 s, with someone notified."""
    dice = random.Random(16)
    bench = Bench()
    bench.subscribe()
    bench.merge(bench.decode(events(dice, whole=True)))
    pieces = [events(dice, whole=False) for _ in range(rounds)]
    begun = process_time()
    for piece in pieces:
        bench.merge(bench.decode(piece))
    return (process_time() - begun) / rounds / EVERY


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    for name, keywords in (
        ("what has changed", {}),
        ("everything", {"whole": True}),
        ("what has changed, someone notified", {"subscribed": True}),
    ):
        found = measure(rounds, **keywords)
        print(f"{name}: decode {found['decode']:.2f} us, merge {found['merge']:.2f} us, ratio {found['ratio']:.2f}")
    print(f"1,000 agents and 50 queues every 5 s, someone notified: {share(rounds) * 100:.2f} % of a core")


if __name__ == "__main__":
    main()
