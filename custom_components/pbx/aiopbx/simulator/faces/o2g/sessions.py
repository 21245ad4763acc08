"""Accounts, credentials and sessions: the logins, the two cookies, and how long a session lives."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ....o2g.types.base import Wire
from ....o2g.types.sessions import Service, SessionInfo, SessionRequest, SessionTokenInfo, SupervisedAccountType
from ...origin import Origin
from . import (
    analytics,
    call_centre,
    pilot_monitoring,
    real_time,
    recording,
    routing_points,
    statistics,
    user_management,
)
from .context import Answer, Context, Route
from .refusals import NOT_ALLOWED, NOT_FOUND, Refusal, bad_parameter, invalid_session, not_allowed

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from ...settings import SimulatorSettings, UserSpec
    from .server import O2gServer

CREDENTIAL_COOKIE: Final = "AlcUserId"
SESSION_COOKIE: Final = "JSESSIONID"
TOKEN: Final = "token"  # noqa: S105 - the word that such an application name begins with

# The services of this server: name and path below the base URL.
SERVICES: Final = (
    ("Telephony", "/telephony"),
    ("Users", "/users"),
    ("Routing", "/routing"),
    ("EventSummary", "/eventSummary"),
    ("Subscriptions", "/subscriptions"),
    ("Directory", "/directory"),
    ("ComLog", "/comlog/records"),
    ("Voicemail", "/messaging/mailboxes"),
    ("Maintenance", "/system"),
    ("PhoneSetProgramming", "/users"),
    ("PbxManagement", "/pbxs"),
    ("AcdAgent", "/acd/agent"),
)
FOR_ADMINISTRATORS: Final = (
    call_centre.MANAGEMENT,
    real_time.SERVICE,
    pilot_monitoring.SERVICE,
    routing_points.SERVICE,
    statistics.SERVICE,
    analytics.SERVICE,
    user_management.SERVICE,
)
"""Those that only sessions of administrators have."""
_LICENSED: Final = {
    call_centre.MANAGEMENT[0]: "CONTACTCENTER_SVCS",
    real_time.SERVICE[0]: "CONTACTCENTER_SVCS",
    pilot_monitoring.SERVICE[0]: "CONTACTCENTER_SVCS",
    routing_points.SERVICE[0]: "CONTACTCENTER_RSI",
    statistics.SERVICE[0]: "CONTACTCENTER_SVCS",
    analytics.SERVICE[0]: "ANALYTICS",
}
"""Services that a server without this licence does not have."""
# What every session may use, whatever its token lists. ``logins`` belongs to ``users``.
_ALWAYS: Final = frozenset({"sessions", "subscriptions"})
_BESIDE: Final = {
    "logins": "users",
    "messaging": "voicemail",
    "system": "maintenance",
    "pbxs": "pbxmanagement",
    "acd": "acdagent",
    **{path.strip("/"): name.lower() for name, path in (*FOR_ADMINISTRATORS, recording.SERVICE)},
}


class Authenticated(Wire, kw_only=True):
    """The answer to a login: the credential, which is also the cookie, and the URL to open sessions at."""

    credential: str
    public_url: str
    internal_url: str


GRACE: Final = 5.0
"""Seconds that a session outlives its time: some clients send the keepalive when that is over, which is on its way."""


@dataclass(slots=True)
class Account:
    """An account that can log in."""

    login: str
    password: str = field(repr=False)
    administrator: bool = False
    gui_language: str = "en"
    oxe_language: str = "Generic_English"
    mailbox_password: str | None = field(default=None, repr=False)
    """The password of the mailbox; ``None`` is the account's own."""
    two_step: bool = False
    """Whether Istra needs a second step."""


