"""Any sequence of what people do: the model equals the switch's truth, for every line, after every step."""

from datetime import UTC, datetime

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from aiopbx import CallChanged, CallEnded, CallEvent, CallSnapshot, CallStarted, Event, LineChanged, LineSnapshot
from aiopbx.o2g import reducer
from aiopbx.o2g.types.base import O2gEvent
from aiopbx.o2g.types.events import KnownEvent
from aiopbx.o2g.types.telephony import HuntingGroupStatus
from aiopbx.o2g.types.users import OnUserCreated, OnUserDeleted
from aiopbx.simulator.faces.o2g import views
from aiopbx.simulator.faces.o2g.users import describe
from tests.aiopbx.model_truth import compare
from tests.aiopbx.simulator.test_switch_any_sequence import AnySequence

DECODE = msgspec.json.Decoder(KnownEvent).decode
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Follower:
    """Believes events alone, and checks that they make sense together."""

    def __init__(self) -> None:
        self.alive: dict[str, CallSnapshot] = {}
        self.started = 0
        self.ended = 0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, CallEvent):
            return
        call = event.call
        if isinstance(event, CallStarted):
            assert call.id not in self.alive
            self.alive[call.id] = call
            self.started += 1
        elif isinstance(event, CallChanged):
            assert self.alive[call.id] == event.previous
            self.alive[call.id] = call
        elif isinstance(event, CallEnded):
            assert call.outcome is not None
            assert call.ended
            del self.alive[call.id]
            self.ended += 1


class ModelEqualsSwitch(AnySequence):
    """Switch, events as bytes, reducer."""

    def __init__(self) -> None:
        self.lines: dict[str, LineSnapshot] = {}
        self.follower = Follower()
        super().__init__()
        for login in self.switch.users:
            self.begin(login)

    def begin(self, login: str) -> None:
        """What synchronising does with a line, without a wire."""
        line = reducer.new_line(login)
        line, _ = reducer.user(line, describe(self.switch.users[login]), NOW)
        line, _ = reducer.resync(line, views.telephonic_state(self.switch, login), NOW)
        line, _ = reducer.routing(line, views.routing_state(self.switch, login), NOW)
        line, _ = reducer.counters(line, views.event_summary(self.switch, login), NOW)
        line, _ = reducer.hunting_group(line, HuntingGroupStatus(logon=self.switch.users[login].logged_on), NOW)
        states = tuple(
            views.device_state(device.id, device.state) for device in self.switch.users[login].devices.values()
        )
        self.lines[login], _ = reducer.device_states(line, states, NOW)

    def _publish(self, package: str, login: str | None, event: O2gEvent) -> None:
        super()._publish(package, login, event)
        told = DECODE(msgspec.json.encode(event))
        if isinstance(told, OnUserCreated):
            assert login is not None
            self.begin(login)
        elif isinstance(told, OnUserDeleted):
            assert login is not None
            del self.lines[login]
        else:
            assert told.login_name is not None
            self.lines[told.login_name], events = reducer.reduce(self.lines[told.login_name], told, NOW)
            for one in events:
                self.follower(one)

    @invariant()
    def the_model_is_the_truth(self) -> None:
        assert set(self.lines) == set(self.switch.users)
        for login, line in self.lines.items():
            compare(line, self.switch, login)
        calls = {call.id: call for line in self.lines.values() for call in line.calls}
        assert calls == {id_: call for id_, call in self.follower.alive.items() if call.line in self.lines}

    @invariant()
    def a_snapshot_tells_nothing_new(self) -> None:
        for login, line in self.lines.items():
            again, events = reducer.resync(line, views.telephonic_state(self.switch, login), NOW)
            for event in events:
                # A user who went off the hook in the last call: only a snapshot tells that it is so still.
                assert isinstance(event, LineChanged)
                assert event.changed == {"busy", "state"}
                assert again.busy
            assert again.calls == line.calls
            assert again.devices == line.devices

    def teardown(self) -> None:
        super().teardown()
        self.the_model_is_the_truth()
        assert all(not line.calls for line in self.lines.values())
        assert not [call for call in self.follower.alive.values() if call.line in self.lines]


ModelEqualsSwitch.TestCase.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestModelEqualsSwitch = ModelEqualsSwitch.TestCase
