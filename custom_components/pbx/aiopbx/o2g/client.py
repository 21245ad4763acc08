"""The wire of one O2G server: logs in, keeps the session alive, makes requests, opens the event channel."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import aiohttp

from ..clean_text import clean, read_json
from ..errors import InvalidInput, NotSupported
from ..exchange import WireClient
from ..http.leftovers import LeftSessions
from ..http.tap import WireStatistics
from ..http.transport import Answer, only_pbx_errors
from ..operations import Operation, Query, operation_of
from ..settings.connection import ConnectionSettings
from ..wire import Wire, secrets_of
from .channel import channels_of
from .channel.base import ChannelEnd, EventChannel
from .channel.chunk import Channels
from .decoding import read_answer
from .services import O2gServices
from .services.sessions import Subscriptions
from .session import SessionKeeper
from .transport import Transport
from .types.overview import RoxeRestApiDescriptor
from .types.sessions import SessionInfo, Subscription, SubscriptionRequest, SubscriptionState

T = TypeVar("T")


class O2gClient(O2gServices, WireClient):
    """One O2G server's wire, such as ``client.telephony.make_call(…)``. See ``WireClient`` for what it raises."""

    server = "an O2G server"
    _transport: Transport
    _session: SessionKeeper

    def __init__(
        self,
        settings: ConnectionSettings,
        http: aiohttp.ClientSession,
        *,
        url: str | None = None,
        statistics: WireStatistics | None = None,
        channels: Channels | None = None,
        left: LeftSessions | None = None,
    ) -> None:
        """Use the connections of this session to reach the server at ``url``, one of the settings'.

        ``channels`` are where events come in; whoever gives them closes them. None are the client's own.
        ``left`` are sessions of earlier clients that could not be given back.
        """
        self.settings = settings
        self.url = url or settings.url
        statistics = statistics if statistics is not None else WireStatistics()
        self._own_channels = channels is None
        self._ways = channels_of(settings, statistics) if channels is None else channels
        transport = self._ways.transport(http, self.url)
        WireClient.__init__(self, transport, SessionKeeper(transport, left), statistics)
        O2gServices.__init__(self, self)
        self._subscriptions: dict[str, None] = {}
        self._channels: set[EventChannel] = set()
        self._prepared: dict[str, EventChannel] = {}
        """Channels of subscriptions whose events come by themselves, until they are opened."""

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

    def offers(self, service: str) -> bool:
        """Whether the server has this service, for this account."""
        return self._session.has(service)

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
    def usual_duration(self) -> float | None:
        """Seconds that answers take to come, mostly; None where too few have come to know."""
        return self._transport.usual_duration

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
            with only_pbx_errors("The login", safe=True):
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
            self._close_downloads()
            await self._session.close(self._farewell)
        finally:
            self._subscriptions.clear()
            await self._transport.close()
            if self._own_channels:
                await self._ways.close()

    def _farewell(self) -> list[tuple[str, str]]:
        operation = operation_of(Subscriptions.unsubscribe)
        return [
            (str(operation), self._session.url(operation.service, operation.target({"subscriptionId": identity}, {})))
            for identity in self._subscriptions
        ]

    # ---------------------------------------------------------------------------------------------------- requests

    def check(self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None) -> None:
        """Raise ``InvalidInput`` for what would not be sent: an administrator has to name the user, for one."""
        super().check(operation, path, query, body)
        if not self._session.has(operation.service):
            raise NotSupported(
                f"{operation}: this server has no service {operation.service}.",
                missing=operation.service,
                remedy="It takes a newer server, a licence, or the rights of an administrator.",
            )
        if not self.administrator or operation.everyone or query.get("loginName"):
            return
        if any(parameter.name == "loginName" for parameter in operation.query):
            raise InvalidInput(
                "loginName", "is missing.", remedy="An administrator must name the user that the request is for."
            )

    async def _send(
        self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Answer:
        return await self._transport.request(
            operation.method,
            self._session.url(operation.service, operation.target(path, query)),
            name=str(operation),
            body=None if body is None else body.to_json(),
            safe=operation.repeatable,
            hide=secrets_of(body),
            stream=operation.streams,
        )

    def _result(self, operation: Operation[T], answer: Answer | None) -> T:
        if operation.returns is str and answer is not None:
            return cast("T", _reference(answer))
        return super()._result(operation, answer)

    def _decode(self, body: bytes, kind: Any) -> Any:
        return read_answer(body, kind, self.statistics)

    def _note(self, operation: Operation[Any], path: Mapping[str, str], body: Wire | None, result: Any) -> None:
        if isinstance(result, Subscription) and result.subscription_id:
            self._subscriptions[result.subscription_id] = None
            self._transport.secrets.add(result.subscription_id, result.public_polling_url, result.private_polling_url)
        elif operation is operation_of(Subscriptions.unsubscribe):
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
            with only_pbx_errors("The event channel", safe=True):
                channel = await self._ways.open_channel(transport, subscription)
        self._channels = {one for one in self._channels if one.end is None}
        self._channels.add(channel)
        return channel


def _reference(answer: Answer) -> str | None:
    """Read an answer that is one string: as JSON, as plain text, or from the Location header; None without any."""
    text = answer.text.removeprefix("\ufeff").strip()
    if text:
        try:
            value, _ = read_json(answer.body)
        except ValueError:
            return clean(text)[0].strip() or None
        if isinstance(value, dict):
            value = value.get("callRef")
        if isinstance(value, str):
            return value.strip() or None
        return None if value is None else text
    location = answer.headers.get("Location", "").rstrip("/")
    return location.rpartition("/")[2] or None


__all__ = ["ChannelEnd", "EventChannel", "O2gClient", "WireStatistics"]
