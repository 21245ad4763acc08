"""The console as data: which line is chosen, which tabs there are, and which lines there are to choose from."""

from dataclasses import dataclass
from typing import Final

from aiopbx import Event, Feature, Line, LineAdded, LineChanged, LineRemoved, Pbx, PbxError, Status, StatusChanged

from .formatting import by_length, listed, titled
from .model import Model, WordFilter
from .routing import PARTS


@dataclass(frozen=True, slots=True)
class Page:
    """One tab of a console."""

    name: str
    title: str
    of_line: bool = False
    """Whether it shows the chosen line, and is empty without one."""
    features: frozenset[Feature] = frozenset()
    """The tab is there if the system has one of these features; empty means always."""


PAGES: Final = (
    Page("board", "Board"),
    Page("routing", "Routing", of_line=True, features=frozenset(PARTS)),
    Page("directory", "Directory", features=frozenset({Feature.DIRECTORY})),
    Page("log", "Call log", of_line=True, features=frozenset({Feature.CALL_LOG})),
    Page("voicemail", "Voicemail", of_line=True, features=frozenset({Feature.MAILBOX})),
    Page("agent", "Agent", of_line=True, features=frozenset({Feature.AGENT})),
    Page("timeline", "Timeline", features=frozenset({Feature.CALL_EVENTS})),
    Page("ladder", "Ladder"),
    Page("load", "Load", features=frozenset({Feature.CALL_EVENTS})),
    Page("events", "Events"),
    Page("wire", "Wire"),
)


class ConsoleModel(Model):
    """Which line is chosen, and what a console offers. Knows no widgets, and belongs to one event loop."""

    def __init__(self, pbx: Pbx, *, line: str = "") -> None:
        """Begin with this line (id or number); without one, with the only line there is, if it is the only one."""
        self._pbx = pbx
        self.status = pbx.status
        """Whether the client is connected; while it is not, what the tabs show may be outdated."""
        self.chosen = pbx.line(line).id if line else next(iter(pbx.lines), "") if len(pbx.lines) == 1 else ""
        """The ``id`` of the chosen line; empty if no line is chosen."""

    @property
    def pages(self) -> tuple[Page, ...]:
        """The tabs that this system supports."""
        features = self._pbx.features
        return tuple(page for page in PAGES if not page.features or not page.features.isdisjoint(features))

    @property
    def absent(self) -> str:
        """What has no tab because this system or account cannot do it; empty if nothing is missing."""
        names = [page.title.lower() for page in PAGES if page not in self.pages]
        return f"Not on this connection: {listed(names)}." if names else ""

    @property
    def trouble(self) -> str:
        """Why the client is not connected; empty while it is."""
        if self.status is Status.ONLINE:
            return ""
        error = self._pbx.error
        return f"{self.status.value}: {error}" if isinstance(error, PbxError) else self.status.value

    @property
    def line(self) -> Line | None:
        """The chosen line."""
        return self._pbx.lines.get(self.chosen)

    @property
    def choices(self) -> list[str]:
        """The lines to choose from: number and name."""
        lines = sorted(self._pbx.lines.values(), key=lambda line: (*by_length(line.number), line.id))
        return [label(line) for line in lines]

    def choose(self, line: str) -> None:
        """Choose the line with this id; an empty id chooses no line."""
        if line != self.chosen and (not line or line in self._pbx.lines):
            self.chosen = line
            self._notify()

    def find(self, text: str) -> bool:
        """Choose the line with this number, name, or both; return whether there is exactly one."""
        words = WordFilter(text)
        wanted = " ".join(words.words)
        every = list(self._pbx.lines.values())
        found = [line for line in every if wanted in (line.number, line.id.casefold(), label(line).casefold())]
        if not found:
            found = [line for line in every if words and words.matches(label(line))]
        if len(found) != 1:
            return False
        self.choose(found[0].id)
        return True

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            self.status = event.status
            self._notify()
        elif isinstance(event, LineRemoved) and event.line == self.chosen:
            self.chosen = ""
            self._notify()
        elif isinstance(event, LineAdded | LineRemoved) or (
            isinstance(event, LineChanged) and not event.changed.isdisjoint(("name", "number"))
        ):
            self._notify()


def label(line: Line) -> str:
    """Return number and name of a line."""
    return titled(line.number, line.name, line.id)
