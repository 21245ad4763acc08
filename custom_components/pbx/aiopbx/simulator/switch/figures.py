"""The call centre in figures: agents, pilots, queues and groups as they are now. Names are those of the figures."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from math import floor
from typing import TYPE_CHECKING, Final

from .agents import OUT_OF_PG, PAUSE, WITHDRAW, WRAPUP, Agent, Pilot
from .calls import DIALING, EXTERNAL, HELD, RELEASING, RINGING_INCOMING, RINGING_OUTGOING
from .journal import Visit
from .users import IN_SERVICE, User

if TYPE_CHECKING:
    from .centre import CallCentre

Figures = dict[str, object]
Table = dict[str, Figures]
"""By number of the object."""

IN_TIME: Final = 20.0
"""Seconds within which a call should be answered: what the service level counts."""
TRAFFIC: Final = 60.0
"""Seconds that traffic is counted over."""


def iso(moment: datetime) -> str:
    """Return a date and time as real time has them, without a zone."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def per_cent(part: float, whole: float) -> int:
    """Return a share; of nothing it is the whole."""
    return 100 if not whole else floor(100 * part / whole)


# -- agents -----------------------------------------------------------------------------------------------------


def agents(centre: "CallCentre") -> Table:
    """Return the figures of every agent."""
    return {user.number: _agent(centre, user, user.agent) for user in _staff(centre) if user.agent is not None}


def _staff(centre: "CallCentre") -> list[User]:
    return [user for user in centre.users.values() if user.agent is not None]


def _agent(centre: "CallCentre", user: User, agent: Agent) -> Figures:
    tally = centre.journal.tally(user.login)
    span = centre.journal.span(user.login)
    pilot = next((call.acd.pilot for call in centre.calls_of(user.login) if call.acd is not None), None)
    group = centre.processing_groups.get(agent.group or "")
    since = iso(span.since) if span is not None else None
    found: Figures = {
        "ServiceState": _service_state(agent),
        "ServiceStateDate": since,
        "PhoneState": phone_state(centre, user, agent),
        "PhoneStateDate": since,
        "AssociatedSet": agent.device,
        "CurrentPG": (group.name or group.number) if group is not None else None,
        "WithdrawReason": agent.reason if agent.status == WITHDRAW else None,
        "PilotName": (centre.pilots[pilot].name or pilot) if pilot in centre.pilots else None,
        "QueueName": (centre.pilots[pilot].name or pilot) if pilot in centre.pilots else None,
    }
    if tally is not None:
        found |= {
            "LogonDate": iso(tally.logon),
            "NbOfServedACDCalls": tally.served,
            "NbOfRefusedACDCalls": tally.refused,
            "NbOfTransferredACDCalls": tally.transferred,
            "NbOfOutgoingACDCalls": 0,  # the switch dials for no campaign
            "NbOfInterceptedACDCalls": tally.intercepted,
            "NBOfPrivateCalls": tally.private,
            "PrivateCallsTotalDuration": int(tally.private_time),
            "NbOfWithdrawals": tally.withdrawals,
            "WithdrawalsTotalDuration": int(tally.withdrawn_time),
        }
    return found


def _service_state(agent: Agent) -> str:
    if not agent.logged_on:
        return "LoggedOut"
    if agent.status == OUT_OF_PG or agent.group is None:
        return "LoggedIn"
    return "Withdrawn" if agent.status == WITHDRAW else "Assigned"


def phone_state(centre: "CallCentre", user: User, agent: Agent) -> str:
    """Return what the set of an agent does."""
    if not agent.logged_on:
        return "LoggedOut"
    device = user.devices.get(agent.device or "")
    if device is None or device.state != IN_SERVICE:
        return "OutOfOrder"
    in_call = _in_calls(centre, user)
    if in_call is not None:
        return in_call
    if device.off_hook:
        return "LineLockout"
    return {PAUSE: "Pause", WRAPUP: "WrapUp", WITHDRAW: "Unavailable"}.get(agent.status, "Idle")


