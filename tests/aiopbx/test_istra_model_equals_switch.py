"""Any sequence of what people do, seen through myRCC: the model equals the switch's truth, also with a lossy wire."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import invariant, rule

from aiopbx import LineSnapshot, Pbx, Status
from aiopbx.istra.decoding import FrameDecoder, Push
from aiopbx.istra.reducer import rcc
from aiopbx.istra.reducer.rcc import RccState
from aiopbx.istra.types.session import Application
from aiopbx.simulator import SimulatorSettings
from aiopbx.simulator.faces.istra.identifiers import extension_id
from aiopbx.simulator.faces.istra.lines import Line, Lines
from aiopbx.simulator.faces.istra.variants import Variants
from aiopbx.simulator.switch import SwitchSettings
from tests.aiopbx.istra_office import RCC, IstraOffice, compare
from tests.aiopbx.model_over_http import FEW, ModelOverHttp, connect
from tests.aiopbx.office import until
from tests.aiopbx.simulator.test_switch_any_sequence import AnySequence, people
from tests.aiopbx.test_model_equals_switch import Follower

DIALECTS = ["sparse", "line_id_differs", "moving_creation_time", "spaced_keys", "booleans_as_strings"]
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class OverRcc(AnySequence):
    """Switch, call lines as bytes, reducer. What is pushed is collected for a while, as servers do."""

    def __init__(self) -> None:
        self.states: dict[str, RccState] = {}
        self.follower = Follower()
        super().__init__()
        self.variants = Variants()
        self.pending: dict[int, Line] = {}
        self.late: list[bytes] = []
        self.decoder = FrameDecoder(Application.RCC)
        self.wire = Lines(self.switch, self.clock)
        self.wire.on_change = lambda line: self.pending.__setitem__(line.number, line)
        self.switch.subscribe(self.wire.apply)
        for login in self.switch.users:
            self.begin(login)

    def begin(self, login: str) -> None:
        self.states[login] = RccState(line=LineSnapshot(id=extension_id(login), number=self.switch.users[login].number))
        self.read_listing(login)

    def push(self) -> bytes:
        items = [line.wire(self.variants, "push") for line in self.pending.values()]
        self.pending.clear()
        return self.variants.encode({"listenerName": "CallLines", "item": items})

    def hear(self, frame: bytes) -> None:
        decoded = self.decoder.decode(frame)
        if not isinstance(decoded, Push):
            return
        of = {extension_id(login): login for login in self.states}
        for told in decoded.items:
            login = of.get(told.extension_id or "")  # type: ignore[union-attr]
            if login is not None:
                self.apply(login, rcc.pushed(self.states[login], told, NOW))  # type: ignore[arg-type]

    def apply(self, login: str, result: rcc.Result) -> None:
        self.states[login], events = result
        for event in events:
            self.follower(event)

    def read_listing(self, login: str, *, anew: bool = False) -> None:
        """The listing of one extension, read at once."""
        told = self.listing(login)
        heard = {told.line_id for told in ()}
        state = rcc.begin(self.states[login]) if anew else self.states[login]
        self.apply(login, rcc.listed(state, told, heard, NOW))

    def listing(self, login: str) -> tuple[Any, ...]:
        body = msgspec.json.encode([line.wire(self.variants, "list") for line in self.wire.of(login)])
        decoded = self.decoder.decode(b'{"listenerName": "a", "item": ' + body + b"}")
        return decoded.items if isinstance(decoded, Push) else ()

    @rule(again=st.booleans())
    def an_old_frame_comes_again(self, again: bool) -> None:
        """Two sockets have no order between them: a frame from before comes late, perhaps twice."""
        frame = self.push()
        self.hear(frame)
        self.late.append(frame)
        if again:
            of = {extension_id(login): login for login in self.states}
            for old in self.late[-5:]:
                decoded = self.decoder.decode(old)
                if isinstance(decoded, Push):
                    for told in decoded.items:
                        login = of.get(told.extension_id or "")  # type: ignore[union-attr]
                        if login is not None:
                            self.apply(login, rcc.placed(self.states[login], told, NOW))  # type: ignore[arg-type]

    @rule()
    def lose_what_is_pushed(self) -> None:
        """The connection breaks; what was pushed meanwhile is lost, and every extension is listed anew."""
        self.pending.clear()
        for login in self.states:
            self.read_listing(login, anew=True)

    @invariant()
    def the_model_is_the_truth(self) -> None:
        self.hear(self.push())
        for login in self.switch.users:
            if login not in self.states:
                self.begin(login)
        for login in [login for login in self.states if login not in self.switch.users]:
            state = self.states.pop(login)
            assert not state.line.calls, "its calls were dropped with it"
        for login, state in self.states.items():
            compare(state.line, self.switch, login)
        calls = {call.id: call for state in self.states.values() for call in state.line.calls}
        assert calls == self.follower.alive

        # And a listing tells nothing new.
        for login, state in self.states.items():
            assert rcc.listed(state, self.listing(login), (), NOW) == (state, ())

    def teardown(self) -> None:
        super().teardown()
        self.the_model_is_the_truth()
        assert self.follower.started == self.follower.ended


OverRcc.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOverRcc = OverRcc.TestCase


class OverHttp(ModelOverHttp):
    """Over myRCC, with a variant of the wire in every run."""

    def office(self, switch: SwitchSettings) -> SimulatorSettings:
        return IstraOffice.settings(users=tuple(people()), switch=switch)

    async def connect(self) -> Pbx:
        return await connect(self.simulator.istra_url, **RCC)

    def line_of(self, login: str) -> str:
        return extension_id(login)

    def compare(self, line: LineSnapshot, login: str) -> None:
        compare(line, self.switch, login)

    def left_behind(self) -> int:
        face = self.simulator.istra
        assert face is not None
        return len(face.sessions) + len(face.listeners)

    @rule()
    def come_and_go(self) -> None:
        """Nothing tells of extensions that come and go; so the client connects anew."""
        super().come_and_go()
        self.lose()

    @rule()
    def lose(self) -> None:
        """The socket breaks, and what happens until it is back is not seen."""
        losses = self.pbx.statistics.losses
        self.simulator.faults.cut_channels()
        self.loop.run_until_complete(
            until(lambda: self.pbx.statistics.losses > losses or self.pbx.status is not Status.ONLINE, 30)
        )

    @rule(name=st.sampled_from(DIALECTS))
    def another_dialect(self, name: str) -> None:
        """The server writes otherwise from now on."""
        variants = self.simulator.istra.variants  # type: ignore[union-attr]
        setattr(variants, name, not getattr(variants, name))


OverHttp.TestCase.settings = FEW
TestOverHttp = OverHttp.TestCase
