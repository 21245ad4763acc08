"""The telephone book: searched by criteria, or by names as they are typed on the keys of a telephone."""

import asyncio
import logging
import weakref
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from ...errors import ConnectionFailed, InvalidInput, OutcomeUnknown, PbxError
from ...filters import DirectoryFilter
from ...operations import Caller, Send, Service, operation
from ..queries import criterion_of
from ..rules import CRITERION, NAME_KEYS
from ..types.base import TELEPHONY_ADVANCED
from ..types.directory import (
    Criterion,
    KeyboardType,
    PartyInfo,
    ResultCode,
    SearchByDtmfRequest,
    SearchRequest,
    SearchResult,
)

_LOGGER = logging.getLogger(__name__)

MOST_SEARCHES: Final = 5
"""At once, in one session."""
FIRST_PAUSE: Final = 0.5
"""Seconds until the server is asked again when it had nothing."""
LONGEST_PAUSE: Final = 5.0
"""The pause doubles up to this, well below the minute after which the server forgets a search."""
PATIENCE: Final = 60.0
"""Seconds of pauses without anything, after which a search is given up."""
_FAREWELL: Final = 3.0
_sleep = asyncio.sleep


class Directory(Service, service="Directory"):
    """The telephone book of the PBX. ``search_all`` and ``search_by_keys`` do all there is to do about a search.

    The server keeps one search for a user in a session, and five for a session; further ones wait for their turn.
    """

    def __init__(self, caller: Caller) -> None:
        """Search through this caller."""
        super().__init__(caller)
        self._turns: defaultdict[str | None, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._at_once = asyncio.Semaphore(MOST_SEARCHES)

    @operation("POST", "/directory/search", TELEPHONY_ADVANCED, CRITERION)
    def start_search(self, body: SearchRequest, *, login_name: str | None = None) -> Send[str | None]:
        """Start a search. A user has one at a time in a session."""
        return Send(body=body, loginName=login_name)

    @operation("GET", "/directory/search", TELEPHONY_ADVANCED, repeatable=False)
    def search_results(self, *, login_name: str | None = None) -> Send[SearchResult]:
        """Take what was found since the last time: each contact is given once."""
        return Send(loginName=login_name)

    @operation("DELETE", "/directory/search", TELEPHONY_ADVANCED)
    def stop_search(self, *, login_name: str | None = None) -> Send[None]:
        """Stop the search."""
        return Send(loginName=login_name)

    @operation("POST", "/directory/searchbydtmf", TELEPHONY_ADVANCED, NAME_KEYS)
    def start_search_by_dtmf(self, body: SearchByDtmfRequest, *, login_name: str | None = None) -> Send[str | None]:
        """Start a search by the beginning of names as they are typed on the keys of a telephone."""
        return Send(body=body, loginName=login_name)

    # --------------------------------------------------------------------------------------------- whole searches

    def search_all(
        self, criterion: DirectoryFilter | Criterion, *, limit: int | None = None, login_name: str | None = None
    ) -> "DirectorySearch":
        """Search, and give the contacts as they are found.

        ::

            async for contact in client.directory.search_all(field("last_name").begins_with("Ma")):
                print(contact.last_name, contact.id.phone_number)

        ``limit`` is 1 to 100; the server's is 100. Raises ``InvalidInput`` when the search begins.
        """
        wire = criterion_of(criterion) if isinstance(criterion, DirectoryFilter) else criterion
        if not isinstance(wire, Criterion):
            raise InvalidInput("filter", "is no criterion.", remedy='Such as field("last_name").begins_with("Ma").')
        request = SearchRequest(filter=wire, limit=limit)
        return DirectorySearch(self, login_name, lambda: self.start_search(request, login_name=login_name))

    def search_by_keys(
        self,
        last_name: str,
        first_name: str | None = None,
        *,
        keyboard: KeyboardType = KeyboardType.ITU,
        limit: int | None = None,
        login_name: str | None = None,
    ) -> "DirectorySearch":
        """Search by names as they are typed on the keys of a telephone: digits, which ``filters.keys_of`` finds."""
        request = SearchByDtmfRequest(last_name=last_name, first_name=first_name, keyboard_type=keyboard, limit=limit)
        return DirectorySearch(self, login_name, lambda: self.start_search_by_dtmf(request, login_name=login_name))


class DirectorySearch:
    """One search, to be iterated over, once. It waits for its turn, polls, and stops the search when it is left early.

    In an ``async with`` it is stopped when that is left; otherwise soon after an iteration is left by ``break``.
    """

    def __init__(self, directory: Directory, login_name: str | None, start: Callable[[], Awaitable[object]]) -> None:
        """Search by this request."""
        self._directory = directory
        self._login_name = login_name
        self._start = start
        # Only weakly, so that an iteration that is left is gone, and stops the search; in an ``async with`` firmly.
        self._results: weakref.ref[AsyncGenerator[PartyInfo, None]] | None = None
        self._held: AsyncGenerator[PartyInfo, None] | None = None
        self._entered = False
        self.complete = False
        """Whether the server has said that there is no more; false as well where it gave up for lack of time."""
        self.timed_out = False
        """Whether the server gave up for lack of time."""

    async def __aenter__(self) -> Self:
        """Return itself."""
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the search if it runs."""
        await self.close()

    async def close(self) -> None:
        """Stop the search if it runs."""
        results = None if self._results is None else self._results()
        self._held = None
        if results is not None:
            await results.aclose()

    def __aiter__(self) -> AsyncIterator[PartyInfo]:
        """Give the contacts as they are found."""
        if self._results is not None:
            raise RuntimeError("A search can be iterated over only once; start another.")
        results = self._run()
        self._results = weakref.ref(results)
        self._held = results if self._entered else None
        return results

    async def _run(self) -> AsyncGenerator[PartyInfo, None]:
        directory = self._directory
        async with directory._turns[self._login_name], directory._at_once:
            running = True
            try:
                try:
                    await self._start()
                except OutcomeUnknown:
                    raise
                except PbxError:
                    running = False
                    raise
                async for result in self._polls():
                    if result.result_code in {ResultCode.FINISH, ResultCode.TIMEOUT}:
                        running = False
                    for element in result.result_elements:
                        for contact in element.contacts:
                            yield contact
            finally:
                if running:
                    await self._stop()

    async def _polls(self) -> AsyncIterator[SearchResult]:
        """Ask until the server says that it is over, with pauses that grow while it has nothing."""
        pause = FIRST_PAUSE
        waited = 0.0
        while True:
            result = await self._directory.search_results(login_name=self._login_name)
            self.timed_out = result.result_code == ResultCode.TIMEOUT
            self.complete = result.result_code == ResultCode.FINISH
            yield result
            if self.timed_out or self.complete:
                return
            if result.result_code == ResultCode.OK:
                pause, waited = FIRST_PAUSE, 0.0
                if any(element.contacts for element in result.result_elements):
                    continue
            if waited >= PATIENCE:
                raise ConnectionFailed(
                    f"The search of the directory has found nothing and not ended for {PATIENCE:g} seconds.",
                    remedy="Search again later; narrow the search.",
                )
            await _sleep(pause)
            waited += pause
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _stop(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._directory.stop_search(login_name=self._login_name)
        except (PbxError, TimeoutError) as error:
            _LOGGER.debug("The search could not be stopped: %s", type(error).__name__)
