"""What all entities of the integration share."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntityDescription
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, async_get_current_platform
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .aiopbx import CallerId, Feature, Line, LineSnapshot, PbxError
from .calls import label_of, shows_calls
from .const import DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .errors import invalid, pbx_errors
from .forward import ForwardDraft

_LOGGER = logging.getLogger(__name__)

# Fields of a line's snapshot, as descriptions name them to say what they watch.
CALLS = frozenset({"calls"})
STATE = frozenset({"calls", "state", "devices", "busy"})
DEVICES = frozenset({"devices"})
COUNTERS = frozenset({"counters"})
ROUTING = frozenset({"routing"})
CALLER_ID = frozenset({"caller_id"})
HUNTING_GROUP = frozenset({"hunting_group_logged_on"})
AGENT = frozenset({"agent"})
# Not a field of a snapshot: the coordinator notifies of it when someone changes the draft.
DRAFT = frozenset({"draft"})

# Who has disabled what is then not made. Home Assistant itself enables what it disabled with the entry or the device.
_LEFT_OUT: Final = frozenset({er.RegistryEntryDisabler.INTEGRATION, er.RegistryEntryDisabler.USER})

ALWAYS_NEW: Final = object()
"""What ``shown`` returns where the state is to be written after every change that the entity watches."""


@dataclass(frozen=True, kw_only=True)
class PbxLineDescription(EntityDescription):
    """Something of a line: which lines have it, and which fields of the snapshot it shows."""

    features: frozenset[Feature]
    """A line has the entity if it has all of these."""
    any_of: frozenset[Feature] = frozenset()
    """And one of these, unless there are none: the systems have other words for the same."""
    watch: frozenset[str] = frozenset()
    shows_callers: bool = False
    """Whether its state is who is on the other end of a call: no line has it where callers are hidden."""
    enabled_without_calls: bool = False
    """Whether it is enabled by default on a line that shows no calls, and so has little else to show."""

    def is_allowed(self, features: frozenset[Feature]) -> bool:
        """Whether a line that can do this has the entity."""
        return self.features <= features and (not self.any_of or not self.any_of.isdisjoint(features))

    def enabled_on(self, snapshot: LineSnapshot) -> bool:
        """Whether it is enabled by default on a line."""
        return self.entity_registry_enabled_default or (self.enabled_without_calls and not shows_calls(snapshot))


@dataclass(frozen=True, kw_only=True)
class PbxSelectDescription(PbxLineDescription, SelectEntityDescription):
    """A select of a line."""

    options: list[str]


class PbxEntity(CoordinatorEntity[PbxCoordinator]):
    """Something of the PBX itself."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: PbxCoordinator, description: EntityDescription) -> None:
        """Make an entity of the PBX."""
        super().__init__(coordinator)
        base = coordinator.base
        self.entity_description = description
        self._attr_unique_id = f"{base}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, base)})


