"""Binary sensors: ringing, on a call, in service; and whether the PBX is connected."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import CallState, Feature, LineSnapshot
from .coordinator import PbxConfigEntry
from .entity import CALLS, DEVICES, PbxEntity, PbxLineDescription, PbxLineEntity, async_add_line_entities

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


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the PBX and of its lines."""
    async_add_entities([PbxConnected(entry.runtime_data, CONNECTED)])
    async_add_line_entities(entry, async_add_entities, PbxLineBinarySensor, LINE_BINARY_SENSORS)


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