def _in_calls(centre: "CallCentre", user: User) -> str | None:
    """Return what the newest call that is not on hold makes of the set."""
    members = [(call, call.user(user.login)) for call in centre.calls_of(user.login)]
    found = [(call, member) for call, member in members if member is not None]
    if not found:
        return None
    call, member = next((one for one in reversed(found) if one[1].state != HELD), found[-1])
    acd = any(other.distributed is not None for _, other in found)
    if member.intrudes is not None:
        return "SupervisorDiscreteListening"
    if member.state == HELD:
        return "Held"
    if member.state == RELEASING:
        return "BusyTone"
    if member.state in (DIALING, RINGING_OUTGOING):
        return "AcdConsultation" if acd and len(found) > 1 else "Dialing"
    if member.state == RINGING_INCOMING:
        return "AcdRinging" if member.distributed is not None else "PrivateRinging"
    if len(found) > 1:
        return "AcdConsultation" if acd else "PrivateConsultation"
    if call.conference:
        return "AcdConference" if acd else "PrivateConference"
    if acd:
        return "AcdConversation"
    outside = any(other.identity.kind == EXTERNAL for other in call.others(member))
    return "PrivateExternalConversation" if outside else "PrivateLocalConversation"


# -- pilots and queues ------------------------------------------------------------------------------------------


def _by_pilot(centre: "CallCentre", minutes: int) -> dict[str, list[Visit]]:
    found: dict[str, list[Visit]] = defaultdict(list)
    for visit in centre.journal.recent(minutes * 60):
        found[visit.pilot].append(visit)
    return found


def _lately(centre: "CallCentre", moments: list[float | None]) -> int:
    """Count moments of the last minute."""
    now = centre.clock.now()
    return sum(moment is not None and now - moment < TRAFFIC for moment in moments)


def service_level(visits: list[Visit]) -> int:
    """Return how many of the calls that are answered were so in time, per cent."""
    answered = [visit for visit in visits if visit.answered is not None]
    return per_cent(sum((visit.waited or 0.0) <= IN_TIME for visit in answered), len(answered))


def efficiency(visits: list[Visit]) -> int:
    """Return how many of the calls that no longer wait were answered, per cent."""
    decided = [visit for visit in visits if visit.outcome not in ("waiting", "ringing")]
    return per_cent(sum(visit.answered is not None for visit in decided), len(decided))


def _state(pilot: Pilot) -> str:
    return "Blocked" if pilot.blocked else "Opened"


def pilots(centre: "CallCentre", minutes: int) -> Table:
    """Return the figures of every pilot; levels and averages are over the last minutes."""
    visits = _by_pilot(centre, minutes)
    return {number: _pilot(centre, pilot, visits[number]) for number, pilot in centre.pilots.items()}


def _pilot(centre: "CallCentre", pilot: Pilot, visits: list[Visit]) -> Figures:
    present = centre.journal.open(pilot.number)
    waits = [visit.waited for visit in visits if visit.answered is not None and visit.waited is not None]
    return {
        "State": _state(pilot),
        "ServiceLevel": service_level(visits),
        "Efficiency": efficiency(visits),
        "NbOfWaitingCalls": sum(visit.outcome == "waiting" for visit in present),
        "NbOfRingingACDCalls": sum(visit.outcome == "ringing" for visit in present),
        "NbOfCallsInConversation": sum(visit.outcome == "served" for visit in present),
        "NbOfRunningCalls": len(present),
        "NbOfMutualAidCalls": 0,  # pilots here do not help each other
        "NbOfCallsInRemotePG": 0,
        "NbOfDissuadedCalls": sum(visit.outcome in ("dissuaded", "blocked") for visit in visits),
        "NbOfCallsInGeneralForwarding": sum(
            visit.outcome == "forwarded" and visit.ref in centre.calls for visit in visits
        ),
        "AverageWaitingTime": int(sum(waits) / len(waits)) if waits else 0,
        "IncomingTraffic": _lately(centre, [visit.began for visit in visits]),
    }


def queues(centre: "CallCentre", minutes: int) -> Table:
    """Return the figures of every queue. Each pilot has one of its own number."""
    visits = _by_pilot(centre, minutes)
    return {number: _queue(centre, pilot, visits[number]) for number, pilot in centre.pilots.items()}


def _queue(centre: "CallCentre", pilot: Pilot, visits: list[Visit]) -> Figures:
    now = centre.clock.now()
    waiting = [visit for visit in centre.journal.open(pilot.number) if visit.outcome == "waiting"]
    longest = int(max((now - visit.began for visit in waiting), default=0.0))
    queued = [visit for visit in visits if visit.queued]
    in_distribution = sum(
        user.agent is not None and user.agent.logged_on and user.agent.group in pilot.groups
        for user in _staff(centre)
        if user.agent is not None and user.agent.status != WITHDRAW
    )
    return {
        "State": _state(pilot),
        "NbOfAgentsInDistribution": in_distribution,
        "IncomingTraffic": _lately(centre, [visit.began for visit in queued]),
        "OutgoingTraffic": _lately(centre, [visit.rang or visit.ended for visit in queued]),
        "NbOfWaitingCalls": len(waiting),
        "CurrentWaitingTime": longest,
        "ExpectedWaitingTime": centre.expected_wait(pilot.number),
        "FillingRate": min(100, per_cent(len(waiting), pilot.queue_size)),
        "LongestWaitingTimeInList": longest,
    }


