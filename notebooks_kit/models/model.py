"""What models share: they notify their view, follow a line, and filter and sort their rows."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

from aiopbx import Event, Feature, Line, LineEvent, LineSnapshot, StatusChanged

from ..slips import chosen


class HasSnapshot(Protocol):
    """A line, as far as models of many lines need it."""

    @property
    def snapshot(self) -> LineSnapshot:
        """The state of the line now."""


class Model:
    """State that a view mirrors. It calls ``on_change`` at every change."""

    on_change: Callable[[], None] | None = None
    """Called when there is something to draw."""

    def handle(self, event: Event) -> None:
        """Process one event of the client. Some models need no events."""

    def _notify(self) -> None:
        if self.on_change is not None:
            self.on_change()


class BatchedModel(Model):
    """A model that calls ``on_change`` for the first change only, until ``take()``.

    A thousand events between two drawings thus cost one call.
    """

    _notified: bool = False

    def _notify(self) -> None:
        if not self._notified:
            self._notified = True
            super()._notify()

    def take(self) -> object:
        """Return what is to be drawn, if the model keeps track of that; later changes call ``on_change`` again."""
        # reset before anything is read, so that a change during the drawing is not lost
        self._notified = False
        return None


class LineModel(BatchedModel):
    """A model of one line. For use in the client's loop."""

    def __init__(self, line: Line) -> None:
        """Follow ``line``."""
        self.line = line
        self.status = line.pbx.status
        """Whether the client is connected; while it is not, what the model shows may be outdated."""

    def _concerns(self, event: Event) -> bool:
        """Note the status; return whether the event is about the connection or about this line."""
        if isinstance(event, StatusChanged):
            self.status = event.status
            return True
        return isinstance(event, LineEvent) and event.line == self.line.id

    def _unavailable(self, feature: Feature, name: str) -> str:
        """A sentence that says that the line has no ``name``, and which licence it would take."""
        licence = self.line.missing.get(feature)
        return f"This line has no {name}." + (f" It needs {licence}." if licence else "")


class ReadModel(LineModel):
    """A model of something that is read from the system by request, and goes stale."""

    on_stale: Callable[[], None] | None = None
    """Called when ``refresh()`` should be called."""

    async def refresh(self) -> None:
        """Read it again. Raises ``PbxError``."""
        raise NotImplementedError

    def _notify_stale(self) -> None:
        if self.on_stale is not None:
            self.on_stale()


class WordFilter:
    """Words that a text must contain: all of them, in any order, upper and lower case alike."""

    __slots__ = ("_words", "text")

    def __init__(self, text: str = "") -> None:
        """Look for the words in ``text``; without any, every text matches."""
        self.text: Final = text
        self._words: Final = tuple(text.casefold().split())

    def __bool__(self) -> bool:
        """Whether there are any words."""
        return bool(self._words)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, case-folded."""
        return self._words

    def matches(self, text: str) -> bool:
        """Whether the text contains every word."""
        if not self._words:
            return True
        folded = text.casefold()
        return all(word in folded for word in self._words)


class Filtered(BatchedModel):
    """A model whose rows can be filtered by words."""

    _filter: WordFilter = WordFilter()

    @property
    def filter(self) -> str:
        """Words that a row must contain, all of them."""
        return self._filter.text

    @filter.setter
    def filter(self, text: str) -> None:
        self._filter = WordFilter(text)
        self._rearrange()

    def _rearrange(self) -> None:
        """Other rows, or another order of them, are to be shown."""
        self._notify()


Key = TypeVar("Key", bound=StrEnum)


class Sorted(Filtered, Generic[Key]):
    """A model whose rows can be filtered by words, and sorted by one of several keys."""

    _sort: Key
    _descending: bool = False

    @property
    def sort(self) -> Key:
        """What the rows are sorted by."""
        return self._sort

    @sort.setter
    def sort(self, sort: Key | str) -> None:
        self._sort = chosen(type(self._sort), sort, "sort")
        self._rearrange()

    @property
    def descending(self) -> bool:
        """Whether the order is reversed: newest, longest or last first."""
        return self._descending

    @descending.setter
    def descending(self, descending: bool) -> None:
        self._descending = descending
        self._rearrange()
