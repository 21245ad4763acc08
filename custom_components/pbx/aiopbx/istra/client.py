"""The wire of one Istra server: logs in, stays logged in, makes requests, opens the socket."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import Final, Self, TypeVar, cast

import aiohttp

from ..errors import ConnectionFailed, InvalidInput, NotSupported, Offline, OutcomeUnknown, PbxError, SessionLost
from ..http.download import Download
from ..http.secrets import Mask
from ..http.tap import WireStatistics
from ..http.transport import Answer
from ..loops import settle
from ..operations import Exchange
from ..settings.connection import ConnectionSettings
from .decoding import Push, read_answer
from .operations import OPERATIONS, Operation
from .services import Crm, EndUser, Rcc, SessionService
from .session import SessionKeeper
from .socket import KEEP_ALIVE, PushSocket, SocketEnd, open_socket
from .transport import NOT_ALLOWED_FOR_CRM, IstraTransport, refusal, said_code
from .types.base import IstraWire, to_json
from .types.session import Application, Listener, ListenerRequest

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")
TOUCH: Final = 300.0
"""Seconds without a request after which one is made while the socket is open: sessions expire where none are."""
APPLICATIONS: Final = {"myrcc": Application.RCC, "mycrm": Application.CRM, "myistra": Application.USER}
"""By the name of the system in the settings."""
_TOUCHES: Final = {
    Application.RCC: ("rcc.extension_page", {"offset": "0", "length": "1"}),
    Application.CRM: ("crm.terminals", {}),
    Application.USER: ("enduser.info", {}),
}
_ALIAS_STATUSES: Final = (404, 405)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class IstraClient:
    """One Istra server's wire, as one application. It has no model, and does not reconnect: it is made anew instead.

    The operations are methods of its services: ``service`` is there for every application, ``rcc``, ``crm`` and
    ``enduser`` for their own. Every one raises ``InvalidInput`` before sending what cannot be sent, a
    ``RequestRefused`` with everything the server said, ``ConnectionFailed`` where it was not sent or may be repeated,
    and ``OutcomeUnknown`` where it was sent, not answered, and may not. A session that has expired is replaced by
    another, once, and the request repeated: the refusal says that it was not carried out.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        *,
        statistics: WireStatistics | None = None,
    ) -> None:
        """Use the connections of this session to reach the server of the settings, and nothing else of it."""
        application = APPLICATIONS.get(settings.system)
        if application is None:
            raise InvalidInput("system", f"{settings.system} is no application of Istra.")
        self.settings = settings
        self.application = application
        self.statistics = statistics if statistics is not None else WireStatistics()
        self._transport = IstraTransport(settings, http, application, statistics=self.statistics)
        self._session = SessionKeeper(self._transport)
        self._listeners: dict[str, None] = {}
        self._sockets: set[PushSocket] = set()
        self._downloads: set[Download] = set()
        self.successor: Callable[[], Awaitable[Self]] | None = None
        """Waits for the client of the next session; None where there will be none."""
        self._aliased: set[str] = set()
        """Operations that this server has at their other path only."""
        self._by_get: set[str] = set()
        """Operations that this server wants by GET."""
        self._repeating = 0
        """Requests that are being made again in a new session."""
        self._last_request = monotonic()
        self._touching: asyncio.Task[None] | None = None
        self.touch_every = TOUCH
        self.service = SessionService(self)
        self.rcc = Rcc(self)
        self.crm = Crm(self)
        self.enduser = EndUser(self)

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

    @property
    def lost(self) -> asyncio.Event:
        """Set when the session that listeners and socket belong to is gone, even if there is another by now."""
        return self._session.lost

    @property
    def lost_reason(self) -> PbxError | None:
        """Why it is gone."""
        return self._session.lost_reason

    async def open(self) -> None:
        """Log in. After an error nothing is left behind.

        Raises ``AuthenticationFailed`` (``TwoStepRequired`` is one), ``NotAllowed``, ``NotReady`` or another
        ``RequestRefused``, ``CertificateFailed``, ``ConnectionFailed``, ``InvalidInput``.
        """
        try:
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
            for download in self._downloads:
                download.close()
            self._downloads.clear()
            await self._session.close(self._farewell)
            for socket in self._sockets:
                await socket.close()
            self._sockets.clear()
        finally:
            self._listeners.clear()
            await self._transport.close()

    async def _farewell(self) -> None:
        operation = OPERATIONS["service.delete_listener"]
        for name in list(self._listeners):
            await self._transport.request(
                operation.method, operation.target({"name": name}, {}), name=str(operation), safe=True
            )

    # ---------------------------------------------------------------------------------------------------- requests

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str] = _NOTHING,
        body: IstraWire | None = None,
    ) -> T:
        """Check and make one request, and return what the server answered, typed. ``OPERATIONS`` has them all."""
        return (await self.exchange(operation, path=path, query=query, body=body)).result

    async def exchange(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str] = _NOTHING,
        body: IstraWire | None = None,
    ) -> Exchange[T]:
        """As ``call``, and return the status and the bytes of the answer, too; none of logging in and out."""
        try:
            return await self._exchange(operation, path, query, body)
        except SessionLost:
            if self.successor is None or not operation.safe:
                raise
        # The refusal says that it was not carried out, so what is safe goes once more, in the next session.
        return await (await self.successor()).exchange(operation, path=path, query=query, body=body)

    async def _exchange(
        self, operation: Operation[T], path: Mapping[str, str], query: Mapping[str, str], body: IstraWire | None
    ) -> Exchange[T]:
        if not self._session.opened and not (operation.name == "login" and self._session.generation):
            raise Offline(f"{operation}: there is no session.", remedy="Log in first.")
        if self.application not in operation.applications:
            raise NotSupported(
                f"{operation}: {self.application} does not have it.", missing=", ".join(operation.applications)
            )
        operation.check(path, query)
        self._last_request = monotonic()
        if operation.name == "login":
            return Exchange(cast("T", await self._log_in()))
        if operation.name == "logout":
            return Exchange(cast("T", await self._session.log_out()))
        stream = operation.answer is Download
        answer = await self._answered(operation, path, query, body, stream)
        if not 200 <= answer.status < 300:
            error = refusal(answer, str(operation), self._transport.secrets, safe=operation.safe)
            if isinstance(error, SessionLost):
                self._session.lose(error)
            raise error
        if stream:
            return Exchange(cast("T", self._download(answer, str(operation))), answer.status)
        if operation.name == "create_listener" and isinstance(body, ListenerRequest):
            self._listeners[body.name] = None
        result = self._result(operation, answer)
        if isinstance(result, Listener) and isinstance(body, ListenerRequest) and result.name != body.name:
            del self._listeners[body.name]  # the server calls it otherwise
            self._listeners[result.name] = None
        elif operation.name == "delete_listener":
            self._listeners.pop(path["name"], None)
        return Exchange(result, answer.status, answer.body)

    @property
    def mask(self) -> Mask:
        """Through which texts are shown without secrets."""
        return self._transport.mask

    async def _log_in(self) -> None:
        generation = self._session.generation
        try:
            await self._session.renew(generation)
        finally:
            self._tell_of_the_new_session()

    async def _answered(
        self,
        operation: Operation[T],
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: IstraWire | None,
        stream: bool,
    ) -> Answer:
        """The answer in this session, or in a new one if this one has expired."""
        await self._session.settled()
        generation = self._session.generation
        answer = await self._spelled(operation, path, query, body, stream)
        if answer.status != 401 or said_code(answer) == NOT_ALLOWED_FOR_CRM:
            return answer
        if query.get("listenerName") is not None or operation.name == "delete_listener":
            return answer  # the listener went with the session, and there is none of that name in another
        self._repeating += 1
        try:
            await self._session.renew(generation)
            return await self._spelled(operation, path, query, body, stream)
        finally:
            self._repeating -= 1
            if not self._repeating:  # whoever hears of it will close this client
                self._tell_of_the_new_session()

    def _tell_of_the_new_session(self) -> None:
        if self._listeners or any(not socket.closed for socket in self._sockets):
            self._session.lose(
                SessionLost(
                    "The session had expired; listeners and socket ended with it.",
                    operation=str(OPERATIONS["service.login"]),
                    status=401,
                    transient=True,
                )
            )

    async def _spelled(
        self,
        operation: Operation[T],
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: IstraWire | None,
        stream: bool,
    ) -> Answer:
        """The answer to the request as the guides have it, or else as some servers want it instead."""
        key = f"{operation.service}.{operation.name}"
        transport, name = self._transport, str(operation)
        encoded = None if body is None else to_json(body)
        method = "GET" if key in self._by_get else operation.method
        target = operation.target(path, query, alias=key in self._aliased)
        answer = await transport.request(method, target, name=name, body=encoded, safe=operation.safe, stream=stream)
        if answer.status in _ALIAS_STATUSES and operation.alias is not None and key not in self._aliased:
            other = operation.target(path, query, alias=True)
            second = await transport.request(method, other, name=name, body=encoded, safe=operation.safe)
            if 200 <= second.status < 300:
                self._aliased.add(key)
            if second.status not in _ALIAS_STATUSES:
                return second
        elif answer.status == 405 and method == "POST" and body is None:
            second = await transport.request("GET", target, name=name, safe=operation.safe)
            if 200 <= second.status < 300:
                self._by_get.add(key)
            if second.status not in _ALIAS_STATUSES:
                return second
        elif answer.status == 400 and isinstance(body, ListenerRequest) and body.terminal_id is not None:
            two = to_json(ListenerRequest(name=body.name)) + b"\n" + to_json({"terminalId": body.terminal_id})
            second = await transport.request(method, target, name=name, body=two, safe=True)
            if 200 <= second.status < 300:
                return second
        return answer

    def _download(self, answer: Answer, name: str) -> Download:
        download = self._transport.download(answer, name)
        self._downloads = {one for one in self._downloads if not one.closed}
        self._downloads.add(download)
        return download

    def _result(self, operation: Operation[T], answer: Answer) -> T:
        kind = operation.answer
        if kind is None or (operation.optional and not answer.body.strip()):
            return None  # type: ignore[return-value]
        how = "cannot be read"
        if answer.body.strip():
            try:
                return cast("T", read_answer(answer.body, kind, self.statistics))
            except ValueError:
                pass
        else:
            how = "is empty"
        message = f"{operation}: the answer {how}."
        if operation.safe:
            error = ConnectionFailed(
                message, remedy="Check that the server is an Istra server of a version that is known."
            )
            error.transient = False
            raise error
        raise OutcomeUnknown(message, remedy="The server has accepted the request; look at the state.")

    # ------------------------------------------------------------------------------------------------------ socket

    async def open_socket(self, *, keep_alive: float = KEEP_ALIVE) -> PushSocket:
        """Open the socket that pushes come over, and keep socket and session alive.

        ``keep_alive`` are the seconds between two keepalives on myIstra; on the others the server says it. A session
        that has expired is replaced, once. Raises ``SessionLost``, ``NotReady`` or another ``RequestRefused``,
        ``ConnectionFailed``, ``CertificateFailed``.
        """
        if not self._session.opened:
            raise Offline("WS: there is no session.", remedy="Log in first.")
        generation = self._session.generation
        try:
            socket = await open_socket(self._transport, keep_alive=keep_alive)
        except SessionLost as error:
            if error.status != 401:
                self._session.lose(error)
                raise
            try:
                await self._session.renew(generation)
            finally:
                self._tell_of_the_new_session()
            try:
                socket = await open_socket(self._transport, keep_alive=keep_alive)
            except SessionLost as again:
                self._session.lose(again)
                raise
        self._sockets = {one for one in self._sockets if not one.closed}
        self._sockets.add(socket)
        if self._touching is None:
            self._touching = asyncio.create_task(self._touch(), name="istra-session")
        return socket

    async def _touch(self) -> None:
        """Make a request now and then: a session that only listens expires."""
        name, query = _TOUCHES[self.application]
        operation = OPERATIONS[name]
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


__all__ = ["Download", "IstraClient", "Push", "PushSocket", "SocketEnd", "WireStatistics"]
