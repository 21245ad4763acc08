"""The telephone book of a system."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from .errors import InvalidInput
from .filters import DirectoryFilter
from .loops import owned
from .model import Feature
from .ports import Searching, Wanted
from .records import Contact
from .slips import slip

if TYPE_CHECKING:
    import asyncio

    from .line import Line


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
        """Everyone who is found. O2G: POST and GET /directory/search."""
        return tuple([contact async for contact in self])

    @owned
    async def _start(self) -> Searching:
        line, wanted = self._line, self._wanted

        return line._commands_for(Feature.DIRECTORY).directory.search(line.snapshot, wanted)

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
    if what is not None and not isinstance(what, str | DirectoryFilter):
        raise slip("what", what, (str, DirectoryFilter))
    if (what is None) == (keys is None):
        raise InvalidInput("what", "is one of two.", remedy="Give a word or a filter, or keys.")
    if isinstance(what, str) and not what.strip():
        raise InvalidInput("what", "is empty.", remedy="Give the beginning of a name or number.", reason="query_empty")
    if first_name_keys is not None and keys is None:
        raise InvalidInput("first_name_keys", "does not go without keys.", remedy="Give keys, of the last name.")
    return Wanted(what=what, last_name_keys=keys, first_name_keys=first_name_keys, limit=limit)
