"""A log of events and wire messages, to be filtered and inspected."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aiopbx import (
    AgentChanged,
    CallEvent,
    CallStarted,
    Event,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineChanged,
    LineEvent,
    LogChanged,
    NodeChanged,
    ObjectChanged,
    ServerStarted,
    StatusChanged,
    TwinLinkChanged,
    WireMessage,
)

from .formatting import titled, words
from .model import Filtered, HasSnapshot

if TYPE_CHECKING:
    import pandas

KEPT: Final = 2000
"""Entries that are kept; the oldest go first."""
LONGEST: Final = 4000
"""Characters of a message that are shown."""
_SEARCHED: Final = 2000
"""Characters of a message in which the line that it is about is looked for."""
_LATELY: Final = 20
"""Pushed messages among which the one is looked for that an event came from."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event or wire message."""

    number: int
    """Counts up from 1."""
    at: datetime
    kind: str
    """The class of an event; ``request``, ``answer`` or ``pushed`` of a wire message."""
    line: str
    """The ``id`` of the line; empty if it concerns no line."""
    text: str
    """In one line, for people."""
    event: Event | None = None
    message: WireMessage | None = None
    """The wire message: the entry itself, or the message that caused this event, if that can be determined."""

    @property
    def wire(self) -> bool:
        """Whether it is a message of the wire, and no event of the model."""
        return self.event is None

    @property
    def body(self) -> str:
        """The wire message, indented if it is JSON; empty if there is none."""
        return pretty(self.message.body) if self.message is not None else ""

    @property
    def failed(self) -> bool:
        """Whether the system refused something."""
        return self.event is None and self.message is not None and (self.message.status or 0) >= 400


class EventLogModel(Filtered):
    """Events and wire messages, the newest ``kept`` of them, with a filter and a pause.

    Nothing is lost during a pause: new entries are kept (up to the limit) and shown afterwards. Knows no widgets.
    """

    def __init__(self, lines: Mapping[str, HasSnapshot], *, kept: int = KEPT) -> None:
        """Name lines by these."""
        self.total = 0
        """How many entries there were in all."""
        self._entries: deque[Entry] = deque(maxlen=kept)
        self.lines = lines
        """The lines that there are."""
        self._lately: deque[WireMessage] = deque(maxlen=_LATELY)
        self._taken = 0
        self._all = True
        self._paused_at: int | None = None
        self._line = ""
        self._kind = ""

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Add an event of the client."""
        line = event.line if isinstance(event, LineEvent) else ""
        self._add(event.at, type(event).__name__, line, event_words(event), event, self._origin(event))

    def handle_wire(self, message: WireMessage) -> None:
        """Add a wire message."""
        if message.sent:
            kind, text = "request", message.what
        elif message.status is not None:
            kind, text = "answer", f"{message.status} {message.what}"
        else:
            kind, text = "pushed", message.what
            self._lately.append(message)
        self._add(message.at, kind, self._line_in(message), text, None, message)

    def _origin(self, event: Event) -> WireMessage | None:
        """The pushed message that an event came from: the newest that names its line, and its call if it has one."""
        if not isinstance(event, LineEvent):
            return None
        name = f'"{event.line}"'
        ref = f'"{event.call.ref}"' if isinstance(event, CallEvent) else name
        for message in reversed(self._lately):
            if name in message.body and ref in message.body:
                return message
        return None

    def _line_in(self, message: WireMessage) -> str:
        """The line that a message concerns: the first that its query, its body or its path names."""
        _, _, query = message.what.partition("?")
        for part in query.split("&"):
            value = part.partition("=")[2]
            if value in self.lines:
                return value
        for value in message.body[:_SEARCHED].split('"')[1::2]:
            if value in self.lines:
                return value
        return next((part for part in message.what.partition("?")[0].split("/") if part in self.lines), "")

    def _add(
        self, at: datetime, kind: str, line: str, text: str, event: Event | None, message: WireMessage | None
    ) -> None:
        self.total += 1
        self._entries.append(Entry(self.total, at, kind, line, text, event, message))
        self._notify()

    def clear(self) -> None:
        """Clear everything."""
        self._entries.clear()
        self._rearrange()

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything that is kept, shown or not, the oldest first."""
        return tuple(self._entries)

    @property
    def oldest(self) -> int:
        """The number of the oldest entry that is kept; without any, the number of the next one."""
        return self._entries[0].number if self._entries else self.total + 1

    def entry(self, number: int) -> Entry | None:
        """Return an entry by its number, if it is still kept."""
        # numbers are consecutive
        at = number - self.oldest
        return self._entries[at] if 0 <= at < len(self._entries) else None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that there are, in order."""
        return tuple(sorted({entry.kind for entry in self._entries}))

    @property
    def line(self) -> str:
        """The ``id`` of the line that is shown alone; empty is every line."""
        return self._line

    @line.setter
    def line(self, line: str) -> None:
        self._line = line
        self._rearrange()

    @property
    def kind(self) -> str:
        """The kind that is shown alone, or ``events``, ``calls``, ``wire``; empty is everything."""
        return self._kind

    @kind.setter
    def kind(self, kind: str) -> None:
        self._kind = kind
        self._rearrange()

    @property
    def paused(self) -> bool:
        """Whether new entries are held back."""
        return self._paused_at is not None

    @paused.setter
    def paused(self, paused: bool) -> None:
        if paused != self.paused:
            self._paused_at = self.total if paused else None
            self._notified = False
            self._notify()

    @property
    def waiting(self) -> int:
        """How many entries have come since it was paused."""
        return self.total - self._paused_at if self._paused_at is not None else 0

    def visible(self, entry: Entry) -> bool:
        """Whether the filters let this entry through."""
        if self._line and entry.line != self._line:
            return False
        if self._kind and not _is_kind(entry, self._kind):
            return False
        if not self._filter:  # spares putting the text together
            return True
        title = self.title(entry.line)
        body = entry.message.body if entry.message is not None else ""
        return self._filter.matches(f"{entry.kind} {entry.text} {entry.line} {title} {body}")

    @property
    def shown(self) -> list[Entry]:
        """The entries that the filters let through, the oldest first."""
        last = self._paused_at if self._paused_at is not None else self.total
        return [entry for entry in self._entries if entry.number <= last and self.visible(entry)]

    def take(self) -> tuple[bool, list[Entry]]:
        """Return whether the whole list is to be redrawn, and the entries to draw, oldest first."""
        super().take()
        last = self._paused_at if self._paused_at is not None else self.total
        if self._all:
            self._all = False
            self._taken = last
            return True, self.shown
        fresh: list[Entry] = []
        for entry in reversed(self._entries):
            if entry.number <= self._taken:
                break
            if entry.number <= last and self.visible(entry):
                fresh.append(entry)
        self._taken = max(self._taken, last)
        return False, fresh[::-1]

    def title(self, line: str) -> str:
        """Number and name of a line."""
        known = self.lines.get(line)
        return titled(known.snapshot.number, known.snapshot.name, line) if known is not None else line

    def _rearrange(self) -> None:
        self._all = True
        self._notify()

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the entries that are shown as rows."""
        from ..dataframes import COUNT, FLAG, TEXT, TIME, WORD, table

        columns = {
            "number": COUNT,
            "at": TIME,
            "kind": WORD,
            "line": TEXT,
            "text": TEXT,
            "wire": FLAG,
            "sent": FLAG,
            "status": COUNT,
            "body": TEXT,
        }
        return table(
            columns,
            [
                (
                    entry.number,
                    entry.at,
                    entry.kind,
                    entry.line or None,
                    entry.text,
                    entry.wire,
                    entry.message.sent if entry.wire and entry.message is not None else None,
                    entry.message.status if entry.wire and entry.message is not None else None,
                    entry.message.body if entry.message is not None else None,
                )
                for entry in self.shown
            ],
        )


