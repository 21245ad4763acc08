"""Whom a name means: the lines of a PBX, its contacts and its directory, compared as names are spoken.

Names are compared as sets of words without accents, capitals and signs, so that "Last, First", "First Last", "St. Mary"
and "Smith & Sons" are found as they are said. hassil would need a list of them all, and would never find some.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from homeassistant.core import HomeAssistant

from .aiopbx import Feature, Line, NumberKind, PbxError
from .coordinator import PbxCoordinator
from .spoken import folded, spoken_number

SEARCH_SECONDS: Final = 4.0
"""Seconds that the directory of the PBX may take: someone is waiting for an answer."""
MOST_FOUND: Final = 20
"""People who are looked at further, at most."""
_CONNECTING: Final = {"and", "und", "et"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, or some telephone, that can be called."""

    number: str
    """As it is dialled."""
    shown: str
    """As it is shown or spoken."""
    name: str = ""
    known: bool = True
    """Whether the PBX, its directory or a phone book has the number: else it is dialled only after a confirmation."""
    emergency: bool = False

    @property
    def label(self) -> str:
        """Name and number, or the number."""
        return f"{self.name} ({self.shown})" if self.name else self.shown


@lru_cache(maxsize=65_536)
def words_of(name: str) -> frozenset[str]:
    """Return the words of a name, as they are compared."""
    return frozenset(re.findall(r"[^\W_]+", folded(name).replace("'", "").replace("\u2019", ""))) - _CONNECTING


def matching(wanted: str, people: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those whom a spoken name means: of exactly these words, else of these and others. Blocks."""
    said = words_of(wanted)
    if not said:
        return []
    exact: list[tuple[str, str]] = []
    partly: list[tuple[str, str]] = []
    for name, number in people:
        words = words_of(name)
        if words == said:
            exact.append((name, number))
        elif said < words:
            partly.append((name, number))
    return exact or partly


def _people(coordinator: PbxCoordinator) -> list[tuple[str, str]]:
    """Return the names and numbers that are known here: of the lines, then of the contacts."""
    lines = [(line.name, line.number) for line in coordinator.data.values() if line.name and line.number]
    return lines + [(name, number) for number, name in coordinator.pbx.contacts]


async def find_people(hass: HomeAssistant, coordinator: PbxCoordinator, line: Line, said: str) -> list[Person]:
    """Return those whom a name or a number means, to be called from a line; none, one, or those to choose from.

    Raises the client's ``InvalidInput`` for digits that are no number.
    """
    said = said.strip()
    digits = spoken_number(said)
    if digits is not None:
        return [await _by_number(hass, coordinator, line, digits)]
    found = await hass.async_add_executor_job(matching, said, _people(coordinator))
    if not found:
        found = await search_directory(line, said)
    return await hass.async_add_executor_job(_distinct, coordinator, found)


def _distinct(coordinator: PbxCoordinator, found: list[tuple[str, str]]) -> list[Person]:
    """Make people of them, each telephone once. Blocks: reading the first number loads the plans of all countries."""
    numbers = coordinator.pbx.numbers
    people: dict[str, Person] = {}
    for name, number in found[: MOST_FOUND * 2]:
        people.setdefault(numbers.key(number), Person(number=number, shown=numbers.shown(number), name=name))
    return list(people.values())[:MOST_FOUND]


async def _by_number(hass: HomeAssistant, coordinator: PbxCoordinator, line: Line, digits: str) -> Person:
    number = await hass.async_add_executor_job(coordinator.pbx.numbers.read, digits)
    emergency = number.kind is NumberKind.EMERGENCY
    same = {digits, number.wire, number.key}
    for other in coordinator.data.values():
        if other.number in same:
            return Person(number=digits, shown=number.shown, name=other.name, emergency=emergency)
    if (name := await hass.async_add_executor_job(coordinator.pbx.contacts.name_of, digits)) is not None:
        return Person(number=digits, shown=number.shown, name=name, emergency=emergency)
    if number.kind is NumberKind.INTERNAL:
        for found, other_number in await search_directory(line, digits):
            if other_number in same:
                return Person(number=digits, shown=number.shown, name=found)
    return Person(number=digits, shown=number.shown, known=False, emergency=emergency)


async def search_directory(line: Line, said: str) -> list[tuple[str, str]]:
    """Return the names and numbers that the PBX's directory has; none where it has none, or does not answer in time."""
    if Feature.DIRECTORY not in line.features:
        return []
    # The directory finds the beginning of one name: the longest word tells most, the others are tried after it.
    words = sorted({word.strip(".,;:!?") for word in said.split()} - {""}, key=len, reverse=True)
    try:
        async with asyncio.timeout(SEARCH_SECONDS):
            for word in words[:3]:
                contacts = [
                    (contact.name, contact.number)
                    async for contact in line.pbx.directory(word, limit=100, line=line)
                    if contact.number
                ]
                if found := contacts if said.isdigit() else matching(said, contacts):
                    return found
    except PbxError, TimeoutError:
        pass  # somebody is waiting: what is not found in time is not found
    return []
