"""Errors on their way over a broker: everything that the telephone system said, and the same class at the other end."""

import inspect
from typing import Any, Final

from .. import errors
from ..errors import ConnectionFailed, InvalidInput, Offline, PbxError, RequestRefused
from .topics import ErrorPayload

_CLASSES: Final[dict[str, type[PbxError]]] = {
    name: one for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, PbxError)
}
_DETAILS: Final = (
    *("field", "problem", "reason", "words", "missing", "action", "offered", "outcome", "sent_by"),
    *("operation", "status", "code", "type", "cause", "error_type", "help_message", "inner_message", "can_retry"),
    *("transient", "detail"),
)


def payload_of(error: PbxError) -> ErrorPayload:
    """Write an error down."""
    details = {}
    for name in _DETAILS:
        value = vars(error).get(name)
        if value not in (None, {}, ()):
            details[name] = value
    return ErrorPayload(type=type(error).__name__, message=error.message, remedy=error.remedy, details=details)


def error_of(payload: ErrorPayload) -> PbxError:
    """Make the error again; one of a class that is not known here is a ``PbxError``."""
    kind, details = _CLASSES.get(payload.type, PbxError), dict(payload.details)
    if not issubclass(kind, Offline) and kind is not PbxError:
        try:
            return _made(kind, payload, details)
        except (TypeError, KeyError, ValueError):
            pass  # a bridge of another version: what it said stays
    return (kind if issubclass(kind, Offline) else PbxError)(payload.message, remedy=payload.remedy)


def _made(kind: type[PbxError], payload: ErrorPayload, details: dict[str, Any]) -> PbxError:
    # Made without their own __init__, which puts words together that are together already.
    error = kind.__new__(kind, payload.message)
    PbxError.__init__(error, payload.message, remedy=payload.remedy)
    if issubclass(kind, RequestRefused):
        for name in ("operation", "status"):
            details[name]
        for name in ("code", "type", "cause", "error_type", "help_message", "inner_message", "can_retry"):
            details.setdefault(name, None)
        details.setdefault("detail", {})
        details.setdefault("transient", False)
    for name in {"InvalidInput": ("field", "problem"), "NotSupported": ("missing",)}.get(kind.__name__, ()):
        details[name]
    if issubclass(kind, (InvalidInput, ConnectionFailed)):
        details.setdefault("reason", "")
    if issubclass(kind, InvalidInput):
        details.setdefault("words", {})
    if "offered" in details:
        details["offered"] = tuple(details["offered"])
    for name, value in details.items():
        if name in _DETAILS:
            setattr(error, name, value)
    return error
