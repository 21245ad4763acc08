"""Notifications: a short text on the display of a line's telephone."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.notify import NotifyEntity, NotifyEntityDescription, NotifyEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Feature, Line
from .calls import label_of
from .coordinator import PbxConfigEntry
from .entity import PbxLineDescription, PbxLineEntity, async_add_line_entities
from .errors import invalid, pbx_errors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PbxNotifyDescription(PbxLineDescription, NotifyEntityDescription):
    """Something that texts are sent to."""


TEXT = PbxNotifyDescription(
    key="text",
    translation_key="text",
    entity_registry_enabled_default=False,
    features=frozenset({Feature.TEXTS}),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Let texts be sent to the lines."""
    async_add_line_entities(entry, async_add_entities, PbxNotify, [TEXT])


class PbxNotify(PbxLineEntity, NotifyEntity):
    """The user of a line, who gets a text on the telephone."""

    entity_description: PbxNotifyDescription
    _attr_supported_features = NotifyEntityFeature.TITLE

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Send a text; a title stands before it."""
        number = self.snapshot.number
        if not number:
            raise invalid("text_without_number", line=label_of(self.snapshot))
        with pbx_errors():
            await self._sender.send_text(number, f"{title}: {message}" if title else message)

    @property
    def _sender(self) -> Line:
        """The line that sends: a text always comes from someone, and seldom from the one who gets it."""
        others = (line for line in self.coordinator.pbx.lines.values() if line.id != self._line)
        return next((line for line in others if Feature.TEXTS in line.features), self.line)
