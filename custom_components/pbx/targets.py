"""Targets: which lines people mean by entities, devices, areas, floors and labels.

A line is meant by its device, by any of its entities, also one that is disabled, and by the areas, floors and labels of
either. The device of the PBX itself stands for all of its lines, where it is named and not merely stands in an area.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.const import ATTR_AREA_ID, ATTR_FLOOR_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.hass_dict import HassKey

from .aiopbx import Line
from .const import DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLine:
    """A line that is meant, and the PBX that it belongs to."""

    coordinator: PbxCoordinator
    line: Line
    named: bool = True
    """Whether the line itself was named, and not an area, a floor or a label that it is in."""


def loaded(hass: HomeAssistant) -> Iterator[PbxCoordinator]:
    """Give the coordinators of all entries that are loaded."""
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        yield entry.runtime_data


class TargetDevices:
    """The devices that a target means. They are found again once a registry has changed, and not before."""

    def __init__(self, hass: HomeAssistant, target: Mapping[str, Any] | None) -> None:
        """Look nothing up yet; without a target every line and every PBX is meant."""
        self._hass = hass
        self._target = target or None
        self._found: tuple[int, frozenset[str], frozenset[str]] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing was chosen, which means all."""
        return self._target is None

    def includes(self, device_id: str | None, pbx_device_id: str | None) -> bool:
        """Whether a line is meant, by its device or by that of its PBX; or a PBX, where both are the same."""
        if self._target is None:
            return True
        devices, named = self._devices(self._target)
        return device_id in devices or pbx_device_id in named

    def lines(self) -> tuple[list[TargetLine], bool]:
        """Return the lines that are meant and known now, and whether others are meant, of which nothing is known."""
        found: list[TargetLine] = []
        there: set[str] = set()
        for coordinator in loaded(self._hass):
            there.add(coordinator.device_id)
            for line in coordinator.pbx.lines.values():
                device_id = device_of(self._hass, coordinator, line.id)
                if device_id is not None:
                    there.add(device_id)
                if self.includes(device_id, coordinator.device_id):
                    found.append(TargetLine(coordinator=coordinator, line=line))
        if self._target is None:
            return found, len(self._hass.config_entries.async_loaded_entries(DOMAIN)) < len(
                self._hass.config_entries.async_entries(DOMAIN, include_disabled=False, include_ignore=False)
            )
        registry = dr.async_get(self._hass)
        others = self._devices(self._target)[0] - there
        unknown = (device for one in others if (device := registry.async_get(one)) is not None)
        return found, any(domain == DOMAIN for device in unknown for domain, *_ in device.identifiers)

    def _devices(self, target: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
        """Return the devices that are meant, and those of them that were named."""
        version = _version_of(self._hass)
        if self._found is None or self._found[0] != version:
            named = {key: value for key, value in target.items() if key not in (ATTR_AREA_ID, ATTR_FLOOR_ID)}
            self._found = (version, devices_in(self._hass, target), devices_in(self._hass, named))
        return self._found[1], self._found[2]


class RegistryVersion:
    """A number that grows whenever a registry changes that decides what a target means."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen for as long as Home Assistant runs."""
        self.number = 0
        hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._grow)
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._grow)
        hass.bus.async_listen(ar.EVENT_AREA_REGISTRY_UPDATED, self._grow)

    @callback
    def _grow(self, _event: object) -> None:
        self.number += 1


_VERSION: HassKey[RegistryVersion] = HassKey(f"{DOMAIN}_registry_version")


@callback
def _version_of(hass: HomeAssistant) -> int:
    if (found := hass.data.get(_VERSION)) is None:
        found = hass.data[_VERSION] = RegistryVersion(hass)
    return found.number


def devices_in(hass: HomeAssistant, target: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the devices that a target names, has entities of, or has in its areas, floors and labels."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(dict(target)), primary_entities_only=False)
    registry = er.async_get(hass)
    entities = (registry.async_get(entity_id) for entity_id in selected.referenced | selected.indirectly_referenced)
    return frozenset(
        selected.referenced_devices
        | {entity.device_id for entity in entities if entity is not None and entity.device_id is not None}
    )


def device_of(hass: HomeAssistant, coordinator: PbxCoordinator, line: str) -> str | None:
    """Return the id of the device of a line; None before it has one."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        coordinator.identifier(line), coordinator.config_entry.entry_id
    )
    return device.id if device is not None else None


def lines_of(hass: HomeAssistant, devices: Iterable[str], *, named: bool) -> list[TargetLine]:
    """Return the lines of loaded entries that these devices are."""
    wanted = set(devices)
    return [
        TargetLine(coordinator=coordinator, line=line, named=named)
        for coordinator in loaded(hass)
        for line in coordinator.pbx.lines.values()
        if device_of(hass, coordinator, line.id) in wanted
    ]
