"""Buttons: answer and hang up. What cannot be done now is said when it is tried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Action, Call, Feature, Line
from .calls import find_target
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


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of the lines."""
    async_add_line_entities(entry, async_add_entities, PbxButton, BUTTONS)


class PbxButton(PbxLineEntity, ButtonEntity):
    """A button of a line."""

    entity_description: PbxButtonDescription

    @override
    async def async_press(self) -> None:
        """Answer or hang up the call that the user of the line is busiest with; an error says why there is none."""
        with pbx_errors():
            await self.entity_description.press(find_target(self.line, *self.entity_description.actions))
