"""What a kind of telephone system must be able to do, for the model and the supervisor to work with it."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict

from .errors import NotSupported, PbxError
from .model import (
    AvailableLine,
    CallerIdChoice,
    CallSnapshot,
    Condition,
    Feature,
    LineSnapshot,
    Snapshot,
    Statistics,
    SystemInfo,
    Target,
)
from .records import (
    AcdCall,
    CallbackRequest,
    Contact,
    HuntingGroups,
    IntrusionMode,
    Key,
    Languages,
    LogFilter,
    LogPage,
    MailboxKey,
    MailboxSnapshot,
    ObjectKind,
    PbxObject,
    Pin,
    Preferences,
    TelephoneState,
    Text,
    VoicemailSnapshot,
    WithdrawReason,
)

if TYPE_CHECKING:
    from .administration_ports import (
        CallRecordingCommands,
        ChargingCommands,
        IncidentCommands,
        ReportCommands,
        UserCommands,
    )
    from .centre_ports import (
        CentreStatisticsCommands,
        FiguresCommands,
        PilotCommands,
        RoutingPointCommands,
        WaitingCommands,
    )
    from .filters import DirectoryFilter, ObjectFilter


class AgentCommands(Protocol):
    """What a system can be asked to do about an agent."""

    async def log_on(self, line: LineSnapshot, device: str, group: str | None, headset: bool | None) -> None:
        """Log on at a set."""

    async def log_off(self, line: LineSnapshot) -> None:
        """Log off."""

    async def enter_group(self, line: LineSnapshot, group: str) -> None:
        """Enter a processing group."""

    async def exit_group(self, line: LineSnapshot, group: str) -> None:
        """Leave it."""

    async def ready(self, line: LineSnapshot) -> None:
        """Have calls."""

    async def pause(self, line: LineSnapshot) -> None:
        """Have a pause."""

    async def wrap_up(self, line: LineSnapshot) -> None:
        """Wrap the last call up."""

    async def withdraw(self, line: LineSnapshot, reason: int | None) -> None:
        """Withdraw."""

    async def withdraw_reasons(self, line: LineSnapshot, group: str | None) -> tuple[WithdrawReason, ...]:
        """The reasons that a processing group has."""

    async def request_help(self, line: LineSnapshot) -> None:
        """Ask the supervisor for help."""

    async def cancel_help(self, line: LineSnapshot, other: str | None) -> None:
        """Need, or give, no help any more."""

    async def intrude(self, line: LineSnapshot, number: str, mode: IntrusionMode) -> None:
        """Get into a call."""

    async def change_intrusion(self, line: LineSnapshot, mode: IntrusionMode) -> None:
        """Change who hears the supervisor."""

    async def stop_intrusion(self, line: LineSnapshot) -> None:
        """Leave the call that was intruded into."""

    async def listen(self, line: LineSnapshot, number: str) -> None:
        """Listen to all calls of an agent."""

    async def stop_listening(self, line: LineSnapshot) -> None:
        """Listen to them no longer."""

    async def set_skills(self, line: LineSnapshot, numbers: tuple[int, ...], on: bool) -> None:
        """Switch skills on or off."""

    async def refresh(self, line: LineSnapshot) -> None:
        """Read state and configuration again."""


class CallLogCommands(Protocol):
    """What a system can be asked to do about a log."""

    async def page(self, line: LineSnapshot, which: LogFilter, offset: int, limit: int) -> LogPage:
        """Some of the records that are meant."""

    async def acknowledge(self, line: LineSnapshot, ids: tuple[int, ...], on: bool) -> None:
        """Acknowledge records, or take that back."""

    async def delete(self, line: LineSnapshot, ids: tuple[int, ...]) -> None:
        """Delete these records."""

    async def delete_where(self, line: LineSnapshot, which: LogFilter) -> None:
        """Delete the records that are meant."""


class Recording(Protocol):
    """What was said, as a stream of the bytes of a sound file, to be read once."""

    @property
    def size(self) -> int | None:
        """Bytes in all; None where that is not known."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come."""

    def close(self) -> None:
        """Read no more."""

    async def to_file(self, path: str | os.PathLike[str], *, on_progress: Callable[[int], Any] | None = None) -> int:
        """Write it to a file, which appears when it is whole."""


