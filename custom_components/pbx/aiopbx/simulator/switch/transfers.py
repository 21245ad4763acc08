"""Sending calls elsewhere: transfer, redirection, conference, parking, pick-up."""

from .calling import Calling
from .calls import ACTIVE, DEVICE, DIALING, HELD, RINGING_INCOMING, RINGING_OUTGOING, Call, Identity, Member
from .errors import SwitchError, bad_value, no_such_call, server_error, unauthorized, wrong_state
from .progress import DVA, VOICEMAIL, Target
from .users import User

MOST_RECALLS = 10
"""How often a parked call without any user tries to return to the one who parked it and cannot be reached."""


class Transfers(Calling):
    """Actions that give a call to someone else, or add people to it."""

    # -- transfer ---------------------------------------------------------------------------------------------------

    def transfer(self, login: str, active_ref: str, held_ref: str) -> None:
        """Give the party of the held call to that of the active one, which may still be ringing.

        The call goes on under ``active_ref``: the held party sees it replace ``held_ref``.
        """
        user, active, here = self.find(login, active_ref)
        _, held, there = self.find(login, held_ref)
        if not self._can_transfer(active, held, user.login):
            raise wrong_state(f"{active_ref} must be active (or ringing out) and {held_ref} held, each a call of two.")
        with self._acting():
            (target,) = active.others(here)
            (waiting,) = held.others(there)
            self._leave(held, there, "TRANSFERRED", replaced_by=None, new_destination=target.identity.number)
            self._leave(active, here, "TRANSFERRED", new_destination=waiting.identity.number)
            active.last_redirecting, active.transferred_by = here.identity, user.number
            self._carry(held, active, waiting, "TRANSFERRED")
            if active.ringing() is not None:
                waiting.put(RINGING_OUTGOING)
                waiting.recording = None
            self._note(target.login, active.ref, "TRANSFERRED")
            if active.initiator == here.id:
                active.initiator = waiting.id
            self._close(held, "TRANSFERRED")
            self._talking_outside(active)

    def _carry(self, held: Call, active: Call, member: Member, cause: str) -> None:
        """Take a party from one call into another, which replaces it."""
        record = self.log.lift(held, member)
        self._leave(held, member)
        if member.login is not None:
            self._notes.pop((member.login, held.ref), None)
        member.id = self._member_id(active, member.identity, member.anonymous)
        self._join(active, member)
        self.log.moved(record, active, member, cause)
        self._note(member.login, active.ref, cause, previous_ref=held.ref)
        if active.associated_data is None:
            active.associated_data = held.associated_data

    def blind_transfer(self, login: str, ref: str, to: str, anonymous: bool = False) -> None:
        """Transfer the other party of an active call to a number, and leave. ``anonymous`` hides their identity."""
        user, call, member = self.find(login, ref)
        number = self._number(to)
        self._need(user, call, member, "blindTransfer")
        target = self._reachable(call, number, member)
        with self._acting():
            (origin,) = call.others(member)
            self._leave(call, member, "TRANSFERRED", new_destination=number)
            call.last_redirecting, call.transferred_by = member.identity, user.number
            origin.recording = None
            if call.initiator == member.id:
                call.initiator = origin.id
            if anonymous:
                self._hide(call, origin)
            self._advance(call, origin, target, "TRANSFERRED")

    def _hide(self, call: Call, member: Member) -> None:
        """Hide a party's identity from the others from now on."""
        if member.anonymous:
            return
        member.anonymous = True
        hidden = self._member_id(call, member.identity, anonymous=True)
        if call.initiator == member.id:
            call.initiator = hidden
        member.id = hidden
        self._touch(call)

    # -- redirection ------------------------------------------------------------------------------------------------

    def redirect(self, login: str, ref: str, to: str, anonymous: bool = False) -> None:
        """Send a ringing call elsewhere: to a number, ``VOICEMAIL`` (the user's own) or ``DVA`` (the attendant)."""
        user, call, member = self.find(login, ref)
        self._need(user, call, member, "redirect")
        if to == "VOICEMAIL":
            self._mailbox(user)
            target = Target(VOICEMAIL, user.voicemail_number, user.login)
        elif to == "DVA":
            if self.settings.dva_number is None:
                raise SwitchError("SERVICE_UNAVAILABLE", None, "There is no automated attendant.")
            target = Target(DVA, self.settings.dva_number)
        else:
            target = self._reachable(call, self._number(to), member)
        with self._acting():
            (origin,) = call.others(member)
            self._leave(call, member, "REDIRECTED", new_destination=target.number)
            call.last_redirecting = member.identity
            if anonymous:
                self._hide(call, origin)
            self._advance(call, origin, target, "REDIRECTED")

    def _mailbox(self, user: User) -> None:
        if not user.voicemail:
            raise SwitchError("SERVICE_UNAVAILABLE", None, f"{user.login} has no voicemail.")

    def overflow_to_voicemail(self, login: str, ref: str) -> None:
        """Send the user's own call, which rings at another user, to that user's mailbox."""
        user, call, member = self.find(login, ref)
        ringing = call.ringing()
        if member.state == RINGING_OUTGOING and ringing is not None:
            called = self.users.get(ringing.login) if ringing.login is not None else None
            if called is None or not called.voicemail:
                raise SwitchError("SERVICE_UNAVAILABLE", None, f"{ringing.identity.number} has no voicemail.")
        self._need(user, call, member, "overflowToVoiceMail")
        assert ringing is not None
        assert ringing.login is not None
        called = self.users[ringing.login]
        with self._acting():
            self._leave(call, ringing, "FORWARDED", new_destination=called.voicemail_number)
            call.last_redirecting = ringing.identity
            target = Target(VOICEMAIL, called.voicemail_number, called.login, passed=call.tried)
            self._advance(call, member, target, "FORWARDED")

    # -- conference -------------------------------------------------------------------------------------------------

    def merge(self, login: str, active_ref: str, held_ref: str) -> None:
        """Make one conference of the active and the held call, under ``active_ref``."""
        user, active, here = self.find(login, active_ref)
        _, held, there = self.find(login, held_ref)
        if not self._can_merge(active, held, user.login):
            raise wrong_state(
                f"{active_ref} must be active and {held_ref} held, with at most "
                f"{self.settings.conference_size} different parties together."
            )
        with self._acting():
            self._leave(held, there, "CONFERENCED", replaced_by=active.ref)
            for member in tuple(held.members):
                self._carry(held, active, member, "CONFERENCED")
            self._close(held, "CONFERENCED")
            active.controller = user.login
            here.recording = here.recording or there.recording
            for member in active.members:
                if (member.login or "", active.ref) not in self._notes:
                    self._note(member.login, active.ref, "CONFERENCED")
            self._stop(active, "talk", "trunk")

    def can_add_party(self, login: str, ref: str) -> bool:
        """Whether a user may add someone to a call now."""
        return self._can_add(*self.find(login, ref))

    def _can_add(self, user: User, call: Call, member: Member) -> bool:
        device, others = member.device, call.others(member)
        return (
            member.state == ACTIVE
            and device is not None
            and all(other.person for other in others)
            and len(others) + 2 <= self.settings.conference_size
            and not any(login == user.login for login, _ in self._adding.values())
            and "makeCall" in self._device_actions(user, user.devices[device])
        )

    def add_party(self, login: str, ref: str, to: str) -> None:
        """Call a number and, once that is answered, make one conference of it and this call, under this reference.

        Meanwhile the call is held. It is retrieved if no one answers; a service that answers stays a call of its own.
        """
        user, call, member = self.find(login, ref)
        number = self._number(to)
        if not self._can_add(user, call, member):
            raise wrong_state(f"No one can be added to the call in its present state ({member.state}).")
        named = self.by_number(number)
        if named is not None and call.user(named.login) is not None:
            raise server_error("INVALID_DESTINATION", f"{to} is in the call already.")
        device = member.device
        assert device is not None
        with self._acting():
            added = self.make_call(login, device, number, auto_answer=True)
            self._adding[added.ref] = (login, ref)

    def _settle(self) -> None:
        super()._settle()
        for ref, (login, other) in tuple(self._adding.items()):
            self._add_on(ref, login, other)

    def _add_on(self, ref: str, login: str, other: str) -> None:
        """Check on a party that is to be added to a call."""
        added, held = self._calls_of.get(login, {}).get(ref), self._calls_of.get(login, {}).get(other)
        here = added.user(login) if added is not None else None
        there = held.user(login) if held is not None else None
        if here is not None and there is not None and there.state == HELD and here.state in (DIALING, RINGING_OUTGOING):
            return  # still ringing
        del self._adding[ref]
        if held is None or there is None or there.state != HELD:
            return  # the call to add it to is gone
        device = there.device
        if device is None or not self._can_engage(self.users[login], device, held):
            return
        if added is None or here is None or added.tone is not None:  # no one came
            if added is not None:
                self._finish(added, added.tone)
            self._take_back(held, there, device)
        elif here.state == ACTIVE and self._can_merge(added, held, login):
            self._take_back(held, there, device)
            self.merge(login, other, ref)

    def drop_participant(self, login: str, ref: str, participant_id: str) -> None:
        """Drop another party: a conference goes on without it, a call of two ends."""
        user, call, member = self.find(login, ref)
        party = next((other for other in call.members if other.id == participant_id), None)
        if party is None or party is member:
            raise bad_value(f"There is no other participant {participant_id!r} in the call.")
        if call.conference and call.controller != login:
            raise unauthorized("Only who made the conference can drop participants.")
        self._need(user, call, member, "dropParticipant")
        with self._acting():
            self._hung_up(call, party)

    # -- parking ----------------------------------------------------------------------------------------------------

    def _place(self, number: str) -> str:
        """Return the telephone that a number names."""
        if number in self.sets:
            return number
        user = self.by_number(number)
        if user is None:
            raise server_error("INVALID_DESTINATION", f"{number} is not a telephone of this system.")
        return number if number in user.devices else next(iter(user.devices))

    def park(self, login: str, ref: str, to: str | None = None) -> None:
        """Park an active call at a telephone: the user's own, or another. It comes back if no one takes it."""
        user, call, member = self.find(login, ref)
        self._need(user, call, member, "park")
        own = member.device
        assert own is not None
        place = self._place(self._number(to)) if to is not None else own
        if place in self.parked:
            raise server_error("RESOURCE_BUSY", f"A call is parked at {place} already.")
        with self._acting():
            (other,) = call.others(member)
            self._leave(call, member, "PARKED", new_destination=place)
            owner = self.by_number(place)
            identity = Identity(
                DEVICE, place, None, owner.first_name if owner else "", owner.last_name if owner else "", "parked"
            )
            spot = Member(self._member_id(call, identity), identity, ACTIVE, place=True)
            self.parked[place] = call.ref
            self._join(call, spot)
            self._note(other.login, call.ref, "PARKED")
            call.parked_by = login
            if call.initiator == member.id:
                call.initiator = other.id
            self._timer(call, "park", self.settings.park_time, lambda: self._recall(call))

    def _recall(self, call: Call) -> None:
        """A call was parked for too long: it rings at the user who parked it."""
        spot = call.parked
        user = self.users.get(call.parked_by) if call.parked_by is not None else None
        if spot is None:
            return
        if user is None:
            self._finish(call, "CLEARED")
            return
        if user.login in self._inside(call) or not any(
            self._line_free(user, device) and not device.off_hook for device in user.presented()
        ):
            call.recalls += 1
            if call.recalls >= MOST_RECALLS and not self._inside(call):  # there is no one who could hang up
                self._finish(call, "CLEARED")
            else:
                self._timer(call, "park", self.settings.park_time, lambda: self._recall(call))
            return
        call.recalls = 0
        (other,) = call.others(spot)
        self._leave(call, spot)
        other.recording = None
        call.tried = (user.login,)
        self._ring(call, other, user, "RECALL")

    def unpark(self, login: str, device: str, from_: str | None = None) -> Call:
        """Take the call that is parked at a telephone (by default the user's own); an active call is held."""
        user = self.user(login)
        self._device(user, device)
        place = self._place(self._number(from_)) if from_ is not None else device
        call = self.calls.get(self.parked.get(place, ""))
        if call is None:
            raise no_such_call(f"parked at {place}")
        spot = call.parked
        assert spot is not None
        if call.user(login) is not None:
            raise wrong_state("Who is parked cannot take the call.")
        self._engageable(user, device)
        self._free_line(user, device)
        with self._acting():
            self._engage(user, device)
            self._leave(call, spot)
            self._stop(call, "park")
            identity = self.identity(user)
            member = Member(self._member_id(call, identity), identity, ACTIVE, {device: ACTIVE})
            self._join(call, member)
            self.log.joined(call, member)
            for other in call.others(member):
                self._met(member, other)
                self._met(other, member)
            self._talking_outside(call)
        return call

    # -- pick-up ----------------------------------------------------------------------------------------------------

    def pickup(
        self, login: str, device: str, other_number: str, other_ref: str | None = None, auto_answer: bool = False
    ) -> Call:
        """Take a call that rings at another number. Without ``auto_answer`` it rings at ``device`` instead."""
        user = self.user(login)
        self._device(user, device)
        number = self._number(other_number)
        calls, ringing = self._ringing_at(number)
        if other_ref is not None:
            calls = [call for call in calls if call.ref == other_ref]
            if not calls:
                raise no_such_call(other_ref)
        if not ringing:
            raise wrong_state(f"No call rings at {other_number}.")
        call = next((call for call in calls if call.user(login) is None), None)
        if call is None:
            raise server_error("INVALID_DESTINATION", f"{other_number} is the user's own number: answer the call.")
        self._free_line(user, device)
        if auto_answer:
            self._engageable(user, device)
        with self._acting():
            member = call.ringing()
            assert member is not None
            (origin,) = call.others(member)
            self._leave(call, member, "PICKED_UP", new_destination=user.number)
            call.tried = (*call.tried, user.login)
            taker = self._ring(call, origin, user, "PICKED_UP", devices=(device,))
            if auto_answer:
                self._answered(call, taker, device)
        return call

    def _ringing_at(self, number: str) -> tuple[list[Call], bool]:
        """Return the calls that ring at a user's or a group's number."""
        user = self.by_number(number)
        if user is None and number not in self.groups:
            raise server_error("INVALID_DESTINATION", f"{number} is not a user's or a group's number.")
        found = []
        for call in self.calls.values():
            ringing = call.ringing()
            if ringing is None or ringing.login is None:
                continue
            if (user is not None and ringing.login == user.login) or ringing.group == number:
                found.append(call)
        return found, bool(found)

    # -- between the own telephones -------------------------------------------------------------------------------

    def switch_device(self, login: str, ref: str, from_device: str, to_device: str) -> None:
        """Move an active call to another telephone of the user, which takes it at once."""
        user, call, member = self.find(login, ref)
        if from_device not in member.legs:
            raise SwitchError("LEG_NOT_FOUND", "INVALID_DEVICE", f"The telephone {from_device} is not in this call.")
        if to_device not in user.devices:
            raise unauthorized(f"{to_device} is no telephone of {login}.", "INVALID_DEVICE")
        target = self._device(user, to_device)
        if member.state != ACTIVE:
            raise wrong_state("Only an active call can be moved.")
        if not self._can_move(user, member, target):
            raise server_error("INVALID_DEVICE_STATE", f"The telephone {to_device} is in use.")
        with self._acting():
            self._engage(user, to_device, call)
            self._touch(call)
            member.legs = {to_device: ACTIVE}

    def _lose_device(self, user: User, device: str) -> None:
        """Take a telephone away: its calls end or ring elsewhere."""
        for call, member, state in tuple(self._legs_on(user, device)):
            if call.ended:
                continue
            if len(member.legs) > 1:
                self._touch(call)
                del member.legs[device]
            elif state == RINGING_INCOMING and member.state == RINGING_INCOMING:
                (origin,) = call.others(member)
                self._leave(call, member, "DESTINATION_NOT_OBTAINABLE")
                self._tone(call, origin, "DESTINATION_NOT_OBTAINABLE")
            elif state == HELD or call.conference:
                self._hung_up(call, member)
            else:
                self._release(call, member)
