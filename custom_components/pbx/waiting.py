"""Calls that wait at pilots, for the trigger that waits for them. A pilot is watched only if a trigger wants it."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .aiopbx import Feature, PbxError, Status, StatusChanged, WaitingCall, WaitingChange, WaitingChanged, tel_uri
from .const import DOMAIN
from .coordinator import PbxCoordinator
from .happenings import CALL_WAITING, CALL_WAITING_OVER, Happening, happenings_of

_LOGGER = logging.getLogger(__name__)

type Names = dict[str, str]
"""What pilots or queues are called, by number."""


class WantedPilots:
    """Which pilots the triggers want, on whatever PBX. It belongs to Home Assistant, as the triggers do."""

    def __init__(self) -> None:
        """Nothing is wanted yet."""
        self._wanted: list[frozenset[str]] = []
        self._listeners: list[CALLBACK_TYPE] = []
        self.watchers: list[WaitingWatcher] = []

    @callback
    def async_add(self, pilots: frozenset[str]) -> CALLBACK_TYPE:
        """Want these, by number or name, or all if it is empty. Return what takes that back.

        What is not wanted any more is given up with the next look, and not at once: automations that are loaded anew
        take everything back, and want it again.
        """
        self._wanted.append(pilots)
        for watcher in self.watchers:
            watcher.look()
        return lambda: self._wanted.remove(pilots)

    def __bool__(self) -> bool:
        """Whether there is a trigger."""
        return bool(self._wanted)

    def includes(self, number: str, name: str) -> bool:
        """Whether a trigger wants this pilot."""
        return any(is_chosen(pilots, number, name) for pilots in self._wanted)

    def named(self) -> frozenset[str]:
        """All that are wanted by number or name."""
        return frozenset[str]().union(*self._wanted)


def is_chosen(chosen: frozenset[str], number: str | None, name: str | None) -> bool:
    """Whether a pilot or queue is one of those that were chosen, by number or name; nothing chosen is all."""
    return not chosen or number in chosen or (name or "").casefold() in {one.casefold() for one in chosen}


_WANTED: HassKey[WantedPilots] = HassKey(f"{DOMAIN}_wanted_pilots")


@callback
def wanted_pilots(hass: HomeAssistant) -> WantedPilots:
    """Return what the triggers of this Home Assistant want."""
    if (found := hass.data.get(_WANTED)) is None:
        found = hass.data[_WANTED] = WantedPilots()
    return found


class WaitingWatcher:
    """Watches the pilots of one PBX that triggers want, for as long as its entry is loaded."""

    def __init__(self, hass: HomeAssistant, coordinator: PbxCoordinator) -> None:
        """Watch nothing yet."""
        self._hass = hass
        self._coordinator = coordinator
        self._wanted = wanted_pilots(hass)
        self._stops: dict[str, Callable[[], Awaitable[None]]] = {}
        """What ends the watching of each pilot."""
        self._pilots: Names = {}
        self._queues: Names = {}
        self._looking = False
        self._again = False

    @callback
    def async_start(self) -> None:
        """Begin, and follow what the triggers want."""
        coordinator, entry = self._coordinator, self._coordinator.config_entry
        entry.async_on_unload(coordinator.pbx.pilots.subscribe(self._changed))
        entry.async_on_unload(coordinator.pbx.subscribe(self._status, kind=StatusChanged))
        # Hourly, and after a loss: pilots may be new, or not wanted any more.
        entry.async_on_unload(coordinator.async_add_system_listener(self.look))
        entry.async_on_unload(coordinator.async_add_listener(self.look))
        entry.async_on_unload(self._end)
        self._wanted.watchers.append(self)
        self.look()

    @callback
    def _end(self) -> None:
        self._wanted.watchers.remove(self)
        self._lose()

    # ---------------------------------------------------------------------------------------------- what is watched

    @callback
    def look(self) -> None:
        """Watch what is wanted now, and nothing else."""
        pbx = self._coordinator.pbx
        if not (self._wanted or self._stops):
            return
        if pbx.status is not Status.ONLINE or Feature.WAITING_CALLS not in pbx.features:
            return
        self._again = True
        if not self._looking:
            self._looking = True
            self._coordinator.config_entry.async_create_background_task(
                self._hass, self._look(), "pilots that triggers want"
            )

    async def _look(self) -> None:
        try:
            while self._again:
                self._again = False
                await self._read_names()
                await self._watch_wanted()
        except PbxError as error:
            _LOGGER.debug("The pilots of %s cannot be watched now: %s", self._coordinator.name, error)
        finally:
            self._looking = False

    async def _read_names(self) -> None:
        """Read which pilots and queues there are, from whichever of the two services this account may ask."""
        pbx = self._coordinator.pbx
        if Feature.CALL_CENTRE in pbx.features:
            objects = await pbx.call_centre.objects()
            self._pilots, self._queues = dict(objects.get("pilots", {})), dict(objects.get("queues", {}))
        elif Feature.PILOTS in pbx.features:
            self._pilots = {pilot.number: pilot.name for pilot in await pbx.pilots.list()}

    async def _watch_wanted(self) -> None:
        pbx = self._coordinator.pbx
        # Where the PBX does not say which there are, those that were named are tried.
        there = self._pilots or dict.fromkeys(self._wanted.named(), "")
        wanted = [number for number, name in there.items() if self._wanted.includes(number, name)]
        for number in set(self._stops).difference(wanted):
            await self._stops.pop(number)()
        for number in wanted:
            if number not in self._stops:
                watch = pbx.pilots.watch(number)
                try:
                    await watch.start()
                except PbxError as error:
                    _LOGGER.warning("Calls at pilot %s of %s: %s", number, self._coordinator.name, error)
                else:
                    self._stops[number] = watch.stop

    # --------------------------------------------------------------------------------------------------- what is seen

    @callback
    def _changed(self, event: WaitingChanged) -> None:
        if event.change is WaitingChange.QUEUED:
            self._fire(CALL_WAITING, event.call)
        elif event.change is WaitingChange.LEFT:
            self._fire(CALL_WAITING_OVER, event.call)

    @callback
    def _status(self, event: StatusChanged) -> None:
        if event.status is Status.OFFLINE:
            self._lose()

    @callback
    def _lose(self) -> None:
        """Nobody sees any more who waits."""
        for call in self._waiting():
            self._fire(CALL_WAITING_OVER, call)

    def _waiting(self) -> Iterator[WaitingCall]:
        for calls in tuple(self._coordinator.pbx.pilots.waiting.values()):
            yield from (call for call in calls if call.queued_since is not None)

    def waiting(self) -> Iterator[Happening]:
        """Return the calls that wait now."""
        return (self._happening(CALL_WAITING, call) for call in self._waiting())

    @callback
    def _fire(self, kind: str, call: WaitingCall) -> None:
        happenings = happenings_of(self._hass)
        if happenings.awaited(kind):
            happenings.async_fire(self._happening(kind, call))

    def _happening(self, kind: str, call: WaitingCall) -> Happening:
        coordinator = self._coordinator
        entry, pilot, queue = coordinator.config_entry, call.pilot, call.queue
        known = coordinator.pbx.contacts.find(call.caller)
        data: dict[str, Any] = {
            "pbx": {"title": entry.title, "device_id": coordinator.device_id, "entry_id": entry.entry_id},
            "pilot": {"number": pilot, "name": self._pilots.get(pilot) or None},
            "queue": {"number": queue, "name": self._queues.get(queue or "") or None},
            "call": {
                "call_id": call.ref,
                "party_name": known[0] if known is not None else None,
                "party_number": call.caller,
                "party_uri": tel_uri(call.caller),
                "called_number": call.called,
                "associated_data": call.data,
                "started_at": call.since.isoformat() if call.since else None,
                "waiting_since": call.queued_since.isoformat() if call.queued_since else None,
            },
            "calls_in_queue": call.queued,
        }
        return Happening(
            kind=kind,
            device_id=coordinator.device_id,
            pbx_device_id=coordinator.device_id,
            what=f"Call waiting at {self._pilots.get(pilot) or pilot}",
            data=data,
            waiting=call,
        )
