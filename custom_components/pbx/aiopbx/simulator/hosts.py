"""The names under which a simulator is asked for: those it knows, so that a page of a browser cannot be it.

A page of some site may let its own name resolve to 127.0.0.1. To the browser it then speaks with its own site, and may
read what the simulator answers. The simulator sees by the Host header that it was not meant.
"""

import ipaddress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

if TYPE_CHECKING:
    from .settings import SimulatorSettings

ANY: Final = "*"


class Hosts:
    """Which names a simulator answers to."""

    def __init__(self, settings: "SimulatorSettings") -> None:
        """Take the address it listens on, and the names that someone gave it."""
        # a proxy may pass the name on that it was asked for
        urls = (urlsplit(url).hostname for url in (settings.public_url, settings.public_event_url) if url)
        self._names = {name_of(name) for name in (settings.host, *settings.host_names, *urls) if name}

    def knows(self, request: web.BaseRequest) -> bool:
        """Whether a request asks for this simulator: for loopback, the address that it came to, or a name it has."""
        given = request.headers.getall("Host", [])
        if not given:
            return True  # no browser leaves it out
        name = name_of(given[0])
        if ANY in self._names or name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or str(address) == _came_to(request)


def _came_to(request: web.BaseRequest) -> str | None:
    """The address of this machine that a request came to, also where it listens on all of them."""
    name = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return str(name[0]).partition("%")[0] if name else None


def name_of(host: str) -> str:
    """The name in a Host header: without its port, the brackets of IPv6, and the dot at its end."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, _ = host.rpartition(":")
    if colon and ":" not in name:
        host = name
    return host.rstrip(".")


def refuse_strangers(hosts: Hosts) -> Middleware:
    """Make the middleware that lets only those requests in that ask for this simulator."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if hosts.knows(request):
            return await handler(request)
        name = request.headers["Host"][:100]
        message = (
            f"This simulator does not answer to {name!r}. If it is meant to, name that in the setting host_names "
            "(aiopbx simulate --host-name)."
        )
        return web.json_response({"error": message}, status=HTTPStatus.FORBIDDEN)

    return middleware
