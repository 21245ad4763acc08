"""The faults of the demo PBX as data, and how the client copes with them."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aiopbx import CallEnded, CallEvent, Event, LineChanged, Pbx, Status, StatusChanged

from ..connection import demo
from .formatting import counted, words
from .model import Model

if TYPE_CHECKING:
    import pandas

KEPT: Final = 200
"""Changes of the status that are remembered."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A change of the status, or a fault that was injected."""

    at: datetime
    after: float
    """Seconds since the model was made."""
    what: str
    reason: str = ""


class FaultsModel(Model):
    """The faults of the demo PBX and their effect on the connection. Knows no widgets.

    Use it in the loop of the client. Raises ``InvalidInput`` for a client of a real system.
    """

    def __init__(self, pbx: Pbx) -> None:
        """Break the demo PBX behind this client."""
        self.pbx = pbx
        self.faults = demo(pbx).faults
        self.moments: deque[Moment] = deque(maxlen=KEPT)
        """What happened, the oldest first."""
        self.resynced = 0
        """Events that the client published after a loss, for what had changed meanwhile."""
        self.ended_unseen = 0
        """Those of them that report the end of a call."""
        self._began = pbx.now
        self._status = pbx.status

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            self._status = event.status
            self._note(words(event.status), event.reason or "")
        elif self._status is not Status.ONLINE and isinstance(event, CallEvent | LineChanged):
            self.resynced += 1
            self.ended_unseen += isinstance(event, CallEnded)
            self._notify()

    def handle_fault(self) -> None:
        """Note that something was broken or mended."""
        self._note(f"— {self.faults.condition} —")

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def conditions(self) -> tuple[str, ...]:
        """What can be broken, from bad to worse; the first is that nothing is."""
        return self.faults.conditions

    @property
    def condition(self) -> str:
        """What is broken now: one of ``conditions``."""
        return self.faults.condition

    @property
    def status(self) -> Status:
        """The status of the client."""
        return self.pbx.status

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Facts about the connection: names and values."""
        statistics = self.pbx.statistics
        beat = f"every {statistics.heartbeat:.1f} s" if statistics.heartbeat is not None else "not learned yet"
        return (
            ("Network", self.condition),
            ("Status", words(self.status)),
            ("Losses", str(statistics.losses)),
            ("Caught up", f"{self.resynced} events, {self.ended_unseen} of them ends of calls"),
            ("Unreadable", f"{statistics.malformed_frames} messages"),
            ("Heartbeat", beat),
        )

    @property
    def outages(self) -> tuple[tuple[datetime, float | None, str], ...]:
        """When the client was offline, for how many seconds until it was online again, and why."""
        found: list[tuple[datetime, float | None, str]] = []
        for moment in self.moments:
            if moment.what == Status.OFFLINE.value and (not found or found[-1][1] is not None):
                found.append((moment.at, None, moment.reason))
            elif moment.what == Status.ONLINE.value and found and found[-1][1] is None:
                began, _, reason = found[-1]
                found[-1] = (began, (moment.at - began).total_seconds(), reason)
        return tuple(found)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the outages as rows."""
        from ..dataframes import SECONDS, TEXT, TIME, table

        return table({"at": TIME, "seconds": SECONDS, "reason": TEXT}, self.outages)

    # ----------------------------------------------------------------------------------------------------- actions

    async def set(self, condition: str) -> None:
        """Put the network into this condition."""
        await self.faults.set(condition)

    def cut(self) -> None:
        """Cut every event channel."""
        self._note(f"— {counted(self.faults.cut(), 'channel')} cut —")

    def end_sessions(self) -> None:
        """End every session."""
        self._note(f"— {counted(self.faults.end_sessions(), 'session')} ended —")

    def spoil(self) -> None:
        """Let the next three events arrive broken."""
        self.faults.spoil(3)
        self._note("— the next 3 events are spoilt —")

    def _note(self, what: str, reason: str = "") -> None:
        now = self.pbx.now
        self.moments.append(Moment(now, (now - self._began).total_seconds(), what, reason))
        self._notify()
