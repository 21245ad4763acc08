"""Reports of the call centre's statistics that the system makes and mails by itself."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from .administration import Report, ReportPlan
from .core import Core
from .errors import InvalidInput, NotFound
from .loops import owned
from .model import Feature
from .ports import Commands

if TYPE_CHECKING:
    import asyncio


class Reports:
    """Reports of a requester: ``pbx.call_centre.reports("anna")``. For administrators.

    A report goes by its name; where several of other figures have the same, give the ``Report`` itself.
    """

    def __init__(self, core: Core, requester: str) -> None:
        """Made by ``CallCentre.reports`` only."""
        if not requester.strip():
            raise InvalidInput("requester", "is empty.", remedy="Give the name that the statistics are kept under.")
        self._core = core
        self.requester = requester

    def __repr__(self) -> str:
        """Name who asks."""
        return f"<Reports of {self.requester}>"

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    @owned
    async def list(self) -> tuple[Report, ...]:
        """The reports there are; none of a requester who is not known. O2G: GET …/ctx and …/schedule."""
        try:
            return await self._commands.reports.list(self.requester)
        except NotFound:
            return ()

    @owned
    async def get(self, report: Report | str) -> Report:
        """Read a report, and what became of it. O2G: GET …/schedule."""
        return await self._find(report)

    @owned
    async def create(
        self,
        plan: ReportPlan,
        *,
        agents: Collection[str] = (),
        pilots: Collection[str] = (),
        figures: Collection[str] = (),
        given_up: bool = False,
        language: str = "EN",
        timezone: str = "Z",
    ) -> Report:
        """Have a report made of figures of agents, or of pilots, as ``CallCentre.statistics`` takes them.

        O2G: POST …/ctx and POST …/schedule.
        """
        if bool(agents) == bool(pilots):
            raise InvalidInput(
                "agents",
                "and pilots are both given." if agents else "and pilots are both missing.",
                remedy="Statistics are of agents, or of pilots.",
            )
        if given_up and not pilots:
            raise InvalidInput("pilots", "are missing.", remedy="Calls are given up at pilots: name them.")
        commands = self._commands.reports
        return await commands.create(
            self.requester, language, timezone, tuple(agents), tuple(pilots), tuple(figures), given_up, plan
        )

    @owned
    async def change(self, report: Report | str, plan: ReportPlan) -> Report:
        """Have it made another way, of the same figures. O2G: PUT …/schedule/{scheduleName}."""
        found = await self._find(report)
        await self._commands.reports.change(self.requester, found, plan)
        return await self._find(Report(plan=plan, context=found.context))

    @owned
    async def enable(self, report: Report | str, on: bool = True) -> None:
        """Have it made, or not for now. O2G: POST …/schedule/{scheduleName}/enable."""
        await self._commands.reports.enable(self.requester, await self._find(report), on)

    @owned
    async def delete(self, report: Report | str) -> None:
        """Have it made no longer. O2G: DELETE …/schedule/{scheduleName}."""
        await self._commands.reports.delete(self.requester, await self._find(report))

    @owned
    async def forget(self, *, all: bool = False) -> None:
        """Delete the requester with all reports and figures that are kept, only with ``all=True``.

        O2G: DELETE /scope/{supervisorId}.
        """
        if not all:
            raise InvalidInput("all", "is missing.", remedy="all=True says that you mean it.")
        await self._commands.reports.forget(self.requester)

    @property
    def _commands(self) -> Commands:
        return self._core.commands_for(Feature.CENTRE_STATISTICS)

    async def _find(self, report: Report | str) -> Report:
        known = await self.list()
        name = report if isinstance(report, str) else report.name
        found = [one for one in known if one.name == name]
        if not isinstance(report, str):
            found = [one for one in found if one.context == report.context]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidInput("report", f"{len(found)} reports are named {name!r}.", remedy="Give one of the list.")
        names = ", ".join(repr(one.name) for one in known)
        raise InvalidInput(
            "report",
            f"{self.requester} has no report {name!r}.",
            remedy=f"There are: {names}." if names else "There are none.",
        )
