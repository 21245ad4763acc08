"""Istra's refusals: a status, and a body in one of the three forms that servers use."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ...switch.errors import SwitchError

if TYPE_CHECKING:
    from .variants import Errors

OUT_OF_SERVICE: Final = 512
"""The status for a terminal that is out of service. It is specific to Istra."""
BAD_REQUEST: Final = "ERR_0"
INVALID_STATE: Final = "ERR_100"
_NAMES: Final = {BAD_REQUEST: "Bad Request", INVALID_STATE: "Invalid State"}


class Refusal(Exception):
    """A request is refused."""

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        *,
        info: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Refuse. With ``info``, or a code that begins with ERR, the body has the long form."""
        super().__init__(message)
        self.status = int(status)
        self.code = code
        self.message = message
        self.info = info
        self.headers = headers or {}

    def body(self, form: "Errors", now: int) -> dict[str, Any]:
        """Return the body; ``now`` is in milliseconds."""
        if self.code is None:
            return {"message": self.message}
        if form == "code":
            return {"code": f"{self.code}: {self.message}"}
        if form == "documented" and not self.code.startswith("ERR_"):
            return {"code": self.code, "message": self.message}
        long: dict[str, Any] = {
            "message": self.message,
            "exceptionId": f"restletapi_exception_{now}",
            "code": self.code,
            "firstMessage": self.message,
        }
        if form == "cause":
            long["cause"] = long.pop("code")
            return long
        kind = {"id": self.code, "msg": _NAMES.get(self.code) or HTTPStatus(self.status).phrase}
        return long | {"info": {"type": kind} | (self.info or {})}


def bad_request(message: str) -> Refusal:
    """The request has an invalid value."""
    return Refusal(HTTPStatus.BAD_REQUEST, BAD_REQUEST, message)


def not_found(message: str) -> Refusal:
    """The resource does not exist."""
    return Refusal(HTTPStatus.NOT_FOUND, "ROUTER_ERR_404", message)


def wrong_method(method: str, allowed: list[str]) -> Refusal:
    """The resource does not have this method."""
    names = ", ".join(sorted(allowed))
    message = f"{method} is not possible here, only {names}"
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "ROUTER_ERR_405", message, headers={"Allow": names})


def unauthorized(message: str) -> Refusal:
    """There is no valid login."""
    return Refusal(
        HTTPStatus.UNAUTHORIZED,
        "ROUTER_ERR_401",
        message,
        headers={"WWW-Authenticate": 'Basic realm="Istra", charset="UTF-8"'},
    )


def mismatch(message: str = "cookie session doesn't match authorisation sent") -> Refusal:
    """The cookie and the token do not belong together."""
    return Refusal(HTTPStatus.FORBIDDEN, "ROUTER_ERR_400", message)


def forbidden(message: str) -> Refusal:
    """The operation belongs to another application."""
    return Refusal(HTTPStatus.FORBIDDEN, "ROUTER_ERR_403", message)


def no_crm() -> Refusal:
    """The user may not use myCrm."""
    return Refusal(HTTPStatus.UNAUTHORIZED, "MYCRM_ERR_403", "user extension not allowed for myCRM")


def bad_terminal() -> Refusal:
    """The terminal does not exist, or belongs to someone else."""
    return bad_request("bad terminal ID")


def out_of_service() -> Refusal:
    """The terminal is out of service."""
    info = {"model": "terminal", "value": "OutOfService", "property": "state"}
    return Refusal(OUT_OF_SERVICE, INVALID_STATE, "Terminal out of service", info=info)


def no_telephony() -> Refusal:
    """The telephony behind the router is down."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "ROUTER_ERR_503", "IPTC not started")


def two_steps(sent: str) -> Refusal:
    """Logging in needs a second password, which has been sent in some way."""
    headers = {"X-Two-Level-Auth-Mechanism": f"authBy{sent}"} if sent else {}
    return Refusal(HTTPStatus.PRECONDITION_FAILED, None, "two steps authentication", headers=headers)


def wrong_state(message: str, state: str) -> Refusal:
    """The state of the line does not allow it."""
    info = {"model": "callLine", "value": state, "property": "state"}
    return Refusal(HTTPStatus.CONFLICT, INVALID_STATE, message, info=info)


_STATUS: Final = {
    "CALL_REFERENCE_NOT_FOUND": HTTPStatus.NOT_FOUND,
    "LEG_NOT_FOUND": HTTPStatus.NOT_FOUND,
    "NOT_FOUND": HTTPStatus.NOT_FOUND,
    "INCOMPATIBLE_WITH_STATE": HTTPStatus.CONFLICT,
    "UNAUTHORIZED": HTTPStatus.FORBIDDEN,
    "SERVICE_UNAVAILABLE": HTTPStatus.CONFLICT,
}
_BAD: Final = frozenset({"INVALID_DESTINATION", "INVALID_CALLING", "INVALID_DATA"})
_NO_TERMINAL: Final = frozenset({"DEVICE_OUT_OF_SERVICE"})


def refusal_of(error: SwitchError) -> Refusal:
    """Return the refusal for an error of the switch."""
    if error.cause in _NO_TERMINAL:
        return out_of_service()
    if error.kind == "CALL_SERVER_ERROR":
        status = HTTPStatus.BAD_REQUEST if error.cause in _BAD else HTTPStatus.CONFLICT
    else:
        status = _STATUS.get(error.kind, HTTPStatus.BAD_REQUEST)
    if status == HTTPStatus.NOT_FOUND:
        return not_found(error.message)
    code = INVALID_STATE if status == HTTPStatus.CONFLICT else BAD_REQUEST
    return Refusal(status, code, error.message)