class Accounts:
    """Logins, passwords and preferences of the users and the administrator. Both servers of a pair share them."""

    def __init__(self, settings: "SimulatorSettings") -> None:
        """Make the accounts from the settings."""
        self._accounts: dict[str, Account] = {}
        self._kept: dict[str, Account] = {}
        password = settings.admin_password.get_secret_value()
        self._accounts[settings.admin_login] = Account(settings.admin_login, password, administrator=True)
        for user in settings.users:
            self.add(user)

    def add(self, user: "UserSpec") -> None:
        """Add the account of a user."""
        password = user.password.get_secret_value()
        self._accounts[user.login] = Account(
            user.login,
            password,
            gui_language=user.gui_language,
            oxe_language=user.oxe_language,
            mailbox_password=user.voicemail_password.get_secret_value() if user.voicemail_password else None,
            two_step=user.two_step,
        )

    def remove(self, login: str, *, kept: bool = False) -> None:
        """Remove the account of a user; ``kept`` is until it is restored."""
        account = self._accounts.pop(login, None)
        if kept and account is not None:
            self._kept[login] = account

    def restore(self, login: str) -> None:
        """Let a user log in again as before."""
        if login in self._kept:
            self._accounts[login] = self._kept.pop(login)

    def get(self, login: str) -> Account | None:
        """Return the account with this login."""
        return self._accounts.get(login)

    def verify(self, login: str, password: str) -> Account | None:
        """Return the account if the password is right; takes as long if it is wrong."""
        account = self._accounts.get(login)
        expected = account.password if account else ""
        right = hmac.compare_digest(password.encode(), expected.encode())
        return account if account is not None and right else None


