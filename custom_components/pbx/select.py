"""Selects: how a line is forwarded, where calls go that are not taken, which caller ID a line shows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, override

from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .agent import AGENT_SELECT, PbxAgentSelect
from .aiopbx import CallerIdChoice, Condition, Feature, Target
from .coordinator import PbxConfigEntry
from .entity import (
    CALLER_ID,
    DRAFT,
    ROUTING,
    PbxCallerIdEntity,
    PbxForwardEntity,
    PbxLineEntity,
    PbxSelectDescription,
    async_add_line_entities,
)
from .errors import pbx_errors
from .forward import CONDITIONS, TARGETS, ForwardDraft

PARALLEL_UPDATES = 0


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
        entity_registry_enabled_default=False,
        options=CONDITIONS,
        current=lambda draft: draft.condition.value,
        changed=lambda draft, option: replace(draft, condition=Condition(option)),
    ),
    PbxForwardSelectDescription(
        key="forward_target",
        translation_key="forward_target",
        entity_registry_enabled_default=False,
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


# Where calls go that are not taken, and when: the target and the condition, which are always set together.
OVERFLOWS: Final = {
    f"{target.value}_{condition.value}": (target, condition)
    for target in (Target.VOICEMAIL, Target.ASSOCIATE)
    for condition in (Condition.BUSY, Condition.NO_ANSWER, Condition.BUSY_NO_ANSWER)
}
NO_OVERFLOW: Final = "off"

OVERFLOW = PbxSelectDescription(
    key="overflow",
    translation_key="overflow",
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
    features=frozenset({Feature.OVERFLOW}),
    watch=ROUTING,
    options=[NO_OVERFLOW, *OVERFLOWS],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of the lines."""
    async_add_line_entities(entry, async_add_entities, PbxForwardSelect, FORWARD_SELECTS)
    async_add_line_entities(entry, async_add_entities, PbxCallerIdChoice, [CALLER_ID_CHOICE])
    async_add_line_entities(entry, async_add_entities, PbxOverflow, [OVERFLOW])
    async_add_line_entities(entry, async_add_entities, PbxAgentSelect, [AGENT_SELECT])


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


class PbxOverflow(PbxLineEntity, SelectEntity):
    """Where calls go that are not taken, and when."""

    entity_description: PbxSelectDescription

    @property
    @override
    def current_option(self) -> str | None:
        """What is chosen; None is unknown, or something that can only be set elsewhere, such as a number."""
        if (routing := self.snapshot.routing) is None:
            return None
        if (overflow := routing.overflow) is None:
            return NO_OVERFLOW
        option = f"{overflow.target.value}_{overflow.condition.value}"
        return option if option in OVERFLOWS else None

    @override
    def shown(self) -> object:
        """Only the option is shown."""
        return (self.current_option,)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose."""
        with pbx_errors():
            if option == NO_OVERFLOW:
                await self.line.cancel_overflow()
            else:
                target, condition = OVERFLOWS[option]
                await self.line.set_overflow(target=target, condition=condition)
