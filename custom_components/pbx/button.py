"""Buttons: answer, hang up, park and more. What cannot be done now is said when it is tried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Action, Call, Feature, Line
from .calls import find_call, find_target
from .coordinator import PbxConfigEntry
from .entity import PbxLineDescription, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxButtonDescription(PbxLineDescription, ButtonEntityDescription):
    """A button of a line."""

    actions: tuple[Action, ...]
    press: Callable[[Call | Line], Awaitable[None]]


BUTTONS: tuple[PbxButtonDescription, ...] = (
    PbxButtonDescription(
        key="answer",
        translation_key="answer",
        features=frozenset({Feature.ANSWER}),
        actions=(Action.ANSWER,),
        press=lambda target: target.answer(),
    ),
    PbxButtonDescription(
        key="hang_up",
        translation_key="hang_up",
        features=frozenset({Feature.HANG_UP}),
        actions=(Action.HANG_UP, Action.END),
        press=lambda target: target.hang_up(),
    ),
)


@dataclass(frozen=True, kw_only=True)
class PbxLineButtonDescription(PbxLineDescription, ButtonEntityDescription):
    """A button for something that a line itself does, or that is done to the call that offers it."""

    entity_registry_enabled_default: bool = False
    press: Callable[[Line], Awaitable[None]]


LINE_BUTTONS: tuple[PbxLineButtonDescription, ...] = (
    PbxLineButtonDescription(
        key="park",
        translation_key="park",
        features=frozenset({Feature.CALL_EVENTS, Feature.PARK}),
        press=lambda line: find_call(line, Action.PARK).park(),
    ),
    PbxLineButtonDescription(
        key="unpark",
        translation_key="unpark",
        features=frozenset({Feature.CALL_EVENTS, Feature.PARK}),
        press=lambda line: line.unpark(),
    ),
    PbxLineButtonDescription(
        key="request_call_back",
        translation_key="request_call_back",
        features=frozenset({Feature.CALL_EVENTS, Feature.CALL_BACK}),
        press=lambda line: find_call(line, Action.CALL_BACK).call_back(),
    ),
    PbxLineButtonDescription(
        key="clear_callback_requests",
        translation_key="clear_callback_requests",
        entity_category=EntityCategory.CONFIG,
        features=frozenset({Feature.CALL_BACK}),
        press=lambda line: line.delete_callbacks(all=True),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of the lines."""
    async_add_line_entities(entry, async_add_entities, PbxButton, BUTTONS)
    async_add_line_entities(entry, async_add_entities, PbxLineButton, LINE_BUTTONS)


class PbxButton(PbxLineEntity, ButtonEntity):
    """A button of a line."""

    entity_description: PbxButtonDescription

    @override
    async def async_press(self) -> None:
        """Answer or hang up the call that the user of the line is busiest with; an error says why there is none."""
        with pbx_errors():
            await self.entity_description.press(find_target(self.line, *self.entity_description.actions))


class PbxLineButton(PbxLineEntity, ButtonEntity):
    """A button for something that a line itself does, or that is done to the call that offers it."""

    entity_description: PbxLineButtonDescription

    @override
    async def async_press(self) -> None:
        """Do it; an error says why it cannot be done."""
        with pbx_errors():
            await self.entity_description.press(self.line)
