"""Istra's sessions: the two forms of user names, cookies, tokens, and how long a session lives."""

import base64
import binascii
import hmac
import secrets
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...switch.changes import Change, UserChange
from .refusals import Refusal, bad_request, mismatch, no_crm, two_steps, unauthorized

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from ..o2g.sessions import Account
    from .face import IstraFace
    from .listeners import Listener
    from .sockets import Socket

RCC: Final = "myRCC"
CRM: Final = "myCrm"
USER: Final = "myIstra"
APPLICATIONS: Final = (RCC, CRM, USER)
END_USER: Final = "ENDUSER:"
HEADER: Final = "X-Application"
NO_DIALOG: Final = "X-Authenticate"
"""``false``: a refused login shall not make a browser ask for one."""
MODULE: Final = "X-RestletApiModuleEntityName"
"""Names the module of a cluster that shall serve a request. There is only one here."""
TWO_LEVELS: Final = "X-Two-Level-Auth-Mechanism"
"""Says how the second password was sent."""
_REMEMBERED: Final = 8
"""How many tokens of a session are valid at once when they are renewed."""


def cookie_name(application: str) -> str:
    """Return the name of the session cookie."""
    return f"{application}_SESSIONID"


@dataclass(slots=True, eq=False)
class Session:
    """A session."""

    id: str = field(repr=False)
    application: str
    login: str
    tokens: deque[str] = field(repr=False)
    """The valid tokens, newest last."""
    deadline: float = 0.0
    """When it expires unless it is used, in seconds of the clock."""
    listeners: "dict[str, Listener]" = field(default_factory=dict)
    socket: "Socket | None" = None
    alive: bool = True
    timer: "TimerHandle | None" = field(default=None, repr=False)

    @property
    def token(self) -> str:
        """The newest token."""
        return self.tokens[-1]

    @property
    def header(self) -> str:
        """The value of the header that carries the token."""
        return f"{self.application};{self.token}"


