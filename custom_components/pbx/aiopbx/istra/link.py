"""One connection to Istra: logged in, its socket read, until it is lost or closed."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..link import WireLink
from ..model import AvailableLine, SystemInfo
from .client import IstraClient, PushSocket
from .crm import Terminals
from .features import FEATURES
from .lines import Lines, Listeners, Watcher
from .rcc import Extensions
from .user import EndUser

if TYPE_CHECKING:
    from .system import IstraSystem

_WATCHERS: Final[dict[str, Callable[..., Watcher]]] = {"myrcc": Extensions, "mycrm": Terminals, "myistra": EndUser}


class IstraLink(WireLink[IstraClient]):
    """One connection: a session, its socket and its listeners. See ``Link``."""

    def __init__(self, system: "IstraSystem", client: IstraClient) -> None:
        """Not open yet."""
        super().__init__("istra", client)
        settings = system.settings
        self.socket: PushSocket | None = None
        self._system = system
        listeners = Listeners(client, f"aiopbx-{secrets.token_hex(4)}-")
        lines = Lines(system.board, FEATURES[settings.system])
        self._watcher: Watcher = _WATCHERS[settings.system](client, settings, lines, listeners, self._start)
        self.commands = self._watcher.commands

    def __repr__(self) -> str:
        """Name the server."""
        return f"<IstraLink {self.client.url}>"

    @property
    def last_heard(self) -> float | None:
        """When the socket said something."""
        return self.socket.last_heard if self.socket is not None else None

    # Opening

    async def open(self) -> None:
        """Log in, find the lines, and open the socket. After an error nothing is left behind."""
        try:
            await self.client.open()
            await self._watcher.find()
            self.socket = await self.client.open_socket()
            self.info = self._describe()
            self._start(self._read(self.socket), "read")
            self._start(self._watch_session(), "session")
        except BaseException:
            await self.close()
            raise

    def _describe(self) -> SystemInfo:
        settings = self._system.settings
        return SystemInfo(
            system=settings.system,
            product=f"Istra {self.client.application}",
            version=self._watcher.version,
            url=self.client.url,
            login=settings.username,
            administrator=settings.system == "myrcc",
        )

    # While it is there

    async def _read(self, socket: PushSocket) -> None:
        async for push in socket:
            if self._system.uses(self):
                self._watcher.take(push)
        self.lose(f"The push socket ended: {socket.end_reason}.")

    async def sync(self) -> None:
        """Bring the board up to date: whatever is asked for is told from then on, so that nothing falls between."""
        await self._watcher.sync()

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every extension, every terminal, or oneself."""
        return await self._watcher.available()
