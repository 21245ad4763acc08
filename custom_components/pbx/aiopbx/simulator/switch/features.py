"""Features around calls and people: data, recordings, call-backs, texts, telephones, hunting groups."""

from collections import Counter
from typing import TYPE_CHECKING

from .calling import check_data
from .calls import ACTIVE, RINGING_INCOMING
from .changes import DeviceChange, HuntingGroupChange, RoutingChange, UserChange
from .errors import SwitchError, bad_value, server_error, wrong_state
from .numbers import DIGITS
from .transfers import Transfers
from .users import IN_SERVICE, OUT_OF_SERVICE, PRO_ACD, CallBack, Device, HuntingGroup, MiniMessage, User

if TYPE_CHECKING:
    from ..settings import UserSpec


class Features(Transfers):
    """Features beyond the calls themselves."""

    # -- on a call --------------------------------------------------------------------------------------------------

    def send_dtmf(self, login: str, ref: str, device: str, digits: str) -> None:
        """Send tones (``0-9 A-D * #``) into an active call."""
        user, call, member = self.find(login, ref)
        if not digits or not set(digits) <= DIGITS:
            raise bad_value(f"{digits!r} cannot be sent as tones: use 0-9, A-D, * and #.")
        self._need_leg(user, call, member, device, "sendDtmf")
        with self._acting():
            call.dtmf.append((login, digits))

    def recording(self, login: str, ref: str, action: str) -> None:
        """``start``, ``stop``, ``pause`` or ``resume`` the recording of an active call into the user's mailbox."""
        user, call, member = self.find(login, ref)
        states = {"start": "RECORDING", "stop": None, "pause": "PAUSED", "resume": "RECORDING"}
        if action not in states:
            raise bad_value(f"action: {action!r} is not start, stop, pause or resume.")
        if not user.voicemail:
            raise SwitchError("SERVICE_UNAVAILABLE", None, f"{login} has no voicemail to record into.")
        if member.state != ACTIVE:
            raise SwitchError("LEG_NOT_FOUND", "INVALID_CONNECTION_STATE", "The call has no active leg to record.")
        self._need(user, call, member, f"{action}Record")
        with self._acting():
            self._touch(call)
            member.recording = states[action]

    def attach_data(self, login: str, ref: str, data: str | None, device: str | None = None) -> None:
        """Attach data of at most 32 bytes to a call; ``None`` or an empty text removes it."""
        user, call, member = self.find(login, ref)
        if device is not None:
            self._leg(user, member, device)
        check_data(data)
        with self._acting():
            self._touch(call)
            call.associated_data = data or None

    def account_info(self, login: str, ref: str, code: str, device: str | None = None) -> None:
        """Give a call a transaction code: digits."""
        user, call, member = self.find(login, ref)
        if device is not None:
            self._leg(user, member, device)
        if not (code.isascii() and code.isdecimal()):
            raise bad_value(f"The account information {code!r} must be digits.")
        with self._acting():
            self._touch(call)
            call.account_info = code

    # -- call-backs -------------------------------------------------------------------------------------------------

    def callback(self, login: str, ref: str) -> None:
        """Ask the called user, who does not answer or is busy, to call back."""
        user, call, member = self.find(login, ref)
        self._need(user, call, member, "callBack")
        assert call.rung is not None
        with self._acting():
            self._touch(call)
            member.called_back = True
            self._ask(user, self.users[call.rung])

    def request_callback(self, login: str, callee: str) -> None:
        """Ask a user to call back, without a call."""
        user = self.user(login)
        called = self.by_number(self._number(callee))
        if called is None or called is user:
            raise server_error("INVALID_DESTINATION", f"{callee} is not the number of another user.")
        with self._acting():
            self._ask(user, called)

    def _ask(self, user: User, called: User) -> None:
        if any(entry.number == user.number for entry in called.callbacks):
            return
        self._ids += 1
        called.callbacks.append(CallBack(f"cb{self._ids}", user.number, self.clock.utc()))
        self._count(called.login)

    def callbacks(self, login: str) -> tuple[CallBack, ...]:
        """Return the requests to call this user back, oldest first."""
        return tuple(self.user(login).callbacks)

    def delete_callbacks(self, login: str, id: str | None = None) -> None:
        """Delete one request to call back, or all."""
        user = self.user(login)
        if id is not None and all(entry.id != id for entry in user.callbacks):
            raise bad_value(f"There is no call-back request {id!r}.")
        if not user.callbacks:
            return
        with self._acting():
            user.callbacks[:] = [entry for entry in user.callbacks if id is not None and entry.id != id]
            self._count(login)

    # -- texts and counters -------------------------------------------------------------------------------------------

    def send_text(self, login: str, recipient: str, text: str) -> None:
        """Send a short text to a user's number."""
        user = self.user(login)
        called = self.by_number(self._number(recipient))
        if called is None:
            raise server_error("INVALID_DESTINATION", f"{recipient} is not the number of a user.")
        if not text:
            raise bad_value("message: it is empty.")
        with self._acting():
            called.texts.append(MiniMessage(user.number, text, self.clock.utc()))
            self._count(called.login)

    def read_text(self, login: str) -> MiniMessage:
        """Return the newest short text, which deletes it."""
        user = self.user(login)
        if not user.texts:
            raise wrong_state("No text is left.")
        with self._acting():
            message = user.texts.pop()
            self._count(login)
        return message

    def acknowledge_missed(self, login: str) -> None:
        """Mark the user's missed calls as seen."""
        self.user(login)
        self.log.acknowledge_all(login)

    def read_voicemails(self, login: str) -> None:
        """Mark the user's voicemails as heard."""
        self.mailboxes.read_all(login)

    # -- telephones -------------------------------------------------------------------------------------------------

    def set_device_state(self, device: str, state: str) -> None:
        """Put a telephone in (``IN_SERVICE``) or out of service (``OUT_OF_SERVICE``); its calls end with it."""
        if state not in (IN_SERVICE, OUT_OF_SERVICE):
            raise bad_value(f"state: {state!r} is neither {IN_SERVICE} nor {OUT_OF_SERVICE}.")
        user = self.by_number(device)
        found = user.devices.get(device) if user is not None else self.sets.get(device)
        if found is None:
            raise bad_value(f"There is no telephone {device!r}.", "INVALID_DEVICE")
        if found.state == state:
            return
        with self._acting():
            if user is not None:
                if state == OUT_OF_SERVICE:
                    found.off_hook = False
                    self._lose_device(user, device)
                self._after.append(DeviceChange(login=user.login, device=device, state=state))
                self._touched[user.login] = None
            found.state = state

    def set_off_hook(self, login: str, device: str, off_hook: bool) -> None:
        """Lift a telephone without a call, or put it back: the user is busy meanwhile."""
        user = self.user(login)
        found = self._device(user, device)
        if off_hook and any(state != RINGING_INCOMING for _, _, state in self._legs_on(user, device)):
            raise wrong_state(f"The telephone {device} is in a call.")
        with self._acting():
            found.off_hook = off_hook
            self._touched[login] = None

    def desk_sharing_log_on(self, login: str, device: str) -> None:
        """Log a user on at a desk-sharing set, which then is one of the user's telephones."""
        user = self.user(login)
        if device not in self.sets or self.sets[device].sub_kind == PRO_ACD:
            raise bad_value(f"{device!r} is no desk-sharing set, or someone is logged on at it.", "INVALID_DEVICE")
        if any(found.shared for found in user.devices.values()):
            raise wrong_state(f"{login} is logged on at a desk-sharing set already.")
        if self.sets[device].state != IN_SERVICE:
            raise server_error("DEVICE_OUT_OF_SERVICE", f"The telephone {device} is out of service.")
        if any(member.identity.number == device for call in self.calls.values() for member in call.members):
            raise server_error("INVALID_DEVICE_STATE", f"The telephone {device} is in a call.")
        with self._acting():
            found = self.sets.pop(device)
            user.devices[device] = Device(device, found.kind, found.sub_kind, found.state, shared=True)
            self._numbers[device] = login
            self._touched[login] = None
            self._after.append(UserChange(login=login, kind="changed"))
            self._after.append(DeviceChange(login=login, device=device, state=found.state))
            self._after.append(RoutingChange(login=login))

    def desk_sharing_log_off(self, login: str) -> None:
        """Log a user off at the desk-sharing set; calls on it end."""
        user = self.user(login)
        sets = [device for device in user.devices.values() if device.shared and device.sub_kind != PRO_ACD]
        shared = sets[0] if sets else None
        if shared is None:
            raise wrong_state(f"{login} is not logged on at a desk-sharing set.")
        if shared.id in self.parked:
            raise wrong_state(f"A call is parked at {shared.id}.")
        with self._acting():
            self._lose_device(user, shared.id)
            del user.devices[shared.id]
            del self._numbers[shared.id]
            self.sets[shared.id] = Device(shared.id, shared.kind, shared.sub_kind, shared.state)
            self._touched[login] = None
            self._after.append(UserChange(login=login, kind="changed"))
            self._after.append(RoutingChange(login=login))

    # -- hunting groups -----------------------------------------------------------------------------------------------

    def hunting_group_log(self, login: str, on: bool) -> None:
        """Log a user on or off in its hunting group."""
        user = self.user(login)
        if user.hunting_group is None:
            raise wrong_state(f"{login} belongs to no hunting group.")
        if user.logged_on != on:
            with self._acting():
                user.logged_on = on
                self._after.append(HuntingGroupChange(login=login))

    def hunting_group_member(self, login: str, number: str, member: bool) -> None:
        """Put a user into a hunting group, or take it out; does nothing if that is the case already."""
        user = self.user(login)
        if number not in self.groups:
            raise SwitchError("BAD_PARAMETER_VALUE", "INVALID_DATA", f"There is no hunting group {number!r}.")
        if member == (user.hunting_group == number):
            return
        with self._acting():
            user.hunting_group = number if member else None
            if user.logged_on != member:
                user.logged_on = member
                self._after.append(HuntingGroupChange(login=login))

    def add_hunting_group(self, number: str, name: str = "") -> None:
        """Create a hunting group."""
        if number in self.groups or number in self._numbers or number in self.sets:
            raise bad_value(f"The number {number} is taken.")
        self.groups[number] = HuntingGroup(number, name)

    # -- people -------------------------------------------------------------------------------------------------------

    def add_user(self, spec: "UserSpec") -> User:
        """Create a user while the switch runs."""
        user = User.of(spec)
        self._add(user)
        with self._acting():
            self._after.append(UserChange(login=user.login, kind="created"))
        return user

    def remove_user(self, login: str, *, kept: bool = False) -> None:
        """Delete a user; its calls end. ``kept``: the node keeps it as a subscriber."""
        user = self.user(login)
        with self._acting():
            for call in self.calls_of(login):
                member = call.user(login)
                if member is not None and not call.ended:
                    if member.state == RINGING_INCOMING:
                        (origin,) = call.others(member)
                        self._leave(call, member, "DESTINATION_NOT_OBTAINABLE")
                        self._tone(call, origin, "DESTINATION_NOT_OBTAINABLE")
                    else:
                        self._hung_up(call, member)
            for call in tuple(self.calls.values()):
                if call.rung == login:  # there is no one left to call back
                    call.rung = None
                    self._touch(call)
                spot = call.parked
                if spot is not None and spot.identity.number in user.devices:
                    self._finish(call, "CLEARED")
        for shared in [device for device in user.devices.values() if device.shared]:
            self.sets[shared.id] = Device(shared.id, shared.kind, shared.sub_kind, shared.state)
        for number in (user.number, *user.devices):
            self._numbers.pop(number, None)
        self._mailboxes -= Counter([user.voicemail_number])
        self.log.forget(login)
        del self.users[login], self._calls_of[login], self._published[login], self._published_devices[login]
        with self._acting():
            self._after.append(UserChange(login=login, kind="deleted", kept=kept))

    def update_user(self, login: str, *, first_name: str | None = None, last_name: str | None = None) -> None:
        """Change the name of a user."""
        user = self.user(login)
        with self._acting():
            user.first_name = user.first_name if first_name is None else first_name
            user.last_name = user.last_name if last_name is None else last_name
            self._after.append(UserChange(login=login, kind="changed"))

    def set_caller_id(self, login: str, number: str | None) -> None:
        """Show this number outside from the next call on; ``None`` is the user's own."""
        self.user(login).caller_id = number

    # -- routing of a user: more of it is in routing.py -----------------------------------------------------------

    def set_remote_extension(self, login: str, on: bool) -> None:
        """Let the user's mobile ring too, or not."""
        user = self.user(login)
        if not user.has_remote_extension:
            raise SwitchError(
                "INVALID_OPERATION",
                "INVALID_CURRENT_DEVICE",
                f"{login} has no remote extension.",
                routing=True,
                destination="MOBILE",
            )
        if user.remote_extension == on:
            return
        with self._acting():
            if not on:
                for device in user.devices.values():
                    if device.mobile:
                        self._lose_device(user, device.id)
                        device.off_hook = False
            user.remote_extension = on
            self._touched[login] = None
            self._after.append(RoutingChange(login=login))
