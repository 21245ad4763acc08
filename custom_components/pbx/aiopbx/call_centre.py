"""The call centre in real time: agents, groups, pilots and queues as live tables."""

import asyncio
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from .centre import (
    ROWS,
    CentreAgent,
    CentreGroup,
    CentreOtherGroup,
    CentrePilot,
    CentreQueue,
    Figures,
    FiguresWanted,
    TableName,
)
from .centre_statistics import CentreStatistics
from .core import Core
from .errors import InvalidInput, NotSupported
from .events import CentreChanged
from .html_tables import named_values_html
from .loops import owned
from .model import Feature
from .reports import Reports
from .slips import checked

if TYPE_CHECKING:
    import pandas

R = TypeVar("R", bound=Figures)
Wanted = bool | Collection[str]
"""True is all there are, False none; else those with these numbers."""


class CentreTable(Mapping[str, R], Generic[R]):
    """Figures of one kind of objects by number, kept up to date while they are watched: ``pbx.call_centre.queues``.

    What is not watched is not there. A figure that the system has not said is None.
    """

    def __init__(self, core: Core, name: TableName) -> None:
        """Made by ``CallCentre`` only."""
        self._core = core
        self.name = name

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<CentreTable {self.name}: {len(self)}>"

    def _repr_html_(self) -> str:
        return named_values_html([(number, _short(row)) for number, row in list(self._rows.items())[:50]])

    @property
    def _rows(self) -> dict[str, R]:
        return self._core.store.centre.rows[self.name]

    def __getitem__(self, number: str) -> R:
        """The newest figures of the object with this number."""
        return self._rows[str(number)]

    def __iter__(self) -> Iterator[str]:
        """The numbers."""
        return iter(list(self._rows))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._rows)

    @property
    def units(self) -> Mapping[str, str]:
        """The units of those figures that are no plain counts: ``s``, ``%``, ``1/min``."""
        return ROWS[self.name].units

    @checked
    def subscribe(self, callback: Callable[[CentreChanged], None], *, number: str | None = None) -> Callable[[], None]:
        """Call ``callback`` for every change, of one object if ``number`` is given; return what stops it.

        It is called in the owning loop, at once, so it must not block. Safe from any thread.
        """

        def select(event: CentreChanged) -> None:
            if event.table == self.name and (number is None or cast("Any", event.row).number == number):
                callback(event)

        return self._core.store.subscribers.add(select, kind=CentreChanged)

    def to_dataframe(self) -> "pandas.DataFrame":
        """The table as it is now, a row an object; ``attrs["units"]`` has the units. Raises ``NotSupported``."""
        return frame(
            [{name: getattr(row, name) for name in row.__struct_fields__} for row in list(self._rows.values())],
            columns=ROWS[self.name].__struct_fields__,
            index="number",
            units=dict(self.units),
        )


