"""What the wire sends, applied to the store: events as they come, states that are read, and the system's own."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from ..errors import PbxError, RequestRefused, SessionLost
from ..events import (
    CallEnded,
    CallStarted,
    Event,
    LicenceExpiring,
    LineAdded,
    LineRemoved,
    NodeChanged,
    ObjectChanged,
    ServerStarted,
    TwinLinkChanged,
)
from ..loops import Signal
from ..model import LineSnapshot
from ..records import CtiLink, NodeSnapshot, NodesSnapshot, ObjectChange
from ..store import Store
from . import reducer
from .channel.base import REMEMBERED
from .client import O2gClient
from .records import nodes_of
from .reducer import Reduced, reduce
from .reducer.figures import FIGURES
from .rights import Rights
from .types.agent import OnAgentStateChanged
from .types.maintenance import (
    OnCtiLinkDown,
    OnCtiLinkUp,
    OnLicenseExpiration,
    OnPbxLinkDown,
    OnPbxLinkUp,
    OnPbxLoaded,
    OnRemoteServerLinkDown,
    OnRemoteServerLinkUp,
    OnServerStart,
)
from .types.pbx_management import OnPbxObjectInstanceCreated, OnPbxObjectInstanceDeleted, OnPbxObjectInstanceModified
from .types.routing import OnRoutingStateChanged
from .types.telephony import MediaState, OnCallCreated, OnCallModified, OnCallRemoved, OnTelephonyState
from .types.users import EventSummary, OnUserCreated, OnUserDeleted, OnUserInfoChanged

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class Lines:
    """The lines that one link monitors, and the only way from it to their snapshots in the store.

    It owns the set of monitored logins: that begins as it was discovered, and changes with users who come and go.
    """

    def __init__(
        self, store: Store, rights: Rights, logins: tuple[str, ...], agents: tuple[str, ...], *, everybody: bool
    ) -> None:
        """Monitor these; with ``everybody`` also users who are created later."""
        self.store = store
        self.rights = rights
        self.logins = logins
        self.agents = agents
        self.everybody = everybody
        self.unnamed: set[str] = set()
        """Lines that are in the store and not published yet, because their name has not been read."""

    @property
    def licensed(self) -> list[str]:
        """Those not known to lack the advanced licence."""
        return self.rights.advanced(self.logins)

    def get(self, login: str) -> LineSnapshot | None:
        """The newest snapshot."""
        return self.store.lines.get(login)

    # -------------------------------------------------------------------------------------------------------- changes

    def put(self, reduced: Reduced, before: LineSnapshot) -> None:
        """Store what became of a line, and publish the events that led to it."""
        after, events = reduced
        if after.id in self.unnamed:
            events = ()
        if after is not before:
            self.store.put(after, events)
        elif events:
            self.store.publish(*events)

    def refresh_features(self, login: str) -> None:
        """Work out again what a line can do."""
        line = self.get(login)
        if line is not None:
            features = self.rights.features_of(line)
            if features != line.features:
                self.put(reducer.with_features(line, features, datetime.now(UTC)), line)

    def changed(self, login: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """A command found out how a line is now."""
        line = self.get(login)
        if line is not None:
            self.put(change(line), line)
            self.refresh_features(login)

    def lacks(self, login: str | None, licence: str) -> None:
        """A command was refused because a licence is missing: the feature is gone until the next connection."""
        self.rights.lacks(login, licence)
        if login is not None:
            self.refresh_features(login)

    def counted(self, line: LineSnapshot, summary: EventSummary) -> None:
        """A command read the counters of a line."""
        newest = self.get(line.id)
        if newest is not None:
            self.put(reducer.counters(newest, summary, datetime.now(UTC)), newest)

    # ------------------------------------------------------------------------------------------------ coming and going

    def monitor(self, login: str) -> bool:
        """Monitor a user who was created meanwhile, where everybody is monitored. False if nothing is to be done."""
        if not self.everybody or self.get(login) is not None:
            return False
        self.logins = (*self.logins, login)
        self.add(login)
        return True

    def add(self, login: str) -> None:
        """Put a line into the store, and publish nothing of it: subscribers should not see it without its name."""
        self.unnamed.add(login)
        self.store.lines[login] = reducer.new_line(login)

    def publish(self, login: str) -> None:
        """Publish a line that was added, and the calls that it has already."""
        if login not in self.unnamed:
            return
        self.refresh_features(login)
        self.unnamed.discard(login)
        line = self.get(login)
        if line is not None:
            now = datetime.now(UTC)
            self.store.publish(
                LineAdded(at=now, line=login, snapshot=line),
                *(CallStarted(at=now, line=login, call=call) for call in line.calls),
            )

    def remove(self, login: str) -> None:
        """Take a line out of the store; its calls are published as ended before."""
        line = self.store.lines.pop(login, None)
        if line is None:
            return
        self.logins = tuple(one for one in self.logins if one != login)
        self.agents = tuple(one for one in self.agents if one != login)
        self.rights.forget(login)
        if login in self.unnamed:
            self.unnamed.discard(login)
            return
        now = datetime.now(UTC)
        ended: list[Event] = [CallEnded(at=now, line=login, call=reducer.ended_unseen(call)) for call in line.calls]
        self.store.publish(*ended, LineRemoved(at=now, line=login))


class ExpectedSnapshots:
    """The snapshots that were asked for on the channel and have not arrived."""

    def __init__(self) -> None:
        """Expect none."""
        self._missing: dict[type, set[str]] = {
            OnTelephonyState: set(),
            OnRoutingStateChanged: set(),
            OnAgentStateChanged: set(),
        }
        self.late: set[str] = set()
        """Lines whose calls were read because their snapshot did not come: when it does, it is older than that."""
        self._arrived = Signal()

    @property
    def left(self) -> int:
        """How many are missing."""
        return sum(len(logins) for logins in self._missing.values())

    def expect(self, kind: type, logins: list[str] | tuple[str, ...]) -> None:
        """Expect a snapshot of this kind for each of these users."""
        self._missing[kind].update(logins)

    def missing(self, kind: type, login: str) -> bool:
        """Whether this one has not arrived."""
        return login in self._missing[kind]

    def arrive(self, kind: type, login: str) -> None:
        """An event came; if it is a snapshot, it has arrived."""
        logins = self._missing.get(kind)
        if logins and login in logins:
            logins.discard(login)
            self._arrived.notify()

    def forget(self, login: str) -> None:
        """None will come for this user, who is gone."""
        self.late.discard(login)
        for kind in self._missing:
            self.arrive(kind, login)

    def clear(self) -> None:
        """Expect none any more."""
        for logins in self._missing.values():
            logins.clear()

    async def another(self, seconds: float) -> bool:
        """Wait so long for one more; False if none came, or none is missing."""
        return self.left > 0 and await self._arrived.wait_since(self._arrived.count, seconds)


class Watch:
    """Looks out for events about a line while it is read: they are newer than the answer will be."""

    __slots__ = ("kinds", "login", "overtaken")

    def __init__(self, login: str, kinds: tuple[type, ...]) -> None:
        """Look for events of these kinds."""
        self.login = login
        self.kinds = kinds
        self.overtaken = False
        """Whether such an event has come."""

    def compare(self, kind: type, login: str) -> None:
        """An event was applied."""
        if login == self.login and kind in self.kinds:
            self.overtaken = True


async def answered(ask: Awaitable[T]) -> T | None:
    """The answer; None where the server refuses it, because a right or the thing itself is missing."""
    try:
        return await ask
    except SessionLost:
        raise
    except RequestRefused as error:
        if error.transient:
            raise
        _LOG.debug("%s was refused (%s)", error.operation, error.status)
        return None


_OF_A_LINE: Final = frozenset(reducer.HANDLERS)
_OF_A_CALL: Final = frozenset({OnCallCreated, OnCallModified, OnCallRemoved})
_CHANGES_FEATURES: Final = frozenset({OnRoutingStateChanged, OnUserInfoChanged, OnAgentStateChanged})


class Applier:
    """Applies events and answers to the lines. Events that are about none of them go to ``on_other``."""

    def __init__(
        self,
        lines: Lines,
        *,
        sole: str | None,
        on_other: Callable[[Any], None],
        on_doubt: Callable[[str | None, str], None],
        on_figures: Callable[[Any, datetime], None] = lambda event, now: None,
    ) -> None:
        """``sole`` is the login of a user's own session: some servers leave it out of the events there.

        ``on_doubt`` is called with a line whose events show that something was missed.
        """
        self.expected = ExpectedSnapshots()
        self._on_doubt = on_doubt
        self._on_figures = on_figures
        self._over = CallsThatAreOver()
        self._repeats = False
        self._lines = lines
        self._sole = sole
        self._on_other = on_other
        self._watches: set[Watch] = set()

    def expect_repeats(self) -> None:
        """The channel may deliver an event again, also after the call that it is about is over."""
        self._repeats = True

    def expect_late(self, login: str) -> None:
        """The snapshot of a line has not come, and it is read instead: what the channel holds back is older."""
        self.expect_repeats()
        self.expected.late.add(login)

    def apply(self, events: list[Any]) -> None:
        """Apply a batch of events. This is the hot path: what happens all the time takes the short way."""
        now = datetime.now(UTC)
        store = self._lines.store
        lines, put = store.lines, store.put
        often, figures = reducer.OFTEN.get, self._on_figures
        special = self._repeats or bool(self._lines.unnamed or self._watches or self.expected.late or self._over)
        for event in events:
            kind = type(event)
            handler = often(kind)
            if handler is None and kind in FIGURES:
                figures(event, now)
                continue
            line = lines.get(event.login_name)
            if line is None or handler is None or special:
                self._apply_one(event, line, now)
                continue
            after, published = handler(line, event, now)
            if after is not line:
                put(after, published)
                if len(after.calls) <= len(line.calls) or kind is not OnCallModified:
                    continue
            self._look_for_gap(event, line)

    def apply_again(self, events: list[Any]) -> None:
        """Apply events that have been delivered before. What they change is doubted: they may be old."""
        now = datetime.now(UTC)
        for event in events:
            login = event.login_name or self._sole
            line = self._lines.get(login) if login is not None else None
            kind = type(event)
            if line is not None and kind is OnTelephonyState and not self.expected.missing(kind, line.id):
                self._on_doubt(line.id, "a snapshot was delivered again")
                continue
            self._apply_one(event, line, now)
            if line is not None and self._lines.get(line.id) is not line:
                self._on_doubt(line.id, "an event was delivered again")

    def _look_for_gap(self, event: Any, line: LineSnapshot) -> None:
        """Doubt a line if an event changes nothing, or begins a call, and could not if none before it was missed."""
        kind = type(event)
        if kind not in _OF_A_CALL:
            return
        ref = event.call_ref
        if ref is None:
            self._on_doubt(line.id, "an event of a call does not name the call")
        elif kind is OnCallModified and line.call_by_ref(ref) is None:
            data = event.call_data
            over = data is not None and data.state is MediaState.RELEASING
            renamed = event.previous_call_ref is not None and line.call_by_ref(event.previous_call_ref) is not None
            if not over and not renamed:
                self._on_doubt(line.id, "the beginning of a call was not seen")

    # --------------------------------------------------------------------------------------------------- what is read

    async def read(
        self, login: str, kind: type, ask: Awaitable[T], change: Callable[[LineSnapshot, T, datetime], Reduced]
    ) -> None:
        """Read one thing of a line, which an event of this kind would say, too; it is applied unless one comes."""
        with self.watch(login, kind) as watch:
            answer = await answered(ask)
            if answer is not None:
                self.apply_answer(watch, change, answer)

    @contextmanager
    def watch(self, login: str, *kinds: type) -> Iterator[Watch]:
        """While something of a line is read, look out for events of these kinds about it."""
        watch = Watch(login, kinds)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def apply_answer(
        self, watch: Watch, change: Callable[[LineSnapshot, T, datetime], Reduced], answer: T, *, always: bool = False
    ) -> None:
        """Apply what was read, unless an event has overtaken it; ``always`` applies it all the same."""
        line = self._lines.get(watch.login)
        if line is None or (watch.overtaken and not always):
            return
        reduced = change(line, answer, datetime.now(UTC))
        # The channel may be behind, and have events of a call in store of which the answer says that it is over.
        self._over.note(reduced[1])
        self._lines.put(reduced, line)
        if not _CHANGES_FEATURES.isdisjoint(watch.kinds):
            self._lines.refresh_features(watch.login)

    # --------------------------------------------------------------------------------------------------------- events

    def _apply_one(self, event: Any, line: LineSnapshot | None, now: datetime) -> None:
        kind = type(event)
        if kind in FIGURES:
            self._on_figures(event, now)
        elif kind in _OF_A_LINE:
            if line is None and event.login_name is None and self._sole is not None:
                line = self._lines.get(self._sole)
            if line is not None:  # else about a user who is not monitored
                self._apply_to(line, kind, event, now)
        elif kind is OnUserDeleted:
            if line is not None:
                self._lines.remove(line.id)
                self.expected.forget(line.id)
        else:
            self._on_other(event)

    def _apply_to(self, line: LineSnapshot, kind: type, event: Any, now: datetime) -> None:
        login = line.id
        if kind is OnTelephonyState and login in self.expected.late:
            # Applied, it would end calls that have begun since, and bring back others.
            self.expected.late.discard(login)
            self._on_doubt(login, "a snapshot came too late")
            return
        for watch in self._watches:
            watch.compare(kind, login)
        if self._over and self._over.names(login, event):
            # Either the event is older than what was read, or comes again, or the server uses the reference again:
            # reading shows which.
            self._on_doubt(login, "an event of a call that is over")
        else:
            reduced = reduce(line, event, now)
            if self._repeats:
                self._over.note(reduced[1])
            self._lines.put(reduced, line)
            self._look_for_gap(event, line)
        self.expected.arrive(kind, login)
        if kind in _CHANGES_FEATURES:
            self._lines.refresh_features(login)


class CallsThatAreOver:
    """The references of calls that ended within the last minutes, of which old events may come all the same."""

    def __init__(self) -> None:
        """None has ended yet."""
        self._since: dict[tuple[str, str], float] = {}

    def __bool__(self) -> bool:
        self._forget()
        return bool(self._since)

    def _forget(self) -> None:
        """Forget those that ended long ago."""
        since = self._since
        while since and monotonic() - next(iter(since.values())) > REMEMBERED:
            del since[next(iter(since))]

    def note(self, events: tuple[Event, ...]) -> None:
        """Remember the calls that end by these, and forget those that are there again."""
        self._forget()
        now, since = monotonic(), self._since
        for event in events:
            if isinstance(event, CallEnded):
                since.pop((event.line, event.call.ref), None)  # the latest stands last
                since[event.line, event.call.ref] = now
            elif isinstance(event, CallStarted):
                since.pop((event.line, event.call.ref), None)

    def names(self, login: str, event: Any) -> bool:
        """Whether an event names one of them as a call that there is."""
        kind = type(event)
        if kind in _OF_A_CALL:
            refs = [event.call_ref]
        elif kind is OnTelephonyState and event.state is not None:
            refs = [one.call_ref for one in event.state.calls]
        else:
            return False
        now = monotonic()
        return any(now - self._since.get((login, ref), -REMEMBERED * 2) <= REMEMBERED for ref in refs if ref)


def created_login(event: OnUserCreated) -> str | None:
    """Who was created; servers write the login in one of two places."""
    return (event.user.login_name if event.user is not None else None) or event.login_name


# --------------------------------------------------------------------------------------------------------- the system

_OF_A_NODE: Final = frozenset({OnCtiLinkUp, OnCtiLinkDown, OnPbxLoaded, OnPbxLinkUp, OnPbxLinkDown})
_OF_THE_TWIN: Final = frozenset({OnRemoteServerLinkUp, OnRemoteServerLinkDown})
_OBJECT_CHANGES: Final[dict[type, ObjectChange]] = {
    OnPbxObjectInstanceCreated: ObjectChange.CREATED,
    OnPbxObjectInstanceModified: ObjectChange.CHANGED,
    OnPbxObjectInstanceDeleted: ObjectChange.DELETED,
}
_LINKED: Final = frozenset({CtiLink.MAIN, CtiLink.SECONDARY})


class SystemState:
    """Nodes, licences and configuration: what events and answers say about the system itself."""

    def __init__(
        self, client: O2gClient, store: Store, start: Callable[[Coroutine[Any, Any, None], str], None]
    ) -> None:
        """``start`` begins a task."""
        self._client = client
        self._store = store
        self._start = start

    def apply(self, event: Any) -> None:
        """Apply an event that is about no line."""
        kind, now = type(event), datetime.now(UTC)
        if kind in _OF_A_NODE:
            self._apply_to_node(event, now)
        elif kind in _OF_THE_TWIN:
            self._apply_to_twin(event.host, kind is OnRemoteServerLinkUp, now)
        elif kind is OnServerStart:
            _LOG.info("The server has started: %s", event.server_id or "it does not say which")
            self._store.publish(ServerStarted(at=now, server=event.server_id))
            self._start(self._read_later(), "nodes")
        elif kind is OnLicenseExpiration:
            self._store.publish(LicenceExpiring(at=now, days=event.nb_days or 0, message=event.message))
            self._start(self._read_later(), "nodes")
        elif (change := _OBJECT_CHANGES.get(kind)) is not None:
            above = event.father
            self._store.publish(
                ObjectChanged(
                    at=now,
                    change=change,
                    node=event.node_id,
                    name=event.object_name or "",
                    id=event.object_id or "",
                    above=f"{above.object_name}/{above.object_id}" if above is not None and above.object_id else None,
                )
            )

    def _apply_to_node(self, event: Any, now: datetime) -> None:
        """The link to a node is up or down, or its data is loaded."""
        known = self._store.nodes
        if event.node_id is None:
            return
        before = next((node for node in known.nodes if node.id == event.node_id), None)
        node = before or NodeSnapshot(id=event.node_id)
        if type(event) is OnPbxLoaded:
            after = replace(node, loaded=True)
        elif type(event) in (OnPbxLinkUp, OnPbxLinkDown):
            after = replace(node, management_link=type(event) is OnPbxLinkUp)
        elif type(event) is OnCtiLinkDown:
            after = replace(node, link=CtiLink.DOWN)
        else:
            after = replace(node, link=node.link if node.link in _LINKED else CtiLink.UP)
        if after == before:
            return
        for link, was, now_is in (
            ("events and calls", node.connected, after.connected),
            ("management", node.management_link, after.management_link),
        ):
            if now_is is False and was is not False:
                _LOG.warning("The server has lost its link to node %s (%s)", node.id, link)
            elif now_is and was is False:
                _LOG.info("The server has its link to node %s again (%s)", node.id, link)
        others = tuple(other for other in known.nodes if other is not before)
        self._store.nodes = replace(known, nodes=tuple(sorted((*others, after), key=lambda one: one.id)))
        self._store.publish(NodeChanged(at=now, node=after, previous=before))
        if after.link is CtiLink.UP:
            # The event does not say which of the two links it is.
            self._start(self._read_later(), "nodes")

    def _apply_to_twin(self, host: str | None, connected: bool, now: datetime) -> None:
        """The link to the other server of the pair is up or down."""
        if self._store.nodes.twin_connected is not connected:
            if connected and self._store.nodes.twin_connected is False:
                _LOG.info("The server reaches the other one of its pair again (%s)", host)
            elif not connected:
                _LOG.warning("The server does not reach the other one of its pair (%s)", host)
            self._store.nodes = replace(self._store.nodes, twin_connected=connected)
            self._store.publish(TwinLinkChanged(at=now, host=host, connected=connected))

    def put(self, nodes: NodesSnapshot) -> None:
        """Store the nodes as they were read, and publish what differs.

        What only events say of them is as it was; nothing that is read says it.
        """
        known = self._store.nodes
        former = {node.id: node for node in known.nodes}
        nodes = replace(
            nodes,
            nodes=tuple(
                replace(node, management_link=former[node.id].management_link) if node.id in former else node
                for node in nodes.nodes
            ),
            twin_connected=known.twin_connected,
        )
        self._store.nodes = nodes
        now = datetime.now(UTC)
        for node in nodes.nodes:
            before = former.get(node.id)
            if before is not None and (before.link, before.loaded) != (node.link, node.loaded):
                self._store.publish(NodeChanged(at=now, node=node, previous=before))

    async def read(self) -> None:
        """Read nodes and licences, where the account may."""
        if self._client.administrator:
            try:
                self.put(nodes_of(await self._client.maintenance.system_status()))
            except SessionLost:
                raise
            except PbxError as error:
                if error.transient:
                    raise
                _LOG.debug("The nodes cannot be read: %s", type(error).__name__)

    async def _read_later(self) -> None:
        try:
            await self.read()
        except PbxError as error:
            _LOG.info("The nodes could not be read: %s", error.message)
