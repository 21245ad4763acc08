"""O2G as the model's system: which lines there are, what is subscribed to, and how the board is brought up to date."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, TypeVar

import aiohttp
from msgspec.structs import replace

from ..board import Board
from ..doors import each, settle
from ..errors import (
    ConnectionFailed,
    InvalidInput,
    NotAllowed,
    NotSupported,
    Offline,
    PbxError,
    RequestRefused,
    SessionLost,
    UnknownLine,
)
from ..events import (
    CallEnded,
    CallStarted,
    Event,
    LicenceExpiring,
    LineAdded,
    LineRemoved,
    NodeChanged,
    ObjectChanged,
)
from ..model import AvailableLine, Feature, LineSnapshot, Statistics, SystemInfo
from ..nodes import CtiLink, NodeSnapshot, NodesSnapshot
from ..objects import ObjectChange
from ..settings import ConnectionSettings
from ..system import Commands, Link
from . import reducer
from .channel import EventChannel
from .channels import channels_of
from .client import O2gClient
from .commands import O2gChecks, O2gCommands
from .features import (
    ADMINISTRATOR,
    ADVANCED_LICENCE,
    ALL,
    LICENCES,
    OF_THE_SYSTEM,
    features_of,
    missing_of,
)
from .operations import API_CONTACTCENTER_AGENT
from .records import nodes_of
from .reducer import Reduced, reduce
from .statistics import WireStatistics
from .types.agent import AgentConfig, OnAgentStateChanged
from .types.event_summary import EventSummary, OnEventSummaryUpdated
from .types.events import OnChannelInformation
from .types.maintenance import OnCtiLinkDown, OnCtiLinkUp, OnLicenseExpiration, OnPbxLoaded
from .types.pbx_management import (
    OnPbxObjectInstanceCreated,
    OnPbxObjectInstanceDeleted,
    OnPbxObjectInstanceModified,
)
from .types.routing import Capabilities, OnRoutingStateChanged
from .types.subscriptions import Filter, Selector, Subscription, SubscriptionRequest, SubscriptionState
from .types.telephony import (
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnDeviceStateModified,
    OnDynamicStateChanged,
    OnTelephonyState,
)
from .types.users import OnUserCreated, OnUserDeleted, OnUserInfoChanged, User

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

EVERYBODY: Final = "*"
LICENSED: Final = ("telephony", "routingManagement", "eventSummary")
"""Packages that need TELEPHONY_ADVANCED, without which nothing is seen."""
LOG: Final = "unifiedComLog"
"""The package of the call log, which needs it too; without it much is seen."""
AGENT: Final = "agent"
"""The package that needs API_CONTACTCENTER_AGENT."""
OF_ADMINISTRATORS: Final = ("system", "pbxManagement")
"""Packages that only administrators get, and can do without."""
VERSIONS: Final = ("2.0", "1.0")
"""Of a subscription, in the order in which they are tried: snapshots on the channel came with 2.0."""
CONCURRENCY: Final = 20
"""How many requests are made at a time while synchronising."""
ONE_BY_ONE: Final = 50
"""Up to so many lines are asked for snapshots one by one, more by one request for all users."""
DETAILS_FIRST: Final = 100
"""Up to so many lines, being online waits for device states, counters and rights; with more they follow later."""
HEARTBEATS: Final = 2.5
"""So many heartbeat periods of silence are suspicious."""
GREETING: Final = 2.0
"""Seconds, at most, for a server to say something of its own over a channel that it delivers by itself."""
PROVOKED: Final = 5.0
"""Seconds, at most, for a provoked event to come."""
_TRIES: Final = 3
"""How often a state is read again because an event came meanwhile."""

_OF_A_USER: Final = frozenset(reducer.HANDLERS)
_OF_A_NODE: Final = frozenset({OnCtiLinkUp, OnCtiLinkDown, OnPbxLoaded})
_OBJECT_CHANGES: Final[dict[type, ObjectChange]] = {
    OnPbxObjectInstanceCreated: ObjectChange.CREATED,
    OnPbxObjectInstanceModified: ObjectChange.CHANGED,
    OnPbxObjectInstanceDeleted: ObjectChange.DELETED,
}


class O2gSystem:
    """One O2G server, or a pair of them. See ``System``."""

    def __init__(self, settings: ConnectionSettings, board: Board, http: aiohttp.ClientSession | None = None) -> None:
        """Fill this board, over this HTTP session; none makes one that is closed with the system."""
        self.settings = settings
        self.board = board
        self.servers = len(settings.urls)
        self.wire = WireStatistics()
        self.heartbeat: float | None = None
        self.basic: set[str] = set()
        """Logins that are known to have the basic licence only."""
        self.rights: dict[str, Capabilities] = {}
        self.lacking: dict[str, set[str]] = {}
        """Licences other than for telephony that are known to be missing, and for which logins."""
        self.account_lacks: set[str] = set()
        """Those that the account itself lacks."""
        self._told_extras = False
        self._http = http
        self._own_http = http is None
        self._channels = channels_of(settings, self.wire)
        self._link: O2gLink | None = None
        self._linked = asyncio.Event()
        self._checks = _Checks()
        self._told_licence = False

    # ------------------------------------------------------------------------------------------------ what it can do

    @property
    def features(self) -> frozenset[Feature]:
        """What any line can do; without lines, what the licence of the account gives."""
        lines = self.board.lines
        features = frozenset().union(*{line.features for line in lines.values()}) if lines else ALL
        link = self._link
        if link is None or link.client.administrator:
            features |= OF_THE_SYSTEM
        for licence in self.account_lacks:
            features -= LICENCES.get(licence, frozenset())
        return features

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """What licences lack; of the account also what only administrators may do."""
        if line is not None:
            return missing_of(basic=line.id in self.basic, lacking=self.licences_lacking(line.id))
        lines = self.board.lines
        link = self._link
        missing = dict(missing_of(basic=bool(lines) and self.basic.issuperset(lines), lacking=self.account_lacks))
        if link is not None and not link.client.administrator:
            missing |= dict.fromkeys(sorted(OF_THE_SYSTEM), ADMINISTRATOR)
        return missing

    def licences_lacking(self, login: str) -> tuple[str, ...]:
        """The licences other than for telephony that a user is known to lack."""
        return tuple(licence for licence, logins in self.lacking.items() if login in logins)

    @property
    def commands(self) -> Commands:
        """The checks."""
        return self._checks

    @property
    def client(self) -> O2gClient | None:
        """The wire of the current connection."""
        return self._link.client if self._link is not None else None

    def statistics(self) -> Statistics:
        """What the wire has seen."""
        wire, link = self.wire, self._link
        age = None
        if link is not None and link.channel is not None:
            age = max(0.0, monotonic() - link.channel.last_heard)
        return Statistics(
            events=wire.events,
            unknown_events=wire.unknown_events,
            unknown_values=wire.unknown_values,
            malformed_frames=wire.malformed_frames,
            bad_fields=wire.bad_fields,
            heartbeat=self.heartbeat,
            channel_age=age,
        )

    # ------------------------------------------------------------------------------------------------------ links

    async def open(self, server: int) -> Link:
        """Log in to a server, subscribe, and open the channel."""
        url = self.settings.urls[server]
        client = O2gClient(self.settings, self._session(), url=url, statistics=self.wire, channels=self._channels)
        link = O2gLink(self, client, server)
        await link.open()
        return link

    async def serves(self, server: int) -> bool:
        """``GET /api/rest`` of a server: a server of a pair that does not serve refuses it."""
        transport = self._channels.transport(self._session(), self.settings.urls[server])
        try:
            await transport.open()
            await transport.request(
                "GET", transport.url + "/api/rest", name="GET /api/rest", with_cookies=False, safe=True
            )
        except PbxError:
            return False
        finally:
            await transport.close()
        return True

    def use(self, link: Link | None) -> None:
        """Send commands through this link, and let its events count; none makes every line unconfirmed."""
        if link is None or isinstance(link, O2gLink):
            self._link = link
        if link is None:
            self._linked.clear()
        else:
            self._linked.set()
        lines = self.board.lines
        for id_, line in lines.items():
            if line.synced:
                lines[id_] = reducer.stale(line)

    def uses(self, link: "O2gLink") -> bool:
        """Whether this is the link whose events count."""
        return self._link is link

    async def run(self, ask: Callable[[Commands], Awaitable[T]], *, safe: bool = False) -> T:
        """Ask through the link there is. What is safe is asked once more after a lost session; nothing else is."""
        link = self._link
        if link is None:
            raise Offline("There is no connection at the moment.", remedy="It is being restored; try again later.")
        try:
            return await ask(link.commands)
        except SessionLost:
            link.lose("the session is gone")
            if not safe:
                raise
        try:
            async with asyncio.timeout(self.settings.request_timeout):
                while self._link is link or self._link is None:
                    self._linked.clear()
                    await self._linked.wait()
        except TimeoutError:
            raise Offline(
                "The session is gone, and there is no new one yet.", remedy="It is being restored; try again later."
            ) from None
        return await ask(self._link.commands)

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every user for an administrator, oneself for a user."""

        async def ask(commands: Commands) -> tuple[AvailableLine, ...]:
            link = self._link
            if link is None:
                raise Offline("There is no connection at the moment.")
            return await link.available_lines()

        return await self.run(ask, safe=True)

    async def close(self) -> None:
        """Listen no more, and close the HTTP session, if it is an own one."""
        await self._channels.close()
        http, self._http = self._http, None
        if http is not None and self._own_http:
            await http.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            if not self._own_http:
                raise ConnectionFailed("The client is closed.")
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        return self._http

    # ------------------------------------------------------------------------------------------------- for the links

    def is_basic(self, logins: Iterable[str]) -> None:
        """Remember that these have the basic licence only, and say so once."""
        self.basic.update(logins)
        if self.basic and not self._told_licence:
            self._told_licence = True
            _LOG.warning(
                "%s of the lines have no licence %s: they can dial, answer and hang up, and show no calls",
                len(self.basic),
                ADVANCED_LICENCE,
            )

    def without_extras(self, refusal: str) -> None:
        """Say once that calls are seen, and other events are not."""
        if not self._told_extras:
            self._told_extras = True
            _LOG.warning(
                "The server refuses the events of agents, the call log and the system%s; the others come",
                f" ({refusal})" if refusal else "",
            )


