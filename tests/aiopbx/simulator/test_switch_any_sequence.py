"""Any sequence of what people do, allowed or not, leaves the switch consistent and its listeners well informed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aiopbx.o2g.types import comlog, telephony as wire
from aiopbx.o2g.types.base import O2gEvent
from aiopbx.o2g.types.events import KnownEvent
from aiopbx.o2g.types.routing import OnRoutingStateChanged, RoutingState
from aiopbx.o2g.types.users import EventSummary, OnEventSummaryUpdated, OnUserCreated, OnUserDeleted, OnUserInfoChanged
from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.faces.o2g import comlog as face_log, views
from aiopbx.simulator.settings import DeviceSpec, UserSpec
from aiopbx.simulator.switch import Behaviour, HuntingGroupSpec, Switch, SwitchError, SwitchSettings
from aiopbx.simulator.switch.log import LogFilter

OUTSIDE = ("0015550100", "0015550101", "+15550102")
EVENTS = msgspec.json.Decoder(KnownEvent)


def people() -> list[UserSpec]:
    """Five users: with a mobile, in a group, with three lines, without voicemail, with a basic licence."""
    return [
        UserSpec(
            login="a", number="100", first_name="Ann", last_name="Alder", remote_extension=True, hunting_group="700"
        ),
        UserSpec(login="b", number="101", first_name="Ben", last_name="Birch", hunting_group="700", associate="100"),
        UserSpec(login="c", number="102", last_name="Cedar", lines=3, remote_extension=True, pin="1", secret_code="2"),
        UserSpec(login="d", number="103", voicemail=False, devices=(DeviceSpec(id="103"), DeviceSpec(id="113"))),
        UserSpec(login="e", number="104", licences=frozenset({"TELEPHONY_BASIC"})),
    ]


class Replica:
    """What a client knows that applies every event, and nothing else."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.calls: dict[str, dict[str, dict[str, Any]]] = {}
        self.devices: dict[str, dict[str, wire.DeviceCapabilities]] = {}
        self.busy: dict[str, bool] = {}
        self.device_states: dict[tuple[str, str], str] = {}
        self.summaries: dict[str, EventSummary] = {}
        self.routing: dict[str, RoutingState] = {}
        self.logged_on: dict[str, bool] = {}
        self.names: dict[str, str] = {}
        self.log: dict[str, dict[int, comlog.ComHistoryRecord]] = {}
        for login in switch.users:
            self._begin(login)

    def _begin(self, login: str) -> None:
        """Read once what is so, as a client does that begins to monitor."""
        user = self.switch.users[login]
        self.calls[login] = {}
        self.devices[login] = views.device_capabilities(self.switch, login)
        self.busy[login] = False
        self.device_states |= {(login, device.id): device.state for device in user.devices.values()}
        self.summaries[login] = views.event_summary(self.switch, login)
        self.routing[login] = views.routing_state(self.switch, login)
        self.logged_on[login] = user.logged_on
        self.names[login] = user.first_name
        self.log[login] = {}

    def __call__(self, package: str, login: str | None, event: O2gEvent) -> None:
        again = EVENTS.decode(msgspec.json.encode(event))
        assert again == event
        assert login is not None
        if isinstance(event, OnUserCreated):
            assert event.user is not None
            assert event.user.login_name == login
            self._begin(login)
            return
        assert login == event.login_name
        assert login is not None
        match event:
            case wire.OnCallCreated():
                assert event.call_ref not in self.calls[login], "created twice"
                assert event.call_ref is not None
                self.calls[login][event.call_ref] = {
                    "data": event.call_data,
                    "legs": {leg.device_id: leg for leg in event.legs},
                    "parties": {party.participant_id: party for party in event.participants},
                }
                self._capabilities(login, event.device_capabilities)
            case wire.OnCallModified():
                self._modified(login, event)
            case wire.OnCallRemoved():
                assert event.call_ref is not None
                last = self.calls[login].pop(event.call_ref)
                assert last["data"].state == wire.MediaState.RELEASING, "removed without being seen releasing"
                self._capabilities(login, event.device_capabilities)
            case wire.OnUserStateModified():
                assert self.busy[login] != (event.state == "BUSY"), "nothing new"
                self.busy[login] = event.state == "BUSY"
            case wire.OnDeviceStateModified():
                for state in event.device_states:
                    assert state.device_id is not None
                    assert state.state is not None
                    self.device_states[login, state.device_id] = state.state.value
            case wire.OnTelephonyState():
                assert event.state is not None
                self._capabilities(login, event.state.device_capabilities)
            case wire.OnDynamicStateChanged():
                assert event.hunting_group_state is not None
                self.logged_on[login] = bool(event.hunting_group_state.logon)
            case OnUserDeleted():
                for table in (
                    self.calls,
                    self.devices,
                    self.busy,
                    self.summaries,
                    self.routing,
                    self.logged_on,
                    self.log,
                ):
                    table.pop(login)  # type: ignore[attr-defined]
            case OnUserInfoChanged():
                assert event.user is not None
                self.names[login] = event.user.first_name or ""
                for device in event.user.devices:
                    self.devices[login].setdefault(device.id or "", wire.DeviceCapabilities(device_id=device.id))
            case OnEventSummaryUpdated():
                assert event.event_summary is not None
                self.summaries[login] = event.event_summary
            case OnRoutingStateChanged():
                assert event.routing_state is not None
                self.routing[login] = event.routing_state
            case comlog.OnComRecordCreated() | comlog.OnComRecordModified():
                assert event.record is not None
                number = event.record.record_id
                assert number is not None
                assert (number in self.log[login]) == isinstance(event, comlog.OnComRecordModified)
                self.log[login][number] = event.record
            case comlog.OnComRecordsAck() | comlog.OnComRecordsUnAck():
                assert event.record_ids
                acknowledged = isinstance(event, comlog.OnComRecordsAck)
                for number in event.record_ids:
                    record = self.log[login][number]
                    assert record.acknowledged is not acknowledged, "nothing new"
                    self.log[login][number] = msgspec.structs.replace(record, acknowledged=acknowledged)
            case comlog.OnComRecordsDeleted():
                for number in event.record_ids or tuple(self.log[login]):
                    del self.log[login][number]
            case _:
                raise AssertionError(f"unexpected {event}")

    def _modified(self, login: str, event: wire.OnCallModified) -> None:
        calls = self.calls[login]
        assert event.call_ref is not None
        if event.previous_call_ref is not None:
            assert event.call_ref not in calls
            calls[event.call_ref] = calls.pop(event.previous_call_ref)
        call = calls[event.call_ref]
        if event.call_data is not None:
            call["data"] = event.call_data
        for leg in event.removed_legs:
            del call["legs"][leg.device_id]
        for leg in event.modified_legs:
            assert leg.device_id in call["legs"]
            call["legs"][leg.device_id] = leg
        for leg in event.added_legs:
            assert leg.device_id not in call["legs"]
            call["legs"][leg.device_id] = leg
        for party in event.removed_participant_ids:
            del call["parties"][party]
        for party in event.modified_participants:
            assert party.participant_id in call["parties"]
            call["parties"][party.participant_id] = party
        for party in event.added_participants:
            assert party.participant_id not in call["parties"]
            call["parties"][party.participant_id] = party
        self._capabilities(login, event.device_capabilities)

    def _capabilities(self, login: str, capabilities: tuple[wire.DeviceCapabilities, ...]) -> None:
        for item in capabilities:
            assert item.device_id is not None
            self.devices[login][item.device_id] = item

    def compare(self, switch: Switch) -> None:
        """Fail unless this is the truth."""
        for login, user in switch.users.items():
            truth = {
                view.ref: {
                    "data": views.call_data(view),
                    "legs": {leg.device: views.leg(leg) for leg in view.legs},
                    "parties": {party.id: views.participant(party) for party in view.parties},
                }
                for view in switch.call_views(login)
            }
            assert self.calls[login] == truth
            now = views.device_capabilities(switch, login)
            assert {device: self.devices[login][device] for device in now} == now
            assert self.busy[login] == (user.state == "BUSY")
            for device in user.devices.values():
                assert self.device_states[login, device.id] == device.state
            assert self.summaries[login] == views.event_summary(switch, login)
            assert self.routing[login] == views.routing_state(switch, login)
            assert self.logged_on[login] == user.logged_on
            assert self.names[login] == user.first_name
            records = switch.log.records(login)
            assert self.log[login] == {item.id: face_log.record(item, owner=login) for item in records}
            self.tell_tales(switch, login)

    def tell_tales(self, switch: Switch, login: str) -> None:
        """The counter says the number of missed calls that have not been looked at."""
        waiting = [record for record in self.log[login].values() if record.acknowledged is False]
        assert self.summaries[login].missed_calls_nb == len(waiting)
        assert switch.counters(login).missed_calls == len(waiting)


