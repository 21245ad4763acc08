"""Rules of the O2G reference that can be checked before anything is sent. Each raises ``InvalidInput``.

The checks of values (``check_number`` and its like) are for everybody; those in capitals are for declaring operations.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ..errors import InvalidInput
from ..operations import Check
from .queries import ObjectPath
from .types.agent import ChangeIntrusionModeRequest, IntrusionMode
from .types.directory import Criterion, Operation as Comparison
from .types.telephony import MakeCallRequest

NUMBER_FORM: Final = re.compile(r"[+]?[0-9A-D*#() ]{1,49}")
NUMBER_RULE: Final = (
    "A number is 1 to 49 of the characters 0-9 A-D * # ( ) and space, with a + before it if it is canonical."
)
MOST_ASSOCIATED_DATA: Final = 32
"""Bytes."""
RECORDING_ACTIONS: Final = ("start", "stop", "pause", "resume")
REDIRECT_WORDS: Final = ("VOICEMAIL", "DVA")
MOST_CONTACTS: Final = 100
"""That a search of the directory may be asked for."""
MOST_REASONS: Final = 9
"""To withdraw, in a processing group."""
PIN_CONTROLS: Final = (
    "PIN_Category",
    "PIN_Restricted_To_Owner_Set",
    "PIN_Universal_Access",
    "PIN_Group_Control",
)
PIN_OF_A_GROUP: Final = "PIN_Group_Control"
_DTMF: Final = re.compile(r"[0-9A-D*#]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_RECORD_ID: Final = re.compile(r"-?[0-9]{1,19}")


def check_number(number: str, *, field: str = "number") -> None:
    """Check that a number has the form that the server dials."""
    if not isinstance(number, str) or not NUMBER_FORM.fullmatch(number) or not number.strip("+() "):
        raise InvalidInput(
            field, f"{number!r} cannot be dialled.", remedy=NUMBER_RULE, reason="number", value=str(number)[:60]
        )


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
            reason="data_length",
            size=size,
            most=MOST_ASSOCIATED_DATA,
        )


def check_dtmf(digits: str, *, field: str = "number") -> None:
    """Check DTMF digits."""
    if not _DTMF.fullmatch(digits):
        raise InvalidInput(
            field,
            "cannot be sent as tones.",
            remedy="DTMF digits are 0-9, A-D, * and #, at least one.",
            reason="tones",
        )


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
        raise InvalidInput(
            missing,
            "is missing.",
            remedy="A private call needs both the PIN and the secret code.",
            reason="private_call",
        )
    private, business = request.pin is not None, request.business_code is not None
    if private and business:
        raise InvalidInput(
            "businessCode",
            "does not go with a private call.",
            remedy="Give the PIN or the business code.",
            reason="private_or_business",
        )
    for field, empty in (
        ("pin", request.pin == ""),
        ("secretCode", request.secret_code == ""),
        ("businessCode", request.business_code == ""),
    ):
        if empty:
            raise InvalidInput(
                field,
                "is empty.",
                remedy="Give the code, or leave the field out for a regular call.",
                reason="code_empty",
            )
    if request.associated_data is not None:
        if private or business:
            kind = "private" if private else "business"
            raise InvalidInput(
                "associatedData", f"does not go with a {kind} call.", remedy="Leave it out.", reason="data_and_code"
            )
        check_associated_data(request.associated_data)
    if request.acd_call is not None and private:
        raise InvalidInput(
            "acdCall",
            "does not go with a private call.",
            remedy="Leave it, or PIN and secret code, out.",
            reason="call_center_and_code",
        )


def check_criterion(criterion: Criterion, *, field: str = "filter") -> None:
    """Check a search of the directory, all the way down: a field compared with a word, or criteria joined."""
    operand = criterion.operand
    if criterion.operation in {Comparison.AND, Comparison.OR}:
        if criterion.field is not None:
            raise InvalidInput(
                f"{field}.field", f"does not go with {criterion.operation}.", remedy="The criteria below have fields."
            )
        if isinstance(operand, str) or not operand:
            raise InvalidInput(f"{field}.operand", "is no list.", remedy=f"{criterion.operation} joins criteria.")
        for number, below in enumerate(operand):
            check_criterion(below, field=f"{field}.operand[{number}]")
        return
    if not criterion.operation.listed:
        names = ", ".join(Comparison.__members__)
        raise InvalidInput(
            f"{field}.operation", f"{str(criterion.operation)!r} is not known.", remedy=f"One of {names}."
        )
    if criterion.field is None:
        raise InvalidInput(f"{field}.field", "is missing.", remedy="Say what is compared, such as lastName.")
    if not criterion.field.listed:
        raise InvalidInput(
            f"{field}.field",
            f"{str(criterion.field)!r} cannot be searched by.",
            remedy=f"One of {', '.join(type(criterion.field))}.",
        )
    if not isinstance(operand, str):
        raise InvalidInput(f"{field}.operand", "is no word.", remedy="Only AND and OR join criteria.")
    if not operand.strip():
        raise InvalidInput(f"{field}.operand", "is empty.", remedy="Give what the contact is searched by.")


def check_contact_limit(limit: int | None, *, field: str = "limit") -> None:
    """Check how many contacts a search of the directory may find."""
    if limit is not None and not 1 <= limit <= MOST_CONTACTS:
        raise InvalidInput(field, f"{limit} contacts cannot be asked for.", remedy=f"It is 1 to {MOST_CONTACTS}.")


def check_name_keys(digits: str, *, field: str = "lastName") -> None:
    """Check a name as it is typed on the keys of a telephone."""
    if not _DIGITS.fullmatch(digits):
        raise InvalidInput(
            field,
            f"{digits!r} is not how a name is typed on a telephone.",
            remedy="Give the digits of the keys that bear its letters, such as 627846 for Martin.",
        )


def utc(value: datetime | str | None, *, field: str = "date") -> str | None:
    """Write a time as the server reads it: UTC, with milliseconds. Raises ``InvalidInput`` without a zone."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidInput(
                field, f"{value!r} is no date.", remedy="Write it as 2026-01-31T18:17:15Z, or give a datetime."
            ) from None
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidInput(
            field,
            f"{value.isoformat()} has no time zone.",
            remedy="Say which it is: add Z or +01:00 to a string, tzinfo to a datetime.",
        )
    there = value.astimezone(UTC)
    return f"{there:%Y-%m-%dT%H:%M:%S}.{there.microsecond // 1000:03d}Z"


