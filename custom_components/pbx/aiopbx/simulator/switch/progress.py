"""How calls proceed: where they lead, what rings, which party answers, and how they end."""

from dataclasses import dataclass, replace
from typing import Final

from .calls import (
    ACTIVE,
    DEVICE,
    DIALING,
    EXTERNAL,
    HELD,
    RELEASING,
    RINGING_INCOMING,
    RINGING_OUTGOING,
    SERVICE,
    USER,
    Call,
    Identity,
    Member,
)
from .core import Core
from .errors import bad_value, server_error, wrong_state
from .log import is_deposit
from .numbers import bare, well_formed
from .users import Route, User

VOICEMAIL: Final = "VOICEMAIL"
DVA: Final = "DVA"
TONE: Final = "TONE"

LONGEST_CHAIN: Final = 10
"""How often a call is forwarded."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a number leads at present."""

    kind: str
    """``USER``, ``EXTERNAL``, ``VOICEMAIL``, ``DVA`` or ``TONE``."""
    number: str
    login: str | None = None
    """The user who is rung, or whose mailbox answers."""
    cause: str | None = None
    """The cause of a tone."""
    passed: tuple[str, ...] = ()
    """Users whose routing it went through."""
    diverted: bool = False
    refused: str | None = None
    """The user who does not get the call, and so misses it."""
    group: str | None = None


