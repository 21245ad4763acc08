"""The actions that lines do for each other: taking a call, asking to be called back, skills, the night service."""

from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError

from .action_targets import ATTR_CALL_ID, able_lines, for_each
from .aiopbx import Action, Agent, CallSnapshot, CallState, Feature, LineSnapshot, Skill, tel_uri
from .call_actions import ATTR_ACTIVE, ATTR_AUTO_ANSWER, ATTR_NUMBER, ATTR_PHONE, ATTR_SKILLS
from .calls import find_call, label_of
from .errors import invalid
from .night_forwards import night_forwards
from .targets import TargetLine

ATTR_REQUEST_ID: Final = "request_id"
ATTR_KEEP_FORWARDS: Final = "keep_forwards"


# ------------------------------------------------------------------------------------------------------------- pick-up


async def pick_up(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Take a call that rings at another telephone: at a number, or at the only line that rings."""
    lines = able_lines(hass, call, Feature.PICK_UP)
    if len(lines) != 1:
        raise invalid("pick_up_by_one", lines=", ".join(label_of(one.line.snapshot) for one in lines))
    [one] = lines
    number, ref = _ringing(one, call.data.get(ATTR_NUMBER), call.data.get(ATTR_CALL_ID))
    await one.line.pick_up(
        number,
        device=call.data.get(ATTR_PHONE),
        call_ref=ref,
        auto_answer=call.data[ATTR_AUTO_ANSWER],
    )
    return {"line": one.line.id, "number": number}


def _ringing(one: TargetLine, number: str | None, call_id: str | None) -> tuple[str, str | None]:
    """Return the number at which a call rings that is to be taken, and the reference of the call if it is known."""
    pbx = one.coordinator.pbx
    ringing: list[tuple[LineSnapshot, CallSnapshot]] = [
        (line.snapshot, snapshot)
        for line in pbx.lines.values()
        if line.id != one.line.id
        for snapshot in line.snapshot.calls
        if snapshot.state is CallState.RINGING_INCOMING
    ]
    if call_id is not None:
        ringing = [found for found in ringing if call_id in (found[1].id, found[1].ref)]
        if not ringing:
            raise invalid("call_not_found", call_id=call_id)
    if number is not None:
        # A call may ring at a number that is no line of ours; which call it is, is then for the PBX to say.
        ringing = [found for found in ringing if pbx.numbers.same(found[0].number, number)]
        if call_id is not None and not ringing:
            raise invalid("call_not_found", call_id=call_id)
        return number, ringing[0][1].ref if len(ringing) == 1 else None
    if len({line.id for line, _ in ringing}) != 1:
        labels = ", ".join(sorted({label_of(line) for line, _ in ringing}))
        raise invalid("several_ring", lines=labels) if ringing else invalid("nobody_rings")
    line, snapshot = ringing[0]
    return line.number, snapshot.ref


# ----------------------------------------------------------------------------------------------------------- call-backs


async def request_call_back(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Ask a colleague to call back: the one with a number, or the one whom a line is calling in vain."""
    number = call.data.get(ATTR_NUMBER)

    async def ask(one: TargetLine) -> str:
        if number is not None:
            await one.line.request_call_back(number)
        else:
            await find_call(one.line, Action.CALL_BACK).call_back()
        return one.line.id

    return {"lines": list(await for_each(able_lines(hass, call, Feature.CALL_BACK), ask))}


async def get_call_back_requests(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return who asked the lines to call back."""

    async def read(one: TargetLine) -> list[dict[str, Any]]:
        return [
            {
                "line": one.line.id,
                "line_number": one.line.number,
                "line_name": label_of(one.line.snapshot),
                "id": request.id,
                "party_name": request.name,
                "party_number": request.number,
                "party_uri": tel_uri(request.number),
            }
            for request in await one.line.callbacks()
        ]

    found = await for_each(able_lines(hass, call, Feature.CALL_BACK), read)
    return {"requests": [request for of_line in found for request in of_line]}


async def clear_call_back_requests(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Clear one request of a line, or all requests of lines."""
    request_id = call.data.get(ATTR_REQUEST_ID)
    lines = able_lines(hass, call, Feature.CALL_BACK)
    if request_id is not None and len(lines) != 1:
        raise invalid("request_of_one_line", request_id=request_id)

    async def clear(one: TargetLine) -> str:
        await one.line.delete_callbacks(request_id, all=request_id is None)
        return one.line.id

    return {"lines": list(await for_each(lines, clear))}


# -------------------------------------------------------------------------------------------------------------- agents


async def set_skills(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Switch skills of agents on or off. Of lines that were not named, only those that have them."""
    wanted, active = call.data[ATTR_SKILLS], call.data[ATTR_ACTIVE]
    able: list[TargetLine] = []
    refused: ServiceValidationError | None = None
    for one in able_lines(hass, call, Feature.AGENT):
        try:
            _skills_of(one, wanted)
        except ServiceValidationError as err:
            if one.named:
                raise
            refused = refused or err
        else:
            able.append(one)
    if not able and refused is not None:
        raise refused

    async def switch(one: TargetLine) -> str:
        agent, skills = _skills_of(one, wanted)
        await (agent.activate_skills if active else agent.deactivate_skills)(*skills)
        return one.line.id

    return {"lines": list(await for_each(able, switch))}


def _skills_of(one: TargetLine, wanted: list[str]) -> tuple[Agent, list[Skill]]:
    """Return an agent, and its skills that are meant by number or name. Raises for one that it does not have."""
    agent, label = one.line.agent, label_of(one.line.snapshot)
    if agent is None:
        raise invalid("no_agent", line=label)
    found: list[Skill] = []
    for word in wanted:
        named = [
            skill
            for skill in agent.skills
            if word == str(skill.number) or (skill.name and word.casefold() == skill.name.casefold())
        ]
        if not named:
            known = ", ".join(f"{skill.number} {skill.name or ''}".strip() for skill in agent.skills)
            raise invalid("skill_not_found", line=label, skill=word, known=known or "-")
        found += named
    return agent, found


# --------------------------------------------------------------------------------------------------- the night service


async def start_night_service(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Forward lines for the night, and remember how each was forwarded before."""

    async def begin(one: TargetLine) -> tuple[str, bool]:
        nights = await night_forwards(hass, one.coordinator.config_entry.entry_id)
        begun = await nights.async_begin(
            one.coordinator, one.line, call.data.get(ATTR_NUMBER), keep_forwards=call.data[ATTR_KEEP_FORWARDS]
        )
        return one.line.id, begun

    return _changed_and_kept(await for_each(able_lines(hass, call, Feature.FORWARD), begin))


async def end_night_service(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Give lines the forward back that they had before the night."""

    async def end(one: TargetLine) -> tuple[str, bool]:
        nights = await night_forwards(hass, one.coordinator.config_entry.entry_id)
        return one.line.id, await nights.async_end(one.coordinator, one.line)

    return _changed_and_kept(await for_each(able_lines(hass, call, Feature.FORWARD), end))


def _changed_and_kept(outcomes: list[tuple[str, bool]]) -> ServiceResponse:
    """Return which lines the night service changed, and which it left as they were."""
    return {
        "lines": [line for line, changed in outcomes if changed],
        "kept": [line for line, changed in outcomes if not changed],
    }
