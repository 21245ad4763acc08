"""The wire of one Istra server: logs in, stays logged in, makes requests, opens the socket."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, TypeVar, cast

import aiohttp

from ..errors import InvalidInput, NotSupported, Offline, PbxError, SessionLost
from ..exchange import Exchange, WireClient
from ..http.leftovers import LeftSessions
from ..http.tap import WireStatistics
from ..http.transport import Answer, only_pbx_errors
from ..loops import settle
from ..operations import Operation, Query, operation_of
from ..settings.connection import ConnectionSettings
from ..wire import Wire
from .decoding import Push, read_answer
from .services import Crm, EndUser, IstraServices, Rcc, SessionService
from .session import SessionKeeper
from .socket import KEEP_ALIVE, PushSocket, SocketEnd, open_socket
from .transport import NOT_ALLOWED_FOR_CRM, IstraTransport, refusal, said_code
from .types.base import to_json
from .types.session import Application, Listener, ListenerRequest

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")
TOUCH: Final = 300.0
"""Seconds without a request after which one is made while the socket is open: sessions expire where none are."""
APPLICATIONS: Final = {"myrcc": Application.RCC, "mycrm": Application.CRM, "myistra": Application.USER}
"""By the name of the system in the settings."""
_TOUCHES: Final[dict[Application, tuple[Callable[..., Any], dict[str, str]]]] = {
    Application.RCC: (Rcc.extension_page, {"offset": "0", "length": "1"}),
    Application.CRM: (Crm.terminals, {}),
    Application.USER: (EndUser.info, {}),
}
_ALIAS_STATUSES: Final = (404, 405)


class IstraClient(IstraServices, WireClient):
    """One Istra server's wire, as one application: ``client.rcc.hold(…)``. See ``WireClient`` for what it raises.

    A session that has expired is replaced by another, once, and the request repeated: the refusal says that it was not
    carried out.
    """

    server = "an Istra server"
    _transport: IstraTransport
    _session: SessionKeeper

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        *,
        statistics: WireStatistics | None = None,
        left: LeftSessions | None = None,
    ) -> None:
        """Use the connections of this session to reach the server of the settings, and nothing else of it.

        ``left`` are sessions of earlier clients that could not be given back.
        """
        application = APPLICATIONS.get(settings.system)
        if application is None:
            raise InvalidInput("system", f"{settings.system} is no application of Istra.")
        self.settings = settings
        self.application = application
        statistics = statistics if statistics is not None else WireStatistics()
        transport = IstraTransport(settings, http, application, statistics=statistics)
        WireClient.__init__(self, transport, SessionKeeper(transport, left), statistics)
        IstraServices.__init__(self, self)
        self._listeners: dict[str, None] = {}
        self._sockets: set[PushSocket] = set()
        self._aliased: set[str] = set()
        """Operations that this server has at their other path only."""
        self._by_get: set[str] = set()
        """Operations that this server wants by GET."""
        self._repeating = 0
        """Requests that are being made again in a new session."""
        self._last_request = monotonic()
        self._touching: asyncio.Task[None] | None = None
        self.touch_every = TOUCH

    def __repr__(self) -> str:
        """Name application and server."""
        return f"<IstraClient {self.application} {self.url}>"

    # ----------------------------------------------------------------------------------------------------- session

    @property
    def url(self) -> str:
        """The base in use: where a redirect has led, if there was one."""
        return self._transport.base

    @property
    def opened(self) -> bool:
        """Whether there is a session."""
        return self._session.opened

    async def open(self) -> None:
        """Log in. After an error nothing is left behind.

        Raises ``AuthenticationFailed`` (``TwoStepRequired`` is one), ``NotAllowed``, ``NotReady`` or another
        ``RequestRefused``, ``CertificateFailed``, ``ConnectionFailed``, ``InvalidInput``.
        """
        try:
            with only_pbx_errors("The login", safe=True):
                await self._transport.open()
                await self._session.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close sockets, listeners and the session: best effort, within seconds; never raises. May be called twice."""
        touching, self._touching = self._touching, None
        if touching is not None:
            touching.cancel()
            await settle(touching)
        try:
            self._close_downloads()
            await self._session.close(self._farewell)
            for socket in self._sockets:
                await socket.close()
            self._sockets.clear()
        finally:
            self._listeners.clear()
            await self._transport.close()

    async def _farewell(self) -> None:
        operation = operation_of(SessionService.delete_listener)
        for name in list(self._listeners):
            await self._transport.request(
                operation.method, operation.target({"name": name}, {}), name=str(operation), safe=True
            )

    # ---------------------------------------------------------------------------------------------------- requests

    def check(self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None) -> None:
        """Raise ``InvalidInput`` for what cannot be sent, ``NotSupported`` for what another application has."""
        if self.application not in operation.applications:
            raise NotSupported(
                f"{operation}: {self.application} does not have it.", missing=", ".join(operation.applications)
            )
        super().check(operation, path, query, body)

    def _may_send(self, operation: Operation[Any]) -> bool:
        return self._session.opened or (operation.name == "login" and self._session.generation > 0)

    async def _exchange(
        self, operation: Operation[T], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Exchange[T]:
        if operation.name not in {"login", "logout"}:
            return await super()._exchange(operation, path, query, body)
        self._require(operation, path, query, body)
        self._last_request = monotonic()
        with only_pbx_errors(str(operation), safe=True):
            await (self._log_in() if operation.name == "login" else self._session.log_out())
        return Exchange(cast("T", None))

    async def _send(
        self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Answer:
        self._last_request = monotonic()
        answer = await self._answered(operation, path, query, body)
        if not 200 <= answer.status < 300:
            transport = self._transport
            cookies = len(transport.cookie_header)
            raise refusal(answer, str(operation), transport.secrets, safe=operation.repeatable, cookies=cookies)
        if operation.name == "create_listener" and isinstance(body, ListenerRequest):
            self._listeners[body.name] = None  # noted at once: its answer may be one that cannot be read
        return answer

    def _note(self, operation: Operation[Any], path: Mapping[str, str], body: Wire | None, result: Any) -> None:
        if isinstance(result, Listener) and isinstance(body, ListenerRequest) and result.name != body.name:
            del self._listeners[body.name]  # the server calls it otherwise
            self._listeners[result.name] = None
        elif operation.name == "delete_listener":
            self._listeners.pop(path["name"], None)

    def _decode(self, body: bytes, kind: Any) -> Any:
        return read_answer(body, kind, self.statistics)

    async def _log_in(self) -> None:
        generation = self._session.generation
        try:
            await self._session.renew(generation)
        finally:
            self._tell_of_the_new_session()

    async def _answered(
        self,
        operation: Operation[Any],
        path: Mapping[str, str],
        query: Query,
        body: Wire | None,
    ) -> Answer:
        """The answer in this session, or in a new one if this one has expired."""
        await self._session.settled()
        generation = self._session.generation
        answer = await self._spelled(operation, path, query, body)
        if answer.status != 401 or said_code(answer) == NOT_ALLOWED_FOR_CRM:
            return answer
        if query.get("listenerName") is not None or operation.name == "delete_listener":
            return answer  # the listener went with the session, and the next session has none of that name
        self._repeating += 1
        try:
            await self._session.renew(generation)
            return await self._spelled(operation, path, query, body)
        finally:
            self._repeating -= 1
            if not self._repeating:  # the owner closes this client then
                self._tell_of_the_new_session()

    def _tell_of_the_new_session(self) -> None:
        if self._listeners or any(not socket.closed for socket in self._sockets):
            self._session.lose(
                SessionLost(
                    "The session had expired; listeners and socket ended with it.",
                    operation=str(operation_of(SessionService.login)),
                    status=401,
                    transient=True,
                )
            )

    async def _spelled(
        self,
        operation: Operation[Any],
        path: Mapping[str, str],
        query: Query,
        body: Wire | None,
    ) -> Answer:
        """The answer to the request as the guides have it, or else as some servers want it instead."""
        key = f"{operation.service}.{operation.name}"
        transport, name = self._transport, str(operation)
        encoded, safe = None if body is None else body.to_json(), operation.repeatable
        method = "GET" if key in self._by_get else operation.method
        target = operation.target(path, query, alias=key in self._aliased)
        answer = await transport.request(method, target, name=name, body=encoded, safe=safe, stream=operation.streams)
        if answer.status in _ALIAS_STATUSES and operation.alias is not None and key not in self._aliased:
            other = operation.target(path, query, alias=True)
            second = await transport.request(method, other, name=name, body=encoded, safe=safe)
            if 200 <= second.status < 300:
                self._aliased.add(key)
            if second.status not in _ALIAS_STATUSES:
                return second
        elif answer.status == 405 and method == "POST" and body is None:
            second = await transport.request("GET", target, name=name, safe=safe)
            if 200 <= second.status < 300:
                self._by_get.add(key)
            if second.status not in _ALIAS_STATUSES:
                return second
        elif answer.status == 400 and isinstance(body, ListenerRequest) and body.terminal_id is not None:
            alone = to_json(ListenerRequest(name=body.name))
            # By the name alone, as clients in the field send it; then as two objects, as the guide has it.
            for other_body in (alone, alone + b"\n" + to_json({"terminalId": body.terminal_id})):
                second = await transport.request(method, target, name=name, body=other_body, safe=True)
                if 200 <= second.status < 300:
                    return second
        return answer

    # ------------------------------------------------------------------------------------------------------ socket

    async def open_socket(self, *, keep_alive: float = KEEP_ALIVE) -> PushSocket:
        """Open the socket that pushes come over, and keep socket and session alive.

        ``keep_alive`` are the seconds between two keepalives on myIstra; on the others the server says it. A session
        that has expired is replaced, once. Raises ``SessionLost``, ``NotReady`` or another ``RequestRefused``,
        ``ConnectionFailed``, ``CertificateFailed``.
        """
        if not self._session.opened:
            raise Offline("WS: there is no session.", remedy="Log in first.")
        with only_pbx_errors("The socket", safe=True):
            socket = await self._open_socket(keep_alive)
        self._sockets = {one for one in self._sockets if not one.closed}
        self._sockets.add(socket)
        if self._touching is None:
            self._touching = asyncio.create_task(self._touch(), name="istra-session")
        return socket

    async def _open_socket(self, keep_alive: float) -> PushSocket:
        generation = self._session.generation
        try:
            return await open_socket(self._transport, keep_alive=keep_alive)
        except SessionLost as error:
            if error.status != 401:
                self._session.lose(error)
                raise
            try:
                await self._session.renew(generation)
            finally:
                self._tell_of_the_new_session()
            try:
                return await open_socket(self._transport, keep_alive=keep_alive)
            except SessionLost as again:
                self._session.lose(again)
                raise

    async def _touch(self) -> None:
        """Make a request now and then: a session that only listens expires."""
        touched, query = _TOUCHES[self.application]
        operation = operation_of(touched)
        while not self._session.lost.is_set():
            left = self._last_request + self.touch_every - monotonic()
            if left > 0:
                await asyncio.sleep(left)
                continue
            self._last_request = monotonic()
            if not self.opened or all(socket.closed for socket in self._sockets):
                continue
            try:
                await self.call(operation, query=query)
            except PbxError as error:
                _LOGGER.debug("The session could not be kept alive: %s", type(error).__name__)


__all__ = ["IstraClient", "Push", "PushSocket", "SocketEnd", "WireStatistics"]
