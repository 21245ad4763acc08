"""One vocabulary over every telephone system: enumerations, and frozen snapshots of lines and calls."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec


class Status(StrEnum):
    """Whether the client sees the system."""

    CONNECTING = "connecting"
    SYNCING = "syncing"
    ONLINE = "online"
    OFFLINE = "offline"
    CLOSED = "closed"


class CallState(StrEnum):
    """State of a call, or of one of its legs."""

    DIALING = "dialing"
    RINGING_OUTGOING = "ringing_outgoing"
    RINGING_INCOMING = "ringing_incoming"
    ACTIVE = "active"
    HELD = "held"
    RELEASING = "releasing"
    UNKNOWN = "unknown"


class LineState(StrEnum):
    """State of a line, derived from all its calls, its devices and its user."""

    IDLE = "idle"
    DIALING = "dialing"
    RINGING_OUTGOING = "ringing_outgoing"
    RINGING_INCOMING = "ringing_incoming"
    ACTIVE = "active"
    HELD = "held"
    RELEASING = "releasing"
    BUSY = "busy"
    OUT_OF_SERVICE = "out_of_service"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Who called whom, seen from the line; unknown where a resynchronisation cannot say."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a call ended, from the server's cause and the states it passed."""

    ANSWERED = "answered"
    MISSED = "missed"
    CANCELLED = "cancelled"
    BUSY = "busy"
    FAILED = "failed"
    TRANSFERRED = "transferred"
    FORWARDED = "forwarded"
    PICKED_UP = "picked_up"
    PARKED = "parked"
    MERGED = "merged"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What the server allows now: on a call, on a leg of it, or on a device of the line."""

    # on a device
    DIAL = "dial"
    DIAL_BUSINESS = "dial_business"
    DIAL_PRIVATE = "dial_private"
    UNPARK = "unpark"
    # on a leg (a call offers them when one of its legs does)
    ANSWER = "answer"
    HOLD = "hold"
    RETRIEVE = "retrieve"
    RECONNECT = "reconnect"
    SEND_DTMF = "send_dtmf"
    SWITCH_DEVICE = "switch_device"
    # on a call
    HANG_UP = "hang_up"
    END = "end"
    ALTERNATE = "alternate"
    CONSULT = "consult"
    TRANSFER = "transfer"
    BLIND_TRANSFER = "blind_transfer"
    MERGE = "merge"
    DROP_PARTICIPANT = "drop_participant"
    REDIRECT = "redirect"
    REDIRECT_TO_VOICEMAIL = "redirect_to_voicemail"
    REDIRECT_TO_DVA = "redirect_to_dva"
    OVERFLOW_TO_VOICEMAIL = "overflow_to_voicemail"
    PARK = "park"
    PICK_UP = "pick_up"
    CALL_BACK = "call_back"
    INTRUDE = "intrude"
    START_RECORDING = "start_recording"
    STOP_RECORDING = "stop_recording"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    ADD_PARTY = "add_party"


class Feature(StrEnum):
    """What a system, this user and this licence can do at all. What is absent raises ``NotSupported``."""

    DIAL = "dial"
    ANSWER = "answer"
    HANG_UP = "hang_up"
    CALL_EVENTS = "call_events"
    CALL_CONTROL = "call_control"
    DTMF = "dtmf"
    TRANSFER = "transfer"
    CONFERENCE = "conference"
    REDIRECT = "redirect"
    PARK = "park"
    PICK_UP = "pick_up"
    RECORDING = "recording"
    ASSOCIATED_DATA = "associated_data"
    CALL_BACK = "call_back"
    SWITCH_DEVICE = "switch_device"
    PRIVATE_CALL = "private_call"
    BUSINESS_CALL = "business_call"
    DO_NOT_DISTURB = "do_not_disturb"
    FORWARD = "forward"
    OVERFLOW = "overflow"
    REMOTE_EXTENSION = "remote_extension"
    VOICEMAIL = "voicemail"
    COUNTERS = "counters"
    DEVICE_STATES = "device_states"
    CALL_LOG = "call_log"
    MAILBOX = "mailbox"
    """The messages in a mailbox; ``VOICEMAIL`` is that calls may be sent there."""
    DIRECTORY = "directory"
    HUNTING_GROUPS = "hunting_groups"
    DESK_SHARING = "desk_sharing"
    TEXTS = "texts"
    PREFERENCES = "preferences"
    TELEPHONES = "telephones"
    """What the telephones are programmed with."""
    AGENT = "agent"
    """The user is an agent or a supervisor of the call centre."""
    CALLER_ID = "caller_id"
    """The number that others see can be read and chosen."""
    # of the system, not of a line
    NODES = "nodes"
    OBJECTS = "objects"
    CALL_CENTRE = "call_centre"
    """Figures of the call centre in real time."""
    PILOTS = "pilots"
    """Pilots can be read, opened and closed, with their calendars."""
    WAITING_CALLS = "waiting_calls"
    """Which calls wait at the pilots."""
    ROUTING_POINTS = "routing_points"
    """The application can route calls."""
    CENTRE_STATISTICS = "centre_statistics"
    """Figures of the call centre about days that are over."""
    CHARGING = "charging"
    """What calls have cost."""
    INCIDENTS = "incidents"
    """What went wrong on the nodes."""
    USERS = "users"
    """Which subscribers the server knows as users."""
    CALL_RECORDERS = "call_recorders"
    """Recorders that stand beside the nodes can record calls on demand; ``RECORDING`` is what telephones do."""


class PartyKind(StrEnum):
    """What a party of a call is."""

    USER = "user"
    DEVICE = "device"
    SERVICE = "service"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


class Recording(StrEnum):
    """State of a recording; a call that is not recorded has none."""

    RECORDING = "recording"
    PAUSED = "paused"


class DeviceState(StrEnum):
    """Whether a device is in service."""

    IN_SERVICE = "in_service"
    OUT_OF_SERVICE = "out_of_service"
    UNKNOWN = "unknown"


class Condition(StrEnum):
    """When a forward or an overflow applies; an overflow is never immediate."""

    IMMEDIATE = "immediate"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    BUSY_NO_ANSWER = "busy_no_answer"
    UNKNOWN = "unknown"


class Target(StrEnum):
    """Where a forward or an overflow leads: a number, the voicemail, or (overflow only) the associate."""

    NUMBER = "number"
    VOICEMAIL = "voicemail"
    ASSOCIATE = "associate"
    UNKNOWN = "unknown"


class CallerIdChoice(StrEnum):
    """Where the number comes from that others see."""

    FROM_PRESENCE = "from_presence"
    """It goes by the user's presence."""
    MANUAL = "manual"
    UNKNOWN = "unknown"


