"""What the wire sent, applied to the lines: events as they come, and states that are read."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from ..errors import NotAllowed, PbxError, RequestRefused, SessionLost
from ..events import CallEnded, CallStarted, Event, LicenceExpiring, LineAdded, LineRemoved, NodeChanged, ObjectChanged
from ..model import LineSnapshot
from ..records import CtiLink, NodeSnapshot, NodesSnapshot, ObjectChange
from ..store import Board
from . import reducer
from .client import O2gClient
from .records import nodes_of
from .reducer import Reduced, reduce
from .rights import Rights
from .types.agent import OnAgentStateChanged
from .types.events import OnChannelInformation
from .types.maintenance import OnCtiLinkDown, OnCtiLinkUp, OnLicenseExpiration, OnPbxLoaded
from .types.pbx_management import OnPbxObjectInstanceCreated, OnPbxObjectInstanceDeleted, OnPbxObjectInstanceModified
from .types.routing import OnRoutingStateChanged
from .types.telephony import (
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnDynamicStateChanged,
    OnTelephonyState,
)
from .types.users import EventSummary, OnEventSummaryUpdated, OnUserCreated, OnUserDeleted, OnUserInfoChanged, User


class Lines:
    """The board as one connection fills it. A line is there quietly until its name is known; then it is told."""

    def __init__(self, board: Board, rights: Rights) -> None:
        """Monitor nobody yet."""
        self.board = board
        self.rights = rights
        self.logins: tuple[str, ...] = ()
        self.everybody = False
        """Whether users who are created meanwhile are monitored too."""
        self.quiet: set[str] = set()
        """Those that are on the board and not told yet."""

    @property
    def licensed(self) -> list[str]:
        """Those not known to lack the advanced licence."""
        basic = self.rights.basic
        return [login for login in self.logins if login not in basic]

    def get(self, login: str) -> LineSnapshot | None:
        """The newest snapshot."""
        return self.board.lines.get(login)

    def put(self, reduced: Reduced, before: LineSnapshot) -> None:
        """Show what became of a line, if anything did."""
        after, told = reduced
        if after is before:
            if told and after.id not in self.quiet:
                self.board.publish(*told)
            return
        self.board.put(after, () if after.id in self.quiet else told)

    def refresh_features(self, login: str) -> None:
        """Work out again what a line can do."""
        line = self.get(login)
        if line is not None:
            features = self.rights.features_of(line)
            if features != line.features:
                self.put(reducer.with_features(line, features, datetime.now(UTC)), line)

    def changed(self, login: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """A request found out how a line is now."""
        line = self.get(login)
        if line is not None:
            self.put(change(line), line)
            self.refresh_features(login)

    def lacks(self, login: str | None, licence: str) -> None:
        """A request was refused for want of a licence: the feature is gone until the next connection."""
        self.rights.lacks(login, licence)
        if login is not None:
            self.refresh_features(login)

    def counted(self, line: LineSnapshot, summary: EventSummary) -> None:
        """Show counters that were read for this line."""
        newest = self.get(line.id)
        if newest is not None:
            self.put(reducer.counters(newest, summary, datetime.now(UTC)), newest)

    # ------------------------------------------------------------------------------------------------ coming and going

    def add(self, login: str) -> None:
        """Put a line on the board, quietly."""
        self.quiet.add(login)
        self.board.lines[login] = reducer.new_line(login)

    def announce(self, login: str) -> None:
        """Tell of a line, and of the calls that it has already."""
        if login not in self.quiet:
            return
        self.quiet.discard(login)
        self.refresh_features(login)
        line = self.get(login)
        if line is not None:
            now = datetime.now(UTC)
            self.board.publish(
                LineAdded(at=now, line=login, snapshot=line),
                *(CallStarted(at=now, line=login, call=call) for call in line.calls),
            )

    def remove(self, login: str) -> None:
        """Take a line off the board, and tell that its calls are over."""
        line = self.board.lines.pop(login, None)
        if line is None:
            return
        self.logins = tuple(one for one in self.logins if one != login)
        self.rights.forget(login)
        if login in self.quiet:
            self.quiet.discard(login)
            return
        now = datetime.now(UTC)
        told: list[Event] = [CallEnded(at=now, line=login, call=reducer.ended_unseen(call)) for call in line.calls]
        self.board.publish(*told, LineRemoved(at=now, line=login))


_LOG = logging.getLogger(__name__)
T = TypeVar("T")
_TRIES: Final = 3
"""How often calls are read again because an event came meanwhile."""


async def answered(ask: Awaitable[T]) -> T | None:
    """The answer; none where the server refuses it, for want of a right or of the thing itself."""
    try:
        return await ask
    except SessionLost:
        raise
    except RequestRefused as error:
        if error.transient:
            raise
        _LOG.debug("%s was refused (%s)", error.operation, error.status)
        return None


class Reader:
    """Reads lines over one connection, and puts on the board what no event has told better."""

    def __init__(self, client: O2gClient, lines: Lines) -> None:
        """Read with this client."""
        self.touched: set[tuple[type, str]] | None = None
        """While something is being read: which events came meanwhile, by kind and login."""
        self.own: User | None = None
        """The user of a user's session, which is read already when the line comes onto the board."""
        self._readers = 0
        self._client = client
        self._lines = lines

    def name_for(self, login: str) -> str | None:
        """How a request names the user: not at all in a user's own session."""
        return login if self._client.administrator else None

    @contextmanager
    def _reading(self, login: str, *kinds: type) -> Iterator[Callable[[], bool]]:
        """While something of a line is read, notice such events of it; the function says whether there was one."""
        keys = {(kind, login) for kind in kinds}
        touched = self.touched
        if touched is None:
            touched = self.touched = set()
        touched -= keys
        self._readers += 1
        try:
            yield lambda: not keys.isdisjoint(touched)
        finally:
            self._readers -= 1
            if not self._readers:
                self.touched = None

    async def telephony(self, login: str) -> None:
        """Read the calls of a line; that it may not be read tells its licence."""
        lines = self._lines
        for attempt in range(_TRIES):
            with self._reading(login, OnCallCreated, OnCallModified, OnCallRemoved, OnTelephonyState) as came:
                try:
                    state = await self._client.telephony.telephonic_state(login_name=self.name_for(login))
                except SessionLost:
                    raise
                except NotAllowed:
                    lines.rights.mark_basic((login,))
                    lines.refresh_features(login)
                    return
                except RequestRefused as error:
                    _LOG.debug("The state of a line was refused (%s)", error.status)
                    if error.transient:
                        raise
                    return
                if came() and attempt < _TRIES - 1:
                    continue
                line = lines.get(login)
                if line is not None:
                    lines.put(reducer.resync(line, state, datetime.now(UTC)), line)
                return

    async def routing(self, login: str) -> None:
        """Read forward, overflow, do-not-disturb and remote extension of a line."""
        await self._one(
            login,
            OnRoutingStateChanged,
            self._client.routing.routing_state(login_name=self.name_for(login)),
            reducer.routing,
        )
        self._lines.refresh_features(login)

    async def agent(self, login: str) -> None:
        """Read what an agent does."""
        await self._one(
            login,
            OnAgentStateChanged,
            self._client.agent.agent_state(login_name=self.name_for(login)),
            reducer.agent_state,
        )
        self._lines.refresh_features(login)

    async def user(self, login: str) -> None:
        """Read whose line it is."""
        user, self.own = self.own, None
        if user is None:
            await self._one(login, OnUserInfoChanged, self._client.users.user(login), reducer.user)
        else:
            line = self._lines.get(login)
            if line is not None:
                self._lines.put(reducer.user(line, user, datetime.now(UTC)), line)
        self._lines.refresh_features(login)

    async def details(self, login: str) -> None:
        """Read rights, device states, counters, hunting group: what no snapshot carries."""
        client, lines, name = self._client, self._lines, self.name_for(login)
        if login not in lines.rights.basic:
            rights = await answered(client.routing.routing_capabilities(login_name=name))
            if rights is not None:
                lines.rights.learn(login, rights)
        lines.refresh_features(login)
        if login in lines.rights.basic:
            return
        await self._one(
            login,
            OnDeviceStateModified,
            client.telephony.devices(login_name=name),
            lambda line, told, now: reducer.device_states(line, told.device_states, now),
        )
        await self._one(
            login, OnEventSummaryUpdated, client.event_summary.event_summary(login_name=name), reducer.counters
        )
        await self._one(
            login,
            OnDynamicStateChanged,
            client.telephony.hunting_group_status(login_name=name),
            reducer.hunting_group,
        )

    async def _one(
        self, login: str, kind: type, ask: Awaitable[T], apply: Callable[[LineSnapshot, T, datetime], Reduced]
    ) -> None:
        with self._reading(login, kind) as came:
            told = await answered(ask)
            line = self._lines.get(login)
            if told is not None and line is not None and not came():
                self._lines.put(apply(line, told, datetime.now(UTC)), line)


