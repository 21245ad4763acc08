"""One connection to Istra: logged in, its socket read, until it is lost or closed."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from ..doors import settle
from ..model import AvailableLine, SystemInfo
from ..system import Commands
from .client import IstraClient, PushSocket
from .enduser import EndUser
from .extensions import Extensions
from .features import FEATURES
from .terminals import Terminals
from .watching import Lines, Listeners, Watcher

if TYPE_CHECKING:
    from .system import IstraSystem

_LOG = logging.getLogger(__name__)
_WATCHERS: Final[dict[str, Callable[..., Watcher]]] = {"myrcc": Extensions, "mycrm": Terminals, "myistra": EndUser}


class IstraLink:
    """One connection: a session, its socket and its listeners. See ``Link``."""

    def __init__(self, system: "IstraSystem", client: IstraClient) -> None:
        """Not open yet."""
        settings = system.settings
        self.client = client
        self.socket: PushSocket | None = None
        self.info = SystemInfo()
        self._system = system
        self._lost = asyncio.Event()
        self._reason = ""
        self._tasks: set[asyncio.Task[None]] = set()
        listeners = Listeners(client, f"aiopbx-{secrets.token_hex(4)}-")
        lines = Lines(system.board, FEATURES[settings.system])
        self._watcher: Watcher = _WATCHERS[settings.system](client, settings, lines, listeners, self._start)

    def __repr__(self) -> str:
        """Name the server."""
        return f"<IstraLink {self.client.url}>"

    @property
    def commands(self) -> Commands:
        """The requests."""
        return self._watcher.commands

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

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name=f"istra-{name}")
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

    # While it is there

    async def _read(self, socket: PushSocket) -> None:
        async for push in socket:
            if self._system.uses(self):
                self._watcher.take(push)
        self.lose(f"The push socket ended: {socket.end_reason}.")

    async def _watch_session(self) -> None:
        await self.client.lost.wait()
        why = self.client.lost_reason
        self.lose(f"The session is gone. {why}" if why is not None else "The session is gone.")

    async def sync(self) -> None:
        """Bring the board up to date: whatever is asked for is told from then on, so that nothing falls between."""
        await self._watcher.sync()

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """Every extension, every terminal, or oneself."""
        return await self._watcher.available()

    # Ending

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
        """Give tasks, listeners, socket and session back. Never raises."""
        self.lose("It was closed.")
        await settle(*self._tasks)
        await self.client.close()
