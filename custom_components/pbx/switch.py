"""Switches: do not disturb, forward, remote extension. Each only where the line can do it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Feature, Line, Routing, Target
from .const import DOMAIN
from .coordinator import ForwardDraft, PbxConfigEntry, PbxCoordinator
from .entity import ROUTING, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors

PARALLEL_UPDATES = 0


async def apply_forward(line: Line, draft: ForwardDraft) -> None:
    """Forward a line as drafted. Raises the client's errors, and an error of its own where the number is missing."""
    if draft.target is not Target.NUMBER:
        await line.set_forward(target=draft.target, condition=draft.condition)
    elif draft.number:
        await line.set_forward(draft.number, condition=draft.condition)
    else:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="forward_number_missing")


@dataclass(frozen=True, kw_only=True)
class PbxSwitchDescription(SwitchEntityDescription):
    """A switch of a line."""

    is_on: Callable[[Routing], bool | None]
    turn_on: Callable[[Line, ForwardDraft], Awaitable[None]]
    turn_off: Callable[[Line], Awaitable[None]]
    exists: Callable[[Line], bool]


SWITCHES: tuple[PbxSwitchDescription, ...] = (
    PbxSwitchDescription(
        key="do_not_disturb",
        translation_key="do_not_disturb",
        is_on=lambda routing: routing.do_not_disturb,
        turn_on=lambda line, draft: line.set_do_not_disturb(True),
        turn_off=lambda line: line.set_do_not_disturb(False),
        exists=lambda line: Feature.DO_NOT_DISTURB in line.features,
    ),
    PbxSwitchDescription(
        key="forward",
        translation_key="forward",
        is_on=lambda routing: routing.forward is not None,
        turn_on=apply_forward,
        turn_off=lambda line: line.cancel_forward(),
        exists=lambda line: Feature.FORWARD in line.features,
    ),
    PbxSwitchDescription(
        key="remote_extension",
        translation_key="remote_extension",
        is_on=lambda routing: routing.remote_extension,
        turn_on=lambda line, draft: line.set_remote_extension(True),
        turn_off=lambda line: line.set_remote_extension(False),
        exists=lambda line: Feature.REMOTE_EXTENSION in line.features,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches of the lines."""
    async_add_line_entities(
        entry,
        async_add_entities,
        lambda coordinator, line: (
            PbxSwitch(coordinator, line.id, description) for description in SWITCHES if description.exists(line)
        ),
    )


class PbxSwitch(PbxLineEntity, SwitchEntity):
    """A switch of a line. It shows what the PBX says, not what was asked of it."""

    watch = ROUTING
    entity_description: PbxSwitchDescription

    def __init__(self, coordinator: PbxCoordinator, line: str, description: PbxSwitchDescription) -> None:
        """Make a switch of a line."""
        super().__init__(coordinator, line, description)

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on; none is unknown."""
        routing = self.snapshot.routing
        return None if routing is None else self.entity_description.is_on(routing)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        with pbx_errors():
            await self.entity_description.turn_on(self.line, self.coordinator.draft(self._line))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        with pbx_errors():
            await self.entity_description.turn_off(self.line)
