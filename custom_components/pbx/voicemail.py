"""Voicemails: their list, and their sound, fetched once and held in memory for the minutes that it is listened to.

Nothing is written to disk. On O2G a message counts as read as soon as its sound is fetched, and there is no other way
to it; where the PBX has marks of its own, playing sets them only if the option says so.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .aiopbx import Feature, Line, PbxError, VoicemailMessage
from .const import CONF_MARK_READ, DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .errors import pbx_errors
from .voicemail_sound import MOST_BYTES, PlayableSound, make_playable

_LOGGER = logging.getLogger(__name__)

FETCH_SECONDS: Final = 60.0
"""Seconds that fetching a message may take."""
HELD_SECONDS: Final = 600.0
"""Seconds that a sound is held after it was asked for last."""
HELD_BYTES: Final = 96 * 1024 * 1024
"""Bytes that are held in all."""
AT_A_TIME: Final = 2
"""Messages that are fetched and made playable at a time."""

# What is asked for, where there is a choice: what plays as it is before what does not.
_PREFERRED: Final = ("wav", "mp3", "mp4", "aac", "ogg", "au")


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Which message."""

    entry: str
    line: str
    mailbox: str
    message: str


@dataclass(slots=True)
class HeldSound:
    """A sound that is held, and what is known of it."""

    sound: PlayableSound
    message: VoicemailMessage
    asked: float
    marked: bool = False


def failure(key: str, **placeholders: str) -> HomeAssistantError:
    """Return an error about voicemails."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders)


def loaded_entry(hass: HomeAssistant, entry_id: str) -> PbxCoordinator:
    """Return the coordinator of an entry. Raises for one that is gone or not connected yet."""
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        if entry.entry_id == entry_id:
            return entry.runtime_data
    raise failure("voicemail_no_pbx")


def line_with_mailbox(coordinator: PbxCoordinator, line: str) -> Line:
    """Return a line. Raises for one that is gone or has no mailbox."""
    found = coordinator.pbx.lines.get(line)
    if found is None or Feature.MAILBOX not in found.features:
        raise failure("voicemail_no_mailbox")
    return found


async def find_message(hass: HomeAssistant, key: MessageKey) -> VoicemailMessage:
    """Return a message. Raises where it was deleted."""
    line = line_with_mailbox(loaded_entry(hass, key.entry), key.line)
    with pbx_errors():
        async for message in line.voicemails(mailbox=key.mailbox):
            if message.id == key.message:
                return message
    raise failure("voicemail_gone")


class SoundShelf:
    """The sounds that are being listened to."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Hold none."""
        self._hass = hass
        self._held: OrderedDict[MessageKey, HeldSound] = OrderedDict()
        self._fetching: dict[MessageKey, asyncio.Task[HeldSound]] = {}
        self._turn = asyncio.Semaphore(AT_A_TIME)

    async def get(self, key: MessageKey) -> HeldSound:
        """Return a sound, fetched now unless it is held. Raises ``HomeAssistantError`` that says why there is none."""
        loaded_entry(self._hass, key.entry)  # what was fetched from an entry that is gone is not played
        self._tidy()
        if (held := self._held.get(key)) is not None:
            held.asked = time.monotonic()
            self._held.move_to_end(key)
            return held
        if (task := self._fetching.get(key)) is None:
            task = self._hass.async_create_background_task(self._fetch(key), f"{DOMAIN} voicemail")
            self._fetching[key] = task
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        # Whoever asked first may go away, such as a player that looks and comes back: the others still want it.
        return await asyncio.shield(task)

    @callback
    def mark_played(self, key: MessageKey, held: HeldSound) -> None:
        """Mark a message read, in the background, where that is wished for and possible. Once."""
        coordinator = loaded_entry(self._hass, key.entry)
        if held.marked or not held.message.mailbox.can_mark or held.message.unread is False:
            return
        if not coordinator.config_entry.options.get(CONF_MARK_READ, True):
            return
        held.marked = True
        coordinator.config_entry.async_create_background_task(
            self._hass, self._mark(held.message), f"{DOMAIN} voicemail was read"
        )

    async def _mark(self, message: VoicemailMessage) -> None:
        try:
            await message.set_read()
        except PbxError as err:
            _LOGGER.warning("A voicemail was played, and cannot be marked as read: %s", err)

    async def _fetch(self, key: MessageKey) -> HeldSound:
        async with self._turn:
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    message = await find_message(self._hass, key)
                    data = await _read(message)
            except TimeoutError as err:
                raise failure("voicemail_too_slow", seconds=str(round(FETCH_SECONDS))) from err
            sound = await self._hass.async_add_executor_job(make_playable, data)
        held = HeldSound(sound=sound, message=message, asked=time.monotonic())
        self._held[key] = held
        self._tidy()
        return held

    def _tidy(self) -> None:
        """Let go of what nobody has asked for lately, and of the oldest while there is too much; the newest stays."""
        now = time.monotonic()
        for key, held in list(self._held.items()):
            if now - held.asked > HELD_SECONDS:
                del self._held[key]
        while len(self._held) > 1 and sum(len(held.sound.data) for held in self._held.values()) > HELD_BYTES:
            self._held.popitem(last=False)


async def _read(message: VoicemailMessage) -> bytes:
    """Return the bytes of a message, in the format that is played most widely."""
    formats = message.mailbox.formats
    wanted = next((one for one in _PREFERRED if one in formats), None)
    data = bytearray()
    with pbx_errors():
        chunks: AsyncIterator[bytes] = message.stream(wanted)
        async for chunk in chunks:
            data += chunk
            if len(data) > MOST_BYTES:
                raise failure("voicemail_too_large", megabytes=str(MOST_BYTES // 1024 // 1024))
    return bytes(data)


_SHELF: HassKey[SoundShelf] = HassKey(f"{DOMAIN}_voicemail_sounds")


@callback
def sound_shelf(hass: HomeAssistant) -> SoundShelf:
    """Return the shelf, made when the first voicemail is played."""
    if (shelf := hass.data.get(_SHELF)) is None:
        shelf = hass.data[_SHELF] = SoundShelf(hass)
    return shelf
