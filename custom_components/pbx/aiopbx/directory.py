"""The telephone book of a system."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

from .doors import owned
from .errors import InvalidInput
from .model import Feature, LineSnapshot, Snapshot

if TYPE_CHECKING:
    import asyncio

    from .line import Line
    from .o2g.filters import DirectoryFilter


class Contact(Snapshot, frozen=True, kw_only=True):
    """Somebody in the telephone book."""

    first_name: str = ""
    last_name: str = ""
    number: str | None = None
    login: str | None = None
    """Where it is a user of the system."""
    email: str | None = None
    instant_messaging: str | None = None

    @property
    def name(self) -> str:
        """First and last name; else the number."""
        return f"{self.first_name} {self.last_name}".strip() or self.number or ""


class Wanted(Snapshot, frozen=True, kw_only=True):
    """What is searched for: a filter or a word, or names as they are typed on the keys of a telephone."""

    what: "DirectoryFilter | str | None" = None
    last_name_keys: str | None = None
    first_name_keys: str | None = None
    limit: int | None = None


class Searching(Protocol):
    """A search that runs, in the owning loop."""

    @property
    def complete(self) -> bool:
        """Whether nothing more is to be found."""

    async def next(self) -> Contact | None:
        """The next contact, once it is found; none is the end."""

    async def stop(self) -> None:
        """Search no longer."""


class DirectoryCommands(Protocol):
    """What may be asked of a system about its telephone book."""

    def search(self, line: LineSnapshot, wanted: Wanted) -> Searching:
        """Search for a user; raises ``InvalidInput`` for what cannot be searched for."""


class ContactSearch:
    """A search of the telephone book: ``async for contact in pbx.directory("Ma")``. Iterating again searches anew.

    The contacts come as they are found. Leaving the iteration early stops the search.
    """

    def __init__(self, line: "Line", wanted: Wanted) -> None:
        """Made by ``Pbx.directory`` only."""
        self._line = line
        self._wanted = wanted
        self.complete = False
        """Whether the system said that nothing more is to be found; false too where it gave up for lack of time."""

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._line.loop

    async def __aiter__(self) -> AsyncIterator[Contact]:
        """Search, and give the contacts as they are found. O2G: POST, GET and DELETE /directory/search."""
        self.complete = False
        search = await self._start()
        try:
            while (contact := await self._next(search)) is not None:
                yield contact
            self.complete = search.complete
        finally:
            await self._stop(search)

    async def list(self) -> tuple[Contact, ...]:
        """Everybody who is found. O2G: POST and GET /directory/search."""
        return tuple([contact async for contact in self])

    @owned
    async def _start(self) -> Searching:
        line, wanted = self._line, self._wanted

        async def search(commands: "Commands") -> Searching:
            return commands.directory.search(line.snapshot, wanted)

        return await line._ask(Feature.DIRECTORY, search)

    @owned
    async def _next(self, search: Searching) -> Contact | None:
        return await search.next()

    @owned
    async def _stop(self, search: Searching) -> None:
        await search.stop()


def wanted(
    what: "DirectoryFilter | str | None", keys: str | None, first_name_keys: str | None, limit: int | None
) -> Wanted:
    """Check what was asked for."""
    if (what is None) == (keys is None):
        raise InvalidInput("what", "is one of two.", remedy="Give a word or a filter, or keys.")
    if isinstance(what, str) and not what.strip():
        raise InvalidInput("what", "is empty.", remedy="Give the beginning of a name or number.")
    if first_name_keys is not None and keys is None:
        raise InvalidInput("first_name_keys", "does not go without keys.", remedy="Give keys, of the last name.")
    return Wanted(what=what, last_name_keys=keys, first_name_keys=first_name_keys, limit=limit)


if TYPE_CHECKING:
    from .system import Commands
