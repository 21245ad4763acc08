"""Requests as the server sees them, whether from a socket or through the tunnel."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Protocol

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ....o2g.types.tunnel import Request

if TYPE_CHECKING:
    from .subscriptions import Subscribed


class Connection(Protocol):
    """The connection that a request came over."""

    def abort(self) -> None:
        """Break it at once."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known about it."""


class IncomingRequest(Protocol):
    """A request, with the attributes that aiohttp's requests have, too."""

    @property
    def method(self) -> str:
        """GET, POST, PUT or DELETE."""

    @property
    def rel_url(self) -> URL:
        """Path and query."""

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """Its headers."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """Its cookies."""

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""

    @property
    def transport(self) -> Connection | None:
        """The connection that it came over; ``None`` if that is gone."""

    async def read(self) -> bytes:
        """Return the body."""


class Tunnel(Protocol):
    """The tunnel that a request came through."""

    def push(self, subscribed: "Subscribed", identifier: str) -> None:
        """Send the events of a subscription through the tunnel, under this identifier."""


class TunnelRequest:
    """A request that came through the tunnel."""

    def __init__(self, message: Request, tunnel: Tunnel, scheme: str) -> None:
        """Read a message. ``scheme`` is what the agent uses to reach the server."""
        self.method = message.method.upper()
        self.rel_url = URL(message.path, encoded=True)
        self.headers = CIMultiDictProxy(CIMultiDict(message.headers))
        self.cookies = _cookies(self.headers.get("Cookie", ""))
        self.scheme = scheme
        self.tunnel = tunnel
        self.dropped = False
        """Whether the agent's connection to the server broke instead of an answer."""
        self._body = message.body

    @property
    def transport(self) -> "TunnelRequest":
        """The request itself: it is all that can break."""
        return self

    def abort(self) -> None:
        """Break the connection to the server."""
        self.dropped = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the default: nothing is known."""
        return default

    async def read(self) -> bytes:
        """Return the body."""
        return self._body


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