# -- groups -----------------------------------------------------------------------------------------------------


def groups(centre: "CallCentre", minutes: int) -> Table:
    """Return the figures of every processing group with agents."""
    visits = _by_pilot(centre, minutes)
    by_group: dict[str, list[tuple[User, Agent]]] = defaultdict(list)
    for user in _staff(centre):
        if user.agent is not None and user.agent.logged_on and user.agent.group is not None:
            by_group[user.agent.group].append((user, user.agent))
    return {number: _group(centre, number, by_group[number], visits) for number in centre.processing_groups}


def _group(
    centre: "CallCentre", number: str, members: list[tuple[User, Agent]], visits: Mapping[str, list[Visit]]
) -> Figures:
    states = [phone_state(centre, user, agent) for user, agent in members]
    mine = [pilot for pilot in centre.pilots.values() if number in pilot.groups]
    calls = [visit for pilot in mine for visit in visits.get(pilot.number, ())]
    waiting = [visit for pilot in mine for visit in centre.journal.open(pilot.number) if visit.outcome == "waiting"]
    now = centre.clock.now()

    def of(*names: str) -> int:
        return sum(state in names for state in states)

    withdrawn = sum(agent.status == WITHDRAW for _, agent in members)
    conversation = of("AcdConversation", "AcdConsultation", "AcdConference", "Held")
    ringing = of("AcdRinging")
    private = sum(state.startswith("Private") or state == "Dialing" for state in states)
    after = of("WrapUp", "TransactionOnDial")
    idle = sum(state == "Idle" and agent.status != WITHDRAW for state, (_, agent) in zip(states, members, strict=True))
    return {
        "State": "Opened" if members else "Closed",
        "NbOfWithdrawnAgents": withdrawn,
        "NbOfAgentsInPrivateCall": private,
        "NbOfAgentsInACDCall": conversation + ringing,
        "NbOfAgentsInACDRinging": ringing,
        "NbOfAgentsInACDConv": conversation,
        "NbOfAgentsInWrapupAndTransaction": after,
        "NbOfAgentsInPause": of("Pause"),
        "NbOfBusyAgents": len(members) - idle - withdrawn,
        "NbOfLoggedOnAgents": len(members),
        "NbOfFreeAgents": idle,
        "NbOfIdleAgents": idle,
        "NbOfLoggedOnAndNotWithdrawnAgents": len(members) - withdrawn,
        "ConsolidatedQueuesWaitingTime": int(max((now - visit.began for visit in waiting), default=0.0)),
        "ConsolidatedQueuesNbOfWaitingCalls": len(waiting),
        "ConsolidatedQueuesEWT": max((centre.expected_wait(pilot.number) for pilot in mine), default=0),
        "ServiceLevel": service_level(calls),
        "Efficiency": efficiency(calls),
        "IncomingTraffic": _lately(centre, [visit.began for visit in calls]),
    }


def elsewhere(centre: "CallCentre") -> dict[str, str]:
    """Return the other groups: the numbers that pilots forward or overflow to, and their names."""
    found: dict[str, str] = {}
    for pilot in centre.pilots.values():
        for number in (pilot.forward, pilot.overflow):
            if number is not None and number not in centre.pilots:
                identity = centre.who(number)
                name = f"{identity.first_name} {identity.last_name}".strip()
                found.setdefault(number, name or number)
    return found


def others(centre: "CallCentre", minutes: int) -> Table:
    """Return the figures of every other group."""
    found: dict[str, list[Visit]] = defaultdict(list)
    for visit in centre.journal.recent(minutes * 60):
        if visit.destination is not None:
            found[visit.destination].append(visit)
    return {
        number: {
            "State": "Opened" if centre.known(number) else "Closed",
            "NbOfACDCalls": sum(visit.ref in centre.calls for visit in found[number]),
            "IncomingTraffic": _lately(centre, [visit.ended for visit in found[number]]),
        }
        for number in elsewhere(centre)
    }


TABLES: Final[dict[str, Callable[["CallCentre", int], Table]]] = {
    "agent": lambda centre, minutes: agents(centre),
    "pilot": pilots,
    "queue": queues,
    "group": groups,
    "other": others,
}
"""What there are figures of. Calls them with the period in minutes."""