class Progress(Core):
    """The course of a call, apart from what people do."""

    # -- where a number leads -------------------------------------------------------------------------------------

    def _number(self, number: str) -> str:
        """Return the number as it is dialled; refuses an invalid one."""
        if not well_formed(number):
            raise bad_value(
                f"{number!r} is no number: an optional +, then 1 to 49 of 0-9 A-D * # ( ) and space.",
                "INVALID_DESTINATION",
            )
        return bare(number)

    def is_external(self, number: str) -> bool:
        """Whether a number is outside."""
        return number.startswith(self.settings.trunk_prefixes) and self.by_number(number) is None

    def known(self, number: str) -> bool:
        """Whether a number leads anywhere."""
        return (
            number in self._numbers
            or number in self.groups
            or number in self.voicemail_numbers
            or number == self.settings.dva_number
            or self.is_external(number)
        )

    def who(self, number: str) -> Identity:
        """Return the owner of a number."""
        user = self.by_number(number)
        if user is not None:
            return self.identity(user)
        if number in self.groups:
            return Identity(SERVICE, number, last_name=self.groups[number].name, sub_type="hunting-group")
        if number in self.voicemail_numbers:
            return Identity(SERVICE, number, last_name="Voicemail", sub_type="voicemail")
        if number == self.settings.dva_number:
            return Identity(SERVICE, number, last_name="Attendant", sub_type="dva")
        if self.is_external(number):
            return Identity(EXTERNAL, number, last_name=self.external.of(number).name or "", sub_type="public")
        return Identity("UNKNOWN", number)

    def _resolve(
        self, number: str, *, passed: tuple[str, ...] = (), inside: frozenset[str] = frozenset(), diverted: bool = False
    ) -> Target | None:
        """Return where a number leads, following all forwards, without changing anything. ``None``: it does not exist.

        ``inside`` are users who are in the call already, and therefore busy for it.
        """
        user = self.by_number(number)
        if user is not None:
            return self._resolve_user(user, passed, inside, diverted)
        if number in self.groups:
            return self._resolve_group(number, passed, inside, diverted)
        if number in self.voicemail_numbers:
            return Target(VOICEMAIL, number, passed=passed, diverted=diverted)
        if number == self.settings.dva_number:
            return Target(DVA, number, passed=passed, diverted=diverted)
        if self.is_external(number):
            return Target(EXTERNAL, number, passed=passed, diverted=diverted)
        return None

    def _resolve_user(
        self, user: User, passed: tuple[str, ...], inside: frozenset[str], diverted: bool, group: str | None = None
    ) -> Target:
        if user.login in passed or len(passed) >= LONGEST_CHAIN:
            return Target(TONE, user.number, cause="DESTINATION_NOT_OBTAINABLE", passed=passed, diverted=diverted)
        passed = (*passed, user.login)
        tone = Target(TONE, user.number, user.login, passed=passed, diverted=diverted, refused=user.login)
        if user.login in inside:
            return replace(tone, cause="BUSY", refused=None)
        if user.forward is not None and user.forward.condition == "IMMEDIATE" and group is None:
            return self._follow(user, user.forward, passed, inside)
        if user.do_not_disturb:
            return replace(tone, cause="DO_NOT_DISTURB")
        devices = [device for device in user.presented() if user.usable(device)]
        if not devices:
            return replace(tone, cause="DESTINATION_NOT_OBTAINABLE")
        if not any(self._line_free(user, device) and not device.off_hook for device in devices):
            for route in (user.forward, user.overflow):
                if route is not None and route.on_busy and group is None:
                    return self._follow(user, route, passed, inside)
            return replace(tone, cause="BUSY")
        return Target(USER, user.number, user.login, passed=passed, diverted=diverted, group=group)

    def _resolve_group(self, number: str, passed: tuple[str, ...], inside: frozenset[str], diverted: bool) -> Target:
        group = self.groups[number]
        members = [user for user in self.users.values() if user.hunting_group == number and user.logged_on]
        for index in range(len(members)):
            user = members[(group.turn + index) % len(members)]
            found = self._resolve_user(user, passed, inside, diverted, number)
            if found.kind == USER:
                return found
        cause = "BUSY" if members else "DESTINATION_NOT_OBTAINABLE"
        return Target(TONE, number, cause=cause, passed=passed, diverted=diverted)

    def _follow(self, user: User, route: Route, passed: tuple[str, ...], inside: frozenset[str]) -> Target:
        """Return where a forward or an overflow of a user leads."""
        nowhere = Target(
            TONE, user.number, cause="DESTINATION_NOT_OBTAINABLE", passed=passed, diverted=True, refused=user.login
        )
        if route.target == "VOICEMAIL":
            if not user.voicemail:
                return nowhere
            return Target(VOICEMAIL, user.voicemail_number, user.login, passed=passed, diverted=True)
        number = route.number if route.target == "NUMBER" else user.associate
        if number is None:
            return nowhere
        return self._resolve(number, passed=passed, inside=inside, diverted=True) or nowhere

    def _inside(self, call: Call, *without: Member) -> frozenset[str]:
        """Return the users in a call, except for some."""
        return frozenset(member.login for member in call.members if member.login is not None and member not in without)

    def _reachable(self, call: Call, number: str, *leaving: Member) -> Target:
        """Return where a call can be sent by a user who then leaves it; refuses what would lose the other party."""
        target = self._resolve(number, inside=self._inside(call, *leaving))
        if target is None:
            raise server_error("INVALID_DESTINATION", f"{number} is not a number of this system.")
        if any(member.login is not None and target.login == member.login and target.kind == USER for member in leaving):
            raise server_error("INVALID_DESTINATION", f"{number} leads back to the user who sends the call away.")
        if target.kind == TONE:
            if target.cause in ("BUSY", "DO_NOT_DISTURB"):
                raise server_error("RESOURCE_BUSY", f"{number} is busy.")
            raise server_error("INVALID_DESTINATION", f"{number} cannot be reached.")
        return target

    # -- what a call does next ------------------------------------------------------------------------------------

    def _advance(self, call: Call, origin: Member, target: Target, cause: str | None = None) -> None:
        """Lead the waiting party of a call to where its number leads."""
        call.tried = target.passed
        call.rung = target.login if target.kind in (USER, TONE) else None
        cause = cause or ("FORWARDED" if target.diverted else None)
        if target.diverted and call.last_redirecting is None:
            call.last_redirecting = call.initial_called
        refused = self.users.get(target.refused) if target.refused is not None else None
        if refused is not None:
            self.log.refused(call, refused, origin, target.cause)
        if target.kind == TONE:
            self._tone(call, origin, target.cause or "DESTINATION_NOT_OBTAINABLE")
        elif target.kind == USER and target.login is not None:
            self._ring(call, origin, self.users[target.login], cause, group=target.group)
        elif target.kind == EXTERNAL:
            self._dial_out(call, origin, target.number, cause)
        else:
            self._serve(call, origin, target, cause)

    def _wait(self, origin: Member, state: str) -> None:
        """Return the party that waits for an answer; one who holds the call goes on holding it."""
        if origin.state != HELD:
            origin.put(state)

    def _ring(
        self,
        call: Call,
        origin: Member,
        user: User,
        cause: str | None,
        *,
        group: str | None = None,
        devices: tuple[str, ...] = (),
        hidden: bool = False,
    ) -> Member:
        """Let it ring at a user, on all its free telephones or on those named."""
        ringing = devices or tuple(
            device.id for device in user.presented() if self._line_free(user, device) and not device.off_hook
        )
        identity = self.identity(user)
        member = Member(
            self._member_id(call, identity),
            identity,
            RINGING_INCOMING,
            dict.fromkeys(ringing, RINGING_INCOMING),
            hidden,
        )
        member.group = group
        if group is not None:
            self._turn(group, user)
        self._wait(origin, RINGING_OUTGOING)
        self._note(origin.login, call.ref, cause)
        self._join(call, member)
        self._note(user.login, call.ref, cause)
        self.log.reached(call, member, cause)
        call.rung = user.login
        self._timer(call, "ring", self.settings.ring_time, lambda: self._no_answer(call))
        if "patience" not in call.timers:
            self._timer(call, "patience", self.settings.patience, lambda: self._give_up(call))
        return member

    def _turn(self, group: str, user: User) -> None:
        members = [other for other in self.users.values() if other.hunting_group == group and other.logged_on]
        if user in members:
            self.groups[group].turn = (members.index(user) + 1) % len(members)

    def _dial_out(self, call: Call, origin: Member, number: str, cause: str | None) -> None:
        """Call an external number; it follows its behaviour."""
        behaviour = self.external.of(number)
        self._note(origin.login, call.ref, cause)

        def proceed() -> None:
            if behaviour.tone is not None:
                self._tone(call, origin, behaviour.tone)
                return
            identity = self.who(number)
            self._wait(origin, RINGING_OUTGOING)
            called = Member(self._member_id(call, identity), identity, RINGING_INCOMING)
            self._join(call, called)
            self.log.reached(call, called, cause)
            self._note(origin.login, call.ref, cause)
            self._timer(call, "patience", self.settings.patience, lambda: self._give_up(call))
            if behaviour.answer_after is not None:
                self._timer(call, "answer", behaviour.answer_after, lambda: self._external_takes(call))

        if behaviour.ring_after > 0:
            self._wait(origin, DIALING)
            self._touch(call)
            self._timer(call, "dial", behaviour.ring_after, proceed)
        else:
            proceed()

    def _external_takes(self, call: Call) -> None:
        ringing = call.ringing()
        if ringing is not None and ringing.login is None:
            self._answered(call, ringing)

    def _serve(self, call: Call, origin: Member, target: Target, cause: str | None) -> None:
        """The voicemail or the attendant answers."""
        identity = self.who(target.number)
        length = self.settings.voicemail_time
        service = Member(self._member_id(call, identity), identity, ACTIVE)
        if target.kind == VOICEMAIL:
            reader = self.users.get(origin.login) if origin.login is not None and target.login is None else None
            if reader is not None and reader.voicemail:
                service.box = reader.login
                if call.message is None:
                    self.mailboxes.read_all(reader.login)
                else:
                    length = self.mailboxes.play(reader.login, call.message)
            else:
                service.box = target.login
            service.since = self.clock.now()
        self._join(call, service)
        if origin.state != HELD:
            origin.put(ACTIVE)
        call.answered = True
        self.log.reached(call, service, cause)
        self.log.answered(call, service, deposit=is_deposit(service, origin))
        self._note(origin.login, call.ref, cause)
        self._stop(call, "ring", "patience", "answer", "dial")
        self._timer(call, "service", length, lambda: self._finish(call, "CLEARED"))

    def _tone(self, call: Call, origin: Member, cause: str) -> None:
        """A user gets a tone until it hangs up, or for a while; for any other party the call is over."""
        self._stop(call, "ring", "patience", "answer", "dial")
        if origin.login is None or origin.state == HELD:
            self._finish(call, cause)
            return
        self._touch(call)
        origin.put(RELEASING)
        origin.recording = None
        call.tone = cause
        self._note(origin.login, call.ref, cause)
        self._timer(call, "tone", self.settings.tone_time, lambda: self._finish(call, cause))

    def _answered(self, call: Call, member: Member, device: str | None = None) -> None:
        """A party answers, and the waiting one talks to it."""
        if member.login is not None and device is not None:
            self._engage(self.users[member.login], device, call)
            member.legs = {device: ACTIVE}
        member.state = ACTIVE
        self._stop(call, "ring", "patience", "answer", "dial")
        call.answered = True
        self._touch(call)
        for other in call.others(member):
            if other.state in (RINGING_OUTGOING, DIALING):
                other.put(ACTIVE)
            self._met(member, other)
            self._met(other, member)
        self.log.answered(call, member)
        self._talking_outside(call)

    def _met(self, member: Member, other: Member) -> None:
        """Two parties talk: missed calls and requests to call back between them are settled."""
        user = self.users.get(member.login) if member.login is not None else None
        if user is None or not other.identity.number:
            return
        self.log.met(user.login, other.identity.number)
        callbacks = [entry for entry in user.callbacks if entry.number != other.identity.number]
        if len(callbacks) != len(user.callbacks):
            user.callbacks[:] = callbacks
            self._count(user.login)

    def _talking_outside(self, call: Call) -> None:
        """Let external parties hang up by themselves if they do; end calls without users after a while."""
        for member in call.members:
            if member.kind == EXTERNAL and member.state == ACTIVE and not call.conference:
                after = self.external.of(member.identity.number).hang_up_after
                if after is not None:
                    self._timer(call, "talk", after, lambda party=member: self._hung_up(call, party))  # type: ignore[misc]
        if call.members and all(member.login is None for member in call.members):
            self._timer(call, "trunk", self.settings.trunk_time, lambda: self._finish(call, "CLEARED"))

    def _no_answer(self, call: Call) -> None:
        """It has rung long enough: forward or overflow, try the next of the group, or go on ringing."""
        ringing = call.ringing()
        if ringing is None or ringing.login is None:
            return
        user = self.users[ringing.login]
        (origin,) = call.others(ringing)
        inside = self._inside(call, ringing)
        target: Target | None = None
        if ringing.group is not None:
            target = self._resolve(ringing.group, passed=call.tried, inside=inside, diverted=True)
        else:
            for route in (user.forward, user.overflow):
                if route is not None and route.on_no_answer:
                    target = self._follow(user, route, call.tried, inside)
                    break
        if target is None or target.kind == TONE:
            return
        self._leave(call, ringing, "FORWARDED", new_destination=target.number)
        call.last_redirecting = ringing.identity
        self._advance(call, origin, target, "FORWARDED")

    def _give_up(self, call: Call) -> None:
        """No one answers for so long that the network ends the call."""
        ringing = call.ringing()
        if ringing is not None:
            self._finish(call, "NOT_ANSWERED", {ringing.id: "ABANDONED"})

    # -- ends -----------------------------------------------------------------------------------------------------

    def _finish(self, call: Call, cause: str | None, others: dict[str, str | None] | None = None) -> None:
        """End a call for all parties. ``others`` are causes of their own, by participant."""
        if call.ended:
            return
        self.mailboxes.deposit(call)
        for member in tuple(call.members):
            self._leave(call, member, (others or {}).get(member.id, cause))
        self._close(call, cause)

    def _release(self, call: Call, by: Member) -> None:
        """A party ends a call for all."""
        ringing = call.ringing()
        if call.tone is not None:
            self._finish(call, call.tone)
        elif ringing is by:
            self._reject(call, by)
        elif ringing is not None or any(member.state == DIALING for member in call.members):
            self._finish(call, "ABANDONED")
        else:
            self._finish(call, "CLEARED")

    def _reject(self, call: Call, by: Member) -> None:
        """A user rejects a ringing call: the next of the group gets it, or the caller a busy tone."""
        (origin,) = call.others(by)
        target = None
        if by.group is not None:
            target = self._resolve(by.group, passed=call.tried, inside=self._inside(call, by), diverted=True)
        if target is not None and target.kind == USER:
            self._leave(call, by, "FORWARDED", new_destination=target.number)
            call.last_redirecting = by.identity
            self._advance(call, origin, target, "FORWARDED")
        else:
            self._leave(call, by)
            self._tone(call, origin, "BUSY")

    def _hung_up(self, call: Call, member: Member) -> None:
        """A party hangs up: a conference goes on without it, any other call ends."""
        if call.ended or member not in call.members:
            return
        if call.conference:
            self._depart(call, member)
        else:
            self._release(call, member)

    def _depart(self, call: Call, member: Member) -> None:
        """A party leaves a conference."""
        self._leave(call, member, "CLEARED")
        if call.controller == member.login:
            call.controller = None
        for other in call.members:
            self._note(other.login, call.ref, "PARTICIPANT_LEFT")
        if all(other.login is None for other in call.members):
            self._finish(call, "CLEARED")
        elif not call.conference:
            call.controller = None
            self._talking_outside(call)

    # -- one telephone, one conversation ------------------------------------------------------------------------------

    def _engage(self, user: User, device: str, call: Call | None = None) -> None:
        """A telephone turns to another (or a new) call: its active call is held, and a tone ends."""
        user.devices[device].off_hook = False
        self._touched[user.login] = None
        for other, member, state in tuple(self._legs_on(user, device)):
            if other is call:
                continue
            if state == ACTIVE:
                self._touch(other)
                member.put(HELD)
                self.log.held(other, member)
            elif state == RELEASING:
                self._finish(other, other.tone)

    def _engageable(self, user: User, device: str, call: Call | None = None) -> None:
        """Refuse a telephone that is dialling, and so cannot turn to anything else."""
        if not self._can_engage(user, device, call):
            raise wrong_state(f"The telephone {device} is dialling: hang up first.")

    def _free_line(self, user: User, device: str) -> None:
        """Refuse a telephone that takes no more calls."""
        if not self._line_free(user, user.devices[device]):
            raise server_error("RESOURCE_BUSY", f"All lines of the telephone {device} are taken.")

    def _set_identity(self, number: str) -> Identity:
        """Return a desk-sharing set where no one is logged on."""
        return Identity(DEVICE, number, last_name="Desk sharing set")
