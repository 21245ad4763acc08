"""A monitored line: a handle that reads the newest snapshot, dials, and says how calls reach it."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, Unpack, overload
from weakref import WeakValueDictionary

from msgspec.structs import replace

from .agent import Agent
from .call import Call
from .call_log import CallLog
from .errors import ActionNotAllowed, InvalidInput, Offline, OutcomeUnknown, UnknownCall
from .events import CallEnded, CallEvent, CallStarted, Event, StatusChanged
from .loops import owned
from .mailbox import Mailbox, Voicemails, choose
from .model import (
    Action,
    CallerId,
    CallerIdChoice,
    CallSnapshot,
    CallState,
    Condition,
    Counters,
    Device,
    Direction,
    Feature,
    Forward,
    LineSnapshot,
    LineState,
    Overflow,
    Status,
    Target,
)
from .numbers import Number
from .ports import DialKeywords, DialOptions
from .preferences import Desk
from .records import CallbackRequest, LogFilter, MailboxKey, MailboxSnapshot
from .slips import checked
from .store import Callback, E, Kind
from .telephone import Telephone

if TYPE_CHECKING:
    from .pbx import Pbx

T = TypeVar("T")

_NO_ACTIONS: frozenset[Action] = frozenset()


class Line(Desk):
    """A handle on one line: a user, extension or terminal.

    It always shows the newest snapshot. Actions raise ``NotSupported``, ``ActionNotAllowed``, ``InvalidInput``,
    ``PolicyViolation`` or ``Offline`` before anything is sent; afterwards ``RequestRefused`` with the server's reason,
    or ``OutcomeUnknown``. All coroutines may be awaited from any event loop.
    """

    __slots__ = ("_calls", "_pbx")

    def __init__(self, pbx: "Pbx", snapshot: LineSnapshot) -> None:
        """Made by ``Pbx.lines`` only."""
        super().__init__(pbx._core, snapshot)
        self._pbx = pbx
        self._calls: WeakValueDictionary[str, Call] = WeakValueDictionary()

    def __repr__(self) -> str:
        """Say which line it is and how it stands."""
        line = self.snapshot
        return f"<Line {line.id} {line.number} {line.name!r}: {line.state}>"

    def _repr_html_(self) -> str:
        return self.snapshot._repr_html_()

    # What it is

    @property
    def pbx(self) -> "Pbx":
        """The system this line belongs to."""
        return self._pbx

    @property
    def number(self) -> str:
        """Its telephone number."""
        return self.snapshot.number

    @property
    def name(self) -> str:
        """The name of the person or place."""
        return self.snapshot.name

    @property
    def state(self) -> LineState:
        """Derived from all calls, the devices and the user."""
        return self.snapshot.state

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls in progress, in the order in which they came."""
        line = self.snapshot
        return tuple(self._call(call) for call in line.calls)

    @property
    def devices(self) -> tuple[Device, ...]:
        """Its telephones."""
        return self.snapshot.devices

    @property
    def in_service(self) -> bool | None:
        """Whether any device is in service; None where that is not known."""
        return self.snapshot.in_service

    @property
    def do_not_disturb(self) -> bool | None:
        """Whether calls are refused; None where that is not known."""
        routing = self.snapshot.routing
        return routing.do_not_disturb if routing else None

    @property
    def forward(self) -> Forward | None:
        """Where calls are forwarded; None is not set, or not known yet."""
        routing = self.snapshot.routing
        return routing.forward if routing else None

    @property
    def overflow(self) -> Overflow | None:
        """Where calls go that are not taken; None is not set, or not known yet."""
        routing = self.snapshot.routing
        return routing.overflow if routing else None

    @property
    def remote_extension(self) -> bool | None:
        """Whether the remote extension rings too; None where there is none, or that is not known yet."""
        routing = self.snapshot.routing
        return routing.remote_extension if routing else None

    @property
    def counters(self) -> Counters:
        """What waits for the user; a counter that is None is not known."""
        return self.snapshot.counters

    @property
    def caller_id(self) -> CallerId | None:
        """The number that others see; None where that is not known."""
        return self.snapshot.caller_id

    @property
    def actions(self) -> frozenset[Action]:
        """What may be started on its devices now."""
        devices = self.snapshot.devices
        return _NO_ACTIONS.union(*(device.actions for device in devices))

    @property
    def synced(self) -> bool:
        """Whether what stands here was confirmed since the last loss of the connection."""
        return self.snapshot.synced

    @overload
    def subscribe(self, callback: Callable[[Event], None], *, kind: None = None) -> Callable[[], None]: ...
    @overload
    def subscribe(
        self, callback: Callable[[E], None], *, kind: type[E] | tuple[type[E], ...]
    ) -> Callable[[], None]: ...
    @checked
    def subscribe(self, callback: Callback, *, kind: Kind = None) -> Callable[[], None]:
        """Call ``callback`` for every event of the line; see ``Pbx.subscribe``."""
        return self._core.store.subscribers.add(callback, line=self.id, kind=kind)

    def _call(self, snapshot: CallSnapshot) -> Call:
        """The handle of a call: the same one for as long as someone holds it."""
        call = self._calls.get(snapshot.id)
        if call is None or call._last.outcome is not None:
            call = Call(self, snapshot)
            if snapshot.outcome is None:
                self._calls[snapshot.id] = call
        return call

    def _finish(self, snapshot: CallSnapshot) -> None:
        """Let the handle of a call that has ended keep its last snapshot."""
        call = self._calls.pop(snapshot.id, None)
        if call is not None:
            call._finish(snapshot)

    # Calls

    @owned
    async def dial(
        self,
        number: str,
        *,
        timeout: float = 10.0,
        **options: Unpack[DialKeywords],
    ) -> Call | None:
        """Call a number from this line, and return the call that the events name. O2G: POST /telephony/calls.

        ``device`` is the telephone that dials (left out: the first that can); ``auto_answer`` takes it off the hook at
        once, which is usual, else it rings first. ``pin`` and ``secret_code`` make it a private call, ``business_code``
        one on a cost centre; ``associated_data`` (32 bytes at most) goes with a regular one. ``calling_number`` is what
        an outside party sees. None is returned when no event named the call within ``timeout`` seconds of the server's
        answer, and where a licence shows no events. Never repeated: where the server did not answer and no event came,
        ``OutcomeUnknown`` is raised.
        """
        return await self._dial(number, DialOptions(**options), timeout)

    @owned
    async def answer(self, *, device: str | None = None) -> None:
        """Answer the call that rings, whichever it is; also with a licence that shows no calls.

        O2G: POST …/answer, with TELEPHONY_BASIC POST /telephony/basicCall/answer.
        """
        self._require(Feature.ANSWER)
        if Feature.CALL_EVENTS in self.features:
            await self._choose(Action.ANSWER, CallState.RINGING_INCOMING).answer(device)
            return
        chosen = self._named_device(device)
        self._require_online()
        await self._commands.answer(self.snapshot, None, chosen)

    @owned
    async def hang_up(self) -> None:
        """Leave the call one is in, whichever it is; also with a licence that shows no calls.

        Of several the active one is left, else the one that rings. O2G: as ``Call.hang_up``, with TELEPHONY_BASIC
        POST /telephony/basicCall/dropme.
        """
        self._require(Feature.HANG_UP)
        if Feature.CALL_EVENTS in self.features:
            await self._choose(Action.HANG_UP, CallState.ACTIVE).hang_up()
            return
        self._require_online()
        await self._commands.leave(self.snapshot, None)

    @owned
    async def wait_for_call(
        self,
        what: CallState | Callable[[CallSnapshot], bool] = CallState.RINGING_INCOMING,
        *,
        timeout: float | None = None,
    ) -> Call:
        """Wait for a call of this line that rings, or is in another state, or fulfils this, and return its handle.

        A call that is like this already is returned at once, the oldest of several. So nothing is missed between what
        makes the telephone ring, such as another line's ``dial``, and this. Raises ``NotSupported`` where a licence
        shows no calls, ``TimeoutError`` after ``timeout`` seconds (None: never), and ``Offline`` if the client is
        closed meanwhile. While the connection is lost it goes on waiting, for calls found by the resynchronisation too.
        """
        self._require(Feature.CALL_EVENTS)
        if isinstance(what, CallState):
            state = what
            wanted: Callable[[CallSnapshot], bool] = lambda call: not call.ended and call.state is state  # noqa: E731
            words = f"was {state}"
        else:
            wanted, words = what, "fulfilled the condition"

        def look(call: CallSnapshot) -> Call | None:
            # The handle is made here: the call may be over before whoever waits runs again.
            return self._call(call) if wanted(call) else None

        return await self._wait_for(look, self.snapshot.calls, timeout, f"No call of line {self.number} {words}")

    @owned
    async def pick_up(
        self,
        number: str,
        *,
        device: str | None = None,
        call_ref: str | None = None,
        auto_answer: bool = True,
    ) -> None:
        """Take a call that rings at another number; ``call_ref`` names it where several ring there.

        O2G: POST /telephony/devices/{deviceId}/pickup.
        """
        number = self._read_number(number).wire
        chosen = self._named_device(device)
        await self._commands_for(Feature.PICK_UP).pick_up(self.snapshot, chosen, number, call_ref, auto_answer)

    @owned
    async def unpark(self, from_device: str | None = None, *, device: str | None = None) -> None:
        """Take the call back that is parked at a device's number (None: the own one).

        O2G: POST /telephony/devices/{deviceId}/unpark.
        """
        if from_device is not None:
            from_device = self._read_number(from_device, field="from_device").wire
        self._require(Feature.PARK)
        self._require_online()
        self._expect_event()
        chosen = self._choose_device(Action.UNPARK, device)
        await self._commands.unpark(self.snapshot, chosen, from_device)

    # How calls reach it

    @owned
    async def set_do_not_disturb(self, on: bool) -> None:
        """Refuse calls, or no longer. O2G: POST or DELETE /routing/dnd."""
        await self._commands_for(Feature.DO_NOT_DISTURB).set_do_not_disturb(self.snapshot, on)

    @owned
    async def set_forward(
        self,
        number: str | None = None,
        *,
        target: Target = Target.NUMBER,
        condition: Condition = Condition.IMMEDIATE,
    ) -> None:
        """Forward calls to a number or the voicemail. O2G: POST /routing/forwardroute."""
        if target not in (Target.NUMBER, Target.VOICEMAIL):
            raise InvalidInput("target", f"a forward cannot lead to {target}.", remedy="Use a number or the voicemail.")
        if condition is Condition.UNKNOWN:
            raise InvalidInput("condition", "this is no condition.", remedy="Use immediate, busy, no_answer or both.")
        goal = self._goal(number, target)
        await self._commands_for(Feature.FORWARD).set_forward(self.snapshot, target, condition, goal)

    @owned
    async def cancel_forward(self) -> None:
        """Forward no longer. O2G: DELETE /routing/forwardroute."""
        await self._commands_for(Feature.FORWARD).cancel_forward(self.snapshot)

    @owned
    async def set_overflow(
        self,
        *,
        target: Target = Target.VOICEMAIL,
        condition: Condition = Condition.NO_ANSWER,
        number: str | None = None,
    ) -> None:
        """Let calls that are not taken go to the voicemail, the associate or a number. O2G: POST …/overflowroute.

        ``Target.ASSOCIATE`` with a number also changes the associate.
        """
        if target is Target.UNKNOWN:
            raise InvalidInput("target", "this is no target.", remedy="Use the voicemail, the associate or a number.")
        if condition in (Condition.IMMEDIATE, Condition.UNKNOWN):
            raise InvalidInput(
                "condition",
                f"an overflow is never {condition}.",
                remedy="Use busy, no_answer or busy_no_answer, or a forward.",
            )
        goal = self._goal(number, target)
        await self._commands_for(Feature.OVERFLOW).set_overflow(self.snapshot, target, condition, goal)

    @owned
    async def cancel_overflow(self) -> None:
        """Let them go nowhere. O2G: DELETE /routing/overflowroute."""
        await self._commands_for(Feature.OVERFLOW).cancel_overflow(self.snapshot)

    @owned
    async def set_remote_extension(self, on: bool) -> None:
        """Let the remote extension ring too, or not. O2G: POST /routing with the MOBILE destination."""
        await self._commands_for(Feature.REMOTE_EXTENSION).set_remote_extension(self.snapshot, on)

    # Call-backs and counters

    @owned
    async def toggle_microphone(self, device: str | None = None) -> None:
        """Switch the microphone of a telephone in an intercom call on, or off if it was on; nothing tells which it is.

        O2G: PUT /telephony/devices/{deviceId}/ithmicro.
        """
        chosen = self._named_device(device)
        await self._commands_for(Feature.CALL_CONTROL).toggle_microphone(self.snapshot, chosen)

    @owned
    async def request_call_back(self, number: str) -> None:
        """Ask a user to call back. O2G: POST /telephony/outgoingCallbacks."""
        wire = self._check_number(number).wire
        await self._commands_for(Feature.CALL_BACK).request_call_back(self.snapshot, wire)

    @owned
    async def callbacks(self) -> tuple[CallbackRequest, ...]:
        """Who asked to be called back. O2G: GET /telephony/incomingCallbacks."""
        return await self._commands_for(Feature.CALL_BACK).callbacks(self.snapshot)

    @owned
    async def delete_callbacks(self, id: str | None = None, *, all: bool = False) -> None:
        """Delete one request; all of them only with ``all=True``, else raises ``InvalidInput``.

        O2G: DELETE /telephony/incomingCallbacks[/{callbackId}].
        """
        if (id is not None) is all:
            raise InvalidInput(
                "id", "say which request to delete, or that all are meant.", remedy="Give an id, or all=True."
            )
        await self._commands_for(Feature.CALL_BACK).delete_callbacks(self.snapshot, id)

    @owned
    async def refresh_counters(self) -> Counters:
        """Read the counters again, and return them. O2G: GET /eventSummary."""
        await self._commands_for(Feature.COUNTERS).refresh_counters(self.snapshot)
        return self.counters

    # The caller ID

    @owned
    async def set_caller_id(
        self, number: str | None = None, *, choice: CallerIdChoice = CallerIdChoice.MANUAL
    ) -> CallerId | None:
        """Choose the number that others see, and return what it is then.

        ``number`` is in E.164 form, such as +12025550123, and goes with ``CallerIdChoice.MANUAL`` alone; which numbers
        are accepted is the system's policy. Raises ``InvalidInput``. myIstra: PUT /user/IUser/{id}.
        """
        if choice is CallerIdChoice.MANUAL:
            if number is None:
                raise InvalidInput("number", "it is missing.", remedy="Say which number others shall see.")
            number = self._shown_to_others(number)
        elif choice is CallerIdChoice.FROM_PRESENCE:
            if number is not None:
                raise InvalidInput("number", "goes with the manual choice alone.", remedy="Leave it out.")
        else:
            raise InvalidInput("choice", "this is no choice.", remedy="Use manual or from_presence.")
        await self._commands_for(Feature.CALLER_ID).caller_id.set(self.snapshot, choice, number)
        return self.caller_id

    def _shown_to_others(self, number: str) -> str:
        """The number in E.164 form, or its digits. Raises ``InvalidInput``."""
        try:
            read = self._core.guard.numbers.read(number)
        except InvalidInput as error:
            why, digits, made = error.problem, "", ""
        else:
            made = read.e164 or read.key
            why, digits = f"{number!r} is too long or a code.", made.removeprefix("+")
        if not (digits.isdigit() and len(digits) <= 15):
            raise InvalidInput(
                "number",
                f"this is no number in E.164 form: {why}",
                remedy="It is like +12025550123, as text.",
                reason="caller_id",
                value=number[:60],
                most=15,
            )
        return made

    @owned
    async def refresh_caller_id(self) -> CallerId | None:
        """Read the number again that others see: no event reports its change. myIstra: GET /user/IUser/{id}."""
        await self._commands_for(Feature.CALLER_ID).caller_id.refresh(self.snapshot)
        return self.caller_id

    # The log and the mailbox

    @checked
    def call_log(
        self,
        *,
        unanswered: bool = False,
        unacknowledged: bool = False,
        after: datetime | None = None,
        before: datetime | None = None,
        direction: Direction | None = None,
        ref: str | None = None,
        party: str | None = None,
    ) -> CallLog:
        """The calls that the system has logged: ``async for record in line.call_log(unanswered=True)``.

        Only those that meet all of it: from ``after`` on and until before ``before``, of one ``direction``, with this
        reference, or with this other party. A time without a zone is meant where this program runs. O2G: GET
        /comlog/records.
        """
        return CallLog(
            self,
            LogFilter(
                unanswered=unanswered,
                unacknowledged=unacknowledged,
                after=_moment("after", after),
                before=_moment("before", before),
                direction=direction,
                ref=ref,
                party=party,
            ),
        )

    @owned
    async def mailboxes(self) -> tuple[MailboxSnapshot, ...]:
        """The mailboxes of the user. O2G: GET /messaging/mailboxes."""
        return await self._commands_for(Feature.MAILBOX).voicemail.mailboxes(self.snapshot)

    @owned
    async def mailbox(self, id: str | None = None, *, password: str | None = None) -> Mailbox:
        """Connect to a mailbox, the only one if it is left out, and count its messages.

        Without ``password`` the user's own is taken. O2G: POST /messaging/mailboxes/{mailboxId}.
        """
        if password is not None and not password:
            raise InvalidInput("password", "is empty.", remedy="Give that of the mailbox, or leave it out.")
        found = choose(self, await self.mailboxes(), id)
        mailbox = Mailbox(self, MailboxKey(id=found.id, password=password), found)
        await mailbox.refresh()
        return mailbox

    @checked
    def voicemails(
        self, *, new_only: bool = False, mailbox: str | None = None, password: str | None = None
    ) -> Voicemails:
        """The messages in a mailbox: ``async for message in line.voicemails()``; see ``mailbox``.

        O2G: GET /messaging/mailboxes/{mailboxId}/voicemails.
        """
        return Voicemails(self, mailbox, password, new_only)

    # The call centre, and the telephones

    @property
    def agent(self) -> Agent | None:
        """The agent of the call centre that the user is; None where it is none, or that is not known."""
        snapshot = self.snapshot.agent
        return Agent(self, snapshot) if snapshot is not None else None

    @checked
    def device(self, id: str | None = None) -> Telephone:
        """One of its telephones, to be programmed: the one with this id, the first if it is left out."""
        if id is not None:
            self._check_device(id)
        chosen = id or self._main_device()
        return Telephone(self, next((one for one in self.devices if one.id == chosen), Device(id=chosen)))

    @owned
    async def prefix(self, type: str, value: str) -> str | None:
        """What is dialled for a service, such as ``Station_Facility_Type`` and ``Lock``. O2G: GET …/prefixes."""
        return await self._commands_for(Feature.TELEPHONES).telephones.prefix(self.snapshot, type, value)

    # What waiting, dialling and routing need

    async def _wait_for(
        self, look: Callable[[CallSnapshot], T | None], now: Iterable[CallSnapshot], timeout: float | None, words: str
    ) -> T:
        """What ``look`` finds first, in the calls there are ``now`` and in those that events bring; its errors too."""
        arrived: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def try_call(call: CallSnapshot) -> None:
            if not arrived.done():
                try:
                    if (found := look(call)) is not None:
                        arrived.set_result(found)
                except Exception as error:
                    arrived.set_exception(error)

        def on_event(event: CallEvent) -> None:
            try_call(event.call)

        core = self._core

        def on_status(event: StatusChanged | None = None) -> None:
            if core.connection.status is Status.CLOSED and not arrived.done():
                arrived.set_exception(Offline("The client was closed."))

        # Subscribe first and look second: both happen in the owner's loop, so that no event falls between them.
        stops = (
            self.subscribe(on_event, kind=CallEvent),
            core.store.subscribers.add(on_status, kind=StatusChanged),
        )
        try:
            for call in now:
                try_call(call)
            on_status()
            await asyncio.wait({arrived}, timeout=timeout)
            if not arrived.done():
                raise TimeoutError(f"{words} within {timeout:g} s.")
            return arrived.result()
        finally:
            for stop in stops:
                stop()
            if arrived.done() and not arrived.cancelled():
                arrived.exception()  # cancelled at the same moment: asyncio is not to report it as never retrieved

    def _goal(self, number: str | None, target: Target) -> str | None:
        """The checked number of a forward or an overflow."""
        if target is Target.VOICEMAIL:
            if number is not None:
                raise InvalidInput("number", "the voicemail needs none.", remedy="Leave it out, or use Target.NUMBER.")
            return None
        if number is None:
            if target is Target.ASSOCIATE:
                return None
            raise InvalidInput("number", "it is missing.", remedy="Say where calls shall go.")
        return self._check_number(number).wire

    def _choose_device(self, action: Action, device: str | None) -> str:
        """The device to start this on: the one that was named, else the first that offers it, else the main one."""
        line = self.snapshot
        if device is not None:
            self._check_device(device)
        for one in line.devices:
            if action in one.actions and device in (None, one.id):
                return one.id
        chosen = device or self._main_device()
        for one in line.devices:
            # A device of which nothing is known is left to the server, unless it is plainly engaged.
            if one.id == chosen and (one.actions or line.calls) and Feature.CALL_EVENTS in line.features:
                raise ActionNotAllowed(action, one.actions, where=f"device {chosen}")
        return chosen

    def _choose(self, action: Action, first: CallState) -> Call:
        """The call to do this with, one in this state before others."""
        offering = [call for call in self.snapshot.calls if action in call.actions]
        if not offering:
            raise UnknownCall(
                f"Line {self.id} has no call that offers {action.value}.",
                remedy="It has: "
                + (", ".join(f"{one.id} ({one.state})" for one in self.snapshot.calls) or "none")
                + ".",
            )
        for state in (first, CallState.RINGING_INCOMING, CallState.RINGING_OUTGOING, CallState.DIALING):
            for call in offering:
                if call.state is state:
                    return self._call(call)
        return self._call(offering[0])

    def _check_dial(self, number: str, options: DialOptions) -> tuple[Number | None, DialOptions]:
        """Read what is dialled, and the number that is shown.

        Raises ``InvalidInput`` if this cannot be dialled, or the options do not go together, ``PolicyViolation``.
        """
        read = self._check_number(number) if number or not _to_supervisor(options) else None
        if options.calling_number is not None:
            shown = self._core.guard.numbers.read(options.calling_number, field="calling_number")
            options = replace(options, calling_number=shown.wire if shown.e164 is None else shown.e164)
        self._commands.check_dial(self.snapshot, options)
        return read, options

    async def _dial(
        self, number: str, options: DialOptions, timeout: float, held: CallSnapshot | None = None
    ) -> Call | None:
        """Check, dial once, and find the call that the events name; ``held`` is one that waits meanwhile."""
        read, options = self._check_dial(number, options)
        wire = "" if read is None else read.wire
        self._require(Feature.DIAL)
        action = Action.DIAL
        if options.pin is not None or options.secret_code is not None:
            self._require(Feature.PRIVATE_CALL)
            action = Action.DIAL_PRIVATE
        elif options.business_code is not None:
            self._require(Feature.BUSINESS_CALL)
            action = Action.DIAL_BUSINESS
        elif options.associated_data is not None:
            self._require(Feature.ASSOCIATED_DATA)
        self._require_online()
        self._expect_event()
        device = self._choose_device(action, options.device)
        options = replace(options, device=device)
        if read is not None and not _to_supervisor(options):
            await self._spend(read)

        search = _Search(self.snapshot, device)
        stop = self.subscribe(search.on_event, kind=CallEvent)
        try:
            unanswered: OutcomeUnknown | None = None
            try:
                if held is None:
                    ref = await self._commands.dial(self.snapshot, wire, options)
                else:
                    ref = await self._commands.consult(self.snapshot, held, wire, options)
                search.look_for(ref)
            except OutcomeUnknown as error:
                unanswered = error
                search.look_for(None)
            if Feature.CALL_EVENTS in self.features:
                for call in self.snapshot.calls:
                    search.see(call, new=False)
                try:
                    async with asyncio.timeout(timeout):
                        found = await search.found
                except TimeoutError:
                    pass
                else:
                    return self._call(search.over.get(found.id, found))
            if unanswered is not None:
                raise unanswered
            return None
        finally:
            stop()
            search.found.cancel()


