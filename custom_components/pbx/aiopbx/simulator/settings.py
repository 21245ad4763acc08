"""The settings of a simulated PBX: users, ports, times. People write them, so pydantic names what is wrong."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from .switch.settings import AgentSpec, SwitchSettings

Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,30}$")]
PublicNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{1,14}$")]
"""An E.164 number, such as ``+15550100``."""
Licence = Literal["TELEPHONY_BASIC", "TELEPHONY_ADVANCED", "MESSAGING", "API_PHONESETPROG", "API_CONTACTCENTER_AGENT"]
"""The licences of a user."""
SystemLicence = Literal[
    Licence,
    "MANAGEMENT",
    "HA",
    "CLOUD_CONNECTIVITY",
    "TOKEN_MODE",
    "ANALYTICS",
    "CONTACTCENTER_RSI",
    "CONTACTCENTER_SVCS",
]
"""The licences of a server."""


class Settings(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class DeviceSpec(Settings):
    """A telephone of a user."""

    id: Number
    """Its number, by which requests and events name it."""
    type: Literal["DECT", "DESKPHONE", "MOBILE", "SOFTPHONE"] = "DESKPHONE"
    sub_type: str | None = None
    in_service: bool = True
    addons: tuple[Literal["ADDON_10_KEYS", "ADDON_20_KEYS", "ADDON_40_KEYS", "ADDON_EL_14_KEYS"], ...] = ()
    """Its key modules."""


class UserSpec(Settings):
    """A user of the switch: login, name, telephones, rights."""

    login: Login
    number: Number
    first_name: str = ""
    last_name: str = ""
    password: SecretStr = SecretStr("secret")
    devices: tuple[DeviceSpec, ...] = ()
    """The telephones. By default one desk phone, whose id is the user's number."""
    voicemail: bool = True
    """Whether the user has a voicemail box."""
    voicemail_number: Number = "5000"
    voicemail_password: SecretStr | None = None
    """The password of the mailbox. By default the user's, even after that has changed."""
    remote_extension: bool = False
    """Whether the user has a remote extension: a mobile with the number "6" and its own, unless one is given."""
    associate: Number | None = None
    """The number of the associate, where an overflow may lead to."""
    supervisor: Number | None = None
    """The number that a call to the supervisor leads to."""
    hunting_group: Number | None = None
    """The number of the hunting group the user belongs to."""
    lines: Annotated[int, Field(ge=1, le=10)] = 2
    """How many calls each telephone takes at once."""
    pin: SecretStr = SecretStr("")
    """The PIN for private calls; ``None`` allows no private call."""
    secret_code: SecretStr = SecretStr("")
    """The secret code for private calls."""
    business_codes: tuple[str, ...] = ()
    """The cost centres that business calls can be charged to; if empty, any digits."""
    licences: frozenset[Licence] = frozenset(
        {"TELEPHONY_ADVANCED", "MESSAGING", "API_PHONESETPROG", "API_CONTACTCENTER_AGENT"}
    )
    """The licences of the user."""
    node: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}$")] = "1"
    """The node of the PBX the user belongs to."""
    acd: bool = False
    """Whether the user is an operator (agent or supervisor) of the call centre; one with ``agent`` is."""
    agent: AgentSpec | None = None
    """The kind of operator; with ``acd`` alone, an agent without a processing group."""
    managed: bool = True
    """Whether O2G knows the user from the start; others are subscribers of the node that it can take in."""
    gui_language: str = "en"
    oxe_language: str = "Generic_English"
    rcc: bool = True
    """Of Istra: whether myRCC shows and controls the extension."""
    crm: bool = True
    """Of Istra: whether the user may use myCrm."""
    department: Annotated[str, StringConstraints(max_length=60)] = ""
    pstn_numbers: tuple[PublicNumber, ...] = ()
    """The public numbers; the first is shown outside unless ``caller_id`` is set. Istra accepts them as logins, too."""
    email: Annotated[str, StringConstraints(max_length=120)] = ""
    external_login: Annotated[str, StringConstraints(max_length=120)] = ""
    """The login at an outside identity provider."""
    photo_url: str = ""
    """The URL of a picture of the user."""
    caller_id: PublicNumber | None = None
    """The number to show outside instead of the user's own, as set in myIstra."""
    two_step: bool = False
    """Of Istra: whether logging in needs two steps: first the password, then the second one that was sent."""

    @model_validator(mode="after")
    def _fill_devices(self) -> Self:
        devices = list(self.devices) or [DeviceSpec(id=self.number, type="DESKPHONE", sub_type="NOE_C_Color_IP")]
        if self.remote_extension and not any(device.type == "MOBILE" for device in devices):
            devices.append(DeviceSpec(id=f"6{self.number}", type="MOBILE", sub_type="REMOTE_EXTENSION"))
        ids = [device.id for device in devices]
        if len(set(ids)) != len(ids):
            raise ValueError(f"devices: {self.login} has two devices with the same id")
        # the model is frozen, but this is its construction
        object.__setattr__(self, "devices", tuple(devices))
        if self.acd or self.agent is not None:
            object.__setattr__(self, "acd", True)
            object.__setattr__(self, "agent", self.agent or AgentSpec())
        return self


