"""Listeners: what a session wants to receive, collected for a moment and then pushed over its socket."""

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from ...switch.changes import Change, CountersChange, UserChange
from .crm import CrmCalls
from .lines import Line, Lines
from .sessions import CRM, RCC

if TYPE_CHECKING:
    from ...clock import TimerHandle
    from .face import IstraFace
    from .sessions import Session

KEPT: Final = 1000
"""The most events of myCrm that wait for a socket; then the oldest are dropped."""
MODEL: Final = "v1/data/RestletApiSessionCounters"


class Listener:
    """A named listener of a session: for lines, for the calls of a terminal, or for counters."""

    def __init__(self, face: "IstraFace", session: "Session", name: str, device: str | None = None) -> None:
        """Create it unbound. ``device`` is the telephone, for myCrm."""
        self._face = face
        self.session = session
        self.name = name
        self.device = device
        self.bound = False
        """Whether it receives anything."""
        self._lines: dict[int, Line] = {}
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._counters = False
        self._timer: TimerHandle | None = None

    @property
    def rest_uri(self) -> str:
        """Its URI."""
        return f"v1/service/EventListener/bean/{self.name}"

    def line(self, line: Line) -> None:
        """Queue a line that changed."""
        self._lines[line.number] = line
        self.arm()

    def event(self, event: dict[str, Any]) -> None:
        """Queue an event of the terminal."""
        self._events.append(event)
        self.arm()

    def counters(self) -> None:
        """Queue the counters."""
        self._counters = True
        self.arm()

    @property
    def _waiting(self) -> bool:
        return bool(self._lines or self._events or self._counters)

    def arm(self) -> None:
        """Schedule a push, if there is a socket."""
        if self._timer is None and self._waiting and self.session.socket is not None:
            period = self._face.settings.istra_push
            if period:
                self._timer = self._face.clock.call_later(period, self._due)
            else:
                self._due()

    def _due(self) -> None:
        self._timer = None
        socket = self.session.socket
        if socket is None:
            return  # the next socket gets all of it
        variants = self._face.variants
        for items, single in self._take():
            swapped = variants.item_shape == "swapped"
            if single:
                frames: list[Any] = [[items[0]] if swapped else items[0]]
            else:
                frames = items if swapped else [items]
            for item in frames:
                socket.push({"listenerName": self.name, "item": item})

    def _take(self) -> list[tuple[list[dict[str, Any]], bool]]:
        """Return what is to be pushed, and whether that is a single object."""
        found: list[tuple[list[dict[str, Any]], bool]] = []
        if self._lines:
            variants = self._face.variants
            found.append(([line.wire(variants, "push") for line in self._lines.values()], False))
            self._lines.clear()
        if self._events:
            found.append((list(self._events), False))
            self._events.clear()
        if self._counters:
            self._counters = False
            found.append(([self._face.listeners.counters_of(self.session.login)], True))
        return found

    def stop(self) -> None:
        """Stop pushing."""
        self.bound = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lines.clear()
        self._events.clear()
        self._counters = False


class Listeners:
    """All listeners, indexed by what they listen to."""

    def __init__(self, face: "IstraFace", lines: Lines) -> None:
        """Start without listeners and follow ``lines``."""
        self._face = face
        self._lines = lines
        self._calls = CrmCalls(face.switch, lines, self._event)
        self._rcc: dict[Listener, None] = {}
        self._crm: dict[tuple[str, str], dict[Listener, None]] = {}
        self._counting: dict[str, dict[Listener, None]] = {}
        lines.on_change = self._line

    def __len__(self) -> int:
        return len(self._rcc) + sum(map(len, self._crm.values())) + sum(map(len, self._counting.values()))

    def apply(self, change: Change) -> None:
        """Apply a change of the switch."""
        if isinstance(change, UserChange):
            self._face.ids.forget()
        self._lines.apply(change)
        self._calls.apply(change)
        if isinstance(change, CountersChange):
            for listener in self._counting.get(change.login, ()):
                listener.counters()

    def _line(self, line: Line) -> None:
        user = self._face.switch.users.get(line.login)
        if user is None or user.rcc:
            for listener in self._rcc:
                listener.line(line)

    def _event(self, login: str, device: str, event: dict[str, Any]) -> None:
        for listener in self._crm.get((login, device), ()):
            listener.event(event)

    def create(self, session: "Session", name: str, device: str | None = None) -> Listener:
        """Create a listener, replacing one of the same name."""
        former = session.listeners.get(name)
        if former is not None:
            self.remove(former)
        listener = Listener(self._face, session, name, device)
        session.listeners[name] = listener
        return listener

    def bind(self, listener: Listener) -> None:
        """Start delivering to a listener."""
        if listener.bound:
            return
        listener.bound = True
        session = listener.session
        if session.application == RCC:
            self._rcc[listener] = None
        elif session.application == CRM:
            self._crm.setdefault((session.login, listener.device or ""), {})[listener] = None
        else:
            self._counting.setdefault(session.login, {})[listener] = None

    def remove(self, listener: Listener) -> None:
        """Stop delivering to a listener."""
        listener.stop()
        session = listener.session
        session.listeners.pop(listener.name, None)
        self._rcc.pop(listener, None)
        self._crm.get((session.login, listener.device or ""), {}).pop(listener, None)
        self._counting.get(session.login, {}).pop(listener, None)

    def counters_of(self, login: str) -> dict[str, Any]:
        """Return the counters of a user."""
        counters = self._face.switch.counters(login)
        return {
            "model": MODEL,
            "unreadMissedCalls": counters.missed_calls,
            "unreadTextMessages": counters.new_texts,
            "unreadVoiceMails": counters.voicemails or 0,
        }
