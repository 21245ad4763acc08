"""A simulated office and clients of it, for tests of the whole way: switch, wire, model."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import aiopbx
from aiopbx import Event, Pbx, Status, StatusChanged
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings
from tests.aiopbx.model_truth import compare

ADMIN = {"username": "admin", "password": "admin"}


def user(login: str = "oxe1000") -> dict[str, str]:
    return {"username": login, "password": "secret"}


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Let everything run until this is so."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError("it did not happen in time") from None


def hurry(settings: ConnectionSettings, **times: float) -> None:
    """From now on these time-outs hold for who was given these settings, and connected with those of a patient one.

    What has to succeed gets all the time that a busy machine takes for it; only what must fail is not waited for long.
    """
    for name, seconds in times.items():
        assert name in ConnectionSettings.model_fields
        object.__setattr__(settings, name, seconds)


class Office:
    """A simulator on a clock that is turned by hand, and the clients that were connected to it."""

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        self.simulator = simulator
        self.switch = simulator.switch
        self.faults = simulator.faults
        self.clock = clock
        self._clients: list[Pbx] = []

    @staticmethod
    def settings(**settings: Any) -> SimulatorSettings:
        """Settings of its simulator."""
        return SimulatorSettings(**settings)

    async def connect(self, **settings: Any) -> Pbx:
        values: dict[str, Any] = {
            "url": self.simulator.url,
            **ADMIN,
            "reconnect_min": 0.01,
            "reconnect_max": 0.05,
            "sync_timeout": 5.0,
            "request_timeout": 10.0,
            **settings,
        }
        pbx = await aiopbx.connect(**values)
        self._clients.append(pbx)
        return pbx

    @staticmethod
    def hurry(pbx: Pbx, **times: float) -> None:
        """From now on these time-outs hold for this client."""
        system = pbx._core.system
        hurry(system.settings, **times)  # type: ignore[attr-defined]
        silence = getattr(system._link, "_silence", None)  # type: ignore[attr-defined]
        if silence is not None:
            silence._normal, silence._answer = (
                getattr(system.settings, name)  # type: ignore[attr-defined]
                for name in ("silence_timeout", "request_timeout")
            )

    async def caught_up(self, pbx: Pbx) -> None:
        """Wait until the client has heard everything that was told until now."""
        await until(lambda: pbx.status == "online")
        before = pbx.statistics.unknown_events
        assert self.faults.unknown_event("OnMarkOfATest")
        await until(lambda: pbx.statistics.unknown_events > before)

    async def right(self, pbx: Pbx) -> None:
        """The model is the switch's truth."""
        await self.caught_up(pbx)
        for login in self.switch.users:
            compare(pbx.line(login).snapshot, self.switch, login)

    @property
    def sessions(self) -> int:
        return sum(len(server.sessions) for server in self.simulator.servers)

    @property
    def subscriptions(self) -> int:
        return sum(len(server.subscriptions) for server in self.simulator.servers)

    async def close(self) -> None:
        for pbx in self._clients:
            await pbx.close()


Kind = TypeVar("Kind", bound=Office)


@asynccontextmanager
async def opened(kind: type[Kind], **settings: Any) -> AsyncIterator[Kind]:
    """An office of this kind; what clients leave behind at its end is an error."""
    clock = ManualClock()
    async with Simulator(kind.settings(**settings), clock=clock) as simulator:
        one = kind(simulator, clock)
        try:
            yield one
        finally:
            await one.close()
        assert one.sessions == 0, "a session was leaked"
        assert one.subscriptions == 0, "a subscription was leaked"


Opened = Callable[..., AbstractAsyncContextManager[Office]]
"""What opens an office, of the kind that a test is run with: the fixture ``office``."""


def office(**settings: Any) -> AbstractAsyncContextManager[Office]:
    """An office of four, or of whom the settings name."""
    return opened(Office, **settings)


async def lose_while(one: Office, pbx: Pbx, loss: str, meanwhile: Callable[[], object]) -> None:
    """Lose the connection, do something that the client cannot see, and let it come back."""
    done: list[object] = []

    def told(event: Any) -> None:
        if event.status is Status.OFFLINE and not done:
            done.append(meanwhile())

    stop = pbx.subscribe(told, kind=StatusChanged)
    getattr(one.faults, loss)()
    await until(lambda: done)
    await until(lambda: pbx.status is Status.ONLINE)
    stop()


def client_tasks() -> set[str]:
    """Names of the tasks that clients have running; the simulator's, in the same loop, are not among them."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("o2g-", "istra-", "aiopbx"))}


class Diary:
    """Every event, in order."""

    def __init__(self, pbx: Pbx, **which: Any) -> None:
        self.events: list[Event] = []
        self.stop = pbx.subscribe(self.events.append, **which)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
