"""Statistics of the call centre."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from ...centre import StatisticsRow
from ...errors import InvalidInput, NotFound, RequestRefused, SessionLost
from ...ports import Recording
from ..call_centre_rules import ONE_FILTER
from ..types.base import CONTACTCENTER_SERVICE
from ..types.statistics import (
    AgentStats,
    Language,
    PilotStats,
    Stats,
    StatsAgentFilter,
    StatsContextRequest,
    StatsFilter,
    StatsPilotAbandonedCallFilter,
    StatsPilotFilter,
    StatsScope,
    Supervised,
    Supervisor,
    TimeInterval,
)
from ..types.statistics_figures import (
    StatsAgentAttributes,
    StatsPilotAbandonedCallsAttributes,
    StatsPilotAttributes,
)
from . import Part

_DURATION: Final = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")
_NAMES: Final = frozenset({"number", "login", "operator", "firstName", "lastName", "pilotNumber", "pilotName", "name"})
_TIMES: Final = frozenset({"date", "year", "month", "day", "hour", "minute", "timeSlot"})


class O2gCentreStatistics(Part):
    """Figures of days that are over, for administrators."""

    async def begin(
        self,
        requester: str,
        language: str,
        timezone: str,
        agents: tuple[str, ...],
        pilots: tuple[str, ...],
        figures: tuple[str, ...],
        given_up: bool,
        label: str | None = None,
    ) -> str:
        """``GET /scope/{supervisorId}``, else ``POST /scope``; then ``POST …/ctx``.

        Nobody is a requester who may see no agent. So one who asks for pilots alone may see all agents there are.
        """
        body = StatsContextRequest(
            supervisor_id=requester, label=label or requester, filter=_filter(agents, pilots, figures, given_up)
        )
        try:
            ONE_FILTER({}, {}, body)  # before a requester is made for what is refused afterwards
        except InvalidInput as error:
            raise InvalidInput("figures", error.problem, remedy=error.remedy) from None
        service = self._client.acd_statistics
        try:
            await self._licensed(None, CONTACTCENTER_SERVICE, service.scope(requester))
        except NotFound:
            scope = StatsScope(
                supervisor=Supervisor(identifier=requester, language=Language(language.upper()), timezone=timezone),
                agents=tuple(Supervised(number=one) for one in agents or await self._all_agents()),
            )
            await self._licensed(None, CONTACTCENTER_SERVICE, service.create_scope(scope))
        return (await self._licensed(None, CONTACTCENTER_SERVICE, service.create_context(requester, body))).id or ""

    async def _all_agents(self) -> tuple[str, ...]:
        found = await self._licensed(None, CONTACTCENTER_SERVICE, self._client.real_time.agents())
        return tuple(one.number for one in found.agents if one.number)

    async def day(self, requester: str, context: str, day: date, slot: str) -> tuple[StatisticsRow, ...]:
        """``GET …/oneday/data``."""
        answer = await self._licensed(
            None,
            CONTACTCENTER_SERVICE,
            self._client.acd_statistics.one_day(
                requester, context, date=day, slot_type=TimeInterval(slot), format="json"
            ),
        )
        return tuple(_rows(answer))

    async def days(self, requester: str, context: str, first: date, last: date) -> tuple[StatisticsRow, ...]:
        """``GET …/days/data``."""
        answer = await self._licensed(
            None,
            CONTACTCENTER_SERVICE,
            self._client.acd_statistics.several_days(requester, context, begin=first, end=last, format="json"),
        )
        return tuple(_rows(answer))

    async def make_file(self, requester: str, context: str, first: date, last: date, format: str) -> None:
        """``GET …/days/data?async=true``."""
        await self._licensed(
            None,
            CONTACTCENTER_SERVICE,
            self._client.acd_statistics.several_days(
                requester, context, begin=first, end=last, format=format, background=True
            ),
        )

    async def cancel_file(self, requester: str) -> None:
        """``DELETE …/data/request``."""
        await self._client.acd_statistics.cancel_request(requester)

    async def file(self, path: str) -> Recording:
        """``GET {fullResPath}``."""
        return await self._client.statistics_files.statistics_file(path.lstrip("/"))

    async def done(self, requester: str, context: str) -> None:
        """``DELETE …/ctx/{ctxId}``. What is not there any more is done with."""
        try:
            await self._client.acd_statistics.delete_context(requester, context)
        except SessionLost:
            raise
        except RequestRefused as error:
            if error.transient:
                raise


def _filter(agents: tuple[str, ...], pilots: tuple[str, ...], figures: tuple[str, ...], given_up: bool) -> StatsFilter:
    """What the server is asked for; its rules refuse figures that are not known."""
    if given_up:
        return StatsFilter(
            pilot_abandoned_call_filter=StatsPilotAbandonedCallFilter(
                numbers=pilots,
                attributes=tuple(StatsPilotAbandonedCallsAttributes(one) for one in figures or ("ALL",)),
            )
        )
    if pilots:
        return StatsFilter(
            pilot_filter=StatsPilotFilter(
                numbers=pilots, attributes=tuple(StatsPilotAttributes(one) for one in figures or ("ALL",))
            )
        )
    return StatsFilter(
        agent_filter=StatsAgentFilter(
            numbers=agents, agent_attributes=tuple(StatsAgentAttributes(one) for one in figures or ("ALL",))
        )
    )


def _rows(answer: Stats | None) -> Iterator[StatisticsRow]:
    if answer is None:
        return
    parts: tuple[AgentStats | PilotStats, ...] = (*answer.agents_stats, *answer.pilots_stats)
    for part in parts:
        for row in part.rows:
            yield _row(row, part.time_slot)
    if answer.pilot_abandoned_calls is not None:
        for given_up in answer.pilot_abandoned_calls.rows:
            yield _row(given_up, None)


def _row(row: Any, slot: str | None) -> StatisticsRow:
    said: dict[str, Any] = msgspec.to_builtins(row)
    first, last = said.get("firstName"), said.get("lastName")
    return StatisticsRow(
        at=_moment(slot) or _moment(said.get("timeSlot")) or _day(said),
        number=said.get("number") or said.get("pilotNumber") or said.get("operator"),
        name=said.get("name") or said.get("pilotName") or " ".join(part for part in (first, last) if part) or None,
        figures={name: seconds_of(value) for name, value in said.items() if name not in _NAMES and name not in _TIMES},
    )


def seconds_of(value: Any) -> Any:
    """A duration that is written as 01:02:03 in seconds, anything else as it is."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    hours, minutes, seconds = (int(part) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _moment(text: str | None) -> datetime | None:
    for form in ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text or "", form)  # noqa: DTZ007 - on the clock of the node
        except ValueError:
            continue
    return None


def _day(said: dict[str, Any]) -> datetime | None:
    """When a row begins, which it says in one text or in parts."""
    if (whole := _moment(said.get("date"))) is not None:
        return whole
    try:
        day = datetime(int(said["year"]), int(said["month"]), int(said["day"]))  # noqa: DTZ001
        return day + timedelta(hours=int(said.get("hour") or 0), minutes=int(said.get("minute") or 0))
    except (KeyError, ValueError):
        return None
