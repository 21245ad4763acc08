"""The actions on calls: dialling, and everything that a call in progress allows."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse

from .action_targets import able_lines, find_calls, find_lines, find_targets, for_each, line_of, named_call
from .aiopbx import DVA, VOICEMAIL, AcdCall, Action, Call, CallState, Condition, Feature, Line, Skill, Target
from .const import CONF_AUTO_ANSWER
from .errors import invalid
from .forward import ForwardDraft
from .targets import TargetLine

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


def call_centre(data: Mapping[str, Any]) -> AcdCall | None:
    """Return the call-centre options of a call; None for an ordinary call."""
    supervised, to_supervisor = data.get(ATTR_SUPERVISED_TRANSFER), data.get(ATTR_CALL_TO_SUPERVISOR)
    skills = tuple(
        Skill(number=item[ATTR_SKILL], active=item[ATTR_ACTIVE], level=item.get(ATTR_LEVEL))
        for item in data.get(ATTR_SKILLS, ())
    )
    if not (supervised or to_supervisor or skills):
        return None
    return AcdCall(supervised_transfer=bool(supervised), to_supervisor=bool(to_supervisor), skills=skills)


async def dial(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Call someone, from each line that was named."""
    number = call.data.get(ATTR_NUMBER)
    if bool(number) is bool(call.data.get(ATTR_CALL_TO_SUPERVISOR)):
        raise invalid("number_and_supervisor" if number else "number_missing")

    async def from_line(one: TargetLine) -> dict[str, Any]:
        options = one.coordinator.config_entry.options
        dialled = await one.line.dial(
            number or "",
            device=call.data.get(ATTR_PHONE),
            auto_answer=call.data.get(ATTR_AUTO_ANSWER, options.get(CONF_AUTO_ANSWER, True)),
            calling_number=call.data.get(ATTR_CALLING_NUMBER),
            associated_data=call.data.get(ATTR_ASSOCIATED_DATA),
            inhibit_progress_tone=call.data.get(ATTR_INHIBIT_PROGRESS_TONE),
            pin=call.data.get(ATTR_PIN),
            secret_code=call.data.get(ATTR_SECRET_CODE),
            business_code=call.data.get(ATTR_BUSINESS_CODE),
            acd=call_centre(call.data),
            timeout=call.data[ATTR_TIMEOUT],
        )
        return {"call_id": dialled.id if dialled is not None else None, "line": one.line.id, "number": number}

    lines = find_lines(hass, call)
    return _answer_of(await for_each(lines, from_line))


def _answer_of(calls: list[dict[str, Any]]) -> ServiceResponse:
    """Return the calls; what is said of the only one stands above as well."""
    return {**(calls[0] if len(calls) == 1 else {}), "calls": calls}


async def _on_calls(targets: list[Any], do: Callable[[Any], Awaitable[Any]]) -> ServiceResponse:
    """Do something to calls, or to lines that show none, and return which they were."""
    named = [{"call_id": one.id if isinstance(one, Call) else None, "line": line_of(one).id} for one in targets]
    await for_each(targets, do)
    return _answer_of(named)


async def answer(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Answer the calls that ring."""
    targets = find_targets(hass, call, Feature.ANSWER, Action.ANSWER)
    return await _on_calls(targets, lambda one: one.answer(device=call.data.get(ATTR_PHONE)))


async def hang_up(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Leave calls, or end them for all."""

    async def end(one: Call | Line) -> None:
        if call.data[ATTR_EVERYBODY] and isinstance(one, Call):
            await one.end()
        else:
            await one.hang_up()

    return await _on_calls(find_targets(hass, call, Feature.HANG_UP, Action.HANG_UP, Action.END), end)


async def hold(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Put calls on hold."""
    targets = find_calls(hass, call, Feature.CALL_CONTROL, Action.HOLD)
    return await _on_calls(targets, lambda one: one.hold(call.data.get(ATTR_PHONE)))


async def retrieve(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Take calls back from hold."""
    targets = find_calls(hass, call, Feature.CALL_CONTROL, Action.RETRIEVE)
    return await _on_calls(targets, lambda one: one.retrieve(call.data.get(ATTR_PHONE)))


async def transfer(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Transfer calls to a number, or to the held call of the same line."""
    if (number := call.data.get(ATTR_NUMBER)) is not None:
        targets = find_calls(hass, call, Feature.TRANSFER, Action.BLIND_TRANSFER)
        return await _on_calls(targets, lambda one: one.blind_transfer(number, anonymous=call.data[ATTR_ANONYMOUS]))
    targets = find_calls(hass, call, Feature.TRANSFER, Action.TRANSFER)
    held = {one.id: _held_call(hass, call, one) for one in targets}
    return await _on_calls(targets, lambda one: one.transfer(held[one.id]))


async def redirect(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Send calls that ring elsewhere."""
    number = call.data[ATTR_NUMBER]
    if number.upper() in _SPECIAL:
        number = number.upper()
    targets = find_calls(hass, call, Feature.REDIRECT, _SPECIAL.get(number, Action.REDIRECT))
    return await _on_calls(targets, lambda one: one.redirect(number, anonymous=call.data[ATTR_ANONYMOUS]))


async def conference(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Join calls with the held call of the same line."""
    targets = find_calls(hass, call, Feature.CONFERENCE, Action.MERGE)
    held = {one.id: _held_call(hass, call, one) for one in targets}
    return await _on_calls(targets, lambda one: one.merge(held[one.id]))


async def add_party(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Call someone and add them to calls."""
    targets = find_calls(hass, call, Feature.CONFERENCE, Action.ADD_PARTY)
    return await _on_calls(targets, lambda one: one.add_party(call.data[ATTR_NUMBER]))


async def send_dtmf(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Send tones into calls."""
    targets = find_calls(hass, call, Feature.DTMF, Action.SEND_DTMF)
    return await _on_calls(targets, lambda one: one.send_dtmf(call.data[ATTR_DIGITS], call.data.get(ATTR_PHONE)))


async def set_forward(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Forward lines, or stop forwarding them."""
    lines = able_lines(hass, call, Feature.FORWARD)
    draft = ForwardDraft(
        condition=Condition(call.data[ATTR_CONDITION]),
        target=Target.NUMBER if call.data[ATTR_TARGET] == NO_FORWARD else Target(call.data[ATTR_TARGET]),
        number=call.data.get(ATTR_NUMBER, ""),
    )

    async def set_one(one: TargetLine) -> str:
        if call.data[ATTR_TARGET] == NO_FORWARD:
            await one.line.cancel_forward()
        else:
            await draft.send(one.line)
        return one.line.id

    return {"lines": list(await for_each(lines, set_one))}


def _held_call(hass: HomeAssistant, call: ServiceCall, other: Call) -> Call:
    """Return the held call to join with ``other``: the one that was named, else the only one there is."""
    if (call_id := call.data.get(ATTR_TO_CALL_ID)) is not None:
        return named_call(hass, call, call_id)
    held = [item for item in other.line.calls if item.state is CallState.HELD and item.id != other.id]
    if len(held) != 1:
        raise invalid("no_held_call" if not held else "several_held_calls", line=other.line.name)
    return held[0]
