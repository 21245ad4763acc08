"""Rules of the O2G reference that can be checked before anything is sent. Each raises ``InvalidInput``.

The checks of values (``check_number`` and its like) are for everybody; those in capitals are for declaring operations.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ..errors import InvalidInput
from .operations import Check
from .types.telephony import MakeCallRequest

NUMBER_FORM: Final = re.compile(r"[+]?[0-9A-D*#() ]{1,49}")
NUMBER_RULE: Final = (
    "A number is 1 to 49 of the characters 0-9 A-D * # ( ) and space, with a + before it if it is canonical."
)
MOST_ASSOCIATED_DATA: Final = 32
"""Bytes."""
RECORDING_ACTIONS: Final = ("start", "stop", "pause", "resume")
REDIRECT_WORDS: Final = ("VOICEMAIL", "DVA")
_DTMF: Final = re.compile(r"[0-9A-D*#]+")
_DIGITS: Final = re.compile(r"[0-9]+")


def check_number(number: str, *, field: str = "number") -> None:
    """Check that a number has the form that the server dials."""
    if not isinstance(number, str) or not NUMBER_FORM.fullmatch(number) or not number.strip("+() "):
        raise InvalidInput(field, f"{number!r} cannot be dialled.", remedy=NUMBER_RULE)


def check_redirect_target(target: str, *, field: str = "redirectTo") -> None:
    """Check where a ringing call is redirected: a number, ``VOICEMAIL`` or ``DVA``."""
    if target not in REDIRECT_WORDS:
        check_number(target, field=field)


def check_associated_data(data: str, *, field: str = "associatedData") -> None:
    """Check that data for a call is at most 32 bytes in UTF-8."""
    size = len(data.encode())
    if size > MOST_ASSOCIATED_DATA:
        raise InvalidInput(
            field,
            f"is {size} bytes long.",
            remedy=f"At most {MOST_ASSOCIATED_DATA} bytes of UTF-8 go with a call; a letter may take several.",
        )


def check_dtmf(digits: str, *, field: str = "number") -> None:
    """Check DTMF digits."""
    if not _DTMF.fullmatch(digits):
        raise InvalidInput(field, "cannot be sent as tones.", remedy="DTMF digits are 0-9, A-D, * and #, at least one.")


def check_account_info(code: str, *, field: str = "accountInfo") -> None:
    """Check a transaction code."""
    if not _DIGITS.fullmatch(code):
        raise InvalidInput(field, "is no transaction code.", remedy="It is digits only, at least one.")


def check_recording_action(action: str, *, field: str = "action") -> None:
    """Check what is asked of a recording."""
    if action not in RECORDING_ACTIONS:
        raise InvalidInput(field, f"{action!r} is not known.", remedy=f"It is one of {', '.join(RECORDING_ACTIONS)}.")


def check_make_call(request: MakeCallRequest) -> None:
    """Check a call: whom, from which device, and that private, business and data variants are not mixed."""
    to_supervisor = request.acd_call is not None and bool(request.acd_call.call_to_supervisor)
    if not request.device_id:
        raise InvalidInput("deviceId", "is missing.", remedy="Name the device that dials, one of the user's.")
    if request.callee is None:
        if not to_supervisor:
            raise InvalidInput("callee", "is missing.", remedy="Only an agent's call to the supervisor goes without.")
    else:
        check_number(request.callee, field="callee")
    if request.calling_number is not None:
        check_number(request.calling_number, field="callingNumber")
    if (request.pin is None) != (request.secret_code is None):
        missing = "secretCode" if request.secret_code is None else "pin"
        raise InvalidInput(missing, "is missing.", remedy="A private call needs both the PIN and the secret code.")
    private, business = request.pin is not None, request.business_code is not None
    if private and business:
        raise InvalidInput(
            "businessCode", "does not go with a private call.", remedy="Give the PIN or the business code."
        )
    for field, empty in (
        ("pin", request.pin == ""),
        ("secretCode", request.secret_code == ""),
        ("businessCode", request.business_code == ""),
    ):
        if empty:
            raise InvalidInput(field, "is empty.", remedy="Give the code, or leave the field out for a regular call.")
    if request.associated_data is not None:
        if private or business:
            kind = "private" if private else "business"
            raise InvalidInput("associatedData", f"does not go with a {kind} call.", remedy="Leave it out.")
        check_associated_data(request.associated_data)
    if request.acd_call is not None and private:
        raise InvalidInput(
            "acdCall", "does not go with a private call.", remedy="Leave it, or PIN and secret code, out."
        )


# ------------------------------------------------------------------------------------------- for declaring operations


def NUMBER(field: str) -> Check:  # noqa: N802 - reads as a constant where operations are declared
    """Make a check that this field of the body, if it is there, is a number."""
    attribute = _snake(field)

    def check(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:
        value = getattr(body, attribute)
        if value is not None:
            check_number(value, field=field)

    return check


def NEEDS(*fields: str) -> Check:  # noqa: N802
    """Make a check that these fields of the body are not empty."""
    attributes = [(field, _snake(field)) for field in fields]

    def check(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:
        for field, attribute in attributes:
            if not getattr(body, attribute):
                raise InvalidInput(field, "is missing.", remedy="The server needs it.")

    return check


def MAKE_CALL(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_make_call``."""
    check_make_call(body)


