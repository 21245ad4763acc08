"""Which lines and which calls an action is for: one, or several at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from homeassistant.const import ATTR_AREA_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import async_get_device_and_config_entry

from .aiopbx import Action, Call, Feature, Line, PbxError
from .calls import find_call, find_target, label_of
from .const import DOMAIN
from .coordinator import PbxConfigEntry
from .errors import invalid, pbx_errors
from .people import words_of
from .targets import TargetLine, devices_in, lines_of, loaded

ATTR_LINE: Final = "line"
ATTR_CALL_ID: Final = "call_id"

# What names lines one by one, and what may have others in it as well.
_INDIRECT: Final = (ATTR_AREA_ID, ATTR_FLOOR_ID, ATTR_LABEL_ID)
NAMING: Final = (ATTR_ENTITY_ID, ATTR_DEVICE_ID, *_INDIRECT, ATTR_LINE)

type Find[T] = Callable[[Line], T]


def _listed(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or ()


# ------------------------------------------------------------------------------------------------------------- lines


def find_lines(hass: HomeAssistant, call: ServiceCall) -> list[TargetLine]:
    """Return the lines that an action is for, each once: those that were named, else the only one there is."""
    if not any(call.data.get(key) for key in NAMING):
        there = [TargetLine(coordinator=one, line=line) for one in loaded(hass) for line in one.pbx.lines.values()]
        if len(there) != 1:
            raise invalid("line_missing")
        return there
    found = [_line_of_device(hass, one) for one in _listed(call.data.get(ATTR_DEVICE_ID))]
    found += [_line_of_entity(hass, one) for one in _listed(call.data.get(ATTR_ENTITY_ID))]
    found += [_line_called(hass, one) for one in _listed(call.data.get(ATTR_LINE))]
    indirect = {key: call.data[key] for key in _INDIRECT if call.data.get(key)}
    if indirect:
        found += lines_of(hass, devices_in(hass, indirect), named=False)
    once: dict[tuple[int, str], TargetLine] = {}
    for one in found:
        once.setdefault((id(one.coordinator), one.line.id), one)
    if not once:
        raise invalid("target_without_line")
    return list(once.values())


def _line_of_device(hass: HomeAssistant, device_id: str) -> TargetLine:
    entry: PbxConfigEntry
    device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    coordinator = entry.runtime_data
    for line in coordinator.data:
        if coordinator.identifier(line) in device.identifiers:
            return TargetLine(coordinator=coordinator, line=coordinator.pbx.lines[line])
    raise invalid("device_is_no_line", device=device.name or device_id)


def _line_of_entity(hass: HomeAssistant, entity_id: str) -> TargetLine:
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or entity.platform != DOMAIN or entity.device_id is None:
        raise invalid("entity_is_no_line", entity=entity_id)
    return _line_of_device(hass, entity.device_id)


def _line_called(hass: HomeAssistant, key: str) -> TargetLine:
    there = [(coordinator, line) for coordinator in loaded(hass) for line in coordinator.pbx.lines.values()]
    found = [
        TargetLine(coordinator=coordinator, line=line) for coordinator, line in there if key in (line.id, line.number)
    ]
    if not found and (words := words_of(key)):
        # Names in either order, as the directory has them and as people say them.
        found = [
            TargetLine(coordinator=coordinator, line=line)
            for coordinator, line in there
            if words_of(line.name) == words
        ]
    if not found:
        known = sorted(line.number or line.id for coordinator in loaded(hass) for line in coordinator.data.values())
        raise invalid("line_not_found", line=key, known=", ".join(known[:30]) or "-")
    if len(found) > 1:
        raise invalid("line_ambiguous", line=key)
    return found[0]


def able_lines(hass: HomeAssistant, call: ServiceCall, feature: Feature) -> list[TargetLine]:
    """Return the lines that an action is for. Raises if one that was named does not have the feature, or none has."""
    lines = find_lines(hass, call)
    able = [one for one in lines if feature in one.line.features]
    for one in lines:
        if feature not in one.line.features and (one.named or not able):
            raise invalid(
                "line_cannot",
                line=label_of(one.line.snapshot),
                action=call.service.replace("_", " "),
                system=one.coordinator.kind.model,
            )
    return able


# -------------------------------------------------------------------------------------------------------------- calls


def find_calls(hass: HomeAssistant, call: ServiceCall, feature: Feature, *actions: Action) -> list[Call]:
    """Return the calls that an action is for: the one that was named, else of each line the one that offers it."""
    return _found(hass, call, feature, lambda line: find_call(line, *actions))


def find_targets(hass: HomeAssistant, call: ServiceCall, feature: Feature, *actions: Action) -> list[Call | Line]:
    """Return the calls that an action is for, or the lines themselves where their licence shows no calls."""
    return _found(hass, call, feature, lambda line: find_target(line, *actions))


def _found[T](hass: HomeAssistant, call: ServiceCall, feature: Feature, find: Find[T]) -> list[T | Call]:
    """Return what is found. Of several lines, those that have nothing to do are left out, unless none has."""
    if (call_id := call.data.get(ATTR_CALL_ID)) is not None:
        return [named_call(hass, call, call_id)]
    found: list[T | Call] = []
    refused: ServiceValidationError | None = None
    for one in able_lines(hass, call, feature):
        try:
            found.append(find(one.line))
        except ServiceValidationError as err:
            refused = refused or err
    if not found and refused is not None:
        raise refused
    return found


def named_call(hass: HomeAssistant, call: ServiceCall, call_id: str) -> Call:
    """Return the call with this id: on the lines that were named, else on the only line that has it."""
    if any(call.data.get(key) for key in NAMING):
        lines: Iterator[Line] = (one.line for one in find_lines(hass, call))
    else:
        lines = (line for coordinator in loaded(hass) for line in coordinator.pbx.lines.values())
    found = [item for line in lines for item in line.calls if call_id in (item.id, item.ref)]
    if len(found) == 1:
        return found[0]
    # Both parties of an internal call may be monitored lines, and the PBX gives both the same reference.
    raise invalid("call_ambiguous" if found else "call_not_found", call_id=call_id)


# ---------------------------------------------------------------------------------------------------- several at once


def line_of(target: Call | Line | TargetLine) -> Line:
    """Return the line of what an action is done to."""
    return target if isinstance(target, Line) else target.line


async def for_each[T: Call | Line | TargetLine, R](targets: Sequence[T], do: Callable[[T], Awaitable[R]]) -> list[R]:
    """Do an action to all of its targets at once; where some fail, the others are done, and the error names those."""
    if len(targets) == 1:
        return [await do(targets[0])]
    results = await asyncio.gather(*(do(one) for one in targets), return_exceptions=True)
    failed = []
    done: list[R] = []
    for target, result in zip(targets, results, strict=True):
        if isinstance(result, (PbxError, HomeAssistantError)):
            failed.append(f"{label_of(line_of(target).snapshot)}: {_sentence(result)}")
        elif isinstance(result, BaseException):
            raise result
        else:
            done.append(result)
    if failed:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="several_failed",
            translation_placeholders={
                "failed": str(len(failed)),
                "count": str(len(targets)),
                "errors": "; ".join(failed),
            },
        )
    return done


def _sentence(err: PbxError | HomeAssistantError) -> str:
    """Return what an error says, as it is shown where it comes alone."""
    try:
        with pbx_errors():
            raise err
    except HomeAssistantError as shown:
        return str(shown)
