"""Making, answering, holding and ending calls."""

from typing import Final

from .calls import (
    ACTIVE,
    DIALING,
    EXTERNAL,
    HELD,
    RELEASING,
    RINGING_INCOMING,
    RINGING_OUTGOING,
    Call,
    Identity,
    Member,
)
from .errors import SwitchError, bad_value, no_such_call, server_error, unauthorized, wrong_state
from .progress import Progress
from .users import Device, User

LONGEST_DATA = 32


def check_data(data: str | None) -> None:
    """Refuse associated data that is too long."""
    if data is not None and len(data.encode()) > LONGEST_DATA:
        raise bad_value(f"Associated data takes {len(data.encode())} bytes; 32 are the most.")


TRUNK: Final = (1, 256)
"""The timeslot and the equipment number of the trunk that calls from outside come in over."""


class Calling(Progress):
    """What people do with their own calls, and what people outside do."""

    # -- making -----------------------------------------------------------------------------------------------------

    def make_call(
        self,
        login: str,
        device: str,
        callee: str,
        *,
        auto_answer: bool = False,
        associated_data: str | None = None,
        anonymous: bool = False,
        calling_number: str | None = None,
        inhibit_progress_tone: bool = False,
        pin: str | None = None,
        secret_code: str | None = None,
        business_code: str | None = None,
        to_supervisor: bool = False,
        skills: tuple[tuple[int, int], ...] = (),
        message: str | None = None,
    ) -> Call:
        """Call a number from a telephone of the user.

        Without ``auto_answer`` that telephone rings first, and dials once it is answered. What is active on it is
        held. ``pin`` and ``secret_code`` make it a private call, ``business_code`` charges it to a cost centre.
        ``to_supervisor`` calls the user's supervisor instead of ``callee``. ``skills`` (numbers and minimum levels)
        are those of the agent to whom a pilot may give the call. ``message`` is the identifier of one in the user's
        own mailbox, which is played at once when the mailbox is called.
        """
        user = self.user(login)
        if message is not None:
            self.mailboxes.find(login, message)
            callee = user.voicemail_number
        if to_supervisor:
            supervisor = self._supervisor_number(user)
            if supervisor is None:
                raise SwitchError("SERVICE_NOT_PROVIDED", None, f"{login} has no supervisor.")
            callee = supervisor
        number = self._number(callee)
        presented = self._number(calling_number) if calling_number is not None else None
        self._may_dial(self._device(user, device))
        check_data(associated_data)
        self._check_codes(login, pin, secret_code, business_code, associated_data)
        if not user.advanced and self._calls_of[login]:
            raise unauthorized(f"{login} has a call already, and a basic licence allows one.")
        target = self.by_number(number)
        if target is user:
            raise server_error("INVALID_DESTINATION", f"{callee} is the caller's own number.")
        if not self.known(number):
            raise server_error("INVALID_DESTINATION", f"{callee} is not a number of this system.")
        if not self._can_engage(user, device):
            raise server_error("INVALID_DEVICE_STATE", f"The telephone {device} is dialling already.")
        self._free_line(user, device)
        with self._acting():
            call = self._new_call(self.who(number))
            identity = self.identity(user)
            if self.is_external(number):
                call.calling_number = presented or user.shown_number
            call.message = message
            call.associated_data = associated_data
            call.business_code = business_code
            call.private = pin is not None
            call.skills = skills
            call.inhibit_progress_tone = inhibit_progress_tone
            caller = Member(self._member_id(call, identity, anonymous), identity, DIALING, anonymous=anonymous)
            call.initiator = caller.id
            if auto_answer:
                self._engage(user, device)
                caller.legs = {device: DIALING}
                self._join(call, caller)
                self._flush()
                self._dial(call, caller)
            else:
                caller.legs = {device: RINGING_INCOMING}
                self._join(call, caller)
                self._timer(call, "ring", self.settings.ring_time, lambda: self._finish(call, "ABANDONED"))
        return call

    def _supervisor_number(self, user: User) -> str | None:
        """Return the number of the user's supervisor."""
        return user.supervisor

    def _may_dial(self, device: Device) -> None:
        """Refuse a telephone that cannot dial."""

    def _pin_fits(self, user: User, pin: str, secret_code: str) -> bool:
        """Whether a user may make private calls with these codes."""
        return bool(user.pin) and (pin, secret_code) == (user.pin, user.secret_code)

    def _check_codes(
        self, login: str, pin: str | None, secret_code: str | None, business_code: str | None, data: str | None
    ) -> None:
        user = self.user(login)
        private = pin is not None or secret_code is not None
        if private and (pin is None or secret_code is None):
            raise bad_value("A private call needs both pin and secretCode.")
        if private and (business_code is not None or data is not None):
            raise bad_value("A private call takes neither businessCode nor associatedData.")
        if business_code is not None and data is not None:
            raise bad_value("A business call takes no associatedData.")
        if private and not self._pin_fits(user, pin or "", secret_code or ""):
            raise unauthorized(f"The pin or the secret code is not that of {login}.")
        if business_code is not None:
            if not business_code.isdecimal():
                raise bad_value("businessCode must be digits.")
            if user.business_codes and business_code not in user.business_codes:
                raise unauthorized(f"{login} may not charge calls to this cost centre.")

    def _dial(self, call: Call, caller: Member) -> None:
        """The caller's telephone is off the hook: proceed to where the number leads."""
        self.log.dialled(call, caller)
        target = self._resolve(call.initial_called.number, inside=self._inside(call))
        if target is None:
            self._tone(call, caller, "INVALID_NUMBER")
        else:
            self._advance(call, caller, target)

    def make_set_call(self, device: str, callee: str) -> Call:
        """Call a number from a desk-sharing set where no one is logged on. It dials at once."""
        number = self._number(callee)
        if device not in self.sets:
            raise bad_value(f"There is no telephone {device!r}.", "INVALID_DEVICE")
        target = self._resolve(number)
        if target is None:
            raise server_error("INVALID_DESTINATION", f"{callee} is not a number of this system.")
        if any(member.identity.number == device for call in self.calls.values() for member in call.members):
            raise server_error("RESOURCE_BUSY", f"The telephone {device} is in a call already.")
        with self._acting():
            call = self._new_call(self.who(number))
            identity = self._set_identity(device)
            caller = Member(self._member_id(call, identity), identity, DIALING)
            call.initiator = caller.id
            self._join(call, caller)
            self._advance(call, caller, target)
        return call

    # -- the world outside ------------------------------------------------------------------------------------------

    def incoming_external(
        self, from_number: str, to_number: str, name: str | None = None, *, anonymous: bool = False
    ) -> Call:
        """Make a call from outside. If no one can be rung, the call that is returned has already ended."""
        number = self._number(to_number)
        target = self._resolve(number)
        if target is None or (target.kind == EXTERNAL and not target.diverted):
            raise server_error("INVALID_DESTINATION", f"{to_number} is not an internal number.")
        caller_number = self._number(from_number)
        with self._acting():
            call = self._new_call(self.who(number))
            known = name if name is not None else self.external.of(caller_number).name
            identity = Identity(EXTERNAL, caller_number, last_name=known or "", sub_type="public")
            caller = Member(self._member_id(call, identity, anonymous), identity, DIALING, anonymous=anonymous)
            call.trunk = TRUNK
            call.initiator = caller.id
            self._join(call, caller)
            self._advance(call, caller, target)
        return call

    def _outside(self, ref: str, number: str | None) -> tuple[Call, Member]:
        call = self.calls.get(ref)
        if call is None:
            raise no_such_call(ref)
        for member in call.members:
            if member.login is None and member.person and number in (None, member.identity.number):
                return call, member
        raise bad_value(f"No outside party with number {number!r} is in the call.")

    def external_answer(self, ref: str, number: str | None = None) -> None:
        """The external party at which it rings answers."""
        call, member = self._outside(ref, number)
        if member.state != RINGING_INCOMING:
            raise wrong_state(f"It does not ring at {member.identity.number}.")
        with self._acting():
            self._answered(call, member)

    def external_hang_up(self, ref: str, number: str | None = None) -> None:
        """Hang up an external party: the one with this number, or the first."""
        call, member = self._outside(ref, number)
        with self._acting():
            if member.state == RINGING_INCOMING:
                self._outside_refuses(call, member, "DESTINATION_NOT_OBTAINABLE")
            else:
                self._hung_up(call, member)

    def external_busy(self, ref: str, number: str | None = None) -> None:
        """Make an external party that is ringing turn out busy: the caller gets the busy tone."""
        call, member = self._outside(ref, number)
        if member.state != RINGING_INCOMING:
            raise wrong_state(f"It does not ring at {member.identity.number}.")
        with self._acting():
            self._outside_refuses(call, member, "BUSY")

    def _outside_refuses(self, call: Call, member: Member, cause: str) -> None:
        (origin,) = call.others(member)
        self._leave(call, member)
        self._tone(call, origin, cause)

    # -- answering and ending -----------------------------------------------------------------------------------------

    def answer(self, login: str, ref: str, device: str) -> None:
        """Answer a ringing call on a telephone; what is active there is held. A held call is retrieved."""
        user, call, member = self.find(login, ref)
        if member.state == HELD:
            self.retrieve(login, ref, device)
            return
        self._need_leg(user, call, member, device, "answer")
        with self._acting():
            if member.state == DIALING:  # the caller's own telephone was called first
                self._engage(user, device, call)
                self._stop(call, "ring")
                member.put(DIALING)
                self._touch(call)
                self._flush()
                self._dial(call, member)
            else:
                self._answered(call, member, device)

    def drop(self, login: str, ref: str) -> None:
        """Leave a call: a conference goes on, any other call ends."""
        user, call, member = self.find(login, ref)
        if not any("drop" in self._leg_actions(user, call, member, device) for device in member.legs):
            raise wrong_state("A call that rings can be answered, redirected or terminated, not left.")
        with self._acting():
            self._hung_up(call, member)

    def release(self, login: str, ref: str) -> None:
        """End a call for all parties; a ringing one is rejected. Only its creator can end a conference."""
        user, call, member = self.find(login, ref)
        if call.conference and call.controller != login:
            raise unauthorized("Only who made the conference can end it for all.")
        self._need(user, call, member, "terminate")
        with self._acting():
            if call.conference:
                self._finish(call, "CLEARED")
            else:
                self._release(call, member)

    # -- holding ----------------------------------------------------------------------------------------------------

    def hold(self, login: str, ref: str, device: str) -> None:
        """Put an active call on hold."""
        user, call, member = self.find(login, ref)
        self._need_leg(user, call, member, device, "hold")
        with self._acting():
            self._touch(call)
            member.put(HELD)
            self.log.held(call, member)

    def retrieve(self, login: str, ref: str, device: str) -> None:
        """Take a held call back; what is active on that telephone is held instead."""
        user, call, member = self.find(login, ref)
        self._need_leg(user, call, member, device, "retrieve")
        with self._acting():
            self._take_back(call, member, device)

    def _take_back(self, call: Call, member: Member, device: str) -> None:
        assert member.login is not None
        self._engage(self.users[member.login], device, call)
        self._touch(call)
        member.put(RINGING_OUTGOING if call.ringing() is not None else ACTIVE)
        self.log.held(call, member)

    def alternate(self, login: str, held_ref: str, device: str) -> None:
        """Hold the active call of a telephone and retrieve the held one."""
        user, call, member = self.find(login, held_ref)
        self._need_leg(user, call, member, device, "retrieve")
        if not any(other is not call and state == ACTIVE for other, _, state in self._legs_on(user, device)):
            raise wrong_state(f"There is no active call on {device} to alternate with.")
        with self._acting():
            self._take_back(call, member, device)

    def reconnect(self, login: str, held_ref: str, enquiry_ref: str, device: str) -> None:
        """Cancel a consultation, active or ringing, and return to the held call."""
        user, call, member = self.find(login, held_ref)
        _, enquiry, asking = self.find(login, enquiry_ref)
        self._need_leg(user, call, member, device, "reconnect")
        if asking.legs.get(device) not in (ACTIVE, DIALING, RINGING_OUTGOING, RELEASING):
            raise wrong_state(f"The call {enquiry_ref} is not a consultation on {device}.")
        with self._acting():
            self._hung_up(enquiry, asking)
            self._take_back(call, member, device)
