"""Who may see a line on a card, and who may command it: as Home Assistant's permissions are for its entities."""

from typing import Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN
from .coordinator import PbxCoordinator

# The entity that stands for a line: the first of these that it has. They are in the registry even while disabled.
_STANDS_FOR_A_LINE: Final = (("sensor", "call_state"), ("button", "hang_up"), ("switch", "do_not_disturb"))
# The entity that does what a command does, where there is one: whoever may not press it may not send the command.
_DOES: Final = {
    "answer": ("button", "answer"),
    "hang_up": ("button", "hang_up"),
    "end": ("button", "hang_up"),
    "set_do_not_disturb": ("switch", "do_not_disturb"),
    "set_forward": ("switch", "forward"),
    "cancel_forward": ("switch", "forward"),
}


def may_read(hass: HomeAssistant, user: User, coordinator: PbxCoordinator, line: str) -> bool:
    """Whether a user may see a line and its calls."""
    return _may(hass, user, _entity(hass, coordinator, line), POLICY_READ)


def may_command(hass: HomeAssistant, user: User, coordinator: PbxCoordinator, line: str, command: str) -> bool:
    """Whether a user may send this command for a line."""
    entity = None
    if (known := _DOES.get(command)) is not None:
        entity = _registered(hass, coordinator, line, known)
    return _may(hass, user, entity or _entity(hass, coordinator, line), POLICY_CONTROL)


def may_read_device(hass: HomeAssistant, user: User, device: dr.DeviceEntry) -> bool:
    """Whether a user may see the line of a device whose PBX is not connected."""
    entities = er.async_entries_for_device(er.async_get(hass), device.id, include_disabled_entities=True)
    known = next((one for one in entities if one.unique_id.endswith("_call_state")), entities[0] if entities else None)
    return _may(hass, user, known.entity_id if known is not None else None, POLICY_READ)


def _may(hass: HomeAssistant, user: User, entity: str | None, policy: str) -> bool:
    if user.is_admin or user.permissions.access_all_entities(policy):
        return True
    # What has no entity can be permitted to nobody in particular.
    return entity is not None and user.permissions.check_entity(entity, policy)


def _entity(hass: HomeAssistant, coordinator: PbxCoordinator, line: str) -> str | None:
    """Return the entity that stands for a line."""
    for known in _STANDS_FOR_A_LINE:
        if (entity := _registered(hass, coordinator, line, known)) is not None:
            return entity
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier(coordinator.identifier(line), coordinator.config_entry.entry_id)
    if device is None:
        return None
    entities = er.async_entries_for_device(er.async_get(hass), device.id, include_disabled_entities=True)
    return entities[0].entity_id if entities else None


def _registered(hass: HomeAssistant, coordinator: PbxCoordinator, line: str, known: tuple[str, str]) -> str | None:
    domain, key = known
    return er.async_get(hass).async_get_entity_id(domain, DOMAIN, coordinator.unique_id(line, key))
