"""The actions: what each accepts, who may use it, and what carries it out."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from . import call_actions, line_actions, query_actions
from .action_targets import ATTR_CALL_ID, ATTR_LINE
from .aiopbx import Condition, Target
from .call_actions import (
    ATTR_ACTIVE,
    ATTR_ANONYMOUS,
    ATTR_ASSOCIATED_DATA,
    ATTR_AUTO_ANSWER,
    ATTR_BUSINESS_CODE,
    ATTR_CALL_TO_SUPERVISOR,
    ATTR_CALLING_NUMBER,
    ATTR_CONDITION,
    ATTR_DIGITS,
    ATTR_EVERYBODY,
    ATTR_INHIBIT_PROGRESS_TONE,
    ATTR_LEVEL,
    ATTR_NUMBER,
    ATTR_PHONE,
    ATTR_PIN,
    ATTR_SECRET_CODE,
    ATTR_SKILL,
    ATTR_SKILLS,
    ATTR_SUPERVISED_TRANSFER,
    ATTR_TARGET,
    ATTR_TIMEOUT,
    ATTR_TO_CALL_ID,
    NO_FORWARD,
)
from .const import DOMAIN
from .errors import pbx_errors
from .field_errors import NeedsText, in_words
from .forward import CONDITIONS, TARGETS
from .line_actions import ATTR_KEEP_FORWARDS, ATTR_REQUEST_ID
from .query_actions import (
    ATTR_AFTER,
    ATTR_ARGUMENTS,
    ATTR_BEFORE,
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DIRECTION,
    ATTR_LIMIT,
    ATTR_MAILBOX,
    ATTR_MISSED_ONLY,
    ATTR_OPERATION,
    ATTR_PARTY,
    ATTR_PASSWORD,
    ATTR_QUERY,
    ATTR_UNREAD_ONLY,
    DIRECTIONS,
)


def number(value: Any) -> str:
    """Validate a telephone number: text. What arrived as a number is another one by now, so it is refused."""
    if not isinstance(value, str):
        raise NeedsText("this has to be text")
    return value


def code(value: Any) -> str:
    """Validate digits that are no number to be dialled, as a line, a PIN or tones: text, perhaps behind ``tel:``."""
    return number(value).strip().removeprefix("tel:")


def skill(value: Any) -> str:
    """Validate a skill: its number, or its name."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return number(value).strip()


# Every action takes lines: as targets, or by number or login name; the default is the only line there is.
_LINE: Final[dict[str | vol.Marker, Any]] = {
    **cv.TARGET_FIELDS,
    vol.Optional(ATTR_LINE): vol.All(cv.ensure_list, [code]),
}
# The actions on calls take a call as well; the default is the call of each line that offers the action.
_CALL: Final[dict[str | vol.Marker, Any]] = {**_LINE, vol.Optional(ATTR_CALL_ID): cv.string}
# An action on one leg of a call may name the telephone.
_LEG: Final[dict[str | vol.Marker, Any]] = {**_CALL, vol.Optional(ATTR_PHONE): code}

_SKILL: Final = vol.Schema(
    {
        vol.Required(ATTR_SKILL): cv.positive_int,
        vol.Optional(ATTR_LEVEL): cv.positive_int,
        vol.Optional(ATTR_ACTIVE, default=True): cv.boolean,
    }
)

