"""Sensors of the call centre: who waits at its pilots and in its queues, and which agents are ready.

None is enabled by default, and the PBX sends the figures of those only that someone has enabled.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import CentreChanged, Feature, PbxError
from .coordinator import PbxConfigEntry, PbxCoordinator
from .entity import PbxEntity

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PbxCentreDescription(SensorEntityDescription):
    """A sensor of each object of one table of the call centre."""

    entity_registry_enabled_default: bool = False
    table: Literal["pilots", "queues", "groups"]
    value: Callable[[Any], int | None]


SENSORS: Final = (
    PbxCentreDescription(
        key="pilot_waiting", translation_key="pilot_waiting", table="pilots", value=lambda row: row.waiting
    ),
    PbxCentreDescription(
        key="queue_waiting", translation_key="queue_waiting", table="queues", value=lambda row: row.waiting
    ),
    PbxCentreDescription(
        key="queue_longest_wait",
        translation_key="queue_longest_wait",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        table="queues",
        value=lambda row: row.longest_wait,
    ),
    PbxCentreDescription(
        key="agents_ready", translation_key="agents_ready", table="groups", value=lambda row: row.free
    ),
)


@callback
def async_add_centre_entities(entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Give every pilot, queue and group of the call centre, where there is one, its sensors."""
    coordinator = entry.runtime_data
    there: set[tuple[str, str]] = set()
    looking = False

    async def look() -> None:
        nonlocal looking
        try:
            objects = await coordinator.pbx.call_centre.objects()
        except PbxError as error:
            _LOGGER.debug("The objects of the call centre cannot be read: %s", error)
            return
        finally:
            looking = False
        new = [
            PbxCentreSensor(coordinator, description, number, name)
            for description in SENSORS
            for number, name in objects.get(description.table, {}).items()
            if (description.key, number) not in there
        ]
        there.update(one.what for one in new)
        if new:
            async_add_entities(new)

    @callback
    def update() -> None:
        nonlocal looking
        if not looking and Feature.CALL_CENTRE in coordinator.pbx.features:
            looking = True
            entry.async_create_background_task(
                coordinator.hass, look(), "objects of the call centre", eager_start=False
            )

    update()
    # nodes and licences are read once an hour, and after a loss: what is new in the call centre is seen then
    entry.async_on_unload(coordinator.async_add_system_listener(update))


class PbxCentreSensor(PbxEntity, SensorEntity):
    """A figure of a pilot, a queue or a group. The PBX sends it while the entity is there, and no longer."""

    entity_description: PbxCentreDescription

    def __init__(self, coordinator: PbxCoordinator, description: PbxCentreDescription, number: str, name: str) -> None:
        """Make the sensor of the object with this number."""
        super().__init__(coordinator, replace(description, key=f"{description.key}_{number}"))
        self.what = (description.key, number)
        self._number = number
        self._table = coordinator.pbx.call_centre.tables[description.table]
        self._attr_translation_placeholders = {"name": name or number}
        self._stop: Callable[[], Awaitable[None]] | None = None
        self._beginning: asyncio.Task[None] | None = None

    @property
    @override
    def available(self) -> bool:
        """Whether the PBX is connected, and has said something of it over this connection."""
        return super().available and (row := self._table.get(self._number)) is not None and row.confirmed

    @property
    @override
    def native_value(self) -> int | None:
        """The figure; None is unknown."""
        return self.entity_description.value(self._table[self._number])

    @override
    async def async_added_to_hass(self) -> None:
        """Have the figures come."""
        await super().async_added_to_hass()
        self.async_on_remove(self._table.subscribe(self._show, number=self._number))
        self._begin()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Have them come no longer."""
        if self._beginning is not None:
            self._beginning.cancel()
        if self._stop is not None:
            try:
                await self._stop()
            except PbxError as error:
                _LOGGER.debug("The figures of %s may go on: %s", self._number, error)
        await super().async_will_remove_from_hass()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """The PBX has come or gone: what could not be watched before is tried again."""
        self._begin()
        super()._handle_coordinator_update()

    @callback
    def _begin(self) -> None:
        if self._stop is None and self._beginning is None and self.coordinator.last_update_success:
            self._beginning = self.coordinator.config_entry.async_create_background_task(
                self.hass, self._watch(), f"figures of {self._number}", eager_start=False
            )

    async def _watch(self) -> None:
        centre = self.coordinator.pbx.call_centre
        wanted: dict[str, Any] = dict.fromkeys(centre.tables, False) | {self._table.name: [self._number]}
        try:
            self._stop = (await centre.watch(**wanted)).stop
        except PbxError as error:
            _LOGGER.debug("The figures of %s do not come: %s", self._number, error)
        finally:
            self._beginning = None

    @callback
    def _show(self, event: CentreChanged) -> None:
        """Write what has changed of this figure, or that it is known again."""
        value = self.entity_description.value
        previous: Any = event.previous
        if previous is None or not previous.confirmed or value(previous) != value(event.row):
            self.async_write_ha_state()
