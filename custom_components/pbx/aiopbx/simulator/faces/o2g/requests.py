"""What the server looks at in a request, wherever it came from: a socket of its own, or the tunnel."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Protocol

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ....o2g.tunnel_messages import Request

if TYPE_CHECKING:
    from .subscriptions import Subscribed


class Connection(Protocol):
    """What a request came over."""

    def abort(self) -> None:
        """Break it at once."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of it."""


class IncomingRequest(Protocol):
    """A request. Those of aiohttp are like this."""

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
        """What it came over; none if that is gone."""

    async def read(self) -> bytes:
        """Its body."""


class Tunnel(Protocol):
    """The tunnel that a request came through."""

    def push(self, subscribed: "Subscribed", identifier: str) -> None:
        """Send the events of a subscription through it, under this identifier."""


class TunnelRequest:
    """A request that came through the tunnel."""

    def __init__(self, message: Request, tunnel: Tunnel, scheme: str) -> None:
        """Read a message. ``scheme`` is what the agent speaks with the server."""
        self.method = message.method.upper()
        self.rel_url = URL(message.path, encoded=True)
        self.headers = CIMultiDictProxy(CIMultiDict(message.headers))
        self.cookies = _cookies(self.headers.get("Cookie", ""))
        self.scheme = scheme
        self.tunnel = tunnel
        self.dropped = False
        """Whether the connection to the server broke instead of an answer."""
        self._body = message.body

    @property
    def transport(self) -> "TunnelRequest":
        """What it came over: nothing but itself can break."""
        return self

    def abort(self) -> None:
        """Break the connection to the server."""
        self.dropped = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known."""
        return default

    async def read(self) -> bytes:
        """Its body."""
        return self._body


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
