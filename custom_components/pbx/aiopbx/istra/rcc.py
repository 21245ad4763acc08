"""myRCC on one connection: the extensions of an enterprise, and their calls."""

import logging
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from ..errors import InvalidInput, NotAllowed, NotFound, NotSupported, PbxError
from ..events import Event
from ..model import Action, AvailableLine, CallSnapshot, LineSnapshot, Outcome
from ..ports import DialOptions, Refusing
from ..settings.connection import ConnectionSettings
from .client import IstraClient, Push
from .lines import IstraChecks, Lines, Listeners, Monitored, Start, choose
from .reducer import rcc as reducer
from .reducer.rcc import RccState
from .reducer.tables import ended_unseen
from .types.rcc import CallLine, Extension, LineState

_LOG = logging.getLogger(__name__)
_DROPPED: Final = LineState.DROPPED


class Extensions:
    """The extensions. See ``Monitor``."""

    reads_calls = True

    def __init__(
        self, client: IstraClient, settings: ConnectionSettings, lines: Lines, listeners: Listeners, start: Start
    ) -> None:
        """Begin with nothing known."""
        self.commands = RccCommands(client, self)
        self._client = client
        self._wanted = settings.lines
        self._lines = lines
        self._listeners = listeners
        self._start = start
        self._states: dict[str, RccState] = {}
        self._by_number: dict[str, str] = {}
        self._extension_of: dict[str, str] = {}
        """Which extension a call line belongs to, for pushes that leave it out."""
        self._pushed: set[str] | None = set()
        """The call lines that were pushed while the listing was on its way, and so are newer; None afterwards."""
        self._waiting: dict[str, list[CallLine]] = {}
        """What was pushed of extensions that are being read."""
        self._strangers: set[str] = set()
        """Extensions that the server says do not exist. They are not read again with each of their calls."""

    async def discover(self) -> Monitored:
        """``GET v1/rcc/Extension``, all pages."""
        if self._wanted == ():
            return Monitored()
        found = [line_of(one) async for one in self._client.rcc.extensions()]
        return Monitored(choose(found, self._wanted), everybody=self._wanted == "all")

    async def sync(self, monitored: Monitored) -> None:
        """Create the listener and register it with the listing, which is the state as well."""
        self._lines.set(monitored.lines, ended_unseen)
        if not monitored.lines and not monitored.everybody:
            return
        self._by_number = {line.number: line.id for line in monitored.lines if line.number}
        await self._list(await self._listeners.create())

    async def confirm(self, lines: Collection[str] | None) -> None:
        """List all call lines again, whichever lines are meant: it is one request."""
        await self._list(None)

    async def _list(self, listener: str | None) -> None:
        """Have the calls of every line listed, and pushed to this listener from then on; None leaves the listeners."""
        self._pushed = self._pushed or set()
        listing = await self._client.rcc.call_lines(listener_name=listener)
        of: dict[str, list[CallLine]] = defaultdict(list)
        for one in listing.all:
            owner = self._owner(one)
            if owner is not None and self._lines.get(owner) is None:
                self._meet(owner, one)
            elif owner is not None:
                of[owner].append(one)
        pushed, self._pushed = self._pushed or set(), None
        for extension in list(self._lines.store.lines):
            self._put(*reducer.listed(self._state(extension), of.get(extension, ()), pushed, datetime.now(UTC)))

    def apply(self, push: Push) -> None:
        """Apply the snapshots of call lines that were pushed."""
        now = datetime.now(UTC)
        lines, states, put = self._lines.store.lines, self._states, self._lines.store.put
        for call in push.items:
            if type(call) is not CallLine:
                continue
            if self._pushed is not None:
                self._pushed.add(call.line_id)
            owner = self._owner(call)
            if call.state is _DROPPED:
                self._extension_of.pop(call.line_id, None)
            if owner is None:
                if call.state != "dropped":
                    self._lines.doubts.add(None, "a call line that names no extension")
                continue
            line = lines.get(owner)
            if line is None:
                self._meet(owner, call)
                continue
            state = states.get(owner)
            if state is None or state.line is not line:
                state = self._state(owner)
            if state.gone and reducer.is_gone(state, call):
                self._lines.doubts.add(owner, "a push of a call that is not listed any more")
                continue
            state, events = reducer.pushed(state, call, now)
            states[owner] = state
            if state.line is not line or events:
                put(state.line, events)

    def placed(self, line: str, call: CallLine) -> None:
        """Apply the answer of ``placeCall``."""
        if self._lines.get(line) is not None:
            self._extension_of.setdefault(call.line_id, line)
            self._put(*reducer.placed(self._state(line), call, datetime.now(UTC)))

    def asked(self, line: str, ref: str, outcome: Outcome, destination: str | None = None) -> None:
        """The server is being asked for something that ends a call like this."""
        self._states[line] = reducer.asked(self._state(line), ref, outcome, datetime.now(UTC), destination)

    def not_asked(self, line: str, ref: str) -> None:
        """It was refused."""
        self._states[line] = reducer.not_asked(self._state(line), ref)

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every extension."""
        return tuple(
            [
                AvailableLine(id=one.id, number=one.address_number or "", name=one.display_name or "")
                async for one in self._client.rcc.extensions()
            ]
        )

    # Inside

    def _state(self, id: str) -> RccState:
        line = self._lines.store.lines[id]
        state = self._states.get(id)
        if state is None:
            state = RccState(line=line)
        elif state.line is not line:
            state = replace(state, line=line)
        return state

    def _put(self, state: RccState, events: tuple[Event, ...]) -> None:
        self._states[state.line.id] = state
        self._lines.put((state.line, events))

    def _owner(self, call: CallLine) -> str | None:
        """The extension that a call line belongs to; servers name it by id, or by number."""
        named = call.extension_id
        if named is None:
            return self._extension_of.get(call.line_id)
        if named not in self._lines.store.lines:
            named = self._by_number.get(named, named)
        self._extension_of[call.line_id] = named
        return named

    def _meet(self, id: str, call: CallLine) -> None:
        """A call of an extension that is not monitored: perhaps it was created meanwhile."""
        if self._wanted != "all" or id in self._strangers:
            return
        waiting = self._waiting.get(id)
        if waiting is not None:
            waiting.append(call)
            return
        self._waiting[id] = [call]
        self._start(self._add(id), "new-extension")

    async def _add(self, id: str) -> None:
        """Read an extension, monitor it, and apply what was pushed meanwhile."""
        try:
            line = line_of(await self._client.rcc.extension(id))
        except PbxError as error:
            _LOG.info("A call of an extension that is not known: %s", error.message)
            self._waiting.pop(id, None)
            if isinstance(error, NotFound | NotAllowed):
                self._strangers.add(id)
            return
        if self._lines.get(line.id) is None:
            self._lines.add(line)
            self._by_number[line.number] = line.id
        now = datetime.now(UTC)
        for call in self._waiting.pop(id, ()):
            self._put(*reducer.pushed(self._state(line.id), call, now))
        self._lines.confirmed(line.id)


def line_of(extension: Extension) -> LineSnapshot:
    """An extension, as a line."""
    return LineSnapshot(id=extension.id, number=extension.address_number or "", name=extension.display_name or "")


class RccCommands(Refusing, IstraChecks):
    """The requests of myRCC."""

    def __init__(self, client: IstraClient, extensions: Extensions) -> None:
        """Send through this client, and have these extensions apply the answers."""
        super().__init__(devices=False)
        self._rcc = client.rcc
        self._extensions = extensions

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """``POST Extension/{id}/placeCall``."""
        call = await self._rcc.place_call(line.id, number)
        self._extensions.placed(line.id, call)
        return call.line_id

    async def consult(self, line: LineSnapshot, held: CallSnapshot, number: str, options: DialOptions) -> str | None:
        """``POST CallLine/{id}/hold`` where that is offered, then ``placeCall``."""
        if Action.HOLD in held.own_actions:
            await self._rcc.hold(held.ref)
        return await self.dial(line, number, options)

    async def answer(self, line: LineSnapshot, call: CallSnapshot | None, device: str) -> None:
        """``POST CallLine/{id}/answer``."""
        await self._rcc.answer(_named(call))

    async def leave(self, line: LineSnapshot, call: CallSnapshot | None) -> None:
        """``POST CallLine/{id}/disconnect`` of a call of two that offers it, else ``leave``."""
        ref = _named(call)
        if call is not None and not call.conference and Action.END in call.own_actions:
            await self._rcc.disconnect(ref)
        else:
            await self._rcc.leave(ref)

    async def end(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """``POST CallLine/{id}/disconnect``."""
        await self._rcc.disconnect(call.ref)

    async def hold(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """``POST CallLine/{id}/hold``."""
        await self._rcc.hold(call.ref)

    async def retrieve(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """``POST CallLine/{id}/unhold``."""
        await self._rcc.unhold(call.ref)

    async def transfer(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """``POST CallLine/{id}/transfer``, on the call that offers it."""
        this, other = (active, held) if Action.TRANSFER in active.actions else (held, active)
        marks = [(this.ref, Outcome.TRANSFERRED, None), (other.ref, Outcome.TRANSFERRED, None)]
        async with _Asking(self._extensions, line.id, *marks):
            await self._rcc.transfer(this.ref, other.ref)

    async def merge(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """``POST CallLine/{id}/merge``, on the call that offers it."""
        this, other = (active, held) if Action.MERGE in active.actions else (held, active)
        marks = [(this.ref, Outcome.MERGED, None), (other.ref, Outcome.MERGED, None)]
        async with _Asking(self._extensions, line.id, *marks):
            await self._rcc.merge(this.ref, other.ref)

    async def add_party(self, line: LineSnapshot, call: CallSnapshot, number: str) -> None:
        """``POST CallLine/{id}/addParty``."""
        await self._rcc.add_party(call.ref, number)

    async def blind_transfer(self, line: LineSnapshot, call: CallSnapshot, number: str, anonymous: bool) -> None:
        """``POST CallLine/{id}/redirect`` of a call that talks."""
        await self._redirect(line, call, number, anonymous, Outcome.TRANSFERRED)

    async def redirect(self, line: LineSnapshot, call: CallSnapshot, to: str, anonymous: bool) -> None:
        """``POST CallLine/{id}/redirect`` of a call that rings."""
        await self._redirect(line, call, to, anonymous, Outcome.FORWARDED)

    async def _redirect(
        self, line: LineSnapshot, call: CallSnapshot, to: str, anonymous: bool, outcome: Outcome
    ) -> None:
        if anonymous:
            raise InvalidInput(
                "anonymous", "cannot be asked for on this system.", remedy="Leave it out.", reason="not_here"
            )
        async with _Asking(self._extensions, line.id, (call.ref, outcome, to)):
            await self._rcc.redirect(call.ref, to)

    async def send_dtmf(self, line: LineSnapshot, call: CallSnapshot, device: str, digits: str) -> None:
        """``POST CallLine/{id}/sendDtmfs``."""
        await self._rcc.send_dtmfs(call.ref, digits)

    async def record(self, line: LineSnapshot, call: CallSnapshot, action: str) -> None:
        """``POST CallLine/{id}/startRecord``; nothing stops it."""
        if action != "start":
            raise NotSupported(
                f"{action}: a recording of myRCC goes on to the end of the call.", missing=f"{action}_recording"
            )
        await self._rcc.start_record(call.ref)


def _named(call: CallSnapshot | None) -> str:
    if call is None:
        raise NotSupported("myRCC acts on calls that are seen.", missing="call")
    return call.ref


class _Asking:
    """Says how calls end, if they do, while and shortly after the server is asked for it."""

    def __init__(self, extensions: Extensions, line: str, *marks: tuple[str, Outcome, str | None]) -> None:
        self._extensions = extensions
        self._line = line
        self._marks = marks

    async def __aenter__(self) -> None:
        for ref, outcome, destination in self._marks:
            self._extensions.asked(self._line, ref, outcome, destination)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            for ref, _, _ in self._marks:
                self._extensions.not_asked(self._line, ref)
