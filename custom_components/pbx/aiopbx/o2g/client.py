"""The wire of one O2G server: logs in, keeps the session alive, makes requests, opens the event channel."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, Self, TypeVar, cast

import aiohttp
import msgspec

from ..errors import ConnectionFailed, InvalidInput, NotFound, Offline, OutcomeUnknown, RequestRefused, SessionLost
from ..http.download import Download
from ..http.secrets import Mask
from ..http.tap import WireStatistics
from ..operations import Exchange
from ..settings.connection import ConnectionSettings
from .channel.base import ChannelEnd, EventChannel
from .channel.chunk import Channels
from .channel.kinds import channels_of
from .decoding import read_answer
from .operations import OPERATIONS, Operation
from .services import (
    Agent,
    CommunicationLog,
    Directory,
    EventSummaryService,
    Maintenance,
    PbxManagement,
    PhoneSetProgramming,
    Routing,
    Sessions,
    Subscriptions,
    Telephony,
    Users,
    Voicemail,
)
from .session import SessionKeeper
from .transport import Answer
from .types.base import Wire, to_json
from .types.overview import RoxeRestApiDescriptor
from .types.sessions import SessionInfo, Subscription, SubscriptionRequest, SubscriptionState

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_NO_QUERY: Final[Mapping[str, str | bool]] = MappingProxyType({})


class O2gClient:
    """One O2G server's wire. It has no model of the telephony, and does not reconnect: it is made anew instead.

    The operations are methods of its services (``client.telephony.make_call(…)``); ``call`` makes any by its
    ``Operation``. Every one raises ``InvalidInput`` before sending what the reference rules out, a ``RequestRefused``
    with everything the server said, ``ConnectionFailed`` where it was not sent or may be repeated, and
    ``OutcomeUnknown`` where it was sent, not answered, and may not.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        *,
        url: str | None = None,
        statistics: WireStatistics | None = None,
        channels: Channels | None = None,
    ) -> None:
        """Use the connections of this session to reach the server at ``url``, one of the settings'.

        ``channels`` are where events come in; whoever gives them closes them. None are the client's own.
        """
        self.settings = settings
        self.url = url or settings.url
        self.statistics = statistics if statistics is not None else WireStatistics()
        self._own_channels = channels is None
        self._ways = channels_of(settings, self.statistics) if channels is None else channels
        self._transport = self._ways.transport(http, self.url)
        self._session = SessionKeeper(self._transport)
        self._subscriptions: dict[str, None] = {}
        self._channels: set[EventChannel] = set()
        self._prepared: dict[str, EventChannel] = {}
        """Channels of subscriptions whose events come by themselves, until they are opened."""
        self._downloads: set[Download] = set()
        self.successor: Callable[[], Awaitable[Self]] | None = None
        """Waits for the client of the next session; None where there will be none."""
        self.sessions = Sessions(self)
        self.users = Users(self)
        self.subscriptions = Subscriptions(self)
        self.telephony = Telephony(self)
        self.routing = Routing(self)
        self.event_summary = EventSummaryService(self)
        self.directory = Directory(self)
        self.communication_log = CommunicationLog(self)
        self.maintenance = Maintenance(self)
        self.voicemail = Voicemail(self)
        self.phone_set_programming = PhoneSetProgramming(self)
        self.pbx_management = PbxManagement(self)
        self.agent = Agent(self)

    def __repr__(self) -> str:
        """Name the server."""
        return f"<O2gClient {self.url}>"

    # ----------------------------------------------------------------------------------------------------- session

    @property
    def info(self) -> SessionInfo:
        """The open session."""
        return self._session.info

    @property
    def descriptor(self) -> RoxeRestApiDescriptor:
        """The server and the versions of its interface."""
        return self._session.descriptor

    @property
    def administrator(self) -> bool:
        """Whether the session is an administrator's, and so sees every user."""
        return bool(self.info.admin)

    @property
    def login(self) -> str:
        """The login name that the session is for."""
        account = self.settings.supervised
        if self.info.login:
            return self.info.login
        if account is not None and account.by == "login_name":
            return account.id
        return self.settings.username

    @property
    def lost(self) -> asyncio.Event:
        """Set when the session is gone: code 1001 on any request, or a keepalive that failed."""
        return self._session.lost

    @property
    def lost_reason(self) -> Exception | None:
        """Why the session is gone."""
        return self._session.lost_reason

    @property
    def token_expires(self) -> str | None:
        """Until when a session that was opened with a token lasts, as the server writes it."""
        return self._session.token_expires

    async def open(self) -> SessionInfo:
        """Log in and open a session. After an error nothing is left behind.

        Raises ``AuthenticationFailed``, ``CertificateFailed``, ``ConnectionFailed``, ``NotReady``, ``InvalidInput`` or
        another ``RequestRefused``.
        """
        try:
            await self._ways.open()
            await self._transport.open()
            return await self._session.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close channels, subscriptions and the session: best effort, within seconds; never raises."""
        try:
            for channel in [*self._channels, *self._prepared.values()]:
                await channel.close()
            self._channels.clear()
            self._prepared.clear()
            for download in self._downloads:
                download.close()
            self._downloads.clear()
            await self._session.close(self._farewell)
        finally:
            self._subscriptions.clear()
            await self._transport.close()
            if self._own_channels:
                await self._ways.close()

    def _farewell(self) -> list[tuple[str, str]]:
        operation = OPERATIONS["unsubscribe"]
        return [
            (str(operation), self._session.url(operation.service, operation.target({"subscriptionId": identity}, {})))
            for identity in self._subscriptions
        ]

    # ---------------------------------------------------------------------------------------------------- requests

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str | bool] = _NO_QUERY,
        body: Wire | None = None,
    ) -> T:
        """Check and make one request, and return what the server answered, typed. ``OPERATIONS`` has them all."""
        return (await self.exchange(operation, path=path, query=query, body=body)).result

    async def exchange(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str | bool] = _NO_QUERY,
        body: Wire | None = None,
    ) -> Exchange[T]:
        """As ``call``, and return the status and the bytes of the answer, too."""
        try:
            return await self._exchange(operation, path, query, body)
        except SessionLost:
            if self.successor is None or not operation.safe:
                raise
        # The refusal says that it was not carried out, so what is safe goes once more, in the next session.
        return await (await self.successor()).exchange(operation, path=path, query=query, body=body)

    async def _exchange(
        self, operation: Operation[T], path: Mapping[str, str], query: Mapping[str, str | bool], body: Wire | None
    ) -> Exchange[T]:
        if not self._session.opened:
            raise Offline(f"{operation}: there is no session.", remedy="Log in first.")
        self.check(operation, path, query, body)
        name = str(operation)
        answer: Answer | None
        try:
            if operation.answer is Download:
                download = await self._download(operation, path, query)
                return Exchange(cast("T", download), download.status)
            answer = await self._transport.request(
                operation.method,
                self._session.url(operation.service, operation.target(path, query)),
                name=name,
                body=None if body is None else to_json(body),
                safe=operation.safe,
                hide=secrets_of(body),
            )
        except SessionLost as error:
            self._session.lose(error)
            raise
        except RequestRefused as error:
            if error.status not in operation.absent or not isinstance(error, NotFound):
                raise
            answer, status = None, error.status
        else:
            status = answer.status
        result = self._result(operation, answer)
        self._note(operation, path, result)
        return Exchange(result, status, b"" if answer is None else answer.body)

    def check(
        self, operation: Operation[T], path: Mapping[str, str], query: Mapping[str, str | bool], body: Wire | None
    ) -> None:
        """Raise ``InvalidInput`` for what would not be sent."""
        operation.check(path, query, body)
        self._check_login_name(operation, query)

    @property
    def mask(self) -> Mask:
        """Through which texts are shown without secrets."""
        return self._transport.mask

    async def _download(
        self, operation: Operation[T], path: Mapping[str, str], query: Mapping[str, str | bool]
    ) -> Download:
        url = self._session.url(operation.service, operation.target(path, query))
        download = await self._transport.download(url, name=str(operation))
        self._downloads = {one for one in self._downloads if not one.closed}
        self._downloads.add(download)
        return download

    def _check_login_name(self, operation: Operation[T], query: Mapping[str, str | bool]) -> None:
        if not self.administrator or operation.everyone or query.get("loginName"):
            return
        if any(parameter.name == "loginName" for parameter in operation.query):
            raise InvalidInput(
                "loginName", "is missing.", remedy="An administrator must name the user that the request is for."
            )

    def _result(self, operation: Operation[T], answer: Answer | None) -> T:
        kind = operation.answer
        if kind is None or answer is None:
            return None  # type: ignore[return-value]
        if kind is str:
            return cast("T", _reference(answer))
        if not answer.body.strip() or answer.body.strip() == b"null":
            if operation.optional:
                return None  # type: ignore[return-value]
            return self._unreadable(operation, "is empty")
        try:
            return cast("T", read_answer(answer.body, kind, self.statistics))
        except ValueError:
            return self._unreadable(operation, "cannot be read")

    def _unreadable(self, operation: Operation[T], how: str) -> T:
        message = f"{operation}: the answer {how}."
        if operation.safe:
            error = ConnectionFailed(
                message, remedy="Check that the server is an O2G server of a version that is known."
            )
            error.transient = False
            raise error
        raise OutcomeUnknown(message, remedy="The server has accepted the request; look at the state.")

    def _note(self, operation: Operation[T], path: Mapping[str, str], result: object) -> None:
        if isinstance(result, Subscription) and result.subscription_id:
            self._subscriptions[result.subscription_id] = None
            self._transport.secrets.add(result.subscription_id, result.public_polling_url, result.private_polling_url)
        elif operation.name == "unsubscribe":
            self._subscriptions.pop(path["subscriptionId"], None)

    # ----------------------------------------------------------------------------------------------------- channel

    async def subscribe(self, request: SubscriptionRequest) -> Subscription:
        """Subscribe so that the events come over the channel that the settings name; then open that.

        ``subscriptions.subscribe`` makes the request as it is, and its events come over the chunked channel.
        """
        prepared = self._ways.prepare(self._transport, request)
        channel = prepared.channel
        identity = None
        try:
            subscription = await self.call(prepared.operation, query=prepared.query, body=prepared.request)
            if subscription.status is not SubscriptionState.REFUSED:
                identity = subscription.subscription_id
        finally:
            if channel is not None and identity is None:
                await channel.close()
        if channel is not None and identity is not None:
            self._prepared[identity] = channel
        return subscription

    async def open_channel(self, subscription: Subscription) -> EventChannel:
        """Open the event channel of a subscription. The chunked one goes without cookies and without credentials.

        Raises ``SubscriptionLost`` where the server does not know it any more, ``NotReady``, ``ConnectionFailed``.
        """
        transport = self._transport
        transport.secrets.add(
            subscription.subscription_id, subscription.public_polling_url, subscription.private_polling_url
        )
        channel = self._prepared.pop(subscription.subscription_id or "", None)
        if channel is None:
            channel = await self._ways.open_channel(transport, subscription)
        self._channels = {one for one in self._channels if one.end is None}
        self._channels.add(channel)
        return channel


def _reference(answer: Answer) -> str | None:
    """Read an answer that is one string: as JSON, as plain text, or from the Location header; none if there is none."""
    text = answer.text.strip()
    if text:
        try:
            value = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return text
        if isinstance(value, dict):
            value = value.get("callRef")
        if isinstance(value, str):
            return value.strip() or None
        return None if value is None else text
    location = answer.headers.get("Location", "").rstrip("/")
    return location.rpartition("/")[2] or None


def secrets_of(body: Wire | None) -> tuple[str, ...]:
    """The values in a body that no text may show."""
    if body is None:
        return ()
    values = (getattr(body, name) for name in body._secrets)
    return tuple(value for value in values if isinstance(value, str) and value)


__all__ = ["ChannelEnd", "EventChannel", "O2gClient", "WireStatistics"]
