"""What a line has beside calls: routing, counters, user, agent, call log."""

from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from ...events import AgentChanged, HelpCancelled, HelpRequested, LogChanged
from ...model import AgentSnapshot, Condition, Counters, Device, Forward, LineSnapshot, Overflow, Routing, Target
from ...records import LogChange
from ..records import agent_config_of, agent_state_of, name_of, record_of, with_skills
from ..types import comlog
from ..types.agent import (
    AgentConfig,
    AgentState,
    OnAgentSkillChanged,
    OnAgentStateChanged,
    OnSupervisorHelpCancelled,
    OnSupervisorHelpRequested,
)
from ..types.base import O2gEvent
from ..types.overview import DestinationType
from ..types.routing import Destination, OnRoutingStateChanged, RoutingState
from ..types.telephony import HuntingGroupStatus, OnDynamicStateChanged
from ..types.users import EventSummary, OnEventSummaryUpdated, OnUserInfoChanged, User
from .line import Reduced, with_fields
from .tables import CONDITION


def dynamic_state_changed(line: LineSnapshot, event: OnDynamicStateChanged, now: datetime) -> Reduced:
    """``OnDynamicStateChanged``."""
    if event.hunting_group_state is None:
        return line, ()
    return hunting_group(line, event.hunting_group_state, now)


def hunting_group(line: LineSnapshot, status: HuntingGroupStatus, now: datetime) -> Reduced:
    """Apply whether the user is logged on in the hunting group."""
    if status.logon is None:
        return line, ()
    return with_fields(line, now, hunting_group_logged_on=status.logon)


def routing_changed(line: LineSnapshot, event: OnRoutingStateChanged, now: datetime) -> Reduced:
    """``OnRoutingStateChanged``."""
    if event.routing_state is None:
        return line, ()
    return routing(line, event.routing_state, now)


def routing(line: LineSnapshot, state: RoutingState, now: datetime) -> Reduced:
    """Apply a routing state: it is whole, but for a do-not-disturb and presentation routes that it leaves out."""
    before = line.routing or Routing()
    activate = state.dnd_state.activate if state.dnd_state is not None else None
    after = Routing(
        do_not_disturb=before.do_not_disturb if activate is None else activate,
        forward=_forward(state),
        overflow=_overflow(state),
        remote_extension=_remote_extension(state, before.remote_extension),
    )
    return with_fields(line, now, routing=after)


def _forward(state: RoutingState) -> Forward | None:
    """The first forward route that leads anywhere; an immediate one has no type."""
    for route in state.forward_routes:
        if route.destinations:
            kind = route.forward_type
            condition = Condition.IMMEDIATE if kind is None else CONDITION.get(kind, Condition.UNKNOWN)
            target, number = _goal(route.destinations[0])
            return Forward(condition=condition, target=target, number=number)
    return None


def _overflow(state: RoutingState) -> Overflow | None:
    """The first overflow route that leads anywhere."""
    for route in state.overflow_routes:
        if route.destinations:
            kind = route.overflow_type
            condition = Condition.UNKNOWN if kind is None else CONDITION.get(kind, Condition.UNKNOWN)
            target, number = _goal(route.destinations[0])
            return Overflow(condition=condition, target=target, number=number)
    return None


def _remote_extension(state: RoutingState, before: bool | None) -> bool | None:
    """Whether the remote extension rings too; None where there is none, as before where the server lists no routes."""
    if not state.presentation_routes:
        return before
    remote = None
    for route in state.presentation_routes:
        for destination in route.destinations:
            if destination.type == DestinationType.MOBILE:
                remote = bool(destination.selected)
    return remote


def _goal(destination: Destination) -> tuple[Target, str | None]:
    kind = destination.type
    number = destination.number or None
    if kind == DestinationType.VOICEMAIL:
        return Target.VOICEMAIL, number
    if kind == DestinationType.ASSOCIATE:
        return Target.ASSOCIATE, number
    return (Target.NUMBER if number is not None else Target.UNKNOWN), number


def summary_updated(line: LineSnapshot, event: OnEventSummaryUpdated, now: datetime) -> Reduced:
    """``OnEventSummaryUpdated``."""
    if event.event_summary is None:
        return line, ()
    return counters(line, event.event_summary, now)


def counters(line: LineSnapshot, summary: EventSummary, now: datetime) -> Reduced:
    """Apply counters. One that is absent is not known anew: the last known value stays."""
    before = line.counters

    def newest(data: int | None, known: int | None) -> int | None:
        return known if data is None else data

    waiting = summary.event_waiting
    after = Counters(
        missed_calls=newest(summary.missed_calls_nb, before.missed_calls),
        voicemails=newest(summary.voice_messages_nb, before.voicemails),
        callback_requests=newest(summary.call_back_requests_nb, before.callback_requests),
        faxes=newest(summary.fax_nb, before.faxes),
        new_texts=newest(summary.new_text_nb, before.new_texts),
        old_texts=newest(summary.old_text_nb, before.old_texts),
        waiting=before.waiting if waiting is None else waiting,
    )
    return with_fields(line, now, counters=after)


