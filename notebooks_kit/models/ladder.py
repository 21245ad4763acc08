"""The steps of a sequence diagram, from events and wire messages."""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aiopbx import (
    CallChanged,
    CallEnded,
    CallEvent,
    CallSnapshot,
    CallStarted,
    CallState,
    Direction,
    Event,
    Party,
    StatusChanged,
    WireMessage,
)

from .event_log import pretty
from .formatting import titled, words
from .model import HasSnapshot, Model

if TYPE_CHECKING:
    import pandas

KEPT: Final = 1000
"""Steps that are kept; the oldest go first."""
MOST_CALLS: Final = 200
"""Calls that can be chosen; the oldest go first."""
MOST_LANES: Final = 8
"""Lines and parties that are shown side by side, at most."""
CLIENT: Final = "this side"
SYSTEM: Final = "system"
REQUEST: Final = "request"
ANSWER: Final = "answer"
PUSHED: Final = "pushed"
CALL: Final = "call"
STATUS: Final = "status"
_WIRE: Final = (REQUEST, ANSWER, PUSHED)


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow from one lane to another."""

    number: int
    at: datetime
    source: str
    """The lane it leaves: ``this side``, ``system``, or a line or party."""
    target: str
    kind: str
    """``request``, ``answer`` and ``pushed`` of the wire, ``call`` between a party and the system, ``status``."""
    text: str
    call: str = ""
    """The call it belongs to, where that is known at once; see ``LadderModel.calls``."""
    failed: bool = False
    message: WireMessage | None = None

    @property
    def detail(self) -> str:
        """The tooltip: the whole message."""
        if self.message is None:
            return self.text
        body = pretty(self.message.body, 1500)
        return f"{self.message.what}\n{body}" if body else self.message.what


@dataclass(slots=True)
class LadderCall:
    """One call, with every name that the server has given it."""

    key: str
    at: datetime
    caller: str = ""
    callee: str = ""
    refs: set[str] = field(default_factory=set)

    @property
    def title(self) -> str:
        """When the call began, the caller and the callee."""
        return f"{self.at.astimezone():%H:%M:%S} {self.caller or 'unknown'} → {self.callee or 'unknown'}"


@dataclass(frozen=True, slots=True)
class Ladder:
    """What is shown: lanes from left to right, and steps from top to bottom."""

    lanes: tuple[str, ...]
    steps: tuple[Step, ...]
    hidden: int
    """Steps that the filters let through and for which there is no room."""


class LadderModel(Model):
    """The steps of a sequence diagram: ``handle`` takes events, ``handle_wire`` wire messages, ``ladder()`` returns it.

    Wire messages become steps between this side and the system; events become steps between the system and the parties
    of a call. Without wire messages, events stand for what the system pushed. Knows no widgets.
    """

    def __init__(self, lines: Mapping[str, HasSnapshot], *, kept: int = KEPT) -> None:
        """Name lines by these."""
        self.call = ""
        """The call that is shown alone, a key of ``calls``; empty is everything."""
        self.wire = True
        """Whether messages between this side and the system are shown."""
        self.parties = True
        """Whether what the parties of calls do is shown."""
        self.lines = lines
        """By which lanes are named."""
        self._steps: deque[Step] = deque(maxlen=kept)
        self._calls: OrderedDict[str, LadderCall] = OrderedDict()
        self._roots: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._has_wire = False
        self._count = 0

    # ------------------------------------------------------------------------------------------------------ events

    def handle_wire(self, message: WireMessage) -> None:
        """Process one wire message."""
        self._has_wire = True
        text = message.what.partition("?")[0]
        if message.sent:
            self._add(message.at, CLIENT, SYSTEM, REQUEST, text, message=message)
        elif message.status is not None:
            failed = message.status >= 400
            self._add(message.at, SYSTEM, CLIENT, ANSWER, f"{message.status} {text}", failed=failed, message=message)
        else:
            self._add(message.at, SYSTEM, CLIENT, PUSHED, text, message=message)

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            text = words(event.status) + (f": {event.reason}" if event.reason else "")
            self._add(event.at, SYSTEM, CLIENT, STATUS, text, failed=bool(event.reason))
        elif isinstance(event, CallEvent):
            call = self._call_of(event)
            if not self._has_wire:
                name = f"{type(event).__name__} {self.lane(event.line).partition(' ')[0]}"
                self._add(event.at, SYSTEM, CLIENT, PUSHED, name, call)
            self._signal(event, call)

    def _call_of(self, event: CallEvent) -> str:
        call = event.call
        earlier = (
            call.ref,
            f"{event.line}\0{call.id}",
            *([event.previous.ref] if isinstance(event, CallChanged) else []),
        )
        key = next((self._roots[one] for one in earlier if one in self._roots), call.ref)
        known = self._calls.get(key)
        if known is None:
            known = self._calls[key] = LadderCall(key, event.at)
            if len(self._calls) > MOST_CALLS:
                _, gone = self._calls.popitem(last=False)
                self._roots = {ref: root for ref, root in self._roots.items() if root != gone.key}
        known.refs.add(call.ref)
        self._roots[call.ref] = self._roots[f"{event.line}\0{call.id}"] = key
        own, other = self.lane(event.line), ", ".join(self._party_lane(party) for party in call.parties)
        if call.direction is Direction.OUTGOING:
            known.caller, known.callee = known.caller or own, known.callee or other
        elif call.direction is Direction.INCOMING:
            known.caller, known.callee = known.caller or other, known.callee or own
        return key

    def _signal(self, event: CallEvent, key: str) -> None:
        """Add the steps between the parties and the system that an event implies."""
        call, own = event.call, self.lane(event.line)
        others = [self._party_lane(party) for party in call.parties]
        whom = ", ".join(map(_short, others)) or "unknown"
        outside = [lane for lane, party in zip(others, call.parties, strict=True) if not self._monitored(party)]
        incoming = call.direction is Direction.INCOMING
        former = event.previous if isinstance(event, CallChanged) else None

        def receives(text: str, lane: str = own, *, failed: bool = False) -> None:
            self._add(event.at, SYSTEM, lane, CALL, text, key, failed=failed)

        def does(text: str, lane: str = own) -> None:
            self._add(event.at, lane, SYSTEM, CALL, text, key)

        if isinstance(event, CallEnded):
            outcome = words(call.outcome) if call.outcome is not None else "ended"
            receives(f"ended: {outcome}", failed=outcome in {"missed", "failed", "rejected", "busy"})
            for lane in outside:
                receives("ended", lane)
            return
        if former is not None and former.state is call.state:
            if former.parties != call.parties:
                receives(f"now with {whom}")
            return
        if isinstance(event, CallStarted) and incoming:
            for lane in outside:
                does(f"calls {_short(own)}", lane)
        if call.state is CallState.DIALING:
            does(f"dials {_dialled(call) or whom}")
        elif call.state is CallState.RINGING_OUTGOING:
            if former is None:
                does(f"calls {_dialled(call) or whom}")
            else:
                receives(f"it rings at {whom}")
            for lane in outside:
                receives(f"rings, from {_short(own)}", lane)
        elif call.state is CallState.RINGING_INCOMING:
            receives(f"rings, from {whom}")
        elif call.state is CallState.HELD:
            does("holds")
        elif call.state is CallState.ACTIVE:
            self._became_active(former, incoming, outside, whom, receives, does)

    @staticmethod
    def _became_active(
        former: CallSnapshot | None,
        incoming: bool,
        outside: list[str],
        whom: str,
        receives: Callable[..., None],
        does: Callable[..., None],
    ) -> None:
        if former is None:
            receives(f"is in a call with {whom}")
        elif former.state is CallState.HELD:
            does("retrieves")
        elif former.state is CallState.RINGING_INCOMING:
            does("answers")
            for lane in outside:
                receives("is answered", lane)
        else:
            if not incoming:
                for lane in outside:
                    does("answers", lane)
            receives(f"is connected to {whom}")

    def _add(
        self,
        at: datetime,
        source: str,
        target: str,
        kind: str,
        text: str,
        call: str = "",
        *,
        failed: bool = False,
        message: WireMessage | None = None,
    ) -> None:
        self._count += 1
        self._steps.append(Step(self._count, at, source, target, kind, text, call, failed, message))
        self._notify()

    # ------------------------------------------------------------------------------------------------------- names

    def lane(self, line: str) -> str:
        """The name of a line's lane: its number and name."""
        known = self.lines.get(line)
        if known is not None:
            self._names[line] = titled(known.snapshot.number, known.snapshot.name, line)
        return self._names.get(line) or line

    def _party_lane(self, party: Party) -> str:
        line = self._line_of(party)
        if line is not None:
            return self.lane(line)
        if party.number and party.name and party.name != party.number:
            return f"{party.number} {party.name}"
        return party.label

    def _monitored(self, party: Party) -> bool:
        return self._line_of(party) is not None

    def _line_of(self, party: Party) -> str | None:
        if party.login is not None and party.login in self.lines:
            return party.login
        if party.number is None:
            return None
        return next((key for key, line in self.lines.items() if line.snapshot.number == party.number), None)

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def calls(self) -> tuple[LadderCall, ...]:
        """The calls that can be chosen, the oldest first."""
        return tuple(self._calls.values())

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step that is kept, shown or not, the oldest first."""
        return tuple(self._steps)

    def clear(self) -> None:
        """Clear everything."""
        self._steps.clear()
        self._calls.clear()
        self._roots.clear()
        self.call = ""
        self._notify()

    def visible(self) -> list[Step]:
        """The steps that the filters let through, the oldest first."""
        steps = [
            step
            for step in self._steps
            if (self.wire if step.kind in _WIRE else self.parties if step.kind == CALL else True)
        ]
        if not self.call:
            return steps
        chosen = self._calls.get(self.call)
        if chosen is None:
            return []
        # A request that makes a call does not name it yet; its answer does, and they share their exchange.
        named = {step.number for step in steps if step.call == chosen.key or _names(step.message, chosen.refs)}
        exchanges = {
            step.message.exchange
            for step in steps
            if step.number in named and step.message is not None and step.message.exchange is not None
        }
        return [
            step
            for step in steps
            if step.number in named or (step.message is not None and step.message.exchange in exchanges)
        ]

    def ladder(self, most: int = 80) -> Ladder:
        """What is shown: the newest ``most`` steps, as far as there is room for their lanes."""
        visible = self.visible()
        chosen: list[Step] = []
        lanes: set[str] = set()
        for step in reversed(visible):
            parties = {step.source, step.target} - {CLIENT, SYSTEM}
            if len(chosen) >= most:
                break
            if len(lanes | parties) <= MOST_LANES:
                lanes |= parties
                chosen.append(step)
        chosen.reverse()
        return Ladder(self._order(chosen), tuple(chosen), len(visible) - len(chosen))

    def _order(self, steps: list[Step]) -> tuple[str, ...]:
        """This side, the system, then the parties; without wire messages, callers are left of the system."""
        seen: list[str] = []
        left: list[str] = []
        client = False
        for step in steps:
            for lane in (step.source, step.target):
                if lane == CLIENT:
                    client = True
                elif lane != SYSTEM and lane not in seen:
                    seen.append(lane)
                    if lane == step.source:
                        left.append(lane)
        if client:
            return (CLIENT, SYSTEM, *seen)
        return (*left, SYSTEM, *(lane for lane in seen if lane not in left)) if seen else ()

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the steps that the filters let through as rows."""
        from ..dataframes import COUNT, TEXT, TIME, WORD, table

        columns = {
            "number": COUNT,
            "at": TIME,
            "kind": WORD,
            "from": TEXT,
            "to": TEXT,
            "text": TEXT,
            "call": TEXT,
            "detail": TEXT,
        }
        return table(
            columns,
            [
                (step.number, step.at, step.kind, step.source, step.target, step.text, step.call or None, step.detail)
                for step in self.visible()
            ],
        )


def _short(lane: str) -> str:
    """The number of a lane if it has one, because the head of the lane shows its name."""
    number = lane.partition(" ")[0]
    return number if number.isdigit() else lane


def _dialled(call: CallSnapshot) -> str:
    party = call.called
    return (party.number or "") if party is not None else ""


def _names(message: WireMessage | None, refs: set[str]) -> bool:
    """Whether a message names one of these calls: in its body as a value, or in its path."""
    if message is None:
        return False
    return any(
        f'"{ref}"' in message.body or f">{ref}<" in message.body or f"/{ref}" in message.what for ref in refs if ref
    )