_OF_A_NODE: Final = frozenset({OnCtiLinkUp, OnCtiLinkDown, OnPbxLoaded})
_OBJECT_CHANGES: Final[dict[type, ObjectChange]] = {
    OnPbxObjectInstanceCreated: ObjectChange.CREATED,
    OnPbxObjectInstanceModified: ObjectChange.CHANGED,
    OnPbxObjectInstanceDeleted: ObjectChange.DELETED,
}
_LINKED: Final = frozenset({CtiLink.MAIN, CtiLink.SECONDARY})


class News:
    """Shows on the board what one connection tells of the system."""

    def __init__(
        self, client: O2gClient, board: Board, start: Callable[[Coroutine[Any, Any, None], str], None]
    ) -> None:
        """``start`` begins a task."""
        self._client = client
        self._board = board
        self._start = start

    def take(self, event: Any) -> None:
        """Apply an event that is about no line."""
        kind, now = type(event), datetime.now(UTC)
        if kind in _OF_A_NODE:
            self._node_says(event, now)
        elif kind is OnLicenseExpiration:
            self._board.publish(LicenceExpiring(at=now, days=event.nb_days or 0, message=event.message))
            self._start(self._read_later(), "nodes")
        elif (change := _OBJECT_CHANGES.get(kind)) is not None:
            above = event.father
            self._board.publish(
                ObjectChanged(
                    at=now,
                    change=change,
                    node=event.node_id,
                    name=event.object_name or "",
                    id=event.object_id or "",
                    above=f"{above.object_name}/{above.object_id}" if above is not None and above.object_id else None,
                )
            )

    def _node_says(self, event: Any, now: datetime) -> None:
        """The link to a node is up or down, or its data is loaded."""
        known = self._board.nodes
        if event.node_id is None:
            return
        before = next((node for node in known.nodes if node.id == event.node_id), None)
        node = before or NodeSnapshot(id=event.node_id)
        if type(event) is OnPbxLoaded:
            after = replace(node, loaded=True)
        elif type(event) is OnCtiLinkDown:
            after = replace(node, link=CtiLink.DOWN)
        else:
            after = replace(node, link=node.link if node.link in _LINKED else CtiLink.UP)
        if after == before:
            return
        others = tuple(other for other in known.nodes if other is not before)
        self._board.nodes = replace(known, nodes=tuple(sorted((*others, after), key=lambda one: one.id)))
        self._board.publish(NodeChanged(at=now, node=after, previous=before))
        if after.link is CtiLink.UP:
            self._start(self._read_later(), "nodes")

    def nodes_read(self, nodes: NodesSnapshot) -> None:
        """The nodes, as they were read; what differs is told."""
        former = {node.id: node for node in self._board.nodes.nodes}
        self._board.nodes = nodes
        now = datetime.now(UTC)
        for node in nodes.nodes:
            before = former.get(node.id)
            if before is not None and (before.link, before.loaded) != (node.link, node.loaded):
                self._board.publish(NodeChanged(at=now, node=node, previous=before))

    async def read(self) -> None:
        """Read nodes and licences, where the account may."""
        if self._client.administrator:
            try:
                self.nodes_read(nodes_of(await self._client.maintenance.system_status()))
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