def _to_supervisor(options: DialOptions) -> bool:
    """Whether an agent calls the supervisor, who needs no number."""
    return options.acd is not None and options.acd.to_supervisor


class _Search:
    """Looks for the call that a dial made, among the events of the line."""

    def __init__(self, line: LineSnapshot, device: str) -> None:
        self.found: asyncio.Future[CallSnapshot] = asyncio.get_running_loop().create_future()
        self._device = device
        self._known = {call.id for call in line.calls}
        self._seen: list[CallSnapshot] = []
        self._answered = False
        self._ref: str | None = None
        self.over: dict[str, CallSnapshot] = {}
        """Calls that have ended meanwhile."""

    def look_for(self, ref: str | None) -> None:
        """The server has answered, with this reference or none."""
        self._answered = True
        self._ref = ref or None
        for call in self._seen:
            self._match(call)

    def on_event(self, event: CallEvent) -> None:
        if isinstance(event, CallEnded):
            self.over[event.call.id] = event.call
        self.see(event.call, new=isinstance(event, CallStarted))

    def see(self, call: CallSnapshot, *, new: bool) -> None:
        if call.id in self._known and not new:
            return
        if self._answered:
            self._match(call)
        else:
            self._seen.append(call)

    def _match(self, call: CallSnapshot) -> None:
        if self.found.done():
            return
        if self._ref is not None:
            fits = call.ref == self._ref or call.id == f"{call.line}:{self._ref}"
        else:
            on_device = not call.legs or any(leg.device == self._device for leg in call.legs)
            fits = call.direction is Direction.OUTGOING and on_device
        if fits:
            self.found.set_result(call)


def _moment(field: str, at: datetime | None) -> datetime | None:
    """A time with its zone: that of this machine, where it has none."""
    if at is None or at.tzinfo is not None:
        return at
    try:
        return at.astimezone()
    except (OverflowError, OSError, ValueError):
        raise InvalidInput(field, f"{at} is no time that clocks show.", remedy="Give a day of this century.") from None
