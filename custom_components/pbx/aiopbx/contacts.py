"""Names for numbers: from phone books, from the system's directory, and from what the system has said before.

Numbers are compared by their normal form, so a phone book may write them in any way. A party that the system names
keeps that name; one that it does not is given the name from here before anyone sees the call.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from .events import CallChanged, CallEvent, Event, LineAdded, LineChanged
from .model import CallSnapshot, LineSnapshot, Party
from .numbers import Numbers
from .phone_books import read_phone_book
from .records import CallRecord

MOST_LEARNED: Final = 10_000
"""Names that are remembered from directory and log, at most."""


class ContactSource(StrEnum):
    """Where a name comes from; the first of these that has one is taken."""

    PHONE_BOOK = "phone_book"
    DIRECTORY = "directory"
    LOG = "log"


class Contacts:
    """Names by number. Reading is safe from any thread; a live view of what is known so far."""

    def __init__(self, numbers: Numbers, *, learns: bool = False) -> None:
        """Compare by these numbers; ``learns`` says whether names in calls and logs are remembered."""
        self._numbers = numbers
        self._learns = learns
        self._books: dict[str, str] = {}
        self._learned: OrderedDict[str, tuple[str, ContactSource]] = OrderedDict()
        self.on_unknown: Callable[[str], None] | None = None
        """Called with a number of a call that has no name, so that it can be looked up."""
        self._asked: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """Count the numbers that have a name."""
        return len(self._books.keys() | self._learned.keys())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Give the numbers, in normal form, and their names."""
        yield from {**{key: name for key, (name, _) in list(self._learned.items())}, **self._books}.items()

    def __bool__(self) -> bool:
        """Whether there is anything that calls can be named by: else they are not looked at."""
        return self._learns or self.on_unknown is not None or bool(self._books) or bool(self._learned)

    def name_of(self, number: str | None) -> str | None:
        """The name of whom this number belongs to, however it is written; None where nothing knows it."""
        found = self.find(number)
        return found[0] if found is not None else None

    def find(self, number: str | None) -> tuple[str, ContactSource] | None:
        """The name, and where it comes from."""
        if not number:
            return None
        key = self._numbers.key(number)
        name = self._books.get(key)
        if name is not None:
            return name, ContactSource.PHONE_BOOK
        return self._learned.get(key)

    # ----------------------------------------------------------------------------------------------------- gathering

    def add(self, number: str, name: str) -> None:
        """Name a number, as a phone book does. Raises ``InvalidInput`` for what is no number."""
        self._books[self._numbers.read(number).key] = name

    def load(self, *paths: Path) -> int:
        """Read phone books, vCards or CSV, and return how many numbers they name. Raises ``InvalidInput``. Blocks."""
        found: dict[str, str] = {}
        for path in paths:
            for entry in read_phone_book(Path(path)):
                key = self._numbers.key(entry.number)
                found.setdefault(key, entry.name)
        self._books = {**self._books, **found}  # at once: other threads may be reading
        return len(found)

    def learn(self, number: str | None, name: str | None, source: ContactSource = ContactSource.LOG) -> None:
        """Remember a name that the system has said."""
        if not number or not name or not _is_name(name, number):
            return
        if source is ContactSource.LOG and not self._learns:
            return
        key = self._numbers.key(number)
        former = self._learned.get(key)
        if former is not None and former[1] is ContactSource.DIRECTORY and source is ContactSource.LOG:
            return
        self._learned[key] = (name, source)
        if len(self._learned) > MOST_LEARNED:
            self._learned.popitem(last=False)

    def learn_from(self, parties: Iterable[Party]) -> None:
        """Remember the names of parties."""
        for party in parties:
            if not party.anonymous:
                self.learn(party.number, party.name)

    # -------------------------------------------------------------------------------------------------------- naming

    def named(self, party: Party) -> Party:
        """The party with its name: itself where it has one, or nothing knows it."""
        number = party.number
        if not number or party.anonymous:
            return party
        if party.name and _is_name(party.name, number):
            self.learn(number, party.name)
            return party
        name = self.name_of(number)
        if name is not None:
            return replace(party, name=name)
        self._unknown(number)
        return party

    def named_call(self, call: CallSnapshot) -> CallSnapshot:
        """The call with names for its parties: itself where nothing is added."""
        parties = tuple(self.named(party) for party in call.parties)
        if all(new is old for new, old in zip(parties, call.parties, strict=True)):
            return call
        return replace(call, parties=parties)

    def named_record(self, record: CallRecord) -> CallRecord:
        """A record of the log with names for its parties."""
        self.learn_from(record.parties)
        parties = tuple(self.named(party) for party in record.parties)
        if all(new is old for new, old in zip(parties, record.parties, strict=True)):
            return record
        return replace(record, parties=parties)

    def applied(self, line: LineSnapshot, events: tuple[Event, ...]) -> tuple[LineSnapshot, tuple[Event, ...]]:
        """A line and the events that led to it, with names; an event that changes nothing but those is left out."""
        made: dict[int, CallSnapshot] = {}

        def call_of(call: CallSnapshot) -> CallSnapshot:
            found = made.get(id(call))
            if found is None:
                found = made[id(call)] = self.named_call(call)
            return found

        calls = tuple(call_of(call) for call in line.calls)
        after = line
        if any(new is not old for new, old in zip(calls, line.calls, strict=True)):
            after = replace(line, calls=calls)
        kept: list[Event] = []
        for event in events:
            if isinstance(event, CallEvent):
                call = call_of(event.call)
                if isinstance(event, CallChanged) and call == event.previous:
                    continue
                kept.append(event if call is event.call else replace(event, call=call))
            elif isinstance(event, LineAdded | LineChanged) and event.snapshot is line and after is not line:
                kept.append(replace(event, snapshot=after))
            else:
                kept.append(event)
        return after, tuple(kept)

    def _unknown(self, number: str) -> None:
        if self.on_unknown is None or number in self._asked:
            return
        self._asked[number] = None
        if len(self._asked) > MOST_LEARNED:
            self._asked.popitem(last=False)
        self.on_unknown(number)


def _is_name(name: str, number: str) -> bool:
    """Whether this is more than the number written once more."""
    return name != number and any(letter.isalpha() for letter in name)
