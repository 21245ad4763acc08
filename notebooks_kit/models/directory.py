"""Searching the telephone book while the user types: the newest search replaces the one before."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiopbx import Contact, Feature, Line, Pbx, PbxError

from ..dataframes import CONTACTS, contact_row, table
from .model import BatchedModel

if TYPE_CHECKING:
    import pandas

PAUSE: Final = 0.25
"""Seconds without another character before a search starts."""
LIMIT: Final = 25
"""How many contacts are asked for."""
LEAST: Final = 2
"""How many characters a search needs."""


class DirectoryModel(BatchedModel):
    """The contacts that match what was typed.

    ``type(text)`` starts a search after a short pause, and cancels the one before. Contacts are shown as they come in.
    For use in the client's loop.
    """

    def __init__(
        self,
        pbx: Pbx,
        line: Line | None = None,
        *,
        pause: float = PAUSE,
        limit: int = LIMIT,
        least: int = LEAST,
    ) -> None:
        """Search as ``line`` (``None``: any that may); ``limit`` contacts at most, from ``least`` characters on."""
        self.pbx = pbx
        self.line = line
        self.pause = pause
        self.limit = limit
        self.least = least
        self.searching = False
        """Whether a search is running, or about to start."""
        self.problem: Exception | None = None
        """Why the last search failed."""
        self._text = ""
        self._found: list[Contact] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """Whether there is a directory that may be searched."""
        if self.line is not None:
            return Feature.DIRECTORY in self.line.features
        return any(Feature.DIRECTORY in line.features for line in self.pbx.lines.values())

    @property
    def text(self) -> str:
        """What was typed."""
        return self._text

    @property
    def found(self) -> tuple[Contact, ...]:
        """The contacts, in the system's order."""
        return tuple(self._found)

    @property
    def words(self) -> str:
        """The state in words."""
        if not self.available:
            return "There is no directory that may be searched."
        if self.problem is not None:
            known = isinstance(self.problem, PbxError)
            return str(self.problem) if known else f"{type(self.problem).__name__}: {self.problem}"
        if len(self._text) < self.least:
            return f"Type at least {self.least} letters of a name, or digits of a number."
        count = len(self._found)
        if self.searching:
            return f"Searching … {count} found" if count else "Searching …"
        if count >= self.limit:
            return f"The first {count} are shown. Type more to find fewer."
        return {0: "No one was found.", 1: "1 found"}.get(count, f"{count} found")

    def type(self, text: str) -> None:
        """Search for this, the beginning of a name or number, once nothing else is typed for a moment."""
        text = " ".join(text.split())
        if text == self._text and self.problem is None:
            return
        self._give_up()
        self._text = text
        self.problem = None
        if len(text) < self.least or not self.available:
            self._found.clear()
        else:
            self.searching = True
            self._task = asyncio.get_running_loop().create_task(self._search(text), name="notebooks-directory")
        self._notify()

    async def finished(self) -> None:
        """Wait until the last search has ended or was cancelled."""
        while self._task is not None and not self._task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({self._task})

    def take(self) -> tuple[Contact, ...]:
        """Return the contacts found so far; later changes call ``on_change`` again."""
        super().take()
        return self.found

    def close(self) -> None:
        """Cancel the search."""
        self._give_up()

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the contacts as a pandas DataFrame. Needs pandas."""
        return table(CONTACTS, map(contact_row, self._found))

    async def _search(self, text: str) -> None:
        try:
            await asyncio.sleep(self.pause)
            fresh = True
            asked, words = _asked(text)
            async for contact in self.pbx.directory(asked, limit=self.limit, line=self.line):
                if not _fits(contact, words):
                    continue
                if fresh:  # the former ones stay until there is something to show instead
                    self._found.clear()
                    fresh = False
                self._found.append(contact)
                self._notify()
            if fresh:
                self._found.clear()
        except Exception as error:
            self._found.clear()
            self.problem = error
        finally:
            if self._task is asyncio.current_task():
                self.searching = False
                self._notify()

    def _give_up(self) -> None:
        task, self._task = self._task, None
        self.searching = False
        if task is not None:
            task.cancel()


def _asked(text: str) -> tuple[str, list[str]]:
    """The longest word, because a system searches for the beginning of one name or number; and all words."""
    words = text.split()
    if not any(letter.isalpha() for letter in text):
        return "".join(words), []
    return max(words, key=len), [word.casefold() for word in words] if len(words) > 1 else []


def _fits(contact: Contact, words: list[str]) -> bool:
    """Whether each of the words is the beginning of one of the names, or of the number."""
    parts = [*contact.name.casefold().split(), contact.number or ""]
    return all(any(part.startswith(word) for part in parts) for word in words)
