"""What an O2G handler receives and how it is registered, and the responses and snapshots that it sends."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary

from aiohttp import web
from multidict import MultiMapping

from ....o2g.types.base import O2gEvent, Wire
from ...origin import Origin
from .json import to_json
from .refusals import BAD_PARAMETER, Refusal, bad_parameter

if TYPE_CHECKING:
    from ...switch import Switch
    from .requests import Tunnel
    from .server import O2gServer
    from .sessions import Session


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its own status, such as 201 with the reference of a call (a JSON string)."""

    status: int = 200
    body: Wire | str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is not JSON and is sent piece by piece."""

    pieces: Iterable[bytes]
    length: int
    """The total length of the pieces in bytes."""
    media_type: str = "application/octet-stream"
    file_name: str | None = None
    """What a browser should call it."""
    status: int = 200
    part: str | None = None
    """Of a part: which it is, as ``Content-Range`` names it."""

    @property
    def headers(self) -> dict[str, str]:
        """Its headers, without the length."""
        found = {"Content-Type": self.media_type, "Accept-Ranges": "bytes"}
        if self.file_name is not None:
            found["Content-Disposition"] = f'attachment; filename="{self.file_name}"'
        if self.part is not None:
            found["Content-Range"] = self.part
        return found

    def ranged(self, header: str | None) -> "Stream":
        """Return the part that a request wants, by its ``Range``; all of it for a header that means nothing.

        Refuses a range that begins behind the end.
        """
        wanted = _RANGE.fullmatch((header or "").strip())
        if wanted is None or not (wanted[1] or wanted[2]):
            return self
        if wanted[1]:
            first, last = int(wanted[1]), min(int(wanted[2]) if wanted[2] else self.length - 1, self.length - 1)
            if wanted[2] and int(wanted[2]) < first:
                return self
        else:
            first, last = max(0, self.length - int(wanted[2])), self.length - 1
        if first > last:
            raise Refusal(
                BAD_PARAMETER,
                f"Range: there are only {self.length} bytes.",
                status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                headers={"Content-Range": f"bytes */{self.length}"},
            )
        return replace(
            self,
            pieces=_cut(self.pieces, first, last + 1),
            length=last + 1 - first,
            status=HTTPStatus.PARTIAL_CONTENT,
            part=f"bytes {first}-{last}/{self.length}",
        )


_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def _cut(pieces: Iterable[bytes], first: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from ``first`` to before ``end``."""
    at = 0
    for piece in pieces:
        part = piece[max(0, first - at) : max(0, end - at)]
        at += len(piece)
        if part:
            yield part
        if at >= end:
            return


Handler = Callable[..., "Answer | Stream | Wire | None"]
"""``handler(ctx, **path_parameters_in_snake_case)``. A wire type is sent with status 200; ``None`` is 204."""


@dataclass(frozen=True, slots=True)
class Route:
    """An operation that the server offers.

    ``user`` is whose it is. A user's session always acts for itself, whatever the request names. For administrators:
    ``named``    ``?loginName=`` is mandatory and must exist;
    ``optional`` without it ``ctx.login`` is ``None``, which means all users;
    ``device``   the owner of the device (``deviceId`` of the body or of the path), or ``None`` if it has no owner;
                 a ``loginName`` in the query takes precedence;
    ``set``      like ``named``, except for a telephone without an owner: it needs no ``loginName``, and has no login;
    ``path``     ``{loginName}`` of the path;
    ``none``     no particular user.
    """

    method: str
    path: str
    """Below the base URL, parameters named as in the reference: ``/telephony/calls/{callRef}``.

    The handler gets them as keyword arguments in snake case: ``call_ref``."""
    handler: Handler
    body: type[Wire] | None = None
    """The type of the JSON body. A missing, malformed or incomplete body is refused before the handler is called."""
    body_required: bool = True
    licence: Literal[
        "none", "basic", "advanced", "messaging", "phoneset", "agent", "management", "centre", "rsi", "analytics"
    ] = "none"
    """The licence that the user needs: none, TELEPHONY_BASIC or TELEPHONY_ADVANCED, TELEPHONY_ADVANCED, MESSAGING,
    API_PHONESETPROG, API_CONTACTCENTER_AGENT; or that the server needs: MANAGEMENT, CONTACTCENTER_SVCS,
    CONTACTCENTER_RSI, ANALYTICS."""
    user: Literal["none", "named", "optional", "device", "set", "path"] = "none"
    opens_session: bool = False
    """It opens a session and so needs none. Only ``POST /sessions``."""
    administrators: bool = False
    """Whether only the session of an administrator may use it."""
    nested: bool = False
    """The last parameters repeat, as ``{objectName}/{objectId}/{objectName}``. The handler receives the earlier ones in
    the first of them, joined by ``/``, each part quoted."""
    without_session: bool = False
    """It needs no session; the handler receives the server and the query instead. Only ``GET /system/licenses``."""


