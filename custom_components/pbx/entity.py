"""What all entities of the integration share."""

from collections.abc import Callable, Iterable
from typing import Final, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .aiopbx import Line, LineSnapshot
from .const import DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator

# Fields of a line's snapshot, as descriptions name them to say what they watch.
CALLS = frozenset({"calls"})
STATE = frozenset({"calls", "state", "devices", "busy"})
DEVICES = frozenset({"devices"})
COUNTERS = frozenset({"counters"})
ROUTING = frozenset({"routing"})
FORWARD = frozenset({"routing", "draft"})
CALLER_ID = frozenset({"caller_id"})

ALWAYS_NEW: Final = object()
"""What an entity shows that is to be written after every change that it watches."""


class PbxEntity(CoordinatorEntity[PbxCoordinator]):
    """Something of the PBX itself."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: PbxCoordinator, description: EntityDescription) -> None:
        """Make an entity of the PBX."""
        super().__init__(coordinator)
        entry_id = coordinator.config_entry.entry_id
        self.entity_description = description
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry_id)})


class PbxLineEntity(CoordinatorEntity[PbxCoordinator]):
    """Something of one line."""

    _attr_has_entity_name = True
    watch: frozenset[str] = frozenset()
    """The fields of the line's snapshot that this entity shows."""
    _shown: object = None

    def __init__(self, coordinator: PbxCoordinator, line: str, description: EntityDescription) -> None:
        """Make an entity of a line."""
        super().__init__(coordinator)
        self.entity_description = description
        self._line = line
        domain, identifier = coordinator.identifier(line)
        snapshot = self.snapshot
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(domain, identifier)},
            name=snapshot.name or snapshot.number or snapshot.id,
            manufacturer=coordinator.kind.line_manufacturer,
            model=" ".join(filter(None, (coordinator.kind.line, snapshot.number))),
            via_device_id=coordinator.device_id,
        )

    @property
    def snapshot(self) -> LineSnapshot:
        """The newest snapshot of the line."""
        return self.coordinator.data[self._line]

    @property
    def line(self) -> Line:
        """The client's handle of the line."""
        return self.coordinator.pbx.lines[self._line]

    @property
    @override
    def available(self) -> bool:
        """Whether the PBX is there and still has the line."""
        return super().available and self._line in self.coordinator.data

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the line, besides to the PBX."""
        await super().async_added_to_hass()
        if self.watch:
            self.async_on_remove(
                self.coordinator.async_add_line_listener(self._line, self.watch, self._handle_line_update)
            )

    def shown(self) -> object:
        """Return all that the entity shows, where that is cheap to say: what did not change is not written again."""
        return ALWAYS_NEW

    @callback
    def _handle_line_update(self) -> None:
        """Show what the line pushed."""
        shown = self.shown()
        if shown is ALWAYS_NEW or shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show that the PBX went or came."""
        self._shown = self.shown()
        super()._handle_coordinator_update()


@callback
def async_add_line_entities(
    entry: PbxConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[PbxCoordinator, Line], Iterable[Entity]],
) -> None:
    """Add the entities of every line there is, and of those that come later."""
    coordinator = entry.runtime_data
    known: set[str] = set()

    @callback
    def add_new() -> None:
        known.intersection_update(coordinator.data)
        new = [line for line in coordinator.data if line not in known]
        known.update(new)
        if new:
            async_add_entities([entity for line in new for entity in make(coordinator, coordinator.pbx.lines[line])])

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))
