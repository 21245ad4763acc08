"""myRCC on one connection: the extensions of an enterprise, and their calls."""

import logging
from collections import defaultdict
from datetime import UTC, datetime

from msgspec.structs import replace

from ..errors import InvalidInput, NotAllowed, NotFound, NotSupported, PbxError
from ..events import Event
from ..model import Action, AvailableLine, CallSnapshot, LineSnapshot, Outcome
from ..ports import DialOptions, Refusing
from ..settings.connection import ConnectionSettings
from .checks import IstraChecks
from .client import IstraClient, Push
from .lines import Lines, Listeners, Start, choose
from .reducer import rcc as reducer
from .reducer.rcc import RccState
from .reducer.tables import ended_unseen
from .types.rcc import CallLine, Extension

_LOG = logging.getLogger(__name__)


class Extensions:
    """The extensions. See ``Watcher``."""

    version = ""

    def __init__(
        self, client: IstraClient, settings: ConnectionSettings, lines: Lines, listeners: Listeners, start: Start
    ) -> None:
        """Nothing is known yet."""
        self.commands = RccCommands(client, self)
        self._client = client
        self._wanted = settings.lines
        self._lines = lines
        self._listeners = listeners
        self._start = start
        self._found: list[LineSnapshot] = []
        self._states: dict[str, RccState] = {}
        self._by_number: dict[str, str] = {}
        self._extension_of: dict[str, str] = {}
        """Which extension a call line belongs to, for those that are told of without it."""
        self._heard: set[str] | None = set()
        """The call lines that were pushed while the listing was on its way; none afterwards."""
        self._waiting: dict[str, list[CallLine]] = {}
        """What was pushed of extensions that are not known yet."""
        self._strangers: set[str] = set()
        """Extensions of which the server says that there are none."""

    async def find(self) -> None:
        """``GET v1/rcc/Extension``, all pages."""
        if self._wanted == ():
            return
        found = [line_of(one) async for one in self._client.rcc.extensions()]
        self._found = found if self._wanted == "all" else choose(found, self._wanted)

    async def sync(self) -> None:
        """Create the listener and register it with the listing, which is the state as well."""
        self._lines.set(self._found, ended_unseen)
        if not self._found and self._wanted != "all":
            return
        self._by_number = {line.number: line.id for line in self._found if line.number}
        name = await self._listeners.create()
        told = await self._client.rcc.call_lines(listener_name=name)
        of: dict[str, list[CallLine]] = defaultdict(list)
        for one in told.all:
            owner = self._owner(one)
            if owner is not None and self._lines.get(owner) is None:
                self._meet(owner, one)
            elif owner is not None:
                of[owner].append(one)
        heard, self._heard = self._heard or set(), None
        for line in self._found:
            self._show(*reducer.listed(self._state(line.id), of.get(line.id, ()), heard, datetime.now(UTC)))

    def take(self, push: Push) -> None:
        """Snapshots of call lines were pushed."""
        now = datetime.now(UTC)
        for told in push.items:
            if not isinstance(told, CallLine):
                continue
            if self._heard is not None:
                self._heard.add(told.line_id)
            owner = self._owner(told)
            if told.state == "dropped":
                self._extension_of.pop(told.line_id, None)
            if owner is None:
                continue
            if self._lines.get(owner) is None:
                self._meet(owner, told)
                continue
            self._show(*reducer.pushed(self._state(owner), told, now))

    def placed(self, line: str, told: CallLine) -> None:
        """The answer of ``placeCall``."""
        if self._lines.get(line) is not None:
            self._extension_of.setdefault(told.line_id, line)
            self._show(*reducer.placed(self._state(line), told, datetime.now(UTC)))

    def asked(self, line: str, ref: str, outcome: Outcome, destination: str | None = None) -> None:
        """The server is being asked for something that ends a call like this."""
        self._states[line] = reducer.asked(self._state(line), ref, outcome, datetime.now(UTC), destination)

    def not_asked(self, line: str, ref: str) -> None:
        """It was refused."""
        self._states[line] = reducer.not_asked(self._state(line), ref)

    async def available(self) -> tuple[AvailableLine, ...]:
        """Every extension."""
        return tuple(
            [
                AvailableLine(id=one.id, number=one.address_number or "", name=one.display_name or "")
                async for one in self._client.rcc.extensions()
            ]
        )

    # Inside

    def _state(self, id: str) -> RccState:
        line = self._lines.board.lines[id]
        state = self._states.get(id)
        if state is None:
            state = RccState(line=line)
        elif state.line is not line:
            state = replace(state, line=line)
        return state

    def _show(self, state: RccState, events: tuple[Event, ...]) -> None:
        self._states[state.line.id] = state
        self._lines.put((state.line, events))

    def _owner(self, told: CallLine) -> str | None:
        """The extension that a call line belongs to; servers name it by id, or by number."""
        named = told.extension_id
        if named is None:
            return self._extension_of.get(told.line_id)
        if self._lines.get(named) is None:
            named = self._by_number.get(named, named)
        self._extension_of[told.line_id] = named
        return named

    def _meet(self, id: str, told: CallLine) -> None:
        """An extension that was created meanwhile, perhaps."""
        if self._wanted != "all" or id in self._strangers:
            return
        waiting = self._waiting.get(id)
        if waiting is not None:
            waiting.append(told)
            return
        self._waiting[id] = [told]
        self._start(self._welcome(id), "new-extension")

    async def _welcome(self, id: str) -> None:
        try:
            line = line_of(await self._client.rcc.extension(id))
        except PbxError as error:
            _LOG.info("A call of an extension that is not known: %s", error.message)
            self._waiting.pop(id, None)
            if isinstance(error, NotFound | NotAllowed):
                self._strangers.add(id)  # it is not asked for with each of its calls
            return
        if self._lines.get(line.id) is None:
            self._lines.add(line)
            self._by_number[line.number] = line.id
        now = datetime.now(UTC)
        for told in self._waiting.pop(id, ()):
            self._show(*reducer.pushed(self._state(line.id), told, now))
        self._lines.confirmed(line.id)


def line_of(told: Extension) -> LineSnapshot:
    """An extension, as a line."""
    return LineSnapshot(id=told.id, number=told.address_number or "", name=told.display_name or "")


class RccCommands(Refusing, IstraChecks):
    """The requests of myRCC."""

    def __init__(self, client: IstraClient, extensions: Extensions) -> None:
        """Send through this client, and tell these extensions what is known by the answers."""
        super().__init__(devices=False)
        self._rcc = client.rcc
        self._extensions = extensions

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """``POST Extension/{id}/placeCall``."""
        told = await self._rcc.place_call(line.id, number)
        self._extensions.placed(line.id, told)
        return told.line_id

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
            raise InvalidInput("anonymous", "cannot be asked for on this system.", remedy="Leave it out.")
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
