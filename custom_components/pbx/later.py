"""What nobody waits for: it is done once the rest is, a little at a time."""

import asyncio
from collections.abc import Callable
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

QUIET: Final = 1.0
"""Seconds in which nothing has been put off, before what was put off begins: until then, lines still come."""
REST: Final = 4.0
"""How much longer than each piece of work the pause after it takes: so it has a fifth of a core, and calls go first."""

_LOOK: Final = 0.25
"""Seconds, at most, after which it is looked again whether it is quiet."""


class Later:
    """Work on lines that is put off, for as long as the entry is loaded."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Put nothing off yet."""
        self._hass = hass
        self._entry = entry
        # A dictionary is a queue in which nothing stands twice.
        self._waiting: dict[tuple[Callable[[str], None], str], None] = {}
        self._last = 0.0
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How much is put off."""
        return len(self._waiting)

    @callback
    def put_off(self, work: Callable[[str], None], line: str) -> None:
        """Do this work on a line later, once."""
        self._waiting[work, line] = None
        self._last = self._hass.loop.time()
        if self._task is None or self._task.done():
            # In the background: Home Assistant's start does not wait for it, and unloading the entry ends it.
            self._task = self._entry.async_create_background_task(self._hass, self._work(), "what was put off")

    async def _work(self) -> None:
        loop = self._hass.loop
        while self._waiting:
            if (wait := self._last + QUIET - loop.time()) > 0:
                await asyncio.sleep(min(wait, _LOOK))
                continue
            work, line = one = next(iter(self._waiting))
            del self._waiting[one]
            began = loop.time()
            work(line)
            await asyncio.sleep((loop.time() - began) * REST)