_OF_A_USER: Final = frozenset(reducer.HANDLERS)


class Intake:
    """Applies events to the lines, and hands on those that are about something else."""

    def __init__(
        self,
        lines: Lines,
        reader: Reader,
        *,
        sole: Callable[[], str | None],
        created: Callable[[OnUserCreated], None],
        said: Callable[[OnChannelInformation], None],
        news: Callable[[Any], None],
    ) -> None:
        """``sole`` names a session's one user; the others get who is created, words of the channel, other news."""
        self.waiting: dict[type, set[str]] = {
            OnTelephonyState: set(),
            OnRoutingStateChanged: set(),
            OnAgentStateChanged: set(),
        }
        """Logins whose snapshot has not come yet."""
        self._lines = lines
        self._reader = reader
        self._sole = sole
        self._created = created
        self._said = said
        self._news = news

    def take(self, events: list[Any]) -> None:
        """Apply a batch of events: the hot path."""
        now = datetime.now(UTC)
        board = self._lines.board
        lines, put = board.lines, board.put
        often = reducer.OFTEN.get
        special = bool(self._lines.quiet) or self._reader.touched is not None
        for event in events:
            line = lines.get(event.login_name)
            handler = often(type(event))
            if line is None or handler is None or special:
                self._seldom(event, line, now)
                continue
            after, told = handler(line, event, now)
            if after is not line:
                put(after, told)

    def overhear(self, events: list[Any]) -> None:
        """Take only what the channel says of itself: this connection is not in use yet, or no longer."""
        for event in events:
            if type(event) is OnChannelInformation:
                self._said(event)

    def _seldom(self, event: Any, line: LineSnapshot | None, now: datetime) -> None:
        kind = type(event)
        if kind is OnChannelInformation:
            self._said(event)
        elif kind is OnUserCreated:
            self._created(event)
        elif kind is OnUserDeleted:
            if line is not None:
                self._remove(line.id)
        elif kind in _OF_A_USER:
            if line is None:
                # The reference leaves the login name out of some events; a user's session has only one user.
                login = self._sole() if event.login_name is None else None
                line = self._lines.get(login) if login is not None else None
                if line is None:
                    return  # about somebody who is not monitored
            self._of_a_user(kind, event, line, now)
        else:
            self._news(event)

    def _of_a_user(self, kind: type, event: Any, line: LineSnapshot, now: datetime) -> None:
        login = line.id
        if self._reader.touched is not None:
            self._reader.touched.add((kind, login))
        self._lines.put(reduce(line, event, now), line)
        waiting = self.waiting.get(kind)
        if waiting:
            waiting.discard(login)
        if kind is OnRoutingStateChanged or kind is OnUserInfoChanged or kind is OnAgentStateChanged:
            self._lines.refresh_features(login)

    def _remove(self, login: str) -> None:
        self._lines.remove(login)
        for waiting in self.waiting.values():
            waiting.discard(login)
