"""The call log of a line as data: the records read so far, their order, and what is chosen."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from aiopbx import (
    CallRecord,
    Direction,
    Event,
    Feature,
    InvalidInput,
    Line,
    LineChanged,
    LogChange,
    LogChanged,
    Status,
    StatusChanged,
)

from ..dataframes import RECORDS, record_row, table
from .formatting import counted, duration, offline_note, reports_calls
from .model import ReadModel, Sorted

if TYPE_CHECKING:
    import pandas

PAGE: Final = 50
"""Records that are read at a time."""


class LogSort(StrEnum):
    """By what the log is sorted; the time decides between equals."""

    TIME = "time"
    PARTY = "party"
    DURATION = "duration"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class LogRow:
    """One record as the table shows it."""

    id: int
    direction: Direction
    party: str
    number: str
    at: datetime | None
    """When it began, in local time."""
    seconds: float | None
    words: str
    """What came of it."""
    missed: bool
    acknowledged: bool | None
    reason: str = ""

    @property
    def when(self) -> str:
        """When it began, in local time."""
        return f"{self.at:%Y-%m-%d %H:%M:%S}" if self.at is not None else "unknown"

    @property
    def duration(self) -> str:
        """How long it lasted from its beginning."""
        return duration(self.seconds)

    @property
    def name(self) -> str:
        """In one line, as it is read aloud."""
        number = f" ({self.number})" if self.number and self.number != self.party else ""
        parts = [f"{self.direction.value} call", f"{self.party}{number}", self.when, self.words, self.duration]
        return ", ".join(part for part in parts if part)

    @classmethod
    def of(cls, record: CallRecord, zone: tzinfo | None = None) -> "LogRow":
        """Make the row of a record; ``zone`` is where the reader is (``None``: this machine's)."""
        party = record.party
        return cls(
            id=record.id,
            direction=record.direction,
            party=", ".join(each.label for each in record.parties) or "unknown",
            number=(party.number or "") if party is not None else "",
            at=record.started_at.astimezone(zone) if record.started_at is not None else None,
            seconds=record.seconds,
            words=_words(record),
            missed=record.missed,
            acknowledged=record.acknowledged,
            reason=record.reason or "",
        )


def _words(record: CallRecord) -> str:
    if record.missed:
        return "missed" if not record.acknowledged else "missed, seen"
    if record.ended_at is None and record.started_at is not None:
        return "in progress"
    return {True: "answered", False: "not answered", None: ""}[record.answered]


class CallLogModel(ReadModel, Sorted[LogSort]):
    """The records of a line's call log that were read so far, newest first, with a filter, an order and a choice.

    ``missed``, ``direction``, ``after`` and ``before`` are asked of the system, and changing one makes the log stale:
    ``refresh()`` reads it again, ``more()`` reads on. ``filter`` only looks at what was read. ``handle(event)`` keeps
    the log up to date. Knows no widgets, and belongs to the client's loop.
    """

    def __init__(self, line: Line, *, page: int = PAGE, zone: tzinfo | None = None) -> None:
        """Show the log of ``line``, ``page`` records at a time, in the time of ``zone`` (``None``: this machine's)."""
        super().__init__(line)
        self.page = page
        self.zone = zone
        self.stale = True
        """Whether what was read is not what is asked for now."""
        self.complete = False
        """Whether all records were read."""
        self.total: int | None = None
        """How many there are, if the system says so."""
        self.chosen: set[int] = set()
        """The records that something is to be done with, by id."""
        self._records: dict[int, CallRecord] = {}
        self._log = line.call_log()
        self._reader: AsyncIterator[CallRecord] | None = None
        self._reading = 0
        self._stale_notified = False
        self._sort = LogSort.TIME
        self._descending = True
        self._missed = False
        self._direction: Direction | None = None
        self._after: datetime | None = None
        self._before: datetime | None = None

    # ------------------------------------------------------------------------------------------------ what is asked for

    @property
    def available(self) -> bool:
        """Whether there is a log."""
        return Feature.CALL_LOG in self.line.features

    @property
    def missed(self) -> bool:
        """Whether to read only missed calls, or outgoing calls without an answer."""
        return self._missed

    @missed.setter
    def missed(self, on: bool) -> None:
        self._missed = on
        self._mark_stale()

    @property
    def direction(self) -> Direction | None:
        """The direction to read; ``None`` means both."""
        return self._direction

    @direction.setter
    def direction(self, direction: Direction | str | None) -> None:
        self._direction = Direction(direction) if direction else None
        self._mark_stale()

    @property
    def after(self) -> datetime | None:
        """From when on. A day means its beginning, in local time."""
        return self._after

    @after.setter
    def after(self, when: datetime | date | None) -> None:
        self._after = self._moment(when)
        self._mark_stale()

    @property
    def before(self) -> datetime | None:
        """Until when, not included. A day means its end, in local time."""
        return self._before

    @before.setter
    def before(self, when: datetime | date | None) -> None:
        self._before = self._moment(when, end=True)
        self._mark_stale()

    def _moment(self, when: datetime | date | None, *, end: bool = False) -> datetime | None:
        if when is None:
            return None
        if not isinstance(when, datetime):
            # the end of a day is the beginning of the next: days are not always 24 hours long
            day = date.fromordinal(when.toordinal() + 1) if end else when
            when = datetime.combine(day, time())
        if when.tzinfo is None:
            when = when.replace(tzinfo=self.zone) if self.zone is not None else when.astimezone()
        return when.astimezone(UTC)

    def _mark_stale(self) -> None:
        self.stale = True
        self._reader = None
        self._notify_stale()

    # ------------------------------------------------------------------------------------------------ what was read

    async def refresh(self) -> None:
        """Read the first records of what is asked for now. Raises ``PbxError``."""
        self._reading += 1
        reading = self._reading
        self.stale = self._stale_notified = False
        self._reader = None
        if not self.available:
            self._records.clear()
            self.complete = True
            self._notify()
            return
        if self._after is not None and self._before is not None and self._after >= self._before:
            self.stale = True
            raise InvalidInput("to", "is before the first day.", remedy="Choose a later day, or none.")
        former = set(self._records)
        try:
            await self._read(self.page, reading, fresh=True)
        except BaseException:
            if reading == self._reading:
                self.stale = True
            raise
        if reading == self._reading:
            self.chosen -= former - set(self._records)

    async def more(self, count: int | None = None) -> None:
        """Read on: until so many more are shown (none: a page), or there are no others."""
        if self.stale:
            await self.refresh()
        elif not self.complete:
            await self._read(self.page if count is None else count, self._reading, fresh=False)

    async def load_all(self) -> None:
        """Read everything that is asked for."""
        await self.refresh()
        while not self.complete:
            await self.more()

    async def _read(self, count: int, reading: int, *, fresh: bool) -> None:
        reader = self._reader
        if reader is None:
            self._log = self.line.call_log(
                unanswered=self._missed,
                direction=self._wanted_direction,
                after=self._after,
                before=self._before,
            )
            reader = aiter(self._log)
        found: dict[int, CallRecord] = {}
        shown = 0
        end = False
        while shown < count:
            try:
                record = await anext(reader)
            except StopAsyncIteration:
                end = True
                break
            if reading != self._reading:
                return  # something else is asked for meanwhile
            if (fresh or record.id not in self._records) and self.visible(self._row(record)):
                shown += 1
            found[record.id] = record
        if reading != self._reading:
            return
        if fresh:
            self._records = found
        else:
            self._records |= found
        self.total = self._log.total
        self.complete = end or (self.total is not None and len(self._records) >= self.total)
        self._reader = None if self.complete else reader
        self._notify()

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            self.status = event.status
            if event.status is Status.ONLINE:  # no event says what changed meanwhile
                self._mark_stale()
            self._notify()
        elif isinstance(event, LogChanged) and event.line == self.line.id:
            self._log_changed(event)
        elif isinstance(event, LineChanged) and event.line == self.line.id:
            # without events of the log, the counter of missed calls shows that it has grown
            unseen = not reports_calls(event.snapshot) and (
                event.previous.counters.missed_calls != event.snapshot.counters.missed_calls
            )
            if unseen or "features" in event.changed:
                self._mark_stale()

    def _log_changed(self, event: LogChanged) -> None:
        match event.change:
            case LogChange.DELETED:
                gone = set(event.ids) if event.ids else set(self._records)
                removed = [self._records.pop(id_) for id_ in gone if id_ in self._records]
                self.chosen -= gone
                if self.total is not None:
                    self.total = max(len(self._records), self.total - len(removed)) if event.ids else 0
            case LogChange.ACKNOWLEDGED | LogChange.UNACKNOWLEDGED:
                on = event.change is LogChange.ACKNOWLEDGED
                for id_ in event.ids:
                    if id_ in self._records:
                        self._records[id_] = replace(self._records[id_], acknowledged=on)
            case _ if event.record is not None:
                self._store(event.record)
        self._notify()

    def _store(self, received: CallRecord) -> None:
        """Store a record that was added or has changed; the event of a change carries only some fields."""
        known = self._records.get(received.id)
        if known is None:
            if not self._asked_for(received):
                return
            record = received
            if self.total is not None:
                self.total += 1
        else:
            empty = CallRecord(id=received.id)
            changes = {
                name: value
                for name in CallRecord.__struct_fields__
                if name != "id" and (value := getattr(received, name)) != getattr(empty, name)
            }
            record = replace(known, **changes)
        if self._asked_for(record):
            self._records[record.id] = record
        else:
            self._records.pop(record.id, None)
            self.chosen.discard(record.id)

    @property
    def _wanted_direction(self) -> Direction | None:
        """The direction to ask for: missed calls are incoming, unless outgoing calls without an answer are wanted."""
        return Direction.INCOMING if self._missed and self._direction is None else self._direction

    def _asked_for(self, record: CallRecord) -> bool:
        if self._missed and record.answered is not False:
            return False
        if self._wanted_direction is not None and record.direction is not self._wanted_direction:
            return False
        at = record.started_at
        if self._after is not None and (at is None or at < self._after):
            return False
        return self._before is None or (at is not None and at < self._before)

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def records(self) -> tuple[CallRecord, ...]:
        """What was read, whether it is shown or not, oldest first."""
        return tuple(sorted(self._records.values(), key=_time_key))

    @property
    def ids(self) -> set[int]:
        """Of everything that was read, whether it is shown or not."""
        return set(self._records)

    def visible(self, row: LogRow) -> bool:
        """Whether the filter lets this row through: it searches names, numbers and what came of the call."""
        return self._filter.matches(f"{row.name} {row.reason}")

    @property
    def rows(self) -> list[LogRow]:
        """The rows that the words let through, in order."""
        rows = [self._row(record) for record in self._records.values()]
        return sorted(filter(self.visible, rows), key=_SORTS[self._sort], reverse=self._descending)

    def take(self) -> list[LogRow]:
        """Return the rows; later changes call ``on_change`` again."""
        super().take()
        return self.rows

    @property
    def summary(self) -> str:
        """The state in words."""
        if not self.available:
            return self._unavailable(Feature.CALL_LOG, "call log")
        rows = self.rows
        count, read = len(rows), len(self._records)
        words = counted(count, "call")
        if count != read:
            words = f"{count} of {counted(read, 'call')}"
        if not self.complete and not self.stale:
            words += f" read, {self.total} in all" if self.total is not None else " read, and there are more"
        missed = sum(1 for row in rows if row.missed and not row.acknowledged)
        if missed:
            words += f" · {missed} missed" + (" and not seen" if self.marks else "")
        return words + offline_note(self.status)

    def _row(self, record: CallRecord) -> LogRow:
        return LogRow.of(record, self.zone)

    # ----------------------------------------------------------------------------------------------------- actions

    def choose(self, record: int, on: bool = True) -> None:
        """Choose a record, or no longer."""
        if on and record in self._records:
            self.chosen.add(record)
        else:
            self.chosen.discard(record)
        self._notify()

    def choose_shown(self, on: bool = True) -> None:
        """Choose everything that is shown, or nothing."""
        self.chosen = {row.id for row in self.rows} if on else set()
        self._notify()

    @property
    def chosen_rows(self) -> list[LogRow]:
        """The rows of what is chosen, in order; also those that are not shown now."""
        rows = [self._row(self._records[id_]) for id_ in self.chosen if id_ in self._records]
        return sorted(rows, key=_SORTS[self._sort], reverse=self._descending)

    @property
    def can_dial(self) -> str | None:
        """The number that is called back: that of the one record that is chosen, if it has one."""
        rows = self.chosen_rows
        if len(rows) != 1 or not rows[0].number or Feature.DIAL not in self.line.features:
            return None
        return rows[0].number

    @property
    def can_acknowledge(self) -> bool:
        """Whether a missed call that is not marked as seen is chosen."""
        return self.marks and any(row.missed and not row.acknowledged for row in self.chosen_rows)

    @property
    def can_unacknowledge(self) -> bool:
        """Whether a missed call that was seen is chosen."""
        return self.marks and any(row.missed and row.acknowledged for row in self.chosen_rows)

    @property
    def marks(self) -> bool:
        """Whether missed calls can be marked as seen. A log without events whose records never say so has no marks."""
        marked = any(record.acknowledged is not None for record in self._records.values())
        return self.available and (marked or reports_calls(self.line.snapshot))

    async def acknowledge(self, on: bool = True) -> None:
        """Acknowledge the missed calls that are chosen, or take that back."""
        ids = [row.id for row in self.chosen_rows if row.missed and bool(row.acknowledged) is not on]
        if not ids:
            raise InvalidInput("records", "no missed call is chosen.", remedy="Choose missed calls.")
        await self.line.call_log().acknowledge(*ids, acknowledged=on)
        for id_ in ids:  # an event says so as well, unless the licence has no events
            if id_ in self._records:
                self._records[id_] = replace(self._records[id_], acknowledged=on)
        self._notify()

    async def delete(self, ids: Iterable[int] | None = None) -> None:
        """Delete these records for good; ``None`` means those that are chosen."""
        gone = tuple(self.chosen if ids is None else ids)
        if not gone:
            raise InvalidInput("records", "none is chosen.", remedy="Choose the ones to be deleted.")
        await self.line.call_log().delete(*gone)
        removed = [self._records.pop(id_) for id_ in gone if id_ in self._records]
        if self.total is not None:
            self.total -= len(removed)
        self.chosen.difference_update(gone)
        self._notify()

    async def dial(self) -> None:
        """Call the one back who is chosen."""
        number = self.can_dial
        if number is None:
            raise InvalidInput("number", "there is none.", remedy="Choose one call with a number.")
        await self.line.dial(number)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return what was read and the words let through as a table of pandas, oldest first: times in UTC."""
        return table(RECORDS, [record_row(one) for one in self.records if self.visible(self._row(one))])

    def _notify_stale(self) -> None:
        self._notify()
        if not self._stale_notified:
            self._stale_notified = self.on_stale is not None
            super()._notify_stale()


def _time_key(record: CallRecord) -> tuple[float, int]:
    return (record.started_at.timestamp() if record.started_at is not None else 0.0, record.id)


def _row_time(row: LogRow) -> tuple[float, int]:
    return (row.at.timestamp() if row.at is not None else 0.0, row.id)


_SORTS: Final[dict[LogSort, Callable[[LogRow], Any]]] = {
    LogSort.TIME: _row_time,
    LogSort.PARTY: lambda row: (row.party.casefold(), row.number, _row_time(row)),
    LogSort.DURATION: lambda row: (row.seconds if row.seconds is not None else -1.0, _row_time(row)),
    LogSort.KIND: lambda row: (row.words, row.direction.value, _row_time(row)),
}
