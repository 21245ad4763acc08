"""What night services have changed of the forwards of lines, so that each is in the morning as it was before.

It is kept in a file of its own, over losses, reloads and restarts. The switch of the night service and the actions
share it, so it does not matter which of them began a night and which ends it.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .aiopbx import Condition, Forward, Line, Target
from .calls import label_of
from .const import DOMAIN
from .coordinator import PbxCoordinator
from .entity import ROUTING
from .errors import invalid

_VERSION: Final = 1
# How many lines of a PBX are forwarded at a time.
_AT_ONCE: Final = 4
# Seconds to wait until the PBX has said how a line is forwarded: after a start it is asked line by line.
_PATIENCE: Final = 10.0
# Seconds until what changed is written down.
_SAVE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Night:
    """A line whose forward was changed for the night."""

    before: Forward | None
    """Its forward until then; None is none."""
    during: Forward
    """Its forward at night."""


class NightForwards:
    """The lines of one PBX that are forwarded for the night."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Remember nothing yet."""
        self._store: Store[dict[str, Any]] = Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.night", private=True)
        self._nights: dict[str, Night] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def async_load(self) -> None:
        """Read what was written down before a restart."""
        for line, one in (await self._store.async_load() or {}).items():
            if (during := _forward(one["during"])) is not None:
                self._nights[line] = Night(_forward(one["before"]), during)

    async def async_remove(self) -> None:
        """Remove the file: the entry is gone."""
        await self._store.async_remove()

    async def async_begin(
        self, coordinator: PbxCoordinator, line: Line, number: str | None, *, keep_forwards: bool = False
    ) -> bool:
        """Forward a line for the night; whether it is forwarded there then. Raises the client's errors.

        With ``keep_forwards`` a line that is forwarded already, and not by a night service, is left alone.
        """
        wanted = night_forward(number)
        async with self._turns:
            now = await _known(coordinator, line)
            if same_forward(coordinator, now, wanted):
                return True
            night = self._nights.get(line.id)
            ours = night is not None and same_forward(coordinator, now, night.during)
            if keep_forwards and now is not None and not ours:
                return False
            # Where one night service follows another, what the line was like before the first is what counts.
            self._nights[line.id] = Night(night.before if night is not None and ours else now, wanted)
            self._changed()
            await _send(line, wanted)
            return True

    async def async_end(self, coordinator: PbxCoordinator, line: Line, also: Forward | None = None) -> bool:
        """Give a line the forward back that it had before its night; whether it had one. Raises the client's errors.

        ``also`` is a forward that is taken for a night even if none is remembered. A line that someone has forwarded
        elsewhere meanwhile is left alone.
        """
        async with self._turns:
            now = await _known(coordinator, line)
            night = self._nights.get(line.id)
            # The event that reports the forward may still be on its way; then the line seems to be as it was before.
            ours = night is not None and (same_forward(coordinator, now, night.during) or now == night.before)
            if ours or (also is not None and same_forward(coordinator, now, also)):
                await _send(line, night.before if night is not None else None)
                ours = True
            if self._nights.pop(line.id, None) is not None:
                self._changed()
            return ours

    def _changed(self) -> None:
        self._store.async_delay_save(self._data, _SAVE)

    def _data(self) -> dict[str, Any]:
        return {
            line: {"before": _stored(night.before), "during": _stored(night.during)}
            for line, night in self._nights.items()
        }


_NIGHTS: HassKey[dict[str, asyncio.Future[NightForwards]]] = HassKey(f"{DOMAIN}_night_forwards")


async def night_forwards(hass: HomeAssistant, entry_id: str) -> NightForwards:
    """Return those of a PBX, loaded when they are asked for first."""
    nights = hass.data.setdefault(_NIGHTS, {})
    if (found := nights.get(entry_id)) is None:
        nights[entry_id] = found = hass.loop.create_future()
        made = NightForwards(hass, entry_id)
        await made.async_load()
        found.set_result(made)
    return await found


async def async_forget_nights(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the nights of an entry that is removed."""
    nights = await night_forwards(hass, entry_id)
    del hass.data[_NIGHTS][entry_id]
    await nights.async_remove()


# -------------------------------------------------------------------------------------------------------- the forwards


def night_forward(number: str | None) -> Forward:
    """Return the forward of a night: to a number, or without one to the voicemail of each line."""
    return Forward(target=Target.VOICEMAIL if number is None else Target.NUMBER, number=number)


def same_forward(coordinator: PbxCoordinator, one: Forward | None, other: Forward | None) -> bool:
    """Whether two forwards lead to the same place; not every system says in which cases."""
    if one is None or other is None:
        return one is other
    if one.target is not other.target:
        return False
    return one.target is not Target.NUMBER or coordinator.pbx.numbers.same(one.number, other.number)


async def _known(coordinator: PbxCoordinator, line: Line) -> Forward | None:
    """Return how a line is forwarded, once the PBX has said so. Raises an error if it does not."""
    changed = asyncio.Event()
    end = coordinator.async_add_line_listener(line.id, ROUTING, changed.set)
    try:
        async with asyncio.timeout(_PATIENCE):
            while line.snapshot.routing is None:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        raise invalid("forward_not_known", line=label_of(line.snapshot)) from None
    finally:
        end()
    return line.forward


async def _send(line: Line, forward: Forward | None) -> None:
    if forward is None or Condition.UNKNOWN is forward.condition or forward.target is Target.UNKNOWN:
        await line.cancel_forward()
    elif forward.target is Target.NUMBER:
        await line.set_forward(forward.number, condition=forward.condition)
    else:
        await line.set_forward(target=forward.target, condition=forward.condition)


def _stored(forward: Forward | None) -> dict[str, Any] | None:
    if forward is None:
        return None
    return {"condition": forward.condition.value, "target": forward.target.value, "number": forward.number}


def _forward(stored: dict[str, Any] | None) -> Forward | None:
    if stored is None:
        return None
    return Forward(condition=Condition(stored["condition"]), target=Target(stored["target"]), number=stored["number"])
