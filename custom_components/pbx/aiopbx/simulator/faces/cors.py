"""Pages in browsers that may use the simulator, from an origin of their own: what CORS calls it."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Final

from aiohttp import web

ANY: Final = "*"


def allow(
    request: web.BaseRequest,
    response: web.StreamResponse,
    origins: Collection[str],
    *,
    expose: str = "",
    methods: str,
    headers: str,
) -> None:
    """Let the page read an answer, with credentials, if its origin is among these."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    response.headers["Vary"] = "Origin"
    if not _is_one_of(origin, origins):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    if expose:
        response.headers["Access-Control-Expose-Headers"] = expose
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = headers
        response.headers["Access-Control-Max-Age"] = "600"


def preflight(request: web.BaseRequest, origins: Collection[str]) -> web.Response | None:
    """Return the answer to a browser that asks whether a page may make a request; None for any other request."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    allowed = _is_one_of(request.headers.get("Origin", ""), origins)
    return web.Response(status=HTTPStatus.NO_CONTENT if allowed else HTTPStatus.FORBIDDEN)


def _is_one_of(origin: str, origins: Collection[str]) -> bool:
    return ANY in origins or origin in origins
