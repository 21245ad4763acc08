"""Faults to inject into the simulator, from code and over its control path."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from aiohttp import web

from ..errors import InvalidInput
from ..o2g.types.events import OnChannelInformation
from .faces.o2g.maintenance import PACKAGE, expiration
from .faces.o2g.subscriptions import line_of
from .switch.errors import SwitchError
from .switch.nodes import DOWN

if TYPE_CHECKING:
    from .clock import Clock
    from .faces.istra.face import IstraFace
    from .faces.istra.sockets import Socket
    from .faces.o2g.channel import Channel
    from .faces.o2g.requests import IncomingRequest
    from .faces.o2g.server import O2gServer


class Faults:
    """The faults that are active, and those that can be injected. Each describes what a client sees of it.

    Those that return a number return how many were affected. ``clear`` ends everything that can be ended.
    """

    def __init__(self, clock: "Clock") -> None:
        """Start without faults."""
        self._clock = clock
        self._servers: list[O2gServer] = []
        self._istra: IstraFace | None = None
        self.frozen = False
        self.telephony_is_down = False
        self.without_id_left = 0
        self.is_not_ready = False
        self.logins_refused = False
        self.licence_server_down = False
        self.duplicated = False
        self.malformed_left = 0
        self.lost_left = 0
        self.reported_left = 0
        self.refused_left = 0
        self.refused_status = 503
        self.dropped_before_left = 0
        self.dropped_after_left = 0
        self.delay_seconds = 0.0
        self._delayed: set[asyncio.Future[bool]] = set()

    def attach(self, servers: "list[O2gServer]", istra: "IstraFace | None" = None) -> None:
        """Act on these servers, the first of which is the primary, and on Istra's face, if there is one."""
        self._servers = servers
        self._istra = istra

    @property
    def state(self) -> dict[str, Any]:
        """Return the active faults."""
        return {
            "frozen": self.frozen,
            "not_ready": self.is_not_ready,
            "logins_refused": self.logins_refused,
            "licence_server_down": self.licence_server_down,
            "duplicate_events": self.duplicated,
            "malform_next": self.malformed_left,
            "lose_next": self.lost_left,
            "lose_and_report": self.reported_left,
            "refuse_requests": self.refused_left,
            "drop_requests_before": self.dropped_before_left,
            "drop_requests_after": self.dropped_after_left,
            "delay": self.delay_seconds,
            "telephony_down": self.telephony_is_down,
            "item_without_id": self.without_id_left,
            "links_down": self._links_down(),
            "in_charge": next((server.name for server in self._servers if not server.standby), None),
        }

    def _channels(self) -> "list[Channel | Socket]":
        """Return every way that events take: channels of O2G, sockets of Istra."""
        return [*self._o2g_channels(), *self._sockets()]

    def _o2g_channels(self) -> "list[Channel]":
        subscriptions = (subscribed for server in self._servers for subscribed in server.subscriptions.all)
        return [subscribed.channel for subscribed in subscriptions if subscribed.channel is not None]

    def _sockets(self) -> "tuple[Socket, ...]":
        return self._istra.connections if self._istra is not None else ()

    # -- channels -----------------------------------------------------------------------------------------------

    def cut_channels(self) -> int:
        """Reset the connection of every event channel and every socket, without a proper end. Sessions live on."""
        channels = self._channels()
        for channel in channels:
            channel.cut()
        return len(channels)

    def close_cleanly(self) -> int:
        """End every event channel as HTTP does, and close every socket properly. Sessions live on."""
        channels = self._channels()
        for channel in channels:
            channel.close()
        return len(channels)

    def freeze_channels(self) -> int:
        """Send nothing on any channel or socket, no heartbeat and no ping, while connections stay. Events queue.

        A channel that is opened meanwhile reports that it has started, and nothing more."""
        self.frozen = True
        return len(self._channels())

    def thaw(self) -> int:
        """Send again; what was queued comes first."""
        self.frozen = False
        channels = self._channels()
        for channel in channels:
            channel.wake()
        return len(channels)

    def duplicate_events(self, on: bool = True) -> None:
        """Send every event twice."""
        self.duplicated = on

    def malform_next(self, count: int = 1) -> None:
        """Truncate the next events in the middle: lines that are not JSON."""
        self.malformed_left = _not_negative("count", count)

    def lose_next(self, count: int = 1) -> None:
        """Lose the next events on their way, without a sign of it."""
        self.lost_left = _not_negative("count", count)

    def lose_and_report(self, count: int = 1) -> None:
        """Of O2G: lose the next events, and report each loss on the channel, as for a queue that was full."""
        self.reported_left = _not_negative("count", count)

    def unknown_event(self, name: str = "OnSomethingNew") -> int:
        """Send an unknown event with unknown fields to every subscription and every socket."""
        line = msgspec.json.encode({"eventName": name, "loginName": "nobody", "novelty": {"answer": 42}}) + b"\n"
        hit = 0
        for server in self._servers:
            for subscribed in server.subscriptions.all:
                subscribed.put(line)
                hit += 1
        for socket in self._sockets():
            novelty = {"event": name, "callId": "1", "lineId": "1", "state": name, "novelty": {"answer": 42}}
            socket.push({"listenerName": "nobody", "item": [novelty], "novelty": True})
            hit += 1
        return hit

    def on_the_way(self, line: bytes) -> tuple[bytes, ...]:
        """Return what is queued for an event."""
        if self.lost_left:
            self.lost_left -= 1
            return ()
        if self.reported_left:
            self.reported_left -= 1
            report = OnChannelInformation(text="queue overflow: 1 events lost")
            return (line_of(report),)
        if self.malformed_left:
            self.malformed_left -= 1
            line = line[: len(line) // 2] + b"\n"
        return (line, line) if self.duplicated else (line,)

    def item_without_id(self, count: int = 1) -> None:
        """Of Istra: push the next lines and calls without their identifiers."""
        self.without_id_left = _not_negative("count", count)

    def push_on_the_way(self, value: dict[str, Any], encode: Callable[[Any], bytes]) -> tuple[str, ...]:
        """Return what is sent for a push of Istra."""
        if self.lost_left:
            self.lost_left -= 1
            return ()
        item = value["item"]
        items: list[dict[str, Any]] = item if isinstance(item, list) else [item]
        if self.without_id_left and any(_IDS & each.keys() for each in items):
            self.without_id_left -= 1
            bare = [{key: part for key, part in each.items() if key not in _IDS} for each in items]
            value = value | {"item": bare if isinstance(item, list) else bare[0]}
        text = encode(value).decode()
        if self.malformed_left:
            self.malformed_left -= 1
            text = text[: len(text) // 2]
        return (text, text) if self.duplicated else (text,)

    # -- sessions and requests ----------------------------------------------------------------------------------

    def expire_sessions(self) -> int:
        """End every session: requests are answered with INVALID_SESSION (Istra: 401), channels and sockets end."""
        hit = 0
        if self._istra is not None:
            hit += len(self._istra.sessions)
            self._istra.sessions.clear()
        for server in self._servers:
            hit += len(server.sessions)
            server.sessions.clear()
        return hit

    def refuse_logins(self, on: bool = True) -> None:
        """Answer every log-in with 401."""
        self.logins_refused = on

    def licence_server(self, down: bool = True) -> None:
        """Of O2G: let the licence server be in trouble. The state of the system says so; licences remain in force."""
        self.licence_server_down = down

    def not_ready(self, on: bool = True) -> None:
        """Answer every request with 503 NOT_READY, like a server that is starting. Sessions and channels live on."""
        self.is_not_ready = on

    def telephony_down(self, on: bool = True) -> None:
        """Of Istra: the router answers, but the telephony behind it is down: 503 for everything that needs it."""
        self.telephony_is_down = on

    def drop_requests(self, count: int = 1, after: bool = False) -> None:
        """Break the connection of the next requests instead of answering: before or ``after`` carrying them out."""
        if after:
            self.dropped_after_left = _not_negative("count", count)
        else:
            self.dropped_before_left = _not_negative("count", count)

    def delay(self, seconds: float = 1.0) -> None:
        """Delay every request to the API by so many seconds of the simulator's clock; 0 ends it."""
        self.delay_seconds = _not_negative("seconds", seconds)

    def refuse_requests(self, count: int = 1, status: int = 503) -> None:
        """Refuse the next requests with this status, 429 to 599, instead of carrying them out."""
        if status != 429 and not 500 <= status <= 599:
            raise InvalidInput("status", "must be 429, or 500 to 599")
        self.refused_left, self.refused_status = _not_negative("count", count), status

    async def before_request(self, request: "IncomingRequest") -> bool:
        """Apply faults to a request; returns whether its connection is gone. A refusal is raised."""
        if self.delay_seconds:
            # Read first: what was sent is carried out, even if its client does not wait for the answer.
            await request.read()
            if not await self._sleep(self.delay_seconds):
                return _abort(request)
        if self.dropped_before_left:
            self.dropped_before_left -= 1
            return _abort(request)
        if self.refused_left:
            self.refused_left -= 1
            raise _Refused(status=self.refused_status)
        return False

    def after_request(self, request: "IncomingRequest") -> None:
        """Apply faults to an answer."""
        if self.dropped_after_left:
            self.dropped_after_left -= 1
            _abort(request)

    async def _sleep(self, seconds: float) -> bool:
        """Wait by the clock; returns false if the server stopped meanwhile."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def over() -> None:
            if not done.done():
                done.set_result(True)

        timer = self._clock.call_later(seconds, over)
        self._delayed.add(done)
        try:
            return await done
        finally:
            timer.cancel()
            self._delayed.discard(done)

    def drop_delayed(self) -> None:
        """Answer none of the delayed requests: the server stops."""
        for done in self._delayed:
            if not done.done():
                done.set_result(False)

    # -- nodes and licences -------------------------------------------------------------------------------------

    def cti_link_down(self, node: str = "1") -> None:
        """Lose the link to a node: administrators get an event, call control of its users is refused (NOT_READY)."""
        self._node("link_down", node)

    def cti_link_up(self, node: str = "1", secondary: bool = False) -> None:
        """Restore the link to a node, to its main or its secondary call server; administrators get an event."""
        self._node("link_up", node, secondary=secondary)

    def pbx_loaded(self, node: str = "1") -> None:
        """Send administrators the event that all data of a node was loaded."""
        self._node("load", node)

    def license_expiration(self, days: int = 30) -> int:
        """Send administrators the event that the licences end in so many days, or have ended if that is negative."""
        for server in self._servers:
            server.subscriptions.publish(PACKAGE, None, expiration(days))
        return sum(len(server.subscriptions) for server in self._servers)

    def _node(self, action: str, node: str, **more: bool) -> None:
        try:
            getattr(self._servers[0].switch.nodes, action)(node, **more)
        except SwitchError as error:
            raise InvalidInput("node", error.message) from error

    def _links_down(self) -> list[str]:
        return [node.id for node in self._servers[0].switch.nodes.all() if node.link == DOWN] if self._servers else []

    # -- the pair -----------------------------------------------------------------------------------------------

    def switch_to_secondary(self) -> None:
        """Let the secondary server take over: the primary ends its sessions and channels and answers NOT_READY."""
        self._put_in_charge(1)

    def switch_to_primary(self) -> None:
        """Let the primary server take over again."""
        self._put_in_charge(0)

    def put_in_charge(self, name: str) -> None:
        """Let the server with this name take over."""
        self._put_in_charge([server.name for server in self._servers].index(name))

    def _put_in_charge(self, index: int) -> None:
        if len(self._servers) < 2:
            raise InvalidInput("ha", "this simulator is not a pair", remedy="Start it with ha=True.")
        for number, server in enumerate(self._servers):
            server.standby = number != index
            if server.standby:
                server.close()

    # -- everything ---------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """End all faults: thaw, no delay, no refusals, every link up; the primary is in charge."""
        self.thaw()
        for node in self._links_down():
            self.cti_link_up(node)
        self.is_not_ready = self.logins_refused = self.duplicated = self.telephony_is_down = False
        self.licence_server_down = False
        self.malformed_left = self.without_id_left = self.dropped_before_left = self.dropped_after_left = 0
        self.lost_left = self.reported_left = self.refused_left = 0
        self.delay_seconds = 0.0
        if len(self._servers) > 1:
            self.switch_to_primary()

    @contextmanager
    def while_not_ready(self) -> Iterator[None]:
        """Refuse with NOT_READY inside a ``with`` block."""
        self.not_ready()
        try:
            yield
        finally:
            self.not_ready(False)

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Inject a fault by its name (hyphens are fine), as on the control path. Reports wrong arguments."""
        known = name.replace("-", "_")
        if known not in NAMES:
            raise InvalidInput("name", f"there is no fault {name!r}", remedy="There are: " + ", ".join(NAMES) + ".")
        method = getattr(self, known)
        for key, parameter in inspect.signature(method).parameters.items():
            value = arguments.get(key, parameter.default)
            # bool is an int in Python, but "on": 1 is a mistake in the request
            wrong = type(value) is not type(parameter.default)
            if wrong and not (isinstance(parameter.default, float) and type(value) is int):
                raise InvalidInput(key, f"must be like {parameter.default!r}")
        unknown = set(arguments) - set(inspect.signature(method).parameters)
        if unknown:
            raise InvalidInput(min(unknown), f"{known} does not take it")
        return method(**arguments)


NAMES: Final = (
    "cut_channels",
    "close_cleanly",
    "freeze_channels",
    "thaw",
    "duplicate_events",
    "malform_next",
    "item_without_id",
    "lose_next",
    "lose_and_report",
    "unknown_event",
    "expire_sessions",
    "refuse_logins",
    "not_ready",
    "telephony_down",
    "drop_requests",
    "refuse_requests",
    "delay",
    "cti_link_down",
    "cti_link_up",
    "pbx_loaded",
    "license_expiration",
    "switch_to_secondary",
    "switch_to_primary",
    "clear",
)


_IDS: Final = frozenset({"lineId", "callId", "restUri"})
"""The fields that identify a line or call."""


_Count = TypeVar("_Count", int, float)


def _not_negative(field: str, value: _Count) -> _Count:
    if value < 0:
        raise InvalidInput(field, "must be 0 or more")
    return value


class _Refused(web.HTTPException):
    """A request that is refused with any status: the face writes it in its own words."""

    status_code = 503

    def __init__(self, *, status: int) -> None:
        super().__init__(reason="a fault refuses this")
        self.set_status(status, "a fault refuses this")


def _abort(request: "IncomingRequest") -> bool:
    if request.transport is not None:
        request.transport.abort()
    return True
