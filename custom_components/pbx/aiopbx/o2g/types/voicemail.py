"""Wire types of O2G: voicemail."""

from typing import ClassVar

from .base import Wire
from .telephony import ParticipantType
from .users import EventSummary, OnEventSummaryUpdated

__all__ = [
    "ConnectRequest",
    "EventSummary",
    "Identifier",
    "MailBox",
    "MailBoxCapabilities",
    "MailBoxInfo",
    "MailBoxes",
    "OnEventSummaryUpdated",
    "PartyInfo",
    "Voicemail",
    "Voicemails",
]


class ConnectRequest(Wire, kw_only=True):
    """The password of a mailbox; none where the password of the user is taken."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"password"})

    password: str | None = None


class Identifier(Wire, kw_only=True):
    """What a party is known by."""

    login_name: str | None = None
    phone_number: str | None = None
    instant_messaging_id: str | None = None
    company_email: str | None = None
    multi_line: bool | None = None


class MailBoxCapabilities(Wire, kw_only=True):
    """What may be done with a mailbox. Absent is false."""

    list_messages: bool = False
    get_messages: bool = False
    get_record: bool = False
    play: bool = False
    pause: bool = False
    hangup: bool = False
    record: bool = False
    resume: bool = False
    cancel: bool = False
    forward: bool = False
    callback: bool = False
    send: bool = False
    events: bool = False


class MailBoxInfo(Wire, kw_only=True):
    """How many messages a mailbox holds, and how full it is."""

    total_voice_msg: int | None = None
    new_voice_msg: int | None = None
    storage_usage: int | None = None


class PartyInfo(Wire, kw_only=True):
    """Who a party is."""

    id: Identifier | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    type: ParticipantType | None = None


class Voicemail(Wire, kw_only=True):
    """A message in a mailbox; ``duration`` is in seconds."""

    voicemail_id: str | None = None
    from_: PartyInfo | None = None
    duration: int | None = None
    date: str | None = None
    unread: bool | None = None
    high_priority: bool | None = None


class Voicemails(Wire, kw_only=True):
    """Messages."""

    voicemails: tuple[Voicemail, ...] = ()


class MailBox(Wire, kw_only=True):
    """A mailbox, and what may be done with it."""

    id: str | None = None
    name: str | None = None
    capabilities: MailBoxCapabilities | None = None


class MailBoxes(Wire, kw_only=True):
    """Mailboxes."""

    mailboxes: tuple[MailBox, ...] = ()