class VoicemailCommands(Protocol):
    """What a system can be asked to do about mailboxes. Each connects to the mailbox first where that is needed."""

    async def mailboxes(self, line: LineSnapshot) -> tuple[MailboxSnapshot, ...]:
        """The mailboxes of a user."""

    async def connect(self, line: LineSnapshot, mailbox: MailboxKey) -> MailboxSnapshot:
        """Connect to a mailbox, and count its messages."""

    async def page(
        self, line: LineSnapshot, mailbox: MailboxKey, offset: int, limit: int, new_only: bool
    ) -> tuple[VoicemailSnapshot, ...]:
        """Some of the messages, newest first."""

    async def open(self, line: LineSnapshot, mailbox: MailboxKey, message: str, format: str | None) -> Recording:
        """Begin to read what was said, in one of the formats of the mailbox; None is the usual one."""

    async def set_read(self, line: LineSnapshot, mailbox: MailboxKey, message: str, read: bool) -> VoicemailSnapshot:
        """Mark a message read or unread, where the mailbox can; the message as it is then."""

    async def delete(self, line: LineSnapshot, mailbox: MailboxKey, messages: tuple[str, ...] | None) -> None:
        """Delete these messages; None is all."""


class DeskCommands(Protocol):
    """What a system can be asked to do about a user's desk: languages, password, shared sets, groups, texts."""

    async def preferences(self, line: LineSnapshot) -> Preferences:
        """The languages."""

    async def set_preferences(self, line: LineSnapshot, preferences: Preferences) -> None:
        """Change those that are given."""

    async def languages(self, line: LineSnapshot) -> Languages:
        """What may be chosen."""

    async def change_password(self, line: LineSnapshot, old: str, new: str) -> None:
        """Change the password."""

    async def share_desk(self, line: LineSnapshot, set: str | None) -> None:
        """Log on at a shared set; None logs off."""

    async def hunting_groups(self, line: LineSnapshot) -> HuntingGroups:
        """The groups."""

    async def set_hunting_group_member(self, line: LineSnapshot, group: str, on: bool) -> None:
        """Join or leave a group."""

    async def set_hunting_group_logged_on(self, line: LineSnapshot, on: bool) -> None:
        """Log on or off in the group."""

    async def send_text(self, line: LineSnapshot, number: str, text: str) -> None:
        """Send a short text."""

    async def read_text(self, line: LineSnapshot) -> Text | None:
        """The newest text, which is erased; None if there is none."""


class Wanted(Snapshot, frozen=True, kw_only=True):
    """What is searched for: a filter or a word, or names as they are typed on the keys of a telephone."""

    what: "DirectoryFilter | str | None" = None
    last_name_keys: str | None = None
    first_name_keys: str | None = None
    limit: int | None = None


class Searching(Protocol):
    """A search that runs, in the owning loop."""

    @property
    def complete(self) -> bool:
        """Whether nothing more is to be found."""

    async def next(self) -> Contact | None:
        """The next contact, once it is found; None is the end."""

    async def stop(self) -> None:
        """Search no longer."""


class DirectoryCommands(Protocol):
    """What a system can be asked to do about its telephone book."""

    def search(self, line: LineSnapshot, wanted: Wanted) -> Searching:
        """Search for a user; raises ``InvalidInput`` for what cannot be searched for."""


class NodesCommands(Protocol):
    """What a system can be asked to do about itself."""

    async def refresh(self) -> None:
        """Read the nodes and the licences again."""

    async def has_licence(self, name: str) -> bool:
        """Whether there is a licence of this name that has not ended."""


