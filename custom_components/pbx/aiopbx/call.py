"""A call as one line sees it: a handle that reads the newest snapshot and acts on it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Unpack

from .errors import ActionNotAllowed, CallOver, InvalidInput, UnknownCall
from .loops import owned
from .model import (
    Action,
    CallSnapshot,
    CallState,
    Direction,
    Feature,
    Leg,
    Outcome,
    Party,
    Recording,
    Trunk,
)
from .ports import DialKeywords, DialOptions

if TYPE_CHECKING:
    from .line import Line

VOICEMAIL: Final = "VOICEMAIL"
"""Where ``Call.redirect`` sends a call to the line's voicemail."""
DVA: Final = "DVA"
"""Where ``Call.redirect`` sends a call to the automated attendant."""

_FEATURE: Final[dict[Action, Feature]] = {
    Action.ANSWER: Feature.ANSWER,
    Action.HANG_UP: Feature.HANG_UP,
    Action.END: Feature.HANG_UP,
    Action.HOLD: Feature.CALL_CONTROL,
    Action.RETRIEVE: Feature.CALL_CONTROL,
    Action.ALTERNATE: Feature.CALL_CONTROL,
    Action.RECONNECT: Feature.CALL_CONTROL,
    Action.CONSULT: Feature.CALL_CONTROL,
    Action.TRANSFER: Feature.TRANSFER,
    Action.BLIND_TRANSFER: Feature.TRANSFER,
    Action.MERGE: Feature.CONFERENCE,
    Action.DROP_PARTICIPANT: Feature.CONFERENCE,
    Action.ADD_PARTY: Feature.CONFERENCE,
    Action.REDIRECT: Feature.REDIRECT,
    Action.REDIRECT_TO_VOICEMAIL: Feature.REDIRECT,
    Action.REDIRECT_TO_DVA: Feature.REDIRECT,
    Action.OVERFLOW_TO_VOICEMAIL: Feature.REDIRECT,
    Action.PARK: Feature.PARK,
    Action.SEND_DTMF: Feature.DTMF,
    Action.CALL_BACK: Feature.CALL_BACK,
    Action.INTRUDE: Feature.CALL_CONTROL,
    Action.SWITCH_DEVICE: Feature.SWITCH_DEVICE,
    Action.START_RECORDING: Feature.RECORDING,
    Action.STOP_RECORDING: Feature.RECORDING,
    Action.PAUSE_RECORDING: Feature.RECORDING,
    Action.RESUME_RECORDING: Feature.RECORDING,
}
_RECORDING: Final = {
    "start": Action.START_RECORDING,
    "stop": Action.STOP_RECORDING,
    "pause": Action.PAUSE_RECORDING,
    "resume": Action.RESUME_RECORDING,
}
_WITHOUT_EVENT: Final = frozenset({Action.SEND_DTMF, Action.CALL_BACK})
"""What changes nothing that an event would report."""

_WORDS: Final = {VOICEMAIL: Action.REDIRECT_TO_VOICEMAIL, DVA: Action.REDIRECT_TO_DVA}


