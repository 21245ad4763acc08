"""The call centre as data: its queues, its agents, and the calls that wait, a row for each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from aiopbx import CentreAgent, CentreChanged, CentreQueue, Event, Pbx, StatusChanged, WaitingCall, WaitingChanged

from .formatting import by_length, counted, duration, offline_note, since
from .model import Filtered

if TYPE_CHECKING:
    import pandas

BUSY: Final = "ringing_incoming"
"""How rows look that somebody should look at; the others are named like the states of lines, too."""
_UNCONFIRMED: Final = "not confirmed"

# What the system calls the state of an agent, how it is put into words, and how its row looks.
_SERVICES: Final = {
    "LoggedOut": ("logged off", "out_of_service"),
    "LoggedIn": ("in no group", "out_of_service"),
    "Withdrawn": ("withdrawn", "out_of_service"),
}
_PHONES: Final = {
    "Idle": ("ready", "idle"),
    "AcdRinging": ("ringing", BUSY),
    "AcdConversation": ("talking to a customer", "active"),
    "AcdConsultation": ("asking a colleague", "active"),
    "WrapUp": ("wrapping up", "held"),
    "Pause": ("taking a break", "held"),
    "Held": ("customer on hold", "held"),
    "Dialing": ("dialling", "dialing"),
    "OutOfOrder": ("telephone out of service", "out_of_service"),
}


@dataclass(frozen=True, slots=True)
class CentreRow:
    """One row: its cells as text, and how it looks."""

    key: str
    cells: tuple[str, ...]
    style: str = ""

    @property
    def label(self) -> str:
        """The whole row in one line."""
        return ", ".join(filter(None, self.cells))


class CentreModel(Filtered):
    """One table of the call centre, read from the client when it is to be drawn. Knows no widgets."""

    head: ClassVar[tuple[str, ...]] = ()
    """What the cells of a row are."""
    noun: ClassVar[str] = ""

    def __init__(self, pbx: Pbx) -> None:
        """Show what this client knows."""
        self.pbx = pbx
        self.status = pbx.status
        """Whether the client is connected; while it is not, the rows may be outdated."""

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            self.status = event.status
            self._notify()
        elif self._concerns(event):
            self._notify()

    def changed(self) -> None:
        """Note that something else is to be shown, of which no event says so."""
        self._notify()

    def _concerns(self, event: Event) -> bool:
        raise NotImplementedError

    @property
    def rows(self) -> list[CentreRow]:
        """The rows that the filter lets through, in order and as they are now."""
        return [row for row in self._rows() if self._filter.matches(row.label)]

    def _rows(self) -> Iterable[CentreRow]:
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """The state of the whole in words."""
        return self._said() + offline_note(self.status)

    def _said(self) -> str:
        raise NotImplementedError

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return what is known as a table of pandas. Needs pandas."""
        raise NotImplementedError


class QueuesModel(CentreModel):
    """The queues: how many wait in each, and for how long."""

    head = ("Queue", "Name", "State", "Waiting", "Longest wait", "Expected wait", "Agents", "Filled")
    noun = "queue"

    def _concerns(self, event: Event) -> bool:
        return isinstance(event, CentreChanged) and event.table == "queues"

    @property
    def _queues(self) -> list[CentreQueue]:
        return sorted(self.pbx.call_centre.queues.values(), key=lambda one: by_length(one.number))

    def _rows(self) -> Iterable[CentreRow]:
        for one in self._queues:
            state = (one.state or "").lower() if one.confirmed else _UNCONFIRMED
            cells = (
                one.number,
                one.name or "",
                state,
                _figure(one.waiting),
                duration(one.longest_wait),
                duration(one.expected_wait),
                _figure(one.agents),
                _figure(one.filling, " %"),
            )
            yield CentreRow(one.number, cells, _style(one.confirmed, BUSY if one.waiting else "idle"))

    def _said(self) -> str:
        queues = self._queues
        return f"{counted(len(queues), self.noun)}, {counted(sum(one.waiting or 0 for one in queues), 'call')} waiting"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return all figures of the queues; ``attrs["units"]`` has the units. Needs pandas."""
        return self.pbx.call_centre.queues.to_dataframe()


class AgentsModel(CentreModel):
    """The agents: what each does, since when, and how many calls it has served."""

    head = ("Agent", "Name", "State", "Since", "Group", "Queue", "Served", "Refused")
    noun = "agent"

    def _concerns(self, event: Event) -> bool:
        return isinstance(event, CentreChanged) and event.table == "agents"

    @property
    def _agents(self) -> list[CentreAgent]:
        return sorted(self.pbx.call_centre.agents.values(), key=lambda one: by_length(one.number))

    def _rows(self) -> Iterable[CentreRow]:
        for one in self._agents:
            state, style = state_of(one)
            cells = (
                one.number,
                f"{one.first_name or ''} {one.name or ''}".strip(),
                state if one.confirmed else _UNCONFIRMED,
                _clock(one.phone_since),
                one.group or "",
                one.queue or "",
                _figure(one.served_calls),
                _figure(one.refused_calls),
            )
            yield CentreRow(one.number, cells, _style(one.confirmed, style))

    def _said(self) -> str:
        agents = self._agents
        there = sum(1 for one in agents if one.service not in (None, "LoggedOut"))
        ready = sum(1 for one in agents if one.ready)
        return f"{counted(len(agents), self.noun)}, {there} logged on, {ready} ready"

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return all figures of the agents; ``attrs["units"]`` has the units. Needs pandas."""
        return self.pbx.call_centre.agents.to_dataframe()