class Watching:
    """What ``watch`` returns: ``await`` it and ``stop`` it, or use it in an ``async with``."""

    def __init__(self, centre: "CallCentre", wanted: FiguresWanted) -> None:
        """Made by ``CallCentre.watch`` only."""
        self._centre = centre
        self.wanted = wanted

    def __await__(self) -> Generator[Any, Any, Self]:
        """Have the figures come."""
        return self._begin().__await__()

    async def _begin(self) -> Self:
        await self._centre._add(self)
        return self

    async def stop(self) -> None:
        """Have them come no longer, where no one else watches them. More than once is fine."""
        await self._centre._remove(self)

    async def __aenter__(self) -> "CallCentre":
        """Have the figures come."""
        await self._begin()
        return self._centre

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have them come no longer."""
        await self.stop()


class CallCentre:
    """The call centre: ``pbx.call_centre``. For administrators, on servers from 2.7.4.

    ::

        async with pbx.call_centre.watch() as centre:
            centre.queues.subscribe(print)
            print(centre.queues["2001"].waiting)
    """

    def __init__(self, core: Core) -> None:
        """Made by ``Pbx`` only."""
        self._core = core
        self._watching: list[Watching] = []
        self._asking = asyncio.Lock()  # what two want at once is asked for one after the other, or one would be lost
        self.agents: CentreTable[CentreAgent] = CentreTable(core, "agents")
        self.pilots: CentreTable[CentrePilot] = CentreTable(core, "pilots")
        self.queues: CentreTable[CentreQueue] = CentreTable(core, "queues")
        self.groups: CentreTable[CentreGroup] = CentreTable(core, "groups")
        """Processing groups with agents."""
        self.other_groups: CentreTable[CentreOtherGroup] = CentreTable(core, "other_groups")
        """Processing groups without."""

    def __repr__(self) -> str:
        """Say what is watched."""
        return (
            f"<CallCentre {', '.join(f'{name}: {len(rows)}' for name, rows in self._core.store.centre.rows.items())}>"
        )

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._core.loop

    @property
    def tables(self) -> Mapping[TableName, CentreTable[Any]]:
        """All tables by name."""
        return {
            "agents": self.agents,
            "pilots": self.pilots,
            "queues": self.queues,
            "groups": self.groups,
            "other_groups": self.other_groups,
        }

    @owned
    async def objects(self) -> Mapping[TableName, Mapping[str, str]]:
        """The names of all that has figures, by table and number. O2G: GET of the service AcdRealTime."""
        return await self._core.commands_for(Feature.CALL_CENTRE).figures.objects()

    def watch(
        self,
        *,
        agents: Wanted = True,
        pilots: Wanted = True,
        queues: Wanted = True,
        groups: Wanted = True,
        other_groups: Wanted = True,
        period: int = 15,
        every: int = 5,
    ) -> Watching:
        """Have figures come: of all, of none (False), or of those with these numbers.

        ``period`` are the minutes that they are about, 15 to 60, ``every`` the seconds between two events of the same
        object, 5 or more. The system has one set of figures for a connection: where several watch, all is watched that
        any of them wants, over the longest period and as often as the hastiest wants it. It goes on after a loss; until
        the system has said something again a row is not ``confirmed``. Raises ``InvalidInput``, ``NotSupported``.
        """
        for field, value, least, most in (("period", period, 15, 60), ("every", every, 5, None)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least or (most and value > most):
                raise InvalidInput(
                    field,
                    f"{value!r} is out of range.",
                    remedy=f"It is {least} to {most} minutes." if most else f"It is {least} seconds or more.",
                )
        given: dict[TableName, Wanted] = {
            "agents": agents,
            "pilots": pilots,
            "queues": queues,
            "groups": groups,
            "other_groups": other_groups,
        }
        for name, wanted in given.items():
            if isinstance(wanted, str):
                raise InvalidInput(name, "is one text.", remedy=f"Give a list of numbers, such as [{wanted!r}].")
        return Watching(
            self,
            FiguresWanted(
                period=period,
                every=every,
                tables={
                    name: None if wanted is True else frozenset(str(one) for one in wanted)
                    for name, wanted in given.items()
                    if not isinstance(wanted, bool) or wanted
                },
            ),
        )

    @checked
    def statistics(
        self,
        requester: str,
        *,
        agents: Collection[str] = (),
        pilots: Collection[str] = (),
        figures: Collection[str] = (),
        given_up: bool = False,
        language: str = "EN",
        timezone: str = "Z",
    ) -> CentreStatistics:
        """Figures of days that are over, of these agents or of these pilots, in an ``async with``.

        ``requester`` is the name under which the system keeps what is wanted; ``figures`` are the system's names of
        them, all if none are given; ``given_up`` asks for the calls to the pilots that were given up. ``language`` (EN,
        FR, DE) and ``timezone`` (such as +02) are for its files.
        """
        return CentreStatistics(
            self._core, requester, tuple(agents), tuple(pilots), tuple(figures), given_up, language, timezone
        )

    @checked
    def reports(self, requester: str) -> Reports:
        """Statistics that the system makes and mails by itself, kept under this name."""
        return Reports(self._core, requester)

    @owned
    async def _add(self, watching: Watching) -> None:
        async with self._asking:
            await self._want([*self._watching, watching])

    @owned
    async def _remove(self, watching: Watching) -> None:
        async with self._asking:
            if watching not in self._watching:
                return
            left = [one for one in self._watching if one is not watching]
            if self._core.online:
                await self._want(left)
                return
            # There is nothing to be taken back: a new connection asks for what is wanted then.
            self._watching = left
            self._core.store.centre.wanted = together([one.wanted for one in left])

    async def _want(self, watching: list[Watching]) -> None:
        commands = self._core.commands_for(Feature.CALL_CENTRE).figures
        wanted = together([one.wanted for one in watching])
        if wanted != self._core.store.centre.wanted:
            await commands.want(wanted)
        self._watching = watching


def together(wishes: list[FiguresWanted]) -> FiguresWanted | None:
    """All that any of these wants; None if there is none."""
    if not wishes:
        return None
    tables: dict[TableName, frozenset[str] | None] = {}
    for one in wishes:
        for name, numbers in one.tables.items():
            known = tables.get(name, frozenset())
            tables[name] = None if numbers is None or known is None else known | numbers
    return FiguresWanted(
        period=max(one.period for one in wishes), every=min(one.every for one in wishes), tables=tables
    )


def frame(
    rows: list[dict[str, Any]], *, columns: Collection[str] | None, index: str | None, units: dict[str, str]
) -> "pandas.DataFrame":
    """Make a data frame of rows. Raises ``NotSupported`` where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise NotSupported(
            "A data frame needs pandas, which is not installed.", missing="pandas", remedy="pip install pandas"
        ) from None
    made = pandas.DataFrame(rows, columns=list(columns) if columns is not None else None)
    if index is not None:
        made = made.set_index(index)
    made.attrs["units"] = units
    return made


def _short(row: Figures) -> str:
    said = {name: getattr(row, name) for name in row.__struct_fields__ if name not in ("number", "key", "confirmed")}
    return ", ".join(f"{name} {value}" for name, value in said.items() if value is not None)
