"""How the O2G face writes its answers down."""

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from ....o2g.types.base import Wire, to_json
from .refusals import NOT_SUPPORTED, Refusal


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


def wrong_method(method: str, allowed: Iterable[str]) -> Refusal:
    """Refuse a method that a resource does not have."""
    names = ", ".join(sorted(allowed))
    return Refusal(
        NOT_SUPPORTED,
        f"{method} is not possible here, only {names}.",
        status=HTTPStatus.METHOD_NOT_ALLOWED,
        headers={"Allow": names},
    )
