"""The communication log of O2G."""

from ...model import Direction, LineSnapshot
from ...records import LogFilter, LogPage
from ..records import record_of
from ..types.comlog import Role, UpdateComRecordsRequest
from . import Part

_ROLE = {Direction.INCOMING: Role.CALLEE, Direction.OUTGOING: Role.CALLER}


class O2gCallLog(Part):
    """The log of a user."""

    async def page(self, line: LineSnapshot, which: LogFilter, offset: int, limit: int) -> LogPage:
        """``GET /comlog/records``."""
        answer = await self._client.communication_log.records(
            unanswered=which.unanswered,
            unacknowledged=which.unacknowledged,
            after_date=which.after,
            before_date=which.before,
            role=_role(which),
            com_ref=which.ref,
            remote_party_id=which.party,
            offset=offset,
            limit=limit,
            login_name=self._as(line),
        )
        read = answer.com_history_records
        records = tuple(record for one in read if (record := record_of(line, one)) is not None)
        return LogPage(records=records, read=len(read), total=answer.total_count)

    async def acknowledge(self, line: LineSnapshot, ids: tuple[int, ...], on: bool) -> None:
        """``PUT /comlog/records``."""
        await self._client.communication_log.acknowledge_records(
            UpdateComRecordsRequest(record_ids=ids), acknowledge=on, login_name=self._as(line)
        )

    async def delete(self, line: LineSnapshot, ids: tuple[int, ...]) -> None:
        """``DELETE /comlog/records?recordIdList=…``."""
        await self._client.communication_log.delete_records(record_id_list=ids, login_name=self._as(line))

    async def delete_where(self, line: LineSnapshot, which: LogFilter) -> None:
        """``DELETE /comlog/records`` with criteria, or without any for all."""
        await self._client.communication_log.delete_records(
            unanswered=which.unanswered,
            unacknowledged=which.unacknowledged,
            after_date=which.after,
            before_date=which.before,
            role=_role(which),
            com_ref=which.ref,
            remote_party_id=which.party,
            all=which.everything,
            login_name=self._as(line),
        )


def _role(which: LogFilter) -> Role | None:
    return _ROLE.get(which.direction) if which.direction is not None else None