class AgentState(StrEnum):
    """What an agent of the call centre does."""

    LOGGED_OFF = "logged_off"
    OUT_OF_GROUP = "out_of_group"
    """Logged on, in no processing group."""
    READY = "ready"
    BUSY = "busy"
    TRANSACTION_CODE = "transaction_code"
    """Asked to type the code of the last call."""
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    ERROR = "error"
    UNKNOWN = "unknown"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A value: never changed, only replaced.

    Fields are given by name. Those kinds that are built for every event take them by position too, which is ten times
    as fast where there are many; new fields are added at their end.
    """

    def _repr_html_(self) -> str:
        """Show a small table, where a page can: notebooks look for this name."""
        from .html_tables import snapshot_html

        return snapshot_html(self)


class Party(Snapshot, frozen=True):
    """Someone in a call."""

    id: str = ""
    """The system's identifier of the participant; not for display."""
    number: str | None = None
    name: str | None = None
    login: str | None = None
    """Login name, where the party is a user of the system and the server says it."""
    kind: PartyKind = PartyKind.UNKNOWN
    anonymous: bool = False
    droppable: bool = True

    @property
    def label(self) -> str:
        """Name, else number, else a word for what is secret or unknown."""
        return self.name or self.number or ("anonymous" if self.anonymous else "unknown")

    def __str__(self) -> str:
        """Name and number, ``Bob Keller (1001)``, where both are known and differ; else the label."""
        if self.name and self.number and self.name != self.number:
            return f"{self.name} ({self.number})"
        return self.label


