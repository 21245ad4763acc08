"""How the O2G face says no: the status, the type with its code, and the part of the service that refused."""

from http import HTTPStatus
from typing import Final, NamedTuple

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


class ErrorType(NamedTuple):
    """A row of the table of error types."""

    code: int
    can_retry: bool
    help: str
    status: HTTPStatus
    """The status that goes with it unless the refusal names another."""


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

# Where the protocol's name of a status is not Python's.
_STATUS_NAMES: Final = {302: "FOUND", 413: "REQUEST_ENTITY_TOO_LARGE", 414: "REQUEST_URI_TOO_LONG"}


class Refusal(Exception):
    """A request is refused. The server answers with ``status`` and a body that says everything here."""

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
        """Refuse with one of the error types; ``message`` names what was wrong, for a person."""
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
    """Refuse a parameter, by its name on the wire."""
    return Refusal(BAD_PARAMETER, f"{name}: {problem}")


def not_ready(message: str = "The call server is not connected yet.") -> Refusal:
    """Refuse because the server is starting, or on standby."""
    return Refusal(NOT_READY, message)


def invalid_session(message: str = "No session belongs to these cookies.") -> Refusal:
    """Refuse because there is no session, or none any more."""
    return Refusal(INVALID_SESSION, message)


def not_allowed(message: str) -> Refusal:
    """Refuse what the account or its licence does not permit."""
    return Refusal(NOT_ALLOWED, message)


def telephony(
    type: str,
    message: str,
    *,
    error_type: str,
    error_cause: str | None = None,
    status: int | None = None,
) -> Refusal:
    """Refuse with the part of call control: ``error_type`` and ``error_cause`` as the reference names them."""
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
    """Refuse with the part of routing."""
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
