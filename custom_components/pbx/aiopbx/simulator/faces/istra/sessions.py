"""Istra's sessions: the two forms of user names, cookies, tokens, and how long a session lives."""

import base64
import binascii
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
        account = self._administrator(text) if application == RCC else self._end_user(text)
        if account is None:
            raise unauthorized("the login or the password is wrong")
        if self._face.variants.two_step or account.two_step:
            raise two_steps()
        if application == CRM and not self._face.switch.users[account.login].crm:
            raise no_crm()
        return account.login

    def _administrator(self, text: str) -> "Account | None":
        """Check the account that monitors an enterprise: ``login|enterprise:password``."""
        name, _, rest = text.partition("|")
        enterprise, _, password = rest.partition(":")
        account = self._face.accounts.verify(name, password)
        right = enterprise == self._face.settings.enterprise
        return account if account is not None and account.administrator and right else None

    def _end_user(self, text: str) -> "Account | None":
        """Check a user with a telephone: ``ENDUSER:login:password``; the login may be a public number."""
        if not text.startswith(END_USER):
            return None
        name, _, password = text.removeprefix(END_USER).partition(":")
        users = self._face.switch.users
        if name not in users:
            name = next((user.login for user in users.values() if name in user.pstn_numbers), name)
        account = self._face.accounts.verify(name, password)
        return account if account is not None and account.login in users else None

    # -- being logged in ----------------------------------------------------------------------------------------

    def find(self, cookies: Mapping[str, str], header: str | None, authorization: str | None) -> Session:
        """Return the session of a request and extend its life. Refuses a missing session or a wrong token."""
        application, _, token = (part.strip() for part in (header or "").partition(";"))
        session = self.of(cookies, application)
        if session is None:
            if not any(cookie_name(each) in cookies for each in APPLICATIONS) and authorization is not None:
                return self.log_in(header, authorization)
            raise unauthorized("unknown session id")
        if application != session.application or token not in session.tokens:
            raise mismatch()
        if authorization is not None and not self._names(session, authorization):
            raise mismatch()
        self.touch(session)
        return session

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