class Leg(Snapshot, frozen=True):
    """A device of the line in a call, and what it allows now."""

    device: str
    state: CallState = CallState.UNKNOWN
    remote_ringing: bool = False
    actions: frozenset[Action] = frozenset()


class Trunk(Snapshot, frozen=True, kw_only=True):
    """Where a call comes in from outside."""

    timeslot: int | None = None
    equipment: tuple[int, ...] = ()
    """The equipment numbers of the trunk."""


class CallSnapshot(Snapshot, frozen=True):
    """A call as one line sees it. Times are UTC by the client's clock, None where the moment was not seen."""

    id: str
    """Stays the same for the life of the call, also where the server renames it."""
    ref: str
    """The server's reference now."""
    line: str
    """The ``id`` of the line."""
    state: CallState = CallState.UNKNOWN
    direction: Direction = Direction.UNKNOWN
    parties: tuple[Party, ...] = ()
    """The others. A call of two has one, a conference several."""
    called: Party | None = None
    """Whom the caller dialled first: says which number was called."""
    legs: tuple[Leg, ...] = ()
    actions: frozenset[Action] = frozenset()
    """What the server allows now: the call's own, its legs', and what follows from the line's other calls."""
    own_actions: frozenset[Action] = frozenset()
    """What the server allows on the call itself, without its legs."""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    answered: bool = False
    """Whether it was ever active."""
    cause: str | None = None
    """The last cause that the server named, in its own word."""
    end_cause: str | None = None
    """The cause that the server named for its end, once it is ending; decides the outcome."""
    outcome: Outcome | None = None
    """None until the call has ended."""
    recording: Recording | None = None
    anonymous: bool = False
    associated_data: str | None = None
    account_info: str | None = None
    queue_wait: int | None = None
    """Seconds waited in a call centre's queue."""
    replaced_by: str | None = None
    """The ``ref`` of the call that took over when this one ended."""
    new_destination: str | None = None
    """Where it was forwarded or redirected, as a number."""
    ring_seconds: float | None = None
    """How long it rang until it was answered or ended: known at its end, None where its beginning was not seen."""
    talk_seconds: float | None = None
    """How long it was answered: known at its end, None where it never was, or the moment was not seen."""
    redirected_by: Party | None = None
    """Who redirected it last, where the system says so."""
    trunk: Trunk | None = None
    """The trunk that it comes in over, where the system says so."""

    @property
    def party(self) -> Party | None:
        """The other party of a call of two, the first of a conference."""
        return self.parties[0] if self.parties else None

    @property
    def conference(self) -> bool:
        """Whether there are at least three parties, the line's own among them."""
        return len(self.parties) > 1

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.outcome is not None


class Device(Snapshot, frozen=True, kw_only=True):
    """A telephone of a line, and what may be started on it now."""

    id: str
    """Its number, which requests name it by."""
    kind: str = ""
    """The system's word: DESKPHONE, DECT, MOBILE, SOFTPHONE."""
    sub_kind: str = ""
    state: DeviceState = DeviceState.UNKNOWN
    actions: frozenset[Action] = frozenset()


class Forward(Snapshot, frozen=True, kw_only=True):
    """Where calls are sent, and when."""

    condition: Condition = Condition.IMMEDIATE
    target: Target = Target.NUMBER
    number: str | None = None
    """The number, for ``Target.NUMBER``, and where the server says so also for the others."""


class Overflow(Snapshot, frozen=True, kw_only=True):
    """Where calls go that are not taken, and when."""

    condition: Condition = Condition.NO_ANSWER
    target: Target = Target.VOICEMAIL
    number: str | None = None


