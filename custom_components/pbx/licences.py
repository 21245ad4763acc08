"""Sensors of the PBX's licences: how many are in use, and when the first of them ends."""

from dataclasses import replace
from datetime import date
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import Licence
from .coordinator import PbxConfigEntry, PbxCoordinator
from .entity import PbxSystemEntity

LICENCE = SensorEntityDescription(
    key="licence",
    translation_key="licence",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
LICENCES_END = SensorEntityDescription(
    key="licences_end",
    translation_key="licences_end",
    device_class=SensorDeviceClass.DATE,
    entity_category=EntityCategory.DIAGNOSTIC,
)


@callback
def async_add_licence_entities(entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Give every licence that the PBX shows, at any moment, a sensor; and one to all of them together."""
    coordinator = entry.runtime_data
    there: set[str] = set()

    @callback
    def update() -> None:
        names = [one.name for one in coordinator.pbx.nodes.licences]
        new: list[SensorEntity] = [PbxLicence(coordinator, name) for name in names if name not in there]
        if names and not there:
            new.append(PbxLicencesEnd(coordinator, LICENCES_END))
        there.update(names)
        if new:
            async_add_entities(new)

    update()
    entry.async_on_unload(coordinator.async_add_system_listener(update))


class PbxLicence(PbxSystemEntity, SensorEntity):
    """How many of a licence are in use. Read once an hour: the PBX does not push it."""

    def __init__(self, coordinator: PbxCoordinator, name: str) -> None:
        """Make the sensor of a licence."""
        super().__init__(coordinator, replace(LICENCE, key=f"{LICENCE.key}_{name}"))
        self._name = name
        self._attr_translation_placeholders = {"licence": name}

    @property
    def _licence(self) -> Licence | None:
        return next((one for one in self.coordinator.pbx.nodes.licences if one.name == self._name), None)

    @property
    @override
    def available(self) -> bool:
        """Whether the PBX is connected, and still has the licence."""
        return super().available and self._licence is not None

    @property
    @override
    def native_value(self) -> int | None:
        """How many are in use."""
        return None if (licence := self._licence) is None else licence.used

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """How many there are, and until when."""
        licence = self._licence
        assert licence is not None
        return {"total": licence.total, "expires": licence.expires.isoformat() if licence.expires else None}


class PbxLicencesEnd(PbxSystemEntity, SensorEntity):
    """When the first of the licences ends."""

    @property
    @override
    def native_value(self) -> date | None:
        """The day; None where none ends."""
        return min((one.expires for one in self.coordinator.pbx.nodes.licences if one.expires), default=None)
