"""The calls of a line as data: a row for each call and its buttons; ended calls stay for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from aiopbx import (
    DVA,
    VOICEMAIL,
    Action,
    Call,
    CallEnded,
    CallEvent,
    CallSnapshot,
    CallState,
    Direction,
    Event,
    Feature,
    InvalidInput,
    Line,
    LineSnapshot,
    Outcome,
    Status,
    UnknownCall,
)

from .formatting import duration, reports_calls, since, words
from .model import LineModel

LINGER: Final = 60.0
"""Seconds that a call stays to be seen after its end."""
KEPT: Final = 5
"""How many calls that have ended are shown at most."""


class Needs(Enum):
    """What has to be said before an operation can be carried out."""

    NOTHING = "nothing"
    NUMBER = "number"
    DIGITS = "digits"
    TEXT = "text"
    PARTY = "party"
    CALL = "call"
    """Another call of the line; not asked for where there is only one."""
    LEG = "leg"
    """One of the devices of the call that offer it."""
    DEVICE = "device"
    """A device of the line that is not in the call."""

    @property
    def typed(self) -> bool:
        """Whether it is typed; else it is chosen from a list."""
        return self in (Needs.NUMBER, Needs.DIGITS, Needs.TEXT)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be done with a call: one button."""

    name: str
    """The action that the call must offer, and the method of ``Call`` that does it, unless those below are given."""
    label: str
    help: str
    """One sentence for tooltips and screen readers."""
    needs: Needs = Needs.NOTHING
    style: str = ""
    """``success``, ``danger``, ``warning`` or ``primary``."""
    offer: Action | Feature | None = None
    """Another action, or the feature that the line must have while the call is in progress."""
    method: str = ""
    value: str | None = None
    """What the method is given, where that is always the same."""
    field: str = ""
    """What is asked for, where it is not what ``needs`` says."""

    @property
    def offered_by(self) -> Action | Feature:
        """The action or the feature that there must be."""
        return self.offer or Action(self.name)

    @property
    def asked_for(self) -> str:
        """What is asked for, as the label of a field."""
        return self.field or self.needs.value.capitalize()


# In the order of their buttons. A new operation is one line here.
OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("answer", "Answer", "Answer this call", style="success"),
    Operation(
        "answer_on", "Answer on …", "Choose the device that answers", Needs.LEG, "success", Action.ANSWER, "answer"
    ),
    Operation("hang_up", "Hang up", "Leave this call; a conference goes on without you", style="danger"),
    Operation("hold", "Hold", "Put this call on hold"),
    Operation("retrieve", "Retrieve", "Retrieve this call from hold", style="primary"),
    Operation("alternate", "Swap", "Hold the active call and retrieve this one"),
    Operation("reconnect", "Back to this call", "End the consultation and return to this call"),
    Operation("transfer", "Transfer", "Connect the other parties of two calls, and leave both", Needs.CALL, field="To"),
    Operation("merge", "Merge", "Join two calls into a conference", Needs.CALL, field="With"),
    Operation("add_party", "Add …", "Call another party into this call, which becomes a conference", Needs.NUMBER),
    Operation("consult", "Consult …", "Call another party while this call waits", Needs.NUMBER),
    Operation(
        "blind_transfer", "Transfer to …", "Transfer the other party to a number without consulting first", Needs.NUMBER
    ),
    Operation("redirect", "Redirect …", "Send the ringing call to a number", Needs.NUMBER),
    Operation(
        "redirect_to_voicemail",
        "To voicemail",
        "Send the ringing call to the voicemail",
        method="redirect",
        value=VOICEMAIL,
    ),
    Operation("redirect_to_dva", "To attendant", "Send it to the automated attendant", method="redirect", value=DVA),
    Operation("overflow_to_voicemail", "Leave a message", "Leave a voicemail for the party that does not answer"),
    Operation("call_back", "Ask to call back", "Ask the party that is busy or does not answer to call back"),
    Operation("intrude", "Break in", "Break into the call of the party that is busy", style="warning"),
    Operation("drop_participant", "Drop …", "Drop one of the others", Needs.PARTY, "warning", method="drop"),
    Operation("park", "Park", "Park the call at your own device, where others can take it back"),
    Operation(
        "park_at", "Park at …", "Park the call at another device", Needs.NUMBER, offer=Action.PARK, method="park"
    ),
    Operation("send_dtmf", "Tones …", "Send tones, as the keys of a telephone do", Needs.DIGITS),
    Operation("switch_device", "Switch device …", "Move the call to another device of the line", Needs.DEVICE),
    Operation("start_recording", "Record", "Record this call"),
    Operation("pause_recording", "Pause recording", "Pause the recording"),
    Operation("resume_recording", "Resume recording", "Resume the recording"),
    Operation("stop_recording", "Stop recording", "Stop recording"),
    Operation(
        "attach_data", "Attach data …", "Associate data with the call", Needs.TEXT, offer=Feature.ASSOCIATED_DATA
    ),
    Operation(
        "send_account_info",
        "Transaction code …",
        "Send the transaction code of this call, as agents do",
        Needs.DIGITS,
        offer=Feature.ASSOCIATED_DATA,
    ),
    Operation("end", "End for all", "End the call for all parties", style="danger"),
)
_BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}

