"""Logging in to Istra, once more when the session has expired, and out again."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Final

from ..errors import (
    AuthenticationFailed,
    ConnectionFailed,
    NotAllowed,
    PbxError,
    RequestRefused,
    SessionLost,
    TwoStepRequired,
)
from ..exchange import Session
from ..http.body import MOST_OF_A_LOGIN
from ..http.leftovers import FAREWELL, LeftSession, LeftSessions
from ..http.secrets import Secrets
from ..http.transport import Answer
from ..loops import settle
from ..operations import operation_of
from .services import SessionService
from .transport import NOT_ALLOWED_FOR_CRM, TWO_STEP, IstraTransport, refusal
from .types.session import Application

_LOGGER = logging.getLogger(__name__)

_LOGIN: Final = "v1/service/Login"
_LOGOUT: Final = "v1/service/Logout"
_NOTHING_THERE: Final = (404, 405)
"""What a host answers to a login that it knows nothing of."""


_MECHANISM: Final = "X-Two-Level-Auth-Mechanism"
_SENT_BY: Final = re.compile(r"authBy([A-Za-z]{1,20})")


def _sent_by(answer: Answer, secrets: Secrets) -> str | None:
    """How the second password was sent, if the answer says so."""
    found = _SENT_BY.match(answer.headers.get(_MECHANISM, "").strip())
    return secrets.hide(found[1]) if found is not None else None


_kept: Final = LeftSessions()
"""Sessions that a second password has opened, by server, application, account and that password.

