"""One connection to one server: logged in, subscribed, its channel read, until it is lost or closed."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConnectionFailed, NotAllowed, NotSupported, PbxError, RequestRefused, SessionLost
from ..link import WireLink
from ..loops import settle
from ..model import AvailableLine, SystemInfo
from .apply import Intake, Lines, News, Reader
from .channel.base import EventChannel
from .channel.silence import Silence
from .client import O2gClient
from .commands import O2gCommands
from .discovery import Agents, available_lines, check_basic, find_lines, without_advanced
from .rights import ADVANCED_LICENCE
from .sync import Sync
from .types.events import OnChannelInformation
from .types.sessions import Filter, Selector, Subscription, SubscriptionRequest, SubscriptionState
from .types.users import OnUserCreated

if TYPE_CHECKING:
    from .system import O2gSystem

_LOG = logging.getLogger(__name__)

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
GREETING: Final = 2.0
"""Seconds, at most, for a server to say something of its own over a channel that it delivers by itself."""


class O2gLink(WireLink[O2gClient]):
    """One connection to one server: a session, a subscription and its channel. See ``Link``."""

    def __init__(self, system: "O2gSystem", client: O2gClient, server: int) -> None:
        """Not open yet."""
        super().__init__("o2g", client)
        self.channel: EventChannel | None = None
        settings = system.settings
        self._system = system
        self._board = system.board
        self._settings = settings
        self._server = server
        self._rights = system.rights
        self._refusal = ""
        """Why the server refused the last subscription."""
        self._heard = asyncio.Event()
        """Set by every batch of events."""
        self._silence = Silence(settings.silence_timeout, settings.request_timeout, self._heard)
        self._lines = Lines(system.board, system.rights)
        self._reader = Reader(client, self._lines)
        self._agents = Agents(client, self._lines)
        self._news = News(client, system.board, self._start)
        self._intake = Intake(
            self._lines,
            self._reader,
            sole=self._sole_user,
            created=self._created,
            said=self._channel_says,
            news=self._news.take,
        )
        self._sync = Sync(
            client,
            self._lines,
            self._reader,
            self._intake,
            self._agents,
            self._news,
            heard=self._heard,
            patience=settings.sync_timeout,
            start=self._start,
        )
        self.commands = O2gCommands(
            client, basic=system.rights.basic, updates=self._lines, nodes_read=self._news.nodes_read
        )

    def __repr__(self) -> str:
        """Name the server."""
        return f"<O2gLink {self.client.url}>"

    @property
    def last_heard(self) -> float | None:
        """When the channel said something."""
        return self.channel.last_heard if self.channel is not None else None

    # ------------------------------------------------------------------------------------------------------- opening

    async def open(self) -> None:
        """Log in, find the lines, subscribe, and have the channel speak. After an error nothing is left behind."""
        try:
            await self.client.open()
            self.info = self._describe()
            found = await find_lines(self.client, self._settings.lines)
            self._lines.logins, self._lines.everybody, self._reader.own = found
            self._rights.forgive()
            await self._agents.find()
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

    async def _subscribe(self) -> Subscription | None:
        """Ask for the events; none where the licence gives none at all."""
        lines, rights, administrator = self._lines, self._rights, self.client.administrator
        licensed: tuple[str, ...] = ()
        for extras in (True, False):
            for _ in range(3):
                licensed = tuple(lines.licensed)
                subscription = await self._ask_for(self._selectors(licensed, extras=extras))
                if subscription is not None:
                    self._sync.agent_events = extras
                    if not extras:
                        rights.without_extras(self._refusal)
                    return subscription
                # Refused: whose licence is it that is missing?
                lacking = await without_advanced(self.client, licensed)
                if lacking and not administrator:
                    await check_basic(self.client)
                rights.mark_basic(lacking)
                if not lacking and not (extras and await self._agents.drop_unlicensed()):
                    break
            if not (licensed or self._agents.logins or administrator):
                break
        if licensed:
            raise NotSupported(
                "The server refuses the subscription for lines that have their licence."
                + (f" It says: {self._refusal}" if self._refusal else ""),
                missing=ADVANCED_LICENCE,
                remedy="Monitor fewer lines, or have more licences installed.",
            )
        return None

    def _selectors(self, licensed: tuple[str, ...], *, extras: bool) -> tuple[Selector, ...]:
        """What to subscribe to; ``extras`` are the packages that can be done without."""
        lines = self._lines
        names: list[tuple[str, tuple[str, ...]]] = []
        if lines.everybody and not self._rights.basic.issuperset(lines.logins):
            licensed = (EVERYBODY,)
        if licensed:
            names += [(package, licensed) for package in LICENSED]
            if extras:
                names.append((LOG, licensed))
        if self._agents.logins and extras:
            names.append((AGENT, self._agents.logins))
        users = (EVERYBODY,) if lines.everybody else lines.logins
        if users:
            names.append(("user", users))
        if self.client.administrator:
            names.append(("userManagement", (EVERYBODY,)))
            if extras:
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
            self._sync.snapshots = version == VERSIONS[0]
            return subscription
        return None

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
                if not self._heard.is_set() and not self._lost.is_set() and not await self._can_provoke():
                    return  # nothing can be provoked, so silence says nothing
            await asyncio.wait([lost, heard], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if self._heard.is_set():
                return
        finally:
            await settle(lost, heard)
        raise ConnectionFailed(
            self._reason or "The event channel opens and says nothing.", remedy=channel.silence_remedy
        )

    async def _can_provoke(self) -> bool:
        """Whether an event could be asked for; it was, then."""
        try:
            return await self._provoke()
        except SessionLost:
            raise
        except RequestRefused as error:
            _LOG.debug("No event can be provoked (%s)", error.status)
            return False

    # ------------------------------------------------------------------------------------------------------- reading

    async def _read(self, channel: EventChannel) -> None:
        async for events in channel:
            self._take(events)
        self.lose(f"The event channel ended: {channel.end_reason}.")

    def _take(self, events: list[Any]) -> None:
        self._heard.set()
        if self._system.uses(self):
            self._intake.take(events)
        else:
            self._intake.overhear(events)

    async def sync(self) -> None:
        """Bring the board up to date: the subscription is there already, so that nothing falls between."""
        await self._sync.everything()

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every user for an administrator, oneself for a user."""
        return await available_lines(self.client, self._board.lines)

    def _sole_user(self) -> str | None:
        logins = self._lines.logins
        return logins[0] if logins and not self.client.administrator else None

    def _created(self, event: OnUserCreated) -> None:
        login = (event.user.login_name if event.user is not None else None) or event.login_name
        lines = self._lines
        if lines.everybody and login and lines.get(login) is None:
            lines.logins = (*lines.logins, login)
            self._start(self._sync.welcome(login), "new-user")

    def _channel_says(self, event: OnChannelInformation) -> None:
        text = (event.text or "").lower()
        if text == "keepalive":
            self._silence.beat()
            self._system.heartbeat = self._silence.period or self._system.heartbeat
        elif "lost" in text and self._system.uses(self):
            _LOG.warning("The server dropped events (%s); asking for the state again", event.text)
            self._start(self._catch_up(), "catch-up")

    async def _catch_up(self) -> None:
        """Ask for everything again, on the connection that there is."""
        try:
            await self._sync.again()
        except PbxError as error:
            self.lose(str(error))

    async def _listen(self, channel: EventChannel) -> None:
        """Notice a channel that died in silence."""
        self.lose(await self._silence.watch(channel, self._provoke))

    async def _provoke(self) -> bool:
        """Ask for an event on the channel: a snapshot of one user; false where that is not possible."""
        login = next(iter(self._lines.licensed), None)
        if login is None or not self._sync.snapshots:
            return False
        await self.client.telephony.telephony_snapshot(login_name=self._reader.name_for(login))
        return True
