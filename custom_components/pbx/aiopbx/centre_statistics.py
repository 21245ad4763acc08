"""Statistics of the call centre: rows of days that are over, and files of them as streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import date, timedelta
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from .centre import StatisticsRow, StatisticsStep
from .core import Core
from .errors import ConnectionFailed, InvalidInput, NotSupported, Offline, PbxError
from .events import StatisticsProgress, StatusChanged
from .loops import owned
from .model import Feature, Status
from .ports import Recording
from .slips import checked

if TYPE_CHECKING:
    import pandas

MOST_DAYS: Final = 31
PATIENCE: Final = 300.0
"""Seconds without news of a file after which it is given up."""


class Slot(StrEnum):
    """How long a part of a day is."""

    QUARTER_HOUR = "aQuarterOfAnHour"
    HALF_HOUR = "halfAnHour"
    HOUR = "anHour"


class StatisticsRows:
    """Rows of statistics: ``async for row in statistics.days(first, last)``, or ``to_dataframe``."""

    def __init__(self, read: Callable[[], Any]) -> None:
        """Made by ``CentreStatistics`` only."""
        self._read = read

    async def __aiter__(self) -> AsyncIterator[StatisticsRow]:
        """Give the rows; each iteration reads anew."""
        for row in await self._read():
            yield row

    async def list(self) -> tuple[StatisticsRow, ...]:
        """The rows."""
        rows: tuple[StatisticsRow, ...] = await self._read()
        return rows

    async def to_dataframe(self) -> "pandas.DataFrame":
        """The rows as a data frame, a column a figure. Raises ``NotSupported`` where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise NotSupported(
                "A data frame needs pandas, which is not installed.", missing="pandas", remedy="pip install pandas"
            ) from None
        rows = await self.list()
        return pandas.DataFrame([{"at": row.at, "number": row.number, "name": row.name, **row.figures} for row in rows])


