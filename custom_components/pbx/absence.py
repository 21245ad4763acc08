"""What is remembered of a PBX over losses, reloads and restarts, so that what came meanwhile is reported once."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN

_VERSION: Final = 1
# Seconds until what changed is written down.
_DELAY: Final = 10.0
# How many ended calls of a line are remembered: more than are missed while the clocks of two machines differ.
_CALLS: Final = 50
# How long before its loss a connection may have been dead already, and how much the clock of the PBX may differ.
MARGIN: Final = timedelta(minutes=15)
# What is older than this is no news any more.
OLDEST: Final = timedelta(hours=24)


class _StoredLine(TypedDict):
    voicemails: int | None
    texts: int | None
    calls: list[str]


class _Stored(TypedDict):
    since: str
    lines: dict[str, _StoredLine]


@dataclass(slots=True)
class SeenLine:
    """What was seen of a line."""

    voicemails: int | None = None
    texts: int | None = None
    calls: deque[str] = field(default_factory=lambda: deque(maxlen=_CALLS))
    """References of calls whose end was reported: no name, no number."""


class Seen:
    """What was seen of the lines of an entry, and until when it was looked at. It is kept in a file of its own."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Remember nothing yet."""
        self._store: Store[_Stored] = Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.seen", private=True)
        self._connected = False
        self.lines: defaultdict[str, SeenLine] = defaultdict(SeenLine)
        self.since: datetime | None = None
        """Until when it was looked at before the absence; None on the first connection ever."""

    async def async_load(self) -> None:
        """Read what was written down before a restart."""
        if (stored := await self._store.async_load()) is None:
            return
        self.since = dt_util.parse_datetime(stored["since"])
        for line, one in stored["lines"].items():
            self.lines[line] = SeenLine(
                voicemails=one["voicemails"], texts=one["texts"], calls=deque(one["calls"], maxlen=_CALLS)
            )

    async def async_save(self) -> None:
        """Write it down now."""
        self._look()
        await self._store.async_save(self._data())

    async def async_remove(self) -> None:
        """Remove the file: the entry is gone."""
        await self._store.async_remove()

    @callback
    def async_changed(self) -> None:
        """Write it down soon."""
        self._store.async_delay_save(self._data, _DELAY)

    @callback
    def async_connected(self, connected: bool) -> datetime | None:
        """Note that the PBX is looked at from now on, or no longer; return from when on it was not."""
        if connected is self._connected:
            return None
        self._look()
        self._connected = connected
        self.async_changed()
        since = self.since if connected else None
        self._look()
        return None if since is None else max(since - MARGIN, dt_util.utcnow() - OLDEST)

    @callback
    def async_unread(self, since: datetime) -> None:
        """Note that the logs from this moment on are still to be read."""
        self.since = min(since + MARGIN, self.since or since + MARGIN)

    @callback
    def async_ended(self, line: str, *refs: str) -> None:
        """Note that the end of a call was reported."""
        calls = self.lines[line].calls
        calls.extend(ref for ref in refs if ref not in calls)
        self.async_changed()

    def has_ended(self, line: str, ref: str | None) -> bool:
        """Whether the end of a call was reported already."""
        return ref is not None and line in self.lines and ref in self.lines[line].calls

    @callback
    def async_forget(self, line: str) -> None:
        """Forget a line that is gone."""
        if self.lines.pop(line, None) is not None:
            self.async_changed()

    def _look(self) -> None:
        if self._connected:
            self.since = dt_util.utcnow()

    def _data(self) -> Any:
        self._look()
        return _Stored(
            since=(self.since or dt_util.utcnow()).isoformat(),
            lines={
                line: _StoredLine(voicemails=one.voicemails, texts=one.texts, calls=list(one.calls))
                for line, one in self.lines.items()
            },
        )
