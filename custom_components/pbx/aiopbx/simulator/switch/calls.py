"""Calls as the switch keeps them, and as one user sees them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..clock import TimerHandle

DIALING: Final = "DIALING"
RINGING_OUTGOING: Final = "RINGING_OUTGOING"
RINGING_INCOMING: Final = "RINGING_INCOMING"
ACTIVE: Final = "ACTIVE"
HELD: Final = "HELD"
RELEASING: Final = "RELEASING"

USER: Final = "USER"
EXTERNAL: Final = "EXTERNAL"
SERVICE: Final = "SERVICE"
DEVICE: Final = "DEVICE"


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a party."""

    kind: str
    number: str
    login: str | None = None
    first_name: str = ""
    last_name: str = ""
    sub_type: str | None = None


@dataclass(slots=True, eq=False)
class Member:
    """A party of a call. ``legs`` are the telephones of a user in it, with their states."""

    id: str
    identity: Identity
    state: str
    legs: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False
    """Whether its identity is hidden from the others."""
    recording: str | None = None
    """``RECORDING`` or ``PAUSED``, if this user records the call."""
    called_back: bool = False
    """Whether this user has asked the called party to call back."""
    group: str | None = None
    """The hunting group through which this user is rung."""
    box: str | None = None
    """Of the voicemail service: the login of the mailbox."""
    since: float | None = None
    """Of the voicemail service: when it answered, in seconds of the clock."""
    place: bool = False
    """No person: the telephone at which the call is parked."""
    queue: bool = False
    """No person: the queue of a pilot, in which the call waits for an agent."""
    distributed: str | None = None
    """Of an agent: the processing group through which it got the call."""
    intrudes: str | None = None
    """Of a supervisor who listens or intrudes: login name of the agent. It is not a party of the conversation."""
    mode: str | None = None
    """How it intrudes: ``NORMAL``, ``RESTRICTED`` or ``DISCRETE``."""

    @property
    def kind(self) -> str:
        """The kind of party."""
        return self.identity.kind

    @property
    def login(self) -> str | None:
        """Login name, if it is a user of the PBX."""
        return self.identity.login

    @property
    def person(self) -> bool:
        """Whether one can talk to it: not to a service or the place of a parked call."""
        return self.identity.kind != SERVICE and not self.place

    @property
    def device(self) -> str | None:
        """The telephone of a user who is in the call with only one."""
        return next(iter(self.legs)) if len(self.legs) == 1 else None

    def put(self, state: str) -> None:
        """Change the state, with that of the only leg."""
        self.state = state
        for device in self.legs:
            self.legs[device] = state


@dataclass(frozen=True, slots=True)
class AcdView:
    """What the call centre knows about a call. Times are whole seconds."""

    pilot: str
    group: str | None = None
    """The agent's processing group, once it was distributed."""
    queue_time: int | None = None
    """How long it waited in the queue."""
    global_time: int | None = None
    """How long it took from the first pilot to the agent."""
    waiting_time: int | None = None
    """While it waits: the waiting time that was estimated when it came."""
    saturated: bool | None = None
    """While it waits: whether it got the last place of the queue."""
    supervised: bool = False
    """Whether the pilot was consulted and the call then transferred to it."""
    transfer_possible: bool | None = None
    """In a consultation: whether the held call can be transferred to the pilot now."""


@dataclass(slots=True, eq=False)
class Distribution:
    """The way of a call through the call centre. Times are seconds of the clock."""

    pilot: str
    began: float
    queued: float
    order: int
    """Its place: the lowest goes first. A call that comes back from an agent keeps it."""
    estimate: int = 0
    saturated: bool = False
    group: str | None = None
    queue_time: int | None = None
    global_time: int | None = None
    supervised: bool = False

    def dump(self) -> tuple[Any, ...]:
        """Return everything, for comparison."""
        return (
            (self.pilot, self.began, self.queued, self.order, self.estimate, self.saturated),
            (self.group, self.queue_time, self.global_time, self.supervised),
        )


