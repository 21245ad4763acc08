"""How calls reach a line, as data: the settings, what was just asked for, and what the line cannot do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiopbx import (
    CallerId,
    CallerIdChoice,
    Condition,
    Event,
    Feature,
    Forward,
    InvalidInput,
    Line,
    Overflow,
    Routing,
    Target,
)

from .formatting import last_known, listed, words
from .model import LineModel

SETTLE: Final = 2.0
"""Seconds for which an accepted request is shown while the line has not confirmed it."""

CONDITIONS: Final = (
    ("always", Condition.IMMEDIATE),
    ("when busy", Condition.BUSY),
    ("when not answered", Condition.NO_ANSWER),
    ("when busy or not answered", Condition.BUSY_NO_ANSWER),
)
"""When a forward applies; an overflow is never immediate."""
FORWARD_TARGETS: Final = (("a number", Target.NUMBER), ("the voicemail", Target.VOICEMAIL))
OVERFLOW_TARGETS: Final = (
    ("the voicemail", Target.VOICEMAIL),
    ("the associate", Target.ASSOCIATE),
    ("a number", Target.NUMBER),
)
CALLER_ID_CHOICES: Final = (
    ("a number of mine", CallerIdChoice.MANUAL),
    ("by my presence", CallerIdChoice.FROM_PRESENCE),
)
# What a panel shows, in this order. What is absent is named instead.
PARTS: Final = (
    Feature.DO_NOT_DISTURB,
    Feature.FORWARD,
    Feature.OVERFLOW,
    Feature.REMOTE_EXTENSION,
    Feature.CALLER_ID,
)
_PART_WORDS: Final = {Feature.CALLER_ID: "caller ID"}

_CONDITION_WORDS: Final = {condition: word for word, condition in CONDITIONS}
_TARGET_WORDS: Final = {target: word for word, target in OVERFLOW_TARGETS}


class RoutingModel(LineModel):
    """The routing of a line, as the line says it is.

    A switch shows what was asked for while the request is on its way, and afterwards the truth again, which may be
    something else: a refusal flips it back. Changes by others are shown as well. For use in the client's loop.
    """

    def __init__(self, line: Line, *, settle: float = SETTLE) -> None:
        """Show how calls reach ``line``."""
        super().__init__(line)
        self.settle = settle
        self._asked: dict[Feature, bool] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self._locks = {part: asyncio.Lock() for part in PARTS}

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if not self._concerns(event):
            return
        self._wake()
        self._notify()

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def parts(self) -> tuple[Feature, ...]:
        """What there is to be shown of this line."""
        return tuple(part for part in PARTS if self._has(part))

    @property
    def absent(self) -> str:
        """What this line cannot do, in one line; empty where it can do everything."""
        missing = self.line.missing
        names = []
        for part in PARTS:
            if not self._has(part):
                licence = missing.get(part)
                names.append(
                    _PART_WORDS.get(part, words(part)) + (f" (it needs the licence {licence})" if licence else "")
                )
        return f"Not on this line: {listed(names)}." if names else ""

    @property
    def known(self) -> bool:
        """Whether the system has said how calls reach the line."""
        return self.line.snapshot.routing is not None

    @property
    def do_not_disturb(self) -> bool:
        """Whether calls are refused, or that was just asked for."""
        return self._asked.get(Feature.DO_NOT_DISTURB, bool(self._routing.do_not_disturb))

    @property
    def remote_extension(self) -> bool:
        """Whether the remote extension rings too, or that was just asked for."""
        return self._asked.get(Feature.REMOTE_EXTENSION, bool(self._routing.remote_extension))

    @property
    def forward(self) -> Forward | None:
        """Where calls are forwarded; ``None`` if they are not."""
        return self._routing.forward

    @property
    def overflow(self) -> Overflow | None:
        """Where calls go that are not taken; ``None`` if nowhere."""
        return self._routing.overflow

    @property
    def forward_words(self) -> str:
        """The forward as a sentence."""
        return f"Calls go to {route_words(self.forward)}." if self.forward else "Calls are not forwarded."

    @property
    def overflow_words(self) -> str:
        """The overflow as a sentence."""
        return f"Calls go to {route_words(self.overflow)}." if self.overflow else "There is no overflow."

    @property
    def caller_id(self) -> CallerId | None:
        """The number that others see; ``None`` if unknown."""
        return self.line.snapshot.caller_id

    @property
    def caller_id_words(self) -> str:
        """What others see, as a sentence."""
        shown = self.caller_id
        if shown is None or (shown.number is None and shown.choice is CallerIdChoice.UNKNOWN):
            return "Which number others see is not known."
        by_presence = shown.choice is CallerIdChoice.FROM_PRESENCE
        if shown.number is None:
            return f"Which number others see {'follows the presence' if by_presence else 'is not known'}."
        return f"Others see {shown.number}, by the presence." if by_presence else f"Others see {shown.number}."

    @property
    def words(self) -> str:
        """How calls reach the line, in one sentence."""
        if all(part is Feature.CALLER_ID for part in self.parts):
            return "This system does not report how calls reach a line."
        if not self.known:
            return "How calls reach this line is not known yet."
        if self.do_not_disturb:
            said = "Calls are refused"
        elif self.forward is not None and self.forward.condition is Condition.IMMEDIATE:
            said = f"Calls go to {route_words(self.forward)}"
        else:
            said = "Calls ring here" + (" and at the remote extension" if self.remote_extension else "")
            said += "".join(f", and go to {route_words(way)}" for way in (self.forward, self.overflow) if way)
        return f"{said}{last_known(self.status)}."

    # ----------------------------------------------------------------------------------------------------- actions

    async def set_do_not_disturb(self, on: bool) -> None:
        """Refuse calls, or no longer. Raises what ``aiopbx.Line.set_do_not_disturb`` raises."""
        await self._switch(
            Feature.DO_NOT_DISTURB, on, self.line.set_do_not_disturb, lambda: self._routing.do_not_disturb
        )

    async def set_remote_extension(self, on: bool) -> None:
        """Let the remote extension ring too, or not. Raises what ``aiopbx.Line.set_remote_extension`` raises."""
        await self._switch(
            Feature.REMOTE_EXTENSION, on, self.line.set_remote_extension, lambda: self._routing.remote_extension
        )

    async def set_forward(self, target: Target, condition: Condition, number: str = "") -> None:
        """Forward calls. Raises what ``aiopbx.Line.set_forward`` raises; a number is only looked at where it counts."""
        await self.line.set_forward(_number(number, target), target=target, condition=condition)

    async def cancel_forward(self) -> None:
        """Forward no longer."""
        await self.line.cancel_forward()

    async def set_overflow(self, target: Target, condition: Condition, number: str = "") -> None:
        """Let calls that are not taken go there. Raises what ``aiopbx.Line.set_overflow`` raises."""
        given = _number(number, target) if target is not Target.ASSOCIATE else number.strip() or None
        await self.line.set_overflow(target=target, condition=condition, number=given)

    async def cancel_overflow(self) -> None:
        """Let them go nowhere."""
        await self.line.cancel_overflow()

    async def set_caller_id(self, choice: CallerIdChoice, number: str = "") -> None:
        """Choose the number that others see. Raises what ``aiopbx.Line.set_caller_id`` raises."""
        given = number.strip() or None if choice is CallerIdChoice.MANUAL else None
        await self.line.set_caller_id(given, choice=choice)

    async def refresh_caller_id(self) -> None:
        """Read it again: no event reports its change."""
        await self.line.refresh_caller_id()

    # --------------------------------------------------------------------------------------------------------- inside

    @property
    def _routing(self) -> Routing:
        return self.line.snapshot.routing or Routing()

    def _has(self, part: Feature) -> bool:
        if part not in self.line.features:
            return False
        # a line that may have a remote extension need not have one
        return part is not Feature.REMOTE_EXTENSION or not self.known or self.line.remote_extension is not None

    async def _switch(
        self, part: Feature, on: bool, ask: Callable[[bool], Awaitable[None]], truth: Callable[[], bool | None]
    ) -> None:
        """Ask for it, and show it until the line confirms it. Of several requests the last one counts."""
        self._asked[part] = on
        self._wake()
        self._notify()
        async with self._locks[part]:
            try:
                if self._asked.get(part) is not on:  # the user has switched it back meanwhile
                    return
                await ask(on)
                await self._until(lambda: truth() is on or self._asked.get(part) is not on)
            finally:
                if self._asked.get(part) is on:
                    del self._asked[part]
                self._notify()

    async def _until(self, so: Callable[[], bool]) -> None:
        """Wait until the line says so, but not for ever: the truth is shown then, whatever it is."""
        try:
            async with asyncio.timeout(self.settle):
                while not so():
                    changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.add(changed)
                    try:
                        await changed
                    finally:
                        self._waiting.discard(changed)
        except TimeoutError:
            pass

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


def route_words(route: Forward | Overflow | None) -> str:
    """Return where a forward or an overflow leads, and when, in words."""
    if route is None:
        return "nowhere"
    to = _TARGET_WORDS.get(route.target, "somewhere")
    if route.target is Target.NUMBER and route.number:
        to = route.number
    elif route.target is Target.ASSOCIATE and route.number:
        to += f" ({route.number})"
    if route.condition is Condition.IMMEDIATE:
        return to
    return f"{to} {_CONDITION_WORDS.get(route.condition, 'at times')}"


def _number(number: str, target: Target) -> str | None:
    if target is not Target.NUMBER:
        return None
    if not number.strip():
        raise InvalidInput("number", "it is missing.", remedy="Say where calls shall go.")
    return number.strip()
