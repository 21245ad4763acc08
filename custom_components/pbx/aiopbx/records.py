"""What a system remembers, as frozen values: log records, mailboxes, keys, contacts, nodes, objects."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from .model import (
    Direction,
    Party,
    Skill,
    Snapshot,
)


class IntrusionMode(StrEnum):
    """Who hears a supervisor who intrudes into the call of an agent."""

    NORMAL = "normal"
    """Both."""
    RESTRICTED = "restricted"
    """Only the agent."""
    DISCRETE = "discrete"
    """Neither: the supervisor listens."""


class WithdrawReason(Snapshot, frozen=True, kw_only=True):
    """A reason to withdraw, as a processing group has it."""

    index: int
    label: str = ""


class LogChange(StrEnum):
    """What happened to records of the log."""

    ADDED = "added"
    CHANGED = "changed"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    DELETED = "deleted"


class CallRecord(Snapshot, frozen=True, kw_only=True):
    """A call in the log. Times are the system's."""

    id: int
    ref: str | None = None
    """The reference that the call had."""
    direction: Direction = Direction.UNKNOWN
    parties: tuple[Party, ...] = ()
    """The others."""
    called: Party | None = None
    """Whom the caller dialled first, where that is known."""
    answered: bool | None = None
    acknowledged: bool | None = None
    reason: str | None = None
    """Why it came or ended, in the system's word."""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    """Where the system says so."""
    ended_at: datetime | None = None
    held_seconds: float | None = None
    """How long it was held, where the system says so."""
    transferred_by: str | None = None
    """Who transferred it to this line, where the system says so."""
    attached_data: str | None = None
    """What applications attached to it."""

    @property
    def party(self) -> Party | None:
        """The other one of a call of two, the first of a conference."""
        return self.parties[0] if self.parties else None

    @property
    def missed(self) -> bool:
        """Whether it came in, has ended, and was not answered."""
        return self.direction is Direction.INCOMING and self.answered is False and self.ended_at is not None

    @property
    def seconds(self) -> float | None:
        """How long it lasted from its beginning; None while it goes on."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


class LogFilter(Snapshot, frozen=True, kw_only=True):
    """Which records are meant: those that meet all of it."""

    unanswered: bool = False
    unacknowledged: bool = False
    after: datetime | None = None
    before: datetime | None = None
    direction: Direction | None = None
    ref: str | None = None
    party: str | None = None

    @property
    def everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self == LogFilter()


class LogPage(Snapshot, frozen=True, kw_only=True):
    """Some records, how many were read for them, and how many there are in all, where that is known."""

    records: tuple[CallRecord, ...] = ()
    read: int = 0
    total: int | None = None


class MailboxSnapshot(Snapshot, frozen=True, kw_only=True):
    """A mailbox. The counts are none until it was connected to."""

    id: str
    name: str = ""
    total: int | None = None
    new: int | None = None
    usage: int | None = None
    """How full it is, in percent."""
    formats: tuple[str, ...] = ()
    """How the messages can be read, the usual format first: words such as ``wav`` and ``ogg``."""
    can_mark: bool = False
    """Whether messages can be marked read and unread."""


class MailboxKey(Snapshot, frozen=True, kw_only=True):
    """Which mailbox, and its password; None takes the user's."""

    id: str
    password: str | None = None

    def __repr__(self) -> str:
        """Say nothing of the password."""
        return f"MailboxKey({self.id!r})"


class VoicemailSnapshot(Snapshot, frozen=True, kw_only=True):
    """A message. ``at`` is the system's time."""

    id: str
    caller: Party | None = None
    at: datetime | None = None
    seconds: int | None = None
    """How long it is."""
    unread: bool | None = None
    urgent: bool | None = None
    play_number: str | None = None
    """What to dial to hear it over a telephone, where there is such a thing."""


class Preferences(Snapshot, frozen=True, kw_only=True):
    """The languages of a user."""

    gui_language: str | None = None
    telephone_language: str | None = None


class Languages(Snapshot, frozen=True, kw_only=True):
    """The languages that a user may choose."""

    gui: tuple[str, ...] = ()
    telephone: tuple[str, ...] = ()


class HuntingGroups(Snapshot, frozen=True, kw_only=True):
    """The hunting groups there are, and the one that the user belongs to."""

    groups: tuple[str, ...] = ()
    own: str | None = None


class Text(Snapshot, frozen=True, kw_only=True):
    """A short text that another user sent."""

    sender: str | None = None
    text: str = ""
    at: datetime | None = None


class Contact(Snapshot, frozen=True, kw_only=True):
    """A person in the telephone book."""

    first_name: str = ""
    last_name: str = ""
    number: str | None = None
    login: str | None = None
    """Where it is a user of the system."""
    email: str | None = None
    instant_messaging: str | None = None

    @property
    def name(self) -> str:
        """First and last name; else the number."""
        return f"{self.first_name} {self.last_name}".strip() or self.number or ""


