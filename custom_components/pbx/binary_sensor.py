"""Binary sensors: ringing, on a call, in service; and whether the PBX is connected."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import CallState, Feature, LineSnapshot
from .coordinator import PbxConfigEntry, PbxCoordinator
from .entity import (
    CALLS,
    DEVICES,
    PbxEntity,
    PbxLineDescription,
    PbxLineEntity,
    PbxSystemEntity,
    async_add_line_entities,
)

PARALLEL_UPDATES = 0

TALKING = frozenset({CallState.ACTIVE, CallState.HELD})


@dataclass(frozen=True, kw_only=True)
class PbxLineBinarySensorDescription(PbxLineDescription, BinarySensorEntityDescription):
    """A binary sensor of a line."""

    is_on: Callable[[LineSnapshot], bool | None]


LINE_BINARY_SENSORS: tuple[PbxLineBinarySensorDescription, ...] = (
    PbxLineBinarySensorDescription(
        key="ringing",
        translation_key="ringing",
        entity_registry_enabled_default=False,
        is_on=lambda snapshot: any(call.state is CallState.RINGING_INCOMING for call in snapshot.calls),
        watch=CALLS,
        features=frozenset({Feature.CALL_EVENTS}),
    ),
    PbxLineBinarySensorDescription(
        key="on_a_call",
        translation_key="on_a_call",
        is_on=lambda snapshot: any(call.state in TALKING for call in snapshot.calls),
        watch=CALLS,
        features=frozenset({Feature.CALL_EVENTS}),
    ),
    PbxLineBinarySensorDescription(
        key="in_service",
        translation_key="in_service",
        entity_registry_enabled_default=False,
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on=lambda snapshot: snapshot.in_service,
        watch=DEVICES,
        features=frozenset({Feature.DEVICE_STATES}),
    ),
)

CONNECTED = BinarySensorEntityDescription(
    key="connected",
    translation_key="connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


CTI_LINK = BinarySensorEntityDescription(
    key="cti_link",
    translation_key="cti_link",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the PBX and of its lines."""
    async_add_entities([PbxConnected(entry.runtime_data, CONNECTED)])
    async_add_line_entities(entry, async_add_entities, PbxLineBinarySensor, LINE_BINARY_SENSORS)
    async_add_node_entities(entry, async_add_entities)


@callback
def async_add_node_entities(entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Give every node of the PBX, at any moment, a sensor of its link."""
    coordinator = entry.runtime_data
    there: set[str] = set()

    @callback
    def update() -> None:
        if new := [node for node in coordinator.pbx.nodes if node not in there]:
            there.update(new)
            async_add_entities(PbxLink(coordinator, node) for node in new)

    update()
    entry.async_on_unload(coordinator.async_add_system_listener(update))


class PbxConnected(PbxEntity, BinarySensorEntity):
    """Whether the PBX is connected; the one entity that stays available without it."""

    @property
    @override
    def available(self) -> bool:
        """Always: this is the entity that says whether the PBX is connected."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the PBX is connected."""
        return self.coordinator.last_update_success


class PbxLink(PbxSystemEntity, BinarySensorEntity):
    """Whether a node of the PBX is connected to the server."""

    def __init__(self, coordinator: PbxCoordinator, node: str) -> None:
        """Make the sensor of a node."""
        super().__init__(coordinator, replace(CTI_LINK, key=f"{CTI_LINK.key}_{node}"))
        self._node = node
        self._attr_translation_placeholders = {"node": coordinator.pbx.nodes[node].name or node}

    @property
    @override
    def available(self) -> bool:
        """Whether the PBX is connected, and still has the node."""
        return super().available and self._node in self.coordinator.pbx.nodes

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is connected; None is unknown."""
        return self.coordinator.pbx.nodes[self._node].connected

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Which of its call servers it is connected to, and what the server says of it."""
        node = self.coordinator.pbx.nodes[self._node]
        return {"link": node.link.value, "version": node.version, "monitored_users": node.monitored_users}


class PbxLineBinarySensor(PbxLineEntity, BinarySensorEntity):
    """A binary sensor of a line."""

    entity_description: PbxLineBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on; None is unknown."""
        return self.entity_description.is_on(self.snapshot)

    @override
    def shown(self) -> object:
        """Only the state is shown."""
        return (self.is_on,)