class Routing(Snapshot, frozen=True, kw_only=True):
    """How calls reach a line. None in a field is *unknown* for the switches, *not set* for the two routes."""

    do_not_disturb: bool | None = None
    forward: Forward | None = None
    overflow: Overflow | None = None
    remote_extension: bool | None = None
    """None where the line has no remote extension."""


class CallerId(Snapshot, frozen=True, kw_only=True):
    """The number that others see when the line calls them."""

    choice: CallerIdChoice = CallerIdChoice.UNKNOWN
    number: str | None = None
    """In E.164 form, such as +12025550123; None is not known."""


class Counters(Snapshot, frozen=True, kw_only=True):
    """What waits for a user. None is unknown, not zero."""

    missed_calls: int | None = None
    voicemails: int | None = None
    callback_requests: int | None = None
    faxes: int | None = None
    new_texts: int | None = None
    old_texts: int | None = None
    waiting: bool | None = None
    """Whether the system would light the message lamp."""


class Skill(Snapshot, frozen=True, kw_only=True):
    """What an agent can do, and how well."""

    number: int
    level: int | None = None
    active: bool | None = None
    name: str | None = None
    """What the system calls it, where it says so."""
    domain: int | None = None
    """The number of the domain that it belongs to, where the system says so."""


class AgentSnapshot(Snapshot, frozen=True, kw_only=True):
    """An agent of the call centre: what it does now, and what it is."""

    state: AgentState = AgentState.UNKNOWN
    group: str | None = None
    """The processing group it is in."""
    device: str | None = None
    """The set it is logged on at."""
    withdrawn: bool = False
    withdraw_reason: int | None = None
    """The index of the reason; see ``Agent.withdraw_reasons``."""
    supervisor: bool = False
    groups: tuple[str, ...] = ()
    """The processing groups it may be in."""
    preferred_group: str | None = None
    fixed_device: str | None = None
    """The only set it may log on at; None is any."""
    skills: tuple[Skill, ...] = ()
    may_choose_group: bool | None = None
    headset: bool | None = None
    help: bool | None = None
    multiline: bool | None = None

    @property
    def logged_on(self) -> bool | None:
        """Whether it is logged on; None where that is not known."""
        if self.state in (AgentState.UNKNOWN, AgentState.ERROR):
            return None
        return self.state is not AgentState.LOGGED_OFF


class LineSnapshot(Snapshot, frozen=True, kw_only=True):
    """A monitored user, extension or terminal."""

    id: str
    """What the system calls it: the login name on O2G and myIstra, the extension's id on myRCC, the terminal's on
    myCrm."""
    number: str = ""
    name: str = ""
    devices: tuple[Device, ...] = ()
    calls: tuple[CallSnapshot, ...] = ()
    """Calls in progress; one that has ended is gone."""
    busy: bool = False
    """The system said busy while no call was seen, such as off hook, and not free since; calls say more."""
    routing: Routing | None = None
    """None until it is known."""
    counters: Counters = Counters()
    hunting_group_logged_on: bool | None = None
    voicemail_number: str | None = None
    node: str | None = None
    email: str | None = None
    """The user's, where the system says so."""
    external_login: str | None = None
    """The user's login at an outside identity provider, where the system says so."""
    agent: AgentSnapshot | None = None
    """None where the user is no agent of the call centre, or that is not known."""
    caller_id: CallerId | None = None
    """None where it is not known."""
    features: frozenset[Feature] = frozenset()
    """What this line can do at all; grows until the line is ``described``."""
    described: bool = True
    """Whether it has been read whose line this is and what it may do. Until then number and name may be empty, devices
    and voicemail missing, and features may be added. Only of more than a hundred lines is this read after being online.
    """
    synced: bool = False
    """Whether what stands here was confirmed by the system since the last loss."""

    @property
    def state(self) -> LineState:
        """Derived from all calls: the most engaged one wins; without calls from the devices and the user.

        Unknown where the system says nothing about calls.
        """
        calls = self.calls
        if len(calls) == 1:
            return _ALONE[calls[0].state]
        if calls:
            states = {call.state for call in calls}
            for state in _ENGAGEMENT:
                if state in states:
                    return _LINE_STATE[state]
            return LineState.BUSY
        if self.devices:
            for device in self.devices:
                if device.state is not _OUT_OF_SERVICE:
                    break
            else:
                return LineState.OUT_OF_SERVICE
        if self.busy:
            return LineState.BUSY
        # No calls means nothing where the system never reports any; before a line is synchronised it has no features.
        return LineState.UNKNOWN if self.features and Feature.CALL_EVENTS not in self.features else LineState.IDLE

    @property
    def in_service(self) -> bool | None:
        """Whether any device is in service; None where no state is known."""
        states = {device.state for device in self.devices}
        if DeviceState.IN_SERVICE in states:
            return True
        return False if DeviceState.OUT_OF_SERVICE in states else None

    def call_by_ref(self, ref: str) -> CallSnapshot | None:
        """The call that the server calls this now."""
        for call in self.calls:
            if call.ref == ref:
                return call
        return None

    def call(self, key: str) -> CallSnapshot | None:
        """The call whose id or reference this is."""
        for call in self.calls:
            if key in (call.id, call.ref):
                return call
        return None