class ObjectsCommands(Protocol):
    """What a system can be asked to do about its configuration."""

    async def nodes(self) -> tuple[str, ...]:
        """The ids of the nodes."""

    async def model(self, node: str, kind: str | None) -> ObjectKind:
        """A kind of objects, or the one at the top."""

    async def read(self, node: str, path: str, attributes: Sequence[str] | None) -> PbxObject:
        """An object; an empty path is the one at the top."""

    async def find(
        self, node: str, path: str, filter: "ObjectFilter | str | None", attributes: Sequence[str] | None
    ) -> tuple[PbxObject, ...]:
        """The objects of a kind at a place."""

    async def create(self, node: str, path: str, values: Mapping[str, Any], action: str | None) -> None:
        """Create an object."""

    async def change(self, node: str, path: str, values: Mapping[str, Any], action: str | None) -> None:
        """Change an object, or carry out an action."""

    async def delete(self, node: str, path: str, force: bool) -> None:
        """Delete an object."""


class TelephoneCommands(Protocol):
    """What a system can be asked to do about a telephone."""

    async def keys(self, line: LineSnapshot, device: str, programmed: bool) -> tuple[Key, ...]:
        """The keys, or only those that are programmed."""

    async def set_key(self, line: LineSnapshot, device: str, key: Key) -> None:
        """Program a key."""

    async def delete_key(self, line: LineSnapshot, device: str, position: int) -> None:
        """Free a key."""

    async def soft_keys(self, line: LineSnapshot, device: str) -> tuple[Key, ...]:
        """The soft keys."""

    async def set_soft_key(self, line: LineSnapshot, device: str, key: Key) -> None:
        """Program a soft key."""

    async def delete_soft_key(self, line: LineSnapshot, device: str, position: int) -> None:
        """Free a soft key."""

    async def state(self, line: LineSnapshot, device: str) -> TelephoneState:
        """Lock, camp-on, associate."""

    async def set_lock(self, line: LineSnapshot, device: str, on: bool) -> None:
        """Lock it."""

    async def set_camp_on(self, line: LineSnapshot, device: str, on: bool) -> None:
        """Let calls wait."""

    async def set_associate(self, line: LineSnapshot, device: str, number: str) -> None:
        """Associate it with a number."""

    async def pin(self, line: LineSnapshot, device: str) -> Pin:
        """Its PIN."""

    async def set_pin(self, line: LineSnapshot, device: str, pin: Pin) -> None:
        """Give it a PIN."""

    async def addons(self, line: LineSnapshot, device: str) -> tuple[str, ...]:
        """Its key modules, in the system's words."""

    async def remote_extension(self, line: LineSnapshot, device: str) -> bool | None:
        """Whether this remote extension is activated."""

    async def set_remote_extension(self, line: LineSnapshot, device: str, on: bool) -> None:
        """Activate this remote extension."""

    async def prefix(self, line: LineSnapshot, type: str, value: str) -> str | None:
        """What is dialled for a service."""


class DialKeywords(TypedDict, total=False):
    """How a call is made, beyond the number: the keywords of ``Line.dial`` and ``Call.consult``."""

    device: str | None
    """The telephone that dials; None is the first that can."""
    auto_answer: bool
    """Take the own telephone off the hook at once (unless it is False), else it rings first."""
    associated_data: str | None
    """Goes with a regular call, 32 bytes at most."""
    calling_number: str | None
    """What an outside party sees."""
    inhibit_progress_tone: bool | None
    pin: str | None
    """With ``secret_code``: makes it a private call."""
    secret_code: str | None
    business_code: str | None
    """Makes it a call on this cost centre."""
    acd: AcdCall | None
    """What an agent of a call centre adds."""


class DialOptions(Snapshot, frozen=True, kw_only=True):
    """``DialKeywords`` as they were given, and what they are otherwise."""

    device: str | None = None
    auto_answer: bool = True
    associated_data: str | None = None
    calling_number: str | None = None
    inhibit_progress_tone: bool | None = None
    pin: str | None = None
    secret_code: str | None = None
    business_code: str | None = None
    acd: AcdCall | None = None

    def __repr__(self) -> str:
        """Say nothing of the codes."""
        return f"DialOptions(device={self.device!r}, auto_answer={self.auto_answer!r})"


class CallerIdCommands(Protocol):
    """What a system can be asked to do about the number that others see. The store shows what came of it."""

    async def set(self, line: LineSnapshot, choice: CallerIdChoice, number: str | None) -> None:
        """Choose the number."""

    async def refresh(self, line: LineSnapshot) -> None:
        """Read it again."""


