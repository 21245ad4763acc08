"""A dial pad as data: what is typed, whom it may mean, and whether the keys dial or send tones."""

import asyncio
from typing import Final

from aiopbx import (
    Action,
    Call,
    CallEvent,
    CallStarted,
    Contact,
    Device,
    DeviceState,
    Direction,
    Event,
    Feature,
    InvalidInput,
    Line,
    PolicyViolation,
    Status,
)

from .directory import PAUSE, DirectoryModel
from .formatting import words
from .model import LineModel

KEYS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")
"""The keys of a telephone, from left to right and top to bottom."""
LETTERS: Final = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
"""The letters on the keys."""
KEY_NAMES: Final = {"*": "star", "#": "hash"}
"""The spoken names of keys that are not digits."""
MOST: Final = 8
"""How many people are offered as completion."""
_ABSENT_WORDS: Final = {
    Feature.DIAL: "dialling",
    Feature.DTMF: "tones",
    Feature.DIRECTORY: "a directory",
    Feature.PICK_UP: "picking calls up",
    Feature.PARK: "taking parked calls back",
}
TONES: Final = frozenset("0123456789*#ABCD")


class DialModel(LineModel):
    """What a dial pad shows of a line.

    While a call of the line takes tones, the keys send them (``tones``), unless the user turns that off to dial a
    second number. To be used in the loop of the client.
    """

    def __init__(self, line: Line, *, pause: float = PAUSE) -> None:
        """Dial from ``line``; ``pause`` seconds after the last letter the directory is asked."""
        super().__init__(line)
        self.directory = DirectoryModel(line.pbx, line, pause=pause, limit=MOST)
        """The people whom the typed text may mean."""
        self.directory.on_change = self._notify
        self.device: str | None = None
        """The device that dials; ``None`` means the first that can."""
        self.ring_first = False
        """Whether the user's own telephone rings first, and dials once it is answered."""
        self.sent = ""
        """The tones that were sent in the call."""
        self._number = ""
        self._last: str | None = None
        self._tones_off = False
        self._tones_call: str | None = None
        self._dialing = 0
        self._lock = asyncio.Lock()
        """Tones are sent one after the other."""

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if not self._concerns(event):
            return
        if isinstance(event, CallStarted) and event.call.direction is Direction.OUTGOING:
            called = event.call.called
            if called is not None and called.number and not self._dialing:
                self._last = called.number
        if isinstance(event, CallEvent):
            self._look_for_tones()
        self._notify()

    def take(self) -> None:
        """Note that the view draws everything now; later changes call ``on_change`` again."""
        super().take()
        self.directory.take()
        self._look_for_tones()

    # ------------------------------------------------------------------------------------------------ what is typed

    @property
    def number(self) -> str:
        """What was typed: a number, or the beginning of a name."""
        return self._number

    @number.setter
    def number(self, text: str) -> None:
        if text == self._number:
            return
        self._number = text
        self.directory.type(text)
        self._notify()

    @property
    def choices(self) -> tuple[Contact, ...]:
        """Who was found for what was typed, and can be called."""
        same, typed = self.line.pbx.numbers.same, self._number.strip()
        return tuple(one for one in self.directory.found if one.number and not same(one.number, typed)) if typed else ()

    @property
    def name(self) -> str:
        """Whose number was typed, if the directory or the contacts know it."""
        pbx, typed = self.line.pbx, self._number.strip()
        found = next((one.name for one in self.directory.found if pbx.numbers.same(one.number, typed)), "")
        return found or pbx.contacts.name_of(typed) or ""

    @property
    def hint(self) -> str:
        """A hint about the typed text, before anything is sent."""
        if self.tones:
            return f"The keys send tones{f': {self.sent}' if self.sent else '.'}"
        typed = self._number.strip()
        if not typed:
            return ""
        if _is_name(typed):
            return self.directory.words
        problem = self.forbidden(typed)
        return problem or self.name

    def forbidden(self, number: str) -> str:
        """Return why the dial policy forbids this number; empty if it does not."""
        try:
            self.line.pbx.settings.dial_policy.check(number, numbers=self.line.pbx.numbers)
        except PolicyViolation as error:
            return str(error)
        return ""

    @property
    def devices(self) -> tuple[tuple[str, str | None], ...]:
        """The devices that may dial, as words and ids; the first entry leaves it to the client."""
        return (("First that can", None), *((_device(one), one.id) for one in self.line.devices))

    @property
    def last(self) -> str | None:
        """The number that was dialled last, here or on a telephone of the line; ``None`` if unknown."""
        return self._last

    # --------------------------------------------------------------------------------------------------------- tones

    @property
    def tones_possible(self) -> bool:
        """Whether a call of the line takes tones now."""
        return self._tones_call is not None and self.status is Status.ONLINE

    @property
    def tones(self) -> bool:
        """Whether the keys send tones now, instead of dialling."""
        return self.tones_possible and not self._tones_off

    @tones.setter
    def tones(self, on: bool) -> None:
        self._tones_off = not on
        self._notify()

    def _look_for_tones(self) -> None:
        """Find the call that takes tones. A new one starts with an empty list of sent tones."""
        found = self._tones_taker()
        call = found.id if found is not None else None
        if call != self._tones_call:
            self._tones_call = call
            self._tones_off = False
            self.sent = ""
            if call is not None:
                self._clear()

    def _tones_taker(self) -> Call | None:
        return next((call for call in self.line.calls if Action.SEND_DTMF in call.actions), None)

    # ----------------------------------------------------------------------------------------------------- actions

    @property
    def can_dial(self) -> bool:
        """Whether this line can dial at all, and there is a connection."""
        return Feature.DIAL in self.line.features and self.status is Status.ONLINE

    @property
    def can_pick_up(self) -> bool:
        """Whether calls that ring elsewhere can be picked up."""
        return Feature.PICK_UP in self.line.features and self.status is Status.ONLINE

    @property
    def can_unpark(self) -> bool:
        """Whether parked calls can be taken back now."""
        known = any(device.actions for device in self.line.devices)
        offered = Action.UNPARK in self.line.actions or not known
        return Feature.PARK in self.line.features and offered and self.status is Status.ONLINE

    @property
    def absent(self) -> tuple[str, ...]:
        """What a dial pad can do and this line cannot."""
        wanted = (Feature.DIAL, Feature.DTMF, Feature.DIRECTORY, Feature.PICK_UP, Feature.PARK)
        return tuple(_ABSENT_WORDS.get(one, words(one)) for one in wanted if one not in self.line.features)

    async def press(self, key: str) -> None:
        """Press one of the keys: it is sent as a tone, or added to the number."""
        if key not in KEYS:
            raise InvalidInput("key", f"{key!r} is not on a telephone.", remedy=f"There are {' '.join(KEYS)}.")
        if self.tones:
            await self.send_tones(key)
        else:
            self.number = self._number + key

    async def send_tones(self, digits: str) -> None:
        """Send tones in the call that takes them, one after the other in the order in which they were typed."""
        wrong = sorted(set(digits.upper()) - TONES)
        if wrong:
            raise InvalidInput("tones", f"{', '.join(wrong)} cannot be sent.", remedy="Tones are 0-9, A-D, * and #.")
        async with self._lock:
            call = self._tones_taker()
            if call is None:
                raise InvalidInput("tones", "no call takes them now.", remedy="Wait until the call is answered.")
            await call.send_dtmf(digits.upper())
            self.sent += digits.upper()
            self._notify()

    async def dial(self, number: str | None = None) -> Call | None:
        """Dial what was typed, or this number, and return the call. Raises what ``aiopbx.Line.dial`` raises.

        If what was typed is no number and the directory has found exactly one person, that one is called.
        """
        wanted = (self._number if number is None else number).strip()
        if not wanted:
            raise InvalidInput("number", "it is missing.", remedy="Type a number, or a name to find one.")
        if number is None and _is_name(wanted):
            if len(self.choices) != 1:
                found = len(self.choices)
                raise InvalidInput(
                    "number",
                    f"{wanted!r} matches {f'{found} names' if found else 'no name'} in the directory.",
                    remedy="Choose one of them." if found else "Type a number.",
                )
            wanted = self.choices[0].number or ""
        self._check_device()
        former, self._last = self._last, wanted
        self._dialing += 1
        try:
            call = await self.line.dial(wanted, device=self.device, auto_answer=not self.ring_first)
        except InvalidInput:  # nothing was sent
            self._last = former
            raise
        finally:
            self._dialing -= 1
            self._notify()
        if number is None:
            self._clear()
        return call

    async def redial(self) -> Call | None:
        """Dial the last number again."""
        if self._last is None:
            raise InvalidInput("number", "nothing was dialled yet.", remedy="Type a number.")
        return await self.dial(self._last)

    async def pick_up(self) -> None:
        """Take the call that rings at the number that was typed."""
        number = self._number.strip()
        if not number:
            raise InvalidInput("number", "it is missing.", remedy="Type the number that rings.")
        await self.line.pick_up(number, device=self.device)
        self._clear()

    async def unpark(self) -> None:
        """Take back the call that is parked at the typed number, or at the line's own device if none is typed."""
        await self.line.unpark(self._number.strip() or None, device=self.device)
        self._clear()

    def close(self) -> None:
        """Cancel the search."""
        self.directory.close()

    def _check_device(self) -> None:
        if self.device is not None and all(one.id != self.device for one in self.line.devices):
            self.device = None

    def _clear(self) -> None:
        self.number = ""


def _is_name(text: str) -> bool:
    return any(letter.isalpha() for letter in text) and not any(letter.isdigit() for letter in text)


def _device(device: Device) -> str:
    kind = device.kind.lower()
    said = f"{device.id} ({kind})" if kind else device.id
    return f"{said}, out of service" if device.state is DeviceState.OUT_OF_SERVICE else said
