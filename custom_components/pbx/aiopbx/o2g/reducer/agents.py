"""Agents of the call centre, and the call log: what is told of them."""

from datetime import datetime
from typing import Final

from ...call_log import LogChange
from ...events import AgentChanged, HelpCancelled, HelpRequested, LogChanged
from ...model import AgentSnapshot, LineSnapshot
from ..records import agent_config_of, agent_state_of, record_of
from ..types import comlog
from ..types.agent import (
    AgentConfig,
    AgentState,
    OnAgentStateChanged,
    OnSupervisorHelpCancelled,
    OnSupervisorHelpRequested,
)
from ..types.base import O2gEvent
from .line import Reduced, with_fields


def agent_state_changed(line: LineSnapshot, event: OnAgentStateChanged, now: datetime) -> Reduced:
    """``OnAgentStateChanged``."""
    if event.state is None:
        return line, ()
    return agent_state(line, event.state, now)


def agent_state(line: LineSnapshot, state: AgentState, now: datetime) -> Reduced:
    """Apply what an agent does; the state is whole."""
    return _with_agent(line, agent_state_of(line.agent, state), now)


def agent_config(line: LineSnapshot, config: AgentConfig, now: datetime) -> Reduced:
    """Apply what an agent is."""
    return _with_agent(line, agent_config_of(line.agent, config), now)


def no_agent(line: LineSnapshot, now: datetime) -> Reduced:
    """The line of a user who is no agent any more."""
    return with_fields(line, now, agent=None)


def _with_agent(line: LineSnapshot, agent: AgentSnapshot, now: datetime) -> Reduced:
    after, told = with_fields(line, now, agent=agent)
    if after is line:
        return line, ()
    return after, (AgentChanged(at=now, line=line.id, agent=agent, previous=line.agent), *told)


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
