"""The same as ``test_model_equals_switch``, fewer, through real servers and a real client that is cut off at times."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, rule

import aiopbx
from aiopbx import Event, LineAdded, LineRemoved, Pbx, Status
from aiopbx.simulator import Simulator, SimulatorSettings
from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.faces.o2g import views
from aiopbx.simulator.switch import Behaviour, HuntingGroupSpec, SwitchSettings
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import ADMIN, until
from tests.aiopbx.simulator.test_switch_any_sequence import AnySequence, Replica, people
from tests.aiopbx.test_model_equals_switch import Follower


class OverHttp(AnySequence):
    """Switch, servers, sockets, client, model."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.begin())

    async def begin(self) -> None:
        """Put the servers and a client before a switch like that of the plain machine."""
        self.clock = ManualClock()
        switch = SwitchSettings(hunting_groups=(HuntingGroupSpec(number="700"),), desk_sharing_sets=("800",), seed=1)
        users = tuple(spec for spec in people() if "TELEPHONY_ADVANCED" in spec.licences)
        self.simulator = Simulator(SimulatorSettings(users=users, switch=switch), clock=self.clock)
        await self.simulator.start()
        self.switch = self.simulator.switch
        self.switch.external.set("*101", Behaviour(ring_after=2, answer_after=3, hang_up_after=20))
        self.replica = Replica(self.switch)
        views.attach(self.switch, self._publish)
        self.pbx: Pbx = await aiopbx.connect(
            url=self.simulator.url, **ADMIN, reconnect_min=0.005, reconnect_max=0.02, sync_timeout=1.0
        )
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
    def come_and_go(self) -> None:
        """Somebody with the whole licence, so that calls can be seen."""
        if "e" in self.switch.users:
            self.attempt(self.switch.remove_user, "e")
        else:
            self.switch.add_user(people()[4].model_copy(update={"licences": frozenset({"TELEPHONY_ADVANCED"})}))

    @rule()
    def lose(self) -> None:
        """The connection breaks, and what happens until it is back is not seen."""
        self.simulator.faults.cut_channels()

    @rule()
    def expire(self) -> None:
        """The session ends."""
        self.simulator.faults.expire_sessions()

    async def settle(self) -> None:
        """Let the client hear everything."""
        await until(lambda: self.pbx.status is Status.ONLINE, 10)
        await until(self.is_right, 10)

    def is_right(self) -> bool:
        try:
            self.look()
        except (AssertionError, KeyError):
            return False
        return True

    def look(self) -> None:
        assert self.known == set(self.pbx.lines) == set(self.switch.users)
        for login in self.switch.users:
            compare(self.pbx.line(login).snapshot, self.switch, login)
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
        await self.simulator.stop()
        for server in self.simulator.servers:
            assert len(server.sessions) == 0
        others: list[Any] = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


OverHttp.TestCase.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOverHttp = OverHttp.TestCase
