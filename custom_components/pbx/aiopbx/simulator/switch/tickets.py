"""What the nodes keep for analytics: charging tickets of calls with the outside, and incidents."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Final

from .calls import EXTERNAL, Call, Member
from .changes import Change, DeviceChange, NodeChange
from .users import IN_SERVICE

if TYPE_CHECKING:
    from .core import Core

MOST: Final = 20_000
UNIT: Final = 60
"""Seconds of a charging unit."""
PRICE: Final = 0.1
"""What a unit costs."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A call of a user with the outside. Times are seconds of the clock, but ``start`` is the time of day."""

    number: int
    node: str
    caller: str
    name: str
    called: str
    dialled: str
    start: datetime
    outgoing: bool
    forwarded: bool = False
    answered: float | None = None
    ended: float | None = None

    @property
    def seconds(self) -> int:
        """How long it was talked; nothing before its end."""
        return 0 if self.answered is None or self.ended is None else int(self.ended - self.answered)

    @property
    def units(self) -> int:
        """What it is charged: calls from outside cost nothing."""
        return ceil(self.seconds / UNIT) if self.outgoing else 0

    @property
    def cost(self) -> float:
        """What it cost, in the currency of the system."""
        return round(self.units * PRICE, 2)

    @property
    def file(self) -> str:
        """The file that it is in: there is one for each day."""
        return f"TAX{self.start:%Y%m%d}.DAT"


class Tickets:
    """Charging tickets, of bounded number."""

    def __init__(self, core: "Core") -> None:
        """Start without any."""
        self._core = core
        self._written: deque[Ticket] = deque(maxlen=MOST)
        self._open: dict[str, Ticket] = {}
        self._count = 0

    def of(self, node: str) -> list[Ticket]:
        """Return the tickets of a node, oldest first. Calls that go on have none yet."""
        return [ticket for ticket in self._written if ticket.node == node]

    def joined(self, call: Call, member: Member) -> None:
        """A party has joined a call."""
        if call.ref in self._open:
            return
        outside = next((one for one in call.members if one.identity.kind == EXTERNAL), None)
        inside = next((one for one in call.members if one.login is not None), None)
        if outside is None or inside is None or inside.login is None:
            return
        self._count += 1
        user = self._core.users[inside.login]
        outgoing = call.initiator == inside.id
        self._open[call.ref] = Ticket(
            self._count,
            user.node,
            user.number if outgoing else outside.identity.number,
            user.name,
            outside.identity.number if outgoing else user.number,
            call.initial_called.number,
            self._core.clock.utc(),
            outgoing,
            forwarded=call.last_redirecting is not None,
        )

    def answered(self, call: Call) -> None:
        """A call was answered."""
        ticket = self._open.get(call.ref)
        if ticket is not None and ticket.answered is None:
            ticket.answered = self._core.clock.now()

    def closed(self, call: Call) -> None:
        """A call is over."""
        ticket = self._open.pop(call.ref, None)
        if ticket is not None:
            ticket.ended = self._core.clock.now()
            self._written.append(ticket)


@dataclass(slots=True, eq=False)
class Incident:
    """Something that went wrong on a node."""

    at: datetime
    node: str
    value: int
    severity: int
    text: str
    termination: str | None = None
    count: int = 1


class Incidents:
    """The incidents of all nodes, of bounded number. One that happens again at once is counted."""

    def __init__(self, core: "Core") -> None:
        """Note them from now on."""
        self._core = core
        self._noted: deque[Incident] = deque(maxlen=MOST)

    def of(self, node: str) -> list[Incident]:
        """Return the incidents of a node, newest first."""
        return [incident for incident in reversed(self._noted) if incident.node == node]

    def see(self, change: Change) -> None:
        """Note what a change says of a node."""
        if isinstance(change, NodeChange):
            known = {
                "link_down": (2019, 1, "The link to the call server is lost"),
                "link_up": (2020, 4, "The link to the call server is back"),
                "management_link_down": (2021, 2, "The management link is lost"),
                "management_link_up": (2022, 4, "The management link is back"),
                "loaded": (394, 5, "The data of the node is loaded"),
            }
            self._note(Incident(self._core.clock.utc(), change.node, *known[change.kind]))
        elif isinstance(change, DeviceChange):
            user = self._core.users.get(change.login)
            node = user.node if user is not None else "1"
            if change.state == IN_SERVICE:
                found = Incident(self._core.clock.utc(), node, 387, 4, "A set is in service again", change.device)
            else:
                found = Incident(self._core.clock.utc(), node, 386, 3, "A set is out of service", change.device)
            self._note(found)

    def _note(self, incident: Incident) -> None:
        last = self._noted[-1] if self._noted else None
        if last is not None and (last.node, last.value, last.termination, last.at) == (
            incident.node,
            incident.value,
            incident.termination,
            incident.at,
        ):
            last.count += 1
            return
        self._noted.append(incident)
