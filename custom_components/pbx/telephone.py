"""Switches of a line's telephone: its lock, and whether further calls wait. They are read: the PBX pushes neither."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import callback

from .aiopbx import Feature, PbxError, Telephone, TelephoneState
from .calls import label_of
from .entity import PbxLineDescription, PbxLineEntity
from .errors import pbx_errors

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PbxTelephoneSwitchDescription(PbxLineDescription, SwitchEntityDescription):
    """A switch of a line's telephone, the first of several."""

    entity_category: EntityCategory = EntityCategory.CONFIG
    entity_registry_enabled_default: bool = False
    features: frozenset[Feature] = frozenset({Feature.TELEPHONES})
    is_on: Callable[[TelephoneState], bool | None]
    turn: Callable[[Telephone, bool], Awaitable[None]]


TELEPHONE_SWITCHES: tuple[PbxTelephoneSwitchDescription, ...] = (
    PbxTelephoneSwitchDescription(
        key="device_lock",
        translation_key="device_lock",
        is_on=lambda state: state.locked,
        turn=lambda telephone, on: telephone.set_lock(on),
    ),
    PbxTelephoneSwitchDescription(
        key="camp_on",
        translation_key="camp_on",
        is_on=lambda state: state.camp_on,
        turn=lambda telephone, on: telephone.set_camp_on(on),
    ),
)


class PbxTelephoneSwitch(PbxLineEntity, SwitchEntity):
    """A switch of a line's telephone. It is read after each connect, after a change, and when someone asks for it."""

    entity_description: PbxTelephoneSwitchDescription
    _state: TelephoneState | None = None
    _lost: bool = False

    @override
    async def async_added_to_hass(self) -> None:
        """Read it, without letting anything wait for it."""
        await super().async_added_to_hass()
        self._read()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Read it again when the PBX is back: it may have been changed meanwhile."""
        super()._handle_coordinator_update()
        back, self._lost = self._lost and self.available, not self.available
        if back:
            self._read()

    @callback
    def _read(self) -> None:
        self.coordinator.config_entry.async_create_background_task(
            self.hass, self.async_update_ha_state(force_refresh=True), f"read {self.entity_id}"
        )

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is on; None is unknown."""
        return None if self._state is None else self.entity_description.is_on(self._state)

    @override
    async def async_update(self) -> None:
        """Read it."""
        if not self.available:
            return
        try:
            self._state = await self.line.device().state()
        except PbxError as err:
            self._state = None
            _LOGGER.debug("Cannot read the telephone of %s: %s", label_of(self.snapshot), err)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn it on."""
        await self._turn(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn it off."""
        await self._turn(False)

    async def _turn(self, on: bool) -> None:
        with pbx_errors():
            await self.entity_description.turn(self.line.device(), on)
        await self.async_update_ha_state(force_refresh=True)
