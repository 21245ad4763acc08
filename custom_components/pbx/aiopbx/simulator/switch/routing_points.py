"""Routing points: numbers whose calls wait until an application says where they go."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock
from .calling import check_data
from .calls import ACTIVE, EXTERNAL, HELD, RINGING_INCOMING, SERVICE, USER, Call, Identity, Member
from .centre import CallCentre
from .changes import PromptChange, RouteChange
from .errors import SwitchError, bad_value, no_such_call, wrong_state
from .numbers import DIGITS
from .progress import TONE, VOICEMAIL, Target
from .settings import RoutingPointSpec, SwitchSettings

if TYPE_CHECKING:
    from ..settings import UserSpec

POINT: Final = "POINT"
TONES: Final = ("BUSY", "RINGBACK", "SILENCE", "MUSIC", "ANNOUNCEMENT")
MOST_TRIES: Final = 3
"""How often the application is asked again for a call whose route has failed."""

INITIAL: Final = "INITIAL"
NO_ANSWER: Final = "NOANSWER"
BUSY: Final = "BUSY"
NOT_OBTAINABLE: Final = "NOT_OBTAINABLE"
UNKNOWN: Final = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which digits to collect, and what they mean. Times are seconds."""

    count: int | None = None
    flush: str = ""
    """Each of these ends it."""
    abort: str = ""
    ignore: str = ""
    backspace: str = ""
    reset: str = ""
    timeout: float | None = None
    start_timeout: float | None = None
    digit_timeout: float | None = None


@dataclass(slots=True, eq=False)
class Collection:
    """Digits that are being collected."""

    key: str
    wanted: Wanted
    digits: str = ""


@dataclass(slots=True, eq=False)
class Dialogue:
    """A call that waits for a route."""

    key: str
    point: str
    call: Call
    application: str
    place: Member
    """The party that stands for the point."""
    reason: str = INITIAL
    overflows: int = 0
    collection: Collection | None = None
    tone: str | None = None

    @property
    def caller(self) -> Member:
        """Who waits."""
        return next(member for member in self.call.members if member is not self.place)


@dataclass(slots=True, eq=False)
class RoutingPoint:
    """A routing point. The first of its applications is in charge, the others stand by."""

    number: str
    name: str = ""
    node: str = "1"
    overflow: str | None = None
    patience: float = 30.0
    applications: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, spec: RoutingPointSpec) -> "RoutingPoint":
        """Return the point for a specification."""
        return cls(spec.number, spec.name, spec.node, spec.overflow, spec.patience)


