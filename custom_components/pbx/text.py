"""Texts: the number that calls are forwarded to, and the one that those who are called see."""

import re
from dataclasses import replace
from typing import override

from homeassistant.components.text import TextEntity, TextEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Feature, Target
from .const import DOMAIN
from .coordinator import PbxConfigEntry
from .entity import async_add_line_entities
from .errors import pbx_errors
from .select import PbxCallerIdEntity, PbxForwardEntity

PARALLEL_UPDATES = 0

FORWARD_NUMBER = TextEntityDescription(
    key="forward_number",
    translation_key="forward_number",
    entity_category=EntityCategory.CONFIG,
    native_min=0,
    native_max=49,
    pattern=r"(\+?[0-9A-D*#() ]{1,49})?",
)

# What cannot be a number is refused by the line, which says how it must be; a pattern here would say less.
CALLER_ID_NUMBER = TextEntityDescription(
    key="caller_id_number",
    translation_key="caller_id_number",
    entity_category=EntityCategory.CONFIG,
    native_min=0,
    native_max=255,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the texts of the lines."""
    async_add_line_entities(
        entry,
        async_add_entities,
        lambda coordinator, line: (
            [PbxForwardNumber(coordinator, line.id, FORWARD_NUMBER)] if Feature.FORWARD in line.features else []
        ),
    )
    async_add_line_entities(
        entry,
        async_add_entities,
        lambda coordinator, line: (
            [PbxCallerIdNumber(coordinator, line.id, CALLER_ID_NUMBER)] if Feature.CALLER_ID in line.features else []
        ),
    )


class PbxForwardNumber(PbxForwardEntity, TextEntity):
    """The number that calls are forwarded to, or would be."""

    @override
    async def async_added_to_hass(self) -> None:
        """Remember the number from before a restart, unless the PBX has one."""
        await super().async_added_to_hass()
        last = await self.async_get_last_state()
        draft = self.coordinator.draft(self._line)
        if last is not None and last.state not in ("unknown", "unavailable") and not draft.number:
            self.coordinator.drafts[self._line] = replace(draft, number=last.state)

    @property
    @override
    def native_value(self) -> str:
        """The number, empty where none was given yet."""
        return self.coordinator.draft(self._line).number

    @override
    async def async_set_value(self, value: str) -> None:
        """Take another number."""
        draft = self.coordinator.draft(self._line)
        if not value and self.forwarded and draft.target is Target.NUMBER:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="forward_number_missing")
        await self.async_change(replace(draft, number=value))


class PbxCallerIdNumber(PbxCallerIdEntity, TextEntity):
    """The number that those see whom the line calls."""

    @property
    @override
    def native_value(self) -> str | None:
        """The number; none is unknown."""
        caller_id = self.snapshot.caller_id
        return caller_id.number if caller_id is not None else None

    @override
    async def async_set_value(self, value: str) -> None:
        """Show another number from now on."""
        if not (number := value.strip()):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="caller_id_missing")
        with pbx_errors():
            await self.line.set_caller_id(_plain(number))


def _plain(number: str) -> str:
    """Return a number without the spaces, brackets, dots and hyphens that people write; what is none stays."""
    plain = re.sub(r"[\s().-]", "", number)
    return plain if plain.removeprefix("+").isdecimal() else number
