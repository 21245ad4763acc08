"""The actions: dialling, and everything that a call in progress allows."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry

from .aiopbx import DVA, VOICEMAIL, AcdCall, Action, Call, CallState, Condition, Feature, Line, Skill, Target
from .calls import find_call, find_target, label_of
from .const import CONF_AUTO_ANSWER, DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .errors import invalid, pbx_errors
from .forward import CONDITIONS, TARGETS, ForwardDraft

ATTR_LINE: Final = "line"
ATTR_CALL_ID: Final = "call_id"
ATTR_NUMBER: Final = "number"
ATTR_AUTO_ANSWER: Final = "auto_answer"
ATTR_PHONE: Final = "phone"
ATTR_CALLING_NUMBER: Final = "calling_number"
ATTR_ASSOCIATED_DATA: Final = "associated_data"
ATTR_INHIBIT_PROGRESS_TONE: Final = "inhibit_progress_tone"
ATTR_PIN: Final = "pin"
ATTR_SECRET_CODE: Final = "secret_code"  # noqa: S105 - the name of a field
ATTR_BUSINESS_CODE: Final = "business_code"
ATTR_SUPERVISED_TRANSFER: Final = "supervised_transfer"
ATTR_CALL_TO_SUPERVISOR: Final = "call_to_supervisor"
ATTR_SKILLS: Final = "skills"
ATTR_SKILL: Final = "skill"
ATTR_LEVEL: Final = "level"
ATTR_ACTIVE: Final = "active"
ATTR_TIMEOUT: Final = "timeout"
ATTR_EVERYBODY: Final = "everybody"
ATTR_TO_CALL_ID: Final = "to_call_id"
ATTR_ANONYMOUS: Final = "anonymous"
ATTR_DIGITS: Final = "digits"
ATTR_TARGET: Final = "target"
ATTR_CONDITION: Final = "condition"

NO_FORWARD: Final = "none"
# Destinations of a redirection that are no numbers, each with the action that a call offers for it.
_SPECIAL: Final = {VOICEMAIL: Action.REDIRECT_TO_VOICEMAIL, DVA: Action.REDIRECT_TO_DVA}


def number(value: Any) -> str:
    """Validate a telephone number: text. What arrived as a number is another one by now, so it is refused."""
    if not isinstance(value, str):
        raise vol.Invalid(
            f"{value!r} is a number and no text: a + before it and zeros at its beginning are lost. "
            "Write it in quotes in YAML; let a template give 'tel:' before it, such as {{ 'tel:+15550123' }} "
            "or the attribute party_uri"
        )
    return value


def code(value: Any) -> str:
    """Validate digits that are no number to be dialled, as a line, a PIN or tones: text, perhaps behind ``tel:``."""
    return number(value).strip().removeprefix("tel:")


# Every action takes a line, as a device or by number or login name; the default is the only line there is.
_LINE: Final[dict[vol.Marker, Any]] = {
    vol.Exclusive(ATTR_DEVICE_ID, ATTR_LINE): cv.string,
    vol.Exclusive(ATTR_LINE, ATTR_LINE): code,
}
# The actions on calls take a call as well; the default is the call of the line that offers the action.
_CALL: Final[dict[vol.Marker, Any]] = {**_LINE, vol.Optional(ATTR_CALL_ID): cv.string}
# An action on one leg of a call may name the telephone.
_LEG: Final[dict[vol.Marker, Any]] = {**_CALL, vol.Optional(ATTR_PHONE): code}

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


# ------------------------------------------------------------------------------------------- which line, which call


def _loaded(hass: HomeAssistant) -> Iterator[PbxCoordinator]:
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        yield entry.runtime_data


def _find_line(hass: HomeAssistant, call: ServiceCall) -> tuple[PbxCoordinator, Line]:
    """Return the line that an action is for."""
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        entry: PbxConfigEntry
        device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
        coordinator = entry.runtime_data
        for line in coordinator.data:
            if coordinator.identifier(line) in device.identifiers:
                return coordinator, coordinator.pbx.lines[line]
        raise invalid("device_is_no_line", device=device.name or device_id)
    key = call.data.get(ATTR_LINE)
    found = [
        (coordinator, line)
        for coordinator in _loaded(hass)
        for line in coordinator.pbx.lines.values()
        if key is None or key in (line.id, line.number)
    ]
    if len(found) == 1:
        return found[0]
    if key is None:
        raise invalid("line_missing")
    if not found:
        known = sorted(line.number or line.id for coordinator in _loaded(hass) for line in coordinator.data.values())
        raise invalid("line_not_found", line=key, known=", ".join(known[:30]) or "-")
    raise invalid("line_ambiguous", line=key)


def _able_line(hass: HomeAssistant, call: ServiceCall, feature: Feature) -> Line:
    """Return the line that an action is for. Raises if the line does not have the feature."""
    coordinator, line = _find_line(hass, call)
    if feature not in line.features:
        raise invalid(
            "line_cannot",
            line=label_of(line.snapshot),
            action=call.service.replace("_", " "),
            system=coordinator.kind.model,
        )
    return line


def _find_call(hass: HomeAssistant, call: ServiceCall, feature: Feature, *actions: Action) -> Call:
    """Return the call that an action is for: the one that was named, else the one that offers the action now."""
    if (call_id := call.data.get(ATTR_CALL_ID)) is not None:
        return _named_call(hass, call, call_id)
    return find_call(_able_line(hass, call, feature), *actions)


def _find_target(hass: HomeAssistant, call: ServiceCall, feature: Feature, *actions: Action) -> Call | Line:
    """Return the call that an action is for, or the line itself where its licence shows no calls."""
    if (call_id := call.data.get(ATTR_CALL_ID)) is not None:
        return _named_call(hass, call, call_id)
    return find_target(_able_line(hass, call, feature), *actions)


def _named_call(hass: HomeAssistant, call: ServiceCall, call_id: str) -> Call:
    """Return the call with this id: on the line that was named, else on the only line that has it."""
    if ATTR_DEVICE_ID in call.data or ATTR_LINE in call.data:
        lines = [_find_line(hass, call)[1]]
    else:
        lines = [line for coordinator in _loaded(hass) for line in coordinator.pbx.lines.values()]
    found = [item for line in lines for item in line.calls if call_id in (item.id, item.ref)]
    if len(found) == 1:
        return found[0]
    # Both parties of an internal call may be monitored lines, and the PBX gives both the same reference.
    raise invalid("call_ambiguous" if found else "call_not_found", call_id=call_id)


# ------------------------------------------------------------------------------------------------------- the actions


def _call_centre(data: Mapping[str, Any]) -> AcdCall | None:
    """Return the call-centre options of a call; None for an ordinary call."""
    supervised, to_supervisor = data.get(ATTR_SUPERVISED_TRANSFER), data.get(ATTR_CALL_TO_SUPERVISOR)
    skills = tuple(
        Skill(number=item[ATTR_SKILL], active=item[ATTR_ACTIVE], level=item.get(ATTR_LEVEL))
        for item in data.get(ATTR_SKILLS, ())
    )
    if not (supervised or to_supervisor or skills):
        return None
    return AcdCall(supervised_transfer=bool(supervised), to_supervisor=bool(to_supervisor), skills=skills)


async def _dial(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    number = call.data.get(ATTR_NUMBER)
    if bool(number) is bool(call.data.get(ATTR_CALL_TO_SUPERVISOR)):
        raise invalid("number_and_supervisor" if number else "number_missing")
    coordinator, line = _find_line(hass, call)
    options = coordinator.config_entry.options
    dialled = await line.dial(
        number or "",
        device=call.data.get(ATTR_PHONE),
        auto_answer=call.data.get(ATTR_AUTO_ANSWER, options.get(CONF_AUTO_ANSWER, True)),
        calling_number=call.data.get(ATTR_CALLING_NUMBER),
        associated_data=call.data.get(ATTR_ASSOCIATED_DATA),
        inhibit_progress_tone=call.data.get(ATTR_INHIBIT_PROGRESS_TONE),
        pin=call.data.get(ATTR_PIN),
        secret_code=call.data.get(ATTR_SECRET_CODE),
        business_code=call.data.get(ATTR_BUSINESS_CODE),
        acd=_call_centre(call.data),
        timeout=call.data[ATTR_TIMEOUT],
    )
    return {"call_id": dialled.id if dialled is not None else None, "line": line.id, "number": number}


async def _answer(hass: HomeAssistant, call: ServiceCall) -> None:
    await _find_target(hass, call, Feature.ANSWER, Action.ANSWER).answer(device=call.data.get(ATTR_PHONE))


async def _hang_up(hass: HomeAssistant, call: ServiceCall) -> None:
    target = _find_target(hass, call, Feature.HANG_UP, Action.HANG_UP, Action.END)
    if call.data[ATTR_EVERYBODY] and isinstance(target, Call):
        await target.end()
    else:
        await target.hang_up()


async def _hold(hass: HomeAssistant, call: ServiceCall) -> None:
    await _find_call(hass, call, Feature.CALL_CONTROL, Action.HOLD).hold(call.data.get(ATTR_PHONE))


async def _retrieve(hass: HomeAssistant, call: ServiceCall) -> None:
    await _find_call(hass, call, Feature.CALL_CONTROL, Action.RETRIEVE).retrieve(call.data.get(ATTR_PHONE))


async def _transfer(hass: HomeAssistant, call: ServiceCall) -> None:
    if (number := call.data.get(ATTR_NUMBER)) is not None:
        found = _find_call(hass, call, Feature.TRANSFER, Action.BLIND_TRANSFER)
        await found.blind_transfer(number, anonymous=call.data[ATTR_ANONYMOUS])
        return
    found = _find_call(hass, call, Feature.TRANSFER, Action.TRANSFER)
    await found.transfer(_held_call(hass, call, found))


async def _redirect(hass: HomeAssistant, call: ServiceCall) -> None:
    number = call.data[ATTR_NUMBER]
    if number.upper() in _SPECIAL:
        number = number.upper()
    found = _find_call(hass, call, Feature.REDIRECT, _SPECIAL.get(number, Action.REDIRECT))
    await found.redirect(number, anonymous=call.data[ATTR_ANONYMOUS])


async def _conference(hass: HomeAssistant, call: ServiceCall) -> None:
    found = _find_call(hass, call, Feature.CONFERENCE, Action.MERGE)
    await found.merge(_held_call(hass, call, found))


async def _add_party(hass: HomeAssistant, call: ServiceCall) -> None:
    await _find_call(hass, call, Feature.CONFERENCE, Action.ADD_PARTY).add_party(call.data[ATTR_NUMBER])


async def _send_dtmf(hass: HomeAssistant, call: ServiceCall) -> None:
    found = _find_call(hass, call, Feature.DTMF, Action.SEND_DTMF)
    await found.send_dtmf(call.data[ATTR_DIGITS], call.data.get(ATTR_PHONE))


async def _set_forward(hass: HomeAssistant, call: ServiceCall) -> None:
    line = _able_line(hass, call, Feature.FORWARD)
    if call.data[ATTR_TARGET] == NO_FORWARD:
        await line.cancel_forward()
        return
    draft = ForwardDraft(
        condition=Condition(call.data[ATTR_CONDITION]),
        target=Target(call.data[ATTR_TARGET]),
        number=call.data.get(ATTR_NUMBER, ""),
    )
    await draft.send(line)


def _held_call(hass: HomeAssistant, call: ServiceCall, other: Call) -> Call:
    """Return the held call to join with ``other``: the one that was named, else the only one there is."""
    if (call_id := call.data.get(ATTR_TO_CALL_ID)) is not None:
        return _named_call(hass, call, call_id)
    held = [item for item in other.line.calls if item.state is CallState.HELD and item.id != other.id]
    if len(held) != 1:
        raise invalid("no_held_call" if not held else "several_held_calls", line=other.line.name)
    return held[0]


type Handler = Callable[[HomeAssistant, ServiceCall], Coroutine[Any, Any, ServiceResponse | None]]

ACTIONS: Final[dict[str, tuple[Handler, vol.Schema]]] = {
    "dial": (_dial, DIAL_SCHEMA),
    "answer": (_answer, LEG_SCHEMA),
    "hang_up": (_hang_up, HANG_UP_SCHEMA),
    "hold": (_hold, LEG_SCHEMA),
    "retrieve": (_retrieve, LEG_SCHEMA),
    "transfer": (_transfer, TRANSFER_SCHEMA),
    "redirect": (_redirect, REDIRECT_SCHEMA),
    "conference": (_conference, CONFERENCE_SCHEMA),
    "add_party": (_add_party, ADD_PARTY_SCHEMA),
    "send_dtmf": (_send_dtmf, SEND_DTMF_SCHEMA),
    "set_forward": (_set_forward, SET_FORWARD_SCHEMA),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""

    def register(name: str, handler: Handler, schema: vol.Schema) -> None:
        async def handle(call: ServiceCall) -> ServiceResponse | None:
            with pbx_errors():
                return await handler(hass, call)

        hass.services.async_register(
            DOMAIN,
            name,
            handle,
            schema=schema,
            supports_response=SupportsResponse.OPTIONAL if name == "dial" else SupportsResponse.NONE,
        )

    for name, (handler, schema) in ACTIONS.items():
        register(name, handler, schema)
