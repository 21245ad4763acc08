"""Switches: do not disturb, forward, remote extension; each only where the line can do it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Feature, Line, Routing
from .coordinator import PbxConfigEntry
from .entity import ROUTING, PbxLineDescription, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors
from .forward import ForwardDraft

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxSwitchDescription(PbxLineDescription, SwitchEntityDescription):
    """A switch of a line."""

    watch: frozenset[str] = ROUTING
    is_on: Callable[[Routing], bool | None]
    turn_on: Callable[[Line, ForwardDraft], Awaitable[None]]
    turn_off: Callable[[Line], Awaitable[None]]


SWITCHES: tuple[PbxSwitchDescription, ...] = (
    PbxSwitchDescription(
        key="do_not_disturb",
        translation_key="do_not_disturb",
        features=frozenset({Feature.DO_NOT_DISTURB}),
        is_on=lambda routing: routing.do_not_disturb,
        turn_on=lambda line, draft: line.set_do_not_disturb(True),
        turn_off=lambda line: line.set_do_not_disturb(False),
    ),
    PbxSwitchDescription(
        key="forward",
        translation_key="forward",
        features=frozenset({Feature.FORWARD}),
        is_on=lambda routing: routing.forward is not None,
        turn_on=lambda line, draft: draft.send(line),
        turn_off=lambda line: line.cancel_forward(),
    ),
    PbxSwitchDescription(
        key="remote_extension",
        translation_key="remote_extension",
        features=frozenset({Feature.REMOTE_EXTENSION}),
        is_on=lambda routing: routing.remote_extension,
        turn_on=lambda line, draft: line.set_remote_extension(True),
        turn_off=lambda line: line.set_remote_extension(False),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of the lines."""
    async_add_line_entities(entry, async_add_entities, PbxSwitch, SWITCHES)


class PbxSwitch(PbxLineEntity, SwitchEntity):
    """A switch of a line. It shows what the PBX reports, not what was asked of it."""

    entity_description: PbxSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on; None is unknown."""
        routing = self.snapshot.routing
        return None if routing is None else self.entity_description.is_on(routing)

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
