"""What has happened in the call centre: calls at pilots and what agents did, for figures and statistics."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from .agents import AgentState
from .calls import ACTIVE, HELD, RINGING_INCOMING, Call, Member
from .changes import PilotChange

if TYPE_CHECKING:
    from .queues import Queues

MOST_VISITS: Final = 50_000
MOST_SPANS: Final = 100_000
QUICK: Final = 3.0
"""Seconds: a conversation that is shorter was served too quickly."""

Outcome = Literal["waiting", "ringing", "served", "abandoned", "overflow", "dissuaded", "blocked", "forwarded", "left"]


@dataclass(slots=True, eq=False)
class Visit:
    """A call at a pilot. Times are seconds of the clock, but ``came`` is the time of day."""

    pilot: str
    ref: str
    caller: str
    came: datetime
    began: float
    outcome: Outcome = "waiting"
    queued: bool = False
    """Whether it had to wait."""
    agent: str | None = None
    """Login name of the agent it was given to last."""
    group: str | None = None
    rang: float | None = None
    """When it began to ring at that agent."""
    answered: float | None = None
    ended: float | None = None
    """When it was over: given up, sent on, or hung up."""
    refused: int = 0
    """How often an agent did not take it."""
    held: float = 0.0
    held_since: float | None = None
    wrapped: float = 0.0
    """Seconds of wrap-up after it."""
    transferred: bool = False
    """Whether it came by a transfer."""
    destination: str | None = None
    """Where it went instead of to an agent."""

    @property
    def waited(self) -> float | None:
        """How long until it was answered, or until it was over without that; ``None`` while it waits."""
        end = self.answered if self.answered is not None else self.ended
        return None if end is None else end - self.began

    @property
    def rung(self) -> float:
        """How long it rang at the agent who took it."""
        if self.rang is None:
            return 0.0
        end = self.answered if self.answered is not None else self.ended
        return max(0.0, (end if end is not None else self.rang) - self.rang)

    @property
    def talked(self) -> float:
        """How long it was talked to the agent, up to its end."""
        return 0.0 if self.answered is None or self.ended is None else self.ended - self.answered


@dataclass(slots=True, eq=False)
class Tally:
    """What an agent has done since it logged on. Times are seconds."""

    logon: datetime
    served: int = 0
    refused: int = 0
    transferred: int = 0
    outgoing: int = 0
    intercepted: int = 0
    private: int = 0
    private_time: float = 0.0
    withdrawals: int = 0
    withdrawn_time: float = 0.0


@dataclass(slots=True, eq=False)
class Span:
    """A time in which an agent was in one state. Seconds of the clock, but ``since`` is the time of day."""

    login: str
    state: AgentState
    since: datetime
    began: float
    ended: float | None = None


@dataclass(slots=True, eq=False)
class Outside:
    """A call of an agent that no pilot has given it."""

    login: str
    ref: str
    at: datetime
    began: float
    incoming: bool
    external: bool
    answered: float | None = None
    ended: float | None = None


class Journal:
    """The journal of the call centre, of bounded length, and the changes for those who watch a pilot."""

    def __init__(self, centre: "Queues") -> None:
        """Start empty."""
        self._centre = centre
        self.visits: deque[Visit] = deque(maxlen=MOST_VISITS)
        self.spans: deque[Span] = deque(maxlen=MOST_SPANS)
        self.outside: deque[Outside] = deque(maxlen=MOST_VISITS)
        self._open: dict[str, Visit] = {}
        self._shown: dict[str, str] = {}
        """What those who watch have been told of an open call: created or queued."""
        self._span: dict[str, Span] = {}
        self._private: dict[str, dict[str, Outside]] = {}
        """Calls of agents that go on, by login and reference."""
        self._last: dict[str, Visit] = {}
        self._tally: dict[str, Tally] = {}

    def open(self, pilot: str | None = None) -> list[Visit]:
        """Return the calls that are not over yet, oldest first."""
        return [visit for visit in self._open.values() if pilot in (None, visit.pilot)]

    def recent(self, seconds: float) -> Iterator[Visit]:
        """Yield the calls that came within these last seconds, newest first, and those before that are not over."""
        earliest = self._centre.clock.now() - seconds
        for visit in reversed(self.visits):
            if visit.began < earliest:
                break
            yield visit
        for visit in self._open.values():
            if visit.began < earliest:
                yield visit

    def tally(self, login: str) -> Tally | None:
        """Return what an agent has done since it logged on; ``None`` while it is logged off."""
        return self._tally.get(login)

    def span(self, login: str) -> Span | None:
        """Return the state of an agent, and since when."""
        return self._span.get(login)

    # -- what the centre says ---------------------------------------------------------------------------------------

    def came(self, call: Call, pilot: str, caller: Member) -> None:
        """A call has come to a pilot."""
        former = self._open.get(call.ref)
        if former is not None and former.pilot == pilot:
            return
        if former is not None:
            self._leave(former, "overflow", pilot, "OVERFLOWN")
        visit = Visit(pilot, call.ref, _shown(caller), self._centre.clock.utc(), self._centre.clock.now())
        visit.transferred = call.transferred_by is not None
        self._open[call.ref] = visit
        self.visits.append(visit)

    def turned_away(self, call: Call, pilot: str, caller: Member, outcome: Outcome, destination: str | None) -> None:
        """A pilot did not let a call in."""
        if call.ref in self._open and self._open[call.ref].pilot == pilot:
            return
        now = self._centre.clock.now()
        visit = Visit(pilot, call.ref, _shown(caller), self._centre.clock.utc(), now, outcome, ended=now)
        visit.destination = destination
        self.visits.append(visit)

    def sent_on(self, ref: str, outcome: Outcome, destination: str | None) -> None:
        """A call that waited at a pilot goes elsewhere."""
        visit = self._open.get(ref)
        if visit is not None:
            self._leave(visit, outcome, destination, "OVERFLOWN" if destination else "NO_AVAILABLE_AGENT")

    def refused(self, ref: str) -> None:
        """The agent did not take the call: it waits again."""
        visit = self._open.get(ref)
        if visit is not None:
            visit.refused += 1
            self._count(visit.agent, "refused")
            visit.outcome, visit.rang = "waiting", None

    def state(self, login: str, state: AgentState) -> None:
        """The state of an agent has changed."""
        now = self._centre.clock.now()
        former = self._span.get(login)
        if former is not None:
            former.ended = now
            last = self._last.get(login)
            if former.state.sub_state == "WRAPUP" and last is not None:
                last.wrapped += now - former.began
                self._last.pop(login)
        span = self._span[login] = Span(login, state, self._centre.clock.utc(), now)
        self.spans.append(span)
        if not state.logged_on:
            self._tally.pop(login, None)
            return
        tally = self._tally.setdefault(login, Tally(span.since))
        withdrawn = former is not None and former.state.sub_state == "WITHDRAW"
        if former is not None and withdrawn:
            tally.withdrawn_time += now - former.began
        if state.sub_state == "WITHDRAW" and not withdrawn:
            tally.withdrawals += 1

    def _count(self, login: str | None, what: str) -> None:
        tally = self._tally.get(login or "")
        if tally is not None:
            setattr(tally, what, getattr(tally, what) + 1)

    # -- what can be seen -------------------------------------------------------------------------------------------

    def look(self) -> None:
        """See what has become of the calls, after everything that happens."""
        for visit in tuple(self._open.values()):
            self._look(visit, self._centre.calls.get(visit.ref))

    def _look(self, visit: Visit, call: Call | None) -> None:
        if call is None or call.ended:
            self._over(visit)
            return
        if call.queued is not None:
            visit.queued = True
            self._waits(visit, call)
            return
        agent = next((member for member in call.members if member.distributed is not None), None)
        if agent is None or agent.login is None:
            if visit.answered is not None:
                self._count(visit.agent, "transferred")
                self._end(visit)
            else:
                self._count(visit.agent, "intercepted")
                self._leave(visit, "left", _to(call, visit.caller), None)
            return
        now = self._centre.clock.now()
        if visit.agent != agent.login or visit.rang is None:
            visit.agent, visit.group, visit.rang = agent.login, agent.distributed, now
        visit.outcome = "ringing"
        if agent.state in (ACTIVE, HELD):
            visit.outcome = "served"
            if visit.answered is None:
                visit.answered = now
                self._count(visit.agent, "served")
        if agent.state == HELD and visit.held_since is None:
            visit.held_since = now
        elif agent.state != HELD and visit.held_since is not None:
            visit.held += now - visit.held_since
            visit.held_since = None
        self._show_created(visit, call)
        if self._shown.pop(visit.ref, None) != "gone":
            self._tell(visit, "removed", cause="DISTRIBUTED", new_destination=agent.identity.number)
        self._shown[visit.ref] = "gone"

    def _waits(self, visit: Visit, call: Call) -> None:
        if self._shown.get(visit.ref) == "gone":
            del self._shown[visit.ref]
        self._show_created(visit, call)
        if self._shown[visit.ref] == "created":
            self._shown[visit.ref] = "queued"
            self._tell(visit, "queued", cause="NO_AVAILABLE_AGENT", waiting=len(self._centre.waiting(visit.pilot)))

    def _show_created(self, visit: Visit, call: Call) -> None:
        if visit.ref in self._shown:
            return
        self._shown[visit.ref] = "created"
        caller = call.members[0]
        self._tell(
            visit,
            "created",
            called=call.initial_called.number,
            anonymous=caller.anonymous,
            data=call.associated_data,
            trunk=call.trunk,
            cause="FORWARDED" if call.last_redirecting is not None else "ACD_ENTER_DISTRIBUTION",
        )

    def _over(self, visit: Visit) -> None:
        """The call has ended."""
        if visit.answered is not None:
            self._end(visit)
        else:
            self._leave(visit, "abandoned", None, "ABANDONED")

    def _end(self, visit: Visit) -> None:
        now = self._centre.clock.now()
        visit.ended = now
        if visit.held_since is not None:
            visit.held += now - visit.held_since
            visit.held_since = None
        if visit.agent is not None:
            self._last[visit.agent] = visit
        self._forget(visit)

    def _leave(self, visit: Visit, outcome: Outcome, destination: str | None, cause: str | None) -> None:
        visit.outcome, visit.ended, visit.destination = outcome, self._centre.clock.now(), destination
        if self._shown.get(visit.ref) not in (None, "gone"):
            self._tell(visit, "removed", cause=cause, new_destination=destination)
        self._forget(visit)

    def _forget(self, visit: Visit) -> None:
        self._open.pop(visit.ref, None)
        self._shown.pop(visit.ref, None)

    def _tell(self, visit: Visit, kind: Literal["created", "queued", "removed"], **more: Any) -> None:
        change = PilotChange(pilot=visit.pilot, ref=visit.ref, kind=kind, caller=visit.caller or None, **more)
        self._centre.publish_later(change)

    # -- calls that no pilot has given ------------------------------------------------------------------------------

    def private(self, login: str, calls: Collection[Call]) -> None:
        """See which calls an agent has of its own."""
        mine = self._private.get(login)
        if not mine and not calls:
            return
        now = self._centre.clock.now()
        mine = self._private.setdefault(login, {})
        present = set()
        for call in calls:
            member = call.user(login)
            if member is None or member.distributed is not None or member.intrudes is not None:
                continue
            present.add(call.ref)
            found = mine.get(call.ref)
            if found is None:
                others = call.others(member)
                found = Outside(
                    login,
                    call.ref,
                    self._centre.clock.utc(),
                    now,
                    incoming=call.initiator != member.id,
                    external=any(other.identity.kind == "EXTERNAL" for other in others),
                )
                mine[call.ref] = found
                self._count(login, "private")
                if not found.incoming:
                    self._count(login, "outgoing")
                self.outside.append(found)
            found.external = found.external or any(one.identity.kind == "EXTERNAL" for one in call.others(member))
            if found.answered is None and member.state in (ACTIVE, HELD) and call.answered:
                found.answered = now
        for ref in [ref for ref in mine if ref not in present]:
            gone = mine.pop(ref)
            gone.ended = now
            tally = self._tally.get(login)
            if tally is not None and gone.answered is not None:
                tally.private_time += now - gone.answered

    def forget(self, login: str) -> None:
        """A user is no operator any more."""
        now = self._centre.clock.now()
        span = self._span.pop(login, None)
        if span is not None:
            span.ended = now
        self._last.pop(login, None)
        self._tally.pop(login, None)
        for found in self._private.pop(login, {}).values():
            found.ended = now


def _shown(caller: Member) -> str:
    """Return the number of a caller; an anonymous one has none."""
    return "" if caller.anonymous else caller.identity.number


def _to(call: Call, caller: str) -> str | None:
    """Return who a call rings at or talks to, besides the caller."""
    for member in call.members:
        if member.identity.number != caller and (member.state == RINGING_INCOMING or member.state in (ACTIVE, HELD)):
            return member.identity.number
    return None
