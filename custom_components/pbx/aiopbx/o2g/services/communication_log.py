"""The communication log: who called whom, when, and what came of it. The server keeps a hundred records a user."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from ...operations import Send, Service, operation
from ..rules import EXPLICIT_ALL, NEEDS, RECORD, RECORDS, joined, utc
from ..types.base import TELEPHONY_ADVANCED
from ..types.comlog import ComHistoryRecord, ComHistoryRecordIds, ComHistoryRecords, Role, UpdateComRecordsRequest

_RECORDS = "/comlog/records"
PAGE = 50
"""Records that ``all_records`` asks for at a time."""
_CRITERIA = (
    "recordIdList",
    "unanswered",
    "unacknowledged",
    "afterDate",
    "beforeDate",
    "role",
    "comRef",
    "remotePartyId",
)


class CommunicationLog(Service, service="ComLog"):
    """The calls of a user as the server has seen them. Dates need a time zone, and ids are numbers."""

    @operation("PUT", _RECORDS, TELEPHONY_ADVANCED, NEEDS("recordIds"), repeatable=True)
    def acknowledge_records(
        self, body: UpdateComRecordsRequest, *, acknowledge: bool, login_name: str | None = None
    ) -> Send[None]:
        """Acknowledge missed calls, or take that back."""
        return Send(body=body, acknowledge=acknowledge, loginName=login_name)

    @operation("GET", _RECORDS, TELEPHONY_ADVANCED, RECORDS)
    def records(
        self,
        *,
        record_id_list: str | Sequence[str | int] | None = None,
        unanswered: bool | None = None,
        unacknowledged: bool | None = None,
        after_date: datetime | str | None = None,
        before_date: datetime | str | None = None,
        role: Role | str | None = None,
        com_ref: str | None = None,
        remote_party_id: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
        optimized: bool | None = None,
        login_name: str | None = None,
    ) -> Send[ComHistoryRecords]:
        """Read records: those with these ids, or those that meet all these criteria, or all.

        ``after_date`` is included, ``before_date`` is not. ``limit`` 0 is no limit. With ``optimized`` the whole
        identity of a participant is only in the first record of each. ``all_records`` reads page by page.
        """
        return Send(
            recordIdList=joined(record_id_list, field="recordIdList"),
            unanswered=unanswered or None,
            unacknowledged=unacknowledged or None,
            afterDate=utc(after_date, field="afterDate"),
            beforeDate=utc(before_date, field="beforeDate"),
            role=role,
            comRef=com_ref,
            remotePartyId=remote_party_id,
            offset=offset,
            limit=limit,
            optimized=optimized or None,
            loginName=login_name,
        )

    @operation(
        "DELETE", _RECORDS, TELEPHONY_ADVANCED, RECORDS, EXPLICIT_ALL(*_CRITERIA), repeatable=False, guards=("all",)
    )
    def delete_records(
        self,
        *,
        record_id_list: str | Sequence[str | int] | None = None,
        unanswered: bool | None = None,
        unacknowledged: bool | None = None,
        after_date: datetime | str | None = None,
        before_date: datetime | str | None = None,
        role: Role | str | None = None,
        com_ref: str | None = None,
        remote_party_id: str | None = None,
        all: bool = False,
        login_name: str | None = None,
    ) -> Send[None]:
        """Delete records: those with these ids, those that meet all these criteria, or with ``all`` the whole log."""
        return Send(
            recordIdList=joined(record_id_list, field="recordIdList"),
            unanswered=unanswered or None,
            unacknowledged=unacknowledged or None,
            afterDate=utc(after_date, field="afterDate"),
            beforeDate=utc(before_date, field="beforeDate"),
            role=role,
            comRef=com_ref,
            remotePartyId=remote_party_id,
            all=all or None,
            loginName=login_name,
        )

    @operation("GET", _RECORDS + "/recordIds", TELEPHONY_ADVANCED)
    def record_ids(self, *, login_name: str | None = None) -> Send[ComHistoryRecordIds]:
        """List the ids of all records."""
        return Send(loginName=login_name)

    @operation("GET", _RECORDS + "/{recordId}", TELEPHONY_ADVANCED, RECORD)
    def record(self, record_id: str | int, *, login_name: str | None = None) -> Send[ComHistoryRecord]:
        """Read a record."""
        return Send(record_id, loginName=login_name)

    @operation("DELETE", _RECORDS + "/{recordId}", TELEPHONY_ADVANCED, RECORD)
    def delete_record(self, record_id: str | int, *, login_name: str | None = None) -> Send[None]:
        """Delete a record."""
        return Send(record_id, loginName=login_name)

    # ------------------------------------------------------------------------------------------------ page by page

    async def all_records(
        self,
        *,
        unanswered: bool | None = None,
        unacknowledged: bool | None = None,
        after_date: datetime | str | None = None,
        before_date: datetime | str | None = None,
        role: Role | str | None = None,
        com_ref: str | None = None,
        remote_party_id: str | None = None,
        page: int = PAGE,
        login_name: str | None = None,
    ) -> AsyncIterator[ComHistoryRecord]:
        """Give all records that meet these criteria, reading ``page`` of them at a time, each once.

        A log that changes meanwhile gives no record twice, and may hide one that was pushed to a page already read.
        """
        seen: set[int] = set()
        offset = 0
        while True:
            answer = await self.records(
                unanswered=unanswered,
                unacknowledged=unacknowledged,
                after_date=after_date,
                before_date=before_date,
                role=role,
                com_ref=com_ref,
                remote_party_id=remote_party_id,
                offset=offset,
                limit=max(page, 1),
                login_name=login_name,
            )
            records = answer.com_history_records
            fresh = [record for record in records if record.record_id is None or record.record_id not in seen]
            seen.update(record.record_id for record in fresh if record.record_id is not None)
            for record in fresh:
                yield record
            offset += len(records)
            more = len(records) >= page if answer.total_count is None else offset < answer.total_count
            if not fresh or not more or all(record.record_id is None for record in fresh):
                return
