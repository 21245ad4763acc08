"""Selects: when calls are forwarded, and to what kind of target; which caller ID a line shows."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .aiopbx import CallerIdChoice, Condition, Feature, PbxError, Target
from .const import DOMAIN
from .coordinator import ForwardDraft, PbxConfigEntry, PbxCoordinator
from .entity import CALLER_ID, FORWARD, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors
from .switch import apply_forward

_LOGGER = logging.getLogger(__name__)

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxSelectDescription(SelectEntityDescription):
    """A select of a line's forward."""

    current: Callable[[ForwardDraft], str]
    changed: Callable[[ForwardDraft, str], ForwardDraft]
    options: list[str]


SELECTS: tuple[PbxSelectDescription, ...] = (
    PbxSelectDescription(
        key="forward_condition",
        translation_key="forward_condition",
        entity_category=EntityCategory.CONFIG,
        options=[condition.value for condition in Condition if condition is not Condition.UNKNOWN],
        current=lambda draft: draft.condition.value,
        changed=lambda draft, option: replace(draft, condition=Condition(option)),
    ),
    PbxSelectDescription(
        key="forward_target",
        translation_key="forward_target",
        entity_category=EntityCategory.CONFIG,
        options=[Target.NUMBER.value, Target.VOICEMAIL.value],
        current=lambda draft: draft.target.value,
        changed=lambda draft, option: replace(draft, target=Target(option)),
    ),
)


CALLER_ID_CHOICE = SelectEntityDescription(
    key="caller_id_choice",
    translation_key="caller_id_choice",
    entity_category=EntityCategory.CONFIG,
    options=[CallerIdChoice.FROM_PRESENCE.value, CallerIdChoice.MANUAL.value],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the selects of the lines."""
    async_add_line_entities(
        entry,
        async_add_entities,
        lambda coordinator, line: (
            PbxSelect(coordinator, line.id, description) for description in SELECTS if Feature.FORWARD in line.features
        ),
    )
    async_add_line_entities(
        entry,
        async_add_entities,
        lambda coordinator, line: (
            [PbxCallerIdChoice(coordinator, line.id, CALLER_ID_CHOICE)] if Feature.CALLER_ID in line.features else []
        ),
    )


class PbxForwardEntity(PbxLineEntity, RestoreEntity):
    """A part of how a line is forwarded, or would be once its forward is switched on."""

    watch = FORWARD

    @property
    def forwarded(self) -> bool:
        """Whether the line is forwarded now."""
        routing = self.snapshot.routing
        return routing is not None and routing.forward is not None

    async def async_change(self, draft: ForwardDraft) -> None:
        """Forward differently: at once where the line is forwarded, else the next time that it will be."""
        if self.forwarded:
            with pbx_errors():
                await apply_forward(self.line, draft)
        self.coordinator.drafts[self._line] = draft
        self.coordinator.async_tell(self._line, frozenset({"draft"}))


class PbxSelect(PbxForwardEntity, SelectEntity):
    """A select of a line's forward."""

    entity_description: PbxSelectDescription

    def __init__(self, coordinator: PbxCoordinator, line: str, description: PbxSelectDescription) -> None:
        """Make a select of a line."""
        super().__init__(coordinator, line, description)

    @override
    async def async_added_to_hass(self) -> None:
        """Remember what was chosen before a restart, unless the PBX says otherwise."""
        await super().async_added_to_hass()
        last = await self.async_get_last_state()
        if last is not None and last.state in self.options and not self.forwarded:
            draft = self.coordinator.draft(self._line)
            self.coordinator.drafts[self._line] = self.entity_description.changed(draft, last.state)

    @property
    @override
    def current_option(self) -> str:
        """What is chosen."""
        return self.entity_description.current(self.coordinator.draft(self._line))

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose."""
        await self.async_change(self.entity_description.changed(self.coordinator.draft(self._line), option))


class PbxCallerIdEntity(PbxLineEntity):
    """A part of the caller ID that a line shows to those whom it calls. What is set takes effect at once."""

    watch = CALLER_ID

    @override
    async def async_update(self) -> None:
        """Read it again, when somebody asks for that: the PBX does not tell when it is changed elsewhere."""
        if self.available:
            try:
                await self.line.refresh_caller_id()
            except PbxError as err:
                _LOGGER.warning("The caller ID of %s cannot be read: %s", self.snapshot.name, err)


class PbxCallerIdChoice(PbxCallerIdEntity, SelectEntity):
    """Whether the presence decides on the caller ID, or it was chosen."""

    @property
    @override
    def current_option(self) -> str | None:
        """What is chosen; none is unknown."""
        caller_id = self.snapshot.caller_id
        return caller_id.choice.value if caller_id is not None and caller_id.choice.value in self.options else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose; by hand, the number that was chosen last, or the one that is shown now, is kept."""
        if option == CallerIdChoice.FROM_PRESENCE:
            with pbx_errors():
                await self.line.set_caller_id(choice=CallerIdChoice.FROM_PRESENCE)
            return
        if not (number := self.coordinator.chosen_caller_id(self._line)):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="caller_id_missing")
        with pbx_errors():
            await self.line.set_caller_id(number)
