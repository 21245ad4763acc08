"""Statistics of the call centre, and reports that the server makes and mails by itself. For administrators."""

from datetime import date
from typing import Any

import msgspec

from ...http.download import Download
from ...operations import Send, Service, operation
from ..call_centre_rules import AT_THE_ROOT, ONE_FILTER, SCHEDULE, SCOPE, SPAN, moment_text
from ..types.base import CONTACTCENTER_SERVICE
from ..types.statistics import (
    RespId,
    Stats,
    StatsContext,
    StatsContextRequest,
    StatsContexts,
    StatsSchedule,
    StatsScheduleRequest,
    StatsSchedules,
    StatsScope,
    Supervisor,
    TimeInterval,
)

# The first part of a path names the service: the session says where it is, and no place is usual.
_SCOPE = "/acdstatistics/scope/{supervisorId}"
_CONTEXTS = _SCOPE + "/ctx"
_CONTEXT = _CONTEXTS + "/{ctxId}"
_SCHEDULES = _CONTEXT + "/schedule"
_SCHEDULE = _SCHEDULES + "/{scheduleName}"


class Statistics(Service, service="Acd Statistics"):
    """Statistics. A requester, ``supervisor_id``, has contexts, and each of these says what figures are wanted.

    The server makes files in the background, one at a time, and tells of them by events of the package ``acdstats``.
    """

    @operation("POST", "/acdstatistics/scope", CONTACTCENTER_SERVICE, SCOPE, since="2.7.4", dials=False)
    def create_scope(self, body: StatsScope) -> Send[None]:
        """Create a requester, with the agents whose figures may be seen."""
        return Send(body=body)

    @operation("GET", _SCOPE, CONTACTCENTER_SERVICE, since="2.7.4")
    def scope(self, supervisor_id: str) -> Send[Supervisor]:
        """Read a requester."""
        return Send(supervisor_id)

    @operation("DELETE", _SCOPE, CONTACTCENTER_SERVICE, since="2.7.4")
    def delete_scope(self, supervisor_id: str) -> Send[None]:
        """Delete a requester, with all contexts and reports."""
        return Send(supervisor_id)

    @operation("POST", _CONTEXTS, CONTACTCENTER_SERVICE, ONE_FILTER, since="2.7.4")
    def create_context(self, supervisor_id: str, body: StatsContextRequest) -> Send[RespId]:
        """Say what figures are wanted. The answer is the id of the context."""
        return Send(supervisor_id, body=_of(supervisor_id, body))

    @operation("GET", _CONTEXTS, CONTACTCENTER_SERVICE, since="2.7.4")
    def contexts(self, supervisor_id: str) -> Send[StatsContexts]:
        """List the contexts of a requester."""
        return Send(supervisor_id)

    @operation("DELETE", _CONTEXTS, CONTACTCENTER_SERVICE, since="2.7.4")
    def delete_contexts(self, supervisor_id: str) -> Send[None]:
        """Delete all contexts of a requester."""
        return Send(supervisor_id)

    @operation("GET", _CONTEXT, CONTACTCENTER_SERVICE, since="2.7.4")
    def context(self, supervisor_id: str, ctx_id: str) -> Send[StatsContext]:
        """Read a context."""
        return Send(supervisor_id, ctx_id)

    @operation("PUT", _CONTEXT, CONTACTCENTER_SERVICE, ONE_FILTER, repeatable=True, since="2.7.4")
    def change_context(self, supervisor_id: str, ctx_id: str, body: StatsContextRequest) -> Send[None]:
        """Change what figures are wanted."""
        return Send(supervisor_id, ctx_id, body=_of(supervisor_id, body))

    @operation("DELETE", _CONTEXT, CONTACTCENTER_SERVICE, since="2.7.4")
    def delete_context(self, supervisor_id: str, ctx_id: str) -> Send[None]:
        """Delete a context, with its reports."""
        return Send(supervisor_id, ctx_id)

    @operation(
        "GET",
        _CONTEXT + "/days/data",
        CONTACTCENTER_SERVICE,
        SPAN,
        since="2.7.4",
        names={"begin": "begindate", "end": "enddate", "background": "async"},
    )
    def several_days(
        self,
        supervisor_id: str,
        ctx_id: str,
        *,
        begin: date | str,
        end: date | str,
        format: str,
        short_header: bool | None = None,
        background: bool | None = None,
    ) -> Send[Stats | None]:
        """Read the figures of at most 31 days of the last year, a row a day and object.

        With ``background`` there is nothing in the answer: the server makes a file, and its events tell where it is.
        """
        query: dict[str, Any] = {
            "begindate": moment_text(begin),
            "enddate": moment_text(end),
            "format": format,
            "shortHeader": short_header,
            "async": background or None,
        }
        return Send(supervisor_id, ctx_id, **query)

    @operation(
        "GET", _CONTEXT + "/oneday/data", CONTACTCENTER_SERVICE, SPAN, since="2.7.4", names={"background": "async"}
    )
    def one_day(
        self,
        supervisor_id: str,
        ctx_id: str,
        *,
        date: date | str,
        slot_type: TimeInterval | str | None = None,
        format: str,
        short_header: bool | None = None,
        background: bool | None = None,
    ) -> Send[Stats | None]:
        """Read the figures of one day, in slots.

        With ``background`` there is nothing in the answer: the server makes a file, and its events tell where it is.
        """
        query: dict[str, Any] = {
            "date": moment_text(date),
            "slotType": slot_type,
            "format": format,
            "shortHeader": short_header,
            "async": background or None,
        }
        return Send(supervisor_id, ctx_id, **query)

    @operation("DELETE", _SCOPE + "/data/request", CONTACTCENTER_SERVICE, since="2.7.4")
    def cancel_request(self, supervisor_id: str) -> Send[None]:
        """Have the server give up the file that it is making."""
        return Send(supervisor_id)

    @operation("POST", _SCHEDULES, CONTACTCENTER_SERVICE, SCHEDULE, since="2.7.4")
    def create_schedule(self, supervisor_id: str, ctx_id: str, body: StatsScheduleRequest) -> Send[RespId]:
        """Have a report made and mailed by itself."""
        return Send(supervisor_id, ctx_id, body=body)

    @operation("GET", _SCHEDULES, CONTACTCENTER_SERVICE, since="2.7.4")
    def schedules(self, supervisor_id: str, ctx_id: str) -> Send[StatsSchedules]:
        """List the reports of a context."""
        return Send(supervisor_id, ctx_id)

    @operation("GET", _SCHEDULE, CONTACTCENTER_SERVICE, since="2.7.4")
    def schedule(self, supervisor_id: str, ctx_id: str, schedule_name: str) -> Send[StatsSchedule]:
        """Read a report, and what became of it."""
        return Send(supervisor_id, ctx_id, schedule_name)

    @operation("PUT", _SCHEDULE, CONTACTCENTER_SERVICE, SCHEDULE, repeatable=True, since="2.7.4")
    def change_schedule(
        self, supervisor_id: str, ctx_id: str, schedule_name: str, body: StatsScheduleRequest
    ) -> Send[None]:
        """Change a report."""
        return Send(supervisor_id, ctx_id, schedule_name, body=body)

    @operation("DELETE", _SCHEDULE, CONTACTCENTER_SERVICE, since="2.7.4")
    def delete_schedule(self, supervisor_id: str, ctx_id: str, schedule_name: str) -> Send[None]:
        """Delete a report."""
        return Send(supervisor_id, ctx_id, schedule_name)

    @operation("POST", _SCHEDULE + "/enable", CONTACTCENTER_SERVICE, repeatable=True, since="2.7.4")
    def enable_schedule(self, supervisor_id: str, ctx_id: str, schedule_name: str, *, enable: bool) -> Send[None]:
        """Have a report made, or not for now."""
        return Send(supervisor_id, ctx_id, schedule_name, enable=enable)


def _of(supervisor_id: str, body: StatsContextRequest) -> StatsContextRequest:
    """The context with its requester, whom the path names already."""
    return body if body.supervisor_id else msgspec.structs.replace(body, supervisor_id=supervisor_id)


class StatisticsFiles(Service, service="Root"):
    """Files of statistics, at the root of the server rather than below a service."""

    @operation("GET", "/{fullResPath}", CONTACTCENTER_SERVICE, AT_THE_ROOT, deep="fullResPath", since="2.7.4")
    def statistics_file(self, full_res_path: str) -> Send[Download]:
        """Get a file as a stream of bytes: a ZIP archive with one file in it. It has to be read or closed.

        ``full_res_path`` is what ``OnAcdStatsProgress`` says with the step ``FORMATED``.
        """
        return Send(full_res_path)
