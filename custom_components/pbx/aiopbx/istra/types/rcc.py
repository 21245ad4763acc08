"""Wire types of myRCC: the extensions of an enterprise and their call lines."""

from typing import ClassVar

import msgspec

from .base import Id, IstraEnum, IstraWire, id_of

__all__ = [
    "CallLine",
    "CallLinePush",
    "CallLines",
    "Destination",
    "Dtmfs",
    "Extension",
    "Extensions",
    "LineAction",
    "LineCause",
    "LineReference",
    "LineState",
]


class LineState(IstraEnum):
    """State of a call line."""

    PROMPTING = "prompting"
    TALKING = "talking"
    HELD = "held"
    DROPPED = "dropped"


class LineAction(IstraEnum):
    """What may be done with a call line."""

    ADD_PARTY = "addParty"
    ANSWER = "answer"
    DISCONNECT = "disconnect"
    HOLD = "hold"
    UNHOLD = "unhold"
    LEAVE = "leave"
    MERGE = "merge"
    REDIRECT = "redirect"
    SEND_DTMFS = "sendDtmfs"
    TRANSFER = "transfer"
    START_RECORD = "startRecord"


class LineCause(IstraEnum):
    """Why a call line is in its state. Servers have more of them than anybody has listed."""

    NORMAL = "causeNormal"


class Extension(IstraWire, kw_only=True):
    """An extension of the enterprise."""

    rest_uri: Id
    address_number: str | None = None
    display_name: str | None = None
    department: str | None = None
    other_department: str | None = msgspec.field(default=None, name="Department")
    """The department under the other spelling of its name."""
    url_photo: str | None = None
    pstn_numbers: tuple[str, ...] = ()
    """Its public numbers."""

    @property
    def id(self) -> str:
        """What its URI ends with."""
        return id_of(self.rest_uri) or self.rest_uri

    @property
    def department_name(self) -> str | None:
        """The department, whichever way it is spelled."""
        return self.department if self.department is not None else self.other_department


class Extensions(IstraWire, kw_only=True):
    """A page of extensions; ``count`` is of all of them."""

    count: int | None = None
    items: tuple[Extension, ...] = ()
    results: tuple[Extension, ...] = ()
    next: str | None = None
    prev: str | None = None

    @property
    def all(self) -> tuple[Extension, ...]:
        """Those of this page, whichever way the list is named."""
        return self.items or self.results


class CallLine(IstraWire, kw_only=True):
    """One call as one extension sees it. Times are ms since 1970 by the server's clock."""

    _as_text: ClassVar[frozenset[str]] = frozenset({"creation_time", "last_modification_time", "talking_time"})

    line_id: Id
    """The key; the id in ``rest_uri`` can differ."""
    rest_uri: str | None = None
    actions: tuple[LineAction, ...] = ()
    """What may be done now. Absent on a dropped line."""
    conference: bool | None = None
    creation_time: int | None = None
    displayed_external_number: str | None = None
    displayed_label: str | None = None
    displayed_number: str | None = None
    displayed_photo: str | None = None
    is_incoming: bool | None = None
    is_media_available: bool | None = None
    is_playing: bool | None = None
    is_recording: bool | None = None
    last_modification_time: int | None = None
    state: LineState | None = None
    state_cause: LineCause | None = None
    talking_time: int | None = None
    """When talking began."""
    extension: str | None = None
    extension_uri: str | None = msgspec.field(default=None, name="extensionURI")
    uri_extension: str | None = None

    @property
    def extension_id(self) -> str | None:
        """The id of the extension that this is a call of, whichever of its three names the URI has."""
        return id_of(self.extension or self.extension_uri or self.uri_extension)

    @property
    def uri(self) -> str:
        """How other requests refer to this line."""
        return self.rest_uri or f"v1/rcc/CallLine/{self.line_id}"


class CallLines(IstraWire, kw_only=True):
    """Call lines that are in progress."""

    count: int | None = None
    results: tuple[CallLine, ...] = ()
    items: tuple[CallLine, ...] = ()

    @property
    def all(self) -> tuple[CallLine, ...]:
        """All of them, whichever way the list is named."""
        return self.results or self.items


class CallLinePush(IstraWire, kw_only=True):
    """Lines that have changed, each as it is now."""

    listener_name: str
    item: tuple[CallLine, ...] = ()


class Destination(IstraWire, kw_only=True):
    """Where to call, redirect or invite: any text that the system can dial."""

    destination: str


class LineReference(IstraWire, kw_only=True):
    """Another call line, by its URI."""

    line: str


class Dtmfs(IstraWire, kw_only=True):
    """Tones to send."""

    dtmfs: str