NOT_HERE: Final[dict[Action, str]] = {
    Action.PICK_UP: "It is what other lines may do; a DialPad picks up.",
    Action.DIAL: "It belongs to a device; a DialPad dials.",
    Action.DIAL_BUSINESS: "It belongs to a device.",
    Action.DIAL_PRIVATE: "It belongs to a device.",
    Action.UNPARK: "It belongs to a device; a DialPad takes a parked call back.",
}
"""The actions that have no button on a call, and why."""

_OUTCOME_WORDS: Final = {
    Outcome.PICKED_UP: "picked up by someone else",
    Outcome.NO_ANSWER: "not answered",
    Outcome.MERGED: "joined with another call",
    Outcome.UNKNOWN: "ended while disconnected",
    Outcome.BUSY: "the other side was busy",
}


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as a panel shows it."""

    call: str
    """The ``id`` of the call."""
    state: CallState
    words: str
    """The state in words, after the end how it ended."""
    direction: Direction
    party: str
    """The others, names with numbers."""
    notes: tuple[str, ...]
    """What else is known: a recording, data, whose number was called …"""
    buttons: tuple[str, ...]
    """The names of the operations that can be done now, in the order of their buttons."""
    start: datetime | None
    """When the timer starts: at the answer, before that at the beginning of the call; ``None`` if that was not seen."""
    end: datetime | None
    """When the timer stopped; ``None`` while it runs."""
    ended: bool
    lasted: float | None = None
    """Seconds of talk, or of ringing where there was none, measured at its end by a clock that is never set."""

    @property
    def label(self) -> str:
        """The whole row in one sentence, for screen readers."""
        way = {Direction.INCOMING: "Call from", Direction.OUTGOING: "Call to"}.get(self.direction, "Call with")
        return f"{way} {self.party or 'unknown'}: {self.words}"

    def seconds(self, now: datetime) -> float | None:
        """How long it has lasted; ``None`` if its beginning or its end was not seen."""
        if self.lasted is not None:
            return self.lasted
        if self.ended and self.end is None:
            return None
        return since(self.start, self.end or now)

    def timer(self, now: datetime) -> str:
        """The timer as ``mm:ss``, empty where it is not known."""
        return duration(self.seconds(now))


class CallsModel(LineModel):
    """The calls of a line, those that have just ended among them, and what can be done with each.

    ``handle(event)`` only calls ``on_change`` once; ``take()`` reads the line. The model does not decide what is
    possible: the buttons of a row are the actions that its call offers, and there are none without a connection.
    """

    def __init__(
        self,
        line: Line,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        linger: float = LINGER,
        kept: int = KEPT,
    ) -> None:
        """Show the calls of ``line``; those that have ended for ``linger`` seconds, at most ``kept`` of them."""
        super().__init__(line)
        self.clock = clock
        self.linger = linger
        self.kept = kept
        self._rows: dict[str, CallRow] = {}
        self._over: dict[str, tuple[CallSnapshot, datetime]] = {}

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if not self._concerns(event):
            return
        if isinstance(event, CallEnded):
            self._over.pop(event.call.id, None)
            self._over[event.call.id] = (event.call, self.clock())
        elif isinstance(event, CallEvent):
            self._over.pop(event.call.id, None)
        self._notify()

    def take(self) -> set[str]:
        """Read the line, and return the calls whose rows have changed or are gone."""
        super().take()
        now = self.clock()
        for key, (_, at) in list(self._over.items()):
            if (now - at).total_seconds() >= self.linger:
                del self._over[key]
        while len(self._over) > self.kept:
            del self._over[next(iter(self._over))]
        snapshot = self.line.snapshot
        online = self.status is Status.ONLINE
        shown = [(call, _buttons(call, snapshot) if online else ()) for call in snapshot.calls]
        shown += [(call, ()) for call, _ in self._over.values() if snapshot.call(call.id) is None]
        rows = {call.id: _row(call, buttons, snapshot.number) for call, buttons in shown}
        former, self._rows = self._rows, rows
        return {key for key in former.keys() | rows.keys() if former.get(key) != rows.get(key)}

    def tick(self) -> bool:
        """Note that time has passed; whether a call that has ended is to be taken away."""
        now = self.clock()
        if any((now - at).total_seconds() >= self.linger for _, at in self._over.values()):
            self._notify()
            return True
        return False

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def rows(self) -> tuple[CallRow, ...]:
        """The calls in progress in the order in which they came, then those that have ended, the latest first."""
        there = [row for row in self._rows.values() if not row.ended]
        return (*there, *reversed([row for row in self._rows.values() if row.ended]))

    def row(self, call: str) -> CallRow | None:
        """Return the row of the call with this id as of the last ``take()``, or ``None``."""
        return self._rows.get(call)

    @property
    def nothing(self) -> str:
        """What is said where there are no calls."""
        return "No calls at the moment." if reports_calls(self.line.snapshot) else "This system does not report calls."

    # ----------------------------------------------------------------------------------------------------- actions

    def choices(self, call: str, operation: str) -> list[tuple[str, str]]:
        """What can be chosen for an operation on a call, as words and values; nothing where it is typed."""
        found = self.line.snapshot.call(call)
        if found is None:
            return []
        wanted = _BY_NAME[operation]
        return _choices(found, wanted, self.line.snapshot)

    def asks(self, call: str, operation: str) -> bool:
        """Whether something has to be said before this can be done."""
        needs = _BY_NAME[operation].needs
        if needs is Needs.NOTHING:
            return False
        return needs is not Needs.CALL or len(self.choices(call, operation)) > 1

    async def do(self, call: str, operation: str, value: str = "") -> None:
        """Carry an operation out on the call with this id. Raises what ``aiopbx.Call`` raises, and ``UnknownCall``."""
        wanted = _BY_NAME[operation]
        handle = next((one for one in self.line.calls if one.id == call), None)
        if handle is None:
            raise UnknownCall("This call has ended.", remedy="Nothing can be done with it any more.")
        value = value.strip() if wanted.needs is not Needs.TEXT else value
        if not value and self.asks(call, operation) and wanted.needs is not Needs.TEXT:
            verb = "Type" if wanted.needs.typed else "Choose"
            raise InvalidInput(wanted.asked_for.lower(), "it is missing.", remedy=f"{verb} it, then try again.")
        argument: str | Call | None = wanted.value if wanted.value is not None else value
        if wanted.needs is Needs.CALL:
            argument = self._other(value)
        method = getattr(handle, wanted.method or wanted.name)
        await (method(argument) if wanted.needs is not Needs.NOTHING or wanted.value is not None else method())

    def _other(self, key: str) -> Call | None:
        """The call with this id; ``None`` without an id: the client takes the only other call."""
        if not key:
            return None
        found = next((other for other in self.line.calls if other.id == key), None)
        if found is None:
            raise UnknownCall("The other call has ended.", remedy="Choose another one.")
        return found


def operation(name: str) -> Operation:
    """Return the operation of this name."""
    return _BY_NAME[name]


def _buttons(call: CallSnapshot, line: LineSnapshot) -> tuple[str, ...]:
    """What can be done with the call now, from what it offers."""
    return tuple(operation.name for operation in OPERATIONS if _offered(call, operation, line))


def _offered(call: CallSnapshot, operation: Operation, line: LineSnapshot) -> bool:
    if isinstance(operation.offered_by, Feature):
        return operation.offered_by in line.features and call.state in (CallState.ACTIVE, CallState.HELD)
    if operation.offered_by not in call.actions:
        return False
    if operation.needs is Needs.LEG:
        return len(_choices(call, operation, line)) > 1
    if operation.needs.typed or operation.needs in (Needs.NOTHING, Needs.CALL):
        return True
    return bool(_choices(call, operation, line))


def _choices(call: CallSnapshot, operation: Operation, line: LineSnapshot) -> list[tuple[str, str]]:
    kinds = {device.id: device.kind for device in line.devices}

    def device(id: str) -> tuple[str, str]:
        kind = kinds.get(id, "").lower()
        return (f"{id} ({kind})" if kind else id, id)

    match operation.needs:
        case Needs.PARTY:
            return [(str(party), party.id or party.number or "") for party in call.parties if party.droppable]
        case Needs.CALL:
            return [
                (f"{', '.join(map(str, other.parties)) or 'unknown'}, {words(other.state)}", other.id)
                for other in line.calls
                if other.id != call.id
            ]
        case Needs.LEG:
            return [device(leg.device) for leg in call.legs if operation.offered_by in leg.actions]
        case Needs.DEVICE:
            taken = {leg.device for leg in call.legs}
            return [device(one.id) for one in line.devices if one.id not in taken]
        case _:
            return []


def _row(call: CallSnapshot, buttons: tuple[str, ...], number: str) -> CallRow:
    return CallRow(
        call=call.id,
        state=call.state,
        words=_outcome(call) if call.ended else words(call.state),
        direction=call.direction,
        party=", ".join(map(str, call.parties)),
        notes=_notes(call, number),
        buttons=buttons,
        start=call.answered_at if call.answered else call.started_at,
        end=call.ended_at,
        ended=call.ended,
        lasted=call.talk_seconds if call.answered else call.ring_seconds,
    )


def _outcome(call: CallSnapshot) -> str:
    assert call.outcome is not None
    if call.outcome is Outcome.ANSWERED:
        return "ended"
    return _OUTCOME_WORDS.get(call.outcome, words(call.outcome))


def _notes(call: CallSnapshot, own: str) -> tuple[str, ...]:
    said = []
    if call.conference:
        said.append(f"conference of {len(call.parties) + 1}")
    if call.recording is not None:
        said.append("being recorded" if call.recording.value == "recording" else "recording paused")
    called = call.called
    if called is not None and call.direction is Direction.INCOMING and called.number not in (None, own):
        said.append(f"called {called}")
    if call.queue_wait is not None:
        said.append(f"waited {duration(call.queue_wait)}")
    if call.associated_data:
        said.append(f"data: {call.associated_data}")
    if call.account_info:
        said.append(f"code: {call.account_info}")
    if call.new_destination:
        said.append(f"sent to {call.new_destination}")
    if call.ended and call.end_cause:
        said.append(call.end_cause)
    return tuple(said)