DIAL_SCHEMA: Final = vol.Schema(
    {
        **_LINE,
        # Required unless the supervisor is called; _dial checks it.
        vol.Optional(ATTR_NUMBER): number,
        vol.Optional(ATTR_AUTO_ANSWER): cv.boolean,
        vol.Optional(ATTR_PHONE): code,
        vol.Optional(ATTR_CALLING_NUMBER): number,
        vol.Optional(ATTR_ASSOCIATED_DATA): cv.string,
        vol.Optional(ATTR_INHIBIT_PROGRESS_TONE): cv.boolean,
        vol.Optional(ATTR_PIN): code,
        vol.Optional(ATTR_SECRET_CODE): code,
        vol.Optional(ATTR_BUSINESS_CODE): code,
        vol.Optional(ATTR_SUPERVISED_TRANSFER): cv.boolean,
        vol.Optional(ATTR_CALL_TO_SUPERVISOR): cv.boolean,
        vol.Optional(ATTR_SKILLS): vol.All(cv.ensure_list, [_SKILL]),
        vol.Optional(ATTR_TIMEOUT, default=10): vol.All(vol.Coerce(float), vol.Range(min=0, max=60)),
    }
)
LEG_SCHEMA: Final = vol.Schema(_LEG)
HANG_UP_SCHEMA: Final = vol.Schema({**_CALL, vol.Optional(ATTR_EVERYBODY, default=False): cv.boolean})
TRANSFER_SCHEMA: Final = vol.Schema(
    {
        **_CALL,
        vol.Exclusive(ATTR_NUMBER, "to"): number,
        vol.Exclusive(ATTR_TO_CALL_ID, "to"): cv.string,
        vol.Optional(ATTR_ANONYMOUS, default=False): cv.boolean,
    }
)
REDIRECT_SCHEMA: Final = vol.Schema(
    {**_CALL, vol.Required(ATTR_NUMBER): number, vol.Optional(ATTR_ANONYMOUS, default=False): cv.boolean}
)
CONFERENCE_SCHEMA: Final = vol.Schema({**_CALL, vol.Optional(ATTR_TO_CALL_ID): cv.string})
ADD_PARTY_SCHEMA: Final = vol.Schema({**_CALL, vol.Required(ATTR_NUMBER): number})
SEND_DTMF_SCHEMA: Final = vol.Schema({**_LEG, vol.Required(ATTR_DIGITS): code})
SET_FORWARD_SCHEMA: Final = vol.Schema(
    {
        **_LINE,
        vol.Optional(ATTR_NUMBER): number,
        vol.Optional(ATTR_TARGET, default=Target.NUMBER.value): vol.In([*TARGETS, NO_FORWARD]),
        vol.Optional(ATTR_CONDITION, default=Condition.IMMEDIATE.value): vol.In(CONDITIONS),
    }
)
PICK_UP_SCHEMA: Final = vol.Schema(
    {
        **_LEG,
        vol.Optional(ATTR_NUMBER): number,
        vol.Optional(ATTR_AUTO_ANSWER, default=True): cv.boolean,
    }
)
REQUEST_CALL_BACK_SCHEMA: Final = vol.Schema({**_LINE, vol.Optional(ATTR_NUMBER): number})
GET_CALL_BACK_REQUESTS_SCHEMA: Final = vol.Schema(_LINE)
CLEAR_CALL_BACK_REQUESTS_SCHEMA: Final = vol.Schema({**_LINE, vol.Optional(ATTR_REQUEST_ID): cv.string})
SET_SKILLS_SCHEMA: Final = vol.Schema(
    {
        **_LINE,
        vol.Required(ATTR_SKILLS): vol.All(cv.ensure_list, [skill], vol.Length(min=1)),
        vol.Optional(ATTR_ACTIVE, default=True): cv.boolean,
    }
)
START_NIGHT_SERVICE_SCHEMA: Final = vol.Schema(
    {**_LINE, vol.Optional(ATTR_NUMBER): number, vol.Optional(ATTR_KEEP_FORWARDS, default=False): cv.boolean}
)
END_NIGHT_SERVICE_SCHEMA: Final = vol.Schema(_LINE)
GET_CALL_LOG_SCHEMA: Final = vol.Schema(
    {
        **_LINE,
        vol.Optional(ATTR_LIMIT, default=20): vol.All(vol.Coerce(int), vol.Range(min=1, max=500)),
        vol.Optional(ATTR_MISSED_ONLY, default=False): cv.boolean,
        vol.Optional(ATTR_DIRECTION): vol.In(DIRECTIONS),
        vol.Optional(ATTR_PARTY): code,
        vol.Optional(ATTR_AFTER): cv.datetime,
        vol.Optional(ATTR_BEFORE): cv.datetime,
    }
)
GET_VOICEMAILS_SCHEMA: Final = vol.Schema(
    {
        **_LINE,
        vol.Optional(ATTR_UNREAD_ONLY, default=False): cv.boolean,
        vol.Optional(ATTR_MAILBOX): code,
        vol.Optional(ATTR_PASSWORD): code,
    }
)
SEARCH_DIRECTORY_SCHEMA: Final = vol.Schema(
    {
        **_LINE,
        vol.Required(ATTR_QUERY): code,
        vol.Optional(ATTR_LIMIT, default=20): vol.All(vol.Coerce(int), vol.Range(min=1, max=100)),
    }
)
CALL_OPERATION_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_OPERATION): cv.string,
        vol.Optional(ATTR_ARGUMENTS, default=dict): {str: object},
    }
)

