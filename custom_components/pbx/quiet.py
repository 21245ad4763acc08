"""Do not disturb for a while: it ends by itself, also over a restart, and never one that somebody set by hand since."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .aiopbx import Line, LineChanged, PbxError
from .const import DOMAIN
from .coordinator import PbxConfigEntry

LONGEST: Final = 7 * 24 * 3600
"""Seconds that it may be asked for, at most."""
_AGAIN: Final = timedelta(minutes=1)
"""When it is tried again, while the PBX cannot be reached."""
_SAVE: Final = 1.0


class QuietTimes:
    """The lines whose do not disturb ends by itself, and when."""

    def __init__(self, hass: HomeAssistant) -> None:
        """None is known until they are loaded."""
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(hass, 1, f"{DOMAIN}.quiet_times")
        self._ends: dict[tuple[str, str], datetime] = {}
        self._timers: dict[tuple[str, str], CALLBACK_TYPE] = {}
        self._watches: dict[tuple[str, str], Callable[[], None]] = {}

    async def load(self) -> None:
        """Go on with what was asked for before a restart."""
        for item in (await self._store.async_load() or {}).get("ends", ()):
            end = dt_util.parse_datetime(item["end"])
            if end is not None:
                self._wait((item["entry"], item["line"]), end)

    async def begin(self, entry_id: str, line: Line, seconds: int) -> datetime:
        """Switch it on, and off again then. Raises the client's errors."""
        await line.set_do_not_disturb(True)
        key = (entry_id, line.id)
        end = dt_util.utcnow() + timedelta(seconds=min(seconds, LONGEST))
        self._wait(key, end)
        self._watch(key, line)
        self._save()
        return end

    @callback
    def forget(self, entry_id: str, line: str) -> None:
        """Let it be as it is: it was switched by hand, or for good."""
        key = (entry_id, line)
        for known in (self._timers, self._watches):
            if (stop := known.pop(key, None)) is not None:
                stop()
        if self._ends.pop(key, None) is not None:
            self._save()

    def _wait(self, key: tuple[str, str], end: datetime) -> None:
        if (stop := self._timers.pop(key, None)) is not None:
            stop()
        self._ends[key] = end

        async def over(now: datetime) -> None:
            self._timers.pop(key, None)
            await self._over(key)

        self._timers[key] = async_track_point_in_utc_time(self._hass, over, end)

    def _watch(self, key: tuple[str, str], line: Line) -> None:
        """Forget it as soon as it is switched off by anyone: what is switched on after that is another."""
        if (stop := self._watches.pop(key, None)) is not None:
            stop()

        def on_change(event: LineChanged) -> None:
            routing = event.snapshot.routing
            if routing is not None and routing.do_not_disturb is False:
                self.forget(*key)

        self._watches[key] = line.subscribe(on_change, kind=LineChanged)

    async def _over(self, key: tuple[str, str]) -> None:
        entries: list[PbxConfigEntry] = self._hass.config_entries.async_loaded_entries(DOMAIN)
        coordinator = next((one.runtime_data for one in entries if one.entry_id == key[0]), None)
        if self._hass.config_entries.async_get_entry(key[0]) is None:
            self.forget(*key)
            return
        line = coordinator.pbx.lines.get(key[1]) if coordinator is not None else None
        if await _ended(line):
            self.forget(*key)
        else:
            self._wait(key, dt_util.utcnow() + _AGAIN)

    def _save(self) -> None:
        self._store.async_delay_save(self._data, _SAVE)

    def _data(self) -> dict[str, Any]:
        return {"ends": [{"entry": key[0], "line": key[1], "end": end.isoformat()} for key, end in self._ends.items()]}


async def _ended(line: Line | None) -> bool:
    """Switch do not disturb of a line off; whether it is off then."""
    if line is None or not line.synced:
        return False
    try:
        if line.do_not_disturb is not False:
            await line.set_do_not_disturb(False)
    except PbxError:
        return False
    return True


_QUIET: HassKey[QuietTimes] = HassKey(f"{DOMAIN}_quiet_times")


async def quiet_times(hass: HomeAssistant) -> QuietTimes:
    """Return them, loaded when they are asked for first."""
    if (found := hass.data.get(_QUIET)) is None:
        found = hass.data[_QUIET] = QuietTimes(hass)
        await found.load()
    return found
