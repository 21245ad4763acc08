"""The state of the switch, what it allows, and how its changes are published."""

import random
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..clock import Clock
from .calls import (
    ACTIVE,
    DIALING,
    HELD,
    RELEASING,
    RINGING_INCOMING,
    RINGING_OUTGOING,
    SERVICE,
    USER,
    Call,
    CallView,
    Identity,
    LegView,
    Member,
    PartyView,
)
from .changes import CallChange, CapabilitiesChange, Change, CountersChange, UserStateChange
from .directory import Directory
from .errors import SwitchError, no_such_call, wrong_state
from .external import ExternalWorld
from .log import CallLog
from .mailboxes import Mailboxes
from .nodes import Nodes
from .settings import SwitchSettings
from .users import IN_SERVICE, Counters, Device, HuntingGroup, User

if TYPE_CHECKING:
    from ..settings import UserSpec

Listener = Callable[[Change], None]

_RELEASED_LEG = frozenset({"drop"})
_RELEASED_CALL = frozenset({"terminate"})


@dataclass(frozen=True, slots=True)
class _Note:
    """Details of the next change of a user's call."""

    cause: str | None = None
    previous_ref: str | None = None
    replaced_by: str | None = None
    new_destination: str | None = None


class Core:
    """Users, calls, capabilities, and the changes that are published.

    Every action runs inside ``_acting``: it is checked first, then carried out, and then the difference to what each
    user saw before is published. So a refused action changes and publishes nothing.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users and no call."""
        self.clock = clock
        self.settings = settings or SwitchSettings()
        self.users: dict[str, User] = {}
        self.calls: dict[str, Call] = {}
        self.groups = {spec.number: HuntingGroup(spec.number, spec.name) for spec in self.settings.hunting_groups}
        self.sets = {number: Device(number, "DESKPHONE", "DESK_SHARING") for number in self.settings.desk_sharing_sets}
        """Desk-sharing sets where no one is logged on."""
        self._adding: dict[str, tuple[str, str]] = {}
        """Reference of a call to be added to another → login of the user who adds it, reference of the other."""
        self.parked: dict[str, str] = {}
        """Telephone → reference of the call that is parked there."""
        self.external = ExternalWorld()
        self._numbers: dict[str, str] = {}
        self._mailboxes: Counter[str] = Counter()
        self._calls_of: dict[str, dict[str, Call]] = {}
        self._random = random.Random(self.settings.seed)
        self._ids = 0
        self._listeners: list[Listener] = []
        self._depth = 0
        self._touched: dict[str, None] = {}
        self._notes: dict[tuple[str, str], _Note] = {}
        self._after: list[Change] = []
        self._published: dict[str, dict[str, CallView]] = {}
        self._published_devices: dict[str, dict[str, frozenset[str]]] = {}
        self._queue: deque[Change] = deque()
        self._notifying = False
        self.log = CallLog(self, self.settings.log_size)
        """The communication log."""
        self.mailboxes = Mailboxes(self, self.settings.mailbox_size)
        self.directory = Directory(self)
        self.nodes = Nodes(self)
        for spec in users:
            self._add(User.of(spec))

    # -- people -------------------------------------------------------------------------------------------------

    def _add(self, user: User) -> None:
        for number in (user.number, *user.devices):
            if number in self._numbers or number in self.groups or number in self.sets:
                raise ValueError(f"users: the number {number} of {user.login} is taken.")
        if user.login in self.users:
            raise ValueError(f"users: the login {user.login} is taken.")
        if user.hunting_group is not None and user.hunting_group not in self.groups:
            self.groups[user.hunting_group] = HuntingGroup(user.hunting_group)
        self.users[user.login] = user
        for number in (user.number, *user.devices):
            self._numbers[number] = user.login
        self._mailboxes[user.voicemail_number] += 1
        self._calls_of[user.login] = {}
        self._published[user.login] = {}
        self._published_devices[user.login] = self._device_actions_of(user)

    def by_number(self, number: str) -> User | None:
        """Return the user of this number, or of a telephone with this number."""
        login = self._numbers.get(number)
        return self.users[login] if login is not None else None

    def user(self, login: str) -> User:
        """Return the user with this login name; refuses an unknown one."""
        user = self.users.get(login)
        if user is None:
            raise SwitchError("BAD_PARAMETER_VALUE", "INVALID_DATA", f"There is no user {login!r}.")
        return user

    @property
    def voicemail_numbers(self) -> Collection[str]:
        """Numbers that the voicemail answers."""
        return self._mailboxes.keys()

    def identity(self, user: User) -> Identity:
        """Return the identity of a user."""
        return Identity(USER, user.number, user.login, user.first_name, user.last_name)

    def calls_of(self, login: str) -> tuple[Call, ...]:
        """Return the calls of a user, oldest first."""
        return tuple(self._calls_of.get(login, {}).values())

    def counters(self, login: str) -> Counters:
        """Return the counters of a user."""
        user = self.user(login)
        unread = sum(not message.read for message in user.voicemails)
        return Counters(len(user.missed), unread if user.voicemail else None, len(user.callbacks), len(user.texts))

    # -- calls --------------------------------------------------------------------------------------------------

    def _new_call(self, called: Identity) -> Call:
        ref = f"{self._random.getrandbits(64):016x}"
        while ref in self.calls:
            ref = f"{self._random.getrandbits(64):016x}"
        call = Call(ref, self.clock.utc(), called)
        self.calls[ref] = call
        return call

    def _member_id(self, call: Call, identity: Identity, anonymous: bool = False) -> str:
        """Return a participant identifier that is unique in the call and does not identify an anonymous party."""
        if not anonymous and identity.number and all(member.id != identity.number for member in call.members):
            return identity.number
        self._ids += 1
        return f"{'secret' if anonymous else identity.number or 'party'}-{self._ids}"

    def _join(self, call: Call, member: Member) -> None:
        call.members.append(member)
        if member.login is not None:
            self._calls_of[member.login][call.ref] = call
        self._touch(call)

    def _leave(self, call: Call, member: Member, cause: str | None = None, **note: str | None) -> None:
        """Take a party out of a call; the change that it sees has this cause."""
        self._touch(call)
        self.log.left(call, member, cause)
        call.members.remove(member)
        if member.login is not None:
            del self._calls_of[member.login][call.ref]
            self._note(member.login, call.ref, cause, **note)
        if member.place:
            self.parked.pop(member.identity.number, None)

    def _touch(self, call: Call) -> None:
        """Compare the users of a call again when the changes are published."""
        for member in call.members:
            if member.login is not None:
                self._touched[member.login] = None

    def _note(self, login: str | None, ref: str, cause: str | None = None, **more: str | None) -> None:
        if login is not None:
            self._touched[login] = None
            self._notes[(login, ref)] = _Note(cause, **more)

    def _timer(self, call: Call, name: str, seconds: float, fn: Callable[[], None]) -> None:
        """Run something for a call later, unless it ends or the timer of this name is set again or stopped."""
        self._stop(call, name)

        def due() -> None:
            call.timers.pop(name, None)
            with self._acting():
                fn()

        call.timers[name] = self.clock.call_later(seconds, due)

    def _stop(self, call: Call, *names: str) -> None:
        for name in names:
            timer = call.timers.pop(name, None)
            if timer is not None:
                timer.cancel()

    def _close(self, call: Call, cause: str | None) -> None:
        """Forget a call that has no members left."""
        call.ended = True
        call.cause = cause
        self.log.closed(call, cause)
        self._stop(call, *call.timers)
        self.calls.pop(call.ref, None)

    def counted(self, login: str) -> None:
        """Mark the counters of a user as changed."""
        self._count(login)

    def _count(self, login: str) -> None:
        self._after.append(CountersChange(login=login))

    # -- finding what a request names -----------------------------------------------------------------------------

    def find(self, login: str, ref: str) -> tuple[User, Call, Member]:
        """Return a call of a user, and the user in it; refuses an unknown reference."""
        user = self.user(login)
        call = self._calls_of[login].get(ref)
        if call is None:
            raise no_such_call(ref)
        member = call.user(login)
        assert member is not None
        return user, call, member

    def _device(self, user: User, device: str) -> Device:
        """Return a telephone of the user that can make and take calls."""
        found = user.devices.get(device)
        if found is None:
            if device in self._numbers:
                raise SwitchError("UNAUTHORIZED", "INVALID_DEVICE", f"{device!r} is no telephone of {user.login}.")
            raise SwitchError("BAD_PARAMETER_VALUE", "INVALID_DEVICE", f"There is no telephone {device!r}.")
        if found.state != IN_SERVICE:
            raise SwitchError(
                "CALL_SERVER_ERROR", "DEVICE_OUT_OF_SERVICE", f"The telephone {device} is out of service."
            )
        if not user.usable(found):
            raise SwitchError(
                "CALL_SERVER_ERROR", "INVALID_DEVICE_STATE", f"The remote extension {device} is switched off."
            )
        return found

    def _leg(self, user: User, member: Member, device: str) -> str:
        """Return the telephone of a user in a call; refuses one that is not in it."""
        self._device(user, device)
        if device not in member.legs:
            raise SwitchError("LEG_NOT_FOUND", "INVALID_DEVICE", f"The telephone {device} is not in this call.")
        return device

    def _need(self, user: User, call: Call, member: Member, action: str) -> None:
        """Refuse what the call does not allow now."""
        if action not in self._call_actions(user, call, member):
            raise wrong_state(f"The call does not allow {action} in its present state ({member.state}).")

    def _need_leg(self, user: User, call: Call, member: Member, device: str, action: str) -> str:
        """Refuse what the telephone's part in the call does not allow now."""
        self._leg(user, member, device)
        if action not in self._leg_actions(user, call, member, device):
            raise wrong_state(f"The telephone {device} does not allow {action} in its present state.")
        return device

    # -- what is allowed ------------------------------------------------------------------------------------------

    def call_actions(self, login: str, ref: str) -> set[str]:
        """Return what a user may do with a call now, by the names of O2G's call capabilities."""
        return set(self._call_actions(*self.find(login, ref)))

    def leg_actions(self, login: str, ref: str, device: str) -> set[str]:
        """Return what a user may do with a telephone in a call now, by the names of O2G's leg capabilities."""
        user, call, member = self.find(login, ref)
        if device not in member.legs:
            raise SwitchError("LEG_NOT_FOUND", "INVALID_DEVICE", f"The telephone {device!r} is not in this call.")
        return set(self._leg_actions(user, call, member, device))

    def device_actions(self, login: str, device: str) -> set[str]:
        """Return what a user may start on a telephone now, by the names of O2G's device capabilities."""
        user = self.user(login)
        if device not in user.devices:
            raise SwitchError("BAD_PARAMETER_VALUE", "INVALID_DEVICE", f"{device!r} is no telephone of {login}.")
        return set(self._device_actions(user, user.devices[device]))

    def _device_actions_of(self, user: User) -> dict[str, frozenset[str]]:
        return {device.id: self._device_actions(user, device) for device in user.devices.values()}

    def _device_actions(self, user: User, device: Device) -> frozenset[str]:
        if not self._line_free(user, device) or not self._can_engage(user, device.id):
            return frozenset()
        if not user.advanced and self._calls_of.get(user.login):
            return frozenset()
        actions = {"makeCall", "makeBusinessCall", "unParkCall"}
        if user.pin and user.secret_code:
            actions.add("makePrivateCall")
        return frozenset(actions)

    def _legs_on(self, user: User, device: str) -> Iterator[tuple[Call, Member, str]]:
        """Return what is on a telephone: calls, the user in them, state of the leg."""
        for call in self._calls_of.get(user.login, {}).values():
            member = call.user(user.login)
            if member is not None and device in member.legs:
                yield call, member, member.legs[device]

    def _line_free(self, user: User, device: Device) -> bool:
        """Whether a telephone can take another call. A tone does not count: it ends when the line is needed."""
        taken = sum(state != RELEASING for _, _, state in self._legs_on(user, device.id))
        return user.usable(device) and taken < user.lines

    def _can_engage(self, user: User, device: str, call: Call | None = None) -> bool:
        """Whether a telephone can turn to another call: an active call can be held, one being dialled cannot."""
        return not any(
            other is not call and state in (DIALING, RINGING_OUTGOING)
            for other, _, state in self._legs_on(user, device)
        )

    def _leg_actions(self, user: User, call: Call, member: Member, device: str) -> frozenset[str]:
        state = member.legs[device]
        actions: set[str] = set()
        if state == RINGING_INCOMING:
            if member.state == DIALING:  # the user's own telephone rings before it dials
                actions.add("drop")
            if self._can_engage(user, device, call):
                actions.add("answer")
            return frozenset(actions)
        actions.add("drop")
        if state == ACTIVE:
            actions.add("hold")
            if call.parked is None:
                actions.add("sendDtmf")
            if any(self._can_move(user, member, other) for other in user.devices.values()):
                actions.add("switchDevice")
        elif state == HELD:
            if self._can_engage(user, device, call):
                actions.add("retrieve")
            if any(
                other is not call and leg in (ACTIVE, DIALING, RINGING_OUTGOING, RELEASING)
                for other, _, leg in self._legs_on(user, device)
            ):
                actions.add("reconnect")
        return frozenset(actions)

    def _can_move(self, user: User, member: Member, device: Device) -> bool:
        """Whether an active call can be moved to this telephone."""
        return (
            device.id not in member.legs
            and self._line_free(user, device)
            and not any(state not in (HELD, RINGING_INCOMING) for _, _, state in self._legs_on(user, device.id))
        )

    def _call_actions(self, user: User, call: Call, member: Member) -> frozenset[str]:
        state = member.state
        if state == RINGING_INCOMING:
            actions = {"redirect", "pickedUp", "terminate"}
            if user.voicemail:
                actions.add("redirectToVoiceMail")
            if self.settings.dva_number is not None:
                actions.add("redirectToDVA")
            return frozenset(actions)
        if call.conference:
            actions = {"dropMe"}
            if call.controller == user.login:
                actions.add("terminate")
                if state == ACTIVE:
                    actions.add("dropParticipant")
        else:
            actions = {"terminate"}
        if state in (RINGING_OUTGOING, RELEASING):
            rung = self.users.get(call.rung) if call.rung is not None else None
            if rung is not None and not member.called_back and (state == RINGING_OUTGOING or call.tone == "BUSY"):
                actions.add("callBack")
            ringing = call.ringing()
            if rung is not None and rung.voicemail and ringing is not None and ringing.login == rung.login:
                actions.add("overflowToVoiceMail")
        elif state == ACTIVE:
            others = call.others(member)
            if len(others) == 1 and others[0].person:
                actions.add("dropParticipant")
                if others[0].state == ACTIVE:
                    actions |= {"blindTransfer", "park"}
            if user.voicemail and all(other.person for other in others):
                if member.recording is None:
                    actions.add("startRecord")
                else:
                    actions |= {"stopRecord", "pauseRecord" if member.recording == "RECORDING" else "resumeRecord"}
        if state in (ACTIVE, RINGING_OUTGOING):
            for held in self._calls_of[user.login].values():
                if held is not call:
                    if "transfer" not in actions and self._can_transfer(call, held, user.login):
                        actions.add("transfer")
                    if "merge" not in actions and self._can_merge(call, held, user.login):
                        actions.add("merge")
        return frozenset(actions)

    def _can_transfer(self, active: Call, held: Call, login: str) -> bool:
        """Whether the other party of the held call can be given to that of the active (or ringing) one."""
        here, there = active.user(login), held.user(login)
        if here is None or there is None or there.state != HELD or here.state not in (ACTIVE, RINGING_OUTGOING):
            return False
        targets, waiting = active.others(here), held.others(there)
        if len(targets) != 1 or len(waiting) != 1 or not waiting[0].person:
            return False
        if not (targets[0].person or targets[0].queue):
            return False
        if held.ringing() is not None or _same(targets[0], waiting[0]):
            return False
        return waiting[0].state == ACTIVE or (waiting[0].state == HELD and here.state == ACTIVE)

    def _can_merge(self, active: Call, held: Call, login: str) -> bool:
        """Whether the two calls of a user can become one conference."""
        here, there = active.user(login), held.user(login)
        if here is None or there is None or here.state != ACTIVE or there.state != HELD or held.ringing() is not None:
            return False
        one, two = active.others(here), held.others(there)
        if not all(member.person for member in (*one, *two)):
            return False
        if any(_same(a, b) for a in one for b in two):
            return False
        return 1 + len(one) + len(two) <= self.settings.conference_size

    # -- what users see -------------------------------------------------------------------------------------------

    def call_view(self, login: str, ref: str) -> CallView:
        """Return a call as a user sees it now."""
        return self._view(*self.find(login, ref))

    def call_views(self, login: str) -> tuple[CallView, ...]:
        """Return all calls of a user as it sees them now, oldest first."""
        return tuple(self._view(*self.find(login, ref)) for ref in self._calls_of.get(login, {}))

    def _view(self, user: User, call: Call, member: Member) -> CallView:
        return CallView(
            ref=call.ref,
            state=member.state,
            initial_called=call.initial_called,
            initiator=call.initiator,
            legs=tuple(
                LegView(device, state, state == RINGING_OUTGOING, self._leg_actions(user, call, member, device))
                for device, state in member.legs.items()
            ),
            parties=tuple(
                PartyView(
                    other.id,
                    other.identity,
                    other.anonymous,
                    other.identity.kind == SERVICE
                    or other.place
                    or (call.conference and call.controller != user.login),
                )
                for other in call.others(member)
            ),
            actions=self._call_actions(user, call, member),
            record_state=member.recording,
            anonymous=any(other.anonymous for other in call.others(member)),
            associated_data=call.associated_data,
            account_info=call.account_info,
            last_redirecting=call.last_redirecting,
            trunk=call.trunk,
        )

    def _busy(self, user: User) -> bool:
        """Whether a user is busy: off hook on any telephone."""
        return any(device.off_hook for device in user.devices.values()) or any(
            leg != RINGING_INCOMING
            for call in self._calls_of[user.login].values()
            for member in call.members
            if member.login == user.login
            for leg in member.legs.values()
        )

    # -- publishing -----------------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every change from now on. Returns a function that unsubscribes it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """Run an action; once the outermost has ended, the changes are published."""
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self._settle()
        finally:
            self._depth -= 1
        if self._depth == 0:
            self._flush()

    def _settle(self) -> None:
        """Apply the consequences of an action before its changes are published."""

    @contextmanager
    def acting(self) -> Iterator[list[Change]]:
        """Run an action of a part of the switch; changes that it adds to the list are published with the rest."""
        with self._acting():
            yield self._after

    def _flush(self) -> None:
        """Publish what has changed so far, also halfway through an action that users see in steps."""
        touched, self._touched = self._touched, {}
        notes, self._notes = self._notes, {}
        after, self._after = self._after, []
        for login in touched:
            user = self.users.get(login)
            if user is not None:
                self._compare(user, notes)
        after += self.log.changes()
        self._queue.extend(dict.fromkeys(after))
        if self._notifying:
            return
        self._notifying = True
        try:
            while self._queue:
                change = self._queue.popleft()
                for listener in tuple(self._listeners):
                    listener(change)
        finally:
            self._notifying = False

    def _compare(self, user: User, notes: dict[tuple[str, str], _Note]) -> None:
        """Queue the difference between what a user saw and what it sees."""
        login = user.login
        before = self._published[login]
        now = {ref: self._view(*self.find(login, ref)) for ref in self._calls_of[login]}
        none = _Note()
        renamed = {note.previous_ref for (who, ref), note in notes.items() if who == login and ref in now}
        for ref, view in before.items():
            if ref not in now and ref not in renamed:
                self._queue_removal(login, ref, view, notes.get((login, ref), none))
        for ref, view in now.items():
            note = notes.get((login, ref), none)
            old = before.get(ref) or (before.get(note.previous_ref) if note.previous_ref is not None else None)
            if old == view and note.previous_ref is None:
                continue
            self._queue.append(
                CallChange(
                    login=login,
                    ref=ref,
                    kind="created" if old is None else "modified",
                    view=view,
                    cause=note.cause,
                    previous_ref=note.previous_ref if old is not None else None,
                )
            )
        self._published[login] = now
        state = "BUSY" if self._busy(user) else "FREE"
        if state != user.state:
            user.state = state
            self._queue.append(UserStateChange(login=login, state=state))
        devices = self._device_actions_of(user)
        if devices != self._published_devices[login]:
            self._published_devices[login] = devices
            self._queue.append(CapabilitiesChange(login=login))

    def _queue_removal(self, login: str, ref: str, view: CallView, note: _Note) -> None:
        """Remove a call: users see it releasing first, as on a real system."""
        if view.state != RELEASING:
            releasing = replace(
                view,
                state=RELEASING,
                legs=tuple(LegView(leg.device, RELEASING, False, _RELEASED_LEG) for leg in view.legs),
                parties=(),
                actions=_RELEASED_CALL,
                record_state=None,
                anonymous=False,
            )
            self._queue.append(
                CallChange(
                    login=login,
                    ref=ref,
                    kind="modified",
                    view=releasing,
                    cause=note.cause,
                    replaced_by=note.replaced_by,
                )
            )
        self._queue.append(
            CallChange(login=login, ref=ref, kind="removed", cause=note.cause, new_destination=note.new_destination)
        )

    # -- checking -------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return the whole state, for comparison: equal dumps mean that nothing has changed."""
        return {
            "calls": [call.dump() for call in self.calls.values()],
            "parked": dict(self.parked),
            "adding": dict(self._adding),
            "log": self.log.dump(),
            "groups": {number: group.turn for number, group in self.groups.items()},
            "sets": sorted((device.id, device.state) for device in self.sets.values()),
            "users": {
                login: (
                    [(d.id, d.state, d.off_hook, d.shared) for d in user.devices.values()],
                    (user.remote_extension, user.do_not_disturb, user.forward, user.overflow, user.associate),
                    (user.first_name, user.last_name, user.hunting_group, user.logged_on, user.state),
                    list(user.callbacks),
                    list(user.missed),
                    list(user.voicemails),
                    list(user.texts),
                )
                for login, user in self.users.items()
            },
        }

    def check(self) -> None:
        """Raise ``AssertionError`` if the state contradicts itself, or if it differs from what was published."""
        assert self._depth == 0
        assert not self._touched
        self.log.check()
        for ref, call in self.calls.items():
            assert call.ref == ref
            assert not call.ended
            self._check_call(call)
        for login, user in self.users.items():
            own = self._calls_of[login]
            assert all(self.calls.get(ref) is call and call.user(login) is not None for ref, call in own.items())
            assert self._published[login] == {ref: self._view(*self.find(login, ref)) for ref in own}, f"{login}: calls"
            assert self._published_devices[login] == self._device_actions_of(user), f"{login}: devices"
            assert user.state == ("BUSY" if self._busy(user) else "FREE")
            for device in user.devices.values():
                states = [state for _, _, state in self._legs_on(user, device.id)]
                assert len(states) <= user.lines + sum(state == RELEASING for state in states), f"{device.id}: too many"
                engaged = [state for state in states if state not in (HELD, RINGING_INCOMING)]
                assert len(engaged) <= 1, f"{device.id} is in {engaged} at once"
                assert not states or device.state == IN_SERVICE, f"{device.id} is out of service and in a call"
        assert dict(self._mailboxes) == dict(Counter(user.voicemail_number for user in self.users.values()))
        numbers = {number: user.login for user in self.users.values() for number in (user.number, *user.devices)}
        assert self._numbers == numbers
        assert not numbers.keys() & self.sets.keys()
        for ref, (login, other) in self._adding.items():
            assert ref in self._calls_of[login], f"{ref} is to be added, and is not there"
            assert other in self._calls_of[login], f"{ref} is to be added to {other}, which is not there"
        for place, ref in self.parked.items():
            spot = self.calls[ref].parked
            assert spot is not None
            assert spot.identity.number == place

    def _check_call(self, call: Call) -> None:
        assert call.members, f"{call.ref} has no party"
        ids = [member.id for member in call.members]
        assert len(set(ids)) == len(ids), f"{call.ref}: participants are not unique: {ids}"
        logins = [member.login for member in call.members if member.login is not None]
        assert len(set(logins)) == len(logins), f"{call.ref}: a user is in it twice"
        ringing = [member for member in call.members if member.state == RINGING_INCOMING]
        calling = [member for member in call.members if member.state in (RINGING_OUTGOING, DIALING)]
        assert len(ringing) <= 1
        if len(call.members) == 1:
            alone = call.members[0]
            assert alone.state in (DIALING, RELEASING), f"{call.ref}: alone and {alone.state}"
            assert (alone.state == RELEASING) == (call.tone is not None)
        else:
            assert call.tone is None
            assert not any(member.state == RELEASING for member in call.members)
        if ringing:
            assert len(call.members) == 2
            (other,) = call.others(ringing[0])
            assert other.state in (RINGING_OUTGOING, HELD), f"{call.ref}: rings while the caller is {other.state}"
        else:
            assert not any(member.state == RINGING_OUTGOING for member in calling)
        if call.conference:
            assert all(member.person and member.state in (ACTIVE, HELD) for member in call.members)
        else:
            assert call.controller is None
        for member in call.members:
            if member.kind == USER:
                assert member.login in self.users
                assert call.ref in self._calls_of[member.login]
                assert member.legs, f"{call.ref}: {member.login} has no telephone in it"
                if member.state == DIALING and RINGING_INCOMING in member.legs.values():
                    assert len(member.legs) == 1
                elif member.state == RINGING_INCOMING:
                    assert set(member.legs.values()) == {RINGING_INCOMING}
                else:
                    assert list(member.legs.values()) == [member.state]
            else:
                assert not member.legs
            if member.place:
                assert self.parked.get(member.identity.number) == call.ref
            assert member.recording is None or member.state in (ACTIVE, HELD)
        if call.answered and not ringing and not calling:
            assert call.tone is not None or sum(m.state in (ACTIVE, HELD) for m in call.members) >= 2


def _same(one: Member, two: Member) -> bool:
    """Whether two parties are the same user."""
    return one.login is not None and one.login == two.login