class Call:
    """A handle on one call of one line.

    It always shows the newest snapshot, keeps its ``id`` when the server renames the call, and after the end shows how
    it ended. An action raises ``NotSupported`` (the system, line or licence cannot do it), ``ActionNotAllowed`` (the
    call does not offer it now), ``InvalidInput`` (a value cannot be used), ``PolicyViolation`` or ``Offline`` before
    anything is sent; afterwards ``RequestRefused`` with the server's reason, or ``OutcomeUnknown``. It returns when
    the server has accepted it; the events say what came of it. All coroutines may be awaited from any event loop.
    """

    __slots__ = ("__weakref__", "_last", "_line")

    def __init__(self, line: "Line", snapshot: CallSnapshot) -> None:
        """Made by ``Line.calls``, ``Line.dial`` and ``Pbx.call`` only."""
        self._line = line
        self._last = snapshot

    def __repr__(self) -> str:
        """Say which call it is and how it stands."""
        call = self.snapshot
        state = f"ended {call.outcome}" if call.ended else call.state
        with_whom = f" with {call.party.label!r}" if call.party else ""
        return f"<Call {call.id} of {call.line}: {state}{with_whom}>"

    def _repr_html_(self) -> str:
        return self.snapshot._repr_html_()

    # What it is

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._line.loop

    @property
    def snapshot(self) -> CallSnapshot:
        """The newest snapshot: frozen, safe to keep and to compare. After the end, the last one."""
        if self._last.outcome is None:
            for call in self._line.snapshot.calls:
                if call.id == self._last.id:
                    self._last = call
                    break
        return self._last

    def _finish(self, snapshot: CallSnapshot) -> None:
        """Keep the last snapshot of a call that has ended."""
        self._last = snapshot

    @property
    def line(self) -> "Line":
        """The line whose call this is."""
        return self._line

    @property
    def id(self) -> str:
        """Stays the same for the life of the call."""
        return self._last.id

    @property
    def ref(self) -> str:
        """The server's reference now."""
        return self.snapshot.ref

    @property
    def state(self) -> CallState:
        """State of the call."""
        return self.snapshot.state

    @property
    def direction(self) -> Direction:
        """Who called whom; unknown where a resynchronisation could not say."""
        return self.snapshot.direction

    @property
    def parties(self) -> tuple[Party, ...]:
        """The others: one in a call of two, several in a conference."""
        return self.snapshot.parties

    @property
    def party(self) -> Party | None:
        """The other party of a call of two, the first of a conference."""
        return self.snapshot.party

    @property
    def called(self) -> Party | None:
        """Whom the caller dialled first."""
        return self.snapshot.called

    @property
    def conference(self) -> bool:
        """Whether there are at least three parties, the line's own among them."""
        return self.snapshot.conference

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The line's devices in the call, and what each allows."""
        return self.snapshot.legs

    @property
    def actions(self) -> frozenset[Action]:
        """What the server allows now. Everything else raises ``ActionNotAllowed``."""
        return self.snapshot.actions

    @property
    def own_actions(self) -> frozenset[Action]:
        """What the server allows on the call itself, without its legs."""
        return self.snapshot.own_actions

    @property
    def started_at(self) -> datetime | None:
        """UTC by the client's clock; None where it was not seen."""
        return self.snapshot.started_at

    @property
    def answered_at(self) -> datetime | None:
        """UTC by the client's clock; None where it was not seen."""
        return self.snapshot.answered_at

    @property
    def ended_at(self) -> datetime | None:
        """UTC by the client's clock; None where it was not seen."""
        return self.snapshot.ended_at

    @property
    def answered(self) -> bool:
        """Whether it was ever active."""
        return self.snapshot.answered

    @property
    def cause(self) -> str | None:
        """The last cause that the server named, in its own word."""
        return self.snapshot.cause

    @property
    def end_cause(self) -> str | None:
        """The cause that the server named for its end."""
        return self.snapshot.end_cause

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None until then."""
        return self.snapshot.outcome

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.snapshot.ended

    @property
    def recording(self) -> Recording | None:
        """State of the recording; None where it is not recorded."""
        return self.snapshot.recording

    @property
    def anonymous(self) -> bool:
        """Whether the caller's identity is secret."""
        return self.snapshot.anonymous

    @property
    def redirected_by(self) -> Party | None:
        """Who redirected it last, where the system says so."""
        return self.snapshot.redirected_by

    @property
    def trunk(self) -> Trunk | None:
        """The trunk that it comes in over, where the system says so."""
        return self.snapshot.trunk

    @property
    def associated_data(self) -> str | None:
        """Data that applications attached to the call."""
        return self.snapshot.associated_data

    @property
    def account_info(self) -> str | None:
        """The transaction code attached to the call."""
        return self.snapshot.account_info

    @property
    def queue_wait(self) -> int | None:
        """Seconds waited in a call centre's queue."""
        return self.snapshot.queue_wait

    @property
    def replaced_by(self) -> str | None:
        """The ``ref`` of the call that took over when this one ended."""
        return self.snapshot.replaced_by

    @property
    def new_destination(self) -> str | None:
        """Where it was forwarded or redirected, as a number."""
        return self.snapshot.new_destination

    @property
    def ring_seconds(self) -> float | None:
        """Seconds that it rang until it was answered or ended. See ``CallSnapshot``."""
        return self.snapshot.ring_seconds

    @property
    def talk_seconds(self) -> float | None:
        """Seconds that it was answered. See ``CallSnapshot``."""
        return self.snapshot.talk_seconds

    # What can be done with it

    @owned
    async def answer(self, device: str | None = None) -> None:
        """Answer the ringing call, on this device (None: the first that rings). O2G: POST …/answer."""
        call = self._offer(Action.ANSWER)
        chosen = self._device(call, Action.ANSWER, device)
        await self._line._commands.answer(self._line.snapshot, call, chosen)

    @owned
    async def hang_up(self) -> None:
        """Leave the call. Others go on without the line; a call of two is over.

        Only where a call of two offers nothing else is it ended for both. O2G: POST …/dropme, else DELETE of the call.
        """
        call = self._offer(Action.HANG_UP)
        leave = Action.HANG_UP in call.own_actions or any(Action.HANG_UP in leg.actions for leg in call.legs)
        if leave:
            await self._line._commands.leave(self._line.snapshot, call)
        else:
            await self._line._commands.end(self._line.snapshot, call)

    @owned
    async def end(self) -> None:
        """End the call for everyone in it. O2G: DELETE of the call."""
        call = self._offer(Action.END)
        await self._line._commands.end(self._line.snapshot, call)

    @owned
    async def hold(self, device: str | None = None) -> None:
        """Put the call on hold. O2G: POST …/hold."""
        call = self._offer(Action.HOLD)
        chosen = self._device(call, Action.HOLD, device)
        await self._line._commands.hold(self._line.snapshot, call, chosen)

    @owned
    async def retrieve(self, device: str | None = None) -> None:
        """Take the call back from hold. O2G: POST …/retrieve."""
        call = self._offer(Action.RETRIEVE)
        chosen = self._device(call, Action.RETRIEVE, device)
        await self._line._commands.retrieve(self._line.snapshot, call, chosen)

    @owned
    async def alternate(self, device: str | None = None) -> None:
        """Swap: the held call becomes active, the active one held. On either of the two. O2G: POST …/alternate."""
        call = self.snapshot
        if Action.ALTERNATE not in call.actions and not call.ended:
            call = self._other(lambda other: Action.ALTERNATE in other.actions) or call
        self._offer(Action.ALTERNATE, call)
        chosen = self._device(call, Action.RETRIEVE, device)
        await self._line._commands.alternate(self._line.snapshot, call, chosen)

    @owned
    async def reconnect(self, device: str | None = None) -> None:
        """Give the consultation up: its call ends, the held one is active again. On either. O2G: POST …/reconnect."""
        call, enquiry = self.snapshot, None
        if Action.RECONNECT not in call.actions and not call.ended:
            held = self._other(lambda other: Action.RECONNECT in other.actions)
            if held is not None:
                call, enquiry = held, call
        self._offer(Action.RECONNECT, call)
        if enquiry is None:
            enquiry = self._other(lambda other: other.state is not CallState.HELD)
        if enquiry is None:
            raise ActionNotAllowed(Action.RECONNECT, (), where="the line has no consultation call; the call")
        chosen = self._device(call, Action.RECONNECT, device)
        other = enquiry
        await self._line._commands.reconnect(self._line.snapshot, call, other, chosen)

    @owned
    async def consult(
        self,
        number: str,
        *,
        timeout: float = 10.0,
        **options: Unpack[DialKeywords],
    ) -> "Call | None":
        """Call someone while this call waits; the options are those of ``Line.dial``. O2G: POST /telephony/calls.

        Returns the consultation call that its events name, or none after ``timeout`` seconds. Afterwards ``transfer``,
        ``merge``, ``alternate`` or ``reconnect`` say what becomes of the two.
        """
        self._line._check_dial(number, DialOptions(**options))
        call = self._offer(Action.CONSULT)
        if options.get("device") is None:
            devices = {one.id: one for one in self._line.snapshot.devices}
            for leg in call.legs:
                if leg.device in devices and Action.DIAL in devices[leg.device].actions:
                    options["device"] = leg.device
                    break
        return await self._line._dial(number, DialOptions(**options), timeout, held=call)

    @owned
    async def transfer(self, to: "Call | None" = None) -> None:
        """Connect the other parties of this call and of ``to``, and leave both. O2G: POST …/transfer.

        One of the two is active, the other held, in either order; None is the line's only other call.
        """
        active, held = self._pair(Action.TRANSFER, to)
        await self._line._commands.transfer(self._line.snapshot, active, held)

    @owned
    async def blind_transfer(self, number: str, *, anonymous: bool = False) -> None:
        """Send the other party to a number without asking there first. O2G: POST …/blindtransfer."""
        read = self._line._check_number(number)
        call = self._offer(Action.BLIND_TRANSFER)
        await self._line._spend(read)
        await self._line._commands.blind_transfer(self._line.snapshot, call, read.wire, anonymous)

    @owned
    async def redirect(self, to: str, *, anonymous: bool = False) -> None:
        """Send the ringing call to a number, ``"VOICEMAIL"`` or ``"DVA"``. O2G: POST …/redirect."""
        action = _WORDS.get(to, Action.REDIRECT) if isinstance(to, str) else Action.REDIRECT
        read = self._line._check_number(to, field="to") if action is Action.REDIRECT else None
        call = self._offer(action)
        if read is not None:
            await self._line._spend(read, field="to")
            to = read.wire
        await self._line._commands.redirect(self._line.snapshot, call, to, anonymous)

    @owned
    async def merge(self, other: "Call | None" = None) -> None:
        """Make a conference of this call and another of the line. O2G: POST …/merge.

        One of the two is active, the other held, in either order; None is the line's only other call.
        """
        active, held = self._pair(Action.MERGE, other)
        await self._line._commands.merge(self._line.snapshot, active, held)

    @owned
    async def add_party(self, number: str) -> None:
        """Call someone into this call, which becomes a conference. myRCC: POST …/addParty."""
        read = self._line._check_number(number)
        call = self._offer(Action.ADD_PARTY)
        await self._line._spend(read)
        await self._line._commands.add_party(self._line.snapshot, call, read.wire)

    @owned
    async def drop(self, party: Party | str) -> None:
        """Drop a participant of a conference, by party, id or number. O2G: DELETE …/participants/{id}."""
        call = self._offer(Action.DROP_PARTICIPANT)
        wanted = party.id if isinstance(party, Party) else party
        found = next((one for one in call.parties if wanted in (one.id, one.number)), None)
        if found is None:
            raise InvalidInput(
                "party",
                f"{wanted!r} is not in this call.",
                remedy="It has: " + ", ".join(one.number or one.id for one in call.parties) + ".",
            )
        if not found.droppable:
            raise ActionNotAllowed(Action.DROP_PARTICIPANT, (), where=f"the participant {found.label}")
        who = found.id
        await self._line._commands.drop(self._line.snapshot, call, who)

    @owned
    async def overflow_to_voicemail(self) -> None:
        """Send a call that rings at the other end to that user's voicemail. O2G: POST …/overflowToVoiceMail."""
        call = self._offer(Action.OVERFLOW_TO_VOICEMAIL)
        await self._line._commands.overflow_to_voicemail(self._line.snapshot, call)

    @owned
    async def park(self, at: str | None = None) -> None:
        """Park the call at a device's number (None: the own one), for anybody to unpark. O2G: POST …/park."""
        if at is not None:
            at = self._line._read_number(at, field="at").wire
        call = self._offer(Action.PARK)
        await self._line._commands.park(self._line.snapshot, call, at)

    @owned
    async def send_dtmf(self, digits: str, device: str | None = None) -> None:
        """Send tones: ``0`` to ``9``, ``A`` to ``D``, ``*`` and ``#``. O2G: POST …/sendDtmf."""
        self._line._commands.check_digits(digits)
        call = self._offer(Action.SEND_DTMF)
        chosen = self._device(call, Action.SEND_DTMF, device)
        await self._line._commands.send_dtmf(self._line.snapshot, call, chosen, digits)

    @owned
    async def start_recording(self) -> None:
        """Record the call. O2G: POST …/recording?action=start."""
        await self._record("start")

    @owned
    async def stop_recording(self) -> None:
        """Record no longer. O2G: POST …/recording?action=stop."""
        await self._record("stop")

    @owned
    async def pause_recording(self) -> None:
        """Pause the recording. O2G: POST …/recording?action=pause."""
        await self._record("pause")

    @owned
    async def resume_recording(self) -> None:
        """Go on recording. O2G: POST …/recording?action=resume."""
        await self._record("resume")

    @owned
    async def attach_data(self, data: str) -> None:
        """Associate data with the call, 32 bytes at most. O2G: POST …/attachdata."""
        self._line._commands.check_data(data)
        call = self._alive(Feature.ASSOCIATED_DATA)
        device = self._any_device(call)
        await self._line._commands.attach_data(self._line.snapshot, call, device, data)

    @owned
    async def send_account_info(self, code: str) -> None:
        """Send a transaction code (digits), as agents do at the end of a call. O2G: POST …/sendaccountinfo."""
        if not (code.isascii() and code.isdigit()):
            raise InvalidInput("code", f"{code!r} is not a transaction code.", remedy="Use digits only.")
        call = self._alive(Feature.ASSOCIATED_DATA)
        device = self._any_device(call)
        await self._line._commands.send_account_info(self._line.snapshot, call, device, code)

    @owned
    async def call_back(self) -> None:
        """Ask the called user, who is busy or does not answer, to call back. O2G: POST …/callback."""
        call = self._offer(Action.CALL_BACK)
        await self._line._commands.call_back(self._line.snapshot, call)

    @owned
    async def intrude(self) -> None:
        """Break into the call of the called user, who is busy. O2G: POST /telephony/devices/{deviceId}/intrusion."""
        call = self._offer(Action.INTRUDE)
        await self._line._commands.intrude(self._line.snapshot, call, self._any_device(call))

    @owned
    async def switch_device(self, device: str) -> None:
        """Move the call to another device of the line. O2G: POST …/deviceLegs/{legId}."""
        self._line._check_device(device)
        call = self._offer(Action.SWITCH_DEVICE)
        leg = self._device(call, Action.SWITCH_DEVICE, None)
        await self._line._commands.switch_device(self._line.snapshot, call, leg, device)

    @owned
    async def wait_for(
        self, what: CallState | Outcome | Callable[[CallSnapshot], bool], *, timeout: float | None = None
    ) -> CallSnapshot:
        """Wait until the call is in this state, ends like this, or fulfils this; the snapshot that did is returned.

        Raises ``CallOver`` if the call ends before, ``TimeoutError`` after ``timeout`` seconds (None: never), and
        ``Offline`` if the client is closed meanwhile. While the connection is lost it goes on waiting: after it is
        back, the resynchronisation finds it.
        """
        if isinstance(what, CallState):
            state = what
            wanted: Callable[[CallSnapshot], bool] = lambda call: not call.ended and call.state is state  # noqa: E731
            words = f"was {state}"
        elif isinstance(what, Outcome):
            outcome = what
            wanted = lambda call: call.outcome is outcome  # noqa: E731
            words = f"ended {outcome}"
        else:
            wanted, words = what, "fulfilled the condition"

        def look(call: CallSnapshot) -> CallSnapshot | None:
            if call.id != self.id:
                return None
            if wanted(call):
                return call
            if call.outcome is not None:
                how = call.outcome.value
                raise CallOver(f"The call ended ({how}) before it {words}.", outcome=how)
            return None

        return await self._line._wait_for(look, (self.snapshot,), timeout, f"Call {self.id} never {words}")

    # The checks that stand before every action

    def _alive(self, feature: Feature) -> CallSnapshot:
        """The snapshot, if this may be done at all and the call is in progress."""
        self._line._require(feature)
        call = self.snapshot
        if call.ended:
            raise UnknownCall(
                f"The call {call.id} has ended ({call.outcome}).", remedy="Nothing can be done with it any more."
            )
        self._line._require_online()
        return call

    def _offer(self, action: Action, call: CallSnapshot | None = None) -> CallSnapshot:
        """The snapshot, if the call offers this now."""
        own = self._alive(_FEATURE[action])
        call = call or own
        if action not in call.actions:
            raise ActionNotAllowed(action, call.actions)
        if action not in _WITHOUT_EVENT:
            self._line._expect_event()
        return call

    def _device(self, call: CallSnapshot, action: Action, device: str | None) -> str:
        """The device to do this on: the one that was named, else the first whose leg offers it."""
        if device is not None:
            self._line._check_device(device)
            for leg in call.legs:
                if leg.device == device:
                    if action in leg.actions:
                        return device
                    raise ActionNotAllowed(action, leg.actions, where=f"device {device}")
            raise ActionNotAllowed(action, (), where=f"device {device} is not in the call and")
        for leg in call.legs:
            if action in leg.actions:
                return leg.device
        return self._any_device(call)

    def _any_device(self, call: CallSnapshot) -> str:
        return call.legs[0].device if call.legs else self._line._main_device()

    def _other(self, wanted: Callable[[CallSnapshot], bool]) -> CallSnapshot | None:
        """Another call of the line that is like this."""
        for other in self._line.snapshot.calls:
            if other.id != self.id and wanted(other):
                return other
        return None

    def _pair(self, action: Action, to: "Call | None") -> tuple[CallSnapshot, CallSnapshot]:
        """The active and the held call of a transfer or a conference."""
        call = self._alive(_FEATURE[action])
        if to is None:
            others = [other for other in self._line.snapshot.calls if other.id != call.id]
            if len(others) != 1:
                raise InvalidInput(
                    "to",
                    f"the line has {len(others)} other calls.",
                    remedy="Name the one to take." if others else "Consult someone first.",
                )
            second = others[0]
        else:
            if to._line is not self._line or to.id == self.id:
                raise InvalidInput("to", "this is not another call of the same line.", remedy="Take one of line.calls.")
            second = to._alive(_FEATURE[action])
        active, held = (second, call) if call.state is CallState.HELD else (call, second)
        if action not in active.actions and action not in held.actions:
            raise ActionNotAllowed(action, active.actions)
        return active, held

    async def _record(self, word: str) -> None:
        call = self._offer(_RECORDING[word])
        await self._line._commands.record(self._line.snapshot, call, word)
