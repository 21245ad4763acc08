"""Pilots of the call centre, and the queues that calls to them wait in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock
from .agents import FORWARD, Pilot
from .calendars import Calendars
from .calls import RINGING_INCOMING, RINGING_OUTGOING, SERVICE, AcdView, Call, CallView, Distribution, Identity, Member
from .changes import Change
from .errors import SwitchError, bad_value
from .journal import Journal, Outcome
from .progress import TONE, Target
from .settings import SwitchSettings
from .supervision import Supervision
from .users import PRO_ACD, Device, User

if TYPE_CHECKING:
    from ..settings import UserSpec

PILOT: Final = "PILOT"

FIRST_GUESS: Final = 60.0
"""Seconds that a call is assumed to take an agent until one has ended."""


class Queues(Supervision):
    """A call to a pilot has the queue as its other party until it is given to an agent, or has waited for too long."""

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users; no one is logged on."""
        settings = settings or SwitchSettings()
        self.pilots = {spec.number: Pilot.of(spec) for spec in settings.pilots}
        self.calendars = Calendars(self)
        self.journal = Journal(self)
        """What has happened at the pilots."""
        self._waiting: dict[str, Call] = {}
        self._handling = FIRST_GUESS
        super().__init__(clock, users, settings)
        for number in settings.pro_acd_sets:
            if number in self._numbers or number in self.sets or number in self.groups or number in self.pilots:
                raise ValueError(f"pro_acd_sets: the number {number} is taken.")
            self.sets[number] = Device(number, "DESKPHONE", PRO_ACD)

    def _add(self, user: User) -> None:
        for number in (user.number, *user.devices):
            if number in self.pilots:
                raise ValueError(f"users: the number {number} of {user.login} is that of a pilot.")
        super()._add(user)

    # -- numbers ------------------------------------------------------------------------------------------------------

    def known(self, number: str) -> bool:
        """Whether a number leads anywhere."""
        return number in self.pilots or super().known(number)

    def who(self, number: str) -> Identity:
        """Return the owner of this number."""
        pilot = self.pilots.get(number)
        if pilot is not None:
            return Identity(SERVICE, number, last_name=pilot.name, sub_type="pilot")
        return super().who(number)

    def _resolve(
        self, number: str, *, passed: tuple[str, ...] = (), inside: frozenset[str] = frozenset(), diverted: bool = False
    ) -> Target | None:
        pilot = self.pilots.get(number)
        if pilot is None:
            return super()._resolve(number, passed=passed, inside=inside, diverted=diverted)
        if number in passed:
            return Target(TONE, number, cause="DESTINATION_NOT_OBTAINABLE", passed=passed, diverted=diverted)
        target = Target(PILOT, number, passed=(*passed, number), diverted=diverted)
        full = len(self.waiting(number)) >= pilot.queue_size
        forwarded = pilot.mode == FORWARD
        if not full and not pilot.blocked and not forwarded and self._staff(pilot):
            return target
        elsewhere = (pilot.forward or pilot.overflow) if forwarded else pilot.overflow
        if elsewhere is not None:
            found = self._resolve(elsewhere, passed=target.passed, inside=inside, diverted=True)
            if found is not None:
                return found
        return replace(target, kind=TONE, cause="BUSY" if full else "NO_AVAILABLE_AGENT")

    # -- pilots -------------------------------------------------------------------------------------------------------

    def pilot(self, number: str) -> Pilot:
        """Return a pilot; refuses the number of none."""
        pilot = self.pilots.get(number)
        if pilot is None:
            raise SwitchError("OBJECT_NOT_FOUND", None, f"pilotNumber: there is no pilot {number}.")
        return pilot

    def block_pilot(self, number: str, blocked: bool = True) -> None:
        """Close a pilot, or open it again. Calls that already wait stay."""
        pilot = self.pilots.get(number)
        if pilot is None:
            raise bad_value(f"There is no pilot {number!r}.", "INVALID_DESTINATION")
        with self._acting():
            pilot.blocked = blocked

    def configure_pilot(self, number: str, changes: Mapping[str, Any]) -> None:
        """Change fields of a pilot; waiting calls are distributed accordingly."""
        with self._acting():
            for name, value in changes.items():
                setattr(self.pilots[number], name, value)
            self._groups_exist(self.pilots[number].groups)

    def _staff(self, pilot: Pilot) -> int:
        """Return how many operators are logged on in the groups of a pilot, whatever their state."""
        return sum(agent.logged_on and agent.group in pilot.groups for _, agent in self._operators())

    def staff(self, pilot: str) -> int:
        """How many operators are logged on in the groups of a pilot, whatever their state."""
        return self._staff(self.pilots[pilot])

    def staffed(self, pilot: str, skills: tuple[tuple[int, int], ...] = (), number: str | None = None) -> bool:
        """Whether someone with these skills works for a pilot, or the agent with this number does."""
        groups = self.pilots[pilot].groups
        return any(
            agent.logged_on and agent.group in groups and agent.able(skills)
            for user, agent in self._operators()
            if number is None or user.number == number
        )

    # -- the queues ---------------------------------------------------------------------------------------------------

    def waiting(self, pilot: str) -> list[Call]:
        """Return the calls that wait in the queue of a pilot, the next one first."""
        return [call for call in self._queue_order() if call.acd is not None and call.acd.pilot == pilot]

    def _queue_order(self) -> list[Call]:
        return sorted(self._waiting.values(), key=lambda call: call.acd.order if call.acd is not None else 0)

    def _advance(self, call: Call, origin: Member, target: Target, cause: str | None = None) -> None:
        for number in dict.fromkeys(number for number in target.passed if number not in call.tried):
            pilot = self.pilots.get(number)
            if pilot is not None and (target.kind != PILOT or target.number != number):
                self.journal.turned_away(
                    call, number, origin, self._why_not(pilot, target), target.number if target.kind != TONE else None
                )
        if target.kind != PILOT:
            super()._advance(call, origin, target, cause)
            return
        self.journal.came(call, target.number, origin)
        call.tried = target.passed
        call.rung = None
        pilot = self.pilots[target.number]
        now = self.clock.now()
        ahead = len(self.waiting(pilot.number))
        began = call.acd.began if call.acd is not None else now
        call.acd = Distribution(
            pilot.number,
            began,
            now,
            next(self._turns),
            estimate=ceil((ahead + 1) * self._handling / max(1, self._staff(pilot))),
            saturated=ahead + 1 >= pilot.queue_size,
        )
        self._wait_in_queue(call, origin)
        cause = cause or ("FORWARDED" if target.diverted else None)
        self._note(origin.login, call.ref, cause)

    def _why_not(self, pilot: Pilot, target: Target) -> Outcome:
        """Return how a pilot does not let a call in."""
        if pilot.mode == FORWARD:
            return "forwarded"
        if pilot.blocked:
            return "blocked"
        return "dissuaded" if target.kind == TONE else "overflow"

    def publish_later(self, change: Change) -> None:
        """Publish a change with the rest of the action."""
        self._after.append(change)

    def _wait_in_queue(self, call: Call, origin: Member) -> None:
        assert call.acd is not None
        self._stop(call, "ring", "patience", "answer", "dial")
        identity = self.who(call.acd.pilot)
        place = Member(self._member_id(call, identity), identity, RINGING_INCOMING, queue=True)
        self._wait(origin, RINGING_OUTGOING)
        self._join(call, place)
        self._waiting[call.ref] = call
        left = call.acd.queued + self.pilots[call.acd.pilot].patience - self.clock.now()
        self._timer(call, "queue", max(0.0, left), lambda: self._dissuade(call))

    def _dissuade(self, call: Call) -> None:
        """Take a call out of the queue that has waited for too long."""
        place = call.queued
        if place is None or call.acd is None:
            return
        pilot = self.pilots[call.acd.pilot]
        (origin,) = call.others(place)
        target = None
        if pilot.overflow is not None:
            target = self._resolve(
                pilot.overflow, passed=(*call.tried, pilot.number), inside=self._inside(call), diverted=True
            )
        self._leave(call, place)
        reachable = target is not None and target.kind != TONE
        self.journal.sent_on(
            call.ref, "overflow" if reachable else "dissuaded", target.number if target and reachable else None
        )
        if target is None or target.kind == TONE:
            self._tone(call, origin, "NO_AVAILABLE_AGENT")
        else:
            self._advance(call, origin, target)

    def _leave(self, call: Call, member: Member, cause: str | None = None, **note: str | None) -> None:
        if member not in call.members:
            return
        super()._leave(call, member, cause, **note)
        if member.queue:
            self._waiting.pop(call.ref, None)
            self._stop(call, "queue")

    # -- what is seen -------------------------------------------------------------------------------------------------

    def _view(self, user: User, call: Call, member: Member) -> CallView:
        view = super()._view(user, call, member)
        return view if call.acd is None else replace(view, acd=self._acd_view(user, call, view))

    def _acd_view(self, user: User, call: Call, view: CallView) -> AcdView | None:
        acd = call.acd
        if acd is None:
            return None
        if call.queued is None:
            return AcdView(
                acd.pilot,
                group=acd.group,
                queue_time=acd.queue_time,
                global_time=acd.global_time,
                supervised=acd.supervised,
            )
        agent = len(self._calls_of[user.login]) > 1
        return AcdView(
            acd.pilot,
            waiting_time=acd.estimate,
            saturated=acd.saturated,
            supervised=acd.supervised,
            transfer_possible="transfer" in view.actions if agent else None,
        )
