"""The users of a PBX: their configuration and their state."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .agents import Agent
from .calls import Identity

if TYPE_CHECKING:
    from ..settings import UserSpec

IN_SERVICE: Final = "IN_SERVICE"
OUT_OF_SERVICE: Final = "OUT_OF_SERVICE"

PRO_ACD: Final = "PRO_ACD"
"""A set that belongs to no one, where agents log on."""

ADVANCED: Final = "TELEPHONY_ADVANCED"
BASIC: Final = "TELEPHONY_BASIC"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a set: it calls a number."""

    position: int
    number: str | None = None
    mnemonic: str | None = None
    locked: bool = False
    """Whether the system uses it, so that it cannot be programmed."""

    @property
    def programmed(self) -> bool:
        """Whether it does anything."""
        return self.number is not None or self.mnemonic is not None


@dataclass(slots=True, eq=False)
class Device:
    """A telephone of a user."""

    id: str
    kind: str = "DESKPHONE"
    sub_kind: str = ""
    state: str = IN_SERVICE
    off_hook: bool = False
    """Lifted without a call."""
    shared: bool = False
    """A set that belongs to no one and where the user is logged on: for desk sharing, or as an agent."""
    locked: bool = False
    """Whether it is locked, and cannot dial."""
    camp_on: bool = False
    addons: tuple[str, ...] = ()
    """Its key modules, such as ``ADDON_20_KEYS``."""
    keys: dict[int, Key] = field(default_factory=dict)
    """Its programmed keys, by position."""
    soft_keys: dict[int, Key] = field(default_factory=dict)

    @property
    def mobile(self) -> bool:
        """Whether this is a remote extension."""
        return self.kind == "MOBILE"


@dataclass(frozen=True, slots=True)
class Route:
    """A forward or an overflow. ``condition`` is ``IMMEDIATE``, ``BUSY``, ``NO_ANSWER`` or ``BUSY_NO_ANSWER``."""

    condition: str
    target: str
    """``NUMBER``, ``VOICEMAIL`` or ``ASSOCIATE``."""
    number: str | None = None

    @property
    def on_busy(self) -> bool:
        """Whether it applies to a busy user."""
        return self.condition in ("BUSY", "BUSY_NO_ANSWER")

    @property
    def on_no_answer(self) -> bool:
        """Whether it applies when ringing has taken too long."""
        return self.condition in ("NO_ANSWER", "BUSY_NO_ANSWER")


@dataclass(frozen=True, slots=True)
class CallBack:
    """A request to call back."""

    id: str
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """An incoming call that was not answered."""

    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Voicemail:
    """A message in a mailbox."""

    number: str
    """Number of the caller; empty if unknown."""
    at: datetime
    read: bool = False
    id: str = ""
    caller: Identity | None = None
    seconds: int = 1
    """Its length in seconds."""
    urgent: bool = False
    sound: bytes | None = None
    """What is sent for it, whatever that is; None is the number of the caller as tones, in the format of the face."""


@dataclass(frozen=True, slots=True)
class MiniMessage:
    """A short text."""

    sender: str
    text: str
    at: datetime


@dataclass(slots=True, eq=False)
class User:
    """A user, at present."""

    login: str
    number: str
    first_name: str
    last_name: str
    devices: dict[str, Device]
    voicemail: bool
    voicemail_number: str
    licences: frozenset[str]
    lines: int
    associate: str | None
    supervisor: str | None
    pin: str = field(repr=False)
    secret_code: str = field(repr=False)
    business_codes: tuple[str, ...]
    node: str
    pin_with_secret_code: bool = True
    pin_control: str = "PIN_Restricted_To_Owner_Set"
    pin_group: int = 0
    remote_extension: bool = False
    """Whether the mobile rings too."""
    do_not_disturb: bool = False
    forward: Route | None = None
    overflow: Route | None = None
    hunting_group: str | None = None
    logged_on: bool = False
    """Logged on in the hunting group."""
    callbacks: list[CallBack] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    voicemails: list[Voicemail] = field(default_factory=list)
    texts: list[MiniMessage] = field(default_factory=list)
    state: str = "FREE"
    """``FREE`` or ``BUSY``, as last published."""
    agent: Agent | None = None
    """The user's state as an operator of the call centre."""
    department: str = ""
    pstn_numbers: tuple[str, ...] = ()
    """Public numbers."""
    caller_id: str | None = None
    """The number that is shown outside instead of the user's own."""
    email: str = ""
    external_login: str = ""
    photo_url: str = ""
    rcc: bool = True
    """Whether others may control its calls through myRCC."""
    crm: bool = True
    """Whether it may use myCrm."""

    @property
    def name(self) -> str:
        """First and last name, or the login if there are none."""
        return f"{self.first_name} {self.last_name}".strip() or self.login

    @property
    def shown_number(self) -> str | None:
        """The number that is shown outside; ``None`` is what the trunk shows."""
        return self.caller_id or (self.pstn_numbers[0] if self.pstn_numbers else None)

    @property
    def advanced(self) -> bool:
        """Whether the licence allows all of telephony."""
        return ADVANCED in self.licences

    @property
    def has_remote_extension(self) -> bool:
        """Whether there is a mobile that could ring too."""
        return any(device.mobile for device in self.devices.values())

    def presented(self) -> tuple[Device, ...]:
        """Return the telephones that an incoming call rings, in service or not."""
        return tuple(device for device in self.devices.values() if not device.mobile or self.remote_extension)

    def usable(self, device: Device) -> bool:
        """Whether a telephone can make and take calls: it is in service, and a mobile is switched on."""
        return device.state == IN_SERVICE and (not device.mobile or self.remote_extension)

    @classmethod
    def of(cls, spec: "UserSpec") -> "User":
        """Return the user for a specification."""
        devices = {
            item.id: Device(
                item.id,
                item.type,
                item.sub_type or "",
                IN_SERVICE if item.in_service else OUT_OF_SERVICE,
                addons=item.addons,
            )
            for item in spec.devices
        }
        return cls(
            login=spec.login,
            number=spec.number,
            first_name=spec.first_name,
            last_name=spec.last_name,
            devices=devices,
            voicemail=spec.voicemail,
            voicemail_number=spec.voicemail_number,
            licences=frozenset(spec.licences),
            lines=spec.lines,
            associate=spec.associate,
            supervisor=spec.supervisor,
            pin=spec.pin.get_secret_value(),
            secret_code=spec.secret_code.get_secret_value(),
            business_codes=spec.business_codes,
            node=spec.node,
            hunting_group=spec.hunting_group,
            logged_on=spec.hunting_group is not None,
            agent=Agent.of(spec.agent) if spec.agent is not None else None,
            department=spec.department,
            pstn_numbers=spec.pstn_numbers,
            caller_id=spec.caller_id,
            email=spec.email,
            external_login=spec.external_login,
            photo_url=spec.photo_url,
            rcc=spec.rcc,
            crm=spec.crm,
        )


@dataclass(frozen=True, slots=True)
class Counters:
    """Return the counters of a user; ``None`` is unknown (there is no mailbox)."""

    missed_calls: int
    voicemails: int | None
    callbacks: int
    new_texts: int
    old_texts: int = 0

    @property
    def waiting(self) -> bool:
        """Whether the message lamp is lit."""
        return bool(self.missed_calls or self.voicemails or self.callbacks or self.new_texts)


@dataclass(slots=True, eq=False)
class HuntingGroup:
    """A number that several people share; members are chosen in turn."""

    number: str
    name: str = ""
    turn: int = 0
