"""Wire types of O2G: overview."""

from typing import Any

from .base import Wire, WireEnum


class DestinationType(WireEnum):
    """Kind of a destination."""

    OFFICE = "OFFICE"
    MOBILE = "MOBILE"
    VOICEMAIL = "VOICEMAIL"
    NUMBER = "NUMBER"
    ASSOCIATE = "ASSOCIATE"
    USER = "USER"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"


class HttpStatus(WireEnum):
    """Status names in the body of an error."""

    CONTINUE = "CONTINUE"
    SWITCHING_PROTOCOLS = "SWITCHING_PROTOCOLS"
    PROCESSING = "PROCESSING"
    OK = "OK"
    CREATED = "CREATED"
    ACCEPTED = "ACCEPTED"
    NON_AUTHORITATIVE_INFORMATION = "NON_AUTHORITATIVE_INFORMATION"
    NO_CONTENT = "NO_CONTENT"
    RESET_CONTENT = "RESET_CONTENT"
    PARTIAL_CONTENT = "PARTIAL_CONTENT"
    MULTI_STATUS = "MULTI_STATUS"
    ALREADY_REPORTED = "ALREADY_REPORTED"
    IM_USED = "IM_USED"
    MULTIPLE_CHOICES = "MULTIPLE_CHOICES"
    MOVED_PERMANENTLY = "MOVED_PERMANENTLY"
    FOUND = "FOUND"
    MOVED_TEMPORARILY = "MOVED_TEMPORARILY"
    SEE_OTHER = "SEE_OTHER"
    NOT_MODIFIED = "NOT_MODIFIED"
    USE_PROXY = "USE_PROXY"
    TEMPORARY_REDIRECT = "TEMPORARY_REDIRECT"
    BAD_REQUEST = "BAD_REQUEST"
    UNAUTHORIZED = "UNAUTHORIZED"
    PAYMENT_REQUIRED = "PAYMENT_REQUIRED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    PROXY_AUTHENTICATION_REQUIRED = "PROXY_AUTHENTICATION_REQUIRED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    CONFLICT = "CONFLICT"
    GONE = "GONE"
    LENGTH_REQUIRED = "LENGTH_REQUIRED"
    PRECONDITION_FAILED = "PRECONDITION_FAILED"
    REQUEST_ENTITY_TOO_LARGE = "REQUEST_ENTITY_TOO_LARGE"
    REQUEST_URI_TOO_LONG = "REQUEST_URI_TOO_LONG"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    REQUESTED_RANGE_NOT_SATISFIABLE = "REQUESTED_RANGE_NOT_SATISFIABLE"
    EXPECTATION_FAILED = "EXPECTATION_FAILED"
    INSUFFICIENT_SPACE_ON_RESOURCE = "INSUFFICIENT_SPACE_ON_RESOURCE"
    METHOD_FAILURE = "METHOD_FAILURE"
    DESTINATION_LOCKED = "DESTINATION_LOCKED"
    UNPROCESSABLE_ENTITY = "UNPROCESSABLE_ENTITY"
    LOCKED = "LOCKED"
    FAILED_DEPENDENCY = "FAILED_DEPENDENCY"
    UPGRADE_REQUIRED = "UPGRADE_REQUIRED"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
    BAD_GATEWAY = "BAD_GATEWAY"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    GATEWAY_TIMEOUT = "GATEWAY_TIMEOUT"
    HTTP_VERSION_NOT_SUPPORTED = "HTTP_VERSION_NOT_SUPPORTED"
    VARIANT_ALSO_NEGOTIATES = "VARIANT_ALSO_NEGOTIATES"
    INSUFFICIENT_STORAGE = "INSUFFICIENT_STORAGE"
    LOOP_DETECTED = "LOOP_DETECTED"
    NOT_EXTENDED = "NOT_EXTENDED"


class RoutingErrorCause(WireEnum):
    """Probable cause of a routing error."""

    UNKNOWN = "UNKNOWN"
    BAD_PHONE_NUMBER_FORMAT = "BAD_PHONE_NUMBER_FORMAT"
    INVALID_CURRENT_DEVICE = "INVALID_CURRENT_DEVICE"
    INVALID_FORWARD_ROUTE = "INVALID_FORWARD_ROUTE"
    INVALID_OVERFLOW_ROUTE = "INVALID_OVERFLOW_ROUTE"
    NULL_OR_EMPTY_PARAMETER = "NULL_OR_EMPTY_PARAMETER"
    NULL_PARAMETER = "NULL_PARAMETER"
    UNAUTHORIZED_CANCEL_OVERFLOW = "UNAUTHORIZED_CANCEL_OVERFLOW"
    UNAUTHORIZED_NOT_A_USER = "UNAUTHORIZED_NOT_A_USER"
    UNAUTHORIZED_OVERFLOW = "UNAUTHORIZED_OVERFLOW"
    UNAUTHORIZED_PHONE_NUMBER = "UNAUTHORIZED_PHONE_NUMBER"


