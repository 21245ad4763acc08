"""Routing points: numbers whose calls wait until an application says where they go."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock
from .calling import check_data
from .calls import ACTIVE, EXTERNAL, HELD, RINGING_INCOMING, SERVICE, USER, Call, Identity, Member
from .changes import RouteChange
from .errors import bad_value, wrong_state
from .progress import TONE, VOICEMAIL, Target
from .prompts import INITIAL, Dialogue, Prompts, RoutingPoint
from .settings import SwitchSettings

if TYPE_CHECKING:
    from ..settings import UserSpec

POINT: Final = "POINT"
MOST_TRIES: Final = 3
"""How often the application is asked again for a call whose route has failed."""

NO_ANSWER: Final = "NOANSWER"
BUSY: Final = "BUSY"
NOT_OBTAINABLE: Final = "NOT_OBTAINABLE"
UNKNOWN: Final = "UNKNOWN"


class RoutingPoints(Prompts):
    """Lets applications route calls.

    A caller at a point is connected with it, hears tones and guides, and can dial digits. The application selects a
    route, or says that it has none. Where it does neither in time, or goes away, the call server goes on by itself:
    to the overflow of the point, or else the call cannot be put through.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users; no application routes a point."""
        settings = settings or SwitchSettings()
        self._routed: dict[str, tuple[str, int]] = {}
        """Reference of a call that an application has sent on → the point, and how often that failed before."""
        super().__init__(clock, users, settings)
        for number in self.routing_points:
            if number in self._numbers or number in self.sets or number in self.groups or number in self.pilots:
                raise ValueError(f"routing_points: the number {number} is taken.")

    # -- numbers ------------------------------------------------------------------------------------------------------

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

    # -- applications -------------------------------------------------------------------------------------------------

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

    # -- the course of a dialogue -------------------------------------------------------------------------------------

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
        self._await_route(dialogue)
        self._tell(dialogue, "request", reason)

    def _await_route(self, dialogue: Dialogue) -> None:
        patience = self.routing_points[dialogue.point].patience
        self._timer(dialogue.call, "route", patience, lambda: self._not_routed(dialogue, NO_ANSWER))

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

    # -- checking -----------------------------------------------------------------------------------------------------

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
