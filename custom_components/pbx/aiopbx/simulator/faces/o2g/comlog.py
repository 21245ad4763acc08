"""The communication log service: its records on the wire, its operations, and its events."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ....o2g.types import comlog as wire
from ....o2g.types.base import O2gEvent
from ...switch.changes import LogChange, LogPart, LogRecord
from ...switch.errors import SwitchError
from ...switch.log import LogFilter
from .context import Context, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter
from .sessions import iso
from .users import party_info

if TYPE_CHECKING:
    from ...switch.calls import Identity

PACKAGE: Final = "unifiedComLog"

# -- records ----------------------------------------------------------------------------------------------------


class _Known:
    """Parties that this answer has already named in full."""

    def __init__(self, optimized: bool) -> None:
        self._optimized = optimized
        self._seen: set[Identity] = set()

    def party(self, identity: "Identity") -> wire.PartyInfo:
        """Return a party: in full, or only its number if it was named before and ``optimized`` was requested."""
        if self._optimized and identity in self._seen and identity.number:
            return wire.PartyInfo(id=wire.Identifier(phone_number=identity.number))
        self._seen.add(identity)
        return party_info(identity)


def record(item: LogRecord, known: _Known | None = None, *, owner: str | None = None) -> wire.ComHistoryRecord:
    """Return a record. Events name the ``owner`` by its login only."""
    known = known or _Known(optimized=False)
    return wire.ComHistoryRecord(
        record_id=item.id,
        com_ref=item.ref,
        acknowledged=None if item.end is None and not item.missed else not item.missed or item.acknowledged,
        participants=tuple(_participant(part, known, owner) for part in item.parts),
        begin_date=iso(item.begin),
        end_date=iso(item.end) if item.end is not None else None,
        conv_date=iso(item.conversation) if item.conversation is not None else None,
        medias=(wire.MediaType.AUDIO,),
        hold_duration=round(item.held) if item.conversation is not None and item.end is not None else None,
        transferred_by=item.transferred_by,
        associated_data=item.data,
        hexa_binary_associated_data=item.data.encode().hex() if item.data is not None else None,
    )


def _participant(part: LogPart, known: _Known, owner: str | None) -> wire.Participant:
    if part.anonymous:
        kind = wire.ParticipantType(main=wire.MainType(part.identity.kind))
        return wire.Participant(identity=wire.PartyInfo(id=wire.Identifier(), type=kind), anonymous=True)
    if owner is not None and part.identity.login == owner:
        identity = wire.PartyInfo(id=wire.Identifier(login_name=owner))
    else:
        identity = known.party(part.identity)
    return wire.Participant(
        role=wire.Role(part.role) if part.role is not None else None,
        answered=part.answered,
        identity=identity,
        initial_called=known.party(part.initial_called) if part.initial_called is not None else None,
        reason=wire.Reason(part.reason) if part.reason is not None else None,
        leg=part.device,
    )


def event(change: LogChange) -> O2gEvent:
    """Return the event for a change of a log."""
    login = change.login
    if change.kind == "acknowledged":
        return wire.OnComRecordsAck(login_name=login, record_ids=change.ids)
    if change.kind == "unacknowledged":
        return wire.OnComRecordsUnAck(login_name=login, record_ids=change.ids)
    if change.kind == "deleted":
        return wire.OnComRecordsDeleted(login_name=login, record_ids=change.ids)
    assert change.record is not None
    item = record(change.record, owner=login)
    if change.kind == "created":
        return wire.OnComRecordCreated(login_name=login, record=item)
    return wire.OnComRecordModified(login_name=login, record=item)


# -- what is asked for ------------------------------------------------------------------------------------------


def _flag(ctx: Context, name: str) -> bool:
    value = ctx.query.get(name)
    if value is None:
        return False
    if value.lower() not in ("true", "false"):
        raise bad_parameter(name, f"{value!r} is neither true nor false")
    return value.lower() == "true"


def _number(ctx: Context, name: str) -> int:
    value = ctx.query.get(name)
    if value is None:
        return 0
    if not (value.isascii() and value.isdecimal() and len(value) <= 9):
        raise bad_parameter(name, f"{value!r} is no whole number of 0 or more")
    return int(value)


def _date(ctx: Context, name: str) -> datetime | None:
    value = ctx.query.get(name)
    if value is None:
        return None
    try:
        # an unescaped plus sign arrives as a space
        moment = datetime.fromisoformat(value.strip().replace(" ", "+"))
    except ValueError:
        raise bad_parameter(name, f"{value!r} is no date and time such as 2026-01-31T18:17:15.489Z") from None
    if moment.tzinfo is None:
        raise bad_parameter(name, f"{value!r} has no time zone; UTC is written as a Z at the end")
    return moment.astimezone(UTC)


def _ids(values: Iterable[str], name: str) -> tuple[int, ...]:
    found = []
    for value in values:
        if not (value.isascii() and value.isdecimal() and len(value) <= 18):
            raise bad_parameter(name, f"{value!r} is no identifier of a record")
        found.append(int(value))
    return tuple(found)


def _listed(ctx: Context) -> tuple[int, ...] | None:
    """Return the identifiers that a request names, or ``None`` if it has criteria, or nothing."""
    value = ctx.query.get("recordIdList")
    if value is None:
        return None
    parts = [part.strip() for part in value.replace(";", ",").split(",")]
    return _ids([part for part in parts if part], "recordIdList")


def _filter(ctx: Context) -> LogFilter:
    role = ctx.query.get("role")
    if role is not None and role not in ("CALLER", "CALLEE"):
        raise bad_parameter("role", f"{role!r} is neither CALLER nor CALLEE")
    return LogFilter(
        unanswered=_flag(ctx, "unanswered"),
        unacknowledged=_flag(ctx, "unacknowledged"),
        after=_date(ctx, "afterDate"),
        before=_date(ctx, "beforeDate"),
        role=role,
        ref=ctx.query.get("comRef"),
        remote=ctx.query.get("remotePartyId"),
    )


def get_records(ctx: Context) -> wire.ComHistoryRecords:
    """``GET /comlog/records``."""
    ids = _listed(ctx)
    if ids is not None:
        named = ctx.switch.log.named(ctx.user, ids)
        known = _Known(optimized=False)
        return wire.ComHistoryRecords(
            com_history_records=tuple(record(item, known) for item in named), total_count=len(named)
        )
    offset, limit = _number(ctx, "offset"), _number(ctx, "limit")
    known = _Known(_flag(ctx, "optimized"))
    found = ctx.switch.log.records(ctx.user, _filter(ctx))
    page = found[offset : offset + limit if limit else None]
    return wire.ComHistoryRecords(
        com_history_records=tuple(record(item, known) for item in page),
        offset=offset,
        limit=limit,
        total_count=len(found),
    )


def update_records(ctx: Context) -> None:
    """``PUT /comlog/records?acknowledge=``."""
    request: wire.UpdateComRecordsRequest = ctx.body
    if "acknowledge" not in ctx.query:
        raise bad_parameter("acknowledge", "must be given: true or false")
    on = _flag(ctx, "acknowledge")
    if not request.record_ids:
        raise bad_parameter("recordIds", "must name at least one record")
    ctx.switch.log.acknowledge(ctx.user, request.record_ids, on)


def delete_records(ctx: Context) -> None:
    """``DELETE /comlog/records``: those named, those that match, or all of them."""
    ids = _listed(ctx)
    if ids is not None:
        ctx.switch.log.delete(ctx.user, ids)
    else:
        ctx.switch.log.delete_where(ctx.user, _filter(ctx))


def get_ids(ctx: Context) -> wire.ComHistoryRecordIds:
    """``GET /comlog/records/recordIds``."""
    return wire.ComHistoryRecordIds(record_ids=tuple(item.id for item in ctx.switch.log.records(ctx.user)))


def _one(ctx: Context, record_id: str, status: int) -> LogRecord:
    (key,) = _ids([record_id], "recordId")
    try:
        return ctx.switch.log.find(ctx.user, key)
    except SwitchError as error:
        raise Refusal(NOT_FOUND, f"recordId: {error.message}", status=status) from error


def get_record(ctx: Context, record_id: str) -> wire.ComHistoryRecord:
    """``GET /comlog/records/{recordId}``."""
    return record(_one(ctx, record_id, 404))


def delete_record(ctx: Context, record_id: str) -> None:
    """``DELETE /comlog/records/{recordId}``."""
    ctx.switch.log.delete(ctx.user, [_one(ctx, record_id, 400).id])


ROUTES: Final = (
    Route("GET", "/comlog/records", get_records, licence="advanced", user="named"),
    Route(
        "PUT",
        "/comlog/records",
        update_records,
        body=wire.UpdateComRecordsRequest,
        licence="advanced",
        user="named",
    ),
    Route("DELETE", "/comlog/records", delete_records, licence="advanced", user="named"),
    Route("GET", "/comlog/records/recordIds", get_ids, licence="advanced", user="named"),
    Route("GET", "/comlog/records/{recordId}", get_record, licence="advanced", user="named"),
    Route("DELETE", "/comlog/records/{recordId}", delete_record, licence="advanced", user="named"),
)
