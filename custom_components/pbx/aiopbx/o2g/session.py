"""Logging in: from the address of a server to an open session that stays open."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final, TypeVar
from urllib.parse import urlsplit

from ..errors import AuthenticationFailed, ConnectionFailed, NotAllowed, PbxError, RequestRefused
from ..exchange import Session
from ..http.body import MOST_OF_A_LOGIN
from ..http.leftovers import FAREWELL, LeftSession, LeftSessions
from ..http.transport import GATEWAY_ERRORS
from ..operations import operation_of
from ..settings.addresses import PORTS, site_name
from .decoding import read_answer
from .services.sessions import Sessions
from .transport import Answer, Transport
from .types.base import Wire, to_json
from .types.overview import RoxeRestApiDescriptor, Version
from .types.sessions import (
    AuthenticateResult,
    SessionInfo,
    SessionRequest,
    SessionTokenInfo,
    SupervisedAccount,
    SupervisedAccountType,
)

_LOGGER = logging.getLogger(__name__)
W = TypeVar("W", bound=Wire)

ROOT: Final = "/api/rest"
VERSION: Final = "1.0"
_TIME_TO_LIVE: Final = 120
"""Seconds, where the server does not say."""
_CLOSE: Final = "DELETE /sessions"
_LONGEST_TO_LIVE: Final = 24 * 3600

# Where services are when the session does not list them.
_RELATIVE_URLS: Final = {
    "telephony": "/telephony",
    "users": "/users",
    "routing": "/routing",
    "eventsummary": "/eventSummary",
    "subscriptions": "/subscriptions",
    "directory": "/directory",
    "comlog": "/comlog/records",
    "voicemail": "/messaging/mailboxes",
    "phonesetprogramming": "/users",
    "pbxmanagement": "/pbxs",
    "maintenance": "/system",
    "acdagent": "/acd/agent",
}


_ROOT: Final = "root"
_ELSEWHERE: Final = frozenset({"sessions", _ROOT})
"""What is not below the base URL of the services."""


def _key(service: str) -> str:
    """The name of a service as it is compared: servers and clients disagree about capitals, and some have blanks."""
    return service.lower().replace(" ", "")


class SessionKeeper(Session):
    """Opens the session, keeps it alive and closes it. ``lost`` is set when it is gone."""

    def __init__(self, transport: Transport, left: LeftSessions | None = None) -> None:
        """Log in over this transport. ``left`` are sessions that could not be given back before."""
        super().__init__()
        self.transport = transport
        self._left = left if left is not None else LeftSessions()
        self.descriptor = RoxeRestApiDescriptor()
        self.info = SessionInfo()
        self.token_expires: str | None = None
        """Until when a session that was opened with a token lasts, as the server writes it."""
        self._sessions_url = ""
        self._base_url = ""
        self._relative: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    # ----------------------------------------------------------------------------------------------------- opening

    async def open(self) -> SessionInfo:
        """Find the server's version, authenticate, open a session, keep it alive."""
        transport, settings = self.transport, self.transport.settings
        self.descriptor = await self._read_root()
        version = _version(self.descriptor)
        if version is None:
            raise transport.not_o2g("The server names no version of its interface.")
        url = transport.choose(version.public_url, version.internal_url, what="the login")
        await self.give_back_what_was_left()
        granted = await self._authenticate(url)
        self._sessions_url = transport.choose(granted.public_url, granted.internal_url, what="sessions")
        account = settings.supervised
        request = SessionRequest(
            application_name=settings.application_name,
            supervised_account=None
            if account is None
            else SupervisedAccount(id=account.id, type=SupervisedAccountType(account.by.upper())),
        )
        if len(settings.application_name) > 32:  # no name, but a token
            transport.secrets.add(settings.application_name)
        self.opened = True  # from here on there may be a session to close, answered or not
        try:
            answer = await transport.request(
                "POST",
                self._sessions_url,
                name="POST /sessions",
                body=to_json(request),
                safe=True,
                most=MOST_OF_A_LOGIN,
            )
        except RequestRefused:
            self.opened = False  # the session that there may be is another's
            raise
        self.info = self._read(answer, SessionInfo, "POST /sessions")
        self._base_url = transport.choose(self.info.public_base_url, self.info.private_base_url, what="its services")
        self._relative = {
            _key(service.service_name): service.relative_url
            for service in self.info.services
            if service.service_name and service.relative_url
        }
        self.token_expires = self.info.expiration_date
        self._task = asyncio.create_task(self._keep_alive(), name="o2g-keepalive")
        return self.info

    async def _read_root(self) -> RoxeRestApiDescriptor:
        name = f"GET {ROOT}"
        try:
            answer = await self.transport.request(
                "GET", self.transport.url + ROOT, name=name, with_cookies=False, safe=True, most=MOST_OF_A_LOGIN
            )
        except RequestRefused as error:
            if error.transient or error.status >= 500:
                raise  # the address may be right: what answers there fails
            message = error.message
            made = self.transport.not_o2g(message)
            if error.status == 404 and error.remedy:
                made.remedy = f"{made.remedy} {error.remedy}"
            raise made from None
        return self._read(answer, RoxeRestApiDescriptor, name)

    async def give_back_what_was_left(self) -> None:
        """Close former sessions at this server, before another takes a licence. Raises ``ConnectionFailed``."""
        transport = self.transport

        async def close(session: LeftSession) -> None:
            transport.cookies = dict(session.cookies)
            for value in transport.cookies.values():
                transport.secrets.add_passing(value)
            try:
                await transport.request(
                    "DELETE", session.url, name=_CLOSE, safe=True, most=MOST_OF_A_LOGIN, timeout=FAREWELL
                )
            except RequestRefused as error:
                if error.is_of_a_proxy:
                    raise
                # Else it is gone already.

        try:
            await self._left.give_back(transport.url, close)
        finally:
            transport.cookies = {}

    async def _authenticate(self, url: str) -> AuthenticateResult:
        transport = self.transport
        name = f"GET {ROOT}/authenticate"
        login = (transport.settings.username, transport.settings.password.get_secret_value())
        transport.cookies.clear()
        try:
            answer = await transport.request("GET", url, name=name, basic=login, safe=True, most=MOST_OF_A_LOGIN)
        except RequestRefused as error:
            if error.status == 401:
                raise AuthenticationFailed(
                    f"The server does not accept the login of {login[0]}.", remedy="Check user name and password."
                ) from error
            if isinstance(error, NotAllowed) and (error.code is not None or error.type or error.help_message):
                raise AuthenticationFailed(
                    f"The account {login[0]} may not log in ({error.status}).",
                    remedy="Check the rights of the account with the administrator of the server.",
                ) from error
            if error.status == 403 and error.remedy is None:
                error.remedy = (
                    "O2G says in JSON why it refuses a login, and this is none: look at what stands before it."
                )
            raise
        granted = self._read(answer, AuthenticateResult, name)
        transport.secrets.add(granted.credential)
        if "AlcUserId" not in transport.cookies and granted.credential:
            transport.cookies["AlcUserId"] = granted.credential
        return granted

    def _read(self, answer: Answer, kind: type[W], name: str) -> W:
        try:
            return read_answer(answer.body, kind, self.transport.statistics)
        except ValueError:
            raise self.transport.not_o2g(f"{name}: the answer cannot be read.") from None

    # -------------------------------------------------------------------------------------------------------- URLs

    def has(self, service: str) -> bool:
        """Whether the server has this service. Those of the reference have a usual place, listed or not."""
        key = _key(service)
        return key in _RELATIVE_URLS or key in _ELSEWHERE or key in self._relative

    def url(self, service: str, target: str) -> str:
        """Where an operation of a service is: the URLs of the server exactly as it gave them, then what follows."""
        if service == "Sessions":
            return self._sessions_url.rstrip("/") + target.removeprefix("/sessions")
        key = _key(service)
        if key == _ROOT:
            parts = urlsplit(self._base_url)
            return f"{parts.scheme}://{parts.netloc}/{target.lstrip('/')}"
        if key not in _RELATIVE_URLS and key not in _ELSEWHERE:
            # What came after the reference has no usual place. The first part of its paths is its name.
            below = target.removeprefix(f"/{key}")
            target = self._relative[key].rstrip("/") + below
            if target.startswith(("http://", "https://")):
                return self.transport.where(target)
            return f"{self._base_url.rstrip('/')}/{target.lstrip('/')}"
        usual = _RELATIVE_URLS.get(key, "")
        relative = self._relative.get(key, usual)
        if usual and target.startswith(usual):
            target = relative.rstrip("/") + target[len(usual) :]
        elif usual and relative != usual and relative.rstrip("/").endswith(usual):
            target = relative.rstrip("/")[: -len(usual)] + target  # beside it, as /logins is beside /users
        if target.startswith(("http://", "https://")):
            return self.transport.where(target)
        return f"{self._base_url.rstrip('/')}/{target.lstrip('/')}"

    # ------------------------------------------------------------------------------------------------- keeping alive

    async def _keep_alive(self) -> None:
        """Restart the session's timer well before it ends. A refusal means that the session is gone."""
        life = min(self.info.time_to_live or 0, _LONGEST_TO_LIVE)
        if life <= 0:
            life = _TIME_TO_LIVE
        name = str(operation_of(Sessions.keepalive))
        alive = monotonic()
        pause = life / 3
        while True:
            await asyncio.sleep(pause)
            try:
                answer = await self.transport.request(
                    "POST",
                    self.url("Sessions", "/sessions/keepalive"),
                    name=name,
                    safe=True,
                    timeout=min(self.transport.settings.request_timeout, life / 3),
                    most=MOST_OF_A_LOGIN,
                )
            except RequestRefused as error:
                no_answer = error.transient and error.status in GATEWAY_ERRORS  # of a proxy: O2G has refused nothing
                if (error.retry_after is None and not no_answer) or monotonic() - alive >= life:
                    self.lose(error)
                    return
                pause = min(max(error.retry_after or 0.0, life / 12), life / 3)  # busy, and the session is there
                continue
            except PbxError as error:
                if not isinstance(error, ConnectionFailed) or monotonic() - alive >= life:
                    self.lose(error)
                    return
                pause = life / 12  # the server may be reached again before the timer ends
                continue
            except Exception as error:
                # Without keepalives the session would end later, unnoticed; so it counts as lost now.
                _LOGGER.exception("Keeping the session alive failed in a way that was not foreseen")
                self.lose(ConnectionFailed(f"Keeping the session alive failed ({type(error).__name__})."))
                return
            alive, pause = monotonic(), life / 3
            if answer.body.strip():
                self._read_token(answer.body)

    def _read_token(self, body: bytes) -> None:
        try:
            token = read_answer(body, SessionTokenInfo, self.transport.statistics)
        except ValueError:
            return
        self.token_expires = token.expiration_date or self.token_expires

    # ----------------------------------------------------------------------------------------------------- closing

    async def close(self, farewell: Callable[[], list[tuple[str, str]]]) -> None:
        """Stop keeping alive, and give back what the server holds for this client. Bounded, never raises.

        ``farewell`` names what to delete before the session, each as the name of the operation and its URL.
        """
        transport = self.transport
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not self.opened or not self._sessions_url:
            return
        self.opened = False
        requests = [] if self.lost.is_set() else farewell()
        try:
            async with asyncio.timeout(FAREWELL):
                for name, url in [*requests, (_CLOSE, self._sessions_url)]:
                    try:
                        await transport.request("DELETE", url, name=name, safe=True, most=MOST_OF_A_LOGIN)
                    except RequestRefused as error:
                        if error.is_of_a_proxy:
                            raise
                        continue  # it is gone already
                    except (PbxError, TimeoutError):
                        raise  # the server cannot be reached, so that the rest would only take time
                    except Exception:
                        # The session is given back all the same: it holds a licence.
                        _LOGGER.exception("%s failed in a way that was not foreseen", name)
        except (PbxError, TimeoutError) as error:
            _LOGGER.debug("The session could not be closed: %s", type(error).__name__)
            if transport.cookies:
                self._left.leave(transport.url, LeftSession(self._sessions_url, dict(transport.cookies)))


def sites_of(descriptor: RoxeRestApiDescriptor) -> tuple[str, ...]:
    """Return the hosts and ports by which a server names itself, its public ones first."""
    version = _version(descriptor)
    urls = (version.public_url, version.internal_url) if version is not None else ()
    found: dict[str, None] = {}
    for url in filter(None, urls):
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.hostname:
                found[site_name(parts.hostname.rstrip("."), parts.port or PORTS.get(parts.scheme))] = None
    return tuple(found)


def _version(descriptor: RoxeRestApiDescriptor) -> Version | None:
    """Choose the version that this client speaks, else the server's current one, else its first."""
    usable = [version for version in descriptor.versions if version.public_url or version.internal_url]
    for version in usable:
        if version.id == VERSION:
            return version
    for version in usable:
        if version.status == "CURRENT":
            return version
    return usable[0] if usable else None