class Commands(Protocol):
    """What a system can be asked to do. ``line`` and ``call`` are the newest snapshots; devices are ids.

    The checks raise before anything is sent. The others send one request each; the events say what came of it.
    """

    def check_number(self, number: str, *, field: str = "number") -> None:
        """Raise ``InvalidInput`` if the system cannot dial this number."""

    def check_dial(self, line: LineSnapshot, options: DialOptions) -> None:
        """Raise ``InvalidInput`` if the options do not go together."""

    def check_digits(self, digits: str, *, field: str = "digits") -> None:
        """Raise ``InvalidInput`` if these are not DTMF digits."""

    def check_data(self, data: str, *, field: str = "data") -> None:
        """Raise ``InvalidInput`` if this cannot be associated with a call."""

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """Start a call; the reference of the call where the system answers one."""

    async def consult(self, line: LineSnapshot, held: CallSnapshot, number: str, options: DialOptions) -> str | None:
        """Start a call while another one waits, which is held first where the system does not by itself."""

    async def answer(self, line: LineSnapshot, call: CallSnapshot | None, device: str) -> None:
        """Answer a ringing call; None is the only one, where calls cannot be seen."""

    async def leave(self, line: LineSnapshot, call: CallSnapshot | None) -> None:
        """Leave a call; None is the only one, where calls cannot be seen."""

    async def end(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """End a call for everyone in it."""

    async def hold(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Put a call on hold."""

    async def retrieve(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Take a call back from hold."""

    async def alternate(self, line: LineSnapshot, held: CallSnapshot, device: str) -> None:
        """Retrieve the held call and hold the active one."""

    async def reconnect(self, line: LineSnapshot, held: CallSnapshot, enquiry: CallSnapshot, device: str) -> None:
        """Give the consultation up and take the held call back."""

    async def transfer(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """Connect the parties of two calls and leave both."""

    async def blind_transfer(self, line: LineSnapshot, call: CallSnapshot, number: str, anonymous: bool) -> None:
        """Send the other party to a number."""

    async def merge(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """Make one conference of two calls."""

    async def add_party(self, line: LineSnapshot, call: CallSnapshot, number: str) -> None:
        """Call someone into a call."""

    async def drop(self, line: LineSnapshot, call: CallSnapshot, party: str) -> None:
        """Drop a participant of a conference."""

    async def redirect(self, line: LineSnapshot, call: CallSnapshot, to: str, anonymous: bool) -> None:
        """Send a ringing call elsewhere."""

    async def overflow_to_voicemail(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Send a call that rings at the other end to that user's voicemail."""

    async def park(self, line: LineSnapshot, call: CallSnapshot, at: str | None) -> None:
        """Park a call."""

    async def unpark(self, line: LineSnapshot, device: str, from_device: str | None) -> None:
        """Take a parked call back."""

    async def pick_up(
        self, line: LineSnapshot, device: str, number: str, call_ref: str | None, auto_answer: bool
    ) -> None:
        """Take a call that rings elsewhere."""

    async def send_dtmf(self, line: LineSnapshot, call: CallSnapshot, device: str, digits: str) -> None:
        """Send tones."""

    async def record(self, line: LineSnapshot, call: CallSnapshot, action: str) -> None:
        """Start, stop, pause or resume the recording."""

    async def attach_data(self, line: LineSnapshot, call: CallSnapshot, device: str | None, data: str) -> None:
        """Associate data with a call."""

    async def send_account_info(self, line: LineSnapshot, call: CallSnapshot, device: str | None, code: str) -> None:
        """Send a transaction code."""

    async def call_back(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Ask the party that does not answer to call back."""

    async def intrude(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Break into the call of the party that is busy."""

    async def toggle_microphone(self, line: LineSnapshot, device: str) -> None:
        """Switch the microphone of a call that is announced, or intruded into, the other way."""

    async def switch_device(self, line: LineSnapshot, call: CallSnapshot, device: str, to: str) -> None:
        """Move a call to another device of the line."""

    async def set_do_not_disturb(self, line: LineSnapshot, on: bool) -> None:
        """Switch do-not-disturb."""

    async def set_forward(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """Forward calls."""

    async def cancel_forward(self, line: LineSnapshot) -> None:
        """Forward no longer."""

    async def set_overflow(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """Let calls that are not taken go elsewhere."""

    async def cancel_overflow(self, line: LineSnapshot) -> None:
        """Let them go nowhere."""

    async def set_remote_extension(self, line: LineSnapshot, on: bool) -> None:
        """Let the remote extension ring too, or not."""

    async def request_call_back(self, line: LineSnapshot, number: str) -> None:
        """Ask a user to call back."""

    async def callbacks(self, line: LineSnapshot) -> tuple[CallbackRequest, ...]:
        """Who asked to be called back."""

    async def delete_callbacks(self, line: LineSnapshot, id: str | None) -> None:
        """Delete one such request, or all."""

    async def refresh_counters(self, line: LineSnapshot) -> None:
        """Read the counters of a line again."""

    # The parts, which a system need not have: see ``Refusing``.

    @property
    def voicemail(self) -> VoicemailCommands:
        """Mailboxes."""

    @property
    def call_log(self) -> CallLogCommands:
        """The log of calls."""

    @property
    def agents(self) -> AgentCommands:
        """The call centre."""

    @property
    def directory(self) -> DirectoryCommands:
        """The telephone book."""

    @property
    def nodes(self) -> NodesCommands:
        """The nodes."""

    @property
    def telephones(self) -> TelephoneCommands:
        """What telephones are programmed with."""

    @property
    def objects(self) -> ObjectsCommands:
        """The configuration."""

    @property
    def caller_id(self) -> CallerIdCommands:
        """The number that others see."""

    @property
    def desk(self) -> DeskCommands:
        """Languages, password, shared sets, groups, texts."""

    @property
    def figures(self) -> "FiguresCommands":
        """Figures of the call centre in real time."""

    @property
    def pilots(self) -> "PilotCommands":
        """The pilots."""

    @property
    def waiting(self) -> "WaitingCommands":
        """The calls that wait at them."""

    @property
    def routing_points(self) -> "RoutingPointCommands":
        """Routing by the application."""

    @property
    def centre_statistics(self) -> "CentreStatisticsCommands":
        """Figures of days that are over."""

    @property
    def charging(self) -> "ChargingCommands":
        """What calls have cost."""

    @property
    def incidents(self) -> "IncidentCommands":
        """What went wrong on the nodes."""

    @property
    def users(self) -> "UserCommands":
        """Which subscribers are users."""

    @property
    def call_recording(self) -> "CallRecordingCommands":
        """Recording on demand."""

    @property
    def reports(self) -> "ReportCommands":
        """Statistics that are made and mailed by themselves."""


ABSENT: Final[dict[str, Feature]] = {
    "dial": Feature.DIAL,
    "consult": Feature.CALL_CONTROL,
    "answer": Feature.ANSWER,
    "leave": Feature.HANG_UP,
    "end": Feature.HANG_UP,
    "hold": Feature.CALL_CONTROL,
    "retrieve": Feature.CALL_CONTROL,
    "alternate": Feature.CALL_CONTROL,
    "reconnect": Feature.CALL_CONTROL,
    "transfer": Feature.TRANSFER,
    "blind_transfer": Feature.TRANSFER,
    "merge": Feature.CONFERENCE,
    "add_party": Feature.CONFERENCE,
    "drop": Feature.CONFERENCE,
    "redirect": Feature.REDIRECT,
    "overflow_to_voicemail": Feature.REDIRECT,
    "park": Feature.PARK,
    "unpark": Feature.PARK,
    "pick_up": Feature.PICK_UP,
    "send_dtmf": Feature.DTMF,
    "record": Feature.RECORDING,
    "attach_data": Feature.ASSOCIATED_DATA,
    "send_account_info": Feature.ASSOCIATED_DATA,
    "call_back": Feature.CALL_BACK,
    "intrude": Feature.CALL_CONTROL,
    "toggle_microphone": Feature.CALL_CONTROL,
    "switch_device": Feature.SWITCH_DEVICE,
    "set_do_not_disturb": Feature.DO_NOT_DISTURB,
    "set_forward": Feature.FORWARD,
    "cancel_forward": Feature.FORWARD,
    "set_overflow": Feature.OVERFLOW,
    "cancel_overflow": Feature.OVERFLOW,
    "set_remote_extension": Feature.REMOTE_EXTENSION,
    "request_call_back": Feature.CALL_BACK,
    "callbacks": Feature.CALL_BACK,
    "delete_callbacks": Feature.CALL_BACK,
    "refresh_counters": Feature.COUNTERS,
    "voicemail": Feature.MAILBOX,
    "call_log": Feature.CALL_LOG,
    "agents": Feature.AGENT,
    "directory": Feature.DIRECTORY,
    "nodes": Feature.NODES,
    "telephones": Feature.TELEPHONES,
    "objects": Feature.OBJECTS,
    "caller_id": Feature.CALLER_ID,
    "desk": Feature.PREFERENCES,
    "figures": Feature.CALL_CENTRE,
    "pilots": Feature.PILOTS,
    "waiting": Feature.WAITING_CALLS,
    "routing_points": Feature.ROUTING_POINTS,
    "centre_statistics": Feature.CENTRE_STATISTICS,
    "charging": Feature.CHARGING,
    "incidents": Feature.INCIDENTS,
    "users": Feature.USERS,
    "call_recording": Feature.CALL_RECORDERS,
    "reports": Feature.CENTRE_STATISTICS,
}
"""What is missing where a wire lacks one of the ``Commands``."""
_REMEDIES: Final = {"add_party": "Consult the other party, then merge the two calls."}


class Refusing:
    """The base of a wire's ``Commands``, which lists only what the wire has: the rest is refused by the table."""

    def __getattr__(self, name: str) -> Any:
        """Raise ``NotSupported``: this is called for what the class does not define."""
        feature = ABSENT.get(name)
        if feature is None:
            raise AttributeError(name)
        raise NotSupported(
            f"{name.replace('_', ' ')}: this system cannot do this.",
            missing=feature.value,
            remedy=_REMEDIES.get(name, "See line.features for what it can do."),
        )


class Link(Protocol):
    """One connection that is open: logged in, subscribed, the event channel read."""

    @property
    def info(self) -> SystemInfo:
        """What it is connected to."""

    @property
    def quiet(self) -> float | None:
        """Seconds for which nothing had come or gone when it was lost; None where its end was no one else's doing."""

    @property
    def failure(self) -> PbxError | None:
        """What it was lost for, where that is more than words."""

    async def sync(self) -> None:
        """Bring the store up to date. Raises ``PbxError`` if that is not possible."""

    async def lost(self) -> str:
        """Wait until the connection is gone; says why."""

    async def close(self) -> None:
        """Give everything back: tasks, channel, session. Bounded, never raises."""


class System(Protocol):
    """One kind of telephone system, with one server or a pair."""

    servers: int
    """How many servers there are; 0 is the primary."""

    @property
    def features(self) -> frozenset[Feature]:
        """What the system and the account can do at all: what any line can."""

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        """Which licence absent features of a line (None: of the account) would need, where that is known."""

    async def open(self, server: int) -> Link:
        """Connect to a server. Raises ``PbxError`` and leaves nothing behind if that fails."""

    async def serves(self, server: int) -> bool:
        """Whether a server seems to serve: one cheap request, never raises."""

    def use(self, link: Link | None) -> None:
        """Send commands through this link from now on; None is offline."""

    @property
    def commands(self) -> Commands:
        """The commands of the link in use. While there is none, the checks work and everything else is ``Offline``.

        A safe operation that loses its session is repeated once, in the next one; nothing else is ever repeated.
        """

    def expect_event(self, line: str) -> None:
        """A command is being sent that changes this line: if no event says so in time, its state is read again."""

    def statistics(self) -> Statistics:
        """What its wire has seen."""

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """All lines that could be monitored."""

    async def close(self) -> None:
        """Give back what outlives a link."""
