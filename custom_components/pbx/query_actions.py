"""The actions that answer: the log of calls, the mailbox, the telephone book, and any operation of the wire."""

from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util

from .action_targets import NAMING, able_lines, for_each
from .aiopbx import CallRecord, Contact, Direction, Feature, Party, VoicemailMessage, tel_uri
from .calls import label_of
from .const import DOMAIN
from .coordinator import PbxConfigEntry
from .errors import invalid
from .targets import TargetLine, loaded

ATTR_LIMIT: Final = "limit"
ATTR_MISSED_ONLY: Final = "missed_only"
ATTR_DIRECTION: Final = "direction"
ATTR_PARTY: Final = "party"
ATTR_AFTER: Final = "after"
ATTR_BEFORE: Final = "before"
ATTR_QUERY: Final = "query"
ATTR_UNREAD_ONLY: Final = "unread_only"
ATTR_MAILBOX: Final = "mailbox"
ATTR_PASSWORD: Final = "password"  # noqa: S105 - the name of a field
ATTR_CONFIG_ENTRY_ID: Final = "config_entry_id"
ATTR_OPERATION: Final = "operation"
ATTR_ARGUMENTS: Final = "arguments"

DIRECTIONS: Final = [Direction.INCOMING.value, Direction.OUTGOING.value]


async def get_call_log(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return the newest records of the log, of all lines together."""
    limit: int = call.data[ATTR_LIMIT]
    direction = call.data.get(ATTR_DIRECTION)

    async def read(one: TargetLine) -> list[dict[str, Any]]:
        log = one.line.call_log(
            unanswered=call.data[ATTR_MISSED_ONLY],
            direction=Direction.INCOMING if call.data[ATTR_MISSED_ONLY] else direction and Direction(direction),
            party=call.data.get(ATTR_PARTY),
            after=_with_zone(call.data.get(ATTR_AFTER)),
            before=_with_zone(call.data.get(ATTR_BEFORE)),
        )
        return [describe_record(record, one) for record in await log.list(limit)]

    found = await for_each(able_lines(hass, call, Feature.CALL_LOG), read)
    records = [record for of_line in found for record in of_line]
    records.sort(key=lambda record: str(record["started_at"] or ""), reverse=True)
    return {"records": list(records[:limit])}


async def get_voicemails(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return what is in the mailboxes of the lines, the newest message first."""

    async def read(one: TargetLine) -> list[dict[str, Any]]:
        messages = one.line.voicemails(
            new_only=call.data[ATTR_UNREAD_ONLY],
            mailbox=call.data.get(ATTR_MAILBOX),
            password=call.data.get(ATTR_PASSWORD),
        )
        return [describe_voicemail(message, one) for message in await messages.list()]

    found = await for_each(able_lines(hass, call, Feature.MAILBOX), read)
    voicemails = [message for of_line in found for message in of_line]
    voicemails.sort(key=lambda message: str(message["received_at"] or ""), reverse=True)
    return {"voicemails": list(voicemails)}


async def search_directory(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return who is found in the telephone books of the lines, or of the only PBX there is."""
    query, limit = call.data[ATTR_QUERY], call.data[ATTR_LIMIT]
    if any(call.data.get(key) for key in NAMING):
        # Every line of a PBX finds the same people.
        lines = list({id(one.coordinator): one for one in able_lines(hass, call, Feature.DIRECTORY)}.values())
    else:
        lines = []
        for coordinator in loaded(hass):
            able = (line for line in coordinator.pbx.lines.values() if Feature.DIRECTORY in line.features)
            if (line := next(able, None)) is not None:
                lines.append(TargetLine(coordinator=coordinator, line=line))
        if not lines:
            raise invalid("no_directory")

    async def search(one: TargetLine) -> list[dict[str, Any]]:
        found = one.coordinator.pbx.directory(query, limit=limit, line=one.line)
        return [describe_contact(contact) for contact in await found.list()]

    contacts = [contact for found in await for_each(lines, search) for contact in found]
    return {"contacts": list(contacts[:limit])}


async def call_operation(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Make any request of the wire. What it takes is checked by the declaration of the operation; the policy holds."""
    entry: PbxConfigEntry = async_get_config_entry(hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    pbx = entry.runtime_data.pbx
    name: str = call.data[ATTR_OPERATION]
    if (operation := pbx.operations.get(name.replace("-", "_"))) is not None and operation.streams:
        raise invalid("operation_streams", operation=operation.name)
    request = pbx.prepare(name, **call.data[ATTR_ARGUMENTS])
    answer = await pbx.request(request)
    return {"operation": request.operation.name, "status": answer.status, "data": answer.data}


# ----------------------------------------------------------------------------------------------------------- in words


def _with_zone(at: datetime | None) -> datetime | None:
    """Return a time with its zone: what people write without one is Home Assistant's."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=dt_util.get_default_time_zone())


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _party(party: Party | None) -> dict[str, Any]:
    return {
        "party_name": party.name if party is not None else None,
        "party_number": party.number if party is not None else None,
        # Text that no template takes for a number.
        "party_uri": tel_uri(party.number) if party is not None else None,
    }


def _line(one: TargetLine) -> dict[str, Any]:
    return {"line": one.line.id, "line_number": one.line.number, "line_name": label_of(one.line.snapshot)}


def describe_record(record: CallRecord, one: TargetLine) -> dict[str, Any]:
    """Return a record of the log as plain data."""
    return (
        _line(one)
        | {"id": record.id, "direction": record.direction.value}
        | _party(record.party)
        | {
            "called_number": record.called.number if record.called is not None else None,
            "answered": record.answered,
            "missed": record.missed,
            "acknowledged": record.acknowledged,
            "started_at": _time(record.started_at),
            "ended_at": _time(record.ended_at),
            "seconds": record.seconds,
        }
    )


def describe_voicemail(message: VoicemailMessage, one: TargetLine) -> dict[str, Any]:
    """Return a message of a mailbox as plain data."""
    return (
        _line(one)
        | {"id": message.id, "mailbox": message.mailbox.id}
        | _party(message.caller)
        | {
            "received_at": _time(message.at),
            "seconds": message.seconds,
            "unread": message.unread,
            "urgent": message.urgent,
            "play_number": message.play_number,
        }
    )


def describe_contact(contact: Contact) -> dict[str, Any]:
    """Return someone of a telephone book as plain data."""
    return {
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "number": contact.number,
        "uri": tel_uri(contact.number),
        "login": contact.login,
        "email": contact.email,
    }
