"""Buttons: answer and hang up. They are available while a call of the line offers it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Action, Call, Feature, Line
from .const import DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator, call_offering, handle_of
from .entity import CALLS, PbxLineEntity, async_add_line_entities
from .errors import pbx_errors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxButtonDescription(ButtonEntityDescription):
    """A button of a line."""

    actions: tuple[Action, ...]
    feature: Feature
    press: Callable[[Call | Line], Awaitable[None]]


BUTTONS: tuple[PbxButtonDescription, ...] = (
    PbxButtonDescription(
        key="answer",
        translation_key="answer",
        actions=(Action.ANSWER,),
        feature=Feature.ANSWER,
        press=lambda call: call.answer(),
    ),
    PbxButtonDescription(
        key="hang_up",
        translation_key="hang_up",
        actions=(Action.HANG_UP, Action.END),
        feature=Feature.HANG_UP,
        press=lambda call: call.hang_up(),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the buttons of the lines."""
    async_add_line_entities(
        entry,
        async_add_entities,
        lambda coordinator, line: (
            PbxButton(coordinator, line.id, description)
            for description in BUTTONS
            if description.feature in line.features
        ),
    )


class PbxButton(PbxLineEntity, ButtonEntity):
    """A button of a line."""

    watch = CALLS
    entity_description: PbxButtonDescription

    def __init__(self, coordinator: PbxCoordinator, line: str, description: PbxButtonDescription) -> None:
        """Make a button of a line."""
        super().__init__(coordinator, line, description)

    @property
    @override
    def available(self) -> bool:
        """Whether a call of the line offers it now; always, where the licence shows no calls."""
        return super().available and self._target() is not None

    @override
    def shown(self) -> object:
        """Whether the button can be pressed is all there is."""
        return (self.available,)

    def _target(self) -> Call | Line | None:
        """Return what to do it to: the call that the user of the line is busiest with."""
        if Feature.CALL_EVENTS not in self.snapshot.features:
            return self.line
        offering = call_offering(self.snapshot, *self.entity_description.actions)
        return handle_of(self.line, offering) if offering is not None else None

    @override
    async def async_press(self) -> None:
        """Do it."""
        if (target := self._target()) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="no_call_offers",
                translation_placeholders={
                    "line": self.snapshot.name,
                    "action": self.entity_description.key,
                    "offered": "-",
                },
            )
        with pbx_errors():
            await self.entity_description.press(target)
