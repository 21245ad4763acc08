"""Texts: the number that calls are forwarded to, and the number that a line shows to those it calls."""

from dataclasses import dataclass, replace
from typing import override

from homeassistant.components.text import TextEntity, TextEntityDescription
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Feature
from .coordinator import PbxConfigEntry
from .entity import (
    CALLER_ID,
    DRAFT,
    ROUTING,
    PbxCallerIdEntity,
    PbxForwardEntity,
    PbxLineDescription,
    async_add_line_entities,
)

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxTextDescription(PbxLineDescription, TextEntityDescription):
    """A text of a line."""


FORWARD_NUMBER = PbxTextDescription(
    key="forward_number",
    translation_key="forward_number",
    entity_category=EntityCategory.CONFIG,
    features=frozenset({Feature.FORWARD}),
    watch=ROUTING | DRAFT,
    native_min=0,
    native_max=100,
)

# No patterns: the client refuses what is not a number and says how it must be, where a pattern would say less.
CALLER_ID_NUMBER = PbxTextDescription(
    key="caller_id_number",
    translation_key="caller_id_number",
    entity_category=EntityCategory.CONFIG,
    features=frozenset({Feature.CALLER_ID}),
    watch=CALLER_ID,
    native_min=0,
    native_max=255,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the texts of the lines."""
    async_add_line_entities(entry, async_add_entities, PbxForwardNumber, [FORWARD_NUMBER])
    async_add_line_entities(entry, async_add_entities, PbxCallerIdNumber, [CALLER_ID_NUMBER])


class PbxForwardNumber(PbxForwardEntity, TextEntity):
    """The number that calls are forwarded to, or would be."""

    entity_description: PbxTextDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the number from before a restart, unless the PBX has one."""
        await super().async_added_to_hass()
        last = await self.async_get_last_state()
        if last is not None and last.state not in (STATE_UNKNOWN, STATE_UNAVAILABLE) and not self.draft.number:
            self.coordinator.memory[self._line].draft = replace(self.draft, number=last.state)

    @property
    @override
    def native_value(self) -> str:
        """The number, empty where none has been given yet."""
        return self.draft.number

    @override
    async def async_set_value(self, value: str) -> None:
        """Change the number."""
        await self.async_set_draft(replace(self.draft, number=value))


class PbxCallerIdNumber(PbxCallerIdEntity, TextEntity):
    """The number that a line shows to those it calls."""

    entity_description: PbxTextDescription

    @property
    @override
    def native_value(self) -> str | None:
        """The number; None is unknown."""
        return self.caller_id.number if self.caller_id is not None else None

    @override
    async def async_set_value(self, value: str) -> None:
        """Show another number from now on."""
        await self.async_show(value.strip())
