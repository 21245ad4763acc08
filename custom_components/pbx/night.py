"""The night service: one switch that forwards many lines, and lets them be as they were in the morning."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, Self, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.restore_state import ExtraStoredData, RestoreEntity

from .aiopbx import Condition, Forward, Line, LineSnapshot, PbxError, Target
from .calls import label_of
from .const import DOMAIN
from .coordinator import PbxCoordinator
from .entity import ROUTING, PbxEntity
from .errors import invalid
from .forward import NightService

# How many lines are forwarded at a time.
_AT_ONCE: Final = 4

NIGHT_SERVICE = SwitchEntityDescription(key="night_service", translation_key="night_service")


@dataclass(frozen=True)
class Former(ExtraStoredData):
    """How the lines were forwarded before, by id; None is not at all."""

    forwards: dict[str, Forward | None]

    @override
    def as_dict(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            line: None
            if forward is None
            else {"condition": forward.condition.value, "target": forward.target.value, "number": forward.number}
            for line, forward in self.forwards.items()
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Return what was stored."""
        return cls(
            {
                line: None
                if one is None
                else Forward(condition=Condition(one["condition"]), target=Target(one["target"]), number=one["number"])
                for line, one in stored.items()
            }
        )


class PbxNightService(PbxEntity, SwitchEntity, RestoreEntity):
    """On when all its lines are forwarded as configured. Off, it restores the forward that each line had before.

    A line that someone has forwarded elsewhere meanwhile is left alone.
    """

    def __init__(self, coordinator: PbxCoordinator, service: NightService) -> None:
        """Make the switch of a configured night service."""
        super().__init__(coordinator, NIGHT_SERVICE)
        self._service = service
        self._former: dict[str, Forward | None] = {}

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the lines, and remember how they were forwarded before a restart."""
        await super().async_added_to_hass()
        if (stored := await self.async_get_last_extra_data()) is not None:
            self._former = Former.from_dict(stored.as_dict()).forwards
        for snapshot in self._snapshots():
            self.async_on_remove(
                self.coordinator.async_add_line_listener(snapshot.id, ROUTING, self.async_write_ha_state)
            )

    @property
    @override
    def extra_restore_state_data(self) -> Former:
        """How the lines were forwarded before."""
        return Former(self._former)

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
        chosen = self._lines()
        day = [line for line in chosen if not self._is_night(line.forward)]
        self._former |= {line.id: line.forward for line in day}
        await self._each(day, self._night)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Give every line that is still forwarded there the forward that it had before."""
        await self._each([line for line in self._lines() if self._is_night(line.forward)], self._day)

    async def _night(self, line: Line) -> None:
        if (number := self._service.number) is None:
            await line.set_forward(target=Target.VOICEMAIL)
        else:
            await line.set_forward(number)

    async def _day(self, line: Line) -> None:
        former = self._former.get(line.id)
        if former is None or Condition.UNKNOWN is former.condition or former.target is Target.UNKNOWN:
            await line.cancel_forward()
        elif former.target is Target.NUMBER:
            await line.set_forward(former.number, condition=former.condition)
        else:
            await line.set_forward(target=former.target, condition=former.condition)
        self._former.pop(line.id, None)

    async def _each(self, lines: list[Line], do: Any) -> None:
        """Do something to every line, a few at a time; then say which of them could not, and why."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(line: Line) -> PbxError | None:
            async with turns:
                try:
                    await do(line)
                except PbxError as err:
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
        if forward is None:
            return False
        if (number := self._service.number) is None:
            return forward.target is Target.VOICEMAIL
        return forward.target is Target.NUMBER and self.coordinator.pbx.numbers.same(forward.number, number)
