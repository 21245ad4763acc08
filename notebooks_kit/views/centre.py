"""The call centre, live: queues, agents, and the calls that wait."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from aiopbx import Feature, Pbx, PbxError, Status

from ..models.centre import AgentsModel, CentreModel, QueuesModel, WaitingModel
from .beside import Beside
from .markup import table_html
from .rows import Row
from .table import STORED, TableView, text

if TYPE_CHECKING:
    import pandas

_WIDTHS: Final = {
    "Name": "minmax(8em, 1.4fr)",
    "State": "minmax(9em, 1fr)",
    "Pilot": "minmax(8em, 1fr)",
    "Queue": "minmax(8em, 1fr)",
    "Caller": "minmax(9em, 1fr)",
}
_WIDTH: Final = "7em"
_SECOND: Final = 1.0

M = TypeVar("M", bound=CentreModel)
# What takes back what a table has asked for, after the table is gone.
_ending: Final[set[asyncio.Task[None]]] = set()


class CentreTable(TableView, Generic[M]):
    """One table of the call centre. It asks the system for its figures, and takes that back when it is closed."""

    def __init__(self, pbx: Pbx, model: M, *, height: str) -> None:
        """Show this model; ``height`` is CSS, the rest scrolls."""
        self.model = model
        """The model of this view."""
        self._stops: list[Callable[[], Awaitable[None]]] = []
        columns = [
            {"name": label.lower().replace(" ", "_"), "label": label, "width": _WIDTHS.get(label, _WIDTH)}
            for label in model.head
        ]
        super().__init__(
            pbx,
            kind="centre",
            columns=columns,
            controls=[text("filter", "Filter", "number, name, state …")],
            height=height,
            mode="one",
            lines=3,
        )
        self.follow("filter", lambda words: setattr(model, "filter", words))
        self.on_close(self._give_up)
        self.mirror(model, pbx)
        self.do(self._watch)

    async def _watch(self) -> None:
        try:
            await self.watch()
        finally:
            self.model.changed()

    async def watch(self) -> None:
        """Have the system send what is shown. Raises ``PbxError``, which is shown on top of the table."""

    def stop_with(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Take this back when the table is closed."""
        self._stops.append(stop)

    def _give_up(self) -> None:
        pbx, stops = self._pbx, self._stops
        self._stops = []
        if pbx is None or pbx.status is Status.CLOSED or not stops:
            return

        async def end() -> None:
            for stop in stops:
                with suppress(PbxError):  # the connection is lost: then there is nothing to take back
                    await stop()

        task = self._loop.create_task(end())
        _ending.add(task)
        task.add_done_callback(_ending.discard)

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw_rows(self, seconds: float | None) -> bool:
        """Bring every row up to date; only those that differ are sent."""
        self.model.take()
        rows = self.model.rows
        self.rows.keep(row.key for row in rows)
        for place, row in enumerate(rows):
            self.rows.put(row.key, Row(row.label, row.cells, row.style), place)
        return True

    def draw_frame(self) -> None:
        """Say how it stands, and whether this is so now."""
        model = self.model
        self.give("filter", model.filter)
        stale = model.status is not Status.ONLINE
        if self.stale != stale:
            self.stale = stale
        if self.summary != model.summary:
            self.summary = model.summary

    # ------------------------------------------------------------------------------------------- without live widgets

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"{type(self).__name__}: {self.model.summary}"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return what is shown as a table of pandas."""
        return self.model.to_dataframe()

    def to_html(self) -> str:
        """Return what is shown now as a plain table; of very many rows the first ones."""
        self.draw_now()
        shown = self.model.rows
        more = f"<p>and {len(shown) - STORED} more: to_dataframe() has them all</p>" if len(shown) > STORED else ""
        html = table_html(self.model.head, [row.cells for row in shown[:STORED]])
        return f"<p>{escape(self.model.summary)}</p>{html}{more}"


class QueueTable(CentreTable[QueuesModel]):
    """The queues: how many calls wait in each, and for how long."""

    def __init__(self, pbx: Pbx, *, height: str = "12em") -> None:
        """Show the queues of ``pbx``."""
        super().__init__(pbx, QueuesModel(pbx), height=height)

    async def watch(self) -> None:
        """Have the figures of the queues come."""
        await _figures(self, "queues")


class AgentTable(CentreTable[AgentsModel]):
    """The agents: what each does, since when, and how many calls it has served."""

    def __init__(self, pbx: Pbx, *, height: str = "20em") -> None:
        """Show the agents of ``pbx``."""
        super().__init__(pbx, AgentsModel(pbx), height=height)

    async def watch(self) -> None:
        """Have the figures of the agents come."""
        await _figures(self, "agents")


class WaitingTable(CentreTable[WaitingModel]):
    """The calls that wait at the pilots, the longest first."""

    def __init__(self, pbx: Pbx, *pilots: str, height: str = "12em") -> None:
        """Show who waits at these pilots, or at all there are."""
        self.pilots = pilots
        super().__init__(pbx, WaitingModel(pbx), height=height)
        self.every(_SECOND, self._count)

    def _count(self) -> None:
        """Let a second pass, where somebody waits."""
        if len(self.rows):
            self.model.now = self.now
            self.schedule()

    def draw_rows(self, seconds: float | None) -> bool:
        """Count the waits up to now."""
        self.model.now = self.now
        return super().draw_rows(seconds)

    async def watch(self) -> None:
        """Have the calls of the pilots seen."""
        pbx = self.model.pbx
        names = await _names(pbx)
        self.model.names = {**names.get("queues", {}), **names.get("pilots", {})}
        pilots = self.pilots or tuple(names.get("pilots", ()))
        if pilots:
            watch = pbx.pilots.watch(*pilots)
            self.stop_with(watch.stop)
            await watch.start()


class CentreBoard(Beside):
    """The call centre at a glance, one below the other: queues, calls that wait, and agents. For administrators.

    ``queues``, ``waiting`` and ``agents`` are tables with a filter and ``to_dataframe()``, each a view of its own. The
    figures come every five seconds while the board is there; calls are seen as they come.
    """

    def __init__(self, pbx: Pbx, *, height: str = "16em") -> None:
        """Show the call centre of ``pbx``; ``height`` is that of each table, in CSS."""
        self.queues = QueueTable(pbx, height=height)
        """The queues."""
        self.waiting = WaitingTable(pbx, height=height)
        """The calls that wait."""
        self.agents = AgentTable(pbx, height=height)
        """The agents."""
        super().__init__(
            self.queues, self.waiting, self.agents, titles=("Queues", "Calls that wait", "Agents"), width="100%"
        )
        self.add_class("pbx-centre-board")


async def _figures(table: CentreTable[Any], name: str) -> None:
    centre = table.model.pbx.call_centre
    wanted: dict[str, Any] = dict.fromkeys(centre.tables, False) | {name: True}
    watching = centre.watch(**wanted)
    table.stop_with(watching.stop)
    # A table that is closed meanwhile takes back what was asked for, and that has to be known then.
    await asyncio.shield(watching)


async def _names(pbx: Pbx) -> Mapping[str, Mapping[str, str]]:
    """Return what pilots and queues are called, from whichever of the two services this account may ask."""
    if Feature.CALL_CENTRE in pbx.features or Feature.PILOTS not in pbx.features:
        return {str(table): names for table, names in (await pbx.call_centre.objects()).items()}
    return {"pilots": {pilot.number: pilot.name for pilot in await pbx.pilots.list()}}