class RoutingErrorType(WireEnum):
    """Kind of a routing error."""

    UNKNOWN = "UNKNOWN"
    BAD_PARAMETER_VALUE = "BAD_PARAMETER_VALUE"
    UNAUTHORIZED = "UNAUTHORIZED"
    INVALID_OPERATION = "INVALID_OPERATION"
    INCOMPLETE_PHONE_NUMBER = "INCOMPLETE_PHONE_NUMBER"
    UNKNOWN_PHONE_NUMBER = "UNKNOWN_PHONE_NUMBER"


class TelephonyErrorCause(WireEnum):
    """Probable cause of a telephony error."""

    UNKNOWN = "UNKNOWN"
    INVALID_CALLING = "INVALID_CALLING"
    INVALID_DESTINATION = "INVALID_DESTINATION"
    INVALID_CALL_ID = "INVALID_CALL_ID"
    INVALID_CONNECTION_STATE = "INVALID_CONNECTION_STATE"
    DEVICE_OUT_OF_SERVICE = "DEVICE_OUT_OF_SERVICE"
    INVALID_DEVICE = "INVALID_DEVICE"
    INVALID_DEVICE_STATE = "INVALID_DEVICE_STATE"
    INVALID_DATA = "INVALID_DATA"
    RESOURCE_BUSY = "RESOURCE_BUSY"


class TelephonyErrorType(WireEnum):
    """Kind of a telephony error."""

    UNKNOWN = "UNKNOWN"
    CALL_REFERENCE_NOT_FOUND = "CALL_REFERENCE_NOT_FOUND"
    LEG_NOT_FOUND = "LEG_NOT_FOUND"
    BAD_PARAMETER_VALUE = "BAD_PARAMETER_VALUE"
    INCOMPATIBLE_WITH_STATE = "INCOMPATIBLE_WITH_STATE"
    SERVICE_NOT_PROVIDED = "SERVICE_NOT_PROVIDED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INITIALIZATION = "INITIALIZATION"
    UNAUTHORIZED = "UNAUTHORIZED"
    CALL_SERVER_ERROR = "CALL_SERVER_ERROR"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"


class UserPreferencesErrorTypeDTO(WireEnum):
    """Kind of a preferences error."""

    UNKNOWN = "UNKNOWN"
    WRONG_VALUE = "WRONG_VALUE"
    WRONG_NUMBER_FORMAT = "WRONG_NUMBER_FORMAT"


class UserPreferencesParameterDTO(WireEnum):
    """Which preference was refused."""

    GUI_LANGUAGE = "GUI_LANGUAGE"


class ProductVersion(Wire, kw_only=True):
    """Release of the server software."""

    major: str | None = None
    minor: str | None = None


class RoutingErrorInfo(Wire, kw_only=True):
    """Why routing refused a request."""

    error_type: RoutingErrorType | None = None
    destination_type: DestinationType | None = None
    error_cause: RoutingErrorCause | None = None
    message: str | None = None


class ServerInfo(Wire, kw_only=True):
    """Which product answers."""

    product_name: str | None = None
    product_type: str | None = None
    product_version: ProductVersion | None = None
    ha_mode: bool | None = None


class TelephonyErrorInfo(Wire, kw_only=True):
    """Why call control refused a request."""

    error_type: TelephonyErrorType | None = None
    error_cause: TelephonyErrorCause | None = None
    message: str | None = None


class UserPreferencesErrorInfo(Wire, kw_only=True):
    """Why a preference was refused."""

    error_type: UserPreferencesErrorTypeDTO | None = None
    parameter: UserPreferencesParameterDTO | None = None


class Version(Wire, kw_only=True):
    """One version of the interface and where to log in to it."""

    id: str | None = None
    status: str | None = None
    public_url: str | None = None
    internal_url: str | None = None


class RestErrorInfo(Wire, kw_only=True):
    """The body of a refused request.

    ``can_retry`` means that the request may work once it is mended; only ``NOT_READY`` may be sent again unchanged."""

    http_status: HttpStatus | None = None
    code: int | None = None
    help_message: str | None = None
    type: str | None = None
    inner_message: str | None = None
    can_retry: bool | None = None
    routing: RoutingErrorInfo | None = None
    telephony: TelephonyErrorInfo | None = None
    user_preferences: UserPreferencesErrorInfo | None = None


class RoxeRestApiDescriptor(Wire, kw_only=True):
    """What ``GET /api/rest`` answers: the server and the versions of its interface."""

    server_info: ServerInfo | None = None
    versions: tuple[Version, ...] = ()
    custo_features: tuple[Any, ...] = ()