class CtiLink(StrEnum):
    """Whether a node is connected, and to which of its call servers."""

    MAIN = "main"
    SECONDARY = "secondary"
    DOWN = "down"
    UP = "up"
    """Connected, but not yet known to which one."""
    UNKNOWN = "unknown"


class NodeSnapshot(Snapshot, frozen=True, kw_only=True):
    """A node."""

    id: str
    name: str = ""
    version: str = ""
    link: CtiLink = CtiLink.UNKNOWN
    loaded: bool | None = None
    """Whether its data is loaded."""
    management_link: bool | None = None
    """Whether the link is up over which its objects are read and changed; None until an event says so."""
    secured: bool | None = None
    monitored_users: int | None = None
    address: str | None = None
    secondary_address: str | None = None

    @property
    def connected(self) -> bool | None:
        """Whether it is connected; None where that is not known."""
        return None if self.link is CtiLink.UNKNOWN else self.link is not CtiLink.DOWN


class Licence(Snapshot, frozen=True, kw_only=True):
    """A licence: how many there are, and how many are in use."""

    name: str
    total: int | None = None
    used: int | None = None
    expires: date | None = None


class NodesSnapshot(Snapshot, frozen=True, kw_only=True):
    """The nodes and the licences. Empty where the account may not see them."""

    nodes: tuple[NodeSnapshot, ...] = ()
    licences: tuple[Licence, ...] = ()
    started_at: datetime | None = None
    """Since when the server runs."""
    high_availability: bool | None = None
    primary: str | None = None
    secondary: str | None = None
    twin_connected: bool | None = None
    """Whether the server reaches the other one of its pair; None until an event says so."""
    licence_trouble: str | None = None
    """What is wrong with the licence server, in the system's words; None while it is well, or unknown."""


class ObjectChange(StrEnum):
    """What happened to an object."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


class ObjectAttribute(Snapshot, frozen=True, kw_only=True):
    """An attribute that objects of a kind have."""

    name: str
    mandatory: bool = False
    many: bool = False
    """Whether it is a list."""
    kind: str | None = None
    """What its values are, in the system's word."""
    allowed: tuple[str, ...] = ()
    """The values it may have; empty is any of its kind."""
    default: str | None = None
    filtering: bool = False
    """Whether objects can be filtered by it."""
    used_when: str | None = None


class ObjectKind(Snapshot, frozen=True, kw_only=True):
    """A kind of objects: its attributes, what may be done with it, and the kinds below it."""

    name: str
    attributes: tuple[ObjectAttribute, ...] = ()
    below: "tuple[ObjectKind, ...]" = ()
    actions: tuple[str, ...] = ()
    """``create``, ``delete``, ``set`` and ``get`` where they may be, and the actions that have names."""


class PbxObject(Snapshot, frozen=True, kw_only=True):
    """An object as it was when it was read."""

    node: str
    path: str
    """Names and ids in turn, such as ``Subscriber/4722``; empty at the top."""
    values: dict[str, Any]
    """The attributes: a string where there is one value, a tuple where there are none or several."""
    below: tuple[str, ...] = ()
    """The kinds of the objects below it."""
    actions: tuple[str, ...] = ()
    """``create``, ``delete``, ``set`` and ``get`` where they may be, and the actions that have names."""

    @property
    def id(self) -> str:
        """Its id, the last part of the path."""
        return self.path.rpartition("/")[2]


class Key(Snapshot, frozen=True, kw_only=True):
    """A key, or a soft key, and what it is programmed with."""

    position: int
    number: str | None = None
    """What it dials; None where it is free."""
    label: str | None = None
    locked: bool | None = None
    """Whether it may not be programmed; soft keys have no such thing."""


class TelephoneState(Snapshot, frozen=True, kw_only=True):
    """What may be switched on a telephone."""

    locked: bool | None = None
    camp_on: bool | None = None
    """Whether further calls wait while it is busy."""
    associate: str | None = None


class Pin(Snapshot, frozen=True, kw_only=True):
    """A PIN, and what it controls. No text shows it."""

    number: str | None = None
    with_secret_code: bool | None = None
    control: str | None = None
    """What it controls, in the system's word, such as ``PIN_Group_Control``."""
    group: int | None = None

    def __repr__(self) -> str:
        """Say nothing of the number."""
        return f"Pin(control={self.control!r}, group={self.group!r})"


class CallbackRequest(Snapshot, frozen=True, kw_only=True):
    """Someone asked to be called back."""

    id: str
    number: str | None = None
    name: str | None = None


class AcdCall(Snapshot, frozen=True, kw_only=True):
    """What a call to or from a call centre carries beyond the number. O2G: ``acdCall`` of POST /telephony/calls."""

    supervised_transfer: bool = False
    """The call is to be transferred to a pilot, with the agent's supervision."""
    to_supervisor: bool = False
    """The agent calls the supervisor; such a call has no number."""
    skills: tuple[Skill, ...] = ()
    """What the agent who takes it should be able to do."""