class CentreStatistics:
    """Figures of days that are over: ``async with pbx.call_centre.statistics("anna", pilots=["2000"]) as figures``.

    Entering says what is wanted, leaving takes that back. Numbers are numbers and durations seconds; times are on the
    clock of the node.
    """

    def __init__(
        self,
        core: Core,
        requester: str,
        agents: tuple[str, ...],
        pilots: tuple[str, ...],
        figures: tuple[str, ...],
        given_up: bool,
        language: str,
        timezone: str,
    ) -> None:
        """Made by ``CallCentre.statistics`` only."""
        if not requester.strip():
            raise InvalidInput("requester", "is empty.", remedy="Give the name that the statistics are kept under.")
        if given_up and not pilots:
            raise InvalidInput("pilots", "are missing.", remedy="Calls are given up at pilots: name them.")
        if bool(agents) == bool(pilots):
            raise InvalidInput(
                "agents",
                "and pilots are both given." if agents else "and pilots are both missing.",
                remedy="Statistics are of agents, or of pilots.",
            )
        self._core = core
        self.requester = requester
        self._wanted = (requester, language, timezone, agents, pilots, figures, given_up)
        self._context: str | None = None
        self._making = False

    def __repr__(self) -> str:
        """Name who asks."""
        return f"<CentreStatistics of {self.requester}>"

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._core.loop

    @property
    def _commands(self) -> Any:
        return self._core.commands_for(Feature.CENTRE_STATISTICS).centre_statistics

    @property
    def _id(self) -> str:
        if self._context is None:
            raise InvalidInput("statistics", "are not open.", remedy="Use them in an ``async with``.")
        return self._context

    @owned
    async def open(self) -> Self:
        """Say what is wanted. O2G: POST /scope where there is none, and POST …/ctx."""
        if self._context is None:
            self._context = await self._commands.begin(*self._wanted)
        return self

    @owned
    async def close(self) -> None:
        """Take back what is wanted; the requester stays, whose other figures may be wanted. O2G: DELETE …/ctx/{id}."""
        context, self._context = self._context, None
        if context is not None and self._core.online:
            await self._commands.done(self.requester, context)

    async def __aenter__(self) -> Self:
        """Say what is wanted."""
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it back."""
        await self.close()

    @checked
    def day(self, day: date, *, slot: Slot = Slot.HOUR) -> StatisticsRows:
        """The figures of one day, a row a slot and object. O2G: GET …/oneday/data."""
        return StatisticsRows(lambda: self._day(day, slot))

    @checked
    def days(self, first: date, last: date) -> StatisticsRows:
        """The figures of at most 31 days, a row a day and object. O2G: GET …/days/data."""
        _span(first, last)
        return StatisticsRows(lambda: self._days(first, last))

    @owned
    async def _day(self, day: date, slot: Slot) -> tuple[StatisticsRow, ...]:
        rows: tuple[StatisticsRow, ...] = await self._commands.day(self.requester, self._id, day, slot.value)
        return rows

    @owned
    async def _days(self, first: date, last: date) -> tuple[StatisticsRow, ...]:
        rows: tuple[StatisticsRow, ...] = await self._commands.days(self.requester, self._id, first, last)
        return rows

    async def file(
        self,
        first: date,
        last: date,
        *,
        format: str = "csv",
        on_progress: Callable[[StatisticsProgress], object] | None = None,
    ) -> AsyncIterator[bytes]:
        """The figures of several days as a file: the bytes of a ZIP archive with one file, ``csv`` or ``xls``, in it.

        The system makes it first, and ``on_progress`` is called with how far it is. Where the iteration is left before
        that, the system is told to make it no longer; one is made at a time. Iterate in the owning loop. Raises
        ``NotSupported``, ``InvalidInput``, ``ConnectionFailed`` where it cannot be made.
        """
        _span(first, last)
        if format not in ("csv", "xls"):
            raise InvalidInput("format", f"{format[:20]!r} is not known.", remedy="It is csv or xls.")
        if self._making:
            raise InvalidInput("file", "another one is being made.", remedy="Wait for that, or leave it.")
        self._making = True
        try:
            recording: Recording = await self._commands.file(await self._made(first, last, format, on_progress))
            try:
                async for chunk in recording:
                    yield chunk
            finally:
                recording.close()
        finally:
            self._making = False

    async def _made(
        self,
        first: date,
        last: date,
        format: str,
        on_progress: Callable[[StatisticsProgress], object] | None,
    ) -> str:
        """Have the file made, and return where it is."""
        news: asyncio.Queue[StatisticsProgress | None] = asyncio.Queue()

        def progress(event: StatisticsProgress) -> None:
            if event.requester in (None, self.requester):
                news.put_nowait(event)

        def status(event: StatusChanged) -> None:
            if event.status in (Status.OFFLINE, Status.CLOSED):
                news.put_nowait(None)

        subscribers = self._core.store.subscribers
        stops = [
            subscribers.add(progress, kind=StatisticsProgress),
            subscribers.add(status, kind=StatusChanged),
        ]
        asked = False
        try:
            commands = self._commands
            asked = True
            await commands.make_file(self.requester, self._id, first, last, format)
            while True:
                async with asyncio.timeout(PATIENCE):
                    event = await news.get()
                if event is None:
                    asked = False
                    raise Offline("The connection was lost while a file was made.", remedy="Ask for it again.")
                if on_progress is not None:
                    on_progress(event)
                if event.step is StatisticsStep.READY and event.path:
                    asked = False
                    return event.path
                if event.step in (StatisticsStep.FAILED, StatisticsStep.CANCELLED):
                    asked = False
                    raise ConnectionFailed(
                        f"The system could not make the file: {event.step}.", remedy="Ask for fewer days or figures."
                    )
        except TimeoutError:
            raise ConnectionFailed(
                f"Nothing was heard of the file for {PATIENCE:g} seconds.", remedy="Ask for fewer days or figures."
            ) from None
        finally:
            for stop in stops:
                stop()
            if asked and self._core.online:
                with suppress(PbxError):  # it may be ready by now
                    await self._core.system.commands.centre_statistics.cancel_file(self.requester)


def _span(first: date, last: date) -> None:
    if last < first:
        raise InvalidInput("last", "is before first.", remedy="Give the earlier day first.")
    if last - first >= timedelta(days=MOST_DAYS):
        raise InvalidInput(
            "last", f"is {(last - first).days} days after first.", remedy=f"At most {MOST_DAYS} days are answered."
        )
