"""Voicemails in the media browser: PBX, line, mailbox, messages. Looking at the list fetches no sound."""

from typing import Final, override
from urllib.parse import quote, unquote

from homeassistant.components.media_player import BrowseError, MediaClass, SearchMedia, SearchMediaQuery
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .aiopbx import Feature, Line, LineSnapshot, MailboxSnapshot, VoicemailMessage
from .calls import label_of
from .const import DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .errors import pbx_errors
from .voicemail import MessageKey, failure, line_with_mailbox, loaded_entry, sound_shelf
from .voicemail_view import VoicemailView, path_of

MOST_LISTED: Final = 500
"""Lines and messages in one list; the search finds the others."""
_LONGEST: Final = 60
"""Characters of a name, which is text from strangers."""


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return the voicemails. Home Assistant asks when media are browsed first."""
    hass.http.register_view(VoicemailView())
    return VoicemailSource(hass)


class VoicemailSource(MediaSource):
    """The voicemails of all PBXs."""

    name = "Voicemails"

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is read yet."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Fetch a message, so that its type is that of its bytes, and return where it is played from."""
        parts = _parts(item.identifier)
        if len(parts) != 4:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="voicemail_gone")
        key = MessageKey(*parts)
        try:
            held = await sound_shelf(self.hass).get(key)
        except HomeAssistantError as err:
            raise _as(Unresolvable, err) from err
        return PlayMedia(path_of(key), held.sound.media_type)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """List what there is: PBXs, lines with a mailbox, mailboxes, messages. A level with one thing is left out."""
        parts = _parts(item.identifier)
        try:
            return await self._browse(parts)
        except HomeAssistantError as err:
            raise _as(BrowseError, err) from err

    @override
    async def async_search_media(self, item: MediaSourceItem, query: SearchMediaQuery) -> SearchMedia:
        """Find lines with a mailbox by name or number."""
        parts = _parts(item.identifier)
        coordinators = [one for one in _coordinators(self.hass) if not parts or one.config_entry.entry_id == parts[0]]
        wanted = query.search_query.casefold().strip()
        words = await self._words()
        found = [
            self._line(coordinator, line, words)
            for coordinator in coordinators
            for line in _lines(coordinator)
            if wanted in f"{label_of(line)} {line.number}".casefold()
        ]
        return SearchMedia(result=list(found[:MOST_LISTED]))

    async def _browse(self, parts: list[str]) -> BrowseMediaSource:
        words = await self._words()
        if not parts:
            coordinators = _coordinators(self.hass)
            if len(coordinators) != 1:
                children = [self._pbx(one) for one in coordinators]
                return _folder("", words["voicemails"], MediaClass.DIRECTORY, children)
            parts = [coordinators[0].config_entry.entry_id]
        coordinator = loaded_entry(self.hass, parts[0])
        if len(parts) == 1:
            lines = [self._line(coordinator, line, words) for line in _lines(coordinator)]
            return _folder(_joined(parts), coordinator.config_entry.title, MediaClass.DIRECTORY, lines)
        line = line_with_mailbox(coordinator, parts[1])
        with pbx_errors():
            mailboxes = await line.mailboxes()
        if len(parts) == 2 and len(mailboxes) != 1:
            boxes = [self._mailbox(parts, one) for one in mailboxes]
            return _folder(_joined(parts), _clipped(label_of(line.snapshot)), MediaClass.DIRECTORY, boxes)
        if len(parts) > 3:
            raise failure("voicemail_gone")
        return await self._messages(parts, line, mailboxes[0].id if len(parts) == 2 else parts[2], words)

    async def _messages(self, parts: list[str], line: Line, mailbox: str, words: dict[str, str]) -> BrowseMediaSource:
        listed: list[BrowseMediaSource] = []
        left = 0
        with pbx_errors():
            async for message in line.voicemails(mailbox=mailbox):
                if len(listed) >= MOST_LISTED:
                    left = 1
                    break
                listed.append(
                    BrowseMediaSource(
                        domain=DOMAIN,
                        identifier=_joined([parts[0], line.id, mailbox, message.id]),
                        media_class=MediaClass.MUSIC,
                        # Players ask for sounds by this; what a message is exactly, its bytes say when it is played.
                        media_content_type="audio/wav",
                        title=title_of(message, words),
                        can_play=True,
                        can_expand=False,
                    )
                )
        folder = _folder(_joined(parts), _clipped(label_of(line.snapshot)), MediaClass.MUSIC, listed)
        folder.not_shown = left
        return folder

    def _pbx(self, coordinator: PbxCoordinator) -> BrowseMediaSource:
        return _folder(coordinator.config_entry.entry_id, coordinator.config_entry.title, MediaClass.DIRECTORY)

    def _line(self, coordinator: PbxCoordinator, line: LineSnapshot, words: dict[str, str]) -> BrowseMediaSource:
        title, new = _clipped(label_of(line)), line.counters.voicemails
        if new:
            title = words["voicemail_new_of_line"].format(line=title, count=new)
        return _folder(_joined([coordinator.config_entry.entry_id, line.id]), title, MediaClass.MUSIC)

    def _mailbox(self, parts: list[str], mailbox: MailboxSnapshot) -> BrowseMediaSource:
        return _folder(_joined([*parts, mailbox.id]), _clipped(mailbox.name or mailbox.id), MediaClass.MUSIC)

    async def _words(self) -> dict[str, str]:
        """Return the words of this source. Nobody says for whom it is listed: Home Assistant's language is taken."""
        prefix = f"component.{DOMAIN}.common."
        words = await async_get_translations(self.hass, self.hass.config.language, "common", [DOMAIN])
        return {key.removeprefix(prefix): text for key, text in words.items()}


