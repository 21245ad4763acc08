"""What goes wrong at random: in the network, by the proxies, and at the server, by the simulator's faults."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.chaos.faulty_proxy import LASTING, Fault
from tests.chaos.worlds import World

_NETWORK: Final = {
    Fault.CUT: 3,
    Fault.RESET: 3,
    Fault.SWALLOW: 3,
    Fault.DELAY: 2,
    Fault.SPLIT: 2,
    Fault.SLOW: 2,
    Fault.TRUNCATE: 2,
    Fault.GARBAGE: 2,
    Fault.REFUSE: 2,
}
"""Faults of connections, and how often."""


_SIGNS: Final = ("malform", "lose and report", "without id")
"""Faults of the server that show that something was missed."""


class Misfortunes:
    """Injects faults, and ends them all."""

    def __init__(self, world: World, draw: random.Random) -> None:
        """Nothing is wrong yet."""
        self.counts: Counter[str] = Counter()
        self.unseen = False
        """Whether events were lost without a sign since the client last read everything: only calls that it believes in
        can be found out then, and what it has missed comes with the next event or the next reading."""
        self.signs = False
        """Whether the client has had a sign since then that it missed something."""
        self._world = world
        self._draw = draw
        self._timers: list[asyncio.TimerHandle] = []
        self._work: set[asyncio.Task[None]] = set()
        self._server = self._server_faults()

    def strike(self) -> str:
        """Let something go wrong."""
        draw = self._draw
        if draw.random() < 0.5:
            fault = draw.choices(list(_NETWORK), list(_NETWORK.values()))[0]
            proxy = draw.choice(self._world.proxies)
            proxy.inject(fault, draw)
            name = fault.value
            if fault in LASTING or fault is Fault.SWALLOW:
                self._later(proxy.heal)
        else:
            name = draw.choice(sorted(self._server))
            self._server[name]()
            self.unseen = self.unseen or name == "lose"
            self.signs = self.signs or name in _SIGNS
        self.counts[name] += 1
        return name

    def read_again(self) -> None:
        """The client reads everything: what was lost until now matters no more, what will be lost does."""
        faults = self._world.faults
        self.unseen = faults.lost_left > 0
        self.signs = faults.malformed_left + faults.reported_left + faults.without_id_left > 0

    def end(self) -> None:
        """Let nothing be wrong any more. What is broken stays so until the client mends it."""
        for timer in self._timers:
            timer.cancel()
        self._world.faults.clear()
        for proxy in self._world.proxies:
            proxy.heal()

    def forget(self) -> None:
        """Forget the timers that have fired."""
        self._timers.clear()

    async def over(self) -> None:
        """Wait for servers that are being restarted."""
        if self._work:
            await asyncio.wait(self._work)
            for task in tuple(self._work):
                task.result()

    # Inside

    def _later(self, end: Callable[[], object]) -> None:
        seconds = self._draw.choice([0.5, 3.0, 10.0, 30.0, 90.0])
        self._timers.append(asyncio.get_running_loop().call_later(seconds, end))

    def _for_a_while(self, begin: Callable[[], object], end: Callable[[], object]) -> Callable[[], None]:
        def strike() -> None:
            begin()
            self._later(end)

        return strike

    def _working(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        def strike() -> None:
            if self._work:
                return  # one at a time: a server that is being restarted cannot be killed
            task = asyncio.get_running_loop().create_task(work(), name="misfortune")
            self._work.add(task)
            task.add_done_callback(self._work.discard)

        return strike

    def _server_faults(self) -> dict[str, Callable[[], object]]:
        draw, faults = self._draw, self._world.faults
        found: dict[str, Callable[[], object]] = {
            "cut channels": faults.cut_channels,
            "close channels": faults.close_cleanly,
            "freeze": self._for_a_while(faults.freeze_channels, faults.thaw),
            "duplicate": self._for_a_while(faults.duplicate_events, lambda: faults.duplicate_events(False)),
            "malform": lambda: faults.malform_next(draw.randint(1, 3)),
            "lose": lambda: faults.lose_next(draw.randint(1, 3)),
            "unknown event": faults.unknown_event,
            "expire": faults.expire_sessions,
            "refuse logins": self._for_a_while(faults.refuse_logins, lambda: faults.refuse_logins(False)),
            "not ready": self._for_a_while(faults.not_ready, lambda: faults.not_ready(False)),
            "drop requests": lambda: faults.drop_requests(draw.randint(1, 4), after=draw.random() < 0.5),
            "refuse requests": lambda: faults.refuse_requests(draw.randint(1, 4), draw.choice([429, 500, 503])),
            "delay requests": self._for_a_while(
                lambda: faults.delay(draw.choice([0.5, 3.0, 12.0])), lambda: faults.delay(0.0)
            ),
            "restart": self._working(self._restart),
        }
        if self._world.istra:
            found["without id"] = lambda: faults.item_without_id(draw.randint(1, 2))
            found["telephony down"] = self._for_a_while(faults.telephony_down, lambda: faults.telephony_down(False))
        else:
            found["lose and report"] = lambda: faults.lose_and_report(draw.randint(1, 3))
            found["no link"] = self._for_a_while(faults.cti_link_down, faults.cti_link_up)
        if self._world.pair:
            found["to the secondary"] = faults.switch_to_secondary
            found["to the primary"] = faults.switch_to_primary
            found["take down"] = self._working(self._take_down)
        return found

    async def _restart(self) -> None:
        await self._world.simulator.restart(abrupt=self._draw.random() < 0.5)
        self._world.arranged()

    async def _take_down(self) -> None:
        simulator = self._world.simulator
        name = next(server.name for server in simulator.servers if not server.standby)
        await simulator.take_down(name, abrupt=self._draw.random() < 0.5)
        await asyncio.sleep(self._draw.choice([1.0, 20.0, 90.0]))
        await simulator.bring_back(name, in_charge=self._draw.random() < 0.5)