def REDIRECT(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_redirect_target``."""
    check_redirect_target(body.redirect_to)


def ASSOCIATED_DATA(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_associated_data``."""
    if body.associated_data is not None:
        check_associated_data(body.associated_data)


def DTMF(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_dtmf``."""
    check_dtmf(body.number)


def ACCOUNT_INFO(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_account_info``."""
    check_account_info(body.account_info)


def RECORDING_ACTION(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_recording_action``."""
    check_recording_action(str(query.get("action", "")))


def ONE_QUERY(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that there is exactly one parameter."""
    if len(query) != 1:
        raise InvalidInput("companyPhone", "is missing.", remedy="A user is found by exactly one parameter.")


def TIMEOUT(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check a subscription's time-out: 0, or 2 to 60 minutes; and that every selector names something."""
    if body.timeout is not None and body.timeout != 0 and not 2 <= body.timeout <= 60:
        raise InvalidInput("timeout", f"{body.timeout} minutes cannot be asked for.", remedy="It is 2 to 60, or 0.")
    if body.filter is not None:
        SELECTORS(path, query, body.filter)


def SELECTORS(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that every selector of a filter names a package or an event."""
    for selector in body.selectors:
        if not selector.names or not all(selector.names):
            raise InvalidInput("names", "is empty.", remedy="A selector names an event package, or events of one.")


def ROUTES(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check routes: one of a kind, one destination in it where calls are sent on, a number where it is to a number."""
    forwards = getattr(body, "forward_routes", ())
    forward = getattr(body, "forward_route", None)
    for field, routes in (
        ("presentationRoutes", getattr(body, "presentation_routes", ())),
        ("forwardRoutes", forwards),
        ("overflowRoutes", getattr(body, "overflow_routes", ())),
    ):
        if len(routes) > 1:
            raise InvalidInput(field, f"are {len(routes)}.", remedy="Only one can be set.")
        for route in routes:
            _check_destinations(field, route.destinations, many=field == "presentationRoutes")
    if forward is not None:
        _check_destinations("forwardRoute", forward.destinations)


def OVERFLOW(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that there is an overflow, and that it says when."""
    if not body.overflow_routes:
        raise InvalidInput(
            "overflowRoutes", "is missing.", remedy="Give one route; an overflow is cancelled by DELETE."
        )
    for route in body.overflow_routes:
        if route.overflow_type is None:
            raise InvalidInput("overflowType", "is missing.", remedy="It is BUSY, NO_ANSWER or BUSY_NO_ANSWER.")


def _check_destinations(field: str, destinations: tuple[Any, ...], *, many: bool = False) -> None:
    if len(destinations) > 1 and not many:
        raise InvalidInput(field, f"has {len(destinations)} destinations.", remedy="Only one is possible.")
    for destination in destinations:
        if destination.type is None:
            raise InvalidInput(f"{field}.type", "is missing.", remedy="Say what kind of destination it is.")
        if destination.number is not None:
            check_number(destination.number, field="number")
        elif destination.type in {"NUMBER", "OTHER"}:
            raise InvalidInput("number", "is missing.", remedy="A forward to a number needs one.")


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
