"""What is known of the lines, and who is told when it changes."""

from collections import deque
from typing import Final

from .events import Event
from .model import LineSnapshot
from .nodes import NodesSnapshot
from .subscribers import Subscribers
from .wiretap import Wiretap

RECENT: Final = 25
"""How many events are kept for diagnostics."""


class Board:
    """The newest snapshot of every line, and of the nodes. Only the event loop that owns the client writes here."""

    __slots__ = ("_tell", "lines", "nodes", "recent", "subscribers", "tap")

    def __init__(self) -> None:
        """Begin with no lines."""
        self.lines: dict[str, LineSnapshot] = {}
        self.nodes = NodesSnapshot()
        self.subscribers = Subscribers()
        self.tap = Wiretap()
        """Who listens in on the wire that fills this board."""
        self.recent: deque[Event] = deque(maxlen=RECENT)
        self._tell = self.subscribers.tell_all

    def put(self, snapshot: LineSnapshot, events: tuple[Event, ...]) -> None:
        """Keep a line's new snapshot, then tell what led to it."""
        self.lines[snapshot.id] = snapshot
        if events:
            self.recent.extend(events)
            self._tell(events)

    def publish(self, *events: Event) -> None:
        """Tell events that change no line."""
        self.recent.extend(events)
        self._tell(events)