@dataclass(slots=True)
class Context:
    """A request: its session, the user that it is for, and its parameters."""

    server: "O2gServer"
    session: "Session"
    login: str | None
    """The user it is for. ``None``: all users, for an administrator, or a device without an owner (``Route.user``)."""
    query: MultiMapping[str]
    """Query parameters; one without a value is the empty string. Unknown ones are ignored."""
    body: Any
    """The decoded body, of the route's type; ``None`` if the route has none or it was left out."""
    origin: Origin
    """Where the request was sent to: every URL in the answer is built from it, and the public ones from
    ``O2gServer.public``."""
    tunnel: "Tunnel | None" = None
    """The tunnel that it came through, if any."""

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
        """The login that this request is for; refuses a request that names none."""
        if self.login is None:
            raise bad_parameter("loginName", "an administrator must name the user")
        return self.login

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set: without a value, or with any value but ``false``."""
        return name in self.query and self.query[name].lower() != "false"

    def publish(self, package: str, event: O2gEvent) -> None:
        """Send an event that this session requested (a snapshot) to its own subscriptions, if they want it."""
        self.server.subscriptions.publish(package, event.login_name, event, session=self.session)

    def subscribed(self, event_name: str) -> bool:
        """Whether a subscription of this session would receive this event; snapshots need version 2.0."""
        return self.server.subscriptions.wants(self.session, event_name)


# -- responses --------------------------------------------------------------------------------------------------


def json_response(
    body: Wire | str | None,
    status: int = 200,
    headers: Iterable[tuple[str, str]] = (),
    *,
    empty_lists: bool = False,
) -> web.Response:
    """Return a JSON response, or an empty one."""
    if body is None:
        response = web.Response(status=status)
    else:
        raw = to_json(body, empty_lists=empty_lists)
        response = web.Response(body=raw, status=status, content_type="application/json", charset="utf-8")
    for name, value in headers:
        response.headers.add(name, value)
    return response


def refusal_response(refusal: Refusal) -> web.Response:
    """Return the response to a refused request."""
    return json_response(refusal.info, refusal.status, refusal.headers.items())


# -- snapshots --------------------------------------------------------------------------------------------------

BATCH: Final = 200
"""How many users' snapshots are published at once; a request for more takes several turns of the clock."""
PAUSE: Final = 0.01
"""Seconds between two batches."""

_snapshots: WeakKeyDictionary["Session", set[str]] = WeakKeyDictionary()


def publish_snapshot(
    ctx: Context, package: str, event: Callable[["Switch", str], O2gEvent], logins: Iterable[str] | None = None
) -> None:
    """Publish the state of the user, or of all users, to the session. A second request meanwhile does nothing.

    ``logins`` are those that an administrator without a user means, if not all.
    """
    if ctx.login is not None:
        ctx.publish(package, event(ctx.switch, ctx.login))
        return
    running = _snapshots.setdefault(ctx.session, set())
    if package in running:
        return
    running.add(package)
    _batch(ctx, package, event, iter(list(ctx.switch.users if logins is None else logins)), running)


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
