"""What can be said to the telephones, by voice and by language models: which line is meant, and what is asked first.

Which line: the one that was named; else the only one in the area of the device that was spoken to; else the one of
the options; else the only one there is; else it is asked for.

A number that neither the PBX nor a phone book knows is dialled only after a confirmation, which comes from the same
device or user, in a later message, within a minute.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.hass_dict import HassKey

from .aiopbx import Feature, Line
from .calls import label_of
from .const import CONF_AUTO_ANSWER, CONF_VOICE_LINE, DOMAIN
from .coordinator import PbxConfigEntry, PbxCoordinator
from .people import Person, find_people, words_of
from .spoken import spoken_number

CONFIRM_SECONDS: Final = 60.0
_MOST_NAMED: Final = 5
"""People or lines that are read out, at most."""


class Answer(Exception):
    """What is said instead: why it cannot be done, or what has to be said first."""

    def __init__(self, key: str, *, asks: bool = False, **words: Any) -> None:
        """Name the text, and give its words; ``asks`` where an answer is waited for."""
        super().__init__(key)
        self.key = key
        self.asks = asks
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who speaks: the device and user whose message it is."""

    context_id: str
    user_id: str | None = None
    device_id: str | None = None
    satellite_id: str | None = None
    language: str = "en"

    @property
    def key(self) -> str:
        """Whose confirmation counts."""
        return self.satellite_id or self.device_id or self.user_id or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A call that waits for a confirmation."""

    entry_id: str
    line: str
    person: Person
    context_id: str
    until: float


class Confirmations:
    """The calls that wait for a confirmation, one for each speaker."""

    def __init__(self, hass: HomeAssistant) -> None:
        """None waits."""
        self._hass = hass
        self._pending: dict[str, Pending] = {}
        self._end: CALLBACK_TYPE | None = None
        self.on_change: Callable[[], None] | None = None
        """Called when the first begins to wait, and when the last no longer does."""

    def __bool__(self) -> bool:
        """Whether any waits."""
        return bool(self._pending)

    @callback
    def ask(self, speaker: Speaker, entry_id: str, line: str, person: Person) -> None:
        """Let a call wait for the confirmation of this speaker; what waited before is forgotten."""
        self._pending[speaker.key] = Pending(
            entry_id=entry_id, line=line, person=person, context_id=speaker.context_id,
            until=time.monotonic() + CONFIRM_SECONDS,
        )  # fmt: skip
        if self._end is not None:
            self._end()
        self._end = async_call_later(self._hass, CONFIRM_SECONDS, self._expire)
        self._changed()

    @callback
    def take(self, speaker: Speaker) -> Pending | None:
        """Return what this speaker confirms, once; None where nothing waits, or it was asked in the same message."""
        pending = self._pending.get(speaker.key)
        if pending is None or pending.context_id == speaker.context_id:
            # A language model that asks and answers itself has confirmed nothing.
            return None
        del self._pending[speaker.key]
        self._changed()
        return pending if pending.until >= time.monotonic() else None

    @callback
    def _expire(self, now: Any) -> None:
        self._end = None
        self._pending.clear()
        self._changed()

    @callback
    def forget(self) -> None:
        """Forget all, and wait for nothing."""
        if self._end is not None:
            self._end()
        self._expire(None)

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


_CONFIRMATIONS: HassKey[Confirmations] = HassKey(f"{DOMAIN}_confirmations")


@callback
def confirmations(hass: HomeAssistant) -> Confirmations:
    """Return the calls that wait for a confirmation."""
    if (found := hass.data.get(_CONFIRMATIONS)) is None:
        found = hass.data[_CONFIRMATIONS] = Confirmations(hass)
    return found


async def texts(hass: HomeAssistant, language: str) -> dict[str, str]:
    """Return what is said, in a language, else in English."""
    # The translations are by language alone; for one that has none, Home Assistant gives the English ones.
    words = await async_get_translations(hass, language.lower().partition("-")[0], "common", [DOMAIN])
    prefix = f"component.{DOMAIN}.common."
    return {key.removeprefix(prefix): text for key, text in words.items()}


async def said(hass: HomeAssistant, language: str, key: str, **words: Any) -> str:
    """Return a sentence in a language."""
    return (await texts(hass, language))[key].format(**words)


# ------------------------------------------------------------------------------------------------------ which line


def coordinators(hass: HomeAssistant, option: str) -> list[PbxCoordinator]:
    """Return the PBXs whose options allow something."""
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    default = option == "voice"
    return [entry.runtime_data for entry in entries if entry.options.get(option, default)]


type Found = tuple[PbxCoordinator, Line]


def choose_line(hass: HomeAssistant, there: list[PbxCoordinator], speaker: Speaker, named: str | None = None) -> Found:
    """Return the line that is meant. Raises ``Answer`` where that is not clear, which says how to make it so."""
    if not there:
        raise Answer("voice_no_pbx")
    every = [(one, line) for one in there for line in one.pbx.lines.values()]
    if named:
        found = _named(every, named)
        if not found:
            raise Answer("voice_no_line", name=named[:60])
        return _only(found)
    if found := _in_area(hass, there, speaker):
        return _only(found)
    if found := [pair for one in there for pair in _default(hass, one)]:
        return _only(found)
    if len(every) == 1:
        return every[0]
    raise Answer("voice_which_line")


def _only(found: list[Found]) -> Found:
    if len(found) == 1:
        return found[0]
    raise Answer("voice_several_lines", names=", ".join(label_of(line.snapshot) for _, line in found[:_MOST_NAMED]))


def _named(every: list[Found], named: str) -> list[Found]:
    digits = spoken_number(named)
    if digits is not None and (found := [pair for pair in every if pair[1].number == digits]):
        return found
    wanted = words_of(named)
    exact = [pair for pair in every if words_of(pair[1].name) == wanted or pair[1].id == named]
    return exact or [pair for pair in every if wanted and wanted < words_of(pair[1].name)]


def _in_area(hass: HomeAssistant, there: list[PbxCoordinator], speaker: Speaker) -> list[Found]:
    """Return the lines whose device is in the area of the one that was spoken to."""
    devices = dr.async_get(hass)
    area: str | None = None
    device_id = speaker.device_id
    if speaker.satellite_id is not None and (entity := er.async_get(hass).async_get(speaker.satellite_id)) is not None:
        area, device_id = entity.area_id, entity.device_id
    if area is None and device_id is not None and (device := devices.async_get(device_id)) is not None:
        area = dr.async_get_effective_area_id(hass, device)
    if area is None or ar.async_get(hass).async_get_area(area) is None:
        return []
    here = {identifier for one in dr.async_entries_for_area(devices, area) for identifier in one.identifiers}
    return [
        (one, line)
        for one in there
        for line in (one.pbx.lines.values() if here else ())
        if one.identifier(line.id) in here
    ]


def _default(hass: HomeAssistant, coordinator: PbxCoordinator) -> list[Found]:
    """Return the line of the options."""
    chosen = coordinator.config_entry.options.get(CONF_VOICE_LINE)
    device = dr.async_get(hass).async_get(chosen) if chosen else None
    if device is None:
        return []
    lines = coordinator.pbx.lines.values()
    return [(coordinator, line) for line in lines if coordinator.identifier(line.id) in device.identifiers]


def require(found: Found, *features: Feature) -> Line:
    """Return the line. Raises ``Answer`` where it has none of these features."""
    coordinator, line = found
    if not coordinator.last_update_success:
        raise Answer("voice_offline", name=coordinator.config_entry.title)
    if not line.features.intersection(features):
        raise Answer("voice_cannot", name=label_of(line.snapshot))
    return line


# ---------------------------------------------------------------------------------------------------------- calling


async def call(hass: HomeAssistant, found: Found, speaker: Speaker, wanted: str) -> Person:
    """Call somebody from a line. Raises ``Answer`` where it is not clear whom, or a confirmation is needed."""
    coordinator, line = found
    require(found, Feature.DIAL)
    people = await find_people(hass, coordinator, line, wanted)
    own = [one for one in people if one.number == line.number]
    people = [one for one in people if one not in own] or people
    if not people:
        raise Answer("voice_nobody", name=wanted[:60])
    if len(people) > 1:
        names = ", ".join(one.label for one in people[:_MOST_NAMED])
        raise Answer("voice_several_people", names=names)
    (person,) = people
    if not person.known:
        confirmations(hass).ask(speaker, coordinator.config_entry.entry_id, line.id, person)
        raise Answer("voice_confirm", asks=True, number=person.shown, line=label_of(line.snapshot))
    await dial(coordinator, line, person)
    return person


async def confirm(hass: HomeAssistant, speaker: Speaker) -> Person:
    """Make the call that waited for this. Raises ``Answer`` where none waits."""
    pending = confirmations(hass).take(speaker)
    if pending is None:
        raise Answer("voice_nothing_to_confirm")
    entries: list[PbxConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    coordinator = next((one.runtime_data for one in entries if one.entry_id == pending.entry_id), None)
    line = coordinator.pbx.lines.get(pending.line) if coordinator is not None else None
    if coordinator is None or line is None:
        raise Answer("voice_no_pbx")
    require((coordinator, line), Feature.DIAL)
    await dial(coordinator, line, pending.person)
    return pending.person


async def dial(coordinator: PbxCoordinator, line: Line, person: Person) -> None:
    """Dial, with the options of the entry. What comes of it, the events show: nobody waits for it here."""
    await line.dial(person.number, auto_answer=coordinator.config_entry.options.get(CONF_AUTO_ANSWER, True), timeout=0)