LOGINS = st.sampled_from(["a", "b", "c", "d", "e"])
DEVICES = st.sampled_from(["100", "6100", "101", "102", "6102", "103", "113", "104", "800"])
INSIDE = st.sampled_from(["100", "101", "102", "103", "104"])
NUMBERS = st.one_of(
    INSIDE, INSIDE, st.sampled_from([*OUTSIDE, "5000", "5001", "700", "113", "199", "(0) 015550100", "no", "", "6100"])
)

FLAGS = ("set_dnd", "set_remote_extension", "hunting_group_log")


class AnySequence(RuleBasedStateMachine):
    """Everything that can be asked of a switch, with whatever arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.switch = Switch(
            self.clock,
            people(),
            SwitchSettings(
                hunting_groups=(HuntingGroupSpec(number="700"),), desk_sharing_sets=("800",), seed=1, log_size=12
            ),
        )
        self.switch.external.set("*101", Behaviour(ring_after=2, answer_after=3, hang_up_after=20))
        self.replica = Replica(self.switch)
        self.published = 0
        views.attach(self.switch, self._publish)
        self.refs: list[str] = ["0000000000000000"]

    def _publish(self, package: str, login: str | None, event: O2gEvent) -> None:
        self.published += 1
        self.replica(package, login, event)

    def attempt(self, action: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
        before, published = self.switch.dump(), self.published
        pending = self.clock.pending
        refused = None
        try:
            action(*arguments, **keywords)
        except SwitchError as error:
            refused = error
        if refused is not None:
            assert refused.kind
            assert str(refused)
            assert self.switch.dump() == before, f"{action.__name__} was refused and changed something"
            assert self.published == published, f"{action.__name__} was refused and published something"
            assert self.clock.pending == pending
        for ref in self.switch.calls:
            if ref not in self.refs:
                self.refs.append(ref)

    def ref(self, data: st.DataObject, login: str) -> str:
        """Mostly one of the user's calls, sometimes someone else's, an old one or none at all."""
        own = [call.ref for call in self.switch.calls_of(login)]
        return data.draw(st.sampled_from(own * 4 + self.refs[-6:] + self.refs[:1]))

    def device(self, data: st.DataObject, login: str) -> str:
        own = list(self.switch.users[login].devices) if login in self.switch.users else ["104"]
        return data.draw(st.one_of(st.sampled_from(own), st.sampled_from(own), DEVICES))

    def someone(self, data: st.DataObject) -> str:
        busy = [login for login in self.switch.users if self.switch.calls_of(login)]
        return data.draw(st.sampled_from(busy * 3 + list(self.switch.users)))

    @rule(data=st.data(), login=LOGINS, number=NUMBERS, auto=st.booleans(), anonymous=st.booleans())
    def make_call(self, data: st.DataObject, login: str, number: str, auto: bool, anonymous: bool) -> None:
        device = self.device(data, login)
        extra = data.draw(st.sampled_from([{}, {}, {"associated_data": "x" * 33}, {"pin": "1", "secret_code": "2"}]))
        self.attempt(self.switch.make_call, login, device, number, auto_answer=auto, anonymous=anonymous, **extra)

    @rule(outside=st.sampled_from(OUTSIDE), number=NUMBERS, anonymous=st.booleans())
    def incoming(self, outside: str, number: str, anonymous: bool) -> None:
        self.attempt(self.switch.incoming_external, outside, number, anonymous=anonymous)

    @rule(data=st.data(), action=st.sampled_from(["answer", "answer", "answer", "hold", "retrieve", "alternate"]))
    def on_a_leg(self, data: st.DataObject, action: str) -> None:
        login = self.someone(data)
        self.attempt(getattr(self.switch, action), login, self.ref(data, login), self.device(data, login))

    @rule(data=st.data())
    def answer_what_rings(self, data: st.DataObject) -> None:
        ringing = [
            (member.login, ref, device)
            for ref, call in self.switch.calls.items()
            for member in call.members
            for device, state in member.legs.items()
            if state == "RINGING_INCOMING"
        ]
        if ringing:
            self.attempt(self.switch.answer, *data.draw(st.sampled_from(ringing)))

    def offers(self) -> list[tuple[str, Callable[[], Any]]]:
        """All that is offered now and needs no further argument, with what takes the offer."""
        switch = self.switch
        found: list[tuple[str, Callable[[], Any]]] = []
        for login in switch.users:
            for view in switch.call_views(login):
                on_call: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
                    "terminate": (switch.release, ()),
                    "dropMe": (switch.drop, ()),
                    "callBack": (switch.callback, ()),
                    "overflowToVoiceMail": (switch.overflow_to_voicemail, ()),
                    "redirectToVoiceMail": (switch.redirect, ("VOICEMAIL",)),
                    "redirectToDVA": (switch.redirect, ("DVA",)),
                    "redirect": (switch.redirect, ("+15550199",)),
                    "blindTransfer": (switch.blind_transfer, ("+15550199",)),
                    **{f"{name}Record": (switch.recording, (name,)) for name in ("start", "stop", "pause", "resume")},
                }
                if view.parties:
                    on_call["dropParticipant"] = (switch.drop_participant, (view.parties[0].id,))
                found += [
                    (name, partial(action, login, view.ref, *more))
                    for name, (action, more) in on_call.items()
                    if name in view.actions
                ]
                for leg in view.legs:
                    on_leg: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
                        "answer": (switch.answer, (leg.device,)),
                        "hold": (switch.hold, (leg.device,)),
                        "retrieve": (switch.retrieve, (leg.device,)),
                        "sendDtmf": (switch.send_dtmf, (leg.device, "1")),
                        "drop": (switch.drop, ()),
                    }
                    found += [
                        (name, partial(action, login, view.ref, *more))
                        for name, (action, more) in on_leg.items()
                        if name in leg.actions
                    ]
        return found

    def take(self, name: str, action: Callable[[], Any]) -> None:
        try:
            action()
        except SwitchError as error:
            raise AssertionError(f"{name} was offered and is refused: {error.kind} {error}") from error

    @rule(data=st.data())
    def take_an_offer(self, data: st.DataObject) -> None:
        offers = self.offers()
        if offers:
            kinds = sorted({name for name, _ in offers})
            kind = data.draw(st.sampled_from(kinds))
            self.take(*data.draw(st.sampled_from([offer for offer in offers if offer[0] == kind])))

    @rule(data=st.data())
    def begin_what_is_offered(self, data: st.DataObject) -> None:
        able = [
            (login, device)
            for login, user in self.switch.users.items()
            for device in user.devices
            if "makeCall" in self.switch.device_actions(login, device)
        ]
        if able:
            login, device = data.draw(st.sampled_from(able))
            own = self.switch.users[login].number
            others = [number for number in ("100", "101", "102", OUTSIDE[0]) if number != own]
            number = data.draw(st.sampled_from(others))
            self.take("makeCall", partial(self.switch.make_call, login, device, number, auto_answer=True))

    @rule(data=st.data(), action=st.sampled_from(["drop", "release", "callback", "overflow_to_voicemail"]))
    def on_a_call(self, data: st.DataObject, action: str) -> None:
        login = self.someone(data)
        self.attempt(getattr(self.switch, action), login, self.ref(data, login))

    @rule(data=st.data(), action=st.sampled_from(["transfer", "merge", "reconnect"]))
    def on_two_calls(self, data: st.DataObject, action: str) -> None:
        login = self.someone(data)
        arguments = [login, self.ref(data, login), self.ref(data, login)]
        if action == "reconnect":
            arguments.append(self.device(data, login))
        self.attempt(getattr(self.switch, action), *arguments)

    @rule(data=st.data(), action=st.sampled_from(["transfer", "merge"]))
    def on_two_calls_that_fit(self, data: st.DataObject, action: str) -> None:
        fitting = [
            (login, active.ref, held.ref)
            for login in self.switch.users
            for active in self.switch.calls_of(login)
            for held in self.switch.calls_of(login)
            if action in self.switch.call_actions(login, active.ref) and held is not active
        ]
        if fitting:
            self.attempt(getattr(self.switch, action), *data.draw(st.sampled_from(fitting)))

    @rule(data=st.data(), to=INSIDE, action=st.sampled_from(["transfer", "merge"]), answered=st.booleans())
    def consult(self, data: st.DataObject, to: str, action: str, answered: bool) -> None:
        """What people do most with two calls: consult someone, then connect or join."""
        talking = [
            (login, view.ref, view.legs[0].device)
            for login in self.switch.users
            for view in self.switch.call_views(login)
            if view.state == "ACTIVE"
        ]
        if not talking:
            return
        login, held, device = data.draw(st.sampled_from(talking))
        self.attempt(self.switch.make_call, login, device, to, auto_answer=True)
        asking = [view.ref for view in self.switch.call_views(login) if view.state == "RINGING_OUTGOING"]
        if not asking:
            return
        ringing = self.switch.calls[asking[-1]].ringing()
        if answered and ringing is not None and ringing.login is not None:
            self.attempt(self.switch.answer, ringing.login, asking[-1], next(iter(ringing.legs)))
        self.attempt(getattr(self.switch, action), login, asking[-1], held)

    @rule(
        data=st.data(),
        action=st.sampled_from(["blind_transfer", "redirect"]),
        to=st.one_of(NUMBERS, st.sampled_from(["VOICEMAIL", "DVA"])),
        anonymous=st.booleans(),
    )
    def send_away(self, data: st.DataObject, action: str, to: str, anonymous: bool) -> None:
        login = self.someone(data)
        self.attempt(getattr(self.switch, action), login, self.ref(data, login), to, anonymous)

    @rule(data=st.data())
    def drop_participant(self, data: st.DataObject) -> None:
        login = self.someone(data)
        ref = self.ref(data, login)
        call = self.switch.calls.get(ref)
        ids = [member.id for member in call.members] if call else []
        self.attempt(self.switch.drop_participant, login, ref, data.draw(st.sampled_from([*ids, "nobody"])))

    @rule(data=st.data(), to=st.one_of(st.none(), NUMBERS, DEVICES))
    def park(self, data: st.DataObject, to: str | None) -> None:
        login = self.someone(data)
        self.attempt(self.switch.park, login, self.ref(data, login), to)

    @rule(data=st.data(), login=LOGINS, from_=st.one_of(st.none(), DEVICES))
    def unpark(self, data: st.DataObject, login: str, from_: str | None) -> None:
        places = [*self.switch.parked, from_]
        self.attempt(self.switch.unpark, login, self.device(data, login), data.draw(st.sampled_from(places)))

    @rule(data=st.data(), login=LOGINS, number=NUMBERS, auto=st.booleans())
    def pickup(self, data: st.DataObject, login: str, number: str, auto: bool) -> None:
        ref = data.draw(st.sampled_from([None, None, *self.refs[-3:]]))
        self.attempt(self.switch.pickup, login, self.device(data, login), number, ref, auto)

    @rule(data=st.data(), action=st.sampled_from(["start", "stop", "pause", "resume", "dance"]))
    def recording(self, data: st.DataObject, action: str) -> None:
        login = self.someone(data)
        self.attempt(self.switch.recording, login, self.ref(data, login), action)

    @rule(data=st.data(), digits=st.sampled_from(["1", "12#", "x", ""]))
    def dtmf(self, data: st.DataObject, digits: str) -> None:
        login = self.someone(data)
        self.attempt(self.switch.send_dtmf, login, self.ref(data, login), self.device(data, login), digits)

    @rule(data=st.data(), value=st.sampled_from(["abc", "", None, "ä" * 17, "42"]))
    def attach(self, data: st.DataObject, value: str | None) -> None:
        login = self.someone(data)
        self.attempt(self.switch.attach_data, login, self.ref(data, login), value)
        self.attempt(self.switch.account_info, login, self.ref(data, login), value or "7")

    @rule(data=st.data())
    def switch_device(self, data: st.DataObject) -> None:
        login = self.someone(data)
        self.attempt(
            self.switch.switch_device, login, self.ref(data, login), self.device(data, login), self.device(data, login)
        )

    @rule(data=st.data(), action=st.sampled_from(["external_answer", "external_hang_up", "external_busy"]))
    def outside(self, data: st.DataObject, action: str) -> None:
        ref = data.draw(st.sampled_from([*self.switch.calls, self.refs[0]]))
        number = data.draw(st.sampled_from([None, None, *OUTSIDE]))
        self.attempt(getattr(self.switch, action), ref, number)

    @rule(
        login=LOGINS,
        number=st.one_of(st.none(), NUMBERS),
        goal=st.sampled_from(["NUMBER", "VOICEMAIL", "ASSOCIATE"]),
        condition=st.sampled_from(["IMMEDIATE", "BUSY", "NO_ANSWER", "BUSY_NO_ANSWER"]),
        overflow=st.booleans(),
    )
    def divert(self, login: str, number: str | None, goal: str, condition: str, overflow: bool) -> None:
        action = self.switch.set_overflow if overflow else self.switch.set_forward
        self.attempt(action, login, number, target=goal, condition=condition)

    @rule(login=LOGINS, on=st.booleans(), what=st.sampled_from(FLAGS))
    def flag(self, login: str, on: bool, what: str) -> None:
        self.attempt(getattr(self.switch, what), login, on)

    @rule(login=LOGINS)
    def cancel(self, login: str) -> None:
        self.attempt(self.switch.cancel_forward, login)
        self.attempt(self.switch.cancel_overflow, login)

    @rule(device=DEVICES, state=st.sampled_from(["IN_SERVICE", "IN_SERVICE", "OUT_OF_SERVICE"]))
    def device_state(self, device: str, state: str) -> None:
        self.attempt(self.switch.set_device_state, device, state)

    @rule(data=st.data(), login=LOGINS, up=st.booleans())
    def lift(self, data: st.DataObject, login: str, up: bool) -> None:
        self.attempt(self.switch.set_off_hook, login, self.device(data, login), up)

    @rule(login=LOGINS, number=NUMBERS)
    def small_services(self, login: str, number: str) -> None:
        self.attempt(self.switch.request_callback, login, number)
        self.attempt(self.switch.send_text, login, number, "hello")
        self.attempt(self.switch.read_text, login)
        self.attempt(self.switch.acknowledge_missed, login)
        self.attempt(self.switch.delete_callbacks, login)

    @rule(
        data=st.data(), login=LOGINS, action=st.sampled_from(["acknowledge", "unacknowledge", "delete", "everything"])
    )
    def log(self, data: st.DataObject, login: str, action: str) -> None:
        if login not in self.switch.users:
            return
        ids = [record.id for record in self.switch.log.records(login)]
        some = data.draw(st.lists(st.sampled_from([*ids, 999_999]), max_size=3))
        if action == "everything":
            self.attempt(self.switch.log.delete_where, login, LogFilter())
        elif action == "delete":
            self.attempt(self.switch.log.delete, login, some)
        else:
            self.attempt(self.switch.log.acknowledge, login, some, action == "acknowledge")

    @rule(login=LOGINS, on=st.booleans(), group=st.sampled_from(["700", "999"]))
    def groups_and_sets(self, login: str, on: bool, group: str) -> None:
        self.attempt(self.switch.hunting_group_member, login, group, on)
        if on:
            self.attempt(self.switch.desk_sharing_log_on, login, "800")
        else:
            self.attempt(self.switch.desk_sharing_log_off, login)
        self.attempt(self.switch.read_voicemails, login)

    @rule(name=st.sampled_from(["Nova", "Nell"]))
    def rename(self, name: str) -> None:
        self.attempt(self.switch.update_user, "d", first_name=name)

    @rule()
    def come_and_go(self) -> None:
        if "e" in self.switch.users:
            self.attempt(self.switch.remove_user, "e")
        else:
            self.switch.add_user(people()[4])

    @rule(data=st.data(), login=LOGINS, number=NUMBERS)
    def dial_and_wait(self, data: st.DataObject, login: str, number: str) -> None:
        device = self.device(data, login)
        self.attempt(self.switch.make_call, login, device, number, auto_answer=True, business_code="12")
        self.clock.advance(data.draw(st.sampled_from([3.0, 26.0, 61.0])))

    @rule(number=NUMBERS)
    def from_a_free_set(self, number: str) -> None:
        self.attempt(self.switch.make_set_call, "800", number)

    @precondition(lambda self: self.switch.calls)
    @rule(seconds=st.sampled_from([1.0, 5.0, 12.0, 30.0, 70.0, 200.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def consistent(self) -> None:
        self.switch.check()
        self.replica.compare(self.switch)
        for login in self.switch.users:
            for view in self.switch.call_views(login):
                for party in view.parties:
                    if party.identity.login is not None:
                        other = self.switch.call_view(party.identity.login, view.ref)
                        assert any(back.identity.login == login for back in other.parties), "one sees the other only"

    def teardown(self) -> None:
        """However it went, everything ends by itself or when everyone hangs up."""
        for call in tuple(self.switch.calls.values()):
            for member in tuple(call.members):
                if call.ended or member.login is None:
                    continue
                ringing = member.state == "RINGING_INCOMING"
                action = self.switch.release if ringing and not call.conference else self.switch.drop
                self.attempt(action, member.login, call.ref)
        self.clock.advance(10_000)
        self.switch.check()
        self.replica.compare(self.switch)
        assert not self.switch.calls, "a call stayed for ever"
        assert self.clock.pending == 0


AnySequence.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequence = AnySequence.TestCase
