"""The client of a wire: an operation is checked, sent and answered here, once more where the session was lost.

From a handle to the socket: ``Line.dial`` asks the wire's commands, these call a method of a service, that comes to
``call`` here, and ``_send`` hands it to the transport.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, NamedTuple, Self, TypeVar, cast

from .errors import ConnectionFailed, NotFound, Offline, OutcomeUnknown, PbxError, RequestRefused, SessionLost
from .http.download import Download
from .http.secrets import Mask
from .http.tap import WireStatistics
from .http.transport import Answer, HttpTransport, only_pbx_errors
from .operations import Operation, Query
from .wire import Wire

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Exchange(NamedTuple, Generic[T]):
    """What came of a request."""

    result: T
    """The answer, typed."""
    status: int | None = None
    """The HTTP status."""
    body: bytes = b""
    """The answer as it came; empty where it is a stream, or there was no answer."""


class Session:
    """Whether a client is logged in, and whether that was lost. Wires add how to log in and out."""

    def __init__(self) -> None:
        """Not logged in yet."""
        self.opened = False
        self.lost = asyncio.Event()
        """Set when it is gone."""
        self.lost_reason: PbxError | None = None
        """Why it is gone."""

    def lose(self, reason: PbxError) -> None:
        """Note that it is gone, and with it what was subscribed to."""
        if not self.lost.is_set():
            self.lost_reason = reason
            self.lost.set()
            _LOGGER.debug("The session is gone: %s", reason)

    async def give_back_what_was_left(self) -> None:
        """Close sessions of earlier clients at this server. Raises ``ConnectionFailed``; some wires have none."""


class WireClient(ABC):
    """One server's wire. It has no model, and does not reconnect: it is made anew instead.

    Operations are methods of its services; ``call`` makes any by its ``Operation``. Every one raises ``InvalidInput``
    before anything is sent that the wire rules out, a ``RequestRefused`` with everything that the server said,
    ``ConnectionFailed`` where it was not sent or may be repeated, and ``OutcomeUnknown`` where it was sent, not
    answered, and may not.
    """

    server: ClassVar[str]
    """What it speaks to, such as ``an O2G server``."""

    def __init__(self, transport: HttpTransport, session: Session, statistics: WireStatistics) -> None:
        """Send by this transport, in this session."""
        self.statistics = statistics
        self.successor: Callable[[], Awaitable[Self]] | None = None
        """Waits for the client of the next session; None where there will be none."""
        self._transport = transport
        self._session = session
        self._downloads: set[Download] = set()

    @property
    def lost(self) -> asyncio.Event:
        """Set when the session is gone, and with it what was listened to."""
        return self._session.lost

    @property
    def lost_reason(self) -> PbxError | None:
        """Why the session is gone."""
        return self._session.lost_reason

    @property
    def mask(self) -> Mask:
        """Through which texts are shown without secrets."""
        return self._transport.mask

    async def give_back_what_was_left(self) -> None:
        """Close sessions of earlier clients, and open none. Raises ``ConnectionFailed``."""
        try:
            with only_pbx_errors("The farewell", safe=True):
                await self._transport.open()
                await self._session.give_back_what_was_left()
        finally:
            await self._transport.close()

    # ---------------------------------------------------------------------------------------------------- requests

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = NOTHING,
        query: Query = NOTHING,
        body: Wire | None = None,
    ) -> T:
        """Check and make one request, and return what the server answered, typed."""
        return (await self.exchange(operation, path=path, query=query, body=body)).result

    async def exchange(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = NOTHING,
        query: Query = NOTHING,
        body: Wire | None = None,
    ) -> Exchange[T]:
        """As ``call``, and return the status and the bytes of the answer, too."""
        try:
            return await self._when_wanted(operation, path, query, body)
        except SessionLost:
            if self.successor is None or not operation.repeatable:
                raise
        # The refusal says that it was not carried out, so what is repeatable goes once more, in the next session.
        return await (await self.successor())._when_wanted(operation, path, query, body)

    async def _when_wanted(
        self, operation: Operation[T], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Exchange[T]:
        """Make a request, once more if it is safe and the server is busy and says for how long."""
        try:
            return await self._exchange(operation, path, query, body)
        except RequestRefused as error:
            pause = error.retry_after
            if pause is None or pause > self._transport.settings.request_timeout or not operation.repeatable:
                raise
        await asyncio.sleep(pause)
        return await self._exchange(operation, path, query, body)

    async def _exchange(
        self, operation: Operation[T], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Exchange[T]:
        self._require(operation, path, query, body)
        with only_pbx_errors(str(operation), safe=operation.repeatable):
            return await self._carried_out(operation, path, query, body)

    async def _carried_out(
        self, operation: Operation[T], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Exchange[T]:
        answer: Answer | None = None
        try:
            answer = await self._send(operation, path, query, body)
            status = answer.status
        except SessionLost as error:
            self._session.lose(error)
            raise
        except NotFound as error:
            if error.status not in operation.absent:
                raise
            status = error.status
        if answer is not None and operation.streams:
            return Exchange(cast("T", self._download(answer, operation)), status)
        result = self._result(operation, answer)
        self._note(operation, path, body, result)
        return Exchange(result, status, b"" if answer is None else answer.body)

    def check(self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None) -> None:
        """Raise ``InvalidInput`` for what would not be sent, ``NotSupported`` for what this server does not have."""
        operation.check(path, query, body)

    def _require(self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None) -> None:
        """Raise what stands against sending this now."""
        if not self._may_send(operation):
            raise Offline(f"{operation}: there is no session.", remedy="Log in first.")
        self.check(operation, path, query, body)

    def _may_send(self, operation: Operation[Any]) -> bool:
        """Whether there is a session to send this in."""
        return self._session.opened

    @abstractmethod
    async def close(self) -> None:
        """Give the session back, and all that belongs to it: best effort, within seconds; never raises."""

    @abstractmethod
    async def _send(
        self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Answer:
        """Send it, and return a 2xx answer, unread where it streams; raise whatever else comes of it."""

    @abstractmethod
    def _decode(self, body: bytes, kind: Any) -> Any:
        """Read an answer as a type. Raises ``ValueError`` where that is not possible."""

    def _note(self, operation: Operation[Any], path: Mapping[str, str], body: Wire | None, result: Any) -> None:  # noqa: B027
        """Remember what has to be given back at the end. Most wires have nothing of the kind."""

    def _result(self, operation: Operation[T], answer: Answer | None) -> T:
        """The answer as its type; None is one that says that there is nothing."""
        kind, body = operation.returns, answer.body.strip() if answer is not None else b""
        if kind is None or answer is None or (operation.optional and body in (b"", b"null")):
            return cast("T", None)
        how = "is empty"
        if body:
            try:
                return cast("T", self._decode(answer.body, kind))
            except ValueError:
                how = "cannot be read"
        message = f"{operation}: the answer {how}."
        if not operation.repeatable:
            raise OutcomeUnknown(message, remedy="The server has accepted the request; look at the state.")
        error = ConnectionFailed(message, remedy=f"Check that the server is {self.server} of a version that is known.")
        error.transient = False
        raise error

    # --------------------------------------------------------------------------------------------------- downloads

    def _download(self, answer: Answer, operation: Operation[Any]) -> Download:
        download = self._transport.download(answer, str(operation))
        self._downloads = {one for one in self._downloads if not one.closed}
        self._downloads.add(download)
        return download

    def _close_downloads(self) -> None:
        for download in self._downloads:
            download.close()
        self._downloads.clear()