# The order in which the states of several calls decide the state of the line.
_ENGAGEMENT: Final = (
    CallState.ACTIVE,
    CallState.RINGING_INCOMING,
    CallState.RINGING_OUTGOING,
    CallState.DIALING,
    CallState.HELD,
    CallState.RELEASING,
)
_LINE_STATE: Final = {state: LineState(state.value) for state in CallState}
_OUT_OF_SERVICE: Final = DeviceState.OUT_OF_SERVICE
_ALONE: Final = {**_LINE_STATE, CallState.UNKNOWN: LineState.BUSY}


class AvailableLine(Snapshot, frozen=True, kw_only=True):
    """A line that could be monitored."""

    id: str
    number: str = ""
    name: str = ""


class SystemInfo(Snapshot, frozen=True, kw_only=True):
    """The system a client is connected to."""

    system: str = ""
    """Which kind, such as ``o2g``."""
    product: str = ""
    version: str = ""
    url: str = ""
    login: str = ""
    administrator: bool = False
    high_availability: bool = False
    server: str = "primary"
    """Which of a pair serves: ``primary`` or ``secondary``."""
    sites: tuple[str, ...] = ()
    """The hosts, with their ports, under which the server knows itself: not those it was asked for by. Empty where it
    names none."""


class ObstacleKind(StrEnum):
    """What can stand in the way between the client and a system."""

    EVENTS_LATE = "events_late"
    """A proxy holds events back."""
    IDLE_TIMEOUT = "idle_timeout"
    """A proxy or a firewall closes connections that are quiet for a while."""


class Obstacle(Snapshot, frozen=True, kw_only=True):
    """Something that stands in the way, in words for a person."""

    kind: ObstacleKind
    text: str
    remedy: str | None = None


class Statistics(Snapshot, frozen=True, kw_only=True):
    """What the client has seen and survived since it was made; numbers only grow."""

    events: int = 0
    unknown_events: int = 0
    unknown_values: int = 0
    unknown_fields: int = 0
    """Different fields that this version does not know, in the events that were looked at for them."""
    malformed_frames: int = 0
    bad_fields: int = 0
    bad_characters: int = 0
    """Characters that no text should hold, such as NUL and halves of characters: left out, or replaced by U+FFFD."""
    coalesced: int = 0
    """Events that a slow subscriber got merged with a later one."""
    dropped: int = 0
    """Events that a slow subscriber never got; never the end of a call."""
    losses: int = 0
    """How often the channel was lost."""
    fail_overs: int = 0
    unforeseen: int = 0
    """Errors that were not foreseen. Each is in the log with its traceback, and was followed by a new attempt."""
    heartbeat: float | None = None
    """The server's heartbeat period in seconds, once learned."""
    channel_age: float | None = None
    """Seconds since the channel last said anything."""
