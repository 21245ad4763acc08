"""After any sequence of what people do, what Istra has pushed is what is so on the switch."""

import json
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, rule
from multidict import MultiDict

from aiopbx.simulator import SimulatorSettings
from aiopbx.simulator.faces.istra.context import Context
from aiopbx.simulator.faces.istra.face import ROUTES, IstraFace
from aiopbx.simulator.faces.istra.identifiers import extension_id
from aiopbx.simulator.faces.istra.lines import ACTIONS
from aiopbx.simulator.faces.istra.refusals import Refusal
from aiopbx.simulator.faces.istra.sessions import Session
from aiopbx.simulator.faces.o2g.sessions import Accounts
from aiopbx.simulator.faults import Faults
from aiopbx.simulator.switch import SwitchError
from tests.aiopbx.simulator.test_switch_any_sequence import INSIDE, LOGINS, NUMBERS, AnySequence, people

_STATES = {
    "DIALING": "prompting",
    "RINGING_OUTGOING": "prompting",
    "RINGING_INCOMING": "prompting",
    "ACTIVE": "talking",
    "HELD": "held",
}
_HANDLERS: dict[str, Callable[..., Any]] = {route.path: route.handler for route in ROUTES}


class AnySequenceSeenByIstra(AnySequence):
    """The same people, and three listeners who know only what they are pushed."""

    def __init__(self) -> None:
        super().__init__()
        chosen = SimulatorSettings(users=people(), istra=True)
        self.face = IstraFace(self.switch, chosen, self.clock, Faults(self.clock), Accounts(chosen))
        self.opened = 0
        self.lines: dict[str, dict[str, Any]] = {}
        self.over: set[str] = set()
        self.counters: dict[str, dict[str, Any]] = {}
        self.calls: dict[tuple[str, str], dict[str, str]] = {}
        self.rcc = self.session("myRCC", "admin")
        self.watch(self.rcc, "lines", None, self._pushed_line)
        for login in self.switch.users:
            self.begin(login)

    def begin(self, login: str) -> None:
        """Have what happens to a user pushed."""
        self.counters[login] = self.face.listeners.counters_of(login)
        self.watch(self.session("myIstra", login), "counters", None, lambda item: self._pushed_counters(login, item))
        for device in self.switch.users[login].devices:
            self.calls[login, device] = {}
            session = self.session("myCrm", login)
            self.watch(session, device, device, lambda item, key=(login, device): self._pushed_event(key, item))

    def session(self, application: str, login: str) -> Session:
        self.opened += 1
        session = Session(str(self.opened), application, login, deque(["token"]))
        self.face.sessions._by_id[session.id] = session
        return session

    def watch(self, session: Session, name: str, device: str | None, seen: Callable[[Any], None]) -> None:
        def push(value: dict[str, Any]) -> None:
            value = json.loads(json.dumps(value))
            assert value["listenerName"] == name
            for item in value["item"] if isinstance(value["item"], list) else [value["item"]]:
                seen(item)

        session.socket = SimpleNamespace(push=push, close=lambda: None)  # type: ignore[assignment]
        self.face.listeners.bind(self.face.listeners.create(session, name, device))

    # -- what comes ---------------------------------------------------------------------------------------------

    def _pushed_line(self, line: dict[str, Any]) -> None:
        id_ = line["lineId"]
        assert id_ not in self.over, "a dropped line comes no more"
        before = self.lines.get(id_)
        if before is not None:
            assert int(line["lastModificationTime"]) > int(before["lastModificationTime"])
            assert (line["creationTime"], line["isIncoming"]) == (before["creationTime"], before["isIncoming"])
        if line["state"] == "dropped":
            assert "actions" not in line
            self.over.add(id_)
            self.lines.pop(id_, None)
        else:
            self.lines[id_] = line

    def _pushed_counters(self, login: str, item: dict[str, Any]) -> None:
        self.counters[login] = item

    def _pushed_event(self, key: tuple[str, str], event: dict[str, Any]) -> None:
        calls = self.calls[key]
        name, id_ = event["event"], event["callId"]
        if name == "callDropped":
            assert int(event["ringingTime"]) >= 0
            assert int(event["talkingTime"]) >= 0
            calls.pop(id_, None)
        elif name == "callHeld":
            assert calls.get(id_) in ("callTalking", "callAlerting"), "what is held was there before"
            calls[id_] = name
        else:
            calls[id_] = name

    # -- what people do through it ------------------------------------------------------------------------------

    def through_istra(
        self, path: str, parameters: dict[str, str], body: dict[str, Any]
    ) -> Refusal | SwitchError | None:
        context = Context(self.face, self.rcc, MultiDict(), json.dumps(body).encode())
        before = self.switch.dump()
        try:
            _HANDLERS[path](context, **parameters)
        except (Refusal, SwitchError) as error:
            assert self.switch.dump() == before, "refused, and yet something has changed"
            return error
        return None

    @rule(pick=st.integers(0, 9), action=st.sampled_from(ACTIONS), number=NUMBERS, other=st.integers(0, 9))
    def act_on_a_line(self, pick: int, action: str, number: str, other: int) -> None:
        lines = list(self.face.lines.all())
        if not lines:
            return
        line = lines[pick % len(lines)]
        second = lines[other % len(lines)]
        offered = action in line.picture.actions
        body = {"destination": number, "dtmfs": "12#", "line": f"v1/rcc/CallLine/{second.id}"}
        error = self.through_istra(f"v1/rcc/CallLine/{{id}}/{action}", {"id": line.id}, body)
        if not offered:
            assert error is not None, f"{action} was not offered"
        elif action not in ("redirect", "addParty", "merge", "transfer"):
            assert error is None, f"{action} was offered"

    @rule(login=LOGINS, number=NUMBERS)
    def place_through_istra(self, login: str, number: str) -> None:
        self.through_istra("v1/rcc/Extension/{id}/placeCall", {"id": extension_id(login)}, {"destination": number})

    @rule(login=LOGINS, number=INSIDE)
    def add_somebody(self, login: str, number: str) -> None:
        for call in self.switch.calls_of(login):
            if self.switch.can_add_party(login, call.ref):
                self.attempt(self.switch.add_party, login, call.ref, number)
                return

    # -- what is so ---------------------------------------------------------------------------------------------

    @invariant()
    def istra_shows_the_switch(self) -> None:
        for login in self.counters.keys() - self.switch.users.keys():
            assert not any(session.login == login for session in self.face.sessions.all)
            del self.counters[login]
            self.calls = {key: calls for key, calls in self.calls.items() if key[0] != login}
        for login in self.switch.users:
            if login not in self.counters:
                self.begin(login)
        for listener in self.listeners():
            listener._due()
        truth = {}
        for login in self.switch.users:
            for view in self.switch.call_views(login):
                line = self.face.lines.line(login, view.ref)
                assert line is not None
                if view.state == "RELEASING":
                    assert line.dropped
                    continue
                truth[line.id] = line.wire(self.face.variants, "push")
                shown = truth[line.id]
                assert shown["state"] == _STATES[view.state]
                assert shown["conference"] == (len(view.parties) > 1)
                assert shown["isRecording"] == (view.record_state == "RECORDING")
                assert shown["extension"].endswith(extension_id(login))
                self.offered(login, view.ref, set(shown["actions"]))
        assert self.lines == truth
        assert {line.id for line in self.face.lines.all()} == truth.keys()
        for login in self.switch.users:
            assert self.counters[login] == self.face.listeners.counters_of(login)
            self.terminals(login)

    def listeners(self) -> list[Any]:
        listeners = self.face.listeners
        tables = (listeners._rcc, *listeners._crm.values(), *listeners._counting.values())
        return [listener for table in tables for listener in table]

    def offered(self, login: str, ref: str, actions: set[str]) -> None:
        """Exactly what the switch allows is offered."""
        view = self.switch.call_view(login, ref)
        legs = set().union(*(leg.actions for leg in view.legs))
        calls = self.switch.call_actions(login, ref)
        assert ("answer" in actions) == ("answer" in legs)
        assert ("hold" in actions) == ("hold" in legs)
        assert ("unhold" in actions) == ("retrieve" in legs)
        assert ("sendDtmfs" in actions) == ("sendDtmf" in legs)
        assert ("disconnect" in actions) == ("terminate" in calls)
        assert ("leave" in actions) == ("drop" in legs and view.state in ("ACTIVE", "HELD"))
        assert ("redirect" in actions) == bool({"redirect", "blindTransfer"} & calls)
        assert ("startRecord" in actions) == ("startRecord" in calls)
        assert ({"transfer", "merge"} & actions) == ({"transfer", "merge"} & calls)
        assert ("addParty" in actions) == self.switch.can_add_party(login, ref)

    def terminals(self, login: str) -> None:
        """Each telephone has the calls that were reported for it."""
        expected: dict[str, dict[str, str]] = {device: {} for device in self.switch.users[login].devices}
        names = {
            "ACTIVE": "callTalking",
            "HELD": "callHeld",
            "RINGING_INCOMING": "callRinging",
            "RINGING_OUTGOING": "callAlerting",
        }
        for view in self.switch.call_views(login):
            line = self.face.lines.line(login, view.ref)
            assert line is not None
            for leg in view.legs:
                own = leg.state == "RINGING_INCOMING" and view.state == "DIALING"
                reported = self.calls.get((login, leg.device), {}).get(line.id)
                if leg.state == "DIALING" and reported is not None:  # it was somewhere before, and dials again
                    assert reported == "callAlerting"
                    expected[leg.device][line.id] = reported
                elif leg.state in names and not own:
                    expected[leg.device][line.id] = names[leg.state]
        for device, calls in expected.items():
            if (login, device) in self.calls:  # not a set where someone has logged on
                assert self.calls[login, device] == calls, (
                    f"{login} at {device}: {self.calls[login, device]} is not {calls}"
                )


TestAnySequenceSeenByIstra = AnySequenceSeenByIstra.TestCase
TestAnySequenceSeenByIstra.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
