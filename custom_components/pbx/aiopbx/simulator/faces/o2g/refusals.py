"""O2G's refusals: the status, the type with its code, and the details of the service that refused."""

import functools
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ....o2g.types.overview import (
    DestinationType,
    HttpStatus,
    RestErrorInfo,
    RoutingErrorCause,
    RoutingErrorInfo,
    RoutingErrorType,
    TelephonyErrorCause,
    TelephonyErrorInfo,
    TelephonyErrorType,
    UserPreferencesErrorInfo,
    UserPreferencesErrorTypeDTO,
    UserPreferencesParameterDTO,
)
from ...switch.errors import SwitchError

if TYPE_CHECKING:
    from .context import Handler


class ErrorType(NamedTuple):
    """A row of the table of error types."""

    code: int
    can_retry: bool
    help: str
    status: HTTPStatus
    """The status, unless the refusal sets another."""


NOT_READY: Final = "NOT_READY"
INVALID_SESSION: Final = "INVALID_SESSION"
NOT_ALLOWED: Final = "NOT_ALLOWED"
NOT_FOUND: Final = "NOT_FOUND"
NOT_EXPECTED: Final = "NOT_EXPECTED"
NOT_SUPPORTED: Final = "NOT_SUPPORTED"
BAD_PARAMETER: Final = "BAD_PARAMETER"
SERVER_PROBLEM: Final = "SERVER_PROBLEM"

ERROR_TYPES: Final[dict[str, ErrorType]] = {
    NOT_READY: ErrorType(
        1000,
        True,
        "The server is still starting. Send the same request again in a while.",
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    INVALID_SESSION: ErrorType(
        1001, True, "There is no such session, or it has ended. Log in again and open a new one.", HTTPStatus.FORBIDDEN
    ),
    NOT_ALLOWED: ErrorType(
        1002, False, "This account may not do this, or its credentials are wrong.", HTTPStatus.FORBIDDEN
    ),
    NOT_FOUND: ErrorType(
        1003, True, "What the request names does not exist. Correct the name and try again.", HTTPStatus.NOT_FOUND
    ),
    NOT_EXPECTED: ErrorType(
        1004, True, "The user's present state does not permit this. Look at the state first.", HTTPStatus.BAD_REQUEST
    ),
    NOT_SUPPORTED: ErrorType(1005, False, "This server does not offer this operation.", HTTPStatus.BAD_REQUEST),
    BAD_PARAMETER: ErrorType(
        1006, True, "A parameter is missing or cannot be used. Correct it and try again.", HTTPStatus.BAD_REQUEST
    ),
    SERVER_PROBLEM: ErrorType(
        1007, False, "Something went wrong in the server; its log says more.", HTTPStatus.INTERNAL_SERVER_ERROR
    ),
}

# Names of statuses in the protocol that differ from Python's.
_STATUS_NAMES: Final = {302: "FOUND", 413: "REQUEST_ENTITY_TOO_LARGE", 414: "REQUEST_URI_TOO_LONG"}


class Refusal(Exception):
    """A refused request. The server answers with ``status`` and a body made from these fields."""

    def __init__(
        self,
        type: str,
        message: str,
        *,
        status: int | None = None,
        telephony: TelephonyErrorInfo | None = None,
        routing: RoutingErrorInfo | None = None,
        preferences: UserPreferencesErrorInfo | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Refuse with one of the error types; ``message`` explains it to a person."""
        super().__init__(message)
        self.type = type
        self.message = message
        self.status = int(status if status is not None else ERROR_TYPES[type].status)
        self.telephony = telephony
        self.routing = routing
        self.preferences = preferences
        self.headers = headers or {}

    @property
    def info(self) -> RestErrorInfo:
        """The body of the answer."""
        row = ERROR_TYPES[self.type]
        name = _STATUS_NAMES.get(self.status) or HTTPStatus(self.status).name
        return RestErrorInfo(
            http_status=HttpStatus(name),
            code=row.code,
            help_message=row.help,
            type=self.type,
            inner_message=self.message,
            can_retry=row.can_retry,
            routing=self.routing,
            telephony=self.telephony,
            user_preferences=self.preferences,
        )


def bad_parameter(name: str, problem: str) -> Refusal:
    """Refuse a parameter, named as on the wire."""
    return Refusal(BAD_PARAMETER, f"{name}: {problem}")


def not_ready(message: str = "The call server is not connected yet.") -> Refusal:
    """Refuse because the server is starting, or on standby."""
    return Refusal(NOT_READY, message)


def invalid_session(message: str = "No session belongs to these cookies.") -> Refusal:
    """Refuse because there is no session, or it has ended."""
    return Refusal(INVALID_SESSION, message)


def not_allowed(message: str) -> Refusal:
    """Refuse what the account or its licence does not allow."""
    return Refusal(NOT_ALLOWED, message)


def telephony(
    type: str,
    message: str,
    *,
    error_type: str,
    error_cause: str | None = None,
    status: int | None = None,
) -> Refusal:
    """Refuse with the details of call control; ``error_type`` and ``error_cause`` as in the reference."""
    cause = TelephonyErrorCause(error_cause) if error_cause is not None else None
    part = TelephonyErrorInfo(error_type=TelephonyErrorType(error_type), error_cause=cause, message=message)
    return Refusal(type, message, status=status, telephony=part)


def routing(
    type: str,
    message: str,
    *,
    error_type: str,
    error_cause: str | None = None,
    destination_type: str | None = None,
    status: int | None = None,
) -> Refusal:
    """Refuse with the details of routing."""
    part = RoutingErrorInfo(
        error_type=RoutingErrorType(error_type),
        error_cause=RoutingErrorCause(error_cause) if error_cause is not None else None,
        destination_type=DestinationType(destination_type) if destination_type is not None else None,
        message=message,
    )
    return Refusal(type, message, status=status, routing=part)


def preferences(message: str, *, error_type: str = "WRONG_VALUE", parameter: str = "GUI_LANGUAGE") -> Refusal:
    """Refuse a preference of a user."""
    part = UserPreferencesErrorInfo(
        error_type=UserPreferencesErrorTypeDTO(error_type), parameter=UserPreferencesParameterDTO(parameter)
    )
    return Refusal(BAD_PARAMETER, message, preferences=part)


def wrong_method(method: str, allowed: Iterable[str]) -> Refusal:
    """Refuse a method that a resource does not have."""
    names = ", ".join(sorted(allowed))
    return Refusal(
        NOT_SUPPORTED,
        f"{method} is not possible here, only {names}.",
        status=HTTPStatus.METHOD_NOT_ALLOWED,
        headers={"Allow": names},
    )


# -- what the switch refuses ------------------------------------------------------------------------------------

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


def refusal_of(error: SwitchError, missing: int = HTTPStatus.BAD_REQUEST) -> Refusal:
    """Return the refusal for an error of the switch. ``missing`` is the status for an unknown call or leg."""
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


def refuse_with_details(handler: "Handler", missing: int = HTTPStatus.BAD_REQUEST) -> "Handler":
    """Wrap a handler: a ``SwitchError`` becomes a refusal with the details of call control or routing."""

    @functools.wraps(handler)
    def checked(*args: Any, **parameters: str) -> Any:
        try:
            return handler(*args, **parameters)
        except SwitchError as error:
            raise refusal_of(error, missing) from error

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


def refuse_plainly(handler: "Handler", missing: int = HTTPStatus.NOT_FOUND) -> "Handler":
    """Wrap a handler: a ``SwitchError`` becomes a refusal without details of its own."""

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
            found = refusal_of(error, missing)
            raise Refusal(found.type, error.message, status=found.status) from error

    return checked
