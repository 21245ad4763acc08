"""Buttons: answer and hang up. They are available while a call of the line offers it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Action, Call, Feature, Line
from .calls import call_offering, find_target, shows_calls
from .coordinator import PbxConfigEntry
from .entity import CALLS, PbxLineDescription, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxButtonDescription(PbxLineDescription, ButtonEntityDescription):
    """A button of a line."""

    watch: frozenset[str] = CALLS
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

    @property
    @override
    def available(self) -> bool:
        """Whether a call of the line offers it now; always, where the licence shows no calls."""
        if not super().available:
            return False
        snapshot = self.snapshot
        return not shows_calls(snapshot) or call_offering(snapshot, *self.entity_description.actions) is not None

    @override
    def shown(self) -> object:
        """Only whether it can be pressed is shown."""
        return (self.available,)

    @override
    async def async_press(self) -> None:
        """Answer or hang up the call that the user of the line is busiest with."""
        with pbx_errors():
            await self.entity_description.press(find_target(self.line, *self.entity_description.actions))
