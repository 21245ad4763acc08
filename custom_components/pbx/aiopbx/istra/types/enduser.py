"""Wire types of myIstra: a user's voicemails, call history, caller ID and counters."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from .base import Id, IstraEnum, IstraWire, id_of

__all__ = [
    "AudioFormat",
    "CallerIdChoice",
    "CallerIdRequest",
    "Enterprise",
    "Notifications",
    "NotificationsPush",
    "PhoneLog",
    "PhoneLogs",
    "ReadRequest",
    "RemoteType",
    "Terminal",
    "User",
    "UserInfo",
    "Voicemail",
    "Voicemails",
    "moment",
]

_SECONDS = 100_000_000_000
"""A time since 1970 that is less is in seconds, or else in ms: the border is 1973 in the one and 5138 in the other."""


def moment(text: str | None) -> datetime | None:
    """Read a time: ms or seconds since 1970, or ISO 8601; none where it is neither."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        try:
            read = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(number if abs(number) < _SECONDS else number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


class AudioFormat(StrEnum):
    """What a voicemail can be had as."""

    OGG = "ogg"
    AAC = "aac"
    MP4 = "mp4"
    AU = "au"


class RemoteType(IstraEnum):
    """What the other party of a call in the history was."""

    STATION = "STATION"
    TRUNK = "TRUNK"
    FAX = "FAX"
    VOICEMAIL = "VOICEMAIL"
    MEDIASERVER = "MEDIASERVER"
    REMOTE_STATION = "REMOTE_STATION"
    GROUP = "GROUP"
    SPEEDDIAL = "SPEEDDIAL"
    DEFAULT_ADDRESS = "DEFAULT_ADDRESS"
    ACD_GROUP = "ACD_GROUP"
    PAGING_GROUP = "PAGING_GROUP"
    UNKNOWN = "UNKNOWN"
    EXTERNAL_NUMBER = "EXTERNAL_NUMBER"
    MOBILE_STATION = "MOBILE_STATION"
    TRUNK_MNO = "TRUNK_MNO"
    TRUNK_VASPLATFORM = "TRUNK_VASPLATFORM"


class CallerIdChoice(IstraEnum):
    """Where the caller ID that others see comes from."""

    FROM_PRESENCE_STATE = "FromPresenceState"
    MANUAL_SETTING = "ManualSetting"
    MANUAL_CUSTOM_CALLER_ID = "manualCustomCallerID"
    """The other name of the same."""

    @property
    def manual(self) -> bool:
        """Whether it is the number that was set."""
        return self in {CallerIdChoice.MANUAL_SETTING, CallerIdChoice.MANUAL_CUSTOM_CALLER_ID}


class Voicemail(IstraWire, kw_only=True):
    """A message in the user's mailbox."""

    id: Id
    msgid: str | None = None
    filename: str | None = None
    rest_uri: str | None = None
    play_number: str | None = None
    """What to call to hear it on a telephone."""
    timestamp: str | None = None
    duration_second: int | None = None
    remote_number: str | None = None
    rest_uri_contact: str | None = None
    remote_label: str | None = None
    type: str | None = None
    priority: str | None = None
    read: bool | None = None
    callback_number: str | None = None

    @property
    def at(self) -> datetime | None:
        """When it was left, if the server says so readably."""
        return moment(self.timestamp)


class Voicemails(IstraWire, kw_only=True):
    """Messages; ``count`` is of these."""

    count: int | None = None
    items: tuple[Voicemail, ...] = ()
    results: tuple[Voicemail, ...] = ()

    @property
    def all(self) -> tuple[Voicemail, ...]:
        """All of them, whichever way the list is named."""
        return self.items or self.results


class ReadRequest(IstraWire, kw_only=True):
    """Mark a message as read or unread."""

    read: bool


class PhoneLog(IstraWire, kw_only=True):
    """A call in the user's history. Durations are seconds."""

    call_history_id: Id
    rest_uri: str | None = None
    is_incoming: bool | None = None
    is_missed: bool | None = None
    is_rejected: bool | None = None
    is_written: bool | None = None
    remote_label: str | None = None
    remote_type: RemoteType | None = None
    ring_duration_second: int | None = None
    talk_duration_second: int | None = None
    timestamp: str | None = None
    callback_number: str | None = None
    user_ent_name: str | None = None
    user_number: str | None = None

    @property
    def at(self) -> datetime | None:
        """When it was, if the server says so readably."""
        return moment(self.timestamp)


class PhoneLogs(IstraWire, kw_only=True):
    """Calls in the history; ``count`` is of these."""

    count: int | None = None
    items: tuple[PhoneLog, ...] = ()
    results: tuple[PhoneLog, ...] = ()

    @property
    def all(self) -> tuple[PhoneLog, ...]:
        """All of them, whichever way the list is named."""
        return self.items or self.results


class Terminal(IstraWire, kw_only=True):
    """A telephone of the user."""

    abstract_terminal_id: Id = msgspec.field(name="abstractTerminalID")
    label: str | None = None


class Enterprise(IstraWire, kw_only=True):
    """The enterprise of the user."""

    full_name: str | None = None


class User(IstraWire, kw_only=True):
    """The caller ID of the user, E.164."""

    rest_uri: str | None = None
    custom_caller_id_choice: CallerIdChoice | None = msgspec.field(default=None, name="customCallerIDChoice")
    custom_caller_id: str | None = msgspec.field(default=None, name="customCallerID")
    manual_custom_caller_id: str | None = msgspec.field(default=None, name="manualCustomCallerID")
    """What was set, in the answer to setting it."""

    @property
    def id(self) -> str | None:
        """What its URI ends with."""
        return id_of(self.rest_uri)

    @property
    def caller_id(self) -> str | None:
        """The caller ID, whichever way it is named."""
        return self.custom_caller_id if self.custom_caller_id is not None else self.manual_custom_caller_id


class UserInfo(IstraWire, kw_only=True):
    """Who the user is."""

    user_name: str | None = None
    istra_version: str | None = None
    istra_build_id: str | None = msgspec.field(default=None, name="istraBuildID")
    ent: Enterprise | None = None
    terminals: tuple[Terminal, ...] = ()
    user: User | None = None


class CallerIdRequest(IstraWire, kw_only=True):
    """The caller ID to show from now on; the number is E.164 and goes with ``MANUAL_SETTING``."""

    custom_caller_id_choice: CallerIdChoice = msgspec.field(name="customCallerIDChoice")
    manual_custom_caller_id: str | None = msgspec.field(default=None, name="manualCustomCallerID")


class Notifications(IstraWire, kw_only=True):
    """The user's counters."""

    model: str | None = None
    unread_missed_calls: int | None = None
    unread_text_messages: int | None = None
    unread_voice_mails: int | None = None


class NotificationsPush(IstraWire, kw_only=True):
    """The counters as they are now."""

    listener_name: str
    item: Notifications | None = None
