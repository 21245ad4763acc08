"""Wire types of O2G: communication log."""

from .base import O2gEvent, Wire, WireEnum
from .telephony import Identifier, MainType, ParticipantType, PartyInfo

__all__ = [
    "ComHistoryRecord",
    "ComHistoryRecordIds",
    "ComHistoryRecords",
    "Identifier",
    "MainType",
    "MediaType",
    "OnComRecordCreated",
    "OnComRecordModified",
    "OnComRecordsAck",
    "OnComRecordsDeleted",
    "OnComRecordsUnAck",
    "Participant",
    "ParticipantType",
    "PartyInfo",
    "Reason",
    "Role",
    "TagValuePair",
    "UpdateComRecordsRequest",
]


class MediaType(WireEnum):
    """Medium of a call."""

    AUDIO = "AUDIO"
    UNKNOWN = "UNKNOWN"


class Reason(WireEnum):
    """Why a call came, went on or ended."""

    ALL_TRUNK_BUSY = "ALL_TRUNK_BUSY"
    INVALID_NUMBER = "INVALID_NUMBER"
    ABANDONED = "ABANDONED"
    BUSY = "BUSY"
    CONFERENCED = "CONFERENCED"
    PICKUP = "PICKUP"
    FORWARDED = "FORWARDED"
    REDIRECTED = "REDIRECTED"
    RELEASED_ON_REDIRECT = "RELEASED_ON_REDIRECT"
    TRANSFERRED = "TRANSFERRED"
    RELEASED_ON_TRANSFER = "RELEASED_ON_TRANSFER"
    VOICEMAIL = "VOICEMAIL"
    NORMAL = "NORMAL"
    UNKNOWN = "UNKNOWN"


class Role(WireEnum):
    """A party's part in a call."""

    CALLER = "CALLER"
    CALLEE = "CALLEE"
    UNKNOWN = "UNKNOWN"


class ComHistoryRecordIds(Wire, kw_only=True):
    """Numbers of records."""

    record_ids: tuple[int, ...] = ()


class OnComRecordsAck(O2gEvent, tag="OnComRecordsAck", kw_only=True):
    """Missed calls were acknowledged."""

    login_name: str | None = None
    record_ids: tuple[int, ...] = ()


class OnComRecordsDeleted(O2gEvent, tag="OnComRecordsDeleted", kw_only=True):
    """Records were deleted; without ``record_ids`` all of them."""

    login_name: str | None = None
    record_ids: tuple[int, ...] = ()


class OnComRecordsUnAck(O2gEvent, tag="OnComRecordsUnAck", kw_only=True):
    """Missed calls are no longer acknowledged."""

    login_name: str | None = None
    record_ids: tuple[int, ...] = ()


class Participant(Wire, kw_only=True):
    """A party of a logged call, and its part in it."""

    role: Role | None = None
    answered: bool | None = None
    identity: PartyInfo | None = None
    anonymous: bool | None = None
    initial_called: PartyInfo | None = None
    reason: Reason | None = None
    leg: str | None = None
    """The number of the device. Servers from 2.7.4 on."""


class TagValuePair(Wire, kw_only=True):
    """A named value."""

    name: str | None = None
    value: str | None = None


class UpdateComRecordsRequest(Wire, kw_only=True):
    """Which records to acknowledge, or no longer."""

    record_ids: tuple[int, ...] = ()


class ComHistoryRecord(Wire, kw_only=True):
    """A call in the log. In ``OnComRecordModified`` only what changed is there."""

    record_id: int | None = None
    com_ref: str | None = None
    acknowledged: bool | None = None
    participants: tuple[Participant, ...] = ()
    begin_date: str | None = None
    end_date: str | None = None
    conv_date: str | None = None
    """When it was answered. Servers from 2.6 on."""
    hold_duration: int | None = None
    """How long it was held, in a unit that no description names. From 2.7.4 on, as the next three."""
    transferred_by: str | None = None
    associated_data: str | None = None
    hexa_binary_associated_data: str | None = None
    medias: tuple[MediaType, ...] = ()
    extensions: tuple[TagValuePair, ...] = ()


class ComHistoryRecords(Wire, kw_only=True):
    """A page of the log; ``total_count`` counts all pages."""

    com_history_records: tuple[ComHistoryRecord, ...] = ()
    offset: int | None = None
    limit: int | None = None
    total_count: int | None = None


class OnComRecordCreated(O2gEvent, tag="OnComRecordCreated", kw_only=True):
    """A call entered the log."""

    login_name: str | None = None
    record: ComHistoryRecord | None = None


class OnComRecordModified(O2gEvent, tag="OnComRecordModified", kw_only=True):
    """A record changed: a delta."""

    login_name: str | None = None
    record: ComHistoryRecord | None = None
