"""The call history of a user of myIstra. The server filters two things, this side the others."""

from ...call_log import CallRecord, LogFilter, LogPage
from ...errors import InvalidInput, NotSupported
from ...model import Direction, LineSnapshot
from ..reducer.user import record_of
from ..services.enduser import EndUser
from ..types.enduser import PhoneLog


class IstraCallLog:
    """Its records."""

    def __init__(self, service: EndUser) -> None:
        """Ask this service."""
        self._service = service

    async def page(self, line: LineSnapshot, which: LogFilter, offset: int, limit: int) -> LogPage:
        """``GET v1/logs/Phone/bean``, on until one is found that is meant, or there are no more."""
        _check(which)
        read = 0
        while True:
            told = await self._service.phone_logs(
                offset=offset + read,
                length=limit,
                is_incoming=True if which.direction is Direction.INCOMING else None,
                is_missed=True if which.unanswered and which.direction is not Direction.OUTGOING else None,
            )
            read += len(told.all)
            records = tuple(record for one in told.all if (record := record_of(one)) and _meant(record, which))
            last = len(told.all) < limit
            if records or last:
                # A page that is full asks for more; how many there are in all, the server does not say.
                return LogPage(records=records, read=read, total=offset + read if last else None)

    async def acknowledge(self, line: LineSnapshot, ids: tuple[int, ...], on: bool) -> None:
        """Not here."""
        raise NotSupported("The history of myIstra knows no acknowledgement.", missing="acknowledge")

    async def delete(self, line: LineSnapshot, ids: tuple[int, ...]) -> None:
        """``DELETE v1/logs/Phone/bean/{id}``, each."""
        for id_ in ids:
            await self._service.delete_phone_log(str(id_))

    async def delete_where(self, line: LineSnapshot, which: LogFilter) -> None:
        """Read all that are meant, then delete each."""
        _check(which)
        found: list[PhoneLog] = [one async for one in self._service.all_phone_logs()]
        for one in found:
            record = record_of(one)
            if record is not None and _meant(record, which):
                await self._service.delete_phone_log(one.call_history_id)


def _check(which: LogFilter) -> None:
    if which.unacknowledged:
        raise InvalidInput("unacknowledged", "means nothing to this system.", remedy="Use unanswered.")
    if which.ref is not None:
        raise InvalidInput("ref", "is not in this history.", remedy="Use party, after and before.")
    for field in ("after", "before"):
        moment = getattr(which, field)
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput(field, "has no time zone.", remedy="Use datetime.now().astimezone(), for instance.")


def _meant(record: CallRecord, which: LogFilter) -> bool:
    """Whether this side, too, lets it pass."""
    if which.unanswered and record.answered is not False:
        return False
    if which.direction is not None and record.direction is not which.direction:
        return False
    began = record.started_at
    if which.after is not None and (began is None or began < which.after):
        return False
    if which.before is not None and (began is None or began >= which.before):
        return False
    return which.party is None or any(which.party in (party.number, party.name) for party in record.parties)
