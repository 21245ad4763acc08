"""One connection to one server: logged in, subscribed, its channel read, until it is lost or closed.

``open`` and ``sync`` are the whole way, from top to bottom:

    log in ──> discover ──> Monitored ──> subscribe ──> Subscribed ──> open the channel ──> it speaks   (open)
    snapshots and reads ──> the store is as the switch is; events keep it so                            (sync)

Each step hands what it found to the next as a frozen value. From then on the ``Applier`` applies events, and ``Sync``
asks for state; both write through ``Lines``, which owns what is monitored.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from ..errors import ConnectionFailed, RequestRefused, SessionLost
from ..link import WireLink
from ..loops import settle
from ..model import AvailableLine, SystemInfo
from ..settings.connection import ConnectionSettings
from ..store import Store
from .apply import Applier, Lines, SystemState, created_login
from .centre import CentreState
from .channel.base import EventChannel, Promptness, Silence, events_late, is_quick
from .client import O2gClient
from .commands import O2gCommands
from .discovery import Monitored, available_lines, discover
from .rights import Rights
from .session import sites_of
from .subscription import Subscribed, subscribe
from .sync import Sync
from .types.events import OnChannelInformation
from .types.users import OnUserCreated

_LOG = logging.getLogger(__name__)

GREETING: Final = 2.0
"""Seconds, at most, for a server to say something of its own over a channel that it delivers by itself."""

RIGHTS_EVERY: Final = 600.0
"""Seconds in which the rights of all users are read once; longer where they are many, as ``RIGHTS_PAUSE`` says."""
RIGHTS_PAUSE: Final = 0.5
"""Seconds between two of these requests, at least."""


class O2gLink(WireLink[O2gClient]):
    """One connection to one server: a session, a subscription and its channel. See ``Link``."""

    _lines: Lines
    _applier: Applier
    _sync: Sync
    _system: SystemState
    _centre: CentreState

    def __init__(
        self,
        client: O2gClient,
        settings: ConnectionSettings,
        store: Store,
        rights: Rights,
        *,
        server: int,
        on_heartbeat: Callable[[float], None],
        suspected: bool = False,
    ) -> None:
        """Not open yet. ``on_heartbeat`` gets the seconds between two heartbeats, as soon as they are known.

        ``suspected`` says that the last channel may have been late, so that this one has to show that it is not.
        """
        super().__init__("o2g", client, settings, store)
        self.doubts.on_unanswered = self.unanswered
        self.channel: EventChannel | None = None
        self._rights = rights
        self._server = server
        self._on_heartbeat = on_heartbeat
        self._silence = Silence(settings.silence_timeout, settings.request_timeout)
        self.suspected = suspected
        """Whether the events of the channel may be late, as it has fallen silent or there are signs."""
        self._finding_out = False
        self._promptness = Promptness(
            self._provoke, answer=settings.request_timeout, where=client.url, usual=lambda: client.usual_duration
        )

    def __repr__(self) -> str:
        """Name the server."""
        return f"<O2gLink {self.client.url}>"

    @property
    def last_heard(self) -> float | None:
        """When something last came over the channel."""
        return self.channel.last_heard if self.channel is not None else None

    # -------------------------------------------------------------------------------------------------- open and sync

    async def open(self) -> None:
        """Log in, discover, subscribe, and wait for the channel to speak. After an error nothing is left behind."""
        try:
            await self.client.open()
            self.info = self._describe()
            monitored = await discover(self.client, self._settings.lines, self._rights)
            subscribed = await subscribe(self.client, monitored, self._rights, self._settings)
            self._build(monitored, subscribed)
            self._rights.services(self.client.offers, administrator=self.client.administrator)
            if subscribed.subscription is not None:
                begun = monotonic()
                self.channel = channel = await self.client.open_channel(subscribed.subscription)
                channel.on_missed = self._on_missed
                channel.on_late = self._suspect
                if channel.at_least_once:
                    self._applier.expect_repeats()
                self._start(self._read(channel), "read")
                await self._first_event(channel)
                if channel.greets:
                    await self._promptness.opened(monotonic() - begun, suspected=self.suspected)
                    self.suspected = False
                self._start(self._watch_channel(channel), "listen")
            self._start(self._watch_session(), "session")
        except BaseException:
            await self.close()
            raise

    def _build(self, monitored: Monitored, subscribed: Subscribed) -> None:
        """Make what applies events and what synchronises, from what was found."""
        client = self.client
        logins = monitored.logins
        self._lines = lines = Lines(self._store, self._rights, logins, subscribed.agents, everybody=monitored.everybody)
        self._system = SystemState(client, self._store, self._start)
        self._centre = CentreState(client, self._store)
        sole = logins[0] if logins and not client.administrator else None
        self._applier = Applier(
            lines,
            sole=sole,
            on_other=self._on_other,
            on_figures=self._centre.apply_figures,
            on_doubt=self.doubts.add,
        )
        self._sync = Sync(
            client,
            lines,
            self._applier,
            self._system,
            subscribed,
            users=monitored.users,
            patience=self._settings.sync_timeout,
            start=self._start,
        )
        self.commands = O2gCommands(
            client, basic=self._rights.basic, updates=lines, nodes_read=self._system.put, centre=self._centre
        )

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
            high_availability=bool(server is not None and server.ha_mode) or len(self._settings.urls) > 1,
            server="secondary" if self._server else "primary",
            sites=sites_of(self.client.descriptor),
        )

    async def _bring_up_to_date(self) -> None:
        """The subscription is there already, so that nothing falls between."""
        await self._sync.everything()
        await self._centre.resume()
        if self._settings.audit_interval:
            self._start(self._serve(self._audit_rights()), "rights")

    async def _audit_rights(self) -> None:
        await self._sync.audit_rights(RIGHTS_EVERY, RIGHTS_PAUSE)
        self.lose("Users have been given licences, and their events have to be subscribed to.")

    async def _confirm(self, lines: frozenset[str] | None) -> None:
        if lines is None:
            await self._sync.again()
        else:
            await self._sync.lines(lines)

    async def _audit(self, lines: frozenset[str] | None) -> None:
        await self._sync.calls(lines or ())

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every user for an administrator, the own line for a user."""
        return await available_lines(self.client, self._store.lines)

    # -------------------------------------------------------------------------------------------------- the channel

    async def _read(self, channel: EventChannel) -> None:
        """Apply what comes over the channel while this link is in use."""
        async for events in channel:
            self._promptness.look(events)
            if self._synchronising and not self._lost.is_set():
                if channel.repeated:
                    self._applier.apply_again(events)
                else:
                    self._applier.apply(events)
            else:
                # This link's events do not count yet; the heartbeat is this channel's all the same.
                for event in events:
                    if type(event) is OnChannelInformation:
                        self._on_channel_information(event)
        self.quiet = channel.quiet
        self.lose(f"The event channel ended: {channel.end_reason}.")

    def _on_missed(self, login: str | None, why: str) -> None:
        """Something came that cannot be read; ``login`` is the user it was about, where that much was clear."""
        if self._synchronising:
            self.doubts.add(login, why)

    def _on_other(self, event: Any) -> None:
        """An event that is about no monitored line."""
        kind = type(event)
        if self._centre.apply(event, datetime.now(UTC)):
            return
        if kind is OnChannelInformation:
            self._on_channel_information(event)
        elif kind is OnUserCreated:
            login = created_login(event)
            if login and self._lines.monitor(login):
                self._start(self._sync.new_line(login), "new-user")
        else:
            self._system.apply(event)

    def _on_channel_information(self, event: OnChannelInformation) -> None:
        text = (event.text or "").lower()
        if text == "keepalive":
            self._silence.beat()
            if self.channel is not None:
                self._promptness.beat(self.channel)
            if self._silence.period:
                self._on_heartbeat(self._silence.period)
        elif "lost" in text and self._synchronising:
            _LOG.warning("The server dropped events (%s); asking for the state again", event.text)
            if not self._sync.events_lost():
                self.doubts.add(None, "the server dropped some")

    async def _first_event(self, channel: EventChannel) -> None:
        """Wait for the first event: a channel over which nothing comes at its beginning is no channel."""
        lost = asyncio.create_task(self._lost.wait())
        first = asyncio.create_task(channel.arrivals.wait_since(0))
        left = self._settings.request_timeout
        try:
            if not channel.greets:
                # The server may say nothing of its own; then an event is provoked, which proves as much.
                pause = min(GREETING, left / 2)
                left -= pause
                await asyncio.wait([lost, first], timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if not channel.arrivals.count and not self._lost.is_set() and not await self._can_provoke():
                    return  # nothing can be provoked, so silence says nothing
            await asyncio.wait([lost, first], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if channel.arrivals.count:
                return
        finally:
            await settle(lost, first)
        if not self._reason and channel.greets and is_quick(self.client.usual_duration):
            raise events_late(
                "the event channel opens, and nothing comes over it, not even what each server begins with",
                self.client.url,
            )
        raise ConnectionFailed(
            self._reason or "The event channel opens, and nothing comes over it.", remedy=channel.silence_remedy
        )

    async def _can_provoke(self) -> bool:
        """Ask for an event; False if none could be asked for."""
        try:
            return await self._sync.provoke_event()
        except SessionLost:
            raise
        except RequestRefused as error:
            _LOG.debug("No event can be provoked (%s)", error.status)
            return False

    async def _provoke(self) -> bool:
        return await self._sync.provoke_event()

    def _suspect(self, why: str) -> None:
        """There is a sign that events are held back. One at a time is looked into."""
        if self._synchronising and not self._finding_out:
            _LOG.info("Events may be held back (%s); one is asked for", why)
            self._finding_out = True
            self._start(self._find_out(why), "promptness")

    async def _find_out(self, why: str) -> None:
        error = await self._promptness.is_late(why)
        self._finding_out = False
        if error is not None:
            self.suspected = True
            self.lose(error)

    def unanswered(self, line: str) -> None:
        """No event has answered a command: it may have changed nothing, or the event is held back."""
        if self.channel is not None and self.channel.greets:
            self._suspect("no event has answered a command")

    async def _watch_channel(self, channel: EventChannel) -> None:
        """Notice a channel that died in silence."""
        reason = await self._silence.watch(channel, self._sync.provoke_event)
        self.suspected = True
        self.lose(reason)
