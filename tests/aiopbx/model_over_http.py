"""Any sequence of what people do, through a real server and a real client that is cut off at times: for any wire."""

import asyncio
from abc import abstractmethod
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, rule

import aiopbx
from aiopbx import Event, LineAdded, LineRemoved, LineSnapshot, Pbx, Status
from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings
from aiopbx.simulator.faces.o2g import views
from aiopbx.simulator.switch import Behaviour, HuntingGroupSpec, SwitchSettings
from tests.aiopbx.office import until
from tests.aiopbx.simulator.test_switch_any_sequence import AnySequence, Replica
from tests.aiopbx.test_model_equals_switch import Follower

FEW = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


class ModelOverHttp(AnySequence):
    """Switch, server, client, model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.begin())

    # What a wire has of its own

    @abstractmethod
    def office(self, switch: SwitchSettings) -> SimulatorSettings:
        """Whom the simulator has."""

    @abstractmethod
    async def connect(self) -> Pbx:
        """The client."""

    def line_of(self, login: str) -> str:
        """What the wire calls somebody's line."""
        return login

    @abstractmethod
    def compare(self, line: LineSnapshot, login: str) -> None:
        """Fail unless the line is what the switch knows of it."""

    @abstractmethod
    def left_behind(self) -> int:
        """How many sessions and the like there are."""

    # What is the same over all of them

    async def begin(self) -> None:
        """Put the server and a client before a switch like that of the plain machine."""
        self.clock = ManualClock()
        switch = SwitchSettings(hunting_groups=(HuntingGroupSpec(number="700"),), desk_sharing_sets=("800",), seed=1)
        self.simulator = Simulator(self.office(switch), clock=self.clock)
        await self.simulator.start()
        self.switch = self.simulator.switch
        self.switch.external.set("*101", Behaviour(ring_after=2, answer_after=3, hang_up_after=20))
        self.replica = Replica(self.switch)
        views.attach(self.switch, self._publish)
        self.pbx = await self.connect()
        self.follower = Follower()
        self.known = set(self.pbx.lines)
        self.pbx.subscribe(self.heard)

    def heard(self, event: Event) -> None:
        if isinstance(event, LineAdded):
            self.known.add(event.line)
        elif isinstance(event, LineRemoved):
            self.known.discard(event.line)
        self.follower(event)

    @rule()
    def expire(self) -> None:
        """The session ends."""
        self.simulator.faults.expire_sessions()

    async def settle(self) -> None:
        """Let the client hear everything."""
        # At once: a loss may be noticed while one waits for the other.
        await until(lambda: self.pbx.status is Status.ONLINE and self.is_right(), 20)

    def is_right(self) -> bool:
        try:
            self.look()
        except (AssertionError, KeyError):
            return False
        return True

    def look(self) -> None:
        assert self.known == set(self.pbx.lines) == {self.line_of(login) for login in self.switch.users}
        for login in self.switch.users:
            self.compare(self.pbx.line(self.line_of(login)).snapshot, login)
        calls = {call.id: call.snapshot for line in self.pbx.lines.values() for call in line.calls}
        assert calls == self.follower.alive

    @invariant()
    def the_model_is_the_truth(self) -> None:
        try:
            self.loop.run_until_complete(self.settle())
        except AssertionError:
            self.look()  # says what is wrong
            raise

    def teardown(self) -> None:
        try:
            for call in tuple(self.switch.calls.values()):
                for member in tuple(call.members):
                    if not call.ended and member.login is not None:
                        self.attempt(self.switch.drop, member.login, call.ref)
                        self.attempt(self.switch.release, member.login, call.ref)
            self.the_model_is_the_truth()
            for _ in range(10):
                self.clock.advance(600)  # less than a session lives without a word
                self.the_model_is_the_truth()
            assert not self.switch.calls
            assert self.follower.started == self.follower.ended
        finally:
            self.loop.run_until_complete(self.end())
            self.loop.close()

    async def end(self) -> None:
        await self.pbx.close()
        assert self.left_behind() == 0
        await self.simulator.stop()
        others: list[Any] = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def connect(url: str, **settings: Any) -> Pbx:
    """A client that does not wait long between two attempts."""
    return await aiopbx.connect(url=url, reconnect_min=0.005, reconnect_max=0.02, **settings)
