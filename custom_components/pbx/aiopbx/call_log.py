"""The log of a line's calls, as the system has seen them."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .errors import InvalidInput
from .loops import owned
from .model import Feature
from .numbers import NumberKind
from .records import CallRecord, LogFilter, LogPage

if TYPE_CHECKING:
    import asyncio

    from .line import Line

PAGE: Final = 50
"""Records that are read at a time."""


class CallLog:
    """The records of a line that meet a filter: ``async for record in line.call_log(unanswered=True)``.

    It may be iterated over again, and reads anew then. A call that enters the log meanwhile is never given twice.
    """

    __slots__ = ("_line", "_which", "total")

    def __init__(self, line: "Line", which: LogFilter) -> None:
        """Made by ``Line.call_log`` only."""
        self._line = line
        self._which = which
        self.total: int | None = None
        """How many records there are, once the first was read and where the system says so."""

    def __repr__(self) -> str:
        """Name the line."""
        return f"<CallLog of {self._line.id}>"

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._line.loop

    async def __aiter__(self) -> AsyncIterator[CallRecord]:
        """Give the records in the order of the system, page by page. O2G: GET /comlog/records."""
        seen: set[int] = set()
        offset = 0
        numbers, party = self._line._core.guard.numbers, self._party
        names = self._line._core.store.names
        while True:
            page = await self._page(offset)
            if page.total is not None and party is None:
                self.total = page.total
            fresh = [record for record in page.records if record.id not in seen]
            seen.update(record.id for record in fresh)
            for record in fresh:
                if party is None or any(numbers.same(party, one.number) for one in record.parties):
                    yield names.named_record(record) if names else record
            offset += page.read
            if not fresh or (page.read < PAGE if page.total is None else offset >= page.total):
                return

    async def list(self, limit: int | None = None) -> tuple[CallRecord, ...]:
        """The records, at most ``limit``. O2G: GET /comlog/records."""
        if limit is not None and limit < 1:
            raise InvalidInput("limit", f"{limit} is no number of records.", remedy="Use 1 or more, or leave it out.")
        found: list[CallRecord] = []
        async for record in self:
            found.append(record)
            if limit is not None and len(found) >= limit:
                break
        return tuple(found)

    @property
    def _party(self) -> str | None:
        """The other party where it is a number that can be written in several ways: the system compares only texts."""
        party = self._which.party
        if party is None:
            return None
        try:
            read = self._line._core.guard.numbers.read(party, field="party")
        except InvalidInput:
            return None  # a name, or a login name
        return read.key if read.kind is NumberKind.EXTERNAL else None

    @owned
    async def _page(self, offset: int) -> LogPage:
        which = self._which if self._party is None else replace(self._which, party=None)
        return await self._line._commands_for(Feature.CALL_LOG).call_log.page(self._line.snapshot, which, offset, PAGE)

    @owned
    async def acknowledge(self, *records: CallRecord | int, acknowledged: bool = True) -> None:
        """Acknowledge missed calls, or take that back. O2G: PUT /comlog/records."""
        ids = _ids(records)
        if not ids:
            raise InvalidInput("records", "none are given.", remedy="Give records, or their ids.")
        await self._line._commands_for(Feature.CALL_LOG).call_log.acknowledge(self._line.snapshot, ids, acknowledged)

    @owned
    async def delete(self, *records: CallRecord | int, all: bool = False) -> None:
        """Delete these records; None given, those that meet the filter. O2G: DELETE /comlog/records.

        Without records and without a filter it is the whole log, which ``all=True`` has to say.
        """
        ids = _ids(records)
        if ids and all:
            raise InvalidInput("all", "does not go with records.", remedy="Give records, or all=True.")
        if ids:
            await self._line._commands_for(Feature.CALL_LOG).call_log.delete(self._line.snapshot, ids)
            return
        if self._which.everything and not all:
            raise InvalidInput(
                "all", "the whole log would be deleted.", remedy="Say all=True, or give records or a filter."
            )
        if self._party is None:
            await self._line._commands_for(Feature.CALL_LOG).call_log.delete_where(self._line.snapshot, self._which)
        elif ids := tuple([record.id async for record in self]):
            await self._line._commands_for(Feature.CALL_LOG).call_log.delete(self._line.snapshot, ids)


def _ids(records: tuple[CallRecord | int, ...]) -> tuple[int, ...]:
    return tuple(record.id if isinstance(record, CallRecord) else record for record in records)