@dataclass(frozen=True, slots=True)
class Token:
    """A bypass token, given as the application name. It limits the session and takes no licence.

    Real tokens are encrypted. Here: ``token;expires=2030-01-31T12:00:00Z;services=Telephony,Routing`` where
    ``services`` may be left out and means all.
    """

    expires: datetime
    services: frozenset[str] | None = None

    @classmethod
    def parse(cls, name: str) -> "Token | None":
        """Read an application name; ``None`` if it is a plain name."""
        word, *parts = name.split(";")
        if word.strip().lower() != TOKEN:
            return None
        values = {key.strip().lower(): value.strip() for key, _, value in (part.partition("=") for part in parts)}
        try:
            expires = datetime.fromisoformat(values["expires"])
        except (KeyError, ValueError):
            raise bad_parameter("applicationName", "a token needs expires=<ISO 8601 date and time>") from None
        if expires.tzinfo is None:
            expires = expires.replace(tzinfo=UTC)
        listed = values.get("services")
        services = frozenset(part.strip().lower() for part in listed.split(",")) if listed else None
        return cls(expires, services)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Session:
    """An opened session."""

    id: str = field(repr=False)
    """Value of the cookie ``JSESSIONID``."""
    credential: str = field(repr=False)
    """Value of the cookie ``AlcUserId``."""
    login: str
    """Whose rights it has: the supervised account's, if an administrator opened it for one."""
    administrator: bool
    application: str
    created: datetime
    deadline: float
    """When it expires unless it is used, in seconds of the clock."""
    opened_by: str = ""
    token: Token | None = None
    taken: set[tuple[str, str]] = field(default_factory=set)
    """The licences that its requests have taken, and for whom."""
    watched: set[str] = field(default_factory=set)
    """The pilots whose calls come as events."""
    real_time: "real_time.Watching | None" = field(default=None, repr=False)
    """What it wants to know of the call centre."""
    at_end: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What is done when it ends, by what needs it."""
    alive: bool = True
    timer: "TimerHandle | None" = field(default=None, repr=False)

    def may_use(self, service: str) -> bool:
        """Whether its token, if any, includes the service with this first segment of a path."""
        if self.token is None or self.token.services is None:
            return True
        name = service.lower()
        return name in _ALWAYS or _BESIDE.get(name, name) in self.token.services


@dataclass(slots=True)
class _Credential:
    account: Account
    timer: "TimerHandle"
    used: bool = False


class Sessions:
    """All credentials and sessions of a server."""

    def __init__(self, server: "O2gServer") -> None:
        """Start without sessions."""
        self._server = server
        self._credentials: dict[str, _Credential] = {}
        self._by_id: dict[str, Session] = {}
        self._by_credential: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> "Any":
        return iter(tuple(self._by_id.values()))

    def authenticate(self, header: str | None) -> str:
        """Check HTTP Basic credentials; returns the value of the cookie that stands for them from now on."""
        if self._server.faults.logins_refused:
            raise _unauthorized("Nobody may log in at the moment.")
        if header is None:
            raise _unauthorized("Log in with HTTP Basic.")
        login, password = _basic(header)
        account = self._server.accounts.verify(login, password)
        if account is None:
            raise _unauthorized("The login or the password is wrong.")
        value = secrets.token_hex((self._server.settings.credential_length + 1) // 2)
        timer = self._server.clock.call_later(self._server.settings.time_to_live, lambda: self._forget(value))
        self._credentials[value] = _Credential(account, timer)
        return value

    def _forget(self, credential: str) -> None:
        """Drop a credential that was not used in time."""
        entry = self._credentials.get(credential)
        if entry is not None and not entry.used:
            del self._credentials[credential]

    def open(self, cookie: str | None, request: SessionRequest) -> Session:
        """Open the session of a credential, which works only once."""
        entry = self._credentials.get(cookie or "")
        if entry is None:
            raise invalid_session("Authenticate first; this credential is unknown or was used up.")
        if entry.used:
            raise not_allowed("This credential has a session already.")
        if not request.application_name.strip():
            raise bad_parameter("applicationName", "must not be empty")
        token = Token.parse(request.application_name)
        clock = self._server.clock
        if token is not None and token.expires <= clock.utc():
            raise not_allowed("applicationName: the token has expired.")
        login, administrator = self._supervised(entry.account, request)
        session = Session(
            id=f"{secrets.token_hex(16).upper()}.tomcat",
            credential=cookie or "",
            login=login,
            administrator=administrator,
            application=TOKEN if token else request.application_name,
            created=clock.utc(),
            deadline=0.0,
            opened_by=entry.account.login,
            token=token,
        )
        entry.used = True
        entry.timer.cancel()
        self._by_id[session.id] = session
        self._by_credential[session.credential] = session
        self.touch(session)
        self._watch(session)
        return session

    def _supervised(self, account: Account, request: SessionRequest) -> tuple[str, bool]:
        """Return the account of a new session, and whether it is an administrator's."""
        wanted = request.supervised_account
        if wanted is None:
            return account.login, account.administrator
        if not account.administrator:
            raise not_allowed("supervisedAccount: only an administrator may open a session for someone else.")
        if not wanted.id:
            raise bad_parameter("supervisedAccount.id", "must name the account")
        if wanted.type == SupervisedAccountType.PHONE_NUMBER:
            user = self._server.switch.by_number(wanted.id)
            supervised = self._server.accounts.get(user.login) if user is not None else None
        elif wanted.type == SupervisedAccountType.LOGIN_NAME:
            supervised = self._server.accounts.get(wanted.id)
        else:
            raise bad_parameter("supervisedAccount.type", "must be LOGIN_NAME or PHONE_NUMBER")
        if supervised is None:
            message = f"supervisedAccount.id: there is no account with the {wanted.type} {wanted.id}."
            raise Refusal(NOT_FOUND, message, status=HTTPStatus.BAD_REQUEST)
        return supervised.login, supervised.administrator

    def find(self, cookies: Mapping[str, str]) -> Session:
        """Return the session of these cookies (either is enough) and extend its life. Refuses if there is none."""
        session = self._by_id.get(cookies.get(SESSION_COOKIE, ""))
        session = session or self._by_credential.get(cookies.get(CREDENTIAL_COOKIE, ""))
        if session is None:
            raise invalid_session()
        if self._server.clock.now() >= session.deadline + GRACE:
            self.close(session)
            raise invalid_session("The session has expired.")
        self.touch(session)
        return session

    def touch(self, session: Session) -> None:
        """Restart the session's lifetime; the end of its token does not move."""
        clock = self._server.clock
        deadline = clock.now() + self._server.settings.time_to_live
        if session.token is not None:
            deadline = min(deadline, clock.now() + (session.token.expires - clock.utc()).total_seconds())
        session.deadline = deadline

    def _watch(self, session: Session) -> None:
        """Close the session when its time is over. Requests do not move the timer: it checks again when it fires."""
        clock = self._server.clock
        left = session.deadline + GRACE - clock.now()
        if left <= 0:
            self.close(session)
        else:
            session.timer = clock.call_later(left, lambda: self._watch(session))

    def close(self, session: Session) -> None:
        """End a session with its subscriptions and channels, and invalidate both cookies."""
        if not session.alive:
            return
        session.alive = False
        if session.timer is not None:
            session.timer.cancel()
        self._by_id.pop(session.id, None)
        self._by_credential.pop(session.credential, None)
        self._credentials.pop(session.credential, None)
        self._server.subscriptions.end_session(session)
        while session.at_end:
            session.at_end.popitem()[1]()

    def close_of(self, login: str) -> None:
        """End every session of a user who was deleted."""
        for session in tuple(self._by_id.values()):
            if login in (session.login, session.opened_by):
                self.close(session)
        for value, entry in tuple(self._credentials.items()):
            if entry.account.login == login:
                entry.timer.cancel()
                del self._credentials[value]

    def clear(self) -> None:
        """End all sessions and forget every credential."""
        for session in tuple(self._by_id.values()):
            self.close(session)
        for entry in self._credentials.values():
            entry.timer.cancel()
        self._credentials.clear()

    def _services(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Return the services that a session has: name and path."""
        recorded = (recording.SERVICE,) if self._server.switch.recorders.all else ()
        return (*SERVICES, *recorded, *(FOR_ADMINISTRATORS if session.administrator else ()))

    def _licensed(self, service: str) -> bool:
        """Whether the server has the licence of a service."""
        licence = _LICENSED.get(service)
        return licence is None or self._server.licences.installed(licence) > 0

    def info(self, session: Session, origin: Origin) -> SessionInfo:
        """Return the description of a session."""
        path = "/api/rest/1.0"
        ends = self._server.clock.utc() + timedelta(seconds=session.deadline - self._server.clock.now())
        if session.token is not None:
            ends = session.token.expires
        return SessionInfo(
            admin=session.administrator,
            login=session.login,
            time_to_live=self._server.settings.time_to_live,
            public_base_url=self._server.public(origin).base + path,
            private_base_url=origin.base + path,
            services=tuple(
                Service(service_name=name, service_version="1.0", relative_url=url)
                for name, url in self._services(session)
                if session.may_use(name) and self._licensed(name)
            ),
            creation_date=iso(session.created),
            expiration_date=iso(ends),
        )


def iso(moment: datetime) -> str:
    """Format a date and time as the protocol does, in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unauthorized(message: str) -> Refusal:
    return Refusal(
        NOT_ALLOWED,
        message,
        status=HTTPStatus.UNAUTHORIZED,
        headers={"WWW-Authenticate": 'Basic realm="O2G", charset="UTF-8"'},
    )


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise _unauthorized("Log in with HTTP Basic; other schemes are not known here.")
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise _unauthorized("The Basic credentials are not Base64.") from None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    login, colon, password = text.partition(":")
    if not colon:
        raise _unauthorized("The Basic credentials are not login:password.")
    return login, password


def open_session(server: "O2gServer", cookie: str | None, body: Any, origin: Origin) -> Answer:
    """``POST /sessions``."""
    session = server.sessions.open(cookie, body)
    set_cookie = f"{SESSION_COOKIE}={session.id}; Path=/api"
    return Answer(HTTPStatus.OK, server.sessions.info(session, origin), (("Set-Cookie", set_cookie),))


def get_session(ctx: Context) -> SessionInfo:
    """``GET /sessions``."""
    return ctx.server.sessions.info(ctx.session, ctx.origin)


def close_session(ctx: Context) -> None:
    """``DELETE /sessions``."""
    ctx.server.sessions.close(ctx.session)


def keep_alive(ctx: Context) -> SessionTokenInfo | None:
    """``POST /sessions/keepalive``: finding the session has restarted its lifetime."""
    if ctx.session.token is None:
        return None
    return SessionTokenInfo(expiration_date=iso(ctx.session.token.expires))


ROUTES: Final = (
    Route("POST", "/sessions", open_session, body=SessionRequest, opens_session=True),
    Route("GET", "/sessions", get_session),
    Route("DELETE", "/sessions", close_session),
    Route("POST", "/sessions/keepalive", keep_alive),
)