def user_info_changed(line: LineSnapshot, event: OnUserInfoChanged, now: datetime) -> Reduced:
    """``OnUserInfoChanged``."""
    if event.user is None:
        return line, ()
    return user(line, event.user, now)


def user(line: LineSnapshot, data: User, now: datetime) -> Reduced:
    """Apply what a user is: number, name, telephones, voicemail, node. A telephone that stays keeps its state."""
    changes: dict[str, Any] = {"voicemail_number": data.voicemail.number if data.voicemail is not None else None}
    if data.company_phone:
        changes["number"] = data.company_phone
    name = name_of(data.first_name, data.last_name, None)
    if name:
        changes["name"] = name
    if data.node_id is not None:
        changes["node"] = data.node_id
    if data.e_mail_address is not None:
        changes["email"] = data.e_mail_address
    if data.external_login is not None:
        changes["external_login"] = data.external_login
    if data.devices:
        known = {device.id: device for device in line.devices}
        devices = tuple(
            replace(
                known.get(device.id) or Device(id=device.id),
                kind=str(device.type.value) if device.type is not None else "",
                sub_kind=device.sub_type or "",
            )
            for device in data.devices
            if device.id
        )
        if devices != line.devices:
            changes["devices"] = devices
    return with_fields(line, now, **changes)


def agent_state_changed(line: LineSnapshot, event: OnAgentStateChanged, now: datetime) -> Reduced:
    """``OnAgentStateChanged``."""
    if event.state is None:
        return line, ()
    return agent_state(line, event.state, now)


def agent_state(line: LineSnapshot, state: AgentState, now: datetime) -> Reduced:
    """Apply what an agent does; the state is whole."""
    return _with_agent(line, agent_state_of(line.agent, state), now)


def agent_skill_changed(line: LineSnapshot, event: OnAgentSkillChanged, now: datetime) -> Reduced:
    """``OnAgentSkillChanged``: some skills as they are now; the others stay, and what an event leaves out."""
    if event.skills is None:
        return line, ()
    return _with_agent(line, with_skills(line.agent, event.skills.skills), now)


def agent_config(line: LineSnapshot, config: AgentConfig, now: datetime) -> Reduced:
    """Apply what an agent is."""
    return _with_agent(line, agent_config_of(line.agent, config), now)


def no_agent(line: LineSnapshot, now: datetime) -> Reduced:
    """The line of a user who is no agent any more."""
    return with_fields(line, now, agent=None)


def _with_agent(line: LineSnapshot, agent: AgentSnapshot, now: datetime) -> Reduced:
    after, data = with_fields(line, now, agent=agent)
    if after is line:
        return line, ()
    return after, (AgentChanged(at=now, line=line.id, agent=agent, previous=line.agent), *data)


def help_requested(line: LineSnapshot, event: OnSupervisorHelpRequested, now: datetime) -> Reduced:
    """``OnSupervisorHelpRequested``."""
    return line, (HelpRequested(at=now, line=line.id, number=event.agent_number),)


def help_cancelled(line: LineSnapshot, event: OnSupervisorHelpCancelled, now: datetime) -> Reduced:
    """``OnSupervisorHelpCancelled``."""
    return line, (HelpCancelled(at=now, line=line.id, number=event.agent_number),)


def logged(line: LineSnapshot, event: comlog.OnComRecordCreated | comlog.OnComRecordModified, now: datetime) -> Reduced:
    """``OnComRecordCreated`` and ``OnComRecordModified``."""
    record = record_of(line, event.record) if event.record is not None else None
    if record is None:
        return line, ()
    change = LogChange.ADDED if isinstance(event, comlog.OnComRecordCreated) else LogChange.CHANGED
    return line, (LogChanged(at=now, line=line.id, change=change, ids=(record.id,), record=record),)


_LOG_CHANGES: Final[dict[type[O2gEvent], LogChange]] = {
    comlog.OnComRecordsAck: LogChange.ACKNOWLEDGED,
    comlog.OnComRecordsUnAck: LogChange.UNACKNOWLEDGED,
    comlog.OnComRecordsDeleted: LogChange.DELETED,
}


def log_marked(
    line: LineSnapshot,
    event: comlog.OnComRecordsAck | comlog.OnComRecordsUnAck | comlog.OnComRecordsDeleted,
    now: datetime,
) -> Reduced:
    """``OnComRecordsAck``, ``OnComRecordsUnAck`` and ``OnComRecordsDeleted``."""
    return line, (LogChanged(at=now, line=line.id, change=_LOG_CHANGES[type(event)], ids=event.record_ids),)
