"""What the handlers of call control, routing and event summary share: refusals of the switch, and snapshots."""

import functools
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final
from weakref import WeakKeyDictionary

from ....o2g.types.base import O2gEvent
from ...switch import Switch
from ...switch.errors import SwitchError
from .context import Context, Handler
from .refusals import (
    BAD_PARAMETER,
    NOT_ALLOWED,
    NOT_EXPECTED,
    NOT_FOUND,
    NOT_SUPPORTED,
    SERVER_PROBLEM,
    Refusal,
    routing,
    telephony,
)
from .sessions import Session

_TYPES: Final = {
    "CALL_REFERENCE_NOT_FOUND": (NOT_FOUND, None),
    "LEG_NOT_FOUND": (NOT_FOUND, None),
    "BAD_PARAMETER_VALUE": (BAD_PARAMETER, HTTPStatus.BAD_REQUEST),
    "INCOMPATIBLE_WITH_STATE": (NOT_EXPECTED, HTTPStatus.BAD_REQUEST),
    "UNAUTHORIZED": (NOT_ALLOWED, HTTPStatus.FORBIDDEN),
    "SERVICE_NOT_PROVIDED": (NOT_SUPPORTED, HTTPStatus.BAD_REQUEST),
    "SERVICE_UNAVAILABLE": (SERVER_PROBLEM, HTTPStatus.SERVICE_UNAVAILABLE),
    "INVALID_OPERATION": (NOT_SUPPORTED, HTTPStatus.BAD_REQUEST),
    "INCOMPLETE_PHONE_NUMBER": (BAD_PARAMETER, HTTPStatus.BAD_REQUEST),
    "UNKNOWN_PHONE_NUMBER": (BAD_PARAMETER, HTTPStatus.BAD_REQUEST),
}
_SERVER_ERRORS: Final = {
    "INVALID_DESTINATION": BAD_PARAMETER,
    "INVALID_CALLING": BAD_PARAMETER,
    "INVALID_DEVICE": BAD_PARAMETER,
    "INVALID_DATA": BAD_PARAMETER,
}


def refused(error: SwitchError, missing: int = HTTPStatus.BAD_REQUEST) -> Refusal:
    """The refusal that says what the switch said. ``missing`` is the status for a call or leg that does not exist."""
    if error.kind == "CALL_SERVER_ERROR":
        kind, status = _SERVER_ERRORS.get(error.cause or "", NOT_EXPECTED), HTTPStatus.BAD_REQUEST
    else:
        kind, found = _TYPES[error.kind]
        status = HTTPStatus(missing) if found is None else found
    if error.routing:
        return routing(
            kind,
            error.message,
            error_type=error.kind,
            error_cause=error.cause,
            destination_type=error.destination,
            status=status,
        )
    return telephony(kind, error.message, error_type=error.kind, error_cause=error.cause, status=status)


def refusing(handler: Handler, missing: int = HTTPStatus.BAD_REQUEST) -> Handler:
    """A handler whose ``SwitchError`` becomes the refusal of the wire."""

    @functools.wraps(handler)
    def checked(*args: Any, **parameters: str) -> Any:
        try:
            return handler(*args, **parameters)
        except SwitchError as error:
            raise refused(error, missing) from error

    return checked


_PLAIN: Final = {
    "DEVICE_NOT_FOUND": (NOT_FOUND, HTTPStatus.NOT_FOUND),
    "KEY_NOT_FOUND": (NOT_FOUND, HTTPStatus.NOT_FOUND),
    "OBJECT_NOT_FOUND": (NOT_FOUND, HTTPStatus.NOT_FOUND),
    "NODE_NOT_FOUND": (NOT_FOUND, HTTPStatus.NOT_FOUND),
    "METHOD_NOT_ALLOWED": (NOT_SUPPORTED, HTTPStatus.METHOD_NOT_ALLOWED),
    "CONFLICT": (NOT_EXPECTED, HTTPStatus.CONFLICT),
    "NUMBER_TAKEN": (NOT_EXPECTED, HTTPStatus.CONFLICT),
}


def plainly(handler: Handler, missing: int = HTTPStatus.NOT_FOUND) -> Handler:
    """A handler whose ``SwitchError`` becomes a refusal of a service that adds nothing of its own to it."""

    @functools.wraps(handler)
    def checked(*args: Any, **parameters: str) -> Any:
        try:
            return handler(*args, **parameters)
        except SwitchError as error:
            if error.kind in _PLAIN:
                kind, status = _PLAIN[error.kind]
                raise Refusal(
                    kind, error.message, status=missing if status == HTTPStatus.NOT_FOUND else status
                ) from error
            found = refused(error, missing)
            raise Refusal(found.type, error.message, status=found.status) from error

    return checked


# -- snapshots --------------------------------------------------------------------------------------------------

BATCH: Final = 200
"""How many users' snapshots are published at once; a request for more takes several turns of the clock."""
PAUSE: Final = 0.01
"""Seconds between two batches."""

_running: WeakKeyDictionary[Session, set[str]] = WeakKeyDictionary()


def snapshot(
    ctx: Context, package: str, event: Callable[[Switch, str], O2gEvent], everybody: Iterable[str] | None = None
) -> None:
    """Publish the state of the user, or of all users, to who asks. While that runs, asking again does nothing.

    ``everybody`` are the logins that an administrator without a user means, if these are not all.
    """
    if ctx.login is not None:
        ctx.publish(package, event(ctx.switch, ctx.login))
        return
    running = _running.setdefault(ctx.session, set())
    if package in running:
        return
    running.add(package)
    _batch(ctx, package, event, iter(list(ctx.switch.users if everybody is None else everybody)), running)


def _batch(
    ctx: Context,
    package: str,
    event: Callable[[Switch, str], O2gEvent],
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
