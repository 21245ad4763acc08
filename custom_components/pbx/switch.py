"""Switches: do not disturb, forward, and more; each only where the line can do it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Action, Feature, Line, LineSnapshot, Recording
from .calls import find_call
from .coordinator import PbxConfigEntry
from .entity import CALLS, HUNTING_GROUP, ROUTING, PbxLineDescription, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors
from .forward import ForwardDraft
from .night import PbxNightService
from .telephone import TELEPHONE_SWITCHES, PbxTelephoneSwitch

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxSwitchDescription(PbxLineDescription, SwitchEntityDescription):
    """A switch of a line."""

    watch: frozenset[str] = ROUTING
    is_on: Callable[[LineSnapshot], bool | None]
    turn_on: Callable[[Line, ForwardDraft], Awaitable[None]]
    turn_off: Callable[[Line], Awaitable[None]]


def _recorded(snapshot: LineSnapshot) -> bool:
    return any(call.recording is Recording.RECORDING for call in snapshot.calls)


async def _record(line: Line) -> None:
    call = find_call(line, Action.START_RECORDING, Action.RESUME_RECORDING)
    if call.recording is Recording.PAUSED:
        await call.resume_recording()
    else:
        await call.start_recording()


SWITCHES: tuple[PbxSwitchDescription, ...] = (
    PbxSwitchDescription(
        key="do_not_disturb",
        translation_key="do_not_disturb",
        features=frozenset({Feature.DO_NOT_DISTURB}),
        is_on=lambda snapshot: None if snapshot.routing is None else snapshot.routing.do_not_disturb,
        turn_on=lambda line, draft: line.set_do_not_disturb(True),
        turn_off=lambda line: line.set_do_not_disturb(False),
    ),
    PbxSwitchDescription(
        key="forward",
        translation_key="forward",
        features=frozenset({Feature.FORWARD}),
        is_on=lambda snapshot: None if snapshot.routing is None else snapshot.routing.forward is not None,
        turn_on=lambda line, draft: draft.send(line),
        turn_off=lambda line: line.cancel_forward(),
    ),
    PbxSwitchDescription(
        key="remote_extension",
        translation_key="remote_extension",
        entity_registry_enabled_default=False,
        features=frozenset({Feature.REMOTE_EXTENSION}),
        is_on=lambda snapshot: None if snapshot.routing is None else snapshot.routing.remote_extension,
        turn_on=lambda line, draft: line.set_remote_extension(True),
        turn_off=lambda line: line.set_remote_extension(False),
    ),
    PbxSwitchDescription(
        key="hunting_group",
        translation_key="hunting_group",
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        features=frozenset({Feature.HUNTING_GROUPS}),
        watch=HUNTING_GROUP,
        is_on=lambda snapshot: snapshot.hunting_group_logged_on,
        turn_on=lambda line, draft: line.set_hunting_group_logged_on(True),
        turn_off=lambda line: line.set_hunting_group_logged_on(False),
    ),
    PbxSwitchDescription(
        key="recording",
        translation_key="recording",
        entity_registry_enabled_default=False,
        features=frozenset({Feature.CALL_EVENTS, Feature.RECORDING}),
        watch=CALLS,
        is_on=_recorded,
        turn_on=lambda line, draft: _record(line),
        turn_off=lambda line: find_call(line, Action.STOP_RECORDING).stop_recording(),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of the lines, and that of the night service where one is configured."""
    async_add_line_entities(entry, async_add_entities, PbxSwitch, SWITCHES)
    async_add_line_entities(entry, async_add_entities, PbxTelephoneSwitch, TELEPHONE_SWITCHES)
    if entry.runtime_data.night_service is not None:
        async_add_entities([PbxNightService(entry.runtime_data, entry.runtime_data.night_service)])


class PbxSwitch(PbxLineEntity, SwitchEntity):
    """A switch of a line. It shows what the PBX reports, not what was asked of it."""

    entity_description: PbxSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on; None is unknown."""
        return self.entity_description.is_on(self.snapshot)

    @override
    def shown(self) -> object:
        """Only the state is shown."""
        return (self.is_on,)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn it on."""
        with pbx_errors():
            await self.entity_description.turn_on(self.line, self.coordinator.memory[self._line].draft)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn it off."""
        with pbx_errors():
            await self.entity_description.turn_off(self.line)
