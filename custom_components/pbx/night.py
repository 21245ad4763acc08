"""The night service: one switch that forwards many lines, and lets them be as they were in the morning."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .aiopbx import Forward, Line, LineSnapshot, PbxError
from .calls import label_of
from .const import DOMAIN
from .coordinator import PbxCoordinator
from .entity import ROUTING, PbxEntity
from .errors import invalid
from .forward import NightService
from .night_forwards import night_forward, night_forwards, same_forward

NIGHT_SERVICE = SwitchEntityDescription(key="night_service", translation_key="night_service")


class PbxNightService(PbxEntity, SwitchEntity):
    """On when all its lines are forwarded as configured. Off, it restores the forward that each line had before.

    A line that someone has forwarded elsewhere meanwhile is left alone.
    """

    def __init__(self, coordinator: PbxCoordinator, service: NightService) -> None:
        """Make the switch of a configured night service."""
        super().__init__(coordinator, NIGHT_SERVICE)
        self._service = service

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the lines."""
        await super().async_added_to_hass()
        for snapshot in self._snapshots():
            self.async_on_remove(
                self.coordinator.async_add_line_listener(snapshot.id, ROUTING, self.async_write_ha_state)
            )

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether all lines are forwarded as configured; None while that is not known of one of them."""
        routings = [snapshot.routing for snapshot in self._snapshots()]
        if not routings or None in routings:
            return None
        return all(routing is not None and self._is_night(routing.forward) for routing in routings)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Forward every line that is not forwarded there yet."""
        nights = await night_forwards(self.hass, self.coordinator.config_entry.entry_id)
        await self._each(lambda line: nights.async_begin(self.coordinator, line, self._service.number))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Give every line that is still forwarded for the night the forward that it had before."""
        nights = await night_forwards(self.hass, self.coordinator.config_entry.entry_id)
        forward = night_forward(self._service.number)
        await self._each(lambda line: nights.async_end(self.coordinator, line, forward))

    async def _each(self, do: Callable[[Line], Awaitable[Any]]) -> None:
        """Do something to every line; then say which of them could not, and why."""
        lines = self._lines()

        async def one(line: Line) -> PbxError | HomeAssistantError | None:
            try:
                await do(line)
            except (PbxError, HomeAssistantError) as err:
                return err
            return None

        outcomes = zip(lines, await asyncio.gather(*map(one, lines)), strict=True)
        if failed := [(line, err) for line, err in outcomes if err is not None]:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="night_service_partly",
                translation_placeholders={
                    "lines": ", ".join(label_of(line.snapshot) for line, _ in failed),
                    "message": str(failed[0][1]),
                },
            ) from failed[0][1]

    def _snapshots(self) -> list[LineSnapshot]:
        wanted = set(self._service.lines)
        return [line for line in self.coordinator.data.values() if line.id in wanted or line.number in wanted]

    def _lines(self) -> list[Line]:
        """Return the lines. Raises an error that names those that are not there."""
        found = self._snapshots()
        there = {key for snapshot in found for key in (snapshot.id, snapshot.number)}
        if gone := [key for key in self._service.lines if key not in there]:
            raise invalid("night_lines_gone", lines=", ".join(gone))
        return [self.coordinator.pbx.lines[snapshot.id] for snapshot in found]

    @callback
    def _is_night(self, forward: Forward | None) -> bool:
        return same_forward(self.coordinator, forward, night_forward(self._service.number))