class Sessions:
    """All sessions."""

    def __init__(self, face: "IstraFace") -> None:
        """Start without sessions."""
        self._face = face
        self._by_id: dict[str, Session] = {}
        self._second: set[str] = set()
        """Logins to whom a second password was sent that is still valid."""

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def all(self) -> tuple[Session, ...]:
        """The live sessions, oldest first."""
        return tuple(self._by_id.values())

    # -- logging in ---------------------------------------------------------------------------------------------

    def log_in(self, application: str | None, authorization: str | None) -> Session:
        """Open a session for these credentials."""
        name = (application or "").partition(";")[0].strip()
        if name not in APPLICATIONS:
            raise bad_request(f"{HEADER}: must be one of {', '.join(APPLICATIONS)}")
        if self._face.faults.logins_refused:
            raise unauthorized("nobody may log in at the moment")
        login = self._whom(name, authorization)
        session = Session(str(secrets.randbits(63)), name, login, deque(maxlen=_REMEMBERED))
        self.renew(session)
        self._by_id[session.id] = session
        self.touch(session)
        self._watch(session)
        return session

    def _whom(self, application: str, authorization: str | None) -> str:
        """Return the login that the credentials belong to; refuses with the matching status."""
        if authorization is None:
            raise unauthorized("log in with HTTP Basic")
        text = _basic(authorization)
        account, first = self._administrator(text) if application == RCC else self._end_user(text)
        if account is None:
            raise unauthorized("the login or the password is wrong")
        if first and self._asks_twice(account):
            self._second.add(account.login)
            raise two_steps(self._face.variants.two_step_by)
        if not first and self._face.variants.two_step_once:
            self._second.discard(account.login)
        if application == CRM and not self._face.switch.users[account.login].crm:
            raise no_crm()
        return account.login

    def _asks_twice(self, account: "Account") -> bool:
        return self._face.variants.two_step or account.two_step

    def _verify(self, name: str, password: str) -> "tuple[Account | None, bool]":
        """Check a password. Returns the account, and whether it was its own password and not the second one."""
        account = self._face.accounts.verify(name, password)
        if account is not None:
            return account, True
        account = self._face.accounts.get(name)
        second = self._face.settings.second_password.get_secret_value()
        if account is None or name not in self._second or not self._asks_twice(account):
            return None, False
        return (account, False) if hmac.compare_digest(password.encode(), second.encode()) else (None, False)

    def _administrator(self, text: str) -> "tuple[Account | None, bool]":
        """Check the account that monitors an enterprise: ``login|enterprise:password``."""
        name, _, rest = text.partition("|")
        enterprise, _, password = rest.partition(":")
        account, first = self._verify(name, password)
        right = enterprise == self._face.settings.enterprise
        return (account if account is not None and account.administrator and right else None), first

    def _end_user(self, text: str) -> "tuple[Account | None, bool]":
        """Check a user with a telephone: ``ENDUSER:login:password``; the login may be a public number."""
        if not text.startswith(END_USER):
            return None, False
        name, _, password = text.removeprefix(END_USER).partition(":")
        users = self._face.switch.users
        if name not in users:
            name = next((user.login for user in users.values() if name in user.pstn_numbers), name)
        account, first = self._verify(name, password)
        return (account if account is not None and account.login in users else None), first

    # -- being logged in ----------------------------------------------------------------------------------------

    def find(self, cookies: Mapping[str, str], header: str | None, authorization: str | None) -> Session:
        """Return the session of a request and extend its life. Refuses a missing session or a wrong token."""
        application, _, token = (part.strip() for part in (header or "").partition(";"))
        session = self.of(cookies, application)
        without_cookie = not any(cookie_name(each) in cookies for each in APPLICATIONS)
        if without_cookie and not self._face.variants.cookie_needed:
            session = self._of_token(application, token)
        if session is None:
            if without_cookie and authorization is not None:
                return self.log_in(header, authorization)
            raise unauthorized("unknown session id")
        if application != session.application or token not in session.tokens:
            raise mismatch()
        if authorization is not None and not self._names(session, authorization):
            raise mismatch()
        self.touch(session)
        return session

    def _of_token(self, application: str, token: str) -> Session | None:
        """Return the session of a token that comes without its cookie, as many clients send it."""
        for session in self._by_id.values():
            if session.application == application and token in session.tokens:
                return session if self._face.clock.now() < session.deadline else None
        return None

    def _names(self, session: Session, authorization: str) -> bool:
        """Whether credentials that came with a cookie are those of its session."""
        try:
            return self._whom(session.application, authorization) == session.login
        except Refusal:
            return False

    def of(self, cookies: Mapping[str, str], application: str | None = None) -> Session | None:
        """Return the session that the cookies name: that of the application, or any."""
        names = [application] if application in APPLICATIONS else []
        for name in (*names, *APPLICATIONS):
            session = self._by_id.get(cookies.get(cookie_name(name), ""))
            if session is not None and session.application == name:
                if self._face.clock.now() < session.deadline:
                    return session
                self.close(session)
        return None

    def renew(self, session: Session) -> None:
        """Give a session a new token."""
        session.tokens.append(str(uuid.uuid4()))

    def touch(self, session: Session) -> None:
        """Restart the lifetime of a session."""
        session.deadline = self._face.clock.now() + self._face.settings.istra_idle

    def _watch(self, session: Session) -> None:
        """End a session whose time is over. Requests do not move the timer: it checks again when it fires."""
        left = session.deadline - self._face.clock.now()
        if left <= 0:
            self.close(session)
        else:
            session.timer = self._face.clock.call_later(left, lambda: self._watch(session))

    # -- ends ---------------------------------------------------------------------------------------------------

    def close(self, session: Session) -> None:
        """End a session, with its listeners and its socket."""
        if not session.alive:
            return
        session.alive = False
        self._by_id.pop(session.id, None)
        if session.timer is not None:
            session.timer.cancel()
        for listener in tuple(session.listeners.values()):
            self._face.listeners.remove(listener)
        if session.socket is not None:
            session.socket.close()

    def close_of(self, login: str) -> None:
        """End the sessions of a user who was deleted."""
        for session in self.all:
            if session.login == login:
                self.close(session)

    def apply(self, change: "Change") -> None:
        """Apply a change of the switch: the sessions of a deleted user end."""
        if isinstance(change, UserChange) and change.kind == "deleted":
            self.close_of(change.login)

    def clear(self) -> None:
        """End all sessions."""
        for session in self.all:
            self.close(session)


def _basic(header: str) -> str:
    """Return user and password of HTTP Basic; the scheme may have any case."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise unauthorized("only HTTP Basic is known here")
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise unauthorized("the credentials are no Base64") from None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