class WaitingModel(CentreModel):
    """The calls that wait at the pilots that are watched, the longest first."""

    head = ("Caller", "Name", "Pilot", "Queue", "Waits since", "For")
    noun = "call"

    def __init__(self, pbx: Pbx) -> None:
        """Show what this client knows."""
        super().__init__(pbx)
        self.names: Mapping[str, str] = {}
        """What pilots and queues are called, by number."""
        self.now = pbx.now
        """The time up to which waits are counted."""

    def _concerns(self, event: Event) -> bool:
        return isinstance(event, WaitingChanged)

    @property
    def _calls(self) -> list[WaitingCall]:
        calls = [call for calls in self.pbx.pilots.waiting.values() for call in calls]
        return sorted(calls, key=lambda call: call.since or call.queued_since or self.now)

    def _rows(self) -> Iterable[CentreRow]:
        for call in self._calls:
            began = call.since or call.queued_since
            known = self.pbx.contacts.find(call.caller)
            cells = (
                call.caller or "",
                known[0] if known is not None else "",
                self._named(call.pilot),
                self._named(call.queue) if call.queue else "not in a queue",
                f"{began.astimezone():%H:%M:%S}" if began is not None else "",
                duration(since(began, self.now)),
            )
            yield CentreRow(f"{call.pilot} {call.ref}", cells, f"pbx-{BUSY if call.queue else 'dialing'}")

    def _named(self, number: str) -> str:
        return f"{number} {self.names.get(number, '')}".strip()

    def _said(self) -> str:
        calls = self._calls
        said = f"{counted(len(calls), self.noun)} at {counted(len(self.pbx.pilots.waiting), 'pilot')}"
        began = [start for call in calls if (start := call.since or call.queued_since) is not None]
        return said + (f", the longest for {duration(since(min(began), self.now))}" if began else "")

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the calls that wait, the longest first; times are UTC. Needs pandas."""
        from ..dataframes import COUNT, TEXT, TIME, table

        columns = {"caller": TEXT, "pilot": TEXT, "queue": TEXT, "since": TIME, "queued_since": TIME, "queued": COUNT}
        return table(columns, [tuple(getattr(call, name) for name in columns) for call in self._calls])


def state_of(agent: CentreAgent) -> tuple[str, str]:
    """Return what an agent does, in words, and how its row looks. What is not known is in the system's own word."""
    if agent.service in _SERVICES:
        return _SERVICES[agent.service]
    if agent.phone is None:
        return ("", "unknown")
    return _PHONES.get(agent.phone, (agent.phone, "busy"))


def _figure(value: int | None, unit: str = "") -> str:
    return "" if value is None else f"{value}{unit}"


def _style(confirmed: bool, style: str) -> str:
    return f"pbx-{style if confirmed else 'unknown'}"


def _clock(text: str | None) -> str:
    """Return the time of day of a time on the clock of the node; as it is if it cannot be read."""
    if not text:
        return ""
    try:
        return f"{datetime.fromisoformat(text):%H:%M:%S}"
    except ValueError:
        return text
