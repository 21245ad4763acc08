"""What callers at a routing point hear and dial while they wait: tones, and digits that are collected."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..clock import Clock
from .calls import Call, Member
from .centre import CallCentre
from .changes import PromptChange
from .errors import SwitchError, bad_value, no_such_call, wrong_state
from .numbers import DIGITS
from .settings import RoutingPointSpec, SwitchSettings

if TYPE_CHECKING:
    from ..settings import UserSpec

TONES: Final = ("BUSY", "RINGBACK", "SILENCE", "MUSIC", "ANNOUNCEMENT")

INITIAL: Final = "INITIAL"
"""Why an application is asked: the call has just come."""


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


class Prompts(CallCentre):
    """Callers who wait for a route, each in a dialogue with the application in charge."""

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users; no application routes a point."""
        settings = settings or SwitchSettings()
        self.routing_points = {spec.number: RoutingPoint.of(spec) for spec in settings.routing_points}
        self._dialogues: dict[str, Dialogue] = {}
        """By the reference of the call."""
        super().__init__(clock, users, settings)

    def routing_point(self, number: str) -> RoutingPoint:
        """Return a point; refuses the number of none."""
        point = self.routing_points.get(number)
        if point is None:
            raise bad_value(f"rsiNumber: there is no routing point {number}.")
        return point

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

    def _new_key(self) -> str:
        return f"{self._random.getrandbits(40):010x}"

    def _await_route(self, dialogue: Dialogue) -> None:
        """Wait for the application to say where the call goes."""
        raise NotImplementedError

    # -- tones and guides ---------------------------------------------------------------------------------------------

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

    # -- digits -------------------------------------------------------------------------------------------------------

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
            self._await_route(dialogue)

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