def title_of(message: VoicemailMessage, words: dict[str, str]) -> str:
    """Return who left a message, when, how long it is, and whether it is new or urgent."""
    caller = message.caller
    who = (caller.name or caller.number if caller is not None else None) or words["voicemail_unknown_caller"]
    number = caller.number if caller is not None and caller.name else None
    title = words["voicemail_title"].format(
        caller=_clipped(f"{who} ({number})" if number else who),
        when=dt_util.as_local(message.at).strftime("%Y-%m-%d %H:%M") if message.at is not None else "?",
        length="?" if message.seconds is None else f"{message.seconds // 60}:{message.seconds % 60:02}",
    )
    if message.urgent:
        title = words["voicemail_urgent"].format(title=title)
    return words["voicemail_new"].format(title=title) if message.unread else title


def _coordinators(hass: HomeAssistant) -> list[PbxCoordinator]:
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry.runtime_data for entry in sorted(entries, key=lambda one: one.title.casefold())]


def _lines(coordinator: PbxCoordinator) -> list[LineSnapshot]:
    """Return the lines with a mailbox, those with new messages first."""
    found = [line for line in coordinator.data.values() if Feature.MAILBOX in line.features]
    return sorted(found, key=lambda line: (not line.counters.voicemails, label_of(line).casefold()))


def _folder(
    identifier: str, title: str, media_class: MediaClass, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    folder = BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier or None,
        media_class=MediaClass.DIRECTORY,
        media_content_type="audio",
        title=title,
        can_play=False,
        can_expand=True,
        children_media_class=media_class,
    )
    if children is not None:
        folder.children = list(children[:MOST_LISTED])
        folder.not_shown = len(children) - len(folder.children)
    return folder


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _joined(parts: list[str]) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _parts(identifier: str) -> list[str]:
    return [unquote(part) for part in identifier.split("/")] if identifier else []


def _as[E: HomeAssistantError](kind: type[E], err: HomeAssistantError) -> E:
    """Return the same error as one that the media browser shows."""
    return kind(
        translation_domain=err.translation_domain,
        translation_key=err.translation_key,
        translation_placeholders=err.translation_placeholders,
    )