class _Checks(O2gChecks):
    """The checks, where there is no connection; whatever needs one is refused by ``run`` already."""

    def __getattr__(self, name: str) -> Any:
        raise Offline("There is no connection at the moment.")


class O2gLink:
    """One connection to one server: a session, a subscription and its channel. See ``Link``."""

    def __init__(self, system: O2gSystem, client: O2gClient, server: int) -> None:
        """Not open yet."""
        self.client = client
        self.channel: EventChannel | None = None
        self.info = SystemInfo()
        self._system = system
        self._board = system.board
        self._settings = system.settings
        self._server = server
        self._logins: tuple[str, ...] = ()
        self._all = False
        self._agents: tuple[str, ...] = ()
        """The monitored users who are agents of the call centre, with the licence for it."""
        self._extras = True
        """Whether the subscription has the packages that can be done without."""
        self._user: User | None = None
        self._snapshots = False
        self._lost = asyncio.Event()
        self._reason = ""
        self._heard = asyncio.Event()
        """Set by every batch of events."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._quiet: set[str] = set()
        """Lines that are on the board and not told yet, because their names are not known."""
        self._touched: set[tuple[type, str]] | None = None
        """While a state is being read: which events came meanwhile, by kind and login."""
        self._readers = 0
        self._waiting: dict[type, set[str]] = {
            OnTelephonyState: set(),
            OnRoutingStateChanged: set(),
            OnAgentStateChanged: set(),
        }
        """Lines whose snapshot has not come yet."""
        self._beats: deque[float] = deque(maxlen=5)
        self._last_beat: float | None = None
        self._beat = asyncio.Event()
        """Set by every heartbeat."""
        self.commands = O2gCommands(client, basic=system.basic, teller=self)

    def __repr__(self) -> str:
        """Name the server."""
        return f"<O2gLink {self.client.url}>"

    # ------------------------------------------------------------------------------------------------------- opening

    async def open(self) -> None:
        """Log in, find the lines, subscribe, and have the channel speak. After an error nothing is left behind."""
        try:
            await self.client.open()
            self.info = self._describe()
            self._system.lacking.clear()
            self._system.account_lacks.clear()
            await self._find_lines()
            await self._find_agents()
            subscription = await self._subscribe()
            if subscription is not None:
                self.channel = await self.client.open_channel(subscription)
                self._start(self._read(self.channel), "read")
                await self._first_line(self.channel)
                self._start(self._listen(self.channel), "listen")
            self._start(self._watch_session(), "session")
        except BaseException:
            await self.close()
            raise

    def _describe(self) -> SystemInfo:
        server = self.client.descriptor.server_info
        version = server.product_version if server is not None else None
        return SystemInfo(
            system="o2g",
            product=(server.product_name if server is not None else None) or "O2G",
            version=".".join(part for part in (version.major, version.minor) if part) if version is not None else "",
            url=self.client.url,
            login=self.client.login,
            administrator=self.client.administrator,
            high_availability=bool(server is not None and server.ha_mode) or self._system.servers > 1,
            server="secondary" if self._server else "primary",
        )

    async def _find_lines(self) -> None:
        """Which users to monitor. Raises ``UnknownLine`` for those that do not exist."""
        wanted = self._settings.lines
        if not self.client.administrator:
            login = self.client.login
            self._user = await self.client.users.user(login)
            own = {login, self._user.login_name, self._user.company_phone}
            unknown = [key for key in wanted if key not in own] if wanted != "all" else []
            if unknown:
                raise UnknownLine(
                    f"{login} may not monitor {', '.join(unknown)}.",
                    remedy="A user monitors the own line only; log in as an administrator for others.",
                )
            self._logins = (login,) if wanted else ()
            return
        if wanted == "all":
            self._all = True
            self._logins = (await self.client.users.logins()).login_names
            return
        if not wanted:
            return
        known = set((await self.client.users.logins()).login_names)
        found: dict[str, str | None] = {key: key if key in known else None for key in wanted}

        async def look_up(number: str) -> None:
            try:
                found[number] = (await self.client.users.find_user(company_phone=number)).login_name
            except SessionLost:
                raise
            except (RequestRefused, InvalidInput):
                return

        await each([key for key in wanted if found[key] is None], look_up, CONCURRENCY)
        unknown = [key for key, login in found.items() if login is None]
        if unknown:
            some = ", ".join(sorted(known)[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
            raise UnknownLine(
                f"The server does not know {', '.join(unknown)}.",
                remedy=f"Use login names or numbers; there are: {some}.",
            )
        self._logins = tuple(dict.fromkeys(login for login in found.values() if login is not None))

    async def _subscribe(self) -> Subscription | None:
        """Ask for the events; none where the licence gives none at all."""
        system = self._system
        for extras in (True, False):
            self._extras = extras
            for _ in range(3):
                licensed = tuple(login for login in self._logins if login not in system.basic)
                subscription = await self._ask_for(self._selectors(licensed))
                if subscription is not None:
                    if not extras:
                        system.without_extras(self._refusal)
                    return subscription
                # Refused: whose licence is it that is missing?
                lacking = await self._without_licence(licensed)
                system.is_basic(lacking)
                if not lacking and not (extras and await self._drop_agents()):
                    break
            if not self._has_extras(licensed):
                break
        if licensed:
            raise NotSupported(
                "The server refuses the subscription, though every line has its licence."
                + (f" It says: {self._refusal}" if self._refusal else ""),
                missing=ADVANCED_LICENCE,
                remedy="Monitor fewer lines, or have more licences installed.",
            )
        return None

    def _has_extras(self, licensed: tuple[str, ...]) -> bool:
        return bool(licensed or self._agents or self.client.administrator)

    async def _find_agents(self) -> None:
        """Which of the lines are agents. An administrator is told; of oneself one asks what one is."""
        if self.client.administrator:
            told = await self._optional(self.client.users.logins(only_acd=True)) if self._logins else None
            operators = set(told.login_names) if told is not None else set()
            if operators and operators.issuperset(self._logins) and len(self._logins) > 1:
                # A server that leaves the restriction out tells everybody.
                operators = {login for login in operators if await self._config(login) is not None}
            self._agents = tuple(login for login in self._logins if login in operators)
        elif self._logins and await self._config(self._logins[0]) is not None:
            self._agents = self._logins

    async def _config(self, login: str) -> AgentConfig | None:
        """What an agent is; none where the user is no agent, or lacks the licence."""
        try:
            config = await self.client.agent.agent_config(login_name=self._as(login))
        except SessionLost:
            raise
        except NotAllowed:
            self._system.lacking.setdefault(API_CONTACTCENTER_AGENT, set()).add(login)
            return None
        except PbxError as error:
            if error.transient:
                raise
            return None
        return config if config != AgentConfig() else None

    async def _drop_agents(self) -> bool:
        """Leave out the agents without a licence; false where there are none."""
        with_licence: set[str] = set()

        async def look(login: str) -> None:
            if await self._config(login) is not None:
                with_licence.add(login)

        await each(self._agents, look, CONCURRENCY)
        before = self._agents
        self._agents = tuple(login for login in before if login in with_licence)
        return len(self._agents) < len(before)

    _refusal: str = ""

    def _selectors(self, licensed: tuple[str, ...]) -> tuple[Selector, ...]:
        administrator = self.client.administrator
        names: list[tuple[str, tuple[str, ...]]] = []
        if self._all and not self._system.basic.issuperset(self._logins):
            licensed = (EVERYBODY,)
        if licensed:
            names += [(package, licensed) for package in LICENSED]
            if self._extras:
                names.append((LOG, licensed))
        if self._agents and self._extras:
            names.append((AGENT, self._agents))
        users = (EVERYBODY,) if self._all else self._logins
        if users:
            names.append(("user", users))
        if administrator:
            names.append(("userManagement", (EVERYBODY,)))
            if self._extras:
                names += [(package, (EVERYBODY,)) for package in OF_ADMINISTRATORS]
        return tuple(Selector(ids=ids, names=(package,)) for package, ids in names)

    async def _ask_for(self, selectors: tuple[Selector, ...]) -> Subscription | None:
        """Subscribe; none is refused for want of a licence or a right."""
        if not selectors:
            return None
        for version in VERSIONS:
            request = SubscriptionRequest(
                filter=Filter(selectors=selectors), version=version, timeout=self._settings.subscription_timeout
            )
            try:
                subscription = await self.client.subscribe(request)
            except SessionLost:
                raise
            except NotAllowed as error:
                self._refusal = error.inner_message or error.help_message or ""
                return None
            except RequestRefused as error:
                if error.status == 400 and version != VERSIONS[-1]:
                    continue  # an older server, perhaps, that does not know this version
                raise
            if subscription.status == SubscriptionState.REFUSED:
                self._refusal = subscription.message or ""
                return None
            self._snapshots = version == VERSIONS[0]
            return subscription
        return None

    async def _without_licence(self, logins: tuple[str, ...]) -> set[str]:
        """Which of these may not read their own telephonic state."""
        lacking: set[str] = set()

        async def look(login: str) -> None:
            try:
                await self.client.telephony.telephonic_state(login_name=self._as(login))
            except SessionLost:
                raise
            except NotAllowed:
                lacking.add(login)
            except RequestRefused:
                return

        await each(logins, look, CONCURRENCY)
        return lacking

    def _as(self, login: str) -> str | None:
        return login if self.client.administrator else None

    async def _first_line(self, channel: EventChannel) -> None:
        """A channel that says nothing at its beginning is no channel."""
        lost = asyncio.ensure_future(self._lost.wait())
        heard = asyncio.ensure_future(self._heard.wait())
        left = self._settings.request_timeout
        try:
            if not channel.greets:
                # The server may say nothing of its own; then an event is provoked, which proves as much.
                pause = min(GREETING, left / 2)
                left -= pause
                await asyncio.wait([lost, heard], timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if not self._heard.is_set() and not self._lost.is_set() and not await self._provoke():
                    return  # nothing can be provoked, so silence says nothing
            await asyncio.wait([lost, heard], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if self._heard.is_set():
                return
        finally:
            await settle(lost, heard)
        raise ConnectionFailed(
            self._reason or "The event channel opens and says nothing.", remedy=channel.silence_remedy
        )

    async def _provoke(self) -> bool:
        """Ask for an event on the channel: a snapshot of one user; false where that is not possible."""
        login = next((login for login in self._logins if login not in self._system.basic), None)
        if login is None or not self._snapshots:
            return False
        try:
            await self.client.telephony.telephony_snapshot(login_name=self._as(login))
        except SessionLost:
            raise
        except RequestRefused as error:
            _LOG.debug("No event can be provoked (%s)", error.status)
            return False
        return True

    def _start(self, work: Any, name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"o2g-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _LOG.error("%s failed in a way that was not foreseen", task.get_name(), exc_info=error)
            self.lose(f"{task.get_name()} failed ({type(error).__name__}).")

    # -------------------------------------------------------------------------------------------------------- ending

    async def lost(self) -> str:
        """Wait until the connection is gone; says why."""
        await self._lost.wait()
        return self._reason

    def lose(self, reason: str) -> None:
        """The connection is gone."""
        if not self._lost.is_set():
            self._reason = reason
            self._lost.set()

    async def close(self) -> None:
        """Give tasks, channel, subscription and session back. Never raises."""
        self.lose("It was closed.")
        await settle(*self._tasks)
        if self.channel is not None:
            await self.channel.close()
        await self.client.close()

    async def _watch_session(self) -> None:
        await self.client.lost.wait()
        why = self.client.lost_reason
        self.lose(f"The session is gone. {why}" if why is not None else "The session is gone.")

    # -------------------------------------------------------------------------------------------------- the event path

    async def _read(self, channel: EventChannel) -> None:
        async for events in channel:
            self._take(events)
        self.lose(f"The event channel ended: {channel.end_reason}.")

    def _take(self, events: "list[Any]") -> None:
        """Apply a batch of events: the hot path."""
        self._heard.set()
        if not self._system.uses(self):
            for event in events:
                if type(event) is OnChannelInformation:
                    self._channel_says(event)
            return
        now = datetime.now(UTC)
        lines = self._board.lines
        put = self._board.put
        often = reducer.OFTEN.get
        special = bool(self._quiet) or self._touched is not None
        for event in events:
            line = lines.get(event.login_name)
            handler = often(type(event))
            if line is None or handler is None or special:
                self._seldom(event, line, now)
                continue
            after, told = handler(line, event, now)
            if after is not line:
                put(after, told)

    def _seldom(self, event: Any, line: LineSnapshot | None, now: datetime) -> None:
        kind = type(event)
        if kind is OnChannelInformation:
            self._channel_says(event)
        elif kind is OnUserCreated:
            self._created(event)
        elif kind is OnUserDeleted:
            if line is not None and event.login_name is not None:
                self._remove(event.login_name, now)
        elif kind in _OF_A_USER:
            if line is None:
                if event.login_name is not None or self.client.administrator or not self._logins:
                    return  # about somebody who is not monitored
                # The reference leaves the login name out of some events; a user's session has only one user.
                line = self._board.lines.get(self._logins[0])
                if line is None:
                    return
            login = line.id
            if self._touched is not None:
                self._touched.add((kind, login))
            self._put(reduce(line, event, now), line)
            waiting = self._waiting.get(kind)
            if waiting:
                waiting.discard(login)
            if kind is OnRoutingStateChanged or kind is OnUserInfoChanged or kind is OnAgentStateChanged:
                self._refresh_features(login, now)
        elif kind in _OF_A_NODE:
            self._node_says(event, now)
        elif kind is OnLicenseExpiration:
            self._board.publish(LicenceExpiring(at=now, days=event.nb_days or 0, message=event.message))
            self._start(self._later(self._read_nodes()), "nodes")
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

    def _put(self, reduced: Reduced, before: LineSnapshot) -> None:
        after, told = reduced
        if after is before:
            if told and after.id not in self._quiet:
                self._board.publish(*told)
            return
        self._board.put(after, () if after.id in self._quiet else told)

    def _refresh_features(self, login: str, now: datetime) -> None:
        line = self._board.lines.get(login)
        if line is not None:
            system = self._system
            features = features_of(
                line,
                basic=login in system.basic,
                rights=system.rights.get(login),
                lacking=system.licences_lacking(login),
            )
            if features != line.features:
                self._put(reducer.with_features(line, features, now), line)

    def _channel_says(self, event: OnChannelInformation) -> None:
        text = (event.text or "").lower()
        if text == "keepalive":
            now = monotonic()
            if self._last_beat is not None:
                self._beats.append(now - self._last_beat)
                # A batch that was delayed makes one period long and the next short: the longest of late is the one.
                self._system.heartbeat = max(self._beats)
            self._last_beat = now
            self._beat.set()
        elif "lost" in text and self._system.uses(self):
            _LOG.warning("The server dropped events (%s); asking for the state again", event.text)
            self._start(self._catch_up(), "catch-up")

    async def _catch_up(self) -> None:
        """Ask for everything again, on the connection that there is."""
        try:
            await self._sync_states()
            await self._read_all_details(self._logins, again=set(self._logins))
        except PbxError as error:
            self.lose(str(error))

    # ---------------------------------------------------------------------------------- what requests have found out

    def changed(self, login: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """A request found out how a line is now."""
        line = self._board.lines.get(login)
        if line is not None:
            self._put(change(line), line)
            self._refresh_features(login, datetime.now(UTC))

    def lacks(self, login: str | None, licence: str) -> None:
        """A request was refused for want of a licence: the feature is gone until the next connection."""
        if login is None:
            self._system.account_lacks.add(licence)
            return
        self._system.lacking.setdefault(licence, set()).add(login)
        self._refresh_features(login, datetime.now(UTC))

    def nodes_read(self, nodes: NodesSnapshot) -> None:
        """The nodes, as they were read; what differs is told."""
        former = {node.id: node for node in self._board.nodes.nodes}
        self._board.nodes = nodes
        now = datetime.now(UTC)
        for node in nodes.nodes:
            before = former.get(node.id)
            if before is not None and (before.link, before.loaded) != (node.link, node.loaded):
                self._board.publish(NodeChanged(at=now, node=node, previous=before))

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
            self._start(self._later(self._read_nodes()), "nodes")

    async def _read_nodes(self) -> None:
        """Read nodes and licences, where the account may."""
        if self.client.administrator:
            try:
                self.nodes_read(nodes_of(await self.client.maintenance.system_status()))
            except SessionLost:
                raise
            except PbxError as error:
                if error.transient:
                    raise
                _LOG.debug("The nodes cannot be read: %s", type(error).__name__)

    def counted(self, line: LineSnapshot, summary: EventSummary) -> None:
        """Counters of a line were read."""
        newest = self._board.lines.get(line.id)
        if newest is not None:
            self._put(reducer.counters(newest, summary, datetime.now(UTC)), newest)

    # ---------------------------------------------------------------------------------------------- users at run time

    def _created(self, event: OnUserCreated) -> None:
        login = (event.user.login_name if event.user is not None else None) or event.login_name
        if self._all and login and login not in self._board.lines:
            self._logins = (*self._logins, login)
            self._start(self._welcome(login), "new-user")

    async def _welcome(self, login: str) -> None:
        """Monitor a user who was created meanwhile."""
        self._quiet.add(login)
        self._board.lines[login] = reducer.new_line(login)
        try:
            await self._read_user(login)
            self._announce(login)
            await self._read_telephony(login)
            await self._read_routing(login)
            await self._read_details(login)
        except PbxError as error:
            _LOG.info("The new user %s could not be read: %s", login, error.message)
            self._announce(login)

    def _remove(self, login: str, now: datetime) -> None:
        line = self._board.lines.pop(login, None)
        if line is None:
            return
        self._logins = tuple(one for one in self._logins if one != login)
        self._system.rights.pop(login, None)
        self._system.basic.discard(login)
        quiet = login in self._quiet
        self._quiet.discard(login)
        for waiting in self._waiting.values():
            waiting.discard(login)
        if quiet:
            return
        told: list[Event] = [CallEnded(at=now, line=login, call=reducer.ended_unseen(call)) for call in line.calls]
        self._board.publish(*told, LineRemoved(at=now, line=login))

    def _announce(self, login: str) -> None:
        """Tell of a line, and of the calls that it has already."""
        if login not in self._quiet:
            return
        self._quiet.discard(login)
        now = datetime.now(UTC)
        self._refresh_features(login, now)
        line = self._board.lines.get(login)
        if line is not None:
            self._board.publish(
                LineAdded(at=now, line=login, snapshot=line),
                *(CallStarted(at=now, line=login, call=call) for call in line.calls),
            )

    # ------------------------------------------------------------------------------------------------- synchronisation

    async def sync(self) -> None:
        """Bring the board up to date: the subscription is there already, so that nothing falls between."""
        lines = self._board.lines
        now = datetime.now(UTC)
        wanted = set(self._logins)
        for login in [login for login in lines if login not in wanted]:
            self._remove(login, now)
        for login, line in list(lines.items()):
            if line.agent is not None and login not in self._agents:
                self._put(reducer.no_agent(line, now), line)
        new = [login for login in self._logins if login not in lines]
        for login in new:
            self._quiet.add(login)
            lines[login] = reducer.new_line(login)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sync_states())
                group.create_task(self._name(new))
                group.create_task(self._read_nodes())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        details = self._read_all_details(self._logins, again=set(self._logins).difference(new))
        if len(self._logins) <= DETAILS_FIRST:
            await details
        else:
            self._start(self._later(details), "details")

    async def _read_all_details(self, logins: tuple[str, ...], again: set[str]) -> None:
        """Read what no snapshot carries, and of lines that were known before also who they are now."""

        async def one(login: str) -> None:
            if login in again:
                await self._read_user(login)
            await self._read_details(login)

        await each(logins, one, CONCURRENCY)

    async def _later(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PbxError as error:
            _LOG.info("Not everything could be read: %s", error.message)

    async def _name(self, logins: list[str]) -> None:
        """Read who the new lines are, then tell of them."""

        async def one(login: str) -> None:
            await self._read_user(login)
            self._announce(login)

        await each(logins, one, CONCURRENCY)

    async def _sync_states(self) -> None:
        """Have calls and routing confirmed: by snapshots on the channel, in order with the events; else by reading."""
        lines = self._board.lines
        licensed = [login for login in self._logins if login not in self._system.basic]
        if not licensed and not self._agents:
            return
        telephony, routing = self._waiting[OnTelephonyState], self._waiting[OnRoutingStateChanged]
        agents = self._waiting[OnAgentStateChanged]
        telephony.clear()
        routing.clear()
        agents.clear()
        if self._snapshots:
            telephony.update(licensed)
            routing.update(licensed)
            if self._extras:
                agents.update(self._agents)
            await self._ask_snapshots(licensed)
            left = len(telephony) + len(routing) + len(agents)
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self._settings.sync_timeout
            while telephony or routing or agents:
                self._heard.clear()
                try:
                    async with asyncio.timeout_at(deadline):
                        await self._heard.wait()
                except TimeoutError:
                    break
                if len(telephony) + len(routing) + len(agents) < left:
                    # It may take long with many users; as long as some come, it goes on.
                    left = len(telephony) + len(routing) + len(agents)
                    deadline = loop.time() + self._settings.sync_timeout
            no_calls = [login for login in licensed if login in telephony and login in lines]
            no_routing = [login for login in licensed if login in routing and login in lines]
            no_agent = [login for login in self._agents if (login in agents or not self._extras) and login in lines]
            telephony.clear()
            routing.clear()
            agents.clear()
        else:
            no_calls = no_routing = licensed
            no_agent = list(self._agents)
        await each(no_calls, self._read_telephony, CONCURRENCY)
        await each(no_routing, self._read_routing, CONCURRENCY)
        await each(no_agent, self._read_agent, CONCURRENCY)

    async def _ask_snapshots(self, logins: list[str]) -> None:
        """Ask for snapshots: one request for everybody, or for each of a few lines."""
        client = self.client
        one_by_one = client.administrator and not self._all and len(logins) <= ONE_BY_ONE
        asked: list[tuple[Callable[..., Awaitable[None]], str | None]] = []
        if logins:
            for name in logins if one_by_one else [None]:
                asked += [(client.telephony.telephony_snapshot, name), (client.routing.routing_snapshot, name)]
        if self._agents and self._extras:
            asked += [(client.agent.agent_snapshot, name) for name in (self._agents if one_by_one else [None])]

        async def one(request: tuple[Callable[..., Awaitable[None]], str | None]) -> None:
            ask, name = request
            try:
                await ask(login_name=name)
            except SessionLost:
                raise
            except RequestRefused as error:
                _LOG.debug("A snapshot was refused (%s); the state is read instead", error.status)

        await each(asked, one, CONCURRENCY)

    @contextmanager
    def _reading(self, login: str, *kinds: type) -> Iterator[Callable[[], bool]]:
        """While something of a line is read, notice such events of it; the function says whether there was one."""
        keys = {(kind, login) for kind in kinds}
        touched = self._touched
        if touched is None:
            touched = self._touched = set()
        touched -= keys
        self._readers += 1
        try:
            yield lambda: not keys.isdisjoint(touched)
        finally:
            self._readers -= 1
            if not self._readers:
                self._touched = None

    async def _read_telephony(self, login: str) -> None:
        for attempt in range(_TRIES):
            with self._reading(login, OnCallCreated, OnCallModified, OnCallRemoved, OnTelephonyState) as came:
                try:
                    state = await self.client.telephony.telephonic_state(login_name=self._as(login))
                except SessionLost:
                    raise
                except NotAllowed:
                    self._system.is_basic((login,))
                    self._refresh_features(login, datetime.now(UTC))
                    return
                except RequestRefused as error:
                    _LOG.debug("The state of a line was refused (%s)", error.status)
                    if error.transient:
                        raise
                    return
                if came() and attempt < _TRIES - 1:
                    continue
                line = self._board.lines.get(login)
                if line is not None:
                    self._put(reducer.resync(line, state, datetime.now(UTC)), line)
                return

    async def _read_routing(self, login: str) -> None:
        with self._reading(login, OnRoutingStateChanged) as came:
            state = await self._optional(self.client.routing.routing_state(login_name=self._as(login)))
            line = self._board.lines.get(login)
            if state is not None and line is not None and not came():
                now = datetime.now(UTC)
                self._put(reducer.routing(line, state, now), line)
                self._refresh_features(login, now)

    async def _read_agent(self, login: str) -> None:
        await self._detail(
            login,
            OnAgentStateChanged,
            self.client.agent.agent_state(login_name=self._as(login)),
            reducer.agent_state,
        )
        self._refresh_features(login, datetime.now(UTC))

    async def _read_user(self, login: str) -> None:
        with self._reading(login, OnUserInfoChanged) as came:
            user, self._user = self._user, None  # a user's session has read its own user already
            if user is None:
                user = await self._optional(self.client.users.user(login))
            line = self._board.lines.get(login)
            if user is not None and line is not None and not came():
                now = datetime.now(UTC)
                self._put(reducer.user(line, user, now), line)
                self._refresh_features(login, now)

    async def _read_details(self, login: str) -> None:
        """Rights, device states, counters, hunting group: what no snapshot carries."""
        system, name = self._system, self._as(login)
        if login not in system.basic:
            rights = await self._optional(self.client.routing.routing_capabilities(login_name=name))
            if rights is not None:
                system.rights[login] = _SHARED_RIGHTS.setdefault(rights, rights)
        if login in self._agents:
            config = await self._config(login)
            line = self._board.lines.get(login)
            if config is not None and line is not None:
                self._put(reducer.agent_config(line, config, datetime.now(UTC)), line)
        self._refresh_features(login, datetime.now(UTC))
        if login in system.basic:
            return
        await self._detail(
            login,
            OnDeviceStateModified,
            self.client.telephony.devices(login_name=name),
            lambda line, told, now: reducer.device_states(line, told.device_states, now),
        )
        await self._detail(
            login, OnEventSummaryUpdated, self.client.event_summary.event_summary(login_name=name), reducer.counters
        )
        await self._detail(
            login,
            OnDynamicStateChanged,
            self.client.telephony.hunting_group_status(login_name=name),
            reducer.hunting_group,
        )

    async def _detail(
        self, login: str, kind: type, ask: Awaitable[T], apply: Callable[[LineSnapshot, T, datetime], Reduced]
    ) -> None:
        with self._reading(login, kind) as came:
            told = await self._optional(ask)
            line = self._board.lines.get(login)
            if told is not None and line is not None and not came():
                self._put(apply(line, told, datetime.now(UTC)), line)

    async def _optional(self, ask: Awaitable[T]) -> T | None:
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

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every user for an administrator, oneself for a user."""
        logins = (await self.client.users.logins()).login_names if self.client.administrator else (self.client.login,)
        found: dict[str, AvailableLine] = {login: AvailableLine(id=login) for login in logins}

        async def look(login: str) -> None:
            line = self._board.lines.get(login)
            if line is not None and line.number:
                found[login] = AvailableLine(id=login, number=line.number, name=line.name)
                return
            user = await self._optional(self.client.users.user(login))
            if user is not None:
                known = reducer.user(reducer.new_line(login), user, datetime.now(UTC))[0]
                found[login] = AvailableLine(id=login, number=known.number, name=known.name)

        await each(logins, look, CONCURRENCY)
        return tuple(found.values())

    # -------------------------------------------------------------------------------------------------------- silence

    async def _listen(self, channel: EventChannel) -> None:
        """Notice a channel that died in silence: provoke an event, and give up if that does not come either."""
        while True:
            limit = self._patience()
            left = channel.last_heard + limit - monotonic()
            if left > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        self._beat.clear()
                        await self._beat.wait()  # from what it tells of the period, there may be less patience
                continue
            heard = channel.last_heard
            login = next((login for login in self._logins if login not in self._system.basic), None)
            if login is None or not self._snapshots:
                # Nothing can be provoked. Where there is a heartbeat, its absence says enough.
                if self._beats:
                    self.lose("The event channel is silent: no heartbeat comes any more.")
                    return
                await asyncio.sleep(limit)
                continue
            try:
                await self.client.telephony.telephony_snapshot(login_name=self._as(login))
            except SessionLost:
                self.lose("The session is gone.")
                return
            except RequestRefused as error:
                _LOG.debug("The channel is silent, and no event can be provoked (%s)", error.status)
            except PbxError as error:
                self.lose(f"The event channel is silent, and the server does not answer. {error.message}")
                return
            until = monotonic() + min(PROVOKED, self._settings.request_timeout)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, until - monotonic())):
                    while channel.last_heard <= heard:
                        self._heard.clear()
                        await self._heard.wait()
            if channel.last_heard <= heard:
                self.lose("The event channel is silent: not even a provoked event comes.")
                return

    def _patience(self) -> float:
        """Seconds of silence that mean nothing yet."""
        if self._beats:
            return max(self._beats) * HEARTBEATS
        return self._settings.silence_timeout


_LINKED: Final = frozenset({CtiLink.MAIN, CtiLink.SECONDARY})
_SHARED_RIGHTS: Final[dict[Capabilities, Capabilities]] = {}