class RoutingPoints(CallCentre):
    """Lets applications route calls.

    A caller at a point is connected with it, hears tones and guides, and can dial digits. The application selects a
    route, or says that it has none. Where it does neither in time, or goes away, the call server goes on by itself:
    to the overflow of the point, or else the call cannot be put through.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users; no application routes a point."""
        settings = settings or SwitchSettings()
        self.routing_points = {spec.number: RoutingPoint.of(spec) for spec in settings.routing_points}
        self._dialogues: dict[str, Dialogue] = {}
        """By the reference of the call."""
        self._routed: dict[str, tuple[str, int]] = {}
        """Reference of a call that an application has sent on → the point, and how often that failed before."""
        super().__init__(clock, users, settings)
        for number in self.routing_points:
            if number in self._numbers or number in self.sets or number in self.groups or number in self.pilots:
                raise ValueError(f"routing_points: the number {number} is taken.")

    # -- numbers ----------------------------------------------------------------------------------------------------

    def known(self, number: str) -> bool:
        """Whether a number leads anywhere."""
        return number in self.routing_points or super().known(number)

    def who(self, number: str) -> Identity:
        """Return the owner of this number."""
        point = self.routing_points.get(number)
        if point is not None:
            return Identity(SERVICE, number, last_name=point.name, sub_type="routing-point")
        return super().who(number)

    def _resolve(
        self, number: str, *, passed: tuple[str, ...] = (), inside: frozenset[str] = frozenset(), diverted: bool = False
    ) -> Target | None:
        point = self.routing_points.get(number)
        if point is None:
            return super()._resolve(number, passed=passed, inside=inside, diverted=diverted)
        nowhere = Target(TONE, number, cause="DESTINATION_NOT_OBTAINABLE", passed=passed, diverted=diverted)
        if number in passed:
            return nowhere
        passed = (*passed, number)
        if point.applications:
            return Target(POINT, number, passed=passed, diverted=diverted)
        if point.overflow is not None:
            return self._resolve(point.overflow, passed=passed, inside=inside, diverted=True) or nowhere
        return nowhere

    # -- applications -----------------------------------------------------------------------------------------------

    def routing_point(self, number: str) -> RoutingPoint:
        """Return a point; refuses the number of none."""
        point = self.routing_points.get(number)
        if point is None:
            raise bad_value(f"rsiNumber: there is no routing point {number}.")
        return point

    def enable_routing_point(self, number: str, application: str, *, backup: bool = False) -> None:
        """Let an application route the calls of a point, or with ``backup`` stand by for another that does."""
        point = self.routing_point(number)
        if application in point.applications:
            return
        if point.applications and not backup:
            raise wrong_state(f"Another application routes the calls of {number}: enable the point as backup.")
        point.applications.append(application)

    def disable_routing_point(self, number: str, application: str) -> None:
        """Let an application route the calls of a point no longer; another that stands by takes over."""
        point = self.routing_point(number)
        if application not in point.applications:
            return
        with self._acting():
            point.applications.remove(application)
            for dialogue in tuple(self._dialogues.values()):
                if dialogue.point != number or dialogue.application != application:
                    continue
                call, caller, overflows = dialogue.call, dialogue.caller, dialogue.overflows
                self._end(dialogue, UNKNOWN)
                if point.applications:
                    self._ask_application(call, caller, point, dialogue.reason, overflows)
                else:
                    self._go_on(call, caller, point)

    def application_gone(self, application: str) -> None:
        """An application has ended."""
        for number in self.routing_points:
            self.disable_routing_point(number, application)

    def dialogues(self, number: str) -> list[Dialogue]:
        """Return the calls of a point that wait for a route, oldest first."""
        self.routing_point(number)
        return [dialogue for dialogue in self._dialogues.values() if dialogue.point == number]

    def dialogue(self, number: str, key: str) -> Dialogue:
        """Return a call that waits for a route; refuses an unknown or void key."""
        for dialogue in self.dialogues(number):
            if dialogue.key == key:
                return dialogue
        raise SwitchError("OBJECT_NOT_FOUND", None, f"routeCrid: no call of {number} waits for a route as {key!r}.")

    def _waiting_at(self, number: str, ref: str) -> Dialogue:
        self.routing_point(number)
        dialogue = self._dialogues.get(ref)
        if dialogue is None or dialogue.point != number:
            raise no_such_call(ref)
        return dialogue

    def _own(self, dialogue: Dialogue, application: str) -> Dialogue:
        if dialogue.application != application:
            raise wrong_state(f"Another application routes the calls of {dialogue.point}.")
        return dialogue

    # -- the course of a dialogue -----------------------------------------------------------------------------------

    def _new_key(self) -> str:
        return f"{self._random.getrandbits(40):010x}"

    def _advance(self, call: Call, origin: Member, target: Target, cause: str | None = None) -> None:
        if target.kind != POINT:
            super()._advance(call, origin, target, cause)
            return
        call.tried = target.passed
        call.rung = None
        if target.diverted and call.last_redirecting is None:
            call.last_redirecting = call.initial_called
        self._note(origin.login, call.ref, cause or ("FORWARDED" if target.diverted else None))
        self._ask_application(call, origin, self.routing_points[target.number])

    def _ask_application(
        self, call: Call, origin: Member, point: RoutingPoint, reason: str = INITIAL, overflows: int = 0
    ) -> None:
        """Let a call wait at a point, and ask the application for a route."""
        identity = self.who(point.number)
        place = Member(self._member_id(call, identity), identity, ACTIVE)
        self._stop(call, "ring", "patience", "answer", "dial")
        self._join(call, place)
        if origin.state != HELD:
            origin.put(ACTIVE)
        dialogue = Dialogue(self._new_key(), point.number, call, point.applications[0], place, reason, overflows)
        self._dialogues[call.ref] = dialogue
        self._timer(call, "route", point.patience, lambda: self._not_routed(dialogue, NO_ANSWER))
        self._tell(dialogue, "request", reason)

    def _tell(self, dialogue: Dialogue, kind: Any, reason: str) -> None:
        caller = dialogue.caller if kind == "request" else None
        shown = caller is not None and not caller.anonymous
        identity = caller.identity if caller is not None and shown else None
        self.publish_later(
            RouteChange(
                point=dialogue.point,
                application=dialogue.application,
                kind=kind,
                key=dialogue.key,
                ref=dialogue.call.ref,
                caller=identity.number if identity is not None else "",
                name=f"{identity.first_name} {identity.last_name}".strip() if identity is not None else "",
                inside=identity.kind == USER if identity is not None and identity.kind in (USER, EXTERNAL) else None,
                called=dialogue.call.initial_called.number,
                overflows=dialogue.overflows,
                reason=reason,
            )
        )

    def _end(self, dialogue: Dialogue, reason: str) -> None:
        """End a dialogue: its key is void, and the caller hears nothing more."""
        if self._dialogues.pop(dialogue.call.ref, None) is None:
            return
        self._stop(dialogue.call, "route")
        self._stop_digits(dialogue, "SF_TERMINATED")
        self._silence(dialogue)
        self._tell(dialogue, "end", reason)
        if dialogue.place in dialogue.call.members:
            self._leave(dialogue.call, dialogue.place)

    def _not_routed(self, dialogue: Dialogue, reason: str) -> None:
        """The application has no route, or none in time."""
        call, caller = dialogue.call, dialogue.caller
        self._end(dialogue, reason)
        self._go_on(call, caller, self.routing_points[dialogue.point])

    def _go_on(self, call: Call, origin: Member, point: RoutingPoint) -> None:
        """The call server goes on by itself."""
        target = None
        if point.overflow is not None:
            target = self._resolve(
                point.overflow, passed=(*call.tried, point.number), inside=self._inside(call), diverted=True
            )
        if target is None:
            self._tone(call, origin, "DESTINATION_NOT_OBTAINABLE")
        else:
            self._advance(call, origin, target, "FORWARDED")

    def end_route(self, number: str, key: str, application: str) -> None:
        """The application has no route for a call."""
        dialogue = self._own(self.dialogue(number, key), application)
        with self._acting():
            self._not_routed(dialogue, NOT_OBTAINABLE)

    def select_route(
        self,
        number: str,
        key: str,
        application: str,
        route: str,
        *,
        calling_line: str | None = None,
        data: str | None = None,
        voicemail: bool = False,
    ) -> None:
        """Send a call on, to a number or to the voicemail of who has it.

        Where that is busy or cannot be reached, the application is asked again.
        """
        dialogue = self._own(self.dialogue(number, key), application)
        point = self.routing_points[number]
        dialled = self._number(route)
        shown = self._number(calling_line) if calling_line is not None else None
        check_data(data)
        call, caller = dialogue.call, dialogue.caller
        target = self._chosen(call, dialogue, dialled, voicemail)
        with self._acting():
            if data is not None:
                call.associated_data = data or None
            if shown is not None:
                call.calling_number = shown
            self._end(dialogue, dialogue.reason)
            if target.kind == TONE and dialogue.overflows < MOST_TRIES:
                reason = BUSY if target.cause in ("BUSY", "DO_NOT_DISTURB", "NO_AVAILABLE_AGENT") else NOT_OBTAINABLE
                self._ask_application(call, caller, point, reason, dialogue.overflows + 1)
                return
            if target.kind == TONE:
                self._go_on(call, caller, point)
                return
            self._routed[call.ref] = (number, dialogue.overflows)
            self._advance(call, caller, target, "FORWARDED")

    def _chosen(self, call: Call, dialogue: Dialogue, route: str, voicemail: bool) -> Target:
        if voicemail:
            user = self.by_number(route)
            if user is None or not user.voicemail:
                raise bad_value(f"selectedRoute: {route} has no voicemail.", "INVALID_DESTINATION")
            return Target(VOICEMAIL, user.voicemail_number, user.login, passed=(dialogue.point,))
        if not self.known(route):
            raise bad_value(f"selectedRoute: {route} is not a number of this system.", "INVALID_DESTINATION")
        target = self._resolve(route, passed=(dialogue.point,), inside=self._inside(call))
        if target is None:
            raise bad_value(f"selectedRoute: {route} leads nowhere.", "INVALID_DESTINATION")
        return target

    def _no_answer(self, call: Call) -> None:
        """Nobody answers where the application has sent a call: it is asked again, unless the call goes on anyway."""
        ringing = call.ringing()
        super()._no_answer(call)
        routed = self._routed.get(call.ref)
        if ringing is None or routed is None or call.ended or call.ringing() is not ringing:
            return
        number, overflows = routed
        point = self.routing_points[number]
        if overflows >= MOST_TRIES or not point.applications:
            return
        (origin,) = call.others(ringing)
        del self._routed[call.ref]
        self._leave(call, ringing, "FORWARDED", new_destination=number)
        self._ask_application(call, origin, point, NO_ANSWER, overflows + 1)

    def _answered(self, call: Call, member: Member, device: str | None = None) -> None:
        self._routed.pop(call.ref, None)
        super()._answered(call, member, device)

    def _release(self, call: Call, by: Member) -> None:
        if call.ref in self._dialogues:
            self._finish(call, "ABANDONED")
        else:
            super()._release(call, by)

    def _leave(self, call: Call, member: Member, cause: str | None = None, **note: str | None) -> None:
        dialogue = self._dialogues.get(call.ref)
        if dialogue is not None and member is not dialogue.place and member in call.members:
            self._end(dialogue, UNKNOWN)  # the caller has given up
        super()._leave(call, member, cause, **note)

    def _close(self, call: Call, cause: str | None) -> None:
        self._routed.pop(call.ref, None)
        super()._close(call, cause)

    # -- tones and guides -------------------------------------------------------------------------------------------

    def play_tone(self, number: str, ref: str, application: str, tone: str, seconds: float | None) -> None:
        """Let a waiting caller hear a tone, in place of another. ``None`` is until it is stopped."""
        dialogue = self._own(self._waiting_at(number, ref), application)
        if tone not in TONES:
            raise bad_value(f"tone: {tone!r} is none of {', '.join(TONES)}.")
        if seconds is not None and seconds < 1:
            raise bad_value(f"duration: {seconds:g} is less than a second.")
        with self._acting():
            self._silence(dialogue)
            dialogue.tone = tone
            self._prompt(dialogue, "tone", tone=tone)
            if seconds is not None:
                self._timer(dialogue.call, "prompt", seconds, lambda: self._silence(dialogue))

    def stop_tone(self, number: str, ref: str, application: str) -> None:
        """Stop what a waiting caller hears; nothing, where that is silence."""
        dialogue = self._own(self._waiting_at(number, ref), application)
        with self._acting():
            self._silence(dialogue)

    def _silence(self, dialogue: Dialogue) -> None:
        self._stop(dialogue.call, "prompt")
        if dialogue.tone is not None:
            dialogue.tone = None
            self._prompt(dialogue, "silence")

    def _prompt(self, dialogue: Dialogue, kind: Any, **more: Any) -> None:
        self.publish_later(
            PromptChange(
                point=dialogue.point, application=dialogue.application, kind=kind, ref=dialogue.call.ref, **more
            )
        )

    # -- digits -----------------------------------------------------------------------------------------------------

    def collect_digits(self, number: str, ref: str, application: str, wanted: Wanted) -> str:
        """Collect what a waiting caller dials; returns the key of the collection."""
        dialogue = self._own(self._waiting_at(number, ref), application)
        if dialogue.collection is not None:
            raise wrong_state(f"Digits of the call {ref} are being collected already.")
        if wanted.count is None and not wanted.flush and wanted.timeout is None and wanted.digit_timeout is None:
            raise bad_value("numChars, flushChar or timeout has to say when there are enough digits.")
        if wanted.count is not None and wanted.count < 1:
            raise bad_value(f"numChars: {wanted.count} is less than 1.")
        for name in ("timeout", "start_timeout", "digit_timeout"):
            seconds = getattr(wanted, name)
            if seconds is not None and seconds < 1:
                raise bad_value(f"{name}: {seconds:g} is less than a second.")
        collection = Collection(self._new_key(), wanted)
        with self._acting():
            dialogue.collection = collection
            self._stop(dialogue.call, "route")  # the application works on it
            self._limit(dialogue, "collect", wanted.timeout)
            self._limit(dialogue, "digits", wanted.start_timeout)
        return collection.key

    def _limit(self, dialogue: Dialogue, name: str, seconds: float | None) -> None:
        if seconds is not None:
            self._timer(dialogue.call, name, seconds, lambda: self._stop_digits(dialogue, "TIMEOUT"))

    def stop_collecting(self, number: str, key: str, application: str) -> None:
        """Collect no more digits."""
        for dialogue in self.dialogues(number):
            if dialogue.collection is not None and dialogue.collection.key == key:
                self._own(dialogue, application)
                with self._acting():
                    self._stop_digits(dialogue, "SF_TERMINATED")
                return
        raise bad_value(f"collCrid: no digits are being collected as {key!r}.")

    def _stop_digits(self, dialogue: Dialogue, cause: str) -> None:
        self._stop(dialogue.call, "collect", "digits")
        collection, dialogue.collection = dialogue.collection, None
        if collection is None:
            return
        self._prompt(dialogue, "digits", key=collection.key, digits=collection.digits, cause=cause)
        if dialogue.call.ref in self._dialogues:  # and it has to say where the call goes now
            patience = self.routing_points[dialogue.point].patience
            self._timer(dialogue.call, "route", patience, lambda: self._not_routed(dialogue, NO_ANSWER))

    def press(self, ref: str, digits: str) -> None:
        """The caller at a routing point, inside or outside, dials digits."""
        dialogue = self._dialogues.get(ref)
        if dialogue is None:
            raise no_such_call(ref)
        if not digits or not set(digits) <= DIGITS:
            raise bad_value(f"{digits!r} cannot be dialled: use 0-9, A-D, * and #.")
        with self._acting():
            for digit in digits:
                self._press(dialogue, digit)

    def _press(self, dialogue: Dialogue, digit: str) -> None:
        collection = dialogue.collection
        if collection is None:
            return
        wanted = collection.wanted
        if digit in wanted.abort:
            collection.digits = ""
            self._stop_digits(dialogue, "SF_TERMINATED")
        elif digit in wanted.flush:
            self._stop_digits(dialogue, "FLUSCHAR_RECEIVED")
        elif digit in wanted.reset:
            collection.digits = ""
        elif digit in wanted.backspace:
            collection.digits = collection.digits[:-1]
        elif digit not in wanted.ignore:
            collection.digits += digit
            if wanted.count is not None and len(collection.digits) >= wanted.count:
                self._stop_digits(dialogue, "CHAR_COUNT_REACHED")
                return
        if dialogue.collection is not None:
            self._stop(dialogue.call, "digits")
            self._limit(dialogue, "digits", wanted.digit_timeout)

    def send_dtmf(self, login: str, ref: str, device: str, digits: str) -> None:
        """Send tones (``0-9 A-D * #``) into an active call; at a routing point they are collected."""
        super().send_dtmf(login, ref, device, digits)
        if ref in self._dialogues:
            self.press(ref, digits)

    # -- checking ---------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return the whole state, for comparison."""
        return super().dump() | {
            "points": {point.number: tuple(point.applications) for point in self.routing_points.values()},
            "dialogues": [
                (
                    found.key,
                    found.point,
                    found.call.ref,
                    found.application,
                    (found.reason, found.overflows, found.tone),
                    found.collection and (found.collection.key, found.collection.digits),
                )
                for found in self._dialogues.values()
            ],
        }

    def check(self) -> None:
        """Raise ``AssertionError`` if the state contradicts itself."""
        super().check()
        for ref, dialogue in self._dialogues.items():
            call = self.calls[ref]
            assert dialogue.place in call.members, f"{ref} waits for a route and is not at the point"
            assert len(call.members) == 2
            assert all(member.state != RINGING_INCOMING for member in call.members)
            assert dialogue.application in self.routing_points[dialogue.point].applications
            assert ("route" in call.timers) != (dialogue.collection is not None)
