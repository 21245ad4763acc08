"""Selects: which calls are forwarded, and to what kind of target; which caller ID a line shows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import CallerIdChoice, Condition, Feature, Target
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
from .errors import pbx_errors
from .forward import CONDITIONS, TARGETS, ForwardDraft

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxSelectDescription(PbxLineDescription, SelectEntityDescription):
    """A select of a line."""

    options: list[str]


@dataclass(frozen=True, kw_only=True)
class PbxForwardSelectDescription(PbxSelectDescription):
    """A select that shows and changes one field of how a line is forwarded."""

    entity_category: EntityCategory = EntityCategory.CONFIG
    features: frozenset[Feature] = frozenset({Feature.FORWARD})
    watch: frozenset[str] = ROUTING | DRAFT
    current: Callable[[ForwardDraft], str]
    changed: Callable[[ForwardDraft, str], ForwardDraft]


FORWARD_SELECTS: tuple[PbxForwardSelectDescription, ...] = (
    PbxForwardSelectDescription(
        key="forward_condition",
        translation_key="forward_condition",
        options=CONDITIONS,
        current=lambda draft: draft.condition.value,
        changed=lambda draft, option: replace(draft, condition=Condition(option)),
    ),
    PbxForwardSelectDescription(
        key="forward_target",
        translation_key="forward_target",
        options=TARGETS,
        current=lambda draft: draft.target.value,
        changed=lambda draft, option: replace(draft, target=Target(option)),
    ),
)

CALLER_ID_CHOICE = PbxSelectDescription(
    key="caller_id_choice",
    translation_key="caller_id_choice",
    entity_category=EntityCategory.CONFIG,
    features=frozenset({Feature.CALLER_ID}),
    watch=CALLER_ID,
    options=[CallerIdChoice.FROM_PRESENCE.value, CallerIdChoice.MANUAL.value],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of the lines."""
    async_add_line_entities(entry, async_add_entities, PbxForwardSelect, FORWARD_SELECTS)
    async_add_line_entities(entry, async_add_entities, PbxCallerIdChoice, [CALLER_ID_CHOICE])


class PbxForwardSelect(PbxForwardEntity, SelectEntity):
    """A select of how a line is forwarded, or would be."""

    entity_description: PbxForwardSelectDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Restore what was chosen before a restart, unless the line is forwarded now."""
        await super().async_added_to_hass()
        last = await self.async_get_last_state()
        if last is not None and last.state in self.options and not self.forwarded:
            self.coordinator.memory[self._line].draft = self.entity_description.changed(self.draft, last.state)

    @property
    @override
    def current_option(self) -> str:
        """What is chosen."""
        return self.entity_description.current(self.draft)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose."""
        await self.async_set_draft(self.entity_description.changed(self.draft, option))


class PbxCallerIdChoice(PbxCallerIdEntity, SelectEntity):
    """Whether the caller ID follows the presence, or was chosen by hand."""

    entity_description: PbxSelectDescription

    @property
    @override
    def current_option(self) -> str | None:
        """What is chosen; None is unknown."""
        choice = self.caller_id.choice.value if self.caller_id is not None else None
        return choice if choice in self.options else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose. By hand, the line shows the number that was chosen last, else keeps the one it shows now."""
        if option == CallerIdChoice.FROM_PRESENCE:
            with pbx_errors():
                await self.line.set_caller_id(choice=CallerIdChoice.FROM_PRESENCE)
            return
        shown = self.caller_id.number if self.caller_id is not None else None
        await self.async_show(self.coordinator.memory[self._line].caller_id or shown)