_GROUPS: Final[Mapping[str, Callable[[Entry], bool]]] = {
    "events": lambda entry: not entry.wire,
    "calls": lambda entry: isinstance(entry.event, CallEvent),
    "wire": lambda entry: entry.wire,
}


def _is_kind(entry: Entry, kind: str) -> bool:
    group = _GROUPS.get(kind)
    return group(entry) if group is not None else entry.kind == kind


def event_words(event: Event) -> str:
    """Return an event in one line, for people."""
    if isinstance(event, StatusChanged):
        reason = f": {event.reason}" if event.reason else ""
        return f"{words(event.previous)} → {words(event.status)}{reason}"
    if isinstance(event, CallEvent):
        call = event.call
        whom = f" with {', '.join(party.label for party in call.parties)}" if call.parties else ""
        if call.outcome is not None:
            return f"call ended: {words(call.outcome)}{whom}"
        previous = getattr(event, "previous", None)
        if previous is not None and previous.state is not call.state:
            return f"call {words(previous.state)} → {words(call.state)}{whom}"
        new = "new call " if isinstance(event, CallStarted) else "call "
        return f"{new}{words(call.state)}{whom}"
    if isinstance(event, LineChanged):
        if "state" in event.changed:
            return f"{words(event.previous.state)} → {words(event.snapshot.state)}"
        return "changed: " + ", ".join(sorted(name.replace("_", " ") for name in event.changed))
    if isinstance(event, AgentChanged):
        return f"agent {words(event.agent.state)}"
    if isinstance(event, HelpRequested | HelpCancelled):
        return ("asks for help" if isinstance(event, HelpRequested) else "needs no help") + (
            f" ({event.number})" if event.number else ""
        )
    if isinstance(event, LogChanged):
        return f"call log: {words(event.change)}"
    if isinstance(event, NodeChanged):
        return f"node {event.node.id}: {words(event.node.link)}"
    if isinstance(event, TwinLinkChanged):
        up = "up" if event.connected else "down"
        return f"link to the other server {up}" + (f" ({event.host})" if event.host else "")
    if isinstance(event, ServerStarted):
        return "the server has started"
    if isinstance(event, LicenceExpiring):
        return event.message or f"licences end in {event.days} days"
    if isinstance(event, ObjectChanged):
        return f"{event.name} {event.id} {words(event.change)}"
    return "line added" if type(event).__name__ == "LineAdded" else "line removed"


def pretty(body: str, longest: int = LONGEST) -> str:
    """Return JSON indented, anything else as it is; what is too long is cut off, and says so."""
    try:
        text = msgspec.json.format(body.encode(), indent=2).decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        text = body
    if len(text) > longest:
        text = f"{text[:longest]}\n… and {len(text) - longest} characters more"
    return text


def event_json(event: Event) -> str:
    """Return an event as pretty JSON."""
    value: Any = {"event": type(event).__name__, **msgspec.to_builtins(event)}
    return pretty(msgspec.json.encode(value).decode())
