"""What the call centre did in a time: figures of agents, of agents by pilot, of pilots, and calls given up.

Names are those of the attributes of statistics. What this switch never does counts 0.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from .figures import IN_TIME, efficiency, per_cent, service_level
from .journal import QUICK, Outside, Span, Visit

if TYPE_CHECKING:
    from .centre import CallCentre

Values = dict[str, int | str]
STEPS: Final = (10.0, IN_TIME, 40.0, 60.0)
"""Seconds that waiting is sorted by."""


def text(seconds: float) -> str:
    """Return a duration as HH:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else "0.0"


def _durations(name: str, values: Iterable[float]) -> Values:
    """Return a total and an average, under the two names of a duration."""
    found = list(values)
    total = sum(found)
    return {f"{name}TDur": text(total), f"{name}ADur": text(total / len(found) if found else 0.0)}


class Window:
    """A time, and what the journal says of it. What had not ended by then counts up to its end."""

    def __init__(self, centre: "CallCentre", begin: datetime, end: datetime) -> None:
        """Look at what began at ``begin`` or later, and before ``end``."""
        self.centre = centre
        self.begin, self.end = begin, end
        journal = centre.journal
        self.visits = [visit for visit in journal.visits if begin <= visit.came < end]
        self.outside = [found for found in journal.outside if begin <= found.at < end]
        self.spans = [span for span in journal.spans if span.since < end]

    # -- agents -----------------------------------------------------------------------------------------------------

    def _held(self, login: str) -> list[tuple[Span, float]]:
        """Return the states of an agent, each with the seconds of it that lie in this time."""
        now = self.centre.clock.utc()
        found = []
        for span in self.spans:
            if span.login != login:
                continue
            over = now if span.ended is None else span.since + timedelta(seconds=span.ended - span.began)
            seconds = (min(over, self.end) - max(span.since, self.begin)).total_seconds()
            if seconds > 0:
                found.append((span, seconds))
        return found

    def agent(self, login: str) -> Values:
        """Return the figures of an agent."""
        visits = [visit for visit in self.visits if visit.agent == login]
        served = [visit for visit in visits if visit.answered is not None]
        mine = [found for found in self.outside if found.login == login]
        states = self._held(login)
        wraps = [seconds for span, seconds in states if span.state.sub_state == "WRAPUP"]
        conversation = [visit.talked for visit in served]
        rings = [visit.rung for visit in visits]
        return {
            **self._times(states),
            **self._private(mine),
            **_durations("ringAcdServed", [visit.rung for visit in served]),
            **_durations("ringAcd", rings),
            **_durations("ring", rings),
            **_durations("convAcd", conversation),
            **_durations("acdInConv", conversation),
            **_durations("acdWorkInConv", conversation),
            **_durations("acdWorkInRing", [visit.rung for visit in served]),
            **_durations("acdWorkInWrapup", [visit.wrapped for visit in served]),
            **_durations("acdWorkIn", [visit.rung + visit.talked + visit.wrapped for visit in served]),
            **_durations("acdWork", [visit.rung + visit.talked + visit.wrapped for visit in served]),
            "wrapupAcdTDur": text(sum(wraps)),
            "manuWrapupDur": text(max(0.0, sum(wraps) - sum(visit.wrapped for visit in served))),
            "nbOnWrapup": len(wraps),
            "nbRotating": sum(visit.refused for visit in visits),
            "nbRefusedCalls": sum(visit.refused for visit in visits),
            "nbRingAcd": len(visits),
            "nbServedWOCode": len(served),
            "nbAcdQuickServed": sum(visit.ended is not None and visit.talked < QUICK for visit in served),
            "nbPilots": len({visit.pilot for visit in visits}),
            "nbAcdServedCalls": len(served),
            "nbAcdInServedCalls": len(served),
            "nbInCallsReceivedByPilot": len(visits),
            "nbTotNonServedCalls": len(visits) - len(served),
            "nbInNonServedCalls": len(visits) - len(served),
        }

    def _times(self, states: list[tuple[Span, float]]) -> Values:
        whole = sum(seconds for _, seconds in states)
        on = [(span, seconds) for span, seconds in states if span.state.logged_on]
        assigned = sum(seconds for span, seconds in on if span.state.group is not None)
        away = [(span, seconds) for span, seconds in on if span.state.sub_state == "WITHDRAW"]
        withdrawn = sum(seconds for _, seconds in away)
        return {
            "loggedOutPerTime": _share(whole - sum(seconds for _, seconds in on), whole),
            "notAssignedPerTime": _share(sum(seconds for _, seconds in on) - assigned, whole),
            "assignedPerTime": _share(assigned, whole),
            "withdrawPerTime": _share(withdrawn, whole),
            **{
                f"withdrawPerTimeCause{cause}": _share(
                    sum(seconds for span, seconds in away if span.state.reason == cause), whole
                )
                for cause in range(1, 10)
            },
            "assignedNotWithdrawDur": text(assigned - withdrawn),
            "withdrawDur": text(withdrawn),
            "busyTDur": text(sum(seconds for span, seconds in on if span.state.sub_state == "BUSY")),
        }

    def _private(self, calls: list[Outside]) -> Values:
        now = self.centre.clock.now()

        def talked(incoming: bool, external: bool) -> list[float]:
            return [
                (now if found.ended is None else found.ended) - found.answered
                for found in calls
                if found.incoming is incoming and found.external is external and found.answered is not None
            ]

        def count(incoming: bool, external: bool) -> int:
            return sum(found.incoming is incoming and found.external is external for found in calls)

        outside_in = talked(True, True)
        everything = [*talked(False, False), *talked(False, True), *talked(True, False), *outside_in]
        return {
            **_durations("convLocOutNonacd", talked(False, False)),
            **_durations("convExtOut", talked(False, True)),
            **_durations("convLocInNonacd", talked(True, False)),
            **_durations("convExtInNonacd", outside_in),
            **_durations("nonAcdWork", everything),
            "nbLocalOutNonAcd": count(False, False),
            "nbExtOutNonacd": count(False, True),
            "nbLocInNonacd": count(True, False),
            "nbExtInNonacdDirect": count(True, True),
            "nbExtinNonacdServed": len(outside_in),
            "nbExtinNonacdQuickServed": sum(seconds < QUICK for seconds in outside_in),
            "nbTotNonAcdreceivedCalls": count(True, True) + count(True, False),
            "nbInNonAcdCalls": count(True, True) + count(True, False),
            "nbOutNonAcdCalls": count(False, True) + count(False, False),
        }

    def by_pilot(self, login: str) -> dict[str, Values]:
        """Return the figures of an agent with the calls of each pilot that gave it some."""
        found: dict[str, list[Visit]] = {}
        for visit in self.visits:
            if visit.agent == login:
                found.setdefault(visit.pilot, []).append(visit)
        return {pilot: self._with(visits) for pilot, visits in found.items()}

    def _with(self, visits: list[Visit]) -> Values:
        served = [visit for visit in visits if visit.answered is not None]
        worked = [visit.rung + visit.talked + visit.wrapped for visit in served]
        talked = [visit.talked for visit in served]
        wrapped = [visit.wrapped for visit in served]
        return {
            **_durations("callProc", worked),
            **_durations("conv", talked),
            **_durations("wrapup", wrapped),
            **_durations("onHold", [visit.held for visit in served]),
            "maxCallProcDur": text(max(worked, default=0.0)),
            "maxConvDur": text(max(talked, default=0.0)),
            "maxWrapupDur": text(max(wrapped, default=0.0)),
            "nbCallsReceived": len(visits),
            "nbCallsServed": len(served),
            "nbCallsTransfIn": sum(visit.transferred for visit in visits),
            "nbCallsServedTooQuickly": sum(visit.ended is not None and visit.talked < QUICK for visit in served),
            "nbCallsInWrapup": sum(seconds > 0 for seconds in wrapped),
        }

    # -- pilots -----------------------------------------------------------------------------------------------------

    def pilot(self, number: str) -> Values:
        """Return the figures of a pilot."""
        visits = [visit for visit in self.visits if visit.pilot == number]
        served = [visit for visit in visits if visit.answered is not None]
        given_up = [visit for visit in visits if visit.outcome == "abandoned"]
        open_calls = [visit for visit in visits if visit.outcome not in ("blocked", "forwarded")]
        waits = [visit.waited or 0.0 for visit in served]
        gave_up_after = [visit.waited or 0.0 for visit in given_up]
        shared: Values = {
            "nbCallsOpen": len(open_calls),
            "nbCallsBlocked": sum(visit.outcome == "blocked" for visit in visits),
            "nbCallsForward": sum(visit.outcome == "forwarded" for visit in visits),
            "nbCallsWOQueuing": sum(not visit.queued for visit in served),
            "nbCallsAfterQueuing": sum(visit.queued for visit in served),
            "nbCallsDissuaded": sum(visit.outcome == "dissuaded" for visit in visits),
            "nbCallsRedirectedOutACDArea": sum(visit.outcome == "overflow" for visit in visits),
            "nbCallsSentToPG": sum(visit.agent is not None for visit in visits),
            "nbAbandons": len(given_up),
            **_sorted("Calls", waits),
            **_sorted("Abandons", gave_up_after),
        }
        averages = {
            **_durations("callProc", [visit.rung + visit.talked + visit.wrapped for visit in served]),
            **_durations("waitServedCalls", waits),
            **_durations("conv", [visit.talked for visit in served]),
            **_durations("holdCalls", [visit.held for visit in served]),
            **_durations("wrapup", [visit.wrapped for visit in served]),
            **_durations("ringing", [visit.rung for visit in served]),
            "longestWaitingDur": text(max([*waits, *gave_up_after], default=0.0)),
        }
        after = {f"d{name}": value for name, value in (shared | averages).items()}
        return {
            **after,
            **shared,
            **averages,
            **_durations("waitAbandonnedCalls", gave_up_after),
            **_durations("waiting", waits),
            "dwaitingADur": text(sum(waits) / len(waits) if waits else 0.0),
            "nbCallsByTransfer": sum(visit.transferred for visit in visits),
            "maxNbSimultCalls": _at_once(visits, self.centre.clock.now()),
            "nbOverflowInQueue": sum(visit.outcome == "overflow" and visit.queued for visit in visits),
            "nbCallsServedByAgent": len(served),
            "nbCallsServedInTime": sum(wait <= IN_TIME for wait in waits),
            "nbCallsServedTooQuick": sum(visit.ended is not None and visit.talked < QUICK for visit in served),
            "nbCallsWithoutTransCode": len(served),
            "nbCallsRedistrib": sum(visit.refused for visit in visits),
            "nbAbandonsOnRinging": sum(visit.rang is not None for visit in given_up),
            "nbAbandonsOn1WaitingVG": sum(visit.rang is None for visit in given_up),
            "dnbAbandonsOnWaitingVG": sum(visit.rang is None for visit in given_up),
            "serviceLevel": service_level(visits),
            "efficiency": efficiency(visits),
            "dserviceLevel": service_level(visits),
            "defficiency": efficiency(visits),
            "defficiency2": efficiency(visits),
            "dnbTotReceivedCalls": len(visits),
            "dnbTotServedCalls": len(served),
            "dnbDirectRoute": sum(not visit.queued for visit in served),
            "dnbIndirectRoute": sum(visit.queued for visit in served),
            "dnbTotCallsRedirected": sum(visit.outcome in ("overflow", "forwarded") for visit in visits),
            "inServiceState": per_cent(len(open_calls), len(visits)),
        }

    def abandoned(self, numbers: Iterable[str]) -> list[tuple[Visit, Values]]:
        """Return the calls that were given up at pilots, oldest first."""
        wanted = set(numbers)
        found: list[tuple[Visit, Values]] = []
        for visit in self.visits:
            if visit.pilot in wanted and visit.outcome == "abandoned":
                ringing = visit.rang is not None
                found.append(
                    (
                        visit,
                        {
                            "waitingTime": int(visit.waited or 0.0),
                            "callerNumber": visit.caller,
                            "abandonedOn1stWaitingVG": int(not ringing),
                            "abandonedOnRinging": int(ringing),
                        },
                    )
                )
        return found


def _sorted(what: str, waits: list[float]) -> Values:
    """Sort waiting times: how many are below each step, of all that are not below an earlier one."""
    found: Values = {}
    former = 0.0
    for index, step in enumerate(STEPS, 1):
        count = sum(former <= wait < step for wait in waits)
        found[f"nb{what}BeforeTS{index}"] = count
        found[f"percent{what}BeforeTS{index}"] = _share(count, len(waits))
        former = step
    count = sum(wait >= former for wait in waits)
    return found | {
        f"nb{what}AfterTS{len(STEPS)}": count,
        f"percent{what}AfterTS{len(STEPS)}": _share(count, len(waits)),
    }


def _at_once(visits: list[Visit], now: float) -> int:
    """Return the most calls that there were at the same time."""
    changes = sorted(
        change
        for visit in visits
        for change in ((visit.began, 1), (visit.ended if visit.ended is not None else now, -1))
    )
    most = count = 0
    for _, change in changes:
        count += change
        most = max(most, count)
    return most