def joined(ids: str | Sequence[str | int] | None, *, field: str, by: str = ",") -> str | None:
    """Join ids, mostly with commas. Raises ``InvalidInput`` for an empty list: none would mean all."""
    if ids is None:
        return None
    given = ids.replace(";", ",").split(",") if isinstance(ids, str) else ids
    parts = [str(part).strip() for part in given]
    if not parts:
        raise InvalidInput(field, "is empty.", remedy="Name at least one; leave it out where none is meant.")
    for part in parts:
        if not part or "," in part or ";" in part:
            raise InvalidInput(field, f"{part!r} is no id.", remedy="Ids are not empty and have no comma in them.")
    return by.join(parts)


# ------------------------------------------------------------------------------------------- for declaring operations


def NUMBER(field: str) -> Check:  # noqa: N802 - reads as a constant where operations are declared
    """Make a check that this field of the body, if it is there, is a number."""
    attribute = _snake(field)

    def check(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:
        value = getattr(body, attribute)
        if value is not None:
            check_number(value, field=field)

    check.__doc__ = f"Check that ``{field}``, if it is there, is a number."
    return check


def NEEDS(*fields: str) -> Check:  # noqa: N802
    """Make a check that these fields of the body are not empty."""
    attributes = [(field, _snake(field)) for field in fields]

    def check(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:
        for field, attribute in attributes:
            if not getattr(body, attribute):
                raise InvalidInput(field, "is missing.", remedy="The server needs it.")

    check.__doc__ = (
        f"Check that {' and '.join(f'``{field}``' for field in fields)} {'are' if len(fields) > 1 else 'is'} not empty."
    )
    return check


def MAKE_CALL(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_make_call``."""
    check_make_call(body)


MAKE_CALL.needs = ("deviceId",)  # type: ignore[attr-defined]


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


def CRITERION(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_contact_limit`` and ``check_criterion``."""
    check_contact_limit(body.limit)
    check_criterion(body.filter)


def NAME_KEYS(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Apply ``check_contact_limit`` and ``check_name_keys``."""
    check_contact_limit(body.limit)
    check_name_keys(body.last_name)
    if body.first_name is not None:
        check_name_keys(body.first_name, field="firstName")
    if not body.keyboard_type.listed:
        raise InvalidInput("keyboardType", f"{str(body.keyboard_type)!r} is not known.", remedy="It is CCITT or ITU.")


def RECORDS(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check what records of the log are chosen by: their ids, or else criteria and a page."""
    ids = query.get("recordIdList")
    if ids is not None:
        for one in str(ids).split(","):
            if not _RECORD_ID.fullmatch(one.strip()):
                raise InvalidInput("recordIdList", f"{one!r} is no number of a record.", remedy="It is 12 or 12,13.")
        for name in query:
            if name not in {"recordIdList", "loginName", "all"}:
                raise InvalidInput(
                    name, "does not go with recordIdList.", remedy="Choose records by their ids, or by criteria."
                )
    if "role" in query and query["role"] not in {"CALLER", "CALLEE"}:
        raise InvalidInput("role", f"{query['role']!r} cannot be searched by.", remedy="It is CALLER or CALLEE.")
    dates = [utc(str(query[name]), field=name) for name in ("afterDate", "beforeDate") if name in query]
    if len(dates) == 2 and str(dates[0]) >= str(dates[1]):
        raise InvalidInput(
            "beforeDate", "is not after afterDate.", remedy="Nothing is between them.", reason="before_after"
        )
    PAGE(path, query, body)


def RECORD(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check the number of a record."""
    if not _RECORD_ID.fullmatch(path["recordId"]):
        raise InvalidInput("recordId", f"{path['recordId']!r} is no number of a record.", remedy="It is digits only.")


def PAGE(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check a page of the log: where it begins, and how long it is."""
    _check_page(query, least=0)


def MESSAGES_PAGE(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check a page of messages: where it begins, and how long it is, -1 for no limit."""
    _check_page(query, least=-1)


def EXPLICIT_ALL(*names: str) -> Check:  # noqa: N802
    """Make a check that everything is deleted only where the person says so, by the guard ``all``."""

    def check(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:
        chosen = [name for name in names if name in query and query[name] is not False]
        if query.get("all") is True:
            if chosen:
                raise InvalidInput("all", f"does not go with {chosen[0]}.", remedy="Delete all, or what is chosen.")
        elif not chosen:
            raise InvalidInput(
                names[0],
                "is missing, and without it everything would be deleted.",
                remedy=f"Choose by {', '.join(names)}; or say all=True.",
            )

    check.__doc__ = "Check that everything is deleted only with ``all=True``."
    return check


def ONE_PASSWORD(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that a mailbox is opened with its own password or with the user's, not with both or neither."""
    own = body is not None and body.password is not None
    users = query.get("withUserPwd") is True
    if own and users:
        raise InvalidInput(
            "withUserPwd", "does not go with a password.", remedy="Give the password, or say withUserPwd."
        )
    if not own and not users:
        raise InvalidInput(
            "password", "is missing.", remedy="Give the mailbox's password, or say withUserPwd to use the user's."
        )
    if own and not body.password:
        raise InvalidInput("password", "is empty.", remedy="Give the mailbox's password.")


def POSITION(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check the position of a key, and that the key in the body is that one; its number can be dialled."""
    position = path["position"]
    if not _DIGITS.fullmatch(position):
        raise InvalidInput("position", f"{position!r} is no position of a key.", remedy="It is 0 or more.")
    if body is None:
        return
    if body.position is None or body.position != int(position):
        raise InvalidInput(
            "position",
            f"{body.position} in the key is not {position} in the path.",
            remedy="Both say which key it is; leave it out of the key to have it filled in.",
        )
    if body.number:
        check_number(body.number)


def ASSOCIATE(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that the associate, if there is one, is a number."""
    if body.number:
        check_number(body.number)


def PIN(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check a PIN: digits only, a control that is known, and the group where a group controls it."""
    if body.pin_number is not None and not _DIGITS.fullmatch(body.pin_number):
        raise InvalidInput("Pin_Number", "is no PIN.", remedy="It is digits only, as many as the PBX is set up for.")
    control = body.pin_type_of_control
    if control is not None and control not in PIN_CONTROLS:
        raise InvalidInput(
            "Pin_Type_Of_Control", f"{control!r} is not known.", remedy=f"It is one of {', '.join(PIN_CONTROLS)}."
        )
    if control == PIN_OF_A_GROUP and body.pin_group is None:
        raise InvalidInput("Pin_Group", "is missing.", remedy=f"{PIN_OF_A_GROUP} needs the number of the group.")
    if body.pin_group is not None and body.pin_group < 0:
        raise InvalidInput("Pin_Group", f"{body.pin_group} is no group.", remedy="It is 0 or more.")


def ONE_OBJECT(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that the path names one object: names and ids in turn, an id at its end."""
    _check_object_path(path["objectPath"], one=True)


def OBJECTS(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that the path names all objects of a name: names and ids in turn, that name at its end."""
    _check_object_path(path["objectPath"], one=False)


def ATTRIBUTES(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check attributes of an object: each has a name, once, and either plain or complex values."""
    _check_attributes(body.attributes, "attributes")
    if not body.attributes and "action" not in query:
        raise InvalidInput("attributes", "are missing.", remedy="Give at least one, or an action that needs none.")


def WITHDRAW_REASON(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check the reason why an agent withdraws."""
    index = body.reason_index
    if index is not None and not 1 <= index <= MOST_REASONS:
        raise InvalidInput(
            "reasonIndex", f"{index} is no reason.", remedy=f"It is 1 to {MOST_REASONS}; withdraw_reasons lists them."
        )


def INTRUSION_MODE(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that a way of intruding is known."""
    known = [
        one for one in IntrusionMode if one is not IntrusionMode.STOP or isinstance(body, ChangeIntrusionModeRequest)
    ]
    if body.mode is not None and body.mode not in known:
        names = ", ".join(known)
        raise InvalidInput("mode", f"{str(body.mode)!r} is not known.", remedy=f"It is one of {names}.")


def OTHER_NUMBER(path: Mapping[str, str], query: Mapping[str, str | bool], body: Any) -> None:  # noqa: N802
    """Check that the other party, if it is named, is a number."""
    if "other" in query:
        check_number(str(query["other"]), field="other")


def _check_page(query: Mapping[str, str | bool], *, least: int) -> None:
    for name, lowest in (("offset", 0), ("limit", least)):
        if name not in query:
            continue
        try:
            value = int(str(query[name]))
        except ValueError:
            value = lowest - 1
        if value < lowest:
            raise InvalidInput(name, f"{query[name]!r} cannot be asked for.", remedy=f"It is {lowest} or more.")


def _check_object_path(given: str, *, one: bool) -> None:
    path = ObjectPath.of(given)
    path.check()
    if path.is_object is not one:
        what = "names one object" if path.is_object else "names no single object"
        ends = "an id" if one else "the name of an object"
        raise InvalidInput("objectPath", f"{str(path)!r} {what}.", remedy=f"Here it ends with {ends}.")


def _check_attributes(attributes: tuple[Any, ...], field: str) -> None:
    seen: set[str] = set()
    for attribute in attributes:
        name = attribute.name
        if not name or not name.strip():
            raise InvalidInput(f"{field}.name", "is missing.", remedy="Every attribute has a name.")
        if name in seen:
            raise InvalidInput(name, "is there twice.", remedy="Give a list attribute once, with all its values.")
        seen.add(name)
        if attribute.value and attribute.complex_value:
            raise InvalidInput(name, "has both kinds of values.", remedy="Give value, or complexValue.")
        for below in attribute.complex_value:
            _check_attributes(below.attributes, name)


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
