"""When the telephones are busy: calls counted by weekday and hour."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from aiopbx import CallEnded, CallRecord, CallSnapshot, CallStarted, Event, LogChange, LogChanged, Outcome

from .formatting import counted
from .model import Model

if TYPE_CHECKING:
    import pandas

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST: Final = 20_000
"""Calls that are remembered so that none is counted twice; the oldest are forgotten, but stay counted."""
_TIMES: Final = ("started_at", "at", "started", "date")
"""Columns of a table that may hold when a call began, the best first."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the week."""

    day: int
    """0 is Monday."""
    hour: int
    calls: int
    missed: int

    @property
    def title(self) -> str:
        """In words."""
        calls = counted(self.calls, "call") if self.calls else "no calls"
        missed = f", {self.missed} missed" if self.missed else ""
        return f"{DAYS[self.day]} {self.hour:02}:00 to {self.hour + 1:02}:00: {calls}{missed}"


class LoadModel(Model):
    """Calls by weekday and hour, from events as they come, records of call logs, snapshots, or a table of pandas.

    The two lines of an internal call see the same call: it is counted once. Knows no widgets.
    """

    def __init__(self, *, zone: tzinfo | None = None) -> None:
        """Count in the time of ``zone`` (``None``: this machine's)."""
        self.zone = zone
        self._calls = [[0] * 24 for _ in DAYS]
        self._missed = [[0] * 24 for _ in DAYS]
        self._known: OrderedDict[Any, tuple[int, int, bool]] = OrderedDict()

    def handle(self, event: Event) -> None:
        """Count a call that began, and that it was missed."""
        if isinstance(event, CallStarted):
            self.count(event.call.started_at or event.at, key=event.call.ref)
        elif isinstance(event, CallEnded):
            missed = event.call.outcome is Outcome.MISSED
            self.count(event.call.started_at or event.at, key=event.call.ref, missed=missed)
        elif isinstance(event, LogChanged) and event.change is LogChange.ADDED and event.record is not None:
            self.add([event.record])

    def add(self, what: Any) -> None:
        """Count records of a call log, snapshots or events of calls, times, or the rows of a table.

        Of a table the column ``started_at`` (else ``at``, ``started`` or ``date``) and, if it is there, ``missed`` are
        used. Raises ``TypeError`` or ``ValueError`` for what holds no calls.
        """
        if hasattr(what, "columns") and hasattr(what, "itertuples"):
            self._add_table(what)
            return
        for one in what if isinstance(what, Iterable) else [what]:
            if isinstance(one, Event):
                self.handle(one)
            elif isinstance(one, CallRecord):
                at = one.started_at or one.answered_at or one.ended_at
                if at is not None:
                    self.count(at, key=one.ref or None, missed=one.missed)
            elif isinstance(one, CallSnapshot):
                missed = one.outcome is Outcome.MISSED
                if one.started_at is not None:
                    self.count(one.started_at, key=one.ref, missed=missed)
            elif isinstance(one, datetime):
                self.count(one)
            else:
                raise TypeError(f"{type(one).__name__} is no call. Give records, calls, events, times or a DataFrame.")

    def _add_table(self, frame: Any) -> None:
        name = next((name for name in _TIMES if name in frame.columns), None)
        if name is None:
            raise ValueError(f"The table has no column that says when: one of {', '.join(_TIMES)} is needed.")
        from ..dataframes import load_pandas

        pandas = load_pandas()
        times = pandas.to_datetime(frame[name], utc=True)
        missed = frame["missed"] if "missed" in frame.columns else [False] * len(frame)
        for at, was in zip(times, missed, strict=True):
            if not pandas.isna(at):
                self.count(at.to_pydatetime(), missed=not pandas.isna(was) and bool(was))

    def count(self, at: datetime, *, key: Any = None, missed: bool = False) -> None:
        """Count one call; the same ``key`` again counts it no more, but that it was missed."""
        local = at.astimezone(self.zone)
        day, hour, known = local.weekday(), local.hour, None
        if key is not None:
            known = self._known.get(key)
        if known is not None:
            day, hour, was = known
            if was or not missed:
                return
        else:
            self._calls[day][hour] += 1
        if missed:
            self._missed[day][hour] += 1
        if key is not None:
            self._known[key] = (day, hour, missed)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        self._notify()

    @property
    def hours(self) -> tuple[Hour, ...]:
        """Every hour of the week, Monday first."""
        return tuple(
            Hour(day, hour, self._calls[day][hour], self._missed[day][hour]) for day in range(7) for hour in range(24)
        )

    @property
    def total(self) -> int:
        """How many calls were counted."""
        return sum(map(sum, self._calls))

    @property
    def missed(self) -> int:
        """How many of them were missed."""
        return sum(map(sum, self._missed))

    @property
    def busiest(self) -> Hour | None:
        """The hour with the most calls; ``None`` without calls."""
        best = max(self.hours, key=lambda hour: hour.calls)
        return best if best.calls else None

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return every hour of the week as a row."""
        from ..dataframes import COUNT, TEXT, table

        columns = {"weekday": TEXT, "day": COUNT, "hour": COUNT, "calls": COUNT, "missed": COUNT}
        return table(columns, [(DAYS[one.day], one.day, one.hour, one.calls, one.missed) for one in self.hours])
