"""One connection to Istra: logged in, its socket read, until it is lost or closed.

    log in ──> discover ──> Monitored ──> open the socket   (open)
    listeners, which answer with the state; pushes keep it so   (sync)

What the steps are is up to the application: ``Extensions`` of myRCC, ``Terminals`` of myCrm, ``EndUser`` of myIstra.
"""

import secrets
from collections.abc import Callable
from typing import Final

from ..link import WireLink
from ..model import AvailableLine, SystemInfo
from ..settings.connection import ConnectionSettings
from ..store import Store
from .client import IstraClient, PushSocket
from .crm import Terminals
from .lines import FEATURES, Lines, Listeners, Monitor, Monitored
from .rcc import Extensions
from .user import EndUser

_MONITORS: Final[dict[str, Callable[..., Monitor]]] = {"myrcc": Extensions, "mycrm": Terminals, "myistra": EndUser}


class IstraLink(WireLink[IstraClient]):
    """One connection: a session, its socket and its listeners. See ``Link``."""

    reads_together = True

    def __init__(
        self,
        client: IstraClient,
        settings: ConnectionSettings,
        store: Store,
        unconfirmed: dict[str, float] | None = None,
    ) -> None:
        """Not open yet. ``unconfirmed`` is as in ``Lines``."""
        super().__init__("istra", client, settings, store)
        self.socket: PushSocket | None = None
        self._monitored = Monitored()
        # Listeners belong to the account, so that the names of two clients must not be the same.
        listeners = Listeners(client, f"aiopbx-{secrets.token_hex(4)}-")
        lines = Lines(store, FEATURES[settings.system], self.doubts, unconfirmed)
        self._monitor: Monitor = _MONITORS[settings.system](client, settings, lines, listeners, self._start)
        self.reads_calls = self._monitor.reads_calls
        self.commands = self._monitor.commands

    def __repr__(self) -> str:
        """Name the server."""
        return f"<IstraLink {self.client.url}>"

    @property
    def last_heard(self) -> float | None:
        """When something last came over the socket."""
        return self.socket.last_heard if self.socket is not None else None

    async def open(self) -> None:
        """Log in, discover, and open the socket. After an error nothing is left behind."""
        try:
            await self.client.open()
            self._monitored = await self._monitor.discover()
            self.socket = await self.client.open_socket()
            self.socket.on_missed = self._on_missed
            self.info = self._describe()
            self._start(self._read(self.socket), "read")
            self._start(self._watch_session(), "session")
        except BaseException:
            await self.close()
            raise

    def _describe(self) -> SystemInfo:
        settings = self._settings
        return SystemInfo(
            system=settings.system,
            product=f"Istra {self.client.application}",
            version=self._monitored.version,
            url=self.client.url,
            login=settings.username,
            administrator=settings.system == "myrcc",
        )

    async def _bring_up_to_date(self) -> None:
        """Subscribe: the state is the answer, so that nothing falls between."""
        await self._monitor.sync(self._monitored)

    async def _confirm(self, lines: frozenset[str] | None) -> None:
        await self._monitor.confirm(lines)

    def _on_missed(self, why: str) -> None:
        """Something was pushed that cannot be read, so nobody knows which line it was about."""
        if self._synchronising:
            self.doubts.add(None, why)

    async def _read(self, socket: PushSocket) -> None:
        """Apply what is pushed while this link is in use."""
        async for push in socket:
            if self._synchronising and not self._lost.is_set():
                self._monitor.apply(push)
        self.quiet = socket.quiet
        self.lose(f"The push socket ended: {socket.end_reason}.")

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every extension, every terminal, or the own line."""
        return await self._monitor.available_lines()