Many second passwords are valid once. So such a session is not given back when a client is closed: the next one, after a
loss or after the dialog that asked for the password, goes on with it. If it has expired meanwhile, the server says so.
"""


class SessionKeeper(Session):
    """Opens the session, opens another when it has expired, and closes it. ``lost`` is set when it is gone for good."""

    def __init__(self, transport: IstraTransport, left: LeftSessions | None = None) -> None:
        """Log in over this transport. ``left`` are sessions that could not be given back before."""
        super().__init__()
        self._left = left if left is not None else LeftSessions()
        self.transport = transport
        self.generation = 0
        """How many sessions there have been."""
        self._by_second = False
        """Whether a second password has opened the session."""
        self._opening = asyncio.Lock()
        self._closing = False

    @property
    def login_name(self) -> str:
        """The name as the application wants it."""
        settings = self.transport.settings
        if self.transport.application is Application.RCC:
            return f"{settings.username}|{settings.enterprise}"
        return f"ENDUSER:{settings.username}"

    async def open(self) -> None:
        """Log in, wherever below the address the interface is."""
        transport = self.transport
        await self.give_back_what_was_left()
        *likely, last = transport.bases()
        for base in likely:
            transport.base = base
            try:
                return await self.log_in()
            except RequestRefused as error:
                if error.status not in _NOTHING_THERE:
                    raise
                _LOGGER.debug("There is no interface at %s", base)
        transport.base = last
        try:
            await self.log_in()
        except RequestRefused as error:
            if error.status not in _NOTHING_THERE:
                raise
            transport.base = transport.bases()[0]
            raise transport.not_istra(f"{error.operation} was refused ({error.status}).") from None

    async def give_back_what_was_left(self) -> None:
        """Log former sessions out, as some accounts have only one. Raises ``ConnectionFailed``."""
        transport = self.transport

        async def close(session: LeftSession) -> None:
            self._take_over(session)
            answer = await self._request_logout()
            if answer.status >= 500:
                error = refusal(answer, _LOGOUT, transport.secrets, safe=True)
                if isinstance(error, RequestRefused) and error.is_of_a_proxy:
                    raise error

        try:
            await self._left.give_back(transport.settings.url, close)
        finally:
            transport.forget()
            transport.base = transport.bases()[0]

    def _take_over(self, session: LeftSession) -> None:
        """Go on with a session that another client has opened."""
        transport = self.transport
        transport.base, transport.token, transport.cookies = session.url, session.token, dict(session.cookies)
        for value in (*transport.cookies.values(), transport.token):
            if value:
                transport.secrets.add_passing(value)

    def _to_leave(self) -> LeftSession | None:
        """Return the session for a later client, if there is one."""
        transport = self.transport
        if not transport.cookies and not transport.token:
            return None
        return LeftSession(transport.base, dict(transport.cookies), transport.token)

    async def log_in(self) -> None:
        """Log in where the interface is; the session that there was is forgotten.

        Cancelled, it is carried through first: a session whose token is not known could not be closed.
        """
        work = asyncio.create_task(self._log_in(), name="istra-login")
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            try:
                await asyncio.wait({work}, timeout=FAREWELL)
            finally:
                await settle(work)
            raise

    async def _log_in(self) -> None:
        transport = self.transport
        name = str(operation_of(SessionService.login))
        transport.forget()
        if self._adopt():
            return
        answer = await self._ask_login(name)
        if not 200 <= answer.status < 300:
            transport.forget()
            raise self._refused(refusal(answer, name, transport.secrets, safe=True, login=True), answer)
        if transport.token is None and not transport.cookies:
            raise transport.not_istra(f"{name}: the answer holds no session.")
        self.generation += 1
        self.opened = True

    async def _ask_login(self, name: str) -> Answer:
        """Ask for a session: with the second password, if there is one and it is still valid, else with the first.

        The first would make the server send another one, and perhaps void the one that someone has typed.
        """
        settings = self.transport.settings
        passwords = [settings.password]
        if settings.second_password is not None:
            passwords.insert(0, settings.second_password)
        for password in passwords:
            self._by_second = password is settings.second_password
            basic = (self.login_name, password.get_secret_value())
            answer = await self.transport.request(
                "POST", _LOGIN, name=name, basic=basic, safe=True, most=MOST_OF_A_LOGIN
            )
            if answer.status != 401:
                break
            _LOGGER.debug("The server does not accept a password")
        return answer

    def _adopt(self) -> bool:
        """Take over the session that the same second password has opened before, if it was kept."""
        kept = _kept.take(self._key) if self.transport.settings.second_password is not None else []
        if not kept:
            return False
        self._take_over(kept[-1])
        self._by_second = True
        self.generation += 1
        self.opened = True
        _LOGGER.debug("A session that was kept goes on")
        return True

    def _keep(self) -> None:
        """Keep the session for the next client of this account."""
        session = self._to_leave()
        if session is not None:
            _kept.leave(self._key, session)

    @property
    def _key(self) -> str:
        settings = self.transport.settings
        second = settings.second_password.get_secret_value() if settings.second_password is not None else ""
        return "\n".join((settings.url, str(self.transport.application), self.login_name, second))

    def _refused(self, error: PbxError, answer: Answer) -> PbxError:
        if not isinstance(error, RequestRefused):
            return error
        name = self.transport.settings.username
        made: AuthenticationFailed
        if error.status == TWO_STEP:
            said = f" The server says: {error.help_message.rstrip('.')}." if error.help_message else ""
            sent_by = _sent_by(answer, self.transport.secrets)
            how = f" (by {sent_by})" if sent_by else ""
            void = ", and the given one is not valid" if self.transport.settings.second_password is not None else ""
            made = TwoStepRequired(
                f"The account {name} logs in in two steps: the server has sent a second password{how}{void}.{said}",
                sent_by=sent_by,
                remedy="Give it as second_password, or use an account without two-step authentication.",
            )
        elif error.status == 401 and error.code != NOT_ALLOWED_FOR_CRM:
            made = AuthenticationFailed(
                f"The server does not accept the login of {name}.",
                remedy="Check user name, password and enterprise."
                if self.transport.application is Application.RCC
                else "Check user name and password.",
            )
        elif error.status == 403 and isinstance(error, NotAllowed):
            made = AuthenticationFailed(
                f"The account {name} may not log in to {self.transport.application}.",
                remedy="Check the rights of the account with the administrator of the server.",
            )
        else:
            return error
        made.__cause__ = error
        return made

    async def renew(self, generation: int) -> None:
        """Log in once more because the session of this generation has expired, unless that has been done already."""
        async with self._opening:
            if self._closing:
                raise ConnectionFailed("The connection is closed.")
            if generation != self.generation:
                return
            try:
                await self.log_in()
            except RequestRefused as error:
                if not error.transient:
                    self.lose(error)
                raise
            except AuthenticationFailed as error:
                self.lose(error)
                raise
            _LOGGER.debug("The session had expired, and there is a new one")

    async def settled(self) -> None:
        """Wait for a login that is under way: what is sent meanwhile would belong to no session."""
        if self._opening.locked():
            async with self._opening:
                pass

    async def log_out(self) -> None:
        """Log out, by GET where POST is not served. Raises ``RequestRefused``."""
        transport = self.transport
        name = str(operation_of(SessionService.logout))
        try:
            answer = await self._request_logout()
        finally:
            self.opened = False
        if not 200 <= answer.status < 300:
            raise refusal(answer, name, transport.secrets, safe=True)
        transport.forget()  # whichever cookie the answer says is over

    async def _request_logout(self) -> Answer:
        transport, name = self.transport, str(operation_of(SessionService.logout))
        answer = await transport.request("POST", _LOGOUT, name=name, safe=True, most=MOST_OF_A_LOGIN)
        if answer.status == 405:
            answer = await transport.request("GET", _LOGOUT, name=name, safe=True, most=MOST_OF_A_LOGIN)
        return answer

    def _leave(self, error: PbxError | TimeoutError) -> None:
        """Remember the session, unless the server has answered: then it knows nothing of it, or does not let it go."""
        answered = isinstance(error, RequestRefused) and not error.is_of_a_proxy
        session = self._to_leave()
        if session is not None and not answered:
            self._left.leave(self.transport.settings.url, session)

    async def close(self, farewell: Callable[[], Awaitable[None]]) -> None:
        """Say farewell, and log out. Bounded, never raises. A login that is under way is waited for."""
        self._closing = True
        if not self.opened and not self._opening.locked():
            return
        try:
            async with asyncio.timeout(FAREWELL):
                await self.settled()
                try:
                    if not self.lost.is_set():
                        await farewell()
                except (PbxError, TimeoutError):
                    raise
                except Exception:
                    # The session is given back all the same: some accounts have only one.
                    _LOGGER.exception("Deleting the listeners failed in a way that was not foreseen")
                if self._by_second and not self.lost.is_set():
                    self._keep()
                else:
                    await self.log_out()
        except SessionLost:
            pass  # it was gone already
        except (PbxError, TimeoutError) as error:
            _LOGGER.debug("The session could not be closed: %s", type(error).__name__)
            self._leave(error)
        except Exception:
            _LOGGER.exception("Logging out failed in a way that was not foreseen")
        finally:
            self.opened = False
            self.transport.forget()
