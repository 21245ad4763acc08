"""Requesters of statistics of the call centre, the files that are made for them, and the reports that are mailed."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ....o2g.types import statistics as wire
from .context import Stream
from .refusals import NOT_FOUND, Refusal, bad_parameter
from .statistics_data import Collector, Span, offset
from .statistics_reports import Schedule, due, observed

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from .server import O2gServer
    from .sessions import Session

FILES: Final = "acd-report-files"
"""Where the files are, below the root of the server."""
PACKAGE: Final = "acdstats"
MOST_FILES: Final = 10
PACE: Final = 0.2
"""Seconds that collecting the figures of one object takes, and each further step."""


@dataclass(slots=True)
class StatsContext:
    """What figures are wanted."""

    id: str
    request: wire.StatsContextRequest
    schedules: dict[str, Schedule] = field(default_factory=dict)


@dataclass(slots=True)
class Job:
    """A file that is being made."""

    context: str
    session: "Session"
    collector: Collector
    form: str
    short: bool
    timer: "TimerHandle | None" = None


@dataclass(slots=True)
class Scope:
    """A requester, and the agents that it may see."""

    supervisor: wire.Supervisor
    agents: tuple[str, ...]
    contexts: dict[str, StatsContext] = field(default_factory=dict)
    job: Job | None = None

    @property
    def name(self) -> str:
        """Its key in paths."""
        return self.supervisor.identifier or ""

    @property
    def zone(self) -> timezone:
        """Its clock."""
        return offset(self.supervisor.timezone or "Z")


def numbers_of(server: "O2gServer", scope: Scope, filter: wire.StatsFilter) -> list[str]:
    """Return the numbers that a filter means; refuses those that are not there, or not for the requester."""
    if filter.agent_filter is not None:
        for number in filter.agent_filter.numbers:
            if number != "*" and number not in scope.agents:
                raise bad_parameter("filter", f"{scope.name} may not see the agent {number}")
        named = [number for number in filter.agent_filter.numbers if number != "*"]
        return named if named and "*" not in filter.agent_filter.numbers else list(scope.agents)
    of = filter.pilot_filter or filter.pilot_abandoned_call_filter
    numbers = of.numbers if of is not None else ()
    for number in numbers:
        if number != "*" and number not in server.switch.pilots:
            raise bad_parameter("filter", f"there is no pilot {number}")
    named = [number for number in numbers if number != "*"]
    return named if named and "*" not in numbers else list(server.switch.pilots)


class Statistics:
    """Requesters of a server, its files, and the mails that it has sent."""

    def __init__(self, server: "O2gServer") -> None:
        """Start without any."""
        self._server = server
        self.scopes: dict[str, Scope] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        """By name: the login of who asked for it, and what is in it."""
        self.mails: list[tuple[str, tuple[str, ...], bytes]] = []
        """The reports that were mailed: name, to whom, and the file. No mail leaves the simulator."""
        self.mail_works = True
        """Whether mails go out."""
        self._count = 0

    def new_id(self) -> str:
        """Return the id of a new context."""
        self._count += 1
        return f"ctx-{self._count}"

    def clear(self) -> None:
        """Give up what is being made."""
        for scope in self.scopes.values():
            self.cancel(scope)
            for context in scope.contexts.values():
                for schedule in context.schedules.values():
                    schedule.stop()

    # -- files ------------------------------------------------------------------------------------------------------

    def begin(self, scope: Scope, job: Job) -> None:
        """Make a file in the background."""
        scope.job = job
        self._tell(scope, job, wire.AcdStatsProgressStep.COLLECT)
        job.timer = self._server.clock.call_later(PACE, lambda: self._go_on(scope, job))

    def _go_on(self, scope: Scope, job: Job) -> None:
        collector = job.collector
        if collector.done < len(collector.numbers):
            try:
                collector.one()
            except KeyError:  # a pilot or an agent that is there no more
                scope.job = None
                self._tell(scope, job, wire.AcdStatsProgressStep.ERROR)
                return
            self._tell(scope, job, wire.AcdStatsProgressStep.COLLECT)
            following: Callable[[], None] = lambda: self._go_on(scope, job)  # noqa: E731
        else:
            self._tell(scope, job, wire.AcdStatsProgressStep.PROCESSED)
            following = lambda: self._finish(scope, job)  # noqa: E731
        job.timer = self._server.clock.call_later(PACE, following)

    def _finish(self, scope: Scope, job: Job) -> None:
        scope.job = None
        name = f"{secrets.token_hex(8)}.zip"
        self.files[name] = (job.session.login, job.collector.file(job.form, short_header=job.short))
        while len(self.files) > MOST_FILES:
            del self.files[next(iter(self.files))]
        path = f"/{FILES}/{quote(scope.name, safe='')}/{name}"
        self._tell(scope, job, wire.AcdStatsProgressStep.FORMATED, path, name)

    def cancel(self, scope: Scope, step: wire.AcdStatsProgressStep = wire.AcdStatsProgressStep.CANCELLED) -> bool:
        """Give up the file of a requester; returns whether there was one."""
        job, scope.job = scope.job, None
        if job is None:
            return False
        if job.timer is not None:
            job.timer.cancel()
        self._tell(scope, job, step)
        return True

    def _tell(
        self, scope: Scope, job: Job, step: wire.AcdStatsProgressStep, path: str | None = None, name: str | None = None
    ) -> None:
        collecting = step is wire.AcdStatsProgressStep.COLLECT
        event = wire.OnAcdStatsProgress(
            supervisor=scope.name,
            step=step,
            nb_tot_objects=len(job.collector.numbers) if collecting else None,
            nb_processed_objects=job.collector.done if collecting else None,
            res_path=name,
            full_res_path=path,
            xlsfull_res_path=path if job.form == "xls" else None,
        )
        self._server.subscriptions.publish(PACKAGE, None, event, session=job.session)

    def file(self, session: "Session", name: str) -> Stream:
        """Return a file to who asked for it."""
        login, content = self.files.get(name, ("", b""))
        if login != session.login:
            raise Refusal(NOT_FOUND, "There is no such file, or no more.", status=HTTPStatus.BAD_REQUEST)
        pieces = [content[at : at + 65_536] for at in range(0, len(content), 65_536)]
        return Stream(pieces, len(content), "application/zip", file_name="statistics.zip")

    # -- schedules --------------------------------------------------------------------------------------------------

    def plan(self, scope: Scope, context: StatsContext, schedule: Schedule) -> None:
        """Wait for the next time that a report is due."""
        schedule.stop()
        if not schedule.enabled:
            return
        now = self._server.clock.utc().astimezone(scope.zone)
        when = due(schedule, now)
        if when is None:
            schedule.state = wire.ScheduledReportState.EXPIRED
            return
        left = (when - now).total_seconds()
        schedule.timer = self._server.clock.call_later(left, lambda: self._report(scope, context, schedule))

    def _report(self, scope: Scope, context: StatsContext, schedule: Schedule) -> None:
        """Make a report, and mail it."""
        now = self._server.clock.utc().astimezone(scope.zone)
        schedule.timer = None
        schedule.last = now
        schedule.state = wire.ScheduledReportState.IN_PROGRESS
        request = schedule.request
        try:
            numbers = numbers_of(self._server, scope, context.request.filter)
            begin, end = observed(request.obs_period, now)
            span = Span(begin, end, timedelta(days=1))
            collector = Collector(self._server.switch, scope.name, context.request.filter, span, numbers)
            for _ in numbers:
                collector.one()
        except (KeyError, Refusal):
            schedule.state = wire.ScheduledReportState.FAILED_ON_GET_DATA
        else:
            if not self.mail_works:
                schedule.state = wire.ScheduledReportState.FAILED_ON_SEND_MAIL
            else:
                content = collector.file(str(request.file_type), short_header=False)
                self.mails.append((request.name, request.recipients, content))
                schedule.state = wire.ScheduledReportState.EXECUTED
        if request.frequency.periodicity is not wire.Periodicity.ONCE:
            self.plan(scope, context, schedule)