@dataclass(slots=True, eq=False)
class Call:
    """A call of two or more parties, of one that dials, or of one that gets a tone."""

    ref: str
    started: datetime
    initial_called: Identity
    initiator: str = ""
    """``Member.id`` of the party that began it."""
    members: list[Member] = field(default_factory=list)
    controller: str | None = None
    """Login name of the user who made the conference."""
    tone: str | None = None
    """The cause of the tone that the only party gets, such as ``BUSY``."""
    ended: bool = False
    cause: str | None = None
    """Why it ended."""
    answered: bool = False
    associated_data: str | None = None
    account_info: str | None = None
    business_code: str | None = None
    private: bool = False
    calling_number: str | None = None
    """The number that is shown outside."""
    message: str | None = None
    """The only message of the caller's mailbox to be played."""
    inhibit_progress_tone: bool = False
    dtmf: list[tuple[str, str]] = field(default_factory=list)
    """The digits sent: login name, digits."""
    tried: tuple[str, ...] = ()
    """Login names of users who were called already: forwarding does not return to them."""
    rung: str | None = None
    """Login name of the last user called, who can be asked to call back."""
    parked_by: str | None = None
    last_redirecting: Identity | None = None
    """Who forwarded, redirected or transferred it last."""
    transferred_by: str | None = None
    """The number of the user who transferred it last."""
    trunk: tuple[int, ...] = ()
    """Of a call from outside: the timeslot, and the equipment numbers of its trunk."""
    recalls: int = 0
    """How often it could not be returned to the user who parked it."""
    acd: Distribution | None = None
    """Of a call that came through a pilot."""
    skills: tuple[tuple[int, int], ...] = ()
    """Number and minimum level of the skills that an agent needs for it."""
    timers: dict[str, TimerHandle] = field(default_factory=dict)

    def user(self, login: str) -> Member | None:
        """The party that is this user."""
        for member in self.members:
            if member.identity.login == login:
                return member
        return None

    def others(self, member: Member) -> list[Member]:
        """Return all parties of the conversation but this one; a supervisor who intrudes does not count."""
        return [other for other in self.members if other is not member and other.intrudes is None]

    @property
    def intruder(self) -> Member | None:
        """Return the supervisor who listens or intrudes."""
        for member in self.members:
            if member.intrudes is not None:
                return member
        return None

    def ringing(self) -> Member | None:
        """Return the party that is ringing."""
        for member in self.members:
            if member.state == RINGING_INCOMING:
                return member
        return None

    @property
    def conference(self) -> bool:
        """Whether there are three parties of the conversation or more."""
        return len(self.members) > 2 and sum(member.intrudes is None for member in self.members) > 2

    @property
    def queued(self) -> Member | None:
        """Return the queue in which it waits."""
        for member in self.members:
            if member.queue:
                return member
        return None

    @property
    def parked(self) -> Member | None:
        """Return the place where it is parked."""
        for member in self.members:
            if member.place:
                return member
        return None

    def dump(self) -> dict[str, Any]:
        """Return everything but the timers, for comparison."""
        return {
            "ref": self.ref,
            "initial_called": self.initial_called,
            "initiator": self.initiator,
            "members": [
                (
                    m.id,
                    m.identity,
                    m.state,
                    tuple(m.legs.items()),
                    m.anonymous,
                    m.recording,
                    m.called_back,
                    m.group,
                    m.box,
                    m.place,
                    (m.queue, m.distributed, m.intrudes, m.mode),
                )
                for m in self.members
            ],
            "flags": (self.controller, self.tone, self.answered, self.private, self.parked_by, self.tried, self.rung),
            "way": (self.last_redirecting, self.transferred_by, self.trunk),
            "data": (self.associated_data, self.account_info, self.business_code, self.calling_number),
            "dtmf": tuple(self.dtmf),
            "skills": self.skills,
            "acd": self.acd.dump() if self.acd is not None else None,
            "timers": sorted(self.timers),
        }


@dataclass(frozen=True, slots=True)
class LegView:
    """A telephone of a user in a call, and what it allows."""

    device: str
    state: str
    ringing_remote: bool = False
    actions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PartyView:
    """Another party of a user's call."""

    id: str
    identity: Identity
    anonymous: bool = False
    undroppable: bool = False


@dataclass(frozen=True, slots=True)
class CallView:
    """A call as one user sees it."""

    ref: str
    state: str
    initial_called: Identity
    initiator: str
    legs: tuple[LegView, ...]
    parties: tuple[PartyView, ...]
    actions: frozenset[str]
    record_state: str | None = None
    anonymous: bool = False
    associated_data: str | None = None
    account_info: str | None = None
    acd: AcdView | None = None
    last_redirecting: Identity | None = None
    trunk: tuple[int, ...] = ()
