"""What a handler of the O2G face gets and how it is registered: a plain function that asks the switch, and answers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary

from aiohttp import web
from multidict import MultiMapping

from ....o2g.types.base import O2gEvent, Wire, to_json
from .refusals import Refusal, bad_parameter

if TYPE_CHECKING:
    from ...switch import Switch
    from .requests import Tunnel
    from .server import O2gServer
    from .sessions import Session


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme and host (with the port) that a request came to."""

    scheme: str
    host: str

    @property
    def base(self) -> str:
        """Such as ``https://localhost:8443``."""
        return f"{self.scheme}://{self.host}"

    @property
    def hostname(self) -> str:
        """The host without its port; an IPv6 address stays in its brackets."""
        name, colon, port = self.host.rpartition(":")
        return name if colon and port.isdigit() else self.host

    def at_port(self, port: int) -> str:
        """The same host at another port."""
        return f"{self.scheme}://{self.hostname}:{port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status of its own, such as 201 with the reference of a call (a JSON string)."""

    status: int = 200
    body: Wire | str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is no JSON and is sent piece by piece."""

    pieces: Iterable[bytes]
    length: int
    """How many bytes all pieces have."""
    media_type: str = "application/octet-stream"


Handler = Callable[..., "Answer | Stream | Wire | None"]
"""``handler(ctx, **path_parameters_in_snake_case)``. A wire type is answered with 200, none with 204."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation that is served.

    ``user`` says whose it is. A user's session always acts for itself, whatever the request names. For administrators:
    ``named``    ``?loginName=`` is mandatory and must exist;
    ``optional`` without it ``ctx.login`` is none, which means all users;
    ``device``   the owner of the device (``deviceId`` of the body or of the path), or none if nobody owns it;
                 a ``loginName`` in the query goes first;
    ``set``      as ``named``, except for a telephone that nobody owns: it needs no ``loginName``, and has no login;
    ``path``     ``{loginName}`` of the path;
    ``none``     nobody's in particular.
    """

    method: str
    path: str
    """Below the base URL, parameters named as in the reference: ``/telephony/calls/{callRef}``.

    The handler gets them as keyword arguments in snake case: ``call_ref``."""
    handler: Handler
    body: type[Wire] | None = None
    """The type of the JSON body. A missing, malformed or incomplete one is refused before the handler."""
    body_required: bool = True
    licence: Literal["none", "basic", "advanced", "messaging", "phoneset", "agent", "management"] = "none"
    """What the user must have: nothing, TELEPHONY_BASIC or TELEPHONY_ADVANCED, TELEPHONY_ADVANCED, MESSAGING,
    API_PHONESETPROG, API_CONTACTCENTER_AGENT; or what the server must have: MANAGEMENT."""
    user: Literal["none", "named", "optional", "device", "set", "path"] = "none"
    opens_session: bool = False
    """It needs no session: it opens one. Only ``POST /sessions``."""
    administrators: bool = False
    """Whether only the session of an administrator may use it."""
    nested: bool = False
    """The last parameters repeat, as ``{objectName}/{objectId}/{objectName}``. What comes before the last ones is
    given to the handler in the first of them, joined by ``/``, each part quoted."""
    without_session: bool = False
    """It needs no session: the handler gets the server and the query instead. Only ``GET /system/licenses``."""


@dataclass(slots=True)
class Context:
    """One request: who asks, for whom, with what."""

    server: "O2gServer"
    session: "Session"
    login: str | None
    """For whom. None where an administrator means all users, or nobody's device (see ``Route.user``)."""
    query: MultiMapping[str]
    """Query parameters; one without a value is the empty string. Unknown ones are simply there."""
    body: Any
    """The decoded body, of the route's type; none where the route has none or it may be left out."""
    origin: Origin
    """Where the request came to: every URL of the answer is built from it."""
    tunnel: "Tunnel | None" = None
    """What it came through, if that was a tunnel."""

    @property
    def switch(self) -> "Switch":
        """The telephony."""
        return self.server.switch

    @property
    def administrator(self) -> bool:
        """Whether the session is an administrator's."""
        return self.session.administrator

    @property
    def user(self) -> str:
        """The login this request is for; refuses a request that names nobody."""
        if self.login is None:
            raise bad_parameter("loginName", "an administrator must name the user")
        return self.login

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set: without a value, or with anything but ``false``."""
        return name in self.query and self.query[name].lower() != "false"

    def publish(self, package: str, event: O2gEvent) -> None:
        """Send an event that this session asked for (a snapshot) to its own subscriptions, as far as they want it."""
        self.server.subscriptions.publish(package, event.login_name, event, session=self.session)

    def subscribed(self, event_name: str) -> bool:
        """Whether a subscription of this session would get events of this name; snapshots need version 2.0."""
        return self.server.subscriptions.wants(self.session, event_name)


# -- responses --------------------------------------------------------------------------------------------------


def json_response(body: Wire | str | None, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> web.Response:
    """Answer with JSON, or with nothing at all."""
    if body is None:
        response = web.Response(status=status)
    else:
        response = web.Response(body=to_json(body), status=status, content_type="application/json", charset="utf-8")
    for name, value in headers:
        response.headers.add(name, value)
    return response


def refusal_response(refusal: Refusal) -> web.Response:
    """Answer with what was refused, and why."""
    return json_response(refusal.info, refusal.status, refusal.headers.items())


# -- snapshots --------------------------------------------------------------------------------------------------

BATCH: Final = 200
"""How many users' snapshots are published at once; a request for more takes several turns of the clock."""
PAUSE: Final = 0.01
"""Seconds between two batches."""

_snapshots: WeakKeyDictionary["Session", set[str]] = WeakKeyDictionary()


def publish_snapshot(
    ctx: Context, package: str, event: Callable[["Switch", str], O2gEvent], everybody: Iterable[str] | None = None
) -> None:
    """Publish the state of the user, or of all users, to who asks. While that runs, asking again does nothing.

    ``everybody`` are the logins that an administrator without a user means, if these are not all.
    """
    if ctx.login is not None:
        ctx.publish(package, event(ctx.switch, ctx.login))
        return
    running = _snapshots.setdefault(ctx.session, set())
    if package in running:
        return
    running.add(package)
    _batch(ctx, package, event, iter(list(ctx.switch.users if everybody is None else everybody)), running)


def _batch(
    ctx: Context,
    package: str,
    event: Callable[["Switch", str], O2gEvent],
    logins: Iterator[str],
    running: set[str],
) -> None:
    for count, login in enumerate(logins, 1):
        if login in ctx.switch.users:
            ctx.publish(package, event(ctx.switch, login))
        if count == BATCH:
            break
    else:
        running.discard(package)
        return
    if not ctx.session.alive:
        running.discard(package)
        return
    ctx.server.clock.call_later(PAUSE, lambda: _batch(ctx, package, event, logins, running))