class PbxSystemEntity(PbxEntity):
    """Something of the PBX's nodes or licences."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow nodes and licences, too."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_system_listener(self._handle_coordinator_update))


class PbxLineEntity(CoordinatorEntity[PbxCoordinator]):
    """Something of one line."""

    _attr_has_entity_name = True
    entity_description: PbxLineDescription
    _shown: object = None

    def __init__(self, coordinator: PbxCoordinator, line: str, description: PbxLineDescription) -> None:
        """Make an entity of a line."""
        super().__init__(coordinator)
        self.entity_description = description
        self._line = line
        self._attr_entity_registry_enabled_default = description.enabled_on(self.snapshot)
        self._attr_unique_id = coordinator.unique_id(line, description.key)
        self.device_entry = coordinator.async_device(line)

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
        """Whether the PBX is connected and still has the line."""
        return super().available and self._line in self.coordinator.data

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the line, in addition to the PBX."""
        await super().async_added_to_hass()
        if watch := self.entity_description.watch:
            self.async_on_remove(self.coordinator.async_add_line_listener(self._line, watch, self._handle_line_update))

    def shown(self) -> object:
        """Return all that the entity shows, where that is cheap: what did not change is not written again."""
        return ALWAYS_NEW

    @callback
    def _handle_line_update(self) -> None:
        """Show what changed on the line."""
        shown = self.shown()
        if shown is ALWAYS_NEW or shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show that the PBX was lost or is back."""
        self._shown = self.shown()
        super()._handle_coordinator_update()


class PbxForwardEntity(PbxLineEntity, RestoreEntity):
    """A part of how a line is forwarded, or would be once its forward is switched on."""

    @property
    def draft(self) -> ForwardDraft:
        """How the line is forwarded, or would be."""
        return self.coordinator.memory[self._line].draft

    @property
    def forwarded(self) -> bool:
        """Whether the line is forwarded now."""
        routing = self.snapshot.routing
        return routing is not None and routing.forward is not None

    async def async_set_draft(self, draft: ForwardDraft) -> None:
        """Change the draft, and the forward itself where the line is forwarded now."""
        if self.forwarded:
            with pbx_errors():
                await draft.send(self.line)
        self.coordinator.async_set_draft(self._line, draft)


class PbxCallerIdEntity(PbxLineEntity):
    """A part of the caller ID that a line shows to those it calls. What is set takes effect at once."""

    @property
    def caller_id(self) -> CallerId | None:
        """The caller ID that is shown now; None is unknown."""
        return self.snapshot.caller_id

    async def async_show(self, number: str | None) -> None:
        """Show this number from now on."""
        if not number:
            raise invalid("caller_id_missing")
        with pbx_errors():
            await self.line.set_caller_id(number)

    @override
    async def async_update(self) -> None:
        """Read the caller ID again when someone asks for an update: the PBX does not push changes made elsewhere."""
        if self.available:
            try:
                await self.line.refresh_caller_id()
            except PbxError as err:
                _LOGGER.warning("Cannot read the caller ID of %s: %s", label_of(self.snapshot), err)


@callback
def async_add_line_entities[D: PbxLineDescription](
    entry: PbxConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[PbxCoordinator, str, D], Entity],
    descriptions: Sequence[D],
) -> None:
    """Give every line, at any moment, the entities that its features allow, and take the others away.

    A line that is not described yet gets none: its entities would be called by its login name, for ever. A feature that
    is gone takes its entities out of the registry, too; Home Assistant keeps what people changed of them, should it
    return.

    What is disabled is never shown, and yet it is most of what a line has. So it is not made at all where the registry
    knows that it is disabled (who enables it has the entry loaded anew), and of many lines it is registered later.
    """
    coordinator = entry.runtime_data
    domain = async_get_current_platform().domain
    registry = er.async_get(coordinator.hass)
    hidden = frozenset(one.key for one in descriptions if one.shows_callers and coordinator.hides_callers)
    wanted = tuple(descriptions)
    added: dict[str, set[str]] = {}

    def missing(line: str, *, all_of_it: bool) -> list[Entity]:
        snapshot = coordinator.data.get(line)
        if snapshot is None or not snapshot.described:
            return []
        features, there = coordinator.pbx.lines[line].features, added.setdefault(line, set())
        new = []
        for one in wanted:
            key = one.key
            allowed = key not in hidden and one.is_allowed(features)
            if allowed and key in there:
                continue
            entity_id = registry.async_get_entity_id(domain, DOMAIN, coordinator.unique_id(line, key))
            known = registry.async_get(entity_id) if entity_id is not None else None
            if not allowed:
                there.discard(key)
                if known is not None:
                    registry.async_remove(known.entity_id)
            elif known is None and not all_of_it and not one.enabled_on(snapshot):
                coordinator.later.put_off(complete, line)
            else:
                there.add(key)
                if known is None or known.disabled_by not in _LEFT_OUT:
                    new.append(make(coordinator, line, one))
        return new

    @callback
    def update(lines: Iterable[str], *, all_of_it: bool) -> None:
        if new := [entity for line in lines for entity in missing(line, all_of_it=all_of_it)]:
            async_add_entities(new)

    @callback
    def complete(line: str) -> None:
        update([line], all_of_it=True)

    @callback
    def update_line(line: str) -> None:
        update([line], all_of_it=not coordinator.has_many_lines)

    @callback
    def update_all() -> None:
        for line in [line for line in added if line not in coordinator.data]:
            del added[line]
        update([line for line in coordinator.data if line not in added], all_of_it=not coordinator.has_many_lines)

    update_all()
    entry.async_on_unload(coordinator.async_add_listener(update_all))
    entry.async_on_unload(coordinator.async_add_feature_listener(update_line))