def office_of_four() -> tuple[UserSpec, ...]:
    """Return the default users."""
    people = (
        ("Alice", "Martin", "Sales"),
        ("Bob", "Keller", "Sales"),
        ("Carol", "Diaz", "Support"),
        ("David", "Okafor", "Support"),
    )
    return tuple(
        UserSpec(
            login=f"oxe{1000 + index}",
            number=str(1000 + index),
            first_name=first,
            last_name=last,
            remote_extension=index < 2,
            department=department,
        )
        for index, (first, last, department) in enumerate(people)
    )


class SimulatorSettings(Settings):
    """The settings of a simulated PBX. A port may be 0: any that is free, which a restart keeps."""

    host: str = "127.0.0.1"
    """The address to listen on. Anything but loopback lets others in: the passwords are those of the users below."""
    host_names: tuple[Annotated[str, StringConstraints(min_length=1, max_length=253)], ...] = ()
    """Names under which it may be asked for, beside loopback, ``host`` and the address of this machine that a request
    comes to; ``*`` is any. Under others it refuses: a page in a browser may let its own name lead here."""
    public_url: str | None = None
    """What the (primary) O2G server names as its public URL, such as ``https://pbx.example.com/o2g`` of a proxy;
    ``None`` is the URL that it was asked for, or that a proxy says (``X-Forwarded-…``). The private one always is."""
    public_event_url: str | None = None
    """The same for its event channel, such as ``https://pbx.example.com:8016``; ``None`` is the host of the public URL
    at ``event_port``."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of the API (https with ``tls``)."""
    event_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of the event channel (https with ``tls``). Real servers use 8014, and 8016 for https."""
    tls: bool = False
    """Serve https as well: ``port`` and ``event_port`` then use https, the two below plain http."""
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of the API over plain http, with ``tls``."""
    http_event_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of the event channel over plain http, with ``tls``."""
    certificate_folder: Path | None = None
    """Where the certificate and its private key are kept; ``None`` is a temporary private folder."""
    contacts: tuple[Path, ...] = ()
    """Phone books, vCards or CSV: who calls from a number in them is named, and they are in the directory."""
    users: tuple[UserSpec, ...] = Field(default_factory=office_of_four)
    admin_login: Login = "admin"
    admin_password: SecretStr = SecretStr("admin")
    scenario: str | Path | None = None
    """The name of a scenario that comes with the simulator, or a file. It brings its people and plays by itself."""
    speed: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """How fast the scenario plays."""
    switch: SwitchSettings = SwitchSettings()
    """The behaviour of the telephony: ringing times, parking, hunting groups."""
    time_to_live: Annotated[int, Field(ge=1, le=86_400)] = 1800
    """Seconds that a session lives after its last request."""
    credential_length: Annotated[int, Field(ge=64, le=65_536)] = 64
    """Letters of the credential of O2G, its cookie ``AlcUserId``: signed tokens with many rights have thousands."""
    heartbeat: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds between two heartbeats of a channel that was subscribed with timeout 0."""
    origins: tuple[str, ...] = ()
    """Origins of browser pages that may use the API and the event ports, such as ``https://app.example.com``; ``*`` is
    any. Real servers have such a list, too, and it is empty at first."""
    empty_lists: bool = True
    """Whether empty lists are sent, as live servers do, or left out."""
    event_queue: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Events that a subscription keeps while its channel is closed or slow; then the oldest are dropped."""
    telephony_licences: Annotated[int, Field(ge=0)] | None = None
    """TELEPHONY_ADVANCED licences installed; ``None`` is one for each user who has it."""
    licences: dict[SystemLicence, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Licences installed, by kind; by default one for each user who has it, MANAGEMENT for all users,
    HA for a pair, and none of the others. 0 is not installed."""
    licence_expiration: date | None = None
    """The last day of the licence file; ``None`` is never. Daily alarms run from 30 days before to 20 days after it."""
    webhook_attempts: Annotated[int, Field(ge=1, le=100)] = 6
    """How often a delivery to a webhook is attempted before its subscription is given up."""
    webhook_back_off: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds before the second attempt; each further pause is twice as long. Real time, not the clock's."""
    webhook_timeout: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Seconds that a webhook has to answer a delivery."""
    tunnel_url: SecretStr | None = None
    """Where the agent of the (primary) server opens its tunnel: ws or wss, with the secret as its last part."""
    tunnel_secret: SecretStr | None = None
    """The secret that the agent sends in a header, if the URL has none."""
    secondary_tunnel_url: SecretStr | None = None
    """The same for the secondary server, with ``ha``."""
    secondary_tunnel_secret: SecretStr | None = None
    tunnel_retry: Annotated[float, Field(gt=0, le=600)] = 1.0
    """Seconds before an agent reconnects; the pauses grow to thirty times that. Real time."""
    outgoing_tls: Literal["verify", "none"] = "verify"
    """Whether the certificates of webhooks and tunnels are verified."""
    outgoing_ca_file: Path | None = None
    """PEM file of the authority to trust for them, instead of the system's."""
    ha: bool = False
    """A pair of servers on one switch: the primary on the ports above, the secondary on those below."""
    secondary_port: Annotated[int, Field(ge=0, le=65535)] = 0
    secondary_event_port: Annotated[int, Field(ge=0, le=65535)] = 0
    secondary_http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of the secondary server's API over plain http, with ``tls``."""
    secondary_http_event_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of the secondary server's event channel over plain http, with ``tls``."""
    istra: bool = False
    """Offer the same switch through Istra's three applications as well: myRCC, myCrm and myIstra."""
    istra_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of Istra (https with ``tls``)."""
    istra_http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of Istra over plain http, with ``tls``."""
    enterprise: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^|:]+$")] = "example"
    """Of Istra: the enterprise of the extensions; the administrator logs in as ``admin|example``."""
    rcc_page: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Of Istra: the most extensions on a page, and the default."""
    istra_push: Annotated[float, Field(ge=0, le=60)] = 0.1
    """Of Istra: seconds over which changes are collected before they are pushed; 0 pushes each at once."""
    istra_timeout: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    """Of Istra: seconds without a ping after which a socket of myRCC or myCrm is closed; three are due in it."""
    istra_idle: Annotated[float, Field(gt=0, le=86_400)] = 1800.0
    """Of Istra: seconds that a session lives after its last request, ping or keepalive."""
    second_password: SecretStr = SecretStr("2468")
    """Of Istra: what users get as their second password, where logging in needs two steps."""
    istra_origins: tuple[str, ...] = ("*",)
    """Of Istra: origins of browser pages that may use it, such as ``https://app.example.com``; ``*`` is any."""
    caller_ids: tuple[str, ...] = ("+*",)
    """Of Istra: the numbers that users may show outside; ``*`` in a pattern stands for any digits."""

    @field_validator("public_url", "public_event_url")
    @classmethod
    def _a_web_address(cls, url: str | None) -> str | None:
        if url is not None and not is_url(url, "http", "https"):
            raise ValueError("must begin with http:// or https:// and name a host")
        return url

    @field_validator("tunnel_url", "secondary_tunnel_url")
    @classmethod
    def _a_web_socket(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not is_web_socket(url.get_secret_value()):
            raise ValueError("must begin with ws:// or wss:// and name a host")
        return url

    @field_validator("users")
    @classmethod
    def _users_differ(cls, users: tuple[UserSpec, ...]) -> tuple[UserSpec, ...]:
        seen: dict[str, str] = {}
        for user in users:
            if user.login in seen:
                raise ValueError(f"the login {user.login} stands there twice")
            seen[user.login] = user.login
        owners: dict[str, str] = {}
        for user in users:
            for number in {user.number, *(device.id for device in user.devices)}:
                if number in owners:
                    raise ValueError(f"the number {number} belongs to {owners[number]} and to {user.login}")
                owners[number] = user.login
            for number in user.pstn_numbers:
                if number in owners:
                    raise ValueError(f"pstn_numbers: {number} belongs to {owners[number]} and to {user.login}")
                owners[number] = user.login
        return users

    @model_validator(mode="after")
    def _accounts_and_ports_differ(self) -> Self:
        if any(user.login == self.admin_login for user in self.users):
            raise ValueError(f"admin_login: {self.admin_login} is the login of a user")
        if self.telephony_licences is not None and "TELEPHONY_ADVANCED" in self.licences:
            raise ValueError("licences: TELEPHONY_ADVANCED stands there and in telephony_licences")
        names = ["port", "event_port"]
        if self.tls:
            names += ["http_port", "http_event_port"]
        if self.ha:
            names += ["secondary_port", "secondary_event_port"]
            if self.tls:
                names += ["secondary_http_port", "secondary_http_event_port"]
        elif self.secondary_tunnel_url is not None:
            raise ValueError("secondary_tunnel_url: there is a secondary server only with ha")
        if self.istra:
            names += ["istra_port", "istra_http_port"] if self.tls else ["istra_port"]
        ports: dict[int, str] = {}
        for name in names:
            port = getattr(self, name)
            if port and port in ports:
                raise ValueError(f"{name}: {port} is the {ports[port]} already")
            ports[port] = name
        return self


def is_web_socket(url: str) -> bool:
    """Whether this is the URL of a WebSocket."""
    return is_url(url, "ws", "wss")


def is_url(url: str, *schemes: str) -> bool:
    """Whether this is a URL with one of these schemes and a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