type Handler = Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, ServiceResponse]]

ACTIONS: Final[dict[str, tuple[Handler, vol.Schema]]] = {
    "dial": (call_actions.dial, DIAL_SCHEMA),
    "answer": (call_actions.answer, LEG_SCHEMA),
    "hang_up": (call_actions.hang_up, HANG_UP_SCHEMA),
    "hold": (call_actions.hold, LEG_SCHEMA),
    "retrieve": (call_actions.retrieve, LEG_SCHEMA),
    "transfer": (call_actions.transfer, TRANSFER_SCHEMA),
    "redirect": (call_actions.redirect, REDIRECT_SCHEMA),
    "conference": (call_actions.conference, CONFERENCE_SCHEMA),
    "add_party": (call_actions.add_party, ADD_PARTY_SCHEMA),
    "send_dtmf": (call_actions.send_dtmf, SEND_DTMF_SCHEMA),
    "set_forward": (call_actions.set_forward, SET_FORWARD_SCHEMA),
    "pick_up": (line_actions.pick_up, PICK_UP_SCHEMA),
    "request_call_back": (line_actions.request_call_back, REQUEST_CALL_BACK_SCHEMA),
    "get_call_back_requests": (line_actions.get_call_back_requests, GET_CALL_BACK_REQUESTS_SCHEMA),
    "clear_call_back_requests": (line_actions.clear_call_back_requests, CLEAR_CALL_BACK_REQUESTS_SCHEMA),
    "set_skills": (line_actions.set_skills, SET_SKILLS_SCHEMA),
    "start_night_service": (line_actions.start_night_service, START_NIGHT_SERVICE_SCHEMA),
    "end_night_service": (line_actions.end_night_service, END_NIGHT_SERVICE_SCHEMA),
    "get_call_log": (query_actions.get_call_log, GET_CALL_LOG_SCHEMA),
    "get_voicemails": (query_actions.get_voicemails, GET_VOICEMAILS_SCHEMA),
    "search_directory": (query_actions.search_directory, SEARCH_DIRECTORY_SCHEMA),
    "call_operation": (query_actions.call_operation, CALL_OPERATION_SCHEMA),
}
# What does nothing but answer.
_QUERIES: Final = ("get_call_back_requests", "get_call_log", "get_voicemails", "search_directory")
# What can do anything with the PBX.
_ADMINISTRATORS: Final = ("call_operation",)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""

    def register(name: str, handler: Handler, schema: vol.Schema) -> None:
        async def handle(call: ServiceCall) -> ServiceResponse:
            with pbx_errors():
                return await handler(hass, call)

        checked = in_words(hass, name, schema)
        response = SupportsResponse.ONLY if name in _QUERIES else SupportsResponse.OPTIONAL
        if name in _ADMINISTRATORS:
            async_register_admin_service(hass, DOMAIN, name, handle, checked, response)
        else:
            hass.services.async_register(DOMAIN, name, handle, checked, response)

    for name, (handler, schema) in ACTIONS.items():
        register(name, handler, schema)
